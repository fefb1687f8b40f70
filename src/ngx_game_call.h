
/*
 * Copyright (C) ngx_game authors
 *
 * The pool of coroutines that handlers run in.  The calls themselves are
 * declared in ngx_game_script.h.
 */


#ifndef _NGX_GAME_CALL_H_INCLUDED_
#define _NGX_GAME_CALL_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_vm.h"


/* with the worker's VM.  After done, no call that waited may be touched */
ngx_int_t ngx_game_call_init(ngx_game_vm_t *vm);
void ngx_game_call_done(void);


#endif /* _NGX_GAME_CALL_H_INCLUDED_ */
