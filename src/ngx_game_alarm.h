
/*
 * Copyright (C) ngx_game authors
 *
 * Alarms: self:after and self:every, timers of a room by a handler's name and
 * arguments that MessagePack can hold, so that they can move with the room.
 */


#ifndef _NGX_GAME_ALARM_H_INCLUDED_
#define _NGX_GAME_ALARM_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_room.h"


/* alarms that a room can have */
#define NGX_GAME_ALARM_MAX       1024

/* bytes of an alarm's arguments and of its handler's name */
#define NGX_GAME_ALARM_ARGS_MAX  4096
#define NGX_GAME_ALARM_NAME_MAX  64

/* the shortest interval, us */
#define NGX_GAME_ALARM_EVERY_MIN  1000


/* delay and interval in us, interval 0: once; name and args are within their
 * limits.  The alarm's id, or 0: no memory or too many */
uint32_t ngx_game_alarm_set(ngx_game_room_t *room, uint64_t delay,
    uint64_t interval, ngx_str_t *name, ngx_str_t *args);

/* 1 if it was set */
ngx_uint_t ngx_game_alarm_clear(ngx_game_room_t *room, uint32_t id);
void ngx_game_alarm_clear_all(ngx_game_room_t *room);

/* while the room is paused none goes off; what was due then comes after it */
void ngx_game_alarm_suspend(ngx_game_room_t *room);
void ngx_game_alarm_resume(ngx_game_room_t *room);

/* an alarm as it moves with its room, followed by its name and arguments */
typedef struct {
    uint64_t                   at;            /* us, on the clock */
    uint64_t                   interval;
    uint32_t                   id;
    uint16_t                   name_len;
    uint16_t                   args_len;
} ngx_game_alarm_image_t;

/* bytes of all alarms; writes them; and makes an alarm of one, that is
 * suspended: its size, or 0: broken, or no memory */
size_t ngx_game_alarm_image_size(ngx_game_room_t *room);
u_char *ngx_game_alarm_pack(ngx_game_room_t *room, u_char *p);
size_t ngx_game_alarm_unpack(ngx_game_room_t *room, u_char *p, u_char *end);

/* one that was written by another clock goes off so many us later: its size,
 * or 0: broken */
size_t ngx_game_alarm_shift(u_char *p, u_char *end, int64_t us);


#endif /* _NGX_GAME_ALARM_H_INCLUDED_ */
