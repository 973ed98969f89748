/* slab.h - objects of one type, a fixed number of them, found by index.
 *
 * The memory is reserved at init and touched only as objects are taken, so a large capacity costs
 * little until used. Each slot has a generation that changes when it is given back: an index kept
 * with its generation tells a reused slot from the old object. Not thread-safe.
 */
#ifndef DT_BASE_SLAB_H
#define DT_BASE_SLAB_H

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLAB_NONE UINT32_MAX

struct slab {
    char *objects;
    uint32_t *generations; /* odd: taken; even: free */
    uint32_t *next_free;
    size_t object_size; /* rounded up to 16 */
    uint32_t count_max;
    uint32_t count;
    uint32_t used_max;   /* slots ever taken */
    uint32_t first_free; /* SLAB_NONE: none was given back */
};

MUST_CHECK bool slab_init(struct slab *slab, size_t object_size, uint32_t count_max);
void slab_done(struct slab *slab);

void *slab_take(struct slab *slab, uint32_t *index); /* zeroed; NULL: full, *index untouched */
void slab_give(struct slab *slab, uint32_t index);
void *slab_at(const struct slab *slab, uint32_t index); /* NULL: that slot is free */
uint32_t slab_generation(const struct slab *slab, uint32_t index);
void *slab_at_generation(const struct slab *slab, uint32_t index, uint32_t generation);

/* Walk: index of the first taken slot at or after `from`, or SLAB_NONE. */
uint32_t slab_next(const struct slab *slab, uint32_t from);

#endif
