
/*
 * Copyright (C) ngx_game authors
 *
 * The first number of /proc/PID/task/TID/schedstat is the time that a thread
 * has run, in nanoseconds: utime and stime of stat are counted in ticks of
 * 10 ms.  Of memory each process counts its share (Pss), so that the zone of
 * an nginx counts, and once; files do not, and neither does what the kernel
 * keeps for sockets.
 */


#define _GNU_SOURCE

#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


typedef struct {
    pid_t    pid;
    pid_t    parent;
} load_process_pair_t;


static int load_process_find(load_process_t *process, pid_t pid);
static unsigned load_process_all(load_process_pair_t **pairs);
static pid_t load_process_parent(const char *pid);
static int load_process_threads(load_process_t *process, pid_t pid);
static void *load_process_push(void *array, unsigned n, size_t size);


int
load_process_open(load_process_t *process, pid_t pid)
{
    unsigned  i;

    memset(process, 0, sizeof(load_process_t));

    if (load_process_find(process, pid) != 0) {
        fprintf(stderr, "load: there is no process %d\n", (int) pid);
        return -1;
    }

    for (i = 0; i < process->npids; i++) {
        if (load_process_threads(process, process->pids[i]) != 0) {
            fprintf(stderr, "load: cannot read the CPU time of process %d:"
                    " %s\n", (int) process->pids[i], strerror(errno));
            return -1;
        }
    }

    return 0;
}


void
load_process_close(load_process_t *process)
{
    unsigned  i;

    for (i = 0; i < process->nfiles; i++) {
        (void) close(process->files[i]);
    }

    free(process->files);
    free(process->pids);

    memset(process, 0, sizeof(load_process_t));
}


uint64_t
load_process_cpu(const load_process_t *process)
{
    char      text[128];
    ssize_t   n;
    uint64_t  sum;
    unsigned  i;

    sum = 0;

    for (i = 0; i < process->nfiles; i++) {
        n = pread(process->files[i], text, sizeof(text) - 1, 0);

        if (n > 0) {
            text[n] = '\0';
            sum += strtoull(text, NULL, 10);
        }
    }

    return sum;
}


uint64_t
load_process_memory(const load_process_t *process)
{
    char       line[256];
    FILE      *file;
    uint64_t   sum, kb;
    unsigned   i;

    sum = 0;

    for (i = 0; i < process->npids; i++) {
        snprintf(line, sizeof(line), "/proc/%d/smaps_rollup",
                 (int) process->pids[i]);

        file = fopen(line, "r");

        if (file == NULL) {
            continue;
        }

        while (fgets(line, sizeof(line), file)) {
            if (sscanf(line, "Pss_Anon: %lu", &kb) == 1
                || sscanf(line, "Pss_Shmem: %lu", &kb) == 1)
            {
                sum += kb * 1024;
            }
        }

        (void) fclose(file);
    }

    return sum;
}


/* pids of the process and of its descendants, parents first */

static int
load_process_find(load_process_t *process, pid_t pid)
{
    unsigned              i, k, n;
    load_process_pair_t  *pairs;

    n = load_process_all(&pairs);

    for (i = 0; i < n; i++) {
        if (pairs[i].pid == pid) {
            process->pids = load_process_push(NULL, 0, sizeof(pid_t));
            process->pids[process->npids++] = pid;
        }
    }

    for (k = 0; k < process->npids; k++) {
        for (i = 0; i < n; i++) {
            if (pairs[i].parent == process->pids[k]) {
                process->pids = load_process_push(process->pids,
                                                  process->npids,
                                                  sizeof(pid_t));
                process->pids[process->npids++] = pairs[i].pid;
            }
        }
    }

    free(pairs);

    return process->npids ? 0 : -1;
}


static unsigned
load_process_all(load_process_pair_t **pairs)
{
    DIR            *dir;
    unsigned        n;
    struct dirent  *entry;

    *pairs = NULL;
    n = 0;

    dir = opendir("/proc");

    if (dir == NULL) {
        return 0;
    }

    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9') {
            *pairs = load_process_push(*pairs, n, sizeof(load_process_pair_t));
            (*pairs)[n].pid = atoi(entry->d_name);
            (*pairs)[n++].parent = load_process_parent(entry->d_name);
        }
    }

    (void) closedir(dir);

    return n;
}


/* the fourth field of stat; the second is a name in brackets that may have
 * anything in it.  0: the process has ended */

static pid_t
load_process_parent(const char *pid)
{
    int       parent;
    char      text[512], *p;
    FILE     *file;
    size_t    n;

    snprintf(text, sizeof(text), "/proc/%.20s/stat", pid);

    file = fopen(text, "r");

    if (file == NULL) {
        return 0;
    }

    n = fread(text, 1, sizeof(text) - 1, file);
    text[n] = '\0';
    (void) fclose(file);

    p = strrchr(text, ')');

    return (p && sscanf(p, ") %*c %d", &parent) == 1) ? parent : 0;
}


static int
load_process_threads(load_process_t *process, pid_t pid)
{
    int             fd;
    DIR            *dir;
    char            path[64];
    struct dirent  *entry;

    snprintf(path, sizeof(path), "/proc/%d/task", (int) pid);

    dir = opendir(path);

    if (dir == NULL) {
        return -1;
    }

    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.') {
            continue;
        }

        snprintf(path, sizeof(path), "/proc/%d/task/%.20s/schedstat",
                 (int) pid, entry->d_name);

        fd = open(path, O_RDONLY|O_CLOEXEC);

        if (fd == -1) {
            (void) closedir(dir);
            return -1;
        }

        process->files = load_process_push(process->files, process->nfiles,
                                           sizeof(int));
        process->files[process->nfiles++] = fd;
    }

    (void) closedir(dir);

    return 0;
}


/* makes room for one more after n; it grows at powers of two */

static void *
load_process_push(void *array, unsigned n, size_t size)
{
    if ((n & (n - 1)) == 0) {
        array = realloc(array, (n ? n * 2 : 1) * size);

        if (array == NULL) {
            fprintf(stderr, "load: out of memory\n");
            exit(1);
        }
    }

    return array;
}
