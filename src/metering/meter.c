/* The calls' side: open, answer, renew, close. */
#include "metering/meter.h"

#include "metering/entry.h"

#include <assert.h>

#define US_PER_S INT64_C(1000000)
#define RENEW_AGAIN_US 250000 /* a renewal without an answer asks again that soon */

const char *meter_verdict_name(enum meter_verdict verdict)
{
    switch (verdict) {
    case METER_UNKNOWN:
        return "charging-unknown";
    case METER_OK:
        return "ok";
    case METER_OK_ON_GRACE:
        return "ok-on-grace";
    case METER_WAIT:
        return "wait";
    case METER_NO_CREDIT:
        return "no-credit";
    case METER_NO_CHANNEL:
        return "no-channel";
    case METER_TOO_FAST:
        return "too-fast";
    case METER_DAY_LIMIT:
        return "day-limit";
    case METER_MINUTE_LIMIT:
        return "minute-limit";
    case METER_FULL:
        return "full";
    }
    return "charging-unknown";
}

bool meter_is_granted(enum meter_verdict verdict)
{
    return verdict == METER_OK || verdict == METER_OK_ON_GRACE;
}

static void saw_call(struct meter_entry *entry, int64_t at_us)
{
    if (at_us > entry->active_us) {
        entry->active_us = at_us;
    }
}

/* A bucket that holds one second's worth of calls and drains steadily. */
static bool count_start(struct meter_entry *entry, int32_t cps_max, int64_t now_us)
{
    if (cps_max < 0) {
        return true;
    }
    if (cps_max == 0) {
        return false;
    }
    int64_t step_us = US_PER_S / cps_max;
    int64_t next_us = entry->cps_next_us > now_us ? entry->cps_next_us : now_us;
    if (next_us + step_us > now_us + US_PER_S) {
        return false;
    }
    entry->cps_next_us = next_us + step_us;
    return true;
}

static enum meter_verdict count_limits(struct meter_entry *entry, struct meter *meter,
                                       const struct account *account, int64_t now_us)
{
    if (account->channels_max >= 0 && entry->channel_count >= account->channels_max) {
        return METER_NO_CHANNEL;
    }
    if (!count_start(entry, account->cps_max, now_us)) {
        return METER_TOO_FAST;
    }
    entry->channel_count++;
    meter->counts_channel = true;
    return METER_OK;
}

static void release_channel(struct meter_entry *entry, struct meter *meter)
{
    if (meter->counts_channel) {
        assert(entry->channel_count > 0);
        entry->channel_count--;
        meter->counts_channel = false;
    }
}

static void clear(struct meter *meter)
{
    meter->covered_micro = 0;
    meter->charged_micro = 0;
    meter->covers_us = 0;
    meter->renew_us = 0;
    meter->answered_us = 0;
    meter->evidence_version = 0;
    meter->is_evidence_lock = false;
    meter->is_on_grace = false;
    meter->is_free = false;
}

static void become_free(struct meter *meter)
{
    meter->is_free = true;
    meter->covers_us = INT64_MAX;
    meter->renew_us = INT64_MAX;
}

static void become_open(struct meter_table *table, struct meter_entry *entry, struct meter *meter)
{
    meter->slot = (uint32_t)(entry - table->entries) + 1;
    meter->waiting_slot = 0;
    meter->is_waiting = false;
    open_list_add(entry, meter);
}

static void stay_closed(struct meter_entry *entry, struct meter *meter)
{
    release_channel(entry, meter);
    meter->waiting_slot = 0;
    meter->is_waiting = false;
}

static enum meter_verdict open_locked(struct meter_table *table, struct meter_entry *entry,
                                      struct meter *meter, const struct account *account,
                                      int64_t now_us, bool is_last_try, struct aftermath *aftermath)
{
    if (meter->is_waiting) {
        waiting_leave(entry, meter);
    } else {
        enum meter_verdict verdict = count_limits(entry, meter, account, now_us);
        if (verdict != METER_OK) {
            return verdict;
        }
    }
    clear(meter);
    enum meter_verdict verdict = METER_OK;
    if (rate_is_free(&meter->rate)) {
        become_free(meter);
    } else {
        verdict = slice_take(table, entry, meter, now_us, is_last_try, aftermath);
    }
    if (meter_is_granted(verdict)) {
        become_open(table, entry, meter);
    } else if (verdict == METER_WAIT) {
        meter->is_waiting = true;
        meter->waiting_slot = (uint32_t)(entry - table->entries) + 1;
    } else {
        stay_closed(entry, meter);
    }
    return verdict;
}

/* Asks for more before it is needed: half of what was free after the last refill is gone, or the
 * first call of an idle account finds less than five of the ten minutes that it shall have. */
static void note_half_gone(struct meter_entry *entry, bool has_opened, struct aftermath *aftermath)
{
    int64_t least_micro = entry->half_micro;
    if (has_opened && entry->open_count == 1) {
        int64_t half_micro = entry_spending(entry) / 2;
        least_micro = half_micro > least_micro ? half_micro : least_micro;
    }
    if (entry_free(entry) < least_micro) {
        entry->half_micro = 0; /* once a refill */
        entry->needs |= NEED_REFILL;
        aftermath_due(aftermath, LEVEL_REFILL);
    }
}

enum meter_verdict meter_open(struct meter_table *table, struct meter *meter,
                              const struct account *account, int64_t now_us, bool is_last_try)
{
    assert(meter->slot == 0);
    struct meter_entry *entry = entry_lock_for(table, account);
    if (entry == NULL) {
        return METER_FULL;
    }
    struct aftermath aftermath = {0};
    saw_call(entry, now_us);
    enum meter_verdict verdict =
        open_locked(table, entry, meter, account, now_us, is_last_try, &aftermath);
    note_half_gone(entry, meter->slot != 0, &aftermath);
    entry_count_over(table, entry);
    pthread_mutex_unlock(&entry->lock);
    aftermath_do(table, entry, &aftermath, now_us);
    return verdict;
}

void meter_wait_cancel(struct meter_table *table, struct meter *meter)
{
    if (meter->waiting_slot == 0) {
        return;
    }
    struct meter_entry *entry = entry_at(table, meter->waiting_slot - 1);
    pthread_mutex_lock(&entry->lock);
    waiting_leave(entry, meter);
    stay_closed(entry, meter);
    pthread_mutex_unlock(&entry->lock);
}

void meter_open_free(struct meter *meter)
{
    assert(meter->slot == 0 && meter->waiting_slot == 0);
    clear(meter);
    become_free(meter);
}

void meter_answer(struct meter_table *table, struct meter *meter, int64_t now_us)
{
    if (meter->slot == 0) {
        meter->answered_us = now_us;
        return;
    }
    struct meter_entry *entry = entry_at(table, meter->slot - 1);
    pthread_mutex_lock(&entry->lock);
    meter->answered_us = now_us;
    saw_call(entry, now_us);
    pthread_mutex_unlock(&entry->lock);
}

static int64_t after_answer(const struct meter *meter, int64_t talk_us)
{
    if (meter->answered_us == 0 || talk_us == INT64_MAX) {
        return INT64_MAX;
    }
    return money_add_clamped(meter->answered_us, talk_us);
}

int64_t meter_renew_at(const struct meter *meter)
{
    return after_answer(meter, __atomic_load_n(&meter->renew_us, __ATOMIC_RELAXED));
}

int64_t meter_paid_until(struct meter_table *table, const struct meter *meter)
{
    (void)table;
    return after_answer(meter, __atomic_load_n(&meter->covers_us, __ATOMIC_RELAXED));
}

int64_t meter_talk_us(const struct meter *meter, int64_t now_us)
{
    if (meter->answered_us == 0 || now_us <= meter->answered_us) {
        return 0;
    }
    int64_t covers_us = __atomic_load_n(&meter->covers_us, __ATOMIC_RELAXED);
    int64_t talk_us = now_us - meter->answered_us;
    return talk_us < covers_us ? talk_us : covers_us;
}

static int64_t renew_again(const struct meter *meter, enum meter_verdict verdict, int64_t now_us)
{
    int64_t paid_until_us = after_answer(meter, meter->covers_us);
    int64_t again_us = now_us + METER_FRESH_US;
    if (meter_is_granted(verdict)) {
        again_us = meter_renew_at(meter);
    } else if (verdict == METER_WAIT) {
        again_us = now_us + RENEW_AGAIN_US;
    }
    return again_us < paid_until_us ? again_us : paid_until_us;
}

enum meter_verdict meter_renew(struct meter_table *table, struct meter *meter, int64_t now_us,
                               int64_t *again_at_us)
{
    if (meter->slot == 0 || meter->is_free || meter->answered_us == 0) {
        *again_at_us = INT64_MAX;
        return METER_OK;
    }
    struct meter_entry *entry = entry_at(table, meter->slot - 1);
    struct aftermath aftermath = {0};
    enum meter_verdict verdict = METER_OK;
    pthread_mutex_lock(&entry->lock);
    waiting_leave(entry, meter);
    saw_call(entry, now_us);
    if (now_us >= meter_renew_at(meter)) {
        verdict = slice_take(table, entry, meter, now_us, false, &aftermath);
        note_half_gone(entry, false, &aftermath);
        entry_count_over(table, entry);
    }
    *again_at_us = renew_again(meter, verdict, now_us);
    pthread_mutex_unlock(&entry->lock);
    aftermath_do(table, entry, &aftermath, now_us);
    return verdict;
}

static int64_t charge_locked(struct meter_entry *entry, struct meter *meter, int64_t talk_us)
{
    int64_t charge_micro = rate_price(&meter->rate, talk_us) - meter->charged_micro;
    if (charge_micro < 0) {
        charge_micro = 0;
    }
    entry->ended_micro = money_add_clamped(entry->ended_micro, charge_micro);
    meter->charged_micro = money_add_clamped(meter->charged_micro, charge_micro);
    int64_t freed_micro = charge_micro < meter->covered_micro ? charge_micro : meter->covered_micro;
    meter->covered_micro -= freed_micro;
    entry->covered_micro -= freed_micro;
    return charge_micro;
}

static void record_write(const struct meter_writer *writer, int64_t charge_micro,
                         int64_t ended_micro)
{
    if (writer->write != NULL) {
        writer->write(writer->ctx, charge_micro, ended_micro);
    }
}

int64_t meter_partial(struct meter_table *table, struct meter *meter, int64_t talk_us,
                      const struct meter_writer *writer)
{
    if (meter->slot == 0) {
        record_write(writer, 0, 0);
        return 0;
    }
    struct meter_entry *entry = entry_at(table, meter->slot - 1);
    pthread_mutex_lock(&entry->lock);
    int64_t charge_micro = meter->is_free ? 0 : charge_locked(entry, meter, talk_us);
    record_write(writer, charge_micro, entry->ended_micro);
    entry_count_over(table, entry);
    pthread_mutex_unlock(&entry->lock);
    return charge_micro;
}

int64_t meter_close(struct meter_table *table, struct meter *meter, int64_t talk_us,
                    const struct meter_writer *writer)
{
    if (meter->slot == 0) {
        record_write(writer, 0, 0);
        return 0;
    }
    struct meter_entry *entry = entry_at(table, meter->slot - 1);
    int64_t charge_micro = 0;
    pthread_mutex_lock(&entry->lock);
    waiting_leave(entry, meter);
    if (talk_us >= 0 && !meter->is_free) {
        charge_micro = charge_locked(entry, meter, talk_us);
    }
    if (talk_us >= 0 && meter->answered_us > 0) {
        saw_call(entry, money_add_clamped(meter->answered_us, talk_us));
    }
    entry->covered_micro -= meter->covered_micro;
    meter->covered_micro = 0;
    open_list_remove(entry, meter);
    release_channel(entry, meter);
    meter->slot = 0;
    record_write(writer, charge_micro, entry->ended_micro);
    entry_count_over(table, entry);
    pthread_mutex_unlock(&entry->lock);
    return charge_micro;
}

int64_t meter_held(struct meter_table *table, const struct meter *meter, int64_t now_us)
{
    if (meter->slot == 0 || meter->is_free) {
        return 0;
    }
    struct meter_entry *entry = entry_at(table, meter->slot - 1);
    pthread_mutex_lock(&entry->lock);
    int64_t held_micro = meter->covered_micro;
    if (meter->answered_us != 0) {
        held_micro -= rate_price(&meter->rate, meter_talk_us(meter, now_us)) - meter->charged_micro;
    }
    pthread_mutex_unlock(&entry->lock);
    return held_micro < 0 ? 0 : held_micro;
}

void meter_restore(struct meter_table *table, struct meter *meter, const struct account *account,
                   int64_t answered_us, int64_t charged_micro, int64_t now_us)
{
    assert(meter->slot == 0);
    clear(meter);
    meter->answered_us = answered_us;
    meter->charged_micro = charged_micro;
    struct meter_entry *entry = entry_lock_for(table, account);
    if (entry == NULL || rate_is_free(&meter->rate)) {
        become_free(meter);
    }
    if (entry == NULL) {
        return; /* the table is smaller than before the restart: better unpaid than cut */
    }
    entry->channel_count++;
    meter->counts_channel = true;
    become_open(table, entry, meter);
    if (!meter->is_free) {
        meter_recover(entry, meter, now_us);
    }
    saw_call(entry, now_us);
    entry_count_over(table, entry);
    struct aftermath aftermath = {0};
    if (entry_free(entry) < 0) { /* talk while nobody counted is charged when the lease returns */
        entry->needs |= NEED_REFILL;
        aftermath_due(&aftermath, LEVEL_REFILL);
    }
    pthread_mutex_unlock(&entry->lock);
    aftermath_do(table, entry, &aftermath, now_us);
}
