
/*
 * Copyright (C) ngx_game authors
 *
 * Joining: finds or makes the room, on whatever worker it is, and asks it for
 * a seat, before the handshake is answered.
 */


#ifndef _NGX_GAME_JOIN_H_INCLUDED_
#define _NGX_GAME_JOIN_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_sync.h"


typedef struct ngx_game_join_s  ngx_game_join_t;


/* lives in the request's pool; zeroed and filled by the handshake.  Strings
 * stay valid until the end of the join */
struct ngx_game_join_s {
    ngx_game_loc_conf_t       *conf;
    ngx_game_game_t           *game;
    ngx_game_codec_e           codec;         /* how the player is sent to */
    uint64_t                   room;          /* asked for, 0: any; after
                                               * admission: the room */
    uint64_t                   player;        /* that comes back, 0: a new one;
                                               * from start on: its id */
    ngx_game_secret_t          token;         /* it comes back with */
    uint64_t                   seen;          /* messages of the room that it
                                               * says to have got */
    ngx_game_secret_t          secret;        /* of its session */
    ngx_str_t                  identity;
    ngx_str_t                  address;
    ngx_str_t                  args;          /* the query as it came */
    ngx_str_t                  origin;
    ngx_str_t                  agent;
    ngx_str_t                  protocol;      /* the chosen subprotocol */

    /*
     * Exactly one of the two is called, once, maybe from within start.
     * admitted: room, owner and what an admission says are set; makes the
     * session, that from now on can be sent to, or returns NULL.
     */
    ngx_game_session_t      *(*admitted)(ngx_game_join_t *join);
    void                     (*refused)(ngx_game_join_t *join,
                                        ngx_uint_t status, ngx_str_t *reason);
    void                      *data;          /* the caller's */

    uint64_t                   owner;
    uint32_t                   number;        /* of the player's sessions */
    unsigned                   resumable:1;   /* speaks ngx-game.v1 */
    unsigned                   counts:1;      /* seen was told */
    unsigned                   complete:1;    /* it misses nothing */

    /* private */
    uint64_t                   target;        /* the room that was asked */
    ngx_event_t                timer;
    ngx_uint_t                 tries;
    unsigned                   any:1;         /* no room was asked for */
    unsigned                   active:1;      /* waits for an answer */
};


void ngx_game_join_start(ngx_game_join_t *join);

/* the client went away while it waited: neither callback is called */
void ngx_game_join_cancel(ngx_game_join_t *join);


/* the gateway's handlers of ngx_game_sync.h, and a death handler */
void ngx_game_join_admitted(ngx_game_admission_t *admission);
void ngx_game_join_refused(uint64_t attempt, uint64_t room,
    ngx_game_refusal_t *refusal);
void ngx_game_join_lost(uint64_t epoch);
void ngx_game_join_done(void);


#endif /* _NGX_GAME_JOIN_H_INCLUDED_ */
