
/*
 * Copyright (C) ngx_game authors
 *
 * fanout: the first client of each room sends --rate messages a second, and
 * each goes to all of its room, the sender too.  With --max-p99 the highest
 * rate is looked for at which the latency stays within that limit.
 */


#include "run.h"
#include "search.h"
#include "stamped.h"
#include "workloads.h"


static int load_fanout_run(const load_options_t *o);
static int load_fanout_init(load_run_t *run);
static void load_fanout_due(load_run_t *run, uint64_t k, uint64_t at);


const load_workload_t  load_fanout = {
    .name = "fanout",
    .defaults = {
        .name = "", .path = "/fanout", .numbered = 1, .clients = 100,
        .rooms = 1, .size = 64, .rate = 100, .warmup = 1, .seconds = 5,
        .seed = 1,
    },
    .run = load_fanout_run,
};


static const load_traffic_t  load_fanout_traffic = {
    .state_size = sizeof(load_stamped_t),
    .init = load_fanout_init,
    .due = load_fanout_due,
    .message = load_stamped_message,
};


static int
load_fanout_run(const load_options_t *o)
{
    if (o->max_p99) {
        return load_search(o, &load_fanout_traffic);
    }

    return load_run_once(o, &load_fanout_traffic);
}


static int
load_fanout_init(load_run_t *run)
{
    run->schedule = run->options->rate * run->options->rooms;

    return load_stamped_init(run->options);
}


/* one room after the other, so that they are spread over time */

static void
load_fanout_due(load_run_t *run, uint64_t k, uint64_t at)
{
    unsigned  room, size;

    room = k % run->options->rooms;
    size = run->options->room_size;

    load_stamped_send(&run->clients[room * size], at, size);
}
