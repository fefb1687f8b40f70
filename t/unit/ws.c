
/*
 * Copyright (C) ngx_game authors
 *
 * game_ws: every rule of RFC 6455, section 5, each with the whole input at
 * once and in small pieces.  What the parser returns is written as text: a
 * message as (t:hex) or (b:hex), with z before the colon if it is compressed,
 * a control frame as {8:hex}, an error as !code.
 */


#include <stdlib.h>

#include "game_ws.h"
#include "tap.h"


#define T_MAX    UINT64_C(1000000)
#define T_INPUT  400000
#define T_TEXT   (2 * T_INPUT + 100)


typedef struct {
    unsigned char   data[T_INPUT];
    size_t          len;
} t_input_t;


static t_input_t  in;
static char       text[T_TEXT];
static size_t     text_len;

static const unsigned char  key[4] = { 0x37, 0xfa, 0x21, 0x3d };


static void
begin(void)
{
    in.len = 0;
}


static void
raw(const void *data, size_t len)
{
    memcpy(in.data + in.len, data, len);
    in.len += len;
}


static void
masked(const unsigned char *data, size_t len)
{
    size_t  i;

    raw(key, 4);

    for (i = 0; i < len; i++) {
        in.data[in.len++] = data[i] ^ key[i & 3];
    }
}


/* a frame as a good client sends it, with any first byte */

static void
frame(unsigned b0, const void *data, size_t len)
{
    size_t         n;
    unsigned char  head[GAME_WS_HEADER_MAX];

    n = game_ws_header(head, 0, 0, len);

    head[0] = b0;
    head[1] |= 0x80;

    raw(head, n);
    masked(data, len);
}


static void
text_add(const char *s)
{
    text_len += snprintf(text + text_len, T_TEXT - text_len, "%s", s);
}


static void
text_hex(const unsigned char *p, size_t len)
{
    static const char  hex[] = "0123456789abcdef";

    while (len-- && text_len < T_TEXT - 3) {
        text[text_len++] = hex[*p >> 4];
        text[text_len++] = hex[*p++ & 15];
    }

    text[text_len] = '\0';
}


static void
text_event(game_ws_event_e rc, const game_ws_event_t *ev)
{
    char  buf[32];

    switch (rc) {

    case GAME_WS_EV_DATA:
        if (ev->first) {
            text_add(ev->opcode == GAME_WS_TEXT ? "(t" : "(b");
            text_add(ev->compressed ? "z:" : ":");
        }

        text_hex(ev->data, ev->len);

        if (ev->last) {
            text_add(")");
        }

        break;

    case GAME_WS_EV_CONTROL:
        snprintf(buf, sizeof(buf), "{%x:", ev->opcode);
        text_add(buf);
        text_hex(ev->data, ev->len);
        text_add("}");
        break;

    case GAME_WS_EV_ERROR:
        snprintf(buf, sizeof(buf), "!%u", ev->code);
        text_add(ev->reason && ev->reason[0] ? buf : "no reason");
        break;

    case GAME_WS_EV_MORE:
        break;
    }
}


/* Gives the input in pieces, each in memory of exactly its size, so that a
 * sanitizer sees a read beyond it; what is not consumed is kept, as a caller
 * does */

static const char *
run(size_t step, uint64_t max, unsigned deflate)
{
    size_t            pos, n, kept;
    game_ws_t         ws;
    unsigned char    *buf, *next, *p;
    game_ws_event_e   rc;
    game_ws_event_t   ev;

    memset(&ws, 0, sizeof(ws));
    ws.deflate = deflate;

    text_len = 0;
    text[0] = '\0';

    buf = NULL;
    kept = 0;

    for (pos = 0; pos < in.len; pos += n) {
        n = (in.len - pos < step) ? in.len - pos : step;

        next = malloc(kept + n);

        if (next == NULL) {
            abort();
        }

        if (kept) {
            memcpy(next, buf, kept);
        }

        memcpy(next + kept, in.data + pos, n);
        free(buf);

        buf = next;
        p = buf;

        do {
            rc = game_ws_next(&ws, &p, buf + kept + n, max, &ev);
            text_event(rc, &ev);
        } while (rc == GAME_WS_EV_DATA || rc == GAME_WS_EV_CONTROL);

        if (rc == GAME_WS_EV_ERROR) {
            break;
        }

        kept = buf + kept + n - p;

        if (kept >= 14 + 125) {
            text_add("kept too much");
            break;
        }

        /* what is kept is moved to the front */

        memmove(buf, p, kept);
    }

    free(buf);

    return text;
}


static void
check(const char *name, uint64_t max, unsigned deflate, const char *wanted)
{
    size_t               i;
    const char          *got;
    static const size_t  steps[] = { T_INPUT, 1, 2, 3, 5, 11 };

    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        got = run(steps[i], max, deflate);

        if (strcmp(got, wanted) != 0) {
            ok(0, "%s, %zu at a time", name, steps[i]);
            printf("#      got: %.200s\n# expected: %.200s\n", got, wanted);
            return;
        }
    }

    ok(1, "%s", name);
}


static void
test_messages(void)
{
    begin();
    frame(0x81, "Hello", 5);
    check("text", T_MAX, 0, "(t:48656c6c6f)");

    begin();
    frame(0x82, "\x00\xff", 2);
    frame(0x81, "a", 1);
    check("two messages", T_MAX, 0, "(b:00ff)(t:61)");

    begin();
    frame(0x81, "", 0);
    frame(0x82, "", 0);
    check("empty messages", T_MAX, 0, "(t:)(b:)");

    begin();
    frame(0x01, "Hel", 3);
    frame(0x00, "l", 1);
    frame(0x80, "o", 1);
    frame(0x82, "x", 1);
    check("fragments", T_MAX, 0, "(t:48656c6c6f)(b:78)");

    begin();
    frame(0x01, "", 0);
    frame(0x00, "", 0);
    frame(0x80, "", 0);
    frame(0x02, "", 0);
    frame(0x00, "mid", 3);
    frame(0x80, "", 0);
    check("empty fragments", T_MAX, 0, "(t:)(b:6d6964)");

    begin();
    frame(0x01, "ab", 2);
    frame(0x89, "p1", 2);
    frame(0x00, "", 0);
    frame(0x8a, "", 0);
    frame(0x89, "", 0);
    frame(0x80, "cd", 2);
    frame(0x88, "\x03\xe8", 2);
    check("control frames between fragments", T_MAX, 0,
          "(t:6162{9:7031}{a:}{9:}6364){8:03e8}");

    begin();
    frame(0x01, "a", 1);
    raw("\x80", 1);
    check("a cut header makes no event", T_MAX, 0, "(t:61");

    begin();
    frame(0x89, "ping", 4);
    in.len--;
    check("a cut control frame makes no event", T_MAX, 0, "");
}


/* every length around the three forms, and the keys' phase on each */

static void
test_lengths(void)
{
    size_t         i, j, len;
    char          *wanted;
    unsigned char  data[70000];

    static const size_t  lens[] = {
        1, 7, 8, 9, 15, 16, 17, 31, 124, 125, 126, 127, 128, 255, 256, 65534,
        65535, 65536, 65537
    };

    wanted = malloc(2 * sizeof(data) + 8);

    if (wanted == NULL) {
        abort();
    }

    for (i = 0; i < sizeof(data); i++) {
        data[i] = i * 7 + i / 256;
    }

    for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        len = lens[i];

        strcpy(wanted, "(b:");

        for (j = 0; j < len; j++) {
            sprintf(wanted + 3 + 2 * j, "%02x", data[j]);
        }

        strcpy(wanted + 3 + 2 * len, ")");

        begin();
        frame(0x82, data, len);

        ok(strcmp(run(T_INPUT, T_MAX, 0), wanted) == 0
           && strcmp(run(1, T_MAX, 0), wanted) == 0
           && strcmp(run(13, T_MAX, 0), wanted) == 0,
           "a payload of %zu bytes", len);
    }

    free(wanted);

    begin();
    frame(0x89, data, 125);
    is(strlen(run(1, T_MAX, 0)), 4 + 250, "a ping of 125 bytes");
}


static void
test_errors(void)
{
    unsigned  op;
    char      name[64];

    begin();
    raw("\x81\x05Hello", 7);
    check("not masked", T_MAX, 0, "!1002");

    begin();
    raw("\x81\x01Hello, world", 14);
    check("not masked, with more behind it", T_MAX, 0, "!1002");

    begin();
    raw("\x89\x00", 2);
    check("ping not masked", T_MAX, 0, "!1002");

    for (op = 0; op < 16; op++) {

        if (op <= 2 || (op >= 8 && op <= 10)) {
            continue;
        }

        begin();
        frame(0x81, "a", 1);
        frame(0x80 | op, "", 0);
        snprintf(name, sizeof(name), "reserved opcode %u", op);
        check(name, T_MAX, 0, "(t:61)!1002");
    }

    begin();
    frame(0xa1, "a", 1);
    check("RSV2", T_MAX, 1, "!1002");

    begin();
    frame(0x91, "a", 1);
    check("RSV3", T_MAX, 1, "!1002");

    begin();
    frame(0xc1, "a", 1);
    check("RSV1 without the extension", T_MAX, 0, "!1002");

    begin();
    frame(0xc9, "a", 1);
    check("RSV1 on a control frame", T_MAX, 1, "!1002");

    begin();
    frame(0x41, "a", 1);
    frame(0xc0, "a", 1);
    check("RSV1 on a continuation", T_MAX, 1, "(tz:61!1002");

    begin();
    frame(0x09, "a", 1);
    check("fragmented ping", T_MAX, 0, "!1002");

    begin();
    frame(0x08, "", 0);
    check("fragmented close", T_MAX, 0, "!1002");

    begin();
    raw("\x89\xfe\x00\x7e", 4);
    check("ping of 126 bytes", T_MAX, 0, "!1002");

    begin();
    raw("\x88\xff", 2);
    check("close with a 64-bit length", T_MAX, 0, "!1002");

    begin();
    frame(0x80, "a", 1);
    check("continuation without a message", T_MAX, 0, "!1002");

    begin();
    frame(0x01, "a", 1);
    frame(0x80, "b", 1);
    frame(0x00, "c", 1);
    check("continuation after the last", T_MAX, 0, "(t:6162)!1002");

    begin();
    frame(0x01, "a", 1);
    frame(0x81, "b", 1);
    check("message inside a message", T_MAX, 0, "(t:61!1002");

    begin();
    frame(0x01, "a", 1);
    frame(0x89, "", 0);
    frame(0x02, "b", 1);
    check("the same after a ping", T_MAX, 0, "(t:61{9:}!1002");
}


static void
test_length_errors(void)
{
    begin();
    raw("\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00", 10);
    check("top bit of the length", UINT64_MAX, 0, "!1002");

    begin();
    raw("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 10);
    raw(key, 4);
    raw("\x37", 1);
    check("the longest length", UINT64_MAX, 0, "(b:00");

    begin();
    raw("\x82\xfe\x00\x7d", 4);
    check("125 in 16 bits", T_MAX, 0, "!1002");

    begin();
    raw("\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff", 10);
    check("65535 in 64 bits", T_MAX, 0, "!1002");

    begin();
    raw("\x82\xff\x00\x00\x00\x00\x00\x00\x00\x01", 10);
    check("1 in 64 bits", T_MAX, 0, "!1002");
}


static void
test_max(void)
{
    begin();
    frame(0x82, "abcd", 4);
    check("a message of max", 4, 0, "(b:61626364)");

    begin();
    frame(0x82, "abcde", 5);
    check("a message over max", 4, 0, "!1009");

    begin();
    raw("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 10);
    check("max is checked by the header alone", T_MAX, 0, "!1009");

    begin();
    frame(0x02, "abc", 3);
    frame(0x80, "d", 1);
    frame(0x82, "abcd", 4);
    check("max counts a message", 4, 0, "(b:61626364)(b:61626364)");

    begin();
    frame(0x02, "abc", 3);
    frame(0x00, "", 0);
    frame(0x80, "de", 2);
    check("max counts all fragments", 4, 0, "(b:616263!1009");

    begin();
    frame(0x02, "abc", 3);
    raw("\x80\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 10);
    raw(key, 4);
    check("the sum does not overflow", UINT64_C(1) << 62, 0,
          "(b:616263!1009");

    begin();
    frame(0x02, "abc", 3);
    frame(0x89, "0123456789", 10);
    frame(0x80, "d", 1);
    check("control frames do not count", 4, 0,
          "(b:616263{9:30313233343536373839}64)");

    begin();
    frame(0x82, "", 0);
    frame(0x82, "a", 1);
    check("a max of 0", 0, 0, "(b:)!1009");
}


static void
test_compressed(void)
{
    begin();
    frame(0xc1, "a", 1);
    frame(0x81, "b", 1);
    check("a compressed message, a plain one", T_MAX, 1, "(tz:61)(t:62)");

    begin();
    frame(0x42, "a", 1);
    frame(0x89, "", 0);
    frame(0x80, "b", 1);
    frame(0x82, "c", 1);
    check("a compressed message in fragments", T_MAX, 1,
          "(bz:61{9:}62)(b:63)");

    begin();
    frame(0xc2, "0123456789abcdef", 16);
    frame(0xc2, "0123456789abcdefghi", 19);
    check("a compressed message may be larger by an eighth and 16 bytes", 2,
          1, "(bz:30313233343536373839616263646566)!1009");

    begin();
    frame(0x42, "0123456789abcdefgh", 18);
    frame(0x80, "i", 1);
    check("all its fragments together", 2, 1,
          "(bz:303132333435363738396162636465666768!1009");
}


/* the pieces of one message, as they come */

static void
test_pieces(void)
{
    game_ws_t         ws;
    unsigned char    *p, *end;
    game_ws_event_t   ev;

    memset(&ws, 0, sizeof(ws));

    begin();
    frame(0x02, "0123456789", 10);
    frame(0x80, "ab", 2);

    p = in.data;
    end = in.data + 6 + 4;

    is(game_ws_next(&ws, &p, end, T_MAX, &ev), GAME_WS_EV_DATA,
       "a piece of a frame");
    ok(ev.first && !ev.last, "it is the first, not the last");
    is(ev.expected, 6, "the frame's rest is told");
    is_mem(ev.data, ev.len, "0123", 4, "what is there is returned");
    is(ws.total, 10, "the sum has the whole frame");

    is(game_ws_next(&ws, &p, end, T_MAX, &ev), GAME_WS_EV_MORE, "more");
    ok(p == end, "payload is always consumed");

    end += 6;

    is(game_ws_next(&ws, &p, end, T_MAX, &ev), GAME_WS_EV_DATA, "the rest");
    ok(!ev.first && !ev.last, "neither first nor last");
    is(ev.expected, 0, "nothing of the frame is to come");
    is_mem(ev.data, ev.len, "456789", 6, "its bytes");

    end = in.data + in.len;

    is(game_ws_next(&ws, &p, end, T_MAX, &ev), GAME_WS_EV_DATA, "the end");
    ok(!ev.first && ev.last, "the last");
    is(ev.opcode, GAME_WS_BINARY, "a continuation has its message's opcode");
    is_mem(ev.data, ev.len, "ab", 2, "its bytes");

    is(game_ws_next(&ws, &p, end, T_MAX, &ev), GAME_WS_EV_MORE, "no more");
    is(ws.opcode, 0, "no message is under way");
}


static void
test_error_stays(unsigned b0, unsigned code)
{
    game_ws_t         ws;
    unsigned char    *p;
    game_ws_event_t   ev;

    memset(&ws, 0, sizeof(ws));

    begin();
    frame(b0, "abcde", 5);

    p = in.data;

    is(game_ws_next(&ws, &p, in.data + in.len, 4, &ev), GAME_WS_EV_ERROR,
       "an error");
    ok(p == in.data, "consumes nothing");
    is(game_ws_next(&ws, &p, in.data + in.len, 4, &ev), GAME_WS_EV_ERROR,
       "and stays");
    is(ev.code, code, "with its code");
}


/* as at a reload: a message that is already over the new max */

static void
test_max_shrinks(void)
{
    game_ws_t         ws;
    unsigned char    *p;
    game_ws_event_t   ev;

    memset(&ws, 0, sizeof(ws));

    begin();
    frame(0x02, "abcde", 5);
    frame(0x80, "", 0);

    p = in.data;

    is(game_ws_next(&ws, &p, in.data + in.len, 5, &ev), GAME_WS_EV_DATA,
       "a fragment of max");
    is(game_ws_next(&ws, &p, in.data + in.len, 4, &ev), GAME_WS_EV_ERROR,
       "max shrinks below it");
    is(ev.code, 1009, "too big");
}


/* the header of a frame from the server is one that a parser understands */

static void
test_header(void)
{
    size_t         i;
    unsigned char  h[GAME_WS_HEADER_MAX];

    static const struct {
        uint64_t     len;
        size_t       size;
        const char  *bytes;
    } t[] = {
        { 0, 2, "\x82\x00" },
        { 125, 2, "\x82\x7d" },
        { 126, 4, "\x82\x7e\x00\x7e" },
        { 65535, 4, "\x82\x7e\xff\xff" },
        { 65536, 10, "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00" },
        { UINT64_C(0x0102030405060708), 10,
          "\x82\x7f\x01\x02\x03\x04\x05\x06\x07\x08" }
    };

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        memset(h, 0xee, sizeof(h));
        is_mem(h, game_ws_header(h, GAME_WS_BINARY, 0, t[i].len),
               t[i].bytes, t[i].size, "header of %" PRIu64, t[i].len);
        ok(game_ws_frame_size(h) == t[i].size + t[i].len, "... and its frame");
    }

    is(game_ws_header(h, GAME_WS_TEXT, 1, 3), 2, "a compressed one");
    is_mem(h, 2, "\xc1\x03", 2, "has RSV1");
}


static void
test_close_codes(void)
{
    unsigned  code, n;
    size_t    i;

    static const unsigned  good[] = {
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013,
        1014, 3000, 3999, 4000, 4999
    };

    static const unsigned  bad[] = {
        0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000,
        65535
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        ok(game_ws_close_code_valid(good[i]), "%u is valid", good[i]);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ok(!game_ws_close_code_valid(bad[i]), "%u is not valid", bad[i]);
    }

    n = 0;

    for (code = 0; code <= 65535; code++) {
        n += game_ws_close_code_valid(code);
    }

    is(n, 12 + 2000, "no other code is valid");
}


static void
test_close_parse(void)
{
    char                  buf[128];
    size_t                i, len;
    unsigned              code, rc;
    unsigned char        *exact;
    const unsigned char  *reason;

    static const struct {
        const char  *name;
        const char  *data;
        size_t       len;
        unsigned     rc;
        unsigned     code;
        size_t       reason_len;
    } t[] = {
        { "no payload", "", 0, 0, 1005, 0 },
        { "one byte", "\x03", 1, 1002, 1005, 0 },
        { "a code", "\x03\xe8", 2, 0, 1000, 0 },
        { "a reason", "\x0f\xa0" "bye", 5, 0, 4000, 3 },
        { "a bad code", "\x03\xed", 2, 1002, 1005, 0 },
        { "a bad code with a bad reason", "\x03\xed\xff", 3, 1002, 1005, 0 },
        { "a bad reason", "\x03\xe8\xff", 3, 1007, 1005, 0 },
        { "a cut reason", "\x03\xe8" "a\xe2\x82", 5, 1007, 1005, 0 },
        { "a reason in UTF-8", "\x03\xe8\xe2\x82\xac", 5, 0, 1000, 3 }
    };

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        exact = malloc(t[i].len ? t[i].len : 1);

        if (exact == NULL) {
            abort();
        }

        memcpy(exact, t[i].data, t[i].len);
        rc = game_ws_close_parse(exact, t[i].len, &code, &reason, &len);

        is(rc, t[i].rc, "close with %s", t[i].name);
        is(code, t[i].code, "its code");
        is_mem(reason, len, t[i].data + 2, t[i].reason_len, "its reason");

        free(exact);
    }

    memset(buf, 'x', sizeof(buf));
    memcpy(buf, "\x03\xe8", 2);

    is(game_ws_close_parse((unsigned char *) buf, 125, &code, &reason, &len),
       0, "the longest close");
    is(len, 123, "its reason");
}


int
main(void)
{
    test_messages();
    test_lengths();
    test_errors();
    test_length_errors();
    test_max();
    test_compressed();
    test_pieces();
    test_error_stays(0x83, 1002);
    test_error_stays(0x82, 1009);
    test_max_shrinks();
    test_header();
    test_close_codes();
    test_close_parse();

    return tap_done();
}
