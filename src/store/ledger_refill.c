/* ledger_refill.c - grants: money is set aside for an edge, up to what is available. */
#include "store/ledger.h"

#include <string.h>

struct refill {
    struct store *store;
    struct ledger_incarnation incarnation;
    struct ledger_batch batch;
    struct ledger_fold fold;
};

/* Moves money between the customer's book and what is leased to the incarnation. */
static bool move(struct refill *refill, struct ledger_account *account, const char *kind,
                 int64_t to_lease_micro)
{
    int64_t leased = 0;
    uint64_t number = 0;
    if (!ledger_fold_add(refill->store, &refill->fold, "leased", account->currency,
                         refill->incarnation.number, to_lease_micro, &leased)) {
        return false;
    }
    bool is_grant = to_lease_micro > 0;
    struct ledger_transfer transfer = {
        .kind = kind,
        .debit = is_grant ? (int64_t)account->id : leased,
        .credit = is_grant ? leased : (int64_t)account->id,
        .amount_micro = is_grant ? to_lease_micro : -to_lease_micro,
        .account_id = account->id,
        .incarnation = refill->incarnation.number,
    };
    account->book_micro -= to_lease_micro;
    account->leased_micro += to_lease_micro;
    return ledger_batch_add(refill->store, &refill->batch, &transfer, account, &number);
}

static int64_t at_most(int64_t value, int64_t limit)
{
    return value < limit ? value : limit;
}

/* R as the edge says it, but never more than was granted; U only rises. */
static bool hear(struct refill *refill, const struct lease_ask *ask, struct ledger_lease *lease,
                 struct ledger_account *account)
{
    int64_t returned_micro = at_most(ask->returned_micro, lease->granted_micro);
    int64_t back_micro = returned_micro - lease->returned_micro;
    int64_t excess_micro = ledger_lease_excess(lease);
    if (ask->used_micro > lease->used_known_micro) {
        lease->used_known_micro = ask->used_micro;
        lease->is_changed = true;
    }
    if (back_micro > 0) {
        lease->returned_micro = returned_micro;
        lease->is_changed = true;
        if (!move(refill, account, "return", -back_micro)) {
            return false;
        }
    }
    account->excess_micro += ledger_lease_excess(lease) - excess_micro;
    return true;
}

/* G += max(0, min(want - (G - R - Uk), available)). */
static bool grant(struct refill *refill, const struct lease_ask *ask, struct ledger_lease *lease,
                  struct ledger_account *account, int64_t *short_micro)
{
    int64_t room_micro = lease->granted_micro - lease->returned_micro - lease->used_known_micro;
    int64_t lacking_micro =
        ask->want_micro <= 0 ? 0 : money_add_clamped(ask->want_micro, -room_micro);
    int64_t granted_micro = at_most(lacking_micro, ledger_available(account));
    granted_micro = granted_micro > 0 ? granted_micro : 0;
    *short_micro = lacking_micro > granted_micro ? lacking_micro - granted_micro : 0;
    if (granted_micro == 0) {
        return true;
    }
    int64_t excess_micro = ledger_lease_excess(lease);
    lease->granted_micro += granted_micro;
    lease->is_changed = true;
    account->excess_micro += ledger_lease_excess(lease) - excess_micro;
    return move(refill, account, "grant", granted_micro);
}

static bool clear_wanted(struct store *store, struct ledger_lease *lease)
{
    static const char sql[] = "UPDATE lease SET is_wanted = 0 WHERE id = (?1 << 40) + ?2";
    lease->is_wanted = false;
    return store_run_many(store, sql, "uu", lease->incarnation, lease->account_id);
}

bool ledger_lacks_less(struct store *store, const struct ledger_account *account)
{
    static const char sql[] = "UPDATE lease SET is_wanted = 0 WHERE is_wanted = 1 AND id IN"
                              " (SELECT (number << 40) + ?1 FROM incarnation WHERE is_dead = 0)";
    return ledger_available(account) < 0 || store_run(store, sql, "u", account->id);
}

bool ledger_want(struct store *store, uint64_t account_id, uint64_t incarnation)
{
    static const char sql[] =
        "UPDATE lease SET is_wanted = 1 WHERE is_wanted = 0 AND granted - returned > used_known"
        " AND id IN (SELECT (number << 40) + ?1 FROM incarnation"
        " WHERE is_dead = 0 AND number <> ?2)";
    return store_run_many(store, sql, "uu", account_id, incarnation);
}

static bool save(struct refill *refill, const struct ledger_lease *lease,
                 struct ledger_account *account)
{
    if (!lease->is_changed && lease->is_stored) {
        return true;
    }
    if (lease->is_changed) {
        account->version++;
    }
    return ledger_lease_save(refill->store, lease) &&
           (!lease->is_changed || ledger_account_save(refill->store, account));
}

/* Nothing idle is left here, or some of it came back: who still lacks asks again. For a lock, and
 * for credit that ended, nobody asks, so what open calls hold stays wanted until it came back too.
 */
static bool has_done_its_part(const struct ledger_lease *lease, int64_t returned_before_micro,
                              const struct ledger_account *account)
{
    if (lease->granted_micro - lease->returned_micro <= lease->used_known_micro) {
        return true;
    }
    bool is_kept = account->locked_micro > 0 || account->expired_micro > 0;
    bool is_short = is_kept && ledger_available(account) < 0;
    return lease->returned_micro > returned_before_micro && !is_short;
}

static bool answer_one(struct refill *refill, const struct lease_ask *ask,
                       struct lease_answer *answer)
{
    struct store *store = refill->store;
    struct ledger_account account;
    struct ledger_lease lease;
    *answer = (struct lease_answer){
        .account_id = ask->account_id,
        .ask_number = ask->ask_number,
    };
    switch (
        ledger_load_both(store, refill->incarnation.number, ask->account_id, &account, &lease)) {
    case STORE_OK:
        break;
    case STORE_ABSENT:
        return true; /* no book, so nothing is known: more stays UNKNOWN */
    case STORE_UNKNOWN:
    case STORE_EXISTS:
    case STORE_CONFLICT:
    case STORE_REFUSED:
    case STORE_FENCED:
    case STORE_OLD_SESSION:
    case STORE_NEWER_SCHEMA:
        return false;
    }
    int64_t short_micro = 0;
    int64_t returned_before_micro = lease.returned_micro;
    if (!hear(refill, ask, &lease, &account) ||
        !grant(refill, ask, &lease, &account, &short_micro) || !save(refill, &lease, &account)) {
        return false;
    }
    bool is_done = has_done_its_part(&lease, returned_before_micro, &account);
    if ((lease.is_wanted && is_done && !clear_wanted(store, &lease)) ||
        (short_micro > 0 && !ledger_want(store, account.id, lease.incarnation))) {
        return false;
    }
    answer->granted_micro = lease.granted_micro;
    answer->returned_micro = lease.returned_micro;
    int64_t available_micro = ledger_available(&account);
    answer->more.is = available_micro > 0 ? TRI_PRESENT : TRI_ABSENT;
    answer->is_locked =
        available_micro <= 0 && money_add_clamped(available_micro, account.locked_micro) > 0;
    answer->version = account.version;
    answer->is_wanted = lease.is_wanted;
    return true;
}

static enum store_result refill_chunk(struct store *store, uint64_t incarnation, uint64_t session,
                                      const struct lease_ask *asks, int ask_count,
                                      struct lease_answer *answers)
{
    struct refill refill = {.store = store, .batch = {.chain = incarnation}};
    enum store_result result = ledger_incarnation_load(store, incarnation, &refill.incarnation);
    if (result != STORE_OK) {
        return result;
    }
    if (refill.incarnation.is_dead) {
        return store_fail(store, STORE_FENCED, "incarnation %llu is dead",
                          (unsigned long long)incarnation);
    }
    result = ledger_session_check(store, &refill.incarnation, session);
    if (result != STORE_OK) {
        return result;
    }
    uint64_t accounts[LEDGER_REFILL_MAX];
    for (int i = 0; i < ask_count; i++) {
        accounts[i] = asks[i].account_id;
    }
    if (!ledger_prefetch(store, incarnation, accounts, ask_count)) {
        return store->failed;
    }
    for (int i = 0; i < ask_count; i++) {
        if (!answer_one(&refill, &asks[i], &answers[i])) {
            return store->failed;
        }
    }
    return ledger_fold_save(store, &refill.fold) && ledger_batch_end(store, &refill.batch) &&
                   ledger_disk_save(store, &refill.incarnation)
               ? STORE_OK
               : store->failed;
}

static enum store_result refill_transaction(struct store *store, uint64_t incarnation,
                                            uint64_t session, const struct lease_ask *asks,
                                            int ask_count, struct lease_answer *answers)
{
    if (!store_begin(store, STORE_WRITE)) {
        return store_end(store, store->failed);
    }
    return store_end(store, refill_chunk(store, incarnation, session, asks, ask_count, answers));
}

/* Answers count only after the commit: those that did not get there are zeros, which is unknown. */
enum store_result ledger_refill(struct store *store, uint64_t incarnation, uint64_t session,
                                const struct lease_ask *asks, int ask_count,
                                struct lease_answer *answers)
{
    enum store_result result = STORE_OK;
    for (int at = 0; at < ask_count && result == STORE_OK; at += LEDGER_REFILL_MAX) {
        int left = ask_count - at;
        result =
            refill_transaction(store, incarnation, session, &asks[at],
                               left < LEDGER_REFILL_MAX ? left : LEDGER_REFILL_MAX, &answers[at]);
        if (result != STORE_OK) {
            memset(&answers[at], 0, (size_t)left * sizeof(*answers));
        }
    }
    return result;
}

static void read_number(struct statement *statement, void *row)
{
    *(uint64_t *)row = column_u64(statement, 0);
}

enum store_result ledger_wanted(struct store *store, uint64_t incarnation, uint64_t after,
                                uint64_t *accounts, int max, int *count)
{
    static const char sql[] = "SELECT account FROM lease WHERE is_wanted = 1 AND incarnation = ?1"
                              " AND account > ?2 ORDER BY account LIMIT ?3";
    struct store_page page = {accounts, sizeof(*accounts), max, read_number};
    if (!store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    struct statement *statement = store_query(store, sql, "uui", incarnation, after, (int64_t)max);
    return store_end_page(store, statement, &page, count);
}
