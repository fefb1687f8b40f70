
/*
 * Copyright (C) ngx_game authors
 *
 * Messages are told apart by their digits alone, all other bytes must be
 * those of the text: a server that changes anything is found out.
 */


#include "message.h"

#include <string.h>


#define LOAD_MESSAGE_DIGITS  16
#define LOAD_MESSAGE_BASE    UINT64_C(1000000000000000)

/* where the numbers are: the one of a counted message, or the two */
#define LOAD_MESSAGE_FIRST   5
#define LOAD_MESSAGE_SECOND  26


static void load_message_write(unsigned char *dst, uint64_t n);
static void load_message_half(unsigned char *dst, uint32_t n);
static int load_message_read(const unsigned char *src, uint64_t *n);


void
load_message_init(load_message_t *m, size_t size, unsigned stamped)
{
    const char  *text;

    text = stamped ? "{\"t\":0000000000000000,\"n\":0000000000000000,\"p\":\""
                   : "{\"n\":0000000000000000,\"p\":\"";

    m->size = size;
    m->stamped = stamped;

    memset(m->text, 'x', size);
    memcpy(m->text, text, strlen(text));
    memcpy(m->text + size - 2, "\"}", 2);
}


void
load_message_set(load_message_t *m, unsigned sender, uint64_t count,
    uint64_t t)
{
    uint64_t  n;

    n = (uint64_t) sender * LOAD_MESSAGE_COUNT + count;

    if (m->stamped) {
        load_message_write(m->text + LOAD_MESSAGE_FIRST, t);
        load_message_write(m->text + LOAD_MESSAGE_SECOND, n);

    } else {
        load_message_write(m->text + LOAD_MESSAGE_FIRST, n);
    }
}


int
load_message_get(const load_message_t *m, const unsigned char *text,
    size_t len, unsigned *sender, uint64_t *count, uint64_t *t)
{
    size_t    at, end;
    uint64_t  n;

    at = m->stamped ? LOAD_MESSAGE_SECOND : LOAD_MESSAGE_FIRST;
    end = at + LOAD_MESSAGE_DIGITS;

    if (len != m->size
        || memcmp(text, m->text, LOAD_MESSAGE_FIRST) != 0
        || load_message_read(text + at, &n) != 0
        || memcmp(text + end, m->text + end, len - end) != 0)
    {
        return -1;
    }

    if (m->stamped
        && (load_message_read(text + LOAD_MESSAGE_FIRST, t) != 0
            || memcmp(text + at - 5, m->text + at - 5, 5) != 0))
    {
        return -1;
    }

    *sender = n / LOAD_MESSAGE_COUNT;
    *count = n % LOAD_MESSAGE_COUNT;

    return 0;
}


static void
load_message_write(unsigned char *dst, uint64_t n)
{
    n += LOAD_MESSAGE_BASE;

    load_message_half(dst, n / 100000000);
    load_message_half(dst + LOAD_MESSAGE_DIGITS / 2, n % 100000000);
}


static void
load_message_half(unsigned char *dst, uint32_t n)
{
    unsigned  i;

    for (i = LOAD_MESSAGE_DIGITS / 2; i > 0; i--) {
        dst[i - 1] = '0' + n % 10;
        n /= 10;
    }
}


static int
load_message_read(const unsigned char *src, uint64_t *n)
{
    uint64_t  value;
    unsigned  i, digit;

    value = 0;

    for (i = 0; i < LOAD_MESSAGE_DIGITS; i++) {
        digit = src[i] - '0';

        if (digit > 9) {
            return -1;
        }

        value = value * 10 + digit;
    }

    *n = value - LOAD_MESSAGE_BASE;

    return value < LOAD_MESSAGE_BASE ? -1 : 0;
}
