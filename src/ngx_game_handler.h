
/*
 * Copyright (C) ngx_game authors
 *
 * How the handlers of a room are called: what they are given, and what becomes
 * of their results and errors.
 */


#ifndef _NGX_GAME_HANDLER_H_INCLUDED_
#define _NGX_GAME_HANDLER_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_call.h"
#include "ngx_game_room.h"
#include "ngx_game_player.h"


/* after is called when handlers have run, before what they have sent is
 * written, and with last when nothing is left to be done in the turn */
void ngx_game_handler_init(void (*after)(ngx_uint_t last));

/*
 * Each returns at once; the handler may still wait then.  A handler that the
 * class does not have counts as one that has ended.  What comes of them is
 * told to the room by ngx_game_room_created() and the like, maybe from within.
 */

/* args: the query of the join that made the room */
void ngx_game_handler_create(ngx_game_room_t *room, ngx_str_t *args);
void ngx_game_handler_auth(ngx_game_room_t *room, ngx_game_player_t *player);
void ngx_game_handler_join(ngx_game_room_t *room, ngx_game_player_t *player);
void ngx_game_handler_tick(ngx_game_room_t *room);
void ngx_game_handler_drop(ngx_game_room_t *room, ngx_game_player_t *player);
void ngx_game_handler_resume(ngx_game_room_t *room, ngx_game_player_t *player,
    ngx_uint_t complete);
void ngx_game_handler_leave(ngx_game_room_t *room, ngx_game_player_t *player);
void ngx_game_handler_close(ngx_game_room_t *room);
/* grace: ms, -1: it has no end */
void ngx_game_handler_shutdown(ngx_game_room_t *room, ngx_msec_int_t grace);

/* on_restore, for a room that has come from another worker with its state.
 * version: a reference of the registry to that of the class that saved it, or
 * LUA_NOREF.  NGX_ERROR: it failed, or it waits; that was logged */
ngx_int_t ngx_game_handler_restore(ngx_game_room_t *room, int version);

/* on_message is ngx_game_dispatch.h's.  What it shares: the last event of this
 * turn is to come, and the end of a call without results */
void ngx_game_handler_end_turn(void);
void ngx_game_handler_done(ngx_game_call_t *call, ngx_int_t rc, int n,
    ngx_str_t *error);

/* room[name](room, ...): the arguments are an array in MessagePack */
void ngx_game_handler_alarm(ngx_game_room_t *room, const char *name,
    ngx_str_t *args);


#endif /* _NGX_GAME_HANDLER_H_INCLUDED_ */
