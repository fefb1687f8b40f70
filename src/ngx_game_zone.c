
/*
 * Copyright (C) ngx_game authors
 *
 * The zone as the others see it: attaching to a slot, the workers, ids, the
 * lock.  Its memory is made by ngx_game_layout.c, its slots are kept by
 * ngx_game_slot.c, and what happens to the other workers is seen by
 * ngx_game_peer.c.
 */


#include "ngx_game.h"
#include "ngx_game_slot.h"
#include "ngx_game_peer.h"
#include "ngx_game_zone.h"
#include "ngx_game_layout.h"


#define NGX_GAME_ZONE_MARGIN  250000       /* ppm of a core */
#define NGX_GAME_ZONE_DEATHS  12
#define NGX_GAME_ZONE_USAGES  4

/* looks at the lock before the first sleep */
#define NGX_GAME_ZONE_YIELDS  1000


typedef struct {
    ngx_uint_t                 own;           /* slot of this worker */
    unsigned                   attached:1;
    unsigned                   told:1;        /* that there was no slot */

    ngx_game_zone_death_pt     deaths[NGX_GAME_ZONE_DEATHS];
    ngx_uint_t                 ndeaths;
    size_t                   (*usages[NGX_GAME_ZONE_USAGES])(void);
    ngx_uint_t                 nusages;
} ngx_game_zone_t;


static void ngx_game_zone_death(uint64_t epoch);
static ngx_uint_t ngx_game_zone_worker(ngx_uint_t i,
    ngx_game_worker_info_t *info);
static void ngx_game_zone_beat(void);
static void ngx_game_zone_break(ngx_pid_t pid);


static ngx_game_zone_t      ngx_game_zone;

/* what a worker without a slot counts, so that nobody has to ask */
static ngx_game_counters_t  ngx_game_zone_no_counters;
static ngx_game_doing_t     ngx_game_zone_no_doing;


ngx_shm_zone_t *
ngx_game_zone_add(ngx_conf_t *cf, size_t size)
{
    ngx_str_t        name;
    ngx_shm_zone_t  *zone;

    ngx_str_set(&name, "ngx_game");

    /*
     * The tag is an address of nginx itself, not of this module: it stays the
     * same if another copy of the module is loaded at a reload, and that one
     * then finds the zone and checks its layout.
     */

    zone = ngx_shared_memory_add(cf, &name, size, &ngx_core_module);
    if (zone == NULL) {
        return NULL;
    }

    if (ngx_game_layout_prepare(cf, zone) != NGX_OK) {
        return NULL;
    }

    return zone;
}


ngx_int_t
ngx_game_zone_attach(ngx_cycle_t *cycle, ngx_shm_zone_t *zone)
{
    ngx_int_t               i;
    ngx_game_layout_ctx_t  *ctx;

    if (ngx_game_layout.shpool == NULL || ngx_game_zone.attached) {
        return NGX_ERROR;
    }

    ngx_game_worker.epoch = 0;
    ngx_game_worker.counters = &ngx_game_zone_no_counters;
    ngx_game_worker.doing = &ngx_game_zone_no_doing;

    if (ngx_process == NGX_PROCESS_HELPER) {

        /* cache manager and loader run init_process as well */

        return NGX_DECLINED;
    }

    ctx = zone->data;

    i = ngx_game_slot_claim(ngx_game_layout.slots, ngx_game_layout.parts.slots,
                            ctx->generation);

    if (i == NGX_DECLINED) {

        if (!ngx_game_zone.told) {
            ngx_game_zone.told = 1;
            ngx_log_error(NGX_LOG_ERR, cycle->log, 0,
                          "all %ui worker slots of \"game_zone\" are taken "
                          "by old workers that don't exit, this worker has "
                          "no games: \"worker_shutdown_timeout\" ends them",
                          ngx_game_layout.parts.slots);
        }

        return NGX_DECLINED;
    }

    ngx_game_zone.own = (ngx_uint_t) i;
    ngx_game_zone.attached = 1;

    ngx_game_worker.epoch =
                     atomic_load(&ngx_game_layout.slots->slots[i].epoch);
    ngx_game_worker.counters = &ngx_game_layout.slots->slots[i].counters;
    ngx_game_worker.doing = &ngx_game_layout.slots->slots[i].doing;

    ngx_game_peer_init(cycle, ngx_game_layout.slots,
                       ngx_game_layout.parts.slots, ngx_game_zone.own,
                       ngx_game_zone_death);

    return NGX_OK;
}


void
ngx_game_zone_detach(void)
{
    if (!ngx_game_zone.attached) {
        return;
    }

    ngx_game_zone.attached = 0;

    /* the slot may be another's from now on */

    ngx_game_worker.epoch = 0;
    ngx_game_worker.counters = &ngx_game_zone_no_counters;
    ngx_game_worker.doing = &ngx_game_zone_no_doing;

    ngx_game_slot_release(ngx_game_layout.slots, ngx_game_zone.own);

    /* last: it wakes the others to see that */

    ngx_game_peer_done();
}


void
ngx_game_zone_on_death(ngx_game_zone_death_pt handler)
{
    if (ngx_game_zone.ndeaths == NGX_GAME_ZONE_DEATHS) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "too many handlers of worker deaths");
        return;
    }

    ngx_game_zone.deaths[ngx_game_zone.ndeaths++] = handler;
}


static void
ngx_game_zone_death(uint64_t epoch)
{
    ngx_uint_t  i;

    for (i = 0; i < ngx_game_zone.ndeaths; i++) {
        ngx_game_zone.deaths[i](epoch);
    }
}


void
ngx_game_zone_set_exiting(void)
{
    if (ngx_game_zone.attached) {
        atomic_store(&ngx_game_layout.slots->slots[ngx_game_zone.own].exiting,
                     1);
    }
}


ngx_int_t
ngx_game_zone_settled(void)
{
    uint64_t          epoch;
    ngx_int_t         rc;
    ngx_uint_t        i;
    ngx_game_slot_t  *slot;

    rc = NGX_OK;

    for (i = 0; i < ngx_game_layout.parts.slots; i++) {
        slot = &ngx_game_layout.slots->slots[i];
        epoch = atomic_load(&slot->epoch);

        if (epoch == 0
            || i == ngx_game_zone.own
            || !ngx_game_slot_probe(slot, epoch))
        {
            continue;
        }

        if (!atomic_load(&slot->exiting)) {
            return NGX_DECLINED;
        }

        if (atomic_load(&slot->counters.rooms) != 0) {
            rc = NGX_AGAIN;
        }
    }

    return rc;
}


ngx_int_t
ngx_game_zone_doing(uint64_t epoch, ngx_game_doing_t *doing)
{
    ngx_uint_t        i;
    ngx_game_slot_t  *slot;

    i = ngx_game_slot_of(epoch);

    if (i >= ngx_game_layout.parts.slots) {
        return NGX_DECLINED;
    }

    slot = &ngx_game_layout.slots->slots[i];

    if (ngx_game_zone_get(&slot->epoch) != 0) {
        return NGX_DECLINED;
    }

    *doing = slot->doing;
    doing->len = ngx_min(doing->len, NGX_GAME_DOING_MESSAGE);

    return NGX_OK;
}


uint64_t
ngx_game_zone_generation(void)
{
    ngx_game_slot_t  *slot;

    slot = &ngx_game_layout.slots->slots[ngx_game_zone.own];

    return ngx_game_zone_get(&slot->generation);
}


ngx_uint_t
ngx_game_zone_newest(void)
{
    return ngx_game_zone_get(&ngx_game_layout.header->generations)
           == ngx_game_zone_generation();
}


ngx_uint_t
ngx_game_zone_workers(ngx_game_worker_info_t *info, ngx_uint_t n)
{
    ngx_uint_t              i, count;
    ngx_game_worker_info_t  one;

    count = 0;

    for (i = 0; i < ngx_game_layout.parts.slots; i++) {

        if (!ngx_game_zone_worker(i, &one)) {
            continue;
        }

        if (count < n) {
            info[count] = one;
        }

        count++;
    }

    return count;
}


/* a consistent copy of one slot; 0: nobody lives there */

static ngx_uint_t
ngx_game_zone_worker(ngx_uint_t i, ngx_game_worker_info_t *info)
{
    ngx_game_slot_t  *slot;

    if (!ngx_game_zone.attached) {
        return 0;
    }

    slot = &ngx_game_layout.slots->slots[i];

    info->slot = i;
    info->epoch = atomic_load_explicit(&slot->epoch, memory_order_acquire);
    info->pid = (ngx_pid_t) ngx_game_zone_get(&slot->pid);
    info->generation = ngx_game_zone_get(&slot->generation);
    info->exiting = ngx_game_zone_get(&slot->exiting);
    info->beat = ngx_game_zone_get(&slot->beat);
    info->reserved = ngx_game_zone_get(&slot->reserved);
    info->counters = &slot->counters;

    atomic_thread_fence(memory_order_acquire);

    return ngx_game_peer_alive(info->epoch);
}


ngx_uint_t
ngx_game_zone_alive(uint64_t epoch)
{
    return ngx_game_peer_alive(epoch);
}


void
ngx_game_zone_look(void)
{
    ngx_game_peer_look_all();
}


ngx_uint_t
ngx_game_zone_accepting(uint64_t epoch)
{
    ngx_uint_t  i;

    i = ngx_game_slot_of(epoch);

    return ngx_game_peer_alive(epoch)
           && !ngx_game_zone_get(&ngx_game_layout.slots->slots[i].exiting);
}


ngx_int_t
ngx_game_zone_reserve(uint64_t epoch, ngx_msec_t ms)
{
    uint64_t           until;
    _Atomic uint64_t  *reserved;

    reserved = &ngx_game_layout.slots->slots[ngx_game_slot_of(epoch)].reserved;

    until = ngx_game_zone_get(reserved);

    if (until > ngx_current_msec
        || !atomic_compare_exchange_strong(reserved, &until,
                                           ngx_current_msec + ms))
    {
        return NGX_BUSY;
    }

    return NGX_OK;
}


uint64_t
ngx_game_zone_place_room(void)
{
    uint64_t                busy, best_busy, best_generation, own_busy, best;
    ngx_uint_t              i;
    ngx_game_worker_info_t  info;

    best = 0;
    best_busy = 0;
    best_generation = 0;

    for (i = 0; i < ngx_game_layout.parts.slots; i++) {

        if (!ngx_game_zone_worker(i, &info)
            || info.exiting
            || info.generation < best_generation)
        {
            continue;
        }

        busy = ngx_game_zone_get(&info.counters->busy_ppm);

        if (best == 0
            || info.generation > best_generation
            || busy < best_busy)
        {
            best = info.epoch;
            best_busy = busy;
            best_generation = info.generation;
        }
    }

    if (best == 0 || !ngx_game_zone_accepting(ngx_game_worker.epoch)) {
        return (best == 0) ? ngx_game_worker.epoch : best;
    }

    own_busy = ngx_game_zone_get(&ngx_game_worker.counters->busy_ppm);

    return (own_busy > best_busy + NGX_GAME_ZONE_MARGIN)
           ? best : ngx_game_worker.epoch;
}


uint64_t
ngx_game_zone_id(void)
{
    uint64_t  n;

    /*
     * seconds << 22 at the zone's creation, counted on from there: with less
     * than 4 million ids a second on average, a zone that is made later starts
     * above all of these
     */

    n = atomic_fetch_add_explicit(&ngx_game_layout.header->ids, 1,
                                  memory_order_relaxed) + 1;

    return ngx_game_layout.header->node << NGX_GAME_LAYOUT_ID_BITS
           | (n & (((uint64_t) 1 << NGX_GAME_LAYOUT_ID_BITS) - 1));
}


ngx_game_zone_parts_t *
ngx_game_zone_parts(void)
{
    return &ngx_game_layout.parts;
}


/*
 * What is done under the lock takes microseconds.  Who still has it after
 * game_worker_timeout hangs, or was stopped there, and all others with it: it
 * is killed, and the master frees the lock.  The heart of who waits beats on.
 */

void
ngx_game_zone_lock(void)
{
    ngx_uint_t    i;
    ngx_msec_t    waited, timeout;
    ngx_shmtx_t  *mutex;

    mutex = &ngx_game_layout.shpool->mutex;

    for (i = 0; i < NGX_GAME_ZONE_YIELDS; i++) {

        if (ngx_shmtx_trylock(mutex)) {
            return;
        }

        ngx_sched_yield();
    }

    timeout = ngx_game_worker.conf ? ngx_game_worker.conf->worker_timeout : 0;

    for (waited = 1; !ngx_shmtx_trylock(mutex); waited++) {
        ngx_msleep(1);
        ngx_game_zone_beat();

        if (timeout && waited % timeout == 0) {
            ngx_game_zone_break((ngx_pid_t) *mutex->lock);
        }
    }
}


static void
ngx_game_zone_beat(void)
{
    ngx_uint_t  i;

    ngx_time_update();

    if (ngx_game_worker.epoch) {
        i = ngx_game_slot_of(ngx_game_worker.epoch);

        ngx_game_zone_set(&ngx_game_layout.slots->slots[i].beat,
                          ngx_current_msec);
    }
}


/* never the master, which would be missed, nor what is no process */

static void
ngx_game_zone_break(ngx_pid_t pid)
{
    if (pid <= 1 || pid == ngx_pid || pid == ngx_parent) {
        return;
    }

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "worker %P does not give the lock of \"game_zone\" back, it "
                  "is killed (game_worker_timeout)", pid);

    if (kill(pid, SIGKILL) == -1 && ngx_errno != NGX_ESRCH) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_errno,
                      "kill(%P, SIGKILL) failed", pid);
    }
}


void
ngx_game_zone_unlock(void)
{
    ngx_shmtx_unlock(&ngx_game_layout.shpool->mutex);
}


void
ngx_game_zone_usage(size_t *used, size_t *size)
{
    ngx_uint_t  i;

    *used = 0;
    *size = 0;

    if (ngx_game_layout.shpool == NULL) {
        return;
    }

    *size = ngx_game_layout.header->size;

    /* what is not a part is in use from the beginning */

    *used = *size - ngx_game_layout.parts.rings_size
            - ngx_game_layout.parts.limits_size
            - ngx_game_layout.parts.registry_size
            - ngx_game_layout.parts.store_size;

    for (i = 0; i < ngx_game_zone.nusages; i++) {
        *used += ngx_game_zone.usages[i]();
    }
}


void
ngx_game_zone_on_usage(size_t (*handler)(void))
{
    if (ngx_game_zone.nusages < NGX_GAME_ZONE_USAGES) {
        ngx_game_zone.usages[ngx_game_zone.nusages++] = handler;
    }
}
