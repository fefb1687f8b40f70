
/*
 * Copyright (C) ngx_game authors
 *
 * What a tick touches has left the caches since the room's last one: the
 * kernel has written to many sockets meanwhile.  So it is fetched while the
 * kernel writes what another room has sent.
 */


#ifndef _NGX_GAME_PREFETCH_H_INCLUDED_
#define _NGX_GAME_PREFETCH_H_INCLUDED_


#include "ngx_game.h"

#include <lua.h>


/* zeroed at first */
typedef struct {
    uint32_t                   count;
    uint32_t                   size;
    uintptr_t                 *lines;         /* of the caches; addresses that
                                               * are never read */
} ngx_game_prefetch_t;


/* notes where the value on top of the stack lies, in place of what was noted
 * before.  Called protected */
void ngx_game_prefetch_note(ngx_game_prefetch_t *pf, lua_State *L);
void ngx_game_prefetch_free(ngx_game_prefetch_t *pf);

/* what is noted here is what is needed next */
void ngx_game_prefetch_next(ngx_game_prefetch_t *pf);

/* fetches some of it: before a system call that takes a microsecond or more */
void ngx_game_prefetch_some(void);


#endif /* _NGX_GAME_PREFETCH_H_INCLUDED_ */
