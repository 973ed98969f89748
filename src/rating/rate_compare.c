#include "rating/rate_inside.h"

/* Pairs of increments with more phases than this against each other (61/61 with 67/67 has 61) are
 * compared in so many of them. */
#define PHASES_MAX 256

struct pair {
    const struct rate *cost, *price;
    bool is_price_coarser; /* the price's increments are the longer ones */
    int64_t coarse_s;      /* a further increment of the coarser one */
    int64_t phase_count;   /* coarse increments after which both grids meet again */
};

static int64_t common_divisor(int64_t a, int64_t b)
{
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Fee and minimum included; before rounding. */
static unsigned __int128 exact_price(const struct rate *rate, int64_t talk_us)
{
    unsigned __int128 talk = rate_exact_talk(rate, rate_billed_s(rate, talk_us));
    unsigned __int128 sum = talk + (unsigned __int128)rate_fee_micro(rate) * NANO_S_PER_MICRO_MIN;
    unsigned __int128 least =
        (unsigned __int128)rate_not_negative(rate->minimum_micro) * NANO_S_PER_MICRO_MIN;
    return sum > least ? sum : least;
}

/* While one increment of the price lasts, the cost is highest at its end; while one of the cost
 * lasts, the price is lowest at its start. So it is enough to look once into each increment of
 * the coarser one. */
static bool is_dearer_in(const struct pair *pair, int64_t increment)
{
    int64_t talk_us = 0;
    if (pair->is_price_coarser) {
        talk_us = (rate_first_s(pair->price) + increment * pair->coarse_s) * US_PER_S;
    } else if (increment > 0) {
        talk_us = (rate_first_s(pair->cost) + (increment - 1) * pair->coarse_s) * US_PER_S + 1;
    }
    return exact_price(pair->cost, talk_us) > exact_price(pair->price, talk_us);
}

/* Between two turns (a step, the end of free seconds, of a minimum) the difference is a straight
 * line and a pattern that repeats: it is highest in the first or the last round of the pattern. */
static bool is_dearer_around(const struct pair *pair, int64_t turn_s)
{
    int64_t middle = turn_s / pair->coarse_s;
    int64_t from = middle - pair->phase_count - 1;
    for (int64_t i = from > 0 ? from : 0; i <= middle + pair->phase_count + 1; i++) {
        if (is_dearer_in(pair, i)) {
            return true;
        }
    }
    return false;
}

static bool is_dearer_at_turns(const struct pair *pair, const struct rate *rate)
{
    for (int i = 0; i < rate->step_count && i < RATE_STEPS_MAX; i++) {
        if (is_dearer_around(pair, rate->step_from_s[i])) {
            return true;
        }
    }
    if (rate->free_s > 0 && is_dearer_around(pair, rate->free_s)) {
        return true;
    }
    if (rate->minimum_micro <= 0) {
        return false;
    }
    struct rate without = *rate;
    without.minimum_micro = 0;
    int64_t minimum_us = rate_covers_us(&without, rate->minimum_micro);
    return minimum_us < INT64_MAX / 2 && is_dearer_around(pair, minimum_us / US_PER_S);
}

static bool is_plain(const struct rate *rate)
{
    return rate->step_count == 0 && rate->free_s == 0 && rate->minimum_micro <= 0;
}

/* The usual case at once: nothing in `cost` is above `price`, and its increments fit into the
 * price's, so that it never bills more seconds. */
static bool is_plainly_cheaper(const struct rate *cost, const struct rate *price)
{
    int64_t first_s = rate_first_s(price) - rate_first_s(cost);
    return is_plain(cost) && is_plain(price) && cost->nano_per_min <= price->nano_per_min &&
           cost->fee_micro <= price->fee_micro && first_s >= 0 &&
           first_s % rate_next_s(cost) == 0 && rate_next_s(price) % rate_next_s(cost) == 0;
}

bool rate_is_dearer(const struct rate *cost, const struct rate *price)
{
    if (is_plainly_cheaper(cost, price)) {
        return false;
    }
    if (rate_stretch_at(cost, INT64_MAX - 1).nano_per_min >
        rate_stretch_at(price, INT64_MAX - 1).nano_per_min) {
        return true; /* sooner or later */
    }
    int64_t cost_s = rate_next_s(cost);
    int64_t price_s = rate_next_s(price);
    int64_t phase_count = (cost_s < price_s ? cost_s : price_s) / common_divisor(cost_s, price_s);
    struct pair pair = {.cost = cost,
                        .price = price,
                        .is_price_coarser = price_s > cost_s,
                        .coarse_s = cost_s < price_s ? price_s : cost_s,
                        .phase_count = phase_count < PHASES_MAX ? phase_count : PHASES_MAX};
    /* Both first increments are over. */
    int64_t first_s =
        rate_first_s(cost) > rate_first_s(price) ? rate_first_s(cost) : rate_first_s(price);
    return is_dearer_around(&pair, 0) || is_dearer_around(&pair, first_s) ||
           is_dearer_at_turns(&pair, cost) || is_dearer_at_turns(&pair, price);
}
