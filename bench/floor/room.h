
/*
 * Copyright (C) ngx_game authors
 *
 * Rooms of a service: who is in which.  A room that is empty stays for those
 * who come next.
 */


#ifndef FLOOR_ROOM_H
#define FLOOR_ROOM_H


#include "server.h"


typedef struct floor_room_s {
    floor_conn_t  **members;
    unsigned        count;
    unsigned        size;         /* of members */
    unsigned        number;
    void           *data;         /* of the service */
} floor_room_t;


/* all-zero but for seats */
typedef struct {
    unsigned        seats;        /* of each room */
    floor_room_t  **rooms;        /* by number */
    unsigned        count;
} floor_rooms_t;


/* the room of a number, or for -1 one with a free seat, made if need be:
 * NULL, there is no such room, or no free seat, or no memory */
floor_room_t *floor_room_find(floor_rooms_t *rooms, long number);

/* 0, or -1: no memory */
int floor_room_enter(floor_room_t *room, floor_conn_t *c);
void floor_room_leave(floor_conn_t *c);

/* sends frames as they are to all members */
void floor_room_send(floor_room_t *room, const unsigned char *data,
    size_t len);


#endif /* FLOOR_ROOM_H */
