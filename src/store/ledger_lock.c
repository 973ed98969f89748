/* ledger_lock.c - balances, and the part of one that is locked. */
#include "base/clock.h"
#include "store/ledger.h"

#include <stdio.h>

static enum store_result read_balance(struct store *store, uint64_t account_id, struct balance *out)
{
    static const char sql[] =
        "SELECT wall_locked_until_us, locked_by, locked_why FROM book WHERE id = ?1";
    struct ledger_account account;
    enum store_result result = ledger_account_load(store, account_id, &account);
    if (result != STORE_OK) {
        return result;
    }
    *out = (struct balance){
        .balance_micro = account.book_micro + account.leased_micro,
        .leased_micro = account.leased_micro + account.excess_micro,
        .available_micro = ledger_available(&account),
        .locked_micro = account.locked_micro,
        .version = account.version,
    };
    if (account.locked_micro == 0) {
        return STORE_OK;
    }
    struct statement *statement = store_query(store, sql, "u", account_id);
    if (store_step(store, statement) != ROW_FOUND) {
        return store->failed;
    }
    out->wall_locked_until_us = column_i64(statement, 0);
    column_text(statement, 1, out->locked_by, sizeof(out->locked_by));
    column_text(statement, 2, out->locked_why, sizeof(out->locked_why));
    statement_reset(statement);
    return STORE_OK;
}

enum store_result ledger_balance(struct store *store, uint64_t account_id, struct balance *out)
{
    struct balance balance;
    if (!store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    enum store_result result = store_end(store, read_balance(store, account_id, &balance));
    if (result == STORE_OK) {
        *out = balance;
    }
    return result;
}

static enum store_result check_lock(struct store *store, const struct balance_lock *lock)
{
    if (lock->amount_micro < 0 || lock->amount_micro > LEDGER_CHARGE_MAX) {
        return store_fail(store, STORE_REFUSED, "what is locked is 0 or more");
    }
    if (lock->wall_until_us != 0 &&
        (lock->amount_micro == 0 || lock->wall_until_us <= clock_wall_us())) {
        return store_fail(store, STORE_REFUSED, "a lock ends in the future");
    }
    return lock->actor[0] == '\0' || lock->why[0] == '\0'
               ? store_fail(store, STORE_REFUSED, "a lock names who made it, and why")
               : STORE_OK;
}

static bool note_lock(struct store *store, uint64_t account_id, const struct balance_lock *lock)
{
    char did[320], amount[MONEY_TEXT_SIZE];
    int size = lock->amount_micro == 0
                   ? snprintf(did, sizeof(did), "balance unlocked: %s", lock->why)
                   : snprintf(did, sizeof(did), "%s of the balance locked: %s",
                              money_text(amount, lock->amount_micro), lock->why);
    return size > 0 && change_note(store, lock->actor, "account", did, account_id);
}

static bool save_lock(struct store *store, uint64_t account_id, const struct balance_lock *lock)
{
    static const char sql[] = "UPDATE book SET locked = ?2, wall_locked_until_us = ?3,"
                              " locked_by = ?4, locked_why = ?5, version = version + 1,"
                              " low_due = low_below"
                              " WHERE id = ?1";
    uint64_t change = 0;
    return store_run(store, sql, "uiitt", account_id, lock->amount_micro, lock->wall_until_us,
                     lock->actor, lock->why) &&
           change_number(store, &change) &&
           change_put(store, CONFIG_BALANCE, account_id, false, change) &&
           note_lock(store, account_id, lock);
}

static enum store_result put_lock(struct store *store, uint64_t account_id,
                                  const struct balance_lock *lock)
{
    struct ledger_account account;
    enum store_result result = check_lock(store, lock);
    if (result == STORE_OK) {
        result = ledger_account_load(store, account_id, &account);
    }
    if (result != STORE_OK) {
        return result;
    }
    account.locked_micro = lock->amount_micro;
    bool is_done = save_lock(store, account_id, lock) &&
                   (ledger_available(&account) < 0 ? ledger_want(store, account_id, 0)
                                                   : ledger_lacks_less(store, &account));
    return is_done ? STORE_OK : store->failed;
}

enum store_result ledger_lock(struct store *store, uint64_t account_id,
                              const struct balance_lock *lock)
{
    if (!store_begin(store, STORE_WRITE)) {
        return store_end(store, store->failed);
    }
    return store_end(store, put_lock(store, account_id, lock));
}

/* The one that ended first; 0: none. */
static bool find_over(struct store *store, int64_t wall_us, uint64_t *account_id)
{
    static const char sql[] = "SELECT id FROM book WHERE wall_locked_until_us <> 0"
                              " AND wall_locked_until_us <= ?1 ORDER BY wall_locked_until_us"
                              " LIMIT 1";
    struct statement *statement = store_query(store, sql, "i", wall_us);
    enum row_step step = store_step(store, statement);
    *account_id = step == ROW_FOUND ? column_u64(statement, 0) : 0;
    return step != ROW_FAILED;
}

/* As if somebody had unlocked it; it may have been locked anew since it was found. */
static enum store_result end_next(struct store *store, uint64_t *account_id)
{
    static const struct balance_lock over = {.actor = "rule:lock-end", .why = "its time is over"};
    if (!find_over(store, clock_wall_us(), account_id)) {
        return store->failed;
    }
    return *account_id == 0 ? STORE_OK : put_lock(store, *account_id, &over);
}

enum store_result ledger_lock_end(struct store *store, uint64_t *account_id)
{
    uint64_t found = 0;
    if (!store_begin(store, STORE_READ)) { /* mostly there is none: nobody is kept from writing */
        return store_end(store, store->failed);
    }
    enum store_result result =
        store_end(store, find_over(store, clock_wall_us(), &found) ? STORE_OK : store->failed);
    if (result == STORE_OK && found != 0) {
        result = store_end(store, store_begin(store, STORE_WRITE) ? end_next(store, &found)
                                                                  : store->failed);
    }
    if (result == STORE_OK) {
        *account_id = found;
    }
    return result;
}
