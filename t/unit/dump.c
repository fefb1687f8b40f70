
/*
 * Copyright (C) ngx_game authors
 *
 * game_dump: values as LuaJIT 2.1 writes them, and what it never writes.
 */


#include <stdlib.h>

#include "game_dump.h"
#include "tap.h"


#define ONE    "\7\0\0\0\0\0\0\360\77"
#define TWO    "\7\0\0\0\0\0\0\0\100"
#define HALF   "\7\0\0\0\0\0\0\340\77"
#define MINUS  "\7\0\0\0\0\0\0\360\277"
#define M      "\7\0\0\0\0\200\204\56\101"    /* 1000000 */


static char  text[512];


static void
add(const char *fmt, ...)
{
    size_t   len;
    va_list  args;

    len = strlen(text);

    va_start(args, fmt);
    vsnprintf(text + len, sizeof(text) - len, fmt, args);
    va_end(args);
}


static game_dump_type_e value(game_dump_t *dump);


/* in brackets if its values are in their order, in parentheses else */

static game_dump_type_e
array(game_dump_t *dump, game_dump_value_t *v)
{
    size_t                 i;
    game_dump_t            item;
    game_dump_type_e       type;
    const unsigned char  **places;

    type = GAME_DUMP_ARRAY;
    places = NULL;

    if (v->scattered) {
        places = calloc(v->n, sizeof(unsigned char *));

        if (places == NULL || game_dump_places(dump, v, places) != 0) {
            free(places);
            return GAME_DUMP_BAD;
        }
    }

    add(places ? "(" : "[");

    for (i = 0; i < v->n && type <= GAME_DUMP_OTHER; i++) {
        add(i ? " " : "");

        if (places && places[i] == NULL) {
            add("nil");
            continue;
        }

        item = *dump;

        if (places) {
            item.pos = places[i];
        }

        type = value(&item);

        if (places == NULL) {
            *dump = item;
        }
    }

    add(places ? ")" : "]");
    free(places);

    return type;
}


static game_dump_type_e
map(game_dump_t *dump, game_dump_value_t *v)
{
    size_t             n;
    game_dump_type_e   type;
    game_dump_value_t  key;

    add("{");

    for (n = 0; /* void */ ; n++) {
        type = game_dump_key(dump, v, &key);

        if (type == GAME_DUMP_NIL) {
            add("}%s", n == v->n ? "" : "?");
            return GAME_DUMP_MAP;
        }

        if (type == GAME_DUMP_STRING) {
            add("%s%.*s=", n ? " " : "", (int) key.len, key.text);

        } else if (type == GAME_DUMP_NUMBER) {
            add("%s%g=", n ? " " : "", key.number);

        } else {
            return type;
        }

        type = value(dump);

        if (type > GAME_DUMP_OTHER) {
            return type;
        }
    }
}


static game_dump_type_e
value(game_dump_t *dump)
{
    game_dump_type_e   type;
    game_dump_value_t  v;

    type = game_dump_next(dump, &v);

    switch (type) {

    case GAME_DUMP_NIL:
        add("nil");
        return type;

    case GAME_DUMP_FALSE:
        add("false");
        return type;

    case GAME_DUMP_TRUE:
        add("true");
        return type;

    case GAME_DUMP_LIGHT:
        add("@%lx", (unsigned long) v.light);
        return type;

    case GAME_DUMP_NUMBER:
        add("%.17g", v.number);
        return type;

    case GAME_DUMP_STRING:
        add("%.*s", (int) v.len, v.text);
        return type;

    case GAME_DUMP_ARRAY:
        return array(dump, &v);

    case GAME_DUMP_MAP:
        return map(dump, &v);

    case GAME_DUMP_OTHER:
        add("other");
        return type;

    default:
        return type;
    }
}


/* in memory of its own, so that a byte too much is seen */

static game_dump_type_e
get(const char *data, size_t len)
{
    game_dump_t       dump;
    unsigned char    *copy;
    game_dump_type_e  type;

    copy = malloc(len ? len : 1);

    if (copy == NULL) {
        abort();
    }

    memcpy(copy, data, len);

    dump.pos = copy;
    dump.end = copy + len;
    dump.ahead = 0;

    text[0] = '\0';
    type = value(&dump);

    if (type <= GAME_DUMP_OTHER && dump.pos != dump.end) {
        add(" and %zu bytes", (size_t) (dump.end - dump.pos));
    }

    free(copy);

    return type;
}


/* and any part from the beginning is found to be cut off */

static void
good(const char *data, size_t len, const char *wanted)
{
    size_t            n, cut;
    game_dump_type_e  type;

    type = get(data, len);

    ok(type <= GAME_DUMP_OTHER && strcmp(text, wanted) == 0, "%s: %s", wanted,
       text);

    for (cut = 0, n = 0; n < len; n++) {
        cut += (get(data, n) == GAME_DUMP_BAD);
    }

    is(cut, len, "%s: as bad if it is cut off", wanted);
}


static void
bad(const char *data, size_t len, game_dump_type_e wanted, const char *name)
{
    is(get(data, len), wanted, "%s", name);
}


#define good(data, wanted)       good(data, sizeof(data) - 1, wanted)
#define bad(data, wanted, name)  bad(data, sizeof(data) - 1, wanted, name)


static void
scalars(void)
{
    good("\0", "nil");
    good("\1", "false");
    good("\2", "true");
    good("\3", "@0");
    good("\4\1\0\0\0", "@1");
    good("\5\1\0\0\0\0\0\1\0", "@1000000000001");
    good("\6\377\377\377\377", "-1");
    good(HALF, "0.5");
    good("\20xxxxxxxx", "other");
    good("\21xxxxxxxx", "other");
    good("\22xxxxxxxxxxxxxxxx", "other");
}


static void
strings(void)
{
    char    data[10000];
    size_t  i, len, wrong;

    /* the length is in one, two or five bytes */

    static const struct {
        size_t       len;
        size_t       n;
        const char  *begin;
    } cases[] = {
        { 0,    1, "\40" },
        { 1,    1, "\41" },
        { 191,  1, "\337" },
        { 192,  2, "\340\0" },
        { 8127, 2, "\376\377" },
        { 8128, 5, "\377\340\37\0\0" },
        { 9000, 5, "\377\110\43\0\0" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        len = cases[i].len;
        memcpy(data, cases[i].begin, cases[i].n);
        memset(data + cases[i].n, 'x', len);

        wrong = get(data, cases[i].n + len) != GAME_DUMP_STRING;
        wrong += get(data, cases[i].n + len - 1) != GAME_DUMP_BAD;
        wrong += strspn(text, "x") > len;

        is(wrong, 0, "a string of %zu bytes", len);
    }
}


static void
tables(void)
{
    good("\10", "{}");
    good("\11\1!k!v", "{k=v}");
    good("\11\2!k!v!l\11\1!m" ONE, "{k=v l={m=1}}");

    good("\14\4" ONE TWO "!a", "[1 2 a]");
    good("\14\4" ONE "\0" TWO, "[1 nil 2]");
    good("\12\3!z!a!b", "{0=z 1=a 2=b}");
    good("\12\3!z\0!b", "{0=z 2=b}");

    good("\11\1" TWO "!b", "(nil b)");
    good("\11\2" TWO "!b" ONE "\14\2!x", "([x] b)");
    good("\15\3\1!a!b\6\4\0\0\0!d", "(a b nil d)");
    good("\15\3\1!a!b!k" ONE, "{1=a 2=b k=1}");
    good("\15\4\1!a\0!b!k" ONE, "{1=a 3=b k=1}");
    good("\13\2\1!z!a!k" ONE, "{0=z 1=a k=1}");
    good("\13\2\1!z!a" TWO "!b", "{0=z 1=a 2=b}");
    good("\11\2" MINUS "!a" ONE "!b", "{-1=a 1=b}");
    good("\11\2" ONE "!b!k!a", "{1=b k=a}");
    good("\11\1" ONE "\11\2" ONE "\14\3!x!y" TWO "\10", "(([x y] {}))");
}


static void
refused(void)
{
    char  data[1024];

    bad("", GAME_DUMP_BAD, "nothing");
    bad("\16\0", GAME_DUMP_BAD, "a metatable");
    bad("\17\0", GAME_DUMP_BAD, "a string of a dictionary");
    bad("\23", GAME_DUMP_BAD, "an unknown tag");
    bad("\12\0", GAME_DUMP_BAD, "an array part of no slots");
    bad("\14\0", GAME_DUMP_BAD, "one without slot 0");

    bad("\11\1" HALF "!a", GAME_DUMP_KEY, "a fraction as a key");
    bad("\11\1\2!a", GAME_DUMP_KEY, "true as a key");
    bad("\11\2!k!a\2!a", GAME_DUMP_KEY, "true as the second key");
    bad("\11\1\7\0\0\0\0\0\0\120\103!a", GAME_DUMP_KEY, "2^54 as a key");
    bad("\11\1\10!a", GAME_DUMP_KEY, "a table as a key");

    bad("\11\1" M "!a", GAME_DUMP_SPARSE, "an array of one in a million");
    bad("\11\2" ONE "!a" ONE "!a", GAME_DUMP_BAD, "a key twice");

    memset(data, '\1', sizeof(data));
    memcpy(data, "\11\1" ONE, 11);
    memset(data + 11, '\14', 500);
    (bad)(data, sizeof(data), GAME_DUMP_BAD, "tables in tables without end");

    ok(!game_dump_sparse(10, 9), "few values may be missing");
    ok(!game_dump_sparse(12, 6), "half of them may be missing");
    ok(game_dump_sparse(12, 7), "more may not");
}


int
main(void)
{
    scalars();
    strings();
    tables();
    refused();

    return tap_done();
}
