
/*
 * Copyright (C) ngx_game authors
 *
 * Mail: descriptors from worker to worker, each with the id of the player
 * whose connection it is, and maybe a short text.
 */


#ifndef _NGX_GAME_MAIL_H_INCLUDED_
#define _NGX_GAME_MAIL_H_INCLUDED_


#include "ngx_game.h"


/* the longest text */
#define NGX_GAME_MAIL_TEXT  2048


/* what it is for */
typedef enum {
    NGX_GAME_MAIL_PASS = 0,        /* ngx_game_pass.h */
    NGX_GAME_MAIL_GUARD,           /* ngx_game_guard.h */
    NGX_GAME_MAIL_KINDS
} ngx_game_mail_kind_e;


/* the receiver owns the descriptor; -1: this process has too many open.  The
 * text is not aligned, and valid during the call only */
typedef void (*ngx_game_mail_pt)(uint64_t src, uint64_t player, ngx_fd_t fd,
    ngx_str_t *text);


/* the receiver of a kind; init_process, after attach; exit_process */
void ngx_game_mail_on(ngx_game_mail_kind_e kind, ngx_game_mail_pt handler);
ngx_int_t ngx_game_mail_init(ngx_cycle_t *cycle);
void ngx_game_mail_done(void);

/* NGX_OK: it is sent, and stays open here; NGX_AGAIN: there is no room now;
 * NGX_ERROR, logged.  text may be NULL: there is none */
ngx_int_t ngx_game_mail_send(uint64_t dst, ngx_game_mail_kind_e kind,
    uint64_t player, ngx_fd_t fd, ngx_str_t *text);


#endif /* _NGX_GAME_MAIL_H_INCLUDED_ */
