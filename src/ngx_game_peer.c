
/*
 * Copyright (C) ngx_game authors
 *
 * For each slot this worker remembers the epoch that it knows to be alive
 * there and the last one that it has reported dead.  It looks at a slot
 *   - when a slot was claimed or released (`changes`; the eventfd tells),
 *   - when the pidfd of its process becomes readable: the process is gone,
 *   - when a record of an unknown epoch arrives, or one is asked for, and
 *   - every second, which also covers what the others have missed, and
 *     kernels without pidfd_open().
 * An epoch only grows, so that no epoch is reported twice.
 *
 * A pidfd is opened by a number that may have been given to another process
 * meanwhile: the slot is probed after the opening, and one that is still held
 * by the same epoch has had that process id all the time.
 */


#include "ngx_game.h"
#include "ngx_game_slot.h"
#include "ngx_game_zone.h"
#include "ngx_game_peer.h"

#include <sys/syscall.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open        434
#endif


#define NGX_GAME_PEER_PERIOD  1000


typedef struct {
    uint64_t                 epoch;       /* known to be alive, 0: none */
    uint64_t                 dead;        /* the last that was reported */
    ngx_pid_t                pid;         /* 0: not looked at yet */
    ngx_connection_t        *watch;       /* on its pidfd, or NULL */
    uint64_t                 beat;        /* the last that was seen */
    ngx_uint_t               silent;      /* periods that it is the same */
} ngx_game_peer_t;


typedef struct {
    ngx_cycle_t             *cycle;
    ngx_game_slots_t        *slots;
    ngx_uint_t               n;
    ngx_uint_t               own;
    uint64_t                 changes;     /* at the last look at all */
    uint64_t                 dying;       /* its records are taken in now */
    ngx_game_peer_death_pt   death;
    ngx_game_peer_death_pt   drain;

    ngx_event_t              timer;
    ngx_connection_t         dummy;       /* for the timer's debug log */
    uint64_t                 cpu;         /* ns, at the last period */
    uint64_t                 clock;
    unsigned                 no_pidfd:1;

    ngx_game_peer_t          peers[NGX_GAME_MAX_SLOTS];
} ngx_game_peers_t;


static void ngx_game_peer_wake_all(void);
static void ngx_game_peer_look(ngx_uint_t i);
static void ngx_game_peer_note(ngx_uint_t i, uint64_t epoch);
static void ngx_game_peer_meet(ngx_uint_t i, uint64_t epoch);
static ngx_connection_t *ngx_game_peer_watch(ngx_uint_t i, ngx_pid_t pid);
static void ngx_game_peer_event(ngx_event_t *ev);
static void ngx_game_peer_bury(ngx_uint_t i);
static void ngx_game_peer_timer(ngx_event_t *ev);
static void ngx_game_peer_listen(ngx_uint_t i);
static void ngx_game_peer_measure(void);
static uint64_t ngx_game_peer_clock(clockid_t id);


static ngx_game_peers_t  ngx_game_peers;


void
ngx_game_peer_init(ngx_cycle_t *cycle, ngx_game_slots_t *slots, ngx_uint_t n,
    ngx_uint_t own, ngx_game_peer_death_pt handler)
{
    ngx_game_peers_t  *p;

    p = &ngx_game_peers;

    ngx_memzero(p->peers, sizeof(p->peers));

    p->cycle = cycle;
    p->slots = slots;
    p->n = n;
    p->own = own;
    p->death = handler;
    p->changes = 0;

    p->cpu = ngx_game_peer_clock(CLOCK_PROCESS_CPUTIME_ID);
    p->clock = ngx_game_peer_clock(CLOCK_MONOTONIC);

    p->dummy.fd = (ngx_socket_t) -1;

    ngx_memzero(&p->timer, sizeof(ngx_event_t));
    p->timer.handler = ngx_game_peer_timer;
    p->timer.data = &p->dummy;
    p->timer.log = cycle->log;
    p->timer.cancelable = 1;

    /*
     * the first look is in the first turn of the loop, since a death handler
     * can't be called before all parts of this worker are ready
     */

    ngx_add_timer(&p->timer, 0);

    ngx_game_peer_wake_all();
}


void
ngx_game_peer_done(void)
{
    ngx_uint_t         i;
    ngx_game_peers_t  *p;

    p = &ngx_game_peers;

    if (p->slots == NULL) {
        return;
    }

    if (p->timer.timer_set) {
        ngx_del_timer(&p->timer);
    }

    for (i = 0; i < p->n; i++) {

        if (p->peers[i].watch) {
            ngx_close_connection(p->peers[i].watch);
            p->peers[i].watch = NULL;
        }
    }

    ngx_game_peer_wake_all();

    p->slots = NULL;
    p->drain = NULL;
}


/* a claim or a release of this worker is to be seen by the others at once */

static void
ngx_game_peer_wake_all(void)
{
    ngx_uint_t  i;

    for (i = 0; i < ngx_game_peers.n; i++) {

        if (i != ngx_game_peers.own
            && ngx_game_zone_get(&ngx_game_peers.slots->slots[i].epoch))
        {
            ngx_game_slot_wake(i);
        }
    }
}


void
ngx_game_peer_on_drain(ngx_game_peer_death_pt handler)
{
    ngx_game_peers.drain = handler;
}


void
ngx_game_peer_refresh(void)
{
    uint64_t           changes;
    ngx_game_peers_t  *p;

    p = &ngx_game_peers;

    if (p->slots == NULL) {
        return;
    }

    /* read before the slots: a later change is seen by a later look */

    changes = atomic_load(&p->slots->changes);

    if (changes == p->changes) {
        return;
    }

    p->changes = changes;

    ngx_game_peer_look_all();
}


void
ngx_game_peer_look_all(void)
{
    ngx_uint_t  i;

    for (i = 0; i < ngx_game_peers.n && ngx_game_peers.slots; i++) {
        ngx_game_peer_look(i);
    }
}


/* brings what is known of a slot up to date */

static void
ngx_game_peer_look(ngx_uint_t i)
{
    uint64_t          epoch;
    ngx_game_peer_t  *peer;

    if (i == ngx_game_peers.own) {
        return;
    }

    peer = &ngx_game_peers.peers[i];

    epoch = atomic_load_explicit(&ngx_game_peers.slots->slots[i].epoch,
                                 memory_order_acquire);

    if (peer->epoch != 0 && peer->epoch != epoch) {
        ngx_game_peer_bury(i);
    }

    if (epoch > peer->dead && (epoch != peer->epoch || peer->pid == 0)) {
        ngx_game_peer_meet(i, epoch);
    }
}


/* known to be alive: it is watched, or reported dead, after the next look at
 * all slots */

static void
ngx_game_peer_note(ngx_uint_t i, uint64_t epoch)
{
    ngx_game_peers.peers[i].epoch = epoch;
    ngx_game_peers.peers[i].pid = 0;

    ngx_game_peers.changes = 0;
}


static void
ngx_game_peer_meet(ngx_uint_t i, uint64_t epoch)
{
    ngx_game_peer_t  *peer;
    ngx_game_slot_t  *slot;

    peer = &ngx_game_peers.peers[i];
    slot = &ngx_game_peers.slots->slots[i];

    peer->epoch = epoch;
    peer->silent = 0;
    peer->pid = (ngx_pid_t) ngx_game_zone_get(&slot->pid);
    peer->watch = ngx_game_peer_watch(i, peer->pid);

    if (!ngx_game_slot_probe(slot, epoch)) {
        ngx_game_peer_bury(i);
    }
}


static ngx_connection_t *
ngx_game_peer_watch(ngx_uint_t i, ngx_pid_t pid)
{
    int                fd;
    ngx_err_t          err;
    ngx_log_t         *log;
    ngx_connection_t  *c;

    if (ngx_game_peers.no_pidfd) {
        return NULL;
    }

    log = ngx_game_peers.cycle->log;

    fd = (int) syscall(SYS_pidfd_open, pid, 0);

    if (fd == -1) {
        err = ngx_errno;

        if (err != ESRCH) {
            ngx_game_peers.no_pidfd = (err == ENOSYS || err == EPERM);
            ngx_log_error(NGX_LOG_WARN, log, err,
                          "pidfd_open() failed, the death of a worker will "
                          "be seen up to %d ms later", NGX_GAME_PEER_PERIOD);
        }

        return NULL;
    }

    /* as ngx_add_channel_event(), that does not return the connection */

    c = ngx_get_connection(fd, log);
    if (c == NULL) {
        (void) close(fd);
        return NULL;
    }

    c->log = log;
    c->read->log = log;
    c->write->log = log;
    c->read->channel = 1;
    c->write->channel = 1;
    c->read->handler = ngx_game_peer_event;
    c->data = (void *) (uintptr_t) i;

    if (ngx_add_event(c->read, NGX_READ_EVENT, 0) == NGX_ERROR) {
        ngx_close_connection(c);
        return NULL;
    }

    return c;
}


/* the process of a pidfd is gone */

static void
ngx_game_peer_event(ngx_event_t *ev)
{
    ngx_uint_t         i;
    ngx_connection_t  *c;

    c = ev->data;
    i = (ngx_uint_t) (uintptr_t) c->data;

    ngx_game_peer_bury(i);
    ngx_game_peer_look(i);
}


/* reports the known epoch of a slot dead */

static void
ngx_game_peer_bury(ngx_uint_t i)
{
    uint64_t          epoch, dying;
    ngx_game_peer_t  *peer;

    peer = &ngx_game_peers.peers[i];
    epoch = peer->epoch;

    if (peer->watch) {
        ngx_close_connection(peer->watch);
        peer->watch = NULL;
    }

    peer->epoch = 0;
    peer->dead = epoch;

    /* frees the slot, if nobody did yet */

    (void) ngx_game_slot_probe(&ngx_game_peers.slots->slots[i], epoch);

    ngx_log_error(NGX_LOG_NOTICE, ngx_game_peers.cycle->log, 0,
                  "worker %P in slot %ui is gone", peer->pid, i);

    if (ngx_game_peers.drain) {
        dying = ngx_game_peers.dying;

        ngx_game_peers.dying = epoch;
        ngx_game_peers.drain(epoch);
        ngx_game_peers.dying = dying;
    }

    ngx_game_peers.death(epoch);
}


ngx_uint_t
ngx_game_peer_seen(uint64_t epoch)
{
    ngx_uint_t        i;
    ngx_game_peer_t  *peer;

    i = ngx_game_slot_of(epoch);

    if (ngx_game_peers.slots == NULL
        || i >= ngx_game_peers.n
        || i == ngx_game_peers.own
        || epoch >> 8 > atomic_load(&ngx_game_peers.slots->epochs))
    {
        return 0;
    }

    peer = &ngx_game_peers.peers[i];

    if (epoch == peer->epoch || epoch == ngx_game_peers.dying) {
        return 1;
    }

    if (epoch < peer->epoch || epoch <= peer->dead) {
        return 0;
    }

    if (peer->epoch) {
        ngx_game_peer_bury(i);
    }

    ngx_game_peer_note(i, epoch);

    return 1;
}


ngx_uint_t
ngx_game_peer_alive(uint64_t epoch)
{
    ngx_uint_t        i;
    ngx_game_peer_t  *peer;

    i = ngx_game_slot_of(epoch);

    if (epoch == 0 || ngx_game_peers.slots == NULL || i >= ngx_game_peers.n) {
        return 0;
    }

    peer = &ngx_game_peers.peers[i];

    if (peer->dead >= epoch
        || atomic_load_explicit(&ngx_game_peers.slots->slots[i].epoch,
                                memory_order_acquire)
           != epoch)
    {
        return 0;
    }

    /* who is told so may wait for it, and has to hear of its death */

    if (peer->epoch == 0 && i != ngx_game_peers.own) {
        ngx_game_peer_note(i, epoch);
    }

    return 1;
}


static void
ngx_game_peer_timer(ngx_event_t *ev)
{
    ngx_uint_t         i;
    ngx_game_slot_t   *slot;
    ngx_game_peers_t  *p;

    p = &ngx_game_peers;

    ngx_game_peer_measure();

    for (i = 0; i < p->n; i++) {

        if (i == p->own) {
            continue;
        }

        /* a dead worker's epoch is cleared here, and seen at the look */

        slot = &p->slots->slots[i];

        if (p->peers[i].epoch) {
            (void) ngx_game_slot_probe(slot, p->peers[i].epoch);
        }

        ngx_game_peer_look(i);
        ngx_game_peer_listen(i);
    }

    ngx_add_timer(ev, NGX_GAME_PEER_PERIOD);
}


/*
 * A worker whose heart does not beat for game_worker_timeout is killed: its
 * rooms go on elsewhere when its death is seen.  It is counted in periods of
 * this worker's own, so that nobody is killed for what stopped them all.
 */

static void
ngx_game_peer_listen(ngx_uint_t i)
{
    uint64_t          beat;
    ngx_msec_t        timeout;
    ngx_game_peer_t  *peer;

    peer = &ngx_game_peers.peers[i];
    timeout = ngx_game_worker.conf->worker_timeout;

    if (peer->epoch == 0 || peer->pid == 0 || timeout == 0) {
        return;
    }

    beat = ngx_game_zone_get(&ngx_game_peers.slots->slots[i].beat);

    if (beat != peer->beat) {
        peer->beat = beat;
        peer->silent = 0;
        return;
    }

    if (++peer->silent * NGX_GAME_PEER_PERIOD < timeout) {
        return;
    }

    peer->silent = 0;

    ngx_log_error(NGX_LOG_ERR, ngx_game_peers.cycle->log, 0,
                  "worker %P in slot %ui does not answer for %M ms, it is "
                  "killed (game_worker_timeout)", peer->pid, i, timeout);

    if (kill(peer->pid, SIGKILL) == -1) {
        ngx_log_error(NGX_LOG_ALERT, ngx_game_peers.cycle->log, ngx_errno,
                      "kill(%P, SIGKILL) failed", peer->pid);
    }
}


/* heartbeat, and this process's share of a core since the last time */

static void
ngx_game_peer_measure(void)
{
    uint64_t          cpu, clock, busy;
    ngx_game_slot_t  *slot;

    slot = &ngx_game_peers.slots->slots[ngx_game_peers.own];

    ngx_game_zone_set(&slot->beat, ngx_current_msec);

    cpu = ngx_game_peer_clock(CLOCK_PROCESS_CPUTIME_ID);
    clock = ngx_game_peer_clock(CLOCK_MONOTONIC);

    if (clock < ngx_game_peers.clock + NGX_GAME_PEER_PERIOD / 2 * 1000000ULL
        || cpu < ngx_game_peers.cpu)
    {
        return;
    }

    busy = (cpu - ngx_game_peers.cpu) * 1000000
           / (clock - ngx_game_peers.clock);

    ngx_game_peers.cpu = cpu;
    ngx_game_peers.clock = clock;

    ngx_game_zone_set(&slot->counters.busy_ppm, ngx_min(busy, 1000000));
}


static uint64_t
ngx_game_peer_clock(clockid_t id)
{
    struct timespec  ts;

    if (clock_gettime(id, &ts) == -1) {
        return 0;
    }

    return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
}
