
/*
 * Copyright (C) ngx_game authors
 *
 * Stamped messages: fanout and relay.
 */


#include "stamped.h"

#include "message.h"

#include <stdio.h>


static load_message_t  load_stamped_text;


int
load_stamped_init(const load_options_t *o)
{
    if (o->size < LOAD_MESSAGE_STAMPED || o->rate == 0) {
        fprintf(stderr, "load: %s needs a --size of at least %d and a"
                " --rate\n", o->workload, LOAD_MESSAGE_STAMPED);
        return -1;
    }

    load_message_init(&load_stamped_text, o->size, 1);

    return 0;
}


void
load_stamped_send(load_client_t *c, uint64_t at, unsigned awaited)
{
    load_run_t      *run;
    load_stamped_t  *stamped;

    if (c->state != LOAD_CLIENT_OPEN) {
        return;
    }

    run = load_run_of(c);
    stamped = load_run_state(c);

    load_message_set(&load_stamped_text, c->index, stamped->sent++,
                     at - run->epoch);

    load_client_send(c, load_stamped_text.text, load_stamped_text.size);
    load_run_sent(run, awaited);
}


void
load_stamped_message(load_client_t *c, const unsigned char *data, size_t len)
{
    uint64_t         count, t;
    unsigned         sender;
    load_run_t      *run;
    load_stamped_t  *stamped;

    run = load_run_of(c);
    stamped = load_run_state(c);

    if (load_message_get(&load_stamped_text, data, len, &sender, &count, &t)
        != 0)
    {
        load_run_error(run, "client %u: a message came changed", c->index);
        return;
    }

    if (stamped->sender == 0) {
        stamped->sender = sender + 1;
    }

    if (sender + 1 != stamped->sender || count != stamped->received) {
        load_run_error(run, "client %u: message %lu of client %u came where"
                       " message %lu of client %u was due", c->index, count,
                       sender, stamped->received, stamped->sender - 1);
        stamped->received = count;
    }

    stamped->received++;
    load_run_received(run, len, run->epoch + t);
}
