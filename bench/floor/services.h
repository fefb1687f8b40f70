
/*
 * Copyright (C) ngx_game authors
 *
 * What the floor server serves, one file each.
 */


#ifndef FLOOR_SERVICES_H
#define FLOOR_SERVICES_H


#include "server.h"


extern const floor_service_t  floor_echo;


#endif /* FLOOR_SERVICES_H */
