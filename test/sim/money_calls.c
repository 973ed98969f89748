/* The calls of an edge: what its workers do with the meter, in steps. */
#include "money_world.h"

#include <assert.h>
#include <stdlib.h>

uint64_t edge_append(struct sim_edge *edge, const struct sim_record *record)
{
    if (edge->log_count == edge->log_max) {
        edge->log_max = edge->log_max * 2 + 1024;
        edge->log = realloc(edge->log, (size_t)edge->log_max * sizeof(*edge->log));
        assert(edge->log != NULL);
    }
    struct sim_record *stored = &edge->log[edge->log_count++];
    *stored = *record;
    stored->life = edge->life_count - 1;
    if (record->kind == JOURNAL_USAGE) {
        stored->sequence = ++edge_life(edge)->sequence;
    }
    return stored->sequence;
}

static struct sim_record record_of(struct sim_edge *edge, const struct sim_call *call,
                                   enum journal_kind kind)
{
    return (struct sim_record){.kind = kind,
                               .call_id = call->id,
                               .call = (int)(call - edge->calls),
                               .account = call->account,
                               .rate = call->meter.rate,
                               .answered_us = call->meter.answered_us,
                               .charged_micro = call->meter.charged_micro};
}

struct written { /* a usage record that the meter is about to have written */
    struct sim_edge *edge;
    const struct sim_call *call;
    struct sim_record record;
};

static void usage_write(void *ctx, int64_t charge_micro, int64_t ended_micro)
{
    struct written *written = ctx;
    struct sim_edge *edge = written->edge;
    struct sim_record *record = &written->record;
    struct world *world = edge->world;
    record->charge_micro = charge_micro;
    record->ended_micro = ended_micro;
    record->charged_micro = written->call->meter.charged_micro;
    world->result->charges++;
    world_trace(world, 20, (uint64_t)record->charge_micro, (uint64_t)record->ended_micro);
    check_usage(edge, written->call);
    bool is_lost =
        world->mutation == SIM_FULL_DISK_GOES_ON && world->now_us < edge->disk_full_until_us;
    if (is_lost) {
        world_violation(world, "I9: a charge of edge %d without a record", edge->index);
        return;
    }
    edge_append(edge, record);
    edge_charged(edge, record->account, record->charge_micro);
}

static void call_close(struct sim_edge *edge, struct sim_call *call, int64_t talk_us)
{
    struct written written = {edge, call, record_of(edge, call, JOURNAL_USAGE)};
    struct meter_writer writer = {&written, usage_write};
    written.record.is_final = true;
    (void)meter_close(edge->table, &call->meter, talk_us, &writer);
    edge_may_crash(edge, POINT_RECORDED);
    call->is_used = false;
}

static void call_partial(struct sim_edge *edge, struct sim_call *call)
{
    struct written written = {edge, call, record_of(edge, call, JOURNAL_USAGE)};
    struct meter_writer writer = {&written, usage_write};
    (void)meter_partial(edge->table, &call->meter, meter_talk_us(&call->meter, edge_wall_us(edge)),
                        &writer);
    edge_may_crash(edge, POINT_RECORDED);
}

static void calls_close_life(struct sim_edge *edge)
{
    for (int i = 0; i < CALLS_MAX; i++) {
        struct sim_call *call = &edge->calls[i];
        if (call->is_used && call->meter.answered_us != 0) {
            call_partial(edge, call);
        }
    }
}

static void call_opened(struct sim_edge *edge, struct sim_call *call)
{
    struct world *world = edge->world;
    check_open(edge);
    call->will_answer = world_chance(world, 800000);
    call->answer_us = world->now_us + world_between(world, 0, 3 * SECOND);
    struct sim_record record = record_of(edge, call, JOURNAL_CALL);
    edge_append(edge, &record);
}

static void call_try(struct sim_edge *edge, struct sim_call *call)
{
    struct world *world = edge->world;
    bool is_last_try = world->now_us >= call->patience_us;
    struct account account = world->accounts[call->account];
    if (world->mutation == SIM_NO_MINUTE_LIMIT) {
        account.spend_minute_micro = 0;
    }
    enum meter_verdict verdict =
        meter_open(edge->table, &call->meter, &account, world->now_us, is_last_try);
    world_trace(world, 21, (uint64_t)call->account, verdict);
    switch (verdict) {
    case METER_OK:
    case METER_OK_ON_GRACE:
        call_opened(edge, call);
        return;
    case METER_WAIT:
        if (is_last_try) {
            world_violation(world, "an INVITE waits for longer than its patience");
        }
        return;
    case METER_NO_CREDIT:
        check_refusal(edge, call, true);
        break;
    case METER_UNKNOWN:
        check_refusal(edge, call, world->mutation == SIM_UNKNOWN_IS_NO);
        break;
    case METER_MINUTE_LIMIT:
        check_minute(edge, call->account);
        break;
    case METER_NO_CHANNEL:
    case METER_TOO_FAST:
    case METER_DAY_LIMIT:
    case METER_FULL:
        world_violation(world, "refused with %s where there is no such limit",
                        meter_verdict_name(verdict));
        break;
    }
    call->is_used = false;
}

/* Customers live somewhere: most calls of an account come to one edge. */
static int account_draw(struct sim_edge *edge)
{
    struct world *world = edge->world;
    int account = (int)rng_below(&world->rng, MONEY_ACCOUNTS);
    bool is_home = account % world->edge_count == edge->index;
    return is_home || world_chance(world, 600000) ? account
                                                  : (int)rng_below(&world->rng, MONEY_ACCOUNTS);
}

static void call_new(struct sim_edge *edge, struct sim_call *call)
{
    struct world *world = edge->world;
    *call = (struct sim_call){.is_used = true,
                              .id = ++world->next_call,
                              .account = account_draw(edge),
                              .patience_us = world->now_us + METER_PATIENCE_US};
    call->meter.rate = world->rates[call->account];
    call->meter.call = (uint32_t)(call - edge->calls);
    call_try(edge, call);
}

static void call_answered(struct sim_edge *edge, struct sim_call *call)
{
    struct world *world = edge->world;
    meter_answer(edge->table, &call->meter, world->now_us);
    call->again_us = meter_renew_at(&call->meter);
    call->hang_up_us = world->now_us + world_between(world, 0, 40 * SECOND);
    world->result->calls++;
    struct sim_record record = record_of(edge, call, JOURNAL_CALL);
    edge_append(edge, &record);
}

static void call_talks(struct sim_edge *edge, struct sim_call *call)
{
    struct world *world = edge->world;
    int64_t now_us = world->now_us;
    if (now_us >= call->again_us) {
        enum meter_verdict verdict =
            meter_renew(edge->table, &call->meter, now_us, &call->again_us);
        world_trace(world, 22, (uint64_t)call->account, verdict);
        if (call->again_us > meter_paid_until(edge->table, &call->meter)) {
            world_violation(world, "a call is looked at only after its paid second");
        }
        if (verdict == METER_NO_CREDIT) {
            check_refusal(edge, call, true);
        }
    }
    bool is_unpaid = now_us >= meter_paid_until(edge->table, &call->meter);
    if (is_unpaid || now_us >= call->hang_up_us) {
        call_close(edge, call, meter_talk_us(&call->meter, edge_wall_us(edge)));
    } else if (world_chance(world, 2000)) {
        call_partial(edge, call);
    }
}

static void call_step(struct sim_edge *edge, struct sim_call *call)
{
    struct world *world = edge->world;
    if (call->meter.slot == 0) { /* an INVITE that waits */
        if (world_chance(world, 20000)) {
            meter_wait_cancel(edge->table, &call->meter);
            call->is_used = false;
        } else if (world->now_us >= call->patience_us || world->now_us >= call->again_us) {
            call->again_us = INT64_MAX;
            call_try(edge, call);
        }
    } else if (call->meter.answered_us != 0) {
        call_talks(edge, call);
    } else if (world->now_us >= call->answer_us) {
        if (call->will_answer) {
            call_answered(edge, call);
        } else {
            call_close(edge, call, -1);
        }
    }
}

static void calls_wake(struct sim_edge *edge)
{
    struct meter_wakeup wakeups[4];
    int count = 0;
    do {
        count = meter_wakeups_take(edge->table, wakeups, 4);
        for (int i = 0; i < count; i++) {
            edge->calls[wakeups[i].call].again_us = edge->world->now_us;
        }
    } while (count > 0);
}

static void calls_step(struct sim_edge *edge)
{
    struct world *world = edge->world;
    /* Without room for records, new paid work is refused as unknown. */
    bool is_full = world->now_us < edge->disk_full_until_us;
    bool may_call = world->is_faulty && (!is_full || world->mutation == SIM_FULL_DISK_GOES_ON);
    calls_wake(edge);
    for (int i = 0; i < CALLS_MAX; i++) {
        struct sim_call *call = &edge->calls[i];
        if (call->is_used) {
            call_step(edge, call);
        } else if (may_call && i < world->phone_count && world_chance(world, 12000)) {
            call_new(edge, call);
        }
    }
}

/* From the journal: the newest state of each call, whatever incarnation wrote it. */
static void calls_from_log(struct sim_edge *edge, struct sim_record calls[CALLS_MAX])
{
    for (int i = 0; i < edge->log_count; i++) {
        const struct sim_record *record = &edge->log[i];
        if (record->kind == JOURNAL_CALL || (record->kind == JOURNAL_USAGE && !record->is_final)) {
            calls[record->call] = *record;
        } else if (record->kind == JOURNAL_USAGE) {
            calls[record->call].kind = 0;
        }
    }
}

/* Answered calls go on; some ended while nobody looked and are charged to the last heartbeat. */
static void calls_restore(struct sim_edge *edge)
{
    struct world *world = edge->world;
    struct sim_record records[CALLS_MAX];
    memset(records, 0, sizeof(records));
    calls_from_log(edge, records);
    memset(edge->calls, 0, sizeof(edge->calls));
    for (int i = 0; i < CALLS_MAX; i++) {
        if (world->mutation == SIM_CALLS_FORGOTTEN || records[i].kind == 0 ||
            records[i].answered_us == 0) {
            continue;
        }
        struct sim_call *call = &edge->calls[i];
        *call = (struct sim_call){
            .is_used = true, .id = records[i].call_id, .account = records[i].account};
        call->meter.rate = records[i].rate;
        call->meter.call = (uint32_t)i;
        meter_restore(edge->table, &call->meter, &world->accounts[call->account],
                      records[i].answered_us, records[i].charged_micro, world->now_us);
        call->again_us = meter_renew_at(&call->meter);
        call->hang_up_us = world->now_us + world_between(world, 0, 20 * SECOND);
        if (world_chance(world, 400000)) {
            int64_t talk_us = edge->last_alive_us - records[i].answered_us;
            call_close(edge, call, talk_us > 0 ? talk_us : 0);
        }
    }
}

static void table_start(struct sim_edge *edge)
{
    struct meter_terms terms = {.account_count_max = 16,
                                .hash_seed = 5,
                                .grace_verified_micro = GRACE_MICRO,
                                .grace_total_micro = 500 * COIN,
                                .idle_us = 10 * SECOND,
                                .slice_default_micro = COIN / 2};
    edge->table = meter_table_new(&terms, (struct journal){edge, edge_journal});
    assert(edge->table != NULL);
    meter_set_registered(edge->table, edge_life(edge)->number != 0);
    int log_count = edge->log_count;
    edge_replay_leases(edge);
    assert(edge->log_count == log_count);
    calls_restore(edge);
    for (int i = 0; i < MONEY_ACCOUNTS; i++) {
        if (edge->has_presence[i]) {
            meter_presence(edge->table, &edge->world->accounts[i], 1, edge->world->now_us);
        }
    }
}

static void table_stop(struct sim_edge *edge)
{
    meter_table_free(edge->table);
    edge->table = NULL;
}

/* What open calls would cost if they ended now. */
static void calls_look(struct sim_edge *edge, int account, const struct meter_view *view)
{
    (void)view;
    edge->open_micro[account] = 0;
    for (int i = 0; i < CALLS_MAX; i++) {
        const struct sim_call *call = &edge->calls[i];
        if (call->is_used && call->meter.answered_us != 0 && call->account == account) {
            int64_t talk_us = meter_talk_us(&call->meter, edge->world->now_us);
            int64_t cost_micro = rate_price(&call->meter.rate, talk_us);
            edge->open_micro[account] += cost_micro - call->meter.charged_micro;
        }
    }
}

const struct sim_traffic money_traffic = {.make = money_accounts_make,
                                          .start = table_start,
                                          .stop = table_stop,
                                          .step = calls_step,
                                          .close_life = calls_close_life,
                                          .look = calls_look,
                                          .check = check_calls,
                                          .accounts_at_once = MONEY_ACCOUNTS,
                                          .tick_us = 25000};
