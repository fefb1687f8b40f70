
/*
 * Copyright (C) ngx_game authors
 *
 * A few entries per room, searched from the front: there are as many as
 * workers at most.
 */


#include "ngx_game_gateway.h"
#include "ngx_game_seat.h"
#include "ngx_game_zone.h"


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

    for (i = 0; i < room->gateways_count; i++) {
        gw = &room->gateways[i];

        if (gw->players[codec] == 0) {
            continue;
        }

        if (ngx_game_sync_broadcast(gw->epoch, room->id, codec, kind, payload,
                                    except, n)
            != NGX_OK)
        {
            ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                          "worker in slot %ui can't keep up, its players "
                          "leave room %V of game \"%V\"",
                          ngx_game_slot_of(gw->epoch),
                          ngx_game_id_text(room->id), &room->game->name);

            /* changes the array: the entry that took its place is looked at
             * when the next broadcast is sent */
            ngx_game_seat_lose(room, gw->epoch);
        }
    }
}


ngx_uint_t
ngx_game_gateway_players(ngx_game_room_t *room, ngx_game_codec_e codec)
{
    ngx_uint_t  i, n;

    n = 0;

    for (i = 0; i < room->gateways_count; i++) {
        n += room->gateways[i].players[codec];
    }

    return n;
}
