
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


/*
 * NULL, or a short constant text that says what is wrong:
 *   not exactly one value; arrays and maps nested deeper than depth, at most
 *   GAME_MSGPACK_DEPTH_MAX; 0xc1; extension types; numbers that are not
 *   finite; map keys other than strings and integers.
 * Takes time in proportion to len, and no memory.
 */
const char *game_msgpack_check(const unsigned char *data, size_t len,
    unsigned depth);


#endif /* GAME_MSGPACK_H */
