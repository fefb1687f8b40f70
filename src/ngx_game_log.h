
/*
 * Copyright (C) ngx_game authors
 *
 * game_log: a line per session at its end, in place of the access log's
 * duration and bytes.
 */


#ifndef _NGX_GAME_LOG_H_INCLUDED_
#define _NGX_GAME_LOG_H_INCLUDED_


#include "ngx_game.h"


struct ngx_game_log_s {
    ngx_open_file_t           *file;
    time_t                     disk_full_time;
    time_t                     error_log_time;
};


typedef struct {
    ngx_str_t                  address;
    ngx_str_t                  identity;      /* empty: "-" */
    ngx_str_t                  game;
    uint64_t                   room;
    uint64_t                   player;
    ngx_msec_t                 duration;
    uint64_t                   messages_in;
    uint64_t                   messages_out;
    uint64_t                   bytes_in;
    uint64_t                   bytes_out;
    uint32_t                   rtt;           /* ms, 0: not measured, "-" */
    ngx_uint_t                 code;          /* of the close, 1006: none */
    ngx_game_reason_e          why;
} ngx_game_log_entry_t;


void ngx_game_log_write(ngx_game_log_t *log, ngx_game_log_entry_t *entry);

/* "left", "timeout", ... as on_leave and game_log show it */
extern const ngx_str_t  ngx_game_reasons[];


#endif /* _NGX_GAME_LOG_H_INCLUDED_ */
