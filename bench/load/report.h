
/*
 * Copyright (C) ngx_game authors
 *
 * What was measured, and how it is printed: one JSON object in one line.
 */


#ifndef LOAD_REPORT_H
#define LOAD_REPORT_H


#include "histogram.h"
#include "options.h"

#include <stdint.h>


/* a count of 0 means that there was nothing to measure: the field is left
 * out */
typedef struct {
    double            seconds;
    uint64_t          sent;
    uint64_t          received;        /* what is counted as a message */
    uint64_t          bytes;           /* of payload received */
    uint64_t          updates;         /* of the state of a room */
    uint64_t          update_bytes;
    load_histogram_t  latency;
    load_histogram_t  jitter;          /* of updates, off their period */
    uint64_t          cpu;             /* of the server, nanoseconds */
    uint64_t          own_cpu;         /* of the generator */
    uint64_t          sessions;        /* whose memory was measured */
    int64_t           memory;          /* of the server, bytes for all */
    uint64_t          errors;
} load_report_t;


void load_report_print(const load_report_t *r, const load_options_t *o);


#endif /* LOAD_REPORT_H */
