
/*
 * Copyright (C) ngx_game authors
 *
 * The WebSocket frame parser and the header writer, RFC 6455, section 5.
 * Every rule is checked in the order of the bytes on the wire, and nothing is
 * consumed before its checks passed, so the result does not depend on how the
 * input was cut, and a parser that returned an error returns it again.
 */


#include <string.h>

#include "game_utf8.h"
#include "game_ws.h"


#define GAME_WS_FIN         0x80
#define GAME_WS_RSV1        0x40
#define GAME_WS_RSV23       0x30
#define GAME_WS_OPCODE      0x0f
#define GAME_WS_MASK        0x80
#define GAME_WS_LEN         0x7f

#define GAME_WS_LEN16       126
#define GAME_WS_LEN64       127

#define GAME_WS_PROTOCOL    1002
#define GAME_WS_BAD_TEXT    1007
#define GAME_WS_TOO_BIG     1009
#define GAME_WS_NO_CODE     1005

/* the ends of the blocks of a small message, rounded up, in bytes */
#define GAME_WS_DEFLATED    16


typedef struct {
    uint64_t        len;          /* of the payload */
    unsigned        size;         /* bytes of the header without the key */
} game_ws_head_t;


static int game_ws_short(const game_ws_t *ws, unsigned char **p,
    unsigned char *end, uint64_t max, game_ws_event_t *ev);
static game_ws_event_e game_ws_frame(game_ws_t *ws, unsigned char **p,
    unsigned char *end, uint64_t max, game_ws_event_t *ev);
static const char *game_ws_check(const game_ws_t *ws, unsigned b0,
    unsigned b1);
static int game_ws_length(const unsigned char *p, size_t avail,
    game_ws_head_t *head, const char **reason);
static game_ws_event_e game_ws_control(unsigned char **p, unsigned char *end,
    const game_ws_head_t *head, game_ws_event_t *ev);
static void game_ws_start(game_ws_t *ws, const unsigned char *p,
    const game_ws_head_t *head);
static game_ws_event_e game_ws_data(game_ws_t *ws, unsigned char **p,
    unsigned char *end, game_ws_event_t *ev);
static void game_ws_unmask(unsigned char *p, size_t len,
    const uint8_t key[4], unsigned phase);
static game_ws_event_e game_ws_error(game_ws_event_t *ev, unsigned code,
    const char *reason);


game_ws_event_e
game_ws_next(game_ws_t *ws, unsigned char **p, unsigned char *end,
    uint64_t max, game_ws_event_t *ev)
{
    game_ws_event_e  rc;

    if (game_ws_short(ws, p, end, max, ev)) {
        return GAME_WS_EV_DATA;
    }

    memset(ev, 0, sizeof(game_ws_event_t));

    if (!ws->in_frame) {
        rc = game_ws_frame(ws, p, end, max, ev);

        if (rc != GAME_WS_EV_DATA) {
            return rc;
        }
    }

    return game_ws_data(ws, p, end, ev);
}


/*
 * 1: a short message in one frame that is all there, as most are: nothing of
 * it is kept in ws.  0: another frame, or a part of one, or a wrong one.
 */

static int
game_ws_short(const game_ws_t *ws, unsigned char **p, unsigned char *end,
    uint64_t max, game_ws_event_t *ev)
{
    size_t          len;
    unsigned char  *frame;

    frame = *p;

    if (end - frame < 6 || ws->in_frame || ws->opcode != 0
        || (frame[0] != (GAME_WS_FIN | GAME_WS_TEXT)
            && frame[0] != (GAME_WS_FIN | GAME_WS_BINARY)))
    {
        return 0;
    }

    len = frame[1] & GAME_WS_LEN;

    if (!(frame[1] & GAME_WS_MASK) || len >= GAME_WS_LEN16 || len > max
        || (size_t) (end - frame) < 6 + len)
    {
        return 0;
    }

    game_ws_unmask(frame + 6, len, frame + 2, 0);

    *ev = (game_ws_event_t) {
        .opcode = frame[0] & GAME_WS_OPCODE,
        .first = 1,
        .last = 1,
        .data = frame + 6,
        .len = len
    };

    *p = frame + 6 + len;

    return 1;
}


/* DATA: the header of a data frame was consumed, its payload is next */

static game_ws_event_e
game_ws_frame(game_ws_t *ws, unsigned char **p, unsigned char *end,
    uint64_t max, game_ws_event_t *ev)
{
    size_t           avail;
    const char      *reason;
    unsigned         opcode, compressed;
    game_ws_head_t   head;

    avail = end - *p;

    if (avail < 2) {
        return GAME_WS_EV_MORE;
    }

    reason = game_ws_check(ws, (*p)[0], (*p)[1]);

    if (reason) {
        return game_ws_error(ev, GAME_WS_PROTOCOL, reason);
    }

    if (game_ws_length(*p, avail, &head, &reason) != 0) {
        return GAME_WS_EV_MORE;
    }

    if (reason) {
        return game_ws_error(ev, GAME_WS_PROTOCOL, reason);
    }

    opcode = (*p)[0] & GAME_WS_OPCODE;

    if (opcode >= GAME_WS_CLOSE) {
        return game_ws_control(p, end, &head, ev);
    }

    compressed = (opcode == GAME_WS_CONT) ? ws->compressed
                                          : (*p)[0] & GAME_WS_RSV1;

    if (compressed) {
        max = game_ws_deflated_max(max);
    }

    /* total is 0 between messages; max may have shrunk within one */

    if (ws->total > max || head.len > max - ws->total) {
        return game_ws_error(ev, GAME_WS_TOO_BIG, "message is too big");
    }

    if (avail < head.size + 4) {
        return GAME_WS_EV_MORE;
    }

    game_ws_start(ws, *p, &head);

    *p += head.size + 4;

    return GAME_WS_EV_DATA;
}


/* the rules on the first two bytes: NULL, or which one they break */

static const char *
game_ws_check(const game_ws_t *ws, unsigned b0, unsigned b1)
{
    unsigned  opcode;

    opcode = b0 & GAME_WS_OPCODE;

    if (b0 & GAME_WS_RSV23) {
        return "reserved bits are set";
    }

    switch (opcode) {

    case GAME_WS_CONT:
        if (ws->opcode == 0) {
            return "continuation without a message";
        }

        break;

    case GAME_WS_TEXT:
    case GAME_WS_BINARY:
        if (ws->opcode != 0) {
            return "new message inside a fragmented one";
        }

        break;

    case GAME_WS_CLOSE:
    case GAME_WS_PING:
    case GAME_WS_PONG:
        if (!(b0 & GAME_WS_FIN)) {
            return "fragmented control frame";
        }

        if ((b1 & GAME_WS_LEN) > GAME_WS_CONTROL_MAX) {
            return "control frame is too long";
        }

        break;

    default:
        return "reserved opcode";
    }

    /* RFC 7692, 6: only on the first frame of a message */

    if ((b0 & GAME_WS_RSV1)
        && (!ws->deflate
            || (opcode != GAME_WS_TEXT && opcode != GAME_WS_BINARY)))
    {
        return "reserved bits are set";
    }

    if (!(b1 & GAME_WS_MASK)) {
        return "frame is not masked";
    }

    return NULL;
}


/* -1: the length is not there yet */

static int
game_ws_length(const unsigned char *p, size_t avail, game_ws_head_t *head,
    const char **reason)
{
    uint64_t  len;
    unsigned  i;

    *reason = NULL;

    head->len = p[1] & GAME_WS_LEN;
    head->size = 2;

    if (head->len < GAME_WS_LEN16) {
        return 0;
    }

    head->size += (head->len == GAME_WS_LEN16) ? 2 : 8;

    if (avail < head->size) {
        return -1;
    }

    len = 0;

    for (i = 2; i < head->size; i++) {
        len = len << 8 | p[i];
    }

    if (len >> 63) {
        *reason = "length has its top bit set";

    } else if (len < GAME_WS_LEN16 || (head->size == 10 && len <= 0xffff)) {
        *reason = "length is not in its shortest form";
    }

    head->len = len;

    return 0;
}


static game_ws_event_e
game_ws_control(unsigned char **p, unsigned char *end,
    const game_ws_head_t *head, game_ws_event_t *ev)
{
    unsigned char  *frame;

    frame = *p;

    if ((size_t) (end - frame) < head->size + 4 + head->len) {
        return GAME_WS_EV_MORE;
    }

    ev->opcode = frame[0] & GAME_WS_OPCODE;
    ev->first = 1;
    ev->last = 1;
    ev->data = frame + head->size + 4;
    ev->len = head->len;

    game_ws_unmask(ev->data, ev->len, frame + head->size, 0);

    *p = ev->data + ev->len;

    return GAME_WS_EV_CONTROL;
}


static void
game_ws_start(game_ws_t *ws, const unsigned char *p,
    const game_ws_head_t *head)
{
    unsigned  opcode;

    opcode = p[0] & GAME_WS_OPCODE;

    if (opcode != GAME_WS_CONT) {
        ws->opcode = opcode;
        ws->first = 1;
        ws->compressed = (p[0] & GAME_WS_RSV1) != 0;
    }

    memcpy(ws->key, p + head->size, 4);

    ws->phase = 0;
    ws->fin = (p[0] & GAME_WS_FIN) != 0;
    ws->in_frame = 1;
    ws->left = head->len;
    ws->total += head->len;
}


/* a frame without payload is one piece of no bytes */

static game_ws_event_e
game_ws_data(game_ws_t *ws, unsigned char **p, unsigned char *end,
    game_ws_event_t *ev)
{
    size_t  len;

    len = end - *p;

    if (len == 0 && ws->left != 0) {
        return GAME_WS_EV_MORE;
    }

    if (len > ws->left) {
        len = ws->left;
    }

    game_ws_unmask(*p, len, ws->key, ws->phase);

    ws->phase = (ws->phase + len) & 3;
    ws->left -= len;

    ev->opcode = ws->opcode;
    ev->first = ws->first;
    ev->compressed = ws->compressed;
    ev->data = *p;
    ev->len = len;
    ev->expected = ws->left;

    *p += len;
    ws->first = 0;

    if (ws->left == 0) {
        ws->in_frame = 0;

        if (ws->fin) {
            ev->last = 1;
            ws->opcode = 0;
            ws->total = 0;
        }
    }

    return GAME_WS_EV_DATA;
}


static void
game_ws_unmask(unsigned char *p, size_t len, const uint8_t key[4],
    unsigned phase)
{
    size_t         i;
    uint32_t       half;
    uint64_t       word, next, mask;
    unsigned char  k[8];

    /* the key as it falls on the next 8 bytes, in any byte order */

    memcpy(&half, key, 4);

    if (phase) {
        memcpy(k, &half, 4);
        memcpy(k + 4, &half, 4);
        memcpy(&half, k + phase, 4);
    }

    mask = (uint64_t) half << 32 | half;

    while (len >= 16) {
        memcpy(&word, p, 8);
        memcpy(&next, p + 8, 8);

        word ^= mask;
        next ^= mask;

        memcpy(p, &word, 8);
        memcpy(p + 8, &next, 8);

        p += 16;
        len -= 16;
    }

    if (len >= 8) {
        memcpy(&word, p, 8);
        word ^= mask;
        memcpy(p, &word, 8);

        p += 8;
        len -= 8;
    }

    if (len) {
        memcpy(k, &mask, 8);

        for (i = 0; i < len; i++) {
            p[i] ^= k[i];
        }
    }
}


static game_ws_event_e
game_ws_error(game_ws_event_t *ev, unsigned code, const char *reason)
{
    ev->code = code;
    ev->reason = reason;

    return GAME_WS_EV_ERROR;
}


/*
 * What can't be shrunk grows: the fixed codes have up to 9 bits for a byte,
 * and stored blocks need less.
 */

uint64_t
game_ws_deflated_max(uint64_t max)
{
    uint64_t  more;

    more = max / 8 + GAME_WS_DEFLATED;

    return (max > UINT64_MAX - more) ? UINT64_MAX : max + more;
}


size_t
game_ws_header(unsigned char *dst, unsigned opcode, unsigned compressed,
    uint64_t len)
{
    unsigned  i, n;

    dst[0] = GAME_WS_FIN | opcode;

    if (compressed) {
        dst[0] |= GAME_WS_RSV1;
    }

    if (len < GAME_WS_LEN16) {
        dst[1] = len;
        return 2;
    }

    if (len <= 0xffff) {
        dst[1] = GAME_WS_LEN16;
        n = 2;

    } else {
        dst[1] = GAME_WS_LEN64;
        n = 8;
    }

    for (i = 0; i < n; i++) {
        dst[2 + i] = len >> (8 * (n - 1 - i));
    }

    return 2 + n;
}


uint64_t
game_ws_frame_size(const unsigned char *frame)
{
    const char     *reason;
    game_ws_head_t  head;

    (void) game_ws_length(frame, GAME_WS_HEADER_MAX, &head, &reason);

    return head.size + head.len;
}


unsigned
game_ws_close_parse(const unsigned char *data, size_t len, unsigned *code,
    const unsigned char **reason, size_t *reason_len)
{
    unsigned  n;

    *code = GAME_WS_NO_CODE;
    *reason = NULL;
    *reason_len = 0;

    if (len == 0) {
        return 0;
    }

    if (len == 1) {
        return GAME_WS_PROTOCOL;
    }

    n = data[0] << 8 | data[1];

    if (!game_ws_close_code_valid(n)) {
        return GAME_WS_PROTOCOL;
    }

    if (!game_utf8_valid(data + 2, len - 2)) {
        return GAME_WS_BAD_TEXT;
    }

    *code = n;

    if (len > 2) {
        *reason = data + 2;
        *reason_len = len - 2;
    }

    return 0;
}


/*
 * 1004 is reserved, 1005, 1006 and 1015 never go over the wire, 1012 to 1014
 * were registered with IANA later, 3000 to 3999 are for libraries and 4000 to
 * 4999 for applications.
 */

int
game_ws_close_code_valid(unsigned code)
{
    return (code >= 1000 && code <= 1003)
           || (code >= 1007 && code <= 1014)
           || (code >= 3000 && code <= 4999);
}
