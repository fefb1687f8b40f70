
/*
 * Copyright (C) ngx_game authors
 *
 * What JSON is, as far as lua-cjson is lax about it or slow: control
 * characters in strings, null bytes, the form and range of numbers, what of a
 * string is escaped (RFC 8259, 6 and 7), and objects of plain fields, as most
 * messages are, both ways.  All else is left to the parser and the encoder.
 */


#ifndef GAME_JSON_H
#define GAME_JSON_H


#include "game_dump.h"
#include "game_number.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>


/* NULL, or a short constant text that says what is wrong.  A text that is no
 * JSON for other reasons may pass */
const char *game_json_check(const unsigned char *data, size_t len);

/* one of an object */
typedef struct {
    const unsigned char  *name;
    const unsigned char  *string;
    uint32_t              name_len;
    uint32_t              len;
    double                number;
    char                  type;       /* the first byte of the value */
} game_json_field_t;

/* reads an object like most messages, of at most max fields: names and strings
 * without escapes, numbers without exponents and of at most 15 digits (the
 * point is counted, too), true, false and null.  The number of fields, or -1:
 * it is something else, that may be JSON or not.  The texts point into data */
int game_json_fields(const unsigned char *data, size_t len,
    game_json_field_t *fields, int max);

/* writes the next pairs of a map, each with a comma behind it, as long as they
 * are plain: keys and strings of at most 16 bytes without escapes, finite
 * numbers, true and false.  Stops at any other one, after max of them, and
 * where a pair may not fit: GAME_JSON_PAIR bytes have to be left at dst, and
 * GAME_JSON_PAIR_READ of the dump.  Returns the place behind the last one */
unsigned char *game_json_pairs(unsigned char *dst, const unsigned char *end,
    game_dump_t *dump, game_dump_value_t *map, size_t max);

/* copies the part of a string up to the first byte that has to be escaped: a
 * control character, a quotation mark or a backslash; returns its length.
 * room, at least len, is how much may be read at src, whatever it is, and
 * written at dst: what lies there behind the part is undefined then */
static inline size_t game_json_plain(unsigned char *dst,
    const unsigned char *src, size_t len, size_t room);


/* so many bytes are looked at, and copied, at once: most names are shorter */
#define GAME_JSON_BYTES  16

typedef unsigned char  game_json_bytes_t
    __attribute__((vector_size(GAME_JSON_BYTES)));

/* all bits of those that a string can't have as they are, RFC 8259, 7 */
#define game_json_escaped(bytes)                                              \
    (((bytes) < 0x20) | ((bytes) == '"') | ((bytes) == '\\'))

#define GAME_JSON_PAIR_READ  (2 * (1 + GAME_JSON_BYTES))
#define GAME_JSON_PAIR       (1 + GAME_JSON_BYTES + 2 + GAME_NUMBER_MAX + 1)

size_t game_json_plain_long(unsigned char *dst, const unsigned char *src,
    size_t len, size_t room);


/* -1: one of the first n is to be escaped */

static inline int
game_json_copy(unsigned char *dst, const unsigned char *src, size_t n)
{
    uint64_t           bad[GAME_JSON_BYTES / 8];
    game_json_bytes_t  bytes, count;

    /* from the place on that is n in front of its middle */
    static const unsigned char  first[2 * GAME_JSON_BYTES] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
    };

    memcpy(&bytes, src, GAME_JSON_BYTES);
    memcpy(&count, first + GAME_JSON_BYTES - n, GAME_JSON_BYTES);
    memcpy(dst, &bytes, GAME_JSON_BYTES);

    bytes = (game_json_bytes_t) game_json_escaped(bytes) & count;
    memcpy(bad, &bytes, GAME_JSON_BYTES);

    return (bad[0] | bad[1]) ? -1 : 0;
}


static inline size_t
game_json_plain(unsigned char *dst, const unsigned char *src, size_t len,
    size_t room)
{
    if (len <= GAME_JSON_BYTES
        && room >= GAME_JSON_BYTES
        && game_json_copy(dst, src, len) == 0)
    {
        return len;
    }

    return game_json_plain_long(dst, src, len, room);
}


#endif /* GAME_JSON_H */
