
/*
 * Copyright (C) ngx_game authors
 *
 * The image of a room: all that it needs to go on in another worker, as bytes
 * of one block.  What it holds: who is in the room, self.state, the players'
 * data, metadata, the lock, and timers.  What it does not: handlers that wait,
 * and players that have no seat yet.
 */


#ifndef _NGX_GAME_IMAGE_H_INCLUDED_
#define _NGX_GAME_IMAGE_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_room.h"


/* the image, valid until the next one is packed; NGX_ERROR: the room has
 * something that can't be saved, which is logged unless quiet, or there is no
 * memory */
ngx_int_t ngx_game_image_pack(ngx_game_room_t *room, ngx_str_t *image,
    ngx_uint_t quiet);

/* frees the buffer of images if it has grown large */
void ngx_game_image_trim(void);

/*
 * Makes the room of an image, with this worker's class of its game, and calls
 * on_restore.  It is paused, its players are not counted to their gateways
 * yet, and the registry knows nothing of it.  NULL: *error says why.
 */
ngx_game_room_t *ngx_game_image_unpack(ngx_str_t *image, const char **error);

/* names the layout of images: another build can read them if it is the same */
uint32_t ngx_game_image_layout(void);

/* an image of a room that was made by workers that are all gone: no player has
 * a session, and alarms go off so many us later, since the clock may be
 * another.  *players: how many there are.  NGX_ERROR: it is broken, or of
 * another room */
ngx_int_t ngx_game_image_revive(ngx_str_t *image, uint64_t room,
    uint64_t game, int64_t us, uint32_t *players);


#endif /* _NGX_GAME_IMAGE_H_INCLUDED_ */
