/* deck_diff.h - what changes from one version of a deck to another: by prefix, and for past calls.
 *
 * A prefix has become dearer if some call to it costs more (rate_is_dearer), cheaper if some call
 * costs less, and both where increments or steps cross. It is compared at a date, in every hour of
 * the week that a window of either deck tells apart; what it inherits from a shorter prefix counts
 * as its own.
 */
#ifndef DT_RATING_DECK_DIFF_H
#define DT_RATING_DECK_DIFF_H

#include "rating/deck.h"

enum deck_change {
    DECK_SAME = 0,
    DECK_UP,
    DECK_DOWN,
    DECK_MIXED, /* some calls cost more, some less */
    DECK_NEW,   /* had no price */
    DECK_GONE,  /* has no price any more */
    DECK_CHANGE_COUNT
};

const char *deck_change_name(enum deck_change change); /* "same", "up", ... */

struct deck_difference { /* of one prefix */
    enum deck_change change;
    struct slice digits; /* of the prefix, or of a network's key */
    bool has_before, has_after;
    struct rate before, after; /* in an hour in which they differ */
};

struct deck_diff {
    const struct deck *before; /* NULL: there was none */
    const struct deck *after;
    int64_t wall_s; /* the date at which both are asked */
    /* For each prefix that is not the same; NULL: only counted. The slice lives during the call. */
    void (*tell)(void *ctx, const struct deck_difference *difference);
    void *ctx;
    uint32_t
        counts[DECK_CHANGE_COUNT]; /* of prefixes that either deck names; set by deck_compare */
};

void deck_compare(struct deck_diff *diff);

/* The first effective date after that time in the deck; INT64_MAX: none. */
int64_t deck_next_date(const struct deck *deck, int64_t after_s);

/* What an old call (its number, its time and talk) would cost if the deck's rows of wall_s counted,
 * in the hours of its own day. part: of a long call, from .. to. False: no price. */
MUST_CHECK bool deck_price_again(const struct deck *deck, struct slice digits, int64_t wall_s,
                                 int64_t call_wall_s, int64_t talk_from_us, int64_t talk_to_us,
                                 int64_t *micro);

#endif
