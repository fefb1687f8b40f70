
/*
 * Copyright (C) ngx_game authors
 *
 * game_utf8, against a decoder that is written from the definition: a code
 * point by its bytes, then its range.
 */


#include <stdlib.h>

#include "game_utf8.h"
#include "tap.h"


/* the whole text in memory of its exact size; 1: valid, 0: a possible start,
 * -1: not valid */

static int
judge(const void *data, size_t len, size_t step)
{
    int             rc;
    size_t          pos, n;
    uint32_t        state;
    unsigned char  *p;

    p = malloc(len ? len : 1);

    if (p == NULL) {
        abort();
    }

    memcpy(p, data, len);

    state = GAME_UTF8_START;
    rc = 0;

    for (pos = 0; pos < len && rc == 0; pos += n) {
        n = (len - pos < step) ? len - pos : step;
        rc = game_utf8_check(&state, p + pos, n);
    }

    free(p);

    return rc ? -1 : state == GAME_UTF8_START;
}


/* by the book, RFC 3629, 3, without a check; returns 1 to 4 */

static int
encode(uint32_t c, unsigned char *p)
{
    if (c < 0x80) {
        p[0] = c;
        return 1;
    }

    if (c < 0x800) {
        p[0] = 0xc0 | c >> 6;
        p[1] = 0x80 | (c & 0x3f);
        return 2;
    }

    if (c < 0x10000) {
        p[0] = 0xe0 | c >> 12;
        p[1] = 0x80 | (c >> 6 & 0x3f);
        p[2] = 0x80 | (c & 0x3f);
        return 3;
    }

    p[0] = 0xf0 | c >> 18;
    p[1] = 0x80 | (c >> 12 & 0x3f);
    p[2] = 0x80 | (c >> 6 & 0x3f);
    p[3] = 0x80 | (c & 0x3f);
    return 4;
}


static void
test_all_code_points(void)
{
    int            n, valid;
    uint32_t       c, state, wrong;
    unsigned char  p[4];

    wrong = 0;

    for (c = 0; c < 0x1fffff; c++) {
        n = encode(c, p);
        valid = c < 0x110000 && (c < 0xd800 || c > 0xdfff);
        state = GAME_UTF8_START;

        if ((game_utf8_check(&state, p, n) == 0
             && state == GAME_UTF8_START)
            != valid)
        {
            wrong++;
        }

        if (game_utf8_valid(p, n) != valid
            || game_utf8_valid(p, n - 1) != (n == 1))
        {
            wrong++;
        }
    }

    is(wrong, 0, "every code point, surrogates, and what is above U+10FFFF");
}


/* a character, whole and broken, at each place of a text of each length */

static void
test_places(void)
{
    size_t         len, at;
    uint32_t       wrong;
    unsigned char  text[40];

    wrong = 0;

    for (len = 2; len <= sizeof(text); len++) {
        for (at = 0; at + 2 <= len; at++) {
            memset(text, 'a', len);
            text[at] = 0xc3;
            wrong += judge(text, len, len) != -1 || game_utf8_valid(text, len);

            text[at + 1] = 0xa4;
            wrong += judge(text, len, len) != 1 || !game_utf8_valid(text, len);
            wrong += judge(text, len, 7) != 1;
        }
    }

    is(wrong, 0, "a character at each place of a text");
}


/* all 1 and 2-byte texts, and all 3-byte ones by their number: what
 * RFC 3629, 4 allows can be counted */

static void
test_counts(void)
{
    unsigned       a, b, c, one, two, three;
    unsigned char  p[3];

    one = two = three = 0;

    for (a = 0; a < 256; a++) {
        p[0] = a;
        one += judge(p, 1, 1) == 1;
    }

    is(one, 128, "texts of one byte");

    for (a = 0; a < 256; a++) {
        for (b = 0; b < 256; b++) {
            p[0] = a;
            p[1] = b;
            two += judge(p, 2, 2) == 1;
        }
    }

    is(two, 128 * 128 + 1920, "texts of two bytes");

    for (a = 0xc0; a < 256; a++) {
        for (b = 0x70; b < 256; b++) {
            for (c = 0x70; c < 256; c++) {
                uint32_t  state = GAME_UTF8_START;

                p[0] = a;
                p[1] = b;
                p[2] = c;
                three += game_utf8_check(&state, p, 3) == 0
                         && state == GAME_UTF8_START;
            }
        }
    }

    /* two bytes and one of 70 to 7f, or three without surrogates */

    is(three, 1920 * 16 + 65536 - 2048 - 2048, "texts of three bytes");
}


static void
test_fail_fast(void)
{
    size_t         i, j, at;
    uint32_t       state;

    static const struct {
        const char  *text;
        size_t       bad;     /* the first byte that can't be */
        const char  *name;
    } t[] = {
        { "\x80", 0, "a lone continuation" },
        { "\xc0\x80", 0, "an overlong zero" },
        { "\xc1\xbf", 0, "an overlong 7F" },
        { "\xe0\x9f\xbf", 1, "an overlong 7FF" },
        { "\xf0\x8f\xbf\xbf", 1, "an overlong FFFF" },
        { "\xf4\x90\x80\x80", 1, "above 10FFFF" },
        { "\xf5\x80\x80\x80", 0, "F5" },
        { "\xff", 0, "FF" },
        { "\xed\xa0\x80", 1, "a surrogate" },
        { "abcdefghijkl\xe2(", 13, "ASCII in place of a continuation" },
        { "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80" "edited",
          12, "Greek, then a surrogate" }
    };

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        state = GAME_UTF8_START;
        at = SIZE_MAX;

        for (j = 0; j < strlen(t[i].text); j++) {

            if (game_utf8_check(&state,
                                (const unsigned char *) t[i].text + j, 1)
                != 0)
            {
                at = j;
                break;
            }
        }

        is(at, t[i].bad, "%s fails at once", t[i].name);
        is(judge(t[i].text, strlen(t[i].text), 100), -1, "as a whole, too");
        is(game_utf8_check(&state, (const unsigned char *) "a", 1), -1,
           "and stays failed");
    }
}


/* a bad byte at each place around the steps of 8 */

static void
test_steps(void)
{
    size_t         len, at, step, wrong;
    unsigned char  buf[40];

    wrong = 0;

    for (len = 1; len <= sizeof(buf); len++) {
        for (at = 0; at <= len; at++) {
            memset(buf, 'a', len);

            if (at < len) {
                buf[at] = 0xff;
            }

            for (step = 1; step <= len; step++) {
                wrong += judge(buf, len, step) != (at < len ? -1 : 1);
            }
        }
    }

    is(wrong, 0, "a bad byte is seen at any place and in any piece");

    is(judge("", 0, 1), 1, "no text is valid");
    is(judge("\xe2\x82\xac", 3, 1), 1, "a character in pieces");
    is(judge("abcdefgh\xe2\x82", 10, 10), 0, "a cut character is no end");
}


static void
test_cut(void)
{
    size_t         max, got, wrong, len, i;
    const char    *text = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x8e\xae" "b";

    len = strlen(text);
    wrong = 0;

    for (max = 0; max <= len + 2; max++) {
        got = game_utf8_cut((const unsigned char *) text, len, max);

        /* valid to here, and the next character does not fit */

        wrong += got > max || got > len || judge(text, got, 100) != 1;

        for (i = got + 1; i <= max && i <= len; i++) {
            wrong += judge(text, i, 100) == 1;
        }
    }

    is(wrong, 0, "a cut is between characters and as long as can be");

    is(game_utf8_cut((const unsigned char *) "abc", 3, 9), 3, "no cut");
    is(game_utf8_cut((const unsigned char *) "", 0, 0), 0, "nothing to cut");
    is(game_utf8_cut((const unsigned char *) "\xc3\xa4", 2, 1), 0,
       "not even a character");
    is(game_utf8_cut((const unsigned char *) "\x80\x80\x80\x80\x80\x80\x80", 7,
                     5),
       5, "what is no UTF-8 is cut anywhere");
    is(game_utf8_cut((const unsigned char *) "\x80\x80\x80", 3, 1), 1,
       "at its start, too");
}


int
main(void)
{
    test_all_code_points();
    test_places();
    test_counts();
    test_fail_fast();
    test_steps();
    test_cut();

    return tap_done();
}
