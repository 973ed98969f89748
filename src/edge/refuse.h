/* refuse.h - what a request is worth under load, and the cheapest right way to refuse it: from a
 * glance at it, without a parse, a transaction, a look-up of users or a log line.
 */
#ifndef DT_EDGE_REFUSE_H
#define DT_EDGE_REFUSE_H

#include "base/buf.h"
#include "edge/edge.h"
#include "sip/glance.h"

enum edge_rank {
    EDGE_RANK_KEEP = 0, /* in a dialog of ours, a repeat of what is under way, an emergency call */
    EDGE_RANK_SETTLED,  /* an ACK to a refusal of ours: nothing is to be done */
    EDGE_RANK_STRAY,    /* claims a dialog or transaction, and proves none */
    EDGE_RANK_REFRESH,  /* REGISTER with a nonce of ours, used before */
    EDGE_RANK_ANSWER,   /* INVITE or REGISTER that answers a challenge of ours */
    EDGE_RANK_FIRST,    /* INVITE or REGISTER from somebody who proves nothing yet */
    EDGE_RANK_OTHER
};

/* wall_us: for the nonce's age. What cannot be told apart cheaply is KEEP: nothing is refused for
 * being unclear. */
enum edge_rank edge_rank_of(const struct edge *edge, const struct sip_glance *glance,
                            int64_t wall_us);

/* Is this an INVITE to an emergency number, as far as its first line tells? For messages that a
 * glance does not understand. */
bool edge_is_emergency_start(const struct edge *edge, struct slice bytes);

/* Does the branch of a response prove that it answers a request of ours? */
bool edge_branch_is_ours(const struct edge *edge, struct slice branch);

/* Writes the whole response to `out` (the caller checks is_full) and where it goes. Its To tag is a
 * MAC, as of all stateless responses, so that any worker knows its ACK. retry_after_s 0: none. Not
 * for an ACK. */
void edge_refuse(const struct edge *edge, const struct sip_glance *glance,
                 const struct reg_flow *from, int status, int retry_after_s, struct buf *out,
                 struct reg_flow *to);

#endif
