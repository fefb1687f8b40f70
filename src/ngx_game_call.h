
/*
 * Copyright (C) ngx_game authors
 *
 * Calls of handlers, in pooled coroutines that may wait.
 */


#ifndef _NGX_GAME_CALL_H_INCLUDED_
#define _NGX_GAME_CALL_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_vm.h"

#include <lua.h>


typedef struct ngx_game_call_s  ngx_game_call_t;


#define NGX_GAME_CALL_CHUNK  "[ngx_game]"


/*
 * A call of a handler, from its start to its end.  It lives as long as the
 * coroutine and is freed by the script part after `done` returned.
 */
struct ngx_game_call_s {
    lua_State                 *co;
    int                        ref;           /* anchors co */
    void                      *owner;         /* the caller's: its room */
    const char                *handler;       /* "on_tick", for logs */
    void                      *data;          /* the caller's */

    /*
     * The end.  rc: NGX_OK, n results on top of co's stack; NGX_ERROR, the
     * error with its traceback as text in *error; NGX_DECLINED, prepare said
     * there is nothing to call.  It runs unprotected: for what may allocate
     * in the VM it uses ngx_game_script_protect().
     */
    void                     (*done)(ngx_game_call_t *call, ngx_int_t rc,
                                     int n, ngx_str_t *error);
    unsigned                   waiting:1;
    unsigned                   cancelled:1;
};


/*
 * Runs protected, on co: pushes the function and its arguments, returns how
 * many arguments, or -1: nothing to call.  It may raise Lua errors; they end
 * the call with NGX_ERROR.
 */
typedef int (*ngx_game_prepare_pt)(lua_State *co, ngx_game_call_t *call);


/* with the worker's VM.  After done, calls that wait may only be cancelled */
ngx_int_t ngx_game_call_init(ngx_game_vm_t *vm);
void ngx_game_call_done(void);

/*
 * Calls a handler in a pooled coroutine.  `template` has owner, handler, data
 * and done set.  Returns NGX_OK (done was called), NGX_AGAIN (it waits), or
 * NGX_ERROR (no memory; done was not called).
 * The time limit counts from the outermost call.
 */
ngx_int_t ngx_game_script_call(ngx_game_call_t *template,
    ngx_game_prepare_pt prepare);

/* the same with a function without arguments, a reference of the registry.  It
 * is loaded from NGX_GAME_CALL_CHUNK, which no traceback shows */
ngx_int_t ngx_game_script_loop(ngx_game_call_t *template, int function);

/* for API functions: the call that runs now, or NULL; 1 if L is its coroutine
 * itself, so that it may wait */
ngx_game_call_t *ngx_game_script_current(void);
ngx_uint_t ngx_game_script_may_wait(lua_State *L);

/* an API function ends with: return ngx_game_script_wait(L); resume goes on
 * with nothing on its stack.  cancel: it will never go on; done is not called.
 * A call that runs, and does not wait, is dropped where it waits or ends */
int ngx_game_script_wait(lua_State *L);
void ngx_game_script_resume(ngx_game_call_t *call);
void ngx_game_script_cancel(ngx_game_call_t *call);


#endif /* _NGX_GAME_CALL_H_INCLUDED_ */
