
/*
 * Copyright (C) ngx_game authors
 *
 * Cutting records into chunks and joining them.  Chunks of one sender arrive
 * in order, so that a receiver joins one record of each sender at a time.
 */


#include "ngx_game.h"
#include "ngx_game_chunk.h"


_Static_assert(sizeof(ngx_game_chunk_t) == 48, "the layout of a chunk");


#define ngx_game_chunk_max(size)  ((size) / 4 - sizeof(ngx_game_chunk_t))


static unsigned ngx_game_chunk_slice(game_ring_part_t *out,
    const ngx_str_t *parts, ngx_uint_t n, size_t offset, size_t len);


ngx_uint_t
ngx_game_chunk_fits(game_ring_t *ring, size_t size, size_t len)
{
    size_t  max, used, need, whole;

    max = ngx_game_chunk_max(size);

    if (len > size) {
        return 0;
    }

    used = game_ring_used(ring);

    if (used > size) {
        return 0;
    }

    whole = len / max;
    need = whole * game_ring_need(sizeof(ngx_game_chunk_t) + max);

    if (len == 0 || len % max) {
        need += game_ring_need(sizeof(ngx_game_chunk_t) + len % max);
    }

    return need <= size - used;
}


ssize_t
ngx_game_chunk_write(game_ring_t *ring, size_t size, uint64_t dst,
    ngx_game_record_t *record, const ngx_str_t *parts, ngx_uint_t n,
    size_t total, size_t offset, int *empty)
{
    size_t             len;
    unsigned           k;
    ngx_game_chunk_t   chunk;
    game_ring_part_t   out[1 + NGX_GAME_CHANNEL_PARTS];

    len = ngx_min(total - offset, ngx_game_chunk_max(size));

    chunk.dst = dst;
    chunk.total = (uint32_t) total;
    chunk.offset = (uint32_t) offset;
    chunk.record = *record;

    out[0].data = &chunk;
    out[0].len = sizeof(ngx_game_chunk_t);

    k = 1 + ngx_game_chunk_slice(&out[1], parts, n, offset, len);

    if (game_ring_write(ring, size, out, k, empty) != 0) {
        return NGX_AGAIN;
    }

    return (ssize_t) len;
}


/* the parts that hold len bytes from offset on */

static unsigned
ngx_game_chunk_slice(game_ring_part_t *out, const ngx_str_t *parts,
    ngx_uint_t n, size_t offset, size_t len)
{
    size_t      part;
    unsigned    k;
    ngx_uint_t  i;

    k = 0;

    for (i = 0; i < n && len > 0; i++) {

        if (offset >= parts[i].len) {
            offset -= parts[i].len;
            continue;
        }

        part = ngx_min(parts[i].len - offset, len);

        out[k].data = parts[i].data + offset;
        out[k].len = part;
        k++;

        offset = 0;
        len -= part;
    }

    return k;
}


ngx_int_t
ngx_game_chunk_parse(ngx_game_chunk_t *chunk, u_char *data, size_t len)
{
    if (len < sizeof(ngx_game_chunk_t)) {
        return NGX_ERROR;
    }

    ngx_memcpy(chunk, data, sizeof(ngx_game_chunk_t));

    len -= sizeof(ngx_game_chunk_t);

    if (chunk->total > NGX_GAME_CHANNEL_MAX
        || chunk->offset > chunk->total
        || len > chunk->total - chunk->offset
        || (len == 0 && chunk->total != 0))
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_game_chunk_join(ngx_game_assembly_t *assembly, ngx_game_chunk_t *chunk,
    u_char *data, size_t len, ngx_log_t *log)
{
    if (chunk->offset == 0) {
        ngx_game_chunk_free(assembly);

        assembly->data = ngx_alloc(chunk->total, log);
        assembly->total = chunk->total;
        assembly->src = chunk->record.src;
        assembly->lost = (assembly->data == NULL);
    }

    if (assembly->src != chunk->record.src
        || assembly->total != chunk->total
        || assembly->len != chunk->offset)
    {
        ngx_game_chunk_free(assembly);
        return NGX_DECLINED;
    }

    if (!assembly->lost) {
        ngx_memcpy(assembly->data + assembly->len, data, len);
    }

    assembly->len += len;

    if (assembly->len < assembly->total) {
        return NGX_AGAIN;
    }

    return assembly->lost ? NGX_DECLINED : NGX_OK;
}


void
ngx_game_chunk_free(ngx_game_assembly_t *assembly)
{
    if (assembly->data) {
        ngx_free(assembly->data);
    }

    ngx_memzero(assembly, sizeof(ngx_game_assembly_t));
}
