/* suspect.h - points against sources, in a sketch of fixed size. Inside src/guard: see ban.h.
 *
 * Sets of four whole keys; in a full one the key with the fewest points goes. Each call holds one
 * of a few locks for arithmetic.
 */
#ifndef DT_GUARD_SUSPECT_H
#define DT_GUARD_SUSPECT_H

#include "guard/limiter.h"

struct suspects;
struct suspects *suspects_new(uint64_t seed, int64_t fall_us); /* a point wears off in fall_us */
void suspects_free(struct suspects *suspects);

/* Adds points, unless `what` is one of the last that were held against it. Returns its points. */
int32_t suspect_add(struct suspects *suspects, const uint8_t key[16], uint32_t what, int32_t points,
                    int64_t now_us);
/* Takes its points away again, if `what` is still held against it. Returns what it has left, or -1:
 * it was not held against it. */
int32_t suspect_take_back(struct suspects *suspects, const uint8_t key[16], uint32_t what,
                          int64_t now_us);
void suspect_set(struct suspects *suspects, const uint8_t key[16], int32_t points, int64_t now_us);
bool suspect_may_answer(struct suspects *suspects, const uint8_t key[16],
                        const struct limiter_rate_terms *terms, int64_t now_us);

#endif
