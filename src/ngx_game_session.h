
/*
 * Copyright (C) ngx_game authors
 *
 * A session: a client's WebSocket connection after the 101, in the worker that
 * accepted it.  It reads frames, keeps the protocol's and the operator's
 * limits, pings, and closes.  It knows its player and room by id only; what a
 * message means is its handlers' business.
 */


#ifndef _NGX_GAME_SESSION_H_INCLUDED_
#define _NGX_GAME_SESSION_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_frame.h"
#include "ngx_game_feed.h"
#include "core/game_rate.h"
#include "core/game_ws.h"


/* set once per worker, in init_process */
typedef struct {
    /* a whole message; data may be changed, and is valid up to the next call
     * of deliver.  That comes before anything else is done with the session;
     * unless now is set, it may put them off to the end of the turn */
    void                     (*message)(ngx_game_session_t *s,
                                        ngx_game_kind_e kind, u_char *data,
                                        size_t len);
    void                     (*deliver)(ngx_game_session_t *s,
                                        ngx_uint_t now);

    /* a new round trip was measured: s->rtt */
    void                     (*measured)(ngx_game_session_t *s);

    /* the last call: s is freed after it.  It comes in an event of its own,
     * never from within a call of send or close, and as soon as the close
     * handshake begins, not when it ends */
    void                     (*closed)(ngx_game_session_t *s,
                                       ngx_game_reason_e reason);
} ngx_game_session_handlers_t;


/* private: ngx_game_transport.h */
typedef struct ngx_game_input_s   ngx_game_input_t;
typedef struct ngx_game_output_s  ngx_game_output_t;
typedef struct ngx_game_zip_s     ngx_game_zip_t;
typedef struct ngx_game_cold_s    ngx_game_cold_t;


/* others may read what is above "private".  10,000 of these are idle: keep it
 * small */
struct ngx_game_session_s {
    uint64_t                   player;
    uint64_t                   room;
    uint64_t                   owner;         /* epoch of the room's worker */
    ngx_game_feed_t           *feed;        /* NULL: none */
    ngx_queue_t                link;          /* in the feed */
    ngx_connection_t          *connection;
    ngx_game_loc_conf_t       *conf;
    uint32_t                   rtt;           /* ms, 0: not measured yet */
    uint32_t                   taken;         /* of the feed */
    uint8_t                    codec;         /* ngx_game_codec_e */
    unsigned                   ready:1;       /* the request is detached */
    unsigned                   closing:1;     /* a close frame was sent or
                                               * queued: sends are dropped */
    unsigned                   blocked:1;     /* not read from */
    unsigned                   passing:1;     /* to another worker:
                                               * ngx_game_pass.h */

    /* private */

    unsigned                   tls:1;
    unsigned                   deaf:1;        /* what comes is thrown away */
    unsigned                   shut:1;        /* nothing is sent any more */
    unsigned                   ended:1;       /* to be destroyed */
    unsigned                   told:1;        /* closed() was called */
    unsigned                   waiting:1;     /* for the peer's close frame */
    unsigned                   limited:1;     /* limit is to be released */
    unsigned                   uncounted:1;   /* limit is to be taken */
    unsigned                   pinging:1;     /* a pong is waited for */
    unsigned                   untold:1;      /* the client knows no secret */
    unsigned                   late:1;        /* its secret was made for its
                                               * end: its room has none */
    unsigned                   returning:1;   /* ngx_game_follow_return() */
    unsigned                   guarded:1;     /* ngx_game_guard.c */
    unsigned                   half:1;        /* the next one of its record */
    unsigned                   shared:1;      /* its socket may be open in
                                               * another worker, too */

    ngx_socket_t               fd;            /* the connection's */
    game_ws_t                  ws;
    game_rate_t                rate;
    ngx_game_input_t          *in;            /* NULL: nothing is kept */
    ngx_game_output_t         *out;           /* NULL: nothing waits */
    ngx_game_zip_t            *zip;           /* NULL: not negotiated */

    ngx_msec_t                 received;      /* when the last bytes came */
    ngx_msec_t                 pinged;        /* the last ping; once shut, when
                                               * that was */
    ngx_game_cold_t           *cold;          /* what is wanted at the end */
};


void ngx_game_session_init(ngx_game_session_handlers_t *handlers);

/* exit_process: closes what is left with 1012, as far as the sockets take it
 * at once.  The closed handler is called for each */
void ngx_game_session_done(void);

/* queues a message; it is written at the end of this turn of the loop.  Over
 * game_send_buffer: closes with 1013 */
void ngx_game_session_send(ngx_game_session_t *s, ngx_game_kind_e kind,
    const u_char *payload, size_t len);

/* the same with what goes to others, too */
void ngx_game_session_send_frame(ngx_game_session_t *s,
    ngx_game_frame_t *frame);

/* what a session is told, with 1000, whose player has come back by another */
#define NGX_GAME_CLOSE_REPLACED  "the player has come back elsewhere"

/* begins the close handshake: what is queued goes first, then a close frame.
 * The reason is cut at 123 bytes at a character's boundary.  `why` is what the
 * closed handler gets and the session's log line says.  Only the first call
 * counts */
void ngx_game_session_close(ngx_game_session_t *s, ngx_uint_t code,
    const char *reason, size_t len, ngx_game_reason_e why);

/* closes with 1012: the server restarts.  The reason is what its client may
 * come back with, if it has a secret */
void ngx_game_session_restart(ngx_game_session_t *s);

/* its player has come back by another connection of this worker: closes it,
 * and calls the closed handler at once */
void ngx_game_session_replace(ngx_game_session_t *s);

/* what is known of the client */
void ngx_game_session_texts(ngx_game_session_t *s, ngx_str_t *identity,
    ngx_str_t *address);

/*
 * The secret that the room knows the session by, none: it has none; and which
 * of its player's sessions it is, from 0.  For the closed handler: the secret
 * with which its client may come back, none: it left for good; and whether
 * anything came from it, so that it has got what it was sent first.
 */
const ngx_game_secret_t *ngx_game_session_secret(ngx_game_session_t *s);
uint32_t ngx_game_session_number(ngx_game_session_t *s);
const ngx_game_secret_t *ngx_game_session_next_secret(ngx_game_session_t *s);
ngx_uint_t ngx_game_session_proven(ngx_game_session_t *s);

/* how many messages of its room the player has got by it and its former
 * sessions, with those that wait to be written */
uint64_t ngx_game_session_got(ngx_game_session_t *s);
void ngx_game_session_set_got(ngx_game_session_t *s, uint64_t got);

/* sends a text that is ngx_game's own, and does not count */
void ngx_game_session_say(ngx_game_session_t *s, u_char *text, size_t len);

/* backpressure: stops and restarts reading; messages that are already here
 * wait.  May be called from the message handler */
void ngx_game_session_block(ngx_game_session_t *s);
void ngx_game_session_unblock(ngx_game_session_t *s);

/* iterates over the live sessions, that must not change meanwhile: start with
 * *cursor = 0; NULL: no more */
ngx_game_session_t *ngx_game_session_next(size_t *cursor);

/* the live session of a player on this worker, or NULL */
ngx_game_session_t *ngx_game_session_find(uint64_t player);


#endif /* _NGX_GAME_SESSION_H_INCLUDED_ */
