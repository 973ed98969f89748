#include "base/arena.h"

#include <string.h>

#define ARENA_ALIGNMENT 16

void arena_init(struct arena *arena, void *block, size_t block_size)
{
    *arena = (struct arena){.block = block, .block_size = block_size};
}

void arena_reset(struct arena *arena)
{
    arena->used_size = 0;
}

void *arena_take(struct arena *arena, size_t size)
{
    size_t left = arena->block_size - arena->used_size;
    /* The address is aligned, not the offset: the caller's block may start anywhere. */
    uintptr_t at = (uintptr_t)(arena->block + arena->used_size);
    size_t pad = (size_t)(-at & (ARENA_ALIGNMENT - 1));
    if (pad > left || size > left - pad) {
        return NULL;
    }
    char *taken = arena->block + arena->used_size + pad;
    arena->used_size += pad + size;
    return memset(taken, 0, size);
}

struct slice arena_copy(struct arena *arena, struct slice s)
{
    if (s.size > arena->block_size - arena->used_size) {
        return (struct slice){NULL, 0};
    }
    char *taken = arena->block + arena->used_size;
    arena->used_size += s.size;
    if (s.size > 0) {
        memcpy(taken, s.data, s.size);
    }
    return (struct slice){taken, s.size};
}
