
/*
 * Copyright (C) ngx_game authors
 *
 * The report of a workload.
 */


#include "report.h"

#include <stdio.h>


static void load_report_text(const char *text);
static void load_report_times(const char *name, const load_histogram_t *h);
static void load_report_cpu(const load_report_t *r, const load_options_t *o);


void
load_report_print(const load_report_t *r, const load_options_t *o)
{
    printf("{\"workload\":\"%s\",\"name\":\"", o->workload);
    load_report_text(o->name);
    printf("\",\"clients\":%ld,\"size\":%ld,\"window\":%ld,\"rate\":%g,"
           "\"rooms\":%ld,\"seconds\":%.3f", o->clients, o->size, o->window,
           o->rate, o->rooms, r->seconds);

    printf(",\"sent\":%lu,\"received\":%lu,\"messages_per_s\":%.1f,"
           "\"bytes_per_s\":%.0f", r->sent, r->received,
           r->received / r->seconds, r->bytes / r->seconds);

    load_report_times("latency_us", &r->latency);
    load_report_times("jitter_us", &r->jitter);

    if (r->updates) {
        printf(",\"hz\":%.3f,\"update_bytes\":%.1f",
               r->updates / r->seconds / o->clients,
               (double) r->update_bytes / r->updates);
    }

    load_report_cpu(r, o);

    if (r->sessions) {
        printf(",\"memory_bytes_per_session\":%.0f",
               (double) r->memory / r->sessions);
    }

    printf(",\"errors\":%lu}\n", r->errors);
}


/* a label: what JSON would have to escape is left out */

static void
load_report_text(const char *text)
{
    for ( /* void */ ; *text; text++) {
        if ((unsigned char) *text >= 0x20 && *text != '"' && *text != '\\') {
            putchar(*text);
        }
    }
}


static void
load_report_times(const char *name, const load_histogram_t *h)
{
    if (h->count == 0) {
        return;
    }

    printf(",\"%s\":{\"p50\":%.2f,\"p99\":%.2f,\"p99_9\":%.2f,\"max\":%.2f}",
           name, load_histogram_at(h, 0.5) / 1e3,
           load_histogram_at(h, 0.99) / 1e3,
           load_histogram_at(h, 0.999) / 1e3, h->max / 1e3);
}


static void
load_report_cpu(const load_report_t *r, const load_options_t *o)
{
    if (o->pid) {
        printf(",\"cpu_s\":%.6f", r->cpu / 1e9);

        if (r->received) {
            printf(",\"cpu_us_per_message\":%.4f",
                   r->cpu / 1e3 / r->received);
        }

        printf(",\"cpu_share\":%.4f", r->cpu / 1e9 / r->seconds);
    }

    printf(",\"load_cpu_share\":%.4f", r->own_cpu / 1e9 / r->seconds);
}
