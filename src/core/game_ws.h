
/*
 * Copyright (C) ngx_game authors
 *
 * WebSocket framing, RFC 6455, section 5, the server's side: a parser that
 * resumes at any byte and unmasks in place, and a writer of frame headers.
 * It allocates nothing and keeps no payload.
 */


#ifndef GAME_WS_H
#define GAME_WS_H


#include <stddef.h>
#include <stdint.h>


#define GAME_WS_CONT        0x0
#define GAME_WS_TEXT        0x1
#define GAME_WS_BINARY      0x2
#define GAME_WS_CLOSE       0x8
#define GAME_WS_PING        0x9
#define GAME_WS_PONG        0xa

/* bytes of the longest header that a server sends, and of a control payload */
#define GAME_WS_HEADER_MAX  10
#define GAME_WS_CONTROL_MAX 125


typedef struct {
    uint64_t        left;         /* payload bytes of this frame to come */
    uint64_t        total;        /* payload bytes of this message so far,
                                   * with the whole of this frame */
    uint8_t         key[4];
    uint8_t         phase;        /* offset into the key, 0 to 3 */
    uint8_t         opcode;       /* of the message under way, 0: none */
    unsigned        fin:1;
    unsigned        in_frame:1;
    unsigned        first:1;      /* no piece of the message was returned */
    unsigned        compressed:1; /* RSV1 of the message's first frame */
    unsigned        deflate:1;    /* set by the caller: RSV1 is allowed */
} game_ws_t;


typedef enum {
    GAME_WS_EV_MORE = 0,          /* the rest of the input is kept by the
                                   * caller and given again with more behind
                                   * it: less than 14 + 125 bytes */
    GAME_WS_EV_DATA,              /* a piece of a message, unmasked */
    GAME_WS_EV_CONTROL,           /* a whole ping, pong or close, unmasked */
    GAME_WS_EV_ERROR              /* the peer broke a rule: close with code */
} game_ws_event_e;


typedef struct {
    uint8_t         opcode;       /* of the message, or of the control frame */
    unsigned        first:1;      /* of the message */
    unsigned        last:1;       /* of the message; len may be 0 */
    unsigned        compressed:1;
    unsigned char  *data;
    size_t          len;
    uint64_t        expected;     /* DATA: bytes of this frame still to come */
    uint16_t        code;         /* ERROR: 1002 or 1009 */
    const char     *reason;       /* ERROR: a short constant text */
} game_ws_event_t;


/* a zeroed game_ws_t is a new parser */

/* Consumes from *p to end and returns the next event.  max bounds a message's
 * payload, in bytes; a compressed one's is bounded by game_ws_deflated_max(),
 * so that its caller has to bound what it inflates to */
game_ws_event_e game_ws_next(game_ws_t *ws, unsigned char **p,
    unsigned char *end, uint64_t max, game_ws_event_t *ev);

/* how large a message of max bytes may become by deflate, RFC 1951 */
uint64_t game_ws_deflated_max(uint64_t max);

/* writes an unmasked, final frame's header; returns its length, 2 to 10 */
size_t game_ws_header(unsigned char *dst, unsigned opcode, unsigned compressed,
    uint64_t len);

/* the size of a whole frame that begins with such a header */
uint64_t game_ws_frame_size(const unsigned char *frame);

/* the payload of a close frame (RFC 6455, 5.5.1, 7.4): *code is 1005 if there
 * is none.  Returns 0, or the code to answer a broken one with (1002, 1007) */
unsigned game_ws_close_parse(const unsigned char *data, size_t len,
    unsigned *code, const unsigned char **reason, size_t *reason_len);

/* whether a close frame may carry the code, RFC 6455, 7.4.2 */
int game_ws_close_code_valid(unsigned code);


#endif /* GAME_WS_H */
