
/*
 * Copyright (C) ngx_game authors
 *
 * Passing a session on: a plain connection goes on in another worker, which
 * its client does not notice.
 *
 *     old gateway          new gateway          owner of the room
 *     stops reading
 *         --- mail, PASS ---->
 *         <-- READY ----------  makes the session
 *         --- SWITCH ----------------------->
 *                              <-- ARRIVE ---   sends to the new one from
 *         <--------------------- SWITCHED ---   here on
 *     writes what it can
 *         --- END, the rest -->
 *                              goes on
 *
 * What the old gateway has sent to the room comes before SWITCH, and what the
 * room has sent by it before SWITCHED: nothing is lost, doubled, or out of
 * order.  TLS sessions can't be passed, since the state of TLS can't.
 */


#ifndef _NGX_GAME_PASS_H_INCLUDED_
#define _NGX_GAME_PASS_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_channel.h"
#include "ngx_game_session.h"


/* init_process, after attach; exit_process */
ngx_int_t ngx_game_pass_init(ngx_cycle_t *cycle);
void ngx_game_pass_done(void);

/* this worker exits: its sessions follow their rooms */
void ngx_game_pass_exit(void);

/* the receiver of PASS, READY, ABORT, ARRIVE, SWITCHED and END */
void ngx_game_pass_record(ngx_game_record_t *record, u_char *payload,
    size_t len);

/* the session has ended while it was passed on */
void ngx_game_pass_cancel(ngx_game_session_t *s);

/* a death handler */
void ngx_game_pass_lost(uint64_t epoch);


#endif /* _NGX_GAME_PASS_H_INCLUDED_ */
