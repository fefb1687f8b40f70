
/*
 * Copyright (C) ngx_game authors
 *
 * Balance: a worker that is busier than another one by a margin hands some of
 * its rooms over to it (ngx_game_handover.h), while they run.
 */


#ifndef _NGX_GAME_BALANCE_H_INCLUDED_
#define _NGX_GAME_BALANCE_H_INCLUDED_


#include "ngx_game.h"


/* nothing is ever done with `game_balance off`.  The timer is cancelable: a
 * worker that exits gives its rooms to others anyway */
void ngx_game_balance_init(ngx_cycle_t *cycle);
void ngx_game_balance_done(void);


#endif /* _NGX_GAME_BALANCE_H_INCLUDED_ */
