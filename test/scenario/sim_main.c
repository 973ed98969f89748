/* sim_main.c - `dialtone simulate`: the worlds of the simulator from the command line. */
#include "sim_main.h"

#include "base/hash.h"
#include "edge_world.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SHRINK_TRIES 600
#define HEAP_KEPT (32 << 20)

struct world {
    const char *name;
    sim_play *play;
    bool can_shrink; /* its plans have faults and sizes */
};

static const struct world worlds[] = {
    {"money", money_world_run, true},
    {"fleet", fleet_world_run, true},
    {"edge", edge_world_run, false},
};

struct choice {
    struct sim_plan plan; /* of the first seed */
    uint64_t count;
    const struct world *world; /* NULL: all */
    bool is_one, is_for_all_mutations, is_shrunk;
};

struct sums {
    uint64_t runs, violations, calls, charges;
    int64_t virtual_us;
};

static int usage(void)
{
    fprintf(stderr, "%s\n%s\n", SIM_USAGE, SIM_HELP);
    return 2;
}

static int list(void)
{
    for (int i = 1; i < SIM_MUTATION_COUNT; i++) {
        printf("%-26s %s\n", sim_mutation_name((enum sim_mutation)i),
               sim_mutation_story((enum sim_mutation)i));
    }
    return 0;
}

static bool mutation_find(const char *name, enum sim_mutation *out)
{
    for (int i = 0; i < SIM_MUTATION_COUNT; i++) {
        if (strcmp(name, sim_mutation_name((enum sim_mutation)i)) == 0) {
            *out = (enum sim_mutation)i;
            return true;
        }
    }
    return false;
}

static bool number_read(const char *text, uint64_t max, uint64_t *out)
{
    char *end = NULL;
    *out = strtoull(text, &end, 10);
    return end != text && *end == '\0' && *out <= max;
}

static bool world_find(const char *name, const struct world **out)
{
    for (size_t i = 0; i < ARRAY_COUNT(worlds); i++) {
        if (strcmp(name, worlds[i].name) == 0) {
            *out = &worlds[i];
            return true;
        }
    }
    return false;
}

static bool faults_read(struct sim_plan *plan, const char *text)
{
    plan->has_fault_list = true;
    if (strcmp(text, "none") == 0) {
        return true;
    }
    for (char *end = NULL; *text != '\0'; text = *end == ',' ? end + 1 : end) {
        unsigned long index = strtoul(text, &end, 10);
        if (end == text || index >= SIM_FAULTS_MAX || (*end != '\0' && *end != ',')) {
            return false;
        }
        plan->fault_list[index / 8] |= (uint8_t)(1U << index % 8);
    }
    return true;
}

static bool size_read(struct choice *choice, const char *name, const char *value)
{
    struct sim_plan *plan = &choice->plan;
    uint64_t number = 0;
    if (!number_read(value, 100000, &number) || number == 0) {
        return false;
    }
    if (strcmp(name, "--nodes") == 0) {
        plan->node_count = (int)number;
        return number <= SIM_NODES_MAX;
    }
    if (strcmp(name, "--phones") == 0) {
        plan->phone_count = (int)number;
        return true;
    }
    plan->faulty_us = (int64_t)number * 1000000;
    return strcmp(name, "--seconds") == 0;
}

static bool option_read(struct choice *choice, const char *name, const char *value)
{
    if (strcmp(name, "--seeds") == 0) {
        return number_read(value, UINT32_MAX, &choice->count) && choice->count > 0;
    }
    if (strcmp(name, "--first") == 0) {
        return number_read(value, UINT64_MAX, &choice->plan.seed);
    }
    if (strcmp(name, "--seed") == 0) {
        choice->count = 1;
        choice->is_one = true;
        return number_read(value, UINT64_MAX, &choice->plan.seed);
    }
    if (strcmp(name, "--mutation") == 0) {
        return mutation_find(value, &choice->plan.mutation);
    }
    if (strcmp(name, "--world") == 0) {
        return world_find(value, &choice->world);
    }
    if (strcmp(name, "--faults") == 0) {
        return faults_read(&choice->plan, value);
    }
    if (strcmp(name, "--net") == 0) {
        choice->plan.is_net_good = true;
        return strcmp(value, "good") == 0;
    }
    return size_read(choice, name, value);
}

/* Those without a value. */
static bool flag_read(struct choice *choice, const char *name)
{
    if (strcmp(name, "--mutations") == 0) {
        choice->is_for_all_mutations = true;
        return true;
    }
    if (strcmp(name, "--no-shrink") == 0) {
        choice->is_shrunk = false;
        return true;
    }
    return false;
}

static bool is_played(const struct choice *choice, const struct world *world,
                      enum sim_mutation mutation)
{
    bool knows_it = world->play != edge_world_run || edge_world_knows(mutation);
    return knows_it && (choice->world == NULL || choice->world == world);
}

static void tell_faults(const struct sim_plan *plan)
{
    struct sim_fault faults[SIM_FAULTS_MAX];
    int count = sim_faults_make(plan->seed, faults);
    for (int i = 0; i < count && plan->has_fault_list; i++) {
        if (sim_plan_has_fault(plan, i)) {
            printf("  fault %d: %s at %.3f s for %.3f s, node %d\n", i,
                   sim_fault_name(faults[i].kind), (double)faults[i].at_us / 1e6,
                   (double)faults[i].for_us / 1e6, faults[i].node);
        }
    }
}

static void tell(const struct world *world, const struct choice *choice,
                 const struct sim_plan *plan, const struct sim_result *result)
{
    char command[1024];
    struct sim_plan smaller = *plan;
    struct sim_result left = *result;
    printf("violation: %s world, seed %lu, at %.3f s: %s\n", world->name, (unsigned long)plan->seed,
           (double)result->virtual_us / 1e6, result->violation);
    if (choice->is_shrunk && world->can_shrink && !plan->has_fault_list) {
        int tries = sim_shrink(world->play, &smaller, &left, SHRINK_TRIES);
        printf("  shrunk by %d runs to: %s\n", tries, left.violation);
    }
    sim_plan_write(&smaller, world->name, command, sizeof(command));
    if (world->can_shrink) {
        tell_faults(&smaller);
    }
    printf("  again: %s\n", command);
    fflush(stdout);
}

static uint64_t run(const struct world *world, const struct choice *choice,
                    const struct sim_plan *plan, struct sums *sums)
{
    struct sim_result result;
    if (world->play(plan, &result) != 0) {
        sums->violations++;
        tell(world, choice, plan, &result);
    }
    sums->runs++;
    sums->calls += result.attempts > 0 ? result.attempts : result.calls;
    sums->charges += result.charges;
    sums->virtual_us += result.virtual_us;
    return result.trace_hash;
}

static double cpu_s(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static int run_seeds(const struct choice *choice)
{
    struct sums sums = {0};
    double start_s = cpu_s();
    for (uint64_t i = 0; i < choice->count; i++) {
        uint64_t hash = 0;
        struct sim_plan plan = choice->plan;
        plan.seed += i;
        for (size_t w = 0; w < ARRAY_COUNT(worlds); w++) {
            if (is_played(choice, &worlds[w], plan.mutation)) {
                hash = hash_u64(hash, run(&worlds[w], choice, &plan, &sums));
            }
        }
        if (choice->is_one) {
            printf("trace hash: %016lx\n", (unsigned long)hash);
        }
    }
    double used_s = cpu_s() - start_s;
    double hours = (double)sums.virtual_us / 3.6e9;
    printf("%lu runs, %lu calls, %lu charges, %.1f simulated hours, %.1f hours a CPU second, "
           "%lu violations\n",
           (unsigned long)sums.runs, (unsigned long)sums.calls, (unsigned long)sums.charges, hours,
           used_s > 0 ? hours / used_s : 0, (unsigned long)sums.violations);
    return sums.violations > 0 ? 1 : 0;
}

/* The seed that finds it; 0: none. */
static uint64_t seed_that_finds(const struct choice *choice, enum sim_mutation mutation,
                                const struct world **world, struct sim_result *result)
{
    for (uint64_t i = 0; i < choice->count; i++) {
        struct sim_plan plan = choice->plan;
        plan.seed += i;
        plan.mutation = mutation;
        for (size_t w = 0; w < ARRAY_COUNT(worlds); w++) {
            *world = &worlds[w];
            if (is_played(choice, *world, mutation) && (*world)->play(&plan, result) != 0) {
                return plan.seed;
            }
        }
    }
    return 0;
}

static int run_mutations(struct choice *choice)
{
    int missed = 0;
    for (int i = 1; i < SIM_MUTATION_COUNT; i++) {
        struct sim_result result;
        const struct world *world = NULL;
        uint64_t seed = seed_that_finds(choice, (enum sim_mutation)i, &world, &result);
        missed += seed == 0;
        if (seed == 0) {
            printf("%-26s NOT FOUND by %lu seeds\n", sim_mutation_name((enum sim_mutation)i),
                   (unsigned long)choice->count);
        } else {
            printf("%-26s %s world, seed %lu: %s\n", sim_mutation_name((enum sim_mutation)i),
                   world->name, (unsigned long)seed, result.violation);
        }
    }
    printf("%d deliberate faults, %d not found\n", SIM_MUTATION_COUNT - 1, missed);
    return missed > 0 ? 1 : 0;
}

int sim_main(int argc, char **argv)
{
    struct choice choice = {.plan.seed = 1, .is_shrunk = true};
    /* Each seed's worlds are made and freed: their memory stays for the next. */
    mallopt(M_MMAP_THRESHOLD, HEAP_KEPT);
    mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
    mallopt(M_TOP_PAD, 8 << 20);
    for (int i = 0; i < argc; i++) {
        if (argv[i][0] != '-' || flag_read(&choice, argv[i])) {
            continue; /* the command's own name */
        }
        if (strcmp(argv[i], "--list") == 0) {
            return list();
        }
        if (i + 1 >= argc || !option_read(&choice, argv[i], argv[i + 1])) {
            return usage();
        }
        i++;
    }
    if (choice.is_for_all_mutations) {
        choice.count = choice.count == 0 ? 200 : choice.count;
        return run_mutations(&choice);
    }
    return choice.count == 0 ? usage() : run_seeds(&choice);
}
