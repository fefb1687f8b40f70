
/*
 * Copyright (C) ngx_game authors
 *
 * game_rate, microsecond by microsecond against the closed form: by the time
 * t after the first event, burst + 1 + floor(t * rate / 1000000) events fit.
 */


#include <limits.h>

#include "game_rate.h"
#include "tap.h"


/* all events that are allowed at `now`, at most n */

static unsigned
take_all(game_rate_t *state, uint64_t now, unsigned rate, unsigned burst,
    unsigned n)
{
    unsigned  taken;

    for (taken = 0; taken < n; taken++) {
        if (!game_rate_take(state, now, rate, burst)) {
            break;
        }
    }

    return taken;
}


static void
test_exact(uint64_t start, unsigned rate, unsigned burst, uint64_t step)
{
    uint64_t     t, taken, wanted, wrong;
    game_rate_t  state;

    state = 0;
    taken = 0;
    wrong = 0;

    /* steps so short that less than the burst is gained in each */

    for (t = 0; t < 30000 * step; t += step) {
        taken += take_all(&state, start + t, rate, burst, UINT_MAX);
        wanted = burst + 1 + t * rate / 1000000;
        wrong += taken != wanted;
    }

    is(wrong, 0, "%u a second, bursts of %u, from %" PRIu64, rate, burst,
       start);
}


static void
test_burst(void)
{
    game_rate_t  state;

    state = 0;

    is(take_all(&state, 1000, 10, 4, 100), 5, "a burst and one event");
    is(take_all(&state, 1000 + 99999, 10, 4, 100), 0, "then nothing");
    is(take_all(&state, 1000 + 100000, 10, 4, 100), 1, "one in 1/10 s");
    is(take_all(&state, 1000 + 100000, 10, 4, 100), 0, "and one only");
    is(take_all(&state, 3600000000, 10, 4, 100), 5,
       "an idle hour gives a burst, not more");

    state = 0;

    is(take_all(&state, 7, 1000, 0, 10), 1, "no burst: one event");
    is(game_rate_take(&state, 1006, 1000, 0), 0, "too early by 1 us");
    is(game_rate_take(&state, 1006, 1000, 0), 0, "a refusal costs nothing");
    is(game_rate_take(&state, 1007, 1000, 0), 1, "in time");
}


/* each event at the first microsecond where it is due, never one before: the
 * thirds do not add up to a drift.  With a burst of one, since an event that
 * waits for a whole microsecond must not move the next one */

static void
test_no_drift(void)
{
    uint64_t     k, due, early, late;
    game_rate_t  state;

    state = 0;
    early = late = 0;

    is(take_all(&state, 5, 3, 1, 10), 2, "an event and a burst of one");

    for (k = 1; k < 200000; k++) {
        due = 5 + (k * 1000000 + 2) / 3;

        early += game_rate_take(&state, due - 1, 3, 1);
        late += !game_rate_take(&state, due, 3, 1);
    }

    is(early, 0, "18 hours at 3 a second: none early");
    is(late, 0, "none late");
}


static void
test_extremes(void)
{
    unsigned     i;
    uint64_t     now;
    game_rate_t  state;

    static const uint64_t  times[] = {
        0, 1, UINT64_C(1) << 32, UINT64_C(1) << 52, UINT64_C(1) << 63,
        UINT64_MAX - 1, UINT64_MAX
    };

    for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        now = times[i];
        state = 0;
        is(take_all(&state, now, 20, 2, 10), 3, "at %" PRIu64, now);

        state = 0;
        is(take_all(&state, now, UINT_MAX, 2, 10), 3, "the highest rate");

        state = 0;
        is(take_all(&state, now, 1, UINT_MAX, 10000), 10000,
           "the largest burst");
    }

    /* across the wrap of the clock itself */

    state = 0;

    is(take_all(&state, UINT64_MAX - 9, 100000, 0, 9), 1, "before the wrap");
    is(take_all(&state, UINT64_MAX, 100000, 0, 9), 0, "9 us later");
    is(take_all(&state, 0, 100000, 0, 9), 1, "10 us later");
}


static void
test_changes(void)
{
    game_rate_t  state;

    state = 0;
    take_all(&state, 500000000, 10, 4, 100);

    is(take_all(&state, 1000, 10, 4, 100), 5, "a clock set back starts anew");

    state = 0;
    take_all(&state, 500000000, 10, 100, 1000);

    is(take_all(&state, 500000000, 10, 4, 100), 5,
       "a smaller burst starts anew");
    is(take_all(&state, 500000000, 10, 4, 100), 0, "and then holds");
    is(take_all(&state, 500000000, 10, 2, 100), 3,
       "one that is smaller by a little, too");
}


int
main(void)
{
    test_exact(1, 1, 0, 400);
    test_exact(0, 1, 3, 1);
    test_exact(12345678901, 60, 10, 7);
    test_exact(1, 3, 5, 99);
    test_exact(77, 999983, 1, 1);
    test_exact(UINT64_C(1) << 45, 1000000, 2, 1);
    test_exact(3, 1000003, 40, 1);
    test_exact(UINT64_MAX - 500, 250000, 9, 1);

    test_burst();
    test_no_drift();
    test_extremes();
    test_changes();

    return tap_done();
}
