/* sqlite_connect.c - opens the file, and sees before each transaction that it is still the same
 * one.
 */
#include "base/clock.h"
#include "store/fault_vfs.h"
#include "store/sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define OPCODES_BETWEEN_LOOKS 500 /* at the clock, while a statement runs */
#define BUSY_PAUSE_US 500

static int wait_while_busy(void *ctx, int tries)
{
    const struct store *store = ctx;
    (void)tries;
    if (clock_mono_us() >= store->deadline_us) {
        return 0;
    }
    store_sleep_us(BUSY_PAUSE_US);
    return 1;
}

static int is_too_late(void *ctx)
{
    const struct store *store = ctx;
    return clock_mono_us() >= store->deadline_us;
}

static int note_wal_pages(void *ctx, sqlite3 *db, const char *name, int page_count)
{
    struct store *store = ctx;
    (void)db;
    (void)name;
    store->log_pages = page_count;
    return SQLITE_OK;
}

bool sqlite_open_handle(struct store *store)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX; /* never makes a file */
    const char *vfs = store->sqlite->faults == NULL ? NULL : fault_vfs_name(store->sqlite->faults);
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(store->sqlite->path, &db, flags, vfs);
    store->connection = db;
    if (rc != SQLITE_OK) {
        store_fail(store, STORE_UNKNOWN, "cannot open %s: %s", store->sqlite->path,
                   sqlite3_errstr(rc));
        sqlite_disconnect(store);
        return false;
    }
    struct stat facts;
    if (stat(store->sqlite->path, &facts) == 0) {
        store->sqlite->device = facts.st_dev;
        store->sqlite->inode = facts.st_ino;
    }
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_handler(db, wait_while_busy, store);
    sqlite3_progress_handler(db, OPCODES_BETWEEN_LOOKS, is_too_late, store);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (!sqlite_exec(store, "PRAGMA wal_autocheckpoint = 0; PRAGMA mmap_size = 0;"
                            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                            "PRAGMA cache_size = -32768; PRAGMA secure_delete = OFF;"
                            "PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 67108864")) {
        sqlite_disconnect(store);
        return false;
    }
    sqlite3_wal_hook(db, note_wal_pages, store);
    return true;
}

void sqlite_disconnect(struct store *store)
{
    sqlite_many_free(store);
    store_finalize_statements(store);
    sqlite3_close_v2(sqlite_db(store));
    store->connection = NULL;
    store->is_broken = false;
}

bool sqlite_is_same_file(struct store *store)
{
    struct stat facts;
    if (stat(store->sqlite->path, &facts) != 0) {
        store_fail(store, STORE_UNKNOWN, "%s: %s", store->sqlite->path, strerror(errno));
        return false;
    }
    if (facts.st_dev != store->sqlite->device || facts.st_ino != store->sqlite->inode) {
        store_fail(store, STORE_UNKNOWN,
                   "%s is another file than the one that was opened: put the right one back, or "
                   "stop everything and use `dialtone restore`",
                   store->sqlite->path);
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
                   store->sqlite->path);
        return true;
    }
    return false;
}

static bool is_same_pin(const struct store_pin *a, const struct store_pin *b)
{
    return strcmp(a->identity, b->identity) == 0 && strcmp(a->timeline, b->timeline) == 0 &&
           a->db_inode == b->db_inode && a->db_born_ns == b->db_born_ns &&
           a->wal_inode == b->wal_inode && a->wal_born_ns == b->wal_born_ns;
}

static bool check_identity(struct store *store, struct tri pinned, const struct store_pin *pin)
{
    struct store_pin now = {0};
    if (!store_check_identity(store, pinned, pin)) {
        return false;
    }
    store_pin_look(store->dir, &now);
    memcpy(now.identity, store->identity, sizeof(now.identity));
    bool has_timeline = store->timeline[0] != '\0'; /* a file that was moved tells none */
    memcpy(now.timeline, has_timeline ? store->timeline : pin->timeline, sizeof(now.timeline));
    if (pinned.is != TRI_PRESENT || !is_same_pin(&now, pin)) {
        /* A pin that cannot be written (disk full) is written by a later start. */
        (void)store_pin_write(store->dir, &now);
    }
    return true;
}

bool sqlite_read_schema(struct store *store)
{
    static const char sql[] = "PRAGMA user_version";
    struct statement *statement = store_statement(store, sql);
    if (store_step(store, statement) != ROW_FOUND) {
        return false;
    }
    store->schema = (int)column_i64(statement, 0);
    statement_reset(statement);
    return true;
}

static bool open_and_check(struct store *store)
{
    if (!store_file_exists(store->sqlite->path)) {
        store_fail(store, STORE_UNKNOWN, "%s: %s", store->sqlite->path, strerror(errno));
        return false;
    }
    struct store_pin pin = {0};
    struct tri pinned = store_pin_read(store->dir, &pin);
    if (pinned.is == TRI_PRESENT && is_file_replaced(store, &pin)) {
        return false;
    }
    return sqlite_open_handle(store) && sqlite_read_schema(store) && store_check_schema(store) &&
           sqlite_is_same_file(store) && check_identity(store, pinned, &pin);
}

bool sqlite_connect(struct store *store)
{
    if (store->connection != NULL) {
        return sqlite_is_same_file(store);
    }
    if (!open_and_check(store)) {
        sqlite_disconnect(store);
        return false;
    }
    return true;
}

bool sqlite_new(struct store *store)
{
    struct sqlite_store *sqlite = calloc(1, sizeof(*sqlite));
    if (sqlite == NULL) {
        return false;
    }
    store->engine = &sqlite_engine;
    store->sqlite = sqlite;
    sqlite->lock_fd = -1;
    int size = snprintf(sqlite->path, sizeof(sqlite->path), "%s/dialtone.db", store->dir);
    if (size < 0 || (size_t)size >= sizeof(sqlite->path)) {
        return false;
    }
    memcpy(store->name, sqlite->path, sizeof(store->name));
    if (store->options.has_fault_layer) {
        sqlite->faults = fault_vfs_new(store->dir);
        return sqlite->faults != NULL;
    }
    return true;
}
