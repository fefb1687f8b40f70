
/*
 * Copyright (C) ngx_game authors
 *
 * There is one view in a VM.  Its methods read by LuaJIT's FFI, so that they
 * are compiled together with the handler; they are all that scripts see, and
 * check each bound.
 */


#include "ngx_game_view.h"
#include "ngx_game_call.h"

#include <lauxlib.h>


/* as ngx_game_view_lua has it */
typedef struct {
    const u_char              *data;
    int32_t                    len;           /* -1: nothing is shown */
} ngx_game_view_t;


static ngx_uint_t ngx_game_view_is(lua_State *L, int index);


static ngx_game_view_t  ngx_game_view = { NULL, -1 };

static char             ngx_game_view_key;


#define NGX_GAME_VIEW_GONE                                                    \
    "the message is gone: what is to be kept of it is tostring(message)"


/* a place is a number, as that of string.sub; NaN is no less than 1 and no
 * more than the length */
static const char  ngx_game_view_lua[] =
    "local shown, gone = ...\n"
    "local ffi = require 'ffi'\n"
    "local error, tonumber, string = error, tonumber, ffi.string\n"
    "ffi.cdef[[\n"
    "    typedef struct {\n"
    "        const unsigned char *data;\n"
    "        int len;\n"
    "    } ngx_game_view_t;\n"
    "]]\n"
    "shown = ffi.cast('ngx_game_view_t *', shown)\n"

    "local view = newproxy(true)\n"
    "local meta = getmetatable(view)\n"
    "local methods = {}\n"

    "local function length(self)\n"
    "    if self ~= view then\n"
    "        error('a message expected', 3)\n"
    "    end\n"
    "    if shown.len < 0 then\n"
    "        error(gone, 3)\n"
    "    end\n"
    "    return shown.len\n"
    "end\n"

    "local function place(i, default, len)\n"
    "    if i == nil then\n"
    "        return default\n"
    "    end\n"
    "    i = tonumber(i) or error('a number expected', 3)\n"
    "    return i < 0 and i + len + 1 or i\n"
    "end\n"

    "function methods.byte(self, i)\n"
    "    local len = length(self)\n"
    "    i = place(i, 1, len)\n"
    "    if i >= 1 and i <= len then\n"
    "        return shown.data[i - 1]\n"
    "    end\n"
    "    return nil\n"
    "end\n"

    "function methods.sub(self, i, j)\n"
    "    local len = length(self)\n"
    "    i, j = place(i, 1, len), place(j, len, len)\n"
    "    if not (i >= 1) then i = 1 end\n"
    "    if not (j <= len) then j = len end\n"
    "    return i <= j and string(shown.data + (i - 1), j - i + 1) or ''\n"
    "end\n"

    "meta.__index = methods\n"
    "meta.__metatable = false\n"
    "function meta.__len(self)\n"
    "    return (length(self))\n"
    "end\n"
    "function meta.__tostring(self)\n"
    "    return string(shown.data, (length(self)))\n"
    "end\n"

    "return view\n";


void
ngx_game_view_open(lua_State *L)
{
    if (luaL_loadbuffer(L, ngx_game_view_lua, sizeof(ngx_game_view_lua) - 1,
                        "=" NGX_GAME_CALL_CHUNK)
        != 0)
    {
        (void) lua_error(L);
    }

    lua_pushlightuserdata(L, &ngx_game_view);
    lua_pushliteral(L, NGX_GAME_VIEW_GONE);
    lua_call(L, 2, 1);

    lua_pushlightuserdata(L, &ngx_game_view_key);
    lua_pushvalue(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
}


void
ngx_game_view_show(u_char *data, size_t len)
{
    ngx_game_view.data = data;
    ngx_game_view.len = (int32_t) len;
}


void
ngx_game_view_end(void)
{
    ngx_game_view.len = -1;
}


ngx_int_t
ngx_game_view_shown(ngx_str_t *bytes)
{
    if (ngx_game_view.len < 0) {
        return NGX_DECLINED;
    }

    bytes->data = (u_char *) ngx_game_view.data;
    bytes->len = ngx_game_view.len;

    return NGX_OK;
}


void
ngx_game_view_check_bytes(lua_State *L, int index, ngx_str_t *bytes)
{
    if (!ngx_game_view_is(L, index)) {
        bytes->data = (u_char *) luaL_checklstring(L, index, &bytes->len);
        return;
    }

    if (ngx_game_view_shown(bytes) != NGX_OK) {
        luaL_argerror(L, index, NGX_GAME_VIEW_GONE);
    }
}


void
ngx_game_view_to_string(lua_State *L, int index)
{
    ngx_str_t  bytes;

    if (ngx_game_view_is(L, index)) {
        ngx_game_view_check_bytes(L, index, &bytes);
        lua_pushlstring(L, (char *) bytes.data, bytes.len);
        lua_replace(L, index);
    }
}


static ngx_uint_t
ngx_game_view_is(lua_State *L, int index)
{
    ngx_uint_t  is;

    if (lua_type(L, index) != LUA_TUSERDATA) {
        return 0;
    }

    lua_pushlightuserdata(L, &ngx_game_view_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    is = lua_rawequal(L, index, -1);
    lua_pop(L, 1);

    return is;
}
