
/*
 * Copyright (C) ngx_game authors
 *
 * The handlers of players: on_auth, on_join, on_drop, on_resume and on_leave.
 */


#include "ngx_game_handler.h"
#include "ngx_game_handler_private.h"
#include "ngx_game_log.h"
#include "ngx_game_lua.h"
#include "ngx_game_script.h"
#include "ngx_game_seat.h"


static int ngx_game_handler_push_auth(lua_State *co, ngx_game_call_t *call);
static void ngx_game_handler_push_request(lua_State *L,
    ngx_game_player_t *player);
static void ngx_game_handler_auth_done(ngx_game_call_t *call, ngx_int_t rc,
    int n, ngx_str_t *error);
static int ngx_game_handler_auth_result(lua_State *L);
static int ngx_game_handler_push_join(lua_State *co, ngx_game_call_t *call);
static int ngx_game_handler_push_drop(lua_State *co, ngx_game_call_t *call);
static int ngx_game_handler_push_resume(lua_State *co, ngx_game_call_t *call);
static int ngx_game_handler_push_leave(lua_State *co, ngx_game_call_t *call);
static int ngx_game_handler_push_reason(lua_State *co, ngx_game_call_t *call,
    ngx_game_player_t *player);
static void ngx_game_handler_leave_done(ngx_game_call_t *call, ngx_int_t rc,
    int n, ngx_str_t *error);


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

    (void) ngx_game_handler_call(room, &args, ngx_game_handler_push_drop,
                                 ngx_game_handler_done);
}


static int
ngx_game_handler_push_drop(lua_State *co, ngx_game_call_t *call)
{
    ngx_game_handler_args_t  *args;

    args = call->data;
    call->data = (void *) (uintptr_t) args->player->id;

    return ngx_game_handler_push_reason(co, call, args->player);
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

    /* first of all: whatever fails, the player has left */

    call->data = (void *) (uintptr_t) args->player->id;

    ngx_game_lua_remove_from_players(co, args->player);

    return ngx_game_handler_push_reason(co, call, args->player);
}


/* the player, and why it is gone */

static int
ngx_game_handler_push_reason(lua_State *co, ngx_game_call_t *call,
    ngx_game_player_t *player)
{
    const ngx_str_t  *reason;

    if (!ngx_game_handler_push(co, call)) {
        return -1;
    }

    reason = &ngx_game_reasons[player->why];

    ngx_game_lua_push_player(co, player);
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
