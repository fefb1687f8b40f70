
/*
 * Copyright (C) ngx_game authors
 *
 * The heap of ngx_game_clock.c.  Single-threaded; no clock is read here.
 */


#include "game_heap.h"

#include <stdlib.h>


#define GAME_HEAP_FIRST  64


static void game_heap_put(game_heap_t *heap, size_t i,
    game_heap_entry_t entry);
static void game_heap_up(game_heap_t *heap, size_t i,
    game_heap_entry_t entry);
static void game_heap_down(game_heap_t *heap, size_t i,
    game_heap_entry_t entry);


void
game_heap_done(game_heap_t *heap)
{
    free(heap->entries);

    heap->entries = NULL;
    heap->count = 0;
    heap->size = 0;
}


int
game_heap_add(game_heap_t *heap, game_heap_node_t *node)
{
    size_t              size;
    game_heap_entry_t  *entries;

    if (heap->count == heap->size) {
        size = heap->size ? heap->size * 2 : GAME_HEAP_FIRST;

        entries = realloc(heap->entries, size * sizeof(game_heap_entry_t));
        if (entries == NULL) {
            return -1;
        }

        heap->entries = entries;
        heap->size = size;
    }

    game_heap_up(heap, heap->count++, (game_heap_entry_t) { node->at, node });

    return 0;
}


void
game_heap_remove(game_heap_t *heap, game_heap_node_t *node)
{
    size_t             i;
    game_heap_entry_t  last;

    if (node->place == 0) {
        return;
    }

    i = node->place - 1;
    node->place = 0;

    last = heap->entries[--heap->count];

    if (last.node == node) {
        return;
    }

    if (i > 0 && last.at < heap->entries[(i - 1) / 2].at) {
        game_heap_up(heap, i, last);

    } else {
        game_heap_down(heap, i, last);
    }
}


game_heap_node_t *
game_heap_top(const game_heap_t *heap)
{
    return heap->count ? heap->entries[0].node : NULL;
}


static void
game_heap_put(game_heap_t *heap, size_t i, game_heap_entry_t entry)
{
    heap->entries[i] = entry;
    entry.node->place = i + 1;
}


/* puts an entry at the place i, that is free, or above it */

static void
game_heap_up(game_heap_t *heap, size_t i, game_heap_entry_t entry)
{
    size_t  parent;

    while (i > 0) {
        parent = (i - 1) / 2;

        if (heap->entries[parent].at <= entry.at) {
            break;
        }

        game_heap_put(heap, i, heap->entries[parent]);
        i = parent;
    }

    game_heap_put(heap, i, entry);
}


/* puts an entry at the place i, that is free, or below it */

static void
game_heap_down(game_heap_t *heap, size_t i, game_heap_entry_t entry)
{
    size_t  child;

    for ( ;; ) {
        child = 2 * i + 1;

        if (child >= heap->count) {
            break;
        }

        if (child + 1 < heap->count
            && heap->entries[child + 1].at < heap->entries[child].at)
        {
            child++;
        }

        if (entry.at <= heap->entries[child].at) {
            break;
        }

        game_heap_put(heap, i, heap->entries[child]);
        i = child;
    }

    game_heap_put(heap, i, entry);
}
