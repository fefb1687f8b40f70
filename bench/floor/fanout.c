
/*
 * Copyright (C) ngx_game authors
 *
 * /fanout: what one sends goes to all of the room.  All messages of a turn of
 * the loop go to each member in one send.
 */


#include "frame.h"
#include "room.h"
#include "services.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>


typedef struct floor_fanout_s  floor_fanout_t;


struct floor_fanout_s {
    floor_room_t    *room;
    unsigned char   *out;         /* frames of this turn */
    size_t           len;
    size_t           size;
    unsigned         busy:1;      /* in the list of those that have some */
    floor_fanout_t  *next;
};


static int floor_fanout_join(floor_conn_t *c, long number);
static void floor_fanout_message(floor_conn_t *c, unsigned opcode,
    unsigned char *data, size_t len);
static void floor_fanout_turn(void);
static void floor_fanout_flush(floor_fanout_t *fanout);


const floor_service_t  floor_fanout = {
    .path = "/fanout",
    .join = floor_fanout_join,
    .message = floor_fanout_message,
    .leave = floor_room_leave,
    .turn = floor_fanout_turn,
};


static floor_rooms_t    floor_fanout_rooms = { .seats = UINT_MAX };
static floor_fanout_t  *floor_fanout_busy;


static int
floor_fanout_join(floor_conn_t *c, long number)
{
    floor_room_t    *room;
    floor_fanout_t  *fanout;

    room = floor_room_find(&floor_fanout_rooms, number);

    if (room == NULL) {
        return -1;
    }

    fanout = room->data;

    if (fanout == NULL) {
        fanout = calloc(1, sizeof(floor_fanout_t));

        if (fanout == NULL) {
            return -1;
        }

        fanout->room = room;
        room->data = fanout;
    }

    /* what was said before is not for the one who comes now */

    floor_fanout_flush(fanout);

    return floor_room_enter(room, c);
}


static void
floor_fanout_message(floor_conn_t *c, unsigned opcode, unsigned char *data,
    size_t len)
{
    size_t           size;
    unsigned char   *out;
    floor_fanout_t  *fanout;

    fanout = c->room->data;

    if (fanout->len + len + FLOOR_FRAME_HEADER > fanout->size) {
        size = (fanout->len + len + FLOOR_FRAME_HEADER) * 2;
        out = realloc(fanout->out, size);

        if (out == NULL) {
            return;
        }

        fanout->out = out;
        fanout->size = size;
    }

    if (!fanout->busy) {
        fanout->busy = 1;
        fanout->next = floor_fanout_busy;
        floor_fanout_busy = fanout;
    }

    fanout->len += floor_frame_header(fanout->out + fanout->len, opcode, len);
    memcpy(fanout->out + fanout->len, data, len);
    fanout->len += len;
}


static void
floor_fanout_turn(void)
{
    floor_fanout_t  *fanout;

    while (floor_fanout_busy) {
        fanout = floor_fanout_busy;
        floor_fanout_busy = fanout->next;
        fanout->busy = 0;

        floor_fanout_flush(fanout);
    }
}


static void
floor_fanout_flush(floor_fanout_t *fanout)
{
    if (fanout->len) {
        floor_room_send(fanout->room, fanout->out, fanout->len);
        fanout->len = 0;
    }
}
