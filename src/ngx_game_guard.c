
/*
 * Copyright (C) ngx_game authors
 *
 * The guarded worker's side.  Its records are in memory of their own, one for
 * each connection that it may have, of which only those in use take any; its
 * guard has that mapped, too, so that it is gone with the last of both.
 *
 * Sessions are given to the guard some time after they have begun, many at
 * once: those that are short are never given, which costs nothing.
 */


#include "ngx_game_guard.h"
#include "ngx_game_channel.h"
#include "ngx_game_mail.h"
#include "ngx_game_sync.h"
#include "ngx_game_token.h"
#include "ngx_game_transport.h"
#include "ngx_game_zone.h"

#include <sys/ioctl.h>
#include <sys/mman.h>


/* how long a session waits for its guard, and those for which the guard's
 * mailbox had no room, ms; and how often a guard is looked for */
#define NGX_GAME_GUARD_ROUND   50
#define NGX_GAME_GUARD_FULL    2
#define NGX_GAME_GUARD_SEARCH  200

#define NGX_GAME_GUARD_NONE    ((uint64_t) -1)

#define NGX_GAME_GUARD_TRIES   100


/* the begin of struct tcp_info of Linux, of which that of the C library may
 * have less */
typedef struct {
    uint8_t                    state;
    uint8_t                    bits[7];
    uint32_t                   words[24];
    uint64_t                   rates[2];
    uint64_t                   bytes_acked;
    uint64_t                   bytes_received;
} ngx_game_guard_tcp_t;


typedef struct {
    uint64_t                   guard;         /* epoch, 0: none */
    ngx_game_guard_memory_t   *memory;        /* NULL: none */
    ngx_fd_t                   fd;            /* of that */
    uint64_t                  *waiting;       /* players, for the guard */
    size_t                     count;
    size_t                     size;
    ngx_event_t                round;
    ngx_connection_t           dummy;
    unsigned                   failed:1;      /* there is no memory */
} ngx_game_guard_t;


static void ngx_game_guard_wait(uint64_t player);
static void ngx_game_guard_round(ngx_event_t *ev);
static void ngx_game_guard_find(void);
static void ngx_game_guard_leave(void);
static ngx_int_t ngx_game_guard_share(uint64_t guard);
static ngx_int_t ngx_game_guard_give(uint64_t player);
static ngx_uint_t ngx_game_guard_can(ngx_game_session_t *s);
static ngx_uint_t ngx_game_guard_quiet(ngx_game_session_t *s);
static ngx_int_t ngx_game_guard_send(ngx_game_session_t *s,
    ngx_game_guard_letter_t *letter);


#define ngx_game_guard_index(s)  ((s)->connection - ngx_cycle->connections)

#define ngx_game_guard_record(s)                                              \
    (&ngx_game_guard.memory->records[ngx_game_guard_index(s)])


static ngx_game_guard_t  ngx_game_guard;


void
ngx_game_guard_init(ngx_cycle_t *cycle)
{
    ngx_event_t  *ev;

    ngx_game_guard.fd = (ngx_fd_t) -1;
    ngx_game_guard.dummy.fd = (ngx_socket_t) -1;

    ev = &ngx_game_guard.round;

    ev->handler = ngx_game_guard_round;
    ev->data = &ngx_game_guard.dummy;
    ev->log = cycle->log;
    ev->cancelable = 1;
}


void
ngx_game_guard_done(void)
{
    if (ngx_game_guard.round.timer_set) {
        ngx_del_timer(&ngx_game_guard.round);
    }

    if (ngx_game_guard.fd != (ngx_fd_t) -1) {
        (void) close(ngx_game_guard.fd);
        ngx_game_guard.fd = (ngx_fd_t) -1;
    }

    ngx_free(ngx_game_guard.waiting);

    ngx_game_guard.waiting = NULL;
    ngx_game_guard.count = 0;
    ngx_game_guard.size = 0;
}


ngx_uint_t
ngx_game_guard_wanted(void)
{
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(ngx_game_worker.cycle->conf_ctx,
                                           ngx_core_module);

    return ngx_game_worker.conf->guard && ccf->worker_processes > 1
           && ngx_process == NGX_PROCESS_WORKER;
}


void
ngx_game_guard_add(ngx_game_session_t *s)
{
    if (!ngx_game_worker.exiting && ngx_game_guard_wanted()
        && ngx_game_guard_can(s))
    {
        ngx_game_guard_wait(s->player);
    }
}


/* it stays unguarded if there is no memory */

static void
ngx_game_guard_wait(uint64_t player)
{
    size_t     size;
    uint64_t  *waiting;

    if (ngx_game_guard.count == ngx_game_guard.size) {
        size = 2 * ngx_game_guard.size + 64;

        waiting = ngx_alloc(size * sizeof(uint64_t), ngx_cycle->log);
        if (waiting == NULL) {
            return;
        }

        if (ngx_game_guard.count) {
            ngx_memcpy(waiting, ngx_game_guard.waiting,
                       ngx_game_guard.count * sizeof(uint64_t));
        }

        ngx_free(ngx_game_guard.waiting);

        ngx_game_guard.waiting = waiting;
        ngx_game_guard.size = size;
    }

    ngx_game_guard.waiting[ngx_game_guard.count++] = player;

    if (!ngx_game_guard.round.timer_set) {
        ngx_add_timer(&ngx_game_guard.round, NGX_GAME_GUARD_ROUND);
    }
}


static void
ngx_game_guard_round(ngx_event_t *ev)
{
    size_t     i, n;
    ngx_int_t  rc;

    if (ngx_game_worker.exiting || ngx_game_guard.failed) {
        ngx_game_guard.count = 0;
        return;
    }

    ngx_game_guard_find();

    if (ngx_game_guard.guard == 0) {
        ngx_add_timer(ev, NGX_GAME_GUARD_SEARCH);
        return;
    }

    rc = NGX_OK;
    n = 0;

    for (i = 0; i < ngx_game_guard.count; i++) {

        if (rc != NGX_BUSY) {
            rc = ngx_game_guard_give(ngx_game_guard.waiting[i]);
        }

        if (rc == NGX_AGAIN || rc == NGX_BUSY) {
            ngx_game_guard.waiting[n++] = ngx_game_guard.waiting[i];
        }
    }

    ngx_game_guard.count = n;

    if (n) {
        ngx_add_timer(ev, rc == NGX_BUSY ? NGX_GAME_GUARD_FULL
                                         : NGX_GAME_GUARD_ROUND);
    }
}


/* the next worker in turn that does not exit, unless there is a guard */

static void
ngx_game_guard_find(void)
{
    uint64_t                epoch;
    ngx_uint_t              i, n, own, next, least;
    ngx_game_worker_info_t  info[NGX_GAME_MAX_SLOTS];

    if (ngx_game_guard.guard) {

        if (ngx_game_zone_accepting(ngx_game_guard.guard)) {
            return;
        }

        ngx_game_guard_leave();
    }

    n = ngx_game_zone_workers(info, NGX_GAME_MAX_SLOTS);
    own = ngx_game_slot_of(ngx_game_worker.epoch);
    least = NGX_GAME_MAX_SLOTS;
    epoch = 0;

    for (i = 0; i < ngx_min(n, NGX_GAME_MAX_SLOTS); i++) {
        next = (info[i].slot - own) % NGX_GAME_MAX_SLOTS;

        if (info[i].epoch != ngx_game_worker.epoch && !info[i].exiting
            && next < least)
        {
            least = next;
            epoch = info[i].epoch;
        }
    }

    if (epoch && ngx_game_guard_share(epoch) == NGX_OK) {
        ngx_game_guard.guard = epoch;
    }
}


/* the guard is none any more: all sessions need another one */

static void
ngx_game_guard_leave(void)
{
    size_t               cursor;
    ngx_game_session_t  *s;

    cursor = 0;

    while ((s = ngx_game_session_next(&cursor))) {
        if (s->guarded) {
            ngx_game_guard_release(s);
            ngx_game_guard_wait(s->player);
        }
    }

    ngx_game_guard.guard = 0;
}


/* makes the records, and gives them to the guard */

static ngx_int_t
ngx_game_guard_share(uint64_t guard)
{
    size_t                    size;
    ngx_game_guard_memory_t  *memory;

    size = sizeof(ngx_game_guard_memory_t)
           + ngx_cycle->connection_n * sizeof(ngx_game_guard_record_t);

    if (ngx_game_guard.memory == NULL) {
        memory = MAP_FAILED;

        ngx_game_guard.fd = memfd_create("ngx_game guard", MFD_CLOEXEC);

        if (ngx_game_guard.fd != (ngx_fd_t) -1
            && ftruncate(ngx_game_guard.fd, size) == 0)
        {
            memory = mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_SHARED,
                          ngx_game_guard.fd, 0);
        }

        if (memory == MAP_FAILED) {
            ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, ngx_errno,
                          "no memory for guards: the sessions of this worker "
                          "would not outlive it");
            ngx_game_guard.failed = 1;
            return NGX_ERROR;
        }

        ngx_game_guard.memory = memory;
        ngx_game_channel_tell_fed(memory->fed);
    }

    return ngx_game_mail_send(guard, NGX_GAME_MAIL_GUARD, 0,
                              ngx_game_guard.fd, NULL);
}


/* NGX_OK: it is guarded; NGX_DECLINED: it can't be; NGX_AGAIN: not now;
 * NGX_BUSY: no session can now */

static ngx_int_t
ngx_game_guard_give(uint64_t player)
{
    uint64_t                  in, out;
    ngx_int_t                 rc;
    ngx_game_session_t       *s;
    ngx_game_guard_letter_t   letter;
    ngx_game_guard_record_t  *record;

    s = ngx_game_session_find(player);

    if (s == NULL || s->guarded || s->closing || s->ended) {
        return NGX_DECLINED;
    }

    if (!ngx_game_guard_quiet(s)) {
        return NGX_AGAIN;
    }

    if (ngx_game_guard_position(s->connection->fd, &in, &out) != NGX_OK) {
        return NGX_DECLINED;
    }

    letter.room = s->room;
    letter.index = ngx_game_guard_index(s);
    letter.in = in - s->cold->bytes_in;
    letter.out = out - s->cold->bytes_out;

    record = ngx_game_guard_record(s);

    /* what it has sent may wait for its room's worker still */

    ngx_game_zone_set(&record->owner, s->owner);
    ngx_game_zone_set(&record->listed, ngx_game_channel_waits(s->owner));
    ngx_game_zone_set(&record->in, s->cold->bytes_in);
    ngx_game_zone_set(&record->out[0], s->cold->bytes_out);
    ngx_game_zone_set(&record->got[0], ngx_game_session_got(s));
    ngx_game_zone_set(&record->out[1], NGX_GAME_GUARD_NONE);
    atomic_store_explicit(&record->player, player, memory_order_release);

    rc = ngx_game_guard_send(s, &letter);

    if (rc != NGX_OK) {
        ngx_game_zone_set(&record->player, 0);
        return rc;
    }

    s->guarded = 1;
    s->shared = 1;
    s->half = 1;

    return NGX_OK;
}


/* those whose client may come back, since what they have got is counted, and
 * that have nothing that is kept nowhere else: no TLS, no context of what they
 * inflate */

static ngx_uint_t
ngx_game_guard_can(ngx_game_session_t *s)
{
    return !s->tls && !s->late
           && ngx_game_secret_is_set(&s->cold->secret)
           && (s->zip == NULL || !s->zip->params.client_takeover);
}


/* nothing of it is in this worker's memory alone */

static ngx_uint_t
ngx_game_guard_quiet(ngx_game_session_t *s)
{
    return ngx_game_session_movable(s) && !s->passing && s->out == NULL
           && s->feed && s->taken == s->feed->end
           && ngx_game_input_whole(s) && !s->blocked;
}


static ngx_int_t
ngx_game_guard_send(ngx_game_session_t *s, ngx_game_guard_letter_t *letter)
{
    u_char     buf[NGX_GAME_MAIL_TEXT];
    ngx_int_t  rc;
    ngx_str_t  image, text;

    if (ngx_game_session_pack(s, &image) != NGX_OK) {
        return NGX_AGAIN;
    }

    rc = NGX_DECLINED;

    if (image.len <= sizeof(buf) - sizeof(ngx_game_guard_letter_t)) {
        text.data = buf;
        text.len = sizeof(ngx_game_guard_letter_t) + image.len;

        ngx_memcpy(buf, letter, sizeof(ngx_game_guard_letter_t));
        ngx_memcpy(buf + sizeof(ngx_game_guard_letter_t), image.data,
                   image.len);

        rc = ngx_game_mail_send(ngx_game_guard.guard, NGX_GAME_MAIL_GUARD,
                                s->player, s->connection->fd, &text);

        rc = (rc == NGX_AGAIN) ? NGX_BUSY : rc;
    }

    ngx_free(image.data);

    return rc;
}


/* the record first: the guard looks at it whatever it is told, and when */

void
ngx_game_guard_release(ngx_game_session_t *s)
{
    ngx_game_record_t  record;

    if (!s->guarded) {
        return;
    }

    s->guarded = 0;

    atomic_store_explicit(&ngx_game_guard_record(s)->player, 0,
                          memory_order_release);

    ngx_game_sync_fill(&record, NGX_GAME_SYNC_UNGUARD, 0, s->room, s->player);
    ngx_game_sync_tell(ngx_game_guard.guard, &record, NULL);
}


/*
 * A message that waits for a ring counts as soon as that has it.  One that
 * waits for a new owner of its room, and blocks the session, does not count.
 * `in` comes last: before it, the kernel tells more than the record.
 */

void
ngx_game_guard_has_read(ngx_game_session_t *s)
{
    uint64_t                  waits;
    ngx_game_guard_record_t  *record;

    waits = ngx_game_channel_waits(s->owner);

    if (!ngx_game_input_whole(s) || (s->blocked && waits == 0)) {
        return;
    }

    record = ngx_game_guard_record(s);

    ngx_game_zone_set(&record->owner, s->owner);
    ngx_game_zone_set(&record->listed, waits);
    atomic_store_explicit(&record->in, s->cold->bytes_in,
                          memory_order_release);
}


/* the half that does not tell where the connection is; `got` first, since it
 * counts as soon as `out` fits */

void
ngx_game_guard_writes(ngx_game_session_t *s, size_t bytes,
    ngx_uint_t messages)
{
    ngx_uint_t                half;
    ngx_game_cold_t          *cold;
    ngx_game_guard_record_t  *record;

    cold = s->cold;
    half = s->half;
    record = ngx_game_guard_record(s);

    s->half = !half;

    ngx_game_zone_set(&record->got[half],
                      cold->others + cold->messages_out + messages);
    atomic_store_explicit(&record->out[half], cold->bytes_out + bytes,
                          memory_order_release);
}


/* what lies in both queues is asked for twice, since the peer is at work: if
 * it is the same, it was so in between */

ngx_int_t
ngx_game_guard_position(ngx_fd_t fd, uint64_t *in, uint64_t *out)
{
    int                   read, written, was_read, was_written;
    socklen_t             len;
    ngx_uint_t            i;
    ngx_game_guard_tcp_t  tcp;

    was_read = -1;
    was_written = -1;

    for (i = 0; i < NGX_GAME_GUARD_TRIES; i++) {

        if (ioctl(fd, FIONREAD, &read) == -1
            || ioctl(fd, TIOCOUTQ, &written) == -1)
        {
            return NGX_DECLINED;
        }

        if (read == was_read && written == was_written) {
            *in = tcp.bytes_received - read;
            *out = tcp.bytes_acked + written;
            return NGX_OK;
        }

        was_read = read;
        was_written = written;
        len = sizeof(ngx_game_guard_tcp_t);

        if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &tcp, &len) == -1
            || len < sizeof(ngx_game_guard_tcp_t)
            || tcp.state != TCP_ESTABLISHED)
        {
            return NGX_DECLINED;
        }
    }

    return NGX_DECLINED;
}


void
ngx_game_guard_lost(uint64_t epoch)
{
    if (epoch == ngx_game_guard.guard) {
        ngx_game_guard_leave();
    }
}
