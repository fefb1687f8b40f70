
/*
 * Copyright (C) ngx_game authors
 *
 * The store: an image for each room in the zone, to go on from if its worker
 * dies.  It is written without a lock by the owner of the room; whenever that
 * is killed, the last whole image is there.  Rooms are known by the numbers of
 * their entries in the registry.
 */


#ifndef _NGX_GAME_STORE_H_INCLUDED_
#define _NGX_GAME_STORE_H_INCLUDED_


#include "ngx_game.h"


/* init_process, after attach; n: entries of the registry */
ngx_int_t ngx_game_store_init(ngx_uint_t n);

/* replaces the image of a room; NGX_DECLINED: there is no place for it, the
 * former one stays */
ngx_int_t ngx_game_store_put(ngx_uint_t entry, uint64_t room,
    ngx_str_t *image);

/* the last image, in the zone: for a worker that has taken the room over;
 * NGX_DECLINED: there is none */
ngx_int_t ngx_game_store_get(ngx_uint_t entry, uint64_t room,
    ngx_str_t *image);

/*
 * For others than the owner, in any thread: a copy of the last image, of at
 * most `size` bytes, to image->data.
 *   NGX_OK
 *   NGX_AGAIN     it takes image->len bytes
 *   NGX_DECLINED  there is none
 */
ngx_int_t ngx_game_store_copy(ngx_uint_t entry, uint64_t room,
    ngx_str_t *image, size_t size);

/* an image before its room has an entry: its place, 0: there is none; under
 * the zone's lock it is then given to an entry that has none, or freed */
uint64_t ngx_game_store_prepare(uint64_t room, ngx_str_t *image);
void ngx_game_store_attach(ngx_uint_t entry, uint64_t place);
void ngx_game_store_cancel(uint64_t place);

/* whether there is one: a hint, for others than the owner */
ngx_uint_t ngx_game_store_has(ngx_uint_t entry);

/* counts a death that the room may have caused: how many there were within
 * the last `period` seconds.  By its new owner */
ngx_uint_t ngx_game_store_blame(ngx_uint_t entry, uint64_t now,
    uint64_t period);

/*
 * Memory that is a room's own, besides: what it has, NULL: none; and another
 * one of so many bytes, not cleared, to be filled and then set in its place,
 * before anything else is put or reserved.  NULL: there is none to spare.
 */
void *ngx_game_store_memory(ngx_uint_t entry);
void *ngx_game_store_reserve(size_t len);
void ngx_game_store_set_memory(ngx_uint_t entry);

/* under the zone's lock: forgets the image of an entry, or all of one that is
 * freed */
void ngx_game_store_drop_image(ngx_uint_t entry);
void ngx_game_store_drop(ngx_uint_t entry);

/* bytes used, and all */
void ngx_game_store_usage(size_t *used, size_t *size);


#endif /* _NGX_GAME_STORE_H_INCLUDED_ */
