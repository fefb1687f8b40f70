
/*
 * Copyright (C) ngx_game authors
 *
 * The gateway's side of joining.  A join that names no room is matched anew
 * when the room that it was sent to has filled up meanwhile.  Joins that wait
 * for an answer are found by what only they and the room know, since several
 * may want to be the same player.
 */


#include "ngx_game_join.h"
#include "ngx_game_group.h"
#include "ngx_game_registry.h"
#include "ngx_game_session.h"
#include "ngx_game_token.h"
#include "ngx_game_zone.h"
#include "core/game_map.h"


/* how long an owner may take to answer, with what on_auth waits for, ms */
#define NGX_GAME_JOIN_TIMEOUT  15000

/* rooms that may turn out to be full before a join gives up */
#define NGX_GAME_JOIN_TRIES    16

/* how often is looked for a new owner of a room whose worker has died, ms */
#define NGX_GAME_JOIN_RETRY    20

/* seconds between two warnings of a full registry; the others are info */
#define NGX_GAME_JOIN_QUIET    1


static void ngx_game_join_match(ngx_game_join_t *join, uint64_t skip);
static void ngx_game_join_full(ngx_game_join_t *join);
static void ngx_game_join_named(ngx_game_join_t *join);
static void ngx_game_join_send(ngx_game_join_t *join);
static void ngx_game_join_end(ngx_game_join_t *join);
static void ngx_game_join_leave(ngx_game_join_t *join);
static void ngx_game_join_fill_leave(ngx_game_join_t *join,
    ngx_game_leave_t *leave);
static void ngx_game_join_again(uint64_t owner);
static ngx_uint_t ngx_game_join_reroute(ngx_game_join_t *join);
static void ngx_game_join_retry_handler(ngx_event_t *ev);
static void ngx_game_join_refuse(ngx_game_join_t *join, ngx_uint_t status,
    const char *reason);
static void ngx_game_join_timeout(ngx_event_t *ev);


#define ngx_game_join_attempt(join)                                           \
    ngx_game_token_attempt((join)->player, &(join)->secret)


static game_map_t        ngx_game_joins;
static ngx_event_t       ngx_game_join_retry;
static ngx_connection_t  ngx_game_join_dummy = { .fd = (ngx_socket_t) -1 };


void
ngx_game_join_start(ngx_game_join_t *join)
{
    if (ngx_game_worker.epoch == 0) {
        ngx_game_join_refuse(join, NGX_HTTP_SERVICE_UNAVAILABLE,
                             "this worker has no place in the zone");
        return;
    }

    if (join->player == 0) {
        join->player = ngx_game_zone_id();
    }

    join->any = (join->room == 0);

    join->timer.handler = ngx_game_join_timeout;
    join->timer.data = join;
    join->timer.log = ngx_cycle->log;

    if (game_map_set(&ngx_game_joins, ngx_game_join_attempt(join), join)
        != 0)
    {
        ngx_game_join_refuse(join, NGX_HTTP_SERVICE_UNAVAILABLE,
                             "no memory");
        return;
    }

    join->active = 1;
    ngx_add_timer(&join->timer, NGX_GAME_JOIN_TIMEOUT);

    if (join->any) {
        ngx_game_join_match(join, 0);
        return;
    }

    ngx_game_join_named(join);
}


void
ngx_game_join_cancel(ngx_game_join_t *join)
{
    if (join->active) {
        ngx_game_join_end(join);
        ngx_game_join_leave(join);
    }
}


/* the room may have changed hands since it was asked */

static void
ngx_game_join_leave(ngx_game_join_t *join)
{
    uint64_t          owner, term;
    ngx_game_leave_t  leave;

    owner = join->owner;

    /* one that lives sends it on, behind the request itself */

    if (!ngx_game_zone_alive(owner)) {
        owner = ngx_game_registry_owner(join->target, &term);
    }

    ngx_game_join_fill_leave(join, &leave);
    ngx_game_sync_leave(owner, &leave);
}


/* who wanted to come back may try again with the same token */

static void
ngx_game_join_fill_leave(ngx_game_join_t *join, ngx_game_leave_t *leave)
{
    ngx_memzero(leave, sizeof(ngx_game_leave_t));

    leave->room = join->target;
    leave->player = join->player;
    leave->gateway = ngx_game_worker.epoch;
    leave->why = NGX_GAME_LEFT;
    leave->secret = join->secret;
    leave->next = join->token;
}


static void
ngx_game_join_match(ngx_game_join_t *join, uint64_t skip)
{
    ngx_int_t   rc;
    ngx_uint_t  created;

    join->target = 0;

    if (join->tries++ == NGX_GAME_JOIN_TRIES) {
        ngx_game_count(refused_full, 1);
        ngx_game_join_refuse(join, NGX_HTTP_SERVICE_UNAVAILABLE,
                             "all rooms are full");
        return;
    }

    rc = ngx_game_registry_match(join->game, ngx_game_zone_place_room(), skip,
                                 &join->target, &join->owner, &created);

    if (rc == NGX_BUSY) {
        ngx_game_join_refuse(join, NGX_HTTP_SERVICE_UNAVAILABLE,
                             "the server is draining");
        return;
    }

    if (rc != NGX_OK) {
        ngx_game_join_full(join);

        ngx_game_count(refused_full, 1);
        ngx_game_join_refuse(join, NGX_HTTP_SERVICE_UNAVAILABLE,
                             "no room for another room");
        return;
    }

    ngx_game_join_send(join);
}


static void
ngx_game_join_full(ngx_game_join_t *join)
{
    ngx_uint_t  level;

    static time_t  warned;

    level = NGX_LOG_INFO;

    if (ngx_time() - warned >= NGX_GAME_JOIN_QUIET) {
        warned = ngx_time();
        level = NGX_LOG_WARN;
    }

    ngx_log_error(level, ngx_cycle->log, 0,
                  "no room for another room of game \"%V\": the registry is "
                  "full, increase \"game_zone\"", &join->game->name);
}


static void
ngx_game_join_named(ngx_game_join_t *join)
{
    ngx_int_t             rc;
    ngx_game_room_info_t  info;

    rc = ngx_game_registry_find(join->room, &info);

    if (rc != NGX_OK && ngx_game_registry_saved(join->room)) {

        /* it has no owner at the moment */

        join->target = join->room;
        (void) ngx_game_join_reroute(join);
        return;
    }

    if (rc != NGX_OK || info.game != join->game->hash) {
        ngx_game_join_refuse(join, NGX_HTTP_NOT_FOUND, "no such room");
        return;
    }

    join->target = join->room;
    join->owner = info.owner;

    ngx_game_join_send(join);
}


/* the answer may come from within, and free the join */

static void
ngx_game_join_send(ngx_game_join_t *join)
{
    ngx_game_seat_request_t  request;

    ngx_memzero(&request, sizeof(ngx_game_seat_request_t));

    request.room = join->target;
    request.player = join->player;
    request.gateway = ngx_game_worker.epoch;
    request.game = join->game->hash;
    request.secret = join->secret;
    request.token = join->token;
    request.seen = join->seen;
    request.counts = join->counts;
    request.codec = join->codec;
    request.identity = join->identity;
    request.address = join->address;
    request.args = join->args;
    request.origin = join->origin;
    request.agent = join->agent;
    request.protocol = join->protocol;

    if (ngx_game_sync_join(join->owner, &request) != NGX_OK) {
        ngx_game_join_refuse(join, NGX_HTTP_SERVICE_UNAVAILABLE,
                             "the room's worker is out of reach");
    }
}


void
ngx_game_join_admitted(ngx_game_admission_t *admission)
{
    ngx_game_join_t     *join;
    ngx_game_leave_t     leave;
    ngx_game_session_t  *s, *former;

    join = game_map_get(&ngx_game_joins,
                        ngx_game_token_attempt(admission->player,
                                               &admission->secret));
    former = ngx_game_session_find(admission->player);

    if (join == NULL || join->target != admission->room) {

        /* cancelled, timed out, or sent to another room since the worker of
         * this one had died */

        if (former == NULL || former->room != admission->room) {
            ngx_memzero(&leave, sizeof(ngx_game_leave_t));

            leave.room = admission->room;
            leave.player = admission->player;
            leave.gateway = ngx_game_worker.epoch;
            leave.secret = admission->secret;

            ngx_game_sync_leave(admission->owner, &leave);
        }

        return;
    }

    join->room = admission->room;
    join->owner = admission->owner;
    join->number = admission->number;
    join->seen = admission->seen;
    join->complete = admission->complete;

    ngx_game_join_fill_leave(join, &leave);
    ngx_game_join_end(join);

    if (former) {
        ngx_game_session_replace(former);
    }

    s = join->admitted(join);

    if (s == NULL) {
        ngx_game_sync_leave(admission->owner, &leave);
        return;
    }

    if (ngx_game_group_add(s) != NGX_OK) {
        ngx_game_session_close(s, 1011, "no memory", sizeof("no memory") - 1,
                               NGX_GAME_ERROR);
    }
}


void
ngx_game_join_refused(uint64_t attempt, uint64_t room,
    ngx_game_refusal_t *refusal)
{
    ngx_game_join_t  *join;

    join = game_map_get(&ngx_game_joins, attempt);

    if (join == NULL || join->target != room) {
        return;
    }

    if (refusal->retry && join->any) {
        ngx_game_registry_arrived(join->target);
        ngx_game_join_match(join, join->target);
        return;
    }

    ngx_game_join_end(join);

    if (refusal->status == NGX_HTTP_SERVICE_UNAVAILABLE) {
        ngx_game_count(refused_full, 1);
    }

    join->refused(join, refusal->status, &refusal->reason);
}


void
ngx_game_join_lost(uint64_t epoch)
{
    ngx_game_join_again(epoch);
}


/* the joins whose room's owner is this dead one, or, 0, is not known */

static void
ngx_game_join_again(uint64_t owner)
{
    size_t            cursor;
    uint64_t          attempt;
    ngx_game_join_t  *join;

again:

    cursor = 0;

    while ((join = game_map_next(&ngx_game_joins, &cursor, &attempt))) {

        if (join->owner == owner && ngx_game_join_reroute(join)) {

            /* the map may have changed */

            goto again;
        }
    }
}


/* 0: it waits for a new owner of its room */

static ngx_uint_t
ngx_game_join_reroute(ngx_game_join_t *join)
{
    uint64_t  owner, term;

    owner = ngx_game_registry_owner(join->target, &term);

    if (owner != 0 && owner != join->owner && ngx_game_zone_alive(owner)) {

        /* the room has gone on elsewhere; it may have been asked */

        join->owner = owner;
        ngx_game_join_send(join);

        return 1;
    }

    if (join->any) {
        ngx_game_registry_arrived(join->target);
        ngx_game_join_match(join, join->target);

        return 1;
    }

    if (owner != 0 && ngx_game_registry_saved(join->target)) {
        join->owner = 0;

        if (!ngx_game_join_retry.timer_set) {
            ngx_game_join_retry.handler = ngx_game_join_retry_handler;
            ngx_game_join_retry.data = &ngx_game_join_dummy;
            ngx_game_join_retry.log = ngx_cycle->log;
            ngx_game_join_retry.cancelable = 1;

            ngx_add_timer(&ngx_game_join_retry, NGX_GAME_JOIN_RETRY);
        }

        return 0;
    }

    ngx_game_join_refuse(join, NGX_HTTP_SERVICE_UNAVAILABLE,
                         "the worker of the room has died");
    return 1;
}


static void
ngx_game_join_retry_handler(ngx_event_t *ev)
{
    ngx_game_join_again(0);
}


void
ngx_game_join_done(void)
{
    if (ngx_game_join_retry.timer_set) {
        ngx_del_timer(&ngx_game_join_retry);
    }

    game_map_done(&ngx_game_joins);
}


static void
ngx_game_join_end(ngx_game_join_t *join)
{
    if (!join->active) {
        return;
    }

    join->active = 0;

    if (join->timer.timer_set) {
        ngx_del_timer(&join->timer);
    }

    (void) game_map_remove(&ngx_game_joins, ngx_game_join_attempt(join));

    if (join->any && join->target) {
        ngx_game_registry_arrived(join->target);
    }
}


static void
ngx_game_join_refuse(ngx_game_join_t *join, ngx_uint_t status,
    const char *reason)
{
    ngx_str_t  text;

    ngx_game_join_end(join);

    text.data = (u_char *) reason;
    text.len = ngx_strlen(reason);

    join->refused(join, status, &text);
}


static void
ngx_game_join_timeout(ngx_event_t *ev)
{
    ngx_game_join_t  *join;

    join = ev->data;

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "a room of game \"%V\" did not answer a join in time",
                  &join->game->name);

    ngx_game_join_leave(join);

    ngx_game_join_refuse(join, NGX_HTTP_SERVICE_UNAVAILABLE,
                         "the room did not answer in time");
}
