/* ledger_between.c - money from an account to its sub-account, or back: two linked entries. */
#include "store/ledger.h"
#include "store/promotions.h"

#include <string.h>

static enum store_result check_related(struct store *store, uint64_t from, uint64_t to)
{
    static const char sql[] = "SELECT 1 FROM account WHERE (id = ?1 AND parent_id = ?2)"
                              " OR (id = ?2 AND parent_id = ?1)";
    switch (store_step(store, store_query(store, sql, "uu", from, to))) {
    case ROW_FOUND:
        return STORE_OK;
    case ROW_NONE:
        return store_fail(store, STORE_REFUSED,
                          "money is moved between an account and its sub-account only");
    case ROW_FAILED:
        break;
    }
    return store->failed;
}

static enum store_result check_move(struct store *store, const struct money_request *request,
                                    const struct ledger_account *from, struct ledger_account *to)
{
    int64_t after_micro;
    enum store_result result = ledger_account_load(store, request->to_account_id, to);
    if (result == STORE_OK) {
        result = check_related(store, from->id, to->id);
    }
    if (result != STORE_OK) {
        return result;
    }
    if (strcmp(from->currency, to->currency) != 0) {
        return store_fail(store, STORE_REFUSED, "the accounts are in %s and %s", from->currency,
                          to->currency);
    }
    if (request->amount_micro > ledger_available(from)) {
        return store_fail(store, STORE_REFUSED, "only what is available can be moved");
    }
    return money_add(to->book_micro, request->amount_micro, &after_micro)
               ? promotions_check_move(store, from, request->amount_micro)
               : store_fail(store, STORE_REFUSED, "the balance would be too large");
}

/* The platform's book between the two entries is 0 before and after. */
static bool add_entries(struct store *store, const struct money_request *request,
                        struct ledger_account *from, struct ledger_account *to, uint64_t *number)
{
    struct ledger_batch batch = {.chain = 0};
    struct ledger_fold fold = {0};
    int64_t between = 0;
    uint64_t second = 0;
    if (!ledger_fold_add(store, &fold, "transfer", from->currency, 0, 0, &between)) {
        return false;
    }
    struct ledger_transfer transfer = {
        .kind = "transfer",
        .debit = (int64_t)from->id,
        .credit = between,
        .amount_micro = request->amount_micro,
        .account_id = from->id,
        .actor = request->actor,
        .reason = request->reason,
    };
    if (!ledger_batch_add(store, &batch, &transfer, from, number)) {
        return false;
    }
    transfer.debit = between;
    transfer.credit = (int64_t)to->id;
    transfer.account_id = to->id;
    transfer.linked = *number;
    return ledger_batch_add(store, &batch, &transfer, to, &second) &&
           ledger_batch_end(store, &batch);
}

enum store_result ledger_between(struct store *store, const struct money_request *request,
                                 struct ledger_account *from, uint64_t *number)
{
    struct ledger_account to;
    uint64_t change = 0;
    enum store_result result = check_move(store, request, from, &to);
    if (result != STORE_OK) {
        return result;
    }
    from->book_micro -= request->amount_micro;
    from->version++;
    to.book_micro += request->amount_micro;
    to.version++;
    bool is_done = add_entries(store, request, from, &to, number) &&
                   ledger_account_save(store, from) && ledger_account_save(store, &to) &&
                   ledger_lacks_less(store, &to) && change_number(store, &change) &&
                   change_put(store, CONFIG_BALANCE, to.id, false, change);
    return is_done ? STORE_OK : store->failed;
}
