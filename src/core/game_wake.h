
/*
 * Copyright (C) ngx_game authors
 *
 * In shared memory, of a process that sleeps and of others that have something
 * for it to look at: whether it has to be woken, or wakes up by itself soon.
 * Any of them may be killed at any instruction.
 */


#ifndef GAME_WAKE_H
#define GAME_WAKE_H


#include <stdatomic.h>
#include <stdint.h>


/* all-zero: it does not wake up by itself, and nothing waits */
typedef struct {
    _Alignas(64) _Atomic uint64_t  at;      /* when it does, 0: never */
    _Atomic uint32_t               waits;   /* something, since it looked */
} game_wake_t;


/*
 * The sleeper, before it sleeps: until when at the latest, on a clock that all
 * read; 0: for as long as nobody wakes it.  Not 0 is returned: something waits
 * already.  When it wakes up it has to call it again before it sleeps on.
 */
int game_wake_sleep(game_wake_t *wake, uint64_t until);

/* the sleeper is about to look at what there is */
void game_wake_look(game_wake_t *wake);

/* any other one: something lies where the sleeper looks, and has time until
 * `by`.  Not 0: it has to be woken for that */
int game_wake_notify(game_wake_t *wake, uint64_t by);


#endif /* GAME_WAKE_H */
