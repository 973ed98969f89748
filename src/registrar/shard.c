#include "registrar/shard.h"

#include "base/hash.h"
#include "base/pages.h"

#include <assert.h>
#include <stdlib.h>

#define SECOND_US INT64_C(1000000)
#define CONNECTION_SEED 0x636f6e6e /* the ids are ours: nobody outside chooses them */

bool shard_init(struct shard *shard, uint32_t slot_max)
{
    *shard = (struct shard){.slot_max = slot_max, .first_free = SHARD_NONE};
    pthread_mutex_init(&shard->lock, NULL);
    for (int i = 0; i < SHARD_BUCKETS; i++) {
        shard->buckets[i] = SHARD_NONE;
    }
    shard->slots = pages_take(slot_max * sizeof(*shard->slots));
    return shard->slots != NULL && map_init(&shard->by_user, slot_max) &&
           map_init(&shard->by_connection, (size_t)slot_max * 2);
}

void shard_done(struct shard *shard)
{
    for (uint32_t i = 0; shard->slots != NULL && i < shard->slot_used; i++) {
        free(shard->slots[i].aor);
    }
    pages_give(shard->slots, shard->slot_max * sizeof(*shard->slots));
    map_done(&shard->by_user);
    map_done(&shard->by_connection);
    pthread_mutex_destroy(&shard->lock);
}

void shard_tell_time(struct shard *shard, struct reg_now now)
{
    shard->wall_offset_us = now.wall_us - now.mono_us;
    if (!shard->is_started) {
        shard->is_started = true;
        shard->swept_s = now.mono_us / SECOND_US - 1;
    }
}

size_t shard_block_cost(size_t block_size)
{
    /* glibc: 8 bytes before each block, sizes in steps of 16, at least 32. */
    size_t cost = (block_size + 8 + 15) & ~(size_t)15;
    return cost < 32 ? 32 : cost;
}

uint32_t shard_find(const struct shard *shard, uint64_t user_hash, struct slice user)
{
    struct map_cursor cursor;
    for (uint32_t index = map_first(&shard->by_user, user_hash, &cursor); index != MAP_NONE;
         index = map_next(&shard->by_user, &cursor)) {
        if (slice_equal(aor_user(shard->slots[index].aor), user)) {
            return index;
        }
    }
    return SHARD_NONE;
}

uint64_t shard_connection_hash(uint64_t connection)
{
    return hash_u64(CONNECTION_SEED, connection);
}

bool shard_has_room(const struct shard *shard)
{
    return shard->by_user.count < shard->slot_max;
}

static uint32_t slot_take(struct shard *shard)
{
    uint32_t index = shard->first_free;
    if (index != SHARD_NONE) {
        shard->first_free = shard->slots[index].next;
    } else {
        assert(shard->slot_used < shard->slot_max);
        index = shard->slot_used++;
    }
    shard->slots[index] = (struct slot){.bucket = SHARD_NONE};
    return index;
}

/* A connection that does not fit into the index is only found dead when somebody sends on it. */
static void index_connections(struct shard *shard, uint32_t index, bool is_adding)
{
    struct aor *aor = shard->slots[index].aor;
    struct binding *binding = aor_first(aor);
    for (int i = 0; i < aor->binding_count; i++) {
        if (binding->flow.connection != 0) {
            uint64_t hash = shard_connection_hash(binding->flow.connection);
            bool is_done = is_adding ? map_add(&shard->by_connection, hash, index)
                                     : map_remove(&shard->by_connection, hash, index);
            (void)is_done;
        }
        binding = binding_next(binding);
    }
}

static void block_count(struct shard *shard, const struct aor *aor, bool is_adding)
{
    uint64_t cost = shard_block_cost(aor->block_size);
    if (is_adding) {
        shard->block_size += cost;
        shard->binding_count += aor->binding_count;
        shard->aor_count += aor->binding_count > 0;
    } else {
        shard->block_size -= cost;
        shard->binding_count -= aor->binding_count;
        shard->aor_count -= aor->binding_count > 0;
    }
}

static void block_drop(struct shard *shard, uint32_t index)
{
    struct slot *slot = &shard->slots[index];
    index_connections(shard, index, false);
    block_count(shard, slot->aor, false);
    free(slot->aor);
    slot->aor = NULL;
}

static void bucket_leave(struct shard *shard, uint32_t index)
{
    struct slot *slot = &shard->slots[index];
    if (slot->bucket == SHARD_NONE) {
        return;
    }
    if (slot->previous == SHARD_NONE) {
        shard->buckets[slot->bucket] = slot->next;
    } else {
        shard->slots[slot->previous].next = slot->next;
    }
    if (slot->next != SHARD_NONE) {
        shard->slots[slot->next].previous = slot->previous;
    }
    slot->bucket = SHARD_NONE;
}

void shard_file(struct shard *shard, uint32_t index, int64_t due_us)
{
    int64_t due_s = due_us / SECOND_US + (due_us % SECOND_US > 0);
    int64_t first_s = shard->swept_s + 1;
    int64_t last_s = shard->swept_s + SHARD_BUCKETS - 1;
    due_s = due_s < first_s ? first_s : due_s > last_s ? last_s : due_s;
    uint32_t bucket = (uint32_t)((uint64_t)due_s % SHARD_BUCKETS);
    struct slot *slot = &shard->slots[index];
    if (slot->bucket == bucket) {
        return;
    }
    bucket_leave(shard, index);
    slot->bucket = bucket;
    slot->previous = SHARD_NONE;
    slot->next = shard->buckets[bucket];
    if (slot->next != SHARD_NONE) {
        shard->slots[slot->next].previous = index;
    }
    shard->buckets[bucket] = index;
}

uint32_t shard_put(struct shard *shard, uint32_t index, struct aor *aor, int64_t due_us)
{
    if (index == SHARD_NONE) {
        index = slot_take(shard);
        bool is_added = map_add(&shard->by_user, aor->user_hash, index);
        assert(is_added);
    } else {
        block_drop(shard, index);
    }
    shard->slots[index].aor = aor;
    block_count(shard, aor, true);
    index_connections(shard, index, true);
    shard_file(shard, index, due_us);
    return index;
}

void shard_drop(struct shard *shard, uint32_t index)
{
    struct slot *slot = &shard->slots[index];
    bool is_removed = map_remove(&shard->by_user, slot->aor->user_hash, index);
    assert(is_removed);
    bucket_leave(shard, index);
    block_drop(shard, index);
    slot->next = shard->first_free;
    shard->first_free = index;
}

uint32_t shard_sweep(struct shard *shard, int64_t now_us)
{
    int64_t now_s = now_us / SECOND_US;
    if (!shard->is_started) {
        return SHARD_NONE;
    }
    if (now_s - shard->swept_s > SHARD_BUCKETS) {
        shard->swept_s = now_s - SHARD_BUCKETS; /* each bucket once is enough */
    }
    while (shard->swept_s < now_s) {
        uint64_t bucket = (uint64_t)(shard->swept_s + 1) % SHARD_BUCKETS;
        uint32_t index = shard->buckets[bucket];
        if (index != SHARD_NONE) {
            bucket_leave(shard, index);
            return index;
        }
        shard->swept_s++;
    }
    return SHARD_NONE;
}

int64_t shard_next_us(const struct shard *shard, int64_t until_us)
{
    if (shard->by_user.count == 0) {
        return INT64_MAX;
    }
    int64_t until_s = until_us / SECOND_US + 1;
    int64_t last_s = shard->swept_s + SHARD_BUCKETS;
    last_s = last_s < until_s ? last_s : until_s;
    for (int64_t s = shard->swept_s + 1; s < last_s; s++) {
        if (shard->buckets[(uint64_t)s % SHARD_BUCKETS] != SHARD_NONE) {
            return s * SECOND_US;
        }
    }
    return INT64_MAX;
}
