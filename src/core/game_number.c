
/*
 * Copyright (C) ngx_game authors
 *
 * Numbers as text.  A fraction is m / 2^s with integers m and s.  Times the
 * power of ten that leaves 14 digits in front of the point it has 113 bits at
 * most, so that they, and on which side of the middle between two texts it
 * lies, are exact.
 */


#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "game_number.h"


#define GAME_NUMBER_DIGITS   14
#define GAME_NUMBER_EIGHT    100000000             /* has more digits */
#define GAME_NUMBER_EXACT    9007199254740992.0    /* 2^53 */

/* %g writes no exponent from 0.0001 on, and up to 14 digits */
#define GAME_NUMBER_FIRST    (-4)
#define GAME_NUMBER_LEAST    1e-4
#define GAME_NUMBER_MOST     99999999999999.0

/* a double: its fraction, and the exponent of the fraction's last bit */
#define GAME_NUMBER_BITS     52
#define GAME_NUMBER_BIAS     (1023 + GAME_NUMBER_BITS)

/* bits behind the point, of 14 digits in front of it: those of the least
 * fraction, whose exponent is -14 */
#define GAME_NUMBER_SHIFT    (GAME_NUMBER_BITS + 14)


static size_t game_number_integer(char *dst, uint64_t n);
static size_t game_number_fraction(char *dst, double n);
static size_t game_number_place(char *dst, uint64_t digits, int exponent);
static inline uint64_t game_number_eight(uint32_t n);
static inline uint64_t game_number_text(uint64_t digits);
static inline void game_number_store(char *dst, uint64_t text);
static size_t game_number_print(char *dst, double n);


static const uint64_t  game_number_power[] = {
    1ULL, 10ULL, 100ULL, 1000ULL, 10000ULL, 100000ULL, 1000000ULL, 10000000ULL,
    100000000ULL, 1000000000ULL, 10000000000ULL, 100000000000ULL,
    1000000000000ULL, 10000000000000ULL, 100000000000000ULL,
    1000000000000000ULL, 10000000000000000ULL, 100000000000000000ULL
};

/* from 10^-4 to 10^14: no double lies between one of these and the power that
 * it stands for */
static const double  game_number_bound[] = {
    1e-4, 1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
    1e10, 1e11, 1e12, 1e13, 1e14
};


size_t
game_number_format(char *dst, double n)
{
    size_t  sign;

    sign = signbit(n) ? 1 : 0;
    dst[0] = '-';

    if (fabs(n) <= GAME_NUMBER_EXACT && n == (double) (int64_t) n) {
        return sign + game_number_integer(dst + sign, (uint64_t) fabs(n));
    }

    if (fabs(n) >= GAME_NUMBER_LEAST && fabs(n) < GAME_NUMBER_MOST) {
        return sign + game_number_fraction(dst + sign, fabs(n));
    }

    return game_number_print(dst, n);
}


static size_t
game_number_integer(char *dst, uint64_t n)
{
    size_t    len, zeros;
    uint64_t  digits;

    if (n < 10) {
        *dst = '0' + n;
        return 1;
    }

    if (n >= GAME_NUMBER_EIGHT) {
        len = game_number_integer(dst, n / GAME_NUMBER_EIGHT);
        digits = game_number_eight(n % GAME_NUMBER_EIGHT);
        game_number_store(dst + len, game_number_text(digits));

        return len + 8;
    }

    digits = game_number_eight((uint32_t) n);
    zeros = __builtin_ctzll(digits) / 8;

    game_number_store(dst, game_number_text(digits) >> 8 * zeros);

    return 8 - zeros;
}


/* n is positive and within the bounds */

static size_t
game_number_fraction(char *dst, double n)
{
    int                exponent, shift;
    uint64_t           bits, digits, odd;
    unsigned __int128  scaled;

    /* the middle between two digits that follow each other, and a bit less */
    static const unsigned __int128  half =
                       ((unsigned __int128) 1 << (GAME_NUMBER_SHIFT - 1)) - 1;

    memcpy(&bits, &n, sizeof(double));

    shift = GAME_NUMBER_BIAS - (int) (bits >> GAME_NUMBER_BITS);

    bits &= (1ULL << GAME_NUMBER_BITS) - 1;
    bits |= 1ULL << GAME_NUMBER_BITS;

    /* that of the first digit: log10(2) is 1233 / 4096, rounded down */

    exponent = (GAME_NUMBER_BITS - shift) * 1233 >> 12;
    exponent += (n >= game_number_bound[exponent + 1 - GAME_NUMBER_FIRST]);

    scaled = (unsigned __int128) bits
             * (game_number_power[GAME_NUMBER_DIGITS - 1 - exponent]
                << (GAME_NUMBER_SHIFT - shift));

    /* what is right in the middle goes to the even one, as with printf */

    odd = (uint64_t) (scaled >> GAME_NUMBER_SHIFT) & 1;
    digits = (uint64_t) ((scaled + half + odd) >> GAME_NUMBER_SHIFT);

    if (digits == game_number_power[GAME_NUMBER_DIGITS]) {
        digits /= 10;
        exponent++;
    }

    return game_number_place(dst, digits, exponent);
}


/* the digits without the zeros at their end, with a point */

static size_t
game_number_place(char *dst, uint64_t digits, int exponent)
{
    size_t             used, whole;
    uint64_t           first, last;
    unsigned __int128  text;

    /* two more, that are zeros */

    first = game_number_eight((uint32_t) (digits / 1000000));
    last = game_number_eight((uint32_t) (digits % 1000000 * 100));

    used = last ? 16 - __builtin_clzll(last) / 8
                : 8 - __builtin_clzll(first) / 8;

    first = game_number_text(first);
    last = game_number_text(last);

    if (exponent < 0) {
        memcpy(dst, "0.000", 5);
        dst += 1 - exponent;

        game_number_store(dst, first);
        game_number_store(dst + 8, last);

        return 1 - exponent + used;
    }

    whole = exponent + 1;

    game_number_store(dst, first);
    game_number_store(dst + 8, last);

    if (used <= whole) {
        return whole;
    }

    dst += whole;
    *dst++ = '.';

    text = ((unsigned __int128) last << 64 | first) >> 8 * whole;

    game_number_store(dst, (uint64_t) text);
    game_number_store(dst + 8, (uint64_t) (text >> 64));

    return used + 1;
}


/*
 * Eight digits, each in a byte, the first in the lowest: two halves of four,
 * then four of two, and so on, all at once.  A division is a multiplication:
 * 10486 / 2^20 is 1 / 100 for what is below 10000, and 103 / 2^10 1 / 10 for
 * what is below 100.
 */

static uint64_t
game_number_eight(uint32_t n)
{
    uint64_t  x, upper;

    x = (uint64_t) (n % 10000) << 32 | n / 10000;

    upper = (x * 10486 >> 20) & 0x0000007f0000007f;
    x = (x - upper * 100) << 16 | upper;

    upper = (x * 103 >> 10) & 0x000f000f000f000f;
    x = (x - upper * 10) << 8 | upper;

    return x;
}


static uint64_t
game_number_text(uint64_t digits)
{
    return digits | 0x3030303030303030;
}


/* the lowest byte first */

static void
game_number_store(char *dst, uint64_t text)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    text = __builtin_bswap64(text);
#endif

    memcpy(dst, &text, 8);
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
