/* plan.h - what the command line asked of dialstorm. */
#ifndef DT_DIALSTORM_PLAN_H
#define DT_DIALSTORM_PLAN_H

#include "dialload/options.h"

#include <stdio.h>

#define PHASES_MAX 16

enum work {
    WORK_CALL = 0, /* a whole call between two phones */
    WORK_DEAD,     /* a call to a phone behind an address that never answers */
    WORK_REGISTER, /* a phone without a nonce: REGISTER, 401, REGISTER, 200 */
    WORK_REFRESH,  /* with the nonce held */
    WORK_DIALOG,   /* a request within a call: INFO in held calls, and each BYE */
    WORK_COUNT,
};

enum run_mode { RUN_PHASES = 0, RUN_AVALANCHE, RUN_REVIVE, RUN_TCP };

struct phase { /* work a second, or (closed) under way at a time */
    char name[24];
    int64_t duration_us;
    uint32_t rate_per_s[WORK_COUNT];
    uint32_t closed[WORK_COUNT];
};

struct plan {
    enum run_mode mode;
    struct options net;   /* target, sockets, sources, domain */
    uint32_t user_count;  /* the first half calls, the second is called */
    uint32_t dead_count;  /* users after them, registered where nobody answers */
    uint32_t flood_count; /* users after those, who register */
    uint32_t held_count;  /* calls that are up throughout */
    int64_t patience_us, hold_us, tail_us;
    bool forgets_nonce; /* calls are challenged each time */
    struct phase phases[PHASES_MAX];
    uint32_t phase_count;
    struct probe_group groups[PROBE_GROUPS_MAX];
    uint32_t group_count;
    pid_t kill_pid;     /* avalanche, revive: this dies by SIGKILL; 0: answers are lost instead */
    int64_t deaf_us;    /* avalanche: for so long */
    int64_t spread_us;  /* avalanche: the phones notice within this */
    int64_t backoff_us; /* RFC 5626 4.5 base time */
    int64_t limit_us;
    uint32_t connection_count, source_count; /* tcp */
    uint64_t message_count;
    FILE *out;
};

/* Prints what is wrong (or the help) and returns false if there is nothing to run. */
bool plan_read(struct plan *plan, int argc, char **argv);

const char *work_name(enum work work);

#endif
