
/*
 * Copyright (C) ngx_game authors
 *
 * A check of what lua-cjson is lax about: control characters in strings, null
 * bytes, and the form and range of numbers (RFC 8259, 6 and 7).  All else is
 * left to the parser.
 */


#ifndef GAME_JSON_H
#define GAME_JSON_H


#include <stddef.h>


/* NULL, or a short constant text that says what is wrong.  A text that is no
 * JSON for other reasons may pass */
const char *game_json_check(const unsigned char *data, size_t len);


#endif /* GAME_JSON_H */
