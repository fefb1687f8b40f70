
/*
 * Copyright (C) ngx_game authors
 *
 * /relay: rooms of two; what one sends goes to the other.
 */


#include "frame.h"
#include "room.h"
#include "services.h"

#include <string.h>


static int floor_relay_join(floor_conn_t *c, long number);
static void floor_relay_message(floor_conn_t *c, unsigned opcode,
    unsigned char *data, size_t len);


const floor_service_t  floor_relay = {
    .path = "/relay",
    .join = floor_relay_join,
    .message = floor_relay_message,
    .leave = floor_room_leave,
};


static floor_rooms_t  floor_relay_rooms = { .seats = 2 };


static int
floor_relay_join(floor_conn_t *c, long number)
{
    floor_room_t  *room;

    room = floor_room_find(&floor_relay_rooms, number);

    return room ? floor_room_enter(room, c) : -1;
}


/* the header goes where the client's longer one was */

static void
floor_relay_message(floor_conn_t *c, unsigned opcode, unsigned char *data,
    size_t len)
{
    size_t         size;
    unsigned char  header[FLOOR_FRAME_HEADER];

    if (c->room->count == 2) {
        size = floor_frame_header(header, opcode, len);
        memcpy(data - size, header, size);

        floor_server_send(c->room->members[!c->index], data - size,
                          size + len);
    }
}
