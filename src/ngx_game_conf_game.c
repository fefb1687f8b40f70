
/*
 * Copyright (C) ngx_game authors
 *
 * The list of games: each location with `game` points to one, and locations
 * that name the same game share its rooms, so that what they say of the game
 * must agree.  Runs in the master only, as ngx_game_conf.c does.
 */


#include "ngx_game_conf.h"
#include "ngx_game_handshake.h"


#define NGX_GAME_NAME_MAX  64


static ngx_int_t ngx_game_conf_add_location(ngx_conf_t *cf,
    ngx_game_loc_conf_t *conf, ngx_http_core_loc_conf_t *clcf);
static ngx_game_game_t *ngx_game_conf_find_game(ngx_conf_t *cf,
    ngx_str_t *name, ngx_str_t *script);
static void ngx_game_conf_base_name(ngx_str_t *script, ngx_str_t *name);
static ngx_uint_t ngx_game_conf_name_valid(ngx_str_t *name);
static uint64_t ngx_game_conf_hash(ngx_str_t *name);


char *
ngx_game_conf_game(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_game_loc_conf_t  *glcf = conf;

    ngx_str_t                 *value, script, name;
    ngx_http_core_loc_conf_t  *clcf;

    if (glcf->game) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 0) {
        return ngx_game_conf_invalid(cf, "value", &value[1]);
    }

    script = value[1];

    if (ngx_conf_full_name(cf->cycle, &script, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts == 2) {
        ngx_game_conf_base_name(&script, &name);

    } else if (!ngx_game_conf_param(&value[2], "name=", &name)) {
        return ngx_game_conf_invalid(cf, "parameter", &value[2]);
    }

    if (!ngx_game_conf_name_valid(&name)) {
        return ngx_game_conf_invalid(cf, "game name", &name);
    }

    glcf->game = ngx_game_conf_find_game(cf, &name, &script);

    if (glcf->game == NULL) {
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_game_handshake_handler;

    return NGX_CONF_OK;
}


char *
ngx_game_conf_settle_game(ngx_conf_t *cf, ngx_game_loc_conf_t *conf)
{
    size_t                     replay;
    ngx_game_game_t           *game;
    ngx_http_core_loc_conf_t  *clcf;

    game = conf->game;

    /* a session that has just begun must be able to take it */

    replay = ngx_min(conf->replay, conf->send_buffer / 2);

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (ngx_game_conf_add_location(cf, conf, clcf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (game->location.data == NULL) {
        game->location = clcf->name;
        game->room_max_players = conf->room_max_players;
        game->room_max_errors = conf->room_max_errors;
        game->checkpoint = conf->checkpoint;
        game->resume_timeout = conf->resume_timeout;
        game->replay = replay;

        return NGX_CONF_OK;
    }

    game->replay = ngx_min(game->replay, replay);

    if (game->room_max_players == conf->room_max_players
        && game->room_max_errors == conf->room_max_errors
        && game->checkpoint == conf->checkpoint
        && game->resume_timeout == conf->resume_timeout)
    {
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "game \"%V\" has other room settings in location "
                       "\"%V\" than in location \"%V\"",
                       &game->name, &clcf->name, &game->location);

    return NGX_CONF_ERROR;
}


/* known by its server's and its own name in any later configuration; if there
 * are several of these names, the first stands for all */

static ngx_int_t
ngx_game_conf_add_location(ngx_conf_t *cf, ngx_game_loc_conf_t *conf,
    ngx_http_core_loc_conf_t *clcf)
{
    ngx_game_loc_conf_t       **locations;
    ngx_game_main_conf_t       *mcf;
    ngx_http_core_srv_conf_t   *cscf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_game_module);
    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    conf->key = ngx_game_conf_hash(&cscf->server_name)
                ^ (ngx_game_conf_hash(&clcf->name) << 1);
    conf->error_log = clcf->error_log;

    locations = ngx_array_push(&mcf->locations);
    if (locations == NULL) {
        return NGX_ERROR;
    }

    *locations = conf;

    return NGX_OK;
}


static ngx_game_game_t *
ngx_game_conf_find_game(ngx_conf_t *cf, ngx_str_t *name, ngx_str_t *script)
{
    ngx_uint_t             i;
    ngx_game_game_t       *game, **games;
    ngx_game_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_game_module);
    games = mcf->games.elts;

    for (i = 0; i < mcf->games.nelts; i++) {

        if (games[i]->name.len != name->len
            || ngx_strncmp(games[i]->name.data, name->data, name->len) != 0)
        {
            continue;
        }

        if (games[i]->script.len == script->len
            && ngx_strncmp(games[i]->script.data, script->data, script->len)
               == 0)
        {
            return games[i];
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "game \"%V\" has two scripts: \"%V\" and \"%V\"",
                           name, &games[i]->script, script);
        return NULL;
    }

    game = ngx_pcalloc(cf->pool, sizeof(ngx_game_game_t));
    if (game == NULL) {
        return NULL;
    }

    games = ngx_array_push(&mcf->games);
    if (games == NULL) {
        return NULL;
    }

    *games = game;

    game->name = *name;
    game->script = *script;
    game->index = mcf->games.nelts - 1;
    game->hash = ngx_game_conf_hash(name);

    return game;
}


/* the file's name without directories and ".lua" */

static void
ngx_game_conf_base_name(ngx_str_t *script, ngx_str_t *name)
{
    u_char  *p, *last;

    last = script->data + script->len;

    for (p = last; p > script->data && p[-1] != '/'; p--) { /* void */ }

    if (last - p > 4 && ngx_strncmp(last - 4, ".lua", 4) == 0) {
        last -= 4;
    }

    name->data = p;
    name->len = last - p;
}


/* such a name can stand in logs, JSON, URIs and keys as it is */

static ngx_uint_t
ngx_game_conf_name_valid(ngx_str_t *name)
{
    u_char   ch;
    size_t   i;

    if (name->len == 0 || name->len > NGX_GAME_NAME_MAX) {
        return 0;
    }

    for (i = 0; i < name->len; i++) {
        ch = name->data[i];

        if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
            || (ch >= '0' && ch <= '9')
            || ch == '.' || ch == '_' || ch == '-')
        {
            continue;
        }

        return 0;
    }

    return 1;
}


/* FNV-1a; 0 means "all games" in the registry */

static uint64_t
ngx_game_conf_hash(ngx_str_t *name)
{
    size_t    i;
    uint64_t  hash;

    hash = 0xcbf29ce484222325;

    for (i = 0; i < name->len; i++) {
        hash = (hash ^ name->data[i]) * 0x100000001b3;
    }

    return hash ? hash : 1;
}
