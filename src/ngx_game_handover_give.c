
/*
 * Copyright (C) ngx_game authors
 *
 * The old owner's side of the hand-over.
 */


#include "ngx_game_handover.h"
#include "ngx_game_handover_private.h"
#include "ngx_game_checkpoint.h"
#include "ngx_game_clock.h"
#include "ngx_game_dispatch.h"
#include "ngx_game_drain.h"
#include "ngx_game_follow.h"
#include "ngx_game_image.h"
#include "ngx_game_kept.h"
#include "ngx_game_player.h"
#include "ngx_game_registry.h"
#include "ngx_game_seat.h"
#include "ngx_game_sync.h"
#include "ngx_game_zone.h"


/* offers of one worker that are not answered yet, at most */
#define NGX_GAME_HANDOVER_OFFERS    64

/* how often a worker that exits looks for rooms to offer, ms: while some are
 * on their way, and while all that are left stay */
#define NGX_GAME_HANDOVER_ROUND     5
#define NGX_GAME_HANDOVER_QUIET     100

/* how long it waits for handlers that wait, ms */
#define NGX_GAME_HANDOVER_PATIENCE  1000


typedef struct {
    ngx_uint_t                 offers;        /* not answered yet */
    ngx_uint_t                 next;          /* target, in turn */
    ngx_event_t                round;
    ngx_connection_t           dummy;
    ngx_msec_t                 patience;      /* when it ends */
    unsigned                   left:1;        /* no room is offered any more */
} ngx_game_handover_give_t;


#define ngx_game_handover_impatient()                                         \
    ((ngx_msec_int_t) (ngx_current_msec - ngx_game_handover_give.patience)    \
     >= 0)


static void ngx_game_handover_round(ngx_event_t *ev);
static ngx_uint_t ngx_game_handover_target(uint64_t *target,
    uint64_t *generation);
static ngx_uint_t ngx_game_handover_hopeless(void);
static ngx_uint_t ngx_game_handover_abandoned(void);
static ngx_uint_t ngx_game_handover_ready(ngx_game_room_t *room);
static ngx_int_t ngx_game_handover_offer(ngx_game_room_t *room,
    uint64_t target, ngx_uint_t balance);
static void ngx_game_handover_keep_waiting(ngx_game_room_t *room);
static ngx_int_t ngx_game_handover_leave_room(ngx_game_room_t *room);
static void ngx_game_handover_pass(ngx_game_handover_t *h);
static void ngx_game_handover_take_back(ngx_game_handover_t *h);


static ngx_game_handover_give_t  ngx_game_handover_give;


void
ngx_game_handover_exit(void)
{
    ngx_event_t  *ev;

    ev = &ngx_game_handover_give.round;

    ngx_game_handover_give.dummy.fd = (ngx_socket_t) -1;
    ngx_game_handover_give.patience = ngx_current_msec
                                      + NGX_GAME_HANDOVER_PATIENCE;
    ngx_game_handover_give.next = ngx_game_slot_of(ngx_game_worker.epoch);

    /* no cancelable timer: the worker waits for it */

    ev->handler = ngx_game_handover_round;
    ev->data = &ngx_game_handover_give.dummy;
    ev->log = ngx_game_worker.cycle->log;

    ngx_game_handover_round(ev);
}


static void
ngx_game_handover_round(ngx_event_t *ev)
{
    size_t            cursor;
    uint64_t          target, generation;
    ngx_uint_t        quiet;
    ngx_game_room_t  *room;

    if (ngx_game_handover_give.left) {
        return;
    }

    cursor = 0;
    quiet = ngx_game_handover_impatient();

    while (ngx_game_handover_give.offers < NGX_GAME_HANDOVER_OFFERS
           && (room = ngx_game_room_next(&cursor)))
    {
        if (!ngx_game_handover_target(&target, &generation)) {

            if (!ngx_game_worker.alone && ngx_game_handover_hopeless()) {
                ngx_game_worker.alone = 1;
                ngx_game_room_exit();
            }

            break;
        }

        if (room->stays < generation
            && (ngx_game_handover_impatient()
                ? ngx_game_handover_ready(room)
                : ngx_game_handover_movable(room))
            && ngx_game_handover_offer(room, target, 0) == NGX_ERROR)
        {
            room->stays = generation;
        }
    }

    if (ngx_game_room_total() || ngx_game_handover_total()) {
        if (ev->timer_set) {
            ngx_del_timer(ev);
        }

        ngx_add_timer(ev, quiet && ngx_game_handover_total() == 0
                          ? NGX_GAME_HANDOVER_QUIET
                          : NGX_GAME_HANDOVER_ROUND);
    }
}


/* the next worker, in turn, of the newest configuration; 0: there is none that
 * is newer than this worker, or it drains */

static ngx_uint_t
ngx_game_handover_target(uint64_t *target, uint64_t *generation)
{
    uint64_t                newest;
    ngx_uint_t              i, k, n;
    ngx_game_worker_info_t  info[NGX_GAME_MAX_SLOTS];

    n = ngx_game_zone_workers(info, NGX_GAME_MAX_SLOTS);
    newest = 0;

    for (i = 0; i < n; i++) {
        if (!info[i].exiting) {
            newest = ngx_max(newest, info[i].generation);
        }
    }

    if (newest <= ngx_game_zone_generation() || ngx_game_drain_endless()) {
        return 0;
    }

    for (k = 0; k < n; k++) {
        i = (ngx_game_handover_give.next + k) % n;

        if (!info[i].exiting && info[i].generation == newest) {
            ngx_game_handover_give.next = i + 1;
            *target = info[i].epoch;
            *generation = newest;
            return 1;
        }
    }

    return 0;
}


/* there is no target, and none that is about to start */

static ngx_uint_t
ngx_game_handover_hopeless(void)
{
    return ngx_game_drain_endless() || ngx_game_handover_abandoned();
}


/* no worker of a newer configuration will come that is not there yet */

static ngx_uint_t
ngx_game_handover_abandoned(void)
{
    return ngx_game_zone_newest() || ngx_game_handover_impatient();
}


ngx_uint_t
ngx_game_handover_movable(ngx_game_room_t *room)
{
    return ngx_game_handover_ready(room)
           && ngx_queue_empty(&room->sleeps)
           && ngx_queue_empty(&room->parting);
}


/* but for handlers that wait */

static ngx_uint_t
ngx_game_handover_ready(ngx_game_room_t *room)
{
    /* messages that were put off may close it, or wait */

    ngx_game_dispatch_run();

    return !room->paused && room->created && !room->closing
           && ngx_queue_empty(&room->leaving)
           && (room->count || room->game->keep);
}


ngx_int_t
ngx_game_handover_balance(ngx_game_room_t *room, uint64_t target)
{
    if (ngx_game_handover_offer(room, target, 1) == NGX_OK) {
        return NGX_OK;
    }

    room->settled = ngx_game_clock_now() + NGX_GAME_HANDOVER_RETRY;

    return NGX_ERROR;
}


/* NGX_DECLINED: the target can't be reached; NGX_ERROR: no memory, or the room
 * can't be saved */

static ngx_int_t
ngx_game_handover_offer(ngx_game_room_t *room, uint64_t target,
    ngx_uint_t balance)
{
    ngx_int_t             rc;
    ngx_str_t             image;
    ngx_game_group_t     *group;
    ngx_game_record_t     record;
    ngx_game_handover_t  *h;

    h = ngx_game_handover_create(room, target, NGX_GAME_HANDOVER_OFFERED);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->balance = balance;

    ngx_game_room_pause(room);
    ngx_game_handover_keep_waiting(room);

    if (ngx_game_image_pack(room, &image, 0) != NGX_OK) {
        ngx_game_room_resume(room);
        ngx_game_handover_free(h);
        return NGX_ERROR;
    }

    ngx_game_sync_fill(&record, NGX_GAME_SYNC_OFFER, 0, room->id, 0);

    rc = ngx_game_channel_send(target, &record, &image, 1);

    if (rc != NGX_OK && rc != NGX_AGAIN) {

        ngx_game_room_resume(room);
        ngx_game_handover_free(h);
        return NGX_DECLINED;
    }

    group = ngx_game_group_find(room->id);

    if (group) {
        ngx_game_follow_block(group);
    }

    ngx_game_handover_give.offers++;

    return NGX_OK;
}


/* those who wait for a seat ask the new owner for it: their requests are the
 * first that is kept */

static void
ngx_game_handover_keep_waiting(ngx_game_room_t *room)
{
    ngx_queue_t              *q;
    ngx_game_player_t        *player;
    ngx_game_ticket_t        *ticket;
    ngx_game_seat_request_t   request;

    for (q = ngx_queue_head(&room->waiting);
         q != ngx_queue_sentinel(&room->waiting);
         q = ngx_queue_next(q))
    {
        player = ngx_queue_data(q, ngx_game_player_t, link);
        ticket = player->ticket;

        ngx_memzero(&request, sizeof(ngx_game_seat_request_t));

        request.room = room->id;
        request.player = player->id;
        request.gateway = player->gateway;
        request.game = room->game->hash;
        request.secret = player->resume->secret;
        request.codec = player->codec;
        request.identity.data = player->text;
        request.identity.len = player->identity_len;
        request.address.data = player->text + player->identity_len;
        request.address.len = player->address_len;
        request.args = ticket->args;
        request.origin = ticket->origin;
        request.agent = ticket->agent;
        request.protocol = ticket->protocol;

        ngx_game_sync_rejoin(&request);
    }
}


ngx_uint_t
ngx_game_handover_alone(void)
{
    uint64_t  target, generation;

    if (ngx_game_handover_target(&target, &generation)
        || !ngx_game_handover_abandoned())
    {
        return 0;
    }

    /* there may be newer workers that rooms don't go to: they stay here */

    return ngx_game_zone_newest() || !ngx_game_drain_endless()
           || ngx_game_zone_settled() != NGX_DECLINED;
}


void
ngx_game_handover_leave(void)
{
    size_t            cursor;
    ngx_game_room_t  *room;

    cursor = 0;
    ngx_game_handover_give.left = 1;

    while ((room = ngx_game_room_next(&cursor))) {

        if (room->paused || room->closing) {
            continue;
        }

        if (!room->created || (room->count == 0 && !room->game->keep)
            || ngx_game_handover_leave_room(room) != NGX_OK)
        {
            ngx_game_room_close(room, 1012, "shutdown",
                                sizeof("shutdown") - 1);
        }
    }
}


static ngx_int_t
ngx_game_handover_leave_room(ngx_game_room_t *room)
{
    ngx_game_group_t     *group;
    ngx_game_handover_t  *h;

    h = ngx_game_handover_create(room, 0, NGX_GAME_HANDOVER_LEFT);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_game_room_pause(room);

    if (ngx_game_checkpoint_last(room) != NGX_OK) {
        ngx_game_room_resume(room);
        ngx_game_handover_free(h);
        return NGX_ERROR;
    }

    ngx_game_handover_count(room, -1);

    group = ngx_game_group_find(room->id);

    if (group) {
        ngx_game_follow_block(group);
    }

    return NGX_OK;
}


void
ngx_game_handover_answered(ngx_game_handover_t *h, ngx_game_record_t *record,
    u_char *payload, size_t len)
{
    ngx_game_handover_give.offers--;

    /* what a dead one had sent is taken in after its death was seen */

    if (record->arg == NGX_GAME_HANDOVER_YES
        && ngx_game_zone_alive(h->peer))
    {
        ngx_game_handover_pass(h);
        return;
    }

    if (record->arg == NGX_GAME_HANDOVER_NO) {
        ngx_game_count(rooms_kept, 1);

        if (!h->balance) {
            h->room->stays = record->player;
        }

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "room %V of game \"%V\" stays %s: %*s",
                      ngx_game_id_text(h->id), &h->room->game->name,
                      h->balance ? "in this worker, that is busier than others"
                                 : "with the old script",
                      len, payload);
    }

    ngx_game_handover_take_back(h);
}


void
ngx_game_handover_unanswered(ngx_game_handover_t *h)
{
    ngx_game_handover_give.offers--;
    ngx_game_handover_take_back(h);
}


/* from here on the room is the peer's */

static void
ngx_game_handover_pass(ngx_game_handover_t *h)
{
    uint64_t            term;
    ngx_uint_t          i;
    ngx_game_room_t    *room;
    ngx_game_kept_t    *kept;
    ngx_game_record_t   record;

    room = h->room;
    term = room->term + 1;

    if (ngx_game_handover_wait_for(h, room) != NGX_OK
        || ngx_game_registry_pass(room->id, room->term, h->peer) != NGX_OK)
    {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "room %V of game \"%V\" can't be passed on",
                      ngx_game_id_text(room->id), &room->game->name);

        ngx_game_handover_take_back(h);
        return;
    }

    for (i = 0; i < h->waits_count; i++) {
        ngx_game_handover_tell_moved(h->waits[i], h->id, h->peer, term);
    }

    while ((kept = ngx_game_kept_take(&h->kept))) {
        ngx_game_handover_forward(h->peer, &kept->record, kept->data,
                                  kept->len);
        ngx_free(kept);
    }

    ngx_game_sync_fill(&record, NGX_GAME_SYNC_COMMIT, 0, h->id, 0);
    ngx_game_sync_tell(h->peer, &record, NULL);

    ngx_game_handover_count(room, -1);
    ngx_game_count(rooms_given, 1);
    ngx_game_count(rooms_balanced, h->balance);
    ngx_game_room_discard(room);

    h->room = NULL;
    h->state = NGX_GAME_HANDOVER_GIVEN;

    (void) ngx_game_handover_heard(h, ngx_game_worker.epoch);

    ngx_game_follow_moved(h->id, h->peer, term, ngx_game_worker.epoch);

    if (h->waits_count == 0) {
        ngx_game_handover_free(h);
    }
}


/* the room goes on here */

static void
ngx_game_handover_take_back(ngx_game_handover_t *h)
{
    ngx_queue_t        kept;
    ngx_game_room_t   *room;
    ngx_game_group_t  *group;

    room = h->room;

    if (h->balance) {
        room->settled = ngx_game_clock_now() + NGX_GAME_HANDOVER_RETRY;
    }

    ngx_game_kept_move(&h->kept, &kept);
    ngx_game_handover_free(h);

    ngx_game_seat_lose_dead(room);
    ngx_game_room_resume(room);

    group = ngx_game_group_find(room->id);

    if (group) {
        ngx_game_follow_unblock(group);
    }

    ngx_game_handover_replay(&kept);
}


void
ngx_game_handover_give_done(void)
{
    if (ngx_game_handover_give.round.timer_set) {
        ngx_del_timer(&ngx_game_handover_give.round);
    }
}
