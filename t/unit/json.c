
/*
 * Copyright (C) ngx_game authors
 *
 * game_json_check(): strings, numbers, and the edge of what a double holds,
 * against strtod().  game_json_fields() and game_json_pairs(): what they take,
 * and what they leave.
 */


#include <math.h>
#include <stdlib.h>

#include "game_json.h"
#include "tap.h"


static const char *
check(const char *data, size_t len)
{
    char        *p;
    const char  *err;

    p = malloc(len ? len : 1);

    if (p == NULL) {
        abort();
    }

    memcpy(p, data, len);
    err = game_json_check((unsigned char *) p, len);
    free(p);

    return err;
}


static void
accept(const char *text)
{
    const char  *err;

    err = check(text, strlen(text));
    ok(err == NULL, "%.60s%s%s", text, err ? ": " : "", err ? err : "");
}


static void
refuse(const char *text, const char *why)
{
    const char  *err;

    err = check(text, strlen(text));
    ok(err && strstr(err, why), "not %.60s: %s", text, err ? err : "nothing");
}


static void
strings(void)
{
    unsigned  c;
    char      text[8];

    accept("");
    accept("\"\"");
    accept("\"a\\\"b\\\\\"");
    accept("[\"-\",\"01\",\"1.\",\"1e999\"]");
    accept("{\"a\":\"b\"}");
    accept("\"\\u0000\"");
    accept(" \t\r\n[ ]");

    for (c = 0; c < 256; c++) {
        snprintf(text, sizeof(text), "\"a%cb\"", c);
        ok((check(text, 5) == NULL) == (c >= 0x20),
           "byte 0x%02x in a string", c);
    }

    for (c = 0; c < 0x20; c++) {
        snprintf(text, sizeof(text), "\"a\\%cb", c);
        ok(check(text, 5) != NULL, "byte 0x%02x after a backslash", c);
    }

    ok(check("[]\0", 3) != NULL, "a null byte at the end");
    ok(check("\0[]", 3) != NULL, "a null byte at the start");
    ok(check("[1\0]", 4) != NULL, "a null byte after a number");

    /* left to the parser */

    ok(check("\"abc", 4) == NULL, "a string without an end");
    ok(check("\"abc\\", 5) == NULL, "a string that ends in a backslash");
    ok(check("]", 1) == NULL, "a bracket");
}


static void
numbers(void)
{
    accept("0");
    accept("-0");
    accept("10");
    accept("[1,-2,3.5,-0.25]");
    accept("1e5");
    accept("1E+5");
    accept("1.5e-5");
    accept("0e0");
    accept("0.0");
    accept("123456789012345678901234567890");

    refuse("01", "invalid");
    refuse("-01", "invalid");
    refuse("00", "invalid");
    refuse("1.", "invalid");
    refuse("[1.]", "invalid");
    refuse("-", "invalid");
    refuse("[-]", "invalid");
    refuse("-a", "invalid");
    refuse("- 1", "invalid");
    refuse("-.5", "invalid");
    refuse("1.e5", "invalid");
    refuse("1e", "invalid");
    refuse("1e+", "invalid");
    refuse("[1e]", "invalid");
    refuse("-Infinity", "invalid");
}


/* what strtod() says of a number is what the check says */

static void
same(const char *text)
{
    const char  *err;

    err = check(text, strlen(text));

    ok((err == NULL) == (isfinite(strtod(text, NULL)) != 0),
       "%.70s is %s", text, err ? "infinite" : "finite");
}


static void
ranges(void)
{
    int     i, n;
    char    text[1200];
    size_t  len;

    same("1e308");
    same("1e309");
    same("-1e309");
    same("9e307");
    same("1.7976931348623157e308");
    same("1.79769313486231580e308");
    same("1.797693134862315806e308");
    same("1.79769313486231581e308");
    same("1.797693134862315811e308");
    same("1.8e308");
    same("17.976931348623157e307");
    same("17.98e307");
    same("0.17976931348623157e309");
    same("0.018e310");
    same("0.017e310");
    same("1e999999999999999999999999");
    same("1e-999999999999999999999999");
    same("0e999999999999999999999999");
    same("0.0e999999999999999999999999");
    same("5e-324");
    same("1e-400");

    /* digits before and after the point, and an exponent to make up for it */

    for (i = 0; i < 40; i++) {
        for (n = 290; n <= 330; n += 5) {
            len = snprintf(text, sizeof(text), "1%0*d.%0*d%de%d", n, 0,
                           i, 0, 7, i - 10);
            same(text);

            len = snprintf(text, sizeof(text), "0.%0*d2e%d", n, 0,
                           n + 299 + i / 2);
            same(text);
        }
    }

    ok(len < sizeof(text), "the buffer was long enough");
}


/* each byte at each place of a text that is plain otherwise */

static void
plain(void)
{
    size_t         at, len, n, wrong;
    unsigned       c, escaped, more;
    unsigned char  text[61], copy[61];

    /* up to the end of the memory, and with more behind */

    wrong = 0;

    for (len = 0; len <= 40; len++) {

        for (at = 0; at < len; at++) {

            for (c = 0; c < 512; c++) {
                more = c / 256 * (sizeof(text) - len);

                memset(text, '"', sizeof(text));
                memset(text + sizeof(text) - len - more, '0' + at, len);
                text[sizeof(text) - len - more + at] = c;

                escaped = (c % 256 < 0x20 || c % 256 == '"'
                           || c % 256 == '\\');

                n = game_json_plain(copy + sizeof(text) - len - more,
                                    text + sizeof(text) - len - more, len,
                                    len + more);

                wrong += (n != (escaped ? at : len));
                wrong += (memcmp(copy + sizeof(text) - len - more,
                                 text + sizeof(text) - len - more, n) != 0);
            }
        }
    }

    is(wrong, 0, "what of a string needs no escape");

    memset(text, '\\', sizeof(text));
    is(game_json_plain(copy, text, sizeof(text), sizeof(text)), 0, "nothing");
    is(game_json_plain(copy, text, 0, 0), 0, "an empty string");
}


#define MAX  4

static game_json_field_t  fields[MAX];


/* from memory of its own, that ends with the text */
static int
read_fields(const char *text)
{
    size_t       len;

    static char  *copy;

    len = strlen(text);

    free(copy);
    copy = malloc(len ? len : 1);

    if (copy == NULL) {
        abort();
    }

    memcpy(copy, text, len);

    return game_json_fields((unsigned char *) copy, len, fields, MAX);
}


static void
leave(const char *text)
{
    is(read_fields(text), -1, "left alone: %s", text);
}


static void
number(const char *text)
{
    char  object[64];

    snprintf(object, sizeof(object), "{\"n\":%s}", text);

    ok(read_fields(object) == 1
       && fields[0].number == strtod(text, NULL)
       && signbit(fields[0].number) == (text[0] == '-'),
       "the number %s", text);
}


static void
objects(void)
{
    char      text[8];
    unsigned  c, wrong;

    is(read_fields("{}"), 0, "an empty object");
    is(read_fields(" \t\r\n{ } "), 0, "white space");

    is(read_fields("{\"cmd\":\"left\"}"), 1, "a string");
    is(fields[0].type, '"', "its type");
    is(fields[0].name_len, 3, "the length of its name");
    ok(memcmp(fields[0].name, "cmd", 3) == 0, "its name");
    is(fields[0].len, 4, "its length");
    ok(memcmp(fields[0].string, "left", 4) == 0, "the string");

    is(read_fields(" { \"\" : true , \"b\"\n:\tfalse,\"c\":null,"
                   "\"\xc3\xa9\":\"\"} "), 4, "four fields");
    is(fields[0].type, 't', "true");
    is(fields[0].name_len, 0, "a name that is empty");
    is(fields[1].type, 'f', "false");
    is(fields[2].type, 'n', "null");
    is(fields[3].name_len, 2, "a name in UTF-8");
    is(fields[3].len, 0, "a string that is empty");

    leave("{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5}");

    number("0");
    number("-0");
    number("7");
    number("-12.5");
    number("0.1");
    number("-0.3");
    number("0.000000000001");
    number("123456789012345");
    number("-123456789.1234");
    number("9007199254740.9");

    /* too long, or of another form */

    leave("{\"n\":1234567890123456}");
    leave("{\"n\":-0.12345678901234}");
    leave("{\"n\":1e5}");
    leave("{\"n\":1E5}");

    /* no JSON */

    leave("{\"n\":01}");
    leave("{\"n\":-01.5}");
    leave("{\"n\":00}");
    leave("{\"n\":1.}");
    leave("{\"n\":-}");
    leave("{\"n\":.5}");
    leave("{\"n\":-.5}");
    leave("{\"n\":1.2.3}");
    leave("{\"n\":+1}");
    leave("{\"n\":}");
    leave("{\"n\"}");
    leave("{\"n\":1,}");
    leave("{,}");
    leave("{\"n\":1 2}");
    leave("{\"n\":1}x");
    leave("{\"n\":1}}");
    leave("{\"n\":truE}");
    leave("{\"n\":tru");
    leave("{\"n\":fals");
    leave("{\"n\":nul");
    leave("{n:1}");
    leave("{1:1}");
    leave("");
    leave(" ");

    /* left to the parser */

    leave("1");
    leave("[]");
    leave("\"a\"");
    leave("{\"a\":[]}");
    leave("{\"a\":{}}");
    leave("{\"a\":\"\\n\"}");
    leave("{\"\\u0041\":1}");

    wrong = 0;

    for (c = 1; c < 256; c++) {
        snprintf(text, sizeof(text), "{\"%c\":1}", c);
        wrong += ((read_fields(text) == 1)
                  != (c >= 0x20 && c != '"' && c != '\\'));
    }

    is(wrong, 0, "each byte in a name");

    wrong = 0;

    for (c = 1; c <= strlen("{\"a\":tr"); c++) {
        snprintf(text, c + 1, "{\"a\":tr");
        wrong += (read_fields(text) != -1);
    }

    is(wrong, 0, "each begin of a text");
}


#define ONE   "\7\0\0\0\0\0\0\360\77"
#define HALF  "\7\0\0\0\0\0\0\340\277"    /* -0.5 */
#define INF   "\7\0\0\0\0\0\0\360\177"
#define NOT   "\7\0\0\0\0\0\0\370\177"

/* no pair begins with one of these */
#define REST  "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"                        \
              "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

static char    text[512];
static size_t  left;


/* 20 pairs, in memory of its own, as is what they are written to */
static void
write_pairs(const char *data, size_t len, size_t room, size_t max)
{
    game_dump_t        dump;
    unsigned char     *src, *dst, *end;
    game_dump_value_t  map;

    src = malloc(len);
    dst = calloc(1, room);

    if (src == NULL || dst == NULL) {
        abort();
    }

    memcpy(src, data, len);
    memset(&map, 0, sizeof(map));

    map.left = 20;
    dump.pos = src;
    dump.end = src + len;

    end = game_json_pairs(dst, dst + room, &dump, &map, max);

    left = map.left;
    snprintf(text, sizeof(text), "%.*s", (int) (end - dst), (char *) dst);

    free(src);
    free(dst);
}

#define PAIRS(data, wanted)                                                   \
    write_pairs(data REST, sizeof(data REST) - 1, sizeof(text), 20);          \
    is_mem(text, strlen(text), wanted, strlen(wanted), "pairs: %s", wanted)


static void
pairs(void)
{
    size_t    n, room, wrong;
    unsigned  c;

    static char         byte[] = "\x21?\2\x21" "k\x21?" REST;
    static const char   three[] = "\x21" "a" ONE "\x22" "bc" HALF
                                  "\x20\x23" "x y" REST;
    static const char  *texts[] = {
        "", "\"a\":1,", "\"a\":1,\"bc\":-0.5,",
        "\"a\":1,\"bc\":-0.5,\"\":\"x y\","
    };

    PAIRS("\x21" "a\1\x21" "b\2", "\"a\":false,\"b\":true,");
    PAIRS("\x20\x20", "\"\":\"\",");
    PAIRS("\x30" "0123456789abcdef\x30" "fedcba9876543210",
          "\"0123456789abcdef\":\"fedcba9876543210\",");
    is((int) left, 19, "one pair");

    /* others, of which nothing is written */

    PAIRS("\x31" "0123456789abcdefg\2", "");
    PAIRS("\x21" "a\x31" "0123456789abcdefg", "");
    PAIRS("\x21" "a" INF, "");
    PAIRS("\x21" "a" NOT, "");
    PAIRS("\x21" "a\0", "");
    PAIRS("\x21" "a\3", "");
    PAIRS(ONE ONE, "");
    is((int) left, 20, "no pair");
    PAIRS("\x21" "a\1\x21" "b\10", "\"a\":false,");
    is((int) left, 19, "the one before it");

    wrong = 0;

    for (c = 0; c < 256; c++) {
        byte[1] = c;
        byte[6] = 'v';
        write_pairs(byte, sizeof(byte) - 1, sizeof(text), 1);
        wrong += ((left == 20) != (c < 0x20 || c == '"' || c == '\\'));

        byte[1] = 'k';
        byte[6] = c;
        write_pairs(byte, sizeof(byte) - 1, sizeof(text), 2);
        wrong += ((left == 19) != (c < 0x20 || c == '"' || c == '\\'));
    }

    is(wrong, 0, "each byte in a key and in a string");

    /* as many as asked for */

    for (n = 0; n <= 3; n++) {
        write_pairs(three, sizeof(three) - 1, sizeof(text), n);
        is_mem(text, strlen(text), texts[n], strlen(texts[n]), "%s", texts[n]);
        is((int) left, 20 - (int) n, "so many pairs");
    }

    /* as many as there are, and as fit */

    wrong = 0;

    for (n = 1; n < sizeof(three); n++) {
        for (room = 1; room <= 100; room++) {
            write_pairs(three, n, room, 20);
            wrong += (strcmp(text, texts[20 - left]) != 0);
        }
    }

    is(wrong, 0, "wherever they end");
}


int
main(void)
{
    strings();
    numbers();
    ranges();
    plain();
    objects();
    pairs();

    return tap_done();
}
