
/*
 * Copyright (C) ngx_game authors
 *
 * Texts of scripts and modules: a list that is filled while the configuration
 * is checked and only read by workers, and the search along game_lua_path.
 * Nothing here raises a Lua error, so that no file stays open.
 */


#include "ngx_game_source.h"


typedef struct {
    ngx_pool_t                *pool;
    ngx_str_t                  lua_path;
    ngx_array_t                kept;          /* ngx_game_source_t */
    ngx_uint_t                 closed;        /* unsigned  closed:1; */
} ngx_game_sources_t;


static ngx_game_source_t *ngx_game_source_find(ngx_game_sources_t *ss,
    ngx_str_t *path, ngx_str_t *module);
static ngx_int_t ngx_game_source_read(ngx_game_sources_t *ss,
    ngx_game_source_t *source, u_char *err);
static ngx_int_t ngx_game_source_read_file(ngx_game_sources_t *ss,
    ngx_file_t *file, ngx_game_source_t *source, u_char *err);
static ngx_int_t ngx_game_source_alloc(ngx_game_sources_t *ss,
    ngx_game_source_t *source, size_t size);
static ngx_int_t ngx_game_source_keep(ngx_game_sources_t *ss,
    ngx_game_source_t *source);
static ngx_uint_t ngx_game_source_name_valid(ngx_str_t *name);
static size_t ngx_game_source_path(ngx_str_t *template, ngx_str_t *name,
    u_char *path);


void *
ngx_game_source_create(ngx_pool_t *pool, ngx_str_t *lua_path)
{
    ngx_game_sources_t  *ss;

    ss = ngx_pcalloc(pool, sizeof(ngx_game_sources_t));
    if (ss == NULL) {
        return NULL;
    }

    if (ngx_array_init(&ss->kept, pool, 4, sizeof(ngx_game_source_t))
        != NGX_OK)
    {
        return NULL;
    }

    ss->pool = pool;
    ss->lua_path = *lua_path;

    return ss;
}


void
ngx_game_source_close(void *sources)
{
    ngx_game_sources_t  *ss = sources;

    ss->closed = 1;
}


ngx_int_t
ngx_game_source_script(void *sources, ngx_str_t *path,
    ngx_game_source_t *source, u_char *err)
{
    ngx_int_t            rc;
    ngx_game_source_t   *kept;
    ngx_game_sources_t  *ss = sources;

    kept = ngx_game_source_find(ss, path, NULL);
    if (kept) {
        *source = *kept;
        return NGX_OK;
    }

    ngx_memzero(source, sizeof(ngx_game_source_t));
    source->path = *path;

    rc = ngx_game_source_read(ss, source, err);

    return rc == NGX_DECLINED ? NGX_ERROR : rc;
}


ngx_int_t
ngx_game_source_module(void *sources, ngx_str_t *name,
    ngx_game_source_t *source, u_char *err)
{
    u_char              *p, *end;
    u_char               path[NGX_MAX_PATH];
    size_t               len;
    ngx_int_t            rc;
    ngx_str_t            template;
    ngx_game_source_t   *kept;
    ngx_game_sources_t  *ss = sources;

    if (!ngx_game_source_name_valid(name)) {
        (void) ngx_sprintf(err, "invalid module name%Z");
        return NGX_ERROR;
    }

    kept = ngx_game_source_find(ss, NULL, name);
    if (kept) {
        *source = *kept;
        return NGX_OK;
    }

    p = ss->lua_path.data;
    end = p + ss->lua_path.len;

    while (p < end) {
        template.data = p;
        p = ngx_strlchr(p, end, ';');
        p = p ? p : end;
        template.len = p++ - template.data;

        len = ngx_game_source_path(&template, name, path);
        if (len == 0) {
            continue;
        }

        ngx_memzero(source, sizeof(ngx_game_source_t));
        source->module = *name;
        source->path.data = path;
        source->path.len = len;

        rc = ngx_game_source_read(ss, source, err);
        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    (void) ngx_snprintf(err, NGX_MAX_ERROR_STR,
                        "module \"%V\" is not in game_lua_path%Z", name);

    return NGX_DECLINED;
}


void
ngx_game_source_release(ngx_game_source_t *source)
{
    if (source->heap) {
        ngx_free(source->heap);
        source->heap = NULL;
    }
}


static ngx_game_source_t *
ngx_game_source_find(ngx_game_sources_t *ss, ngx_str_t *path,
    ngx_str_t *module)
{
    ngx_str_t          *has, *want;
    ngx_uint_t          i;
    ngx_game_source_t  *kept;

    kept = ss->kept.elts;

    for (i = 0; i < ss->kept.nelts; i++) {

        if ((path == NULL) != (kept[i].module.len != 0)) {
            continue;
        }

        has = path ? &kept[i].path : &kept[i].module;
        want = path ? path : module;

        if (has->len == want->len
            && ngx_memcmp(has->data, want->data, want->len) == 0)
        {
            return &kept[i];
        }
    }

    return NULL;
}


/* NGX_DECLINED: there is no such file */
static ngx_int_t
ngx_game_source_read(ngx_game_sources_t *ss, ngx_game_source_t *source,
    u_char *err)
{
    ngx_err_t   errn;
    ngx_int_t   rc;
    ngx_file_t  file;

    ngx_memzero(&file, sizeof(ngx_file_t));
    file.name = source->path;
    file.log = ngx_cycle->log;

    /* a FIFO must not hang the worker */
    file.fd = ngx_open_file(source->path.data, NGX_FILE_RDONLY|O_NONBLOCK,
                            NGX_FILE_OPEN, 0);

    if (file.fd == NGX_INVALID_FILE) {
        errn = ngx_errno;

        err = ngx_snprintf(err, NGX_MAX_ERROR_STR - 128,
                           "open \"%V\" failed: ", &source->path);
        err = ngx_strerror(errn, err, 127);
        *err = '\0';

        return (errn == NGX_ENOENT || errn == NGX_ENOTDIR) ? NGX_DECLINED
                                                           : NGX_ERROR;
    }

    rc = ngx_game_source_read_file(ss, &file, source, err);

    if (ngx_close_file(file.fd) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_errno,
                      ngx_close_file_n " \"%V\" failed", &source->path);
    }

    if (rc != NGX_OK) {
        ngx_game_source_release(source);
    }

    return rc;
}


static ngx_int_t
ngx_game_source_read_file(ngx_game_sources_t *ss, ngx_file_t *file,
    ngx_game_source_t *source, u_char *err)
{
    off_t            size;
    ssize_t          n;
    ngx_file_info_t  fi;

    if (ngx_fd_info(file->fd, &fi) == NGX_FILE_ERROR || !ngx_is_file(&fi)) {
        (void) ngx_snprintf(err, NGX_MAX_ERROR_STR, "\"%V\" is not a file%Z",
                            &source->path);
        return NGX_ERROR;
    }

    size = ngx_file_size(&fi);

    if (size > NGX_GAME_SOURCE_MAX) {
        (void) ngx_snprintf(err, NGX_MAX_ERROR_STR,
                            "\"%V\" is larger than %d bytes%Z",
                            &source->path, NGX_GAME_SOURCE_MAX);
        return NGX_ERROR;
    }

    if (ngx_game_source_alloc(ss, source, (size_t) size) != NGX_OK) {
        (void) ngx_sprintf(err, "no memory%Z");
        return NGX_ERROR;
    }

    while (source->text.len < (size_t) size) {
        n = ngx_read_file(file, source->text.data + source->text.len,
                          (size_t) size - source->text.len,
                          (off_t) source->text.len);

        if (n == NGX_ERROR) {
            (void) ngx_snprintf(err, NGX_MAX_ERROR_STR,
                                "read of \"%V\" failed%Z", &source->path);
            return NGX_ERROR;
        }

        if (n == 0) {
            break;                        /* it has become shorter */
        }

        source->text.len += n;
    }

    if (!ss->closed && ngx_game_source_keep(ss, source) != NGX_OK) {
        (void) ngx_sprintf(err, "no memory%Z");
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* memory for the text and for a copy of the path, that may lie on a stack: of
 * the pool while texts are kept, else of the heap */
static ngx_int_t
ngx_game_source_alloc(ngx_game_sources_t *ss, ngx_game_source_t *source,
    size_t size)
{
    u_char  *p;

    size += sizeof("@") + source->path.len;

    if (ss->closed) {
        p = ngx_alloc(size, ngx_cycle->log);
        source->heap = p;

    } else {
        p = ngx_pnalloc(ss->pool, size);
    }

    if (p == NULL) {
        return NGX_ERROR;
    }

    source->chunk = p;
    *p++ = '@';

    source->text.data = ngx_cpymem(p, source->path.data, source->path.len);
    *source->text.data++ = '\0';
    source->path.data = p;

    return NGX_OK;
}


static ngx_int_t
ngx_game_source_keep(ngx_game_sources_t *ss, ngx_game_source_t *source)
{
    u_char             *name;
    ngx_game_source_t  *kept;

    name = NULL;

    if (source->module.len) {
        name = ngx_pstrdup(ss->pool, &source->module);
        if (name == NULL) {
            return NGX_ERROR;
        }
    }

    kept = ngx_array_push(&ss->kept);
    if (kept == NULL) {
        return NGX_ERROR;
    }

    *kept = *source;
    kept->module.data = name;             /* its length is there */

    return NGX_OK;
}


/* names of letters, digits, `_` and `-`, with single dots between */
static ngx_uint_t
ngx_game_source_name_valid(ngx_str_t *name)
{
    u_char      c;
    size_t      i;
    ngx_uint_t  dot;

    if (name->len > NGX_GAME_SOURCE_NAME_MAX) {
        return 0;
    }

    dot = 1;

    for (i = 0; i < name->len; i++) {
        c = name->data[i];

        if (c == '.') {
            if (dot) {
                return 0;
            }

            dot = 1;
            continue;
        }

        if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
            && (c < '0' || c > '9') && c != '_' && c != '-')
        {
            return 0;
        }

        dot = 0;
    }

    return !dot;
}


/* replaces each `?` of the template by the name, with `/` for its dots; the
 * length without the null, 0: the path is too long or empty */
static size_t
ngx_game_source_path(ngx_str_t *template, ngx_str_t *name, u_char *path)
{
    u_char  *p, *last;
    size_t   i, k;

    p = path;
    last = path + NGX_MAX_PATH - 1;

    for (i = 0; i < template->len && p < last; i++) {

        if (template->data[i] != '?') {
            *p++ = template->data[i];
            continue;
        }

        for (k = 0; k < name->len && p < last; k++) {
            *p++ = (name->data[k] == '.') ? '/' : name->data[k];
        }
    }

    if (p == last) {
        return 0;
    }

    *p = '\0';

    return p - path;
}
