
/*
 * Copyright (C) ngx_game authors
 *
 * What the command line asks for.
 */


#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H


#include <stdint.h>
#include <sys/types.h>


#define LOAD_OPTIONS_UNSET  (-1)


typedef struct {
    const char  *workload;
    const char  *name;          /* of the server, in the report */
    const char  *path;
    const char  *protocol;      /* of the game: plain or colyseus */
    long         port;
    long         pid;           /* of the server, 0: not measured */
    long         clients;
    long         size;          /* bytes of a message */
    long         window;        /* messages of a client under way */
    long         rooms;
    long         room_size;
    long         numbered;      /* the client names its room: ?room=N */
    double       rate;          /* messages a second of each sender */
    double       tick;          /* ticks a second of the server */
    double       warmup;        /* seconds */
    double       seconds;
    double       max_p99;       /* milliseconds */
    long         seed;
} load_options_t;


/* fields that the command line does not set are LOAD_OPTIONS_UNSET or NULL.
 * 0, or -1, told on stderr */
int load_options_parse(load_options_t *o, int argc, char **argv);

/* takes what is not set from defaults, then works out clients, rooms and
 * room_size from each other.  0, or -1, told on stderr */
int load_options_complete(load_options_t *o, const load_options_t *defaults);


#endif /* LOAD_OPTIONS_H */
