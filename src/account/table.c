#include "account/table.h"

#include "base/hash.h"
#include "base/pages.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define STRIPE_BITS 6
#define STRIPE_SPARE 512 /* rows do not spread evenly; memory that is not touched costs nothing */

struct table_stored { /* one allocation a row */
    uint64_t id;
    uint16_t key_size;
    uint16_t row_size;
    char bytes[]; /* the key, then the encoded row */
};

_Static_assert(TABLE_STRIPE_COUNT == 1 << STRIPE_BITS, "a place keeps the stripe in its low bits");

/* Where a row is, as one value of the map by id. */
static uint32_t place_of(uint32_t stripe, uint32_t index)
{
    return index << STRIPE_BITS | stripe;
}

static uint64_t key_hash(const struct table *table, struct slice key)
{
    return hash_slice(table->hash_seed, key);
}

static uint64_t id_hash(const struct table *table, uint64_t id)
{
    return hash_u64(table->hash_seed, id);
}

/* The high bits: the map inside a stripe uses the low ones. */
static uint32_t stripe_of(uint64_t hash)
{
    return (uint32_t)(hash >> (64 - STRIPE_BITS));
}

/* NULL: that place is free. */
static struct table_stored *stored_at(const struct table_stripe *stripe, uint32_t index)
{
    const union table_row *row = &stripe->rows[index];
    return (row->next_free & 1) != 0 ? NULL : row->stored;
}

static uint32_t place_take(struct table_stripe *stripe)
{
    uint32_t index = stripe->first_free;
    if (index != TABLE_NO_ROW) {
        stripe->first_free = (uint32_t)(stripe->rows[index].next_free >> 1);
        return index;
    }
    return stripe->used_max < stripe->row_count_max ? stripe->used_max++ : TABLE_NO_ROW;
}

static void place_give(struct table_stripe *stripe, uint32_t index)
{
    stripe->rows[index].next_free = (uintptr_t)stripe->first_free << 1 | 1;
    stripe->first_free = index;
}

static struct slice stored_key(const struct table_stored *stored)
{
    return slice_make(stored->bytes, stored->key_size);
}

static struct slice stored_row(const struct table_stored *stored)
{
    return slice_make(stored->bytes + stored->key_size, stored->row_size);
}

static uint32_t find_key(const struct table_stripe *stripe, uint64_t hash, struct slice key)
{
    struct map_cursor cursor;
    for (uint32_t i = map_first(&stripe->by_key, hash, &cursor); i != MAP_NONE;
         i = map_next(&stripe->by_key, &cursor)) {
        if (slice_equal(stored_key(stored_at(stripe, i)), key)) {
            return i;
        }
    }
    return MAP_NONE;
}

/* Place of the row with this id; MAP_NONE: none. */
static uint32_t find_id(const struct table *table, uint64_t id)
{
    struct map_cursor cursor;
    for (uint32_t place = map_first(&table->by_id, id_hash(table, id), &cursor); place != MAP_NONE;
         place = map_next(&table->by_id, &cursor)) {
        const struct table_stripe *stripe = &table->stripes[place % TABLE_STRIPE_COUNT];
        if (stored_at(stripe, place >> STRIPE_BITS)->id == id) {
            return place;
        }
    }
    return MAP_NONE;
}

bool table_init(struct table *table, uint32_t count_max, uint64_t hash_seed)
{
    *table = (struct table){.hash_seed = hash_seed, .count_max = count_max};
    if (count_max >= UINT32_MAX >> (STRIPE_BITS + 1)) {
        return false;
    }
    uint32_t share = count_max / TABLE_STRIPE_COUNT;
    uint32_t stripe_max = share + share / 4 + STRIPE_SPARE;
    bool is_ok = map_init(&table->by_id, (size_t)count_max + 1);
    for (int i = 0; i < TABLE_STRIPE_COUNT; i++) {
        struct table_stripe *stripe = &table->stripes[i];
        pthread_mutex_init(&stripe->lock, NULL);
        stripe->first_free = TABLE_NO_ROW;
        stripe->row_count_max = stripe_max;
        stripe->rows = pages_take(stripe_max * sizeof(*stripe->rows));
        is_ok = map_init(&stripe->by_key, stripe_max) && stripe->rows != NULL && is_ok;
    }
    if (!is_ok) {
        table_done(table);
    }
    return is_ok;
}

void table_done(struct table *table)
{
    for (int i = 0; i < TABLE_STRIPE_COUNT; i++) {
        struct table_stripe *stripe = &table->stripes[i];
        for (uint32_t at = 0; stripe->rows != NULL && at < stripe->used_max; at++) {
            free(stored_at(stripe, at));
        }
        pages_give(stripe->rows, stripe->row_count_max * sizeof(*stripe->rows));
        stripe->rows = NULL;
        map_done(&stripe->by_key);
        pthread_mutex_destroy(&stripe->lock);
    }
    map_done(&table->by_id);
}

struct tri table_get(struct table *table, struct slice key, table_decode decode, void *row)
{
    uint64_t hash = key_hash(table, key);
    struct table_stripe *stripe = &table->stripes[stripe_of(hash)];
    enum tri_is is = TRI_ABSENT;
    pthread_mutex_lock(&stripe->lock);
    uint32_t index = find_key(stripe, hash, key);
    if (index != MAP_NONE) {
        struct wire_reader reader = {.rest = stored_row(stored_at(stripe, index))};
        bool is_whole = decode(&reader, row);
        assert(is_whole); /* we encoded it */
        is = TRI_PRESENT;
    }
    pthread_mutex_unlock(&stripe->lock);
    return (struct tri){is};
}

static struct table_stored *stored_new(uint64_t id, struct slice key, struct slice encoded)
{
    assert(key.size <= UINT16_MAX && encoded.size <= UINT16_MAX);
    struct table_stored *stored = malloc(sizeof(*stored) + key.size + encoded.size);
    if (stored == NULL) {
        return NULL;
    }
    *stored = (struct table_stored){
        .id = id, .key_size = (uint16_t)key.size, .row_size = (uint16_t)encoded.size};
    memcpy(stored->bytes, key.data, key.size);
    memcpy(stored->bytes + key.size, encoded.data, encoded.size);
    return stored;
}

static void remove_place(struct table *table, uint32_t place)
{
    struct table_stripe *stripe = &table->stripes[place % TABLE_STRIPE_COUNT];
    uint32_t index = place >> STRIPE_BITS;
    struct table_stored *stored = stored_at(stripe, index);
    map_remove(&table->by_id, id_hash(table, stored->id), place);
    pthread_mutex_lock(&stripe->lock);
    map_remove(&stripe->by_key, key_hash(table, stored_key(stored)), index);
    place_give(stripe, index);
    pthread_mutex_unlock(&stripe->lock);
    free(stored);
    atomic_fetch_sub(&table->count, 1);
}

/* The key stays: readers see the old row or the new one. */
static void replace_stored(struct table *table, uint32_t place, struct table_stored *stored)
{
    struct table_stripe *stripe = &table->stripes[place % TABLE_STRIPE_COUNT];
    union table_row *row = &stripe->rows[place >> STRIPE_BITS];
    struct table_stored *old = row->stored;
    pthread_mutex_lock(&stripe->lock);
    row->stored = stored;
    pthread_mutex_unlock(&stripe->lock);
    if (old->id != stored->id) {
        map_remove(&table->by_id, id_hash(table, old->id), place);
        bool is_added = map_add(&table->by_id, id_hash(table, stored->id), place);
        assert(is_added);
    }
    free(old);
}

static bool add_stored(struct table *table, uint64_t hash, struct table_stored *stored)
{
    struct table_stripe *stripe = &table->stripes[stripe_of(hash)];
    pthread_mutex_lock(&stripe->lock);
    uint32_t index = place_take(stripe);
    bool is_added = index != TABLE_NO_ROW;
    if (is_added) {
        stripe->rows[index].stored = stored;
        is_added = map_add(&stripe->by_key, hash, index);
        assert(is_added); /* as many places as there are for rows */
    }
    pthread_mutex_unlock(&stripe->lock);
    if (!is_added) {
        return false;
    }
    bool is_indexed =
        map_add(&table->by_id, id_hash(table, stored->id), place_of(stripe_of(hash), index));
    assert(is_indexed); /* it has one place more than count_max */
    atomic_fetch_add(&table->count, 1);
    return true;
}

bool table_put(struct table *table, uint64_t id, struct slice key, struct slice encoded)
{
    uint64_t hash = key_hash(table, key);
    uint32_t stripe = stripe_of(hash);
    uint32_t by_id = find_id(table, id);
    uint32_t index = find_key(&table->stripes[stripe], hash, key);
    if (by_id == MAP_NONE && index == MAP_NONE && atomic_load(&table->count) >= table->count_max) {
        return false;
    }
    struct table_stored *stored = stored_new(id, key, encoded);
    if (stored == NULL) {
        return false;
    }
    bool has_key = index != MAP_NONE;
    uint32_t by_key = has_key ? place_of(stripe, index) : MAP_NONE;
    if (has_key && by_id != MAP_NONE && by_id != by_key) {
        /* Two rows become one: first the old row of this id, so that its id is free. */
        remove_place(table, by_id);
        by_id = MAP_NONE;
    }
    if (has_key) {
        replace_stored(table, by_key, stored);
        return true;
    }
    if (!add_stored(table, hash, stored)) {
        free(stored);
        return false;
    }
    if (by_id != MAP_NONE) {
        remove_place(table, by_id); /* the old key, only after the new one is there */
    }
    return true;
}

void table_remove(struct table *table, uint64_t id)
{
    uint32_t place = find_id(table, id);
    if (place != MAP_NONE) {
        remove_place(table, place);
    }
}

void table_each(const struct table *table, bool (*each)(void *ctx, struct slice encoded), void *ctx)
{
    for (int i = 0; i < TABLE_STRIPE_COUNT; i++) {
        const struct table_stripe *stripe = &table->stripes[i];
        for (uint32_t at = 0; at < stripe->used_max; at++) {
            const struct table_stored *stored = stored_at(stripe, at);
            if (stored != NULL && !each(ctx, stored_row(stored))) {
                return;
            }
        }
    }
}
