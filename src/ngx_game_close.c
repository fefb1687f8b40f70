
/*
 * Copyright (C) ngx_game authors
 *
 * The end of a session, in this order:
 *
 *     closing  a close frame is queued, nothing goes out behind it
 *     told     the closed handler was called, in an event of the connection
 *     waiting  the close frame is written, the peer's has not come yet
 *     deaf     it has come, or it is not waited for since a rule was broken
 *     shut     our side of the connection is shut; what still comes is read
 *              away, so that no reset overtakes the close frame
 *     ended    the connection is closed and all is freed
 *
 * A connection that fails goes from anywhere to told and ended.
 */


#include "ngx_game_transport.h"
#include "ngx_game_log.h"
#include "ngx_game_token.h"
#include "ngx_game_zone.h"
#include "core/game_utf8.h"


/* how long the peer's close frame is waited for once ours is written, ms */
#define NGX_GAME_CLOSE_WAIT    2000

/* after that: until the peer closes, or is silent, or for so long, ms */
#define NGX_GAME_CLOSE_SILENT  1000
#define NGX_GAME_CLOSE_LINGER  5000

#define NGX_GAME_CLOSE_REASON  (GAME_WS_CONTROL_MAX - 2)


static void ngx_game_close_frame(ngx_game_session_t *s, ngx_uint_t code,
    const u_char *reason, size_t len);
static void ngx_game_close_count(ngx_uint_t code, ngx_game_reason_e why);
static void ngx_game_close_shut(ngx_connection_t *c);
static void ngx_game_close_destroy(ngx_game_session_t *s);


void
ngx_game_session_close(ngx_game_session_t *s, ngx_uint_t code,
    const char *reason, size_t len, ngx_game_reason_e why)
{
    ngx_connection_t  *c;

    ngx_game_feed_take(s);

    if (s->closing || s->ended) {
        return;
    }

    ngx_game_guard_release(s);

    s->closing = 1;
    s->cold->code = code;
    s->cold->why = why;

    ngx_game_close_count(code, why);

    ngx_game_close_frame(s, code, (u_char *) reason, len);

    /* the peer's close frame may be behind what waits */

    ngx_game_session_unblock(s);

    if (s->ready) {
        c = s->connection;
        ngx_add_timer(c->read, NGX_GAME_CLOSE_DRAIN);
    }
}


void
ngx_game_session_replace(ngx_game_session_t *s)
{
    ngx_uint_t         coming;
    ngx_connection_t  *c;

    c = s->connection;
    coming = s->passing && !s->ready;

    ngx_game_session_close(s, 1000, NGX_GAME_CLOSE_REPLACED,
                           sizeof(NGX_GAME_CLOSE_REPLACED) - 1,
                           NGX_GAME_LEFT);

    if (!s->told) {
        ngx_game_close_tell(s);
    }

    if (coming) {

        /* it was being passed to this worker, and no event is to come for it:
         * see ngx_game_pass_drop() */

        ngx_game_session_free(s);
        ngx_http_close_connection(c);
    }
}


/* a reason that is no text would break a rule of the peer's */

static void
ngx_game_close_frame(ngx_game_session_t *s, ngx_uint_t code,
    const u_char *reason, size_t len)
{
    u_char  payload[GAME_WS_CONTROL_MAX];

    if (code == NGX_GAME_CLOSE_EMPTY) {
        ngx_game_session_control(s, GAME_WS_CLOSE, NULL, 0);
        return;
    }

    payload[0] = (u_char) (code >> 8);
    payload[1] = (u_char) code;

    len = len ? game_utf8_cut(reason, len, NGX_GAME_CLOSE_REASON) : 0;

    if (!game_utf8_valid(reason, len)) {
        len = 0;
    }

    if (len) {
        ngx_memcpy(payload + 2, reason, len);
    }

    ngx_game_session_control(s, GAME_WS_CLOSE, payload, 2 + len);
}


/* the code alone does not tell: the client and the script may give it, too */

static void
ngx_game_close_count(ngx_uint_t code, ngx_game_reason_e why)
{
    if (why != NGX_GAME_ERROR) {
        return;
    }

    switch (code) {

    case 1002:
    case 1003:
    case 1007:
        ngx_game_count(closed_invalid, 1);
        break;

    case 1008:
        ngx_game_count(closed_rate, 1);
        break;

    case 1009:
        ngx_game_count(closed_size, 1);
        break;

    case 1013:
        ngx_game_count(closed_slow, 1);
        break;
    }
}


void
ngx_game_close_fail(ngx_game_session_t *s, ngx_uint_t code,
    const char *reason)
{
    ngx_game_session_deliver(s, 1);

    s->deaf = 1;

    if (s->closing) {
        return;
    }

    ngx_log_error(NGX_LOG_INFO, s->connection->log, 0,
                  "closing session with code %ui, %s", code, reason);

    ngx_game_session_close(s, code, reason, ngx_strlen(reason),
                           NGX_GAME_ERROR);
}


void
ngx_game_close_end(ngx_game_session_t *s, ngx_game_reason_e why)
{
    if (s->ended) {
        return;
    }

    s->ended = 1;

    if (!s->closing) {
        s->cold->why = why;
    }

    ngx_game_session_wake(s);
}


void
ngx_game_session_restart(ngx_game_session_t *s)
{
    u_char            *p, reason[sizeof("resume=") - 1 + NGX_GAME_TOKEN_LEN];
    ngx_game_token_t   token;

    p = reason;

    token.room = s->room;
    token.player = s->player;
    token.secret = s->cold->secret;

    if (ngx_game_secret_is_set(&token.secret)) {
        p = ngx_cpymem(p, "resume=", sizeof("resume=") - 1);
        p = ngx_game_token_format(p, &token);
    }

    ngx_game_session_close(s, 1012, (char *) reason, p - reason,
                           NGX_GAME_SHUTDOWN);
}


/* clients that have been told no secret yet learn one by it, if their room
 * goes on elsewhere */

void
ngx_game_close_stop(ngx_game_session_t *s)
{
    ngx_game_secret_t  *secret;

    secret = &s->cold->secret;

    /* set by nginx for its own requests; TLS would not say goodbye */

    s->connection->error = 0;

    if (!s->closing && s->conf->game->resume_timeout
        && !ngx_game_secret_is_set(secret)
        && ngx_game_zone_accepting(s->owner)
        && ngx_game_secret_make(secret) == NGX_OK)
    {
        s->late = 1;
    }

    ngx_game_session_restart(s);

    ngx_game_close_end(s, NGX_GAME_SHUTDOWN);
}


void
ngx_game_close_timer(ngx_game_session_t *s)
{
    ngx_msec_t  silent, linger;

    silent = ngx_current_msec - s->received;
    linger = ngx_current_msec - s->pinged;

    if (!s->shut
        || silent >= NGX_GAME_CLOSE_SILENT || linger >= NGX_GAME_CLOSE_LINGER)
    {
        ngx_game_close_end(s, NGX_GAME_LEFT);
        return;
    }

    ngx_add_timer(s->connection->read,
                  ngx_min(NGX_GAME_CLOSE_SILENT - silent,
                          NGX_GAME_CLOSE_LINGER - linger));
}


void
ngx_game_close_settle(ngx_game_session_t *s)
{
    ngx_connection_t  *c;

    c = s->connection;

    if ((s->closing || s->ended) && !s->told) {
        ngx_game_close_tell(s);
    }

    if (s->ended) {

        /* what was queued in this very turn has its chance */

        if (s->out && !s->shut && !c->error) {
            ngx_game_output_flush(s);
        }

        ngx_game_close_destroy(s);
        return;
    }

    if (!s->closing || s->shut || s->out || c->buffered) {
        return;
    }

    if (s->deaf) {
        ngx_game_input_free(s);
        ngx_game_close_shut(c);
        return;
    }

    if (!s->waiting) {
        s->waiting = 1;
        ngx_add_timer(c->read, NGX_GAME_CLOSE_WAIT);
    }
}


void
ngx_game_close_tell(ngx_game_session_t *s)
{
    s->told = 1;

    ngx_game_session_forget(s);
    ngx_game_session_closed(s);
}


/* a connection handler, since TLS may have to wait before it goes on here */

static void
ngx_game_close_shut(ngx_connection_t *c)
{
    ngx_game_session_t  *s;

    s = c->data;
    s->shut = 1;

#if (NGX_HTTP_SSL)

    if (c->ssl) {
        ngx_int_t  rc;

        c->ssl->shutdown_without_free = 1;

        rc = ngx_ssl_shutdown(c);

        if (rc == NGX_AGAIN) {
            c->ssl->handler = ngx_game_close_shut;
            return;
        }

        c->read->handler = ngx_game_session_read_handler;
        c->write->handler = ngx_game_session_write_handler;

        if (rc == NGX_ERROR) {
            c->error = 1;
            ngx_game_close_end(s, NGX_GAME_LEFT);
            return;
        }
    }

#endif

    if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }

    if (ngx_shutdown_socket(c->fd, NGX_WRITE_SHUTDOWN) == -1) {
        ngx_connection_error(c, ngx_socket_errno,
                             ngx_shutdown_socket_n " failed");
        c->error = 1;
        ngx_game_close_end(s, NGX_GAME_LEFT);
        return;
    }

    s->received = ngx_current_msec;
    s->pinged = ngx_current_msec;

    ngx_add_timer(c->read, NGX_GAME_CLOSE_SILENT);

    ngx_post_event(c->read, &ngx_posted_events);
}


void
ngx_game_close_log(ngx_game_session_t *s)
{
    ngx_game_cold_t       *cold;
    ngx_game_log_entry_t   entry;

    if (s->conf->log == NULL) {
        return;
    }

    cold = s->cold;

    entry.address.data = cold->text;
    entry.address.len = cold->address_len;
    entry.identity.data = cold->text + cold->address_len;
    entry.identity.len = cold->identity_len;
    entry.game = s->conf->game->name;
    entry.room = s->room;
    entry.player = s->player;
    entry.duration = ngx_current_msec - cold->opened;
    entry.messages_in = cold->messages_in;
    entry.messages_out = cold->messages_out;
    entry.bytes_in = cold->bytes_in;
    entry.bytes_out = cold->bytes_out;
    entry.rtt = s->rtt;
    entry.code = cold->code;
    entry.why = cold->why;

    ngx_game_log_write(s->conf->log, &entry);
}


static void
ngx_game_close_destroy(ngx_game_session_t *s)
{
    ngx_connection_t  *c;

    c = s->connection;

    /* another worker may hold it a moment longer, but the peer does not
     * wait */

    if (s->shared) {
        ngx_game_session_unwatch(c);
        (void) shutdown(c->fd, SHUT_RDWR);
    }

    ngx_game_close_log(s);
    ngx_game_session_free(s);

    c->data = NULL;
    c->log->handler = NULL;
    c->log->data = NULL;
    c->log->action = NULL;

    if (c->read->timer_set) {
        ngx_del_timer(c->read);
    }

    if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }

    /* TLS may stay with it for up to 3 s more */

    ngx_http_close_connection(c);
}
