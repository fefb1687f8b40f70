
/*
 * Copyright (C) ngx_game authors
 *
 * The rings' part of the zone: which ring leads from which slot to which.  A
 * ring is allotted to a pair of slots when it is first sent to, for ever.
 */


#ifndef _NGX_GAME_RINGS_H_INCLUDED_
#define _NGX_GAME_RINGS_H_INCLUDED_


#include "ngx_game.h"

#include "core/game_ring.h"


/* finds the part in the zone */
ngx_int_t ngx_game_rings_init(ngx_cycle_t *cycle);

/* bytes of data of each ring */
size_t ngx_game_rings_size(void);

/* the ring from one slot to another, or NULL: there is none yet */
game_ring_t *ngx_game_rings_find(ngx_uint_t src, ngx_uint_t dst);

/* the same, allotted if there is none; NULL: no ring is left */
game_ring_t *ngx_game_rings_get(ngx_uint_t src, ngx_uint_t dst);


#endif /* _NGX_GAME_RINGS_H_INCLUDED_ */
