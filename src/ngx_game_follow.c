
/*
 * Copyright (C) ngx_game authors
 *
 * A group is `moving` from MOVED to GO.  Its sessions are blocked then: what
 * their clients send waits in the sockets.
 */


#include "ngx_game_follow.h"
#include "ngx_game_clock.h"
#include "ngx_game_kept.h"
#include "ngx_game_pass.h"
#include "ngx_game_registry.h"
#include "ngx_game_session.h"
#include "ngx_game_sync.h"
#include "ngx_game_zone.h"
#include "core/game_map.h"


/* how often is looked whether a room without an owner has one, and for how
 * long, ms */
#define NGX_GAME_FOLLOW_PERIOD    20
#define NGX_GAME_FOLLOW_PATIENCE  5000


typedef struct {
    ngx_queue_t                kept;          /* that an owner has died
                                               * without taking in */
    ngx_queue_t                late;          /* that were for a dead one */
    ngx_uint_t                 returning;     /* sessions */
    ngx_event_t                timer;
    ngx_connection_t           dummy;
} ngx_game_follow_t;


static void ngx_game_follow_hold(ngx_game_group_t *group, uint64_t owner,
    uint64_t term);
static void ngx_game_follow_roster(uint64_t room, ngx_game_group_t *group,
    uint64_t dst);
static size_t ngx_game_follow_list(ngx_game_group_t *group, u_char *p);
static void ngx_game_follow_listed(ngx_game_session_t *s,
    ngx_game_sync_listed_t *listed);
static void ngx_game_follow_give_up_return(ngx_game_session_t *s);
static uint64_t ngx_game_follow_way(ngx_game_session_t *s);
static void ngx_game_follow_back(uint64_t room, uint64_t owner,
    uint64_t player);
static void ngx_game_follow_go(uint64_t room, uint64_t owner);
static void ngx_game_follow_message(ngx_game_session_t *s,
    ngx_game_kind_e kind, u_char *data, size_t len);
static ngx_uint_t ngx_game_follow_resume(ngx_game_session_t *s);
static ngx_uint_t ngx_game_follow_keep_message(ngx_game_session_t *s,
    ngx_game_kind_e kind, ngx_str_t *payload);
static void ngx_game_follow_deliver(ngx_game_session_t *s, ngx_uint_t now);
static void ngx_game_follow_measured(ngx_game_session_t *s);
static void ngx_game_follow_closed(ngx_game_session_t *s,
    ngx_game_reason_e reason);
static void ngx_game_follow_reroute(ngx_game_group_t *group);
static void ngx_game_follow_died_with(ngx_game_group_t *group);
static void ngx_game_follow_give_up(ngx_game_group_t *group);
static ngx_uint_t ngx_game_follow_orphan(ngx_game_group_t *group);
static void ngx_game_follow_watch(void);
static void ngx_game_follow_timer(ngx_event_t *ev);
static void ngx_game_follow_look(ngx_game_group_t *group);
static void ngx_game_follow_send_kept(uint64_t room, uint64_t owner);
static void ngx_game_follow_send_queue(ngx_queue_t *queue, uint64_t room,
    uint64_t owner);
static void ngx_game_follow_drop_kept(void);
static ngx_uint_t ngx_game_follow_other(ngx_game_group_t *group);


static ngx_game_follow_t  ngx_game_follow;


static ngx_game_session_handlers_t  ngx_game_follow_sessions = {
    ngx_game_follow_message,
    ngx_game_follow_deliver,
    ngx_game_follow_measured,
    ngx_game_follow_closed
};

static const ngx_str_t  ngx_game_follow_died =
    ngx_string("the worker of the room has died");


void
ngx_game_follow_init(void)
{
    ngx_event_t  *ev;

    ngx_game_session_init(&ngx_game_follow_sessions);

    ngx_queue_init(&ngx_game_follow.kept);
    ngx_queue_init(&ngx_game_follow.late);

    ngx_game_follow.dummy.fd = (ngx_socket_t) -1;

    ev = &ngx_game_follow.timer;

    ev->handler = ngx_game_follow_timer;
    ev->data = &ngx_game_follow.dummy;
    ev->log = ngx_cycle->log;
    ev->cancelable = 1;
}


void
ngx_game_follow_moved(uint64_t room, uint64_t owner, uint64_t term,
    uint64_t via)
{
    ngx_game_group_t  *group;

    group = ngx_game_group_find(room);

    if (group) {

        /* it may be told more than once */

        if (term <= group->term) {
            return;
        }

        ngx_game_follow_hold(group, owner, term);
        group->via = via;
    }

    if (!ngx_game_zone_alive(owner)) {

        /* its death may have been reported before this */

        if (group) {
            ngx_game_follow_died_with(group);
        }

        return;
    }

    /* what this worker has forwarded itself is in the same ring */

    ngx_game_follow_roster(room, group,
                           via == ngx_game_worker.epoch ? owner : via);

    ngx_game_follow_send_kept(room, owner);
}


static void
ngx_game_follow_hold(ngx_game_group_t *group, uint64_t owner, uint64_t term)
{
    ngx_queue_t         *q;
    ngx_game_session_t  *s;

    group->owner = owner;
    group->term = term;
    group->moving = 1;
    group->orphan = 0;

    ngx_game_follow_block(group);

    for (q = ngx_queue_head(&group->feed.sessions);
         q != ngx_queue_sentinel(&group->feed.sessions);
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_game_session_t, link);
        s->owner = owner;
    }
}


void
ngx_game_follow_block(ngx_game_group_t *group)
{
    ngx_queue_t  *q;

    for (q = ngx_queue_head(&group->feed.sessions);
         q != ngx_queue_sentinel(&group->feed.sessions);
         q = ngx_queue_next(q))
    {
        ngx_game_session_block(ngx_queue_data(q, ngx_game_session_t, link));
    }
}


/* the players whose sessions are here; none is an answer, too */

static void
ngx_game_follow_roster(uint64_t room, ngx_game_group_t *group, uint64_t dst)
{
    size_t             len;
    u_char            *buf;
    uint64_t           now;
    ngx_str_t          part;
    ngx_game_record_t  record;

    static const ngx_str_t  memory = ngx_string("no memory");

    buf = NULL;
    now = ngx_game_clock_now();

    part.data = (u_char *) &now;
    part.len = sizeof(uint64_t);

    if (group) {
        len = sizeof(uint64_t) + ngx_game_follow_list(group, NULL);
        buf = ngx_alloc(len, ngx_cycle->log);

        if (buf) {
            ngx_memcpy(buf, &now, sizeof(uint64_t));
            (void) ngx_game_follow_list(group, buf + sizeof(uint64_t));

            part.data = buf;
            part.len = len;

        } else {
            ngx_game_group_close(group, 1011, &memory, NGX_GAME_ERROR);
        }
    }

    ngx_game_sync_fill(&record, NGX_GAME_SYNC_ROSTER, 0, room, 0);
    ngx_game_sync_tell(dst, &record, &part);

    ngx_free(buf);
}


/* writes the players of a group, unless p is NULL: how many bytes that is */

static size_t
ngx_game_follow_list(ngx_game_group_t *group, u_char *p)
{
    size_t                   len;
    ngx_str_t                identity, address;
    ngx_queue_t             *q;
    ngx_game_session_t      *s;
    ngx_game_sync_listed_t   listed;

    len = 0;

    for (q = ngx_queue_head(&group->feed.sessions);
         q != ngx_queue_sentinel(&group->feed.sessions);
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_game_session_t, link);

        ngx_game_session_texts(s, &identity, &address);

        len += sizeof(ngx_game_sync_listed_t) + identity.len + address.len;

        if (p == NULL) {
            continue;
        }

        ngx_game_follow_listed(s, &listed);

        listed.identity_len = identity.len;
        listed.address_len = address.len;

        p = ngx_cpymem(p, &listed, sizeof(ngx_game_sync_listed_t));
        p = ngx_cpymem(p, identity.data, identity.len);
        p = ngx_cpymem(p, address.data, address.len);
    }

    return len;
}


static void
ngx_game_follow_listed(ngx_game_session_t *s, ngx_game_sync_listed_t *listed)
{
    ngx_memzero(listed, sizeof(ngx_game_sync_listed_t));

    listed->player = s->player;
    listed->secret = *ngx_game_session_secret(s);
    listed->number = ngx_game_session_number(s);
    listed->counts = !s->passing;
    listed->seen = s->passing ? 0 : ngx_game_session_got(s);
    listed->codec = s->codec;
}


void
ngx_game_follow_return(ngx_game_session_t *s)
{
    uint64_t                to;
    ngx_game_sync_listed_t  listed;

    ngx_game_follow_listed(s, &listed);

    to = ngx_game_follow_way(s);

    if (!ngx_game_zone_alive(to)) {

        /* the old owner of the room, which has died with the session */

        to = s->owner;
    }

    s->returning = 1;
    ngx_game_follow.returning++;

    if (ngx_game_sync_return(to, s->room, &listed) != NGX_OK) {
        ngx_game_follow_give_up_return(s);
    }
}


static void
ngx_game_follow_back(uint64_t room, uint64_t owner, uint64_t player)
{
    ngx_game_group_t    *group;
    ngx_game_session_t  *s;

    s = ngx_game_session_find(player);

    if (s == NULL || !s->returning || s->room != room) {
        return;
    }

    s->returning = 0;
    ngx_game_follow.returning--;

    s->owner = owner;

    if (ngx_game_group_add(s) != NGX_OK) {
        ngx_game_session_close(s, 1011, "no memory", sizeof("no memory") - 1,
                               NGX_GAME_ERROR);
        return;
    }

    group = ngx_queue_data(s->feed, ngx_game_group_t, feed);
    s->owner = group->owner;

    if (!group->moving) {
        ngx_game_session_unblock(s);
    }
}


void
ngx_game_follow_give_up_returns(void)
{
    size_t               cursor;
    ngx_game_session_t  *s;

    cursor = 0;

    while (ngx_game_follow.returning && (s = ngx_game_session_next(&cursor))) {

        if (s->returning) {
            ngx_game_follow_give_up_return(s);
        }
    }
}


static void
ngx_game_follow_give_up_return(ngx_game_session_t *s)
{
    s->returning = 0;
    ngx_game_follow.returning--;

    ngx_game_session_close(s, 1011, (const char *) ngx_game_follow_died.data,
                           ngx_game_follow_died.len, NGX_GAME_LOST);
}


/* where to tell what a session does: before GO it takes the way that its
 * messages took */

static uint64_t
ngx_game_follow_way(ngx_game_session_t *s)
{
    ngx_game_group_t  *group;

    group = ngx_game_group_find(s->room);

    if (group && group->moving && group->via != ngx_game_worker.epoch) {
        return group->via;
    }

    return s->owner;
}


void
ngx_game_follow_record(ngx_game_record_t *record, u_char *payload, size_t len)
{
    uint64_t  to[2];                          /* owner, term */

    if (record->type == NGX_GAME_SYNC_GO) {
        ngx_game_follow_go(record->room, record->src);
        return;
    }

    if (record->type == NGX_GAME_SYNC_BACK) {
        ngx_game_follow_back(record->room, record->src, record->player);
        return;
    }

    if (len != sizeof(to)) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "invalid moved record from worker %016xL ignored",
                      record->src);
        return;
    }

    ngx_memcpy(to, payload, sizeof(to));

    /* what a dead owner had sent, and what it did not take in, comes before
     * what there is to say to the next one, who is told of its sessions that
     * go on here, too */

    if (record->src == to[0]) {
        ngx_game_zone_look();
    }

    ngx_game_follow_moved(record->room, to[0], to[1], record->src);
}


static void
ngx_game_follow_go(uint64_t room, uint64_t owner)
{
    ngx_game_group_t  *group;

    group = ngx_game_group_find(room);

    if (group && group->moving && group->owner == owner) {
        group->moving = 0;
        ngx_game_follow_unblock(group);
    }
}


void
ngx_game_follow_unblock(ngx_game_group_t *group)
{
    ngx_queue_t         *q;
    ngx_game_session_t  *s;

    if (group->moving) {
        return;
    }

    for (q = ngx_queue_head(&group->feed.sessions);
         q != ngx_queue_sentinel(&group->feed.sessions);
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_game_session_t, link);

        if (!s->passing) {
            ngx_game_session_unblock(s);
        }
    }
}


void
ngx_game_follow_drained(uint64_t owner)
{
    ngx_game_group_each(owner, ngx_game_follow_unblock);
}


/* what sessions do */

static void
ngx_game_follow_message(ngx_game_session_t *s, ngx_game_kind_e kind,
    u_char *data, size_t len)
{
    ngx_int_t  rc;
    ngx_str_t  payload;

    static const ngx_str_t  behind = ngx_string("the room is too far behind");

    payload.data = data;
    payload.len = len;

    rc = ngx_game_sync_message(s->owner, s->room, s->player, kind, &payload);

    if (rc == NGX_OK) {
        return;
    }

    if (rc == NGX_DECLINED && ngx_game_follow_resume(s)) {
        rc = ngx_game_sync_message(s->owner, s->room, s->player, kind,
                                   &payload);
    }

    if (rc == NGX_DECLINED
        && ngx_game_follow_keep_message(s, kind, &payload))
    {
        return;
    }

    if (rc == NGX_AGAIN) {
        ngx_game_session_block(s);

    } else if (rc == NGX_DECLINED) {
        ngx_game_session_close(s, 1011,
                               (const char *) ngx_game_follow_died.data,
                               ngx_game_follow_died.len, NGX_GAME_LOST);

    } else if (rc == NGX_ERROR) {
        ngx_game_session_close(s, 1013, (const char *) behind.data,
                               behind.len, NGX_GAME_ERROR);
    }
}


/* the owner is dead: 1 if the session's group follows the room to another */

static ngx_uint_t
ngx_game_follow_resume(ngx_game_session_t *s)
{
    uint64_t           owner;
    ngx_game_group_t  *group;

    /* its death may have been seen by others only: what it did not take in
     * comes before this message */

    owner = s->owner;

    ngx_game_zone_look();

    if (s->owner != owner) {
        return 1;
    }

    group = ngx_game_group_find(s->room);

    return group && ngx_game_follow_other(group);
}


/* the owner is dead: 1 if the message was kept for who will adopt the room */

static ngx_uint_t
ngx_game_follow_keep_message(ngx_game_session_t *s, ngx_game_kind_e kind,
    ngx_str_t *payload)
{
    ngx_game_group_t   *group;
    ngx_game_record_t   record;

    group = ngx_game_group_find(s->room);

    if (group == NULL || !ngx_game_follow_orphan(group)) {
        return 0;
    }

    ngx_game_sync_fill(&record, NGX_GAME_SYNC_MESSAGE, kind, s->room,
                       s->player);

    return ngx_game_kept_add(&ngx_game_follow.late, &record, payload->data,
                             payload->len)
           == NGX_OK;
}


static void
ngx_game_follow_deliver(ngx_game_session_t *s, ngx_uint_t now)
{
    ngx_game_sync_deliver(s->owner, now);
}


static void
ngx_game_follow_measured(ngx_game_session_t *s)
{
    ngx_game_sync_measured(s->owner, s->room, s->player, s->rtt);
}


static void
ngx_game_follow_closed(ngx_game_session_t *s, ngx_game_reason_e reason)
{
    uint64_t          to;
    ngx_game_leave_t  leave;

    if (s->passing) {
        ngx_game_pass_cancel(s);
    }

    if (s->returning) {
        s->returning = 0;
        ngx_game_follow.returning--;
    }

    ngx_memzero(&leave, sizeof(ngx_game_leave_t));

    leave.room = s->room;
    leave.player = s->player;
    leave.gateway = ngx_game_worker.epoch;
    leave.why = reason;
    leave.secret = *ngx_game_session_secret(s);
    leave.next = *ngx_game_session_next_secret(s);
    leave.proven = ngx_game_session_proven(s);

    to = ngx_game_follow_way(s);

    ngx_game_group_remove(s);

    ngx_game_sync_leave(to, &leave);
}


/* deaths */

void
ngx_game_follow_lost(uint64_t epoch)
{
    ngx_game_group_each_via(epoch, ngx_game_follow_reroute);
    ngx_game_group_each(epoch, ngx_game_follow_died_with);
}


static void
ngx_game_follow_reroute(ngx_game_group_t *group)
{
    uint64_t  room, owner;

    room = group->room;
    owner = group->owner;

    group->via = ngx_game_worker.epoch;

    /* if that one is dead, too, its own death is still to be reported */

    if (ngx_game_zone_alive(owner)) {
        ngx_game_follow_roster(room, group, owner);
        ngx_game_follow_send_kept(room, owner);
    }
}


static void
ngx_game_follow_died_with(ngx_game_group_t *group)
{
    if (!ngx_game_follow_other(group) && !ngx_game_follow_orphan(group)) {
        ngx_game_follow_give_up(group);
    }
}


static void
ngx_game_follow_give_up(ngx_game_group_t *group)
{
    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "the worker of room %V has died, "
                  "closing its %ui sessions here with 1011",
                  ngx_game_id_text(group->room), group->feed.count);

    group->orphan = 0;

    ngx_game_group_close(group, 1011, &ngx_game_follow_died, NGX_GAME_LOST);
}


/* 1 if the room has a checkpoint, from which some worker will take it over */

static ngx_uint_t
ngx_game_follow_orphan(ngx_game_group_t *group)
{
    uint64_t  term;

    if (ngx_game_registry_owner(group->room, &term) == 0
        || !ngx_game_registry_saved(group->room))
    {
        return 0;
    }

    if (!group->orphan) {
        group->orphan = 1;
        group->moving = 1;
        group->via = ngx_game_worker.epoch;
        group->since = ngx_current_msec;

        ngx_game_follow_block(group);
    }

    ngx_game_follow_watch();

    return 1;
}


static void
ngx_game_follow_watch(void)
{
    ngx_event_t  *ev;

    ev = &ngx_game_follow.timer;

    if (!ev->timer_set) {
        ngx_add_timer(ev, NGX_GAME_FOLLOW_PERIOD);
    }
}


/* whether what waits for an owner has one, or never will */

static void
ngx_game_follow_timer(ngx_event_t *ev)
{
    ngx_game_group_each_via(ngx_game_worker.epoch, ngx_game_follow_look);

    ngx_game_follow_drop_kept();

    if (!ngx_queue_empty(&ngx_game_follow.kept)
        || !ngx_queue_empty(&ngx_game_follow.late))
    {
        ngx_game_follow_watch();
    }
}


static void
ngx_game_follow_look(ngx_game_group_t *group)
{
    if (!group->orphan || ngx_game_follow_other(group)) {
        return;
    }

    if (ngx_current_msec - group->since >= NGX_GAME_FOLLOW_PATIENCE
        || !ngx_game_follow_orphan(group))
    {
        ngx_game_follow_give_up(group);
        return;
    }

    ngx_game_follow_watch();
}


/* records that wait for an owner */

void
ngx_game_follow_keep(ngx_game_record_t *record, u_char *payload, size_t len)
{
    switch (record->type) {

    case NGX_GAME_SYNC_LEAVE:
    case NGX_GAME_SYNC_MESSAGE:
    case NGX_GAME_SYNC_FORWARD:
        (void) ngx_game_kept_add(&ngx_game_follow.kept, record, payload, len);
        ngx_game_follow_watch();
    }

    /* all others are of no use to a new owner, or are said anew: a join is
     * asked again, maybe of another room */
}


/* first what the dead owner did not take in, then what came since */

static void
ngx_game_follow_send_kept(uint64_t room, uint64_t owner)
{
    ngx_game_follow_send_queue(&ngx_game_follow.kept, room, owner);
    ngx_game_follow_send_queue(&ngx_game_follow.late, room, owner);
}


static void
ngx_game_follow_send_queue(ngx_queue_t *queue, uint64_t room, uint64_t owner)
{
    ngx_str_t         payload;
    ngx_queue_t      *q, *next;
    ngx_game_kept_t  *kept;

    for (q = ngx_queue_head(queue); q != ngx_queue_sentinel(queue); q = next) {
        next = ngx_queue_next(q);
        kept = ngx_game_kept_of(q);

        if (kept->record.room != room) {
            continue;
        }

        ngx_queue_remove(q);

        payload.data = kept->data;
        payload.len = kept->len;

        ngx_game_sync_tell(owner, &kept->record, &payload);

        ngx_free(kept);
    }
}


static void
ngx_game_follow_drop_kept(void)
{
    ngx_uint_t        i;
    ngx_queue_t      *q, *next, *queue;
    ngx_game_kept_t  *kept;

    for (i = 0; i < 2; i++) {
        queue = i ? &ngx_game_follow.late : &ngx_game_follow.kept;

        for (q = ngx_queue_head(queue);
             q != ngx_queue_sentinel(queue);
             q = next)
        {
            next = ngx_queue_next(q);
            kept = ngx_game_kept_of(q);

            if (ngx_current_msec - kept->since >= NGX_GAME_FOLLOW_PATIENCE) {
                ngx_queue_remove(q);
                ngx_free(kept);
            }
        }
    }
}


/* 1 if the room has gone on elsewhere, which this worker was not told */

static ngx_uint_t
ngx_game_follow_other(ngx_game_group_t *group)
{
    uint64_t  owner, term;

    owner = ngx_game_registry_owner(group->room, &term);

    if (owner == 0 || owner == group->owner || !ngx_game_zone_alive(owner)) {
        return 0;
    }

    ngx_game_follow_moved(group->room, owner, term, ngx_game_worker.epoch);

    return 1;
}
