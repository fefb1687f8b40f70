
/*
 * Copyright (C) ngx_game authors
 *
 * game.sleep: a handler that waits for some time.
 */


#ifndef _NGX_GAME_SLEEP_H_INCLUDED_
#define _NGX_GAME_SLEEP_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_room.h"
#include "ngx_game_script.h"


/* the running call of the room is to go on after us microseconds; NGX_ERROR:
 * no memory.  Ends with ngx_game_script_wait() */
ngx_int_t ngx_game_sleep(ngx_game_room_t *room, ngx_game_call_t *call,
    uint64_t us);

/* while the room is paused none goes on; what was due then comes after it */
void ngx_game_sleep_suspend(ngx_game_room_t *room);
void ngx_game_sleep_resume(ngx_game_room_t *room);

/* drops all handlers of the room that sleep: they never go on */
void ngx_game_sleep_cancel(ngx_game_room_t *room);


#endif /* _NGX_GAME_SLEEP_H_INCLUDED_ */
