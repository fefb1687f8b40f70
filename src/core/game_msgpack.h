
/*
 * Copyright (C) ngx_game authors
 *
 * A check of MessagePack before it is decoded: that it is one whole value, not
 * too deep, and of the types that games take.  A decoder may then trust all
 * counts, since as many values do follow.
 */


#ifndef GAME_MSGPACK_H
#define GAME_MSGPACK_H


#include <stddef.h>


#define GAME_MSGPACK_DEPTH_MAX  64


/* whose value it is: one of a player, or one that we have saved, which may
 * have numbers that are not finite, and extensions of one byte */
typedef enum {
    GAME_MSGPACK_FOREIGN = 0,
    GAME_MSGPACK_SAVED
} game_msgpack_origin_e;


/*
 * NULL, or a short constant text that says what is wrong:
 *   not exactly one value; arrays and maps nested deeper than depth, at most
 *   GAME_MSGPACK_DEPTH_MAX; 0xc1; extension types; numbers that are not
 *   finite; map keys other than strings and integers.
 * Takes time in proportion to len, and no memory.
 */
const char *game_msgpack_check(const unsigned char *data, size_t len,
    unsigned depth, game_msgpack_origin_e origin);


#endif /* GAME_MSGPACK_H */
