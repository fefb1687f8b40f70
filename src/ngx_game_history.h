
/*
 * Copyright (C) ngx_game authors
 *
 * The history of a room: what it has sent of late, in the zone, so that a
 * player that comes back gets what it has missed, even if the room's worker
 * has died meanwhile.  It is kept from the first player on that can come back,
 * as far as game_replay allows.
 *
 * The messages to a player are counted, as its client does.
 */


#ifndef _NGX_GAME_HISTORY_H_INCLUDED_
#define _NGX_GAME_HISTORY_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_player.h"
#include "ngx_game_room.h"


/* before it is sent: to all who use the codec, but for the `n` ids in
 * `except`; or to one */
void ngx_game_history_broadcast(ngx_game_room_t *room, ngx_game_codec_e codec,
    ngx_game_kind_e kind, const ngx_str_t *payload, const u_char *except,
    ngx_uint_t n);
void ngx_game_history_send(ngx_game_player_t *player, ngx_game_kind_e kind,
    const ngx_str_t *payload);

/* how many messages a player was sent; and sets that, for one that is new, or
 * that is sent by another codec from now on */
uint64_t ngx_game_history_count(ngx_game_player_t *player);
void ngx_game_history_set_count(ngx_game_player_t *player, uint64_t count);

/* whether the last n messages of a player can be sent again; and sends them,
 * not counted anew */
ngx_uint_t ngx_game_history_has(ngx_game_player_t *player, uint64_t n);
void ngx_game_history_replay(ngx_game_player_t *player, uint64_t n);

/*
 * The room goes on in this worker, by an image with that position: finds its
 * history.  adopted: the image is older than what was sent; what came since is
 * counted.  Nothing is sent before.
 */
void ngx_game_history_continue(ngx_game_room_t *room, ngx_uint_t adopted);

/* from then on, a player's messages are those of the room's new owner: its
 * count then */
void ngx_game_history_adopted_with(ngx_game_player_t *player, uint64_t count);

/* the room is adopted, and a session of the player's has got so many of its
 * messages: the others are sent, or are lost */
void ngx_game_history_settle(ngx_game_player_t *player, uint64_t got);

/* for images: how far it has come, in bytes ever */
uint64_t ngx_game_history_position(ngx_game_room_t *room);


#endif /* _NGX_GAME_HISTORY_H_INCLUDED_ */
