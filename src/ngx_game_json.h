
/*
 * Copyright (C) ngx_game authors
 *
 * JSON answers to plain HTTP requests: text that grows in the request's pool.
 */


#ifndef _NGX_GAME_JSON_H_INCLUDED_
#define _NGX_GAME_JSON_H_INCLUDED_


#include "ngx_game.h"


typedef struct {
    ngx_pool_t                *pool;
    ngx_chain_t               *first;
    ngx_chain_t               *last;
    off_t                      len;
    ngx_uint_t                 failed;        /* no memory */
} ngx_game_json_t;


void ngx_game_json_init(ngx_game_json_t *json, ngx_pool_t *pool);

/* appends; what ngx_sprintf() knows, at most 1024 bytes a call.  Errors are
 * kept until send */
void ngx_game_json_printf(ngx_game_json_t *json, const char *fmt, ...);

/* appends a string with its quotes, escaped */
void ngx_game_json_string(ngx_game_json_t *json, const ngx_str_t *text);

/* appends bytes as they are */
void ngx_game_json_raw(ngx_game_json_t *json, const u_char *data, size_t len);

/* the whole as a response; returns what a content handler returns.  The
 * request's body is to be discarded before */
ngx_int_t ngx_game_json_send(ngx_http_request_t *r, ngx_game_json_t *json,
    ngx_uint_t status);

/* the same with {"error":"REASON"} */
ngx_int_t ngx_game_json_error(ngx_http_request_t *r, ngx_uint_t status,
    const char *reason, size_t len);


#endif /* _NGX_GAME_JSON_H_INCLUDED_ */
