
/*
 * Copyright (C) ngx_game authors
 *
 * The functions of `game`, docs/lua.md.
 */


#include "ngx_game_lua.h"
#include "ngx_game_codec.h"
#include "ngx_game_registry.h"
#include "ngx_game_script.h"
#include "ngx_game_sleep.h"
#include "ngx_game_view.h"
#include "ngx_game_zone.h"

#include <sys/random.h>


/* rooms that game.rooms() lists, bytes of game.random_bytes(), and seconds of
 * game.sleep() at most */
#define NGX_GAME_LUA_ROOMS_MAX   1000
#define NGX_GAME_LUA_RANDOM_MAX  1024
#define NGX_GAME_LUA_SLEEP_MAX   3600.0


static int ngx_game_lua_now(lua_State *L);
static int ngx_game_lua_time(lua_State *L);
static int ngx_game_lua_log(lua_State *L);
static int ngx_game_lua_sleep(lua_State *L);
static int ngx_game_lua_rooms(lua_State *L);
static void ngx_game_lua_push_info(lua_State *L, ngx_game_room_info_t *info);
static int ngx_game_lua_workers(lua_State *L);
static int ngx_game_lua_id(lua_State *L);
static int ngx_game_lua_random_bytes(lua_State *L);
static int ngx_game_lua_encode(lua_State *L);
static int ngx_game_lua_decode(lua_State *L);
static void ngx_game_lua_push_codec(lua_State *L, ngx_game_codec_e codec);


static const luaL_Reg  ngx_game_lua_game[] = {
    { "now", ngx_game_lua_now },
    { "time", ngx_game_lua_time },
    { "log", ngx_game_lua_log },
    { "sleep", ngx_game_lua_sleep },
    { "rooms", ngx_game_lua_rooms },
    { "workers", ngx_game_lua_workers },
    { "id", ngx_game_lua_id },
    { "random_bytes", ngx_game_lua_random_bytes },
    { NULL, NULL }
};


void
ngx_game_lua_inject_game(lua_State *L)
{
    const luaL_Reg  *f;

    for (f = ngx_game_lua_game; f->name; f++) {
        lua_pushcfunction(L, f->func);
        lua_setfield(L, -2, f->name);
    }

    ngx_game_lua_push_codec(L, NGX_GAME_JSON);
    lua_setfield(L, -2, "json");

    ngx_game_lua_push_codec(L, NGX_GAME_MSGPACK);
    lua_setfield(L, -2, "msgpack");
}


static int
ngx_game_lua_now(lua_State *L)
{
    lua_pushnumber(L, ngx_game_clock_now() / 1000000.0);
    return 1;
}


static int
ngx_game_lua_time(lua_State *L)
{
    struct timeval  tv;

    ngx_gettimeofday(&tv);
    lua_pushnumber(L, tv.tv_sec + tv.tv_usec / 1000000.0);

    return 1;
}


/* game.log(level, ...) */

static int
ngx_game_lua_log(lua_State *L)
{
    size_t                    len;
    u_char                    line[NGX_GAME_LUA_LINE_MAX];
    ngx_uint_t                level;
    const char               *name;
    ngx_game_call_t          *call;
    ngx_game_room_t          *room;

    static const struct {
        const char  *name;
        ngx_uint_t   level;
    } levels[] = {
        { "debug", NGX_LOG_DEBUG },
        { "info", NGX_LOG_INFO },
        { "notice", NGX_LOG_NOTICE },
        { "warn", NGX_LOG_WARN },
        { "error", NGX_LOG_ERR }
    };

    name = luaL_checkstring(L, 1);

    for (level = 0; level < 5; level++) {
        if (ngx_strcmp(levels[level].name, name) == 0) {
            break;
        }
    }

    if (level == 5) {
        return luaL_argerror(L, 1, "\"debug\", \"info\", \"notice\", "
                             "\"warn\" or \"error\" expected");
    }

    len = ngx_game_lua_line(L, 2, line, sizeof(line));
    call = ngx_game_script_current();

    if (call) {
        room = call->owner;

        ngx_log_error(levels[level].level, ngx_cycle->log, 0,
                      "game \"%V\": %*s", &room->game->name, len, line);

    } else {
        ngx_log_error(levels[level].level, ngx_cycle->log, 0,
                      "game: %*s", len, line);
    }

    return 0;
}


/* game.sleep(seconds) */

static int
ngx_game_lua_sleep(lua_State *L)
{
    lua_Number        seconds;
    ngx_game_call_t  *call;

    seconds = luaL_checknumber(L, 1);

    if (!(seconds >= 0 && seconds <= NGX_GAME_LUA_SLEEP_MAX)) {
        return luaL_argerror(L, 1, "0 to 3600 seconds expected");
    }

    if (!ngx_game_script_may_wait(L)) {
        return luaL_error(L, "game.sleep() works in a handler, not in a "
                          "coroutine that it has made nor while a file is "
                          "loaded");
    }

    call = ngx_game_script_current();

    if (ngx_game_sleep(call->owner, call, seconds * 1000000) != NGX_OK) {
        return luaL_error(L, "no memory");
    }

    return ngx_game_script_wait(L);
}


/* game.rooms([name]) */

static int
ngx_game_lua_rooms(lua_State *L)
{
    int                    n;
    uint64_t               hash;
    ngx_str_t              name;
    ngx_uint_t             i, cursor;
    ngx_game_call_t       *call;
    ngx_game_room_t       *room;
    ngx_game_game_t      **games;
    ngx_game_main_conf_t  *conf;
    ngx_game_room_info_t   info;

    hash = 0;

    if (lua_isnoneornil(L, 1)) {
        call = ngx_game_script_current();

        if (call) {
            room = call->owner;
            hash = room->game->hash;
        }

    } else {
        name.data = (u_char *) luaL_checklstring(L, 1, &name.len);
        conf = ngx_game_worker.conf;

        /* the master, that checks a script, has no rooms */

        games = conf ? conf->games.elts : NULL;

        for (i = 0; conf && i < conf->games.nelts; i++) {
            if (games[i]->name.len == name.len
                && ngx_memcmp(games[i]->name.data, name.data, name.len) == 0)
            {
                hash = games[i]->hash;
            }
        }
    }

    lua_newtable(L);

    if (hash == 0) {
        return 1;
    }

    cursor = 0;
    n = 0;

    while (n < NGX_GAME_LUA_ROOMS_MAX
           && ngx_game_registry_next(hash, &cursor, &info) == NGX_OK)
    {
        ngx_game_lua_push_info(L, &info);
        lua_rawseti(L, -2, ++n);
    }

    return 1;
}


static void
ngx_game_lua_push_info(lua_State *L, ngx_game_room_info_t *info)
{
    ngx_game_game_t  *game;

    lua_createtable(L, 0, 6);

    ngx_game_lua_push_id(L, info->id);
    lua_setfield(L, -2, "id");

    game = ngx_game_room_game(info->game);

    if (game) {
        lua_pushlstring(L, (char *) game->name.data, game->name.len);
        lua_setfield(L, -2, "game");
    }

    lua_pushinteger(L, info->players);
    lua_setfield(L, -2, "players");

    lua_pushinteger(L, info->max_players);
    lua_setfield(L, -2, "max_players");

    lua_pushboolean(L, info->locked);
    lua_setfield(L, -2, "locked");

    if (info->metadata_len) {
        if (ngx_game_codec_decode(L, NGX_GAME_JSON, info->metadata,
                                  info->metadata_len)
            == NGX_OK)
        {
            lua_setfield(L, -2, "metadata");

        } else {
            lua_pop(L, 1);
        }
    }
}


static int
ngx_game_lua_workers(lua_State *L)
{
    ngx_uint_t              i, n;
    ngx_game_worker_info_t  infos[NGX_GAME_MAX_SLOTS];

    n = ngx_game_zone_workers(infos, NGX_GAME_MAX_SLOTS);
    n = ngx_min(n, NGX_GAME_MAX_SLOTS);

    lua_createtable(L, n, 0);

    for (i = 0; i < n; i++) {
        lua_createtable(L, 0, 7);

        lua_pushinteger(L, infos[i].slot);
        lua_setfield(L, -2, "slot");

        lua_pushinteger(L, infos[i].pid);
        lua_setfield(L, -2, "pid");

        lua_pushnumber(L, infos[i].generation);
        lua_setfield(L, -2, "generation");

        lua_pushnumber(L, infos[i].counters->sessions);
        lua_setfield(L, -2, "sessions");

        lua_pushnumber(L, infos[i].counters->rooms);
        lua_setfield(L, -2, "rooms");

        lua_pushnumber(L, infos[i].counters->busy_ppm / 1000000.0);
        lua_setfield(L, -2, "busy");

        lua_pushboolean(L, infos[i].exiting);
        lua_setfield(L, -2, "exiting");

        lua_rawseti(L, -2, i + 1);
    }

    return 1;
}


static int
ngx_game_lua_id(lua_State *L)
{
    /* the master has a zone at a reload, but not at a start */

    if (ngx_game_worker.conf == NULL) {
        return luaL_error(L, "game.id() works in handlers, not while a file "
                          "is loaded");
    }

    ngx_game_lua_push_id(L, ngx_game_zone_id());
    return 1;
}


/* game.random_bytes(n) */

static int
ngx_game_lua_random_bytes(lua_State *L)
{
    u_char       buf[NGX_GAME_LUA_RANDOM_MAX];
    lua_Integer  n;

    n = luaL_checkinteger(L, 1);

    if (n < 1 || n > NGX_GAME_LUA_RANDOM_MAX) {
        return luaL_argerror(L, 1, "1 to 1024 bytes expected");
    }

    if (getrandom(buf, n, 0) != n) {
        return luaL_error(L, "no random bytes");
    }

    lua_pushlstring(L, (char *) buf, n);

    return 1;
}


/* game.json, game.msgpack: the upvalue is the codec */

static void
ngx_game_lua_push_codec(lua_State *L, ngx_game_codec_e codec)
{
    lua_createtable(L, 0, 2);

    lua_pushinteger(L, codec);
    lua_pushcclosure(L, ngx_game_lua_encode, 1);
    lua_setfield(L, -2, "encode");

    lua_pushinteger(L, codec);
    lua_pushcclosure(L, ngx_game_lua_decode, 1);
    lua_setfield(L, -2, "decode");
}


static int
ngx_game_lua_encode(lua_State *L)
{
    ngx_str_t  text;

    luaL_checkany(L, 1);
    lua_settop(L, 1);

    ngx_game_codec_encode(L, lua_tointeger(L, lua_upvalueindex(1)), 1, &text);
    lua_pushlstring(L, (char *) text.data, text.len);

    return 1;
}


/* nil and a text for bad input */

static int
ngx_game_lua_decode(lua_State *L)
{
    ngx_str_t  text;

    ngx_game_view_check_bytes(L, 1, &text);
    lua_settop(L, 1);

    if (ngx_game_codec_decode(L, lua_tointeger(L, lua_upvalueindex(1)),
                              text.data, text.len)
        != NGX_OK)
    {
        lua_pushnil(L);
        lua_insert(L, -2);
        return 2;
    }

    return 1;
}
