
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
    _Atomic uint32_t               starved; /* producer waits for room */
    _Alignas(64) unsigned char     data[];  /* size is given to each call */
} game_ring_t;


/* a part of a record, as struct iovec without its header */
typedef struct {
    const void     *data;
    size_t          len;
} game_ring_part_t;


/* size of data: a power of two, at least 1024.  All-zero memory is a ring */

/* appends a record made of parts; 0, or -1: no room.  The longest record is
 * size / 4.  *was_empty tells whether the consumer has to be woken */
int game_ring_write(game_ring_t *ring, size_t size,
    const game_ring_part_t *parts, unsigned n, int *was_empty);

/* the oldest record, copied to buf if it wraps, else in place: its length, 0:
 * empty, -1: the ring is corrupt.  game_ring_pop() ends its use */
long game_ring_peek(game_ring_t *ring, size_t size, unsigned char *buf,
    size_t buf_size, unsigned char **record);
void game_ring_pop(game_ring_t *ring, size_t size, size_t len);

/* drops all: for a new owner of either side */
void game_ring_reset(game_ring_t *ring);

size_t game_ring_used(const game_ring_t *ring);


#endif /* GAME_RING_H */
