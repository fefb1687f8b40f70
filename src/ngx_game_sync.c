
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


/* the payload of an admission */
typedef struct {
    ngx_game_secret_t          secret;
    uint64_t                   seen;
} ngx_game_sync_admit_t;


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
static void ngx_game_sync_switch_record(ngx_game_record_t *record,
    u_char *payload, size_t len);
static void ngx_game_sync_return_record(ngx_game_record_t *record,
    u_char *payload, size_t len);
static void ngx_game_sync_roster_record(ngx_game_record_t *record,
    u_char *payload, size_t len);
static void ngx_game_sync_listed(ngx_game_sync_listed_t *listed,
    ngx_game_record_t *record, ngx_game_seat_request_t *player);
static void ngx_game_sync_join_record(ngx_game_record_t *record,
    u_char *payload, size_t len);
static void ngx_game_sync_leave_record(ngx_game_record_t *record,
    u_char *payload, size_t len);
static void ngx_game_sync_admit_record(ngx_game_record_t *record,
    u_char *payload, size_t len);
static void ngx_game_sync_refuse_record(ngx_game_record_t *record,
    u_char *payload, size_t len);
static void ngx_game_sync_send_local(uint64_t player, ngx_game_kind_e kind,
    const ngx_str_t *payload);
static void ngx_game_sync_broadcast_record(ngx_game_record_t *record,
    u_char *payload, size_t len);
static void ngx_game_sync_close_local(uint64_t room, uint64_t player,
    ngx_uint_t code, const ngx_str_t *reason, ngx_game_reason_e why);


static ngx_game_sync_handlers_t  ngx_game_sync_to;


#define ngx_game_sync_is_local(e)  ((e) == ngx_game_worker.epoch)


ngx_int_t
ngx_game_sync_init(ngx_cycle_t *cycle, ngx_game_sync_handlers_t *handlers)
{
    ngx_game_sync_to = *handlers;

    return ngx_game_channel_init(cycle, ngx_game_sync_receive,
                                 ngx_game_sync_to.drained,
                                 ngx_game_sync_to.lost);
}


void
ngx_game_sync_done(void)
{
    ngx_game_channel_done();
    ngx_game_group_done();
}


void
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


void
ngx_game_sync_tell(uint64_t dst, ngx_game_record_t *record,
    ngx_str_t *payload)
{
    if (ngx_game_sync_is_local(dst)) {
        ngx_game_sync_receive(record, payload ? payload->data : NULL,
                              payload ? payload->len : 0);
        return;
    }

    (void) ngx_game_channel_tell(dst, record, payload, payload ? 1 : 0);
}


/* gateway to owner */

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


/* owner to gateway */

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
ngx_game_sync_refuse(uint64_t gateway, uint64_t room, uint64_t player,
    ngx_game_refusal_t *refusal)
{
    ngx_game_record_t  record;

    if (ngx_game_sync_is_local(gateway)) {
        ngx_game_sync_to.refused(player, room, refusal);
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


/* from the channel */

void
ngx_game_sync_receive(ngx_game_record_t *record, u_char *payload, size_t len)
{
    ngx_str_t  text;

    /* messages that were put off come before whatever this is */

    ngx_game_sync_to.deliver(1);

    if (ngx_game_sync_to_owner(record->type)
        && ngx_game_sync_to.divert(record, payload, len))
    {
        return;
    }

    text.data = payload;
    text.len = len;

    switch (record->type) {

    case NGX_GAME_SYNC_JOIN:
        ngx_game_sync_join_record(record, payload, len);
        return;

    case NGX_GAME_SYNC_LEAVE:
        ngx_game_sync_leave_record(record, payload, len);
        return;

    case NGX_GAME_SYNC_MESSAGE:
        ngx_game_sync_to.message(record->src, record->room, record->player,
                                 record->arg, &text);
        ngx_game_sync_to.deliver(1);
        return;

    case NGX_GAME_SYNC_MEASURED:
        ngx_game_sync_to.measured(record->room, record->player, record->arg);
        return;

    case NGX_GAME_SYNC_SWITCH:
        ngx_game_sync_switch_record(record, payload, len);
        return;

    case NGX_GAME_SYNC_RETURN:
        ngx_game_sync_return_record(record, payload, len);
        return;

    case NGX_GAME_SYNC_ROSTER:
        ngx_game_sync_roster_record(record, payload, len);
        return;

    case NGX_GAME_SYNC_ADMIT:
        ngx_game_sync_admit_record(record, payload, len);
        return;

    case NGX_GAME_SYNC_REFUSE:
        ngx_game_sync_refuse_record(record, payload, len);
        return;

    case NGX_GAME_SYNC_SEND:
        ngx_game_sync_send_local(record->player, record->arg, &text);
        return;

    case NGX_GAME_SYNC_BROADCAST:
        ngx_game_sync_broadcast_record(record, payload, len);
        return;

    case NGX_GAME_SYNC_CLOSE:
        ngx_game_sync_close_local(record->room, record->player, record->arg,
                                  &text, record->flags);
        return;

    case NGX_GAME_SYNC_MOVED:
    case NGX_GAME_SYNC_GO:
    case NGX_GAME_SYNC_BACK:
        ngx_game_sync_to.follow(record, payload, len);
        return;

    case NGX_GAME_SYNC_ARRIVE:
    case NGX_GAME_SYNC_SWITCHED:
    case NGX_GAME_SYNC_PASS:
    case NGX_GAME_SYNC_READY:
    case NGX_GAME_SYNC_ABORT:
    case NGX_GAME_SYNC_END:
        ngx_game_sync_to.pass(record, payload, len);
        return;

    case NGX_GAME_SYNC_UNGUARD:
        ngx_game_sync_to.unguard(record);
        return;

    case NGX_GAME_SYNC_OFFER:
    case NGX_GAME_SYNC_ANSWER:
    case NGX_GAME_SYNC_COMMIT:
    case NGX_GAME_SYNC_FORWARD:
        ngx_game_sync_to.handover(record, payload, len);
        return;
    }

    ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                  "record of unknown type %d from worker %016xL ignored",
                  (int) record->type, record->src);
}


static void
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


static void
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


static void
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


static void
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


static void
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


static void
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


static void
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


static void
ngx_game_sync_send_local(uint64_t player, ngx_game_kind_e kind,
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
