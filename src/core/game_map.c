
/*
 * Copyright (C) ngx_game authors
 *
 * The map of ids: linear probing from a multiplicative hash, at most three
 * quarters full.  A removal shifts the entries behind it back, so there are
 * no tombstones and a lookup ends at the first free cell.  The ids are given
 * out by the server; a client can ask for an id but can't insert one.
 */


#include <stdlib.h>

#include "game_map.h"


#define GAME_MAP_MIN_SIZE  8

/* 2^64 divided by the golden ratio: spreads ids that count up */
#define GAME_MAP_FACTOR    UINT64_C(0x9e3779b97f4a7c15)


typedef struct game_map_cell_s  game_map_cell_t;

struct game_map_cell_s {
    uint64_t        id;           /* 0: the cell is free */
    void           *value;
};


static size_t game_map_home(const game_map_t *map, uint64_t id);
static game_map_cell_t *game_map_find(const game_map_t *map, uint64_t id);
static int game_map_resize(game_map_t *map, size_t size);
static void game_map_close_gap(game_map_t *map, size_t gap);


void
game_map_done(game_map_t *map)
{
    free(map->cells);

    map->cells = NULL;
    map->size = 0;
    map->count = 0;
}


void *
game_map_get(const game_map_t *map, uint64_t id)
{
    if (map->count == 0) {
        return NULL;
    }

    /* the value of a free cell is NULL */

    return game_map_find(map, id)->value;
}


int
game_map_set(game_map_t *map, uint64_t id, void *value)
{
    size_t            size;
    game_map_cell_t  *cell;

    if (id == 0) {
        return -1;
    }

    if (map->count) {
        cell = game_map_find(map, id);

        if (cell->id == id) {
            cell->value = value;
            return 0;
        }
    }

    if (map->count >= map->size / 4 * 3) {
        size = map->size ? map->size * 2 : GAME_MAP_MIN_SIZE;

        if (game_map_resize(map, size) != 0) {
            return -1;
        }
    }

    cell = game_map_find(map, id);
    cell->id = id;
    cell->value = value;
    map->count++;

    return 0;
}


void *
game_map_remove(game_map_t *map, uint64_t id)
{
    void             *value;
    game_map_cell_t  *cell;

    if (map->count == 0) {
        return NULL;
    }

    cell = game_map_find(map, id);

    if (cell->id == 0) {
        return NULL;
    }

    value = cell->value;
    map->count--;

    game_map_close_gap(map, cell - map->cells);

    if (map->size > GAME_MAP_MIN_SIZE && map->count < map->size / 8) {

        /* without memory for a smaller table the larger one stays */

        (void) game_map_resize(map, map->size / 2);
    }

    return value;
}


void *
game_map_next(const game_map_t *map, size_t *cursor, uint64_t *id)
{
    game_map_cell_t  *cell;

    while (*cursor < map->size) {
        cell = &map->cells[(*cursor)++];

        if (cell->id) {
            *id = cell->id;
            return cell->value;
        }
    }

    return NULL;
}


/* where the search for an id starts: the top bits of the product */

static size_t
game_map_home(const game_map_t *map, uint64_t id)
{
    return (id * GAME_MAP_FACTOR) >> (64 - __builtin_ctzll(map->size));
}


/* the cell of the id, or the free one where it belongs; there always is one */

static game_map_cell_t *
game_map_find(const game_map_t *map, uint64_t id)
{
    size_t            i;
    game_map_cell_t  *cell;

    i = game_map_home(map, id);

    for ( ;; ) {
        cell = &map->cells[i];

        if (cell->id == id || cell->id == 0) {
            return cell;
        }

        i = (i + 1) & (map->size - 1);
    }
}


/* -1: no memory, and nothing has changed */

static int
game_map_resize(game_map_t *map, size_t size)
{
    size_t            i;
    game_map_t        larger;
    game_map_cell_t  *cell;

    larger.cells = calloc(size, sizeof(game_map_cell_t));

    if (larger.cells == NULL) {
        return -1;
    }

    larger.size = size;
    larger.count = map->count;

    for (i = 0; i < map->size; i++) {
        cell = &map->cells[i];

        if (cell->id) {
            *game_map_find(&larger, cell->id) = *cell;
        }
    }

    free(map->cells);
    *map = larger;

    return 0;
}


/*
 * Frees a cell: each entry behind it, up to the next free cell, moves into the
 * gap unless that would put it before its home.
 */

static void
game_map_close_gap(game_map_t *map, size_t gap)
{
    size_t            i, mask, home;
    game_map_cell_t  *cells;

    cells = map->cells;
    mask = map->size - 1;

    for (i = (gap + 1) & mask; cells[i].id; i = (i + 1) & mask) {
        home = game_map_home(map, cells[i].id);

        if (((i - home) & mask) >= ((i - gap) & mask)) {
            cells[gap] = cells[i];
            gap = i;
        }
    }

    cells[gap].id = 0;
    cells[gap].value = NULL;
}
