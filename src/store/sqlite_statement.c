/* sqlite_statement.c - statements on SQLite: each is run when it is asked for. */
#include "store/sqlite.h"

#include "store/fault_vfs.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

enum store_result sqlite_take_error(struct store *store, int rc)
{
    int extended = sqlite3_extended_errcode(sqlite_db(store));
    const char *text = sqlite3_errmsg(sqlite_db(store));
    switch (rc & 0xff) {
    case SQLITE_CONSTRAINT:
        if (extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY ||
            extended == SQLITE_CONSTRAINT_ROWID) {
            return store_fail(store, STORE_EXISTS, "%s", text);
        }
        if (extended == SQLITE_CONSTRAINT_FOREIGNKEY) {
            return store_fail(store, STORE_REFUSED, "it names a row that does not exist");
        }
        return store_fail(store, STORE_REFUSED, "%s", text);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return store_fail(store, STORE_UNKNOWN, "the database is locked by another process");
    case SQLITE_INTERRUPT:
        return store_fail(store, STORE_UNKNOWN, "the database is too slow: deadline passed");
    default:
        /* I/O error, full, corrupt, cannot open: what the connection holds is not to be trusted. */
        store->is_broken = true;
        return store_fail(store, STORE_UNKNOWN, "%s (%d)", text, extended);
    }
}

static bool prepare(struct store *store, struct statement *statement)
{
    sqlite3_stmt *handle = NULL;
    int rc = sqlite3_prepare_v3(sqlite_db(store), statement->sql, -1, SQLITE_PREPARE_PERSISTENT,
                                &handle, NULL);
    if (rc != SQLITE_OK) {
        sqlite_take_error(store, rc);
        return false;
    }
    statement->handle = handle;
    return true;
}

static void finalize(struct statement *statement)
{
    sqlite3_finalize(statement->handle);
}

static void reset(struct statement *statement)
{
    sqlite3_reset(statement->handle);
}

void sqlite_bind(sqlite3_stmt *handle, int at, const struct sql_value *value)
{
    if (value->is_null) {
        sqlite3_bind_null(handle, at);
        return;
    }
    switch (value->kind) {
    case VALUE_INT:
        sqlite3_bind_int64(handle, at, value->number);
        break;
    case VALUE_TEXT:
        sqlite3_bind_text64(handle, at, value->bytes.data == NULL ? "" : value->bytes.data,
                            value->bytes.size, SQLITE_STATIC, SQLITE_UTF8);
        break;
    case VALUE_BLOB:
        sqlite3_bind_blob64(handle, at, value->bytes.data, value->bytes.size, SQLITE_STATIC);
        break;
    case VALUE_NUMBERS:
        assert(false); /* there are no arrays here */
        break;
    }
}

static void bind(struct statement *statement)
{
    for (int i = 0; i < statement->value_count; i++) {
        sqlite_bind(statement->handle, i + 1, &statement->values[i]);
    }
}

static enum row_step step(struct store *store, struct statement *statement)
{
    if (!statement->is_started) {
        if (!sqlite_many_run(store)) {
            return ROW_FAILED;
        }
        bind(statement);
    }
    int rc = sqlite3_step(statement->handle);
    if (rc == SQLITE_ROW) {
        return ROW_FOUND;
    }
    if (rc != SQLITE_DONE) {
        sqlite_take_error(store, rc);
    }
    sqlite3_reset(statement->handle);
    return rc == SQLITE_DONE ? ROW_NONE : ROW_FAILED;
}

static bool run_alone(struct store *store, struct statement *statement)
{
    bind(statement);
    int rc = sqlite3_step(statement->handle);
    if (rc != SQLITE_DONE && rc != SQLITE_ROW) {
        sqlite_take_error(store, rc);
    }
    sqlite3_reset(statement->handle);
    return rc == SQLITE_DONE || rc == SQLITE_ROW;
}

static bool run(struct store *store, struct statement *statement)
{
    return sqlite_many_run(store) && run_alone(store, statement);
}

static bool run_now(struct store *store, struct statement *statement, int64_t *touched)
{
    if (!run(store, statement)) {
        return false;
    }
    *touched = sqlite3_changes64(sqlite_db(store));
    return true;
}

static bool run_many(struct store *store, struct statement *statement)
{
    bool is_taken;
    if (!sqlite_many_add(store, statement, &is_taken)) {
        return false;
    }
    if (!is_taken) {
        if (!run_alone(store, statement)) {
            return false;
        }
        statement->touched += sqlite3_changes64(sqlite_db(store));
    }
    return true;
}

static struct sql_value column(const struct statement *statement, int at)
{
    sqlite3_stmt *handle = statement->handle;
    struct sql_value value = {0};
    switch (sqlite3_column_type(handle, at)) {
    case SQLITE_INTEGER:
        value.number = sqlite3_column_int64(handle, at);
        break;
    case SQLITE_NULL:
        value.is_null = true;
        value.bytes = slice_make("", 0);
        break;
    case SQLITE_BLOB: {
        const char *blob = sqlite3_column_blob(handle, at);
        value.kind = VALUE_BLOB;
        value.bytes =
            slice_make(blob == NULL ? "" : blob, (size_t)sqlite3_column_bytes(handle, at));
        break;
    }
    default: {
        const char *text = (const char *)sqlite3_column_text(handle, at);
        value.kind = VALUE_TEXT;
        value.bytes =
            slice_make(text == NULL ? "" : text, (size_t)sqlite3_column_bytes(handle, at));
        break;
    }
    }
    return value;
}

static bool exec(struct store *store, const char *sql)
{
    return sqlite_many_run(store) && sqlite_exec(store, sql);
}

bool sqlite_exec(struct store *store, const char *sql)
{
    int rc = sqlite3_exec(sqlite_db(store), sql, NULL, NULL, NULL);
    if (rc != SQLITE_OK) {
        sqlite_take_error(store, rc);
        return false;
    }
    return true;
}

/* ---- transactions ---- */

static bool begin(struct store *store, enum store_access access)
{
    if (access == STORE_READ) {
        return sqlite_exec(store, "BEGIN");
    }
    /* Waiting for the lock took time: the file may have been replaced meanwhile. */
    return sqlite_lock(store) && sqlite_is_same_file(store) &&
           sqlite_exec(store, "BEGIN IMMEDIATE");
}

static bool commit(struct store *store)
{
    if (!sqlite_many_run(store)) {
        return false;
    }
    /* A commit or rollback that has begun is not interrupted: its answer is wanted. */
    store->deadline_us = INT64_MAX;
    bool is_done = sqlite_exec(store, "COMMIT");
    if (is_done) {
        sqlite_unlock(store);
    }
    store->is_broken |= !is_done;
    return is_done;
}

static void roll_back(struct store *store)
{
    sqlite_many_forget(store);
    if (store->connection != NULL && !sqlite3_get_autocommit(sqlite_db(store))) {
        store->deadline_us = INT64_MAX;
        (void)sqlite3_exec(sqlite_db(store), "ROLLBACK", NULL, NULL, NULL);
    }
    if (store->is_broken) {
        sqlite_disconnect(store); /* while nobody else writes */
    }
    sqlite_unlock(store);
}

static enum store_result checkpoint(struct store *store)
{
    enum store_result result = STORE_UNKNOWN;
    if (sqlite_lock(store) && sqlite_is_same_file(store)) {
        int rc = sqlite3_wal_checkpoint_v2(sqlite_db(store), NULL, SQLITE_CHECKPOINT_PASSIVE, NULL,
                                           NULL);
        result = rc == SQLITE_OK || rc == SQLITE_BUSY ? STORE_OK : sqlite_take_error(store, rc);
    } else {
        result = store->failed;
    }
    sqlite_unlock(store);
    return result;
}

static void free_sqlite(struct store *store)
{
    if (store->sqlite != NULL) {
        fault_vfs_free(store->sqlite->faults);
        if (store->sqlite->lock_fd >= 0) {
            close(store->sqlite->lock_fd);
        }
        free(store->sqlite);
    }
}

const struct store_engine sqlite_engine = {
    .connect = sqlite_connect,
    .disconnect = sqlite_disconnect,
    .free = free_sqlite,
    .begin = begin,
    .check = store_check_state,
    .commit = commit,
    .roll_back = roll_back,
    .prepare = prepare,
    .finalize = finalize,
    .step = step,
    .run = run,
    .run_now = run_now,
    .run_many = run_many,
    .run_waiting = sqlite_many_run,
    .column = column,
    .reset = reset,
    .exec = exec,
    .migrate = sqlite_migrate,
    .checkpoint = checkpoint,
};
