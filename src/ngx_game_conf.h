
/*
 * Copyright (C) ngx_game authors
 *
 * What the directives of ngx_game_module.c need beyond nginx's own slots: the
 * functions that read their arguments, and bounds for sizes and times.
 */


#ifndef _NGX_GAME_CONF_H_INCLUDED_
#define _NGX_GAME_CONF_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_channel.h"


/* a record between workers has to hold a whole message */
#define NGX_GAME_MESSAGE_MAX  (NGX_GAME_CHANNEL_MAX - 4096)


/* cmd->post of ngx_conf_set_size_slot and ngx_conf_set_msec_slot; the text
 * says in the error what is allowed */
typedef struct {
    ngx_conf_post_handler_pt   post_handler;
    size_t                     low;
    size_t                     high;
    const char                *text;
} ngx_game_conf_bounds_t;


char *ngx_game_conf_check_bounds(ngx_conf_t *cf, void *post, void *data);

char *ngx_game_conf_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_game_conf_game(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_game_conf_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_game_conf_control(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_game_conf_lua_path(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_game_conf_origins(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_game_conf_rate(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_game_conf_ping(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_game_conf_checkpoint(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_game_conf_resume_timeout(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_game_conf_replay(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_game_conf_worker_timeout(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_game_conf_snapshot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_game_conf_deflate(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_game_conf_session_limit(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_game_conf_log(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* merge: the settings of a game are those of its first location; another one
 * that says something else is an error that names both */
char *ngx_game_conf_settle_game(ngx_conf_t *cf, ngx_game_loc_conf_t *conf);

/* 1 if the argument is `name` followed by a value; name ends with "=" */
ngx_uint_t ngx_game_conf_param(ngx_str_t *arg, const char *name,
    ngx_str_t *value);

/* logs: invalid WHAT "VALUE"; returns NGX_CONF_ERROR */
char *ngx_game_conf_invalid(ngx_conf_t *cf, const char *what,
    ngx_str_t *value);


#endif /* _NGX_GAME_CONF_H_INCLUDED_ */
