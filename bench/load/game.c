
/*
 * Copyright (C) ngx_game authors
 *
 * game: players of the platformer, each with --rate inputs a second that are
 * spread evenly over time, as are those of all.  They always move, so that
 * there is an update in each tick.
 */


#define _GNU_SOURCE

#include "colyseus.h"
#include "run.h"
#include "workloads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define LOAD_GAME_INPUTS  3
#define LOAD_GAME_TEXT    96     /* bytes of a message, at most */


typedef struct {
    uint64_t    last;          /* when an update came */
    unsigned    checked:1;     /* that it has all players of the room */
} load_player_t;


static int load_game_run(const load_options_t *o);
static int load_game_init(load_run_t *run);
static void load_game_begin(load_run_t *run);
static size_t load_game_newplayer(const load_run_t *run, char *dst,
    const char *name, const char *color);
static void load_game_due(load_run_t *run, uint64_t k, uint64_t at);
static void load_game_message(load_client_t *c, const unsigned char *data,
    size_t len);
static int load_game_is_update(const unsigned char *data, size_t len);
static void load_game_check(load_client_t *c, const unsigned char *data,
    size_t len);


const load_workload_t  load_game = {
    .name = "game",
    .defaults = {
        .name = "", .path = "/game", .protocol = "plain", .numbered = 1,
        .clients = 100, .room_size = 10, .rate = 10, .tick = 60, .warmup = 1,
        .seconds = 5, .seed = 1,
    },
    .run = load_game_run,
};


static const load_traffic_t  load_game_plain = {
    .state_size = sizeof(load_player_t),
    .init = load_game_init,
    .begin = load_game_begin,
    .due = load_game_due,
    .message = load_game_message,
};


static const load_traffic_t  load_game_colyseus = {
    .state_size = sizeof(load_player_t),
    .init = load_game_init,
    .path = load_colyseus_path,
    .begin = load_game_begin,
    .due = load_game_due,
    .message = load_game_message,
};


static const char *const  load_game_names[] = { "left", "right", "jump" };


/* what is sent, made once */

static struct {
    char      data[LOAD_GAME_TEXT];
    size_t    len;
} load_game_inputs[LOAD_GAME_INPUTS];


static int
load_game_run(const load_options_t *o)
{
    if (strcmp(o->protocol, "plain") == 0) {
        return load_run_once(o, &load_game_plain);
    }

    if (strcmp(o->protocol, "colyseus") == 0) {
        return load_run_once(o, &load_game_colyseus);
    }

    fprintf(stderr, "load: the protocol can be plain or colyseus\n");

    return -1;
}


static int
load_game_init(load_run_t *run)
{
    char      *data;
    unsigned   i;

    run->schedule = run->options->rate * run->options->clients;

    for (i = 0; i < LOAD_GAME_INPUTS; i++) {
        data = load_game_inputs[i].data;

        if (run->traffic == &load_game_colyseus) {
            load_game_inputs[i].len =
                load_colyseus_message(data, load_game_names[i], 0, NULL, NULL);

        } else {
            load_game_inputs[i].len = snprintf(data, LOAD_GAME_TEXT,
                                               "{\"cmd\":\"%s\"}",
                                               load_game_names[i]);
        }
    }

    return 0;
}


static void
load_game_begin(load_run_t *run)
{
    long    i;
    size_t  len;
    char    text[LOAD_GAME_TEXT], name[16], color[8];

    for (i = 0; i < run->options->clients; i++) {
        snprintf(name, sizeof(name), "p%u", (unsigned) i);
        snprintf(color, sizeof(color), "#%06x",
                 (unsigned) random() & 0xffffff);

        len = load_game_newplayer(run, text, name, color);
        load_client_send(&run->clients[i], text, len);
    }
}


static size_t
load_game_newplayer(const load_run_t *run, char *dst, const char *name,
    const char *color)
{
    const char                *values[2] = { name, color };
    static const char *const   names[2] = { "name", "color" };

    if (run->traffic == &load_game_colyseus) {
        return load_colyseus_message(dst, "newplayer", 2, names, values);
    }

    return snprintf(dst, LOAD_GAME_TEXT, "{\"cmd\":\"newplayer\","
                    "\"name\":\"%s\",\"color\":\"%s\"}", name, color);
}


static void
load_game_due(load_run_t *run, uint64_t k, uint64_t at)
{
    unsigned        i;
    load_client_t  *c;

    (void) at;

    c = &run->clients[k % run->options->clients];
    i = random() % LOAD_GAME_INPUTS;

    load_client_send(c, load_game_inputs[i].data, load_game_inputs[i].len);
    load_run_sent(run, 0);
}


static void
load_game_message(load_client_t *c, const unsigned char *data, size_t len)
{
    load_run_t     *run;
    load_player_t  *player;

    run = load_run_of(c);
    player = load_run_state(c);

    if (run->traffic == &load_game_colyseus
        && load_colyseus_joined(c, data, len))
    {
        return;
    }

    if (!load_game_is_update(data, len)) {
        load_run_error(run, "client %u: this is no update: %.*s", c->index,
                       (int) (len < 80 ? len : 80), (const char *) data);
        return;
    }

    if (run->measuring && !player->checked) {
        load_game_check(c, data, len);
    }

    load_run_updated(run, len, player->last);
    player->last = run->net.now;
}


/* fields may come in any order: the type is at the beginning or at the end */

static int
load_game_is_update(const unsigned char *data, size_t len)
{
    size_t                i, part;
    const unsigned char  *places[2];

    static const char *const  types[] = {
        "updatePosition", "newPlayer", "playerLeft"
    };

    part = (len < 40) ? len : 40;
    places[0] = data;
    places[1] = data + len - part;

    for (i = 0; i < 6; i++) {
        if (memmem(places[i % 2], part, types[i / 2], strlen(types[i / 2]))) {
            return 1;
        }
    }

    return 0;
}


/* all servers do the same work: each update has all players of a room */

static void
load_game_check(load_client_t *c, const unsigned char *data, size_t len)
{
    long                  n;
    load_run_t           *run;
    load_player_t        *player;
    const unsigned char  *p, *end;

    run = load_run_of(c);
    player = load_run_state(c);
    player->checked = 1;

    p = data;
    end = data + len;

    for (n = 0; /* void */ ; n++) {
        p = memmem(p, end - p, "isJumping", 9);

        if (p == NULL) {
            break;
        }

        p += 9;
    }

    if (n != run->options->room_size) {
        load_run_error(run, "client %u: an update has %ld players and the room"
                       " %ld", c->index, n, run->options->room_size);
    }
}
