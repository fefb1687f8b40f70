
/*
 * Copyright (C) ngx_game authors
 *
 * Rooms that are to end: while the server drains, or this worker quits, each
 * is told by on_shutdown, once; what is left of a drain when its grace is over
 * is closed.  A quit within a drain is a part of it.
 */


#ifndef _NGX_GAME_SHUTDOWN_H_INCLUDED_
#define _NGX_GAME_SHUTDOWN_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_room.h"


/* init_process, after attach; exit_process */
void ngx_game_shutdown_init(ngx_cycle_t *cycle);
void ngx_game_shutdown_done(void);

/* at the end of a turn, for an open room: on_shutdown, if it is due */
void ngx_game_shutdown_room(ngx_game_room_t *room);


#endif /* _NGX_GAME_SHUTDOWN_H_INCLUDED_ */
