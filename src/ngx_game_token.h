
/*
 * Copyright (C) ngx_game authors
 *
 * A resume token: what a client shows to come back as the player that it was,
 * by another connection.  It names the room and the player, and holds a secret
 * of 126 random bits that is good for one use: each session has a new one.
 */


#ifndef _NGX_GAME_TOKEN_H_INCLUDED_
#define _NGX_GAME_TOKEN_H_INCLUDED_


#include "ngx_game.h"


/* four ids as text */
#define NGX_GAME_TOKEN_LEN  (4 * NGX_GAME_ID_LEN)


typedef struct {
    uint64_t                   room;
    uint64_t                   player;
    ngx_game_secret_t          secret;
} ngx_game_token_t;


/* whether it is set, and whether both are the same, in constant time */
ngx_uint_t ngx_game_secret_is_set(const ngx_game_secret_t *secret);
ngx_uint_t ngx_game_secret_equal(const ngx_game_secret_t *a,
    const ngx_game_secret_t *b);

/* a new one; NGX_ERROR: the system gave no random bytes, which is logged */
ngx_int_t ngx_game_secret_make(ngx_game_secret_t *secret);

/* what an attempt to join is known by until it is answered: others may know
 * whom it wants to be, but not the secret of its session, if there is one */
uint64_t ngx_game_token_attempt(uint64_t player,
    const ngx_game_secret_t *secret);

/* dst needs NGX_GAME_TOKEN_LEN bytes, nothing is terminated; the end of it */
u_char *ngx_game_token_format(u_char *dst, const ngx_game_token_t *token);

/* NGX_DECLINED: that is no token */
ngx_int_t ngx_game_token_parse(const ngx_str_t *text, ngx_game_token_t *token);


#endif /* _NGX_GAME_TOKEN_H_INCLUDED_ */
