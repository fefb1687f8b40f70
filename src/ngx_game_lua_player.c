
/*
 * Copyright (C) ngx_game authors
 *
 * The methods of a player, docs/lua.md.
 */


#include "ngx_game_lua.h"
#include "ngx_game_seat.h"
#include "core/game_utf8.h"


/* RFC 6455, 5.5: a control frame has 125 bytes, the code takes two */
#define NGX_GAME_LUA_REASON_MAX  123


static int ngx_game_lua_player_kick(lua_State *L);
static int ngx_game_lua_player_rtt(lua_State *L);
static int ngx_game_lua_player_connected(lua_State *L);


void
ngx_game_lua_push_player_methods(lua_State *L)
{
    lua_createtable(L, 0, 4);       /* send comes later */

    lua_pushcfunction(L, ngx_game_lua_player_kick);
    lua_setfield(L, -2, "kick");

    lua_pushcfunction(L, ngx_game_lua_player_rtt);
    lua_setfield(L, -2, "rtt");

    lua_pushcfunction(L, ngx_game_lua_player_connected);
    lua_setfield(L, -2, "connected");
}


/* player:send(value [, kind]) */

int
ngx_game_lua_player_send(lua_State *L)
{
    ngx_game_lua_send_t  to;

    ngx_memzero(&to, sizeof(ngx_game_lua_send_t));

    to.player = ngx_game_lua_check_player(L, 1);
    luaL_checkany(L, 2);
    to.kind = ngx_game_lua_check_kind(L, 3);

    if (to.player) {
        to.room = to.player->room;
        ngx_game_lua_send(L, 2, &to);
    }

    lua_pushboolean(L, to.player != NULL);

    return 1;
}


/* player:kick([code [, reason]]) */

static int
ngx_game_lua_player_kick(lua_State *L)
{
    lua_Integer         code;
    ngx_str_t           reason;
    ngx_game_player_t  *player;

    player = ngx_game_lua_check_player(L, 1);
    code = luaL_optinteger(L, 2, 4000);
    reason.data = (u_char *) luaL_optlstring(L, 3, "", &reason.len);

    if (code != 1000 && (code < 4000 || code > 4999)) {
        return luaL_argerror(L, 2, "1000 or 4000 to 4999 expected");
    }

    reason.len = game_utf8_cut(reason.data, reason.len,
                               NGX_GAME_LUA_REASON_MAX);

    if (player) {
        ngx_game_seat_kick(player, code, &reason, NGX_GAME_KICKED);
    }

    lua_pushboolean(L, player != NULL);

    return 1;
}


/* player:rtt() */

static int
ngx_game_lua_player_rtt(lua_State *L)
{
    ngx_game_player_t  *player;

    player = ngx_game_lua_check_player(L, 1);

    if (player == NULL || player->rtt == 0) {
        lua_pushnil(L);

    } else {
        lua_pushnumber(L, player->rtt / 1000.0);
    }

    return 1;
}


/* player:connected() */

static int
ngx_game_lua_player_connected(lua_State *L)
{
    ngx_game_player_t  *player;

    player = ngx_game_lua_check_player(L, 1);

    lua_pushboolean(L, player != NULL && player->seated && !player->away);

    return 1;
}
