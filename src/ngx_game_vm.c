
/*
 * Copyright (C) ngx_game authors
 *
 * The VM: LuaJIT's own allocator behind a quota, and a trampoline.  Outside of
 * a protected call nothing here allocates in the VM, so that no Lua error is
 * ever raised where none can be caught.
 */


#include "ngx_game.h"
#include "ngx_game_vm.h"
#include "ngx_game_clock.h"
#include "ngx_game_watchdog.h"

#include <lauxlib.h>


/*
 * Of the collector.  Bytes that are allocated before it makes a step; bytes
 * beyond twice what lives that begin a cycle, and bytes beyond what lives that
 * make LuaJIT begin one by itself, at least; and how long a step may take, ns
 * for each byte that was allocated since the last one, and us at most.
 */
#define NGX_GAME_VM_GC_LEAST  (4 * 1024)
#define NGX_GAME_VM_GC_BEGIN  (256 * 1024)
#define NGX_GAME_VM_GC_OWN    (2 * 1024 * 1024)
#define NGX_GAME_VM_GC_NS     4
#define NGX_GAME_VM_GC_MOST   5000

/* How finely a step is cut: LuaJIT's stepmul, with which it looks at some 200
 * bytes or sweeps over 800 objects before it returns; how often it looks at
 * bytes between two looks at the clock; and the stepmul for its own steps */
#define NGX_GAME_VM_GC_FINE   10
#define NGX_GAME_VM_GC_LOOKS  16
#define NGX_GAME_VM_GC_USUAL  200

/* the work of a step where the quota is near, KB */
#define NGX_GAME_VM_GC_HURRY  256


static void *ngx_game_vm_alloc(void *data, void *ptr, size_t old, size_t size);
static int ngx_game_vm_panic(lua_State *L);
static int ngx_game_vm_open(lua_State *L);
static int ngx_game_vm_trampoline(lua_State *L);
static int ngx_game_vm_step(lua_State *L);
static int ngx_game_vm_fine(ngx_game_vm_t *vm, uint64_t us);
static void ngx_game_vm_pace(ngx_game_vm_t *vm);


ngx_game_vm_t *
ngx_game_vm_create(size_t quota, ngx_log_t *log)
{
    ngx_game_vm_t  *vm;

    vm = ngx_calloc(sizeof(ngx_game_vm_t), log);
    if (vm == NULL) {
        return NULL;
    }

    vm->L = luaL_newstate();

    if (vm->L == NULL) {
        ngx_log_error(NGX_LOG_EMERG, log, 0, "luaL_newstate() failed");
        ngx_free(vm);
        return NULL;
    }

    (void) lua_atpanic(vm->L, ngx_game_vm_panic);

    vm->stack = __builtin_frame_address(0);
    vm->quota = quota;
    vm->largest = (size_t) -1;
    vm->used = (size_t) lua_gc(vm->L, LUA_GCCOUNT, 0) * 1024
               + lua_gc(vm->L, LUA_GCCOUNTB, 0);

    vm->alloc = lua_getallocf(vm->L, &vm->alloc_data);
    lua_setallocf(vm->L, ngx_game_vm_alloc, vm);

    if (lua_cpcall(vm->L, ngx_game_vm_open, vm) != 0) {
        ngx_log_error(NGX_LOG_EMERG, log, 0,
                      "game_script_memory is too small: %s",
                      ngx_game_vm_error(vm->L));
        ngx_game_vm_destroy(vm);
        return NULL;
    }

    return vm;
}


void
ngx_game_vm_destroy(ngx_game_vm_t *vm)
{
    /* LuaJIT frees an allocator only where it finds its own function */
    lua_setallocf(vm->L, vm->alloc, vm->alloc_data);
    lua_close(vm->L);

    ngx_free(vm);
}


int
ngx_game_vm_pcall(ngx_game_vm_t *vm, lua_CFunction f, void *data)
{
    int       rc;
    uint32_t  paused;

    paused = ngx_game_watchdog.paused;
    ngx_game_watchdog.paused = ngx_game_watchdog.fired;

    vm->f = f;
    vm->data = data;

    lua_rawgeti(vm->L, LUA_REGISTRYINDEX, vm->entry);
    rc = lua_pcall(vm->L, 0, 0, 0);

    ngx_game_watchdog.paused = paused;

    if (rc == LUA_ERRMEM) {
        vm->exhausted = 1;
    }

    return rc;
}


/* numbers are not converted: that would allocate */
const char *
ngx_game_vm_error(lua_State *L)
{
    switch (lua_type(L, -1)) {

    case LUA_TSTRING:
        return lua_tostring(L, -1);

    case LUA_TNUMBER:
        return "the error is a number";

    case LUA_TTABLE:
        return "the error is a table";

    case LUA_TNIL:
        return "the error is nil";

    default:
        return "the error is not a text";
    }
}


/* LuaJIT has no limit of its own where C functions call Lua functions that
 * call them again.  The stack grows down */
ngx_uint_t
ngx_game_vm_stack_full(lua_State *L)
{
    char           *here;
    ngx_game_vm_t  *vm;

    vm = ngx_game_vm_get(L);
    here = __builtin_frame_address(0);

    return vm->stack > here && vm->stack - here > NGX_GAME_VM_STACK;
}


void
ngx_game_vm_check_stack(lua_State *L)
{
    if (ngx_game_vm_stack_full(L)) {
        (void) luaL_error(L, "C stack overflow");
    }
}


ngx_game_vm_t *
ngx_game_vm_get(lua_State *L)
{
    void  *data;

    (void) lua_getallocf(L, &data);

    return data;
}


size_t
ngx_game_vm_left(lua_State *L)
{
    ngx_game_vm_t  *vm;

    vm = ngx_game_vm_get(L);

    return vm->quota - ngx_min(vm->used, vm->quota);
}


void
ngx_game_vm_printable(u_char *text, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (text[i] < 0x20 || text[i] == 0x7f) {
            text[i] = ' ';
        }
    }
}


/* a block that shrinks must never fail: LuaJIT shrinks while it collects */
static void *
ngx_game_vm_alloc(void *data, void *ptr, size_t old, size_t size)
{
    void           *p;
    ngx_game_vm_t  *vm = data;

    if (size == 0) {
        vm->used -= old;
        return vm->alloc(vm->alloc_data, ptr, old, 0);
    }

    if (size > old
        && (size > vm->largest
            || size - old > vm->quota - ngx_min(vm->used, vm->quota)))
    {
        return NULL;
    }

    p = vm->alloc(vm->alloc_data, ptr, old, size);

    if (p == NULL) {

        if (size > old) {
            return NULL;
        }

        p = ptr;
    }

    vm->used += size - old;

    if (size > old) {
        vm->grown += size - old;
    }

    return p;
}


/* a call into the VM that is not protected: a bug.  LuaJIT would exit() */
static int
ngx_game_vm_panic(lua_State *L)
{
    ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                  "unprotected error in a script VM: %s",
                  ngx_game_vm_error(L));

    ngx_debug_point();
    abort();

    return 0;
}


static int
ngx_game_vm_open(lua_State *L)
{
    ngx_game_vm_t  *vm;

    vm = lua_touserdata(L, 1);

    lua_pushlightuserdata(L, vm);
    lua_pushcclosure(L, ngx_game_vm_trampoline, 1);
    vm->entry = luaL_ref(L, LUA_REGISTRYINDEX);

    return 0;
}


static int
ngx_game_vm_trampoline(lua_State *L)
{
    ngx_game_vm_t  *vm;

    vm = lua_touserdata(L, lua_upvalueindex(1));

    lua_pushlightuserdata(L, vm->data);

    return vm->f(L);
}


/*
 * LuaJIT collects while scripts allocate, once the heap has doubled.  This
 * begins a cycle earlier and works between handlers, in proportion to what was
 * allocated since, so that most of the work is not done within a tick; and it
 * keeps the heap below the quota as long as what lives is.
 */
void
ngx_game_vm_collect(ngx_game_vm_t *vm)
{
    size_t    grown, left;
    uint64_t  us;

    grown = (size_t) (vm->grown - vm->seen);
    left = vm->quota - ngx_min(vm->used, vm->quota);

    /* less than what lived: LuaJIT had to collect within a handler, and would
     * go on so, at its pace of a larger heap */

    if (vm->live == 0 || (vm->used < vm->live && !vm->collecting)) {
        vm->live = vm->used;
        ngx_game_vm_pace(vm);
    }

    if (!vm->exhausted) {

        /* in a cycle with the quota near, there is no time to lose */

        if (grown < NGX_GAME_VM_GC_LEAST
            && !(vm->collecting && left < vm->quota / 2))
        {
            return;
        }

        if (!vm->collecting) {

            if (vm->used < vm->live + ngx_min(vm->live + NGX_GAME_VM_GC_BEGIN,
                                              left / 2))
            {
                return;
            }

            /* not in proportion to what was allocated before it began */

            grown = NGX_GAME_VM_GC_LEAST;
        }
    }

    if (!vm->collecting) {
        vm->collecting = 1;
        vm->began = vm->grown;
    }

    vm->seen = vm->grown;

    us = 0;

    if (left >= vm->quota / 2) {
        us = grown * NGX_GAME_VM_GC_NS / 1000;
        us = ngx_min(us, NGX_GAME_VM_GC_MOST);
    }

    if (ngx_game_vm_pcall(vm, ngx_game_vm_step, &us) != 0) {
        lua_pop(vm->L, 1);
    }
}


/* for so many us, or 0: there is no time to lose */

static int
ngx_game_vm_step(lua_State *L)
{
    int             ended;
    size_t          meanwhile;
    uint64_t        us;
    ngx_game_vm_t  *vm;

    us = *(uint64_t *) lua_touserdata(L, 1);
    vm = ngx_game_vm_get(L);

    if (vm->exhausted) {
        (void) lua_gc(L, LUA_GCCOLLECT, 0);
        vm->exhausted = 0;
        vm->began = vm->grown;
        ended = 1;

    } else if (us) {
        (void) lua_gc(L, LUA_GCSETSTEPMUL, NGX_GAME_VM_GC_FINE);
        ended = ngx_game_vm_fine(vm, us);
        (void) lua_gc(L, LUA_GCSETSTEPMUL, NGX_GAME_VM_GC_USUAL);

    } else {
        ended = lua_gc(L, LUA_GCSTEP, NGX_GAME_VM_GC_HURRY);
    }

    if (ended) {
        vm->collecting = 0;

        /* most of what was allocated meanwhile does not live any more, and
         * would put off the next cycle until there is more than the caches
         * hold, and a cycle takes longer, and so on */

        meanwhile = (size_t) (vm->grown - vm->began);
        vm->live = vm->used - ngx_min(meanwhile, vm->used / 2);
    }

    ngx_game_vm_pace(vm);

    return 0;
}


/* where memory is freed, which takes long, the clock is looked at each time */

static int
ngx_game_vm_fine(ngx_game_vm_t *vm, uint64_t us)
{
    size_t      used;
    uint64_t    end;
    ngx_uint_t  n;

    end = ngx_game_clock_now() + us;

    do {
        n = NGX_GAME_VM_GC_LOOKS;

        do {
            used = vm->used;

            if (lua_gc(vm->L, LUA_GCSTEP, 1)) {
                return 1;
            }
        } while (--n && vm->used == used);

    } while (ngx_game_clock_now() < end);

    return 0;
}


/* LuaJIT begins a cycle of its own, or goes on with this one, within a
 * handler, later than it would be done here, but below the quota */

static void
ngx_game_vm_pace(ngx_game_vm_t *vm)
{
    size_t  left, more, pause;

    left = vm->quota - ngx_min(vm->used, vm->quota);
    more = ngx_min(ngx_max(2 * vm->used, NGX_GAME_VM_GC_OWN), left * 3 / 4);
    pause = 100 + 100 * more / (vm->used + 1);

    (void) lua_gc(vm->L, LUA_GCSETPAUSE, (int) ngx_max(pause, 105));
    (void) lua_gc(vm->L, LUA_GCRESTART, -1);
}
