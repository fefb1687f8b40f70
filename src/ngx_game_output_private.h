
/*
 * Copyright (C) ngx_game authors
 *
 * The queue of a session: a ring of pieces, runs of whole frames in blocks,
 * that exists only while something waits.
 */


#ifndef _NGX_GAME_OUTPUT_PRIVATE_H_INCLUDED_
#define _NGX_GAME_OUTPUT_PRIVATE_H_INCLUDED_


#include "ngx_game_transport.h"


typedef struct {
    ngx_game_block_t          *block;
    uint32_t                   start;         /* offsets in the block */
    uint32_t                   pos;           /* all before it is written */
    uint32_t                   last;
    unsigned                   messages:31;
    unsigned                   pong:1;
} ngx_game_piece_t;


struct ngx_game_output_s {
    uint32_t                   size;          /* of the ring */
    uint32_t                   head;          /* pieces ever taken out, modulo
                                               * 2^32 */
    uint32_t                   tail;          /* ... and put in */
    uint32_t                   pongs;         /* how many wait */
    uint32_t                   pong;          /* where the last of them is */
    size_t                     bytes;         /* that wait, all pieces */
    union {
        ngx_game_block_t      *block;         /* what frames are copied to,
                                               * NULL: none yet */
        ngx_game_output_t     *next;          /* of those kept for reuse */
    };
    ngx_game_piece_t           pieces[];
};


/* what a waiting piece costs besides its bytes, roughly */
#define NGX_GAME_OUTPUT_COST  64

#define ngx_game_output_waits(out)                                            \
    ((out)->bytes + ((out)->tail - (out)->head) * NGX_GAME_OUTPUT_COST)

#define ngx_game_output_at(out, i)  (&(out)->pieces[(i) & ((out)->size - 1)])


/* takes out so many bytes, and frees an empty queue */
void ngx_game_output_written(ngx_game_session_t *s, size_t bytes);


#endif /* _NGX_GAME_OUTPUT_PRIVATE_H_INCLUDED_ */
