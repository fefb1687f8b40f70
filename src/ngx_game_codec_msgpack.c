
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
#include "ngx_game_watchdog.h"
#include "core/game_msgpack.h"
#include "core/game_utf8.h"

#include <msgpack.h>

#include <math.h>


/* values between two looks at the clock */
#define NGX_GAME_CODEC_MSGPACK_POLL  4096


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

typedef struct {
    lua_State                 *L;
    msgpack_packer             packer;
    ngx_uint_t                 depth;
    ngx_uint_t                 steps;
} ngx_game_codec_pack_t;


static void ngx_game_codec_pack(ngx_game_codec_pack_t *ctx);
static void ngx_game_codec_pack_table(ngx_game_codec_pack_t *ctx);
static void ngx_game_codec_pack_array(ngx_game_codec_pack_t *ctx, size_t n);
static void ngx_game_codec_pack_map(ngx_game_codec_pack_t *ctx, size_t n);
static void ngx_game_codec_pack_number(ngx_game_codec_pack_t *ctx);
static void ngx_game_codec_pack_string(ngx_game_codec_pack_t *ctx);
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
    ngx_game_codec_pack_t  ctx;

    luaL_checkstack(L, 4 * NGX_GAME_CODEC_DEPTH + LUA_MINSTACK, NULL);

    ctx.L = L;
    ctx.depth = 0;
    ctx.steps = 0;

    msgpack_packer_init(&ctx.packer, L, ngx_game_codec_pack_write);
    ngx_game_codec_buffer_reset();

    lua_pushvalue(L, index);
    ngx_game_codec_pack(&ctx);
    lua_pop(L, 1);

    ngx_game_codec_buffer_get(out);
}


/* the value on top of the stack */
static void
ngx_game_codec_pack(ngx_game_codec_pack_t *ctx)
{
    lua_State  *L;

    L = ctx->L;

    if (++ctx->steps % NGX_GAME_CODEC_MSGPACK_POLL == 0) {
        ngx_game_watchdog_poll(L);
    }

    switch (lua_type(L, -1)) {

    case LUA_TNIL:
        (void) msgpack_pack_nil(&ctx->packer);
        break;

    case LUA_TBOOLEAN:
        (void) (lua_toboolean(L, -1) ? msgpack_pack_true(&ctx->packer)
                                     : msgpack_pack_false(&ctx->packer));
        break;

    case LUA_TNUMBER:
        ngx_game_codec_pack_number(ctx);
        break;

    case LUA_TSTRING:
        ngx_game_codec_pack_string(ctx);
        break;

    case LUA_TTABLE:
        ngx_game_codec_pack_table(ctx);
        break;

    case LUA_TLIGHTUSERDATA:

        if (lua_touserdata(L, -1) == NULL) {
            (void) msgpack_pack_nil(&ctx->packer);
            break;
        }

        if (ngx_game_codec_is_empty_array(L, -1)) {
            (void) msgpack_pack_array(&ctx->packer, 0);
            break;
        }

        /* fall through */

    default:
        ngx_game_codec_refuse(L, ctx->depth);
        break;
    }
}


static void
ngx_game_codec_pack_table(ngx_game_codec_pack_t *ctx)
{
    lua_State              *L;
    ngx_game_codec_table_t  t;

    L = ctx->L;

    if (++ctx->depth > NGX_GAME_CODEC_DEPTH) {
        (void) luaL_error(L, "a table can't be encoded: tables are nested "
                          "deeper than %d", NGX_GAME_CODEC_DEPTH);
    }

    ngx_memzero(&t, sizeof(ngx_game_codec_table_t));

    lua_pushnil(L);

    while (lua_next(L, -2)) {
        ngx_game_codec_table_step(L, &t);
        lua_pop(L, 1);
    }

    if (ngx_game_codec_table_is_array(L, &t)) {
        ngx_game_codec_pack_array(ctx, t.last);

    } else {
        ngx_game_codec_pack_map(ctx, t.pairs);
    }

    ctx->depth--;
}


static void
ngx_game_codec_pack_array(ngx_game_codec_pack_t *ctx, size_t n)
{
    size_t  i;

    (void) msgpack_pack_array(&ctx->packer, n);

    for (i = 1; i <= n; i++) {
        lua_rawgeti(ctx->L, -1, (int) i);
        ngx_game_codec_pack(ctx);
        lua_pop(ctx->L, 1);
    }
}


static void
ngx_game_codec_pack_map(ngx_game_codec_pack_t *ctx, size_t n)
{
    lua_State  *L;

    L = ctx->L;

    (void) msgpack_pack_map(&ctx->packer, n);

    lua_pushnil(L);

    while (lua_next(L, -2)) {
        lua_pushvalue(L, -2);
        ngx_game_codec_pack(ctx);
        lua_pop(L, 1);

        ngx_game_codec_pack(ctx);
        lua_pop(L, 1);
    }
}


static void
ngx_game_codec_pack_number(ngx_game_codec_pack_t *ctx)
{
    lua_Number  n;

    n = lua_tonumber(ctx->L, -1);

    if (!isfinite(n)) {
        (void) luaL_error(ctx->L, "a number can't be encoded: it is not "
                          "finite");
    }

    if (fabs(n) <= NGX_GAME_CODEC_INT_MAX && n == floor(n)) {
        (void) msgpack_pack_int64(&ctx->packer, (int64_t) n);

    } else {
        (void) msgpack_pack_double(&ctx->packer, n);
    }
}


static void
ngx_game_codec_pack_string(ngx_game_codec_pack_t *ctx)
{
    size_t       len;
    const char  *text;

    text = lua_tolstring(ctx->L, -1, &len);

    if (game_utf8_valid((const u_char *) text, len)) {
        (void) msgpack_pack_str(&ctx->packer, len);
        (void) msgpack_pack_str_body(&ctx->packer, text, len);

    } else {
        (void) msgpack_pack_bin(&ctx->packer, len);
        (void) msgpack_pack_bin_body(&ctx->packer, text, len);
    }
}


/* it raises an error where it fails, so that results need no check */
static int
ngx_game_codec_pack_write(void *data, const char *buf, size_t len)
{
    ngx_game_codec_buffer_add(data, buf, len);

    return 0;
}
