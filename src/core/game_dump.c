
/*
 * Copyright (C) ngx_game authors
 *
 * A table has an array part, a hash part, or both: first come their lengths,
 * then the values of the one and the pairs of the other.  The usual ones are
 * read as they lie there: a hash part whose first key is a string is a map's,
 * and an array part alone an array's, whose gaps show as it is read.  The keys
 * of all others are looked at before, with a copy of the reader.
 */


#include "game_dump.h"

#include <math.h>


/* tables within tables: LuaJIT writes 100 */
#define GAME_DUMP_DEPTH        128

/* a double has all integers up to here */
#define GAME_DUMP_EXACT        9007199254740992.0    /* 2^53 */

/* the first byte of a value; those of game_dump.h, too */
#define GAME_DUMP_TAG_NIL      0x00
#define GAME_DUMP_TAG_NULL     0x03
#define GAME_DUMP_TAG_LIGHT32  0x04
#define GAME_DUMP_TAG_LIGHT64  0x05
#define GAME_DUMP_TAG_INT      0x06
#define GAME_DUMP_TAG_TABLE    0x08    /* to 0x0d: bits, of those below */
#define GAME_DUMP_TAG_TABLES   0x0d
#define GAME_DUMP_TAG_INT64    0x10
#define GAME_DUMP_TAG_UINT64   0x11
#define GAME_DUMP_TAG_COMPLEX  0x12

/* what a table has */
#define GAME_DUMP_HASH         0x01
#define GAME_DUMP_FROM_0       0x02
#define GAME_DUMP_FROM_1       0x04


static const unsigned char *game_dump_take(game_dump_t *dump, size_t n);
static int game_dump_length(game_dump_t *dump, size_t *n);
static game_dump_type_e game_dump_string(game_dump_t *dump,
    game_dump_value_t *v);
static game_dump_type_e game_dump_light(game_dump_t *dump,
    game_dump_value_t *v, size_t n);
static game_dump_type_e game_dump_number(game_dump_t *dump,
    game_dump_value_t *v, unsigned tag);
static game_dump_type_e game_dump_table(game_dump_t *dump,
    game_dump_value_t *v, unsigned has);
static int game_dump_parts(game_dump_t *dump, unsigned has, size_t *slots,
    size_t *pairs);
static game_dump_type_e game_dump_class(game_dump_t *dump,
    game_dump_value_t *v);
static int game_dump_skip(game_dump_t *dump, unsigned depth);


game_dump_type_e
game_dump_any(game_dump_t *dump, game_dump_value_t *v)
{
    unsigned              tag;
    const unsigned char  *p;

    p = game_dump_take(dump, 1);

    if (p == NULL) {
        return GAME_DUMP_BAD;
    }

    tag = *p;

    if (tag >= GAME_DUMP_TAG_STRING) {
        dump->pos = p;
        return game_dump_string(dump, v);
    }

    switch (tag) {

    case GAME_DUMP_TAG_NIL:
        return GAME_DUMP_NIL;

    case GAME_DUMP_TAG_FALSE:
        return GAME_DUMP_FALSE;

    case GAME_DUMP_TAG_TRUE:
        return GAME_DUMP_TRUE;

    case GAME_DUMP_TAG_NULL:
        return game_dump_light(dump, v, 0);

    case GAME_DUMP_TAG_LIGHT32:
        return game_dump_light(dump, v, 4);

    case GAME_DUMP_TAG_LIGHT64:
        return game_dump_light(dump, v, 8);

    case GAME_DUMP_TAG_INT:
    case GAME_DUMP_TAG_NUMBER:
        return game_dump_number(dump, v, tag);

    case GAME_DUMP_TAG_INT64:
    case GAME_DUMP_TAG_UINT64:
        return game_dump_take(dump, 8) ? GAME_DUMP_OTHER : GAME_DUMP_BAD;

    case GAME_DUMP_TAG_COMPLEX:
        return game_dump_take(dump, 16) ? GAME_DUMP_OTHER : GAME_DUMP_BAD;

    default:

        if (tag >= GAME_DUMP_TAG_TABLE && tag <= GAME_DUMP_TAG_TABLES) {
            return game_dump_table(dump, v, tag - GAME_DUMP_TAG_TABLE);
        }

        return GAME_DUMP_BAD;
    }
}


/* NULL: there are not so many bytes */

static const unsigned char *
game_dump_take(game_dump_t *dump, size_t n)
{
    const unsigned char  *p;

    p = dump->pos;

    if ((size_t) (dump->end - p) < n) {
        return NULL;
    }

    dump->pos = p + n;

    return p;
}


/* a number in one, two or five bytes */

static int
game_dump_length(game_dump_t *dump, size_t *n)
{
    uint32_t              word;
    const unsigned char  *p, *more;

    p = game_dump_take(dump, 1);

    if (p == NULL) {
        return -1;
    }

    if (*p < 0xe0) {
        *n = *p;
        return 0;
    }

    more = game_dump_take(dump, *p < 0xff ? 1 : 4);

    if (more == NULL) {
        return -1;
    }

    if (*p < 0xff) {
        *n = ((*p & 0x1f) << 8 | *more) + 0xe0;
        return 0;
    }

    memcpy(&word, more, 4);
    *n = word;

    return 0;
}


static game_dump_type_e
game_dump_string(game_dump_t *dump, game_dump_value_t *v)
{
    size_t  n;

    if (game_dump_length(dump, &n) != 0 || n < GAME_DUMP_TAG_STRING) {
        return GAME_DUMP_BAD;
    }

    v->len = n - GAME_DUMP_TAG_STRING;
    v->text = game_dump_take(dump, v->len);

    return v->text ? GAME_DUMP_STRING : GAME_DUMP_BAD;
}


static game_dump_type_e
game_dump_light(game_dump_t *dump, game_dump_value_t *v, size_t n)
{
    const unsigned char  *p;

    p = game_dump_take(dump, n);

    if (p == NULL) {
        return GAME_DUMP_BAD;
    }

    v->light = 0;
    memcpy(&v->light, p, n);

    return GAME_DUMP_LIGHT;
}


static game_dump_type_e
game_dump_number(game_dump_t *dump, game_dump_value_t *v, unsigned tag)
{
    int32_t               n;
    const unsigned char  *p;

    p = game_dump_take(dump, tag == GAME_DUMP_TAG_INT ? 4 : 8);

    if (p == NULL) {
        return GAME_DUMP_BAD;
    }

    if (tag == GAME_DUMP_TAG_INT) {
        memcpy(&n, p, 4);
        v->number = n;

    } else {
        memcpy(&v->number, p, 8);
    }

    return GAME_DUMP_NUMBER;
}


static game_dump_type_e
game_dump_table(game_dump_t *dump, game_dump_value_t *v, unsigned has)
{
    v->scattered = 0;

    if (game_dump_parts(dump, has, &v->slots, &v->left) != 0) {
        return GAME_DUMP_BAD;
    }

    v->slot = (has & GAME_DUMP_FROM_1) ? 1 : 0;

    if (v->slots == 0
        && (v->left == 0 || (dump->pos < dump->end
                             && *dump->pos >= GAME_DUMP_TAG_STRING)))
    {
        v->n = v->left;
        return GAME_DUMP_MAP;
    }

    if (v->slot == 1 && v->left == 0) {
        v->n = v->slots - 1;
        return GAME_DUMP_ARRAY;
    }

    return game_dump_class(dump, v);
}


/* both are 0 where a table does not have them */

static int
game_dump_parts(game_dump_t *dump, unsigned has, size_t *slots, size_t *pairs)
{
    *slots = 0;
    *pairs = 0;

    if ((has & (GAME_DUMP_FROM_0 | GAME_DUMP_FROM_1))
        && (game_dump_length(dump, slots) != 0 || *slots == 0))
    {
        return -1;
    }

    if (has & GAME_DUMP_HASH) {
        return game_dump_length(dump, pairs);
    }

    return 0;
}


static game_dump_type_e
game_dump_class(game_dump_t *dump, game_dump_value_t *v)
{
    int                map;
    size_t             pairs;
    double             last;
    game_dump_t        ahead;
    game_dump_type_e   type;
    game_dump_value_t  t, key;

    ahead = *dump;
    t = *v;
    map = 0;
    last = 0;

    for (pairs = 0; /* void */ ; pairs++) {

        type = game_dump_key(&ahead, &t, &key);

        if (type == GAME_DUMP_NIL) {
            break;
        }

        if (type == GAME_DUMP_STRING) {
            map = 1;
            pairs += 1 + t.left;
            break;
        }

        if (type != GAME_DUMP_NUMBER) {
            return type;
        }

        map |= (key.number < 1);
        last = (key.number > last) ? key.number : last;

        if (game_dump_skip(&ahead, 0) != 0) {
            return GAME_DUMP_BAD;
        }
    }

    dump->ahead += ahead.pos - dump->pos;

    v->n = pairs;

    if (map || pairs == 0) {
        return GAME_DUMP_MAP;
    }

    v->n = (size_t) last;

    if (v->n < pairs) {
        return GAME_DUMP_BAD;
    }

    v->scattered = 1;

    return game_dump_sparse(v->n, v->n - pairs) ? GAME_DUMP_SPARSE
                                                : GAME_DUMP_ARRAY;
}


game_dump_type_e
game_dump_any_key(game_dump_t *dump, game_dump_value_t *map,
    game_dump_value_t *key)
{
    game_dump_type_e  type;

    while (map->slot < map->slots) {

        if (dump->pos == dump->end) {
            return GAME_DUMP_BAD;
        }

        key->number = (double) map->slot++;

        if (*dump->pos != GAME_DUMP_TAG_NIL) {
            return GAME_DUMP_NUMBER;
        }

        dump->pos++;
    }

    if (map->left == 0) {
        return GAME_DUMP_NIL;
    }

    map->left--;

    type = game_dump_next(dump, key);

    if (type == GAME_DUMP_STRING
        || type == GAME_DUMP_BAD
        || (type == GAME_DUMP_NUMBER
            && floor(key->number) == key->number
            && fabs(key->number) <= GAME_DUMP_EXACT))
    {
        return type;
    }

    return GAME_DUMP_KEY;
}


int
game_dump_places(game_dump_t *dump, game_dump_value_t *array,
    const unsigned char **places)
{
    game_dump_type_e   type;
    game_dump_value_t  key;

    memset(places, 0, array->n * sizeof(unsigned char *));

    for ( ;; ) {
        type = game_dump_key(dump, array, &key);

        if (type == GAME_DUMP_NIL) {
            return 0;
        }

        if (type != GAME_DUMP_NUMBER
            || key.number < 1
            || key.number > array->n)
        {
            return -1;
        }

        places[(size_t) key.number - 1] = dump->pos;

        if (game_dump_skip(dump, 0) != 0) {
            return -1;
        }
    }
}


int
game_dump_sparse(size_t n, size_t missing)
{
    return n > GAME_DUMP_SHORT && n > 2 * (n - missing);
}


/* a value with all that is in it, whatever its keys are */

static int
game_dump_skip(game_dump_t *dump, unsigned depth)
{
    size_t                n, slots, pairs;
    unsigned              tag, has;
    game_dump_value_t     v;

    if (dump->pos == dump->end || depth > GAME_DUMP_DEPTH) {
        return -1;
    }

    tag = *dump->pos;

    if (tag < GAME_DUMP_TAG_TABLE || tag > GAME_DUMP_TAG_TABLES) {
        return game_dump_next(dump, &v) == GAME_DUMP_BAD ? -1 : 0;
    }

    dump->pos++;
    has = tag - GAME_DUMP_TAG_TABLE;

    if (game_dump_parts(dump, has, &slots, &pairs) != 0) {
        return -1;
    }

    n = slots + 2 * pairs - ((has & GAME_DUMP_FROM_1) ? 1 : 0);

    while (n--) {
        if (game_dump_skip(dump, depth + 1) != 0) {
            return -1;
        }
    }

    return 0;
}
