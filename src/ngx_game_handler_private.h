
/*
 * Copyright (C) ngx_game authors
 *
 * What the handlers of rooms and of players share.  A call's `data` points to
 * the arguments while they are pushed; then it holds the id of the player that
 * the call is about, since a handler that waits may outlive its player.
 */


#ifndef _NGX_GAME_HANDLER_PRIVATE_H_INCLUDED_
#define _NGX_GAME_HANDLER_PRIVATE_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_handler.h"

#include <lua.h>


typedef struct {
    ngx_game_player_t         *player;
    ngx_game_handler_e         handler;
    ngx_str_t                 *data;          /* query, arguments */
    const char                *name;          /* of an alarm's handler */
    int                        version;       /* reference, for on_restore */
    int                        complete;      /* for on_resume */
    ngx_msec_int_t             grace;         /* for on_shutdown */
} ngx_game_handler_args_t;


typedef void (*ngx_game_handler_done_pt)(ngx_game_call_t *call, ngx_int_t rc,
    int n, ngx_str_t *error);


#define ngx_game_handler_player_id(call)                                      \
    ((uint64_t) (uintptr_t) (call)->data)


/* calls the handler of args, or the one that they name; NGX_OK, NGX_AGAIN: it
 * waits, or NGX_ERROR: done was not called */
ngx_int_t ngx_game_handler_call(ngx_game_room_t *room,
    ngx_game_handler_args_t *args, ngx_game_prepare_pt prepare,
    ngx_game_handler_done_pt done);

/* pushes the function and the room; false: the class has none of that name */
int ngx_game_handler_push(lua_State *co, ngx_game_call_t *call);

/* what all calls end with: an error is logged and counted for the room */
void ngx_game_handler_end(ngx_game_call_t *call, ngx_int_t rc,
    ngx_str_t *error);


#endif /* _NGX_GAME_HANDLER_PRIVATE_H_INCLUDED_ */
