
/*
 * Copyright (C) ngx_game authors
 *
 * Peers: what this worker knows of the workers in the other slots.  It hears
 * of new ones and reports each death once.
 */


#ifndef _NGX_GAME_PEER_H_INCLUDED_
#define _NGX_GAME_PEER_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_slot.h"


typedef void (*ngx_game_peer_death_pt)(uint64_t epoch);


/* own: the number of this worker's slot.  The handler is kept */
void ngx_game_peer_init(ngx_cycle_t *cycle, ngx_game_slots_t *slots,
    ngx_uint_t n, ngx_uint_t own, ngx_game_peer_death_pt handler);
void ngx_game_peer_done(void);

/* called with a dead epoch before all death handlers: what it has sent is to
 * be taken in first */
void ngx_game_peer_on_drain(ngx_game_peer_death_pt handler);

/* looks at all slots if any was claimed or released since the last look */
void ngx_game_peer_refresh(void);

/* the same in any case, maybe from within a death handler */
void ngx_game_peer_look_all(void);

/* a record came from this epoch: it is known from now on, and the one that had
 * its slot before is dead.  1 if its own death is still to be reported, 0 if
 * that was done already or it was never known here */
ngx_uint_t ngx_game_peer_seen(uint64_t epoch);

/* 1 if the epoch holds its slot and was not reported dead here: its death will
 * be */
ngx_uint_t ngx_game_peer_alive(uint64_t epoch);


#endif /* _NGX_GAME_PEER_H_INCLUDED_ */
