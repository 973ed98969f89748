/* steps.h - the trunks that a call may try, in their order. */
#ifndef DT_ROUTING_STEPS_H
#define DT_ROUTING_STEPS_H

#include "routing/route.h"

struct steps_query {
    const struct trunk_set *set;
    const struct deck_set *decks;
    struct slice digits;
    int64_t wall_s;
    uint64_t random;
    const _Atomic uint64_t *quality; /* by trunk id; NULL: none */
    uint64_t quality_count;
    uint64_t from_trunk_id;   /* never sent back there; 0: from an endpoint */
    const struct rate *price; /* for the margin guard; NULL: not guarded */
};

struct steps_report {         /* why there are as many steps as there are */
    int candidate_count;      /* trunks that take the number */
    int dear_count;           /* left out: they cost more than the call sells for */
    int unpriced_count;       /* left out: their own deck has no price for the number */
    int other_currency_count; /* kept, though the cost could not be compared */
};

/* Longest route prefix first; within one prefix by priority, by what a typical call costs with its
 * fee and increments, and by weight. Of those that are equal so far, the ones that were clearly
 * poor lately come last, except that one call in 32 does not look, so that a trunk which has
 * recovered is found out. Left out: those where some call would cost more than it sells for. */
void steps_by_route(const struct steps_query *query, struct route_plan *plan,
                    struct steps_report *report);

/* Trunks that take emergency calls first, in the order of their routes, then every other carrier's
 * trunk that calls can be sent to. Nothing is left out for money. */
void steps_for_emergency(const struct steps_query *query, struct route_plan *plan);

/* Adds one step to this trunk; false: there are ROUTE_STEPS_MAX, or it is one of them. */
bool steps_add(struct route_plan *plan, const struct trunk *trunk, struct slice digits,
               bool may_plus, const struct rate *cost);

/* May calls be sent to it? */
bool steps_is_usable(const struct trunk *trunk);

#endif
