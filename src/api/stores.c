#include "api/stores.h"

#include "base/clock.h"
#include "guard/breaker.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SLOT_COUNT 4

struct store_slot {
    struct store *store;
    bool is_taken;
    bool was_unknown;
    uint32_t ticket;
    int64_t taken_at_us;
};

struct stores {
    pthread_mutex_t lock;
    pthread_cond_t is_free;
    struct store_slot slots[SLOT_COUNT];
    int64_t patience_us;
    struct breaker breaker;
    struct breaker_terms terms;
    struct rng rng;
    bool is_ok;            /* by the last answer */
    int64_t since_wall_us; /* of that state */
    int64_t last_ok_wall_us;
    char error[320];
};

struct stores *stores_new(const char *dir, const char *url, int64_t patience_us,
                          bool has_fault_layer)
{
    struct stores *stores = calloc(1, sizeof(*stores));
    if (stores == NULL) {
        return NULL;
    }
    pthread_mutex_init(&stores->lock, NULL);
    clock_cond_init(&stores->is_free);
    stores->patience_us = patience_us;
    stores->terms = breaker_terms_default(0);
    /* Few ask here, and a person waits for each: come back soon, and to full measure at once. */
    stores->terms.open_max_us = 1000000;
    stores->terms.ramp_step_us = 0; /* one file on this machine: it is back or it is not */
    stores->since_wall_us = clock_wall_us();
    rng_init(&stores->rng, (uint64_t)clock_mono_us());
    for (int i = 0; i < SLOT_COUNT; i++) {
        struct store_options options = {
            .dir = dir, .url = url, .deadline_us = patience_us, .has_fault_layer = has_fault_layer};
        stores->slots[i].store = store_new(&options);
        if (stores->slots[i].store == NULL) {
            stores_free(stores);
            return NULL;
        }
    }
    return stores;
}

void stores_free(struct stores *stores)
{
    if (stores == NULL) {
        return;
    }
    for (int i = 0; i < SLOT_COUNT; i++) {
        if (stores->slots[i].store != NULL) {
            store_free(stores->slots[i].store);
        }
    }
    pthread_cond_destroy(&stores->is_free);
    pthread_mutex_destroy(&stores->lock);
    free(stores);
}

static struct store_slot *find_free(struct stores *stores)
{
    for (int i = 0; i < SLOT_COUNT; i++) {
        if (!stores->slots[i].is_taken) {
            return &stores->slots[i];
        }
    }
    return NULL;
}

static struct store_slot *wait_free(struct stores *stores)
{
    struct timespec until = clock_mono_after(stores->patience_us);
    struct store_slot *slot = find_free(stores);
    while (slot == NULL) {
        int waited = pthread_cond_timedwait(&stores->is_free, &stores->lock, &until);
        slot = find_free(stores);
        if (waited != 0) {
            break;
        }
    }
    return slot;
}

struct store_slot *stores_take(struct stores *stores, const char **why)
{
    pthread_mutex_lock(&stores->lock);
    struct store_slot *slot = wait_free(stores);
    uint32_t ticket = 0;
    if (slot == NULL) {
        *why = "All connections to the store are in use.";
    } else if (!breaker_try(&stores->breaker, &stores->terms, clock_mono_us(), &ticket)) {
        *why = "The store failed a moment ago and is left alone for now.";
        slot = NULL;
    } else {
        slot->is_taken = true;
        slot->was_unknown = false;
        slot->ticket = ticket;
        slot->taken_at_us = clock_mono_us();
    }
    pthread_mutex_unlock(&stores->lock);
    return slot;
}

struct store *stores_store(struct store_slot *slot)
{
    return slot->store;
}

void stores_note_unknown(struct store_slot *slot)
{
    slot->was_unknown = true; /* why is read from the store when the slot is given back */
}

static void note_state(struct stores *stores, bool is_ok)
{
    int64_t wall_us = clock_wall_us();
    if (is_ok != stores->is_ok) {
        stores->is_ok = is_ok;
        stores->since_wall_us = wall_us;
    }
    if (is_ok) {
        stores->last_ok_wall_us = wall_us;
    }
}

void stores_give(struct stores *stores, struct store_slot *slot)
{
    pthread_mutex_lock(&stores->lock);
    int64_t now_us = clock_mono_us();
    breaker_report(&stores->breaker, &stores->terms, slot->ticket, !slot->was_unknown,
                   now_us - slot->taken_at_us, now_us, &stores->rng);
    if (slot->was_unknown) {
        snprintf(stores->error, sizeof(stores->error), "%s", store_error(slot->store));
    }
    note_state(stores, !slot->was_unknown);
    slot->is_taken = false;
    pthread_cond_signal(&stores->is_free);
    pthread_mutex_unlock(&stores->lock);
}

bool stores_is_ok(struct stores *stores)
{
    pthread_mutex_lock(&stores->lock);
    bool is_ok = stores->is_ok;
    pthread_mutex_unlock(&stores->lock);
    return is_ok;
}

json_t *stores_status(struct stores *stores)
{
    pthread_mutex_lock(&stores->lock);
    json_t *status = json_pack("{s:s,s:I,s:I,s:s}", "state", stores->is_ok ? "ok" : "unknown",
                               "since_wall_us", (json_int_t)stores->since_wall_us,
                               "last_ok_wall_us", (json_int_t)stores->last_ok_wall_us, "breaker",
                               breaker_state_name(stores->breaker.state));
    if (!stores->is_ok) {
        json_object_set_new(status, "error", json_string(stores->error));
    }
    pthread_mutex_unlock(&stores->lock);
    return status;
}
