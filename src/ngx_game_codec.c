
/*
 * Copyright (C) ngx_game authors
 *
 * What the codecs share: the choice of one, how a table is classed, and the
 * buffer of the worker.  The buffer is outside of the VM's quota, so it has a
 * bound of its own, and does not stay large from turn to turn.
 */


#include "ngx_game.h"
#include "ngx_game_codec.h"
#include "ngx_game_codec_private.h"

#include <math.h>


/* bytes that the buffer may keep from turn to turn */
#define NGX_GAME_CODEC_KEEP   (256 * 1024)

/* the least that is allocated */
#define NGX_GAME_CODEC_LEAST  8192

/* an array may have gaps if it is short, or if at most half is missing */
#define NGX_GAME_CODEC_SHORT  10


/* game.empty_array, a pointer that is the same in all workers, whatever .so
 * they run */
#define NGX_GAME_CODEC_EMPTY  ((void *) 1)


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


/* keys are strings and integers; an index is an integer from 1 on */
void
ngx_game_codec_table_step(lua_State *L, ngx_game_codec_table_t *t)
{
    lua_Number  n;

    t->pairs++;

    switch (lua_type(L, -2)) {

    case LUA_TSTRING:
        t->map = 1;
        return;

    case LUA_TNUMBER:
        n = lua_tonumber(L, -2);

        if (floor(n) == n && fabs(n) <= NGX_GAME_CODEC_INT_MAX) {
            break;
        }

        /* fall through */

    default:
        (void) luaL_error(L, "a key of a table can't be encoded: it is "
                          "neither a string nor an integer");
        return;
    }

    if (n < 1) {
        t->map = 1;

    } else if (n > t->last) {
        t->last = (size_t) n;
    }
}


ngx_uint_t
ngx_game_codec_table_is_array(lua_State *L, ngx_game_codec_table_t *t)
{
    if (t->map || t->pairs == 0) {
        return 0;
    }

    if (t->last > NGX_GAME_CODEC_SHORT && t->last > 2 * t->pairs) {
        (void) luaL_error(L, "a table can't be encoded: more than half of its "
                          "indices from 1 to %d are missing",
                          (int) ngx_min(t->last, 0x7fffffff));
    }

    return 1;
}


void
ngx_game_codec_refuse(lua_State *L, ngx_uint_t depth)
{
    const char  *type;

    type = luaL_typename(L, -1);

    if (depth && lua_type(L, -2) == LUA_TSTRING) {
        (void) luaL_error(L, "a %s can't be encoded (\"%s\")", type,
                          lua_tostring(L, -2));
    }

    (void) luaL_error(L, "a %s can't be encoded", type);
}


ngx_uint_t
ngx_game_codec_is_empty_array(lua_State *L, int index)
{
    return lua_touserdata(L, index) == NGX_GAME_CODEC_EMPTY;
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
