
/*
 * Copyright (C) ngx_game authors
 *
 * Draining: no rooms are made any more, and those that there are come to their
 * end.  That the server drains is a word of the zone: it holds for all workers
 * and outlives them.  What a worker does about it is ngx_game_shutdown.h's.
 */


#ifndef _NGX_GAME_DRAIN_H_INCLUDED_
#define _NGX_GAME_DRAIN_H_INCLUDED_


#include "ngx_game.h"


typedef struct {
    uint32_t                   number;        /* counts drains, never 0 */
    unsigned                   endless:1;     /* game_drain */
    ngx_msec_t                 left;          /* until rooms are closed, 0: it
                                               * is over; not of an endless */
} ngx_game_drain_t;


/* what `number` is below */
#define NGX_GAME_DRAIN_NUMBERS  (1 << 24)


/* 0: the server does not drain, and *drain is zeroed */
ngx_uint_t ngx_game_drain_get(ngx_game_drain_t *drain);

ngx_uint_t ngx_game_drain_on(void);
ngx_uint_t ngx_game_drain_endless(void);

/* a drain begins, in place of one that is under way; it ends.  NGX_DECLINED:
 * the configuration has the say, by game_drain */
ngx_int_t ngx_game_drain_begin(ngx_msec_t grace);
ngx_int_t ngx_game_drain_end(void);

/* init_module: what the new configuration says.  `off` ends what a former
 * configuration has begun, and nothing else */
void ngx_game_drain_configure(ngx_flag_t on);

/* 1 to one caller of all workers: it is to tell that the drain is done */
ngx_uint_t ngx_game_drain_done(ngx_game_drain_t *drain);


#endif /* _NGX_GAME_DRAIN_H_INCLUDED_ */
