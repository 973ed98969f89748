#include "base/pool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE ((size_t)1 << 18)
#define SMALLEST ((size_t)64)
#define CLASS_COUNT 21u /* 64, 96, 128, 192, ... 65536 */

struct chunk {
    struct chunk *next;
    char data[];
};

static size_t class_size(uint32_t class_index)
{
    size_t size = SMALLEST << (class_index / 2);
    return class_index % 2 == 0 ? size : size + size / 2;
}

static uint32_t class_for(size_t size)
{
    uint32_t class_index = 0;
    while (class_index < CLASS_COUNT && class_size(class_index) < size) {
        class_index++;
    }
    return class_index;
}

void pool_init(struct pool *pool, uint64_t memory_max)
{
    memset(pool, 0, sizeof(*pool));
    pool->memory_max = memory_max;
}

void pool_done(struct pool *pool)
{
    struct chunk *chunk = pool->chunks;
    while (chunk != NULL) {
        struct chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    memset(pool, 0, sizeof(*pool));
}

static char *carve(struct pool *pool, size_t size)
{
    if (pool->chunk_left < size) {
        if (pool->memory_size + CHUNK_SIZE > pool->memory_max) {
            return NULL;
        }
        struct chunk *chunk = malloc(sizeof(*chunk) + CHUNK_SIZE);
        if (chunk == NULL) {
            return NULL;
        }
        chunk->next = pool->chunks;
        pool->chunks = chunk;
        pool->chunk_at = chunk->data;
        pool->chunk_left = CHUNK_SIZE;
        pool->memory_size += CHUNK_SIZE;
    }
    char *at = pool->chunk_at;
    pool->chunk_at += size;
    pool->chunk_left -= size;
    return at;
}

struct pool_block *pool_take(struct pool *pool, size_t size)
{
    size_t whole = size + sizeof(struct pool_block);
    uint32_t class_index = class_for(whole);
    if (class_index >= CLASS_COUNT) {
        return NULL;
    }
    struct pool_block *block = pool->free_blocks[class_index];
    if (block != NULL) {
        pool->free_blocks[class_index] = block->next;
    } else {
        block = (struct pool_block *)(void *)carve(pool, class_size(class_index));
        if (block == NULL) {
            return NULL;
        }
        block->class_index = class_index;
    }
    block->next = NULL;
    block->size = (uint32_t)size;
    return block;
}

struct pool_block *pool_copy(struct pool *pool, struct slice s)
{
    struct pool_block *block = pool_take(pool, s.size);
    if (block != NULL && s.size > 0) {
        memcpy(block->data, s.data, s.size);
    }
    return block;
}

void pool_give(struct pool *pool, struct pool_block *block)
{
    if (block == NULL) {
        return;
    }
    assert(block->class_index < CLASS_COUNT);
    block->next = pool->free_blocks[block->class_index];
    pool->free_blocks[block->class_index] = block;
}

struct slice pool_slice(const struct pool_block *block)
{
    return block == NULL ? (struct slice){NULL, 0} : (struct slice){block->data, block->size};
}
