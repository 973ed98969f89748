/* config_account.c - an account's book follows its row: made with it, its limit changed with it.
 * What a sub-account may be. */
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

/* The first sub-account of `id` that is not in this currency (NULL: any). ABSENT: there is none. */
static enum store_result find_child(struct store *store, uint64_t id, const char *currency,
                                    char name[ACCOUNT_NAME_SIZE])
{
    static const char sql[] = "SELECT name FROM account WHERE parent_id = ?1"
                              " AND currency <> ?2 ORDER BY id LIMIT 1";
    struct statement *statement =
        store_query(store, sql, "ut", id, currency == NULL ? "" : currency);
    switch (store_step(store, statement)) {
    case ROW_FOUND:
        column_text(statement, 0, name, ACCOUNT_NAME_SIZE);
        statement_reset(statement);
        return STORE_OK;
    case ROW_NONE:
        return STORE_ABSENT;
    case ROW_FAILED:
        break;
    }
    return store->failed;
}

/* One level, so there is no cycle; one currency, so that money can be moved. */
static enum store_result check_parent(struct store *store, const struct account *row)
{
    struct account parent;
    char child[ACCOUNT_NAME_SIZE];
    if (row->parent_id == row->id) {
        return store_fail(store, STORE_REFUSED, "account %s is not its own parent", row->name);
    }
    enum store_result result = config_get_row(store, TABLE_ACCOUNT, row->parent_id, &parent);
    if (result != STORE_OK) {
        return result == STORE_ABSENT ? store_fail(store, STORE_REFUSED, "there is no such parent")
                                      : result;
    }
    if (parent.parent_id != 0) {
        return store_fail(store, STORE_REFUSED,
                          "account %s is a sub-account itself: there is one level", parent.name);
    }
    if (strcmp(parent.currency, row->currency) != 0) {
        return store_fail(store, STORE_REFUSED, "account %s is in %s, its parent in %s", row->name,
                          row->currency, parent.currency);
    }
    result = find_child(store, row->id, NULL, child);
    if (result == STORE_OK) {
        return store_fail(store, STORE_REFUSED,
                          "account %s has a sub-account, %s: there is one level", row->name, child);
    }
    return result == STORE_ABSENT ? STORE_OK : result;
}

static enum store_result check_family(struct store *store, const struct account *row)
{
    char child[ACCOUNT_NAME_SIZE];
    if (row->parent_id != 0) {
        return check_parent(store, row);
    }
    enum store_result result = find_child(store, row->id, row->currency, child);
    if (result == STORE_OK) {
        return store_fail(store, STORE_REFUSED, "its sub-account %s is in another currency", child);
    }
    return result == STORE_ABSENT ? STORE_OK : result;
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
    enum store_result result = check_family(store, row);
    if (result == STORE_OK) {
        result = keep_book(store, row, is_new);
    }
    if (result == STORE_OK && !low_balance_follow(store, row, is_new)) {
        return store->failed;
    }
    return result;
}

static void read_child(struct statement *statement, void *row)
{
    struct account_child *child = row;
    child->id = column_u64(statement, 0);
    column_text(statement, 1, child->name, sizeof(child->name));
    child->balance_micro = column_i64(statement, 2);
}

enum store_result config_page_child(struct store *store, uint64_t parent_id, uint64_t after,
                                    struct account_child *out, int max, int *count)
{
    static const char sql[] = "SELECT a.id, a.name, b.balance + b.leased FROM account a"
                              " JOIN book b ON b.id = a.id WHERE a.parent_id = ?1 AND a.id > ?2"
                              " ORDER BY a.id LIMIT ?3";
    struct store_page page = {out, sizeof(*out), max, read_child};
    if (!store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    struct statement *statement = store_query(store, sql, "uui", parent_id, after, (int64_t)max);
    return store_end_page(store, statement, &page, count);
}

enum store_result config_account_before_remove(struct store *store, uint64_t id)
{
    struct ledger_account book;
    char child[ACCOUNT_NAME_SIZE];
    enum store_result result = find_child(store, id, NULL, child);
    if (result != STORE_ABSENT) {
        return result == STORE_OK
                   ? store_fail(store, STORE_CONFLICT, "the account has a sub-account, %s", child)
                   : result;
    }
    result = ledger_account_load(store, id, &book);
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
