
/*
 * Copyright (C) ngx_game authors
 *
 * Loading a game's script and checking what its class says.  All functions run
 * protected and raise Lua errors; none holds anything but memory of the pool
 * when it does.
 */


#include "ngx_game.h"
#include "ngx_game_class.h"
#include "ngx_game_sandbox.h"
#include "ngx_game_source.h"

#include <lauxlib.h>
#include "ngx_game_vm.h"


#define NGX_GAME_CLASS_TICK_MAX      240
#define NGX_GAME_CLASS_PROTOCOLS     16
#define NGX_GAME_CLASS_PROTOCOL_LEN  64


static void ngx_game_class_handlers(lua_State *L, ngx_game_game_t *game,
    ngx_log_t *log);
static ngx_uint_t ngx_game_class_integer(lua_State *L, const char *name,
    ngx_uint_t min, ngx_uint_t max, ngx_uint_t absent);
static ngx_uint_t ngx_game_class_flag(lua_State *L, const char *name);
static void ngx_game_class_version(lua_State *L, ngx_game_game_t *game);
static void ngx_game_class_codec(lua_State *L, ngx_game_game_t *game);
static void ngx_game_class_protocols(lua_State *L, ngx_game_game_t *game,
    ngx_pool_t *pool);
static ngx_uint_t ngx_game_class_token_valid(const char *token, size_t len);


static const char *const  ngx_game_class_handler_names[] = {
    "on_auth", "on_close", "on_create", "on_drop", "on_join", "on_leave",
    "on_message", "on_restore", "on_resume", "on_shutdown", "on_tick", NULL
};


void
ngx_game_class_load(lua_State *L, void *sources, ngx_game_game_t *game)
{
    int                 rc;
    u_char              err[NGX_MAX_ERROR_STR];
    ngx_game_source_t   source;

    if (ngx_game_source_script(sources, &game->script, &source, err)
        != NGX_OK)
    {
        lua_pushstring(L, (char *) err);
        (void) lua_error(L);
        return;
    }

    /* it raises no error: the source is always released */
    rc = luaL_loadbufferx(L, (char *) source.text.data, source.text.len,
                          (char *) source.chunk, "t");

    ngx_game_source_release(&source);

    if (rc != 0) {
        (void) lua_error(L);
    }

    ngx_game_sandbox_push_env(L, game);
    (void) lua_setfenv(L, -2);

    lua_call(L, 0, 1);

    if (!lua_istable(L, -1)) {
        (void) luaL_error(L, "the script must return a table, it returned %s",
                          luaL_typename(L, -1));
    }
}


void
ngx_game_class_settings(lua_State *L, ngx_game_game_t *game,
    ngx_pool_t *pool, ngx_log_t *log)
{
    ngx_game_class_handlers(L, game, log);

    game->tick = ngx_game_class_integer(L, "tick", 0, NGX_GAME_CLASS_TICK_MAX,
                                        0);
    game->max_players = ngx_game_class_integer(L, "max_players", 1,
                                               game->room_max_players,
                                               game->room_max_players);
    game->catch_up = ngx_game_class_flag(L, "catch_up");
    game->keep = ngx_game_class_flag(L, "keep");

    ngx_game_class_version(L, game);
    ngx_game_class_codec(L, game);
    ngx_game_class_protocols(L, game, pool);
}


/* a number or a short text; what it means is the script's business */

static void
ngx_game_class_version(lua_State *L, ngx_game_game_t *game)
{
    size_t       len;
    const char  *text;

    game->version_len = 0;

    lua_getfield(L, -1, "version");

    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        return;
    }

    text = lua_tolstring(L, -1, &len);

    if (text == NULL || len > NGX_GAME_CLASS_VERSION_MAX) {
        (void) luaL_error(L, "\"version\" must be a number or a string of at "
                          "most %d bytes", NGX_GAME_CLASS_VERSION_MAX);
        return;
    }

    game->version_len = len;
    ngx_memcpy(game->version, text, len);
    ngx_game_vm_printable(game->version, len);

    lua_pop(L, 1);
}


static void
ngx_game_class_handlers(lua_State *L, ngx_game_game_t *game, ngx_log_t *log)
{
    const char         *name;
    const char *const  *known;

    game->has_auth = 0;

    for (known = ngx_game_class_handler_names; *known; known++) {
        lua_getfield(L, -1, *known);

        if (!lua_isnil(L, -1) && !lua_isfunction(L, -1)) {
            (void) luaL_error(L, "\"%s\" must be a function, it is a %s",
                              *known, luaL_typename(L, -1));
        }

        if (lua_isfunction(L, -1) && ngx_strcmp(*known, "on_auth") == 0) {
            game->has_auth = 1;
        }

        lua_pop(L, 1);
    }

    lua_pushnil(L);

    while (lua_next(L, -2)) {
        lua_pop(L, 1);

        if (lua_type(L, -1) != LUA_TSTRING) {
            continue;
        }

        name = lua_tostring(L, -1);

        if (ngx_strncmp(name, "on_", 3) != 0) {
            continue;
        }

        for (known = ngx_game_class_handler_names; *known; known++) {
            if (ngx_strcmp(*known, name) == 0) {
                break;
            }
        }

        if (*known == NULL) {
            ngx_log_error(NGX_LOG_WARN, log, 0,
                          "game script \"%V\" has \"%s\", that is not the "
                          "name of a handler", &game->script, name);
        }
    }
}


static ngx_uint_t
ngx_game_class_integer(lua_State *L, const char *name, ngx_uint_t min,
    ngx_uint_t max, ngx_uint_t absent)
{
    lua_Number  n;

    lua_getfield(L, -1, name);

    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        return absent;
    }

    n = lua_tonumber(L, -1);

    if (lua_type(L, -1) != LUA_TNUMBER || !(n >= min && n <= max)
        || n != (lua_Number) (ngx_uint_t) n)
    {
        (void) luaL_error(L, "\"%s\" must be an integer from %d to %d", name,
                          (int) min, (int) max);
    }

    lua_pop(L, 1);

    return (ngx_uint_t) n;
}


static ngx_uint_t
ngx_game_class_flag(lua_State *L, const char *name)
{
    ngx_uint_t  flag;

    lua_getfield(L, -1, name);

    if (!lua_isnil(L, -1) && !lua_isboolean(L, -1)) {
        (void) luaL_error(L, "\"%s\" must be true or false", name);
    }

    flag = lua_toboolean(L, -1);
    lua_pop(L, 1);

    return flag;
}


static void
ngx_game_class_codec(lua_State *L, ngx_game_game_t *game)
{
    const char  *name;

    lua_getfield(L, -1, "codec");

    name = lua_isnil(L, -1) ? "json" : lua_tostring(L, -1);

    game->view = 0;

    if (name && ngx_strcmp(name, "json") == 0) {
        game->codec = NGX_GAME_JSON;

    } else if (name && ngx_strcmp(name, "msgpack") == 0) {
        game->codec = NGX_GAME_MSGPACK;

    } else if (name && ngx_strcmp(name, "raw") == 0) {
        game->codec = NGX_GAME_RAW;

    } else if (name && ngx_strcmp(name, "view") == 0) {
        game->codec = NGX_GAME_RAW;
        game->view = 1;

    } else {
        (void) luaL_error(L, "\"codec\" must be \"json\", \"msgpack\", "
                          "\"raw\" or \"view\"");
    }

    lua_pop(L, 1);
}


static void
ngx_game_class_protocols(lua_State *L, ngx_game_game_t *game,
    ngx_pool_t *pool)
{
    int          i, n;
    size_t       len;
    ngx_str_t   *protocol;
    const char  *token;

    if (ngx_array_init(&game->protocols, pool, 4, sizeof(ngx_str_t))
        != NGX_OK)
    {
        (void) luaL_error(L, "no memory");
    }

    lua_getfield(L, -1, "protocols");

    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        return;
    }

    if (!lua_istable(L, -1)) {
        (void) luaL_error(L, "\"protocols\" must be a list of names");
    }

    n = (int) lua_objlen(L, -1);

    if (n > NGX_GAME_CLASS_PROTOCOLS) {
        (void) luaL_error(L, "\"protocols\" must have at most %d names",
                          NGX_GAME_CLASS_PROTOCOLS);
    }

    for (i = 1; i <= n; i++) {
        lua_rawgeti(L, -1, i);

        token = NULL;
        len = 0;

        if (lua_type(L, -1) == LUA_TSTRING) {
            token = lua_tolstring(L, -1, &len);
        }

        if (token == NULL || !ngx_game_class_token_valid(token, len)) {
            (void) luaL_error(L, "invalid name in \"protocols\": each must be "
                              "a token of at most %d characters",
                              NGX_GAME_CLASS_PROTOCOL_LEN);
        }

        protocol = ngx_array_push(&game->protocols);

        if (protocol) {
            protocol->len = len;
            protocol->data = ngx_pnalloc(pool, len);
        }

        if (protocol == NULL || protocol->data == NULL) {
            (void) luaL_error(L, "no memory");
            return;
        }

        ngx_memcpy(protocol->data, token, len);
        lua_pop(L, 1);
    }

    lua_pop(L, 1);
}


/* a token as RFC 7230, 3.2.6, says */
static ngx_uint_t
ngx_game_class_token_valid(const char *token, size_t len)
{
    u_char  c;
    size_t  i;

    if (len == 0 || len > NGX_GAME_CLASS_PROTOCOL_LEN) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        c = token[i];

        if (c <= 0x20 || c >= 0x7f || ngx_strchr("\"(),/:;<=>?@[\\]{}", c)) {
            return 0;
        }
    }

    return 1;
}
