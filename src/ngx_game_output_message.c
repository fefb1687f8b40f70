
/*
 * Copyright (C) ngx_game authors
 *
 * A message on its way into the queue of a session: compressed or not, copied
 * or shared, or too much for game_send_buffer.
 */


#include "ngx_game_transport.h"
#include "ngx_game_output_private.h"


/* seconds between two warnings about slow clients; the others are info */
#define NGX_GAME_OUTPUT_QUIET  1


static ngx_game_block_t *ngx_game_output_deflate(ngx_game_session_t *s,
    ngx_game_frame_t *frame);
static ngx_int_t ngx_game_output_plain(ngx_game_session_t *s,
    ngx_game_frame_t *frame);


void
ngx_game_session_send(ngx_game_session_t *s, ngx_game_kind_e kind,
    const u_char *payload, size_t len)
{
    ngx_game_frame_t  frame;

    /* behind another one, whose write will take it along */

    if (!s->closing && !s->ended && s->zip == NULL
        && len <= NGX_GAME_OUTPUT_COPY && !ngx_game_feed_pending(s)
        && ngx_game_output_append(s, kind, payload, len) == NGX_OK)
    {
        return;
    }

    ngx_game_frame_init(&frame, kind, payload, len);
    ngx_game_session_send_frame(s, &frame);
    ngx_game_frame_done(&frame);
}


void
ngx_game_session_send_frame(ngx_game_session_t *s, ngx_game_frame_t *frame)
{
    size_t             size;
    ngx_int_t          rc;
    ngx_game_block_t  *block;

    ngx_game_feed_take(s);

    if (s->closing || s->ended) {
        return;
    }

    block = ngx_game_output_deflate(s, frame);
    size = block ? block->len : ngx_game_frame_size(frame);

    /* much may be sent in one turn: what the socket takes does not count */

    if (ngx_game_output_over(s, size) && s->ready) {
        ngx_game_output_flush(s);
    }

    if (ngx_game_output_over(s, size)) {
        ngx_game_output_slow(s);
        rc = NGX_OK;

    } else if (block) {
        rc = ngx_game_output_block(s, block, 0, 0, block->len, 1);

    } else {
        rc = ngx_game_output_plain(s, frame);
    }

    if (block) {
        ngx_game_block_release(block);
    }

    if (rc != NGX_OK) {
        ngx_game_close_end(s, NGX_GAME_ERROR);
        return;
    }

    ngx_game_session_wake(s);
}


/* one message of any size may be under way; a small one costs more memory than
 * its bytes */

ngx_uint_t
ngx_game_output_over(ngx_game_session_t *s, size_t size)
{
    return s->out && ngx_game_output_waits(s->out) + size
                     > s->conf->send_buffer;
}


/* the message compressed, with a reference; NULL: it goes as it is */

static ngx_game_block_t *
ngx_game_output_deflate(ngx_game_session_t *s, ngx_game_frame_t *frame)
{
    ngx_game_zip_t    *zip;
    ngx_game_block_t  *block;

    zip = s->zip;

    if (zip == NULL || frame->len < s->conf->deflate.min_size) {
        return NULL;
    }

    if (!zip->params.server_takeover) {
        block = ngx_game_frame_variant(frame, &zip->params);
        return block ? ngx_game_block_ref(block) : NULL;
    }

    if (zip->deflate == NULL) {
        zip->deflate = game_deflate_create(&zip->params);
        if (zip->deflate == NULL) {
            return NULL;
        }
    }

    block = ngx_game_frame_deflate(frame, zip->deflate);

    if (block == NULL) {

        /*
         * The message may be in our context but will not be in the peer's: go
         * on with a new one, that refers to nothing that came before.
         */

        game_deflate_destroy(zip->deflate);
        zip->deflate = NULL;
    }

    return block;
}


static ngx_int_t
ngx_game_output_plain(ngx_game_session_t *s, ngx_game_frame_t *frame)
{
    ngx_game_block_t  *block;

    if (frame->len <= NGX_GAME_OUTPUT_COPY) {
        return ngx_game_output_frame(s, frame->opcode, frame->payload,
                                     frame->len);
    }

    block = ngx_game_frame_plain(frame);

    if (block == NULL) {
        return NGX_ERROR;
    }

    return ngx_game_output_block(s, block, 0, 0, block->len, 1);
}


void
ngx_game_output_slow(ngx_game_session_t *s)
{
    ngx_uint_t  level;

    static time_t  warned;

    level = NGX_LOG_INFO;

    if (ngx_time() - warned >= NGX_GAME_OUTPUT_QUIET) {
        warned = ngx_time();
        level = NGX_LOG_WARN;
    }

    ngx_log_error(level, s->connection->log, 0,
                  "client reads too slowly, %uz bytes wait: see "
                  "\"game_send_buffer\"", s->out ? s->out->bytes : 0);

    ngx_game_output_drop(s);

    if (s->feed) {
        s->taken = s->feed->end;
    }

    ngx_game_session_close(s, 1013, "client reads too slowly",
                           sizeof("client reads too slowly") - 1,
                           NGX_GAME_ERROR);
}
