/* The money world once more, with the SQL ledger beside the model: every answer is the same, and
 * the audit is clean at the end. `test_money_store SEEDS [FIRST]`. */
#include "store_mirror.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SEEDS_DEFAULT 10

int main(int argc, char **argv)
{
    uint64_t seeds = argc > 1 ? strtoull(argv[1], NULL, 10) : SEEDS_DEFAULT;
    uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    /* In memory where that is possible: power losses are played, not suffered. */
    const char *parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        struct store_mirror mirror = {0};
        struct sim_mirror hooks = store_mirror_init(&mirror, parent);
        struct sim_result result;
        int status = money_world_run_mirrored(seed, &hooks, &result);
        store_mirror_done(&mirror);
        if (status != 0) {
            printf("seed %llu at %.3f s: %s\n", (unsigned long long)seed,
                   (double)result.virtual_us / 1e6, result.violation);
            return 1;
        }
    }
    printf("%llu seeds: the ledgers agree\n", (unsigned long long)seeds);
    return 0;
}
