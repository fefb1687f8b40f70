
/*
 * Copyright (C) ngx_game authors
 *
 * Adoption: rooms of a worker that has died go on in others, from their last
 * checkpoints.  A room that has killed its workers is not taken again.
 */


#ifndef _NGX_GAME_ADOPT_H_INCLUDED_
#define _NGX_GAME_ADOPT_H_INCLUDED_


#include "ngx_game.h"


/* this worker is ready: looks for rooms that nobody owns, or whose owners have
 * died before */
void ngx_game_adopt_init(ngx_cycle_t *cycle);
void ngx_game_adopt_done(void);

/* a death handler: takes this worker's share of the rooms */
void ngx_game_adopt_lost(uint64_t epoch);

/* the same with rooms that nobody owns */
void ngx_game_adopt_share(void);


#endif /* _NGX_GAME_ADOPT_H_INCLUDED_ */
