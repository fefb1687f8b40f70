
/*
 * Copyright (C) ngx_game authors
 *
 * A ring is kept when either of its ends changes hands: each chunk names the
 * epochs of both.  What is for a former worker of this slot, or from one whose
 * death was reported or that was never known alive, is dropped and counted.
 * No length or offset is used unchecked; a ring that makes no sense is
 * emptied.
 */


#include "ngx_game.h"
#include "ngx_game_slot.h"
#include "ngx_game_peer.h"
#include "ngx_game_zone.h"
#include "ngx_game_rings.h"
#include "ngx_game_chunk.h"
#include "ngx_game_inbox.h"


/* of one ring in one turn of the loop */
#define NGX_GAME_INBOX_RECORDS  256
#define NGX_GAME_INBOX_BYTES    (1024 * 1024)


/* by slot */
typedef struct {
    game_ring_t                 *ring;
    uint64_t                     src;         /* the last that was let in */
    uint64_t                     gone;        /* reported dead */
    ngx_game_assembly_t          assembly;
    uint64_t                     holder;      /* who sent what is in hand */
    size_t                       held;        /* bytes of it */
    ngx_uint_t                   popped;      /* it is out of the ring */
} ngx_game_inbox_source_t;


typedef struct {
    ngx_game_inbox_source_t     *sources;
    ngx_uint_t                   n;
    ngx_uint_t                   own;         /* slot */
    size_t                       size;        /* of each ring */
    u_char                      *buf;         /* for a record that wraps */
    ngx_log_t                   *log;
    ngx_game_channel_record_pt   handler;
} ngx_game_inbox_t;


static ngx_int_t ngx_game_inbox_take(ngx_uint_t i, u_char *data, size_t len);
static ngx_uint_t ngx_game_inbox_admit(ngx_game_inbox_source_t *source,
    ngx_game_chunk_t *chunk);
static void ngx_game_inbox_deliver(ngx_game_inbox_source_t *source,
    ngx_game_chunk_t *chunk, u_char *data, size_t len);
static void ngx_game_inbox_corrupt(ngx_uint_t i);
static game_ring_t *ngx_game_inbox_ring(ngx_uint_t i);


static ngx_game_inbox_t  ngx_game_inbox;


ngx_int_t
ngx_game_inbox_init(ngx_cycle_t *cycle, ngx_game_channel_record_pt handler)
{
    ngx_game_inbox_t  *inbox;

    inbox = &ngx_game_inbox;

    inbox->n = ngx_game_zone_parts()->slots;
    inbox->own = ngx_game_slot_of(ngx_game_worker.epoch);
    inbox->size = ngx_game_rings_size();
    inbox->log = cycle->log;
    inbox->handler = handler;

    inbox->buf = ngx_palloc(cycle->pool, inbox->size / 4);
    if (inbox->buf == NULL) {
        return NGX_ERROR;
    }

    inbox->sources = ngx_pcalloc(cycle->pool,
                                 inbox->n * sizeof(ngx_game_inbox_source_t));

    return (inbox->sources == NULL) ? NGX_ERROR : NGX_OK;
}


void
ngx_game_inbox_done(void)
{
    ngx_uint_t  i;

    for (i = 0; i < ngx_game_inbox.n; i++) {
        ngx_game_chunk_free(&ngx_game_inbox.sources[i].assembly);
    }

    ngx_game_inbox.n = 0;
}


ngx_uint_t
ngx_game_inbox_receive(ngx_uint_t i)
{
    long               len;
    size_t             bytes;
    u_char            *data;
    ngx_uint_t         n;
    game_ring_t       *ring;
    ngx_game_inbox_t  *inbox;

    inbox = &ngx_game_inbox;

    ring = ngx_game_inbox_ring(i);
    if (ring == NULL) {
        return 0;
    }

    bytes = 0;

    for (n = 0; /* void */ ; n++) {

        len = game_ring_peek(ring, inbox->size, inbox->buf, inbox->size / 4,
                             &data);

        if (len == 0
            || n == NGX_GAME_INBOX_RECORDS
            || bytes > NGX_GAME_INBOX_BYTES)
        {
            break;
        }

        if (len > 0) {
            game_ring_take(ring, (size_t) len);
        }

        inbox->sources[i].popped = 0;

        if (len < 0
            || ngx_game_inbox_take(i, data, (size_t) len) != NGX_OK)
        {
            ngx_game_inbox_corrupt(i);
            len = 0;
            break;
        }

        if (!inbox->sources[i].popped) {
            game_ring_pop(ring, (size_t) len);
        }

        bytes += (size_t) len;
    }

    if (game_ring_fed(ring)) {
        ngx_game_slot_wake(i);
    }

    return len != 0;
}


/* one record of the ring from slot i; NGX_ERROR: it is corrupt */

static ngx_int_t
ngx_game_inbox_take(ngx_uint_t i, u_char *data, size_t len)
{
    ngx_game_chunk_t          chunk;
    ngx_game_inbox_source_t  *source;

    if (ngx_game_chunk_parse(&chunk, data, len) != NGX_OK
        || ngx_game_slot_of(chunk.record.src) != i)
    {
        return NGX_ERROR;
    }

    source = &ngx_game_inbox.sources[i];

    if (!ngx_game_inbox_admit(source, &chunk)) {

        if (chunk.offset == 0) {
            ngx_game_count(ring_dropped, 1);
        }

        return NGX_OK;
    }

    source->holder = chunk.record.src;
    source->held = len;

    ngx_game_inbox_deliver(source, &chunk, data + sizeof(ngx_game_chunk_t),
                           len - sizeof(ngx_game_chunk_t));

    source->holder = 0;

    return NGX_OK;
}


static ngx_uint_t
ngx_game_inbox_admit(ngx_game_inbox_source_t *source, ngx_game_chunk_t *chunk)
{
    uint64_t  src;

    src = chunk->record.src;

    if (chunk->dst != ngx_game_worker.epoch || src <= source->gone) {
        return 0;
    }

    if (src == source->src) {
        return 1;
    }

    /* this reports the death of the one that had the slot before, if that is
     * still to be done, by way of ngx_game_inbox_death() */

    if (!ngx_game_peer_seen(src)) {
        return 0;
    }

    source->src = src;

    return 1;
}


static void
ngx_game_inbox_deliver(ngx_game_inbox_source_t *source,
    ngx_game_chunk_t *chunk, u_char *data, size_t len)
{
    ngx_int_t  rc;

    if (len == chunk->total) {
        ngx_game_count(ring_in, 1);
        ngx_game_inbox.handler(&chunk->record, data, len);
        return;
    }

    rc = ngx_game_chunk_join(&source->assembly, chunk, data, len,
                             ngx_game_inbox.log);

    if (rc == NGX_AGAIN) {
        return;
    }

    if (rc == NGX_OK) {
        ngx_game_count(ring_in, 1);
        ngx_game_inbox.handler(&chunk->record, source->assembly.data,
                               source->assembly.total);

    } else if (chunk->offset + len == chunk->total) {
        ngx_game_count(ring_dropped, 1);
    }

    ngx_game_chunk_free(&source->assembly);
}


static void
ngx_game_inbox_corrupt(ngx_uint_t i)
{
    ngx_log_error(NGX_LOG_ALERT, ngx_game_inbox.log, 0,
                  "corrupt ring from worker slot %ui: its records are lost",
                  i);

    game_ring_reset(ngx_game_inbox.sources[i].ring);
    ngx_game_chunk_free(&ngx_game_inbox.sources[i].assembly);
}


void
ngx_game_inbox_death(uint64_t epoch)
{
    long                      len;
    u_char                   *buf, *data;
    ngx_uint_t                i;
    game_ring_t              *ring;
    ngx_game_chunk_t          chunk;
    ngx_game_inbox_t         *inbox;
    ngx_game_inbox_source_t  *source;

    inbox = &ngx_game_inbox;

    i = ngx_game_slot_of(epoch);
    source = &inbox->sources[i];
    ring = ngx_game_inbox_ring(i);

    /* the death may be found while a record is handled, one of the dead worker
     * even: that may lie in the inbox's buffer, and is not handled again */

    buf = ring ? ngx_alloc(inbox->size / 4, inbox->log) : NULL;

    if (ring && source->holder == epoch) {
        game_ring_pop(ring, source->held);
        source->popped = 1;
    }

    /* ends: the dead one writes no more, and its successor's records stay */

    while (buf) {

        len = game_ring_peek(ring, inbox->size, buf, inbox->size / 4, &data);

        if (len <= 0
            || ngx_game_chunk_parse(&chunk, data, (size_t) len) != NGX_OK
            || chunk.record.src > epoch
            || ngx_game_inbox_take(i, data, (size_t) len) != NGX_OK)
        {
            break;
        }

        game_ring_pop(ring, (size_t) len);
    }

    ngx_free(buf);

    if (source->assembly.src == epoch) {
        ngx_game_chunk_free(&source->assembly);
    }

    source->gone = epoch;
}


static game_ring_t *
ngx_game_inbox_ring(ngx_uint_t i)
{
    ngx_game_inbox_source_t  *source;

    source = &ngx_game_inbox.sources[i];

    if (source->ring == NULL) {
        source->ring = ngx_game_rings_find(i, ngx_game_inbox.own);
    }

    return source->ring;
}
