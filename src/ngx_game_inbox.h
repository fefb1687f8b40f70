
/*
 * Copyright (C) ngx_game authors
 *
 * The receiving half of the channel: the rings that point to this worker.
 */


#ifndef _NGX_GAME_INBOX_H_INCLUDED_
#define _NGX_GAME_INBOX_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_channel.h"


/* after ngx_game_rings_init() */
ngx_int_t ngx_game_inbox_init(ngx_cycle_t *cycle,
    ngx_game_channel_record_pt handler);
void ngx_game_inbox_done(void);

/* hands over what lies in the ring from slot i, up to a bound: 1 if there is
 * more */
ngx_uint_t ngx_game_inbox_receive(ngx_uint_t i);

/* the worker is dead: hands over all that it has sent, and takes nothing of it
 * from then on */
void ngx_game_inbox_death(uint64_t epoch);


#endif /* _NGX_GAME_INBOX_H_INCLUDED_ */
