
/*
 * Copyright (C) ngx_game authors
 *
 * The records of the channel, and who receives them.  Records from a worker
 * are trusted to be well-meant, not to be right: lengths and ids are checked,
 * an unknown one is ignored.
 */


#include "ngx_game_sync.h"
#include "ngx_game_sync_private.h"
#include "ngx_game_channel.h"
#include "ngx_game_group.h"


static ngx_uint_t ngx_game_sync_valid(ngx_game_record_t *record);


ngx_game_sync_handlers_t  ngx_game_sync_to;


ngx_int_t
ngx_game_sync_init(ngx_cycle_t *cycle, ngx_game_sync_handlers_t *handlers)
{
    ngx_game_sync_to = *handlers;

    return ngx_game_channel_init(cycle, ngx_game_sync_receive,
                                 ngx_game_sync_to.drained,
                                 ngx_game_sync_to.lost);
}


void
ngx_game_sync_done(void)
{
    ngx_game_channel_done();
    ngx_game_group_done();
}


void
ngx_game_sync_fill(ngx_game_record_t *record, ngx_game_sync_type_e type,
    uint32_t arg, uint64_t room, uint64_t player)
{
    record->type = type;
    record->flags = 0;
    record->arg = arg;
    record->room = room;
    record->player = player;
    record->src = ngx_game_worker.epoch;
}


void
ngx_game_sync_tell(uint64_t dst, ngx_game_record_t *record,
    ngx_str_t *payload)
{
    if (ngx_game_sync_is_local(dst)) {
        ngx_game_sync_receive(record, payload ? payload->data : NULL,
                              payload ? payload->len : 0);
        return;
    }

    (void) ngx_game_channel_tell(dst, record, payload, payload ? 1 : 0);
}


/* from the channel */

void
ngx_game_sync_receive(ngx_game_record_t *record, u_char *payload, size_t len)
{
    ngx_str_t  text;

    /* messages that were put off come before whatever this is */

    ngx_game_sync_to.deliver(1);

    if (ngx_game_sync_to_owner(record->type)
        && ngx_game_sync_to.divert(record, payload, len))
    {
        return;
    }

    if (!ngx_game_sync_valid(record)) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "invalid record of type %d from worker %016xL ignored",
                      (int) record->type, record->src);
        return;
    }

    text.data = payload;
    text.len = len;

    switch (record->type) {

    case NGX_GAME_SYNC_JOIN:
        ngx_game_sync_join_record(record, payload, len);
        return;

    case NGX_GAME_SYNC_LEAVE:
        ngx_game_sync_leave_record(record, payload, len);
        return;

    case NGX_GAME_SYNC_MESSAGE:
        ngx_game_sync_to.message(record->src, record->room, record->player,
                                 record->arg, &text);
        ngx_game_sync_to.deliver(1);
        return;

    case NGX_GAME_SYNC_MEASURED:
        ngx_game_sync_to.measured(record->room, record->player, record->arg);
        return;

    case NGX_GAME_SYNC_SWITCH:
        ngx_game_sync_switch_record(record, payload, len);
        return;

    case NGX_GAME_SYNC_RETURN:
        ngx_game_sync_return_record(record, payload, len);
        return;

    case NGX_GAME_SYNC_ROSTER:
        ngx_game_sync_roster_record(record, payload, len);
        return;

    case NGX_GAME_SYNC_ADMIT:
        ngx_game_sync_admit_record(record, payload, len);
        return;

    case NGX_GAME_SYNC_REFUSE:
        ngx_game_sync_refuse_record(record, payload, len);
        return;

    case NGX_GAME_SYNC_SEND:
        ngx_game_sync_send_local(record->player, record->arg, &text);
        return;

    case NGX_GAME_SYNC_BROADCAST:
        ngx_game_sync_broadcast_record(record, payload, len);
        return;

    case NGX_GAME_SYNC_CLOSE:
        ngx_game_sync_close_local(record->room, record->player, record->arg,
                                  &text, record->flags);
        return;

    case NGX_GAME_SYNC_MOVED:
    case NGX_GAME_SYNC_GO:
    case NGX_GAME_SYNC_BACK:
        ngx_game_sync_to.follow(record, payload, len);
        return;

    case NGX_GAME_SYNC_ARRIVE:
    case NGX_GAME_SYNC_SWITCHED:
    case NGX_GAME_SYNC_PASS:
    case NGX_GAME_SYNC_READY:
    case NGX_GAME_SYNC_ABORT:
    case NGX_GAME_SYNC_END:
        ngx_game_sync_to.pass(record, payload, len);
        return;

    case NGX_GAME_SYNC_UNGUARD:
        ngx_game_sync_to.unguard(record);
        return;

    case NGX_GAME_SYNC_OFFER:
    case NGX_GAME_SYNC_ANSWER:
    case NGX_GAME_SYNC_COMMIT:
    case NGX_GAME_SYNC_FORWARD:
        ngx_game_sync_to.handover(record, payload, len);
        return;
    }

    ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                  "record of unknown type %d from worker %016xL ignored",
                  (int) record->type, record->src);
}


/* the numbers of records that hold no struct, which are looked at where it is
 * unpacked */

static ngx_uint_t
ngx_game_sync_valid(ngx_game_record_t *record)
{
    switch (record->type) {

    case NGX_GAME_SYNC_MESSAGE:
    case NGX_GAME_SYNC_SEND:
        return ngx_game_sync_is_kind(record->arg);

    case NGX_GAME_SYNC_CLOSE:
        return record->flags <= NGX_GAME_CLOSED;

    default:
        return 1;
    }
}
