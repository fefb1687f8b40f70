
/*
 * Copyright (C) ngx_game authors
 *
 * game_deflate_negotiate: what is agreed is within what was wanted, the answer
 * says what was agreed, and the list's other elements change nothing.
 *
 * Input: two bytes of what is wanted, the header's value.
 */


#include "game_deflate.h"
#include "fuzz.h"


typedef struct {
    int                     n;
    game_deflate_params_t   params;
    char                    answer[GAME_DEFLATE_ANSWER_MAX];
} fuzz_result_t;


static fuzz_result_t
negotiate(const game_deflate_params_t *wanted, const char *before,
    const void *offers, size_t len, const char *after)
{
    size_t          n, m;
    fuzz_result_t   r;
    unsigned char  *list;

    n = strlen(before);
    m = strlen(after);
    list = fuzz_alloc(n + len + m);

    memcpy(list, before, n);

    if (len) {
        memcpy(list + n, offers, len);
    }

    memcpy(list + n + len, after, m);

    memset(&r, 0xee, sizeof(r));
    r.n = game_deflate_negotiate(list, n + len + m, wanted, &r.params,
                                 r.answer);
    free(list);

    FUZZ_CHECK(r.n >= -1 && r.n < GAME_DEFLATE_ANSWER_MAX);

    if (r.n > 0) {
        FUZZ_CHECK(strlen(r.answer) == (size_t) r.n);
        FUZZ_CHECK(strncmp(r.answer, "permessage-deflate", 18) == 0);
    }

    return r;
}


static void
check_agreed(const game_deflate_params_t *wanted, const fuzz_result_t *r)
{
    const char  *bits;

    FUZZ_CHECK(r->params.server_bits >= 9);
    FUZZ_CHECK(r->params.client_bits >= 8);
    FUZZ_CHECK(r->params.server_bits <= wanted->server_bits);
    FUZZ_CHECK(!r->params.server_takeover || wanted->server_takeover);
    FUZZ_CHECK(!r->params.client_takeover || wanted->client_takeover);
    FUZZ_CHECK(r->params.level == wanted->level);

    FUZZ_CHECK(r->params.server_takeover
               == !strstr(r->answer, "; server_no_context_takeover"));
    FUZZ_CHECK(r->params.client_takeover
               == !strstr(r->answer, "; client_no_context_takeover"));

    bits = strstr(r->answer, "; server_max_window_bits=");
    FUZZ_CHECK(r->params.server_bits == (bits ? atoi(bits + 25) : 15));

    bits = strstr(r->answer, "; client_max_window_bits=");
    FUZZ_CHECK(r->params.client_bits == (bits ? atoi(bits + 25) : 15));
    FUZZ_CHECK(!bits || r->params.client_bits <= wanted->client_bits);
}


static void
check_same(const fuzz_result_t *a, const fuzz_result_t *b)
{
    FUZZ_CHECK(a->n == b->n);
    FUZZ_CHECK(a->n <= 0 || strcmp(a->answer, b->answer) == 0);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                 i;
    fuzz_result_t          r, other;
    game_deflate_params_t  wanted;

    if (size < 2) {
        return 0;
    }

    wanted.server_bits = 9 + data[0] % 7;
    wanted.client_bits = 9 + (data[0] >> 4) % 7;
    wanted.server_takeover = data[1] & 1;
    wanted.client_takeover = data[1] >> 1 & 1;
    wanted.level = 1 + (data[1] >> 4) % 9;

    data += 2;
    size -= 2;

    r = negotiate(&wanted, "", data, size, "");

    other = negotiate(&wanted, " , x-other; a=b ,\t", data, size, " ,");
    check_same(&r, &other);

    if (r.n < 0) {
        return 0;
    }

    /* the list is valid, unless something that is not follows */

    other = negotiate(&wanted, "", data, size, ", a;");
    FUZZ_CHECK(other.n == -1);

    other = negotiate(&wanted, "", data, size, ", permessage-deflate");
    FUZZ_CHECK(other.n > 0);
    check_agreed(&wanted, &other);

    if (r.n == 0) {
        return 0;
    }

    check_same(&r, &other);
    check_agreed(&wanted, &r);

    /* the answer is an offer that is met by the same answer */

    wanted = r.params;

    if (wanted.client_bits >= 9) {
        other = negotiate(&wanted, "", r.answer, r.n, "");
        check_same(&r, &other);
    }

    /* only for a name of ours in it anything is agreed */

    for (i = 0; i + 18 <= size; i++) {
        if (memcmp(data + i, "permessage-deflate", 18) == 0) {
            return 0;
        }
    }

    FUZZ_CHECK(r.n == 0);

    return 0;
}
