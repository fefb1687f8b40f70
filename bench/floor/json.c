
/*
 * Copyright (C) ngx_game authors
 *
 * A number is scaled to a whole one of 14 digits, and zeros at its end are
 * left out: several times faster than printf().  The last digit may differ.
 */


#define _GNU_SOURCE

#include "json.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>


#define FLOOR_JSON_DIGITS  14
#define FLOOR_JSON_POWERS  18


static const uint64_t  floor_json_powers[FLOOR_JSON_POWERS + 1] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000,
    10000000000, 100000000000, 1000000000000, 10000000000000,
    100000000000000, 1000000000000000, 10000000000000000, 100000000000000000,
    1000000000000000000
};


static char *floor_json_whole(char *dst, uint64_t n);
static char *floor_json_fraction(char *dst, uint64_t n, unsigned digits);
static const char *floor_json_space(const char *p, const char *end);


char *
floor_json_number(char *dst, double value)
{
    double    size;
    uint64_t  scaled, power;
    unsigned  whole, decimals;

    size = fabs(value);

    if (size != 0 && (size < 1e-4 || size >= 1e9 || isnan(size))) {
        return dst + snprintf(dst, FLOOR_JSON_NUMBER, "%.*g",
                              FLOOR_JSON_DIGITS, value);
    }

    if (value < 0) {
        *dst++ = '-';
    }

    /* zeros after the point don't count where nothing is before it */

    for (whole = 0; size >= floor_json_powers[whole]; whole++) { /* void */ }

    decimals = FLOOR_JSON_DIGITS - whole;

    if (size != 0) {
        while (size * floor_json_powers[decimals + whole
                                        - FLOOR_JSON_DIGITS + 1] < 1)
        {
            decimals++;
        }
    }

    power = floor_json_powers[decimals];
    scaled = llrint(size * power);

    dst = floor_json_whole(dst, scaled / power);

    return floor_json_fraction(dst, scaled % power, decimals);
}


static char *
floor_json_whole(char *dst, uint64_t n)
{
    char      text[20];
    unsigned  i;

    i = sizeof(text);

    do {
        text[--i] = '0' + n % 10;
        n /= 10;
    } while (n);

    memcpy(dst, text + i, sizeof(text) - i);

    return dst + sizeof(text) - i;
}


static char *
floor_json_fraction(char *dst, uint64_t n, unsigned digits)
{
    unsigned  i;

    if (n == 0) {
        return dst;
    }

    while (n % 10 == 0) {
        n /= 10;
        digits--;
    }

    *dst++ = '.';

    for (i = digits; i > 0; i--) {
        dst[i - 1] = '0' + n % 10;
        n /= 10;
    }

    return dst + digits;
}


long
floor_json_field(const char *json, size_t len, const char *name,
    const char **text)
{
    char         quoted[32];
    size_t       n;
    const char  *p, *end;

    end = json + len;
    n = snprintf(quoted, sizeof(quoted), "\"%s\"", name);
    p = memmem(json, len, quoted, n);

    if (p == NULL) {
        return -1;
    }

    p = floor_json_space(p + n, end);

    if (p == end || *p++ != ':') {
        return -1;
    }

    p = floor_json_space(p, end);

    if (p == end || *p++ != '"') {
        return -1;
    }

    for (*text = p; p < end && *p != '"'; p++) {
        if (*p == '\\') {
            p++;
        }
    }

    return p < end ? p - *text : -1;
}


static const char *
floor_json_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')) {
        p++;
    }

    return p;
}
