
/*
 * Copyright (C) ngx_game authors
 *
 * Groups, found by room id.  A group exists as long as it has sessions.
 */


#include "ngx_game_group.h"
#include "core/game_map.h"


static ngx_uint_t ngx_game_group_excepted(uint64_t player,
    const u_char *except, ngx_uint_t n);


static game_map_t  ngx_game_groups;


ngx_int_t
ngx_game_group_add(ngx_game_session_t *s)
{
    ngx_game_group_t  *group;

    group = ngx_game_group_find(s->room);

    if (group == NULL) {
        group = ngx_alloc(sizeof(ngx_game_group_t), ngx_cycle->log);
        if (group == NULL) {
            return NGX_ERROR;
        }

        group->room = s->room;
        group->owner = s->owner;
        group->count = 0;
        ngx_queue_init(&group->sessions);

        if (game_map_set(&ngx_game_groups, group->room, group) != 0) {
            ngx_free(group);
            return NGX_ERROR;
        }
    }

    ngx_queue_insert_tail(&group->sessions, &s->link);
    group->count++;
    s->group = group;

    return NGX_OK;
}


void
ngx_game_group_remove(ngx_game_session_t *s)
{
    ngx_game_group_t  *group;

    group = s->group;

    if (group == NULL) {
        return;
    }

    s->group = NULL;
    ngx_queue_remove(&s->link);

    if (--group->count == 0) {
        (void) game_map_remove(&ngx_game_groups, group->room);
        ngx_free(group);
    }
}


ngx_game_group_t *
ngx_game_group_find(uint64_t room)
{
    return game_map_get(&ngx_game_groups, room);
}


void
ngx_game_group_send(ngx_game_group_t *group, ngx_game_codec_e codec,
    ngx_game_kind_e kind, const ngx_str_t *payload, const u_char *except,
    ngx_uint_t n)
{
    ngx_queue_t         *q, *next;
    ngx_game_frame_t    *frame;
    ngx_game_session_t  *s;

    frame = ngx_game_frame_create(kind, payload->data, payload->len);
    if (frame == NULL) {
        return;
    }

    /* a session leaves the group in a later event, never from within send */

    for (q = ngx_queue_head(&group->sessions);
         q != ngx_queue_sentinel(&group->sessions);
         q = next)
    {
        next = ngx_queue_next(q);
        s = ngx_queue_data(q, ngx_game_session_t, link);

        if (s->codec == codec
            && (n == 0 || !ngx_game_group_excepted(s->player, except, n)))
        {
            ngx_game_session_send(s, frame);
        }
    }

    ngx_game_frame_release(frame);
}


static ngx_uint_t
ngx_game_group_excepted(uint64_t player, const u_char *except, ngx_uint_t n)
{
    while (n--) {
        if (ngx_memcmp(except, &player, sizeof(uint64_t)) == 0) {
            return 1;
        }

        except += sizeof(uint64_t);
    }

    return 0;
}


void
ngx_game_group_close(ngx_game_group_t *group, ngx_uint_t code,
    const ngx_str_t *reason, ngx_game_reason_e why)
{
    ngx_queue_t         *q, *next;
    ngx_game_session_t  *s;

    for (q = ngx_queue_head(&group->sessions);
         q != ngx_queue_sentinel(&group->sessions);
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
ngx_game_group_done(void)
{
    size_t             cursor;
    uint64_t           room;
    ngx_game_group_t  *group;

    cursor = 0;

    while ((group = game_map_next(&ngx_game_groups, &cursor, &room))) {
        ngx_free(group);
    }

    game_map_done(&ngx_game_groups);
}
