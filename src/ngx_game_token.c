
/*
 * Copyright (C) ngx_game authors
 *
 * A token's text is that of four ids, one behind the other.
 */


#include "ngx_game_token.h"
#include "ngx_game_zone.h"

#include <sys/random.h>


ngx_uint_t
ngx_game_secret_is_set(const ngx_game_secret_t *secret)
{
    return (secret->half[0] | secret->half[1]) != 0;
}


ngx_uint_t
ngx_game_secret_equal(const ngx_game_secret_t *a, const ngx_game_secret_t *b)
{
    return ((a->half[0] ^ b->half[0]) | (a->half[1] ^ b->half[1])) == 0;
}


ngx_int_t
ngx_game_secret_make(ngx_game_secret_t *secret)
{
    if (getrandom(secret, sizeof(ngx_game_secret_t), 0)
        != (ssize_t) sizeof(ngx_game_secret_t))
    {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_errno,
                      "getrandom() failed");
        return NGX_ERROR;
    }

    /* an id is never 0 */

    secret->half[0] |= 1;
    secret->half[1] |= 1;

    return NGX_OK;
}


uint64_t
ngx_game_token_attempt(uint64_t player, const ngx_game_secret_t *secret)
{
    return ngx_game_secret_is_set(secret) ? secret->half[0] : player;
}


u_char *
ngx_game_token_format(u_char *dst, const ngx_game_token_t *token)
{
    dst = ngx_game_id_format(dst, token->room);
    dst = ngx_game_id_format(dst, token->player);
    dst = ngx_game_id_format(dst, token->secret.half[0]);

    return ngx_game_id_format(dst, token->secret.half[1]);
}


ngx_int_t
ngx_game_token_parse(const ngx_str_t *text, ngx_game_token_t *token)
{
    ngx_uint_t  i;

    uint64_t  *const part[] = { &token->room, &token->player,
                                &token->secret.half[0],
                                &token->secret.half[1] };

    if (text->len != NGX_GAME_TOKEN_LEN) {
        return NGX_DECLINED;
    }

    for (i = 0; i < 4; i++) {
        *part[i] = ngx_game_id_parse(text->data + i * NGX_GAME_ID_LEN,
                                     NGX_GAME_ID_LEN);

        if (*part[i] == 0) {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}
