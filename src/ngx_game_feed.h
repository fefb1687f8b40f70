
/*
 * Copyright (C) ngx_game authors
 *
 * What several sessions are sent alike.  The frames of one turn of the loop
 * are laid one behind the other, and each session is sent the run of them in
 * one piece at the end of the turn: a message costs a session nothing more but
 * its bytes.
 */


#ifndef _NGX_GAME_FEED_H_INCLUDED_
#define _NGX_GAME_FEED_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_block.h"


struct ngx_game_feed_s {
    ngx_queue_t                sessions;      /* by ngx_game_session_t.link */
    uint32_t                   count;         /* of them */
    uint32_t                   codecs[NGX_GAME_RAW + 1];  /* the same, each */
    uint32_t                   zipped;        /* how many use deflate */

    ngx_game_block_t          *block;         /* ends with what is pending,
                                               * NULL: nothing is */
    uint32_t                   pending;       /* bytes */
    uint32_t                   messages;      /* the same */
    uint32_t                   end;           /* bytes ever, modulo 2^32 */
    ngx_queue_t                link;          /* of those with a block */
};


void ngx_game_feed_init(ngx_game_feed_t *feed);

/* forgets what is pending; no session is left */
void ngx_game_feed_done(ngx_game_feed_t *feed);

void ngx_game_feed_join(ngx_game_feed_t *feed, ngx_game_session_t *s);
void ngx_game_feed_leave(ngx_game_session_t *s);

/*
 * Sends a payload to the sessions that use the codec, but for the `n` players
 * in `except` (64-bit ids, not aligned).
 */
void ngx_game_feed_send(ngx_game_feed_t *feed, ngx_game_codec_e codec,
    ngx_game_kind_e kind, const ngx_str_t *payload, const u_char *except,
    ngx_uint_t n);

/* writes what is pending now, as at the end of the turn */
void ngx_game_feed_end_turn(void);

/* queues what is pending for one session, so that it comes before what is
 * queued next */
#define ngx_game_feed_take(s)                                                 \
                                                                              \
    if (ngx_game_feed_pending(s)) {                                           \
        ngx_game_feed_run(s);                                                 \
    }

#define ngx_game_feed_pending(s)                                              \
    ((s)->feed != NULL && (s)->taken != (s)->feed->end)

/* private: if something is pending */
void ngx_game_feed_run(ngx_game_session_t *s);


#endif /* _NGX_GAME_FEED_H_INCLUDED_ */
