/* map.h - an index from a 64-bit hash to a 32-bit value (a slab index, say).
 *
 * Open addressing, linear probing, backward-shift deletion. Several values may share one hash: the
 * caller compares keys. Capacity is fixed at init; the part of it that is in use doubles with the
 * count, so that few values lie close together (1 ms for 100,000 of them, once).
 */
#ifndef DT_BASE_MAP_H
#define DT_BASE_MAP_H

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAP_NONE UINT32_MAX

struct map_slot {
    uint64_t hash; /* 0: free; a hash of 0 is stored as 1 */
    uint32_t value;
};

struct map {
    struct map_slot *slots;
    size_t slot_count;     /* in use; power of two */
    size_t slot_count_max; /* set aside */
    size_t count;
    size_t count_max;
};

struct map_cursor { /* a walk over the values of one hash */
    uint64_t hash;
    size_t at;
};

MUST_CHECK bool map_init(struct map *map, size_t count_max); /* false: no memory */
void map_done(struct map *map);

/* Values of one hash, one after another; MAP_NONE: no more. The map must not change meanwhile.
 *     for (uint32_t v = map_first(m, h, &c); v != MAP_NONE; v = map_next(m, &c)) */
uint32_t map_first(const struct map *map, uint64_t hash, struct map_cursor *cursor);
uint32_t map_next(const struct map *map, struct map_cursor *cursor);

MUST_CHECK bool map_add(struct map *map, uint64_t hash, uint32_t value);      /* false: full */
bool map_remove(struct map *map, uint64_t hash, uint32_t value);              /* false: not there */
bool map_replace(struct map *map, uint64_t hash, uint32_t from, uint32_t to); /* false: not there */

/* Every value, in slot order: start with *at = 0; MAP_NONE at the end. */
uint32_t map_each(const struct map *map, size_t *at);

#endif
