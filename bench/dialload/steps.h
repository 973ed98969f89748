/* steps.h - runs one step: starts operations, hands over what comes in, and measures. */
#ifndef DT_DIALLOAD_STEPS_H
#define DT_DIALLOAD_STEPS_H

#include "dialload/load.h"

struct group_usage { /* of one watched group of processes, over a step */
    int64_t cpu_ns;
    int64_t pss_before_kib, pss_after_kib;
    bool is_known; /* false: a process of it is gone */
};

struct step_result {
    const struct step *step;
    struct stats stats;
    struct net_counts counts;
    struct group_usage usage[PROBE_GROUPS_MAX];
    int64_t elapsed_us;
    int64_t own_cpu_ns;
    int64_t drops_server, drops_own; /* datagrams lost in the kernel */
    uint32_t kept_count;             /* calls that stay up */
};

void steps_run(struct load *load, const struct step *step, struct step_result *result);

/* Every operation ended well and every message was right. */
bool steps_is_clean(const struct step_result *result);

#endif
