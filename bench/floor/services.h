
/*
 * Copyright (C) ngx_game authors
 *
 * What the floor server serves, one file each.
 */


#ifndef FLOOR_SERVICES_H
#define FLOOR_SERVICES_H


#include "server.h"


extern const floor_service_t  floor_echo;
extern const floor_service_t  floor_fanout;
extern const floor_service_t  floor_game;
extern const floor_service_t  floor_relay;
extern const floor_service_t  floor_rooms;


#endif /* FLOOR_SERVICES_H */
