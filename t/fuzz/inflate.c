
/*
 * Copyright (C) ngx_game authors
 *
 * game_inflate and game_deflate: what is inflated does not depend on the cut
 * of input and output, nothing is written beyond the room, and what was
 * deflated comes back, over several messages.
 *
 * Input: four bytes (windows and takeover, level, piece, room), then messages,
 * each after a byte of its length / 4 (the last one has what is left).
 */


#include "game_deflate.h"
#include "fuzz.h"


#define FUZZ_MAX  65536         /* the longest message that is inflated */
#define FUZZ_OUT  (FUZZ_MAX + 1)


typedef struct {
    int             rc;
    size_t          len;
    unsigned char  *data;
} fuzz_output_t;


typedef struct {
    size_t          in;
    size_t          out;
} fuzz_cut_t;


static game_inflate_t *
inflater(const game_deflate_params_t *params)
{
    game_inflate_t  *z;

    z = game_inflate_create(params);
    FUZZ_CHECK(z != NULL);

    return z;
}


/* rc is GAME_INFLATE_FULL if the message has more than FUZZ_MAX bytes,
 * whether or not it goes wrong behind them */

static void
inflate_message(game_inflate_t *z, const unsigned char *src, size_t size,
    const fuzz_cut_t *cut, fuzz_output_t *o)
{
    size_t                pos, n, given, room, written;
    unsigned char        *piece, *dst;
    const unsigned char  *p;

    o->len = 0;
    o->rc = GAME_INFLATE_OK;
    pos = 0;

    do {
        n = (size - pos < cut->in) ? size - pos : cut->in;
        given = n;
        piece = fuzz_copy(src + pos, n);
        pos += n;
        p = piece;

        do {
            room = (FUZZ_OUT - o->len < cut->out) ? FUZZ_OUT - o->len
                                                  : cut->out;

            dst = fuzz_alloc(room);
            o->rc = game_inflate(z, &p, &n, pos == size, dst, room, &written);

            FUZZ_CHECK(written <= room);
            FUZZ_CHECK(n <= given && p + n == piece + given);
            FUZZ_CHECK(o->rc != GAME_INFLATE_FULL || written == room);
            FUZZ_CHECK(o->rc != GAME_INFLATE_OK || n == 0);

            memcpy(o->data + o->len, dst, written);
            o->len += written;
            free(dst);

            if (o->len == FUZZ_OUT) {
                o->rc = GAME_INFLATE_FULL;
                free(piece);
                return;
            }
        } while (o->rc == GAME_INFLATE_FULL);

        free(piece);
    } while (o->rc == GAME_INFLATE_OK && pos < size);
}


static void
check_same(const fuzz_output_t *a, const fuzz_output_t *b)
{
    FUZZ_CHECK(a->rc == b->rc);

    if (a->rc != GAME_INFLATE_ERROR) {
        FUZZ_CHECK(a->len == b->len && memcmp(a->data, b->data, a->len) == 0);
    }
}


static const uint8_t *
next_message(const uint8_t **data, size_t *size, size_t *len)
{
    const uint8_t  *message;

    *len = 4 * (*data)[0];
    message = *data + 1;
    (*size)--;

    if (*len > *size || *len == 4 * 255) {
        *len = *size;
    }

    *data = message + *len;
    *size -= *len;

    return message;
}


/* the input is what a client sent */

static void
test_input(const game_deflate_params_t *params, const fuzz_cut_t *cut,
    const uint8_t *data, size_t size)
{
    size_t           i, len;
    const uint8_t   *message;
    fuzz_output_t    o[3];
    game_inflate_t  *z[3];

    static const fuzz_cut_t  whole = { SIZE_MAX, FUZZ_OUT };
    static const fuzz_cut_t  bytes = { 1, 1 };

    for (i = 0; i < 3; i++) {
        z[i] = inflater(params);
        o[i].data = fuzz_alloc(FUZZ_OUT);
    }

    while (size) {
        message = next_message(&data, &size, &len);

        inflate_message(z[0], message, len, &whole, &o[0]);
        inflate_message(z[1], message, len, cut, &o[1]);
        inflate_message(z[2], message, len, &bytes, &o[2]);

        /* zlib sees a reference that lies beyond a small window only if what
         * it refers to has left the room for the output */

        if (params->client_bits < 15
            && o[0].rc != GAME_INFLATE_ERROR
            && (o[1].rc == GAME_INFLATE_ERROR
                || o[2].rc == GAME_INFLATE_ERROR))
        {
            break;
        }

        check_same(&o[0], &o[1]);
        check_same(&o[0], &o[2]);

        if (o[0].rc == GAME_INFLATE_OK) {
            continue;
        }

        /* reset, they know whole messages again; of the one that went wrong
         * they may have kept different parts */

        for (i = 0; i < 3; i++) {
            game_inflate_reset(z[i]);
            inflate_message(z[i], (const uint8_t *) "\xf2\x48\xcd\xc9\xc9\x07",
                            7, &whole, &o[i]);
            FUZZ_CHECK(o[i].rc == GAME_INFLATE_OK && o[i].len == 5
                       && memcmp(o[i].data, "Hello", 5) == 0);
        }

        break;
    }

    for (i = 0; i < 3; i++) {
        game_inflate_destroy(z[i]);
        free(o[i].data);
    }
}


/* whether it had room; what was sent must come back */

static int
there_and_back(game_deflate_t *out, game_inflate_t *in,
    const uint8_t *message, size_t len, size_t room, const fuzz_cut_t *cut,
    fuzz_output_t *o)
{
    size_t          n;
    unsigned char  *dst;

    dst = fuzz_alloc(room);
    n = game_deflate(out, message, len, dst, room);

    FUZZ_CHECK(n <= room);

    if (n) {
        inflate_message(in, dst, n, cut, o);

        FUZZ_CHECK(o->rc == GAME_INFLATE_OK);
        FUZZ_CHECK(o->len == len && memcmp(o->data, message, len) == 0);
    }

    free(dst);

    return n != 0;
}


/* the input is what the server sends; for some messages there is no room */

static void
test_output(const game_deflate_params_t *params, const fuzz_cut_t *cut,
    const uint8_t *data, size_t size)
{
    size_t                  len;
    const uint8_t          *message;
    fuzz_output_t           o;
    game_inflate_t         *in;
    game_deflate_t         *out;
    game_deflate_params_t   peer;

    peer = *params;
    peer.client_bits = params->server_bits;
    peer.client_takeover = params->server_takeover;

    in = inflater(&peer);
    out = game_deflate_create(params);
    FUZZ_CHECK(out != NULL);

    o.data = fuzz_alloc(FUZZ_OUT);

    while (size) {
        message = next_message(&data, &size, &len);

        if (len > FUZZ_MAX) {
            break;
        }

        if (len % 4 == 3) {
            (void) there_and_back(out, in, message, len, cut->out, cut, &o);
        }

        FUZZ_CHECK(there_and_back(out, in, message, len,
                                  game_deflate_bound(out, len), cut, &o));
    }

    game_inflate_destroy(in);
    game_deflate_destroy(out);
    free(o.data);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_cut_t             cut;
    game_deflate_params_t  params;

    if (size < 4) {
        return 0;
    }

    params.server_bits = 9 + data[0] % 7;
    params.client_bits = 8 + (data[0] >> 3) % 8;
    params.server_takeover = data[0] >> 6 & 1;
    params.client_takeover = data[0] >> 7;
    params.level = 1 + data[1] % 9;

    cut.in = 1 + data[2];
    cut.out = 1 + data[3] * 4;

    data += 4;
    size -= 4;

    test_input(&params, &cut, data, size);
    test_output(&params, &cut, data, size);

    return 0;
}
