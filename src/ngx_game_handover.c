
/*
 * Copyright (C) ngx_game authors
 *
 * The entries of the hand-over, and what comes for the rooms that have one.
 */


#include "ngx_game_handover.h"
#include "ngx_game_handover_private.h"
#include "ngx_game_clock.h"
#include "ngx_game_kept.h"
#include "ngx_game_player.h"
#include "ngx_game_registry.h"
#include "ngx_game_sync.h"
#include "ngx_game_zone.h"
#include "core/game_map.h"


static void ngx_game_handover_unpack(ngx_game_record_t *record,
    u_char *payload, size_t len);


static game_map_t  ngx_game_handovers;        /* entries, by room */


ngx_uint_t
ngx_game_handover_total(void)
{
    return ngx_game_handovers.count;
}


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

    h = game_map_get(&ngx_game_handovers, record->room);

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
    return ngx_game_handovers.count
           && game_map_get(&ngx_game_handovers, room) != NULL;
}


ngx_uint_t
ngx_game_handover_divert(ngx_game_record_t *record, u_char *payload,
    size_t len)
{
    uint64_t              owner, term;
    ngx_game_handover_t  *h;

    h = NULL;

    if (ngx_game_handovers.count) {
        h = game_map_get(&ngx_game_handovers, record->room);
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


ngx_uint_t
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


void
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


void
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


void
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
ngx_game_handover_count(ngx_game_room_t *room, int n)
{
    ngx_game_count(rooms, (int64_t) n);
    ngx_game_count(players, (int64_t) n * room->count);
    ngx_game_count(away, (int64_t) n * room->away);
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

    while ((h = game_map_next(&ngx_game_handovers, &cursor, &id))) {

        heard = ngx_game_handover_heard(h, epoch);

        switch (h->state) {

        case NGX_GAME_HANDOVER_OFFERED:
            if (h->peer == epoch) {
                ngx_game_handover_unanswered(h);
                goto again;
            }

            break;

        case NGX_GAME_HANDOVER_GIVEN:

            /* rosters are of no use to one that is dead: who adopts the room
             * asks for its own */

            if (h->peer == epoch || h->waits_count == 0) {
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

            if (h->peer == epoch) {
                h->peer = 0;
                ngx_game_handover_ask(h);
                goto again;
            }

            break;

        case NGX_GAME_HANDOVER_LEFT:
            break;
        }
    }
}


ngx_game_handover_t *
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

    if (game_map_set(&ngx_game_handovers, h->id, h) != 0) {
        ngx_free(h);
        return NULL;
    }

    return h;
}


ngx_int_t
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

        /* of the dead no roster comes */

        if (player->away || !ngx_game_zone_alive(player->gateway)) {
            continue;
        }

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


void
ngx_game_handover_free(ngx_game_handover_t *h)
{
    (void) game_map_remove(&ngx_game_handovers, h->id);

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
        h = game_map_next(&ngx_game_handovers, &cursor, &id);

        if (h == NULL) {
            break;
        }

        if (h->state == NGX_GAME_HANDOVER_LEFT) {
            ngx_game_room_discard(h->room);
        }

        ngx_game_handover_free(h);
    }

    game_map_done(&ngx_game_handovers);
    ngx_game_handover_give_done();
}
