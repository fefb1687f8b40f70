
/*
 * Copyright (C) ngx_game authors
 *
 * As much JSON as the game of the floor server needs.
 */


#ifndef FLOOR_JSON_H
#define FLOOR_JSON_H


#include <stddef.h>


#define FLOOR_JSON_NUMBER  32    /* bytes that a number may take */


/* writes a number with 14 digits that count, as lua-cjson does */
char *floor_json_number(char *dst, double value);

/* finds the text of a field of an object, with its escapes as they are: its
 * length, or -1: there is no such field */
long floor_json_field(const char *json, size_t len, const char *name,
    const char **text);


#endif /* FLOOR_JSON_H */
