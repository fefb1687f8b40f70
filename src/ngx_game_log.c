
/*
 * Copyright (C) ngx_game authors
 *
 * A line of game_log:
 *
 *     time address identity game room player code=1000 why=left
 *     duration=12.345 in=messages/bytes out=messages/bytes rtt=12ms
 *
 * It is written at once and by one call, so that lines of several workers
 * don't mix; the file is nginx's open file and is reopened by its signal.
 */


#include "ngx_game_log.h"
#include "ngx_game_zone.h"


#define NGX_GAME_LOG_NUMBERS                                                  \
    (sizeof(" code= why= duration=.000 in=/ out=/ rtt=ms" CRLF)               \
     + 8 * NGX_INT64_LEN)

/* seconds between two complaints about one file */
#define NGX_GAME_LOG_QUIET  59


static size_t ngx_game_log_text_len(ngx_str_t *text);
static u_char *ngx_game_log_text(u_char *p, ngx_str_t *text);
static u_char *ngx_game_log_numbers(u_char *p, ngx_game_log_entry_t *entry);
static void ngx_game_log_line(ngx_game_log_t *log, u_char *line, size_t len);


const ngx_str_t  ngx_game_reasons[] = {
    ngx_string("left"),
    ngx_string("timeout"),
    ngx_string("kicked"),
    ngx_string("error"),
    ngx_string("lost"),
    ngx_string("shutdown"),
    ngx_string("closed")
};


void
ngx_game_log_write(ngx_game_log_t *log, ngx_game_log_entry_t *entry)
{
    size_t   size;
    u_char  *line, *p;

    /* as in the access log: a full disk may block the writer */

    if (ngx_time() == log->disk_full_time) {
        return;
    }

    size = ngx_cached_http_log_iso8601.len + 1
           + ngx_game_log_text_len(&entry->address) + 1
           + ngx_game_log_text_len(&entry->identity) + 1
           + ngx_game_log_text_len(&entry->game) + 1
           + NGX_GAME_ID_LEN + 1
           + NGX_GAME_ID_LEN
           + ngx_game_reasons[entry->why].len
           + NGX_GAME_LOG_NUMBERS;

    line = ngx_alloc(size, ngx_cycle->log);
    if (line == NULL) {
        return;
    }

    p = ngx_cpymem(line, ngx_cached_http_log_iso8601.data,
                   ngx_cached_http_log_iso8601.len);
    *p++ = ' ';
    p = ngx_game_log_text(p, &entry->address);
    *p++ = ' ';
    p = ngx_game_log_text(p, &entry->identity);
    *p++ = ' ';
    p = ngx_game_log_text(p, &entry->game);
    *p++ = ' ';
    p = ngx_game_id_format(p, entry->room);
    *p++ = ' ';
    p = ngx_game_id_format(p, entry->player);
    p = ngx_game_log_numbers(p, entry);
    ngx_linefeed(p);

    ngx_game_log_line(log, line, p - line);

    ngx_free(line);
}


/* a field has no byte that ends a field or a line: those become \xHH */

#define ngx_game_log_escaped(c)                                               \
    ((c) <= ' ' || (c) == '"' || (c) == '\\' || (c) >= 0x7f)


static size_t
ngx_game_log_text_len(ngx_str_t *text)
{
    size_t  i, len;

    if (text->len == 0) {
        return 1;
    }

    len = 0;

    for (i = 0; i < text->len; i++) {
        len += ngx_game_log_escaped(text->data[i]) ? 4 : 1;
    }

    return len;
}


static u_char *
ngx_game_log_text(u_char *p, ngx_str_t *text)
{
    u_char  c;
    size_t  i;

    static const u_char  hex[] = "0123456789ABCDEF";

    if (text->len == 0) {
        *p++ = '-';
        return p;
    }

    for (i = 0; i < text->len; i++) {
        c = text->data[i];

        if (!ngx_game_log_escaped(c)) {
            *p++ = c;
            continue;
        }

        *p++ = '\\';
        *p++ = 'x';
        *p++ = hex[c >> 4];
        *p++ = hex[c & 0xf];
    }

    return p;
}


static u_char *
ngx_game_log_numbers(u_char *p, ngx_game_log_entry_t *entry)
{
    p = ngx_sprintf(p, " code=%ui why=%V duration=%M.%03M in=%uL/%uL "
                    "out=%uL/%uL",
                    entry->code, &ngx_game_reasons[entry->why],
                    entry->duration / 1000, entry->duration % 1000,
                    entry->messages_in, entry->bytes_in,
                    entry->messages_out, entry->bytes_out);

    if (entry->rtt == 0) {
        return ngx_cpymem(p, " rtt=-", sizeof(" rtt=-") - 1);
    }

    return ngx_sprintf(p, " rtt=%uDms", entry->rtt);
}


static void
ngx_game_log_line(ngx_game_log_t *log, u_char *line, size_t len)
{
    time_t     now;
    ssize_t    n;
    ngx_err_t  err;

    n = ngx_write_fd(log->file->fd, line, len);

    if (n == (ssize_t) len) {
        return;
    }

    err = (n == -1) ? ngx_errno : 0;
    now = ngx_time();

    if (err == NGX_ENOSPC) {
        log->disk_full_time = now;
    }

    if (now - log->error_log_time <= NGX_GAME_LOG_QUIET) {
        return;
    }

    log->error_log_time = now;

    if (n == -1) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, err,
                      ngx_write_fd_n " to \"%s\" failed",
                      log->file->name.data);
        return;
    }

    ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                  ngx_write_fd_n " to \"%s\" was incomplete: %z of %uz",
                  log->file->name.data, n, len);
}
