
/*
 * Copyright (C) ngx_game authors
 *
 * game_pattern: the match and its captures lie within the subject, and what
 * takes too long is polled.
 *
 * Input: a byte of the pattern's length, the pattern, the subject.
 */


#include <setjmp.h>

#include "game_pattern.h"
#include "fuzz.h"


#define POLLS_MAX  20


static jmp_buf  give_up;


static void
poll(void *data)
{
    unsigned  *polls;

    polls = data;

    if (++*polls == POLLS_MAX) {
        longjmp(give_up, 1);
    }
}


static void
check_captures(game_pattern_t *m, const unsigned char *s,
    const unsigned char *end)
{
    unsigned                 i;
    game_pattern_capture_t  *capture;

    FUZZ_CHECK(end >= s && end <= m->subject_end);
    FUZZ_CHECK(m->level <= GAME_PATTERN_CAPTURES);

    for (i = 0; i < m->level; i++) {
        capture = &m->captures[i];

        FUZZ_CHECK(capture->start >= s && capture->start <= end);

        if (capture->len >= 0) {
            FUZZ_CHECK(capture->len <= end - capture->start);

        } else {
            FUZZ_CHECK(capture->len == GAME_PATTERN_OPEN
                       || capture->len == GAME_PATTERN_POSITION);
        }
    }
}


static void
match(game_pattern_t *m, const unsigned char *pattern)
{
    const unsigned char  *s, *end;

    for (s = m->subject; s <= m->subject_end; s++) {
        end = game_pattern_match(m, s, pattern);

        FUZZ_CHECK(m->depth == 0);

        if (m->error) {
            FUZZ_CHECK(end == NULL);
            return;
        }

        if (end) {
            check_captures(m, s, end);
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t          n;
    unsigned        polls;
    unsigned char  *subject, *pattern;
    game_pattern_t  m;

    if (size < 1) {
        return 0;
    }

    n = data[0] % size;
    data++;
    size--;

    pattern = fuzz_copy(data, n);
    subject = fuzz_copy(data + n, size - n);

    memset(&m, 0, sizeof(m));

    m.subject = subject;
    m.subject_end = subject + (size - n);
    m.pattern_end = pattern + n;
    m.poll = poll;
    m.data = &polls;

    polls = 0;

    if (setjmp(give_up) == 0) {
        match(&m, pattern);
    }

    free(pattern);
    free(subject);

    return 0;
}
