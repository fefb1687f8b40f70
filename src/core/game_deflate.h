
/*
 * Copyright (C) ngx_game authors
 *
 * permessage-deflate, RFC 7692: the negotiation, and the compression of
 * messages by zlib.
 */


#ifndef GAME_DEFLATE_H
#define GAME_DEFLATE_H


#include <stddef.h>
#include <stdint.h>


/* what the server wants, and what was agreed */
typedef struct {
    unsigned        server_bits:4;          /* window, 9 to 15 */
    unsigned        client_bits:4;
    unsigned        server_takeover:1;      /* context is kept over messages */
    unsigned        client_takeover:1;
    unsigned        level:4;                /* 1 to 9 */
} game_deflate_params_t;


/* the longest answer that negotiate writes */
#define GAME_DEFLATE_ANSWER_MAX  160


/*
 * Reads the value of Sec-WebSocket-Extensions (all its headers, joined by a
 * comma), takes the first offer that can be met, fills *agreed and writes the
 * answer's value.  Returns its length, or 0: no extension is agreed; or -1:
 * the header is no valid list.
 */
int game_deflate_negotiate(const unsigned char *offers, size_t len,
    const game_deflate_params_t *wanted, game_deflate_params_t *agreed,
    char *answer);


typedef struct game_inflate_s  game_inflate_t;
typedef struct game_deflate_s  game_deflate_t;


/*
 * One direction each.  NULL: no memory.
 *
 * Memory of a game_inflate_t: 130 bytes until the first piece of a message
 * comes, then 7 KB and a window of 2^client_bits bytes (39 KB at 15 bits).
 * With takeover it is kept to the end, without it is freed after each message.
 *
 * Memory of a game_deflate_t: 8 * 2^server_bits bytes and 6 KB from the start
 * (262 KB at 15 bits, 38 KB at 12, 10 KB at 9).  With takeover each session
 * needs its own, to be made for its first message.  Without it nothing is kept
 * from message to message: one game_deflate_t may serve all the sessions of a
 * process that agreed on the same bits, and what it made of a message suits
 * them all.
 */
game_inflate_t *game_inflate_create(const game_deflate_params_t *params);
void game_inflate_destroy(game_inflate_t *z);
game_deflate_t *game_deflate_create(const game_deflate_params_t *params);
void game_deflate_destroy(game_deflate_t *z);


/*
 * Inflates a piece of a message into dst.  Call again with the rest of the
 * input while it returns GAME_INFLATE_FULL (dst had no room; there may be more
 * output although no input is left).  `last` says that the piece ends the
 * message (the 4 bytes of RFC 7692, 7.2.2 are added inside).  src and len move
 * on by what was taken; written is set on every return.  After an error all
 * calls fail until game_inflate_reset().  A client that refers beyond its
 * window is found out unless dst still has what it refers to.
 */
#define GAME_INFLATE_OK     0
#define GAME_INFLATE_FULL   1
#define GAME_INFLATE_ERROR  -1

int game_inflate(game_inflate_t *z, const unsigned char **src, size_t *len,
    int last, unsigned char *dst, size_t size, size_t *written);

/* whether the error was a lack of memory and not the client's fault */
int game_inflate_no_memory(const game_inflate_t *z);

/* forgets a message under way, an error and, without takeover, the context */
void game_inflate_reset(game_inflate_t *z);

/*
 * What a client's next message may refer to, between two messages: copies it
 * to dst, which needs GAME_INFLATE_CONTEXT_MAX bytes, and returns how much
 * that is.  Restore gives it to a new game_inflate_t: 0, or -1: no memory.
 * The other direction needs nothing: a new game_deflate_t refers to nothing
 * that came before.
 */
#define GAME_INFLATE_CONTEXT_MAX  32768

size_t game_inflate_context(game_inflate_t *z, unsigned char *dst);
int game_inflate_restore(game_inflate_t *z, const unsigned char *context,
    size_t len);

/* Deflates a whole message.  dst needs game_deflate_bound() bytes.  Returns
 * the length without the 4 bytes at the end, or 0: error */
size_t game_deflate_bound(game_deflate_t *z, size_t len);
size_t game_deflate(game_deflate_t *z, const unsigned char *src, size_t len,
    unsigned char *dst, size_t size);


#endif /* GAME_DEFLATE_H */
