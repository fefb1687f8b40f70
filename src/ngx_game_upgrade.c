
/*
 * Copyright (C) ngx_game authors
 *
 * The headers of an upgrade.  They are found by a walk over the list of all
 * headers, which is the same in all versions of nginx, unlike the fields that
 * nginx keeps of some of them.
 */


#include "ngx_game_upgrade.h"

#include <ngx_sha1.h>


/* base64 of a SHA-1 */
#define NGX_GAME_UPGRADE_ACCEPT_LEN  28

/* base64 of 16 bytes */
#define NGX_GAME_UPGRADE_KEY_LEN    24
#define NGX_GAME_UPGRADE_NONCE_LEN  16

#define NGX_GAME_UPGRADE_GUID  "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


typedef struct {
    ngx_str_t                  name;          /* in lower case */
    size_t                     offset;
} ngx_game_upgrade_header_t;


static ngx_int_t ngx_game_upgrade_add(ngx_http_request_t *r, ngx_str_t *field,
    ngx_str_t *value);
static ngx_uint_t ngx_game_upgrade_has(ngx_str_t *list, const char *token,
    size_t len);
static ngx_uint_t ngx_game_upgrade_key_valid(ngx_str_t *key);
static ngx_int_t ngx_game_upgrade_accept(ngx_http_request_t *r,
    ngx_str_t *key);
static ngx_int_t ngx_game_upgrade_next(ngx_str_t *list, ngx_str_t *token);


static const ngx_game_upgrade_header_t  ngx_game_upgrade_headers[] = {

    { ngx_string("sec-websocket-key"),
      offsetof(ngx_game_upgrade_t, key) },

    { ngx_string("sec-websocket-version"),
      offsetof(ngx_game_upgrade_t, version) },

    { ngx_string("upgrade"),
      offsetof(ngx_game_upgrade_t, upgrade) },

    { ngx_string("connection"),
      offsetof(ngx_game_upgrade_t, connection) },

    { ngx_string("sec-websocket-protocol"),
      offsetof(ngx_game_upgrade_t, protocols) },

    { ngx_string("sec-websocket-extensions"),
      offsetof(ngx_game_upgrade_t, extensions) },

    { ngx_string("origin"),
      offsetof(ngx_game_upgrade_t, origin) },

    { ngx_string("host"),
      offsetof(ngx_game_upgrade_t, host) },

    { ngx_string("user-agent"),
      offsetof(ngx_game_upgrade_t, agent) },

    { ngx_null_string, 0 }
};


ngx_int_t
ngx_game_upgrade_read(ngx_http_request_t *r, ngx_game_upgrade_t *u)
{
    ngx_str_t                        *field;
    ngx_uint_t                        i;
    ngx_list_part_t                  *part;
    ngx_table_elt_t                  *h;
    const ngx_game_upgrade_header_t  *header;

    ngx_memzero(u, sizeof(ngx_game_upgrade_t));

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            for (header = ngx_game_upgrade_headers; header->name.len;
                 header++)
            {
                if (h[i].hash == 0 || h[i].key.len != header->name.len
                    || ngx_strncmp(h[i].lowcase_key, header->name.data,
                                   header->name.len)
                       != 0)
                {
                    continue;
                }

                field = (ngx_str_t *) ((u_char *) u + header->offset);

                if (ngx_game_upgrade_add(r, field, &h[i].value) != NGX_OK) {
                    return NGX_ERROR;
                }

                break;
            }
        }
    }

    return NGX_OK;
}


/* RFC 9110, 5.3: the values of several headers are one list */

static ngx_int_t
ngx_game_upgrade_add(ngx_http_request_t *r, ngx_str_t *field,
    ngx_str_t *value)
{
    u_char  *data, *p;

    if (field->data == NULL) {
        *field = *value;
        return NGX_OK;
    }

    data = ngx_pnalloc(r->pool, field->len + 2 + value->len);
    if (data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(data, field->data, field->len);
    *p++ = ',';
    *p++ = ' ';
    p = ngx_cpymem(p, value->data, value->len);

    field->data = data;
    field->len = p - data;

    return NGX_OK;
}


ngx_uint_t
ngx_game_upgrade_check(ngx_http_request_t *r, ngx_game_upgrade_t *u,
    const char **reason)
{
    if (r->method != NGX_HTTP_GET) {
        *reason = "the method must be GET";
        return NGX_HTTP_NOT_ALLOWED;
    }

    if (r->http_version != NGX_HTTP_VERSION_11) {
        *reason = "WebSocket needs HTTP/1.1 here";
        return NGX_HTTP_BAD_REQUEST;
    }

    if (!ngx_game_upgrade_has(&u->upgrade, "websocket",
                              sizeof("websocket") - 1)
        || !ngx_game_upgrade_has(&u->connection, "upgrade",
                                 sizeof("upgrade") - 1))
    {
        *reason = "an upgrade to WebSocket is needed";
        return NGX_GAME_UPGRADE_REQUIRED;
    }

    if (u->version.len != 2 || ngx_strncmp(u->version.data, "13", 2) != 0) {
        *reason = "Sec-WebSocket-Version must be 13";
        return NGX_GAME_UPGRADE_REQUIRED;
    }

    if (!ngx_game_upgrade_key_valid(&u->key)) {
        *reason = "Sec-WebSocket-Key is not valid";
        return NGX_HTTP_BAD_REQUEST;
    }

    if (r->headers_in.content_length_n > 0 || r->headers_in.chunked) {
        *reason = "a body is not allowed";
        return NGX_HTTP_BAD_REQUEST;
    }

    return 0;
}


static ngx_uint_t
ngx_game_upgrade_has(ngx_str_t *list, const char *token, size_t len)
{
    ngx_str_t  rest, value;

    rest = *list;

    while (ngx_game_upgrade_next(&rest, &value) == NGX_OK) {

        if (value.len == len
            && ngx_strncasecmp(value.data, (u_char *) token, len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* two keys are joined to one that is too long */

static ngx_uint_t
ngx_game_upgrade_key_valid(ngx_str_t *key)
{
    u_char     nonce[ngx_base64_decoded_length(NGX_GAME_UPGRADE_KEY_LEN)];
    ngx_str_t  decoded;

    if (key->len != NGX_GAME_UPGRADE_KEY_LEN
        || ngx_strncmp(key->data + NGX_GAME_UPGRADE_KEY_LEN - 2, "==", 2) != 0)
    {
        return 0;
    }

    decoded.data = nonce;

    return ngx_decode_base64(&decoded, key) == NGX_OK
           && decoded.len == NGX_GAME_UPGRADE_NONCE_LEN;
}


ngx_str_t *
ngx_game_upgrade_choose(ngx_array_t *own, ngx_str_t *offered)
{
    ngx_str_t   rest, token, *protocol;
    ngx_uint_t  i;

    protocol = own->elts;

    for (i = 0; i < own->nelts; i++) {
        rest = *offered;

        while (ngx_game_upgrade_next(&rest, &token) == NGX_OK) {

            if (token.len == protocol[i].len
                && ngx_strncmp(token.data, protocol[i].data, token.len) == 0)
            {
                return &protocol[i];
            }
        }
    }

    return NULL;
}


/* the next element of a comma separated list, without the spaces around it;
 * NGX_DONE: there is no more */

static ngx_int_t
ngx_game_upgrade_next(ngx_str_t *list, ngx_str_t *token)
{
    u_char  *p, *last;

    p = list->data;
    last = p + list->len;

    while (p < last && (*p == ' ' || *p == '\t' || *p == ',')) {
        p++;
    }

    if (p == last) {
        list->len = 0;
        return NGX_DONE;
    }

    token->data = p;

    while (p < last && *p != ',') {
        p++;
    }

    list->data = p;
    list->len = last - p;

    while (p[-1] == ' ' || p[-1] == '\t') {
        p--;
    }

    token->len = p - token->data;

    return NGX_OK;
}


ngx_int_t
ngx_game_upgrade_send(ngx_http_request_t *r, ngx_str_t *key,
    ngx_str_t *protocol, ngx_str_t *extensions)
{
    ngx_int_t  rc;

    static ngx_str_t  upgrade = ngx_string("websocket");

    if (ngx_game_upgrade_header(r, "Upgrade", &upgrade) != NGX_OK
        || ngx_game_upgrade_accept(r, key) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (protocol->len
        && ngx_game_upgrade_header(r, "Sec-WebSocket-Protocol", protocol)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (extensions->len
        && ngx_game_upgrade_header(r, "Sec-WebSocket-Extensions", extensions)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* nginx adds "Connection: upgrade" to this status */

    r->headers_out.status = NGX_HTTP_SWITCHING_PROTOCOLS;
    ngx_str_set(&r->headers_out.status_line, "101 Switching Protocols");

    r->keepalive = 0;

    /* limit_rate would still delay the connection when the request is gone */

    r->limit_rate = 0;
    r->limit_rate_set = 1;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_send_special(r, NGX_HTTP_FLUSH) == NGX_ERROR) {
        return NGX_ERROR;
    }

    return ngx_tcp_nodelay(r->connection);
}


static ngx_int_t
ngx_game_upgrade_accept(ngx_http_request_t *r, ngx_str_t *key)
{
    u_char      digest[20];
    ngx_str_t   src, accept;
    ngx_sha1_t  sha1;

    accept.data = ngx_pnalloc(r->pool, NGX_GAME_UPGRADE_ACCEPT_LEN);
    if (accept.data == NULL) {
        return NGX_ERROR;
    }

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, key->data, key->len);
    ngx_sha1_update(&sha1, NGX_GAME_UPGRADE_GUID,
                    sizeof(NGX_GAME_UPGRADE_GUID) - 1);
    ngx_sha1_final(digest, &sha1);

    src.data = digest;
    src.len = sizeof(digest);

    ngx_encode_base64(&accept, &src);

    return ngx_game_upgrade_header(r, "Sec-WebSocket-Accept", &accept);
}


ngx_int_t
ngx_game_upgrade_header(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value = *value;

    return NGX_OK;
}
