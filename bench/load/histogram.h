
/*
 * Copyright (C) ngx_game authors
 *
 * A histogram of times in nanoseconds: 128 buckets for each power of two, so
 * that a percentile is exact to 0.4%.
 */


#ifndef LOAD_HISTOGRAM_H
#define LOAD_HISTOGRAM_H


#include <stdint.h>


#define LOAD_HISTOGRAM_BITS     7
#define LOAD_HISTOGRAM_POWERS   40
#define LOAD_HISTOGRAM_BUCKETS                                                \
    ((LOAD_HISTOGRAM_POWERS - LOAD_HISTOGRAM_BITS + 1) << LOAD_HISTOGRAM_BITS)


/* all-zero memory is an empty histogram */
typedef struct {
    uint64_t    count;
    uint64_t    max;
    uint64_t    buckets[LOAD_HISTOGRAM_BUCKETS];
} load_histogram_t;


void load_histogram_add(load_histogram_t *h, uint64_t ns);

/* the time that the share (0 to 1) of all were at or below, 0 if empty */
uint64_t load_histogram_at(const load_histogram_t *h, double share);


#endif /* LOAD_HISTOGRAM_H */
