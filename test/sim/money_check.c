/* The observer: what must be true at every step, and after everything has healed. */
#include "money_world.h"

#include <assert.h>
#include <stdlib.h>

static bool has_published(const struct world *world, int account, uint64_t version)
{
    return version < VERSIONS_MAX &&
           (world->published[account][version / 8] >> version % 8 & 1) != 0;
}

/* Heard here, and a moment ago: what was true once is no reason now. */
static bool has_heard(const struct sim_edge *edge, int account, uint64_t version)
{
    for (int i = 0; i < EVIDENCE_MAX; i++) {
        const struct sim_evidence *evidence = &edge->evidence[account][i];
        if (i < edge->evidence_count[account] && evidence->version == version &&
            edge->world->now_us - evidence->heard_us <= METER_FRESH_US) {
            return true;
        }
    }
    return false;
}

void check_evidence(struct sim_edge *edge, int account, uint64_t version)
{
    if (!has_published(edge->world, account, version)) {
        world_violation(edge->world, "I6: account %d refused for money without evidence", account);
    }
    if (!has_heard(edge, account, version)) {
        world_violation(edge->world, "I6: account %d refused for money by old evidence", account);
    }
}

/* I6: a refusal for money cites what the ledger has published. I7: nobody is refused while there is
 * room in the lease, or in the grace of a silent ledger. */
void check_refusal(struct sim_edge *edge, const struct sim_call *call, bool is_for_money)
{
    struct world *world = edge->world;
    if (is_for_money) {
        check_evidence(edge, call->account, call->meter.evidence_version);
    }
    struct meter_view view;
    if (meter_look(edge->table, (uint64_t)call->account + 1, world->now_us, &view).is !=
        TRI_PRESENT) {
        return;
    }
    int64_t free_micro =
        view.granted_micro - view.returned_micro - view.ended_micro - view.covered_micro;
    const struct sim_life *life = edge_life(edge);
    bool is_on_grace = !is_for_money && life->number != 0 && !life->has_heard_fence;
    if (is_on_grace) {
        free_micro += world->accounts[call->account].grace_micro;
    }
    int64_t has_micro = call->meter.charged_micro + call->meter.covered_micro;
    int64_t next_us = call->meter.covers_us > 0 ? call->meter.covers_us + 1 : 0;
    if (free_micro >= rate_price(&call->meter.rate, next_us) - has_micro) {
        world_violation(world, "I7: account %d refused while there is room", call->account);
    }
}

/* I3, where it comes from: the edge's G may lag behind the ledger's, its R may lead, never the
 * other way; and what is set aside for an edge, the edge knows of, or nobody gives it back. */
static void check_lease(struct sim_edge *edge, int account, const struct meter_view *view)
{
    struct world *world = edge->world;
    const struct sim_life *life = edge_life(edge);
    const struct model_ledger *ledger = world_ledger(world);
    if (life->number == 0 || life->number > (uint64_t)ledger->incarnation_count || life->is_old ||
        life->nonce != ledger->incarnations[life->number - 1].nonce ||
        ledger->incarnations[life->number - 1].is_dead) {
        return;
    }
    const struct model_lease *lease = &ledger->leases[life->number - 1][account];
    if (view == NULL) {
        if (lease->granted_micro > lease->returned_micro) {
            world_violation(world, "I12: edge %d does not know what it holds of account %d",
                            edge->index, account);
        }
        return;
    }
    if (view->granted_micro > lease->granted_micro) {
        world_violation(world, "I3: edge %d believes in %lld of account %d, granted were %lld",
                        edge->index, (long long)view->granted_micro, account,
                        (long long)lease->granted_micro);
    }
    if (view->returned_micro < lease->returned_micro) {
        world_violation(world, "I3: edge %d forgot what it gave back of account %d", edge->index,
                        account);
    }
}

/* I3: what is used and held stays within lease and grace. */
void check_account(struct sim_edge *edge, int account)
{
    struct world *world = edge->world;
    struct meter_view view;
    if (meter_look(edge->table, (uint64_t)account + 1, world->now_us, &view).is != TRI_PRESENT) {
        check_lease(edge, account, NULL);
        edge->open_micro[account] = 0;
        return;
    }
    check_lease(edge, account, &view);
    edge->returned_micro[account] = view.returned_micro;
    world->traffic->look(edge, account, &view);
    int64_t over_micro =
        view.ended_micro + view.covered_micro - view.granted_micro + view.returned_micro;
    if (over_micro > world->accounts[account].grace_micro + edge->over_allowed_micro[account] &&
        !edge_life(edge)->is_old) { /* it learns later what it gave back: P */
        world_violation(world, "I3: edge %d is %lld beyond lease and grace of account %d",
                        edge->index, (long long)over_micro, account);
    }
}

void check_edge(struct sim_edge *edge)
{
    struct world *world = edge->world;
    int count = world->traffic->accounts_at_once;
    for (int i = 0; i < count; i++) {
        check_account(edge, edge->check_at);
        edge->check_at = (edge->check_at + 1) % world->live.account_count;
    }
}

/* I4: spend <= funds + limit + n g + D + P, seen from everywhere at once. */
void check_bound(struct world *world)
{
    int64_t live_count = 0;
    const struct model_ledger *ledger = world_ledger(world);
    for (int i = 0; i < ledger->incarnation_count; i++) {
        live_count += ledger->incarnations[i].is_dead ? 0 : 1;
    }
    for (int i = 0; i < world->live.account_count; i++) {
        int64_t spend_micro = world->frozen_micro[i];
        for (int j = 0; j < world->edge_count; j++) {
            spend_micro += world->edges[j].charged_micro[i] + world->edges[j].open_micro[i];
        }
        int64_t bound_micro = world->top_ups_micro[i] + world->accounts[i].limit_micro +
                              live_count * world->accounts[i].grace_micro +
                              world->verdicts_micro[i] + world->hidden_micro[i];
        if (spend_micro > bound_micro) {
            world_violation(world, "I4: account %d spent %lld of %lld", i, (long long)spend_micro,
                            (long long)bound_micro);
        }
    }
}

void check_minute(struct sim_edge *edge, int account)
{
    if (edge->world->accounts[account].spend_minute_micro == 0) {
        world_violation(edge->world, "I6: account %d has no limit of spend a minute", account);
    }
}

/* A limit of spend a minute holds at each edge, with and without a ledger: so many minutes as there
 * were, and one more for each start; talk that nobody could count while the edge was down apart. */
void check_minutes(struct world *world)
{
    for (int i = 0; i < world->live.account_count; i++) {
        int64_t limit_micro = world->accounts[i].spend_minute_micro;
        for (int j = 0; limit_micro > 0 && j < world->edge_count; j++) {
            const struct sim_edge *edge = &world->edges[j];
            int64_t minute_count = world->now_us / (60 * SECOND) + 1 + edge->start_count;
            int64_t bound_micro =
                minute_count * limit_micro + world->hidden_micro[i] + edge->restored_micro[i];
            int64_t spend_micro = edge->charged_micro[i] + edge->open_micro[i];
            if (spend_micro > bound_micro) {
                world_violation(world, "account %d spent %lld at edge %d, %lld by its minutes", i,
                                (long long)spend_micro, j, (long long)bound_micro);
            }
        }
    }
}

/* I8: a fenced edge takes no new call on its old lease. */
void check_open(struct sim_edge *edge)
{
    if (edge_life(edge)->has_heard_fence) {
        world_violation(edge->world, "I8: edge %d goes on after it was fenced", edge->index);
    }
}

/* I10: no record charges more than the talk that was. */
void check_usage(struct sim_edge *edge, const struct sim_call *call)
{
    const struct meter *meter = &call->meter;
    if (meter->answered_us == 0) {
        return;
    }
    int64_t talk_us = edge->world->now_us - meter->answered_us;
    int64_t dearest_micro = rate_price(&meter->rate, talk_us > 0 ? talk_us : 0);
    if (meter->charged_micro > dearest_micro) {
        world_violation(edge->world, "I10: %lld charged for %lld us of talk, worth %lld",
                        (long long)meter->charged_micro, (long long)talk_us,
                        (long long)dearest_micro);
    }
}

/* I8: nothing commits under an old session, or for an edge that went back in time. */
void check_served(struct world *world, const struct sim_op *op)
{
    const struct model_ledger *ledger = &world->live;
    bool is_for_session = op->kind == OP_REFILL || op->kind == OP_SETTLE || op->kind == OP_OPEN;
    if (op->result != MODEL_OK || !is_for_session) {
        return;
    }
    const struct model_incarnation *row = &ledger->incarnations[op->incarnation - 1];
    bool is_old = row->high_water > op->disk.sequence || row->session_used > op->disk.session ||
                  (row->session_used == op->disk.session && row->disk_position > op->disk.position);
    if (op->kind == OP_OPEN && is_old) {
        world_violation(world, "I8: an old disk of incarnation %llu was let in",
                        (unsigned long long)op->incarnation);
    }
    if (op->kind != OP_OPEN && op->session != row->session) {
        world_violation(world, "I8: session %llu was served, %llu is the newest",
                        (unsigned long long)op->session, (unsigned long long)row->session);
    }
}

/* I9: on the disk, each answered call has one final record. */
void check_calls(struct world *world)
{
    size_t size = (size_t)world->next_call + 1;
    uint8_t *states = calloc(size, 1);
    assert(states != NULL);
    for (int i = 0; i < world->edge_count; i++) {
        const struct sim_edge *edge = &world->edges[i];
        for (int j = 0; j < edge->log_count; j++) {
            const struct sim_record *record = &edge->log[j];
            if (record->kind == JOURNAL_CALL && record->answered_us != 0) {
                states[record->call_id] |= 1;
            } else if (record->kind == JOURNAL_USAGE && record->is_final) {
                bool is_second = (states[record->call_id] & 2) != 0;
                states[record->call_id] |= is_second ? 4 : 2;
            }
        }
    }
    for (size_t i = 0; i < size; i++) {
        if (states[i] == 1 || (states[i] & 4) != 0) {
            world_violation(world, "I9: call %zu has %s final record", i,
                            states[i] == 1 ? "no" : "more than one");
        }
    }
    free(states);
}

static struct sim_edge *edge_of(struct world *world, uint64_t incarnation, int *life)
{
    uint64_t nonce = world->live.incarnations[incarnation - 1].nonce;
    for (int i = 0; i < world->edge_count; i++) {
        for (int j = 0; j < world->edges[i].life_count; j++) {
            if (world->edges[i].lives[j].nonce == nonce) {
                *life = j;
                return &world->edges[i];
            }
        }
    }
    return NULL;
}

/* I5 after healing: each record that is on a disk was applied, exactly once. */
static void check_outboxes(struct world *world)
{
    for (int i = 0; i < world->edge_count; i++) {
        const struct sim_edge *edge = &world->edges[i];
        for (int j = 0; j < edge->log_count; j++) {
            const struct sim_record *record = &edge->log[j];
            if (record->kind != JOURNAL_USAGE) {
                continue;
            }
            uint64_t sequence = 0;
            const struct sim_life *life = life_of(edge, record, &sequence);
            if (life == NULL || life->number == 0 ||
                life->number > (uint64_t)world->live.incarnation_count ||
                !model_has_applied(&world->live, life->number, sequence)) {
                world_violation(world, "I5: edge %d, life %d: record %llu was never applied",
                                edge->index, record->life, (unsigned long long)record->sequence);
                return;
            }
        }
        for (int j = 0; j < edge->life_count; j++) {
            const struct sim_life *life = &edge->lives[j];
            if (life_has_unsettled(edge, life)) {
                world_violation(world, "I12: an outbox of edge %d is not empty", edge->index);
            }
        }
    }
}

/* What one lease still sets aside, less what a registered endpoint keeps and what the ledger once
 * heard of talk that was then charged shorter (an estimated end). */
static int64_t stuck(struct world *world, uint64_t incarnation, int account)
{
    const struct model_lease *lease = &world->live.leases[incarnation - 1][account];
    int64_t left_micro = lease->granted_micro - lease->returned_micro - lease->settled_micro;
    int life = 0;
    struct sim_edge *edge = edge_of(world, incarnation, &life);
    if (edge != NULL && life == edge->life_count - 1 && edge->has_presence[account]) {
        left_micro -= world->slice_micro[account];
    }
    return left_micro;
}

/* What was settled of usages whose disk was put back to a state before them. */
static int64_t settled_of_lost(struct world *world, int account)
{
    int64_t settled_micro = 0;
    for (int i = 0; i < world->lost_count; i++) {
        const struct sim_lost *lost = &world->lost[i];
        for (int j = 0; j < world->live.incarnation_count && lost->account == account; j++) {
            int life = 0;
            if (world->live.incarnations[j].nonce != lost->nonce ||
                !model_has_applied(&world->live, (uint64_t)j + 1, lost->sequence)) {
                continue;
            }
            const struct sim_edge *edge = edge_of(world, (uint64_t)j + 1, &life);
            bool is_gone = edge == NULL || edge->lives[life].is_lost; /* with the disk, later */
            settled_micro += is_gone ? 0 : lost->charge_micro;
        }
    }
    return settled_micro;
}

/* I12: what lies on disks is what was settled, to the last unit. */
static void check_true_spend(struct world *world, int account)
{
    int64_t recorded_micro = settled_of_lost(world, account);
    int64_t settled_micro = 0;
    for (int i = 0; i < world->edge_count; i++) {
        const struct sim_edge *edge = &world->edges[i];
        for (int j = 0; j < edge->log_count; j++) {
            const struct sim_record *record = &edge->log[j];
            recorded_micro += record->account == account ? record->charge_micro : 0;
        }
        for (int j = 0; j < edge->life_count; j++) {
            const struct sim_life *life = &edge->lives[j];
            bool is_joined = life->of != j && life->nonce == edge->lives[life->of].nonce;
            if (!life->is_lost && life->number != 0 && !is_joined) {
                settled_micro += world->live.leases[life->number - 1][account].settled_micro;
            }
        }
    }
    if (recorded_micro != settled_micro) {
        world_violation(world, "I12: account %d used %lld by the edges' records, %lld are settled",
                        account, (long long)recorded_micro, (long long)settled_micro);
    }
}

/* I12: balance = top-ups less what was used, and nothing set aside but what somebody keeps. */
void check_healed(struct world *world)
{
    check_outboxes(world);
    world->traffic->check(world);
    for (int i = 0; i < world->live.account_count; i++) {
        int64_t settled_micro = 0;
        check_true_spend(world, i);
        for (int j = 0; j < world->live.incarnation_count; j++) {
            settled_micro += world->live.leases[j][i].settled_micro;
            int64_t stuck_micro = stuck(world, (uint64_t)j + 1, i);
            if (stuck_micro > 0) {
                world_violation(world, "I12: incarnation %d still keeps %lld of account %d", j + 1,
                                (long long)stuck_micro, i);
            }
        }
        if (world->live.accounts[i].balance_micro != world->top_ups_micro[i] - settled_micro) {
            world_violation(world, "I1: the balance of account %d is not what was paid and used",
                            i);
        }
    }
}
