
/*
 * Copyright (C) ngx_game authors
 *
 * Numbers as text.  A fraction is scaled to an integer of 14 digits by a power
 * of ten, in the 64 bits of a long double: both are exact, so that the product
 * is off by 2^-17 at most.  Only where it lies that close to the middle of two
 * integers could it be rounded to the wrong one: there snprintf() decides, as
 * it does for what is very large or small.
 */


#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "game_number.h"


#define GAME_NUMBER_DIGITS   14
#define GAME_NUMBER_EXACT    9007199254740992.0    /* 2^53 */

/* %g writes no exponent from 0.0001 on */
#define GAME_NUMBER_LEAST    1e-4
#define GAME_NUMBER_MOST     1e14

/* twice the error, to be safe */
#define GAME_NUMBER_CLOSE    (1.0L / 65536)


static size_t game_number_integer(char *dst, int64_t n);
static size_t game_number_fraction(char *dst, double n);
static size_t game_number_place(char *dst, uint64_t digits, int exponent);
static size_t game_number_print(char *dst, double n);


/* from 10^-3 to 10^14 */
static const double  game_number_bound[] = {
    1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10,
    1e11, 1e12, 1e13, 1e14
};

static const long double  game_number_power[] = {
    1e0L, 1e1L, 1e2L, 1e3L, 1e4L, 1e5L, 1e6L, 1e7L, 1e8L, 1e9L, 1e10L, 1e11L,
    1e12L, 1e13L, 1e14L, 1e15L, 1e16L, 1e17L
};


size_t
game_number_format(char *dst, double n)
{
    size_t  sign;

    if (fabs(n) <= GAME_NUMBER_EXACT && n == (double) (int64_t) n) {

        if (n == 0 && signbit(n)) {
            memcpy(dst, "-0", 2);
            return 2;
        }

        return game_number_integer(dst, (int64_t) n);
    }

#if (LDBL_MANT_DIG >= 64)

    if (fabs(n) >= GAME_NUMBER_LEAST && fabs(n) < GAME_NUMBER_MOST) {
        sign = (n < 0);
        dst[0] = '-';

        return sign + game_number_fraction(dst + sign, fabs(n));
    }

#endif

    return game_number_print(dst, n);
}


static size_t
game_number_integer(char *dst, int64_t n)
{
    char      buf[GAME_NUMBER_MAX];
    char     *p;
    size_t    len;
    uint64_t  left;

    p = buf + sizeof(buf);
    left = n < 0 ? -(uint64_t) n : (uint64_t) n;

    do {
        *--p = '0' + left % 10;
        left /= 10;
    } while (left);

    if (n < 0) {
        *--p = '-';
    }

    len = buf + sizeof(buf) - p;
    memcpy(dst, p, len);

    return len;
}


/* n is positive and within the bounds */

static size_t
game_number_fraction(char *dst, double n)
{
    int          exponent;
    uint64_t     digits;
    long double  scaled, rest;

    /* that of the first digit; next to a power of ten it may be wrong, and
     * then the number of digits is, too */

    for (exponent = -4; n >= game_number_bound[exponent + 4]; exponent++) {
        /* void */
    }

    scaled = n * game_number_power[GAME_NUMBER_DIGITS - 1 - exponent];

    digits = (uint64_t) scaled;
    rest = scaled - digits;

    if (fabsl(rest - 0.5L) < GAME_NUMBER_CLOSE
        || digits >= (uint64_t) GAME_NUMBER_MOST - 1
        || digits < (uint64_t) GAME_NUMBER_MOST / 10)
    {
        return game_number_print(dst, n);
    }

    return game_number_place(dst, digits + (rest > 0.5L), exponent);
}


/* the digits without the zeros at their end, with a point */

static size_t
game_number_place(char *dst, uint64_t digits, int exponent)
{
    int     i, n;
    char    buf[GAME_NUMBER_DIGITS];
    char   *p;

    n = GAME_NUMBER_DIGITS;

    while (digits % 10 == 0) {
        digits /= 10;
        n--;
    }

    for (i = n - 1; i >= 0; i--) {
        buf[i] = '0' + digits % 10;
        digits /= 10;
    }

    p = dst;

    for (i = exponent; i < 0; i++) {
        *p++ = '0';

        if (i == exponent) {
            *p++ = '.';
        }
    }

    for (i = 0; i < n || i <= exponent; i++) {

        if (i == exponent + 1 && exponent >= 0) {
            *p++ = '.';
        }

        *p++ = i < n ? buf[i] : '0';
    }

    return p - dst;
}


static size_t
game_number_print(char *dst, double n)
{
    char  buf[GAME_NUMBER_MAX + 1];
    int   len;

    len = snprintf(buf, sizeof(buf), "%.14g", n);
    memcpy(dst, buf, len);

    return len;
}
