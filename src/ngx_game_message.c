
/*
 * Copyright (C) ngx_game authors
 *
 * Messages, made of the pieces that input finds: inflated, checked to be text
 * as they come, collected if need be, and handed on.
 */


#include "ngx_game_transport.h"
#include "core/game_utf8.h"


/* what is inflated at once */
#define NGX_GAME_MESSAGE_INFLATE  65536

/* least memory for one that comes in pieces */
#define NGX_GAME_MESSAGE_MIN      512


static void ngx_game_message_whole(ngx_game_session_t *s,
    game_ws_event_t *ev);
static void ngx_game_message_inflate(ngx_game_session_t *s,
    game_ws_event_t *ev);
static ngx_int_t ngx_game_message_inflater(ngx_game_session_t *s);
static ngx_int_t ngx_game_message_piece(ngx_game_session_t *s,
    game_ws_event_t *ev, u_char *data, size_t len, ngx_uint_t last);
static ngx_int_t ngx_game_message_append(ngx_game_session_t *s, u_char *data,
    size_t len);


/* this worker's, made on need */
static u_char  *ngx_game_message_inflated;


/* what comes after our close frame is dropped, but parsed for the peer's */

void
ngx_game_message_data(ngx_game_session_t *s, game_ws_event_t *ev)
{
    if (s->closing) {
        ngx_game_message_forget(s);
        return;
    }

    if (ev->first && ngx_game_input_allow(s) != NGX_OK) {
        return;
    }

    if (ev->first && ev->last && !ev->compressed) {
        ngx_game_message_whole(s, ev);
        return;
    }

    if (ev->compressed) {
        ngx_game_message_inflate(s, ev);

    } else {
        (void) ngx_game_message_piece(s, ev, ev->data, ev->len, ev->last);
    }

    if (ev->last) {
        ngx_game_message_forget(s);
    }
}


/* in one frame, as it is: nothing of it is kept */

static void
ngx_game_message_whole(ngx_game_session_t *s, game_ws_event_t *ev)
{
    if (ev->opcode == GAME_WS_TEXT && !game_utf8_valid(ev->data, ev->len)) {
        ngx_game_close_fail(s, 1007, "text is not UTF-8");
        return;
    }

    ngx_game_session_message(s, ev->opcode, ev->data, ev->len);
}


/*
 * The parser bounds the message as it is on the wire, this the message as it
 * is inflated: of a bomb, no more than the bound and one piece is made.
 */

static void
ngx_game_message_inflate(ngx_game_session_t *s, game_ws_event_t *ev)
{
    int                   rc;
    size_t                len, n, have;
    ngx_uint_t            last;
    const unsigned char  *p;

    if (ngx_game_message_inflater(s) != NGX_OK) {
        ngx_game_close_fail(s, 1011, "no memory");
        return;
    }

    p = ev->data;
    len = ev->len;

    do {
        rc = game_inflate(s->zip->inflate, &p, &len, ev->last,
                          ngx_game_message_inflated, NGX_GAME_MESSAGE_INFLATE,
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

        if (ngx_game_message_piece(s, ev, ngx_game_message_inflated, n, last)
            != NGX_OK)
        {
            return;
        }

    } while (rc == GAME_INFLATE_FULL);
}


static ngx_int_t
ngx_game_message_inflater(ngx_game_session_t *s)
{
    if (ngx_game_message_inflated == NULL) {
        ngx_game_message_inflated = ngx_alloc(NGX_GAME_MESSAGE_INFLATE,
                                            s->connection->log);
        if (ngx_game_message_inflated == NULL) {
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
ngx_game_message_piece(ngx_game_session_t *s, game_ws_event_t *ev,
    u_char *data, size_t len, ngx_uint_t last)
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

        if (data != ev->data) {
            ngx_game_session_deliver(s, 1);
        }

        return NGX_OK;
    }

    if (len && ngx_game_message_append(s, data, len) != NGX_OK) {
        ngx_game_close_fail(s, 1011, "no memory");
        return NGX_ERROR;
    }

    in = s->in;

    if (in) {
        in->utf8 = utf8;
    }

    if (last) {
        ngx_game_session_message(s, ev->opcode, in->data, in->len);
        ngx_game_session_deliver(s, 1);
    }

    return NGX_OK;
}


/* grows with what came, not with what a frame's header promises */

static ngx_int_t
ngx_game_message_append(ngx_game_session_t *s, u_char *data, size_t len)
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
        size = ngx_max(2 * in->size, NGX_GAME_MESSAGE_MIN);
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


/* the message has ended, one way or another */

void
ngx_game_message_forget(ngx_game_session_t *s)
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
