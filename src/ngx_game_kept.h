
/*
 * Copyright (C) ngx_game authors
 *
 * Records that are kept while it is not known who is to have them: copies, in
 * a queue, in their order.
 */


#ifndef _NGX_GAME_KEPT_H_INCLUDED_
#define _NGX_GAME_KEPT_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_channel.h"


typedef struct {
    ngx_queue_t                link;
    ngx_game_record_t          record;
    ngx_msec_t                 since;
    size_t                     len;
    u_char                     data[];
} ngx_game_kept_t;


#define ngx_game_kept_of(q)  ngx_queue_data(q, ngx_game_kept_t, link)


/* appends a copy; NGX_ERROR: no memory */
ngx_int_t ngx_game_kept_add(ngx_queue_t *queue, ngx_game_record_t *record,
    u_char *payload, size_t len);

/* the first one, taken out, to be freed by ngx_free(); NULL: there is none */
ngx_game_kept_t *ngx_game_kept_take(ngx_queue_t *queue);

/* moves all to an empty queue; frees all */
void ngx_game_kept_move(ngx_queue_t *from, ngx_queue_t *to);
void ngx_game_kept_drop(ngx_queue_t *queue);


#endif /* _NGX_GAME_KEPT_H_INCLUDED_ */
