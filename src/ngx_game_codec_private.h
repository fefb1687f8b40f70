
/*
 * Copyright (C) ngx_game authors
 *
 * What the codecs share: how a table is classed, and the worker's buffer.
 */


#ifndef _NGX_GAME_CODEC_PRIVATE_H_INCLUDED_
#define _NGX_GAME_CODEC_PRIVATE_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_codec.h"


/* integers up to here are exact in a double */
#define NGX_GAME_CODEC_INT_MAX   9007199254740992.0

/* bytes of encoded text, about: the size of a value that has parts in common
 * can be exponential in its depth */
#define NGX_GAME_CODEC_SIZE_MAX  (48 * 1024 * 1024)


/* a table as it is looked at: zeroed, then one step per pair */
typedef struct {
    size_t                     pairs;
    size_t                     last;          /* the highest index */
    unsigned                   map:1;         /* has a key that is no index */
} ngx_game_codec_table_t;


/* counts the pair whose key and value are on top of the stack */
void ngx_game_codec_table_step(lua_State *L, ngx_game_codec_table_t *t);

/* after all pairs: 1: an array of `last` values, 0: a map of `pairs` */
ngx_uint_t ngx_game_codec_table_is_array(lua_State *L,
    ngx_game_codec_table_t *t);

/* raises an error for the value on top of the stack; its key is below it if
 * it is in a table */
void ngx_game_codec_refuse(lua_State *L, ngx_uint_t depth);

/* whether the value is game.empty_array, as a light userdata */
ngx_uint_t ngx_game_codec_is_empty_array(lua_State *L, int index);

/* the worker's buffer */
typedef struct {
    u_char                    *start;
    u_char                    *pos;
    u_char                    *end;
} ngx_game_codec_buffer_t;


extern ngx_game_codec_buffer_t  ngx_game_codec_buffer;


/* makes room for so many bytes; raises an error if there is no memory, or too
 * much in it */
void ngx_game_codec_buffer_grow(lua_State *L, size_t len);


static ngx_inline void
ngx_game_codec_buffer_reset(void)
{
    ngx_game_codec_buffer.pos = ngx_game_codec_buffer.start;
}


/* room for so many bytes behind what is there, to be written and advanced by
 * as many as were; an error as above.  What was reserved before, but not
 * advanced by, is still there */

static ngx_inline u_char *
ngx_game_codec_buffer_reserve(lua_State *L, size_t len)
{
    if ((size_t) (ngx_game_codec_buffer.end - ngx_game_codec_buffer.pos) < len)
    {
        ngx_game_codec_buffer_grow(L, len);
    }

    return ngx_game_codec_buffer.pos;
}


static ngx_inline void
ngx_game_codec_buffer_advance(size_t len)
{
    ngx_game_codec_buffer.pos += len;
}


static ngx_inline void
ngx_game_codec_buffer_add(lua_State *L, const void *data, size_t len)
{
    ngx_memcpy(ngx_game_codec_buffer_reserve(L, len), data, len);
    ngx_game_codec_buffer_advance(len);
}


static ngx_inline void
ngx_game_codec_buffer_get(ngx_str_t *out)
{
    out->data = ngx_game_codec_buffer.start;
    out->len = ngx_game_codec_buffer.pos - ngx_game_codec_buffer.start;
}


void ngx_game_codec_state_open(lua_State *L);
void ngx_game_codec_json_open(lua_State *L);
void ngx_game_codec_json_encode(lua_State *L, int index, ngx_str_t *out);
ngx_int_t ngx_game_codec_json_decode(lua_State *L, const u_char *data,
    size_t len);

void ngx_game_codec_msgpack_encode(lua_State *L, int index, ngx_str_t *out);
ngx_int_t ngx_game_codec_msgpack_decode(lua_State *L, const u_char *data,
    size_t len);


#endif /* _NGX_GAME_CODEC_PRIVATE_H_INCLUDED_ */
