
/*
 * Copyright (C) ngx_game authors
 *
 * The registry: which rooms there are, in the zone, an entry of fixed size
 * each.  Read without a lock by any worker; an entry is written by its owner
 * alone, once it is open.  What a dead worker owned is swept by any other.
 */


#ifndef _NGX_GAME_REGISTRY_H_INCLUDED_
#define _NGX_GAME_REGISTRY_H_INCLUDED_


#include "ngx_game.h"


/* JSON text of a room's metadata, bytes */
#define NGX_GAME_METADATA_MAX  512


/* a consistent copy of an entry */
typedef struct {
    uint64_t                   id;
    uint64_t                   game;          /* hash of the game's name */
    uint64_t                   owner;         /* epoch */
    uint64_t                   term;
    uint64_t                   created;       /* seconds since 1970 */
    uint32_t                   players;
    uint32_t                   max_players;
    unsigned                   locked:1;
    uint32_t                   metadata_len;
    u_char                     metadata[NGX_GAME_METADATA_MAX];
    u_char                     version[NGX_GAME_CLASS_VERSION_MAX];
} ngx_game_room_info_t;


/* init_process, after attach */
ngx_int_t ngx_game_registry_init(ngx_cycle_t *cycle);

/*
 * Finds a room of the game that has a free seat and whose owner lives and is
 * not exiting, or makes an entry for a new one that is owned by `owner`, or by
 * this worker if that one has died or is exiting meanwhile: *room_owner.
 * `skip` names a room that is known to be full (0: none).  *created says
 * which.
 *   NGX_OK, NGX_DECLINED: the registry is full, NGX_BUSY: there is none, and
 *   none is made since the server drains
 * The room that is found may be one that another worker has just made and
 * whose owner has not opened it yet.
 * The call counts a seat that is on its way, so that many joins of one turn
 * don't all choose the same last seat; ngx_game_registry_arrived() ends that.
 */
ngx_int_t ngx_game_registry_match(ngx_game_game_t *game, uint64_t owner,
    uint64_t skip, uint64_t *room, uint64_t *room_owner,
    ngx_uint_t *created);
void ngx_game_registry_arrived(uint64_t room);

/* NGX_OK or NGX_DECLINED (no such room, or its owner is dead); also for a room
 * that is not open yet */
ngx_int_t ngx_game_registry_find(uint64_t room, ngx_game_room_info_t *info);

/* owner's verbs: by id; no-ops (NGX_DECLINED) for a room that this worker does
 * not own.  An entry that is not opened for a minute, or whose creator dies
 * before that, is freed: open then returns NGX_DECLINED */
ngx_int_t ngx_game_registry_open(uint64_t room, ngx_game_game_t *game);
void ngx_game_registry_set_players(uint64_t room, ngx_uint_t players);
void ngx_game_registry_set_locked(uint64_t room, ngx_uint_t locked);
/* NGX_ERROR: too long */
ngx_int_t ngx_game_registry_set_metadata(uint64_t room, u_char *json,
    size_t len);
/* the creator may close it too, as long as it is not open */
void ngx_game_registry_close(uint64_t room);

/* the owner's epoch, alive or dead, and its term; 0: no such room is open.
 * Cheaper than find */
uint64_t ngx_game_registry_owner(uint64_t room, uint64_t *term);

/* gives a room of this worker, that has it by this term, to another one, whose
 * term is the next: NGX_OK, or NGX_DECLINED: it is not this worker's */
ngx_int_t ngx_game_registry_pass(uint64_t room, uint64_t term,
    uint64_t owner);

/* what a new owner brings with it */
void ngx_game_registry_taken(uint64_t room, ngx_game_game_t *game,
    ngx_uint_t players, ngx_uint_t locked);

/* 1 while the registry says that this worker owns the room by this term */
ngx_uint_t ngx_game_registry_owned(uint64_t room, uint64_t term);

/* iterates over the open rooms of a game (hash 0: of all): start with
 * *cursor = 0; NGX_OK or NGX_DONE */
ngx_int_t ngx_game_registry_next(uint64_t game, ngx_uint_t *cursor,
    ngx_game_room_info_t *info);

/* owner's: the room's image in the store; NGX_DECLINED: it is another's, or
 * there is no place */
ngx_int_t ngx_game_registry_save(uint64_t room, ngx_str_t *image);

/* owner's: the number of the room's entry, for ngx_game_store.h */
ngx_int_t ngx_game_registry_entry(uint64_t room, ngx_uint_t *entry);

/* whether a room can go on if its owner dies */
ngx_uint_t ngx_game_registry_saved(uint64_t room);

/* a room that this worker has taken over from a dead one */
typedef struct {
    uint64_t                   room;
    uint64_t                   term;          /* the new one */
    uint64_t                   owner;         /* the dead one */
    uint64_t                   game;          /* hash */
    ngx_str_t                  image;         /* in the zone */
} ngx_game_claim_t;

/*
 * The next room of a dead worker (epoch 0: of any) that can go on and that
 * mine, unless NULL, says to be this worker's: it is from now on.  *cursor
 * starts at 0.  Frees what can't go on.  NGX_DONE: there are no more.
 */
ngx_int_t ngx_game_registry_claim(uint64_t epoch,
    ngx_uint_t (*mine)(uint64_t room), ngx_uint_t *cursor,
    ngx_game_claim_t *claim);

/*
 * The next open room, whoever owns it, and a copy of its image, for which
 * image->data is made larger by realloc() as needed: *size bytes.  In any
 * thread.  *cursor starts at 0; NGX_OK, NGX_DONE, or NGX_ERROR: no memory.
 */
ngx_int_t ngx_game_registry_dump(ngx_uint_t *cursor,
    ngx_game_room_info_t *info, ngx_str_t *image, size_t *size);

/*
 * The same back: the room waits for a worker to claim it.  Of info, id, term,
 * created, players and metadata count: one with players is in a snapshot that
 * is written meanwhile.
 *   NGX_OK
 *   NGX_BUSY      there is a room of this id
 *   NGX_DECLINED  there is no place
 */
ngx_int_t ngx_game_registry_restore(ngx_game_game_t *game,
    ngx_game_room_info_t *info, ngx_str_t *image);

/* frees all entries */
void ngx_game_registry_clear(void);

/* counts a death in a room of this worker: how many there were within so many
 * seconds */
ngx_uint_t ngx_game_registry_blame(uint64_t room, uint64_t period);

/* how many entries are used, and how many there are */
void ngx_game_registry_usage(ngx_uint_t *used, ngx_uint_t *size);


#endif /* _NGX_GAME_REGISTRY_H_INCLUDED_ */
