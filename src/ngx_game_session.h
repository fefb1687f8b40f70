
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


/* set once per worker, in init_process */
typedef struct {
    /* a whole message; data is valid during the call and may be changed */
    void                     (*message)(ngx_game_session_t *s,
                                        ngx_game_kind_e kind, u_char *data,
                                        size_t len);

    /* a new round trip was measured: s->rtt */
    void                     (*measured)(ngx_game_session_t *s);

    /* the last call: s is freed after it */
    void                     (*closed)(ngx_game_session_t *s,
                                       ngx_game_reason_e reason);
} ngx_game_session_handlers_t;


/* what others may read of a session; the rest is private to session.c */
struct ngx_game_session_s {
    uint64_t                   player;
    uint64_t                   room;
    uint64_t                   owner;         /* epoch of the room's worker */
    ngx_game_group_t          *group;         /* ngx_game_group.h */
    ngx_queue_t                link;          /* in the group */
    ngx_connection_t          *connection;
    ngx_game_loc_conf_t       *conf;
    uint32_t                   rtt;           /* ms, 0: not measured yet */
    uint8_t                    codec;         /* ngx_game_codec_e */
    unsigned                   ready:1;       /* the request is detached */
    unsigned                   closing:1;     /* a close frame was sent or
                                               * queued: sends are dropped */
    unsigned                   blocked:1;     /* not read from */
    /* private: see session.c; keep it small, 10,000 of them are idle */
    struct ngx_game_session_private_s  *p;
};


void ngx_game_session_init(ngx_game_session_handlers_t *handlers);

/* queues a frame (takes a reference of its own); it is written at the end of
 * this turn of the loop.  Over game_send_buffer: closes with 1013 */
void ngx_game_session_send(ngx_game_session_t *s, ngx_game_frame_t *frame);

/* begins the close handshake: what is queued goes first, then a close frame.
 * The reason is cut at 123 bytes at a character's boundary.  `why` is what the
 * closed handler gets and the session's log line says */
void ngx_game_session_close(ngx_game_session_t *s, ngx_uint_t code,
    const char *reason, size_t len, ngx_game_reason_e why);

/* backpressure: stops and restarts reading; messages that are already here
 * wait.  May be called from the message handler */
void ngx_game_session_block(ngx_game_session_t *s);
void ngx_game_session_unblock(ngx_game_session_t *s);

/* the live session of a player on this worker, or NULL */
ngx_game_session_t *ngx_game_session_find(uint64_t player);

/* all sessions of this worker, for shutdown and status */
void ngx_game_session_each(void (*handler)(ngx_game_session_t *s));


#endif /* _NGX_GAME_SESSION_H_INCLUDED_ */
