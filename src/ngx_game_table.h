
/*
 * Copyright (C) ngx_game authors
 *
 * The registry's table in the zone: its arrays, the index by id, and the
 * making and freeing of entries.  What an entry means is ngx_game_registry.c.
 */


#ifndef _NGX_GAME_TABLE_H_INCLUDED_
#define _NGX_GAME_TABLE_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_registry.h"


#define NGX_GAME_TABLE_NONE  ((ngx_uint_t) -1)


/* how a worker goes over entries, 64 of them a word */
#define ngx_game_table_bit(i)  ((uint64_t) 1 << ((i) % 64))


/* states of an entry; its store is what makes it used or free */
#define NGX_GAME_TABLE_FREE     0
#define NGX_GAME_TABLE_OPENING  1             /* made, not yet by its owner */
#define NGX_GAME_TABLE_OPEN     2


/* what a search touches: one cache line */
typedef struct {
    _Alignas(64) _Atomic uint64_t  id;        /* never used again, 0: none */
    _Atomic uint64_t           owner;         /* epochs */
    _Atomic uint64_t           creator;
    _Atomic uint64_t           term;
    _Atomic uint64_t           game;          /* hash */
    _Atomic uint64_t           created;       /* seconds since 1970 */
    _Atomic uint32_t           players;
    _Atomic uint32_t           max_players;
    _Atomic uint32_t           locked;
    _Atomic uint32_t           next;          /* in its chain, + 1 */
} ngx_game_entry_t;


/* seq is odd while the owner writes */
typedef struct {
    _Atomic uint32_t           seq;
    _Atomic uint32_t           len;
    u_char                     data[NGX_GAME_METADATA_MAX];
    u_char                     version[NGX_GAME_CLASS_VERSION_MAX];
} ngx_game_metadata_t;


/* at the begin of the part */
typedef struct {
    _Atomic uint32_t           high;          /* entries that were ever used */
    _Atomic uint32_t           first;         /* none below it is free */
    _Atomic uint32_t           changes;       /* of chains, by removals */
} ngx_game_table_header_t;


/* by number of entry, but for chains */
typedef struct {
    ngx_uint_t                 n;             /* 0: not set up */
    ngx_game_table_header_t   *header;
    _Atomic uint32_t          *chains;        /* first entry + 1, by hash */
    _Atomic uint64_t          *seats;         /* bits: has a free seat */
    _Atomic uint16_t          *tags;          /* of the hash of the game */
    _Atomic uint8_t           *states;
    ngx_game_entry_t          *entries;
    ngx_game_metadata_t       *metadata;
} ngx_game_table_t;


/* finds the part in the zone */
ngx_int_t ngx_game_table_init(ngx_game_table_t *table);

/* the entry of an id, or NGX_GAME_TABLE_NONE.  The first one needs no lock */
ngx_uint_t ngx_game_table_find(ngx_game_table_t *table, uint64_t id);
ngx_uint_t ngx_game_table_find_locked(ngx_game_table_t *table, uint64_t id);

/* under the lock: makes an entry that is OPENING, or NGX_GAME_TABLE_NONE */
ngx_uint_t ngx_game_table_make(ngx_game_table_t *table, uint64_t id,
    uint64_t owner, uint64_t creator, uint64_t game, ngx_uint_t max_players);

/* under the lock: frees an entry that is used */
void ngx_game_table_free(ngx_game_table_t *table, ngx_uint_t i);

/* 1 if the entry is used, and either owned by the worker of this epoch or not
 * open yet and made by it */
ngx_uint_t ngx_game_table_belongs(ngx_game_table_t *table, ngx_uint_t i,
    uint64_t epoch);

/* the entries from here on were never used */
ngx_uint_t ngx_game_table_high(ngx_game_table_t *table);

ngx_uint_t ngx_game_table_state(ngx_game_table_t *table, ngx_uint_t i);
uint16_t ngx_game_table_tag(uint64_t game);

/* how many entries are used */
ngx_uint_t ngx_game_table_count(ngx_game_table_t *table);


#endif /* _NGX_GAME_TABLE_H_INCLUDED_ */
