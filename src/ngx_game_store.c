
/*
 * Copyright (C) ngx_game authors
 *
 * The part of the zone is a bitmap, two places per entry of the registry, what
 * each slot is about to fill, and units.  A place is a run of units: for an
 * image, a header and two halves, of which one has the last whole image while
 * the other is written; one store of `head` makes that the last one.  What is
 * in the other run is ngx_game_history.c's.
 *
 * Runs are given out under the zone's lock.  If a worker is killed between
 * that and the store of the place, its run is lost, as is an old one that was
 * not freed yet: when none is left, the bitmap is made anew from the places.
 */


#include "ngx_game_store.h"
#include "ngx_game_zone.h"
#include "core/game_units.h"


#define NGX_GAME_STORE_UNIT    1024

/* one image has at most this share of all units; and memory that images might
 * need is left to them as soon as so much of it is in use */
#define NGX_GAME_STORE_SHARE   4
#define NGX_GAME_STORE_SPARE   2

/* a copy fails only while its owner saves again and again meanwhile */
#define NGX_GAME_STORE_TRIES   100


#define ngx_game_store_first(place)   ((size_t) ((place) >> 32) - 1)
#define ngx_game_store_count(place)   ((size_t) ((place) & 0xffffffff))
#define ngx_game_store_place(first, count)                                    \
    ((uint64_t) ((first) + 1) << 32 | (count))

#define ngx_game_store_half(place)                                            \
    ((ngx_game_store_count(place) * NGX_GAME_STORE_UNIT                       \
      - sizeof(ngx_game_store_run_t)) / 2)


/* the begin of a run */
typedef struct {
    uint64_t                   room;
    _Atomic uint64_t           head;          /* 63 bits: bytes, 1: which half;
                                               * 0: there is none */
    _Atomic uint64_t           puts;          /* that were begun */
    uint64_t                   blamed;        /* seconds since 1970, first */
    uint64_t                   blames;
    u_char                     data[];
} ngx_game_store_run_t;


typedef struct {
    ngx_uint_t                 n;             /* entries, 0: no store */
    ngx_uint_t                 slots;
    game_units_t               units;
    _Atomic uint64_t          *places;        /* by entry, 0: none */
    _Atomic uint64_t          *memories;      /* the same, of its own */
    _Atomic uint64_t          *filling;       /* by slot, 0: nothing */
    u_char                    *memory;
} ngx_game_store_t;


static uint64_t ngx_game_store_grow(ngx_uint_t entry, uint64_t room,
    size_t len);
static uint64_t ngx_game_store_begin(uint64_t room, size_t len);
static ngx_int_t ngx_game_store_try(ngx_uint_t entry, uint64_t room,
    ngx_str_t *image, size_t size);
static uint64_t ngx_game_store_take(size_t len);
static void ngx_game_store_settle(_Atomic uint64_t *place, uint64_t run);
static void ngx_game_store_repair(void);
static void ngx_game_store_mark(game_units_t *units, uint64_t place);
static void ngx_game_store_clear(_Atomic uint64_t *place);
static void ngx_game_store_free(uint64_t place);
static ngx_game_store_run_t *ngx_game_store_run(uint64_t place);
static size_t ngx_game_store_used(void);


static ngx_game_store_t  ngx_game_store;


ngx_int_t
ngx_game_store_init(ngx_uint_t n)
{
    u_char                 *p;
    size_t                  size, units;
    ngx_game_zone_parts_t  *parts;

    parts = ngx_game_zone_parts();

    p = parts->store;
    size = parts->store_size;

    /* a bit for each unit, besides */

    if (size < (2 * n + parts->slots) * sizeof(uint64_t)
               + 2 * 64 * NGX_GAME_STORE_UNIT)
    {
        ngx_game_store.n = 0;
        return NGX_OK;
    }

    ngx_game_store.n = n;
    ngx_game_store.slots = parts->slots;

    ngx_game_store.places = (_Atomic uint64_t *) p;
    p += n * sizeof(uint64_t);

    ngx_game_store.memories = (_Atomic uint64_t *) p;
    p += n * sizeof(uint64_t);

    ngx_game_store.filling = (_Atomic uint64_t *) p;
    p += parts->slots * sizeof(uint64_t);

    units = (size_t) (parts->store + size - p)
            / (NGX_GAME_STORE_UNIT + 1) / 64 * 64 - 64;

    ngx_game_store.units.n = units;
    ngx_game_store.units.bits = (uint64_t *) p;
    p += units / 8;

    ngx_game_store.memory = (u_char *) ngx_align_ptr(p, 64);

    ngx_game_zone_on_usage(ngx_game_store_used);

    /* what a former worker of this slot was about to fill */

    ngx_game_zone_set(&ngx_game_store.filling[
                                  ngx_game_slot_of(ngx_game_worker.epoch)], 0);

    return NGX_OK;
}


ngx_int_t
ngx_game_store_put(ngx_uint_t entry, uint64_t room, ngx_str_t *image)
{
    size_t                 half;
    u_char                *p;
    uint64_t               place, which;
    ngx_game_store_run_t  *run;

    if (entry >= ngx_game_store.n || image->len == 0) {
        return NGX_DECLINED;
    }

    place = ngx_game_zone_get(&ngx_game_store.places[entry]);

    if (place == 0 || ngx_game_store_half(place) < image->len) {
        place = ngx_game_store_grow(entry, room, image->len);

        if (place == 0) {
            return NGX_DECLINED;
        }
    }

    run = ngx_game_store_run(place);
    half = ngx_game_store_half(place);
    which = !(ngx_game_zone_get(&run->head) & 1);

    /* who copies what is the last image now sees if this is not the only put
     * meanwhile */

    ngx_game_zone_set(&run->puts, ngx_game_zone_get(&run->puts) + 1);
    atomic_thread_fence(memory_order_release);

    p = run->data + which * half;
    ngx_memcpy(p, image->data, image->len);

    run->room = room;

    atomic_store_explicit(&run->head, (uint64_t) image->len << 1 | which,
                          memory_order_release);

    return NGX_OK;
}


/* a larger run for the image of an entry, with what the former one has; 0:
 * there is no place */

static uint64_t
ngx_game_store_grow(ngx_uint_t entry, uint64_t room, size_t len)
{
    uint64_t                old, place;
    ngx_str_t               image;
    ngx_game_store_run_t   *run, *former;

    place = ngx_game_store_begin(room, len);
    if (place == 0) {
        return 0;
    }

    run = ngx_game_store_run(place);

    old = ngx_game_zone_get(&ngx_game_store.places[entry]);

    if (old) {
        former = ngx_game_store_run(old);
        run->blamed = former->blamed;
        run->blames = former->blames;

        if (ngx_game_store_get(entry, room, &image) == NGX_OK) {
            ngx_memcpy(run->data, image.data, image.len);
            ngx_game_zone_set(&run->head, (uint64_t) image.len << 1);
        }
    }

    ngx_game_store_settle(&ngx_game_store.places[entry], place);

    return place;
}


/* a run that was taken is the one of a place from now on; under the lock, as
 * a repair that finds neither of the two would give the old one away, which is
 * freed here then */

static void
ngx_game_store_settle(_Atomic uint64_t *place, uint64_t run)
{
    uint64_t  old;

    ngx_game_zone_lock();

    old = ngx_game_zone_get(place);

    atomic_store_explicit(place, run, memory_order_release);

    ngx_game_zone_set(&ngx_game_store.filling[
                                  ngx_game_slot_of(ngx_game_worker.epoch)], 0);

    if (old) {
        ngx_game_store_free(old);
    }

    ngx_game_zone_unlock();
}


void *
ngx_game_store_memory(ngx_uint_t entry)
{
    uint64_t  place;

    if (entry >= ngx_game_store.n) {
        return NULL;
    }

    place = atomic_load_explicit(&ngx_game_store.memories[entry],
                                 memory_order_acquire);

    return place ? ngx_game_store_run(place) : NULL;
}


void *
ngx_game_store_reserve(size_t len)
{
    uint64_t  place;

    if (ngx_game_store.n == 0
        || game_units_used(&ngx_game_store.units)
           > ngx_game_store.units.n / NGX_GAME_STORE_SPARE)
    {
        return NULL;
    }

    place = ngx_game_store_take(len);

    return place ? ngx_game_store_run(place) : NULL;
}


void
ngx_game_store_set_memory(ngx_uint_t entry)
{
    ngx_game_store_settle(&ngx_game_store.memories[entry],
                          ngx_game_zone_get(&ngx_game_store.filling[
                                ngx_game_slot_of(ngx_game_worker.epoch)]));
}


/* a run without an image; 0: there is no place */

static uint64_t
ngx_game_store_begin(uint64_t room, size_t len)
{
    uint64_t               place;
    ngx_game_store_run_t  *run;

    /* it will grow on */

    place = ngx_game_store_take(sizeof(ngx_game_store_run_t)
                                + 2 * (len + len / 8));
    if (place == 0) {
        return 0;
    }

    run = ngx_game_store_run(place);
    run->room = room;
    run->blamed = 0;
    run->blames = 0;
    ngx_game_zone_set(&run->head, 0);
    ngx_game_zone_set(&run->puts, 0);

    return place;
}


uint64_t
ngx_game_store_prepare(uint64_t room, ngx_str_t *image)
{
    uint64_t               place;
    ngx_game_store_run_t  *run;

    if (ngx_game_store.n == 0 || image->len == 0) {
        return 0;
    }

    place = ngx_game_store_begin(room, image->len);

    if (place) {
        run = ngx_game_store_run(place);
        ngx_memcpy(run->data, image->data, image->len);
        ngx_game_zone_set(&run->head, (uint64_t) image->len << 1);
    }

    return place;
}


void
ngx_game_store_attach(ngx_uint_t entry, uint64_t place)
{
    atomic_store_explicit(&ngx_game_store.places[entry], place,
                          memory_order_release);

    ngx_game_zone_set(&ngx_game_store.filling[
                                  ngx_game_slot_of(ngx_game_worker.epoch)], 0);
}


void
ngx_game_store_cancel(uint64_t place)
{
    ngx_game_zone_set(&ngx_game_store.filling[
                                  ngx_game_slot_of(ngx_game_worker.epoch)], 0);
    ngx_game_store_free(place);
}


static uint64_t
ngx_game_store_take(size_t len)
{
    size_t      count, first;
    uint64_t    place;
    ngx_uint_t  own;

    own = ngx_game_slot_of(ngx_game_worker.epoch);
    count = game_units_round((len + NGX_GAME_STORE_UNIT - 1)
                             / NGX_GAME_STORE_UNIT);

    if (count > ngx_game_store.units.n / NGX_GAME_STORE_SHARE) {
        return 0;
    }

    ngx_game_zone_lock();

    first = game_units_take(&ngx_game_store.units, count);

    if (first == GAME_UNITS_NONE) {
        ngx_game_store_repair();
        first = game_units_take(&ngx_game_store.units, count);
    }

    place = 0;

    if (first != GAME_UNITS_NONE) {
        place = ngx_game_store_place(first, count);
        ngx_game_zone_set(&ngx_game_store.filling[own], place);
    }

    ngx_game_zone_unlock();

    return place;
}


/*
 * Under the lock: what is in use is what has a place.  At most once a second,
 * since it takes a while.  The bitmap is made apart: if this worker is killed
 * while it is copied, each word, old or new, has all that is in use.
 */

static void
ngx_game_store_repair(void)
{
    size_t          n;
    ngx_uint_t      i;
    game_units_t    units;

    static time_t  last;

    if (last == ngx_time()) {
        return;
    }

    last = ngx_time();

    units.n = ngx_game_store.units.n;
    units.bits = ngx_calloc(units.n / 8, ngx_cycle->log);

    if (units.bits == NULL) {
        return;
    }

    for (i = 0; i < ngx_game_store.n; i++) {
        ngx_game_store_mark(&units,
                            ngx_game_zone_get(&ngx_game_store.places[i]));
        ngx_game_store_mark(&units,
                            ngx_game_zone_get(&ngx_game_store.memories[i]));
    }

    for (i = 0; i < ngx_game_store.slots; i++) {
        ngx_game_store_mark(&units,
                            ngx_game_zone_get(&ngx_game_store.filling[i]));
    }

    for (n = 0; n < units.n / 64; n++) {
        ngx_game_store.units.bits[n] = units.bits[n];
    }

    ngx_free(units.bits);
}


static void
ngx_game_store_mark(game_units_t *units, uint64_t place)
{
    if (place) {
        game_units_set(units, ngx_game_store_first(place),
                       ngx_game_store_count(place));
    }
}


static void
ngx_game_store_free(uint64_t place)
{
    game_units_free(&ngx_game_store.units, ngx_game_store_first(place),
                    ngx_game_store_count(place));
}


ngx_int_t
ngx_game_store_get(ngx_uint_t entry, uint64_t room, ngx_str_t *image)
{
    uint64_t               place, head;
    ngx_game_store_run_t  *run;

    if (entry >= ngx_game_store.n) {
        return NGX_DECLINED;
    }

    place = atomic_load_explicit(&ngx_game_store.places[entry],
                                 memory_order_acquire);
    if (place == 0) {
        return NGX_DECLINED;
    }

    run = ngx_game_store_run(place);
    head = atomic_load_explicit(&run->head, memory_order_acquire);

    if (head >> 1 == 0 || run->room != room
        || head >> 1 > ngx_game_store_half(place))
    {
        return NGX_DECLINED;
    }

    image->data = run->data + (head & 1) * ngx_game_store_half(place);
    image->len = head >> 1;

    return NGX_OK;
}


ngx_int_t
ngx_game_store_copy(ngx_uint_t entry, uint64_t room, ngx_str_t *image,
    size_t size)
{
    ngx_int_t   rc;
    ngx_uint_t  i;

    rc = NGX_DECLINED;

    for (i = 0; i < NGX_GAME_STORE_TRIES; i++) {
        rc = ngx_game_store_try(entry, room, image, size);

        if (rc != NGX_BUSY) {
            return rc;
        }

        ngx_sched_yield();
    }

    return NGX_DECLINED;
}


/*
 * The half that has the last image is not written to before the next put but
 * one has begun.  The run itself may have been freed and used again: its place
 * is not the entry's then, or the room in it is another.  NGX_BUSY: any of
 * that.
 */

static ngx_int_t
ngx_game_store_try(ngx_uint_t entry, uint64_t room, ngx_str_t *image,
    size_t size)
{
    size_t                 first;
    uint64_t               place, head, puts;
    ngx_game_store_run_t  *run;
    _Atomic uint64_t      *at;

    if (entry >= ngx_game_store.n) {
        return NGX_DECLINED;
    }

    at = &ngx_game_store.places[entry];
    place = atomic_load_explicit(at, memory_order_acquire);

    if (place == 0) {
        return NGX_DECLINED;
    }

    first = ngx_game_store_first(place);

    if (first >= ngx_game_store.units.n
        || ngx_game_store_count(place) > ngx_game_store.units.n - first)
    {
        return NGX_DECLINED;
    }

    run = ngx_game_store_run(place);
    puts = atomic_load_explicit(&run->puts, memory_order_acquire);
    head = atomic_load_explicit(&run->head, memory_order_acquire);

    if (head >> 1 == 0 || head >> 1 > ngx_game_store_half(place)
        || run->room != room)
    {
        return (atomic_load(at) == place) ? NGX_DECLINED : NGX_BUSY;
    }

    image->len = head >> 1;

    if (image->len > size) {
        return (atomic_load(at) == place) ? NGX_AGAIN : NGX_BUSY;
    }

    ngx_memcpy(image->data,
               run->data + (head & 1) * ngx_game_store_half(place),
               image->len);

    atomic_thread_fence(memory_order_acquire);

    return (ngx_game_zone_get(&run->puts) == puts
            && ngx_game_zone_get(at) == place
            && run->room == room)
           ? NGX_OK : NGX_BUSY;
}


ngx_uint_t
ngx_game_store_has(ngx_uint_t entry)
{
    return entry < ngx_game_store.n
           && ngx_game_zone_get(&ngx_game_store.places[entry]) != 0;
}


ngx_uint_t
ngx_game_store_blame(ngx_uint_t entry, uint64_t now, uint64_t period)
{
    uint64_t               place;
    ngx_game_store_run_t  *run;

    if (!ngx_game_store_has(entry)) {
        return 0;
    }

    place = ngx_game_zone_get(&ngx_game_store.places[entry]);
    run = ngx_game_store_run(place);

    if (now - run->blamed > period) {
        run->blamed = now;
        run->blames = 0;
    }

    return ++run->blames;
}


void
ngx_game_store_drop_image(ngx_uint_t entry)
{
    if (entry < ngx_game_store.n) {
        ngx_game_store_clear(&ngx_game_store.places[entry]);
    }
}


void
ngx_game_store_drop(ngx_uint_t entry)
{
    if (entry < ngx_game_store.n) {
        ngx_game_store_clear(&ngx_game_store.places[entry]);
        ngx_game_store_clear(&ngx_game_store.memories[entry]);
    }
}


/* the place first: a run that nobody knows of is found again, one that two
 * know of would not be */

static void
ngx_game_store_clear(_Atomic uint64_t *place)
{
    uint64_t  run;

    run = ngx_game_zone_get(place);

    if (run) {
        atomic_store(place, 0);
        ngx_game_store_free(run);
    }
}


static ngx_game_store_run_t *
ngx_game_store_run(uint64_t place)
{
    return (ngx_game_store_run_t *)
               (ngx_game_store.memory
                + ngx_game_store_first(place) * NGX_GAME_STORE_UNIT);
}


static size_t
ngx_game_store_used(void)
{
    size_t  used, size;

    ngx_game_store_usage(&used, &size);

    return used;
}


void
ngx_game_store_usage(size_t *used, size_t *size)
{
    *used = game_units_used(&ngx_game_store.units) * NGX_GAME_STORE_UNIT;
    *size = ngx_game_store.units.n * NGX_GAME_STORE_UNIT;
}
