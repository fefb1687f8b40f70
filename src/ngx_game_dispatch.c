
/*
 * Copyright (C) ngx_game authors
 *
 * Messages wait in a list while the frames of one read are parsed, and a loop
 * in Lua takes them from it and calls on_message for each.  The loop and
 * player:send are compiled together with the handler, with calls to C by
 * LuaJIT's FFI in place of the Lua API: so a message costs no pcall, no
 * coroutine and no table of its own, and no string where it is a view.  The
 * FFI is seen by these two functions and the view's methods only.
 *
 * A handler that fails or waits ends the loop; what is left in the list is for
 * a new one.  A loop whose handler has waited finds that the list is not its
 * own any more, and ends.
 */


#include "ngx_game_dispatch.h"
#include "ngx_game_codec.h"
#include "ngx_game_gateway.h"
#include "ngx_game_handler.h"
#include "ngx_game_lua.h"
#include "ngx_game_script.h"
#include "ngx_game_seat.h"
#include "ngx_game_view.h"
#include "ngx_game_watchdog.h"
#include "core/game_utf8.h"


#define NGX_GAME_DISPATCH_MAX     256

/* messages of one read that are put off, at most; and bytes of all that are */
#define NGX_GAME_DISPATCH_FEW     4
#define NGX_GAME_DISPATCH_MEMORY  16384


/* the message that the loop handles now, as ngx_game_dispatch_open_lua has it
 */
typedef struct {
    const u_char              *data;
    int32_t                    len;
    int32_t                    room;          /* references of the registry */
    int32_t                    player;
    int32_t                    text;          /* 0: binary */
    int32_t                    raw;           /* 0: to be decoded */
    int32_t                    view;          /* of what is raw: no string */
} ngx_game_dispatch_message_t;


typedef struct {
    ngx_game_player_t         *player;
    u_char                    *data;
    uint32_t                   len;
    ngx_game_kind_e            kind;
} ngx_game_dispatch_item_t;


typedef struct {
    ngx_game_dispatch_item_t     items[NGX_GAME_DISPATCH_MAX];
    ngx_uint_t                   n;
    int                          loop;        /* of all of them */
    ngx_uint_t                   next;
    ngx_uint_t                   kept;        /* so many are put off */
    size_t                       used;        /* of memory */
    unsigned                     running:1;
    ngx_event_t                  event;       /* of the end of this turn */
    ngx_game_call_t             *call;        /* the loop that runs */
    ngx_game_dispatch_item_t    *item;        /* what it handles */
    int                          new_loop;    /* anchors that function */
    ngx_game_dispatch_message_t  message;
    u_char                       memory[NGX_GAME_DISPATCH_MEMORY];
} ngx_game_dispatch_t;


static void ngx_game_dispatch_charge(uint64_t us);
static void ngx_game_dispatch_done(ngx_game_call_t *call, ngx_int_t rc, int n,
    ngx_str_t *error);
static void ngx_game_dispatch_doing(ngx_game_player_t *player,
    ngx_game_dispatch_item_t *item);
static void ngx_game_dispatch_event(ngx_event_t *ev);
static int ngx_game_dispatch_next(void);
static int ngx_game_dispatch_player(lua_State *L);
static int ngx_game_dispatch_decode(lua_State *L);
static int ngx_game_dispatch_send(double handle, const char *data, int len,
    int text);
static int ngx_game_dispatch_send_view(double handle, int text);


static ngx_game_dispatch_t  ngx_game_dispatch;


/* loaded anew for each game, so that each has compiled code of its own */
static const char  ngx_game_dispatch_loop_lua[] =
    "local registry, message, next, player_of, decode, string, type, view\n"
    "    = ...\n"
    "return function()\n"
    "    while next() ~= 0 do\n"
    "        local room = registry[message.room]\n"
    "        local player = registry[message.player] or player_of()\n"
    "        local ok, value = true\n"
    "        if message.raw == 0 then\n"
    "            ok, value = decode()\n"
    "        elseif message.view ~= 0 then\n"
    "            value = view\n"
    "        else\n"
    "            value = string(message.data, message.len)\n"
    "        end\n"
    "        local on_message = room.on_message\n"
    "        if ok and type(on_message) == 'function' then\n"
    "            on_message(room, player, value,\n"
    "                       message.text ~= 0 and 'text' or 'binary')\n"
    "        end\n"
    "    end\n"
    "end\n";


static const char  ngx_game_dispatch_open_lua[] =
    "local registry, handles, message, view, next, send, send_view,\n"
    "    player_of, decode, send_any, loop, chunk = ...\n"
    "local ffi = require 'ffi'\n"
    "local type, load = type, loadstring\n"
    "ffi.cdef[[\n"
    "    typedef struct {\n"
    "        const char *data;\n"
    "        int len, room, player, text, raw, view;\n"
    "    } ngx_game_message_t;\n"
    "]]\n"
    "message = ffi.cast('ngx_game_message_t *', message)\n"
    "next = ffi.cast('int (*)(void)', next)\n"
    "send = ffi.cast('int (*)(double, const char *, int, int)', send)\n"
    "send_view = ffi.cast('int (*)(double, int)', send_view)\n"

    "local function new_loop()\n"
    "    return load(loop, chunk)(registry, message, next, player_of,\n"
    "                             decode, ffi.string, type, view)\n"
    "end\n"

    "local function player_send(player, value, kind)\n"
    "    local handle = handles[player]\n"
    "    if handle and (kind == nil or kind == 'text' or kind == 'binary')\n"
    "    then\n"
    "        local text = kind == 'binary' and 0 or 1\n"
    "        if value == view then\n"
    "            if send_view(handle, text) == 0 then\n"
    "                return true\n"
    "            end\n"
    "        elseif type(value) == 'string'\n"
    "            and send(handle, value, #value, text) == 0\n"
    "        then\n"
    "            return true\n"
    "        end\n"
    "    end\n"
    "    return send_any(player, value, kind)\n"
    "end\n"

    "return new_loop, player_send\n";


void
ngx_game_dispatch_open(lua_State *L)
{
    /* handles */

    if (luaL_loadbuffer(L, ngx_game_dispatch_open_lua,
                        sizeof(ngx_game_dispatch_open_lua) - 1,
                        "=" NGX_GAME_CALL_CHUNK)
        != 0)
    {
        (void) lua_error(L);
    }

    lua_pushvalue(L, LUA_REGISTRYINDEX);
    lua_pushvalue(L, -3);
    lua_pushlightuserdata(L, &ngx_game_dispatch.message);
    ngx_game_view_open(L);
    lua_pushlightuserdata(L, ngx_game_dispatch_next);
    lua_pushlightuserdata(L, ngx_game_dispatch_send);
    lua_pushlightuserdata(L, ngx_game_dispatch_send_view);
    lua_pushcfunction(L, ngx_game_dispatch_player);
    lua_pushcfunction(L, ngx_game_dispatch_decode);
    lua_pushcfunction(L, ngx_game_lua_player_send);
    lua_pushlstring(L, ngx_game_dispatch_loop_lua,
                    sizeof(ngx_game_dispatch_loop_lua) - 1);
    lua_pushliteral(L, "=" NGX_GAME_CALL_CHUNK);

    lua_call(L, 12, 2);

    /* handles, new_loop, send */

    lua_replace(L, -3);
    ngx_game_dispatch.new_loop = luaL_ref(L, LUA_REGISTRYINDEX);
}


int
ngx_game_dispatch_new_loop(lua_State *L)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, ngx_game_dispatch.new_loop);
    lua_call(L, 0, 1);

    return luaL_ref(L, LUA_REGISTRYINDEX);
}


void
ngx_game_dispatch_add(ngx_game_player_t *player, ngx_game_kind_e kind,
    ngx_str_t *data)
{
    ngx_game_dispatch_t       *dispatch;
    ngx_game_dispatch_item_t  *item;

    dispatch = &ngx_game_dispatch;

    /* each game has a loop of its own */

    if (dispatch->n == NGX_GAME_DISPATCH_MAX
        || dispatch->loop != player->room->loop)
    {
        ngx_game_dispatch_run();
        dispatch->loop = player->room->loop;
    }

    item = &dispatch->items[dispatch->n++];

    item->player = player;
    item->data = data->data;
    item->len = data->len;
    item->kind = kind;
}


void
ngx_game_dispatch_defer(void)
{
    ngx_uint_t                 i;
    ngx_game_dispatch_t       *dispatch;
    ngx_game_dispatch_item_t  *item;

    dispatch = &ngx_game_dispatch;

    if (dispatch->n - dispatch->kept > NGX_GAME_DISPATCH_FEW) {
        ngx_game_dispatch_run();
        return;
    }

    for (i = dispatch->kept; i < dispatch->n; i++) {
        item = &dispatch->items[i];

        if (item->len > sizeof(dispatch->memory) - dispatch->used) {
            ngx_game_dispatch_run();
            return;
        }

        ngx_memcpy(dispatch->memory + dispatch->used, item->data, item->len);
        item->data = dispatch->memory + dispatch->used;
        dispatch->used += item->len;
    }

    dispatch->kept = dispatch->n;

    if (dispatch->n && !dispatch->event.posted) {
        dispatch->event.handler = ngx_game_dispatch_event;
        dispatch->event.log = ngx_cycle->log;

        ngx_post_event((&dispatch->event), &ngx_posted_events);
    }
}


static void
ngx_game_dispatch_event(ngx_event_t *ev)
{
    ngx_game_dispatch_run();
}


void
ngx_game_dispatch_run(void)
{
    uint64_t              began;
    ngx_int_t             rc;
    ngx_game_call_t       call;
    ngx_game_dispatch_t  *dispatch;

    static ngx_str_t  memory = ngx_string("no memory for a handler");

    dispatch = &ngx_game_dispatch;

    if (dispatch->n == 0 || dispatch->running) {
        return;
    }

    dispatch->running = 1;

    began = ngx_game_clock_now();

    ngx_game_handler_end_turn();

    ngx_memzero(&call, sizeof(ngx_game_call_t));

    call.handler = ngx_game_lua_handlers[NGX_GAME_ON_MESSAGE];
    call.done = ngx_game_dispatch_done;

    while (dispatch->next < dispatch->n) {

        dispatch->call = NULL;

        rc = ngx_game_script_loop(&call, dispatch->loop);

        ngx_game_view_end();

        if (rc == NGX_ERROR) {
            ngx_game_dispatch_done(&call, NGX_ERROR, 0, &memory);
            break;
        }

        /* an error before its first message would come again */

        if (dispatch->call == NULL) {
            break;
        }
    }

    ngx_game_dispatch_charge(ngx_game_clock_now() - began);

    dispatch->call = NULL;
    dispatch->next = 0;
    dispatch->n = 0;
    dispatch->kept = 0;
    dispatch->used = 0;
    dispatch->running = 0;

    ngx_game_worker.doing->room = 0;
}


/* all messages of a list have taken the same time: a clock that is read for
 * each would cost more than the shortest handlers */

static void
ngx_game_dispatch_charge(uint64_t us)
{
    uint64_t    share;
    ngx_uint_t  i;

    share = us * 1000 / ngx_game_dispatch.n;

    for (i = 0; i < ngx_game_dispatch.n; i++) {
        ngx_game_dispatch.items[i].player->room->spent += share;
    }
}


/* for those who would see this worker die of it */

static void
ngx_game_dispatch_doing(ngx_game_player_t *player,
    ngx_game_dispatch_item_t *item)
{
    ngx_game_doing_t  *doing;

    doing = ngx_game_worker.doing;

    doing->room = player->room->id;
    doing->player = player->id;
    doing->handler = NGX_GAME_ON_MESSAGE;
    doing->len = ngx_min(item->len, NGX_GAME_DOING_MESSAGE);

    /* GCC would make a loop of a memcpy() that is known to be short */

    ngx_memmove(doing->message, item->data, doing->len);

    ngx_game_room_changed(player->room);
}


static void
ngx_game_dispatch_done(ngx_game_call_t *call, ngx_int_t rc, int n,
    ngx_str_t *error)
{
    if (call->owner) {
        ngx_game_handler_done(call, rc, n, error);

    } else if (rc == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "%ui messages are lost: %V",
                      ngx_game_dispatch.n - ngx_game_dispatch.next, error);
    }
}


/*
 * The next three are called by the loop.  The first takes the next message
 * from the list: 0: there is none.  It must not raise an error.
 *
 * A player may be kicked by the handler of an earlier message.  It is freed at
 * the end of the turn, not before.
 */

static int
ngx_game_dispatch_next(void)
{
    ngx_game_call_t              *call;
    ngx_game_player_t            *player;
    ngx_game_dispatch_t          *dispatch;
    ngx_game_dispatch_item_t     *item;
    ngx_game_dispatch_message_t  *message;

    dispatch = &ngx_game_dispatch;
    call = ngx_game_script_current();

    if (dispatch->call == NULL && call->owner == NULL) {
        dispatch->call = call;
    }

    if (dispatch->call != call || ngx_game_watchdog.fired) {
        return 0;
    }

    do {
        if (dispatch->next == dispatch->n) {
            return 0;
        }

        item = &dispatch->items[dispatch->next++];
        player = item->player;

    } while (!player->seated);

    ngx_game_dispatch_doing(player, item);

    call->owner = player->room;
    call->data = (void *) (uintptr_t) player->id;

    dispatch->item = item;

    message = &dispatch->message;
    message->data = item->data;
    message->len = item->len;
    message->room = player->room->ref;
    message->player = player->ref;
    message->text = (item->kind == NGX_GAME_TEXT);
    message->raw = (player->room->game->codec == NGX_GAME_RAW);
    message->view = player->room->game->view;

    if (message->view) {
        ngx_game_view_show(item->data, item->len);
    }

    ngx_game_watchdog_next();

    return 1;
}


/* the player has no table yet */

static int
ngx_game_dispatch_player(lua_State *L)
{
    ngx_game_lua_push_player(L, ngx_game_dispatch.item->player);

    return 1;
}


/* true and the value, or nothing: the player is closed with 1007 */

static int
ngx_game_dispatch_decode(lua_State *L)
{
    ngx_str_t                  reason;
    ngx_game_codec_e           codec;
    ngx_game_dispatch_item_t  *item;

    item = ngx_game_dispatch.item;
    codec = item->kind == NGX_GAME_TEXT ? NGX_GAME_JSON : NGX_GAME_MSGPACK;

    lua_pushboolean(L, 1);

    if (ngx_game_codec_decode(L, codec, item->data, item->len) == NGX_OK) {
        return 2;
    }

    reason.data = (u_char *) lua_tolstring(L, -1, &reason.len);

    ngx_game_seat_kick(item->player, 1007, &reason, NGX_GAME_ERROR);

    return 0;
}


/* a string as it is, to a player who gets strings: 0; else 1, and the slow way
 * sends it or says what is wrong */

static int
ngx_game_dispatch_send(double handle, const char *data, int len, int text)
{
    ngx_str_t           payload;
    ngx_game_player_t  *player;

    player = (ngx_game_player_t *) (uintptr_t) handle;

    if (!player->seated || player->codec != NGX_GAME_RAW) {
        return 1;
    }

    payload.data = (u_char *) data;
    payload.len = len;

    if (text && !game_utf8_valid(payload.data, payload.len)) {
        return 1;
    }

    ngx_game_gateway_send(player, text ? NGX_GAME_TEXT : NGX_GAME_BINARY,
                          &payload);

    return 0;
}


static int
ngx_game_dispatch_send_view(double handle, int text)
{
    ngx_str_t  bytes;

    if (ngx_game_view_shown(&bytes) != NGX_OK) {
        return 1;
    }

    return ngx_game_dispatch_send(handle, (char *) bytes.data, bytes.len,
                                  text);
}
