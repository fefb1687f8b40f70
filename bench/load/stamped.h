
/*
 * Copyright (C) ngx_game authors
 *
 * Messages that are sent by a schedule, with the time at which they were due
 * in them, and that come to other clients: those of one sender, in order and
 * without a gap.
 */


#ifndef LOAD_STAMPED_H
#define LOAD_STAMPED_H


#include "run.h"

#include <stdint.h>


/* of each client */
typedef struct {
    uint64_t    sent;
    uint64_t    received;
    unsigned    sender;        /* whose messages come, +1; 0: none came yet */
} load_stamped_t;


/* 0, or -1, told on stderr */
int load_stamped_init(const load_options_t *o);

/* sends the next message of a client, that was due at a time, for which so
 * many have to come */
void load_stamped_send(load_client_t *c, uint64_t at, unsigned awaited);

/* the handler of messages */
void load_stamped_message(load_client_t *c, const unsigned char *data,
    size_t len);


#endif /* LOAD_STAMPED_H */
