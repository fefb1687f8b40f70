
/*
 * Copyright (C) ngx_game authors
 *
 * Mail: descriptors from worker to worker, each with the id of the player
 * whose connection it is.  Everything else about that goes by the channel.
 */


#ifndef _NGX_GAME_MAIL_H_INCLUDED_
#define _NGX_GAME_MAIL_H_INCLUDED_


#include "ngx_game.h"


/* the receiver owns the descriptor; -1: this process has too many open */
typedef void (*ngx_game_mail_pt)(uint64_t src, uint64_t player, ngx_fd_t fd);


/* init_process, after attach; exit_process */
ngx_int_t ngx_game_mail_init(ngx_cycle_t *cycle, ngx_game_mail_pt handler);
void ngx_game_mail_done(void);

/* NGX_OK: it is sent, and stays open here; NGX_AGAIN: there is no room now;
 * NGX_ERROR, logged */
ngx_int_t ngx_game_mail_send(uint64_t dst, uint64_t player, ngx_fd_t fd);


#endif /* _NGX_GAME_MAIL_H_INCLUDED_ */
