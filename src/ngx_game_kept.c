
/*
 * Copyright (C) ngx_game authors
 *
 * Kept records, each in one block.
 */


#include "ngx_game_kept.h"


ngx_int_t
ngx_game_kept_add(ngx_queue_t *queue, ngx_game_record_t *record,
    u_char *payload, size_t len)
{
    ngx_game_kept_t  *kept;

    kept = ngx_alloc(sizeof(ngx_game_kept_t) + len, ngx_cycle->log);
    if (kept == NULL) {
        return NGX_ERROR;
    }

    kept->record = *record;
    kept->since = ngx_current_msec;
    kept->len = len;

    if (len) {
        ngx_memcpy(kept->data, payload, len);
    }

    ngx_queue_insert_tail(queue, &kept->link);

    return NGX_OK;
}


ngx_game_kept_t *
ngx_game_kept_take(ngx_queue_t *queue)
{
    ngx_queue_t  *q;

    if (ngx_queue_empty(queue)) {
        return NULL;
    }

    q = ngx_queue_head(queue);
    ngx_queue_remove(q);

    return ngx_game_kept_of(q);
}


void
ngx_game_kept_move(ngx_queue_t *from, ngx_queue_t *to)
{
    ngx_queue_init(to);

    if (!ngx_queue_empty(from)) {
        ngx_queue_add(to, from);
        ngx_queue_init(from);
    }
}


void
ngx_game_kept_drop(ngx_queue_t *queue)
{
    ngx_game_kept_t  *kept;

    while ((kept = ngx_game_kept_take(queue))) {
        ngx_free(kept);
    }
}
