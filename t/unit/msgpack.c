
/*
 * Copyright (C) ngx_game authors
 *
 * game_msgpack_check(), for all first bytes, all cuts, and hostile counts.
 */


#include <stdlib.h>

#include "game_msgpack.h"
#include "tap.h"


/* in memory of its exact size, so that a sanitizer sees a read beyond it */

static const char *
check(const void *data, size_t len, unsigned depth)
{
    const char     *err;
    unsigned char  *p;

    p = malloc(len ? len : 1);

    if (p == NULL) {
        abort();
    }

    memcpy(p, data, len);
    err = game_msgpack_check(p, len, depth);
    free(p);

    return err;
}


static void
accepts(const char *name, const char *data, size_t len)
{
    size_t       n;
    const char  *err;

    err = check(data, len, 64);
    ok(err == NULL, "%s is accepted%s%s", name, err ? ": " : "",
       err ? err : "");

    /* no beginning of a value is one */

    for (n = 0; n < len; n++) {
        err = check(data, n, 64);

        if (err == NULL || strcmp(err, "the value is cut short") != 0) {
            break;
        }
    }

    is(n, len, "%s is cut short by any byte", name);
}


static void
refuses(const char *name, const char *data, size_t len, const char *why)
{
    const char  *err;

    err = check(data, len, 64);
    ok(err && strstr(err, why), "%s is refused: %s", name,
       err ? err : "it was not");
}


#define accept(name, data)       accepts(name, data, sizeof(data) - 1)
#define refuse(name, data, why)  refuses(name, data, sizeof(data) - 1, why)


static void
values(void)
{
    accept("nil", "\xc0");
    accept("false", "\xc2");
    accept("true", "\xc3");
    accept("fixint 0", "\x00");
    accept("fixint 127", "\x7f");
    accept("fixint -1", "\xff");
    accept("fixint -32", "\xe0");
    accept("uint 8", "\xcc\xff");
    accept("uint 16", "\xcd\xff\xff");
    accept("uint 32", "\xce\xff\xff\xff\xff");
    accept("uint 64", "\xcf\xff\xff\xff\xff\xff\xff\xff\xff");
    accept("int 8", "\xd0\x80");
    accept("int 16", "\xd1\x80\x00");
    accept("int 32", "\xd2\x80\x00\x00\x00");
    accept("int 64", "\xd3\x80\x00\x00\x00\x00\x00\x00\x00");
    accept("float 32", "\xca\x7f\x7f\xff\xff");
    accept("float 64", "\xcb\xff\xef\xff\xff\xff\xff\xff\xff");
    accept("an empty str", "\xa0");
    accept("fixstr", "\xa3" "abc");
    accept("str 8", "\xd9\x01" "a");
    accept("str 16", "\xda\x00\x01" "a");
    accept("str 32", "\xdb\x00\x00\x00\x01" "a");
    accept("bin 8", "\xc4\x01" "a");
    accept("bin 16", "\xc5\x00\x01" "a");
    accept("bin 32", "\xc6\x00\x00\x00\x01" "a");
    accept("an empty array", "\x90");
    accept("fixarray", "\x92\xc0\x01");
    accept("array 16", "\xdc\x00\x02\xc0\x01");
    accept("array 32", "\xdd\x00\x00\x00\x02\xc0\x01");
    accept("an empty map", "\x80");
    accept("fixmap", "\x81\xa1" "a\x01");
    accept("map 16", "\xde\x00\x01\xa1" "a\x01");
    accept("map 32", "\xdf\x00\x00\x00\x01\xa1" "a\x01");
    accept("a map with all kinds of keys",
           "\x84\x01\xc0\xff\xc0\xc4\x01" "a\xc0\xcd\x01\x00\xc0");
    accept("arrays and maps within",
           "\x92\x82\xa1" "a\x90\xa1" "b\x81\x01\x91\xc0\x92\x80\xc2");
}


static void
refusals(void)
{
    refuse("nothing", "", "cut short");
    refuse("two values", "\x01\x02", "more after");
    refuse("a value after an array", "\x91\xc0\xc0", "more after");
    refuse("0xc1", "\xc1", "0xc1");
    refuse("0xc1 in an array", "\x91\xc1", "0xc1");

    refuse("fixext 1", "\xd4\x01\x01", "extension");
    refuse("fixext 16", "\xd8\x01" "0123456789abcdef", "extension");
    refuse("ext 8", "\xc7\x01\x01\x01", "extension");
    refuse("ext 16", "\xc8\x00\x01\x01\x01", "extension");
    refuse("ext 32", "\xc9\x00\x00\x00\x01\x01\x01", "extension");
    refuse("a timestamp", "\xd6\xff\x00\x00\x00\x00", "extension");

    refuse("an infinite float 32", "\xca\x7f\x80\x00\x00", "finite");
    refuse("a NaN of 32 bits", "\xca\x7f\xc0\x00\x00", "finite");
    refuse("-infinity", "\xcb\xff\xf0\x00\x00\x00\x00\x00\x00", "finite");
    refuse("a NaN of 64 bits", "\xcb\x7f\xf0\x00\x00\x00\x00\x00\x01",
           "finite");

    refuse("nil as a key", "\x81\xc0\x01", "key");
    refuse("true as a key", "\x81\xc3\x01", "key");
    refuse("a float as a key", "\x81\xca\x00\x00\x00\x00\x01", "key");
    refuse("an array as a key", "\x81\x90\x01", "key");
    refuse("a map as a key", "\x81\x80\x01", "key");
    refuse("a second key that is nil", "\x82\x01\x01\xc0\x01", "key");

    refuse("an array of 4G items", "\xdd\xff\xff\xff\xff\xc0", "cut short");
    refuse("a map of 4G pairs", "\xdf\xff\xff\xff\xff\x01\xc0", "cut short");
    refuse("a str of 4G bytes", "\xdb\xff\xff\xff\xff" "a", "cut short");
    refuse("arrays that count on the same bytes",
           "\xdc\x00\x03\xdc\x00\x03\xdc\x00\x03\xc0\xc0\xc0", "cut short");
    refuse("a map without its last value", "\x81\xa1" "a", "cut short");
}


static void
depths(void)
{
    unsigned  n, kind;
    char      data[300];

    static const char *const  names[] = { "arrays", "maps" };

    for (kind = 0; kind < 2; kind++) {

        for (n = 0; n < 100; n++) {
            data[kind ? 2 * n : n] = kind ? '\x81' : '\x91';

            if (kind) {
                data[2 * n + 1] = '\x01';
            }
        }

        n = kind ? 2 : 1;

        data[63 * n] = '\x90';
        ok(check(data, 63 * n + 1, 64) == NULL, "64 %s deep", names[kind]);

        data[63 * n] = kind ? '\x81' : '\x91';
        data[64 * n] = '\x90';
        ok(check(data, 64 * n + 1, 64) != NULL, "65 %s deep", names[kind]);
        ok(check(data, 64 * n + 1, 1000) != NULL,
           "a depth above the maximum is the maximum");

        data[3 * n] = '\x90';
        ok(check(data, 3 * n + 1, 4) == NULL, "4 of 4 %s deep", names[kind]);
        ok(check(data, 3 * n + 1, 3) != NULL, "4 of 3 %s deep", names[kind]);
        data[0] = '\x05';
        ok(check(data, 1, 0) == NULL, "no depth at all: a number");
    }

    ok(check("\x90", 1, 0) != NULL, "no depth at all: an array");

    /* depth comes back: many arrays side by side */

    data[0] = '\xdc';
    data[1] = 0;
    data[2] = 100;

    for (n = 0; n < 100; n++) {
        data[3 + 2 * n] = '\x91';
        data[4 + 2 * n] = '\xc0';
    }

    ok(check(data, 203, 2) == NULL, "arrays side by side are not deep");
}


int
main(void)
{
    values();
    refusals();
    depths();

    return tap_done();
}
