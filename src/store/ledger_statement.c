/* ledger_statement.c - an account's entries, newest first, each with the balance after it. */
#include "store/ledger.h"

#include <string.h>

/* The newest entry and the balance after it come from one row, so they belong together. */
static enum store_result begin(struct store *store, uint64_t account_id,
                               struct statement_cursor *cursor)
{
    static const char sql[] = "SELECT last_transfer, balance + leased FROM book WHERE id = ?1";
    struct statement *statement = store_query(store, sql, "u", account_id);
    switch (store_step(store, statement)) {
    case ROW_FOUND:
        break;
    case ROW_NONE:
        return STORE_ABSENT;
    case ROW_FAILED:
        return store->failed;
    }
    *cursor = (struct statement_cursor){
        .is_begun = true,
        .next = column_u64(statement, 0),
        .balance_micro = column_i64(statement, 1),
    };
    return STORE_OK;
}

/* Grants, returns and verdicts move money within what is the customer's. */
static bool is_inside(const char *kind)
{
    return strcmp(kind, "grant") == 0 || strcmp(kind, "return") == 0 ||
           strcmp(kind, "verdict") == 0;
}

static enum store_result read_row(struct store *store, const struct statement *statement,
                                  uint64_t account_id, struct statement_row *row)
{
    struct transfer_row *transfer = &row->transfer;
    *transfer = (struct transfer_row){
        .number = column_u64(statement, 0),
        .wall_us = column_i64(statement, 2),
        .linked = column_u64(statement, 6),
    };
    column_text(statement, 3, transfer->kind, sizeof(transfer->kind));
    int64_t amount_micro = column_i64(statement, 5);
    transfer->amount_micro = column_u64(statement, 4) == account_id ? amount_micro : -amount_micro;
    column_text(statement, 7, transfer->actor, sizeof(transfer->actor));
    column_text(statement, 8, transfer->reason, sizeof(transfer->reason));
    row->has_usage = !column_is_null(statement, 9);
    if (row->has_usage && !usage_decode(column_slice(statement, 9), &row->usage)) {
        return store_fail(store, STORE_UNKNOWN, "the call record of entry %llu is damaged",
                          (unsigned long long)transfer->number);
    }
    return STORE_OK;
}

/* One question for a page: each entry names the one before. */
static enum store_result read_page(struct store *store, uint64_t account_id,
                                   struct statement_cursor *cursor, struct statement_row *out,
                                   int max, int *count)
{
    static const char sql[] =
        "WITH RECURSIVE entry (number, depth) AS (SELECT CAST(?1 AS BIGINT), CAST(1 AS BIGINT)"
        " UNION ALL SELECT t.previous, e.depth + 1 FROM entry e JOIN transfer t"
        " ON t.number = e.number WHERE e.depth < ?2 AND t.previous <> 0)"
        " SELECT t.number, t.previous, t.wall_us, t.kind, t.credit, t.amount, t.linked, t.actor,"
        " t.reason, c.usage FROM entry e JOIN transfer t ON t.number = e.number"
        " LEFT JOIN cdr c ON c.incarnation = t.incarnation AND c.sequence = t.sequence"
        " AND t.kind = 'usage' ORDER BY t.number DESC";
    int found = 0;
    enum row_step step;
    struct statement *statement = store_query(store, sql, "ui", cursor->next, (int64_t)max);
    while ((step = store_step(store, statement)) == ROW_FOUND) {
        struct statement_row *row = &out[found];
        uint64_t number = column_u64(statement, 0);
        if (number != cursor->next || found == max) {
            break;
        }
        enum store_result result = read_row(store, statement, account_id, row);
        if (result != STORE_OK) {
            return result;
        }
        cursor->next = column_u64(statement, 1);
        if (!is_inside(row->transfer.kind)) {
            row->balance_micro = cursor->balance_micro;
            cursor->balance_micro -= row->transfer.amount_micro;
            found++;
        }
    }
    if (step == ROW_FAILED) {
        return store->failed;
    }
    *count = found;
    return STORE_OK;
}

enum store_result ledger_statement(struct store *store, uint64_t account_id,
                                   struct statement_cursor *cursor, struct statement_row *out,
                                   int max, int *count)
{
    struct statement_cursor at = *cursor;
    int found = 0;
    if (!store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    enum store_result result = at.is_begun ? STORE_OK : begin(store, account_id, &at);
    uint64_t first = at.next;
    if (result == STORE_OK && first != 0) {
        result = read_page(store, account_id, &at, out, max, &found);
        if (result == STORE_OK && at.next == first) {
            result = store_fail(store, STORE_UNKNOWN, "entry %llu is missing",
                                (unsigned long long)first);
        }
    }
    result = store_end(store, result);
    if (result == STORE_OK) {
        *cursor = at;
        *count = found;
    }
    return result;
}
