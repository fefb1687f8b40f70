
/*
 * Copyright (C) ngx_game authors
 *
 * Units of memory that are given out in runs of a power of two, each at a
 * multiple of its length, and are known by a bitmap: the lowest place that
 * fits.  It keeps no other state, so that a bitmap can be made anew from what
 * is in use.
 */


#ifndef GAME_UNITS_H
#define GAME_UNITS_H


#include <stddef.h>
#include <stdint.h>


#define GAME_UNITS_NONE  ((size_t) -1)


/* a set bit: in use.  n is a multiple of 64, all-zero memory: all are free */
typedef struct {
    uint64_t       *bits;
    size_t          n;
} game_units_t;


/* the least power of two that is count or more; count > 0 */
size_t game_units_round(size_t count);

/* the first unit of a run of count, a power of two, that is in use from now
 * on; or GAME_UNITS_NONE */
size_t game_units_take(game_units_t *units, size_t count);

/* marks a run as in use, or as free; what lies beyond the end is ignored */
void game_units_set(game_units_t *units, size_t first, size_t count);
void game_units_free(game_units_t *units, size_t first, size_t count);

/* how many are in use */
size_t game_units_used(const game_units_t *units);


#endif /* GAME_UNITS_H */
