/* reconcile.h - our records of calls against a carrier's: which belong together, which only one
 * side has, and where duration or price differ.
 *
 * Two calls belong together when they have the same Call-ID; else when they were answered within
 * the window, to the same number (or one is the end of the other: a carrier may leave out or add
 * a prefix). Of several that may, the nearest in time and duration do. Each is used once.
 */
#ifndef DT_CALLS_RECONCILE_H
#define DT_CALLS_RECONCILE_H

#include "base/slice.h"
#include "metering/usage.h"

#define RECONCILE_NUMBER_SIZE 32

struct reconcile_call {
    uint64_t ref;                       /* line of their file; row of our record */
    char number[RECONCILE_NUMBER_SIZE]; /* called; digits alone */
    char call_id[USAGE_CALL_ID_SIZE];   /* empty: not known */
    int64_t wall_answer_us;
    int64_t talk_us;
    int64_t cost_micro; /* what the carrier charges us */
    bool has_cost;
};

struct reconcile_calls { /* zero: none */
    struct reconcile_call *calls;
    size_t count, size;
};
MUST_CHECK bool reconcile_calls_add(struct reconcile_calls *list,
                                    const struct reconcile_call *call); /* false: no memory */
void reconcile_calls_done(struct reconcile_calls *list);

struct reconcile_terms {
    int64_t window_us;        /* clocks and answering differ by so much at most */
    int64_t talk_slack_us;    /* a larger difference of duration is one */
    int64_t cost_slack_micro; /* and of price */
};

struct reconcile_pair { /* indexes into the two lists */
    uint32_t ours, theirs;
    bool is_talk_different;
    bool is_cost_different; /* false where one of them has none */
};

struct reconcile_result {
    struct reconcile_pair *pairs; /* in the order of their list */
    size_t pair_count;
    bool *is_our_matched, *is_their_matched; /* by index */
};

/* False: no memory. Give the result back with reconcile_done. */
MUST_CHECK bool reconcile_match(const struct reconcile_calls *ours,
                                const struct reconcile_calls *theirs,
                                const struct reconcile_terms *terms, struct reconcile_result *out);
void reconcile_done(struct reconcile_result *result);

/* Digits of a dialled number: without "+", "00" before the country code, and what people put in
 * between. False: something else is in it, or it is too long. */
MUST_CHECK bool reconcile_number(struct slice text, char number[RECONCILE_NUMBER_SIZE]);

#endif
