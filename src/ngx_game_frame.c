
/*
 * Copyright (C) ngx_game authors
 *
 * Outgoing frames, and the compressors that sessions without context takeover
 * share.  All belong to one worker, so a reference count needs no atomics.
 */


#include "ngx_game_frame.h"
#include "core/game_ws.h"


#define NGX_GAME_FRAME_MIN_BITS  9
#define NGX_GAME_FRAME_MAX_BITS  15
#define NGX_GAME_FRAME_BITS                                                   \
    (NGX_GAME_FRAME_MAX_BITS - NGX_GAME_FRAME_MIN_BITS + 1)
#define NGX_GAME_FRAME_LEVELS    10


static ngx_game_frame_t *ngx_game_frame_make(ngx_uint_t opcode,
    ngx_uint_t compressed, const u_char *payload, size_t len);
static game_deflate_t *ngx_game_frame_deflater(
    const game_deflate_params_t *params);


/* made on need and kept to the end of the worker, see game_deflate.h for what
 * each one costs */
static game_deflate_t
    *ngx_game_frame_deflaters[NGX_GAME_FRAME_BITS][NGX_GAME_FRAME_LEVELS];


ngx_game_frame_t *
ngx_game_frame_create(ngx_uint_t opcode, const u_char *payload, size_t len)
{
    return ngx_game_frame_make(opcode, 0, payload, len);
}


static ngx_game_frame_t *
ngx_game_frame_make(ngx_uint_t opcode, ngx_uint_t compressed,
    const u_char *payload, size_t len)
{
    ngx_game_frame_t  *frame;

    frame = ngx_alloc(sizeof(ngx_game_frame_t) + GAME_WS_HEADER_MAX + len,
                      ngx_cycle->log);
    if (frame == NULL) {
        return NULL;
    }

    frame->refs = 1;
    frame->opcode = opcode;
    frame->bits = 0;
    frame->plain = 0;
    frame->len = len;
    frame->deflated = NULL;
    frame->data = (u_char *) frame + sizeof(ngx_game_frame_t);
    frame->header_len = game_ws_header(frame->data, opcode, compressed, len);

    if (len) {
        ngx_memcpy(frame->data + frame->header_len, payload, len);
    }

    return frame;
}


void
ngx_game_frame_release(ngx_game_frame_t *frame)
{
    ngx_game_frame_t  *variant;

    if (--frame->refs) {
        return;
    }

    variant = frame->deflated;
    ngx_free(frame);

    if (variant) {
        ngx_game_frame_release(variant);
    }
}


ngx_game_frame_t *
ngx_game_frame_deflate(ngx_game_frame_t *frame, game_deflate_t *z)
{
    size_t             size, len;
    u_char            *buf;
    ngx_game_frame_t  *deflated;

    size = game_deflate_bound(z, frame->len);

    buf = ngx_alloc(size, ngx_cycle->log);
    if (buf == NULL) {
        return NULL;
    }

    len = game_deflate(z, frame->data + frame->header_len, frame->len, buf,
                       size);

    deflated = len ? ngx_game_frame_make(frame->opcode, 1, buf, len) : NULL;

    ngx_free(buf);

    return deflated;
}


/* a variant refers to the next one by its own field `deflated` */

ngx_game_frame_t *
ngx_game_frame_variant(ngx_game_frame_t *frame,
    const game_deflate_params_t *params)
{
    uint8_t            window;
    game_deflate_t    *z;
    ngx_game_frame_t  *variant;

    for (variant = frame->deflated; variant; variant = variant->deflated) {
        if (variant->bits == params->server_bits) {
            return variant;
        }
    }

    window = 1 << (params->server_bits - NGX_GAME_FRAME_MIN_BITS);

    if (frame->plain & window) {
        return frame;
    }

    z = ngx_game_frame_deflater(params);
    if (z == NULL) {
        return frame;
    }

    variant = ngx_game_frame_deflate(frame, z);

    if (variant == NULL) {
        return frame;
    }

    if (variant->len >= frame->len) {
        ngx_game_frame_release(variant);
        frame->plain |= window;
        return frame;
    }

    variant->bits = params->server_bits;
    variant->deflated = frame->deflated;
    frame->deflated = variant;

    return variant;
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
