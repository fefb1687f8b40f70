
/*
 * Copyright (C) ngx_game authors
 *
 * The watchdog.  Compiled code ignores Lua's hooks, but for those of LuaJIT's
 * profiler: where that was started in line mode before any code was compiled,
 * each line of a trace checks a flag.  So the signal handler sets a hook and
 * raises SIGPROF, LuaJIT's own handler sets the flag, the trace exits, and the
 * interpreter runs the hook.  The profiler's interval is so long that it never
 * fires by itself.
 *
 * LuaJIT has one profiler per process.  If another VM has it (one of
 * lua-nginx-module), compiled code cannot be stopped; start() finds that out
 * by trying, and turns the JIT compiler off.
 */


#include "ngx_game_watchdog.h"

#include <luajit.h>

#include <signal.h>
#include <sys/syscall.h>
#include <time.h>


#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id  _sigev_un._tid
#endif

#define NGX_GAME_WATCHDOG_SIGNAL   (SIGRTMIN + 5)
#define NGX_GAME_WATCHDOG_PERIOD   5      /* ms of CPU time */
#define NGX_GAME_WATCHDOG_COUNT    10000  /* instructions, without a timer */
#define NGX_GAME_WATCHDOG_TEST     10     /* ms */
#define NGX_GAME_WATCHDOG_LOOP     200000000

/*
 * CPU time that must have passed beside the wall time, in periods: a process
 * that was stopped for a while must not be punished for it.
 */
#define NGX_GAME_WATCHDOG_SOFT_TICKS  2
#define NGX_GAME_WATCHDOG_HARD_TICKS  20

#define ngx_game_watchdog_events                                              \
    (LUA_MASKCOUNT|LUA_MASKLINE|LUA_MASKCALL|LUA_MASKRET)


typedef struct {
    lua_State                 *vm;
    uint64_t                   soft;          /* ms */
    uint64_t                   hard;          /* ms */

    /* of the outermost call, as the handler saw it */
    uint32_t                   seq;
    uint32_t                   ticks;
    uint32_t                   fired_ticks;
    uint64_t                   start;         /* ms, of its first tick */

    timer_t                    timer;
    pid_t                      tid;
    unsigned                   timed:1;       /* there is a timer */
    unsigned                   counted:1;     /* the hook is always there */
} ngx_game_watchdog_ctx_t;


static void ngx_game_watchdog_profiled(void *data, lua_State *L, int samples,
    int vmstate);
static ngx_int_t ngx_game_watchdog_timer(ngx_log_t *log);
static ngx_uint_t ngx_game_watchdog_profiling(void);
static ngx_int_t ngx_game_watchdog_test(lua_State *L);
static void ngx_game_watchdog_handler(int signo, siginfo_t *info,
    void *ucontext);
static ngx_uint_t ngx_game_watchdog_tick(uint32_t min_ticks);
static void ngx_game_watchdog_fire(lua_State *L);
static void ngx_game_watchdog_abort(uint64_t elapsed);
static void ngx_game_watchdog_hook(lua_State *L, lua_Debug *ar);
static void ngx_game_watchdog_count_hook(lua_State *L, lua_Debug *ar);
static void ngx_game_watchdog_limit_hook(lua_State *L, lua_Debug *ar);
static void ngx_game_watchdog_raise(lua_State *L, uint64_t limit);
static uint64_t ngx_game_watchdog_now(void);


ngx_game_watchdog_t             ngx_game_watchdog;

static ngx_game_watchdog_ctx_t  ngx_game_watchdog_ctx;

/* some hundred milliseconds, in which it shows how far it has come */
static const char  ngx_game_watchdog_loop[] =
    "local t = ... for i = 1, " ngx_value(NGX_GAME_WATCHDOG_LOOP)
    " do t[1] = i end";

/* anchor the loop and its table */
static int                      ngx_game_watchdog_refs[2];

/* of a VM of the configuration: ms */
static uint64_t                 ngx_game_watchdog_deadline;
static uint64_t                 ngx_game_watchdog_allowed;


void
ngx_game_watchdog_prepare(lua_State *L)
{
    luaJIT_profile_start(L, "li1000000000", ngx_game_watchdog_profiled, NULL);

    if (luaL_loadstring(L, ngx_game_watchdog_loop) != 0) {
        (void) lua_error(L);
    }

    ngx_game_watchdog_refs[0] = luaL_ref(L, LUA_REGISTRYINDEX);

    lua_createtable(L, 1, 0);
    ngx_game_watchdog_refs[1] = luaL_ref(L, LUA_REGISTRYINDEX);
}


ngx_int_t
ngx_game_watchdog_start(lua_State *L, ngx_msec_t limit, ngx_log_t *log)
{
    ngx_int_t                 rc;
    ngx_game_watchdog_ctx_t  *ctx;

    ctx = &ngx_game_watchdog_ctx;

    ngx_memzero(ctx, sizeof(ngx_game_watchdog_ctx_t));
    ngx_memzero(&ngx_game_watchdog, sizeof(ngx_game_watchdog_t));

    ctx->vm = L;
    ctx->soft = NGX_GAME_WATCHDOG_TEST;
    ctx->hard = 5000;
    ctx->tid = (pid_t) syscall(SYS_gettid);

    rc = ngx_game_watchdog_timer(log);

    if (rc == NGX_OK
        && (!ngx_game_watchdog_profiling()
            || ngx_game_watchdog_test(L) != NGX_OK))
    {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "compiled scripts can't be interrupted, the JIT "
                      "compiler is off and games run slower: another module "
                      "of this nginx uses the profiler of LuaJIT");
        rc = NGX_DECLINED;
    }

    if (rc != NGX_OK) {
        (void) luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE|LUAJIT_MODE_OFF);
        (void) luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE|LUAJIT_MODE_FLUSH);

        ctx->counted = 1;
        lua_sethook(L, ngx_game_watchdog_count_hook, LUA_MASKCOUNT,
                    NGX_GAME_WATCHDOG_COUNT);
    }

    ctx->soft = limit;
    ctx->hard = ngx_max(10 * limit, 5000);

    return rc;
}


void
ngx_game_watchdog_stop(void)
{
    ngx_game_watchdog_ctx_t  *ctx;

    ctx = &ngx_game_watchdog_ctx;

    if (ctx->timed) {

        /* a signal that is pending must not kill by its default action */
        (void) signal(NGX_GAME_WATCHDOG_SIGNAL, SIG_IGN);
        (void) timer_delete(ctx->timer);
    }

    if (ctx->vm) {
        luaJIT_profile_stop(ctx->vm);
    }

    ngx_memzero(ctx, sizeof(ngx_game_watchdog_ctx_t));
}


void
ngx_game_watchdog_limit(lua_State *L, ngx_msec_t limit)
{
    (void) luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE|LUAJIT_MODE_OFF);

    ngx_game_watchdog_allowed = limit;
    ngx_game_watchdog_deadline = ngx_game_watchdog_now() + limit;

    lua_sethook(L, ngx_game_watchdog_limit_hook, LUA_MASKCOUNT,
                NGX_GAME_WATCHDOG_COUNT);
}


void
ngx_game_watchdog_poll(lua_State *L)
{
    lua_Hook  hook;

    hook = lua_gethook(L);

    if (hook) {
        hook(L, NULL);
    }
}


void
ngx_game_watchdog_clear(void)
{
    ngx_game_watchdog_ctx_t  *ctx;

    ctx = &ngx_game_watchdog_ctx;

    ngx_game_watchdog.fired = 0;

    if (ctx->counted) {
        lua_sethook(ctx->vm, ngx_game_watchdog_count_hook, LUA_MASKCOUNT,
                    NGX_GAME_WATCHDOG_COUNT);

    } else {
        lua_sethook(ctx->vm, NULL, 0, 0);
    }
}


/* LuaJIT calls it at each SIGPROF: all is done by the hook */
static void
ngx_game_watchdog_profiled(void *data, lua_State *L, int samples, int vmstate)
{
}


static ngx_int_t
ngx_game_watchdog_timer(ngx_log_t *log)
{
    struct sigaction          sa;
    struct sigevent           sev;
    struct itimerspec         its;
    ngx_game_watchdog_ctx_t  *ctx;

    ctx = &ngx_game_watchdog_ctx;

    ngx_memzero(&sa, sizeof(struct sigaction));
    sa.sa_sigaction = ngx_game_watchdog_handler;
    sa.sa_flags = SA_SIGINFO|SA_RESTART;
    (void) sigemptyset(&sa.sa_mask);

    if (sigaction(NGX_GAME_WATCHDOG_SIGNAL, &sa, NULL) == -1) {
        ngx_log_error(NGX_LOG_CRIT, log, ngx_errno,
                      "sigaction() of the script watchdog failed");
        return NGX_DECLINED;
    }

    ngx_memzero(&sev, sizeof(struct sigevent));
    sev.sigev_notify = SIGEV_THREAD_ID;
    sev.sigev_signo = NGX_GAME_WATCHDOG_SIGNAL;
    sev.sigev_notify_thread_id = ctx->tid;

    if (timer_create(CLOCK_THREAD_CPUTIME_ID, &sev, &ctx->timer) == -1) {
        ngx_log_error(NGX_LOG_CRIT, log, ngx_errno,
                      "timer_create() of the script watchdog failed, the JIT "
                      "compiler is off");
        return NGX_DECLINED;
    }

    ctx->timed = 1;

    ngx_memzero(&its, sizeof(struct itimerspec));
    its.it_interval.tv_nsec = NGX_GAME_WATCHDOG_PERIOD * 1000000;
    its.it_value.tv_nsec = NGX_GAME_WATCHDOG_PERIOD * 1000000;

    if (timer_settime(ctx->timer, 0, &its, NULL) == -1) {
        ngx_log_error(NGX_LOG_CRIT, log, ngx_errno,
                      "timer_settime() of the script watchdog failed, the JIT "
                      "compiler is off");
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* whether SIGPROF is handled: it would kill the worker if not */
static ngx_uint_t
ngx_game_watchdog_profiling(void)
{
    struct sigaction  sa;

    return sigaction(SIGPROF, NULL, &sa) == 0 && sa.sa_handler != SIG_DFL;
}


/* whether a compiled loop is interrupted, and not only left at its end */
static ngx_int_t
ngx_game_watchdog_test(lua_State *L)
{
    int          rc;
    lua_Number   n;
    const char  *prev;

    lua_rawgeti(L, LUA_REGISTRYINDEX, ngx_game_watchdog_refs[0]);
    lua_rawgeti(L, LUA_REGISTRYINDEX, ngx_game_watchdog_refs[1]);

    prev = ngx_game_watchdog_enter("watchdog");
    rc = lua_pcall(L, 1, 0, 0);
    ngx_game_watchdog_leave(prev);

    if (rc == 0) {
        return NGX_DECLINED;
    }

    lua_rawgeti(L, LUA_REGISTRYINDEX, ngx_game_watchdog_refs[1]);
    lua_rawgeti(L, -1, 1);
    n = lua_tonumber(L, -1);
    lua_pop(L, 3);

    return n < NGX_GAME_WATCHDOG_LOOP ? NGX_OK : NGX_DECLINED;
}


/*
 * Runs each 5 ms of the worker's CPU time, on its main thread, maybe within
 * LuaJIT: lua_sethook() may be called by a signal handler, and all else here
 * is async-signal-safe.
 */
static void
ngx_game_watchdog_handler(int signo, siginfo_t *info, void *ucontext)
{
    uint64_t                  elapsed;
    ngx_err_t                 err;
    ngx_game_watchdog_ctx_t  *ctx;

    if (ngx_game_watchdog.depth == 0) {
        return;
    }

    err = ngx_errno;
    ctx = &ngx_game_watchdog_ctx;

    if (ngx_game_watchdog_tick(NGX_GAME_WATCHDOG_SOFT_TICKS)) {

        ngx_game_watchdog_fire(ctx->vm);

        if (!ctx->counted) {
            (void) syscall(SYS_tgkill, ngx_pid, ctx->tid, SIGPROF);
        }

        elapsed = ngx_game_watchdog_now() - ctx->start;

        if (elapsed >= ctx->hard
            && ctx->ticks - ctx->fired_ticks >= NGX_GAME_WATCHDOG_HARD_TICKS)
        {
            ngx_game_watchdog_abort(elapsed);
        }
    }

    ngx_set_errno(err);
}


/* whether the outermost call has passed the soft limit */
static ngx_uint_t
ngx_game_watchdog_tick(uint32_t min_ticks)
{
    uint64_t                  now;
    ngx_game_watchdog_ctx_t  *ctx;

    ctx = &ngx_game_watchdog_ctx;
    now = ngx_game_watchdog_now();

    if (ctx->seq != ngx_game_watchdog.seq) {
        ctx->seq = ngx_game_watchdog.seq;
        ctx->start = now;
        ctx->ticks = 0;
        return 0;
    }

    ctx->ticks++;

    return now - ctx->start >= ctx->soft && ctx->ticks >= min_ticks;
}


/* the hook stays until the outermost call ends: pcall() must not save it */
static void
ngx_game_watchdog_fire(lua_State *L)
{
    if (!ngx_game_watchdog.fired) {
        ngx_game_watchdog_ctx.fired_ticks = ngx_game_watchdog_ctx.ticks;
        ngx_game_watchdog.fired = 1;
    }

    (void) lua_sethook(L, ngx_game_watchdog_hook, ngx_game_watchdog_events, 1);
}


/* no error can stop it: C code without an end.  The master sees the signal
 * and starts another worker; an exit code might stop it from that */
static void
ngx_game_watchdog_abort(uint64_t elapsed)
{
    u_char      *p;
    u_char       buf[512];
    ngx_fd_t     fd;
    const char  *what;

    what = ngx_game_watchdog.what;

    /* a log may be a syslog server's */
    fd = ngx_cycle->log->file ? ngx_cycle->log->file->fd : ngx_stderr;

    p = ngx_slprintf(buf, buf + sizeof(buf),
                     "%V [alert] %P#%P: script \"%s\" can't be stopped after "
                     "%uL ms, the worker is aborted" NGX_LINEFEED,
                     &ngx_cached_err_log_time, ngx_pid,
                     ngx_game_watchdog_ctx.tid, what ? what : "", elapsed);

    (void) ngx_write_fd(fd, buf, p - buf);

    abort();
}


static void
ngx_game_watchdog_hook(lua_State *L, lua_Debug *ar)
{
    if (ngx_game_watchdog.fired && !ngx_game_watchdog.paused) {
        ngx_game_watchdog_raise(L, ngx_game_watchdog_ctx.soft);
    }
}


static void
ngx_game_watchdog_count_hook(lua_State *L, lua_Debug *ar)
{
    if (ngx_game_watchdog.depth && ngx_game_watchdog_tick(1)) {
        ngx_game_watchdog_fire(L);
        ngx_game_watchdog_hook(L, ar);
    }
}


static void
ngx_game_watchdog_limit_hook(lua_State *L, lua_Debug *ar)
{
    if (ngx_game_watchdog_now() < ngx_game_watchdog_deadline) {
        return;
    }

    (void) lua_sethook(L, ngx_game_watchdog_limit_hook,
                       ngx_game_watchdog_events, 1);

    ngx_game_watchdog_raise(L, ngx_game_watchdog_allowed);
}


/* luaL_error() would name the line of the caller */
static void
ngx_game_watchdog_raise(lua_State *L, uint64_t limit)
{
    luaL_where(L, 0);

    if (*lua_tostring(L, -1) == '\0') {
        luaL_where(L, 1);
        lua_remove(L, -2);
    }

    lua_pushfstring(L, "script timeout: ran for more than %d ms", (int) limit);
    lua_concat(L, 2);

    (void) lua_error(L);
}


static uint64_t
ngx_game_watchdog_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}
