
/*
 * Copyright (C) ngx_game authors
 *
 * Stops scripts that run too long.  A worker's VM is watched by a timer of
 * CPU time, so that an idle worker is never woken, and is judged by wall time:
 * after the soft limit each instruction raises an error until the outermost
 * call has ended; after the hard limit, for what no error can stop, the worker
 * is aborted and respawned by the master.
 */


#ifndef _NGX_GAME_WATCHDOG_H_INCLUDED_
#define _NGX_GAME_WATCHDOG_H_INCLUDED_


#include "ngx_game.h"

#include <lua.h>
#include <lauxlib.h>


/* shared with the signal handler of the same thread */
typedef struct {
    volatile uint32_t          depth;         /* calls on the stack */
    volatile uint32_t          seq;           /* outermost calls, ever */
    volatile uint32_t          fired;         /* the soft limit was passed */
    volatile uint32_t          paused;        /* C code that cleans up runs */
    const char       *volatile what;          /* runs, for the log */
} ngx_game_watchdog_t;


extern ngx_game_watchdog_t  ngx_game_watchdog;


/* in a new VM, protected, before it runs any code: has each line of compiled
 * code check for the watchdog */
void ngx_game_watchdog_prepare(lua_State *L);

/* starts watching a worker's VM.  NGX_DECLINED: compiled code cannot be
 * stopped, so that the JIT compiler was turned off; the reason was logged */
ngx_int_t ngx_game_watchdog_start(lua_State *L, ngx_msec_t limit,
    ngx_log_t *log);
void ngx_game_watchdog_stop(void);

/* a VM of the configuration: turns its JIT compiler off and gives all that it
 * ever does this long */
void ngx_game_watchdog_limit(lua_State *L, ngx_msec_t limit);

/* for long work in C: raises the error if the soft limit was passed */
void ngx_game_watchdog_poll(lua_State *L);

/* forgets what was fired, at the end of an outermost call */
void ngx_game_watchdog_clear(void);


/* around each call into the VM.  The time counts from the outermost; the
 * handler ignores all while depth is 0, hence the order of the stores */
static ngx_inline const char *
ngx_game_watchdog_enter(const char *what)
{
    const char  *prev;

    if (ngx_game_watchdog.depth == 0) {
        ngx_game_watchdog.seq++;
    }

    prev = ngx_game_watchdog.what;
    ngx_game_watchdog.what = what;
    ngx_game_watchdog.depth++;

    return prev;
}


/* within a call, at the end of one handler and the start of the next */
static ngx_inline void
ngx_game_watchdog_next(void)
{
    if (ngx_game_watchdog.depth == 1) {
        ngx_game_watchdog.seq++;
    }
}


static ngx_inline void
ngx_game_watchdog_leave(const char *prev)
{
    ngx_game_watchdog.what = prev;

    if (--ngx_game_watchdog.depth == 0 && ngx_game_watchdog.fired) {
        ngx_game_watchdog_clear();
    }
}


#endif /* _NGX_GAME_WATCHDOG_H_INCLUDED_ */
