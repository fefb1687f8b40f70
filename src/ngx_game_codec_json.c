
/*
 * Copyright (C) ngx_game authors
 *
 * JSON.  Decoding is lua-cjson's, with an instance of its own, so that no
 * other module changes its settings; what it takes though it is no JSON is
 * refused before.
 *
 * Encoding is done here, into the worker's buffer.  It is the dearest part of
 * a tick, and lua-cjson's takes three times as long (docs/performance.md); it
 * can't be interrupted either, exits the process where memory ends, rounds
 * integers to 14 digits and has, in Debian 12, no empty array.
 */


#include "ngx_game.h"
#include "ngx_game_codec.h"
#include "ngx_game_codec_private.h"
#include "ngx_game_vm.h"
#include "ngx_game_watchdog.h"
#include "core/game_json.h"
#include "core/game_number.h"
#include "core/game_utf8.h"

#include <math.h>


/* values between two looks at the clock */
#define NGX_GAME_CODEC_JSON_POLL     4096

/* bytes of a character that is escaped */
#define NGX_GAME_CODEC_JSON_ESCAPED  6

/*
 * What decoding takes of the VM's memory at most: for a byte of the text, and
 * in particular for a table or another value.
 */
#define NGX_GAME_CODEC_JSON_PER_BYTE   40
#define NGX_GAME_CODEC_JSON_PER_VALUE  160


typedef struct {
    lua_State                 *L;
    ngx_uint_t                 depth;
    ngx_uint_t                 steps;
} ngx_game_codec_json_t;


static void ngx_game_codec_json_value(ngx_game_codec_json_t *ctx);
static void ngx_game_codec_json_table(ngx_game_codec_json_t *ctx);
static ngx_uint_t ngx_game_codec_json_is_array(lua_State *L, size_t *n);
static void ngx_game_codec_json_array(ngx_game_codec_json_t *ctx, size_t n);
static void ngx_game_codec_json_map(ngx_game_codec_json_t *ctx);
static void ngx_game_codec_json_key(ngx_game_codec_json_t *ctx);
static void ngx_game_codec_json_number(lua_State *L, lua_Number n);
static void ngx_game_codec_json_string(lua_State *L, int index);
static u_char *ngx_game_codec_json_escape(u_char *p, u_char c);
static void ngx_game_codec_json_reserve(lua_State *L, const u_char *data,
    size_t len);


/* the key of cjson's function in the registry */
static char  ngx_game_codec_json_decode_key;


void
ngx_game_codec_json_open(lua_State *L)
{
    lua_getglobal(L, "require");
    lua_pushliteral(L, "cjson");
    lua_call(L, 1, 1);

    lua_getfield(L, -1, "new");
    lua_call(L, 0, 1);
    lua_replace(L, -2);

    lua_getfield(L, -1, "decode_max_depth");
    lua_pushinteger(L, NGX_GAME_CODEC_DEPTH);
    lua_call(L, 1, 0);

    lua_getfield(L, -1, "decode_invalid_numbers");
    lua_pushboolean(L, 0);
    lua_call(L, 1, 0);

    lua_pushlightuserdata(L, &ngx_game_codec_json_decode_key);
    lua_getfield(L, -2, "decode");
    lua_rawset(L, LUA_REGISTRYINDEX);

    lua_pop(L, 1);
}


void
ngx_game_codec_json_encode(lua_State *L, int index, ngx_str_t *out)
{
    ngx_game_codec_json_t   ctx;

    luaL_checkstack(L, 4 * NGX_GAME_CODEC_DEPTH + LUA_MINSTACK, NULL);

    ctx.L = L;
    ctx.depth = 0;
    ctx.steps = 0;

    ngx_game_codec_buffer_reset();

    lua_pushvalue(L, index);
    ngx_game_codec_json_value(&ctx);
    lua_pop(L, 1);

    ngx_game_codec_buffer_get(out);

    if (!game_utf8_valid(out->data, out->len)) {
        (void) luaL_error(L, "a string can't be encoded in JSON: it is not "
                          "valid UTF-8");
    }
}


/* the value on top of the stack */
static void
ngx_game_codec_json_value(ngx_game_codec_json_t *ctx)
{
    lua_State  *L;

    L = ctx->L;

    if (++ctx->steps % NGX_GAME_CODEC_JSON_POLL == 0) {
        ngx_game_watchdog_poll(L);
    }

    switch (lua_type(L, -1)) {

    case LUA_TNIL:
        ngx_game_codec_buffer_add(L, "null", 4);
        return;

    case LUA_TBOOLEAN:

        if (lua_toboolean(L, -1)) {
            ngx_game_codec_buffer_add(L, "true", 4);

        } else {
            ngx_game_codec_buffer_add(L, "false", 5);
        }

        return;

    case LUA_TNUMBER:
        ngx_game_codec_json_number(L, lua_tonumber(L, -1));
        return;

    case LUA_TSTRING:
        ngx_game_codec_json_string(L, -1);
        return;

    case LUA_TTABLE:
        ngx_game_codec_json_table(ctx);
        return;

    case LUA_TLIGHTUSERDATA:

        if (lua_touserdata(L, -1) == NULL) {
            ngx_game_codec_buffer_add(L, "null", 4);
            return;
        }

        if (ngx_game_codec_is_empty_array(L, -1)) {
            ngx_game_codec_buffer_add(L, "[]", 2);
            return;
        }

        /* fall through */

    default:
        ngx_game_codec_refuse(L, ctx->depth);
        return;
    }
}


/* a table with a string for a key is a map: if that is the first one, which is
 * usual, the others need not be looked at */
static void
ngx_game_codec_json_table(ngx_game_codec_json_t *ctx)
{
    size_t      n;
    lua_State  *L;

    L = ctx->L;

    if (++ctx->depth > NGX_GAME_CODEC_DEPTH) {
        (void) luaL_error(L, "a table can't be encoded: tables are nested "
                          "deeper than %d", NGX_GAME_CODEC_DEPTH);
    }

    lua_pushnil(L);

    if (!lua_next(L, -2)) {
        ngx_game_codec_buffer_add(L, "{}", 2);

    } else if (lua_type(L, -2) == LUA_TSTRING) {
        ngx_game_codec_json_map(ctx);

    } else if (ngx_game_codec_json_is_array(L, &n)) {
        lua_pop(L, 2);
        ngx_game_codec_json_array(ctx, n);

    } else {
        ngx_game_codec_json_map(ctx);
    }

    ctx->depth--;
}


/* the first pair is on top of the stack, and stays there */
static ngx_uint_t
ngx_game_codec_json_is_array(lua_State *L, size_t *n)
{
    ngx_game_codec_table_t  t;

    ngx_memzero(&t, sizeof(ngx_game_codec_table_t));

    lua_pushvalue(L, -2);
    lua_pushvalue(L, -2);

    do {
        ngx_game_codec_table_step(L, &t);
        lua_pop(L, 1);
    } while (lua_next(L, -4));

    *n = t.last;

    return ngx_game_codec_table_is_array(L, &t);
}


static void
ngx_game_codec_json_array(ngx_game_codec_json_t *ctx, size_t n)
{
    size_t  i;

    for (i = 1; i <= n; i++) {
        ngx_game_codec_buffer_add(ctx->L, i == 1 ? "[" : ",", 1);

        lua_rawgeti(ctx->L, -1, (int) i);
        ngx_game_codec_json_value(ctx);
        lua_pop(ctx->L, 1);
    }

    ngx_game_codec_buffer_add(ctx->L, "]", 1);
}


/* the first pair is on top of the stack, the table below it */
static void
ngx_game_codec_json_map(ngx_game_codec_json_t *ctx)
{
    char        separator;
    lua_State  *L;

    L = ctx->L;
    separator = '{';

    do {
        *ngx_game_codec_buffer_reserve(L, 1) = separator;
        ngx_game_codec_buffer_advance(1);
        separator = ',';

        ngx_game_codec_json_key(ctx);
        ngx_game_codec_json_value(ctx);
        lua_pop(L, 1);
    } while (lua_next(L, -2));

    ngx_game_codec_buffer_add(L, "}", 1);
}


/* the key below the value that is on top of the stack */
static void
ngx_game_codec_json_key(ngx_game_codec_json_t *ctx)
{
    lua_State               *L;
    ngx_game_codec_table_t   t;

    L = ctx->L;

    if (lua_type(L, -2) == LUA_TSTRING) {
        ngx_game_codec_json_string(L, -2);

    } else {
        ngx_memzero(&t, sizeof(ngx_game_codec_table_t));
        ngx_game_codec_table_step(L, &t);

        ngx_game_codec_buffer_add(L, "\"", 1);
        ngx_game_codec_json_number(L, lua_tonumber(L, -2));
        ngx_game_codec_buffer_add(L, "\"", 1);
    }

    ngx_game_codec_buffer_add(L, ":", 1);
}


static void
ngx_game_codec_json_number(lua_State *L, lua_Number n)
{
    size_t   len;
    u_char  *p;

    if (!isfinite(n)) {
        (void) luaL_error(L, "a number can't be encoded: it is not finite");
    }

    p = ngx_game_codec_buffer_reserve(L, GAME_NUMBER_MAX);
    len = game_number_format((char *) p, n);
    ngx_game_codec_buffer_advance(len);
}


static void
ngx_game_codec_json_string(lua_State *L, int index)
{
    size_t         i, len, plain;
    u_char        *p;
    const u_char  *text;

    text = (const u_char *) lua_tolstring(L, index, &len);

    /* most have nothing to escape */

    p = ngx_game_codec_buffer_reserve(L, len + 2);
    *p++ = '"';

    plain = game_json_plain(p, text, len);

    if (plain < len) {
        p = ngx_game_codec_buffer_reserve(L, plain + 2
                                          + (len - plain)
                                            * NGX_GAME_CODEC_JSON_ESCAPED);
        p++;
    }

    p += plain;

    for (i = plain; i < len; i++) {
        p = ngx_game_codec_json_escape(p, text[i]);
    }

    *p++ = '"';
    ngx_game_codec_buffer_advance(p - ngx_game_codec_buffer.pos);
}


/* RFC 8259, 7 */
static u_char *
ngx_game_codec_json_escape(u_char *p, u_char c)
{
    static const u_char  letters[] = "btn\0fr";

    if (c >= 0x20 && c != '"' && c != '\\') {
        *p++ = c;
        return p;
    }

    *p++ = '\\';

    if (c >= 0x20) {
        *p++ = c;

    } else if (c >= '\b' && c <= '\r' && c != '\v') {
        *p++ = letters[c - '\b'];

    } else {
        p = ngx_sprintf(p, "u%04xd", (int) c);
    }

    return p;
}


ngx_int_t
ngx_game_codec_json_decode(lua_State *L, const u_char *data, size_t len)
{
    int          rc;
    const char  *err;

    err = game_json_check(data, len);

    if (err) {
        lua_pushstring(L, err);
        return NGX_DECLINED;
    }

    ngx_game_codec_json_reserve(L, data, len);

    lua_pushlightuserdata(L, &ngx_game_codec_json_decode_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    lua_pushlstring(L, (const char *) data, len);

    rc = lua_pcall(L, 1, 1, 0);

    if (rc != 0) {

        /* it is cjson's, if it is not of the memory or of the watchdog */

        if (rc != LUA_ERRRUN) {
            return lua_error(L);
        }

        ngx_game_watchdog_poll(L);

        return NGX_DECLINED;
    }

    if (lua_islightuserdata(L, -1) && lua_touserdata(L, -1) == NULL) {
        lua_pop(L, 1);
        lua_pushnil(L);
    }

    return NGX_OK;
}


/*
 * cjson does not free the buffer that it decodes with when the VM runs out of
 * memory.  So where that could happen, it is made to happen before.
 */
static void
ngx_game_codec_json_reserve(lua_State *L, const u_char *data, size_t len)
{
    size_t  i, left, need;

    left = ngx_game_vm_left(L);

    need = 4096 + NGX_GAME_CODEC_JSON_PER_BYTE * len;

    if (need <= left) {
        return;
    }

    need = 4096 + 2 * len;

    for (i = 0; i < len; i++) {
        if (data[i] == '[' || data[i] == '{' || data[i] == ',') {
            need += NGX_GAME_CODEC_JSON_PER_VALUE;
        }
    }

    if (need > left) {
        (void) lua_newuserdata(L, need);
        lua_pop(L, 1);
    }
}
