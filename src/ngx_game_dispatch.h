
/*
 * Copyright (C) ngx_game authors
 *
 * The fast way of messages into on_message: all that one read has brought is
 * handled by one entry into Lua.
 */


#ifndef _NGX_GAME_DISPATCH_H_INCLUDED_
#define _NGX_GAME_DISPATCH_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_player.h"
#include "ngx_game_room.h"

#include <lua.h>


/* in a new VM, protected: compiles the loop, and pushes the function that is
 * player:send, for a table of players' handles (ngx_game_lua.c) on top of the
 * stack, which is replaced by it */
void ngx_game_dispatch_open(lua_State *L);

/* adds a message to those that wait; data stays in place until they ran */
void ngx_game_dispatch_add(ngx_game_player_t *player, ngx_game_kind_e kind,
    ngx_str_t *data);

/* calls on_message for all that wait.  A handler that waits goes on later, as
 * any does */
void ngx_game_dispatch_run(void);


#endif /* _NGX_GAME_DISPATCH_H_INCLUDED_ */
