
/*
 * Copyright (C) ngx_game authors
 *
 * The search for the highest rate that a server holds.
 */


#ifndef LOAD_SEARCH_H
#define LOAD_SEARCH_H


#include "run.h"


/* prints the report of the best run: 0, or -1, told on stderr */
int load_search(const load_options_t *o, const load_traffic_t *traffic);


#endif /* LOAD_SEARCH_H */
