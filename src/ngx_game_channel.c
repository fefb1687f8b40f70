
/*
 * Copyright (C) ngx_game authors
 *
 * The channel of one worker.  To each destination there is a ring and, when
 * that is full, a list (spill).  A destination that was written to is dirty
 * until the posted flush event, at the end of the turn, writes its eventfd.
 *
 * A wake-up leads to a round over all rings that point here, with a bound for
 * each, so that sockets get their turn; what is left comes in the next turn.
 * It is woken only if it has come to the end of what was written before.
 *
 * Wake-ups are not counted on: a worker that is killed between its write to
 * the ring and the one to the eventfd has woken nobody.  A timer does a round
 * each second, the death of a worker drains its ring, and the first record of
 * a worker to another one wakes it in any case.
 *
 * The sender of a full ring sets `starved`; its receiver wakes it when it has
 * made room.
 */


#include "ngx_game.h"
#include "ngx_game_slot.h"
#include "ngx_game_peer.h"
#include "ngx_game_zone.h"
#include "ngx_game_rings.h"
#include "ngx_game_channel.h"
#include "ngx_game_spill.h"
#include "ngx_game_chunk.h"
#include "ngx_game_inbox.h"


#define NGX_GAME_CHANNEL_PERIOD  1000


/* a destination, by slot */
typedef struct {
    uint64_t                     dst;         /* whom the list is for */
    game_ring_t                 *ring;
    ngx_game_spill_t             spill;
    uint64_t                     listed;      /* records, ever */
    uint64_t                     fed;         /* of them, to the ring */
    unsigned                     over:1;      /* the list is over its mark */
    unsigned                     wake:1;      /* it was not told of all that
                                               * was written */
    unsigned                     dirty:1;     /* to be woken in this turn */
} ngx_game_channel_peer_t;


typedef struct {
    ngx_game_channel_peer_t     *peers;       /* by slot; NULL: not set up */
    ngx_uint_t                   n;
    ngx_uint_t                   own;         /* slot */
    ngx_uint_t                   first;       /* of the next round */
    size_t                       size;        /* of each ring */

    ngx_log_t                   *log;
    ngx_connection_t            *connection;  /* on the own eventfd */
    ngx_event_t                  flush;       /* at the end of a turn */
    ngx_event_t                  again;       /* in the next turn */
    ngx_event_t                  timer;
    ngx_connection_t             dummy;       /* for debug logs of events */
    ngx_msec_t                   deadline;    /* of the exit */
    unsigned                     exiting:1;

    ngx_game_channel_fed_t      *fed;         /* by slot; NULL: nobody asks */
    ngx_game_channel_drain_pt    drain;
    ngx_game_channel_record_pt   lost;
    void                       (*exit)(void);
} ngx_game_channel_t;


static ngx_int_t ngx_game_channel_listen(ngx_cycle_t *cycle);
static void ngx_game_channel_event_init(ngx_event_t *ev,
    ngx_event_handler_pt handler);
static ngx_int_t ngx_game_channel_put(uint64_t dst, ngx_game_record_t *record,
    const ngx_str_t *parts, ngx_uint_t n, size_t limit);
static ngx_game_channel_peer_t *ngx_game_channel_to(uint64_t dst);
static ngx_int_t ngx_game_channel_write(ngx_game_channel_peer_t *peer,
    ngx_game_record_t *record, const ngx_str_t *parts, ngx_uint_t n,
    size_t len);
static ngx_int_t ngx_game_channel_queue(ngx_game_channel_peer_t *peer,
    ngx_game_record_t *record, const ngx_str_t *parts, ngx_uint_t n);
static ngx_uint_t ngx_game_channel_feed(ngx_game_channel_peer_t *peer);
static void ngx_game_channel_has_fed(ngx_game_channel_peer_t *peer);
static void ngx_game_channel_forget(ngx_game_channel_peer_t *peer);
static void ngx_game_channel_dirty(ngx_game_channel_peer_t *peer);
static void ngx_game_channel_flush(ngx_event_t *ev);
static void ngx_game_channel_woken(ngx_event_t *ev);
static void ngx_game_channel_begin_exit(void);
static void ngx_game_channel_again(ngx_event_t *ev);
static void ngx_game_channel_timer(ngx_event_t *ev);
static void ngx_game_channel_hold(void);
static void ngx_game_channel_round(void);
static void ngx_game_channel_death(uint64_t epoch);
static void ngx_game_channel_reclaim(ngx_game_channel_peer_t *peer);
static void ngx_game_channel_regain(ngx_game_assembly_t *assembly,
    ngx_game_chunk_t *chunk, u_char *data, size_t len);


static ngx_game_channel_t  ngx_game_channel;


ngx_int_t
ngx_game_channel_init(ngx_cycle_t *cycle, ngx_game_channel_record_pt record,
    ngx_game_channel_drain_pt drain, ngx_game_channel_record_pt lost)
{
    ngx_game_channel_t  *ch;

    ch = &ngx_game_channel;

    if (ngx_game_rings_init(cycle) != NGX_OK
        || ngx_game_inbox_init(cycle, record) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ch->n = ngx_game_zone_parts()->slots;
    ch->own = ngx_game_slot_of(ngx_game_worker.epoch);
    ch->size = ngx_game_rings_size();
    ch->log = cycle->log;
    ch->drain = drain;
    ch->lost = lost;

    ch->dummy.fd = (ngx_socket_t) -1;

    ngx_game_channel_event_init(&ch->flush, ngx_game_channel_flush);
    ngx_game_channel_event_init(&ch->again, ngx_game_channel_again);
    ngx_game_channel_event_init(&ch->timer, ngx_game_channel_timer);

    if (ngx_game_channel_listen(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    ch->peers = ngx_pcalloc(cycle->pool,
                            ch->n * sizeof(ngx_game_channel_peer_t));
    if (ch->peers == NULL) {
        return NGX_ERROR;
    }

    /* what lies in the rings is for former workers of this slot; a look in the
     * first turn also covers what was written before the eventfd was read */

    ch->timer.cancelable = 1;
    ngx_add_timer(&ch->timer, 0);

    ngx_game_peer_on_drain(ngx_game_channel_death);

    return NGX_OK;
}


static ngx_int_t
ngx_game_channel_listen(ngx_cycle_t *cycle)
{
    ngx_connection_t  *c;

    /* as ngx_add_channel_event(), that does not return the connection */

    c = ngx_get_connection(ngx_game_slot_eventfd(ngx_game_channel.own),
                           cycle->log);
    if (c == NULL) {
        return NGX_ERROR;
    }

    c->log = cycle->log;
    c->read->log = cycle->log;
    c->write->log = cycle->log;
    c->read->handler = ngx_game_channel_woken;

    /* a channel is not counted as an open socket at the exit */

    c->read->channel = 1;
    c->write->channel = 1;

    /* idle: the handler is called with c->close as a graceful exit begins */

    c->idle = 1;

    if (ngx_add_event(c->read, NGX_READ_EVENT, 0) == NGX_ERROR) {
        ngx_free_connection(c);
        c->fd = (ngx_socket_t) -1;
        return NGX_ERROR;
    }

    ngx_game_channel.connection = c;

    return NGX_OK;
}


static void
ngx_game_channel_event_init(ngx_event_t *ev, ngx_event_handler_pt handler)
{
    ngx_memzero(ev, sizeof(ngx_event_t));

    ev->handler = handler;
    ev->data = &ngx_game_channel.dummy;
    ev->log = ngx_game_channel.log;
}


void
ngx_game_channel_done(void)
{
    ngx_uint_t                i;
    ngx_connection_t         *c;
    ngx_game_channel_t       *ch;
    ngx_game_channel_peer_t  *peer;

    ch = &ngx_game_channel;

    if (ch->peers == NULL) {
        return;
    }

    for (i = 0; i < ch->n; i++) {
        peer = &ch->peers[i];

        if (peer->spill.first) {
            (void) ngx_game_channel_feed(peer);
            ngx_game_channel_forget(peer);
        }

        if (peer->dirty) {
            ngx_game_slot_wake(i);
        }
    }

    ngx_game_peer_on_drain(NULL);
    ngx_game_inbox_done();

    if (ch->timer.timer_set) {
        ngx_del_timer(&ch->timer);
    }

    if (ch->flush.posted) {
        ngx_delete_posted_event(&ch->flush);
    }

    if (ch->again.posted) {
        ngx_delete_posted_event(&ch->again);
    }

    /* the eventfd itself belongs to the slot */

    c = ch->connection;

    (void) ngx_del_event(c->read, NGX_READ_EVENT, 0);
    ngx_free_connection(c);
    c->fd = (ngx_socket_t) -1;

    ch->peers = NULL;
}


void
ngx_game_channel_on_exit(void (*handler)(void))
{
    ngx_game_channel.exit = handler;
}


ngx_int_t
ngx_game_channel_send(uint64_t dst, ngx_game_record_t *record,
    const ngx_str_t *parts, ngx_uint_t n)
{
    return ngx_game_channel_put(dst, record, parts, n,
                                NGX_GAME_CHANNEL_LIMIT);
}


ngx_int_t
ngx_game_channel_tell(uint64_t dst, ngx_game_record_t *record,
    const ngx_str_t *parts, ngx_uint_t n)
{
    return ngx_game_channel_put(dst, record, parts, n, NGX_MAX_SIZE_T_VALUE);
}


static ngx_int_t
ngx_game_channel_put(uint64_t dst, ngx_game_record_t *record,
    const ngx_str_t *parts, ngx_uint_t n, size_t limit)
{
    size_t                    len;
    ngx_uint_t                i;
    ngx_game_channel_t       *ch;
    ngx_game_channel_peer_t  *peer;

    ch = &ngx_game_channel;

    if (ch->peers == NULL) {
        return NGX_DECLINED;
    }

    if (!ngx_game_peer_alive(dst)) {
        ngx_game_count(ring_dropped, 1);
        return NGX_DECLINED;
    }

    if (dst == ngx_game_worker.epoch || n > NGX_GAME_CHANNEL_PARTS) {
        ngx_log_error(NGX_LOG_ALERT, ch->log, 0,
                      "record %ui of %ui parts can't be sent to slot %ui",
                      (ngx_uint_t) record->type, n, ngx_game_slot_of(dst));
        return NGX_ERROR;
    }

    len = 0;

    for (i = 0; i < n; i++) {
        len += parts[i].len;
    }

    peer = ngx_game_channel_to(dst);

    if (peer == NULL || len > NGX_GAME_CHANNEL_MAX) {
        return NGX_ERROR;
    }

    record->src = ngx_game_worker.epoch;

    if (peer->spill.first
        || !ngx_game_chunk_fits(peer->ring, ch->size, len))
    {
        return (peer->spill.size < limit)
               ? ngx_game_channel_queue(peer, record, parts, n) : NGX_ERROR;
    }

    return ngx_game_channel_write(peer, record, parts, n, len);
}


/* the destination, and its ring; NULL: no ring is left */

static ngx_game_channel_peer_t *
ngx_game_channel_to(uint64_t dst)
{
    ngx_uint_t                i;
    ngx_game_channel_peer_t  *peer;

    i = ngx_game_slot_of(dst);
    peer = &ngx_game_channel.peers[i];

    if (peer->dst != dst) {

        /* what waits is for a former worker of the slot */

        ngx_game_channel_forget(peer);
        peer->dst = dst;
        peer->wake = 1;
    }

    if (peer->ring == NULL) {
        peer->ring = ngx_game_rings_get(ngx_game_channel.own, i);
    }

    return peer->ring ? peer : NULL;
}


/* a whole record, that fits in */

static ngx_int_t
ngx_game_channel_write(ngx_game_channel_peer_t *peer,
    ngx_game_record_t *record, const ngx_str_t *parts, ngx_uint_t n,
    size_t len)
{
    int      empty;
    size_t   sent;
    ssize_t  size;

    sent = 0;

    do {
        size = ngx_game_chunk_write(peer->ring, ngx_game_channel.size,
                                    peer->dst, record, parts, n, len, sent,
                                    &empty);

        if (size == NGX_AGAIN) {

            /* only if the memory was damaged since ngx_game_chunk_fits() */

            return NGX_ERROR;
        }

        sent += size;
        peer->wake |= empty;

    } while (sent < len);

    ngx_game_count(ring_out, 1);

    /* who has not come to what was written before is awake, or woken */

    if (peer->wake) {
        ngx_game_channel_dirty(peer);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_game_channel_queue(ngx_game_channel_peer_t *peer,
    ngx_game_record_t *record, const ngx_str_t *parts, ngx_uint_t n)
{
    if (ngx_game_spill_add(&peer->spill, record, parts, n,
                           ngx_game_channel.log)
        == NULL)
    {
        return NGX_ERROR;
    }

    peer->listed++;

    ngx_game_count(ring_out, 1);
    ngx_game_count(ring_spilled, 1);

    (void) ngx_game_channel_feed(peer);
    ngx_game_channel_dirty(peer);

    if (peer->spill.size > NGX_GAME_CHANNEL_MARK) {
        peer->over = 1;
    }

    return peer->over ? NGX_AGAIN : NGX_OK;
}


/* moves what fits from the list to the ring; 1 if anything was moved */

static ngx_uint_t
ngx_game_channel_feed(ngx_game_channel_peer_t *peer)
{
    ssize_t              n;
    ngx_str_t            part;
    ngx_uint_t           moved, starved;
    ngx_game_spilled_t  *one;

    moved = 0;
    starved = 0;

    while (peer->spill.first) {
        one = peer->spill.first;

        part.len = one->len;
        part.data = one->data;

        n = ngx_game_chunk_write(peer->ring, ngx_game_channel.size, peer->dst,
                                 &one->record, &part, 1, one->len, one->sent,
                                 NULL);

        if (n == NGX_AGAIN) {

            if (starved) {
                break;
            }

            /* the ring may have been emptied just before the flag was set */

            game_ring_starve(peer->ring);
            starved = 1;
            continue;
        }

        moved = 1;
        starved = 0;
        one->sent += n;

        if (one->sent == one->len) {
            ngx_game_spill_remove(&peer->spill);
            ngx_game_channel_has_fed(peer);
        }
    }

    return moved;
}


/* drops the list */

static void
ngx_game_channel_forget(ngx_game_channel_peer_t *peer)
{
    ngx_uint_t  n;

    n = ngx_game_spill_clear(&peer->spill);

    if (n) {
        ngx_game_count(ring_dropped, n);
    }

    peer->over = 0;
    peer->listed = peer->fed;

    if (ngx_game_channel.fed) {
        ngx_game_zone_set(
             &ngx_game_channel.fed[peer - ngx_game_channel.peers].dst, 0);
    }
}


static void
ngx_game_channel_dirty(ngx_game_channel_peer_t *peer)
{
    peer->dirty = 1;

    ngx_post_event(&ngx_game_channel.flush, &ngx_posted_events);
}


static void
ngx_game_channel_flush(ngx_event_t *ev)
{
    uint64_t                  dst;
    ngx_uint_t                i;
    ngx_game_channel_t       *ch;
    ngx_game_channel_peer_t  *peer;

    ch = &ngx_game_channel;

    for (i = 0; i < ch->n; i++) {
        peer = &ch->peers[i];

        if (peer->dirty) {
            peer->dirty = 0;
            peer->wake = 0;
            ngx_game_slot_wake(i);
        }
    }

    for (i = 0; i < ch->n; i++) {
        peer = &ch->peers[i];

        if (peer->over && peer->spill.size <= NGX_GAME_CHANNEL_MARK) {
            peer->over = 0;
            dst = peer->dst;
            ch->drain(dst);
        }
    }
}


uint64_t
ngx_game_channel_waits(uint64_t dst)
{
    ngx_game_channel_peer_t  *peer;

    if (ngx_game_channel.peers == NULL
        || ngx_game_slot_of(dst) >= ngx_game_channel.n)
    {
        return 0;
    }

    peer = &ngx_game_channel.peers[ngx_game_slot_of(dst)];

    return (peer->dst == dst && peer->spill.first) ? peer->listed : 0;
}


void
ngx_game_channel_tell_fed(ngx_game_channel_fed_t *fed)
{
    ngx_game_channel.fed = fed;
}


/* dst last: until then the count is of no use to anybody */

static void
ngx_game_channel_has_fed(ngx_game_channel_peer_t *peer)
{
    ngx_game_channel_fed_t  *fed;

    peer->fed++;

    if (ngx_game_channel.fed) {
        fed = &ngx_game_channel.fed[peer - ngx_game_channel.peers];

        ngx_game_zone_set(&fed->count, peer->fed);
        atomic_store_explicit(&fed->dst, peer->dst, memory_order_release);
    }
}


size_t
ngx_game_channel_depth(uint64_t dst)
{
    size_t                    used;
    ngx_game_channel_peer_t  *peer;

    if (ngx_game_channel.peers == NULL
        || ngx_game_slot_of(dst) >= ngx_game_channel.n)
    {
        return 0;
    }

    peer = &ngx_game_channel.peers[ngx_game_slot_of(dst)];

    if (peer->dst != dst || peer->ring == NULL || !ngx_game_peer_alive(dst)) {
        return 0;
    }

    used = game_ring_used(peer->ring);

    return ngx_min(used, ngx_game_channel.size) + peer->spill.size;
}


/* the eventfd: there are records, or room for them, or new workers */

static void
ngx_game_channel_woken(ngx_event_t *ev)
{
    uint64_t           count;
    ngx_connection_t  *c;

    c = ev->data;

    if (c->close) {
        c->close = 0;
        ngx_game_channel_begin_exit();
        return;
    }

    if (read(c->fd, &count, sizeof(uint64_t)) == -1
        && ngx_errno != NGX_EAGAIN)
    {
        ngx_log_error(NGX_LOG_ALERT, ev->log, ngx_errno,
                      "read() of an eventfd failed");
    }

    ngx_game_peer_refresh();
    ngx_game_channel_round();
}


static void
ngx_game_channel_begin_exit(void)
{
    ngx_game_channel_t  *ch;

    ch = &ngx_game_channel;

    if (ch->exiting) {
        return;
    }

    ch->exiting = 1;
    ch->deadline = ngx_current_msec + NGX_GAME_CHANNEL_LINGER;

    if (ch->exit) {
        ch->exit();
    }

    /* nginx 1.22 may exit before it runs posted events */

    ngx_game_channel_flush(&ch->flush);
    ngx_game_channel_hold();
}


static void
ngx_game_channel_again(ngx_event_t *ev)
{
    ngx_game_channel_round();
}


static void
ngx_game_channel_timer(ngx_event_t *ev)
{
    ngx_game_channel_round();

    ngx_add_timer(ev, NGX_GAME_CHANNEL_PERIOD);
}


/* an exiting worker stays while a list is not empty, for a bounded time */

static void
ngx_game_channel_hold(void)
{
    ngx_uint_t           i, waits;
    ngx_game_channel_t  *ch;

    ch = &ngx_game_channel;

    if (!ch->exiting) {
        return;
    }

    waits = 0;

    if ((ngx_msec_int_t) (ch->deadline - ngx_current_msec) > 0) {

        for (i = 0; i < ch->n && !waits; i++) {
            waits = (ch->peers[i].spill.first != NULL);
        }
    }

    ch->timer.cancelable = !waits;
}


/* receives from all, and feeds all rings that have lists */

static void
ngx_game_channel_round(void)
{
    ngx_uint_t                i, k, more;
    ngx_game_channel_t       *ch;
    ngx_game_channel_peer_t  *peer;

    ch = &ngx_game_channel;

    more = 0;

    for (k = 0; k < ch->n; k++) {
        i = (ch->first + k) % ch->n;

        if (i != ch->own) {
            more |= ngx_game_inbox_receive(i);
        }
    }

    ch->first = (ch->first + 1) % ch->n;

    for (i = 0; i < ch->n; i++) {
        peer = &ch->peers[i];

        if (peer->spill.first && ngx_game_channel_feed(peer)) {
            ngx_game_channel_dirty(peer);
        }
    }

    ngx_game_channel_hold();

    if (more) {
        ngx_post_event(&ch->again, &ngx_posted_next_events);
    }
}


/* what a dead worker has sent comes before its death is reported */

static void
ngx_game_channel_death(uint64_t epoch)
{
    ngx_game_channel_peer_t  *peer;

    peer = &ngx_game_channel.peers[ngx_game_slot_of(epoch)];

    if (peer->dst == epoch) {
        ngx_game_channel_reclaim(peer);
        ngx_game_channel_forget(peer);
    }

    ngx_game_inbox_death(epoch);
}


/* what a dead worker did not take in: first what is in the ring, which nobody
 * reads before all have seen that death, see ngx_game_slot.c; then the list,
 * whose first record may have its begin there */

static void
ngx_game_channel_reclaim(ngx_game_channel_peer_t *peer)
{
    long                  len;
    u_char               *buf, *data;
    uint64_t              at;
    game_ring_t          *ring;
    ngx_game_chunk_t      chunk;
    ngx_game_spilled_t   *one;
    ngx_game_assembly_t   assembly;

    ring = peer->ring;

    if (ring == NULL) {
        return;
    }

    buf = ngx_alloc(ngx_game_channel.size / 4, ngx_game_channel.log);
    if (buf == NULL) {
        return;
    }

    ngx_memzero(&assembly, sizeof(ngx_game_assembly_t));
    at = game_ring_left(ring);

    for ( ;; ) {
        len = game_ring_look(ring, ngx_game_channel.size, &at, buf,
                             ngx_game_channel.size / 4, &data);

        if (len <= 0
            || ngx_game_chunk_parse(&chunk, data, (size_t) len) != NGX_OK)
        {
            break;
        }

        if (chunk.dst == peer->dst) {
            ngx_game_channel_regain(&assembly, &chunk,
                                    data + sizeof(ngx_game_chunk_t),
                                    len - sizeof(ngx_game_chunk_t));
        }
    }

    ngx_game_chunk_free(&assembly);
    ngx_free(buf);

    for (one = peer->spill.first; one; one = one->next) {
        ngx_game_channel.lost(&one->record, one->data, one->len);
    }
}


/* a record whose begin was taken in already is not whole, and lost */

static void
ngx_game_channel_regain(ngx_game_assembly_t *assembly,
    ngx_game_chunk_t *chunk, u_char *data, size_t len)
{
    if (len == chunk->total) {
        ngx_game_channel.lost(&chunk->record, data, len);
        return;
    }

    if (ngx_game_chunk_join(assembly, chunk, data, len, ngx_game_channel.log)
        == NGX_AGAIN)
    {
        return;
    }

    if (assembly->data && assembly->len == assembly->total) {
        ngx_game_channel.lost(&chunk->record, assembly->data,
                              assembly->total);
    }

    ngx_game_chunk_free(assembly);
}
