/* exposure.h - the calls in progress as value at risk: how many, what they cost so far and a minute
 * from now on, summed by who pays, who carries them, or where they go.
 *
 * Money is int64 micro-units; rows of different currencies are not mixed. One thread uses it.
 */
#ifndef DT_EDGE_EXPOSURE_H
#define DT_EDGE_EXPOSURE_H

#include "base/map.h"
#include "rating/rate.h"

enum exposure_by {
    EXPOSURE_BY_ACCOUNT = 0, /* 0: nobody's (a free call in) */
    EXPOSURE_BY_TRUNK,       /* it goes out by, or came in from; 0: none */
    EXPOSURE_BY_DESTINATION, /* prefix of the deck that prices it */
    EXPOSURE_BY_COUNTRY,     /* region of the number (routing/country.h); "": of none */
    EXPOSURE_BY_COUNT
};
const char *exposure_by_name(enum exposure_by by); /* "account" */
/* False: no such name. */
MUST_CHECK bool exposure_by_parse(struct slice name, enum exposure_by *by);

struct exposure_call { /* one call, as its worker tells it */
    uint64_t account_id, trunk_id;
    bool is_answered;
    int64_t cost_micro;   /* if it ended now */
    int64_t minute_micro; /* what the next minute of it costs; 0 unless answered */
    int64_t held_micro;   /* set aside for it beyond the cost */
    char currency[4];
    char prefix[RATE_PREFIX_SIZE];
    char region[4];
};

struct exposure_row {
    uint64_t id;                 /* by account and by trunk */
    char name[RATE_PREFIX_SIZE]; /* by destination and by country */
    char currency[4];
    uint32_t calls, answered;
    int64_t cost_micro, minute_micro, held_micro;
};

struct exposure {
    enum exposure_by by;
    struct exposure_row *rows;
    uint32_t row_count, row_max;
    uint32_t calls_left_out; /* found no room among the rows */
    struct map index;
};

MUST_CHECK bool exposure_init(struct exposure *exposure, enum exposure_by by, uint32_t row_max);
void exposure_done(struct exposure *exposure);
void exposure_add(struct exposure *exposure, const struct exposure_call *call);
/* The dearest a minute first. Nothing may be added after it. */
void exposure_sort(struct exposure *exposure);

#endif
