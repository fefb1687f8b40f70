
/*
 * Copyright (C) ngx_game authors
 *
 * What all calls of handlers have in common: their begin, their end, and the
 * end of the turn in which they ran.
 */


#include "ngx_game_handler.h"
#include "ngx_game_handler_private.h"
#include "ngx_game_codec.h"
#include "ngx_game_lua.h"
#include "ngx_game_script.h"
#include "ngx_game_zone.h"


static void ngx_game_handler_turn(ngx_event_t *ev);


static ngx_event_t    ngx_game_handler_end_of_turn;
static void         (*ngx_game_handler_after)(ngx_uint_t last);


void
ngx_game_handler_init(void (*after)(ngx_uint_t last))
{
    ngx_game_handler_after = after;
}


ngx_int_t
ngx_game_handler_call(ngx_game_room_t *room, ngx_game_handler_args_t *args,
    ngx_game_prepare_pt prepare, ngx_game_handler_done_pt done)
{
    uint64_t          began;
    ngx_int_t         rc;
    ngx_game_call_t   call;
    ngx_game_doing_t  doing;

    ngx_memzero(&call, sizeof(ngx_game_call_t));

    call.owner = room;
    call.handler = args->name ? args->name
                              : ngx_game_lua_handlers[args->handler];
    call.data = args;
    call.done = done;

    ngx_game_handler_end_turn();
    ngx_game_room_changed(room);

    /* handlers are called within handlers: the outermost counts the time */

    doing = *ngx_game_worker.doing;
    began = doing.room ? 0 : ngx_game_clock_now();

    ngx_game_worker.doing->room = room->id;
    ngx_game_worker.doing->player = 0;
    ngx_game_worker.doing->handler = args->name ? NGX_GAME_HANDLERS
                                                : args->handler;
    ngx_game_worker.doing->len = 0;

    rc = ngx_game_script_call(&call, prepare);

    *ngx_game_worker.doing = doing;

    if (began) {
        room->spent += (ngx_game_clock_now() - began) * 1000;
    }

    return rc;
}


void
ngx_game_handler_end_turn(void)
{
    if (!ngx_game_handler_end_of_turn.posted) {
        ngx_game_handler_end_of_turn.handler = ngx_game_handler_turn;
        ngx_game_handler_end_of_turn.log = ngx_cycle->log;

        ngx_post_event((&ngx_game_handler_end_of_turn), &ngx_posted_events);
    }
}


/* after the event in which handlers ran, before what they sent is written, and
 * again as the last event of the turn, when garbage is collected and the
 * worker may rest */

static void
ngx_game_handler_turn(ngx_event_t *ev)
{
    ngx_uint_t  last;

    last = ngx_queue_empty(&ngx_posted_events);

    ngx_game_handler_after(last);

    if (!last) {
        ngx_post_event(ev, &ngx_posted_events);
        return;
    }

    ngx_game_script_collect();
    ngx_game_codec_trim();

    ngx_game_clock_rest();
}


int
ngx_game_handler_push(lua_State *co, ngx_game_call_t *call)
{
    luaL_checkstack(co, LUA_MINSTACK, NULL);

    ngx_game_lua_push_room(co, call->owner);
    lua_getfield(co, -1, call->handler);
    lua_insert(co, -2);

    return lua_isfunction(co, -2);
}


void
ngx_game_handler_end(ngx_game_call_t *call, ngx_int_t rc, ngx_str_t *error)
{
    uint64_t          player;
    ngx_game_room_t  *room;

    if (rc != NGX_ERROR) {
        return;
    }

    room = call->owner;
    player = ngx_game_handler_player_id(call);

    if (player) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "%s failed in room %V of game \"%V\" for player %V: %V",
                      call->handler, ngx_game_id_text(room->id),
                      &room->game->name, ngx_game_id_text(player), error);

    } else {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "%s failed in room %V of game \"%V\": %V",
                      call->handler, ngx_game_id_text(room->id),
                      &room->game->name, error);
    }

    ngx_game_room_error(room);
}


void
ngx_game_handler_done(ngx_game_call_t *call, ngx_int_t rc, int n,
    ngx_str_t *error)
{
    ngx_game_handler_end(call, rc, error);
}
