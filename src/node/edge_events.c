/* edge_events.c - what the edge tells: at once to those who listen, and kept in the database. */
#include "base/clock.h"
#include "node/edge_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void edge_event(struct edge_role *role, const char *kind, struct slice json)
{
    if (strcmp(kind, "refusal") == 0 || strcmp(kind, "alarm") == 0 ||
        strncmp(kind, "store.", 6) == 0 || strncmp(kind, "ban.", 4) == 0 ||
        strncmp(kind, "fraud.", 6) == 0) {
        pthread_mutex_lock(&role->lock);
        struct stored_event *event = &role->events[role->event_count % EVENT_RING_COUNT];
        role->event_count++;
        event->wall_us = clock_wall_us();
        snprintf(event->kind, sizeof(event->kind), "%s", kind);
        snprintf(event->text, sizeof(event->text), "%.*s", (int)json.size, json.data);
        if (json.size >= sizeof(event->text)) {
            snprintf(event->text, sizeof(event->text), "{\"reason\":\"too long to keep\"}");
        }
        pthread_mutex_unlock(&role->lock);
    }
    if (role->control != NULL) {
        control_server_publish(role->control, kind, json);
    }
}

static uint64_t account_of(const char *text)
{
    const char *at = strstr(text, "\"account_id\":");
    return at == NULL ? 0 : strtoull(at + 13, NULL, 10);
}

/* Refusals are kept for operators, but never at the cost of money or calls: what does not fit in
 * memory meanwhile, or comes while the disk is nearly full, is not stored. */
void events_store(struct store_loop *loop)
{
    struct edge_role *role = loop->role;
    uint32_t ticket;
    int count = 0;
    pthread_mutex_lock(&role->lock);
    if (role->event_count - role->event_stored > EVENT_RING_COUNT) {
        role->event_stored = role->event_count - EVENT_RING_COUNT;
    }
    uint64_t first = role->event_stored;
    while (count < EVENTS_MAX && first + (uint64_t)count < role->event_count) {
        const struct stored_event *event =
            &role->events[(first + (uint64_t)count) % EVENT_RING_COUNT];
        struct event_row *row = &loop->events[count++];
        memset(row, 0, sizeof(*row));
        row->wall_us = event->wall_us;
        row->account_id = account_of(event->text);
        snprintf(row->kind, sizeof(row->kind), "%s", event->kind);
        if (strlen(event->text) < sizeof(row->text)) {
            memcpy(row->text, event->text, strlen(event->text) + 1);
        } else {
            snprintf(row->text, sizeof(row->text), "{\"reason\":\"too long to keep\"}");
        }
    }
    bool is_wanted = !role->view.is_disk_low;
    pthread_mutex_unlock(&role->lock);
    if (count == 0 || !is_wanted || !store_may_ask(loop, &ticket)) {
        return;
    }
    int64_t began_us = clock_mono_us();
    if (store_asked(loop, ticket, began_us, event_put(loop->store, loop->events, count)) ==
        STORE_OK) {
        pthread_mutex_lock(&role->lock);
        role->event_stored = first + (uint64_t)count;
        pthread_mutex_unlock(&role->lock);
    }
}
