
/*
 * Copyright (C) ngx_game authors
 *
 * Runs of less than 64 units lie within a word, longer ones are whole words.
 */


#include <string.h>

#include "game_units.h"


static size_t game_units_take_short(game_units_t *units, size_t count);
static size_t game_units_take_long(game_units_t *units, size_t count);
static uint64_t game_units_mask(size_t count);


size_t
game_units_round(size_t count)
{
    size_t  n;

    n = 1;

    while (n < count) {
        n *= 2;
    }

    return n;
}


size_t
game_units_take(game_units_t *units, size_t count)
{
    return count < 64 ? game_units_take_short(units, count)
                      : game_units_take_long(units, count);
}


static size_t
game_units_take_short(game_units_t *units, size_t count)
{
    size_t    i, at;
    uint64_t  mask, word;

    for (i = 0; i < units->n / 64; i++) {
        word = units->bits[i];

        if (word == UINT64_MAX) {
            continue;
        }

        mask = game_units_mask(count);

        for (at = 0; at < 64; at += count) {

            if ((word & mask << at) == 0) {
                units->bits[i] |= mask << at;
                return i * 64 + at;
            }
        }
    }

    return GAME_UNITS_NONE;
}


static size_t
game_units_take_long(game_units_t *units, size_t count)
{
    size_t  i, k, words;

    words = count / 64;

    for (i = 0; i + words <= units->n / 64; i += words) {

        for (k = 0; k < words; k++) {
            if (units->bits[i + k]) {
                break;
            }
        }

        if (k == words) {
            memset(&units->bits[i], 0xff, words * sizeof(uint64_t));
            return i * 64;
        }
    }

    return GAME_UNITS_NONE;
}


static uint64_t
game_units_mask(size_t count)
{
    return count < 64 ? ((uint64_t) 1 << count) - 1 : UINT64_MAX;
}


void
game_units_set(game_units_t *units, size_t first, size_t count)
{
    size_t  i;

    for (i = first; i < first + count && i < units->n; i++) {
        units->bits[i / 64] |= (uint64_t) 1 << i % 64;
    }
}


void
game_units_free(game_units_t *units, size_t first, size_t count)
{
    size_t  i;

    for (i = first; i < first + count && i < units->n; i++) {
        units->bits[i / 64] &= ~((uint64_t) 1 << i % 64);
    }
}


size_t
game_units_used(const game_units_t *units)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < units->n / 64; i++) {
        n += (size_t) __builtin_popcountll(units->bits[i]);
    }

    return n;
}
