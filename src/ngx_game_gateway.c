
/*
 * Copyright (C) ngx_game authors
 *
 * A few entries per room, searched from the front: there are as many as
 * workers at most.
 */


#include "ngx_game_gateway.h"
#include "ngx_game_history.h"
#include "ngx_game_seat.h"
#include "ngx_game_zone.h"


static void ngx_game_gateway_behind(ngx_game_room_t *room, uint64_t epoch);


/* adds n to the players of the player's worker and codec */

ngx_int_t
ngx_game_gateway_count(ngx_game_room_t *room, ngx_game_player_t *player,
    int n)
{
    ngx_uint_t                i, total;
    ngx_game_room_gateway_t  *gw;

    for (i = 0; i < room->gateways_count; i++) {
        if (room->gateways[i].epoch == player->gateway) {
            break;
        }
    }

    if (i == room->gateways_count) {
        gw = realloc(room->gateways,
                     (i + 1) * sizeof(ngx_game_room_gateway_t));
        if (gw == NULL) {
            return NGX_ERROR;
        }

        room->gateways = gw;
        room->gateways_count++;

        ngx_memzero(&gw[i], sizeof(ngx_game_room_gateway_t));
        gw[i].epoch = player->gateway;
    }

    gw = &room->gateways[i];
    gw->players[player->codec] += n;

    total = gw->players[NGX_GAME_JSON] + gw->players[NGX_GAME_MSGPACK]
            + gw->players[NGX_GAME_RAW];

    if (total == 0) {
        *gw = room->gateways[--room->gateways_count];
    }

    return NGX_OK;
}


void
ngx_game_gateway_broadcast(ngx_game_room_t *room, ngx_game_codec_e codec,
    ngx_game_kind_e kind, const ngx_str_t *payload, const u_char *except,
    ngx_uint_t n)
{
    ngx_uint_t                i;
    ngx_game_room_gateway_t  *gw;

    ngx_game_history_broadcast(room, codec, kind, payload, except, n);

    /* from the end: the place of one that is left is taken by the last one,
     * that has got its payload */

    for (i = room->gateways_count; i-- > 0; /* void */) {
        gw = &room->gateways[i];

        if (gw->players[codec] != 0
            && ngx_game_sync_broadcast(gw->epoch, room->id, codec, kind,
                                       payload, except, n)
               == NGX_ERROR)
        {
            ngx_game_gateway_behind(room, gw->epoch);
        }
    }
}


void
ngx_game_gateway_send(ngx_game_player_t *player, ngx_game_kind_e kind,
    const ngx_str_t *payload)
{
    if (ngx_game_player_resumable(player)) {
        ngx_game_history_send(player, kind, payload);
    }

    if (player->away) {
        return;
    }

    if (ngx_game_sync_send(player->gateway, player->room->id, player->id, kind,
                           payload)
        == NGX_ERROR)
    {
        ngx_game_gateway_behind(player->room, player->gateway);
    }
}


static void
ngx_game_gateway_behind(ngx_game_room_t *room, uint64_t epoch)
{
    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "worker in slot %ui can't keep up, its players leave "
                  "room %V of game \"%V\"", ngx_game_slot_of(epoch),
                  ngx_game_id_text(room->id), &room->game->name);

    ngx_game_seat_drop(room, epoch);
}


ngx_uint_t
ngx_game_gateway_players(ngx_game_room_t *room, ngx_game_codec_e codec)
{
    ngx_uint_t  i, n;

    n = room->away_codecs[codec];

    for (i = 0; i < room->gateways_count; i++) {
        n += room->gateways[i].players[codec];
    }

    return n;
}
