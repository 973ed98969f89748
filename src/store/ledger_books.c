/* ledger_books.c - loads and saves books and leases; one write a row and transaction. */
#include "base/clock.h"
#include "store/ledger.h"

#include <string.h>

int64_t ledger_available(const struct ledger_account *account)
{
    int64_t kept_micro = money_add_clamped(account->excess_micro, account->locked_micro);
    kept_micro = money_add_clamped(kept_micro, account->expired_micro);
    return money_add_clamped(money_add_clamped(account->book_micro, account->limit_micro),
                             -kept_micro);
}

int64_t ledger_locked(int64_t locked_micro, int64_t wall_until_us, int64_t wall_us)
{
    return wall_until_us == 0 || wall_us < wall_until_us ? locked_micro : 0;
}

static void column_currency(struct statement *statement, int column, char currency[4])
{
    memset(currency, 0, 4);
    strncpy(currency, column_cstr(statement, column), 3);
}

/* From currency, balance, credit_limit, leased, excess, version, last_transfer, locked and until
 * when, expired. */
static void read_account(struct statement *statement, int at, uint64_t id,
                         struct ledger_account *out)
{
    *out = (struct ledger_account){
        .id = id,
        .book_micro = column_i64(statement, at + 1),
        .limit_micro = column_i64(statement, at + 2),
        .leased_micro = column_i64(statement, at + 3),
        .excess_micro = column_i64(statement, at + 4),
        .version = column_u64(statement, at + 5),
        .last_transfer = column_u64(statement, at + 6),
        .expired_micro = column_i64(statement, at + 9),
    };
    int64_t locked_micro = column_i64(statement, at + 7);
    if (locked_micro != 0) { /* seldom: no clock is read for nothing */
        out->locked_micro =
            ledger_locked(locked_micro, column_i64(statement, at + 8), clock_wall_us());
    }
    column_currency(statement, at, out->currency);
}

/* From granted, returned, settled, used_known, is_wanted, beginning at column `at`. */
static void read_lease(struct statement *statement, int at, struct ledger_lease *out)
{
    out->granted_micro = column_i64(statement, at);
    out->returned_micro = column_i64(statement, at + 1);
    out->settled_micro = column_i64(statement, at + 2);
    out->used_known_micro = column_i64(statement, at + 3);
    out->is_wanted = column_bool(statement, at + 4);
    out->is_stored = true;
}

void ledger_read_both(struct statement *statement, int at, uint64_t incarnation,
                      uint64_t account_id, struct ledger_account *account,
                      struct ledger_lease *lease)
{
    read_account(statement, at, account_id, account);
    *lease = (struct ledger_lease){.incarnation = incarnation, .account_id = account_id};
    if (!column_is_null(statement, at + 10)) {
        read_lease(statement, at + 10, lease);
    }
}

static enum store_result no_account(struct store *store)
{
    return store_fail(store, STORE_ABSENT, "there is no such account");
}

enum store_result ledger_account_load(struct store *store, uint64_t id, struct ledger_account *out)
{
    static const char sql[] = "SELECT currency, balance, credit_limit, leased, excess, version,"
                              " last_transfer, locked, wall_locked_until_us, expired"
                              " FROM book WHERE id = ?1";
    if (id == 0 || id > INT64_MAX) {
        return no_account(store);
    }
    struct statement *statement = store_query(store, sql, "u", id);
    switch (store_step(store, statement)) {
    case ROW_FOUND:
        read_account(statement, 0, id, out);
        statement_reset(statement);
        return STORE_OK;
    case ROW_NONE:
        return no_account(store);
    case ROW_FAILED:
        break;
    }
    return store->failed;
}

enum store_result ledger_load_both(struct store *store, uint64_t incarnation, uint64_t account_id,
                                   struct ledger_account *account, struct ledger_lease *lease)
{
    static const char sql[] =
        "SELECT " LEDGER_BOTH_COLUMNS
        " FROM book b LEFT JOIN lease l ON l.id = (?2 << 40) + ?1 WHERE b.id = ?1";
    if (account_id == 0 || account_id > INT64_MAX) {
        return no_account(store);
    }
    if (ledger_prefetch_take(store, incarnation, account_id, account, lease)) {
        return STORE_OK;
    }
    struct statement *statement = store_query(store, sql, "uu", account_id, incarnation);
    switch (store_step(store, statement)) {
    case ROW_FOUND:
        break;
    case ROW_NONE:
        return no_account(store);
    case ROW_FAILED:
        return store->failed;
    }
    ledger_read_both(statement, 0, incarnation, account_id, account, lease);
    statement_reset(statement);
    return STORE_OK;
}

bool ledger_account_save(struct store *store, const struct ledger_account *account)
{
    static const char sql[] = "UPDATE book SET balance = ?2, leased = ?3, excess = ?4,"
                              " version = ?5, last_transfer = ?6, low_due = low_below"
                              " WHERE id = ?1";
    return store_run_many(store, sql, "uiiiuu", account->id, account->book_micro,
                          account->leased_micro, account->excess_micro, account->version,
                          account->last_transfer);
}

bool ledger_lease_load(struct store *store, uint64_t incarnation, uint64_t account_id,
                       struct ledger_lease *out)
{
    static const char sql[] = "SELECT granted, returned, settled, used_known, is_wanted"
                              " FROM lease WHERE id = (?1 << 40) + ?2";
    *out = (struct ledger_lease){.incarnation = incarnation, .account_id = account_id};
    struct statement *statement = store_query(store, sql, "uu", incarnation, account_id);
    switch (store_step(store, statement)) {
    case ROW_FOUND:
        read_lease(statement, 0, out);
        statement_reset(statement);
        return true;
    case ROW_NONE:
        return true;
    case ROW_FAILED:
        break;
    }
    return false;
}

bool ledger_lease_save(struct store *store, const struct ledger_lease *lease)
{
    static const char insert[] =
        "INSERT INTO lease (granted, returned, settled, used_known, incarnation, account, id)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, (?5 << 40) + ?6)";
    static const char update[] = "UPDATE lease SET granted = ?1, returned = ?2, settled = ?3,"
                                 " used_known = ?4 WHERE id = (?5 << 40) + ?6";
    return store_run_many(store, lease->is_stored ? update : insert, "iiiiuu", lease->granted_micro,
                          lease->returned_micro, lease->settled_micro, lease->used_known_micro,
                          lease->incarnation, lease->account_id);
}

int64_t ledger_lease_excess(const struct ledger_lease *lease)
{
    int64_t beyond_micro = lease->used_known_micro - (lease->granted_micro - lease->returned_micro);
    return beyond_micro > 0 ? beyond_micro : 0;
}

static bool find_book(struct store *store, const char *kind, const char *currency,
                      uint64_t incarnation, int64_t *book)
{
    static const char find[] = "SELECT id FROM book WHERE id < 0 AND kind = ?1 AND currency = ?2"
                               " AND incarnation = ?3";
    static const char make[] = "INSERT INTO book (id, kind, currency, incarnation)"
                               " VALUES ((SELECT coalesce(min(id), 0) - 1 FROM book WHERE id < 0),"
                               " ?1, ?2, ?3) RETURNING id";
    struct statement *statement = store_query(store, find, "ttu", kind, currency, incarnation);
    switch (store_step(store, statement)) {
    case ROW_FOUND:
        *book = column_i64(statement, 0);
        statement_reset(statement);
        return true;
    case ROW_NONE:
        break;
    case ROW_FAILED:
        return false;
    }
    statement = store_query(store, make, "ttu", kind, currency, incarnation);
    if (store_step(store, statement) != ROW_FOUND) {
        return false;
    }
    *book = column_i64(statement, 0);
    statement_reset(statement);
    return true;
}

bool ledger_fold_add(struct store *store, struct ledger_fold *fold, const char *kind,
                     const char *currency, uint64_t incarnation, int64_t delta_micro, int64_t *book)
{
    for (int i = 0; i < fold->count; i++) {
        struct ledger_fold_entry *entry = &fold->entries[i];
        if (strcmp(entry->kind, kind) == 0 && strcmp(entry->currency, currency) == 0 &&
            entry->incarnation == incarnation) {
            entry->delta_micro += delta_micro;
            *book = entry->book;
            return true;
        }
    }
    if (fold->count == LEDGER_FOLD_MAX) {
        store_fail(store, STORE_UNKNOWN, "too many currencies in one transaction");
        return false;
    }
    struct ledger_fold_entry *entry = &fold->entries[fold->count];
    if (!find_book(store, kind, currency, incarnation, &entry->book)) {
        return false;
    }
    entry->kind = kind;
    memcpy(entry->currency, currency, sizeof(entry->currency));
    entry->incarnation = incarnation;
    entry->delta_micro = delta_micro;
    fold->count++;
    *book = entry->book;
    return true;
}

bool ledger_fold_save(struct store *store, const struct ledger_fold *fold)
{
    static const char sql[] =
        "UPDATE book SET balance = balance + ?2, version = version + 1 WHERE id = ?1";
    for (int i = 0; i < fold->count; i++) {
        if (fold->entries[i].delta_micro != 0 &&
            !store_run_many(store, sql, "ii", fold->entries[i].book,
                            fold->entries[i].delta_micro)) {
            return false;
        }
    }
    return true;
}
