
/*
 * Copyright (C) ngx_game authors
 *
 * All is read from the zone without a lock, so any worker can answer for all;
 * the figures are those of one moment each.
 */


#include "ngx_game_status.h"
#include "ngx_game_channel.h"
#include "ngx_game_clock.h"
#include "ngx_game_control.h"
#include "ngx_game_json.h"
#include "ngx_game_lobby.h"
#include "ngx_game_registry.h"
#include "ngx_game_snapshot.h"
#include "ngx_game_store.h"
#include "ngx_game_zone.h"


/* rooms in one answer; zone.rooms.used tells how many there are */
#define NGX_GAME_STATUS_ROOMS  1000


static void ngx_game_status_zone(ngx_game_json_t *json);
static void ngx_game_status_snapshot(ngx_game_json_t *json);
static void ngx_game_status_worker(ngx_game_json_t *json,
    ngx_game_worker_info_t *info);
static void ngx_game_status_rooms(ngx_game_json_t *json);


#define ngx_game_status_get(info, name)                                       \
    atomic_load_explicit(&(info)->counters->name, memory_order_relaxed)


ngx_int_t
ngx_game_status_handler(ngx_http_request_t *r)
{
    ngx_int_t               rc;
    ngx_uint_t              i, n;
    ngx_game_json_t         json;
    ngx_game_worker_info_t  infos[NGX_GAME_MAX_SLOTS];

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_game_json_init(&json, r->pool);

    ngx_game_json_printf(&json, "{\"version\":\"%s\",\"nginx\":\"%s\","
                         "\"worker\":%P", NGX_GAME_VERSION, NGINX_VERSION,
                         ngx_pid);

    if (ngx_game_worker.epoch == 0) {
        ngx_game_json_printf(&json, ",\"zone\":null,\"drain\":null,"
                             "\"workers\":[],\"rooms\":[]}\n");

        return ngx_game_json_send(r, &json, NGX_HTTP_OK);
    }

    ngx_game_status_zone(&json);
    ngx_game_status_snapshot(&json);

    ngx_game_json_printf(&json, ",\"drain\":");
    ngx_game_control_drain(&json);

    ngx_game_json_printf(&json, ",\"workers\":[");

    n = ngx_game_zone_workers(infos, NGX_GAME_MAX_SLOTS);
    n = ngx_min(n, NGX_GAME_MAX_SLOTS);

    for (i = 0; i < n; i++) {
        if (i) {
            ngx_game_json_printf(&json, ",");
        }

        ngx_game_status_worker(&json, &infos[i]);
    }

    ngx_game_status_rooms(&json);

    return ngx_game_json_send(r, &json, NGX_HTTP_OK);
}


static void
ngx_game_status_zone(ngx_game_json_t *json)
{
    size_t      used, size, store_used, store_size;
    ngx_uint_t  rooms_used, rooms_size;

    ngx_game_zone_usage(&used, &size);
    ngx_game_registry_usage(&rooms_used, &rooms_size);
    ngx_game_store_usage(&store_used, &store_size);

    ngx_game_json_printf(json, ",\"zone\":{\"size\":%uz,\"used\":%uz,"
                         "\"rooms\":{\"used\":%ui,\"size\":%ui},"
                         "\"checkpoints\":{\"used\":%uz,\"size\":%uz}}",
                         size, used, rooms_used, rooms_size, store_used,
                         store_size);
}


static void
ngx_game_status_snapshot(ngx_game_json_t *json)
{
    ngx_game_snapshot_info_t  info;

    if (ngx_game_snapshot_info(&info) != NGX_OK) {
        ngx_game_json_printf(json, ",\"snapshot\":null");
        return;
    }

    ngx_game_json_printf(json, ",\"snapshot\":{\"age\":");

    if (info.written) {
        ngx_game_json_printf(json, "%uL",
                             (uint64_t) ngx_max(ngx_time()
                                                - (time_t) info.written, 0));
    } else {
        ngx_game_json_printf(json, "null");
    }

    ngx_game_json_printf(json, ",\"size\":%uL,\"rooms\":%uL,"
                         "\"failed\":%uL,\"loaded\":%uL}",
                         info.size, info.rooms, info.failed, info.loaded);
}


static void
ngx_game_status_worker(ngx_game_json_t *json, ngx_game_worker_info_t *info)
{
    size_t    depth;
    uint64_t  ticks, saved, since, now;

    depth = info->epoch == ngx_game_worker.epoch
            ? 0 : ngx_game_channel_depth(info->epoch);
    ticks = ngx_game_status_get(info, ticks);

    ngx_game_json_printf(json, "{\"slot\":%ui,\"pid\":%P,\"generation\":%uL,"
                         "\"exiting\":%s,\"sessions\":%uL,\"rooms\":%uL,"
                         "\"players\":%uL,\"away\":%uL,\"busy\":%.3f",
                         info->slot, info->pid, info->generation,
                         info->exiting ? "true" : "false",
                         ngx_game_status_get(info, sessions),
                         ngx_game_status_get(info, rooms),
                         ngx_game_status_get(info, players),
                         ngx_game_status_get(info, away),
                         ngx_game_status_get(info, busy_ppm) / 1000000.0);

    ngx_game_json_printf(json, ",\"handshakes\":{\"opened\":%uL,"
                         "\"resumed\":%uL,\"refused\":%uL,"
                         "\"origin\":%uL,\"limit\":%uL,\"full\":%uL}",
                         ngx_game_status_get(info, opened),
                         ngx_game_status_get(info, resumed),
                         ngx_game_status_get(info, refused),
                         ngx_game_status_get(info, refused_origin),
                         ngx_game_status_get(info, refused_limit),
                         ngx_game_status_get(info, refused_full));

    ngx_game_json_printf(json, ",\"messages\":{\"in\":%uL,\"out\":%uL},"
                         "\"bytes\":{\"in\":%uL,\"out\":%uL}",
                         ngx_game_status_get(info, messages_in),
                         ngx_game_status_get(info, messages_out),
                         ngx_game_status_get(info, bytes_in),
                         ngx_game_status_get(info, bytes_out));

    ngx_game_json_printf(json, ",\"closed\":{\"rate\":%uL,\"size\":%uL,"
                         "\"invalid\":%uL,\"slow\":%uL}",
                         ngx_game_status_get(info, closed_rate),
                         ngx_game_status_get(info, closed_size),
                         ngx_game_status_get(info, closed_invalid),
                         ngx_game_status_get(info, closed_slow));

    ngx_game_json_printf(json, ",\"ticks\":{\"run\":%uL,\"missed\":%uL,"
                         "\"late_avg_ms\":%.3f,\"late_max_ms\":%.3f}",
                         ticks, ngx_game_status_get(info, ticks_missed),
                         ngx_game_status_get(info, tick_late_us) / 1000.0
                         / ngx_max(ticks, 1),
                         ngx_game_status_get(info, tick_late_max_us) / 1000.0);

    ngx_game_json_printf(json, ",\"script\":{\"memory\":%uL,\"errors\":%uL,"
                         "\"timeouts\":%uL}",
                         ngx_game_status_get(info, script_memory),
                         ngx_game_status_get(info, script_errors),
                         ngx_game_status_get(info, script_timeouts));

    saved = ngx_game_status_get(info, checkpoints);
    since = ngx_game_status_get(info, unsaved_since);
    now = ngx_game_clock_now();

    ngx_game_json_printf(json, ",\"checkpoints\":{\"saved\":%uL,"
                         "\"failed\":%uL,\"unsaved_ms\":%uL,"
                         "\"avg_us\":%.1f}",
                         saved, ngx_game_status_get(info, checkpoints_failed),
                         since && now > since ? (now - since) / 1000 : 0,
                         (double) ngx_game_status_get(info, checkpoint_us)
                         / ngx_max(saved, 1));

    ngx_game_json_printf(json, ",\"handover\":{\"rooms_taken\":%uL,"
                         "\"rooms_given\":%uL,\"rooms_balanced\":%uL,"
                         "\"rooms_kept\":%uL,\"rooms_adopted\":%uL,"
                         "\"sessions_taken\":%uL,\"sessions_given\":%uL}",
                         ngx_game_status_get(info, rooms_taken),
                         ngx_game_status_get(info, rooms_given),
                         ngx_game_status_get(info, rooms_balanced),
                         ngx_game_status_get(info, rooms_kept),
                         ngx_game_status_get(info, rooms_adopted),
                         ngx_game_status_get(info, sessions_taken),
                         ngx_game_status_get(info, sessions_given));

    ngx_game_json_printf(json, ",\"guard\":{\"sessions\":%uL,\"saved\":%uL,"
                         "\"lost\":%uL}",
                         ngx_game_status_get(info, wards),
                         ngx_game_status_get(info, sessions_saved),
                         ngx_game_status_get(info, sessions_lost));

    ngx_game_json_printf(json, ",\"ring\":{\"in\":%uL,\"out\":%uL,"
                         "\"spilled\":%uL,\"dropped\":%uL,\"depth\":%uz}}",
                         ngx_game_status_get(info, ring_in),
                         ngx_game_status_get(info, ring_out),
                         ngx_game_status_get(info, ring_spilled),
                         ngx_game_status_get(info, ring_dropped), depth);
}


static void
ngx_game_status_rooms(ngx_game_json_t *json)
{
    ngx_str_t             version;
    ngx_uint_t            n, cursor;
    ngx_game_room_info_t  info;

    ngx_game_json_printf(json, "],\"rooms\":[");

    cursor = 0;

    for (n = 0;
         n < NGX_GAME_STATUS_ROOMS
         && ngx_game_registry_next(0, &cursor, &info) == NGX_OK;
         n++)
    {
        if (n) {
            ngx_game_json_printf(json, ",");
        }

        version.data = info.version;
        version.len = strnlen((char *) info.version, sizeof(info.version));

        ngx_game_lobby_room(json, &info);
        ngx_game_json_printf(json, ",\"version\":");
        ngx_game_json_string(json, &version);
        ngx_game_json_printf(json, ",\"slot\":%ui,\"term\":%uL,"
                             "\"created\":%uL}",
                             ngx_game_slot_of(info.owner), info.term,
                             info.created);
    }

    ngx_game_json_printf(json, "]}\n");
}
