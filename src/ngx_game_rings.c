
/*
 * Copyright (C) ngx_game authors
 *
 * The part is laid out by its size and the number of slots alone, and all-zero
 * memory is its empty state:
 *
 *     table: a ring's number + 1 for each pair, 0: none | owners | rings
 *
 * owners[] says, under the zone's lock, to which pair (+ 1) a ring belongs.
 * Its store is what allots the ring.  A worker that is killed before it has
 * told the table leaves a ring that its pair's next search finds again.
 */


#include "ngx_game.h"
#include "ngx_game_zone.h"
#include "ngx_game_rings.h"


#define NGX_GAME_RINGS_MAX  (64 * 1024)
#define NGX_GAME_RINGS_MIN  (16 * 1024)


typedef struct {
    ngx_log_t         *log;
    _Atomic uint32_t  *table;         /* [dst * slots + src] */
    _Atomic uint32_t  *owners;        /* [n] */
    u_char            *rings;
    size_t             size;          /* data of a ring */
    size_t             stride;
    ngx_uint_t         n;
    ngx_uint_t         slots;
    unsigned           told:1;        /* that none is left */
} ngx_game_rings_t;


static ngx_uint_t ngx_game_rings_count(size_t rest, size_t size);
static uint32_t ngx_game_rings_allot(uint32_t pair);
static size_t ngx_game_rings_used(void);


static ngx_game_rings_t  ngx_game_rings;


ngx_int_t
ngx_game_rings_init(ngx_cycle_t *cycle)
{
    size_t                  fixed, rest;
    ngx_uint_t              slots;
    ngx_game_rings_t       *rings;
    ngx_game_zone_parts_t  *parts;

    rings = &ngx_game_rings;
    parts = ngx_game_zone_parts();
    slots = parts->slots;

    fixed = ngx_align(slots * slots * sizeof(uint32_t), 64);

    if (parts->rings_size < fixed + 64 * 1024) {
        return NGX_ERROR;
    }

    rest = parts->rings_size - fixed;

    /* the largest that all pairs can have; in a small zone with many slots
     * there are not enough for all pairs */

    rings->size = NGX_GAME_RINGS_MAX;

    while (rings->size > NGX_GAME_RINGS_MIN
           && ngx_game_rings_count(rest, rings->size) < slots * (slots - 1))
    {
        rings->size /= 2;
    }

    rings->log = cycle->log;
    rings->slots = slots;
    rings->stride = sizeof(game_ring_t) + rings->size;
    rings->n = ngx_game_rings_count(rest, rings->size);
    rings->table = (_Atomic uint32_t *) parts->rings;
    rings->owners = (_Atomic uint32_t *) (parts->rings + fixed);
    rings->rings = parts->rings + fixed
                   + ngx_align(rings->n * sizeof(uint32_t), 64);

    ngx_game_zone_on_usage(ngx_game_rings_used);

    return NGX_OK;
}


static ngx_uint_t
ngx_game_rings_count(size_t rest, size_t size)
{
    return (rest - 64) / (sizeof(uint32_t) + sizeof(game_ring_t) + size);
}


size_t
ngx_game_rings_size(void)
{
    return ngx_game_rings.size;
}


game_ring_t *
ngx_game_rings_find(ngx_uint_t src, ngx_uint_t dst)
{
    uint32_t           k;
    ngx_game_rings_t  *rings;

    rings = &ngx_game_rings;

    k = atomic_load_explicit(&rings->table[dst * rings->slots + src],
                             memory_order_acquire);

    if (k == 0) {
        return NULL;
    }

    if (k > rings->n) {
        ngx_log_error(NGX_LOG_ALERT, rings->log, 0,
                      "corrupt table of rings from slot %ui to %ui",
                      src, dst);
        return NULL;
    }

    return (game_ring_t *) (rings->rings + (k - 1) * rings->stride);
}


game_ring_t *
ngx_game_rings_get(ngx_uint_t src, ngx_uint_t dst)
{
    uint32_t           k, pair;
    game_ring_t       *ring;
    ngx_game_rings_t  *rings;

    rings = &ngx_game_rings;

    ring = ngx_game_rings_find(src, dst);
    if (ring != NULL) {
        return ring;
    }

    pair = (uint32_t) (dst * rings->slots + src);

    ngx_game_zone_lock();

    k = ngx_game_rings_allot(pair);

    if (k != 0) {
        atomic_store_explicit(&rings->table[pair], k, memory_order_release);
    }

    ngx_game_zone_unlock();

    if (k == 0) {

        if (!rings->told) {
            rings->told = 1;
            ngx_log_error(NGX_LOG_CRIT, rings->log, 0,
                          "all %ui rings of \"game_zone\" are in use, some "
                          "workers can't reach others: the zone is too "
                          "small for so many workers", rings->n);
        }

        return NULL;
    }

    return ngx_game_rings_find(src, dst);
}


/* under the lock: the pair's ring's number + 1, or 0 */

static uint32_t
ngx_game_rings_allot(uint32_t pair)
{
    uint32_t           owner;
    ngx_uint_t         i;
    ngx_game_rings_t  *rings;

    rings = &ngx_game_rings;

    /* they are allotted in order, so that this is the first free one or,
     * before it, the one that this pair was given already */

    for (i = 0; i < rings->n; i++) {
        owner = ngx_game_zone_get(&rings->owners[i]);

        if (owner == 0) {
            ngx_game_zone_set(&rings->owners[i], pair + 1);
            return (uint32_t) i + 1;
        }

        if (owner == pair + 1) {
            return (uint32_t) i + 1;
        }
    }

    return 0;
}


static size_t
ngx_game_rings_used(void)
{
    ngx_uint_t  i;

    for (i = 0; i < ngx_game_rings.n; i++) {

        if (ngx_game_zone_get(&ngx_game_rings.owners[i])
            == 0)
        {
            break;
        }
    }

    return i * ngx_game_rings.stride;
}
