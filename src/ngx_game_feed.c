
/*
 * Copyright (C) ngx_game authors
 *
 * Feeds.  A broadcast is appended to the feed's block; where a session has
 * got to is `taken`, in bytes of the feed.  At the end of the turn a session
 * with nothing else to send is written to straight from the block; for the
 * others, and for what a socket does not take, the run is queued by reference.
 *
 * What differs from session to session (deflate, several codecs in one room)
 * goes the way of a message to one.
 */


#include "ngx_game_transport.h"
#include "ngx_game_prefetch.h"


/* what is pending at most before it is sent within the turn */
#define NGX_GAME_FEED_MAX       (64 * 1024)

/* players that a message can except without being sent one by one */
#define NGX_GAME_FEED_EXCEPT    8


static ngx_uint_t ngx_game_feed_shared(ngx_game_feed_t *feed,
    ngx_game_codec_e codec, size_t len, ngx_uint_t n);
static void ngx_game_feed_fail(ngx_game_feed_t *feed);
static ngx_int_t ngx_game_feed_append(ngx_game_feed_t *feed,
    ngx_game_frame_t *frame);
static ngx_int_t ngx_game_feed_reserve(ngx_game_feed_t *feed,
    size_t size);
static ngx_game_session_t *ngx_game_feed_member(ngx_game_feed_t *feed,
    const u_char *id);
static void ngx_game_feed_each(ngx_game_feed_t *feed,
    ngx_game_codec_e codec, ngx_game_frame_t *frame, const u_char *except,
    ngx_uint_t n);
static ngx_uint_t ngx_game_feed_excepted(uint64_t player,
    const u_char *except, ngx_uint_t n);
static void ngx_game_feed_event(ngx_event_t *ev);
static void ngx_game_feed_flush(ngx_game_feed_t *feed);
static void ngx_game_feed_prefetch(ngx_queue_t *next, ngx_queue_t *end);
static void ngx_game_feed_prefetch_session(ngx_queue_t *q);
static void ngx_game_feed_write(ngx_game_session_t *s,
    ngx_game_feed_t *feed);
static ngx_uint_t ngx_game_feed_messages(ngx_game_feed_t *feed,
    uint32_t len);


/* this worker's: those with something pending */
static ngx_queue_t  ngx_game_feeds;
static ngx_event_t  ngx_game_feed_end_of_turn;


void
ngx_game_feed_init(ngx_game_feed_t *feed)
{
    ngx_memzero(feed, sizeof(ngx_game_feed_t));
    ngx_queue_init(&feed->sessions);
}


void
ngx_game_feed_done(ngx_game_feed_t *feed)
{
    if (feed->block) {
        ngx_queue_remove(&feed->link);
        ngx_game_block_release(feed->block);
        feed->block = NULL;
    }
}


void
ngx_game_feed_join(ngx_game_feed_t *feed, ngx_game_session_t *s)
{
    ngx_queue_insert_tail(&feed->sessions, &s->link);

    feed->count++;
    feed->codecs[s->codec]++;
    feed->zipped += (s->zip != NULL);

    s->feed = feed;
    s->taken = feed->end;
}


void
ngx_game_feed_leave(ngx_game_session_t *s)
{
    ngx_game_feed_t  *feed;

    feed = s->feed;

    ngx_queue_remove(&s->link);

    feed->count--;
    feed->codecs[s->codec]--;
    feed->zipped -= (s->zip != NULL);

    s->feed = NULL;
}


void
ngx_game_feed_send(ngx_game_feed_t *feed, ngx_game_codec_e codec,
    ngx_game_kind_e kind, const ngx_str_t *payload, const u_char *except,
    ngx_uint_t n)
{
    ngx_uint_t           i;
    ngx_game_frame_t     frame;
    ngx_game_session_t  *s;

    ngx_game_frame_init(&frame, kind, payload->data, payload->len);

    if (!ngx_game_feed_shared(feed, codec, payload->len, n)) {
        ngx_game_feed_each(feed, codec, &frame, except, n);
        ngx_game_frame_done(&frame);
        return;
    }

    /* who is excepted gets what came before, and passes over this one */

    for (i = 0; i < n; i++) {
        s = ngx_game_feed_member(feed, except + i * sizeof(uint64_t));

        if (s) {
            ngx_game_feed_take(s);
        }
    }

    if (ngx_game_feed_append(feed, &frame) != NGX_OK) {
        ngx_game_feed_fail(feed);
        return;
    }

    for (i = 0; i < n; i++) {
        s = ngx_game_feed_member(feed, except + i * sizeof(uint64_t));

        if (s) {
            s->taken = feed->end;
        }
    }
}


/* no memory: none of them goes on without the message, as if it had got it */

static void
ngx_game_feed_fail(ngx_game_feed_t *feed)
{
    ngx_queue_t  *q;

    for (q = ngx_queue_head(&feed->sessions);
         q != ngx_queue_sentinel(&feed->sessions);
         q = ngx_queue_next(q))
    {
        ngx_game_close_end(ngx_queue_data(q, ngx_game_session_t, link),
                           NGX_GAME_ERROR);
    }
}


static ngx_uint_t
ngx_game_feed_shared(ngx_game_feed_t *feed, ngx_game_codec_e codec,
    size_t len, ngx_uint_t n)
{
    return feed->codecs[codec] == feed->count
           && feed->zipped == 0
           && len <= NGX_GAME_FEED_MAX / 2
           && n <= NGX_GAME_FEED_EXCEPT;
}


static ngx_int_t
ngx_game_feed_append(ngx_game_feed_t *feed, ngx_game_frame_t *frame)
{
    size_t        size;
    ngx_queue_t  *first;

    first = ngx_queue_head(&feed->sessions);

    ngx_game_feed_prefetch_session(first);

    if (ngx_game_feed_reserve(feed, ngx_game_frame_size(frame))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    size = ngx_game_block_frame(feed->block, frame->opcode, 0,
                                frame->payload, frame->len);

    feed->end += size;
    feed->pending += size;
    feed->messages++;

    ngx_game_feed_prefetch(first, ngx_queue_sentinel(&feed->sessions));

    return NGX_OK;
}


/* a block with room for so many bytes, that ends with what is pending */

static ngx_int_t
ngx_game_feed_reserve(ngx_game_feed_t *feed, size_t size)
{
    ngx_game_block_t  *block, *old;

    if (feed->pending + size > NGX_GAME_FEED_MAX) {
        ngx_game_feed_flush(feed);
    }

    old = feed->block;

    if (old && ngx_game_block_left(old) >= size) {
        return NGX_OK;
    }

    size = old ? NGX_GAME_FEED_MAX : ngx_max(size, NGX_GAME_BLOCK_SIZE);

    block = ngx_game_block_create(size);
    if (block == NULL) {
        return NGX_ERROR;
    }

    feed->block = block;

    if (old) {
        ngx_memcpy(block->data, old->data + old->len - feed->pending,
                   feed->pending);
        block->len = feed->pending;

        ngx_game_block_release(old);
        return NGX_OK;
    }

    if (ngx_game_feed_end_of_turn.handler == NULL) {
        ngx_queue_init(&ngx_game_feeds);

        ngx_game_feed_end_of_turn.handler = ngx_game_feed_event;
        ngx_game_feed_end_of_turn.log = ngx_cycle->log;
    }

    ngx_queue_insert_tail(&ngx_game_feeds, &feed->link);

    ngx_post_event((&ngx_game_feed_end_of_turn), &ngx_posted_events);

    return NGX_OK;
}


static ngx_game_session_t *
ngx_game_feed_member(ngx_game_feed_t *feed, const u_char *id)
{
    uint64_t             player;
    ngx_game_session_t  *s;

    ngx_memcpy(&player, id, sizeof(uint64_t));

    s = ngx_game_session_find(player);

    return (s && s->feed == feed) ? s : NULL;
}


/* a session leaves the feed in a later event, never from within send */

static void
ngx_game_feed_each(ngx_game_feed_t *feed, ngx_game_codec_e codec,
    ngx_game_frame_t *frame, const u_char *except, ngx_uint_t n)
{
    ngx_queue_t         *q, *next;
    ngx_game_session_t  *s;

    for (q = ngx_queue_head(&feed->sessions);
         q != ngx_queue_sentinel(&feed->sessions);
         q = next)
    {
        next = ngx_queue_next(q);
        s = ngx_queue_data(q, ngx_game_session_t, link);

        if (s->codec == codec
            && (n == 0 || !ngx_game_feed_excepted(s->player, except, n)))
        {
            ngx_game_session_send_frame(s, frame);
        }
    }
}


static ngx_uint_t
ngx_game_feed_excepted(uint64_t player, const u_char *except, ngx_uint_t n)
{
    while (n--) {
        if (ngx_memcmp(except, &player, sizeof(uint64_t)) == 0) {
            return 1;
        }

        except += sizeof(uint64_t);
    }

    return 0;
}


static void
ngx_game_feed_event(ngx_event_t *ev)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&ngx_game_feeds)) {
        q = ngx_queue_head(&ngx_game_feeds);
        ngx_game_feed_flush(ngx_queue_data(q, ngx_game_feed_t, link));
    }
}


void
ngx_game_feed_end_turn(void)
{
    ngx_event_t  *ev;

    ev = &ngx_game_feed_end_of_turn;

    if (ev->posted) {
        ngx_delete_posted_event(ev);
        ngx_game_feed_event(ev);
    }
}


static void
ngx_game_feed_flush(ngx_game_feed_t *feed)
{
    ngx_queue_t         *q, *end;
    ngx_game_session_t  *s;

    if (feed->block == NULL) {
        return;
    }

    end = ngx_queue_sentinel(&feed->sessions);

    for (q = ngx_queue_head(&feed->sessions); q != end;
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_game_session_t, link);

        ngx_game_feed_prefetch(ngx_queue_next(q), end);

        if (s->taken != feed->end) {
            ngx_game_feed_write(s, feed);
        }
    }

    ngx_queue_remove(&feed->link);
    ngx_game_block_release(feed->block);

    feed->block = NULL;
    feed->pending = 0;
    feed->messages = 0;
}


/*
 * The kernel's work for one session drives all others out of the caches: the
 * counters of the next one, and the session after it, are fetched meanwhile.
 */

static void
ngx_game_feed_prefetch(ngx_queue_t *next, ngx_queue_t *end)
{
    ngx_game_session_t  *s;

    if (next == end) {
        return;
    }

    s = ngx_queue_data(next, ngx_game_session_t, link);

    __builtin_prefetch(&s->cold->bytes_out, 1);

    ngx_game_feed_prefetch_session(ngx_queue_next(next));
}


static void
ngx_game_feed_prefetch_session(ngx_queue_t *q)
{
    ngx_game_session_t  *s;

    s = ngx_queue_data(q, ngx_game_session_t, link);

    __builtin_prefetch(&s->link);
    __builtin_prefetch(&s->taken, 1);
    __builtin_prefetch(&s->cold);
}


/* what can't be written at once is queued, and if that is for an error, it is
 * met again there.  nginx's own send() looks at the connection, its event and
 * its log, none of which is in the caches */

static void
ngx_game_feed_write(ngx_game_session_t *s, ngx_game_feed_t *feed)
{
    size_t             len;
    ssize_t            n;
    uint32_t           start;
    ngx_uint_t         messages;
    ngx_game_block_t  *block;

    if (s->closing || s->ended || !s->ready || s->out || s->tls) {
        ngx_game_feed_take(s);
        return;
    }

    block = feed->block;
    len = feed->end - s->taken;
    start = block->len - len;

    messages = ngx_game_feed_messages(feed, len);

    if (s->guarded) {
        ngx_game_guard_writes(s, len, messages);
    }

    ngx_game_prefetch_some();

    n = send(s->fd, block->data + start, len, 0);

    if (n == (ssize_t) len) {
        ngx_game_output_count(s, len, messages);
        s->taken = feed->end;
        return;
    }

    if (n <= 0) {
        ngx_game_feed_take(s);
        return;
    }

    ngx_game_output_count(s, n, 0);
    s->taken = feed->end;

    if (ngx_game_output_block(s, block, start, start + n, block->len, messages)
        != NGX_OK)
    {
        ngx_game_close_end(s, NGX_GAME_ERROR);
        return;
    }

    ngx_game_session_wake(s);
}


void
ngx_game_feed_run(ngx_game_session_t *s)
{
    uint32_t           len;
    ngx_uint_t         messages;
    ngx_game_feed_t   *feed;
    ngx_game_block_t  *block;

    feed = s->feed;
    len = feed->end - s->taken;
    s->taken = feed->end;

    if (s->closing || s->ended) {
        return;
    }

    block = feed->block;
    messages = ngx_game_feed_messages(feed, len);

    /* one message of any size may wait, several not */

    if (ngx_game_output_over(s, len)
        || (messages > 1 && len > s->conf->send_buffer))
    {
        ngx_game_output_slow(s);
        return;
    }

    if (ngx_game_output_run(s, block, block->len - len, messages) != NGX_OK)
    {
        ngx_game_close_end(s, NGX_GAME_ERROR);
        return;
    }

    ngx_game_session_wake(s);
}


/* of the last bytes of what is pending */

static ngx_uint_t
ngx_game_feed_messages(ngx_game_feed_t *feed, uint32_t len)
{
    ngx_game_block_t  *block;

    if (len == feed->pending) {
        return feed->messages;
    }

    block = feed->block;

    return ngx_game_block_messages(block, block->len - len, block->len);
}
