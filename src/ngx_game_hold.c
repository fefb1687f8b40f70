
/*
 * Copyright (C) ngx_game authors
 *
 * Each session of a player has a secret of its own, and a token that was used
 * is of no use any more; but where nothing came from the client since then, it
 * may not have got the answer, and the old token is good for another attempt.
 */


#include "ngx_game_hold.h"
#include "ngx_game_clock.h"
#include "ngx_game_gateway.h"
#include "ngx_game_guard.h"
#include "ngx_game_handler.h"
#include "ngx_game_history.h"
#include "ngx_game_seat.h"
#include "ngx_game_session.h"
#include "ngx_game_token.h"
#include "ngx_game_zone.h"


/* when a room that is on its way to another worker is looked at again, us */
#define NGX_GAME_HOLD_AGAIN  100000

/* how long a session may take to go on after its worker has died, us: so long
 * on_drop waits */
#define NGX_GAME_HOLD_HOPE   100000


static ngx_int_t ngx_game_hold_seat(ngx_game_resume_t *resume, uint64_t now,
    ngx_uint_t hoping);
static void ngx_game_hold_clear(ngx_game_player_t *player);
static void ngx_game_hold_untold(ngx_game_player_t *player);
static ngx_uint_t ngx_game_hold_fits(ngx_game_player_t *player,
    ngx_game_seat_request_t *request);
static void ngx_game_hold_replace(ngx_game_player_t *player,
    ngx_game_seat_request_t *request);
static int64_t ngx_game_hold_missed(ngx_game_player_t *player,
    ngx_game_seat_request_t *request);
static ngx_uint_t ngx_game_hold_goes_on(ngx_game_seat_request_t *listed);
static ngx_int_t ngx_game_hold_return(ngx_game_player_t *player,
    ngx_game_seat_request_t *to);
static void ngx_game_hold_admit(ngx_game_player_t *player, int64_t missed);
static void ngx_game_hold_tell_drop(ngx_game_player_t *player);
static void ngx_game_hold_tell_resume(ngx_game_player_t *player,
    ngx_uint_t complete);
static void ngx_game_hold_expired(ngx_game_timer_t *timer);


void
ngx_game_hold_drop(ngx_game_player_t *player, const ngx_game_secret_t *next,
    ngx_game_reason_e why)
{
    uint64_t            now;
    ngx_uint_t          hoping;
    ngx_game_room_t    *room;
    ngx_game_resume_t  *resume;

    room = player->room;
    now = ngx_game_clock_now();
    hoping = (why == NGX_GAME_LOST && ngx_game_guard_wanted());
    resume = NULL;

    if (player->joined && !room->closing && room->game->resume_timeout
        && ngx_game_secret_is_set(next))
    {
        resume = ngx_game_player_resume(player);
    }

    if (resume == NULL || ngx_game_hold_seat(resume, now, hoping) != NGX_OK) {
        ngx_game_seat_take(player, why);
        return;
    }

    (void) ngx_game_gateway_count(room, player, -1);

    if (!ngx_game_secret_is_set(&resume->secret)) {

        /* nothing that it was sent was counted */

        room->resumable = 1;
        ngx_game_history_set_count(player, 0);
    }

    resume->secret = *next;
    player->why = why;
    player->since = now;
    player->away = 1;
    player->hoping = hoping;
    room->away++;
    room->away_codecs[player->codec]++;

    ngx_game_count(away, 1);

    if (!player->dropped && !player->dropping) {
        player->dropping = 1;
        room->dropping++;
    }

    ngx_game_seat_changed(room);
    ngx_game_room_post(room);
}


/* for game_resume_timeout, but at first as long as is hoped */

static ngx_int_t
ngx_game_hold_seat(ngx_game_resume_t *resume, uint64_t now, ngx_uint_t hoping)
{
    ngx_msec_t  timeout;

    timeout = resume->player->room->game->resume_timeout;

    resume->timer.handler = ngx_game_hold_expired;
    resume->until = now + (uint64_t) timeout * 1000;

    return ngx_game_clock_set(&resume->timer,
                              hoping ? now + NGX_GAME_HOLD_HOPE
                                     : resume->until);
}


void
ngx_game_hold_end(ngx_game_player_t *player)
{
    ngx_game_hold_clear(player);
    ngx_game_hold_untold(player);
}


/* it is not away any more */

static void
ngx_game_hold_clear(ngx_game_player_t *player)
{
    player->away = 0;
    player->hoping = 0;
    player->room->away--;
    player->room->away_codecs[player->codec]--;

    ngx_game_count(away, -1);
    ngx_game_clock_clear(&ngx_game_player_resume(player)->timer);
}


/* its script is not to be told that it is away */

static void
ngx_game_hold_untold(ngx_game_player_t *player)
{
    if (player->dropping) {
        player->dropping = 0;
        player->room->dropping--;
    }
}


void
ngx_game_hold_request(ngx_game_seat_request_t *request)
{
    int64_t             missed;
    ngx_game_room_t    *room;
    ngx_game_resume_t  *resume;
    ngx_game_player_t  *player;

    room = ngx_game_room_find(request->room);
    player = ngx_game_player_find(request->player);

    if (room == NULL || room->closing || room->game->hash != request->game
        || player == NULL || player->room != room || !player->seated)
    {
        ngx_game_seat_refuse(request, NGX_HTTP_NOT_FOUND,
                             "no seat to come back to", 0);
        return;
    }

    if (!ngx_game_hold_fits(player, request)) {
        ngx_game_seat_refuse(request, NGX_HTTP_FORBIDDEN,
                             "the resume token is not valid", 0);
        return;
    }

    if (!player->away) {
        ngx_game_hold_replace(player, request);
    }

    /* each handler finds the player as it is told to be */

    if (player->dropping) {
        ngx_game_hold_tell_drop(player);
    }

    if (!player->away || !player->seated) {
        ngx_game_seat_refuse(request, NGX_HTTP_NOT_FOUND,
                             "no seat to come back to", 0);
        return;
    }

    missed = ngx_game_hold_missed(player, request);

    if (ngx_game_hold_return(player, request) != NGX_OK) {
        ngx_game_seat_refuse(request, NGX_HTTP_SERVICE_UNAVAILABLE,
                             "no memory", 0);
        return;
    }

    resume = ngx_game_player_resume(player);
    resume->number++;
    resume->former = request->token;
    player->listed = room->settling;

    ngx_game_count(resumed, 1);

    ngx_game_hold_admit(player, missed);
}


/* the last is an attempt that was admitted, but the answer got lost with the
 * worker of the room */

static ngx_uint_t
ngx_game_hold_fits(ngx_game_player_t *player, ngx_game_seat_request_t *request)
{
    const ngx_game_resume_t  *resume;

    /* a player without a secret is nobody's to come back as */

    if (!ngx_game_secret_is_set(&player->resume->secret)
        || player->identity_len != request->identity.len
        || ngx_memcmp(player->text, request->identity.data,
                      player->identity_len)
           != 0)
    {
        return 0;
    }

    resume = player->resume;

    return ngx_game_secret_equal(&resume->secret, &request->token)
           || (player->away
               && ngx_game_secret_equal(&resume->former, &request->token))
           || ngx_game_secret_equal(&resume->secret, &request->secret);
}


/* the session that it still has goes away */

static void
ngx_game_hold_replace(ngx_game_player_t *player,
    ngx_game_seat_request_t *request)
{
    static const ngx_str_t  replaced = ngx_string(NGX_GAME_CLOSE_REPLACED);

    /* the gateway itself replaces one that is there */

    if (player->gateway != request->gateway) {
        ngx_game_sync_close(player->gateway, player->room->id, player->id,
                            1000, &replaced, NGX_GAME_LEFT);
    }

    ngx_game_hold_drop(player, &player->resume->secret, NGX_GAME_LEFT);
}


/* how many messages it has missed, all of which can be sent again; -1: there
 * are more.  A client counts no more than it was sent */

static int64_t
ngx_game_hold_missed(ngx_game_player_t *player,
    ngx_game_seat_request_t *request)
{
    uint64_t  count;

    count = ngx_game_history_count(player);

    if (!request->counts || request->seen > count) {
        return -1;
    }

    if (request->seen == count) {
        return 0;
    }

    if (request->codec != player->codec
        || !ngx_game_history_has(player, count - request->seen))
    {
        return -1;
    }

    return count - request->seen;
}


/* its session is that one; NGX_ERROR: no memory, it is as it was */

static ngx_int_t
ngx_game_hold_return(ngx_game_player_t *player,
    ngx_game_seat_request_t *to)
{
    uint64_t            gateway, count;
    ngx_game_room_t    *room;
    ngx_game_codec_e    codec;
    ngx_game_resume_t  *resume;

    room = player->room;
    gateway = player->gateway;
    codec = player->codec;
    count = ngx_game_history_count(player);
    resume = ngx_game_player_resume(player);

    if (resume == NULL) {
        return NGX_ERROR;
    }

    if (!player->away) {
        (void) ngx_game_gateway_count(room, player, -1);
    }

    player->gateway = to->gateway;
    player->codec = to->codec;

    if (ngx_game_gateway_count(room, player, 1) != NGX_OK) {
        player->gateway = gateway;
        player->codec = codec;

        if (!player->away) {
            (void) ngx_game_gateway_count(room, player, 1);
        }

        return NGX_ERROR;
    }

    if (player->away) {
        player->codec = codec;
        ngx_game_hold_clear(player);
        player->codec = to->codec;
    }

    /* it may be the first whose messages are counted since the checkpoint */

    room->resumable = 1;
    ngx_game_history_set_count(player, count);

    resume->secret = to->secret;
    resume->number = ngx_max(resume->number, to->number);
    player->since = ngx_game_clock_now();

    ngx_game_seat_changed(room);

    return NGX_OK;
}


ngx_int_t
ngx_game_hold_listed(ngx_game_player_t *player,
    ngx_game_seat_request_t *listed)
{
    if (ngx_game_hold_return(player, listed) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_game_hold_untold(player);
    ngx_game_hold_tell_resume(player, 0);

    return NGX_OK;
}


void
ngx_game_hold_returned(ngx_game_seat_request_t *listed)
{
    static const ngx_str_t  died = ngx_string("the worker has died");

    /* what the dead one had sent comes first */

    ngx_game_zone_look();

    if (!ngx_game_hold_goes_on(listed)) {
        ngx_game_sync_close(listed->gateway, listed->room, listed->player,
                            1011, &died, NGX_GAME_LOST);
    }
}


/* 1 if it does, with all messages that it has missed */

static ngx_uint_t
ngx_game_hold_goes_on(ngx_game_seat_request_t *listed)
{
    int64_t             missed;
    ngx_game_room_t    *room;
    ngx_game_player_t  *player;

    room = ngx_game_room_find(listed->room);
    player = ngx_game_player_find(listed->player);

    if (room == NULL || room->closing
        || player == NULL || player->room != room || !player->seated
        || !ngx_game_secret_equal(&player->resume->secret, &listed->secret)
        || (!player->away && ngx_game_zone_alive(player->gateway)))
    {
        return 0;
    }

    missed = ngx_game_hold_missed(player, listed);

    if (missed < 0 || ngx_game_hold_return(player, listed) != NGX_OK) {
        return 0;
    }

    /* if rosters are still to come, it is in one, and has got the rest then */

    player->listed = room->settling;
    ngx_game_history_adopted_with(player, listed->seen);

    ngx_game_hold_untold(player);

    /* nothing that the room says is before what it has missed */

    ngx_game_sync_back(player->gateway, room->id, player->id);
    ngx_game_history_replay(player, missed);
    ngx_game_hold_tell_resume(player, 1);

    return 1;
}


static void
ngx_game_hold_admit(ngx_game_player_t *player, int64_t missed)
{
    ngx_game_admission_t  admission;

    ngx_game_seat_admission(player, &admission);

    admission.complete = (missed >= 0);

    if (missed > 0) {
        admission.seen -= missed;
    }

    ngx_game_sync_admit(player->gateway, &admission);

    if (missed > 0 && !player->away) {
        ngx_game_history_replay(player, missed);
    }

    ngx_game_hold_tell_resume(player, admission.complete);
}


void
ngx_game_hold_work(ngx_game_room_t *room)
{
    uint64_t           *ids;
    ngx_uint_t          i, n;
    ngx_queue_t        *q;
    ngx_game_player_t  *player;

    /* a handler may take players out of the queue */

    ids = ngx_alloc(room->dropping * sizeof(uint64_t), ngx_cycle->log);
    if (ids == NULL) {
        return;
    }

    n = 0;

    for (q = ngx_queue_head(&room->players);
         q != ngx_queue_sentinel(&room->players) && n < room->dropping;
         q = ngx_queue_next(q))
    {
        player = ngx_queue_data(q, ngx_game_player_t, link);

        if (player->dropping && !player->hoping) {
            ids[n++] = player->id;
        }
    }

    for (i = 0; i < n; i++) {
        player = ngx_game_player_find(ids[i]);

        if (player && player->room == room && player->dropping) {
            ngx_game_hold_tell_drop(player);
        }
    }

    ngx_free(ids);
}


/* that the script was told so is in an image at once, or another worker would
 * tell it again */

static void
ngx_game_hold_tell_drop(ngx_game_player_t *player)
{
    ngx_game_room_t  *room;

    room = player->room;

    player->dropping = 0;
    player->dropped = 1;
    room->dropping--;

    ngx_game_handler_drop(room, player);
    ngx_game_seat_changed(room);
}


/* unless it has gone again meanwhile */

static void
ngx_game_hold_tell_resume(ngx_game_player_t *player, ngx_uint_t complete)
{
    ngx_game_room_t  *room;

    if (player->dropped && player->seated && !player->away) {
        room = player->room;
        player->dropped = 0;

        ngx_game_handler_resume(room, player, complete);
        ngx_game_seat_changed(room);
    }
}


static void
ngx_game_hold_expired(ngx_game_timer_t *timer)
{
    ngx_game_resume_t  *resume;
    ngx_game_player_t  *player;

    resume = ngx_queue_data(timer, ngx_game_resume_t, timer);
    player = resume->player;

    if (player->room->paused) {
        (void) ngx_game_clock_set(timer, ngx_game_clock_now()
                                         + NGX_GAME_HOLD_AGAIN);
        return;
    }

    if (player->hoping) {
        player->hoping = 0;

        if (ngx_game_clock_set(timer, resume->until) == NGX_OK) {
            ngx_game_room_post(player->room);
            return;
        }
    }

    ngx_game_seat_take(player, player->why);
}


void
ngx_game_hold_continue(ngx_game_room_t *room)
{
    ngx_queue_t        *q, *next;
    ngx_game_resume_t  *resume;
    ngx_game_player_t  *player;

    for (q = ngx_queue_head(&room->players);
         q != ngx_queue_sentinel(&room->players) && room->away;
         q = next)
    {
        next = ngx_queue_next(q);
        player = ngx_queue_data(q, ngx_game_player_t, link);

        player->hoping = 0;

        if (!player->away) {
            continue;
        }

        resume = ngx_game_player_resume(player);
        resume->timer.handler = ngx_game_hold_expired;

        if (ngx_game_clock_set(&resume->timer, resume->until) != NGX_OK) {
            ngx_game_seat_take(player, player->why);
        }
    }

    if (room->dropping) {
        ngx_game_room_post(room);
    }
}
