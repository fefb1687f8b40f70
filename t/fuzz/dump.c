
/*
 * Copyright (C) ngx_game authors
 *
 * game_dump, as an encoder reads a value: nothing is read behind its end, and
 * tables have as many pairs and values as they say.  game_json_pairs(): what
 * it writes is what is read.
 *
 * Input: the value.
 */


#include <math.h>

#include "game_dump.h"
#include "game_json.h"
#include "fuzz.h"


#define DEPTH  64
#define ROOM   200


static int value(game_dump_t *dump, unsigned depth);


static int
array(game_dump_t *dump, game_dump_value_t *v, unsigned depth)
{
    int                    rc;
    size_t                 i;
    game_dump_t            item;
    const unsigned char   *begin, **places;

    if (!v->scattered) {
        for (i = 0; i < v->n; i++) {
            if (value(dump, depth) != 0) {
                return -1;
            }
        }

        return 0;
    }

    /* of two values one is there, or it is short */

    FUZZ_CHECK(v->n <= 10 + 2 * (size_t) (dump->end - dump->pos));

    places = fuzz_alloc(v->n * sizeof(unsigned char *));
    begin = dump->pos;
    rc = game_dump_places(dump, v, places);

    for (i = 0; rc == 0 && i < v->n; i++) {
        if (places[i]) {
            FUZZ_CHECK(places[i] >= begin && places[i] < dump->pos);

            item = *dump;
            item.pos = places[i];
            rc = value(&item, depth);
        }
    }

    free(places);

    return rc;
}


static unsigned char *
add(unsigned char *p, const void *data, size_t len)
{
    memcpy(p, data, len);

    return p + len;
}


static unsigned char *
add_value(unsigned char *p, game_dump_type_e type, game_dump_value_t *v)
{
    switch (type) {

    case GAME_DUMP_TRUE:
        return add(p, "true", 4);

    case GAME_DUMP_FALSE:
        return add(p, "false", 5);

    case GAME_DUMP_NUMBER:
        FUZZ_CHECK(isfinite(v->number));
        return p + game_number_format((char *) p, v->number);

    default:
        FUZZ_CHECK(type == GAME_DUMP_STRING && v->len <= GAME_JSON_BYTES);
        p = add(p, "\"", 1);
        p = add(p, v->text, v->len);
        return add(p, "\"", 1);
    }
}


/* what of a map can be written at once, read one by one */
static void
pairs(game_dump_t dump, game_dump_value_t v)
{
    game_dump_t         fast;
    unsigned char      *dst, *end, *p, wanted[2 * ROOM];
    game_dump_type_e    type;
    game_dump_value_t   rest, item;

    fast = dump;
    rest = v;
    dst = fuzz_alloc(ROOM);
    end = game_json_pairs(dst, dst + ROOM, &fast, &rest, SIZE_MAX);

    for (p = wanted; v.left > rest.left; p = add(p, ",", 1)) {
        type = game_dump_key(&dump, &v, &item);

        FUZZ_CHECK(type == GAME_DUMP_STRING);

        p = add_value(p, type, &item);
        p = add(p, ":", 1);

        type = game_dump_next(&dump, &item);
        p = add_value(p, type, &item);

        FUZZ_CHECK(p < wanted + ROOM);
    }

    FUZZ_CHECK(dump.pos == fast.pos);
    FUZZ_CHECK(end - dst == p - wanted);
    FUZZ_CHECK(memcmp(dst, wanted, p - wanted) == 0);
    FUZZ_CHECK(game_json_check(dst, end - dst) == NULL);

    free(dst);
}


static int
map(game_dump_t *dump, game_dump_value_t *v, unsigned depth)
{
    size_t             n;
    game_dump_type_e   type;
    game_dump_value_t  key;

    for (n = 0; /* void */ ; n++) {
        pairs(*dump, *v);

        type = game_dump_key(dump, v, &key);

        if (type == GAME_DUMP_NIL) {
            FUZZ_CHECK(n == v->n);
            return 0;
        }

        if (type > GAME_DUMP_OTHER || value(dump, depth) != 0) {
            return -1;
        }
    }
}


static int
value(game_dump_t *dump, unsigned depth)
{
    volatile unsigned char   last;
    game_dump_type_e         type;
    game_dump_value_t        v;

    type = game_dump_next(dump, &v);

    FUZZ_CHECK(dump->pos <= dump->end);

    if (type > GAME_DUMP_OTHER || depth == 0) {
        return -1;
    }

    switch (type) {

    case GAME_DUMP_STRING:

        if (v.len) {
            last = v.text[v.len - 1];
            (void) last;
        }

        return 0;

    case GAME_DUMP_ARRAY:
        return array(dump, &v, depth - 1);

    case GAME_DUMP_MAP:
        return map(dump, &v, depth - 1);

    default:
        return 0;
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    game_dump_t  dump;

    dump.pos = data;
    dump.end = data + size;
    dump.ahead = 0;

    (void) value(&dump, DEPTH);

    return 0;
}
