
/*
 * Copyright (C) ngx_game authors
 *
 * The way from gateways to owners: what a gateway tells, the local short cut,
 * and the check of a record that has come to the owner.
 */


#include "ngx_game_sync.h"
#include "ngx_game_sync_private.h"
#include "ngx_game_channel.h"


#define NGX_GAME_SYNC_TEXTS       6
#define NGX_GAME_SYNC_JOIN_PARTS  (1 + NGX_GAME_SYNC_TEXTS)

/* bytes of all texts of a join together; the handshake allows less */
#define NGX_GAME_SYNC_JOIN_MAX    16384


/* what a join's payload begins with */
typedef struct {
    uint64_t                   game;
    ngx_game_secret_t          secret;
    ngx_game_secret_t          token;
    uint64_t                   seen;
    uint16_t                   counts;
    uint16_t                   lens[NGX_GAME_SYNC_TEXTS];
} ngx_game_sync_join_head_t;


/* a join record, and what its parts point to besides the request */
typedef struct {
    ngx_game_record_t          record;
    ngx_game_sync_join_head_t  head;
    ngx_str_t                  parts[NGX_GAME_SYNC_JOIN_PARTS];
} ngx_game_sync_join_t;


static ngx_int_t ngx_game_sync_join_parts(ngx_game_seat_request_t *request,
    ngx_game_sync_join_t *join);
static void ngx_game_sync_texts(ngx_game_seat_request_t *request,
    ngx_str_t **texts);
static void ngx_game_sync_listed(ngx_game_sync_listed_t *listed,
    ngx_game_record_t *record, ngx_game_seat_request_t *player);


ngx_int_t
ngx_game_sync_join(uint64_t owner, ngx_game_seat_request_t *request)
{
    ngx_int_t              rc;
    ngx_game_sync_join_t   join;

    if (ngx_game_sync_is_local(owner)) {

        if (ngx_game_sync_to.holds(request->room)) {
            ngx_game_sync_rejoin(request);

        } else {
            ngx_game_sync_to.deliver(1);
            ngx_game_sync_to.join(request);
        }

        return NGX_OK;
    }

    if (ngx_game_sync_join_parts(request, &join) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_game_channel_send(owner, &join.record, join.parts,
                               NGX_GAME_SYNC_JOIN_PARTS);

    return (rc == NGX_OK || rc == NGX_AGAIN) ? NGX_OK : NGX_ERROR;
}


void
ngx_game_sync_rejoin(ngx_game_seat_request_t *request)
{
    u_char                 buf[sizeof(ngx_game_sync_join_head_t)
                               + NGX_GAME_SYNC_JOIN_MAX];
    u_char                *p;
    ngx_uint_t             i;
    ngx_game_sync_join_t   join;

    if (ngx_game_sync_join_parts(request, &join) != NGX_OK) {
        return;
    }

    p = buf;

    for (i = 0; i < NGX_GAME_SYNC_JOIN_PARTS; i++) {
        if (join.parts[i].len) {
            p = ngx_cpymem(p, join.parts[i].data, join.parts[i].len);
        }
    }

    join.record.src = request->gateway;

    (void) ngx_game_sync_to.divert(&join.record, buf, p - buf);
}


/* NGX_ERROR: a text is too long */

static ngx_int_t
ngx_game_sync_join_parts(ngx_game_seat_request_t *request,
    ngx_game_sync_join_t *join)
{
    ngx_str_t   *texts[NGX_GAME_SYNC_TEXTS];
    ngx_uint_t   i;

    ngx_game_sync_texts(request, texts);

    ngx_memzero(&join->head, sizeof(ngx_game_sync_join_head_t));

    join->head.game = request->game;
    join->head.secret = request->secret;
    join->head.token = request->token;
    join->head.seen = request->seen;
    join->head.counts = request->counts;

    join->parts[0].data = (u_char *) &join->head;
    join->parts[0].len = sizeof(ngx_game_sync_join_head_t);

    for (i = 0; i < NGX_GAME_SYNC_TEXTS; i++) {
        if (texts[i]->len > NGX_GAME_SYNC_JOIN_MAX / NGX_GAME_SYNC_TEXTS) {
            return NGX_ERROR;
        }

        join->head.lens[i] = (uint16_t) texts[i]->len;
        join->parts[1 + i] = *texts[i];
    }

    ngx_game_sync_fill(&join->record, NGX_GAME_SYNC_JOIN, request->codec,
                       request->room, request->player);

    return NGX_OK;
}


void
ngx_game_sync_leave(uint64_t owner, ngx_game_leave_t *leave)
{
    ngx_str_t          payload;
    ngx_game_secret_t  secrets[2];
    ngx_game_record_t  record;

    secrets[0] = leave->secret;
    secrets[1] = leave->next;

    payload.data = (u_char *) secrets;
    payload.len = sizeof(secrets);

    ngx_game_sync_fill(&record, NGX_GAME_SYNC_LEAVE, leave->why, leave->room,
                       leave->player);
    record.flags = leave->proven;

    ngx_game_sync_tell(owner, &record, &payload);
}


ngx_int_t
ngx_game_sync_message(uint64_t owner, uint64_t room, uint64_t player,
    ngx_game_kind_e kind, ngx_str_t *payload)
{
    ngx_game_record_t  record;

    if (ngx_game_sync_is_local(owner) && !ngx_game_sync_to.holds(room)) {
        ngx_game_sync_to.message(owner, room, player, kind, payload);
        return NGX_OK;
    }

    ngx_game_sync_fill(&record, NGX_GAME_SYNC_MESSAGE, kind, room, player);

    if (ngx_game_sync_is_local(owner)) {

        /* of a session that has come while the room is on its way */

        ngx_game_sync_to.deliver(1);

        if (!ngx_game_sync_to.divert(&record, payload->data, payload->len)) {
            ngx_game_sync_to.message(owner, room, player, kind, payload);
        }

        return NGX_OK;
    }

    return ngx_game_channel_send(owner, &record, payload, 1);
}


void
ngx_game_sync_deliver(uint64_t owner, ngx_uint_t now)
{
    if (ngx_game_sync_is_local(owner)) {
        ngx_game_sync_to.deliver(now);
    }
}


void
ngx_game_sync_measured(uint64_t owner, uint64_t room, uint64_t player,
    uint32_t rtt)
{
    ngx_game_record_t  record;

    ngx_game_sync_fill(&record, NGX_GAME_SYNC_MEASURED, rtt, room, player);

    if (ngx_game_sync_is_local(owner)) {
        ngx_game_sync_receive(&record, NULL, 0);
        return;
    }

    (void) ngx_game_channel_send(owner, &record, NULL, 0);
}


ngx_int_t
ngx_game_sync_return(uint64_t owner, uint64_t room,
    ngx_game_sync_listed_t *listed)
{
    ngx_int_t          rc;
    ngx_str_t          payload;
    ngx_game_record_t  record;

    payload.data = (u_char *) listed;
    payload.len = sizeof(ngx_game_sync_listed_t);

    ngx_game_sync_fill(&record, NGX_GAME_SYNC_RETURN, 0, room, listed->player);

    if (ngx_game_sync_is_local(owner)) {
        ngx_game_sync_receive(&record, payload.data, payload.len);
        return NGX_OK;
    }

    rc = ngx_game_channel_tell(owner, &record, &payload, 1);

    return (rc == NGX_OK || rc == NGX_AGAIN) ? NGX_OK : NGX_ERROR;
}


void
ngx_game_sync_switch_record(ngx_game_record_t *record, u_char *payload,
    size_t len)
{
    uint64_t  to;

    if (len != sizeof(uint64_t)) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "invalid switch record from worker %016xL ignored",
                      record->src);
        return;
    }

    ngx_memcpy(&to, payload, sizeof(uint64_t));

    ngx_game_sync_to.switch_to(record->src, record->room, record->player, to);
}


void
ngx_game_sync_return_record(ngx_game_record_t *record, u_char *payload,
    size_t len)
{
    ngx_game_sync_listed_t   listed;
    ngx_game_seat_request_t  player;

    ngx_memcpy(&listed, payload, ngx_min(len, sizeof(listed)));

    if (len != sizeof(listed) || listed.codec > NGX_GAME_RAW) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "invalid return record from worker %016xL ignored",
                      record->src);
        return;
    }

    ngx_memzero(&player, sizeof(ngx_game_seat_request_t));
    ngx_game_sync_listed(&listed, record, &player);

    ngx_game_sync_to.returned(&player);
}


static void
ngx_game_sync_listed(ngx_game_sync_listed_t *listed, ngx_game_record_t *record,
    ngx_game_seat_request_t *player)
{
    player->room = record->room;
    player->player = listed->player;
    player->gateway = record->src;
    player->codec = listed->codec;
    player->secret = listed->secret;
    player->number = listed->number;
    player->seen = listed->seen;
    player->counts = listed->counts;
}


void
ngx_game_sync_roster_record(ngx_game_record_t *record, u_char *payload,
    size_t len)
{
    u_char                   *p, *end;
    uint64_t                  at;
    ngx_uint_t                n, size;
    ngx_game_sync_listed_t    listed;
    ngx_game_seat_request_t  *players, *player;

    p = payload;
    end = payload + len;

    if (len < sizeof(uint64_t)) {
        goto invalid;
    }

    ngx_memcpy(&at, p, sizeof(uint64_t));
    p += sizeof(uint64_t);

    size = (end - p) / sizeof(ngx_game_sync_listed_t);
    players = ngx_calloc((size + 1) * sizeof(ngx_game_seat_request_t),
                         ngx_cycle->log);
    if (players == NULL) {
        return;
    }

    for (n = 0; p < end; n++) {

        if ((size_t) (end - p) < sizeof(ngx_game_sync_listed_t)) {
            ngx_free(players);
            goto invalid;
        }

        ngx_memcpy(&listed, p, sizeof(ngx_game_sync_listed_t));
        p += sizeof(ngx_game_sync_listed_t);

        if ((size_t) (end - p) < (size_t) listed.identity_len
                                 + listed.address_len
            || listed.codec > NGX_GAME_RAW)
        {
            ngx_free(players);
            goto invalid;
        }

        player = &players[n];

        ngx_game_sync_listed(&listed, record, player);

        player->identity.data = p;
        player->identity.len = listed.identity_len;
        p += listed.identity_len;
        player->address.data = p;
        player->address.len = listed.address_len;
        p += listed.address_len;
    }

    ngx_game_sync_to.roster(record->src, record->room, at, players, n);

    ngx_free(players);
    return;

invalid:

    ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                  "invalid roster record from worker %016xL ignored",
                  record->src);
}


static void
ngx_game_sync_texts(ngx_game_seat_request_t *request, ngx_str_t **texts)
{
    texts[0] = &request->identity;
    texts[1] = &request->address;
    texts[2] = &request->args;
    texts[3] = &request->origin;
    texts[4] = &request->agent;
    texts[5] = &request->protocol;
}


void
ngx_game_sync_join_record(ngx_game_record_t *record, u_char *payload,
    size_t len)
{
    u_char                     *p;
    ngx_str_t                  *texts[NGX_GAME_SYNC_TEXTS];
    ngx_uint_t                  i;
    ngx_game_seat_request_t     request;
    ngx_game_sync_join_head_t   head;

    if (len < sizeof(ngx_game_sync_join_head_t)) {
        goto invalid;
    }

    ngx_memcpy(&head, payload, sizeof(ngx_game_sync_join_head_t));

    ngx_memzero(&request, sizeof(ngx_game_seat_request_t));
    request.room = record->room;
    request.player = record->player;
    request.gateway = record->src;
    request.game = head.game;
    request.secret = head.secret;
    request.token = head.token;
    request.seen = head.seen;
    request.counts = head.counts;
    request.codec = record->arg;

    if (request.codec > NGX_GAME_RAW) {
        goto invalid;
    }

    ngx_game_sync_texts(&request, texts);

    p = payload + sizeof(ngx_game_sync_join_head_t);

    for (i = 0; i < NGX_GAME_SYNC_TEXTS; i++) {

        if ((size_t) (payload + len - p) < head.lens[i]) {
            goto invalid;
        }

        texts[i]->data = p;
        texts[i]->len = head.lens[i];
        p += head.lens[i];
    }

    ngx_game_sync_to.join(&request);
    return;

invalid:

    ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                  "invalid join record from worker %016xL ignored",
                  record->src);
}


void
ngx_game_sync_leave_record(ngx_game_record_t *record, u_char *payload,
    size_t len)
{
    ngx_game_leave_t   leave;
    ngx_game_secret_t  secrets[2];

    if (len != sizeof(secrets) || record->arg > NGX_GAME_CLOSED) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "invalid leave record from worker %016xL ignored",
                      record->src);
        return;
    }

    ngx_memcpy(secrets, payload, sizeof(secrets));

    leave.room = record->room;
    leave.player = record->player;
    leave.gateway = record->src;
    leave.why = record->arg;
    leave.secret = secrets[0];
    leave.next = secrets[1];
    leave.proven = record->flags & 1;

    ngx_game_sync_to.leave(&leave);
}
