
/*
 * Copyright (C) ngx_game authors
 *
 * The protocol of Colyseus as much as the game needs: a seat
 * is reserved by HTTP, the WebSocket takes it, and messages are a type and a
 * value in MessagePack.
 */


#ifndef LOAD_COLYSEUS_H
#define LOAD_COLYSEUS_H


#include "run.h"

#include <stddef.h>


/* the first byte of a message */
#define LOAD_COLYSEUS_JOIN  0x0a     /* of the server, and the answer to it */
#define LOAD_COLYSEUS_DATA  0x0d     /* then a type and a value */


/* reserves a seat and writes the path that takes it; as load_traffic_t.path.
 * The server's JOIN is awaited then */
int load_colyseus_path(load_run_t *run, long i, char *dst, size_t size);

/* a JOIN is answered and 1 returned; 0: it is something else */
int load_colyseus_joined(load_client_t *c, const unsigned char *data,
    size_t len);

/* writes a message of a type with up to two texts, named, or with none: its
 * length.  All texts have less than 32 bytes */
size_t load_colyseus_message(char *dst, const char *type, unsigned n,
    const char *const *names, const char *const *values);


#endif /* LOAD_COLYSEUS_H */
