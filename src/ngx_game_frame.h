
/*
 * Copyright (C) ngx_game authors
 *
 * An outgoing WebSocket frame: encoded once, shared by reference by all the
 * sessions of this worker that it goes to.
 */


#ifndef _NGX_GAME_FRAME_H_INCLUDED_
#define _NGX_GAME_FRAME_H_INCLUDED_


#include "ngx_game.h"
#include "core/game_deflate.h"


struct ngx_game_frame_s {
    uint32_t                   refs;
    uint8_t                    opcode;
    uint8_t                    header_len;
    uint8_t                    bits;          /* of a variant: its window */
    uint8_t                    plain;         /* windows that save nothing */
    size_t                     len;           /* payload */
    ngx_game_frame_t          *deflated;      /* variants by window, made on
                                               * need, that are shared where
                                               * no context is kept */
    u_char                    *data;          /* header and payload */
};


/* a frame with one reference, NULL: no memory.  The payload is copied */
ngx_game_frame_t *ngx_game_frame_create(ngx_uint_t opcode,
    const u_char *payload, size_t len);
void ngx_game_frame_release(ngx_game_frame_t *frame);

#define ngx_game_frame_ref(f)   ((f)->refs++, (f))
#define ngx_game_frame_size(f)  ((f)->header_len + (f)->len)


/* a new frame, with one reference, of the same message compressed by z; NULL:
 * no memory or an error, the frame can be sent as it is */
ngx_game_frame_t *ngx_game_frame_deflate(ngx_game_frame_t *frame,
    game_deflate_t *z);

/* the frame's variant for sessions without context takeover, or the frame
 * itself if that is no longer.  The reference stays the frame's */
ngx_game_frame_t *ngx_game_frame_variant(ngx_game_frame_t *frame,
    const game_deflate_params_t *params);


#endif /* _NGX_GAME_FRAME_H_INCLUDED_ */
