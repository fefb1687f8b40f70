
/*
 * Copyright (C) ngx_game authors
 *
 * Values as LuaJIT itself writes them, by its string buffers: what only
 * workers of this server read, and what is encoded for clients, which is
 * walked through as it lies there (ngx_game_codec_walk.c).  See
 * https://luajit.org/ext_buffer.html
 */


#include "ngx_game.h"
#include "ngx_game_call.h"
#include "ngx_game_codec.h"
#include "ngx_game_codec_private.h"
#include "ngx_game_vm.h"
#include "ngx_game_watchdog.h"


/* values between two looks at the clock */
#define NGX_GAME_CODEC_STATE_POLL  4096

/* bytes of the buffer for a value that is encoded: LuaJIT doubles its size */
#define NGX_GAME_CODEC_STATE_MAX   (64 * 1024 * 1024)


/* as ngx_game_codec_state_lua has it */
typedef struct {
    const u_char              *data;
    size_t                     len;
} ngx_game_codec_state_t;


static void ngx_game_codec_state_explain(lua_State *L, ngx_uint_t wire,
    ngx_uint_t depth, ngx_uint_t *steps);
static void ngx_game_codec_state_refuse(lua_State *L, ngx_uint_t depth);


/* the buffer is the VM's, and large ones are not kept, nor that of a value
 * which could not be written; nor are the values */
static const char  ngx_game_codec_state_lua[] =
    "local state = ...\n"
    "local ok, buffer = pcall(require, 'string.buffer')\n"
    "if not ok then return end\n"
    "local ffi = require 'ffi'\n"
    "local clear = require 'table.clear'\n"
    "ffi.cdef[[\n"
    "    typedef struct { const char *data; size_t len; } ngx_game_state_t;\n"
    "]]\n"
    "state = ffi.cast('ngx_game_state_t *', state)\n"
    "local out, from = buffer.new(4096), buffer.new(0)\n"
    "local values = require 'table.new'(64, 0)\n"
    "local function dump_value(v)\n"
    "    if state.len > 65536 then out:free() else out:reset() end\n"
    "    state.len = 1e9\n"
    "    out:encode(v)\n"
    "    local data, len = out:ref()\n"
    "    state.data, state.len = data, len\n"
    "end\n"
    "local function dump()\n"
    "    local ok, err = pcall(dump_value, values)\n"
    "    clear(values)\n"
    "    if not ok then error(err, 0) end\n"
    "end\n"
    "local function load()\n"
    "    return from:set(state.data, state.len):decode()\n"
    "end\n"
    "return values, function() clear(values) end, dump, dump_value, load\n";


enum {
    NGX_GAME_CODEC_VALUES = 0,
    NGX_GAME_CODEC_CLEAR,
    NGX_GAME_CODEC_DUMP,
    NGX_GAME_CODEC_DUMP_VALUE,
    NGX_GAME_CODEC_LOAD,
    NGX_GAME_CODEC_REFS
};


/* registry references: one VM a process */
static int                     ngx_game_codec_state[NGX_GAME_CODEC_REFS];
static ngx_game_codec_state_t  ngx_game_codec_state_data;

/* the list is not known to be empty: an error came between begin and dump, or
 * in the middle of dump, as that of the watchdog does */
static ngx_uint_t              ngx_game_codec_state_filled;


void
ngx_game_codec_state_open(lua_State *L)
{
    int  i;

    if (luaL_loadbuffer(L, ngx_game_codec_state_lua,
                        sizeof(ngx_game_codec_state_lua) - 1,
                        "=" NGX_GAME_CALL_CHUNK)
        != 0)
    {
        (void) lua_error(L);
    }

    lua_pushlightuserdata(L, &ngx_game_codec_state_data);
    lua_call(L, 1, NGX_GAME_CODEC_REFS);

    if (lua_isnil(L, -1)) {
        (void) luaL_error(L, "this LuaJIT has no string buffers: "
                          "one of 2021 or later is needed");
    }

    for (i = NGX_GAME_CODEC_REFS; i-- > 0; /* void */) {
        ngx_game_codec_state[i] = luaL_ref(L, LUA_REGISTRYINDEX);
    }
}


void
ngx_game_codec_dump_begin(lua_State *L)
{
    luaL_checkstack(L, LUA_MINSTACK, NULL);

    if (ngx_game_codec_state_filled) {
        lua_rawgeti(L, LUA_REGISTRYINDEX,
                    ngx_game_codec_state[NGX_GAME_CODEC_CLEAR]);
        lua_call(L, 0, 0);
    }

    ngx_game_codec_state_filled = 1;

    lua_rawgeti(L, LUA_REGISTRYINDEX,
                ngx_game_codec_state[NGX_GAME_CODEC_VALUES]);
}


void
ngx_game_codec_dump(lua_State *L, ngx_str_t *out)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX,
                ngx_game_codec_state[NGX_GAME_CODEC_DUMP]);
    lua_call(L, 0, 0);

    ngx_game_codec_state_filled = 0;

    out->data = (u_char *) ngx_game_codec_state_data.data;
    out->len = ngx_game_codec_state_data.len;
}


void
ngx_game_codec_dump_value(lua_State *L, int index, game_dump_t *dump)
{
    int             rc;
    ngx_game_vm_t  *vm;

    lua_rawgeti(L, LUA_REGISTRYINDEX,
                ngx_game_codec_state[NGX_GAME_CODEC_DUMP_VALUE]);
    lua_pushvalue(L, index);

    vm = ngx_game_vm_get(L);

    vm->largest = NGX_GAME_CODEC_STATE_MAX;
    rc = lua_pcall(L, 1, 0, 0);
    vm->largest = (size_t) -1;

    if (rc == 0) {
        dump->pos = ngx_game_codec_state_data.data;
        dump->end = dump->pos + ngx_game_codec_state_data.len;
        dump->ahead = 0;
        return;
    }

    if (rc == LUA_ERRMEM) {
        vm->exhausted = 1;

        if (ngx_game_vm_left(L) < NGX_GAME_CODEC_STATE_MAX) {
            (void) lua_error(L);
        }

        (void) luaL_error(L, "a value is too large to be encoded");
    }

    ngx_game_watchdog_poll(L);

    lua_pushvalue(L, index);
    ngx_game_codec_explain(L, 1);
    lua_pop(L, 1);

    (void) lua_error(L);
}


void
ngx_game_codec_dump_explain(lua_State *L)
{
    ngx_game_codec_explain(L, 0);
}


void
ngx_game_codec_explain(lua_State *L, ngx_uint_t wire)
{
    ngx_uint_t  steps;

    luaL_checkstack(L, LUA_MINSTACK + 3 * NGX_GAME_CODEC_DEPTH, NULL);

    steps = 0;
    ngx_game_codec_state_explain(L, wire, 0, &steps);
}


/* the value on top of the stack; its key is below it if it is in a table.  One
 * that is in many places is looked at in each of them */

static void
ngx_game_codec_state_explain(lua_State *L, ngx_uint_t wire, ngx_uint_t depth,
    ngx_uint_t *steps)
{
    if (++*steps % NGX_GAME_CODEC_STATE_POLL == 0) {
        ngx_game_watchdog_poll(L);
    }

    switch (lua_type(L, -1)) {

    case LUA_TNIL:
    case LUA_TBOOLEAN:
    case LUA_TNUMBER:
    case LUA_TSTRING:
        return;

    case LUA_TTABLE:
        break;

    case LUA_TFUNCTION:
    case LUA_TTHREAD:
    case LUA_TUSERDATA:
        ngx_game_codec_state_refuse(L, depth);
        return;

    case LUA_TLIGHTUSERDATA:

        if (lua_touserdata(L, -1) == NULL
            || lua_touserdata(L, -1) == NGX_GAME_CODEC_EMPTY)
        {
            return;
        }

        /* fall through */

    default:

        if (wire) {
            ngx_game_codec_state_refuse(L, depth);
        }

        return;
    }

    if (depth == NGX_GAME_CODEC_DEPTH) {
        (void) luaL_error(L, "a table can't be encoded: tables are nested "
                          "deeper than %d", NGX_GAME_CODEC_DEPTH);
    }

    lua_pushnil(L);

    while (lua_next(L, -2)) {
        ngx_game_codec_state_explain(L, wire, depth + 1, steps);
        lua_pop(L, 1);
    }
}


static void
ngx_game_codec_state_refuse(lua_State *L, ngx_uint_t depth)
{
    const char  *type;

    type = luaL_typename(L, -1);

    if (depth && lua_type(L, -2) == LUA_TSTRING) {
        (void) luaL_error(L, "a %s can't be encoded (\"%s\")", type,
                          lua_tostring(L, -2));
    }

    (void) luaL_error(L, "a %s can't be encoded", type);
}


void
ngx_game_codec_undump(lua_State *L, ngx_str_t *from)
{
    luaL_checkstack(L, LUA_MINSTACK, NULL);

    ngx_game_codec_state_data.data = from->data;
    ngx_game_codec_state_data.len = from->len;

    lua_rawgeti(L, LUA_REGISTRYINDEX,
                ngx_game_codec_state[NGX_GAME_CODEC_LOAD]);
    lua_call(L, 0, 1);
}
