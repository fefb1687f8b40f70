
/*
 * Copyright (C) ngx_game authors
 *
 * The way between sessions and rooms: a direct call where both are in this
 * worker, a record over the channel where they are not.  Both sides see the
 * same verbs and the same order, so nothing above knows the difference.
 *
 * "Gateway" is the worker that holds a player's session, "owner" the one that
 * runs its room; both are named by their epochs.
 */


#ifndef _NGX_GAME_SYNC_H_INCLUDED_
#define _NGX_GAME_SYNC_H_INCLUDED_


#include "ngx_game.h"


/* what a gateway tells an owner of someone who wants to join */
typedef struct {
    uint64_t                   room;
    uint64_t                   player;        /* the id it would have */
    uint64_t                   gateway;
    uint64_t                   game;          /* hash of the game's name */
    ngx_game_codec_e           codec;
    ngx_str_t                  identity;
    ngx_str_t                  address;
    ngx_str_t                  args;
    ngx_str_t                  origin;
    ngx_str_t                  agent;
    ngx_str_t                  protocol;
} ngx_game_seat_request_t;


/* why a seat was not given */
typedef struct {
    ngx_uint_t                 status;        /* of HTTP */
    ngx_str_t                  reason;
    unsigned                   retry:1;       /* another room may do */
} ngx_game_refusal_t;


/* the receivers, set once per worker */
typedef struct {
    /* at the owner, ngx_game_room.c */
    void  (*join)(ngx_game_seat_request_t *request);
    void  (*leave)(uint64_t room, uint64_t player, ngx_game_reason_e why);
    void  (*message)(uint64_t gateway, uint64_t room, uint64_t player,
                     ngx_game_kind_e kind, ngx_str_t *data);
    /* the messages so far are to be handled: their data goes */
    void  (*deliver)(void);
    void  (*measured)(uint64_t room, uint64_t player, uint32_t rtt);

    /* at the gateway, ngx_game_join.c */
    void  (*admitted)(uint64_t player, uint64_t room, uint64_t owner);
    void  (*refused)(uint64_t player, ngx_game_refusal_t *refusal);
} ngx_game_sync_handlers_t;


ngx_int_t ngx_game_sync_init(ngx_cycle_t *cycle,
    ngx_game_sync_handlers_t *handlers);
void ngx_game_sync_done(void);

/* a death handler: closes the sessions whose room died with its worker */
void ngx_game_sync_lost(uint64_t epoch);


/* gateway to owner.  NGX_OK, or NGX_ERROR: it is dead or out of reach */
ngx_int_t ngx_game_sync_join(uint64_t owner, ngx_game_seat_request_t *request);
void ngx_game_sync_leave(uint64_t owner, uint64_t room, uint64_t player,
    ngx_game_reason_e why);


/* owner to gateway */
void ngx_game_sync_admit(uint64_t gateway, uint64_t room, uint64_t player);
void ngx_game_sync_refuse(uint64_t gateway, uint64_t room, uint64_t player,
    ngx_game_refusal_t *refusal);

/* NGX_OK, NGX_DECLINED: the gateway is dead, which is reported later, or
 * NGX_ERROR: it is too far behind */
ngx_int_t ngx_game_sync_send(uint64_t gateway, uint64_t room, uint64_t player,
    ngx_game_kind_e kind, const ngx_str_t *payload);
ngx_int_t ngx_game_sync_broadcast(uint64_t gateway, uint64_t room,
    ngx_game_codec_e codec, ngx_game_kind_e kind, const ngx_str_t *payload,
    const u_char *except, ngx_uint_t n);

/* closes the session of a player that is out of the room already */
void ngx_game_sync_close(uint64_t gateway, uint64_t room, uint64_t player,
    ngx_uint_t code, const ngx_str_t *reason, ngx_game_reason_e why);


#endif /* _NGX_GAME_SYNC_H_INCLUDED_ */
