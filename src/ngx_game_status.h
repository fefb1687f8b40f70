
/*
 * Copyright (C) ngx_game authors
 *
 * game_status: what the workers do, as JSON.
 */


#ifndef _NGX_GAME_STATUS_H_INCLUDED_
#define _NGX_GAME_STATUS_H_INCLUDED_


#include "ngx_game.h"


ngx_int_t ngx_game_status_handler(ngx_http_request_t *r);


#endif /* _NGX_GAME_STATUS_H_INCLUDED_ */
