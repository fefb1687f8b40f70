
/*
 * Copyright (C) ngx_game authors
 *
 * The walk through a value that is encoded.  Lua's own functions for that take
 * as long as all else in a tick, so LuaJIT writes the value in a format of its
 * own, and that is what is walked through (docs/performance.md).
 */


#include "ngx_game.h"
#include "ngx_game_codec.h"
#include "ngx_game_codec_private.h"
#include "ngx_game_watchdog.h"


static void ngx_game_codec_walk_scattered(ngx_game_codec_walk_t *walk,
    game_dump_value_t *array);


void
ngx_game_codec_walk(lua_State *L, int index, ngx_game_codec_emit_pt emit)
{
    ngx_game_codec_walk_t  walk;

    /* scattered arrays have a place on the stack each */

    luaL_checkstack(L, NGX_GAME_CODEC_DEPTH + LUA_MINSTACK, NULL);

    walk.L = L;
    walk.index = index;
    walk.emit = emit;
    walk.depth = 0;
    walk.steps = 0;

    ngx_game_codec_buffer_reset();
    ngx_game_codec_dump_value(L, index, &walk.dump);
    (void) ngx_game_codec_walk_value(&walk, emit);
}


void
ngx_game_codec_walk_emit(ngx_game_codec_walk_t *walk, game_dump_type_e type,
    game_dump_value_t *v)
{
    if (++walk->steps >= NGX_GAME_CODEC_POLL) {
        walk->steps = 0;
        ngx_game_watchdog_poll(walk->L);
    }

    switch (type) {

    case GAME_DUMP_NIL:
    case GAME_DUMP_FALSE:
    case GAME_DUMP_TRUE:
    case GAME_DUMP_NUMBER:
    case GAME_DUMP_STRING:
        walk->emit(walk, type, v);
        return;

    case GAME_DUMP_LIGHT:

        /* game.null and game.empty_array are what they stand for */

        if (v->light == 0) {
            walk->emit(walk, GAME_DUMP_NIL, v);
            return;
        }

        if (v->light == (uintptr_t) NGX_GAME_CODEC_EMPTY) {
            v->n = 0;
            v->scattered = 0;
            walk->emit(walk, GAME_DUMP_ARRAY, v);
            return;
        }

        break;

    case GAME_DUMP_ARRAY:
    case GAME_DUMP_MAP:

        if (walk->depth == NGX_GAME_CODEC_DEPTH) {
            break;
        }

        walk->steps += walk->dump.ahead;
        walk->dump.ahead = 0;

        walk->depth++;
        walk->emit(walk, type, v);
        walk->depth--;
        return;

    default:
        break;
    }

    ngx_game_codec_walk_fail(walk, type,
                             type == GAME_DUMP_SPARSE ? v->n : 0);
}


void
ngx_game_codec_walk_array(ngx_game_codec_walk_t *walk,
    game_dump_value_t *array)
{
    size_t            i, missing;
    game_dump_type_e  type;

    if (array->scattered) {
        ngx_game_codec_walk_scattered(walk, array);
        return;
    }

    missing = 0;

    for (i = 0; i < array->n; i++) {
        type = ngx_game_codec_walk_value(walk, walk->emit);
        missing += (type == GAME_DUMP_NIL);
    }

    if (game_dump_sparse(array->n, missing)) {
        ngx_game_codec_walk_fail(walk, GAME_DUMP_SPARSE, array->n);
    }
}


static void
ngx_game_codec_walk_scattered(ngx_game_codec_walk_t *walk,
    game_dump_value_t *array)
{
    size_t                i;
    game_dump_t           behind;
    const unsigned char **places;

    places = lua_newuserdata(walk->L, array->n * sizeof(unsigned char *));

    if (game_dump_places(&walk->dump, array, places) != 0) {
        ngx_game_codec_walk_fail(walk, GAME_DUMP_BAD, 0);
    }

    behind = walk->dump;

    for (i = 0; i < array->n; i++) {

        if (places[i]) {
            walk->dump.pos = places[i];
            (void) ngx_game_codec_walk_value(walk, walk->emit);

        } else {
            ngx_game_codec_walk_emit(walk, GAME_DUMP_NIL, NULL);
        }
    }

    walk->dump = behind;

    lua_pop(walk->L, 1);
}


void
ngx_game_codec_walk_fail(ngx_game_codec_walk_t *walk, game_dump_type_e type,
    size_t n)
{
    lua_State  *L;

    L = walk->L;

    switch (type) {

    case GAME_DUMP_KEY:
        (void) luaL_error(L, "a key of a table can't be encoded: it is "
                          "neither a string nor an integer");
        return;

    case GAME_DUMP_SPARSE:
        (void) luaL_error(L, "a table can't be encoded: more than half of its "
                          "indices from 1 to %d are missing",
                          (int) ngx_min(n, 0x7fffffff));
        return;

    default:
        break;
    }

    lua_pushvalue(L, walk->index);
    ngx_game_codec_explain(L, 1);

    (void) luaL_error(L, "a value can't be encoded");
}
