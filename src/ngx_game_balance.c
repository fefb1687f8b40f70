
/*
 * Copyright (C) ngx_game authors
 *
 * Once a second each worker looks at the busy shares.  The time that rooms
 * spend in their handlers is counted from the first look at which this worker
 * is too busy; at the third in a row it gives the least busy one as much of
 * that as brings both to the same share, or less.  So the two never change
 * roles, and a room that is most of the load stays.
 *
 * Two workers that are too busy don't choose the same third: the one that
 * gives reserves the other, until what it was given shows in its share.
 */


#include "ngx_game_balance.h"
#include "ngx_game_clock.h"
#include "ngx_game_handover.h"
#include "ngx_game_room.h"
#include "ngx_game_zone.h"


#define NGX_GAME_BALANCE_PERIOD   1000        /* ms */
#define NGX_GAME_BALANCE_LOOKS    3           /* in a row */

/* how busy a worker has to be, and how much more than the other, ppm of a
 * core; and what is worth the effort */
#define NGX_GAME_BALANCE_BUSY     300000
#define NGX_GAME_BALANCE_MARGIN   200000
#define NGX_GAME_BALANCE_LEAST    10000

/* rooms that are given at once, at most */
#define NGX_GAME_BALANCE_ROOMS    16

/* a worker whose heart has not beaten for so long is given none, ms */
#define NGX_GAME_BALANCE_SILENCE  2000

/* so long it takes until rooms that were given show in the shares, ms */
#define NGX_GAME_BALANCE_EFFECT   3000


typedef struct {
    ngx_event_t                timer;
    ngx_connection_t           dummy;         /* for the timer's debug log */
    ngx_uint_t                 looks;         /* at which it was too busy */
    uint64_t                   since;         /* us, of the first */
} ngx_game_balance_t;


typedef struct {
    ngx_game_room_t           *room;
    uint64_t                   share;         /* ppm of a core */
} ngx_game_balance_room_t;


static void ngx_game_balance_look(ngx_event_t *ev);
static ngx_uint_t ngx_game_balance_target(uint64_t own,
    ngx_game_worker_info_t *target);
static void ngx_game_balance_count(void);
static void ngx_game_balance_give(uint64_t own,
    ngx_game_worker_info_t *target);
static ngx_uint_t ngx_game_balance_choose(uint64_t own, uint64_t budget,
    ngx_game_balance_room_t *chosen);
static ngx_uint_t ngx_game_balance_insert(ngx_game_balance_room_t *chosen,
    ngx_uint_t n, ngx_game_room_t *room, uint64_t share);
static ngx_uint_t ngx_game_balance_fit(ngx_game_balance_room_t *chosen,
    ngx_uint_t n, uint64_t budget);


#define ngx_game_balance_busy(counters)                                       \
    ngx_game_zone_get(&(counters)->busy_ppm)


static ngx_game_balance_t  ngx_game_balance;


void
ngx_game_balance_init(ngx_cycle_t *cycle)
{
    ngx_event_t  *ev;

    if (!ngx_game_worker.conf->balance) {
        return;
    }

    ngx_game_balance.looks = 0;
    ngx_game_balance.dummy.fd = (ngx_socket_t) -1;

    ev = &ngx_game_balance.timer;

    ev->handler = ngx_game_balance_look;
    ev->data = &ngx_game_balance.dummy;
    ev->log = cycle->log;
    ev->cancelable = 1;

    ngx_add_timer(ev, NGX_GAME_BALANCE_PERIOD);
}


void
ngx_game_balance_done(void)
{
    if (ngx_game_balance.timer.timer_set) {
        ngx_del_timer(&ngx_game_balance.timer);
    }
}


static void
ngx_game_balance_look(ngx_event_t *ev)
{
    uint64_t                own;
    ngx_game_worker_info_t  target;

    if (ngx_game_worker.exiting) {
        return;
    }

    ngx_add_timer(ev, NGX_GAME_BALANCE_PERIOD);

    own = ngx_game_balance_busy(ngx_game_worker.counters);

    if (own <= NGX_GAME_BALANCE_BUSY
        || !ngx_game_balance_target(own, &target))
    {
        ngx_game_balance.looks = 0;
        return;
    }

    if (++ngx_game_balance.looks == 1) {
        ngx_game_balance_count();
    }

    if (ngx_game_balance.looks < NGX_GAME_BALANCE_LOOKS) {
        return;
    }

    ngx_game_balance.looks = 0;

    if (ngx_game_zone_reserve(target.epoch, NGX_GAME_BALANCE_EFFECT)
        == NGX_OK)
    {
        ngx_game_balance_give(own, &target);
    }
}


/* the least busy worker of this configuration, if it may be given rooms: 1 */

static ngx_uint_t
ngx_game_balance_target(uint64_t own, ngx_game_worker_info_t *target)
{
    uint64_t                busy, least;
    ngx_uint_t              i, n;
    ngx_game_worker_info_t  info[NGX_GAME_MAX_SLOTS];

    n = ngx_game_zone_workers(info, NGX_GAME_MAX_SLOTS);
    least = own;

    for (i = 0; i < n; i++) {
        busy = ngx_game_balance_busy(info[i].counters);

        if (busy < least
            && !info[i].exiting
            && info[i].generation == ngx_game_zone_generation()
            && info[i].reserved <= ngx_current_msec
            && (ngx_msec_int_t) (ngx_current_msec - info[i].beat)
               < NGX_GAME_BALANCE_SILENCE)
        {
            least = busy;
            *target = info[i];
        }
    }

    return own - least > NGX_GAME_BALANCE_MARGIN;
}


static void
ngx_game_balance_count(void)
{
    size_t            cursor;
    ngx_game_room_t  *room;

    ngx_game_balance.since = ngx_game_clock_now();

    cursor = 0;

    while ((room = ngx_game_room_next(&cursor))) {
        room->spent = 0;
    }
}


static void
ngx_game_balance_give(uint64_t own, ngx_game_worker_info_t *target)
{
    uint64_t                  busy, share;
    ngx_uint_t                i, n, given;
    ngx_game_room_t          *room;
    ngx_game_balance_room_t   chosen[NGX_GAME_BALANCE_ROOMS];

    busy = ngx_game_balance_busy(target->counters);

    if (busy >= own) {
        return;
    }

    n = ngx_game_balance_choose(own, (own - busy) / 2, chosen);
    given = 0;
    share = 0;

    for (i = 0; i < n; i++) {
        room = chosen[i].room;

        if (ngx_game_handover_balance(room, target->epoch) != NGX_OK) {
            continue;
        }

        ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                      "room %V of game \"%V\", that takes %.1f%% of a core, "
                      "is offered to worker %P", ngx_game_id_text(room->id),
                      &room->game->name, chosen[i].share / 10000.0,
                      target->pid);

        given++;
        share += chosen[i].share;
    }

    if (given) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "this worker is %uL%% busy, worker %P in slot %ui "
                      "%uL%%: %ui rooms that take %.1f%% are offered to it "
                      "(game_balance)", own / 10000, target->pid,
                      target->slot, busy / 10000, given, share / 10000.0);
    }
}


/* the rooms that are given: how many.  Their time is that of the wall, which
 * may be more than the process has had of a core */

static ngx_uint_t
ngx_game_balance_choose(uint64_t own, uint64_t budget,
    ngx_game_balance_room_t *chosen)
{
    size_t            cursor;
    uint64_t          elapsed, all, share;
    ngx_uint_t        n;
    ngx_game_room_t  *room;

    elapsed = ngx_game_clock_now() - ngx_game_balance.since;
    all = 0;
    cursor = 0;

    while ((room = ngx_game_room_next(&cursor))) {
        all += room->spent;
    }

    all = ngx_max(all * 1000 / elapsed, own);
    n = 0;
    cursor = 0;

    while ((room = ngx_game_room_next(&cursor))) {
        share = room->spent * 1000 / elapsed * own / all;

        if (share && share <= budget
            && room->settled <= ngx_game_balance.since
            && !room->unsaved
            && ngx_game_handover_movable(room))
        {
            n = ngx_game_balance_insert(chosen, n, room, share);
        }
    }

    return ngx_game_balance_fit(chosen, n, budget);
}


/* into a list of the largest, the first of which is the largest of all */

static ngx_uint_t
ngx_game_balance_insert(ngx_game_balance_room_t *chosen, ngx_uint_t n,
    ngx_game_room_t *room, uint64_t share)
{
    ngx_uint_t  i;

    if (n == NGX_GAME_BALANCE_ROOMS && share <= chosen[--n].share) {
        return NGX_GAME_BALANCE_ROOMS;
    }

    for (i = n; i > 0 && chosen[i - 1].share < share; i--) {
        chosen[i] = chosen[i - 1];
    }

    chosen[i].room = room;
    chosen[i].share = share;

    return n + 1;
}


/* keeps those that fit, the largest first */

static ngx_uint_t
ngx_game_balance_fit(ngx_game_balance_room_t *chosen, ngx_uint_t n,
    uint64_t budget)
{
    uint64_t    left;
    ngx_uint_t  i, k;

    left = budget;

    for (i = 0, k = 0; i < n; i++) {

        if (chosen[i].share <= left) {
            left -= chosen[i].share;
            chosen[k++] = chosen[i];
        }
    }

    return (budget - left < NGX_GAME_BALANCE_LEAST) ? 0 : k;
}
