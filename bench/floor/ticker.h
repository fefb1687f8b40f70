
/*
 * Copyright (C) ngx_game authors
 *
 * Ticks of rooms on a fixed schedule: tick k of a room is due at k periods
 * and its phase, however late the one before was.  Phases are spread over the
 * period.  All tickers have the same period.  Ticks that were missed are told
 * together with the one that comes late.
 */


#ifndef FLOOR_TICKER_H
#define FLOOR_TICKER_H


#include "server.h"

#include <stdint.h>


typedef struct floor_tick_s    floor_tick_t;


struct floor_tick_s {
    void            *data;
    uint64_t         due;         /* CLOCK_MONOTONIC, nanoseconds */
    floor_tick_t    *prev;
    floor_tick_t    *next;
};


typedef struct {
    floor_source_t   source;      /* a timerfd */
    uint64_t         period;      /* nanoseconds */
    void           (*handler)(void *data, unsigned ticks);
    floor_tick_t     queue;       /* a ring of ticks, the next one first */
} floor_ticker_t;


/* 0, or -1; the handler is told how many ticks are due, 1 or more */
int floor_ticker_init(floor_ticker_t *ticker, unsigned hz,
    void (*handler)(void *data, unsigned ticks));

/* number n chooses the phase */
void floor_ticker_add(floor_ticker_t *ticker, floor_tick_t *tick, unsigned n);
void floor_ticker_remove(floor_ticker_t *ticker, floor_tick_t *tick);


#endif /* FLOOR_TICKER_H */
