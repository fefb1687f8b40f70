
/*
 * Copyright (C) ngx_game authors
 *
 * game_session_limit: how many sessions a key has over all workers.  A column
 * per slot in each entry, so that a dead worker's share is swept.
 */


#ifndef _NGX_GAME_LIMIT_H_INCLUDED_
#define _NGX_GAME_LIMIT_H_INCLUDED_


#include "ngx_game.h"


ngx_int_t ngx_game_limit_init(ngx_cycle_t *cycle);

/* NGX_OK: counted; NGX_BUSY: the key has `limit` sessions already;
 * NGX_ERROR: the table is full.  *hash is for the release */
ngx_int_t ngx_game_limit_acquire(ngx_str_t *key, ngx_uint_t limit,
    uint64_t *hash);
void ngx_game_limit_release(uint64_t hash);

/* counts a session that comes from another worker, whatever the limit is;
 * NGX_OK, or NGX_ERROR: the table is full */
ngx_int_t ngx_game_limit_take(uint64_t hash);

/* forgets what a dead worker held: a death handler */
void ngx_game_limit_sweep(uint64_t epoch);


#endif /* _NGX_GAME_LIMIT_H_INCLUDED_ */
