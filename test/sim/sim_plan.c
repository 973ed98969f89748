/* A seed's faults, and plans as commands. */
#include "sim.h"

#include "base/buf.h"
#include "base/rng.h"

#include <stdio.h>
#include <stdlib.h>

#define SECOND INT64_C(1000000)

static const struct {
    const char *name;
    int weight;             /* how often, against the others */
    int64_t from_ms, to_ms; /* how long */
} kinds[FAULT_KIND_COUNT] = {
    [FAULT_CUT] = {"cut", 6, 300, 20000},
    [FAULT_CUT_REQUESTS] = {"cut-requests", 3, 300, 12000},
    [FAULT_CUT_ANSWERS] = {"cut-answers", 4, 300, 12000},
    [FAULT_KILL] = {"kill", 3, 0, 0},
    [FAULT_POWER] = {"power", 3, 0, 0},
    [FAULT_KILL_AT] = {"kill-at", 4, 0, 0},
    [FAULT_POWER_AT] = {"power-at", 8, 0, 0},
    [FAULT_DISK_LOST] = {"disk-lost", 1, 0, 0},
    [FAULT_DISK_OLD] = {"disk-old", 2, 1000, 30000},
    [FAULT_DISK_FULL] = {"disk-full", 2, 500, 15000},
    [FAULT_DISK_SLOW] = {"disk-slow", 3, 50, 3000},
    [FAULT_CLOCK] = {"clock", 3, 0, 0},
    [FAULT_STORE_CRASH] = {"store-crash", 4, 100, 4000},
    [FAULT_STORE_CRASH_AT] = {"store-crash-at", 5, 100, 4000},
    [FAULT_STORE_STALL] = {"store-stall", 4, 500, 10000},
    [FAULT_STORE_LIE] = {"store-lie", 3, 200, 5000},
    [FAULT_STORE_OLD] = {"store-old", 2, 500, 8000},
    [FAULT_STORE_OTHER] = {"store-other", 2, 500, 8000},
    [FAULT_VERDICT] = {"verdict", 1, 0, 0},
};

const char *sim_fault_name(enum sim_fault_kind kind)
{
    return kinds[kind].name;
}

bool sim_plan_has_fault(const struct sim_plan *plan, int index)
{
    return !plan->has_fault_list || (plan->fault_list[index / 8] >> index % 8 & 1) != 0;
}

static enum sim_fault_kind kind_draw(struct rng *rng)
{
    int sum = 0;
    for (int i = 0; i < FAULT_KIND_COUNT; i++) {
        sum += kinds[i].weight;
    }
    int left = (int)rng_below(rng, (uint64_t)sum);
    int kind = 0;
    while (left >= kinds[kind].weight) {
        left -= kinds[kind++].weight;
    }
    return (enum sim_fault_kind)kind;
}

static int compare(const void *left, const void *right)
{
    const struct sim_fault *a = left;
    const struct sim_fault *b = right;
    if (a->at_us != b->at_us) {
        return a->at_us < b->at_us ? -1 : 1;
    }
    return a->random < b->random ? -1 : a->random > b->random;
}

int sim_faults_make(uint64_t seed, struct sim_fault out[SIM_FAULTS_MAX])
{
    struct rng rng;
    rng_init(&rng, seed ^ UINT64_C(0x6661756c7473));
    int count = 8 + (int)rng_below(&rng, SIM_FAULTS_MAX - 8);
    for (int i = 0; i < count; i++) {
        enum sim_fault_kind kind = kind_draw(&rng);
        int64_t range_ms = kinds[kind].to_ms - kinds[kind].from_ms;
        out[i] = (struct sim_fault){.kind = kind};
        out[i].at_us = SECOND / 10 + (int64_t)rng_below(&rng, (uint64_t)SIM_FAULTY_US);
        out[i].for_us =
            1000 * (kinds[kind].from_ms + (int64_t)rng_below(&rng, (uint64_t)range_ms + 1));
        out[i].node = (int)rng_below(&rng, SIM_NODES_MAX);
        out[i].random = rng_u64(&rng);
    }
    qsort(out, (size_t)count, sizeof(out[0]), compare);
    return count;
}

void sim_plan_write(const struct sim_plan *plan, const char *world, char *text, size_t size)
{
    struct buf out;
    buf_init(&out, text, size - 1);
    buf_printf(&out, "dialtone simulate --world %s --seed %llu", world,
               (unsigned long long)plan->seed);
    if (plan->mutation != SIM_NO_MUTATION) {
        buf_printf(&out, " --mutation %s", sim_mutation_name(plan->mutation));
    }
    if (plan->node_count > 0) {
        buf_printf(&out, " --nodes %d", plan->node_count);
    }
    if (plan->phone_count > 0) {
        buf_printf(&out, " --phones %d", plan->phone_count);
    }
    if (plan->faulty_us > 0) {
        buf_printf(&out, " --seconds %lld", (long long)(plan->faulty_us / SECOND));
    }
    if (plan->is_net_good) {
        buf_text(&out, " --net good");
    }
    if (plan->has_fault_list) {
        buf_text(&out, " --faults ");
        const char *comma = "";
        for (int i = 0; i < SIM_FAULTS_MAX; i++) {
            if (sim_plan_has_fault(plan, i)) {
                buf_printf(&out, "%s%d", comma, i);
                comma = ",";
            }
        }
        buf_text(&out, *comma == '\0' ? "none" : "");
    }
    text[out.size] = '\0';
}
