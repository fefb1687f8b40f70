
/*
 * Copyright (C) ngx_game authors
 *
 * The entries of rooms: what their owners write to them, and how they are
 * read.
 */


#include "ngx_game.h"
#include "ngx_game_registry.h"
#include "ngx_game_registry_private.h"
#include "ngx_game_store.h"
#include "ngx_game_zone.h"


#define NGX_GAME_REGISTRY_TRIES   4


static size_t ngx_game_registry_used(void);
static void ngx_game_registry_read_metadata(ngx_game_metadata_t *metadata,
    ngx_game_room_info_t *info);
static void ngx_game_registry_set_version(ngx_uint_t i,
    ngx_game_game_t *game);
static void ngx_game_registry_begin_metadata(ngx_game_metadata_t *metadata);
static void ngx_game_registry_end_metadata(ngx_game_metadata_t *metadata);
static void ngx_game_registry_seat(ngx_uint_t i);


ngx_game_registry_t  ngx_game_registry;


ngx_int_t
ngx_game_registry_init(ngx_cycle_t *cycle)
{
    ngx_game_registry_t  *reg;

    reg = &ngx_game_registry;

    if (ngx_game_table_init(&reg->table) != NGX_OK
        || ngx_game_store_init(reg->table.n) != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* not ngx_calloc(), that would touch all of its pages */

    if (reg->pending == NULL) {
        reg->pending = calloc(reg->table.n,
                              sizeof(ngx_game_registry_pending_t));
        if (reg->pending == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                          "calloc() failed");
            return NGX_ERROR;
        }
    }

    ngx_game_zone_on_usage(ngx_game_registry_used);

    return NGX_OK;
}


static size_t
ngx_game_registry_used(void)
{
    return ngx_game_table_count(&ngx_game_registry.table)
           * (sizeof(ngx_game_entry_t) + sizeof(ngx_game_metadata_t));
}


ngx_int_t
ngx_game_registry_find(uint64_t room, ngx_game_room_info_t *info)
{
    ngx_uint_t  i;

    i = ngx_game_table_find(&ngx_game_registry.table, room);

    if (i == NGX_GAME_TABLE_NONE
        || ngx_game_registry_copy(i, info) != NGX_OK
        || info->id != room
        || !ngx_game_zone_alive(info->owner))
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_int_t
ngx_game_registry_copy(ngx_uint_t i, ngx_game_room_info_t *info)
{
    ngx_game_table_t  *table;
    ngx_game_entry_t  *entry;

    table = &ngx_game_registry.table;
    entry = &table->entries[i];

    if (ngx_game_table_state(table, i) == NGX_GAME_TABLE_FREE) {
        return NGX_DECLINED;
    }

    info->id = atomic_load_explicit(&entry->id, memory_order_acquire);
    info->game = ngx_game_zone_get(&entry->game);
    info->owner = ngx_game_zone_get(&entry->owner);
    info->term = ngx_game_zone_get(&entry->term);
    info->created = ngx_game_zone_get(&entry->created);
    info->players = ngx_game_zone_get(&entry->players);
    info->max_players = ngx_game_zone_get(&entry->max_players);
    info->locked = (ngx_game_zone_get(&entry->locked) != 0);

    ngx_game_registry_read_metadata(&table->metadata[i], info);

    /* see the release fence in ngx_game_table_make() */

    atomic_thread_fence(memory_order_acquire);

    if (info->id == 0
        || info->id != ngx_game_zone_get(&entry->id))
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* a writer that was killed half way, or is at it all the time, leaves none */

static void
ngx_game_registry_read_metadata(ngx_game_metadata_t *metadata,
    ngx_game_room_info_t *info)
{
    uint32_t    seq, len;
    ngx_uint_t  k;

    for (k = 0; k < NGX_GAME_REGISTRY_TRIES; k++) {

        seq = atomic_load_explicit(&metadata->seq, memory_order_acquire);

        if (seq & 1) {
            continue;
        }

        len = ngx_game_zone_get(&metadata->len);
        len = ngx_min(len, NGX_GAME_METADATA_MAX);

        ngx_memcpy(info->metadata, metadata->data, len);
        ngx_memcpy(info->version, metadata->version, sizeof(info->version));

        atomic_thread_fence(memory_order_acquire);

        if (seq == ngx_game_zone_get(&metadata->seq)) {
            info->metadata_len = len;
            return;
        }
    }

    info->metadata_len = 0;
    ngx_memzero(info->version, sizeof(info->version));
}


ngx_uint_t
ngx_game_registry_own(uint64_t room)
{
    ngx_uint_t         i;
    ngx_game_table_t  *table;

    table = &ngx_game_registry.table;

    i = ngx_game_table_find(table, room);

    if (i != NGX_GAME_TABLE_NONE
        && ngx_game_table_state(table, i) == NGX_GAME_TABLE_OPEN
        && ngx_game_zone_get(&table->entries[i].owner)
           == ngx_game_worker.epoch)
    {
        return i;
    }

    return NGX_GAME_TABLE_NONE;
}


ngx_int_t
ngx_game_registry_open(uint64_t room, ngx_game_game_t *game)
{
    ngx_int_t          rc;
    ngx_uint_t         i;
    ngx_game_table_t  *table;

    table = &ngx_game_registry.table;
    rc = NGX_DECLINED;

    if (table->n == 0) {
        return rc;
    }

    /* against a sweep for its creator */

    ngx_game_zone_lock();

    i = ngx_game_table_find_locked(table, room);

    if (i != NGX_GAME_TABLE_NONE
        && ngx_game_table_state(table, i) != NGX_GAME_TABLE_FREE
        && ngx_game_zone_get(&table->entries[i].owner)
           == ngx_game_worker.epoch)
    {
        ngx_game_registry_set_version(i, game);

        atomic_store_explicit(&table->states[i], NGX_GAME_TABLE_OPEN,
                              memory_order_release);
        rc = NGX_OK;
    }

    ngx_game_zone_unlock();

    return rc;
}


void
ngx_game_registry_set_players(uint64_t room, ngx_uint_t players)
{
    ngx_uint_t         i;
    ngx_game_entry_t  *entry;

    i = ngx_game_registry_own(room);

    if (i != NGX_GAME_TABLE_NONE) {
        entry = &ngx_game_registry.table.entries[i];
        ngx_game_zone_set(&entry->players, (uint32_t) players);
        ngx_game_registry_seat(i);
    }
}


void
ngx_game_registry_set_locked(uint64_t room, ngx_uint_t locked)
{
    ngx_uint_t         i;
    ngx_game_entry_t  *entry;

    i = ngx_game_registry_own(room);

    if (i != NGX_GAME_TABLE_NONE) {
        entry = &ngx_game_registry.table.entries[i];
        ngx_game_zone_set(&entry->locked, (locked != 0));
        ngx_game_registry_seat(i);
    }
}


/* the seat bit follows players and locked */

static void
ngx_game_registry_seat(ngx_uint_t i)
{
    uint64_t           old, bit;
    ngx_uint_t         seat;
    ngx_game_table_t  *table;
    ngx_game_entry_t  *entry;

    table = &ngx_game_registry.table;
    entry = &table->entries[i];

    seat = !ngx_game_zone_get(&entry->locked)
           && ngx_game_zone_get(&entry->players)
              < ngx_game_zone_get(&entry->max_players)
           && ngx_game_registry_takes_joins(ngx_game_worker.epoch);

    bit = ngx_game_table_bit(i);
    old = ngx_game_zone_get(&table->seats[i / 64]);

    if (seat && !(old & bit)) {
        atomic_fetch_or(&table->seats[i / 64], bit);

    } else if (!seat && (old & bit)) {
        atomic_fetch_and(&table->seats[i / 64], ~bit);
    }
}


ngx_int_t
ngx_game_registry_set_metadata(uint64_t room, u_char *json, size_t len)
{
    ngx_uint_t  i;

    if (len > NGX_GAME_METADATA_MAX) {
        return NGX_ERROR;
    }

    i = ngx_game_registry_own(room);

    if (i == NGX_GAME_TABLE_NONE) {
        return NGX_DECLINED;
    }

    ngx_game_registry_write_metadata(&ngx_game_registry.table.metadata[i],
                                     json, len);
    return NGX_OK;
}


void
ngx_game_registry_write_metadata(ngx_game_metadata_t *metadata, u_char *json,
    size_t len)
{
    ngx_game_registry_begin_metadata(metadata);

    ngx_game_zone_set(&metadata->len, (uint32_t) len);
    ngx_memcpy(metadata->data, json, len);

    ngx_game_registry_end_metadata(metadata);
}


static void
ngx_game_registry_set_version(ngx_uint_t i, ngx_game_game_t *game)
{
    ngx_game_metadata_t  *metadata;

    metadata = &ngx_game_registry.table.metadata[i];

    ngx_game_registry_begin_metadata(metadata);

    ngx_memzero(metadata->version, sizeof(metadata->version));
    ngx_memcpy(metadata->version, game->version, game->version_len);

    ngx_game_registry_end_metadata(metadata);
}


/* a former owner may have been killed while it wrote: odd in any case */

static void
ngx_game_registry_begin_metadata(ngx_game_metadata_t *metadata)
{
    uint32_t  seq;

    seq = ngx_game_zone_get(&metadata->seq);

    ngx_game_zone_set(&metadata->seq, seq | 1);
    atomic_thread_fence(memory_order_release);
}


static void
ngx_game_registry_end_metadata(ngx_game_metadata_t *metadata)
{
    uint32_t  seq;

    seq = ngx_game_zone_get(&metadata->seq);

    atomic_store_explicit(&metadata->seq, seq + 1, memory_order_release);
}


void
ngx_game_registry_close(uint64_t room)
{
    ngx_uint_t         i;
    ngx_game_table_t  *table;

    table = &ngx_game_registry.table;

    if (table->n == 0) {
        return;
    }

    ngx_game_zone_lock();

    i = ngx_game_table_find_locked(table, room);

    if (i != NGX_GAME_TABLE_NONE
        && ngx_game_table_belongs(table, i, ngx_game_worker.epoch))
    {
        ngx_game_registry_free(i);
    }

    ngx_game_zone_unlock();
}


uint64_t
ngx_game_registry_owner(uint64_t room, uint64_t *term)
{
    uint64_t           owner;
    ngx_uint_t         i;
    ngx_game_table_t  *table;
    ngx_game_entry_t  *entry;

    table = &ngx_game_registry.table;

    i = ngx_game_table_find(table, room);

    if (i == NGX_GAME_TABLE_NONE
        || ngx_game_table_state(table, i) != NGX_GAME_TABLE_OPEN)
    {
        return 0;
    }

    entry = &table->entries[i];

    /* the term is stored first: this one is the owner's, or newer */

    owner = atomic_load_explicit(&entry->owner, memory_order_acquire);
    *term = atomic_load_explicit(&entry->term, memory_order_acquire);

    return (ngx_game_zone_get(&entry->id) == room) ? owner : 0;
}


ngx_int_t
ngx_game_registry_pass(uint64_t room, uint64_t term, uint64_t owner)
{
    ngx_int_t          rc;
    ngx_uint_t         i;
    ngx_game_table_t  *table;
    ngx_game_entry_t  *entry;

    rc = NGX_DECLINED;

    table = &ngx_game_registry.table;

    ngx_game_zone_lock();

    i = ngx_game_table_find_locked(table, room);

    if (i != NGX_GAME_TABLE_NONE
        && ngx_game_table_state(table, i) == NGX_GAME_TABLE_OPEN)
    {
        entry = &table->entries[i];

        if (ngx_game_zone_get(&entry->owner) == ngx_game_worker.epoch
            && ngx_game_zone_get(&entry->term) == term)
        {
            ngx_game_registry_set_owner(entry, owner, term + 1);
            rc = NGX_OK;
        }
    }

    ngx_game_zone_unlock();

    return rc;
}


/* if this worker is killed between the two, the room is still the former
 * owner's, with a term that was nobody's */

void
ngx_game_registry_set_owner(ngx_game_entry_t *entry, uint64_t owner,
    uint64_t term)
{
    atomic_store_explicit(&entry->term, term, memory_order_release);
    atomic_store_explicit(&entry->owner, owner, memory_order_release);
}


void
ngx_game_registry_taken(uint64_t room, ngx_game_game_t *game,
    ngx_uint_t players, ngx_uint_t locked)
{
    ngx_uint_t         i;
    ngx_game_entry_t  *entry;

    i = ngx_game_registry_own(room);

    if (i != NGX_GAME_TABLE_NONE) {
        entry = &ngx_game_registry.table.entries[i];
        ngx_game_zone_set(&entry->players, (uint32_t) players);
        ngx_game_zone_set(&entry->max_players, (uint32_t) game->max_players);
        ngx_game_zone_set(&entry->locked, (locked != 0));
        ngx_game_registry_set_version(i, game);
        ngx_game_registry_seat(i);

        if (game->checkpoint == NGX_GAME_CHECKPOINT_OFF) {

            /* one of a former configuration would be older and older */

            ngx_game_zone_lock();
            ngx_game_store_drop_image(i);
            ngx_game_zone_unlock();
        }
    }
}


ngx_uint_t
ngx_game_registry_owned(uint64_t room, uint64_t term)
{
    ngx_uint_t  i;

    i = ngx_game_registry_own(room);

    return i != NGX_GAME_TABLE_NONE
           && ngx_game_zone_get(&ngx_game_registry.table.entries[i].term)
              == term;
}


ngx_int_t
ngx_game_registry_next(uint64_t game, ngx_uint_t *cursor,
    ngx_game_room_info_t *info)
{
    ngx_uint_t         i, high;
    ngx_game_table_t  *table;

    table = &ngx_game_registry.table;

    high = ngx_game_table_high(table);

    while (*cursor < high) {
        i = (*cursor)++;

        if (ngx_game_table_state(table, i) != NGX_GAME_TABLE_OPEN
            || (game != 0
                && ngx_game_zone_get(&table->entries[i].game)
                   != game))
        {
            continue;
        }

        if (ngx_game_registry_copy(i, info) == NGX_OK
            && (game == 0 || info->game == game)
            && ngx_game_zone_alive(info->owner))
        {
            return NGX_OK;
        }
    }

    return NGX_DONE;
}


void
ngx_game_registry_free(ngx_uint_t i)
{
    ngx_game_store_drop(i);
    ngx_game_table_free(&ngx_game_registry.table, i);
}


void
ngx_game_registry_usage(ngx_uint_t *used, ngx_uint_t *size)
{
    *size = ngx_game_registry.table.n;
    *used = ngx_game_table_count(&ngx_game_registry.table);
}
