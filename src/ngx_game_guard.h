
/*
 * Copyright (C) ngx_game authors
 *
 * Guards: a plain session outlives its worker.  Another worker, the guard,
 * holds a duplicate of its descriptor, so that the connection stays when the
 * worker is killed, and an image of the session from when it was quiet.
 *
 * What has changed since then is in a record that both have mapped: how much
 * was read of which nothing is left in the worker's memory, and where the next
 * write begins and ends.  The kernel knows what really was read and written.
 * If both fit, the session goes on in the guard: see ngx_game_ward.h.  What a
 * session tells of itself is in ngx_game_transport.h.
 */


#ifndef _NGX_GAME_GUARD_H_INCLUDED_
#define _NGX_GAME_GUARD_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_channel.h"
#include "ngx_game_zone.h"


/*
 * Written by the session's worker alone.  One half of `out` is where the last
 * write ended, the other where the next one will, with the messages that the
 * player has got then: both are told before the write.
 */
typedef struct {
    _Alignas(64) _Atomic uint64_t  player;    /* 0: there is none */
    _Atomic uint64_t               owner;     /* to whom `listed` waits */
    _Atomic uint64_t               listed;    /* the last of that, 0: none,
                                               * ngx_game_channel.h */
    _Atomic uint64_t               in;        /* as cold->bytes_in */
    _Atomic uint64_t               out[2];    /* as cold->bytes_out */
    _Atomic uint64_t               got[2];
} ngx_game_guard_record_t;

_Static_assert(sizeof(ngx_game_guard_record_t) == 64, "a cache line");


/* what both have mapped */
typedef struct {
    ngx_game_channel_fed_t         fed[NGX_GAME_MAX_SLOTS];
    ngx_game_guard_record_t        records[];
} ngx_game_guard_memory_t;


/* what comes with a descriptor, before the image */
typedef struct {
    uint64_t                       room;
    uint64_t                       index;     /* of the record */
    uint64_t                       in;        /* the kernel's counts, less */
    uint64_t                       out;       /* those of the record */
} ngx_game_guard_letter_t;


/* init_process, after ngx_game_pass_init(); exit_process */
void ngx_game_guard_init(ngx_cycle_t *cycle);
void ngx_game_guard_done(void);

/* whether this worker may have a guard */
ngx_uint_t ngx_game_guard_wanted(void);

/* how many bytes were read and written of a connection, ever; NGX_DECLINED: it
 * is not whole, or the system does not tell */
ngx_int_t ngx_game_guard_position(ngx_fd_t fd, uint64_t *in, uint64_t *out);

/* a death handler */
void ngx_game_guard_lost(uint64_t epoch);


#endif /* _NGX_GAME_GUARD_H_INCLUDED_ */
