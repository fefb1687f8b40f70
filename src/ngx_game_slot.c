
/*
 * Copyright (C) ngx_game authors
 *
 * Worker slots.  The kernel marks `life` when its holder dies, however that
 * happens, so that trylock tells a live worker (EBUSY) from a dead one
 * (EOWNERDEAD) without any regard to process ids.  Whoever gets EOWNERDEAD
 * makes the mutex consistent and either goes on as the new worker of the slot
 * or clears its epoch and frees it; if it is killed while it does so, the next
 * one gets EOWNERDEAD again and repeats it.
 *
 * The descriptors are made by the master, so that every later worker has them
 * under the same number.  They are known by a table of this process and not by
 * the zone, since the master closes them when no configuration uses the zone.
 */


#include "ngx_game.h"
#include "ngx_game_zone.h"
#include "ngx_game_slot.h"

#include <sys/eventfd.h>


#define NGX_GAME_SLOT_PASSES   3

/* how long the slot of a worker that died is left alone, ms */
#define NGX_GAME_SLOT_COOLING  2000


static ngx_int_t ngx_game_slot_make(ngx_game_slot_t *slot,
    pthread_mutexattr_t *attr, ngx_log_t *log);
static ngx_int_t ngx_game_slot_lock(ngx_game_slot_t *slot);
static ngx_uint_t ngx_game_slot_is_warm(ngx_game_slot_t *slot);
static void ngx_game_slot_bury(ngx_game_slot_t *slot);
static void ngx_game_slot_begin(ngx_game_slots_t *slots, ngx_uint_t i,
    uint64_t generation);


typedef struct {
    ngx_fd_t                   eventfd;
    ngx_fd_t                   mail[2];       /* to read from, to send by */
} ngx_game_slot_fds_t;


static ngx_game_slot_fds_t  ngx_game_slot_fds[NGX_GAME_MAX_SLOTS];
static ngx_uint_t           ngx_game_slot_nfds;


ngx_int_t
ngx_game_slot_create(ngx_game_slots_t *slots, ngx_uint_t n, ngx_log_t *log)
{
    int                  rc;
    ngx_int_t            ok;
    ngx_uint_t           i;
    pthread_mutexattr_t  attr;

    rc = pthread_mutexattr_init(&attr);
    if (rc != 0) {
        ngx_log_error(NGX_LOG_EMERG, log, rc,
                      "pthread_mutexattr_init() failed");
        return NGX_ERROR;
    }

    ok = NGX_OK;

    rc = pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);

    if (rc == 0) {
        rc = pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    }

    if (rc != 0) {
        ngx_log_error(NGX_LOG_EMERG, log, rc,
                      "no robust mutexes between processes");
        ok = NGX_ERROR;
    }

    for (i = 0; ok == NGX_OK && i < n; i++) {
        ok = ngx_game_slot_make(&slots->slots[i], &attr, log);

        if (ok == NGX_OK) {
            ngx_game_slot_fds[i].eventfd = slots->slots[i].eventfd;
            ngx_game_slot_fds[i].mail[0] = slots->slots[i].mail[0];
            ngx_game_slot_fds[i].mail[1] = slots->slots[i].mail[1];
            ngx_game_slot_nfds = i + 1;
        }
    }

    (void) pthread_mutexattr_destroy(&attr);

    if (ok != NGX_OK) {
        ngx_game_slot_close();
    }

    return ok;
}


static ngx_int_t
ngx_game_slot_make(ngx_game_slot_t *slot, pthread_mutexattr_t *attr,
    ngx_log_t *log)
{
    int  rc;

    rc = pthread_mutex_init(&slot->life, attr);
    if (rc != 0) {
        ngx_log_error(NGX_LOG_EMERG, log, rc, "pthread_mutex_init() failed");
        return NGX_ERROR;
    }

    slot->eventfd = eventfd(0, EFD_NONBLOCK|EFD_CLOEXEC);
    if (slot->eventfd == -1) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno, "eventfd() failed");
        return NGX_ERROR;
    }

    if (socketpair(AF_UNIX, SOCK_SEQPACKET|SOCK_NONBLOCK|SOCK_CLOEXEC, 0,
                   slot->mail)
        == -1)
    {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno, "socketpair() failed");
        (void) close(slot->eventfd);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_game_slot_adopt(ngx_game_slots_t *slots, ngx_uint_t n, ngx_log_t *log)
{
    ngx_uint_t            i;
    ngx_game_slot_t      *slot;
    ngx_game_slot_fds_t  *fds;

    for (i = 0; i < n; i++) {
        slot = &slots->slots[i];
        fds = &ngx_game_slot_fds[i];

        /* numbers of its own, since the other copy will close its ones */

        fds->eventfd = fcntl(slot->eventfd, F_DUPFD_CLOEXEC, 0);
        fds->mail[0] = fcntl(slot->mail[0], F_DUPFD_CLOEXEC, 0);
        fds->mail[1] = fcntl(slot->mail[1], F_DUPFD_CLOEXEC, 0);

        ngx_game_slot_nfds = i + 1;

        if (fds->eventfd == -1 || fds->mail[0] == -1 || fds->mail[1] == -1) {
            ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                          "fcntl(F_DUPFD_CLOEXEC) failed");
            ngx_game_slot_close();
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


void
ngx_game_slot_close(void)
{
    ngx_uint_t            i;
    ngx_game_slot_fds_t  *fds;

    for (i = 0; i < ngx_game_slot_nfds; i++) {
        fds = &ngx_game_slot_fds[i];

        (void) close(fds->eventfd);
        (void) close(fds->mail[0]);
        (void) close(fds->mail[1]);
    }

    ngx_game_slot_nfds = 0;
}


ngx_int_t
ngx_game_slot_claim(ngx_game_slots_t *slots, ngx_uint_t n,
    uint64_t generation)
{
    ngx_uint_t  i, pass;

    /* a prober holds a free slot for an instant: look more than once; at last
     * also at those that should be left alone */

    for (pass = 0; pass < NGX_GAME_SLOT_PASSES; pass++) {

        for (i = 0; i < n; i++) {

            if (ngx_game_slot_lock(&slots->slots[i]) != NGX_OK) {
                continue;
            }

            if (pass < NGX_GAME_SLOT_PASSES - 1
                && ngx_game_slot_is_warm(&slots->slots[i]))
            {
                (void) pthread_mutex_unlock(&slots->slots[i].life);
                continue;
            }

            ngx_game_slot_begin(slots, i, generation);
            return (ngx_int_t) i;
        }

        ngx_msleep(1);
    }

    return NGX_DECLINED;
}


/* NGX_OK: life is held now; NGX_BUSY: it is held by a live worker */

static ngx_int_t
ngx_game_slot_lock(ngx_game_slot_t *slot)
{
    int  rc;

    rc = pthread_mutex_trylock(&slot->life);

    if (rc == EOWNERDEAD) {
        rc = pthread_mutex_consistent(&slot->life);
    }

    return (rc == 0) ? NGX_OK : NGX_BUSY;
}


/*
 * Held by its life: whether a worker has died here a moment ago, so that some
 * may still have to look at what lies in the rings to it, and what it did.
 */

static ngx_uint_t
ngx_game_slot_is_warm(ngx_game_slot_t *slot)
{
    uint64_t  died;

    ngx_game_slot_bury(slot);

    died = ngx_game_zone_get(&slot->died);

    /* another process's clock, which may be ahead of this one's */

    return died != 0
           && (ngx_msec_int_t) (ngx_current_msec - died)
              < NGX_GAME_SLOT_COOLING;
}


/* held by its life: if its worker did not give it back it has died */

static void
ngx_game_slot_bury(ngx_game_slot_t *slot)
{
    if (ngx_game_zone_get(&slot->epoch) != 0) {
        ngx_game_zone_set(&slot->died, ngx_current_msec);
        atomic_store_explicit(&slot->epoch, 0, memory_order_release);
    }
}


static void
ngx_game_slot_begin(ngx_game_slots_t *slots, ngx_uint_t i, uint64_t generation)
{
    uint64_t           epoch;
    ngx_uint_t         k;
    ngx_game_slot_t   *slot;
    _Atomic uint64_t  *counter;

    slot = &slots->slots[i];

    /* the former worker's epoch goes before its data is overwritten */

    ngx_game_zone_set(&slot->epoch, 0);
    atomic_thread_fence(memory_order_seq_cst);

    counter = (_Atomic uint64_t *) &slot->counters;

    for (k = 0; k < sizeof(ngx_game_counters_t) / sizeof(*counter); k++) {
        ngx_game_zone_set(&counter[k], 0);
    }

    ngx_game_zone_set(&slot->pid, (uint32_t) ngx_pid);
    ngx_game_zone_set(&slot->generation, generation);
    ngx_game_zone_set(&slot->exiting, 0);
    ngx_game_zone_set(&slot->reserved, 0);
    ngx_game_zone_set(&slot->died, 0);
    ngx_memzero(&slot->doing, sizeof(ngx_game_doing_t));
    ngx_game_zone_set(&slot->beat, ngx_current_msec);

    epoch = atomic_fetch_add(&slots->epochs, 1) + 1;
    epoch = epoch << 8 | i;

    atomic_store_explicit(&slot->epoch, epoch, memory_order_release);
    atomic_fetch_add(&slots->changes, 1);
}


void
ngx_game_slot_release(ngx_game_slots_t *slots, ngx_uint_t i)
{
    ngx_game_slot_t  *slot;

    slot = &slots->slots[i];

    atomic_store_explicit(&slot->epoch, 0, memory_order_release);
    atomic_fetch_add(&slots->changes, 1);

    (void) pthread_mutex_unlock(&slot->life);
}


ngx_uint_t
ngx_game_slot_probe(ngx_game_slot_t *slot, uint64_t epoch)
{
    if (atomic_load_explicit(&slot->epoch, memory_order_acquire) != epoch) {
        return 0;
    }

    if (ngx_game_slot_lock(slot) != NGX_OK) {

        /* by its worker, or by one that is about to clear the epoch */

        return atomic_load_explicit(&slot->epoch, memory_order_acquire)
               == epoch;
    }

    ngx_game_slot_bury(slot);

    (void) pthread_mutex_unlock(&slot->life);

    return 0;
}


void
ngx_game_slot_wake(ngx_uint_t i)
{
    uint64_t  one;

    one = 1;

    if (i >= ngx_game_slot_nfds) {
        return;
    }

    /* EAGAIN: the counter is at its end, so that a wake-up is on its way */

    if (write(ngx_game_slot_fds[i].eventfd, &one, sizeof(uint64_t)) == -1
        && ngx_errno != NGX_EAGAIN)
    {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_errno,
                      "write() to eventfd of worker slot %ui failed", i);
    }
}


ngx_fd_t
ngx_game_slot_eventfd(ngx_uint_t i)
{
    return (i < ngx_game_slot_nfds) ? ngx_game_slot_fds[i].eventfd : -1;
}


ngx_fd_t
ngx_game_slot_mailbox(ngx_uint_t i)
{
    return (i < ngx_game_slot_nfds) ? ngx_game_slot_fds[i].mail[0] : -1;
}


ngx_fd_t
ngx_game_slot_mail(ngx_uint_t i)
{
    return (i < ngx_game_slot_nfds) ? ngx_game_slot_fds[i].mail[1] : -1;
}
