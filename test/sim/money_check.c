/* The observer: what must be true at every step, and after everything has healed. */
#include "money_world.h"

static bool has_published(const struct world *world, int account, uint64_t version)
{
    return version < VERSIONS_MAX &&
           (world->published[account][version / 8] >> version % 8 & 1) != 0;
}

/* I6: a refusal for money cites what the ledger has published. I7: nobody is refused while there is
 * room in the lease, or in the grace of a silent ledger. */
void check_refusal(struct sim_edge *edge, const struct sim_call *call, bool is_for_money)
{
    struct world *world = edge->world;
    if (is_for_money && !has_published(world, call->account, call->meter.evidence_version)) {
        world_violation(world, "I6: account %d refused for money without evidence", call->account);
    }
    struct meter_view view;
    if (meter_look(edge->table, (uint64_t)call->account + 1, world->now_us, &view).is !=
        TRI_PRESENT) {
        return;
    }
    int64_t free_micro =
        view.granted_micro - view.returned_micro - view.ended_micro - view.covered_micro;
    bool is_on_grace = !is_for_money && edge_life(edge)->number != 0;
    if (is_on_grace) {
        free_micro += world->accounts[call->account].grace_micro;
    }
    int64_t has_micro = call->meter.charged_micro + call->meter.covered_micro;
    int64_t next_us = call->meter.covers_us > 0 ? call->meter.covers_us + 1 : 0;
    if (free_micro >= rate_price(&call->meter.rate, next_us) - has_micro) {
        world_violation(world, "I7: account %d refused while there is room", call->account);
    }
}

/* I3: what is used and held stays within lease and grace. */
void check_edge(struct sim_edge *edge)
{
    struct world *world = edge->world;
    for (int i = 0; i < MODEL_ACCOUNTS; i++) {
        struct meter_view view;
        if (meter_look(edge->table, (uint64_t)i + 1, world->now_us, &view).is != TRI_PRESENT) {
            continue;
        }
        int64_t over_micro =
            view.ended_micro + view.covered_micro - view.granted_micro + view.returned_micro;
        if (over_micro > world->accounts[i].grace_micro + edge->over_allowed_micro[i]) {
            world_violation(world, "I3: edge %d is %lld beyond lease and grace of account %d",
                            edge->index, (long long)over_micro, i);
        }
    }
    memset(edge->open_micro, 0, sizeof(edge->open_micro));
    for (int i = 0; i < CALLS_MAX; i++) {
        const struct sim_call *call = &edge->calls[i];
        if (call->is_used && call->meter.answered_us != 0) {
            int64_t talk_us = meter_talk_us(&call->meter, world->now_us);
            int64_t cost_micro = rate_price(&call->meter.rate, talk_us);
            edge->open_micro[call->account] += cost_micro - call->meter.charged_micro;
        }
    }
}

/* I4: spend <= funds + limit + n g + D + P, seen from everywhere at once. */
void check_bound(struct world *world)
{
    int64_t live_count = 0;
    for (int i = 0; i < world->live.incarnation_count; i++) {
        live_count += world->live.incarnations[i].is_dead ? 0 : 1;
    }
    for (int i = 0; i < MODEL_ACCOUNTS; i++) {
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
    for (int i = 0; i < MODEL_ACCOUNTS; i++) {
        int64_t limit_micro = world->accounts[i].spend_minute_micro;
        for (int j = 0; limit_micro > 0 && j < world->edge_count; j++) {
            const struct sim_edge *edge = &world->edges[j];
            int64_t minute_count = world->now_us / (60 * SECOND) + 1 + edge->start_count;
            int64_t bound_micro = minute_count * limit_micro + world->hidden_micro[i];
            int64_t spend_micro = edge->charged_micro[i] + edge->open_micro[i];
            if (spend_micro > bound_micro) {
                world_violation(world, "account %d spent %lld at edge %d, %lld by its minutes", i,
                                (long long)spend_micro, j, (long long)bound_micro);
            }
        }
    }
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
            const struct sim_life *life = &edge->lives[record->life];
            if (life->number == 0 || life->number > (uint64_t)world->live.incarnation_count ||
                !model_has_applied(&world->live, life->number, record->sequence)) {
                world_violation(world, "I5: edge %d, life %d: record %llu was never applied",
                                edge->index, record->life, (unsigned long long)record->sequence);
                return;
            }
        }
        for (int j = 0; j < edge->life_count; j++) {
            const struct sim_life *life = &edge->lives[j];
            if (!life->is_lost && life->acked < life->sequence) {
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

/* I12: balance = top-ups less what was used, and nothing set aside but what somebody keeps. */
void check_healed(struct world *world)
{
    check_outboxes(world);
    for (int i = 0; i < MODEL_ACCOUNTS; i++) {
        int64_t settled_micro = 0;
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
