#include "guard/limiter.h"

#include <assert.h>

#define REQUEST_MICRO INT64_C(1000000)
#define MILLI INT64_C(1000)
#define NANO_PER_US INT64_C(1000)
#define TOOK_MAX_US (INT64_C(3600) * 1000000)

/* The gradient rule: let in what keeps the response time within half again of the usual, plus a
 * small queue; move a fifth of the way at a time. */
#define TOLERANCE_PERCENT 150
#define GRADIENT_MIN_MILLI 500
#define QUEUE_MILLI (4 * MILLI)
#define SMOOTHING_PERCENT 20
#define USUAL_SAMPLES 600
#define WARM_SAMPLES 10

static int64_t burst_micro(const struct limiter_rate_terms *terms)
{
    return (terms->burst_count == 0 ? 1 : (int64_t)terms->burst_count) * REQUEST_MICRO;
}

/* What is still spent now. One microsecond wears off per_second millionths, without rounding. */
static int64_t spent_now(const struct limiter_rate *limiter, const struct limiter_rate_terms *terms,
                         int64_t now_us)
{
    int64_t rested_us = now_us - limiter->at_us;
    if (rested_us <= 0) {
        return limiter->spent_micro;
    }
    if (rested_us > limiter->spent_micro / terms->per_second) {
        return 0;
    }
    return limiter->spent_micro - rested_us * terms->per_second;
}

bool limiter_rate_take(struct limiter_rate *limiter, const struct limiter_rate_terms *terms,
                       int64_t now_us)
{
    if (terms->per_second == 0) {
        return true;
    }
    int64_t spent_micro = spent_now(limiter, terms, now_us);
    if (spent_micro + REQUEST_MICRO > burst_micro(terms)) {
        return false;
    }
    limiter->spent_micro = spent_micro + REQUEST_MICRO;
    limiter->at_us = now_us > limiter->at_us ? now_us : limiter->at_us;
    return true;
}

int64_t limiter_rate_wait_us(const struct limiter_rate *limiter,
                             const struct limiter_rate_terms *terms, int64_t now_us)
{
    if (terms->per_second == 0) {
        return 0;
    }
    int64_t over_micro = spent_now(limiter, terms, now_us) + REQUEST_MICRO - burst_micro(terms);
    return over_micro <= 0 ? 0 : (over_micro + terms->per_second - 1) / terms->per_second;
}

struct limiter_load_terms limiter_load_terms_default(void)
{
    return (struct limiter_load_terms){.start_count = 20, .count_min = 2, .count_max = 1000};
}

static int64_t clamp(int64_t value, int64_t min, int64_t max)
{
    return value < min ? min : value > max ? max : value;
}

static int64_t limit_milli(const struct limiter_load *limiter,
                           const struct limiter_load_terms *terms)
{
    assert(terms->count_min >= 1 && terms->count_min <= terms->count_max);
    int64_t limit = limiter->limit_milli == 0 ? terms->start_count * MILLI : limiter->limit_milli;
    return clamp(limit, terms->count_min * MILLI, terms->count_max * MILLI);
}

uint32_t limiter_load_limit(const struct limiter_load *limiter,
                            const struct limiter_load_terms *terms)
{
    return (uint32_t)(limit_milli(limiter, terms) / MILLI);
}

bool limiter_load_take(struct limiter_load *limiter, const struct limiter_load_terms *terms)
{
    if (limiter->in_flight >= limiter_load_limit(limiter, terms)) {
        return false;
    }
    limiter->in_flight++;
    return true;
}

static void learn_usual(struct limiter_load *limiter, int64_t took_nano)
{
    if (limiter->sample_count < WARM_SAMPLES) {
        /* A plain mean at first: one odd sample must not stand for six hundred. */
        limiter->sample_count++;
        limiter->usual_nano += (took_nano - limiter->usual_nano) / limiter->sample_count;
    } else {
        limiter->usual_nano += (took_nano - limiter->usual_nano) * 2 / (USUAL_SAMPLES + 1);
    }
    if (limiter->usual_nano / 2 > took_nano) {
        /* After a long bad time the usual is too high to notice the next one: forget faster. */
        limiter->usual_nano -= limiter->usual_nano / 20;
    }
}

void limiter_load_give(struct limiter_load *limiter, const struct limiter_load_terms *terms,
                       int64_t took_us, bool is_dropped)
{
    assert(limiter->in_flight > 0);
    int64_t limit = limit_milli(limiter, terms);
    int64_t in_flight_milli = limiter->in_flight * MILLI;
    int64_t took_nano = clamp(took_us, 1, TOOK_MAX_US) * NANO_PER_US;
    int64_t gradient_milli = GRADIENT_MIN_MILLI;
    limiter->in_flight--;
    if (!is_dropped) {
        learn_usual(limiter, took_nano);
        gradient_milli = clamp(limiter->usual_nano * TOLERANCE_PERCENT / 100 / (took_nano / MILLI),
                               GRADIENT_MIN_MILLI, MILLI);
        if (in_flight_milli < limit / 2 && gradient_milli == MILLI) {
            return; /* an idle dependency proves nothing about a higher limit */
        }
    }
    int64_t target = limit * gradient_milli / MILLI + (is_dropped ? 0 : QUEUE_MILLI);
    int64_t next = (limit * (100 - SMOOTHING_PERCENT) + target * SMOOTHING_PERCENT) / 100;
    limiter->limit_milli = clamp(next, terms->count_min * MILLI, terms->count_max * MILLI);
}
