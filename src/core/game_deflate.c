
/*
 * Copyright (C) ngx_game authors
 *
 * permessage-deflate, RFC 7692, 7.2: messages through zlib.  The negotiation
 * is in game_deflate_offer.c.
 */


#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "game_deflate.h"


/* zlib may need more than deflateBound() says for the flush at the end: the
 * empty block, and a byte that is left over as a sign that all was flushed */
#define GAME_DEFLATE_FLUSH      16

/* z_stream.data_type after inflate() */
#define GAME_INFLATE_BLOCK_END  128
#define GAME_INFLATE_BITS       7

#define GAME_DEFLATE_TAIL_LEN   4


struct game_inflate_s {
    z_stream        stream;
    unsigned        bits;
    unsigned        tail;               /* bytes of the tail given to zlib */
    unsigned        takeover:1;
    unsigned        live:1;             /* the stream has its memory */
    unsigned        boundary:1;         /* between blocks, at a whole byte */
    unsigned        failed:1;
    unsigned        no_memory:1;
};


struct game_deflate_s {
    z_stream        stream;
    unsigned        takeover:1;
};


static int game_inflate_open(game_inflate_t *z);
static void game_inflate_close(game_inflate_t *z);
static int game_inflate_feed(game_inflate_t *z, const unsigned char **src,
    size_t *len, unsigned char *dst, size_t size, size_t *written);
static int game_inflate_step(game_inflate_t *z);
static int game_inflate_end(game_inflate_t *z, unsigned char *dst,
    size_t size, size_t *written);
static int game_inflate_failed(game_inflate_t *z);


static const unsigned char  game_deflate_tail[GAME_DEFLATE_TAIL_LEN] = {
    0x00, 0x00, 0xff, 0xff
};


/* zlib's memory is taken when the first piece of a message comes */

game_inflate_t *
game_inflate_create(const game_deflate_params_t *params)
{
    game_inflate_t  *z;

    z = calloc(1, sizeof(game_inflate_t));

    if (z == NULL) {
        return NULL;
    }

    z->bits = params->client_bits;
    z->takeover = params->client_takeover;
    z->boundary = 1;

    return z;
}


void
game_inflate_destroy(game_inflate_t *z)
{
    if (z) {
        game_inflate_close(z);
        free(z);
    }
}


static int
game_inflate_open(game_inflate_t *z)
{
    memset(&z->stream, 0, sizeof(z_stream));

    if (inflateInit2(&z->stream, -(int) z->bits) != Z_OK) {
        z->no_memory = 1;
        return -1;
    }

    z->live = 1;
    z->boundary = 1;

    return 0;
}


static void
game_inflate_close(game_inflate_t *z)
{
    if (z->live) {
        (void) inflateEnd(&z->stream);
        z->live = 0;
    }

    z->boundary = 1;
}


int
game_inflate(game_inflate_t *z, const unsigned char **src, size_t *len,
    int last, unsigned char *dst, size_t size, size_t *written)
{
    int  rc;

    *written = 0;

    if (z->failed) {
        return GAME_INFLATE_ERROR;
    }

    if (!z->live && game_inflate_open(z) != 0) {
        return game_inflate_failed(z);
    }

    rc = game_inflate_feed(z, src, len, dst, size, written);

    if (rc == GAME_INFLATE_OK && last) {
        rc = game_inflate_end(z, dst, size, written);
    }

    return rc;
}


/* OK: all of src was taken, and all that it makes was written */

static int
game_inflate_feed(game_inflate_t *z, const unsigned char **src, size_t *len,
    unsigned char *dst, size_t size, size_t *written)
{
    uInt       in, out;
    z_stream  *stream;

    stream = &z->stream;

    while (*len || !z->boundary) {

        if (*written == size) {
            return GAME_INFLATE_FULL;
        }

        in = (*len < UINT_MAX) ? *len : UINT_MAX;
        out = (size - *written < UINT_MAX) ? size - *written : UINT_MAX;

        stream->next_in = (Bytef *) *src;
        stream->avail_in = in;
        stream->next_out = dst + *written;
        stream->avail_out = out;

        if (game_inflate_step(z) != 0) {
            return game_inflate_failed(z);
        }

        *src += in - stream->avail_in;
        *len -= in - stream->avail_in;
        *written += out - stream->avail_out;

        if (*len == 0 && stream->avail_out) {
            break;
        }
    }

    return GAME_INFLATE_OK;
}


/*
 * A block may have BFINAL set; its stream ends at a whole byte then, and more
 * blocks may follow, which may refer to what was before (RFC 7692, 7.2.3.4).
 */

static int
game_inflate_step(game_inflate_t *z)
{
    int  rc;

    rc = inflate(&z->stream, Z_SYNC_FLUSH);

    switch (rc) {

    case Z_OK:
    case Z_BUF_ERROR:
        z->boundary = (z->stream.data_type
                       & (GAME_INFLATE_BLOCK_END | GAME_INFLATE_BITS))
                      == GAME_INFLATE_BLOCK_END;

        /* zlib takes all the input unless it lacks room */

        return (z->stream.avail_in && z->stream.avail_out) ? -1 : 0;

    case Z_STREAM_END:
        z->boundary = 1;
        return inflateResetKeep(&z->stream) == Z_OK ? 0 : -1;

    case Z_MEM_ERROR:
        z->no_memory = 1;
        return -1;

    default:
        return -1;
    }
}


/*
 * The end of a message: RFC 7692, 7.2.2.  With the tail, its blocks have to be
 * whole.  Some clients send nothing at all for an empty message, keep the tail
 * or leave out the empty block after a final one: blocks that are whole before
 * the tail are taken as they are.
 */

static int
game_inflate_end(game_inflate_t *z, unsigned char *dst, size_t size,
    size_t *written)
{
    int                   rc;
    size_t                len;
    const unsigned char  *tail;

    if (z->tail || !z->boundary) {
        tail = game_deflate_tail + z->tail;
        len = GAME_DEFLATE_TAIL_LEN - z->tail;

        rc = game_inflate_feed(z, &tail, &len, dst, size, written);

        z->tail = GAME_DEFLATE_TAIL_LEN - len;

        if (rc != GAME_INFLATE_OK) {
            return rc;
        }

        if (!z->boundary) {
            return game_inflate_failed(z);
        }
    }

    z->tail = 0;

    if (!z->takeover) {
        game_inflate_close(z);
    }

    return GAME_INFLATE_OK;
}


static int
game_inflate_failed(game_inflate_t *z)
{
    z->failed = 1;

    return GAME_INFLATE_ERROR;
}


int
game_inflate_no_memory(const game_inflate_t *z)
{
    return z->no_memory;
}


void
game_inflate_reset(game_inflate_t *z)
{
    z->tail = 0;
    z->failed = 0;
    z->no_memory = 0;

    if (!z->takeover) {
        game_inflate_close(z);
        return;
    }

    if (z->live && inflateResetKeep(&z->stream) != Z_OK) {
        game_inflate_close(z);
    }

    z->boundary = 1;
}


size_t
game_inflate_context(game_inflate_t *z, unsigned char *dst)
{
    uInt  len;

    len = 0;

    if (!z->live || inflateGetDictionary(&z->stream, dst, &len) != Z_OK) {
        return 0;
    }

    return len;
}


int
game_inflate_restore(game_inflate_t *z, const unsigned char *context,
    size_t len)
{
    if (len == 0) {
        return 0;
    }

    if (!z->live && game_inflate_open(z) != 0) {
        return -1;
    }

    return inflateSetDictionary(&z->stream, context, (uInt) len) == Z_OK
           ? 0 : -1;
}


game_deflate_t *
game_deflate_create(const game_deflate_params_t *params)
{
    int              bits;
    game_deflate_t  *z;

    z = calloc(1, sizeof(game_deflate_t));

    if (z == NULL) {
        return NULL;
    }

    bits = params->server_bits;

    /* a memLevel of bits - 7 gives the hash as much as the window: 8 at 15
     * bits, zlib's default, and 2 at 9 bits, the least that it takes */

    if (deflateInit2(&z->stream, params->level, Z_DEFLATED, -bits, bits - 7,
                     Z_DEFAULT_STRATEGY)
        != Z_OK)
    {
        free(z);
        return NULL;
    }

    z->takeover = params->server_takeover;

    return z;
}


void
game_deflate_destroy(game_deflate_t *z)
{
    if (z) {
        (void) deflateEnd(&z->stream);
        free(z);
    }
}


size_t
game_deflate_bound(game_deflate_t *z, size_t len)
{
    return deflateBound(&z->stream, len) + GAME_DEFLATE_FLUSH;
}


/*
 * After an error the context is empty, which suits any state of the peer's:
 * the peer only keeps more than we refer to.
 */

size_t
game_deflate(game_deflate_t *z, const unsigned char *src, size_t len,
    unsigned char *dst, size_t size)
{
    size_t     n;
    z_stream  *stream;

    if (size == 0) {
        return 0;
    }

    /* zlib flushes nothing twice; RFC 7692, 7.2.3.6 */

    if (len == 0) {
        dst[0] = 0x00;
        return 1;
    }

    if (len > UINT_MAX) {
        return 0;
    }

    if (size > UINT_MAX) {
        size = UINT_MAX;
    }

    stream = &z->stream;

    stream->next_in = (Bytef *) src;
    stream->avail_in = len;
    stream->next_out = dst;
    stream->avail_out = size;

    if (deflate(stream, Z_SYNC_FLUSH) != Z_OK) {
        (void) deflateReset(stream);
        return 0;
    }

    n = size - stream->avail_out;

    /* without room left over it is not known whether all was flushed */

    if (stream->avail_in
        || stream->avail_out == 0
        || n <= GAME_DEFLATE_TAIL_LEN
        || memcmp(dst + n - GAME_DEFLATE_TAIL_LEN, game_deflate_tail,
                  GAME_DEFLATE_TAIL_LEN)
           != 0)
    {
        (void) deflateReset(stream);
        return 0;
    }

    if (!z->takeover) {
        (void) deflateReset(stream);
    }

    return n - GAME_DEFLATE_TAIL_LEN;
}
