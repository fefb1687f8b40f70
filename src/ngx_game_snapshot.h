
/*
 * Copyright (C) ngx_game authors
 *
 * The snapshot: all rooms in a file, from which they go on after a stop and a
 * start.  Workers that end leave their rooms in the zone, and the last one
 * writes those to the file; meanwhile one worker does so from time to time, in
 * a thread.  What a worker finds in a file it puts into the zone, from where
 * the rooms are adopted as if their workers had died.
 *
 * All functions may be called where game_snapshot is off.
 */


#ifndef _NGX_GAME_SNAPSHOT_H_INCLUDED_
#define _NGX_GAME_SNAPSHOT_H_INCLUDED_


#include "ngx_game.h"


typedef struct {
    uint64_t                   written;       /* seconds since 1970, 0: not */
    uint64_t                   size;          /* bytes */
    uint64_t                   rooms;
    uint64_t                   failed;        /* writes */
    uint64_t                   loaded;        /* rooms */
} ngx_game_snapshot_info_t;


/* this worker is ready, but for adoption: loads what was left by others */
void ngx_game_snapshot_init(ngx_cycle_t *cycle);

/* a graceful exit begins.  If no other worker takes the rooms they are left,
 * and when all are saved the sessions are closed with 1012 */
void ngx_game_snapshot_exit(void);

/* 1 when that was done: there is nothing to wait for but sessions */
ngx_uint_t ngx_game_snapshot_ended(void);

/* a death handler, before all that are about sessions: what dies while this
 * worker does has ended, too */
void ngx_game_snapshot_lost(uint64_t epoch);

/* exit_process, before sessions and rooms end: the same at once */
void ngx_game_snapshot_done(void);

/* figures of all workers; NGX_DECLINED: it is off */
ngx_int_t ngx_game_snapshot_info(ngx_game_snapshot_info_t *info);


#endif /* _NGX_GAME_SNAPSHOT_H_INCLUDED_ */
