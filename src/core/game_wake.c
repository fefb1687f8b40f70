
/*
 * Copyright (C) ngx_game authors
 *
 * See game_wake.h.  Each side writes its own word before it reads the other's,
 * so that one of them at least sees what the other has written: that something
 * waits, or that the sleep is a long one.
 */


#include "game_wake.h"


_Static_assert(sizeof(game_wake_t) == 64, "a line of the caches");


int
game_wake_sleep(game_wake_t *wake, uint64_t until)
{
    atomic_store(&wake->at, until);

    return atomic_load(&wake->waits) != 0;
}


void
game_wake_look(game_wake_t *wake)
{
    /* an exchange: what is looked at next is no older than the word */

    if (atomic_load(&wake->waits)) {
        (void) atomic_exchange(&wake->waits, 0);
    }
}


int
game_wake_notify(game_wake_t *wake, uint64_t by)
{
    uint64_t  at;

    atomic_store(&wake->waits, 1);

    at = atomic_load(&wake->at);

    return at == 0 || at > by;
}
