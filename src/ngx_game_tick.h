
/*
 * Copyright (C) ngx_game authors
 *
 * Ticks: each room at the rate of its game, on a fixed schedule without drift;
 * rooms of one rate are spread over the period.
 */


#ifndef _NGX_GAME_TICK_H_INCLUDED_
#define _NGX_GAME_TICK_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_room.h"


/* no-ops for a room that does not tick */
void ngx_game_tick_start(ngx_game_room_t *room);
void ngx_game_tick_stop(ngx_game_room_t *room);

/* the room whose tick is the next timer of all; NULL: that is none */
ngx_game_room_t *ngx_game_tick_next(void);


#endif /* _NGX_GAME_TICK_H_INCLUDED_ */
