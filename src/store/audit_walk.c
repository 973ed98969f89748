/* audit_walk.c - reads every transfer once: sums, row checks and the hash chains. */
#include "base/clock.h"
#include "store/audit.h"

#include <stdlib.h>
#include <string.h>

static bool no_memory(struct audit *audit)
{
    store_fail(audit->store, STORE_UNKNOWN, "no memory for the audit");
    return false;
}

/* NULL: no memory. */
static struct audit_chain *chain_of(struct audit *audit, uint64_t id)
{
    struct tally_entry *entry = tally_at(&audit->chains, 0, id);
    if (entry == NULL) {
        return NULL;
    }
    if (!entry->is_seen) {
        if (audit->head_count == audit->head_count_max) {
            size_t count_max = audit->head_count_max == 0 ? 64 : audit->head_count_max * 2;
            struct audit_chain *heads = realloc(audit->heads, count_max * sizeof(*heads));
            if (heads == NULL) {
                return NULL;
            }
            audit->heads = heads;
            audit->head_count_max = count_max;
        }
        audit->heads[audit->head_count] = (struct audit_chain){0};
        entry->sums[0] = (int64_t)audit->head_count;
        entry->is_seen = true;
        audit->head_count++;
    }
    return &audit->heads[entry->sums[0]];
}

static bool add_to_lease(struct audit *audit, const struct ledger_row *row)
{
    const struct ledger_transfer *transfer = &row->transfer;
    enum audit_sum sum;
    if (strcmp(transfer->kind, "grant") == 0) {
        sum = AUDIT_GRANTED;
    } else if (strcmp(transfer->kind, "return") == 0 || strcmp(transfer->kind, "verdict") == 0) {
        sum = AUDIT_RETURNED;
    } else if (strcmp(transfer->kind, "usage") == 0) {
        sum = AUDIT_SETTLED;
    } else {
        return true;
    }
    struct tally_entry *lease =
        tally_at(&audit->leases, transfer->incarnation, transfer->account_id);
    if (lease == NULL) {
        return no_memory(audit);
    }
    lease->sums[sum] = money_add_clamped(lease->sums[sum], transfer->amount_micro);
    return true;
}

static bool add_to_book(struct audit *audit, int64_t book, int64_t delta_micro)
{
    struct tally_entry *entry = tally_at(&audit->books, 0, (uint64_t)book);
    if (entry == NULL) {
        return no_memory(audit);
    }
    entry->sums[0] = money_add_clamped(entry->sums[0], delta_micro);
    return true;
}

/* The account's entries name each other, and an incarnation's charges have rising sequences. */
static bool check_order(struct audit *audit, const struct ledger_row *row)
{
    const struct ledger_transfer *transfer = &row->transfer;
    if (transfer->account_id != 0) {
        struct tally_entry *book = tally_at(&audit->books, 0, transfer->account_id);
        if (book == NULL) {
            return no_memory(audit);
        }
        if (book->last != row->previous) {
            audit_say(audit, "transfer %llu: names %llu as the account's entry before it, not %llu",
                      (unsigned long long)row->number, (unsigned long long)row->previous,
                      (unsigned long long)book->last);
        }
        book->last = row->number;
    }
    if (strcmp(transfer->kind, "usage") == 0) {
        struct tally_entry *chain = tally_at(&audit->chains, 0, transfer->incarnation);
        if (chain == NULL) {
            return no_memory(audit);
        }
        if (transfer->sequence <= chain->last) {
            audit_say(audit, "transfer %llu: charges record %llu of incarnation %llu again",
                      (unsigned long long)row->number, (unsigned long long)transfer->sequence,
                      (unsigned long long)transfer->incarnation);
        }
        chain->last = transfer->sequence;
    }
    return true;
}

static struct ledger_row read_row(struct statement *statement)
{
    return (struct ledger_row){
        .number = column_u64(statement, 0),
        .wall_us = column_i64(statement, 1),
        .previous = column_u64(statement, 9),
        .transfer =
            {
                .kind = column_cstr(statement, 2),
                .debit = column_i64(statement, 3),
                .credit = column_i64(statement, 4),
                .amount_micro = column_i64(statement, 5),
                .account_id = column_u64(statement, 6),
                .incarnation = column_u64(statement, 7),
                .sequence = column_u64(statement, 8),
                .linked = column_u64(statement, 10),
                .actor = column_cstr(statement, 11),
                .reason = column_cstr(statement, 12),
            },
    };
}

static bool take_transfer(struct audit *audit, struct statement *statement, bool *is_row_wrong)
{
    struct ledger_row row = read_row(statement);
    const struct ledger_transfer *transfer = &row.transfer;
    char block[LEDGER_ROW_MAX];
    struct slice bytes = ledger_row_encode(&row, block);
    if (ledger_row_check(bytes) != column_i64(statement, 13) || transfer->amount_micro <= 0) {
        audit_say(audit, "transfer %llu (account %llu): was changed after it was written",
                  (unsigned long long)row.number, (unsigned long long)transfer->account_id);
        *is_row_wrong = true;
    }
    store_sha256_add(audit->store, bytes.data, bytes.size);
    audit->transfer_count++;
    return add_to_book(audit, transfer->debit, -transfer->amount_micro) &&
           add_to_book(audit, transfer->credit, transfer->amount_micro) &&
           add_to_lease(audit, &row) && check_order(audit, &row);
}

static void say_missing(struct audit *audit, uint64_t from, uint64_t to)
{
    if (from == to) {
        audit_say(audit, "transfer %llu is missing", (unsigned long long)from);
    } else if (from < to) {
        audit_say(audit, "transfers %llu to %llu are missing", (unsigned long long)from,
                  (unsigned long long)to);
    }
}

/* Transfers first to last; *is_row_wrong: one is changed or missing, and was named. */
static bool walk_transfers(struct audit *audit, uint64_t first, uint64_t last, bool *is_row_wrong)
{
    static const char sql[] =
        "SELECT number, wall_us, kind, debit, credit, amount, account, incarnation, sequence,"
        " previous, linked, actor, reason, row_check FROM transfer"
        " WHERE number BETWEEN ?1 AND ?2 ORDER BY number";
    struct statement *statement = store_query(audit->store, sql, "uu", first, last);
    uint64_t next = first;
    enum row_step step;
    while ((step = store_step(audit->store, statement)) == ROW_FOUND) {
        uint64_t number = column_u64(statement, 0);
        if (number > next) {
            say_missing(audit, next, number - 1);
            *is_row_wrong = true;
        }
        if (!take_transfer(audit, statement, is_row_wrong)) {
            return false;
        }
        next = number + 1;
    }
    if (step == ROW_NONE && next <= last) {
        say_missing(audit, next, last);
        *is_row_wrong = true;
    }
    return step == ROW_NONE;
}

static bool walk_link(struct audit *audit, uint64_t first, uint64_t last, uint64_t chain_id,
                      const uint8_t stored[STORE_HASH_SIZE])
{
    struct audit_chain *chain = chain_of(audit, chain_id);
    if (chain == NULL) {
        return no_memory(audit);
    }
    if (!store_sha256_start(audit->store)) {
        return false;
    }
    size_t at = (size_t)(chain - audit->heads);
    store_sha256_add(audit->store, chain->head, sizeof(chain->head));
    bool is_row_wrong = false;
    if (!walk_transfers(audit, first, last, &is_row_wrong)) {
        return false;
    }
    uint8_t hash[STORE_HASH_SIZE];
    store_sha256_end(audit->store, hash);
    if (memcmp(hash, stored, sizeof(hash)) != 0 && !is_row_wrong) {
        audit_say(audit, "transfers %llu to %llu: the hash of chain %llu does not fit them",
                  (unsigned long long)first, (unsigned long long)last,
                  (unsigned long long)chain_id);
    }
    /* Go on from the stored hash, so that one wrong link does not make all later ones wrong. */
    memcpy(audit->heads[at].head, stored, STORE_HASH_SIZE);
    audit->heads[at].link_count++;
    audit->next = last + 1;
    return true;
}

/* A page of links, because a server answers with all that was asked for. */
static bool walk_page(struct audit *audit, int64_t until_us, bool *is_end)
{
    static const char sql[] =
        "SELECT first, last, chain, hash FROM link WHERE first >= ?1 ORDER BY first LIMIT ?2";
    struct statement *statement =
        store_query(audit->store, sql, "ui", audit->next, (int64_t)AUDIT_PAGE);
    enum row_step step;
    int count = 0;
    while ((step = store_step(audit->store, statement)) == ROW_FOUND) {
        uint64_t first = column_u64(statement, 0), last = column_u64(statement, 1);
        uint8_t hash[STORE_HASH_SIZE] = {0};
        if (column_slice(statement, 3).size == STORE_HASH_SIZE) {
            memcpy(hash, column_slice(statement, 3).data, STORE_HASH_SIZE);
        }
        if (first > audit->next) {
            audit_say(audit, "transfers %llu to %llu: their link is missing",
                      (unsigned long long)audit->next, (unsigned long long)(first - 1));
            bool is_row_wrong = false;
            if (!store_sha256_start(audit->store) ||
                !walk_transfers(audit, audit->next, first - 1, &is_row_wrong)) {
                return false;
            }
        }
        if (!walk_link(audit, first, last, column_u64(statement, 2), hash)) {
            return false;
        }
        count++;
        if (clock_mono_us() >= until_us) {
            statement_reset(statement);
            return true;
        }
    }
    *is_end = count < AUDIT_PAGE;
    return step == ROW_NONE;
}

bool audit_walk_links(struct audit *audit, int64_t until_us, bool *is_end)
{
    *is_end = false;
    do {
        if (!walk_page(audit, until_us, is_end)) {
            return false;
        }
    } while (!*is_end && clock_mono_us() < until_us);
    return true;
}

bool audit_walk_cdrs(struct audit *audit, uint64_t *after, int64_t until_us, bool *is_end)
{
    static const char sql[] =
        "SELECT c.row, c.usage, c.transfer, t.amount, t.account, t.sequence, t.incarnation,"
        " c.incarnation FROM cdr c LEFT JOIN transfer t ON t.number = c.transfer"
        " WHERE c.row > ?1 ORDER BY c.row LIMIT ?2";
    struct statement *statement = store_query(audit->store, sql, "ui", *after, (int64_t)AUDIT_PAGE);
    enum row_step step;
    int count = 0;
    while ((step = store_step(audit->store, statement)) == ROW_FOUND) {
        struct usage usage;
        struct slice record = column_slice(statement, 1);
        *after = column_u64(statement, 0);
        bool has_transfer = !column_is_null(statement, 2);
        if (!usage_decode(record, &usage)) {
            audit_say(audit, "CDR %llu: is damaged", (unsigned long long)*after);
        } else if (has_transfer && (usage.charge_micro != column_i64(statement, 3) ||
                                    usage.account_id != column_u64(statement, 4) ||
                                    usage.sequence != column_u64(statement, 5) ||
                                    column_u64(statement, 6) != column_u64(statement, 7))) {
            audit_say(audit, "CDR %llu: does not agree with transfer %llu",
                      (unsigned long long)*after, (unsigned long long)column_u64(statement, 2));
        }
        count++;
        if (clock_mono_us() >= until_us) {
            statement_reset(statement);
            *is_end = false;
            return true;
        }
    }
    *is_end = count < AUDIT_PAGE;
    return step == ROW_NONE;
}
