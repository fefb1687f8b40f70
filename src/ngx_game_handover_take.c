
/*
 * Copyright (C) ngx_game authors
 *
 * The new owner's side of the hand-over, and of adoption.
 */


#include "ngx_game_handover.h"
#include "ngx_game_handover_private.h"
#include "ngx_game_clock.h"
#include "ngx_game_follow.h"
#include "ngx_game_gateway.h"
#include "ngx_game_history.h"
#include "ngx_game_hold.h"
#include "ngx_game_image.h"
#include "ngx_game_kept.h"
#include "ngx_game_lua.h"
#include "ngx_game_player.h"
#include "ngx_game_registry.h"
#include "ngx_game_script.h"
#include "ngx_game_seat.h"
#include "ngx_game_sync.h"
#include "ngx_game_zone.h"


static void ngx_game_handover_answer(uint64_t dst, uint64_t room,
    ngx_game_handover_answer_e answer, const char *reason);


void
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


void
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

    } else if (h->peer == 0) {
        ngx_game_handover_ask(h);
    }
}


void
ngx_game_handover_ask(ngx_game_handover_t *h)
{
    uint64_t    id, term;
    ngx_uint_t  i;

    id = h->id;
    term = h->room->term;

    for (i = 0; i < h->waits_count; i++) {
        ngx_game_handover_tell_moved(h->waits[i], id, ngx_game_worker.epoch,
                                     term);
    }

    /* the last of them may be this worker itself */

    ngx_game_follow_moved(id, ngx_game_worker.epoch, term,
                          ngx_game_worker.epoch);
}


/* a room of a dead worker: all are told, and asked for their players */

ngx_int_t
ngx_game_handover_adopt(ngx_game_room_t *room, uint64_t term)
{
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

    room->term = term;
    room->adopted = 1;

    n = ngx_game_zone_workers(info, NGX_GAME_MAX_SLOTS);

    for (i = 0; i < n; i++) {
        h->waits[h->waits_count++] = info[i].epoch;
    }

    ngx_game_count(rooms_adopted, 1);

    ngx_game_handover_ask(h);

    return NGX_OK;
}


void
ngx_game_handover_begin(ngx_game_handover_t *h)
{
    uint64_t            now;
    ngx_queue_t         kept, *q;
    ngx_game_room_t    *room;
    ngx_game_player_t  *player;

    room = h->room;
    now = ngx_game_clock_now();

    room->settled = now + NGX_GAME_HANDOVER_SETTLE;

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
        player = ngx_queue_data(q, ngx_game_player_t, link);

        if (!player->away && ngx_game_gateway_count(room, player, 1) != NGX_OK)
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

    ngx_game_history_continue(room, room->adopted);
    ngx_game_room_resume(room);
    ngx_game_hold_continue(room);

    /* the rosters are among them, each is answered by GO */

    room->settling = 1;

    ngx_game_handover_replay(&kept);

    room->settling = 0;
    room->adopted = 0;

    /* a gateway may have died after its roster had come */

    ngx_game_seat_lose_dead(room);
    ngx_game_seat_settle(room, now);
}
