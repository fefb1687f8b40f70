
/*
 * Copyright (C) ngx_game authors
 *
 * The hand-over: a running room goes to another worker, with nothing lost,
 * doubled or out of order, and without its players' notice.
 *
 *     old owner            new owner            gateways
 *     pauses the room
 *         --- OFFER, its image --->
 *         <-- ANSWER ------------   makes the room, paused
 *     changes the registry
 *         --- MOVED -------------------------->  stop reading, for the room
 *         --- FORWARD, COMMIT --->
 *         <------------------------ ROSTER ---   "that was my last for you"
 *         --- FORWARD, ROSTER ---->
 *                                   goes on, as soon as all rosters are there
 *                                     -- GO ->   read on
 *
 * Records for the room that come to the old owner are kept until the answer,
 * and forwarded from then on.  A gateway's roster is the last that it sends by
 * the old owner, and the first that it does after it has seen all that the old
 * owner sent: so both directions keep their order.
 */


#ifndef _NGX_GAME_HANDOVER_H_INCLUDED_
#define _NGX_GAME_HANDOVER_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_channel.h"
#include "ngx_game_room.h"


/* this worker exits: its rooms go to workers of a newer configuration, as soon
 * as there are any, unless that one drains; those that can't stay.  Sets
 * `alone` of ngx_game_worker */
void ngx_game_handover_exit(void);

/* for balance: 1 if nothing of the room is under way that can't move.  Then it
 * is offered to another worker of the same configuration, and goes on here if
 * that one does not take it.  NGX_OK, or NGX_ERROR: it goes on here; it can't
 * be saved, or the other one can't be reached */
ngx_uint_t ngx_game_handover_movable(ngx_game_room_t *room);
ngx_int_t ngx_game_handover_balance(ngx_game_room_t *room, uint64_t target);

/* 1 if this worker exits, no other will take its rooms, and they are not to
 * come to their end here, as game_drain wants it at a reload */
ngx_uint_t ngx_game_handover_alone(void);

/* this worker exits, and its rooms are to go on from their last checkpoints:
 * they stand still from now on.  Those that can't be saved are closed */
void ngx_game_handover_leave(void);

/* a room that was made of the checkpoint of a dead worker, and that the
 * registry says is this worker's by this term, goes on when all gateways have
 * said who is there; NGX_ERROR: no memory */
ngx_int_t ngx_game_handover_adopt(ngx_game_room_t *room, uint64_t term);

/* how many rooms are on their way from or to this worker */
ngx_uint_t ngx_game_handover_total(void);

/* 1 if the room is on its way, so that all for it has to be diverted */
ngx_uint_t ngx_game_handover_holds(uint64_t room);

/* a record to a room: 1 if it was kept or sent on, since the room is on its
 * way or another worker's */
ngx_uint_t ngx_game_handover_divert(ngx_game_record_t *record,
    u_char *payload, size_t len);

/* the receiver of OFFER, ANSWER, COMMIT and FORWARD */
void ngx_game_handover_record(ngx_game_record_t *record, u_char *payload,
    size_t len);

/* a death handler */
void ngx_game_handover_lost(uint64_t epoch);

void ngx_game_handover_done(void);


#endif /* _NGX_GAME_HANDOVER_H_INCLUDED_ */
