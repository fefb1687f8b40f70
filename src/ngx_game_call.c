
/*
 * Copyright (C) ngx_game authors
 *
 * Calls of handlers.  A call takes a coroutine from the pool, lets the caller
 * push the function and its arguments on it, protected, and resumes it.  A
 * call that waits keeps its coroutine and is resumed by whoever it waits for.
 *
 * The coroutine of a handler is never shown to scripts, so that only this file
 * resumes it.
 */


#include "ngx_game.h"
#include "ngx_game_call.h"
#include "ngx_game_vm.h"
#include "ngx_game_watchdog.h"

#include <lauxlib.h>


/* coroutines and call structs that are kept for reuse */
#define NGX_GAME_CALL_POOL     64

/* handlers that call handlers: each takes some KB of the C stack */
#define NGX_GAME_CALL_NESTING  32

/* bytes of an error with its traceback */
#define NGX_GAME_CALL_ERROR    4096

/* beside Lua's codes: prepare said that there is nothing to call */
#define NGX_GAME_CALL_NOTHING  (-1)


typedef struct {
    lua_State                 *co;
    int                        ref;           /* anchors it */
} ngx_game_call_co_t;


typedef struct {
    ngx_game_vm_t             *vm;
    int                        enter;         /* anchors a C function */

    ngx_game_call_t           *current;
    ngx_game_prepare_pt        prepare;       /* of the call that begins, */
    int                        function;      /* or, if that is NULL, this */

    ngx_game_call_co_t         idle[NGX_GAME_CALL_POOL];
    ngx_uint_t                 n_idle;
    ngx_game_call_t           *free[NGX_GAME_CALL_POOL];
    ngx_uint_t                 n_free;
} ngx_game_calls_t;


typedef struct {
    lua_State                 *co;
    ngx_str_t                 *text;
} ngx_game_call_trace_t;


static int ngx_game_call_open(lua_State *L);
static int ngx_game_call_enter(lua_State *co);
static ngx_int_t ngx_game_call_begin(ngx_game_call_t *template);
static ngx_game_call_t *ngx_game_call_create(ngx_game_call_t *template);
static int ngx_game_call_create_co(lua_State *L);
static int ngx_game_call_run(ngx_game_call_t *call, ngx_uint_t begin,
    ngx_uint_t *timeout);
static ngx_int_t ngx_game_call_end(ngx_game_call_t *call, int rc,
    ngx_uint_t timeout);
static void ngx_game_call_fail(ngx_game_call_t *call, int rc,
    ngx_uint_t timeout);
static void ngx_game_call_release(ngx_game_call_t *call, ngx_uint_t reuse);
static void ngx_game_call_drop_co(ngx_game_call_co_t *co);
static int ngx_game_call_unref(lua_State *L);
static void ngx_game_call_error_text(lua_State *co, ngx_str_t *text);
static int ngx_game_call_traceback(lua_State *L);


static ngx_game_calls_t  ngx_game_calls;


ngx_int_t
ngx_game_call_init(ngx_game_vm_t *vm)
{
    ngx_memzero(&ngx_game_calls, sizeof(ngx_game_calls_t));

    if (ngx_game_vm_pcall(vm, ngx_game_call_open, NULL) != 0) {
        ngx_log_error(NGX_LOG_EMERG, ngx_cycle->log, 0,
                      "game scripts can't run: %s", ngx_game_vm_error(vm->L));
        return NGX_ERROR;
    }

    ngx_game_calls.vm = vm;

    return NGX_OK;
}


void
ngx_game_call_done(void)
{
    while (ngx_game_calls.n_free) {
        ngx_free(ngx_game_calls.free[--ngx_game_calls.n_free]);
    }

    ngx_memzero(&ngx_game_calls, sizeof(ngx_game_calls_t));
}


static int
ngx_game_call_open(lua_State *L)
{
    lua_pushcfunction(L, ngx_game_call_enter);
    ngx_game_calls.enter = luaL_ref(L, LUA_REGISTRYINDEX);

    return 0;
}


ngx_int_t
ngx_game_script_call(ngx_game_call_t *template, ngx_game_prepare_pt prepare)
{
    ngx_game_calls.prepare = prepare;

    return ngx_game_call_begin(template);
}


ngx_int_t
ngx_game_script_loop(ngx_game_call_t *template, int function)
{
    ngx_game_calls.prepare = NULL;
    ngx_game_calls.function = function;

    return ngx_game_call_begin(template);
}


static ngx_int_t
ngx_game_call_begin(ngx_game_call_t *template)
{
    int               rc;
    ngx_uint_t        timeout;
    ngx_game_call_t  *call;

    static ngx_str_t  deep = ngx_string("handlers call handlers too deeply");

    call = ngx_game_call_create(template);
    if (call == NULL) {
        return NGX_ERROR;
    }

    if (ngx_game_watchdog.depth >= NGX_GAME_CALL_NESTING
        || ngx_game_vm_stack_full(call->co))
    {
        ngx_game_count(script_errors, 1);
        call->done(call, NGX_ERROR, 0, &deep);
        ngx_game_call_release(call, 1);
        return NGX_OK;
    }

    rc = ngx_game_call_run(call, 1, &timeout);

    return ngx_game_call_end(call, rc, timeout);
}


void
ngx_game_script_resume(ngx_game_call_t *call)
{
    int         rc;
    ngx_uint_t  timeout;

    if (!call->waiting) {
        return;
    }

    call->waiting = 0;

    rc = ngx_game_call_run(call, 0, &timeout);

    (void) ngx_game_call_end(call, rc, timeout);
}


void
ngx_game_script_cancel(ngx_game_call_t *call)
{
    call->cancelled = 1;

    if (call->waiting) {
        ngx_game_call_release(call, 0);
    }
}


ngx_game_call_t *
ngx_game_script_current(void)
{
    return ngx_game_calls.current;
}


ngx_uint_t
ngx_game_script_may_wait(lua_State *L)
{
    ngx_game_call_t  *call;

    call = ngx_game_calls.current;

    return call && call->co == L && lua_isyieldable(L);
}


int
ngx_game_script_wait(lua_State *L)
{
    int  rc;

    if (!ngx_game_script_may_wait(L)) {
        return luaL_error(L, "attempt to wait outside of a handler's own "
                          "coroutine");
    }

    /* it returns: the coroutine yields when the C function has */
    rc = lua_yield(L, 0);

    ngx_game_calls.current->waiting = 1;

    return rc;
}


/* a call of prepare on the new call's coroutine */
static int
ngx_game_call_enter(lua_State *co)
{
    int  n;

    n = ngx_game_calls.prepare(co, ngx_game_calls.current);

    return n + 1;
}


static ngx_game_call_t *
ngx_game_call_create(ngx_game_call_t *template)
{
    int                  rc;
    ngx_game_call_t     *call;
    ngx_game_calls_t    *calls;
    ngx_game_call_co_t   co;

    calls = &ngx_game_calls;

    if (calls->vm == NULL) {
        return NULL;
    }

    /* what failed for lack of memory has left garbage behind */

    if (calls->vm->exhausted && ngx_game_watchdog.depth == 0) {
        ngx_game_vm_collect(calls->vm);
    }

    if (calls->n_idle) {
        co = calls->idle[--calls->n_idle];

    } else {
        rc = ngx_game_vm_pcall(calls->vm, ngx_game_call_create_co, &co);

        if (rc != 0) {
            lua_pop(calls->vm->L, 1);
            return NULL;
        }
    }

    if (calls->n_free) {
        call = calls->free[--calls->n_free];

    } else {
        call = ngx_alloc(sizeof(ngx_game_call_t), ngx_cycle->log);
        if (call == NULL) {
            ngx_game_call_drop_co(&co);
            return NULL;
        }
    }

    ngx_memzero(call, sizeof(ngx_game_call_t));

    call->co = co.co;
    call->ref = co.ref;
    call->owner = template->owner;
    call->handler = template->handler;
    call->data = template->data;
    call->done = template->done;

    return call;
}


static int
ngx_game_call_create_co(lua_State *L)
{
    ngx_game_call_co_t  *co;

    co = lua_touserdata(L, 1);

    co->co = lua_newthread(L);
    co->ref = luaL_ref(L, LUA_REGISTRYINDEX);

    return 0;
}


/* begins a call or goes on with it, up to where it ends or yields: Lua's code,
 * or NGX_GAME_CALL_NOTHING */
static int
ngx_game_call_run(ngx_game_call_t *call, ngx_uint_t begin,
    ngx_uint_t *timeout)
{
    int               n, rc;
    lua_State        *co;
    const char       *what;
    ngx_game_call_t  *prev;

    co = call->co;
    n = 0;
    rc = 0;

    what = ngx_game_watchdog_enter(call->handler);
    prev = ngx_game_calls.current;
    ngx_game_calls.current = call;
    ngx_game_calls.vm->handler = co;

    if (begin && ngx_game_calls.prepare == NULL) {
        lua_rawgeti(co, LUA_REGISTRYINDEX, ngx_game_calls.function);

    } else if (begin) {
        lua_rawgeti(co, LUA_REGISTRYINDEX, ngx_game_calls.enter);
        rc = lua_pcall(co, 0, LUA_MULTRET, 0);
        n = lua_gettop(co) - 1;
    }

    if (rc == 0) {
        rc = (n < 0) ? NGX_GAME_CALL_NOTHING : lua_resume(co, n);
    }

    *timeout = ngx_game_watchdog.fired;

    ngx_game_calls.current = prev;
    ngx_game_calls.vm->handler = prev ? prev->co : NULL;
    ngx_game_watchdog_leave(what);

    return rc;
}


static ngx_int_t
ngx_game_call_end(ngx_game_call_t *call, int rc, ngx_uint_t timeout)
{
    switch (rc) {

    case LUA_YIELD:

        if (call->waiting && !call->cancelled) {
            return NGX_AGAIN;
        }

        if (!call->waiting) {
            ngx_game_call_fail(call, rc, timeout);
        }

        break;

    case 0:

        if (!call->cancelled) {
            call->done(call, NGX_OK, lua_gettop(call->co), NULL);
        }

        break;

    case NGX_GAME_CALL_NOTHING:

        if (!call->cancelled) {
            call->done(call, NGX_DECLINED, 0, NULL);
        }

        break;

    default:
        ngx_game_call_fail(call, rc, timeout);
        break;
    }

    /* only what has ended without an error has the status 0 */

    ngx_game_call_release(call, lua_status(call->co) == 0);

    return NGX_OK;
}


static void
ngx_game_call_fail(ngx_game_call_t *call, int rc, ngx_uint_t timeout)
{
    ngx_str_t  text;

    ngx_game_count(script_errors, 1);

    if (timeout) {
        ngx_game_count(script_timeouts, 1);
    }

    if (rc == LUA_ERRMEM) {
        ngx_game_calls.vm->exhausted = 1;
    }

    if (rc == LUA_YIELD) {
        ngx_str_set(&text, "a handler must not yield: coroutine.yield() is "
                    "for coroutines that the script has made");

    } else {
        ngx_game_call_error_text(call->co, &text);
    }

    if (!call->cancelled) {
        call->done(call, NGX_ERROR, 0, &text);
        return;
    }

    /* nobody waits for it any more, but it should be seen */

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "%s failed: %V",
                  call->handler, &text);
}


/* frees the call; its coroutine is kept, or is left to the collector */
static void
ngx_game_call_release(ngx_game_call_t *call, ngx_uint_t reuse)
{
    ngx_game_calls_t    *calls;
    ngx_game_call_co_t   co;

    calls = &ngx_game_calls;

    co.co = call->co;
    co.ref = call->ref;

    if (reuse && calls->n_idle < NGX_GAME_CALL_POOL) {
        lua_settop(co.co, 0);
        calls->idle[calls->n_idle++] = co;

    } else {
        ngx_game_call_drop_co(&co);
    }

    if (calls->n_free < NGX_GAME_CALL_POOL) {
        calls->free[calls->n_free++] = call;

    } else {
        ngx_free(call);
    }
}


static void
ngx_game_call_drop_co(ngx_game_call_co_t *co)
{
    ngx_game_vm_t  *vm;

    vm = ngx_game_calls.vm;

    if (vm && ngx_game_vm_pcall(vm, ngx_game_call_unref, co) != 0) {
        lua_pop(vm->L, 1);
    }
}


static int
ngx_game_call_unref(lua_State *L)
{
    ngx_game_call_co_t  *co;

    co = lua_touserdata(L, 1);

    luaL_unref(L, LUA_REGISTRYINDEX, co->ref);

    return 0;
}


/* the error on top of co's stack, with a traceback.  The text is valid until
 * the next one is made */
static void
ngx_game_call_error_text(lua_State *co, ngx_str_t *text)
{
    ngx_game_vm_t          *vm;
    ngx_game_call_trace_t   trace;

    vm = ngx_game_calls.vm;

    trace.co = co;
    trace.text = text;

    if (ngx_game_vm_pcall(vm, ngx_game_call_traceback, &trace) != 0) {
        lua_pop(vm->L, 1);

        /* no memory for a traceback */

        text->data = (u_char *) ngx_game_vm_error(co);
        text->len = ngx_strlen(text->data);
    }
}


static int
ngx_game_call_traceback(lua_State *L)
{
    u_char                 *p, *last;
    size_t                  len;
    lua_Debug               ar;
    const char             *message, *text, *own;
    ngx_game_call_trace_t  *trace;

    static u_char           buf[NGX_GAME_CALL_ERROR];

    trace = lua_touserdata(L, 1);

    last = buf + sizeof(buf);

    if (lua_isstring(trace->co, -1)) {
        message = lua_tolstring(trace->co, -1, &len);

    } else {
        message = ngx_game_vm_error(trace->co);
        len = ngx_strlen(message);
    }

    /* one line, whatever the script put into it */

    p = ngx_cpymem(buf, message, ngx_min(len, sizeof(buf) / 2));
    ngx_game_vm_printable(buf, p - buf);

    if (lua_getstack(trace->co, 0, &ar)) {
        luaL_traceback(L, trace->co, NULL, 0);
        text = lua_tolstring(L, -1, &len);

        own = strstr(text, "\n\t" NGX_GAME_CALL_CHUNK);
        len = own ? (size_t) (own - text) : len;

        p = ngx_slprintf(p, last, "\n%*s", len, text);
    }

    trace->text->data = buf;
    trace->text->len = p - buf;

    return 0;
}
