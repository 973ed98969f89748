/* clock.h - the machine's clocks, for whoever may look at them: never a pure folder, which is told
 * the time (scripts/layering.sh).
 *
 * A wait is by the monotonic clock always: the wall clock may be set by an hour meanwhile.
 */
#ifndef DT_BASE_CLOCK_H
#define DT_BASE_CLOCK_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

int64_t clock_mono_us(void); /* since some moment; only rises */
int64_t clock_wall_us(void); /* since 1970 */

/* So long from now on the monotonic clock, as pthread_cond_timedwait wants it; us >= 0. */
struct timespec clock_mono_after(int64_t us);
/* Its timed waits are by the monotonic clock. Give back by pthread_cond_destroy. */
void clock_cond_init(pthread_cond_t *cond);

#endif
