/* nap.h - a worker that is woken for each message waits a moment, and takes several at once.
 *
 * To be woken costs a worker more than most messages do: it comes back to cold caches, and its
 * answers wake others one by one. As network cards do, it therefore sleeps for as long as some
 * NAP_COUNT messages take to come at the pace of late, and then looks. Never longer than
 * NAP_MAX_US, which is what it may add to a message's way; and not at all where that would bring
 * fewer than NAP_WORTH, where the last look brought none or a full hand, or where they come so fast
 * that there is no sleep to be had. Who sends the next message only when the last was answered
 * would come slowly because of the naps, and so keep them up: a twentieth of the time is without,
 * to see the true pace. So one call on an idle machine is served at once, and so is a flood.
 *
 * The caller owns the struct; zeroed memory is one that has seen nothing yet. Times are
 * microseconds of the monotonic clock.
 */
#ifndef DT_GUARD_NAP_H
#define DT_GUARD_NAP_H

#include <stdint.h>

#define NAP_COUNT 8
#define NAP_FULL 16 /* more may be there already */
#define NAP_WORTH 4
#define NAP_MAX_US 4000
#define NAP_MIN_US 1000 /* shorter ones cost as much as they save */

struct nap {
    int64_t since_us; /* start of the count under way; 0: none */
    int64_t count;    /* messages since then */
    int64_t slice_us; /* what the last whole count gave; 0: no naps */
    int last_count;   /* of the last look */
    int turn;         /* of the counts: one in twenty is taken without naps */
};

/* A look found so many messages (>= 0). */
void nap_note(struct nap *nap, int count, int64_t now_us);

/* How long to sleep before the next look; 0: wait for the first message, as usual. */
int64_t nap_slice_us(const struct nap *nap);

#endif
