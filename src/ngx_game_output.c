
/*
 * Copyright (C) ngx_game authors
 *
 * What is put into the queue of a session, and taken out of it.  What goes to
 * one session alone is copied behind what it was sent before, so that the
 * frames of a turn are one piece and one system call; what is long or goes to
 * several is referred to.
 */


#include "ngx_game_transport.h"
#include "ngx_game_output_private.h"


#define NGX_GAME_OUTPUT_SIZE   8             /* pieces, a power of two */
#define NGX_GAME_OUTPUT_PONGS  32            /* that wait at most */
#define NGX_GAME_OUTPUT_SHARED 2             /* pieces, then runs are copied */
#define NGX_GAME_OUTPUT_POOL   256           /* queues kept for reuse */


static ngx_game_piece_t *ngx_game_output_own(ngx_game_session_t *s,
    size_t size);
static ngx_int_t ngx_game_output_room(ngx_game_session_t *s, size_t size);
static ngx_game_piece_t *ngx_game_output_add(ngx_game_session_t *s);
static ngx_int_t ngx_game_output_reserve(ngx_game_session_t *s);
static ngx_game_output_t *ngx_game_output_create(ngx_log_t *log);
static void ngx_game_output_release(ngx_game_session_t *s);


static ngx_game_output_t  *ngx_game_output_pool;
static ngx_uint_t          ngx_game_output_kept;


ngx_int_t
ngx_game_output_frame(ngx_game_session_t *s, ngx_uint_t opcode,
    const u_char *payload, size_t len)
{
    size_t             size;
    ngx_game_piece_t  *piece;

    piece = ngx_game_output_own(s, GAME_WS_HEADER_MAX + len);
    if (piece == NULL) {
        return NGX_ERROR;
    }

    size = ngx_game_block_frame(piece->block, opcode, 0, payload, len);

    piece->last += size;
    piece->messages += (opcode < GAME_WS_CLOSE);
    s->out->bytes += size;

    return NGX_OK;
}


ngx_int_t
ngx_game_output_append(ngx_game_session_t *s, ngx_uint_t opcode,
    const u_char *payload, size_t len)
{
    size_t              size;
    ngx_game_piece_t   *piece;
    ngx_game_output_t  *out;

    out = s->out;

    if (out == NULL) {
        return NGX_DECLINED;
    }

    size = GAME_WS_HEADER_MAX + len;
    piece = ngx_game_output_at(out, out->tail - 1);

    if (piece->block != out->block || piece->pong
        || piece->last != piece->block->len
        || ngx_game_block_left(piece->block) < size
        || ngx_game_output_waits(out) + size > s->conf->send_buffer)
    {
        return NGX_DECLINED;
    }

    size = ngx_game_block_frame(piece->block, opcode, 0, payload, len);

    piece->last += size;
    piece->messages++;
    out->bytes += size;

    return NGX_OK;
}


/* a reference holds the whole block: where several wait, a short run is copied
 * in place of that */

ngx_int_t
ngx_game_output_run(ngx_game_session_t *s, ngx_game_block_t *block,
    uint32_t start, ngx_uint_t messages)
{
    size_t             len;
    ngx_game_piece_t  *piece;

    len = block->len - start;

    if (s->out == NULL || len > NGX_GAME_OUTPUT_COPY
        || s->out->tail - s->out->head < NGX_GAME_OUTPUT_SHARED)
    {
        return ngx_game_output_block(s, block, start, start, block->len,
                                     messages);
    }

    piece = ngx_game_output_own(s, len);
    if (piece == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(piece->block->data + piece->last, block->data + start, len);

    piece->block->len += len;
    piece->last += len;
    piece->messages += messages;
    s->out->bytes += len;

    return NGX_OK;
}


/* the last piece, at the end of the queue's own block, with room for so many
 * bytes behind it; NULL: no memory */

static ngx_game_piece_t *
ngx_game_output_own(ngx_game_session_t *s, size_t size)
{
    ngx_game_piece_t   *piece;
    ngx_game_block_t   *block;
    ngx_game_output_t  *out;

    if (ngx_game_output_room(s, size) != NGX_OK) {
        return NULL;
    }

    out = s->out;
    block = out->block;
    piece = ngx_game_output_at(out, out->tail - 1);

    if (out->head != out->tail && piece->block == block
        && piece->last == block->len && !piece->pong)
    {
        return piece;
    }

    piece = ngx_game_output_add(s);

    if (piece) {
        piece->block = ngx_game_block_ref(block);
        piece->start = block->len;
        piece->pos = block->len;
        piece->last = block->len;
    }

    return piece;
}


/* makes sure that the queue has a block with room for so many bytes */

static ngx_int_t
ngx_game_output_room(ngx_game_session_t *s, size_t size)
{
    ngx_game_block_t   *block;
    ngx_game_output_t  *out;

    if (s->out == NULL) {
        s->out = ngx_game_output_create(s->connection->log);

        if (s->out == NULL) {
            return NGX_ERROR;
        }
    }

    out = s->out;

    if (out->block && ngx_game_block_left(out->block) >= size) {
        return NGX_OK;
    }

    block = ngx_game_block_create(ngx_max(size, NGX_GAME_BLOCK_SIZE));

    if (block == NULL) {

        /* a queue exists only while something waits */

        if (out->head == out->tail) {
            ngx_game_output_release(s);
        }

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
