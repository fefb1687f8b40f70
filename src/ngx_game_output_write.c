
/*
 * Copyright (C) ngx_game authors
 *
 * The only sender of a session.  A flush hands up to NGX_GAME_OUTPUT_BUFS
 * pieces at a time to the connection: that is send(), writev() or TLS records.
 */


#include "ngx_game_transport.h"
#include "ngx_game_output_private.h"


#define NGX_GAME_OUTPUT_BUFS   64

/* send_chain stops at 2G without saying that it could go on */
#define NGX_GAME_OUTPUT_BYTES  (1024 * 1024 * 1024)


static ngx_int_t ngx_game_output_write(ngx_game_session_t *s);
static ngx_int_t ngx_game_output_send(ngx_game_session_t *s);
static ngx_chain_t *ngx_game_output_chain(ngx_game_session_t *s);
static void ngx_game_output_take(ngx_game_session_t *s);


/* one send at a time is under way in a worker: all sessions share these */
static ngx_buf_t    ngx_game_output_bufs[NGX_GAME_OUTPUT_BUFS];
static ngx_chain_t  ngx_game_output_links[NGX_GAME_OUTPUT_BUFS];


void
ngx_game_output_flush(ngx_game_session_t *s)
{
    off_t              sent;
    ngx_int_t          rc;
    ngx_event_t       *wev;
    ngx_connection_t  *c;

    c = s->connection;
    wev = c->write;

    if (!wev->ready && wev->timer_set) {
        return;
    }

    sent = c->sent;

    rc = ngx_game_output_write(s);

    if (rc == NGX_ERROR) {
        c->error = 1;
        ngx_game_close_end(s, NGX_GAME_LEFT);
        return;
    }

    if (rc == NGX_OK) {
        if (wev->timer_set) {
            ngx_del_timer(wev);
        }

    } else if (!wev->timer_set || c->sent != sent) {
        ngx_add_timer(wev, s->conf->idle_timeout);
    }

    if (ngx_handle_write_event(wev, 0) != NGX_OK) {
        ngx_game_close_end(s, NGX_GAME_LEFT);
    }
}


/* NGX_OK: all is written, NGX_AGAIN: the socket takes no more, NGX_ERROR */

static ngx_int_t
ngx_game_output_write(ngx_game_session_t *s)
{
    ngx_chain_t       *cl;
    ngx_connection_t  *c;

    c = s->connection;

    if (s->out && s->out->tail - s->out->head == 1 && !s->tls) {
        return ngx_game_output_send(s);
    }

    while (s->out || c->buffered) {

        /* without pieces, what TLS has buffered is sent */

        cl = s->out ? ngx_game_output_chain(s) : NULL;

        cl = c->send_chain(c, cl, 0);

        if (cl == NGX_CHAIN_ERROR) {
            return NGX_ERROR;
        }

        if (s->out) {
            ngx_game_output_take(s);
        }

        if (cl || c->buffered) {
            return NGX_AGAIN;
        }
    }

#if (NGX_HTTP_SSL)
    if (c->ssl) {
        ngx_ssl_free_buffer(c);
    }
#endif

    return NGX_OK;
}


/* the one piece that waits */

static ngx_int_t
ngx_game_output_send(ngx_game_session_t *s)
{
    ssize_t            n;
    ngx_connection_t  *c;
    ngx_game_piece_t  *piece;

    c = s->connection;
    piece = ngx_game_output_at(s->out, s->out->head);

    if (s->guarded) {
        ngx_game_guard_writes(s, piece->last - piece->pos, piece->messages);
    }

    n = c->send(c, piece->block->data + piece->pos, piece->last - piece->pos);

    if (n == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (n > 0) {
        ngx_game_output_written(s, n);
    }

    return s->out ? NGX_AGAIN : NGX_OK;
}


static ngx_chain_t *
ngx_game_output_chain(ngx_game_session_t *s)
{
    size_t              bytes;
    uint32_t            i;
    ngx_buf_t          *b;
    ngx_uint_t          n, messages;
    ngx_chain_t        *cl;
    ngx_game_piece_t   *piece;
    ngx_game_output_t  *out;

    out = s->out;
    bytes = 0;
    messages = 0;
    n = 0;
    b = NULL;
    cl = NULL;

    for (i = out->head; i != out->tail; i++) {

        if (n == NGX_GAME_OUTPUT_BUFS || bytes > NGX_GAME_OUTPUT_BYTES) {
            break;
        }

        piece = ngx_game_output_at(out, i);

        b = &ngx_game_output_bufs[n];
        b->start = piece->block->data + piece->pos;
        b->pos = b->start;
        b->last = piece->block->data + piece->last;
        b->memory = 1;
        b->flush = 0;

        cl = &ngx_game_output_links[n];
        cl->buf = b;
        cl->next = cl + 1;

        bytes += b->last - b->pos;
        messages += piece->messages;
        n++;
    }

    if (s->guarded) {
        ngx_game_guard_writes(s, bytes, messages);
    }

    b->flush = 1;
    cl->next = NULL;

    return ngx_game_output_links;
}


/* takes out what was written of the last chain */

static void
ngx_game_output_take(ngx_game_session_t *s)
{
    size_t      bytes;
    ngx_buf_t  *b;
    ngx_uint_t  n;

    bytes = 0;

    for (n = 0; n < NGX_GAME_OUTPUT_BUFS; n++) {
        b = &ngx_game_output_bufs[n];
        bytes += b->pos - b->start;

        if (ngx_game_output_links[n].next == NULL) {
            break;
        }
    }

    ngx_game_output_written(s, bytes);
}
