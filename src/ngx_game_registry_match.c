
/*
 * Copyright (C) ngx_game authors
 *
 * The matching of joins to rooms.  A room that was found once is tried first;
 * the others are found by their seat bits and tags, without a look at their
 * entries.
 */


#include "ngx_game.h"
#include "ngx_game_drain.h"
#include "ngx_game_registry.h"
#include "ngx_game_registry_private.h"
#include "ngx_game_zone.h"


/* seconds until an entry that nobody opens is free again */
#define NGX_GAME_REGISTRY_STALE   60


static ngx_uint_t ngx_game_registry_search(uint64_t game, uint64_t skip);
static ngx_uint_t ngx_game_registry_fits(ngx_uint_t i, uint64_t game,
    uint64_t skip);
static ngx_uint_t ngx_game_registry_make(ngx_game_game_t *game,
    uint64_t owner);
static ngx_uint_t ngx_game_registry_pending(ngx_uint_t i, uint64_t id);
static ngx_uint_t ngx_game_registry_stale(ngx_uint_t i);


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


ngx_uint_t
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
