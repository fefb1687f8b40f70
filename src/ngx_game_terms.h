
/*
 * Copyright (C) ngx_game authors
 *
 * What a client asks for with its upgrade and what it is granted before it may
 * ask for a seat: the room, its identity, a subprotocol, compression, and a
 * place under game_session_limit.
 */


#ifndef _NGX_GAME_TERMS_H_INCLUDED_
#define _NGX_GAME_TERMS_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_join.h"
#include "ngx_game_upgrade.h"
#include "core/game_deflate.h"


/* zeroed by the caller */
typedef struct {
    ngx_str_t                  extensions;    /* to answer; empty: none */
    game_deflate_params_t      deflate;       /* if it is not empty */

    uint64_t                   limit;         /* of ngx_game_limit.h, to be */
    unsigned                   limited:1;     /* released if this is set */

    ngx_uint_t                 status;        /* if it is refused */
    const char                *reason;
} ngx_game_terms_t;


/*
 * Fills the join, whose conf is set, and the terms.
 *   NGX_OK
 *   NGX_DECLINED  refused, see status and reason
 *   NGX_ERROR     no memory, or a variable failed
 */
ngx_int_t ngx_game_terms_settle(ngx_http_request_t *r, ngx_game_upgrade_t *u,
    ngx_game_join_t *join, ngx_game_terms_t *terms);


#endif /* _NGX_GAME_TERMS_H_INCLUDED_ */
