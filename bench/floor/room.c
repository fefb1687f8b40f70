
/*
 * Copyright (C) ngx_game authors
 *
 * Rooms of the floor server: arrays, in which the last member takes the place
 * of one that leaves.
 */


#include "room.h"

#include <stdlib.h>


#define FLOOR_ROOM_MAX  100000   /* rooms of a service */


static floor_room_t *floor_room_make(floor_rooms_t *rooms, unsigned number);


floor_room_t *
floor_room_find(floor_rooms_t *rooms, long number)
{
    unsigned       i;
    floor_room_t  *room;

    if (number >= FLOOR_ROOM_MAX) {
        return NULL;
    }

    for (i = 0; number < 0 && i < rooms->count; i++) {
        if (rooms->rooms[i]->count < rooms->seats) {
            return rooms->rooms[i];
        }
    }

    i = (number < 0) ? rooms->count : (unsigned) number;

    while (rooms->count <= i) {
        if (floor_room_make(rooms, rooms->count) == NULL) {
            return NULL;
        }
    }

    room = rooms->rooms[i];

    return room->count < rooms->seats ? room : NULL;
}


static floor_room_t *
floor_room_make(floor_rooms_t *rooms, unsigned number)
{
    floor_room_t  *room, **array;

    array = realloc(rooms->rooms, (number + 1) * sizeof(floor_room_t *));

    if (array == NULL) {
        return NULL;
    }

    rooms->rooms = array;
    room = calloc(1, sizeof(floor_room_t));

    if (room == NULL) {
        return NULL;
    }

    room->number = number;
    rooms->rooms[rooms->count++] = room;

    return room;
}


int
floor_room_enter(floor_room_t *room, floor_conn_t *c)
{
    unsigned        size;
    floor_conn_t  **members;

    if (room->count == room->size) {
        size = room->size ? room->size * 2 : 4;
        members = realloc(room->members, size * sizeof(floor_conn_t *));

        if (members == NULL) {
            return -1;
        }

        room->members = members;
        room->size = size;
    }

    c->room = room;
    c->index = room->count;
    room->members[room->count++] = c;

    return 0;
}


void
floor_room_leave(floor_conn_t *c)
{
    floor_conn_t  *last;

    last = c->room->members[--c->room->count];
    last->index = c->index;
    c->room->members[c->index] = last;
}


/* from the last to the first: whoever leaves by a failed send is replaced by
 * one that was sent to */

void
floor_room_send(floor_room_t *room, const unsigned char *data, size_t len)
{
    unsigned  i;

    for (i = room->count; i > 0; i--) {
        floor_server_send(room->members[i - 1], data, len);
    }
}
