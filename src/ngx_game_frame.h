
/*
 * Copyright (C) ngx_game authors
 *
 * An outgoing WebSocket frame: encoded once, shared by reference by all the
 * sessions of this worker that it goes to.
 */


#ifndef _NGX_GAME_FRAME_H_INCLUDED_
#define _NGX_GAME_FRAME_H_INCLUDED_


#include "ngx_game.h"


struct ngx_game_frame_s {
    uint32_t                   refs;
    uint8_t                    opcode;
    uint8_t                    header_len;
    size_t                     len;           /* payload */
    ngx_game_frame_t          *deflated;      /* what sessions without context
                                               * takeover share; made on need */
    u_char                    *data;          /* header and payload */
};


/* a frame with one reference, NULL: no memory.  The payload is copied */
ngx_game_frame_t *ngx_game_frame_create(ngx_uint_t opcode, const u_char *payload,
    size_t len);
void ngx_game_frame_release(ngx_game_frame_t *frame);

#define ngx_game_frame_ref(f)   ((f)->refs++, (f))
#define ngx_game_frame_size(f)  ((f)->header_len + (f)->len)


#endif /* _NGX_GAME_FRAME_H_INCLUDED_ */
