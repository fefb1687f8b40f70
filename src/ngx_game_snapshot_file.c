
/*
 * Copyright (C) ngx_game authors
 *
 * A record is a struct, the game's name, the metadata and the image, without
 * gaps.  Structs are written as they are, images, too: what another build
 * would read otherwise shows in the header.  All is checked by CRC-32 before
 * any of it is used, and all lengths nevertheless.
 */


#include "ngx_game_snapshot_file.h"
#include "ngx_game_clock.h"
#include "ngx_game_image.h"
#include "ngx_game_room.h"

#include <sys/file.h>
#include <zlib.h>


#define NGX_GAME_SNAPSHOT_LAYOUT  1

/* how often a lock that another process has is tried, ms */
#define NGX_GAME_SNAPSHOT_RETRY   5

#define NGX_GAME_SNAPSHOT_CRC(header)                                         \
    crc32(0, (u_char *) (header), offsetof(ngx_game_snapshot_header_t, crc))


/* followed by the game's name, the metadata and the image */
typedef struct {
    uint64_t                   room;
    uint64_t                   game;
    uint64_t                   term;
    uint64_t                   created;
    uint64_t                   image_len;
    uint32_t                   game_len;
    uint32_t                   metadata_len;
} ngx_game_snapshot_record_t;


/* a file that is being written */
typedef struct {
    ngx_fd_t                   fd;
    u_char                    *buf;
    size_t                     size;          /* of buf */
    ngx_str_t                  image;
    size_t                     image_size;    /* allocated */
} ngx_game_snapshot_out_t;


_Static_assert(sizeof(ngx_game_snapshot_header_t) == 120,
               "the layout of a snapshot's header");
_Static_assert(sizeof(ngx_game_snapshot_record_t) == 48,
               "the layout of a snapshot's record");


static uint64_t ngx_game_snapshot_file_started(ngx_pid_t pid);
static ssize_t ngx_game_snapshot_file_slurp(const char *name, u_char *buf,
    size_t size);
static ngx_int_t ngx_game_snapshot_file_open(ngx_game_snapshot_conf_t *conf,
    ngx_fd_t *fd, ngx_game_snapshot_header_t *header,
    ngx_game_snapshot_error_t *error);
static ngx_int_t ngx_game_snapshot_file_check(
    ngx_game_snapshot_header_t *header, off_t size,
    ngx_game_snapshot_error_t *error);
static ngx_int_t ngx_game_snapshot_file_rooms(ngx_game_snapshot_out_t *out,
    ngx_game_snapshot_header_t *header, ngx_game_snapshot_error_t *error);
static ngx_int_t ngx_game_snapshot_file_room(ngx_game_snapshot_out_t *out,
    ngx_game_snapshot_header_t *header, ngx_game_game_t *game,
    ngx_game_room_info_t *info, ngx_game_snapshot_error_t *error);
static ngx_int_t ngx_game_snapshot_file_put(ngx_fd_t fd, u_char *p,
    size_t len);
static ngx_int_t ngx_game_snapshot_file_failed(
    ngx_game_snapshot_error_t *error, const char *text, ngx_err_t err);


static const u_char  ngx_game_snapshot_magic[] = {
    'n', 'g', 'x', '_', 'g', 'a', 'm', 'e'
};


void
ngx_game_snapshot_file_self(ngx_game_snapshot_header_t *self,
    uint64_t instance)
{
    ngx_memzero(self, sizeof(ngx_game_snapshot_header_t));

    ngx_memcpy(self->magic, ngx_game_snapshot_magic, sizeof(self->magic));

    self->layout = NGX_GAME_SNAPSHOT_LAYOUT;
    self->images = ngx_game_image_layout();
    self->instance = instance;
    self->master = (ngx_process == NGX_PROCESS_SINGLE) ? ngx_pid : ngx_parent;
    self->started = ngx_game_snapshot_file_started(self->master);

    (void) ngx_game_snapshot_file_slurp("/proc/sys/kernel/random/boot_id",
                                        self->boot, sizeof(self->boot));
}


/* field 22 of /proc/PID/stat, by which a process is told from another that has
 * its number later; 0: there is none */

static uint64_t
ngx_game_snapshot_file_started(ngx_pid_t pid)
{
    char        name[sizeof("/proc//stat") + NGX_INT_T_LEN];
    u_char      buf[1024], *p, *last;
    ssize_t     n;
    ngx_uint_t  field;

    (void) ngx_sprintf((u_char *) name, "/proc/%P/stat%Z", pid);

    n = ngx_game_snapshot_file_slurp(name, buf, sizeof(buf));

    if (n <= 0) {
        return 0;
    }

    /* the second one may have spaces and parentheses in it */

    last = buf + n;

    for (p = last - 1; p > buf && *p != ')'; p--) { /* void */ }

    /* dead, but nobody has asked yet how it ended */

    if (last - p < 3 || p[2] == 'Z' || p[2] == 'X') {
        return 0;
    }

    for (field = 2; field < 22; field++) {
        p = ngx_strlchr(p, last, ' ');

        if (p == NULL) {
            return 0;
        }

        p++;
    }

    return strtoull((char *) p, NULL, 10);
}


static ssize_t
ngx_game_snapshot_file_slurp(const char *name, u_char *buf, size_t size)
{
    ssize_t   n;
    ngx_fd_t  fd;

    fd = open(name, O_RDONLY|O_CLOEXEC);

    if (fd == -1) {
        return -1;
    }

    n = read(fd, buf, size - 1);

    (void) close(fd);

    if (n >= 0) {
        buf[n] = '\0';
    }

    return n;
}


ngx_fd_t
ngx_game_snapshot_file_lock(ngx_game_snapshot_conf_t *conf,
    ngx_msec_t patience, ngx_game_snapshot_error_t *error)
{
    ngx_fd_t    fd;
    ngx_err_t   err;
    ngx_msec_t  waited;

    fd = open((char *) conf->dir.data, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (fd == -1) {
        error->text = "its directory can't be opened";
        error->err = ngx_errno;
        return -1;
    }

    for (waited = 0; /* void */ ; waited += NGX_GAME_SNAPSHOT_RETRY) {

        if (flock(fd, LOCK_EX|LOCK_NB) == 0) {
            return fd;
        }

        err = ngx_errno;

        if ((err != EWOULDBLOCK && err != NGX_EINTR) || waited >= patience) {
            error->text = "its directory can't be locked";
            error->err = err;
            (void) close(fd);
            return -1;
        }

        ngx_msleep(NGX_GAME_SNAPSHOT_RETRY);
    }
}


ngx_int_t
ngx_game_snapshot_file_peek(ngx_game_snapshot_conf_t *conf,
    ngx_game_snapshot_header_t *header, ngx_game_snapshot_error_t *error)
{
    ngx_fd_t   fd;
    ngx_int_t  rc;

    rc = ngx_game_snapshot_file_open(conf, &fd, header, error);

    if (rc == NGX_OK) {
        (void) close(fd);
    }

    return rc;
}


static ngx_int_t
ngx_game_snapshot_file_open(ngx_game_snapshot_conf_t *conf, ngx_fd_t *fd,
    ngx_game_snapshot_header_t *header, ngx_game_snapshot_error_t *error)
{
    ssize_t      n;
    ngx_int_t    rc;
    struct stat  st;

    *fd = open((char *) conf->path.data,
               O_RDONLY|O_CLOEXEC|O_NOFOLLOW|O_NONBLOCK);

    if (*fd == -1) {
        return (ngx_errno == NGX_ENOENT)
               ? NGX_DECLINED
               : ngx_game_snapshot_file_failed(error, "it can't be opened",
                                               ngx_errno);
    }

    if (fstat(*fd, &st) == -1 || !S_ISREG(st.st_mode)) {
        rc = ngx_game_snapshot_file_failed(error, "it is no file", 0);

    } else {
        n = read(*fd, header, sizeof(ngx_game_snapshot_header_t));

        if (n == -1) {
            rc = ngx_game_snapshot_file_failed(error, "it can't be read",
                                               ngx_errno);

        } else if (n != (ssize_t) sizeof(ngx_game_snapshot_header_t)) {
            rc = ngx_game_snapshot_file_failed(error, "it is too short", 0);

        } else {
            rc = ngx_game_snapshot_file_check(header, st.st_size, error);
        }
    }

    if (rc != NGX_OK) {
        (void) close(*fd);
    }

    return rc;
}


static ngx_int_t
ngx_game_snapshot_file_check(ngx_game_snapshot_header_t *header, off_t size,
    ngx_game_snapshot_error_t *error)
{
    if (ngx_memcmp(header->magic, ngx_game_snapshot_magic,
                   sizeof(header->magic))
        != 0)
    {
        return ngx_game_snapshot_file_failed(error, "it is no snapshot of "
                                             "rooms", 0);
    }

    if (header->layout != NGX_GAME_SNAPSHOT_LAYOUT) {
        return ngx_game_snapshot_file_failed(error, "it was written by "
                                             "another version of the module",
                                             0);
    }

    if (header->crc != NGX_GAME_SNAPSHOT_CRC(header)) {
        return ngx_game_snapshot_file_failed(error, "the checksum of its "
                                             "header is wrong", 0);
    }

    if (header->images != ngx_game_image_layout()) {
        return ngx_game_snapshot_file_failed(error, "its rooms were saved by "
                                             "another version of the module",
                                             0);
    }

    if (header->size != (uint64_t) size) {
        return ngx_game_snapshot_file_failed(error, "it is torn: its size is "
                                             "wrong", 0);
    }

    return NGX_OK;
}


ngx_uint_t
ngx_game_snapshot_file_waits(ngx_game_snapshot_header_t *header,
    ngx_game_snapshot_header_t *self)
{
    if (header->final) {
        return 1;
    }

    if (header->instance == self->instance) {
        return 0;
    }

    if (ngx_memcmp(header->boot, self->boot, sizeof(self->boot)) != 0) {
        return 1;
    }

    /* without /proc it is only known whether there is such a process */

    if (header->started == 0) {
        return kill((ngx_pid_t) header->master, 0) == -1
               && ngx_errno == NGX_ESRCH;
    }

    return ngx_game_snapshot_file_started((ngx_pid_t) header->master)
           != header->started;
}


ngx_int_t
ngx_game_snapshot_file_read(ngx_game_snapshot_conf_t *conf,
    ngx_game_snapshot_header_t *header, ngx_str_t *data,
    ngx_game_snapshot_error_t *error)
{
    size_t     len;
    ssize_t    n;
    ngx_fd_t   fd;
    ngx_int_t  rc;

    rc = ngx_game_snapshot_file_open(conf, &fd, header, error);

    if (rc != NGX_OK) {
        return rc;
    }

    /* not less than the header, that was read */

    data->len = header->size - sizeof(ngx_game_snapshot_header_t);
    data->data = malloc(ngx_max(data->len, 1));

    if (data->data == NULL) {
        rc = ngx_game_snapshot_file_failed(error, "there is no memory for it",
                                           ngx_errno);
    }

    for (len = 0; rc == NGX_OK && len < data->len; len += n) {
        n = read(fd, data->data + len, data->len - len);

        if (n <= 0) {
            rc = ngx_game_snapshot_file_failed(error, "it can't be read",
                                               n == 0 ? 0 : ngx_errno);
        }
    }

    (void) close(fd);

    if (rc == NGX_OK
        && crc32_z(0, data->data, data->len) != header->data_crc)
    {
        rc = ngx_game_snapshot_file_failed(error, "it is torn: its checksum "
                                           "is wrong", 0);
    }

    if (rc != NGX_OK) {
        ngx_free(data->data);
    }

    return rc;
}


ngx_int_t
ngx_game_snapshot_file_next(ngx_str_t *data, ngx_game_snapshot_room_t *room)
{
    u_char                      *p;
    size_t                       left;
    ngx_game_snapshot_record_t   record;

    if (data->len == 0) {
        return NGX_DONE;
    }

    if (data->len < sizeof(ngx_game_snapshot_record_t)) {
        return NGX_ERROR;
    }

    p = data->data;
    ngx_memcpy(&record, p, sizeof(ngx_game_snapshot_record_t));
    p += sizeof(ngx_game_snapshot_record_t);

    left = data->len - sizeof(ngx_game_snapshot_record_t);

    if (record.game_len > left
        || record.metadata_len > NGX_GAME_METADATA_MAX
        || record.metadata_len > left - record.game_len
        || record.image_len > left - record.game_len - record.metadata_len)
    {
        return NGX_ERROR;
    }

    ngx_memzero(&room->info, sizeof(ngx_game_room_info_t));

    room->hash = record.game;
    room->info.id = record.room;
    room->info.term = record.term;
    room->info.created = record.created;
    room->info.metadata_len = record.metadata_len;

    room->game.data = p;
    room->game.len = record.game_len;
    p += record.game_len;

    ngx_memcpy(room->info.metadata, p, record.metadata_len);
    p += record.metadata_len;

    room->image.data = p;
    room->image.len = record.image_len;
    p += record.image_len;

    data->len -= p - data->data;
    data->data = p;

    return NGX_OK;
}


ngx_int_t
ngx_game_snapshot_file_write(ngx_game_snapshot_conf_t *conf, ngx_fd_t dir,
    ngx_game_snapshot_header_t *header, ngx_game_snapshot_error_t *error)
{
    char                     *tmp, *path;
    ngx_int_t                 rc;
    ngx_game_snapshot_out_t   out;

    tmp = (char *) conf->tmp.data;
    path = (char *) conf->path.data;

    ngx_memzero(&out, sizeof(ngx_game_snapshot_out_t));

    out.fd = open(tmp, O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC|O_NOFOLLOW, 0600);

    if (out.fd == -1) {
        return ngx_game_snapshot_file_failed(error, "open() failed",
                                             ngx_errno);
    }

    rc = ngx_game_snapshot_file_rooms(&out, header, error);

    if (rc == NGX_OK && fsync(out.fd) == -1) {
        rc = ngx_game_snapshot_file_failed(error, "fsync() failed", ngx_errno);
    }

    if (close(out.fd) == -1 && rc == NGX_OK) {
        rc = ngx_game_snapshot_file_failed(error, "close() failed", ngx_errno);
    }

    free(out.buf);
    free(out.image.data);

    if (rc == NGX_OK && header->final && header->rooms == 0) {
        (void) unlink(path);
        (void) unlink(tmp);

    } else if (rc == NGX_OK && rename(tmp, path) == -1) {
        rc = ngx_game_snapshot_file_failed(error, "rename() failed",
                                           ngx_errno);
    }

    if (rc != NGX_OK) {
        (void) unlink(tmp);

    } else if (fsync(dir) == -1) {
        rc = ngx_game_snapshot_file_failed(error, "fsync() of its directory "
                                           "failed", ngx_errno);
    }

    return rc;
}


/* the header comes last, when all is known */

static ngx_int_t
ngx_game_snapshot_file_rooms(ngx_game_snapshot_out_t *out,
    ngx_game_snapshot_header_t *header, ngx_game_snapshot_error_t *error)
{
    ngx_int_t              rc;
    ngx_uint_t             cursor;
    struct timespec        ts;
    ngx_game_game_t       *game;
    ngx_game_room_info_t   info;

    (void) clock_gettime(CLOCK_REALTIME, &ts);

    header->time = (uint64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
    header->clock = ngx_game_clock_now();
    header->rooms = 0;
    header->size = sizeof(ngx_game_snapshot_header_t);
    header->data_crc = 0;

    if (lseek(out->fd, header->size, SEEK_SET) == -1) {
        return ngx_game_snapshot_file_failed(error, "lseek() failed",
                                             ngx_errno);
    }

    cursor = 0;

    while ((rc = ngx_game_registry_dump(&cursor, &info, &out->image,
                                        &out->image_size))
           == NGX_OK)
    {
        game = ngx_game_room_game(info.game);

        /* it ends when nobody is in it */

        if (game && !game->keep && info.players == 0) {
            continue;
        }

        rc = ngx_game_snapshot_file_room(out, header, game, &info, error);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (rc == NGX_ERROR) {
        return ngx_game_snapshot_file_failed(error, "malloc() failed",
                                             ngx_errno);
    }

    header->crc = NGX_GAME_SNAPSHOT_CRC(header);

    if (lseek(out->fd, 0, SEEK_SET) == -1
        || ngx_game_snapshot_file_put(out->fd, (u_char *) header,
                                      sizeof(ngx_game_snapshot_header_t))
           != NGX_OK)
    {
        return ngx_game_snapshot_file_failed(error, "write() failed",
                                             ngx_errno);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_game_snapshot_file_room(ngx_game_snapshot_out_t *out,
    ngx_game_snapshot_header_t *header, ngx_game_game_t *game,
    ngx_game_room_info_t *info, ngx_game_snapshot_error_t *error)
{
    u_char                      *p;
    size_t                       len;
    ngx_game_snapshot_record_t   record;

    ngx_memzero(&record, sizeof(ngx_game_snapshot_record_t));

    record.room = info->id;
    record.game = info->game;
    record.term = info->term;
    record.created = info->created;
    record.image_len = out->image.len;
    record.game_len = game ? game->name.len : 0;
    record.metadata_len = info->metadata_len;

    len = sizeof(ngx_game_snapshot_record_t) + record.game_len
          + record.metadata_len + record.image_len;

    if (len > out->size) {
        p = realloc(out->buf, len);
        if (p == NULL) {
            return ngx_game_snapshot_file_failed(error, "malloc() failed",
                                                 ngx_errno);
        }

        out->buf = p;
        out->size = len;
    }

    p = ngx_cpymem(out->buf, &record, sizeof(ngx_game_snapshot_record_t));

    if (game) {
        p = ngx_cpymem(p, game->name.data, game->name.len);
    }

    p = ngx_cpymem(p, info->metadata, record.metadata_len);
    ngx_memcpy(p, out->image.data, record.image_len);

    if (ngx_game_snapshot_file_put(out->fd, out->buf, len) != NGX_OK) {
        return ngx_game_snapshot_file_failed(error, "write() failed",
                                             ngx_errno);
    }

    header->rooms++;
    header->size += len;
    header->data_crc = crc32_z(header->data_crc, out->buf, len);

    return NGX_OK;
}


static ngx_int_t
ngx_game_snapshot_file_put(ngx_fd_t fd, u_char *p, size_t len)
{
    ssize_t  n;

    while (len) {
        n = write(fd, p, len);

        if (n == -1) {
            if (ngx_errno == NGX_EINTR) {
                continue;
            }

            return NGX_ERROR;
        }

        p += n;
        len -= n;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_game_snapshot_file_failed(ngx_game_snapshot_error_t *error,
    const char *text, ngx_err_t err)
{
    error->text = text;
    error->err = err;

    return NGX_ERROR;
}
