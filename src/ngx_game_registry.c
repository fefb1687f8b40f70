
/*
 * Copyright (C) ngx_game authors
 *
 * The registry's verbs.  Who may change what:
 *   - an entry is made and freed under the zone's lock;
 *   - players, locked, metadata and the seat bit of an OPEN entry are written
 *     by its owner alone, without the lock;
 *   - an entry of a dead owner, and one that is still OPENING of a dead
 *     creator, are freed by any worker: by each at the death, and by a new
 *     worker at its start, which covers deaths that nobody has survived.
 * Entries name their owner by epoch, never by slot, so that nothing is mixed
 * up when a slot has a new worker before all have swept.
 */


#include "ngx_game.h"
#include "ngx_game_zone.h"
#include "ngx_game_drain.h"
#include "ngx_game_registry.h"
#include "ngx_game_store.h"
#include "ngx_game_table.h"


/* seconds until an entry that nobody opens is free again */
#define NGX_GAME_REGISTRY_STALE   60

#define NGX_GAME_REGISTRY_HINTS   64          /* a power of two */
#define NGX_GAME_REGISTRY_TRIES   4


/* joins on their way from this worker to a room, by number of entry */
typedef struct {
    uint64_t                   id;
    ngx_uint_t                 n;
} ngx_game_registry_pending_t;


typedef struct {
    uint64_t                   game;
    ngx_uint_t                 entry;
} ngx_game_registry_hint_t;


typedef struct {
    ngx_game_table_t               table;
    ngx_game_registry_pending_t   *pending;
    time_t                         reclaimed;

    /* the last room with a seat, by hash of the game */
    ngx_game_registry_hint_t       hints[NGX_GAME_REGISTRY_HINTS];
} ngx_game_registry_t;


static size_t ngx_game_registry_used(void);
static ngx_uint_t ngx_game_registry_search(uint64_t game, uint64_t skip);
static ngx_uint_t ngx_game_registry_fits(ngx_uint_t i, uint64_t game,
    uint64_t skip);
static ngx_uint_t ngx_game_registry_takes_joins(uint64_t owner);
static ngx_uint_t ngx_game_registry_make(ngx_game_game_t *game,
    uint64_t owner);
static ngx_uint_t ngx_game_registry_pending(ngx_uint_t i, uint64_t id);
static ngx_int_t ngx_game_registry_copy(ngx_uint_t i,
    ngx_game_room_info_t *info);
static void ngx_game_registry_read_metadata(ngx_game_metadata_t *metadata,
    ngx_game_room_info_t *info);
static void ngx_game_registry_set_owner(ngx_game_entry_t *entry,
    uint64_t owner, uint64_t term);
static void ngx_game_registry_set_version(ngx_uint_t i,
    ngx_game_game_t *game);
static void ngx_game_registry_write_metadata(ngx_game_metadata_t *metadata,
    u_char *json, size_t len);
static void ngx_game_registry_begin_metadata(ngx_game_metadata_t *metadata);
static void ngx_game_registry_end_metadata(ngx_game_metadata_t *metadata);
static ngx_uint_t ngx_game_registry_orphaned(ngx_uint_t i, uint64_t epoch);
static ngx_int_t ngx_game_registry_claim_locked(ngx_uint_t i,
    ngx_game_claim_t *claim);
static void ngx_game_registry_free(ngx_uint_t i);
static ngx_uint_t ngx_game_registry_own(uint64_t room);
static void ngx_game_registry_seat(ngx_uint_t i);
static ngx_uint_t ngx_game_registry_stale(ngx_uint_t i);


static ngx_game_registry_t  ngx_game_registry;


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
ngx_game_registry_match(ngx_game_game_t *game, uint64_t owner, uint64_t skip,
    uint64_t *room, uint64_t *room_owner, ngx_uint_t *created)
{
    ngx_uint_t                    i;
    ngx_game_entry_t             *entry;
    ngx_game_registry_hint_t     *hint;
    ngx_game_registry_pending_t  *pending;

    hint = &ngx_game_registry.hints[game->hash
                                    & (NGX_GAME_REGISTRY_HINTS - 1)];
    *created = 0;

    if (ngx_game_registry.table.n == 0) {
        return NGX_DECLINED;
    }

    ngx_game_zone_lock();

    i = (hint->game == game->hash) ? hint->entry : NGX_GAME_TABLE_NONE;

    if (i == NGX_GAME_TABLE_NONE
        || !ngx_game_registry_fits(i, game->hash, skip))
    {
        i = ngx_game_registry_search(game->hash, skip);
    }

    if (i == NGX_GAME_TABLE_NONE && ngx_game_drain_on()) {
        ngx_game_zone_unlock();
        return NGX_BUSY;
    }

    if (i == NGX_GAME_TABLE_NONE) {
        i = ngx_game_registry_make(game, owner);

        if (i == NGX_GAME_TABLE_NONE) {
            ngx_game_zone_unlock();
            return NGX_DECLINED;
        }

        *created = 1;
    }

    entry = &ngx_game_registry.table.entries[i];

    *room = ngx_game_zone_get(&entry->id);
    *room_owner = ngx_game_zone_get(&entry->owner);

    ngx_game_zone_unlock();

    hint->game = game->hash;
    hint->entry = i;

    pending = &ngx_game_registry.pending[i];

    if (pending->id != *room) {
        pending->id = *room;
        pending->n = 0;
    }

    pending->n++;

    return NGX_OK;
}


/* under the lock: a room that fits, or NGX_GAME_TABLE_NONE */

static ngx_uint_t
ngx_game_registry_search(uint64_t game, uint64_t skip)
{
    uint16_t           tag;
    uint64_t           bits;
    ngx_uint_t         i, k, n;
    ngx_game_table_t  *table;

    table = &ngx_game_registry.table;
    tag = ngx_game_table_tag(game);

    n = (ngx_game_table_high(table) + 63) / 64;

    for (k = 0; k < n; k++) {
        bits = ngx_game_zone_get(&table->seats[k]);

        for ( /* void */ ; bits; bits &= bits - 1) {
            i = k * 64 + (ngx_uint_t) __builtin_ctzll(bits);

            if (ngx_game_zone_get(&table->tags[i]) == tag
                && ngx_game_registry_fits(i, game, skip))
            {
                return i;
            }
        }
    }

    return NGX_GAME_TABLE_NONE;
}


/* under the lock */

static ngx_uint_t
ngx_game_registry_fits(ngx_uint_t i, uint64_t game, uint64_t skip)
{
    uint64_t           id, owner;
    ngx_uint_t         players;
    ngx_game_table_t  *table;
    ngx_game_entry_t  *entry;

    table = &ngx_game_registry.table;
    entry = &table->entries[i];

    if (ngx_game_table_state(table, i) == NGX_GAME_TABLE_FREE
        || ngx_game_zone_get(&entry->game) != game
        || !(ngx_game_zone_get(&table->seats[i / 64])
             & ngx_game_table_bit(i)))
    {
        return 0;
    }

    id = ngx_game_zone_get(&entry->id);
    owner = ngx_game_zone_get(&entry->owner);

    if (!ngx_game_registry_takes_joins(owner)) {

        /* it never will again: the next search passes by at once */

        atomic_fetch_and(&table->seats[i / 64], ~ngx_game_table_bit(i));
        return 0;
    }

    if (ngx_game_registry_stale(i)) {
        ngx_game_registry_free(i);
        return 0;
    }

    players = ngx_game_zone_get(&entry->players)
              + ngx_game_registry_pending(i, id);

    return id != skip
           && !ngx_game_zone_get(&entry->locked)
           && players < ngx_game_zone_get(&entry->max_players);
}


/* the rooms of a worker that exits are on their way to others, unless the
 * configuration drains: then they stay, and may fill up */

static ngx_uint_t
ngx_game_registry_takes_joins(uint64_t owner)
{
    return ngx_game_zone_accepting(owner)
           || (ngx_game_drain_endless() && ngx_game_zone_alive(owner));
}


/* under the lock */

static ngx_uint_t
ngx_game_registry_make(ngx_game_game_t *game, uint64_t owner)
{
    uint64_t           id;
    ngx_uint_t         i;
    ngx_game_table_t  *table;

    table = &ngx_game_registry.table;

    if (!ngx_game_zone_accepting(owner)) {
        owner = ngx_game_worker.epoch;
    }

    id = ngx_game_zone_id();

    i = ngx_game_table_make(table, id, owner, ngx_game_worker.epoch,
                            game->hash, game->max_players);

    if (i != NGX_GAME_TABLE_NONE
        || ngx_game_registry.reclaimed == ngx_time())
    {
        return i;
    }

    /* at most once a second: entries that nobody opens */

    ngx_game_registry.reclaimed = ngx_time();

    for (i = 0; i < table->n; i++) {
        if (ngx_game_registry_stale(i)) {
            ngx_game_registry_free(i);
        }
    }

    return ngx_game_table_make(table, id, owner, ngx_game_worker.epoch,
                               game->hash, game->max_players);
}


static ngx_uint_t
ngx_game_registry_pending(ngx_uint_t i, uint64_t id)
{
    ngx_game_registry_pending_t  *pending;

    pending = &ngx_game_registry.pending[i];

    return (pending->id == id) ? pending->n : 0;
}


void
ngx_game_registry_arrived(uint64_t room)
{
    ngx_uint_t                    i;
    ngx_game_registry_pending_t  *pending;

    i = ngx_game_table_find(&ngx_game_registry.table, room);

    /* the room is gone: what was pending ends when the entry is used again */

    if (i == NGX_GAME_TABLE_NONE) {
        return;
    }

    pending = &ngx_game_registry.pending[i];

    if (pending->id == room && pending->n) {
        pending->n--;
    }
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


/* NGX_DECLINED: it is free, or has changed hands meanwhile */

static ngx_int_t
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


/* the entry of an open room of this worker, or NGX_GAME_TABLE_NONE */

static ngx_uint_t
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


static void
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

static void
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


ngx_int_t
ngx_game_registry_save(uint64_t room, ngx_str_t *image)
{
    ngx_uint_t  i;

    i = ngx_game_registry_own(room);

    return (i == NGX_GAME_TABLE_NONE) ? NGX_DECLINED
                                      : ngx_game_store_put(i, room, image);
}


ngx_int_t
ngx_game_registry_entry(uint64_t room, ngx_uint_t *entry)
{
    *entry = ngx_game_registry_own(room);

    return (*entry == NGX_GAME_TABLE_NONE) ? NGX_DECLINED : NGX_OK;
}


ngx_uint_t
ngx_game_registry_saved(uint64_t room)
{
    ngx_uint_t  i;

    i = ngx_game_table_find(&ngx_game_registry.table, room);

    return i != NGX_GAME_TABLE_NONE && ngx_game_store_has(i);
}


ngx_int_t
ngx_game_registry_dump(ngx_uint_t *cursor, ngx_game_room_info_t *info,
    ngx_str_t *image, size_t *size)
{
    u_char            *p;
    ngx_int_t          rc;
    ngx_uint_t         i;
    ngx_game_table_t  *table;

    table = &ngx_game_registry.table;

    for (i = *cursor; i < ngx_game_table_high(table); i++) {

        if (ngx_game_table_state(table, i) != NGX_GAME_TABLE_OPEN
            || ngx_game_registry_copy(i, info) != NGX_OK)
        {
            continue;
        }

        while ((rc = ngx_game_store_copy(i, info->id, image, *size))
               == NGX_AGAIN)
        {
            p = realloc(image->data, image->len);
            if (p == NULL) {
                return NGX_ERROR;
            }

            image->data = p;
            *size = image->len;
        }

        if (rc == NGX_OK) {
            *cursor = i + 1;
            return NGX_OK;
        }
    }

    return NGX_DONE;
}


ngx_int_t
ngx_game_registry_restore(ngx_game_game_t *game, ngx_game_room_info_t *info,
    ngx_str_t *image)
{
    uint64_t           place;
    ngx_int_t          rc;
    ngx_uint_t         i;
    ngx_game_table_t  *table;

    table = &ngx_game_registry.table;
    rc = NGX_DECLINED;

    place = ngx_game_store_prepare(info->id, image);
    if (place == 0) {
        return rc;
    }

    ngx_game_zone_lock();

    if (ngx_game_table_find_locked(table, info->id) != NGX_GAME_TABLE_NONE) {
        rc = NGX_BUSY;
        goto done;
    }

    i = ngx_game_table_make(table, info->id, NGX_GAME_ZONE_NOBODY,
                            ngx_game_worker.epoch, game->hash,
                            game->max_players);

    if (i != NGX_GAME_TABLE_NONE) {
        ngx_game_zone_set(&table->entries[i].term, info->term);
        ngx_game_zone_set(&table->entries[i].created, info->created);
        ngx_game_registry_write_metadata(&table->metadata[i], info->metadata,
                                         info->metadata_len);

        ngx_game_store_attach(i, place);

        atomic_store_explicit(&table->states[i], NGX_GAME_TABLE_OPEN,
                              memory_order_release);
        rc = NGX_OK;
    }

done:

    if (rc != NGX_OK) {
        ngx_game_store_cancel(place);
    }

    ngx_game_zone_unlock();

    return rc;
}


void
ngx_game_registry_clear(void)
{
    ngx_uint_t         i;
    ngx_game_table_t  *table;

    table = &ngx_game_registry.table;

    for (i = 0; i < ngx_game_table_high(table); i++) {
        ngx_game_zone_lock();

        if (ngx_game_table_state(table, i) != NGX_GAME_TABLE_FREE) {
            ngx_game_registry_free(i);
        }

        ngx_game_zone_unlock();
    }
}


ngx_uint_t
ngx_game_registry_blame(uint64_t room, uint64_t period)
{
    ngx_uint_t  i;

    i = ngx_game_registry_own(room);

    return (i == NGX_GAME_TABLE_NONE)
           ? 0 : ngx_game_store_blame(i, (uint64_t) ngx_time(), period);
}


ngx_int_t
ngx_game_registry_claim(uint64_t epoch, ngx_uint_t (*mine)(uint64_t room),
    ngx_uint_t *cursor, ngx_game_claim_t *claim)
{
    uint64_t           room;
    ngx_int_t          rc;
    ngx_uint_t         i, high;
    ngx_game_table_t  *table;

    table = &ngx_game_registry.table;
    high = ngx_game_table_high(table);

    while (*cursor < high) {
        i = (*cursor)++;

        if (!ngx_game_registry_orphaned(i, epoch)) {
            continue;
        }

        room = ngx_game_zone_get(&table->entries[i].id);

        if (mine && ngx_game_store_has(i) && !mine(room)) {
            continue;
        }

        /* another worker may be at it: looked at again under the lock, that is
         * held for one entry at a time */

        ngx_game_zone_lock();

        rc = ngx_game_registry_orphaned(i, epoch)
             ? ngx_game_registry_claim_locked(i, claim) : NGX_DECLINED;

        ngx_game_zone_unlock();

        if (rc == NGX_OK) {
            return NGX_OK;
        }
    }

    return NGX_DONE;
}


/* an entry that is left by the worker of this epoch, or, 0, by any */

static ngx_uint_t
ngx_game_registry_orphaned(ngx_uint_t i, uint64_t epoch)
{
    ngx_uint_t         state;
    ngx_game_table_t  *table;

    table = &ngx_game_registry.table;

    if (epoch) {
        return ngx_game_table_belongs(table, i, epoch);
    }

    state = ngx_game_table_state(table, i);

    return state != NGX_GAME_TABLE_FREE
           && (!ngx_game_zone_alive(ngx_game_zone_get(
                                         &table->entries[i].owner))
               || (state == NGX_GAME_TABLE_OPENING
                   && !ngx_game_zone_alive(ngx_game_zone_get(
                                         &table->entries[i].creator))));
}


/* NGX_DECLINED: it can't go on, and is freed */

static ngx_int_t
ngx_game_registry_claim_locked(ngx_uint_t i, ngx_game_claim_t *claim)
{
    ngx_game_table_t  *table;
    ngx_game_entry_t  *entry;

    table = &ngx_game_registry.table;
    entry = &table->entries[i];

    claim->room = ngx_game_zone_get(&entry->id);
    claim->owner = ngx_game_zone_get(&entry->owner);
    claim->game = ngx_game_zone_get(&entry->game);

    if (ngx_game_table_state(table, i) != NGX_GAME_TABLE_OPEN
        || ngx_game_store_get(i, claim->room, &claim->image) != NGX_OK)
    {
        ngx_game_registry_free(i);
        return NGX_DECLINED;
    }

    claim->term = ngx_game_zone_get(&entry->term) + 1;

    ngx_game_registry_set_owner(entry, ngx_game_worker.epoch, claim->term);

    return NGX_OK;
}


/* under the lock */

static void
ngx_game_registry_free(ngx_uint_t i)
{
    ngx_game_store_drop(i);
    ngx_game_table_free(&ngx_game_registry.table, i);
}


/* under the lock: 1 if an entry was made for an owner that never opens it */

static ngx_uint_t
ngx_game_registry_stale(ngx_uint_t i)
{
    uint64_t           created, now;
    ngx_game_table_t  *table;

    table = &ngx_game_registry.table;

    if (ngx_game_table_state(table, i) != NGX_GAME_TABLE_OPENING) {
        return 0;
    }

    created = ngx_game_zone_get(&table->entries[i].created);
    now = (uint64_t) ngx_time();

    return now > created && now - created > NGX_GAME_REGISTRY_STALE;
}


void
ngx_game_registry_usage(ngx_uint_t *used, ngx_uint_t *size)
{
    *size = ngx_game_registry.table.n;
    *used = ngx_game_table_count(&ngx_game_registry.table);
}
