/* ledger_exposure.c - who holds how much of the customers' money: for status, and its bound. */
#include "store/internal.h"

static void read_exposure(struct statement *statement, void *any)
{
    struct ledger_exposure *row = any;
    *row = (struct ledger_exposure){
        .incarnation = column_u64(statement, 0),
        .is_dead = column_bool(statement, 2),
        .high_water = column_u64(statement, 3),
        .wall_registered_us = column_i64(statement, 4),
        .leased_micro = column_i64(statement, 6),
        .verdict_micro = column_i64(statement, 7),
    };
    column_text(statement, 1, row->node, sizeof(row->node));
    column_text(statement, 5, row->currency, sizeof(row->currency));
}

enum store_result ledger_exposures(struct store *store, uint64_t after, struct ledger_exposure *out,
                                   int max, int *count)
{
    /* Verdicts are summed lease by lease: only those of dead incarnations are there. */
    static const char sql[] =
        "SELECT i.number, i.node, i.is_dead, i.high_water, i.wall_registered_us,"
        " coalesce(b.currency, ''), coalesce(b.balance, 0),"
        " CASE WHEN i.is_dead = 1 THEN (SELECT CAST(coalesce(sum(l.verdict), 0) AS BIGINT) FROM "
        "lease l"
        " JOIN book c ON c.id = l.account WHERE c.currency = b.currency"
        " AND l.id BETWEEN (i.number << 40) AND ((i.number + 1) << 40) - 1) ELSE 0 END"
        " FROM incarnation i LEFT JOIN book b ON b.id < 0 AND b.kind = 'leased'"
        " AND b.incarnation = i.number WHERE i.number > ?1 ORDER BY i.number, b.currency LIMIT ?2";
    struct store_page page = {out, sizeof(*out), max, read_exposure};
    if (!store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    struct statement *statement = store_query(store, sql, "ui", after, (int64_t)max);
    return store_end_page(store, statement, &page, count);
}
