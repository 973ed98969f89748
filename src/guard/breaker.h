/* breaker.h - when to stop asking a dependency that fails, and how to come back to it.
 *
 * Closed: everything is asked. When half of at least 20 answers within 2 s are bad, or 5 in a row,
 * it opens: nothing is asked, for a random time of up to 1 s, then 2 s, 4 s, ... 30 s. Then half
 * open: three probes, all of which must be good. Then it ramps: 10, 25, 50, 100 % of what is asked.
 * A bad answer is an error or a slow one; a time-out is an error that the caller reports.
 *
 * "Not asked" is no answer: the caller's look-up is then unknown, never absent. A breaker stands
 * behind the lease, and never decides about a customer.
 *
 * The caller owns the struct and its lock; zeroed memory is a closed breaker. It needs no timer:
 * it looks at the time when it is asked.
 */
#ifndef DT_GUARD_BREAKER_H
#define DT_GUARD_BREAKER_H

#include "base/attr.h"
#include "base/rng.h"

#include <stdbool.h>
#include <stdint.h>

#define BREAKER_BUCKETS 10

enum breaker_state { BREAKER_CLOSED = 0, BREAKER_OPEN, BREAKER_HALF_OPEN, BREAKER_RAMP };

struct breaker_terms {
    int64_t window_us;     /* answers older than this are forgotten */
    uint32_t answers_min;  /* fewer in the window prove nothing */
    uint32_t bad_percent;  /* of the window's answers */
    uint32_t bad_in_a_row; /* for a dependency asked too seldom to fill the window */
    int64_t slow_us;       /* an answer that took this long is bad; 0: none is */
    int64_t open_us;       /* first time of rest, doubled each time up to open_max_us */
    int64_t open_max_us;
    int64_t open_min_us; /* the random time is never less */
    uint32_t probe_count;
    int64_t probe_patience_us; /* probes without an answer for so long: open again */
    int64_t ramp_step_us;      /* how long each share of the ramp lasts; 0: no ramp */
};

struct breaker {
    enum breaker_state state;
    uint32_t epoch;          /* rises with each change of state: late answers are told by it */
    uint32_t trips_in_a_row; /* opened so often since it was last closed */
    uint32_t bad_in_a_row;
    uint32_t probes_sent;
    uint32_t probes_good;
    uint32_t ramp_percent_saved; /* share of the ramp not yet used */
    int64_t since_us;            /* of the state */
    int64_t open_until_us;
    int64_t bucket_number; /* of the newest bucket: time / bucket length */
    uint16_t good[BREAKER_BUCKETS];
    uint16_t bad[BREAKER_BUCKETS];
};

struct breaker_terms breaker_terms_default(int64_t slow_us);

/* True: ask, and report what came of it with breaker_report and this ticket. False: do not; *ticket
 * is untouched. */
MUST_CHECK bool breaker_try(struct breaker *breaker, const struct breaker_terms *terms,
                            int64_t now_us, uint32_t *ticket);

/* took_us: from asking to the answer. The random number is drawn only where the breaker opens. */
void breaker_report(struct breaker *breaker, const struct breaker_terms *terms, uint32_t ticket,
                    bool is_good, int64_t took_us, int64_t now_us, struct rng *rng);

const char *breaker_state_name(enum breaker_state state); /* "closed", "open", ... */

#endif
