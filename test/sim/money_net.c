/* Between edges and ledger: requests that are lost, late or repeated, answers that are lost,
 * commits that take their time; and a ledger on PostgreSQL with what that has been seen to do:
 * crash before or after a commit, stall, acknowledge with a warning what a fail-over then loses,
 * answer from an old copy or from another installation's database. */
#include "money_world.h"

#define LEASE_TIMEOUT_US (3 * SECOND) /* only a deliberate fault looks at it */

static struct sim_message *message_new(struct world *world)
{
    for (int i = 0; i < MESSAGES_MAX; i++) {
        if (!world->messages[i].is_used) {
            world->messages[i] =
                (struct sim_message){.is_used = true, .order = ++world->next_order};
            return &world->messages[i];
        }
    }
    return NULL; /* a full network loses */
}

static void request_put(struct world *world, const struct sim_op *op, int64_t delay_us,
                        bool is_reply_lost)
{
    struct sim_message *message = message_new(world);
    if (message != NULL) {
        message->op = *op;
        message->at_us = world->now_us + delay_us;
        message->is_reply_lost = is_reply_lost;
    }
}

void net_send(struct world *world, const struct sim_op *op)
{
    int64_t delay_us = world_between(world, 500, 60000);
    if (!world->is_faulty || world->plan->is_net_good) {
        request_put(world, op, delay_us, false);
        return;
    }
    uint64_t fate = rng_below(&world->rng, 100);
    bool may_be_late = op->kind == OP_REFILL || op->kind == OP_SETTLE;
    if (fate < 5) {
        return;
    }
    if (fate < 10 && may_be_late) { /* carried out after the edge has given up */
        request_put(world, op, world_between(world, 2 * SECOND, 8 * SECOND), false);
    } else if (fate < 15) {
        request_put(world, op, delay_us, true);
    } else if (fate < 20 && may_be_late) {
        request_put(world, op, delay_us, false);
        bool is_lost = world_chance(world, 500000);
        request_put(world, op, delay_us + world_between(world, 0, 3 * SECOND), is_lost);
    } else if (fate < 25) {
        request_put(world, op, world_between(world, 0, 2 * SECOND), false);
    } else {
        request_put(world, op, delay_us, false);
    }
}

bool world_is_ledger_true(const struct world *world)
{
    return world->lie_until_us == 0 && world->foreign_until_us == 0;
}

const struct model_ledger *world_ledger(const struct world *world)
{
    return world->foreign_until_us != 0 ? &world->aside : &world->live;
}

void ledger_touch(struct world *world)
{
    if (world->commit_us == 0) {
        world->commit_us = world->now_us + world_between(world, 1000, 80000);
    }
}

/* Synchronous replication waits no more: who is told of this commit is warned, and so is who asked
 * before and is told now. */
static void warn(struct world *world)
{
    for (int i = 0; i < MESSAGES_MAX; i++) {
        struct sim_message *message = &world->messages[i];
        if (message->is_used && message->is_reply &&
            message->needs_commit == world->commit_number) {
            message->op.has_warning = true;
        }
    }
}

void ledger_commit(struct world *world)
{
    struct model_ledger *live = &world->live;
    if (world->ledger_doom == 1) {
        world->is_ledger_doomed = true;
        return;
    }
    live->version++;
    for (int i = 0; i < live->account_count && live->mutation == SIM_READ_THEN_WRITE; i++) {
        live->committed_available_micro[i] = model_available(live, i);
    }
    model_copy(&world->durable, live);
    world->commit_number++;
    world->commit_us = 0;
    if (world->lie_until_us != 0) {
        warn(world);
    }
    world->is_ledger_doomed |= world->ledger_doom == 2;
    world_trace(world, 10, world->commit_number, live->incarnations[0].high_water);
}

static void go_down(struct world *world, int64_t for_us)
{
    world->is_ledger_doomed = false;
    world->ledger_doom = 0;
    world->commit_us = 0;
    world->ledger_up_us = world->now_us + for_us;
    for (int i = 0; i < MESSAGES_MAX; i++) {
        struct sim_message *message = &world->messages[i];
        if (message->is_reply && message->needs_commit > world->commit_number &&
            world->mutation != SIM_EARLY_ACK) {
            message->is_used = false;
        }
    }
}

void ledger_crash(struct world *world, int64_t for_us)
{
    world_trace(world, 11, world->commit_number, 0);
    model_copy(&world->live, &world->durable);
    go_down(world, for_us);
}

void ledger_lie_begin(struct world *world, int64_t for_us)
{
    model_copy(&world->before_lie, &world->durable);
    world->lie_until_us = world->now_us + for_us;
    world_trace(world, 14, (uint64_t)world->lie_until_us, 0);
}

/* Can the edge tell by what it has seen that this is the past? */
static bool would_notice(const struct sim_edge *edge, const struct model_ledger *copy)
{
    return !model_has_link(copy, edge->link_branch, edge->link_version);
}

/* An old copy, put back without a word, that has gone on since: its version may be anything. Where
 * an edge has seen nothing that is newer, only a new timeline can tell it: `dialtone restore` and
 * `ledger recover` make one. */
static void put_back(struct world *world, uint64_t random)
{
    const struct model_ledger *copy = &world->copies[random % (uint64_t)world->copy_count].ledger;
    bool is_told = (random >> 32) % 4 == 0;
    for (int i = 0; i < world->edge_count; i++) {
        is_told = is_told || !would_notice(&world->edges[i], copy);
    }
    model_copy(&world->live, copy);
    world->live.timeline += is_told ? 1 : 0;
    world->live.branch = 2;
    world->live.branch_from = copy->version;
    world->live.version += (random >> 40) % 2 == 0 ? 0 : 100000;
}

/* Another database stands where ours was: an old copy, or one that knows of more money. */
void ledger_foreign_begin(struct world *world, const struct sim_fault *fault)
{
    ledger_crash(world, SECOND / 10);
    model_copy(&world->aside, &world->live);
    model_copy(&world->aside_durable, &world->durable);
    if (fault->kind == FAULT_STORE_OLD) {
        put_back(world, fault->random);
    } else {
        world->live.identity++;
        world->live.version += 100000;
        for (int i = 0; i < world->live.account_count; i++) {
            world->live.accounts[i].balance_micro += 50 * COIN;
        }
    }
    model_copy(&world->durable, &world->live);
    world->foreign_until_us = world->now_us + fault->for_us;
    world_trace(world, 15, (uint64_t)world->foreign_until_us, world->live.version);
}

void ledger_told_truth(struct world *world)
{
    if (world->lie_until_us != 0) {
        world->lie_until_us = 0;
        model_copy(&world->durable, &world->before_lie);
        ledger_crash(world, SECOND);
    }
    if (world->foreign_until_us != 0) {
        world->foreign_until_us = 0;
        model_copy(&world->durable, &world->aside_durable);
        ledger_crash(world, SECOND / 10);
    }
}

/* The amount of a verdict is booked: what was set aside there, and the grace. */
static void verdict_book(struct world *world, uint64_t incarnation)
{
    for (int i = 0; i < world->live.account_count; i++) {
        int64_t before_micro = model_outstanding(&world->live, i);
        struct model_ledger *ledger = &world->live;
        struct model_lease lease = ledger->leases[incarnation - 1][i];
        ledger->leases[incarnation - 1][i] = (struct model_lease){0};
        before_micro -= model_outstanding(ledger, i);
        ledger->leases[incarnation - 1][i] = lease;
        world->verdicts_micro[i] += before_micro + world->accounts[i].grace_micro;
    }
}

void ledger_verdict(struct world *world, uint64_t incarnation)
{
    if (world->live.incarnations[incarnation - 1].is_dead || !world_is_ledger_true(world)) {
        return;
    }
    verdict_book(world, incarnation);
    model_fence(&world->live, incarnation);
    if (world->mirror != NULL) {
        char difference[DIFFERENCE_SIZE] = "";
        world->mirror->fence(world->mirror->ctx, incarnation, difference);
        world_differs(world, difference);
    }
    ledger_commit(world); /* a verdict is given at a terminal that waits for it */
    world_trace(world, 12, incarnation, 0);
}

static struct model_lease *lease_of(struct world *world, const struct sim_op *op, int ask)
{
    return &world->live.leases[op->incarnation - 1][op->asks[ask].account_id - 1];
}

/* I2: what is granted was there. */
static void check_grants(struct world *world, const int64_t *before_micro, struct sim_op *op)
{
    for (int i = 0; i < op->count; i++) {
        int account = (int)op->asks[i].account_id - 1;
        op->grants_micro[i] = lease_of(world, op, i)->granted_micro - before_micro[i];
        if (op->grants_micro[i] > 0 && model_available(&world->live, account) < 0) {
            world_violation(world, "I2: granted to account %d beyond what is available", account);
        }
    }
}

/* An old disk is found out here: that is a verdict, too. */
static void open_carry_out(struct world *world, struct sim_op *op)
{
    struct model_ledger *ledger = &world->live;
    uint64_t high_water = 0;
    bool is_known = op->incarnation != 0 && op->incarnation <= (uint64_t)ledger->incarnation_count;
    const struct model_incarnation *row =
        is_known ? &ledger->incarnations[op->incarnation - 1] : NULL;
    op->is_copy = is_known && row->nonce == op->nonce && row->session >= op->disk.session &&
                  model_is_copy(ledger, op->incarnation, &op->disk);
    if (op->is_copy && !row->is_dead) {
        verdict_book(world, op->incarnation);
    }
    op->result = model_open(ledger, op->incarnation, &op->disk, &op->number, &high_water);
}

/* What a copy wrote has a number of its own, under which nothing is ever set aside. */
static void register_carry_out(struct world *world, struct sim_op *op)
{
    op->result = model_register(&world->live, op->nonce, &op->number);
    if (op->is_part && op->result == MODEL_OK) {
        model_fence(&world->live, op->number);
        op->result = MODEL_FENCED;
    }
}

/* Money of the incarnation: what a transaction of ours leaves as entries. */
static int64_t entries_of(const struct world *world, uint64_t incarnation)
{
    int64_t sum_micro = 0;
    for (int i = 0; incarnation != 0 && i < world->live.account_count; i++) {
        const struct model_lease *lease = &world->live.leases[incarnation - 1][i];
        sum_micro += lease->granted_micro + lease->returned_micro + lease->settled_micro;
    }
    return sum_micro;
}

static void carry_out(struct world *world, struct sim_op *op)
{
    struct model_ledger *ledger = &world->live;
    int64_t before_micro[OP_ASKS_MAX];
    switch (op->kind) {
    case OP_REGISTER:
        register_carry_out(world, op);
        break;
    case OP_OPEN:
        open_carry_out(world, op);
        break;
    case OP_REFILL:
        for (int i = 0; i < op->count && op->incarnation != 0; i++) {
            before_micro[i] = lease_of(world, op, i)->granted_micro;
        }
        op->result = model_refill(ledger, op->incarnation, op->session, &op->disk, op->asks,
                                  op->count, op->answers);
        if (op->result == MODEL_OK) {
            check_grants(world, before_micro, op);
        }
        break;
    case OP_SETTLE:
        op->result = model_settle(ledger, op->incarnation, op->session, &op->disk, op->charges,
                                  op->count, &op->number);
        break;
    case OP_WANTED:
        op->count = op->incarnation <= (uint64_t)ledger->incarnation_count
                        ? model_wanted(ledger, op->incarnation, op->wanted, MODEL_ACCOUNTS)
                        : 0;
        op->result = MODEL_OK;
        break;
    }
    if (op->incarnation != 0 && op->incarnation <= (uint64_t)ledger->incarnation_count) {
        ledger->incarnations[op->incarnation - 1].heard_us = world->now_us;
    }
    if (ledger->has_applied_twice) {
        world_violation(world, "I5: a usage record was applied twice");
    }
    check_served(world, op);
}

/* In the transaction: is this the ledger that the edge knows, is it as the edge has seen it, and
 * no older? */
static bool is_right_ledger(const struct world *world, const struct sim_op *op)
{
    const struct model_ledger *live = &world->live;
    bool is_opening = op->kind == OP_REGISTER || op->kind == OP_OPEN;
    if (world->mutation == SIM_ANY_LEDGER ||
        (world->mutation == SIM_LOOKED_AT_OPEN && !is_opening)) {
        return true;
    }
    bool has_link = world->mutation == SIM_LINK_IGNORED ||
                    model_has_link(live, op->link_branch, op->link_version);
    bool is_timeline = world->mutation == SIM_TIMELINE_IGNORED || live->timeline == op->timeline;
    return live->identity == op->ledger && live->version >= op->seen_version && is_timeline &&
           has_link;
}

static void reply_put(struct world *world, const struct sim_op *op, uint64_t needs_commit,
                      int64_t delay_us)
{
    struct sim_message *reply = message_new(world);
    if (reply != NULL) {
        reply->op = *op;
        reply->is_reply = true;
        reply->needs_commit = needs_commit;
        reply->at_us = world->now_us + delay_us;
    }
}

static void request_arrived(struct world *world, struct sim_message *message)
{
    message->is_used = false;
    struct sim_edge *edge = &world->edges[message->op.edge];
    if (world->now_us < edge->no_requests_until_us || world->now_us < world->ledger_up_us) {
        return;
    }
    struct sim_op op = message->op;
    bool is_reply_lost = message->is_reply_lost;
    uint64_t needs_commit = world->commit_number;
    op.result = MODEL_UNKNOWN;
    if (is_right_ledger(world, &op)) {
        bool is_known = op.incarnation <= (uint64_t)world->live.incarnation_count;
        int64_t before_micro = is_known ? entries_of(world, op.incarnation) : 0;
        carry_out(world, &op);
        op.has_link = is_known && entries_of(world, op.incarnation) != before_micro;
        ledger_touch(world);
        needs_commit++;
    }
    op.version = world->live.version + 1;
    op.branch = world->live.branch;
    op.branch_from = world->live.branch_from;
    world_trace(world, 13, op.id, op.result);
    if (world->mirror != NULL) {
        char difference[DIFFERENCE_SIZE] = "";
        world->mirror->carry_out(world->mirror->ctx, &op, difference);
        world_differs(world, difference);
        ledger_commit(world);
    }
    edge_may_crash(edge, POINT_CARRIED_OUT);
    if (!is_reply_lost) {
        reply_put(world, &op, needs_commit, world_between(world, 500, 60000));
    }
    if (world->is_faulty && !world->plan->is_net_good && world_chance(world, 50000)) {
        reply_put(world, &op, needs_commit, world_between(world, 500, 5 * SECOND)); /* again */
    }
}

static void reply_arrived(struct world *world, struct sim_message *message)
{
    message->is_used = false;
    struct sim_edge *edge = &world->edges[message->op.edge];
    if (world->now_us >= edge->no_answers_until_us) {
        struct sim_op op = message->op;
        edge_answered(edge, &op);
    }
}

static struct sim_message *next_due(struct world *world)
{
    struct sim_message *first = NULL;
    for (int i = 0; i < MESSAGES_MAX; i++) {
        struct sim_message *message = &world->messages[i];
        bool is_held = message->is_reply && message->needs_commit > world->commit_number &&
                       world->mutation != SIM_EARLY_ACK;
        if (!message->is_used || is_held || message->at_us > world->now_us) {
            continue;
        }
        if (first == NULL || message->at_us < first->at_us ||
            (message->at_us == first->at_us && message->order < first->order)) {
            first = message;
        }
    }
    return first;
}

/* The deliberate fault: a silent edge loses its lease, though it may be spending it. */
static void take_leases_back(struct world *world)
{
    for (int i = 0; i < world->live.incarnation_count; i++) {
        struct model_incarnation *row = &world->live.incarnations[i];
        if (row->is_dead || world->now_us - row->heard_us < LEASE_TIMEOUT_US) {
            continue;
        }
        for (int j = 0; j < world->live.account_count; j++) {
            struct model_lease *lease = &world->live.leases[i][j];
            if (lease->granted_micro - lease->returned_micro > lease->used_known_micro) {
                lease->granted_micro = lease->returned_micro + lease->used_known_micro;
            }
        }
    }
}

void net_step(struct world *world)
{
    if (world->mutation == SIM_LEASE_TAKEN_BACK && world->now_us >= world->ledger_up_us) {
        take_leases_back(world);
    }
    if (world->commit_us != 0 && world->now_us >= world->commit_us &&
        world->now_us >= world->stall_until_us) {
        ledger_commit(world);
    }
    for (struct sim_message *message = next_due(world); message != NULL;
         message = next_due(world)) {
        if (message->is_reply) {
            reply_arrived(world, message);
        } else {
            request_arrived(world, message);
        }
    }
}
