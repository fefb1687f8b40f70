
/*
 * Copyright (C) ngx_game authors
 *
 * A table of keys in the zone, by a hash that clients can't foresee.  An entry
 * has a column for each worker slot: how many sessions its worker has of that
 * key.  Columns are raised under the zone's lock and lowered without it, by
 * their worker alone; an entry whose columns are all zero is free.
 *
 * An entry is in one of two buckets, so that the table fills up evenly.  Two
 * keys of the same hash would share their limit; with 64 bits and a secret
 * that does not happen.
 *
 * owners[] says, under the lock, whose epoch a column belongs to.  A sweep
 * clears a column only as long as it belongs to the dead epoch, and a new
 * worker of the slot takes the column only after it has swept it: no count of
 * the new worker is ever cleared.  A sweep that is killed is repeated by the
 * next one, since owners[] is changed last.
 */


#include "ngx_game.h"
#include "ngx_game_zone.h"
#include "ngx_game_limit.h"


#define NGX_GAME_LIMIT_WIDTH  16              /* entries of a bucket */
#define NGX_GAME_LIMIT_BATCH  64              /* buckets for one lock */


typedef struct {
    _Atomic uint64_t           hash;
    _Atomic uint16_t           sessions[];    /* by slot */
} ngx_game_limit_entry_t;


typedef struct {
    _Atomic uint64_t          *owners;        /* by slot */
    _Atomic uint8_t           *touched;       /* bucket was ever used */
    u_char                    *buckets;
    size_t                     size;          /* of an entry */
    ngx_uint_t                 n;             /* buckets */
    ngx_uint_t                 slots;
} ngx_game_limit_t;


#define ngx_game_limit_rotl(x, b)  (((x) << (b)) | ((x) >> (64 - (b))))


static size_t ngx_game_limit_used(void);
static ngx_int_t ngx_game_limit_add(uint64_t hash, ngx_uint_t limit);
static ngx_game_limit_entry_t *ngx_game_limit_find(uint64_t hash);
static ngx_game_limit_entry_t *ngx_game_limit_allot(uint64_t hash);
static ngx_uint_t ngx_game_limit_sum(ngx_game_limit_entry_t *entry);
static ngx_uint_t ngx_game_limit_bucket(uint64_t hash, ngx_uint_t which);
static ngx_game_limit_entry_t *ngx_game_limit_entry(ngx_uint_t bucket,
    ngx_uint_t i);
static void ngx_game_limit_clear(ngx_uint_t bucket, ngx_uint_t slot);
static uint64_t ngx_game_limit_hash(ngx_str_t *key);
static void ngx_game_limit_round(uint64_t *v);


static ngx_game_limit_t  ngx_game_limit;


ngx_int_t
ngx_game_limit_init(ngx_cycle_t *cycle)
{
    u_char                 *p;
    uint64_t                owner;
    ngx_uint_t              s, own;
    ngx_game_limit_t       *lim;
    ngx_game_zone_parts_t  *parts;

    lim = &ngx_game_limit;
    parts = ngx_game_zone_parts();

    lim->slots = parts->slots;
    lim->size = ngx_align(sizeof(ngx_game_limit_entry_t)
                          + lim->slots * sizeof(uint16_t), 8);

    if (parts->limits_size < 64 * 1024) {
        return NGX_ERROR;
    }

    lim->n = (parts->limits_size - NGX_GAME_MAX_SLOTS * sizeof(uint64_t) - 64)
             / (lim->size * NGX_GAME_LIMIT_WIDTH + sizeof(uint8_t));

    p = parts->limits;
    lim->owners = (_Atomic uint64_t *) p;

    p += NGX_GAME_MAX_SLOTS * sizeof(uint64_t);
    lim->touched = (_Atomic uint8_t *) p;

    p += ngx_align(lim->n, 64);
    lim->buckets = p;

    ngx_game_zone_on_usage(ngx_game_limit_used);

    /* what the former worker of this slot left, and all those whose death
     * nobody has survived */

    own = ngx_game_slot_of(ngx_game_worker.epoch);

    for (s = 0; s < lim->slots; s++) {
        owner = atomic_load(&lim->owners[s]);

        if (owner != 0 && (s == own || !ngx_game_zone_alive(owner))) {
            ngx_game_limit_sweep(owner);
        }
    }

    ngx_game_zone_lock();
    atomic_store(&lim->owners[own], ngx_game_worker.epoch);
    ngx_game_zone_unlock();

    return NGX_OK;
}


static size_t
ngx_game_limit_used(void)
{
    size_t      used;
    ngx_uint_t  i;

    used = 0;

    for (i = 0; i < ngx_game_limit.n; i++) {

        if (ngx_game_zone_get(&ngx_game_limit.touched[i]))
        {
            used += ngx_game_limit.size * NGX_GAME_LIMIT_WIDTH;
        }
    }

    return used;
}


ngx_int_t
ngx_game_limit_acquire(ngx_str_t *key, ngx_uint_t limit, uint64_t *hash)
{
    *hash = ngx_game_limit_hash(key);

    return ngx_game_limit_add(*hash, limit);
}


ngx_int_t
ngx_game_limit_take(uint64_t hash)
{
    return ngx_game_limit_add(hash, NGX_MAX_INT_T_VALUE);
}


static ngx_int_t
ngx_game_limit_add(uint64_t hash, ngx_uint_t limit)
{
    uint16_t                 mine;
    ngx_int_t                rc;
    ngx_uint_t               own;
    ngx_game_limit_entry_t  *entry;

    if (ngx_game_limit.n == 0 || ngx_game_worker.epoch == 0) {
        return NGX_ERROR;
    }

    own = ngx_game_slot_of(ngx_game_worker.epoch);

    ngx_game_zone_lock();

    entry = ngx_game_limit_find(hash);

    if (entry == NULL) {
        entry = ngx_game_limit_allot(hash);
    }

    if (entry == NULL) {
        rc = NGX_ERROR;

    } else {
        mine = ngx_game_zone_get(&entry->sessions[own]);

        if (ngx_game_limit_sum(entry) >= limit || mine == 0xffff) {
            rc = NGX_BUSY;

        } else {
            atomic_store_explicit(&entry->sessions[own],
                                  (uint16_t) (mine + 1),
                                  memory_order_release);
            rc = NGX_OK;
        }
    }

    ngx_game_zone_unlock();

    return rc;
}


void
ngx_game_limit_release(uint64_t hash)
{
    uint16_t                 mine;
    ngx_uint_t               own;
    ngx_game_limit_entry_t  *entry;

    if (ngx_game_limit.n == 0 || ngx_game_worker.epoch == 0) {
        return;
    }

    own = ngx_game_slot_of(ngx_game_worker.epoch);

    /* an entry that this worker is counted in stays where it is */

    entry = ngx_game_limit_find(hash);
    if (entry == NULL) {
        return;
    }

    mine = ngx_game_zone_get(&entry->sessions[own]);

    if (mine) {
        atomic_store_explicit(&entry->sessions[own], (uint16_t) (mine - 1),
                              memory_order_release);
    }
}


static ngx_game_limit_entry_t *
ngx_game_limit_find(uint64_t hash)
{
    ngx_uint_t               i, k, bucket;
    ngx_game_limit_entry_t  *entry;

    for (k = 0; k < 2; k++) {
        bucket = ngx_game_limit_bucket(hash, k);

        if (!ngx_game_zone_get(&ngx_game_limit.touched[bucket]))
        {
            continue;
        }

        for (i = 0; i < NGX_GAME_LIMIT_WIDTH; i++) {
            entry = ngx_game_limit_entry(bucket, i);

            if (ngx_game_zone_get(&entry->hash)
                == hash)
            {
                return entry;
            }
        }
    }

    return NULL;
}


/* under the lock: an entry in the bucket that has more room, or NULL */

static ngx_game_limit_entry_t *
ngx_game_limit_allot(uint64_t hash)
{
    ngx_uint_t               i, k, bucket, n, most;
    ngx_game_limit_entry_t  *entry, *last, *best;

    best = NULL;
    most = 0;

    for (k = 0; k < 2; k++) {
        bucket = ngx_game_limit_bucket(hash, k);
        last = NULL;
        n = 0;

        for (i = 0; i < NGX_GAME_LIMIT_WIDTH; i++) {
            entry = ngx_game_limit_entry(bucket, i);

            if (ngx_game_limit_sum(entry) == 0) {
                last = entry;
                n++;
            }
        }

        if (n > most) {
            most = n;
            best = last;
            ngx_game_zone_set(&ngx_game_limit.touched[bucket], 1);
        }
    }

    if (best) {

        /* touched before it is counted in, or a sweep would miss it */

        atomic_store(&best->hash, hash);
    }

    return best;
}


static ngx_uint_t
ngx_game_limit_sum(ngx_game_limit_entry_t *entry)
{
    ngx_uint_t  s, sum;

    sum = 0;

    for (s = 0; s < ngx_game_limit.slots; s++) {
        sum += atomic_load_explicit(&entry->sessions[s],
                                    memory_order_acquire);
    }

    return sum;
}


static ngx_uint_t
ngx_game_limit_bucket(uint64_t hash, ngx_uint_t which)
{
    uint64_t  half;

    half = which ? hash >> 32 : (uint32_t) hash;

    return (ngx_uint_t) (half * ngx_game_limit.n >> 32);
}


static ngx_game_limit_entry_t *
ngx_game_limit_entry(ngx_uint_t bucket, ngx_uint_t i)
{
    return (ngx_game_limit_entry_t *)
               (ngx_game_limit.buckets
                + (bucket * NGX_GAME_LIMIT_WIDTH + i) * ngx_game_limit.size);
}


void
ngx_game_limit_sweep(uint64_t epoch)
{
    ngx_uint_t         i, k, slot;
    ngx_game_limit_t  *lim;

    lim = &ngx_game_limit;
    slot = ngx_game_slot_of(epoch);

    if (lim->n == 0 || slot >= lim->slots) {
        return;
    }

    for (i = 0; i < lim->n; i += NGX_GAME_LIMIT_BATCH) {

        ngx_game_zone_lock();

        if (atomic_load(&lim->owners[slot]) != epoch) {

            /* done by another worker, or never claimed */

            ngx_game_zone_unlock();
            return;
        }

        for (k = i; k < lim->n && k < i + NGX_GAME_LIMIT_BATCH; k++) {
            ngx_game_limit_clear(k, slot);
        }

        if (k == lim->n) {
            atomic_store(&lim->owners[slot], 0);
        }

        ngx_game_zone_unlock();
    }
}


static void
ngx_game_limit_clear(ngx_uint_t bucket, ngx_uint_t slot)
{
    ngx_uint_t               i;
    ngx_game_limit_entry_t  *entry;

    if (!ngx_game_zone_get(&ngx_game_limit.touched[bucket]))
    {
        return;
    }

    for (i = 0; i < NGX_GAME_LIMIT_WIDTH; i++) {
        entry = ngx_game_limit_entry(bucket, i);

        if (ngx_game_zone_get(&entry->sessions[slot]))
        {
            ngx_game_zone_set(&entry->sessions[slot], 0);
        }
    }
}


/* SipHash-2-4 of the key with the zone's secret; never 0 */

static uint64_t
ngx_game_limit_hash(ngx_str_t *key)
{
    size_t     i, len;
    u_char    *p;
    uint64_t   m, v[4], *secret;

    p = key->data;
    len = key->len;
    secret = ngx_game_zone_parts()->secret;

    v[0] = secret[0] ^ 0x736f6d6570736575ULL;
    v[1] = secret[1] ^ 0x646f72616e646f6dULL;
    v[2] = secret[0] ^ 0x6c7967656e657261ULL;
    v[3] = secret[1] ^ 0x7465646279746573ULL;

    for ( ;; ) {
        m = 0;

        for (i = 0; i < 8 && i < len; i++) {
            m |= (uint64_t) p[i] << (8 * i);
        }

        if (len < 8) {
            m |= (uint64_t) key->len << 56;
        }

        v[3] ^= m;
        ngx_game_limit_round(v);
        ngx_game_limit_round(v);
        v[0] ^= m;

        if (len < 8) {
            break;
        }

        p += 8;
        len -= 8;
    }

    v[2] ^= 0xff;

    for (i = 0; i < 4; i++) {
        ngx_game_limit_round(v);
    }

    m = v[0] ^ v[1] ^ v[2] ^ v[3];

    return m ? m : 1;
}


static void
ngx_game_limit_round(uint64_t *v)
{
    v[0] += v[1];
    v[1] = ngx_game_limit_rotl(v[1], 13) ^ v[0];
    v[0] = ngx_game_limit_rotl(v[0], 32);

    v[2] += v[3];
    v[3] = ngx_game_limit_rotl(v[3], 16) ^ v[2];

    v[0] += v[3];
    v[3] = ngx_game_limit_rotl(v[3], 21) ^ v[0];

    v[2] += v[1];
    v[1] = ngx_game_limit_rotl(v[1], 17) ^ v[2];
    v[2] = ngx_game_limit_rotl(v[2], 32);
}
