
/*
 * Copyright (C) ngx_game authors
 *
 * Values between Lua and the wire: JSON by lua-cjson, MessagePack by
 * msgpack-c.  docs/protocol.md says how each kind of value is mapped.
 */


#ifndef _NGX_GAME_CODEC_H_INCLUDED_
#define _NGX_GAME_CODEC_H_INCLUDED_


#include "ngx_game.h"

#include <lua.h>
#include <lauxlib.h>


#define NGX_GAME_CODEC_DEPTH  64              /* tables within tables */


/* in a new VM, protected, before the sandbox closes: loads cjson, makes
 * game.null and game.empty_array in the table on top of the stack */
void ngx_game_codec_open(lua_State *L);

/*
 * Encodes the value at the index.  *out lies in a buffer of the worker and is
 * valid until the next encode.  Must run protected: raises a Lua error for
 * what cannot be encoded, with the reason.
 */
void ngx_game_codec_encode(lua_State *L, ngx_game_codec_e codec, int index,
    ngx_str_t *out);

/*
 * Pushes the decoded value and returns NGX_OK; or pushes a text that says
 * what is wrong with the input and returns NGX_DECLINED.  Must run protected:
 * raises only if there is no memory.
 */
ngx_int_t ngx_game_codec_decode(lua_State *L, ngx_game_codec_e codec,
    const u_char *data, size_t len);

/*
 * The same for workers of this server alone, as LuaJIT itself writes values.
 * begin pushes a list, for the caller to fill with values; dump writes and
 * empties it.  *out is valid until the next dump.  undump pushes the list.
 * All must run protected; explain raises an error that names the first part of
 * the value on top of the stack which can't be dumped, if there is one.
 */
void ngx_game_codec_dump_begin(lua_State *L);
void ngx_game_codec_dump(lua_State *L, ngx_str_t *out);
void ngx_game_codec_undump(lua_State *L, ngx_str_t *from);
void ngx_game_codec_dump_explain(lua_State *L);

/* frees the worker's buffer if it has grown large, at the end of a turn */
void ngx_game_codec_trim(void);


#endif /* _NGX_GAME_CODEC_H_INCLUDED_ */
