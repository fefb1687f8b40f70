
/*
 * Copyright (C) ngx_game authors
 *
 * The generic cell rate algorithm in whole numbers.  Time is counted in units
 * of 1/rate of a microsecond, so that an event costs exactly 1,000,000 units
 * at any rate and nothing is ever rounded.  The state is the theoretical
 * arrival time of the next event in these units, modulo 2^64.
 */


#include "game_rate.h"


#define GAME_RATE_EVENT  UINT64_C(1000000)


/*
 * All is modulo 2^64.  What lies ahead of `now` is at most the burst and one
 * event, below 2^53 units; any other distance means that the state is of the
 * past, or that rate, burst or the clock were changed: the count starts anew.
 * The clock of units wraps after 2^64 / rate microseconds (584 years at 1000
 * a second); an idle state may be taken for a full one only if it is used
 * again within a burst of a whole wrap.
 */

int
game_rate_take(game_rate_t *state, uint64_t now, unsigned rate,
    unsigned burst)
{
    uint64_t  limit, ahead;

    now *= rate;
    limit = burst * GAME_RATE_EVENT;
    ahead = *state - now;

    if (*state == 0 || ahead > limit + GAME_RATE_EVENT) {
        ahead = 0;
    }

    if (ahead > limit) {
        return 0;
    }

    *state = now + ahead + GAME_RATE_EVENT;

    /* 0 says that nothing was counted: one unit less, for the client */

    if (*state == 0) {
        *state = UINT64_MAX;
    }

    return 1;
}
