
/*
 * Copyright (C) ngx_game authors
 *
 * A slot: the place of one worker process in the zone.  It is held by the
 * robust mutex `life`, from claim to release or death.  No event, no log of
 * its own: what one process knows of the others is in ngx_game_peer.h.
 */


#ifndef _NGX_GAME_SLOT_H_INCLUDED_
#define _NGX_GAME_SLOT_H_INCLUDED_


#include "ngx_game.h"

#include <pthread.h>


/*
 * epoch is stored last at a claim and cleared first at the end: who reads the
 * same epoch before and after reads the fields of that worker.  All but life,
 * eventfd and reserved are written by the holder of life only.
 */
struct ngx_game_slot_s {
    _Alignas(64) _Atomic uint64_t  epoch;        /* 0: nobody's */
    _Atomic uint64_t               generation;
    _Atomic uint64_t               beat;         /* ms, monotonic clock */
    _Atomic uint32_t               pid;
    _Atomic uint32_t               exiting;
    _Atomic uint64_t               reserved;     /* ms: until then it is given
                                                  * rooms by one worker only;
                                                  * written by any */
    int32_t                        eventfd;      /* in the master */
    int32_t                        mail[2];      /* the same: a socket pair */
    _Atomic uint64_t               died;         /* when its last worker did,
                                                  * ms, 0: it exited */
    pthread_mutex_t                life;
    ngx_game_doing_t               doing;        /* at its end, if it died */
    _Alignas(64) ngx_game_counters_t  counters;
};


/* the slots' part of the zone; all-zero before create */
typedef struct {
    _Atomic uint64_t               epochs;       /* counter, see claim */
    _Atomic uint64_t               changes;      /* claims and releases */
    ngx_game_slot_t                slots[];
} ngx_game_slots_t;


#define ngx_game_slots_size(n)                                                \
    (sizeof(ngx_game_slots_t) + (n) * sizeof(ngx_game_slot_t))


/* in the master: makes mutexes and eventfds in fresh memory; takes over those
 * that another copy of the module made; closes this process's eventfds */
ngx_int_t ngx_game_slot_create(ngx_game_slots_t *slots, ngx_uint_t n,
    ngx_log_t *log);
ngx_int_t ngx_game_slot_adopt(ngx_game_slots_t *slots, ngx_uint_t n,
    ngx_log_t *log);
void ngx_game_slot_close(void);

/* claims the first free slot for this process: its number, or NGX_DECLINED:
 * all are taken.  All counters are zero then */
ngx_int_t ngx_game_slot_claim(ngx_game_slots_t *slots, ngx_uint_t n,
    uint64_t generation);
void ngx_game_slot_release(ngx_game_slots_t *slots, ngx_uint_t i);

/* 1 if the worker of this epoch holds the slot.  A dead one is buried: its
 * epoch is cleared and the slot is free */
ngx_uint_t ngx_game_slot_probe(ngx_game_slot_t *slot, uint64_t epoch);

/* wakes the worker in slot number i, and the descriptor that is woken */
void ngx_game_slot_wake(ngx_uint_t i);
ngx_fd_t ngx_game_slot_eventfd(ngx_uint_t i);

/* a pair of datagram sockets for descriptors (ngx_game_mail.h): the one that
 * the worker in slot number i reads from, the one that all others send by */
ngx_fd_t ngx_game_slot_mailbox(ngx_uint_t i);
ngx_fd_t ngx_game_slot_mail(ngx_uint_t i);


#endif /* _NGX_GAME_SLOT_H_INCLUDED_ */
