
/*
 * Copyright (C) ngx_game authors
 *
 * The way of a snapshot's rooms into the zone, where they wait for workers to
 * adopt them.  A file that was loaded is renamed, so that it is loaded once;
 * one that can't be is renamed otherwise.
 */


#ifndef _NGX_GAME_SNAPSHOT_LOAD_H_INCLUDED_
#define _NGX_GAME_SNAPSHOT_LOAD_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_snapshot_file.h"


/* loads the file if there is one that waits: how many rooms that are, or
 * NGX_DECLINED: none does.  Another process that is at it is waited for, at
 * most so many ms; the second one is for who has locked the directory */
ngx_int_t ngx_game_snapshot_load(ngx_game_snapshot_conf_t *conf,
    ngx_game_snapshot_header_t *self, ngx_msec_t patience);
ngx_int_t ngx_game_snapshot_load_locked(ngx_game_snapshot_conf_t *conf,
    ngx_game_snapshot_header_t *self);


#endif /* _NGX_GAME_SNAPSHOT_LOAD_H_INCLUDED_ */
