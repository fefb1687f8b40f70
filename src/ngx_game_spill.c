
/*
 * Copyright (C) ngx_game authors
 *
 * The list of records that a full ring leaves with their sender: a block of
 * memory for each, in order.  Bounds are the caller's.
 */


#include "ngx_game.h"
#include "ngx_game_spill.h"


ngx_game_spilled_t *
ngx_game_spill_add(ngx_game_spill_t *spill, ngx_game_record_t *record,
    const ngx_str_t *parts, ngx_uint_t n, ngx_log_t *log)
{
    size_t               len;
    u_char              *p;
    ngx_uint_t           i;
    ngx_game_spilled_t  *one;

    len = 0;

    for (i = 0; i < n; i++) {
        len += parts[i].len;
    }

    one = ngx_alloc(sizeof(ngx_game_spilled_t) + len, log);
    if (one == NULL) {
        return NULL;
    }

    one->next = NULL;
    one->record = *record;
    one->len = len;
    one->sent = 0;

    p = one->data;

    for (i = 0; i < n; i++) {
        if (parts[i].len) {
            p = ngx_cpymem(p, parts[i].data, parts[i].len);
        }
    }

    if (spill->last) {
        spill->last->next = one;

    } else {
        spill->first = one;
    }

    spill->last = one;
    spill->size += sizeof(ngx_game_spilled_t) + len;

    return one;
}


void
ngx_game_spill_remove(ngx_game_spill_t *spill)
{
    ngx_game_spilled_t  *one;

    one = spill->first;

    if (one == NULL) {
        return;
    }

    spill->first = one->next;

    if (spill->first == NULL) {
        spill->last = NULL;
    }

    spill->size -= sizeof(ngx_game_spilled_t) + one->len;

    ngx_free(one);
}


ngx_uint_t
ngx_game_spill_clear(ngx_game_spill_t *spill)
{
    ngx_uint_t  n;

    for (n = 0; spill->first; n++) {
        ngx_game_spill_remove(spill);
    }

    return n;
}
