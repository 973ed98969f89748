#include "guard/known.h"

#include <stdatomic.h>
#include <stdlib.h>

#define WAYS 8
#define FIRST_SIZE 512 /* buckets of the first part: two pages */

struct bucket { /* 16 bytes: never across two cache lines */
    _Alignas(16) _Atomic uint16_t marks[WAYS];
};

/* Parts of doubling size, filled one after another: few marks touch little memory. */
struct known_set {
    uint32_t part_max;
    _Atomic uint32_t part;  /* takes new marks; those before it are half full */
    _Atomic uint32_t count; /* marks in it, nearly: threads add without a lock */
    struct bucket *buckets; /* of all parts, the smallest first */
};

static uint64_t part_size(uint32_t part) /* in buckets */
{
    return (uint64_t)FIRST_SIZE << part;
}

struct known_set *known_set_new(uint32_t count)
{
    struct known_set *set = calloc(1, sizeof(*set));
    if (set == NULL) {
        return NULL;
    }
    /* Half full at most, so that few buckets overflow. All parts together are twice the last. */
    while (part_size(set->part_max) * WAYS < count) {
        set->part_max++;
    }
    set->buckets = calloc(part_size(set->part_max + 1) - FIRST_SIZE, sizeof(*set->buckets));
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

static struct bucket *bucket_of(const struct known_set *set, uint32_t part, uint64_t hash)
{
    uint64_t size = part_size(part);
    return &set->buckets[size - FIRST_SIZE + (hash & (size - 1))];
}

static uint16_t mark_of(uint64_t hash)
{
    uint16_t mark = (uint16_t)(hash >> 48);
    return mark == 0 ? 1 : mark; /* 0 is a free place */
}

static bool has_mark(const struct bucket *bucket, uint16_t mark)
{
    for (int i = 0; i < WAYS; i++) {
        if (atomic_load_explicit(&bucket->marks[i], memory_order_relaxed) == mark) {
            return true;
        }
    }
    return false;
}

bool known_set_has(const struct known_set *set, uint64_t hash)
{
    uint32_t part = atomic_load_explicit(&set->part, memory_order_relaxed);
    uint16_t mark = mark_of(hash);
    while (!has_mark(bucket_of(set, part, hash), mark)) {
        if (part == 0) {
            return false;
        }
        part--; /* the larger ones hold more: they were looked at first */
    }
    return true;
}

/* Two threads that fill a part together move on by one. */
static void count_mark(struct known_set *set, uint32_t part)
{
    uint32_t count = atomic_fetch_add_explicit(&set->count, 1, memory_order_relaxed) + 1;
    if (part < set->part_max && count >= part_size(part) * WAYS / 2 &&
        atomic_compare_exchange_strong(&set->part, &part, part + 1)) {
        atomic_store_explicit(&set->count, 0, memory_order_relaxed);
    }
}

void known_set_add(struct known_set *set, uint64_t hash)
{
    if (known_set_has(set, hash)) {
        return;
    }
    uint32_t part = atomic_load_explicit(&set->part, memory_order_relaxed);
    struct bucket *bucket = bucket_of(set, part, hash);
    for (int i = 0; i < WAYS; i++) {
        uint16_t free_mark = 0;
        if (atomic_compare_exchange_strong_explicit(&bucket->marks[i], &free_mark, mark_of(hash),
                                                    memory_order_relaxed, memory_order_relaxed)) {
            count_mark(set, part);
            return;
        }
    }
    /* Full: some other goes. Bits that chose neither bucket nor mark choose it. */
    atomic_store_explicit(&bucket->marks[hash >> 45 & (WAYS - 1)], mark_of(hash),
                          memory_order_relaxed);
}
