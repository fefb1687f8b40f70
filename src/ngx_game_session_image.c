
/*
 * Copyright (C) ngx_game authors
 *
 * A session as bytes.  What is kept of its input moves with it, also half a
 * frame or half a message, and what a compressed message may refer to; bytes
 * that were not read yet are still in the socket.  What its output has to say
 * comes later, see ngx_game_pass.c.
 *
 * Both workers run the same build, so that structs are written as they are.
 */


#include "ngx_game_transport.h"
#include "ngx_game_limit.h"


/* the parts that follow, in this order */
typedef enum {
    NGX_GAME_SESSION_SOCKADDR = 0,
    NGX_GAME_SESSION_ADDR_TEXT,
    NGX_GAME_SESSION_TEXTS,                   /* address, identity */
    NGX_GAME_SESSION_REST,                    /* read, but not parsed */
    NGX_GAME_SESSION_DATA,                    /* the message under way */
    NGX_GAME_SESSION_CONTEXT,                 /* of the inflater */
    NGX_GAME_SESSION_PARTS
} ngx_game_session_part_e;


typedef struct {
    uint64_t                   key;           /* of the location */
    uint64_t                   game;          /* hash */
    uint64_t                   player;
    uint64_t                   room;
    uint64_t                   owner;
    uint64_t                   limit;
    game_ws_t                  ws;
    game_rate_t                rate;
    game_deflate_params_t      deflate;
    ngx_msec_t                 opened;
    uint64_t                   messages_in;
    uint64_t                   messages_out;
    uint64_t                   bytes_in;
    uint64_t                   bytes_out;
    ngx_game_secret_t          secret;
    uint64_t                   others;
    uint32_t                   number;
    uint32_t                   rtt;
    uint32_t                   utf8;
    uint8_t                    codec;
    uint8_t                    limited;
    uint8_t                    deflated;
    uint16_t                   address_len;
    uint16_t                   identity_len;
    uint32_t                   parts[NGX_GAME_SESSION_PARTS];
} ngx_game_session_image_t;


static ngx_int_t ngx_game_session_image_read(ngx_game_session_image_t *image,
    ngx_str_t *parts, ngx_str_t *from);
static ngx_game_loc_conf_t *ngx_game_session_location(uint64_t key,
    uint64_t game);
static ngx_connection_t *ngx_game_session_connection(ngx_fd_t fd,
    ngx_game_loc_conf_t *conf, ngx_game_session_image_t *image,
    ngx_str_t *parts);
static ngx_listening_t *ngx_game_session_listening(void);
static ngx_game_session_t *ngx_game_session_make(ngx_connection_t *c,
    ngx_game_loc_conf_t *conf, ngx_game_session_image_t *image,
    ngx_str_t *parts);
static ngx_int_t ngx_game_session_restore(ngx_game_session_t *s,
    ngx_game_session_image_t *image, ngx_str_t *parts);


ngx_uint_t
ngx_game_session_movable(ngx_game_session_t *s)
{
    return s->ready && !s->tls && !s->closing && !s->ended && !s->shut
           && !(s->ws.opcode && s->ws.compressed);
}


ngx_int_t
ngx_game_session_pack(ngx_game_session_t *s, ngx_str_t *image)
{
    u_char                    *p, *context;
    ngx_uint_t                 i;
    ngx_str_t                  parts[NGX_GAME_SESSION_PARTS];
    ngx_game_cold_t           *cold;
    ngx_connection_t          *c;
    ngx_game_session_image_t   head;

    c = s->connection;
    cold = s->cold;
    context = NULL;

    ngx_memzero(&head, sizeof(ngx_game_session_image_t));
    ngx_memzero(parts, sizeof(parts));

    head.key = s->conf->key;
    head.game = s->conf->game->hash;
    head.player = s->player;
    head.room = s->room;
    head.owner = s->owner;
    head.ws = s->ws;
    head.rate = s->rate;
    head.opened = cold->opened;
    head.messages_in = cold->messages_in;
    head.messages_out = cold->messages_out;
    head.bytes_in = cold->bytes_in;
    head.bytes_out = cold->bytes_out;
    head.secret = cold->secret;
    head.others = cold->others;
    head.number = cold->number;
    head.rtt = s->rtt;
    head.codec = s->codec;
    head.limit = cold->limit;
    head.limited = s->limited;
    head.address_len = cold->address_len;
    head.identity_len = cold->identity_len;

    parts[NGX_GAME_SESSION_SOCKADDR].data = (u_char *) c->sockaddr;
    parts[NGX_GAME_SESSION_SOCKADDR].len = c->socklen;
    parts[NGX_GAME_SESSION_ADDR_TEXT] = c->addr_text;
    parts[NGX_GAME_SESSION_TEXTS].data = cold->text;
    parts[NGX_GAME_SESSION_TEXTS].len = cold->address_len
                                        + cold->identity_len;

    if (s->in) {
        head.utf8 = s->in->utf8;

        if (s->in->rest) {
            parts[NGX_GAME_SESSION_REST].data = s->in->rest;
            parts[NGX_GAME_SESSION_REST].len = s->in->rest_len;
        }

        parts[NGX_GAME_SESSION_DATA].data = s->in->data;
        parts[NGX_GAME_SESSION_DATA].len = s->in->len;
    }

    if (s->zip) {
        head.deflated = 1;
        head.deflate = s->zip->params;

        if (s->zip->inflate) {
            context = ngx_alloc(GAME_INFLATE_CONTEXT_MAX, c->log);
            if (context == NULL) {
                return NGX_ERROR;
            }

            parts[NGX_GAME_SESSION_CONTEXT].data = context;
            parts[NGX_GAME_SESSION_CONTEXT].len =
                             game_inflate_context(s->zip->inflate, context);
        }
    }

    image->len = sizeof(ngx_game_session_image_t);

    for (i = 0; i < NGX_GAME_SESSION_PARTS; i++) {
        head.parts[i] = (uint32_t) parts[i].len;
        image->len += parts[i].len;
    }

    image->data = ngx_alloc(image->len, c->log);

    if (image->data) {
        p = ngx_cpymem(image->data, &head, sizeof(ngx_game_session_image_t));

        for (i = 0; i < NGX_GAME_SESSION_PARTS; i++) {
            if (parts[i].len) {
                p = ngx_cpymem(p, parts[i].data, parts[i].len);
            }
        }
    }

    ngx_free(context);

    return image->data ? NGX_OK : NGX_ERROR;
}


ngx_game_session_t *
ngx_game_session_unpack(ngx_str_t *from, ngx_fd_t fd, const char **error)
{
    ngx_str_t                  parts[NGX_GAME_SESSION_PARTS];
    ngx_connection_t          *c;
    ngx_game_session_t        *s;
    ngx_game_loc_conf_t       *conf;
    ngx_game_session_image_t   image;

    if (ngx_game_session_image_read(&image, parts, from) != NGX_OK) {
        *error = "its image is broken";
        return NULL;
    }

    conf = ngx_game_session_location(image.key, image.game);

    if (conf == NULL) {
        *error = "the configuration has no such game";
        return NULL;
    }

    *error = "no connection or memory is left";

    c = ngx_game_session_connection(fd, conf, &image, parts);
    if (c == NULL) {
        return NULL;
    }

    s = ngx_game_session_make(c, conf, &image, parts);

    if (s == NULL) {
        ngx_destroy_pool(c->pool);
        ngx_free_connection(c);
        c->fd = (ngx_socket_t) -1;
        return NULL;
    }

#if (NGX_STAT_STUB)
    (void) ngx_atomic_fetch_add(ngx_stat_active, 1);
#endif

    return s;
}


static ngx_int_t
ngx_game_session_image_read(ngx_game_session_image_t *image, ngx_str_t *parts,
    ngx_str_t *from)
{
    u_char      *p;
    size_t       left;
    ngx_uint_t   i;

    if (from->len < sizeof(ngx_game_session_image_t)) {
        return NGX_ERROR;
    }

    ngx_memcpy(image, from->data, sizeof(ngx_game_session_image_t));

    p = from->data + sizeof(ngx_game_session_image_t);
    left = from->len - sizeof(ngx_game_session_image_t);

    for (i = 0; i < NGX_GAME_SESSION_PARTS; i++) {

        if (image->parts[i] > left) {
            return NGX_ERROR;
        }

        parts[i].data = p;
        parts[i].len = image->parts[i];

        p += image->parts[i];
        left -= image->parts[i];
    }

    if (left != 0
        || image->codec > NGX_GAME_RAW
        || parts[NGX_GAME_SESSION_SOCKADDR].len > sizeof(ngx_sockaddr_t)
        || parts[NGX_GAME_SESSION_TEXTS].len
           != (size_t) image->address_len + image->identity_len)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* the same location, or any other of the game */

static ngx_game_loc_conf_t *
ngx_game_session_location(uint64_t key, uint64_t game)
{
    ngx_uint_t             i;
    ngx_array_t           *locations;
    ngx_game_loc_conf_t  **conf, *other;

    locations = &ngx_game_worker.conf->locations;
    conf = locations->elts;
    other = NULL;

    for (i = 0; i < locations->nelts; i++) {

        if (conf[i]->game->hash != game) {
            continue;
        }

        if (conf[i]->key == key) {
            return conf[i];
        }

        if (other == NULL) {
            other = conf[i];
        }
    }

    return other;
}


/* as ngx_event_accept() and ngx_http_init_connection() make one */

static ngx_connection_t *
ngx_game_session_connection(ngx_fd_t fd, ngx_game_loc_conf_t *conf,
    ngx_game_session_image_t *image, ngx_str_t *parts)
{
    u_char            *text;
    ngx_log_t         *log;
    ngx_str_t         *address;
    ngx_pool_t        *pool;
    ngx_connection_t  *c;
    struct sockaddr   *sockaddr;
    ngx_listening_t   *ls;

    ls = ngx_game_session_listening();

    if (ls == NULL) {
        return NULL;
    }

    pool = ngx_create_pool(NGX_MIN_POOL_SIZE, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    address = &parts[NGX_GAME_SESSION_ADDR_TEXT];

    log = ngx_palloc(pool, sizeof(ngx_log_t));
    sockaddr = ngx_palloc(pool, parts[NGX_GAME_SESSION_SOCKADDR].len);
    text = ngx_pnalloc(pool, address->len);

    c = (log && sockaddr && text) ? ngx_get_connection(fd, ngx_cycle->log)
                                  : NULL;
    if (c == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    *log = *conf->error_log;
    log->handler = NULL;
    log->data = NULL;
    log->action = NULL;

    pool->log = log;

    c->pool = pool;
    c->type = SOCK_STREAM;
    c->log = log;
    c->read->log = log;
    c->write->log = log;
    c->log_error = NGX_ERROR_INFO;
    c->listening = ls;
    c->local_sockaddr = ls->sockaddr;
    c->local_socklen = ls->socklen;

    ngx_memcpy(sockaddr, parts[NGX_GAME_SESSION_SOCKADDR].data,
               parts[NGX_GAME_SESSION_SOCKADDR].len);
    c->sockaddr = sockaddr;
    c->socklen = parts[NGX_GAME_SESSION_SOCKADDR].len;

    ngx_memcpy(text, address->data, address->len);
    c->addr_text.data = text;
    c->addr_text.len = address->len;

    c->recv = ngx_recv;
    c->send = ngx_send;
    c->recv_chain = ngx_recv_chain;
    c->send_chain = ngx_send_chain;

    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);
    c->start_time = ngx_current_msec;
    c->tcp_nodelay = NGX_TCP_NODELAY_SET;
    c->write->ready = 1;

    return c;
}


static ngx_listening_t *
ngx_game_session_listening(void)
{
    ngx_uint_t        i;
    ngx_listening_t  *ls;

    ls = ngx_cycle->listening.elts;

    for (i = 0; i < ngx_cycle->listening.nelts; i++) {
        if (ls[i].handler == ngx_http_init_connection) {
            return &ls[i];
        }
    }

    return NULL;
}


static ngx_game_session_t *
ngx_game_session_make(ngx_connection_t *c, ngx_game_loc_conf_t *conf,
    ngx_game_session_image_t *image, ngx_str_t *parts)
{
    ngx_game_cold_t            *cold;
    ngx_game_session_t         *s;
    ngx_game_session_params_t   params;

    ngx_memzero(&params, sizeof(ngx_game_session_params_t));

    params.conf = conf;
    params.player = image->player;
    params.room = image->room;
    params.owner = image->owner;
    params.codec = image->codec;
    params.address.data = parts[NGX_GAME_SESSION_TEXTS].data;
    params.address.len = image->address_len;
    params.identity.data = params.address.data + image->address_len;
    params.identity.len = image->identity_len;
    params.secret = image->secret;
    params.got = image->others;
    params.number = image->number;
    params.limit = image->limit;
    params.moved = 1;
    params.deflated = image->deflated;
    params.deflate = image->deflate;

    s = ngx_game_session_create(c, &params);

    if (s == NULL) {
        return NULL;
    }

    /* the old gateway has it counted until it has given the session up */

    s->uncounted = image->limited;

    cold = s->cold;
    cold->opened = image->opened;
    cold->messages_in = image->messages_in;
    cold->messages_out = image->messages_out;
    cold->bytes_in = image->bytes_in;
    cold->bytes_out = image->bytes_out;

    s->ws = image->ws;
    s->rate = image->rate;
    s->rtt = image->rtt;
    s->blocked = 1;
    s->shared = 1;

    if (ngx_game_session_restore(s, image, parts) != NGX_OK) {
        ngx_game_session_forget(s);
        ngx_game_session_free(s);
        return NULL;
    }

    return s;
}


static ngx_int_t
ngx_game_session_restore(ngx_game_session_t *s,
    ngx_game_session_image_t *image, ngx_str_t *parts)
{
    ngx_str_t         *rest, *data, *context;
    ngx_game_input_t  *in;

    rest = &parts[NGX_GAME_SESSION_REST];
    data = &parts[NGX_GAME_SESSION_DATA];
    context = &parts[NGX_GAME_SESSION_CONTEXT];

    if (rest->len
        && ngx_game_input_keep(s, rest->data, rest->len) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (data->len) {
        in = ngx_game_input_get(s);

        if (in == NULL) {
            return NGX_ERROR;
        }

        in->data = ngx_alloc(data->len, s->connection->log);
        if (in->data == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(in->data, data->data, data->len);
        in->len = data->len;
        in->size = data->len;
        in->utf8 = image->utf8;
    }

    if (context->len && s->zip) {
        s->zip->inflate = game_inflate_create(&s->zip->params);

        if (s->zip->inflate == NULL
            || game_inflate_restore(s->zip->inflate, context->data,
                                    context->len)
               != 0)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


void
ngx_game_session_come(ngx_game_session_t *s)
{
    if (s->uncounted) {
        s->uncounted = 0;
        s->limited = (ngx_game_limit_take(s->cold->limit) == NGX_OK);
    }

    ngx_game_session_start(s);
}


void
ngx_game_session_gone(ngx_game_session_t *s)
{
    ngx_connection_t  *c;

    c = s->connection;

    ngx_game_session_forget(s);
    ngx_game_session_free(s);

    c->data = NULL;
    c->log->handler = NULL;
    c->log->data = NULL;
    c->log->action = NULL;

    ngx_game_session_unwatch(c);

    if (c->read->timer_set) {
        ngx_del_timer(c->read);
    }

    if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }

    ngx_http_close_connection(c);
}


void
ngx_game_session_unwatch(ngx_connection_t *c)
{
    if (ngx_del_conn) {
        if (c->read->active || c->write->active) {
            (void) ngx_del_conn(c, 0);
        }

    } else {
        if (c->read->active || c->read->disabled) {
            (void) ngx_del_event(c->read, NGX_READ_EVENT, 0);
        }

        if (c->write->active || c->write->disabled) {
            (void) ngx_del_event(c->write, NGX_WRITE_EVENT, 0);
        }
    }
}
