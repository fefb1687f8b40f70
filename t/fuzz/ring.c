
/*
 * Copyright (C) ngx_game authors
 *
 * game_ring in memory that holds anything: nothing beyond it is touched, no
 * record is longer than a quarter of it, and after a reset it is a ring again.
 *
 * Input: head and tail (8 bytes each), a byte of how much of what follows is
 * laid into the ring (times 8), and then a byte for each operation.
 */


#include "game_ring.h"
#include "fuzz.h"


#define FUZZ_SIZE  1024
#define FUZZ_MAX   (FUZZ_SIZE / 4)


typedef struct {
    game_ring_t    *ring;
    unsigned char  *buf;
    size_t          buf_size;
} fuzz_ring_t;


/* the length that peek has returned; all of the record is read */

static long
peek(fuzz_ring_t *f, unsigned char **record)
{
    long            len;
    unsigned char  *copy;

    len = game_ring_peek(f->ring, FUZZ_SIZE, f->buf, f->buf_size, record);

    FUZZ_CHECK(len >= -1 && len <= FUZZ_MAX);

    if (len > 0) {
        FUZZ_CHECK(*record == f->buf
                   || (*record >= f->ring->data
                       && *record + len <= f->ring->data + FUZZ_SIZE));

        copy = fuzz_copy(*record, len);
        free(copy);
    }

    return len;
}


static int
put(fuzz_ring_t *f, unsigned char byte, size_t len)
{
    int                was_empty, rc;
    size_t             used, need;
    unsigned char     *data;
    game_ring_part_t   parts[2];

    data = fuzz_alloc(len);
    memset(data, byte, len);

    parts[0].data = data;
    parts[0].len = len / 2;
    parts[1].data = data + len / 2;
    parts[1].len = len - len / 2;

    used = game_ring_used(f->ring);
    need = game_ring_need(len);

    rc = game_ring_write(f->ring, FUZZ_SIZE, parts, 2, &was_empty);

    if (rc == 0) {
        FUZZ_CHECK(len > 0 && len <= FUZZ_MAX);
        FUZZ_CHECK(used <= FUZZ_SIZE && need <= FUZZ_SIZE - used);
        FUZZ_CHECK(game_ring_used(f->ring) == used + need);
        FUZZ_CHECK(was_empty == (used == 0));
    }

    free(data);

    return rc;
}


/* whatever the memory was: empty, and in use again */

static void
reset(fuzz_ring_t *f, unsigned char byte)
{
    size_t          i, len;
    unsigned char  *record;

    game_ring_reset(f->ring);

    FUZZ_CHECK(game_ring_used(f->ring) == 0);
    FUZZ_CHECK(peek(f, &record) == 0);

    len = 1 + byte;

    FUZZ_CHECK(put(f, byte, len) == 0);

    if (f->buf_size < FUZZ_MAX) {
        game_ring_pop(f->ring, len);
        return;
    }

    FUZZ_CHECK(peek(f, &record) == (long) len);

    for (i = 0; i < len; i++) {
        FUZZ_CHECK(record[i] == byte);
    }

    game_ring_pop(f->ring, len);

    FUZZ_CHECK(peek(f, &record) == 0);
}


static void
step(fuzz_ring_t *f, unsigned char byte)
{
    long            len;
    unsigned char  *record;

    switch (byte % 5) {

    case 0:
    case 1:
        len = peek(f, &record);

        if (len > 0) {
            game_ring_pop(f->ring, len);

        } else if (len < 0 && byte > 128) {
            reset(f, byte);
        }

        break;

    case 2:
        (void) put(f, byte, byte * 2);
        break;

    case 3:
        reset(f, byte);
        break;

    case 4:
        game_ring_starve(f->ring);
        FUZZ_CHECK(game_ring_fed(f->ring) == 1);
        FUZZ_CHECK(game_ring_fed(f->ring) == 0);
        break;
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t       n;
    uint64_t     head, tail;
    fuzz_ring_t  f;

    if (size < 17) {
        return 0;
    }

    f.ring = aligned_alloc(64, sizeof(game_ring_t) + FUZZ_SIZE);
    f.buf_size = (data[16] & 1) ? FUZZ_MAX : data[16];
    f.buf = fuzz_alloc(f.buf_size);

    if (f.ring == NULL) {
        abort();
    }

    memset(f.ring, 0, sizeof(game_ring_t) + FUZZ_SIZE);

    memcpy(&head, data, 8);
    memcpy(&tail, data + 8, 8);

    atomic_store(&f.ring->head, head);
    atomic_store(&f.ring->tail, tail);

    n = data[16] / 2 * 8;
    data += 17;
    size -= 17;

    if (n > size) {
        n = size;
    }

    memcpy(f.ring->data, data, n);

    for ( ; n < size; n++) {
        step(&f, data[n]);
    }

    free(f.buf);
    free(f.ring);

    return 0;
}
