
/*
 * Copyright (C) ngx_game authors
 *
 * Blocks: memory that whole outgoing frames wait in, one behind the other,
 * shared by reference by all the sessions of this worker that they go to.
 */


#ifndef _NGX_GAME_BLOCK_H_INCLUDED_
#define _NGX_GAME_BLOCK_H_INCLUDED_


#include "ngx_game.h"


typedef struct ngx_game_block_s  ngx_game_block_t;

struct ngx_game_block_s {
    union {
        size_t                 refs;
        ngx_game_block_t      *next;          /* of those kept for reuse */
    };

    uint32_t                   size;          /* of data */
    uint32_t                   len;           /* used */
    u_char                     data[];
};


/* what a block of the usual size holds: those are kept for reuse */
#define NGX_GAME_BLOCK_SIZE  (2048 - sizeof(ngx_game_block_t))


/* an empty block, with one reference, for `size` bytes; NULL: no memory */
ngx_game_block_t *ngx_game_block_create(size_t size);
void ngx_game_block_release(ngx_game_block_t *block);

#define ngx_game_block_ref(block)   ((block)->refs++, (block))
#define ngx_game_block_left(block)  ((size_t) ((block)->size - (block)->len))

/* appends a frame, there must be room for it: its size */
size_t ngx_game_block_frame(ngx_game_block_t *block, ngx_uint_t opcode,
    ngx_uint_t compressed, const u_char *payload, size_t len);

/* the end of the first frame from `pos` on that lies behind or at `to`; both
 * ends of frames are found by their headers */
uint32_t ngx_game_block_boundary(ngx_game_block_t *block, uint32_t pos,
    uint32_t to);

/* how many messages begin in a run of whole frames */
ngx_uint_t ngx_game_block_messages(ngx_game_block_t *block, uint32_t pos,
    uint32_t last);


#endif /* _NGX_GAME_BLOCK_H_INCLUDED_ */
