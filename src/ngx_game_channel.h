
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


#define NGX_GAME_CHANNEL_MAX  (64 * 1024 * 1024)


/* what all records have; the receiver trusts none of it but src */
typedef struct {
    uint16_t                   type;          /* ngx_game_sync.h */
    uint16_t                   flags;
    uint32_t                   arg;
    uint64_t                   room;
    uint64_t                   player;
    uint64_t                   src;           /* epoch of the sender, set by send */
} ngx_game_record_t;


typedef void (*ngx_game_channel_record_pt)(ngx_game_record_t *record,
    u_char *payload, size_t len);
typedef void (*ngx_game_channel_drain_pt)(uint64_t dst);


/* init_process, after attach.  record: is called for each record; payload is
 * valid during the call only.  drain: dst, that was blocked, is so no more */
ngx_int_t ngx_game_channel_init(ngx_cycle_t *cycle,
    ngx_game_channel_record_pt record, ngx_game_channel_drain_pt drain);
void ngx_game_channel_done(void);

/*
 * Sends to another live worker (never to itself).  The payload is the
 * concatenation of n parts and is copied.
 *   NGX_OK        sent or queued, in order
 *   NGX_AGAIN     queued, and the list is over its mark: stop feeding until
 *                 the drain handler is called
 *   NGX_DECLINED  that worker is dead: nothing was queued
 *   NGX_ERROR     the list is at its limit or no memory: nothing was queued
 */
ngx_int_t ngx_game_channel_send(uint64_t dst, ngx_game_record_t *record,
    const ngx_str_t *parts, ngx_uint_t n);

/* 1 while the list to dst is over its mark */
ngx_uint_t ngx_game_channel_blocked(uint64_t dst);

/* bytes that wait for dst in its ring and in the list */
size_t ngx_game_channel_depth(uint64_t dst);


#endif /* _NGX_GAME_CHANNEL_H_INCLUDED_ */
