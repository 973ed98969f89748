/* A failing run made small: delta debugging (Zeller, Hildebrandt 2002) over the list of faults,
 * then fewer nodes and phones, less time, a good network. */
#include "sim.h"

#include <string.h>

struct shrink {
    sim_play *play;
    struct sim_plan *plan;     /* the smallest that fails */
    struct sim_result *result; /* of it */
    char invariant[8];         /* the violation's first word: "I4:" */
    int tries, tries_max;
};

static void first_word(const char *text, char out[8])
{
    size_t size = strcspn(text, " ");
    size = size < 7 ? size : 7;
    memcpy(out, text, size);
    out[size] = '\0';
}

static bool still_fails(struct shrink *shrink, const struct sim_plan *plan)
{
    struct sim_result result;
    char invariant[8];
    if (shrink->tries >= shrink->tries_max) {
        return false;
    }
    shrink->tries++;
    if (shrink->play(plan, &result) == 0) {
        return false;
    }
    first_word(result.violation, invariant);
    if (strcmp(invariant, shrink->invariant) != 0) {
        return false; /* another mistake, perhaps, but not this one */
    }
    *shrink->plan = *plan;
    *shrink->result = result;
    return true;
}

static int faults_list(const struct sim_plan *plan, int fault_count, int list[SIM_FAULTS_MAX])
{
    int count = 0;
    for (int i = 0; i < fault_count; i++) {
        if (sim_plan_has_fault(plan, i)) {
            list[count++] = i;
        }
    }
    return count;
}

static struct sim_plan plan_without(const struct sim_plan *plan, const int *list, int count,
                                    int from, int to)
{
    struct sim_plan smaller = *plan;
    smaller.has_fault_list = true;
    memset(smaller.fault_list, 0, sizeof(smaller.fault_list));
    for (int i = 0; i < count; i++) {
        if (i < from || i >= to) {
            smaller.fault_list[list[i] / 8] |= (uint8_t)(1U << list[i] % 8);
        }
    }
    return smaller;
}

/* Takes away halves, then quarters, down to single faults, until none can go. */
static void fewer_faults(struct shrink *shrink)
{
    int list[SIM_FAULTS_MAX];
    int count = faults_list(shrink->plan, shrink->result->fault_count, list);
    int piece = count;
    while (piece > 0 && count > 0) {
        bool has_shrunk = false;
        for (int from = 0; from < count;) {
            int to = from + piece < count ? from + piece : count;
            struct sim_plan smaller = plan_without(shrink->plan, list, count, from, to);
            if (still_fails(shrink, &smaller)) {
                count = faults_list(shrink->plan, shrink->result->fault_count, list);
                has_shrunk = true;
            } else {
                from = to;
            }
        }
        if (!has_shrunk || piece > count) {
            piece /= 2;
        }
    }
}

static void fewer_nodes_and_phones(struct shrink *shrink)
{
    struct sim_plan smaller;
    for (int nodes = 1; nodes < shrink->result->node_count; nodes++) {
        smaller = *shrink->plan;
        smaller.node_count = nodes;
        if (still_fails(shrink, &smaller)) {
            break;
        }
    }
    for (int phones = 1; phones < shrink->result->phone_count; phones *= 2) {
        smaller = *shrink->plan;
        smaller.phone_count = phones;
        if (still_fails(shrink, &smaller)) {
            break;
        }
    }
}

static void less_time(struct shrink *shrink)
{
    int64_t second_us = 1000000;
    int64_t failed_us = shrink->result->virtual_us / second_us * second_us + second_us;
    for (int64_t us = second_us; us < shrink->result->faulty_us; us = us * 3 / 2) {
        struct sim_plan smaller = *shrink->plan;
        smaller.faulty_us = (us < failed_us ? us : failed_us) / second_us * second_us;
        if (still_fails(shrink, &smaller) || us > failed_us) {
            break;
        }
        us = us < 2 * second_us ? 2 * second_us : us;
    }
}

int sim_shrink(sim_play *play, struct sim_plan *plan, struct sim_result *result, int tries)
{
    struct shrink shrink = {play, plan, result, "", 0, tries};
    first_word(result->violation, shrink.invariant);
    int before;
    do {
        before = shrink.tries;
        struct sim_plan was = *plan;
        fewer_faults(&shrink);
        fewer_nodes_and_phones(&shrink);
        less_time(&shrink);
        struct sim_plan quiet = *plan;
        quiet.is_net_good = true;
        if (!plan->is_net_good) {
            (void)still_fails(&shrink, &quiet);
        }
        if (memcmp(&was, plan, sizeof(was)) == 0) {
            break; /* nothing more can go */
        }
    } while (shrink.tries > before && shrink.tries < tries);
    return shrink.tries;
}
