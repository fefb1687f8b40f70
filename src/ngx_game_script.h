
/*
 * Copyright (C) ngx_game authors
 *
 * Scripts: one LuaJIT VM per worker with a sandbox, a memory quota and a
 * watchdog, and the class table of each game.  Handlers are called by
 * ngx_game_call.h.  It knows games, but neither rooms nor players: those come
 * as the caller's values.
 */


#ifndef _NGX_GAME_SCRIPT_H_INCLUDED_
#define _NGX_GAME_SCRIPT_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_call.h"

#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>


/* what fills `game` in the VM of the configuration, as libs does in that of a
 * worker; to be set before the check.  It must not need a worker */
void ngx_game_script_set_libs(lua_CFunction libs);

/* configuration: loads all games in a VM that is thrown away, fills what they
 * say of themselves into ngx_game_game_t; an error is logged at emerg with
 * file and line.  The text of all files is kept for the workers */
ngx_int_t ngx_game_script_check(ngx_conf_t *cf, ngx_game_main_conf_t *mcf);

/* init_process, exit_process.  libs: called protected with the new VM, the
 * table `game` on top of the stack, to fill it with the API's functions */
ngx_int_t ngx_game_script_init(ngx_cycle_t *cycle, ngx_game_main_conf_t *mcf,
    lua_CFunction libs);
void ngx_game_script_done(void);

lua_State *ngx_game_script_vm(void);

/* the class table of a game, pushed; registry reference inside */
void ngx_game_script_push_class(lua_State *L, ngx_game_game_t *game);

/* runs a C function protected outside of a handler, with one light userdata;
 * NGX_OK or NGX_ERROR (logged) */
ngx_int_t ngx_game_script_protect(lua_CFunction f, void *data);

/* the same without a line in the log */
ngx_int_t ngx_game_script_try(lua_CFunction f, void *data);

/* steps the collector when there is time: called after ticks and messages */
void ngx_game_script_collect(void);


#endif /* _NGX_GAME_SCRIPT_H_INCLUDED_ */
