/* backup.c - copies of the database while others write, and the way back. */
#include "base/clock.h"
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define STEP_PAGES 256
#define COPY_BLOCK_SIZE 65536

static void say(char *error, size_t error_size, const char *what, const char *why)
{
    snprintf(error, error_size, "%s: %s", what, why);
}

static bool sync_path(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool is_done = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return is_done;
}

static bool sync_dir_of(const char *path)
{
    char dir[STORE_PATH_SIZE + 64];
    snprintf(dir, sizeof(dir), "%s", path);
    char *slash = strrchr(dir, '/');
    if (slash == NULL) {
        return sync_path(".");
    }
    slash[slash == dir ? 1 : 0] = '\0';
    return sync_path(dir);
}

/* The read transaction that `from` is in makes every step copy the same state, whoever writes. */
static int copy_pages(sqlite3 *from, sqlite3 *to)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (backup == NULL) {
        return sqlite3_errcode(to);
    }
    int rc;
    do {
        rc = sqlite3_backup_step(backup, STEP_PAGES);
    } while (rc == SQLITE_OK);
    int finish_rc = sqlite3_backup_finish(backup);
    return rc == SQLITE_DONE ? finish_rc : rc;
}

static bool copy_into(struct store *store, const char *part)
{
    sqlite3 *to = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int rc = sqlite3_open_v2(part, &to, flags, NULL);
    if (rc == SQLITE_OK && sqlite_exec(store, "BEGIN; SELECT count(*) FROM sqlite_schema")) {
        rc = copy_pages(sqlite_db(store), to);
        (void)sqlite3_exec(sqlite_db(store), "ROLLBACK", NULL, NULL, NULL);
        if (rc == SQLITE_OK) {
            /* One plain file, without a log beside it. */
            rc = sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
        }
    } else {
        rc = rc == SQLITE_OK ? SQLITE_ERROR : rc;
    }
    sqlite3_close(to);
    if (rc != SQLITE_OK || !sync_path(part)) {
        store_fail(store, STORE_UNKNOWN, "cannot write %s: %s", part, sqlite3_errstr(rc));
        return false;
    }
    return true;
}

enum store_result sqlite_copy(struct store *store, const char *file)
{
    char part[STORE_PATH_SIZE + 64];
    snprintf(part, sizeof(part), "%s.part", file);
    (void)unlink(part);
    int fd = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600); /* it holds secrets */
    if (fd < 0) {
        return store_fail(store, STORE_UNKNOWN, "%s: %s", part, strerror(errno));
    }
    close(fd);
    if (!copy_into(store, part) || rename(part, file) != 0 || !sync_dir_of(file)) {
        (void)unlink(part);
        return store->error[0] == '\0'
                   ? store_fail(store, STORE_UNKNOWN, "%s: %s", file, strerror(errno))
                   : STORE_UNKNOWN;
    }
    return STORE_OK;
}

/* A file whose ledger was moved is a copy of what once was. */
static enum store_result look_whether_moved(struct store *store)
{
    static const char sql[] = "SELECT 1 FROM meta WHERE name = '" STORE_MOVED "'";
    enum row_step step = store_step(store, store_query(store, sql, ""));
    store_reset_statements(store);
    return step == ROW_NONE ? STORE_OK
           : step == ROW_FOUND
               ? store_fail(store, STORE_REFUSED, "the ledger was moved to PostgreSQL")
               : STORE_UNKNOWN;
}

enum store_result store_backup(const char *dir, const char *file, char *error, size_t error_size)
{
    if (store_file_exists(file)) {
        say(error, error_size, file, "is there already; name another file");
        return STORE_EXISTS;
    }
    struct store_options options = {.dir = dir, .deadline_us = 2000000};
    struct store *store = store_new(&options);
    if (store == NULL) {
        say(error, error_size, dir, "no memory");
        return STORE_UNKNOWN;
    }
    store_start_clock(store);
    enum store_result result = store_connect(store) ? look_whether_moved(store) : store->failed;
    if (result == STORE_OK) {
        store->deadline_us = INT64_MAX; /* as long as it takes: nobody waits for it */
        result = sqlite_copy(store, file);
    }
    if (result != STORE_OK) {
        say(error, error_size, "backup", store->error);
    }
    store_free(store);
    return result;
}

/* ---- restore ---- */

static bool read_text(sqlite3 *db, const char *sql, char *out, size_t out_size)
{
    sqlite3_stmt *statement = NULL;
    bool is_found = sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
                    sqlite3_step(statement) == SQLITE_ROW;
    if (is_found) {
        snprintf(out, out_size, "%s", (const char *)sqlite3_column_text(statement, 0));
    }
    sqlite3_finalize(statement);
    return is_found;
}

/* Sound, of a schema that we know, and of the ledger that this directory was about. */
static enum store_result check_copy(const char *dir, const char *file, char identity[33],
                                    char *error, size_t error_size)
{
    sqlite3 *db = NULL;
    char health[64] = "", schema[16] = "";
    int rc = sqlite3_open_v2(file, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    bool is_readable =
        rc == SQLITE_OK && read_text(db, "PRAGMA user_version", schema, sizeof(schema)) &&
        read_text(db, "PRAGMA integrity_check(1)", health, sizeof(health)) &&
        read_text(db, "SELECT value FROM meta WHERE name = 'identity'", identity, 33);
    sqlite3_close(db);
    if (!is_readable || strcmp(health, "ok") != 0) {
        say(error, error_size, file, "is damaged, or is no backup of dialtone");
        return STORE_REFUSED;
    }
    uint64_t number = 0;
    if (!slice_to_u64(slice_from_text(schema), STORE_SCHEMA, &number)) {
        say(error, error_size, file, "was made by a newer dialtone");
        return STORE_NEWER_SCHEMA;
    }
    struct store_pin pin;
    if (store_pin_read(dir, &pin).is == TRI_PRESENT && strcmp(pin.identity, identity) != 0) {
        say(error, error_size, file,
            "holds another ledger than this directory; remove store.identity if that is meant");
        return STORE_REFUSED;
    }
    return STORE_OK;
}

static bool copy_file(const char *from, const char *to)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    static _Thread_local char block[COPY_BLOCK_SIZE];
    bool is_done = in >= 0 && out >= 0;
    ssize_t size = 0;
    while (is_done && (size = read(in, block, sizeof(block))) > 0) {
        is_done = write(out, block, (size_t)size) == size;
    }
    is_done = is_done && size == 0 && fsync(out) == 0;
    if (in >= 0) {
        close(in);
    }
    if (out >= 0) {
        is_done = close(out) == 0 && is_done;
    }
    return is_done;
}

/* The old file keeps its log beside it, so that it stays whole. */
static bool set_aside(const char *path, int64_t wall_us)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char from[STORE_PATH_SIZE + 64], to[STORE_PATH_SIZE + 64];
    for (size_t i = 0; i < ARRAY_COUNT(ends); i++) {
        snprintf(from, sizeof(from), "%s%s", path, ends[i]);
        snprintf(to, sizeof(to), "%s.before-restore-%lld%s", path, (long long)(wall_us / 1000000),
                 ends[i]);
        if (rename(from, to) != 0 && errno != ENOENT) {
            return false;
        }
    }
    return true;
}

static enum store_result put_back(struct store *store, const char *file, char *error,
                                  size_t error_size)
{
    char identity[33] = "";
    char part[STORE_PATH_SIZE + 64];
    snprintf(part, sizeof(part), "%s.restoring", store->sqlite->path);
    enum store_result result = check_copy(store->dir, file, identity, error, error_size);
    if (result != STORE_OK) {
        return result;
    }
    if (!copy_file(file, part) || !set_aside(store->sqlite->path, clock_wall_us()) ||
        rename(part, store->sqlite->path) != 0 || !sync_dir_of(store->sqlite->path)) {
        say(error, error_size, store->sqlite->path, strerror(errno));
        return STORE_UNKNOWN;
    }
    struct store_pin pin = {0};
    store_pin_look(store->dir, &pin);
    memcpy(pin.identity, identity, sizeof(pin.identity));
    (void)store_pin_write(store->dir, &pin);
    /* An older backup is brought to the newest schema, and set to WAL mode again. Who has seen what
     * came after it must not take it for the same. */
    store->options.takes_timeline = true;
    result = store_migrate(store);
    result = result == STORE_OK ? store_renew_timeline(store) : result;
    if (result != STORE_OK) {
        say(error, error_size, store->sqlite->path, store->error);
    }
    return result;
}

enum store_result store_restore(const char *dir, const char *file, char *error, size_t error_size)
{
    char path[STORE_PATH_SIZE + 32];
    snprintf(path, sizeof(path), "%s/run.lock", dir);
    int run_lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (run_lock < 0) {
        say(error, error_size, path, strerror(errno));
        return STORE_UNKNOWN;
    }
    if (flock(run_lock, LOCK_EX | LOCK_NB) != 0) {
        say(error, error_size, dir, "dialtone runs there: stop it first");
        close(run_lock);
        return STORE_REFUSED;
    }
    struct store_options options = {.dir = dir, .deadline_us = 2000000};
    struct store *store = store_new(&options);
    enum store_result result = STORE_UNKNOWN;
    if (store == NULL) {
        say(error, error_size, dir, "no memory");
    } else {
        result = put_back(store, file, error, error_size);
    }
    store_free(store);
    close(run_lock);
    return result;
}
