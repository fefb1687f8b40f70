
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


/* in a new VM, protected: replaces the table of players' handles on top of the
 * stack (ngx_game_lua.c) by the function that is player:send */
void ngx_game_dispatch_open(lua_State *L);

/* protected: makes the loop for the rooms of one game, a reference of the
 * registry */
int ngx_game_dispatch_new_loop(lua_State *L);

/* adds a message to those that wait: data stays in place until they ran, or
 * are put off */
void ngx_game_dispatch_add(ngx_game_player_t *player, ngx_game_kind_e kind,
    ngx_str_t *data);

/* the same at the end of this turn, if they are few and short: messages of
 * several players are then handled by one entry */
void ngx_game_dispatch_defer(void);

/* calls on_message for all that wait.  A handler that waits goes on later, as
 * any does */
void ngx_game_dispatch_run(void);


#endif /* _NGX_GAME_DISPATCH_H_INCLUDED_ */
