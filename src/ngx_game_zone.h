
/*
 * Copyright (C) ngx_game authors
 *
 * The zone: all shared memory of ngx_game, made once by the master and kept
 * over reloads.  This part owns its layout, the ids, and the worker slots.
 *
 * A worker is named by its epoch: a 64-bit number that never repeats within a
 * zone and whose low 8 bits are the number of its slot.  The worker holds its
 * slot's robust mutex for life, so that its death is seen by whoever tries it.
 */


#ifndef _NGX_GAME_ZONE_H_INCLUDED_
#define _NGX_GAME_ZONE_H_INCLUDED_


#include "ngx_game.h"


#define NGX_GAME_MAX_SLOTS      256
#define NGX_GAME_MIN_ZONE_SIZE  (8 * 1024 * 1024)

/* a word of the zone where nothing is ordered by it, or the lock orders it */
#define ngx_game_zone_get(p)     atomic_load_explicit(p, memory_order_relaxed)
#define ngx_game_zone_set(p, v)                                               \
    atomic_store_explicit(p, v, memory_order_relaxed)

#define ngx_game_slot_of(epoch)  ((ngx_uint_t) ((epoch) & 0xff))

/* the epoch of a worker that never was: what it owns waits for another one */
#define NGX_GAME_ZONE_NOBODY     0xff


/* a copy of what is known of one live worker */
typedef struct {
    ngx_uint_t                 slot;
    uint64_t                   epoch;
    ngx_pid_t                  pid;
    uint64_t                   generation;    /* counts configurations */
    ngx_uint_t                 exiting;
    ngx_msec_t                 beat;          /* once a second */
    ngx_msec_t                 reserved;      /* ngx_game_zone_reserve() */
    ngx_game_counters_t       *counters;      /* in the zone, read only */
} ngx_game_worker_info_t;


/* called in each live worker for each death (crash or exit) of a worker that
 * it has known, once, from the event loop */
typedef void (*ngx_game_zone_death_pt)(uint64_t epoch);


/* the game_zone directive's work: size in bytes, checked by the caller to be
 * at least NGX_GAME_MIN_ZONE_SIZE.  NULL: logged */
ngx_shm_zone_t *ngx_game_zone_add(ngx_conf_t *cf, size_t size);

/*
 * init_process: claims a slot and watches the others, before registry, limit
 * and channel are set up.  Sets epoch and counters of ngx_game_worker.
 *   NGX_OK
 *   NGX_DECLINED  all slots are taken, by workers that don't exit: epoch is 0
 *                 and the counters are those of nobody.  The worker has to
 *                 run, without games (503), and may attach again later; it
 *                 must not fail, or the master would start it again and again
 *   NGX_ERROR
 * exit_process: detach comes after ngx_game_channel_done().
 */
ngx_int_t ngx_game_zone_attach(ngx_cycle_t *cycle, ngx_shm_zone_t *zone);
void ngx_game_zone_detach(void);

/* at most 12 handlers, run in the order of registration; before attach */
void ngx_game_zone_on_death(ngx_game_zone_death_pt handler);

/* tells the others that this worker takes no new rooms any more */
void ngx_game_zone_set_exiting(void);

/* what the other workers do: NGX_OK: all that live are exiting and have no
 * rooms any more; NGX_AGAIN: some still have; NGX_DECLINED: some don't exit */
ngx_int_t ngx_game_zone_settled(void);

/* the number of this worker's configuration, and 1 if there is no newer one,
 * not even one that did not come into effect */
uint64_t ngx_game_zone_generation(void);
ngx_uint_t ngx_game_zone_newest(void);

/* the live workers: fills at most n, returns how many there are */
ngx_uint_t ngx_game_zone_workers(ngx_game_worker_info_t *info, ngx_uint_t n);

/* 1 if the worker of this epoch lives and is not known to be dead: its death
 * will be reported */
ngx_uint_t ngx_game_zone_alive(uint64_t epoch);

/* deaths that others have seen before are reported now, after what those
 * workers had sent */
void ngx_game_zone_look(void);

/* 1 if it lives and is not exiting */
ngx_uint_t ngx_game_zone_accepting(uint64_t epoch);

/* for so many ms no other worker is to reserve the one of this epoch: NGX_OK,
 * or NGX_BUSY: another has.  It ends by itself, whoever dies */
ngx_int_t ngx_game_zone_reserve(uint64_t epoch, ngx_msec_t ms);

/* what a worker that died did last; NGX_DECLINED: its slot is another's */
ngx_int_t ngx_game_zone_doing(uint64_t epoch, ngx_game_doing_t *doing);

/* where a new room of this worker goes: its own epoch, or that of another that
 * is less busy by a margin */
uint64_t ngx_game_zone_place_room(void);

/* a new id, unique over workers, reloads and servers; never 0 */
uint64_t ngx_game_zone_id(void);

/* id to text and back; parse returns 0 for anything but 13 valid characters.
 * dst needs NGX_GAME_ID_LEN bytes, nothing is terminated */
u_char *ngx_game_id_format(u_char *dst, uint64_t id);
uint64_t ngx_game_id_parse(u_char *text, size_t len);

/* for logs: one of four texts that are used in turn */
ngx_str_t *ngx_game_id_text(uint64_t id);

/* ngx_game_drain.c: whether the server drains, and the number of the drain of
 * which was told that it is done */
typedef struct {
    _Atomic uint64_t           state;
    _Atomic uint64_t           told;
} ngx_game_zone_drain_t;

/* the parts of the zone, for registry, limit and channel: fixed at creation,
 * all zero and aligned to pages then */
typedef struct {
    void                      *snapshot;      /* a page */
    u_char                    *registry;
    size_t                     registry_size;
    u_char                    *limits;
    size_t                     limits_size;
    u_char                    *store;
    size_t                     store_size;
    u_char                    *rings;
    size_t                     rings_size;
    ngx_game_zone_drain_t     *drain;
    ngx_uint_t                 slots;         /* how many there are */
    uint64_t                   secret[2];     /* for hashes of clients' keys */
} ngx_game_zone_parts_t;

ngx_game_zone_parts_t *ngx_game_zone_parts(void);

/* the lock of find-or-create in registry and limit: held for a bounded time,
 * never over Lua; the master frees it if its holder is killed */
void ngx_game_zone_lock(void);
void ngx_game_zone_unlock(void);

/* how much of the zone is used, in bytes, and how large it is.  The parts tell
 * what they use by a handler each, at most 4 */
void ngx_game_zone_usage(size_t *used, size_t *size);
void ngx_game_zone_on_usage(size_t (*handler)(void));


#endif /* _NGX_GAME_ZONE_H_INCLUDED_ */
