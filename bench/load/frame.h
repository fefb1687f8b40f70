
/*
 * Copyright (C) ngx_game authors
 *
 * WebSocket frames (RFC 6455, 5), the client's side: masked ones are written,
 * unmasked ones are read.
 */


#ifndef LOAD_FRAME_H
#define LOAD_FRAME_H


#include <stddef.h>


#define LOAD_FRAME_TEXT    0x1
#define LOAD_FRAME_BINARY  0x2
#define LOAD_FRAME_CLOSE   0x8
#define LOAD_FRAME_PING    0x9
#define LOAD_FRAME_PONG    0xa

/* bytes of the longest header that a client sends */
#define LOAD_FRAME_HEADER  14


typedef struct {
    unsigned              opcode;
    const unsigned char  *data;
    size_t                len;
} load_frame_t;


/* takes one frame from *p: 1, 0: it is not whole yet, -1: it is none that
 * this client can read (a fragment, a reserved bit, a mask) */
int load_frame_next(load_frame_t *frame, const unsigned char **p,
    const unsigned char *end);

/* writes a frame and returns its length, up to len + LOAD_FRAME_HEADER */
size_t load_frame_write(unsigned char *dst, unsigned opcode,
    const unsigned char key[4], const void *data, size_t len);


#endif /* LOAD_FRAME_H */
