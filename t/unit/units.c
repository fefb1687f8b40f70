
/*
 * Copyright (C) ngx_game authors
 *
 * game_units: places of runs, and a model of what is in use.
 */


#include <stdlib.h>

#include "game_units.h"
#include "tap.h"


#define N  1024


typedef struct {
    size_t          first;
    size_t          count;
} run_t;


static void
places(void)
{
    uint64_t      bits[N / 64];
    game_units_t  units = { bits, N };

    memset(bits, 0, sizeof(bits));

    is(game_units_round(1), 1, "1 unit");
    is(game_units_round(3), 4, "3 units are 4");
    is(game_units_round(64), 64, "64 units");
    is(game_units_round(65), 128, "65 units are 128");

    is(game_units_take(&units, 1), 0, "the first is the lowest");
    is(game_units_take(&units, 4), 4, "at a multiple of its length");
    is(game_units_take(&units, 2), 2, "into the gap");
    is(game_units_take(&units, 1), 1, "into the last gap");
    is(game_units_take(&units, 64), 64, "a whole word");
    is(game_units_take(&units, 128), 128, "two words");
    is(game_units_take(&units, 32), 32, "half a word");
    is(game_units_used(&units), 8 + 64 + 128 + 32, "so many are used");

    game_units_free(&units, 128, 128);
    is(game_units_take(&units, 128), 128, "again");

    is(game_units_take(&units, N), GAME_UNITS_NONE, "not all is free");
    is(game_units_take(&units, 2 * N), GAME_UNITS_NONE, "more than there is");

    game_units_free(&units, N - 1, 100);
    game_units_set(&units, N - 1, 100);
    is(bits[N / 64 - 1], (uint64_t) 1 << 63, "nothing beyond the end");
}


/* random runs: none overlaps, each is aligned, and what is full is so */

static void
model(void)
{
    int            bad;
    size_t         i, k, n, count, first;
    run_t          runs[N];
    uint64_t       bits[N / 64];
    unsigned char  used[N];
    game_units_t   units = { bits, N };

    memset(bits, 0, sizeof(bits));
    memset(used, 0, sizeof(used));

    srand(1);
    bad = 0;
    n = 0;

    for (i = 0; i < 100000 && !bad; i++) {

        if (n && rand() % 2) {
            k = (size_t) rand() % n;

            game_units_free(&units, runs[k].first, runs[k].count);
            memset(used + runs[k].first, 0, runs[k].count);

            runs[k] = runs[--n];
            continue;
        }

        count = (size_t) 1 << rand() % 9;
        first = game_units_take(&units, count);

        if (first == GAME_UNITS_NONE) {

            for (first = 0; first + count <= N; first += count) {
                for (k = 0; k < count && !used[first + k]; k++) { /* void */ }
                bad |= (k == count);
            }

            continue;
        }

        bad |= (first % count != 0 || first + count > N);

        for (k = 0; k < count && !bad; k++) {
            bad |= used[first + k];
            used[first + k] = 1;
        }

        runs[n].first = first;
        runs[n++].count = count;
    }

    ok(!bad, "100000 random runs");

    for (i = 0, k = 0; i < N; i++) {
        k += used[i];
    }

    is(game_units_used(&units), k, "the same are used");
}


int
main(void)
{
    places();
    model();

    return tap_done();
}
