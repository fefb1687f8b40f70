
/*
 * Copyright (C) ngx_game authors
 *
 * What JSON is, as far as lua-cjson is lax about it or slow: control
 * characters in strings, null bytes, the form and range of numbers, and what
 * of a string is escaped (RFC 8259, 6 and 7).  All else is left to the parser.
 */


#ifndef GAME_JSON_H
#define GAME_JSON_H


#include <stddef.h>


/* NULL, or a short constant text that says what is wrong.  A text that is no
 * JSON for other reasons may pass */
const char *game_json_check(const unsigned char *data, size_t len);

/* copies the part of a string up to the first byte that has to be escaped: a
 * control character, a quotation mark or a backslash; returns its length.
 * room, at least len, is how much may be read at src, whatever it is, and
 * written at dst: what lies there behind the part is undefined then */
size_t game_json_plain(unsigned char *dst, const unsigned char *src,
    size_t len, size_t room);


#endif /* GAME_JSON_H */
