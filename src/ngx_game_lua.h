
/*
 * Copyright (C) ngx_game authors
 *
 * The objects that scripts see: rooms, players, and `game`.  A room and a
 * player are plain tables of the script's; which C object a table stands for
 * is known from a table of handles that scripts can't reach.
 *
 * All functions must run protected, but for drop.
 */


#ifndef _NGX_GAME_LUA_H_INCLUDED_
#define _NGX_GAME_LUA_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_player.h"
#include "ngx_game_room.h"

#include <lua.h>
#include <lauxlib.h>


/* for ngx_game_script_init(): fills `game`, makes the metatables */
int ngx_game_lua_open(lua_State *L);


/* the names of the handlers, by ngx_game_handler_e */
extern const char *const  ngx_game_lua_handlers[];

/* a lua_CFunction for ngx_game_script_protect(), with a room: makes its
 * object, sets ref, object and handlers */
int ngx_game_lua_make_room(lua_State *L);
/* the same: self.metadata is shown by the registry, for a room that was not
 * this worker's when it was set */
int ngx_game_lua_publish_metadata(lua_State *L);
void ngx_game_lua_push_room(lua_State *L, ngx_game_room_t *room);
void ngx_game_lua_drop_room(lua_State *L, ngx_game_room_t *room);

/* made when it is first needed, kept while the player is in the room */
void ngx_game_lua_push_player(lua_State *L, ngx_game_player_t *player);
void ngx_game_lua_drop_player(lua_State *L, ngx_game_player_t *player);

/* self.players, where the script uses it */
void ngx_game_lua_add_to_players(lua_State *L, ngx_game_player_t *player);
void ngx_game_lua_remove_from_players(lua_State *L,
    ngx_game_player_t *player);

/* the room of the argument `index`; an error for all else and for one that is
 * closed */
ngx_game_room_t *ngx_game_lua_check_room(lua_State *L, int index);

/* the player of the argument `index`, NULL: it has left; an error for all
 * else */
ngx_game_player_t *ngx_game_lua_check_player(lua_State *L, int index);

/* a query as a table of strings, without the argument `room` */
void ngx_game_lua_push_args(lua_State *L, const ngx_str_t *args);

/* bytes of a line that a script logs */
#define NGX_GAME_LUA_LINE_MAX  1024

/* 13 characters */
void ngx_game_lua_push_id(lua_State *L, uint64_t id);

/* the arguments from `index` on as text, with a space between them, cut at
 * `size` bytes; its length.  Control characters become spaces */
size_t ngx_game_lua_line(lua_State *L, int index, u_char *buf, size_t size);


/* the areas of the API: each pushes a table of functions, or fills the one on
 * top of the stack */
void ngx_game_lua_push_room_methods(lua_State *L);
void ngx_game_lua_push_player_methods(lua_State *L);
void ngx_game_lua_inject_game(lua_State *L);


/* sends the value at `index` to players: for broadcast, send, player:send.
 * Raises an error for what can't be encoded */
typedef struct {
    ngx_game_room_t           *room;
    ngx_game_player_t         *player;        /* NULL: all but `except` */
    const u_char              *except;
    ngx_uint_t                 n;
    ngx_game_kind_e            kind;          /* raw codec only */
} ngx_game_lua_send_t;

int ngx_game_lua_send(lua_State *L, int index, ngx_game_lua_send_t *to);

/* player:send, for all that ngx_game_dispatch.c does not send itself */
int ngx_game_lua_player_send(lua_State *L);

/* the optional argument `kind` */
ngx_game_kind_e ngx_game_lua_check_kind(lua_State *L, int index);


#endif /* _NGX_GAME_LUA_H_INCLUDED_ */
