
/*
 * Copyright (C) ngx_game authors
 *
 * relay: rooms of two; each client sends --rate messages a second, that go to
 * the other one.
 */


#include "run.h"
#include "stamped.h"
#include "workloads.h"

#include <stdio.h>


static int load_relay_run(const load_options_t *o);
static int load_relay_init(load_run_t *run);
static void load_relay_due(load_run_t *run, uint64_t k, uint64_t at);
static void load_relay_message(load_client_t *c, const unsigned char *data,
    size_t len);


const load_workload_t  load_relay = {
    .name = "relay",
    .defaults = {
        .name = "", .path = "/relay", .numbered = 1, .clients = 100,
        .room_size = 2, .size = 64, .rate = 50, .warmup = 1, .seconds = 5,
        .seed = 1,
    },
    .run = load_relay_run,
};


static const load_traffic_t  load_relay_traffic = {
    .state_size = sizeof(load_stamped_t),
    .init = load_relay_init,
    .due = load_relay_due,
    .message = load_relay_message,
};


static int
load_relay_run(const load_options_t *o)
{
    return load_run_once(o, &load_relay_traffic);
}


static int
load_relay_init(load_run_t *run)
{
    if (run->options->room_size != 2) {
        fprintf(stderr, "load: relay is for rooms of two\n");
        return -1;
    }

    run->schedule = run->options->rate * run->options->clients;

    return load_stamped_init(run->options);
}


static void
load_relay_due(load_run_t *run, uint64_t k, uint64_t at)
{
    load_stamped_send(&run->clients[k % run->options->clients], at, 1);
}


static void
load_relay_message(load_client_t *c, const unsigned char *data, size_t len)
{
    load_stamped_t  *stamped;

    load_stamped_message(c, data, len);

    stamped = load_run_state(c);

    if (stamped->sender == c->index + 1) {
        load_run_error(load_run_of(c), "client %u: its own message came",
                       c->index);
    }
}
