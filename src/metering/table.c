/* The table of accounts and its queues: who needs the ledger, who has calls to wake. */
#include "base/hash.h"
#include "base/pages.h"
#include "metering/entry.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SLICE_DEFAULT_MICRO (MONEY_MICRO / 2)

struct meter_table *meter_table_new(const struct meter_terms *terms, struct journal journal)
{
    struct meter_table *table = calloc(1, sizeof(*table));
    if (table == NULL) {
        return NULL;
    }
    table->terms = *terms;
    if (table->terms.slice_default_micro == 0) {
        table->terms.slice_default_micro = SLICE_DEFAULT_MICRO;
    }
    table->journal = journal;
    pthread_rwlock_init(&table->index_lock, NULL);
    pthread_mutex_init(&table->queue_lock, NULL);
    for (int i = 0; i < LEVEL_COUNT; i++) {
        table->queues[i] = (struct entry_queue){ENTRY_NONE, ENTRY_NONE};
    }
    table->wakes_first = ENTRY_NONE;
    table->wakes_last = ENTRY_NONE;
    table->currency_count = CURRENCY_UNKNOWN + 1;
    table->entries = pages_take(terms->account_count_max * sizeof(struct meter_entry));
    if (table->entries == NULL || !map_init(&table->index, terms->account_count_max)) {
        meter_table_free(table);
        return NULL;
    }
    return table;
}

void meter_table_free(struct meter_table *table)
{
    if (table == NULL) {
        return;
    }
    for (uint32_t i = 0; i < table->entry_count; i++) {
        pthread_mutex_destroy(&table->entries[i].lock);
    }
    pages_give(table->entries, table->terms.account_count_max * sizeof(struct meter_entry));
    map_done(&table->index);
    pthread_mutex_destroy(&table->queue_lock);
    pthread_rwlock_destroy(&table->index_lock);
    free(table);
}

struct meter_entry *entry_at(struct meter_table *table, uint32_t index)
{
    assert(index < atomic_load_explicit(&table->entry_count, memory_order_acquire));
    return &table->entries[index];
}

static struct meter_entry *find_locked(struct meter_table *table, uint64_t hash,
                                       uint64_t account_id)
{
    struct map_cursor cursor;
    for (uint32_t i = map_first(&table->index, hash, &cursor); i != MAP_NONE;
         i = map_next(&table->index, &cursor)) {
        if (table->entries[i].account_id == account_id) {
            return &table->entries[i];
        }
    }
    return NULL;
}

struct meter_entry *entry_find(struct meter_table *table, uint64_t account_id)
{
    uint64_t hash = hash_u64(table->terms.hash_seed, account_id);
    pthread_rwlock_rdlock(&table->index_lock);
    struct meter_entry *entry = find_locked(table, hash, account_id);
    pthread_rwlock_unlock(&table->index_lock);
    return entry;
}

static struct meter_entry *add_locked(struct meter_table *table, uint64_t hash, uint64_t account_id)
{
    uint32_t index = atomic_load_explicit(&table->entry_count, memory_order_relaxed);
    if (index == table->terms.account_count_max || !map_add(&table->index, hash, index)) {
        return NULL;
    }
    struct meter_entry *entry = &table->entries[index];
    pthread_mutex_init(&entry->lock, NULL);
    entry->account_id = account_id;
    entry->spend_day_micro = NO_LIMIT;
    entry->slice_micro = table->terms.slice_default_micro;
    entry->shortage_us = -1;
    entry->silent_since_us = -1;
    entry->more_asked_us = -METER_FRESH_US;
    entry->timer.index = index;
    atomic_store_explicit(&table->entry_count, index + 1, memory_order_release);
    return entry;
}

struct meter_entry *entry_get(struct meter_table *table, uint64_t account_id)
{
    struct meter_entry *entry = entry_find(table, account_id);
    if (entry != NULL) {
        return entry;
    }
    uint64_t hash = hash_u64(table->terms.hash_seed, account_id);
    pthread_rwlock_wrlock(&table->index_lock);
    entry = find_locked(table, hash, account_id);
    if (entry == NULL) {
        entry = add_locked(table, hash, account_id);
    }
    pthread_rwlock_unlock(&table->index_lock);
    return entry;
}

/* More currencies than there is room for share the last place, and so its stop: too careful, never
 * too generous. */
static uint8_t currency_find(struct meter_table *table, const char *currency)
{
    pthread_rwlock_wrlock(&table->index_lock);
    uint8_t at = CURRENCY_UNKNOWN + 1;
    while (at < table->currency_count && strncmp(table->currencies[at], currency, 4) != 0) {
        at++;
    }
    if (at == table->currency_count) {
        if (at < CURRENCY_COUNT_MAX) {
            memcpy(table->currencies[at], currency, 4);
            table->currency_count++;
        } else {
            at--;
        }
    }
    pthread_rwlock_unlock(&table->index_lock);
    return at;
}

static int64_t grace_of(const struct meter_table *table, const struct account *account)
{
    if (account->grace_micro >= 0) {
        return account->grace_micro;
    }
    switch ((enum account_class)account->class_) {
    case ACCOUNT_NEW:
        return table->terms.grace_new_micro;
    case ACCOUNT_VERIFIED:
        return table->terms.grace_verified_micro;
    case ACCOUNT_FLAGGED:
        return table->terms.grace_flagged_micro;
    }
    return 0;
}

struct meter_entry *entry_lock_for(struct meter_table *table, const struct account *account)
{
    struct meter_entry *entry = entry_get(table, account->id);
    if (entry == NULL) {
        return NULL;
    }
    pthread_mutex_lock(&entry->lock);
    if (entry->currency == CURRENCY_UNKNOWN) {
        pthread_mutex_unlock(&entry->lock);
        uint8_t currency = currency_find(table, account->currency);
        pthread_mutex_lock(&entry->lock);
        atomic_fetch_sub(&table->over_micro[entry->currency], entry->over_micro);
        atomic_fetch_add(&table->over_micro[currency], entry->over_micro);
        entry->currency = currency;
    }
    entry->grace_micro = grace_of(table, account);
    entry->spend_day_micro = account->spend_day_micro;
    entry->spend_minute_micro = account->spend_minute_micro;
    return entry;
}

void aftermath_due(struct aftermath *aftermath, enum ask_level level)
{
    if (!aftermath->is_due || level < aftermath->level) {
        aftermath->is_due = true;
        aftermath->level = level;
    }
}

void aftermath_timer(struct aftermath *aftermath, int64_t at_us, enum ask_level level)
{
    if (!aftermath->has_timer || at_us < aftermath->timer_us) {
        aftermath->has_timer = true;
        aftermath->timer_us = at_us;
        aftermath->timer_level = level;
    }
}

static void queue_remove(struct meter_table *table, uint32_t index)
{
    struct meter_entry *entry = &table->entries[index];
    struct entry_queue *queue = &table->queues[entry->level - 1];
    if (entry->queue_previous != ENTRY_NONE) {
        table->entries[entry->queue_previous].queue_next = entry->queue_next;
    } else {
        queue->first = entry->queue_next;
    }
    if (entry->queue_next != ENTRY_NONE) {
        table->entries[entry->queue_next].queue_previous = entry->queue_previous;
    } else {
        queue->last = entry->queue_previous;
    }
    entry->level = 0;
    table->queued_count--;
}

static void queue_put(struct meter_table *table, uint32_t index, enum ask_level level)
{
    struct meter_entry *entry = &table->entries[index];
    if (entry->level != 0) {
        if (entry->level <= (uint8_t)level + 1) {
            return;
        }
        queue_remove(table, index);
    }
    struct entry_queue *queue = &table->queues[level];
    entry->level = (uint8_t)(level + 1);
    entry->queue_next = ENTRY_NONE;
    entry->queue_previous = queue->last;
    if (queue->last != ENTRY_NONE) {
        table->entries[queue->last].queue_next = index;
    } else {
        queue->first = index;
    }
    queue->last = index;
    table->queued_count++;
}

static struct wheel *wheel_at(struct meter_table *table, int64_t now_us)
{
    if (!table->has_wheel) {
        wheel_init(&table->wheel, now_us);
        table->has_wheel = true;
    }
    return &table->wheel;
}

static void wakes_put(struct meter_table *table, uint32_t index)
{
    struct meter_entry *entry = &table->entries[index];
    if (entry->is_in_wakes) {
        return;
    }
    entry->is_in_wakes = true;
    entry->wake_next = ENTRY_NONE;
    if (table->wakes_last != ENTRY_NONE) {
        table->entries[table->wakes_last].wake_next = index;
    } else {
        table->wakes_first = index;
    }
    table->wakes_last = index;
    atomic_fetch_add(&table->wake_count, 1);
}

void aftermath_do(struct meter_table *table, struct meter_entry *entry,
                  const struct aftermath *aftermath, int64_t now_us)
{
    if (!aftermath->is_due && !aftermath->has_woken && !aftermath->has_timer) {
        return;
    }
    uint32_t index = (uint32_t)(entry - table->entries);
    pthread_mutex_lock(&table->queue_lock);
    if (aftermath->is_due) {
        queue_put(table, index, aftermath->level);
    }
    if (aftermath->has_woken) {
        wakes_put(table, index);
    }
    if (aftermath->has_timer &&
        (!wheel_is_started(&entry->timer) || entry->timer.at_us > aftermath->timer_us)) {
        entry->timer.kind = aftermath->timer_level;
        wheel_start(wheel_at(table, now_us), &entry->timer, aftermath->timer_us);
    }
    pthread_mutex_unlock(&table->queue_lock);
}

uint32_t ask_queue_pop(struct meter_table *table, int64_t now_us)
{
    uint32_t index = ENTRY_NONE;
    pthread_mutex_lock(&table->queue_lock);
    struct wheel *wheel = wheel_at(table, now_us);
    for (struct wheel_timer *timer = wheel_expire(wheel, now_us); timer != NULL;
         timer = wheel_expire(wheel, now_us)) {
        queue_put(table, timer->index, (enum ask_level)timer->kind);
    }
    for (int level = 0; level < LEVEL_COUNT && index == ENTRY_NONE; level++) {
        index = table->queues[level].first;
    }
    if (index != ENTRY_NONE) {
        queue_remove(table, index);
    }
    pthread_mutex_unlock(&table->queue_lock);
    return index;
}

bool meter_has_asks(struct meter_table *table, int64_t now_us)
{
    pthread_mutex_lock(&table->queue_lock);
    bool has_asks =
        table->queued_count > 0 || (table->has_wheel && wheel_deadline(&table->wheel) <= now_us);
    pthread_mutex_unlock(&table->queue_lock);
    return has_asks;
}

int64_t meter_asks_deadline(struct meter_table *table)
{
    pthread_mutex_lock(&table->queue_lock);
    int64_t at_us = table->has_wheel ? wheel_deadline(&table->wheel) : INT64_MAX;
    if (table->queued_count > 0) {
        at_us = 0;
    }
    pthread_mutex_unlock(&table->queue_lock);
    return at_us;
}

static uint32_t wakes_pop(struct meter_table *table)
{
    pthread_mutex_lock(&table->queue_lock);
    uint32_t index = table->wakes_first;
    if (index != ENTRY_NONE) {
        struct meter_entry *entry = &table->entries[index];
        table->wakes_first = entry->wake_next;
        if (table->wakes_first == ENTRY_NONE) {
            table->wakes_last = ENTRY_NONE;
        }
        entry->is_in_wakes = false;
        atomic_fetch_sub(&table->wake_count, 1);
    }
    pthread_mutex_unlock(&table->queue_lock);
    return index;
}

int meter_wakeups_take(struct meter_table *table, struct meter_wakeup *out, int max)
{
    int count = 0;
    while (count < max && atomic_load(&table->wake_count) > 0) {
        uint32_t index = wakes_pop(table);
        if (index == ENTRY_NONE) {
            break;
        }
        struct meter_entry *entry = &table->entries[index];
        struct aftermath aftermath = {0};
        pthread_mutex_lock(&entry->lock);
        while (count < max && entry->woken.first != NULL) {
            struct meter *meter = entry->woken.first;
            out[count++] =
                (struct meter_wakeup){meter->worker, meter->call, meter->call_generation};
            waiting_leave(entry, meter);
        }
        aftermath.has_woken = entry->woken.first != NULL;
        pthread_mutex_unlock(&entry->lock);
        aftermath_do(table, entry, &aftermath, 0);
    }
    return count;
}
