/* The store thread's side: what the ledger is asked, and what its answers change. */
#include "base/hash.h"
#include "metering/entry.h"

#include <assert.h>

#define JITTER_MAX_US INT64_C(10000000)

static int64_t max_i64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* R rises here first; the ledger hears of it by the next ask. */
static void give_back(struct meter_table *table, struct meter_entry *entry, int64_t keep_micro)
{
    int64_t idle_micro = entry_free(entry) - keep_micro;
    if (idle_micro <= 0) {
        return;
    }
    entry->returned_micro += idle_micro;
    entry->half_micro = 0;
    entry->needs |= NEED_TELL;
    assert(entry_free(entry) >= 0);
    entry_journal(table, entry);
}

static bool lacks_slice(const struct meter_entry *entry)
{
    return entry->presence_count > 0 && entry_free(entry) < entry->slice_micro / 2;
}

/* Saves asking every minute for a slice that is not there; its next call or top-up asks. */
static bool is_known_empty(const struct meter_entry *entry)
{
    switch (entry->more.is) {
    case TRI_ABSENT:
        return true;
    case TRI_PRESENT:
    case TRI_UNKNOWN:
        break;
    }
    return false;
}

/* An account that has come to rest tells the ledger once more: an ask that was given up, or carried
 * out twice, may have been granted behind our back, and only asking again tells. */
static void confirm(const struct meter_table *table, struct meter_entry *entry, int64_t now_us,
                    struct aftermath *aftermath)
{
    if (!entry->is_unconfirmed) {
        return;
    }
    int64_t at_us = money_add_clamped(entry->money_asked_us, table->terms.idle_us);
    if (now_us < at_us) {
        aftermath_timer(aftermath, at_us, LEVEL_IDLE);
        return;
    }
    entry->is_unconfirmed = false;
    entry->needs |= NEED_TELL;
}

/* An account without calls keeps one slice while one of its endpoints is registered here. */
static void give_back_idle(struct meter_table *table, struct meter_entry *entry, int64_t now_us,
                           struct aftermath *aftermath)
{
    if (entry->granted_micro == entry->returned_micro && entry->presence_count == 0 &&
        !entry->is_unconfirmed) {
        return;
    }
    if (entry->active_us == 0) {
        entry->active_us = now_us; /* out of the journal: its time begins now */
    }
    int64_t idle_at_us = money_add_clamped(entry->active_us, table->terms.idle_us);
    if (entry->open_count > 0 || entry->waiting_count > 0) {
        aftermath_timer(aftermath, money_add_clamped(now_us, table->terms.idle_us), LEVEL_IDLE);
        return;
    }
    if (now_us < idle_at_us) {
        aftermath_timer(aftermath, idle_at_us, LEVEL_IDLE);
        return;
    }
    give_back(table, entry, entry->presence_count > 0 ? entry->slice_micro : 0);
    if (lacks_slice(entry) && !is_known_empty(entry)) {
        entry->needs |= NEED_REFILL;
    } else {
        confirm(table, entry, now_us, aftermath);
    }
}

/* Beyond what is held: enough that the next ask comes minutes later. */
static int64_t wanted_extra(const struct meter_entry *entry)
{
    int64_t taken_micro = max_i64(entry_spent(entry) - entry->spent_base_micro, 0);
    int64_t extra_micro = max_i64(entry_spending(entry), entry->slice_micro);
    if (entry->open_count > 0 || entry->waiting_count > 0) {
        extra_micro = max_i64(extra_micro, money_add_clamped(taken_micro, taken_micro));
    }
    return max_i64(extra_micro, entry->waiting_micro);
}

static struct lease_ask ask_build(struct meter_table *table, struct meter_entry *entry,
                                  int64_t now_us)
{
    struct lease_ask ask = {
        .account_id = entry->account_id,
        .used_micro = entry_used(entry, now_us),
        .returned_micro = entry->returned_micro,
        .ask_number = ++entry->ask_number,
    };
    if ((entry->needs & (NEED_MONEY | NEED_REFILL)) != 0) {
        int64_t held_micro = max_i64(entry_spent(entry) - ask.used_micro, 0);
        ask.want_micro = money_add_clamped(held_micro, wanted_extra(entry));
    }
    if (ask.want_micro > 0) {
        entry->is_unconfirmed = true;
        entry->money_asked_us = now_us;
        if (!entry->is_journalled) {
            /* Lest a crash before the answer leaves money set aside for nobody. */
            entry_journal(table, entry);
        }
    }
    entry->told_micro = ask.used_micro;
    entry->is_asked = true;
    entry->asked_us = now_us;
    entry->asked_needs = entry->needs;
    entry->needs = 0;
    if (entry->silent_since_us < 0) {
        entry->silent_since_us = now_us;
    }
    return ask;
}

static enum ask_level urgency(const struct meter_entry *entry)
{
    if (entry->waiting_count > 0) {
        return LEVEL_RENEWAL;
    }
    return entry->open_count > 0 ? LEVEL_REFILL : LEVEL_IDLE;
}

static bool ask_make(struct meter_table *table, struct meter_entry *entry, int64_t now_us,
                     struct lease_ask *out, struct aftermath *aftermath)
{
    if (entry->is_asked) {
        return false; /* looked at again when that is over */
    }
    give_back_idle(table, entry, now_us, aftermath);
    if (entry->needs == 0) {
        return false;
    }
    if (now_us < entry->retry_us) {
        aftermath_timer(aftermath, entry->retry_us, urgency(entry));
        return false;
    }
    *out = ask_build(table, entry, now_us);
    return true;
}

int meter_asks_take(struct meter_table *table, struct lease_ask *out, int max, int64_t now_us)
{
    int count = 0;
    while (count < max) {
        uint32_t index = ask_queue_pop(table, now_us);
        if (index == ENTRY_NONE) {
            break;
        }
        struct meter_entry *entry = entry_at(table, index);
        struct aftermath aftermath = {0};
        pthread_mutex_lock(&entry->lock);
        if (ask_make(table, entry, now_us, &out[count], &aftermath)) {
            count++;
        }
        pthread_mutex_unlock(&entry->lock);
        aftermath_do(table, entry, &aftermath, now_us);
    }
    return count;
}

/* True: G or R moved. Values that go back are those of a late or repeated answer. */
static bool merge_lease(struct meter_entry *entry, const struct lease_answer *answer)
{
    bool has_moved = answer->granted_micro > entry->granted_micro ||
                     answer->returned_micro > entry->returned_micro;
    entry->granted_micro = max_i64(entry->granted_micro, answer->granted_micro);
    entry->returned_micro = max_i64(entry->returned_micro, answer->returned_micro);
    return has_moved;
}

static void settle_ask(struct meter_entry *entry, const struct lease_answer *answer)
{
    entry->is_asked = false;
    entry->silent_since_us = -1;
    entry->retry_us = 0;
    entry->more = answer->more;
    entry->is_locked = answer->is_locked;
    entry->more_asked_us = entry->asked_us;
    entry->more_ask = answer->ask_number;
    entry->version = answer->version;
    /* Who waits is woken now and asks again where this was not enough. */
    entry->needs &= (uint8_t)~NEED_MONEY;
    if ((entry->asked_needs & (NEED_MONEY | NEED_REFILL)) != 0) {
        entry->spent_base_micro = entry_spent(entry);
        entry->half_micro = max_i64(entry_free(entry) / 2, 0);
    }
}

void meter_ask_answered(struct meter_table *table, const struct lease_answer *answer,
                        int64_t now_us)
{
    struct meter_entry *entry = entry_find(table, answer->account_id);
    if (entry == NULL) {
        return;
    }
    struct aftermath aftermath = {0};
    pthread_mutex_lock(&entry->lock);
    if (answer->ask_number <= entry->ask_floor) {
        pthread_mutex_unlock(&entry->lock);
        return;
    }
    bool has_moved = merge_lease(entry, answer);
    if (has_moved) {
        entry_journal(table, entry);
    }
    bool is_current = entry->is_asked && answer->ask_number == entry->ask_number;
    if (is_current) {
        settle_ask(entry, answer);
    }
    if (answer->is_wanted) {
        give_back(table, entry, entry->waiting_micro);
    }
    if (is_current || has_moved) {
        waiting_wake_all(entry, &aftermath);
    }
    entry_count_over(table, entry);
    aftermath_timer(&aftermath, money_add_clamped(now_us, table->terms.idle_us), LEVEL_IDLE);
    if (entry->needs != 0 && now_us >= entry->retry_us) {
        aftermath_due(&aftermath, LEVEL_REFILL);
    }
    pthread_mutex_unlock(&entry->lock);
    aftermath_do(table, entry, &aftermath, now_us);
}

/* Whose call waits asks again at once; the others spread over as long as the outage has lasted, so
 * that its end does not bring them all at the same moment. */
static int64_t retry_jitter(const struct meter_table *table, const struct meter_entry *entry,
                            int64_t retry_at_us)
{
    int64_t outage_us = retry_at_us - entry->silent_since_us;
    int64_t spread_us = outage_us < JITTER_MAX_US ? outage_us : JITTER_MAX_US;
    if (entry->waiting_count > 0 || entry->silent_since_us < 0 || spread_us <= 0) {
        return 0;
    }
    uint64_t hash = hash_u64(table->terms.hash_seed ^ (uint64_t)retry_at_us, entry->account_id);
    return (int64_t)(hash % (uint64_t)spread_us);
}

static void ask_failed(struct meter_table *table, struct meter_entry *entry, int64_t retry_at_us,
                       struct aftermath *aftermath)
{
    entry->is_asked = false;
    entry->needs |= (uint8_t)(entry->asked_needs | NEED_TELL);
    entry->retry_us = retry_at_us + retry_jitter(table, entry, retry_at_us);
    aftermath_timer(aftermath, entry->retry_us, urgency(entry));
}

void meter_asks_failed(struct meter_table *table, const struct lease_ask *asks, int count,
                       int64_t retry_at_us)
{
    for (int i = 0; i < count; i++) {
        struct meter_entry *entry = entry_find(table, asks[i].account_id);
        if (entry == NULL) {
            continue;
        }
        struct aftermath aftermath = {0};
        pthread_mutex_lock(&entry->lock);
        if (entry->is_asked && entry->ask_number == asks[i].ask_number) {
            ask_failed(table, entry, retry_at_us, &aftermath);
        }
        pthread_mutex_unlock(&entry->lock);
        aftermath_do(table, entry, &aftermath, retry_at_us);
    }
}

void meter_wanted(struct meter_table *table, uint64_t account_id, int64_t now_us)
{
    struct meter_entry *entry = entry_get(table, account_id);
    if (entry == NULL) {
        return;
    }
    struct aftermath aftermath = {0};
    pthread_mutex_lock(&entry->lock);
    give_back(table, entry, entry->waiting_micro);
    entry->needs |= NEED_TELL; /* even of nothing: the ledger believes that there is something */
    aftermath_due(&aftermath, LEVEL_RENEWAL);
    pthread_mutex_unlock(&entry->lock);
    aftermath_do(table, entry, &aftermath, now_us);
}

void meter_presence(struct meter_table *table, const struct account *account, int change,
                    int64_t now_us)
{
    struct meter_entry *entry = entry_lock_for(table, account);
    if (entry == NULL) {
        return; /* its first call will ask */
    }
    struct aftermath aftermath = {0};
    bool is_first = change > 0 && entry->presence_count == 0;
    entry->presence_count += change;
    if (entry->presence_count <
        0) { /* its registration came under another account of the endpoint */
        entry->presence_count = 0;
    }
    if ((is_first || change == 0) && lacks_slice(entry)) {
        entry->needs |= NEED_REFILL;
    }
    if (entry->needs != 0 || is_first || entry->presence_count == 0) {
        aftermath_due(&aftermath, LEVEL_IDLE);
    }
    pthread_mutex_unlock(&entry->lock);
    aftermath_do(table, entry, &aftermath, now_us);
}
