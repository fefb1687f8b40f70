
/*
 * Copyright (C) ngx_game authors
 *
 * Rooms and players as Lua tables.  The registry holds: the handles of rooms
 * and those of players (table -> address of its C object, as a number, which
 * has 53 bits for its 47), the metatable of all
 * players, the table of the rooms' methods, and a metatable per game.
 */


#include "ngx_game_lua.h"
#include "ngx_game_codec.h"
#include "ngx_game_dispatch.h"
#include "ngx_game_gateway.h"
#include "ngx_game_script.h"
#include "ngx_game_view.h"
#include "ngx_game_zone.h"
#include "core/game_utf8.h"


/* arguments of a query that a script sees */
#define NGX_GAME_LUA_ARGS_MAX  64

/* how deep a class may inherit */
#define NGX_GAME_LUA_BASES     16


const char *const  ngx_game_lua_handlers[] = {
    "on_create",
    "on_auth",
    "on_join",
    "on_message",
    "on_tick",
    "on_drop",
    "on_resume",
    "on_leave",
    "on_close",
    "on_restore",
    "on_shutdown"
};


static void ngx_game_lua_push_meta(lua_State *L, ngx_game_game_t *game);
static void ngx_game_lua_add_base(lua_State *L, ngx_game_game_t *game);
static int ngx_game_lua_room_index(lua_State *L);
static void ngx_game_lua_push_players(lua_State *L, ngx_game_room_t *room);
static void ngx_game_lua_list_players(lua_State *L, ngx_game_room_t *room);
static void ngx_game_lua_set_handle(lua_State *L, char *handles,
    void *object);
static void *ngx_game_lua_handle(lua_State *L, char *handles, int index);
static void ngx_game_lua_drop(lua_State *L, char *handles, int *ref);
static void ngx_game_lua_push_unescaped(lua_State *L, u_char *p, u_char *end);
static void ngx_game_lua_send_codec(lua_State *L, ngx_game_lua_send_t *to,
    ngx_game_codec_e codec, int index);


/* keys of the registry: the addresses are used */
static char  ngx_game_lua_rooms_key;
static char  ngx_game_lua_players_key;
static char  ngx_game_lua_player_meta_key;
static char  ngx_game_lua_methods_key;
static char  ngx_game_lua_metas_key;


#define ngx_game_lua_push_key(L, key)                                         \
    (lua_pushlightuserdata(L, &ngx_game_lua_##key##_key),                     \
     lua_rawget(L, LUA_REGISTRYINDEX))


int
ngx_game_lua_open(lua_State *L)
{
    /* on top of the stack: game */

    ngx_game_lua_inject_game(L);

    lua_pushlightuserdata(L, &ngx_game_lua_rooms_key);
    lua_newtable(L);
    lua_rawset(L, LUA_REGISTRYINDEX);

    lua_pushlightuserdata(L, &ngx_game_lua_players_key);
    lua_newtable(L);
    lua_rawset(L, LUA_REGISTRYINDEX);

    lua_pushlightuserdata(L, &ngx_game_lua_metas_key);
    lua_newtable(L);
    lua_rawset(L, LUA_REGISTRYINDEX);

    lua_pushlightuserdata(L, &ngx_game_lua_player_meta_key);
    lua_createtable(L, 0, 2);
    ngx_game_lua_push_player_methods(L);
    ngx_game_lua_push_key(L, players);
    ngx_game_dispatch_open(L);
    lua_setfield(L, -2, "send");
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_rawset(L, LUA_REGISTRYINDEX);

    lua_pushlightuserdata(L, &ngx_game_lua_methods_key);
    ngx_game_lua_push_room_methods(L);
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, ngx_game_lua_room_index);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);

    return 0;
}


/* rooms */

int
ngx_game_lua_make_room(lua_State *L)
{
    ngx_uint_t        i;
    ngx_game_room_t  *room;

    room = lua_touserdata(L, 1);

    lua_createtable(L, 0, 6);

    ngx_game_lua_push_id(L, room->id);
    lua_setfield(L, -2, "id");

    lua_pushlstring(L, (char *) room->game->name.data, room->game->name.len);
    lua_setfield(L, -2, "game");

    lua_newtable(L);
    lua_setfield(L, -2, "state");

    ngx_game_lua_push_meta(L, room->game);

    lua_getfield(L, -1, "loop");
    room->loop = lua_tointeger(L, -1);
    lua_pop(L, 1);

    lua_setmetatable(L, -2);

    for (i = 0; i < NGX_GAME_HANDLERS; i++) {
        lua_getfield(L, -1, ngx_game_lua_handlers[i]);

        if (lua_isfunction(L, -1)) {
            room->handlers |= 1 << i;
        }

        lua_pop(L, 1);
    }

    ngx_game_lua_set_handle(L, &ngx_game_lua_rooms_key, room);

    room->object = lua_topointer(L, -1);
    room->ref = luaL_ref(L, LUA_REGISTRYINDEX);

    return 0;
}


/* the metatable of a game's rooms: fields that a room does not have are its
 * class's, then the library's */

static void
ngx_game_lua_push_meta(lua_State *L, ngx_game_game_t *game)
{
    ngx_game_lua_push_key(L, metas);
    lua_rawgeti(L, -1, game->index + 1);

    if (lua_istable(L, -1)) {
        lua_remove(L, -2);
        return;
    }

    lua_pop(L, 1);

    lua_createtable(L, 0, 2);

    ngx_game_script_push_class(L, game);

    if (!lua_istable(L, -1)) {
        luaL_error(L, "the game's script could not be loaded");
    }

    ngx_game_lua_add_base(L, game);
    lua_setfield(L, -2, "__index");

    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");

    lua_pushinteger(L, ngx_game_dispatch_new_loop(L));
    lua_setfield(L, -2, "loop");

    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, game->index + 1);
    lua_remove(L, -2);
}


/* makes the library's methods the last base of the class on top of the stack,
 * that may inherit from others by tables in __index */

static void
ngx_game_lua_add_base(lua_State *L, ngx_game_game_t *game)
{
    int         top;
    ngx_uint_t  i;

    top = lua_gettop(L);

    lua_pushvalue(L, -1);

    for (i = 0; i < NGX_GAME_LUA_BASES; i++) {

        if (!lua_getmetatable(L, -1)) {
            lua_createtable(L, 0, 2);
            ngx_game_lua_push_key(L, methods);
            lua_setfield(L, -2, "__index");
            lua_pushboolean(L, 0);
            lua_setfield(L, -2, "__metatable");
            lua_setmetatable(L, -2);

            lua_settop(L, top);
            return;
        }

        lua_pushliteral(L, "__index");
        lua_rawget(L, -2);

        if (!lua_istable(L, -1)) {
            break;
        }

        lua_replace(L, top + 1);
        lua_settop(L, top + 1);

        /* an attempt before this one may have failed right behind this */

        ngx_game_lua_push_key(L, methods);

        if (lua_rawequal(L, -1, -2)) {
            lua_settop(L, top);
            return;
        }

        lua_pop(L, 1);
    }

    luaL_error(L, "the class of game \"%s\" inherits by something else than "
               "tables in __index", (char *) game->name.data);
}


/* self.players and self.count, that are made when they are asked for */

static int
ngx_game_lua_room_index(lua_State *L)
{
    const char       *name;
    ngx_game_call_t  *call;
    ngx_game_room_t  *room;

    call = ngx_game_script_current();

    if (call == NULL || lua_type(L, 2) != LUA_TSTRING) {
        return 0;
    }

    room = call->owner;
    name = lua_tostring(L, 2);

    if (ngx_strcmp(name, "count") == 0) {
        lua_pushinteger(L, room->count);
        return 1;
    }

    if (ngx_strcmp(name, "players") == 0) {
        ngx_game_lua_push_players(L, room);
        return 1;
    }

    return 0;
}


/* a field of the room from its first use on; it is asked for again only if the
 * script has set it to nil, or asks another room of the game */

static void
ngx_game_lua_push_players(lua_State *L, ngx_game_room_t *room)
{
    if (room->players_ref == LUA_NOREF) {
        ngx_game_lua_list_players(L, room);
    }

    lua_rawgeti(L, LUA_REGISTRYINDEX, room->players_ref);

    ngx_game_lua_push_room(L, room);
    lua_pushliteral(L, "players");
    lua_pushvalue(L, -3);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}


/* from then on it is kept up to date */

static void
ngx_game_lua_list_players(lua_State *L, ngx_game_room_t *room)
{
    ngx_queue_t        *q;
    ngx_game_player_t  *player;

    lua_newtable(L);

    for (q = ngx_queue_head(&room->players);
         q != ngx_queue_sentinel(&room->players);
         q = ngx_queue_next(q))
    {
        player = ngx_queue_data(q, ngx_game_player_t, link);

        ngx_game_lua_push_id(L, player->id);
        ngx_game_lua_push_player(L, player);
        lua_rawset(L, -3);
    }

    room->players_ref = luaL_ref(L, LUA_REGISTRYINDEX);
}


void
ngx_game_lua_add_to_players(lua_State *L, ngx_game_player_t *player)
{
    if (player->room->players_ref == LUA_NOREF) {
        return;
    }

    lua_rawgeti(L, LUA_REGISTRYINDEX, player->room->players_ref);
    ngx_game_lua_push_id(L, player->id);
    ngx_game_lua_push_player(L, player);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}


void
ngx_game_lua_remove_from_players(lua_State *L, ngx_game_player_t *player)
{
    if (player->room->players_ref == LUA_NOREF) {
        return;
    }

    lua_rawgeti(L, LUA_REGISTRYINDEX, player->room->players_ref);
    ngx_game_lua_push_id(L, player->id);
    lua_pushnil(L);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}


void
ngx_game_lua_push_room(lua_State *L, ngx_game_room_t *room)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, room->ref);
}


void
ngx_game_lua_drop_room(lua_State *L, ngx_game_room_t *room)
{
    luaL_unref(L, LUA_REGISTRYINDEX, room->players_ref);
    room->players_ref = LUA_NOREF;

    ngx_game_lua_drop(L, &ngx_game_lua_rooms_key, &room->ref);
    room->object = NULL;
}


ngx_game_room_t *
ngx_game_lua_check_room(lua_State *L, int index)
{
    ngx_game_call_t  *call;
    ngx_game_room_t  *room;

    luaL_checktype(L, index, LUA_TTABLE);

    /* nearly always the room whose handler runs */

    call = ngx_game_script_current();

    if (call) {
        room = call->owner;

        if (lua_topointer(L, index) == room->object) {
            return room;
        }
    }

    room = ngx_game_lua_handle(L, &ngx_game_lua_rooms_key, index);

    if (room == NULL || lua_topointer(L, index) != room->object) {
        luaL_argerror(L, index, "a room expected that is not closed");
    }

    return room;
}


/* players */

void
ngx_game_lua_push_player(lua_State *L, ngx_game_player_t *player)
{
    if (player->ref != LUA_NOREF) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, player->ref);
        return;
    }

    luaL_checkstack(L, 6, NULL);

    lua_createtable(L, 0, 4);

    ngx_game_lua_push_id(L, player->id);
    lua_setfield(L, -2, "id");

    if (player->identity_len) {
        lua_pushlstring(L, (char *) player->text, player->identity_len);
        lua_setfield(L, -2, "identity");
    }

    lua_pushlstring(L, (char *) player->text + player->identity_len,
                    player->address_len);
    lua_setfield(L, -2, "address");

    lua_newtable(L);
    lua_setfield(L, -2, "data");

    ngx_game_lua_push_key(L, player_meta);
    lua_setmetatable(L, -2);

    ngx_game_lua_set_handle(L, &ngx_game_lua_players_key, player);

    lua_pushvalue(L, -1);
    player->ref = luaL_ref(L, LUA_REGISTRYINDEX);
}


void
ngx_game_lua_drop_player(lua_State *L, ngx_game_player_t *player)
{
    ngx_game_lua_drop(L, &ngx_game_lua_players_key, &player->ref);
}


ngx_game_player_t *
ngx_game_lua_check_player(lua_State *L, int index)
{
    ngx_uint_t          is_player;
    ngx_game_player_t  *player;

    player = ngx_game_lua_handle(L, &ngx_game_lua_players_key, index);

    if (player) {
        return player->seated ? player : NULL;
    }

    /* one that has left, or none */

    is_player = 0;

    if (lua_istable(L, index) && lua_getmetatable(L, index)) {
        ngx_game_lua_push_key(L, player_meta);
        is_player = lua_rawequal(L, -1, -2);
        lua_pop(L, 2);
    }

    if (!is_player) {
        luaL_argerror(L, index, "a player expected");
    }

    return NULL;
}


/* handles: set for the table on top of the stack */

static void
ngx_game_lua_set_handle(lua_State *L, char *handles, void *object)
{
    lua_pushlightuserdata(L, handles);
    lua_rawget(L, LUA_REGISTRYINDEX);
    lua_pushvalue(L, -2);
    lua_pushnumber(L, (lua_Number) (uintptr_t) object);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}


static void *
ngx_game_lua_handle(lua_State *L, char *handles, int index)
{
    void  *object;

    lua_pushlightuserdata(L, handles);
    lua_rawget(L, LUA_REGISTRYINDEX);
    lua_pushvalue(L, index);
    lua_rawget(L, -2);
    object = (void *) (uintptr_t) lua_tonumber(L, -1);
    lua_pop(L, 2);

    return object;
}


/* the script may keep the table, but it stands for nothing any more.  Neither
 * step needs memory: the keys are there */

static void
ngx_game_lua_drop(lua_State *L, char *handles, int *ref)
{
    if (L == NULL || *ref == LUA_NOREF) {
        return;
    }

    lua_pushlightuserdata(L, handles);
    lua_rawget(L, LUA_REGISTRYINDEX);
    lua_rawgeti(L, LUA_REGISTRYINDEX, *ref);
    lua_pushnil(L);
    lua_rawset(L, -3);
    lua_pop(L, 1);

    luaL_unref(L, LUA_REGISTRYINDEX, *ref);
    *ref = LUA_NOREF;
}


/* values */

void
ngx_game_lua_push_id(lua_State *L, uint64_t id)
{
    u_char  text[NGX_GAME_ID_LEN];

    (void) ngx_game_id_format(text, id);
    lua_pushlstring(L, (char *) text, NGX_GAME_ID_LEN);
}


size_t
ngx_game_lua_line(lua_State *L, int index, u_char *buf, size_t size)
{
    int          i;
    size_t       len, n;
    u_char      *p;
    const char  *text;

    p = buf;

    for (i = index; i <= lua_gettop(L); i++) {

        if (lua_type(L, i) == LUA_TNUMBER || lua_type(L, i) == LUA_TSTRING) {
            lua_pushvalue(L, i);
            text = lua_tolstring(L, -1, &len);
            lua_pop(L, 1);

        } else {
            text = lua_type(L, i) == LUA_TBOOLEAN
                   ? (lua_toboolean(L, i) ? "true" : "false")
                   : luaL_typename(L, i);
            len = ngx_strlen(text);
        }

        if (i > index && p < buf + size) {
            *p++ = ' ';
        }

        for (n = 0; n < len && p < buf + size; n++) {
            *p++ = (u_char) text[n] < ' ' ? ' ' : (u_char) text[n];
        }
    }

    return p - buf;
}


void
ngx_game_lua_push_args(lua_State *L, const ngx_str_t *args)
{
    u_char      *p, *end, *eq, *amp;
    ngx_uint_t   n;

    lua_newtable(L);

    p = args->data;
    end = p + args->len;

    for (n = 0; p < end && n < NGX_GAME_LUA_ARGS_MAX; n++) {

        amp = ngx_strlchr(p, end, '&');
        if (amp == NULL) {
            amp = end;
        }

        eq = ngx_strlchr(p, amp, '=');
        if (eq == NULL) {
            eq = amp;
        }

        if (eq > p && !(eq - p == 4 && ngx_strncmp(p, "room", 4) == 0)) {
            ngx_game_lua_push_unescaped(L, p, eq);
            ngx_game_lua_push_unescaped(L, eq < amp ? eq + 1 : amp, amp);
            lua_rawset(L, -3);
        }

        p = amp + 1;
    }
}


/* application/x-www-form-urlencoded: %XX and + */

static void
ngx_game_lua_push_unescaped(lua_State *L, u_char *p, u_char *end)
{
    u_char       c;
    ngx_int_t    n;
    luaL_Buffer  b;

    luaL_buffinit(L, &b);

    while (p < end) {
        c = *p++;

        if (c == '+') {
            c = ' ';

        } else if (c == '%' && end - p >= 2) {
            n = ngx_hextoi(p, 2);

            if (n != NGX_ERROR) {
                c = (u_char) n;
                p += 2;
            }
        }

        luaL_addchar(&b, c);
    }

    luaL_pushresult(&b);
}


/* sending */

ngx_game_kind_e
ngx_game_lua_check_kind(lua_State *L, int index)
{
    const char  *kind;

    if (lua_isnoneornil(L, index)) {
        return NGX_GAME_TEXT;
    }

    kind = luaL_checkstring(L, index);

    if (ngx_strcmp(kind, "text") == 0) {
        return NGX_GAME_TEXT;
    }

    if (ngx_strcmp(kind, "binary") != 0) {
        luaL_argerror(L, index, "\"text\" or \"binary\" expected");
    }

    return NGX_GAME_BINARY;
}


int
ngx_game_lua_send(lua_State *L, int index, ngx_game_lua_send_t *to)
{
    if (to->player) {
        ngx_game_lua_send_codec(L, to, to->player->codec, index);
        return 1;
    }

    if (ngx_game_gateway_players(to->room, NGX_GAME_JSON)) {
        ngx_game_lua_send_codec(L, to, NGX_GAME_JSON, index);
    }

    if (ngx_game_gateway_players(to->room, NGX_GAME_MSGPACK)) {
        ngx_game_lua_send_codec(L, to, NGX_GAME_MSGPACK, index);
    }

    if (ngx_game_gateway_players(to->room, NGX_GAME_RAW)) {
        ngx_game_lua_send_codec(L, to, NGX_GAME_RAW, index);
    }

    return 1;
}


/* one encode for all that use the codec */

static void
ngx_game_lua_send_codec(lua_State *L, ngx_game_lua_send_t *to,
    ngx_game_codec_e codec, int index)
{
    ngx_str_t        payload;
    ngx_game_kind_e  kind;

    if (codec == NGX_GAME_RAW) {
        kind = to->kind;
        ngx_game_view_check_bytes(L, index, &payload);

        if (kind == NGX_GAME_TEXT
            && !game_utf8_valid(payload.data, payload.len))
        {
            luaL_argerror(L, index, "text is not valid UTF-8");
        }

    } else {
        kind = codec == NGX_GAME_JSON ? NGX_GAME_TEXT : NGX_GAME_BINARY;
        ngx_game_view_to_string(L, index);
        ngx_game_codec_encode(L, codec, index, &payload);
    }

    if (to->player == NULL) {
        ngx_game_gateway_broadcast(to->room, codec, kind, &payload, to->except,
                                to->n);

    } else {
        ngx_game_gateway_send(to->player, kind, &payload);
    }
}
