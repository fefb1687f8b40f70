
/*
 * Copyright (C) ngx_game authors
 *
 * The table is laid out by the size of its part alone, and all-zero memory is
 * its empty state.  Entries are changed under the zone's lock, whose holder
 * may be killed at any instruction, and are found without it.
 *
 * Chains, by hash of the id, lead from entry to entry.  One store links a new
 * entry in, at the head; one store takes an entry out, and it keeps its own
 * link, so that a reader who stands on it goes on.  If the entry is used again
 * meanwhile, that reader ends up in another chain and may miss its id: a miss
 * counts only if `changes` is the same after it.  An id that is found is right
 * anyway, since no id is ever used again.
 *
 * If the one who frees an entry is killed half way, the entry is not FREE yet
 * and is freed again by the next sweep.  An entry that is not linked yet, of a
 * killed creator, is OPENING and goes in the same way.
 */


#include "ngx_game.h"
#include "ngx_game_zone.h"
#include "ngx_game_table.h"


_Static_assert(sizeof(ngx_game_entry_t) == 64, "the layout of an entry");
_Static_assert(sizeof(ngx_game_metadata_t) == 552, "the layout of metadata");


/* more steps are a sign that the chain has changed below the reader */
#define NGX_GAME_TABLE_STEPS  256
#define NGX_GAME_TABLE_TRIES  4


static ngx_uint_t ngx_game_table_walk(ngx_game_table_t *table, uint64_t id,
    ngx_uint_t steps, ngx_uint_t *ended);
static ngx_uint_t ngx_game_table_allot(ngx_game_table_t *table);
static void ngx_game_table_unlink(ngx_game_table_t *table, ngx_uint_t i);
static _Atomic uint32_t *ngx_game_table_chain(ngx_game_table_t *table,
    uint64_t id);


ngx_int_t
ngx_game_table_init(ngx_game_table_t *table)
{
    u_char                 *p;
    size_t                  one;
    ngx_uint_t              n;
    ngx_game_zone_parts_t  *parts;

    parts = ngx_game_zone_parts();

    one = sizeof(ngx_game_entry_t) + sizeof(ngx_game_metadata_t)
          + sizeof(uint32_t) + sizeof(uint16_t) + sizeof(uint8_t);

    /* a bit each, the header, and what alignment takes */

    if (parts->registry_size < 2048 + 64 * (one + 1)) {
        return NGX_ERROR;
    }

    n = (parts->registry_size - 2048) * 8 / (one * 8 + 1);
    n = n / 64 * 64;

    p = parts->registry;

    table->n = n;
    table->header = (ngx_game_table_header_t *) p;

    p += ngx_align(sizeof(ngx_game_table_header_t), 64);
    table->entries = (ngx_game_entry_t *) p;

    p += n * sizeof(ngx_game_entry_t);
    table->metadata = (ngx_game_metadata_t *) p;

    p += n * sizeof(ngx_game_metadata_t);
    table->seats = (_Atomic uint64_t *) p;

    p += n / 64 * sizeof(uint64_t);
    table->chains = (_Atomic uint32_t *) p;

    p += n * sizeof(uint32_t);
    table->tags = (_Atomic uint16_t *) p;

    p += n * sizeof(uint16_t);
    table->states = (_Atomic uint8_t *) p;

    return NGX_OK;
}


ngx_uint_t
ngx_game_table_find(ngx_game_table_t *table, uint64_t id)
{
    uint32_t    changes;
    ngx_uint_t  i, k, ended;

    if (table->n == 0) {
        return NGX_GAME_TABLE_NONE;
    }

    for (k = 0; k < NGX_GAME_TABLE_TRIES; k++) {

        changes = atomic_load_explicit(&table->header->changes,
                                       memory_order_acquire);

        i = ngx_game_table_walk(table, id, NGX_GAME_TABLE_STEPS, &ended);

        if (i != NGX_GAME_TABLE_NONE) {
            return i;
        }

        atomic_thread_fence(memory_order_acquire);

        if (ended
            && changes == ngx_game_zone_get(&table->header->changes))
        {
            return NGX_GAME_TABLE_NONE;
        }
    }

    ngx_game_zone_lock();
    i = ngx_game_table_find_locked(table, id);
    ngx_game_zone_unlock();

    return i;
}


ngx_uint_t
ngx_game_table_find_locked(ngx_game_table_t *table, uint64_t id)
{
    ngx_uint_t  ended;

    return ngx_game_table_walk(table, id, table->n, &ended);
}


static ngx_uint_t
ngx_game_table_walk(ngx_game_table_t *table, uint64_t id, ngx_uint_t steps,
    ngx_uint_t *ended)
{
    uint32_t           next;
    ngx_game_entry_t  *entry;

    *ended = 1;

    if (id == 0) {
        return NGX_GAME_TABLE_NONE;
    }

    next = atomic_load_explicit(ngx_game_table_chain(table, id),
                                memory_order_acquire);

    while (next != 0 && next <= table->n) {

        if (steps-- == 0) {
            *ended = 0;
            break;
        }

        entry = &table->entries[next - 1];

        if (atomic_load_explicit(&entry->id, memory_order_acquire) == id) {
            return next - 1;
        }

        next = atomic_load_explicit(&entry->next, memory_order_acquire);
    }

    return NGX_GAME_TABLE_NONE;
}


ngx_uint_t
ngx_game_table_make(ngx_game_table_t *table, uint64_t id, uint64_t owner,
    uint64_t creator, uint64_t game, ngx_uint_t max_players)
{
    uint32_t              seq;
    ngx_uint_t            i;
    _Atomic uint32_t     *chain;
    ngx_game_entry_t     *entry;
    ngx_game_metadata_t  *metadata;

    i = ngx_game_table_allot(table);
    if (i == NGX_GAME_TABLE_NONE) {
        return i;
    }

    entry = &table->entries[i];
    metadata = &table->metadata[i];
    chain = ngx_game_table_chain(table, id);

    /* a reader of the former room of this entry sees that its id is gone
     * before it sees any of these */

    ngx_game_zone_set(&entry->id, 0);
    atomic_thread_fence(memory_order_release);

    /* a former owner may have been killed while it wrote */

    seq = ngx_game_zone_get(&metadata->seq);
    ngx_game_zone_set(&metadata->len, 0);
    ngx_game_zone_set(&metadata->seq, (seq | 1) + 1);

    ngx_game_zone_set(&entry->owner, owner);
    ngx_game_zone_set(&entry->creator, creator);
    ngx_game_zone_set(&entry->term, 1);
    ngx_game_zone_set(&entry->game, game);
    ngx_game_zone_set(&entry->created, (uint64_t) ngx_time());
    ngx_game_zone_set(&entry->players, 0);
    ngx_game_zone_set(&entry->max_players, (uint32_t) max_players);
    ngx_game_zone_set(&entry->locked, 0);
    ngx_game_zone_set(&entry->next, ngx_game_zone_get(chain));

    ngx_game_zone_set(&table->tags[i], ngx_game_table_tag(game));

    atomic_store_explicit(&table->states[i], NGX_GAME_TABLE_OPENING,
                          memory_order_release);
    atomic_store_explicit(&entry->id, id, memory_order_release);
    atomic_store_explicit(chain, (uint32_t) i + 1, memory_order_release);

    atomic_fetch_or(&table->seats[i / 64], ngx_game_table_bit(i));

    return i;
}


/* the lowest free entry, so that few pages are used */

static ngx_uint_t
ngx_game_table_allot(ngx_game_table_t *table)
{
    ngx_uint_t                i;
    ngx_game_table_header_t  *header;

    header = table->header;

    i = ngx_game_zone_get(&header->first);

    while (i < table->n
           && ngx_game_table_state(table, i) != NGX_GAME_TABLE_FREE)
    {
        i++;
    }

    /* below it none is free; this entry may be used from now on */

    ngx_game_zone_set(&header->first, (uint32_t) i);

    if (i >= table->n) {
        return NGX_GAME_TABLE_NONE;
    }

    if (i >= ngx_game_zone_get(&header->high)) {
        atomic_store_explicit(&header->high, (uint32_t) i + 1,
                              memory_order_release);
    }

    return i;
}


void
ngx_game_table_free(ngx_game_table_t *table, ngx_uint_t i)
{
    atomic_fetch_and(&table->seats[i / 64], ~ngx_game_table_bit(i));

    ngx_game_table_unlink(table, i);

    /* only now it is sure that the id is not needed to find the chain */

    atomic_store_explicit(&table->entries[i].id, 0, memory_order_release);

    if (i < ngx_game_zone_get(&table->header->first))
    {
        ngx_game_zone_set(&table->header->first, (uint32_t) i);
    }

    atomic_store_explicit(&table->states[i], NGX_GAME_TABLE_FREE,
                          memory_order_release);
}


static void
ngx_game_table_unlink(ngx_game_table_t *table, ngx_uint_t i)
{
    uint32_t           next;
    uint64_t           id;
    ngx_uint_t         steps;
    _Atomic uint32_t  *link;

    id = ngx_game_zone_get(&table->entries[i].id);

    if (id == 0) {
        return;
    }

    link = ngx_game_table_chain(table, id);

    for (steps = table->n; steps; steps--) {
        next = ngx_game_zone_get(link);

        if (next == 0 || next > table->n) {
            return;
        }

        if (next == i + 1) {
            break;
        }

        link = &table->entries[next - 1].next;
    }

    if (steps == 0) {
        return;
    }

    /* before the entry can be used again */

    atomic_fetch_add(&table->header->changes, 1);

    next = ngx_game_zone_get(&table->entries[i].next);
    atomic_store_explicit(link, next, memory_order_release);
}


static _Atomic uint32_t *
ngx_game_table_chain(ngx_game_table_t *table, uint64_t id)
{
    uint64_t  hash;

    /* ids are made here, and count up: nobody can choose them */

    hash = (id * 0x9e3779b97f4a7c15ULL) >> 32;

    return &table->chains[hash * table->n >> 32];
}


ngx_uint_t
ngx_game_table_belongs(ngx_game_table_t *table, ngx_uint_t i, uint64_t epoch)
{
    ngx_uint_t         state;
    ngx_game_entry_t  *entry;

    entry = &table->entries[i];
    state = ngx_game_table_state(table, i);

    if (state == NGX_GAME_TABLE_FREE) {
        return 0;
    }

    return ngx_game_zone_get(&entry->owner) == epoch
           || (state == NGX_GAME_TABLE_OPENING
               && ngx_game_zone_get(&entry->creator) == epoch);
}


ngx_uint_t
ngx_game_table_high(ngx_game_table_t *table)
{
    ngx_uint_t  high;

    if (table->n == 0) {
        return 0;
    }

    high = atomic_load_explicit(&table->header->high, memory_order_acquire);

    return ngx_min(high, table->n);
}


ngx_uint_t
ngx_game_table_state(ngx_game_table_t *table, ngx_uint_t i)
{
    return atomic_load_explicit(&table->states[i], memory_order_acquire);
}


uint16_t
ngx_game_table_tag(uint64_t game)
{
    return (uint16_t) (game ^ game >> 16 ^ game >> 32 ^ game >> 48);
}


ngx_uint_t
ngx_game_table_count(ngx_game_table_t *table)
{
    ngx_uint_t  i, n, high;

    high = ngx_game_table_high(table);
    n = 0;

    for (i = 0; i < high; i++) {
        n += (ngx_game_zone_get(&table->states[i]) != NGX_GAME_TABLE_FREE);
    }

    return n;
}
