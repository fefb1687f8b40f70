
/*
 * Copyright (C) ngx_game authors
 *
 * The queue of a session and its only sender.  The queue is a ring of pieces:
 * runs of whole frames in blocks, that exists only while something waits.
 * What goes to one session alone is copied behind what it was sent before, so
 * that the frames of a turn are one piece and one system call; what is long or
 * goes to several is referred to.  A flush hands up to NGX_GAME_OUTPUT_BUFS
 * pieces at a time to the connection: that is send(), writev() or TLS records.
 */


#include "ngx_game_transport.h"


#define NGX_GAME_OUTPUT_SIZE   8             /* pieces, a power of two */
#define NGX_GAME_OUTPUT_BUFS   64
#define NGX_GAME_OUTPUT_PONGS  32            /* that wait at most */
#define NGX_GAME_OUTPUT_POOL   64            /* queues kept for reuse */

/* send_chain stops at 2G without saying that it could go on */
#define NGX_GAME_OUTPUT_BYTES  (1024 * 1024 * 1024)

/* what a waiting piece costs besides its bytes, roughly */
#define NGX_GAME_OUTPUT_COST   64

/* seconds between two warnings about slow clients; the others are info */
#define NGX_GAME_OUTPUT_QUIET  1


typedef struct {
    ngx_game_block_t          *block;
    uint32_t                   start;         /* offsets in the block */
    uint32_t                   pos;           /* all before it is written */
    uint32_t                   last;
    unsigned                   messages:31;
    unsigned                   pong:1;
} ngx_game_piece_t;


struct ngx_game_output_s {
    uint32_t                   size;          /* of the ring */
    uint32_t                   head;          /* pieces ever taken out, modulo
                                               * 2^32 */
    uint32_t                   tail;          /* ... and put in */
    uint32_t                   pongs;         /* how many wait */
    uint32_t                   pong;          /* where the last of them is */
    size_t                     bytes;         /* that wait, all pieces */
    union {
        ngx_game_block_t      *block;         /* what frames are copied to,
                                               * NULL: none yet */
        ngx_game_output_t     *next;          /* of those kept for reuse */
    };
    ngx_game_piece_t           pieces[];
};


#define ngx_game_output_at(out, i)  (&(out)->pieces[(i) & ((out)->size - 1)])


static ngx_game_block_t *ngx_game_output_deflate(ngx_game_session_t *s,
    ngx_game_frame_t *frame);
static ngx_int_t ngx_game_output_plain(ngx_game_session_t *s,
    ngx_game_frame_t *frame);
static ngx_int_t ngx_game_output_room(ngx_game_session_t *s, size_t size);
static ngx_game_piece_t *ngx_game_output_add(ngx_game_session_t *s);
static ngx_int_t ngx_game_output_reserve(ngx_game_session_t *s);
static ngx_game_output_t *ngx_game_output_create(ngx_log_t *log);
static void ngx_game_output_release(ngx_game_session_t *s);
static ngx_int_t ngx_game_output_send(ngx_game_session_t *s);
static ngx_int_t ngx_game_output_write(ngx_game_session_t *s);
static ngx_chain_t *ngx_game_output_chain(ngx_game_session_t *s);
static void ngx_game_output_take(ngx_game_session_t *s);
static void ngx_game_output_written(ngx_game_session_t *s, size_t bytes);


/* one send at a time is under way in a worker: all sessions share these */
static ngx_buf_t    ngx_game_output_bufs[NGX_GAME_OUTPUT_BUFS];
static ngx_chain_t  ngx_game_output_links[NGX_GAME_OUTPUT_BUFS];

static ngx_game_output_t  *ngx_game_output_pool;
static ngx_uint_t          ngx_game_output_kept;


void
ngx_game_session_send(ngx_game_session_t *s, ngx_game_frame_t *frame)
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
    size_t              waiting;
    ngx_game_output_t  *out;

    out = s->out;

    if (out == NULL) {
        return 0;
    }

    waiting = out->bytes + (out->tail - out->head) * NGX_GAME_OUTPUT_COST;

    return waiting + size > s->conf->send_buffer;
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


ngx_int_t
ngx_game_output_frame(ngx_game_session_t *s, ngx_uint_t opcode,
    const u_char *payload, size_t len)
{
    size_t              size;
    ngx_game_piece_t   *piece;
    ngx_game_block_t   *block;
    ngx_game_output_t  *out;

    if (ngx_game_output_room(s, GAME_WS_HEADER_MAX + len) != NGX_OK) {
        return NGX_ERROR;
    }

    out = s->out;
    block = out->block;
    piece = ngx_game_output_at(out, out->tail - 1);

    if (out->head == out->tail || piece->block != block
        || piece->last != block->len || piece->pong)
    {
        piece = ngx_game_output_add(s);
        if (piece == NULL) {
            return NGX_ERROR;
        }

        out = s->out;

        piece->block = ngx_game_block_ref(block);
        piece->start = block->len;
        piece->pos = block->len;
        piece->last = block->len;
    }

    size = ngx_game_block_frame(block, opcode, 0, payload, len);

    piece->last += size;
    piece->messages += (opcode < GAME_WS_CLOSE);
    out->bytes += size;

    return NGX_OK;
}


/* makes sure that the queue has a block with room for so many bytes */

static ngx_int_t
ngx_game_output_room(ngx_game_session_t *s, size_t size)
{
    ngx_game_block_t   *block;
    ngx_game_output_t  *out;

    if (ngx_game_output_reserve(s) != NGX_OK) {
        return NGX_ERROR;
    }

    out = s->out;

    if (out->block && ngx_game_block_left(out->block) >= size) {
        return NGX_OK;
    }

    block = ngx_game_block_create(ngx_max(size, NGX_GAME_BLOCK_SIZE));
    if (block == NULL) {
        return NGX_ERROR;
    }

    if (out->block) {
        ngx_game_block_release(out->block);
    }

    out->block = block;

    return NGX_OK;
}


ngx_int_t
ngx_game_output_block(ngx_game_session_t *s, ngx_game_block_t *block,
    uint32_t start, uint32_t pos, uint32_t last, ngx_uint_t messages)
{
    ngx_game_piece_t  *piece;

    piece = ngx_game_output_add(s);
    if (piece == NULL) {
        return NGX_ERROR;
    }

    piece->block = ngx_game_block_ref(block);
    piece->start = start;
    piece->pos = pos;
    piece->last = last;
    piece->messages = messages;

    s->out->bytes += last - pos;

    return NGX_OK;
}


ngx_int_t
ngx_game_output_rest(ngx_game_session_t *s, ngx_str_t *rest,
    uint32_t *written)
{
    u_char             *p;
    uint32_t            i, start;
    ngx_game_piece_t   *piece;
    ngx_game_output_t  *out;

    ngx_str_null(rest);
    *written = 0;

    out = s->out;

    if (out == NULL) {
        return NGX_OK;
    }

    piece = ngx_game_output_at(out, out->head);

    /* with all of the piece that is written, whose messages count with it */

    start = piece->start;
    *written = piece->pos - start;

    rest->data = ngx_alloc(out->bytes + *written, s->connection->log);
    if (rest->data == NULL) {
        return NGX_ERROR;
    }

    p = rest->data;

    for (i = out->head; i != out->tail; i++) {
        piece = ngx_game_output_at(out, i);

        if (i != out->head) {
            start = piece->pos;
        }

        p = ngx_cpymem(p, piece->block->data + start, piece->last - start);
    }

    rest->len = p - rest->data;

    return NGX_OK;
}


ngx_int_t
ngx_game_output_precede(ngx_game_session_t *s, ngx_str_t *rest,
    uint32_t written)
{
    ngx_game_piece_t   *piece;
    ngx_game_block_t   *block;
    ngx_game_output_t  *out;

    block = ngx_game_block_create(rest->len);
    if (block == NULL) {
        return NGX_ERROR;
    }

    if (ngx_game_output_reserve(s) != NGX_OK) {
        ngx_game_block_release(block);
        return NGX_ERROR;
    }

    ngx_memcpy(block->data, rest->data, rest->len);
    block->len = rest->len;

    out = s->out;
    out->head--;
    out->bytes += rest->len - written;

    piece = ngx_game_output_at(out, out->head);
    ngx_memzero(piece, sizeof(ngx_game_piece_t));

    piece->block = block;
    piece->pos = written;
    piece->last = rest->len;
    piece->messages = ngx_game_block_messages(block, 0, rest->len);

    return NGX_OK;
}


/* a new last piece, to be filled */

static ngx_game_piece_t *
ngx_game_output_add(ngx_game_session_t *s)
{
    ngx_game_piece_t  *piece;

    if (ngx_game_output_reserve(s) != NGX_OK) {
        return NULL;
    }

    piece = ngx_game_output_at(s->out, s->out->tail);
    ngx_memzero(piece, sizeof(ngx_game_piece_t));

    s->out->tail++;

    return piece;
}


/* makes sure that there is a free place */

static ngx_int_t
ngx_game_output_reserve(ngx_game_session_t *s)
{
    uint32_t            i;
    ngx_game_output_t  *out, *old;

    old = s->out;

    if (old == NULL) {
        s->out = ngx_game_output_create(s->connection->log);
        return s->out ? NGX_OK : NGX_ERROR;
    }

    if (old->tail - old->head < old->size) {
        return NGX_OK;
    }

    out = ngx_alloc(sizeof(ngx_game_output_t)
                    + 2 * old->size * sizeof(ngx_game_piece_t),
                    s->connection->log);
    if (out == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(out, old, sizeof(ngx_game_output_t));
    out->size = 2 * old->size;

    for (i = out->head; i != out->tail; i++) {
        *ngx_game_output_at(out, i) = *ngx_game_output_at(old, i);
    }

    ngx_free(old);
    s->out = out;

    return NGX_OK;
}


static ngx_game_output_t *
ngx_game_output_create(ngx_log_t *log)
{
    ngx_game_output_t  *out;

    out = ngx_game_output_pool;

    if (out) {
        ngx_game_output_pool = out->next;
        ngx_game_output_kept--;

    } else {
        out = ngx_alloc(sizeof(ngx_game_output_t)
                        + NGX_GAME_OUTPUT_SIZE * sizeof(ngx_game_piece_t),
                        log);
        if (out == NULL) {
            return NULL;
        }
    }

    ngx_memzero(out, sizeof(ngx_game_output_t));
    out->size = NGX_GAME_OUTPUT_SIZE;

    return out;
}


/* the queue is empty */

static void
ngx_game_output_release(ngx_game_session_t *s)
{
    ngx_game_output_t  *out;

    out = s->out;
    s->out = NULL;

    if (out->block) {
        ngx_game_block_release(out->block);
    }

    if (out->size != NGX_GAME_OUTPUT_SIZE
        || ngx_game_output_kept == NGX_GAME_OUTPUT_POOL)
    {
        ngx_free(out);
        return;
    }

    out->next = ngx_game_output_pool;
    ngx_game_output_pool = out;
    ngx_game_output_kept++;
}


/*
 * RFC 6455, 5.5.3: only the latest ping has to be answered.  Each is, until
 * too many answers wait: so a client that pings and does not read is bounded.
 */

ngx_int_t
ngx_game_output_pong(ngx_game_session_t *s, u_char *data, size_t len)
{
    ngx_game_block_t   *block;
    ngx_game_piece_t   *piece;
    ngx_game_output_t  *out;

    block = ngx_game_block_create(GAME_WS_HEADER_MAX + len);
    if (block == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_game_block_frame(block, GAME_WS_PONG, 0, data, len);

    out = s->out;

    if (out && out->pongs == NGX_GAME_OUTPUT_PONGS) {
        piece = ngx_game_output_at(out, out->pong);

        if (piece->pos == 0) {
            out->bytes -= piece->last;
            out->bytes += block->len;

            ngx_game_block_release(piece->block);
            piece->block = block;
            piece->last = block->len;

            return NGX_OK;
        }
    }

    piece = ngx_game_output_add(s);

    if (piece == NULL) {
        ngx_game_block_release(block);
        return NGX_ERROR;
    }

    piece->block = block;
    piece->last = block->len;
    piece->pong = 1;

    out = s->out;
    out->bytes += block->len;
    out->pong = out->tail - 1;
    out->pongs++;

    return NGX_OK;
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


/* takes out so many bytes, and frees an empty queue */

static void
ngx_game_output_written(ngx_game_session_t *s, size_t bytes)
{
    size_t              left, size;
    ngx_uint_t          messages;
    ngx_game_piece_t   *piece;
    ngx_game_output_t  *out;

    out = s->out;
    out->bytes -= bytes;
    messages = 0;

    for (left = bytes; left; left -= size) {
        piece = ngx_game_output_at(out, out->head);

        size = piece->last - piece->pos;

        if (left < size) {
            piece->pos += left;
            break;
        }

        messages += piece->messages;
        out->pongs -= piece->pong;
        out->head++;

        ngx_game_block_release(piece->block);
    }

    ngx_game_output_count(s, bytes, messages);

    if (out->head == out->tail) {
        ngx_game_output_release(s);
    }
}


void
ngx_game_output_count(ngx_game_session_t *s, size_t bytes,
    ngx_uint_t messages)
{
    s->cold->bytes_out += bytes;
    s->cold->messages_out += messages;

    ngx_game_count(bytes_out, bytes);
    ngx_game_count(messages_out, messages);
}


ngx_uint_t
ngx_game_output_messages(ngx_game_session_t *s)
{
    uint32_t    i;
    ngx_uint_t  n;

    if (s->out == NULL) {
        return 0;
    }

    n = 0;

    for (i = s->out->head; i != s->out->tail; i++) {
        n += ngx_game_output_at(s->out, i)->messages;
    }

    return n;
}


void
ngx_game_output_drop(ngx_game_session_t *s)
{
    uint32_t            keep, last;
    ngx_game_piece_t   *piece;
    ngx_game_output_t  *out;

    out = s->out;

    if (out == NULL) {
        return;
    }

    piece = ngx_game_output_at(out, out->head);
    last = ngx_game_block_boundary(piece->block, piece->start, piece->pos);
    keep = (last != piece->pos);

    while (out->tail - out->head > keep) {
        out->tail--;

        piece = ngx_game_output_at(out, out->tail);

        out->pongs -= piece->pong;
        ngx_game_block_release(piece->block);
    }

    if (keep == 0) {
        ngx_game_output_release(s);
        return;
    }

    piece = ngx_game_output_at(out, out->head);
    piece->last = last;
    piece->messages = ngx_game_block_messages(piece->block, piece->start,
                                              last);
    out->bytes = last - piece->pos;
}


void
ngx_game_output_free(ngx_game_session_t *s)
{
    ngx_game_output_t  *out;

    out = s->out;

    if (out == NULL) {
        return;
    }

    while (out->head != out->tail) {
        ngx_game_block_release(ngx_game_output_at(out, out->head)->block);
        out->head++;
    }

    ngx_game_output_release(s);
}
