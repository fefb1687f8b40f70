
/*
 * Copyright (C) ngx_game authors
 *
 * The pattern functions of `string` (Lua 5.1 reference manual, 5.4) on top of
 * game_pattern_match().
 */


#include "ngx_game.h"
#include "ngx_game_pattern.h"
#include "ngx_game_vm.h"
#include "ngx_game_watchdog.h"
#include "core/game_pattern.h"

#include <lauxlib.h>


typedef struct {
    game_pattern_t             m;
    lua_State                 *L;
    const u_char              *pattern;       /* without a leading `^` */
    ngx_uint_t                 anchored;
} ngx_game_pattern_t;


static int ngx_game_pattern_find(lua_State *L);
static int ngx_game_pattern_match(lua_State *L);
static int ngx_game_pattern_search(lua_State *L, ngx_uint_t find);
static int ngx_game_pattern_gmatch(lua_State *L);
static int ngx_game_pattern_gmatch_next(lua_State *L);
static int ngx_game_pattern_gsub(lua_State *L);
static void ngx_game_pattern_replace(ngx_game_pattern_t *ctx, luaL_Buffer *b,
    const u_char *s, const u_char *end, int type);
static void ngx_game_pattern_replace_text(ngx_game_pattern_t *ctx,
    luaL_Buffer *b, const u_char *s, const u_char *end);
static void ngx_game_pattern_init(ngx_game_pattern_t *ctx, lua_State *L,
    int subject, int pattern);
static const u_char *ngx_game_pattern_try(ngx_game_pattern_t *ctx,
    const u_char *s);
static int ngx_game_pattern_push_all(ngx_game_pattern_t *ctx,
    const u_char *s, const u_char *end);
static void ngx_game_pattern_push(ngx_game_pattern_t *ctx, unsigned i,
    const u_char *s, const u_char *end);
static void ngx_game_pattern_poll(void *data);


void
ngx_game_pattern_open(lua_State *L)
{
    lua_pushcfunction(L, ngx_game_pattern_find);
    lua_setfield(L, -2, "find");

    lua_pushcfunction(L, ngx_game_pattern_match);
    lua_setfield(L, -2, "match");

    lua_pushcfunction(L, ngx_game_pattern_gmatch);
    lua_setfield(L, -2, "gmatch");

    lua_pushcfunction(L, ngx_game_pattern_gsub);
    lua_setfield(L, -2, "gsub");
}


static int
ngx_game_pattern_find(lua_State *L)
{
    return ngx_game_pattern_search(L, 1);
}


static int
ngx_game_pattern_match(lua_State *L)
{
    return ngx_game_pattern_search(L, 0);
}


static int
ngx_game_pattern_search(lua_State *L, ngx_uint_t find)
{
    size_t               len, plen;
    lua_Integer          init;
    const char          *text, *pattern;
    const u_char        *s, *end;
    ngx_game_pattern_t   ctx;

    text = luaL_checklstring(L, 1, &len);
    pattern = luaL_checklstring(L, 2, &plen);
    init = luaL_optinteger(L, 3, 1);

    if (init < 0) {
        init += (lua_Integer) len + 1;
    }

    init = ngx_max(init, 1) - 1;
    s = (const u_char *) text + ngx_min((size_t) init, len);

    if (find && (lua_toboolean(L, 4)
                 || game_pattern_is_plain((const u_char *) pattern, plen)))
    {
        end = memmem(s, len - (s - (const u_char *) text), pattern, plen);

        if (end == NULL) {
            lua_pushnil(L);
            return 1;
        }

        lua_pushinteger(L, end - (const u_char *) text + 1);
        lua_pushinteger(L, end - (const u_char *) text + plen);
        return 2;
    }

    ngx_game_pattern_init(&ctx, L, 1, 2);

    for ( /* void */ ; s <= ctx.m.subject_end; s++) {

        end = ngx_game_pattern_try(&ctx, s);

        if (end) {
            if (!find) {
                return ngx_game_pattern_push_all(&ctx, s, end);
            }

            lua_pushinteger(L, s - ctx.m.subject + 1);
            lua_pushinteger(L, end - ctx.m.subject);
            return 2 + ngx_game_pattern_push_all(&ctx, NULL, NULL);
        }

        if (ctx.anchored) {
            break;
        }
    }

    lua_pushnil(L);

    return 1;
}


static int
ngx_game_pattern_gmatch(lua_State *L)
{
    (void) luaL_checkstring(L, 1);
    (void) luaL_checkstring(L, 2);

    lua_settop(L, 2);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, ngx_game_pattern_gmatch_next, 3);

    return 1;
}


/* upvalues: the subject, the pattern, and the place to go on from */
static int
ngx_game_pattern_gmatch_next(lua_State *L)
{
    size_t               next;
    const u_char        *s, *end;
    ngx_game_pattern_t   ctx;

    ngx_game_pattern_init(&ctx, L, lua_upvalueindex(1), lua_upvalueindex(2));

    if (ctx.anchored) {
        ctx.pattern--;                    /* here `^` stands for itself */
    }

    next = lua_tointeger(L, lua_upvalueindex(3));

    for (s = ctx.m.subject + next; s <= ctx.m.subject_end; s++) {

        end = ngx_game_pattern_try(&ctx, s);

        if (end) {
            lua_pushinteger(L, end - ctx.m.subject + (end == s));
            lua_replace(L, lua_upvalueindex(3));
            return ngx_game_pattern_push_all(&ctx, s, end);
        }
    }

    return 0;
}


static int
ngx_game_pattern_gsub(lua_State *L)
{
    int                  type;
    lua_Integer          n, max;
    luaL_Buffer          b;
    const u_char        *s, *end;
    ngx_game_pattern_t   ctx;

    ngx_game_vm_check_stack(L);

    (void) luaL_checkstring(L, 1);
    (void) luaL_checkstring(L, 2);
    type = lua_type(L, 3);

    luaL_argcheck(L, type == LUA_TSTRING || type == LUA_TNUMBER
                     || type == LUA_TTABLE || type == LUA_TFUNCTION, 3,
                  "string/function/table expected");

    if (type == LUA_TNUMBER) {
        (void) lua_tostring(L, 3);
    }

    ngx_game_pattern_init(&ctx, L, 1, 2);
    max = luaL_optinteger(L, 4, ctx.m.subject_end - ctx.m.subject + 1);
    lua_settop(L, 3);
    luaL_buffinit(L, &b);

    s = ctx.m.subject;
    n = 0;

    while (n < max) {
        end = ngx_game_pattern_try(&ctx, s);

        if (end) {
            n++;
            ngx_game_pattern_replace(&ctx, &b, s, end, type);
        }

        if (end && end > s) {
            s = end;

        } else if (s < ctx.m.subject_end) {
            luaL_addchar(&b, *s);
            s++;

        } else {
            break;
        }

        if (ctx.anchored) {
            break;
        }
    }

    luaL_addlstring(&b, (const char *) s, ctx.m.subject_end - s);
    luaL_pushresult(&b);
    lua_pushinteger(L, n);

    return 2;
}


static void
ngx_game_pattern_replace(ngx_game_pattern_t *ctx, luaL_Buffer *b,
    const u_char *s, const u_char *end, int type)
{
    int         n;
    lua_State  *L;

    L = ctx->L;

    switch (type) {

    case LUA_TFUNCTION:
        lua_pushvalue(L, 3);
        n = ngx_game_pattern_push_all(ctx, s, end);
        lua_call(L, n, 1);
        break;

    case LUA_TTABLE:
        ngx_game_pattern_push(ctx, 0, s, end);
        lua_gettable(L, 3);
        break;

    default:
        ngx_game_pattern_replace_text(ctx, b, s, end);
        return;
    }

    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        lua_pushlstring(L, (const char *) s, end - s);

    } else if (!lua_isstring(L, -1)) {
        (void) luaL_error(L, "invalid replacement value (a %s)",
                          luaL_typename(L, -1));
    }

    luaL_addvalue(b);
}


/* a text with %0 to %9 in it */
static void
ngx_game_pattern_replace_text(ngx_game_pattern_t *ctx, luaL_Buffer *b,
    const u_char *s, const u_char *end)
{
    size_t       i, len;
    const char  *text;

    text = lua_tolstring(ctx->L, 3, &len);

    for (i = 0; i < len; i++) {

        if (text[i] != '%' || ++i == len
            || text[i] < '0' || text[i] > '9')
        {
            if (i < len) {
                luaL_addchar(b, text[i]);
            }

            continue;
        }

        if (text[i] == '0') {
            luaL_addlstring(b, (const char *) s, end - s);
            continue;
        }

        ngx_game_pattern_push(ctx, text[i] - '1', s, end);
        luaL_addvalue(b);
    }
}


static void
ngx_game_pattern_init(ngx_game_pattern_t *ctx, lua_State *L, int subject,
    int pattern)
{
    size_t         len;
    const u_char  *p;

    ctx->L = L;

    p = (const u_char *) lua_tolstring(L, subject, &len);
    ctx->m.subject = p;
    ctx->m.subject_end = p + len;

    p = (const u_char *) lua_tolstring(L, pattern, &len);
    ctx->m.pattern_end = p + len;
    ctx->anchored = (len && *p == '^');
    ctx->pattern = p + ctx->anchored;

    ctx->m.poll = ngx_game_pattern_poll;
    ctx->m.data = L;
    ctx->m.steps = 0;
}


static const u_char *
ngx_game_pattern_try(ngx_game_pattern_t *ctx, const u_char *s)
{
    const u_char  *end;

    end = game_pattern_match(&ctx->m, s, ctx->pattern);

    if (ctx->m.error) {
        (void) luaL_error(ctx->L, "%s", ctx->m.error);
    }

    return end;
}


/* all captures, or the whole match from s to end if there are none and s is
 * given; how many were pushed */
static int
ngx_game_pattern_push_all(ngx_game_pattern_t *ctx, const u_char *s,
    const u_char *end)
{
    unsigned  i, n;

    n = (ctx->m.level == 0 && s) ? 1 : ctx->m.level;

    luaL_checkstack(ctx->L, n, "too many captures");

    for (i = 0; i < n; i++) {
        ngx_game_pattern_push(ctx, i, s, end);
    }

    return n;
}


static void
ngx_game_pattern_push(ngx_game_pattern_t *ctx, unsigned i, const u_char *s,
    const u_char *end)
{
    game_pattern_capture_t  *capture;

    if (i >= ctx->m.level) {

        if (i != 0) {
            (void) luaL_error(ctx->L, "invalid capture index");
        }

        lua_pushlstring(ctx->L, (const char *) s, end - s);
        return;
    }

    capture = &ctx->m.captures[i];

    switch (capture->len) {

    case GAME_PATTERN_OPEN:
        (void) luaL_error(ctx->L, "unfinished capture");
        break;

    case GAME_PATTERN_POSITION:
        lua_pushinteger(ctx->L, capture->start - ctx->m.subject + 1);
        break;

    default:
        lua_pushlstring(ctx->L, (const char *) capture->start, capture->len);
        break;
    }
}


static void
ngx_game_pattern_poll(void *data)
{
    ngx_game_watchdog_poll(data);
}
