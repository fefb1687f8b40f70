
/*
 * Copyright (C) ngx_game authors
 *
 * Players of the rooms that this worker owns, found by id.
 */


#include "ngx_game_player.h"
#include "ngx_game_token.h"
#include "core/game_map.h"

#include <lua.h>
#include <lauxlib.h>


static ngx_int_t ngx_game_player_copy_resume(ngx_game_player_t *player,
    ngx_game_seat_request_t *request);
static void ngx_game_player_free(ngx_game_player_t *player);
static ngx_game_ticket_t *ngx_game_player_ticket(
    ngx_game_seat_request_t *request);


/* of all that can't come back */
static const ngx_game_resume_t  ngx_game_player_no_resume;

static game_map_t          ngx_game_players;
static ngx_game_player_t  *ngx_game_player_last;     /* found */


ngx_game_player_t *
ngx_game_player_create(ngx_game_seat_request_t *request)
{
    size_t              len;
    ngx_game_player_t  *player;

    if (request->player == 0 || ngx_game_player_find(request->player)) {
        return NULL;
    }

    len = request->identity.len + request->address.len;

    player = ngx_calloc(offsetof(ngx_game_player_t, text) + len,
                        ngx_cycle->log);
    if (player == NULL) {
        return NULL;
    }

    player->resume = &ngx_game_player_no_resume;
    player->ticket = ngx_game_player_ticket(request);

    if (player->ticket == NULL
        || ngx_game_player_copy_resume(player, request) != NGX_OK
        || game_map_set(&ngx_game_players, request->player, player) != 0)
    {
        ngx_game_player_free(player);
        return NULL;
    }

    player->id = request->player;
    player->gateway = request->gateway;
    player->ref = LUA_NOREF;
    player->codec = request->codec;
    player->identity_len = request->identity.len;
    player->address_len = request->address.len;

    ngx_memcpy(ngx_cpymem(player->text, request->identity.data,
                          request->identity.len),
               request->address.data, request->address.len);

    return player;
}


static ngx_int_t
ngx_game_player_copy_resume(ngx_game_player_t *player,
    ngx_game_seat_request_t *request)
{
    ngx_game_resume_t  *resume;

    if (!ngx_game_secret_is_set(&request->secret) && request->number == 0) {
        return NGX_OK;
    }

    resume = ngx_game_player_resume(player);

    if (resume == NULL) {
        return NGX_ERROR;
    }

    resume->secret = request->secret;
    resume->number = request->number;

    return NGX_OK;
}


ngx_game_resume_t *
ngx_game_player_resume(ngx_game_player_t *player)
{
    ngx_game_resume_t  *resume;

    if (ngx_game_player_resumable(player)) {
        return (ngx_game_resume_t *) player->resume;
    }

    resume = ngx_calloc(sizeof(ngx_game_resume_t), ngx_cycle->log);

    if (resume) {
        resume->player = player;
        player->resume = resume;
    }

    return resume;
}


void
ngx_game_player_proven(ngx_game_player_t *player)
{
    if (ngx_game_player_resumable(player)) {
        ngx_memzero(&ngx_game_player_resume(player)->former,
                    sizeof(ngx_game_secret_t));
    }
}


/* a copy of the request's texts in one block */

static ngx_game_ticket_t *
ngx_game_player_ticket(ngx_game_seat_request_t *request)
{
    u_char             *p;
    size_t              len;
    ngx_uint_t          i;
    ngx_game_ticket_t  *ticket;

    ngx_str_t  *from[] = { &request->args, &request->origin,
                           &request->agent, &request->protocol };

    len = sizeof(ngx_game_ticket_t);

    for (i = 0; i < 4; i++) {
        len += from[i]->len;
    }

    ticket = ngx_alloc(len, ngx_cycle->log);
    if (ticket == NULL) {
        return NULL;
    }

    ngx_str_t  *to[] = { &ticket->args, &ticket->origin,
                         &ticket->agent, &ticket->protocol };

    p = (u_char *) ticket + sizeof(ngx_game_ticket_t);

    for (i = 0; i < 4; i++) {
        to[i]->data = p;
        to[i]->len = from[i]->len;
        p = ngx_cpymem(p, from[i]->data, from[i]->len);
    }

    return ticket;
}


void
ngx_game_player_drop_ticket(ngx_game_player_t *player)
{
    if (player->ticket) {
        ngx_free(player->ticket);
        player->ticket = NULL;
    }
}


void
ngx_game_player_destroy(ngx_game_player_t *player)
{
    (void) game_map_remove(&ngx_game_players, player->id);

    if (ngx_game_player_last == player) {
        ngx_game_player_last = NULL;
    }

    ngx_game_player_free(player);
}


static void
ngx_game_player_free(ngx_game_player_t *player)
{
    ngx_game_resume_t  *resume;

    if (ngx_game_player_resumable(player)) {
        resume = ngx_game_player_resume(player);

        ngx_game_clock_clear(&resume->timer);
        ngx_free(resume);
    }

    ngx_game_player_drop_ticket(player);
    ngx_free(player);
}


ngx_game_player_t *
ngx_game_player_find(uint64_t id)
{
    ngx_game_player_t  *player;

    /* messages of one player come one after the other */

    player = ngx_game_player_last;

    if (player && player->id == id) {
        return player;
    }

    player = game_map_get(&ngx_game_players, id);
    ngx_game_player_last = player;

    return player;
}


void
ngx_game_player_done(void)
{
    ngx_game_player_last = NULL;
    game_map_done(&ngx_game_players);
}
