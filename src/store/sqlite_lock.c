/* sqlite_lock.c - one writer at a time over all processes: SQLite 3.40 may lose a commit that races
 * a checkpoint of another connection, so both are done only under this lock. */
#include "base/clock.h"
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TRY_AGAIN_FIRST_US 50
#define TRY_AGAIN_LAST_US 2000

static bool open_lock_file(struct store *store)
{
    char path[STORE_PATH_SIZE + 16];
    snprintf(path, sizeof(path), "%s/store.lock", store->dir);
    store->sqlite->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->sqlite->lock_fd < 0) {
        store_fail(store, STORE_UNKNOWN, "cannot open %s: %s", path, strerror(errno));
        return false;
    }
    return true;
}

bool sqlite_lock(struct store *store)
{
    if (store->sqlite->lock_fd < 0 && !open_lock_file(store)) {
        return false;
    }
    /* A lock of the open file, not of the process: two stores of one process exclude each other. */
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int64_t pause_us = TRY_AGAIN_FIRST_US;
    while (fcntl(store->sqlite->lock_fd, F_OFD_SETLK, &whole) != 0) {
        if (errno != EAGAIN && errno != EACCES && errno != EINTR) {
            store_fail(store, STORE_UNKNOWN, "store.lock: %s", strerror(errno));
            return false;
        }
        int64_t now_us = clock_mono_us();
        if (now_us >= store->deadline_us) {
            store_fail(store, STORE_UNKNOWN, "store.lock is held by another process");
            return false;
        }
        store_sleep_us(pause_us < store->deadline_us - now_us ? pause_us
                                                              : store->deadline_us - now_us);
        pause_us = pause_us * 2 < TRY_AGAIN_LAST_US ? pause_us * 2 : TRY_AGAIN_LAST_US;
    }
    store->sqlite->is_locked = true;
    return true;
}

void sqlite_unlock(struct store *store)
{
    if (!store->sqlite->is_locked) {
        return;
    }
    struct flock whole = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
    (void)fcntl(store->sqlite->lock_fd, F_OFD_SETLK, &whole);
    store->sqlite->is_locked = false;
}
