/* The faults of the plan, carried out when their time comes. */
#include "money_world.h"

bool ledger_is_well(const struct world *world)
{
    return world_is_ledger_true(world) && world->now_us >= world->ledger_up_us &&
           world->now_us >= world->stall_until_us && world->ledger_doom != 1;
}

/* Most mistakes hide in the moments just after something was written or sent. */
void edge_may_crash(struct sim_edge *edge, enum edge_point point)
{
    if (edge->doom_point == point) {
        edge->doom_point = 0;
        edge->is_doomed = true;
    }
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void disk_fault(struct sim_edge *edge, const struct sim_fault *fault)
{
    struct world *world = edge->world;
    /* A new disk is a new incarnation: there is room for so many. */
    bool may_begin_life = edge->life_count + LIVES_KEPT < LIVES_MAX &&
                          world->live.incarnation_count + LIVES_KEPT < MODEL_INCARNATIONS;
    if (edge->table == NULL || !may_begin_life) {
        return;
    }
    edge_crash(edge, fault->kind == FAULT_DISK_LOST ? LOSS_DISK : LOSS_DISK_OLD, fault->for_us);
}

static void ledger_fault(struct world *world, const struct sim_fault *fault)
{
    bool is_played = world->mirror == NULL && ledger_is_well(world);
    uint64_t count = (uint64_t)world->live.incarnation_count;
    switch (fault->kind) {
    case FAULT_STORE_CRASH:
        if (world->now_us >= world->ledger_up_us) {
            ledger_crash(world, fault->for_us);
        }
        break;
    case FAULT_STORE_CRASH_AT:
        /* A ledger beside the model commits each request at once. */
        world->ledger_doom = world->mirror != NULL ? 2 : 1 + (int)(fault->random & 1);
        world->ledger_doom_us = fault->for_us;
        break;
    case FAULT_STORE_STALL:
        world->stall_until_us = later(world->stall_until_us, world->now_us + fault->for_us);
        break;
    case FAULT_STORE_LIE:
        if (is_played) {
            ledger_lie_begin(world, fault->for_us);
        }
        break;
    case FAULT_STORE_OLD:
    case FAULT_STORE_OTHER:
        if (is_played && world->copy_count > 0) {
            ledger_foreign_begin(world, fault);
        }
        break;
    case FAULT_VERDICT:
        if (ledger_is_well(world) && count > 0 && count + LIVES_KEPT < MODEL_INCARNATIONS) {
            ledger_verdict(world, 1 + fault->random % count);
        }
        break;
    case FAULT_CUT:
    case FAULT_CUT_REQUESTS:
    case FAULT_CUT_ANSWERS:
    case FAULT_KILL:
    case FAULT_POWER:
    case FAULT_KILL_AT:
    case FAULT_POWER_AT:
    case FAULT_DISK_LOST:
    case FAULT_DISK_OLD:
    case FAULT_DISK_FULL:
    case FAULT_DISK_SLOW:
    case FAULT_CLOCK:
    case FAULT_KIND_COUNT:
        break;
    }
}

static void edge_fault(struct sim_edge *edge, const struct sim_fault *fault)
{
    struct world *world = edge->world;
    int64_t until_us = world->now_us + fault->for_us;
    switch (fault->kind) {
    case FAULT_CUT:
        edge->no_requests_until_us = later(edge->no_requests_until_us, until_us);
        edge->no_answers_until_us = later(edge->no_answers_until_us, until_us);
        break;
    case FAULT_CUT_REQUESTS:
        edge->no_requests_until_us = later(edge->no_requests_until_us, until_us);
        break;
    case FAULT_CUT_ANSWERS:
        edge->no_answers_until_us = later(edge->no_answers_until_us, until_us);
        break;
    case FAULT_KILL:
    case FAULT_POWER:
        if (edge->table != NULL) {
            edge_crash(edge, fault->kind == FAULT_POWER ? LOSS_POWER : LOSS_MEMORY, 0);
        }
        break;
    case FAULT_KILL_AT:
    case FAULT_POWER_AT:
        edge->doom_point = 1 + (enum edge_point)(fault->random % POINTS_COUNT);
        edge->is_doom_power = fault->kind == FAULT_POWER_AT;
        break;
    case FAULT_DISK_LOST:
    case FAULT_DISK_OLD:
        disk_fault(edge, fault);
        break;
    case FAULT_DISK_FULL:
        edge->disk_full_until_us = until_us;
        break;
    case FAULT_DISK_SLOW:
        edge->disk_slow_until_us = until_us;
        break;
    case FAULT_CLOCK:
        edge->clock_us += world_between(world, -3600 * SECOND, 3600 * SECOND);
        break;
    case FAULT_STORE_CRASH:
    case FAULT_STORE_CRASH_AT:
    case FAULT_STORE_STALL:
    case FAULT_STORE_LIE:
    case FAULT_STORE_OLD:
    case FAULT_STORE_OTHER:
    case FAULT_VERDICT:
    case FAULT_KIND_COUNT:
        break;
    }
}

static void fault_begin(struct world *world, const struct sim_fault *fault)
{
    world_trace(world, 5, fault->kind, (uint64_t)fault->node);
    if (fault->kind >= FAULT_STORE_CRASH) {
        ledger_fault(world, fault);
    } else if (fault->node < world->edge_count) {
        edge_fault(&world->edges[fault->node], fault);
    }
}

static void doomed_die(struct world *world)
{
    for (int i = 0; i < world->edge_count; i++) {
        struct sim_edge *edge = &world->edges[i];
        if (edge->is_doomed && edge->table != NULL) {
            edge_crash(edge, edge->is_doom_power ? LOSS_POWER : LOSS_MEMORY, 0);
        }
        edge->is_doomed = false;
    }
    if (world->is_ledger_doomed) {
        ledger_crash(world, world->ledger_doom_us);
    }
}

void faults_step(struct world *world)
{
    doomed_die(world);
    if ((world->lie_until_us != 0 && world->now_us >= world->lie_until_us) ||
        (world->foreign_until_us != 0 && world->now_us >= world->foreign_until_us)) {
        ledger_told_truth(world);
    }
    while (world->next_fault < world->fault_count &&
           world->faults[world->next_fault].at_us <= world->now_us) {
        int index = world->next_fault++;
        if (sim_plan_has_fault(world->plan, index)) {
            fault_begin(world, &world->faults[index]);
        }
    }
}

void faults_heal(struct world *world)
{
    ledger_told_truth(world);
    world->ledger_up_us = world->now_us;
    world->stall_until_us = world->now_us;
    world->ledger_doom = 0;
    for (int i = 0; i < world->edge_count; i++) {
        struct sim_edge *edge = &world->edges[i];
        edge->no_requests_until_us = edge->no_answers_until_us = world->now_us;
        edge->disk_full_until_us = edge->disk_slow_until_us = world->now_us;
        edge->doom_point = 0;
    }
}

static void backup_keep(struct sim_edge *edge)
{
    struct sim_backup *backup = &edge->backups[edge->backup_count++ % BACKUPS_MAX];
    backup->at_us = edge->world->now_us;
    backup->log_count = edge->synced_count;
    backup->life_count = edge->life_count;
    memcpy(backup->lives, edge->lives, (size_t)edge->life_count * sizeof(backup->lives[0]));
    memcpy(backup->returned_micro, edge->returned_micro, sizeof(backup->returned_micro));
}

void copies_keep(struct world *world)
{
    int64_t second = world->now_us / SECOND;
    if (second == world->copied_second) {
        return;
    }
    world->copied_second = second;
    for (int i = 0; i < world->edge_count; i++) {
        if (world->edges[i].table != NULL) {
            backup_keep(&world->edges[i]);
        }
    }
    if (second % 3 == 0 && world_is_ledger_true(world)) {
        model_copy(&world->copies[world->copy_next++ % COPIES_MAX].ledger, &world->durable);
        world->copy_count += world->copy_count < COPIES_MAX;
    }
}
