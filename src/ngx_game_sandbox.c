
/*
 * Copyright (C) ngx_game authors
 *
 * The sandbox.  An environment is filled from lists of names, so that what a
 * later LuaJIT adds to a library stays out.  The few functions that need care
 * are written in C here, or in Lua in `ngx_game_sandbox_lua`, where they can
 * be compiled, interrupted, and yield.
 *
 * Left out, and why: io, os.execute and the like, package, dofile, loadfile,
 * ffi (the system); debug, setfenv, getfenv (other games' tables); load of
 * bytecode, string.dump (bytecode is not checked by LuaJIT); newproxy (a
 * finalizer can't be interrupted); collectgarbage, jit (the worker's matter).
 */


#include "ngx_game.h"
#include "ngx_game_sandbox.h"
#include "ngx_game_coroutine.h"
#include "ngx_game_pattern.h"
#include "ngx_game_source.h"
#include "ngx_game_vm.h"

#include <lauxlib.h>
#include <lualib.h>


static void ngx_game_sandbox_copy(lua_State *L, const char *const *names);
static void ngx_game_sandbox_library(lua_State *L, const char *name,
    const char *const *names);
static void ngx_game_sandbox_string(lua_State *L);
static void ngx_game_sandbox_math(lua_State *L);
static void ngx_game_sandbox_functions(lua_State *L, ngx_game_game_t *game);
static void ngx_game_sandbox_lua_functions(lua_State *L);
static void ngx_game_sandbox_push_proxy(lua_State *L, int depth);
static int ngx_game_sandbox_read_only(lua_State *L);
static int ngx_game_sandbox_print(lua_State *L);
static int ngx_game_sandbox_load(lua_State *L);
static int ngx_game_sandbox_require(lua_State *L);
static int ngx_game_sandbox_load_module(lua_State *L, ngx_str_t *name);


static const char *const  ngx_game_sandbox_base[] = {
    "assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall",
    "rawequal", "rawget", "rawlen", "rawset", "select", "setmetatable",
    "tonumber", "tostring", "type", "unpack", "_VERSION", NULL
};

static const char *const  ngx_game_sandbox_strings[] = {
    "byte", "char", "format", "len", "lower", "rep", "reverse", "sub",
    "upper", NULL
};

static const char *const  ngx_game_sandbox_tables[] = {
    "concat", "foreach", "foreachi", "getn", "insert", "maxn", "move", "pack",
    "remove", "sort", "unpack", NULL
};

static const char *const  ngx_game_sandbox_maths[] = {
    "abs", "acos", "asin", "atan", "atan2", "ceil", "cos", "cosh", "deg",
    "exp", "floor", "fmod", "frexp", "huge", "ldexp", "log", "log10", "max",
    "min", "mod", "modf", "pi", "pow", "rad", "random", "randomseed", "sin",
    "sinh", "sqrt", "tan", "tanh", NULL
};

static const char *const  ngx_game_sandbox_bits[] = {
    "arshift", "band", "bnot", "bor", "bswap", "bxor", "lshift", "rol", "ror",
    "rshift", "tobit", "tohex", NULL
};

static const char *const  ngx_game_sandbox_coroutines[] = {
    "create", "isyieldable", "status", "yield", NULL
};

static const char *const  ngx_game_sandbox_os[] = {
    "clock", "date", "difftime", "time", NULL
};


/*
 * xpcall: LuaJIT's own runs the handler where it can't be interrupted.
 * rawset: proxies are tables, and they are shared.
 * load: a chunk of text, that sees the game's environment.
 */
static const char  ngx_game_sandbox_lua[] =
    "local env, load_text, rep_max = ...\n"
    "local pcall, type, error = env.pcall, env.type, env.error\n"
    "local rawset, getmetatable = env.rawset, env.getmetatable\n"
    "local tostring = env.tostring\n"
    "local rep, concat = env.string.rep, env.table.concat\n"
    "\n"
    "local function handled(handler, ok, ...)\n"
    "    if ok then\n"
    "        return true, ...\n"
    "    end\n"
    "    local _, message = pcall(handler, ...)\n"
    "    return false, message\n"
    "end\n"
    "\n"
    "function env.xpcall(f, handler, ...)\n"
    "    return handled(handler, pcall(f, ...))\n"
    "end\n"
    "\n"
    "function env.rawset(t, key, value)\n"
    "    if getmetatable(t) == \"read-only\" then\n"
    "        error(\"attempt to change a read-only table\", 2)\n"
    "    end\n"
    "    return rawset(t, key, value)\n"
    "end\n"
    "\n"
    "function env.load(chunk, name, mode, e)\n"
    "    if type(chunk) == \"function\" then\n"
    "        local parts = {}\n"
    "        for part in chunk do\n"
    "            if part == \"\" then break end\n"
    "            parts[#parts + 1] = part\n"
    "        end\n"
    "        chunk = concat(parts)\n"
    "        name = name or \"=(load)\"\n"
    "    end\n"
    "    return load_text(chunk, name, e)\n"
    "end\n"
    "\n"
    "function env.loadstring(text, name)\n"
    "    return load_text(text, name)\n"
    "end\n"
    "\n"
    "function env.string.rep(s, n, separator)\n"
    "    s = type(s) == \"number\" and tostring(s) or s\n"
    "    if #s * n + (separator and #separator * n or 0) > rep_max then\n"
    "        error(\"resulting string too large\", 2)\n"
    "    end\n"
    "    return rep(s, n, separator)\n"
    "end\n";


/* keys of the registry: of the table `game`, and of what require() reads */
static char  ngx_game_sandbox_game_key;
static char  ngx_game_sandbox_sources_key;

/* stands for a module that is being loaded */
static char  ngx_game_sandbox_loading;


void
ngx_game_sandbox_open(lua_State *L, void *sources)
{
    lua_pushlightuserdata(L, &ngx_game_sandbox_game_key);
    lua_insert(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);

    lua_pushlightuserdata(L, &ngx_game_sandbox_sources_key);
    lua_pushlightuserdata(L, sources);
    lua_rawset(L, LUA_REGISTRYINDEX);

    /*
     * Methods of strings: the table of an environment that no game has.  No
     * script can get at it: a string is indexed, never enumerated.
     */
    lua_newtable(L);
    ngx_game_sandbox_copy(L, ngx_game_sandbox_base);
    ngx_game_sandbox_library(L, "table", ngx_game_sandbox_tables);
    ngx_game_sandbox_string(L);
    ngx_game_sandbox_lua_functions(L);
    lua_getfield(L, -1, "string");

    lua_pushliteral(L, "");
    (void) lua_getmetatable(L, -1);

    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");

    lua_pop(L, 4);
}


void
ngx_game_sandbox_push_env(lua_State *L, ngx_game_game_t *game)
{
    lua_newtable(L);

    ngx_game_sandbox_copy(L, ngx_game_sandbox_base);
    ngx_game_sandbox_library(L, "table", ngx_game_sandbox_tables);
    ngx_game_sandbox_library(L, "bit", ngx_game_sandbox_bits);
    ngx_game_sandbox_library(L, "coroutine", ngx_game_sandbox_coroutines);
    ngx_game_sandbox_library(L, "os", ngx_game_sandbox_os);
    ngx_game_sandbox_math(L);
    ngx_game_sandbox_string(L);
    ngx_game_sandbox_functions(L, game);
    ngx_game_sandbox_lua_functions(L);

    lua_pushlightuserdata(L, &ngx_game_sandbox_game_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    ngx_game_sandbox_push_proxy(L, 0);
    lua_setfield(L, -3, "game");
    lua_pop(L, 1);

    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "_G");
}


/* copies what there is of the names from the VM's globals */
static void
ngx_game_sandbox_copy(lua_State *L, const char *const *names)
{
    while (*names) {
        lua_getfield(L, LUA_GLOBALSINDEX, *names);
        lua_setfield(L, -2, *names);
        names++;
    }
}


/* env.name = a copy of the library with these functions */
static void
ngx_game_sandbox_library(lua_State *L, const char *name,
    const char *const *names)
{
    lua_newtable(L);
    lua_getfield(L, LUA_GLOBALSINDEX, name);

    while (*names) {
        lua_getfield(L, -1, *names);
        lua_setfield(L, -3, *names);
        names++;
    }

    lua_pop(L, 1);
    lua_setfield(L, -2, name);
}


static void
ngx_game_sandbox_string(lua_State *L)
{
    ngx_game_sandbox_library(L, "string", ngx_game_sandbox_strings);

    lua_getfield(L, -1, "string");
    ngx_game_pattern_open(L);
    lua_pop(L, 1);
}


/* a library of its own, since random() and randomseed() have a state */
static void
ngx_game_sandbox_math(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
    lua_pushnil(L);
    lua_setfield(L, -2, "math");
    lua_pop(L, 1);

    lua_pushnil(L);
    lua_setfield(L, LUA_GLOBALSINDEX, "math");

    lua_pushcfunction(L, luaopen_math);
    lua_pushliteral(L, "math");
    lua_call(L, 1, 0);

    ngx_game_sandbox_library(L, "math", ngx_game_sandbox_maths);

    lua_getfield(L, -1, "math");
    lua_getfield(L, -1, "randomseed");
    lua_pushnumber(L, (lua_Number) ngx_random());
    lua_call(L, 1, 0);
    lua_pop(L, 1);
}


static void
ngx_game_sandbox_functions(lua_State *L, ngx_game_game_t *game)
{
    lua_pushlstring(L, (char *) game->name.data, game->name.len);
    lua_pushcclosure(L, ngx_game_sandbox_print, 1);
    lua_setfield(L, -2, "print");

    /* modules: an upvalue that no script sees */
    lua_pushvalue(L, -1);
    lua_newtable(L);
    lua_pushcclosure(L, ngx_game_sandbox_require, 2);
    lua_setfield(L, -2, "require");

    lua_getfield(L, -1, "coroutine");
    ngx_game_coroutine_open(L);
    lua_pop(L, 1);
}


static void
ngx_game_sandbox_lua_functions(lua_State *L)
{
    if (luaL_loadbuffer(L, ngx_game_sandbox_lua,
                        sizeof(ngx_game_sandbox_lua) - 1, "=[sandbox]")
        != 0)
    {
        (void) lua_error(L);
    }

    lua_pushvalue(L, -2);
    lua_pushvalue(L, -3);
    lua_pushcclosure(L, ngx_game_sandbox_load, 1);
    lua_pushinteger(L, NGX_GAME_SANDBOX_REP_MAX);
    lua_call(L, 3, 0);
}


/*
 * Pushes a proxy of the table on top: what it has can be read, also in the
 * tables within, and nothing can be set.
 */
static void
ngx_game_sandbox_push_proxy(lua_State *L, int depth)
{
    int  table;

    luaL_checkstack(L, 8, "table too deep");

    table = lua_gettop(L);

    lua_newtable(L);                      /* the proxy */
    lua_createtable(L, 0, 3);             /* its metatable */
    lua_newtable(L);                      /* a copy for __index */

    lua_pushnil(L);

    while (lua_next(L, table)) {

        if (lua_istable(L, -1) && depth < 4) {
            ngx_game_sandbox_push_proxy(L, depth + 1);
            lua_replace(L, -2);
        }

        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -4);
    }

    lua_setfield(L, -2, "__index");

    lua_pushcfunction(L, ngx_game_sandbox_read_only);
    lua_setfield(L, -2, "__newindex");

    lua_pushliteral(L, "read-only");
    lua_setfield(L, -2, "__metatable");

    (void) lua_setmetatable(L, -2);
}


static int
ngx_game_sandbox_read_only(lua_State *L)
{
    return luaL_error(L, "attempt to change a read-only table");
}


/* upvalue: the game's name */
static int
ngx_game_sandbox_print(lua_State *L)
{
    int          i, n;
    u_char      *p, *last;
    u_char       line[NGX_MAX_ERROR_STR];
    size_t       len;
    const char  *text;

    ngx_game_vm_check_stack(L);

    p = line;
    last = line + sizeof(line);
    n = lua_gettop(L);

    for (i = 1; i <= n && p < last; i++) {

        lua_getfield(L, LUA_GLOBALSINDEX, "tostring");
        lua_pushvalue(L, i);
        lua_call(L, 1, 1);

        text = lua_tolstring(L, -1, &len);
        if (text == NULL) {
            return luaL_error(L, "\"tostring\" must return a string");
        }

        p = ngx_snprintf(p, last - p, i > 1 ? " %*s" : "%*s", len, text);
        lua_pop(L, 1);
    }

    ngx_game_vm_printable(line, p - line);

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0, "game \"%s\": %*s",
                  lua_tostring(L, lua_upvalueindex(1)),
                  (size_t) (p - line), line);

    return 0;
}


/* (text, name, env): upvalue: the game's environment */
static int
ngx_game_sandbox_load(lua_State *L)
{
    size_t       len;
    const char  *text, *name;

    text = luaL_checklstring(L, 1, &len);
    name = luaL_optstring(L, 2, text);

    if (luaL_loadbufferx(L, text, len, name, "t") != 0) {
        lua_pushnil(L);
        lua_insert(L, -2);
        return 2;
    }

    lua_pushvalue(L, lua_istable(L, 3) ? 3 : lua_upvalueindex(1));
    (void) lua_setfenv(L, -2);

    return 1;
}


/* upvalues: the game's environment, and its modules by name */
static int
ngx_game_sandbox_require(lua_State *L)
{
    int        rc;
    ngx_str_t  name;

    ngx_game_vm_check_stack(L);

    name.data = (u_char *) luaL_checklstring(L, 1, &name.len);
    lua_settop(L, 1);

    lua_pushvalue(L, 1);
    lua_rawget(L, lua_upvalueindex(2));

    if (lua_touserdata(L, -1) == &ngx_game_sandbox_loading) {
        return luaL_error(L, "module \"%s\" is required while it is loaded",
                          name.data);
    }

    if (!lua_isnil(L, -1)) {
        return 1;
    }

    lua_pushvalue(L, 1);
    lua_pushlightuserdata(L, &ngx_game_sandbox_loading);
    lua_rawset(L, lua_upvalueindex(2));

    rc = ngx_game_sandbox_load_module(L, &name);

    if (rc == 0 && lua_isnil(L, -1)) {
        lua_pushboolean(L, 1);
        lua_replace(L, -2);
    }

    lua_pushvalue(L, 1);

    if (rc != 0) {
        lua_pushnil(L);
        lua_rawset(L, lua_upvalueindex(2));
        return lua_error(L);
    }

    lua_pushvalue(L, -2);
    lua_rawset(L, lua_upvalueindex(2));

    return 1;
}


/* pushes what the module returned; or an error, and returns its code */
static int
ngx_game_sandbox_load_module(lua_State *L, ngx_str_t *name)
{
    int                 rc;
    u_char              err[NGX_MAX_ERROR_STR];
    void               *sources;
    ngx_game_source_t   source;

    lua_pushlightuserdata(L, &ngx_game_sandbox_sources_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    sources = lua_touserdata(L, -1);

    if (ngx_game_source_module(sources, name, &source, err) != NGX_OK) {
        luaL_where(L, 1);
        lua_pushstring(L, (char *) err);
        lua_concat(L, 2);
        return LUA_ERRRUN;
    }

    /* it raises no error: the source is always released */
    rc = luaL_loadbufferx(L, (char *) source.text.data, source.text.len,
                          (char *) source.chunk, "t");

    ngx_game_source_release(&source);

    if (rc != 0) {
        return rc;
    }

    lua_pushvalue(L, lua_upvalueindex(1));
    (void) lua_setfenv(L, -2);

    lua_pushvalue(L, 1);

    return lua_pcall(L, 1, 1, 0);
}
