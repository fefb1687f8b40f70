
/*
 * Copyright (C) ngx_game authors
 *
 * The queue of ticks.  With one period for all, a tick that has run goes to
 * the end of the queue, so that no heap is needed.
 */


#include "ticker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>


/* multiples of the golden ratio are spread evenly, however many there are */
#define FLOOR_TICKER_RATIO  0.61803398874989485


static void floor_ticker_run(void *owner, unsigned events);
static void floor_ticker_insert(floor_ticker_t *ticker, floor_tick_t *tick);
static void floor_ticker_arm(floor_ticker_t *ticker);
static uint64_t floor_ticker_now(void);


int
floor_ticker_init(floor_ticker_t *ticker, unsigned hz,
    void (*handler)(void *data, unsigned ticks))
{
    ticker->period = 1000000000 / hz;
    ticker->handler = handler;
    ticker->queue.next = &ticker->queue;
    ticker->queue.prev = &ticker->queue;

    ticker->source.handler = floor_ticker_run;
    ticker->source.fd = timerfd_create(CLOCK_MONOTONIC,
                                       TFD_NONBLOCK|TFD_CLOEXEC);

    if (ticker->source.fd == -1 || floor_server_watch(&ticker->source) != 0) {
        fprintf(stderr, "floor: no timer: %s\n", strerror(errno));
        return -1;
    }

    return 0;
}


void
floor_ticker_add(floor_ticker_t *ticker, floor_tick_t *tick, unsigned n)
{
    double    share;
    uint64_t  now;

    now = floor_ticker_now();
    share = n * FLOOR_TICKER_RATIO;
    share -= (unsigned) share;

    tick->due = now - now % ticker->period
                + (uint64_t) (share * ticker->period);

    if (tick->due <= now) {
        tick->due += ticker->period;
    }

    floor_ticker_insert(ticker, tick);

    if (ticker->queue.next == tick) {
        floor_ticker_arm(ticker);
    }
}


void
floor_ticker_remove(floor_ticker_t *ticker, floor_tick_t *tick)
{
    (void) ticker;

    tick->prev->next = tick->next;
    tick->next->prev = tick->prev;
}


/* a handler may remove its own tick, by a send that fails */

static void
floor_ticker_run(void *owner, unsigned events)
{
    uint64_t         now;
    unsigned         ticks;
    floor_tick_t    *tick;
    floor_ticker_t  *ticker;

    (void) events;

    ticker = owner;
    now = floor_ticker_now();

    for ( ;; ) {
        tick = ticker->queue.next;

        if (tick == &ticker->queue || tick->due > now) {
            break;
        }

        floor_ticker_remove(ticker, tick);

        ticks = 1 + (now - tick->due) / ticker->period;
        tick->due += ticks * ticker->period;

        floor_ticker_insert(ticker, tick);
        ticker->handler(tick->data, ticks);
    }

    floor_ticker_arm(ticker);
}


/* the place is looked for from the end, where it nearly always is */

static void
floor_ticker_insert(floor_ticker_t *ticker, floor_tick_t *tick)
{
    floor_tick_t  *prev;

    prev = ticker->queue.prev;

    while (prev != &ticker->queue && prev->due > tick->due) {
        prev = prev->prev;
    }

    tick->prev = prev;
    tick->next = prev->next;
    prev->next->prev = tick;
    prev->next = tick;
}


/* to set a timerfd also clears what it has to tell, so that it need not be
 * read; a time of 0 stops it */

static void
floor_ticker_arm(floor_ticker_t *ticker)
{
    floor_tick_t       *first;
    struct itimerspec   its;

    memset(&its, 0, sizeof(its));
    first = ticker->queue.next;

    if (first != &ticker->queue) {
        its.it_value.tv_sec = first->due / 1000000000;
        its.it_value.tv_nsec = first->due % 1000000000;
    }

    (void) timerfd_settime(ticker->source.fd, TFD_TIMER_ABSTIME, &its, NULL);
}


static uint64_t
floor_ticker_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}
