/* arena.h - memory for one message or request: taken piece by piece, dropped whole. */
#ifndef DT_BASE_ARENA_H
#define DT_BASE_ARENA_H

#include "base/slice.h"

#include <stddef.h>

struct arena { /* the caller owns the block */
    char *block;
    size_t block_size;
    size_t used_size;
};

void arena_init(struct arena *arena, void *block, size_t block_size);
void arena_reset(struct arena *arena);

/* Zeroed, aligned to 16; NULL when the block is full (an answer, not a growth). */
void *arena_take(struct arena *arena, size_t size);

/* A copy that lives in the arena; the empty slice with data NULL when it does not fit. */
struct slice arena_copy(struct arena *arena, struct slice s);

#endif
