
/*
 * Copyright (C) ngx_game authors
 *
 * Wards: the sessions of other workers that this one guards, see
 * ngx_game_guard.h.  If their worker dies they go on here, and their rooms are
 * told what they have got; those of which anything is lost are closed.
 */


#ifndef _NGX_GAME_WARD_H_INCLUDED_
#define _NGX_GAME_WARD_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_channel.h"


/* init_process, after attach; exit_process */
void ngx_game_ward_init(void);
void ngx_game_ward_done(void);

/* this worker exits, and guards nobody any more */
void ngx_game_ward_exit(void);

/* the receiver of UNGUARD */
void ngx_game_ward_record(ngx_game_record_t *record);

/* a death handler, before sessions follow their rooms */
void ngx_game_ward_lost(uint64_t epoch);


#endif /* _NGX_GAME_WARD_H_INCLUDED_ */
