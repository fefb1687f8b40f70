
/*
 * Copyright (C) ngx_game authors
 *
 * The choice of a codec, and the buffer of the worker.  The buffer is outside
 * of the VM's quota, so it has a bound of its own, and does not stay large
 * from turn to turn.
 */


#include "ngx_game.h"
#include "ngx_game_codec.h"
#include "ngx_game_codec_private.h"


/* bytes that the buffer may keep from turn to turn */
#define NGX_GAME_CODEC_KEEP   (256 * 1024)

/* the least that is allocated */
#define NGX_GAME_CODEC_LEAST  8192


ngx_game_codec_buffer_t  ngx_game_codec_buffer;


void
ngx_game_codec_open(lua_State *L)
{
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");

    lua_pushlightuserdata(L, NGX_GAME_CODEC_EMPTY);
    lua_setfield(L, -2, "empty_array");

    ngx_game_codec_json_open(L);
    ngx_game_codec_state_open(L);
}


void
ngx_game_codec_encode(lua_State *L, ngx_game_codec_e codec, int index,
    ngx_str_t *out)
{
    if (index < 0 && index > LUA_REGISTRYINDEX) {
        index = lua_gettop(L) + index + 1;
    }

    switch (codec) {

    case NGX_GAME_JSON:
        ngx_game_codec_json_encode(L, index, out);
        break;

    case NGX_GAME_MSGPACK:
        ngx_game_codec_msgpack_encode(L, index, out);
        break;

    default: /* NGX_GAME_RAW */

        if (lua_type(L, index) != LUA_TSTRING) {
            (void) luaL_error(L, "a string is expected, not a %s",
                              luaL_typename(L, index));
        }

        out->data = (u_char *) lua_tolstring(L, index, &out->len);
        break;
    }
}


ngx_int_t
ngx_game_codec_decode(lua_State *L, ngx_game_codec_e codec,
    const u_char *data, size_t len)
{
    luaL_checkstack(L, LUA_MINSTACK, NULL);

    switch (codec) {

    case NGX_GAME_JSON:
        return ngx_game_codec_json_decode(L, data, len);

    case NGX_GAME_MSGPACK:
        return ngx_game_codec_msgpack_decode(L, data, len);

    default: /* NGX_GAME_RAW */
        lua_pushlstring(L, (const char *) data, len);
        return NGX_OK;
    }
}


void
ngx_game_codec_trim(void)
{
    ngx_game_codec_buffer_t  *buf;

    buf = &ngx_game_codec_buffer;

    if (buf->end - buf->start > NGX_GAME_CODEC_KEEP) {
        free(buf->start);
        ngx_memzero(buf, sizeof(ngx_game_codec_buffer_t));
    }
}


void
ngx_game_codec_buffer_grow(lua_State *L, size_t len)
{
    u_char                   *data;
    size_t                    used, need, size;
    ngx_game_codec_buffer_t  *buf;

    buf = &ngx_game_codec_buffer;

    used = buf->pos - buf->start;
    need = used + len;

    if (len > NGX_GAME_CODEC_SIZE_MAX || need > NGX_GAME_CODEC_SIZE_MAX) {
        (void) luaL_error(L, "a value is too large to be encoded");
    }

    size = ngx_max(need, 2 * (size_t) (buf->end - buf->start));
    size = ngx_max(size, NGX_GAME_CODEC_LEAST);
    size = ngx_min(size, NGX_GAME_CODEC_SIZE_MAX);

    data = realloc(buf->start, size);

    if (data == NULL) {
        (void) luaL_error(L, "no memory to encode a value");
    }

    buf->start = data;
    buf->pos = data + used;
    buf->end = data + size;
}
