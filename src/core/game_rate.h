
/*
 * Copyright (C) ngx_game authors
 *
 * A rate limit in 8 bytes (the generic cell rate algorithm).
 */


#ifndef GAME_RATE_H
#define GAME_RATE_H


#include <stdint.h>


typedef uint64_t  game_rate_t;   /* zero: nothing was counted yet */


/* counts one event at `now` (microseconds of a monotonic clock): 1 if `rate`
 * events a second with bursts of `burst` more allow it, 0 if not (then it is
 * not counted).  rate > 0 */
int game_rate_take(game_rate_t *state, uint64_t now, unsigned rate,
    unsigned burst);


#endif /* GAME_RATE_H */
