/* What survives: journal records, replay, snapshots, incarnations; and what people look at. */
#include "base/wire.h"
#include "metering/entry.h"

#define LEASE_FORMAT 1
#define LEASE_RECORD_SIZE 64

void entry_journal(struct meter_table *table, struct meter_entry *entry)
{
    char record[LEASE_RECORD_SIZE];
    struct buf buf;
    buf_init(&buf, record, sizeof(record));
    wire_put_u8(&buf, LEASE_FORMAT);
    wire_put_u64(&buf, entry->account_id);
    wire_put_i64(&buf, entry->granted_micro);
    wire_put_i64(&buf, entry->returned_micro);
    wire_put_i64(&buf, entry->ended_micro);
    wire_put_i64(&buf, entry->day);
    wire_put_i64(&buf, entry->day_base_micro);
    table->journal.append(table->journal.ctx, JOURNAL_LEASE, buf_done(&buf));
    entry->is_journalled = true;
}

static void raise_to(int64_t *value, int64_t to)
{
    if (to > *value) {
        *value = to;
    }
}

bool meter_replay_lease(struct meter_table *table, struct slice record)
{
    struct wire_reader in = {.rest = record};
    uint8_t format = wire_get_u8(&in);
    uint64_t account_id = wire_get_u64(&in);
    int64_t granted_micro = wire_get_i64(&in);
    int64_t returned_micro = wire_get_i64(&in);
    int64_t ended_micro = wire_get_i64(&in);
    int64_t day = wire_get_i64(&in);
    int64_t day_base_micro = wire_get_i64(&in);
    if (in.is_bad || in.rest.size != 0 || format != LEASE_FORMAT || granted_micro < 0 ||
        returned_micro < 0 || returned_micro > granted_micro || ended_micro < 0) {
        return false;
    }
    struct meter_entry *entry = entry_get(table, account_id);
    if (entry == NULL) {
        return false;
    }
    struct aftermath aftermath = {0};
    pthread_mutex_lock(&entry->lock);
    entry->is_journalled = true;
    raise_to(&entry->granted_micro, granted_micro);
    raise_to(&entry->returned_micro, returned_micro);
    raise_to(&entry->ended_micro, ended_micro);
    if (day >= entry->day) {
        entry->day = day;
        entry->day_base_micro = day_base_micro;
    }
    entry_count_over(table, entry);
    /* The ledger may know more of it, and nobody may need it here any more. */
    entry->needs |= NEED_TELL;
    aftermath_due(&aftermath, LEVEL_IDLE);
    pthread_mutex_unlock(&entry->lock);
    aftermath_do(table, entry, &aftermath, 0);
    return true;
}

void meter_replay_ended(struct meter_table *table, uint64_t account_id, int64_t ended_micro)
{
    struct meter_entry *entry = account_id == 0 ? NULL : entry_get(table, account_id);
    if (entry == NULL) {
        return;
    }
    pthread_mutex_lock(&entry->lock);
    raise_to(&entry->ended_micro, ended_micro);
    entry_count_over(table, entry);
    pthread_mutex_unlock(&entry->lock);
}

bool meter_snapshot(struct meter_table *table, uint32_t *at, int count)
{
    uint32_t entry_count = atomic_load(&table->entry_count);
    for (int i = 0; i < count && *at < entry_count; i++) {
        struct meter_entry *entry = entry_at(table, (*at)++);
        pthread_mutex_lock(&entry->lock);
        if (entry->is_journalled || entry->ended_micro > 0) {
            entry_journal(table, entry);
        }
        pthread_mutex_unlock(&entry->lock);
    }
    return *at < entry_count;
}

void meter_set_registered(struct meter_table *table, bool is_registered)
{
    atomic_store(&table->is_registered, is_registered);
}

void meter_set_day(struct meter_table *table, int64_t day)
{
    if (day > atomic_load(&table->day)) {
        atomic_store(&table->day, day);
    }
}

static void entry_start_anew(struct meter_table *table, struct meter_entry *entry, int64_t now_us,
                             struct aftermath *aftermath)
{
    entry->day_base_micro -= entry->ended_micro; /* what the day has cost stays */
    entry->minute_base_micro -= entry->ended_micro;
    entry->granted_micro = 0;
    entry->returned_micro = 0;
    entry->ended_micro = 0;
    entry->told_micro = 0;
    entry->half_micro = 0;
    entry->spent_base_micro = 0;
    entry->more = (struct tri){TRI_UNKNOWN};
    entry->shortage_us = -1;
    entry->silent_since_us = -1;
    entry->is_asked = false;
    entry->is_unconfirmed = false;
    entry->retry_us = 0;
    entry->ask_floor = entry->ask_number;
    entry->needs = 0;
    for (struct meter *meter = entry->open; meter != NULL; meter = meter->next) {
        if (!meter->is_free) {
            meter_recover(entry, meter, now_us);
            meter_wake(entry, meter, aftermath);
        }
    }
    waiting_wake_all(entry, aftermath);
    if (entry->open_count > 0 || entry->presence_count > 0) {
        entry->needs = NEED_REFILL;
        aftermath_due(aftermath, entry->open_count > 0 ? LEVEL_REFILL : LEVEL_IDLE);
    }
    entry_count_over(table, entry);
    entry_journal(table, entry);
}

void meter_start_incarnation(struct meter_table *table, int64_t now_us)
{
    uint32_t entry_count = atomic_load(&table->entry_count);
    for (uint32_t i = 0; i < entry_count; i++) {
        struct meter_entry *entry = entry_at(table, i);
        struct aftermath aftermath = {0};
        pthread_mutex_lock(&entry->lock);
        entry_start_anew(table, entry, now_us, &aftermath);
        pthread_mutex_unlock(&entry->lock);
        aftermath_do(table, entry, &aftermath, now_us);
    }
}

struct tri meter_look(struct meter_table *table, uint64_t account_id, int64_t now_us,
                      struct meter_view *out)
{
    struct meter_entry *entry = entry_find(table, account_id);
    if (entry == NULL) {
        return (struct tri){TRI_ABSENT};
    }
    pthread_mutex_lock(&entry->lock);
    *out = (struct meter_view){
        .granted_micro = entry->granted_micro,
        .returned_micro = entry->returned_micro,
        .ended_micro = entry->ended_micro,
        .covered_micro = entry->covered_micro,
        .used_micro = entry_used(entry, now_us),
        .grace_used_micro = entry->over_micro,
        .open_count = entry->open_count,
        .channel_count = entry->channel_count,
        .day_left_micro = entry_day_left(table, entry),
        .minute_left_micro = entry_minute_look(entry, now_us),
        .more = entry->more,
        .is_locked = entry->is_locked,
        .silent_us = entry->silent_since_us < 0 ? 0 : now_us - entry->silent_since_us,
        .version = entry->version,
    };
    pthread_mutex_unlock(&entry->lock);
    return (struct tri){TRI_PRESENT};
}

void meter_sum(struct meter_table *table, int64_t now_us, struct meter_totals *out)
{
    struct meter_totals sum = {.account_count = atomic_load(&table->entry_count)};
    bool has_grace = atomic_load(&table->is_registered);
    for (uint32_t i = 0; i < sum.account_count; i++) {
        struct meter_entry *entry = entry_at(table, i);
        pthread_mutex_lock(&entry->lock);
        int64_t lease_micro = entry->granted_micro - entry->returned_micro - entry->ended_micro;
        sum.outstanding_micro = money_add_clamped(sum.outstanding_micro, lease_micro);
        sum.grace_used_micro = money_add_clamped(sum.grace_used_micro, entry->over_micro);
        if (has_grace) {
            sum.grace_bound_micro = money_add_clamped(sum.grace_bound_micro, entry->grace_micro);
        }
        sum.open_count += (uint32_t)entry->open_count;
        sum.ask_count += entry->is_asked || entry->needs != 0 ? 1 : 0;
        sum.silent_count += entry_is_silent(entry, now_us) ? 1 : 0;
        pthread_mutex_unlock(&entry->lock);
    }
    *out = sum;
}
