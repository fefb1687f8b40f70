
/*
 * Copyright (C) ngx_game authors
 *
 * The loop of the floor server: one thread, one epoll, and for each wake of a
 * connection one recv() and at most one send().  What a service does with the
 * messages is in a file of its own.
 */


#ifndef FLOOR_SERVER_H
#define FLOOR_SERVER_H


#include <stddef.h>
#include <stdint.h>


typedef struct floor_conn_s     floor_conn_t;
typedef struct floor_service_s  floor_service_t;


struct floor_service_s {
    const char             *path;

    /* at the start: 0, or -1.  NULL: nothing to do then */
    int                   (*init)(void);

    /* 0, or -1: no room here.  room is -1 if the client named none */
    int                   (*join)(floor_conn_t *c, long room);

    /* a text or binary message, in the receive buffer */
    void                  (*message)(floor_conn_t *c, unsigned opcode,
                                     unsigned char *data, size_t len);
    void                  (*leave)(floor_conn_t *c);

    /* all connections that had woken were read; NULL: nothing to do then */
    void                  (*turn)(void);
};


/* what epoll watches: the first field of its owner */
typedef struct {
    void                  (*handler)(void *owner, unsigned events);
    int                     fd;
} floor_source_t;


struct floor_conn_s {
    floor_source_t          source;
    const floor_service_t  *service;      /* NULL: before the handshake */
    void                   *data;         /* of the service */
    struct floor_room_s    *room;
    unsigned                index;        /* in the room */

    unsigned                closing:1;    /* no more is read */
    unsigned                dead:1;       /* freed at the end of the turn */
    unsigned char          *rest;         /* input that is not whole, NULL */
    size_t                  rest_len;
    unsigned char          *out;          /* what the socket did not take */
    size_t                  out_len;
    size_t                  out_size;
    floor_conn_t           *next;         /* in the list of the dead */
};


/* services ends with a NULL.  Returns only in case of an error, -1 */
int floor_server_run(unsigned port, const floor_service_t *const *services);

/* watches for input: 0, or -1 */
int floor_server_watch(floor_source_t *source);

/* answers to the message that is handled: it goes out in one send with the
 * other answers to what has been read.  It must not be longer */
void floor_server_reply(floor_conn_t *c, unsigned opcode,
    const unsigned char *data, size_t len);

/* sends frames as they are, whole or not at all to a dead connection */
void floor_server_send(floor_conn_t *c, const unsigned char *data, size_t len);


#endif /* FLOOR_SERVER_H */
