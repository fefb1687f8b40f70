
/*
 * Copyright (C) ngx_game authors
 *
 * The schedule of ticks.  A tick is late by the time from when it was due to
 * when on_tick is called; ticks that could not be run are missed, and either
 * made up for (catch_up) or skipped, but always counted.
 */


#include "ngx_game_tick.h"
#include "ngx_game_handler.h"
#include "ngx_game_registry.h"
#include "ngx_game_zone.h"


/* missed ticks that are made up for at once, at most */
#define NGX_GAME_TICK_CATCH_UP  5

/* the greatest lateness is that of the last so many microseconds */
#define NGX_GAME_TICK_WINDOW    10000000


static uint64_t ngx_game_tick_due(ngx_game_room_t *room);
static void ngx_game_tick_handler(ngx_game_timer_t *timer);
static void ngx_game_tick_measure(uint64_t now, uint64_t late);


/* the places of rooms in a period are so far from each other, us, and rooms in
 * one place at most so far that they keep their order */
#define NGX_GAME_TICK_PLACE     1000
#define NGX_GAME_TICK_ORDER     16


#define ngx_game_tick_period(game)  (1000000.0 / (game)->tick)


/*
 * The worker's rooms of one rate share a schedule, that began with the clock:
 * a room has a place in its period, by the id's hash, and all rooms in one
 * place tick in one turn of the loop.  Within it they keep their order.
 */

void
ngx_game_tick_start(ngx_game_room_t *room)
{
    double    period;
    uint32_t  hash, places;

    if (room->game->tick == 0
        || !(room->handlers & (1 << NGX_GAME_ON_TICK)))
    {
        return;
    }

    period = ngx_game_tick_period(room->game);
    places = (uint32_t) (period / NGX_GAME_TICK_PLACE);
    hash = room->id * 0x9e3779b97f4a7c15ULL >> 32;

    room->tick.handler = ngx_game_tick_handler;
    room->tick_phase = hash % places * NGX_GAME_TICK_PLACE
                       + (hash >> 16) % NGX_GAME_TICK_ORDER;
    room->tick_count = (uint64_t) (ngx_game_clock_now() / period) + 1;

    if (ngx_game_clock_set(&room->tick, ngx_game_tick_due(room)) != NGX_OK) {
        ngx_game_room_close(room, 1011, "no memory", sizeof("no memory") - 1);
    }
}


void
ngx_game_tick_stop(ngx_game_room_t *room)
{
    ngx_game_clock_clear(&room->tick);
}


/* computed anew for each tick, so that no error adds up whatever the rate */

static uint64_t
ngx_game_tick_due(ngx_game_room_t *room)
{
    return room->tick_phase
           + (uint64_t) (room->tick_count * ngx_game_tick_period(room->game));
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

    period = ngx_game_tick_period(room->game);
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

    while (run-- && !room->closing && !room->ticking) {
        ngx_game_handler_tick(room);
    }
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
