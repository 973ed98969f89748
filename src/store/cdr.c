#include "store/cdr.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define COUNTER_BITS 20
#define COUNTER_MASK ((UINT64_C(1) << COUNTER_BITS) - 1)
#define SECOND_MAX ((UINT64_C(1) << 33) - 1)
#define US_PER_S 1000000
#define SECONDS_LOOKED_AT 16

uint64_t cdr_row_floor(int64_t wall_us)
{
    if (wall_us <= 0) {
        return 0;
    }
    uint64_t second = (uint64_t)wall_us / US_PER_S;
    return (second < SECOND_MAX ? second : SECOND_MAX) << COUNTER_BITS;
}

/* Whether none of the rows that the counter gives next to that second is taken. */
static bool look_at_second(struct store *store, const struct cdr_writer *writer, uint64_t floor,
                           int count, bool *is_free)
{
    static const char sql[] = "SELECT 1 FROM cdr WHERE row BETWEEN ?1 AND ?2 LIMIT 1";
    uint64_t first = (writer->counter + 1) & COUNTER_MASK;
    uint64_t last = (writer->counter + (uint64_t)count) & COUNTER_MASK;
    if (last < first) { /* it comes round in this batch */
        first = 0;
        last = COUNTER_MASK;
    }
    struct statement *statement = store_query(store, sql, "uu", floor | first, floor | last);
    enum row_step step = store_step(store, statement);
    if (step == ROW_FOUND) {
        *is_free = false;
        statement_reset(statement);
    }
    return step != ROW_FAILED;
}

/* Usages come nearly in the order of their ends, so that there are few seconds to look at. */
static bool look_for_room(struct store *store, struct cdr_writer *writer,
                          const struct usage *usages, int count)
{
    uint64_t floors[SECONDS_LOOKED_AT];
    int floor_count = 0;
    writer->is_free = true;
    for (int i = 0; i < count && writer->is_free; i++) {
        uint64_t floor = cdr_row_floor(usages[i].wall_end_us);
        int at = floor_count - 1;
        while (at >= 0 && floors[at] != floor) {
            at--;
        }
        if (at >= 0) {
            continue;
        }
        if (floor_count == SECONDS_LOOKED_AT) {
            writer->is_free = false;
        } else if (!look_at_second(store, writer, floor, count, &writer->is_free)) {
            return false;
        } else {
            floors[floor_count] = floor;
            floor_count++;
        }
    }
    return true;
}

bool cdr_writer_start(struct store *store, struct cdr_writer *writer, uint64_t incarnation,
                      const struct usage *usages, int count)
{
    uint64_t last = 0;
    assert(count <= CDR_BATCH_MAX);
    if (!store_count(store, "cdr", (uint64_t)count, &last)) {
        return false;
    }
    writer->incarnation = incarnation;
    writer->counter = last - (uint64_t)count;
    writer->count = 0;
    return look_for_room(store, writer, usages, count);
}

/* Where a row may be taken already: twice as dear for a server, which first writes that it tries.
 */
static const char insert[] = "INSERT INTO cdr (row, account, incarnation, sequence, transfer,"
                             " usage) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
                             " ON CONFLICT (row) DO NOTHING";
static const char insert_free[] = "INSERT INTO cdr (row, account, incarnation, sequence, transfer,"
                                  " usage) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

static struct slice encode(const struct usage *usage, char record[USAGE_ENCODED_MAX])
{
    struct buf out;
    buf_init(&out, record, USAGE_ENCODED_MAX);
    usage_encode(&out, usage);
    return buf_done(&out);
}

bool cdr_write(struct store *store, struct cdr_writer *writer, const struct usage *usage,
               uint64_t transfer)
{
    char record[USAGE_ENCODED_MAX];
    struct slice bytes = encode(usage, record);
    uint64_t row = cdr_row_floor(usage->wall_end_us) | (++writer->counter & COUNTER_MASK);
    writer->rows[writer->count] = (struct cdr_written){row, transfer, usage};
    writer->count++;
    return store_run_many(store, writer->is_free ? insert_free : insert, "uuuunb", row,
                          usage->account_id, writer->incarnation, usage->sequence, transfer,
                          bytes.data, bytes.size);
}

static bool is_in_place(struct store *store, const struct cdr_writer *writer,
                        const struct cdr_written *written, bool *is_there)
{
    static const char sql[] = "SELECT incarnation, sequence FROM cdr WHERE row = ?1";
    struct statement *statement = store_query(store, sql, "u", written->row);
    enum row_step step = store_step(store, statement);
    *is_there = step == ROW_FOUND && column_u64(statement, 0) == writer->incarnation &&
                column_u64(statement, 1) == written->usage->sequence;
    if (step == ROW_FOUND) {
        statement_reset(statement);
    }
    return step != ROW_FAILED;
}

/* Of a late record: since the second in which it ended the counter came round, and the row is
 * another's. The next free one is taken. */
static bool place(struct store *store, const struct cdr_writer *writer,
                  const struct cdr_written *written)
{
    static const char one[] = "INSERT INTO cdr (row, account, incarnation, sequence, transfer,"
                              " usage) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
                              " ON CONFLICT (row) DO NOTHING";
    char record[USAGE_ENCODED_MAX];
    struct slice bytes = encode(written->usage, record);
    int64_t touched = 0;
    for (uint64_t row = written->row + 1; touched == 0; row++) {
        if (!store_run_now(store, &touched, one, "uuuunb", row, written->usage->account_id,
                           writer->incarnation, written->usage->sequence, written->transfer,
                           bytes.data, bytes.size)) {
            return false;
        }
    }
    return true;
}

bool cdr_writer_end(struct store *store, struct cdr_writer *writer)
{
    int64_t touched = 0;
    if (writer->is_free) {
        return true;
    }
    if (!store_many_touched(store, insert, &touched)) {
        return false;
    }
    for (int i = 0; i < writer->count && touched < writer->count; i++) {
        bool is_there = false;
        if (!is_in_place(store, writer, &writer->rows[i], &is_there)) {
            return false;
        }
        if (!is_there) {
            if (!place(store, writer, &writer->rows[i])) {
                return false;
            }
            touched++;
        }
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

/* The plan is picked by the text: an account's rows by its index, all by the row number. */
static struct statement *start_query(struct store *store, const struct cdr_filter *filter)
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
    struct statement *statement = start_query(store, filter);
    int found = 0;
    enum row_step step;
    while (found < max && (step = store_step(store, statement)) != ROW_NONE) {
        if (step == ROW_FAILED) {
            return store->failed;
        }
        struct slice record = column_slice(statement, 2);
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
