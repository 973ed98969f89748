/* The arithmetic of one account's lease: what is free, and the next slice of a call. */
#include "base/drill.h"
#include "metering/entry.h"

#include <assert.h>

#define WANT_MINUTES 10
#define NANO_PER_MICRO 1000
#define MINUTE_US INT64_C(60000000)

int64_t entry_spent(const struct meter_entry *entry)
{
    return money_add_clamped(entry->ended_micro, entry->covered_micro);
}

int64_t entry_free(const struct meter_entry *entry)
{
    return entry->granted_micro - entry->returned_micro - entry_spent(entry);
}

int64_t entry_spending(const struct meter_entry *entry)
{
    __int128 speed_nano = entry->speed_nano + entry->waiting_nano;
    __int128 spending_micro = speed_nano * WANT_MINUTES / NANO_PER_MICRO;
    return spending_micro > INT64_MAX ? INT64_MAX : (int64_t)spending_micro;
}

int64_t entry_used(const struct meter_entry *entry, int64_t now_us)
{
    int64_t used_micro = entry->ended_micro;
    for (const struct meter *meter = entry->open; meter != NULL; meter = meter->next) {
        if (meter->answered_us == 0 || meter->is_free) {
            continue;
        }
        int64_t cost_micro =
            rate_price(&meter->rate, now_us - meter->answered_us) - meter->charged_micro;
        if (cost_micro > meter->covered_micro) {
            cost_micro = meter->covered_micro;
        }
        used_micro = money_add_clamped(used_micro, cost_micro > 0 ? cost_micro : 0);
    }
    return used_micro > entry->told_micro ? used_micro : entry->told_micro;
}

int64_t entry_day_left(const struct meter_table *table, struct meter_entry *entry)
{
    int64_t day = atomic_load_explicit(&table->day, memory_order_relaxed);
    if (day > entry->day) {
        entry->day = day;
        entry->day_base_micro = entry->ended_micro;
    }
    /* Without a calendar nothing is known of the day, and unknown refuses nobody. */
    if (entry->spend_day_micro < 0 || day == 0) {
        return INT64_MAX;
    }
    return entry->spend_day_micro - (entry_spent(entry) - entry->day_base_micro);
}

/* A minute that was asked for twice its limit is followed by a closed one, and so on: whoever stole
 * the account goes on trying, and would else have the limit again every minute. A customer who
 * comes to the limit now and then is only held at it. */
static bool is_next_closed(const struct meter_entry *entry, int64_t now_us)
{
    bool is_next = entry->minute_end_us != 0 && now_us < entry->minute_end_us + MINUTE_US;
    return is_next && entry->minute_refused_micro > entry->spend_minute_micro;
}

int64_t entry_minute_look(const struct meter_entry *entry, int64_t now_us)
{
    if (entry->spend_minute_micro <= 0) {
        return INT64_MAX;
    }
    if (now_us >= entry->minute_end_us) {
        return is_next_closed(entry, now_us) ? 0 : entry->spend_minute_micro;
    }
    int64_t taken_micro = entry_spent(entry) - entry->minute_base_micro;
    return entry->is_minute_closed ? 0 : entry->spend_minute_micro - taken_micro;
}

int64_t entry_minute_left(struct meter_entry *entry, int64_t now_us)
{
    if (entry->spend_minute_micro > 0 && now_us >= entry->minute_end_us) {
        entry->is_minute_closed = is_next_closed(entry, now_us);
        entry->minute_end_us = now_us + MINUTE_US;
        entry->minute_refused_micro = 0;
        entry->minute_base_micro = entry_spent(entry);
    }
    return entry_minute_look(entry, now_us);
}

static int64_t over_lease(const struct meter_entry *entry)
{
    int64_t free_micro = entry_free(entry);
    return free_micro < 0 ? -free_micro : 0;
}

void entry_count_over(struct meter_table *table, struct meter_entry *entry)
{
    int64_t over_micro = over_lease(entry);
    if (over_micro != entry->over_micro) {
        atomic_fetch_add(&table->over_micro[entry->currency], over_micro - entry->over_micro);
        entry->over_micro = over_micro;
    }
}

/* False: all accounts of this currency together have reached the stop of this edge. */
static bool reserve_over(struct meter_table *table, struct meter_entry *entry, int64_t more_micro)
{
    _Atomic int64_t *sum_micro = &table->over_micro[entry->currency];
    int64_t before_micro = atomic_fetch_add(sum_micro, more_micro);
    if (before_micro > table->terms.grace_total_micro - more_micro) {
        atomic_fetch_sub(sum_micro, more_micro);
        return false;
    }
    entry->over_micro += more_micro;
    return true;
}

bool entry_is_silent(const struct meter_entry *entry, int64_t now_us)
{
    return entry->silent_since_us >= 0 && now_us - entry->silent_since_us >= METER_PATIENCE_US;
}

/* Only this refuses for money: the ledger said "no more" when asked after the shortage began. */
static bool has_evidence(const struct meter_entry *entry, int64_t now_us)
{
    if (drill_is("wrong/unknown-is-no") && entry_is_silent(entry, now_us)) {
        return true;
    }
    bool is_fresh = entry->more_asked_us >= entry->shortage_us &&
                    now_us - entry->more_asked_us <= METER_FRESH_US;
    switch (entry->more.is) {
    case TRI_ABSENT:
        return is_fresh;
    case TRI_PRESENT:
    case TRI_UNKNOWN:
        break;
    }
    return false;
}

void meter_cover_to(struct meter *meter, int64_t covers_us, int64_t slice_us)
{
    int64_t before_us = slice_us / 2 < METER_RENEW_BEFORE_US ? slice_us / 2 : METER_RENEW_BEFORE_US;
    int64_t renew_us = covers_us == INT64_MAX ? INT64_MAX : covers_us - before_us;
    /* The call's worker reads these two without the lock: a cut-back may come from another one. */
    __atomic_store_n(&meter->renew_us, renew_us, __ATOMIC_RELAXED);
    __atomic_store_n(&meter->covers_us, covers_us, __ATOMIC_RELAXED);
}

/* Covers the increment that the talk is in and no more, within the lease or beyond it. */
void meter_recover(struct meter_entry *entry, struct meter *meter, int64_t now_us)
{
    int64_t talk_us = meter->answered_us == 0 ? 0 : now_us - meter->answered_us;
    int64_t price_micro = rate_price(&meter->rate, talk_us);
    entry->covered_micro -= meter->covered_micro;
    meter->covered_micro =
        price_micro > meter->charged_micro ? price_micro - meter->charged_micro : 0;
    entry->covered_micro = money_add_clamped(entry->covered_micro, meter->covered_micro);
    int64_t end_us = rate_increment_end_us(&meter->rate, talk_us);
    meter_cover_to(meter, end_us, end_us - talk_us);
}

struct slice_wish {      /* beyond what the meter has */
    int64_t least_micro; /* the next increment */
    int64_t most_micro;  /* 30 s more, and the fee */
};

static struct slice_wish slice_wish(const struct meter *meter)
{
    int64_t has_micro = money_add_clamped(meter->charged_micro, meter->covered_micro);
    int64_t least_us = meter->covers_us > 0 ? meter->covers_us + 1 : 0;
    int64_t most_us = money_add_clamped(meter->covers_us, METER_FIRST_SLICE_US);
    struct slice_wish wish = {
        .least_micro = rate_price(&meter->rate, least_us) - has_micro,
        .most_micro = rate_price(&meter->rate, most_us) - has_micro,
    };
    if (wish.least_micro < 0) {
        wish.least_micro = 0;
    }
    if (wish.most_micro < wish.least_micro) {
        wish.most_micro = wish.least_micro;
    }
    return wish;
}

struct slice_cut { /* what a slice comes to, in whole increments */
    int64_t taken_micro;
    int64_t covers_us;
};

/* The size of a slice out of this much room: least <= room. */
static struct slice_cut slice_size(const struct meter *meter, const struct slice_wish *wish,
                                   int64_t room_micro)
{
    int64_t taken_micro = room_micro / 4;
    if (taken_micro > wish->most_micro) {
        taken_micro = wish->most_micro;
    }
    if (taken_micro < wish->least_micro) {
        taken_micro = wish->least_micro;
    }
    int64_t has_micro = money_add_clamped(meter->charged_micro, meter->covered_micro);
    int64_t covers_us = rate_covers_us(&meter->rate, money_add_clamped(has_micro, taken_micro));
    if (covers_us != INT64_MAX) {
        taken_micro = rate_price(&meter->rate, covers_us) - has_micro;
    }
    if (covers_us < meter->covers_us) {
        covers_us = meter->covers_us;
    }
    return (struct slice_cut){taken_micro > 0 ? taken_micro : 0, covers_us};
}

static void slice_give(struct meter_entry *entry, struct meter *meter, struct slice_cut cut)
{
    meter_cover_to(meter, cut.covers_us, cut.covers_us - meter->covers_us);
    meter->covered_micro += cut.taken_micro;
    entry->covered_micro = money_add_clamped(entry->covered_micro, cut.taken_micro);
    entry->shortage_us = -1;
}

static bool take_from_lease(struct meter_entry *entry, struct meter *meter,
                            const struct slice_wish *wish, int64_t limit_left_micro)
{
    int64_t room_micro = entry_free(entry);
    if (room_micro > limit_left_micro) {
        room_micro = limit_left_micro;
    }
    if (wish->least_micro > room_micro) {
        return false;
    }
    slice_give(entry, meter, slice_size(meter, wish, room_micro));
    assert(entry_spent(entry) <= entry->granted_micro - entry->returned_micro);
    return true;
}

static bool take_on_grace(struct meter_table *table, struct meter_entry *entry, struct meter *meter,
                          const struct slice_wish *wish, int64_t limit_left_micro)
{
    if (!atomic_load(&table->is_registered)) {
        return false;
    }
    int64_t room_micro = money_add_clamped(entry_free(entry), entry->grace_micro);
    if (room_micro > limit_left_micro) {
        room_micro = limit_left_micro;
    }
    if (wish->least_micro > room_micro) {
        return false;
    }
    struct slice_cut cut = slice_size(meter, wish, room_micro);
    int64_t over_micro = cut.taken_micro - entry_free(entry);
    if (over_micro > entry->over_micro &&
        !reserve_over(table, entry, over_micro - entry->over_micro)) {
        return false;
    }
    slice_give(entry, meter, cut);
    meter->is_on_grace = true;
    assert(over_lease(entry) <= entry->grace_micro);
    return true;
}

/* The ledger has no more: the account's other calls keep only the increment they are in, so that
 * what is left is shared by the second and not by the slice. */
static void cut_back(struct meter_entry *entry, const struct meter *except, int64_t now_us,
                     struct aftermath *aftermath)
{
    for (struct meter *meter = entry->open; meter != NULL; meter = meter->next) {
        if (meter == except || meter->is_free || meter->covers_us == INT64_MAX) {
            continue;
        }
        /* One microsecond on: at the very end of an increment the next one has begun. */
        int64_t talk_us = meter->answered_us == 0 ? 0 : now_us - meter->answered_us + 1;
        int64_t end_us = rate_increment_end_us(&meter->rate, talk_us);
        int64_t keep_micro = rate_price(&meter->rate, end_us) - meter->charged_micro;
        if (end_us >= meter->covers_us || keep_micro >= meter->covered_micro) {
            continue;
        }
        keep_micro = keep_micro > 0 ? keep_micro : 0;
        entry->covered_micro -= meter->covered_micro - keep_micro;
        meter->covered_micro = keep_micro;
        meter_cover_to(meter, end_us, end_us - talk_us);
        meter_wake(entry, meter, aftermath);
    }
}

static void need_money(struct meter_entry *entry, struct meter *meter, int64_t now_us,
                       struct aftermath *aftermath)
{
    entry->needs |= NEED_MONEY;
    if (entry->silent_since_us < 0) {
        entry->silent_since_us = now_us;
    }
    if (meter->slot == 0) {
        entry->retry_us = 0; /* somebody new waits: ask at once, even while others back off */
    }
    aftermath_due(aftermath, meter->slot == 0 ? LEVEL_INVITE : LEVEL_RENEWAL);
}

enum meter_verdict slice_take(struct meter_table *table, struct meter_entry *entry,
                              struct meter *meter, int64_t now_us, bool is_last_try,
                              struct aftermath *aftermath)
{
    struct slice_wish wish = slice_wish(meter);
    int64_t limit_left_micro = entry_day_left(table, entry);
    if (wish.least_micro > limit_left_micro) {
        return METER_DAY_LIMIT;
    }
    int64_t minute_left_micro = entry_minute_left(entry, now_us);
    if (wish.least_micro > minute_left_micro) {
        if (meter->covers_us == 0) { /* a new call: what it would have taken */
            entry->minute_refused_micro =
                money_add_clamped(entry->minute_refused_micro, wish.most_micro);
        }
        return METER_MINUTE_LIMIT;
    }
    if (limit_left_micro > minute_left_micro) {
        limit_left_micro = minute_left_micro;
    }
    if (meter->covers_us == 0 && wish.most_micro > entry->slice_micro) {
        entry->slice_micro = wish.most_micro;
    }
    if (take_from_lease(entry, meter, &wish, limit_left_micro)) {
        return METER_OK;
    }
    if (entry->shortage_us < 0) {
        entry->shortage_us = now_us;
    }
    if (has_evidence(entry, now_us)) {
        if (entry->cut_for_ask != entry->more_ask) {
            entry->cut_for_ask = entry->more_ask;
            cut_back(entry, meter, now_us, aftermath);
            if (take_from_lease(entry, meter, &wish, limit_left_micro)) {
                return METER_OK;
            }
        }
        meter->evidence_version = entry->version;
        meter->is_evidence_lock = entry->is_locked;
        return METER_NO_CREDIT;
    }
    need_money(entry, meter, now_us, aftermath);
    if ((is_last_try || entry_is_silent(entry, now_us)) &&
        take_on_grace(table, entry, meter, &wish, limit_left_micro)) {
        return METER_OK_ON_GRACE;
    }
    if (is_last_try) {
        return METER_UNKNOWN;
    }
    waiting_add(entry, meter, wish.most_micro);
    return METER_WAIT;
}
