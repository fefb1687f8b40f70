
/*
 * Copyright (C) ngx_game authors
 *
 * Blocks.  All belong to one worker, so a reference count needs no atomics.
 * Where the frames in a block begin is not kept: their headers tell.
 */


#include "ngx_game_block.h"
#include "core/game_ws.h"


/* blocks of the usual size that are kept */
#define NGX_GAME_BLOCK_POOL  256


/* this worker's */
static ngx_game_block_t  *ngx_game_block_pool;
static ngx_uint_t         ngx_game_block_kept;


ngx_game_block_t *
ngx_game_block_create(size_t size)
{
    ngx_game_block_t  *block;

    block = ngx_game_block_pool;

    if (size == NGX_GAME_BLOCK_SIZE && block) {
        ngx_game_block_pool = block->next;
        ngx_game_block_kept--;

        goto done;
    }

    if (size > NGX_MAX_INT32_VALUE) {
        return NULL;
    }

    block = ngx_alloc(sizeof(ngx_game_block_t) + size, ngx_cycle->log);
    if (block == NULL) {
        return NULL;
    }

    block->size = size;

done:

    block->refs = 1;
    block->len = 0;

    return block;
}


void
ngx_game_block_release(ngx_game_block_t *block)
{
    if (--block->refs) {
        return;
    }

    if (block->size != NGX_GAME_BLOCK_SIZE
        || ngx_game_block_kept == NGX_GAME_BLOCK_POOL)
    {
        ngx_free(block);
        return;
    }

    block->next = ngx_game_block_pool;
    ngx_game_block_pool = block;
    ngx_game_block_kept++;
}


size_t
ngx_game_block_frame(ngx_game_block_t *block, ngx_uint_t opcode,
    ngx_uint_t compressed, const u_char *payload, size_t len)
{
    size_t   size;
    u_char  *p;

    p = block->data + block->len;

    size = game_ws_header(p, opcode, compressed, len);

    if (len) {
        ngx_memcpy(p + size, payload, len);
    }

    size += len;
    block->len += size;

    return size;
}


uint32_t
ngx_game_block_boundary(ngx_game_block_t *block, uint32_t pos, uint32_t to)
{
    while (pos < to) {
        pos += game_ws_frame_size(block->data + pos);
    }

    return pos;
}


ngx_uint_t
ngx_game_block_messages(ngx_game_block_t *block, uint32_t pos, uint32_t last)
{
    ngx_uint_t  n;

    for (n = 0; pos < last; pos += game_ws_frame_size(block->data + pos)) {

        if ((block->data[pos] & 0x0f) < GAME_WS_CLOSE) {
            n++;
        }
    }

    return n;
}
