/* shed.h - which of the work that waits in one queue is refused, when there is more than can be
 * done.
 *
 * What is watched is how long work has waited when its turn comes, not how much there is: a queue
 * that stayed above its target for a whole interval is standing, and so is one whose waits grow;
 * each interval of it adds 5 % to what is shed; below it, 1 % is taken off, 5 % when it ran nearly
 * empty (RFC 8289's signal, DAGOR's steps). The queue is refused from the bottom: level 0 first,
 * the next one when all of level 0 is shed or none comes. Within a level who has most is shed
 * first, down to equal shares.
 * Work that waited next to nothing is never shed, so that too much shedding costs nothing. Until
 * those steps have caught up with a sudden load, the longer the work of a standing queue waited the
 * likelier it is shed: the lowest level that comes from two targets on and always from four on, the
 * others between that and the limit, the highest above them between one limit and two: what waits
 * in one queue with a flood of less worth has waited as long, and is not the reason.
 *
 * The caller owns the struct; times are microseconds of the monotonic clock, and with random
 * numbers they are passed in.
 */
#ifndef DT_GUARD_SHED_H
#define DT_GUARD_SHED_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

#define SHED_LEVELS 3
#define SHED_KEYS 256 /* shares are counted by this many; two that meet share one */
#define SHED_PARTS 1000000

struct shed_terms {
    int64_t target_us;
    int64_t interval_us;
    int64_t limit_us;
    uint32_t raise_parts; /* of SHED_PARTS, an interval */
    uint32_t decay_parts;
};
struct shed_terms shed_terms_default(void); /* 20 ms, 100 ms, 200 ms, 5 %, 1 % */

struct shed {
    struct shed_terms terms;
    int64_t interval_at_us;          /* it began; 0: nothing came yet */
    int64_t least_us;                /* shortest wait in it */
    int64_t above_at_us;             /* since then each wait was above the target; 0: not */
    int64_t above_from_us;           /* how long the first of them had waited */
    int64_t turn_at_us;              /* the last one's */
    int turns_above;                 /* points in time since then at which work had its turn */
    bool is_standing;                /* they were for an interval, or grow, and it is no stall */
    uint32_t parts[SHED_LEVELS];     /* shed of each level */
    uint32_t came[SHED_LEVELS];      /* in this interval */
    int lowest;                      /* level that came in this or the last one */
    uint32_t now_keys[SHED_KEYS];    /* of level 0, in this interval */
    uint32_t before_keys[SHED_KEYS]; /* in the last one */
    uint32_t share;                  /* that a key may have of an interval; UINT32_MAX: any */
    uint64_t refused_lately;         /* they come back: halves in some 10 s */
    uint64_t admitted_lately;
};

void shed_init(struct shed *shed, const struct shed_terms *terms);

/* One piece of work has its turn after sojourn_us. True: it is admitted whatever it is. False: find
 * out what it is and ask shed_admit. */
MUST_CHECK bool shed_is_calm(struct shed *shed, int64_t sojourn_us, int64_t now_us);

/* key: a hash of whose it is. random: 64 random bits. */
MUST_CHECK bool shed_admit(struct shed *shed, int level, uint64_t key, int64_t sojourn_us,
                           uint64_t random);

/* Did the piece of work that had its turn last wait for longer than the target? */
bool shed_is_waiting(const struct shed *shed);

/* Is anything of this queue being shed? */
bool shed_is_active(const struct shed *shed);

/* Seconds after which one that is refused now may come back: uniform between 5 s and 5 s plus 1.3
 * times what those refused lately need, at most 120 s. */
int shed_retry_s(const struct shed *shed, uint64_t random);

#endif
