
/*
 * Copyright (C) ngx_game authors
 *
 * The life of a session up to its close frame.  The two events of its
 * connection do all: the read event's timer is the ping, idle and closing
 * timer, the write event is posted to flush and to close, and its timer bounds
 * a write that does not go on.  The read timer is always set, and so a worker
 * that exits gracefully waits for its sessions.
 */


#include "ngx_game_transport.h"
#include "ngx_game_clock.h"
#include "ngx_game_limit.h"
#include "ngx_game_zone.h"
#include "core/game_map.h"


static ngx_game_session_t *ngx_game_session_alloc(ngx_connection_t *c,
    ngx_game_session_params_t *params);
static size_t ngx_game_session_adopted(ngx_connection_t *c,
    ngx_str_t *address);
static ngx_uint_t ngx_game_session_shares(ngx_connection_t *c,
    ngx_str_t *address);
static void ngx_game_session_adopt(ngx_game_session_t *s);
static void ngx_game_session_check(ngx_game_session_t *s);
static void ngx_game_session_timer(ngx_game_session_t *s);
static void ngx_game_session_ping(ngx_game_session_t *s);
static u_char *ngx_game_session_log_error(ngx_log_t *log, u_char *buf,
    size_t len);


#if (NGX_HTTP_SSL)
#define ngx_game_session_has_tls(c)  ((c)->ssl != NULL)
#else
#define ngx_game_session_has_tls(c)  0
#endif

/* for ngx_game_session_check() */
#define ngx_game_session_has_news(c)                                          \
    ((c)->close || (c)->read->timedout || (c)->write->timedout)


/* this worker's */
static ngx_game_session_handlers_t  *ngx_game_session_handlers;
static game_map_t                    ngx_game_sessions;
static ngx_game_session_t           *ngx_game_session_reading;


void
ngx_game_session_init(ngx_game_session_handlers_t *handlers)
{
    ngx_game_session_handlers = handlers;
}


void
ngx_game_session_done(void)
{
    size_t               cursor;
    uint64_t             player;
    ngx_game_session_t  *s;

    /* telling removes it from the map */

    for ( ;; ) {
        cursor = 0;

        s = game_map_next(&ngx_game_sessions, &cursor, &player);
        if (s == NULL) {
            break;
        }

        if (s->ready) {
            ngx_game_close_stop(s);
            ngx_game_close_settle(s);

        } else {
            s->cold->why = NGX_GAME_SHUTDOWN;
            ngx_game_close_tell(s);
        }
    }

    game_map_done(&ngx_game_sessions);
}


ngx_game_session_t *
ngx_game_session_create(ngx_connection_t *c, ngx_game_session_params_t *params)
{
    ngx_game_session_t  *s;

    s = ngx_game_session_alloc(c, params);
    if (s == NULL) {
        return NULL;
    }

    if (params->deflated) {
        s->zip = ngx_calloc(sizeof(ngx_game_zip_t), c->log);
        if (s->zip == NULL) {
            goto failed;
        }

        s->zip->params = params->deflate;
        s->ws.deflate = 1;
    }

    s->player = params->player;
    s->room = params->room;
    s->owner = params->owner;
    s->connection = c;
    s->fd = c->fd;
    s->conf = params->conf;
    s->codec = params->codec;
    s->limited = params->limited;
    s->tls = ngx_game_session_has_tls(c);
    s->untold = (!params->moved && params->number == 0);

    if (ngx_game_input_init() != NGX_OK
        || game_map_set(&ngx_game_sessions, s->player, s) != 0)
    {
        goto failed;
    }

    ngx_game_count(sessions, 1);
    ngx_game_count(opened, !params->moved);

    return s;

failed:

    ngx_game_session_free(s);

    return NULL;
}


/*
 * The session's memory is a pool that later becomes the connection's: it has
 * room for what is kept of the connection's own.
 */

static ngx_game_session_t *
ngx_game_session_alloc(ngx_connection_t *c, ngx_game_session_params_t *params)
{
    size_t               size, address, identity;
    u_char              *p;
    ngx_pool_t          *pool;
    ngx_game_cold_t     *cold;
    ngx_game_session_t  *s;

    address = ngx_min(params->address.len, 255);
    identity = ngx_min(params->identity.len, 65535);

    size = sizeof(ngx_game_cold_t) + address + identity;

    pool = ngx_create_pool(sizeof(ngx_pool_t) + sizeof(ngx_game_session_t)
                           + ngx_align(size, NGX_ALIGNMENT)
                           + ngx_game_session_adopted(c, &params->address),
                           c->log);
    if (pool == NULL) {
        return NULL;
    }

    s = ngx_pcalloc(pool, sizeof(ngx_game_session_t));
    cold = ngx_pcalloc(pool, size);

    if (s == NULL || cold == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    s->cold = cold;

    cold->pool = pool;
    cold->opened = ngx_current_msec;
    cold->limit = params->limit;
    cold->secret = params->secret;
    cold->number = params->number;
    cold->others = params->got;
    cold->code = NGX_GAME_CLOSE_NONE;
    cold->why = NGX_GAME_LEFT;
    cold->address_len = address;
    cold->identity_len = identity;

    p = ngx_cpymem(cold->text, params->address.data, address);

    if (identity) {
        ngx_memcpy(p, params->identity.data, identity);
    }

    return s;
}


/* how much memory ngx_game_session_adopt() needs */

static size_t
ngx_game_session_adopted(ngx_connection_t *c, ngx_str_t *address)
{
    if (ngx_game_session_has_tls(c)) {
        return 0;
    }

    return ngx_align(sizeof(ngx_log_t), NGX_ALIGNMENT)
           + ngx_align(c->socklen, NGX_ALIGNMENT)
           + (ngx_game_session_shares(c, address)
              ? 0 : ngx_align(c->addr_text.len, NGX_ALIGNMENT));
}


/* whether the connection's address, as text, is the session's */

static ngx_uint_t
ngx_game_session_shares(ngx_connection_t *c, ngx_str_t *address)
{
    return c->addr_text.len == address->len
           && ngx_memcmp(c->addr_text.data, address->data, address->len) == 0;
}


/*
 * The pool that nginx made for the connection was for its requests.  Unless
 * others have something in it, the session's takes its place.
 */

static void
ngx_game_session_adopt(ngx_game_session_t *s)
{
    u_char            *text;
    ngx_log_t         *log;
    ngx_str_t          address;
    ngx_pool_t        *pool;
    ngx_connection_t  *c;
    struct sockaddr   *sockaddr;

    c = s->connection;
    pool = s->cold->pool;

    address.data = s->cold->text;
    address.len = s->cold->address_len;

    if (s->tls || c->pool->cleanup) {
        return;
    }

    log = ngx_palloc(pool, sizeof(ngx_log_t));
    sockaddr = ngx_palloc(pool, c->socklen);
    text = ngx_game_session_shares(c, &address)
           ? address.data : ngx_pnalloc(pool, c->addr_text.len);

    if (log == NULL || sockaddr == NULL || text == NULL) {
        return;
    }

    *log = *c->log;
    ngx_memcpy(sockaddr, c->sockaddr, c->socklen);
    ngx_memcpy(text, c->addr_text.data, c->addr_text.len);

    c->log = log;
    c->read->log = log;
    c->write->log = log;
    c->sockaddr = sockaddr;
    c->addr_text.data = text;
    c->local_sockaddr = c->listening->sockaddr;
    c->local_socklen = c->listening->socklen;
    c->proxy_protocol = NULL;

    ngx_destroy_pool(c->pool);

    pool->log = log;
    c->pool = pool;
    s->cold->pool = NULL;
}


void
ngx_game_session_start(ngx_game_session_t *s)
{
    ngx_connection_t  *c;

    ngx_game_session_adopt(s);

    c = s->connection;

    c->data = s;
    c->idle = 1;
    c->log->handler = ngx_game_session_log_error;
    c->log->data = s;
    c->log->action = NULL;
    c->read->handler = ngx_game_session_read_handler;
    c->write->handler = ngx_game_session_write_handler;

    if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }

    s->ready = 1;
    s->untold = 0;
    s->received = ngx_current_msec;
    s->pinged = ngx_current_msec;

    if (s->closing) {
        ngx_add_timer(c->read, NGX_GAME_CLOSE_DRAIN);

    } else {
        ngx_game_session_timer(s);
        ngx_game_guard_add(s);
    }

    ngx_game_session_wake(s);

    ngx_post_event(c->read, &ngx_posted_events);
}


void
ngx_game_session_abort(ngx_game_session_t *s)
{
    if (!s->told) {
        ngx_game_close_tell(s);
    }

    ngx_game_close_log(s);
    ngx_game_session_free(s);
}


void
ngx_game_session_forget(ngx_game_session_t *s)
{
    ngx_game_guard_release(s);

    (void) game_map_remove(&ngx_game_sessions, s->player);

    ngx_game_count(sessions, -1);

    if (s->limited) {
        s->limited = 0;
        ngx_game_limit_release(s->cold->limit);
    }
}


void
ngx_game_session_free(ngx_game_session_t *s)
{
    ngx_pool_t  *pool;

    pool = s->cold->pool;

    ngx_game_input_free(s);
    ngx_game_output_free(s);

    if (s->zip) {
        game_inflate_destroy(s->zip->inflate);
        game_deflate_destroy(s->zip->deflate);
        ngx_free(s->zip);
    }

    if (pool) {
        ngx_destroy_pool(pool);
    }
}


void
ngx_game_session_read_handler(ngx_event_t *rev)
{
    ngx_connection_t    *c;
    ngx_game_session_t  *s;

    c = rev->data;
    s = c->data;

    /* ticks come before what there is to read */

    ngx_game_clock_poll();

    c->log->action = "reading from a player";

    if (ngx_game_session_has_news(c)) {
        ngx_game_session_check(s);
    }

    ngx_game_session_reading = s;

    if (!s->ended) {
        ngx_game_input_read(s);
    }

    ngx_game_session_reading = NULL;

    if (s->closing || s->ended) {
        ngx_game_close_settle(s);
    }
}


void
ngx_game_session_write_handler(ngx_event_t *wev)
{
    ngx_connection_t    *c;
    ngx_game_session_t  *s;

    c = wev->data;
    s = c->data;

    c->log->action = "sending to a player";

    if (ngx_game_session_has_news(c)) {
        ngx_game_session_check(s);
    }

    if (!s->ended && !s->shut) {
        ngx_game_feed_take(s);
        ngx_game_output_flush(s);
    }

    if (s->closing || s->ended) {
        ngx_game_close_settle(s);
    }
}


/*
 * While TLS has to read in order to write, or the other way round, nginx puts
 * handlers of its own in place that call only one of ours for both events: so
 * each of ours looks at all that may have happened.
 */

static void
ngx_game_session_check(ngx_game_session_t *s)
{
    ngx_connection_t  *c;

    c = s->connection;

    if (c->close) {

        /*
         * Once when the worker begins to exit, to be ignored: the session goes
         * on; and, with c->error, after worker_shutdown_timeout.
         */

        c->close = 0;

        if (c->error || ngx_terminate) {
            ngx_game_close_stop(s);
        }
    }

    if (c->read->timedout) {
        c->read->timedout = 0;
        ngx_game_session_timer(s);
    }

    if (c->write->timedout) {
        c->write->timedout = 0;

        ngx_log_error(NGX_LOG_INFO, c->log, NGX_ETIMEDOUT, "client timed out");

        c->timedout = 1;
        ngx_game_close_end(s, NGX_GAME_TIMEOUT);
    }
}


/* set for the next ping or the idle timeout, whatever comes first, and not
 * moved when something comes: that is looked at when it expires */

static void
ngx_game_session_timer(ngx_game_session_t *s)
{
    ngx_msec_t            idle, quiet, left;
    ngx_game_loc_conf_t  *conf;

    if (s->ended) {
        return;
    }

    if (s->closing) {
        ngx_game_close_timer(s);
        return;
    }

    if (s->blocked) {
        s->received = ngx_current_msec;
    }

    conf = s->conf;
    idle = ngx_current_msec - s->received;

    if (idle >= conf->idle_timeout) {
        ngx_log_error(NGX_LOG_INFO, s->connection->log, NGX_ETIMEDOUT,
                      "client timed out");

        ngx_game_session_close(s, 1001, "idle timeout",
                               sizeof("idle timeout") - 1, NGX_GAME_TIMEOUT);
        return;
    }

    left = conf->idle_timeout - idle;

    if (conf->ping_interval) {
        quiet = ngx_current_msec - s->pinged;

        if (quiet >= conf->ping_interval) {
            ngx_game_session_ping(s);
            quiet = 0;
        }

        left = ngx_min(left, conf->ping_interval - quiet);
    }

    ngx_add_timer(s->connection->read, left);
}


/* also where the client sends all the time, since the round trip is wanted */

static void
ngx_game_session_ping(ngx_game_session_t *s)
{
    s->pinged = ngx_current_msec;
    s->pinging = 1;

    ngx_game_session_control(s, GAME_WS_PING, (u_char *) &s->pinged,
                             sizeof(ngx_msec_t));
}


void
ngx_game_session_wake(ngx_game_session_t *s)
{
    if (s->ready) {
        ngx_post_event(s->connection->write, &ngx_posted_events);
    }
}


void
ngx_game_session_control(ngx_game_session_t *s, ngx_uint_t opcode,
    u_char *payload, size_t len)
{
    if (ngx_game_output_frame(s, opcode, payload, len) != NGX_OK) {
        ngx_game_close_end(s, NGX_GAME_ERROR);
        return;
    }

    ngx_game_session_wake(s);
}


void
ngx_game_session_pong(ngx_game_session_t *s, u_char *data, size_t len)
{
    if (ngx_game_output_pong(s, data, len) != NGX_OK) {
        ngx_game_close_end(s, NGX_GAME_ERROR);
        return;
    }

    ngx_game_session_wake(s);
}


void
ngx_game_session_closed(ngx_game_session_t *s)
{
    ngx_game_session_handlers->closed(s, s->cold->why);
}


void
ngx_game_session_message(ngx_game_session_t *s, ngx_game_kind_e kind,
    u_char *data, size_t len)
{
    s->cold->messages_in++;
    ngx_game_count(messages_in, 1);

    ngx_game_session_handlers->message(s, kind, data, len);
}


void
ngx_game_session_deliver(ngx_game_session_t *s, ngx_uint_t now)
{
    ngx_game_session_handlers->deliver(s, now);
}


void
ngx_game_session_measured(ngx_game_session_t *s, uint32_t rtt)
{
    s->rtt = rtt;

    ngx_game_session_handlers->measured(s);
}


void
ngx_game_session_texts(ngx_game_session_t *s, ngx_str_t *identity,
    ngx_str_t *address)
{
    ngx_game_cold_t  *cold;

    cold = s->cold;

    address->data = cold->text;
    address->len = cold->address_len;

    identity->data = cold->text + cold->address_len;
    identity->len = cold->identity_len;
}


uint32_t
ngx_game_session_number(ngx_game_session_t *s)
{
    return s->cold->number;
}


const ngx_game_secret_t *
ngx_game_session_secret(ngx_game_session_t *s)
{
    static const ngx_game_secret_t  none;

    return s->late ? &none : &s->cold->secret;
}


/* who says goodbye, or breaks a rule, does not come back.  A page that is left
 * (1001) may have been reloaded */

const ngx_game_secret_t *
ngx_game_session_next_secret(ngx_game_session_t *s)
{
    ngx_uint_t        code, may;
    ngx_game_cold_t  *cold;

    static const ngx_game_secret_t  none;

    cold = s->cold;
    code = cold->code;

    switch ((ngx_game_reason_e) cold->why) {

    case NGX_GAME_TIMEOUT:
    case NGX_GAME_LOST:
    case NGX_GAME_SHUTDOWN:
        may = 1;
        break;

    case NGX_GAME_LEFT:
        may = (code == NGX_GAME_CLOSE_NONE || code == 1001);
        break;

    case NGX_GAME_ERROR:
        may = (code == NGX_GAME_CLOSE_NONE || code == 1011 || code == 1013);
        break;

    default:
        may = 0;
    }

    return (may && !s->untold) ? &cold->secret : &none;
}


uint64_t
ngx_game_session_got(ngx_game_session_t *s)
{
    ngx_game_feed_take(s);

    return s->cold->others + s->cold->messages_out
           + ngx_game_output_messages(s);
}


void
ngx_game_session_set_got(ngx_game_session_t *s, uint64_t got)
{
    s->cold->others += got - ngx_game_session_got(s);
}


/* no message of the room's */

void
ngx_game_session_say(ngx_game_session_t *s, u_char *text, size_t len)
{
    s->cold->others--;

    ngx_game_session_send(s, NGX_GAME_TEXT, text, len);
}


ngx_uint_t
ngx_game_session_proven(ngx_game_session_t *s)
{
    return s->cold->bytes_in != 0;
}


void
ngx_game_session_block(ngx_game_session_t *s)
{
    if (!s->closing) {
        s->blocked = 1;
    }
}


void
ngx_game_session_unblock(ngx_game_session_t *s)
{
    if (!s->blocked) {
        return;
    }

    s->blocked = 0;
    s->received = ngx_current_msec;

    if (s->ready) {
        ngx_post_event(s->connection->read, &ngx_posted_events);
    }
}


ngx_game_session_t *
ngx_game_session_next(size_t *cursor)
{
    uint64_t  player;

    return game_map_next(&ngx_game_sessions, cursor, &player);
}


ngx_game_session_t *
ngx_game_session_find(uint64_t player)
{
    ngx_game_session_t  *s;

    /* most are looked for to answer what was read from them */

    s = ngx_game_session_reading;

    if (s && s->player == player && !s->told) {
        return s;
    }

    return game_map_get(&ngx_game_sessions, player);
}


/* what an error log line of a session's connection ends with */

static u_char *
ngx_game_session_log_error(ngx_log_t *log, u_char *buf, size_t len)
{
    u_char              *p, room[NGX_GAME_ID_LEN], player[NGX_GAME_ID_LEN];
    ngx_game_cold_t     *cold;
    ngx_game_session_t  *s;

    s = log->data;

    if (log->action) {
        p = ngx_snprintf(buf, len, " while %s", log->action);
        len -= p - buf;
        buf = p;
    }

    cold = s->cold;

    ngx_game_id_format(room, s->room);
    ngx_game_id_format(player, s->player);

    return ngx_snprintf(buf, len,
                        ", client: %*s, game: \"%V\", room: %*s, player: %*s",
                        (size_t) cold->address_len, cold->text,
                        &s->conf->game->name,
                        (size_t) NGX_GAME_ID_LEN, room,
                        (size_t) NGX_GAME_ID_LEN, player);
}
