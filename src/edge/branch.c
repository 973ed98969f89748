#include "edge/worker.h"

#include <string.h>

/* A contact whose stream died with a restart is tried once, so long. */
#define FLOW_LOST_US 1000000
#define RECORDED_MAX 4096
#define RECORDED_ALL_MAX 40000 /* of a call: its record must fit */

struct call_flow flow_to_call(const struct reg_flow *flow)
{
    struct call_flow out = {.port = flow->port,
                            .transport = flow->transport,
                            .listener = flow->listener,
                            .connection = flow->connection};
    memcpy(out.address, flow->address, sizeof(out.address));
    return out;
}

struct reg_flow flow_of_call(const struct call_flow *flow)
{
    struct reg_flow out = {.port = flow->port,
                           .transport = flow->transport,
                           .listener = flow->listener,
                           .connection = flow->connection};
    memcpy(out.address, flow->address, sizeof(out.address));
    return out;
}

struct edge_txn *branch_at(struct edge_worker *worker, const struct call *call, int branch)
{
    uint32_t index = call->branches[branch];
    struct edge_txn *txn = index == SLAB_NONE ? NULL : slab_at(&worker->txns, index);
    bool is_ours = txn != NULL && txn->is_client && txn->purpose == PURPOSE_INVITE &&
                   txn->call == call->index && txn->call_generation == call->generation;
    return is_ours ? txn : NULL;
}

bool branches_pending(struct edge_worker *worker, const struct call *call)
{
    for (int i = 0; i < call->branch_count; i++) {
        const struct edge_txn *txn = branch_at(worker, call, i);
        /* One that was cancelled and never said a word is not waited for. */
        if (txn != NULL && !txn->has_answered && (!txn->is_cancelled || txn->has_provisional)) {
            return true;
        }
    }
    return false;
}

void branch_detach(struct edge_worker *worker, struct call *call, struct edge_txn *txn)
{
    for (int i = 0; i < call->branch_count; i++) {
        if (call->branches[i] == txn->index) {
            call->branches[i] = SLAB_NONE;
        }
    }
    txn->call = SLAB_NONE;
    bool is_dead = txn->machine.state == TXN_TERMINATED ||
                   (txn->give_up_us != 0 && worker->now.mono_us >= txn->give_up_us);
    if (is_dead) {
        txn_drop(worker, txn);
    }
}

/* CANCEL may only follow a provisional response (RFC 3261 9.1); until then it is owed. */
void branch_cancel(struct edge_worker *worker, struct edge_txn *txn)
{
    txn->is_cancelled = true;
    int64_t until_us = worker->now.mono_us + CANCEL_WAIT_US;
    if (txn->give_up_us == 0 || until_us < txn->give_up_us) {
        txn->give_up_us = until_us;
        txn_arm(worker, txn);
    }
    if (!txn->has_provisional || txn->has_answered) {
        return;
    }
    const struct sip_msg *sent = txn_parsed(worker, txn->message);
    if (sent == NULL) {
        return;
    }
    struct buf out;
    buf_init(&out, worker->out, sizeof(worker->out));
    sip_cancel_write(&out, sent, (struct slice){NULL, 0});
    uint64_t key = txn_client_key(worker, slice_from_text(txn->branch), SIP_CANCEL);
    if (!out.is_full && txn_find(worker, key) == NULL) {
        (void)txn_client_new(worker, SIP_CANCEL, txn->branch, &txn->flow, buf_done(&out),
                             PURPOSE_OWN_CANCEL);
    }
}

void branches_cancel(struct edge_worker *worker, struct call *call, uint32_t except)
{
    for (int i = 0; i < call->branch_count; i++) {
        struct edge_txn *txn = branch_at(worker, call, i);
        if (txn != NULL && txn->index != except && !txn->is_cancelled && !txn->has_answered) {
            branch_cancel(worker, txn);
        }
    }
}

bool branch_write(struct edge_worker *worker, struct call *call, const struct sip_msg *msg,
                  const struct forward *forward, struct outgoing *out)
{
    struct slice request = forward_request(worker, msg, forward);
    if (request.size == 0) {
        return false;
    }
    out->request = pool_copy(&worker->pool, request);
    out->to = *forward->to;
    text_copy(out->branch, sizeof(out->branch), forward->branch);
    struct call_flow to = flow_to_call(forward->to);
    /* Its body is not needed to cancel it. A longer one is not recorded: after a restart that
     * branch ends by its own timer. */
    struct slice recorded = slice_head(request, request.size - msg->body.size);
    bool is_recorded = recorded.size <= RECORDED_MAX &&
                       pool_slice(call->sent).size + recorded.size <= RECORDED_ALL_MAX;
    recorded = slice_head(pool_slice(out->request), recorded.size);
    if (out->request != NULL && is_recorded && !call_sent_add(&worker->pool, call, &to, recorded)) {
        worker_count(worker, EDGE_FULL);
    }
    return out->request != NULL;
}

struct edge_txn *branch_send(struct edge_worker *worker, struct call *call, struct outgoing *out,
                             int step)
{
    struct edge_txn *txn =
        txn_client_take(worker, SIP_INVITE, out->branch, &out->to, out->request, PURPOSE_INVITE);
    if (txn == NULL) {
        return NULL;
    }
    txn->call = call->index;
    txn->call_generation = call->generation;
    txn->side = SIDE_B;
    txn->step = step;
    txn->cseq_offset = call->sides[SIDE_B].cseq_offset;
    if (!call->is_emergency) {
        destination_sent(worker, txn);
    }
    if (out->is_flow_lost) {
        txn->give_up_us = worker->now.mono_us + FLOW_LOST_US;
        txn_arm(worker, txn);
    }
    int at = call->branch_count < CALL_BRANCHES_MAX ? call->branch_count++ : -1;
    for (int i = 0; at < 0 && i < CALL_BRANCHES_MAX; i++) {
        if (call->branches[i] == SLAB_NONE) {
            at = i;
        }
    }
    if (at >= 0) {
        call->branches[at] = txn->index;
    }
    return txn;
}

static void refuse_unanswered(struct edge_worker *worker, struct call *call, int status,
                              const char *token, int retry_after_s)
{
    struct refusal refusal = {.status = status, .token = token, .retry_after_s = retry_after_s};
    call_refuse(worker, call, &refusal, USAGE_END_FAILED);
}

static void start_contacts(struct edge_worker *worker, struct call *call)
{
    struct reg_now now = {worker->now.mono_us, worker->now.wall_us};
    int count = 0;
    struct tri known = registrar_lookup(worker->edge->registrar, slice_from_text(call->user), now,
                                        worker->targets, CALL_BRANCHES_MAX, &count);
    switch (known.is) {
    case TRI_UNKNOWN:
        refuse_unanswered(worker, call, 503, "registrations-unknown", 5);
        return;
    case TRI_ABSENT:
        refuse_unanswered(worker, call, 480, "not-registered", 0);
        return;
    case TRI_PRESENT:
        break;
    }
    struct edge_txn *invite = call_invite_txn(worker, call);
    const struct sip_msg *msg = invite == NULL ? NULL : txn_parsed(worker, invite->request);
    if (msg == NULL) {
        refuse_unanswered(worker, call, 500, "internal", 0);
        return;
    }
    struct outgoing outgoing[CALL_BRANCHES_MAX];
    int written = 0;
    bool is_busy = false;
    for (int i = 0; i < count; i++) {
        const struct reg_target *target = &worker->targets[i];
        if (!destination_takes(worker, call, &target->flow)) {
            is_busy = true;
            continue;
        }
        char branch[56];
        token_branch(worker, call->key, branch);
        struct forward forward = {.uri = slice_from_text(target->uri),
                                  .from = &invite->source,
                                  .to = &target->flow,
                                  .branch = branch,
                                  .has_record_route = true,
                                  .call_key = call->key,
                                  .routes = slice_from_text(target->path),
                                  .is_from_endpoint = call->sides[SIDE_A].trunk_id == 0,
                                  .replaces_routes = true};
        struct outgoing *out = &outgoing[written];
        if (listener_for(worker->edge, &target->flow) >= 0 &&
            branch_write(worker, call, msg, &forward, out)) {
            out->is_flow_lost = target->is_flow_lost;
            written++;
        }
    }
    call->state = CALL_TRYING;
    call_journal(worker, call);
    int sent = 0;
    for (int i = 0; i < written; i++) {
        sent += branch_send(worker, call, &outgoing[i], -1) != NULL ? 1 : 0;
    }
    if (sent == 0 && is_busy) {
        refuse_unanswered(worker, call, 480, "destination-busy", DESTINATION_BUSY_S);
    } else if (sent == 0) {
        refuse_unanswered(worker, call, written == 0 ? 480 : 503,
                          written == 0 ? "unreachable" : "edge-full", 0);
    }
}

void branches_start(struct edge_worker *worker, struct call *call)
{
    struct refusal why = {503, "no-trunk-available", NULL, 0, 10};
    call->state = CALL_TRYING;
    call_event(worker, call, "call.started");
    if (call->step_count == 0) {
        start_contacts(worker, call);
    } else if (!trunk_next(worker, call, &why)) {
        call_refuse(worker, call, &why, USAGE_END_FAILED);
        return;
    }
    if (call->state == CALL_TRYING) {
        call_arm(worker, call);
    }
}

void branch_provisional(struct edge_worker *worker, struct call *call, struct edge_txn *txn)
{
    txn->has_provisional = true;
    call->step_at_us = INT64_MAX;
    if (txn->is_cancelled) {
        branch_cancel(worker, txn);
    } else if (txn->give_up_us != 0) { /* a contact whose flow was lost: it is there after all */
        txn->give_up_us = 0;
        txn_arm(worker, txn);
    }
}

/* RFC 3261 16.7 step 6: 6xx wins, then the lowest class; within 4xx what the caller can act on. */
static bool is_better(int status, int best)
{
    if (best == 0) {
        return true;
    }
    if (best >= 600 || status >= 600) {
        return best < 600;
    }
    if (status / 100 != best / 100) {
        return status < best;
    }
    static const int telling[] = {401, 407, 415, 420, 484, 486};
    for (size_t i = 0; i < ARRAY_COUNT(telling); i++) {
        if (best == telling[i]) {
            return false;
        }
        if (status == telling[i]) {
            return true;
        }
    }
    return best == 408 && status != 408;
}

static void keep_best(struct edge_worker *worker, struct call *call, int status,
                      const struct sip_msg *response, uint32_t cseq_offset)
{
    if (!is_better(status, call->best_status)) {
        return;
    }
    pool_give(&worker->pool, call->best);
    call->best = NULL;
    call->best_status = status;
    /* A 503 says "this server, all of it": it is not ours, so it goes no further than here
     * (RFC 3261 16.7 step 6). */
    if (response != NULL && status != 503) {
        struct slice forwarded = forward_response(worker, response, call->key, SIDE_A, cseq_offset,
                                                  (struct slice){NULL, 0});
        call->best = pool_copy(&worker->pool, forwarded);
    }
}

/* Is this a trouble of the trunk, so that another may do better? 486, 603 and their kind are the
 * called party's own word. */
static bool is_trunk_failure(int status)
{
    switch (status) {
    case 401:
    case 403:
    case 407:
    case 408:
        return true;
    case 501:
    case 505:
    case 513:
        return false;
    default:
        return status >= 500 && status < 600;
    }
}

static void tell_caller(struct edge_worker *worker, struct call *call)
{
    int status = call->best_status == 0 ? 408 : call->best_status;
    if (call->is_cancelled) {
        status = 487;
    } else if (status == 503) {
        status = call->step_count == 0 ? 480 : 500; /* a phone that refuses is away */
    } else if (status == 401 || status == 407) {
        status = 500; /* a carrier wants credentials that we do not have: not the caller's matter */
    }
    call->status = (uint16_t)status;
    struct edge_txn *invite = call_invite_txn(worker, call);
    if (invite != NULL && !call->is_caller_told) {
        if (call->best != NULL && status == call->best_status) {
            txn_send_response(worker, invite, status, pool_slice(call->best));
        } else {
            reply_txn(worker, invite, status, NULL, (struct slice){NULL, 0});
        }
    }
    call->is_caller_told = true;
    call_record(worker, call, call->is_cancelled ? USAGE_END_CALLER : USAGE_END_FAILED,
                reason_of_status(status), worker->now.mono_us, false);
}

void branch_failed(struct edge_worker *worker, struct call *call, struct edge_txn *txn, int status,
                   const struct sip_msg *response)
{
    uint32_t cseq_offset = txn->cseq_offset;
    int step = txn->step;
    bool is_dead_branch = txn->is_cancelled;
    trunk_note(worker, call, txn, false);
    if (response == NULL || status < 600) {
        is_dead_branch = is_dead_branch && response == NULL;
    }
    branch_detach(worker, call, txn);
    if (call->state != CALL_TRYING && call->state != CALL_RINGING) {
        return;
    }
    if (!is_dead_branch) {
        keep_best(worker, call, status, response, cseq_offset);
    }
    if (status >= 600) {
        branches_cancel(worker, call, SLAB_NONE);
        call->step_at = call->step_count;
    }
    bool may_go_on = step >= 0 && !call->is_cancelled && is_trunk_failure(status);
    struct refusal unused;
    if (may_go_on && !branches_pending(worker, call)) {
        if (trunk_next(worker, call, &unused)) {
            worker_count(worker, EDGE_TRUNK_FAILOVERS);
            call_arm(worker, call);
            return;
        }
    }
    if (!branches_pending(worker, call)) {
        tell_caller(worker, call);
    }
}

/* The trunk said nothing, not even 100, for 3 s: leave it for the next. It may still wake up; a
 * CANCEL is owed to it, and its 2xx would be ended. */
void call_step_timeout(struct edge_worker *worker, struct call *call)
{
    call->step_at_us = INT64_MAX;
    for (int i = 0; i < call->branch_count; i++) {
        struct edge_txn *txn = branch_at(worker, call, i);
        if (txn == NULL || txn->step < 0 || txn->has_provisional || txn->is_cancelled) {
            continue;
        }
        trunk_note(worker, call, txn, false);
        branch_cancel(worker, txn);
        destination_left(worker, txn, true);
        txn->call = SLAB_NONE;
        call->branches[i] = SLAB_NONE;
        keep_best(worker, call, 408, NULL, 0);
    }
    struct refusal unused;
    if (trunk_next(worker, call, &unused)) {
        worker_count(worker, EDGE_TRUNK_FAILOVERS);
        call_arm(worker, call);
    } else if (!branches_pending(worker, call)) {
        tell_caller(worker, call);
    }
}
