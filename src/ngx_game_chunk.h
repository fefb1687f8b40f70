
/*
 * Copyright (C) ngx_game authors
 *
 * Chunks: how a record lies in a ring.  One that is longer than a quarter of
 * the ring is cut, and joined again by its receiver.
 */


#ifndef _NGX_GAME_CHUNK_H_INCLUDED_
#define _NGX_GAME_CHUNK_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_channel.h"

#include "core/game_ring.h"


/* in front of the payload's bytes from offset on */
typedef struct {
    uint64_t                   dst;           /* epoch */
    uint32_t                   total;         /* length of the payload */
    uint32_t                   offset;
    ngx_game_record_t          record;
} ngx_game_chunk_t;


/* a record that has not arrived as a whole yet; zeroed: none */
typedef struct {
    u_char                    *data;          /* allocated, total bytes */
    size_t                     len;           /* that have arrived */
    size_t                     total;
    uint64_t                   src;
    unsigned                   lost:1;        /* no memory: is skipped */
} ngx_game_assembly_t;


/* 1 if a whole record with a payload of len bytes fits in now */
ngx_uint_t ngx_game_chunk_fits(game_ring_t *ring, size_t size, size_t len);

/* writes the next chunk of the payload, whose length is total, from offset on:
 * how many bytes of it were written, or NGX_AGAIN: no room.  *empty: the ring
 * was, so that its reader has to be woken */
ssize_t ngx_game_chunk_write(game_ring_t *ring, size_t size, uint64_t dst,
    ngx_game_record_t *record, const ngx_str_t *parts, ngx_uint_t n,
    size_t total, size_t offset, int *empty);

/* takes a record of a ring apart; NGX_ERROR: it makes no sense */
ngx_int_t ngx_game_chunk_parse(ngx_game_chunk_t *chunk, u_char *data,
    size_t len);

/*
 * Adds the len bytes of a chunk.
 *   NGX_OK        the payload is complete: assembly->data
 *   NGX_AGAIN     it is not yet
 *   NGX_DECLINED  it can't be completed: no memory, or its begin is missing
 */
ngx_int_t ngx_game_chunk_join(ngx_game_assembly_t *assembly,
    ngx_game_chunk_t *chunk, u_char *data, size_t len, ngx_log_t *log);
void ngx_game_chunk_free(ngx_game_assembly_t *assembly);


#endif /* _NGX_GAME_CHUNK_H_INCLUDED_ */
