
/*
 * Copyright (C) ngx_game authors
 *
 * rooms: many small rooms whose ticks are counted: {"tick":N} to each client.
 * What is measured is how well the server keeps their time.
 */


#define _GNU_SOURCE

#include "run.h"
#include "workloads.h"

#include <stdlib.h>
#include <string.h>


#define LOAD_ROOMS_TEXT  64      /* bytes of a tick's message, at most */


typedef struct {
    uint64_t    last;            /* when a tick came */
    uint64_t    tick;            /* and which one */
} load_ticks_t;


static int load_rooms_run(const load_options_t *o);
static void load_rooms_message(load_client_t *c, const unsigned char *data,
    size_t len);
static uint64_t load_rooms_tick(const unsigned char *data, size_t len);


const load_workload_t  load_rooms = {
    .name = "rooms",
    .defaults = {
        .name = "", .path = "/rooms", .numbered = 1, .clients = 400,
        .room_size = 4, .tick = 20, .warmup = 1, .seconds = 5, .seed = 1,
    },
    .run = load_rooms_run,
};


static const load_traffic_t  load_rooms_traffic = {
    .state_size = sizeof(load_ticks_t),
    .message = load_rooms_message,
};


static int
load_rooms_run(const load_options_t *o)
{
    return load_run_once(o, &load_rooms_traffic);
}


static void
load_rooms_message(load_client_t *c, const unsigned char *data, size_t len)
{
    uint64_t       tick;
    load_run_t    *run;
    load_ticks_t  *ticks;

    run = load_run_of(c);
    ticks = load_run_state(c);
    tick = load_rooms_tick(data, len);

    if (tick == 0) {
        load_run_error(run, "client %u: a message is no tick", c->index);
        return;
    }

    if (ticks->tick && tick != ticks->tick + 1) {
        load_run_error(run, "client %u: tick %lu came after tick %lu",
                       c->index, tick, ticks->tick);
    }

    load_run_updated(run, len, ticks->last);
    ticks->last = run->net.now;
    ticks->tick = tick;
}


/* 0: it is none */

static uint64_t
load_rooms_tick(const unsigned char *data, size_t len)
{
    char         text[LOAD_ROOMS_TEXT + 1];
    const char  *p;

    if (len > LOAD_ROOMS_TEXT) {
        return 0;
    }

    memcpy(text, data, len);
    text[len] = '\0';

    p = strstr(text, "\"tick\":");

    return p ? strtoull(p + 7, NULL, 10) : 0;
}
