
/*
 * Copyright (C) ngx_game authors
 *
 * The state is changed by one store, so that it is whole whoever is killed:
 * the number of the last drain, and above what time rooms are closed, ms of
 * the monotonic clock, which all processes share.
 *
 *     24 bits: number | 40 bits: deadline, 0: it has ended, all ones: none
 */


#include "ngx_game_drain.h"
#include "ngx_game_zone.h"


#define NGX_GAME_DRAIN_BITS     40
#define NGX_GAME_DRAIN_ENDLESS  (((uint64_t) 1 << NGX_GAME_DRAIN_BITS) - 1)

#define ngx_game_drain_number(state)                                          \
    ((uint32_t) ((state) >> NGX_GAME_DRAIN_BITS))
#define ngx_game_drain_deadline(state)                                        \
    ((state) & NGX_GAME_DRAIN_ENDLESS)


static ngx_int_t ngx_game_drain_change(uint64_t deadline);
static uint64_t ngx_game_drain_state(void);
static uint64_t ngx_game_drain_next(uint64_t state, uint64_t deadline);


ngx_uint_t
ngx_game_drain_get(ngx_game_drain_t *drain)
{
    uint64_t  state, deadline, now;

    ngx_memzero(drain, sizeof(ngx_game_drain_t));

    state = ngx_game_drain_state();
    deadline = ngx_game_drain_deadline(state);

    if (deadline == 0) {
        return 0;
    }

    drain->number = ngx_game_drain_number(state);

    if (deadline == NGX_GAME_DRAIN_ENDLESS) {
        drain->endless = 1;
        return 1;
    }

    now = ngx_current_msec;
    drain->left = (deadline > now) ? deadline - now : 0;

    return 1;
}


ngx_uint_t
ngx_game_drain_on(void)
{
    return ngx_game_drain_deadline(ngx_game_drain_state()) != 0;
}


ngx_uint_t
ngx_game_drain_endless(void)
{
    return ngx_game_drain_deadline(ngx_game_drain_state())
           == NGX_GAME_DRAIN_ENDLESS;
}


ngx_int_t
ngx_game_drain_begin(ngx_msec_t grace)
{
    return ngx_game_drain_change(ngx_current_msec + grace);
}


ngx_int_t
ngx_game_drain_end(void)
{
    return ngx_game_drain_change(0);
}


/* deadline 0: it ends */

static ngx_int_t
ngx_game_drain_change(uint64_t deadline)
{
    uint64_t                state;
    ngx_game_zone_drain_t  *zone;

    zone = ngx_game_zone_parts()->drain;
    state = atomic_load(&zone->state);

    do {
        if (ngx_game_drain_deadline(state) == NGX_GAME_DRAIN_ENDLESS) {
            return NGX_DECLINED;
        }

    } while (!atomic_compare_exchange_weak(&zone->state, &state,
                                           ngx_game_drain_next(state,
                                                               deadline)));

    return NGX_OK;
}


void
ngx_game_drain_configure(ngx_flag_t on)
{
    uint64_t                state, next;
    ngx_game_zone_drain_t  *zone;

    zone = ngx_game_zone_parts()->drain;
    state = atomic_load(&zone->state);

    do {
        if (on
            == (ngx_game_drain_deadline(state) == NGX_GAME_DRAIN_ENDLESS))
        {
            return;
        }

        next = ngx_game_drain_next(state, on ? NGX_GAME_DRAIN_ENDLESS : 0);

    } while (!atomic_compare_exchange_weak(&zone->state, &state, next));
}


ngx_uint_t
ngx_game_drain_done(ngx_game_drain_t *drain)
{
    _Atomic uint64_t  *told;

    told = &ngx_game_zone_parts()->drain->told;

    return ngx_game_zone_get(told) != drain->number
           && atomic_exchange(told, drain->number) != drain->number;
}


static uint64_t
ngx_game_drain_state(void)
{
    return ngx_game_zone_get(&ngx_game_zone_parts()->drain->state);
}


/* the state with which another drain begins, whose number is never 0; or,
 * deadline 0, with which this one ends */

static uint64_t
ngx_game_drain_next(uint64_t state, uint64_t deadline)
{
    uint64_t  number;

    if (deadline == 0) {
        return state & ~NGX_GAME_DRAIN_ENDLESS;
    }

    number = ngx_game_drain_number(state) % (NGX_GAME_DRAIN_NUMBERS - 1) + 1;

    return number << NGX_GAME_DRAIN_BITS | deadline;
}
