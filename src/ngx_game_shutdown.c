
/*
 * Copyright (C) ngx_game authors
 *
 * A worker looks at the zone from time to time.  Rooms that have not been told
 * are posted, and told at the end of the turn; a room that comes from another
 * worker is posted anyway, and brings the number of the drain that it was told
 * of.  After a crash, a room may be told again.
 */


#include "ngx_game_shutdown.h"
#include "ngx_game_drain.h"
#include "ngx_game_handler.h"
#include "ngx_game_registry.h"


/* how often a worker looks whether the server drains, ms */
#define NGX_GAME_SHUTDOWN_POLL  200

/* in the place of a drain's number: this worker quits */
#define NGX_GAME_SHUTDOWN_QUIT  NGX_GAME_DRAIN_NUMBERS


typedef struct {
    ngx_event_t                poll;
    ngx_connection_t           dummy;
} ngx_game_shutdown_t;


static void ngx_game_shutdown_poll(ngx_event_t *ev);
static void ngx_game_shutdown_drain(ngx_game_drain_t *drain);
static ngx_msec_int_t ngx_game_shutdown_grace(ngx_game_drain_t *drain);
static ngx_msec_int_t ngx_game_shutdown_exit(void);


static ngx_game_shutdown_t  ngx_game_shutdown;


void
ngx_game_shutdown_init(ngx_cycle_t *cycle)
{
    ngx_game_shutdown.dummy.fd = (ngx_socket_t) -1;

    ngx_game_shutdown.poll.handler = ngx_game_shutdown_poll;
    ngx_game_shutdown.poll.data = &ngx_game_shutdown.dummy;
    ngx_game_shutdown.poll.log = cycle->log;
    ngx_game_shutdown.poll.cancelable = 1;

    ngx_add_timer(&ngx_game_shutdown.poll, NGX_GAME_SHUTDOWN_POLL);
}


void
ngx_game_shutdown_done(void)
{
    if (ngx_game_shutdown.poll.timer_set) {
        ngx_del_timer(&ngx_game_shutdown.poll);
    }
}


static void
ngx_game_shutdown_poll(ngx_event_t *ev)
{
    ngx_uint_t        used, size;
    ngx_game_drain_t  drain;

    ngx_add_timer(ev, NGX_GAME_SHUTDOWN_POLL);

    if (!ngx_game_drain_get(&drain)) {
        return;
    }

    ngx_game_shutdown_drain(&drain);

    ngx_game_registry_usage(&used, &size);

    if (used == 0 && ngx_game_drain_done(&drain)) {
        ngx_log_error(NGX_LOG_NOTICE, ev->log, 0,
                      "drained: no room is left, nginx may be stopped");
    }
}


static void
ngx_game_shutdown_drain(ngx_game_drain_t *drain)
{
    size_t            cursor;
    ngx_uint_t        n, over;
    ngx_game_room_t  *room;

    cursor = 0;
    n = 0;
    over = (!drain->endless && drain->left == 0);

    while ((room = ngx_game_room_next(&cursor))) {

        if (room->paused || room->closing) {
            continue;
        }

        if (room->created && room->drain != drain->number) {
            ngx_game_room_post(room);

        } else if (over) {
            ngx_game_room_close(room, 1012, "shutdown",
                                sizeof("shutdown") - 1);
            n++;
        }
    }

    if (n) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "closing %ui rooms: the grace of the drain is over", n);
    }
}


void
ngx_game_shutdown_room(ngx_game_room_t *room)
{
    uint32_t          number;
    ngx_game_drain_t  drain;

    number = ngx_game_drain_get(&drain) ? drain.number
                                        : NGX_GAME_SHUTDOWN_QUIT;

    if (room->drain == number
        || (number == NGX_GAME_SHUTDOWN_QUIT && !ngx_game_worker.alone))
    {
        return;
    }

    room->drain = number;

    if (room->handlers & (1 << NGX_GAME_ON_SHUTDOWN)) {
        ngx_game_handler_shutdown(room, ngx_game_shutdown_grace(&drain));
    }
}


/* how long the room has until it is closed, ms, by whatever comes first; -1:
 * nothing closes it */

static ngx_msec_int_t
ngx_game_shutdown_grace(ngx_game_drain_t *drain)
{
    ngx_msec_int_t  left;

    if (drain->number == 0 || drain->endless) {
        return ngx_game_shutdown_exit();
    }

    left = ngx_game_worker.exiting ? ngx_game_shutdown_exit() : -1;

    return (left == -1) ? (ngx_msec_int_t) drain->left
                        : ngx_min(left, (ngx_msec_int_t) drain->left);
}


/* the same by worker_shutdown_timeout, also if the worker is about to exit */

static ngx_msec_int_t
ngx_game_shutdown_exit(void)
{
    ngx_core_conf_t  *ccf;
    ngx_msec_int_t    left;

    if (ngx_game_worker.deadline) {
        left = (ngx_msec_int_t) (ngx_game_worker.deadline - ngx_current_msec);
        return ngx_max(left, 0);
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(ngx_game_worker.cycle->conf_ctx,
                                           ngx_core_module);

    return ccf->shutdown_timeout ? (ngx_msec_int_t) ccf->shutdown_timeout : -1;
}
