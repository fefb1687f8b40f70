
/*
 * Copyright (C) ngx_game authors
 *
 * The private header of a session's parts: how the handshake starts a session,
 * and what session, close, input, message and output ask of each other.
 */


#ifndef _NGX_GAME_TRANSPORT_H_INCLUDED_
#define _NGX_GAME_TRANSPORT_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_session.h"
#include "core/game_deflate.h"


/* no close frame: RFC 6455, 7.1.5 */
#define NGX_GAME_CLOSE_NONE   1006

/* a close frame without a code */
#define NGX_GAME_CLOSE_EMPTY  1005

/* how long what is queued, up to a close frame, may take, ms */
#define NGX_GAME_CLOSE_DRAIN  5000


/* permessage-deflate of one session */
struct ngx_game_zip_s {
    game_deflate_params_t      params;
    game_inflate_t            *inflate;       /* kept only with takeover */
    game_deflate_t            *deflate;       /* made only with takeover */
};


/* what is wanted of a session when it ends */
struct ngx_game_cold_s {
    ngx_pool_t                *pool;          /* the session's memory, NULL: it
                                               * is the connection's pool */
    ngx_msec_t                 opened;
    uint64_t                   limit;         /* ngx_game_limit.h */

    uint64_t                   messages_in;
    uint64_t                   messages_out;
    uint64_t                   bytes_in;      /* with the frames' headers */
    uint64_t                   bytes_out;

    ngx_game_secret_t          secret;        /* none: it can't come back */
    uint32_t                   number;        /* of the player's sessions */
    uint64_t                   others;        /* what its player got besides
                                               * messages_out, modulo 2^64 */

    uint16_t                   code;          /* of the first close frame */
    uint16_t                   identity_len;
    uint8_t                    address_len;
    uint8_t                    why;           /* ngx_game_reason_e */
    u_char                     text[];        /* address, identity */
};


/* what is kept of a session's input */
struct ngx_game_input_s {
    u_char                    *rest;          /* read, but not parsed yet */
    size_t                     rest_len;
    u_char                    *data;          /* the message under way */
    size_t                     len;
    size_t                     size;
    uint32_t                   utf8;          /* its state after len bytes */
};


typedef struct {
    ngx_game_loc_conf_t       *conf;
    uint64_t                   player;
    uint64_t                   room;
    uint64_t                   owner;
    ngx_game_codec_e           codec;
    ngx_str_t                  address;       /* at most 255 bytes */
    ngx_str_t                  identity;      /* at most 65535 bytes */
    ngx_game_secret_t          secret;
    uint32_t                   number;
    uint64_t                   got;           /* messages of the room, by its
                                               * player's former sessions */
    uint64_t                   limit;         /* the session releases it ... */
    unsigned                   limited:1;     /* ... if this is set */
    unsigned                   moved:1;       /* it was opened elsewhere */
    unsigned                   deflated:1;    /* agreed on with the client: */
    game_deflate_params_t      deflate;
} ngx_game_session_params_t;


/* a session that can be sent to, whose connection is still the request's;
 * NULL: no memory, and nothing was taken over */
ngx_game_session_t *ngx_game_session_create(ngx_connection_t *c,
    ngx_game_session_params_t *params);

/* the request is gone and the connection is the session's from now on */
void ngx_game_session_start(ngx_game_session_t *s);

/* the request ended before that: calls closed and frees s */
void ngx_game_session_abort(ngx_game_session_t *s);

/* the handlers' calls, and an answer */
void ngx_game_session_closed(ngx_game_session_t *s);
void ngx_game_session_message(ngx_game_session_t *s, ngx_game_kind_e kind,
    u_char *data, size_t len);
void ngx_game_session_deliver(ngx_game_session_t *s, ngx_uint_t now);
void ngx_game_session_measured(ngx_game_session_t *s, uint32_t rtt);
void ngx_game_session_pong(ngx_game_session_t *s, u_char *data, size_t len);

/* queues a control frame without a check.  The session ends if there is no
 * memory for it */
void ngx_game_session_control(ngx_game_session_t *s, ngx_uint_t opcode,
    u_char *payload, size_t len);

/* calls the write handler at the end of this turn of the loop */
void ngx_game_session_wake(ngx_game_session_t *s);

/* removes the session from the worker's */
void ngx_game_session_forget(ngx_game_session_t *s);
void ngx_game_session_free(ngx_game_session_t *s);

void ngx_game_session_read_handler(ngx_event_t *rev);
void ngx_game_session_write_handler(ngx_event_t *wev);


/* image: a session as bytes, to go on in another worker */

/* whether it can be moved now; not with TLS, nor while it closes, nor within a
 * compressed message */
ngx_uint_t ngx_game_session_movable(ngx_game_session_t *s);

/* all but the output, in memory to be freed by ngx_free().  s must be blocked
 * from then on, or nothing is under way; NGX_ERROR: no memory */
ngx_int_t ngx_game_session_pack(ngx_game_session_t *s, ngx_str_t *image);

/* a session for a descriptor, blocked, that is to be started.  NULL: the
 * descriptor is still the caller's, *error says why */
ngx_game_session_t *ngx_game_session_unpack(ngx_str_t *image, ngx_fd_t fd,
    const char **error);

/* starts it, as ngx_game_session_start() does a new one */
void ngx_game_session_come(ngx_game_session_t *s);

/* it has gone on in another worker: frees what is here, and tells nobody */
void ngx_game_session_gone(ngx_game_session_t *s);

/* before a connection is closed whose socket is open in another worker: it is
 * taken out of epoll, which closing it would not do */
void ngx_game_session_unwatch(ngx_connection_t *c);


/* close: the ways to the end of a session */

/* the peer broke a rule: closes with the code and listens no more */
void ngx_game_close_fail(ngx_game_session_t *s, ngx_uint_t code,
    const char *reason);

/* the connection is of no use any more: the session is destroyed in an event
 * of its own */
void ngx_game_close_end(ngx_game_session_t *s, ngx_game_reason_e why);

/* the worker does not wait any longer: as the above, with a close frame if the
 * socket takes it */
void ngx_game_close_stop(ngx_game_session_t *s);

/* the timer of a session that is closing */
void ngx_game_close_timer(ngx_game_session_t *s);

/* the next step, if its time has come; s may be freed.  Called at the end of
 * the session's events, when nothing else runs on its behalf */
void ngx_game_close_settle(ngx_game_session_t *s);

/* calls closed */
void ngx_game_close_tell(ngx_game_session_t *s);

/* the line in game_log */
void ngx_game_close_log(ngx_game_session_t *s);


/* input: what comes from the client */

ngx_int_t ngx_game_input_init(void);

/* keeps bytes to be parsed before those of the socket; NGX_ERROR: no memory */
ngx_int_t ngx_game_input_keep(ngx_game_session_t *s, u_char *data,
    size_t len);

/* reads and parses what is there, within the share of one turn */
void ngx_game_input_read(ngx_game_session_t *s);

/* whether all that was read is its handlers' */
ngx_uint_t ngx_game_input_whole(ngx_game_session_t *s);

/* counts a message or a control frame; NGX_BUSY: there are too many, the
 * session closes */
ngx_int_t ngx_game_input_allow(ngx_game_session_t *s);

/* s->in, made on need, NULL: no memory; and freed if it holds nothing */
ngx_game_input_t *ngx_game_input_get(ngx_game_session_t *s);
void ngx_game_input_release(ngx_game_session_t *s);

/* frees all that is kept */
void ngx_game_input_free(ngx_game_session_t *s);


/* message: made of the pieces that input finds */

void ngx_game_message_data(ngx_game_session_t *s, game_ws_event_t *ev);

/* there is no message under way any more */
void ngx_game_message_forget(ngx_game_session_t *s);


/* output: what waits to be written; the only sender */

/* the longest payload that is copied where it could be shared */
#define NGX_GAME_OUTPUT_COPY  1024

/* whether so many bytes are too much for game_send_buffer */
ngx_uint_t ngx_game_output_over(ngx_game_session_t *s, size_t size);

/* logs that, drops what waits, and closes with 1013 */
void ngx_game_output_slow(ngx_game_session_t *s);

/* appends a frame, a copy; NGX_ERROR: no memory */
ngx_int_t ngx_game_output_frame(ngx_game_session_t *s, ngx_uint_t opcode,
    const u_char *payload, size_t len);

/* the same for a message, which goes into the piece that waits last, without
 * a call for a write; NGX_DECLINED: there is none, or no room */
ngx_int_t ngx_game_output_append(ngx_game_session_t *s, ngx_uint_t opcode,
    const u_char *payload, size_t len);

/* appends a run of frames, with a reference of its own, whose first bytes up
 * to `pos` are written already; NGX_ERROR: no memory */
ngx_int_t ngx_game_output_block(ngx_game_session_t *s,
    ngx_game_block_t *block, uint32_t start, uint32_t pos, uint32_t last,
    ngx_uint_t messages);

/* the same with the end of a block from `start` on, of which nothing is
 * written; by reference or as a copy */
ngx_int_t ngx_game_output_run(ngx_game_session_t *s, ngx_game_block_t *block,
    uint32_t start, ngx_uint_t messages);

/*
 * What waits, as one run of frames in memory to be freed by ngx_free(), and
 * how much at its begin is written already; NGX_ERROR: no memory.  Precede
 * puts such a run in front of all that waits.
 */
ngx_int_t ngx_game_output_rest(ngx_game_session_t *s, ngx_str_t *rest,
    uint32_t *written);
ngx_int_t ngx_game_output_precede(ngx_game_session_t *s, ngx_str_t *rest,
    uint32_t written);

/* counts what was written */
void ngx_game_output_count(ngx_game_session_t *s, size_t bytes,
    ngx_uint_t messages);

/* how many messages wait, with one that is half written */
ngx_uint_t ngx_game_output_messages(ngx_game_session_t *s);

/* appends a pong; if many wait, puts it in the place of the last */
ngx_int_t ngx_game_output_pong(ngx_game_session_t *s, u_char *data,
    size_t len);

/* writes what the socket takes; the session ends if that fails */
void ngx_game_output_flush(ngx_game_session_t *s);

/* forgets all frames but one that is half written; or really all */
void ngx_game_output_drop(ngx_game_session_t *s);
void ngx_game_output_free(ngx_game_session_t *s);


/* guard: what outlives this worker, ngx_game_guard.h */

/* the session has begun in this worker: it is guarded soon, if it can be */
void ngx_game_guard_add(ngx_game_session_t *s);

/* it ends, or goes elsewhere: if this worker dies, it is not to be saved */
void ngx_game_guard_release(ngx_game_session_t *s);

/* for one that is guarded: what was read is its room's, if nothing is left
 * of it; and so many bytes, with so many messages, are about to be written */
void ngx_game_guard_has_read(ngx_game_session_t *s);
void ngx_game_guard_writes(ngx_game_session_t *s, size_t bytes,
    ngx_uint_t messages);


#endif /* _NGX_GAME_TRANSPORT_H_INCLUDED_ */
