
/*
 * Copyright (C) ngx_game authors
 *
 * string.find, match, gmatch and gsub for scripts: as in Lua, but a match that
 * runs too long is stopped by the watchdog.  LuaJIT's own run to their end,
 * and that may be years away.
 */


#ifndef _NGX_GAME_PATTERN_H_INCLUDED_
#define _NGX_GAME_PATTERN_H_INCLUDED_


#include <lua.h>


/* sets the four functions in the table on top of the stack */
void ngx_game_pattern_open(lua_State *L);


#endif /* _NGX_GAME_PATTERN_H_INCLUDED_ */
