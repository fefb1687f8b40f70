
/*
 * Copyright (C) ngx_game authors
 *
 * A run of a workload whose clients stay connected: they connect one after
 * the other, warm up, are measured, and stop sending, until all that is under
 * way has come.
 *
 * What is sent by a schedule is stamped with the time at which it was due, so
 * that a server that holds everyone up can't hide it (coordinated omission).
 * Latencies count by the stamp, messages and CPU time by the clock.
 */


#ifndef LOAD_RUN_H
#define LOAD_RUN_H


#include "client.h"
#include "options.h"
#include "process.h"
#include "report.h"

#include <stdint.h>


#define LOAD_RUN_SECOND   UINT64_C(1000000000)


typedef struct load_run_s  load_run_t;


typedef struct {
    size_t    state_size;              /* of each client, zeroed */

    /* of connections that the workload makes by itself, from begin on; NULL:
     * all connect before, and stay */
    const load_handler_t  *handler;

    /* 0, or -1, told on stderr: options don't fit.  May be NULL */
    int     (*init)(load_run_t *run);

    /* the path of a client that is to connect, in place of the usual one; the
     * client is in when nothing is awaited.  0, or -1, told on stderr.  May
     * be NULL */
    int     (*path)(load_run_t *run, long i, char *dst, size_t size);

    /* all are connected; may be NULL */
    void    (*begin)(load_run_t *run);

    /* the schedule's event k, counted from 0, is due; may be NULL */
    void    (*due)(load_run_t *run, uint64_t k, uint64_t at);

    void    (*message)(load_client_t *c, const unsigned char *data,
                       size_t len);
} load_traffic_t;


struct load_run_s {
    const load_options_t  *options;
    const load_traffic_t  *traffic;
    load_client_t         *clients;
    unsigned char         *states;
    double                 schedule;   /* events a second, 0: none */

    uint64_t               epoch;      /* time 0 of stamps */
    uint64_t               start;      /* of the schedule */
    uint64_t               begin;      /* of what is measured, and its end; */
    uint64_t               end;        /* UINT64_MAX: not yet */
    unsigned               sending:1;
    unsigned               measuring:1;
    unsigned               ending:1;   /* clients close, as they should */
    unsigned               quiet:1;    /* errors are only counted, once all
                                        * are connected */
    unsigned               open;       /* clients that are connected */
    uint64_t               scheduled;  /* events that were due so far */
    uint64_t               awaited;    /* messages that have still to come */

    load_process_t         process;
    load_report_t          report;
    load_net_t             net;
};


/* the steps of load_run(), for a workload that has some of its own.  Connect
 * is for n clients from the first on; watch looks for the server's threads */
int load_run_init(load_run_t *run, const load_options_t *o,
    const load_traffic_t *traffic);
int load_run_connect(load_run_t *run, long first, long n);
int load_run_watch(load_run_t *run);
void load_run_measure(load_run_t *run);
void load_run_drain(load_run_t *run);
void load_run_end(load_run_t *run);

/* goes on until a time */
void load_run_until(load_run_t *run, uint64_t end);

/* all of them: 0, or -1: there is no result; what went wrong was told on
 * stderr */
int load_run(load_run_t *run, const load_options_t *o,
    const load_traffic_t *traffic);
void load_run_free(load_run_t *run);

/* a run, and its report printed: 0, or -1 if anything went wrong */
int load_run_once(const load_options_t *o, const load_traffic_t *traffic);

load_run_t *load_run_of(const load_client_t *c);
void *load_run_state(const load_client_t *c);

/* a message was sent, to which so many have to come */
void load_run_sent(load_run_t *run, unsigned awaited);

/* one of those has come; stamp is when it was due, as load_clock() */
void load_run_received(load_run_t *run, size_t len, uint64_t stamp);

/* an update that comes by itself has come, the one before at `last` or 0 */
void load_run_updated(load_run_t *run, size_t len, uint64_t last);

void load_run_error(load_run_t *run, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));


#endif /* LOAD_RUN_H */
