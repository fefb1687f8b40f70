
/*
 * Copyright (C) ngx_game authors
 *
 * The HTTP part of the floor server: one request, answered by 101 and a
 * WebSocket, or by a status and the end of the connection.
 */


#ifndef FLOOR_HANDSHAKE_H
#define FLOOR_HANDSHAKE_H


#include <stddef.h>


#define FLOOR_HANDSHAKE_REPLY  256


typedef struct {
    const char  *path;         /* without the query, not terminated */
    size_t       path_len;
    long         room;         /* the query's room=N, -1: none */
    const char  *key;          /* Sec-WebSocket-Key, NULL: none */
    size_t       key_len;
} floor_request_t;


/* parses a request of len bytes: how many of them it has, 0: it is not whole
 * yet, -1: it is none */
long floor_handshake_parse(floor_request_t *r, const char *text, size_t len);

/* writes the 101; returns its length, 0: the key is too long */
size_t floor_handshake_accept(char dst[FLOOR_HANDSHAKE_REPLY],
    const floor_request_t *r);


#endif /* FLOOR_HANDSHAKE_H */
