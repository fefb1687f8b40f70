
/*
 * Copyright (C) ngx_game authors
 *
 * Handlers that sleep, in a queue of their room.
 */


#include "ngx_game_sleep.h"


typedef struct {
    ngx_game_timer_t           timer;         /* must be first */
    ngx_queue_t                link;
    ngx_game_call_t           *call;
} ngx_game_sleep_t;


static void ngx_game_sleep_handler(ngx_game_timer_t *timer);


ngx_int_t
ngx_game_sleep(ngx_game_room_t *room, ngx_game_call_t *call, uint64_t us)
{
    ngx_game_sleep_t  *sleep;

    sleep = ngx_calloc(sizeof(ngx_game_sleep_t), ngx_cycle->log);
    if (sleep == NULL) {
        return NGX_ERROR;
    }

    sleep->timer.handler = ngx_game_sleep_handler;
    sleep->call = call;

    if (ngx_game_clock_set(&sleep->timer, ngx_game_clock_now() + us)
        != NGX_OK)
    {
        ngx_free(sleep);
        return NGX_ERROR;
    }

    ngx_queue_insert_tail(&room->sleeps, &sleep->link);

    return NGX_OK;
}


static void
ngx_game_sleep_handler(ngx_game_timer_t *timer)
{
    uint64_t           began;
    ngx_game_call_t   *call;
    ngx_game_room_t   *room;
    ngx_game_sleep_t  *sleep;

    sleep = (ngx_game_sleep_t *) timer;
    call = sleep->call;
    room = call->owner;

    ngx_queue_remove(&sleep->link);
    ngx_free(sleep);

    began = ngx_game_clock_now();

    ngx_game_script_resume(call);

    room->spent += (ngx_game_clock_now() - began) * 1000;
}


void
ngx_game_sleep_suspend(ngx_game_room_t *room)
{
    ngx_queue_t       *q;
    ngx_game_sleep_t  *sleep;

    for (q = ngx_queue_head(&room->sleeps);
         q != ngx_queue_sentinel(&room->sleeps);
         q = ngx_queue_next(q))
    {
        sleep = ngx_queue_data(q, ngx_game_sleep_t, link);
        ngx_game_clock_clear(&sleep->timer);
    }
}


void
ngx_game_sleep_resume(ngx_game_room_t *room)
{
    ngx_queue_t       *q, *next;
    ngx_game_sleep_t  *sleep;

    for (q = ngx_queue_head(&room->sleeps);
         q != ngx_queue_sentinel(&room->sleeps);
         q = next)
    {
        next = ngx_queue_next(q);
        sleep = ngx_queue_data(q, ngx_game_sleep_t, link);

        if (ngx_game_clock_set(&sleep->timer, sleep->timer.node.at)
            != NGX_OK)
        {
            ngx_queue_remove(q);
            ngx_game_script_cancel(sleep->call);
            ngx_free(sleep);
        }
    }
}


void
ngx_game_sleep_cancel(ngx_game_room_t *room)
{
    ngx_queue_t       *q;
    ngx_game_sleep_t  *sleep;

    while (!ngx_queue_empty(&room->sleeps)) {
        q = ngx_queue_head(&room->sleeps);
        ngx_queue_remove(q);

        sleep = ngx_queue_data(q, ngx_game_sleep_t, link);

        ngx_game_clock_clear(&sleep->timer);
        ngx_game_script_cancel(sleep->call);
        ngx_free(sleep);
    }
}
