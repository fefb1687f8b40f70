
/*
 * Copyright (C) ngx_game authors
 *
 * A binary heap of timers, the earliest on top.  The nodes are embedded in
 * what they are for; the heap holds pointers only.
 */


#ifndef GAME_HEAP_H
#define GAME_HEAP_H


#include <stddef.h>
#include <stdint.h>


typedef struct {
    uint64_t            at;         /* what it is ordered by */
    size_t              place;      /* in the heap, from 1; 0: not in it */
} game_heap_node_t;


/* the order is kept beside the nodes, which are not in the caches */
typedef struct {
    uint64_t            at;
    game_heap_node_t   *node;
} game_heap_entry_t;


typedef struct {
    game_heap_entry_t  *entries;
    size_t              count;
    size_t              size;
} game_heap_t;


/* a zeroed game_heap_t is an empty heap */
void game_heap_done(game_heap_t *heap);

/* 0, or -1: no memory.  The node must not be in a heap */
int game_heap_add(game_heap_t *heap, game_heap_node_t *node);
void game_heap_remove(game_heap_t *heap, game_heap_node_t *node);

/* the earliest node, or NULL */
game_heap_node_t *game_heap_top(const game_heap_t *heap);


#endif /* GAME_HEAP_H */
