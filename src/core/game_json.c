
/*
 * Copyright (C) ngx_game authors
 *
 * The check walks over the text once, from token to token.  Whether a number
 * fits into a double is decided from its digits: it is infinite from the half
 * between the largest double and the next power of two on.
 *
 * A number of at most 15 digits is the quotient of two that a double holds
 * exactly, and a division is rounded as the number itself would be.
 */


#include "game_json.h"

#include <math.h>


/* the first 19 digits of that half, and its power of ten */
#define GAME_JSON_HALF      1797693134862315807ULL
#define GAME_JSON_DIGITS    19
#define GAME_JSON_POWER     308

/* an exponent beyond is cut, it is as infinite or as small then; no text is
 * long enough to make up for it by digits */
#define GAME_JSON_EXPONENT  1000000000000000LL

/* so many digits a double holds exactly, whatever they are; here the point
 * counts as one */
#define GAME_JSON_EXACT     15


typedef struct {
    uint64_t    digits;      /* the first ones that count */
    int         n;           /* how many */
    int64_t     power;       /* of ten, of the first one */
} game_json_number_t;


static const unsigned char *game_json_string(const unsigned char *p,
    const unsigned char *end, const char **err);
static const unsigned char *game_json_number(const unsigned char *p,
    const unsigned char *end, const char **err);
static const unsigned char *game_json_digits(const unsigned char *p,
    const unsigned char *end, game_json_number_t *number, int fraction);
static const unsigned char *game_json_exponent(const unsigned char *p,
    const unsigned char *end, game_json_number_t *number);
static int game_json_infinite(const game_json_number_t *number);
static inline const unsigned char *game_json_space(const unsigned char *p,
    const unsigned char *end);
static const unsigned char *game_json_text(const unsigned char *p,
    const unsigned char *end, const unsigned char **text, uint32_t *len);
static const unsigned char *game_json_value(const unsigned char *p,
    const unsigned char *end, game_json_field_t *field);
static const unsigned char *game_json_short(const unsigned char *p,
    const unsigned char *end, double *value);
static inline unsigned char *game_json_put(unsigned char *dst,
    const unsigned char *src);


const char *
game_json_check(const unsigned char *data, size_t len)
{
    const char           *err;
    const unsigned char  *p, *end;

    p = data;
    end = data + len;
    err = NULL;

    while (p < end && err == NULL) {

        switch (*p) {

        case '"':
            p = game_json_string(p + 1, end, &err);
            break;

        case '-':
        case '0': case '1': case '2': case '3': case '4':
        case '5': case '6': case '7': case '8': case '9':
            p = game_json_number(p, end, &err);
            break;

        case '\0':
            err = "a null byte";
            break;

        default:
            p++;
            break;
        }
    }

    return err;
}


/* p is after the quote; returns the place after the other one, or the end */
static const unsigned char *
game_json_string(const unsigned char *p, const unsigned char *end,
    const char **err)
{
    while (p < end) {

        if (*p < 0x20) {
            *err = "a control character in a string";
            return end;
        }

        if (*p == '"') {
            return p + 1;
        }

        if (*p == '\\' && p + 1 < end && p[1] >= 0x20) {
            p++;
        }

        p++;
    }

    return end;
}


static const unsigned char *
game_json_number(const unsigned char *p, const unsigned char *end,
    const char **err)
{
    const unsigned char  *start;
    game_json_number_t    number;

    number.digits = 0;
    number.n = 0;
    number.power = 0;

    if (*p == '-') {
        p++;
    }

    start = p;
    p = game_json_digits(p, end, &number, 0);

    if (p == start || (*start == '0' && p > start + 1)) {
        *err = "an invalid number";
        return end;
    }

    if (p < end && *p == '.') {
        start = ++p;
        p = game_json_digits(p, end, &number, 1);

        if (p == start) {
            *err = "an invalid number";
            return end;
        }
    }

    if (p < end && (*p | 0x20) == 'e') {
        p = game_json_exponent(p + 1, end, &number);

        if (p == NULL) {
            *err = "an invalid number";
            return end;
        }
    }

    if (game_json_infinite(&number)) {
        *err = "a number is not finite";
        return end;
    }

    return p;
}


/* a run of digits; zeros before the first that counts only move the power */
static const unsigned char *
game_json_digits(const unsigned char *p, const unsigned char *end,
    game_json_number_t *number, int fraction)
{
    for ( /* void */ ; p < end && *p >= '0' && *p <= '9'; p++) {

        if (number->n == 0 && *p == '0') {
            number->power -= fraction;
            continue;
        }

        if (number->n == 0) {
            number->power -= fraction;

        } else if (!fraction) {
            number->power++;
        }

        if (number->n < GAME_JSON_DIGITS) {
            number->digits = number->digits * 10 + (*p - '0');
            number->n++;
        }
    }

    return p;
}


/* p is after the `e`; NULL: there are no digits */
static const unsigned char *
game_json_exponent(const unsigned char *p, const unsigned char *end,
    game_json_number_t *number)
{
    int                   negative;
    int64_t               value;
    const unsigned char  *start;

    negative = (p < end && *p == '-');

    if (p < end && (*p == '-' || *p == '+')) {
        p++;
    }

    start = p;
    value = 0;

    for ( /* void */ ; p < end && *p >= '0' && *p <= '9'; p++) {
        if (value < GAME_JSON_EXPONENT) {
            value = value * 10 + (*p - '0');
        }
    }

    number->power += negative ? -value : value;

    return p == start ? NULL : p;
}


static int
game_json_infinite(const game_json_number_t *number)
{
    int       n;
    uint64_t  digits;

    if (number->n == 0 || number->power < GAME_JSON_POWER) {
        return 0;
    }

    digits = number->digits;

    for (n = number->n; n < GAME_JSON_DIGITS; n++) {
        digits *= 10;
    }

    return number->power > GAME_JSON_POWER || digits >= GAME_JSON_HALF;
}


int
game_json_fields(const unsigned char *data, size_t len,
    game_json_field_t *fields, int max)
{
    int                   n;
    const unsigned char  *p, *end;

    end = data + len;
    p = game_json_space(data, end);

    if (p == end || *p++ != '{') {
        return -1;
    }

    for (n = 0; n < max; n++) {

        p = game_json_space(p, end);

        if (n == 0 && p < end && *p == '}') {
            break;
        }

        p = game_json_text(p, end, &fields[n].name, &fields[n].name_len);

        if (p == NULL) {
            return -1;
        }

        p = game_json_space(p, end);

        if (p == end || *p != ':') {
            return -1;
        }

        p = game_json_value(game_json_space(p + 1, end), end, &fields[n]);

        if (p == NULL) {
            return -1;
        }

        p = game_json_space(p, end);

        if (p < end && *p == '}') {
            n++;
            break;
        }

        if (p == end || *p++ != ',') {
            return -1;
        }
    }

    if (p == end || *p != '}' || game_json_space(p + 1, end) != end) {
        return -1;
    }

    return n;
}


static inline const unsigned char *
game_json_space(const unsigned char *p, const unsigned char *end)
{
    while (p < end
           && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
    {
        p++;
    }

    return p;
}


/* p is at the quote; returns the place after the other one */
static const unsigned char *
game_json_text(const unsigned char *p, const unsigned char *end,
    const unsigned char **text, uint32_t *len)
{
    const unsigned char  *start;

    if (p == end || *p != '"') {
        return NULL;
    }

    start = ++p;

    while (p < end && *p >= 0x20 && *p != '"' && *p != '\\') {
        p++;
    }

    if (p == end || *p != '"') {
        return NULL;
    }

    *text = start;
    *len = p - start;

    return p + 1;
}


static const unsigned char *
game_json_value(const unsigned char *p, const unsigned char *end,
    game_json_field_t *field)
{
    if (p == end) {
        return NULL;
    }

    field->type = *p;

    switch (*p) {

    case '"':
        return game_json_text(p, end, &field->string, &field->len);

    case 't':
        return end - p >= 4 && memcmp(p, "true", 4) == 0 ? p + 4 : NULL;

    case 'f':
        return end - p >= 5 && memcmp(p, "false", 5) == 0 ? p + 5 : NULL;

    case 'n':
        return end - p >= 4 && memcmp(p, "null", 4) == 0 ? p + 4 : NULL;

    default:
        return game_json_short(p, end, &field->number);
    }
}


/* the place after a number, or NULL: there is none, or one of another form */
static const unsigned char *
game_json_short(const unsigned char *p, const unsigned char *end,
    double *value)
{
    int                   negative;
    uint64_t              digits, power;
    const unsigned char  *start, *point;

    negative = (*p == '-');
    p += negative;

    start = p;
    point = NULL;
    digits = 0;
    power = 1;

    for ( /* void */ ; p < end && p - start <= GAME_JSON_EXACT; p++) {

        if (*p >= '0' && *p <= '9') {
            digits = digits * 10 + (*p - '0');
            power = point ? power * 10 : power;

        } else if (*p == '.' && point == NULL && p > start) {
            point = p;

        } else {
            break;
        }
    }

    /* too long, no digits before or behind the point, or zeros in front */

    if (p - start > GAME_JSON_EXACT
        || p == start
        || p[-1] == '.'
        || (*start == '0' && p - start > 1 && start[1] != '.')
        || (p < end && (*p == 'e' || *p == 'E' || *p == '.')))
    {
        return NULL;
    }

    *value = (double) digits / (double) power;

    if (negative) {
        *value = -*value;
    }

    return p;
}


size_t
game_json_plain_long(unsigned char *dst, const unsigned char *src, size_t len,
    size_t room)
{
    size_t  i, n;

    for (i = 0; i < len && room - i >= GAME_JSON_BYTES; i += n) {
        n = len - i < GAME_JSON_BYTES ? len - i : GAME_JSON_BYTES;

        if (game_json_copy(dst + i, src + i, n) != 0) {
            break;
        }
    }

    while (i < len && src[i] >= 0x20 && src[i] != '"' && src[i] != '\\') {
        dst[i] = src[i];
        i++;
    }

    return i;
}


unsigned char *
game_json_pairs(unsigned char *dst, const unsigned char *end,
    game_dump_t *dump, game_dump_value_t *map, size_t max)
{
    double                n;
    unsigned char        *p;
    const unsigned char  *src;

    if (map->slot < map->slots) {
        return dst;
    }

    while (map->left > 0
           && max > 0
           && end - dst >= GAME_JSON_PAIR
           && dump->end - dump->pos >= GAME_JSON_PAIR_READ)
    {
        src = dump->pos;

        p = game_json_put(dst, src);

        if (p == NULL) {
            break;
        }

        *p++ = ':';

        src += 1 + *src - GAME_DUMP_TAG_STRING;

        switch (*src) {

        case GAME_DUMP_TAG_NUMBER:
            memcpy(&n, src + 1, sizeof(double));

            if (!isfinite(n)) {
                return dst;
            }

            p += game_number_format((char *) p, n);
            src += 1 + sizeof(double);
            break;

        case GAME_DUMP_TAG_FALSE:
            memcpy(p, "false", 5);
            p += 5;
            src++;
            break;

        case GAME_DUMP_TAG_TRUE:
            memcpy(p, "true", 4);
            p += 4;
            src++;
            break;

        default:
            p = game_json_put(p, src);

            if (p == NULL) {
                return dst;
            }

            src += 1 + *src - GAME_DUMP_TAG_STRING;
            break;
        }

        *p++ = ',';

        dst = p;
        dump->pos = src;
        map->left--;
        max--;
    }

    return dst;
}


/* a short string with its quotes, or NULL: it is none, or not plain */

static inline unsigned char *
game_json_put(unsigned char *dst, const unsigned char *src)
{
    size_t  len;

    len = (size_t) *src - GAME_DUMP_TAG_STRING;

    if (len > GAME_JSON_BYTES || game_json_copy(dst + 1, src + 1, len) != 0) {
        return NULL;
    }

    dst[0] = '"';
    dst[1 + len] = '"';

    return dst + 1 + len + 1;
}
