
/*
 * Copyright (C) ngx_game authors
 *
 * The heap of ngx_game_clock.c.  Single-threaded; no clock is read here.
 */


#include "game_heap.h"

#include <stdlib.h>


#define GAME_HEAP_FIRST  64


static void game_heap_up(game_heap_t *heap, size_t i, game_heap_node_t *node);
static void game_heap_down(game_heap_t *heap, size_t i,
    game_heap_node_t *node);


void
game_heap_done(game_heap_t *heap)
{
    free(heap->nodes);

    heap->nodes = NULL;
    heap->count = 0;
    heap->size = 0;
}


int
game_heap_add(game_heap_t *heap, game_heap_node_t *node)
{
    size_t              size;
    game_heap_node_t  **nodes;

    if (heap->count == heap->size) {
        size = heap->size ? heap->size * 2 : GAME_HEAP_FIRST;

        nodes = realloc(heap->nodes, size * sizeof(game_heap_node_t *));
        if (nodes == NULL) {
            return -1;
        }

        heap->nodes = nodes;
        heap->size = size;
    }

    game_heap_up(heap, heap->count++, node);

    return 0;
}


void
game_heap_remove(game_heap_t *heap, game_heap_node_t *node)
{
    size_t             i;
    game_heap_node_t  *last;

    if (node->place == 0) {
        return;
    }

    i = node->place - 1;
    node->place = 0;

    last = heap->nodes[--heap->count];

    if (last == node) {
        return;
    }

    if (i > 0 && last->at < heap->nodes[(i - 1) / 2]->at) {
        game_heap_up(heap, i, last);

    } else {
        game_heap_down(heap, i, last);
    }
}


game_heap_node_t *
game_heap_top(const game_heap_t *heap)
{
    return heap->count ? heap->nodes[0] : NULL;
}


/* puts the node at the place i, that is free, or above it */

static void
game_heap_up(game_heap_t *heap, size_t i, game_heap_node_t *node)
{
    size_t  parent;

    while (i > 0) {
        parent = (i - 1) / 2;

        if (heap->nodes[parent]->at <= node->at) {
            break;
        }

        heap->nodes[i] = heap->nodes[parent];
        heap->nodes[i]->place = i + 1;
        i = parent;
    }

    heap->nodes[i] = node;
    node->place = i + 1;
}


/* puts the node at the place i, that is free, or below it */

static void
game_heap_down(game_heap_t *heap, size_t i, game_heap_node_t *node)
{
    size_t  child;

    for ( ;; ) {
        child = 2 * i + 1;

        if (child >= heap->count) {
            break;
        }

        if (child + 1 < heap->count
            && heap->nodes[child + 1]->at < heap->nodes[child]->at)
        {
            child++;
        }

        if (node->at <= heap->nodes[child]->at) {
            break;
        }

        heap->nodes[i] = heap->nodes[child];
        heap->nodes[i]->place = i + 1;
        i = child;
    }

    heap->nodes[i] = node;
    node->place = i + 1;
}
