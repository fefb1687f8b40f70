
/*
 * Copyright (C) ngx_game authors
 *
 * A LuaJIT VM with a memory quota, and the one way into it that never panics:
 * a C function that was anchored before is called protected.
 */


#ifndef _NGX_GAME_VM_H_INCLUDED_
#define _NGX_GAME_VM_H_INCLUDED_


#include "ngx_game.h"

#include <lua.h>


/* bytes of the C stack that scripts may use before they call functions that
 * use more of it; LuaJIT's own may need another 4 MB at most */
#define NGX_GAME_VM_STACK  (1024 * 1024)


typedef struct {
    lua_State                 *L;
    size_t                     quota;
    size_t                     used;
    size_t                     largest;       /* bytes allocated at once, at
                                               * most */
    uint64_t                   grown;         /* bytes ever allocated */
    lua_State                 *handler;       /* coroutine of the handler that
                                               * runs, or NULL */

    /* private */
    char                      *stack;         /* where it began */
    lua_Alloc                  alloc;
    void                      *alloc_data;
    int                        entry;         /* anchors the trampoline */
    lua_CFunction              f;             /* what it is to call */
    void                      *data;

    /* of the collector */
    size_t                     live;          /* after the last cycle, about */
    uint64_t                   began;         /* of grown, when it began */
    uint64_t                   seen;          /* of grown, at the last step */
    unsigned                   collecting:1;  /* a cycle is under way */
    unsigned                   exhausted:1;   /* the quota was reached */
} ngx_game_vm_t;


/* NULL: no memory, or the quota is too small; that was logged */
ngx_game_vm_t *ngx_game_vm_create(size_t quota, ngx_log_t *log);
void ngx_game_vm_destroy(ngx_game_vm_t *vm);

/* collects garbage, a step at a time: called at the end of a turn */
void ngx_game_vm_collect(ngx_game_vm_t *vm);

/* calls f, with one light userdata as its argument; 0, or Lua's code with the
 * error on top of the stack.  f's results are dropped.
 * Where the watchdog has fired already, f is spared: it may be cleaning up */
int ngx_game_vm_pcall(ngx_game_vm_t *vm, lua_CFunction f, void *data);

/* the error on top of the stack as text; it is valid while it is there */
const char *ngx_game_vm_error(lua_State *L);

/* for C functions that call scripts again: whether NGX_GAME_VM_STACK is used
 * up; check raises an error then */
ngx_uint_t ngx_game_vm_stack_full(lua_State *L);
void ngx_game_vm_check_stack(lua_State *L);

/* the VM of L, and how many bytes are left of its quota */
ngx_game_vm_t *ngx_game_vm_get(lua_State *L);
size_t ngx_game_vm_left(lua_State *L);

/* replaces control characters by spaces: for one line of a log */
void ngx_game_vm_printable(u_char *text, size_t len);


#endif /* _NGX_GAME_VM_H_INCLUDED_ */
