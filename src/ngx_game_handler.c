
/*
 * Copyright (C) ngx_game authors
 *
 * The calls of handlers.  A call's `data` points to the arguments while they
 * are pushed; then it holds the id of the player that the call is about, since
 * a handler that waits may outlive its player.
 */


#include "ngx_game_handler.h"
#include "ngx_game_codec.h"
#include "ngx_game_log.h"
#include "ngx_game_lua.h"
#include "ngx_game_script.h"
#include "ngx_game_seat.h"
#include "ngx_game_sleep.h"
#include "ngx_game_zone.h"


typedef struct {
    ngx_game_player_t         *player;
    ngx_game_handler_e         handler;
    ngx_str_t                 *data;          /* query, arguments */
    const char                *name;          /* of an alarm's handler */
    int                        version;       /* reference, for on_restore */
    int                        complete;      /* for on_resume */
    ngx_msec_int_t             grace;         /* for on_shutdown */
} ngx_game_handler_args_t;


typedef void (*ngx_game_handler_done_pt)(ngx_game_call_t *call, ngx_int_t rc,
    int n, ngx_str_t *error);


static ngx_int_t ngx_game_handler_call(ngx_game_room_t *room,
    ngx_game_handler_args_t *args, ngx_game_prepare_pt prepare,
    ngx_game_handler_done_pt done);
static void ngx_game_handler_turn(ngx_event_t *ev);
static int ngx_game_handler_push(lua_State *co, ngx_game_call_t *call);
static void ngx_game_handler_end(ngx_game_call_t *call, ngx_int_t rc,
    ngx_str_t *error);

static int ngx_game_handler_push_create(lua_State *co, ngx_game_call_t *call);
static void ngx_game_handler_create_done(ngx_game_call_t *call, ngx_int_t rc,
    int n, ngx_str_t *error);
static int ngx_game_handler_push_auth(lua_State *co, ngx_game_call_t *call);
static void ngx_game_handler_auth_done(ngx_game_call_t *call, ngx_int_t rc,
    int n, ngx_str_t *error);
static int ngx_game_handler_auth_result(lua_State *L);
static int ngx_game_handler_push_join(lua_State *co, ngx_game_call_t *call);
static int ngx_game_handler_push_tick(lua_State *co, ngx_game_call_t *call);
static void ngx_game_handler_tick_done(ngx_game_call_t *call, ngx_int_t rc,
    int n, ngx_str_t *error);
static int ngx_game_handler_push_resume(lua_State *co, ngx_game_call_t *call);
static int ngx_game_handler_push_leave(lua_State *co, ngx_game_call_t *call);
static int ngx_game_handler_push_reason(lua_State *co, ngx_game_call_t *call);
static void ngx_game_handler_leave_done(ngx_game_call_t *call, ngx_int_t rc,
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
static void ngx_game_handler_push_request(lua_State *L,
    ngx_game_player_t *player);


static ngx_event_t    ngx_game_handler_end_of_turn;
static void         (*ngx_game_handler_after)(void);


#define ngx_game_handler_player_id(call)                                      \
    ((uint64_t) (uintptr_t) (call)->data)


void
ngx_game_handler_init(void (*after)(void))
{
    ngx_game_handler_after = after;
}


static ngx_int_t
ngx_game_handler_call(ngx_game_room_t *room, ngx_game_handler_args_t *args,
    ngx_game_prepare_pt prepare, ngx_game_handler_done_pt done)
{
    uint64_t          began;
    ngx_int_t         rc;
    ngx_game_call_t   call;
    ngx_game_doing_t  doing;

    ngx_memzero(&call, sizeof(ngx_game_call_t));

    call.owner = room;
    call.handler = args->name ? args->name
                              : ngx_game_lua_handlers[args->handler];
    call.data = args;
    call.done = done;

    ngx_game_handler_end_turn();
    ngx_game_room_changed(room);

    /* handlers are called within handlers: the outermost counts the time */

    doing = *ngx_game_worker.doing;
    began = doing.room ? 0 : ngx_game_clock_now();

    ngx_game_worker.doing->room = room->id;
    ngx_game_worker.doing->player = 0;
    ngx_game_worker.doing->handler = args->name ? NGX_GAME_HANDLERS
                                                : args->handler;
    ngx_game_worker.doing->len = 0;

    rc = ngx_game_script_call(&call, prepare);

    *ngx_game_worker.doing = doing;

    if (began) {
        room->spent += (ngx_game_clock_now() - began) * 1000;
    }

    return rc;
}


void
ngx_game_handler_end_turn(void)
{
    if (!ngx_game_handler_end_of_turn.posted) {
        ngx_game_handler_end_of_turn.handler = ngx_game_handler_turn;
        ngx_game_handler_end_of_turn.log = ngx_cycle->log;

        ngx_post_event((&ngx_game_handler_end_of_turn), &ngx_posted_events);
    }
}


/* after the event in which handlers ran, before what they sent is written, and
 * again as the last event of the turn, when garbage is collected */

static void
ngx_game_handler_turn(ngx_event_t *ev)
{
    ngx_game_handler_after();

    if (!ngx_queue_empty(&ngx_posted_events)) {
        ngx_post_event(ev, &ngx_posted_events);
        return;
    }

    ngx_game_script_collect();
    ngx_game_codec_trim();
}


/* pushes the function and the room; false: the class has none of that name */

static int
ngx_game_handler_push(lua_State *co, ngx_game_call_t *call)
{
    luaL_checkstack(co, LUA_MINSTACK, NULL);

    ngx_game_lua_push_room(co, call->owner);
    lua_getfield(co, -1, call->handler);
    lua_insert(co, -2);

    return lua_isfunction(co, -2);
}


/* what all calls end with: an error is logged and counted for the room */

static void
ngx_game_handler_end(ngx_game_call_t *call, ngx_int_t rc, ngx_str_t *error)
{
    uint64_t          player;
    ngx_game_room_t  *room;

    if (rc != NGX_ERROR) {
        return;
    }

    room = call->owner;
    player = ngx_game_handler_player_id(call);

    if (player) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "%s failed in room %V of game \"%V\" for player %V: %V",
                      call->handler, ngx_game_id_text(room->id),
                      &room->game->name, ngx_game_id_text(player), error);

    } else {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "%s failed in room %V of game \"%V\": %V",
                      call->handler, ngx_game_id_text(room->id),
                      &room->game->name, error);
    }

    ngx_game_room_error(room);
}


void
ngx_game_handler_done(ngx_game_call_t *call, ngx_int_t rc, int n,
    ngx_str_t *error)
{
    ngx_game_handler_end(call, rc, error);
}


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


/* on_auth */

void
ngx_game_handler_auth(ngx_game_room_t *room, ngx_game_player_t *player)
{
    uint64_t                 id;
    ngx_game_handler_args_t  args;

    static const ngx_str_t  reason = ngx_string("no memory");

    id = player->id;

    ngx_memzero(&args, sizeof(ngx_game_handler_args_t));
    args.handler = NGX_GAME_ON_AUTH;
    args.player = player;

    if (ngx_game_handler_call(room, &args, ngx_game_handler_push_auth,
                              ngx_game_handler_auth_done)
        == NGX_ERROR)
    {
        ngx_game_seat_authed(room, id, NGX_HTTP_INTERNAL_SERVER_ERROR,
                             &reason);
    }
}


static int
ngx_game_handler_push_auth(lua_State *co, ngx_game_call_t *call)
{
    ngx_game_handler_args_t  *args;

    args = call->data;
    call->data = (void *) (uintptr_t) args->player->id;

    if (!ngx_game_handler_push(co, call)) {
        return -1;
    }

    ngx_game_handler_push_request(co, args->player);

    return 2;
}


static void
ngx_game_handler_push_request(lua_State *L, ngx_game_player_t *player)
{
    ngx_uint_t          i;
    ngx_game_ticket_t  *ticket;

    ticket = player->ticket;

    ngx_str_t  identity = { player->identity_len, player->text };
    ngx_str_t  address = { player->address_len,
                           player->text + player->identity_len };

    const struct {
        const char       *name;
        const ngx_str_t  *value;
    } fields[] = {
        { "identity", &identity },
        { "address", &address },
        { "origin", &ticket->origin },
        { "agent", &ticket->agent },
        { "protocol", &ticket->protocol }
    };

    lua_createtable(L, 0, 7);

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (fields[i].value->len) {
            lua_pushlstring(L, (char *) fields[i].value->data,
                            fields[i].value->len);
            lua_setfield(L, -2, fields[i].name);
        }
    }

    ngx_game_lua_push_args(L, &ticket->args);
    lua_setfield(L, -2, "args");

    ngx_game_lua_push_id(L, player->id);
    lua_setfield(L, -2, "id");
}


typedef struct {
    lua_State                 *co;
    int                        n;
    ngx_game_player_t         *player;
    ngx_uint_t                 status;
    ngx_str_t                  reason;
    u_char                     buf[256];
} ngx_game_handler_auth_t;


static void
ngx_game_handler_auth_done(ngx_game_call_t *call, ngx_int_t rc, int n,
    ngx_str_t *error)
{
    ngx_game_handler_auth_t  auth;

    ngx_game_handler_end(call, rc, error);

    auth.co = call->co;
    auth.n = n;
    auth.status = NGX_HTTP_INTERNAL_SERVER_ERROR;
    ngx_str_set(&auth.reason, "error in the game");

    auth.player = ngx_game_player_find(ngx_game_handler_player_id(call));

    if (auth.player == NULL) {
        return;
    }

    if (rc == NGX_OK) {
        (void) ngx_game_script_protect(ngx_game_handler_auth_result, &auth);

    } else if (rc == NGX_DECLINED) {
        auth.status = 0;
    }

    ngx_game_seat_authed(call->owner, auth.player->id, auth.status,
                         &auth.reason);
}


/* true or a table admit; anything else refuses, with an optional reason */

static int
ngx_game_handler_auth_result(lua_State *L)
{
    int                       first;
    size_t                    len;
    const char               *text;
    lua_State                *co;
    ngx_game_handler_auth_t  *auth;

    auth = lua_touserdata(L, 1);
    co = auth->co;
    first = lua_gettop(co) - auth->n + 1;

    if (auth->n == 0 || !lua_toboolean(co, first)) {

        auth->status = NGX_HTTP_FORBIDDEN;
        ngx_str_set(&auth->reason, "refused by the game");

        if (auth->n > 1 && lua_type(co, first + 1) == LUA_TSTRING) {
            text = lua_tolstring(co, first + 1, &len);

            auth->reason.len = ngx_min(len, sizeof(auth->buf));
            auth->reason.data = auth->buf;
            ngx_memcpy(auth->buf, text, auth->reason.len);
        }

        return 0;
    }

    if (lua_istable(co, first)) {
        ngx_game_lua_push_player(L, auth->player);
        lua_pushvalue(co, first);
        lua_xmove(co, L, 1);
        lua_setfield(L, -2, "data");
    }

    auth->status = 0;

    return 0;
}


/* on_join */

void
ngx_game_handler_join(ngx_game_room_t *room, ngx_game_player_t *player)
{
    ngx_game_handler_args_t  args;

    ngx_memzero(&args, sizeof(ngx_game_handler_args_t));
    args.handler = NGX_GAME_ON_JOIN;
    args.player = player;

    if (room->players_ref == LUA_NOREF
        && !(room->handlers & (1 << NGX_GAME_ON_JOIN)))
    {
        return;
    }

    (void) ngx_game_handler_call(room, &args, ngx_game_handler_push_join,
                                 ngx_game_handler_done);
}


static int
ngx_game_handler_push_join(lua_State *co, ngx_game_call_t *call)
{
    ngx_game_handler_args_t  *args;

    args = call->data;
    call->data = (void *) (uintptr_t) args->player->id;

    ngx_game_lua_add_to_players(co, args->player);

    if (!ngx_game_handler_push(co, call)) {
        return -1;
    }

    ngx_game_lua_push_player(co, args->player);
    ngx_game_lua_push_args(co, &args->player->ticket->args);

    return 3;
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


/* on_drop and on_resume */

void
ngx_game_handler_drop(ngx_game_room_t *room, ngx_game_player_t *player)
{
    ngx_game_handler_args_t  args;

    if (!(room->handlers & (1 << NGX_GAME_ON_DROP))) {
        return;
    }

    ngx_memzero(&args, sizeof(ngx_game_handler_args_t));
    args.handler = NGX_GAME_ON_DROP;
    args.player = player;

    (void) ngx_game_handler_call(room, &args, ngx_game_handler_push_reason,
                                 ngx_game_handler_done);
}


void
ngx_game_handler_resume(ngx_game_room_t *room, ngx_game_player_t *player,
    ngx_uint_t complete)
{
    ngx_game_handler_args_t  args;

    if (!(room->handlers & (1 << NGX_GAME_ON_RESUME))) {
        return;
    }

    ngx_memzero(&args, sizeof(ngx_game_handler_args_t));
    args.handler = NGX_GAME_ON_RESUME;
    args.player = player;
    args.complete = complete;

    (void) ngx_game_handler_call(room, &args, ngx_game_handler_push_resume,
                                 ngx_game_handler_done);
}


static int
ngx_game_handler_push_resume(lua_State *co, ngx_game_call_t *call)
{
    ngx_game_handler_args_t  *args;

    args = call->data;
    call->data = (void *) (uintptr_t) args->player->id;

    if (!ngx_game_handler_push(co, call)) {
        return -1;
    }

    ngx_game_lua_push_player(co, args->player);
    lua_pushboolean(co, args->complete);

    return 3;
}


/* on_leave */

void
ngx_game_handler_leave(ngx_game_room_t *room, ngx_game_player_t *player)
{
    ngx_game_handler_args_t  args;

    ngx_memzero(&args, sizeof(ngx_game_handler_args_t));
    args.handler = NGX_GAME_ON_LEAVE;
    args.player = player;

    if ((room->players_ref == LUA_NOREF
         && !(room->handlers & (1 << NGX_GAME_ON_LEAVE)))
        || ngx_game_handler_call(room, &args, ngx_game_handler_push_leave,
                                 ngx_game_handler_leave_done)
           == NGX_ERROR)
    {
        ngx_game_seat_left(player);
    }
}


static int
ngx_game_handler_push_leave(lua_State *co, ngx_game_call_t *call)
{
    ngx_game_handler_args_t  *args;

    args = call->data;

    ngx_game_lua_remove_from_players(co, args->player);

    return ngx_game_handler_push_reason(co, call);
}


/* the player, and why it is gone */

static int
ngx_game_handler_push_reason(lua_State *co, ngx_game_call_t *call)
{
    const ngx_str_t          *reason;
    ngx_game_handler_args_t  *args;

    args = call->data;
    call->data = (void *) (uintptr_t) args->player->id;

    if (!ngx_game_handler_push(co, call)) {
        return -1;
    }

    reason = &ngx_game_reasons[args->player->why];

    ngx_game_lua_push_player(co, args->player);
    lua_pushlstring(co, (char *) reason->data, reason->len);

    return 3;
}


static void
ngx_game_handler_leave_done(ngx_game_call_t *call, ngx_int_t rc, int n,
    ngx_str_t *error)
{
    ngx_game_player_t  *player;

    ngx_game_handler_end(call, rc, error);

    player = ngx_game_player_find(ngx_game_handler_player_id(call));

    if (player) {
        ngx_game_seat_left(player);
    }
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
