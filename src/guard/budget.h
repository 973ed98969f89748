/* budget.h - how many retries a caller may add to what it asks of a dependency.
 *
 * A tenth of its first attempts, plus one a second, so that a dependency in trouble never sees much
 * more than its usual load, and a quiet caller may still retry. One for each caller and dependency;
 * only the outermost layer retries. The caller owns the struct and its lock; zeroed memory is a
 * budget with its whole burst.
 */
#ifndef DT_GUARD_BUDGET_H
#define DT_GUARD_BUDGET_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

struct budget_terms {
    uint32_t percent;     /* retries earned by each first attempt, in hundredths */
    uint32_t per_second;  /* retries earned by time alone */
    uint32_t burst_count; /* the most that may be saved up */
};

struct budget {
    int64_t spent_micro; /* millionths of a retry taken and not yet earned back */
    int64_t at_us;
};

struct budget_terms budget_terms_default(void); /* 10 %, 1 a second, 10 */

/* A first attempt goes out. */
void budget_earn(struct budget *budget, const struct budget_terms *terms, int64_t now_us);

/* True: this retry may go out, and it is counted. False: give up and say so. */
MUST_CHECK bool budget_take(struct budget *budget, const struct budget_terms *terms,
                            int64_t now_us);

#endif
