
/*
 * Copyright (C) ngx_game authors
 *
 * coroutine.resume, wrap and running for scripts: as in Lua, but coroutines
 * that resume each other without an end raise an error.  LuaJIT's own overrun
 * the C stack then.
 */


#ifndef _NGX_GAME_COROUTINE_H_INCLUDED_
#define _NGX_GAME_COROUTINE_H_INCLUDED_


#include <lua.h>


/* sets the three functions in the table on top of the stack */
void ngx_game_coroutine_open(lua_State *L);


#endif /* _NGX_GAME_COROUTINE_H_INCLUDED_ */
