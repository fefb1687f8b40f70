
/*
 * Copyright (C) ngx_game authors
 *
 * The two owners' sides of the hand-over.  For each room that is on its way
 * there is an entry:
 *
 *     OFFERED   ours until the answer comes
 *     GIVEN     another's; what comes before the rosters is forwarded
 *     TAKEN     made here, but the old owner's until the commit comes
 *     AWAITED   ours, and goes on with the last roster
 *
 * In all states but GIVEN, records for the room are kept.  If one side dies,
 * the registry says whose the room is.
 */


#include "ngx_game_handover.h"
#include "ngx_game_clock.h"
#include "ngx_game_follow.h"
#include "ngx_game_gateway.h"
#include "ngx_game_image.h"
#include "ngx_game_kept.h"
#include "ngx_game_lua.h"
#include "ngx_game_player.h"
#include "ngx_game_registry.h"
#include "ngx_game_script.h"
#include "ngx_game_seat.h"
#include "ngx_game_sync.h"
#include "ngx_game_zone.h"
#include "core/game_map.h"


/* offers of one worker that are not answered yet, at most */
#define NGX_GAME_HANDOVER_OFFERS    64

/* how often a worker that exits looks for rooms to offer, ms: while some are
 * on their way, and while all that are left stay */
#define NGX_GAME_HANDOVER_ROUND     5
#define NGX_GAME_HANDOVER_QUIET     100

/* how long it waits for handlers that wait, ms */
#define NGX_GAME_HANDOVER_PATIENCE  1000

#define NGX_GAME_HANDOVER_ERROR     256


typedef enum {
    NGX_GAME_HANDOVER_OFFERED = 0,
    NGX_GAME_HANDOVER_GIVEN,
    NGX_GAME_HANDOVER_TAKEN,
    NGX_GAME_HANDOVER_AWAITED
} ngx_game_handover_state_e;


typedef enum {
    NGX_GAME_HANDOVER_YES = 0,
    NGX_GAME_HANDOVER_NO,          /* nor later, with this configuration */
    NGX_GAME_HANDOVER_BUSY         /* try another worker */
} ngx_game_handover_answer_e;


typedef struct {
    uint64_t                   id;            /* of the room */
    uint64_t                   peer;          /* epoch of the other owner */
    ngx_game_room_t           *room;          /* NULL: GIVEN */
    ngx_queue_t                kept;
    uint64_t                  *waits;         /* epochs of gateways */
    ngx_uint_t                 waits_count;
    uint64_t                   began;         /* us */
    ngx_game_handover_state_e  state;
} ngx_game_handover_t;


typedef struct {
    game_map_t                 map;           /* of entries, by room */
    ngx_uint_t                 offers;        /* not answered yet */
    ngx_uint_t                 next;          /* target, in turn */
    ngx_event_t                round;
    ngx_connection_t           dummy;
    ngx_msec_t                 patience;      /* when it ends */
} ngx_game_handovers_t;


#define ngx_game_handover_impatient()                                         \
    ((ngx_msec_int_t) (ngx_current_msec - ngx_game_handovers.patience) >= 0)


static void ngx_game_handover_round(ngx_event_t *ev);
static ngx_uint_t ngx_game_handover_target(uint64_t *target,
    uint64_t *generation);
static ngx_uint_t ngx_game_handover_ready(ngx_game_room_t *room,
    uint64_t generation);
static ngx_int_t ngx_game_handover_offer(ngx_game_room_t *room,
    uint64_t target);
static void ngx_game_handover_keep_waiting(ngx_game_room_t *room);
static void ngx_game_handover_offered(ngx_game_record_t *record,
    u_char *payload, size_t len);
static void ngx_game_handover_answer(uint64_t dst, uint64_t room,
    ngx_game_handover_answer_e answer, const char *reason);
static void ngx_game_handover_answered(ngx_game_handover_t *h,
    ngx_game_record_t *record, u_char *payload, size_t len);
static void ngx_game_handover_give(ngx_game_handover_t *h);
static void ngx_game_handover_take_back(ngx_game_handover_t *h);
static void ngx_game_handover_commit(ngx_game_handover_t *h);
static ngx_uint_t ngx_game_handover_heard(ngx_game_handover_t *h,
    uint64_t gateway);
static void ngx_game_handover_begin(ngx_game_handover_t *h);
static void ngx_game_handover_count(ngx_game_room_t *room, int n);
static void ngx_game_handover_replay(ngx_queue_t *kept);
static void ngx_game_handover_unpack(ngx_game_record_t *record,
    u_char *payload, size_t len);
static void ngx_game_handover_forward(uint64_t owner,
    ngx_game_record_t *record, u_char *payload, size_t len);
static void ngx_game_handover_tell_moved(uint64_t gateway, uint64_t room,
    uint64_t owner, uint64_t term);
static ngx_game_handover_t *ngx_game_handover_create(ngx_game_room_t *room,
    uint64_t peer, ngx_game_handover_state_e state);
static ngx_int_t ngx_game_handover_wait_for(ngx_game_handover_t *h,
    ngx_game_room_t *room);
static void ngx_game_handover_free(ngx_game_handover_t *h);


static ngx_game_handovers_t  ngx_game_handovers;


/* the old owner */

void
ngx_game_handover_exit(void)
{
    ngx_event_t  *ev;

    ev = &ngx_game_handovers.round;

    ngx_game_handovers.dummy.fd = (ngx_socket_t) -1;
    ngx_game_handovers.patience = ngx_current_msec
                                  + NGX_GAME_HANDOVER_PATIENCE;
    ngx_game_handovers.next = ngx_game_slot_of(ngx_game_worker.epoch);

    /* no cancelable timer: the worker waits for it */

    ev->handler = ngx_game_handover_round;
    ev->data = &ngx_game_handovers.dummy;
    ev->log = ngx_game_worker.cycle->log;

    ngx_game_handover_round(ev);
}


ngx_uint_t
ngx_game_handover_total(void)
{
    return ngx_game_handovers.map.count;
}


static void
ngx_game_handover_round(ngx_event_t *ev)
{
    size_t            cursor;
    uint64_t          target, generation;
    ngx_uint_t        quiet;
    ngx_game_room_t  *room;

    cursor = 0;
    quiet = ngx_game_handover_impatient();

    while (ngx_game_handovers.offers < NGX_GAME_HANDOVER_OFFERS
           && (room = ngx_game_room_next(&cursor)))
    {
        if (!ngx_game_handover_target(&target, &generation)) {

            if (ngx_game_handover_impatient() && !ngx_game_worker.alone) {
                ngx_game_worker.alone = 1;
                ngx_game_room_exit();
            }

            break;
        }

        if (ngx_game_handover_ready(room, generation)
            && ngx_game_handover_offer(room, target) != NGX_OK)
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
 * is newer than this worker */

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

    if (newest <= ngx_game_zone_generation()) {
        return 0;
    }

    for (k = 0; k < n; k++) {
        i = (ngx_game_handovers.next + k) % n;

        if (!info[i].exiting && info[i].generation == newest) {
            ngx_game_handovers.next = i + 1;
            *target = info[i].epoch;
            *generation = newest;
            return 1;
        }
    }

    return 0;
}


/* nothing of it is under way that can't move, or it was waited for */

static ngx_uint_t
ngx_game_handover_ready(ngx_game_room_t *room, uint64_t generation)
{
    if (room->paused || !room->created || room->closing
        || !ngx_queue_empty(&room->leaving) || room->stays >= generation
        || (room->count == 0 && !room->game->keep))
    {
        return 0;
    }

    return (ngx_queue_empty(&room->sleeps) && ngx_queue_empty(&room->parting))
           || ngx_game_handover_impatient();
}


static ngx_int_t
ngx_game_handover_offer(ngx_game_room_t *room, uint64_t target)
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

        /* another one in the next round */

        ngx_game_room_resume(room);
        ngx_game_handover_free(h);
        return NGX_OK;
    }

    group = ngx_game_group_find(room->id);

    if (group) {
        ngx_game_follow_block(group);
    }

    ngx_game_handovers.offers++;

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

        request.room = room->id;
        request.player = player->id;
        request.gateway = player->gateway;
        request.game = room->game->hash;
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


static void
ngx_game_handover_answered(ngx_game_handover_t *h, ngx_game_record_t *record,
    u_char *payload, size_t len)
{
    ngx_game_handovers.offers--;

    if (record->arg == NGX_GAME_HANDOVER_YES) {
        ngx_game_handover_give(h);
        return;
    }

    if (record->arg == NGX_GAME_HANDOVER_NO) {
        h->room->stays = record->player;
        ngx_game_count(rooms_kept, 1);

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "room %V of game \"%V\" stays with the old script: %*s",
                      ngx_game_id_text(h->id), &h->room->game->name, len,
                      payload);
    }

    ngx_game_handover_take_back(h);
}


/* from here on the room is the peer's */

static void
ngx_game_handover_give(ngx_game_handover_t *h)
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


/* the new owner */

static void
ngx_game_handover_offered(ngx_game_record_t *record, u_char *payload,
    size_t len)
{
    ngx_str_t             image;
    const char           *error;
    ngx_game_room_t      *room;
    ngx_game_handover_t  *h;

    if (ngx_game_worker.exiting) {
        ngx_game_handover_answer(record->src, record->room,
                                 NGX_GAME_HANDOVER_BUSY, "exiting");
        return;
    }

    image.data = payload;
    image.len = len;

    room = ngx_game_image_unpack(&image, &error);

    if (room == NULL) {
        ngx_game_handover_answer(record->src, record->room,
                                 NGX_GAME_HANDOVER_NO, error);
        return;
    }

    h = ngx_game_handover_create(room, record->src, NGX_GAME_HANDOVER_TAKEN);

    if (h == NULL || ngx_game_handover_wait_for(h, room) != NGX_OK) {

        if (h) {
            ngx_game_handover_free(h);
        }

        ngx_game_room_discard(room);
        ngx_game_handover_answer(record->src, record->room,
                                 NGX_GAME_HANDOVER_BUSY, "no memory");
        return;
    }

    ngx_game_handover_answer(record->src, record->room,
                             NGX_GAME_HANDOVER_YES, "");
}


static void
ngx_game_handover_answer(uint64_t dst, uint64_t room,
    ngx_game_handover_answer_e answer, const char *reason)
{
    ngx_str_t          text;
    ngx_game_record_t  record;

    text.data = (u_char *) reason;
    text.len = ngx_strlen(reason);

    ngx_game_sync_fill(&record, NGX_GAME_SYNC_ANSWER, answer, room,
                       ngx_game_zone_generation());
    ngx_game_sync_tell(dst, &record, &text);
}


static void
ngx_game_handover_commit(ngx_game_handover_t *h)
{
    uint64_t    owner, term;
    ngx_uint_t  i;

    owner = ngx_game_registry_owner(h->id, &term);

    if (owner != ngx_game_worker.epoch) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "room %V was handed over, but is not this worker's",
                      ngx_game_id_text(h->id));

        ngx_game_room_discard(h->room);
        ngx_game_handover_free(h);
        return;
    }

    h->room->term = term;
    h->state = NGX_GAME_HANDOVER_AWAITED;

    /* of the dead no roster comes */

    for (i = h->waits_count; i-- > 0; /* void */) {
        if (h->waits[i] != ngx_game_worker.epoch
            && !ngx_game_zone_alive(h->waits[i]))
        {
            (void) ngx_game_handover_heard(h, h->waits[i]);
        }
    }

    if (h->waits_count == 0) {
        ngx_game_handover_begin(h);
    }
}


/* a room of a dead worker: all are told, and asked for their players */

ngx_int_t
ngx_game_handover_adopt(ngx_game_room_t *room, uint64_t term)
{
    uint64_t                id;
    ngx_uint_t              i, n;
    ngx_game_handover_t    *h;
    ngx_game_worker_info_t  info[NGX_GAME_MAX_SLOTS];

    h = ngx_game_handover_create(room, 0, NGX_GAME_HANDOVER_AWAITED);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->waits = ngx_alloc(NGX_GAME_MAX_SLOTS * sizeof(uint64_t),
                         ngx_cycle->log);
    if (h->waits == NULL) {
        ngx_game_handover_free(h);
        return NGX_ERROR;
    }

    id = room->id;
    room->term = term;
    room->adopted = 1;

    n = ngx_game_zone_workers(info, NGX_GAME_MAX_SLOTS);

    for (i = 0; i < n; i++) {
        h->waits[h->waits_count++] = info[i].epoch;
    }

    for (i = 0; i < n; i++) {
        ngx_game_handover_tell_moved(info[i].epoch, id,
                                     ngx_game_worker.epoch, term);
    }

    ngx_game_count(rooms_adopted, 1);

    /* the last of them may be this worker itself */

    ngx_game_follow_moved(id, ngx_game_worker.epoch, term,
                          ngx_game_worker.epoch);

    return NGX_OK;
}


/* the room goes on */

static void
ngx_game_handover_begin(ngx_game_handover_t *h)
{
    uint64_t          now;
    ngx_queue_t       kept, *q;
    ngx_game_room_t  *room;

    room = h->room;
    now = ngx_game_clock_now();

    ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                  "room %V of game \"%V\" goes on here with %uD players, "
                  "after %uL us", ngx_game_id_text(room->id),
                  &room->game->name, room->count, now - h->began);

    ngx_game_kept_move(&h->kept, &kept);
    ngx_game_handover_free(h);

    for (q = ngx_queue_head(&room->players);
         q != ngx_queue_sentinel(&room->players);
         q = ngx_queue_next(q))
    {
        if (ngx_game_gateway_count(room, ngx_queue_data(q, ngx_game_player_t,
                                                        link), 1)
            != NGX_OK)
        {
            ngx_game_room_close(room, 1011, "no memory",
                                sizeof("no memory") - 1);
            break;
        }
    }

    ngx_game_handover_count(room, 1);
    ngx_game_count(rooms_taken, !room->adopted);
    ngx_game_registry_taken(room->id, room->game, room->count, room->locked);

    if (room->handlers & (1 << NGX_GAME_ON_RESTORE)) {
        (void) ngx_game_script_protect(ngx_game_lua_publish_metadata, room);
    }

    if (room->closing) {
        ngx_game_registry_close(room->id);
    }

    ngx_game_room_resume(room);

    /* the rosters are among them, each is answered by GO */

    room->settling = 1;

    ngx_game_handover_replay(&kept);

    room->settling = 0;
    room->adopted = 0;

    ngx_game_seat_settle(room, now);
}


static void
ngx_game_handover_count(ngx_game_room_t *room, int n)
{
    ngx_game_count(rooms, (int64_t) n);
    ngx_game_count(players, (int64_t) n * room->count);
}


/* records */

void
ngx_game_handover_record(ngx_game_record_t *record, u_char *payload,
    size_t len)
{
    ngx_game_handover_t  *h;

    switch (record->type) {

    case NGX_GAME_SYNC_OFFER:
        ngx_game_handover_offered(record, payload, len);
        return;

    case NGX_GAME_SYNC_FORWARD:
        ngx_game_handover_unpack(record, payload, len);
        return;
    }

    h = game_map_get(&ngx_game_handovers.map, record->room);

    if (h == NULL || h->peer != record->src) {
        return;
    }

    if (record->type == NGX_GAME_SYNC_ANSWER
        && h->state == NGX_GAME_HANDOVER_OFFERED)
    {
        ngx_game_handover_answered(h, record, payload, len);

    } else if (record->type == NGX_GAME_SYNC_COMMIT
               && h->state == NGX_GAME_HANDOVER_TAKEN)
    {
        ngx_game_handover_commit(h);
    }
}


ngx_uint_t
ngx_game_handover_holds(uint64_t room)
{
    return ngx_game_handovers.map.count
           && game_map_get(&ngx_game_handovers.map, room) != NULL;
}


ngx_uint_t
ngx_game_handover_divert(ngx_game_record_t *record, u_char *payload,
    size_t len)
{
    uint64_t              owner, term;
    ngx_game_handover_t  *h;

    h = NULL;

    if (ngx_game_handovers.map.count) {
        h = game_map_get(&ngx_game_handovers.map, record->room);
    }

    if (h && h->state != NGX_GAME_HANDOVER_GIVEN) {

        if (ngx_game_kept_add(&h->kept, record, payload, len) != NGX_OK) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "a message to room %V is lost: no memory",
                          ngx_game_id_text(record->room));
        }

        if (record->type == NGX_GAME_SYNC_ROSTER
            && ngx_game_handover_heard(h, record->src)
            && h->state == NGX_GAME_HANDOVER_AWAITED && h->waits_count == 0)
        {
            ngx_game_handover_begin(h);
        }

        return 1;
    }

    if (h == NULL && ngx_game_room_find(record->room)) {
        return 0;
    }

    owner = ngx_game_registry_owner(record->room, &term);

    if (owner == 0 || owner == ngx_game_worker.epoch) {
        return 0;
    }

    ngx_game_handover_forward(owner, record, payload, len);

    if (h && record->type == NGX_GAME_SYNC_ROSTER) {

        if (ngx_game_handover_heard(h, record->src) && h->waits_count == 0) {
            ngx_game_handover_free(h);
        }

    } else if (h == NULL && record->type == NGX_GAME_SYNC_MESSAGE) {

        /* it knows of an owner before this one only */

        ngx_game_handover_tell_moved(record->src, record->room, owner, term);
    }

    return 1;
}


/* takes a gateway from those that are waited for; 1 if it was one */

static ngx_uint_t
ngx_game_handover_heard(ngx_game_handover_t *h, uint64_t gateway)
{
    ngx_uint_t  i;

    for (i = 0; i < h->waits_count; i++) {
        if (h->waits[i] == gateway) {
            h->waits[i] = h->waits[--h->waits_count];
            return 1;
        }
    }

    return 0;
}


static void
ngx_game_handover_replay(ngx_queue_t *kept)
{
    ngx_game_kept_t  *one;

    while ((one = ngx_game_kept_take(kept))) {
        ngx_game_sync_receive(&one->record, one->data, one->len);
        ngx_free(one);
    }
}


static void
ngx_game_handover_unpack(ngx_game_record_t *record, u_char *payload,
    size_t len)
{
    ngx_game_record_t  inner;

    if (len >= sizeof(ngx_game_record_t)) {
        ngx_memcpy(&inner, payload, sizeof(ngx_game_record_t));

        if (ngx_game_sync_to_owner(inner.type)) {
            ngx_game_sync_receive(&inner, payload + sizeof(ngx_game_record_t),
                                  len - sizeof(ngx_game_record_t));
            return;
        }
    }

    ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                  "invalid forward record from worker %016xL ignored",
                  record->src);
}


static void
ngx_game_handover_forward(uint64_t owner, ngx_game_record_t *record,
    u_char *payload, size_t len)
{
    ngx_str_t          parts[2];
    ngx_game_record_t  outer;

    parts[0].data = (u_char *) record;
    parts[0].len = sizeof(ngx_game_record_t);
    parts[1].data = payload;
    parts[1].len = len;

    ngx_game_sync_fill(&outer, NGX_GAME_SYNC_FORWARD, 0, record->room, 0);

    (void) ngx_game_channel_tell(owner, &outer, parts, 2);
}


static void
ngx_game_handover_tell_moved(uint64_t gateway, uint64_t room, uint64_t owner,
    uint64_t term)
{
    uint64_t           to[2];
    ngx_str_t          part;
    ngx_game_record_t  record;

    if (gateway == ngx_game_worker.epoch) {
        return;
    }

    to[0] = owner;
    to[1] = term;

    part.data = (u_char *) to;
    part.len = sizeof(to);

    ngx_game_sync_fill(&record, NGX_GAME_SYNC_MOVED, 0, room, 0);
    ngx_game_sync_tell(gateway, &record, &part);
}


void
ngx_game_handover_lost(uint64_t epoch)
{
    size_t                cursor;
    uint64_t              id, term;
    ngx_uint_t            heard;
    ngx_game_handover_t  *h;

again:

    cursor = 0;

    while ((h = game_map_next(&ngx_game_handovers.map, &cursor, &id))) {

        heard = ngx_game_handover_heard(h, epoch);

        switch (h->state) {

        case NGX_GAME_HANDOVER_OFFERED:
            if (h->peer == epoch) {
                ngx_game_handovers.offers--;
                ngx_game_handover_take_back(h);
                goto again;
            }

            break;

        case NGX_GAME_HANDOVER_GIVEN:
            if (h->waits_count == 0) {
                ngx_game_handover_free(h);
                goto again;
            }

            break;

        case NGX_GAME_HANDOVER_TAKEN:
            if (h->peer == epoch) {
                h->peer = 0;

                if (ngx_game_registry_owner(id, &term)
                    == ngx_game_worker.epoch)
                {
                    ngx_game_handover_commit(h);

                } else {
                    ngx_game_room_discard(h->room);
                    ngx_game_handover_free(h);
                }

                goto again;
            }

            break;

        case NGX_GAME_HANDOVER_AWAITED:
            if (heard && h->waits_count == 0) {
                ngx_game_handover_begin(h);
                goto again;
            }

            break;
        }
    }
}


/* entries */

static ngx_game_handover_t *
ngx_game_handover_create(ngx_game_room_t *room, uint64_t peer,
    ngx_game_handover_state_e state)
{
    ngx_game_handover_t  *h;

    h = ngx_calloc(sizeof(ngx_game_handover_t), ngx_cycle->log);
    if (h == NULL) {
        return NULL;
    }

    h->id = room->id;
    h->peer = peer;
    h->room = room;
    h->state = state;
    h->began = ngx_game_clock_now();
    ngx_queue_init(&h->kept);

    if (game_map_set(&ngx_game_handovers.map, h->id, h) != 0) {
        ngx_free(h);
        return NULL;
    }

    return h;
}


/* rosters of all workers that hold players of the room are waited for */

static ngx_int_t
ngx_game_handover_wait_for(ngx_game_handover_t *h, ngx_game_room_t *room)
{
    ngx_uint_t          i;
    ngx_queue_t        *q;
    ngx_game_player_t  *player;

    ngx_free(h->waits);

    h->waits_count = 0;
    h->waits = ngx_alloc(NGX_GAME_MAX_SLOTS * sizeof(uint64_t),
                         ngx_cycle->log);
    if (h->waits == NULL) {
        return NGX_ERROR;
    }

    for (q = ngx_queue_head(&room->players);
         q != ngx_queue_sentinel(&room->players);
         q = ngx_queue_next(q))
    {
        player = ngx_queue_data(q, ngx_game_player_t, link);

        for (i = 0; i < h->waits_count; i++) {
            if (h->waits[i] == player->gateway) {
                break;
            }
        }

        if (i == h->waits_count && i < NGX_GAME_MAX_SLOTS) {
            h->waits[h->waits_count++] = player->gateway;
        }
    }

    return NGX_OK;
}


static void
ngx_game_handover_free(ngx_game_handover_t *h)
{
    (void) game_map_remove(&ngx_game_handovers.map, h->id);

    ngx_game_kept_drop(&h->kept);

    ngx_free(h->waits);
    ngx_free(h);
}


void
ngx_game_handover_done(void)
{
    size_t                cursor;
    uint64_t              id;
    ngx_game_handover_t  *h;

    for ( ;; ) {
        cursor = 0;
        h = game_map_next(&ngx_game_handovers.map, &cursor, &id);

        if (h == NULL) {
            break;
        }

        ngx_game_handover_free(h);
    }

    game_map_done(&ngx_game_handovers.map);

    if (ngx_game_handovers.round.timer_set) {
        ngx_del_timer(&ngx_game_handovers.round);
    }
}
