/* wheel.h - hierarchical timer wheel with a tick of 1 ms: start and stop in constant time.
 *
 * Timers are embedded in their objects; the wheel never allocates. Times are microseconds of
 * whatever monotonic clock the caller passes in. A timer fires at or up to 1 ms after its time,
 * never before; equal deadlines fire in the order in which they were started (the simulator's
 * trace depends on it).
 */
#ifndef DT_BASE_WHEEL_H
#define DT_BASE_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#define WHEEL_LEVELS 5
#define WHEEL_SLOTS 256

struct wheel_timer { /* zero: not started */
    struct wheel_timer *next, *previous;
    int64_t at_us;
    uint32_t kind;        /* the caller's */
    uint32_t index;       /* the caller's: which object */
    uint64_t wheel_place; /* the wheel's own bookkeeping */
};

struct wheel {
    struct wheel_timer slots[WHEEL_LEVELS][WHEEL_SLOTS]; /* list heads */
    uint64_t occupied[WHEEL_LEVELS][WHEEL_SLOTS / 64];
    int64_t now_tick;
    uint64_t count;
    struct wheel_timer due; /* list of those that fired and were not yet handed out */
};

void wheel_init(struct wheel *wheel, int64_t now_us);
void wheel_start(struct wheel *wheel, struct wheel_timer *timer, int64_t at_us); /* or restart */
void wheel_stop(struct wheel *wheel, struct wheel_timer *timer); /* fine if it is not started */
bool wheel_is_started(const struct wheel_timer *timer);

/* The next timer due at now_us, stopped and handed out, or NULL. Call until NULL. */
struct wheel_timer *wheel_expire(struct wheel *wheel, int64_t now_us);

/* When to call wheel_expire next, at the latest; INT64_MAX: no timer is started. May be early
 * (a slot that must be cascaded), never late. */
int64_t wheel_deadline(const struct wheel *wheel);

#endif
