#define XXH_INLINE_ALL

#include "base/hash.h"

#include <xxhash.h>

uint64_t hash_bytes(uint64_t seed, const void *data, size_t size)
{
    return XXH3_64bits_withSeed(data, size, seed);
}

uint64_t hash_slice(uint64_t seed, struct slice s)
{
    return XXH3_64bits_withSeed(s.data, s.size, seed);
}

uint64_t hash_u64(uint64_t seed, uint64_t value)
{
    return XXH3_64bits_withSeed(&value, sizeof(value), seed);
}
