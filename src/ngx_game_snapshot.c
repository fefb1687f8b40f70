
/*
 * Copyright (C) ngx_game authors
 *
 * Who does what: the living worker of the lowest slot that does not exit looks
 * for a file, and writes one in passing.  That is only a habit: what keeps two
 * from doing the same is the lock of the file's directory, which the kernel
 * frees if its holder dies.
 *
 * Two instances of nginx, with a zone each, use the same file during a binary
 * upgrade.  A file that waits to be loaded is never replaced by another, but
 * loaded first.
 */


#include "ngx_game_snapshot.h"
#include "ngx_game_snapshot_file.h"
#include "ngx_game_snapshot_load.h"
#include "ngx_game_adopt.h"
#include "ngx_game_handover.h"
#include "ngx_game_registry.h"
#include "ngx_game_session.h"
#include "ngx_game_zone.h"

#include <pthread.h>
#include <sys/random.h>


/* how often a worker looks what there is to do, ms; while it exits; while it
 * waits for others, or there is another instance */
#define NGX_GAME_SNAPSHOT_PERIOD    1000
#define NGX_GAME_SNAPSHOT_WATCH     100
#define NGX_GAME_SNAPSHOT_HURRY     20

/* how long others are waited for, ms: at the start, until they have read; at
 * the end, until they have left their rooms; until the file is taken by
 * another instance */
#define NGX_GAME_SNAPSHOT_READING   10000
#define NGX_GAME_SNAPSHOT_LEAVING   1000
#define NGX_GAME_SNAPSHOT_TAKING    1000

/* and in exit_process: the master kills who is not gone 1.5 s after TERM */
#define NGX_GAME_SNAPSHOT_STOPPING  800


typedef enum {
    NGX_GAME_SNAPSHOT_RUNNING = 0,
    NGX_GAME_SNAPSHOT_LEFT,        /* rooms are; others are waited for */
    NGX_GAME_SNAPSHOT_WRITTEN,     /* the other instance is waited for */
    NGX_GAME_SNAPSHOT_ENDED
} ngx_game_snapshot_state_e;


/* in the zone */
typedef struct {
    _Atomic uint64_t           instance;      /* random, 0: not made yet */
    _Atomic uint64_t           tried;         /* the last write began, ms */
    _Atomic uint64_t           loads;         /* of files */

    /* see ngx_game_snapshot_info_t */
    _Atomic uint64_t           loaded;
    _Atomic uint64_t           written;
    _Atomic uint64_t           size;
    _Atomic uint64_t           rooms;
    _Atomic uint64_t           failed;
} ngx_game_snapshot_zone_t;


typedef struct {
    ngx_game_snapshot_conf_t   *conf;         /* NULL: off */
    ngx_game_snapshot_zone_t   *zone;
    ngx_game_snapshot_header_t  self;
    ngx_event_t                 poll;
    ngx_connection_t            dummy;
    uint64_t                    loads;        /* that are known of */
    ngx_msec_t                  deadline;
    ngx_game_snapshot_state_e   state;
    unsigned                    shared:1;     /* told that it is another's */

    /* the thread's, from its creation until `done` */
    pthread_t                   thread;
    unsigned                    writing:1;
    _Atomic uint32_t            done;
    ngx_int_t                   rc;           /* NGX_DECLINED: not now */
    ngx_game_snapshot_header_t  header;
    ngx_game_snapshot_error_t   error;
} ngx_game_snapshot_t;


static void ngx_game_snapshot_identify(ngx_cycle_t *cycle);
static void ngx_game_snapshot_poll(ngx_event_t *ev);
static ngx_uint_t ngx_game_snapshot_first(void);
static ngx_uint_t ngx_game_snapshot_upgrading(void);
static void ngx_game_snapshot_loaded(ngx_int_t rooms);
static void ngx_game_snapshot_start(void);
static void *ngx_game_snapshot_thread(void *data);
static void ngx_game_snapshot_pass(void);
static void ngx_game_snapshot_reap(ngx_uint_t wait);
static void ngx_game_snapshot_result(ngx_int_t rc);
static void ngx_game_snapshot_end(void);
static void ngx_game_snapshot_leave(ngx_msec_t patience);
static ngx_int_t ngx_game_snapshot_settled(void);
static void ngx_game_snapshot_save(ngx_int_t settled);
static void ngx_game_snapshot_finish(void);
static ngx_uint_t ngx_game_snapshot_is_finished(void);
static void ngx_game_snapshot_close(void);


#define ngx_game_snapshot_over()                                              \
    ((ngx_msec_int_t) (ngx_current_msec - ngx_game_snapshot.deadline) >= 0)


static ngx_game_snapshot_t  ngx_game_snapshot;


void
ngx_game_snapshot_init(ngx_cycle_t *cycle)
{
    ngx_event_t          *ev;
    ngx_game_snapshot_t  *snap;

    snap = &ngx_game_snapshot;

    ngx_memzero(snap, sizeof(ngx_game_snapshot_t));

    snap->conf = ngx_game_worker.conf->snapshot;

    if (snap->conf == NULL) {
        return;
    }

    ngx_game_snapshot_identify(cycle);

    if (ngx_worker == 0
        && access((char *) snap->conf->dir.data, R_OK|W_OK|X_OK) == -1)
    {
        ngx_log_error(NGX_LOG_ERR, cycle->log, ngx_errno,
                      "directory \"%V\" of \"game_snapshot\" can't be written "
                      "to by the user of the workers", &snap->conf->dir);
    }

    /* before this worker takes a connection, the rooms are there */

    ngx_game_snapshot_loaded(
        ngx_game_snapshot_load(snap->conf, &snap->self,
                               NGX_GAME_SNAPSHOT_READING));

    snap->loads = ngx_game_zone_get(&snap->zone->loads);

    snap->dummy.fd = (ngx_socket_t) -1;

    ev = &snap->poll;

    ev->handler = ngx_game_snapshot_poll;
    ev->data = &snap->dummy;
    ev->log = cycle->log;
    ev->cancelable = 1;

    ngx_add_timer(ev, NGX_GAME_SNAPSHOT_PERIOD);
}


static void
ngx_game_snapshot_identify(ngx_cycle_t *cycle)
{
    uint64_t              none, random;
    ngx_game_snapshot_t  *snap;

    snap = &ngx_game_snapshot;
    snap->zone = ngx_game_zone_parts()->snapshot;

    none = 0;
    random = 0;

    if (getrandom(&random, sizeof(random), 0) != (ssize_t) sizeof(random)) {
        ngx_log_error(NGX_LOG_ALERT, cycle->log, ngx_errno,
                      "getrandom() failed");
    }

    (void) atomic_compare_exchange_strong(&snap->zone->instance, &none,
                                          random | 1);

    ngx_game_snapshot_file_self(&snap->self,
                                atomic_load(&snap->zone->instance));
}


static void
ngx_game_snapshot_poll(ngx_event_t *ev)
{
    uint64_t              loads;
    ngx_game_snapshot_t  *snap;

    snap = &ngx_game_snapshot;

    ngx_game_snapshot_reap(0);

    if (ngx_game_worker.exiting) {
        ngx_game_snapshot_end();

        if (snap->state != NGX_GAME_SNAPSHOT_ENDED) {
            ngx_add_timer(ev, snap->state == NGX_GAME_SNAPSHOT_RUNNING
                              ? NGX_GAME_SNAPSHOT_WATCH
                              : NGX_GAME_SNAPSHOT_HURRY);
        }

        return;
    }

    if (ngx_game_snapshot_first()) {
        ngx_game_snapshot_loaded(
            ngx_game_snapshot_load(snap->conf, &snap->self, 0));

        ngx_game_snapshot_start();
    }

    loads = ngx_game_zone_get(&snap->zone->loads);

    if (loads != snap->loads) {
        snap->loads = loads;
        ngx_game_adopt_share();
    }

    ngx_add_timer(ev, ngx_game_snapshot_upgrading()
                      ? NGX_GAME_SNAPSHOT_HURRY : NGX_GAME_SNAPSHOT_PERIOD);
}


/* whether this worker is the one that reads and writes */

static ngx_uint_t
ngx_game_snapshot_first(void)
{
    ngx_uint_t              i, n;
    ngx_game_worker_info_t  info[NGX_GAME_MAX_SLOTS];

    n = ngx_game_zone_workers(info, NGX_GAME_MAX_SLOTS);

    for (i = 0; i < n; i++) {
        if (!info[i].exiting) {
            return info[i].epoch == ngx_game_worker.epoch;
        }
    }

    return 0;
}


/* nginx's master renames its pid file while there is another one */

static ngx_uint_t
ngx_game_snapshot_upgrading(void)
{
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(ngx_game_worker.cycle->conf_ctx,
                                           ngx_core_module);

    return access((char *) ccf->oldpid.data, F_OK) == 0;
}


/* all workers see by the count that there are rooms to adopt */

static void
ngx_game_snapshot_loaded(ngx_int_t rooms)
{
    if (rooms != NGX_DECLINED) {
        atomic_fetch_add(&ngx_game_snapshot.zone->loaded, rooms);
        atomic_fetch_add(&ngx_game_snapshot.zone->loads, 1);
    }
}


/* writing in passing */

static void
ngx_game_snapshot_start(void)
{
    int                   rc;
    sigset_t              all, former;
    ngx_game_snapshot_t  *snap;

    snap = &ngx_game_snapshot;

    if (snap->writing
        || snap->conf->interval == 0
        || ngx_current_msec - ngx_game_zone_get(&snap->zone->tried)
           < snap->conf->interval)
    {
        return;
    }

    ngx_game_zone_set(&snap->zone->tried, ngx_current_msec);
    atomic_store(&snap->done, 0);

    /* signals are the loop's, those of the watchdog, too */

    (void) sigfillset(&all);
    (void) pthread_sigmask(SIG_SETMASK, &all, &former);

    rc = pthread_create(&snap->thread, NULL, ngx_game_snapshot_thread, NULL);

    (void) pthread_sigmask(SIG_SETMASK, &former, NULL);

    if (rc != 0) {
        snap->error.text = "pthread_create() failed";
        snap->error.err = rc;
        ngx_game_snapshot_result(NGX_ERROR);
        return;
    }

    snap->writing = 1;
}


static void *
ngx_game_snapshot_thread(void *data)
{
    ngx_game_snapshot_pass();

    atomic_store(&ngx_game_snapshot.done, 1);

    return NULL;
}


/* what another instance has written is not replaced as long as it is of use */

static void
ngx_game_snapshot_pass(void)
{
    ngx_fd_t              fd;
    ngx_game_snapshot_t  *snap;

    snap = &ngx_game_snapshot;

    fd = ngx_game_snapshot_file_lock(snap->conf, NGX_GAME_SNAPSHOT_READING,
                                     &snap->error);
    if (fd == -1) {
        snap->rc = NGX_ERROR;
        return;
    }

    snap->rc = ngx_game_snapshot_file_peek(snap->conf, &snap->header,
                                           &snap->error);

    if (snap->rc == NGX_OK
        && (snap->header.final
            || snap->header.instance != snap->self.instance))
    {
        snap->rc = NGX_DECLINED;

    } else {
        snap->header = snap->self;
        snap->rc = ngx_game_snapshot_file_write(snap->conf, fd, &snap->header,
                                                &snap->error);
    }

    (void) close(fd);
}


static void
ngx_game_snapshot_reap(ngx_uint_t wait)
{
    ngx_game_snapshot_t  *snap;

    snap = &ngx_game_snapshot;

    if (snap->writing && (wait || atomic_load(&snap->done))) {
        (void) pthread_join(snap->thread, NULL);

        snap->writing = 0;
        ngx_game_snapshot_result(snap->rc);
    }
}


static void
ngx_game_snapshot_result(ngx_int_t rc)
{
    ngx_game_snapshot_t  *snap;

    snap = &ngx_game_snapshot;

    switch (rc) {

    case NGX_OK:
        snap->shared = 0;

        ngx_game_zone_set(&snap->zone->written,
                          snap->header.time / 1000000);
        ngx_game_zone_set(&snap->zone->size, snap->header.size);
        ngx_game_zone_set(&snap->zone->rooms, snap->header.rooms);
        return;

    case NGX_DECLINED:
        if (!snap->shared) {
            snap->shared = 1;

            ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                          "snapshot \"%V\" is not written: it is that of "
                          "another nginx, process %uD", &snap->conf->path,
                          snap->header.master);
        }

        return;

    default:
        atomic_fetch_add(&snap->zone->failed, 1);

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, snap->error.err,
                      "snapshot \"%V\" can't be written: %s",
                      &snap->conf->path, snap->error.text);
    }
}


/* the end */

void
ngx_game_snapshot_exit(void)
{
    ngx_game_snapshot_t  *snap;

    snap = &ngx_game_snapshot;

    if (snap->conf) {
        ngx_game_snapshot_end();
        ngx_add_timer(&snap->poll, NGX_GAME_SNAPSHOT_HURRY);
    }
}


ngx_uint_t
ngx_game_snapshot_ended(void)
{
    return ngx_game_snapshot.state == NGX_GAME_SNAPSHOT_ENDED;
}


/* a step of a graceful exit; it may be that of a reload, and go no further */

static void
ngx_game_snapshot_end(void)
{
    ngx_int_t             rc;
    ngx_game_snapshot_t  *snap;

    snap = &ngx_game_snapshot;

    switch (snap->state) {

    case NGX_GAME_SNAPSHOT_RUNNING:
        if (!ngx_game_handover_alone()) {
            return;
        }

        ngx_game_snapshot_leave(NGX_GAME_SNAPSHOT_LEAVING);

        /* fall through */

    case NGX_GAME_SNAPSHOT_LEFT:
        rc = ngx_game_snapshot_settled();

        if (rc == NGX_AGAIN) {
            return;
        }

        ngx_game_snapshot_save(rc);

        snap->state = NGX_GAME_SNAPSHOT_WRITTEN;
        snap->deadline = ngx_current_msec + NGX_GAME_SNAPSHOT_TAKING;

        /* fall through */

    case NGX_GAME_SNAPSHOT_WRITTEN:
        if (ngx_game_snapshot_upgrading()
            && access((char *) snap->conf->path.data, F_OK) == 0
            && !ngx_game_snapshot_over())
        {
            return;
        }

        snap->state = NGX_GAME_SNAPSHOT_ENDED;
        ngx_game_snapshot_close();

        /* fall through */

    case NGX_GAME_SNAPSHOT_ENDED:
        return;
    }
}


static void
ngx_game_snapshot_leave(ngx_msec_t patience)
{
    ngx_game_snapshot_reap(1);
    ngx_game_handover_leave();

    ngx_game_snapshot.state = NGX_GAME_SNAPSHOT_LEFT;
    ngx_game_snapshot.deadline = ngx_current_msec + patience;
}


/*
 * NGX_OK: all have left their rooms, or those who have not are too slow, and
 * what the zone has of their rooms has to do; NGX_DECLINED: others live on and
 * will adopt the rooms; NGX_AGAIN: it can't be said yet.
 */

static ngx_int_t
ngx_game_snapshot_settled(void)
{
    ngx_int_t  rc;

    rc = ngx_game_zone_settled();

    if (rc == NGX_OK) {
        return NGX_OK;
    }

    if (!ngx_game_snapshot_over()) {
        return NGX_AGAIN;
    }

    return (rc == NGX_AGAIN) ? NGX_OK : NGX_DECLINED;
}


/* those who live on may hang, to be killed soon: what there is is written too,
 * but not as the last word */

static void
ngx_game_snapshot_save(ngx_int_t settled)
{
    if (settled == NGX_OK) {
        ngx_game_snapshot_finish();
        return;
    }

    ngx_game_snapshot_pass();
    ngx_game_snapshot_result(ngx_game_snapshot.rc);
}


/* the first one that gets here writes; from then on the rooms are not those of
 * this zone any more.  What another instance has written meanwhile is added */

static void
ngx_game_snapshot_finish(void)
{
    ngx_fd_t              fd;
    ngx_int_t             rc;
    ngx_game_snapshot_t  *snap;

    snap = &ngx_game_snapshot;

    fd = ngx_game_snapshot_file_lock(snap->conf, NGX_GAME_SNAPSHOT_LEAVING,
                                     &snap->error);
    if (fd == -1) {
        ngx_game_snapshot_result(NGX_ERROR);
        return;
    }

    if (!ngx_game_snapshot_is_finished()) {
        ngx_game_snapshot_loaded(
            ngx_game_snapshot_load_locked(snap->conf, &snap->self));

        snap->header = snap->self;
        snap->header.final = 1;

        rc = ngx_game_snapshot_file_write(snap->conf, fd, &snap->header,
                                          &snap->error);
        ngx_game_snapshot_result(rc);

        if (rc == NGX_OK) {
            ngx_game_registry_clear();

            ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                          "%uL rooms are kept in snapshot \"%V\", %uL bytes",
                          snap->header.rooms, &snap->conf->path,
                          snap->header.size);
        }
    }

    (void) close(fd);
}


/* under the lock: all rooms are in a file that waits */

static ngx_uint_t
ngx_game_snapshot_is_finished(void)
{
    ngx_uint_t                   used, size;
    ngx_game_snapshot_error_t    error;
    ngx_game_snapshot_header_t   header;

    ngx_game_registry_usage(&used, &size);

    return used == 0
           && ngx_game_snapshot_file_peek(ngx_game_snapshot.conf, &header,
                                          &error)
              == NGX_OK
           && header.final;
}


static void
ngx_game_snapshot_close(void)
{
    size_t               cursor;
    ngx_game_session_t  *s;

    cursor = 0;

    while ((s = ngx_game_session_next(&cursor))) {
        ngx_game_session_restart(s);
    }
}


void
ngx_game_snapshot_lost(uint64_t epoch)
{
    ngx_game_snapshot_t  *snap;

    snap = &ngx_game_snapshot;

    if (snap->conf == NULL || !ngx_game_worker.exiting) {
        return;
    }

    ngx_game_snapshot_end();

    if (snap->state != NGX_GAME_SNAPSHOT_RUNNING) {
        ngx_game_snapshot_close();
    }
}


void
ngx_game_snapshot_done(void)
{
    ngx_int_t             rc;
    ngx_game_snapshot_t  *snap;

    snap = &ngx_game_snapshot;

    if (snap->conf == NULL) {
        return;
    }

    ngx_game_snapshot_reap(1);

    if (snap->poll.timer_set) {
        ngx_del_timer(&snap->poll);
    }

    if (snap->state > NGX_GAME_SNAPSHOT_LEFT) {
        return;
    }

    ngx_game_zone_set_exiting();

    if (snap->state == NGX_GAME_SNAPSHOT_RUNNING
        && (ngx_terminate || ngx_quit))
    {
        ngx_game_snapshot_leave(NGX_GAME_SNAPSHOT_STOPPING);
    }

    /* at a reload all there is to do is for the others */

    rc = (snap->state == NGX_GAME_SNAPSHOT_LEFT)
         ? ngx_game_snapshot_settled() : ngx_game_zone_settled();

    while (rc == NGX_AGAIN && snap->state == NGX_GAME_SNAPSHOT_LEFT) {
        ngx_msleep(NGX_GAME_SNAPSHOT_HURRY / 4);
        ngx_time_update();

        rc = ngx_game_snapshot_settled();
    }

    if (rc == NGX_OK || snap->state == NGX_GAME_SNAPSHOT_LEFT) {
        ngx_game_snapshot_save(rc);
    }
}


ngx_int_t
ngx_game_snapshot_info(ngx_game_snapshot_info_t *info)
{
    ngx_game_snapshot_zone_t  *zone;

    zone = ngx_game_snapshot.zone;

    if (zone == NULL) {
        return NGX_DECLINED;
    }

    info->written = ngx_game_zone_get(&zone->written);
    info->size = ngx_game_zone_get(&zone->size);
    info->rooms = ngx_game_zone_get(&zone->rooms);
    info->failed = ngx_game_zone_get(&zone->failed);
    info->loaded = ngx_game_zone_get(&zone->loaded);

    return NGX_OK;
}
