
/*
 * Copyright (C) ngx_game authors
 *
 * What the two ways share, that from gateways to owners and that back: the
 * receivers, and how records are taken in at each end.
 */


#ifndef _NGX_GAME_SYNC_PRIVATE_H_INCLUDED_
#define _NGX_GAME_SYNC_PRIVATE_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_sync.h"


#define ngx_game_sync_is_local(e)  ((e) == ngx_game_worker.epoch)

#define ngx_game_sync_is_kind(arg)                                            \
    ((arg) == NGX_GAME_TEXT || (arg) == NGX_GAME_BINARY)


extern ngx_game_sync_handlers_t  ngx_game_sync_to;


/* at the owner */
void ngx_game_sync_join_record(ngx_game_record_t *record, u_char *payload,
    size_t len);
void ngx_game_sync_leave_record(ngx_game_record_t *record, u_char *payload,
    size_t len);
void ngx_game_sync_switch_record(ngx_game_record_t *record, u_char *payload,
    size_t len);
void ngx_game_sync_return_record(ngx_game_record_t *record, u_char *payload,
    size_t len);
void ngx_game_sync_roster_record(ngx_game_record_t *record, u_char *payload,
    size_t len);

/* at the gateway */
void ngx_game_sync_admit_record(ngx_game_record_t *record, u_char *payload,
    size_t len);
void ngx_game_sync_refuse_record(ngx_game_record_t *record, u_char *payload,
    size_t len);
void ngx_game_sync_send_local(uint64_t player, ngx_game_kind_e kind,
    const ngx_str_t *payload);
void ngx_game_sync_broadcast_record(ngx_game_record_t *record,
    u_char *payload, size_t len);
void ngx_game_sync_close_local(uint64_t room, uint64_t player,
    ngx_uint_t code, const ngx_str_t *reason, ngx_game_reason_e why);


#endif /* _NGX_GAME_SYNC_PRIVATE_H_INCLUDED_ */
