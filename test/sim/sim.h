/* sim.h - seeded worlds in virtual time: the real engines, a hostile environment, and invariants
 * that are checked at every step.
 *
 * One plan is one run: the same plan gives the same trace hash, on every machine. A violation names
 * the invariant (test/sim/README.md) and the virtual time. What goes wrong is a list of faults that
 * the seed makes before the run begins, so that a run that fails can be shrunk: fewer faults, fewer
 * nodes, fewer phones, less time, as long as it fails in the same way.
 */
#ifndef DT_TEST_SIM_H
#define DT_TEST_SIM_H

#include "sim_mutation.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_FAULTS_MAX 96
#define SIM_NODES_MAX 3

enum sim_fault_kind {                /* those of the store come last, from FAULT_STORE_CRASH on */
                      FAULT_CUT = 0, /* node and ledger: nothing passes */
                      FAULT_CUT_REQUESTS,   /* one way: nothing reaches the ledger */
                      FAULT_CUT_ANSWERS,    /* one way: nothing comes back */
                      FAULT_KILL,           /* kill -9: memory is gone */
                      FAULT_POWER,          /* a torn end of the journal as well */
                      FAULT_KILL_AT,        /* kill -9 at the next durable point of a kind */
                      FAULT_POWER_AT,       /* power loss there */
                      FAULT_DISK_LOST,      /* it comes back empty */
                      FAULT_DISK_OLD,       /* it comes back as it was some time ago */
                      FAULT_DISK_FULL,      /* new paid work stops, open calls go on */
                      FAULT_DISK_SLOW,      /* a sync takes as long as this lasts */
                      FAULT_CLOCK,          /* the wall clock steps by up to an hour */
                      FAULT_STORE_CRASH,    /* what was not committed is gone */
                      FAULT_STORE_CRASH_AT, /* before a commit, or after it and before the answer */
                      FAULT_STORE_STALL,    /* a commit takes seconds */
                      FAULT_STORE_LIE,   /* commits are acknowledged with a warning, then lost with
                                            the   primary (synchronous replication was cancelled) */
                      FAULT_STORE_OLD,   /* an old copy of the database answers: a lower version */
                      FAULT_STORE_OTHER, /* another ledger answers: another identity */
                      FAULT_VERDICT,     /* an incarnation is declared dead, rightly or not */
                      FAULT_KIND_COUNT
};
const char *sim_fault_name(enum sim_fault_kind kind);

struct sim_fault {
    enum sim_fault_kind kind;
    int64_t at_us, for_us;
    int node;
    uint64_t random; /* for what else the kind needs */
};

struct sim_plan { /* zero, and a seed: as the seed says */
    uint64_t seed;
    enum sim_mutation mutation;
    int node_count;      /* 0: as the seed says */
    int phone_count;     /* 0: as the seed says */
    int64_t faulty_us;   /* how long things go wrong; 0: as the world does */
    bool is_net_good;    /* messages to the ledger are neither lost, late nor repeated */
    bool has_fault_list; /* only the faults in fault_list happen */
    uint8_t fault_list[SIM_FAULTS_MAX / 8];
};
bool sim_plan_has_fault(const struct sim_plan *plan, int index);

/* So long things go wrong where no plan says otherwise. */
#define SIM_FAULTY_US INT64_C(120000000)
/* The faults of that seed, by time; returns their count. */
int sim_faults_make(uint64_t seed, struct sim_fault out[SIM_FAULTS_MAX]);

struct sim_result {
    uint64_t trace_hash;
    char violation[256]; /* empty: clean */
    int64_t virtual_us;
    uint64_t charges, calls; /* answered ones */
    uint64_t attempts;       /* calls placed, where a world counts them */
    int fault_count;         /* in the seed's schedule */
    int node_count, phone_count;
    int64_t faulty_us;
};

typedef int sim_play(const struct sim_plan *plan, struct sim_result *out);

/* Nodes with the real meter table against a model of the ledger in PostgreSQL. 0: clean, 1: a
 * violation. */
int money_world_run(const struct sim_plan *plan, struct sim_result *out);

/* Three nodes, each a whole edge engine, a thousand phones, five calls a second; the same faults.
 */
int fleet_world_run(const struct sim_plan *plan, struct sim_result *out);

/* Makes a failing plan smaller as long as it breaks the same invariant, by at most `tries` runs
 * (delta debugging over faults, then nodes, phones, time, network). Returns the runs made. */
int sim_shrink(sim_play *play, struct sim_plan *plan, struct sim_result *result, int tries);

/* The command that plays the plan again. */
void sim_plan_write(const struct sim_plan *plan, const char *world, char *out, size_t size);

#endif
