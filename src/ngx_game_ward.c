
/*
 * Copyright (C) ngx_game authors
 *
 * The guard's side.  What it holds of a session is a descriptor that is in no
 * epoll, and some hundred bytes.
 */


#include "ngx_game_ward.h"
#include "ngx_game_follow.h"
#include "ngx_game_group.h"
#include "ngx_game_guard.h"
#include "ngx_game_mail.h"
#include "ngx_game_registry.h"
#include "ngx_game_transport.h"
#include "ngx_game_zone.h"
#include "core/game_map.h"

#include <sys/mman.h>
#include <sys/resource.h>


/* descriptors that nginx needs besides those of its connections */
#define NGX_GAME_WARD_SPARE   64

/* seconds between two warnings that there are no more */
#define NGX_GAME_WARD_SILENT  60


/* a worker that is guarded */
typedef struct {
    uint64_t                   epoch;
    ngx_game_guard_memory_t   *memory;
    size_t                     size;          /* of that */
    ngx_queue_t                wards;
    ngx_queue_t                link;
} ngx_game_ward_worker_t;


/* a session of it */
typedef struct {
    uint64_t                   player;
    ngx_game_ward_worker_t    *worker;
    ngx_queue_t                link;
    ngx_fd_t                   fd;
    ngx_game_guard_letter_t    letter;
    size_t                     len;
    u_char                     image[];
} ngx_game_ward_t;


typedef struct {
    game_map_t                 map;           /* wards, by player */
    ngx_queue_t                workers;
    size_t                     max;           /* wards */
} ngx_game_wards_t;


/* what its worker says of it */
#define ngx_game_ward_of(ward)                                                \
    (&(ward)->worker->memory->records[(ward)->letter.index])


static void ngx_game_ward_mailed(uint64_t src, uint64_t player, ngx_fd_t fd,
    ngx_str_t *text);
static ngx_game_ward_worker_t *ngx_game_ward_find(uint64_t epoch);
static void ngx_game_ward_meet(uint64_t epoch, ngx_fd_t fd);
static ngx_int_t ngx_game_ward_keep(ngx_game_ward_worker_t *worker,
    uint64_t player, ngx_fd_t fd, ngx_str_t *text);
static ngx_uint_t ngx_game_ward_held(ngx_game_ward_t *ward);
static ngx_int_t ngx_game_ward_save(ngx_game_ward_t *ward);
static ngx_int_t ngx_game_ward_fits(ngx_game_ward_t *ward, uint64_t *sent,
    uint64_t *got);
static ngx_uint_t ngx_game_ward_waits(ngx_game_guard_memory_t *memory,
    ngx_game_guard_record_t *record);
static ngx_int_t ngx_game_ward_go_on(ngx_game_ward_t *ward, uint64_t owner,
    uint64_t sent, uint64_t got);
static void ngx_game_ward_drop(ngx_game_ward_t *ward);
static void ngx_game_ward_leave(ngx_game_ward_worker_t *worker);


static ngx_game_wards_t  ngx_game_wards;


void
ngx_game_ward_init(void)
{
    size_t         used;
    struct rlimit  limit;

    ngx_queue_init(&ngx_game_wards.workers);
    ngx_game_mail_on(NGX_GAME_MAIL_GUARD, ngx_game_ward_mailed);

    /* so that there are always enough left for this worker's connections */

    used = ngx_cycle->connection_n + NGX_GAME_WARD_SPARE;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > used) {
        ngx_game_wards.max = limit.rlim_cur - used;
    }
}


/* fd: of a session, or, without a player, the records of all */

static void
ngx_game_ward_mailed(uint64_t src, uint64_t player, ngx_fd_t fd,
    ngx_str_t *text)
{
    ngx_game_ward_worker_t  *worker;

    static time_t  warned;

    if (fd != (ngx_fd_t) -1 && !ngx_game_worker.exiting) {
        worker = ngx_game_ward_find(src);

        if (player == 0) {
            if (worker == NULL) {
                ngx_game_ward_meet(src, fd);
            }

        } else if (worker
                   && ngx_game_ward_keep(worker, player, fd, text) == NGX_OK)
        {
            return;
        }
    }

    if (fd != (ngx_fd_t) -1) {
        (void) close(fd);
    }

    if ((fd == (ngx_fd_t) -1
         || ngx_game_wards.map.count >= ngx_game_wards.max)
        && ngx_time() - warned >= NGX_GAME_WARD_SILENT)
    {
        warned = ngx_time();

        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "%uz sessions of other workers are guarded here, more "
                      "need a higher \"worker_rlimit_nofile\"",
                      ngx_game_wards.map.count);
    }
}


static ngx_game_ward_worker_t *
ngx_game_ward_find(uint64_t epoch)
{
    ngx_queue_t             *q;
    ngx_game_ward_worker_t  *worker;

    for (q = ngx_queue_head(&ngx_game_wards.workers);
         q != ngx_queue_sentinel(&ngx_game_wards.workers);
         q = ngx_queue_next(q))
    {
        worker = ngx_queue_data(q, ngx_game_ward_worker_t, link);

        if (worker->epoch == epoch) {
            return worker;
        }
    }

    return NULL;
}


static void
ngx_game_ward_meet(uint64_t epoch, ngx_fd_t fd)
{
    struct stat              st;
    ngx_game_ward_worker_t  *worker;

    if (!ngx_game_zone_alive(epoch)
        || fstat(fd, &st) == -1
        || st.st_size < (off_t) sizeof(ngx_game_guard_memory_t))
    {
        return;
    }

    worker = ngx_alloc(sizeof(ngx_game_ward_worker_t), ngx_cycle->log);
    if (worker == NULL) {
        return;
    }

    worker->epoch = epoch;
    worker->size = st.st_size;
    worker->memory = mmap(NULL, worker->size, PROT_READ, MAP_SHARED, fd, 0);

    if (worker->memory == MAP_FAILED) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, ngx_errno,
                      "mmap() failed, no sessions of worker slot %ui are "
                      "guarded", ngx_game_slot_of(epoch));
        ngx_free(worker);
        return;
    }

    ngx_queue_init(&worker->wards);
    ngx_queue_insert_tail(&ngx_game_wards.workers, &worker->link);
}


/* another than NGX_OK: the descriptor is the caller's */

static ngx_int_t
ngx_game_ward_keep(ngx_game_ward_worker_t *worker, uint64_t player,
    ngx_fd_t fd, ngx_str_t *text)
{
    ngx_game_ward_t          *ward, *former;
    ngx_game_guard_letter_t   letter;

    if (text->len < sizeof(ngx_game_guard_letter_t)) {
        return NGX_DECLINED;
    }

    ngx_memcpy(&letter, text->data, sizeof(ngx_game_guard_letter_t));

    former = game_map_get(&ngx_game_wards.map, player);

    if (former) {
        ngx_game_ward_drop(former);
    }

    if (letter.index >= (worker->size - sizeof(ngx_game_guard_memory_t))
                        / sizeof(ngx_game_guard_record_t)
        || ngx_game_wards.map.count >= ngx_game_wards.max)
    {
        return NGX_DECLINED;
    }

    ward = ngx_alloc(sizeof(ngx_game_ward_t) + text->len
                     - sizeof(ngx_game_guard_letter_t), ngx_cycle->log);
    if (ward == NULL) {
        return NGX_ERROR;
    }

    ward->player = player;
    ward->worker = worker;
    ward->fd = fd;
    ward->letter = letter;
    ward->len = text->len - sizeof(ngx_game_guard_letter_t);
    ngx_memcpy(ward->image, text->data + sizeof(ngx_game_guard_letter_t),
               ward->len);

    /* UNGUARD may have overtaken it */

    if (!ngx_game_ward_held(ward)
        || game_map_set(&ngx_game_wards.map, player, ward) != 0)
    {
        ngx_free(ward);
        return NGX_DECLINED;
    }

    ngx_queue_insert_tail(&worker->wards, &ward->link);
    ngx_game_count(wards, 1);

    return NGX_OK;
}


/* 0: its worker has given it up, or it was given elsewhere */

static ngx_uint_t
ngx_game_ward_held(ngx_game_ward_t *ward)
{
    return atomic_load_explicit(&ngx_game_ward_of(ward)->player,
                                memory_order_acquire)
           == ward->player;
}


void
ngx_game_ward_record(ngx_game_record_t *record)
{
    ngx_game_ward_t  *ward;

    ward = game_map_get(&ngx_game_wards.map, record->player);

    if (ward && ward->worker->epoch == record->src
        && !ngx_game_ward_held(ward))
    {
        ngx_game_ward_drop(ward);
    }
}


void
ngx_game_ward_lost(uint64_t epoch)
{
    ngx_uint_t               saved, lost;
    ngx_queue_t             *q;
    ngx_game_ward_t         *ward;
    ngx_game_ward_worker_t  *worker;

    ngx_game_follow_give_up_returns();

    worker = ngx_game_ward_find(epoch);

    if (worker == NULL) {
        return;
    }

    /* a room that runs here may answer by whatever there is */

    ngx_queue_remove(&worker->link);

    saved = 0;
    lost = 0;

    while (!ngx_queue_empty(&worker->wards)) {
        q = ngx_queue_head(&worker->wards);
        ward = ngx_queue_data(q, ngx_game_ward_t, link);

        if (ngx_game_ward_held(ward)) {

            if (ngx_game_ward_save(ward) == NGX_OK) {
                saved++;

            } else {
                lost++;

                if (ward->fd != (ngx_fd_t) -1) {
                    (void) shutdown(ward->fd, SHUT_RDWR);
                }
            }
        }

        ngx_game_ward_drop(ward);
    }

    ngx_game_ward_leave(worker);

    if (saved || lost) {
        ngx_game_count(sessions_saved, saved);
        ngx_game_count(sessions_lost, lost);

        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "%ui sessions of the worker that was in slot %ui go on "
                      "here, %ui could not", saved, ngx_game_slot_of(epoch),
                      lost);
    }
}


/* NGX_OK: its descriptor is a session's; another: it has to end */

static ngx_int_t
ngx_game_ward_save(ngx_game_ward_t *ward)
{
    uint64_t           owner, term, sent, got;
    ngx_game_group_t  *group;

    if (ngx_game_worker.exiting
        || ngx_game_session_find(ward->player)
        || ngx_game_ward_fits(ward, &sent, &got) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    group = ngx_game_group_find(ward->letter.room);
    owner = group ? group->owner
                  : ngx_game_registry_owner(ward->letter.room, &term);

    /* one that has died with the session is followed with all others */

    if (owner != ward->worker->epoch && !ngx_game_zone_alive(owner)) {
        return NGX_DECLINED;
    }

    return ngx_game_ward_go_on(ward, owner, sent, got);
}


/* whether nothing of it was in the memory of its worker only */

static ngx_int_t
ngx_game_ward_fits(ngx_game_ward_t *ward, uint64_t *sent, uint64_t *got)
{
    uint64_t                  in, out;
    ngx_uint_t                i;
    ngx_game_guard_record_t  *record;

    record = ngx_game_ward_of(ward);

    if (ngx_game_guard_position(ward->fd, &in, &out) != NGX_OK
        || in - ward->letter.in != ngx_game_zone_get(&record->in)
        || ngx_game_ward_waits(ward->worker->memory, record))
    {
        return NGX_DECLINED;
    }

    *sent = out - ward->letter.out;

    for (i = 0; i < 2; i++) {
        if (*sent == ngx_game_zone_get(&record->out[i])) {
            *got = ngx_game_zone_get(&record->got[i]);
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


/* whether what was read has not come to the ring to its room's worker */

static ngx_uint_t
ngx_game_ward_waits(ngx_game_guard_memory_t *memory,
    ngx_game_guard_record_t *record)
{
    uint64_t                 owner, listed;
    ngx_game_channel_fed_t  *fed;

    listed = ngx_game_zone_get(&record->listed);
    owner = ngx_game_zone_get(&record->owner);
    fed = &memory->fed[ngx_game_slot_of(owner)];

    return listed
           && (ngx_game_zone_get(&fed->dst) != owner
               || ngx_game_zone_get(&fed->count) < listed);
}


static ngx_int_t
ngx_game_ward_go_on(ngx_game_ward_t *ward, uint64_t owner, uint64_t sent,
    uint64_t got)
{
    ngx_str_t            image;
    const char          *error;
    ngx_game_cold_t     *cold;
    ngx_connection_t    *c;
    ngx_game_group_t    *group;
    ngx_game_session_t  *s;

    image.data = ward->image;
    image.len = ward->len;

    s = ngx_game_session_unpack(&image, ward->fd, &error);

    if (s == NULL) {
        ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                      "the session of player %V can't go on here: %s",
                      ngx_game_id_text(ward->player), error);
        return NGX_DECLINED;
    }

    ward->fd = (ngx_fd_t) -1;

    c = s->connection;
    cold = s->cold;

    cold->bytes_in = ngx_game_zone_get(&ngx_game_ward_of(ward)->in);
    cold->bytes_out = sent;
    cold->messages_out += got - ngx_game_session_got(s);

    s->owner = owner;

    if (ngx_game_zone_alive(owner)) {
        ngx_game_session_come(s);
        ngx_game_follow_return(s);
        return NGX_OK;
    }

    /* whoever goes on with the room is told of it with all others */

    if (ngx_game_group_add(s) != NGX_OK) {
        ngx_game_session_forget(s);
        ngx_game_session_free(s);
        ngx_http_close_connection(c);
        return NGX_ERROR;
    }

    group = ngx_queue_data(s->feed, ngx_game_group_t, feed);
    s->blocked = group->moving;

    ngx_game_session_come(s);

    return NGX_OK;
}


static void
ngx_game_ward_drop(ngx_game_ward_t *ward)
{
    (void) game_map_remove(&ngx_game_wards.map, ward->player);
    ngx_queue_remove(&ward->link);
    ngx_game_count(wards, -1);

    if (ward->fd != (ngx_fd_t) -1) {
        (void) close(ward->fd);
    }

    ngx_free(ward);
}


/* drops those that are left of a worker */

static void
ngx_game_ward_leave(ngx_game_ward_worker_t *worker)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&worker->wards)) {
        q = ngx_queue_head(&worker->wards);
        ngx_game_ward_drop(ngx_queue_data(q, ngx_game_ward_t, link));
    }

    (void) munmap(worker->memory, worker->size);
    ngx_free(worker);
}


void
ngx_game_ward_exit(void)
{
    ngx_queue_t             *q;
    ngx_game_ward_worker_t  *worker;

    while (!ngx_queue_empty(&ngx_game_wards.workers)) {
        q = ngx_queue_head(&ngx_game_wards.workers);
        worker = ngx_queue_data(q, ngx_game_ward_worker_t, link);

        ngx_queue_remove(q);
        ngx_game_ward_leave(worker);
    }
}


void
ngx_game_ward_done(void)
{
    ngx_game_ward_exit();

    game_map_done(&ngx_game_wards.map);
}
