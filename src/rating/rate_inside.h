/* rate_inside.h - the arithmetic of rates before it is rounded: for rate.c and rate_compare.c. */
#ifndef DT_RATING_RATE_INSIDE_H
#define DT_RATING_RATE_INSIDE_H

#include "rating/rate.h"

#define US_PER_S INT64_C(1000000)
#define NANO_S_PER_MICRO_MIN INT64_C(60000) /* nano a minute x seconds in one micro-unit */

static inline int64_t rate_first_s(const struct rate *rate)
{
    return rate->first_s > 0 ? rate->first_s : 1;
}

static inline int64_t rate_next_s(const struct rate *rate)
{
    return rate->next_s > 0 ? rate->next_s : 1;
}

static inline int64_t rate_not_negative(int64_t amount)
{
    return amount > 0 ? amount : 0;
}

static inline int64_t rate_fee_micro(const struct rate *rate)
{
    return rate_not_negative(rate->fee_micro);
}

struct rate_stretch { /* billed seconds that cost the same each; the last one has no end */
    int64_t nano_per_min;
    int64_t to_s; /* INT64_MAX: no end */
};

/* The stretch that billed second `from_s` (counted from 0) is in. */
struct rate_stretch rate_stretch_at(const struct rate *rate, int64_t from_s);

/* Seconds that are charged for so much talk: whole increments, at least the first. */
int64_t rate_billed_s(const struct rate *rate, int64_t talk_us);

/* What so many billed seconds cost, in parts of 1/60000 of a micro-unit: exact. At most 2^44
 * seconds x 2^63 nano: no sum passes 128 bits. */
unsigned __int128 rate_exact_talk(const struct rate *rate, int64_t seconds);

#endif
