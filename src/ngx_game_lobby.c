
/*
 * Copyright (C) ngx_game authors
 *
 * The list is read from the registry, so any worker can make it.
 */


#include "ngx_game_lobby.h"
#include "ngx_game_room.h"
#include "ngx_game_zone.h"


/* rooms in one answer */
#define NGX_GAME_LOBBY_MAX  1000


ngx_int_t
ngx_game_lobby_handler(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_uint_t             n, cursor;
    ngx_game_json_t        json;
    ngx_game_loc_conf_t   *lcf;
    ngx_game_room_info_t   info;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    lcf = ngx_http_get_module_loc_conf(r, ngx_game_module);

    ngx_game_json_init(&json, r->pool);
    ngx_game_json_printf(&json, "{\"rooms\":[");

    if (ngx_game_worker.epoch) {
        cursor = 0;

        for (n = 0;
             n < NGX_GAME_LOBBY_MAX
             && ngx_game_registry_next(lcf->game->hash, &cursor, &info)
                == NGX_OK;
             n++)
        {
            if (n) {
                ngx_game_json_printf(&json, ",");
            }

            ngx_game_lobby_room(&json, &info);
            ngx_game_json_printf(&json, "}");
        }
    }

    ngx_game_json_printf(&json, "]}\n");

    return ngx_game_json_send(r, &json, NGX_HTTP_OK);
}


void
ngx_game_lobby_room(ngx_game_json_t *json, ngx_game_room_info_t *info)
{
    ngx_game_game_t  *game;

    game = ngx_game_room_game(info->game);

    ngx_game_json_printf(json, "{\"id\":\"%V\"", ngx_game_id_text(info->id));

    if (game) {
        ngx_game_json_printf(json, ",\"game\":");
        ngx_game_json_string(json, &game->name);
    }

    ngx_game_json_printf(json, ",\"players\":%uD,\"max_players\":%uD,"
                         "\"locked\":%s,\"metadata\":",
                         info->players, info->max_players,
                         info->locked ? "true" : "false");

    /* JSON of the codec's */

    if (info->metadata_len) {
        ngx_game_json_raw(json, info->metadata, info->metadata_len);

    } else {
        ngx_game_json_printf(json, "{}");
    }
}
