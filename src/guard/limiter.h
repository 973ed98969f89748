/* limiter.h - how often, and how many at once.
 *
 * A rate limiter is a leaky bucket counted in whole units, so it lets exactly its rate through over
 * any length of time. A concurrency limiter finds by itself how many requests a dependency can
 * carry: it compares the latest response time with the long-term one and takes less when it grows.
 * Both: the caller owns the struct and its lock; time and limits are passed in; zeroed memory is a
 * limiter that has let nothing through yet.
 */
#ifndef DT_GUARD_LIMITER_H
#define DT_GUARD_LIMITER_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

struct limiter_rate_terms {
    uint32_t per_second;  /* 0: no limit */
    uint32_t burst_count; /* how many may come at one moment after a rest; 0 is read as 1 */
};

struct limiter_rate {
    int64_t spent_micro; /* millionths of a request not yet worn off */
    int64_t at_us;
};

/* True: let one through, and it is counted. False: refuse, nothing changes. The terms may differ
 * from one call to the next (the operator changed them). */
MUST_CHECK bool limiter_rate_take(struct limiter_rate *limiter,
                                  const struct limiter_rate_terms *terms, int64_t now_us);

/* How long until the next would be let through; 0: now. For Retry-After. */
int64_t limiter_rate_wait_us(const struct limiter_rate *limiter,
                             const struct limiter_rate_terms *terms, int64_t now_us);

struct limiter_load_terms {
    uint32_t start_count;
    uint32_t count_min; /* at least 1 */
    uint32_t count_max;
};

struct limiter_load {
    int64_t limit_milli;   /* how many at once, in thousandths; 0: not started */
    int64_t usual_nano;    /* long-term response time, nanoseconds */
    uint32_t sample_count; /* stops rising when the average has warmed up */
    uint32_t in_flight;
};

struct limiter_load_terms limiter_load_terms_default(void); /* 20, 2 .. 1000 */

/* True: send one, and give it back with limiter_load_give whatever becomes of it. */
MUST_CHECK bool limiter_load_take(struct limiter_load *limiter,
                                  const struct limiter_load_terms *terms);

/* It took took_us (>= 0); is_dropped: it timed out or was refused for load, which halves what the
 * limit may be whatever the time was. */
void limiter_load_give(struct limiter_load *limiter, const struct limiter_load_terms *terms,
                       int64_t took_us, bool is_dropped);

uint32_t limiter_load_limit(const struct limiter_load *limiter,
                            const struct limiter_load_terms *terms);

#endif
