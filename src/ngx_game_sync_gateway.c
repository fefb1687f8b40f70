
/*
 * Copyright (C) ngx_game authors
 *
 * The way from owners to gateways: what an owner tells, the local short cut,
 * and the check of a record that has come to the gateway.
 */


#include "ngx_game_sync.h"
#include "ngx_game_sync_private.h"
#include "ngx_game_channel.h"
#include "ngx_game_group.h"
#include "ngx_game_session.h"


/* the payload of an admission */
typedef struct {
    ngx_game_secret_t          secret;
    uint64_t                   seen;
} ngx_game_sync_admit_t;


void
ngx_game_sync_go(uint64_t gateway, uint64_t room)
{
    ngx_game_record_t  record;

    ngx_game_sync_fill(&record, NGX_GAME_SYNC_GO, 0, room, 0);
    ngx_game_sync_tell(gateway, &record, NULL);
}


void
ngx_game_sync_back(uint64_t gateway, uint64_t room, uint64_t player)
{
    ngx_game_record_t  record;

    ngx_game_sync_fill(&record, NGX_GAME_SYNC_BACK, 0, room, player);
    ngx_game_sync_tell(gateway, &record, NULL);
}


void
ngx_game_sync_arrive(uint64_t gateway, uint64_t room, uint64_t player)
{
    ngx_game_record_t  record;

    ngx_game_sync_fill(&record, NGX_GAME_SYNC_ARRIVE, 0, room, player);
    ngx_game_sync_tell(gateway, &record, NULL);
}


void
ngx_game_sync_switched(uint64_t gateway, uint64_t room, uint64_t player,
    ngx_uint_t refused)
{
    ngx_game_record_t  record;

    ngx_game_sync_fill(&record, NGX_GAME_SYNC_SWITCHED, refused, room, player);
    ngx_game_sync_tell(gateway, &record, NULL);
}


void
ngx_game_sync_admit(uint64_t gateway, ngx_game_admission_t *admission)
{
    ngx_str_t              payload;
    ngx_game_record_t      record;
    ngx_game_sync_admit_t  admit;

    if (ngx_game_sync_is_local(gateway)) {
        ngx_game_sync_to.admitted(admission);
        return;
    }

    admit.secret = admission->secret;
    admit.seen = admission->seen;

    payload.data = (u_char *) &admit;
    payload.len = sizeof(ngx_game_sync_admit_t);

    ngx_game_sync_fill(&record, NGX_GAME_SYNC_ADMIT, admission->number,
                       admission->room, admission->player);
    record.flags = admission->complete;

    (void) ngx_game_channel_tell(gateway, &record, &payload, 1);
}


void
ngx_game_sync_refuse(uint64_t gateway, uint64_t room, uint64_t attempt,
    ngx_game_refusal_t *refusal)
{
    ngx_game_record_t  record;

    if (ngx_game_sync_is_local(gateway)) {
        ngx_game_sync_to.refused(attempt, room, refusal);
        return;
    }

    ngx_game_sync_fill(&record, NGX_GAME_SYNC_REFUSE, refusal->status,
                       room, attempt);
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
        ngx_game_sync_send_local(player, kind, payload);
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


void
ngx_game_sync_admit_record(ngx_game_record_t *record, u_char *payload,
    size_t len)
{
    ngx_game_admission_t   admission;
    ngx_game_sync_admit_t  admit;

    if (len != sizeof(ngx_game_sync_admit_t)) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "invalid admit record from worker %016xL ignored",
                      record->src);
        return;
    }

    admission.room = record->room;
    admission.player = record->player;
    admission.owner = record->src;
    admission.number = record->arg;
    admission.complete = record->flags & 1;

    ngx_memcpy(&admit, payload, sizeof(ngx_game_sync_admit_t));
    admission.secret = admit.secret;
    admission.seen = admit.seen;

    ngx_game_sync_to.admitted(&admission);
}


void
ngx_game_sync_refuse_record(ngx_game_record_t *record, u_char *payload,
    size_t len)
{
    ngx_game_refusal_t  refusal;

    refusal.status = record->arg;
    refusal.retry = record->flags & 1;
    refusal.reason.data = payload;
    refusal.reason.len = len;

    ngx_game_sync_to.refused(record->player, record->room, &refusal);
}


void
ngx_game_sync_send_local(uint64_t player, ngx_game_kind_e kind,
    const ngx_str_t *payload)
{
    ngx_game_session_t  *s;

    s = ngx_game_session_find(player);

    if (s) {
        ngx_game_session_send(s, kind, payload->data, payload->len);
    }
}


void
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

    if (n > len / sizeof(uint64_t) || record->flags > NGX_GAME_RAW
        || !ngx_game_sync_is_kind(record->arg))
    {
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


void
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
