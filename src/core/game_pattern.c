
/*
 * Copyright (C) ngx_game authors
 *
 * A backtracking matcher of Lua patterns.  game_pattern_do() matches the rest
 * of the pattern at a place in the subject; it calls itself where there are
 * several ways to go on, at most GAME_PATTERN_DEPTH deep.
 */


#include "game_pattern.h"

#include <ctype.h>
#include <string.h>


/* `s` is a place in the subject, `p` one in the pattern, `ep` the end of the
 * item that begins at p */
typedef const unsigned char  game_pattern_byte_t;

#define byte_t  game_pattern_byte_t


static byte_t *game_pattern_do(game_pattern_t *m, byte_t *s, byte_t *p);
static byte_t *game_pattern_item(game_pattern_t *m, byte_t *s, byte_t *p,
    byte_t **next);
static byte_t *game_pattern_escape(game_pattern_t *m, byte_t *s, byte_t *p,
    byte_t **next);
static byte_t *game_pattern_longest(game_pattern_t *m, byte_t *s, byte_t *p,
    byte_t *ep);
static byte_t *game_pattern_shortest(game_pattern_t *m, byte_t *s, byte_t *p,
    byte_t *ep);
static byte_t *game_pattern_open(game_pattern_t *m, byte_t *s, byte_t *p,
    ptrdiff_t len);
static byte_t *game_pattern_close(game_pattern_t *m, byte_t *s, byte_t *p);
static byte_t *game_pattern_balance(game_pattern_t *m, byte_t *s, byte_t *p);
static byte_t *game_pattern_back(game_pattern_t *m, byte_t *s, int digit);
static int game_pattern_single(game_pattern_t *m, byte_t *s, byte_t *p,
    byte_t *ep);
static int game_pattern_set(int c, byte_t *p, byte_t *ec);
static int game_pattern_class(int c, int cl);
static byte_t *game_pattern_item_end(game_pattern_t *m, byte_t *p);
static byte_t *game_pattern_fail(game_pattern_t *m, const char *error);
static void game_pattern_step(game_pattern_t *m, size_t n);


const unsigned char *
game_pattern_match(game_pattern_t *m, const unsigned char *s,
    const unsigned char *pattern)
{
    m->error = NULL;
    m->level = 0;
    m->depth = 0;

    return game_pattern_do(m, s, pattern);
}


int
game_pattern_is_plain(const unsigned char *pattern, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (pattern[i] && strchr("^$*+?.([%-", pattern[i])) {
            return 0;
        }
    }

    return 1;
}


static byte_t *
game_pattern_do(game_pattern_t *m, byte_t *s, byte_t *p)
{
    byte_t  *next;

    if (++m->depth > GAME_PATTERN_DEPTH) {
        m->depth--;
        return game_pattern_fail(m, "pattern too complex");
    }

    while (s && p != m->pattern_end) {
        game_pattern_step(m, 1);

        /* an item that goes on by itself has no next one */
        next = NULL;

        switch (*p) {

        case '(':
            if (p + 1 < m->pattern_end && p[1] == ')') {
                s = game_pattern_open(m, s, p + 2, GAME_PATTERN_POSITION);

            } else {
                s = game_pattern_open(m, s, p + 1, GAME_PATTERN_OPEN);
            }

            break;

        case ')':
            s = game_pattern_close(m, s, p + 1);
            break;

        case '$':
            if (p + 1 == m->pattern_end) {
                s = (s == m->subject_end) ? s : NULL;
                break;
            }

            s = game_pattern_item(m, s, p, &next);
            break;

        case '%':
            s = game_pattern_escape(m, s, p, &next);
            break;

        default:
            s = game_pattern_item(m, s, p, &next);
            break;
        }

        if (next == NULL) {
            break;
        }

        p = next;
    }

    m->depth--;

    return m->error ? NULL : s;
}


/* a single character class and what follows it.  Where only one way goes on,
 * sets *next and returns the place there */
static byte_t *
game_pattern_item(game_pattern_t *m, byte_t *s, byte_t *p, byte_t **next)
{
    int      matches;
    byte_t  *ep, *end;

    ep = game_pattern_item_end(m, p);
    if (ep == NULL) {
        return NULL;
    }

    switch (ep < m->pattern_end ? *ep : 0) {

    case '*':
        return game_pattern_longest(m, s, p, ep);

    case '-':
        return game_pattern_shortest(m, s, p, ep);

    case '+':
        return game_pattern_single(m, s, p, ep)
               ? game_pattern_longest(m, s + 1, p, ep) : NULL;

    case '?':
        if (game_pattern_single(m, s, p, ep)) {
            end = game_pattern_do(m, s + 1, ep + 1);
            if (end || m->error) {
                return end;
            }
        }

        *next = ep + 1;
        return s;

    default:
        matches = game_pattern_single(m, s, p, ep);
        *next = ep;
        return matches ? s + 1 : NULL;
    }
}


/* %b, %f, %1 to %9, and classes */
static byte_t *
game_pattern_escape(game_pattern_t *m, byte_t *s, byte_t *p, byte_t **next)
{
    int      before, after;
    byte_t  *ep;

    switch (p + 1 < m->pattern_end ? p[1] : 0) {

    case 'b':
        if (m->pattern_end - p < 4) {
            return game_pattern_fail(m, "unbalanced pattern");
        }

        *next = p + 4;
        return game_pattern_balance(m, s, p + 2);

    case 'f':
        p += 2;

        if (p >= m->pattern_end || *p != '[') {
            return game_pattern_fail(m, "missing \"[\" after \"%f\" in "
                                     "pattern");
        }

        ep = game_pattern_item_end(m, p);
        if (ep == NULL) {
            return NULL;
        }

        before = (s == m->subject) ? 0 : s[-1];
        after = (s == m->subject_end) ? 0 : *s;

        *next = ep;

        return !game_pattern_set(before, p, ep - 1)
               && game_pattern_set(after, p, ep - 1) ? s : NULL;

    case '0': case '1': case '2': case '3': case '4':
    case '5': case '6': case '7': case '8': case '9':
        *next = p + 2;
        return game_pattern_back(m, s, p[1]);

    default:
        return game_pattern_item(m, s, p, next);
    }
}


static byte_t *
game_pattern_longest(game_pattern_t *m, byte_t *s, byte_t *p, byte_t *ep)
{
    byte_t     *end;
    ptrdiff_t   i;

    for (i = 0; game_pattern_single(m, s + i, p, ep); i++) { /* void */ }

    for ( /* void */ ; i >= 0; i--) {
        end = game_pattern_do(m, s + i, ep + 1);
        if (end || m->error) {
            return end;
        }
    }

    return NULL;
}


static byte_t *
game_pattern_shortest(game_pattern_t *m, byte_t *s, byte_t *p, byte_t *ep)
{
    byte_t  *end;

    for ( ;; ) {
        end = game_pattern_do(m, s, ep + 1);
        if (end || m->error) {
            return end;
        }

        if (!game_pattern_single(m, s, p, ep)) {
            return NULL;
        }

        s++;
    }
}


static byte_t *
game_pattern_open(game_pattern_t *m, byte_t *s, byte_t *p, ptrdiff_t len)
{
    byte_t  *end;

    if (m->level >= GAME_PATTERN_CAPTURES) {
        return game_pattern_fail(m, "too many captures");
    }

    m->captures[m->level].start = s;
    m->captures[m->level].len = len;
    m->level++;

    end = game_pattern_do(m, s, p);
    if (end == NULL) {
        m->level--;
    }

    return end;
}


static byte_t *
game_pattern_close(game_pattern_t *m, byte_t *s, byte_t *p)
{
    byte_t    *end;
    unsigned   i;

    for (i = m->level; i > 0; i--) {
        if (m->captures[i - 1].len == GAME_PATTERN_OPEN) {
            break;
        }
    }

    if (i == 0) {
        return game_pattern_fail(m, "invalid pattern capture");
    }

    m->captures[i - 1].len = s - m->captures[i - 1].start;

    end = game_pattern_do(m, s, p);
    if (end == NULL) {
        m->captures[i - 1].len = GAME_PATTERN_OPEN;
    }

    return end;
}


/* %bxy; p is at x */
static byte_t *
game_pattern_balance(game_pattern_t *m, byte_t *s, byte_t *p)
{
    size_t  depth;

    if (s == m->subject_end || *s != p[0]) {
        return NULL;
    }

    depth = 1;

    for (s++; s < m->subject_end; s++) {
        game_pattern_step(m, 1);

        if (*s == p[1]) {
            if (--depth == 0) {
                return s + 1;
            }

        } else if (*s == p[0]) {
            depth++;
        }
    }

    return NULL;
}


static byte_t *
game_pattern_back(game_pattern_t *m, byte_t *s, int digit)
{
    size_t    len;
    unsigned  i;

    i = digit - '1';

    if (digit == '0' || i >= m->level
        || m->captures[i].len == GAME_PATTERN_OPEN)
    {
        return game_pattern_fail(m, "invalid capture index");
    }

    if (m->captures[i].len == GAME_PATTERN_POSITION) {
        return s;
    }

    len = m->captures[i].len;

    if ((size_t) (m->subject_end - s) < len) {
        return NULL;
    }

    game_pattern_step(m, len / 16);

    return memcmp(m->captures[i].start, s, len) == 0 ? s + len : NULL;
}


static int
game_pattern_single(game_pattern_t *m, byte_t *s, byte_t *p, byte_t *ep)
{
    if (s >= m->subject_end) {
        return 0;
    }

    game_pattern_step(m, 1);

    switch (*p) {

    case '.':
        return 1;

    case '%':
        return game_pattern_class(*s, p[1]);

    case '[':
        game_pattern_step(m, (ep - p) / 16);
        return game_pattern_set(*s, p, ep - 1);

    default:
        return *p == *s;
    }
}


/* p is at `[`, ec at its `]` */
static int
game_pattern_set(int c, byte_t *p, byte_t *ec)
{
    int  found;

    found = 1;

    if (p[1] == '^') {
        found = 0;
        p++;
    }

    while (++p < ec) {

        if (*p == '%') {
            p++;
            if (game_pattern_class(c, *p)) {
                return found;
            }

        } else if (p[1] == '-' && p + 2 < ec) {
            p += 2;
            if (p[-2] <= c && c <= *p) {
                return found;
            }

        } else if (*p == c) {
            return found;
        }
    }

    return !found;
}


static int
game_pattern_class(int c, int cl)
{
    int  in;

    switch (tolower(cl)) {
    case 'a':  in = isalpha(c);  break;
    case 'c':  in = iscntrl(c);  break;
    case 'd':  in = isdigit(c);  break;
    case 'g':  in = isgraph(c);  break;
    case 'l':  in = islower(c);  break;
    case 'p':  in = ispunct(c);  break;
    case 's':  in = isspace(c);  break;
    case 'u':  in = isupper(c);  break;
    case 'w':  in = isalnum(c);  break;
    case 'x':  in = isxdigit(c); break;
    case 'z':  in = (c == 0);    break;
    default:   return cl == c;
    }

    return isupper(cl) ? !in : !!in;
}


static byte_t *
game_pattern_item_end(game_pattern_t *m, byte_t *p)
{
    byte_t  *start;

    start = p;

    if (*p == '%') {
        if (++p == m->pattern_end) {
            return game_pattern_fail(m, "malformed pattern (ends with "
                                     "\"%\")");
        }

        return p + 1;
    }

    if (*p != '[') {
        return p + 1;
    }

    if (++p < m->pattern_end && *p == '^') {
        p++;
    }

    /* a `]` that comes first stands for itself */
    do {
        if (p >= m->pattern_end) {
            return game_pattern_fail(m, "malformed pattern (missing \"]\")");
        }

        if (*p++ == '%') {
            p++;
        }

    } while (p >= m->pattern_end || *p != ']');

    game_pattern_step(m, (p - start) / 16);

    return p + 1;
}


static byte_t *
game_pattern_fail(game_pattern_t *m, const char *error)
{
    m->error = error;

    return NULL;
}


static void
game_pattern_step(game_pattern_t *m, size_t n)
{
    if (n >= GAME_PATTERN_POLL - m->steps) {
        m->steps = 0;

        if (m->poll) {
            m->poll(m->data);
        }

        return;
    }

    m->steps += n;
}
