
/*
 * Copyright (C) ngx_game authors
 *
 * Values as LuaJIT's string buffers write them, read one after the other:
 * https://luajit.org/ext_buffer.html#serialize_format
 *
 * A table is an array if all its keys are integers from 1 on, and a map else,
 * as an empty one is (docs/protocol.md).
 */


#ifndef GAME_DUMP_H
#define GAME_DUMP_H


#include <stddef.h>
#include <stdint.h>
#include <string.h>


/* an array may have gaps if it is short, or if at most half is missing */
#define GAME_DUMP_SHORT  10


typedef enum {
    GAME_DUMP_NIL = 0,
    GAME_DUMP_FALSE,
    GAME_DUMP_TRUE,
    GAME_DUMP_LIGHT,         /* light: a light userdata */
    GAME_DUMP_NUMBER,        /* number */
    GAME_DUMP_STRING,        /* text, len */
    GAME_DUMP_ARRAY,         /* n values follow, nil where one is missing; or
                              * it is scattered */
    GAME_DUMP_MAP,           /* n pairs follow */
    GAME_DUMP_OTHER,         /* what only LuaJIT has: 64-bit integers, complex
                              * numbers */
    GAME_DUMP_KEY,           /* a key is neither a string nor an integer */
    GAME_DUMP_SPARSE,        /* an array of n values with too many gaps */
    GAME_DUMP_BAD            /* not LuaJIT's, or cut off */
} game_dump_type_e;


typedef struct {
    const unsigned char  *pos;
    const unsigned char  *end;
    size_t                ahead;      /* bytes looked at beside those read, to
                                       * class tables; the caller may reset
                                       * it */
} game_dump_t;


typedef struct {
    double                number;
    uint64_t              light;
    const unsigned char  *text;
    size_t                len;
    size_t                n;
    unsigned              scattered:1;

    /* private: what is left of a table */
    size_t                slot;       /* of its array part: the next one, */
    size_t                slots;      /* up to this one, */
    size_t                left;       /* and pairs of its hash part */
} game_dump_value_t;


/* the next value; from GAME_DUMP_KEY on it is an error, and nothing follows */
static inline game_dump_type_e game_dump_next(game_dump_t *dump,
    game_dump_value_t *v);

/* the next key of a map, GAME_DUMP_STRING or GAME_DUMP_NUMBER; its value is to
 * be read before the one behind it.  GAME_DUMP_NIL: there are no more */
static inline game_dump_type_e game_dump_key(game_dump_t *dump,
    game_dump_value_t *map, game_dump_value_t *key);

/*
 * Reads an array that is scattered: places[0..n - 1] become those where its
 * values begin, NULL for one that is missing.  0, or -1: it is not LuaJIT's.
 */
int game_dump_places(game_dump_t *dump, game_dump_value_t *array,
    const unsigned char **places);

/* whether an array of n values has too many gaps */
int game_dump_sparse(size_t n, size_t missing);


/* most values are short strings, numbers and booleans, and most keys short
 * strings */

#define GAME_DUMP_TAG_FALSE   0x01
#define GAME_DUMP_TAG_TRUE    0x02
#define GAME_DUMP_TAG_NUMBER  0x07
#define GAME_DUMP_TAG_STRING  0x20    /* and more: its length, */
#define GAME_DUMP_TAG_LONG    0xe0    /* which is not in one byte from here */

game_dump_type_e game_dump_any(game_dump_t *dump, game_dump_value_t *v);
game_dump_type_e game_dump_any_key(game_dump_t *dump, game_dump_value_t *map,
    game_dump_value_t *key);


static inline game_dump_type_e
game_dump_next(game_dump_t *dump, game_dump_value_t *v)
{
    size_t                left, len;
    const unsigned char  *p;

    p = dump->pos;
    left = dump->end - p;

    if (left && *p >= GAME_DUMP_TAG_STRING && *p < GAME_DUMP_TAG_LONG) {
        len = *p - GAME_DUMP_TAG_STRING;

        if (len < left) {
            v->text = p + 1;
            v->len = len;
            dump->pos = p + 1 + len;
            return GAME_DUMP_STRING;
        }
    }

    if (left > sizeof(double) && *p == GAME_DUMP_TAG_NUMBER) {
        memcpy(&v->number, p + 1, sizeof(double));
        dump->pos = p + 1 + sizeof(double);
        return GAME_DUMP_NUMBER;
    }

    return game_dump_any(dump, v);
}


static inline game_dump_type_e
game_dump_key(game_dump_t *dump, game_dump_value_t *map,
    game_dump_value_t *key)
{
    if (map->slot < map->slots
        || map->left == 0
        || dump->pos == dump->end
        || *dump->pos < GAME_DUMP_TAG_STRING)
    {
        return game_dump_any_key(dump, map, key);
    }

    map->left--;

    return game_dump_next(dump, key);
}


#endif /* GAME_DUMP_H */
