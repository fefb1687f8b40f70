
/*
 * Copyright (C) ngx_game authors
 *
 * The client's side of Colyseus.  The reservation is a request of its own, on
 * a connection of its own, that blocks: it is no part of what is measured.
 */


#define _GNU_SOURCE

#include "colyseus.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>


#define LOAD_COLYSEUS_ANSWER   4096
#define LOAD_COLYSEUS_TIMEOUT  10        /* seconds */


static ssize_t load_colyseus_reserve(const load_run_t *run, char *answer,
    size_t size);
static ssize_t load_colyseus_talk(int fd, const load_run_t *run, char *answer,
    size_t size);
static int load_colyseus_field(const char *json, const char *name, char *dst,
    size_t size);
static char *load_colyseus_text(char *dst, const char *text);


int
load_colyseus_path(load_run_t *run, long i, char *dst, size_t size)
{
    char     answer[LOAD_COLYSEUS_ANSWER];
    char     process[64], room[64], session[64];
    ssize_t  n;

    n = load_colyseus_reserve(run, answer, sizeof(answer));

    if (n < 0) {
        fprintf(stderr, "load: client %ld: no seat can be reserved: %s\n", i,
                strerror(errno));
        return -1;
    }

    answer[n] = '\0';

    if (load_colyseus_field(answer, "processId", process, sizeof(process)) != 0
        || load_colyseus_field(answer, "roomId", room, sizeof(room)) != 0
        || load_colyseus_field(answer, "sessionId", session, sizeof(session))
           != 0)
    {
        fprintf(stderr, "load: client %ld: no seat is in the answer"
                " \"%.*s\"\n", i, (int) strcspn(answer, "\r\n"), answer);
        return -1;
    }

    run->net.opcode = LOAD_FRAME_BINARY;
    run->awaited = 1;

    snprintf(dst, size, "/%s/%s?sessionId=%s", process, room, session);

    return 0;
}


/* returns the length of the answer, -1: errno says why */

static ssize_t
load_colyseus_reserve(const load_run_t *run, char *answer, size_t size)
{
    int             fd, error;
    ssize_t         n;
    struct timeval  tv;

    fd = socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 0);

    if (fd == -1) {
        return -1;
    }

    tv.tv_sec = LOAD_COLYSEUS_TIMEOUT;
    tv.tv_usec = 0;
    (void) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));

    n = load_colyseus_talk(fd, run, answer, size);

    error = errno;
    (void) close(fd);
    errno = error;

    return n;
}


static ssize_t
load_colyseus_talk(int fd, const load_run_t *run, char *answer, size_t size)
{
    int      len;
    char     request[512];
    size_t   total;
    ssize_t  n;

    len = snprintf(request, sizeof(request),
                   "POST /matchmake/joinOrCreate%.128s HTTP/1.1\r\n"
                   "Host: 127.0.0.1:%ld\r\n"
                   "Content-Type: application/json\r\n"
                   "Content-Length: 2\r\n"
                   "Connection: close\r\n\r\n{}",
                   run->options->path, run->options->port);

    if (connect(fd, (const struct sockaddr *) &run->net.address,
                sizeof(run->net.address)) != 0
        || send(fd, request, len, MSG_NOSIGNAL) != len)
    {
        return -1;
    }

    total = 0;

    do {
        n = recv(fd, answer + total, size - 1 - total, 0);

        if (n < 0) {
            return -1;
        }

        total += n;
    } while (n > 0);

    return total;
}


/* "name":"value" */

static int
load_colyseus_field(const char *json, const char *name, char *dst, size_t size)
{
    char         quoted[32];
    size_t       len;
    const char  *p;

    snprintf(quoted, sizeof(quoted), "\"%s\":\"", name);
    p = strstr(json, quoted);

    if (p == NULL) {
        return -1;
    }

    p += strlen(quoted);
    len = strcspn(p, "\"");

    if (len == 0 || len >= size) {
        return -1;
    }

    memcpy(dst, p, len);
    dst[len] = '\0';

    return 0;
}


int
load_colyseus_joined(load_client_t *c, const unsigned char *data, size_t len)
{
    load_run_t  *run;

    if (len == 0 || data[0] != LOAD_COLYSEUS_JOIN) {
        return 0;
    }

    run = load_run_of(c);
    run->awaited = 0;
    load_client_send(c, "\x0a", 1);

    return 1;
}


size_t
load_colyseus_message(char *dst, const char *type, unsigned n,
    const char *const *names, const char *const *values)
{
    char      *p;
    unsigned   i;

    p = dst;
    *p++ = LOAD_COLYSEUS_DATA;
    p = load_colyseus_text(p, type);

    if (n) {
        *p++ = 0x80 | n;         /* a map of so many */

        for (i = 0; i < n; i++) {
            p = load_colyseus_text(p, names[i]);
            p = load_colyseus_text(p, values[i]);
        }
    }

    return p - dst;
}


static char *
load_colyseus_text(char *dst, const char *text)
{
    size_t  len;

    len = strlen(text);
    *dst++ = 0xa0 | len;         /* a string of so many bytes */
    memcpy(dst, text, len);

    return dst + len;
}
