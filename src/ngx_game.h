
/*
 * Copyright (C) ngx_game authors
 *
 * The private umbrella header of the glue: the configuration, the one
 * per-worker global, and the words that all parts share.  A part's own header
 * holds its verbs.
 */


#ifndef _NGX_GAME_H_INCLUDED_
#define _NGX_GAME_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>

#include <stdatomic.h>


#define NGX_GAME_VERSION       "0.1.0"

/* text of a 64-bit id: 13 characters of Crockford's base32, lower case */
#define NGX_GAME_ID_LEN        13

/* bytes of a class's version as text */
#define NGX_GAME_CLASS_VERSION_MAX  32


typedef struct ngx_game_game_s     ngx_game_game_t;
typedef struct ngx_game_room_s     ngx_game_room_t;
typedef struct ngx_game_player_s   ngx_game_player_t;
typedef struct ngx_game_session_s  ngx_game_session_t;
typedef struct ngx_game_group_s    ngx_game_group_t;
typedef struct ngx_game_feed_s     ngx_game_feed_t;
typedef struct ngx_game_frame_s    ngx_game_frame_t;
typedef struct ngx_game_slot_s     ngx_game_slot_t;
typedef struct ngx_game_log_s      ngx_game_log_t;
typedef struct ngx_game_history_s  ngx_game_history_t;
typedef struct ngx_game_schedule_s ngx_game_schedule_t;


/* lets who knows it come back as a player; all zero: there is none */
typedef struct {
    uint64_t                   half[2];
} ngx_game_secret_t;


/* how values travel to a player */
typedef enum {
    NGX_GAME_JSON = 0,
    NGX_GAME_MSGPACK,
    NGX_GAME_RAW
} ngx_game_codec_e;


/* what a frame holds; the values are the opcodes of RFC 6455, 11.8 */
typedef enum {
    NGX_GAME_TEXT = 1,
    NGX_GAME_BINARY = 2
} ngx_game_kind_e;


/* why a player left; the order is that of ngx_game_reasons[] */
typedef enum {
    NGX_GAME_LEFT = 0,         /* closed by the client or the network */
    NGX_GAME_TIMEOUT,          /* idle for game_idle_timeout */
    NGX_GAME_KICKED,           /* by the script */
    NGX_GAME_ERROR,            /* a limit or a protocol error */
    NGX_GAME_LOST,             /* its worker died */
    NGX_GAME_SHUTDOWN,         /* its worker shuts down */
    NGX_GAME_CLOSED            /* its room was closed */
} ngx_game_reason_e;


/* values of `checkpoint` besides an interval, ms: ngx_game_checkpoint.h */
#define NGX_GAME_CHECKPOINT_AUTO  0
#define NGX_GAME_CHECKPOINT_OFF   NGX_MAX_INT_T_VALUE


/* a game: a script and what the configuration says of its rooms */
struct ngx_game_game_s {
    ngx_str_t                  name;
    ngx_str_t                  script;        /* full path */
    ngx_uint_t                 index;         /* in main conf's games */
    uint64_t                   hash;          /* of the name */

    /* from the configuration: the same in all locations of the game */
    ngx_str_t                  location;      /* the first one, for errors */
    ngx_uint_t                 room_max_players;
    ngx_uint_t                 room_max_errors;   /* in a minute, 0: any */
    ngx_msec_t                 checkpoint;
    ngx_msec_t                 resume_timeout;    /* 0: off */
    size_t                     replay;        /* least of all locations */

    /* from the script, by ngx_game_script_check() */
    ngx_uint_t                 max_players;   /* <= room_max_players */
    ngx_uint_t                 tick;          /* Hz, 0: none */
    ngx_game_codec_e           codec;
    ngx_array_t                protocols;     /* ngx_str_t */
    size_t                     version_len;
    u_char                     version[NGX_GAME_CLASS_VERSION_MAX];  /* text */
    unsigned                   catch_up:1;
    unsigned                   keep:1;
    unsigned                   has_auth:1;
    unsigned                   view:1;        /* see ngx_game_view.h */
};


/* game_snapshot: the file and its neighbours, null-terminated */
typedef struct {
    ngx_str_t                  path;
    ngx_str_t                  tmp;           /* while it is written */
    ngx_str_t                  old;           /* it was loaded */
    ngx_str_t                  bad;           /* it can't be */
    ngx_str_t                  dir;
    ngx_msec_t                 interval;      /* 0: at the end only */
} ngx_game_snapshot_conf_t;


typedef struct {
    ngx_shm_zone_t            *shm_zone;      /* NULL: no game_zone */
    ngx_array_t                games;         /* ngx_game_game_t * */
    ngx_array_t                locations;     /* ngx_game_loc_conf_t *, those
                                               * with a game */
    ngx_str_t                  lua_path;      /* "dir/?.lua;dir2/?.lua" */
    size_t                     script_memory; /* per VM */
    ngx_msec_t                 script_timeout;
    ngx_msec_t                 worker_timeout;    /* 0: off */
    ngx_flag_t                 balance;
    ngx_game_snapshot_conf_t  *snapshot;      /* NULL: off */
    void                      *sources;       /* ngx_game_source.h */
    ngx_flag_t                 drain;         /* game_drain */
    ngx_flag_t                 guard;
    ngx_flag_t                 status;        /* game_status is used */
    ngx_flag_t                 control;       /* game_control is used */
} ngx_game_main_conf_t;


typedef struct {
    ngx_flag_t                 enable;
    ngx_uint_t                 window_bits;   /* server's, 9 to 15 */
    ngx_flag_t                 takeover;      /* server context takeover */
    ngx_flag_t                 client_takeover;
    ngx_uint_t                 client_window_bits;
    size_t                     min_size;      /* smaller ones go as is */
    ngx_int_t                  level;         /* 1 to 9 */
} ngx_game_deflate_conf_t;


typedef struct {
    ngx_game_game_t           *game;          /* NULL: not a game location */

    ngx_http_complex_value_t  *identity;

    /* game_origins: an origin passes if one of the three lets it */
    ngx_array_t               *origins;       /* ngx_str_t, lower case, NULL */
    ngx_flag_t                 same_origin;   /* that of the Host header */
    ngx_flag_t                 any_origin;

    size_t                     message_max_size;
    ngx_uint_t                 message_rate;  /* a second, 0: off */
    ngx_uint_t                 message_burst; /* on top of the rate */
    size_t                     send_buffer;
    ngx_msec_t                 idle_timeout;
    ngx_msec_t                 ping_interval; /* 0: off */
    ngx_game_deflate_conf_t    deflate;

    ngx_http_complex_value_t  *session_key;   /* game_session_limit */
    ngx_uint_t                 session_limit; /* 0: off */

    ngx_uint_t                 room_max_players;
    ngx_uint_t                 room_max_errors;
    ngx_msec_t                 checkpoint;
    ngx_msec_t                 resume_timeout;    /* 0: off */
    size_t                     replay;        /* bytes, 0: off */

    uint64_t                   key;           /* names the location in all
                                               * configurations */
    ngx_log_t                 *error_log;

    ngx_game_log_t            *log;           /* game_log, NULL: off */
    ngx_flag_t                 status;        /* game_status is here */
    ngx_flag_t                 control;       /* game_control is here */
} ngx_game_loc_conf_t;


/*
 * What a worker counts.  It lies in the worker's slot: written by its worker
 * alone, with relaxed stores, read by any.
 */
typedef struct {
    _Atomic uint64_t           sessions;      /* now */
    _Atomic uint64_t           rooms;         /* now, owned here */
    _Atomic uint64_t           players;       /* now, of rooms owned here */
    _Atomic uint64_t           away;          /* those without a session */
    _Atomic uint64_t           opened;        /* sessions ever opened */
    _Atomic uint64_t           refused;       /* handshakes refused */
    _Atomic uint64_t           refused_origin;
    _Atomic uint64_t           refused_limit; /* game_session_limit */
    _Atomic uint64_t           refused_full;  /* room, registry or zone full */
    _Atomic uint64_t           messages_in;
    _Atomic uint64_t           messages_out;
    _Atomic uint64_t           bytes_in;
    _Atomic uint64_t           bytes_out;
    _Atomic uint64_t           closed_rate;   /* 1008, too fast */
    _Atomic uint64_t           closed_size;   /* 1009 */
    _Atomic uint64_t           closed_invalid;    /* 1002, 1003, 1007 */
    _Atomic uint64_t           closed_slow;   /* 1013, game_send_buffer */
    _Atomic uint64_t           script_errors;
    _Atomic uint64_t           script_timeouts;
    _Atomic uint64_t           script_memory; /* bytes now */
    _Atomic uint64_t           ticks;
    _Atomic uint64_t           ticks_missed;
    _Atomic uint64_t           tick_late_us;  /* sum over all ticks */
    _Atomic uint64_t           tick_late_max_us;  /* in the last 10 s or so */
    _Atomic uint64_t           ring_in;       /* records received */
    _Atomic uint64_t           ring_out;      /* records sent */
    _Atomic uint64_t           ring_spilled;  /* records that had to wait */
    _Atomic uint64_t           ring_dropped;  /* records for dead workers */
    _Atomic uint64_t           busy_ppm;      /* of the last second */
    _Atomic uint64_t           rooms_adopted; /* of dead workers */
    _Atomic uint64_t           checkpoints;
    _Atomic uint64_t           checkpoint_us; /* that they took */
    _Atomic uint64_t           checkpoints_failed;
    _Atomic uint64_t           unsaved_since; /* us, the oldest change that is
                                               * in no checkpoint; 0: none */
    _Atomic uint64_t           rooms_taken;   /* over from other workers */
    _Atomic uint64_t           rooms_given;
    _Atomic uint64_t           rooms_balanced;    /* given since this worker
                                               * was busier, in rooms_given */
    _Atomic uint64_t           rooms_kept;    /* that no other would take */
    _Atomic uint64_t           sessions_taken;
    _Atomic uint64_t           sessions_given;
    _Atomic uint64_t           resumed;       /* players that came back */
    _Atomic uint64_t           wards;         /* sessions guarded, now */
    _Atomic uint64_t           sessions_saved;    /* of dead workers */
    _Atomic uint64_t           sessions_lost; /* that were guarded, too */
} ngx_game_counters_t;


#define ngx_game_count(name, n)                                               \
    atomic_store_explicit(&ngx_game_worker.counters->name,                    \
        atomic_load_explicit(&ngx_game_worker.counters->name,                 \
                             memory_order_relaxed) + (uint64_t) (n),          \
        memory_order_relaxed)


/*
 * What a worker is doing, for those who see it die: in its slot.  room is 0
 * while no handler runs.
 */
#define NGX_GAME_DOING_MESSAGE  64

typedef struct {
    uint64_t                   room;
    uint64_t                   player;
    uint32_t                   handler;       /* ngx_game_handler_e */
    uint32_t                   len;
    u_char                     message[NGX_GAME_DOING_MESSAGE];   /* begin */
} ngx_game_doing_t;


/* the one global: what this worker process is */
typedef struct {
    ngx_cycle_t               *cycle;
    ngx_game_main_conf_t      *conf;
    uint64_t                   epoch;         /* names this worker, see zone */
    ngx_game_counters_t       *counters;
    ngx_game_doing_t          *doing;
    ngx_msec_t                 deadline;      /* of the exit, 0: none */
    unsigned                   exiting:1;
    unsigned                   alone:1;       /* exiting, and no other worker
                                               * takes its rooms over */
} ngx_game_worker_t;


extern ngx_game_worker_t  ngx_game_worker;
extern ngx_module_t       ngx_game_module;


#endif /* _NGX_GAME_H_INCLUDED_ */
