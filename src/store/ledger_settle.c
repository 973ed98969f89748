/* ledger_settle.c - usages become charges and CDRs, each exactly once by (incarnation, sequence).
 *
 * A batch writes one transfer and one CDR a usage, and each account, lease and book that it touches
 * once. Nothing of a batch is refused for lack of money: the talk has happened.
 */
#include "store/cdr.h"
#include "store/ledger.h"

#include "base/clock.h"
#include "base/drill.h"
#include "base/hash.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOUCHED_SLOTS 8192 /* a power of two, at least twice LEDGER_SETTLE_MAX */
#define COST_CURRENCIES_MAX 16

struct touched {   /* an account of this batch */
    bool is_known; /* the ledger has its book */
    int64_t excess_before_micro;
    struct ledger_account account;
    struct ledger_lease lease;
};

struct settle {
    struct store *store;
    struct ledger_incarnation incarnation;
    struct ledger_batch batch;
    struct ledger_fold fold;
    struct cdr_writer cdrs;
    int strange_count; /* usages with an impossible charge or an account that is not here */
    uint64_t strange_sequence;
    int touched_count;
    struct settle_place {
        uint64_t account_id;
        int index;
    } places[LEDGER_SETTLE_MAX];           /* the usages by account, each one's in their order */
    uint64_t transfers[LEDGER_SETTLE_MAX]; /* of each usage; 0: none */
    struct touched touched[LEDGER_SETTLE_MAX];
    uint16_t slots[TOUCHED_SLOTS]; /* touched index + 1 */
};

static struct touched *find_slot(struct settle *settle, uint64_t account_id, size_t *slot)
{
    size_t at = (size_t)hash_u64(0, account_id) & (TOUCHED_SLOTS - 1);
    while (settle->slots[at] != 0) {
        struct touched *touched = &settle->touched[settle->slots[at] - 1];
        if (touched->account.id == account_id) {
            return touched;
        }
        at = (at + 1) & (TOUCHED_SLOTS - 1);
    }
    *slot = at;
    return NULL;
}

/* NULL: the database failed. */
static struct touched *touch(struct settle *settle, uint64_t account_id)
{
    size_t slot = 0;
    struct touched *touched = find_slot(settle, account_id, &slot);
    if (touched != NULL) {
        return touched;
    }
    assert(settle->touched_count < LEDGER_SETTLE_MAX);
    touched = &settle->touched[settle->touched_count];
    *touched = (struct touched){.account = {.id = account_id}};
    enum store_result result = ledger_load_both(settle->store, settle->incarnation.number,
                                                account_id, &touched->account, &touched->lease);
    if (result != STORE_OK && result != STORE_ABSENT) {
        return NULL;
    }
    touched->is_known = result == STORE_OK;
    touched->excess_before_micro = ledger_lease_excess(&touched->lease);
    settle->touched_count++;
    settle->slots[slot] = (uint16_t)settle->touched_count;
    return touched;
}

static void note_strange(struct settle *settle, const struct usage *usage)
{
    settle->strange_count++;
    settle->strange_sequence = usage->sequence;
}

static bool charge(struct settle *settle, const struct usage *usage, struct touched *touched,
                   uint64_t *number)
{
    int64_t leased = 0, revenue = 0;
    const char *currency = touched->account.currency;
    if (!ledger_fold_add(settle->store, &settle->fold, "leased", currency,
                         settle->incarnation.number, -usage->charge_micro, &leased) ||
        !ledger_fold_add(settle->store, &settle->fold, "revenue", currency, 0, usage->charge_micro,
                         &revenue)) {
        return false;
    }
    struct ledger_transfer transfer = {
        .kind = "usage",
        .debit = leased,
        .credit = revenue,
        .amount_micro = usage->charge_micro,
        .account_id = usage->account_id,
        .incarnation = settle->incarnation.number,
        .sequence = usage->sequence,
    };
    touched->lease.settled_micro += usage->charge_micro;
    touched->lease.is_changed = true;
    touched->account.leased_micro -= usage->charge_micro;
    return ledger_batch_add(settle->store, &settle->batch, &transfer, &touched->account, number);
}

/* U is at least what was settled. A dead incarnation's U is not listened to any more: the verdict
 * released what it may have used beyond. */
static void hear_used(struct settle *settle, const struct usage *usage, struct ledger_lease *lease)
{
    int64_t used_micro = lease->settled_micro;
    if (!settle->incarnation.is_dead && usage->ended_micro > used_micro) {
        used_micro = usage->ended_micro;
    }
    if (used_micro > lease->used_known_micro) {
        lease->used_known_micro = used_micro;
        lease->is_changed = true;
    }
}

static bool settle_one(struct settle *settle, const struct usage *usage, uint64_t *number)
{
    bool is_charge = usage->charge_micro > 0 && usage->charge_micro <= LEDGER_CHARGE_MAX;
    if (usage->charge_micro != 0 && (!is_charge || usage->account_id == 0)) {
        note_strange(settle, usage);
    }
    if (usage->account_id != 0) {
        struct touched *touched = touch(settle, usage->account_id);
        if (touched == NULL) {
            return false;
        }
        if (!touched->is_known) {
            note_strange(settle, usage);
        } else {
            if (is_charge && !charge(settle, usage, touched, number)) {
                return false;
            }
            hear_used(settle, usage, &touched->lease);
        }
    }
    return true;
}

static bool save_touched(struct settle *settle)
{
    for (int i = 0; i < settle->touched_count; i++) {
        struct touched *touched = &settle->touched[i];
        if (!touched->is_known || !touched->lease.is_changed) {
            continue;
        }
        touched->account.excess_micro +=
            ledger_lease_excess(&touched->lease) - touched->excess_before_micro;
        touched->account.version++;
        if (!ledger_lease_save(settle->store, &touched->lease) ||
            !ledger_account_save(settle->store, &touched->account)) {
            return false;
        }
    }
    return true;
}

static bool book_cost(struct settle *settle, const char *currency, int64_t sum_micro,
                      uint64_t last_sequence)
{
    int64_t revenue = 0, cost = 0;
    uint64_t number = 0;
    if (!ledger_fold_add(settle->store, &settle->fold, "revenue", currency, 0, -sum_micro,
                         &revenue) ||
        !ledger_fold_add(settle->store, &settle->fold, "cost", currency, 0, sum_micro, &cost)) {
        return false;
    }
    struct ledger_transfer transfer = {
        .kind = "cost",
        .debit = revenue,
        .credit = cost,
        .amount_micro = sum_micro,
        .incarnation = settle->incarnation.number,
        .sequence = last_sequence,
    };
    return ledger_batch_add(settle->store, &settle->batch, &transfer, NULL, &number);
}

/* What carriers charge us: one entry a batch and currency; the CDRs say which call and trunk. */
static bool book_costs(struct settle *settle, const struct usage *usages, int count)
{
    struct {
        char currency[4];
        int64_t sum_micro;
    } sums[COST_CURRENCIES_MAX];
    int sum_count = 0;
    for (int i = 0; i < count; i++) {
        const struct usage *usage = &usages[i];
        if (!usage->has_cost || usage->cost_micro <= 0 || usage->cost_micro > LEDGER_CHARGE_MAX) {
            continue;
        }
        int at = 0;
        while (at < sum_count && strncmp(sums[at].currency, usage->cost_rate.currency,
                                         sizeof(sums[0].currency)) != 0) {
            at++;
        }
        if (at == COST_CURRENCIES_MAX) {
            note_strange(settle, usage);
            continue;
        }
        if (at == sum_count) {
            snprintf(sums[at].currency, sizeof(sums[at].currency), "%.3s",
                     usage->cost_rate.currency);
            sums[at].sum_micro = 0;
            sum_count++;
        }
        sums[at].sum_micro += usage->cost_micro;
    }
    for (int i = 0; i < sum_count; i++) {
        if (!book_cost(settle, sums[i].currency, sums[i].sum_micro, usages[count - 1].sequence)) {
            return false;
        }
    }
    return true;
}

static bool save_mark(struct settle *settle, uint64_t high_water)
{
    static const char sql[] = "UPDATE incarnation SET high_water = ?2 WHERE number = ?1";
    if (settle->strange_count > 0) {
        struct event_row row = {.wall_us = clock_wall_us(), .kind = "alarm"};
        snprintf(row.text, sizeof(row.text),
                 "{\"what\":\"usage that cannot be charged\",\"incarnation\":%llu,"
                 "\"sequence\":%llu,\"count\":%d}",
                 (unsigned long long)settle->incarnation.number,
                 (unsigned long long)settle->strange_sequence, settle->strange_count);
        if (!event_add(settle->store, &row)) {
            return false;
        }
    }
    return store_run(settle->store, sql, "uu", settle->incarnation.number, high_water) &&
           ledger_disk_save(settle->store, &settle->incarnation);
}

static bool prefetch(struct settle *settle, const struct usage *usages, int count)
{
    uint64_t accounts[LEDGER_SETTLE_MAX];
    for (int i = 0; i < count; i++) {
        accounts[i] = usages[i].account_id;
    }
    return ledger_prefetch(settle->store, settle->incarnation.number, accounts, count);
}

static int compare_places(const void *a, const void *b)
{
    const struct settle_place *one = a, *other = b;
    if (one->account_id != other->account_id) {
        return one->account_id < other->account_id ? -1 : 1;
    }
    return one->index - other->index;
}

static void sort_by_account(struct settle *settle, const struct usage *usages, int count)
{
    for (int i = 0; i < count; i++) {
        settle->places[i] = (struct settle_place){usages[i].account_id, i};
    }
    qsort(settle->places, (size_t)count, sizeof(settle->places[0]), compare_places);
}

/* Accounts are read, and records written, in the order of the accounts: so neighbours in the
 * tables and in the records' index are touched together, while their page is at hand. */
static bool touch_all(struct settle *settle, int count)
{
    for (int i = 0; i < count; i++) {
        uint64_t account_id = settle->places[i].account_id;
        bool is_new = i == 0 || account_id != settle->places[i - 1].account_id;
        if (account_id != 0 && is_new && touch(settle, account_id) == NULL) {
            return false;
        }
    }
    return true;
}

static bool write_records(struct settle *settle, const struct usage *usages, int count)
{
    if (!cdr_writer_start(settle->store, &settle->cdrs, settle->incarnation.number, usages,
                          count)) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        int index = settle->places[i].index;
        if (!cdr_write(settle->store, &settle->cdrs, &usages[index], settle->transfers[index])) {
            return false;
        }
    }
    return cdr_writer_end(settle->store, &settle->cdrs);
}

static bool settle_new(struct settle *settle, const struct usage *usages, int count)
{
    sort_by_account(settle, usages, count);
    if (!prefetch(settle, usages, count) || !touch_all(settle, count)) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        settle->transfers[i] = 0;
        if (!settle_one(settle, &usages[i], &settle->transfers[i])) {
            return false;
        }
    }
    return write_records(settle, usages, count) && book_costs(settle, usages, count) &&
           save_touched(settle) && ledger_fold_save(settle->store, &settle->fold) &&
           ledger_batch_end(settle->store, &settle->batch) &&
           save_mark(settle, usages[count - 1].sequence);
}

/* The usages after the mark, without a gap: usages[*from] .. usages[*from + count - 1]. */
static int find_new(const struct usage *usages, int usage_count, uint64_t high_water, int *from)
{
    int first = 0;
    if (drill_is("wrong/no-high-water-mark")) {
        *from = 0;
        return usage_count;
    }
    while (first < usage_count && usages[first].sequence <= high_water) {
        first++;
    }
    int count = 0;
    while (first + count < usage_count &&
           usages[first + count].sequence == high_water + 1 + (uint64_t)count) {
        count++;
    }
    *from = first;
    return count;
}

static enum store_result settle_chunk(struct settle *settle, uint64_t incarnation, uint64_t session,
                                      const struct usage *usages, int usage_count,
                                      uint64_t *high_water)
{
    struct store *store = settle->store;
    enum store_result result = ledger_incarnation_load(store, incarnation, &settle->incarnation);
    if (result == STORE_OK) {
        result = ledger_session_check(store, &settle->incarnation, session);
    }
    if (result != STORE_OK) {
        return result;
    }
    int from = 0;
    int count = find_new(usages, usage_count, settle->incarnation.high_water, &from);
    if (count > 0 && !settle_new(settle, &usages[from], count)) {
        return store->failed;
    }
    *high_water = settle->incarnation.high_water + (uint64_t)count;
    return STORE_OK;
}

static struct settle *scratch(struct store *store, uint64_t incarnation)
{
    if (store->settle_scratch == NULL) {
        store->settle_scratch = calloc(1, sizeof(struct settle));
    }
    struct settle *settle = store->settle_scratch;
    if (settle == NULL) {
        store_fail(store, STORE_UNKNOWN, "no memory");
        return NULL;
    }
    settle->store = store;
    settle->batch = (struct ledger_batch){.chain = incarnation};
    settle->fold.count = 0;
    settle->strange_count = 0;
    settle->touched_count = 0;
    memset(settle->slots, 0, sizeof(settle->slots));
    return settle;
}

enum store_result ledger_settle(struct store *store, uint64_t incarnation, uint64_t session,
                                const struct usage *usages, int usage_count, uint64_t *high_water)
{
    int at = 0;
    do {
        int chunk = usage_count - at < LEDGER_SETTLE_MAX ? usage_count - at : LEDGER_SETTLE_MAX;
        struct settle *settle = scratch(store, incarnation);
        uint64_t mark = 0;
        if (settle == NULL || !store_begin(store, STORE_WRITE)) {
            return store_end(store, store->failed);
        }
        enum store_result result =
            store_end(store, settle_chunk(settle, incarnation, session, &usages[at], chunk, &mark));
        if (result != STORE_OK) {
            return result;
        }
        *high_water = mark;
        at += chunk;
        if (chunk > 0 && mark < usages[at - 1].sequence) {
            break; /* a gap */
        }
    } while (at < usage_count);
    return STORE_OK;
}
