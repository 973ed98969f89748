/* sqlite_many.c - INSERTs of one text, gathered and run as one statement over many rows.
 *
 * To begin and end a statement costs SQLite about as much as to write a row.
 */
#include "store/sqlite.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY_TEXTS 4
#define MANY_ROWS 32
#define MANY_BYTES 32768 /* texts and blobs of the rows that wait */

struct sqlite_many {
    const char *sql;             /* compared by pointer; NULL: free */
    struct statement *statement; /* for one row; set while rows wait */
    sqlite3_stmt *wide;          /* for MANY_ROWS; NULL: not prepared yet */
    int value_count;             /* of a row */
    int row_count;               /* that wait */
    size_t byte_count;
    struct sql_value values[MANY_ROWS * STORE_VALUES_MAX];
    char bytes[MANY_BYTES];
};

static const char values_word[] = " VALUES (";

/* An INSERT of a row whose parameters all stand in the brackets behind VALUES. */
static bool can_be_many(const char *sql)
{
    const char *at = sql[0] == 'I' ? strstr(sql, values_word) : NULL;
    if (at == NULL) {
        return false;
    }
    const char *end = statement_closing(at + strlen(values_word));
    return *end == ')' && strchr(end, '?') == NULL;
}

/* The row's text, its parameters counted on from `before`. */
static void write_row(struct buf *out, struct slice row, int before)
{
    for (size_t i = 0; i < row.size; i++) {
        buf_char(out, row.data[i]);
        if (row.data[i] != '?') {
            continue;
        }
        uint64_t number = 0;
        for (; i + 1 < row.size && row.data[i + 1] >= '0' && row.data[i + 1] <= '9'; i++) {
            number = number * 10 + (uint64_t)(row.data[i + 1] - '0');
        }
        buf_u64(out, number + (uint64_t)before);
    }
}

static bool prepare_wide(struct store *store, struct sqlite_many *many)
{
    const char *row = strstr(many->sql, values_word) + strlen(values_word);
    const char *end = statement_closing(row);
    struct slice row_text = slice_make(row, (size_t)(end - row));
    size_t size_max = strlen(many->sql) + MANY_ROWS * (row_text.size * 3 + 8);
    char *text = malloc(size_max);
    if (text == NULL) {
        store_fail(store, STORE_UNKNOWN, "no memory");
        return false;
    }
    struct buf out;
    buf_init(&out, text, size_max);
    buf_put(&out, many->sql, (size_t)(row - many->sql));
    for (int i = 0; i < MANY_ROWS; i++) {
        buf_text(&out, i == 0 ? "" : "), (");
        write_row(&out, row_text, i * many->value_count);
    }
    buf_text(&out, end);
    assert(!out.is_full);
    int rc = sqlite3_prepare_v3(sqlite_db(store), text, (int)buf_done(&out).size,
                                SQLITE_PREPARE_PERSISTENT, &many->wide, NULL);
    free(text);
    if (rc != SQLITE_OK) {
        sqlite_take_error(store, rc);
    }
    return rc == SQLITE_OK;
}

static bool run(struct store *store, struct sqlite_many *many, sqlite3_stmt *handle,
                const struct sql_value *values, int count)
{
    for (int i = 0; i < count; i++) {
        sqlite_bind(handle, i + 1, &values[i]);
    }
    int rc = sqlite3_step(handle);
    if (rc != SQLITE_DONE) {
        sqlite_take_error(store, rc);
    } else {
        many->statement->touched += sqlite3_changes64(sqlite_db(store));
    }
    sqlite3_reset(handle);
    return rc == SQLITE_DONE;
}

static bool run_rows(struct store *store, struct sqlite_many *many)
{
    int row_count = many->row_count;
    many->row_count = 0;
    many->byte_count = 0;
    if (row_count == MANY_ROWS) {
        return (many->wide != NULL || prepare_wide(store, many)) &&
               run(store, many, many->wide, many->values, MANY_ROWS * many->value_count);
    }
    for (int i = 0; i < row_count; i++) {
        if (!run(store, many, many->statement->handle, &many->values[i * many->value_count],
                 many->value_count)) {
            return false;
        }
    }
    return true;
}

/* NULL: no such INSERT, more texts than there are places, or no memory. */
static struct sqlite_many *find_place(struct store *store, const char *sql)
{
    struct sqlite_store *sqlite = store->sqlite;
    int i = 0;
    if (sqlite->many == NULL) {
        sqlite->many = calloc(MANY_TEXTS, sizeof(*sqlite->many));
    }
    if (sqlite->many == NULL) {
        return NULL;
    }
    while (i < MANY_TEXTS && sqlite->many[i].sql != NULL) {
        if (sqlite->many[i].sql == sql) {
            return &sqlite->many[i];
        }
        i++;
    }
    if (i == MANY_TEXTS || !can_be_many(sql)) {
        return NULL;
    }
    sqlite->many[i].sql = sql;
    return &sqlite->many[i];
}

bool sqlite_many_add(struct store *store, struct statement *statement, bool *is_taken)
{
    struct sqlite_many *many = find_place(store, statement->sql);
    size_t byte_count = 0;
    for (int i = 0; many != NULL && i < statement->value_count; i++) {
        byte_count += statement->values[i].bytes.size;
    }
    *is_taken = many != NULL && byte_count <= MANY_BYTES;
    if (!*is_taken) {
        return true;
    }
    if (many->byte_count + byte_count > MANY_BYTES && !run_rows(store, many)) {
        return false;
    }
    many->statement = statement;
    many->value_count = statement->value_count;
    struct sql_value *to = &many->values[many->row_count * many->value_count];
    for (int i = 0; i < statement->value_count; i++) {
        to[i] = statement->values[i];
        if (to[i].bytes.size > 0) {
            char *bytes = &many->bytes[many->byte_count];
            memcpy(bytes, to[i].bytes.data, to[i].bytes.size);
            to[i].bytes.data = bytes;
            many->byte_count += to[i].bytes.size;
        }
    }
    many->row_count++;
    return many->row_count < MANY_ROWS || run_rows(store, many);
}

bool sqlite_many_run(struct store *store)
{
    struct sqlite_many *many = store->sqlite->many;
    for (int i = 0; many != NULL && i < MANY_TEXTS; i++) {
        if (many[i].row_count > 0 && !run_rows(store, &many[i])) {
            return false;
        }
    }
    return true;
}

void sqlite_many_forget(struct store *store)
{
    struct sqlite_many *many = store->sqlite->many;
    for (int i = 0; many != NULL && i < MANY_TEXTS; i++) {
        many[i].row_count = 0;
        many[i].byte_count = 0;
    }
}

void sqlite_many_free(struct store *store)
{
    struct sqlite_many *many = store->sqlite->many;
    for (int i = 0; many != NULL && i < MANY_TEXTS; i++) {
        sqlite3_finalize(many[i].wide);
    }
    free(many);
    store->sqlite->many = NULL;
}
