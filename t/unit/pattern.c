
/*
 * Copyright (C) ngx_game authors
 *
 * game_pattern: the items of Lua's patterns one by one, what is malformed, and
 * that a match that would take for ever is polled.
 */


#include <setjmp.h>
#include <stdlib.h>

#include "game_pattern.h"
#include "tap.h"


static jmp_buf   give_up;
static unsigned  polls;


static void
poll(void *data)
{
    if (++polls == *(unsigned *) data) {
        longjmp(give_up, 1);
    }
}


static unsigned char *
copy(const char *text, size_t len)
{
    unsigned char  *p;

    p = malloc(len ? len : 1);

    if (p == NULL) {
        abort();
    }

    memcpy(p, text, len);

    return p;
}


/* the first match as "from-to" or with its captures: "from-to a b" */

static const char *
find(const char *subject, size_t len, const char *pattern, size_t plen)
{
    char                     *p;
    size_t                    i;
    unsigned                  n;
    unsigned char            *s, *pat;
    game_pattern_t            m;
    const unsigned char      *end;
    game_pattern_capture_t   *capture;

    static char               result[512];

    s = copy(subject, len);
    pat = copy(pattern, plen);

    memset(&m, 0, sizeof(m));
    m.subject = s;
    m.subject_end = s + len;
    m.pattern_end = pat + plen;

    strcpy(result, "none");

    for (i = 0; i <= len; i++) {
        end = game_pattern_match(&m, s + i, pat);

        if (m.error) {
            snprintf(result, sizeof(result), "error: %s", m.error);
            break;
        }

        if (end == NULL) {
            continue;
        }

        p = result + sprintf(result, "%d-%d", (int) i, (int) (end - s));

        for (n = 0; n < m.level; n++) {
            capture = &m.captures[n];

            if (capture->len < 0) {
                p += sprintf(p, " %s", capture->len == GAME_PATTERN_OPEN
                                       ? "open" : "pos");
                continue;
            }

            p += sprintf(p, " %.*s", (int) capture->len,
                         (const char *) capture->start);
        }

        break;
    }

    free(s);
    free(pat);

    return result;
}


static void
matches(const char *subject, const char *pattern, const char *wanted)
{
    const char  *got;

    got = find(subject, strlen(subject), pattern, strlen(pattern));
    ok(strcmp(got, wanted) == 0, "\"%s\" in \"%s\": %s", pattern, subject,
       got);
}


static void
items(void)
{
    matches("hello", "l", "2-3");
    matches("hello", "", "0-0");
    matches("", "", "0-0");
    matches("", "a", "none");
    matches("hello", ".", "0-1");
    matches("hello", "l+", "2-4");
    matches("hello", "l*", "0-0");
    matches("hello", "hel*o", "0-5");
    matches("hello", "l-o", "2-5");
    matches("hello", "el?l?l?o", "1-5");
    matches("heo", "el?o", "1-3");
    matches("hello", "o$", "4-5");
    matches("hello", "l$", "none");
    matches("a$b", "a$b", "0-3");
    matches("a^b", "^b", "1-3");
    matches("f(a(b)c)d", "%b()", "1-8");
    matches("((a)", "%b()", "1-4");
    matches("THE (quick) fox", "%f[%a]%a+", "0-3");
    matches("THE (quick) fox", "%f[%l]%l+", "5-10");
    matches("THE", "%f[%z]", "3-3");
    matches("key = value", "^(%w+)%s*=%s*(%w+)$", "none");
    matches("key = value", "(%w+)%s*=%s*(%w+)$", "0-11 key value");
    matches("a.b", "%.", "1-2");
    matches("abcabc", "(abc)%1", "0-6 abc");
    matches("abcabd", "(abc)%1", "none");
    matches("\"it's\"", "([\"'])(.-)%1", "0-6 \" it's");
    matches("abc", "()b()", "1-2 pos pos");
    matches("abc", "((a)(b))", "0-2 ab a b");
    matches("aaab", ".-b", "0-4");
    matches("aaab", ".*b", "0-4");
    matches("aXb", "%u", "1-2");
    matches("aXb", "%U", "0-1");
    matches("a\tb", "%c", "1-2");
    matches("a b", "%s", "1-2");
    matches("a1b", "%d", "1-2");
    matches("ag!", "%p", "2-3");
    matches("zfg", "%x", "1-2");
    matches("\xff" "a", "%w", "1-2");
}


static void
sets(void)
{
    matches("hello", "[lo]+", "2-5");
    matches("hello", "[^h]+", "1-5");
    matches("hello", "[a-h]+", "0-2");
    matches("a-b", "[a-]+", "0-2");
    matches("a]b", "[]]", "1-2");
    matches("a]b", "[^]]+", "0-1");
    matches("a^b", "[b^]", "1-2");
    matches("x%y", "[%%]", "1-2");
    matches("x-y", "[%-]", "1-2");
    matches("foo_bar1", "[%a_][%w_]*", "0-8");
    matches("12.5", "[%d.]+", "0-4");
}


static void
errors(void)
{
    char      deep[600], as[600];
    unsigned  i;

    matches("a", "%", "error: malformed pattern (ends with \"%\")");
    matches("a", "[a", "error: malformed pattern (missing \"]\")");
    matches("a", "[", "error: malformed pattern (missing \"]\")");
    matches("a", "[]", "error: malformed pattern (missing \"]\")");
    matches("a", "[^", "error: malformed pattern (missing \"]\")");
    matches("a", "[%", "error: malformed pattern (missing \"]\")");
    matches("a", "[a%", "error: malformed pattern (missing \"]\")");
    matches("a", "a)", "error: invalid pattern capture");
    matches("a", "%1", "error: invalid capture index");
    matches("a", "%0", "error: invalid capture index");
    matches("aa", "(a%1)", "error: invalid capture index");
    matches("a", "%b", "error: unbalanced pattern");
    matches("a", "%bx", "error: unbalanced pattern");
    matches("a", "%f", "error: missing \"[\" after \"%f\" in pattern");
    matches("a", "%fa", "error: missing \"[\" after \"%f\" in pattern");
    matches("a", "%f[", "error: malformed pattern (missing \"]\")");
    matches("a", "(a", "0-1 open");

    memset(deep, '(', 33);
    ok(strcmp(find("a", 1, deep, 33), "error: too many captures") == 0,
       "33 captures");

    memset(as, 'a', sizeof(as));
    memset(deep, 'a', sizeof(deep));

    for (i = 1; i < sizeof(deep); i += 2) {
        deep[i] = '?';
    }

    ok(strcmp(find(as, 600, deep, 600), "error: pattern too complex") == 0,
       "a pattern that is too deep");
}


static void
null_bytes(void)
{
    ok(strcmp(find("a\0b", 3, "\0", 1), "1-2") == 0, "a null byte");
    ok(strcmp(find("a\0b", 3, "%z", 2), "1-2") == 0, "%%z");
    ok(strcmp(find("a\0b", 3, "[\0]", 3), "1-2") == 0, "a null in a set");

    ok(game_pattern_is_plain((const unsigned char *) "a b\0c", 5),
       "a plain text");
    ok(!game_pattern_is_plain((const unsigned char *) "a\0b.", 4),
       "a pattern");
    ok(game_pattern_is_plain((const unsigned char *) "", 0), "nothing");
}


/* a pattern that would run for ever on a subject of n bytes */

static void
endless(const char *name, const char *pattern, char c, size_t n)
{
    size_t          i;
    unsigned        limit;
    unsigned char  *s;
    game_pattern_t  m;

    limit = 10;
    polls = 0;

    s = malloc(n);

    if (s == NULL) {
        abort();
    }

    memset(s, c, n);
    memset(&m, 0, sizeof(m));

    m.subject = s;
    m.subject_end = s + n;
    m.pattern_end = (const unsigned char *) pattern + strlen(pattern);
    m.poll = poll;
    m.data = &limit;

    if (setjmp(give_up) == 0) {
        for (i = 0; i <= n; i++) {
            game_pattern_match(&m, s + i, (const unsigned char *) pattern);
        }
    }

    free(s);

    is(polls, 10, "%s is polled while it runs", name);
}


int
main(void)
{
    items();
    sets();
    errors();
    null_bytes();

    endless("backtracking", ".-.-.-.-.-.-.-.-.-.-.-.-b", 'a', 30000);
    endless("greedy backtracking", ".*.*.*.*.*.*b", 'a', 30000);
    endless("a pair without an end", "%b()", '(', 1000000);
    endless("a back reference", "(a*)%1b", 'a', 1000000);

    return tap_done();
}
