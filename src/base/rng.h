/* rng.h - random numbers from a seed (xoshiro256**), passed in like time: the same seed gives the
 * same run. Not for secrets; those come from the shell (getrandom). */
#ifndef DT_BASE_RNG_H
#define DT_BASE_RNG_H

#include <stdint.h>

struct rng {
    uint64_t state[4];
};

void rng_init(struct rng *rng, uint64_t seed);
uint64_t rng_u64(struct rng *rng);
uint64_t rng_below(struct rng *rng, uint64_t limit); /* 0 <= result < limit; limit > 0 */
int rng_chance(struct rng *rng, uint32_t parts_per_million);

#endif
