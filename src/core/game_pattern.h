
/*
 * Copyright (C) ngx_game authors
 *
 * Lua patterns (Lua 5.1 reference manual, 5.4.1) over bytes, with bounds: the
 * depth is limited, and a poll is called again and again while a match runs,
 * so that a pattern that backtracks for years can be given up.
 */


#ifndef GAME_PATTERN_H
#define GAME_PATTERN_H


#include <stddef.h>
#include <stdint.h>


#define GAME_PATTERN_CAPTURES  32
#define GAME_PATTERN_DEPTH     200
#define GAME_PATTERN_POLL      65536   /* steps from poll to poll */

#define GAME_PATTERN_OPEN      (-1)    /* a capture that has no end yet */
#define GAME_PATTERN_POSITION  (-2)    /* `()`: a position */


typedef struct {
    const unsigned char  *start;
    ptrdiff_t             len;         /* or one of the above */
} game_pattern_capture_t;


typedef struct {
    const unsigned char  *subject;
    const unsigned char  *subject_end;
    const unsigned char  *pattern_end;
    const char           *error;       /* a short constant text, or NULL */
    void                (*poll)(void *data);    /* may longjmp; or NULL */
    void                 *data;
    uint32_t              steps;
    unsigned              depth;
    unsigned              level;       /* captures */
    game_pattern_capture_t  captures[GAME_PATTERN_CAPTURES];
} game_pattern_t;


/* subject, pattern_end, poll and data of *m are set by the caller once.
 * Matches at `s`, anchored there: the end of the match or NULL; then m->error
 * tells a bad pattern from no match.  `pattern` has no leading `^` */
const unsigned char *game_pattern_match(game_pattern_t *m,
    const unsigned char *s, const unsigned char *pattern);

/* whether the text has no special character: it may be searched as it is */
int game_pattern_is_plain(const unsigned char *pattern, size_t len);


#endif /* GAME_PATTERN_H */
