
/*
 * Copyright (C) ngx_game authors
 *
 * CPU time and memory of a server: of a process and all its descendants, by
 * /proc.  Reading the CPU time takes microseconds, so that it can be done
 * while the server is measured.
 */


#ifndef LOAD_PROCESS_H
#define LOAD_PROCESS_H


#include <stdint.h>
#include <sys/types.h>


typedef struct {
    pid_t      *pids;
    unsigned    npids;
    int        *files;       /* schedstat of each thread */
    unsigned    nfiles;
} load_process_t;


/* finds the processes and their threads: 0, or -1, told on stderr.  Those
 * that start later are not seen */
int load_process_open(load_process_t *process, pid_t pid);
void load_process_close(load_process_t *process);

/* nanoseconds that all have run; a thread that has ended counts no more */
uint64_t load_process_cpu(const load_process_t *process);

/* anonymous and shared memory of all, in bytes; what several of them share
 * counts once */
uint64_t load_process_memory(const load_process_t *process);


#endif /* LOAD_PROCESS_H */
