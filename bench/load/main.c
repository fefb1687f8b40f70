
/*
 * Copyright (C) ngx_game authors
 *
 * The load generator of the benchmark: one process that plays all clients of
 * a WebSocket server on this machine, and prints what it has measured as one
 * line of JSON.  It exits with 1 if anything went wrong, told on stderr.
 *
 *     load WORKLOAD --port N [OPTION VALUE]..
 *
 *     --pid N        the server's process: its CPU time and that of its
 *                    descendants is measured
 *     --name TEXT    the server, for the report
 *     --path TEXT    in place of the workload's own
 *     --clients N    in --rooms N rooms of --room-size N: two of the three
 *     --numbered 0   the server fills its rooms by itself; else clients ask
 *                    for theirs by ?room=N
 *     --size N       bytes of a message
 *     --protocol P   plain, or colyseus for the game of a Colyseus server
 *     --window N     messages of a client under way (echo), or of each
 *                    connection (churn)
 *     --rate N       messages a second of each sender
 *     --tick N       ticks a second of the server's rooms (game, rooms)
 *     --max-p99 MS   looks for the highest rate within it (fanout)
 *     --warmup S     seconds before the measuring
 *     --seconds S    seconds of it
 *     --seed N       of all that is random
 */


#include "options.h"
#include "workloads.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>


static const load_workload_t *const  load_workloads[] = {
    &load_echo,
    &load_fanout,
    &load_game,
    &load_churn,
    &load_idle,
    &load_relay,
    &load_rooms,
    NULL
};


static const load_workload_t *load_find(const char *name);


int
main(int argc, char **argv)
{
    struct rlimit           files;
    load_options_t          options;
    const load_workload_t  *workload;

    if (load_options_parse(&options, argc, argv) != 0) {
        return 1;
    }

    workload = load_find(options.workload);

    if (workload == NULL
        || load_options_complete(&options, &workload->defaults) != 0)
    {
        return 1;
    }

    /* one for each client and some more */

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &files);
    }

    return workload->run(&options) == 0 ? 0 : 1;
}


static const load_workload_t *
load_find(const char *name)
{
    size_t  i;

    for (i = 0; name && load_workloads[i]; i++) {
        if (strcmp(load_workloads[i]->name, name) == 0) {
            return load_workloads[i];
        }
    }

    fprintf(stderr, "load: name a workload:");

    for (i = 0; load_workloads[i]; i++) {
        fprintf(stderr, " %s", load_workloads[i]->name);
    }

    fprintf(stderr, "\n");

    return NULL;
}
