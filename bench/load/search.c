
/*
 * Copyright (C) ngx_game authors
 *
 * From --rate on the rate is doubled until it is not held, or halved until it
 * is; then the gap between the best and the worst is halved, as a ratio, until
 * it is 10%.  A rate is held if the 99th percentile of latency is within
 * --max-p99, nothing is lost or wrong and no connection has ended.
 *
 * Each rate is a run of its own with new connections, so that a server that
 * closes slow clients gets them back; one that fails is tried once more, for
 * it may have been the machine.
 */


#include "search.h"

#include <math.h>
#include <stdio.h>


#define LOAD_SEARCH_GAP     1.1
#define LOAD_SEARCH_TRIES   2
#define LOAD_SEARCH_LOWEST  1

/* a generator that was busy for more of the time may be what was measured */
#define LOAD_SEARCH_BUSY    0.9


static int load_search_holds(load_run_t *run, load_options_t *o,
    const load_traffic_t *traffic, double rate);
static void load_search_told(const load_report_t *r, double rate, int held);


static load_report_t  load_search_best;


int
load_search(const load_options_t *o, const load_traffic_t *traffic)
{
    int                rc;
    double             rate, best, worst;
    load_options_t     options;
    static load_run_t  run;

    options = *o;
    run.quiet = 1;
    rate = o->rate;
    best = 0;
    worst = INFINITY;

    while (best == 0 || worst / best > LOAD_SEARCH_GAP) {
        rc = load_search_holds(&run, &options, traffic, rate);

        if (rc < 0) {
            return -1;
        }

        if (rc) {
            best = rate;
            load_search_best = run.report;

        } else {
            worst = rate;
        }

        rate = (best == 0) ? worst / 2
                           : isinf(worst) ? best * 2 : sqrt(best * worst);

        if (rate < LOAD_SEARCH_LOWEST) {
            fprintf(stderr, "load: %g a second is not held, and less was not"
                    " tried\n", worst);
            return -1;
        }
    }

    options.rate = best;
    load_report_print(&load_search_best, &options);

    return 0;
}


/* 1, 0, or -1: the clients could not even connect */

static int
load_search_holds(load_run_t *run, load_options_t *o,
    const load_traffic_t *traffic, double rate)
{
    int             i, rc, held;
    double          p99;
    load_report_t  *r;

    o->rate = rate;
    held = 0;

    for (i = 0; i < LOAD_SEARCH_TRIES && !held; i++) {
        rc = load_run(run, o, traffic);
        load_run_free(run);

        if (rc != 0 && run->start == 0) {
            return -1;
        }

        r = &run->report;
        p99 = load_histogram_at(&r->latency, 0.99) / 1e6;
        held = (rc == 0 && r->errors == 0 && r->latency.count
                && p99 <= o->max_p99);

        load_search_told(r, rate, held);
    }

    return held;
}


static void
load_search_told(const load_report_t *r, double rate, int held)
{
    double  busy;

    busy = r->seconds ? r->own_cpu / 1e9 / r->seconds : 0;

    if (!held && busy > LOAD_SEARCH_BUSY) {
        fprintf(stderr, "load: at %g a second the generator was busy for"
                " %.0f%% of the time: it may be the limit\n", rate,
                busy * 100);
    }
}
