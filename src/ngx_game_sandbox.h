
/*
 * Copyright (C) ngx_game authors
 *
 * What scripts can reach.  Each game has an environment of its own, with its
 * own copies of the library tables, so that a script can spoil only its own
 * game; what is shared is behind proxies that can't be changed.
 */


#ifndef _NGX_GAME_SANDBOX_H_INCLUDED_
#define _NGX_GAME_SANDBOX_H_INCLUDED_


#include "ngx_game.h"

#include <lua.h>


/* bytes of what string.rep() makes */
#define NGX_GAME_SANDBOX_REP_MAX  (16 * 1024 * 1024)


/* once in a new VM, protected: pops the table `game` that environments show,
 * and closes the metatable of strings */
void ngx_game_sandbox_open(lua_State *L, void *sources);

/* pushes a new environment for a game, protected */
void ngx_game_sandbox_push_env(lua_State *L, ngx_game_game_t *game);


#endif /* _NGX_GAME_SANDBOX_H_INCLUDED_ */
