
/*
 * Copyright (C) ngx_game authors
 *
 * Seats: who may be in a room, and how players come and go.  A player waits
 * for its seat while on_create and on_auth run, has it from its admission on,
 * and is parting while on_leave runs.
 */


#ifndef _NGX_GAME_SEAT_H_INCLUDED_
#define _NGX_GAME_SEAT_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_room.h"
#include "ngx_game_sync.h"


/* handlers of ngx_game_sync.h: the answer goes to the gateway */
void ngx_game_seat_request(ngx_game_seat_request_t *request);
void ngx_game_seat_leave(ngx_game_leave_t *leave);

/* refuses a request; retry: another room may do */
void ngx_game_seat_refuse(ngx_game_seat_request_t *request,
    ngx_uint_t status, const char *reason, ngx_uint_t retry);

/* a seated player leaves: on_leave is called at the end of this turn */
void ngx_game_seat_take(ngx_game_player_t *player, ngx_game_reason_e why);

/* what the gateway of a player that has its seat is told */
void ngx_game_seat_admission(ngx_game_player_t *player,
    ngx_game_admission_t *admission);

/* who is in the room, or how, has changed: it is saved at the end of this turn
 * in any case */
void ngx_game_seat_changed(ngx_game_room_t *room);

/* on_create has ended: those who wait are asked for by on_auth */
void ngx_game_seat_begin(ngx_game_room_t *room);

/* the room ends: refuses those who wait */
void ngx_game_seat_drop_waiting(ngx_game_room_t *room, ngx_uint_t status,
    const char *reason);

/* removes a player: its session is closed, on_leave is called at the end of
 * this turn */
void ngx_game_seat_kick(ngx_game_player_t *player, ngx_uint_t code,
    const ngx_str_t *reason, ngx_game_reason_e why);

/* the players whose sessions are at that worker leave, it is dead */
void ngx_game_seat_lose(ngx_game_room_t *room, uint64_t epoch);

/* the same for all workers that are dead, and for what happened to players
 * while the room was paused */
void ngx_game_seat_lose_dead(ngx_game_room_t *room);

/* a handler of ngx_game_sync.h: from here on a player's session is at another
 * gateway, or stays if that has died; both are told */
void ngx_game_seat_switch(uint64_t from, uint64_t room, uint64_t player,
    uint64_t to);

/* a handler of ngx_game_sync.h: the players of a gateway at a time, after the
 * room has changed hands.  It may read on; who is not in the room is closed,
 * or joins if the room is from a checkpoint that may not know of it yet; who
 * is not at the gateway leaves, unless it has come there since */
void ngx_game_seat_roster(uint64_t gateway, uint64_t room, uint64_t at,
    ngx_game_seat_request_t *players, ngx_uint_t n);

/* all rosters of a room that has changed hands were looked at: who was in it
 * at that time, us, and is in none of them leaves */
void ngx_game_seat_settle(ngx_game_room_t *room, uint64_t at);

/* the same, it lives but is too far behind: they are closed with 1013 */
void ngx_game_seat_drop(ngx_game_room_t *room, uint64_t epoch);

/* on_auth has ended; status 0: the player is admitted, else one of HTTP */
void ngx_game_seat_authed(ngx_game_room_t *room, uint64_t player,
    ngx_uint_t status, const ngx_str_t *reason);

/* on_leave has ended: the player is freed */
void ngx_game_seat_left(ngx_game_player_t *player);


#endif /* _NGX_GAME_SEAT_H_INCLUDED_ */
