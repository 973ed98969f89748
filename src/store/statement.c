/* statement.c - prepared statements: kept by their text, bound by a short format. */
#include "store/engine.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct statement *store_statement(struct store *store, const char *sql)
{
    struct statement *statement = NULL;
    for (int i = 0; i < store->statement_count && statement == NULL; i++) {
        if (store->statement_texts[i] == sql) {
            statement = &store->statements[i];
        }
    }
    if (statement != NULL) {
        statement_reset(statement);
        statement->value_count = 0;
        return statement;
    }
    if (store->statement_count == STORE_STATEMENTS_MAX) {
        if (!store->engine->run_waiting(store)) {
            return NULL;
        }
        store_finalize_statements(store);
    }
    statement = &store->statements[store->statement_count];
    memset(statement, 0, sizeof(*statement));
    statement->engine = store->engine;
    statement->sql = sql;
    if (!store->engine->prepare(store, statement)) {
        return NULL;
    }
    store->statement_texts[store->statement_count] = sql;
    store->statement_count++;
    return statement;
}

void statement_reset(struct statement *statement)
{
    if (statement->is_started) {
        statement->engine->reset(statement);
        statement->is_started = false;
    }
}

void store_reset_statements(struct store *store)
{
    for (int i = 0; i < store->statement_count; i++) {
        statement_reset(&store->statements[i]);
        store->statements[i].touched = 0;
    }
}

void store_finalize_statements(struct store *store)
{
    for (int i = 0; i < store->statement_count; i++) {
        store->engine->finalize(&store->statements[i]);
    }
    store->statement_count = 0;
}

/* ---- binding ---- */

static struct sql_value *next_value(struct statement *statement)
{
    assert(statement->value_count < STORE_VALUES_MAX);
    return &statement->values[statement->value_count++];
}

void bind_i64(struct statement *statement, int64_t number)
{
    *next_value(statement) = (struct sql_value){.number = number};
}

void bind_null(struct statement *statement)
{
    *next_value(statement) = (struct sql_value){.is_null = true};
}

void bind_value(struct statement *statement, const struct sql_value *value)
{
    *next_value(statement) = *value;
}

void bind_bytes(struct statement *statement, enum value_kind kind, struct slice bytes)
{
    *next_value(statement) = (struct sql_value){.kind = kind, .bytes = bytes};
}

static void bind_cstr(struct statement *statement, const char *text, bool is_null_if_empty)
{
    bool is_null = text == NULL || (is_null_if_empty && text[0] == '\0');
    *next_value(statement) =
        (struct sql_value){.kind = VALUE_TEXT,
                           .is_null = is_null,
                           .bytes = is_null ? slice_make(NULL, 0) : slice_from_text(text)};
}

static void bind_all(struct statement *statement, const char *format, va_list arguments)
{
    for (; *format != '\0'; format++) {
        switch (*format) {
        case 'i':
            bind_i64(statement, va_arg(arguments, int64_t));
            break;
        case 'u':
            bind_i64(statement, (int64_t)va_arg(arguments, uint64_t));
            break;
        case 'n': {
            uint64_t id = va_arg(arguments, uint64_t);
            *next_value(statement) = (struct sql_value){.is_null = id == 0, .number = (int64_t)id};
            break;
        }
        case 't':
        case 'T':
            bind_cstr(statement, va_arg(arguments, const char *), *format == 'T');
            break;
        case 'a': {
            const uint64_t *numbers = va_arg(arguments, const uint64_t *);
            size_t count = (size_t)va_arg(arguments, int);
            bind_bytes(statement, VALUE_NUMBERS,
                       slice_make((const char *)numbers, count * sizeof(*numbers)));
            break;
        }
        default: { /* 'b' */
            const void *data = va_arg(arguments, const void *);
            size_t size = va_arg(arguments, size_t);
            bind_bytes(statement, VALUE_BLOB, slice_make(data, size));
            break;
        }
        }
    }
}

#define BOUND(store, sql, format)                                                                  \
    ({                                                                                             \
        struct statement *bound = store_statement(store, sql);                                     \
        if (bound != NULL) {                                                                       \
            va_list arguments;                                                                     \
            va_start(arguments, format);                                                           \
            bind_all(bound, format, arguments);                                                    \
            va_end(arguments);                                                                     \
        }                                                                                          \
        bound;                                                                                     \
    })

/* ---- running ---- */

struct statement *store_query(struct store *store, const char *sql, const char *format, ...)
{
    return BOUND(store, sql, format);
}

bool store_run(struct store *store, const char *sql, const char *format, ...)
{
    struct statement *statement = BOUND(store, sql, format);
    return statement != NULL && store->engine->run(store, statement);
}

bool store_run_now(struct store *store, int64_t *touched, const char *sql, const char *format, ...)
{
    struct statement *statement = BOUND(store, sql, format);
    return statement != NULL && store->engine->run_now(store, statement, touched);
}

bool store_run_many(struct store *store, const char *sql, const char *format, ...)
{
    struct statement *statement = BOUND(store, sql, format);
    return statement != NULL && store->engine->run_many(store, statement);
}

bool store_many_touched(struct store *store, const char *sql, int64_t *touched)
{
    if (!store->engine->run_waiting(store)) {
        return false;
    }
    struct statement *statement = store_statement(store, sql);
    if (statement == NULL) {
        return false;
    }
    *touched = statement->touched;
    return true;
}

bool store_exec(struct store *store, const char *sql)
{
    return store->engine->exec(store, sql);
}

enum row_step store_step(struct store *store, struct statement *statement)
{
    if (statement == NULL) {
        return ROW_FAILED;
    }
    enum row_step step = store->engine->step(store, statement);
    statement->is_started = step == ROW_FOUND;
    return step;
}

bool store_count(struct store *store, const char *counter, uint64_t by, uint64_t *after)
{
    static const char sql[] =
        "UPDATE counter SET value = value + ?2 WHERE name = ?1 RETURNING value";
    struct statement *statement = store_query(store, sql, "tu", counter, by);
    switch (store_step(store, statement)) {
    case ROW_FOUND:
        *after = column_u64(statement, 0);
        statement_reset(statement);
        return true;
    case ROW_NONE:
        store_fail(store, STORE_UNKNOWN, "counter %s is missing", counter);
        return false;
    case ROW_FAILED:
        return false;
    }
    return false;
}

/* ---- reading ---- */

bool column_is_null(const struct statement *statement, int column)
{
    return statement->engine->column(statement, column).is_null;
}

int64_t column_i64(const struct statement *statement, int column)
{
    return statement->engine->column(statement, column).number;
}

uint64_t column_u64(const struct statement *statement, int column)
{
    return (uint64_t)column_i64(statement, column);
}

bool column_bool(const struct statement *statement, int column)
{
    return column_i64(statement, column) != 0;
}

struct slice column_slice(const struct statement *statement, int column)
{
    return statement->engine->column(statement, column).bytes;
}

/* Both engines put a NUL behind a text. */
const char *column_cstr(const struct statement *statement, int column)
{
    struct slice text = column_slice(statement, column);
    return text.data == NULL ? "" : text.data;
}

void column_text(const struct statement *statement, int column, char *field, size_t field_size)
{
    snprintf(field, field_size, "%s", column_cstr(statement, column));
}

const char *statement_closing(const char *from)
{
    int depth = 1;
    const char *at = from;
    for (; *at != '\0'; at++) {
        depth += *at == '(' ? 1 : *at == ')' ? -1 : 0;
        if (depth == 0) {
            break;
        }
    }
    return at;
}

enum store_result store_end_page(struct store *store, struct statement *statement,
                                 const struct store_page *page, int *count)
{
    int found = 0;
    enum row_step step = ROW_FOUND;
    while (found < page->max && (step = store_step(store, statement)) == ROW_FOUND) {
        page->read(statement, (char *)page->rows + (size_t)found * page->row_size);
        found++;
    }
    enum store_result result = store_end(store, step == ROW_FAILED ? store->failed : STORE_OK);
    if (result == STORE_OK) {
        *count = found;
    }
    return result;
}
