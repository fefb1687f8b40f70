
/*
 * Copyright (C) ngx_game authors
 *
 * The module as nginx sees it: directives, variables, and hooks.  What a
 * directive does with its arguments is in src/ngx_game_conf.c, what a worker
 * does in src/ngx_game_engine.c.
 */


#include "ngx_game.h"
#include "ngx_game_conf.h"
#include "ngx_game_control.h"
#include "ngx_game_drain.h"
#include "ngx_game_engine.h"
#include "ngx_game_handshake.h"
#include "ngx_game_join.h"
#include "ngx_game_lua.h"
#include "ngx_game_script.h"
#include "ngx_game_status.h"
#include "ngx_game_zone.h"


_Static_assert(sizeof(void *) == 8, "ngx_game needs a system of 64 bits");


#define NGX_GAME_ANY_CONF                                                     \
    (NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF)


static void *ngx_game_create_main_conf(ngx_conf_t *cf);
static char *ngx_game_init_main_conf(ngx_conf_t *cf, void *conf);
static void *ngx_game_create_loc_conf(ngx_conf_t *cf);
static char *ngx_game_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_game_merge_game(ngx_conf_t *cf, ngx_game_loc_conf_t *prev,
    ngx_game_loc_conf_t *conf);
static ngx_http_handler_pt ngx_game_content_handler(
    ngx_game_loc_conf_t *conf);
static ngx_int_t ngx_game_add_variables(ngx_conf_t *cf);
static ngx_int_t ngx_game_id_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_game_postconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_game_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_game_init_process(ngx_cycle_t *cycle);
static void ngx_game_exit_process(ngx_cycle_t *cycle);


ngx_game_worker_t  ngx_game_worker;


static ngx_conf_num_bounds_t  ngx_game_players_bounds = {
    ngx_conf_check_num_bounds, 1, 65535
};

static ngx_conf_num_bounds_t  ngx_game_errors_bounds = {
    ngx_conf_check_num_bounds, 0, 1000000
};

static ngx_game_conf_bounds_t  ngx_game_message_bounds = {
    ngx_game_conf_check_bounds, 1, NGX_GAME_MESSAGE_MAX,
    "between 1 and 67104768"
};

static ngx_game_conf_bounds_t  ngx_game_buffer_bounds = {
    ngx_game_conf_check_bounds, 4096, 1024 * 1024 * 1024,
    "between 4k and 1024m"
};

static ngx_game_conf_bounds_t  ngx_game_idle_bounds = {
    ngx_game_conf_check_bounds, 100, 86400 * 1000,
    "between 100ms and 1d"
};

static ngx_game_conf_bounds_t  ngx_game_timeout_bounds = {
    ngx_game_conf_check_bounds, 5, 60 * 1000,
    "between 5ms and 1m"
};

static ngx_game_conf_bounds_t  ngx_game_memory_bounds = {
    ngx_game_conf_check_bounds, 1024 * 1024, NGX_MAX_SIZE_T_VALUE,
    "at least 1m"
};


static ngx_command_t  ngx_game_commands[] = {

    { ngx_string("game_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_game_conf_zone,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("game_lua_path"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_game_conf_lua_path,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("game_script_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_game_main_conf_t, script_timeout),
      &ngx_game_timeout_bounds },

    { ngx_string("game_script_memory"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_game_main_conf_t, script_memory),
      &ngx_game_memory_bounds },

    { ngx_string("game_worker_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_game_conf_worker_timeout,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("game_drain"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_game_main_conf_t, drain),
      NULL },

    { ngx_string("game_balance"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_game_main_conf_t, balance),
      NULL },

    { ngx_string("game_snapshot"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE12,
      ngx_game_conf_snapshot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("game_guard"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_game_main_conf_t, guard),
      NULL },

    { ngx_string("game"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_game_conf_game,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("game_identity"),
      NGX_GAME_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_game_loc_conf_t, identity),
      NULL },

    { ngx_string("game_origins"),
      NGX_GAME_ANY_CONF|NGX_CONF_1MORE,
      ngx_game_conf_origins,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("game_room_max_players"),
      NGX_GAME_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_game_loc_conf_t, room_max_players),
      &ngx_game_players_bounds },

    { ngx_string("game_room_max_errors"),
      NGX_GAME_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_game_loc_conf_t, room_max_errors),
      &ngx_game_errors_bounds },

    { ngx_string("game_checkpoint"),
      NGX_GAME_ANY_CONF|NGX_CONF_TAKE1,
      ngx_game_conf_checkpoint,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("game_resume_timeout"),
      NGX_GAME_ANY_CONF|NGX_CONF_TAKE1,
      ngx_game_conf_resume_timeout,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("game_replay"),
      NGX_GAME_ANY_CONF|NGX_CONF_TAKE1,
      ngx_game_conf_replay,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("game_message_max_size"),
      NGX_GAME_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_game_loc_conf_t, message_max_size),
      &ngx_game_message_bounds },

    { ngx_string("game_message_rate"),
      NGX_GAME_ANY_CONF|NGX_CONF_TAKE12,
      ngx_game_conf_rate,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("game_send_buffer"),
      NGX_GAME_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_game_loc_conf_t, send_buffer),
      &ngx_game_buffer_bounds },

    { ngx_string("game_idle_timeout"),
      NGX_GAME_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_game_loc_conf_t, idle_timeout),
      &ngx_game_idle_bounds },

    { ngx_string("game_ping_interval"),
      NGX_GAME_ANY_CONF|NGX_CONF_TAKE1,
      ngx_game_conf_ping,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("game_deflate"),
      NGX_GAME_ANY_CONF|NGX_CONF_1MORE,
      ngx_game_conf_deflate,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("game_session_limit"),
      NGX_GAME_ANY_CONF|NGX_CONF_TAKE12,
      ngx_game_conf_session_limit,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("game_log"),
      NGX_GAME_ANY_CONF|NGX_CONF_TAKE1,
      ngx_game_conf_log,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("game_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_game_conf_status,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("game_control"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_game_conf_control,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_game_module_ctx = {
    ngx_game_add_variables,                /* preconfiguration */
    ngx_game_postconfiguration,            /* postconfiguration */

    ngx_game_create_main_conf,             /* create main configuration */
    ngx_game_init_main_conf,               /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_game_create_loc_conf,              /* create location configuration */
    ngx_game_merge_loc_conf                /* merge location configuration */
};


ngx_module_t  ngx_game_module = {
    NGX_MODULE_V1,
    &ngx_game_module_ctx,                  /* module context */
    ngx_game_commands,                     /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_game_init_module,                  /* init module */
    ngx_game_init_process,                 /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_game_exit_process,                 /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


/* data is the offset of the id in ngx_game_join_t */

static ngx_http_variable_t  ngx_game_variables[] = {

    { ngx_string("game_room"), NULL, ngx_game_id_variable,
      offsetof(ngx_game_join_t, room), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("game_player"), NULL, ngx_game_id_variable,
      offsetof(ngx_game_join_t, player), NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


static void *
ngx_game_create_main_conf(ngx_conf_t *cf)
{
    ngx_game_main_conf_t  *mcf;

    mcf = ngx_pcalloc(cf->pool, sizeof(ngx_game_main_conf_t));
    if (mcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     mcf->shm_zone = NULL;
     *     mcf->lua_path = { 0, NULL };
     *     mcf->sources = NULL;
     *     mcf->status = 0;
     *     mcf->control = 0;
     */

    if (ngx_array_init(&mcf->locations, cf->pool, 4,
                       sizeof(ngx_game_loc_conf_t *))
        != NGX_OK)
    {
        return NULL;
    }

    if (ngx_array_init(&mcf->games, cf->pool, 4, sizeof(ngx_game_game_t *))
        != NGX_OK)
    {
        return NULL;
    }

    mcf->script_memory = NGX_CONF_UNSET_SIZE;
    mcf->script_timeout = NGX_CONF_UNSET_MSEC;
    mcf->worker_timeout = NGX_CONF_UNSET_MSEC;
    mcf->drain = NGX_CONF_UNSET;
    mcf->balance = NGX_CONF_UNSET;
    mcf->snapshot = NGX_CONF_UNSET_PTR;
    mcf->guard = NGX_CONF_UNSET;

    return mcf;
}


static char *
ngx_game_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_game_main_conf_t  *mcf = conf;

    ngx_conf_init_size_value(mcf->script_memory, 64 * 1024 * 1024);
    ngx_conf_init_msec_value(mcf->script_timeout, 100);
    ngx_conf_init_msec_value(mcf->worker_timeout, 10000);
    ngx_conf_init_value(mcf->drain, 0);
    ngx_conf_init_value(mcf->balance, 1);
    ngx_conf_init_ptr_value(mcf->snapshot, NULL);
    ngx_conf_init_value(mcf->guard, 1);

    return NGX_CONF_OK;
}


static void *
ngx_game_create_loc_conf(ngx_conf_t *cf)
{
    ngx_game_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_game_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     conf->game = NULL;
     *     conf->identity = NULL;
     *     conf->origins = NULL;
     *     conf->session_key = NULL;
     *     conf->status = 0;
     *     conf->control = 0;
     */

    conf->same_origin = NGX_CONF_UNSET;
    conf->any_origin = NGX_CONF_UNSET;
    conf->message_max_size = NGX_CONF_UNSET_SIZE;
    conf->message_rate = NGX_CONF_UNSET_UINT;
    conf->message_burst = NGX_CONF_UNSET_UINT;
    conf->send_buffer = NGX_CONF_UNSET_SIZE;
    conf->idle_timeout = NGX_CONF_UNSET_MSEC;
    conf->ping_interval = NGX_CONF_UNSET_MSEC;
    conf->deflate.enable = NGX_CONF_UNSET;
    conf->session_limit = NGX_CONF_UNSET_UINT;
    conf->room_max_players = NGX_CONF_UNSET_UINT;
    conf->room_max_errors = NGX_CONF_UNSET_UINT;
    conf->checkpoint = NGX_CONF_UNSET_MSEC;
    conf->resume_timeout = NGX_CONF_UNSET_MSEC;
    conf->replay = NGX_CONF_UNSET_SIZE;
    conf->log = NGX_CONF_UNSET_PTR;

    return conf;
}


static char *
ngx_game_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_game_loc_conf_t  *prev = parent;
    ngx_game_loc_conf_t  *conf = child;

    if (conf->identity == NULL) {
        conf->identity = prev->identity;
    }

    /* directives that set several fields are inherited as a whole */

    if (conf->any_origin == NGX_CONF_UNSET) {
        conf->origins = prev->origins;
        ngx_conf_merge_value(conf->same_origin, prev->same_origin, 1);
        ngx_conf_merge_value(conf->any_origin, prev->any_origin, 0);
    }

    if (conf->deflate.enable == NGX_CONF_UNSET) {
        conf->deflate = prev->deflate;
        ngx_conf_init_value(conf->deflate.enable, 0);
    }

    if (conf->session_limit == NGX_CONF_UNSET_UINT) {
        conf->session_key = prev->session_key;
        ngx_conf_merge_uint_value(conf->session_limit, prev->session_limit, 0);
    }

    ngx_conf_merge_uint_value(conf->message_rate, prev->message_rate, 120);
    ngx_conf_merge_uint_value(conf->message_burst, prev->message_burst, 240);

    ngx_conf_merge_size_value(conf->message_max_size, prev->message_max_size,
                              64 * 1024);
    ngx_conf_merge_size_value(conf->send_buffer, prev->send_buffer,
                              256 * 1024);
    ngx_conf_merge_msec_value(conf->idle_timeout, prev->idle_timeout, 60000);
    ngx_conf_merge_msec_value(conf->ping_interval, prev->ping_interval, 20000);
    ngx_conf_merge_uint_value(conf->room_max_players, prev->room_max_players,
                              100);
    ngx_conf_merge_uint_value(conf->room_max_errors, prev->room_max_errors,
                              50);
    ngx_conf_merge_msec_value(conf->checkpoint, prev->checkpoint,
                              NGX_GAME_CHECKPOINT_AUTO);
    ngx_conf_merge_msec_value(conf->resume_timeout, prev->resume_timeout,
                              30000);
    ngx_conf_merge_size_value(conf->replay, prev->replay, 32 * 1024);
    ngx_conf_merge_ptr_value(conf->log, prev->log, NULL);

    return ngx_game_merge_game(cf, prev, conf);
}


static char *
ngx_game_merge_game(ngx_conf_t *cf, ngx_game_loc_conf_t *prev,
    ngx_game_loc_conf_t *conf)
{
    ngx_http_handler_pt        own;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->noname && conf->game == NULL && clcf->handler == NULL) {

        /*
         * "if" and "limit_except" within the location: requests go on with
         * its content handler, but with the settings of the block
         */

        conf->game = prev->game;
        conf->control = prev->control;

        if (clcf->lmt_excpt) {
            clcf->handler = ngx_game_content_handler(conf);
        }

    } else {
        own = ngx_game_content_handler(conf);

        if ((own && clcf->handler != own)
            || (conf->game != NULL) + conf->status + conf->control > 1)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "location \"%V\" has another content handler "
                               "beside \"%s\"", &clcf->name,
                               conf->game ? "game"
                               : conf->status ? "game_status"
                               : "game_control");
            return NGX_CONF_ERROR;
        }
    }

    if (conf->game == NULL) {
        return NGX_CONF_OK;
    }

    if (conf->ping_interval >= conf->idle_timeout) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"game_ping_interval\" is not less than "
                           "\"game_idle_timeout\" in location \"%V\": "
                           "players that send nothing will be closed",
                           &clcf->name);
    }

    if (conf->send_buffer < conf->message_max_size) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"game_send_buffer\" is less than "
                           "\"game_message_max_size\" in location \"%V\"",
                           &clcf->name);
    }

    return ngx_game_conf_settle_game(cf, conf);
}


/* of what the location has; NULL: nothing of ours */

static ngx_http_handler_pt
ngx_game_content_handler(ngx_game_loc_conf_t *conf)
{
    return conf->game ? ngx_game_handshake_handler
           : conf->status ? ngx_game_status_handler
           : conf->control ? ngx_game_control_handler : NULL;
}


static ngx_int_t
ngx_game_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_game_variables; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


/* $game_room and $game_player: a room that admits a player makes the response
 * a 101, so that there are none before, nor for those who are refused */

static ngx_int_t
ngx_game_id_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    uint64_t          id;
    ngx_game_join_t  *join;

    join = ngx_http_get_module_ctx(r, ngx_game_module);

    if (join == NULL
        || r->headers_out.status != NGX_HTTP_SWITCHING_PROTOCOLS)
    {
        v->not_found = 1;
        return NGX_OK;
    }

    id = *(uint64_t *) ((u_char *) join + data);

    v->data = ngx_pnalloc(r->pool, NGX_GAME_ID_LEN);
    if (v->data == NULL) {
        return NGX_ERROR;
    }

    v->len = ngx_game_id_format(v->data, id) - v->data;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_game_postconfiguration(ngx_conf_t *cf)
{
    const char            *needs;
    ngx_game_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_game_module);

    needs = mcf->games.nelts ? "game"
            : mcf->status ? "game_status"
            : mcf->control ? "game_control"
            : mcf->drain ? "game_drain" : NULL;

    if (mcf->shm_zone == NULL && needs) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "\"%s\" needs \"game_zone\"",
                      needs);
        return NGX_ERROR;
    }

    if (mcf->games.nelts == 0) {
        return NGX_OK;
    }

    ngx_game_script_set_libs(ngx_game_lua_open);

    return ngx_game_script_check(cf, mcf);
}


/* the configuration comes into effect: its workers are about to start, and the
 * old ones to exit */

static ngx_int_t
ngx_game_init_module(ngx_cycle_t *cycle)
{
    ngx_game_main_conf_t  *mcf;

    mcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_game_module);

    if (mcf && mcf->shm_zone) {
        ngx_game_drain_configure(mcf->drain);
    }

    return NGX_OK;
}


/* the cache manager and loader run these hooks too, but are no workers */

static ngx_int_t
ngx_game_init_process(ngx_cycle_t *cycle)
{
    ngx_game_main_conf_t  *mcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    mcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_game_module);

    if (mcf == NULL || mcf->shm_zone == NULL) {
        return NGX_OK;
    }

    return ngx_game_engine_init(cycle, mcf);
}


static void
ngx_game_exit_process(ngx_cycle_t *cycle)
{
    if (ngx_game_worker.conf) {
        ngx_game_engine_done();
    }
}
