
/*
 * Copyright (C) ngx_game authors
 *
 * The negotiation of permessage-deflate, RFC 7692, 5 and 7.1: reads what the
 * client offers in Sec-WebSocket-Extensions (RFC 6455, 9.1) and writes the
 * answer.
 */


#include <stdio.h>
#include <string.h>

#include "game_deflate.h"


#define GAME_DEFLATE_NAME      "permessage-deflate"

/* the least that zlib can deflate by; the wire knows 8, too */
#define GAME_DEFLATE_MIN_BITS  9
#define GAME_DEFLATE_MAX_BITS  15


/* what is left of the header to read */
typedef struct {
    const unsigned char  *p;
    const unsigned char  *end;
} game_deflate_list_t;


typedef struct {
    const unsigned char  *name;
    size_t                name_len;
    unsigned char         value[4];     /* its start, unquoted */
    size_t                value_len;    /* of the whole */
    unsigned              has_value:1;
} game_deflate_param_t;


typedef struct {
    unsigned        usable:1;           /* ours, and no fault was found yet */
    unsigned        server_no_takeover:1;
    unsigned        client_no_takeover:1;
    unsigned        has_server_bits:1;
    unsigned        has_client_bits:1;
    unsigned        server_bits;
    unsigned        client_bits;        /* 15 if the offer names no limit */
} game_deflate_offer_t;


static int game_deflate_read_offer(game_deflate_list_t *list,
    game_deflate_offer_t *offer);
static int game_deflate_read_param(game_deflate_list_t *list,
    game_deflate_param_t *param);
static int game_deflate_read_quoted(game_deflate_list_t *list,
    game_deflate_param_t *param);
static size_t game_deflate_read_token(game_deflate_list_t *list);
static void game_deflate_skip_space(game_deflate_list_t *list);
static int game_deflate_is_token(unsigned c);
static void game_deflate_take_param(game_deflate_offer_t *offer,
    const game_deflate_param_t *param);
static int game_deflate_name_is(const unsigned char *name, size_t len,
    const char *text);
static unsigned game_deflate_bits(const game_deflate_param_t *param);
static int game_deflate_accept(const game_deflate_offer_t *offer,
    const game_deflate_params_t *wanted, game_deflate_params_t *agreed,
    char *answer);


/* the whole list is read, so that its syntax does not depend on our choice */

int
game_deflate_negotiate(const unsigned char *offers, size_t len,
    const game_deflate_params_t *wanted, game_deflate_params_t *agreed,
    char *answer)
{
    int                   n;
    game_deflate_list_t   list;
    game_deflate_offer_t  offer;

    list.p = offers;
    list.end = offers + len;
    n = 0;

    for ( ;; ) {
        game_deflate_skip_space(&list);

        if (list.p == list.end) {
            return n;
        }

        /* RFC 9110, 5.6.1: empty elements are ignored */

        if (*list.p == ',') {
            list.p++;
            continue;
        }

        if (game_deflate_read_offer(&list, &offer) != 0) {
            return -1;
        }

        if (list.p < list.end && *list.p != ',') {
            return -1;
        }

        if (n == 0 && offer.usable) {
            n = game_deflate_accept(&offer, wanted, agreed, answer);
        }
    }
}


/* extension = extension-token *( ";" extension-param ) */

static int
game_deflate_read_offer(game_deflate_list_t *list,
    game_deflate_offer_t *offer)
{
    size_t                len;
    game_deflate_param_t  param;

    memset(offer, 0, sizeof(game_deflate_offer_t));

    offer->server_bits = GAME_DEFLATE_MAX_BITS;
    offer->client_bits = GAME_DEFLATE_MAX_BITS;

    len = game_deflate_read_token(list);

    if (len == 0) {
        return -1;
    }

    offer->usable = game_deflate_name_is(list->p - len, len,
                                         GAME_DEFLATE_NAME);

    for ( ;; ) {
        game_deflate_skip_space(list);

        if (list->p == list->end || *list->p != ';') {
            return 0;
        }

        list->p++;

        if (game_deflate_read_param(list, &param) != 0) {
            return -1;
        }

        if (offer->usable) {
            game_deflate_take_param(offer, &param);
        }
    }
}


/* extension-param = token [ "=" (token | quoted-string) ] */

static int
game_deflate_read_param(game_deflate_list_t *list,
    game_deflate_param_t *param)
{
    size_t  n;

    memset(param, 0, sizeof(game_deflate_param_t));

    game_deflate_skip_space(list);

    param->name = list->p;
    param->name_len = game_deflate_read_token(list);

    if (param->name_len == 0) {
        return -1;
    }

    game_deflate_skip_space(list);

    if (list->p == list->end || *list->p != '=') {
        return 0;
    }

    list->p++;
    param->has_value = 1;

    game_deflate_skip_space(list);

    if (list->p < list->end && *list->p == '"') {
        return game_deflate_read_quoted(list, param);
    }

    param->value_len = game_deflate_read_token(list);

    if (param->value_len == 0) {
        return -1;
    }

    n = param->value_len;

    if (n > sizeof(param->value)) {
        n = sizeof(param->value);
    }

    memcpy(param->value, list->p - param->value_len, n);

    return 0;
}


/* RFC 6455, 9.1: the value is a token after it was unquoted */

static int
game_deflate_read_quoted(game_deflate_list_t *list,
    game_deflate_param_t *param)
{
    unsigned  c;

    for (list->p++; list->p < list->end; list->p++) {
        c = *list->p;

        if (c == '"') {
            list->p++;
            return param->value_len ? 0 : -1;
        }

        if (c == '\\') {
            list->p++;

            if (list->p == list->end) {
                return -1;
            }

            c = *list->p;
        }

        if (!game_deflate_is_token(c)) {
            return -1;
        }

        if (param->value_len < sizeof(param->value)) {
            param->value[param->value_len] = c;
        }

        param->value_len++;
    }

    return -1;
}


static size_t
game_deflate_read_token(game_deflate_list_t *list)
{
    const unsigned char  *start;

    start = list->p;

    while (list->p < list->end && game_deflate_is_token(*list->p)) {
        list->p++;
    }

    return list->p - start;
}


static void
game_deflate_skip_space(game_deflate_list_t *list)
{
    while (list->p < list->end && (*list->p == ' ' || *list->p == '\t')) {
        list->p++;
    }
}


/* RFC 9110, 5.6.2 */

static int
game_deflate_is_token(unsigned c)
{
    return (c >= 'a' && c <= 'z')
           || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9')
           || (c != 0 && strchr("!#$%&'*+-.^_`|~", c));
}


/* an unknown, repeated or wrong parameter spoils this offer, not the others */

static void
game_deflate_take_param(game_deflate_offer_t *offer,
    const game_deflate_param_t *param)
{
    size_t                len;
    const unsigned char  *name;

    name = param->name;
    len = param->name_len;

    if (game_deflate_name_is(name, len, "server_no_context_takeover")) {
        offer->usable = !offer->server_no_takeover && !param->has_value;
        offer->server_no_takeover = 1;

    } else if (game_deflate_name_is(name, len, "client_no_context_takeover")) {
        offer->usable = !offer->client_no_takeover && !param->has_value;
        offer->client_no_takeover = 1;

    } else if (game_deflate_name_is(name, len, "server_max_window_bits")) {
        offer->server_bits = game_deflate_bits(param);
        offer->usable = !offer->has_server_bits && offer->server_bits;
        offer->has_server_bits = 1;

    } else if (game_deflate_name_is(name, len, "client_max_window_bits")) {

        if (param->has_value) {
            offer->client_bits = game_deflate_bits(param);
        }

        offer->usable = !offer->has_client_bits && offer->client_bits;
        offer->has_client_bits = 1;

    } else {
        offer->usable = 0;
    }
}


static int
game_deflate_name_is(const unsigned char *name, size_t len, const char *text)
{
    return len == strlen(text) && memcmp(name, text, len) == 0;
}


/* 8 to 15 without a leading zero, RFC 7692, 7.1.2; 0: anything else */

static unsigned
game_deflate_bits(const game_deflate_param_t *param)
{
    const unsigned char  *v;

    v = param->value;

    if (param->value_len == 1 && (v[0] == '8' || v[0] == '9')) {
        return v[0] - '0';
    }

    if (param->value_len == 2 && v[0] == '1' && v[1] >= '0' && v[1] <= '5') {
        return 10 + v[1] - '0';
    }

    return 0;
}


/*
 * Returns the answer's length, or 0 if the offer can't be met: zlib does not
 * deflate by a window of 256 bytes.  The client's window can be limited only
 * where the client says that it knows the parameter (RFC 7692, 7.1.2.2).
 */

static int
game_deflate_accept(const game_deflate_offer_t *offer,
    const game_deflate_params_t *wanted, game_deflate_params_t *agreed,
    char *answer)
{
    int       n;
    unsigned  server, client;

    if (offer->server_bits < GAME_DEFLATE_MIN_BITS) {
        return 0;
    }

    server = wanted->server_bits;

    if (server > offer->server_bits) {
        server = offer->server_bits;
    }

    client = GAME_DEFLATE_MAX_BITS;

    if (offer->has_client_bits) {
        client = wanted->client_bits;

        if (client > offer->client_bits) {
            client = offer->client_bits;
        }
    }

    agreed->server_bits = server;
    agreed->client_bits = client;
    agreed->server_takeover = wanted->server_takeover
                              && !offer->server_no_takeover;
    agreed->client_takeover = wanted->client_takeover
                              && !offer->client_no_takeover;
    agreed->level = wanted->level;

    n = snprintf(answer, GAME_DEFLATE_ANSWER_MAX, GAME_DEFLATE_NAME "%s%s",
                 agreed->server_takeover ? ""
                                         : "; server_no_context_takeover",
                 agreed->client_takeover ? ""
                                         : "; client_no_context_takeover");

    if (offer->has_server_bits || server < GAME_DEFLATE_MAX_BITS) {
        n += snprintf(answer + n, GAME_DEFLATE_ANSWER_MAX - n,
                      "; server_max_window_bits=%u", server);
    }

    if (client < GAME_DEFLATE_MAX_BITS) {
        n += snprintf(answer + n, GAME_DEFLATE_ANSWER_MAX - n,
                      "; client_max_window_bits=%u", client);
    }

    return n;
}
