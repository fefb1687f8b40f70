
/*
 * Copyright (C) ngx_game authors
 *
 * JSON.  Decoding is lua-cjson's, with an instance of its own, so that no
 * other module changes its settings; what it takes though it is no JSON is
 * refused before.  Small plain objects, as most messages are, are decoded
 * here.
 *
 * Encoding is done here, into the worker's buffer.  It is the dearest part of
 * a tick, and lua-cjson's takes three times as long, and more; it
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


/* bytes of a character that is escaped */
#define NGX_GAME_CODEC_JSON_ESCAPED  6

/* fields of an object that is decoded here, and not by lua-cjson, at most */
#define NGX_GAME_CODEC_JSON_FIELDS  16

/*
 * What decoding takes of the VM's memory at most: for a byte of the text, and
 * in particular for a table or another value.
 */
#define NGX_GAME_CODEC_JSON_PER_BYTE   40
#define NGX_GAME_CODEC_JSON_PER_VALUE  160


static void ngx_game_codec_json_emit(ngx_game_codec_walk_t *walk,
    game_dump_type_e type, game_dump_value_t *v);
static void ngx_game_codec_json_map(ngx_game_codec_walk_t *walk,
    game_dump_value_t *map);
static void ngx_game_codec_json_pairs(ngx_game_codec_walk_t *walk,
    game_dump_value_t *map);
static void ngx_game_codec_json_end(lua_State *L, u_char end);
static void ngx_game_codec_json_number(lua_State *L, double n, u_char after);
static ngx_inline void ngx_game_codec_json_string(ngx_game_codec_walk_t *walk,
    game_dump_value_t *v, u_char after);
static u_char *ngx_game_codec_json_rest(lua_State *L, game_dump_value_t *v,
    size_t plain);
static u_char *ngx_game_codec_json_escape(u_char *p, u_char c);
static ngx_int_t ngx_game_codec_json_decode_fields(lua_State *L,
    const u_char *data, size_t len);
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
    ngx_game_codec_walk(L, index, ngx_game_codec_json_emit);

    ngx_game_codec_buffer_get(out);

    /* the comma */
    out->len--;

    if (!game_utf8_valid(out->data, out->len)) {
        (void) luaL_error(L, "a string can't be encoded in JSON: it is not "
                          "valid UTF-8");
    }
}


/* a value and a comma, whose place is taken by what ends the table */
static void
ngx_game_codec_json_emit(ngx_game_codec_walk_t *walk, game_dump_type_e type,
    game_dump_value_t *v)
{
    lua_State  *L;

    L = walk->L;

    switch (type) {

    case GAME_DUMP_NIL:
        ngx_game_codec_buffer_add(L, "null,", 5);
        break;

    case GAME_DUMP_FALSE:
        ngx_game_codec_buffer_add(L, "false,", 6);
        break;

    case GAME_DUMP_TRUE:
        ngx_game_codec_buffer_add(L, "true,", 5);
        break;

    case GAME_DUMP_NUMBER:
        ngx_game_codec_json_number(L, v->number, ',');
        break;

    case GAME_DUMP_STRING:
        ngx_game_codec_json_string(walk, v, ',');
        break;

    case GAME_DUMP_ARRAY:
        ngx_game_codec_buffer_add(L, "[", 1);
        ngx_game_codec_walk_array(walk, v);
        ngx_game_codec_json_end(L, ']');
        break;

    default: /* GAME_DUMP_MAP */
        ngx_game_codec_json_map(walk, v);
        break;
    }
}


static void
ngx_game_codec_json_map(ngx_game_codec_walk_t *walk, game_dump_value_t *map)
{
    lua_State          *L;
    game_dump_type_e    type;
    game_dump_value_t   key;

    L = walk->L;

    ngx_game_codec_buffer_add(L, "{", 1);

    for ( ;; ) {
        ngx_game_codec_json_pairs(walk, map);

        type = ngx_game_codec_walk_key(walk, map, &key);

        if (type == GAME_DUMP_NIL) {
            break;
        }

        if (type == GAME_DUMP_STRING) {
            ngx_game_codec_json_string(walk, &key, ':');

        } else {
            ngx_game_codec_buffer_add(L, "\"", 1);
            ngx_game_codec_json_number(L, key.number, '"');
            ngx_game_codec_buffer_add(L, ":", 1);
        }

        (void) ngx_game_codec_walk_value(walk, ngx_game_codec_json_emit);
    }

    ngx_game_codec_json_end(L, '}');
}


/* those that are plain, as all are that a game has many of */

static void
ngx_game_codec_json_pairs(ngx_game_codec_walk_t *walk, game_dump_value_t *map)
{
    size_t   left;
    u_char  *p;

    if (walk->steps >= NGX_GAME_CODEC_POLL) {
        return;
    }

    left = map->left;

    p = ngx_game_codec_buffer_reserve(walk->L, GAME_JSON_PAIR);
    p = game_json_pairs(p, ngx_game_codec_buffer.end, &walk->dump, map,
                        NGX_GAME_CODEC_POLL - walk->steps);

    ngx_game_codec_buffer_advance(p - ngx_game_codec_buffer.pos);

    walk->steps += left - map->left;
}


static void
ngx_game_codec_json_end(lua_State *L, u_char end)
{
    u_char  *p;

    p = ngx_game_codec_buffer_reserve(L, 2);

    if (p[-1] == ',') {
        p[-1] = end;
        p[0] = ',';
        ngx_game_codec_buffer_advance(1);
        return;
    }

    p[0] = end;
    p[1] = ',';
    ngx_game_codec_buffer_advance(2);
}


static void
ngx_game_codec_json_number(lua_State *L, double n, u_char after)
{
    size_t   len;
    u_char  *p;

    if (!isfinite(n)) {
        (void) luaL_error(L, "a number can't be encoded: it is not finite");
    }

    p = ngx_game_codec_buffer_reserve(L, GAME_NUMBER_MAX + 1);
    len = game_number_format((char *) p, n);
    p[len] = after;
    ngx_game_codec_buffer_advance(len + 1);
}


/* most have nothing to escape, and what they are copied from goes on behind */

static ngx_inline void
ngx_game_codec_json_string(ngx_game_codec_walk_t *walk, game_dump_value_t *v,
    u_char after)
{
    size_t   plain;
    u_char  *p;

    p = ngx_game_codec_buffer_reserve(walk->L, v->len + GAME_JSON_BYTES + 3);
    *p++ = '"';

    plain = game_json_plain(p, v->text, v->len,
                            ngx_min((size_t) (walk->dump.end - v->text),
                                    v->len + GAME_JSON_BYTES));

    if (plain == v->len) {
        p += plain;

    } else {
        p = ngx_game_codec_json_rest(walk->L, v, plain);
    }

    p[0] = '"';
    p[1] = after;
    ngx_game_codec_buffer_advance(p + 2 - ngx_game_codec_buffer.pos);
}


/* the quotation mark and so many bytes were written */

static u_char *
ngx_game_codec_json_rest(lua_State *L, game_dump_value_t *v, size_t plain)
{
    size_t   i;
    u_char  *p;

    p = ngx_game_codec_buffer_reserve(L, 1 + plain + (v->len - plain)
                                             * NGX_GAME_CODEC_JSON_ESCAPED
                                         + 2);
    p += 1 + plain;

    for (i = plain; i < v->len; i++) {
        p = ngx_game_codec_json_escape(p, v->text[i]);
    }

    return p;
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

    if (ngx_game_codec_json_decode_fields(L, data, len) == NGX_OK) {
        return NGX_OK;
    }

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
 * Most messages are a small object of plain fields.  lua-cjson, with the call
 * and the check before it, takes more than all else that there is to do for
 * such a message.
 */
static ngx_int_t
ngx_game_codec_json_decode_fields(lua_State *L, const u_char *data, size_t len)
{
    int                i, n;
    game_json_field_t  fields[NGX_GAME_CODEC_JSON_FIELDS], *field;

    n = game_json_fields(data, len, fields, NGX_GAME_CODEC_JSON_FIELDS);

    if (n == -1) {
        return NGX_DECLINED;
    }

    lua_createtable(L, 0, n);

    for (i = 0; i < n; i++) {
        field = &fields[i];

        lua_pushlstring(L, (const char *) field->name, field->name_len);

        switch (field->type) {

        case '"':
            lua_pushlstring(L, (const char *) field->string, field->len);
            break;

        case 't':
        case 'f':
            lua_pushboolean(L, field->type == 't');
            break;

        case 'n':
            lua_pushlightuserdata(L, NULL);
            break;

        default:
            lua_pushnumber(L, field->number);
            break;
        }

        lua_rawset(L, -3);
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
