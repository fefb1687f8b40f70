
/*
 * Copyright (C) ngx_game authors
 *
 * Alarms of rooms, each in one block with its handler's name and arguments.
 */


#include "ngx_game_alarm.h"
#include "ngx_game_handler.h"


typedef struct {
    ngx_game_timer_t           timer;         /* must be first */
    ngx_queue_t                link;
    ngx_game_room_t           *room;
    uint64_t                   interval;      /* us, 0: once */
    uint32_t                   id;
    ngx_str_t                  args;
    char                       name[];        /* null-terminated */
} ngx_game_alarm_t;


static ngx_game_alarm_t *ngx_game_alarm_create(ngx_game_room_t *room,
    uint64_t interval, ngx_str_t *name, ngx_str_t *args);
static void ngx_game_alarm_handler(ngx_game_timer_t *timer);
static void ngx_game_alarm_free(ngx_game_alarm_t *alarm);


uint32_t
ngx_game_alarm_set(ngx_game_room_t *room, uint64_t delay, uint64_t interval,
    ngx_str_t *name, ngx_str_t *args)
{
    ngx_game_alarm_t  *alarm;

    if (room->alarms_count == NGX_GAME_ALARM_MAX) {
        return 0;
    }

    alarm = ngx_game_alarm_create(room, interval, name, args);
    if (alarm == NULL) {
        return 0;
    }

    alarm->timer.node.at = ngx_game_clock_now() + delay;

    if (!room->paused
        && ngx_game_clock_set(&alarm->timer, alarm->timer.node.at) != NGX_OK)
    {
        ngx_game_alarm_free(alarm);
        return 0;
    }

    /* 0 is no id; after 4 billion alarms ids come again */

    if (++room->alarms_last == 0) {
        room->alarms_last = 1;
    }

    alarm->id = room->alarms_last;

    return alarm->id;
}


static ngx_game_alarm_t *
ngx_game_alarm_create(ngx_game_room_t *room, uint64_t interval,
    ngx_str_t *name, ngx_str_t *args)
{
    ngx_game_alarm_t  *alarm;

    alarm = ngx_calloc(sizeof(ngx_game_alarm_t) + name->len + 1 + args->len,
                       ngx_cycle->log);
    if (alarm == NULL) {
        return NULL;
    }

    alarm->timer.handler = ngx_game_alarm_handler;
    alarm->room = room;
    alarm->interval = interval;

    ngx_memcpy(alarm->name, name->data, name->len);

    alarm->args.len = args->len;
    alarm->args.data = (u_char *) alarm->name + name->len + 1;
    ngx_memcpy(alarm->args.data, args->data, args->len);

    room->alarms_count++;
    ngx_queue_insert_tail(&room->alarms, &alarm->link);

    return alarm;
}


ngx_uint_t
ngx_game_alarm_clear(ngx_game_room_t *room, uint32_t id)
{
    ngx_queue_t       *q;
    ngx_game_alarm_t  *alarm;

    for (q = ngx_queue_head(&room->alarms);
         q != ngx_queue_sentinel(&room->alarms);
         q = ngx_queue_next(q))
    {
        alarm = ngx_queue_data(q, ngx_game_alarm_t, link);

        if (alarm->id == id) {
            ngx_game_alarm_free(alarm);
            return 1;
        }
    }

    return 0;
}


void
ngx_game_alarm_clear_all(ngx_game_room_t *room)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&room->alarms)) {
        q = ngx_queue_head(&room->alarms);
        ngx_game_alarm_free(ngx_queue_data(q, ngx_game_alarm_t, link));
    }
}


void
ngx_game_alarm_suspend(ngx_game_room_t *room)
{
    ngx_queue_t       *q;
    ngx_game_alarm_t  *alarm;

    for (q = ngx_queue_head(&room->alarms);
         q != ngx_queue_sentinel(&room->alarms);
         q = ngx_queue_next(q))
    {
        alarm = ngx_queue_data(q, ngx_game_alarm_t, link);
        ngx_game_clock_clear(&alarm->timer);
    }
}


void
ngx_game_alarm_resume(ngx_game_room_t *room)
{
    ngx_queue_t       *q, *next;
    ngx_game_alarm_t  *alarm;

    for (q = ngx_queue_head(&room->alarms);
         q != ngx_queue_sentinel(&room->alarms);
         q = next)
    {
        next = ngx_queue_next(q);
        alarm = ngx_queue_data(q, ngx_game_alarm_t, link);

        if (ngx_game_clock_set(&alarm->timer, alarm->timer.node.at)
            != NGX_OK)
        {
            ngx_game_alarm_free(alarm);
        }
    }
}


size_t
ngx_game_alarm_image_size(ngx_game_room_t *room)
{
    size_t             size;
    ngx_queue_t       *q;
    ngx_game_alarm_t  *alarm;

    size = 0;

    for (q = ngx_queue_head(&room->alarms);
         q != ngx_queue_sentinel(&room->alarms);
         q = ngx_queue_next(q))
    {
        alarm = ngx_queue_data(q, ngx_game_alarm_t, link);

        size += sizeof(ngx_game_alarm_image_t) + ngx_strlen(alarm->name)
                + alarm->args.len;
    }

    return size;
}


u_char *
ngx_game_alarm_pack(ngx_game_room_t *room, u_char *p)
{
    ngx_queue_t             *q;
    ngx_game_alarm_t        *alarm;
    ngx_game_alarm_image_t   image;

    for (q = ngx_queue_head(&room->alarms);
         q != ngx_queue_sentinel(&room->alarms);
         q = ngx_queue_next(q))
    {
        alarm = ngx_queue_data(q, ngx_game_alarm_t, link);

        image.at = alarm->timer.node.at;
        image.interval = alarm->interval;
        image.id = alarm->id;
        image.name_len = ngx_strlen(alarm->name);
        image.args_len = alarm->args.len;

        p = ngx_cpymem(p, &image, sizeof(ngx_game_alarm_image_t));
        p = ngx_cpymem(p, alarm->name, image.name_len);
        p = ngx_cpymem(p, alarm->args.data, image.args_len);
    }

    return p;
}


size_t
ngx_game_alarm_unpack(ngx_game_room_t *room, u_char *p, u_char *end)
{
    ngx_str_t                name, args;
    ngx_game_alarm_t        *alarm;
    ngx_game_alarm_image_t   image;

    if ((size_t) (end - p) < sizeof(ngx_game_alarm_image_t)) {
        return 0;
    }

    ngx_memcpy(&image, p, sizeof(ngx_game_alarm_image_t));
    p += sizeof(ngx_game_alarm_image_t);

    if (end - p < image.name_len + image.args_len
        || image.name_len > NGX_GAME_ALARM_NAME_MAX
        || image.args_len > NGX_GAME_ALARM_ARGS_MAX
        || (image.interval && image.interval < NGX_GAME_ALARM_EVERY_MIN)
        || room->alarms_count == NGX_GAME_ALARM_MAX)
    {
        return 0;
    }

    name.data = p;
    name.len = image.name_len;
    args.data = p + name.len;
    args.len = image.args_len;

    alarm = ngx_game_alarm_create(room, image.interval, &name, &args);
    if (alarm == NULL) {
        return 0;
    }

    alarm->id = image.id;
    alarm->timer.node.at = image.at;

    return sizeof(ngx_game_alarm_image_t) + name.len + args.len;
}


size_t
ngx_game_alarm_shift(u_char *p, u_char *end, int64_t us)
{
    size_t                   size;
    ngx_game_alarm_image_t   image;

    if ((size_t) (end - p) < sizeof(ngx_game_alarm_image_t)) {
        return 0;
    }

    ngx_memcpy(&image, p, sizeof(ngx_game_alarm_image_t));

    size = sizeof(ngx_game_alarm_image_t) + image.name_len + image.args_len;

    if ((size_t) (end - p) < size) {
        return 0;
    }

    image.at = ngx_max((int64_t) image.at + us, 0);

    ngx_memcpy(p, &image, sizeof(ngx_game_alarm_image_t));

    return size;
}


static void
ngx_game_alarm_free(ngx_game_alarm_t *alarm)
{
    ngx_game_clock_clear(&alarm->timer);
    ngx_queue_remove(&alarm->link);
    alarm->room->alarms_count--;
    ngx_free(alarm);
}


/*
 * An alarm that repeats keeps its schedule and skips what it has missed.  The
 * handler may clear any alarm, this one too, so it is given copies.
 */

static void
ngx_game_alarm_handler(ngx_game_timer_t *timer)
{
    u_char             copy[NGX_GAME_ALARM_ARGS_MAX];
    char               name[NGX_GAME_ALARM_NAME_MAX + 1];
    uint64_t           now, due;
    ngx_str_t          args;
    ngx_game_room_t   *room;
    ngx_game_alarm_t  *alarm;

    alarm = (ngx_game_alarm_t *) timer;
    room = alarm->room;

    args.data = copy;
    args.len = ngx_min(alarm->args.len, sizeof(copy));
    ngx_memcpy(copy, alarm->args.data, args.len);
    (void) ngx_cpystrn((u_char *) name, (u_char *) alarm->name, sizeof(name));

    if (alarm->interval == 0) {
        ngx_game_alarm_free(alarm);

    } else {
        now = ngx_game_clock_now();
        due = timer->node.at + alarm->interval;

        if (due <= now) {
            due += ((now - due) / alarm->interval + 1) * alarm->interval;
        }

        if (ngx_game_clock_set(timer, due) != NGX_OK) {
            ngx_game_alarm_free(alarm);
        }
    }

    ngx_game_handler_alarm(room, name, &args);
}
