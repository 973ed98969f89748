/* An edge: its journal, restarts, and the store thread that talks to the ledger. */
#include "money_world.h"

#include "calls/call.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define OP_TIMEOUT_US (2 * SECOND)

struct sim_life *edge_life(struct sim_edge *edge)
{
    return &edge->lives[edge->life_count - 1];
}

int64_t edge_wall_us(const struct sim_edge *edge)
{
    const struct world *world = edge->world;
    return world->now_us + (world->mutation == SIM_WALL_CLOCK ? edge->clock_us : 0);
}

static bool is_disk_slow(const struct sim_edge *edge)
{
    return edge->world->now_us < edge->disk_slow_until_us;
}

static bool is_first_ask(const char *record)
{
    static const char zeros[3 * sizeof(int64_t)];
    return memcmp(record + 1 + sizeof(uint64_t), zeros, sizeof(zeros)) == 0; /* G, R, ended */
}

void edge_charged(struct sim_edge *edge, int account, int64_t charge_micro)
{
    edge->charged_micro[account] += charge_micro;
    edge->open_micro[account] -=
        charge_micro < edge->open_micro[account] ? charge_micro : edge->open_micro[account];
}

static void usage_note(struct sim_edge *edge, struct sim_record *record, struct slice bytes)
{
    struct usage usage;
    if (!usage_decode(bytes, &usage)) {
        world_violation(edge->world, "a usage record does not read back");
        return;
    }
    record->account = usage.account_id > 0 ? (int)usage.account_id - 1 : 0;
    record->charge_micro = usage.charge_micro;
    record->ended_micro = usage.ended_micro;
    record->is_final = (usage.flags & USAGE_PARTIAL) == 0;
    record->key = usage.call_key;
    edge_charged(edge, record->account, usage.charge_micro);
    edge->world->result->charges++;
    edge->world->traffic->usage(edge, &usage);
}

uint64_t edge_journal(void *ctx, enum journal_kind kind, struct slice bytes)
{
    struct sim_edge *edge = ctx;
    struct sim_record record = {.kind = kind};
    if (kind == JOURNAL_LEASE) {
        assert(bytes.size <= LEASE_BYTES_MAX);
        memcpy(record.lease, bytes.data, bytes.size);
        record.lease_size = bytes.size;
        if (edge->world->mutation == SIM_FIRST_ASK_FORGOTTEN && is_first_ask(record.lease)) {
            return 0;
        }
        return edge_append(edge, &record);
    }
    record.bytes = malloc(bytes.size + 1);
    assert(record.bytes != NULL);
    memcpy(record.bytes, bytes.data, bytes.size);
    record.size = bytes.size;
    if (kind == JOURNAL_USAGE) {
        usage_note(edge, &record, bytes);
    } else if (kind == JOURNAL_CALL || kind == JOURNAL_CALL_GONE) {
        (void)!call_record_key(bytes, &record.key);
        edge->world->traffic->begun(edge, record.key);
    }
    uint64_t sequence = edge_append(edge, &record);
    edge_may_crash(edge, POINT_RECORDED);
    return sequence;
}

void edge_replay_leases(struct sim_edge *edge)
{
    for (int i = 0; i < edge->log_count; i++) {
        const struct sim_record *record = &edge->log[i];
        if (record->life != edge->life_count - 1) {
            continue;
        }
        if (record->kind == JOURNAL_LEASE &&
            !meter_replay_lease(edge->table, slice_make(record->lease, record->lease_size))) {
            world_violation(edge->world, "a lease record does not read back");
        }
        if (record->kind == JOURNAL_USAGE) {
            meter_replay_ended(edge->table, (uint64_t)record->account + 1, record->ended_micro);
        }
    }
}

/* What was talked while the edge was down is in no lease: P of the bound. Grace is in it for an
 * incarnation that has a number: before, all such talk is P. */
static void count_hidden(struct sim_edge *edge)
{
    struct world *world = edge->world;
    bool has_grace = edge_life(edge)->number != 0;
    for (int i = 0; i < world->live.account_count; i++) {
        struct meter_view view;
        if (meter_look(edge->table, (uint64_t)i + 1, world->now_us, &view).is != TRI_PRESENT) {
            continue;
        }
        int64_t grace_micro = has_grace ? world->accounts[i].grace_micro : 0;
        int64_t over_micro = view.grace_used_micro - grace_micro;
        if (over_micro > edge->over_allowed_micro[i]) {
            world->hidden_micro[i] += over_micro - edge->over_allowed_micro[i];
            edge->over_allowed_micro[i] = over_micro;
        }
    }
}

/* The incarnation has a number: from here on its grace covers that talk, as far as it goes. */
static void numbered(struct sim_edge *edge, struct sim_life *life, uint64_t number)
{
    struct world *world = edge->world;
    bool is_first = life->number == 0 && life == edge_life(edge);
    life->number = number;
    for (int i = 0; i < world->live.account_count && is_first; i++) {
        int64_t grace_micro = world->accounts[i].grace_micro;
        int64_t allowed_micro = edge->over_allowed_micro[i];
        int64_t covered_micro = allowed_micro < grace_micro ? allowed_micro : grace_micro;
        edge->over_allowed_micro[i] -= covered_micro;
        world->hidden_micro[i] -= covered_micro;
    }
}

/* Calls that went on while it was down, or since an old state of its disk: they are charged for all
 * of it, and no minute of this edge has counted it. */
static void count_restored(struct sim_edge *edge, const int64_t before_micro[MODEL_ACCOUNTS])
{
    struct world *world = edge->world;
    for (int i = 0; i < world->live.account_count; i++) {
        struct meter_view view;
        if (meter_look(edge->table, (uint64_t)i + 1, world->now_us, &view).is == TRI_PRESENT) {
            world->traffic->look(edge, i, &view);
        }
        int64_t restored_micro = edge->charged_micro[i] + edge->open_micro[i] - before_micro[i];
        edge->restored_micro[i] += restored_micro > 0 ? restored_micro : 0;
    }
}

void edge_start(struct sim_edge *edge)
{
    struct world *world = edge->world;
    int64_t before_micro[MODEL_ACCOUNTS];
    edge->start_count++;
    if (edge->life_count == 0 || edge_life(edge)->is_lost) {
        life_begin(edge);
    }
    char nonce[33];
    life_nonce_make(edge, nonce);
    identity_begin(&edge_life(edge)->identity, (uint64_t)edge->log_count, edge_life(edge)->sequence,
                   nonce);
    for (int i = 0; i < world->live.account_count; i++) {
        before_micro[i] = edge->charged_micro[i] + edge->open_micro[i];
    }
    world->traffic->start(edge);
    count_restored(edge, before_micro);
    count_hidden(edge);
    for (int i = 0; i < edge->life_count; i++) {
        edge->lives[i].session = 0; /* opened anew */
        edge->lives[i].has_heard_fence = false;
    }
    edge->has_op = false;
    edge->next_op_us = world->now_us;
    world_trace(world, 1, (uint64_t)edge->index, edge_life(edge)->nonce);
}

/* The ledger says that this incarnation is dead: a new one, with open calls carried over. */
static void edge_fenced(struct sim_edge *edge, bool is_copy)
{
    struct world *world = edge->world;
    world_trace(world, 3, (uint64_t)edge->index, edge_life(edge)->number);
    if (world->mutation == SIM_FENCE_IGNORED) {
        edge_life(edge)->has_heard_fence = true;
        return;
    }
    world->traffic->close_life(edge);
    if (is_copy) {
        life_cut(edge, edge->life_count - 1);
    }
    for (int i = 0; i < world->live.account_count; i++) {
        edge->over_allowed_micro[i] = 0;
    }
    life_begin(edge);
    meter_set_registered(edge->table, false);
    meter_start_incarnation(edge->table, world->now_us);
    count_hidden(edge);
}

static bool make_settle(struct sim_edge *edge, struct sim_op *op)
{
    int index = 0;
    while (index < edge->life_count && !life_has_unsettled(edge, &edge->lives[index])) {
        index++;
    }
    if (index == edge->life_count) {
        return false;
    }
    struct sim_life *life = &edge->lives[index];
    *op = (struct sim_op){.kind = OP_SETTLE,
                          .life = index,
                          .incarnation = life->number,
                          .session = life->session,
                          .disk = life_disk(edge, index)};
    for (int i = life->unsettled_from; i < edge->synced_count && op->count < OP_CHARGES_MAX; i++) {
        const struct sim_record *record = &edge->log[i];
        if (op->count == 0 && edge->world->mutation != SIM_RETRY_RENUMBERED) {
            life->unsettled_from = i;
        }
        if (record->kind == JOURNAL_USAGE && record->life == life->of &&
            record->sequence > life_settled_to(life) && record->sequence <= life->up_to) {
            op->charges[op->count++] = (struct model_charge){
                record->sequence - life->offset, (uint64_t)record->account + 1,
                record->charge_micro, record->ended_micro};
        }
    }
    return op->count > 0;
}

/* A life needs a number and a session: the current one always, an old one while it has an outbox.
 */
static bool make_introduction(struct sim_edge *edge, struct sim_op *op)
{
    for (int i = 0; i < edge->life_count; i++) {
        const struct sim_life *life = &edge->lives[i];
        bool is_needed = i == edge->life_count - 1 || life_has_unsettled(edge, life);
        if (!is_needed || (life->number != 0 && life->session != 0)) {
            continue;
        }
        *op = (struct sim_op){.kind = life->number == 0 ? OP_REGISTER : OP_OPEN,
                              .life = i,
                              .nonce = life->nonce,
                              .incarnation = life->number,
                              .is_part = life->of != i,
                              .disk = life_disk_at_open(edge, i)};
        return true;
    }
    return false;
}

/* The deliberate fault: a "no" of long ago is taken for the answer to what is asked now. */
static int answer_from_memory(struct sim_edge *edge, struct lease_ask *asks, int count)
{
    int kept = 0;
    for (int i = 0; i < count; i++) {
        struct lease_answer answer = edge->stale[asks[i].account_id - 1];
        if (answer.account_id == 0 || asks[i].want_micro == 0) {
            asks[kept++] = asks[i];
            continue;
        }
        answer.ask_number = asks[i].ask_number;
        meter_ask_answered(edge->table, &answer, edge->world->now_us);
    }
    return kept;
}

static bool make_op(struct sim_edge *edge, struct sim_op *op)
{
    struct world *world = edge->world;
    if (make_introduction(edge, op)) {
        return true;
    }
    struct sim_life *life = edge_life(edge);
    *op = (struct sim_op){
        .life = edge->life_count - 1, .incarnation = life->number, .session = life->session};
    if (world->now_us >= edge->next_wanted_us) {
        edge->next_wanted_us = world->now_us + SECOND;
        op->kind = OP_WANTED;
        return true;
    }
    if (world_chance(world, 500000) && make_settle(edge, op)) {
        return true;
    }
    *op = (struct sim_op){.kind = OP_REFILL,
                          .life = edge->life_count - 1,
                          .incarnation = life->number,
                          .session = life->session};
    if (!is_disk_slow(edge)) {
        op->count = meter_asks_take(edge->table, op->asks, OP_ASKS_MAX, world->now_us);
    }
    if (world->mutation == SIM_STALE_EVIDENCE) {
        op->count = answer_from_memory(edge, op->asks, op->count);
    }
    if (op->count > 0) {
        /* A disk that is older than these asks must be seen to be: there is always news. */
        edge_append(edge, &(struct sim_record){.kind = JOURNAL_HEARTBEAT});
        if (world->mutation != SIM_TOLD_BEFORE_SYNC) {
            edge->synced_count = edge->log_count; /* R is on disk before it is told */
        }
        op->disk = life_disk(edge, op->life);
        return true;
    }
    return make_settle(edge, op);
}

/* The deliberate fault: what was not answered is sent again as if it were new. */
static void renumber(struct sim_edge *edge, int index)
{
    struct sim_life *life = &edge->lives[index];
    for (int i = 0; i < edge->log_count; i++) {
        struct sim_record *record = &edge->log[i];
        if (record->kind == JOURNAL_USAGE && record->life == index &&
            record->sequence > life->acked) {
            record->sequence = ++life->sequence;
        }
    }
}

static void op_over(struct sim_edge *edge, bool is_answered)
{
    struct world *world = edge->world;
    edge->has_op = false;
    edge->next_op_us = world->now_us;
    if (!is_answered) {
        int64_t pause_us = world_between(world, 0, SECOND);
        edge->next_op_us += pause_us;
        if (edge->op.kind == OP_SETTLE && world->mutation == SIM_RETRY_RENUMBERED) {
            renumber(edge, edge->op.life);
        }
        if (edge->op.kind == OP_REFILL) {
            meter_asks_failed(edge->table, edge->op.asks, edge->op.count, world->now_us + pause_us);
        }
    }
}

static void store_step(struct sim_edge *edge)
{
    struct world *world = edge->world;
    if (edge->has_op && world->now_us >= edge->op_deadline_us) {
        op_over(edge, false);
    }
    if (edge->has_op || world->now_us < edge->next_op_us || !make_op(edge, &edge->op)) {
        return;
    }
    edge->has_op = true;
    edge->op.id = ++world->next_op;
    edge->op.edge = edge->index;
    edge->op.ledger = edge->ledger;
    edge->op.seen_version = edge->seen_version;
    edge->op.timeline = edge->timeline;
    edge->op.link_branch = edge->link_branch;
    edge->op.link_version = edge->link_version;
    edge->op_deadline_us = world->now_us + OP_TIMEOUT_US;
    net_send(world, &edge->op);
    edge_may_crash(edge, edge->op.kind == OP_REFILL ? POINT_ASKED : POINT_SENT);
}

static void publish(struct sim_edge *edge, const struct lease_answer *answer)
{
    struct world *world = edge->world;
    if (answer->more.is == TRI_ABSENT) {
        uint64_t account = answer->account_id - 1;
        edge->evidence[account][edge->evidence_count[account]++ % EVIDENCE_MAX] =
            (struct sim_evidence){answer->version, world->now_us};
        edge->stale[account] = *answer;
    }
    if (answer->more.is == TRI_ABSENT && answer->version < VERSIONS_MAX) {
        world->published[answer->account_id - 1][answer->version / 8] |=
            (uint8_t)(1U << answer->version % 8);
    }
}

static void take_answers(struct sim_edge *edge, const struct sim_op *op)
{
    for (int i = 0; i < op->count; i++) {
        publish(edge, &op->answers[i]);
        meter_ask_answered(edge->table, &op->answers[i], edge->world->now_us);
    }
}

static void op_done(struct sim_edge *edge, const struct sim_op *op)
{
    struct sim_life *life = &edge->lives[op->life];
    switch (op->kind) {
    case OP_REGISTER:
        numbered(edge, life, op->number);
        if (op->life == edge->life_count - 1) {
            meter_set_registered(edge->table, true);
        }
        break;
    case OP_OPEN:
        life->session = op->number;
        if (op->life == edge->life_count - 1) {
            identity_confirm(&life->identity, op->number); /* and synced */
        }
        life_let_in(edge, life);
        break;
    case OP_REFILL:
        take_answers(edge, op);
        break;
    case OP_SETTLE:
        if (op->number > life->acked) {
            life->acked = op->number;
        }
        break;
    case OP_WANTED:
        for (int i = 0; i < op->count; i++) {
            meter_wanted(edge->table, op->wanted[i], edge->world->now_us);
        }
        break;
    }
}

/* The store thread has given up, or heard it before. The meter must bear to hear it all the same.
 */
static void take_late_answers(struct sim_edge *edge, const struct sim_op *op)
{
    struct sim_op late = *op;
    for (int i = 0; i < op->count && edge->world->mutation == SIM_GRANT_ADDED; i++) {
        struct meter_view view;
        if (meter_look(edge->table, op->answers[i].account_id, edge->world->now_us, &view).is ==
            TRI_PRESENT) {
            late.answers[i].granted_micro = view.granted_micro + op->grants_micro[i];
        }
    }
    take_answers(edge, &late);
}

void edge_answered(struct sim_edge *edge, const struct sim_op *op)
{
    if (edge->table == NULL) {
        return;
    }
    enum model_result result = op->result;
    if (op->has_warning && edge->world->mutation != SIM_WARNING_IS_SUCCESS) {
        result = MODEL_UNKNOWN; /* it may be lost with the primary */
    }
    bool has_our_link = edge->link_branch == op->branch || edge->link_version <= op->branch_from;
    if (!has_our_link && edge->world->mutation != SIM_LINK_IGNORED &&
        edge->world->mutation != SIM_ANY_LEDGER) {
        result = MODEL_UNKNOWN; /* asked before we saw more, answered by the past */
    }
    if (op->version < edge->seen_version && edge->world->mutation != SIM_ANY_LEDGER) {
        result = MODEL_UNKNOWN;
    }
    if (result == MODEL_OK && op->version > edge->seen_version) {
        edge->seen_version = op->version;
    }
    if (result == MODEL_OK && op->has_link) {
        edge->link_branch = op->branch;
        edge->link_version = op->version;
    }
    if (!edge->has_op || edge->op.id != op->id) {
        if (op->kind == OP_REFILL && result == MODEL_OK && op->life == edge->life_count - 1) {
            take_late_answers(edge, op);
        }
        return;
    }
    op_over(edge, result == MODEL_OK);
    edge_may_crash(edge, POINT_HEARD);
    switch (result) {
    case MODEL_OK:
        op_done(edge, op);
        break;
    case MODEL_FENCED: /* it is dead, but its outbox is settled all the same */
        if (op->kind == OP_REGISTER) {
            numbered(edge, &edge->lives[op->life], op->number);
        }
        if (op->kind == OP_OPEN) {
            edge->lives[op->life].session = op->number;
            if (!op->is_copy) {
                life_let_in(edge, &edge->lives[op->life]);
            }
        }
        if (op->life == edge->life_count - 1 && op->kind == OP_REGISTER) {
            edge_life(edge)->has_heard_fence = true; /* `open` says whether its disk is a copy */
        } else if (op->life == edge->life_count - 1) {
            edge_fenced(edge, op->is_copy);
        }
        break;
    case MODEL_OLD_SESSION:
        edge->lives[op->life].session = 0;
        break;
    case MODEL_UNKNOWN:
        edge->lives[op->life].session = 0;
        break;
    case MODEL_REFUSED: /* a start that was let in: its usages are the life's own */
        life_join(edge, op);
        break;
    }
}

void edge_step(struct sim_edge *edge)
{
    struct world *world = edge->world;
    if (edge->table == NULL) {
        if (world->now_us < edge->up_us && world->is_faulty) {
            return;
        }
        edge_start(edge);
    }
    if (!is_disk_slow(edge)) {
        edge->synced_count = edge->log_count; /* the writer syncs within 20 ms */
    }
    if (world->now_us - edge->last_alive_us >= SECOND) {
        edge->last_alive_us = world->now_us;
    }
    world->traffic->step(edge);
    store_step(edge);
    check_edge(edge);
}
