#include "base/slab.h"

#include "base/pages.h"

#include <assert.h>
#include <string.h>

#define OBJECT_ALIGNMENT 16

static bool is_taken(const struct slab *slab, uint32_t index)
{
    return index < slab->used_max && (slab->generations[index] & 1) != 0;
}

static void *object(const struct slab *slab, uint32_t index)
{
    return slab->objects + (size_t)index * slab->object_size;
}

bool slab_init(struct slab *slab, size_t object_size, uint32_t count_max)
{
    assert(count_max < SLAB_NONE);
    size_t rounded = (object_size + OBJECT_ALIGNMENT - 1) & ~(size_t)(OBJECT_ALIGNMENT - 1);
    *slab = (struct slab){.object_size = rounded, .count_max = count_max, .first_free = SLAB_NONE};
    size_t objects_size = 0;
    if (rounded < object_size || __builtin_mul_overflow(rounded, count_max, &objects_size)) {
        return false;
    }
    slab->objects = pages_take(objects_size);
    slab->generations = pages_take(count_max * sizeof(*slab->generations));
    slab->next_free = pages_take(count_max * sizeof(*slab->next_free));
    if (slab->objects == NULL || slab->generations == NULL || slab->next_free == NULL) {
        slab_done(slab);
        return false;
    }
    return true;
}

void slab_done(struct slab *slab)
{
    if (slab == NULL) {
        return;
    }
    pages_give(slab->objects, slab->object_size * slab->count_max);
    pages_give(slab->generations, slab->count_max * sizeof(*slab->generations));
    pages_give(slab->next_free, slab->count_max * sizeof(*slab->next_free));
    *slab = (struct slab){.first_free = SLAB_NONE};
}

void *slab_take(struct slab *slab, uint32_t *index)
{
    uint32_t taken = slab->first_free;
    if (taken != SLAB_NONE) {
        slab->first_free = slab->next_free[taken];
        memset(object(slab, taken), 0, slab->object_size);
    } else if (slab->used_max < slab->count_max) {
        taken = slab->used_max++; /* never taken before: the kernel's page is zero */
    } else {
        return NULL;
    }
    slab->generations[taken]++;
    slab->count++;
    *index = taken;
    return object(slab, taken);
}

void slab_give(struct slab *slab, uint32_t index)
{
    assert(is_taken(slab, index));
    slab->generations[index]++;
    slab->next_free[index] = slab->first_free;
    slab->first_free = index;
    slab->count--;
}

void *slab_at(const struct slab *slab, uint32_t index)
{
    return is_taken(slab, index) ? object(slab, index) : NULL;
}

uint32_t slab_generation(const struct slab *slab, uint32_t index)
{
    return index < slab->used_max ? slab->generations[index] : 0;
}

void *slab_at_generation(const struct slab *slab, uint32_t index, uint32_t generation)
{
    return slab_generation(slab, index) == generation ? slab_at(slab, index) : NULL;
}

uint32_t slab_next(const struct slab *slab, uint32_t from)
{
    for (uint32_t index = from; index < slab->used_max; index++) {
        if (is_taken(slab, index)) {
            return index;
        }
    }
    return SLAB_NONE;
}
