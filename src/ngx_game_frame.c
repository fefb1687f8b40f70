
/*
 * Copyright (C) ngx_game authors
 *
 * Outgoing messages, and the compressors that sessions without context
 * takeover share.
 */


#include "ngx_game_frame.h"


#define NGX_GAME_FRAME_LEVELS    10


static void ngx_game_frame_share(ngx_game_frame_t *frame);
static game_deflate_t *ngx_game_frame_deflater(
    const game_deflate_params_t *params);


/* made on need and kept to the end of the worker, see game_deflate.h for what
 * each one costs */
static game_deflate_t
    *ngx_game_frame_deflaters[NGX_GAME_FRAME_BITS][NGX_GAME_FRAME_LEVELS];


void
ngx_game_frame_init(ngx_game_frame_t *frame, ngx_uint_t opcode,
    const u_char *payload, size_t len)
{
    frame->opcode = opcode;
    frame->payload = payload;
    frame->len = len;
    frame->shared = 0;
}


/* most are sent to one session, as they are */

static void
ngx_game_frame_share(ngx_game_frame_t *frame)
{
    if (frame->shared == 0) {
        frame->shared = 1;
        frame->plain = NULL;
        frame->useless = 0;
        ngx_memzero(frame->deflated, sizeof(frame->deflated));
    }
}


void
ngx_game_frame_done(ngx_game_frame_t *frame)
{
    ngx_uint_t  i;

    if (frame->shared == 0) {
        return;
    }

    if (frame->plain) {
        ngx_game_block_release(frame->plain);
    }

    for (i = 0; i < NGX_GAME_FRAME_BITS; i++) {
        if (frame->deflated[i]) {
            ngx_game_block_release(frame->deflated[i]);
        }
    }
}


ngx_game_block_t *
ngx_game_frame_plain(ngx_game_frame_t *frame)
{
    ngx_game_frame_share(frame);

    if (frame->plain == NULL) {
        frame->plain = ngx_game_block_create(ngx_game_frame_size(frame));

        if (frame->plain) {
            (void) ngx_game_block_frame(frame->plain, frame->opcode, 0,
                                        frame->payload, frame->len);
        }
    }

    return frame->plain;
}


ngx_game_block_t *
ngx_game_frame_variant(ngx_game_frame_t *frame,
    const game_deflate_params_t *params)
{
    u_char             header[GAME_WS_HEADER_MAX];
    ngx_uint_t         i;
    game_deflate_t    *z;
    ngx_game_block_t  *block;

    ngx_game_frame_share(frame);

    i = params->server_bits - NGX_GAME_FRAME_MIN_BITS;

    if (frame->deflated[i] || (frame->useless & (1 << i))) {
        return frame->deflated[i];
    }

    z = ngx_game_frame_deflater(params);
    if (z == NULL) {
        return NULL;
    }

    block = ngx_game_frame_deflate(frame, z);

    if (block == NULL) {
        return NULL;
    }

    if (block->len >= game_ws_header(header, frame->opcode, 0, frame->len)
                      + frame->len)
    {
        ngx_game_block_release(block);
        frame->useless |= 1 << i;
        return NULL;
    }

    frame->deflated[i] = block;

    return block;
}


ngx_game_block_t *
ngx_game_frame_deflate(ngx_game_frame_t *frame, game_deflate_t *z)
{
    size_t             size, len;
    u_char            *buf;
    ngx_game_block_t  *block;

    size = game_deflate_bound(z, frame->len);

    buf = ngx_alloc(size, ngx_cycle->log);
    if (buf == NULL) {
        return NULL;
    }

    block = NULL;

    len = game_deflate(z, frame->payload, frame->len, buf, size);

    if (len) {
        block = ngx_game_block_create(GAME_WS_HEADER_MAX + len);
    }

    if (block) {
        (void) ngx_game_block_frame(block, frame->opcode, 1, buf, len);
    }

    ngx_free(buf);

    return block;
}


static game_deflate_t *
ngx_game_frame_deflater(const game_deflate_params_t *params)
{
    game_deflate_t  **z;

    z = &ngx_game_frame_deflaters[params->server_bits
                                  - NGX_GAME_FRAME_MIN_BITS][params->level];

    if (*z == NULL) {
        *z = game_deflate_create(params);
    }

    return *z;
}
