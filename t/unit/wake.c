
/*
 * Copyright (C) ngx_game authors
 *
 * game_wake: who is woken and who is not, and two threads that go to sleep and
 * lay something down at the same moment.
 */


#include <pthread.h>
#include <time.h>

#include "game_wake.h"
#include "tap.h"


/* ms of trials, and a clock that stands still */
#define T_TIME  700
#define T_NOW   1000
#define T_SOON  (T_NOW + 250)


static game_wake_t       wake;

static _Atomic uint64_t  step_begin, step_end;
static _Atomic unsigned  step_stop;
static int               step_woken;


static void
test_answers(void)
{
    is(game_wake_notify(&wake, T_SOON), 1, "who has not said so is woken");
    is(game_wake_sleep(&wake, T_SOON), 1, "something waits before the sleep");
    is(game_wake_sleep(&wake, T_SOON), 1, "until there was a look at it");

    game_wake_look(&wake);

    is(game_wake_sleep(&wake, T_SOON), 0, "nothing waits after the look");
    is(game_wake_notify(&wake, T_SOON), 0, "who wakes up in time is left");
    is(game_wake_notify(&wake, T_NOW), 1, "who does not is woken");

    is(game_wake_sleep(&wake, T_NOW - 1), 1, "the sleep is over");
    is(game_wake_notify(&wake, T_SOON), 0, "who is awake is left alone");

    is(game_wake_sleep(&wake, 0), 1, "a sleep without end");
    is(game_wake_notify(&wake, T_SOON), 1, "that somebody has to end");
}


static void
wait_for(uint64_t loops)
{
    while (loops--) {
        atomic_signal_fence(memory_order_seq_cst);
    }
}


static void *
step_thread(void *data)
{
    uint64_t  n;

    (void) data;

    for (n = 1; /* void */ ; n++) {
        while (atomic_load(&step_begin) != n) {
            if (atomic_load(&step_stop)) {
                return NULL;
            }

            /* so that both cores have it in their caches, and what one writes
             * is seen late by the other */

            (void) atomic_load(&wake.at);
        }

        step_woken = game_wake_notify(&wake, T_SOON);

        atomic_store(&step_end, n);
    }
}


/* one goes to sleep without end, the other lays something down: if the first
 * does not see that something waits, the second must wake it */

static void
test_order(void)
{
    int              seen;
    uint64_t         n, lost, both, first;
    pthread_t        thread;
    struct timespec  begin, now;

    if (pthread_create(&thread, NULL, step_thread, NULL) != 0) {
        ok(0, "no thread");
        return;
    }

    lost = both = first = 0;

    clock_gettime(CLOCK_MONOTONIC, &begin);

    for (n = 1; /* void */ ; n++) {
        game_wake_look(&wake);
        (void) game_wake_sleep(&wake, T_SOON);

        wait_for(500);

        atomic_store(&step_begin, n);

        /* so that neither side is always the first one */

        wait_for(n * 7 % 1500);

        seen = game_wake_sleep(&wake, 0);

        while (atomic_load(&step_end) != n) {
            /* the other thread is at it */
        }

        lost += (!seen && !step_woken);
        first += !seen;
        both += (seen && step_woken);

        clock_gettime(CLOCK_MONOTONIC, &now);

        if ((now.tv_sec - begin.tv_sec) * 1000
            + (now.tv_nsec - begin.tv_nsec) / 1000000 > T_TIME)
        {
            break;
        }
    }

    atomic_store(&step_stop, 1);
    pthread_join(thread, NULL);

    is(lost, 0, "no wake-up is lost");

    printf("# of %" PRIu64 " times, the sleeper was first %" PRIu64 ", both "
           "at once %" PRIu64 "\n", n, first, both);
}


int
main(void)
{
    test_answers();
    test_order();

    return tap_done();
}
