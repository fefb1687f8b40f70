
/*
 * Copyright (C) ngx_game authors
 *
 * One heap of timers and one timerfd per worker.  The timerfd is armed to the
 * earliest timer once per turn of the loop, and only if that one has changed.
 * It is a channel event, so a graceful exit does not wait for it.
 *
 * If the next timer is near, the worker rests until then instead: it sleeps
 * without an eye on its events.  With thousands of ticks a second a worker
 * would wake up for each message between two of them, and to wake up takes
 * longer than to read the message; so they are read together, right after the
 * tick, and the tick does not wait for any of them.
 */


#include "ngx_game_clock.h"

#include <ngx_channel.h>

#include <sys/prctl.h>
#include <sys/timerfd.h>


static void ngx_game_clock_handler(ngx_event_t *ev);
static void ngx_game_clock_run(uint64_t now);
static void ngx_game_clock_rearm(ngx_event_t *ev);
static void ngx_game_clock_arm(uint64_t at);
static void ngx_game_clock_turn(ngx_event_t *ev);


/* what becomes due within so many us, while handlers run, needs no wake-up */
#define NGX_GAME_CLOCK_MORE    16

/* to read the clock takes a hundredth of a message: after a poll that has, so
 * many don't, unless it is read for something that may take long meanwhile */
#define NGX_GAME_CLOCK_SKIPS   7

/* armed: it has fired, and is to be set or stopped for that to be forgotten */
#define NGX_GAME_CLOCK_FIRED   UINT64_MAX

/* the longest rest, us: so long all that the worker serves may have to wait */
#define NGX_GAME_CLOCK_REST    250

/* time for polls that is saved up at most, us */
#define NGX_GAME_CLOCK_CREDIT  10000


typedef struct {
    game_heap_t                heap;
    uint64_t                   armed;         /* what the timerfd is set to,
                                               * 0: it is stopped */
    uint64_t                   running;       /* handlers run up to this time,
                                               * 0: none runs */
    uint64_t                   now;           /* as it was read last */
    uint64_t                   polled;        /* when */
    int64_t                    credit;        /* of polls, us */
    ngx_uint_t                 skips;         /* polls that need not look */
    int                        fd;
    unsigned                   turned:1;      /* epoll was asked since the last
                                               * rest */
    ngx_event_t                rearm;         /* posted */
    ngx_event_t                turn;          /* posted for the next turn:
                                               * a timer is near */
} ngx_game_clock_t;


static ngx_game_clock_t  ngx_game_clock = { .fd = -1 };


ngx_int_t
ngx_game_clock_init(ngx_cycle_t *cycle)
{
    ngx_memzero(&ngx_game_clock, sizeof(ngx_game_clock_t));

    ngx_game_clock.fd = timerfd_create(CLOCK_MONOTONIC,
                                       TFD_NONBLOCK|TFD_CLOEXEC);
    if (ngx_game_clock.fd == -1) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                      "timerfd_create() failed");
        return NGX_ERROR;
    }

    ngx_game_clock.rearm.handler = ngx_game_clock_rearm;
    ngx_game_clock.rearm.log = cycle->log;

    ngx_game_clock.turn.handler = ngx_game_clock_turn;
    ngx_game_clock.turn.log = cycle->log;

    /* a sleep ends up to 50 us late otherwise, prctl(2) */

    if (prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0) == -1) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, ngx_errno,
                      "prctl(PR_SET_TIMERSLACK) failed, ticks will be late "
                      "by up to 50 microseconds");
    }

    return ngx_add_channel_event(cycle, ngx_game_clock.fd, NGX_READ_EVENT,
                                 ngx_game_clock_handler);
}


void
ngx_game_clock_done(void)
{
    if (ngx_game_clock.rearm.posted) {
        ngx_delete_posted_event((&ngx_game_clock.rearm));
    }

    if (ngx_game_clock.turn.posted) {
        ngx_delete_posted_event((&ngx_game_clock.turn));
    }

    game_heap_done(&ngx_game_clock.heap);
}


uint64_t
ngx_game_clock_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    ngx_game_clock.skips = 0;

    ngx_game_clock.now = (uint64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;

    return ngx_game_clock.now;
}


ngx_int_t
ngx_game_clock_set(ngx_game_timer_t *timer, uint64_t at)
{
    game_heap_remove(&ngx_game_clock.heap, &timer->node);

    timer->node.at = ngx_max(at, ngx_game_clock.running + 1);

    if (game_heap_add(&ngx_game_clock.heap, &timer->node) != 0) {
        return NGX_ERROR;
    }

    if (timer->node.place == 1) {
        ngx_post_event((&ngx_game_clock.rearm), &ngx_posted_events);
    }

    return NGX_OK;
}


void
ngx_game_clock_clear(ngx_game_timer_t *timer)
{
    game_heap_remove(&ngx_game_clock.heap, &timer->node);
}


ngx_game_timer_t *
ngx_game_clock_next(void)
{
    return (ngx_game_timer_t *) game_heap_top(&ngx_game_clock.heap);
}


/* A worker that has too much to do always finds a timer whose time has come,
 * and the events would never end: polls are paid for with the time between
 * them.  What is saved up is enough to make up for a delay at once. */

void
ngx_game_clock_poll(void)
{
    uint64_t           now, end;
    game_heap_node_t  *top;

    if (ngx_game_clock.skips) {
        ngx_game_clock.skips--;
        return;
    }

    top = game_heap_top(&ngx_game_clock.heap);

    if (top == NULL) {
        return;
    }

    now = ngx_game_clock_now();
    ngx_game_clock.skips = NGX_GAME_CLOCK_SKIPS;

    if (top->at > now) {
        return;
    }

    ngx_game_clock.credit += now - ngx_game_clock.polled;
    ngx_game_clock.credit = ngx_min(ngx_game_clock.credit,
                                    NGX_GAME_CLOCK_CREDIT);
    ngx_game_clock.polled = now;

    if (ngx_game_clock.credit <= 0) {
        return;
    }

    ngx_game_clock_run(now);

    end = ngx_game_clock_now();
    ngx_game_clock.credit -= end - now;
    ngx_game_clock.polled = end;
}


static void
ngx_game_clock_handler(ngx_event_t *ev)
{
    ngx_game_clock.armed = NGX_GAME_CLOCK_FIRED;

    ngx_game_clock_run(ngx_game_clock_now());
}


/* all timers whose time has come, and those that come right after */

static void
ngx_game_clock_run(uint64_t now)
{
    ngx_game_timer_t  *timer;

    ngx_game_clock.running = now + NGX_GAME_CLOCK_MORE;

    for ( ;; ) {
        timer = (ngx_game_timer_t *) game_heap_top(&ngx_game_clock.heap);

        if (timer == NULL || timer->node.at > ngx_game_clock.running) {
            break;
        }

        if (timer->node.at > now) {
            now = ngx_game_clock_now();

            if (timer->node.at > now) {
                break;
            }
        }

        game_heap_remove(&ngx_game_clock.heap, &timer->node);

        timer->handler(timer);
    }

    ngx_game_clock.running = 0;

    ngx_post_event((&ngx_game_clock.rearm), &ngx_posted_events);
}


static void
ngx_game_clock_rearm(ngx_event_t *ev)
{
    uint64_t           at;
    game_heap_node_t  *top;

    top = game_heap_top(&ngx_game_clock.heap);
    at = top ? ngx_max(top->at, 1) : 0;

    if (at && at <= ngx_game_clock.now + NGX_GAME_CLOCK_REST) {
        ngx_post_event((&ngx_game_clock.turn), &ngx_posted_next_events);
        at = 0;
    }

    ngx_game_clock_arm(at);
}


static void
ngx_game_clock_arm(uint64_t at)
{
    struct itimerspec  its;

    if (at == ngx_game_clock.armed) {
        return;
    }

    /* zero disarms it */

    ngx_memzero(&its, sizeof(struct itimerspec));
    its.it_value.tv_sec = at / 1000000;
    its.it_value.tv_nsec = (at % 1000000) * 1000;

    if (timerfd_settime(ngx_game_clock.fd, TFD_TIMER_ABSTIME, &its, NULL)
        == -1)
    {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_errno,
                      "timerfd_settime() failed");
        return;
    }

    ngx_game_clock.armed = at;
}


/* the first posted event of a turn: epoll was asked right before */

static void
ngx_game_clock_turn(ngx_event_t *ev)
{
    ngx_game_clock.turned = 1;

    if (ngx_queue_empty(&ngx_posted_events)) {
        ngx_game_clock_rest();
        return;
    }

    /* the end of this turn may rest; if it does not, as there may always be
     * something posted, no timer waits for it */

    ngx_post_event(ev, &ngx_posted_next_events);

    ngx_game_clock_run(ngx_game_clock_now());
}


void
ngx_game_clock_rest(void)
{
    uint64_t           now;
    struct timespec    ts;
    game_heap_node_t  *top;

    if (!ngx_game_clock.turned) {
        return;
    }

    ngx_game_clock.turned = 0;

    if (ngx_game_clock.turn.posted) {
        ngx_delete_posted_event((&ngx_game_clock.turn));
    }

    top = game_heap_top(&ngx_game_clock.heap);
    now = ngx_game_clock_now();

    if (top
        && top->at > now + NGX_GAME_CLOCK_MORE
        && top->at <= now + NGX_GAME_CLOCK_REST)
    {
        ts.tv_sec = top->at / 1000000;
        ts.tv_nsec = (top->at % 1000000) * 1000;

        /* a signal may end it before */

        if (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == 0) {
            now = top->at;
        }
    }

    ngx_game_clock_run(now);
}
