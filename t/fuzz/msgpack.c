
/*
 * Copyright (C) ngx_game authors
 *
 * game_msgpack_check() against a reader that is written from the
 * specification, by recursion.
 *
 * Input: a byte of the depth, the value.
 */


#include "game_msgpack.h"
#include "fuzz.h"


/* what a reader has of the input; p is NULL once something was wrong */

typedef struct {
    const unsigned char  *p;
    const unsigned char  *end;
} reader_t;


static uint64_t
number(reader_t *r, unsigned n)
{
    uint64_t  value;

    if (r->p == NULL || (size_t) (r->end - r->p) < n) {
        r->p = NULL;
        return 0;
    }

    value = 0;

    while (n--) {
        value = value * 256 + *r->p++;
    }

    return value;
}


static void
skip(reader_t *r, uint64_t n)
{
    if (r->p == NULL || (uint64_t) (r->end - r->p) < n) {
        r->p = NULL;
        return;
    }

    r->p += n;
}


static void
finite32(reader_t *r)
{
    float     f;
    uint32_t  bits;

    bits = number(r, 4);
    memcpy(&f, &bits, 4);

    if (f - f != 0) {
        r->p = NULL;
    }
}


static void
finite64(reader_t *r)
{
    double    f;
    uint64_t  bits;

    bits = number(r, 8);
    memcpy(&f, &bits, 8);

    if (f - f != 0) {
        r->p = NULL;
    }
}


static void value(reader_t *r, unsigned depth, int key);


static void
values(reader_t *r, unsigned depth, uint64_t n, int map)
{
    if (depth == 0) {
        r->p = NULL;
    }

    while (n-- && r->p) {
        if (map) {
            value(r, depth - 1, 1);
        }

        value(r, depth - 1, 0);
    }
}


static void
value(reader_t *r, unsigned depth, int key)
{
    int       scalar;
    unsigned  c;

    c = number(r, 1);

    if (r->p == NULL) {
        return;
    }

    scalar = 1;

    if (c <= 0x7f || c >= 0xe0) {
        return;
    }

    if (c <= 0x8f) {
        values(r, depth, c - 0x80, 1);

    } else if (c <= 0x9f) {
        values(r, depth, c - 0x90, 0);

    } else if (c <= 0xbf) {
        skip(r, c - 0xa0);
        scalar = 0;

    } else {

        switch (c) {
        case 0xc0: case 0xc2: case 0xc3:                            break;
        case 0xc4: case 0xd9: skip(r, number(r, 1)); scalar = 0;    break;
        case 0xc5: case 0xda: skip(r, number(r, 2)); scalar = 0;    break;
        case 0xc6: case 0xdb: skip(r, number(r, 4)); scalar = 0;    break;
        case 0xca: finite32(r);                                     break;
        case 0xcb: finite64(r);                                     break;
        case 0xcc: case 0xd0: skip(r, 1); scalar = 0;               break;
        case 0xcd: case 0xd1: skip(r, 2); scalar = 0;               break;
        case 0xce: case 0xd2: skip(r, 4); scalar = 0;               break;
        case 0xcf: case 0xd3: skip(r, 8); scalar = 0;               break;
        case 0xdc: values(r, depth, number(r, 2), 0);               break;
        case 0xdd: values(r, depth, number(r, 4), 0);               break;
        case 0xde: values(r, depth, number(r, 2), 1);               break;
        case 0xdf: values(r, depth, number(r, 4), 1);               break;
        default:   r->p = NULL;                                     break;
        }
    }

    /* `scalar`: nothing that a key may be */

    if (key && scalar) {
        r->p = NULL;
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned        depth;
    reader_t        r;
    const char     *err;
    unsigned char  *copy;

    if (size < 1) {
        return 0;
    }

    depth = data[0] % (GAME_MSGPACK_DEPTH_MAX + 1);
    size--;
    copy = fuzz_copy(data + 1, size);

    r.p = copy;
    r.end = copy + size;
    value(&r, depth, 0);

    err = game_msgpack_check(copy, size, depth);

    FUZZ_CHECK((err == NULL) == (r.p == copy + size));

    free(copy);

    return 0;
}
