#include "metering/entry.h"

#include <assert.h>

void open_list_add(struct meter_entry *entry, struct meter *meter)
{
    meter->previous = NULL;
    meter->next = entry->open;
    if (entry->open != NULL) {
        entry->open->previous = meter;
    }
    entry->open = meter;
    entry->open_count++;
    entry->speed_nano += rate_highest_nano(&meter->rate);
}

void open_list_remove(struct meter_entry *entry, struct meter *meter)
{
    assert(entry->open_count > 0);
    if (meter->previous != NULL) {
        meter->previous->next = meter->next;
    } else {
        entry->open = meter->next;
    }
    if (meter->next != NULL) {
        meter->next->previous = meter->previous;
    }
    meter->next = NULL;
    meter->previous = NULL;
    entry->open_count--;
    entry->speed_nano -= rate_highest_nano(&meter->rate);
}

static void list_append(struct meter_list *list, struct meter *meter)
{
    meter->queue_next = NULL;
    meter->queue_previous = list->last;
    if (list->last != NULL) {
        list->last->queue_next = meter;
    } else {
        list->first = meter;
    }
    list->last = meter;
}

static void list_remove(struct meter_list *list, struct meter *meter)
{
    if (meter->queue_previous != NULL) {
        meter->queue_previous->queue_next = meter->queue_next;
    } else {
        list->first = meter->queue_next;
    }
    if (meter->queue_next != NULL) {
        meter->queue_next->queue_previous = meter->queue_previous;
    } else {
        list->last = meter->queue_previous;
    }
    meter->queue_next = NULL;
    meter->queue_previous = NULL;
}

static void waiting_sum(struct meter_entry *entry)
{
    /* Summed anew when the last one leaves, so that a clamped sum does not stay wrong. */
    if (entry->waiting_count == 0) {
        entry->waiting_micro = 0;
        entry->waiting_nano = 0;
    }
}

void waiting_add(struct meter_entry *entry, struct meter *meter, int64_t asked_micro)
{
    waiting_leave(entry, meter);
    meter->queue = QUEUE_WAITING;
    meter->asked_micro = asked_micro;
    list_append(&entry->waiting, meter);
    entry->waiting_count++;
    entry->waiting_micro = money_add_clamped(entry->waiting_micro, asked_micro);
    if (meter->slot == 0) { /* those of open calls are in speed_nano already */
        entry->waiting_nano += rate_highest_nano(&meter->rate);
    }
}

void waiting_leave(struct meter_entry *entry, struct meter *meter)
{
    switch ((enum meter_queue)meter->queue) {
    case QUEUE_NONE:
        return;
    case QUEUE_WAITING:
        list_remove(&entry->waiting, meter);
        entry->waiting_count--;
        entry->waiting_micro -=
            meter->asked_micro < entry->waiting_micro ? meter->asked_micro : entry->waiting_micro;
        if (meter->slot == 0) {
            entry->waiting_nano -= rate_highest_nano(&meter->rate);
        }
        waiting_sum(entry);
        break;
    case QUEUE_WOKEN:
        list_remove(&entry->woken, meter);
        break;
    }
    meter->queue = QUEUE_NONE;
}

void meter_wake(struct meter_entry *entry, struct meter *meter, struct aftermath *aftermath)
{
    if (meter->queue == QUEUE_WOKEN) {
        return;
    }
    waiting_leave(entry, meter);
    meter->queue = QUEUE_WOKEN;
    list_append(&entry->woken, meter);
    aftermath->has_woken = true;
}

void waiting_wake_all(struct meter_entry *entry, struct aftermath *aftermath)
{
    while (entry->waiting.first != NULL) {
        meter_wake(entry, entry->waiting.first, aftermath);
    }
}
