
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
#include "core/game_utf8.h"


#define NGX_GAME_INPUT_SIZE     65536

/* what the parser leaves at most, see GAME_WS_EV_MORE, is put in front */
#define NGX_GAME_INPUT_REST     160

/* what one session may read in a turn of the loop */
#define NGX_GAME_INPUT_TURN     (256 * 1024)

/* what is inflated at once */
#define NGX_GAME_INPUT_INFLATE  65536

#define NGX_GAME_INPUT_MESSAGE  512          /* least memory of a message */


struct ngx_game_input_s {
    u_char                    *rest;          /* read, but not parsed yet */
    size_t                     rest_len;
    u_char                    *data;          /* the message under way */
    size_t                     len;
    size_t                     size;
    uint32_t                   utf8;          /* its state after len bytes */
};


static ngx_int_t ngx_game_input_rest(ngx_game_session_t *s, size_t *len);
static void ngx_game_input_left(ngx_game_session_t *s, u_char *data,
    size_t len);
static ngx_int_t ngx_game_input_recv(ngx_game_session_t *s, size_t have);
static u_char *ngx_game_input_parse(ngx_game_session_t *s, u_char *p,
    u_char *end);
static ngx_int_t ngx_game_input_allow(ngx_game_session_t *s);
static void ngx_game_input_data(ngx_game_session_t *s, game_ws_event_t *ev);
static void ngx_game_input_inflate(ngx_game_session_t *s,
    game_ws_event_t *ev);
static ngx_int_t ngx_game_input_inflater(ngx_game_session_t *s);
static ngx_int_t ngx_game_input_piece(ngx_game_session_t *s,
    game_ws_event_t *ev, u_char *data, size_t len, ngx_uint_t last);
static ngx_int_t ngx_game_input_append(ngx_game_session_t *s, u_char *data,
    size_t len);
static ngx_game_input_t *ngx_game_input_get(ngx_game_session_t *s);
static void ngx_game_input_forget(ngx_game_session_t *s);
static void ngx_game_input_release(ngx_game_session_t *s);
static void ngx_game_input_control(ngx_game_session_t *s,
    game_ws_event_t *ev);
static void ngx_game_input_close(ngx_game_session_t *s, game_ws_event_t *ev);
static void ngx_game_input_pong(ngx_game_session_t *s, game_ws_event_t *ev);


/* this worker's */
static u_char  *ngx_game_input_buffer;
static u_char  *ngx_game_input_inflated;     /* made on need */


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
            s->bytes_in += n;
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
            return p;

        case GAME_WS_EV_DATA:
            ngx_game_input_data(s, &ev);
            break;

        case GAME_WS_EV_CONTROL:
            ngx_game_input_control(s, &ev);
            break;

        case GAME_WS_EV_ERROR:
            ngx_game_close_fail(s, ev.code, ev.reason);
            break;
        }
    }

    if (s->deaf || s->ended) {
        ngx_game_input_forget(s);
        return end;
    }

    return p;
}


/* messages and control frames are counted alike */

static ngx_int_t
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


/* what comes after our close frame is dropped, but parsed for the peer's */

static void
ngx_game_input_data(ngx_game_session_t *s, game_ws_event_t *ev)
{
    if (s->closing) {
        ngx_game_input_forget(s);
        return;
    }

    if (ev->first && ngx_game_input_allow(s) != NGX_OK) {
        return;
    }

    if (ev->compressed) {
        ngx_game_input_inflate(s, ev);

    } else {
        (void) ngx_game_input_piece(s, ev, ev->data, ev->len, ev->last);
    }

    if (ev->last) {
        ngx_game_input_forget(s);
    }
}


/*
 * The parser bounds the message as it is on the wire, this the message as it
 * is inflated: of a bomb, no more than the bound and one piece is made.
 */

static void
ngx_game_input_inflate(ngx_game_session_t *s, game_ws_event_t *ev)
{
    int                   rc;
    size_t                len, n, have;
    ngx_uint_t            last;
    const unsigned char  *p;

    if (ngx_game_input_inflater(s) != NGX_OK) {
        ngx_game_close_fail(s, 1011, "no memory");
        return;
    }

    p = ev->data;
    len = ev->len;

    do {
        rc = game_inflate(s->zip->inflate, &p, &len, ev->last,
                          ngx_game_input_inflated, NGX_GAME_INPUT_INFLATE,
                          &n);

        if (rc == GAME_INFLATE_ERROR) {

            if (game_inflate_no_memory(s->zip->inflate)) {
                ngx_game_close_fail(s, 1011, "no memory");

            } else {
                ngx_game_close_fail(s, 1007, "compressed data is broken");
            }

            return;
        }

        have = s->in ? s->in->len : 0;

        if (n > s->conf->message_max_size - have) {
            ngx_game_close_fail(s, 1009, "message is too big");
            return;
        }

        last = (ev->last && rc == GAME_INFLATE_OK);

        if (ngx_game_input_piece(s, ev, ngx_game_input_inflated, n, last)
            != NGX_OK)
        {
            return;
        }

    } while (rc == GAME_INFLATE_FULL);
}


static ngx_int_t
ngx_game_input_inflater(ngx_game_session_t *s)
{
    if (ngx_game_input_inflated == NULL) {
        ngx_game_input_inflated = ngx_alloc(NGX_GAME_INPUT_INFLATE,
                                            s->connection->log);
        if (ngx_game_input_inflated == NULL) {
            return NGX_ERROR;
        }
    }

    if (s->zip->inflate == NULL) {
        s->zip->inflate = game_inflate_create(&s->zip->params);
        if (s->zip->inflate == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* a piece of a message as it is meant: checked, then collected or, if the
 * message is whole, handed on */

static ngx_int_t
ngx_game_input_piece(ngx_game_session_t *s, game_ws_event_t *ev, u_char *data,
    size_t len, ngx_uint_t last)
{
    uint32_t           utf8;
    ngx_game_input_t  *in;

    in = s->in;
    utf8 = in ? in->utf8 : GAME_UTF8_START;

    if (ev->opcode == GAME_WS_TEXT
        && (game_utf8_check(&utf8, data, len) != 0
            || (last && utf8 != GAME_UTF8_START)))
    {
        ngx_game_close_fail(s, 1007, "text is not UTF-8");
        return NGX_ERROR;
    }

    if (last && (in == NULL || in->len == 0)) {
        ngx_game_session_message(s, ev->opcode, data, len);
        return NGX_OK;
    }

    if (len && ngx_game_input_append(s, data, len) != NGX_OK) {
        ngx_game_close_fail(s, 1011, "no memory");
        return NGX_ERROR;
    }

    in = s->in;

    if (in) {
        in->utf8 = utf8;
    }

    if (last) {
        ngx_game_session_message(s, ev->opcode, in->data, in->len);
    }

    return NGX_OK;
}


/* grows with what came, not with what a frame's header promises */

static ngx_int_t
ngx_game_input_append(ngx_game_session_t *s, u_char *data, size_t len)
{
    size_t             need, size;
    u_char            *p;
    ngx_game_input_t  *in;

    in = ngx_game_input_get(s);
    if (in == NULL) {
        return NGX_ERROR;
    }

    need = in->len + len;

    if (need > in->size) {
        size = ngx_max(2 * in->size, NGX_GAME_INPUT_MESSAGE);
        size = ngx_min(size, s->conf->message_max_size);
        size = ngx_max(size, need);

        p = realloc(in->data, size);
        if (p == NULL) {
            ngx_log_error(NGX_LOG_EMERG, s->connection->log, ngx_errno,
                          "realloc(%uz) failed", size);
            return NGX_ERROR;
        }

        in->data = p;
        in->size = size;
    }

    ngx_memcpy(in->data + in->len, data, len);
    in->len = need;

    return NGX_OK;
}


static ngx_game_input_t *
ngx_game_input_get(ngx_game_session_t *s)
{
    if (s->in == NULL) {
        s->in = ngx_calloc(sizeof(ngx_game_input_t), s->connection->log);
    }

    return s->in;
}


/* the message has ended, one way or another */

static void
ngx_game_input_forget(ngx_game_session_t *s)
{
    ngx_game_input_t  *in;

    if (s->zip && s->zip->inflate && !s->zip->params.client_takeover) {
        game_inflate_destroy(s->zip->inflate);
        s->zip->inflate = NULL;
    }

    in = s->in;

    if (in == NULL) {
        return;
    }

    if (in->data) {
        ngx_free(in->data);
        in->data = NULL;
    }

    in->len = 0;
    in->size = 0;
    in->utf8 = GAME_UTF8_START;

    ngx_game_input_release(s);
}


static void
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
