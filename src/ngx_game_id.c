
/*
 * Copyright (C) ngx_game authors
 *
 * Ids as text: 13 digits of Crockford's base32 in lower case.  They hold 65
 * bits, so that the first digit is 0 to f.  Only what format makes is parsed:
 * an id has one text.
 */


#include "ngx_game.h"
#include "ngx_game_zone.h"


static const u_char  ngx_game_id_digits[] = "0123456789abcdefghjkmnpqrstvwxyz";


u_char *
ngx_game_id_format(u_char *dst, uint64_t id)
{
    ngx_uint_t  i;

    for (i = NGX_GAME_ID_LEN; i > 0; i--) {
        dst[i - 1] = ngx_game_id_digits[id & 31];
        id >>= 5;
    }

    return dst + NGX_GAME_ID_LEN;
}


uint64_t
ngx_game_id_parse(u_char *text, size_t len)
{
    u_char       ch;
    uint64_t     id;
    ngx_uint_t   i, digit;

    if (len != NGX_GAME_ID_LEN) {
        return 0;
    }

    id = 0;

    for (i = 0; i < NGX_GAME_ID_LEN; i++) {
        ch = text[i];

        if (ch >= '0' && ch <= '9') {
            digit = ch - '0';

        } else if (ch >= 'a' && ch <= 'z'
                   && ch != 'i' && ch != 'l' && ch != 'o' && ch != 'u')
        {
            /* less the letters that were left out before this one */

            digit = 10 + (ch - 'a') - (ch > 'i') - (ch > 'l') - (ch > 'o')
                    - (ch > 'u');

        } else {
            return 0;
        }

        if (i == 0 && digit > 15) {
            return 0;
        }

        id = id << 5 | digit;
    }

    return id;
}


ngx_str_t *
ngx_game_id_text(uint64_t id)
{
    ngx_str_t  *text;

    static u_char      buf[4][NGX_GAME_ID_LEN];
    static ngx_str_t   texts[4];
    static ngx_uint_t  n;

    text = &texts[n & 3];
    text->data = buf[n & 3];
    text->len = NGX_GAME_ID_LEN;
    n++;

    (void) ngx_game_id_format(text->data, id);

    return text;
}
