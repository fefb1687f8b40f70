
/*
 * Copyright (C) ngx_game authors
 *
 * How rooms outlive their owners, by their images in the store: the owner
 * saves them, another worker claims a room whose owner has died, and a
 * snapshot takes all of them over a restart.
 */


#include "ngx_game.h"
#include "ngx_game_registry.h"
#include "ngx_game_registry_private.h"
#include "ngx_game_store.h"
#include "ngx_game_zone.h"


static ngx_uint_t ngx_game_registry_orphaned(ngx_uint_t i, uint64_t epoch);
static ngx_int_t ngx_game_registry_claim_locked(ngx_uint_t i,
    ngx_game_claim_t *claim);


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
        ngx_game_zone_set(&table->entries[i].players, info->players);
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
