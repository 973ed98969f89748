#include "rating/deck_set.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct place {
    uint32_t id;
    struct deck *deck;
    void (*release)(struct deck *deck);
};

struct places { /* immutable once it is published */
    uint32_t count;
    struct place at[]; /* by rising id */
};

struct deck_set {
    _Atomic(struct places *) places;
    struct epoch *epoch;
    _Atomic uint32_t zone_count; /* what is below it is not changed any more */
    const struct zone *zones[DECK_SET_ZONES_MAX];
};

static struct places *places_new(uint32_t count)
{
    struct places *places = calloc(1, sizeof(*places) + count * sizeof(struct place));
    if (places != NULL) {
        places->count = count;
    }
    return places;
}

/* Index of the first place with that id or a larger one. */
static uint32_t lower_bound(const struct places *places, uint32_t id)
{
    uint32_t low = 0;
    uint32_t high = places->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (places->at[middle].id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool holds(const struct places *places, uint32_t index, uint32_t id)
{
    return index < places->count && places->at[index].id == id;
}

struct deck_set *deck_set_new(struct epoch *epoch)
{
    struct deck_set *set = calloc(1, sizeof(*set));
    struct places *none = places_new(0);
    if (set == NULL || none == NULL) {
        free(set);
        free(none);
        return NULL;
    }
    atomic_init(&set->places, none);
    set->epoch = epoch;
    return set;
}

void deck_set_free(struct deck_set *set)
{
    if (set == NULL) {
        return;
    }
    struct places *places = atomic_load(&set->places);
    for (uint32_t i = 0; i < places->count; i++) {
        places->at[i].release(places->at[i].deck);
    }
    free(places);
    for (uint32_t i = 0; i < atomic_load(&set->zone_count); i++) {
        free((void *)(uintptr_t)set->zones[i]);
    }
    free(set);
}

const struct zone *deck_set_zone(const struct deck_set *set, const char *name)
{
    uint32_t count = atomic_load(&set->zone_count);
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(set->zones[i]->name, name) == 0) {
            return set->zones[i];
        }
    }
    return NULL;
}

bool deck_set_put_zone(struct deck_set *set, const struct zone *zone)
{
    uint32_t count = atomic_load(&set->zone_count);
    if (deck_set_zone(set, zone->name) != NULL) {
        return true;
    }
    struct zone *copy = count == DECK_SET_ZONES_MAX ? NULL : malloc(sizeof(*copy));
    if (copy == NULL) {
        return false;
    }
    *copy = *zone;
    set->zones[count] = copy;
    atomic_store(&set->zone_count, count + 1);
    return true;
}

const struct deck *deck_set_find(const struct deck_set *set, uint32_t id)
{
    const struct places *places = atomic_load(&set->places);
    uint32_t index = lower_bound(places, id);
    return holds(places, index, id) ? places->at[index].deck : NULL;
}

static void release_place(void *object)
{
    struct place *place = object;
    place->release(place->deck);
    free(place);
}

/* Room for the old places and the old deck; asked first, so that nothing is half done. */
static bool has_room_to_retire(struct deck_set *set)
{
    epoch_reclaim(set->epoch);
    return set->epoch->retired_count + 2 <= EPOCH_RETIRED_MAX;
}

static void retire(struct deck_set *set, void *object, void (*free_object)(void *object))
{
    bool is_retired = epoch_retire(set->epoch, object, free_object);
    assert(is_retired);
}

/* Publishes `made`; retires the old places and, if there is one, the old deck. */
static void publish(struct deck_set *set, struct places *made, struct place *replaced)
{
    struct places *old = atomic_exchange(&set->places, made);
    retire(set, old, free);
    if (replaced != NULL) {
        retire(set, replaced, release_place);
    }
}

static struct place *copy_place(const struct place *place)
{
    struct place *copy = malloc(sizeof(*copy));
    if (copy != NULL) {
        *copy = *place;
    }
    return copy;
}

bool deck_set_put(struct deck_set *set, struct deck *deck, void (*release)(struct deck *deck))
{
    const struct places *old = atomic_load(&set->places);
    uint32_t id = deck_id(deck);
    uint32_t index = lower_bound(old, id);
    bool is_replaced = holds(old, index, id);
    if ((!is_replaced && old->count == DECK_SET_MAX) || !has_room_to_retire(set)) {
        return false;
    }
    struct places *made = places_new(old->count + (is_replaced ? 0 : 1));
    struct place *replaced = is_replaced ? copy_place(&old->at[index]) : NULL;
    if (made == NULL || (is_replaced && replaced == NULL)) {
        free(made);
        free(replaced);
        return false;
    }
    uint32_t behind = index + (is_replaced ? 1 : 0);
    memcpy(made->at, old->at, index * sizeof(struct place));
    made->at[index] = (struct place){.id = id, .deck = deck, .release = release};
    memcpy(made->at + index + 1, old->at + behind, (old->count - behind) * sizeof(struct place));
    publish(set, made, replaced);
    return true;
}

void deck_set_remove(struct deck_set *set, uint32_t id)
{
    const struct places *old = atomic_load(&set->places);
    uint32_t index = lower_bound(old, id);
    if (!holds(old, index, id) || !has_room_to_retire(set)) {
        return; /* full: it stays in force until it is removed again */
    }
    struct places *made = places_new(old->count - 1);
    struct place *removed = copy_place(&old->at[index]);
    if (made == NULL || removed == NULL) {
        free(made);
        free(removed);
        return;
    }
    memcpy(made->at, old->at, index * sizeof(struct place));
    memcpy(made->at + index, old->at + index + 1, (old->count - index - 1) * sizeof(struct place));
    publish(set, made, removed);
}
