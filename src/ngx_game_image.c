
/*
 * Copyright (C) ngx_game authors
 *
 * An image is a header, the players and the alarms, and a list of the values
 * that are Lua's: version, state, metadata, and, for each player that has
 * data, its number and that.  It is read by a build of the same layout, so
 * that structs are written as they are; all lengths are checked nevertheless.
 */


#include "ngx_game_image.h"
#include "ngx_game_alarm.h"
#include "ngx_game_codec.h"
#include "ngx_game_handler.h"
#include "ngx_game_history.h"
#include "ngx_game_lua.h"
#include "ngx_game_player.h"
#include "ngx_game_script.h"
#include "ngx_game_zone.h"


/* to be increased with each change that the sizes of the structs don't show */
#define NGX_GAME_IMAGE_LAYOUT  3

/* the places of values in the list; from the last one on numbers and data of
 * players take turns */
#define NGX_GAME_IMAGE_VERSION   1
#define NGX_GAME_IMAGE_STATE     2
#define NGX_GAME_IMAGE_METADATA  3
#define NGX_GAME_IMAGE_DATA      4

/* the buffer that images are made in, bytes: the least, and what is kept */
#define NGX_GAME_IMAGE_LEAST  16384
#define NGX_GAME_IMAGE_KEEP   65536


typedef struct {
    uint64_t                   room;
    uint64_t                   term;
    uint64_t                   game;          /* hash of its name */
    uint32_t                   players;
    uint32_t                   alarms;
    uint32_t                   alarms_last;
    uint32_t                   locked;
    uint32_t                   resumable;
    uint32_t                   tick_place;
    uint64_t                   broadcasts[NGX_GAME_RAW + 1];
    uint64_t                   position;      /* in the history */
    uint64_t                   drain;
    uint64_t                   value;         /* bytes */
} ngx_game_image_header_t;


/* followed by the next one, if resumable, the identity and the address */
typedef struct {
    uint64_t                   id;
    uint64_t                   gateway;
    uint32_t                   rtt;
    uint16_t                   identity_len;
    uint8_t                    address_len;   /* at most 255, of a session */
    unsigned                   codec:2;
    unsigned                   away:1;
    unsigned                   dropping:1;
    unsigned                   dropped:1;
    unsigned                   resumable:1;
} ngx_game_image_player_t;


typedef struct {
    uint64_t                   until;         /* if it is away, us */
    uint64_t                   sent;          /* ngx_game_history.c */
    ngx_game_secret_t          secret;
    ngx_game_secret_t          former;
    uint32_t                   number;
    uint32_t                   why;           /* ngx_game_reason_e, if away */
} ngx_game_image_resume_t;


typedef struct {
    ngx_game_room_t           *room;
    ngx_str_t                  value;
    int                        version;       /* reference */
} ngx_game_image_ctx_t;


static u_char *ngx_game_image_reserve(size_t len);
static int ngx_game_image_save(lua_State *L);
static ngx_uint_t ngx_game_image_push_data(lua_State *L,
    ngx_game_player_t *player);
static int ngx_game_image_explain(lua_State *L);
static size_t ngx_game_image_players_size(ngx_game_room_t *room);
static u_char *ngx_game_image_pack_players(ngx_game_room_t *room, u_char *p);
static u_char *ngx_game_image_pack_resume(const ngx_game_resume_t *resume,
    u_char *p);
static size_t ngx_game_image_player_size(
    const ngx_game_image_player_t *player);
static u_char *ngx_game_image_unpack_player(ngx_game_room_t *room, u_char *p,
    u_char *end);
static void ngx_game_image_seat_players(ngx_game_room_t *room);
static ngx_int_t ngx_game_image_unpack_parts(ngx_game_room_t *room,
    ngx_game_image_header_t *header, u_char *p, u_char *end,
    ngx_str_t *value);
static int ngx_game_image_load(lua_State *L);
static void ngx_game_image_set_field(lua_State *L, int table,
    const char *name);


static u_char  *ngx_game_image_buf;
static size_t   ngx_game_image_size;


ngx_int_t
ngx_game_image_pack(ngx_game_room_t *room, ngx_str_t *image, ngx_uint_t quiet)
{
    u_char                   *p;
    size_t                    players, alarms;
    ngx_game_image_ctx_t      ctx;
    ngx_game_image_header_t   header;

    ctx.room = room;

    /* the value lies in the codec's buffer until the next one */

    if (ngx_game_script_try(ngx_game_image_save, &ctx) != NGX_OK) {

        if (quiet) {
            return NGX_ERROR;
        }

        (void) ngx_game_script_protect(ngx_game_image_explain, &ctx);

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "room %V of game \"%V\" can't be saved",
                      ngx_game_id_text(room->id), &room->game->name);
        return NGX_ERROR;
    }

    ngx_memzero(&header, sizeof(ngx_game_image_header_t));

    header.room = room->id;
    header.term = room->term;
    header.game = room->game->hash;
    header.players = room->count;
    header.alarms = room->alarms_count;
    header.alarms_last = room->alarms_last;
    header.locked = room->locked;
    header.tick_place = room->tick_place;
    header.drain = room->drain;
    header.resumable = room->resumable;
    header.position = ngx_game_history_position(room);

    ngx_memcpy(header.broadcasts, room->broadcasts,
               sizeof(header.broadcasts));

    header.value = ctx.value.len;

    players = ngx_game_image_players_size(room);
    alarms = ngx_game_alarm_image_size(room);

    image->len = sizeof(ngx_game_image_header_t) + players + alarms
                 + ctx.value.len;

    image->data = ngx_game_image_reserve(image->len);
    if (image->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(image->data, &header, sizeof(ngx_game_image_header_t));
    p = ngx_game_image_pack_players(room, p);
    p = ngx_game_alarm_pack(room, p);
    ngx_memcpy(p, ctx.value.data, ctx.value.len);

    return NGX_OK;
}


/* one buffer for all */

static u_char *
ngx_game_image_reserve(size_t len)
{
    if (len <= ngx_game_image_size) {
        return ngx_game_image_buf;
    }

    ngx_free(ngx_game_image_buf);

    ngx_game_image_size = ngx_max(len + len / 2, NGX_GAME_IMAGE_LEAST);
    ngx_game_image_buf = ngx_alloc(ngx_game_image_size, ngx_cycle->log);

    if (ngx_game_image_buf == NULL) {
        ngx_game_image_size = 0;
    }

    return ngx_game_image_buf;
}


void
ngx_game_image_trim(void)
{
    if (ngx_game_image_size > NGX_GAME_IMAGE_KEEP) {
        ngx_free(ngx_game_image_buf);

        ngx_game_image_buf = NULL;
        ngx_game_image_size = 0;
    }
}


static int
ngx_game_image_save(lua_State *L)
{
    int                    list, n, number;
    ngx_queue_t           *q;
    ngx_game_player_t     *player;
    ngx_game_image_ctx_t  *ctx;

    ctx = lua_touserdata(L, 1);

    ngx_game_codec_dump_begin(L);
    list = lua_gettop(L);

    ngx_game_lua_push_room(L, ctx->room);

    lua_getfield(L, -1, "version");
    lua_rawseti(L, list, NGX_GAME_IMAGE_VERSION);

    lua_getfield(L, -1, "state");
    lua_rawseti(L, list, NGX_GAME_IMAGE_STATE);

    lua_getfield(L, -1, "metadata");
    lua_rawseti(L, list, NGX_GAME_IMAGE_METADATA);

    n = NGX_GAME_IMAGE_DATA;
    number = 0;

    for (q = ngx_queue_head(&ctx->room->players);
         q != ngx_queue_sentinel(&ctx->room->players);
         q = ngx_queue_next(q))
    {
        player = ngx_queue_data(q, ngx_game_player_t, link);

        if (ngx_game_image_push_data(L, player)) {
            lua_pushnumber(L, (lua_Number) number);
            lua_rawseti(L, list, n++);
            lua_rawseti(L, list, n++);
        }

        number++;
    }

    ngx_game_codec_dump(L, &ctx->value);

    return 0;
}


/* nothing for a player that no script has seen, nor an empty table, which is
 * what a player has from the start */

static ngx_uint_t
ngx_game_image_push_data(lua_State *L, ngx_game_player_t *player)
{
    if (player->ref == LUA_NOREF) {
        return 0;
    }

    ngx_game_lua_push_player(L, player);
    lua_getfield(L, -1, "data");
    lua_remove(L, -2);

    if (!lua_istable(L, -1)) {
        return 1;
    }

    lua_pushnil(L);

    if (lua_next(L, -2)) {
        lua_pop(L, 2);
        return 1;
    }

    lua_pop(L, 1);

    return 0;
}


/* names what can't be saved */

static int
ngx_game_image_explain(lua_State *L)
{
    ngx_queue_t           *q;
    ngx_game_image_ctx_t  *ctx;

    ctx = lua_touserdata(L, 1);

    ngx_game_lua_push_room(L, ctx->room);
    lua_getfield(L, -1, "state");
    ngx_game_codec_dump_explain(L);

    for (q = ngx_queue_head(&ctx->room->players);
         q != ngx_queue_sentinel(&ctx->room->players);
         q = ngx_queue_next(q))
    {
        if (ngx_game_image_push_data(L, ngx_queue_data(q, ngx_game_player_t,
                                                       link)))
        {
            ngx_game_codec_dump_explain(L);
            lua_pop(L, 1);
        }
    }

    return luaL_error(L, "a value can't be saved");
}


static size_t
ngx_game_image_players_size(ngx_game_room_t *room)
{
    size_t              size;
    ngx_queue_t        *q;
    ngx_game_player_t  *player;

    size = 0;

    for (q = ngx_queue_head(&room->players);
         q != ngx_queue_sentinel(&room->players);
         q = ngx_queue_next(q))
    {
        player = ngx_queue_data(q, ngx_game_player_t, link);

        size += sizeof(ngx_game_image_player_t) + player->identity_len
                + player->address_len;

        if (ngx_game_player_resumable(player)) {
            size += sizeof(ngx_game_image_resume_t);
        }
    }

    return size;
}


static u_char *
ngx_game_image_pack_players(ngx_game_room_t *room, u_char *p)
{
    ngx_queue_t              *q;
    ngx_game_player_t        *player;
    ngx_game_image_player_t   image;

    for (q = ngx_queue_head(&room->players);
         q != ngx_queue_sentinel(&room->players);
         q = ngx_queue_next(q))
    {
        player = ngx_queue_data(q, ngx_game_player_t, link);

        ngx_memzero(&image, sizeof(ngx_game_image_player_t));

        image.id = player->id;
        image.gateway = player->gateway;
        image.rtt = player->rtt;
        image.codec = player->codec;
        image.away = player->away;
        image.dropping = player->dropping;
        image.dropped = player->dropped;
        image.resumable = ngx_game_player_resumable(player);
        image.identity_len = player->identity_len;
        image.address_len = player->address_len;

        p = ngx_cpymem(p, &image, sizeof(ngx_game_image_player_t));

        if (image.resumable) {
            p = ngx_game_image_pack_resume(player->resume, p);
        }

        p = ngx_cpymem(p, player->text,
                       player->identity_len + player->address_len);
    }

    return p;
}


static u_char *
ngx_game_image_pack_resume(const ngx_game_resume_t *resume, u_char *p)
{
    ngx_game_image_resume_t  image;

    ngx_memzero(&image, sizeof(ngx_game_image_resume_t));

    image.until = resume->until;
    image.sent = resume->sent;
    image.secret = resume->secret;
    image.former = resume->former;
    image.number = resume->number;
    image.why = resume->player->why;

    return ngx_cpymem(p, &image, sizeof(ngx_game_image_resume_t));
}


ngx_game_room_t *
ngx_game_image_unpack(ngx_str_t *image, const char **error)
{
    ngx_int_t                 rc;
    ngx_game_game_t          *game;
    ngx_game_room_t          *room;
    ngx_game_image_ctx_t      ctx;
    ngx_game_image_header_t   header;

    *error = "its image is broken";

    if (image->len < sizeof(ngx_game_image_header_t)) {
        return NULL;
    }

    ngx_memcpy(&header, image->data, sizeof(ngx_game_image_header_t));

    game = ngx_game_room_game(header.game);

    if (game == NULL) {
        *error = "the configuration has no such game";
        return NULL;
    }

    room = ngx_game_room_receive(game, header.room, header.term);

    if (room == NULL) {
        *error = "the room can't be made";
        return NULL;
    }

    room->locked = header.locked;
    room->tick_place = header.tick_place;
    room->drain = header.drain;
    room->resumable = header.resumable;
    room->position = header.position;

    ngx_memcpy(room->broadcasts, header.broadcasts,
               sizeof(header.broadcasts));

    room->alarms_last = header.alarms_last;

    if (ngx_game_image_unpack_parts(room, &header,
                                    image->data
                                    + sizeof(ngx_game_image_header_t),
                                    image->data + image->len, &ctx.value)
        != NGX_OK)
    {
        ngx_game_room_discard(room);
        return NULL;
    }

    ctx.room = room;
    ctx.version = LUA_NOREF;

    rc = ngx_game_script_protect(ngx_game_image_load, &ctx);

    if (rc != NGX_OK) {
        *error = "its state can't be loaded";

    } else {
        rc = ngx_game_handler_restore(room, ctx.version);
        *error = "on_restore failed";
    }

    luaL_unref(ngx_game_script_vm(), LUA_REGISTRYINDEX, ctx.version);

    if (rc != NGX_OK) {
        ngx_game_room_discard(room);
        return NULL;
    }

    ngx_game_image_seat_players(room);

    return room;
}


/* only now: on_restore can't send to anyone */

static void
ngx_game_image_seat_players(ngx_game_room_t *room)
{
    ngx_queue_t        *q;
    ngx_game_player_t  *player;

    for (q = ngx_queue_head(&room->players);
         q != ngx_queue_sentinel(&room->players);
         q = ngx_queue_next(q))
    {
        player = ngx_queue_data(q, ngx_game_player_t, link);
        player->seated = 1;
    }
}


/* the players and alarms; *value is what follows */

static ngx_int_t
ngx_game_image_unpack_parts(ngx_game_room_t *room,
    ngx_game_image_header_t *header, u_char *p, u_char *end, ngx_str_t *value)
{
    size_t    n;
    uint32_t  i;

    for (i = 0; i < header->players; i++) {
        p = ngx_game_image_unpack_player(room, p, end);

        if (p == NULL) {
            return NGX_ERROR;
        }
    }

    for (i = 0; i < header->alarms; i++) {
        n = ngx_game_alarm_unpack(room, p, end);

        if (n == 0) {
            return NGX_ERROR;
        }

        p += n;
    }

    if ((uint64_t) (end - p) != header->value) {
        return NGX_ERROR;
    }

    value->data = p;
    value->len = end - p;

    return NGX_OK;
}


uint32_t
ngx_game_image_layout(void)
{
    return (uint32_t) NGX_GAME_IMAGE_LAYOUT << 24
           | (sizeof(ngx_game_image_header_t) & 0xff) << 16
           | (sizeof(ngx_game_image_player_t) & 0xff) << 8
           | (sizeof(ngx_game_alarm_image_t) & 0xff);
}


ngx_int_t
ngx_game_image_revive(ngx_str_t *image, uint64_t room, uint64_t game,
    int64_t us, uint32_t *players)
{
    size_t                    n;
    u_char                   *p, *end;
    uint32_t                  i;
    ngx_game_image_header_t   header;
    ngx_game_image_player_t   player;

    if (image->len < sizeof(ngx_game_image_header_t)) {
        return NGX_ERROR;
    }

    ngx_memcpy(&header, image->data, sizeof(ngx_game_image_header_t));

    if (header.room != room || header.game != game) {
        return NGX_ERROR;
    }

    header.drain = 0;
    ngx_memcpy(image->data, &header, sizeof(ngx_game_image_header_t));

    p = image->data + sizeof(ngx_game_image_header_t);
    end = image->data + image->len;

    for (i = 0; i < header.players; i++) {

        if ((size_t) (end - p) < sizeof(ngx_game_image_player_t)) {
            return NGX_ERROR;
        }

        ngx_memcpy(&player, p, sizeof(ngx_game_image_player_t));

        n = ngx_game_image_player_size(&player);

        if ((size_t) (end - p) < n) {
            return NGX_ERROR;
        }

        /* all are to be lost anew, with as much time as any to come back */

        player.gateway = NGX_GAME_ZONE_NOBODY;
        player.away = 0;

        ngx_memcpy(p, &player, sizeof(ngx_game_image_player_t));
        p += n;
    }

    for (i = 0; i < header.alarms; i++) {
        n = ngx_game_alarm_shift(p, end, us);

        if (n == 0) {
            return NGX_ERROR;
        }

        p += n;
    }

    *players = header.players;

    return ((uint64_t) (end - p) == header.value) ? NGX_OK : NGX_ERROR;
}


/* with all that follows it */

static size_t
ngx_game_image_player_size(const ngx_game_image_player_t *player)
{
    return sizeof(ngx_game_image_player_t)
           + (player->resumable ? sizeof(ngx_game_image_resume_t) : 0)
           + player->identity_len + player->address_len;
}


/* the end of it, or NULL: broken, or no memory */

static u_char *
ngx_game_image_unpack_player(ngx_game_room_t *room, u_char *p, u_char *end)
{
    ngx_game_resume_t        *resume;
    ngx_game_player_t        *player;
    ngx_game_image_resume_t   saved;
    ngx_game_image_player_t   image;
    ngx_game_seat_request_t   request;

    if ((size_t) (end - p) < sizeof(ngx_game_image_player_t)) {
        return NULL;
    }

    ngx_memcpy(&image, p, sizeof(ngx_game_image_player_t));

    if ((size_t) (end - p) < ngx_game_image_player_size(&image)) {
        return NULL;
    }

    p += sizeof(ngx_game_image_player_t);

    ngx_memzero(&saved, sizeof(ngx_game_image_resume_t));

    if (image.resumable) {
        ngx_memcpy(&saved, p, sizeof(ngx_game_image_resume_t));
        p += sizeof(ngx_game_image_resume_t);
    }

    if (image.codec > NGX_GAME_RAW
        || saved.why > NGX_GAME_CLOSED
        || (image.away && !image.resumable))
    {
        return NULL;
    }

    ngx_memzero(&request, sizeof(ngx_game_seat_request_t));

    request.player = image.id;
    request.gateway = image.gateway;
    request.codec = image.codec;
    request.secret = saved.secret;
    request.number = saved.number;
    request.identity.data = p;
    request.identity.len = image.identity_len;
    request.address.data = p + image.identity_len;
    request.address.len = image.address_len;

    player = ngx_game_player_create(&request);
    if (player == NULL) {
        return NULL;
    }

    ngx_game_player_drop_ticket(player);

    if (image.resumable) {
        resume = ngx_game_player_resume(player);

        if (resume == NULL) {
            ngx_game_player_destroy(player);
            return NULL;
        }

        resume->former = saved.former;
        resume->until = saved.until;
        resume->sent = saved.sent;
    }

    player->room = room;
    player->rtt = image.rtt;
    player->joined = 1;
    player->why = saved.why;
    player->away = image.away;
    player->dropping = image.dropping;
    player->dropped = image.dropped;

    room->count++;
    room->seats++;
    room->away += player->away;
    room->away_codecs[player->codec] += player->away;
    room->dropping += player->dropping;
    ngx_queue_insert_tail(&room->players, &player->link);

    return p + image.identity_len + image.address_len;
}


static int
ngx_game_image_load(lua_State *L)
{
    int                    list, room, n, number;
    ngx_queue_t           *q;
    ngx_game_image_ctx_t  *ctx;

    ctx = lua_touserdata(L, 1);

    ngx_game_codec_undump(L, &ctx->value);
    list = lua_gettop(L);

    if (!lua_istable(L, list)) {
        return luaL_error(L, "the values of an image are no list");
    }

    ngx_game_lua_push_room(L, ctx->room);
    room = lua_gettop(L);

    lua_rawgeti(L, list, NGX_GAME_IMAGE_VERSION);
    ctx->version = luaL_ref(L, LUA_REGISTRYINDEX);

    lua_rawgeti(L, list, NGX_GAME_IMAGE_STATE);
    ngx_game_image_set_field(L, room, "state");

    lua_rawgeti(L, list, NGX_GAME_IMAGE_METADATA);
    ngx_game_image_set_field(L, room, "metadata");

    n = NGX_GAME_IMAGE_DATA;
    number = 0;

    for (q = ngx_queue_head(&ctx->room->players);
         q != ngx_queue_sentinel(&ctx->room->players);
         q = ngx_queue_next(q))
    {
        lua_rawgeti(L, list, n);

        if (lua_isnumber(L, -1) && lua_tonumber(L, -1) == number) {
            ngx_game_lua_push_player(L, ngx_queue_data(q, ngx_game_player_t,
                                                       link));
            lua_rawgeti(L, list, n + 1);
            ngx_game_image_set_field(L, lua_gettop(L) - 1, "data");

            n += 2;
        }

        lua_settop(L, room);
        number++;
    }

    return 0;
}


/* the value on top of the stack, that is popped, becomes a field */

static void
ngx_game_image_set_field(lua_State *L, int table, const char *name)
{
    lua_pushstring(L, name);
    lua_insert(L, -2);
    lua_rawset(L, table);
}
