
/*
 * Copyright (C) ngx_game authors
 *
 * The messages that a client sends and later finds again: JSON texts with
 * numbers of 16 digits at fixed places, below 2^53 so that no server's JSON
 * can round them.
 *
 *     {"n":1000001700000042,"p":"..."}                          counted
 *     {"t":1000004123456789,"n":1000001700000042,"p":"..."}     stamped
 *
 * n is the sender's index and its count of messages, t the nanoseconds since
 * the generator's start.
 */


#ifndef LOAD_MESSAGE_H
#define LOAD_MESSAGE_H


#include <stddef.h>
#include <stdint.h>


#define LOAD_MESSAGE_COUNTED  29         /* shortest length */
#define LOAD_MESSAGE_STAMPED  50
#define LOAD_MESSAGE_MAX      (32 * 1024)
#define LOAD_MESSAGE_COUNT    1000000000 /* a sender's messages at most */
#define LOAD_MESSAGE_SENDERS  1000000


typedef struct {
    size_t           size;
    unsigned         stamped:1;
    unsigned char    text[LOAD_MESSAGE_MAX];
} load_message_t;


/* size is at least LOAD_MESSAGE_COUNTED or _STAMPED, at most _MAX */
void load_message_init(load_message_t *m, size_t size, unsigned stamped);

/* fills the text in; t is not used in a counted message */
void load_message_set(load_message_t *m, unsigned sender, uint64_t count,
    uint64_t t);

/* 0, or -1: the text is not of this form.  t may be NULL if not stamped */
int load_message_get(const load_message_t *m, const unsigned char *text,
    size_t len, unsigned *sender, uint64_t *count, uint64_t *t);


#endif /* LOAD_MESSAGE_H */
