/* phases.h - a run of phases, between phases.c that makes it and phases_report.c that tells of it.
 */
#ifndef DT_DIALSTORM_PHASES_H
#define DT_DIALSTORM_PHASES_H

#include "dialstorm/storm.h"

#define HELD_MAX 20000

struct sample {
    int64_t at_us, own_cpu_ns, drops_server, drops_own;
    int64_t cpu_ns[PROBE_GROUPS_MAX], rss_kib[PROBE_GROUPS_MAX], pss_kib[PROBE_GROUPS_MAX];
    uint64_t sent, received;
};

struct phases { /* a run under way */
    struct storm *storm;
    struct sample samples[PHASES_MAX + 2]; /* before the first, and behind each; then the tail */
    int64_t lag_max_us[PHASES_MAX];
    uint64_t visit[WORK_COUNT];
    uint32_t held_slots[HELD_MAX], held_count;
};

void phases_report(const struct phases *run);

#endif
