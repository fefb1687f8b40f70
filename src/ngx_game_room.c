
/*
 * Copyright (C) ngx_game authors
 *
 * Rooms of this worker.  A change that ends something (a player leaves, a room
 * closes) only takes it out of reach; on_leave, on_close and the freeing come
 * in a posted event at the end of the turn, so that no handler runs within
 * another and nothing is freed under a caller.
 */


#include "ngx_game_room.h"
#include "ngx_game_alarm.h"
#include "ngx_game_dispatch.h"
#include "ngx_game_drain.h"
#include "ngx_game_handler.h"
#include "ngx_game_hold.h"
#include "ngx_game_lua.h"
#include "ngx_game_player.h"
#include "ngx_game_registry.h"
#include "ngx_game_script.h"
#include "ngx_game_seat.h"
#include "ngx_game_session.h"
#include "ngx_game_shutdown.h"
#include "ngx_game_sleep.h"
#include "ngx_game_tick.h"
#include "ngx_game_zone.h"
#include "core/game_map.h"


/* a room that no one has joined is closed after, us */
#define NGX_GAME_ROOM_EMPTY    10000000

/* errors are counted over, us */
#define NGX_GAME_ROOM_MINUTE   60000000


static ngx_game_room_t *ngx_game_room_make(ngx_game_game_t *game, uint64_t id,
    uint64_t term);
static void ngx_game_room_drop(ngx_queue_t *players);
static void ngx_game_room_free(ngx_game_room_t *room);
static void ngx_game_room_posted(ngx_event_t *ev);
static void ngx_game_room_work(ngx_game_room_t *room);
static void ngx_game_room_end(ngx_game_room_t *room);
static void ngx_game_room_is_empty(ngx_game_timer_t *timer);


typedef struct {
    game_map_t                 map;           /* by id */
    ngx_queue_t                posted;
    ngx_queue_t                changed;
    ngx_event_t                event;
} ngx_game_rooms_t;


static ngx_game_rooms_t  ngx_game_rooms;


void
ngx_game_room_init(void)
{
    ngx_memzero(&ngx_game_rooms, sizeof(ngx_game_rooms_t));

    ngx_queue_init(&ngx_game_rooms.posted);
    ngx_queue_init(&ngx_game_rooms.changed);

    ngx_game_rooms.event.handler = ngx_game_room_posted;
    ngx_game_rooms.event.log = ngx_cycle->log;
}


void
ngx_game_room_exit(void)
{
    size_t            cursor;
    uint64_t          id;
    ngx_game_room_t  *room;

    cursor = 0;

    while ((room = game_map_next(&ngx_game_rooms.map, &cursor, &id))) {
        ngx_game_room_post(room);
    }
}


void
ngx_game_room_shutdown(void)
{
    size_t            cursor;
    uint64_t          id;
    ngx_game_room_t  *room;

    cursor = 0;

    while ((room = game_map_next(&ngx_game_rooms.map, &cursor, &id))) {
        ngx_game_room_close(room, 1012, "shutdown", sizeof("shutdown") - 1);
    }
}


void
ngx_game_room_done(void)
{
    size_t            cursor;
    uint64_t          id;
    ngx_game_room_t  *room;

    ngx_game_room_shutdown();
    ngx_game_room_posted(&ngx_game_rooms.event);

    /* what is left waits in on_close or on_leave, and never goes on */

    for ( ;; ) {
        cursor = 0;
        room = game_map_next(&ngx_game_rooms.map, &cursor, &id);

        if (room == NULL) {
            break;
        }

        if (room->paused) {
            ngx_game_room_discard(room);

        } else {
            ngx_game_room_end(room);
        }
    }

    if (ngx_game_rooms.event.posted) {
        ngx_delete_posted_event((&ngx_game_rooms.event));
    }

    game_map_done(&ngx_game_rooms.map);
}


ngx_game_room_t *
ngx_game_room_find(uint64_t id)
{
    return game_map_get(&ngx_game_rooms.map, id);
}


ngx_uint_t
ngx_game_room_total(void)
{
    return ngx_game_rooms.map.count;
}


ngx_game_room_t *
ngx_game_room_next(size_t *cursor)
{
    uint64_t  id;

    return game_map_next(&ngx_game_rooms.map, cursor, &id);
}


/* makes the room that the registry has an entry for; NULL: the request was
 * refused */

ngx_game_room_t *
ngx_game_room_create(ngx_game_seat_request_t *request)
{
    ngx_game_game_t       *game;
    ngx_game_room_t       *room;
    ngx_game_room_info_t   info;

    game = ngx_game_room_game(request->game);

    if (ngx_game_registry_find(request->room, &info) != NGX_OK
        || info.owner != ngx_game_worker.epoch
        || info.game != request->game
        || game == NULL)
    {
        ngx_game_seat_refuse(request, NGX_HTTP_NOT_FOUND, "no such room", 1);
        return NULL;
    }

    room = ngx_game_room_make(game, request->room, info.term);

    if (room == NULL) {
        ngx_game_registry_close(request->room);
        ngx_game_seat_refuse(request, NGX_HTTP_SERVICE_UNAVAILABLE,
                             "the room can't be made", 0);
        return NULL;
    }

    if (ngx_game_clock_set(&room->empty, ngx_game_clock_now()
                                         + NGX_GAME_ROOM_EMPTY)
        != NGX_OK
        || ngx_game_registry_open(room->id, game) != NGX_OK)
    {
        ngx_game_registry_close(room->id);
        ngx_game_room_free(room);
        ngx_game_seat_refuse(request, NGX_HTTP_SERVICE_UNAVAILABLE,
                             "the room can't be made", 0);
        return NULL;
    }

    ngx_game_count(rooms, 1);

    return room;
}


/* the room and its object, found by its id; NULL: no memory, or the object
 * can't be made */

static ngx_game_room_t *
ngx_game_room_make(ngx_game_game_t *game, uint64_t id, uint64_t term)
{
    ngx_game_room_t  *room;

    room = ngx_calloc(sizeof(ngx_game_room_t), ngx_cycle->log);

    if (room == NULL) {
        return NULL;
    }

    room->id = id;
    room->term = term;
    room->game = game;
    room->ref = LUA_NOREF;
    room->players_ref = LUA_NOREF;
    room->empty.handler = ngx_game_room_is_empty;
    room->settled = ngx_game_clock_now();

    ngx_queue_init(&room->players);
    ngx_queue_init(&room->waiting);
    ngx_queue_init(&room->leaving);
    ngx_queue_init(&room->parting);
    ngx_queue_init(&room->sleeps);
    ngx_queue_init(&room->alarms);

    if (game_map_set(&ngx_game_rooms.map, id, room) != 0) {
        ngx_free(room);
        return NULL;
    }

    if (ngx_game_script_protect(ngx_game_lua_make_room, room) != NGX_OK) {
        ngx_game_room_free(room);
        return NULL;
    }

    return room;
}


ngx_game_room_t *
ngx_game_room_receive(ngx_game_game_t *game, uint64_t id, uint64_t term)
{
    ngx_game_room_t  *room;

    if (ngx_game_room_find(id)) {
        return NULL;
    }

    room = ngx_game_room_make(game, id, term);

    if (room) {
        room->creating = 1;
        room->created = 1;
        room->paused = 1;
    }

    return room;
}


void
ngx_game_room_discard(ngx_game_room_t *room)
{
    ngx_game_tick_stop(room);
    ngx_game_alarm_clear_all(room);
    ngx_game_sleep_cancel(room);

    ngx_game_room_drop(&room->players);
    ngx_game_room_drop(&room->waiting);
    ngx_game_room_drop(&room->leaving);
    ngx_game_room_drop(&room->parting);

    if (room->is_posted) {
        ngx_queue_remove(&room->posted);
    }

    ngx_game_room_free(room);
}


void
ngx_game_room_pause(ngx_game_room_t *room)
{
    ngx_game_dispatch_run();

    room->paused = 1;

    ngx_game_room_unchanged(room);
    ngx_game_tick_stop(room);
    ngx_game_alarm_suspend(room);
    ngx_game_sleep_suspend(room);
    ngx_game_clock_clear(&room->empty);
}


void
ngx_game_room_resume(ngx_game_room_t *room)
{
    room->paused = 0;

    ngx_game_room_changed(room);
    ngx_game_tick_start(room);
    ngx_game_alarm_resume(room);
    ngx_game_sleep_resume(room);

    ngx_game_room_post(room);
}


ngx_game_game_t *
ngx_game_room_game(uint64_t hash)
{
    ngx_uint_t         i;
    ngx_game_game_t  **games;

    games = ngx_game_worker.conf->games.elts;

    for (i = 0; i < ngx_game_worker.conf->games.nelts; i++) {
        if (games[i]->hash == hash) {
            return games[i];
        }
    }

    return NULL;
}


void
ngx_game_room_created(ngx_game_room_t *room, ngx_int_t rc)
{
    if (rc != NGX_OK) {
        ngx_game_seat_drop_waiting(room, NGX_HTTP_INTERNAL_SERVER_ERROR,
                                   "the room can't be made");
        ngx_game_room_close(room, 1011, "error", sizeof("error") - 1);
        return;
    }

    room->created = 1;

    ngx_game_tick_start(room);

    ngx_game_seat_begin(room);
}


void
ngx_game_room_lost(uint64_t epoch)
{
    size_t            cursor;
    uint64_t          id;
    ngx_game_room_t  *room;

    cursor = 0;

    while ((room = game_map_next(&ngx_game_rooms.map, &cursor, &id))) {

        /* one that is paused looks at it when it goes on */

        if (!room->paused) {
            ngx_game_seat_lose(room, epoch);
        }
    }
}


void
ngx_game_room_message(uint64_t gateway, uint64_t id, uint64_t player_id,
    ngx_game_kind_e kind, ngx_str_t *data)
{
    ngx_game_player_t  *player;

    static const ngx_str_t  gone = ngx_string("not in the room any more");
    static const ngx_str_t  replaced = ngx_string(NGX_GAME_CLOSE_REPLACED);

    player = ngx_game_player_find(player_id);

    if (player == NULL || player->room->id != id || !player->seated) {
        ngx_game_sync_close(gateway, id, player_id, 1011, &gone,
                            NGX_GAME_ERROR);
        return;
    }

    if (player->gateway != gateway && player->resume->number) {

        /* from a session that another one has replaced */

        ngx_game_sync_close(gateway, id, player_id, 1000, &replaced,
                            NGX_GAME_LEFT);
        return;
    }

    if (player->resume->number) {

        /* the client has got the answer: the token that it came back with is
         * of no use any more */

        ngx_game_player_proven(player);
    }

    if (player->room->handlers & (1 << NGX_GAME_ON_MESSAGE)) {
        ngx_game_dispatch_add(player, kind, data);
    }
}


void
ngx_game_room_deliver(ngx_uint_t now)
{
    if (now) {
        ngx_game_dispatch_run();

    } else {
        ngx_game_dispatch_defer();
    }
}


void
ngx_game_room_measured(uint64_t id, uint64_t player_id, uint32_t rtt)
{
    ngx_game_player_t  *player;

    player = ngx_game_player_find(player_id);

    if (player && player->room->id == id) {
        player->rtt = rtt;
    }
}


/* the end of a room */

void
ngx_game_room_lock(ngx_game_room_t *room, ngx_uint_t locked)
{
    room->locked = locked;
    ngx_game_registry_set_locked(room->id, locked);
    ngx_game_room_changed(room);
}


void
ngx_game_room_error(ngx_game_room_t *room)
{
    uint64_t  now;

    if (room->game->room_max_errors == 0 || room->closing) {
        return;
    }

    now = ngx_game_clock_now();

    if (now - room->errors_since > NGX_GAME_ROOM_MINUTE) {
        room->errors_since = now;
        room->errors = 0;
    }

    if (++room->errors <= room->game->room_max_errors) {
        return;
    }

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "room %V of game \"%V\" is closed: more than %ui script "
                  "errors within a minute (game_room_max_errors)",
                  ngx_game_id_text(room->id), &room->game->name,
                  room->game->room_max_errors);

    ngx_game_room_close(room, 1011, "errors", sizeof("errors") - 1);
}


void
ngx_game_room_close(ngx_game_room_t *room, ngx_uint_t code,
    const char *reason, size_t len)
{
    if (room->closing) {
        return;
    }

    room->closing = 1;
    room->close_code = code;
    room->reason_len = ngx_min(len, sizeof(room->reason));
    ngx_memcpy(room->reason, reason, room->reason_len);

    /* from here on its memory may be another room's */

    room->history = NULL;

    ngx_game_registry_close(room->id);
    ngx_game_room_post(room);
}


void
ngx_game_room_finished(ngx_game_room_t *room)
{
    room->finished = 1;
    ngx_game_room_post(room);
}


static void
ngx_game_room_is_empty(ngx_game_timer_t *timer)
{
    ngx_game_room_t  *room;

    room = ngx_queue_data(timer, ngx_game_room_t, empty);

    if (room->seats) {
        /* someone waits for on_create or on_auth */
        (void) ngx_game_clock_set(timer, timer->node.at
                                         + NGX_GAME_ROOM_EMPTY);
        return;
    }

    if (room->game->keep) {
        return;
    }

    ngx_game_room_close(room, 1000, "empty", sizeof("empty") - 1);
}


void
ngx_game_room_changed(ngx_game_room_t *room)
{
    if (!room->dirty && room->game->checkpoint != NGX_GAME_CHECKPOINT_OFF) {
        room->dirty = 1;
        room->waits = 0;
        ngx_queue_insert_tail(&ngx_game_rooms.changed, &room->changed);
    }
}


void
ngx_game_room_unchanged(ngx_game_room_t *room)
{
    if (room->dirty) {
        room->dirty = 0;
        ngx_queue_remove(&room->changed);
    }
}


ngx_queue_t *
ngx_game_room_changes(void)
{
    return &ngx_game_rooms.changed;
}


void
ngx_game_room_post(ngx_game_room_t *room)
{
    if (room->is_posted) {
        return;
    }

    room->is_posted = 1;
    ngx_queue_insert_tail(&ngx_game_rooms.posted, &room->posted);

    ngx_post_event((&ngx_game_rooms.event), &ngx_posted_events);
}


static void
ngx_game_room_posted(ngx_event_t *ev)
{
    ngx_queue_t      *q;
    ngx_game_room_t  *room;

    /* no player may be freed that messages wait for */

    ngx_game_dispatch_run();

    while (!ngx_queue_empty(&ngx_game_rooms.posted)) {
        q = ngx_queue_head(&ngx_game_rooms.posted);
        ngx_queue_remove(q);

        room = ngx_queue_data(q, ngx_game_room_t, posted);
        room->is_posted = 0;

        ngx_game_room_work(room);
    }
}


/* what was put off to the end of the turn.  No handler runs now */

static void
ngx_game_room_work(ngx_game_room_t *room)
{
    ngx_uint_t          seats;
    ngx_queue_t        *q;
    ngx_game_player_t  *player;

    if (room->paused) {
        return;
    }

    if (room->finished) {
        ngx_game_room_end(room);
        return;
    }

    if (room->closing && !room->closed) {
        ngx_str_t  reason = { room->reason_len, room->reason };

        ngx_game_seat_drop_waiting(room, NGX_HTTP_NOT_FOUND, "no such room");

        while (!ngx_queue_empty(&room->players)) {
            q = ngx_queue_head(&room->players);
            player = ngx_queue_data(q, ngx_game_player_t, link);

            ngx_game_seat_kick(player, room->close_code, &reason,
                               NGX_GAME_CLOSED);
        }
    }

    if (room->dropping) {
        ngx_game_hold_work(room);
    }

    while (!ngx_queue_empty(&room->leaving)) {
        q = ngx_queue_head(&room->leaving);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&room->parting, q);

        player = ngx_queue_data(q, ngx_game_player_t, link);

        if (player->joined) {
            ngx_game_handler_leave(room, player);

        } else {
            ngx_game_seat_left(player);
        }
    }

    if (room->closing && !room->closed) {
        room->closed = 1;
        ngx_game_tick_stop(room);
        ngx_game_alarm_clear_all(room);

        if (room->created) {
            ngx_game_handler_close(room);

        } else {
            ngx_game_room_finished(room);
        }

        return;
    }

    if (!room->created || room->closing) {
        return;
    }

    ngx_game_shutdown_room(room);

    /* those who are away come back by new workers: where there are none, they
     * are not waited for */

    seats = room->seats;

    if (ngx_game_worker.alone && !ngx_game_drain_endless()) {
        seats -= room->away;
    }

    if (seats || room->closing) {
        return;
    }

    if (room->game->keep ? ngx_game_worker.alone || ngx_game_drain_on()
                         : ngx_game_worker.exiting)
    {
        ngx_game_room_close(room, 1012, "shutdown", sizeof("shutdown") - 1);

    } else if (!room->game->keep && !ngx_game_clock_is_set(&room->empty)) {
        ngx_game_room_close(room, 1000, "empty", sizeof("empty") - 1);
    }
}


/* frees a room whose on_close has ended; handlers that sleep never go on */

static void
ngx_game_room_end(ngx_game_room_t *room)
{
    ngx_game_sleep_cancel(room);

    ngx_game_room_drop(&room->parting);

    ngx_game_count(rooms, -1);

    ngx_game_room_free(room);
}


static void
ngx_game_room_drop(ngx_queue_t *players)
{
    ngx_queue_t        *q;
    ngx_game_player_t  *player;

    while (!ngx_queue_empty(players)) {
        q = ngx_queue_head(players);
        ngx_queue_remove(q);

        player = ngx_queue_data(q, ngx_game_player_t, link);

        ngx_game_lua_drop_player(ngx_game_script_vm(), player);
        ngx_game_player_destroy(player);
    }
}


static void
ngx_game_room_free(ngx_game_room_t *room)
{
    (void) game_map_remove(&ngx_game_rooms.map, room->id);

    ngx_game_room_unchanged(room);
    ngx_game_clock_clear(&room->empty);
    ngx_game_lua_drop_room(ngx_game_script_vm(), room);

    ngx_game_prefetch_free(&room->prefetch);
    ngx_free(room->gateways);
    ngx_free(room);
}
