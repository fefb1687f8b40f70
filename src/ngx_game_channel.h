
/*
 * Copyright (C) ngx_game authors
 *
 * The channel: ordered records from worker to worker, over one SPSC ring per
 * pair and an eventfd that is written at most once per turn of the loop.  A
 * full ring spills into a list of its sender; a record of any length up to
 * NGX_GAME_CHANNEL_MAX arrives whole.
 */


#ifndef _NGX_GAME_CHANNEL_H_INCLUDED_
#define _NGX_GAME_CHANNEL_H_INCLUDED_


#include "ngx_game.h"


/* the longest payload; the parts it may consist of */
#define NGX_GAME_CHANNEL_MAX    (64 * 1024 * 1024)
#define NGX_GAME_CHANNEL_PARTS  16

/*
 * Of a list that waits for one destination, bytes with what each record costs:
 * over the mark its feeders are to stop; over the limit nothing more is taken
 * but what is told, so that it exceeds the limit by one record and those.
 */
#define NGX_GAME_CHANNEL_MARK   (256 * 1024)
#define NGX_GAME_CHANNEL_LIMIT  (64 * 1024 * 1024)

/* how long, ms, a gracefully exiting worker waits for its lists to empty */
#define NGX_GAME_CHANNEL_LINGER 5000


/* what all records have; the receiver trusts none of it but src */
typedef struct {
    uint16_t                   type;          /* ngx_game_sync.h */
    uint16_t                   flags;
    uint32_t                   arg;
    uint64_t                   room;
    uint64_t                   player;
    uint64_t                   src;           /* its sender, set by send */
} ngx_game_record_t;


typedef void (*ngx_game_channel_record_pt)(ngx_game_record_t *record,
    u_char *payload, size_t len);
typedef void (*ngx_game_channel_drain_pt)(uint64_t dst);


/* init_process, after attach.  record: is called for each record; payload is
 * valid during the call only and not aligned.  All records of a worker that
 * died come before its death is reported.  drain: dst, that was blocked, is so
 * no more; not called for a dead one.  lost: a record of this worker's that
 * dst has died without taking in; all of them, in order, come before its death
 * is reported */
ngx_int_t ngx_game_channel_init(ngx_cycle_t *cycle,
    ngx_game_channel_record_pt record, ngx_game_channel_drain_pt drain,
    ngx_game_channel_record_pt lost);

/* exit_process, before ngx_game_zone_detach() */
void ngx_game_channel_done(void);

/* one handler: called once, when this worker begins a graceful exit.  It has
 * to act at once or to hold a timer, since nginx may exit right after it.  Not
 * called without a master process */
void ngx_game_channel_on_exit(void (*handler)(void));

/*
 * Sends to another live worker (never to itself).  The payload is the
 * concatenation of n parts, at most NGX_GAME_CHANNEL_PARTS, and is copied.
 * No handler is called from within.
 *   NGX_OK        sent or queued, in order
 *   NGX_AGAIN     queued, and the list is over its mark: stop feeding until
 *                 the drain handler is called
 *   NGX_DECLINED  that worker is dead: nothing was queued
 *   NGX_ERROR     the list is at its limit, the payload is too long, or there
 *                 is no memory or no ring: nothing was queued
 */
ngx_int_t ngx_game_channel_send(uint64_t dst, ngx_game_record_t *record,
    const ngx_str_t *parts, ngx_uint_t n);

/* the same for what must arrive while that worker lives, like the end of a
 * session: the limit does not count, so it is for records that are as few as
 * sessions and joins, and short */
ngx_int_t ngx_game_channel_tell(uint64_t dst, ngx_game_record_t *record,
    const ngx_str_t *parts, ngx_uint_t n);

/*
 * What is in a ring outlives this worker, what waits in the list does not.
 * waits: 0: a record that was just sent to dst is in the ring; else it is the
 * number of one that waits.  How many have come to the ring is told in memory
 * that is given once, by slot.
 */
typedef struct {
    _Atomic uint64_t           dst;           /* 0: none */
    _Atomic uint64_t           count;
} ngx_game_channel_fed_t;

uint64_t ngx_game_channel_waits(uint64_t dst);
void ngx_game_channel_tell_fed(ngx_game_channel_fed_t *fed);

/* bytes that wait for dst in its ring and in the list */
size_t ngx_game_channel_depth(uint64_t dst);


#endif /* _NGX_GAME_CHANNEL_H_INCLUDED_ */
