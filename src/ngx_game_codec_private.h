
/*
 * Copyright (C) ngx_game authors
 *
 * What the codecs share: the walk through a value, and the worker's buffer.
 */


#ifndef _NGX_GAME_CODEC_PRIVATE_H_INCLUDED_
#define _NGX_GAME_CODEC_PRIVATE_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_codec.h"
#include "core/game_dump.h"


/* game.empty_array, a pointer that is the same in all workers, whatever .so
 * they run */
#define NGX_GAME_CODEC_EMPTY     ((void *) 1)

/* integers up to here are exact in a double */
#define NGX_GAME_CODEC_INT_MAX   9007199254740992.0

/* bytes of encoded text, about: the size of a value that has parts in common
 * can be exponential in its depth */
#define NGX_GAME_CODEC_SIZE_MAX  (48 * 1024 * 1024)


typedef struct ngx_game_codec_walk_s  ngx_game_codec_walk_t;

/* encodes a value that was read, with all that is in it */
typedef void (*ngx_game_codec_emit_pt)(ngx_game_codec_walk_t *walk,
    game_dump_type_e type, game_dump_value_t *v);


/* through a value that is encoded */
struct ngx_game_codec_walk_s {
    lua_State                 *L;
    int                        index;         /* where the value is */
    ngx_game_codec_emit_pt     emit;
    game_dump_t                dump;          /* what LuaJIT wrote of it */
    ngx_uint_t                 depth;
    ngx_uint_t                 steps;
};


/* values, or bytes that tables are classed by, between two looks at the
 * clock */
#define NGX_GAME_CODEC_POLL  4096


/* emits the value at the index into the worker's buffer, which is empty then;
 * raises an error for what no codec can encode, as the others here do */
void ngx_game_codec_walk(lua_State *L, int index, ngx_game_codec_emit_pt emit);

/* checks what was read, and emits it if a codec can encode it */
void ngx_game_codec_walk_emit(ngx_game_codec_walk_t *walk,
    game_dump_type_e type, game_dump_value_t *v);

/* emits the values of an array, GAME_DUMP_NIL for one that is missing */
void ngx_game_codec_walk_array(ngx_game_codec_walk_t *walk,
    game_dump_value_t *array);

/* raises the error for what is wrong with a table of n values, or the value */
void ngx_game_codec_walk_fail(ngx_game_codec_walk_t *walk,
    game_dump_type_e type, size_t n);


/* the next value; emit is walk->emit, for the compiler to see */

static ngx_inline game_dump_type_e
ngx_game_codec_walk_value(ngx_game_codec_walk_t *walk,
    ngx_game_codec_emit_pt emit)
{
    game_dump_type_e   type;
    game_dump_value_t  v;

    type = game_dump_next(&walk->dump, &v);

    if ((type == GAME_DUMP_STRING || type == GAME_DUMP_NUMBER)
        && ++walk->steps < NGX_GAME_CODEC_POLL)
    {
        emit(walk, type, &v);

    } else {
        ngx_game_codec_walk_emit(walk, type, &v);
    }

    return type;
}


/* the next key of a map, whose value is to be emitted next; or GAME_DUMP_NIL
 * behind the last one */

static ngx_inline game_dump_type_e
ngx_game_codec_walk_key(ngx_game_codec_walk_t *walk, game_dump_value_t *map,
    game_dump_value_t *key)
{
    game_dump_type_e  type;

    type = game_dump_key(&walk->dump, map, key);

    if (type > GAME_DUMP_OTHER) {
        ngx_game_codec_walk_fail(walk, type, 0);
    }

    return type;
}


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


/* the value at the index as LuaJIT writes it, valid until the next dump;
 * raises an error if it can't be */
void ngx_game_codec_dump_value(lua_State *L, int index, game_dump_t *dump);

/* raises an error that names the first part of the value on top of the stack
 * which LuaJIT can't dump, or else, where wire is set, a client can't be sent;
 * returns if there is none */
void ngx_game_codec_explain(lua_State *L, ngx_uint_t wire);

void ngx_game_codec_state_open(lua_State *L);
void ngx_game_codec_json_open(lua_State *L);
void ngx_game_codec_json_encode(lua_State *L, int index, ngx_str_t *out);
ngx_int_t ngx_game_codec_json_decode(lua_State *L, const u_char *data,
    size_t len);

void ngx_game_codec_msgpack_encode(lua_State *L, int index, ngx_str_t *out);
ngx_int_t ngx_game_codec_msgpack_decode(lua_State *L, const u_char *data,
    size_t len);


#endif /* _NGX_GAME_CODEC_PRIVATE_H_INCLUDED_ */
