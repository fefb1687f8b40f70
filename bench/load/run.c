
/*
 * Copyright (C) ngx_game authors
 *
 * The phases of a run, and its accounts.
 */


#include "run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>


/* to wait for an answer to a handshake, for what is still under way, and for
 * all to be closed */
#define LOAD_RUN_CONNECT  (10 * LOAD_RUN_SECOND)
#define LOAD_RUN_DRAIN    (3 * LOAD_RUN_SECOND)
#define LOAD_RUN_CLOSE    (2 * LOAD_RUN_SECOND)

#define LOAD_RUN_TOLD     5      /* errors that are told one by one */
#define LOAD_RUN_PATH     512


static int load_run_warm_up(load_run_t *run);
static int load_run_path(load_run_t *run, long i, char *dst, size_t size);
static int load_run_connecting(const load_run_t *run, const load_client_t *c);
static uint64_t load_run_due(const load_run_t *run);
static void load_run_message(load_client_t *c, const unsigned char *data,
    size_t len);
static void load_run_open(load_client_t *c);
static void load_run_closed(load_client_t *c, const char *why);
static uint64_t load_run_own_cpu(void);


static const load_handler_t  load_run_handler = {
    .open = load_run_open,
    .message = load_run_message,
    .closed = load_run_closed,
};


int
load_run(load_run_t *run, const load_options_t *o,
    const load_traffic_t *traffic)
{
    if (load_run_init(run, o, traffic) != 0
        || (traffic->handler == NULL
            && load_run_connect(run, 0, o->clients) != 0)
        || load_run_warm_up(run) != 0)
    {
        return -1;
    }

    load_run_measure(run);
    load_run_drain(run);
    load_run_end(run);

    return 0;
}


void
load_run_free(load_run_t *run)
{
    long  i;

    for (i = 0; run->clients && i < run->options->clients; i++) {
        load_client_abort(&run->clients[i]);
        free(run->clients[i].out);
    }

    load_process_close(&run->process);
    load_net_done(&run->net);

    free(run->clients);
    free(run->states);
}


int
load_run_once(const load_options_t *o, const load_traffic_t *traffic)
{
    int                rc;
    static load_run_t  run;

    rc = load_run(&run, o, traffic);

    if (rc == 0) {
        load_report_print(&run.report, o);
    }

    load_run_free(&run);

    return (rc == 0 && run.report.errors == 0) ? 0 : -1;
}


int
load_run_init(load_run_t *run, const load_options_t *o,
    const load_traffic_t *traffic)
{
    long      i;
    unsigned  quiet;

    quiet = run->quiet;
    memset(run, 0, sizeof(load_run_t));

    run->options = o;
    run->traffic = traffic;
    run->begin = UINT64_MAX;
    run->end = UINT64_MAX;
    run->quiet = quiet;
    run->sending = 1;
    run->epoch = load_clock();

    if (load_net_init(&run->net, o->port) != 0) {
        return -1;
    }

    run->net.handler = traffic->handler ? traffic->handler
                                        : &load_run_handler;
    run->net.data = run;

    run->clients = calloc(o->clients, sizeof(load_client_t));
    run->states = calloc(o->clients, traffic->state_size);

    if (run->clients == NULL || run->states == NULL) {
        fprintf(stderr, "load: out of memory\n");
        return -1;
    }

    srandom(o->seed);

    for (i = 0; i < o->clients; i++) {
        run->clients[i].key[0] = random();
        run->clients[i].key[1] = random();
        run->clients[i].key[2] = random();
        run->clients[i].key[3] = random();
    }

    return traffic->init ? traffic->init(run) : 0;
}


/* one after the other: rooms fill in order, and no queue of a listener is
 * ever full */

int
load_run_connect(load_run_t *run, long first, long n)
{
    long            i;
    char            path[LOAD_RUN_PATH];
    uint64_t        until;
    load_client_t  *c;

    for (i = first; i < first + n; i++) {
        c = &run->clients[i];

        if (load_run_path(run, i, path, sizeof(path)) != 0) {
            return -1;
        }

        load_client_connect(c, &run->net, i, path);
        until = load_clock() + LOAD_RUN_CONNECT;

        while (load_run_connecting(run, c)) {
            if (run->net.now >= until) {
                fprintf(stderr, "load: client %ld: no answer to the"
                        " handshake\n", i);
                return -1;
            }

            load_net_turn(&run->net, until);
        }

        if (c->state != LOAD_CLIENT_OPEN) {
            return -1;
        }
    }

    return 0;
}


static int
load_run_path(load_run_t *run, long i, char *dst, size_t size)
{
    const load_options_t  *o;

    o = run->options;

    if (run->traffic->path) {
        return run->traffic->path(run, i, dst, size);
    }

    if (o->rooms && o->numbered) {
        snprintf(dst, size, "%s?room=%ld", o->path, i / o->room_size);

    } else {
        snprintf(dst, size, "%s", o->path);
    }

    return 0;
}


static int
load_run_connecting(const load_run_t *run, const load_client_t *c)
{
    return c->state == LOAD_CLIENT_CONNECTING
           || c->state == LOAD_CLIENT_UPGRADING
           || (c->state == LOAD_CLIENT_OPEN && run->awaited);
}


/* the server's threads are looked for while it warms up: that takes a while,
 * in which nothing should be measured */

static int
load_run_warm_up(load_run_t *run)
{
    uint64_t               length;
    const load_options_t  *o;

    o = run->options;
    length = o->warmup * LOAD_RUN_SECOND;
    run->start = load_clock();

    if (run->traffic->begin) {
        run->traffic->begin(run);
        load_net_flush(&run->net);
    }

    load_run_until(run, run->start + length / 2);

    if (load_run_watch(run) != 0) {
        return -1;
    }

    load_run_until(run, run->start + length);

    if (run->open == 0) {
        load_run_error(run, "no connection is left");
        return -1;
    }

    return 0;
}


int
load_run_watch(load_run_t *run)
{
    if (run->options->pid == 0) {
        return 0;
    }

    return load_process_open(&run->process, run->options->pid);
}


void
load_run_measure(load_run_t *run)
{
    uint64_t        cpu, own, length;
    load_report_t  *r;

    r = &run->report;
    length = run->options->seconds * LOAD_RUN_SECOND;

    cpu = load_process_cpu(&run->process);
    own = load_run_own_cpu();
    run->begin = load_clock();
    run->measuring = 1;

    load_run_until(run, run->begin + length);

    run->measuring = 0;
    run->end = load_clock();
    r->cpu = load_process_cpu(&run->process) - cpu;
    r->own_cpu = load_run_own_cpu() - own;
    r->seconds = (double) (run->end - run->begin) / LOAD_RUN_SECOND;
}


void
load_run_drain(load_run_t *run)
{
    uint64_t  until;

    run->sending = 0;
    until = load_clock() + LOAD_RUN_DRAIN;

    while (run->awaited && run->open && run->net.now < until) {
        load_net_turn(&run->net, until);
    }

    if (run->awaited) {
        load_run_error(run, "messages that never came: %lu", run->awaited);
        run->report.errors += run->awaited - 1;
    }
}


void
load_run_end(load_run_t *run)
{
    long      i;
    uint64_t  until;

    run->ending = 1;
    until = load_clock() + LOAD_RUN_CLOSE;

    for (i = 0; i < run->options->clients; i++) {
        load_client_close(&run->clients[i]);
    }

    load_net_flush(&run->net);

    while (run->open && run->net.now < until) {
        load_net_turn(&run->net, until);
    }
}


void
load_run_until(load_run_t *run, uint64_t end)
{
    uint64_t  at;

    while (run->net.now < end && run->open) {
        at = load_run_due(run);

        if (at <= run->net.now) {
            run->traffic->due(run, run->scheduled++, at);
            continue;
        }

        load_net_flush(&run->net);
        load_net_turn(&run->net, at < end ? at : end);
    }

    load_net_flush(&run->net);
}


/* when the next event of the schedule is due */

static uint64_t
load_run_due(const load_run_t *run)
{
    if (run->schedule == 0) {
        return UINT64_MAX;
    }

    return run->start
           + (uint64_t) (run->scheduled / run->schedule * LOAD_RUN_SECOND);
}


load_run_t *
load_run_of(const load_client_t *c)
{
    return c->net->data;
}


void *
load_run_state(const load_client_t *c)
{
    load_run_t  *run;

    run = c->net->data;

    return run->states + c->index * run->traffic->state_size;
}


void
load_run_sent(load_run_t *run, unsigned awaited)
{
    run->awaited += awaited;
    run->report.sent += run->measuring;
}


void
load_run_received(load_run_t *run, size_t len, uint64_t stamp)
{
    uint64_t  now;

    if (run->awaited == 0) {
        load_run_error(run, "a message came that nobody has sent");
        return;
    }

    run->awaited--;

    if (run->measuring) {
        run->report.received++;
        run->report.bytes += len;
    }

    if (stamp >= run->begin && stamp < run->end) {
        now = run->net.now;
        load_histogram_add(&run->report.latency,
                           now > stamp ? now - stamp : 0);
    }
}


void
load_run_updated(load_run_t *run, size_t len, uint64_t last)
{
    int64_t  off;

    if (!run->measuring) {
        return;
    }

    run->report.received++;
    run->report.bytes += len;
    run->report.updates++;
    run->report.update_bytes += len;

    if (last >= run->begin) {
        off = run->net.now - last;
        off -= LOAD_RUN_SECOND / run->options->tick;

        load_histogram_add(&run->report.jitter, off < 0 ? -off : off);
    }
}


void
load_run_error(load_run_t *run, const char *fmt, ...)
{
    va_list  args;

    if (run->report.errors++ >= LOAD_RUN_TOLD || (run->quiet && run->start)) {
        return;
    }

    va_start(args, fmt);
    fprintf(stderr, "load: ");
    vfprintf(stderr, fmt, args);
    fprintf(stderr, "\n");
    va_end(args);
}


static void
load_run_open(load_client_t *c)
{
    load_run_of(c)->open++;
}


static void
load_run_message(load_client_t *c, const unsigned char *data, size_t len)
{
    load_run_of(c)->traffic->message(c, data, len);
}


static void
load_run_closed(load_client_t *c, const char *why)
{
    load_run_t  *run;

    run = load_run_of(c);
    run->open -= c->was_open;

    if (why && !run->ending) {
        load_run_error(run, "client %u: %s", c->index, why);
    }
}


static uint64_t
load_run_own_cpu(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return ts.tv_sec * LOAD_RUN_SECOND + ts.tv_nsec;
}
