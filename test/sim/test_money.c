/* The money world: seeds without a deliberate fault are clean, each deliberate fault is found, a
 * failing run shrinks, and a seed is one run and no other. */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS_DEFAULT 200
#define MUTATION_SEEDS 200
#define ENOUGH 3 /* so often a deliberate fault is to be found: then the rest tells nothing new */
#define SHRINK_TRIES 400

/* Seeds that once failed. */
static const uint64_t kept[] = {1178, 4255, 8042};

static bool is_seed_clean(uint64_t seed, struct sim_result *result)
{
    struct sim_plan plan = {.seed = seed};
    if (money_world_run(&plan, result) != 0) {
        printf("seed %llu at %.3f s: %s\n", (unsigned long long)seed,
               (double)result->virtual_us / 1e6, result->violation);
        return false;
    }
    return true;
}

static bool are_kept_clean(void)
{
    bool is_good = true;
    struct sim_result result;
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        is_good = is_seed_clean(kept[i], &result) && is_good;
    }
    return is_good;
}

static bool is_clean(uint64_t seeds)
{
    uint64_t charges = 0;
    uint64_t calls = 0;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        struct sim_result result;
        if (!is_seed_clean(seed, &result)) {
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
    uint64_t seed = 0;
    struct sim_result result;
    while (seed < MUTATION_SEEDS && count < ENOUGH) {
        struct sim_plan plan = {.seed = ++seed, .mutation = mutation};
        count += money_world_run(&plan, &result) != 0;
    }
    printf("%s: caught in %d of %llu seeds (%s)\n", sim_mutation_name(mutation), count,
           (unsigned long long)seed, result.violation);
    return count > 0;
}

static bool is_repeatable(uint64_t seed)
{
    struct sim_plan plan = {.seed = seed};
    struct sim_result first;
    struct sim_result second;
    struct sim_result other;
    money_world_run(&plan, &first);
    money_world_run(&plan, &second);
    plan.seed++;
    money_world_run(&plan, &other);
    return first.trace_hash == second.trace_hash && first.trace_hash != other.trace_hash;
}

/* What is left still fails, with a tenth of the faults at most. */
static bool is_shrunk(enum sim_mutation mutation)
{
    struct sim_plan plan = {.mutation = mutation};
    struct sim_result result = {0};
    while (plan.seed < MUTATION_SEEDS && result.violation[0] == '\0') {
        plan.seed++;
        money_world_run(&plan, &result);
    }
    int before = result.fault_count;
    int tries = sim_shrink(money_world_run, &plan, &result, SHRINK_TRIES);
    int after = 0;
    for (int i = 0; i < result.fault_count; i++) {
        after += sim_plan_has_fault(&plan, i);
    }
    char command[512];
    sim_plan_write(&plan, "money", command, sizeof(command));
    struct sim_result again;
    int status = money_world_run(&plan, &again);
    printf("%d faults, %d after %d runs: %s: %s\n", before, after, tries, command, again.violation);
    return status != 0 && strcmp(again.violation, result.violation) == 0 && after * 10 <= before;
}

int main(int argc, char **argv)
{
    bool is_good = is_clean(argc > 1 ? strtoull(argv[1], NULL, 10) : SEEDS_DEFAULT);
    is_good = are_kept_clean() && is_repeatable(7) && is_good;
    for (int i = SIM_NO_MUTATION + 1; i < SIM_MUTATION_COUNT; i++) {
        is_good = is_caught((enum sim_mutation)i) && is_good;
    }
    is_good = is_shrunk(SIM_TOLD_BEFORE_SYNC) && is_good;
    return is_good ? 0 : 1;
}
