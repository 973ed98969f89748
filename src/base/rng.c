#include "base/rng.h"

#include <assert.h>

#define CHANCES UINT64_C(1000000)

/* splitmix64: spreads a small seed over the whole state, which must not be all zeros. */
static uint64_t seed_next(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static uint64_t rotate(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

void rng_init(struct rng *rng, uint64_t seed)
{
    for (unsigned i = 0; i < 4; i++) {
        rng->state[i] = seed_next(&seed);
    }
}

uint64_t rng_u64(struct rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t rng_below(struct rng *rng, uint64_t limit)
{
    assert(limit > 0);
    /* The high half of a product maps evenly once the first 2^64 mod limit low halves are drawn
     * again. */
    uint64_t uneven = (0 - limit) % limit;
    unsigned __int128 product = 0;
    do {
        product = (unsigned __int128)rng_u64(rng) * limit;
    } while ((uint64_t)product < uneven);
    return (uint64_t)(product >> 64);
}

int rng_chance(struct rng *rng, uint32_t parts_per_million)
{
    return rng_below(rng, CHANCES) < parts_per_million;
}
