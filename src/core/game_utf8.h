
/*
 * Copyright (C) ngx_game authors
 *
 * A UTF-8 check that takes its input in pieces and fails at the first byte
 * that no valid text can go on with (RFC 3629).
 */


#ifndef GAME_UTF8_H
#define GAME_UTF8_H


#include <stddef.h>
#include <stdint.h>
#include <string.h>


#define GAME_UTF8_START  0       /* the state before and between characters */


/* returns 0 if the piece is a possible part of valid text, -1 if not; at the
 * end of the text, *state must be GAME_UTF8_START */
int game_utf8_check(uint32_t *state, const unsigned char *data, size_t len);

/* the same of a text that is there as a whole: 1 if it is valid */
int game_utf8_check_whole(const unsigned char *data, size_t len);

/* the largest length <= max at which the text can be cut between characters */
size_t game_utf8_cut(const unsigned char *data, size_t len, size_t max);


/* the first byte of the text that is not ASCII; end: there is none */
static inline const unsigned char *
game_utf8_skip_ascii(const unsigned char *p, const unsigned char *end)
{
    uint64_t  word, next;

    while (end - p >= 16) {
        memcpy(&word, p, 8);
        memcpy(&next, p + 8, 8);

        if ((word | next) & UINT64_C(0x8080808080808080)) {
            break;
        }

        p += 16;
    }

    while (p < end && *p < 0x80) {
        p++;
    }

    return p;
}


/* whether a text is valid as a whole: most are short, and ASCII */
static inline int
game_utf8_valid(const unsigned char *data, size_t len)
{
    return game_utf8_skip_ascii(data, data + len) == data + len
           || game_utf8_check_whole(data, len);
}


#endif /* GAME_UTF8_H */
