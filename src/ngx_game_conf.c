
/*
 * Copyright (C) ngx_game authors
 *
 * The directives' arguments.  All runs in the master (or in nginx -t) while
 * the configuration is read; nothing of it is called in a worker.  Errors are
 * logged at emerg with the file and the line, as nginx's own are.
 */


#include "ngx_game_conf.h"
#include "ngx_game_control.h"
#include "ngx_game_log.h"
#include "ngx_game_status.h"
#include "ngx_game_zone.h"


/* hearts beat once a second: less would kill who is only busy, ms */
#define NGX_GAME_WORKER_TIMEOUT_MIN  3000

/* what is kept to be sent again, bytes a room */
#define NGX_GAME_REPLAY_MIN      1024
#define NGX_GAME_REPLAY_MAX      (16 * 1024 * 1024)

/* no one comes back faster, ms */
#define NGX_GAME_RESUME_TIMEOUT_MIN  100


/* all of the rooms are written each time, ms */
#define NGX_GAME_SNAPSHOT_MIN    1000


#define NGX_GAME_RATE_MAX        1000000      /* messages a second */
#define NGX_GAME_SESSIONS_MAX    65535        /* of one key */


static char *ngx_game_conf_handler(ngx_conf_t *cf, ngx_flag_t *flag,
    ngx_http_handler_pt handler);
static char *ngx_game_conf_time(ngx_conf_t *cf, ngx_msec_t *field,
    ngx_msec_t off, ngx_msec_t min);
static ngx_int_t ngx_game_conf_snapshot_path(ngx_conf_t *cf,
    ngx_game_snapshot_conf_t *snapshot, ngx_str_t *path);
static ngx_int_t ngx_game_conf_beside(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *path, const char *suffix);
static ngx_uint_t ngx_game_conf_origin_valid(ngx_str_t *origin);
static ngx_int_t ngx_game_conf_deflate_param(ngx_game_deflate_conf_t *dcf,
    ngx_str_t *arg);
static ngx_int_t ngx_game_conf_flag(ngx_str_t *value, ngx_flag_t *flag);
static ngx_int_t ngx_game_conf_number(ngx_str_t *value, ngx_int_t low,
    ngx_int_t high);


char *
ngx_game_conf_check_bounds(ngx_conf_t *cf, void *post, void *data)
{
    size_t                  *value = data;
    ngx_game_conf_bounds_t  *bounds = post;

    /* size_t and ngx_msec_t have one width on all systems of 64 bits */

    if (*value >= bounds->low && *value <= bounds->high) {
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "value must be %s", bounds->text);

    return NGX_CONF_ERROR;
}


char *
ngx_game_conf_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_game_main_conf_t  *mcf = conf;

    ssize_t     size;
    ngx_str_t  *value;

    if (mcf->shm_zone) {
        return "is duplicate";
    }

    value = cf->args->elts;

    size = ngx_parse_size(&value[1]);

    if (size == NGX_ERROR) {
        return ngx_game_conf_invalid(cf, "zone size", &value[1]);
    }

    if (size < NGX_GAME_MIN_ZONE_SIZE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "zone \"ngx_game\" is too small");
        return NGX_CONF_ERROR;
    }

    mcf->shm_zone = ngx_game_zone_add(cf, size);

    if (mcf->shm_zone == NULL) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_game_conf_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_game_loc_conf_t  *glcf = conf;

    ngx_game_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_game_module);
    mcf->status = 1;

    return ngx_game_conf_handler(cf, &glcf->status, ngx_game_status_handler);
}


char *
ngx_game_conf_control(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_game_loc_conf_t  *glcf = conf;

    ngx_game_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_game_module);
    mcf->control = 1;

    return ngx_game_conf_handler(cf, &glcf->control,
                                 ngx_game_control_handler);
}


static char *
ngx_game_conf_handler(ngx_conf_t *cf, ngx_flag_t *flag,
    ngx_http_handler_pt handler)
{
    ngx_http_core_loc_conf_t  *clcf;

    if (*flag) {
        return "is duplicate";
    }

    *flag = 1;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = handler;

    return NGX_CONF_OK;
}


char *
ngx_game_conf_lua_path(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_game_main_conf_t  *mcf = conf;

    u_char      *p;
    size_t       len;
    ngx_str_t   *value;
    ngx_uint_t   i;

    if (mcf->lua_path.len) {
        return "is duplicate";
    }

    value = cf->args->elts;
    len = 0;

    for (i = 1; i < cf->args->nelts; i++) {

        if (value[i].len == 0
            || ngx_strlchr(value[i].data, value[i].data + value[i].len, ';')
            || ngx_strlchr(value[i].data, value[i].data + value[i].len, '?'))
        {
            return ngx_game_conf_invalid(cf, "value", &value[i]);
        }

        if (ngx_conf_full_name(cf->cycle, &value[i], 1) != NGX_OK) {
            return NGX_CONF_ERROR;
        }

        if (value[i].len > 1 && value[i].data[value[i].len - 1] == '/') {
            value[i].len--;
        }

        len += value[i].len + sizeof("/?.lua;") - 1;
    }

    p = ngx_pnalloc(cf->pool, len);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    mcf->lua_path.data = p;

    for (i = 1; i < cf->args->nelts; i++) {
        p = ngx_cpymem(p, value[i].data, value[i].len);
        p = ngx_cpymem(p, "/?.lua;", sizeof("/?.lua;") - 1);
    }

    /* without the last semicolon */
    mcf->lua_path.len = len - 1;

    return NGX_CONF_OK;
}


char *
ngx_game_conf_origins(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_game_loc_conf_t  *glcf = conf;

    ngx_str_t   *value, *origin;
    ngx_uint_t   i;

    if (glcf->any_origin != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    glcf->any_origin = 0;
    glcf->same_origin = 0;

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "any") == 0) {
        glcf->any_origin = 1;
        return NGX_CONF_OK;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "same") == 0) {
            glcf->same_origin = 1;
            continue;
        }

        if (!ngx_game_conf_origin_valid(&value[i])) {
            return ngx_game_conf_invalid(cf, "origin", &value[i]);
        }

        if (glcf->origins == NULL) {
            glcf->origins = ngx_array_create(cf->pool, 4, sizeof(ngx_str_t));
            if (glcf->origins == NULL) {
                return NGX_CONF_ERROR;
            }
        }

        origin = ngx_array_push(glcf->origins);
        if (origin == NULL) {
            return NGX_CONF_ERROR;
        }

        ngx_strlow(value[i].data, value[i].data, value[i].len);
        *origin = value[i];
    }

    return NGX_CONF_OK;
}


char *
ngx_game_conf_rate(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_game_loc_conf_t  *glcf = conf;

    ngx_int_t   rate, burst;
    ngx_str_t  *value, number;

    if (glcf->message_rate != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        glcf->message_rate = 0;
        glcf->message_burst = 0;
        return NGX_CONF_OK;
    }

    number = value[1];

    if (number.len <= 3
        || ngx_strncmp(number.data + number.len - 3, "r/s", 3) != 0)
    {
        return ngx_game_conf_invalid(cf, "rate", &value[1]);
    }

    number.len -= 3;

    rate = ngx_game_conf_number(&number, 1, NGX_GAME_RATE_MAX);

    if (rate == NGX_ERROR) {
        return ngx_game_conf_invalid(cf, "rate", &value[1]);
    }

    burst = 2 * rate;

    if (cf->args->nelts == 3) {

        if (!ngx_game_conf_param(&value[2], "burst=", &number)) {
            return ngx_game_conf_invalid(cf, "parameter", &value[2]);
        }

        burst = ngx_game_conf_number(&number, 0, NGX_GAME_RATE_MAX);

        if (burst == NGX_ERROR) {
            return ngx_game_conf_invalid(cf, "burst", &value[2]);
        }
    }

    glcf->message_rate = rate;
    glcf->message_burst = burst;

    return NGX_CONF_OK;
}


char *
ngx_game_conf_ping(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_game_loc_conf_t  *glcf = conf;

    return ngx_game_conf_time(cf, &glcf->ping_interval, 0, 0);
}


char *
ngx_game_conf_checkpoint(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_game_loc_conf_t  *glcf = conf;

    ngx_str_t  *value;

    value = cf->args->elts;

    if (glcf->checkpoint == NGX_CONF_UNSET_MSEC
        && ngx_strcmp(value[1].data, "auto") == 0)
    {
        glcf->checkpoint = NGX_GAME_CHECKPOINT_AUTO;
        return NGX_CONF_OK;
    }

    return ngx_game_conf_time(cf, &glcf->checkpoint, NGX_GAME_CHECKPOINT_OFF,
                              1);
}


char *
ngx_game_conf_resume_timeout(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_game_loc_conf_t  *glcf = conf;

    return ngx_game_conf_time(cf, &glcf->resume_timeout, 0,
                              NGX_GAME_RESUME_TIMEOUT_MIN);
}


char *
ngx_game_conf_replay(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_game_loc_conf_t  *glcf = conf;

    ssize_t     size;
    ngx_str_t  *value;

    if (glcf->replay != NGX_CONF_UNSET_SIZE) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        glcf->replay = 0;
        return NGX_CONF_OK;
    }

    size = ngx_parse_size(&value[1]);

    if (size < NGX_GAME_REPLAY_MIN || size > NGX_GAME_REPLAY_MAX) {
        return "must be \"off\", or from 1k to 16m";
    }

    glcf->replay = size;

    return NGX_CONF_OK;
}


char *
ngx_game_conf_worker_timeout(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_game_main_conf_t  *mcf = conf;

    return ngx_game_conf_time(cf, &mcf->worker_timeout, 0,
                              NGX_GAME_WORKER_TIMEOUT_MIN);
}


char *
ngx_game_conf_snapshot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_game_main_conf_t  *mcf = conf;

    ngx_str_t                 *value;
    ngx_game_snapshot_conf_t  *snapshot;

    if (mcf->snapshot != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        mcf->snapshot = NULL;
        return NGX_CONF_OK;
    }

    snapshot = ngx_pcalloc(cf->pool, sizeof(ngx_game_snapshot_conf_t));
    if (snapshot == NULL) {
        return NGX_CONF_ERROR;
    }

    mcf->snapshot = snapshot;
    snapshot->interval = 10000;

    if (cf->args->nelts == 3) {
        snapshot->interval = 0;

        if (ngx_strcmp(value[2].data, "off") != 0) {
            snapshot->interval = ngx_parse_time(&value[2], 0);

            if (snapshot->interval == (ngx_msec_t) NGX_ERROR
                || snapshot->interval < NGX_GAME_SNAPSHOT_MIN)
            {
                return ngx_game_conf_invalid(cf, "interval", &value[2]);
            }
        }
    }

    return (ngx_game_conf_snapshot_path(cf, snapshot, &value[1]) == NGX_OK)
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static ngx_int_t
ngx_game_conf_snapshot_path(ngx_conf_t *cf, ngx_game_snapshot_conf_t *snapshot,
    ngx_str_t *path)
{
    u_char           *p;
    ngx_file_info_t   fi;

    if (path->len == 0 || path->data[path->len - 1] == '/') {
        (void) ngx_game_conf_invalid(cf, "value", path);
        return NGX_ERROR;
    }

    if (ngx_conf_full_name(cf->cycle, path, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    snapshot->path = *path;
    snapshot->dir = *path;

    for (p = path->data + path->len; *p != '/'; p--) { /* void */ }

    snapshot->dir.len = p + 1 - path->data;

    if (ngx_game_conf_beside(cf, &snapshot->dir, &snapshot->dir, "") != NGX_OK
        || ngx_game_conf_beside(cf, &snapshot->tmp, path, ".tmp") != NGX_OK
        || ngx_game_conf_beside(cf, &snapshot->old, path, ".old") != NGX_OK
        || ngx_game_conf_beside(cf, &snapshot->bad, path, ".bad") != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_file_info(snapshot->dir.data, &fi) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "there is no directory \"%V\" for "
                           "\"game_snapshot\"", &snapshot->dir);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* a path with something behind it, null-terminated */

static ngx_int_t
ngx_game_conf_beside(ngx_conf_t *cf, ngx_str_t *name, ngx_str_t *path,
    const char *suffix)
{
    u_char  *p;
    size_t   len;

    len = path->len + ngx_strlen(suffix);

    p = ngx_pnalloc(cf->pool, len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_sprintf(p, "%V%s%Z", path, suffix);

    name->data = p;
    name->len = len;

    return NGX_OK;
}


/* "off", or a time that is not less than min */

static char *
ngx_game_conf_time(ngx_conf_t *cf, ngx_msec_t *field, ngx_msec_t off,
    ngx_msec_t min)
{
    ngx_str_t  *value;

    if (*field != NGX_CONF_UNSET_MSEC) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        *field = off;
        return NGX_CONF_OK;
    }

    *field = ngx_parse_time(&value[1], 0);

    if (*field == (ngx_msec_t) NGX_ERROR || *field < min) {
        return "invalid value";
    }

    return NGX_CONF_OK;
}


char *
ngx_game_conf_deflate(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_game_loc_conf_t  *glcf = conf;

    ngx_str_t                *value;
    ngx_uint_t                i;
    ngx_game_deflate_conf_t  *dcf;

    dcf = &glcf->deflate;

    if (dcf->enable != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_game_conf_flag(&value[1], &dcf->enable) != NGX_OK) {
        return ngx_game_conf_invalid(cf, "value", &value[1]);
    }

    dcf->window_bits = 15;
    dcf->client_window_bits = 15;
    dcf->takeover = 0;
    dcf->client_takeover = 0;
    dcf->min_size = 128;
    dcf->level = 1;

    for (i = 2; i < cf->args->nelts; i++) {

        if (!dcf->enable
            || ngx_game_conf_deflate_param(dcf, &value[i]) != NGX_OK)
        {
            return ngx_game_conf_invalid(cf, "parameter", &value[i]);
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_game_conf_session_limit(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_game_loc_conf_t  *glcf = conf;

    ngx_int_t                          n;
    ngx_str_t                         *value;
    ngx_http_compile_complex_value_t   ccv;

    if (glcf->session_limit != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2) {

        if (ngx_strcmp(value[1].data, "off") != 0) {
            return ngx_game_conf_invalid(cf, "value", &value[1]);
        }

        glcf->session_limit = 0;

        return NGX_CONF_OK;
    }

    n = ngx_game_conf_number(&value[2], 1, NGX_GAME_SESSIONS_MAX);

    if (n == NGX_ERROR) {
        return ngx_game_conf_invalid(cf, "number of sessions", &value[2]);
    }

    glcf->session_key = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (glcf->session_key == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = &value[1];
    ccv.complex_value = glcf->session_key;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    glcf->session_limit = n;

    return NGX_CONF_OK;
}


char *
ngx_game_conf_log(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_game_loc_conf_t  *glcf = conf;

    ngx_str_t  *value;

    if (glcf->log != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        glcf->log = NULL;
        return NGX_CONF_OK;
    }

    /* what access_log has beyond a plain file would become part of its name */

    if (value[1].len == 0
        || ngx_strncmp(value[1].data, "syslog:", 7) == 0
        || ngx_http_script_variables_count(&value[1]))
    {
        return ngx_game_conf_invalid(cf, "value", &value[1]);
    }

    glcf->log = ngx_pcalloc(cf->pool, sizeof(ngx_game_log_t));
    if (glcf->log == NULL) {
        return NGX_CONF_ERROR;
    }

    glcf->log->file = ngx_conf_open_file(cf->cycle, &value[1]);
    if (glcf->log->file == NULL) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* an origin as browsers send it, RFC 6454, 6.2: a scheme, a host and a port
 * that is not the default, without a path; or "null" */

static ngx_uint_t
ngx_game_conf_origin_valid(ngx_str_t *origin)
{
    u_char  *p, *last, *host;

    if (ngx_strcmp(origin->data, "null") == 0) {
        return 1;
    }

    p = origin->data;
    last = p + origin->len;

    host = ngx_strlcasestrn(p, last, (u_char *) "://", sizeof("://") - 2);

    if (host == NULL || host == p || host + 3 == last) {
        return 0;
    }

    for ( /* void */ ; p < host; p++) {
        if (!(*p >= 'a' && *p <= 'z') && !(*p >= 'A' && *p <= 'Z')
            && !(*p >= '0' && *p <= '9')
            && *p != '+' && *p != '-' && *p != '.')
        {
            return 0;
        }
    }

    for (p = host + 3; p < last; p++) {
        if (*p <= ' ' || *p >= 0x7f || ngx_strchr("/\\?#@*,\"", *p)) {
            return 0;
        }
    }

    return 1;
}


static ngx_int_t
ngx_game_conf_deflate_param(ngx_game_deflate_conf_t *dcf, ngx_str_t *arg)
{
    ssize_t    size;
    ngx_int_t  n;
    ngx_str_t  value;

    if (ngx_game_conf_param(arg, "window_bits=", &value)) {
        n = ngx_game_conf_number(&value, 9, 15);
        dcf->window_bits = n;

    } else if (ngx_game_conf_param(arg, "client_window_bits=", &value)) {
        n = ngx_game_conf_number(&value, 9, 15);
        dcf->client_window_bits = n;

    } else if (ngx_game_conf_param(arg, "level=", &value)) {
        n = ngx_game_conf_number(&value, 1, 9);
        dcf->level = n;

    } else if (ngx_game_conf_param(arg, "min_size=", &value)) {
        size = ngx_parse_size(&value);
        n = (size == NGX_ERROR) ? NGX_ERROR : NGX_OK;
        dcf->min_size = size;

    } else if (ngx_game_conf_param(arg, "context_takeover=", &value)) {
        n = ngx_game_conf_flag(&value, &dcf->takeover);

    } else if (ngx_game_conf_param(arg, "client_context_takeover=", &value)) {
        n = ngx_game_conf_flag(&value, &dcf->client_takeover);

    } else {
        n = NGX_ERROR;
    }

    return (n == NGX_ERROR) ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_game_conf_flag(ngx_str_t *value, ngx_flag_t *flag)
{
    if (value->len == 2 && ngx_strncmp(value->data, "on", 2) == 0) {
        *flag = 1;
        return NGX_OK;
    }

    if (value->len == 3 && ngx_strncmp(value->data, "off", 3) == 0) {
        *flag = 0;
        return NGX_OK;
    }

    return NGX_ERROR;
}


static ngx_int_t
ngx_game_conf_number(ngx_str_t *value, ngx_int_t low, ngx_int_t high)
{
    ngx_int_t  n;

    n = ngx_atoi(value->data, value->len);

    return (n == NGX_ERROR || n < low || n > high) ? NGX_ERROR : n;
}


/* 1 if the argument is `name` followed by a value; name ends with "=" */

ngx_uint_t
ngx_game_conf_param(ngx_str_t *arg, const char *name, ngx_str_t *value)
{
    size_t  len;

    len = ngx_strlen(name);

    if (arg->len < len || ngx_strncmp(arg->data, name, len) != 0) {
        return 0;
    }

    value->data = arg->data + len;
    value->len = arg->len - len;

    return 1;
}


char *
ngx_game_conf_invalid(ngx_conf_t *cf, const char *what, ngx_str_t *value)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid %s \"%V\"", what, value);

    return NGX_CONF_ERROR;
}
