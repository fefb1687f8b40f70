
/*
 * Copyright (C) ngx_game authors
 *
 * All clients share one receive buffer; only the beginning of a frame that is
 * not whole is kept for its client.  Output is queued by client and sent at
 * the end of a turn, so that a client takes one recv() and one send() for
 * whatever has come at once.
 */


#define _GNU_SOURCE

#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>


/* so few that what is due at a time is not late by much */
#define LOAD_CLIENT_EVENTS   64

#define LOAD_CLIENT_REQUEST  1024
#define LOAD_CLIENT_HEADERS  (16 * 1024)

/* the sample of RFC 6455, 1.3: the answer is known */
#define LOAD_CLIENT_KEY      "dGhlIHNhbXBsZSBub25jZQ=="
#define LOAD_CLIENT_ACCEPT   "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


static void load_client_event(load_client_t *c, unsigned events);
static void load_client_connected(load_client_t *c);
static void load_client_read(load_client_t *c);
static const unsigned char *load_client_answer(load_client_t *c,
    const unsigned char *p, const unsigned char *end);
static const unsigned char *load_client_frames(load_client_t *c,
    const unsigned char *p, const unsigned char *end);
static void load_client_control(load_client_t *c, const load_frame_t *frame);
static void load_client_closed_by(load_client_t *c,
    const load_frame_t *frame);
static void load_client_keep(load_client_t *c, const unsigned char *data,
    size_t len);
static void load_client_queue(load_client_t *c, unsigned opcode,
    const void *data, size_t len);
static unsigned char *load_client_reserve(load_client_t *c, size_t len);
static void load_client_flush(load_client_t *c);
static void load_client_watch(load_client_t *c, int op, unsigned events);
static void load_client_failed(load_client_t *c, const char *what);
static void load_client_end(load_client_t *c, const char *why);


uint64_t
load_clock(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}


int
load_net_init(load_net_t *net, unsigned port)
{
    memset(net, 0, sizeof(load_net_t));

    net->address.sin_family = AF_INET;
    net->address.sin_port = htons(port);
    net->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    net->now = load_clock();
    net->opcode = LOAD_FRAME_TEXT;

    /* the kernel may be late by 50 microseconds else, to save wakes */

    (void) prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);

    net->epoll = epoll_create1(EPOLL_CLOEXEC);

    if (net->epoll == -1) {
        fprintf(stderr, "load: epoll_create1() failed: %s\n",
                strerror(errno));
        return -1;
    }

    return 0;
}


void
load_net_done(load_net_t *net)
{
    (void) close(net->epoll);
}


void
load_net_turn(load_net_t *net, uint64_t until)
{
    int                 i, n;
    uint64_t            wait;
    struct timespec     ts;
    struct epoll_event  events[LOAD_CLIENT_EVENTS];

    net->now = load_clock();
    wait = until > net->now ? until - net->now : 0;

    ts.tv_sec = wait / 1000000000;
    ts.tv_nsec = wait % 1000000000;

    n = epoll_pwait2(net->epoll, events, LOAD_CLIENT_EVENTS, &ts, NULL);

    if (n == -1 && errno != EINTR) {
        fprintf(stderr, "load: epoll_pwait2() failed: %s\n",
                strerror(errno));
        exit(1);
    }

    for (i = 0; i < n; i++) {
        load_client_event(events[i].data.ptr, events[i].events);
    }

    net->now = load_clock();
}


void
load_net_flush(load_net_t *net)
{
    load_client_t  *c;

    while (net->queued) {
        c = net->queued;
        net->queued = c->next;
        c->is_queued = 0;

        load_client_flush(c);
    }
}


void
load_client_connect(load_client_t *c, load_net_t *net, unsigned index,
    const char *path)
{
    int             n, on;
    unsigned char  *p;

    c->net = net;
    c->index = index;
    c->state = LOAD_CLIENT_CONNECTING;
    c->was_open = 0;
    c->blocked = 1;
    c->out_len = 0;

    p = load_client_reserve(c, LOAD_CLIENT_REQUEST);

    n = snprintf((char *) p, LOAD_CLIENT_REQUEST,
                 "GET %s HTTP/1.1\r\n"
                 "Host: 127.0.0.1:%u\r\n"
                 "Upgrade: websocket\r\n"
                 "Connection: Upgrade\r\n"
                 "Sec-WebSocket-Key: " LOAD_CLIENT_KEY "\r\n"
                 "Sec-WebSocket-Version: 13\r\n\r\n",
                 path, ntohs(net->address.sin_port));

    c->fd = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);

    if (n >= LOAD_CLIENT_REQUEST) {
        load_client_end(c, "the path is too long");
        return;
    }

    if (c->fd == -1) {
        load_client_failed(c, "socket()");
        return;
    }

    c->out_len = n;
    on = 1;
    (void) setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));

    if (connect(c->fd, (struct sockaddr *) &net->address,
                sizeof(net->address)) != 0
        && errno != EINPROGRESS)
    {
        load_client_failed(c, "connect()");
        return;
    }

    load_client_watch(c, EPOLL_CTL_ADD, EPOLLOUT);
}


void
load_client_send(load_client_t *c, const void *data, size_t len)
{
    load_client_queue(c, c->net->opcode, data, len);
}


void
load_client_close(load_client_t *c)
{
    if (c->state != LOAD_CLIENT_OPEN) {
        return;
    }

    load_client_queue(c, LOAD_FRAME_CLOSE, "\x03\xe8", 2);
    c->state = LOAD_CLIENT_CLOSING;
}


void
load_client_abort(load_client_t *c)
{
    struct linger  linger;

    if (c->state == LOAD_CLIENT_CLOSED) {
        return;
    }

    c->state = LOAD_CLIENT_CLOSED;
    c->out_len = 0;

    free(c->rest);
    c->rest = NULL;
    c->rest_len = 0;

    if (c->fd == -1) {
        return;
    }

    linger.l_onoff = 1;
    linger.l_linger = 0;
    (void) setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));

    (void) close(c->fd);
    c->fd = -1;
}


static void
load_client_event(load_client_t *c, unsigned events)
{
    if (c->state == LOAD_CLIENT_CONNECTING) {
        load_client_connected(c);
        return;
    }

    if (c->state == LOAD_CLIENT_CLOSED) {
        return;
    }

    if (events & EPOLLOUT) {
        load_client_watch(c, EPOLL_CTL_MOD, EPOLLIN);
        c->blocked = 0;
        load_client_flush(c);
    }

    if ((events & ~EPOLLOUT) && c->state != LOAD_CLIENT_CLOSED) {
        load_client_read(c);
        load_net_flush(c->net);
    }
}


static void
load_client_connected(load_client_t *c)
{
    int        error;
    socklen_t  len;

    len = sizeof(error);

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0
        || error != 0)
    {
        errno = error;
        load_client_failed(c, "connect()");
        return;
    }

    c->state = LOAD_CLIENT_UPGRADING;
    c->blocked = 0;

    load_client_watch(c, EPOLL_CTL_MOD, EPOLLIN);
    load_client_flush(c);
}


static void
load_client_read(load_client_t *c)
{
    ssize_t               n;
    load_net_t           *net;
    const unsigned char  *p, *end;

    net = c->net;

    if (c->rest_len) {
        memcpy(net->buffer, c->rest, c->rest_len);
    }

    n = recv(c->fd, net->buffer + c->rest_len,
             LOAD_CLIENT_BUFFER - c->rest_len, 0);

    if (n < 0) {
        if (errno != EAGAIN) {
            load_client_failed(c, "recv()");
        }

        return;
    }

    if (n == 0) {
        load_client_end(c, c->state >= LOAD_CLIENT_CLOSING ? NULL
                           : "the server ended the connection");
        return;
    }

    net->now = load_clock();

    p = net->buffer;
    end = p + c->rest_len + n;
    c->rest_len = 0;

    if (c->state == LOAD_CLIENT_UPGRADING) {
        p = load_client_answer(c, p, end);
    }

    if (c->state >= LOAD_CLIENT_OPEN) {
        p = load_client_frames(c, p, end);
    }

    if (c->state != LOAD_CLIENT_CLOSED && p < end) {
        load_client_keep(c, p, end - p);
    }
}


/* the answer to the handshake; returns the place after it */

static const unsigned char *
load_client_answer(load_client_t *c, const unsigned char *p,
    const unsigned char *end)
{
    int                   len;
    char                  why[LOAD_CLIENT_WHY];
    const unsigned char  *body, *eol;

    body = memmem(p, end - p, "\r\n\r\n", 4);

    if (body == NULL) {
        if (end - p > LOAD_CLIENT_HEADERS) {
            load_client_end(c, "the answer to the handshake has no end");
        }

        return p;
    }

    body += 4;
    eol = memchr(p, '\r', body - p);

    if (body - p < 12 || memcmp(p, "HTTP/1.1 101", 12) != 0) {
        len = (eol - p < 80) ? eol - p : 80;
        snprintf(why, sizeof(why), "the handshake was answered \"%.*s\"",
                 len, (const char *) p);
        load_client_end(c, why);
        return p;
    }

    if (memmem(p, body - p, LOAD_CLIENT_ACCEPT,
               sizeof(LOAD_CLIENT_ACCEPT) - 1) == NULL)
    {
        load_client_end(c, "the handshake has a wrong Sec-WebSocket-Accept");
        return p;
    }

    c->state = LOAD_CLIENT_OPEN;
    c->was_open = 1;

    if (c->net->handler->open) {
        c->net->handler->open(c);
    }

    return body;
}


/* returns the place of a frame that is not whole, or the end */

static const unsigned char *
load_client_frames(load_client_t *c, const unsigned char *p,
    const unsigned char *end)
{
    int           rc;
    load_frame_t  frame;

    for ( ;; ) {
        rc = load_frame_next(&frame, &p, end);

        if (rc == 0) {
            return p;
        }

        if (rc < 0) {
            load_client_end(c, "the server sent a frame that is none of"
                            " RFC 6455, or a fragment");
            return end;
        }

        if (frame.opcode == c->net->opcode) {
            if (c->state == LOAD_CLIENT_OPEN) {
                c->net->handler->message(c, frame.data, frame.len);
            }

        } else {
            load_client_control(c, &frame);
        }

        if (c->state == LOAD_CLIENT_CLOSED) {
            return end;
        }
    }
}


static void
load_client_control(load_client_t *c, const load_frame_t *frame)
{
    switch (frame->opcode) {

    case LOAD_FRAME_PING:
        if (c->state == LOAD_CLIENT_OPEN) {
            load_client_queue(c, LOAD_FRAME_PONG, frame->data, frame->len);
        }

        break;

    case LOAD_FRAME_PONG:
        break;

    case LOAD_FRAME_CLOSE:
        load_client_closed_by(c, frame);
        break;

    default:
        load_client_end(c, "the server sent a message of another type");
        break;
    }
}


static void
load_client_closed_by(load_client_t *c, const load_frame_t *frame)
{
    int   code;
    char  why[LOAD_CLIENT_WHY];

    if (c->state == LOAD_CLIENT_CLOSING) {
        c->state = LOAD_CLIENT_ENDING;
        return;
    }

    code = (frame->len < 2) ? 1005 : frame->data[0] << 8 | frame->data[1];

    snprintf(why, sizeof(why), "the server closed it with code %d", code);
    load_client_end(c, why);
}


/* a frame that is larger than the buffer is never whole: it is an error */

static void
load_client_keep(load_client_t *c, const unsigned char *data, size_t len)
{
    unsigned char  *rest;

    if (len == LOAD_CLIENT_BUFFER) {
        load_client_end(c, "the server sent a frame that is too large");
        return;
    }

    rest = realloc(c->rest, len);

    if (rest == NULL) {
        load_client_end(c, "there is no memory for what the server sent");
        return;
    }

    memcpy(rest, data, len);
    c->rest = rest;
    c->rest_len = len;
}


static void
load_client_queue(load_client_t *c, unsigned opcode, const void *data,
    size_t len)
{
    unsigned char  *p;

    if (c->state != LOAD_CLIENT_OPEN) {
        return;
    }

    p = load_client_reserve(c, len + LOAD_FRAME_HEADER);
    c->out_len += load_frame_write(p, opcode, c->key, data, len);

    if (!c->is_queued && !c->blocked) {
        c->is_queued = 1;
        c->next = c->net->queued;
        c->net->queued = c;
    }
}


/* the buffer grows to what a client has to send at once, then no more */

static unsigned char *
load_client_reserve(load_client_t *c, size_t len)
{
    if (c->out_len + len > c->out_size) {
        c->out_size = (c->out_len + len) * 2;
        c->out = realloc(c->out, c->out_size);

        if (c->out == NULL) {
            fprintf(stderr, "load: out of memory\n");
            exit(1);
        }
    }

    return c->out + c->out_len;
}


static void
load_client_flush(load_client_t *c)
{
    ssize_t  n;

    if (c->out_len == 0 || c->blocked) {
        return;
    }

    n = send(c->fd, c->out, c->out_len, MSG_NOSIGNAL);

    if (n == (ssize_t) c->out_len) {
        c->out_len = 0;
        return;
    }

    if (n < 0 && errno != EAGAIN) {
        load_client_failed(c, "send()");
        return;
    }

    if (n > 0) {
        c->out_len -= n;
        memmove(c->out, c->out + n, c->out_len);
    }

    c->blocked = 1;
    load_client_watch(c, EPOLL_CTL_MOD, EPOLLIN|EPOLLOUT);
}


static void
load_client_watch(load_client_t *c, int op, unsigned events)
{
    struct epoll_event  ev;

    ev.events = events;
    ev.data.ptr = c;

    if (epoll_ctl(c->net->epoll, op, c->fd, &ev) != 0) {
        load_client_failed(c, "epoll_ctl()");
    }
}


static void
load_client_failed(load_client_t *c, const char *what)
{
    char  why[LOAD_CLIENT_WHY];

    /* a server may reset a connection that was to end */

    if (c->state >= LOAD_CLIENT_CLOSING) {
        load_client_end(c, NULL);
        return;
    }

    snprintf(why, sizeof(why), "%s failed: %s", what, strerror(errno));
    load_client_end(c, why);
}


static void
load_client_end(load_client_t *c, const char *why)
{
    if (c->state == LOAD_CLIENT_CLOSED) {
        return;
    }

    load_client_abort(c);
    c->net->handler->closed(c, why);
}
