
/*
 * Copyright (C) ngx_game authors
 *
 * What sessions do goes to their rooms, wherever those are, and follows them
 * when they change hands: this worker stops to read from a room's sessions,
 * tells the new owner who they are, and reads on when that says so.  See
 * ngx_game_handover.h.
 */


#ifndef _NGX_GAME_FOLLOW_H_INCLUDED_
#define _NGX_GAME_FOLLOW_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_channel.h"
#include "ngx_game_group.h"


/* after ngx_game_sync_init() */
void ngx_game_follow_init(void);

/* the room has a new owner; `via` is who says so, the old one */
void ngx_game_follow_moved(uint64_t room, uint64_t owner, uint64_t term,
    uint64_t via);

/* the receiver of MOVED, GO and BACK */
void ngx_game_follow_record(ngx_game_record_t *record, u_char *payload,
    size_t len);

/*
 * A session whose worker has died goes on here: tells the owner of its room,
 * which lives.  It is blocked and gets nothing until the answer, with which it
 * is one of the room's sessions here.  Those that wait for it when another
 * worker dies are given up: their clients come back.
 */
void ngx_game_follow_return(ngx_game_session_t *s);
void ngx_game_follow_give_up_returns(void);

/* the sessions of a group are not read from; they are read from again, unless
 * it still waits for GO */
void ngx_game_follow_block(ngx_game_group_t *group);
void ngx_game_follow_unblock(ngx_game_group_t *group);

/* a record that the owner of its room has died without taking in: it is for
 * the next one */
void ngx_game_follow_keep(ngx_game_record_t *record, u_char *payload,
    size_t len);

/* the list to an owner has room again */
void ngx_game_follow_drained(uint64_t owner);

/* a death handler: rosters that were to be forwarded by it are sent to the
 * new owners themselves, and sessions whose room has died with it wait for
 * who takes it over, or are closed if nobody can */
void ngx_game_follow_lost(uint64_t epoch);


#endif /* _NGX_GAME_FOLLOW_H_INCLUDED_ */
