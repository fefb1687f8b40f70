
/*
 * Copyright (C) ngx_game authors
 *
 * A group is `moving` from MOVED to GO.  Its sessions are blocked then: what
 * their clients send waits in the sockets.
 */


#include "ngx_game_follow.h"
#include "ngx_game_clock.h"
#include "ngx_game_pass.h"
#include "ngx_game_registry.h"
#include "ngx_game_session.h"
#include "ngx_game_sync.h"
#include "ngx_game_zone.h"
#include "core/game_map.h"


static void ngx_game_follow_hold(ngx_game_group_t *group, uint64_t owner,
    uint64_t term);
static void ngx_game_follow_roster(uint64_t room, ngx_game_group_t *group,
    uint64_t dst);
static void ngx_game_follow_go(uint64_t room, uint64_t owner);
static void ngx_game_follow_message(ngx_game_session_t *s,
    ngx_game_kind_e kind, u_char *data, size_t len);
static ngx_uint_t ngx_game_follow_resume(ngx_game_session_t *s);
static void ngx_game_follow_deliver(ngx_game_session_t *s);
static void ngx_game_follow_measured(ngx_game_session_t *s);
static void ngx_game_follow_closed(ngx_game_session_t *s,
    ngx_game_reason_e reason);
static void ngx_game_follow_reroute(ngx_game_group_t *group);
static void ngx_game_follow_died_with(ngx_game_group_t *group);
static ngx_uint_t ngx_game_follow_other(ngx_game_group_t *group);


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
    ngx_game_session_init(&ngx_game_follow_sessions);
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

    /* what this worker has forwarded itself is in the same ring */

    ngx_game_follow_roster(room, group,
                           via == ngx_game_worker.epoch ? owner : via);
}


static void
ngx_game_follow_hold(ngx_game_group_t *group, uint64_t owner, uint64_t term)
{
    ngx_queue_t         *q;
    ngx_game_session_t  *s;

    group->owner = owner;
    group->term = term;
    group->moving = 1;

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
    u_char              *p;
    uint64_t             now;
    ngx_str_t            part;
    ngx_uint_t           n;
    ngx_queue_t         *q;
    ngx_game_record_t    record;
    ngx_game_session_t  *s;

    static const ngx_str_t  memory = ngx_string("no memory");

    n = group ? group->feed.count : 0;
    now = ngx_game_clock_now();

    p = ngx_alloc((n + 1) * sizeof(uint64_t), ngx_cycle->log);

    if (p == NULL) {
        if (group) {
            ngx_game_group_close(group, 1011, &memory, NGX_GAME_ERROR);
        }

        n = 0;
    }

    part.len = (n + 1) * sizeof(uint64_t);

    if (n) {
        part.data = p;
        p = ngx_cpymem(p, &now, sizeof(uint64_t));

        for (q = ngx_queue_head(&group->feed.sessions);
             q != ngx_queue_sentinel(&group->feed.sessions);
             q = ngx_queue_next(q))
        {
            s = ngx_queue_data(q, ngx_game_session_t, link);
            p = ngx_cpymem(p, &s->player, sizeof(uint64_t));
        }

        p = part.data;

    } else {
        part.data = (u_char *) &now;
    }

    ngx_game_sync_fill(&record, NGX_GAME_SYNC_ROSTER, 0, room, 0);
    ngx_game_sync_tell(dst, &record, &part);

    ngx_free(p);
}


void
ngx_game_follow_record(ngx_game_record_t *record, u_char *payload, size_t len)
{
    uint64_t  to[2];                          /* owner, term */

    if (record->type == NGX_GAME_SYNC_GO) {
        ngx_game_follow_go(record->room, record->src);
        return;
    }

    if (len != sizeof(to)) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "invalid moved record from worker %016xL ignored",
                      record->src);
        return;
    }

    ngx_memcpy(to, payload, sizeof(to));
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
    ngx_game_group_t  *group;

    group = ngx_game_group_find(s->room);

    return group && ngx_game_follow_other(group);
}


static void
ngx_game_follow_deliver(ngx_game_session_t *s)
{
    ngx_game_sync_deliver(s->owner);
}


static void
ngx_game_follow_measured(ngx_game_session_t *s)
{
    ngx_game_sync_measured(s->owner, s->room, s->player, s->rtt);
}


static void
ngx_game_follow_closed(ngx_game_session_t *s, ngx_game_reason_e reason)
{
    uint64_t           to;
    ngx_game_group_t  *group;

    if (s->passing) {
        ngx_game_pass_cancel(s);
    }

    /* before GO it takes the way that its messages took */

    to = s->owner;
    group = ngx_game_group_find(s->room);

    if (group && group->moving && group->via != ngx_game_worker.epoch) {
        to = group->via;
    }

    ngx_game_group_remove(s);

    ngx_game_sync_leave(to, s->room, s->player, reason);
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
    group->via = ngx_game_worker.epoch;

    ngx_game_follow_roster(group->room, group, group->owner);
}


static void
ngx_game_follow_died_with(ngx_game_group_t *group)
{
    if (ngx_game_follow_other(group)) {
        return;
    }

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "the worker of room %V has died, "
                  "closing its %ui sessions here with 1011",
                  ngx_game_id_text(group->room), group->feed.count);

    ngx_game_group_close(group, 1011, &ngx_game_follow_died, NGX_GAME_LOST);
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
