
/*
 * Copyright (C) ngx_game authors
 *
 * A room: a running instance of a game, owned by this worker.  This part owns
 * its life, its seats and its players; how its handlers are called is
 * ngx_game_handler.h, what they may do ngx_game_lua_room.c.
 */


#ifndef _NGX_GAME_ROOM_H_INCLUDED_
#define _NGX_GAME_ROOM_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_clock.h"
#include "ngx_game_prefetch.h"
#include "ngx_game_sync.h"


/* handlers that a class may have: bits of ngx_game_room_t.handlers */
typedef enum {
    NGX_GAME_ON_CREATE = 0,
    NGX_GAME_ON_AUTH,
    NGX_GAME_ON_JOIN,
    NGX_GAME_ON_MESSAGE,
    NGX_GAME_ON_TICK,
    NGX_GAME_ON_DROP,
    NGX_GAME_ON_RESUME,
    NGX_GAME_ON_LEAVE,
    NGX_GAME_ON_CLOSE,
    NGX_GAME_ON_RESTORE,
    NGX_GAME_ON_SHUTDOWN,
    NGX_GAME_HANDLERS
} ngx_game_handler_e;


/* how many players of a room another worker (or this one) holds */
typedef struct {
    uint64_t                   epoch;
    uint32_t                   players[NGX_GAME_RAW + 1];  /* by codec */
} ngx_game_room_gateway_t;


struct ngx_game_room_s {
    uint64_t                   id;
    uint64_t                   term;
    ngx_game_game_t           *game;
    const void                *object;        /* address of the Lua table */
    int                        ref;           /* registry reference of it */
    int                        players_ref;   /* self.players, if it is used */
    int                        loop;          /* ngx_game_dispatch.h */

    ngx_queue_t                players;       /* that have a seat */
    ngx_queue_t                waiting;       /* for on_create or on_auth */
    ngx_queue_t                leaving;       /* on_leave is to be called */
    ngx_queue_t                parting;       /* on_leave runs */
    uint32_t                   count;         /* players that have a seat */
    uint32_t                   seats;         /* the same and those waiting */
    uint32_t                   away;          /* of count: without a session */
    uint32_t                   away_codecs[NGX_GAME_RAW + 1];   /* the same */
    uint32_t                   dropping;      /* on_drop is to be called */
    ngx_game_room_gateway_t   *gateways;      /* workers that hold players */
    ngx_uint_t                 gateways_count;

    ngx_queue_t                sleeps;        /* ngx_game_sleep.c */
    ngx_queue_t                alarms;        /* ngx_game_alarm.c */
    uint32_t                   alarms_count;
    uint32_t                   alarms_last;   /* the last id given */

    ngx_game_history_t        *history;       /* NULL: none; and then: */
    ngx_uint_t                 unkept;        /* something was sent that could
                                               * not be kept */
    uint64_t                   broadcasts[NGX_GAME_RAW + 1];    /* by codec */
    uint64_t                   position;      /* in the history, of the image
                                               * that it was made of */

    ngx_game_timer_t           tick;          /* ngx_game_tick.c */
    ngx_game_schedule_t       *schedule;      /* NULL: it does not tick */
    uint32_t                   tick_place;    /* in its period, from 1 on; 0:
                                               * it has none yet */
    uint64_t                   tick_count;    /* the number of the next one */
    ngx_game_prefetch_t        prefetch;      /* where its state lies */

    ngx_game_timer_t           empty;         /* closes it unless one joins */
    ngx_queue_t                posted;        /* to be looked at */

    ngx_uint_t                 close_code;
    size_t                     reason_len;
    u_char                     reason[123];   /* as long as in a close frame */

    ngx_queue_t                changed;       /* since the last checkpoint */
    uint64_t                   saved;         /* the last checkpoint, us; 0:
                                               * the next one is due */
    uint64_t                   waits;         /* for the next one since, us;
                                               * 0: from this turn on */
    uint32_t                   save_cost;     /* what it took, us */

    uint64_t                   stays;         /* generation that has refused
                                               * to take it over */
    uint32_t                   drain;         /* ngx_game_shutdown.c: the last
                                               * that it was told of */

    uint64_t                   spent;         /* ns in its handlers, since
                                               * ngx_game_balance.c counts */
    uint64_t                   settled;       /* us, from when on it may be
                                               * given for balance */

    uint64_t                   errors_since;  /* us */
    ngx_uint_t                 errors;

    unsigned                   handlers:NGX_GAME_HANDLERS;
    unsigned                   creating:1;    /* on_create was called */
    unsigned                   created:1;     /* on_create has ended */
    unsigned                   locked:1;
    unsigned                   closing:1;     /* is to be closed */
    unsigned                   closed:1;      /* players are out, on_close */
    unsigned                   finished:1;    /* is to be freed */
    unsigned                   is_posted:1;
    unsigned                   ticking:1;     /* on_tick waits */
    unsigned                   paused:1;      /* no handler is called */
    unsigned                   settling:1;    /* it has changed hands, and its
                                               * rosters are looked at */
    unsigned                   adopted:1;     /* the same, from a checkpoint */
    unsigned                   dirty:1;       /* `changed` is in a queue */
    unsigned                   unsaved:1;     /* its state can't be */
    unsigned                   resumable:1;   /* a player of it was */
};


void ngx_game_room_init(void);

/* exit_process: shutdown, and all is freed */
void ngx_game_room_done(void);

/* this worker exits: rooms without players close, the others when the last one
 * has left; or at once */
void ngx_game_room_exit(void);
void ngx_game_room_shutdown(void);

ngx_game_room_t *ngx_game_room_find(uint64_t id);
ngx_uint_t ngx_game_room_total(void);

/* iterates over the rooms, that must not change meanwhile: start with
 * *cursor = 0; NULL: no more */
ngx_game_room_t *ngx_game_room_next(size_t *cursor);

/* the game of this hash in this worker's configuration, or NULL */
ngx_game_game_t *ngx_game_room_game(uint64_t hash);


/* makes the room that the registry has an entry for; NULL: the request was
 * refused */
ngx_game_room_t *ngx_game_room_create(ngx_game_seat_request_t *request);

/*
 * For one that comes from another worker (ngx_game_handover.h): a room without
 * players that is paused, found by its id, and not counted; NULL: no memory,
 * or it can't be made.  Discard takes a room out of this worker, as if it had
 * never been here: no handler is called, no session is closed.
 */
ngx_game_room_t *ngx_game_room_receive(ngx_game_game_t *game, uint64_t id,
    uint64_t term);
void ngx_game_room_discard(ngx_game_room_t *room);

/* pause stops ticks, timers and all that is put off to the end of the turn;
 * resume goes on with that */
void ngx_game_room_pause(ngx_game_room_t *room);
void ngx_game_room_resume(ngx_game_room_t *room);

/* on_create has ended: NGX_OK or NGX_ERROR */
void ngx_game_room_created(ngx_game_room_t *room, ngx_int_t rc);

/* handlers of ngx_game_sync.h */
void ngx_game_room_message(uint64_t gateway, uint64_t room, uint64_t player,
    ngx_game_kind_e kind, ngx_str_t *data);
void ngx_game_room_deliver(ngx_uint_t now);
void ngx_game_room_measured(uint64_t room, uint64_t player, uint32_t rtt);

/* a death handler: players whose sessions died leave their rooms */
void ngx_game_room_lost(uint64_t epoch);

void ngx_game_room_lock(ngx_game_room_t *room, ngx_uint_t locked);

/* a handler has failed: closes the room if that was too often */
void ngx_game_room_error(ngx_game_room_t *room);

/* closes a room at the end of this turn; the first reason counts.  code is
 * what the players' sessions are closed with */
void ngx_game_room_close(ngx_game_room_t *room, ngx_uint_t code,
    const char *reason, size_t len);

/* on_close has ended: the room is freed at the end of this turn */
void ngx_game_room_finished(ngx_game_room_t *room);

/* the room has changed since its last checkpoint, and is to have one; such
 * rooms, linked by `changed`, in the order of the first change; and it is none
 * of them, since it is saved or none any more */
void ngx_game_room_changed(ngx_game_room_t *room);
ngx_queue_t *ngx_game_room_changes(void);
void ngx_game_room_unchanged(ngx_game_room_t *room);

/* the room is looked at again at the end of this turn */
void ngx_game_room_post(ngx_game_room_t *room);


#endif /* _NGX_GAME_ROOM_H_INCLUDED_ */
