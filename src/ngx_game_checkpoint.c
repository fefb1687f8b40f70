
/*
 * Copyright (C) ngx_game authors
 *
 * Rooms that have changed wait in a queue.  Credit is earned with the time
 * that goes by, and each checkpoint is paid for with the time it took: when
 * there is none left, the rooms wait for later turns, in their order.  A
 * worker that is fully busy earns little, so that its players are not the ones
 * who pay.
 */


#include "ngx_game_checkpoint.h"
#include "ngx_game_clock.h"
#include "ngx_game_image.h"
#include "ngx_game_registry.h"
#include "ngx_game_room.h"
#include "ngx_game_tick.h"
#include "ngx_game_zone.h"


/* of the worker's time, ppm: at least, and at most, which is given to one that
 * is idle.  Between them it falls with the ninth power of the idle time, so
 * that it is a small part of what a worker does that has something to do */
#define NGX_GAME_CHECKPOINT_LEAST   4000
#define NGX_GAME_CHECKPOINT_MOST    100000

/* credit that can be saved up, us, and that is left where all is saved */
#define NGX_GAME_CHECKPOINT_CREDIT  10000
#define NGX_GAME_CHECKPOINT_PLENTY  5000

/* what waits is looked at again after, us */
#define NGX_GAME_CHECKPOINT_AGAIN   5000

/* a room may take one part in so many of the time; and one that ticks is saved
 * for each tick, but not for each message in between */
#define NGX_GAME_CHECKPOINT_TIMES   100

/* a room that ticks does not wait for its turn for longer than, us */
#define NGX_GAME_CHECKPOINT_WAIT    1000000

/* a room that can't be saved is tried again after, us */
#define NGX_GAME_CHECKPOINT_RETRY   1000000


typedef struct {
    ngx_game_timer_t           timer;
    int64_t                    credit;        /* ns */
    uint64_t                   earned;        /* up to this time */
    unsigned                   full:1;        /* told that the zone is */
} ngx_game_checkpoints_t;


static void ngx_game_checkpoint_earn(uint64_t now);
static void ngx_game_checkpoint_measure(ngx_queue_t *changed, uint64_t now);
static ngx_game_room_t *ngx_game_checkpoint_warm(ngx_game_room_t *oldest,
    uint64_t now);
static uint64_t ngx_game_checkpoint_take(ngx_game_room_t *room, uint64_t now);
static ngx_uint_t ngx_game_checkpoint_due(ngx_game_room_t *room,
    uint64_t now);
static void ngx_game_checkpoint_save(ngx_game_room_t *room, uint64_t now);
static void ngx_game_checkpoint_put(ngx_game_room_t *room, ngx_str_t *image);
static void ngx_game_checkpoint_timer(ngx_game_timer_t *timer);


static ngx_game_checkpoints_t  ngx_game_checkpoints;


void
ngx_game_checkpoint_init(void)
{
    ngx_memzero(&ngx_game_checkpoints, sizeof(ngx_game_checkpoints_t));

    ngx_game_checkpoints.timer.handler = ngx_game_checkpoint_timer;
    ngx_game_checkpoints.earned = ngx_game_clock_now();
    ngx_game_checkpoints.credit = NGX_GAME_CHECKPOINT_CREDIT * 1000;
}


void
ngx_game_checkpoint_done(void)
{
    ngx_game_clock_clear(&ngx_game_checkpoints.timer);
}


void
ngx_game_checkpoint_run(ngx_uint_t last)
{
    uint64_t                 now;
    ngx_uint_t               plenty;
    ngx_queue_t             *q, *next, *changed;
    ngx_game_room_t         *room;
    ngx_game_checkpoints_t  *cp;

    cp = &ngx_game_checkpoints;
    changed = ngx_game_room_changes();

    if (ngx_queue_empty(changed)) {
        ngx_game_checkpoint_measure(changed, 0);
        return;
    }

    /* what players see is in a checkpoint then; where only some of it could
     * be, they don't wait for that */

    plenty = (cp->credit >= NGX_GAME_CHECKPOINT_PLENTY * 1000);

    if (!last && !plenty) {
        return;
    }

    now = ngx_game_clock_now();

    ngx_game_checkpoint_earn(now);

    for (q = ngx_queue_head(changed);
         q != ngx_queue_sentinel(changed) && cp->credit > 0;
         q = next)
    {
        next = ngx_queue_next(q);
        room = ngx_queue_data(q, ngx_game_room_t, changed);

        if (!ngx_game_checkpoint_due(room, now)) {
            continue;
        }

        if (!plenty && room->schedule) {
            room = ngx_game_checkpoint_warm(room, now);

            if (room == NULL) {
                break;
            }

            next = ngx_queue_sentinel(changed);
        }

        now = ngx_game_checkpoint_take(room, now);
    }

    ngx_game_image_trim();
    ngx_game_checkpoint_measure(changed, now);

    if (!ngx_queue_empty(changed) && !ngx_game_clock_is_set(&cp->timer)) {
        (void) ngx_game_clock_set(&cp->timer,
                                  now + NGX_GAME_CHECKPOINT_AGAIN);
    }
}


static void
ngx_game_checkpoint_earn(uint64_t now)
{
    double                   busy, idle;
    uint64_t                 share;
    ngx_game_checkpoints_t  *cp;

    cp = &ngx_game_checkpoints;

    busy = ngx_game_zone_get(&ngx_game_worker.counters->busy_ppm);
    idle = 1 - ngx_min(busy / 1000000, 1);
    idle = idle * idle * idle;

    share = NGX_GAME_CHECKPOINT_LEAST
            + idle * idle * idle * (NGX_GAME_CHECKPOINT_MOST
                                    - NGX_GAME_CHECKPOINT_LEAST);

    /* us * ppm / 1000 */

    cp->credit += (now - cp->earned) * share / 1000;
    cp->credit = ngx_min(cp->credit, NGX_GAME_CHECKPOINT_CREDIT * 1000);
    cp->earned = now;
}


/* since when the oldest change waits that is in no checkpoint: rooms that have
 * changed in this turn are the last ones, and have no time yet */

static void
ngx_game_checkpoint_measure(ngx_queue_t *changed, uint64_t now)
{
    uint64_t          since;
    ngx_queue_t      *q;
    ngx_game_room_t  *room;

    since = 0;

    for (q = ngx_queue_last(changed);
         q != ngx_queue_sentinel(changed);
         q = ngx_queue_prev(q))
    {
        room = ngx_queue_data(q, ngx_game_room_t, changed);

        if (room->waits) {
            break;
        }

        room->waits = now;
    }

    if (!ngx_queue_empty(changed)) {
        room = ngx_queue_data(ngx_queue_head(changed), ngx_game_room_t,
                              changed);
        since = room->waits;
    }

    atomic_store_explicit(&ngx_game_worker.counters->unsaved_since, since,
                          memory_order_relaxed);
}


/*
 * What is written drives the rooms out of the caches, all but the one that
 * ticks next (ngx_game_prefetch.h): its checkpoint takes half of the time.
 * It is taken in place of the oldest one's, if it is at least half as old; if
 * it is not, a later one may be, and the oldest waits for that, but not for
 * long.  NULL: none is taken now.
 */

static ngx_game_room_t *
ngx_game_checkpoint_warm(ngx_game_room_t *oldest, uint64_t now)
{
    ngx_game_room_t  *room;

    room = ngx_game_tick_next();

    if (room
        && room->dirty
        && now - room->saved >= (now - oldest->saved) / 2
        && ngx_game_checkpoint_due(room, now))
    {
        return room;
    }

    return (now - oldest->saved >= NGX_GAME_CHECKPOINT_WAIT) ? oldest : NULL;
}


/* the time after it */

static uint64_t
ngx_game_checkpoint_take(ngx_game_room_t *room, uint64_t now)
{
    uint64_t  then;

    ngx_game_room_unchanged(room);

    ngx_game_checkpoint_save(room, now);

    then = ngx_game_clock_now();
    room->save_cost = ngx_min(then - now, NGX_GAME_CHECKPOINT_CREDIT);

    ngx_game_count(checkpoints, 1);
    ngx_game_count(checkpoint_us, then - now);

    /* not for what the machine did meanwhile */

    ngx_game_checkpoints.credit -= (int64_t) room->save_cost * 1000;

    return then;
}


static ngx_uint_t
ngx_game_checkpoint_due(ngx_game_room_t *room, uint64_t now)
{
    uint64_t  interval;

    if (room->unsaved) {
        interval = NGX_GAME_CHECKPOINT_RETRY;

    } else if (room->game->checkpoint == NGX_GAME_CHECKPOINT_AUTO) {
        interval = (uint64_t) room->save_cost * NGX_GAME_CHECKPOINT_TIMES;

        if (room->game->tick) {
            interval = ngx_max(interval, 900000 / room->game->tick);
        }

    } else {
        interval = (uint64_t) room->game->checkpoint * 1000;
    }

    return now - room->saved >= interval;
}


static void
ngx_game_checkpoint_save(ngx_game_room_t *room, uint64_t now)
{
    ngx_str_t  image;

    if (room->paused || room->closing || !room->created) {
        return;
    }

    room->saved = now;

    if (ngx_game_image_pack(room, &image, room->unsaved) != NGX_OK) {
        room->unsaved = 1;
        ngx_game_count(checkpoints_failed, 1);
        return;
    }

    room->unsaved = 0;

    ngx_game_checkpoint_put(room, &image);
}


ngx_int_t
ngx_game_checkpoint_last(ngx_game_room_t *room)
{
    ngx_str_t  image;

    if (ngx_game_image_pack(room, &image, 0) != NGX_OK) {
        return NGX_DECLINED;
    }

    ngx_game_count(checkpoints, 1);
    ngx_game_checkpoint_put(room, &image);

    return ngx_game_registry_saved(room->id) ? NGX_OK : NGX_DECLINED;
}


static void
ngx_game_checkpoint_put(ngx_game_room_t *room, ngx_str_t *image)
{
    if (ngx_game_registry_save(room->id, image) == NGX_OK) {
        return;
    }

    /* the former one, if there is one, is better than none */

    ngx_game_count(checkpoints_failed, 1);

    if (!ngx_game_checkpoints.full) {
        ngx_game_checkpoints.full = 1;

        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "no place for the checkpoint of room %V of game \"%V\", "
                      "%uz bytes: increase \"game_zone\"",
                      ngx_game_id_text(room->id), &room->game->name,
                      image->len);
    }
}


static void
ngx_game_checkpoint_timer(ngx_game_timer_t *timer)
{
    ngx_game_checkpoint_run(1);
}
