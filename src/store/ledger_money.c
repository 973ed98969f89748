/* ledger_money.c - money by people and by the API: once for each key; and statements. */
#include "base/clock.h"
#include "store/ledger.h"
#include "store/promotions.h"

#include <stdio.h>
#include <string.h>

static const struct money_kind { /* which book of the platform is the other side */
    const char *name;
    const char *book;
    bool may_take; /* amounts below zero */
} money_kinds[] = {
    {"topup", "topup", false},    {"bonus", "bonus", false},       {"refund", "revenue", false},
    {"adjustment", "loss", true}, {"transfer", "transfer", false},
};

static const struct money_kind *find_kind(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(money_kinds); i++) {
        if (strcmp(money_kinds[i].name, name) == 0) {
            return &money_kinds[i];
        }
    }
    return NULL;
}

static enum store_result check_request(struct store *store, const struct money_request *request)
{
    const struct money_kind *kind = find_kind(request->kind);
    if (kind == NULL) {
        return store_fail(store, STORE_REFUSED, "no such kind of entry");
    }
    int64_t amount_micro = request->amount_micro;
    if (amount_micro == 0 || (amount_micro < 0 && !kind->may_take) ||
        amount_micro > LEDGER_CHARGE_MAX || amount_micro < -LEDGER_CHARGE_MAX) {
        return store_fail(store, STORE_REFUSED, "the amount of a %s is more than zero", kind->name);
    }
    bool is_transfer = strcmp(kind->name, "transfer") == 0;
    if (is_transfer != (request->to_account_id != 0) ||
        request->to_account_id == request->account_id) {
        return store_fail(store, STORE_REFUSED, "a transfer goes to another account");
    }
    if (request->wall_expires_us < 0 ||
        (request->wall_expires_us != 0 && strcmp(kind->name, "bonus") != 0)) {
        return store_fail(store, STORE_REFUSED, "only a bonus ends at a time");
    }
    if (request->key[0] == '\0' || request->actor[0] == '\0') {
        return store_fail(store, STORE_REFUSED, "an entry has an idempotency key and an actor");
    }
    return STORE_OK;
}

/* ABSENT: the key is new. */
static enum store_result find_key(struct store *store, const struct money_request *request,
                                  struct money_answer *answer)
{
    static const char sql[] = "SELECT request_hash, transfer, balance FROM idem WHERE key = ?1";
    struct statement *statement = store_query(store, sql, "t", request->key);
    char hash[65];
    switch (store_step(store, statement)) {
    case ROW_NONE:
        return STORE_ABSENT;
    case ROW_FAILED:
        return store->failed;
    case ROW_FOUND:
        break;
    }
    column_text(statement, 0, hash, sizeof(hash));
    if (strcmp(hash, request->request_hash) != 0) {
        return store_fail(store, STORE_CONFLICT,
                          "this idempotency key was used with another request");
    }
    *answer = (struct money_answer){
        .transfer = column_u64(statement, 1),
        .balance_micro = column_i64(statement, 2),
        .is_repeat = true,
    };
    return STORE_OK;
}

/* A refund gives back at most what its entry took, over all refunds of it. */
static enum store_result check_refund(struct store *store, const struct money_request *request)
{
    static const char sql[] =
        "SELECT t.amount - (SELECT CAST(coalesce(sum(r.amount), 0) AS BIGINT) FROM transfer r"
        " WHERE r.linked = ?1 AND r.kind = 'refund'), t.account, t.kind FROM transfer t WHERE "
        "t.number = ?1";
    struct statement *statement = store_query(store, sql, "u", request->linked_transfer);
    char kind[16];
    switch (store_step(store, statement)) {
    case ROW_NONE:
        return store_fail(store, STORE_REFUSED, "the entry to be refunded does not exist");
    case ROW_FAILED:
        return store->failed;
    case ROW_FOUND:
        break;
    }
    column_text(statement, 2, kind, sizeof(kind));
    if (column_u64(statement, 1) != request->account_id || strcmp(kind, "usage") != 0) {
        return store_fail(store, STORE_REFUSED, "only a charge of this account can be refunded");
    }
    return column_i64(statement, 0) >= request->amount_micro
               ? STORE_OK
               : store_fail(store, STORE_REFUSED, "more than the entry took would be refunded");
}

static bool book_entry(struct store *store, const struct money_request *request,
                       struct ledger_account *account, uint64_t *number)
{
    struct ledger_batch batch = {.chain = 0};
    struct ledger_fold fold = {0};
    int64_t amount_micro = request->amount_micro;
    int64_t other = 0;
    if (!ledger_fold_add(store, &fold, find_kind(request->kind)->book, account->currency, 0,
                         -amount_micro, &other)) {
        return false;
    }
    struct ledger_transfer transfer = {
        .kind = request->kind,
        .debit = amount_micro > 0 ? other : (int64_t)account->id,
        .credit = amount_micro > 0 ? (int64_t)account->id : other,
        .amount_micro = amount_micro > 0 ? amount_micro : -amount_micro,
        .account_id = account->id,
        .linked = request->linked_transfer,
        .actor = request->actor,
        .reason = request->reason,
    };
    account->book_micro += amount_micro;
    account->version++;
    return ledger_batch_add(store, &batch, &transfer, account, number) &&
           ledger_account_save(store, account) && ledger_fold_save(store, &fold) &&
           ledger_batch_end(store, &batch);
}

static enum store_result book_one(struct store *store, const struct money_request *request,
                                  struct ledger_account *account, uint64_t *number)
{
    int64_t after_micro;
    if (request->amount_micro < 0 && -request->amount_micro > ledger_available(account)) {
        return store_fail(store, STORE_REFUSED, "only what is available can be taken");
    }
    if (!money_add(account->book_micro, request->amount_micro, &after_micro)) {
        return store_fail(store, STORE_REFUSED, "the balance would be too large");
    }
    if (!book_entry(store, request, account, number) ||
        (request->amount_micro < 0 && !promotions_after_taking(store, account))) {
        return store->failed;
    }
    return request->wall_expires_us == 0
               ? STORE_OK
               : promotions_give(store, account, *number, request->amount_micro,
                                 request->wall_expires_us);
}

static enum store_result book_new(struct store *store, const struct money_request *request,
                                  struct money_answer *answer)
{
    static const char keep[] = "INSERT INTO idem (key, request_hash, transfer, balance, wall_us)"
                               " VALUES (?1, ?2, ?3, ?4, ?5)";
    struct ledger_account account;
    enum store_result result = ledger_account_load(store, request->account_id, &account);
    if (result == STORE_OK && strcmp(request->kind, "refund") == 0) {
        result = check_refund(store, request);
    }
    if (result != STORE_OK) {
        return result;
    }
    uint64_t number = 0, change = 0;
    result = request->to_account_id != 0 ? ledger_between(store, request, &account, &number)
                                         : book_one(store, request, &account, &number);
    if (result != STORE_OK) {
        return result;
    }
    int64_t balance_micro = account.book_micro + account.leased_micro;
    bool is_done = store_run(store, keep, "ttuii", request->key, request->request_hash, number,
                             balance_micro, clock_wall_us()) &&
                   ledger_lacks_less(store, &account) && change_number(store, &change) &&
                   change_put(store, CONFIG_BALANCE, account.id, false, change);
    if (!is_done) {
        return store->failed;
    }
    *answer = (struct money_answer){.transfer = number, .balance_micro = balance_micro};
    return STORE_OK;
}

enum store_result ledger_money(struct store *store, const struct money_request *request,
                               struct money_answer *answer)
{
    struct money_answer made = {0};
    if (!store_begin(store, STORE_WRITE)) {
        return store_end(store, store->failed);
    }
    enum store_result result = check_request(store, request);
    if (result == STORE_OK) {
        result = find_key(store, request, &made);
        if (result == STORE_ABSENT) {
            result = book_new(store, request, &made);
        }
    }
    result = store_end(store, result);
    if (result == STORE_OK) {
        *answer = made;
    }
    return result;
}

/* Grants, returns and verdicts move money within what is the customer's: not on a statement. */
static bool is_on_statement(const char *kind)
{
    return strcmp(kind, "grant") != 0 && strcmp(kind, "return") != 0 &&
           strcmp(kind, "verdict") != 0;
}

static bool start_of_page(struct store *store, uint64_t account_id, uint64_t before,
                          uint64_t *number)
{
    static const char last[] = "SELECT last_transfer FROM book WHERE id = ?1";
    static const char previous[] =
        "SELECT previous FROM transfer WHERE number = ?1 AND account = ?2";
    struct statement *statement = before == 0
                                      ? store_query(store, last, "u", account_id)
                                      : store_query(store, previous, "uu", before, account_id);
    enum row_step step = store_step(store, statement);
    *number = step == ROW_FOUND ? column_u64(statement, 0) : 0;
    return step != ROW_FAILED;
}

static void read_transfer(struct statement *statement, uint64_t number, uint64_t account_id,
                          struct transfer_row *row)
{
    *row = (struct transfer_row){.number = number, .wall_us = column_i64(statement, 1)};
    column_text(statement, 2, row->kind, sizeof(row->kind));
    bool is_credit = column_u64(statement, 3) == account_id;
    int64_t amount_micro = column_i64(statement, 4);
    row->amount_micro = is_credit ? amount_micro : -amount_micro;
    row->linked = column_u64(statement, 5);
    column_text(statement, 6, row->actor, sizeof(row->actor));
    column_text(statement, 7, row->reason, sizeof(row->reason));
}

static enum store_result read_statement(struct store *store, uint64_t account_id, uint64_t before,
                                        struct transfer_row *out, int max, int *count)
{
    static const char sql[] = "SELECT previous, wall_us, kind, credit, amount, linked, actor,"
                              " reason FROM transfer WHERE number = ?1";
    uint64_t number = 0;
    if (!start_of_page(store, account_id, before, &number)) {
        return store->failed;
    }
    int found = 0;
    while (number != 0 && found < max) {
        struct statement *statement = store_query(store, sql, "u", number);
        if (store_step(store, statement) != ROW_FOUND) {
            return store_fail(store, STORE_UNKNOWN, "entry %llu is missing",
                              (unsigned long long)number);
        }
        read_transfer(statement, number, account_id, &out[found]);
        found += is_on_statement(out[found].kind) ? 1 : 0;
        number = column_u64(statement, 0);
        if (clock_mono_us() >= store->deadline_us) {
            return store_fail(store, STORE_UNKNOWN, "the statement is too long to be read in time");
        }
    }
    *count = found;
    return STORE_OK;
}

enum store_result ledger_transfers(struct store *store, uint64_t account_id, uint64_t before,
                                   struct transfer_row *out, int max, int *count)
{
    int found = 0;
    if (!store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    enum store_result result =
        store_end(store, read_statement(store, account_id, before, out, max, &found));
    if (result == STORE_OK) {
        *count = found;
    }
    return result;
}
