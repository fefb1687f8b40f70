
/*
 * Copyright (C) ngx_game authors
 *
 * A list of records that wait for room in a ring, in the sender's own memory.
 */


#ifndef _NGX_GAME_SPILL_H_INCLUDED_
#define _NGX_GAME_SPILL_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_channel.h"


typedef struct ngx_game_spilled_s  ngx_game_spilled_t;


struct ngx_game_spilled_s {
    ngx_game_spilled_t        *next;
    ngx_game_record_t          record;
    size_t                     len;
    size_t                     sent;          /* bytes that are in the ring */
    u_char                     data[];
};


/* zeroed: empty */
typedef struct {
    ngx_game_spilled_t        *first;
    ngx_game_spilled_t        *last;
    size_t                     size;          /* with what each one costs */
} ngx_game_spill_t;


/* appends a copy; NULL: no memory */
ngx_game_spilled_t *ngx_game_spill_add(ngx_game_spill_t *spill,
    ngx_game_record_t *record, const ngx_str_t *parts, ngx_uint_t n,
    ngx_log_t *log);

/* frees the first one */
void ngx_game_spill_remove(ngx_game_spill_t *spill);

/* frees all, returns how many there were */
ngx_uint_t ngx_game_spill_clear(ngx_game_spill_t *spill);


#endif /* _NGX_GAME_SPILL_H_INCLUDED_ */
