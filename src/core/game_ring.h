
/*
 * Copyright (C) ngx_game authors
 *
 * A byte ring in shared memory with one producer and one consumer, in two
 * processes.  The producer publishes with a release store of head; either
 * side may be killed at any instruction and the other sees old or new.
 */


#ifndef GAME_RING_H
#define GAME_RING_H


#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>


typedef struct {
    _Alignas(64) _Atomic uint64_t  head;    /* bytes ever written: producer */
    _Alignas(64) _Atomic uint64_t  tail;    /* bytes ever read: consumer */
    _Atomic uint64_t               taken;   /* up to here records are, or are
                                             * being, handled: consumer */
    _Atomic uint32_t               starved; /* producer waits for room */
    _Alignas(64) unsigned char     data[];  /* size is given to each call */
} game_ring_t;


/* a part of a record, as struct iovec without its header */
typedef struct {
    const void     *data;
    size_t          len;
} game_ring_part_t;


/* bytes of the ring that a record of len bytes takes */
#define game_ring_need(len)  ((((size_t) (len)) + 8 + 7) & ~(size_t) 7)


/* size of data: a power of two, at least 1024.  All-zero memory is a ring */

/* appends a record made of parts; 0, or -1: no room.  A record has 1 to
 * size / 4 bytes.  *was_empty tells whether the consumer has to be woken; it
 * may be NULL */
int game_ring_write(game_ring_t *ring, size_t size,
    const game_ring_part_t *parts, unsigned n, int *was_empty);

/* the oldest record, copied to buf if it wraps, else in place: its length, 0:
 * empty, -1: the ring is corrupt.  game_ring_pop() ends its use; len is what
 * peek has returned.  Records of size / 4 need that much of buf */
long game_ring_peek(game_ring_t *ring, size_t size, unsigned char *buf,
    size_t buf_size, unsigned char **record);
void game_ring_pop(game_ring_t *ring, size_t len);

/* what was peeked is about to be handled: if its reader dies of it, it is not
 * among what is left */
void game_ring_take(game_ring_t *ring, size_t len);

/* peek without taking anything, at a place that starts with what is left and
 * moves on to the next record.  For a producer whose consumer is dead */
long game_ring_look(game_ring_t *ring, size_t size, uint64_t *at,
    unsigned char *buf, size_t buf_size, unsigned char **record);
uint64_t game_ring_left(const game_ring_t *ring);

/*
 * The producer found no room: after starve it has to try once more, and only
 * then may it wait to be woken.  The consumer, that has popped, asks with fed,
 * once for each starve, whether it has to wake the producer.
 */
void game_ring_starve(game_ring_t *ring);
int game_ring_fed(game_ring_t *ring);

/* drops all that is in a corrupt ring: for the consumer */
void game_ring_reset(game_ring_t *ring);

/* bytes in use; more than the ring's size if it is corrupt */
size_t game_ring_used(const game_ring_t *ring);


#endif /* GAME_RING_H */
