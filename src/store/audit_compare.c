/* audit_compare.c - what is stored against what the transfers made: books, leases, chains. */
#include "store/audit.h"

#include <stdio.h>
#include <string.h>

static bool no_memory(struct audit *audit)
{
    store_fail(audit->store, STORE_UNKNOWN, "no memory for the audit");
    return false;
}

static void compare(struct audit *audit, const char *row, const char *what, int64_t stored_micro,
                    int64_t right_micro)
{
    if (stored_micro != right_micro) {
        char stored[MONEY_TEXT_SIZE], right[MONEY_TEXT_SIZE];
        audit_say(audit, "%s: %s is %s, by its entries %s", row, what,
                  money_text(stored, stored_micro), money_text(right, right_micro));
    }
}

static bool compare_lease(struct audit *audit, struct statement *statement)
{
    struct ledger_lease lease = {
        .incarnation = column_u64(statement, 1),
        .account_id = column_u64(statement, 2),
        .granted_micro = column_i64(statement, 3),
        .returned_micro = column_i64(statement, 4),
        .settled_micro = column_i64(statement, 5),
        .used_known_micro = column_i64(statement, 6),
    };
    struct tally_entry *right = tally_at(&audit->leases, lease.incarnation, lease.account_id);
    if (right == NULL) {
        return no_memory(audit);
    }
    right->is_seen = true;
    char row[96];
    snprintf(row, sizeof(row), "lease of incarnation %llu, account %llu",
             (unsigned long long)lease.incarnation, (unsigned long long)lease.account_id);
    compare(audit, row, "granted", lease.granted_micro, right->sums[AUDIT_GRANTED]);
    compare(audit, row, "returned", lease.returned_micro, right->sums[AUDIT_RETURNED]);
    compare(audit, row, "settled", lease.settled_micro, right->sums[AUDIT_SETTLED]);
    if (lease.used_known_micro < lease.settled_micro) {
        audit_say(audit, "%s: less is known to be used than was settled", row);
    }
    struct tally_entry *account = tally_at(&audit->accounts, 0, lease.account_id);
    if (account == NULL) {
        return no_memory(audit);
    }
    account->sums[AUDIT_LEASED] += lease.granted_micro - lease.returned_micro - lease.settled_micro;
    account->sums[AUDIT_EXCESS] += ledger_lease_excess(&lease);
    return true;
}

/* Rows with id > *after, a page of them; *is_end: those were the last. */
static bool compare_page(struct audit *audit, const char *sql, int64_t *after, bool *is_end,
                         bool (*compare_row)(struct audit *audit, struct statement *statement))
{
    struct statement *statement = store_query(audit->store, sql, "ii", *after, (int64_t)AUDIT_PAGE);
    enum row_step step;
    int count = 0;
    while ((step = store_step(audit->store, statement)) == ROW_FOUND) {
        *after = column_i64(statement, 0);
        if (!compare_row(audit, statement)) {
            return false;
        }
        count++;
    }
    *is_end = count < AUDIT_PAGE;
    return step == ROW_NONE;
}

static bool compare_leases(struct audit *audit)
{
    static const char sql[] =
        "SELECT id, incarnation, account, granted, returned, settled, used_known FROM lease"
        " WHERE id > ?1 ORDER BY id LIMIT ?2";
    int64_t after = INT64_MIN;
    bool is_end = false;
    while (!is_end) {
        if (!compare_page(audit, sql, &after, &is_end, compare_lease)) {
            return false;
        }
    }
    for (size_t i = 0; i < audit->leases.count; i++) {
        if (!audit->leases.entries[i].is_seen) {
            audit_say(audit, "lease of incarnation %llu, account %llu is missing",
                      (unsigned long long)audit->leases.entries[i].a,
                      (unsigned long long)audit->leases.entries[i].b);
        }
    }
    return true;
}

static bool compare_customer(struct audit *audit, struct statement *statement, uint64_t id,
                             uint64_t last_transfer, const char *row)
{
    struct tally_entry *right = tally_at(&audit->accounts, 0, id);
    if (right == NULL) {
        return no_memory(audit);
    }
    compare(audit, row, "leased", column_i64(statement, 5), right->sums[AUDIT_LEASED]);
    compare(audit, row, "used beyond leases", column_i64(statement, 6), right->sums[AUDIT_EXCESS]);
    if (column_u64(statement, 7) != last_transfer) {
        audit_say(audit, "%s: its newest entry is %llu, not %llu", row,
                  (unsigned long long)last_transfer, (unsigned long long)column_u64(statement, 7));
    }
    int64_t locked_micro = column_i64(statement, 8);
    if (locked_micro < 0 || (locked_micro != 0 && column_slice(statement, 9).size == 0)) {
        audit_say(audit, "%s: its lock is below zero, or nobody's", row);
    }
    return true;
}

static bool compare_book(struct audit *audit, struct statement *statement)
{
    int64_t id = column_i64(statement, 0);
    int64_t balance_micro = column_i64(statement, 4);
    char kind[16], currency[8];
    column_text(statement, 1, kind, sizeof(kind));
    column_text(statement, 2, currency, sizeof(currency));
    struct tally_entry *right = tally_at(&audit->books, 0, (uint64_t)id);
    if (right == NULL) {
        return no_memory(audit);
    }
    right->is_seen = true;
    uint64_t last_transfer = right->last;
    char row[96];
    snprintf(row, sizeof(row), "book %lld (%s %s%s)", (long long)id, kind, currency,
             id > 0 ? ", account" : "");
    compare(audit, row, "balance", balance_micro, right->sums[0]);
    if (id < 0 && strcmp(kind, "transfer") == 0 && balance_micro != 0) {
        audit_say(audit, "%s: one entry of a transfer has no other", row);
    }
    uint64_t code = 0;
    memcpy(&code, currency, sizeof(currency));
    struct tally_entry *sum = tally_at(&audit->currencies, code, 0);
    if (sum == NULL) {
        return no_memory(audit);
    }
    sum->sums[0] += balance_micro;
    return id < 0 || compare_customer(audit, statement, (uint64_t)id, last_transfer, row);
}

static bool compare_books(struct audit *audit)
{
    static const char sql[] = "SELECT id, kind, currency, incarnation, balance, leased, excess,"
                              " last_transfer, locked, locked_by FROM book WHERE id > ?1"
                              " ORDER BY id LIMIT ?2";
    int64_t after = INT64_MIN;
    bool is_end = false;
    while (!is_end) {
        if (!compare_page(audit, sql, &after, &is_end, compare_book)) {
            return false;
        }
    }
    for (size_t i = 0; i < audit->books.count; i++) {
        if (!audit->books.entries[i].is_seen) {
            audit_say(audit, "book %lld is missing", (long long)audit->books.entries[i].b);
        }
    }
    for (size_t i = 0; i < audit->currencies.count; i++) {
        const struct tally_entry *sum = &audit->currencies.entries[i];
        char currency[sizeof(sum->a)], text[MONEY_TEXT_SIZE];
        memcpy(currency, &sum->a, sizeof(currency));
        if (sum->sums[0] != 0) {
            audit_say(audit, "the books in %.3s sum to %s, not to 0", currency,
                      money_text(text, sum->sums[0]));
        }
    }
    return true;
}

static bool compare_chains(struct audit *audit)
{
    static const char sql[] = "SELECT id, head, link_count FROM chain";
    struct statement *statement = store_query(audit->store, sql, "");
    enum row_step step;
    while ((step = store_step(audit->store, statement)) == ROW_FOUND) {
        uint64_t id = column_u64(statement, 0);
        const struct tally_entry *entry = tally_at(&audit->chains, 0, id);
        const struct audit_chain *chain =
            entry == NULL || !entry->is_seen ? NULL : &audit->heads[entry->sums[0]];
        bool is_right = chain != NULL && chain->link_count == column_i64(statement, 2) &&
                        column_slice(statement, 1).size == STORE_HASH_SIZE &&
                        memcmp(chain->head, column_slice(statement, 1).data, STORE_HASH_SIZE) == 0;
        if (!is_right) {
            audit_say(audit, "chain %llu: its links do not end where it says",
                      (unsigned long long)id);
        }
    }
    return step == ROW_NONE;
}

/* Sequences above the mark were charged, or transfers stand beyond the last link. */
static bool compare_marks(struct audit *audit)
{
    static const char marks[] = "SELECT number, high_water FROM incarnation";
    static const char beyond[] = "SELECT number FROM transfer WHERE number >= ?1 LIMIT 1000";
    static const char counter[] = "SELECT value FROM counter WHERE name = 'transfer'";
    struct statement *statement = store_query(audit->store, marks, "");
    enum row_step step;
    while ((step = store_step(audit->store, statement)) == ROW_FOUND) {
        const struct tally_entry *chain = tally_at(&audit->chains, 0, column_u64(statement, 0));
        if (chain != NULL && chain->last > column_u64(statement, 1)) {
            audit_say(audit, "incarnation %llu: record %llu was charged above its mark %llu",
                      (unsigned long long)column_u64(statement, 0), (unsigned long long)chain->last,
                      (unsigned long long)column_u64(statement, 1));
        }
    }
    if (step == ROW_FAILED) {
        return false;
    }
    statement = store_query(audit->store, beyond, "u", audit->next);
    while ((step = store_step(audit->store, statement)) == ROW_FOUND) {
        audit_say(audit, "transfer %llu is in no link",
                  (unsigned long long)column_u64(statement, 0));
    }
    if (step == ROW_FAILED) {
        return false;
    }
    statement = store_query(audit->store, counter, "");
    if (store_step(audit->store, statement) != ROW_FOUND) {
        return false;
    }
    if (column_u64(statement, 0) + 1 != audit->next) {
        audit_say(audit, "counter transfer is %llu, but the last link ends at %llu",
                  (unsigned long long)column_u64(statement, 0),
                  (unsigned long long)(audit->next - 1));
    }
    statement_reset(statement);
    return true;
}

/* Credit that ends stands for a bonus of its account, and its entries take what it says. */
static bool compare_promotion(struct audit *audit, struct statement *statement)
{
    int64_t amount_micro = column_i64(statement, 2), left_micro = column_i64(statement, 3);
    int64_t taken_micro = column_i64(statement, 4);
    char row[96];
    snprintf(row, sizeof(row), "promotion %llu (account %llu)",
             (unsigned long long)column_u64(statement, 0),
             (unsigned long long)column_u64(statement, 1));
    if (column_is_null(statement, 5) || column_i64(statement, 5) != amount_micro ||
        column_u64(statement, 6) != column_u64(statement, 1) ||
        strcmp(column_cstr(statement, 7), "bonus") != 0) {
        audit_say(audit, "%s: there is no such bonus", row);
    }
    compare(audit, row, "taken back", taken_micro, column_i64(statement, 8));
    if (left_micro < 0 || taken_micro < 0 || left_micro > amount_micro - taken_micro) {
        audit_say(audit, "%s: more is left than was given and not taken back", row);
    }
    return true;
}

static bool compare_promotions(struct audit *audit)
{
    static const char sql[] =
        "SELECT p.number, p.account, p.amount, p.left_micro, p.taken_micro, t.amount, t.account,"
        " t.kind, (SELECT CAST(coalesce(sum(e.amount), 0) AS BIGINT) FROM transfer e"
        " WHERE e.linked = p.number AND e.kind = 'expiry') FROM promotion p"
        " LEFT JOIN transfer t ON t.number = p.number WHERE p.number > ?1"
        " ORDER BY p.number LIMIT ?2";
    int64_t after = 0;
    bool is_end = false;
    while (!is_end) {
        if (!compare_page(audit, sql, &after, &is_end, compare_promotion)) {
            return false;
        }
    }
    return true;
}

bool audit_compare(struct audit *audit)
{
    return compare_leases(audit) && compare_books(audit) && compare_promotions(audit) &&
           compare_marks(audit) && compare_chains(audit);
}
