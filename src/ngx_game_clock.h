
/*
 * Copyright (C) ngx_game authors
 *
 * The worker's clock for games: timers in microseconds of CLOCK_MONOTONIC,
 * woken by one timerfd, or by a sleep until the next one where that is near.
 * nginx's own timers are milliseconds of a coarse clock (4 ms apart on many
 * kernels), too rough for ticks.
 */


#ifndef _NGX_GAME_CLOCK_H_INCLUDED_
#define _NGX_GAME_CLOCK_H_INCLUDED_


#include "ngx_game.h"
#include "core/game_heap.h"


typedef struct ngx_game_timer_s  ngx_game_timer_t;

struct ngx_game_timer_s {
    game_heap_node_t           node;          /* must be first */
    void                     (*handler)(ngx_game_timer_t *timer);
};


/* init_process, exit_process */
ngx_int_t ngx_game_clock_init(ngx_cycle_t *cycle);
void ngx_game_clock_done(void);

/* microseconds, read anew */
uint64_t ngx_game_clock_now(void);

/* between two events: runs the timers whose time has come, which would have to
 * wait for all the events of this turn; but for half of the time at most, and
 * 10 ms that can be saved up.  Only one of 8 polls in a row looks */
void ngx_game_clock_poll(void);

/* at the end of a turn, when nothing is posted any more: sleeps until the next
 * timer, if it is at most 250 us away, and runs it */
void ngx_game_clock_rest(void);

/*
 * Sets a timer, zeroed but for its handler, to run once at a time; a timer
 * that is set is moved.  A timer set by a handler runs in a later turn of the
 * loop even if its time has come.  NGX_OK, or NGX_ERROR: no memory.
 */
ngx_int_t ngx_game_clock_set(ngx_game_timer_t *timer, uint64_t at);
void ngx_game_clock_clear(ngx_game_timer_t *timer);

/* the one that is to run next, or NULL */
ngx_game_timer_t *ngx_game_clock_next(void);

#define ngx_game_clock_is_set(timer)  ((timer)->node.place != 0)


#endif /* _NGX_GAME_CLOCK_H_INCLUDED_ */
