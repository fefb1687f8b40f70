
/*
 * Copyright (C) ngx_game authors
 *
 * The text lies in a chain of buffers of one size; one that has no room for
 * the next piece is left as it is.
 */


#include "ngx_game_json.h"


#define NGX_GAME_JSON_BUFFER  16384
#define NGX_GAME_JSON_PIECE   1024


static ngx_buf_t *ngx_game_json_room(ngx_game_json_t *json, size_t size);


void
ngx_game_json_init(ngx_game_json_t *json, ngx_pool_t *pool)
{
    ngx_memzero(json, sizeof(ngx_game_json_t));
    json->pool = pool;
}


/* a buffer with room for size bytes, or NULL */

static ngx_buf_t *
ngx_game_json_room(ngx_game_json_t *json, size_t size)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (json->failed) {
        return NULL;
    }

    if (json->last
        && (size_t) (json->last->buf->end - json->last->buf->last) >= size)
    {
        return json->last->buf;
    }

    cl = ngx_alloc_chain_link(json->pool);
    b = ngx_create_temp_buf(json->pool, ngx_max(size, NGX_GAME_JSON_BUFFER));

    if (cl == NULL || b == NULL) {
        json->failed = 1;
        return NULL;
    }

    cl->buf = b;
    cl->next = NULL;

    if (json->last) {
        json->last->next = cl;

    } else {
        json->first = cl;
    }

    json->last = cl;

    return b;
}


void
ngx_game_json_printf(ngx_game_json_t *json, const char *fmt, ...)
{
    u_char     *p;
    va_list     args;
    ngx_buf_t  *b;

    b = ngx_game_json_room(json, NGX_GAME_JSON_PIECE);
    if (b == NULL) {
        return;
    }

    va_start(args, fmt);
    p = ngx_vslprintf(b->last, b->last + NGX_GAME_JSON_PIECE, fmt, args);
    va_end(args);

    json->len += p - b->last;
    b->last = p;
}


void
ngx_game_json_raw(ngx_game_json_t *json, const u_char *data, size_t len)
{
    ngx_buf_t  *b;

    b = ngx_game_json_room(json, len);
    if (b == NULL) {
        return;
    }

    b->last = ngx_cpymem(b->last, data, len);
    json->len += len;
}


void
ngx_game_json_string(ngx_game_json_t *json, const ngx_str_t *text)
{
    size_t      len;
    ngx_buf_t  *b;

    len = 2 + text->len + ngx_escape_json(NULL, text->data, text->len);

    b = ngx_game_json_room(json, len);
    if (b == NULL) {
        return;
    }

    *b->last++ = '"';
    b->last = (u_char *) ngx_escape_json(b->last, text->data, text->len);
    *b->last++ = '"';

    json->len += len;
}


ngx_int_t
ngx_game_json_send(ngx_http_request_t *r, ngx_game_json_t *json,
    ngx_uint_t status)
{
    ngx_int_t  rc;

    if (json->failed || json->last == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    json->last->buf->last_buf = (r == r->main);
    json->last->buf->last_in_chain = 1;

    r->headers_out.status = status;
    r->headers_out.content_length_n = json->len;

    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_output_filter(r, json->first);
}


ngx_int_t
ngx_game_json_error(ngx_http_request_t *r, ngx_uint_t status,
    const char *reason, size_t len)
{
    ngx_str_t        text;
    ngx_game_json_t  json;

    text.data = (u_char *) reason;
    text.len = len;

    ngx_game_json_init(&json, r->pool);
    ngx_game_json_printf(&json, "{\"error\":");
    ngx_game_json_string(&json, &text);
    ngx_game_json_printf(&json, "}\n");

    return ngx_game_json_send(r, &json, status);
}
