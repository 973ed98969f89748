/* pool.h - blocks of a few sizes for bytes that outlive one message: packets to repeat, texts of a
 * call. Freed blocks are kept by size and used again; a ceiling on the total makes a full pool an
 * answer instead of a growth. One thread.
 */
#ifndef DT_BASE_POOL_H
#define DT_BASE_POOL_H

#include "base/slice.h"

struct pool_block {
    struct pool_block *next;
    uint32_t class_index;
    uint32_t size; /* bytes in use */
    char data[];
};

struct pool {
    struct pool_block *free_blocks[32];
    uint64_t memory_size, memory_max;
    void *chunks;
    char *chunk_at;
    size_t chunk_left;
};

void pool_init(struct pool *pool, uint64_t memory_max);
void pool_done(struct pool *pool);
struct pool_block *pool_take(struct pool *pool, size_t size); /* NULL: full */
struct pool_block *pool_copy(struct pool *pool, struct slice s);
void pool_give(struct pool *pool, struct pool_block *block); /* NULL is fine */
struct slice pool_slice(const struct pool_block *block);     /* empty for NULL */

#endif
