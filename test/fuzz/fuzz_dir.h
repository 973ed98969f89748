/* fuzz_dir.h - a folder in memory for harnesses of code that reads files; gone with the process. */
#ifndef DT_TEST_FUZZ_DIR_H
#define DT_TEST_FUZZ_DIR_H

#include "fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char fuzz_dir_path[64];
static pid_t fuzz_dir_owner;

static int fuzz_dir_remove(const char *path, const struct stat *facts, int kind, struct FTW *ftw)
{
    (void)facts;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static void fuzz_dir_done(void)
{
    if (getpid() == fuzz_dir_owner) {
        nftw(fuzz_dir_path, fuzz_dir_remove, 8, FTW_DEPTH | FTW_PHYS);
    }
}

/* The folder's path, made at the first call; `inner` is a folder in it, or NULL. */
static const char *fuzz_dir(const char *inner)
{
    if (fuzz_dir_owner == 0) {
        struct stat facts;
        bool has_memory = stat("/dev/shm", &facts) == 0 && access("/dev/shm", W_OK) == 0;
        snprintf(fuzz_dir_path, sizeof(fuzz_dir_path), "%s/dialtone-fuzz-XXXXXX",
                 has_memory ? "/dev/shm" : "/tmp");
        FUZZ_CHECK(mkdtemp(fuzz_dir_path) != NULL);
        fuzz_dir_owner = getpid();
        atexit(fuzz_dir_done);
    }
    if (inner != NULL) {
        char path[128];
        snprintf(path, sizeof(path), "%s/%s", fuzz_dir_path, inner);
        mkdir(path, 0700); /* it may be there */
    }
    return fuzz_dir_path;
}

static inline void fuzz_dir_write(const char *name, const void *data, size_t size)
{
    char path[192];
    snprintf(path, sizeof(path), "%s/%s", fuzz_dir(NULL), name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FUZZ_CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
}

#endif
