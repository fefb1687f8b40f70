
/*
 * Copyright (C) ngx_game authors
 *
 * game_map, against an array of values; with ids that all collide, and a
 * cluster that goes around the end of the table.
 */


#include <stdlib.h>

#include "game_map.h"
#include "tap.h"


#define T_IDS  600

/* the inverse of the map's factor modulo 2^64: id = product * T_INVERSE has
 * the product that we want, and the product's top bits are the id's home */
#define T_INVERSE  UINT64_C(0xf1de83e19937733d)
#define T_FACTOR   UINT64_C(0x9e3779b97f4a7c15)


static uint64_t  seed;
static char      values[T_IDS];


static unsigned
next_random(unsigned n)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;

    return (seed >> 33) % n;
}


static uint64_t
id_count(unsigned i)
{
    return i + 1;
}


/* all of them want the first cell */

static uint64_t
id_first(unsigned i)
{
    return (i + 1) * T_INVERSE;
}


/* all of them want the last cell, and go on at the first */

static uint64_t
id_last(unsigned i)
{
    return (UINT64_MAX - i) * T_INVERSE;
}


static uint64_t
id_spread(unsigned i)
{
    return UINT64_MAX / T_IDS * (i + 1);
}


/* the map has exactly what the model has: by get and by next */

static unsigned
compare(const game_map_t *map, void *const *model,
    uint64_t (*id_of)(unsigned i))
{
    void      *value;
    size_t     cursor, count;
    uint64_t   id;
    unsigned   i, wrong;

    wrong = 0;
    count = 0;

    for (i = 0; i < T_IDS; i++) {
        wrong += game_map_get(map, id_of(i)) != model[i];
        count += model[i] != NULL;
    }

    wrong += map->count != count;
    cursor = 0;

    while ((value = game_map_next(map, &cursor, &id)) != NULL) {
        i = (char *) value - values;
        wrong += i >= T_IDS || id_of(i) != id || model[i] != value;
        count--;
    }

    return wrong + count;
}


static void
test_random(const char *name, uint64_t (*id_of)(unsigned i))
{
    void        *model[T_IDS];
    size_t       largest;
    unsigned     i, n, wrong, sizes;
    game_map_t   map;

    memset(&map, 0, sizeof(map));
    memset(model, 0, sizeof(model));

    wrong = 0;
    sizes = 0;
    largest = 0;

    for (n = 0; n < 12000; n++) {
        i = next_random(T_IDS);

        /* waves: mostly in, then mostly out */

        if (next_random(100) < (n / 3000 % 2 ? 10 : 90)) {
            wrong += game_map_set(&map, id_of(i), &values[i]) != 0;
            model[i] = &values[i];

        } else {
            wrong += game_map_remove(&map, id_of(i)) != model[i];
            model[i] = NULL;
        }

        sizes += map.count > map.size / 4 * 3
                 || (map.size > 8 && map.count < map.size / 8);

        if (map.size > largest) {
            largest = map.size;
        }

        if (n % 50 == 0) {
            wrong += compare(&map, model, id_of);
        }
    }

    wrong += compare(&map, model, id_of);

    is(wrong, 0, "%s: as the model", name);
    is(sizes, 0, "%s: neither crowded nor sparse", name);
    is(largest, 1024, "%s: grew with its entries", name);

    for (i = 0; i < T_IDS; i++) {
        wrong += game_map_remove(&map, id_of(i)) != model[i];
    }

    is(wrong, 0, "%s: all removed", name);
    is(map.count, 0, "%s: empty", name);
    is(map.size, 8, "%s: and small again", name);

    game_map_done(&map);
    is(map.size, 0, "%s: done", name);
}


static void
test_single(void)
{
    size_t      cursor;
    uint64_t    id;
    game_map_t  map;

    memset(&map, 0, sizeof(map));

    ok(game_map_get(&map, 1) == NULL, "nothing in an empty map");
    ok(game_map_get(&map, 0) == NULL, "id 0 is in no map");
    ok(game_map_remove(&map, 1) == NULL, "nothing to remove");
    is(map.size, 0, "an empty map has no memory");

    cursor = 0;
    ok(game_map_next(&map, &cursor, &id) == NULL, "nothing to iterate");

    is(game_map_set(&map, 0, &values[0]), -1, "id 0 is refused");
    is(game_map_set(&map, 5, &values[0]), 0, "set");
    is(game_map_set(&map, 5, &values[1]), 0, "set again");
    is(map.count, 1, "one entry");
    ok(game_map_get(&map, 5) == &values[1], "is replaced");
    ok(game_map_get(&map, 0) == NULL, "still no id 0");
    ok(game_map_get(&map, 6) == NULL, "no other id");
    is(game_map_set(&map, UINT64_MAX, &values[2]), 0, "the largest id");
    ok(game_map_remove(&map, 5) == &values[1], "remove returns the value");
    ok(game_map_remove(&map, 5) == NULL, "once");
    ok(game_map_get(&map, UINT64_MAX) == &values[2], "the other stays");

    game_map_done(&map);
    game_map_done(&map);
    ok(map.cells == NULL, "done twice");
}


/* a game's ids count up and have a node's number on top: they must not pile
 * up.  The probes of all lookups are counted by their distance from home */

static void
test_spread(void)
{
    size_t       cursor;
    uint64_t     id, home, far;
    unsigned     i;
    game_map_t   map;

    memset(&map, 0, sizeof(map));

    for (i = 0; i < 3000; i++) {
        game_map_set(&map, UINT64_C(7) << 48 | (i * 4 + 1), values);
    }

    far = 0;
    cursor = 0;

    while (game_map_next(&map, &cursor, &id)) {
        home = (id * T_FACTOR) >> (64 - __builtin_ctzll(map.size));
        far += (cursor - 1 - home) & (map.size - 1);
    }

    is(map.count, 3000, "ids that count up");
    ok(far < 3000, "lie within one cell of their home on average");

    game_map_done(&map);
}


int
main(void)
{
    seed = 42;

    is((T_FACTOR * T_INVERSE) & UINT64_MAX, 1, "the inverse of the factor");

    test_single();
    test_random("ids that count up", id_count);
    test_random("spread ids", id_spread);
    test_random("ids of the first cell", id_first);
    test_random("ids of the last cell", id_last);
    test_spread();

    return tap_done();
}
