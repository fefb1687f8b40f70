
/*
 * Copyright (C) ngx_game authors
 *
 * The command line: WORKLOAD and options with one value each.
 */


#include "options.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


typedef enum {
    LOAD_OPTION_TEXT,
    LOAD_OPTION_LONG,
    LOAD_OPTION_DOUBLE
} load_option_type_e;


typedef struct {
    const char          *name;
    load_option_type_e   type;
    size_t               offset;
    double               min;
    double               max;
} load_option_t;


#define LOAD_OPTION(name, type, field, min, max)                              \
    { name, LOAD_OPTION_##type, offsetof(load_options_t, field), min, max }


static const load_option_t  load_options[] = {
    LOAD_OPTION("--name", TEXT, name, 0, 0),
    LOAD_OPTION("--path", TEXT, path, 0, 0),
    LOAD_OPTION("--protocol", TEXT, protocol, 0, 0),
    LOAD_OPTION("--port", LONG, port, 1, 65535),
    LOAD_OPTION("--pid", LONG, pid, 1, 1 << 30),
    LOAD_OPTION("--clients", LONG, clients, 1, 1000000),
    LOAD_OPTION("--size", LONG, size, 1, 32768),
    LOAD_OPTION("--window", LONG, window, 0, 4096),
    LOAD_OPTION("--rooms", LONG, rooms, 1, 1000000),
    LOAD_OPTION("--room-size", LONG, room_size, 1, 1000000),
    LOAD_OPTION("--numbered", LONG, numbered, 0, 1),
    LOAD_OPTION("--rate", DOUBLE, rate, 0.01, 1e6),
    LOAD_OPTION("--tick", DOUBLE, tick, 1, 1000),
    LOAD_OPTION("--warmup", DOUBLE, warmup, 0, 60),
    LOAD_OPTION("--seconds", DOUBLE, seconds, 0.1, 600),
    LOAD_OPTION("--max-p99", DOUBLE, max_p99, 0, 10000),
    LOAD_OPTION("--seed", LONG, seed, 0, 1 << 30),
};

#define LOAD_OPTIONS  (sizeof(load_options) / sizeof(load_options[0]))


static void load_options_clear(load_options_t *o);
static const load_option_t *load_options_find(const char *name);
static int load_options_set(load_options_t *o, const load_option_t *option,
    const char *value);
static void load_options_third(load_options_t *o,
    const load_options_t *defaults);
static int load_options_rooms(load_options_t *o);


int
load_options_parse(load_options_t *o, int argc, char **argv)
{
    int                   i;
    const load_option_t  *option;

    load_options_clear(o);

    for (i = 1; i < argc; i++) {
        if (argv[i][0] != '-' && o->workload == NULL) {
            o->workload = argv[i];
            continue;
        }

        if (i + 1 == argc) {
            fprintf(stderr, "load: \"%s\" is no workload and has no value\n",
                    argv[i]);
            return -1;
        }

        /* nobody else's machine is loaded */

        if (strcmp(argv[i], "--host") == 0) {
            if (strcmp(argv[++i], "127.0.0.1") != 0
                && strcmp(argv[i], "localhost") != 0)
            {
                fprintf(stderr, "load: the host can only be 127.0.0.1\n");
                return -1;
            }

            continue;
        }

        option = load_options_find(argv[i]);

        if (option == NULL) {
            fprintf(stderr, "load: there is no option \"%s\"\n", argv[i]);
            return -1;
        }

        if (load_options_set(o, option, argv[++i]) != 0) {
            return -1;
        }
    }

    return 0;
}


static void
load_options_clear(load_options_t *o)
{
    size_t  i;
    char   *field;

    memset(o, 0, sizeof(load_options_t));

    for (i = 0; i < LOAD_OPTIONS; i++) {
        field = (char *) o + load_options[i].offset;

        if (load_options[i].type == LOAD_OPTION_LONG) {
            *(long *) field = LOAD_OPTIONS_UNSET;

        } else if (load_options[i].type == LOAD_OPTION_DOUBLE) {
            *(double *) field = LOAD_OPTIONS_UNSET;
        }
    }
}


static const load_option_t *
load_options_find(const char *name)
{
    size_t  i;

    for (i = 0; i < LOAD_OPTIONS; i++) {
        if (strcmp(load_options[i].name, name) == 0) {
            return &load_options[i];
        }
    }

    return NULL;
}


static int
load_options_set(load_options_t *o, const load_option_t *option,
    const char *value)
{
    char    *end, *field;
    double   number;

    field = (char *) o + option->offset;

    if (option->type == LOAD_OPTION_TEXT) {
        *(const char **) field = value;
        return 0;
    }

    number = strtod(value, &end);

    if (end == value || *end != '\0' || !(number >= option->min)
        || number > option->max
        || (option->type == LOAD_OPTION_LONG && number != (long) number))
    {
        fprintf(stderr, "load: invalid value \"%s\" of %s: it is a%s number"
                " from %g to %g\n", value, option->name,
                option->type == LOAD_OPTION_LONG ? " whole" : "",
                option->min, option->max);
        return -1;
    }

    if (option->type == LOAD_OPTION_LONG) {
        *(long *) field = number;

    } else {
        *(double *) field = number;
    }

    return 0;
}


int
load_options_complete(load_options_t *o, const load_options_t *defaults)
{
    size_t                i;
    char                 *field;
    const char           *from;
    const load_option_t  *option;

    load_options_third(o, defaults);

    for (i = 0; i < LOAD_OPTIONS; i++) {
        option = &load_options[i];
        field = (char *) o + option->offset;
        from = (const char *) defaults + option->offset;

        if (option->type == LOAD_OPTION_TEXT && *(char **) field == NULL) {
            *(const char **) field = *(const char *const *) from;

        } else if (option->type == LOAD_OPTION_LONG
                   && *(long *) field == LOAD_OPTIONS_UNSET)
        {
            *(long *) field = *(const long *) from;

        } else if (option->type == LOAD_OPTION_DOUBLE
                   && *(double *) field == LOAD_OPTIONS_UNSET)
        {
            *(double *) field = *(const double *) from;
        }
    }

    if (o->port == 0) {
        fprintf(stderr, "load: no --port\n");
        return -1;
    }

    return load_options_rooms(o);
}


/* two of clients, rooms and room_size are known: the third follows */

static void
load_options_third(load_options_t *o, const load_options_t *defaults)
{
    long  size;

    size = (o->room_size > 0) ? o->room_size : defaults->room_size;

    if (o->clients < 0 && o->rooms > 0 && size) {
        o->clients = o->rooms * size;
    }

    if (o->rooms < 0 && o->clients > 0 && o->room_size > 0) {
        o->rooms = o->clients / o->room_size;
    }
}


/* a workload without rooms has 0 of them by default; one whose default is a
 * room of no given size has all clients in it */

static int
load_options_rooms(load_options_t *o)
{
    if (o->rooms && o->room_size == 0) {
        o->room_size = o->clients / o->rooms;
    }

    if (o->room_size && o->rooms == 0) {
        o->rooms = o->clients / o->room_size;
    }

    if (o->rooms * o->room_size != (o->rooms ? o->clients : 0)) {
        fprintf(stderr, "load: %ld clients are not %ld rooms of %ld\n",
                o->clients, o->rooms, o->room_size);
        return -1;
    }

    return 0;
}
