
/*
 * Copyright (C) ngx_game authors
 *
 * game_deflate: the negotiation by a table, the examples of RFC 7692, 7.2.3,
 * with every cut of input and output, and messages there and back over all
 * windows and levels.
 */


#include <stdlib.h>

#include <zlib.h>

#include "game_deflate.h"
#include "tap.h"


#define T_SIZE  200000


typedef struct {
    const char  *offers;
    const char  *answer;        /* "": nothing is agreed */
} t_offer_t;


static unsigned char  plain[T_SIZE], packed[2 * T_SIZE], back[T_SIZE + 1000];

static const game_deflate_params_t  all = { 15, 15, 1, 1, 6 };


static game_deflate_params_t
params(unsigned bits, unsigned takeover, unsigned level)
{
    game_deflate_params_t  p;

    p.server_bits = bits;
    p.client_bits = bits;
    p.server_takeover = takeover;
    p.client_takeover = takeover;
    p.level = level;

    return p;
}


static void
negotiate(const game_deflate_params_t *wanted, const char *offers,
    const char *answer)
{
    int                     n;
    char                    buf[GAME_DEFLATE_ANSWER_MAX];
    size_t                  len;
    unsigned char          *exact;
    game_deflate_params_t   agreed;

    len = strlen(offers);
    exact = malloc(len ? len : 1);

    if (exact == NULL) {
        abort();
    }

    memcpy(exact, offers, len);
    n = game_deflate_negotiate(exact, len, wanted, &agreed, buf);
    free(exact);

    if (answer == NULL) {
        is(n, -1, "refused: %s", offers);
        return;
    }

    if (n < 0) {
        is(n, strlen(answer), "%s", offers);
        return;
    }

    is_mem(buf, n, answer, strlen(answer), "%s", offers);
}


#define PD  "permessage-deflate"
#define SN  "; server_no_context_takeover"
#define CN  "; client_no_context_takeover"
#define SB  "; server_max_window_bits"
#define CB  "; client_max_window_bits"


static void
test_offers(void)
{
    size_t  i;

    static const t_offer_t  t[] = {
        { "", "" },
        { " , ,", "" },
        { "x-webkit-deflate-frame", "" },
        { "x-other; a=1; b=\"two\"; c", "" },
        { PD, PD },
        { "  " PD "\t", PD },
        { ", " PD " ,,", PD },
        { PD "2", "" },
        { "permessage-deflat", "" },

        { PD SN, PD SN },
        { PD CN, PD CN },
        { PD CN SN, PD SN CN },
        { PD ";server_no_context_takeover", PD SN },
        { PD " ;\tserver_no_context_takeover ", PD SN },
        { PD SN "=1", "" },
        { PD CN "=true", "" },

        { PD CB, PD },
        { PD CB "=15", PD },
        { PD CB "=12", PD CB "=12" },
        { PD CB "=8", PD CB "=8" },
        { PD CB "=\"100\"", "" },
        { PD CB "=\"0123456789abcdefghijklmnopqrstuvwxyz\"", "" },
        { PD CB "=10aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          "" },
        { PD CB "=\"10\"", PD CB "=10" },
        { PD CB "=\"1\\0\"", PD CB "=10" },
        { PD CB " = 9", PD CB "=9" },
        { PD SB "=15", PD SB "=15" },
        { PD SB "=9", PD SB "=9" },
        { PD SB "=10" CB SN CN, PD SN CN SB "=10" },
        { PD SB "=8", "" },

        { PD SB, "" },
        { PD SB "=7", "" },
        { PD SB "=16", "" },
        { PD SB "=09", "" },
        { PD SB "=0", "" },
        { PD SB "=+9", "" },
        { PD SB "=100", "" },
        { PD SB "=1", "" },
        { PD SB "=1a", "" },
        { PD SB "=10000000000000000000010", "" },
        { PD CB "=7", "" },
        { PD CB "=16", "" },
        { PD CB "=x", "" },

        { PD SN SN, "" },
        { PD CN CN, "" },
        { PD CB CB, "" },
        { PD SB "=10" SB "=10", "" },
        { PD SN "; unknown", "" },
        { PD "; Server_No_Context_Takeover", "" },
        { PD "; server_no_context_takeove", "" },
        { PD SB "=7" SN, "" },
        { PD "; unknown" CB, "" },
        { PD SN SN CB, "" },

        { PD SB "=8, " PD, PD },
        { PD "; x, " PD SN, PD SN },
        { PD SB "=10, " PD, PD SB "=10" },
        { "x-other, " PD SN "," PD, PD SN },
        { PD SN SN ", x; y=z , " PD CN, PD CN }
    };

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        negotiate(&all, t[i].offers, t[i].answer);
    }
}


static void
test_bad_lists(void)
{
    size_t  i;

    static const char  *const  t[] = {
        ";", "=", "a b", "\"a\"", "a;", "a; ", "a;;b", "a; =1", "a; b=",
        "a; b=,", "a; b=\"", "a; b=\"1", "a; b=\"\"", "a; b=\"1\\",
        "a; b=\"1\\\"", "a; b=\"1 2\"", "a; b=\"1,2\"", "a; b=\"1\"2",
        "a; b=\"\\\"\"", "a; b=1 2", "a/b", "a\x80", "a\x01", "a; b\x7f",
        PD "; server_max_window_bits=", PD ", =", PD " " PD
    };

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        negotiate(&all, t[i], NULL);
    }

    is(game_deflate_negotiate((unsigned char *) "a\0b", 3, &all,
                              &(game_deflate_params_t) { 0 },
                              (char *) packed),
       -1, "refused: a zero byte");
}


static void
test_wanted(void)
{
    int                    n;
    char                   buf[GAME_DEFLATE_ANSWER_MAX];
    const char            *longest;
    game_deflate_params_t  wanted, agreed;

    wanted = params(12, 0, 3);

    negotiate(&wanted, PD, PD SN CN SB "=12");
    negotiate(&wanted, PD CB, PD SN CN SB "=12" CB "=12");
    negotiate(&wanted, PD CB "=10" SB "=10", PD SN CN SB "=10" CB "=10");
    negotiate(&wanted, PD CB "=14" SB "=14", PD SN CN SB "=12" CB "=12");

    longest = PD SN CN SB "=12" CB "=12";
    ok(strlen(longest) < GAME_DEFLATE_ANSWER_MAX, "the longest answer fits");

    n = game_deflate_negotiate((unsigned char *) PD, strlen(PD), &wanted,
                               &agreed, buf);

    ok(n > 0, "agreed");
    is(agreed.server_bits, 12, "the server's window is ours to limit");
    is(agreed.client_bits, 15, "the client's is not if it did not offer it");
    is(agreed.server_takeover, 0, "the server's context is not kept");
    is(agreed.client_takeover, 0, "nor the client's");
    is(agreed.level, 3, "the level is ours");

    n = game_deflate_negotiate((unsigned char *) PD SN CB "=9",
                               strlen(PD SN CB "=9"), &all, &agreed, buf);

    ok(n > 0, "agreed");
    is(agreed.server_bits, 15, "no limit for the server");
    is(agreed.client_bits, 9, "the client's own limit");
    is(agreed.server_takeover, 0, "the client wants no context of ours");
    is(agreed.client_takeover, 1, "but keeps its own");
}


/* a message by pieces of `in` bytes into room of `out` bytes; -1: error, -2:
 * it does not end */

static long
unpack(game_inflate_t *z, const unsigned char *src, size_t len, size_t in,
    size_t out)
{
    int                   rc;
    size_t                pos, n, total, turns, written;
    unsigned char        *exact;
    const unsigned char  *p;

    total = 0;
    pos = 0;

    do {
        n = (len - pos < in) ? len - pos : in;
        exact = malloc(n ? n : 1);

        if (exact == NULL) {
            abort();
        }

        if (n) {
            memcpy(exact, src + pos, n);
        }

        pos += n;
        p = exact;
        turns = 0;

        do {
            if (total + out > sizeof(back) || turns++ > 2 * sizeof(back)) {
                free(exact);
                return -2;
            }

            rc = game_inflate(z, &p, &n, pos == len, back + total, out,
                              &written);
            total += written;
        } while (rc == GAME_INFLATE_FULL);

        free(exact);

        if (rc == GAME_INFLATE_ERROR) {
            return -1;
        }

        if (n) {
            return -2;
        }
    } while (pos < len);

    return total;
}


static game_inflate_t *
inflater(unsigned bits, unsigned takeover)
{
    game_inflate_t         *z;
    game_deflate_params_t   p;

    p = params(bits, takeover, 6);
    z = game_inflate_create(&p);

    if (z == NULL) {
        abort();
    }

    return z;
}


/* RFC 7692, 7.2.3: each with every cut of its input and of its output */

static void
test_examples(void)
{
    long             n;
    size_t           i, in, out, wrong;
    game_inflate_t  *z;

    static const struct {
        const char  *name;
        const char  *data;
        size_t       len;
        const char  *text;
    } t[] = {
        { "one block", "\xf2\x48\xcd\xc9\xc9\x07\x00", 7, "Hello" },
        { "a stored block", "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00",
          11, "Hello" },
        { "BFINAL", "\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8, "Hello" },
        { "two blocks",
          "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", 13,
          "Hello" },
        { "an empty message", "\x00", 1, "" },
        { "an empty fixed block", "\x02\x00", 2, "" },
        { "blocks after BFINAL",
          "\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 15,
          "HelloHello" },
        { "BFINAL and no empty block", "\xf3\x48\xcd\xc9\xc9\x07\x00", 7,
          "Hello" },
        { "a tail that was kept",
          "\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff", 11, "Hello" },
        { "no bytes at all", "", 0, "" }
    };

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        z = inflater(15, 1);
        wrong = 0;

        for (in = 1; in <= t[i].len + 1; in++) {
            for (out = 1; out <= 12; out++) {
                n = unpack(z, (const unsigned char *) t[i].data, t[i].len,
                           in, out);
                wrong += n != (long) strlen(t[i].text)
                         || memcmp(back, t[i].text, n) != 0;
            }
        }

        is(wrong, 0, "%s", t[i].name);
        game_inflate_destroy(z);
    }
}


/* RFC 7692, 7.2.3.2: the second message refers to the first */

static void
test_takeover(void)
{
    unsigned         i;
    game_inflate_t  *z;

    static const char *const  first[] = {
        "\xf2\x48\xcd\xc9\xc9\x07\x00", "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"
    };

    for (i = 0; i < 2; i++) {
        z = inflater(9, 1);

        is(unpack(z, (const unsigned char *) first[i], 7 + i, 99, 99), 5,
           "a message%s", i ? " with BFINAL" : "");
        is(unpack(z, (const unsigned char *) "\xf2\x00\x11\x00\x00", 5, 1, 1),
           5, "the next refers to it");
        is_mem(back, 5, "Hello", 5, "and is the same");
        is(unpack(z, (const unsigned char *) "", 0, 1, 1), 0, "one of none");
        is(unpack(z, (const unsigned char *) "\xf2\x00\x11\x00\x00", 5, 9, 9),
           5, "the context stays");

        game_inflate_destroy(z);
    }

    z = inflater(15, 0);

    is(unpack(z, (const unsigned char *) first[0], 7, 99, 99), 5,
       "without takeover");
    is(unpack(z, (const unsigned char *) "\xf2\x00\x11\x00\x00", 5, 99, 99),
       -1, "there is nothing to refer to");
    game_inflate_reset(z);
    is(unpack(z, (const unsigned char *) first[0], 7, 99, 99), 5,
       "a message after a reset");
    is(unpack(z, (const unsigned char *) first[0], 7, 99, 99), 5,
       "and another");

    game_inflate_destroy(z);
}


static void
test_garbage(void)
{
    size_t           i;
    game_inflate_t  *z;

    static const struct {
        const char  *name;
        const char  *data;
        size_t       len;
    } t[] = {
        { "a reserved block type", "\x07\x00", 2 },
        { "a bad stored length", "\x00\x05\x00\xfa\xfe\x48", 6 },
        { "a stored block that is cut", "\x00\x05\x00\xfa\xff\x48\x65", 7 },
        { "a fixed block that is cut", "\xf2\x48\xcd\xc9", 4 },
        { "a reference to nothing", "\xf2\x00\x11\x00\x00", 5 },
        { "a zlib header", "\x78\x9c\xf3\x48\xcd\xc9\xc9\x07\x00", 9 },
        { "text", "{\"cmd\":\"left\"}", 14 },
        { "bits after the last block", "\xf3\x48\xcd\xc9\xc9\x07\x00\x02",
          8 },
        { "two bits after a block", "\xfa\xf0\xe1\xc3\x07\x00", 6 }
    };

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        z = inflater(15, 1);

        is(unpack(z, (const unsigned char *) t[i].data, t[i].len, 99, 99), -1,
           "%s", t[i].name);
        is(unpack(z, (const unsigned char *) t[i].data, t[i].len, 1, 99), -1,
           "it stays failed");
        ok(!game_inflate_no_memory(z), "not for lack of memory");

        game_inflate_reset(z);

        is(unpack(z, (const unsigned char *) t[i].data, t[i].len, 1, 1), -1,
           "byte by byte");

        game_inflate_reset(z);

        is(unpack(z, (unsigned char *) "\xf2\x48\xcd\xc9\xc9\x07\x00", 7, 99,
                  99),
           5, "a reset ends it");

        game_inflate_destroy(z);
    }

    /* what is missing of a cut block is not taken from the next message */

    z = inflater(15, 1);
    memset(plain, 'x', 96);

    is(unpack(z, (const unsigned char *) "\x00\x64\x00\x9b\xff", 5, 99, 99),
       -1, "a stored block without its bytes");
    is(unpack(z, plain, 96, 99, 99), -1, "does not get them later");

    game_inflate_destroy(z);

    game_inflate_destroy(NULL);
    game_deflate_destroy(NULL);
}


static void
fill(unsigned char *p, size_t len, unsigned kind)
{
    size_t           i;
    static uint64_t  seed = 1;

    for (i = 0; i < len; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;

        /* noise, letters, or all the same */

        if (kind == 0) {
            p[i] = seed >> 56;

        } else {
            p[i] = (kind == 1) ? "etaoin {}:,\"0123"[seed >> 60] : 'x';
        }
    }
}


/* Messages there and back: the length bound must hold for noise, and the
 * context over messages.  RFC 7692, 7.2.1: no tail is sent */

static unsigned
there_and_back(unsigned bits, unsigned takeover, unsigned level)
{
    size_t                  n, len, bound;
    unsigned                i, kind, wrong;
    game_inflate_t         *in;
    game_deflate_t         *out;
    game_deflate_params_t   p;

    static const size_t  lens[] = {
        1, 0, 0, 2, 10, 500, 17, 255, 256, 257, 1000, 4096, 20000, 65535,
        65536, 70000, 3
    };

    p = params(bits, takeover, level);
    in = game_inflate_create(&p);
    out = game_deflate_create(&p);

    if (in == NULL || out == NULL) {
        abort();
    }

    wrong = 0;

    for (kind = 0; kind < 3; kind++) {
        for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
            len = lens[i];
            fill(plain, len, kind);

            bound = game_deflate_bound(out, len);
            n = game_deflate(out, plain, len, packed, bound);

            wrong += n == 0 || bound > len + len / 4 + 100
                     || (n >= 5 && memcmp(packed + n - 4, "\0\0\xff\xff", 4)
                                   == 0);

            wrong += unpack(in, packed, n, 3000, 1700) != (long) len
                     || memcmp(back, plain, len) != 0;
        }
    }

    game_inflate_destroy(in);
    game_deflate_destroy(out);

    return wrong;
}


static void
test_there_and_back(void)
{
    unsigned  bits, level;

    for (bits = 9; bits <= 15; bits++) {
        for (level = 1; level <= 9; level += 4) {
            is(there_and_back(bits, 1, level), 0,
               "%u bits, level %u, with takeover", bits, level);
            is(there_and_back(bits, 0, level), 0,
               "%u bits, level %u, without", bits, level);
        }
    }
}


/* takeover makes a repeated message small; without it, it stays the same */

static void
test_context(void)
{
    size_t                  first, second, i;
    game_deflate_t         *z;
    game_deflate_params_t   p;

    fill(plain, 400, 0);

    for (i = 0; i < 2; i++) {
        p = params(10, i, 6);
        z = game_deflate_create(&p);

        if (z == NULL) {
            abort();
        }

        first = game_deflate(z, plain, 400, packed, sizeof(packed));
        second = game_deflate(z, plain, 400, packed, sizeof(packed));

        ok(first > 400, "noise does not shrink");
        ok(i ? second < 20 : second == first, "%s takeover",
           i ? "with" : "without");

        game_deflate_destroy(z);
    }

    p = params(8, 1, 6);
    ok(game_deflate_create(&p) == NULL, "zlib has no window of 8 bits");
}


/* what did not fit was not sent: the peer goes on with what it has */

static void
test_no_room(void)
{
    size_t                  n, size;
    unsigned                failed, wrong;
    game_inflate_t         *in;
    game_deflate_t         *out;

    in = inflater(15, 1);
    out = game_deflate_create(&all);

    if (out == NULL) {
        abort();
    }

    failed = 0;
    wrong = 0;

    for (size = 0; size <= 300; size++) {
        fill(plain, 200, 1);

        n = game_deflate(out, plain, 200, packed, size);

        if (n == 0) {
            failed++;
            continue;
        }

        wrong += n > size || unpack(in, packed, n, 7, 7) != 200
                 || memcmp(back, plain, 200) != 0;
    }

    is(wrong, 0, "the peer reads what was sent");
    ok(failed > 90 && failed < 200, "and what did not fit was refused");
    is(game_deflate(out, plain, 0, packed, 0), 0, "an empty one needs a byte");
    is(game_deflate(out, plain, 0, packed, 1), 1, "and has it");

    game_inflate_destroy(in);
    game_deflate_destroy(out);
}


/* a bound on what is inflated is the caller's: output comes in its portions */

static void
test_bomb(void)
{
    int                   rc;
    size_t                n, len, written, total, whole, turns;
    game_inflate_t       *in;
    game_deflate_t       *out;
    const unsigned char  *p;

    out = game_deflate_create(&all);

    if (out == NULL) {
        abort();
    }

    memset(plain, 0, sizeof(plain));
    len = game_deflate(out, plain, sizeof(plain), packed, sizeof(packed));

    ok(len > 0 && len < 500, "many zeros in few bytes");

    in = inflater(15, 1);
    p = packed;
    n = len;
    total = 0;
    turns = 0;

    do {
        memset(back, 0xee, 1001);
        rc = game_inflate(in, &p, &n, 1, back, 1000, &written);
        total += written;
        turns++;
    } while (rc == GAME_INFLATE_FULL && back[1000] == 0xee && turns < 1000);

    is(rc, GAME_INFLATE_OK, "all of it was inflated");
    is(total, sizeof(plain), "to its length");
    ok(turns <= sizeof(plain) / 1000 + 1, "in portions of 1000");

    p = packed;
    n = len;
    is(game_inflate(in, &p, &n, 1, back, 0, &written), GAME_INFLATE_FULL,
       "no room at all is full");
    is(written, 0, "and writes nothing");

    game_inflate_reset(in);

    /* OK says that there is no more output for this input */

    p = packed;
    n = len - 9;
    is(game_inflate(in, &p, &n, 0, back, sizeof(back), &whole),
       GAME_INFLATE_OK, "a piece of the message");
    game_inflate_reset(in);

    p = packed;
    n = len - 9;
    total = 0;

    do {
        rc = game_inflate(in, &p, &n, 0, back, 1, &written);
        total += written;
    } while (rc == GAME_INFLATE_FULL);

    is(total, whole, "byte by byte makes as much as at once");

    game_inflate_reset(in);

    is(unpack(in, (const unsigned char *) "\x00", 1, 1, 1), 0,
       "a reset forgets a message under way");

    game_inflate_destroy(in);
    game_deflate_destroy(out);
}


/* a client whose window is larger than agreed is found out */

static void
test_window(void)
{
    size_t           n;
    game_inflate_t  *in;
    game_deflate_t  *out;

    out = game_deflate_create(&all);

    if (out == NULL) {
        abort();
    }

    fill(plain, 3000, 0);
    memcpy(plain + 3000, plain, 3000);

    n = game_deflate(out, plain, 6000, packed, sizeof(packed));

    in = inflater(15, 1);
    is(unpack(in, packed, n, 10000, 10000), 6000, "within the window");
    game_inflate_destroy(in);

    in = inflater(9, 1);
    is(unpack(in, packed, n, 500, 500), -1, "beyond it");
    game_inflate_destroy(in);

    game_deflate_destroy(out);
}


/* messages of another deflater: blocks that are final, full flushes */

static void
test_other_deflater(void)
{
    int              flush;
    size_t           n;
    unsigned         i, wrong;
    z_stream         s;
    game_inflate_t  *in;

    static const int  flushes[] = {
        Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_FINISH, Z_SYNC_FLUSH, Z_FINISH
    };

    memset(&s, 0, sizeof(s));

    if (deflateInit2(&s, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) != Z_OK) {
        abort();
    }

    in = inflater(15, 1);
    wrong = 0;

    for (i = 0; i < 200; i++) {
        flush = flushes[i % 5];
        fill(plain, 100 + i * 7, 1);

        s.next_in = plain;
        s.avail_in = 100 + i * 7;
        s.next_out = packed;
        s.avail_out = sizeof(packed);

        wrong += deflate(&s, flush) != (flush == Z_FINISH ? Z_STREAM_END
                                                          : Z_OK);
        n = sizeof(packed) - s.avail_out;

        if (flush == Z_FINISH) {
            packed[n++] = 0x00;
            deflateReset(&s);

        } else {
            n -= 4;
        }

        wrong += unpack(in, packed, n, 1 + i % 50, 1 + i % 300)
                 != 100 + i * 7
                 || memcmp(back, plain, 100 + i * 7) != 0;
    }

    is(wrong, 0, "final blocks and flushes of another deflater");

    deflateEnd(&s);
    game_inflate_destroy(in);
}


/* an inflater that is replaced by its context after each message */

static void
test_moved(void)
{
    long                    n;
    size_t                  i, len, wrong;
    unsigned char           context[GAME_INFLATE_CONTEXT_MAX];
    game_inflate_t         *in, *next;
    game_deflate_t         *out;
    game_deflate_params_t   p;

    p = params(15, 1, 6);
    out = game_deflate_create(&p);
    in = inflater(15, 1);

    is(game_inflate_context(in, context), 0, "a new one has no context");

    wrong = 0;
    len = 0;

    for (i = 0; i < 60; i++) {
        fill(plain, 100 + i * 50, 1);

        n = game_deflate(out, plain, 100 + i * 50, packed, sizeof(packed));
        n = unpack(in, packed, n, 1 + i * 3, 1 + i * 100);

        wrong += n != (long) (100 + i * 50)
                 || memcmp(back, plain, 100 + i * 50) != 0;

        len = game_inflate_context(in, context);
        next = inflater(15, 1);
        wrong += game_inflate_restore(next, context, len) != 0;

        game_inflate_destroy(in);
        in = next;
    }

    is(wrong, 0, "60 messages, moved after each");
    is(len, GAME_INFLATE_CONTEXT_MAX, "the context is a whole window");

    game_inflate_destroy(in);
    game_deflate_destroy(out);
}


int
main(void)
{
    test_moved();
    test_offers();
    test_bad_lists();
    test_wanted();
    test_examples();
    test_takeover();
    test_garbage();
    test_there_and_back();
    test_context();
    test_no_room();
    test_bomb();
    test_window();
    test_other_deflater();

    return tap_done();
}
