
/*
 * Copyright (C) ngx_game authors
 *
 * WebSocket frames (RFC 6455, 5), the server's side: unmasked where they lie
 * in the receive buffer.  A message in several frames is refused: no client
 * of this benchmark sends one.
 */


#ifndef FLOOR_FRAME_H
#define FLOOR_FRAME_H


#include <stddef.h>


#define FLOOR_FRAME_TEXT     0x1
#define FLOOR_FRAME_BINARY   0x2
#define FLOOR_FRAME_CLOSE    0x8
#define FLOOR_FRAME_PING     0x9
#define FLOOR_FRAME_PONG     0xa

/* bytes of the longest header that a server sends */
#define FLOOR_FRAME_HEADER   10


typedef struct {
    unsigned        opcode;
    unsigned char  *data;
    size_t          len;
} floor_frame_t;


/* takes one frame from *p: 1, 0: it is not whole yet, -1: it breaks a rule,
 * or is larger than max */
int floor_frame_next(floor_frame_t *frame, unsigned char **p,
    unsigned char *end, size_t max);

/* writes the header of a final frame and returns its length, which is less
 * than that of the header of a client's frame of the same length */
size_t floor_frame_header(unsigned char *dst, unsigned opcode, size_t len);


#endif /* FLOOR_FRAME_H */
