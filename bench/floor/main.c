
/*
 * Copyright (C) ngx_game authors
 *
 * The floor of the benchmark: what the same work costs with nothing around
 * it, in one thread on plain epoll.  No server can be expected to be cheaper,
 * and none that is used for games does as little: there are no limits on
 * rates, no logs, no scripts, no TLS and no second worker.
 *
 *     floor [PORT]       or PORT in the environment; 127.0.0.1 only
 */


#include "services.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>


static const floor_service_t *const  floor_services[] = {
    &floor_echo,
    &floor_fanout,
    &floor_game,
    &floor_relay,
    &floor_rooms,
    NULL
};


int
main(int argc, char **argv)
{
    long           port;
    char          *end;
    const char    *text;
    struct rlimit  files;

    text = (argc > 1) ? argv[1] : getenv("PORT");
    port = text ? strtol(text, &end, 10) : 0;

    if (argc > 2 || port < 1 || port > 65535 || *end != '\0') {
        fprintf(stderr, "usage: floor PORT\n");
        return 1;
    }

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &files);
    }

    floor_server_run(port, floor_services);

    return 1;
}
