
/*
 * Copyright (C) ngx_game authors
 *
 * The master makes the zone once and hands the same memory to all later
 * configurations; a worker inherits the mapping.  nginx's slab pool stays at
 * its start, as the master frees the pool's mutex when its holder dies, and
 * all of its pages are taken by one allocation that is divided here:
 *
 *     header | slots | snapshot | rings | limits | registry | store
 *
 * Nothing is ever cleared as a whole: fresh pages are zero, and those that
 * are never touched cost nothing.
 *
 * What outlives a configuration is in the zone, but for the eventfds: they are
 * counted by the configurations that use them (refs).
 */


#include "ngx_game.h"
#include "ngx_game_slot.h"
#include "ngx_game_zone.h"
#include "ngx_game_layout.h"

#include <sys/random.h>


/* "ngxgame1" */
#define NGX_GAME_LAYOUT_MAGIC      0x31656d616778676eULL
#define NGX_GAME_LAYOUT_VERSION    5

#define NGX_GAME_LAYOUT_MIN_SLOTS  16

/* see ngx_game_rings.c: what a ring takes at least and at most */
#define NGX_GAME_LAYOUT_MIN_RING   (16 * 1024 + 256)
#define NGX_GAME_LAYOUT_MAX_RING   (64 * 1024 + 256)

/* 2026-01-01 00:00:00 UTC */
#define NGX_GAME_LAYOUT_ID_START   1767225600


static void ngx_game_layout_cleanup(void *data);
static ngx_int_t ngx_game_layout_init(ngx_shm_zone_t *zone, void *data);
static void ngx_game_layout_check(ngx_cycle_t *cycle, ngx_log_t *log);
static ngx_int_t ngx_game_layout_resized(ngx_shm_zone_t *zone);
static ngx_int_t ngx_game_layout_create(ngx_shm_zone_t *zone);
static ngx_int_t ngx_game_layout_reuse(ngx_shm_zone_t *zone);
static ngx_uint_t ngx_game_layout_processes(ngx_cycle_t *cycle);
static ngx_int_t ngx_game_layout_divide(ngx_game_layout_header_t *header,
    ngx_uint_t slots, size_t size);
static void ngx_game_layout_map(ngx_slab_pool_t *shpool);


ngx_game_layout_t  ngx_game_layout;


ngx_int_t
ngx_game_layout_prepare(ngx_conf_t *cf, ngx_shm_zone_t *zone)
{
    ngx_pool_cleanup_t     *cln;
    ngx_game_layout_ctx_t  *ctx;

    cln = ngx_pool_cleanup_add(cf->pool, sizeof(ngx_game_layout_ctx_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    ctx = cln->data;
    ctx->cycle = cf->cycle;
    ctx->generation = 0;
    ctx->used = 0;

    cln->handler = ngx_game_layout_cleanup;

    zone->init = ngx_game_layout_init;
    zone->data = ctx;

    return NGX_OK;
}


/* a configuration is gone, or did not come into effect */

static void
ngx_game_layout_cleanup(void *data)
{
    ngx_game_layout_ctx_t  *ctx = data;

    if (!ctx->used) {
        return;
    }

    ctx->used = 0;

    if (--ngx_game_layout.refs) {
        return;
    }

    /* the memory is nginx's to free, and may be gone already */

    ngx_game_slot_close();
    ngx_game_layout.shpool = NULL;
}


static ngx_int_t
ngx_game_layout_init(ngx_shm_zone_t *zone, void *data)
{
    ngx_int_t               rc;
    ngx_game_layout_ctx_t  *ctx;

    ctx = zone->data;

    if (data == NULL) {

        if (ngx_game_layout_resized(zone) != NGX_OK) {
            return NGX_ERROR;
        }

        if (ngx_game_layout.refs) {
            ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                          "\"game_zone\" is still in use by a former "
                          "configuration: this needs a restart");
            return NGX_ERROR;
        }

        rc = ngx_game_layout_create(zone);

    } else {

        /* the old data may be of another copy of the module: not looked at */

        rc = ngx_game_layout_reuse(zone);
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    /* a configuration that fails later leaves a gap */

    ctx->generation = 1 + atomic_fetch_add(
                                  &ngx_game_layout.header->generations, 1);
    ctx->used = 1;
    ngx_game_layout.refs++;

    ngx_game_layout_check(ctx->cycle, zone->shm.log);

    return NGX_OK;
}


/* at a reload two generations of workers send to each other */

static void
ngx_game_layout_check(ngx_cycle_t *cycle, ngx_log_t *log)
{
    size_t      size;
    ngx_uint_t  workers;

    workers = 2 * ngx_game_layout_processes(cycle);

    if (workers > ngx_game_layout.header->slots) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "\"game_zone\" was made with %uD worker slots, which "
                      "are too few for reloads with %ui workers",
                      ngx_game_layout.header->slots, workers / 2);
    }

    size = workers * (workers - 1) * NGX_GAME_LAYOUT_MIN_RING;

    if (size > ngx_game_layout.header->rings_size) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "\"game_zone\" is small for reloads with %ui workers: "
                      "increase it to %uzm",
                      workers / 2, 2 * size / (1024 * 1024) + 1);
    }
}


/*
 * nginx gives a zone of another size fresh memory, that the running workers
 * would know nothing of.  ngx_cycle is still the old configuration here.
 */

static ngx_int_t
ngx_game_layout_resized(ngx_shm_zone_t *zone)
{
    ngx_uint_t        i;
    ngx_shm_zone_t   *old;
    ngx_list_part_t  *part;

    part = (ngx_list_part_t *) &ngx_cycle->shared_memory.part;
    old = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            old = part->elts;
            i = 0;
        }

        if (old[i].shm.addr == NULL
            || old[i].shm.name.len != zone->shm.name.len
            || ngx_strncmp(old[i].shm.name.data, zone->shm.name.data,
                           zone->shm.name.len)
               != 0)
        {
            continue;
        }

        ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                      "changing \"game_zone\" size from %uz to %uz "
                      "needs a restart", old[i].shm.size, zone->shm.size);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_game_layout_create(ngx_shm_zone_t *zone)
{
    size_t                     size;
    uint64_t                   random[3];
    ngx_log_t                 *log;
    ngx_uint_t                 slots;
    ngx_slab_pool_t           *shpool;
    ngx_game_layout_ctx_t     *ctx;
    ngx_game_layout_header_t  *header;

    ctx = zone->data;
    log = zone->shm.log;

    if (getrandom(random, sizeof(random), 0) != (ssize_t) sizeof(random)) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno, "getrandom() failed");
        return NGX_ERROR;
    }

    shpool = (ngx_slab_pool_t *) zone->shm.addr;
    size = shpool->pfree << ngx_pagesize_shift;

    header = ngx_slab_alloc(shpool, size);
    if (header == NULL) {
        goto small;
    }

#if (NGX_DEBUG_MALLOC)
    ngx_memzero(header, size);
#endif

    /* a generation of workers may overlap with three others */

    slots = 4 * ngx_game_layout_processes(ctx->cycle);
    slots = ngx_min(ngx_max(slots, NGX_GAME_LAYOUT_MIN_SLOTS),
                    NGX_GAME_MAX_SLOTS);

    header->layout = NGX_GAME_LAYOUT_VERSION;
    header->size = zone->shm.size;
    header->node = random[0] & 0xfff;
    header->secret[0] = random[1];
    header->secret[1] = random[2];

    if (ngx_game_layout_divide(header, slots, size) != NGX_OK) {
        goto small;
    }

    if (ngx_time() > NGX_GAME_LAYOUT_ID_START) {
        atomic_store(&header->ids,
                     (uint64_t) (ngx_time() - NGX_GAME_LAYOUT_ID_START) << 22);
    }

    shpool->data = header;
    ngx_game_layout_map(shpool);

    if (ngx_game_slot_create(ngx_game_layout.slots, slots, log) != NGX_OK) {
        ngx_game_layout.shpool = NULL;
        return NGX_ERROR;
    }

    header->magic = NGX_GAME_LAYOUT_MAGIC;

    return NGX_OK;

small:

    ngx_log_error(NGX_LOG_EMERG, log, 0, "zone \"%V\" is too small",
                  &zone->shm.name);
    return NGX_ERROR;
}


static ngx_int_t
ngx_game_layout_reuse(ngx_shm_zone_t *zone)
{
    ngx_slab_pool_t           *shpool;
    ngx_game_layout_header_t  *header;

    shpool = (ngx_slab_pool_t *) zone->shm.addr;
    header = shpool->data;

    if (header == NULL
        || header->magic != NGX_GAME_LAYOUT_MAGIC
        || header->layout != NGX_GAME_LAYOUT_VERSION
        || header->size != zone->shm.size)
    {
        ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                      "the memory of \"game_zone\" was made by another "
                      "version of the module, with layout %uD in place "
                      "of %d: this needs a restart",
                      (header == NULL) ? 0 : header->layout,
                      NGX_GAME_LAYOUT_VERSION);
        return NGX_ERROR;
    }

    if (ngx_game_layout.refs) {
        return (ngx_game_layout.shpool == shpool) ? NGX_OK : NGX_ERROR;
    }

    /* made by another copy of the module */

    ngx_game_layout_map(shpool);

    return ngx_game_slot_adopt(ngx_game_layout.slots, header->slots,
                               zone->shm.log);
}


static ngx_uint_t
ngx_game_layout_processes(ngx_cycle_t *cycle)
{
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    return (ccf->master) ? (ngx_uint_t) ngx_max(ccf->worker_processes, 1) : 1;
}


/* snapshot: a page; rings: for all pairs of slots, but at most half of the
 * zone; limits: an eighth; registry: a quarter of the rest; store: three */

static ngx_int_t
ngx_game_layout_divide(ngx_game_layout_header_t *header, ngx_uint_t slots,
    size_t size)
{
    size_t  n, rest;

    n = ngx_align(sizeof(ngx_game_layout_header_t), ngx_pagesize);

    header->slots = slots;
    header->slots_size = ngx_align(ngx_game_slots_size(slots), ngx_pagesize);

    n += header->slots_size + ngx_pagesize;

    if (size < n + 256 * ngx_pagesize) {
        return NGX_ERROR;
    }

    rest = size - n;

    n = slots * slots * NGX_GAME_LAYOUT_MAX_RING;

    header->rings_size = ngx_min(n, rest / 2) / ngx_pagesize * ngx_pagesize;
    header->limits_size = rest / 8 / ngx_pagesize * ngx_pagesize;

    rest -= header->rings_size + header->limits_size;

    header->registry_size = rest / 4 / ngx_pagesize * ngx_pagesize;
    header->store_size = rest - header->registry_size;

    return NGX_OK;
}


static void
ngx_game_layout_map(ngx_slab_pool_t *shpool)
{
    u_char                    *p;
    ngx_game_zone_parts_t     *parts;
    ngx_game_layout_header_t  *header;

    header = shpool->data;

    p = (u_char *) header
        + ngx_align(sizeof(ngx_game_layout_header_t), ngx_pagesize);

    ngx_game_layout.shpool = shpool;
    ngx_game_layout.header = header;
    ngx_game_layout.slots = (ngx_game_slots_t *) p;

    p += header->slots_size;

    parts = &ngx_game_layout.parts;

    parts->snapshot = p;

    p += ngx_pagesize;

    parts->rings = p;
    parts->rings_size = header->rings_size;

    p += header->rings_size;

    parts->limits = p;
    parts->limits_size = header->limits_size;

    p += header->limits_size;

    parts->registry = p;
    parts->registry_size = header->registry_size;

    p += header->registry_size;

    parts->store = p;
    parts->store_size = header->store_size;

    parts->drain = &header->drain;
    parts->slots = header->slots;
    parts->secret[0] = header->secret[0];
    parts->secret[1] = header->secret[1];
}
