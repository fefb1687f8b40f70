
/*
 * Copyright (C) ngx_game authors
 *
 * The Test Anything Protocol for the C tests of src/core.  A test is a main()
 * that calls ok(), is() and is_mem() and ends with `return tap_done();`; a
 * failure is told with its file and line, and makes the exit code non-zero.
 * The number of tests may be planned before the first one, or is counted.
 */


#ifndef TAP_H
#define TAP_H


#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>


static unsigned  tap_count;
static unsigned  tap_failures;
static unsigned  tap_planned;


#define plan(n)                                                               \
    tap_plan(n)

/* ok(condition, "format", ...) */
#define ok(cond, ...)                                                         \
    tap_result(!!(cond), __FILE__, __LINE__, #cond, __VA_ARGS__)

/* is(got, wanted, "format", ...): whole numbers up to 64 bits */
#define is(got, wanted, ...)                                                  \
    tap_is((int64_t) (got), (int64_t) (wanted), __FILE__, __LINE__, #got,     \
           __VA_ARGS__)

/* is_mem(got, its length, wanted, its length, "format", ...) */
#define is_mem(got, got_len, wanted, wanted_len, ...)                         \
    tap_is_mem(got, got_len, wanted, wanted_len, __FILE__, __LINE__, #got,    \
               __VA_ARGS__)


static inline void
tap_plan(unsigned n)
{
    tap_planned = n;

    printf("1..%u\n", n);
}


static inline void
tap_line(int pass, const char *fmt, va_list args)
{
    tap_count++;

    printf("%s %u - ", pass ? "ok" : "not ok", tap_count);
    vprintf(fmt, args);
    printf("\n");

    if (!pass) {
        tap_failures++;
    }
}


static inline int __attribute__((format(printf, 5, 6)))
tap_result(int pass, const char *file, int line, const char *text,
    const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    tap_line(pass, fmt, args);
    va_end(args);

    if (!pass) {
        printf("# failed at %s:%d: %s\n", file, line, text);
    }

    fflush(stdout);

    return pass;
}


static inline int __attribute__((format(printf, 6, 7)))
tap_is(int64_t got, int64_t wanted, const char *file, int line,
    const char *text, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    tap_line(got == wanted, fmt, args);
    va_end(args);

    if (got != wanted) {
        printf("# failed at %s:%d: %s\n", file, line, text);
        printf("#      got: %" PRId64 "\n", got);
        printf("# expected: %" PRId64 "\n", wanted);
    }

    fflush(stdout);

    return got == wanted;
}


static inline void
tap_dump(const char *name, const void *data, size_t len)
{
    size_t                i;
    const unsigned char  *p;

    p = data;

    printf("# %s: %zu bytes:", name, len);

    for (i = 0; i < len && i < 32; i++) {
        printf(" %02x", p[i]);
    }

    printf("%s\n", i < len ? " .." : "");
}


static inline int __attribute__((format(printf, 8, 9)))
tap_is_mem(const void *got, size_t got_len, const void *wanted,
    size_t wanted_len, const char *file, int line, const char *text,
    const char *fmt, ...)
{
    int      pass;
    va_list  args;

    pass = got_len == wanted_len
           && (got_len == 0 || memcmp(got, wanted, got_len) == 0);

    va_start(args, fmt);
    tap_line(pass, fmt, args);
    va_end(args);

    if (!pass) {
        printf("# failed at %s:%d: %s\n", file, line, text);
        tap_dump("     got", got, got_len);
        tap_dump("expected", wanted, wanted_len);
    }

    fflush(stdout);

    return pass;
}


/* the exit code of main() */

static inline int
tap_done(void)
{
    if (tap_planned == 0) {
        printf("1..%u\n", tap_count);

    } else if (tap_planned != tap_count) {
        printf("# planned %u tests but ran %u\n", tap_planned, tap_count);
        return 1;
    }

    if (tap_failures) {
        printf("# %u of %u tests failed\n", tap_failures, tap_count);
        return 1;
    }

    return 0;
}


#endif /* TAP_H */
