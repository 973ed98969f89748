#include "guard/shed.h"

#include <assert.h>
#include <string.h>

#define STEP_MAX 4           /* a wait of so many targets and more raises by so many steps */
#define CALM_PARTS 4         /* a quarter of the target is next to nothing */
#define IDLE_INTERVALS 1000  /* counters are not wound back further */
#define LATELY_INTERVALS 144 /* "lately" is so long: counters lose this part an interval */
#define DECAY_FAST 5         /* times, when the queue ran nearly empty */
#define TURNS_MIN 12         /* a queue that stands is seen so often at least */
#define GROWTH_PARTS 4       /* waits that grow by more than this part of the time */
#define RETRY_S_MIN 5
#define RETRY_S_MAX 120

struct shed_terms shed_terms_default(void)
{
    return (struct shed_terms){.target_us = 20000,
                               .interval_us = 100000,
                               .limit_us = 200000,
                               .raise_parts = SHED_PARTS / 20,
                               .decay_parts = SHED_PARTS / 100};
}

void shed_init(struct shed *shed, const struct shed_terms *terms)
{
    assert(terms->target_us > 0 && terms->interval_us > 0);
    memset(shed, 0, sizeof(*shed));
    shed->terms = *terms;
    shed->share = UINT32_MAX;
}

/* From the bottom: the first level that is not wholly shed and of which anything comes. */
static void raise(struct shed *shed)
{
    int64_t steps = shed->least_us / shed->terms.target_us;
    uint32_t by = shed->terms.raise_parts * (uint32_t)(steps > STEP_MAX ? STEP_MAX : steps);
    for (int level = 0; level < SHED_LEVELS; level++) {
        if (shed->parts[level] < SHED_PARTS && shed->came[level] > 0) {
            shed->parts[level] += by;
            if (shed->parts[level] > SHED_PARTS) {
                shed->parts[level] = SHED_PARTS;
            }
            return;
        }
    }
}

/* From the top: what was shed last comes back first. */
static void decay(struct shed *shed, int64_t intervals)
{
    for (int level = SHED_LEVELS - 1; level >= 0; level--) {
        if (shed->parts[level] > 0) {
            int64_t left = shed->parts[level] - intervals * shed->terms.decay_parts;
            shed->parts[level] = left < 0 ? 0 : (uint32_t)left;
            return;
        }
    }
}

/* The share that lets as much through as is not shed: those below it keep all they have. */
static void share_out(struct shed *shed)
{
    uint64_t total = 0;
    uint32_t most = 0;
    for (int i = 0; i < SHED_KEYS; i++) {
        total += shed->before_keys[i];
        most = shed->before_keys[i] > most ? shed->before_keys[i] : most;
    }
    shed->share = UINT32_MAX;
    if (shed->parts[0] == 0 || total == 0) {
        return;
    }
    uint64_t wanted = total * (SHED_PARTS - shed->parts[0]) / SHED_PARTS;
    uint32_t low = 0;
    uint32_t high = most;
    while (low < high) { /* the largest share that does not let more than that through */
        uint32_t share = high - (high - low) / 2;
        uint64_t through = 0;
        for (int i = 0; i < SHED_KEYS; i++) {
            through += shed->before_keys[i] < share ? shed->before_keys[i] : share;
        }
        if (through > wanted) {
            high = share - 1;
        } else {
            low = share;
        }
    }
    shed->share = low;
}

static void interval_end(struct shed *shed, int64_t intervals, int64_t now_us)
{
    bool is_above = shed->least_us > shed->terms.target_us && shed->is_standing;
    if (is_above) {
        raise(shed);
    } else {
        bool is_too_much = shed->least_us < shed->terms.target_us / CALM_PARTS;
        decay(shed, is_too_much ? intervals * DECAY_FAST : intervals);
    }
    memcpy(shed->before_keys, shed->now_keys, sizeof(shed->before_keys));
    memset(shed->now_keys, 0, sizeof(shed->now_keys));
    shed->lowest = 0;
    while (shed->lowest < SHED_LEVELS - 1 && shed->came[shed->lowest] == 0) {
        shed->lowest++;
    }
    memset(shed->came, 0, sizeof(shed->came));
    share_out(shed);
    for (int64_t i = 0; i < intervals && i < IDLE_INTERVALS; i++) {
        shed->refused_lately -= shed->refused_lately / LATELY_INTERVALS;
        shed->admitted_lately -= shed->admitted_lately / LATELY_INTERVALS;
    }
    shed->least_us = INT64_MAX;
    shed->interval_at_us = now_us;
}

/* Behind a pause of the whole machine all has waited, and is soon done: that is no standing queue,
 * and waits fall. Where they grow the queue will stand, and its buffer overflow before an interval
 * is over. */
static void watch_standing(struct shed *shed, int64_t sojourn_us, int64_t now_us)
{
    if (sojourn_us <= shed->terms.target_us) {
        shed->above_at_us = 0;
    } else if (shed->above_at_us == 0) {
        shed->above_at_us = now_us;
        shed->above_from_us = sojourn_us;
        shed->turns_above = 0;
    }
    shed->turns_above += now_us != shed->turn_at_us ? 1 : 0;
    shed->turn_at_us = now_us;
    int64_t above_us = now_us - shed->above_at_us;
    bool is_growing = above_us >= shed->terms.target_us / 2 &&
                      sojourn_us - shed->above_from_us > above_us / GROWTH_PARTS;
    shed->is_standing = shed->above_at_us != 0 && shed->turns_above >= TURNS_MIN &&
                        (is_growing || above_us >= shed->terms.interval_us);
}

bool shed_is_calm(struct shed *shed, int64_t sojourn_us, int64_t now_us)
{
    if (shed->interval_at_us == 0) {
        shed->interval_at_us = now_us;
        shed->least_us = INT64_MAX;
    }
    int64_t intervals = (now_us - shed->interval_at_us) / shed->terms.interval_us;
    if (intervals > 0) {
        interval_end(shed, intervals, now_us);
    }
    if (sojourn_us < shed->least_us) {
        shed->least_us = sojourn_us;
    }
    watch_standing(shed, sojourn_us, now_us);
    bool is_fresh = sojourn_us < shed->terms.target_us / CALM_PARTS;
    bool is_calm = is_fresh ? !shed_is_active(shed)
                            : !shed_is_active(shed) && sojourn_us < shed->terms.target_us;
    if (is_calm) {
        shed->admitted_lately++;
    }
    return is_calm;
}

/* What is shed at least after such a wait. */
static uint32_t parts_by_wait(const struct shed *shed, int level, int64_t sojourn_us)
{
    int64_t from_us = shed->terms.target_us * 2;
    int64_t to_us = shed->terms.target_us * 4;
    if (level > shed->lowest) {
        bool is_highest = level == SHED_LEVELS - 1;
        from_us = is_highest ? shed->terms.limit_us : to_us;
        to_us = is_highest ? 2 * shed->terms.limit_us : shed->terms.limit_us;
    }
    if (!shed->is_standing || sojourn_us <= from_us) {
        return 0;
    }
    return sojourn_us >= to_us
               ? SHED_PARTS
               : (uint32_t)((sojourn_us - from_us) * SHED_PARTS / (to_us - from_us));
}

static bool is_shed(const struct shed *shed, int level, uint32_t key, int64_t sojourn_us,
                    uint64_t random)
{
    if (sojourn_us < shed->terms.target_us / CALM_PARTS) {
        return false;
    }
    uint32_t parts = shed->parts[level];
    if (level == 0 && parts > 0 && shed->share != UINT32_MAX) {
        /* What the key has now, or had in the whole of the last interval. */
        uint64_t has = shed->now_keys[key] > shed->before_keys[key] ? shed->now_keys[key]
                                                                    : shed->before_keys[key];
        parts = has <= shed->share
                    ? 0
                    : (uint32_t)(SHED_PARTS - (uint64_t)shed->share * SHED_PARTS / has);
    }
    uint32_t least = parts_by_wait(shed, level, sojourn_us);
    return random % SHED_PARTS < (parts > least ? parts : least);
}

bool shed_admit(struct shed *shed, int level, uint64_t key, int64_t sojourn_us, uint64_t random)
{
    assert(level >= 0 && level < SHED_LEVELS);
    uint32_t place = (uint32_t)(key % SHED_KEYS);
    shed->came[level]++;
    if (level == 0) {
        shed->now_keys[place]++;
    }
    if (is_shed(shed, level, place, sojourn_us, random)) {
        shed->refused_lately++;
        return false;
    }
    shed->admitted_lately++;
    return true;
}

bool shed_is_waiting(const struct shed *shed)
{
    return shed->above_at_us != 0;
}

bool shed_is_active(const struct shed *shed)
{
    bool is_active = shed->is_standing;
    for (int level = 0; level < SHED_LEVELS; level++) {
        is_active = is_active || shed->parts[level] > 0;
    }
    return is_active;
}

int shed_retry_s(const struct shed *shed, uint64_t random)
{
    /* Both were counted over the same time: their ratio is that of rates. */
    int64_t lately_s = LATELY_INTERVALS * shed->terms.interval_us / 1000000;
    uint64_t admitted_a_second =
        shed->admitted_lately / (uint64_t)(lately_s < 1 ? 1 : lately_s) + 1;
    uint64_t span_s = shed->refused_lately * 13 / 10 / admitted_a_second;
    if (span_s > RETRY_S_MAX - RETRY_S_MIN) {
        span_s = RETRY_S_MAX - RETRY_S_MIN;
    }
    return RETRY_S_MIN + (int)(random % (span_s + 1));
}
