
/*
 * Copyright (C) ngx_game authors
 *
 * The opening handshake of WebSocket, RFC 6455, 4.2.
 */


#define _GNU_SOURCE

#include "handshake.h"

#include "sha1.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>


#define FLOOR_HANDSHAKE_GUID  "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define FLOOR_HANDSHAKE_KEY   "Sec-WebSocket-Key:"


static int floor_handshake_target(floor_request_t *r, const char *text,
    const char *end);
static void floor_handshake_header(floor_request_t *r, const char *line,
    const char *end);


long
floor_handshake_parse(floor_request_t *r, const char *text, size_t len)
{
    const char  *p, *end, *eol;

    end = memmem(text, len, "\r\n\r\n", 4);

    if (end == NULL) {
        return 0;
    }

    end += 2;

    memset(r, 0, sizeof(floor_request_t));

    p = memmem(text, end - text, "\r\n", 2);

    if (floor_handshake_target(r, text, p) != 0) {
        return -1;
    }

    for (p += 2; p < end; p = eol + 2) {
        eol = memmem(p, end - p, "\r\n", 2);
        floor_handshake_header(r, p, eol);
    }

    return end + 2 - text;
}


/* GET /path?room=N HTTP/1.1 */

static int
floor_handshake_target(floor_request_t *r, const char *text, const char *end)
{
    char         *stop;
    const char   *query, *space;

    if (end - text < 4 || memcmp(text, "GET ", 4) != 0) {
        return -1;
    }

    r->path = text + 4;
    r->room = -1;

    space = memchr(r->path, ' ', end - r->path);

    if (space == NULL) {
        return -1;
    }

    query = memchr(r->path, '?', space - r->path);
    r->path_len = (query ? query : space) - r->path;

    if (query && space - query > 6 && memcmp(query, "?room=", 6) == 0) {
        r->room = strtol(query + 6, &stop, 10);

        if (r->room < 0 || stop != space) {
            return -1;
        }
    }

    return 0;
}


static void
floor_handshake_header(floor_request_t *r, const char *line, const char *end)
{
    size_t  len;

    len = sizeof(FLOOR_HANDSHAKE_KEY) - 1;

    if ((size_t) (end - line) < len
        || strncasecmp(line, FLOOR_HANDSHAKE_KEY, len) != 0)
    {
        return;
    }

    line += len;

    while (line < end && *line == ' ') {
        line++;
    }

    while (line < end && end[-1] == ' ') {
        end--;
    }

    r->key = line;
    r->key_len = end - line;
}


size_t
floor_handshake_accept(char dst[FLOOR_HANDSHAKE_REPLY],
    const floor_request_t *r)
{
    char    text[FLOOR_SHA1_MAX], accept[FLOOR_SHA1_BASE64];
    size_t  len;

    len = sizeof(FLOOR_HANDSHAKE_GUID) - 1;

    if (r->key_len + len > FLOOR_SHA1_MAX) {
        return 0;
    }

    memcpy(text, r->key, r->key_len);
    memcpy(text + r->key_len, FLOOR_HANDSHAKE_GUID, len);

    floor_sha1_base64(accept, text, r->key_len + len);

    return snprintf(dst, FLOOR_HANDSHAKE_REPLY,
                    "HTTP/1.1 101 Switching Protocols\r\n"
                    "Upgrade: websocket\r\n"
                    "Connection: Upgrade\r\n"
                    "Sec-WebSocket-Accept: %.*s\r\n\r\n",
                    FLOOR_SHA1_BASE64, accept);
}
