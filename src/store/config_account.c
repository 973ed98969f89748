/* config_account.c - an account's book follows its row: made with it, its limit changed with it. */
#include "store/config_sql.h"
#include "store/ledger.h"
#include "store/low_balance.h"

#include <string.h>

static enum store_result make_book(struct store *store, const struct account *row)
{
    static const char sql[] = "INSERT INTO book (id, kind, currency, credit_limit, version)"
                              " VALUES (?1, 'customer', ?2, ?3, 1)";
    return store_run(store, sql, "uti", row->id, row->currency, row->limit_micro) ? STORE_OK
                                                                                  : store->failed;
}

/* What is set aside at edges cannot be taken back by lowering a limit: only what is available. */
static enum store_result check_limit(struct store *store, const struct ledger_account *book,
                                     int64_t limit_micro)
{
    int64_t cut_micro = book->limit_micro - limit_micro;
    int64_t available_micro = ledger_available(book);
    if (cut_micro > 0 && cut_micro > available_micro) {
        char available[MONEY_TEXT_SIZE], outstanding[MONEY_TEXT_SIZE];
        return store_fail(
            store, STORE_REFUSED,
            "the limit can be cut by %s now: %s is set aside at edges and may come back",
            money_text(available, available_micro < 0 ? 0 : available_micro),
            money_text(outstanding, book->leased_micro + book->excess_micro));
    }
    return STORE_OK;
}

static enum store_result keep_book(struct store *store, const struct account *row, bool is_new)
{
    if (is_new) {
        return make_book(store, row);
    }
    struct ledger_account book;
    enum store_result result = ledger_account_load(store, row->id, &book);
    if (result != STORE_OK) {
        return result;
    }
    if (strcmp(book.currency, row->currency) != 0 && book.last_transfer != 0) {
        return store_fail(store, STORE_REFUSED, "the account has entries in %s", book.currency);
    }
    if (book.limit_micro == row->limit_micro && strcmp(book.currency, row->currency) == 0) {
        return STORE_OK;
    }
    result = check_limit(store, &book, row->limit_micro);
    if (result != STORE_OK) {
        return result;
    }
    static const char sql[] = "UPDATE book SET currency = ?2, credit_limit = ?3,"
                              " version = version + 1 WHERE id = ?1";
    return store_run(store, sql, "uti", row->id, row->currency, row->limit_micro) ? STORE_OK
                                                                                  : store->failed;
}

enum store_result config_account_after_put(struct store *store, const void *any, bool is_new)
{
    const struct account *row = any;
    enum store_result result = keep_book(store, row, is_new);
    if (result == STORE_OK && !low_balance_follow(store, row, is_new)) {
        return store->failed;
    }
    return result;
}

enum store_result config_account_before_remove(struct store *store, uint64_t id)
{
    struct ledger_account book;
    enum store_result result = ledger_account_load(store, id, &book);
    if (result != STORE_OK) {
        return result;
    }
    if (book.last_transfer != 0) {
        return store_fail(store, STORE_CONFLICT,
                          "the account has entries in the ledger: suspend it instead");
    }
    static const char leases[] = "DELETE FROM lease WHERE id IN"
                                 " (SELECT (number << 40) + ?1 FROM incarnation)";
    static const char sql[] = "DELETE FROM book WHERE id = ?1";
    return store_run(store, leases, "u", id) && store_run(store, sql, "u", id) ? STORE_OK
                                                                               : store->failed;
}
