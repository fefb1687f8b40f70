
/*
 * Copyright (C) ngx_game authors
 *
 * The parser and the writer of WebSocket frames of the floor server.
 */


#include "frame.h"

#include <stdint.h>
#include <string.h>


static void floor_frame_unmask(unsigned char *data, size_t len,
    const unsigned char *key);


int
floor_frame_next(floor_frame_t *frame, unsigned char **p, unsigned char *end,
    size_t max)
{
    size_t          i, avail, header;
    uint64_t        len;
    unsigned char  *b;

    b = *p;
    avail = end - b;

    if (avail < 2) {
        return 0;
    }

    /* FIN alone of the high bits, and a mask */

    if ((b[0] & 0xf0) != 0x80 || (b[0] & 0x0f) == 0 || !(b[1] & 0x80)) {
        return -1;
    }

    len = b[1] & 0x7f;
    header = (len < 126) ? 2 : (len == 126) ? 4 : 10;

    if (avail < header + 4) {
        return 0;
    }

    if (header > 2) {
        for (len = 0, i = 2; i < header; i++) {
            len = len << 8 | b[i];
        }
    }

    if (len > max) {
        return -1;
    }

    if (avail - header - 4 < len) {
        return 0;
    }

    frame->opcode = b[0] & 0x0f;
    frame->data = b + header + 4;
    frame->len = len;

    floor_frame_unmask(frame->data, len, b + header);

    *p = frame->data + len;

    return 1;
}


static void
floor_frame_unmask(unsigned char *data, size_t len, const unsigned char *key)
{
    size_t    i;
    uint64_t  word, mask;

    memcpy(&mask, key, 4);
    memcpy((unsigned char *) &mask + 4, key, 4);

    for (i = 0; i + 8 <= len; i += 8) {
        memcpy(&word, data + i, 8);
        word ^= mask;
        memcpy(data + i, &word, 8);
    }

    for ( /* void */ ; i < len; i++) {
        data[i] ^= key[i & 3];
    }
}


size_t
floor_frame_header(unsigned char *dst, unsigned opcode, size_t len)
{
    unsigned  i;

    dst[0] = 0x80 | opcode;

    if (len < 126) {
        dst[1] = len;
        return 2;
    }

    if (len < 65536) {
        dst[1] = 126;
        dst[2] = len >> 8;
        dst[3] = len;
        return 4;
    }

    dst[1] = 127;

    for (i = 0; i < 8; i++) {
        dst[2 + i] = (uint64_t) len >> (56 - i * 8);
    }

    return 10;
}
