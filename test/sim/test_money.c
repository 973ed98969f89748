/* The money world: seeds without a deliberate fault are clean, each fault is found, and a seed is
 * one run and no other. With numbers: test_money SEEDS, or test_money -k SEED [MUTATION]. */
#include "sim.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS_DEFAULT 200
#define MUTATION_SEEDS 200

static bool is_clean(uint64_t seeds)
{
    uint64_t charges = 0;
    uint64_t calls = 0;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        struct sim_result result;
        if (money_world_run(seed, SIM_NO_MUTATION, &result) != 0) {
            printf("seed %llu at %.3f s: %s\n", (unsigned long long)seed,
                   (double)result.virtual_us / 1e6, result.violation);
            return false;
        }
        charges += result.charges;
        calls += result.calls;
    }
    printf("%llu seeds clean: %llu calls, %llu charges\n", (unsigned long long)seeds,
           (unsigned long long)calls, (unsigned long long)charges);
    return true;
}

static bool is_caught(enum sim_mutation mutation)
{
    int count = 0;
    struct sim_result first = {0};
    for (uint64_t seed = 1; seed <= MUTATION_SEEDS; seed++) {
        struct sim_result result;
        if (money_world_run(seed, mutation, &result) != 0 && count++ == 0) {
            first = result;
        }
    }
    printf("%s: caught in %d of %d seeds (%s)\n", sim_mutation_name(mutation), count,
           MUTATION_SEEDS, first.violation);
    return count > 0;
}

static bool is_repeatable(uint64_t seed)
{
    struct sim_result first;
    struct sim_result second;
    struct sim_result other;
    money_world_run(seed, SIM_NO_MUTATION, &first);
    money_world_run(seed, SIM_NO_MUTATION, &second);
    money_world_run(seed + 1, SIM_NO_MUTATION, &other);
    return first.trace_hash == second.trace_hash && first.trace_hash != other.trace_hash;
}

static int run_one(uint64_t seed, int mutation)
{
    struct sim_result result;
    int status = money_world_run(seed, (enum sim_mutation)mutation, &result);
    printf("%.3f s, %llu calls, %llu charges %s\ntrace hash: %016llx\n",
           (double)result.virtual_us / 1e6, (unsigned long long)result.calls,
           (unsigned long long)result.charges, result.violation,
           (unsigned long long)result.trace_hash);
    return status;
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "-k") == 0) {
        return run_one(strtoull(argv[2], NULL, 10), argc > 3 ? atoi(argv[3]) : 0);
    }
    bool is_good = is_clean(argc > 1 ? strtoull(argv[1], NULL, 10) : SEEDS_DEFAULT);
    is_good = is_repeatable(7) && is_good;
    for (int i = SIM_NO_MUTATION + 1; i < SIM_MUTATION_COUNT; i++) {
        is_good = is_caught((enum sim_mutation)i) && is_good;
    }
    return is_good ? 0 : 1;
}
