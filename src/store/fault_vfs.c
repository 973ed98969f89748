#include "store/fault_vfs.h"

#include "base/clock.h"
#include "store/internal.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LOOK_AGAIN_US 10000

struct fault_plan {
    int64_t latency_us;
    bool fails_read, fails_write, fails_sync, fails_all;
    bool is_full;
};

struct fault_vfs {
    sqlite3_vfs vfs; /* its pAppData is the whole */
    sqlite3_vfs *below;
    char name[64];
    char path[STORE_PATH_SIZE + 16];
    int64_t looked_at_us;
    struct timespec changed_at;
    ino_t inode;
    struct fault_plan plan;
};

struct fault_file {
    sqlite3_file base;
    struct fault_vfs *faults;
    sqlite3_io_methods methods; /* of the version that the file below has */
    /* The file below follows. */
};

static void read_plan(const char *path, struct fault_plan *plan)
{
    *plan = (struct fault_plan){0};
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return;
    }
    char line[128];
    while (fgets(line, sizeof(line), file) != NULL) {
        long long latency_ms = 0;
        if (sscanf(line, "latency_ms %lld", &latency_ms) == 1 && latency_ms > 0) {
            plan->latency_us = latency_ms * 1000;
        }
        plan->fails_read |= strncmp(line, "fail read", 9) == 0;
        plan->fails_write |= strncmp(line, "fail write", 10) == 0;
        plan->fails_sync |= strncmp(line, "fail sync", 9) == 0;
        plan->fails_all |= strncmp(line, "fail all", 8) == 0;
        plan->is_full |= strncmp(line, "full", 4) == 0;
    }
    fclose(file);
}

static const struct fault_plan *plan_now(struct fault_vfs *faults)
{
    int64_t now_us = clock_mono_us();
    if (faults->looked_at_us != 0 && now_us - faults->looked_at_us < LOOK_AGAIN_US) {
        return &faults->plan;
    }
    faults->looked_at_us = now_us;
    struct stat facts;
    if (stat(faults->path, &facts) != 0) {
        faults->plan = (struct fault_plan){0};
        faults->inode = 0;
        return &faults->plan;
    }
    if (facts.st_ino != faults->inode || facts.st_mtim.tv_sec != faults->changed_at.tv_sec ||
        facts.st_mtim.tv_nsec != faults->changed_at.tv_nsec) {
        faults->inode = facts.st_ino;
        faults->changed_at = facts.st_mtim;
        read_plan(faults->path, &faults->plan);
    }
    return &faults->plan;
}

static const struct fault_plan *plan_after_latency(struct fault_vfs *faults)
{
    const struct fault_plan *plan = plan_now(faults);
    if (plan->latency_us > 0) {
        store_sleep_us(plan->latency_us);
    }
    return plan;
}

static sqlite3_file *below(sqlite3_file *file)
{
    return (sqlite3_file *)(void *)((char *)file + sizeof(struct fault_file));
}

static struct fault_vfs *faults_of(sqlite3_file *file)
{
    return ((struct fault_file *)(void *)file)->faults;
}

static int file_close(sqlite3_file *file)
{
    return below(file)->pMethods == NULL ? SQLITE_OK : below(file)->pMethods->xClose(below(file));
}

static int file_read(sqlite3_file *file, void *data, int size, sqlite3_int64 offset)
{
    const struct fault_plan *plan = plan_after_latency(faults_of(file));
    if (plan->fails_read || plan->fails_all) {
        return SQLITE_IOERR_READ;
    }
    return below(file)->pMethods->xRead(below(file), data, size, offset);
}

static int file_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
    const struct fault_plan *plan = plan_after_latency(faults_of(file));
    if (plan->fails_write || plan->fails_all) {
        return SQLITE_IOERR_WRITE;
    }
    if (plan->is_full) {
        return SQLITE_FULL;
    }
    return below(file)->pMethods->xWrite(below(file), data, size, offset);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    const struct fault_plan *plan = plan_now(faults_of(file));
    if (plan->fails_write || plan->fails_all) {
        return SQLITE_IOERR_TRUNCATE;
    }
    return below(file)->pMethods->xTruncate(below(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
    const struct fault_plan *plan = plan_after_latency(faults_of(file));
    if (plan->fails_sync || plan->fails_all) {
        return SQLITE_IOERR_FSYNC;
    }
    return below(file)->pMethods->xSync(below(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return below(file)->pMethods->xFileSize(below(file), size);
}

static int file_lock(sqlite3_file *file, int level)
{
    if (plan_now(faults_of(file))->fails_all) {
        return SQLITE_IOERR_LOCK;
    }
    return below(file)->pMethods->xLock(below(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    return below(file)->pMethods->xUnlock(below(file), level);
}

static int file_check_reserved(sqlite3_file *file, int *is_reserved)
{
    return below(file)->pMethods->xCheckReservedLock(below(file), is_reserved);
}

static int file_control(sqlite3_file *file, int code, void *argument)
{
    return below(file)->pMethods->xFileControl(below(file), code, argument);
}

static int file_sector_size(sqlite3_file *file)
{
    return below(file)->pMethods->xSectorSize(below(file));
}

static int file_characteristics(sqlite3_file *file)
{
    return below(file)->pMethods->xDeviceCharacteristics(below(file));
}

static int file_shm_map(sqlite3_file *file, int page, int page_size, int extend,
                        void volatile **out)
{
    if (plan_now(faults_of(file))->fails_all) {
        return SQLITE_IOERR_SHMMAP;
    }
    return below(file)->pMethods->xShmMap(below(file), page, page_size, extend, out);
}

static int file_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    bool is_unlock = (flags & SQLITE_SHM_UNLOCK) != 0;
    if (!is_unlock && plan_now(faults_of(file))->fails_all) {
        return SQLITE_IOERR_SHMLOCK;
    }
    return below(file)->pMethods->xShmLock(below(file), offset, count, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
    below(file)->pMethods->xShmBarrier(below(file));
}

static int file_shm_unmap(sqlite3_file *file, int is_delete)
{
    return below(file)->pMethods->xShmUnmap(below(file), is_delete);
}

/* Version 2 at most: the third adds memory-mapped reads, which would go round this layer. */
static const sqlite3_io_methods fault_methods = {
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *got)
{
    struct fault_vfs *faults = vfs->pAppData;
    struct fault_file *mine = (struct fault_file *)(void *)file;
    mine->base.pMethods = NULL;
    mine->faults = faults;
    if (plan_now(faults)->fails_all) {
        return SQLITE_CANTOPEN;
    }
    int rc = faults->below->xOpen(faults->below, name, below(file), flags, got);
    if (below(file)->pMethods != NULL) {
        mine->methods = fault_methods;
        int version = below(file)->pMethods->iVersion;
        mine->methods.iVersion = version < 2 ? version : 2;
        mine->base.pMethods = &mine->methods;
    }
    return rc;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_dir)
{
    struct fault_vfs *faults = vfs->pAppData;
    if (plan_now(faults)->fails_all) {
        return SQLITE_IOERR_DELETE;
    }
    return faults->below->xDelete(faults->below, name, sync_dir);
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    struct fault_vfs *faults = vfs->pAppData;
    return faults->below->xAccess(faults->below, name, flags, out);
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
    struct fault_vfs *faults = vfs->pAppData;
    return faults->below->xFullPathname(faults->below, name, size, out);
}

struct fault_vfs *fault_vfs_new(const char *dir)
{
    struct fault_vfs *faults = calloc(1, sizeof(*faults));
    sqlite3_vfs *usual = sqlite3_vfs_find(NULL);
    if (faults == NULL || usual == NULL) {
        free(faults);
        return NULL;
    }
    faults->below = usual;
    snprintf(faults->path, sizeof(faults->path), "%s/drill.faults", dir);
    snprintf(faults->name, sizeof(faults->name), "dialtone-drill-%p", (void *)faults);
    /* Randomness, sleep, time and the rest are the usual layer's own: they do not look at their
     * vfs argument's private data in SQLite's unix layer. */
    faults->vfs = *usual;
    faults->vfs.pNext = NULL;
    faults->vfs.zName = faults->name;
    faults->vfs.pAppData = faults;
    faults->vfs.szOsFile = usual->szOsFile + (int)sizeof(struct fault_file);
    faults->vfs.xOpen = vfs_open;
    faults->vfs.xDelete = vfs_delete;
    faults->vfs.xAccess = vfs_access;
    faults->vfs.xFullPathname = vfs_full_path;
    if (sqlite3_vfs_register(&faults->vfs, 0) != SQLITE_OK) {
        free(faults);
        return NULL;
    }
    return faults;
}

void fault_vfs_free(struct fault_vfs *faults)
{
    if (faults != NULL) {
        sqlite3_vfs_unregister(&faults->vfs);
        free(faults);
    }
}

const char *fault_vfs_name(const struct fault_vfs *faults)
{
    return faults->name;
}
