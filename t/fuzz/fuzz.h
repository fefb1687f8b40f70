
/*
 * Copyright (C) ngx_game authors
 *
 * What the fuzz drivers share.  Built with -DGAME_FUZZ_MAIN a driver needs no
 * libFuzzer: it runs the files and folders that it is given, or
 * t/fuzz/corpus/<its own name>, each file and all its beginnings, and writes
 * TAP.
 */


#ifndef FUZZ_H
#define FUZZ_H


#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


/* an invariant: it is checked in every build */
#define FUZZ_CHECK(cond)                                                      \
    ((cond) ? (void) 0 : fuzz_failed(#cond, __FILE__, __LINE__))


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static inline void
fuzz_failed(const char *text, const char *file, int line)
{
    fprintf(stderr, "%s:%d: broken: %s\n", file, line, text);
    abort();
}


static inline void *
fuzz_alloc(size_t size)
{
    void  *p;

    p = malloc(size ? size : 1);

    if (p == NULL) {
        abort();
    }

    return p;
}


/* a copy of exactly its size, so that a sanitizer sees a read beyond it */

static inline unsigned char *
fuzz_copy(const void *data, size_t size)
{
    unsigned char  *p;

    p = fuzz_alloc(size);

    if (size) {
        memcpy(p, data, size);
    }

    return p;
}


#if (GAME_FUZZ_MAIN)

#include <dirent.h>
#include <sys/stat.h>


#define FUZZ_FILE_MAX  65536


static unsigned  fuzz_files;


static inline void
fuzz_file(const char *path)
{
    FILE           *f;
    size_t          size, n;
    unsigned char  *data, *part;

    f = fopen(path, "rb");

    if (f == NULL) {
        perror(path);
        exit(1);
    }

    data = fuzz_alloc(FUZZ_FILE_MAX);
    size = fread(data, 1, FUZZ_FILE_MAX, f);
    fclose(f);

    /* the beginnings of a long file, a few hundred of them */

    for (n = 0; n < size; n += 1 + size / 256) {
        part = fuzz_copy(data, n);
        LLVMFuzzerTestOneInput(part, n);
        free(part);
    }

    part = fuzz_copy(data, size);
    LLVMFuzzerTestOneInput(part, size);
    free(part);
    free(data);

    printf("ok %u - %s\n", ++fuzz_files, path);
    fflush(stdout);
}


static inline void
fuzz_path(const char *path)
{
    DIR            *dir;
    char           *name;
    struct stat     st;
    struct dirent  *entry;

    if (stat(path, &st) != 0) {
        perror(path);
        exit(1);
    }

    if (!S_ISDIR(st.st_mode)) {
        fuzz_file(path);
        return;
    }

    dir = opendir(path);

    if (dir == NULL) {
        perror(path);
        exit(1);
    }

    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.') {
            continue;
        }

        name = fuzz_alloc(strlen(path) + strlen(entry->d_name) + 2);
        sprintf(name, "%s/%s", path, entry->d_name);

        fuzz_file(name);
        free(name);
    }

    closedir(dir);
}


int
main(int argc, char **argv)
{
    int          i;
    char         path[4096];
    const char  *name;

    for (i = 1; i < argc; i++) {
        fuzz_path(argv[i]);
    }

    if (argc == 1) {
        name = strrchr(argv[0], '/');
        name = name ? name + 1 : argv[0];

        snprintf(path, sizeof(path), "t/fuzz/corpus/%s", name);
        fuzz_path(path);
    }

    printf("1..%u\n", fuzz_files);

    return fuzz_files ? 0 : 1;
}

#endif


#endif /* FUZZ_H */
