
/*
 * Copyright (C) ngx_game authors
 *
 * /game: the platformer of examples/platformer in C, in rooms of ten at 60
 * ticks a second.  The state of a room is encoded once a tick, and sent to
 * each player in one send.  Missed ticks are made up for, up to 5 at once, and
 * what they tell goes in one send, too.
 */


#include "body.h"
#include "frame.h"
#include "json.h"
#include "room.h"
#include "services.h"
#include "ticker.h"

#include <stdlib.h>
#include <string.h>


#define FLOOR_GAME_HZ      60
#define FLOOR_GAME_TICKS   5       /* at once, at most */
#define FLOOR_GAME_SEATS   10
#define FLOOR_GAME_ID      13      /* characters, as ids of ngx_game */
#define FLOOR_GAME_NAME    64      /* bytes at most */
#define FLOOR_GAME_COLOR   16

/* bytes of an update at most: the texts, and of each player its own */
#define FLOOR_GAME_UPDATE  (128 + FLOOR_GAME_SEATS                            \
                                  * (160 + FLOOR_GAME_ID + FLOOR_GAME_NAME    \
                                     + FLOOR_GAME_COLOR                       \
                                     + 4 * FLOOR_JSON_NUMBER))


typedef struct {
    char             id[FLOOR_GAME_ID];
    char             name[FLOOR_GAME_NAME];
    char             color[FLOOR_GAME_COLOR];
    unsigned         name_len;
    unsigned         color_len;
    unsigned         entered:1;    /* newplayer was said */
    floor_body_t     body;
} floor_player_t;


typedef struct {
    floor_room_t    *room;
    floor_tick_t     tick;
    unsigned         came:1;       /* since the last update: someone came, */
    unsigned         left:1;       /* or left */
} floor_game_t;


static int floor_game_init(void);
static int floor_game_join(floor_conn_t *c, long number);
static floor_room_t *floor_game_room(long number);
static void floor_game_id(char *dst);
static void floor_game_message(floor_conn_t *c, unsigned opcode,
    unsigned char *data, size_t len);
static void floor_game_enter(floor_conn_t *c, const char *json, size_t len);
static unsigned floor_game_text(char *dst, size_t size, const char *json,
    size_t len, const char *field);
static void floor_game_leave(floor_conn_t *c);
static void floor_game_tick(void *data, unsigned ticks);
static const char *floor_game_step(floor_game_t *game);
static size_t floor_game_update(unsigned char *dst, floor_game_t *game,
    const char *type);
static char *floor_game_player(char *p, const floor_player_t *player);
static char *floor_game_copy(char *dst, const char *text);


const floor_service_t  floor_game = {
    .path = "/game",
    .init = floor_game_init,
    .join = floor_game_join,
    .message = floor_game_message,
    .leave = floor_game_leave,
};


static floor_rooms_t   floor_game_rooms = { .seats = FLOOR_GAME_SEATS };
static floor_ticker_t  floor_game_ticker;


static int
floor_game_init(void)
{
    return floor_ticker_init(&floor_game_ticker, FLOOR_GAME_HZ,
                             floor_game_tick);
}


static int
floor_game_join(floor_conn_t *c, long number)
{
    floor_game_t    *game;
    floor_room_t    *room;
    floor_player_t  *player;

    room = floor_game_room(number);
    player = calloc(1, sizeof(floor_player_t));

    if (room == NULL || player == NULL || floor_room_enter(room, c) != 0) {
        free(player);
        return -1;
    }

    floor_game_id(player->id);
    c->data = player;

    if (room->count == 1) {
        game = room->data;
        game->left = 0;
        floor_ticker_add(&floor_game_ticker, &game->tick, room->number);
    }

    return 0;
}


static floor_room_t *
floor_game_room(long number)
{
    floor_game_t  *game;
    floor_room_t  *room;

    room = floor_room_find(&floor_game_rooms, number);

    if (room == NULL || room->data) {
        return room;
    }

    game = calloc(1, sizeof(floor_game_t));

    if (game == NULL) {
        return NULL;
    }

    game->room = room;
    game->tick.data = game;
    room->data = game;

    return room;
}


static void
floor_game_id(char *dst)
{
    unsigned         i, n;
    static unsigned  count;

    n = count++;

    for (i = FLOOR_GAME_ID; i > 0; i--) {
        dst[i - 1] = '0' + n % 10;
        n /= 10;
    }
}


static void
floor_game_message(floor_conn_t *c, unsigned opcode, unsigned char *data,
    size_t len)
{
    long             n;
    const char      *json, *cmd;
    floor_player_t  *player;

    (void) opcode;

    player = c->data;
    json = (char *) data;
    n = floor_json_field(json, len, "cmd", &cmd);

    if (n == 9 && memcmp(cmd, "newplayer", 9) == 0) {
        floor_game_enter(c, json, len);

    } else if (n == 4 && memcmp(cmd, "left", 4) == 0) {
        player->body.move = -1;

    } else if (n == 5 && memcmp(cmd, "right", 5) == 0) {
        player->body.move = 1;

    } else if (n == 4 && memcmp(cmd, "jump", 4) == 0) {
        player->body.jump = 1;
    }
}


static void
floor_game_enter(floor_conn_t *c, const char *json, size_t len)
{
    floor_game_t    *game;
    floor_player_t  *player;

    game = c->room->data;
    player = c->data;

    player->name_len = floor_game_text(player->name, FLOOR_GAME_NAME, json,
                                       len, "name");
    player->color_len = floor_game_text(player->color, FLOOR_GAME_COLOR, json,
                                        len, "color");

    if (!player->entered) {
        player->entered = 1;
        floor_body_init(&player->body);
    }

    game->came = 1;
}


static unsigned
floor_game_text(char *dst, size_t size, const char *json, size_t len,
    const char *field)
{
    long         n;
    const char  *text;

    n = floor_json_field(json, len, field, &text);

    if (n < 0 || n > (long) size) {
        return 0;
    }

    memcpy(dst, text, n);

    return n;
}


static void
floor_game_leave(floor_conn_t *c)
{
    floor_game_t    *game;
    floor_player_t  *player;

    game = c->room->data;
    player = c->data;

    floor_room_leave(c);

    game->left |= player->entered;
    free(player);

    if (c->room->count == 0) {
        floor_ticker_remove(&floor_game_ticker, &game->tick);
    }
}


static void
floor_game_tick(void *data, unsigned ticks)
{
    size_t          size;
    const char     *type;
    floor_game_t   *game;
    unsigned char   frames[FLOOR_GAME_TICKS
                           * (FLOOR_FRAME_HEADER + FLOOR_GAME_UPDATE)];

    game = data;
    size = 0;

    if (ticks > FLOOR_GAME_TICKS) {
        ticks = FLOOR_GAME_TICKS;
    }

    while (ticks--) {
        type = floor_game_step(game);

        if (type) {
            size += floor_game_update(frames + size, game, type);
        }
    }

    if (size) {
        floor_room_send(game->room, frames, size);
    }
}


/* at most one update a tick is to be told, none if nothing has changed */

static const char *
floor_game_step(floor_game_t *game)
{
    int              moved;
    unsigned         i;
    floor_player_t  *player;

    moved = 0;

    for (i = 0; i < game->room->count; i++) {
        player = game->room->members[i]->data;

        if (player->entered) {
            moved |= floor_body_step(&player->body);
        }
    }

    if (game->left) {
        game->left = 0;
        return "playerLeft";
    }

    if (game->came) {
        game->came = 0;
        return "newPlayer";
    }

    return moved ? "updatePosition" : NULL;
}


/* the size of the frame at dst */

static size_t
floor_game_update(unsigned char *dst, floor_game_t *game, const char *type)
{
    char            *p, *json;
    size_t           len, header;
    unsigned         i;
    floor_player_t  *player;

    /* the text moves to the end of its header, which has a size of its own */

    json = (char *) dst + FLOOR_FRAME_HEADER;

    p = floor_game_copy(json, "{\"type\":\"");
    p = floor_game_copy(p, type);
    p = floor_game_copy(p, "\",\"data\":{\"players\":{");

    for (i = 0; i < game->room->count; i++) {
        player = game->room->members[i]->data;

        if (player->entered) {
            p = floor_game_player(p, player);
            *p++ = ',';
        }
    }

    p -= (p[-1] == ',');
    p = floor_game_copy(p, "}}}");

    len = p - json;
    header = floor_frame_header(dst, FLOOR_FRAME_TEXT, len);
    memmove(dst + header, json, len);

    return header + len;
}


static char *
floor_game_player(char *p, const floor_player_t *player)
{
    const floor_body_t  *body;

    body = &player->body;

    *p++ = '"';
    memcpy(p, player->id, FLOOR_GAME_ID);
    p += FLOOR_GAME_ID;

    p = floor_game_copy(p, "\":{\"x\":");
    p = floor_json_number(p, body->x);
    p = floor_game_copy(p, ",\"y\":");
    p = floor_json_number(p, body->y);

    p = floor_game_copy(p, ",\"color\":\"");
    memcpy(p, player->color, player->color_len);
    p += player->color_len;
    p = floor_game_copy(p, "\",\"name\":\"");
    memcpy(p, player->name, player->name_len);
    p += player->name_len;

    p = floor_game_copy(p, "\",\"velocityX\":");
    p = floor_json_number(p, body->velocity_x);
    p = floor_game_copy(p, ",\"velocityY\":");
    p = floor_json_number(p, body->velocity_y);
    p = floor_game_copy(p, ",\"isJumping\":");

    return floor_game_copy(p, body->is_jumping ? "true}" : "false}");
}


static char *
floor_game_copy(char *dst, const char *text)
{
    size_t  len;

    len = strlen(text);
    memcpy(dst, text, len);

    return dst + len;
}
