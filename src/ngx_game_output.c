
/*
 * Copyright (C) ngx_game authors
 *
 * The queue of a session and its only sender.  The queue is a ring of frame
 * references that exists only while something waits; a flush hands up to
 * NGX_GAME_OUTPUT_BUFS frames at a time to the connection's send_chain, which
 * is writev() or TLS records.
 */


#include "ngx_game_transport.h"


#define NGX_GAME_OUTPUT_SIZE   8             /* frames, a power of two */
#define NGX_GAME_OUTPUT_BUFS   64
#define NGX_GAME_OUTPUT_PONGS  32            /* that wait at most */

/* send_chain stops at 2G without saying that it could go on */
#define NGX_GAME_OUTPUT_BYTES  (1024 * 1024 * 1024)

/* what a waiting frame costs besides its bytes, roughly */
#define NGX_GAME_OUTPUT_COST   64

/* seconds between two warnings about slow clients; the others are info */
#define NGX_GAME_OUTPUT_QUIET  1


struct ngx_game_output_s {
    uint32_t                   size;          /* of the ring */
    uint32_t                   head;          /* frames ever taken out, modulo
                                               * 2^32 */
    uint32_t                   tail;          /* ... and put in */
    uint32_t                   pongs;         /* how many wait */
    uint32_t                   pong;          /* where the last of them is */
    size_t                     bytes;         /* that wait, all frames */
    size_t                     offset;        /* written of the first */
    ngx_game_frame_t          *frames[];
};


#define ngx_game_output_at(out, i)  ((out)->frames[(i) & ((out)->size - 1)])


static ngx_uint_t ngx_game_output_over(ngx_game_session_t *s,
    ngx_game_frame_t *frame);
static ngx_game_frame_t *ngx_game_output_deflate(ngx_game_session_t *s,
    ngx_game_frame_t *frame);
static void ngx_game_output_slow(ngx_game_session_t *s);
static ngx_int_t ngx_game_output_reserve(ngx_game_session_t *s);
static ngx_int_t ngx_game_output_write(ngx_game_session_t *s);
static ngx_chain_t *ngx_game_output_chain(ngx_game_output_t *out);
static void ngx_game_output_take(ngx_game_session_t *s);


/* one send at a time is under way in a worker: all sessions share these */
static ngx_buf_t    ngx_game_output_bufs[NGX_GAME_OUTPUT_BUFS];
static ngx_chain_t  ngx_game_output_links[NGX_GAME_OUTPUT_BUFS];


void
ngx_game_session_send(ngx_game_session_t *s, ngx_game_frame_t *frame)
{
    if (s->closing || s->ended) {
        return;
    }

    frame = ngx_game_output_deflate(s, frame);

    /* much may be sent in one turn: what the socket takes does not count */

    if (ngx_game_output_over(s, frame) && s->ready) {
        ngx_game_output_flush(s);
    }

    if (ngx_game_output_over(s, frame)) {
        ngx_game_frame_release(frame);
        ngx_game_output_slow(s);
        return;
    }

    ngx_game_session_queue(s, frame);
}


/* one message of any size may be under way; a small one costs more memory than
 * its bytes */

static ngx_uint_t
ngx_game_output_over(ngx_game_session_t *s, ngx_game_frame_t *frame)
{
    size_t              waiting;
    ngx_game_output_t  *out;

    out = s->out;

    if (out == NULL) {
        return 0;
    }

    waiting = out->bytes + (out->tail - out->head) * NGX_GAME_OUTPUT_COST;

    return waiting + ngx_game_frame_size(frame) > s->conf->send_buffer;
}


/* the frame to send in its place, which may be itself, with a reference */

static ngx_game_frame_t *
ngx_game_output_deflate(ngx_game_session_t *s, ngx_game_frame_t *frame)
{
    ngx_game_zip_t    *zip;
    ngx_game_frame_t  *deflated;

    zip = s->zip;

    if (zip == NULL || frame->len < s->conf->deflate.min_size) {
        return ngx_game_frame_ref(frame);
    }

    if (!zip->params.server_takeover) {
        deflated = ngx_game_frame_variant(frame, &zip->params);
        return ngx_game_frame_ref(deflated);
    }

    if (zip->deflate == NULL) {
        zip->deflate = game_deflate_create(&zip->params);
        if (zip->deflate == NULL) {
            return ngx_game_frame_ref(frame);
        }
    }

    deflated = ngx_game_frame_deflate(frame, zip->deflate);

    if (deflated == NULL) {

        /*
         * The message may be in our context but will not be in the peer's: go
         * on with a new one, that refers to nothing that came before.
         */

        game_deflate_destroy(zip->deflate);
        zip->deflate = NULL;

        return ngx_game_frame_ref(frame);
    }

    return deflated;
}


static void
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
                  "\"game_send_buffer\"", s->out->bytes);

    ngx_game_output_drop(s);

    ngx_game_session_close(s, 1013, "client reads too slowly",
                           sizeof("client reads too slowly") - 1,
                           NGX_GAME_ERROR);
}


ngx_int_t
ngx_game_output_push(ngx_game_session_t *s, ngx_game_frame_t *frame)
{
    ngx_game_output_t  *out;

    if (ngx_game_output_reserve(s) != NGX_OK) {
        return NGX_ERROR;
    }

    out = s->out;

    ngx_game_output_at(out, out->tail) = ngx_game_frame_ref(frame);
    out->tail++;
    out->bytes += ngx_game_frame_size(frame);

    return NGX_OK;
}


/* makes sure that there is a free place */

static ngx_int_t
ngx_game_output_reserve(ngx_game_session_t *s)
{
    uint32_t            i, size;
    ngx_game_output_t  *out, *old;

    old = s->out;

    if (old && old->tail - old->head < old->size) {
        return NGX_OK;
    }

    size = old ? 2 * old->size : NGX_GAME_OUTPUT_SIZE;

    out = ngx_alloc(sizeof(ngx_game_output_t)
                    + size * sizeof(ngx_game_frame_t *),
                    s->connection->log);
    if (out == NULL) {
        return NGX_ERROR;
    }

    if (old == NULL) {
        ngx_memzero(out, sizeof(ngx_game_output_t));
        out->size = size;
        s->out = out;
        return NGX_OK;
    }

    ngx_memcpy(out, old, sizeof(ngx_game_output_t));
    out->size = size;

    for (i = out->head; i != out->tail; i++) {
        ngx_game_output_at(out, i) = ngx_game_output_at(old, i);
    }

    ngx_free(old);
    s->out = out;

    return NGX_OK;
}


/*
 * RFC 6455, 5.5.3: only the latest ping has to be answered.  Each is, until
 * too many answers wait: so a client that pings and does not read is bounded.
 */

ngx_int_t
ngx_game_output_pong(ngx_game_session_t *s, u_char *data, size_t len)
{
    ngx_int_t           rc;
    ngx_game_frame_t   *frame, **waiting;
    ngx_game_output_t  *out;

    frame = ngx_game_frame_create(GAME_WS_PONG, data, len);
    if (frame == NULL) {
        return NGX_ERROR;
    }

    out = s->out;

    if (out && out->pongs == NGX_GAME_OUTPUT_PONGS) {
        waiting = &ngx_game_output_at(out, out->pong);

        out->bytes -= ngx_game_frame_size(*waiting);
        out->bytes += ngx_game_frame_size(frame);

        ngx_game_frame_release(*waiting);
        *waiting = frame;

        return NGX_OK;
    }

    rc = ngx_game_output_push(s, frame);

    ngx_game_frame_release(frame);

    if (rc == NGX_OK) {
        s->out->pong = s->out->tail - 1;
        s->out->pongs++;
    }

    return rc;
}


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

    while (s->out || c->buffered) {

        /* without frames, what TLS has buffered is sent */

        cl = s->out ? ngx_game_output_chain(s->out) : NULL;

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


static ngx_chain_t *
ngx_game_output_chain(ngx_game_output_t *out)
{
    size_t             bytes;
    uint32_t           i;
    ngx_buf_t         *b;
    ngx_uint_t         n;
    ngx_chain_t       *cl;
    ngx_game_frame_t  *frame;

    bytes = 0;
    n = 0;
    b = NULL;
    cl = NULL;

    for (i = out->head; i != out->tail; i++) {

        if (n == NGX_GAME_OUTPUT_BUFS || bytes > NGX_GAME_OUTPUT_BYTES) {
            break;
        }

        frame = ngx_game_output_at(out, i);

        b = &ngx_game_output_bufs[n];
        b->start = frame->data;
        b->pos = frame->data + (n == 0 ? out->offset : 0);
        b->last = frame->data + ngx_game_frame_size(frame);
        b->memory = 1;
        b->flush = 0;

        cl = &ngx_game_output_links[n];
        cl->buf = b;
        cl->next = cl + 1;

        bytes += b->last - b->pos;
        n++;
    }

    b->flush = 1;
    cl->next = NULL;

    return ngx_game_output_links;
}


/* takes out what was written of the last chain, and frees an empty queue */

static void
ngx_game_output_take(ngx_game_session_t *s)
{
    size_t              sent, bytes, messages;
    ngx_buf_t          *b;
    ngx_uint_t          n;
    ngx_game_frame_t   *frame;
    ngx_game_output_t  *out;

    out = s->out;
    bytes = 0;
    messages = 0;

    for (n = 0; n < NGX_GAME_OUTPUT_BUFS && out->head != out->tail; n++) {
        b = &ngx_game_output_bufs[n];
        frame = ngx_game_output_at(out, out->head);

        sent = b->pos - b->start - out->offset;
        bytes += sent;
        out->bytes -= sent;

        if (b->pos != b->last) {
            out->offset += sent;
            break;
        }

        if (frame->opcode < GAME_WS_CLOSE) {
            messages++;

        } else if (frame->opcode == GAME_WS_PONG) {
            out->pongs--;
        }

        out->offset = 0;
        out->head++;

        ngx_game_frame_release(frame);

        if (ngx_game_output_links[n].next == NULL) {
            break;
        }
    }

    s->cold->bytes_out += bytes;
    s->cold->messages_out += messages;

    ngx_game_count(bytes_out, bytes);
    ngx_game_count(messages_out, messages);

    if (out->head == out->tail) {
        ngx_free(out);
        s->out = NULL;
    }
}


void
ngx_game_output_drop(ngx_game_session_t *s)
{
    uint32_t            keep;
    ngx_game_frame_t   *frame;
    ngx_game_output_t  *out;

    out = s->out;

    if (out == NULL) {
        return;
    }

    keep = out->offset ? 1 : 0;

    while (out->tail - out->head > keep) {
        out->tail--;

        frame = ngx_game_output_at(out, out->tail);

        if (frame->opcode == GAME_WS_PONG) {
            out->pongs--;
        }

        out->bytes -= ngx_game_frame_size(frame);
        ngx_game_frame_release(frame);
    }

    if (keep == 0) {
        ngx_free(out);
        s->out = NULL;
    }
}


void
ngx_game_output_free(ngx_game_session_t *s)
{
    if (s->out) {
        s->out->offset = 0;
        ngx_game_output_drop(s);
    }
}
