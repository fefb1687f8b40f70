
/*
 * Copyright (C) ngx_game authors
 *
 * The schedule of ticks.  A tick is late by the time from when it was due to
 * when on_tick is called; ticks that could not be run are missed, and either
 * made up for (catch_up) or skipped, but always counted.
 */


#include "ngx_game_tick.h"
#include "ngx_game_feed.h"
#include "ngx_game_handler.h"
#include "ngx_game_lua.h"
#include "ngx_game_registry.h"
#include "ngx_game_script.h"
#include "ngx_game_zone.h"


/* missed ticks that are made up for at once, at most */
#define NGX_GAME_TICK_CATCH_UP  5

/* the greatest lateness is that of the last so many microseconds */
#define NGX_GAME_TICK_WINDOW    10000000


/* the places of rooms in a period are so far from each other, us: the last
 * room of a place has the jitter of all before it, but to wake up for a room
 * costs as much as several ticks that do nothing; and rooms in one place at
 * most so far that they keep their order */
#define NGX_GAME_TICK_PLACE     166
#define NGX_GAME_TICK_ORDER     16

/* ticks of a room after which is looked anew where its state lies */
#define NGX_GAME_TICK_NOTE      64


struct ngx_game_schedule_s {
    ngx_queue_t                link;
    double                     period;        /* us */
    ngx_uint_t                 rooms;
    uint32_t                   places;
    uint32_t                   taken[];       /* rooms in each place */
};


static ngx_game_schedule_t *ngx_game_tick_schedule(double tick);
static uint32_t ngx_game_tick_choose(ngx_game_room_t *room);
static uint64_t ngx_game_tick_phase(ngx_game_room_t *room);
static uint32_t ngx_game_tick_hash(ngx_game_room_t *room);
static uint64_t ngx_game_tick_due(ngx_game_room_t *room);
static void ngx_game_tick_handler(ngx_game_timer_t *timer);
static void ngx_game_tick_part(ngx_game_room_t *room);
static void ngx_game_tick_prefetch(ngx_game_room_t *room);
static void ngx_game_tick_note(ngx_game_room_t *room, uint64_t missed);
static int ngx_game_tick_note_state(lua_State *L);
static void ngx_game_tick_measure(uint64_t now, uint64_t late);


/* this worker's, one for each rate; a queue not yet in use is zeroed */
static ngx_queue_t  ngx_game_tick_schedules;


/*
 * The worker's rooms of one rate share a schedule, that began with the clock:
 * a room has a place in its period, and all rooms in one place tick in one
 * turn of the loop.  Within it they keep their order.  A new room gets the
 * place that has fewest; one that comes from another worker keeps its own, so
 * that it ticks when its players expect it.
 */

void
ngx_game_tick_start(ngx_game_room_t *room)
{
    ngx_game_schedule_t  *schedule;

    if (room->game->tick == 0
        || !(room->handlers & (1 << NGX_GAME_ON_TICK)))
    {
        return;
    }

    schedule = ngx_game_tick_schedule(room->game->tick);

    if (schedule == NULL) {
        ngx_game_room_close(room, 1011, "no memory", sizeof("no memory") - 1);
        return;
    }

    room->schedule = schedule;

    if (room->tick_place == 0 || room->tick_place > schedule->places) {
        room->tick_place = ngx_game_tick_choose(room);
    }

    schedule->taken[room->tick_place - 1]++;
    schedule->rooms++;

    /* the next one that is to come */

    room->tick.handler = ngx_game_tick_handler;
    room->tick_count = (uint64_t) ((ngx_game_clock_now()
                                    - ngx_game_tick_phase(room))
                                   / schedule->period) + 1;

    if (ngx_game_clock_set(&room->tick, ngx_game_tick_due(room)) != NGX_OK) {
        ngx_game_room_close(room, 1011, "no memory", sizeof("no memory") - 1);
    }
}


void
ngx_game_tick_stop(ngx_game_room_t *room)
{
    ngx_game_schedule_t  *schedule;

    ngx_game_clock_clear(&room->tick);

    schedule = room->schedule;

    if (schedule == NULL) {
        return;
    }

    room->schedule = NULL;
    schedule->taken[room->tick_place - 1]--;

    if (--schedule->rooms == 0) {
        ngx_queue_remove(&schedule->link);
        ngx_free(schedule);
    }
}


static ngx_game_schedule_t *
ngx_game_tick_schedule(double tick)
{
    double                period;
    uint32_t              places;
    ngx_queue_t          *q;
    ngx_game_schedule_t  *schedule;

    if (ngx_game_tick_schedules.next == NULL) {
        ngx_queue_init(&ngx_game_tick_schedules);
    }

    period = 1000000.0 / tick;

    for (q = ngx_queue_head(&ngx_game_tick_schedules);
         q != ngx_queue_sentinel(&ngx_game_tick_schedules);
         q = ngx_queue_next(q))
    {
        schedule = ngx_queue_data(q, ngx_game_schedule_t, link);

        if (schedule->period == period) {
            return schedule;
        }
    }

    places = (uint32_t) (period / NGX_GAME_TICK_PLACE);

    schedule = ngx_calloc(sizeof(ngx_game_schedule_t)
                          + places * sizeof(uint32_t), ngx_cycle->log);

    if (schedule) {
        schedule->period = period;
        schedule->places = places;
        ngx_queue_insert_tail(&ngx_game_tick_schedules, &schedule->link);
    }

    return schedule;
}


/* one with the fewest rooms, the first from anywhere on */

static uint32_t
ngx_game_tick_choose(ngx_game_room_t *room)
{
    uint32_t              i, place, chosen;
    ngx_game_schedule_t  *schedule;

    schedule = room->schedule;
    place = ngx_game_tick_hash(room) % schedule->places;
    chosen = place;

    for (i = 1; i < schedule->places; i++) {
        place = (place + 1) % schedule->places;

        if (schedule->taken[place] < schedule->taken[chosen]) {
            chosen = place;
        }
    }

    return chosen + 1;
}


/* when tick 0 was due, us */

static uint64_t
ngx_game_tick_phase(ngx_game_room_t *room)
{
    return (room->tick_place - 1) * NGX_GAME_TICK_PLACE
           + (ngx_game_tick_hash(room) >> 16) % NGX_GAME_TICK_ORDER;
}


static uint32_t
ngx_game_tick_hash(ngx_game_room_t *room)
{
    return room->id * 0x9e3779b97f4a7c15ULL >> 32;
}


/* computed anew for each tick, so that no error adds up whatever the rate */

static uint64_t
ngx_game_tick_due(ngx_game_room_t *room)
{
    return ngx_game_tick_phase(room)
           + (uint64_t) (room->tick_count * room->schedule->period);
}


static void
ngx_game_tick_handler(ngx_game_timer_t *timer)
{
    double            period;
    uint64_t          now, due, missed, run;
    ngx_game_room_t  *room;

    room = ngx_queue_data(timer, ngx_game_room_t, tick);

    if (!ngx_game_registry_owned(room->id, room->term)) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "room %V of game \"%V\" is not this worker's any more",
                      ngx_game_id_text(room->id), &room->game->name);

        ngx_game_room_close(room, 1011, "lost", sizeof("lost") - 1);
        return;
    }

    period = room->schedule->period;
    now = ngx_game_clock_now();
    due = ngx_game_tick_due(room);

    ngx_game_tick_measure(now, now > due ? now - due : 0);

    missed = now > due ? (uint64_t) ((now - due) / period) : 0;
    run = 1;

    if (missed) {
        ngx_game_count(ticks_missed, missed);

        if (room->game->catch_up) {
            run += ngx_min(missed, NGX_GAME_TICK_CATCH_UP - 1);
        }
    }

    room->tick_count += 1 + missed;

    /* set before the call, so that the handler may close the room */

    if (ngx_game_clock_set(timer, ngx_game_tick_due(room)) != NGX_OK) {
        ngx_game_room_close(room, 1011, "no memory", sizeof("no memory") - 1);
        return;
    }

    ngx_game_tick_part(room);
    ngx_game_tick_prefetch(room);

    while (run-- && !room->closing && !room->ticking) {
        ngx_game_handler_tick(room);
    }

    ngx_game_tick_note(room, missed);
}


/*
 * A worker that is behind runs the rooms of several places in one turn.  What
 * those of one place have sent is written before the next ones run, or players
 * would wait for more rooms in one tick than in another.
 */

static void
ngx_game_tick_part(ngx_game_room_t *room)
{
    static uint32_t              place;
    static ngx_game_schedule_t  *schedule;

    if (room->tick_place != place || room->schedule != schedule) {
        place = room->tick_place;
        schedule = room->schedule;

        ngx_game_feed_end_turn();
    }
}


ngx_game_room_t *
ngx_game_tick_next(void)
{
    ngx_game_timer_t  *timer;

    timer = ngx_game_clock_next();

    if (timer == NULL || timer->handler != ngx_game_tick_handler) {
        return NULL;
    }

    return ngx_queue_data(timer, ngx_game_room_t, tick);
}


static void
ngx_game_tick_prefetch(ngx_game_room_t *room)
{
    ngx_game_room_t  *next;

    next = ngx_game_tick_next();

    if (next && next != room) {
        __builtin_prefetch(next);
        ngx_game_prefetch_next(&next->prefetch);
    }
}


/* missed: a worker that never runs two ticks in a row gets here, too */

static void
ngx_game_tick_note(ngx_game_room_t *room, uint64_t missed)
{
    if ((room->tick_count + room->tick_place) % NGX_GAME_TICK_NOTE <= missed
        && !room->closing)
    {
        (void) ngx_game_script_try(ngx_game_tick_note_state, room);
    }
}


static int
ngx_game_tick_note_state(lua_State *L)
{
    ngx_game_room_t  *room;

    room = lua_touserdata(L, 1);

    ngx_game_lua_push_room(L, room);

    lua_pushliteral(L, "state");
    lua_rawget(L, -2);

    ngx_game_prefetch_note(&room->prefetch, L);

    return 0;
}


static void
ngx_game_tick_measure(uint64_t now, uint64_t late)
{
    static uint64_t  since, worst;

    ngx_game_count(ticks, 1);
    ngx_game_count(tick_late_us, late);

    if (now - since > NGX_GAME_TICK_WINDOW) {
        since = now;
        worst = 0;
    }

    if (late >= worst) {
        worst = late;
        atomic_store_explicit(&ngx_game_worker.counters->tick_late_max_us,
                              worst, memory_order_relaxed);
    }
}
