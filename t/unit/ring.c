
/*
 * Copyright (C) ngx_game authors
 *
 * game_ring: all lengths at all positions, what is refused, corrupt memory, a
 * producer that is killed at any moment, and two threads that sleep and wake
 * each other by was_empty, starve and fed alone.
 */


#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "game_ring.h"
#include "tap.h"


#define T_SIZE     1024
#define T_MAX      (T_SIZE / 4)
#define T_KILLS    100
#define T_RECORDS  300000


static game_ring_t  *ring;
static uint64_t      seed;


static unsigned
next_random(unsigned n)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;

    return (seed >> 33) % n;
}


/* memory that ends where nothing may be touched */

static void
make_ring(void)
{
    size_t          page, size;
    unsigned char  *p;

    page = (size_t) sysconf(_SC_PAGESIZE);
    size = (sizeof(game_ring_t) + T_SIZE + page - 1) / page * page;

    p = mmap(NULL, size + page, PROT_READ|PROT_WRITE,
             MAP_SHARED|MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED || mprotect(p + size, page, PROT_NONE) != 0) {
        perror("mmap");
        exit(1);
    }

    ring = (game_ring_t *) (p + size - sizeof(game_ring_t) - T_SIZE);
}


static void
clear_ring(void)
{
    memset(ring, 0, sizeof(game_ring_t) + T_SIZE);
}


static void
fill(unsigned char *p, size_t len, uint64_t n)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        p[i] = (unsigned char) (n * 7 + i);
    }
}


/* a record of the number n, in three parts */

static int
put(uint64_t n, size_t len, int *was_empty)
{
    unsigned char     data[T_MAX + 1];
    game_ring_part_t  parts[3];

    fill(data, len, n);

    parts[0].data = data;
    parts[0].len = len / 3;
    parts[1].data = NULL;
    parts[1].len = 0;
    parts[2].data = data + len / 3;
    parts[2].len = len - len / 3;

    return game_ring_write(ring, T_SIZE, parts, 3, was_empty);
}


/* 1 if the oldest record has this number and length; it is popped */

static int
get(uint64_t n, size_t len)
{
    int             same;
    long            rc;
    unsigned char   buf[T_MAX], wanted[T_MAX], *record;

    rc = game_ring_peek(ring, T_SIZE, buf, T_MAX, &record);

    if (rc != (long) len) {
        return 0;
    }

    fill(wanted, len, n);
    same = (memcmp(record, wanted, len) == 0);

    game_ring_pop(ring, len);

    return same;
}


static long
peek(void)
{
    unsigned char  buf[T_MAX], *record;

    return game_ring_peek(ring, T_SIZE, buf, T_MAX, &record);
}


static void
test_lengths(void)
{
    size_t    len, start;
    uint64_t  n, wrong;

    n = 0;
    wrong = 0;

    for (start = 0; start < T_SIZE; start += 8) {

        for (len = 1; len <= T_MAX; len++) {
            clear_ring();
            atomic_store(&ring->head, start);
            atomic_store(&ring->tail, start);

            wrong += (put(++n, len, NULL) != 0);
            wrong += (game_ring_used(ring) != game_ring_need(len));
            wrong += !get(n, len);
            wrong += (peek() != 0);
        }
    }

    is(wrong, 0, "a record of every length at every position");

    clear_ring();

    is(put(1, 0, NULL), -1, "no record without bytes");
    is(put(1, T_MAX + 1, NULL), -1, "none of more than a quarter");
    is(game_ring_used(ring), 0, "and nothing is written");
}


static void
test_queue(void)
{
    size_t    lens[T_SIZE], len;
    uint64_t  in, out, wrong, full, round;

    clear_ring();

    /* the counters go around the end of 32 bits on the way */

    atomic_store(&ring->head, UINT64_C(0xfffffff8));
    atomic_store(&ring->tail, UINT64_C(0xfffffff8));

    in = out = wrong = full = 0;

    for (round = 0; round < 200000; round++) {

        if (next_random(2)) {
            len = 1 + next_random(T_MAX);

            if (put(in, len, NULL) == 0) {
                lens[in++ % T_SIZE] = len;

            } else {
                full++;
                wrong += (T_SIZE - game_ring_used(ring)
                          >= game_ring_need(len));
            }

        } else if (in != out) {
            wrong += !get(out, lens[out % T_SIZE]);
            out++;

        } else {
            wrong += (peek() != 0);
        }
    }

    is(wrong, 0, "records come out in order, as they went in");
    ok(full > 1000 && in > 50000, "and the ring was full at times");
}


static void
test_wake(void)
{
    int  was_empty;

    clear_ring();

    put(1, 10, &was_empty);
    is(was_empty, 1, "the first record wakes the consumer");

    put(2, 10, &was_empty);
    is(was_empty, 0, "the second one does not");

    is(game_ring_fed(ring), 0, "nobody is starved");

    game_ring_starve(ring);

    is(game_ring_fed(ring), 1, "the producer waits for room");
    is(game_ring_fed(ring), 0, "and is told once");
}


static void
test_corrupt(void)
{
    unsigned  i;
    uint64_t  word;

    static const uint64_t  heads[] = {
        1, 7, T_SIZE + 8, UINT64_C(1) << 40, UINT64_MAX, UINT64_MAX - 7
    };

    static const uint64_t  words[] = {
        0, UINT64_C(0xffffffff00000000), 10,
        T_MAX + 1, UINT64_C(0xfffffefe00000101),
        UINT64_C(0xffffffff), UINT64_C(0x00000000ffffffff)
    };

    for (i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        clear_ring();
        put(1, 10, NULL);
        atomic_store(&ring->head, heads[i]);

        is(peek(), -1, "corrupt: head %" PRIx64, heads[i]);
        is(put(2, 10, NULL), -1, "and nothing is written");

        game_ring_reset(ring);

        is(peek(), 0, "empty after the reset");
        is(put(3, 10, NULL), 0, "and in use");
        ok(get(3, 10), "again");

        clear_ring();
        atomic_store(&ring->tail, heads[i]);

        is(peek(), -1, "corrupt: tail %" PRIx64, heads[i]);
    }

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        clear_ring();
        put(1, 10, NULL);
        memcpy(ring->data, &words[i], 8);

        is(peek(), -1, "corrupt: length %" PRIx64, words[i]);
    }

    /* a length that goes beyond head */

    clear_ring();
    put(1, 10, NULL);
    word = 100 | (uint64_t) (uint32_t) ~100 << 32;
    memcpy(ring->data, &word, 8);

    is(peek(), -1, "corrupt: longer than what was written");

    /* one that is too long, in a ring that is full */

    clear_ring();
    atomic_store(&ring->head, T_SIZE);
    word = (T_MAX + 1) | (uint64_t) (uint32_t) ~(T_MAX + 1) << 32;
    memcpy(ring->data, &word, 8);

    is(peek(), -1, "corrupt: more than a quarter");

    /* one that wraps needs a buffer */

    clear_ring();
    atomic_store(&ring->head, T_SIZE - 16);
    atomic_store(&ring->tail, T_SIZE - 16);
    put(1, 100, NULL);

    is(game_ring_peek(ring, T_SIZE, NULL, 0, &(unsigned char *) { NULL }),
       -1, "no buffer for a record that wraps");
}


/* the child writes until it is killed */

static void
produce(void)
{
    uint64_t  n;

    for (n = 0; /* void */ ; n++) {
        while (put(n, 1 + n % T_MAX, NULL) != 0) {
            /* full */
        }
    }
}


static void
test_kill(void)
{
    pid_t            pid;
    uint64_t         n, wrong, all;
    unsigned         i;
    struct timespec  end, now;

    wrong = 0;
    all = 0;

    for (i = 0; i < T_KILLS; i++) {
        clear_ring();

        pid = fork();

        if (pid == 0) {
            produce();
        }

        n = 0;

        clock_gettime(CLOCK_MONOTONIC, &end);
        end.tv_nsec += 1000 * (long) next_random(5000);

        do {
            if (peek() != 0) {
                wrong += !get(n, 1 + n % T_MAX);
                n++;
            }

            clock_gettime(CLOCK_MONOTONIC, &now);

        } while ((now.tv_sec - end.tv_sec) * 1000000000
                 + now.tv_nsec - end.tv_nsec < 0);

        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);

        while (peek() != 0 && wrong == 0) {
            wrong += !get(n, 1 + n % T_MAX);
            n++;
        }

        all += n;
    }

    is(wrong, 0, "a killed producer leaves whole records, %d times", T_KILLS);
    ok(all > T_KILLS, "of which there were some");
}


/*
 * The two orders that sleeping and waking rely on, each as one step of both
 * sides at the same time:
 *   the consumer pops the only record and looks again, the producer writes
 *   one: if the consumer sees nothing, the producer must have seen it empty;
 *   the producer finds no room, says so and tries again, the consumer pops:
 *   if the producer finds no room still, the consumer must have been told.
 */

static _Atomic uint64_t  step_begin, step_end;
static _Atomic unsigned  step_stop;
static unsigned          step_starve;
static int               step_written, step_empty;


static void
step_producer(void)
{
    int  was_empty;

    if (!step_starve) {
        step_written = put(2, 8, &was_empty);
        step_empty = was_empty;
        return;
    }

    game_ring_starve(ring);
    step_written = put(2, 8, NULL);
}


/* what the consumer has to find out by itself if nobody wakes it */

static int
step_consumer(size_t len)
{
    game_ring_pop(ring, len);

    return step_starve ? game_ring_fed(ring) : peek() != 0;
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
        }

        step_producer();

        atomic_store(&step_end, n);
    }
}


static void
test_order(unsigned starve, const char *name)
{
    int               found;
    size_t            len;
    unsigned          delay;
    uint64_t          n, lost, first;
    pthread_t         thread;
    struct timespec   begin, now;

    step_starve = starve;
    atomic_store(&step_begin, 0);
    atomic_store(&step_end, 0);
    atomic_store(&step_stop, 0);

    if (pthread_create(&thread, NULL, step_thread, NULL) != 0) {
        ok(0, "no thread");
        return;
    }

    len = starve ? T_MAX : 8;
    lost = first = 0;

    clock_gettime(CLOCK_MONOTONIC, &begin);

    for (n = 1; /* void */ ; n++) {
        clear_ring();

        put(1, len, NULL);

        while (starve && put(1, 8, NULL) == 0) {
            /* until it is full */
        }

        atomic_store(&step_begin, n);

        /* so that neither side is always the first one */

        for (delay = next_random(1000); delay; delay--) {
            atomic_signal_fence(memory_order_seq_cst);
        }

        found = step_consumer(len);

        while (atomic_load(&step_end) != n) {
            /* the other thread is at it */
        }

        if (starve) {
            lost += (step_written != 0 && !found);
            first += (step_written == 0);

        } else {
            lost += (!step_empty && !found);
            first += (step_empty != 0);
        }

        clock_gettime(CLOCK_MONOTONIC, &now);

        if ((now.tv_sec - begin.tv_sec) * 1000
            + (now.tv_nsec - begin.tv_nsec) / 1000000 > 700)
        {
            break;
        }
    }

    atomic_store(&step_stop, 1);
    pthread_join(thread, NULL);

    is(lost, 0, "%s: no wake-up is lost", name);

    printf("# of %" PRIu64 " times, the consumer was first %" PRIu64 "\n",
           n, first);
}


static sem_t             room, records;
static _Atomic unsigned  stuck;


static void
sleep_on(sem_t *sem)
{
    struct timespec  ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    ts.tv_sec += 5;

    if (sem_timedwait(sem, &ts) != 0) {
        stuck = 1;
    }
}


static void *
producer(void *data)
{
    int       was_empty;
    uint64_t  n;

    (void) data;

    for (n = 0; n < T_RECORDS && !stuck; n++) {

        while (put(n, 1 + n % T_MAX, &was_empty) != 0 && !stuck) {
            game_ring_starve(ring);

            if (put(n, 1 + n % T_MAX, &was_empty) == 0) {
                break;
            }

            sleep_on(&room);
        }

        if (was_empty) {
            sem_post(&records);
        }
    }

    return NULL;
}


static void
test_threads(void)
{
    uint64_t   n, wrong;
    pthread_t  thread;

    clear_ring();

    sem_init(&room, 0, 0);
    sem_init(&records, 0, 0);

    if (pthread_create(&thread, NULL, producer, NULL) != 0) {
        ok(0, "no thread");
        return;
    }

    n = 0;
    wrong = 0;

    while (n < T_RECORDS && !stuck && !wrong) {

        if (peek() == 0) {
            sleep_on(&records);
            continue;
        }

        wrong += !get(n, 1 + n % T_MAX);
        n++;

        if (game_ring_fed(ring)) {
            sem_post(&room);
        }
    }

    if (wrong) {
        stuck = 1;
    }

    pthread_join(thread, NULL);

    is(wrong, 0, "two threads that sleep and wake");
    is(n, T_RECORDS, "all records arrive");
}


/* what a consumer that has died has left, without what it was at */

static void
test_left(void)
{
    long            rc;
    size_t          len;
    uint64_t        at;
    unsigned        i, wrong;
    unsigned char   buf[T_MAX], wanted[T_MAX], *record;

    wrong = 0;

    for (i = 0; i < 200; i++) {
        len = 1 + i % T_MAX;

        wrong += put(i, len, NULL) || put(i + 1, len, NULL)
                 || put(i + 2, len, NULL);

        /* it has handled one, and dies of the next */

        wrong += !get(i, len) || peek() != (long) len;
        game_ring_take(ring, len);

        at = game_ring_left(ring);
        rc = game_ring_look(ring, T_SIZE, &at, buf, T_MAX, &record);

        fill(wanted, len, i + 2);
        wrong += rc != (long) len || memcmp(record, wanted, len) != 0;
        wrong += game_ring_look(ring, T_SIZE, &at, buf, T_MAX, &record) != 0;

        /* nothing of that has changed the ring */

        wrong += !get(i + 1, len) || !get(i + 2, len) || peek() != 0;
        wrong += game_ring_left(ring) != atomic_load(&ring->tail);
    }

    is(wrong, 0, "what is left by a consumer that died, at all places");
}


int
main(void)
{
    seed = 42;

    make_ring();

    test_lengths();
    test_left();
    test_queue();
    test_wake();
    test_corrupt();
    test_kill();
    test_order(0, "records");
    test_order(1, "room");
    test_threads();

    return tap_done();
}
