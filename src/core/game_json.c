
/*
 * Copyright (C) ngx_game authors
 *
 * The check walks over the text once, from token to token.  Whether a number
 * fits into a double is decided from its digits: it is infinite from the half
 * between the largest double and the next power of two on.
 */


#include "game_json.h"


/* the first 19 digits of that half, and its power of ten */
#define GAME_JSON_HALF      1797693134862315807ULL
#define GAME_JSON_DIGITS    19
#define GAME_JSON_POWER     308

/* an exponent beyond is cut, it is as infinite or as small then; no text is
 * long enough to make up for it by digits */
#define GAME_JSON_EXPONENT  1000000000000000LL


typedef struct {
    uint64_t    digits;      /* the first ones that count */
    int         n;           /* how many */
    int64_t     power;       /* of ten, of the first one */
} game_json_number_t;


static const unsigned char *game_json_string(const unsigned char *p,
    const unsigned char *end, const char **err);
static const unsigned char *game_json_number(const unsigned char *p,
    const unsigned char *end, const char **err);
static const unsigned char *game_json_digits(const unsigned char *p,
    const unsigned char *end, game_json_number_t *number, int fraction);
static const unsigned char *game_json_exponent(const unsigned char *p,
    const unsigned char *end, game_json_number_t *number);
static int game_json_infinite(const game_json_number_t *number);


const char *
game_json_check(const unsigned char *data, size_t len)
{
    const char           *err;
    const unsigned char  *p, *end;

    p = data;
    end = data + len;
    err = NULL;

    while (p < end && err == NULL) {

        switch (*p) {

        case '"':
            p = game_json_string(p + 1, end, &err);
            break;

        case '-':
        case '0': case '1': case '2': case '3': case '4':
        case '5': case '6': case '7': case '8': case '9':
            p = game_json_number(p, end, &err);
            break;

        case '\0':
            err = "a null byte";
            break;

        default:
            p++;
            break;
        }
    }

    return err;
}


/* p is after the quote; returns the place after the other one, or the end */
static const unsigned char *
game_json_string(const unsigned char *p, const unsigned char *end,
    const char **err)
{
    while (p < end) {

        if (*p < 0x20) {
            *err = "a control character in a string";
            return end;
        }

        if (*p == '"') {
            return p + 1;
        }

        if (*p == '\\' && p + 1 < end && p[1] >= 0x20) {
            p++;
        }

        p++;
    }

    return end;
}


static const unsigned char *
game_json_number(const unsigned char *p, const unsigned char *end,
    const char **err)
{
    const unsigned char  *start;
    game_json_number_t    number;

    number.digits = 0;
    number.n = 0;
    number.power = 0;

    if (*p == '-') {
        p++;
    }

    start = p;
    p = game_json_digits(p, end, &number, 0);

    if (p == start || (*start == '0' && p > start + 1)) {
        *err = "an invalid number";
        return end;
    }

    if (p < end && *p == '.') {
        start = ++p;
        p = game_json_digits(p, end, &number, 1);

        if (p == start) {
            *err = "an invalid number";
            return end;
        }
    }

    if (p < end && (*p | 0x20) == 'e') {
        p = game_json_exponent(p + 1, end, &number);

        if (p == NULL) {
            *err = "an invalid number";
            return end;
        }
    }

    if (game_json_infinite(&number)) {
        *err = "a number is not finite";
        return end;
    }

    return p;
}


/* a run of digits; zeros before the first that counts only move the power */
static const unsigned char *
game_json_digits(const unsigned char *p, const unsigned char *end,
    game_json_number_t *number, int fraction)
{
    for ( /* void */ ; p < end && *p >= '0' && *p <= '9'; p++) {

        if (number->n == 0 && *p == '0') {
            number->power -= fraction;
            continue;
        }

        if (number->n == 0) {
            number->power -= fraction;

        } else if (!fraction) {
            number->power++;
        }

        if (number->n < GAME_JSON_DIGITS) {
            number->digits = number->digits * 10 + (*p - '0');
            number->n++;
        }
    }

    return p;
}


/* p is after the `e`; NULL: there are no digits */
static const unsigned char *
game_json_exponent(const unsigned char *p, const unsigned char *end,
    game_json_number_t *number)
{
    int                   negative;
    int64_t               value;
    const unsigned char  *start;

    negative = (p < end && *p == '-');

    if (p < end && (*p == '-' || *p == '+')) {
        p++;
    }

    start = p;
    value = 0;

    for ( /* void */ ; p < end && *p >= '0' && *p <= '9'; p++) {
        if (value < GAME_JSON_EXPONENT) {
            value = value * 10 + (*p - '0');
        }
    }

    number->power += negative ? -value : value;

    return p == start ? NULL : p;
}


static int
game_json_infinite(const game_json_number_t *number)
{
    int       n;
    uint64_t  digits;

    if (number->n == 0 || number->power < GAME_JSON_POWER) {
        return 0;
    }

    digits = number->digits;

    for (n = number->n; n < GAME_JSON_DIGITS; n++) {
        digits *= 10;
    }

    return number->power > GAME_JSON_POWER || digits >= GAME_JSON_HALF;
}


size_t
game_json_plain_long(unsigned char *dst, const unsigned char *src, size_t len,
    size_t room)
{
    size_t  i, n;

    for (i = 0; i < len && room - i >= GAME_JSON_BYTES; i += n) {
        n = len - i < GAME_JSON_BYTES ? len - i : GAME_JSON_BYTES;

        if (game_json_copy(dst + i, src + i, n) != 0) {
            break;
        }
    }

    while (i < len && src[i] >= 0x20 && src[i] != '"' && src[i] != '\\') {
        dst[i] = src[i];
        i++;
    }

    return i;
}
