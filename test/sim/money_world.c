/* One seed, one world: a minute of bad luck, then a few of good. */
#include "money_world.h"

#include "base/hash.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *sim_mutation_name(enum sim_mutation mutation)
{
    switch (mutation) {
    case SIM_NO_MUTATION:
        return "none";
    case SIM_LEASE_TAKEN_BACK:
        return "lease-taken-back";
    case SIM_NO_HIGH_WATER:
        return "no-high-water-mark";
    case SIM_UNKNOWN_IS_NO:
        return "unknown-is-no";
    case SIM_EARLY_ACK:
        return "acknowledge-before-commit";
    case SIM_NO_MINUTE_LIMIT:
        return "no-minute-limit";
    case SIM_MUTATION_COUNT:
        break;
    }
    return "none";
}

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

static void top_up(struct world *world, int account, int64_t amount_micro)
{
    model_top_up(&world->live, account, amount_micro);
    if (world->mirror != NULL) {
        char difference[DIFFERENCE_SIZE] = "";
        world->mirror->top_up(world->mirror->ctx, account, amount_micro, difference);
        world_differs(world, difference);
    }
    world->top_ups_micro[account] += amount_micro;
    world->durable = world->live; /* paid money is committed before anybody is told */
    world->commit_number++;
    world->commit_us = 0;
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
    for (int i = 0; i < MODEL_ACCOUNTS; i++) {
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
    for (int i = 0; i < MODEL_ACCOUNTS; i++) {
        top_up(world, i,
               world_between(world, 0, world_chance(world, 500000) ? 10 * COIN : 90 * COIN));
    }
}

static void edges_make(struct world *world)
{
    world->edge_count = 1 + (int)rng_below(&world->rng, EDGES_MAX);
    for (int i = 0; i < world->edge_count; i++) {
        struct sim_edge *edge = &world->edges[i];
        edge->world = world;
        edge->index = i;
        edge->log = malloc(LOG_MAX * sizeof(*edge->log));
        assert(edge->log != NULL);
        for (int j = 0; j < MODEL_ACCOUNTS; j++) {
            edge->has_presence[j] = world_chance(world, 400000);
        }
        edge_start(edge);
    }
}

/* Most mistakes hide in the moments just after something was written or sent. */
void edge_may_crash(struct sim_edge *edge)
{
    edge->is_doomed |= edge->world->is_faulty && world_chance(edge->world, 3000);
}

static void edge_faults(struct sim_edge *edge)
{
    struct world *world = edge->world;
    if (world_chance(world, 1500)) {
        edge->cut_until_us = world->now_us + world_between(world, SECOND / 3, 20 * SECOND);
        world_trace(world, 4, (uint64_t)edge->index, (uint64_t)edge->cut_until_us);
    }
    if (edge->table != NULL && (edge->is_doomed || world_chance(world, 800))) {
        edge->is_doomed = false;
        bool is_disk_lost = edge->life_count + 4 < LIVES_MAX && world_chance(world, 100000);
        edge_crash(edge, world_chance(world, 400000), is_disk_lost);
    }
}

static void faults_step(struct world *world)
{
    for (int i = 0; i < world->edge_count; i++) {
        edge_faults(&world->edges[i]);
    }
    if (world->is_ledger_doomed ||
        (world->now_us >= world->ledger_up_us && world_chance(world, 2000))) {
        ledger_crash(world);
    }
    if (world_chance(world, 2000)) {
        int account = (int)rng_below(&world->rng, MODEL_ACCOUNTS);
        top_up(world, account, world_between(world, 1, 10 * COIN));
    }
    uint64_t count = (uint64_t)world->live.incarnation_count;
    if (count > 0 && count + 8 < MODEL_INCARNATIONS && world_chance(world, 300)) {
        ledger_verdict(world, 1 + rng_below(&world->rng, count));
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
    world->ledger_up_us = world->now_us;
    for (int i = 0; i < world->edge_count; i++) {
        world->edges[i].cut_until_us = world->now_us;
    }
}

static void world_run(struct world *world)
{
    int64_t end_us = FAULTY_US + HEALING_US;
    bool are_buried = false;
    while (world->now_us < end_us && world->result->violation[0] == '\0') {
        world->now_us += world->is_faulty ? TICK_US : HEALING_TICK_US;
        if (world->is_faulty && world->now_us >= FAULTY_US) {
            heal(world);
        }
        if (!are_buried && world->now_us >= FAULTY_US + 20 * SECOND) {
            are_buried = true; /* late requests of the dead have come by now */
            lost_lives_buried(world);
        }
        net_step(world);
        if (world->is_faulty) {
            faults_step(world);
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
        meter_table_free(world->edges[i].table);
        free(world->edges[i].log);
    }
    free(world);
}

static int run(uint64_t seed, enum sim_mutation mutation, const struct sim_mirror *mirror,
               struct sim_result *out)
{
    struct world *world = calloc(1, sizeof(*world));
    assert(world != NULL);
    *out = (struct sim_result){0};
    world->result = out;
    world->mutation = mutation;
    world->mirror = mirror;
    world->is_faulty = true;
    world->now_us = SECOND;
    world->live.has_no_high_water = mutation == SIM_NO_HIGH_WATER;
    rng_init(&world->rng, seed);
    char difference[DIFFERENCE_SIZE] = "";
    accounts_make(world);
    if (mirror != NULL) {
        mirror->begin(mirror->ctx, &world->live, difference);
        world_differs(world, difference);
    }
    accounts_pay_in(world);
    edges_make(world);
    world_run(world);
    if (mirror != NULL) {
        mirror->end(mirror->ctx, &world->live, difference);
        world_differs(world, difference);
    }
    out->trace_hash = world->trace;
    if (out->violation[0] == '\0') {
        out->virtual_us = world->now_us;
    }
    world_free(world);
    return out->violation[0] == '\0' ? 0 : 1;
}

int money_world_run(uint64_t seed, enum sim_mutation mutation, struct sim_result *out)
{
    return run(seed, mutation, NULL, out);
}

int money_world_run_mirrored(uint64_t seed, const struct sim_mirror *mirror, struct sim_result *out)
{
    return run(seed, SIM_NO_MUTATION, mirror, out);
}
