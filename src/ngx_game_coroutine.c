
/*
 * Copyright (C) ngx_game authors
 *
 * The functions of `coroutine` that LuaJIT's can't stand for (Lua 5.1
 * reference manual, 5.2): those that use the C stack, and the one that would
 * show a handler's own coroutine to the script.
 */


#include "ngx_game.h"
#include "ngx_game_coroutine.h"
#include "ngx_game_vm.h"

#include <lauxlib.h>


static int ngx_game_coroutine_resume(lua_State *L);
static int ngx_game_coroutine_wrap(lua_State *L);
static int ngx_game_coroutine_wrapped(lua_State *L);
static int ngx_game_coroutine_running(lua_State *L);
static int ngx_game_coroutine_run(lua_State *L, lua_State *co, int n);
static const char *ngx_game_coroutine_refusal(lua_State *L, lua_State *co);


void
ngx_game_coroutine_open(lua_State *L)
{
    lua_pushcfunction(L, ngx_game_coroutine_resume);
    lua_setfield(L, -2, "resume");

    lua_pushcfunction(L, ngx_game_coroutine_wrap);
    lua_setfield(L, -2, "wrap");

    lua_pushcfunction(L, ngx_game_coroutine_running);
    lua_setfield(L, -2, "running");
}


static int
ngx_game_coroutine_resume(lua_State *L)
{
    int         n;
    lua_State  *co;

    co = lua_tothread(L, 1);
    luaL_argcheck(L, co, 1, "coroutine expected");

    n = ngx_game_coroutine_run(L, co, lua_gettop(L) - 1);

    lua_pushboolean(L, n >= 0);

    if (n < 0) {
        lua_insert(L, -2);
        return 2;
    }

    lua_insert(L, -(n + 1));

    return n + 1;
}


static int
ngx_game_coroutine_wrap(lua_State *L)
{
    lua_State  *co;

    luaL_checktype(L, 1, LUA_TFUNCTION);

    co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);

    lua_pushcclosure(L, ngx_game_coroutine_wrapped, 1);

    return 1;
}


/* upvalue: the coroutine */
static int
ngx_game_coroutine_wrapped(lua_State *L)
{
    int  n;

    n = ngx_game_coroutine_run(L, lua_tothread(L, lua_upvalueindex(1)),
                               lua_gettop(L));

    return n < 0 ? lua_error(L) : n;
}


/*
 * Not the coroutine that a handler runs in: who could resume that one would
 * mix up the calls.  nil, as in a main program.
 */
static int
ngx_game_coroutine_running(lua_State *L)
{
    if (lua_pushthread(L) || ngx_game_vm_get(L)->handler == L) {
        lua_pushnil(L);
    }

    return 1;
}


/* resumes with the n values on top of the stack.  How many results are there
 * instead, or -1: an error is */
static int
ngx_game_coroutine_run(lua_State *L, lua_State *co, int n)
{
    int          rc;
    const char  *refusal;

    ngx_game_vm_check_stack(L);

    refusal = ngx_game_coroutine_refusal(L, co);

    if (refusal == NULL && !lua_checkstack(co, n)) {
        refusal = "too many arguments to resume";
    }

    if (refusal) {
        lua_pushstring(L, refusal);
        return -1;
    }

    lua_xmove(L, co, n);

    rc = lua_resume(co, n);

    if (rc != 0 && rc != LUA_YIELD) {
        lua_xmove(co, L, 1);
        return -1;
    }

    n = lua_gettop(co);

    if (!lua_checkstack(L, n + 1)) {
        lua_pop(co, n);
        lua_pushliteral(L, "too many results to resume");
        return -1;
    }

    lua_xmove(co, L, n);

    return n;
}


/* NULL: it is new or has yielded.  lua_resume() would spoil the stack of one
 * that runs */
static const char *
ngx_game_coroutine_refusal(lua_State *L, lua_State *co)
{
    lua_Debug  ar;

    if (lua_status(co) == LUA_YIELD) {
        return NULL;
    }

    if (lua_status(co) == 0) {

        if (co == L || lua_getstack(co, 0, &ar)) {
            return "cannot resume non-suspended coroutine";
        }

        if (lua_gettop(co) != 0) {
            return NULL;
        }
    }

    return "cannot resume dead coroutine";
}
