/* One seed, one world: a minute of bad luck, then a few of good. */
#include "money_world.h"

#include "base/hash.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void world_trace(struct world *world, uint64_t kind, uint64_t a, uint64_t b)
{
    uint64_t step[4] = {kind, a, b, (uint64_t)world->now_us};
    world->trace = hash_bytes(world->trace, step, sizeof(step));
}

void world_violation(struct world *world, const char *format, ...)
{
    struct sim_result *result = world->result;
    if (result->violation[0] != '\0') {
        return; /* the first one is the cause */
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(result->violation, sizeof(result->violation), format, arguments);
    va_end(arguments);
    result->virtual_us = world->now_us;
}

void world_differs(struct world *world, const char *difference)
{
    if (difference[0] != '\0') {
        world_violation(world, "the ledgers differ: %s", difference);
    }
}

int64_t world_between(struct world *world, int64_t from, int64_t to)
{
    return from + (int64_t)rng_below(&world->rng, (uint64_t)(to - from) + 1);
}

bool world_chance(struct world *world, uint32_t parts_per_million)
{
    return rng_chance(&world->rng, parts_per_million) != 0;
}

void world_top_up(struct world *world, int account, int64_t amount_micro)
{
    if (!ledger_is_well(world)) {
        return; /* who paid hears that it is not known yet, and pays later */
    }
    model_top_up(&world->live, account, amount_micro);
    if (world->mirror != NULL) {
        char difference[DIFFERENCE_SIZE] = "";
        world->mirror->top_up(world->mirror->ctx, account, amount_micro, difference);
        world_differs(world, difference);
    }
    world->top_ups_micro[account] += amount_micro;
    ledger_commit(world); /* before anybody is told */
}

void world_lock(struct world *world, int account, int64_t amount_micro)
{
    if (!ledger_is_well(world)) {
        return;
    }
    model_lock(&world->live, account, amount_micro);
    if (world->mirror != NULL) {
        char difference[DIFFERENCE_SIZE] = "";
        world->mirror->lock(world->mirror->ctx, account, amount_micro, difference);
        world_differs(world, difference);
    }
    ledger_commit(world);
}

void world_move(struct world *world, int from, int to, int64_t amount_micro)
{
    if (!ledger_is_well(world)) {
        return;
    }
    bool is_moved = model_move(&world->live, from, to, amount_micro);
    if (world->mirror != NULL) {
        char difference[DIFFERENCE_SIZE] = "";
        world->mirror->move(world->mirror->ctx, from, to, amount_micro, is_moved, difference);
        world_differs(world, difference);
    }
    if (is_moved) {
        world->top_ups_micro[from] -= amount_micro;
        world->top_ups_micro[to] += amount_micro;
        ledger_commit(world);
    }
}

static struct rate random_rate(struct world *world)
{
    static const struct {
        uint16_t first_s, next_s;
    } increments[] = {{1, 1}, {6, 6}, {60, 1}, {30, 6}, {1, 1}};
    struct rate rate = rate_free("EUR");
    size_t pick = rng_below(&world->rng, ARRAY_COUNT(increments));
    rate.first_s = increments[pick].first_s;
    rate.next_s = increments[pick].next_s;
    int64_t most_micro = world_chance(world, 500000) ? 60 * COIN : 3 * COIN; /* a minute */
    rate.nano_per_min = world_between(world, COIN / 10, most_micro) * 1000;
    rate.fee_micro = world_chance(world, 300000) ? COIN / 20 : 0;
    rate.deck_id = 1;
    return rate;
}

static void accounts_make(struct world *world)
{
    for (int i = 0; i < MONEY_ACCOUNTS; i++) {
        struct account *account = &world->accounts[i];
        *account = (struct account){.id = (uint64_t)i + 1,
                                    .currency = "EUR",
                                    .class_ = i == 0 ? ACCOUNT_NEW : ACCOUNT_VERIFIED,
                                    .limit_micro = i == 3 ? 3 * COIN : 0,
                                    .channels_max = NO_LIMIT,
                                    .cps_max = NO_LIMIT,
                                    .spend_day_micro = NO_LIMIT};
        account->grace_micro = i == 0 ? 0 : GRACE_MICRO;
        account->spend_minute_micro = i == 2 && world_chance(world, 500000) ? 8 * COIN : 0;
        world->live.accounts[i].limit_micro = account->limit_micro;
        world->rates[i] = random_rate(world);
        world->slice_micro[i] = rate_price(&world->rates[i], METER_FIRST_SLICE_US);
        if (world->slice_micro[i] < COIN / 2) {
            world->slice_micro[i] = COIN / 2;
        }
    }
}

static void accounts_pay_in(struct world *world)
{
    for (int i = 0; i < MONEY_ACCOUNTS; i++) {
        world_top_up(world, i,
                     world_between(world, 0, world_chance(world, 500000) ? 10 * COIN : 90 * COIN));
    }
}

void money_accounts_make(struct world *world)
{
    world->live.account_count = MONEY_ACCOUNTS;
    accounts_make(world);
    if (world->mirror != NULL) {
        char difference[DIFFERENCE_SIZE] = "";
        world->mirror->begin(world->mirror->ctx, &world->live, difference);
        world_differs(world, difference);
    }
    accounts_pay_in(world);
}

static void edges_make(struct world *world)
{
    for (int i = 0; i < world->edge_count; i++) {
        struct sim_edge *edge = &world->edges[i];
        edge->world = world;
        edge->index = i;
        edge->ledger = world->live.identity;
        edge->timeline = world->live.timeline;
        edge->link_branch = world->live.branch;
        for (int j = 0; j < MONEY_ACCOUNTS; j++) {
            edge->has_presence[j] = world_chance(world, 400000);
        }
        edge_start(edge);
    }
}

/* The disks that are lost for good are declared dead, so that their leases come home. */
static void lost_lives_buried(struct world *world)
{
    for (int i = 0; i < world->live.incarnation_count; i++) {
        for (int j = 0; j < world->edge_count; j++) {
            for (int k = 0; k < world->edges[j].life_count; k++) {
                const struct sim_life *life = &world->edges[j].lives[k];
                if (life->is_lost && life->nonce == world->live.incarnations[i].nonce) {
                    ledger_verdict(world, (uint64_t)i + 1);
                }
            }
        }
    }
}

static void heal(struct world *world)
{
    world->is_faulty = false;
    faults_heal(world);
}

static void faulty_step(struct world *world)
{
    faults_step(world);
    copies_keep(world);
    if (world_chance(world, 2000)) {
        int account = (int)rng_below(&world->rng, (uint64_t)world->live.account_count);
        world_top_up(world, account, world_between(world, 1, 10 * COIN));
    }
    if (world_chance(world, 1000) && world->live.account_count > 1) {
        /* Of each two accounts that follow each other, the second is the first one's sub-account.
         */
        int parent = (int)rng_below(&world->rng, (uint64_t)world->live.account_count / 2) * 2;
        bool is_down = world_chance(world, 500000);
        world_move(world, is_down ? parent : parent + 1, is_down ? parent + 1 : parent,
                   world_between(world, 1, 2 * COIN));
    }
    if (world_chance(world, 1000)) {
        int account = (int)rng_below(&world->rng, (uint64_t)world->live.account_count);
        bool is_locked = world->live.accounts[account].locked_micro != 0;
        world_lock(world, account, is_locked ? 0 : world_between(world, 1, 10 * COIN));
    }
}

static void world_run(struct world *world)
{
    int64_t end_us = world->heal_us + HEALING_US;
    bool are_buried = false;
    while (world->now_us < end_us && world->result->violation[0] == '\0') {
        int64_t now_us =
            world->now_us + (world->is_faulty ? world->traffic->tick_us : HEALING_TICK_US);
        if (world->traffic->advance != NULL) {
            world->traffic->advance(world, now_us);
        }
        world->now_us = now_us;
        if (world->is_faulty && world->now_us >= world->heal_us) {
            heal(world);
        }
        if (!are_buried && world->now_us >= world->heal_us + 20 * SECOND) {
            are_buried = true; /* late requests of the dead have come by now */
            lost_lives_buried(world);
        }
        net_step(world);
        if (world->is_faulty) {
            faulty_step(world);
        }
        for (int i = 0; i < world->edge_count; i++) {
            edge_step(&world->edges[i]);
        }
        check_bound(world);
        check_minutes(world);
    }
    if (world->result->violation[0] == '\0') {
        check_healed(world);
    }
}

static void world_free(struct world *world)
{
    for (int i = 0; i < world->edge_count; i++) {
        struct sim_edge *edge = &world->edges[i];
        if (edge->table != NULL) {
            world->traffic->stop(edge);
        }
        for (int j = 0; j < edge->log_count; j++) {
            free(edge->log[j].bytes);
        }
        free(edge->log);
    }
    free(world->lost);
    free(world);
}

void world_plan_take(struct world *world, const struct sim_plan *plan, struct sim_result *out)
{
    rng_init(&world->rng, plan->seed);
    world->plan = plan;
    world->mutation = plan->mutation;
    world->live.mutation = plan->mutation;
    world->fault_count = sim_faults_make(plan->seed, world->faults);
    int64_t faulty_us = plan->faulty_us > 0 ? plan->faulty_us : SIM_FAULTY_US;
    world->heal_us = world->now_us + faulty_us;
    int edge_count = 1 + (int)rng_below(&world->rng, EDGES_MAX);
    bool is_given = plan->node_count > 0 && plan->node_count <= EDGES_MAX;
    world->edge_count = is_given ? plan->node_count : edge_count;
    is_given = plan->phone_count > 0 && plan->phone_count < CALLS_MAX;
    world->phone_count = is_given ? plan->phone_count : CALLS_MAX;
    out->fault_count = world->fault_count;
    out->node_count = world->edge_count;
    out->phone_count = world->phone_count;
    out->faulty_us = faulty_us;
}

int world_play(struct world *world, const struct sim_plan *plan, struct sim_result *out)
{
    *out = (struct sim_result){0};
    world->result = out;
    world->is_faulty = true;
    world->now_us = SECOND;
    world->live.identity = 1;
    world->live.timeline = 1;
    world->live.branch = 1;
    world_plan_take(world, plan, out);
    world->traffic->make(world);
    edges_make(world);
    world_run(world);
    if (world->mirror != NULL) {
        char difference[DIFFERENCE_SIZE] = "";
        world->mirror->end(world->mirror->ctx, &world->live, difference);
        world_differs(world, difference);
    }
    out->trace_hash = world->trace;
    if (out->violation[0] == '\0') {
        out->virtual_us = world->now_us;
    }
    world_free(world);
    return out->violation[0] == '\0' ? 0 : 1;
}

static int run(const struct sim_plan *plan, const struct sim_mirror *mirror, struct sim_result *out)
{
    struct world *world = calloc(1, sizeof(*world));
    assert(world != NULL);
    world->traffic = &money_traffic;
    world->mirror = mirror;
    return world_play(world, plan, out);
}

int money_world_run(const struct sim_plan *plan, struct sim_result *out)
{
    return run(plan, NULL, out);
}

int money_world_run_mirrored(uint64_t seed, const struct sim_mirror *mirror, struct sim_result *out)
{
    struct sim_plan plan = {.seed = seed};
    return run(&plan, mirror, out);
}
