
/*
 * Copyright (C) ngx_game authors
 *
 * The engine of a worker: its parts, put together in init_process and taken
 * apart in exit_process.
 */


#ifndef _NGX_GAME_ENGINE_H_INCLUDED_
#define _NGX_GAME_ENGINE_H_INCLUDED_


#include "ngx_game.h"


/*
 * init_process of a worker of a configuration with a game_zone.  NGX_ERROR
 * ends the worker, so only what can't be mended by a restart is one; a worker
 * that finds no place in the zone lives on and refuses joins with 503.
 */
ngx_int_t ngx_game_engine_init(ngx_cycle_t *cycle,
    ngx_game_main_conf_t *mcf);

/* exit_process: rooms get on_close, what is queued for others is sent */
void ngx_game_engine_done(void);


#endif /* _NGX_GAME_ENGINE_H_INCLUDED_ */
