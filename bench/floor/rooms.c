
/*
 * Copyright (C) ngx_game authors
 *
 * /rooms: rooms of four, told 20 times a second which tick it is.
 */


#include "frame.h"
#include "room.h"
#include "services.h"
#include "ticker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define FLOOR_ROOMS_HZ     20
#define FLOOR_ROOMS_SEATS  4


typedef struct {
    floor_room_t   *room;
    floor_tick_t    tick;
    unsigned        count;        /* of ticks */
} floor_counter_t;


static int floor_rooms_init(void);
static int floor_rooms_join(floor_conn_t *c, long number);
static void floor_rooms_message(floor_conn_t *c, unsigned opcode,
    unsigned char *data, size_t len);
static void floor_rooms_leave(floor_conn_t *c);
static void floor_rooms_tick(void *data, unsigned ticks);


const floor_service_t  floor_rooms = {
    .path = "/rooms",
    .init = floor_rooms_init,
    .join = floor_rooms_join,
    .message = floor_rooms_message,
    .leave = floor_rooms_leave,
};


static floor_rooms_t   floor_rooms_all = { .seats = FLOOR_ROOMS_SEATS };
static floor_ticker_t  floor_rooms_ticker;


static int
floor_rooms_init(void)
{
    return floor_ticker_init(&floor_rooms_ticker, FLOOR_ROOMS_HZ,
                             floor_rooms_tick);
}


static int
floor_rooms_join(floor_conn_t *c, long number)
{
    floor_room_t     *room;
    floor_counter_t  *counter;

    room = floor_room_find(&floor_rooms_all, number);

    if (room == NULL) {
        return -1;
    }

    if (room->data == NULL) {
        room->data = calloc(1, sizeof(floor_counter_t));

        if (room->data == NULL) {
            return -1;
        }
    }

    if (floor_room_enter(room, c) != 0) {
        return -1;
    }

    if (room->count == 1) {
        counter = room->data;
        counter->room = room;
        counter->tick.data = counter;

        floor_ticker_add(&floor_rooms_ticker, &counter->tick, room->number);
    }

    return 0;
}


static void
floor_rooms_message(floor_conn_t *c, unsigned opcode, unsigned char *data,
    size_t len)
{
    (void) c;
    (void) opcode;
    (void) data;
    (void) len;
}


static void
floor_rooms_leave(floor_conn_t *c)
{
    floor_counter_t  *counter;

    floor_room_leave(c);

    if (c->room->count == 0) {
        counter = c->room->data;
        floor_ticker_remove(&floor_rooms_ticker, &counter->tick);
    }
}


static void
floor_rooms_tick(void *data, unsigned ticks)
{
    int               len;
    char              text[64];
    size_t            size;
    unsigned char     frame[64 + FLOOR_FRAME_HEADER];
    floor_counter_t  *counter;

    (void) ticks;      /* what was missed is left out */

    counter = data;

    len = snprintf(text, sizeof(text), "{\"tick\":%u}", ++counter->count);
    size = floor_frame_header(frame, FLOOR_FRAME_TEXT, len);
    memcpy(frame + size, text, len);

    floor_room_send(counter->room, frame, size + len);
}
