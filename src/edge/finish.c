#include "edge/worker.h"

#include <stdio.h>
#include <string.h>

#define RESTART_CSEQ_GAP                                                                           \
    1000 /* numbers that were sent and not recorded: gaps are legal (12.2.1.1) */

const char *reason_of_status(int status)
{
    switch (status) {
    case 404:
    case 410:
    case 604:
        return "no-such-number";
    case 408:
    case 480:
        return "no-answer";
    case 486:
    case 600:
        return "busy";
    case 487:
        return "cancelled";
    case 603:
        return "declined";
    default:
        return status >= 500 && status < 600 ? "failed" : "refused";
    }
}

int64_t over_us(const struct edge_worker *worker)
{
    bool is_crowded = worker->calls.count > worker->calls.count_max / 2;
    return is_crowded ? OVER_CROWDED_US : OVER_US;
}

static void over(struct edge_worker *worker, struct call *call, enum call_state state)
{
    bool was_answered = call->state == CALL_ANSWERED;
    bool was_open = was_answered || call->state == CALL_WAITING || call->state == CALL_TRYING ||
                    call->state == CALL_RINGING;
    call->state = (uint8_t)state;
    call_ring_done(worker, call);
    call->renew_at_us = call->ack_at_us = call->probe_at_us = INT64_MAX;
    call->partial_at_us = call->limit_at_us = INT64_MAX;
    call->gone_at_us = worker->now.mono_us + over_us(worker);
    if (was_open) {
        atomic_fetch_sub_explicit(&worker->calls_open, 1, memory_order_relaxed);
    }
    if (was_answered) {
        atomic_fetch_sub_explicit(&worker->calls_answered, 1, memory_order_relaxed);
    }
    call_channel(worker, call, 0);
    call_arm(worker, call);
}

static void append_usage(struct edge_worker *worker, struct usage *usage)
{
    char record[USAGE_ENCODED_MAX];
    struct buf out;
    buf_init(&out, record, sizeof(record));
    usage_encode(&out, usage);
    if (!out.is_full) {
        usage->sequence =
            worker->edge->journal.append(worker->edge->journal.ctx, JOURNAL_USAGE, buf_done(&out));
    }
}

struct pending_usage { /* a record that waits for the meter to say what it charges */
    struct edge_worker *worker;
    struct usage *usage;
};

static void usage_charged(void *ctx, int64_t charge_micro, int64_t ended_micro)
{
    struct pending_usage *pending = ctx;
    pending->usage->charge_micro = charge_micro;
    pending->usage->ended_micro = ended_micro;
    append_usage(pending->worker, pending->usage);
}

static void ended_event(struct edge_worker *worker, const struct call *call,
                        const struct usage *usage)
{
    struct buf json;
    if (!has_listener(worker)) {
        return;
    }
    buf_init(&json, worker->event, sizeof(worker->event));
    buf_printf(&json, "{\"key\":\"%016llx\"", (unsigned long long)call->key);
    buf_json_i64(&json, "wall_us", worker->now.wall_us);
    buf_json_text(&json, "call_id", slice_from_text(usage->call_id));
    buf_json_text(&json, "caller", slice_from_text(call->caller));
    buf_json_text(&json, "callee", slice_from_text(call->callee));
    buf_json_i64(&json, "account_id", (int64_t)call->account_id);
    buf_json_i64(&json, "status", call->status);
    buf_json_text(&json, "end", slice_from_text(usage_end_name(usage->end)));
    buf_json_text(&json, "reason", slice_from_text(usage->reason));
    buf_json_i64(&json, "talk_us", usage->talk_to_us);
    buf_json_money(&json, "charge", usage->charge_micro);
    buf_json_i64(&json, "sequence", (int64_t)usage->sequence);
    buf_char(&json, '}');
    worker->shell.event(worker->shell.ctx, "call.ended", buf_done(&json));
}

static void fill_talk(const struct call *call, struct usage *usage, int64_t talk_us)
{
    usage->talk_from_us = call->partial_talk_us;
    usage->talk_to_us = talk_us < call->partial_talk_us ? call->partial_talk_us : talk_us;
    if (call->has_cost && call->answered_us != 0) {
        int64_t before =
            call->partial_count == 0 ? 0 : rate_price(&call->cost, call->partial_talk_us);
        usage->cost_micro = rate_price(&call->cost, usage->talk_to_us) - before;
    }
}

void call_record(struct edge_worker *worker, struct call *call, enum usage_end end,
                 const char *reason, int64_t end_us, bool is_estimated)
{
    bool is_answered = call->answered_us != 0;
    int64_t talk_us = -1;
    if (is_answered) {
        talk_us = end_us > call->answered_us ? end_us - call->answered_us : 0;
        int64_t paid_us = meter_talk_us(&call->meter, end_us);
        /* The cut comes at the paid second; a timer that was late is not the customer's. */
        if (!call->meter.is_free && paid_us < talk_us) {
            talk_us = paid_us;
        }
    }
    call->end = (uint8_t)end;
    text_copy(call->reason, sizeof(call->reason), reason);
    struct usage usage;
    call_usage(call, worker->now.wall_us - (worker->now.mono_us - end_us), &usage);
    fill_talk(call, &usage, is_answered ? talk_us : 0);
    if (is_estimated) {
        usage.flags |= USAGE_ESTIMATED;
        worker_count(worker, EDGE_ESTIMATED);
    }
    struct pending_usage pending = {worker, &usage};
    struct meter_writer writer = {&pending, usage_charged};
    (void)meter_close(worker->edge->meters, &call->meter, talk_us, &writer);
    worker_count(worker, EDGE_CALLS_ENDED);
    ended_event(worker, call, &usage);
    over(worker, call, CALL_OVER);
}

void call_partial(struct edge_worker *worker, struct call *call)
{
    int64_t talk_us = call_talk_us(call, worker->now.mono_us);
    int64_t paid_us = meter_talk_us(&call->meter, worker->now.mono_us);
    if (!call->meter.is_free && paid_us < talk_us) {
        talk_us = paid_us;
    }
    struct usage usage;
    call_usage(call, worker->now.wall_us, &usage);
    usage.flags |= USAGE_PARTIAL;
    fill_talk(call, &usage, talk_us);
    struct pending_usage pending = {worker, &usage};
    struct meter_writer writer = {&pending, usage_charged};
    (void)meter_partial(worker->edge->meters, &call->meter, talk_us, &writer);
    call->partial_count++;
    call->partial_talk_us = usage.talk_to_us;
}

void call_refuse(struct edge_worker *worker, struct call *call, const struct refusal *refusal,
                 enum usage_end end)
{
    struct edge_txn *invite = call_invite_txn(worker, call);
    bool was_waiting = call->state == CALL_WAITING;
    call->status = (uint16_t)refusal->status;
    if (invite != NULL && !call->is_caller_told) {
        char block[512];
        struct buf lines;
        buf_init(&lines, block, sizeof(block));
        refusal_lines(&lines, refusal);
        reply_txn(worker, invite, refusal->status, NULL, buf_done(&lines));
    }
    call->is_caller_told = true;
    if (was_waiting) { /* it was never under way: a refusal, told as such, and no usage */
        meter_wait_cancel(worker->edge->meters, &call->meter); /* it lies in the call's memory */
        text_copy(call->reason, sizeof(call->reason), refusal->token);
        over(worker, call, CALL_OVER);
        return;
    }
    call_record(worker, call, end, refusal->token, worker->now.mono_us, false);
}

struct edge_txn *send_own(struct edge_worker *worker, struct call *call, enum call_side_name side,
                          enum sip_method method, struct slice lines)
{
    struct call_side *to = &call->sides[side];
    const struct call_side *from = &call->sides[side == SIDE_A ? SIDE_B : SIDE_A];
    uint32_t step = call->is_restored && to->cseq_offset < RESTART_CSEQ_GAP ? RESTART_CSEQ_GAP : 1;
    to->cseq_sent += step;
    to->cseq_offset += step;

    struct reg_flow flow = flow_of_call(&to->flow);
    char branch[56];
    char via[160];
    token_branch(worker, call->key, branch);
    struct buf via_text;
    buf_init(&via_text, via, sizeof(via));
    via_write(worker, &flow, branch, &via_text);
    struct sip_request request = {
        .method = slice_from_text(sip_method_name(method)),
        .uri = to->target,
        .via = buf_done(&via_text),
        .routes = to->routes,
        .from = from->address,
        .to = to->address,
        .call_id = pool_slice(call->call_id),
        .cseq = to->cseq_sent,
        .max_forwards = 70,
        .lines = lines,
    };
    struct buf out;
    buf_init(&out, worker->out, sizeof(worker->out));
    sip_request_write(&out, &request);
    struct edge_txn *txn =
        out.is_full ? NULL
                    : txn_client_new(worker, method, branch, &flow, buf_done(&out),
                                     method == SIP_BYE ? PURPOSE_OWN_BYE : PURPOSE_PROBE);
    if (txn != NULL) {
        txn->call = call->index;
        txn->call_generation = call->generation;
        txn->side = (uint8_t)side;
        txn->trunk_id = to->trunk_id;
    }
    return txn;
}

bool own_authenticate(struct edge_worker *worker, struct edge_txn *txn,
                      const struct sip_msg *response)
{
    struct call *call = call_at(worker, txn->call, txn->call_generation);
    bool is_challenge = response->status == 401 || response->status == 407;
    char auth[1024];
    struct buf lines;
    buf_init(&lines, auth, sizeof(auth));
    if (!is_challenge || call == NULL || txn->trunk_id == 0 || txn->has_tried_auth ||
        !trunk_answer_write(worker, txn, response, &lines)) {
        return false;
    }
    struct edge_txn *again = send_own(worker, call, (enum call_side_name)txn->side,
                                      (enum sip_method)txn->method, buf_done(&lines));
    if (again == NULL) {
        return false;
    }
    again->has_tried_auth = txn->has_tried_auth = true;
    return true;
}

void call_end(struct edge_worker *worker, struct call *call, enum usage_end end, int status,
              const char *token, const char *text)
{
    if (call->state != CALL_ANSWERED) {
        struct refusal refusal = {.status = status, .token = token};
        if (call->state == CALL_WAITING) {
            meter_wait_cancel(worker->edge->meters, &call->meter);
        }
        branches_cancel(worker, call, SLAB_NONE);
        call_refuse(worker, call, &refusal, end);
        return;
    }
    if (end == USAGE_END_CREDIT) {
        worker_count(worker, EDGE_CALLS_CUT);
    }
    call_record(worker, call, end, token, worker->now.mono_us, false);
    char block[256];
    struct buf lines;
    buf_init(&lines, block, sizeof(block));
    buf_printf(&lines, "Reason: SIP;cause=%d;text=\"%s\"\r\nX-Reason: %s\r\n", status, text, token);
    call->state = CALL_ENDING;
    (void)send_own(worker, call, SIDE_A, SIP_BYE, buf_done(&lines));
    (void)send_own(worker, call, SIDE_B, SIP_BYE, buf_done(&lines));
}

void on_own_response(struct edge_worker *worker, struct edge_txn *txn, int status)
{
    struct call *call = call_at(worker, txn->call, txn->call_generation);
    if (call != NULL && txn->purpose == PURPOSE_PROBE) {
        probe_answered(worker, call, (enum call_side_name)txn->side, status);
    }
}

static bool is_due(const struct edge_worker *worker, int64_t at_us)
{
    return at_us <= worker->now.mono_us;
}

static void answered_timer(struct edge_worker *worker, struct call *call)
{
    if (is_due(worker, call->renew_at_us)) {
        call_renew(worker, call);
    } else if (is_due(worker, call->ack_at_us)) {
        call->ack_at_us = INT64_MAX;
        call_end(worker, call, USAGE_END_TIMEOUT, 408, "no-ack", "No ACK");
    } else if (is_due(worker, call->limit_at_us)) {
        call_end(worker, call, USAGE_END_DURATION, 480, "duration-limit", "Longest call");
    } else if (is_due(worker, call->partial_at_us)) {
        call->partial_at_us += worker->edge->settings.partial_every_us;
        call_partial(worker, call);
    } else if (is_due(worker, call->probe_at_us)) {
        call_probe(worker, call);
    }
}

void call_timer(struct edge_worker *worker, struct call *call)
{
    if (is_due(worker, call->gone_at_us)) {
        call_forget(worker, call);
        return;
    }
    switch ((enum call_state)call->state) {
    case CALL_WAITING:
        if (is_due(worker, call->wait_at_us)) {
            call_try_meter(worker, call, NULL, true);
            return;
        }
        break;
    case CALL_TRYING:
    case CALL_RINGING:
        if (is_due(worker, call->ring_at_us)) {
            call->ring_at_us = INT64_MAX;
            call_end(worker, call, USAGE_END_FAILED, 408, "no-answer", "No answer");
            return;
        }
        if (is_due(worker, call->step_at_us)) {
            call_step_timeout(worker, call);
            return;
        }
        break;
    case CALL_ANSWERED:
        answered_timer(worker, call);
        if (call->state != CALL_ANSWERED) {
            return;
        }
        break;
    case CALL_FREE:
    case CALL_ENDING:
    case CALL_OVER:
        break;
    }
    call_arm(worker, call);
}
