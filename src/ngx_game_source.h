
/*
 * Copyright (C) ngx_game authors
 *
 * The texts of scripts and modules.  What is read at configuration is kept
 * in the cycle's pool, so that a respawned worker runs the code that its
 * configuration was checked with; a module that is required later for the
 * first time is read from the disk by the worker.
 */


#ifndef _NGX_GAME_SOURCE_H_INCLUDED_
#define _NGX_GAME_SOURCE_H_INCLUDED_


#include "ngx_game.h"


/* bytes of a script or module, and of a module's name */
#define NGX_GAME_SOURCE_MAX       (8 * 1024 * 1024)
#define NGX_GAME_SOURCE_NAME_MAX  128


typedef struct {
    ngx_str_t                  path;          /* null-terminated */
    u_char                    *chunk;         /* "@path", as Lua wants it */
    ngx_str_t                  text;
    ngx_str_t                  module;        /* empty: a game's script */
    u_char                    *heap;          /* what release frees, or NULL */
} ngx_game_source_t;


/* NULL: no memory.  lua_path is a list of "dir/?.lua", with `;` between */
void *ngx_game_source_create(ngx_pool_t *pool, ngx_str_t *lua_path);

/* after the configuration was checked: nothing is kept any more */
void ngx_game_source_close(void *sources);

/*
 * The text of a script by its path, and of a module by its name.  NGX_OK; or
 * NGX_ERROR or NGX_DECLINED (no such module), with the reason as a
 * null-terminated text in err, that holds NGX_MAX_ERROR_STR bytes.
 */
ngx_int_t ngx_game_source_script(void *sources, ngx_str_t *path,
    ngx_game_source_t *source, u_char *err);
ngx_int_t ngx_game_source_module(void *sources, ngx_str_t *name,
    ngx_game_source_t *source, u_char *err);
void ngx_game_source_release(ngx_game_source_t *source);


#endif /* _NGX_GAME_SOURCE_H_INCLUDED_ */
