
/*
 * Copyright (C) ngx_game authors
 *
 * One letter a descriptor, by SCM_RIGHTS (unix(7)).  Letters for a former
 * worker of this slot, that has died, are opened and thrown away: so their
 * connections end.
 */


#include "ngx_game_mail.h"
#include "ngx_game_slot.h"
#include "ngx_game_zone.h"

#include <sys/socket.h>


typedef struct {
    uint64_t                   dst;
    uint64_t                   src;
    uint64_t                   player;
    uint64_t                   kind;          /* ngx_game_mail_kind_e */
} ngx_game_letter_t;


typedef union {
    struct cmsghdr             header;
    u_char                     space[CMSG_SPACE(sizeof(int))];
} ngx_game_mail_control_t;


typedef struct {
    ngx_connection_t          *connection;
    ngx_game_mail_pt           handlers[NGX_GAME_MAIL_KINDS];
} ngx_game_mail_t;


static void ngx_game_mail_event(ngx_event_t *ev);
static ngx_int_t ngx_game_mail_receive(ngx_game_letter_t *letter,
    ngx_fd_t *fd, ngx_str_t *text);


static ngx_game_mail_t  ngx_game_mail;


void
ngx_game_mail_on(ngx_game_mail_kind_e kind, ngx_game_mail_pt handler)
{
    ngx_game_mail.handlers[kind] = handler;
}


ngx_int_t
ngx_game_mail_init(ngx_cycle_t *cycle)
{
    ngx_fd_t           fd;
    ngx_connection_t  *c;

    fd = ngx_game_slot_mailbox(ngx_game_slot_of(ngx_game_worker.epoch));

    /* as ngx_add_channel_event(), that does not return the connection */

    c = ngx_get_connection(fd, cycle->log);
    if (c == NULL) {
        return NGX_ERROR;
    }

    c->log = cycle->log;
    c->read->log = cycle->log;
    c->write->log = cycle->log;
    c->read->channel = 1;
    c->write->channel = 1;
    c->read->handler = ngx_game_mail_event;

    if (ngx_add_event(c->read, NGX_READ_EVENT, 0) == NGX_ERROR) {
        ngx_free_connection(c);
        c->fd = (ngx_socket_t) -1;
        return NGX_ERROR;
    }

    ngx_game_mail.connection = c;

    return NGX_OK;
}


void
ngx_game_mail_done(void)
{
    ngx_connection_t  *c;

    c = ngx_game_mail.connection;

    if (c == NULL) {
        return;
    }

    /* what has come meanwhile is for nobody */

    ngx_memzero(ngx_game_mail.handlers, sizeof(ngx_game_mail.handlers));
    ngx_game_mail_event(c->read);

    /* the socket itself belongs to the slot */

    (void) ngx_del_event(c->read, NGX_READ_EVENT, 0);
    ngx_free_connection(c);
    c->fd = (ngx_socket_t) -1;

    ngx_game_mail.connection = NULL;
}


ngx_int_t
ngx_game_mail_send(uint64_t dst, ngx_game_mail_kind_e kind, uint64_t player,
    ngx_fd_t fd, ngx_str_t *text)
{
    ngx_err_t                 err;
    struct iovec              iov[2];
    struct msghdr             msg;
    ngx_game_letter_t         letter;
    ngx_game_mail_control_t   control;

    letter.dst = dst;
    letter.src = ngx_game_worker.epoch;
    letter.player = player;
    letter.kind = kind;

    iov[0].iov_base = &letter;
    iov[0].iov_len = sizeof(ngx_game_letter_t);

    if (text) {
        iov[1].iov_base = text->data;
        iov[1].iov_len = text->len;
    }

    ngx_memzero(&msg, sizeof(struct msghdr));
    ngx_memzero(&control, sizeof(ngx_game_mail_control_t));

    msg.msg_iov = iov;
    msg.msg_iovlen = text ? 2 : 1;
    msg.msg_control = &control;
    msg.msg_controllen = sizeof(control.space);

    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    ngx_memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));

    if (sendmsg(ngx_game_slot_mail(ngx_game_slot_of(dst)), &msg, MSG_NOSIGNAL)
        != -1)
    {
        return NGX_OK;
    }

    err = ngx_errno;

    /* ETOOMANYREFS: too many descriptors are on their way */

    if (err == NGX_EAGAIN || err == ENOBUFS || err == ETOOMANYREFS) {
        return NGX_AGAIN;
    }

    ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, err,
                  "sendmsg() of a descriptor to worker slot %ui failed",
                  ngx_game_slot_of(dst));

    return NGX_ERROR;
}


static void
ngx_game_mail_event(ngx_event_t *ev)
{
    ngx_fd_t           fd;
    ngx_str_t          text;
    ngx_game_letter_t  letter;

    while (ngx_game_mail_receive(&letter, &fd, &text) == NGX_OK) {

        if (letter.dst != ngx_game_worker.epoch
            || letter.kind >= NGX_GAME_MAIL_KINDS
            || ngx_game_mail.handlers[letter.kind] == NULL)
        {
            if (fd != -1) {
                (void) close(fd);
            }

            continue;
        }

        ngx_game_mail.handlers[letter.kind](letter.src, letter.player, fd,
                                            &text);
    }
}


/* NGX_AGAIN: there are no more; fd is -1 if this process has too many files
 * open */

static ngx_int_t
ngx_game_mail_receive(ngx_game_letter_t *letter, ngx_fd_t *fd,
    ngx_str_t *text)
{
    ssize_t                   n;
    struct iovec              iov[2];
    struct msghdr             msg;
    ngx_game_mail_control_t   control;

    static u_char  buffer[NGX_GAME_MAIL_TEXT];

    iov[0].iov_base = letter;
    iov[0].iov_len = sizeof(ngx_game_letter_t);
    iov[1].iov_base = buffer;
    iov[1].iov_len = sizeof(buffer);

    ngx_memzero(&msg, sizeof(struct msghdr));
    ngx_memzero(&control, sizeof(ngx_game_mail_control_t));

    msg.msg_iov = iov;
    msg.msg_iovlen = 2;
    msg.msg_control = &control;
    msg.msg_controllen = sizeof(control.space);

    *fd = -1;

    n = recvmsg(ngx_game_mail.connection->fd, &msg, MSG_CMSG_CLOEXEC);

    if (n == -1) {

        if (ngx_errno != NGX_EAGAIN) {
            ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_errno,
                          "recvmsg() of a descriptor failed");
        }

        return NGX_AGAIN;
    }

    if (control.header.cmsg_len == CMSG_LEN(sizeof(int))
        && control.header.cmsg_level == SOL_SOCKET
        && control.header.cmsg_type == SCM_RIGHTS)
    {
        ngx_memcpy(fd, CMSG_DATA(&control.header), sizeof(int));
    }

    if (n < (ssize_t) sizeof(ngx_game_letter_t)
        || (msg.msg_flags & MSG_TRUNC))
    {
        letter->dst = 0;
        return NGX_OK;
    }

    text->data = buffer;
    text->len = n - sizeof(ngx_game_letter_t);

    return NGX_OK;
}
