
/*
 * Copyright (C) ngx_game authors
 *
 * The class of a game: the table that its script returns.
 */


#ifndef _NGX_GAME_CLASS_H_INCLUDED_
#define _NGX_GAME_CLASS_H_INCLUDED_


#include "ngx_game.h"

#include <lua.h>


/* both run protected.  Runs the game's script in a new environment and pushes
 * its class; raises an error if that fails */
void ngx_game_class_load(lua_State *L, void *sources, ngx_game_game_t *game);

/* fills what the class on top of the stack says into the game, with the memory
 * of the pool; raises an error for a wrong setting.  Warnings go to the log */
void ngx_game_class_settings(lua_State *L, ngx_game_game_t *game,
    ngx_pool_t *pool, ngx_log_t *log);


#endif /* _NGX_GAME_CLASS_H_INCLUDED_ */
