
/*
 * Copyright (C) ngx_game authors
 *
 * Groups, found by room id.  A group exists as long as it has sessions.
 */


#include "ngx_game_group.h"
#include "core/game_map.h"


static game_map_t  ngx_game_groups;


ngx_int_t
ngx_game_group_add(ngx_game_session_t *s)
{
    ngx_game_group_t  *group;

    group = ngx_game_group_find(s->room);

    if (group == NULL) {
        group = ngx_calloc(sizeof(ngx_game_group_t), ngx_cycle->log);
        if (group == NULL) {
            return NGX_ERROR;
        }

        group->room = s->room;
        group->owner = s->owner;
        ngx_game_feed_init(&group->feed);

        if (game_map_set(&ngx_game_groups, group->room, group) != 0) {
            ngx_free(group);
            return NGX_ERROR;
        }
    }

    ngx_game_feed_join(&group->feed, s);

    return NGX_OK;
}


void
ngx_game_group_remove(ngx_game_session_t *s)
{
    ngx_game_feed_t   *feed;
    ngx_game_group_t  *group;

    feed = s->feed;

    if (feed == NULL) {
        return;
    }

    ngx_game_feed_leave(s);

    if (feed->count == 0) {
        group = ngx_queue_data(feed, ngx_game_group_t, feed);

        (void) game_map_remove(&ngx_game_groups, group->room);
        ngx_game_feed_done(feed);
        ngx_free(group);
    }
}


ngx_game_group_t *
ngx_game_group_find(uint64_t room)
{
    return game_map_get(&ngx_game_groups, room);
}


void
ngx_game_group_close(ngx_game_group_t *group, ngx_uint_t code,
    const ngx_str_t *reason, ngx_game_reason_e why)
{
    ngx_queue_t         *q, *next;
    ngx_game_session_t  *s;

    for (q = ngx_queue_head(&group->feed.sessions);
         q != ngx_queue_sentinel(&group->feed.sessions);
         q = next)
    {
        next = ngx_queue_next(q);
        s = ngx_queue_data(q, ngx_game_session_t, link);

        ngx_game_session_close(s, code, (const char *) reason->data,
                               reason->len, why);
    }
}


void
ngx_game_group_each(uint64_t owner, void (*handler)(ngx_game_group_t *group))
{
    size_t             cursor;
    uint64_t           room;
    ngx_game_group_t  *group;

    cursor = 0;

    while ((group = game_map_next(&ngx_game_groups, &cursor, &room))) {
        if (group->owner == owner) {
            handler(group);
        }
    }
}


void
ngx_game_group_each_via(uint64_t via, void (*handler)(ngx_game_group_t *group))
{
    size_t             cursor;
    uint64_t           room;
    ngx_game_group_t  *group;

    cursor = 0;

    while ((group = game_map_next(&ngx_game_groups, &cursor, &room))) {
        if (group->moving && group->via == via) {
            handler(group);
        }
    }
}


void
ngx_game_group_done(void)
{
    size_t             cursor;
    uint64_t           room;
    ngx_game_group_t  *group;

    cursor = 0;

    while ((group = game_map_next(&ngx_game_groups, &cursor, &room))) {
        ngx_game_feed_done(&group->feed);
        ngx_free(group);
    }

    game_map_done(&ngx_game_groups);
}
