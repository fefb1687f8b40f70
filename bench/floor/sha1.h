
/*
 * Copyright (C) ngx_game authors
 *
 * SHA-1 of a short text in base64, which a WebSocket handshake asks for
 * (RFC 6455, 4.2.2).
 */


#ifndef FLOOR_SHA1_H
#define FLOOR_SHA1_H


#include <stddef.h>


#define FLOOR_SHA1_MAX     119    /* bytes of text: two blocks with padding */
#define FLOOR_SHA1_BASE64  28


/* dst gets FLOOR_SHA1_BASE64 bytes, not terminated */
void floor_sha1_base64(char *dst, const char *text, size_t len);


#endif /* FLOOR_SHA1_H */
