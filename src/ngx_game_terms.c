
/*
 * Copyright (C) ngx_game authors
 *
 * The terms of a session.  All that a client says of itself is bounded here,
 * before any other worker hears of it.  The limit comes last, so that only
 * who is let on to a room holds a place under it.
 */


#include "ngx_game_terms.h"
#include "ngx_game_limit.h"
#include "ngx_game_token.h"
#include "ngx_game_zone.h"


/* bytes */
#define NGX_GAME_TERMS_ARGS        2048
#define NGX_GAME_TERMS_IDENTITY    256
#define NGX_GAME_TERMS_ORIGIN      512
#define NGX_GAME_TERMS_AGENT       1024
#define NGX_GAME_TERMS_EXTENSIONS  1024


static ngx_int_t ngx_game_terms_join(ngx_http_request_t *r,
    ngx_game_upgrade_t *u, ngx_game_join_t *join, ngx_game_terms_t *terms);
static ngx_int_t ngx_game_terms_resume(ngx_http_request_t *r,
    ngx_game_join_t *join);
static void ngx_game_terms_protocol(ngx_game_join_t *join,
    ngx_str_t *offered);
static ngx_str_t *ngx_game_terms_own_protocol(ngx_game_join_t *join,
    ngx_str_t *offered);
static ngx_uint_t ngx_game_terms_ends(ngx_str_t *text, const char *suffix,
    size_t len);
static ngx_int_t ngx_game_terms_extensions(ngx_http_request_t *r,
    ngx_game_join_t *join, ngx_str_t *offers, ngx_game_terms_t *terms);
static ngx_int_t ngx_game_terms_limit(ngx_http_request_t *r,
    ngx_game_join_t *join, ngx_game_terms_t *terms);
static ngx_int_t ngx_game_terms_refuse(ngx_game_terms_t *terms,
    ngx_uint_t status, const char *reason);


ngx_int_t
ngx_game_terms_settle(ngx_http_request_t *r, ngx_game_upgrade_t *u,
    ngx_game_join_t *join, ngx_game_terms_t *terms)
{
    ngx_int_t  rc;

    rc = ngx_game_terms_join(r, u, join, terms);

    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_game_terms_limit(r, join, terms);
}


static ngx_int_t
ngx_game_terms_join(ngx_http_request_t *r, ngx_game_upgrade_t *u,
    ngx_game_join_t *join, ngx_game_terms_t *terms)
{
    ngx_str_t  value;

    join->game = join->conf->game;
    join->args = r->args;
    join->address = r->connection->addr_text;
    join->origin = u->origin;
    join->agent = u->agent;
    join->agent.len = ngx_min(join->agent.len, NGX_GAME_TERMS_AGENT);

    if (r->args.len > NGX_GAME_TERMS_ARGS) {
        return ngx_game_terms_refuse(terms, NGX_HTTP_REQUEST_URI_TOO_LARGE,
                                     "the query is too long");
    }

    if (join->origin.len > NGX_GAME_TERMS_ORIGIN) {
        return ngx_game_terms_refuse(terms, NGX_HTTP_BAD_REQUEST,
                                     "the origin is too long");
    }

    if (ngx_http_arg(r, (u_char *) "room", 4, &value) == NGX_OK) {
        join->room = ngx_game_id_parse(value.data, value.len);

        if (join->room == 0) {
            return ngx_game_terms_refuse(terms, NGX_HTTP_NOT_FOUND,
                                         "no such room");
        }
    }

    if (ngx_game_terms_resume(r, join) != NGX_OK) {
        return ngx_game_terms_refuse(terms, NGX_HTTP_FORBIDDEN,
                                     "the resume token is not valid");
    }

    if (join->conf->identity
        && ngx_http_complex_value(r, join->conf->identity, &join->identity)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (join->identity.len > NGX_GAME_TERMS_IDENTITY) {
        return ngx_game_terms_refuse(terms, NGX_HTTP_BAD_REQUEST,
                                     "the identity is too long");
    }

    ngx_game_terms_protocol(join, &u->protocols);

    if ((join->resumable || ngx_game_secret_is_set(&join->token))
        && join->game->resume_timeout
        && ngx_game_secret_make(&join->secret) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_game_terms_extensions(r, join, &u->extensions, terms) != NGX_OK) {
        return ngx_game_terms_refuse(terms, NGX_HTTP_BAD_REQUEST,
                                     "Sec-WebSocket-Extensions is not valid");
    }

    return NGX_OK;
}


/* the arguments `resume`, a token that names the player and the room, and
 * `seen` */

static ngx_int_t
ngx_game_terms_resume(ngx_http_request_t *r, ngx_game_join_t *join)
{
    off_t             seen;
    ngx_str_t         value;
    ngx_game_token_t  token;

    if (ngx_http_arg(r, (u_char *) "resume", 6, &value) != NGX_OK) {
        return NGX_OK;
    }

    if (join->game->resume_timeout == 0
        || ngx_game_token_parse(&value, &token) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    join->room = token.room;
    join->player = token.player;
    join->token = token.secret;

    if (ngx_http_arg(r, (u_char *) "seen", 4, &value) != NGX_OK) {
        return NGX_OK;
    }

    seen = ngx_atoof(value.data, value.len);

    if (seen == NGX_ERROR) {
        return NGX_DECLINED;
    }

    join->seen = seen;
    join->counts = 1;

    return NGX_OK;
}


/* a subprotocol's name may say how the player is sent to */

static void
ngx_game_terms_protocol(ngx_game_join_t *join, ngx_str_t *offered)
{
    ngx_str_t  *protocol;

    join->codec = join->game->codec;

    protocol = ngx_game_upgrade_choose(&join->game->protocols, offered);

    if (protocol == NULL && join->codec != NGX_GAME_RAW) {
        protocol = ngx_game_terms_own_protocol(join, offered);
    }

    if (protocol == NULL) {
        return;
    }

    join->protocol = *protocol;

    if (ngx_game_terms_ends(protocol, "+msgpack", sizeof("+msgpack") - 1)) {
        join->codec = NGX_GAME_MSGPACK;

    } else if (ngx_game_terms_ends(protocol, "+json", sizeof("+json") - 1)) {
        join->codec = NGX_GAME_JSON;
    }
}


/* docs/protocol.md: with these a session is welcomed, and can be resumed */

static ngx_str_t *
ngx_game_terms_own_protocol(ngx_game_join_t *join, ngx_str_t *offered)
{
    ngx_str_t  *protocol;

    static ngx_str_t  names[] = {
        ngx_string("ngx-game.v1+msgpack"),
        ngx_string("ngx-game.v1+json")
    };

    static ngx_array_t  own = { names, 2, sizeof(ngx_str_t), 2, NULL };

    protocol = ngx_game_upgrade_choose(&own, offered);
    join->resumable = (protocol != NULL);

    return protocol;
}


static ngx_uint_t
ngx_game_terms_ends(ngx_str_t *text, const char *suffix, size_t len)
{
    return text->len >= len
           && ngx_strncmp(text->data + text->len - len, suffix, len) == 0;
}


/* NGX_ERROR: the header breaks its syntax; one that is too long is ignored */

static ngx_int_t
ngx_game_terms_extensions(ngx_http_request_t *r, ngx_game_join_t *join,
    ngx_str_t *offers, ngx_game_terms_t *terms)
{
    int                       n;
    char                      answer[GAME_DEFLATE_ANSWER_MAX];
    game_deflate_params_t     wanted;
    ngx_game_deflate_conf_t  *conf;

    conf = &join->conf->deflate;

    if (!conf->enable || offers->len > NGX_GAME_TERMS_EXTENSIONS) {
        return NGX_OK;
    }

    ngx_memzero(&wanted, sizeof(game_deflate_params_t));

    wanted.server_bits = conf->window_bits;
    wanted.client_bits = conf->client_window_bits;
    wanted.server_takeover = conf->takeover;
    wanted.client_takeover = conf->client_takeover;
    wanted.level = conf->level;

    n = game_deflate_negotiate(offers->data, offers->len, &wanted,
                               &terms->deflate, answer);

    if (n < 0) {
        return NGX_ERROR;
    }

    if (n == 0) {
        return NGX_OK;
    }

    /* without memory for the answer, the extension is not agreed on */

    terms->extensions.data = ngx_pnalloc(r->pool, n);

    if (terms->extensions.data) {
        ngx_memcpy(terms->extensions.data, answer, n);
        terms->extensions.len = n;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_game_terms_limit(ngx_http_request_t *r, ngx_game_join_t *join,
    ngx_game_terms_t *terms)
{
    ngx_str_t             key;
    ngx_uint_t            limit;
    ngx_game_loc_conf_t  *conf;

    conf = join->conf;

    if (conf->session_limit == 0 || conf->session_key == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, conf->session_key, &key) != NGX_OK) {
        return NGX_ERROR;
    }

    if (key.len == 0) {
        return NGX_OK;
    }

    /* the session that is resumed may still be counted */

    limit = conf->session_limit + ngx_game_secret_is_set(&join->token);

    switch (ngx_game_limit_acquire(&key, limit, &terms->limit)) {

    case NGX_OK:
        terms->limited = 1;
        return NGX_OK;

    case NGX_BUSY:
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "too many sessions of one key, see "
                      "\"game_session_limit\"");

        ngx_game_count(refused_limit, 1);

        return ngx_game_terms_refuse(terms, NGX_HTTP_TOO_MANY_REQUESTS,
                                     "too many sessions");

    default: /* NGX_ERROR */
        return ngx_game_terms_refuse(terms, NGX_HTTP_SERVICE_UNAVAILABLE,
                                     "no room for another session");
    }
}


static ngx_int_t
ngx_game_terms_refuse(ngx_game_terms_t *terms, ngx_uint_t status,
    const char *reason)
{
    terms->status = status;
    terms->reason = reason;

    return NGX_DECLINED;
}
