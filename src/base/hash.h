/* hash.h - seeded hashing, so that nobody outside can choose colliding keys (XXH3). */
#ifndef DT_BASE_HASH_H
#define DT_BASE_HASH_H

#include "base/slice.h"

uint64_t hash_bytes(uint64_t seed, const void *data, size_t size);
uint64_t hash_slice(uint64_t seed, struct slice s);
uint64_t hash_u64(uint64_t seed, uint64_t value);

uint32_t crc32c(uint32_t before, const void *data, size_t size); /* Castagnoli; 0 to start */

#endif
