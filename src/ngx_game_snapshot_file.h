
/*
 * Copyright (C) ngx_game authors
 *
 * The snapshot's file: a header and a record for each room, with the image
 * that the room has in the zone.  It is written beside its place and renamed,
 * so that it is whole or not there.  Nothing here logs or uses what belongs to
 * the event loop: all of it may run in a thread.
 *
 * A file is `final` if its writers have ended, so that its rooms wait for
 * whoever finds them.  The others are written in passing, and count only if
 * the nginx that wrote them is not there any more.
 */


#ifndef _NGX_GAME_SNAPSHOT_FILE_H_INCLUDED_
#define _NGX_GAME_SNAPSHOT_FILE_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_registry.h"


/* bytes of the kernel's name for the time since it was booted */
#define NGX_GAME_SNAPSHOT_BOOT  36


/* magic and layout stay where they are in all versions */
typedef struct {
    u_char                     magic[8];
    uint32_t                   layout;
    uint32_t                   images;        /* ngx_game_image_layout() */
    uint64_t                   instance;      /* of the writer's zone */
    u_char                     boot[NGX_GAME_SNAPSHOT_BOOT];
    uint32_t                   master;        /* process id */
    uint64_t                   started;       /* when it was, see proc(5) */
    uint64_t                   time;          /* us, since 1970 */
    uint64_t                   clock;         /* the same moment, us, of
                                               * ngx_game_clock_now() */
    uint64_t                   rooms;
    uint64_t                   size;          /* bytes of the file */
    uint32_t                   final;
    uint32_t                   spare;
    uint32_t                   data_crc;      /* of all that follows */
    uint32_t                   crc;           /* of all above */
} ngx_game_snapshot_header_t;


/* what went wrong: a text, and the error of a system call or 0 */
typedef struct {
    const char                *text;
    ngx_err_t                  err;
} ngx_game_snapshot_error_t;


/* a record, in memory */
typedef struct {
    ngx_str_t                  game;          /* its name, or what was known */
    uint64_t                   hash;          /* of it */
    ngx_game_room_info_t       info;
    ngx_str_t                  image;
} ngx_game_snapshot_room_t;


/* who this process's nginx is: magic to started */
void ngx_game_snapshot_file_self(ngx_game_snapshot_header_t *self,
    uint64_t instance);

/* one process at a time reads or writes; it is waited for so many ms.  The
 * descriptor of the directory, to be closed; -1 and error */
ngx_fd_t ngx_game_snapshot_file_lock(ngx_game_snapshot_conf_t *conf,
    ngx_msec_t patience, ngx_game_snapshot_error_t *error);

/* reads and checks the header: NGX_OK, NGX_DECLINED: there is no file,
 * NGX_ERROR and error */
ngx_int_t ngx_game_snapshot_file_peek(ngx_game_snapshot_conf_t *conf,
    ngx_game_snapshot_header_t *header, ngx_game_snapshot_error_t *error);

/* 1 if the rooms of such a file wait for someone to go on with them */
ngx_uint_t ngx_game_snapshot_file_waits(ngx_game_snapshot_header_t *header,
    ngx_game_snapshot_header_t *self);

/* the same as peek with what follows, to be freed by ngx_free(), and checked
 * as a whole */
ngx_int_t ngx_game_snapshot_file_read(ngx_game_snapshot_conf_t *conf,
    ngx_game_snapshot_header_t *header, ngx_str_t *data,
    ngx_game_snapshot_error_t *error);

/* the next room of that, which is taken from data: NGX_OK, NGX_DONE, or
 * NGX_ERROR: it is broken */
ngx_int_t ngx_game_snapshot_file_next(ngx_str_t *data,
    ngx_game_snapshot_room_t *room);

/*
 * Replaces the file by one with all rooms of the zone.  header has what self
 * has, and final; the rest is filled in.  A final one without rooms is no
 * file.  dir is the locked directory.
 */
ngx_int_t ngx_game_snapshot_file_write(ngx_game_snapshot_conf_t *conf,
    ngx_fd_t dir, ngx_game_snapshot_header_t *header,
    ngx_game_snapshot_error_t *error);


#endif /* _NGX_GAME_SNAPSHOT_FILE_H_INCLUDED_ */
