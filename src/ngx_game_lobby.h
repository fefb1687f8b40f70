
/*
 * Copyright (C) ngx_game authors
 *
 * The lobby: the open rooms of a location's game as JSON.
 */


#ifndef _NGX_GAME_LOBBY_H_INCLUDED_
#define _NGX_GAME_LOBBY_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_json.h"
#include "ngx_game_registry.h"


/* a content handler for a GET of a game location that is no upgrade and has
 * the argument `rooms` */
ngx_int_t ngx_game_lobby_handler(ngx_http_request_t *r);

/* a room's public fields as a JSON object without its closing brace */
void ngx_game_lobby_room(ngx_game_json_t *json, ngx_game_room_info_t *info);


#endif /* _NGX_GAME_LOBBY_H_INCLUDED_ */
