
/*
 * Copyright (C) ngx_game authors
 *
 * What the parts of the registry share.  Who may change what:
 *   - an entry is made and freed under the zone's lock;
 *   - players, locked, metadata and the seat bit of an OPEN entry are written
 *     by its owner alone, without the lock;
 *   - an entry of a dead owner, and one that is still OPENING of a dead
 *     creator, are freed by any worker: by each at the death, and by a new
 *     worker at its start, which covers deaths that nobody has survived.
 * Entries name their owner by epoch, never by slot, so that nothing is mixed
 * up when a slot has a new worker before all have swept.
 */


#ifndef _NGX_GAME_REGISTRY_PRIVATE_H_INCLUDED_
#define _NGX_GAME_REGISTRY_PRIVATE_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_registry.h"
#include "ngx_game_table.h"


#define NGX_GAME_REGISTRY_HINTS   64          /* a power of two */


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


extern ngx_game_registry_t  ngx_game_registry;


/* the entry of an open room of this worker, or NGX_GAME_TABLE_NONE */
ngx_uint_t ngx_game_registry_own(uint64_t room);

/* NGX_DECLINED: it is free, or has changed hands meanwhile */
ngx_int_t ngx_game_registry_copy(ngx_uint_t i, ngx_game_room_info_t *info);

/* under the lock */
void ngx_game_registry_set_owner(ngx_game_entry_t *entry, uint64_t owner,
    uint64_t term);
void ngx_game_registry_free(ngx_uint_t i);

void ngx_game_registry_write_metadata(ngx_game_metadata_t *metadata,
    u_char *json, size_t len);

/* the rooms of a worker that exits are on their way to others, unless the
 * configuration drains: then they stay, and may fill up */
ngx_uint_t ngx_game_registry_takes_joins(uint64_t owner);


#endif /* _NGX_GAME_REGISTRY_PRIVATE_H_INCLUDED_ */
