
/*
 * Copyright (C) ngx_game authors
 *
 * /echo: each message goes back as it came.
 */


#include "services.h"


static int floor_echo_join(floor_conn_t *c, long room);
static void floor_echo_message(floor_conn_t *c, unsigned opcode,
    unsigned char *data, size_t len);
static void floor_echo_leave(floor_conn_t *c);


const floor_service_t  floor_echo = {
    .path = "/echo",
    .join = floor_echo_join,
    .message = floor_echo_message,
    .leave = floor_echo_leave,
};


static int
floor_echo_join(floor_conn_t *c, long room)
{
    (void) c;
    (void) room;

    return 0;
}


static void
floor_echo_message(floor_conn_t *c, unsigned opcode, unsigned char *data,
    size_t len)
{
    floor_server_reply(c, opcode, data, len);
}


static void
floor_echo_leave(floor_conn_t *c)
{
    (void) c;
}
