
/*
 * Copyright (C) ngx_game authors
 *
 * The players of a room in this worker, from the request for a seat to the end
 * of on_leave.  What takes a seat only moves the player to another queue; the
 * handler comes at the end of the turn, see ngx_game_room.c.
 */


#include "ngx_game_seat.h"
#include "ngx_game_clock.h"
#include "ngx_game_gateway.h"
#include "ngx_game_handler.h"
#include "ngx_game_history.h"
#include "ngx_game_hold.h"
#include "ngx_game_lua.h"
#include "ngx_game_player.h"
#include "ngx_game_registry.h"
#include "ngx_game_script.h"
#include "ngx_game_token.h"
#include "ngx_game_zone.h"


static void ngx_game_seat_auth(ngx_game_room_t *room,
    ngx_game_player_t *player);
static void ngx_game_seat_give(ngx_game_room_t *room,
    ngx_game_player_t *player);
static void ngx_game_seat_count(ngx_game_player_t *player, uint64_t count);
static void ngx_game_seat_forget(ngx_game_player_t *player);
static void ngx_game_seat_unlisted(ngx_game_room_t *room, uint64_t gateway,
    uint64_t at);
static ngx_uint_t ngx_game_seat_listed(ngx_game_room_t *room,
    ngx_game_seat_request_t *listed, uint64_t at);
static ngx_int_t ngx_game_seat_move(ngx_game_player_t *player,
    uint64_t gateway, uint64_t at);
static ngx_game_player_t *ngx_game_seat_again(ngx_game_room_t *room,
    ngx_game_seat_request_t *listed);


void
ngx_game_seat_request(ngx_game_seat_request_t *request)
{
    ngx_game_room_t    *room;
    ngx_game_player_t  *player;

    room = ngx_game_room_find(request->room);

    /* its death may have been seen before what it had sent came this way */

    if (!ngx_game_zone_alive(request->gateway)) {
        return;
    }

    if (ngx_game_secret_is_set(&request->token)) {
        ngx_game_hold_request(request);
        return;
    }

    /* asked twice, since the room has changed hands meanwhile */

    player = ngx_game_player_find(request->player);

    if (player && player->room == room) {
        return;
    }

    if (room == NULL) {
        room = ngx_game_room_create(request);

        if (room == NULL) {
            return;
        }
    }

    if (room->closing || room->game->hash != request->game) {
        ngx_game_seat_refuse(request, NGX_HTTP_NOT_FOUND, "no such room", 1);
        return;
    }

    if (room->locked) {
        ngx_game_seat_refuse(request, NGX_HTTP_FORBIDDEN, "the room is locked",
                             1);
        return;
    }

    if (room->seats >= room->game->max_players) {
        ngx_game_seat_refuse(request, NGX_HTTP_SERVICE_UNAVAILABLE,
                             "the room is full", 1);
        return;
    }

    player = ngx_game_player_create(request);

    if (player == NULL) {
        ngx_game_seat_refuse(request, NGX_HTTP_SERVICE_UNAVAILABLE,
                             "no memory", 0);
        return;
    }

    player->room = room;
    player->waiting = 1;
    room->seats++;
    ngx_queue_insert_tail(&room->waiting, &player->link);

    if (room->created) {
        ngx_game_seat_auth(room, player);
        return;
    }

    if (!room->creating) {
        room->creating = 1;
        ngx_game_handler_create(room, &player->ticket->args);
    }
}


void
ngx_game_seat_refuse(ngx_game_seat_request_t *request, ngx_uint_t status,
    const char *reason, ngx_uint_t retry)
{
    ngx_game_refusal_t  refusal;

    refusal.status = status;
    refusal.reason.data = (u_char *) reason;
    refusal.reason.len = ngx_strlen(reason);
    refusal.retry = retry;

    ngx_game_sync_refuse(request->gateway, request->room,
                         ngx_game_token_attempt(request->player,
                                                &request->secret),
                         &refusal);
}


void
ngx_game_seat_begin(ngx_game_room_t *room)
{
    ngx_queue_t  *q, *next;

    for (q = ngx_queue_head(&room->waiting);
         q != ngx_queue_sentinel(&room->waiting);
         q = next)
    {
        next = ngx_queue_next(q);
        ngx_game_seat_auth(room, ngx_queue_data(q, ngx_game_player_t, link));
    }
}


static void
ngx_game_seat_auth(ngx_game_room_t *room, ngx_game_player_t *player)
{
    if (room->closing) {
        return;
    }

    if (room->handlers & (1 << NGX_GAME_ON_AUTH)) {
        ngx_game_handler_auth(room, player);
        return;
    }

    ngx_game_seat_give(room, player);
}


void
ngx_game_seat_authed(ngx_game_room_t *room, uint64_t id, ngx_uint_t status,
    const ngx_str_t *reason)
{
    ngx_game_refusal_t   refusal;
    ngx_game_player_t   *player;

    player = ngx_game_player_find(id);

    if (player == NULL || player->room != room || !player->waiting) {
        /* it has gone away meanwhile */
        return;
    }

    if (status == 0) {
        ngx_game_seat_give(room, player);
        return;
    }

    refusal.status = status;
    refusal.reason = *reason;
    refusal.retry = 0;

    ngx_game_sync_refuse(player->gateway, room->id,
                         ngx_game_token_attempt(id, &player->resume->secret),
                         &refusal);

    player = ngx_game_player_find(id);

    if (player && player->waiting) {
        ngx_game_seat_forget(player);
    }
}


/* the player has its seat: from here on on_leave will follow */

static void
ngx_game_seat_give(ngx_game_room_t *room, ngx_game_player_t *player)
{
    ngx_game_admission_t  admission;

    if (!ngx_game_zone_alive(player->gateway)) {
        ngx_game_seat_forget(player);
        return;
    }

    if (ngx_game_gateway_count(room, player, 1) != NGX_OK) {
        ngx_str_t  reason = ngx_string("no memory");

        ngx_game_seat_authed(room, player->id, NGX_HTTP_SERVICE_UNAVAILABLE,
                             &reason);
        return;
    }

    ngx_queue_remove(&player->link);
    ngx_queue_insert_tail(&room->players, &player->link);

    player->waiting = 0;
    player->seated = 1;
    player->since = ngx_game_clock_now();
    room->count++;

    ngx_game_count(players, 1);
    ngx_game_clock_clear(&room->empty);
    ngx_game_registry_set_players(room->id, room->count);
    ngx_game_seat_changed(room);

    ngx_game_seat_count(player, 0);

    ngx_game_seat_admission(player, &admission);
    ngx_game_sync_admit(player->gateway, &admission);

    if (!player->seated) {
        /* it went away in this moment and never joins */
        return;
    }

    player->joined = 1;

    ngx_game_handler_join(room, player);
    ngx_game_player_drop_ticket(player);
}


/* from here on its messages are counted */

static void
ngx_game_seat_count(ngx_game_player_t *player, uint64_t count)
{
    if (ngx_game_secret_is_set(&player->resume->secret)) {
        player->room->resumable = 1;
    }

    ngx_game_history_set_count(player, count);
}


void
ngx_game_seat_admission(ngx_game_player_t *player,
    ngx_game_admission_t *admission)
{
    admission->room = player->room->id;
    admission->player = player->id;
    admission->owner = ngx_game_worker.epoch;
    admission->secret = player->resume->secret;
    admission->number = player->resume->number;
    admission->seen = ngx_game_history_count(player);
    admission->complete = 1;
}


void
ngx_game_seat_changed(ngx_game_room_t *room)
{
    room->saved = 0;

    ngx_game_room_changed(room);
    ngx_game_handler_end_turn();
}


/* the room ends before those who wait have got a seat */

void
ngx_game_seat_drop_waiting(ngx_game_room_t *room, ngx_uint_t status,
    const char *reason)
{
    ngx_queue_t         *q;
    ngx_game_refusal_t   refusal;
    ngx_game_player_t   *player;

    refusal.status = status;
    refusal.reason.data = (u_char *) reason;
    refusal.reason.len = ngx_strlen(reason);
    refusal.retry = (status == NGX_HTTP_NOT_FOUND);

    while (!ngx_queue_empty(&room->waiting)) {
        q = ngx_queue_head(&room->waiting);
        player = ngx_queue_data(q, ngx_game_player_t, link);

        ngx_game_sync_refuse(player->gateway, room->id, player->id, &refusal);

        if (!ngx_queue_empty(&room->waiting)
            && ngx_queue_head(&room->waiting) == q)
        {
            ngx_game_seat_forget(player);
        }
    }
}


void
ngx_game_seat_leave(ngx_game_leave_t *leave)
{
    const ngx_game_secret_t  *next;
    ngx_game_player_t        *player;

    player = ngx_game_player_find(leave->player);

    if (player == NULL || player->room->id != leave->room || player->away) {
        return;
    }

    next = &leave->next;

    if (!ngx_game_secret_equal(&player->resume->secret, &leave->secret)) {

        if (ngx_game_secret_is_set(&leave->secret)
            || player->gateway != leave->gateway)
        {
            /* it has been replaced */
            return;
        }

        next = &player->resume->secret;
    }

    if (player->seated) {

        if (leave->proven) {
            ngx_game_player_proven(player);
        }

        ngx_game_hold_drop(player, next, leave->why);

    } else if (player->waiting) {
        ngx_game_seat_forget(player);
    }

    /* else on_leave is under way */
}


/* one that waits does so no more */

static void
ngx_game_seat_forget(ngx_game_player_t *player)
{
    player->room->seats--;

    ngx_queue_remove(&player->link);
    ngx_game_lua_drop_player(ngx_game_script_vm(), player);
    ngx_game_player_destroy(player);
}


void
ngx_game_seat_take(ngx_game_player_t *player, ngx_game_reason_e why)
{
    ngx_game_room_t  *room;

    room = player->room;

    ngx_queue_remove(&player->link);
    ngx_queue_insert_tail(&room->leaving, &player->link);

    player->seated = 0;
    player->why = why;
    ngx_game_player_drop_ticket(player);

    room->count--;
    room->seats--;

    if (player->away) {
        ngx_game_hold_end(player);

    } else {
        (void) ngx_game_gateway_count(room, player, -1);
    }

    ngx_game_count(players, -1);
    ngx_game_registry_set_players(room->id, room->count);
    ngx_game_seat_changed(room);

    ngx_game_room_post(room);
}


void
ngx_game_seat_left(ngx_game_player_t *player)
{
    ngx_game_room_t  *room;

    room = player->room;

    ngx_queue_remove(&player->link);
    ngx_game_lua_drop_player(ngx_game_script_vm(), player);
    ngx_game_player_destroy(player);

    ngx_game_room_post(room);
}


void
ngx_game_seat_kick(ngx_game_player_t *player, ngx_uint_t code,
    const ngx_str_t *reason, ngx_game_reason_e why)
{
    ngx_uint_t  away;

    if (!player->seated) {
        return;
    }

    away = player->away;

    ngx_game_seat_take(player, why);

    if (!away) {
        ngx_game_sync_close(player->gateway, player->room->id, player->id,
                            code, reason, why);
    }
}


void
ngx_game_seat_lose(ngx_game_room_t *room, uint64_t epoch)
{
    ngx_queue_t        *q, *next;
    ngx_game_player_t  *player;

    for (q = ngx_queue_head(&room->players);
         q != ngx_queue_sentinel(&room->players);
         q = next)
    {
        next = ngx_queue_next(q);
        player = ngx_queue_data(q, ngx_game_player_t, link);

        if (player->gateway == epoch && !player->away) {
            ngx_game_hold_drop(player, &player->resume->secret,
                               NGX_GAME_LOST);
        }
    }

    for (q = ngx_queue_head(&room->waiting);
         q != ngx_queue_sentinel(&room->waiting);
         q = next)
    {
        next = ngx_queue_next(q);
        player = ngx_queue_data(q, ngx_game_player_t, link);

        if (player->gateway == epoch) {
            ngx_game_seat_forget(player);
        }
    }
}


void
ngx_game_seat_lose_dead(ngx_game_room_t *room)
{
    ngx_uint_t  i;

    /* from the end: the place of one that is lost is taken by the last one */

    for (i = room->gateways_count; i-- > 0; /* void */) {
        if (!ngx_game_zone_alive(room->gateways[i].epoch)) {
            ngx_game_seat_lose(room, room->gateways[i].epoch);
        }
    }
}


void
ngx_game_seat_switch(uint64_t from, uint64_t id, uint64_t player_id,
    uint64_t to)
{
    ngx_uint_t          refused;
    ngx_game_player_t  *player;

    refused = 1;
    player = ngx_game_player_find(player_id);

    if (player && player->room->id == id && player->seated
        && !player->away && player->gateway == from
        && ngx_game_zone_alive(to))
    {
        (void) ngx_game_gateway_count(player->room, player, -1);

        player->gateway = to;
        player->since = ngx_game_clock_now();

        if (ngx_game_gateway_count(player->room, player, 1) == NGX_OK) {
            refused = 0;

        } else {
            player->gateway = from;
            (void) ngx_game_gateway_count(player->room, player, 1);
        }
    }

    if (!refused) {
        ngx_game_sync_arrive(to, id, player_id);
    }

    ngx_game_sync_switched(from, id, player_id, refused);
}


void
ngx_game_seat_roster(uint64_t gateway, uint64_t id, uint64_t at,
    ngx_game_seat_request_t *players, ngx_uint_t n)
{
    ngx_uint_t        i;
    ngx_game_room_t  *room;

    static const ngx_str_t  gone = ngx_string("not in the room any more");

    ngx_game_sync_go(gateway, id);

    room = ngx_game_room_find(id);

    for (i = 0; i < n; i++) {

        if (room && ngx_game_seat_listed(room, &players[i], at)) {
            continue;
        }

        ngx_game_sync_close(gateway, id, players[i].player, 1011, &gone,
                            NGX_GAME_ERROR);
    }

    /* while others are to come a player may turn up in any of them */

    if (room && !room->settling) {
        ngx_game_seat_unlisted(room, gateway, at);
    }
}


void
ngx_game_seat_settle(ngx_game_room_t *room, uint64_t at)
{
    ngx_game_seat_unlisted(room, 0, at);
}


/* players of a gateway, or, 0, of any, leave if they are in no roster and have
 * not come to it since */

static void
ngx_game_seat_unlisted(ngx_game_room_t *room, uint64_t gateway, uint64_t at)
{
    ngx_queue_t        *q, *next;
    ngx_game_player_t  *player;

    for (q = ngx_queue_head(&room->players);
         q != ngx_queue_sentinel(&room->players);
         q = next)
    {
        next = ngx_queue_next(q);
        player = ngx_queue_data(q, ngx_game_player_t, link);

        if (!player->listed && !player->away && player->since <= at
            && (gateway == 0 || player->gateway == gateway))
        {
            ngx_game_hold_drop(player, &player->resume->secret,
                               NGX_GAME_LOST);
        }

        player->listed = 0;
    }
}


/* a player that is at its gateway: 1 if it is in the room */

static ngx_uint_t
ngx_game_seat_listed(ngx_game_room_t *room, ngx_game_seat_request_t *listed,
    uint64_t at)
{
    ngx_game_player_t  *player;

    player = ngx_game_player_find(listed->player);

    if (player == NULL && room->adopted) {
        player = ngx_game_seat_again(room, listed);
    }

    if (player == NULL || player->room != room || !player->seated
        || player->resume->number > listed->number)
    {
        return 0;
    }

    player->listed = 1;

    if (player->away || player->resume->number < listed->number) {

        /* it has come back since the checkpoint */

        if (ngx_game_hold_listed(player, listed) != NGX_OK) {
            return 0;
        }

    } else if (player->gateway != listed->gateway && player->since <= at
               && ngx_game_seat_move(player, listed->gateway, at) != NGX_OK)
    {
        return 0;
    }

    if (room->adopted && listed->counts
        && ngx_game_secret_is_set(&player->resume->secret))
    {
        ngx_game_history_settle(player, listed->seen);
    }

    return 1;
}


/* its session was passed on since the checkpoint */

static ngx_int_t
ngx_game_seat_move(ngx_game_player_t *player, uint64_t gateway, uint64_t at)
{
    (void) ngx_game_gateway_count(player->room, player, -1);

    player->gateway = gateway;
    player->since = at;

    return ngx_game_gateway_count(player->room, player, 1);
}


/* it has joined after the checkpoint, and joins again; its query is lost */

static ngx_game_player_t *
ngx_game_seat_again(ngx_game_room_t *room, ngx_game_seat_request_t *listed)
{
    ngx_game_player_t  *player;

    player = ngx_game_player_create(listed);

    if (player == NULL) {
        return NULL;
    }

    player->room = room;

    if (ngx_game_gateway_count(room, player, 1) != NGX_OK) {
        ngx_game_player_destroy(player);
        return NULL;
    }

    ngx_queue_insert_tail(&room->players, &player->link);

    player->seated = 1;
    player->joined = 1;
    room->count++;
    room->seats++;

    /* what it has got so far is seen to by the caller */

    ngx_game_seat_count(player, 0);

    ngx_game_count(players, 1);
    ngx_game_registry_set_players(room->id, room->count);

    ngx_game_handler_join(room, player);
    ngx_game_player_drop_ticket(player);

    return player;
}


void
ngx_game_seat_drop(ngx_game_room_t *room, uint64_t epoch)
{
    ngx_queue_t        *q, *next;
    ngx_game_player_t  *player;

    static const ngx_str_t  behind = ngx_string("the worker can't keep up");

    for (q = ngx_queue_head(&room->players);
         q != ngx_queue_sentinel(&room->players);
         q = next)
    {
        next = ngx_queue_next(q);
        player = ngx_queue_data(q, ngx_game_player_t, link);

        if (player->gateway == epoch && !player->away) {
            ngx_game_hold_drop(player, &player->resume->secret,
                               NGX_GAME_ERROR);
            ngx_game_sync_close(epoch, room->id, player->id, 1013, &behind,
                                NGX_GAME_ERROR);
        }
    }
}
