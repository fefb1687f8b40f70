
/*
 * Copyright (C) ngx_game authors
 *
 * Checkpoints: after a turn in which a room has changed its image is put into
 * the zone, from where another worker takes it if this one dies.  Small states
 * are saved every tick; what it takes is bounded to a share of the worker's
 * time, so that many or large ones are saved less often.
 */


#ifndef _NGX_GAME_CHECKPOINT_H_INCLUDED_
#define _NGX_GAME_CHECKPOINT_H_INCLUDED_


#include "ngx_game.h"


void ngx_game_checkpoint_init(void);
void ngx_game_checkpoint_done(void);

/* after handlers ran: saves the rooms that have changed, as time allows.  If
 * it is not the last call in a turn, what they sent is not written yet: only
 * where there is time to save all, it is saved before */
void ngx_game_checkpoint_run(ngx_uint_t last);

/* the last one of a room, from which another worker is to go on with it,
 * whatever game_checkpoint says; NGX_DECLINED: it can't be saved */
ngx_int_t ngx_game_checkpoint_last(ngx_game_room_t *room);


#endif /* _NGX_GAME_CHECKPOINT_H_INCLUDED_ */
