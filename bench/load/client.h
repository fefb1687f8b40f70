
/*
 * Copyright (C) ngx_game authors
 *
 * Connections of the generator: a WebSocket client and the loop of all of
 * them.  What comes in is handled by the workload; a ping is answered here.
 */


#ifndef LOAD_CLIENT_H
#define LOAD_CLIENT_H


#include "frame.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>


#define LOAD_CLIENT_BUFFER  (256 * 1024)
#define LOAD_CLIENT_WHY     160


typedef struct load_client_s  load_client_t;


typedef enum {
    LOAD_CLIENT_CLOSED = 0,
    LOAD_CLIENT_CONNECTING,
    LOAD_CLIENT_UPGRADING,       /* the request was sent */
    LOAD_CLIENT_OPEN,
    LOAD_CLIENT_CLOSING,         /* a close frame was sent */
    LOAD_CLIENT_ENDING           /* and answered: the server has to hang up */
} load_client_state_e;


/* in a handler net->now is the time when the bytes were read */
typedef struct {
    /* the 101 came; may be NULL */
    void      (*open)(load_client_t *c);

    /* a message; whatever is queued goes out after all that has been read */
    void      (*message)(load_client_t *c, const unsigned char *data,
                         size_t len);

    /* the connection has ended.  why is NULL if it was asked for */
    void      (*closed)(load_client_t *c, const char *why);
} load_handler_t;


typedef struct {
    const load_handler_t  *handler;
    void                  *data;       /* of the workload */
    uint64_t               now;        /* CLOCK_MONOTONIC, nanoseconds */
    unsigned               opcode;     /* of all messages: text or binary */

    int                    epoll;
    struct sockaddr_in     address;
    load_client_t         *queued;     /* clients that have to send */
    unsigned char          buffer[LOAD_CLIENT_BUFFER];
} load_net_t;


struct load_client_s {
    load_net_t            *net;
    unsigned               index;
    unsigned char          key[4];     /* of its masks */
    load_client_state_e    state;

    int                    fd;
    unsigned               was_open:1; /* the 101 came */
    unsigned               is_queued:1;
    unsigned               blocked:1;  /* the socket takes no more */
    unsigned char         *rest;       /* input that is not whole, NULL */
    size_t                 rest_len;
    unsigned char         *out;        /* output that was not yet sent */
    size_t                 out_len;
    size_t                 out_size;
    load_client_t         *next;       /* in the list of the queued */
};


uint64_t load_clock(void);

/* 0, or -1, told on stderr */
int load_net_init(load_net_t *net, unsigned port);
void load_net_done(load_net_t *net);

/* waits until a time for events and handles some of them, then sends what is
 * queued */
void load_net_turn(load_net_t *net, uint64_t until);

/* sends what is queued, once for each client */
void load_net_flush(load_net_t *net);

/* c is zeroed, or closed before; the path may have a query */
void load_client_connect(load_client_t *c, load_net_t *net, unsigned index,
    const char *path);

/* queues a message */
void load_client_send(load_client_t *c, const void *data, size_t len);

/* asks for the end by a close frame; closed() follows when it was answered
 * and the server has ended the connection, as RFC 6455, 7.1.1, wants */
void load_client_close(load_client_t *c);

/* ends the connection at once, with a reset, so that its port is free for the
 * next one; no handler is called */
void load_client_abort(load_client_t *c);


#endif /* LOAD_CLIENT_H */
