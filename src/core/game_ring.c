
/*
 * Copyright (C) ngx_game authors
 *
 * See game_ring.h.  A record is a 64-bit word and its bytes, padded to 8, so
 * that the word never wraps.  The word holds the length and, in its upper
 * half, the complement of the length.  Neither head, tail nor a length that
 * is read from the memory is used before it was checked: whatever is there,
 * no byte outside of the ring is touched.
 */


#include "game_ring.h"

#include <string.h>


_Static_assert(sizeof(game_ring_t) == 128, "the layout of a ring in memory");


static long game_ring_record(game_ring_t *ring, size_t size, uint64_t tail,
    unsigned char *buf, size_t buf_size, unsigned char **record);
static void game_ring_put(game_ring_t *ring, size_t size, uint64_t pos,
    const void *data, size_t len);


int
game_ring_write(game_ring_t *ring, size_t size, const game_ring_part_t *parts,
    unsigned n, int *was_empty)
{
    size_t    len, need;
    uint64_t  head, tail, pos, word;
    unsigned  i;

    len = 0;

    for (i = 0; i < n; i++) {
        if (parts[i].len > size) {
            return -1;
        }

        len += parts[i].len;
    }

    if (len == 0 || len > size / 4) {
        return -1;
    }

    need = game_ring_need(len);

    head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    tail = atomic_load_explicit(&ring->tail, memory_order_acquire);

    /* a corrupt ring has no room until its consumer has reset it */

    if ((head & 7) || head - tail > size || need > size - (head - tail)) {
        return -1;
    }

    word = (uint64_t) len | (uint64_t) (uint32_t) ~len << 32;
    game_ring_put(ring, size, head, &word, sizeof(word));

    pos = head + sizeof(word);

    for (i = 0; i < n; i++) {
        game_ring_put(ring, size, pos, parts[i].data, parts[i].len);
        pos += parts[i].len;
    }

    atomic_store_explicit(&ring->head, head + need, memory_order_release);

    if (was_empty != NULL) {

        /* with the fence in pop: the consumer sees the record before it goes
         * to sleep, or its last pop is seen here */

        atomic_thread_fence(memory_order_seq_cst);

        tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
        *was_empty = (tail == head);
    }

    return 0;
}


static void
game_ring_put(game_ring_t *ring, size_t size, uint64_t pos, const void *data,
    size_t len)
{
    size_t  at, first;

    if (len == 0) {
        return;
    }

    at = (size_t) pos & (size - 1);
    first = size - at;

    if (first >= len) {
        memcpy(ring->data + at, data, len);
        return;
    }

    memcpy(ring->data + at, data, first);
    memcpy(ring->data, (const unsigned char *) data + first, len - first);
}


long
game_ring_peek(game_ring_t *ring, size_t size, unsigned char *buf,
    size_t buf_size, unsigned char **record)
{
    return game_ring_record(ring, size,
                            atomic_load_explicit(&ring->tail,
                                                 memory_order_relaxed),
                            buf, buf_size, record);
}


long
game_ring_look(game_ring_t *ring, size_t size, uint64_t *at,
    unsigned char *buf, size_t buf_size, unsigned char **record)
{
    long  len;

    len = game_ring_record(ring, size, *at, buf, buf_size, record);

    if (len > 0) {
        *at += game_ring_need(len);
    }

    return len;
}


uint64_t
game_ring_left(const game_ring_t *ring)
{
    uint64_t  tail, taken;

    tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);

    return (int64_t) (taken - tail) > 0 ? taken : tail;
}


void
game_ring_take(game_ring_t *ring, size_t len)
{
    uint64_t  tail;

    tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

    atomic_store_explicit(&ring->taken, tail + game_ring_need(len),
                          memory_order_relaxed);
}


/* the record that begins at tail */

static long
game_ring_record(game_ring_t *ring, size_t size, uint64_t tail,
    unsigned char *buf, size_t buf_size, unsigned char **record)
{
    size_t    at, len, first;
    uint64_t  head, word;

    head = atomic_load_explicit(&ring->head, memory_order_acquire);

    if (head == tail) {
        return (tail & 7) ? -1 : 0;
    }

    if (((head | tail) & 7) || head - tail > size) {
        return -1;
    }

    at = (size_t) tail & (size - 1);
    memcpy(&word, ring->data + at, sizeof(word));

    len = (uint32_t) word;

    if (len == 0
        || len > size / 4
        || (uint32_t) (word >> 32) != (uint32_t) ~len
        || game_ring_need(len) > head - tail)
    {
        return -1;
    }

    at = (at + sizeof(word)) & (size - 1);
    first = size - at;

    if (first >= len) {
        *record = ring->data + at;
        return (long) len;
    }

    if (len > buf_size) {
        return -1;
    }

    memcpy(buf, ring->data + at, first);
    memcpy(buf + first, ring->data, len - first);

    *record = buf;

    return (long) len;
}


void
game_ring_pop(game_ring_t *ring, size_t len)
{
    uint64_t  tail;

    tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

    atomic_store_explicit(&ring->tail, tail + game_ring_need(len),
                          memory_order_release);

    /* the next look at head or at starved comes after this store: see the
     * fences in write and in starve */

    atomic_thread_fence(memory_order_seq_cst);
}


void
game_ring_starve(game_ring_t *ring)
{
    atomic_store_explicit(&ring->starved, 1, memory_order_relaxed);

    /* with the fence in pop: the consumer sees the flag, or the next write
     * sees the room */

    atomic_thread_fence(memory_order_seq_cst);
}


int
game_ring_fed(game_ring_t *ring)
{
    if (atomic_load_explicit(&ring->starved, memory_order_relaxed) == 0) {
        return 0;
    }

    return atomic_exchange_explicit(&ring->starved, 0, memory_order_relaxed)
           != 0;
}


void
game_ring_reset(game_ring_t *ring)
{
    uint64_t  head, next;

    head = atomic_load_explicit(&ring->head, memory_order_acquire);

    if (head & 7) {

        /* the producer never writes from such a position, so that the only
         * other one that may change head here is nobody */

        next = (head + 7) & ~(uint64_t) 7;

        if (atomic_compare_exchange_strong(&ring->head, &head, next)) {
            head = next;
        }
    }

    atomic_store_explicit(&ring->tail, head, memory_order_release);
    atomic_thread_fence(memory_order_seq_cst);
}


size_t
game_ring_used(const game_ring_t *ring)
{
    uint64_t  head, tail;

    head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    tail = atomic_load_explicit(&ring->tail, memory_order_acquire);

    return (size_t) (head - tail);
}
