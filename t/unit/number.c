
/*
 * Copyright (C) ngx_game authors
 *
 * game_number against snprintf(): numbers of all sizes, as games have them,
 * and those next to the middle of two texts, where rounding is hardest.
 */


#include <math.h>
#include <stdlib.h>

#include "game_number.h"
#include "tap.h"


static uint64_t
random64(void)
{
    static uint64_t  x = 88172645463325252ULL;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;

    return x;
}


static int
is_right(double n)
{
    char    got[GAME_NUMBER_MAX], wanted[64];
    size_t  len;

    len = game_number_format(got, n);
    got[len < GAME_NUMBER_MAX ? len : GAME_NUMBER_MAX - 1] = '\0';

    if (fabs(n) <= 9007199254740992.0 && n == floor(n)) {
        snprintf(wanted, sizeof(wanted), "%.0f", n);

    } else {
        snprintf(wanted, sizeof(wanted), "%.14g", n);
    }

    if (len == strlen(wanted) && strcmp(got, wanted) == 0) {
        return 1;
    }

    printf("# %.17g is \"%s\", not \"%s\"\n", n, wanted, got);

    return 0;
}


static void
test_known(void)
{
    size_t  i;

    static const double  numbers[] = {
        0.0, -0.0, 1, -1, 10, 99, 100, 0.1, -0.1, 0.5, 1.5, 2.5, 0.0001,
        0.00012, 0.0001234567890123456, 0.00009999999999999999, 1e-5, 1e-300,
        5e-324, 9.99999999999999, 9.999999999999999, 99999999999999.5,
        99999999999999.9, 99999999999998.5, 12345678901234.5, 1e14, 1e15, 1e16,
        1e17, 1e21, 1e22, 1.7976931348623157e308, 9007199254740991.0,
        9007199254740992.0, 9007199254740994.0, -9007199254740992.0,
        123456789012345.0, 1234567890123456.0, 0.3, 2.0 / 3, 1.0 / 3,
        310.5, 199.99, 200.123456789, -10.5, 4.440892098500626e-16
    };

    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        ok(is_right(numbers[i]), "%.17g", numbers[i]);
    }
}


static void
test_random(void)
{
    int       i, wrong;
    double    n;
    uint64_t  bits;

    wrong = 0;

    for (i = 0; i < 300000; i++) {
        bits = random64();
        memcpy(&n, &bits, sizeof(double));

        wrong += isfinite(n) && !is_right(n);
    }

    is(wrong, 0, "any numbers");

    wrong = 0;

    for (i = 0; i < 1000000; i++) {
        n = (double) (int64_t) random64() / pow(10, random64() % 20 + 4);
        wrong += !is_right(n);
    }

    is(wrong, 0, "numbers of games");

    wrong = 0;

    for (i = 0; i < 300000; i++) {

        /* 15 digits that end with a 5, and what lies next to it */

        n = (double) ((int64_t) (random64() % 90000000000000) + 10000000000000)
            * 10 + 5;
        n /= pow(10, random64() % 18 + 1);

        wrong += !is_right(n);
        wrong += !is_right(nextafter(n, 0));
        wrong += !is_right(nextafter(n, INFINITY));
    }

    is(wrong, 0, "numbers between two texts");
}


int
main(void)
{
    test_known();
    test_random();

    return tap_done();
}
