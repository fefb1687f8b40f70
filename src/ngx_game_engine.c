
/*
 * Copyright (C) ngx_game authors
 *
 * The order in which the parts of a worker begin and end, and what a worker
 * does while it exits: it takes no new rooms, and lives as long as one of its
 * rooms has players, but not longer than worker_shutdown_timeout.
 */


#include "ngx_game_engine.h"
#include "ngx_game_adopt.h"
#include "ngx_game_balance.h"
#include "ngx_game_channel.h"
#include "ngx_game_checkpoint.h"
#include "ngx_game_clock.h"
#include "ngx_game_follow.h"
#include "ngx_game_guard.h"
#include "ngx_game_handler.h"
#include "ngx_game_handover.h"
#include "ngx_game_hold.h"
#include "ngx_game_join.h"
#include "ngx_game_limit.h"
#include "ngx_game_lua.h"
#include "ngx_game_pass.h"
#include "ngx_game_player.h"
#include "ngx_game_registry.h"
#include "ngx_game_room.h"
#include "ngx_game_script.h"
#include "ngx_game_seat.h"
#include "ngx_game_session.h"
#include "ngx_game_shutdown.h"
#include "ngx_game_snapshot.h"
#include "ngx_game_sync.h"
#include "ngx_game_ward.h"
#include "ngx_game_zone.h"


/* how often a worker without a slot looks for one, ms */
#define NGX_GAME_ENGINE_RETRY  1000

/* how often an exiting worker looks whether its rooms have ended, ms */
#define NGX_GAME_ENGINE_WATCH  200


typedef struct {
    ngx_event_t                retry;
    ngx_event_t                watch;
    ngx_connection_t           dummy;         /* nginx logs the descriptor of
                                               * a timer's connection */
    ngx_uint_t                 started;
} ngx_game_engine_t;


static ngx_int_t ngx_game_engine_start(ngx_cycle_t *cycle);
static void ngx_game_engine_retry(ngx_event_t *ev);
static void ngx_game_engine_exit(void);
static void ngx_game_engine_watch(ngx_event_t *ev);


static ngx_game_engine_t  ngx_game_engine;


static ngx_game_sync_handlers_t  ngx_game_engine_handlers = {
    ngx_game_seat_request,
    ngx_game_seat_leave,
    ngx_game_room_message,
    ngx_game_room_deliver,
    ngx_game_room_measured,
    ngx_game_seat_switch,
    ngx_game_seat_roster,
    ngx_game_hold_returned,
    ngx_game_join_admitted,
    ngx_game_join_refused,
    ngx_game_follow_drained,
    ngx_game_handover_record,
    ngx_game_follow_record,
    ngx_game_pass_record,
    ngx_game_ward_record,
    ngx_game_follow_keep,
    ngx_game_handover_divert,
    ngx_game_handover_holds
};


/* what is done about the death of another worker, in this order: its sessions
 * and rooms first, then what it held in the zone */

static const ngx_game_zone_death_pt  ngx_game_engine_deaths[] = {
    ngx_game_limit_sweep,
    ngx_game_snapshot_lost,
    ngx_game_pass_lost,
    ngx_game_guard_lost,
    ngx_game_ward_lost,
    ngx_game_handover_lost,
    ngx_game_follow_lost,
    ngx_game_join_lost,
    ngx_game_room_lost,
    ngx_game_adopt_lost
};


ngx_int_t
ngx_game_engine_init(ngx_cycle_t *cycle, ngx_game_main_conf_t *mcf)
{
    ngx_int_t   rc;
    ngx_uint_t  i, n;

    ngx_memzero(&ngx_game_engine, sizeof(ngx_game_engine_t));
    ngx_game_engine.dummy.fd = (ngx_socket_t) -1;

    ngx_game_worker.cycle = cycle;
    ngx_game_worker.conf = mcf;

    n = sizeof(ngx_game_engine_deaths) / sizeof(ngx_game_engine_deaths[0]);

    for (i = 0; i < n; i++) {
        ngx_game_zone_on_death(ngx_game_engine_deaths[i]);
    }

    ngx_game_room_init();

    if (ngx_game_clock_init(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_game_checkpoint_init();
    ngx_game_handler_init(ngx_game_checkpoint_run);

    if (mcf->games.nelts
        && ngx_game_script_init(cycle, mcf, ngx_game_lua_open) != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = ngx_game_engine_start(cycle);

    if (rc == NGX_DECLINED) {
        ngx_game_engine.retry.handler = ngx_game_engine_retry;
        ngx_game_engine.retry.data = &ngx_game_engine.dummy;
        ngx_game_engine.retry.log = cycle->log;
        ngx_game_engine.retry.cancelable = 1;
        ngx_add_timer(&ngx_game_engine.retry, NGX_GAME_ENGINE_RETRY);

        return NGX_OK;
    }

    return rc;
}


/* NGX_DECLINED: there is no slot for this worker yet */

static ngx_int_t
ngx_game_engine_start(ngx_cycle_t *cycle)
{
    ngx_int_t  rc;

    rc = ngx_game_zone_attach(cycle, ngx_game_worker.conf->shm_zone);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_game_registry_init(cycle) != NGX_OK
        || ngx_game_limit_init(cycle) != NGX_OK
        || ngx_game_sync_init(cycle, &ngx_game_engine_handlers) != NGX_OK
        || ngx_game_pass_init(cycle) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_game_guard_init(cycle);
    ngx_game_ward_init();
    ngx_game_follow_init();
    ngx_game_snapshot_init(cycle);
    ngx_game_adopt_init(cycle);
    ngx_game_shutdown_init(cycle);
    ngx_game_balance_init(cycle);
    ngx_game_channel_on_exit(ngx_game_engine_exit);

    ngx_game_engine.started = 1;

    return NGX_OK;
}


static void
ngx_game_engine_retry(ngx_event_t *ev)
{
    switch (ngx_game_engine_start(ngx_game_worker.cycle)) {

    case NGX_OK:
        return;

    case NGX_DECLINED:
        ngx_add_timer(ev, NGX_GAME_ENGINE_RETRY);
        return;

    default:
        ngx_log_error(NGX_LOG_EMERG, ev->log, 0,
                      "this worker could not be set up for games and exits");
        ngx_terminate = 1;
    }
}


/* a graceful exit begins: a reload, or a quit */

static void
ngx_game_engine_exit(void)
{
    ngx_core_conf_t  *ccf;

    ngx_game_worker.exiting = 1;
    ngx_game_zone_set_exiting();

    ccf = (ngx_core_conf_t *) ngx_get_conf(ngx_game_worker.cycle->conf_ctx,
                                           ngx_core_module);

    if (ccf->shutdown_timeout) {
        ngx_game_worker.deadline = ngx_current_msec + ccf->shutdown_timeout;
    }

    ngx_game_room_exit();
    ngx_game_handover_exit();
    ngx_game_pass_exit();
    ngx_game_snapshot_exit();
    ngx_game_ward_exit();

    /* no cancelable timer: the worker waits for it */

    ngx_game_engine.watch.handler = ngx_game_engine_watch;
    ngx_game_engine.watch.data = &ngx_game_engine.dummy;
    ngx_game_engine.watch.log = ngx_game_worker.cycle->log;
    ngx_add_timer(&ngx_game_engine.watch, NGX_GAME_ENGINE_WATCH);
}


static void
ngx_game_engine_watch(ngx_event_t *ev)
{
    if (ngx_game_snapshot_ended()
        || (ngx_game_room_total() == 0 && ngx_game_handover_total() == 0))
    {
        return;
    }

    if (ngx_game_worker.deadline
        && (ngx_msec_int_t) (ngx_current_msec - ngx_game_worker.deadline) >= 0)
    {
        ngx_log_error(NGX_LOG_NOTICE, ev->log, 0,
                      "closing %ui rooms: worker_shutdown_timeout",
                      ngx_game_room_total());

        ngx_game_room_shutdown();
        ngx_game_worker.deadline = 0;
    }

    ngx_add_timer(ev, NGX_GAME_ENGINE_WATCH);
}


void
ngx_game_engine_done(void)
{
    if (ngx_game_engine.started) {
        ngx_game_shutdown_done();
        ngx_game_balance_done();
        ngx_game_adopt_done();
        ngx_game_pass_done();
        ngx_game_snapshot_done();
        ngx_game_handover_done();
        ngx_game_session_done();
        ngx_game_room_done();
        ngx_game_join_done();
        ngx_game_guard_done();
        ngx_game_ward_done();
        ngx_game_sync_done();
        ngx_game_zone_detach();
        ngx_game_player_done();
    }

    ngx_game_checkpoint_done();
    ngx_game_script_done();
    ngx_game_clock_done();
}
