
/*
 * Copyright (C) ngx_game authors
 *
 * Numbers as text.  A fraction is m / 2^s with integers m and s; times a power
 * of ten it has 110 bits at most, so that its first 14 digits, and on which
 * side of the middle between two texts it lies, are exact.
 */


#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "game_number.h"


#define GAME_NUMBER_DIGITS   14
#define GAME_NUMBER_EXACT    9007199254740992.0    /* 2^53 */

/* %g writes no exponent from 0.0001 on, and up to 14 digits */
#define GAME_NUMBER_FIRST    (-4)
#define GAME_NUMBER_LEAST    1e-4
#define GAME_NUMBER_MOST     99999999999999.0

/* a double: its fraction, and the exponent of the fraction's last bit */
#define GAME_NUMBER_BITS     52
#define GAME_NUMBER_BIAS     (1023 + GAME_NUMBER_BITS)


static size_t game_number_integer(char *dst, int64_t n);
static size_t game_number_fraction(char *dst, double n);
static size_t game_number_place(char *dst, uint64_t digits, int exponent);
static void game_number_digits(char *dst, uint64_t digits);
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

static const char  game_number_pair[100][2] = {
    "00", "01", "02", "03", "04", "05", "06", "07", "08", "09",
    "10", "11", "12", "13", "14", "15", "16", "17", "18", "19",
    "20", "21", "22", "23", "24", "25", "26", "27", "28", "29",
    "30", "31", "32", "33", "34", "35", "36", "37", "38", "39",
    "40", "41", "42", "43", "44", "45", "46", "47", "48", "49",
    "50", "51", "52", "53", "54", "55", "56", "57", "58", "59",
    "60", "61", "62", "63", "64", "65", "66", "67", "68", "69",
    "70", "71", "72", "73", "74", "75", "76", "77", "78", "79",
    "80", "81", "82", "83", "84", "85", "86", "87", "88", "89",
    "90", "91", "92", "93", "94", "95", "96", "97", "98", "99"
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

    if (fabs(n) >= GAME_NUMBER_LEAST && fabs(n) < GAME_NUMBER_MOST) {
        sign = (n < 0);
        dst[0] = '-';

        return sign + game_number_fraction(dst + sign, fabs(n));
    }

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
    int                exponent, shift;
    uint64_t           bits, digits;
    unsigned __int128  scaled, rest, half;

    memcpy(&bits, &n, sizeof(double));

    shift = GAME_NUMBER_BIAS - (int) (bits >> GAME_NUMBER_BITS);

    bits &= (1ULL << GAME_NUMBER_BITS) - 1;
    bits |= 1ULL << GAME_NUMBER_BITS;

    /* that of the first digit: log10(2) is 1233 / 4096, rounded down */

    exponent = (GAME_NUMBER_BITS - shift) * 1233 >> 12;
    exponent += (n >= game_number_bound[exponent + 1 - GAME_NUMBER_FIRST]);

    scaled = (unsigned __int128) bits
             * game_number_power[GAME_NUMBER_DIGITS - 1 - exponent];

    digits = (uint64_t) (scaled >> shift);
    half = (unsigned __int128) 1 << (shift - 1);
    rest = scaled & (2 * half - 1);

    /* what is right in the middle goes to the even one, as with printf */

    digits += (rest > half || (rest == half && (digits & 1)));

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
    int    i;
    char  *point, *end;

    /* where they belong behind the point, or one further in front of it */

    point = dst + (exponent < 0 ? 1 : exponent + 1);
    end = dst + (exponent < 0 ? -exponent : 0) + 1;

    game_number_digits(end, digits);
    end += GAME_NUMBER_DIGITS;

    while (end[-1] == '0') {
        end--;
    }

    if (exponent < 0) {
        memset(dst, '0', -exponent + 1);

    } else {
        for (i = 0; i <= exponent; i++) {
            dst[i] = dst[i + 1];
        }
    }

    if (end <= point + 1) {
        return point - dst;
    }

    *point = '.';

    return end - dst;
}


/* all 14 of them, in two halves: those are 32 bits wide */

static void
game_number_digits(char *dst, uint64_t digits)
{
    int       i;
    uint32_t  high, low;

    high = (uint32_t) (digits / 10000000);
    low = (uint32_t) (digits % 10000000);

    for (i = GAME_NUMBER_DIGITS / 2; i > 1; i -= 2) {
        memcpy(dst + i - 2, game_number_pair[high % 100], 2);
        memcpy(dst + GAME_NUMBER_DIGITS / 2 + i - 2,
               game_number_pair[low % 100], 2);

        high /= 100;
        low /= 100;
    }

    dst[0] = '0' + high;
    dst[GAME_NUMBER_DIGITS / 2] = '0' + low;
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
