#include "guard/known.h"

#include <stdatomic.h>
#include <stdlib.h>

#define WAYS 8

struct bucket { /* 16 bytes: never across two cache lines */
    _Alignas(16) _Atomic uint16_t marks[WAYS];
};

struct known_set {
    uint64_t mask; /* buckets - 1 */
    struct bucket *buckets;
};

struct known_set *known_set_new(uint32_t count)
{
    struct known_set *set = calloc(1, sizeof(*set));
    if (set == NULL) {
        return NULL;
    }
    /* Half full at most, so that few buckets overflow. */
    uint64_t bucket_count = 16;
    while (bucket_count * WAYS < (uint64_t)count * 2) {
        bucket_count *= 2;
    }
    set->mask = bucket_count - 1;
    set->buckets = calloc(bucket_count, sizeof(*set->buckets));
    if (set->buckets == NULL) {
        free(set);
        return NULL;
    }
    return set;
}

void known_set_free(struct known_set *set)
{
    if (set != NULL) {
        free(set->buckets);
        free(set);
    }
}

static uint16_t mark_of(uint64_t hash)
{
    return (uint16_t)(hash >> 48 | 1); /* 0 is a free place */
}

bool known_set_has(const struct known_set *set, uint64_t hash)
{
    const struct bucket *bucket = &set->buckets[hash & set->mask];
    for (int i = 0; i < WAYS; i++) {
        if (atomic_load_explicit(&bucket->marks[i], memory_order_relaxed) == mark_of(hash)) {
            return true;
        }
    }
    return false;
}

void known_set_add(struct known_set *set, uint64_t hash)
{
    struct bucket *bucket = &set->buckets[hash & set->mask];
    if (known_set_has(set, hash)) {
        return;
    }
    for (int i = 0; i < WAYS; i++) {
        uint16_t free_mark = 0;
        if (atomic_compare_exchange_strong_explicit(&bucket->marks[i], &free_mark, mark_of(hash),
                                                    memory_order_relaxed, memory_order_relaxed)) {
            return;
        }
    }
    /* Full: some other goes. Bits that chose neither bucket nor mark choose it. */
    atomic_store_explicit(&bucket->marks[hash >> 45 & (WAYS - 1)], mark_of(hash),
                          memory_order_relaxed);
}
