
/*
 * Copyright (C) ngx_game authors
 *
 * What comes from a client.  All sessions of a worker read into one buffer,
 * where frames are parsed and unmasked in place: a message that lies whole in
 * it is handed on without a copy.  A session has memory of its own only for
 * the start of a frame, for a message that has not ended, and for what waits
 * while it is blocked.
 */


#include "ngx_game_transport.h"


#define NGX_GAME_INPUT_SIZE     65536

/* what the parser leaves at most, see GAME_WS_EV_MORE, is put in front */
#define NGX_GAME_INPUT_REST     160

/* what one session may read in a turn of the loop */
#define NGX_GAME_INPUT_TURN     (256 * 1024)


static ngx_int_t ngx_game_input_rest(ngx_game_session_t *s, size_t *len);
static void ngx_game_input_left(ngx_game_session_t *s, u_char *data,
    size_t len);
static ngx_int_t ngx_game_input_recv(ngx_game_session_t *s, size_t have);
static u_char *ngx_game_input_parse(ngx_game_session_t *s, u_char *p,
    u_char *end);
static void ngx_game_input_control(ngx_game_session_t *s,
    game_ws_event_t *ev);
static void ngx_game_input_close(ngx_game_session_t *s, game_ws_event_t *ev);
static void ngx_game_input_pong(ngx_game_session_t *s, game_ws_event_t *ev);


/* this worker's */
static u_char  *ngx_game_input_buffer;


ngx_int_t
ngx_game_input_init(void)
{
    if (ngx_game_input_buffer == NULL) {
        ngx_game_input_buffer = ngx_alloc(NGX_GAME_INPUT_REST
                                          + NGX_GAME_INPUT_SIZE,
                                          ngx_cycle->log);
    }

    return ngx_game_input_buffer ? NGX_OK : NGX_ERROR;
}


void
ngx_game_input_read(ngx_game_session_t *s)
{
    size_t             len;
    u_char            *p, *end;
    ssize_t            n;
    ngx_event_t       *rev;
    ngx_uint_t         turn;
    ngx_connection_t  *c;

    c = s->connection;
    rev = c->read;
    turn = 0;

    if (ngx_game_input_rest(s, &len) != NGX_OK) {
        goto done;
    }

    do {
        n = ngx_game_input_recv(s, len);

        if (n <= 0) {
            break;
        }

        turn += n;
        p = ngx_game_input_buffer;
        end = p + len + n;

        p = ngx_game_input_parse(s, p, end);
        len = end - p;

        if (s->blocked) {
            ngx_game_input_left(s, p, len);
            goto done;
        }

        if (len) {
            ngx_memmove(ngx_game_input_buffer, p, len);
        }

        if (turn >= NGX_GAME_INPUT_TURN && rev->ready) {
            ngx_post_event(rev, &ngx_posted_next_events);
            break;
        }

    } while (rev->ready && !s->ended);

    ngx_game_input_left(s, ngx_game_input_buffer, len);

done:

    if (s->guarded) {
        ngx_game_guard_has_read(s);
    }

    if (!s->ended && ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_game_close_end(s, NGX_GAME_LEFT);
    }
}


/*
 * Parses what is kept; what is left of it, the start of a frame, is put into
 * the buffer to be read on.  NGX_DECLINED: the session is blocked.
 */

static ngx_int_t
ngx_game_input_rest(ngx_game_session_t *s, size_t *len)
{
    size_t             left;
    u_char            *p, *rest, *end;
    ngx_game_input_t  *in;

    *len = 0;

    if (s->blocked) {
        return NGX_DECLINED;
    }

    in = s->in;

    if (in == NULL || in->rest == NULL) {
        return NGX_OK;
    }

    rest = in->rest;
    end = rest + in->rest_len;
    in->rest = NULL;

    p = ngx_game_input_parse(s, rest, end);
    left = end - p;

    if (s->blocked) {
        ngx_game_input_left(s, p, left);
        ngx_free(rest);
        return NGX_DECLINED;
    }

    ngx_memcpy(ngx_game_input_buffer, p, left);
    *len = left;

    ngx_free(rest);
    ngx_game_input_release(s);

    return NGX_OK;
}


static void
ngx_game_input_left(ngx_game_session_t *s, u_char *data, size_t len)
{
    if (len && ngx_game_input_keep(s, data, len) != NGX_OK) {
        ngx_game_close_end(s, NGX_GAME_ERROR);
    }
}


ngx_int_t
ngx_game_input_keep(ngx_game_session_t *s, u_char *data, size_t len)
{
    ngx_game_input_t  *in;

    in = ngx_game_input_get(s);
    if (in == NULL) {
        return NGX_ERROR;
    }

    in->rest = ngx_alloc(len, s->connection->log);
    if (in->rest == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(in->rest, data, len);
    in->rest_len = len;

    return NGX_OK;
}


/* reads behind the `have` bytes that are there: how many, 0 or less: none */

static ngx_int_t
ngx_game_input_recv(ngx_game_session_t *s, size_t have)
{
    ssize_t            n;
    ngx_connection_t  *c;

    c = s->connection;

    n = c->recv(c, ngx_game_input_buffer + have, NGX_GAME_INPUT_SIZE);

    if (n > 0) {
        s->received = ngx_current_msec;

        /* what comes once TLS is shut is not the session's */

        if (!s->shut) {
            s->cold->bytes_in += n;
            ngx_game_count(bytes_in, n);
        }

        return n;
    }

    if (n == NGX_AGAIN) {
        return n;
    }

    if (n == 0 && !s->closing) {
        ngx_log_error(NGX_LOG_INFO, c->log, 0,
                      "client closed connection without a close frame");
    }

    if (n == NGX_ERROR) {
        c->error = 1;
    }

    ngx_game_close_end(s, NGX_GAME_LEFT);

    return n;
}


/* returns where it stopped: at the start of a frame that is not whole, or
 * behind a message that blocked the session */

static u_char *
ngx_game_input_parse(ngx_game_session_t *s, u_char *p, u_char *end)
{
    game_ws_event_t  ev;

    while (p < end && !s->blocked && !s->deaf && !s->ended) {

        switch (game_ws_next(&s->ws, &p, end, s->conf->message_max_size,
                             &ev))
        {

        case GAME_WS_EV_MORE:
            ngx_game_session_deliver(s, 0);
            return p;

        case GAME_WS_EV_DATA:
            ngx_game_message_data(s, &ev);
            break;

        case GAME_WS_EV_CONTROL:
            ngx_game_session_deliver(s, 1);
            ngx_game_input_control(s, &ev);
            break;

        case GAME_WS_EV_ERROR:
            ngx_game_close_fail(s, ev.code, ev.reason);
            break;
        }
    }

    ngx_game_session_deliver(s, 0);

    if (s->deaf || s->ended) {
        ngx_game_message_forget(s);
        return end;
    }

    return p;
}


ngx_uint_t
ngx_game_input_whole(ngx_game_session_t *s)
{
    return s->in == NULL && !s->ws.in_frame && !s->ws.opcode;
}


/* messages and control frames are counted alike */

ngx_int_t
ngx_game_input_allow(ngx_game_session_t *s)
{
    ngx_game_loc_conf_t  *conf;

    conf = s->conf;

    if (conf->message_rate == 0
        || game_rate_take(&s->rate, (uint64_t) ngx_current_msec * 1000,
                          conf->message_rate, conf->message_burst))
    {
        return NGX_OK;
    }

    ngx_game_close_fail(s, 1008, "message rate exceeded");

    return NGX_BUSY;
}


ngx_game_input_t *
ngx_game_input_get(ngx_game_session_t *s)
{
    if (s->in == NULL) {
        s->in = ngx_calloc(sizeof(ngx_game_input_t), s->connection->log);
    }

    return s->in;
}


void
ngx_game_input_release(ngx_game_session_t *s)
{
    ngx_game_input_t  *in;

    in = s->in;

    if (in && in->rest == NULL && in->data == NULL) {
        ngx_free(in);
        s->in = NULL;
    }
}


void
ngx_game_input_free(ngx_game_session_t *s)
{
    ngx_game_input_t  *in;

    in = s->in;

    if (in == NULL) {
        return;
    }

    if (in->rest) {
        ngx_free(in->rest);
    }

    if (in->data) {
        ngx_free(in->data);
    }

    ngx_free(in);
    s->in = NULL;
}


static void
ngx_game_input_control(ngx_game_session_t *s, game_ws_event_t *ev)
{
    if (ev->opcode == GAME_WS_CLOSE) {
        ngx_game_input_close(s, ev);
        return;
    }

    if (s->closing || ngx_game_input_allow(s) != NGX_OK) {
        return;
    }

    if (ev->opcode == GAME_WS_PING) {
        ngx_game_session_pong(s, ev->data, ev->len);
        return;
    }

    ngx_game_input_pong(s, ev);
}


static void
ngx_game_input_close(ngx_game_session_t *s, game_ws_event_t *ev)
{
    size_t                len;
    unsigned              code, error;
    const unsigned char  *reason;

    error = game_ws_close_parse(ev->data, ev->len, &code, &reason, &len);

    if (error) {
        ngx_game_close_fail(s, error, "close frame is broken");
        return;
    }

    ngx_game_session_close(s, code, NULL, 0, NGX_GAME_LEFT);
    s->deaf = 1;
}


/* only the answer to the last ping tells the time; others are allowed too */

static void
ngx_game_input_pong(ngx_game_session_t *s, game_ws_event_t *ev)
{
    ngx_msec_t  rtt;

    if (!s->pinging || ev->len != sizeof(ngx_msec_t)
        || ngx_memcmp(ev->data, &s->pinged, sizeof(ngx_msec_t)) != 0)
    {
        return;
    }

    s->pinging = 0;

    rtt = ngx_current_msec - s->pinged;

    ngx_game_session_measured(s, ngx_max(rtt, 1));
}
