
/*
 * Copyright (C) ngx_game authors
 *
 * The Origin header: which sites' pages may open sessions (RFC 6455, 10.2).
 */


#ifndef _NGX_GAME_ORIGIN_H_INCLUDED_
#define _NGX_GAME_ORIGIN_H_INCLUDED_


#include "ngx_game.h"


/* 1 if game_origins lets a page of the origin in.  host: the Host header.  A
 * client without an Origin header is no browser and is not to be asked for */
ngx_uint_t ngx_game_origin_allowed(ngx_game_loc_conf_t *conf,
    ngx_str_t *origin, ngx_str_t *host);


#endif /* _NGX_GAME_ORIGIN_H_INCLUDED_ */
