
/*
 * Copyright (C) ngx_game authors
 *
 * LuaJIT tells where a table lies, but not where its fields and items do: that
 * is read out of the table, as 64-bit builds of LuaJIT 2.1 have it.  If one
 * ever has it in another way, or if a table is no more when its turn comes,
 * addresses are fetched in vain.  That is all: nothing is read from them.
 */


#include "ngx_game_prefetch.h"

#include <lauxlib.h>


#define NGX_GAME_PREFETCH_LINE    64

/* LuaJIT's, in bytes: a table, where in it the addresses of items and fields
 * are, one of each of these, and what is in front of a string's data */
#define NGX_GAME_PREFETCH_TABLE   64
#define NGX_GAME_PREFETCH_ITEMS   16
#define NGX_GAME_PREFETCH_FIELDS  40
#define NGX_GAME_PREFETCH_ITEM    8
#define NGX_GAME_PREFETCH_FIELD   24
#define NGX_GAME_PREFETCH_STRING  24

/* lines at most, and values that are looked at, and how deep they lie */
#define NGX_GAME_PREFETCH_LINES   512
#define NGX_GAME_PREFETCH_STEPS   2048
#define NGX_GAME_PREFETCH_DEPTH   4

/* lines at a time: what a core can wait for without waiting itself */
#define NGX_GAME_PREFETCH_SOME    12

/* what is among the last so many lines is not noted again */
#define NGX_GAME_PREFETCH_RECENT  8


typedef struct {
    ngx_uint_t                 steps;         /* that are left */
    ngx_uint_t                 count;
    uintptr_t                  lines[NGX_GAME_PREFETCH_LINES];
} ngx_game_prefetch_ctx_t;


static void ngx_game_prefetch_value(ngx_game_prefetch_ctx_t *ctx,
    lua_State *L, int index, ngx_uint_t depth);
static void ngx_game_prefetch_table(ngx_game_prefetch_ctx_t *ctx,
    lua_State *L, ngx_uint_t depth);
static void ngx_game_prefetch_lines(ngx_game_prefetch_ctx_t *ctx,
    const void *start, size_t len);


/* this worker's: what is needed next, or NULL, and the first line of it that
 * is not fetched yet */
static ngx_game_prefetch_t  *ngx_game_prefetch;
static ngx_uint_t            ngx_game_prefetch_at;


void
ngx_game_prefetch_note(ngx_game_prefetch_t *pf, lua_State *L)
{
    uintptr_t                *lines;
    ngx_game_prefetch_ctx_t   ctx;

    luaL_checkstack(L, LUA_MINSTACK, NULL);

    ctx.steps = NGX_GAME_PREFETCH_STEPS;
    ctx.count = 0;

    ngx_game_prefetch_value(&ctx, L, lua_gettop(L), 0);

    if (ctx.count > pf->size) {
        lines = ngx_alloc(ctx.count * sizeof(uintptr_t), ngx_cycle->log);

        if (lines == NULL) {
            return;
        }

        ngx_free(pf->lines);

        pf->lines = lines;
        pf->size = ctx.count;
    }

    pf->count = ctx.count;
    ngx_memcpy(pf->lines, ctx.lines, ctx.count * sizeof(uintptr_t));
}


void
ngx_game_prefetch_free(ngx_game_prefetch_t *pf)
{
    if (pf == ngx_game_prefetch) {
        ngx_game_prefetch = NULL;
    }

    ngx_free(pf->lines);
}


static void
ngx_game_prefetch_value(ngx_game_prefetch_ctx_t *ctx, lua_State *L, int index,
    ngx_uint_t depth)
{
    size_t       len;
    const char  *data;

    switch (lua_type(L, index)) {

    case LUA_TSTRING:

        data = lua_tolstring(L, index, &len);

        ngx_game_prefetch_lines(ctx, data - NGX_GAME_PREFETCH_STRING,
                                NGX_GAME_PREFETCH_STRING + len);
        return;

    case LUA_TTABLE:

        if (depth < NGX_GAME_PREFETCH_DEPTH) {
            ngx_game_prefetch_table(ctx, L, depth);
        }
    }
}


/* on top of the stack.  Keys of a table of tables are ids, each of which is a
 * string of its own; those of other tables are the same for all */

static void
ngx_game_prefetch_table(ngx_game_prefetch_ctx_t *ctx, lua_State *L,
    ngx_uint_t depth)
{
    int            table;
    size_t         pairs, items, fields;
    const u_char  *start;

    table = lua_gettop(L);
    pairs = 0;

    lua_pushnil(L);

    while (ctx->steps && lua_next(L, table)) {
        ctx->steps--;
        pairs++;

        if (lua_istable(L, -1)) {
            ngx_game_prefetch_value(ctx, L, table + 1, depth);
        }

        ngx_game_prefetch_value(ctx, L, table + 2, depth + 1);

        lua_settop(L, table + 1);
    }

    lua_settop(L, table);

    start = lua_topointer(L, table);
    ngx_game_prefetch_lines(ctx, start, NGX_GAME_PREFETCH_TABLE);

    items = lua_objlen(L, table);

    if (items) {
        ngx_game_prefetch_lines(ctx,
                              *(void **) (start + NGX_GAME_PREFETCH_ITEMS),
                              (items + 1) * NGX_GAME_PREFETCH_ITEM);
    }

    if (pairs > items) {
        for (fields = 1; fields < pairs - items; fields *= 2) { /* void */ }

        ngx_game_prefetch_lines(ctx,
                              *(void **) (start + NGX_GAME_PREFETCH_FIELDS),
                              fields * NGX_GAME_PREFETCH_FIELD);
    }
}


static void
ngx_game_prefetch_lines(ngx_game_prefetch_ctx_t *ctx, const void *start,
    size_t len)
{
    uintptr_t   line, end;
    ngx_uint_t  i, recent;

    line = (uintptr_t) start & ~(uintptr_t) (NGX_GAME_PREFETCH_LINE - 1);
    end = (uintptr_t) start + len;

    for ( /* void */ ; line < end; line += NGX_GAME_PREFETCH_LINE) {

        if (ctx->count == NGX_GAME_PREFETCH_LINES) {
            ctx->steps = 0;
            return;
        }

        i = ctx->count;
        recent = ctx->count - ngx_min(ctx->count, NGX_GAME_PREFETCH_RECENT);

        while (i > recent && ctx->lines[i - 1] != line) {
            i--;
        }

        if (i == recent) {
            ctx->lines[ctx->count++] = line;
        }
    }
}


void
ngx_game_prefetch_next(ngx_game_prefetch_t *pf)
{
    ngx_game_prefetch = pf;
    ngx_game_prefetch_at = 0;

    __builtin_prefetch(pf);
}


/* what is fetched is the list, too: the next part of it for the next call */

void
ngx_game_prefetch_some(void)
{
    ngx_uint_t            i, end;
    ngx_game_prefetch_t  *pf;

    pf = ngx_game_prefetch;

    if (pf == NULL) {
        return;
    }

    i = ngx_game_prefetch_at;
    end = ngx_min(i + NGX_GAME_PREFETCH_SOME, pf->count);

    for ( /* void */ ; i < end; i++) {
        __builtin_prefetch((void *) pf->lines[i]);
    }

    if (end == pf->count) {
        ngx_game_prefetch = NULL;
        return;
    }

    ngx_game_prefetch_at = end;

    __builtin_prefetch(&pf->lines[end]);
    __builtin_prefetch(&pf->lines[end + NGX_GAME_PREFETCH_SOME - 1]);
}
