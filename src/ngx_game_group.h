
/*
 * Copyright (C) ngx_game authors
 *
 * A group: the sessions of this worker that are in one room, wherever that
 * room is.  A broadcast reaches a worker once and is fanned out here.
 */


#ifndef _NGX_GAME_GROUP_H_INCLUDED_
#define _NGX_GAME_GROUP_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_session.h"


struct ngx_game_group_s {
    ngx_game_feed_t            feed;        /* to all its sessions */
    uint64_t                   room;
    uint64_t                   owner;         /* epoch of the room's worker */
    uint64_t                   term;          /* of the owner, 0: the first
                                               * that this worker knows of */
    uint64_t                   via;           /* while it moves: the worker
                                               * that it moves from */
    ngx_msec_t                 since;         /* when it became an orphan */
    unsigned                   moving:1;      /* ngx_game_follow.h */
    unsigned                   orphan:1;      /* its owner is dead, and no
                                               * other is known */
};


/* puts a session into the group of its room, made on need */
ngx_int_t ngx_game_group_add(ngx_game_session_t *s);
void ngx_game_group_remove(ngx_game_session_t *s);

ngx_game_group_t *ngx_game_group_find(uint64_t room);

/* closes all sessions of a group */
void ngx_game_group_close(ngx_game_group_t *group, ngx_uint_t code,
    const ngx_str_t *reason, ngx_game_reason_e why);

/* calls the handler for each group whose room is owned by `owner`, or moves
 * from `via` */
void ngx_game_group_each(uint64_t owner,
    void (*handler)(ngx_game_group_t *group));
void ngx_game_group_each_via(uint64_t via,
    void (*handler)(ngx_game_group_t *group));

void ngx_game_group_done(void);


#endif /* _NGX_GAME_GROUP_H_INCLUDED_ */
