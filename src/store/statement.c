/* statement.c - prepared statements: kept by their text, bound by a short format. */
#include "store/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum store_result store_take_error(struct store *store, int rc)
{
    int extended = sqlite3_extended_errcode(store->db);
    const char *text = sqlite3_errmsg(store->db);
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

sqlite3_stmt *store_statement(struct store *store, const char *sql)
{
    for (int i = 0; i < store->statement_count; i++) {
        if (store->statements[i].sql == sql) {
            sqlite3_reset(store->statements[i].statement);
            return store->statements[i].statement;
        }
    }
    if (store->statement_count == STORE_STATEMENTS_MAX) {
        store_finalize_statements(store);
    }
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
    if (rc != SQLITE_OK) {
        store_take_error(store, rc);
        return NULL;
    }
    store->statements[store->statement_count] = (struct store_statement){sql, statement};
    store->statement_count++;
    return statement;
}

void store_reset_statements(struct store *store)
{
    for (int i = 0; i < store->statement_count; i++) {
        if (sqlite3_stmt_busy(store->statements[i].statement)) {
            sqlite3_reset(store->statements[i].statement);
        }
    }
}

void store_finalize_statements(struct store *store)
{
    for (int i = 0; i < store->statement_count; i++) {
        sqlite3_finalize(store->statements[i].statement);
    }
    store->statement_count = 0;
}

static void bind_text(sqlite3_stmt *statement, int at, const char *text, bool is_null_if_empty)
{
    if (text == NULL || (is_null_if_empty && text[0] == '\0')) {
        sqlite3_bind_null(statement, at);
    } else {
        sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
    }
}

static void bind_all(sqlite3_stmt *statement, const char *format, va_list arguments)
{
    for (int at = 1; format[at - 1] != '\0'; at++) {
        switch (format[at - 1]) {
        case 'i':
            sqlite3_bind_int64(statement, at, va_arg(arguments, int64_t));
            break;
        case 'u':
            sqlite3_bind_int64(statement, at, (int64_t)va_arg(arguments, uint64_t));
            break;
        case 'n': {
            uint64_t id = va_arg(arguments, uint64_t);
            if (id == 0) {
                sqlite3_bind_null(statement, at);
            } else {
                sqlite3_bind_int64(statement, at, (int64_t)id);
            }
            break;
        }
        case 't':
        case 'T':
            bind_text(statement, at, va_arg(arguments, const char *), format[at - 1] == 'T');
            break;
        default: { /* 'b' */
            const void *data = va_arg(arguments, const void *);
            size_t size = va_arg(arguments, size_t);
            sqlite3_bind_blob64(statement, at, data, size, SQLITE_STATIC);
            break;
        }
        }
    }
}

sqlite3_stmt *store_query(struct store *store, const char *sql, const char *format, ...)
{
    sqlite3_stmt *statement = store_statement(store, sql);
    if (statement != NULL) {
        va_list arguments;
        va_start(arguments, format);
        bind_all(statement, format, arguments);
        va_end(arguments);
    }
    return statement;
}

bool store_run(struct store *store, const char *sql, const char *format, ...)
{
    sqlite3_stmt *statement = store_statement(store, sql);
    if (statement == NULL) {
        return false;
    }
    va_list arguments;
    va_start(arguments, format);
    bind_all(statement, format, arguments);
    va_end(arguments);
    return store_step_done(store, statement);
}

bool store_exec(struct store *store, const char *sql)
{
    int rc = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    if (rc != SQLITE_OK) {
        store_take_error(store, rc);
        return false;
    }
    return true;
}

enum row_step store_step(struct store *store, sqlite3_stmt *statement)
{
    if (statement == NULL) {
        return ROW_FAILED;
    }
    int rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW) {
        return ROW_FOUND;
    }
    if (rc != SQLITE_DONE) {
        store_take_error(store, rc);
    }
    sqlite3_reset(statement);
    return rc == SQLITE_DONE ? ROW_NONE : ROW_FAILED;
}

bool store_step_done(struct store *store, sqlite3_stmt *statement)
{
    int rc = sqlite3_step(statement);
    if (rc != SQLITE_DONE && rc != SQLITE_ROW) {
        store_take_error(store, rc);
    }
    sqlite3_reset(statement);
    return rc == SQLITE_DONE || rc == SQLITE_ROW;
}

uint64_t column_u64(sqlite3_stmt *statement, int column)
{
    return (uint64_t)sqlite3_column_int64(statement, column);
}

void column_text(sqlite3_stmt *statement, int column, char *field, size_t field_size)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    snprintf(field, field_size, "%s", text == NULL ? "" : text);
}

bool store_count(struct store *store, const char *counter, uint64_t by, uint64_t *after)
{
    static const char sql[] =
        "UPDATE counter SET value = value + ?2 WHERE name = ?1 RETURNING value";
    sqlite3_stmt *statement = store_query(store, sql, "tu", counter, by);
    switch (store_step(store, statement)) {
    case ROW_FOUND:
        *after = column_u64(statement, 0);
        sqlite3_reset(statement);
        return true;
    case ROW_NONE:
        store_fail(store, STORE_UNKNOWN, "counter %s is missing", counter);
        return false;
    case ROW_FAILED:
        return false;
    }
    return false;
}
