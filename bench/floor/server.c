
/*
 * Copyright (C) ngx_game authors
 *
 * All connections share one receive buffer.  Answers are written over what
 * has been read: a server's header is 4 bytes shorter than a client's, so
 * that they never reach the frame that comes next.
 */


#define _GNU_SOURCE

#include "server.h"

#include "frame.h"
#include "handshake.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>


#define FLOOR_SERVER_BUFFER   (256 * 1024)
#define FLOOR_SERVER_MESSAGE  (64 * 1024)
#define FLOOR_SERVER_HEADERS  (8 * 1024)
#define FLOOR_SERVER_BACKLOG  4096
#define FLOOR_SERVER_EVENTS   512

/* a client that leaves so much unread is closed */
#define FLOOR_SERVER_UNREAD   (64 * 1024 * 1024)


typedef struct {
    const floor_service_t *const  *services;
    int                            epoll;
    floor_source_t                 listener;
    unsigned char                 *reply;     /* end of the answers */
    floor_conn_t                  *dead;
    unsigned char                  buffer[FLOOR_SERVER_BUFFER];
} floor_server_t;


static floor_server_t  floor_server;


static int floor_server_listen(unsigned port);
static void floor_server_end_turn(void);
static void floor_server_accept(void *owner, unsigned events);
static void floor_server_conn(void *owner, unsigned events);
static void floor_server_read(floor_conn_t *c);
static unsigned char *floor_server_request(floor_conn_t *c, unsigned char *p,
    unsigned char *end);
static void floor_server_upgrade(floor_conn_t *c, const floor_request_t *r);
static void floor_server_status(floor_conn_t *c, const char *status);
static unsigned char *floor_server_frames(floor_conn_t *c, unsigned char *p,
    unsigned char *end);
static void floor_server_control(floor_conn_t *c, const floor_frame_t *frame);
static void floor_server_keep(floor_conn_t *c, const unsigned char *data,
    size_t len);
static void floor_server_write(floor_conn_t *c);
static void floor_server_close(floor_conn_t *c);


int
floor_server_run(unsigned port, const floor_service_t *const *services)
{
    int                 i, n;
    floor_source_t     *source;
    struct epoll_event  events[FLOOR_SERVER_EVENTS];

    floor_server.services = services;

    if (floor_server_listen(port) != 0) {
        return -1;
    }

    for (i = 0; services[i]; i++) {
        if (services[i]->init && services[i]->init() != 0) {
            return -1;
        }
    }

    for ( ;; ) {
        n = epoll_wait(floor_server.epoll, events, FLOOR_SERVER_EVENTS, -1);

        if (n == -1 && errno != EINTR) {
            perror("floor: epoll_wait() failed");
            return -1;
        }

        for (i = 0; i < n; i++) {
            source = events[i].data.ptr;
            source->handler(source, events[i].events);
        }

        floor_server_end_turn();
    }
}


static int
floor_server_listen(unsigned port)
{
    int                 fd, on;
    struct sockaddr_in  sin;

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_port = htons(port);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    fd = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);
    floor_server.listener.fd = fd;
    floor_server.listener.handler = floor_server_accept;
    floor_server.epoll = epoll_create1(EPOLL_CLOEXEC);
    on = 1;

    if (fd == -1
        || floor_server.epoll == -1
        || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0
        || bind(fd, (struct sockaddr *) &sin, sizeof(sin)) != 0
        || listen(fd, FLOOR_SERVER_BACKLOG) != 0
        || floor_server_watch(&floor_server.listener) != 0)
    {
        fprintf(stderr, "floor: cannot listen on 127.0.0.1:%u: %s\n", port,
                strerror(errno));
        return -1;
    }

    return 0;
}


int
floor_server_watch(floor_source_t *source)
{
    struct epoll_event  ev;

    ev.events = EPOLLIN;
    ev.data.ptr = source;

    return epoll_ctl(floor_server.epoll, EPOLL_CTL_ADD, source->fd, &ev);
}


static void
floor_server_end_turn(void)
{
    size_t         i;
    floor_conn_t  *c;

    for (i = 0; floor_server.services[i]; i++) {
        if (floor_server.services[i]->turn) {
            floor_server.services[i]->turn();
        }
    }

    while (floor_server.dead) {
        c = floor_server.dead;
        floor_server.dead = c->next;

        free(c->rest);
        free(c->out);
        free(c);
    }
}


static void
floor_server_accept(void *owner, unsigned events)
{
    int            fd, on;
    floor_conn_t  *c;

    (void) owner;
    (void) events;

    for ( ;; ) {
        fd = accept4(floor_server.listener.fd, NULL, NULL,
                     SOCK_NONBLOCK|SOCK_CLOEXEC);

        if (fd == -1) {
            if (errno == EAGAIN || errno == ECONNABORTED) {
                return;
            }

            perror("floor: accept4() failed");
            exit(1);
        }

        on = 1;
        (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));

        c = calloc(1, sizeof(floor_conn_t));

        if (c) {
            c->source.fd = fd;
            c->source.handler = floor_server_conn;
        }

        if (c == NULL || floor_server_watch(&c->source) != 0) {
            perror("floor: no memory for a connection");
            free(c);
            (void) close(fd);
        }
    }
}


static void
floor_server_conn(void *owner, unsigned events)
{
    floor_conn_t  *c;

    c = owner;

    if ((events & EPOLLOUT) && !c->dead) {
        floor_server_write(c);
    }

    if ((events & ~EPOLLOUT) && !c->dead) {
        floor_server_read(c);
    }
}


static void
floor_server_read(floor_conn_t *c)
{
    ssize_t         n;
    unsigned char  *p, *end;

    p = floor_server.buffer;
    end = p + c->rest_len;

    if (c->rest_len) {
        memcpy(p, c->rest, c->rest_len);
    }

    n = recv(c->source.fd, end, FLOOR_SERVER_BUFFER - c->rest_len, 0);

    if (n <= 0) {
        if (n == 0 || errno != EAGAIN) {
            floor_server_close(c);
        }

        return;
    }

    if (c->rest) {
        free(c->rest);
        c->rest = NULL;
        c->rest_len = 0;
    }

    end += n;
    floor_server.reply = floor_server.buffer;

    if (c->service == NULL) {
        p = floor_server_request(c, p, end);
    }

    p = floor_server_frames(c, p, end);

    if (floor_server.reply > floor_server.buffer) {
        floor_server_send(c, floor_server.buffer,
                          floor_server.reply - floor_server.buffer);
    }

    if (c->closing && !c->dead) {
        floor_server_close(c);
    }

    if (p < end && !c->dead) {
        floor_server_keep(c, p, end - p);
    }
}


/* returns the place after the request, or where its beginning is */

static unsigned char *
floor_server_request(floor_conn_t *c, unsigned char *p, unsigned char *end)
{
    long             n;
    floor_request_t  r;

    n = floor_handshake_parse(&r, (char *) p, end - p);

    if (n < 0 || (n == 0 && end - p > FLOOR_SERVER_HEADERS)) {
        floor_server_status(c, "400 Bad Request");
        return end;
    }

    if (n > 0) {
        floor_server_upgrade(c, &r);
    }

    return p + n;
}


static void
floor_server_upgrade(floor_conn_t *c, const floor_request_t *r)
{
    char                           reply[FLOOR_HANDSHAKE_REPLY];
    size_t                         len;
    const floor_service_t *const  *s;

    if (r->path_len == 6 && memcmp(r->path, "/ready", 6) == 0) {
        floor_server_status(c, "200 OK");
        return;
    }

    for (s = floor_server.services; *s; s++) {
        if (strlen((*s)->path) == r->path_len
            && memcmp((*s)->path, r->path, r->path_len) == 0)
        {
            break;
        }
    }

    if (*s == NULL) {
        floor_server_status(c, "404 Not Found");
        return;
    }

    len = r->key ? floor_handshake_accept(reply, r) : 0;

    if (len == 0) {
        floor_server_status(c, "400 Bad Request");
        return;
    }

    if ((*s)->join(c, r->room) != 0) {
        floor_server_status(c, "503 Service Unavailable");
        return;
    }

    c->service = *s;
    floor_server_send(c, (unsigned char *) reply, len);
}


static void
floor_server_status(floor_conn_t *c, const char *status)
{
    int   len;
    char  text[128];

    len = snprintf(text, sizeof(text), "HTTP/1.1 %s\r\n"
                   "Content-Length: 0\r\nConnection: close\r\n\r\n", status);

    floor_server_send(c, (unsigned char *) text, len);
    c->closing = 1;
}


/* returns the place of a frame that is not whole, or the end */

static unsigned char *
floor_server_frames(floor_conn_t *c, unsigned char *p, unsigned char *end)
{
    int            rc;
    floor_frame_t  frame;

    while (c->service && !c->closing && !c->dead) {
        rc = floor_frame_next(&frame, &p, end, FLOOR_SERVER_MESSAGE);

        if (rc == 0) {
            return p;
        }

        if (rc < 0) {
            c->closing = 1;
            break;
        }

        if (frame.opcode == FLOOR_FRAME_TEXT
            || frame.opcode == FLOOR_FRAME_BINARY)
        {
            c->service->message(c, frame.opcode, frame.data, frame.len);

        } else {
            floor_server_control(c, &frame);
        }
    }

    return c->service ? end : p;
}


static void
floor_server_control(floor_conn_t *c, const floor_frame_t *frame)
{
    /* control frames have at most 125 bytes, RFC 6455, 5.5 */

    if (frame->len > 125) {
        c->closing = 1;
        return;
    }

    switch (frame->opcode) {

    case FLOOR_FRAME_PING:
        floor_server_reply(c, FLOOR_FRAME_PONG, frame->data, frame->len);
        break;

    case FLOOR_FRAME_PONG:
        break;

    case FLOOR_FRAME_CLOSE:
        floor_server_reply(c, FLOOR_FRAME_CLOSE, frame->data,
                           frame->len < 2 ? 0 : 2);
        c->closing = 1;
        break;

    default:
        c->closing = 1;
        break;
    }
}


void
floor_server_reply(floor_conn_t *c, unsigned opcode,
    const unsigned char *data, size_t len)
{
    (void) c;

    floor_server.reply += floor_frame_header(floor_server.reply, opcode, len);
    memmove(floor_server.reply, data, len);
    floor_server.reply += len;
}


static void
floor_server_keep(floor_conn_t *c, const unsigned char *data, size_t len)
{
    c->rest = malloc(len);

    if (c->rest == NULL) {
        floor_server_close(c);
        return;
    }

    memcpy(c->rest, data, len);
    c->rest_len = len;
}


void
floor_server_send(floor_conn_t *c, const unsigned char *data, size_t len)
{
    size_t               size;
    ssize_t              n;
    unsigned char       *out;
    struct epoll_event   ev;

    if (c->dead) {
        return;
    }

    if (c->out_len == 0) {
        n = send(c->source.fd, data, len, MSG_NOSIGNAL);

        if (n == (ssize_t) len) {
            return;
        }

        if (n < 0 && errno != EAGAIN) {
            floor_server_close(c);
            return;
        }

        if (n > 0) {
            data += n;
            len -= n;
        }

        ev.events = EPOLLIN|EPOLLOUT;
        ev.data.ptr = c;
        (void) epoll_ctl(floor_server.epoll, EPOLL_CTL_MOD, c->source.fd, &ev);
    }

    if (c->out_len + len > c->out_size) {
        size = (c->out_len + len) * 2;
        out = (size > FLOOR_SERVER_UNREAD) ? NULL : realloc(c->out, size);

        if (out == NULL) {
            floor_server_close(c);
            return;
        }

        c->out = out;
        c->out_size = size;
    }

    memcpy(c->out + c->out_len, data, len);
    c->out_len += len;
}


static void
floor_server_write(floor_conn_t *c)
{
    ssize_t             n;
    struct epoll_event  ev;

    n = send(c->source.fd, c->out, c->out_len, MSG_NOSIGNAL);

    if (n < 0) {
        if (errno != EAGAIN) {
            floor_server_close(c);
        }

        return;
    }

    c->out_len -= n;

    if (c->out_len) {
        memmove(c->out, c->out + n, c->out_len);
        return;
    }

    free(c->out);
    c->out = NULL;
    c->out_size = 0;

    ev.events = EPOLLIN;
    ev.data.ptr = c;
    (void) epoll_ctl(floor_server.epoll, EPOLL_CTL_MOD, c->source.fd, &ev);
}


static void
floor_server_close(floor_conn_t *c)
{
    c->dead = 1;

    if (c->service) {
        c->service->leave(c);
    }

    (void) close(c->source.fd);

    c->next = floor_server.dead;
    floor_server.dead = c;
}
