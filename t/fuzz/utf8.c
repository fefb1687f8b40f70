
/*
 * Copyright (C) ngx_game authors
 *
 * game_utf8: the first byte at which a text fails is the one that a check by
 * code points finds, however the text is cut; and cuts are between characters.
 *
 * Input: a byte of the piece's length, the text.
 */


#include "game_utf8.h"
#include "fuzz.h"


/* whether some code point from low to high may be written in n bytes */

static int
possible(uint32_t low, uint32_t high, unsigned n)
{
    static const uint32_t  least[] = { 0, 0, 0x80, 0x800, 0x10000 };

    if (low < least[n]) {
        low = least[n];
    }

    if (high > 0x10ffff) {
        high = 0x10ffff;
    }

    return low <= high && !(low >= 0xd800 && high <= 0xdfff);
}


/* the length of the longest possible beginning; *whole: where its last whole
 * character ends */

static size_t
by_code_points(const unsigned char *p, size_t size, size_t *whole)
{
    size_t    pos;
    uint32_t  c, rest;
    unsigned  i, n;

    pos = 0;

    for ( ;; ) {
        *whole = pos;

        if (pos == size) {
            return size;
        }

        c = p[pos];

        if (c < 0x80) {
            pos++;
            continue;
        }

        n = (c >= 0xf8 || c < 0xc0) ? 0 : (c >= 0xf0) ? 4
            : (c >= 0xe0) ? 3 : 2;

        if (n == 0) {
            return pos;
        }

        c &= 0x7f >> n;

        for (i = 1; ; i++) {
            rest = (uint32_t) 1 << (6 * (n - i));

            if (!possible(c * rest, c * rest + rest - 1, n)) {
                return pos + i - 1;
            }

            if (i == n) {
                break;
            }

            if (pos + i == size) {
                return size;
            }

            if ((p[pos + i] & 0xc0) != 0x80) {
                return pos + i;
            }

            c = c << 6 | (p[pos + i] & 0x3f);
        }

        pos += n;
    }
}


/* the text by pieces must pass to `good` and not one byte beyond */

static void
check_pieces(const unsigned char *p, size_t size, size_t step, size_t good,
    size_t whole)
{
    int             rc;
    size_t          pos, n;
    uint32_t        state;
    unsigned char  *piece;

    state = GAME_UTF8_START;

    for (pos = 0; pos < size; pos += n) {
        n = (size - pos < step) ? size - pos : step;

        piece = fuzz_copy(p + pos, n);
        rc = game_utf8_check(&state, piece, n);
        free(piece);

        FUZZ_CHECK((rc == 0) == (pos + n <= good));
        FUZZ_CHECK(rc == 0 || rc == -1);

        if (rc != 0) {
            FUZZ_CHECK(state != GAME_UTF8_START);
            return;
        }
    }

    FUZZ_CHECK((state == GAME_UTF8_START) == (whole == size));
}


static void
check_cuts(const unsigned char *p, size_t size, size_t whole)
{
    size_t         max, n;
    unsigned char  *text;

    text = fuzz_copy(p, size);

    for (max = 0; max <= size + 1 && max < 200; max++) {
        n = game_utf8_cut(text, size, max);

        FUZZ_CHECK(n <= max && n <= size);
        FUZZ_CHECK(max < size || n == size);
        FUZZ_CHECK(max >= size || max - n < 4);

        /* within what is valid */

        if (max < whole) {
            FUZZ_CHECK((p[n] & 0xc0) != 0x80);

            while (++n <= max) {
                FUZZ_CHECK((p[n] & 0xc0) == 0x80);
            }
        }
    }

    free(text);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t  step, good, whole;

    if (size < 1) {
        return 0;
    }

    step = data[0] % 32 + 1;
    data++;
    size--;

    good = by_code_points(data, size, &whole);

    check_pieces(data, size, size ? size : 1, good, whole);
    check_pieces(data, size, step, good, whole);
    check_pieces(data, size, 1, good, whole);

    check_cuts(data, size, whole);

    return 0;
}
