/* ledger_prefetch.c - the accounts and leases of a batch, read with one question. */
#include "store/engine.h"
#include "store/ledger.h"

#include <stdlib.h>

struct ledger_prefetched {
    uint64_t incarnation;
    int count;
    struct prefetched {
        struct ledger_account account; /* rising ids */
        struct ledger_lease lease;
        bool is_taken; /* what was changed since stands in the database only */
    } rows[LEDGER_SETTLE_MAX];
};

void ledger_prefetch_forget(struct store *store)
{
    if (store->prefetched != NULL) {
        store->prefetched->count = 0;
    }
}

bool ledger_prefetch(struct store *store, uint64_t incarnation, const uint64_t *accounts, int count)
{
    static const char sql[] =
        "SELECT b.id, " LEDGER_BOTH_COLUMNS " FROM (SELECT DISTINCT unnest(?2) AS id) v"
        " JOIN book b ON b.id = v.id LEFT JOIN lease l ON l.id = (?1 << 40) + b.id ORDER BY b.id";
    if (!store->engine->is_remote || count < 2) {
        return true;
    }
    if (store->prefetched == NULL) {
        store->prefetched = calloc(1, sizeof(*store->prefetched));
    }
    struct ledger_prefetched *all = store->prefetched;
    if (all == NULL) {
        store_fail(store, STORE_UNKNOWN, "no memory");
        return false;
    }
    all->incarnation = incarnation;
    all->count = 0;
    struct statement *statement = store_query(store, sql, "ua", incarnation, accounts, count);
    enum row_step step;
    while ((step = store_step(store, statement)) == ROW_FOUND) {
        struct prefetched *row = &all->rows[all->count];
        row->is_taken = false;
        ledger_read_both(statement, 1, incarnation, column_u64(statement, 0), &row->account,
                         &row->lease);
        all->count++;
    }
    return step == ROW_NONE;
}

static int compare(const void *id, const void *row)
{
    uint64_t wanted = *(const uint64_t *)id;
    uint64_t found = ((const struct prefetched *)row)->account.id;
    return wanted < found ? -1 : wanted > found;
}

bool ledger_prefetch_take(struct store *store, uint64_t incarnation, uint64_t account_id,
                          struct ledger_account *account, struct ledger_lease *lease)
{
    struct ledger_prefetched *all = store->prefetched;
    if (all == NULL || all->count == 0 || all->incarnation != incarnation) {
        return false;
    }
    struct prefetched *row =
        bsearch(&account_id, all->rows, (size_t)all->count, sizeof(all->rows[0]), compare);
    if (row == NULL || row->is_taken) {
        return false;
    }
    row->is_taken = true;
    *account = row->account;
    *lease = row->lease;
    return true;
}
