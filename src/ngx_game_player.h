
/*
 * Copyright (C) ngx_game authors
 *
 * A player, as the worker that owns its room sees it.  The session may be on
 * any worker.
 */


#ifndef _NGX_GAME_PLAYER_H_INCLUDED_
#define _NGX_GAME_PLAYER_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_clock.h"
#include "ngx_game_sync.h"


/* what a player may come back with, and to */
typedef struct {
    ngx_game_player_t         *player;        /* NULL: nobody's */
    ngx_game_secret_t          secret;        /* of its session, or to come
                                               * back with */
    ngx_game_secret_t          former;        /* the one before, in case that
                                               * its client has no other */
    uint64_t                   sent;          /* ngx_game_history.c, the next
                                               * two, too */
    uint64_t                   adopted_with;
    uint64_t                   excepted;
    ngx_game_timer_t           timer;         /* ngx_game_hold.c */
    uint64_t                   until;         /* its seat is kept, us */
    uint32_t                   number;        /* of its session, from 0 */
} ngx_game_resume_t;


/* 10,000 of these are idle: keep it small */
struct ngx_game_player_s {
    uint64_t                   id;
    uint64_t                   gateway;       /* epoch, its session's worker;
                                               * while it is away: the last */
    uint64_t                   since;         /* when it came to it, us */
    ngx_game_room_t           *room;
    ngx_queue_t                link;          /* in a queue of its room */
    const ngx_game_resume_t   *resume;        /* never NULL; all zero: it can't
                                               * come back */
    struct ngx_game_ticket_s  *ticket;        /* while it waits: the request */
    int                        ref;           /* Lua table, LUA_NOREF: none */
    uint32_t                   rtt;           /* ms, 0: not measured */
    uint16_t                   identity_len;
    uint16_t                   address_len;
    unsigned                   codec:2;       /* ngx_game_codec_e */
    unsigned                   why:3;         /* ngx_game_reason_e */
    unsigned                   waiting:1;     /* for its seat */
    unsigned                   seated:1;      /* counted as a player */
    unsigned                   joined:1;      /* on_join was called */
    unsigned                   listed:1;      /* in the roster at hand */
    unsigned                   away:1;        /* has no session */
    unsigned                   dropping:1;    /* on_drop is to be called, */
    unsigned                   hoping:1;      /* but not yet */
    unsigned                   dropped:1;     /* it was, on_resume was not */
    u_char                     text[];        /* identity, address */
};


/* what a player that waits for its seat asked with */
typedef struct ngx_game_ticket_s {
    ngx_str_t                  args;
    ngx_str_t                  origin;
    ngx_str_t                  agent;
    ngx_str_t                  protocol;
} ngx_game_ticket_t;


/* makes a player of a request, findable by its id; NULL: no memory or the id
 * is taken */
ngx_game_player_t *ngx_game_player_create(ngx_game_seat_request_t *request);
void ngx_game_player_destroy(ngx_game_player_t *player);

ngx_game_player_t *ngx_game_player_find(uint64_t id);

/* player->resume, to be written to: one of its own; NULL: no memory for it */
ngx_game_resume_t *ngx_game_player_resume(ngx_game_player_t *player);

/* whether it has one of its own */
#define ngx_game_player_resumable(p)  ((p)->resume->player != NULL)

/* the client has come to know its secret: the one before is of no use any
 * more */
void ngx_game_player_proven(ngx_game_player_t *player);

/* the ticket is of no use any more */
void ngx_game_player_drop_ticket(ngx_game_player_t *player);

void ngx_game_player_done(void);


#endif /* _NGX_GAME_PLAYER_H_INCLUDED_ */
