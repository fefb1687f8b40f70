
/*
 * Copyright (C) ngx_game authors
 *
 * Numbers as text, several times as fast as snprintf(), to the same digits.
 */


#ifndef GAME_NUMBER_H
#define GAME_NUMBER_H


#include <stddef.h>


/* bytes that dst must have: a text is shorter, but what lies behind it may be
 * written to */
#define GAME_NUMBER_MAX  32


/*
 * Writes a finite number, without a null byte; returns its length.  Integers
 * up to 2^53 are exact, all else has 14 significant digits, as printf's %.14g:
 * more would show 0.1 as 0.10000000000000001.
 */
size_t game_number_format(char *dst, double n);


#endif /* GAME_NUMBER_H */
