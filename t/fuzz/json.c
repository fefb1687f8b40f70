
/*
 * Copyright (C) ngx_game authors
 *
 * game_json_check(): a number is judged as by the grammar and by strtod(),
 * alone and within a text.  game_json_fields(): what it reads passes the
 * check, with the same numbers.
 *
 * Input: the text.
 */


#include <math.h>

#include "game_json.h"
#include "fuzz.h"


/* the first digits of the half between the largest double and infinity: what
 * begins with them may be rounded either way */
#define HALF  "1797693134862315807"


static size_t
digits(const char *p)
{
    return strspn(p, "0123456789");
}


/* the length of the number at p (RFC 8259, 6), 0: there is none */

static size_t
grammar(const char *p)
{
    size_t       n;
    const char  *start;

    start = p;
    p += (*p == '-');
    n = digits(p);

    if (n == 0 || (*p == '0' && n > 1)) {
        return 0;
    }

    p += n;

    if (*p == '.') {
        p++;
        n = digits(p);

        if (n == 0) {
            return 0;
        }

        p += n;
    }

    if (*p == 'e' || *p == 'E') {
        p++;
        p += (*p == '-' || *p == '+');
        n = digits(p);

        if (n == 0) {
            return 0;
        }

        p += n;
    }

    return p - start;
}


static int
near_half(const char *p, size_t len)
{
    size_t  n;

    n = 0;

    for ( /* void */ ; len && n < sizeof(HALF) - 1; p++, len--) {

        if (*p >= '0' && *p <= '9' && (n || *p != '0')) {
            if (*p != HALF[n++]) {
                return 0;
            }
        }
    }

    return n == sizeof(HALF) - 1;
}


static void
check_fields(const char *text, size_t size)
{
    int                i, n;
    char              *end;
    game_json_field_t  fields[4];

    n = game_json_fields((const unsigned char *) text, size, fields, 4);

    FUZZ_CHECK(n >= -1 && n <= 4);
    FUZZ_CHECK(n == -1
               || game_json_check((const unsigned char *) text, size) == NULL);

    for (i = 0; i < n; i++) {
        end = (char *) fields[i].name + fields[i].name_len;

        FUZZ_CHECK(end[0] == '"' && end < text + size);

        if (fields[i].type == '"') {
            end = (char *) fields[i].string + fields[i].len;

            FUZZ_CHECK(end[0] == '"' && end < text + size);
            continue;
        }

        end = strchr(end, ':') + 1;
        end += strspn(end, " \t\r\n");

        FUZZ_CHECK(*end == fields[i].type);

        if (*end == '-' || digits(end)) {
            FUZZ_CHECK(fields[i].number == strtod(end, NULL));
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char        *text;
    double       value;
    size_t       n;
    const char  *err;

    text = fuzz_alloc(size + 1);
    memcpy(text, data, size);
    text[size] = '\0';

    check_fields(text, size);

    err = game_json_check((unsigned char *) text, size);

    FUZZ_CHECK(err != NULL || memchr(text, 0, size) == NULL);

    if (memchr(text, 0, size) == NULL && (*text == '-' || digits(text))) {
        n = grammar(text);

        if (n == 0) {
            FUZZ_CHECK(err != NULL);

        } else if (!near_half(text, n)) {
            err = game_json_check((unsigned char *) text, n);
            value = strtod(text, NULL);

            FUZZ_CHECK((err == NULL) == (isfinite(value) != 0));
        }
    }

    free(text);

    return 0;
}
