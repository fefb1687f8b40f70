
/*
 * Copyright (C) ngx_game authors
 *
 * JSON by lua-cjson, with an instance of its own, so that no other module
 * changes its settings.  Before it encodes, the value is surveyed: cjson can't
 * be interrupted and exits without memory, so what is too large must not reach
 * it.  What cjson can't write, integers of more than 14 digits and, in its
 * older versions, an empty array, is first replaced by strings that begin with
 * a secret, and then they by what they stand for.  What cjson takes though it
 * is no JSON is refused before it decodes.
 */


#include "ngx_game.h"
#include "ngx_game_codec.h"
#include "ngx_game_codec_private.h"
#include "ngx_game_vm.h"
#include "ngx_game_watchdog.h"
#include "core/game_json.h"
#include "core/game_utf8.h"

#include <math.h>
#include <sys/random.h>


/* numbers have so many digits in JSON; more would show 0.1 as
 * 0.10000000000000001 */
#define NGX_GAME_CODEC_JSON_DIGITS   14
#define NGX_GAME_CODEC_JSON_INT_MAX  100000000000000.0

/* bytes of a text that may stay in the VM, and of cjson's buffer */
#define NGX_GAME_CODEC_JSON_KEEP     (256 * 1024)

/* values between two looks at the clock */
#define NGX_GAME_CODEC_JSON_POLL     4096

/* hexadecimal digits of the secret */
#define NGX_GAME_CODEC_JSON_SECRET   32

/*
 * What decoding takes of the VM's memory at most: for a byte of the text, and
 * in particular for a table or another value.
 */
#define NGX_GAME_CODEC_JSON_PER_BYTE   40
#define NGX_GAME_CODEC_JSON_PER_VALUE  160


typedef struct {
    lua_State                 *L;
    size_t                     size;          /* bytes of text, about */
    ngx_uint_t                 depth;
    ngx_uint_t                 steps;
    ngx_uint_t                 special;       /* something must be replaced */
} ngx_game_codec_json_t;


typedef struct {
    const char                *name;
    enum {
        NGX_GAME_CODEC_JSON_FALSE = 0,
        NGX_GAME_CODEC_JSON_TRUE,
        NGX_GAME_CODEC_JSON_NUMBER
    }                          type;
    int                        value;
} ngx_game_codec_json_setting_t;


static void ngx_game_codec_json_function(lua_State *L, const char *name,
    void *key);
static void ngx_game_codec_json_survey(ngx_game_codec_json_t *ctx);
static void ngx_game_codec_json_survey_table(ngx_game_codec_json_t *ctx);
static void ngx_game_codec_json_survey_number(ngx_game_codec_json_t *ctx,
    lua_Number n);
static ngx_uint_t ngx_game_codec_json_is_long(lua_Number n);
static void ngx_game_codec_json_copy(lua_State *L);
static void ngx_game_codec_json_copy_table(lua_State *L);
static void ngx_game_codec_json_move(lua_State *L, ngx_str_t *text);
static void ngx_game_codec_json_keep(lua_State *L, int keep);
static void ngx_game_codec_json_reserve(lua_State *L, const u_char *data,
    size_t len);


/* the functions not in all versions of cjson are skipped where they are not */
static const ngx_game_codec_json_setting_t  ngx_game_codec_json_settings[] = {
    { "encode_max_depth", NGX_GAME_CODEC_JSON_NUMBER, NGX_GAME_CODEC_DEPTH },
    { "decode_max_depth", NGX_GAME_CODEC_JSON_NUMBER, NGX_GAME_CODEC_DEPTH },
    { "encode_number_precision", NGX_GAME_CODEC_JSON_NUMBER,
      NGX_GAME_CODEC_JSON_DIGITS },
    { "encode_invalid_numbers", NGX_GAME_CODEC_JSON_FALSE, 0 },
    { "decode_invalid_numbers", NGX_GAME_CODEC_JSON_FALSE, 0 },
    { "encode_sparse_array", NGX_GAME_CODEC_JSON_FALSE, 0 },
    { "encode_keep_buffer", NGX_GAME_CODEC_JSON_TRUE, 0 },
    { "encode_empty_table_as_object", NGX_GAME_CODEC_JSON_TRUE, 0 },
    { "encode_escape_forward_slash", NGX_GAME_CODEC_JSON_FALSE, 0 },
    { "decode_array_with_array_mt", NGX_GAME_CODEC_JSON_FALSE, 0 },
    { NULL, 0, 0 }
};


/* keys of the registry: cjson's functions, and the text that was encoded */
static char        ngx_game_codec_json_encode_key;
static char        ngx_game_codec_json_decode_key;
static char        ngx_game_codec_json_keep_key;
static char        ngx_game_codec_json_text_key;

static u_char      ngx_game_codec_json_secret[NGX_GAME_CODEC_JSON_SECRET];
static ngx_uint_t  ngx_game_codec_json_native;     /* cjson.empty_array */


void
ngx_game_codec_json_open(lua_State *L)
{
    u_char                                random[16];
    const ngx_game_codec_json_setting_t  *set;

    lua_getglobal(L, "require");
    lua_pushliteral(L, "cjson");
    lua_call(L, 1, 1);

    lua_getfield(L, -1, "new");
    lua_call(L, 0, 1);
    lua_replace(L, -2);

    for (set = ngx_game_codec_json_settings; set->name; set++) {
        lua_getfield(L, -1, set->name);

        if (lua_isnil(L, -1)) {
            lua_pop(L, 1);
            continue;
        }

        if (set->type == NGX_GAME_CODEC_JSON_NUMBER) {
            lua_pushinteger(L, set->value);

        } else {
            lua_pushboolean(L, set->type == NGX_GAME_CODEC_JSON_TRUE);
        }

        lua_call(L, 1, 0);
    }

    ngx_game_codec_json_function(L, "encode", &ngx_game_codec_json_encode_key);
    ngx_game_codec_json_function(L, "decode", &ngx_game_codec_json_decode_key);
    ngx_game_codec_json_function(L, "encode_keep_buffer",
                                 &ngx_game_codec_json_keep_key);

    /* game, cjson */

    lua_getfield(L, -1, "empty_array");

    ngx_game_codec_json_native = lua_islightuserdata(L, -1);

    if (ngx_game_codec_json_native) {
        lua_setfield(L, -3, "empty_array");

    } else {
        lua_pop(L, 1);
    }

    lua_pop(L, 1);

    if (getrandom(random, sizeof(random), 0) != sizeof(random)) {
        (void) luaL_error(L, "getrandom() failed");
    }

    (void) ngx_hex_dump(ngx_game_codec_json_secret, random, sizeof(random));
}


static void
ngx_game_codec_json_function(lua_State *L, const char *name, void *key)
{
    lua_pushlightuserdata(L, key);
    lua_getfield(L, -2, name);
    lua_rawset(L, LUA_REGISTRYINDEX);
}


void
ngx_game_codec_json_encode(lua_State *L, int index, ngx_str_t *out)
{
    uint32_t                state;
    ngx_game_codec_json_t   ctx;

    luaL_checkstack(L, 4 * NGX_GAME_CODEC_DEPTH + LUA_MINSTACK, NULL);

    ngx_memzero(&ctx, sizeof(ngx_game_codec_json_t));
    ctx.L = L;

    lua_pushlightuserdata(L, &ngx_game_codec_json_text_key);
    lua_pushlightuserdata(L, &ngx_game_codec_json_encode_key);
    lua_rawget(L, LUA_REGISTRYINDEX);

    lua_pushvalue(L, index);
    ngx_game_codec_json_survey(&ctx);

    if (ctx.special) {
        ngx_game_codec_json_copy(L);
        lua_replace(L, -2);
    }

    lua_call(L, 1, 1);

    out->data = (u_char *) lua_tolstring(L, -1, &out->len);
    state = GAME_UTF8_START;

    if (game_utf8_check(&state, out->data, out->len) != 0
        || state != GAME_UTF8_START)
    {
        (void) luaL_error(L, "a string can't be encoded in JSON: it is not "
                          "valid UTF-8");
    }

    if (out->len > NGX_GAME_CODEC_SIZE_MAX) {
        (void) luaL_error(L, "a value is too large to be encoded");
    }

    if (ctx.special || out->len > NGX_GAME_CODEC_JSON_KEEP) {
        ngx_game_codec_json_move(L, out);
        lua_pop(L, 2);
        return;
    }

    /* the text lives in the registry, until the next one */
    lua_rawset(L, LUA_REGISTRYINDEX);
}


/* the value on top of the stack: raises an error for what can't be encoded */
static void
ngx_game_codec_json_survey(ngx_game_codec_json_t *ctx)
{
    lua_State  *L;

    L = ctx->L;

    if (++ctx->steps % NGX_GAME_CODEC_JSON_POLL == 0) {
        ngx_game_watchdog_poll(L);
    }

    ctx->size += 4;

    switch (lua_type(L, -1)) {

    case LUA_TSTRING:
        ctx->size += lua_objlen(L, -1);
        break;

    case LUA_TNUMBER:
        ngx_game_codec_json_survey_number(ctx, lua_tonumber(L, -1));
        break;

    case LUA_TTABLE:
        ngx_game_codec_json_survey_table(ctx);
        break;

    case LUA_TNIL:
    case LUA_TBOOLEAN:
        break;

    case LUA_TLIGHTUSERDATA:

        if (lua_touserdata(L, -1) == NULL) {
            break;
        }

        if (ngx_game_codec_is_empty_array(L, -1)) {
            ctx->special |= !ngx_game_codec_json_native;
            break;
        }

        /* fall through */

    default:
        ngx_game_codec_refuse(L, ctx->depth);
        break;
    }

    if (ctx->size > NGX_GAME_CODEC_SIZE_MAX) {
        (void) luaL_error(L, "a value is too large to be encoded");
    }
}


static void
ngx_game_codec_json_survey_table(ngx_game_codec_json_t *ctx)
{
    lua_State               *L;
    ngx_game_codec_table_t   t;

    L = ctx->L;

    if (++ctx->depth > NGX_GAME_CODEC_DEPTH) {
        (void) luaL_error(L, "a table can't be encoded: tables are nested "
                          "deeper than %d", NGX_GAME_CODEC_DEPTH);
    }

    ngx_memzero(&t, sizeof(ngx_game_codec_table_t));

    lua_pushnil(L);

    while (lua_next(L, -2)) {
        ngx_game_codec_table_step(L, &t);

        if (lua_type(L, -2) == LUA_TSTRING) {
            ctx->size += lua_objlen(L, -2);

        } else {
            ngx_game_codec_json_survey_number(ctx, lua_tonumber(L, -2));
        }

        ngx_game_codec_json_survey(ctx);
        lua_pop(L, 1);
    }

    (void) ngx_game_codec_table_is_array(L, &t);

    ctx->depth--;
}


static void
ngx_game_codec_json_survey_number(ngx_game_codec_json_t *ctx, lua_Number n)
{
    if (!isfinite(n)) {
        (void) luaL_error(ctx->L, "a number can't be encoded: it is not "
                          "finite");
    }

    ctx->size += 8;

    if (ngx_game_codec_json_is_long(n)) {
        ctx->special = 1;
    }
}


/* an integer that cjson would round */
static ngx_uint_t
ngx_game_codec_json_is_long(lua_Number n)
{
    return fabs(n) >= NGX_GAME_CODEC_JSON_INT_MAX
           && fabs(n) <= NGX_GAME_CODEC_INT_MAX && n == floor(n);
}


/* pushes a copy of the value on top of the stack, with secrets in it */
static void
ngx_game_codec_json_copy(lua_State *L)
{
    u_char  *p;
    u_char   buf[NGX_GAME_CODEC_JSON_SECRET + NGX_INT64_LEN + 1];

    p = ngx_cpymem(buf, ngx_game_codec_json_secret,
                   NGX_GAME_CODEC_JSON_SECRET);

    switch (lua_type(L, -1)) {

    case LUA_TTABLE:
        ngx_game_codec_json_copy_table(L);
        return;

    case LUA_TNUMBER:

        if (!ngx_game_codec_json_is_long(lua_tonumber(L, -1))) {
            break;
        }

        p = ngx_sprintf(p, "%L", (int64_t) lua_tonumber(L, -1));
        lua_pushlstring(L, (char *) buf, p - buf);
        return;

    case LUA_TLIGHTUSERDATA:

        if (ngx_game_codec_json_native
            || !ngx_game_codec_is_empty_array(L, -1))
        {
            break;
        }

        p = ngx_cpymem(p, "[]", 2);
        lua_pushlstring(L, (char *) buf, p - buf);
        return;

    default:
        break;
    }

    lua_pushvalue(L, -1);
}


/* an integer as a key is a string in JSON, so it needs no secret */
static void
ngx_game_codec_json_copy_table(lua_State *L)
{
    u_char      *p;
    u_char       buf[NGX_INT64_LEN + 1];
    lua_Number   n;

    lua_newtable(L);
    lua_pushnil(L);

    /* table, copy, key */

    while (lua_next(L, -3)) {
        n = lua_type(L, -2) == LUA_TNUMBER ? lua_tonumber(L, -2) : 0;

        if (ngx_game_codec_json_is_long(n)) {
            p = ngx_sprintf(buf, "%L", (int64_t) n);
            lua_pushlstring(L, (char *) buf, p - buf);

        } else {
            lua_pushvalue(L, -2);
        }

        /* table, copy, key, value, key of the copy */

        lua_insert(L, -2);
        ngx_game_codec_json_copy(L);
        lua_replace(L, -2);
        lua_rawset(L, -4);
    }
}


/* moves the text to the worker's buffer, without the secrets and the quotes
 * around them.  After a large one, cjson's own buffer is freed, by a change of
 * the setting there and back */
static void
ngx_game_codec_json_move(lua_State *L, ngx_str_t *text)
{
    u_char  *p, *start, *end;
    u_char   quoted[1 + NGX_GAME_CODEC_JSON_SECRET];

    quoted[0] = '"';
    ngx_memcpy(&quoted[1], ngx_game_codec_json_secret,
               NGX_GAME_CODEC_JSON_SECRET);

    ngx_game_codec_buffer_reset();

    start = text->data;
    end = text->data + text->len;

    for ( ;; ) {
        p = memmem(start, end - start, quoted, sizeof(quoted));
        if (p == NULL) {
            break;
        }

        ngx_game_codec_buffer_add(L, start, p - start);

        start = p + sizeof(quoted);
        p = ngx_strlchr(start, end, '"');
        p = p ? p : end;

        ngx_game_codec_buffer_add(L, start, p - start);
        start = ngx_min(p + 1, end);
    }

    ngx_game_codec_buffer_add(L, start, end - start);

    if (text->len > NGX_GAME_CODEC_JSON_KEEP) {
        ngx_game_codec_json_keep(L, 0);
        ngx_game_codec_json_keep(L, 1);
    }

    ngx_game_codec_buffer_get(text);
}


static void
ngx_game_codec_json_keep(lua_State *L, int keep)
{
    lua_pushlightuserdata(L, &ngx_game_codec_json_keep_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    lua_pushboolean(L, keep);
    lua_call(L, 1, 0);
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
