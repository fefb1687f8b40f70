
/*
 * Copyright (C) ngx_game authors
 *
 * How the zone is laid out, and how the master makes it and hands it from one
 * configuration to the next.  Used by ngx_game_zone.c only.
 */


#ifndef _NGX_GAME_LAYOUT_H_INCLUDED_
#define _NGX_GAME_LAYOUT_H_INCLUDED_


#include "ngx_game.h"
#include "ngx_game_slot.h"
#include "ngx_game_zone.h"


/* 52 bits of an id are counted, 12 are the zone's own */
#define NGX_GAME_LAYOUT_ID_BITS  52


/* magic and layout stay where they are in all versions */
typedef struct {
    uint64_t                   magic;
    uint32_t                   layout;
    uint32_t                   slots;
    uint64_t                   size;          /* of the whole, as configured */
    uint64_t                   node;          /* 12 random bits */
    uint64_t                   secret[2];
    uint64_t                   slots_size;    /* parts, in this order */
    uint64_t                   rings_size;
    uint64_t                   limits_size;
    uint64_t                   registry_size;
    uint64_t                   store_size;
    _Alignas(64) _Atomic uint64_t  ids;       /* lower bits of the last one */
    _Atomic uint64_t           generations;   /* of the newest configuration */
    ngx_game_zone_drain_t      drain;
} ngx_game_layout_header_t;


/* the data of the shared memory zone, in the configuration's pool */
typedef struct {
    ngx_cycle_t               *cycle;
    uint64_t                   generation;
    unsigned                   used:1;        /* counted in refs */
} ngx_game_layout_ctx_t;


/* where all is in this process; shpool is NULL if there is no zone */
typedef struct {
    ngx_slab_pool_t           *shpool;
    ngx_game_layout_header_t  *header;
    ngx_game_slots_t          *slots;
    ngx_game_zone_parts_t      parts;
    ngx_uint_t                 refs;          /* configurations */
} ngx_game_layout_t;


/* sets up a zone and its ctx; NGX_ERROR: no memory */
ngx_int_t ngx_game_layout_prepare(ngx_conf_t *cf, ngx_shm_zone_t *zone);


extern ngx_game_layout_t  ngx_game_layout;


#endif /* _NGX_GAME_LAYOUT_H_INCLUDED_ */
