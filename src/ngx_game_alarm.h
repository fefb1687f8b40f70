
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


/* delay and interval in us, interval 0: once; name and args are within their
 * limits.  The alarm's id, or 0: no memory or too many */
uint32_t ngx_game_alarm_set(ngx_game_room_t *room, uint64_t delay,
    uint64_t interval, ngx_str_t *name, ngx_str_t *args);

/* 1 if it was set */
ngx_uint_t ngx_game_alarm_clear(ngx_game_room_t *room, uint32_t id);
void ngx_game_alarm_clear_all(ngx_game_room_t *room);


#endif /* _NGX_GAME_ALARM_H_INCLUDED_ */
