
/*
 * Copyright (C) ngx_game authors
 *
 * game_ws: a stream of frames gives the same events however it is cut, and
 * so do the frames that are made of its events.
 *
 * Input: a byte of flags, a byte of the piece's length, the stream.
 */


#include "game_ws.h"
#include "fuzz.h"


#define FUZZ_DEFLATE  0x01
#define FUZZ_BIG      0x02      /* a large max */


/* the events as bytes: pieces of one message are joined */
typedef struct {
    unsigned char  *data;
    size_t          len;
    size_t          size;
} fuzz_trace_t;


static void
trace(fuzz_trace_t *t, const void *data, size_t len)
{
    FUZZ_CHECK(t->size - t->len >= len);

    if (len) {
        memcpy(t->data + t->len, data, len);
        t->len += len;
    }
}


static void
trace_byte(fuzz_trace_t *t, unsigned c)
{
    unsigned char  b;

    b = c;
    trace(t, &b, 1);
}


/* the frame that makes this event, with a key of zeros */

static void
rebuild(fuzz_trace_t *out, const game_ws_event_t *ev, int control)
{
    size_t         n;
    unsigned char  head[GAME_WS_HEADER_MAX + 4];

    n = game_ws_header(head, control || ev->first ? ev->opcode : GAME_WS_CONT,
                       ev->first && ev->compressed, ev->len);

    FUZZ_CHECK(n >= 2 && n <= GAME_WS_HEADER_MAX);

    if (!ev->last) {
        head[0] &= 0x7f;
    }

    head[1] |= 0x80;
    memset(head + n, 0, 4);

    trace(out, head, n + 4);
    trace(out, ev->data, ev->len);
}


static void
check_close(const game_ws_event_t *ev)
{
    size_t                len;
    unsigned              code, rc;
    unsigned char        *copy;
    const unsigned char  *reason;

    copy = fuzz_copy(ev->data, ev->len);
    rc = game_ws_close_parse(copy, ev->len, &code, &reason, &len);

    FUZZ_CHECK(rc == 0 || rc == 1002 || rc == 1007);

    if (rc || ev->len == 0) {
        FUZZ_CHECK(code == 1005 && len == 0);

    } else {
        FUZZ_CHECK(game_ws_close_code_valid(code));
        FUZZ_CHECK(len == ev->len - 2);
        FUZZ_CHECK(len == 0 || reason == copy + 2);
    }

    free(copy);
}


/* returns what is to be closed with, or 0 */

static unsigned
parse(const unsigned char *data, size_t size, size_t step, unsigned deflate,
    uint64_t max, fuzz_trace_t *t, fuzz_trace_t *out)
{
    int               open;
    size_t            pos, n, kept;
    uint64_t          left, total, bound;
    game_ws_t         ws;
    unsigned char    *buf, *next, *p;
    game_ws_event_e   rc;
    game_ws_event_t   ev;

    memset(&ws, 0, sizeof(ws));
    ws.deflate = deflate;

    buf = fuzz_alloc(0);
    kept = 0;
    open = 0;
    left = 0;
    total = 0;

    for (pos = 0; pos < size; pos += n) {
        n = (size - pos < step) ? size - pos : step;

        next = fuzz_alloc(kept + n);

        if (kept) {
            memcpy(next, buf, kept);
        }

        memcpy(next + kept, data + pos, n);
        free(buf);
        buf = next;
        p = buf;

        while ((rc = game_ws_next(&ws, &p, buf + kept + n, max, &ev))
               == GAME_WS_EV_DATA || rc == GAME_WS_EV_CONTROL)
        {
            FUZZ_CHECK(p >= buf && p <= buf + kept + n);
            FUZZ_CHECK(ev.data + ev.len == p);

            if (out) {
                rebuild(out, &ev, rc == GAME_WS_EV_CONTROL);
            }

            if (rc == GAME_WS_EV_CONTROL) {
                FUZZ_CHECK(ev.len <= GAME_WS_CONTROL_MAX);
                FUZZ_CHECK(ev.opcode >= GAME_WS_CLOSE
                           && ev.opcode <= GAME_WS_PONG);
                FUZZ_CHECK(left == 0);

                trace_byte(t, ev.opcode);
                trace_byte(t, ev.len);
                trace(t, ev.data, ev.len);

                if (ev.opcode == GAME_WS_CLOSE) {
                    check_close(&ev);
                }

                continue;
            }

            FUZZ_CHECK(ev.opcode == GAME_WS_TEXT
                       || ev.opcode == GAME_WS_BINARY);
            FUZZ_CHECK(ev.first == !open);
            FUZZ_CHECK(!ev.compressed || deflate);
            FUZZ_CHECK(!ev.last || ev.expected == 0);
            FUZZ_CHECK(left == 0 || left == ev.len + ev.expected);

            total = ev.first ? ev.len : total + ev.len;
            left = ev.expected;
            open = !ev.last;

            bound = ev.compressed ? game_ws_deflated_max(max) : max;
            FUZZ_CHECK(total <= bound && left <= bound - total);

            if (ev.first) {
                trace_byte(t, 0x40 | ev.opcode | ev.compressed << 4);
            }

            trace(t, ev.data, ev.len);

            if (ev.last) {
                trace_byte(t, 0x80);
            }
        }

        if (rc == GAME_WS_EV_ERROR) {
            FUZZ_CHECK(ev.code == 1002 || ev.code == 1009);
            FUZZ_CHECK(ev.reason && ev.reason[0]);
            free(buf);
            return ev.code;
        }

        kept = buf + kept + n - p;
        FUZZ_CHECK(kept < 14 + 125);
        FUZZ_CHECK(kept == 0 || left == 0);
        memmove(buf, p, kept);
    }

    free(buf);

    return 0;
}


static fuzz_trace_t
trace_new(size_t size)
{
    fuzz_trace_t  t;

    t.data = fuzz_alloc(size);
    t.len = 0;
    t.size = size;

    return t;
}


static void
check_same(const fuzz_trace_t *a, const fuzz_trace_t *b)
{
    FUZZ_CHECK(a->len == b->len && memcmp(a->data, b->data, a->len) == 0);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t        step;
    uint64_t      max;
    unsigned      deflate, code;
    fuzz_trace_t  whole, pieces, bytes, again, out;

    if (size < 2) {
        return 0;
    }

    deflate = (data[0] & FUZZ_DEFLATE) != 0;
    max = (data[0] & FUZZ_BIG) ? UINT64_MAX : 300;
    step = data[1] % 64 + 1;

    data += 2;
    size -= 2;

    /* an event takes two bytes at least and adds at most two; a frame that is
     * built again has at most 14 for the header of 6 that it was made of */

    whole = trace_new(2 * size + 2);
    pieces = trace_new(2 * size + 2);
    bytes = trace_new(2 * size + 2);
    again = trace_new(2 * size + 2);
    out = trace_new(4 * size + 14);

    code = parse(data, size, size, deflate, max, &whole, &out);

    FUZZ_CHECK(parse(data, size, step, deflate, max, &pieces, NULL) == code);
    check_same(&whole, &pieces);

    FUZZ_CHECK(parse(data, size, 1, deflate, max, &bytes, NULL) == code);
    check_same(&whole, &bytes);

    FUZZ_CHECK(parse(out.data, out.len, step, deflate, max, &again, NULL)
               == 0);
    check_same(&whole, &again);

    free(whole.data);
    free(pieces.data);
    free(bytes.data);
    free(again.data);
    free(out.data);

    return 0;
}
