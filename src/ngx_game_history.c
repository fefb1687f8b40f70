
/*
 * Copyright (C) ngx_game authors
 *
 * A ring of events in the room's memory of the store, written by its owner
 * alone and without a lock.  An event is published by one store of `head`, and
 * what it is to overwrite is given up by one of `tail` before that: whenever
 * the owner is killed, what lies between is whole.
 *
 * A player's number is the room's count of broadcasts in its codec and an
 * offset of its own: so a broadcast costs the same whoever gets it.
 */


#include "ngx_game_history.h"
#include "ngx_game_registry.h"
#include "ngx_game_store.h"
#include "ngx_game_sync.h"
#include "ngx_game_token.h"
#include "ngx_game_zone.h"


/* what it begins with, bytes: it grows as it is needed */
#define NGX_GAME_HISTORY_LEAST  4096

/* seconds after which memory is asked for again, if there was none */
#define NGX_GAME_HISTORY_AGAIN  1

/* more than a room sends while it could have been counted: who is told of such
 * a gap can't be sent what it has missed */
#define NGX_GAME_HISTORY_GAP    ((uint64_t) 1 << 40)

/* no player has this id */
#define NGX_GAME_HISTORY_NOBODY  UINT64_MAX

#define ngx_game_history_aligned(len)  ngx_align((uint64_t) (len), 8)


/* what the memory begins with; positions are bytes ever */
struct ngx_game_history_s {
    uint64_t                   room;
    uint64_t                   size;          /* of data, a multiple of 8 */
    _Atomic uint64_t           tail;
    _Atomic uint64_t           head;
    u_char                     data[];
};


/* followed by the ids and the payload, and filled up to a multiple of 8 */
typedef struct {
    uint32_t                   len;           /* of the payload */
    uint16_t                   except;        /* number of ids */
    uint8_t                    codec;
    uint8_t                    kind;
    uint64_t                   player;        /* 0: broadcast */
} ngx_game_event_t;


#define ngx_game_history_event_size(event)                                    \
    ngx_game_history_aligned(sizeof(ngx_game_event_t)                         \
                             + (event)->except * sizeof(uint64_t)             \
                             + (event)->len)


static void ngx_game_history_add(ngx_game_room_t *room,
    ngx_game_event_t *event, const u_char *except, const u_char *payload);
static ngx_game_history_t *ngx_game_history_grow(ngx_game_room_t *room,
    size_t size);
static void ngx_game_history_forget(ngx_game_room_t *room);
static void ngx_game_history_append(ngx_game_history_t *history,
    ngx_game_event_t *event, const u_char *except, const u_char *payload);
static void ngx_game_history_make_room(ngx_game_history_t *history,
    size_t size);
static void ngx_game_history_write(ngx_game_history_t *history, uint64_t at,
    const void *data, size_t len);
static void ngx_game_history_read(ngx_game_history_t *history, uint64_t at,
    void *data, size_t len);
static ngx_uint_t ngx_game_history_sent_to(ngx_game_history_t *history,
    uint64_t at, ngx_game_event_t *event, ngx_game_player_t *player);
static ngx_uint_t ngx_game_history_excepted(ngx_game_history_t *history,
    uint64_t at, ngx_game_event_t *event, uint64_t player);
static uint64_t ngx_game_history_kept(ngx_game_player_t *player);
static void ngx_game_history_break(ngx_game_player_t *player);
static void ngx_game_history_recount(ngx_game_room_t *room, uint64_t at);
static void ngx_game_history_count_except(ngx_game_room_t *room,
    ngx_game_codec_e codec, const u_char *except, ngx_uint_t n);


static time_t  ngx_game_history_none;         /* when there was no memory */


void
ngx_game_history_broadcast(ngx_game_room_t *room, ngx_game_codec_e codec,
    ngx_game_kind_e kind, const ngx_str_t *payload, const u_char *except,
    ngx_uint_t n)
{
    ngx_game_event_t  event;

    if (!room->resumable) {
        return;
    }

    room->broadcasts[codec]++;

    ngx_game_history_count_except(room, codec, except, n);

    if (n > UINT16_MAX || payload->len > UINT32_MAX / 2) {
        ngx_game_history_forget(room);
        return;
    }

    event.len = payload->len;
    event.except = n;
    event.codec = codec;
    event.kind = kind;
    event.player = 0;

    ngx_game_history_add(room, &event, except, payload->data);
}


/* they were not sent what was just counted; an id may come twice */

static void
ngx_game_history_count_except(ngx_game_room_t *room, ngx_game_codec_e codec,
    const u_char *except, ngx_uint_t n)
{
    uint64_t            id;
    ngx_game_resume_t  *resume;
    ngx_game_player_t  *player;

    while (n--) {
        ngx_memcpy(&id, except, sizeof(uint64_t));
        except += sizeof(uint64_t);

        player = ngx_game_player_find(id);

        if (player && player->room == room && player->codec == codec
            && ngx_game_player_resumable(player)
            && player->resume->excepted != room->broadcasts[codec])
        {
            resume = ngx_game_player_resume(player);
            resume->excepted = room->broadcasts[codec];
            resume->sent--;
        }
    }
}


void
ngx_game_history_send(ngx_game_player_t *player, ngx_game_kind_e kind,
    const ngx_str_t *payload)
{
    ngx_game_event_t  event;

    ngx_game_player_resume(player)->sent++;

    if (payload->len > UINT32_MAX / 2) {
        ngx_game_history_forget(player->room);
        return;
    }

    event.len = payload->len;
    event.except = 0;
    event.codec = player->codec;
    event.kind = kind;
    event.player = player->id;

    ngx_game_history_add(player->room, &event, NULL, payload->data);
}


uint64_t
ngx_game_history_count(ngx_game_player_t *player)
{
    if (!ngx_game_player_resumable(player)) {
        return 0;
    }

    return player->room->broadcasts[player->codec] + player->resume->sent;
}


void
ngx_game_history_set_count(ngx_game_player_t *player, uint64_t count)
{
    ngx_game_resume_t  *resume;

    if (ngx_game_player_resumable(player)) {
        resume = ngx_game_player_resume(player);
        resume->sent = count - player->room->broadcasts[player->codec];
        resume->excepted = 0;
    }
}


static void
ngx_game_history_add(ngx_game_room_t *room, ngx_game_event_t *event,
    const u_char *except, const u_char *payload)
{
    size_t               size;
    uint64_t             used;
    ngx_game_history_t  *history;

    history = room->history;
    size = ngx_game_history_event_size(event);

    if (size > room->game->replay) {
        ngx_game_history_forget(room);
        return;
    }

    used = history ? ngx_game_zone_get(&history->head)
                     - ngx_game_zone_get(&history->tail)
                   : 0;

    if (history == NULL
        || (used + size > history->size
            && history->size < room->game->replay))
    {
        history = ngx_game_history_grow(room, used + size);
    }

    if (history == NULL || size > history->size) {
        ngx_game_history_forget(room);
        return;
    }

    ngx_game_history_append(history, event, except, payload);
}


/* an event that fits into it, in place of the oldest ones */

static void
ngx_game_history_append(ngx_game_history_t *history, ngx_game_event_t *event,
    const u_char *except, const u_char *payload)
{
    size_t    size, ids;
    uint64_t  head;

    size = ngx_game_history_event_size(event);

    ngx_game_history_make_room(history, size);

    head = ngx_game_zone_get(&history->head);
    ids = event->except * sizeof(uint64_t);

    ngx_game_history_write(history, head, event, sizeof(ngx_game_event_t));
    ngx_game_history_write(history, head + sizeof(ngx_game_event_t), except,
                           ids);
    ngx_game_history_write(history, head + sizeof(ngx_game_event_t) + ids,
                           payload, event->len);

    atomic_store_explicit(&history->head, head + size, memory_order_release);
}


/* a larger one with what is kept, or, if there is no memory, the former one */

static ngx_game_history_t *
ngx_game_history_grow(ngx_game_room_t *room, size_t size)
{
    size_t               len;
    u_char               part[1024];
    uint64_t             at, head;
    ngx_uint_t           entry;
    ngx_game_history_t  *history, *former;

    former = room->history;

    if (ngx_time() - ngx_game_history_none < NGX_GAME_HISTORY_AGAIN
        || ngx_game_registry_entry(room->id, &entry) != NGX_OK)
    {
        return former;
    }

    size = ngx_max(size, NGX_GAME_HISTORY_LEAST);

    if (former) {
        size = ngx_max(size, 2 * former->size);
    }

    size = ngx_game_history_aligned(ngx_min(size, room->game->replay));

    history = ngx_game_store_reserve(sizeof(ngx_game_history_t) + size);

    if (history == NULL) {
        ngx_game_history_none = ngx_time();
        return former;
    }

    history->room = room->id;
    history->size = size;

    /* a first one that is not of all that was sent begins behind 0, where the
     * last image took it to be */

    at = former ? ngx_game_zone_get(&former->tail) : room->unkept * 8;
    head = former ? ngx_game_zone_get(&former->head) : at;

    ngx_game_zone_set(&history->tail, at);
    ngx_game_zone_set(&history->head, head);

    for ( /* void */ ; at < head; at += len) {
        len = ngx_min(head - at, sizeof(part));

        ngx_game_history_read(former, at, part, len);
        ngx_game_history_write(history, at, part, len);
    }

    ngx_game_store_set_memory(entry);

    room->history = history;

    return history;
}


/*
 * What can't be kept leaves a gap: nothing before it is of use.  An event for
 * nobody stands for it, so that an image of before is not taken for one that
 * lacks nothing.
 */

static void
ngx_game_history_forget(ngx_game_room_t *room)
{
    ngx_game_event_t     gap;
    ngx_game_history_t  *history;

    history = room->history;

    if (history == NULL) {
        room->unkept = 1;
        return;
    }

    ngx_memzero(&gap, sizeof(ngx_game_event_t));
    gap.player = NGX_GAME_HISTORY_NOBODY;

    ngx_game_history_append(history, &gap, NULL, NULL);

    atomic_store_explicit(&history->tail, ngx_game_zone_get(&history->head),
                          memory_order_release);
}


static void
ngx_game_history_make_room(ngx_game_history_t *history, size_t size)
{
    uint64_t          head, tail, old;
    ngx_game_event_t  event;

    head = ngx_game_zone_get(&history->head);
    tail = ngx_game_zone_get(&history->tail);
    old = tail;

    while (head - tail + size > history->size) {
        ngx_game_history_read(history, tail, &event, sizeof(ngx_game_event_t));
        tail += ngx_game_history_event_size(&event);
    }

    if (tail != old) {

        /* before what is there is overwritten */

        atomic_store(&history->tail, tail);
    }
}


static void
ngx_game_history_write(ngx_game_history_t *history, uint64_t at,
    const void *data, size_t len)
{
    size_t  i, n;

    if (len == 0) {
        return;
    }

    i = at % history->size;
    n = ngx_min(len, history->size - i);

    ngx_memcpy(history->data + i, data, n);

    if (n < len) {
        ngx_memcpy(history->data, (const u_char *) data + n, len - n);
    }
}


static void
ngx_game_history_read(ngx_game_history_t *history, uint64_t at, void *data,
    size_t len)
{
    size_t  i, n;

    i = at % history->size;
    n = ngx_min(len, history->size - i);

    ngx_memcpy(data, history->data + i, n);

    if (n < len) {
        ngx_memcpy((u_char *) data + n, history->data, len - n);
    }
}


/* reads the event, too */

static ngx_uint_t
ngx_game_history_sent_to(ngx_game_history_t *history, uint64_t at,
    ngx_game_event_t *event, ngx_game_player_t *player)
{
    ngx_game_history_read(history, at, event, sizeof(ngx_game_event_t));

    if (event->player) {
        return event->player == player->id;
    }

    return event->codec == player->codec
           && !ngx_game_history_excepted(history, at, event, player->id);
}


static ngx_uint_t
ngx_game_history_excepted(ngx_game_history_t *history, uint64_t at,
    ngx_game_event_t *event, uint64_t player)
{
    uint64_t    id;
    ngx_uint_t  i;

    at += sizeof(ngx_game_event_t);

    for (i = 0; i < event->except; i++) {
        ngx_game_history_read(history, at + i * sizeof(uint64_t), &id,
                              sizeof(uint64_t));

        if (id == player) {
            return 1;
        }
    }

    return 0;
}


/* how many of the events in it a player was sent, or would have been */

static uint64_t
ngx_game_history_kept(ngx_game_player_t *player)
{
    uint64_t             at, head, n;
    ngx_game_event_t     event;
    ngx_game_history_t  *history;

    history = player->room->history;

    if (history == NULL) {
        return 0;
    }

    n = 0;
    head = ngx_game_zone_get(&history->head);

    for (at = ngx_game_zone_get(&history->tail);
         at < head;
         at += ngx_game_history_event_size(&event))
    {
        n += ngx_game_history_sent_to(history, at, &event, player);
    }

    return n;
}


ngx_uint_t
ngx_game_history_has(ngx_game_player_t *player, uint64_t n)
{
    return n == 0 || ngx_game_history_kept(player) >= n;
}


/* what it misses can't be sent: it is to come back, and to be told so then */

static void
ngx_game_history_break(ngx_game_player_t *player)
{
    static const ngx_str_t  lost = ngx_string("messages were lost");

    ngx_game_player_resume(player)->sent += NGX_GAME_HISTORY_GAP;

    ngx_game_sync_close(player->gateway, player->room->id, player->id, 1011,
                        &lost, NGX_GAME_LOST);
}


void
ngx_game_history_replay(ngx_game_player_t *player, uint64_t n)
{
    u_char              *copy;
    uint64_t             at, head, skip;
    ngx_str_t            payload;
    ngx_game_event_t     event;
    ngx_game_history_t  *history;

    if (n == 0) {
        return;
    }

    history = player->room->history;
    copy = history ? ngx_alloc(history->size, ngx_cycle->log) : NULL;

    if (copy == NULL) {
        ngx_game_history_break(player);
        return;
    }

    skip = ngx_game_history_kept(player) - n;
    head = ngx_game_zone_get(&history->head);

    for (at = ngx_game_zone_get(&history->tail);
         at < head;
         at += ngx_game_history_event_size(&event))
    {
        if (!ngx_game_history_sent_to(history, at, &event, player)) {
            continue;
        }

        if (skip) {
            skip--;
            continue;
        }

        payload.data = copy;
        payload.len = event.len;

        ngx_game_history_read(history, at + sizeof(ngx_game_event_t)
                                       + event.except * sizeof(uint64_t),
                              copy, event.len);

        if (ngx_game_sync_send(player->gateway, player->room->id, player->id,
                               event.kind, &payload)
            == NGX_ERROR)
        {
            ngx_game_history_break(player);
            break;
        }
    }

    ngx_free(copy);
}


void
ngx_game_history_continue(ngx_game_room_t *room, ngx_uint_t adopted)
{
    ngx_uint_t           entry;
    ngx_queue_t         *q;
    ngx_game_player_t   *player;
    ngx_game_history_t  *history;

    history = NULL;

    if (ngx_game_registry_entry(room->id, &entry) == NGX_OK) {
        history = ngx_game_store_memory(entry);
    }

    room->history = (history && history->room == room->id) ? history : NULL;

    if (!adopted || !room->resumable) {
        return;
    }

    ngx_game_history_recount(room, room->position);

    for (q = ngx_queue_head(&room->players);
         q != ngx_queue_sentinel(&room->players);
         q = ngx_queue_next(q))
    {
        player = ngx_queue_data(q, ngx_game_player_t, link);

        ngx_game_history_adopted_with(player, ngx_game_history_count(player));
    }
}


void
ngx_game_history_adopted_with(ngx_game_player_t *player, uint64_t count)
{
    if (ngx_game_player_resumable(player)) {
        ngx_game_player_resume(player)->adopted_with = count;
    }
}


/* counts what was sent from a position on */

static void
ngx_game_history_recount(ngx_game_room_t *room, uint64_t at)
{
    u_char              *except;
    uint64_t             head;
    ngx_game_event_t     event;
    ngx_game_player_t   *player;
    ngx_game_history_t  *history;

    history = room->history;

    if (history == NULL || at < ngx_game_zone_get(&history->tail)) {

        /* nobody knows */

        room->broadcasts[NGX_GAME_JSON] += NGX_GAME_HISTORY_GAP;
        room->broadcasts[NGX_GAME_MSGPACK] += NGX_GAME_HISTORY_GAP;
        room->broadcasts[NGX_GAME_RAW] += NGX_GAME_HISTORY_GAP;

        return;
    }

    head = ngx_game_zone_get(&history->head);

    while (at < head) {
        ngx_game_history_read(history, at, &event, sizeof(ngx_game_event_t));

        if (event.player) {
            player = ngx_game_player_find(event.player);

            if (player && player->room == room
                && ngx_game_player_resumable(player))
            {
                ngx_game_player_resume(player)->sent++;
            }

        } else {
            room->broadcasts[event.codec]++;

            except = ngx_alloc(event.except * sizeof(uint64_t) + 1,
                               ngx_cycle->log);
            if (except) {
                ngx_game_history_read(history, at + sizeof(ngx_game_event_t),
                                      except,
                                      event.except * sizeof(uint64_t));
                ngx_game_history_count_except(room, event.codec, except,
                                              event.except);
                ngx_free(except);
            }
        }

        at += ngx_game_history_event_size(&event);
    }
}


void
ngx_game_history_settle(ngx_game_player_t *player, uint64_t got)
{
    uint64_t  lost, since;

    since = ngx_game_history_count(player) - player->resume->adopted_with;
    lost = player->resume->adopted_with - got;

    if (lost == 0) {
        return;
    }

    /* what it was sent since then comes behind what is lost */

    if (lost < NGX_GAME_HISTORY_GAP && since == 0
        && ngx_game_history_has(player, lost))
    {
        ngx_game_history_replay(player, lost);
        return;
    }

    /* it has got more than is known of, or nobody knows */

    ngx_game_history_set_count(player, got + since);

    if (lost < NGX_GAME_HISTORY_GAP) {
        ngx_game_history_break(player);
    }
}


uint64_t
ngx_game_history_position(ngx_game_room_t *room)
{
    return room->history ? ngx_game_zone_get(&room->history->head) : 0;
}
