
/*
 * Copyright (C) ngx_game authors
 *
 * The content handler of a game location.  A request that is well asks for a
 * seat and waits; the answer, whether it comes from within or later, is only
 * noted, and acted on in an event of the connection, through nginx's own
 * request handler, when nothing that has brought it is on the stack any more.
 * The end is an event too: when the 101 is written, the request is freed, as
 * at the end of any other, and its connection goes over to the session.
 */


#include "ngx_game_handshake.h"
#include "ngx_game_drain.h"
#include "ngx_game_join.h"
#include "ngx_game_json.h"
#include "ngx_game_limit.h"
#include "ngx_game_lobby.h"
#include "ngx_game_origin.h"
#include "ngx_game_terms.h"
#include "ngx_game_token.h"
#include "ngx_game_transport.h"
#include "ngx_game_upgrade.h"
#include "ngx_game_zone.h"


/* bytes, more than a welcome may have */
#define NGX_GAME_WELCOME_MAX  256


/* seconds after which a client that a drain refuses may try again, at least */
#define NGX_GAME_HANDSHAKE_DRAIN  10


typedef enum {
    NGX_GAME_HANDSHAKE_WAIT = 0,             /* for a seat */
    NGX_GAME_HANDSHAKE_REFUSED,
    NGX_GAME_HANDSHAKE_ADMITTED,
    NGX_GAME_HANDSHAKE_SENDING,              /* the 101 */
    NGX_GAME_HANDSHAKE_DONE
} ngx_game_handshake_state_e;


typedef struct {
    ngx_game_join_t            join;          /* first: the module's ctx */
    ngx_http_request_t        *request;
    ngx_game_session_t        *session;
    ngx_game_handshake_state_e state;

    ngx_uint_t                 status;        /* of the refusal */
    ngx_str_t                  reason;

    ngx_str_t                  key;           /* Sec-WebSocket-Key */
    ngx_game_terms_t           terms;
} ngx_game_handshake_t;


static ngx_int_t ngx_game_handshake_reject(ngx_http_request_t *r,
    ngx_uint_t status, const char *reason);
static ngx_int_t ngx_game_handshake_refused_headers(ngx_http_request_t *r,
    ngx_uint_t status);
static ngx_int_t ngx_game_handshake_draining(ngx_http_request_t *r);
static ngx_uint_t ngx_game_handshake_wants_rooms(ngx_http_request_t *r);
static ngx_int_t ngx_game_handshake_start(ngx_http_request_t *r,
    ngx_game_loc_conf_t *conf, ngx_game_upgrade_t *u);
static ngx_game_session_t *ngx_game_handshake_admitted(ngx_game_join_t *join);
static void ngx_game_handshake_welcome(ngx_game_session_t *s,
    ngx_game_join_t *join);
static void ngx_game_handshake_refused(ngx_game_join_t *join,
    ngx_uint_t status, ngx_str_t *reason);
static void ngx_game_handshake_post(ngx_game_handshake_t *hs);
static void ngx_game_handshake_finish(ngx_http_request_t *r);
static void ngx_game_handshake_detach(ngx_event_t *ev);
static void ngx_game_handshake_strip(ngx_connection_t *c,
    ngx_http_connection_t *hc);
static void ngx_game_handshake_cleanup(void *data);


ngx_int_t
ngx_game_handshake_handler(ngx_http_request_t *r)
{
    ngx_uint_t            status;
    const char           *reason;
    ngx_game_upgrade_t    u;
    ngx_game_loc_conf_t  *conf;

    /* a subrequest has no connection of its own to upgrade */

    if (r != r->main) {
        return NGX_HTTP_NOT_FOUND;
    }

    if (ngx_game_upgrade_read(r, &u) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if ((r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD)) && u.upgrade.len == 0
        && ngx_game_handshake_wants_rooms(r))
    {
        return ngx_game_lobby_handler(r);
    }

    status = ngx_game_upgrade_check(r, &u, &reason);

    if (status) {
        return ngx_game_handshake_reject(r, status, reason);
    }

    conf = ngx_http_get_module_loc_conf(r, ngx_game_module);

    if (u.origin.data
        && !ngx_game_origin_allowed(conf, &u.origin, &u.host))
    {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "origin \"%V\" is refused, see \"game_origins\"",
                      &u.origin);

        ngx_game_count(refused_origin, 1);

        return ngx_game_handshake_reject(r, NGX_HTTP_FORBIDDEN,
                                         "this origin is not allowed");
    }

    return ngx_game_handshake_start(r, conf, &u);
}


static ngx_int_t
ngx_game_handshake_reject(ngx_http_request_t *r, ngx_uint_t status,
    const char *reason)
{
    ngx_game_count(refused, 1);

    return ngx_game_handshake_refuse(r, status, reason, ngx_strlen(reason));
}


ngx_int_t
ngx_game_handshake_refuse(ngx_http_request_t *r, ngx_uint_t status,
    const char *reason, size_t len)
{
    ngx_int_t  rc;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_game_handshake_refused_headers(r, status) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_game_json_error(r, status, reason, len);
}


/* what a status needs besides (RFC 9110, 15.5.6, 15.5.22; RFC 6455, 4.4) */

static ngx_int_t
ngx_game_handshake_refused_headers(ngx_http_request_t *r, ngx_uint_t status)
{
    static ngx_str_t  allow = ngx_string("GET");
    static ngx_str_t  upgrade = ngx_string("websocket");
    static ngx_str_t  version = ngx_string("13");
    static ngx_str_t  after = ngx_string("1");

    switch (status) {

    case NGX_HTTP_NOT_ALLOWED:
        return ngx_game_upgrade_header(r, "Allow", &allow);

    case NGX_GAME_UPGRADE_REQUIRED:
        ngx_str_set(&r->headers_out.status_line, "426 Upgrade Required");

        if (ngx_game_upgrade_header(r, "Upgrade", &upgrade) != NGX_OK) {
            return NGX_ERROR;
        }

        return ngx_game_upgrade_header(r, "Sec-WebSocket-Version", &version);

    case NGX_HTTP_TOO_MANY_REQUESTS:
        return ngx_game_upgrade_header(r, "Retry-After", &after);

    case NGX_HTTP_SERVICE_UNAVAILABLE:
        return ngx_game_handshake_draining(r);
    }

    return NGX_OK;
}


/* before the drain is over, there is no use in another try */

static ngx_int_t
ngx_game_handshake_draining(ngx_http_request_t *r)
{
    ngx_str_t         after;
    ngx_game_drain_t  drain;

    if (!ngx_game_drain_get(&drain)) {
        return NGX_OK;
    }

    after.data = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
    if (after.data == NULL) {
        return NGX_ERROR;
    }

    after.len = ngx_sprintf(after.data, "%M",
                            ngx_max(NGX_GAME_HANDSHAKE_DRAIN,
                                    (drain.left + 999) / 1000))
                - after.data;

    return ngx_game_upgrade_header(r, "Retry-After", &after);
}


/* the argument `rooms`, with or without a value */

static ngx_uint_t
ngx_game_handshake_wants_rooms(ngx_http_request_t *r)
{
    size_t   n;
    u_char  *p, *last, *end;

    p = r->args.data;
    last = p + r->args.len;

    while (p < last) {
        end = ngx_strlchr(p, last, '&');

        if (end == NULL) {
            end = last;
        }

        n = end - p;

        if (n >= 5 && ngx_strncmp(p, "rooms", 5) == 0
            && (n == 5 || p[5] == '='))
        {
            return 1;
        }

        p = end + 1;
    }

    return 0;
}


static ngx_int_t
ngx_game_handshake_start(ngx_http_request_t *r, ngx_game_loc_conf_t *conf,
    ngx_game_upgrade_t *u)
{
    ngx_int_t              rc;
    ngx_http_cleanup_t    *cln;
    ngx_game_handshake_t  *hs;

    hs = ngx_pcalloc(r->pool, sizeof(ngx_game_handshake_t));
    if (hs == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    hs->request = r;
    hs->key = u->key;
    hs->join.conf = conf;
    hs->state = NGX_GAME_HANDSHAKE_REFUSED;

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_game_handshake_cleanup;
    cln->data = hs;

    hs->join.admitted = ngx_game_handshake_admitted;
    hs->join.refused = ngx_game_handshake_refused;
    hs->join.data = hs;

    rc = ngx_game_terms_settle(r, u, &hs->join, &hs->terms);

    if (rc == NGX_DECLINED) {
        return ngx_game_handshake_reject(r, hs->terms.status,
                                         hs->terms.reason);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    hs->state = NGX_GAME_HANDSHAKE_WAIT;

    ngx_http_set_ctx(r, &hs->join, ngx_game_module);

    /* bytes that come early stay in the socket */

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    r->main->count++;

    ngx_game_join_start(&hs->join);

    return NGX_DONE;
}


static ngx_game_session_t *
ngx_game_handshake_admitted(ngx_game_join_t *join)
{
    ngx_game_handshake_t       *hs;
    ngx_game_session_params_t   params;

    hs = join->data;

    params.conf = join->conf;
    params.player = join->player;
    params.room = join->room;
    params.owner = join->owner;
    params.codec = join->codec;
    params.address = join->address;
    params.identity = join->identity;
    params.secret = join->secret;
    params.number = join->number;
    params.got = join->seen;
    params.limit = hs->terms.limit;
    params.limited = hs->terms.limited;
    params.moved = 0;
    params.deflated = (hs->terms.extensions.len != 0);
    params.deflate = hs->terms.deflate;

    hs->session = ngx_game_session_create(hs->request->connection, &params);

    if (hs->session == NULL) {
        hs->state = NGX_GAME_HANDSHAKE_REFUSED;
        hs->status = NGX_HTTP_SERVICE_UNAVAILABLE;
        ngx_str_set(&hs->reason, "no memory");

    } else {
        hs->state = NGX_GAME_HANDSHAKE_ADMITTED;
        hs->terms.limited = 0;

        if (join->resumable) {
            ngx_game_handshake_welcome(hs->session, join);
        }
    }

    ngx_game_handshake_post(hs);

    return hs->session;
}


/* what a client of ngx-game.v1 is told first, docs/protocol.md */

static void
ngx_game_handshake_welcome(ngx_game_session_t *s, ngx_game_join_t *join)
{
    u_char            *p, *last, text[NGX_GAME_WELCOME_MAX];
    u_char             buf[NGX_GAME_TOKEN_LEN];
    ngx_game_token_t   token;

    last = text + sizeof(text);

    p = ngx_slprintf(text, last,
                     "!{\"type\":\"welcome\",\"room\":\"%V\","
                     "\"player\":\"%V\",",
                     ngx_game_id_text(join->room),
                     ngx_game_id_text(join->player));

    if (ngx_game_secret_is_set(&join->secret)) {
        token.room = join->room;
        token.player = join->player;
        token.secret = join->secret;

        (void) ngx_game_token_format(buf, &token);

        p = ngx_slprintf(p, last, "\"token\":\"%*s\",\"timeout\":%.3f,",
                         (size_t) NGX_GAME_TOKEN_LEN, buf,
                         join->game->resume_timeout / 1000.0);
    }

    p = ngx_slprintf(p, last,
                     "\"resumed\":%s,\"complete\":%s,\"seen\":%uL}",
                     ngx_game_secret_is_set(&join->token) ? "true" : "false",
                     join->complete ? "true" : "false", join->seen);

    ngx_game_session_say(s, text, p - text);
}


static void
ngx_game_handshake_refused(ngx_game_join_t *join, ngx_uint_t status,
    ngx_str_t *reason)
{
    ngx_game_handshake_t  *hs;

    hs = join->data;

    hs->state = NGX_GAME_HANDSHAKE_REFUSED;
    hs->status = status;
    hs->reason.data = ngx_pstrdup(hs->request->pool, reason);
    hs->reason.len = hs->reason.data ? reason->len : 0;

    ngx_game_handshake_post(hs);
}


static void
ngx_game_handshake_post(ngx_game_handshake_t *hs)
{
    ngx_connection_t  *c;

    c = hs->request->connection;

    hs->request->write_event_handler = ngx_game_handshake_finish;

    ngx_post_event(c->write, &ngx_posted_events);
}


/* a write event handler of the request */

static void
ngx_game_handshake_finish(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_connection_t          *c;
    ngx_game_handshake_t      *hs;
    ngx_http_core_loc_conf_t  *clcf;

    c = r->connection;
    hs = ngx_http_get_module_ctx(r, ngx_game_module);

    if (hs->state == NGX_GAME_HANDSHAKE_REFUSED) {
        r->write_event_handler = ngx_http_request_empty_handler;

        ngx_game_count(refused, 1);

        rc = ngx_game_handshake_refuse(r, hs->status,
                                       (char *) hs->reason.data,
                                       hs->reason.len);
        ngx_http_finalize_request(r, rc);
        return;
    }

    if (c->write->timedout) {
        ngx_log_error(NGX_LOG_INFO, c->log, NGX_ETIMEDOUT, "client timed out");
        c->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    if (hs->state == NGX_GAME_HANDSHAKE_ADMITTED) {
        hs->state = NGX_GAME_HANDSHAKE_SENDING;
        rc = ngx_game_upgrade_send(r, &hs->key, &hs->join.protocol,
                                   &hs->terms.extensions);

    } else {
        rc = ngx_http_output_filter(r, NULL);
    }

    if (rc == NGX_ERROR) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    if (r->buffered || c->buffered) {
        clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

        ngx_add_timer(c->write, clcf->send_timeout);

        if (ngx_handle_write_event(c->write, clcf->send_lowat) != NGX_OK) {
            ngx_http_finalize_request(r, NGX_ERROR);
        }

        return;
    }

    /* the caller is not done with the request yet */

    c->read->handler = ngx_game_handshake_detach;
    c->write->handler = ngx_game_handshake_detach;

    ngx_post_event(c->write, &ngx_posted_events);
}


/*
 * The first event after the 101 was written, whatever it is.  From the end of
 * the request on, nothing of it may be used, and the log's context is freed:
 * the session starts with its own.
 */

static void
ngx_game_handshake_detach(ngx_event_t *ev)
{
    size_t                  len;
    u_char                 *early;
    ngx_connection_t       *c;
    ngx_game_session_t     *s;
    ngx_http_request_t     *r;
    ngx_game_handshake_t   *hs;
    ngx_http_connection_t  *hc;

    c = ev->data;
    r = c->data;
    hs = ngx_http_get_module_ctx(r, ngx_game_module);

    early = r->header_in->pos;
    len = r->header_in->last - early;

    s = hs->session;

    if (len && ngx_game_input_keep(s, early, len) != NGX_OK) {
        ngx_game_close_end(s, NGX_GAME_ERROR);
    }

    hs->state = NGX_GAME_HANDSHAKE_DONE;
    hc = r->http_connection;

    if (c->write->posted) {
        ngx_delete_posted_event(c->write);
    }

    /* the access log is written here */

    r->count = 1;
    ngx_http_free_request(r, 0);
    c->destroyed = 0;

    ngx_game_handshake_strip(c, hc);

    ngx_game_session_start(s);
}


/* an idle session has no use for what the request was read into */

static void
ngx_game_handshake_strip(ngx_connection_t *c, ngx_http_connection_t *hc)
{
    ngx_chain_t  *cl;

    for (cl = hc->busy; cl; cl = cl->next) {
        (void) ngx_pfree(c->pool, cl->buf->start);
    }

    for (cl = hc->free; cl; cl = cl->next) {
        (void) ngx_pfree(c->pool, cl->buf->start);
    }

    hc->busy = NULL;
    hc->nbusy = 0;
    hc->free = NULL;

    if (c->buffer) {
        (void) ngx_pfree(c->pool, c->buffer->start);
        c->buffer = NULL;
    }

#if (NGX_HTTP_SSL)

    if (c->ssl) {
        ngx_ssl_free_buffer(c);

        /* the request's: TLS must not put them back */

        c->ssl->saved_read_handler = NULL;
        c->ssl->saved_write_handler = NULL;
    }

#endif
}


/* the request ends, with whatever outcome */

static void
ngx_game_handshake_cleanup(void *data)
{
    ngx_game_handshake_t  *hs = data;

    ngx_game_handshake_state_e  state;

    state = hs->state;
    hs->state = NGX_GAME_HANDSHAKE_DONE;

    if (hs->terms.limited) {
        hs->terms.limited = 0;
        ngx_game_limit_release(hs->terms.limit);
    }

    switch (state) {

    case NGX_GAME_HANDSHAKE_WAIT:
        ngx_game_join_cancel(&hs->join);
        break;

    case NGX_GAME_HANDSHAKE_ADMITTED:
    case NGX_GAME_HANDSHAKE_SENDING:
        ngx_game_session_abort(hs->session);
        break;

    default:
        break;
    }
}
