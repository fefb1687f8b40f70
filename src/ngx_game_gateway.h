
/*
 * Copyright (C) ngx_game authors
 *
 * The gateways of a room: which workers hold how many of its players, so that
 * a broadcast goes to each of them once.
 */


#ifndef _NGX_GAME_GATEWAY_H_INCLUDED_
#define _NGX_GAME_GATEWAY_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_player.h"
#include "ngx_game_room.h"


/* counts a player that came (n = 1) or went (n = -1); NGX_ERROR: no memory,
 * only when one comes */
ngx_int_t ngx_game_gateway_count(ngx_game_room_t *room,
    ngx_game_player_t *player, int n);

/* sends one payload to all players that use the codec, but for the `n` ids in
 * `except`.  Those whose worker is too far behind leave */
void ngx_game_gateway_broadcast(ngx_game_room_t *room, ngx_game_codec_e codec,
    ngx_game_kind_e kind, const ngx_str_t *payload, const u_char *except,
    ngx_uint_t n);

/* the same to one player */
void ngx_game_gateway_send(ngx_game_player_t *player, ngx_game_kind_e kind,
    const ngx_str_t *payload);

/* how many players use the codec, with those that are away */
ngx_uint_t ngx_game_gateway_players(ngx_game_room_t *room,
    ngx_game_codec_e codec);


#endif /* _NGX_GAME_GATEWAY_H_INCLUDED_ */
