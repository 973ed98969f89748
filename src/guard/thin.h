/* thin.h - how much of a class of messages is let through at all, when even to refuse the rest
 * costs more than may be spent on it.
 *
 * Counted in each interval are the messages admitted, those refused, those lost on their way, and
 * the time in which the worker had nothing to do. When messages that had to wait are lost in one
 * interval after the other, or far more are refused than may be, the part that is let through is
 * cut, in one step, to what can be done and what may be refused; one burst is no reason. Once a
 * part is taken out, what comes is judged over settle_us: a shorter time counts those who repeat,
 * or what a pause of the machine piled up, for more callers. It rises only by as much as the worker
 * idles, and to all at once when for half a second all that is offered would have fitted.
 *
 * The same messages are taken out each time, so whoever lets more through meets callers who have
 * been waiting: for tell_us they are to be told, in a refusal (thin_is_telling), and with them
 * those who come new, whom nothing tells apart. Those without proof of who they are go first; the
 * others only when next to none of them is left.
 *
 * The caller owns the struct; times are microseconds of the monotonic clock, and passed in.
 */
#ifndef DT_GUARD_THIN_H
#define DT_GUARD_THIN_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

#define THIN_PARTS 1000000

struct thin_terms {
    int64_t interval_us;
    uint32_t refusal_parts;    /* so many refusals may be spent for THIN_PARTS admitted */
    int64_t refusals_a_second; /* and so many in any case */
    uint32_t floor_parts;      /* of THIN_PARTS: never less is let through */
    int64_t tell_us;           /* so long those who waited are told; 0: they are let in */
    int64_t settle_us;         /* so long behind a change what comes through is judged */
};
struct thin_terms thin_terms_default(void); /* 50 ms, one for one, 4,000, 1 %, 0, 200 ms */

/* Of callers who waited most have given up: they are told, for 4 s, so that it rises slowly, and
 * is cut slowly: it settles for a second, by when each who was lost in a burst came again, once.
 * Three are refused for five that are admitted. */
struct thin_terms thin_terms_calls(void);

/* A phone is served late as well as soon, and to refuse it costs a larger part of what it costs to
 * serve it: one for four. */
struct thin_terms thin_terms_registers(void);

struct thin_span { /* of intervals */
    int intervals;
    int64_t us; /* how long they lasted */
    uint64_t came, refused;
};

struct thin {
    struct thin_terms terms;
    int64_t interval_at_us;           /* it began; 0: nothing yet */
    uint64_t admitted, refused, lost; /* in this interval; the caller counts them up */
    struct thin_span losing;          /* in a row lost what had to wait, which counts as come */
    struct thin_span refusing;        /* in a row refused far more than may be */
    struct thin_span flooding;        /* in a row refused some times as many */
    int unchanged;                    /* intervals since the last change, to a thousand */
    struct thin_span seen;            /* since the last change or look */
    int fitting;                      /* intervals in a row in which all would have fitted */
    uint32_t told_from_parts;         /* what lies between and unproven_parts is to be told */
    int64_t told_until_us;            /* 0: nobody is */
    int64_t idle_us;                  /* in this interval; the caller counts it up */
    int64_t doable_a_second;          /* a mean of some four intervals */
    int64_t best_a_second;            /* the highest it was lately; it fades */
    int64_t idle_parts;               /* of THIN_PARTS; a mean as well */
    uint32_t unproven_parts, proven_parts; /* of THIN_PARTS: let through */
};

void thin_init(struct thin *thin, const struct thin_terms *terms);

/* Is the interval over? Then thin_step is due. */
bool thin_is_due(const struct thin *thin, int64_t now_us);

/* Ends the interval. is_waiting: what had its turn last waited too long for its queue. True: what
 * is let through has changed. */
bool thin_step(struct thin *thin, bool is_waiting, int64_t now_us);

bool thin_is_active(const struct thin *thin);

/* Are those whom told_from_parts would have taken out to be refused, since they may have waited? */
bool thin_is_telling(const struct thin *thin, int64_t now_us);

#endif
