/* connect.c - opens the database, and sees before each transaction that it is still the same one.
 */
#include "store/fault_vfs.h"
#include "store/internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define OPCODES_BETWEEN_LOOKS 500 /* at the clock, while a statement runs */
#define BUSY_PAUSE_US 500

int64_t store_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t store_wall_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void store_sleep_us(int64_t us)
{
    struct timespec pause = {.tv_sec = us / 1000000, .tv_nsec = (us % 1000000) * 1000};
    (void)nanosleep(&pause, NULL);
}

enum store_result store_fail(struct store *store, enum store_result result, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(store->error, sizeof(store->error), format, arguments);
    va_end(arguments);
    store->failed = result;
    return result;
}

void store_start_clock(struct store *store)
{
    store->deadline_us = store_now_us() + store->options.deadline_us;
    store->error[0] = '\0';
}

bool store_file_exists(const char *path)
{
    struct stat facts;
    return stat(path, &facts) == 0;
}

static int wait_while_busy(void *ctx, int tries)
{
    const struct store *store = ctx;
    (void)tries;
    if (store_now_us() >= store->deadline_us) {
        return 0;
    }
    store_sleep_us(BUSY_PAUSE_US);
    return 1;
}

static int is_too_late(void *ctx)
{
    const struct store *store = ctx;
    return store_now_us() >= store->deadline_us;
}

static int note_wal_pages(void *ctx, sqlite3 *db, const char *name, int page_count)
{
    struct store *store = ctx;
    (void)db;
    (void)name;
    store->wal_pages = page_count;
    return SQLITE_OK;
}

bool store_open_handle(struct store *store)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX; /* never makes a file */
    const char *vfs = store->faults == NULL ? NULL : fault_vfs_name(store->faults);
    int rc = sqlite3_open_v2(store->path, &store->db, flags, vfs);
    if (rc != SQLITE_OK) {
        store_fail(store, STORE_UNKNOWN, "cannot open %s: %s", store->path, sqlite3_errstr(rc));
        store_disconnect(store);
        return false;
    }
    struct stat facts;
    if (stat(store->path, &facts) == 0) {
        store->device = facts.st_dev;
        store->inode = facts.st_ino;
    }
    sqlite3_extended_result_codes(store->db, 1);
    sqlite3_busy_handler(store->db, wait_while_busy, store);
    sqlite3_progress_handler(store->db, OPCODES_BETWEEN_LOOKS, is_too_late, store);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (!store_exec(store, "PRAGMA wal_autocheckpoint = 0; PRAGMA mmap_size = 0;"
                           "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                           "PRAGMA cache_size = -32768; PRAGMA secure_delete = OFF;"
                           "PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 67108864")) {
        store_disconnect(store);
        return false;
    }
    sqlite3_wal_hook(store->db, note_wal_pages, store);
    return true;
}

void store_disconnect(struct store *store)
{
    store_finalize_statements(store);
    sqlite3_close_v2(store->db);
    store->db = NULL;
    store->is_broken = false;
}

bool store_is_same_file(struct store *store)
{
    struct stat facts;
    if (stat(store->path, &facts) != 0) {
        store_fail(store, STORE_UNKNOWN, "%s: %s", store->path, strerror(errno));
        return false;
    }
    if (facts.st_dev != store->device || facts.st_ino != store->inode) {
        store_fail(store, STORE_UNKNOWN,
                   "%s is another file than the one that was opened: put the right one back, or "
                   "stop everything and use `dialtone restore`",
                   store->path);
        return false;
    }
    return true;
}

/* A new file beside the old log is not read at all: the log is not its own. */
static bool is_file_replaced(struct store *store, const struct store_pin *pin)
{
    struct store_pin now = {0};
    store_pin_look(store->dir, &now);
    bool is_other_db = now.db_inode != pin->db_inode || now.db_born_ns != pin->db_born_ns;
    bool is_same_wal = pin->wal_inode != 0 && now.wal_inode == pin->wal_inode &&
                       now.wal_born_ns == pin->wal_born_ns;
    if (is_other_db && is_same_wal) {
        store_fail(store, STORE_UNKNOWN,
                   "%s was replaced while its log stayed: put the right file back, or use "
                   "`dialtone restore`",
                   store->path);
        return true;
    }
    return false;
}

static bool read_identity(struct store *store, char identity[33])
{
    static const char sql[] = "SELECT value FROM meta WHERE name = 'identity'";
    sqlite3_stmt *statement = store_query(store, sql, "");
    if (store_step(store, statement) != ROW_FOUND) {
        store_fail(store, STORE_UNKNOWN, "%s has no ledger identity", store->path);
        return false;
    }
    column_text(statement, 0, identity, 33);
    sqlite3_reset(statement);
    return true;
}

static bool check_identity(struct store *store, struct tri pinned, const struct store_pin *pin)
{
    char identity[33];
    if (!read_identity(store, identity)) {
        return false;
    }
    bool is_known = store->identity[0] == '\0' || strcmp(store->identity, identity) == 0;
    if (!is_known || (pinned.is == TRI_PRESENT && strcmp(pin->identity, identity) != 0)) {
        store_fail(store, STORE_UNKNOWN, "%s holds another ledger than before", store->path);
        return false;
    }
    memcpy(store->identity, identity, sizeof(store->identity));
    struct store_pin now = {0};
    store_pin_look(store->dir, &now);
    memcpy(now.identity, identity, sizeof(now.identity));
    if (pinned.is != TRI_PRESENT || memcmp(&now, pin, sizeof(now)) != 0) {
        /* A pin that cannot be written (disk full) is written by a later start. */
        (void)store_pin_write(store->dir, &now);
    }
    return true;
}

bool store_read_schema(struct store *store)
{
    static const char sql[] = "PRAGMA user_version";
    sqlite3_stmt *statement = store_statement(store, sql);
    if (store_step(store, statement) != ROW_FOUND) {
        return false;
    }
    store->schema = sqlite3_column_int(statement, 0);
    sqlite3_reset(statement);
    return true;
}

static bool is_schema_ours(struct store *store)
{
    if (!store_read_schema(store)) {
        return false;
    }
    if (store->schema > STORE_SCHEMA) {
        store_fail(store, STORE_NEWER_SCHEMA, "%s was made by a newer dialtone (schema %d)",
                   store->path, store->schema);
        return false;
    }
    if (store->schema < STORE_SCHEMA) {
        store_fail(store, STORE_UNKNOWN, "%s has the older schema %d: it is not migrated yet",
                   store->path, store->schema);
        return false;
    }
    return true;
}

static bool open_and_check(struct store *store)
{
    if (!store_file_exists(store->path)) {
        store_fail(store, STORE_UNKNOWN, "%s: %s", store->path, strerror(errno));
        return false;
    }
    struct store_pin pin = {0};
    struct tri pinned = store_pin_read(store->dir, &pin);
    if (pinned.is == TRI_PRESENT && is_file_replaced(store, &pin)) {
        return false;
    }
    return store_open_handle(store) && is_schema_ours(store) && store_is_same_file(store) &&
           check_identity(store, pinned, &pin);
}

bool store_connect(struct store *store)
{
    if (store->db != NULL) {
        return store_is_same_file(store);
    }
    if (!open_and_check(store)) {
        store_disconnect(store);
        return false;
    }
    return true;
}

struct store *store_new(const struct store_options *options)
{
    struct store *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        return NULL;
    }
    store->options = *options;
    store->lock_fd = -1;
    int size = snprintf(store->dir, sizeof(store->dir), "%s", options->dir);
    int path_size = snprintf(store->path, sizeof(store->path), "%s/dialtone.db", options->dir);
    if (size < 0 || path_size < 0 || (size_t)path_size >= sizeof(store->path)) {
        free(store);
        return NULL;
    }
    store->options.dir = store->dir;
    if (options->has_fault_layer) {
        store->faults = fault_vfs_new(store->dir);
        if (store->faults == NULL) {
            store_free(store);
            return NULL;
        }
    }
    return store;
}

const char *store_error(const struct store *store)
{
    return store->error;
}

const char *store_result_name(enum store_result result)
{
    switch (result) {
    case STORE_UNKNOWN:
        return "unknown";
    case STORE_OK:
        return "ok";
    case STORE_ABSENT:
        return "absent";
    case STORE_EXISTS:
        return "exists";
    case STORE_CONFLICT:
        return "conflict";
    case STORE_REFUSED:
        return "refused";
    case STORE_FENCED:
        return "fenced";
    case STORE_OLD_SESSION:
        return "old-session";
    case STORE_NEWER_SCHEMA:
        return "newer-schema";
    }
    return "unknown";
}
