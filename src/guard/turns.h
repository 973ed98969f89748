/* turns.h - whose turn it is among queues of falling rank: the higher one first, but each is sure
 * of one part in TURNS_FLOOR of the time, so that none starves.
 *
 * The caller owns the struct; zeroed memory is one that has served nobody yet. Times are durations
 * in microseconds.
 */
#ifndef DT_GUARD_TURNS_H
#define DT_GUARD_TURNS_H

#include <stdbool.h>
#include <stdint.h>

#define TURNS_RANKS_MAX 8
#define TURNS_FLOOR 20 /* 5 % */

struct turns {
    int64_t spent_us[TURNS_RANKS_MAX]; /* lately; older times weigh less */
    int64_t total_us;
};

/* Queue `rank` was served for spent_us (>= 0). */
void turns_add(struct turns *turns, int rank, int64_t spent_us);

/* May it be served now, where a queue of higher rank still has work or has not? */
bool turns_may(const struct turns *turns, int rank, bool is_higher_waiting);

#endif
