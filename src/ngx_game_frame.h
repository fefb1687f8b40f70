
/*
 * Copyright (C) ngx_game authors
 *
 * An outgoing message while it is handed out to the sessions of this worker:
 * what several of them share is made once.
 */


#ifndef _NGX_GAME_FRAME_H_INCLUDED_
#define _NGX_GAME_FRAME_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_block.h"
#include "core/game_deflate.h"
#include "core/game_ws.h"


#define NGX_GAME_FRAME_MIN_BITS  9
#define NGX_GAME_FRAME_MAX_BITS  15
#define NGX_GAME_FRAME_BITS                                                   \
    (NGX_GAME_FRAME_MAX_BITS - NGX_GAME_FRAME_MIN_BITS + 1)


/* on the stack of who sends it; the payload is not copied */
struct ngx_game_frame_s {
    ngx_uint_t                 opcode;
    const u_char              *payload;
    size_t                     len;
    ngx_uint_t                 shared;        /* something below was made */
    ngx_game_block_t          *plain;         /* NULL: not made */
    ngx_game_block_t          *deflated[NGX_GAME_FRAME_BITS];
    uint8_t                    useless;       /* windows that save nothing */
};


void ngx_game_frame_init(ngx_game_frame_t *frame, ngx_uint_t opcode,
    const u_char *payload, size_t len);
void ngx_game_frame_done(ngx_game_frame_t *frame);

/* the most that it takes as it is */
#define ngx_game_frame_size(frame)  (GAME_WS_HEADER_MAX + (frame)->len)

/* blocks with the one frame, whose references stay the frame's; NULL: no
 * memory */
ngx_game_block_t *ngx_game_frame_plain(ngx_game_frame_t *frame);

/* for sessions without context takeover; NULL also if that saves nothing, and
 * after any error: the frame can be sent as it is */
ngx_game_block_t *ngx_game_frame_variant(ngx_game_frame_t *frame,
    const game_deflate_params_t *params);

/* a new block, with one reference, of the same message compressed by z; NULL:
 * no memory or an error */
ngx_game_block_t *ngx_game_frame_deflate(ngx_game_frame_t *frame,
    game_deflate_t *z);


#endif /* _NGX_GAME_FRAME_H_INCLUDED_ */
