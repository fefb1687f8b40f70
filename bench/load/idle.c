
/*
 * Copyright (C) ngx_game authors
 *
 * idle: what a session costs that does nothing.  Some sessions come first, so
 * that what a server takes once is not counted; then --clients more.  Each has
 * sent a message and got it back.  Then all are silent for --seconds but for
 * the server's pings.
 */


#include "message.h"
#include "run.h"
#include "workloads.h"

#include <stdio.h>


#define LOAD_IDLE_FIRST  100      /* sessions that come first */


static int load_idle_run(const load_options_t *o);
static int load_idle_init(load_run_t *run);
static int load_idle_steps(load_run_t *run, const load_options_t *o);
static int load_idle_open(load_run_t *run, long first, long n);
static void load_idle_message(load_client_t *c, const unsigned char *data,
    size_t len);


const load_workload_t  load_idle = {
    .name = "idle",
    .defaults = {
        .name = "", .path = "/echo", .clients = 1000, .size = 32, .warmup = 1,
        .seconds = 2, .seed = 1,
    },
    .run = load_idle_run,
};


static const load_traffic_t  load_idle_traffic = {
    .init = load_idle_init,
    .message = load_idle_message,
};


static load_message_t  load_idle_text;


static int
load_idle_run(const load_options_t *o)
{
    int                rc;
    load_options_t     all;
    static load_run_t  run;

    if (o->pid == 0) {
        fprintf(stderr, "load: idle measures memory: it needs a --pid\n");
        return -1;
    }

    all = *o;
    all.clients += LOAD_IDLE_FIRST;

    rc = load_run_init(&run, &all, &load_idle_traffic);

    if (rc == 0) {
        rc = load_idle_steps(&run, o);
    }

    if (rc == 0) {
        load_report_print(&run.report, o);
    }

    load_run_free(&run);

    return (rc == 0 && run.report.errors == 0) ? 0 : -1;
}


static int
load_idle_init(load_run_t *run)
{
    if (run->options->size < LOAD_MESSAGE_COUNTED) {
        fprintf(stderr, "load: idle needs a --size of at least %d\n",
                LOAD_MESSAGE_COUNTED);
        return -1;
    }

    load_message_init(&load_idle_text, run->options->size, 0);

    return 0;
}


static int
load_idle_steps(load_run_t *run, const load_options_t *o)
{
    int64_t  before;

    if (load_idle_open(run, 0, LOAD_IDLE_FIRST) != 0
        || load_run_watch(run) != 0)
    {
        return -1;
    }

    before = load_process_memory(&run->process);

    if (load_idle_open(run, LOAD_IDLE_FIRST, o->clients) != 0) {
        return -1;
    }

    run->report.sessions = o->clients;
    run->report.memory = load_process_memory(&run->process) - before;

    load_run_measure(run);
    load_run_end(run);

    return 0;
}


static int
load_idle_open(load_run_t *run, long first, long n)
{
    long      i;
    uint64_t  length;

    if (load_run_connect(run, first, n) != 0) {
        return -1;
    }

    for (i = first; i < first + n; i++) {
        load_message_set(&load_idle_text, i, 0, 0);
        load_client_send(&run->clients[i], load_idle_text.text,
                         load_idle_text.size);
        load_run_sent(run, 1);
    }

    load_net_flush(&run->net);
    load_run_drain(run);

    length = run->options->warmup * LOAD_RUN_SECOND;
    load_run_until(run, run->net.now + length);

    return 0;
}


static void
load_idle_message(load_client_t *c, const unsigned char *data, size_t len)
{
    uint64_t     count;
    unsigned     sender;
    load_run_t  *run;

    run = load_run_of(c);

    if (load_message_get(&load_idle_text, data, len, &sender, &count, NULL)
        != 0
        || sender != c->index)
    {
        load_run_error(run, "client %u: a message came back changed",
                       c->index);
        return;
    }

    load_run_received(run, len, 0);
}
