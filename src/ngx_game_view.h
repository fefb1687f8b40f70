
/*
 * Copyright (C) ngx_game authors
 *
 * The message that on_message gets where the class has codec = "view": one
 * userdata that shows the bytes where they are, in place of a string for each
 * message.  It shows them while the message's handler runs, and not longer.
 */


#ifndef _NGX_GAME_VIEW_H_INCLUDED_
#define _NGX_GAME_VIEW_H_INCLUDED_


#include "ngx_game.h"

#include <lua.h>


/* in a new VM, protected: pushes the view */
void ngx_game_view_open(lua_State *L);

/* a handler is about to get these bytes; and it has ended, or waits */
void ngx_game_view_show(u_char *data, size_t len);
void ngx_game_view_end(void);

/* what is shown now; NGX_DECLINED: nothing */
ngx_int_t ngx_game_view_shown(ngx_str_t *bytes);

/* the bytes of the argument `index`, a string or the view; an error for all
 * else, and if the view shows nothing */
void ngx_game_view_check_bytes(lua_State *L, int index, ngx_str_t *bytes);

/* if the argument `index` is the view: a string takes its place, to be encoded
 * as one; an error if it shows nothing */
void ngx_game_view_to_string(lua_State *L, int index);


#endif /* _NGX_GAME_VIEW_H_INCLUDED_ */
