
/*
 * Copyright (C) ngx_game authors
 *
 * The way between sessions and rooms: a direct call where both are in this
 * worker, a record over the channel where they are not.  Both sides see the
 * same verbs and the same order, so nothing above knows the difference.
 *
 * "Gateway" is the worker that holds a player's session, "owner" the one that
 * runs its room; both are named by their epochs.
 */


#ifndef _NGX_GAME_SYNC_H_INCLUDED_
#define _NGX_GAME_SYNC_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_channel.h"


/* what records are; those to the owner of a room come first */
typedef enum {
    NGX_GAME_SYNC_JOIN = 1,        /* arg: codec; game, secrets, texts */
    NGX_GAME_SYNC_LEAVE,           /* arg: ngx_game_reason_e; flags: proven;
                                    * secrets */
    NGX_GAME_SYNC_MESSAGE,         /* arg: kind; payload: the message */
    NGX_GAME_SYNC_MEASURED,        /* arg: ms */
    NGX_GAME_SYNC_SWITCH,          /* the player's new gateway */
    NGX_GAME_SYNC_RETURN,          /* a player */
    NGX_GAME_SYNC_ROSTER,          /* time, players */

    NGX_GAME_SYNC_ADMIT,           /* to gateways; arg: the session's number;
                                    * flags: complete; secret, seen */
    NGX_GAME_SYNC_REFUSE,          /* arg: status; flags: retry; a text */
    NGX_GAME_SYNC_SEND,            /* arg: kind; payload: the message */
    NGX_GAME_SYNC_BROADCAST,       /* arg: kind; flags: codec; payload: number
                                    * of ids, ids, the message */
    NGX_GAME_SYNC_CLOSE,           /* arg: code; flags: reason; a text */
    NGX_GAME_SYNC_MOVED,           /* new owner, term */
    NGX_GAME_SYNC_GO,
    NGX_GAME_SYNC_BACK,            /* answers RETURN */
    NGX_GAME_SYNC_ARRIVE,
    NGX_GAME_SYNC_SWITCHED,        /* arg: 0, or 1: it is not */

    NGX_GAME_SYNC_PASS,            /* from gateway to gateway: an image */
    NGX_GAME_SYNC_READY,           /* arg: 0, or 1: refused */
    NGX_GAME_SYNC_ABORT,
    NGX_GAME_SYNC_END,             /* arg: bytes that are written; frames */
    NGX_GAME_SYNC_UNGUARD,

    NGX_GAME_SYNC_OFFER,           /* from owner to owner: an image */
    NGX_GAME_SYNC_ANSWER,          /* arg: yes or no; a text */
    NGX_GAME_SYNC_COMMIT,
    NGX_GAME_SYNC_FORWARD          /* a record to the owner, its payload */
} ngx_game_sync_type_e;

#define ngx_game_sync_to_owner(type)  ((type) <= NGX_GAME_SYNC_ROSTER)


/* what a gateway tells an owner of someone who wants to join, or to come back
 * as the player that it was */
typedef struct {
    uint64_t                   room;
    uint64_t                   player;        /* the id it has or would have */
    uint64_t                   gateway;
    uint64_t                   game;          /* hash of the game's name */
    ngx_game_secret_t          secret;        /* of its session; none: it can't
                                               * come back after that */
    ngx_game_secret_t          token;         /* it comes back with; none: it
                                               * is new */
    uint32_t                   number;        /* counts the player's sessions,
                                               * from 0; in a roster */
    uint64_t                   seen;          /* messages of the room that it
                                               * has got, */
    unsigned                   counts:1;      /* if this is set */
    ngx_game_codec_e           codec;
    ngx_str_t                  identity;
    ngx_str_t                  address;
    ngx_str_t                  args;
    ngx_str_t                  origin;
    ngx_str_t                  agent;
    ngx_str_t                  protocol;
} ngx_game_seat_request_t;


/* a player has its seat, or is back in it */
typedef struct {
    uint64_t                   room;
    uint64_t                   player;
    uint64_t                   owner;         /* that says so */
    ngx_game_secret_t          secret;        /* that of the request */
    uint32_t                   number;        /* of the player's sessions, from
                                               * 0 */
    uint64_t                   seen;          /* messages of the room before
                                               * those that follow */
    unsigned                   complete:1;    /* it misses none */
} ngx_game_admission_t;


/*
 * The end of a session.  A room knows a player's session by its secret, so
 * that the end of one that has been replaced does no harm.
 */
typedef struct {
    uint64_t                   room;
    uint64_t                   player;
    uint64_t                   gateway;       /* that tells it */
    ngx_game_reason_e          why;
    ngx_game_secret_t          secret;        /* of the session; none: it can't
                                               * come back, or isn't known */
    ngx_game_secret_t          next;          /* with which it may come back;
                                               * none: it leaves for good */
    unsigned                   proven:1;      /* its client was heard of */
} ngx_game_leave_t;


/* why a seat was not given */
typedef struct {
    ngx_uint_t                 status;        /* of HTTP */
    ngx_str_t                  reason;
    unsigned                   retry:1;       /* another room may do */
} ngx_game_refusal_t;


/* the receivers, set once per worker */
typedef struct {
    /* at the owner, ngx_game_room.c */
    void  (*join)(ngx_game_seat_request_t *request);
    void  (*leave)(ngx_game_leave_t *leave);
    void  (*message)(uint64_t gateway, uint64_t room, uint64_t player,
                     ngx_game_kind_e kind, ngx_str_t *data);
    /* the messages so far are to be handled, since their data goes; unless
     * now is set, later in this turn, with a copy of it */
    void  (*deliver)(ngx_uint_t now);
    void  (*measured)(uint64_t room, uint64_t player, uint32_t rtt);

    /* the session of a player is going from one gateway to another */
    void  (*switch_to)(uint64_t from, uint64_t room, uint64_t player,
                       uint64_t to);

    /* these players were at the gateway, and no others, at that time, us.
     * room, player, gateway and what is known of a session are set */
    void  (*roster)(uint64_t gateway, uint64_t room, uint64_t at,
                    ngx_game_seat_request_t *players, ngx_uint_t n);

    /* the gateway goes on with the session of one that is dead.  The same is
     * set, but no texts */
    void  (*returned)(ngx_game_seat_request_t *listed);

    /* at the gateway, ngx_game_join.c */
    void  (*admitted)(ngx_game_admission_t *admission);
    void  (*refused)(uint64_t attempt, uint64_t room,
                     ngx_game_refusal_t *refusal);

    /* the list to an owner has room again */
    ngx_game_channel_drain_pt   drained;

    /* of what is on its way from worker to worker: rooms as the owners and as
     * the gateways see them, and sessions */
    ngx_game_channel_record_pt  handover;
    ngx_game_channel_record_pt  follow;
    ngx_game_channel_record_pt  pass;
    void  (*unguard)(ngx_game_record_t *record);

    /* a record of this worker's that a worker has died without taking in */
    ngx_game_channel_record_pt  lost;

    /* a record to the owner of a room: 1 if it was kept or sent on, since the
     * room is on its way or another worker's.  holds: 1 if the room is on its
     * way from or to this worker */
    ngx_uint_t  (*divert)(ngx_game_record_t *record, u_char *payload,
                          size_t len);
    ngx_uint_t  (*holds)(uint64_t room);
} ngx_game_sync_handlers_t;


ngx_int_t ngx_game_sync_init(ngx_cycle_t *cycle,
    ngx_game_sync_handlers_t *handlers);
void ngx_game_sync_done(void);

/* a record of this worker; its src is set */
void ngx_game_sync_fill(ngx_game_record_t *record, ngx_game_sync_type_e type,
    uint32_t arg, uint64_t room, uint64_t player);

/* a player in a roster, followed by its identity and address */
typedef struct {
    uint64_t                   player;
    ngx_game_secret_t          secret;
    uint64_t                   seen;
    uint32_t                   number;
    uint16_t                   codec;
    uint16_t                   counts;        /* 0: seen is not known */
    uint16_t                   identity_len;
    uint16_t                   address_len;
} ngx_game_sync_listed_t;

/* to a worker, maybe this one.  payload may be NULL: there is none */
void ngx_game_sync_tell(uint64_t dst, ngx_game_record_t *record,
    ngx_str_t *payload);

/* a record that has come, from the channel or after a while: calls its
 * receiver */
void ngx_game_sync_receive(ngx_game_record_t *record, u_char *payload,
    size_t len);


/* gateway to owner.  message: as ngx_game_channel_send(); what was given to an
 * owner that is this worker runs with deliver at the latest */
ngx_int_t ngx_game_sync_message(uint64_t owner, uint64_t room,
    uint64_t player, ngx_game_kind_e kind, ngx_str_t *payload);
void ngx_game_sync_deliver(uint64_t owner, ngx_uint_t now);
void ngx_game_sync_measured(uint64_t owner, uint64_t room, uint64_t player,
    uint32_t rtt);

/*  NGX_OK, or NGX_ERROR: it is dead or out of reach */
ngx_int_t ngx_game_sync_join(uint64_t owner, ngx_game_seat_request_t *request);
ngx_int_t ngx_game_sync_return(uint64_t owner, uint64_t room,
    ngx_game_sync_listed_t *listed);

/* the same request again, for whom to ask later: the room is on its way to
 * another worker */
void ngx_game_sync_rejoin(ngx_game_seat_request_t *request);

void ngx_game_sync_leave(uint64_t owner, ngx_game_leave_t *leave);


/* owner to gateway */
void ngx_game_sync_go(uint64_t gateway, uint64_t room);
void ngx_game_sync_back(uint64_t gateway, uint64_t room, uint64_t player);
void ngx_game_sync_arrive(uint64_t gateway, uint64_t room, uint64_t player);
void ngx_game_sync_switched(uint64_t gateway, uint64_t room, uint64_t player,
    ngx_uint_t refused);
void ngx_game_sync_admit(uint64_t gateway, ngx_game_admission_t *admission);
void ngx_game_sync_refuse(uint64_t gateway, uint64_t room, uint64_t attempt,
    ngx_game_refusal_t *refusal);

/* NGX_OK, NGX_DECLINED: the gateway is dead, which is reported later, or
 * NGX_ERROR: it is too far behind */
ngx_int_t ngx_game_sync_send(uint64_t gateway, uint64_t room, uint64_t player,
    ngx_game_kind_e kind, const ngx_str_t *payload);
ngx_int_t ngx_game_sync_broadcast(uint64_t gateway, uint64_t room,
    ngx_game_codec_e codec, ngx_game_kind_e kind, const ngx_str_t *payload,
    const u_char *except, ngx_uint_t n);

/* closes the session of a player that is out of the room already */
void ngx_game_sync_close(uint64_t gateway, uint64_t room, uint64_t player,
    ngx_uint_t code, const ngx_str_t *reason, ngx_game_reason_e why);


#endif /* _NGX_GAME_SYNC_H_INCLUDED_ */
