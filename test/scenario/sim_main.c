/* sim_main.c - `dialtone simulate`: the worlds of the simulator from the command line. */
#include "sim_main.h"

#include "base/hash.h"
#include "edge_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct choice {
    uint64_t first, count;
    enum sim_mutation mutation;
    bool has_money, has_edge;
    bool is_one;
};

struct sums {
    uint64_t runs, violations, calls, charges;
    int64_t virtual_us;
};

static int usage(void)
{
    fprintf(stderr, "usage: dialtone simulate --seeds N | --seed K [--mutation NAME] "
                    "[--world money|edge]\n"
                    "mutations (deliberate faults that must be found):");
    for (int i = 1; i < SIM_MUTATION_COUNT; i++) {
        fprintf(stderr, " %s", sim_mutation_name((enum sim_mutation)i));
    }
    fprintf(stderr, "\n");
    return 2;
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

static bool option_read(struct choice *choice, const char *name, const char *value)
{
    char *end = NULL;
    if (strcmp(name, "--seeds") == 0) {
        choice->first = 1;
        choice->count = strtoull(value, &end, 10);
        return *end == 0 && choice->count > 0;
    }
    if (strcmp(name, "--seed") == 0) {
        choice->first = strtoull(value, &end, 10);
        choice->count = 1;
        choice->is_one = true;
        return *end == 0;
    }
    if (strcmp(name, "--mutation") == 0) {
        return mutation_find(value, &choice->mutation);
    }
    if (strcmp(name, "--world") == 0) {
        choice->has_money = strcmp(value, "money") == 0;
        choice->has_edge = strcmp(value, "edge") == 0;
        return choice->has_money || choice->has_edge;
    }
    return false;
}

static uint64_t run(const char *world, uint64_t seed, enum sim_mutation mutation,
                    int (*play)(uint64_t, enum sim_mutation, struct sim_result *),
                    struct sums *sums)
{
    struct sim_result result;
    if (play(seed, mutation, &result) != 0) {
        sums->violations++;
        printf("violation: %s world, seed %lu: %s\n", world, (unsigned long)seed, result.violation);
    }
    sums->runs++;
    sums->calls += result.calls;
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

int sim_main(int argc, char **argv)
{
    struct choice choice = {.has_money = true, .has_edge = true};
    struct sums sums = {0};
    for (int i = 0; i < argc; i++) {
        if (argv[i][0] != '-') {
            continue; /* the command's own name */
        }
        if (i + 1 >= argc || !option_read(&choice, argv[i], argv[i + 1])) {
            return usage();
        }
        i++;
    }
    if (choice.count == 0) {
        return usage();
    }
    double start_s = cpu_s();
    for (uint64_t seed = choice.first; seed < choice.first + choice.count; seed++) {
        uint64_t hash = 0;
        if (choice.has_money) {
            hash = hash_u64(hash, run("money", seed, choice.mutation, money_world_run, &sums));
        }
        if (choice.has_edge && edge_world_knows(choice.mutation)) {
            hash = hash_u64(hash, run("edge", seed, choice.mutation, edge_world_run, &sums));
        }
        if (choice.is_one) {
            printf("trace hash: %016lx\n", (unsigned long)hash);
        }
    }
    double used_s = cpu_s() - start_s, hours = (double)sums.virtual_us / 3.6e9;
    printf("%lu runs, %lu calls, %lu charges, %.1f simulated hours, %.1f hours a CPU second, "
           "%lu violations\n",
           (unsigned long)sums.runs, (unsigned long)sums.calls, (unsigned long)sums.charges, hours,
           used_s > 0 ? hours / used_s : 0, (unsigned long)sums.violations);
    return sums.violations > 0 ? 1 : 0;
}
