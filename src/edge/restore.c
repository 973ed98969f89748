#include "edge/worker.h"

#include <string.h>

/* After a restart: not at once, because what waited in the sockets ends some calls by itself, and
 * spread, lest phones answer all together. */
#define PROBE_FIRST_US 10000000
#define PROBE_SPREAD_US 5000000
#define PROBE_AGAIN_US 1000000
#define LATE_2XX_US CANCEL_WAIT_US
#define BYE_SURE_US 1000000 /* older than the last heartbeat by this: its BYE went out */

/* A call of ours that is replayed is one of this worker's only if its Call-ID is. */
static bool is_own_call(struct edge_worker *worker, const struct call *call)
{
    int count = worker->edge->settings.worker_count;
    uint64_t hash = call_id_hash(worker->edge, pool_slice(call->call_id));
    return count <= 1 || (int)((hash >> 8) % (uint64_t)count) == worker->index;
}

/* An open call counts; one that ended just before the restart does no more. */
static void replay_forget(struct edge_worker *worker, struct call *call)
{
    if (call->state != CALL_OVER) {
        atomic_fetch_sub_explicit(&worker->calls_open, 1, memory_order_relaxed);
    }
    call_forget(worker, call);
}

static void replay_call(struct edge_worker *worker, struct slice record)
{
    struct call decoded;
    memset(&decoded, 0, sizeof(decoded));
    if (!call_decode(record, &worker->pool, &decoded, worker->now.wall_us, worker->now.mono_us)) {
        return;
    }
    struct call *before = call_by_key(worker, decoded.key);
    if (before != NULL) {
        replay_forget(worker, before);
    }
    struct call *call =
        is_own_call(worker, &decoded) ? call_new(worker, pool_slice(decoded.call_id)) : NULL;
    if (call == NULL) {
        pool_give(&worker->pool, decoded.call_id);
        pool_give(&worker->pool, decoded.sent);
        call_side_done(&worker->pool, &decoded.sides[SIDE_A]);
        call_side_done(&worker->pool, &decoded.sides[SIDE_B]);
        return;
    }
    map_remove(&worker->call_by_key, call->key, call->index);
    if (!map_add(&worker->call_by_key, decoded.key, call->index)) {
        worker_count(worker, EDGE_FULL); /* cannot be: call_new just had room */
    }
    pool_give(&worker->pool, decoded.call_id);
    struct call fresh = *call; /* what call_new set up stays; the rest is the record's */
    *call = decoded;
    call->index = fresh.index;
    call->generation = fresh.generation;
    call->call_id = fresh.call_id;
    call->call_id_hash = fresh.call_id_hash;
    call->timer = fresh.timer;
    call->meter.worker = fresh.meter.worker;
    call->meter.call = fresh.meter.call;
    call->meter.call_generation = fresh.meter.call_generation;
    call->invite_txn = SLAB_NONE;
    call->wait_at_us = call->step_at_us = call->ring_at_us = call->renew_at_us = INT64_MAX;
    call->ack_at_us = call->probe_at_us = call->partial_at_us = INT64_MAX;
    call->limit_at_us = call->gone_at_us = INT64_MAX;
    call->is_restored = true;
}

static void replay_usage(struct edge_worker *worker, struct slice record)
{
    struct usage usage;
    if (!usage_decode(record, &usage)) {
        return;
    }
    struct call *call = call_by_key(worker, usage.call_key);
    if (call == NULL || call->state == CALL_OVER) {
        return;
    }
    if ((usage.flags & USAGE_PARTIAL) != 0) {
        call->partial_count = (uint16_t)(usage.part + 1);
        call->partial_talk_us = usage.talk_to_us;
        call->meter.charged_micro += usage.charge_micro;
        return;
    }
    int64_t ago_us = worker->now.wall_us - usage.wall_end_us;
    if (call->state != CALL_ANSWERED || ago_us > over_us(worker)) {
        replay_forget(worker, call);
        return;
    }
    /* Known as long as if there had been no restart: its BYE may come again, or be still to send.
     */
    atomic_fetch_sub_explicit(&worker->calls_open, 1, memory_order_relaxed);
    call->state = CALL_OVER;
    call->end = usage.end;
    call->heard_us = worker->now.mono_us - (ago_us < 0 ? 0 : ago_us);
    text_copy(call->reason, sizeof(call->reason), usage.reason);
}

void edge_replay(struct edge_worker *worker, enum journal_kind kind, struct slice record,
                 const struct edge_time *now)
{
    uint64_t key;
    worker->now = *now;
    switch (kind) {
    case JOURNAL_CALL:
        replay_call(worker, record);
        return;
    case JOURNAL_USAGE:
        replay_usage(worker, record);
        return;
    case JOURNAL_CALL_GONE:
        if (call_record_key(record, &key)) {
            struct call *call = call_by_key(worker, key);
            if (call != NULL) {
                replay_forget(worker, call);
            }
        }
        return;
    case JOURNAL_BINDING:
    case JOURNAL_LEASE:
    case JOURNAL_HEARTBEAT:
    case JOURNAL_IDENTITY:
    case JOURNAL_NONCE:
    case JOURNAL_BAN:
        return;
    }
}

/* What is recorded of an INVITE has lost its body, so its Content-Length is too much. */
static bool parse_recorded(struct slice request, struct sip_msg *out)
{
    enum sip_parse result = sip_msg_parse(request, out);
    return result == SIP_OK || result == SIP_BAD_CONTENT_LENGTH;
}

/* 500 to the caller by the Vias that went out with the branch, ours taken off. */
static void answer_caller(struct edge_worker *worker, struct call *call, const struct sip_msg *sent)
{
    char block[4096];
    struct sip_rewrite rewrite;
    memset(&rewrite, 0, sizeof(rewrite));
    struct buf lines;
    struct buf out;
    buf_init(&lines, worker->scratch, sizeof(worker->scratch));
    buf_init(&out, block, sizeof(block));
    if (!sip_rewrite_pop_via(&rewrite, sent, &lines)) {
        return;
    }
    if (call->sides[SIDE_B].cseq_offset != 0) {
        return; /* its CSeq is not the caller's; the caller's timer ends it */
    }
    sip_forward_write(&out, sent, &rewrite);
    struct sip_msg *request = &worker->parsed;
    if (out.is_full || !parse_recorded(buf_done(&out), request)) {
        return;
    }
    struct reg_flow flow = flow_of_call(&call->sides[SIDE_A].flow);
    struct sip_response response = {.status = 500,
                                    .reason = SLICE("Server Restarted"),
                                    .to_tag = SLICE("restart"),
                                    .lines = SLICE("Retry-After: 1\r\n")};
    struct buf reply;
    buf_init(&reply, worker->out, sizeof(worker->out));
    sip_response_write(&reply, request, &response);
    struct reg_flow to = flow;
    reply_flow(request, &flow, &to);
    if (!reply.is_full) {
        send_to(worker, &to, buf_done(&reply));
    }
}

/* Ringing calls are over after a restart: CANCEL to each branch, 500 to the caller. A late 2xx
 * finds the call by the key in its branch, and is ACKed and ended. */
static void end_ringing(struct edge_worker *worker, struct call *call)
{
    struct slice rest = pool_slice(call->sent);
    struct call_flow to;
    struct slice request;
    bool is_told = false;
    while (call_sent_next(&rest, &to, &request)) {
        struct sip_msg *sent = &worker->sent;
        struct reg_flow flow = flow_of_call(&to);
        if (!parse_recorded(request, sent)) {
            continue;
        }
        struct buf out;
        char branch[56];
        buf_init(&out, worker->out, sizeof(worker->out));
        sip_cancel_write(&out, sent, (struct slice){NULL, 0});
        if (!out.is_full && slice_copy_text(sent->via.branch, branch, sizeof(branch))) {
            (void)txn_client_new(worker, SIP_CANCEL, branch, &flow, buf_done(&out),
                                 PURPOSE_OWN_CANCEL);
        }
        if (!is_told) {
            answer_caller(worker, call, sent);
            is_told = true;
        }
    }
    call->is_caller_told = true;
    call->status = 500;
    call_record(worker, call, USAGE_END_RESTART, "restart", worker->now.mono_us, false);
    call->gone_at_us = worker->now.mono_us + LATE_2XX_US;
    call_arm(worker, call);
}

static void resume_answered(struct edge_worker *worker, struct call *call)
{
    const struct edge_settings *settings = &worker->edge->settings;
    struct account account;
    int64_t now_us = worker->now.mono_us;
    struct tri known = {TRI_ABSENT};
    if (!is_free_call(call)) {
        known = directory_account(worker->edge->directory, call->account_id, &account);
    } else {
        meter_open_free(&call->meter);
    }
    if (!is_free_call(call)) {
        if (known.is !=
            TRI_PRESENT) { /* not loaded, or removed meanwhile: it is charged all the same */
            memset(&account, 0, sizeof(account));
            account.id = call->account_id;
            account.channels_max = account.cps_max = NO_LIMIT;
            account.spend_day_micro = NO_LIMIT;
            memcpy(account.currency, call->meter.rate.currency, sizeof(account.currency));
        }
        int64_t charged_micro = call->meter.charged_micro;
        call->meter.charged_micro = 0;
        meter_restore(worker->edge->meters, &call->meter, &account, call->answered_us,
                      charged_micro, now_us);
    }
    call->renew_at_us = meter_renew_at(&call->meter);
    call->probe_at_us = now_us + PROBE_FIRST_US + (int64_t)rng_below(&worker->rng, PROBE_SPREAD_US);
    call->limit_at_us = call->answered_us + settings->call_max_us;
    call->partial_at_us = now_us + settings->partial_every_us;
    atomic_fetch_add_explicit(&worker->calls_answered, 1, memory_order_relaxed);
    call_channel(worker, call, call->trunk_id);
    call_arm(worker, call);
}

/* The edge may have died between the record of a call's end and the BYE that tells of it: then one
 * side would talk on, unpaid. Who hung up knows; who had its BYE already answers 481 to this one.
 */
static void end_again(struct edge_worker *worker, struct call *call)
{
    call->gone_at_us = worker->now.mono_us + over_us(worker);
    call_arm(worker, call);
    if (call->heard_us < worker->last_alive_us - BYE_SURE_US) {
        return;
    }
    call->state = CALL_ENDING;
    if (call->end != USAGE_END_CALLER) {
        (void)send_own(worker, call, SIDE_A, SIP_BYE, (struct slice){NULL, 0});
    }
    if (call->end != USAGE_END_CALLEE) {
        (void)send_own(worker, call, SIDE_B, SIP_BYE, (struct slice){NULL, 0});
    }
}

void edge_replay_done(struct edge_worker *worker, int64_t last_alive_wall_us,
                      const struct edge_time *now)
{
    worker->now = *now;
    int64_t ago_us = now->wall_us - last_alive_wall_us;
    worker->last_alive_us = last_alive_wall_us == 0 ? 0 : now->mono_us - (ago_us < 0 ? 0 : ago_us);
    for (uint32_t i = slab_next(&worker->calls, 0); i != SLAB_NONE;
         i = slab_next(&worker->calls, i + 1)) {
        struct call *call = slab_at(&worker->calls, i);
        if (!call->is_restored) {
            continue;
        }
        if (call->state == CALL_ANSWERED) {
            resume_answered(worker, call);
        } else if (call->state == CALL_OVER) {
            end_again(worker, call);
        } else {
            end_ringing(worker, call);
        }
    }
}

bool edge_snapshot(struct edge_worker *worker, uint32_t *at, int count, const struct edge_time *now)
{
    worker->now = *now;
    for (; count > 0; count--) {
        uint32_t i = slab_next(&worker->calls, *at);
        if (i == SLAB_NONE) {
            return false;
        }
        *at = i + 1;
        struct call *call = slab_at(&worker->calls, i);
        if (call->state == CALL_TRYING || call->state == CALL_RINGING ||
            call->state == CALL_ANSWERED) {
            call_journal(worker, call);
        }
    }
    return true;
}

void edge_close_incarnation(struct edge_worker *worker, const struct edge_time *now)
{
    worker->now = *now;
    for (uint32_t i = slab_next(&worker->calls, 0); i != SLAB_NONE;
         i = slab_next(&worker->calls, i + 1)) {
        struct call *call = slab_at(&worker->calls, i);
        if (call->state == CALL_ANSWERED && !call->meter.is_free) {
            call_partial(worker, call);
        }
    }
}

/* OPTIONS within the dialog, to both sides. 481, or two that time out, mean that it is over. */
void call_probe(struct edge_worker *worker, struct call *call)
{
    call->probe_answers = 0;
    call->probe_at_us = worker->now.mono_us + worker->edge->settings.probe_after_us;
    (void)send_own(worker, call, SIDE_A, SIP_OPTIONS, (struct slice){NULL, 0});
    (void)send_own(worker, call, SIDE_B, SIP_OPTIONS, (struct slice){NULL, 0});
    call_journal(worker, call); /* the CSeq numbers moved */
    call_arm(worker, call);
}

/* When was this call last known to live? A restored one lived at the last heartbeat before the
 * crash; any other, when something of it was heard. */
int64_t call_last_alive(const struct edge_worker *worker, const struct call *call)
{
    int64_t alive_us = call->heard_us;
    if (call->is_restored && worker->last_alive_us > alive_us) {
        alive_us = worker->last_alive_us;
    }
    return alive_us < call->answered_us ? call->answered_us : alive_us;
}

void probe_answered(struct edge_worker *worker, struct call *call, enum call_side_name side,
                    int status)
{
    uint8_t bit = (uint8_t)(1u << side);
    if (call->state != CALL_ANSWERED) {
        return;
    }
    bool is_gone = status == 481;
    if (status == 408) {
        call->probe_failures[side]++;
        is_gone = call->probe_failures[side] >= 2;
        call->probe_at_us = worker->now.mono_us + PROBE_AGAIN_US;
    } else if (!is_gone) {
        call->probe_answers = (uint8_t)(call->probe_answers | bit);
        call->probe_failures[side] = 0;
        if (call->probe_answers == 3) {
            call->heard_us = worker->now.mono_us;
        }
    }
    if (!is_gone) {
        call_arm(worker, call);
        return;
    }
    call_record(worker, call, USAGE_END_TIMEOUT, "gone", call_last_alive(worker, call), true);
    call->state = CALL_ENDING;
    (void)send_own(worker, call, side == SIDE_A ? SIDE_B : SIDE_A, SIP_BYE,
                   SLICE("Reason: SIP;cause=481;text=\"The other side is gone\"\r\n"));
}
