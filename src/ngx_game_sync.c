
/*
 * Copyright (C) ngx_game authors
 *
 * The records of the channel, their meaning and their check, and the local
 * short cut.  Records from a worker are trusted to be well-meant, not to be
 * right: lengths and ids are checked, an unknown one is ignored.
 */


#include "ngx_game_sync.h"
#include "ngx_game_channel.h"
#include "ngx_game_group.h"
#include "ngx_game_session.h"
#include "ngx_game_zone.h"


typedef enum {
    NGX_GAME_SYNC_JOIN = 1,        /* arg: codec; game's hash, texts */
    NGX_GAME_SYNC_LEAVE,           /* arg: ngx_game_reason_e */
    NGX_GAME_SYNC_MESSAGE,         /* arg: kind; payload: the message */
    NGX_GAME_SYNC_MEASURED,        /* arg: ms */
    NGX_GAME_SYNC_ADMIT,
    NGX_GAME_SYNC_REFUSE,          /* arg: status; flags: retry; a text */
    NGX_GAME_SYNC_SEND,            /* arg: kind; payload: the message */
    NGX_GAME_SYNC_BROADCAST,       /* arg: kind; flags: codec; payload: number
                                    * of ids, ids, the message */
    NGX_GAME_SYNC_CLOSE            /* arg: code; flags: reason; a text */
} ngx_game_sync_type_e;


#define NGX_GAME_SYNC_TEXTS  6

/* bytes of all texts of a join together; the handshake allows less */
#define NGX_GAME_SYNC_JOIN_MAX  16384


static void ngx_game_sync_fill(ngx_game_record_t *record,
    ngx_game_sync_type_e type, uint32_t arg, uint64_t room, uint64_t player);
static void ngx_game_sync_record(ngx_game_record_t *record, u_char *payload,
    size_t len);
static void ngx_game_sync_drained(uint64_t owner);
static void ngx_game_sync_unblock(ngx_game_group_t *group);
static void ngx_game_sync_lost_group(ngx_game_group_t *group);
static void ngx_game_sync_texts(ngx_game_seat_request_t *request,
    ngx_str_t **texts);
static void ngx_game_sync_join_record(ngx_game_record_t *record,
    u_char *payload, size_t len);
static void ngx_game_sync_refuse_record(ngx_game_record_t *record,
    u_char *payload, size_t len);
static void ngx_game_sync_deliver(uint64_t player, ngx_game_kind_e kind,
    const ngx_str_t *payload);
static void ngx_game_sync_broadcast_record(ngx_game_record_t *record,
    u_char *payload, size_t len);
static void ngx_game_sync_close_local(uint64_t room, uint64_t player,
    ngx_uint_t code, const ngx_str_t *reason, ngx_game_reason_e why);
static void ngx_game_sync_session_message(ngx_game_session_t *s,
    ngx_game_kind_e kind, u_char *data, size_t len);
static void ngx_game_sync_session_deliver(ngx_game_session_t *s);
static void ngx_game_sync_session_measured(ngx_game_session_t *s);
static void ngx_game_sync_session_closed(ngx_game_session_t *s,
    ngx_game_reason_e reason);


static ngx_game_sync_handlers_t  ngx_game_sync_to;

static ngx_game_session_handlers_t  ngx_game_sync_sessions = {
    ngx_game_sync_session_message,
    ngx_game_sync_session_deliver,
    ngx_game_sync_session_measured,
    ngx_game_sync_session_closed
};

static const ngx_str_t  ngx_game_sync_lost_text =
    ngx_string("the worker of the room has died");


#define ngx_game_sync_is_local(e)  ((e) == ngx_game_worker.epoch)


ngx_int_t
ngx_game_sync_init(ngx_cycle_t *cycle, ngx_game_sync_handlers_t *handlers)
{
    ngx_game_sync_to = *handlers;

    ngx_game_session_init(&ngx_game_sync_sessions);

    return ngx_game_channel_init(cycle, ngx_game_sync_record,
                                 ngx_game_sync_drained);
}


void
ngx_game_sync_done(void)
{
    ngx_game_channel_done();
    ngx_game_group_done();
}


static void
ngx_game_sync_fill(ngx_game_record_t *record, ngx_game_sync_type_e type,
    uint32_t arg, uint64_t room, uint64_t player)
{
    record->type = type;
    record->flags = 0;
    record->arg = arg;
    record->room = room;
    record->player = player;
    record->src = ngx_game_worker.epoch;
}


/* gateway to owner */

ngx_int_t
ngx_game_sync_join(uint64_t owner, ngx_game_seat_request_t *request)
{
    u_char              lens[NGX_GAME_SYNC_TEXTS * sizeof(uint16_t)];
    uint16_t            n;
    ngx_int_t           rc;
    ngx_str_t           parts[2 + NGX_GAME_SYNC_TEXTS];
    ngx_str_t          *texts[NGX_GAME_SYNC_TEXTS];
    ngx_uint_t          i;
    ngx_game_record_t   record;

    if (ngx_game_sync_is_local(owner)) {
        ngx_game_sync_to.join(request);
        return NGX_OK;
    }

    ngx_game_sync_texts(request, texts);

    parts[0].data = (u_char *) &request->game;
    parts[0].len = sizeof(uint64_t);
    parts[1].data = lens;
    parts[1].len = sizeof(lens);

    for (i = 0; i < NGX_GAME_SYNC_TEXTS; i++) {
        if (texts[i]->len > NGX_GAME_SYNC_JOIN_MAX / NGX_GAME_SYNC_TEXTS) {
            return NGX_ERROR;
        }

        n = (uint16_t) texts[i]->len;
        ngx_memcpy(lens + i * sizeof(uint16_t), &n, sizeof(uint16_t));
        parts[2 + i] = *texts[i];
    }

    ngx_game_sync_fill(&record, NGX_GAME_SYNC_JOIN, request->codec,
                       request->room, request->player);

    rc = ngx_game_channel_send(owner, &record, parts, 2 + NGX_GAME_SYNC_TEXTS);

    return (rc == NGX_OK || rc == NGX_AGAIN) ? NGX_OK : NGX_ERROR;
}


void
ngx_game_sync_leave(uint64_t owner, uint64_t room, uint64_t player,
    ngx_game_reason_e why)
{
    ngx_game_record_t  record;

    if (ngx_game_sync_is_local(owner)) {
        ngx_game_sync_to.leave(room, player, why);
        return;
    }

    ngx_game_sync_fill(&record, NGX_GAME_SYNC_LEAVE, why, room, player);

    (void) ngx_game_channel_tell(owner, &record, NULL, 0);
}


static void
ngx_game_sync_session_message(ngx_game_session_t *s, ngx_game_kind_e kind,
    u_char *data, size_t len)
{
    ngx_int_t          rc;
    ngx_str_t          payload;
    ngx_game_record_t  record;

    static const ngx_str_t  behind = ngx_string("the room is too far behind");

    payload.data = data;
    payload.len = len;

    if (ngx_game_sync_is_local(s->owner)) {
        ngx_game_sync_to.message(s->owner, s->room, s->player, kind, &payload);
        return;
    }

    ngx_game_sync_fill(&record, NGX_GAME_SYNC_MESSAGE, kind,
                       s->room, s->player);

    rc = ngx_game_channel_send(s->owner, &record, &payload, 1);

    if (rc == NGX_AGAIN) {
        ngx_game_session_block(s);

    } else if (rc == NGX_DECLINED) {
        ngx_game_session_close(s, 1011,
                               (const char *) ngx_game_sync_lost_text.data,
                               ngx_game_sync_lost_text.len, NGX_GAME_LOST);

    } else if (rc == NGX_ERROR) {
        ngx_game_session_close(s, 1013, (const char *) behind.data,
                               behind.len, NGX_GAME_ERROR);
    }
}


static void
ngx_game_sync_session_deliver(ngx_game_session_t *s)
{
    if (ngx_game_sync_is_local(s->owner)) {
        ngx_game_sync_to.deliver();
    }
}


static void
ngx_game_sync_session_measured(ngx_game_session_t *s)
{
    ngx_game_record_t  record;

    if (ngx_game_sync_is_local(s->owner)) {
        ngx_game_sync_to.measured(s->room, s->player, s->rtt);
        return;
    }

    ngx_game_sync_fill(&record, NGX_GAME_SYNC_MEASURED, s->rtt,
                       s->room, s->player);

    (void) ngx_game_channel_send(s->owner, &record, NULL, 0);
}


static void
ngx_game_sync_session_closed(ngx_game_session_t *s, ngx_game_reason_e reason)
{
    ngx_game_group_remove(s);

    ngx_game_sync_leave(s->owner, s->room, s->player, reason);
}


/* the list to an owner has room again: its sessions are read from again */

static void
ngx_game_sync_drained(uint64_t owner)
{
    ngx_game_group_each(owner, ngx_game_sync_unblock);
}


static void
ngx_game_sync_unblock(ngx_game_group_t *group)
{
    ngx_queue_t  *q;

    for (q = ngx_queue_head(&group->feed.sessions);
         q != ngx_queue_sentinel(&group->feed.sessions);
         q = ngx_queue_next(q))
    {
        ngx_game_session_unblock(ngx_queue_data(q, ngx_game_session_t, link));
    }
}


void
ngx_game_sync_lost(uint64_t epoch)
{
    ngx_game_group_each(epoch, ngx_game_sync_lost_group);
}


static void
ngx_game_sync_lost_group(ngx_game_group_t *group)
{
    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "the worker of room %V has died, "
                  "closing its %ui sessions here with 1011",
                  ngx_game_id_text(group->room), group->feed.count);

    ngx_game_group_close(group, 1011, &ngx_game_sync_lost_text, NGX_GAME_LOST);
}


/* owner to gateway */

void
ngx_game_sync_admit(uint64_t gateway, uint64_t room, uint64_t player)
{
    ngx_game_record_t  record;

    if (ngx_game_sync_is_local(gateway)) {
        ngx_game_sync_to.admitted(player, room, ngx_game_worker.epoch);
        return;
    }

    ngx_game_sync_fill(&record, NGX_GAME_SYNC_ADMIT, 0, room, player);

    (void) ngx_game_channel_tell(gateway, &record, NULL, 0);
}


void
ngx_game_sync_refuse(uint64_t gateway, uint64_t room, uint64_t player,
    ngx_game_refusal_t *refusal)
{
    ngx_game_record_t  record;

    if (ngx_game_sync_is_local(gateway)) {
        ngx_game_sync_to.refused(player, refusal);
        return;
    }

    ngx_game_sync_fill(&record, NGX_GAME_SYNC_REFUSE, refusal->status,
                       room, player);
    record.flags = refusal->retry;

    (void) ngx_game_channel_tell(gateway, &record, &refusal->reason, 1);
}


ngx_int_t
ngx_game_sync_send(uint64_t gateway, uint64_t room, uint64_t player,
    ngx_game_kind_e kind, const ngx_str_t *payload)
{
    ngx_int_t          rc;
    ngx_game_record_t  record;

    if (ngx_game_sync_is_local(gateway)) {
        ngx_game_sync_deliver(player, kind, payload);
        return NGX_OK;
    }

    ngx_game_sync_fill(&record, NGX_GAME_SYNC_SEND, kind, room, player);

    rc = ngx_game_channel_send(gateway, &record, payload, 1);

    return (rc == NGX_AGAIN) ? NGX_OK : rc;
}


ngx_int_t
ngx_game_sync_broadcast(uint64_t gateway, uint64_t room,
    ngx_game_codec_e codec, ngx_game_kind_e kind, const ngx_str_t *payload,
    const u_char *except, ngx_uint_t n)
{
    uint32_t            ids;
    ngx_int_t           rc;
    ngx_str_t           parts[3];
    ngx_game_group_t   *group;
    ngx_game_record_t   record;

    if (ngx_game_sync_is_local(gateway)) {
        group = ngx_game_group_find(room);

        if (group) {
            ngx_game_feed_send(&group->feed, codec, kind, payload, except,
                                 n);
        }

        return NGX_OK;
    }

    ids = (uint32_t) n;

    parts[0].data = (u_char *) &ids;
    parts[0].len = sizeof(uint32_t);
    parts[1].data = (u_char *) except;
    parts[1].len = n * sizeof(uint64_t);
    parts[2] = *payload;

    ngx_game_sync_fill(&record, NGX_GAME_SYNC_BROADCAST, kind, room, 0);
    record.flags = codec;

    rc = ngx_game_channel_send(gateway, &record, parts, 3);

    return (rc == NGX_AGAIN) ? NGX_OK : rc;
}


void
ngx_game_sync_close(uint64_t gateway, uint64_t room, uint64_t player,
    ngx_uint_t code, const ngx_str_t *reason, ngx_game_reason_e why)
{
    ngx_game_record_t  record;

    if (ngx_game_sync_is_local(gateway)) {
        ngx_game_sync_close_local(room, player, code, reason, why);
        return;
    }

    ngx_game_sync_fill(&record, NGX_GAME_SYNC_CLOSE, code, room, player);
    record.flags = why;

    (void) ngx_game_channel_tell(gateway, &record, reason, 1);
}


/* from the channel */

static void
ngx_game_sync_record(ngx_game_record_t *record, u_char *payload, size_t len)
{
    ngx_str_t  text;

    text.data = payload;
    text.len = len;

    switch (record->type) {

    case NGX_GAME_SYNC_JOIN:
        ngx_game_sync_join_record(record, payload, len);
        return;

    case NGX_GAME_SYNC_LEAVE:
        ngx_game_sync_to.leave(record->room, record->player, record->arg);
        return;

    case NGX_GAME_SYNC_MESSAGE:
        ngx_game_sync_to.message(record->src, record->room, record->player,
                                 record->arg, &text);
        ngx_game_sync_to.deliver();
        return;

    case NGX_GAME_SYNC_MEASURED:
        ngx_game_sync_to.measured(record->room, record->player, record->arg);
        return;

    case NGX_GAME_SYNC_ADMIT:
        ngx_game_sync_to.admitted(record->player, record->room, record->src);
        return;

    case NGX_GAME_SYNC_REFUSE:
        ngx_game_sync_refuse_record(record, payload, len);
        return;

    case NGX_GAME_SYNC_SEND:
        ngx_game_sync_deliver(record->player, record->arg, &text);
        return;

    case NGX_GAME_SYNC_BROADCAST:
        ngx_game_sync_broadcast_record(record, payload, len);
        return;

    case NGX_GAME_SYNC_CLOSE:
        ngx_game_sync_close_local(record->room, record->player, record->arg,
                                  &text, record->flags);
        return;
    }

    ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                  "record of unknown type %d from worker %016xL ignored",
                  (int) record->type, record->src);
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


static void
ngx_game_sync_join_record(ngx_game_record_t *record, u_char *payload,
    size_t len)
{
    u_char                   *p, *lens;
    uint16_t                  n;
    ngx_str_t                *texts[NGX_GAME_SYNC_TEXTS];
    ngx_uint_t                i;
    ngx_game_seat_request_t   request;

    if (len < sizeof(uint64_t) + NGX_GAME_SYNC_TEXTS * sizeof(uint16_t)) {
        goto invalid;
    }

    ngx_memzero(&request, sizeof(ngx_game_seat_request_t));
    request.room = record->room;
    request.player = record->player;
    request.gateway = record->src;
    request.codec = record->arg;
    ngx_memcpy(&request.game, payload, sizeof(uint64_t));

    if (request.codec > NGX_GAME_RAW) {
        goto invalid;
    }

    ngx_game_sync_texts(&request, texts);

    lens = payload + sizeof(uint64_t);
    p = lens + NGX_GAME_SYNC_TEXTS * sizeof(uint16_t);

    for (i = 0; i < NGX_GAME_SYNC_TEXTS; i++) {
        ngx_memcpy(&n, lens + i * sizeof(uint16_t), sizeof(uint16_t));

        if ((size_t) (payload + len - p) < n) {
            goto invalid;
        }

        texts[i]->data = p;
        texts[i]->len = n;
        p += n;
    }

    ngx_game_sync_to.join(&request);
    return;

invalid:

    ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                  "invalid join record from worker %016xL ignored",
                  record->src);
}


static void
ngx_game_sync_refuse_record(ngx_game_record_t *record, u_char *payload,
    size_t len)
{
    ngx_game_refusal_t  refusal;

    refusal.status = record->arg;
    refusal.retry = record->flags & 1;
    refusal.reason.data = payload;
    refusal.reason.len = len;

    ngx_game_sync_to.refused(record->player, &refusal);
}


static void
ngx_game_sync_deliver(uint64_t player, ngx_game_kind_e kind,
    const ngx_str_t *payload)
{
    ngx_game_frame_t     frame;
    ngx_game_session_t  *s;

    s = ngx_game_session_find(player);
    if (s == NULL) {
        return;
    }

    ngx_game_frame_init(&frame, kind, payload->data, payload->len);
    ngx_game_session_send(s, &frame);
    ngx_game_frame_done(&frame);
}


static void
ngx_game_sync_broadcast_record(ngx_game_record_t *record, u_char *payload,
    size_t len)
{
    uint32_t           n;
    ngx_str_t          text;
    ngx_game_group_t  *group;

    if (len < sizeof(uint32_t)) {
        goto invalid;
    }

    ngx_memcpy(&n, payload, sizeof(uint32_t));
    payload += sizeof(uint32_t);
    len -= sizeof(uint32_t);

    if (n > len / sizeof(uint64_t) || record->flags > NGX_GAME_RAW) {
        goto invalid;
    }

    group = ngx_game_group_find(record->room);
    if (group == NULL) {
        return;
    }

    text.data = payload + n * sizeof(uint64_t);
    text.len = len - n * sizeof(uint64_t);

    ngx_game_feed_send(&group->feed, record->flags, record->arg, &text,
                         payload, n);
    return;

invalid:

    ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                  "invalid broadcast record from worker %016xL ignored",
                  record->src);
}


static void
ngx_game_sync_close_local(uint64_t room, uint64_t player, ngx_uint_t code,
    const ngx_str_t *reason, ngx_game_reason_e why)
{
    ngx_game_session_t  *s;

    s = ngx_game_session_find(player);

    if (s && s->room == room) {
        ngx_game_session_close(s, code, (const char *) reason->data,
                               reason->len, why);
    }
}
