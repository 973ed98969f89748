/* virtual.h - the world in virtual time: the real edge engine with its meters, bindings, decks and
 * directory, the real ledger, the same user agents; a simulated network, clock, disk and process.
 *
 * One seed is one run. The network loses, repeats, delays and reorders datagrams as the scenario's
 * `network` line says; a killed edge loses its memory and comes back from its journal.
 */
#ifndef DT_TEST_VIRTUAL_H
#define DT_TEST_VIRTUAL_H

#include "scn_world.h"

struct virtual;

struct virtual_totals {
    uint64_t trace_hash; /* over every message and event, with its time */
    int64_t virtual_us;
    uint64_t messages;
    uint64_t calls_started, calls_answered;
    uint64_t records; /* usage records that the edge wrote */
};

/* NULL: `why` says what could not be made. */
struct virtual *virtual_new(const struct scn *scn, uint64_t seed, char why[SCN_WHY_SIZE]);
void virtual_free(struct virtual *virtual);
void virtual_world(struct virtual *virtual, struct scn_world *out);
void virtual_sum(const struct virtual *virtual, struct virtual_totals *out);

/* Deliberate faults of the shell around the engines, to see that they are found. */
enum virtual_mutation {
    VIRTUAL_NO_MUTATION = 0,
    VIRTUAL_UNKNOWN_IS_NO, /* a ledger that does not answer is taken for "no more money" */
    VIRTUAL_EARLY_ACK      /* records are taken for settled before the ledger has them */
};
void virtual_mutate(struct virtual *virtual, enum virtual_mutation mutation);

/* Calls each(ctx, agent, event) for what the agents tell. */
void virtual_listen(struct virtual *virtual,
                    void (*each)(void *ctx, int agent, const struct ua_event *event), void *ctx);

/* Is anything left over: an open call at the edge, a record that the ledger does not have? Empty:
 * no. */
void virtual_leftovers(const struct virtual *virtual, char why[SCN_WHY_SIZE]);
struct books *virtual_books(struct virtual *virtual);

/* All of it. */
enum scn_verdict virtual_play(const struct scn *scn, uint64_t seed, struct virtual_totals *totals,
                              char why[SCN_WHY_SIZE]);

#endif
