
/*
 * Copyright (C) ngx_game authors
 *
 * The upgrade to WebSocket as HTTP: what the request's headers say, whether
 * they keep the rules of RFC 6455, 4.2.1, and the answer by its 4.2.2.
 */


#ifndef _NGX_GAME_UPGRADE_H_INCLUDED_
#define _NGX_GAME_UPGRADE_H_INCLUDED_


#include "ngx_game.h"


#define NGX_GAME_UPGRADE_REQUIRED  426


/* strings are of the request's pool; several headers of a name are joined */
typedef struct {
    ngx_str_t                  key;
    ngx_str_t                  version;
    ngx_str_t                  upgrade;
    ngx_str_t                  connection;
    ngx_str_t                  protocols;
    ngx_str_t                  extensions;
    ngx_str_t                  origin;
    ngx_str_t                  host;
    ngx_str_t                  agent;
} ngx_game_upgrade_t;


ngx_int_t ngx_game_upgrade_read(ngx_http_request_t *r, ngx_game_upgrade_t *u);

/* 0: all is well, or the status to refuse with, and why */
ngx_uint_t ngx_game_upgrade_check(ngx_http_request_t *r,
    ngx_game_upgrade_t *u, const char **reason);

/* the first of our subprotocols, ngx_str_t, that the client offers, or NULL */
ngx_str_t *ngx_game_upgrade_choose(ngx_array_t *own, ngx_str_t *offered);

/* the 101, with a subprotocol and extensions that are not empty; may leave a
 * part of it to the request's output filter */
ngx_int_t ngx_game_upgrade_send(ngx_http_request_t *r, ngx_str_t *key,
    ngx_str_t *protocol, ngx_str_t *extensions);

/* adds a header to the response; name: a constant */
ngx_int_t ngx_game_upgrade_header(ngx_http_request_t *r, const char *name,
    ngx_str_t *value);


#endif /* _NGX_GAME_UPGRADE_H_INCLUDED_ */
