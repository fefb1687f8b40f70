
/*
 * Copyright (C) ngx_game authors
 *
 * The methods of a room, docs/lua.md.
 */


#include "ngx_game_lua.h"
#include "ngx_game_alarm.h"
#include "ngx_game_codec.h"
#include "ngx_game_registry.h"
#include "ngx_game_zone.h"
#include "core/game_utf8.h"


/* the longest delay of a timer, seconds: a year */
#define NGX_GAME_LUA_DELAY_MAX  31536000.0


static int ngx_game_lua_broadcast(lua_State *L);
static void ngx_game_lua_except(lua_State *L, int index,
    ngx_game_lua_send_t *to);
static uint64_t ngx_game_lua_except_id(lua_State *L, int index);
static int ngx_game_lua_send_to(lua_State *L);
static int ngx_game_lua_lock(lua_State *L);
static int ngx_game_lua_unlock(lua_State *L);
static int ngx_game_lua_close(lua_State *L);
static int ngx_game_lua_set_metadata(lua_State *L);
static int ngx_game_lua_after(lua_State *L);
static int ngx_game_lua_every(lua_State *L);
static int ngx_game_lua_alarm(lua_State *L, ngx_uint_t repeat);
static int ngx_game_lua_cancel(lua_State *L);
static int ngx_game_lua_log(lua_State *L);


static const luaL_Reg  ngx_game_lua_room_methods[] = {
    { "broadcast", ngx_game_lua_broadcast },
    { "send", ngx_game_lua_send_to },
    { "lock", ngx_game_lua_lock },
    { "unlock", ngx_game_lua_unlock },
    { "close", ngx_game_lua_close },
    { "set_metadata", ngx_game_lua_set_metadata },
    { "after", ngx_game_lua_after },
    { "every", ngx_game_lua_every },
    { "cancel", ngx_game_lua_cancel },
    { "log", ngx_game_lua_log },
    { NULL, NULL }
};


void
ngx_game_lua_push_room_methods(lua_State *L)
{
    const luaL_Reg  *method;

    lua_createtable(L, 0, 10);

    for (method = ngx_game_lua_room_methods; method->name; method++) {
        lua_pushcfunction(L, method->func);
        lua_setfield(L, -2, method->name);
    }
}


/* self:broadcast(value [, { except = player or players, kind = kind }]) */

static int
ngx_game_lua_broadcast(lua_State *L)
{
    ngx_game_lua_send_t  to;

    ngx_memzero(&to, sizeof(ngx_game_lua_send_t));

    to.room = ngx_game_lua_check_room(L, 1);
    to.kind = NGX_GAME_TEXT;
    luaL_checkany(L, 2);

    if (!lua_isnoneornil(L, 3)) {
        luaL_checktype(L, 3, LUA_TTABLE);
        lua_settop(L, 3);

        lua_getfield(L, 3, "kind");
        to.kind = ngx_game_lua_check_kind(L, 4);

        lua_getfield(L, 3, "except");
        ngx_game_lua_except(L, 5, &to);
    }

    if (!to.room->closing) {
        ngx_game_lua_send(L, 2, &to);
    }

    return 0;
}


/* a player, an id, or an array of them; the ids are kept alive on the stack */

static void
ngx_game_lua_except(lua_State *L, int index, ngx_game_lua_send_t *to)
{
    int        i, n;
    uint64_t  *ids;

    if (lua_isnil(L, index)) {
        return;
    }

    n = 0;

    if (lua_istable(L, index)) {
        n = lua_objlen(L, index);
    }

    ids = lua_newuserdata(L, ngx_max(n, 1) * sizeof(uint64_t));

    to->except = (u_char *) ids;
    to->n = ngx_max(n, 1);

    if (n == 0) {
        if (lua_istable(L, index) && !lua_getmetatable(L, index)) {
            to->n = 0;                /* an empty array */
            return;
        }

        ids[0] = ngx_game_lua_except_id(L, index);
        return;
    }

    for (i = 0; i < n; i++) {
        lua_rawgeti(L, index, i + 1);
        ids[i] = ngx_game_lua_except_id(L, lua_gettop(L));
        lua_pop(L, 1);
    }
}


/* the id of a player, even of one that has left */

static uint64_t
ngx_game_lua_except_id(lua_State *L, int index)
{
    size_t       len;
    uint64_t     id;
    const char  *text;

    if (lua_istable(L, index)) {
        lua_pushliteral(L, "id");
        lua_rawget(L, index);
        text = lua_tolstring(L, -1, &len);
        lua_pop(L, 1);

    } else {
        text = lua_tolstring(L, index, &len);
    }

    id = text ? ngx_game_id_parse((u_char *) text, len) : 0;

    if (id == 0) {
        luaL_error(L, "\"except\" takes a player, a player's id, "
                   "or an array of them");
    }

    return id;
}


/* self:send(player or id, value [, kind]) */

static int
ngx_game_lua_send_to(lua_State *L)
{
    size_t                len;
    const char           *text;
    ngx_game_lua_send_t   to;

    ngx_memzero(&to, sizeof(ngx_game_lua_send_t));

    to.room = ngx_game_lua_check_room(L, 1);
    luaL_checkany(L, 3);
    to.kind = ngx_game_lua_check_kind(L, 4);

    if (lua_istable(L, 2)) {
        to.player = ngx_game_lua_check_player(L, 2);

    } else {
        text = luaL_checklstring(L, 2, &len);
        to.player = ngx_game_player_find(ngx_game_id_parse((u_char *) text,
                                                           len));
    }

    if (to.player == NULL || !to.player->seated
        || to.player->room != to.room)
    {
        lua_pushboolean(L, 0);
        return 1;
    }

    ngx_game_lua_send(L, 3, &to);

    lua_pushboolean(L, 1);

    return 1;
}


static int
ngx_game_lua_lock(lua_State *L)
{
    ngx_game_room_lock(ngx_game_lua_check_room(L, 1), 1);
    return 0;
}


static int
ngx_game_lua_unlock(lua_State *L)
{
    ngx_game_room_lock(ngx_game_lua_check_room(L, 1), 0);
    return 0;
}


/* self:close([reason]) */

static int
ngx_game_lua_close(lua_State *L)
{
    size_t            len;
    const char       *reason;
    ngx_game_room_t  *room;

    room = ngx_game_lua_check_room(L, 1);
    reason = luaL_optlstring(L, 2, "closed", &len);

    len = game_utf8_cut((u_char *) reason, len, sizeof(room->reason));

    ngx_game_room_close(room, 1000, reason, len);

    return 0;
}


/* self:set_metadata(table) */

static int
ngx_game_lua_set_metadata(lua_State *L)
{
    ngx_str_t         json;
    ngx_game_room_t  *room;

    room = ngx_game_lua_check_room(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);

    ngx_game_codec_encode(L, NGX_GAME_JSON, 2, &json);

    if (json.len > NGX_GAME_METADATA_MAX) {
        return luaL_error(L, "metadata has %d bytes of JSON, %d are allowed",
                          (int) json.len, NGX_GAME_METADATA_MAX);
    }

    (void) ngx_game_registry_set_metadata(room->id, json.data, json.len);

    lua_pushliteral(L, "metadata");
    lua_pushvalue(L, 2);
    lua_rawset(L, 1);

    return 0;
}


int
ngx_game_lua_publish_metadata(lua_State *L)
{
    ngx_str_t         json;
    ngx_game_room_t  *room;

    room = lua_touserdata(L, 1);

    ngx_game_lua_push_room(L, room);
    lua_getfield(L, -1, "metadata");

    if (lua_istable(L, -1)) {
        ngx_game_codec_encode(L, NGX_GAME_JSON, lua_gettop(L), &json);

        (void) ngx_game_registry_set_metadata(room->id, json.data, json.len);
    }

    return 0;
}


static int
ngx_game_lua_after(lua_State *L)
{
    return ngx_game_lua_alarm(L, 0);
}


static int
ngx_game_lua_every(lua_State *L)
{
    return ngx_game_lua_alarm(L, 1);
}


/* self:after(seconds, name, ...) */

static int
ngx_game_lua_alarm(lua_State *L, ngx_uint_t repeat)
{
    int               i, n;
    uint32_t          id;
    uint64_t          us;
    ngx_str_t         name, args;
    lua_Number        seconds;
    ngx_game_room_t  *room;

    room = ngx_game_lua_check_room(L, 1);
    seconds = luaL_checknumber(L, 2);
    name.data = (u_char *) luaL_checklstring(L, 3, &name.len);

    if (!(seconds >= 0 && seconds <= NGX_GAME_LUA_DELAY_MAX)) {
        return luaL_argerror(L, 2, "0 to 31536000 seconds expected");
    }

    us = seconds * 1000000;

    if (repeat && us < NGX_GAME_ALARM_EVERY_MIN) {
        return luaL_argerror(L, 2, "0.001 seconds at least expected");
    }

    lua_getfield(L, 1, (char *) name.data);

    if (!lua_isfunction(L, -1) || name.len > NGX_GAME_ALARM_NAME_MAX) {
        return luaL_argerror(L, 3, "the name of a handler expected");
    }

    lua_pop(L, 1);

    n = lua_gettop(L) - 3;
    lua_createtable(L, n, 0);

    for (i = 1; i <= n; i++) {
        if (lua_isnil(L, 3 + i)) {
            lua_pushlightuserdata(L, NULL);         /* game.null */

        } else {
            lua_pushvalue(L, 3 + i);
        }

        lua_rawseti(L, -2, i);
    }

    ngx_game_codec_encode(L, NGX_GAME_MSGPACK, lua_gettop(L), &args);

    if (args.len > NGX_GAME_ALARM_ARGS_MAX) {
        return luaL_error(L, "the arguments of a timer take %d bytes, "
                          "%d are allowed", (int) args.len,
                          NGX_GAME_ALARM_ARGS_MAX);
    }

    if (room->closing) {
        return luaL_error(L, "the room is closing");
    }

    id = ngx_game_alarm_set(room, us, repeat ? us : 0, &name, &args);

    if (id == 0) {
        return luaL_error(L, "too many timers, %d are allowed",
                          NGX_GAME_ALARM_MAX);
    }

    lua_pushinteger(L, id);

    return 1;
}


/* self:cancel(id) */

static int
ngx_game_lua_cancel(lua_State *L)
{
    lua_Number        id;
    ngx_game_room_t  *room;

    room = ngx_game_lua_check_room(L, 1);
    id = luaL_checknumber(L, 2);

    lua_pushboolean(L, id >= 1 && id <= NGX_MAX_UINT32_VALUE
                       && ngx_game_alarm_clear(room, (uint32_t) id));

    return 1;
}


/* self:log(...) */

static int
ngx_game_lua_log(lua_State *L)
{
    size_t            len;
    u_char            line[NGX_GAME_LUA_LINE_MAX];
    ngx_game_room_t  *room;

    room = ngx_game_lua_check_room(L, 1);
    len = ngx_game_lua_line(L, 2, line, sizeof(line));

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "room %V of game \"%V\": %*s", ngx_game_id_text(room->id),
                  &room->game->name, len, line);

    return 0;
}
