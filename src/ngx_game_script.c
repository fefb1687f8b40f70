
/*
 * Copyright (C) ngx_game authors
 *
 * The worker's VM and the classes of the games in it, and the VM of the
 * configuration, that loads all games once and is thrown away.
 */


#include "ngx_game.h"
#include "ngx_game_script.h"
#include "ngx_game_class.h"
#include "ngx_game_codec.h"
#include "ngx_game_sandbox.h"
#include "ngx_game_source.h"
#include "ngx_game_vm.h"
#include "ngx_game_watchdog.h"


/* ms for all that a script does when it is loaded, at least */
#define NGX_GAME_SCRIPT_LOAD  1000


typedef struct {
    ngx_game_vm_t             *vm;
    int                       *classes;       /* refs, by the game's index */
    ngx_uint_t                 n_classes;
} ngx_game_script_t;


/* what a VM is filled with; pool: that of the configuration, or NULL */
typedef struct {
    ngx_game_main_conf_t      *mcf;
    ngx_game_game_t           *game;
    ngx_pool_t                *pool;
    ngx_log_t                 *log;
} ngx_game_script_load_t;


static ngx_int_t ngx_game_script_call_c(lua_CFunction f, void *data,
    ngx_uint_t level);
static int ngx_game_script_open(lua_State *L);
static int ngx_game_script_check_class(lua_State *L);
static ngx_int_t ngx_game_script_load_classes(ngx_game_main_conf_t *mcf,
    ngx_log_t *log);
static int ngx_game_script_load_class(lua_State *L);


static lua_CFunction      ngx_game_script_libs;
static ngx_game_script_t  ngx_game_script;


void
ngx_game_script_set_libs(lua_CFunction libs)
{
    ngx_game_script_libs = libs;
}


ngx_int_t
ngx_game_script_check(ngx_conf_t *cf, ngx_game_main_conf_t *mcf)
{
    int                      rc;
    ngx_uint_t               i;
    ngx_game_vm_t           *vm;
    ngx_game_game_t        **games;
    ngx_game_script_load_t   load;

    mcf->sources = ngx_game_source_create(cf->pool, &mcf->lua_path);
    if (mcf->sources == NULL) {
        return NGX_ERROR;
    }

    vm = ngx_game_vm_create(mcf->script_memory, cf->log);
    if (vm == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&load, sizeof(ngx_game_script_load_t));
    load.mcf = mcf;
    load.pool = cf->pool;
    load.log = cf->log;

    rc = ngx_game_vm_pcall(vm, ngx_game_script_open, &load);

    if (rc != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "game scripts can't run: %s",
                           ngx_game_vm_error(vm->L));
    }

    games = mcf->games.elts;

    for (i = 0; rc == 0 && i < mcf->games.nelts; i++) {
        load.game = games[i];

        ngx_game_watchdog_limit(vm->L, ngx_max(mcf->script_timeout,
                                               NGX_GAME_SCRIPT_LOAD));

        rc = ngx_game_vm_pcall(vm, ngx_game_script_check_class, &load);

        if (rc != 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "game script \"%V\" failed: %s",
                               &games[i]->script, ngx_game_vm_error(vm->L));
        }
    }

    ngx_game_source_close(mcf->sources);
    ngx_game_vm_destroy(vm);

    return rc == 0 ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_game_script_init(ngx_cycle_t *cycle, ngx_game_main_conf_t *mcf,
    lua_CFunction libs)
{
    ngx_game_vm_t           *vm;
    ngx_game_script_load_t   load;

    ngx_memzero(&ngx_game_script, sizeof(ngx_game_script_t));

    ngx_game_script_libs = libs;

    vm = ngx_game_vm_create(mcf->script_memory, cycle->log);
    if (vm == NULL) {
        return NGX_ERROR;
    }

    ngx_game_script.vm = vm;

    ngx_memzero(&load, sizeof(ngx_game_script_load_t));
    load.mcf = mcf;

    if (ngx_game_vm_pcall(vm, ngx_game_script_open, &load) != 0) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "game scripts can't run: %s", ngx_game_vm_error(vm->L));
        goto failed;
    }

    if (ngx_game_call_init(vm) != NGX_OK) {
        goto failed;
    }

    (void) ngx_game_watchdog_start(vm->L, mcf->script_timeout, cycle->log);

    if (ngx_game_script_load_classes(mcf, cycle->log) != NGX_OK) {
        goto failed;
    }

    /* or LuaJIT goes on with a cycle of its own in the first handlers */

    ngx_game_vm_collect(vm);

    return NGX_OK;

failed:

    ngx_game_script_done();

    return NGX_ERROR;
}


void
ngx_game_script_done(void)
{
    ngx_game_script_t  *script;

    script = &ngx_game_script;

    if (script->vm == NULL) {
        return;
    }

    ngx_game_call_done();
    ngx_game_watchdog_stop();
    ngx_game_vm_destroy(script->vm);

    if (script->classes) {
        ngx_free(script->classes);
    }

    ngx_memzero(script, sizeof(ngx_game_script_t));
}


lua_State *
ngx_game_script_vm(void)
{
    return ngx_game_script.vm ? ngx_game_script.vm->L : NULL;
}


void
ngx_game_script_push_class(lua_State *L, ngx_game_game_t *game)
{
    if (game->index < ngx_game_script.n_classes) {
        lua_rawgeti(L, LUA_REGISTRYINDEX,
                    ngx_game_script.classes[game->index]);

    } else {
        lua_pushnil(L);
    }
}


/* fills a new VM; its libraries are only seen by the sandbox */
static int
ngx_game_script_open(lua_State *L)
{
    ngx_game_script_load_t  *load;

    load = lua_touserdata(L, 1);

    luaL_openlibs(L);

    if (load->pool == NULL) {
        ngx_game_watchdog_prepare(L);
    }

    lua_newtable(L);
    ngx_game_codec_open(L);

    if (ngx_game_script_libs) {
        lua_pushcfunction(L, ngx_game_script_libs);
        lua_pushvalue(L, -2);
        lua_call(L, 1, 0);
    }

    ngx_game_sandbox_open(L, load->mcf->sources);

    return 0;
}


static int
ngx_game_script_check_class(lua_State *L)
{
    ngx_game_script_load_t  *load;

    load = lua_touserdata(L, 1);

    ngx_game_class_load(L, load->mcf->sources, load->game);
    ngx_game_class_settings(L, load->game, load->pool, load->log);

    return 0;
}


/* a script that fails here passed the check: its game has no class then, and
 * the others go on */
static ngx_int_t
ngx_game_script_load_classes(ngx_game_main_conf_t *mcf, ngx_log_t *log)
{
    int                      rc;
    ngx_uint_t               i;
    const char              *prev;
    ngx_game_vm_t           *vm;
    ngx_game_game_t        **games;
    ngx_game_script_load_t   load;

    if (mcf->games.nelts == 0) {
        return NGX_OK;
    }

    vm = ngx_game_script.vm;
    games = mcf->games.elts;

    ngx_game_script.classes = ngx_alloc(mcf->games.nelts * sizeof(int), log);
    if (ngx_game_script.classes == NULL) {
        return NGX_ERROR;
    }

    ngx_game_script.n_classes = mcf->games.nelts;

    for (i = 0; i < mcf->games.nelts; i++) {
        ngx_game_script.classes[i] = LUA_REFNIL;
    }

    ngx_memzero(&load, sizeof(ngx_game_script_load_t));
    load.mcf = mcf;

    for (i = 0; i < mcf->games.nelts; i++) {
        load.game = games[i];

        prev = ngx_game_watchdog_enter((char *) games[i]->script.data);
        rc = ngx_game_vm_pcall(vm, ngx_game_script_load_class, &load);
        ngx_game_watchdog_leave(prev);

        if (rc != 0) {
            ngx_log_error(NGX_LOG_ERR, log, 0,
                          "game script \"%V\" failed: %s", &games[i]->script,
                          ngx_game_vm_error(vm->L));
            lua_pop(vm->L, 1);
        }
    }

    return NGX_OK;
}


static int
ngx_game_script_load_class(lua_State *L)
{
    ngx_game_script_load_t  *load;

    load = lua_touserdata(L, 1);

    ngx_game_class_load(L, load->mcf->sources, load->game);
    ngx_game_script.classes[load->game->index] = luaL_ref(L,
                                                          LUA_REGISTRYINDEX);
    return 0;
}


ngx_int_t
ngx_game_script_protect(lua_CFunction f, void *data)
{
    return ngx_game_script_call_c(f, data, NGX_LOG_ERR);
}


ngx_int_t
ngx_game_script_try(lua_CFunction f, void *data)
{
    return ngx_game_script_call_c(f, data, NGX_LOG_DEBUG);
}


static ngx_int_t
ngx_game_script_call_c(lua_CFunction f, void *data, ngx_uint_t level)
{
    int             rc;
    const char     *what;
    ngx_game_vm_t  *vm;

    vm = ngx_game_script.vm;

    if (vm == NULL) {
        return NGX_ERROR;
    }

    what = ngx_game_watchdog_enter("protect");
    rc = ngx_game_vm_pcall(vm, f, data);
    ngx_game_watchdog_leave(what);

    if (rc == 0) {
        return NGX_OK;
    }

    ngx_log_error(level, ngx_cycle->log, 0, "script failed: %s",
                  ngx_game_vm_error(vm->L));
    lua_pop(vm->L, 1);

    return NGX_ERROR;
}


void
ngx_game_script_collect(void)
{
    ngx_game_vm_t  *vm;

    vm = ngx_game_script.vm;

    if (vm == NULL) {
        return;
    }

    /* a worker that waits for a slot has no counters yet */

    if (ngx_game_worker.counters) {
        atomic_store_explicit(&ngx_game_worker.counters->script_memory,
                              vm->used, memory_order_relaxed);
    }

    ngx_game_vm_collect(vm);
}
