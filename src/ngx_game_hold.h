
/*
 * Copyright (C) ngx_game authors
 *
 * Holding seats: a player whose connection was lost stays in its room for
 * game_resume_timeout, away, until its client comes back with a token.  The
 * room hears of it by on_drop and on_resume, or by on_leave at the end.
 */


#ifndef _NGX_GAME_HOLD_H_INCLUDED_
#define _NGX_GAME_HOLD_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_player.h"
#include "ngx_game_room.h"
#include "ngx_game_sync.h"


/* a seated player that is not away has lost its session: its seat is held if
 * it may come back with the secret `next`, else it leaves */
void ngx_game_hold_drop(ngx_game_player_t *player,
    const ngx_game_secret_t *next, ngx_game_reason_e why);

/* a request with a token: the answer goes to the gateway */
void ngx_game_hold_request(ngx_game_seat_request_t *request);

/* the player of a roster has a session that the checkpoint, of which the room
 * was made, does not know of: it is back by that; NGX_ERROR: no memory, it is
 * as it was */
ngx_int_t ngx_game_hold_listed(ngx_game_player_t *player,
    ngx_game_seat_request_t *listed);

/* the session of a player, whose worker has died, goes on in another one, and
 * has got so many messages: the others are sent.  If they can't be, it is
 * closed, and may come back */
void ngx_game_hold_returned(ngx_game_seat_request_t *listed);

/* the seat of a player that is away is taken */
void ngx_game_hold_end(ngx_game_player_t *player);

/* at the end of a turn: calls on_drop, where it is due */
void ngx_game_hold_work(ngx_game_room_t *room);

/* the room goes on in this worker: seats are held as long as they were */
void ngx_game_hold_continue(ngx_game_room_t *room);


#endif /* _NGX_GAME_HOLD_H_INCLUDED_ */
