/* sqlite_migrate.c - brings the file to the newest schema, step by step, and makes a new one. */
#include "store/schema.h"
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* WAL mode is a property of the file: set once, and again after a restore from a plain copy. */
static bool set_wal_mode(struct store *store)
{
    static const char sql[] = "PRAGMA journal_mode = WAL";
    struct statement *statement = store_statement(store, sql);
    char mode[16] = "";
    if (store_step(store, statement) != ROW_FOUND) {
        return false;
    }
    column_text(statement, 0, mode, sizeof(mode));
    statement_reset(statement);
    if (mode[0] != 'w') {
        store_fail(store, STORE_UNKNOWN, "%s cannot be set to WAL mode", store->sqlite->path);
        return false;
    }
    return true;
}

static bool apply_step(struct store *store, int number)
{
    char pragma[64];
    snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d", number);
    bool is_done = sqlite_exec(store, "BEGIN IMMEDIATE") &&
                   schema_apply_step(store, number, schema_steps[number - 1].sql) &&
                   sqlite_exec(store, pragma);
    store_reset_statements(store);
    if (!is_done || !sqlite_exec(store, "COMMIT")) {
        if (!sqlite3_get_autocommit(sqlite_db(store))) {
            (void)sqlite3_exec(sqlite_db(store), "ROLLBACK", NULL, NULL, NULL);
        }
        return false;
    }
    store->schema = number;
    return true;
}

/* The file holds passwords of trunks: made by us for the owner only, before SQLite opens it. Its
 * log takes over the mode. */
static bool make_file(struct store *store)
{
    int fd = open(store->sqlite->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        store_fail(store, STORE_UNKNOWN, "cannot make %s: %s", store->sqlite->path,
                   strerror(errno));
        return false;
    }
    close(fd);
    return true;
}

static bool keep_copy(struct store *store)
{
    char file[STORE_PATH_SIZE + 32];
    snprintf(file, sizeof(file), "%s.before-%d", store->sqlite->path, store->schema + 1);
    enum store_result result = sqlite_copy(store, file);
    store->failed = result;
    return result == STORE_OK;
}

static enum store_result migrate_locked(struct store *store, int schema)
{
    bool is_new = !store_file_exists(store->sqlite->path);
    if (is_new && !store->options.may_create) {
        return store_fail(store, STORE_UNKNOWN, "%s is not there", store->sqlite->path);
    }
    if (is_new && !make_file(store)) {
        return store->failed;
    }
    if (!sqlite_open_handle(store) || !sqlite_read_schema(store)) {
        return store->failed;
    }
    if (store->schema > STORE_SCHEMA) {
        return store_fail(store, STORE_NEWER_SCHEMA, "%s was made by a newer dialtone (schema %d)",
                          store->sqlite->path, store->schema);
    }
    if (!is_new && store->schema == 0 && !store->options.may_create) {
        return store_fail(store, STORE_UNKNOWN, "%s is not a database of dialtone",
                          store->sqlite->path);
    }
    bool has_content = store->schema > 0;
    if (!set_wal_mode(store) || (has_content && store->schema < schema && !keep_copy(store))) {
        return store->failed;
    }
    while (store->schema < schema) {
        if (!apply_step(store, store->schema + 1)) {
            return store->failed;
        }
    }
    return STORE_OK;
}

enum store_result sqlite_migrate(struct store *store, int schema)
{
    if (!sqlite_lock(store)) {
        return STORE_UNKNOWN;
    }
    /* The steps take as long as they take: the deadline was for the lock. */
    store->deadline_us = INT64_MAX;
    enum store_result result = migrate_locked(store, schema);
    sqlite_disconnect(store);
    sqlite_unlock(store);
    return result;
}
