/* Between edges and ledger: requests that are lost, late or repeated, answers that are lost,
 * commits that take their time, and a ledger that crashes before or after them. */
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
    if (!world->is_faulty) {
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
        request_put(world, op, delay_us + world_between(world, 0, 3 * SECOND), true);
    } else if (fate < 25) {
        request_put(world, op, world_between(world, 0, 2 * SECOND), false);
    } else {
        request_put(world, op, delay_us, false);
    }
}

void ledger_touch(struct world *world)
{
    if (world->commit_us == 0) {
        world->commit_us = world->now_us + world_between(world, 1000, 80000);
    }
}

static void commit(struct world *world)
{
    world->durable = world->live;
    world->commit_number++;
    world->commit_us = 0;
    world->is_ledger_doomed |= world->is_faulty && world_chance(world, 3000);
    world_trace(world, 10, world->commit_number, world->live.incarnations[0].high_water);
}

void ledger_crash(struct world *world)
{
    world_trace(world, 11, world->commit_number, 0);
    world->live = world->durable;
    world->is_ledger_doomed = false;
    world->commit_us = 0;
    world->ledger_up_us = world->now_us + world_between(world, SECOND / 10, 4 * SECOND);
    for (int i = 0; i < MESSAGES_MAX; i++) {
        struct sim_message *message = &world->messages[i];
        if (message->is_reply && message->needs_commit > world->commit_number &&
            world->mutation != SIM_EARLY_ACK) {
            message->is_used = false;
        }
    }
}

/* The amount of a verdict is booked: what was set aside there, and the grace. */
void ledger_verdict(struct world *world, uint64_t incarnation)
{
    if (world->live.incarnations[incarnation - 1].is_dead) {
        return;
    }
    for (int i = 0; i < MODEL_ACCOUNTS; i++) {
        int64_t before_micro = model_outstanding(&world->live, i);
        struct model_ledger *ledger = &world->live;
        struct model_lease lease = ledger->leases[incarnation - 1][i];
        ledger->leases[incarnation - 1][i] = (struct model_lease){0};
        before_micro -= model_outstanding(ledger, i);
        ledger->leases[incarnation - 1][i] = lease;
        world->verdicts_micro[i] += before_micro + world->accounts[i].grace_micro;
    }
    model_fence(&world->live, incarnation);
    if (world->mirror != NULL) {
        char difference[DIFFERENCE_SIZE] = "";
        world->mirror->fence(world->mirror->ctx, incarnation, difference);
        world_differs(world, difference);
    }
    commit(world); /* a verdict is given at a terminal that waits for it */
    world_trace(world, 12, incarnation, 0);
}

static void check_grants(struct world *world, const struct model_ledger *before,
                         const struct sim_op *op)
{
    for (int i = 0; i < op->count; i++) {
        int account = (int)op->asks[i].account_id - 1;
        const struct model_lease *lease = &world->live.leases[op->incarnation - 1][account];
        const struct model_lease *old = &before->leases[op->incarnation - 1][account];
        if (lease->granted_micro > old->granted_micro &&
            model_available(&world->live, account) < 0) {
            world_violation(world, "I2: granted to account %d beyond what is available", account);
        }
    }
}

static void carry_out(struct world *world, struct sim_op *op)
{
    struct model_ledger *ledger = &world->live;
    static _Thread_local struct model_ledger before;
    switch (op->kind) {
    case OP_REGISTER:
        op->result = model_register(ledger, op->nonce, &op->number);
        break;
    case OP_OPEN:
        op->result = model_open(ledger, op->incarnation, op->nonce, op->last_sequence, &op->number,
                                &op->last_sequence);
        break;
    case OP_REFILL:
        before = *ledger;
        op->result =
            model_refill(ledger, op->incarnation, op->session, op->asks, op->count, op->answers);
        if (op->result == MODEL_OK) {
            check_grants(world, &before, op);
        }
        break;
    case OP_SETTLE:
        op->result =
            model_settle(ledger, op->incarnation, op->session, op->charges, op->count, &op->number);
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
}

static void request_arrived(struct world *world, struct sim_message *message)
{
    message->is_used = false;
    struct sim_edge *edge = &world->edges[message->op.edge];
    if (world->now_us < edge->cut_until_us || world->now_us < world->ledger_up_us) {
        return;
    }
    struct sim_op op = message->op;
    bool is_reply_lost = message->is_reply_lost;
    carry_out(world, &op);
    world_trace(world, 13, op.id, op.result);
    ledger_touch(world);
    uint64_t needs_commit = world->commit_number + 1;
    if (world->mirror != NULL) {
        char difference[DIFFERENCE_SIZE] = "";
        world->mirror->carry_out(world->mirror->ctx, &op, difference);
        world_differs(world, difference);
        commit(world);
    }
    edge_may_crash(edge);
    world->is_ledger_doomed |= world->is_faulty && world_chance(world, 3000);
    struct sim_message *reply = is_reply_lost ? NULL : message_new(world);
    if (reply != NULL) {
        reply->op = op;
        reply->is_reply = true;
        reply->needs_commit = needs_commit;
        reply->at_us = world->now_us + world_between(world, 500, 60000);
    }
}

static void reply_arrived(struct world *world, struct sim_message *message)
{
    message->is_used = false;
    struct sim_edge *edge = &world->edges[message->op.edge];
    if (world->now_us >= edge->cut_until_us) {
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
        for (int j = 0; j < MODEL_ACCOUNTS; j++) {
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
    if (world->commit_us != 0 && world->now_us >= world->commit_us) {
        commit(world);
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
