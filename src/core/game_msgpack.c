
/*
 * Copyright (C) ngx_game authors
 *
 * The check walks over the headers of all values with a stack of counts.  A
 * count is never trusted: each value that it announces takes at least a byte,
 * so the walk ends after at most as many steps as there are bytes.
 */


#include "game_msgpack.h"

#include <stdint.h>


typedef enum {
    GAME_MSGPACK_SCALAR = 0,      /* nil, boolean: no key of a map */
    GAME_MSGPACK_INTEGER,
    GAME_MSGPACK_FLOAT,
    GAME_MSGPACK_STRING,          /* str and bin */
    GAME_MSGPACK_ARRAY,
    GAME_MSGPACK_MAP,
    GAME_MSGPACK_EXT,
    GAME_MSGPACK_INVALID
} game_msgpack_type_e;


typedef struct {
    game_msgpack_type_e     type;
    const unsigned char    *body;
    uint64_t                size;     /* bytes of the body */
    uint64_t                count;    /* values within: twice a map's pairs */
} game_msgpack_value_t;


typedef struct {
    uint64_t                left;     /* values to come in this container */
    int                     map;
} game_msgpack_level_t;


/* what follows the first byte of the types from 0xc0 to 0xdf: bytes of a
 * length or count, and bytes of a body of fixed size */
typedef struct {
    unsigned char           type;
    unsigned char           length;
    unsigned char           fixed;
} game_msgpack_format_t;


static const game_msgpack_format_t  game_msgpack_formats[32] = {
    { GAME_MSGPACK_SCALAR,  0, 0 },   /* c0 nil */
    { GAME_MSGPACK_INVALID, 0, 0 },   /* c1 */
    { GAME_MSGPACK_SCALAR,  0, 0 },   /* c2 false */
    { GAME_MSGPACK_SCALAR,  0, 0 },   /* c3 true */
    { GAME_MSGPACK_STRING,  1, 0 },   /* c4 bin 8 */
    { GAME_MSGPACK_STRING,  2, 0 },   /* c5 bin 16 */
    { GAME_MSGPACK_STRING,  4, 0 },   /* c6 bin 32 */
    { GAME_MSGPACK_EXT,     0, 0 },   /* c7 ext 8 */
    { GAME_MSGPACK_EXT,     0, 0 },   /* c8 ext 16 */
    { GAME_MSGPACK_EXT,     0, 0 },   /* c9 ext 32 */
    { GAME_MSGPACK_FLOAT,   0, 4 },   /* ca float 32 */
    { GAME_MSGPACK_FLOAT,   0, 8 },   /* cb float 64 */
    { GAME_MSGPACK_INTEGER, 0, 1 },   /* cc uint 8 */
    { GAME_MSGPACK_INTEGER, 0, 2 },   /* cd uint 16 */
    { GAME_MSGPACK_INTEGER, 0, 4 },   /* ce uint 32 */
    { GAME_MSGPACK_INTEGER, 0, 8 },   /* cf uint 64 */
    { GAME_MSGPACK_INTEGER, 0, 1 },   /* d0 int 8 */
    { GAME_MSGPACK_INTEGER, 0, 2 },   /* d1 int 16 */
    { GAME_MSGPACK_INTEGER, 0, 4 },   /* d2 int 32 */
    { GAME_MSGPACK_INTEGER, 0, 8 },   /* d3 int 64 */
    { GAME_MSGPACK_EXT,     0, 0 },   /* d4 fixext 1 */
    { GAME_MSGPACK_EXT,     0, 0 },   /* d5 fixext 2 */
    { GAME_MSGPACK_EXT,     0, 0 },   /* d6 fixext 4 */
    { GAME_MSGPACK_EXT,     0, 0 },   /* d7 fixext 8 */
    { GAME_MSGPACK_EXT,     0, 0 },   /* d8 fixext 16 */
    { GAME_MSGPACK_STRING,  1, 0 },   /* d9 str 8 */
    { GAME_MSGPACK_STRING,  2, 0 },   /* da str 16 */
    { GAME_MSGPACK_STRING,  4, 0 },   /* db str 32 */
    { GAME_MSGPACK_ARRAY,   2, 0 },   /* dc array 16 */
    { GAME_MSGPACK_ARRAY,   4, 0 },   /* dd array 32 */
    { GAME_MSGPACK_MAP,     2, 0 },   /* de map 16 */
    { GAME_MSGPACK_MAP,     4, 0 }    /* df map 32 */
};


static const char  game_msgpack_cut[] = "the value is cut short";


static const char *game_msgpack_next(game_msgpack_value_t *value,
    const unsigned char *p, const unsigned char *end);
static const char *game_msgpack_format(game_msgpack_value_t *value,
    const unsigned char *p, const unsigned char *end);
static uint64_t game_msgpack_load(const unsigned char *p, unsigned n);
static int game_msgpack_finite(const game_msgpack_value_t *value);


const char *
game_msgpack_check(const unsigned char *data, size_t len, unsigned depth)
{
    const char            *err;
    unsigned               top;
    const unsigned char   *p, *end;
    game_msgpack_level_t  *level;
    game_msgpack_value_t   value;
    game_msgpack_level_t   levels[GAME_MSGPACK_DEPTH_MAX + 1];

    if (depth > GAME_MSGPACK_DEPTH_MAX) {
        depth = GAME_MSGPACK_DEPTH_MAX;
    }

    p = data;
    end = data + len;

    /* the bottom is an array of the one value that there is to be */

    top = 0;
    levels[0].left = 1;
    levels[0].map = 0;

    for ( ;; ) {
        level = &levels[top];

        if (level->left == 0) {
            if (top == 0) {
                break;
            }

            top--;
            continue;
        }

        err = game_msgpack_next(&value, p, end);
        if (err) {
            return err;
        }

        /* a map has an even number of values left where a key comes */

        if (level->map && level->left % 2 == 0
            && value.type != GAME_MSGPACK_STRING
            && value.type != GAME_MSGPACK_INTEGER)
        {
            return "a key of a map is neither a string nor an integer";
        }

        level->left--;
        p = value.body + value.size;

        if (value.type != GAME_MSGPACK_ARRAY
            && value.type != GAME_MSGPACK_MAP)
        {
            continue;
        }

        if (top == depth) {
            return "arrays and maps are nested too deep";
        }

        top++;
        levels[top].left = value.count;
        levels[top].map = (value.type == GAME_MSGPACK_MAP);
    }

    return p == end ? NULL : "there is more after the value";
}


/* the value at p, without what it contains */
static const char *
game_msgpack_next(game_msgpack_value_t *value, const unsigned char *p,
    const unsigned char *end)
{
    unsigned char  c;

    if (p == end) {
        return game_msgpack_cut;
    }

    c = *p;

    value->body = p + 1;
    value->size = 0;
    value->count = 0;

    if (c >= 0xc0 && c <= 0xdf) {
        return game_msgpack_format(value, p, end);
    }

    if (c <= 0x7f || c >= 0xe0) {
        value->type = GAME_MSGPACK_INTEGER;

    } else if (c <= 0x8f) {
        value->type = GAME_MSGPACK_MAP;
        value->count = 2 * (c & 0x0f);

    } else if (c <= 0x9f) {
        value->type = GAME_MSGPACK_ARRAY;
        value->count = c & 0x0f;

    } else {
        value->type = GAME_MSGPACK_STRING;
        value->size = c & 0x1f;
    }

    return value->size > (uint64_t) (end - value->body) ? game_msgpack_cut
                                                         : NULL;
}


static const char *
game_msgpack_format(game_msgpack_value_t *value, const unsigned char *p,
    const unsigned char *end)
{
    uint64_t                      n;
    const game_msgpack_format_t  *format;

    format = &game_msgpack_formats[*p & 0x1f];

    value->type = format->type;

    if (format->type == GAME_MSGPACK_EXT) {
        return "extension types are not supported";
    }

    if (format->type == GAME_MSGPACK_INVALID) {
        return "the byte 0xc1 is no value";
    }

    if (format->length > end - value->body) {
        return game_msgpack_cut;
    }

    n = game_msgpack_load(value->body, format->length);
    value->body += format->length;
    value->size = format->fixed;

    switch (value->type) {

    case GAME_MSGPACK_STRING:
        value->size = n;
        break;

    case GAME_MSGPACK_ARRAY:
        value->count = n;
        break;

    case GAME_MSGPACK_MAP:
        value->count = 2 * n;
        break;

    default:
        break;
    }

    if (value->size > (uint64_t) (end - value->body)) {
        return game_msgpack_cut;
    }

    if (value->type == GAME_MSGPACK_FLOAT && !game_msgpack_finite(value)) {
        return "a number is not finite";
    }

    return NULL;
}


/* big-endian */
static uint64_t
game_msgpack_load(const unsigned char *p, unsigned n)
{
    uint64_t  value;

    value = 0;

    while (n--) {
        value = value << 8 | *p++;
    }

    return value;
}


/* infinities and NaNs have all bits of the exponent set (IEEE 754) */
static int
game_msgpack_finite(const game_msgpack_value_t *value)
{
    uint64_t  mask;

    mask = value->size == 4 ? 0x7f800000ULL : 0x7ff0000000000000ULL;

    return (game_msgpack_load(value->body, value->size) & mask) != mask;
}
