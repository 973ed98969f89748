#include "store/cdr.h"

#include <stdio.h>
#include <string.h>

#define COUNTER_BITS 20
#define COUNTER_MASK ((UINT64_C(1) << COUNTER_BITS) - 1)
#define SECOND_MAX ((UINT64_C(1) << 33) - 1)
#define US_PER_S 1000000

uint64_t cdr_row_floor(int64_t wall_us)
{
    if (wall_us <= 0) {
        return 0;
    }
    uint64_t second = (uint64_t)wall_us / US_PER_S;
    return (second < SECOND_MAX ? second : SECOND_MAX) << COUNTER_BITS;
}

bool cdr_writer_start(struct store *store, struct cdr_writer *writer, int count)
{
    uint64_t last = 0;
    if (!store_count(store, "cdr", (uint64_t)count, &last)) {
        return false;
    }
    writer->counter = last - (uint64_t)count;
    return true;
}

/* Within one second the counter came round: the next free row of the second is taken. */
static bool is_row_taken(struct store *store, uint64_t row, bool *is_taken)
{
    static const char sql[] = "SELECT 1 FROM cdr WHERE row = ?1";
    switch (store_step(store, store_query(store, sql, "u", row))) {
    case ROW_FOUND:
        *is_taken = true;
        return true;
    case ROW_NONE:
        *is_taken = false;
        return true;
    case ROW_FAILED:
        break;
    }
    return false;
}

/* Answers SQLite's primary code. */
static int insert(sqlite3_stmt *statement, uint64_t row)
{
    sqlite3_bind_int64(statement, 1, (int64_t)row);
    int rc = sqlite3_step(statement);
    sqlite3_reset(statement);
    return rc & 0xff;
}

bool cdr_write(struct store *store, struct cdr_writer *writer, uint64_t incarnation,
               const struct usage *usage, uint64_t transfer)
{
    static const char sql[] = "INSERT INTO cdr (row, account, incarnation, sequence, transfer,"
                              " usage) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    char record[USAGE_ENCODED_MAX];
    struct buf out;
    buf_init(&out, record, sizeof(record));
    usage_encode(&out, usage);
    sqlite3_stmt *statement = store_statement(store, sql);
    if (statement == NULL) {
        return false;
    }
    uint64_t row = cdr_row_floor(usage->wall_end_us) | (++writer->counter & COUNTER_MASK);
    sqlite3_bind_int64(statement, 2, (int64_t)usage->account_id);
    sqlite3_bind_int64(statement, 3, (int64_t)incarnation);
    sqlite3_bind_int64(statement, 4, (int64_t)usage->sequence);
    if (transfer == 0) {
        sqlite3_bind_null(statement, 5);
    } else {
        sqlite3_bind_int64(statement, 5, (int64_t)transfer);
    }
    sqlite3_bind_blob(statement, 6, record, (int)out.size, SQLITE_STATIC);
    int rc = insert(statement, row);
    if (rc == SQLITE_CONSTRAINT) {
        bool is_taken = true;
        while (is_taken) {
            row++;
            if (!is_row_taken(store, row, &is_taken)) {
                return false;
            }
        }
        rc = insert(statement, row);
    }
    if (rc != SQLITE_DONE) {
        store_take_error(store, rc);
        return false;
    }
    return true;
}

static bool is_number_of(const struct usage *usage, const char *number)
{
    return number[0] == '\0' || strcmp(usage->caller, number) == 0 ||
           strcmp(usage->callee, number) == 0;
}

static bool is_match(const struct cdr_filter *filter, const struct usage *usage)
{
    return is_number_of(usage, filter->number) &&
           (filter->call_id[0] == '\0' || strcmp(usage->call_id, filter->call_id) == 0);
}

/* SQLite picks the plan by the text: an account's rows by its index, all by the row number. */
static sqlite3_stmt *start_query(struct store *store, const struct cdr_filter *filter)
{
    static const char of_all[] = "SELECT row, incarnation, usage FROM cdr"
                                 " WHERE row >= ?1 AND row < ?2 ORDER BY row DESC";
    static const char of_account[] = "SELECT row, incarnation, usage FROM cdr WHERE account = ?3"
                                     " AND row >= ?1 AND row < ?2 ORDER BY row DESC";
    uint64_t from = cdr_row_floor(filter->wall_from_us);
    uint64_t to = filter->wall_to_us > 0 ? cdr_row_floor(filter->wall_to_us) : INT64_MAX;
    if (filter->before != 0 && filter->before < to) {
        to = filter->before;
    }
    return filter->account_id == 0
               ? store_query(store, of_all, "uu", from, to)
               : store_query(store, of_account, "uuu", from, to, filter->account_id);
}

static enum store_result read_page(struct store *store, const struct cdr_filter *filter,
                                   struct cdr_row *out, int max, int *count)
{
    sqlite3_stmt *statement = start_query(store, filter);
    int found = 0;
    enum row_step step;
    while (found < max && (step = store_step(store, statement)) != ROW_NONE) {
        if (step == ROW_FAILED) {
            return store->failed;
        }
        struct slice record = {sqlite3_column_blob(statement, 2),
                               (size_t)sqlite3_column_bytes(statement, 2)};
        struct cdr_row *row = &out[found];
        if (!usage_decode(record, &row->usage)) {
            return store_fail(store, STORE_UNKNOWN, "CDR %llu is damaged",
                              (unsigned long long)column_u64(statement, 0));
        }
        if (is_match(filter, &row->usage)) {
            row->row = column_u64(statement, 0);
            row->incarnation = column_u64(statement, 1);
            found++;
        }
    }
    *count = found;
    return STORE_OK;
}

enum store_result cdr_page(struct store *store, const struct cdr_filter *filter,
                           struct cdr_row *out, int max, int *count)
{
    int found = 0;
    if (!store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    enum store_result result = store_end(store, read_page(store, filter, out, max, &found));
    if (result == STORE_OK) {
        *count = found;
    }
    return result;
}
