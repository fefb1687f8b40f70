
/*
 * Copyright (C) ngx_game authors
 *
 * Buckets are linear within a power of two: below 2^BITS one for each value,
 * above it the highest BITS + 1 bits of the value choose.
 */


#include "histogram.h"

#include <math.h>


static unsigned load_histogram_bucket(uint64_t ns);
static uint64_t load_histogram_middle(unsigned bucket);


void
load_histogram_add(load_histogram_t *h, uint64_t ns)
{
    h->buckets[load_histogram_bucket(ns)]++;
    h->count++;

    if (ns > h->max) {
        h->max = ns;
    }
}


uint64_t
load_histogram_at(const load_histogram_t *h, double share)
{
    uint64_t  n, rank, ns;
    unsigned  i;

    if (h->count == 0) {
        return 0;
    }

    rank = ceil(share * h->count);
    n = 0;

    for (i = 0; i < LOAD_HISTOGRAM_BUCKETS; i++) {
        n += h->buckets[i];

        if (n >= rank && n > 0) {
            ns = load_histogram_middle(i);
            return ns < h->max ? ns : h->max;
        }
    }

    return h->max;
}


static unsigned
load_histogram_bucket(uint64_t ns)
{
    unsigned  shift;

    if (ns >> LOAD_HISTOGRAM_POWERS) {
        return LOAD_HISTOGRAM_BUCKETS - 1;
    }

    if (ns >> LOAD_HISTOGRAM_BITS == 0) {
        return ns;
    }

    shift = 63 - __builtin_clzll(ns) - LOAD_HISTOGRAM_BITS;

    return (shift << LOAD_HISTOGRAM_BITS) + (ns >> shift);
}


static uint64_t
load_histogram_middle(unsigned bucket)
{
    uint64_t  first;
    unsigned  shift;

    if (bucket >> (LOAD_HISTOGRAM_BITS + 1) == 0) {
        return bucket;
    }

    shift = (bucket >> LOAD_HISTOGRAM_BITS) - 1;
    first = (uint64_t) (bucket - (shift << LOAD_HISTOGRAM_BITS)) << shift;

    return first + ((UINT64_C(1) << shift) >> 1);
}
