
/*
 * Copyright (C) ngx_game authors
 *
 * churn: --clients connections at a time, each made, joined by the handshake,
 * used for --window messages that are echoed, closed by close frames, and at
 * once made again.  A message of the report is such a round, its latency the
 * time from connect() to the 101.
 */


#include "message.h"
#include "run.h"
#include "workloads.h"

#include <stdio.h>


#define LOAD_CHURN_STUCK   (5 * LOAD_RUN_SECOND)  /* for a round */
#define LOAD_CHURN_ERRORS  100                    /* then it is given up */


typedef struct {
    uint64_t    start;         /* of the round */
    uint64_t    sent;
    uint64_t    received;
    long        left;          /* messages of this round */
} load_churn_t;


static int load_churn_run(const load_options_t *o);
static int load_churn_init(load_run_t *run);
static void load_churn_begin(load_run_t *run);
static void load_churn_start(load_client_t *c);
static void load_churn_open(load_client_t *c);
static void load_churn_next(load_client_t *c);
static void load_churn_message(load_client_t *c, const unsigned char *data,
    size_t len);
static void load_churn_closed(load_client_t *c, const char *why);
static void load_churn_due(load_run_t *run, uint64_t k, uint64_t at);


const load_workload_t  load_churn = {
    .name = "churn",
    .defaults = {
        .name = "", .path = "/echo", .clients = 32, .size = 32, .window = 1,
        .warmup = 1, .seconds = 5, .seed = 1,
    },
    .run = load_churn_run,
};


static const load_handler_t  load_churn_handler = {
    .open = load_churn_open,
    .message = load_churn_message,
    .closed = load_churn_closed,
};


static const load_traffic_t  load_churn_traffic = {
    .state_size = sizeof(load_churn_t),
    .handler = &load_churn_handler,
    .init = load_churn_init,
    .begin = load_churn_begin,
    .due = load_churn_due,
};


static load_message_t  load_churn_text;


static int
load_churn_run(const load_options_t *o)
{
    return load_run_once(o, &load_churn_traffic);
}


static int
load_churn_init(load_run_t *run)
{
    if (run->options->size < LOAD_MESSAGE_COUNTED) {
        fprintf(stderr, "load: churn needs a --size of at least %d\n",
                LOAD_MESSAGE_COUNTED);
        return -1;
    }

    load_message_init(&load_churn_text, run->options->size, 0);

    /* to look for rounds that don't end */

    run->schedule = 10;

    return 0;
}


static void
load_churn_begin(load_run_t *run)
{
    long  i;

    run->open = run->options->clients;

    for (i = 0; i < run->options->clients; i++) {
        run->clients[i].index = i;
        run->clients[i].net = &run->net;

        load_churn_start(&run->clients[i]);
    }
}


static void
load_churn_start(load_client_t *c)
{
    load_run_t    *run;
    load_churn_t  *churn;

    run = load_run_of(c);
    churn = load_run_state(c);

    load_run_sent(run, 1);

    churn->start = load_clock();
    churn->left = run->options->window;

    load_client_connect(c, &run->net, c->index, run->options->path);
}


static void
load_churn_open(load_client_t *c)
{
    load_run_t    *run;
    load_churn_t  *churn;

    run = load_run_of(c);
    churn = load_run_state(c);

    if (run->measuring) {
        load_histogram_add(&run->report.latency,
                           run->net.now - churn->start);
    }

    load_churn_next(c);
}


/* sends a message, or ends the round */

static void
load_churn_next(load_client_t *c)
{
    load_churn_t  *churn;

    churn = load_run_state(c);

    if (churn->left == 0) {
        load_client_close(c);
        return;
    }

    churn->left--;

    load_message_set(&load_churn_text, c->index, churn->sent++, 0);
    load_client_send(c, load_churn_text.text, load_churn_text.size);
}


static void
load_churn_message(load_client_t *c, const unsigned char *data, size_t len)
{
    uint64_t       count;
    unsigned       sender;
    load_run_t    *run;
    load_churn_t  *churn;

    run = load_run_of(c);
    churn = load_run_state(c);

    if (load_message_get(&load_churn_text, data, len, &sender, &count, NULL)
        != 0
        || sender != c->index
        || count != churn->received)
    {
        load_run_error(run, "client %u: a message came back changed",
                       c->index);
        return;
    }

    churn->received++;
    run->report.bytes += run->measuring ? len : 0;

    load_churn_next(c);
}


static void
load_churn_closed(load_client_t *c, const char *why)
{
    load_run_t    *run;
    load_churn_t  *churn;

    run = load_run_of(c);
    churn = load_run_state(c);

    if (why) {
        run->awaited--;
        churn->received = churn->sent;
        load_run_error(run, "client %u: %s", c->index, why);

    } else {
        load_run_received(run, 0, 0);
    }

    if (!run->sending || run->report.errors > LOAD_CHURN_ERRORS) {
        run->open--;
        return;
    }

    load_churn_start(c);
}


static void
load_churn_due(load_run_t *run, uint64_t k, uint64_t at)
{
    long           i;
    load_churn_t  *churn;

    (void) k;

    for (i = 0; i < run->options->clients; i++) {
        churn = load_run_state(&run->clients[i]);

        if (run->clients[i].state != LOAD_CLIENT_CLOSED
            && churn->start + LOAD_CHURN_STUCK < at)
        {
            load_client_abort(&run->clients[i]);
            load_churn_closed(&run->clients[i], "a round has no end");
        }
    }
}
