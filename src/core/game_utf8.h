
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


#define GAME_UTF8_START  0       /* the state before and between characters */


/* returns 0 if the piece is a possible part of valid text, -1 if not; at the
 * end of the text, *state must be GAME_UTF8_START */
int game_utf8_check(uint32_t *state, const unsigned char *data, size_t len);

/* the largest length <= max at which the text can be cut between characters */
size_t game_utf8_cut(const unsigned char *data, size_t len, size_t max);


#endif /* GAME_UTF8_H */
