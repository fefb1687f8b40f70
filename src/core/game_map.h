
/*
 * Copyright (C) ngx_game authors
 *
 * A map from a 64-bit id (never 0) to a pointer: open addressing, grows and
 * shrinks.  Pointers are the caller's.
 */


#ifndef GAME_MAP_H
#define GAME_MAP_H


#include <stddef.h>
#include <stdint.h>


typedef struct {
    struct game_map_cell_s  *cells;
    size_t                   size;     /* cells, a power of two, or 0 */
    size_t                   count;    /* entries */
} game_map_t;


/* a zeroed game_map_t is an empty map */
void game_map_done(game_map_t *map);

void *game_map_get(const game_map_t *map, uint64_t id);

/* 0, or -1: no memory.  An entry of that id is replaced */
int game_map_set(game_map_t *map, uint64_t id, void *value);

/* the removed pointer, or NULL */
void *game_map_remove(game_map_t *map, uint64_t id);

/* iterates in no order: *cursor starts at 0; NULL at the end.  The entry that
 * was returned last may be removed while iterating only if the caller starts
 * over afterwards */
void *game_map_next(const game_map_t *map, size_t *cursor, uint64_t *id);


#endif /* GAME_MAP_H */
