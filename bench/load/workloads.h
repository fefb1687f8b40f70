
/*
 * Copyright (C) ngx_game authors
 *
 * The workloads, one file each.
 */


#ifndef LOAD_WORKLOADS_H
#define LOAD_WORKLOADS_H


#include "options.h"


typedef struct {
    const char      *name;
    load_options_t   defaults;

    /* prints the report: 0, or -1, told on stderr */
    int            (*run)(const load_options_t *o);
} load_workload_t;


extern const load_workload_t  load_churn;
extern const load_workload_t  load_echo;
extern const load_workload_t  load_fanout;
extern const load_workload_t  load_game;
extern const load_workload_t  load_idle;
extern const load_workload_t  load_relay;
extern const load_workload_t  load_rooms;


#endif /* LOAD_WORKLOADS_H */
