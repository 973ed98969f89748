#include "base/map.h"

#include "base/pages.h"

#include <assert.h>

#define SLOTS_MIN 8
#define SLOTS_FIRST 256 /* one page */
#define NOT_FOUND SIZE_MAX

static uint64_t stored_hash(uint64_t hash)
{
    return hash == 0 ? 1 : hash;
}

/* Mixed first: callers fix some bits of their hashes, and choose a shard by others. */
static size_t home(const struct map *map, uint64_t hash)
{
    return (size_t)(hash * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (map->slot_count - 1);
}

static size_t after(const struct map *map, size_t at)
{
    return (at + 1) & (map->slot_count - 1);
}

bool map_init(struct map *map, size_t count_max)
{
    *map = (struct map){.count_max = count_max, .slot_count_max = SLOTS_MIN};
    if (count_max > UINT32_MAX) { /* so many values there are */
        return false;
    }
    /* At most two thirds full: runs stay short, and every walk meets a free slot. */
    while (map->slot_count_max < count_max + count_max / 2 + 1) {
        map->slot_count_max *= 2;
    }
    map->slot_count = map->slot_count_max < SLOTS_FIRST ? map->slot_count_max : SLOTS_FIRST;
    map->slots = pages_take(map->slot_count_max * sizeof(struct map_slot));
    return map->slots != NULL;
}

void map_done(struct map *map)
{
    if (map == NULL) {
        return;
    }
    pages_give(map->slots, map->slot_count_max * sizeof(struct map_slot));
    *map = (struct map){0};
}

/* The value in the first slot of this hash at or after cursor->at; the cursor moves behind it. */
static uint32_t walk(const struct map *map, struct map_cursor *cursor)
{
    for (size_t at = cursor->at; map->slots[at].hash != 0; at = after(map, at)) {
        if (map->slots[at].hash == cursor->hash) {
            cursor->at = after(map, at);
            return map->slots[at].value;
        }
    }
    return MAP_NONE;
}

uint32_t map_first(const struct map *map, uint64_t hash, struct map_cursor *cursor)
{
    hash = stored_hash(hash);
    *cursor = (struct map_cursor){.hash = hash, .at = home(map, hash)};
    return walk(map, cursor);
}

uint32_t map_next(const struct map *map, struct map_cursor *cursor)
{
    return walk(map, cursor);
}

static size_t find(const struct map *map, uint64_t hash, uint32_t value)
{
    for (size_t at = home(map, hash); map->slots[at].hash != 0; at = after(map, at)) {
        if (map->slots[at].hash == hash && map->slots[at].value == value) {
            return at;
        }
    }
    return NOT_FOUND;
}

static void place(struct map *map, struct map_slot slot)
{
    size_t at = home(map, slot.hash);
    while (map->slots[at].hash != 0) {
        at = after(map, at);
    }
    map->slots[at] = slot;
}

/* Twice the slots, in place: a home stays or moves up by the old count. Slots are emptied and put
 * back one after another, from behind a free one, so that none is put behind a slot that is still
 * to be emptied; what wraps around to the front of those is met, and put back, once more. */
static void grow(struct map *map)
{
    size_t old_count = map->slot_count;
    size_t start = 0;
    while (map->slots[start].hash != 0) {
        start++;
    }
    map->slot_count *= 2;
    for (size_t i = 1; i <= old_count; i++) {
        struct map_slot *slot = &map->slots[(start + i) & (old_count - 1)];
        struct map_slot moved = *slot;
        if (moved.hash != 0) {
            *slot = (struct map_slot){0};
            place(map, moved);
        }
    }
}

bool map_add(struct map *map, uint64_t hash, uint32_t value)
{
    assert(value != MAP_NONE);
    if (map->count >= map->count_max) {
        return false;
    }
    if (map->slot_count < map->slot_count_max && map->count >= map->slot_count / 3 * 2) {
        grow(map);
    }
    place(map, (struct map_slot){.hash = stored_hash(hash), .value = value});
    map->count++;
    return true;
}

/* Followers of the run that may stand nearer to their home move up, so that no run has a hole. */
static void close_hole(struct map *map, size_t hole)
{
    size_t mask = map->slot_count - 1;
    for (size_t at = after(map, hole); map->slots[at].hash != 0; at = after(map, at)) {
        size_t distance = (at - home(map, map->slots[at].hash)) & mask;
        if (distance >= ((at - hole) & mask)) {
            map->slots[hole] = map->slots[at];
            hole = at;
        }
    }
    map->slots[hole] = (struct map_slot){0};
}

bool map_remove(struct map *map, uint64_t hash, uint32_t value)
{
    size_t at = find(map, stored_hash(hash), value);
    if (at == NOT_FOUND) {
        return false;
    }
    close_hole(map, at);
    map->count--;
    return true;
}

bool map_replace(struct map *map, uint64_t hash, uint32_t from, uint32_t to)
{
    assert(to != MAP_NONE);
    size_t at = find(map, stored_hash(hash), from);
    if (at == NOT_FOUND) {
        return false;
    }
    map->slots[at].value = to;
    return true;
}

uint32_t map_each(const struct map *map, size_t *at)
{
    while (*at < map->slot_count) {
        const struct map_slot *slot = &map->slots[(*at)++];
        if (slot->hash != 0) {
            return slot->value;
        }
    }
    return MAP_NONE;
}
