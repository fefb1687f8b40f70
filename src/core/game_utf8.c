
/*
 * Copyright (C) ngx_game authors
 *
 * The incremental UTF-8 check.  The state holds how many bytes of a character
 * are to come and the bounds of the next one: after some first bytes they are
 * narrower than 80 to BF, which shuts out overlong forms, surrogates and what
 * is above U+10FFFF at the first byte that makes them (RFC 3629, 4).
 */


#include "game_utf8.h"


#define GAME_UTF8_STATE(left, low, high)                                      \
    ((uint32_t) (left) | (uint32_t) (low) << 8 | (uint32_t) (high) << 16)

#define GAME_UTF8_LEFT(state)   ((state) & 0xff)
#define GAME_UTF8_LOW(state)    ((state) >> 8 & 0xff)
#define GAME_UTF8_HIGH(state)   ((state) >> 16)

/* no byte is within its bounds: a text that failed once stays so */
#define GAME_UTF8_FAILED        GAME_UTF8_STATE(1, 0xff, 0)


static uint32_t game_utf8_lead(unsigned c);


int
game_utf8_check(uint32_t *state, const unsigned char *data, size_t len)
{
    unsigned              c, left;
    uint32_t              s;
    const unsigned char  *p, *end;

    s = *state;
    p = data;
    end = data + len;

    while (p < end) {

        if (s == GAME_UTF8_START) {
            p = game_utf8_skip_ascii(p, end);

            if (p == end) {
                break;
            }

            s = game_utf8_lead(*p++);

        } else {
            c = *p++;

            if (c < GAME_UTF8_LOW(s) || c > GAME_UTF8_HIGH(s)) {
                s = GAME_UTF8_FAILED;

            } else {
                left = GAME_UTF8_LEFT(s) - 1;
                s = left ? GAME_UTF8_STATE(left, 0x80, 0xbf)
                         : GAME_UTF8_START;
            }
        }

        if (s == GAME_UTF8_FAILED) {
            *state = s;
            return -1;
        }
    }

    *state = s;

    return 0;
}


int
game_utf8_check_whole(const unsigned char *data, size_t len)
{
    uint32_t  state;

    state = GAME_UTF8_START;

    return game_utf8_check(&state, data, len) == 0 && state == GAME_UTF8_START;
}


/* the state after the first byte of a character of several bytes */

static uint32_t
game_utf8_lead(unsigned c)
{
    if (c >= 0xc2 && c <= 0xdf) {
        return GAME_UTF8_STATE(1, 0x80, 0xbf);
    }

    switch (c) {

    case 0xe0:
        return GAME_UTF8_STATE(2, 0xa0, 0xbf);

    case 0xed:
        return GAME_UTF8_STATE(2, 0x80, 0x9f);

    case 0xf0:
        return GAME_UTF8_STATE(3, 0x90, 0xbf);

    case 0xf1:
    case 0xf2:
    case 0xf3:
        return GAME_UTF8_STATE(3, 0x80, 0xbf);

    case 0xf4:
        return GAME_UTF8_STATE(3, 0x80, 0x8f);
    }

    if (c >= 0xe1 && c <= 0xef) {
        return GAME_UTF8_STATE(2, 0x80, 0xbf);
    }

    return GAME_UTF8_FAILED;
}


size_t
game_utf8_cut(const unsigned char *data, size_t len, size_t max)
{
    size_t    n;
    unsigned  i;

    if (len <= max) {
        return len;
    }

    n = max;

    for (i = 0; i < 4; i++) {

        if ((data[n] & 0xc0) != 0x80) {
            return n;
        }

        if (n == 0) {
            break;
        }

        n--;
    }

    /* no character is that long: the text is not UTF-8, any cut will do */

    return max;
}
