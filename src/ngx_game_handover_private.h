
/*
 * Copyright (C) ngx_game authors
 *
 * The parts of the hand-over: the entries, the old owner's side and the new
 * owner's.  For each room that is on its way there is an entry:
 *
 *     OFFERED   ours until the answer comes
 *     GIVEN     another's; what comes before the rosters is forwarded
 *     TAKEN     made here, but the old owner's until the commit comes
 *     AWAITED   ours, and goes on with the last roster
 *     LEFT      ours, but it goes on only after this worker's end
 *
 * In all states but GIVEN, records for the room are kept.  If one side dies,
 * the registry says whose the room is.
 */


#ifndef _NGX_GAME_HANDOVER_PRIVATE_H_INCLUDED_
#define _NGX_GAME_HANDOVER_PRIVATE_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_channel.h"
#include "ngx_game_room.h"


/* a room that has come, and one that nobody took, is not given for balance
 * within, us */
#define NGX_GAME_HANDOVER_SETTLE  10000000
#define NGX_GAME_HANDOVER_RETRY   60000000


typedef enum {
    NGX_GAME_HANDOVER_OFFERED = 0,
    NGX_GAME_HANDOVER_GIVEN,
    NGX_GAME_HANDOVER_TAKEN,
    NGX_GAME_HANDOVER_AWAITED,
    NGX_GAME_HANDOVER_LEFT
} ngx_game_handover_state_e;


typedef enum {
    NGX_GAME_HANDOVER_YES = 0,
    NGX_GAME_HANDOVER_NO,          /* nor later, with this configuration */
    NGX_GAME_HANDOVER_BUSY         /* try another worker */
} ngx_game_handover_answer_e;


typedef struct {
    uint64_t                   id;            /* of the room */
    uint64_t                   peer;          /* epoch of the other owner, 0:
                                               * it has died */
    ngx_game_room_t           *room;          /* NULL: GIVEN */
    ngx_queue_t                kept;
    uint64_t                  *waits;         /* epochs of gateways */
    ngx_uint_t                 waits_count;
    uint64_t                   began;         /* us */
    ngx_game_handover_state_e  state;
    unsigned                   balance:1;     /* offered since this worker is
                                               * busier */
} ngx_game_handover_t;


/* entries: a new one for a room that has none; NULL: no memory */
ngx_game_handover_t *ngx_game_handover_create(ngx_game_room_t *room,
    uint64_t peer, ngx_game_handover_state_e state);
void ngx_game_handover_free(ngx_game_handover_t *h);

/* the rosters of all live workers that hold players of the room are waited
 * for; NGX_ERROR: no memory */
ngx_int_t ngx_game_handover_wait_for(ngx_game_handover_t *h,
    ngx_game_room_t *room);

/* takes a gateway from those that are waited for; 1 if it was one */
ngx_uint_t ngx_game_handover_heard(ngx_game_handover_t *h, uint64_t gateway);

/* what both owners send: a record to the other one, in a FORWARD, and MOVED
 * to a gateway, unless it is this worker */
void ngx_game_handover_forward(uint64_t owner, ngx_game_record_t *record,
    u_char *payload, size_t len);
void ngx_game_handover_tell_moved(uint64_t gateway, uint64_t room,
    uint64_t owner, uint64_t term);

/* receives all that was kept, as if it came now */
void ngx_game_handover_replay(ngx_queue_t *kept);

/* the room and its players in this worker's figures: n is 1 or -1 */
void ngx_game_handover_count(ngx_game_room_t *room, int n);

/* the old owner: the ANSWER to an offer, or its peer has died before it */
void ngx_game_handover_answered(ngx_game_handover_t *h,
    ngx_game_record_t *record, u_char *payload, size_t len);
void ngx_game_handover_unanswered(ngx_game_handover_t *h);
void ngx_game_handover_give_done(void);

/*
 * The new owner: an OFFER, its COMMIT, and the last ROSTER, with which the
 * room goes on.  Ask tells those that are waited for, who may not know of this
 * owner, or whose rosters went by a dead one.  begin frees the entry, commit
 * and ask may.
 */
void ngx_game_handover_offered(ngx_game_record_t *record, u_char *payload,
    size_t len);
void ngx_game_handover_commit(ngx_game_handover_t *h);
void ngx_game_handover_ask(ngx_game_handover_t *h);
void ngx_game_handover_begin(ngx_game_handover_t *h);


#endif /* _NGX_GAME_HANDOVER_PRIVATE_H_INCLUDED_ */
