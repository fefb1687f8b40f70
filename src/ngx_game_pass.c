
/*
 * Copyright (C) ngx_game authors
 *
 * An entry for each session that is on its way, in both gateways, found by its
 * player.  In the new one the descriptor and the image come by two ways, in
 * any order.
 */


#include "ngx_game_pass.h"
#include "ngx_game_group.h"
#include "ngx_game_mail.h"
#include "ngx_game_sync.h"
#include "ngx_game_transport.h"
#include "ngx_game_zone.h"
#include "core/game_map.h"


/* sessions on their way at the same time */
#define NGX_GAME_PASS_MAX      64

/* how often an exiting worker looks for sessions to pass on, ms: while there
 * are some, while there are none, and after a refusal */
#define NGX_GAME_PASS_ROUND    2
#define NGX_GAME_PASS_QUIET    200
#define NGX_GAME_PASS_REFUSED  100

/* seconds between two warnings of that; the others are info */
#define NGX_GAME_PASS_SILENT   1


typedef enum {
    NGX_GAME_PASS_SENT = 0,        /* old gateway: READY is to come */
    NGX_GAME_PASS_SWITCHING,       /* the same: SWITCHED */
    NGX_GAME_PASS_COMING           /* new gateway */
} ngx_game_pass_state_e;


typedef struct {
    uint64_t                   player;
    uint64_t                   peer;          /* epoch of the other gateway */
    ngx_game_session_t        *s;             /* COMING: NULL at first */
    ngx_str_t                  image;         /* COMING: has come before fd */
    ngx_str_t                  rest;          /* ... before ARRIVE */
    uint64_t                   got;           /* messages, by the old one */
    uint64_t                   before;        /* the same, by its image */
    uint32_t                   written;       /* of the rest */
    ngx_fd_t                   fd;
    ngx_game_pass_state_e      state;
    unsigned                   mailed:1;      /* fd has come */
    unsigned                   imaged:1;      /* image has */
    unsigned                   aborted:1;
    unsigned                   arrived:1;
    unsigned                   ended:1;       /* END has come */
} ngx_game_pass_t;


typedef struct {
    game_map_t                 map;
    ngx_uint_t                 out;           /* on their way from here */
    ngx_event_t                round;
    ngx_connection_t           dummy;
    ngx_msec_t                 refused;       /* when, 0: never */
} ngx_game_passes_t;


static void ngx_game_pass_round(ngx_event_t *ev);
static ngx_uint_t ngx_game_pass_wanted(ngx_game_session_t *s);
static ngx_int_t ngx_game_pass_start(ngx_game_session_t *s);
static void ngx_game_pass_send(uint64_t dst, ngx_game_sync_type_e type,
    uint32_t arg, ngx_game_pass_t *pass, ngx_str_t *payload);
static void ngx_game_pass_ready(ngx_game_pass_t *pass, uint32_t refused);
static void ngx_game_pass_stay(ngx_game_pass_t *pass);
static void ngx_game_pass_switched(ngx_game_pass_t *pass, uint32_t refused);
static void ngx_game_pass_finish(ngx_game_pass_t *pass);
static void ngx_game_pass_send_end(ngx_game_pass_t *pass, ngx_str_t *rest,
    uint32_t written);
static ngx_game_pass_t *ngx_game_pass_coming(uint64_t player, uint64_t peer);
static void ngx_game_pass_image(ngx_game_record_t *record, u_char *payload,
    size_t len);
static void ngx_game_pass_mailed(uint64_t src, uint64_t player, ngx_fd_t fd,
    ngx_str_t *text);
static void ngx_game_pass_make(ngx_game_pass_t *pass);
static void ngx_game_pass_abort(ngx_game_pass_t *pass);
static void ngx_game_pass_arrive(uint64_t owner, uint64_t room,
    uint64_t player);
static void ngx_game_pass_lose(uint64_t owner, uint64_t room,
    uint64_t player);
static void ngx_game_pass_end(ngx_game_pass_t *pass, uint32_t written,
    u_char *payload, size_t len);
static void ngx_game_pass_begin(ngx_game_pass_t *pass);
static void ngx_game_pass_drop(ngx_game_pass_t *pass);
static void ngx_game_pass_free(ngx_game_pass_t *pass);


static ngx_game_passes_t  ngx_game_passes;


ngx_int_t
ngx_game_pass_init(ngx_cycle_t *cycle)
{
    ngx_game_passes.dummy.fd = (ngx_socket_t) -1;

    ngx_game_mail_on(NGX_GAME_MAIL_PASS, ngx_game_pass_mailed);

    return ngx_game_mail_init(cycle);
}


/* the old gateway */

void
ngx_game_pass_exit(void)
{
    ngx_event_t  *ev;

    ev = &ngx_game_passes.round;

    ev->handler = ngx_game_pass_round;
    ev->data = &ngx_game_passes.dummy;
    ev->log = ngx_game_worker.cycle->log;
    ev->cancelable = 1;

    ngx_add_timer(ev, NGX_GAME_PASS_ROUND);
}


static void
ngx_game_pass_round(ngx_event_t *ev)
{
    size_t               cursor;
    ngx_uint_t           wanted;
    ngx_game_session_t  *s;

    cursor = 0;
    wanted = ngx_game_passes.out;

    if (ngx_game_passes.refused == 0
        || ngx_current_msec - ngx_game_passes.refused
           >= NGX_GAME_PASS_REFUSED)
    {
        while (ngx_game_passes.out < NGX_GAME_PASS_MAX
               && (s = ngx_game_session_next(&cursor)))
        {
            if (!ngx_game_pass_wanted(s)) {
                continue;
            }

            wanted++;

            if (ngx_game_pass_start(s) != NGX_OK) {
                break;
            }
        }
    }

    ngx_add_timer(ev, wanted ? NGX_GAME_PASS_ROUND : NGX_GAME_PASS_QUIET);
}


/* its room has an owner that stays, and is not on its way to another one */

static ngx_uint_t
ngx_game_pass_wanted(ngx_game_session_t *s)
{
    ngx_game_group_t  *group;

    if (s->passing || s->feed == NULL || !ngx_game_session_movable(s)) {
        return 0;
    }

    group = ngx_queue_data(s->feed, ngx_game_group_t, feed);

    return !group->moving
           && s->owner != ngx_game_worker.epoch
           && ngx_game_zone_accepting(s->owner);
}


/* to the worker of its room; NGX_AGAIN: later */

static ngx_int_t
ngx_game_pass_start(ngx_game_session_t *s)
{
    ngx_int_t         rc;
    ngx_str_t         image;
    ngx_game_pass_t  *pass;

    pass = ngx_calloc(sizeof(ngx_game_pass_t), ngx_cycle->log);
    if (pass == NULL) {
        return NGX_AGAIN;
    }

    pass->player = s->player;
    pass->peer = s->owner;
    pass->s = s;
    pass->fd = (ngx_fd_t) -1;
    pass->state = NGX_GAME_PASS_SENT;

    if (ngx_game_session_pack(s, &image) != NGX_OK) {
        ngx_free(pass);
        return NGX_AGAIN;
    }

    if (game_map_set(&ngx_game_passes.map, s->player, pass) != 0) {
        ngx_free(image.data);
        ngx_free(pass);
        return NGX_AGAIN;
    }

    ngx_game_passes.out++;

    rc = ngx_game_mail_send(pass->peer, NGX_GAME_MAIL_PASS, s->player,
                            s->connection->fd, NULL);

    if (rc == NGX_OK) {
        s->passing = 1;
        s->shared = 1;
        ngx_game_guard_release(s);
        ngx_game_session_block(s);
        ngx_game_pass_send(pass->peer, NGX_GAME_SYNC_PASS, 0, pass, &image);

    } else {
        ngx_game_pass_free(pass);
    }

    ngx_free(image.data);

    return (rc == NGX_OK) ? NGX_OK : NGX_AGAIN;
}


static void
ngx_game_pass_send(uint64_t dst, ngx_game_sync_type_e type, uint32_t arg,
    ngx_game_pass_t *pass, ngx_str_t *payload)
{
    ngx_game_record_t  record;

    ngx_game_sync_fill(&record, type, arg, pass->s ? pass->s->room : 0,
                       pass->player);
    ngx_game_sync_tell(dst, &record, payload);
}


static void
ngx_game_pass_ready(ngx_game_pass_t *pass, uint32_t refused)
{
    ngx_str_t            to;
    ngx_game_group_t    *group;
    ngx_game_session_t  *s;

    s = pass->s;

    if (refused) {
        ngx_game_passes.refused = ngx_current_msec;
        ngx_game_pass_stay(pass);
        return;
    }

    group = s->feed ? ngx_queue_data(s->feed, ngx_game_group_t, feed) : NULL;

    if (group == NULL || group->moving || s->closing || s->ended) {
        ngx_game_pass_send(pass->peer, NGX_GAME_SYNC_ABORT, 0, pass, NULL);
        ngx_game_pass_stay(pass);
        return;
    }

    pass->state = NGX_GAME_PASS_SWITCHING;

    to.data = (u_char *) &pass->peer;
    to.len = sizeof(uint64_t);

    ngx_game_pass_send(s->owner, NGX_GAME_SYNC_SWITCH, 0, pass, &to);
}


/* the session goes on here */

static void
ngx_game_pass_stay(ngx_game_pass_t *pass)
{
    ngx_game_group_t    *group;
    ngx_game_session_t  *s;

    s = pass->s;
    s->passing = 0;

    ngx_game_pass_free(pass);

    group = s->feed ? ngx_queue_data(s->feed, ngx_game_group_t, feed) : NULL;

    if (group && !group->moving) {
        ngx_game_session_unblock(s);
    }
}


static void
ngx_game_pass_switched(ngx_game_pass_t *pass, uint32_t refused)
{
    ngx_game_session_t  *s;

    static const char  died[] = "the worker has died";

    s = pass->s;

    if (refused || s->closing || s->ended) {
        ngx_game_pass_send(pass->peer, NGX_GAME_SYNC_ABORT, 0, pass, NULL);
        ngx_game_pass_stay(pass);
        return;
    }

    if (!ngx_game_zone_alive(pass->peer)) {
        ngx_game_pass_stay(pass);
        ngx_game_session_close(s, 1011, died, sizeof(died) - 1,
                               NGX_GAME_LOST);
        return;
    }

    ngx_game_pass_finish(pass);
}


/* nothing more comes for it from the room */

static void
ngx_game_pass_finish(ngx_game_pass_t *pass)
{
    uint32_t             written;
    ngx_str_t            rest;
    ngx_game_session_t  *s;

    s = pass->s;

    ngx_game_feed_take(s);

    if (s->closing || s->ended
        || (s->out && s->connection->write->ready
            && (ngx_game_output_flush(s), s->ended))
        || ngx_game_output_rest(s, &rest, &written) != NGX_OK)
    {
        /* it was too slow, or its connection has failed */

        ngx_game_pass_send(pass->peer, NGX_GAME_SYNC_ABORT, 0, pass, NULL);
        ngx_game_pass_stay(pass);
        return;
    }

    ngx_game_pass_send_end(pass, &rest, written);

    ngx_free(rest.data);

    ngx_game_count(sessions_given, 1);

    ngx_game_group_remove(s);
    ngx_game_pass_free(pass);

    ngx_game_session_gone(s);
}


static void
ngx_game_pass_send_end(ngx_game_pass_t *pass, ngx_str_t *rest,
    uint32_t written)
{
    uint64_t           got;
    ngx_str_t          parts[2];
    ngx_game_record_t  record;

    got = ngx_game_session_got(pass->s);

    parts[0].data = (u_char *) &got;
    parts[0].len = sizeof(uint64_t);
    parts[1] = *rest;

    ngx_game_sync_fill(&record, NGX_GAME_SYNC_END, written, pass->s->room,
                       pass->player);

    (void) ngx_game_channel_tell(pass->peer, &record, parts,
                                 rest->len ? 2 : 1);
}


void
ngx_game_pass_cancel(ngx_game_session_t *s)
{
    ngx_game_pass_t  *pass;

    pass = game_map_get(&ngx_game_passes.map, s->player);

    if (pass && pass->s == s) {

        if (pass->state != NGX_GAME_PASS_COMING) {
            ngx_game_pass_send(pass->peer, NGX_GAME_SYNC_ABORT, 0, pass,
                               NULL);
        }

        ngx_game_pass_free(pass);
    }

    s->passing = 0;
}


/* the new gateway */

static ngx_game_pass_t *
ngx_game_pass_coming(uint64_t player, uint64_t peer)
{
    ngx_game_pass_t  *pass;

    pass = game_map_get(&ngx_game_passes.map, player);

    if (pass) {
        return (pass->state == NGX_GAME_PASS_COMING && pass->peer == peer)
               ? pass : NULL;
    }

    /* of one whose death was reported already, nothing more comes */

    if (!ngx_game_zone_alive(peer)) {
        return NULL;
    }

    pass = ngx_calloc(sizeof(ngx_game_pass_t), ngx_cycle->log);
    if (pass == NULL) {
        return NULL;
    }

    pass->player = player;
    pass->peer = peer;
    pass->fd = (ngx_fd_t) -1;
    pass->state = NGX_GAME_PASS_COMING;

    if (game_map_set(&ngx_game_passes.map, player, pass) != 0) {
        ngx_free(pass);
        return NULL;
    }

    return pass;
}


static void
ngx_game_pass_image(ngx_game_record_t *record, u_char *payload, size_t len)
{
    ngx_game_pass_t  *pass;

    pass = ngx_game_pass_coming(record->player, record->src);

    if (pass == NULL || pass->imaged) {
        return;
    }

    /* without a copy it is refused, when the descriptor has come */

    pass->imaged = 1;
    pass->image.data = ngx_alloc(len + 1, ngx_cycle->log);

    if (pass->image.data) {
        pass->image.len = len;
        ngx_memcpy(pass->image.data, payload, len);
    }

    if (pass->mailed) {
        ngx_game_pass_make(pass);
    }
}


static void
ngx_game_pass_mailed(uint64_t src, uint64_t player, ngx_fd_t fd,
    ngx_str_t *text)
{
    ngx_game_pass_t  *pass;

    pass = ngx_game_pass_coming(player, src);

    if (pass == NULL || pass->mailed) {
        if (fd != -1) {
            (void) close(fd);
        }

        return;
    }

    pass->fd = fd;
    pass->mailed = 1;

    if (pass->imaged || pass->aborted) {
        ngx_game_pass_make(pass);
    }
}


/* both have come */

static void
ngx_game_pass_make(ngx_game_pass_t *pass)
{
    ngx_uint_t   level;
    const char  *error;

    static time_t  warned;

    if (pass->aborted) {
        ngx_game_pass_drop(pass);
        return;
    }

    level = NGX_LOG_WARN;

    if (pass->fd == -1) {
        error = "too many open files";

    } else if (ngx_game_session_find(pass->player)) {
        error = "its player has come back by another";
        level = NGX_LOG_INFO;

    } else if (ngx_game_worker.exiting) {

        /* the old gateway did not know that yet, and looks for another */

        error = "this worker exits";
        level = NGX_LOG_INFO;

    } else {
        pass->s = ngx_game_session_unpack(&pass->image, pass->fd, &error);
    }

    if (pass->s) {
        pass->fd = (ngx_fd_t) -1;
        pass->s->passing = 1;

        ngx_free(pass->image.data);
        ngx_str_null(&pass->image);

        ngx_game_pass_send(pass->peer, NGX_GAME_SYNC_READY, 0, pass, NULL);
        return;
    }

    if (level == NGX_LOG_WARN) {

        if (ngx_time() - warned < NGX_GAME_PASS_SILENT) {
            level = NGX_LOG_INFO;

        } else {
            warned = ngx_time();
        }
    }

    ngx_log_error(level, ngx_cycle->log, 0,
                  "the session of player %V can't go on here: %s",
                  ngx_game_id_text(pass->player), error);

    ngx_game_pass_send(pass->peer, NGX_GAME_SYNC_READY, 1, pass, NULL);
    ngx_game_pass_drop(pass);
}


static void
ngx_game_pass_abort(ngx_game_pass_t *pass)
{
    if (!pass->mailed) {

        /* its descriptor is on its way */

        pass->aborted = 1;
        return;
    }

    ngx_game_pass_drop(pass);
}


static void
ngx_game_pass_arrive(uint64_t owner, uint64_t room, uint64_t player)
{
    ngx_game_pass_t     *pass;
    ngx_game_session_t  *s;

    pass = game_map_get(&ngx_game_passes.map, player);

    if (pass == NULL || pass->state != NGX_GAME_PASS_COMING || pass->s == NULL)
    {
        ngx_game_pass_lose(owner, room, player);
        return;
    }

    s = pass->s;
    s->owner = owner;

    pass->arrived = 1;
    pass->before = ngx_game_session_got(s);

    if (ngx_game_group_add(s) != NGX_OK) {
        ngx_game_pass_drop(pass);
        ngx_game_pass_lose(owner, room, player);
        return;
    }

    if (pass->ended) {
        ngx_game_pass_begin(pass);
    }
}


/* the room has it here, but there is no session */

static void
ngx_game_pass_lose(uint64_t owner, uint64_t room, uint64_t player)
{
    ngx_game_leave_t  leave;

    ngx_memzero(&leave, sizeof(ngx_game_leave_t));

    leave.room = room;
    leave.player = player;
    leave.gateway = ngx_game_worker.epoch;
    leave.why = NGX_GAME_LOST;

    ngx_game_sync_leave(owner, &leave);
}


static void
ngx_game_pass_end(ngx_game_pass_t *pass, uint32_t written, u_char *payload,
    size_t len)
{
    if (pass->s == NULL || pass->ended || len < sizeof(uint64_t)) {
        return;
    }

    pass->ended = 1;

    ngx_memcpy(&pass->got, payload, sizeof(uint64_t));
    payload += sizeof(uint64_t);
    len -= sizeof(uint64_t);

    if (len) {
        pass->rest.data = ngx_alloc(len, ngx_cycle->log);

        if (pass->rest.data == NULL || written > len) {
            ngx_game_pass_drop(pass);
            return;
        }

        pass->rest.len = len;
        pass->written = written;
        ngx_memcpy(pass->rest.data, payload, len);
    }

    if (pass->arrived) {
        ngx_game_pass_begin(pass);
    }
}


/* the session is ours */

static void
ngx_game_pass_begin(ngx_game_pass_t *pass)
{
    uint64_t             since;
    ngx_game_group_t    *group;
    ngx_game_session_t  *s;

    s = pass->s;

    /* what came for it since ARRIVE is behind the rest */

    since = ngx_game_session_got(s) - pass->before;

    if (pass->rest.len
        && ngx_game_output_precede(s, &pass->rest, pass->written) != NGX_OK)
    {
        ngx_game_pass_drop(pass);
        return;
    }

    ngx_game_session_set_got(s, pass->got + since);

    ngx_game_count(sessions_taken, 1);

    s->passing = 0;

    ngx_game_pass_free(pass);

    group = ngx_queue_data(s->feed, ngx_game_group_t, feed);

    if (!group->moving) {
        s->blocked = 0;
    }

    ngx_game_session_come(s);
}


/* what has come of it is thrown away; its client sees the connection end, if
 * the old gateway has closed it, too */

static void
ngx_game_pass_drop(ngx_game_pass_t *pass)
{
    ngx_connection_t    *c;
    ngx_game_session_t  *s;

    s = pass->s;

    if (pass->fd != -1) {
        (void) close(pass->fd);
    }

    if (s == NULL) {
        ngx_game_pass_free(pass);
        return;
    }

    c = s->connection;
    s->passing = 0;

    if (pass->arrived && !s->told) {
        s->cold->why = NGX_GAME_LOST;
        ngx_game_close_tell(s);

    } else {
        ngx_game_session_forget(s);
    }

    ngx_game_pass_free(pass);
    ngx_game_session_free(s);

    /* it was in no epoll, and is still open in the old gateway */

    ngx_http_close_connection(c);
}


static void
ngx_game_pass_free(ngx_game_pass_t *pass)
{
    (void) game_map_remove(&ngx_game_passes.map, pass->player);

    if (pass->state != NGX_GAME_PASS_COMING) {
        ngx_game_passes.out--;
    }

    ngx_free(pass->image.data);
    ngx_free(pass->rest.data);
    ngx_free(pass);
}


/* records */

void
ngx_game_pass_record(ngx_game_record_t *record, u_char *payload, size_t len)
{
    ngx_game_pass_t  *pass;

    switch (record->type) {

    case NGX_GAME_SYNC_PASS:
        ngx_game_pass_image(record, payload, len);
        return;

    case NGX_GAME_SYNC_ARRIVE:
        ngx_game_pass_arrive(record->src, record->room, record->player);
        return;
    }

    pass = game_map_get(&ngx_game_passes.map, record->player);

    if (pass == NULL) {
        return;
    }

    switch (record->type) {

    case NGX_GAME_SYNC_READY:
        if (pass->state == NGX_GAME_PASS_SENT && pass->peer == record->src) {
            ngx_game_pass_ready(pass, record->arg);
        }

        return;

    case NGX_GAME_SYNC_SWITCHED:
        if (pass->state == NGX_GAME_PASS_SWITCHING) {
            ngx_game_pass_switched(pass, record->arg);
        }

        return;

    case NGX_GAME_SYNC_ABORT:
        if (pass->state == NGX_GAME_PASS_COMING && pass->peer == record->src) {
            ngx_game_pass_abort(pass);
        }

        return;

    case NGX_GAME_SYNC_END:
        if (pass->state == NGX_GAME_PASS_COMING && pass->peer == record->src) {
            ngx_game_pass_end(pass, record->arg, payload, len);
        }

        return;
    }
}


void
ngx_game_pass_lost(uint64_t epoch)
{
    size_t            cursor;
    uint64_t          player;
    ngx_game_pass_t  *pass;

again:

    cursor = 0;

    while ((pass = game_map_next(&ngx_game_passes.map, &cursor, &player))) {

        switch (pass->state) {

        case NGX_GAME_PASS_SENT:
            if (pass->peer == epoch) {
                ngx_game_pass_stay(pass);
                goto again;
            }

            break;

        case NGX_GAME_PASS_SWITCHING:
            if (pass->s->owner == epoch) {
                ngx_game_pass_send(pass->peer, NGX_GAME_SYNC_ABORT, 0, pass,
                                   NULL);
                ngx_game_pass_stay(pass);
                goto again;
            }

            break;

        case NGX_GAME_PASS_COMING:
            if (pass->peer == epoch && !pass->ended) {
                ngx_game_pass_drop(pass);
                goto again;
            }

            if (pass->ended && !pass->arrived && pass->s->owner == epoch) {
                ngx_game_pass_arrive(epoch, pass->s->room, player);
                goto again;
            }

            break;
        }
    }
}


void
ngx_game_pass_done(void)
{
    size_t            cursor;
    uint64_t          player;
    ngx_game_pass_t  *pass;

    ngx_game_mail_done();

    for ( ;; ) {
        cursor = 0;
        pass = game_map_next(&ngx_game_passes.map, &cursor, &player);

        if (pass == NULL) {
            break;
        }

        if (pass->state == NGX_GAME_PASS_COMING) {
            ngx_game_pass_drop(pass);

        } else {
            pass->s->passing = 0;
            ngx_game_pass_free(pass);
        }
    }

    game_map_done(&ngx_game_passes.map);

    if (ngx_game_passes.round.timer_set) {
        ngx_del_timer(&ngx_game_passes.round);
    }
}
