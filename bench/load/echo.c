
/*
 * Copyright (C) ngx_game authors
 *
 * echo: each client has --window messages under way, and sends the next when
 * one has come back.  Messages come back in the order they were sent, so that
 * the time of the oldest one is that of the one that has come.
 */


#include "message.h"
#include "run.h"
#include "workloads.h"

#include <stdio.h>
#include <stdlib.h>


typedef struct {
    uint64_t    sent;
    uint64_t    received;
    uint64_t   *times;         /* of the messages under way, a ring */
} load_echo_t;


static int load_echo_run(const load_options_t *o);
static int load_echo_init(load_run_t *run);
static void load_echo_begin(load_run_t *run);
static void load_echo_send(load_client_t *c);
static void load_echo_message(load_client_t *c, const unsigned char *data,
    size_t len);


const load_workload_t  load_echo = {
    .name = "echo",
    .defaults = {
        .name = "", .path = "/echo", .clients = 100, .size = 32, .window = 1,
        .warmup = 1, .seconds = 5, .seed = 1,
    },
    .run = load_echo_run,
};


static const load_traffic_t  load_echo_traffic = {
    .state_size = sizeof(load_echo_t),
    .init = load_echo_init,
    .begin = load_echo_begin,
    .message = load_echo_message,
};


static load_message_t  load_echo_text;
static uint64_t       *load_echo_times;


static int
load_echo_run(const load_options_t *o)
{
    return load_run_once(o, &load_echo_traffic);
}


static int
load_echo_init(load_run_t *run)
{
    const load_options_t  *o;

    o = run->options;

    if (o->size < LOAD_MESSAGE_COUNTED || o->window < 1) {
        fprintf(stderr, "load: echo needs a --size of at least %d and a"
                " --window of at least 1\n", LOAD_MESSAGE_COUNTED);
        return -1;
    }

    load_message_init(&load_echo_text, o->size, 0);
    load_echo_times = calloc(o->clients * o->window, sizeof(uint64_t));

    return load_echo_times ? 0 : -1;
}


static void
load_echo_begin(load_run_t *run)
{
    long          i, k;
    load_echo_t  *echo;

    for (i = 0; i < run->options->clients; i++) {
        echo = load_run_state(&run->clients[i]);
        echo->times = load_echo_times + i * run->options->window;

        for (k = 0; k < run->options->window; k++) {
            load_echo_send(&run->clients[i]);
        }
    }
}


static void
load_echo_send(load_client_t *c)
{
    load_run_t   *run;
    load_echo_t  *echo;

    run = load_run_of(c);
    echo = load_run_state(c);

    load_message_set(&load_echo_text, c->index, echo->sent, 0);
    load_client_send(c, load_echo_text.text, load_echo_text.size);

    echo->times[echo->sent++ % run->options->window] = c->net->now;
    load_run_sent(run, 1);
}


static void
load_echo_message(load_client_t *c, const unsigned char *data, size_t len)
{
    uint64_t      count;
    unsigned      sender;
    load_run_t   *run;
    load_echo_t  *echo;

    run = load_run_of(c);
    echo = load_run_state(c);

    if (load_message_get(&load_echo_text, data, len, &sender, &count, NULL)
        != 0)
    {
        load_run_error(run, "client %u: a message came back changed",
                       c->index);
        return;
    }

    if (sender != c->index || count != echo->received) {
        load_run_error(run, "client %u: message %lu of client %u came back"
                       " where its message %lu was due", c->index, count,
                       sender, echo->received);
        return;
    }

    load_run_received(run, len,
                      echo->times[echo->received++ % run->options->window]);

    if (run->sending) {
        load_echo_send(c);
    }
}
