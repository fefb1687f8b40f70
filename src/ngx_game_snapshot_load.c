
/*
 * Copyright (C) ngx_game authors
 *
 * All of a file is read and checked before any of it is used.  If the process
 * is killed half way the next one begins anew, and passes by what is there.
 */


#include "ngx_game_snapshot_load.h"
#include "ngx_game_clock.h"
#include "ngx_game_image.h"
#include "ngx_game_registry.h"
#include "ngx_game_room.h"
#include "ngx_game_zone.h"


static ngx_int_t ngx_game_snapshot_load_rooms(ngx_game_snapshot_conf_t *conf,
    ngx_str_t *data, int64_t shift);
static ngx_int_t ngx_game_snapshot_load_room(ngx_game_snapshot_room_t *room,
    int64_t shift);
static int64_t ngx_game_snapshot_load_shift(
    ngx_game_snapshot_header_t *header, ngx_game_snapshot_header_t *self);
static void ngx_game_snapshot_load_aside(ngx_str_t *from, ngx_str_t *to);


/* a file can't be renamed: it would be loaded again and again */
static ngx_uint_t  ngx_game_snapshot_load_stuck;


ngx_int_t
ngx_game_snapshot_load(ngx_game_snapshot_conf_t *conf,
    ngx_game_snapshot_header_t *self, ngx_msec_t patience)
{
    ngx_fd_t                     fd;
    ngx_int_t                    rc;
    ngx_game_snapshot_error_t    error;
    ngx_game_snapshot_header_t   header;

    rc = ngx_game_snapshot_file_peek(conf, &header, &error);

    if (rc == NGX_DECLINED
        || (rc == NGX_OK && !ngx_game_snapshot_file_waits(&header, self)))
    {
        return NGX_DECLINED;
    }

    fd = ngx_game_snapshot_file_lock(conf, patience, &error);

    if (fd == -1) {

        if (patience) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, error.err,
                          "snapshot \"%V\" is not loaded: %s", &conf->path,
                          error.text);
        }

        return NGX_DECLINED;
    }

    rc = ngx_game_snapshot_load_locked(conf, self);

    (void) close(fd);

    return rc;
}


/* another process may have loaded it meanwhile */

ngx_int_t
ngx_game_snapshot_load_locked(ngx_game_snapshot_conf_t *conf,
    ngx_game_snapshot_header_t *self)
{
    ngx_int_t                    rc;
    ngx_str_t                    data;
    ngx_game_snapshot_error_t    error;
    ngx_game_snapshot_header_t   header;

    if (ngx_game_snapshot_load_stuck) {
        return NGX_DECLINED;
    }

    rc = ngx_game_snapshot_file_peek(conf, &header, &error);

    if (rc == NGX_OK) {

        if (!ngx_game_snapshot_file_waits(&header, self)) {
            return NGX_DECLINED;
        }

        rc = ngx_game_snapshot_file_read(conf, &header, &data, &error);
    }

    if (rc == NGX_OK) {
        rc = ngx_game_snapshot_load_rooms(conf, &data,
                                          ngx_game_snapshot_load_shift(&header,
                                                                       self));
        ngx_free(data.data);

        ngx_game_snapshot_load_aside(&conf->path, &conf->old);

        return rc;
    }

    if (rc == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, error.err,
                      "snapshot \"%V\" is not loaded: %s, it is kept as "
                      "\"%V\"", &conf->path, error.text, &conf->bad);

        ngx_game_snapshot_load_aside(&conf->path, &conf->bad);
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_game_snapshot_load_rooms(ngx_game_snapshot_conf_t *conf, ngx_str_t *data,
    int64_t shift)
{
    ngx_int_t                  rc;
    ngx_str_t                  left;
    ngx_uint_t                 loaded, lost, level;
    ngx_game_snapshot_room_t   room;

    loaded = 0;
    lost = 0;
    left = *data;

    while ((rc = ngx_game_snapshot_file_next(&left, &room)) == NGX_OK) {

        if (ngx_game_snapshot_load_room(&room, shift) == NGX_OK) {
            loaded++;

        } else {
            lost++;
        }
    }

    if (rc == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "snapshot \"%V\" has a broken room behind %ui others",
                      &conf->path, loaded + lost);
    }

    level = lost ? NGX_LOG_WARN : NGX_LOG_NOTICE;

    ngx_log_error(level, ngx_cycle->log, 0,
                  "%ui rooms of snapshot \"%V\" are loaded, %ui are not; it "
                  "is kept as \"%V\"",
                  loaded, &conf->path, lost, &conf->old);

    return (ngx_int_t) loaded;
}


/* NGX_DECLINED: it can't go on, which is logged */

static ngx_int_t
ngx_game_snapshot_load_room(ngx_game_snapshot_room_t *room, int64_t shift)
{
    const char       *error;
    ngx_game_game_t  *game;

    game = ngx_game_room_game(room->hash);

    if (game == NULL) {
        error = "the configuration has no such game";

    } else if (ngx_game_image_revive(&room->image, room->info.id, room->hash,
                                     shift, &room->info.players)
               != NGX_OK)
    {
        error = "its image is broken";

    } else {

        switch (ngx_game_registry_restore(game, &room->info, &room->image)) {

        case NGX_OK:
            return NGX_OK;

        case NGX_BUSY:
            error = "it is there already";
            break;

        default:
            error = "there is no place in \"game_zone\"";
        }
    }

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "room %V of game \"%V\" is not loaded: %s",
                  ngx_game_id_text(room->info.id), &room->game, error);

    return NGX_DECLINED;
}


/* the clock goes on until the machine is started anew */

static int64_t
ngx_game_snapshot_load_shift(ngx_game_snapshot_header_t *header,
    ngx_game_snapshot_header_t *self)
{
    struct timespec  ts;

    if (ngx_memcmp(header->boot, self->boot, sizeof(self->boot)) == 0) {
        return 0;
    }

    (void) clock_gettime(CLOCK_REALTIME, &ts);

    return (int64_t) (ngx_game_clock_now() - header->clock)
           - ((int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000
              - (int64_t) header->time);
}


static void
ngx_game_snapshot_load_aside(ngx_str_t *from, ngx_str_t *to)
{
    if (rename((char *) from->data, (char *) to->data) == -1) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, ngx_errno,
                      "snapshot \"%V\" can't be renamed to \"%V\"", from, to);

        ngx_game_snapshot_load_stuck = 1;
    }
}
