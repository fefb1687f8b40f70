
/*
 * Copyright (C) ngx_game authors
 *
 * Origins are compared by scheme, host and port, without regard to case, and
 * with the scheme's default port left out on both sides (RFC 6454, 5).
 */


#include "ngx_game_origin.h"


typedef struct {
    ngx_str_t                  scheme;
    ngx_str_t                  host;          /* with a port that is not the
                                               * default */
} ngx_game_origin_t;


static ngx_int_t ngx_game_origin_parse(ngx_str_t *text, ngx_game_origin_t *o);
static void ngx_game_origin_normalize(ngx_str_t *host, ngx_str_t *scheme);
static ngx_uint_t ngx_game_origin_equal(ngx_str_t *a, ngx_str_t *b);


ngx_uint_t
ngx_game_origin_allowed(ngx_game_loc_conf_t *conf, ngx_str_t *origin,
    ngx_str_t *host)
{
    ngx_str_t          own, *allowed;
    ngx_uint_t         i, n;
    ngx_game_origin_t  client, other;

    if (conf->any_origin) {
        return 1;
    }

    allowed = conf->origins ? conf->origins->elts : NULL;
    n = conf->origins ? conf->origins->nelts : 0;

    if (ngx_game_origin_parse(origin, &client) != NGX_OK) {

        /* "null", of sandboxed pages and files, passes only if it is listed */

        for (i = 0; i < n; i++) {
            if (ngx_game_origin_equal(&allowed[i], origin)) {
                return 1;
            }
        }

        return 0;
    }

    if (conf->same_origin) {
        own = *host;

        ngx_game_origin_normalize(&own, &client.scheme);

        if (ngx_game_origin_equal(&client.host, &own)) {
            return 1;
        }
    }

    for (i = 0; i < n; i++) {

        if (ngx_game_origin_parse(&allowed[i], &other) == NGX_OK
            && ngx_game_origin_equal(&client.scheme, &other.scheme)
            && ngx_game_origin_equal(&client.host, &other.host))
        {
            return 1;
        }
    }

    return 0;
}


/* RFC 6454, 6.2: scheme "://" host [ ":" port ] */

static ngx_int_t
ngx_game_origin_parse(ngx_str_t *text, ngx_game_origin_t *o)
{
    u_char  *p, *last, *host;

    p = text->data;
    last = p + text->len;

    host = ngx_strlchr(p, last, ':');

    if (host == NULL || host == p || last - host <= 3
        || host[1] != '/' || host[2] != '/')
    {
        return NGX_ERROR;
    }

    o->scheme.data = p;
    o->scheme.len = host - p;

    o->host.data = host + 3;
    o->host.len = last - o->host.data;

    /* a path, or two headers that were joined: no origin */

    for (p = o->host.data; p < last; p++) {
        if (*p <= ' ' || *p == '/' || *p == ',') {
            return NGX_ERROR;
        }
    }

    ngx_game_origin_normalize(&o->host, &o->scheme);

    return NGX_OK;
}


static void
ngx_game_origin_normalize(ngx_str_t *host, ngx_str_t *scheme)
{
    ngx_str_t  port;

    if (scheme->len == 4 && ngx_strncasecmp(scheme->data, (u_char *) "http", 4)
                            == 0)
    {
        ngx_str_set(&port, ":80");

    } else if (scheme->len == 5
               && ngx_strncasecmp(scheme->data, (u_char *) "https", 5) == 0)
    {
        ngx_str_set(&port, ":443");

    } else {
        return;
    }

    /* the address in brackets of "[::1:80]" is not cut: it ends with one */

    if (host->len > port.len
        && ngx_strncmp(host->data + host->len - port.len, port.data, port.len)
           == 0)
    {
        host->len -= port.len;
    }
}


static ngx_uint_t
ngx_game_origin_equal(ngx_str_t *a, ngx_str_t *b)
{
    return a->len == b->len
           && ngx_strncasecmp(a->data, b->data, a->len) == 0;
}
