
/*
 * Copyright (C) ngx_game authors
 *
 * The HTTP side of a session: the content handler of a game location.  It
 * checks the upgrade (RFC 6455, 4.2), asks for a seat (ngx_game_join.h), sends
 * the 101, and turns the request into a session, after which the request is
 * freed.
 */


#ifndef _NGX_GAME_HANDSHAKE_H_INCLUDED_
#define _NGX_GAME_HANDSHAKE_H_INCLUDED_


#include "ngx_game.h"


/* the content handler.  A GET without an upgrade that has the argument
 * `rooms` goes to ngx_game_lobby_handler() */
ngx_int_t ngx_game_handshake_handler(ngx_http_request_t *r);

/* a response with a small JSON body: {"error":"..."} and a trailing newline;
 * returns what a content handler returns */
ngx_int_t ngx_game_handshake_refuse(ngx_http_request_t *r, ngx_uint_t status,
    const char *reason, size_t len);


#endif /* _NGX_GAME_HANDSHAKE_H_INCLUDED_ */
