/* ledger_prefetch.c - the accounts and leases of a batch, read with one question. */
#include "store/engine.h"
#include "store/ledger.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct ledger_prefetched {
    uint64_t incarnation;
    uint64_t asked[LEDGER_SETTLE_MAX]; /* rising, each once */
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

static int compare_ids(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;
    return one < other ? -1 : one > other;
}

static int compare_rows(const void *a, const void *b)
{
    return compare_ids(&((const struct prefetched *)a)->account.id,
                       &((const struct prefetched *)b)->account.id);
}

static int compare_with_row(const void *id, const void *row)
{
    return compare_ids(id, &((const struct prefetched *)row)->account.id);
}

static int sort_asked(struct ledger_prefetched *all, const uint64_t *accounts, int count)
{
    int kept = 0;
    assert(count <= LEDGER_SETTLE_MAX);
    memcpy(all->asked, accounts, (size_t)count * sizeof(all->asked[0]));
    qsort(all->asked, (size_t)count, sizeof(all->asked[0]), compare_ids);
    for (int i = 0; i < count; i++) {
        if (kept == 0 || all->asked[i] != all->asked[kept - 1]) {
            all->asked[kept] = all->asked[i];
            kept++;
        }
    }
    return kept;
}

/* The rows mostly come as they were asked for, but the server need not. */
static void sort_rows(struct ledger_prefetched *all)
{
    int i = 1;
    while (i < all->count && all->rows[i - 1].account.id < all->rows[i].account.id) {
        i++;
    }
    if (i < all->count) {
        qsort(all->rows, (size_t)all->count, sizeof(all->rows[0]), compare_rows);
    }
}

bool ledger_prefetch(struct store *store, uint64_t incarnation, const uint64_t *accounts, int count)
{
    static const char sql[] =
        "SELECT b.id, " LEDGER_BOTH_COLUMNS " FROM (SELECT unnest(?2) AS id) v"
        " JOIN book b ON b.id = v.id LEFT JOIN lease l ON l.id = (?1 << 40) + b.id";
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
    int asked_count = sort_asked(all, accounts, count);
    struct statement *statement =
        store_query(store, sql, "ua", incarnation, all->asked, asked_count);
    enum row_step step;
    while ((step = store_step(store, statement)) == ROW_FOUND) {
        struct prefetched *row = &all->rows[all->count];
        row->is_taken = false;
        ledger_read_both(statement, 1, incarnation, column_u64(statement, 0), &row->account,
                         &row->lease);
        all->count++;
    }
    sort_rows(all);
    return step == ROW_NONE;
}

bool ledger_prefetch_take(struct store *store, uint64_t incarnation, uint64_t account_id,
                          struct ledger_account *account, struct ledger_lease *lease)
{
    struct ledger_prefetched *all = store->prefetched;
    if (all == NULL || all->count == 0 || all->incarnation != incarnation) {
        return false;
    }
    struct prefetched *row =
        bsearch(&account_id, all->rows, (size_t)all->count, sizeof(all->rows[0]), compare_with_row);
    if (row == NULL || row->is_taken) {
        return false;
    }
    row->is_taken = true;
    *account = row->account;
    *lease = row->lease;
    return true;
}
