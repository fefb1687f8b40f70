
/*
 * Copyright (C) ngx_game authors
 *
 * game: players of the platformer, each with --rate inputs a second that are
 * spread evenly over time, as are those of all.  They always move, so that
 * there is an update in each tick.
 */


#define _GNU_SOURCE

#include "run.h"
#include "workloads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>


typedef struct {
    uint64_t    last;          /* when an update came */
    unsigned    checked:1;     /* that it has all players of the room */
} load_player_t;


static int load_game_run(const load_options_t *o);
static int load_game_init(load_run_t *run);
static void load_game_begin(load_run_t *run);
static void load_game_due(load_run_t *run, uint64_t k, uint64_t at);
static void load_game_message(load_client_t *c, const unsigned char *data,
    size_t len);
static int load_game_is_update(const unsigned char *data, size_t len);
static void load_game_check(load_client_t *c, const unsigned char *data,
    size_t len);


const load_workload_t  load_game = {
    .name = "game",
    .defaults = {
        .name = "", .path = "/game", .numbered = 1, .clients = 100,
        .room_size = 10, .rate = 10, .tick = 60, .warmup = 1, .seconds = 5,
        .seed = 1,
    },
    .run = load_game_run,
};


static const load_traffic_t  load_game_traffic = {
    .state_size = sizeof(load_player_t),
    .init = load_game_init,
    .begin = load_game_begin,
    .due = load_game_due,
    .message = load_game_message,
};


static const char *const  load_game_inputs[] = {
    "{\"cmd\":\"left\"}",
    "{\"cmd\":\"right\"}",
    "{\"cmd\":\"jump\"}",
};


static int
load_game_run(const load_options_t *o)
{
    return load_run_once(o, &load_game_traffic);
}


static int
load_game_init(load_run_t *run)
{
    run->schedule = run->options->rate * run->options->clients;

    return 0;
}


static void
load_game_begin(load_run_t *run)
{
    int   len;
    long  i;
    char  text[80];

    for (i = 0; i < run->options->clients; i++) {
        len = snprintf(text, sizeof(text), "{\"cmd\":\"newplayer\","
                       "\"name\":\"p%ld\",\"color\":\"#%06lx\"}", i,
                       random() & 0xffffff);

        load_client_text(&run->clients[i], text, len);
    }
}


static void
load_game_due(load_run_t *run, uint64_t k, uint64_t at)
{
    const char     *text;
    load_client_t  *c;

    (void) at;

    c = &run->clients[k % run->options->clients];
    text = load_game_inputs[random() % 3];

    load_client_text(c, text, strlen(text));
    load_run_sent(run, 0);
}


static void
load_game_message(load_client_t *c, const unsigned char *data, size_t len)
{
    load_run_t     *run;
    load_player_t  *player;

    run = load_run_of(c);
    player = load_run_state(c);

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
        "\"updatePosition\"", "\"newPlayer\"", "\"playerLeft\""
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
        p = memmem(p, end - p, "\"isJumping\"", 11);

        if (p == NULL) {
            break;
        }

        p += 11;
    }

    if (n != run->options->room_size) {
        load_run_error(run, "client %u: an update has %ld players and the room"
                       " %ld", c->index, n, run->options->room_size);
    }
}
