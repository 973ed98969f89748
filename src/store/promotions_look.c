/* promotions_look.c - promotional credit that ended is taken back, by linked entries. */
#include "base/clock.h"
#include "store/promotions_inside.h"

#define LOOK_MAX 100 /* rows that are due, in one transaction */

struct look {
    struct store *store;
    struct ledger_batch batch;
    struct ledger_fold fold;
    int64_t wall_us;
    int taken_count;
};

static bool is_any_due(struct store *store, int64_t wall_us, bool *out)
{
    static const char sql[] =
        "SELECT 1 FROM promotion WHERE is_open = 1 AND wall_look_us <= ?1 LIMIT 1";
    struct statement *statement = store_query(store, sql, "i", wall_us);
    enum row_step step = store_step(store, statement);
    *out = step == ROW_FOUND;
    return step != ROW_FAILED;
}

static bool is_listed(const uint64_t *accounts, int count, uint64_t account)
{
    int at = 0;
    while (at < count && accounts[at] != account) {
        at++;
    }
    return at < count;
}

/* The longest waiting first, each account once; -1: failed. *more: there may be others. */
static int list_due(struct store *store, int64_t wall_us, uint64_t accounts[LOOK_MAX], bool *more)
{
    static const char sql[] = "SELECT account FROM promotion WHERE is_open = 1"
                              " AND wall_look_us <= ?1 ORDER BY wall_look_us LIMIT ?2";
    struct statement *statement = store_query(store, sql, "ii", wall_us, (int64_t)LOOK_MAX);
    int count = 0, row_count = 0;
    enum row_step step = ROW_NONE;
    while (row_count < LOOK_MAX && (step = store_step(store, statement)) == ROW_FOUND) {
        uint64_t account = column_u64(statement, 0);
        row_count++;
        if (!is_listed(accounts, count, account)) {
            accounts[count++] = account;
        }
    }
    if (step == ROW_FAILED) {
        return -1;
    }
    statement_reset(statement);
    *more = row_count == LOOK_MAX;
    return count;
}

static bool add_entry(struct look *look, struct ledger_account *account, uint64_t of,
                      int64_t amount_micro)
{
    int64_t other = 0;
    uint64_t number = 0;
    if (!ledger_fold_add(look->store, &look->fold, "bonus", account->currency, 0, amount_micro,
                         &other)) {
        return false;
    }
    struct ledger_transfer transfer = {
        .kind = "expiry",
        .debit = (int64_t)account->id,
        .credit = other,
        .amount_micro = amount_micro,
        .account_id = account->id,
        .linked = of,
        .actor = "rule:expiry",
        .reason = "expired",
    };
    account->book_micro -= amount_micro;
    look->taken_count++;
    return ledger_batch_add(look->store, &look->batch, &transfer, account, &number);
}

/* What is free of what is due; *is_moved: something was. */
static bool take_back(struct look *look, struct ledger_account *account, struct promotions *all,
                      bool *is_moved)
{
    int64_t free_micro = money_add_clamped(ledger_available(account), account->expired_micro);
    for (int i = 0; i < all->count && free_micro > 0; i++) {
        struct promotion *promotion = &all->rows[i];
        int64_t due_micro = promotion_due(promotion);
        int64_t taken_micro = due_micro < free_micro ? due_micro : free_micro;
        if (taken_micro == 0) {
            continue;
        }
        if (!add_entry(look, account, promotion->number, taken_micro)) {
            return false;
        }
        promotion_take(promotion, taken_micro);
        free_micro -= taken_micro;
        *is_moved = true;
    }
    return true;
}

static bool save(struct look *look, struct ledger_account *account, const struct promotions *all,
                 bool is_moved)
{
    uint64_t change = 0;
    if (is_moved || promotions_due(all) != account->expired_micro) {
        account->version++;
        if (!ledger_account_save(look->store, account) || !change_number(look->store, &change) ||
            !change_put(look->store, CONFIG_BALANCE, account->id, false, change)) {
            return false;
        }
    }
    bool is_waiting = false;
    for (int i = 0; i < all->count; i++) {
        is_waiting |= all->rows[i].has_ended && all->rows[i].left_micro > 0;
    }
    return promotions_save(look->store, account, all, look->wall_us) &&
           (!is_waiting || ledger_want(look->store, account->id, 0));
}

static enum store_result look_at(struct look *look, uint64_t account_id)
{
    struct ledger_account account;
    struct promotions all;
    struct promotion_money money;
    bool is_moved = false;
    enum store_result result = ledger_account_load(look->store, account_id, &account);
    if (result != STORE_OK) {
        return result;
    }
    if (!promotions_load(look->store, &account, &all, &money)) {
        return look->store->failed;
    }
    promotions_end(&all, money.held_micro, look->wall_us);
    return take_back(look, &account, &all, &is_moved) && save(look, &account, &all, is_moved)
               ? STORE_OK
               : look->store->failed;
}

static enum store_result look_at_some(struct look *look, bool *more)
{
    uint64_t accounts[LOOK_MAX];
    bool has_more = false;
    int count = list_due(look->store, look->wall_us, accounts, &has_more);
    if (count < 0) {
        return look->store->failed;
    }
    for (int i = 0; i < count; i++) {
        enum store_result result = look_at(look, accounts[i]);
        if (result != STORE_OK) {
            return result;
        }
    }
    *more = has_more;
    return ledger_fold_save(look->store, &look->fold) && ledger_batch_end(look->store, &look->batch)
               ? STORE_OK
               : look->store->failed;
}

enum store_result promotions_look(struct store *store, int *taken_count, bool *more)
{
    bool is_due = false, has_more = false;
    struct look look = {.store = store, .wall_us = clock_wall_us()};
    if (!store_begin(store, STORE_READ)) { /* mostly there is none: nobody is kept from writing */
        return store_end(store, store->failed);
    }
    enum store_result result =
        store_end(store, is_any_due(store, look.wall_us, &is_due) ? STORE_OK : store->failed);
    if (result == STORE_OK && is_due) {
        if (!store_begin(store, STORE_WRITE)) {
            return store_end(store, store->failed);
        }
        result = store_end(store, look_at_some(&look, &has_more));
    }
    if (result == STORE_OK) {
        *taken_count = look.taken_count;
        *more = has_more;
    }
    return result;
}

static enum store_result read_now(struct store *store, uint64_t account_id, struct promotions *out)
{
    struct ledger_account account;
    struct promotion_money money;
    enum store_result result = ledger_account_load(store, account_id, &account);
    if (result != STORE_OK) {
        return result;
    }
    return promotions_load(store, &account, out, &money) ? STORE_OK : store->failed;
}

enum store_result promotions_read(struct store *store, uint64_t account_id, struct promotions *out)
{
    struct promotions all;
    if (!store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    enum store_result result = store_end(store, read_now(store, account_id, &all));
    if (result == STORE_OK) {
        *out = all;
    }
    return result;
}
