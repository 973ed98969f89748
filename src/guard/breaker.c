#include "guard/breaker.h"

#include <assert.h>
#include <string.h>

#define S INT64_C(1000000)

static const uint32_t ramp_percents[] = {10, 25, 50};

struct breaker_terms breaker_terms_default(int64_t slow_us)
{
    return (struct breaker_terms){
        .window_us = 2 * S,
        .answers_min = 20,
        .bad_percent = 50,
        .bad_in_a_row = 5,
        .slow_us = slow_us,
        .open_us = S,
        .open_max_us = 30 * S,
        .open_min_us = S / 10,
        .probe_count = 3,
        .probe_patience_us = 10 * S,
        .ramp_step_us = S,
    };
}

const char *breaker_state_name(enum breaker_state state)
{
    switch (state) {
    case BREAKER_CLOSED:
        return "closed";
    case BREAKER_OPEN:
        return "open";
    case BREAKER_HALF_OPEN:
        return "half-open";
    case BREAKER_RAMP:
        return "ramp";
    }
    return "closed";
}

static void enter(struct breaker *breaker, enum breaker_state state, int64_t now_us)
{
    breaker->state = state;
    breaker->since_us = now_us;
    breaker->epoch++;
    breaker->bad_in_a_row = 0;
    breaker->probes_sent = 0;
    breaker->probes_good = 0;
    breaker->ramp_percent_saved = 0;
    memset(breaker->good, 0, sizeof(breaker->good));
    memset(breaker->bad, 0, sizeof(breaker->bad));
}

/* Full jitter: many callers that lost one dependency must not come back at one moment. */
static void trip(struct breaker *breaker, const struct breaker_terms *terms, int64_t now_us,
                 struct rng *rng)
{
    int64_t most_us = terms->open_us;
    for (uint32_t i = 0; i < breaker->trips_in_a_row && most_us < terms->open_max_us; i++) {
        most_us *= 2;
    }
    most_us = most_us < terms->open_max_us ? most_us : terms->open_max_us;
    int64_t rest_us = (int64_t)rng_below(rng, (uint64_t)most_us + 1);
    breaker->open_until_us = now_us + (rest_us > terms->open_min_us ? rest_us : terms->open_min_us);
    breaker->trips_in_a_row++;
    enter(breaker, BREAKER_OPEN, now_us);
}

/* The share let through now; 100 when the ramp is over. */
static uint32_t ramp_percent(const struct breaker *breaker, const struct breaker_terms *terms,
                             int64_t now_us)
{
    if (terms->ramp_step_us == 0) {
        return 100;
    }
    int64_t step = (now_us - breaker->since_us) / terms->ramp_step_us;
    return step < (int64_t)ARRAY_COUNT(ramp_percents) ? ramp_percents[step < 0 ? 0 : step] : 100;
}

static bool is_ramp_share(struct breaker *breaker, uint32_t percent)
{
    breaker->ramp_percent_saved += percent;
    if (breaker->ramp_percent_saved < 100) {
        return false;
    }
    breaker->ramp_percent_saved -= 100;
    return true;
}

bool breaker_try(struct breaker *breaker, const struct breaker_terms *terms, int64_t now_us,
                 uint32_t *ticket)
{
    if (breaker->state == BREAKER_OPEN && now_us >= breaker->open_until_us) {
        enter(breaker, BREAKER_HALF_OPEN, now_us);
    }
    if (breaker->state == BREAKER_RAMP && ramp_percent(breaker, terms, now_us) == 100) {
        breaker->trips_in_a_row = 0;
        enter(breaker, BREAKER_CLOSED, now_us);
    }
    switch (breaker->state) {
    case BREAKER_CLOSED:
        break;
    case BREAKER_OPEN:
        return false;
    case BREAKER_HALF_OPEN:
        if (now_us - breaker->since_us >= terms->probe_patience_us) {
            /* Nobody reported the probes (their asker died, say): probe anew. */
            enter(breaker, BREAKER_HALF_OPEN, now_us);
        }
        if (breaker->probes_sent >= terms->probe_count) {
            return false;
        }
        breaker->probes_sent++;
        break;
    case BREAKER_RAMP:
        if (!is_ramp_share(breaker, ramp_percent(breaker, terms, now_us))) {
            return false;
        }
        break;
    }
    *ticket = breaker->epoch;
    return true;
}

/* Empties the buckets between the newest answer's time and now. */
static size_t bucket_now(struct breaker *breaker, const struct breaker_terms *terms, int64_t now_us)
{
    int64_t bucket_us = terms->window_us / BREAKER_BUCKETS;
    assert(bucket_us > 0);
    int64_t number = now_us / bucket_us;
    int64_t stale = number - breaker->bucket_number;
    for (int64_t i = 1; i <= stale && i <= BREAKER_BUCKETS; i++) {
        size_t at = (size_t)((breaker->bucket_number + i) % BREAKER_BUCKETS);
        breaker->good[at] = 0;
        breaker->bad[at] = 0;
    }
    if (stale > 0) {
        breaker->bucket_number = number;
    }
    return (size_t)(breaker->bucket_number % BREAKER_BUCKETS);
}

static void count_answer(struct breaker *breaker, const struct breaker_terms *terms, bool is_good,
                         int64_t now_us)
{
    size_t at = bucket_now(breaker, terms, now_us);
    uint16_t *counter = is_good ? &breaker->good[at] : &breaker->bad[at];
    if (*counter < UINT16_MAX) {
        (*counter)++;
    }
    breaker->bad_in_a_row = is_good ? 0 : breaker->bad_in_a_row + 1;
}

static bool is_too_bad(const struct breaker *breaker, const struct breaker_terms *terms)
{
    uint64_t bad = 0, all = 0;
    for (size_t i = 0; i < BREAKER_BUCKETS; i++) {
        bad += breaker->bad[i];
        all += (uint64_t)breaker->bad[i] + breaker->good[i];
    }
    return breaker->bad_in_a_row >= terms->bad_in_a_row ||
           (all >= terms->answers_min && bad * 100 >= all * terms->bad_percent);
}

void breaker_report(struct breaker *breaker, const struct breaker_terms *terms, uint32_t ticket,
                    bool is_good, int64_t took_us, int64_t now_us, struct rng *rng)
{
    if (ticket != breaker->epoch) {
        return; /* asked before the last change of state: says nothing about now */
    }
    is_good = is_good && (terms->slow_us == 0 || took_us < terms->slow_us);
    switch (breaker->state) {
    case BREAKER_CLOSED:
    case BREAKER_RAMP:
        count_answer(breaker, terms, is_good, now_us);
        if (!is_good && is_too_bad(breaker, terms)) {
            trip(breaker, terms, now_us, rng);
        }
        break;
    case BREAKER_OPEN:
        break;
    case BREAKER_HALF_OPEN:
        if (!is_good) {
            trip(breaker, terms, now_us, rng);
        } else if (++breaker->probes_good >= terms->probe_count) {
            enter(breaker, BREAKER_RAMP, now_us);
        }
        break;
    }
}
