/* suspension.h - how many accounts rules may suspend before a human has to look.
 *
 * A rule that is wrong is wrong for many: more than five accounts, or 1 % of all, whichever is
 * more, within ten minutes are suspended by persons only. Counted over all rules and processes.
 */
#ifndef DT_ACCOUNT_SUSPENSION_H
#define DT_ACCOUNT_SUSPENSION_H

#include <stdbool.h>
#include <stdint.h>

#define SUSPENSION_WINDOW_US INT64_C(600000000)
#define SUSPENSION_FREE 5 /* so many whatever the number of accounts */
#define SUSPENSION_LASTS_MAX_US INT64_C(86400000000)

/* May a rule suspend one more, when made_count (>= 0) were in the window before now? */
bool suspension_may_add(int64_t made_count, int64_t account_count);

#endif
