
/*
 * Copyright (C) ngx_game authors
 *
 * All live workers see a death at about the same time, and each takes the
 * rooms whose hash is its own; what is left after a while is taken by anyone.
 * The registry lets one have it.
 */


#include "ngx_game_adopt.h"
#include "ngx_game_handover.h"
#include "ngx_game_image.h"
#include "ngx_game_lua.h"
#include "ngx_game_registry.h"
#include "ngx_game_room.h"
#include "ngx_game_vm.h"
#include "ngx_game_zone.h"


/* what others did not take is taken after, ms */
#define NGX_GAME_ADOPT_AGAIN   100

/* a room that was running in so many deaths within so many seconds is not
 * taken over any more */
#define NGX_GAME_ADOPT_DEATHS  2
#define NGX_GAME_ADOPT_MINUTE  60


typedef struct {
    ngx_event_t                again;
    ngx_connection_t           dummy;
    ngx_uint_t                 rank;          /* of this worker ... */
    ngx_uint_t                 n;             /* ... among so many */
    unsigned                   begun:1;
} ngx_game_adopt_t;


static void ngx_game_adopt_again(ngx_event_t *ev);
static void ngx_game_adopt_rank(void);
static ngx_uint_t ngx_game_adopt_mine(uint64_t room);
static void ngx_game_adopt_all(uint64_t epoch, ngx_uint_t (*mine)(uint64_t));
static ngx_uint_t ngx_game_adopt_poisoned(ngx_game_claim_t *claim);
static void ngx_game_adopt_room(ngx_game_claim_t *claim);


static ngx_game_adopt_t  ngx_game_adopt;


void
ngx_game_adopt_init(ngx_cycle_t *cycle)
{
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    ngx_game_adopt.dummy.fd = (ngx_socket_t) -1;

    /* not all workers may be there yet: their numbers tell the shares */

    ngx_game_adopt.rank = ngx_worker;
    ngx_game_adopt.n = ccf->master ? (ngx_uint_t) ccf->worker_processes : 1;
    ngx_game_adopt.begun = 0;

    ngx_game_adopt.again.handler = ngx_game_adopt_again;
    ngx_game_adopt.again.data = &ngx_game_adopt.dummy;
    ngx_game_adopt.again.log = cycle->log;
    ngx_game_adopt.again.cancelable = 1;

    /* the first turn of the loop, before anyone joins */

    ngx_add_timer(&ngx_game_adopt.again, 0);
}


void
ngx_game_adopt_done(void)
{
    if (ngx_game_adopt.again.timer_set) {
        ngx_del_timer(&ngx_game_adopt.again);
    }
}


void
ngx_game_adopt_lost(uint64_t epoch)
{
    ngx_game_adopt_rank();

    if (ngx_game_adopt.n) {
        ngx_game_adopt_all(epoch, ngx_game_adopt_mine);
    }

    ngx_add_timer(&ngx_game_adopt.again, NGX_GAME_ADOPT_AGAIN);
}


void
ngx_game_adopt_share(void)
{
    ngx_game_adopt_lost(0);
}


static void
ngx_game_adopt_again(ngx_event_t *ev)
{
    if (!ngx_game_adopt.begun) {
        ngx_game_adopt.begun = 1;
        ngx_game_adopt_all(0, ngx_game_adopt_mine);

        ngx_add_timer(ev, NGX_GAME_ADOPT_AGAIN);
        return;
    }

    ngx_game_adopt_all(0, NULL);
}


/* n is 0 if this worker takes no rooms, since it exits and others do not */

static void
ngx_game_adopt_rank(void)
{
    ngx_uint_t              i, n;
    ngx_game_worker_info_t  info[NGX_GAME_MAX_SLOTS];

    n = ngx_game_zone_workers(info, NGX_GAME_MAX_SLOTS);

    ngx_game_adopt.n = 0;
    ngx_game_adopt.rank = 0;

    if (ngx_game_worker.exiting) {
        return;
    }

    for (i = 0; i < n; i++) {

        if (info[i].epoch == ngx_game_worker.epoch) {
            ngx_game_adopt.rank = ngx_game_adopt.n;
        }

        ngx_game_adopt.n += !info[i].exiting;
    }
}


static ngx_uint_t
ngx_game_adopt_mine(uint64_t room)
{
    uint64_t  hash;

    hash = (room * 0x9e3779b97f4a7c15ULL) >> 32;

    return (hash * ngx_game_adopt.n >> 32) == ngx_game_adopt.rank;
}


/* epoch 0: of all that are dead */

static void
ngx_game_adopt_all(uint64_t epoch, ngx_uint_t (*mine)(uint64_t room))
{
    ngx_uint_t        cursor;
    ngx_game_claim_t  claim;

    if (epoch == 0) {

        /* what they had sent comes before their rooms go on here */

        ngx_game_zone_look();
    }

    cursor = 0;

    while (ngx_game_registry_claim(epoch, mine, &cursor, &claim) == NGX_OK) {

        if (ngx_game_adopt_poisoned(&claim)) {
            ngx_game_registry_close(claim.room);

        } else {
            ngx_game_adopt_room(&claim);
        }
    }
}


/* only the room that its worker was at is to blame */

static ngx_uint_t
ngx_game_adopt_poisoned(ngx_game_claim_t *claim)
{
    ngx_uint_t          deaths;
    ngx_game_doing_t    doing;
    ngx_game_game_t    *game;

    static ngx_str_t  unknown = ngx_string("unknown");

    if (ngx_game_zone_doing(claim->owner, &doing) != NGX_OK
        || doing.room != claim->room)
    {
        return 0;
    }

    ngx_game_vm_printable(doing.message, doing.len);

    deaths = ngx_game_registry_blame(claim->room, NGX_GAME_ADOPT_MINUTE);
    game = ngx_game_room_game(claim->game);

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "a worker died in %s of room %V of game \"%V\" (%V), "
                  "player %V, message \"%*s\"%s",
                  doing.handler < NGX_GAME_HANDLERS
                  ? ngx_game_lua_handlers[doing.handler] : "a timer",
                  ngx_game_id_text(claim->room),
                  game ? &game->name : &unknown,
                  game ? &game->script : &unknown,
                  ngx_game_id_text(doing.player), (size_t) doing.len,
                  doing.message,
                  deaths < NGX_GAME_ADOPT_DEATHS ? ""
                  : ": the second time within a minute, it is closed");

    return deaths >= NGX_GAME_ADOPT_DEATHS;
}


static void
ngx_game_adopt_room(ngx_game_claim_t *claim)
{
    const char       *error;
    ngx_game_room_t  *room;

    room = ngx_game_image_unpack(&claim->image, &error);

    if (room && ngx_game_handover_adopt(room, claim->term) == NGX_OK) {
        return;
    }

    if (room) {
        ngx_game_room_discard(room);
        error = "no memory";
    }

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "room %V of a dead worker can't go on: %s",
                  ngx_game_id_text(claim->room), error);

    ngx_game_registry_close(claim->room);
}
