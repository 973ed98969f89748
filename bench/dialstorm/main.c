/* dialstorm: see plan.c for what it can do, and docs/performance.md for what the figures mean. */
#include "dialstorm/storm.h"
#include "dialstorm/tcp.h"

#include <stdlib.h>

static bool run(const struct plan *plan)
{
    if (plan->mode == RUN_TCP) {
        return run_tcp(plan);
    }
    struct storm *storm = calloc(1, sizeof(*storm));
    bool is_done = storm != NULL && storm_init(storm, plan);
    if (is_done) {
        switch (plan->mode) {
        case RUN_PHASES:
            is_done = run_phases(storm);
            break;
        case RUN_AVALANCHE:
            is_done = run_avalanche(storm);
            break;
        case RUN_REVIVE:
            is_done = run_revive(storm);
            break;
        case RUN_TCP:
            break;
        }
    }
    if (storm != NULL) {
        storm_done(storm);
    }
    free(storm);
    return is_done;
}

int main(int argc, char **argv)
{
    struct plan plan;
    if (!plan_read(&plan, argc, argv)) {
        return 2;
    }
    return run(&plan) ? 0 : 1;
}
