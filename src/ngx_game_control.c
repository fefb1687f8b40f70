
/*
 * Copyright (C) ngx_game authors
 *
 * A GET answers with the state, a POST changes it first.  Nothing is done by
 * halves: a query that has anything unknown is refused as a whole.
 */


#include "ngx_game_control.h"
#include "ngx_game_drain.h"
#include "ngx_game_origin.h"
#include "ngx_game_registry.h"
#include "ngx_game_upgrade.h"
#include "ngx_game_zone.h"


/* how long rooms have if the request does not say, and at most, ms */
#define NGX_GAME_CONTROL_GRACE      60000
#define NGX_GAME_CONTROL_GRACE_MAX  3600000


typedef struct {
    ngx_str_t                  drain;         /* data NULL: is not there */
    ngx_str_t                  grace;
} ngx_game_control_query_t;


static ngx_int_t ngx_game_control_post(ngx_http_request_t *r);
static const char *ngx_game_control_parse(ngx_str_t *args,
    ngx_game_control_query_t *query);
static const char *ngx_game_control_argument(ngx_str_t *arg,
    ngx_game_control_query_t *query);
static ngx_int_t ngx_game_control_begin(ngx_http_request_t *r,
    ngx_str_t *grace);
static ngx_int_t ngx_game_control_end(ngx_http_request_t *r,
    ngx_str_t *grace);
static ngx_int_t ngx_game_control_refuse(ngx_http_request_t *r,
    ngx_uint_t status, const char *reason);


#define ngx_game_control_is(value, text)                                      \
    ((value)->len == sizeof(text) - 1                                         \
     && ngx_strncmp((value)->data, text, sizeof(text) - 1) == 0)


ngx_int_t
ngx_game_control_handler(ngx_http_request_t *r)
{
    ngx_int_t        rc;
    ngx_game_json_t  json;

    static ngx_str_t  allow = ngx_string("GET, HEAD, POST");

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_POST))) {

        if (ngx_game_upgrade_header(r, "Allow", &allow) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_game_control_refuse(r, NGX_HTTP_NOT_ALLOWED,
                                       "GET shows, POST changes");
    }

    if (ngx_game_worker.epoch == 0) {
        return ngx_game_control_refuse(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                       "this worker has no place in the zone");
    }

    if (r->method == NGX_HTTP_POST) {
        rc = ngx_game_control_post(r);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    ngx_game_json_init(&json, r->pool);

    ngx_game_control_drain(&json);
    ngx_game_json_printf(&json, "\n");

    return ngx_game_json_send(r, &json, NGX_HTTP_OK);
}


/* NGX_DECLINED: it is done, and the state is to be shown */

static ngx_int_t
ngx_game_control_post(ngx_http_request_t *r)
{
    const char                *error;
    ngx_game_upgrade_t         u;
    ngx_game_loc_conf_t       *conf;
    ngx_game_control_query_t   query;

    if (ngx_game_upgrade_read(r, &u) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* a page that the operator's browser shows must not do it */

    conf = ngx_http_get_module_loc_conf(r, ngx_game_module);

    if (u.origin.data
        && !ngx_game_origin_allowed(conf, &u.origin, &u.host))
    {
        return ngx_game_control_refuse(r, NGX_HTTP_FORBIDDEN,
                                       "this origin is not allowed");
    }

    error = ngx_game_control_parse(&r->args, &query);

    if (error) {
        return ngx_game_control_refuse(r, NGX_HTTP_BAD_REQUEST, error);
    }

    if (ngx_game_control_is(&query.drain, "on")) {
        return ngx_game_control_begin(r, &query.grace);
    }

    if (ngx_game_control_is(&query.drain, "off")) {
        return ngx_game_control_end(r, &query.grace);
    }

    return ngx_game_control_refuse(r, NGX_HTTP_BAD_REQUEST,
                                   "\"drain\" must be on or off");
}


/* NULL, or what is wrong */

static const char *
ngx_game_control_parse(ngx_str_t *args, ngx_game_control_query_t *query)
{
    u_char      *p, *last, *end;
    ngx_str_t    arg;
    const char  *error;

    ngx_memzero(query, sizeof(ngx_game_control_query_t));

    p = args->data;
    last = p + args->len;

    for ( /* void */ ; p < last; p = end + 1) {
        end = ngx_strlchr(p, last, '&');

        if (end == NULL) {
            end = last;
        }

        arg.data = p;
        arg.len = end - p;

        error = ngx_game_control_argument(&arg, query);

        if (error) {
            return error;
        }
    }

    return NULL;
}


static const char *
ngx_game_control_argument(ngx_str_t *arg, ngx_game_control_query_t *query)
{
    u_char     *p;
    ngx_str_t   name, value, *field;

    p = ngx_strlchr(arg->data, arg->data + arg->len, '=');

    name.data = arg->data;
    name.len = p ? (size_t) (p - arg->data) : arg->len;

    value.data = arg->data + name.len + (p != NULL);
    value.len = arg->data + arg->len - value.data;

    if (ngx_game_control_is(&name, "drain")) {
        field = &query->drain;

    } else if (ngx_game_control_is(&name, "grace")) {
        field = &query->grace;

    } else {
        return "unknown argument: there are \"drain\" and \"grace\"";
    }

    if (field->data) {
        return "an argument is there twice";
    }

    *field = value;

    return NULL;
}


static ngx_int_t
ngx_game_control_begin(ngx_http_request_t *r, ngx_str_t *grace)
{
    ngx_int_t  ms;

    ms = NGX_GAME_CONTROL_GRACE;

    if (grace->data) {
        ms = ngx_parse_time(grace, 0);

        if (ms == NGX_ERROR || ms > NGX_GAME_CONTROL_GRACE_MAX) {
            return ngx_game_control_refuse(r, NGX_HTTP_BAD_REQUEST,
                                 "\"grace\" must be a time of at most 1h");
        }
    }

    if (ngx_game_drain_begin(ms) != NGX_OK) {
        return ngx_game_control_refuse(r, NGX_HTTP_CONFLICT,
                                 "\"game_drain\" is on, until a reload");
    }

    ngx_log_error(NGX_LOG_NOTICE, r->connection->log, 0,
                  "draining: no new rooms, those that are left are closed in "
                  "%i ms", ms);

    return NGX_DECLINED;
}


static ngx_int_t
ngx_game_control_end(ngx_http_request_t *r, ngx_str_t *grace)
{
    if (grace->data) {
        return ngx_game_control_refuse(r, NGX_HTTP_BAD_REQUEST,
                                 "\"grace\" goes with drain=on only");
    }

    if (ngx_game_drain_end() != NGX_OK) {
        return ngx_game_control_refuse(r, NGX_HTTP_CONFLICT,
                                 "\"game_drain\" is on, until a reload");
    }

    ngx_log_error(NGX_LOG_NOTICE, r->connection->log, 0,
                  "not draining any more");

    return NGX_DECLINED;
}


static ngx_int_t
ngx_game_control_refuse(ngx_http_request_t *r, ngx_uint_t status,
    const char *reason)
{
    return ngx_game_json_error(r, status, reason, ngx_strlen(reason));
}


void
ngx_game_control_drain(ngx_game_json_t *json)
{
    uint64_t                players;
    ngx_uint_t              i, n, rooms, size;
    ngx_game_drain_t        drain;
    ngx_game_worker_info_t  infos[NGX_GAME_MAX_SLOTS];

    n = ngx_game_zone_workers(infos, NGX_GAME_MAX_SLOTS);
    players = 0;

    for (i = 0; i < n; i++) {
        players += ngx_game_zone_get(&infos[i].counters->players);
    }

    ngx_game_registry_usage(&rooms, &size);

    if (!ngx_game_drain_get(&drain)) {
        ngx_game_json_printf(json, "{\"draining\":false,\"left\":null");

    } else if (drain.endless) {
        ngx_game_json_printf(json, "{\"draining\":true,\"left\":null");

    } else {
        ngx_game_json_printf(json, "{\"draining\":true,\"left\":%.3f",
                             drain.left / 1000.0);
    }

    ngx_game_json_printf(json, ",\"rooms\":%ui,\"players\":%uL}", rooms,
                         players);
}
