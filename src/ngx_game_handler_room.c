
/*
 * Copyright (C) ngx_game authors
 *
 * The handlers of a room itself: on_create, on_tick, on_close, on_shutdown,
 * on_restore, and those of its timers.
 */


#include "ngx_game_handler.h"
#include "ngx_game_handler_private.h"
#include "ngx_game_codec.h"
#include "ngx_game_lua.h"
#include "ngx_game_script.h"
#include "ngx_game_sleep.h"
#include "ngx_game_zone.h"


static int ngx_game_handler_push_create(lua_State *co, ngx_game_call_t *call);
static void ngx_game_handler_create_done(ngx_game_call_t *call, ngx_int_t rc,
    int n, ngx_str_t *error);
static int ngx_game_handler_push_tick(lua_State *co, ngx_game_call_t *call);
static void ngx_game_handler_tick_done(ngx_game_call_t *call, ngx_int_t rc,
    int n, ngx_str_t *error);
static int ngx_game_handler_push_close(lua_State *co, ngx_game_call_t *call);
static void ngx_game_handler_close_done(ngx_game_call_t *call, ngx_int_t rc,
    int n, ngx_str_t *error);
static int ngx_game_handler_push_shutdown(lua_State *co,
    ngx_game_call_t *call);
static int ngx_game_handler_push_restore(lua_State *co,
    ngx_game_call_t *call);
static void ngx_game_handler_restore_done(ngx_game_call_t *call, ngx_int_t rc,
    int n, ngx_str_t *error);
static int ngx_game_handler_restore_result(lua_State *L);
static int ngx_game_handler_push_alarm(lua_State *co, ngx_game_call_t *call);


/* on_create */

void
ngx_game_handler_create(ngx_game_room_t *room, ngx_str_t *query)
{
    ngx_game_handler_args_t  args;

    if (!(room->handlers & (1 << NGX_GAME_ON_CREATE))) {
        ngx_game_room_created(room, NGX_OK);
        return;
    }

    ngx_memzero(&args, sizeof(ngx_game_handler_args_t));
    args.handler = NGX_GAME_ON_CREATE;
    args.data = query;

    if (ngx_game_handler_call(room, &args, ngx_game_handler_push_create,
                              ngx_game_handler_create_done)
        == NGX_ERROR)
    {
        ngx_game_room_created(room, NGX_ERROR);
    }
}


static int
ngx_game_handler_push_create(lua_State *co, ngx_game_call_t *call)
{
    ngx_game_handler_args_t  *args;

    args = call->data;
    call->data = NULL;

    if (!ngx_game_handler_push(co, call)) {
        return -1;
    }

    ngx_game_lua_push_args(co, args->data);

    return 2;
}


static void
ngx_game_handler_create_done(ngx_game_call_t *call, ngx_int_t rc, int n,
    ngx_str_t *error)
{
    ngx_game_handler_end(call, rc, error);
    ngx_game_room_created(call->owner, rc == NGX_ERROR ? NGX_ERROR : NGX_OK);
}


/* on_tick */

void
ngx_game_handler_tick(ngx_game_room_t *room)
{
    ngx_game_handler_args_t  args;

    args.handler = NGX_GAME_ON_TICK;
    args.name = NULL;

    room->ticking = 1;

    if (ngx_game_handler_call(room, &args, ngx_game_handler_push_tick,
                              ngx_game_handler_tick_done)
        == NGX_ERROR)
    {
        room->ticking = 0;
    }
}


static int
ngx_game_handler_push_tick(lua_State *co, ngx_game_call_t *call)
{
    ngx_game_room_t  *room;

    room = call->owner;
    call->data = NULL;

    if (!ngx_game_handler_push(co, call)) {
        return -1;
    }

    lua_pushnumber(co, 1.0 / room->game->tick);

    return 2;
}


static void
ngx_game_handler_tick_done(ngx_game_call_t *call, ngx_int_t rc, int n,
    ngx_str_t *error)
{
    ngx_game_room_t  *room;

    room = call->owner;
    room->ticking = 0;

    ngx_game_handler_end(call, rc, error);
}


/* on_close */

void
ngx_game_handler_close(ngx_game_room_t *room)
{
    ngx_game_handler_args_t  args;

    ngx_memzero(&args, sizeof(ngx_game_handler_args_t));
    args.handler = NGX_GAME_ON_CLOSE;

    if (!(room->handlers & (1 << NGX_GAME_ON_CLOSE))
        || ngx_game_handler_call(room, &args, ngx_game_handler_push_close,
                                 ngx_game_handler_close_done)
           == NGX_ERROR)
    {
        ngx_game_room_finished(room);
    }
}


static int
ngx_game_handler_push_close(lua_State *co, ngx_game_call_t *call)
{
    ngx_game_room_t  *room;

    room = call->owner;
    call->data = NULL;

    if (!ngx_game_handler_push(co, call)) {
        return -1;
    }

    lua_pushlstring(co, (char *) room->reason, room->reason_len);

    return 2;
}


static void
ngx_game_handler_close_done(ngx_game_call_t *call, ngx_int_t rc, int n,
    ngx_str_t *error)
{
    ngx_game_handler_end(call, rc, error);
    ngx_game_room_finished(call->owner);
}


/* on_shutdown */

void
ngx_game_handler_shutdown(ngx_game_room_t *room, ngx_msec_int_t grace)
{
    ngx_game_handler_args_t  args;

    ngx_memzero(&args, sizeof(ngx_game_handler_args_t));
    args.handler = NGX_GAME_ON_SHUTDOWN;
    args.grace = grace;

    (void) ngx_game_handler_call(room, &args, ngx_game_handler_push_shutdown,
                                 ngx_game_handler_done);
}


static int
ngx_game_handler_push_shutdown(lua_State *co, ngx_game_call_t *call)
{
    ngx_game_handler_args_t  *args;

    args = call->data;
    call->data = NULL;

    if (!ngx_game_handler_push(co, call)) {
        return -1;
    }

    if (args->grace == -1) {
        lua_pushnil(co);

    } else {
        lua_pushnumber(co, args->grace / 1000.0);
    }

    return 2;
}


/* on_restore */

typedef struct {
    ngx_game_room_t           *room;
    lua_State                 *co;
    ngx_int_t                  rc;
} ngx_game_handler_restore_t;


static ngx_game_handler_restore_t  ngx_game_handler_restored;


ngx_int_t
ngx_game_handler_restore(ngx_game_room_t *room, int version)
{
    ngx_int_t                rc;
    ngx_game_handler_args_t  args;

    if (!(room->handlers & (1 << NGX_GAME_ON_RESTORE))) {
        return NGX_OK;
    }

    ngx_memzero(&args, sizeof(ngx_game_handler_args_t));
    args.handler = NGX_GAME_ON_RESTORE;
    args.version = version;

    ngx_game_handler_restored.rc = NGX_ERROR;

    rc = ngx_game_handler_call(room, &args, ngx_game_handler_push_restore,
                               ngx_game_handler_restore_done);

    if (rc == NGX_AGAIN) {
        ngx_game_sleep_cancel(room);

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "on_restore failed in room %V of game \"%V\": it must "
                      "not wait", ngx_game_id_text(room->id),
                      &room->game->name);
        return NGX_ERROR;
    }

    return (rc == NGX_OK) ? ngx_game_handler_restored.rc : NGX_ERROR;
}


static int
ngx_game_handler_push_restore(lua_State *co, ngx_game_call_t *call)
{
    ngx_game_handler_args_t  *args;

    args = call->data;
    call->data = NULL;

    if (!ngx_game_handler_push(co, call)) {
        return -1;
    }

    lua_getfield(co, -1, "state");
    lua_rawgeti(co, LUA_REGISTRYINDEX, args->version);

    return 3;
}


/* a table that it returns is the state from now on */

static void
ngx_game_handler_restore_done(ngx_game_call_t *call, ngx_int_t rc, int n,
    ngx_str_t *error)
{
    ngx_game_handler_end(call, rc, error);

    if (rc == NGX_OK && n > 0 && lua_istable(call->co, -n)) {
        lua_settop(call->co, lua_gettop(call->co) - n + 1);

        ngx_game_handler_restored.room = call->owner;
        ngx_game_handler_restored.co = call->co;

        rc = ngx_game_script_protect(ngx_game_handler_restore_result,
                                     &ngx_game_handler_restored);
    }

    ngx_game_handler_restored.rc = (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;
}


static int
ngx_game_handler_restore_result(lua_State *L)
{
    ngx_game_handler_restore_t  *restore;

    restore = lua_touserdata(L, 1);

    ngx_game_lua_push_room(L, restore->room);
    lua_pushliteral(L, "state");
    lua_xmove(restore->co, L, 1);
    lua_rawset(L, -3);

    return 0;
}


/* alarms */

void
ngx_game_handler_alarm(ngx_game_room_t *room, const char *name,
    ngx_str_t *data)
{
    ngx_game_handler_args_t  args;

    ngx_memzero(&args, sizeof(ngx_game_handler_args_t));
    args.name = name;
    args.data = data;

    (void) ngx_game_handler_call(room, &args, ngx_game_handler_push_alarm,
                                 ngx_game_handler_done);
}


static int
ngx_game_handler_push_alarm(lua_State *co, ngx_game_call_t *call)
{
    int                       i, n, list;
    ngx_game_handler_args_t  *args;

    args = call->data;
    call->data = NULL;

    if (!ngx_game_handler_push(co, call)) {
        return luaL_error(co, "no handler \"%s\" for this timer", args->name);
    }

    /* the name does not outlive this call, a handler that waits does; its
     * traceback has the name */

    call->handler = "the handler of a timer";

    if (ngx_game_codec_decode(co, NGX_GAME_MSGPACK, args->data->data,
                              args->data->len)
        != NGX_OK)
    {
        return lua_error(co);
    }

    list = lua_gettop(co);

    if (!lua_istable(co, list)) {
        return luaL_error(co, "the arguments of this timer are no list");
    }

    n = lua_objlen(co, list);

    luaL_checkstack(co, n, "too many arguments");

    for (i = 1; i <= n; i++) {
        lua_rawgeti(co, list, i);

        if (lua_islightuserdata(co, -1)) {
            /* game.null stands for nil */
            lua_pop(co, 1);
            lua_pushnil(co);
        }
    }

    lua_remove(co, list);

    return n + 1;
}
