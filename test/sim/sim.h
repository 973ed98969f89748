/* sim.h - seeded worlds in virtual time: the real engines, a hostile environment, and invariants
 * that are checked at every step.
 *
 * One seed is one run: the same seed gives the same trace hash, on every machine. A violation names
 * the invariant (docs/money.md) and the virtual time.
 */
#ifndef DT_TEST_SIM_H
#define DT_TEST_SIM_H

#include <stdint.h>

/* Deliberate faults: a simulator that does not find them finds nothing. */
enum sim_mutation {
    SIM_NO_MUTATION = 0,
    SIM_LEASE_TAKEN_BACK, /* the ledger takes a silent edge's lease back after a time */
    SIM_NO_HIGH_WATER,    /* settlement applies whatever comes */
    SIM_UNKNOWN_IS_NO,    /* an edge without an answer says "no credit" */
    SIM_EARLY_ACK,        /* the ledger answers before it has committed */
    SIM_NO_MINUTE_LIMIT,  /* an edge does not obey the limit of spend a minute */
    SIM_MUTATION_COUNT
};
const char *sim_mutation_name(enum sim_mutation mutation);

struct sim_result {
    uint64_t trace_hash;
    char violation[256]; /* empty: clean */
    int64_t virtual_us;
    uint64_t charges, calls;
};

/* Edges with the real meter table against a model of the ledger: loss, repeat, delay, partitions,
 * crashes with torn journals, lost disks, wrong death verdicts. 0: clean, 1: a violation. */
int money_world_run(uint64_t seed, enum sim_mutation mutation, struct sim_result *out);

#endif
