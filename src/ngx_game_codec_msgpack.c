
/*
 * Copyright (C) ngx_game authors
 *
 * MessagePack by msgpack-c.  Decoding uses its unpacking template with
 * callbacks that build Lua values, so there is no tree of objects in between;
 * the input was checked by game_msgpack_check() before, which the template,
 * that believes all counts, relies on.
 */


#include "ngx_game.h"
#include "ngx_game_codec.h"
#include "ngx_game_codec_private.h"
#include "core/game_msgpack.h"
#include "core/game_utf8.h"

#include <msgpack.h>

#include <math.h>


/*
 * The parameters of msgpack-c's template.  Its values are the index of the
 * last item for an array, and nothing for all else: they are on the Lua stack.
 */

#define msgpack_unpack_struct(name)                                           \
    struct ngx_game_codec_unpack ## name

#define msgpack_unpack_func(ret, name)                                        \
    static ngx_inline ret ngx_game_codec_unpack ## name

#define msgpack_unpack_callback(name)                                         \
    ngx_game_codec_unpacked ## name

#define msgpack_unpack_object     int
#define msgpack_unpack_user       ngx_game_codec_unpack_user_t

#undef  MSGPACK_EMBED_STACK_SIZE
#define MSGPACK_EMBED_STACK_SIZE  NGX_GAME_CODEC_DEPTH


typedef lua_State  *ngx_game_codec_unpack_user_t;

static void ngx_game_codec_pack(ngx_game_codec_walk_t *walk,
    game_dump_type_e type, game_dump_value_t *v);
static void ngx_game_codec_pack_map(ngx_game_codec_walk_t *walk,
    game_dump_value_t *map, msgpack_packer *packer);
static void ngx_game_codec_pack_number(lua_State *L, double n,
    msgpack_packer *packer);
static void ngx_game_codec_pack_string(game_dump_value_t *v,
    msgpack_packer *packer);
static int ngx_game_codec_pack_write(void *data, const char *buf, size_t len);


#define ngx_game_codec_unpacked_as(name, type)                                \
                                                                              \
static ngx_inline int                                                         \
ngx_game_codec_unpacked ## name(lua_State **L, type n, int *value)            \
{                                                                             \
    *value = 0;                                                               \
    lua_pushnumber(*L, (lua_Number) n);                                       \
    return 0;                                                                 \
}

ngx_game_codec_unpacked_as(_uint8, uint8_t)
ngx_game_codec_unpacked_as(_uint16, uint16_t)
ngx_game_codec_unpacked_as(_uint32, uint32_t)
ngx_game_codec_unpacked_as(_int8, int8_t)
ngx_game_codec_unpacked_as(_int16, int16_t)
ngx_game_codec_unpacked_as(_int32, int32_t)
ngx_game_codec_unpacked_as(_float, float)
ngx_game_codec_unpacked_as(_double, double)


/* what a double can't hold becomes a string of digits */
static int
ngx_game_codec_unpacked_uint64(lua_State **L, uint64_t n, int *value)
{
    u_char  *p;
    u_char   buf[NGX_INT64_LEN];

    *value = 0;

    if (n <= (uint64_t) NGX_GAME_CODEC_INT_MAX) {
        lua_pushnumber(*L, (lua_Number) n);
        return 0;
    }

    p = ngx_sprintf(buf, "%uL", n);
    lua_pushlstring(*L, (char *) buf, p - buf);

    return 0;
}


static int
ngx_game_codec_unpacked_int64(lua_State **L, int64_t n, int *value)
{
    u_char  *p;
    u_char   buf[NGX_INT64_LEN + 1];

    *value = 0;

    if (n <= (int64_t) NGX_GAME_CODEC_INT_MAX
        && n >= (int64_t) -NGX_GAME_CODEC_INT_MAX)
    {
        lua_pushnumber(*L, (lua_Number) n);
        return 0;
    }

    p = ngx_sprintf(buf, "%L", n);
    lua_pushlstring(*L, (char *) buf, p - buf);

    return 0;
}


/* game.null; at the top it becomes nil */
static int
ngx_game_codec_unpacked_nil(lua_State **L, int *value)
{
    *value = 0;
    lua_pushlightuserdata(*L, NULL);

    return 0;
}


static int
ngx_game_codec_unpacked_true(lua_State **L, int *value)
{
    *value = 0;
    lua_pushboolean(*L, 1);

    return 0;
}


static int
ngx_game_codec_unpacked_false(lua_State **L, int *value)
{
    *value = 0;
    lua_pushboolean(*L, 0);

    return 0;
}


static int
ngx_game_codec_unpacked_str(lua_State **L, const char *base, const char *pos,
    unsigned int len, int *value)
{
    *value = 0;
    lua_pushlstring(*L, pos, len);

    return 0;
}


static int
ngx_game_codec_unpacked_bin(lua_State **L, const char *base, const char *pos,
    unsigned int len, int *value)
{
    return ngx_game_codec_unpacked_str(L, base, pos, len, value);
}


/* game_msgpack_check() has refused it */
static int
ngx_game_codec_unpacked_ext(lua_State **L, const char *base, const char *pos,
    unsigned int len, int *value)
{
    *value = 0;

    return MSGPACK_UNPACK_PARSE_ERROR;
}


/* so many values do follow, of a byte at least */
static int
ngx_game_codec_unpacked_array(lua_State **L, unsigned int n, int *last)
{
    *last = 0;
    lua_createtable(*L, n, 0);

    return 0;
}


static int
ngx_game_codec_unpacked_array_item(lua_State **L, int *last, int item)
{
    lua_rawseti(*L, -2, ++*last);

    return 0;
}


static int
ngx_game_codec_unpacked_map(lua_State **L, unsigned int n, int *value)
{
    *value = 0;
    lua_createtable(*L, 0, n);

    return 0;
}


static int
ngx_game_codec_unpacked_map_item(lua_State **L, int *map, int key, int value)
{
    lua_rawset(*L, -3);

    return 0;
}


static int
ngx_game_codec_unpacked_root(lua_State **L)
{
    return 0;
}


#include <msgpack/unpack_define.h>
#include <msgpack/unpack_template.h>


ngx_int_t
ngx_game_codec_msgpack_decode(lua_State *L, const u_char *data, size_t len)
{
    int                                    top;
    size_t                                 off;
    const char                            *err;
    struct ngx_game_codec_unpack_context   ctx;

    err = game_msgpack_check(data, len, NGX_GAME_CODEC_DEPTH);

    if (err) {
        lua_pushstring(L, err);
        return NGX_DECLINED;
    }

    top = lua_gettop(L);

    /* a table and a key for each level */
    luaL_checkstack(L, 2 * NGX_GAME_CODEC_DEPTH + LUA_MINSTACK, NULL);

    ctx.user = L;
    ngx_game_codec_unpack_init(&ctx);
    off = 0;

    if (ngx_game_codec_unpack_execute(&ctx, (const char *) data, len, &off)
        != 1 || off != len)
    {
        lua_settop(L, top);
        lua_pushliteral(L, "the value can't be decoded");
        return NGX_DECLINED;
    }

    if (lua_islightuserdata(L, -1)) {
        lua_pop(L, 1);
        lua_pushnil(L);
    }

    return NGX_OK;
}


void
ngx_game_codec_msgpack_encode(lua_State *L, int index, ngx_str_t *out)
{
    ngx_game_codec_walk(L, index, ngx_game_codec_pack);

    ngx_game_codec_buffer_get(out);
}


static void
ngx_game_codec_pack(ngx_game_codec_walk_t *walk, game_dump_type_e type,
    game_dump_value_t *v)
{
    msgpack_packer  packer;

    msgpack_packer_init(&packer, walk->L, ngx_game_codec_pack_write);

    switch (type) {

    case GAME_DUMP_NIL:
        (void) msgpack_pack_nil(&packer);
        break;

    case GAME_DUMP_FALSE:
        (void) msgpack_pack_false(&packer);
        break;

    case GAME_DUMP_TRUE:
        (void) msgpack_pack_true(&packer);
        break;

    case GAME_DUMP_NUMBER:
        ngx_game_codec_pack_number(walk->L, v->number, &packer);
        break;

    case GAME_DUMP_STRING:
        ngx_game_codec_pack_string(v, &packer);
        break;

    case GAME_DUMP_ARRAY:
        (void) msgpack_pack_array(&packer, v->n);
        ngx_game_codec_walk_array(walk, v);
        break;

    default: /* GAME_DUMP_MAP */
        ngx_game_codec_pack_map(walk, v, &packer);
        break;
    }
}


static void
ngx_game_codec_pack_map(ngx_game_codec_walk_t *walk, game_dump_value_t *map,
    msgpack_packer *packer)
{
    game_dump_type_e   type;
    game_dump_value_t  key;

    (void) msgpack_pack_map(packer, map->n);

    for ( ;; ) {
        type = ngx_game_codec_walk_key(walk, map, &key);

        if (type == GAME_DUMP_NIL) {
            return;
        }

        ngx_game_codec_pack(walk, type, &key);
        (void) ngx_game_codec_walk_value(walk, ngx_game_codec_pack);
    }
}


static void
ngx_game_codec_pack_number(lua_State *L, double n, msgpack_packer *packer)
{
    if (!isfinite(n)) {
        (void) luaL_error(L, "a number can't be encoded: it is not finite");
    }

    if (fabs(n) <= NGX_GAME_CODEC_INT_MAX && n == floor(n)) {
        (void) msgpack_pack_int64(packer, (int64_t) n);

    } else {
        (void) msgpack_pack_double(packer, n);
    }
}


static void
ngx_game_codec_pack_string(game_dump_value_t *v, msgpack_packer *packer)
{
    if (game_utf8_valid(v->text, v->len)) {
        (void) msgpack_pack_str(packer, v->len);
        (void) msgpack_pack_str_body(packer, v->text, v->len);

    } else {
        (void) msgpack_pack_bin(packer, v->len);
        (void) msgpack_pack_bin_body(packer, v->text, v->len);
    }
}


/* it raises an error where it fails, so that results need no check */
static int
ngx_game_codec_pack_write(void *data, const char *buf, size_t len)
{
    ngx_game_codec_buffer_add(data, buf, len);

    return 0;
}
