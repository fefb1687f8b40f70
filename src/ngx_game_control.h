
/*
 * Copyright (C) ngx_game authors
 *
 * game_control: what an operator asks of the running server, by HTTP.
 */


#ifndef _NGX_GAME_CONTROL_H_INCLUDED_
#define _NGX_GAME_CONTROL_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_json.h"


ngx_int_t ngx_game_control_handler(ngx_http_request_t *r);

/* whether the server drains, and what is left, as an object; any worker that
 * has a slot can tell */
void ngx_game_control_drain(ngx_game_json_t *json);


#endif /* _NGX_GAME_CONTROL_H_INCLUDED_ */
