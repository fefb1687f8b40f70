
/*
 * Copyright (C) ngx_game authors
 *
 * The parser and the writer of the generator's WebSocket frames.
 */


#include "frame.h"

#include <stdint.h>
#include <string.h>


int
load_frame_next(load_frame_t *frame, const unsigned char **p,
    const unsigned char *end)
{
    size_t                i, avail, header;
    uint64_t              len;
    const unsigned char  *b;

    b = *p;
    avail = end - b;

    if (avail < 2) {
        return 0;
    }

    if ((b[0] & 0xf0) != 0x80 || (b[0] & 0x0f) == 0 || (b[1] & 0x80)) {
        return -1;
    }

    len = b[1];
    header = (len < 126) ? 2 : (len == 126) ? 4 : 10;

    if (avail < header) {
        return 0;
    }

    if (header > 2) {
        for (len = 0, i = 2; i < header; i++) {
            len = len << 8 | b[i];
        }
    }

    if (avail - header < len) {
        return 0;
    }

    frame->opcode = b[0] & 0x0f;
    frame->data = b + header;
    frame->len = len;

    *p = frame->data + len;

    return 1;
}


size_t
load_frame_write(unsigned char *dst, unsigned opcode,
    const unsigned char key[4], const void *data, size_t len)
{
    size_t                i, header;
    uint64_t              word, mask;
    const unsigned char  *src;

    dst[0] = 0x80 | opcode;
    header = (len < 126) ? 2 : (len < 65536) ? 4 : 10;

    if (header == 2) {
        dst[1] = 0x80 | len;

    } else {
        dst[1] = 0x80 | (header == 4 ? 126 : 127);

        for (i = 2; i < header; i++) {
            dst[i] = (uint64_t) len >> ((header - 1 - i) * 8);
        }
    }

    memcpy(dst + header, key, 4);
    dst += header + 4;
    src = data;

    memcpy(&mask, key, 4);
    memcpy((unsigned char *) &mask + 4, key, 4);

    for (i = 0; i + 8 <= len; i += 8) {
        memcpy(&word, src + i, 8);
        word ^= mask;
        memcpy(dst + i, &word, 8);
    }

    for ( /* void */ ; i < len; i++) {
        dst[i] = src[i] ^ key[i & 3];
    }

    return header + 4 + len;
}
