#include "edge/worker.h"

#include <string.h>

#define ROUTES_MAX 32
#define EARLY_TAGS_SIZE 512

bool routes_from_records(const struct edge *edge, const struct sip_msg *msg, bool is_reversed,
                         struct buf *out)
{
    struct slice values[ROUTES_MAX];
    int count = 0;
    int header = msg->first[SIP_H_RECORD_ROUTE];
    struct slice rest = {NULL, 0};
    struct slice value;
    while (sip_msg_list_next(msg, &header, &rest, &value)) {
        struct sip_address address;
        uint64_t key;
        enum call_side_name side;
        bool is_ours = sip_address_parse(value, &address) && is_own_uri(edge, &address.uri) &&
                       token_route_read(edge, &address.uri, &key, &side);
        if (is_ours) {
            if (is_reversed) {
                break; /* what follows lies on the caller's side of us */
            }
            continue;
        }
        if (count == ROUTES_MAX) {
            return false;
        }
        values[count++] = value;
    }
    for (int i = 0; i < count; i++) {
        if (i > 0) {
            buf_text(out, ", ");
        }
        buf_slice(out, values[is_reversed ? count - 1 - i : i]);
    }
    return !out->is_full;
}

static struct slice contact_uri(const struct sip_msg *msg, struct slice otherwise)
{
    struct sip_address contact;
    struct slice value = sip_msg_value(msg, SIP_H_CONTACT);
    if (value.size > 0 && sip_address_parse(value, &contact) && contact.uri_text.size > 0) {
        return contact.uri_text;
    }
    return otherwise;
}

/* The BYE to an unwanted leg has one branch, made from the leg's tag. */
static void ended_branch(struct edge_worker *worker, uint64_t call_key, struct slice tag,
                         char branch[56])
{
    uint32_t number = (uint32_t)hash_slice(worker->edge->settings.hash_seed, tag);
    token_branch_numbered(worker->edge, call_key, number, branch);
}

static bool leg_is_ended(struct edge_worker *worker, uint64_t call_key, struct slice tag)
{
    char branch[56];
    ended_branch(worker, call_key, tag, branch);
    return txn_find(worker, txn_client_key(worker, slice_from_text(branch), SIP_BYE)) != NULL;
}

void leg_end(struct edge_worker *worker, const struct sip_msg *answer, const struct reg_flow *to,
             uint64_t call_key, const char *reason)
{
    char routes[4096];
    struct buf route;
    buf_init(&route, routes, sizeof(routes));
    if (!routes_from_records(worker->edge, answer, true, &route)) {
        return;
    }
    static const struct {
        const char *name;
        enum sip_method method;
        uint32_t add;
    } steps[] = {{"ACK", SIP_ACK, 0}, {"BYE", SIP_BYE, 1}};
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
        char branch[56];
        char via[160];
        char lines[128];
        if (steps[i].method == SIP_BYE && leg_is_ended(worker, call_key, answer->to.tag)) {
            return; /* a repeated answer: its ACK is sent again, the BYE repeats itself */
        }
        token_branch(worker, call_key, branch);
        struct buf extra;
        buf_init(&extra, lines, sizeof(lines));
        if (steps[i].method == SIP_BYE) {
            ended_branch(worker, call_key, answer->to.tag, branch);
            buf_printf(&extra, "Reason: SIP;cause=487;text=\"%s\"\r\n", reason);
        }
        struct buf via_text;
        buf_init(&via_text, via, sizeof(via));
        via_write(worker, to, branch, &via_text);
        struct sip_request request = {
            .method = slice_from_text(steps[i].name),
            .uri = contact_uri(answer, answer->to.uri_text),
            .via = buf_done(&via_text),
            .routes = buf_done(&route),
            .from = sip_msg_value(answer, SIP_H_FROM),
            .to = sip_msg_value(answer, SIP_H_TO),
            .call_id = answer->call_id,
            .cseq = answer->cseq + steps[i].add,
            .max_forwards = 70,
            .lines = buf_done(&extra),
        };
        struct buf out;
        buf_init(&out, worker->out, sizeof(worker->out));
        sip_request_write(&out, &request);
        if (out.is_full) {
            return;
        }
        if (steps[i].method == SIP_ACK) {
            send_to(worker, to, buf_done(&out));
        } else {
            (void)txn_client_new(worker, SIP_BYE, branch, to, buf_done(&out), PURPOSE_OWN_BYE);
        }
    }
}

static void forward_up(struct edge_worker *worker, struct call *call, struct edge_txn *branch,
                       const struct sip_msg *msg)
{
    struct edge_txn *invite = call_invite_txn(worker, call);
    if (invite == NULL) {
        return;
    }
    struct slice response = forward_response(worker, msg, call->key, SIDE_A, branch->cseq_offset,
                                             (struct slice){NULL, 0});
    bool is_repeat = msg->status >= 200 && invite->machine.state == TXN_ACCEPTED;
    if (is_repeat) {
        send_to(worker, &invite->flow, response);
    } else {
        txn_send_response(worker, invite, msg->status, response);
    }
}

bool branch_has_early_tag(const struct edge_txn *txn, struct slice tag)
{
    struct slice rest = pool_slice(txn->early_tag);
    while (rest.size > 0) {
        if (slice_equal(slice_split(&rest, ' '), tag)) {
            return true;
        }
    }
    return false;
}

/* A carrier may fork behind one branch: each of its early dialogs may get PRACK and UPDATE. */
static void early_tag_add(struct edge_worker *worker, struct edge_txn *txn, struct slice tag)
{
    char text[EARLY_TAGS_SIZE];
    struct buf tags;
    if (tag.size == 0 || branch_has_early_tag(txn, tag)) {
        return;
    }
    buf_init(&tags, text, sizeof(text));
    buf_slice(&tags, pool_slice(txn->early_tag));
    buf_text(&tags, txn->early_tag == NULL ? "" : " ");
    buf_slice(&tags, tag);
    struct pool_block *joined = tags.is_full ? NULL : pool_copy(&worker->pool, buf_done(&tags));
    if (joined != NULL) {
        pool_give(&worker->pool, txn->early_tag);
        txn->early_tag = joined;
    }
}

static void on_provisional(struct edge_worker *worker, struct call *call, struct edge_txn *txn,
                           const struct sip_msg *msg)
{
    branch_provisional(worker, call, txn);
    if (msg->status == 100) {
        call_arm(worker, call);
        return;
    }
    early_tag_add(worker, txn, msg->to.tag);
    bool is_first = call->first_ring_us == 0;
    if (is_first) {
        call->first_ring_us = worker->now.mono_us;
    }
    if (call->state == CALL_TRYING) {
        call->state = CALL_RINGING;
        call_event(worker, call, "call.ringing");
    }
    call_arm(worker, call);
    if (!call->is_cancelled) {
        forward_up(worker, call, txn, msg);
    }
}

/* Side B is known now: what is needed to end the call by ourselves, and its record. */
static bool set_callee_side(struct edge_worker *worker, struct call *call, struct edge_txn *txn,
                            const struct sip_msg *msg)
{
    char routes[4096];
    struct buf route;
    buf_init(&route, routes, sizeof(routes));
    struct call_side *side = &call->sides[SIDE_B];
    struct slice target = contact_uri(msg, msg->to.uri_text);
    if (!routes_from_records(worker->edge, msg, true, &route) ||
        !call_side_set(&worker->pool, side, sip_msg_value(msg, SIP_H_TO), msg->to.tag, target,
                       buf_done(&route))) {
        return false;
    }
    side->flow = flow_to_call(&txn->flow);
    side->cseq_offset = side->invite_offset = txn->cseq_offset;
    if (side->cseq_sent < msg->cseq) { /* a PRACK or UPDATE may have gone higher already */
        side->cseq_sent = msg->cseq;
    }
    side->trunk_id = txn->step >= 0 ? txn->trunk_id : 0;
    side->is_reachable_by_uri = txn->step >= 0;
    return true;
}

static void set_timers(struct edge_worker *worker, struct call *call)
{
    const struct edge_settings *settings = &worker->edge->settings;
    int64_t now_us = worker->now.mono_us;
    call->ack_at_us = now_us + NO_ACK_US;
    call->probe_at_us = now_us + settings->probe_after_us;
    call->partial_at_us = now_us + settings->partial_every_us;
    call->limit_at_us = now_us + settings->call_max_us;
    call->renew_at_us = meter_renew_at(&call->meter);
}

static void on_answer(struct edge_worker *worker, struct call *call, struct edge_txn *txn,
                      const struct sip_msg *msg)
{
    if (!set_callee_side(worker, call, txn, msg)) {
        leg_end(worker, msg, &txn->flow, call->key, "edge-full");
        call_end(worker, call, USAGE_END_FAILED, 503, "edge-full", "Out of memory");
        return;
    }
    txn->has_answered = true;
    if (txn->step >= 0) {
        call->has_cost = call->steps[txn->step].has_cost;
        call->cost = call->steps[txn->step].cost;
        call->trunk_id = txn->trunk_id;
    }
    call->status = (uint16_t)msg->status;
    call->state = CALL_ANSWERED;
    call->answered_us = worker->now.mono_us;
    call->wall_answer_us = worker->now.wall_us;
    call->heard_us = worker->now.mono_us;
    if (call->first_ring_us == 0) {
        call->first_ring_us = worker->now.mono_us;
    }
    trunk_note(worker, call, txn, true);
    meter_answer(worker->edge->meters, &call->meter, worker->now.mono_us);
    branches_cancel(worker, call, txn->index);
    call_ring_done(worker, call);
    call_journal(worker, call);
    set_timers(worker, call);
    call_arm(worker, call);
    forward_up(worker, call, txn, msg);
    call_channel(worker, call, call->trunk_id);
    worker_count(worker, EDGE_CALLS_ANSWERED);
    atomic_fetch_add_explicit(&worker->calls_answered, 1, memory_order_relaxed);
    call_event(worker, call, "call.answered");
}

/* A second phone answered before our CANCEL reached it (RFC 3261 16.7 step 5). The caller hears of
 * it, and it is a leg of its own: with its own hold and record, or, where that cannot be covered,
 * ended here. */
static void on_second_answer(struct edge_worker *worker, struct call *call, struct edge_txn *txn,
                             const struct sip_msg *msg)
{
    struct account account;
    struct call *leg = call_new(worker, pool_slice(call->call_id));
    if (leg == NULL) {
        leg_end(worker, msg, &txn->flow, call->key, "edge-full");
        return;
    }
    const struct call_side *side = &call->sides[SIDE_A];
    struct edge_txn *invite = call_invite_txn(worker, call);
    leg->account_id = call->account_id;
    leg->is_inbound = call->is_inbound;
    leg->is_on_net = call->is_on_net;
    leg->is_emergency = call->is_emergency;
    leg->is_unmetered = call->is_unmetered;
    leg->meter.rate = call->meter.rate;
    leg->invite_txn = call->invite_txn;
    leg->invite_generation = call->invite_generation;
    memcpy(leg->caller, call->caller, sizeof(leg->caller));
    memcpy(leg->callee, call->callee, sizeof(leg->callee));
    memcpy(leg->user, call->user, sizeof(leg->user));
    leg->sides[SIDE_A].flow = side->flow;
    leg->sides[SIDE_A].cseq_sent = side->cseq_sent;
    bool is_set = call_side_set(&worker->pool, &leg->sides[SIDE_A], side->address, side->tag,
                                side->target, side->routes);
    bool is_free = is_free_call(leg);
    enum meter_verdict verdict = METER_UNKNOWN;
    if (is_free) {
        meter_open_free(&leg->meter);
        verdict = METER_OK;
    } else if (directory_account(worker->edge->directory, leg->account_id, &account).is ==
               TRI_PRESENT) {
        verdict =
            meter_open(worker->edge->meters, &leg->meter, &account, worker->now.mono_us, true);
    }
    bool is_covered = meter_is_granted(verdict);
    if (!is_set || !is_covered || invite == NULL) {
        leg_end(worker, msg, &txn->flow, call->key, "second-leg-not-covered");
        if (is_covered && !is_free) {
            struct meter_writer nobody = {0};
            (void)meter_close(worker->edge->meters, &leg->meter, -1, &nobody);
        }
        atomic_fetch_sub_explicit(&worker->calls_open, 1, memory_order_relaxed);
        call_forget(worker, leg);
        txn->has_answered = true;
        return;
    }
    txn->call = leg->index;
    txn->call_generation = leg->generation;
    leg->branches[0] = txn->index;
    leg->branch_count = 1;
    /* The steps belong to the first leg and are gone: its cost is not known here. */
    txn->step = -1;
    on_answer(worker, leg, txn, msg);
}

/* The leg of this Call-ID whose callee has that tag, or NULL. */
static struct call *leg_of(struct edge_worker *worker, const struct call *call, struct slice tag)
{
    struct map_cursor cursor;
    for (uint32_t i = map_first(&worker->call_by_id, call->call_id_hash, &cursor); i != MAP_NONE;
         i = map_next(&worker->call_by_id, &cursor)) {
        struct call *leg = slab_at(&worker->calls, i);
        if (leg != NULL && leg->answered_us != 0 && slice_equal(leg->sides[SIDE_B].tag, tag) &&
            slice_equal(leg->sides[SIDE_A].tag, call->sides[SIDE_A].tag)) {
            return leg;
        }
    }
    return NULL;
}

static void on_2xx(struct edge_worker *worker, struct call *call, struct edge_txn *txn,
                   const struct sip_msg *msg)
{
    switch ((enum call_state)call->state) {
    case CALL_TRYING:
    case CALL_RINGING:
    case CALL_WAITING:
        on_answer(worker, call, txn, msg);
        return;
    case CALL_ANSWERED:
        if (leg_of(worker, call, msg->to.tag) != NULL) {
            forward_up(worker, call, txn, msg); /* repeated: its ACK was lost */
        } else if (leg_is_ended(worker, call->key, msg->to.tag)) {
            leg_end(worker, msg, &txn->flow, call->key, "second-leg-not-covered");
        } else {
            on_second_answer(worker, call, txn, msg);
        }
        return;
    case CALL_ENDING:
    case CALL_OVER:
        if (call->answered_us != 0 && slice_equal(msg->to.tag, call->sides[SIDE_B].tag)) {
            forward_up(worker, call, txn, msg);
        } else {
            leg_end(worker, msg, &txn->flow, call->key, "call-over");
        }
        return;
    case CALL_FREE:
        return;
    }
}

static void send_ack(struct edge_worker *worker, struct edge_txn *txn, const struct sip_msg *msg)
{
    const struct sip_msg *sent = txn_parsed(worker, txn->message);
    if (sent == NULL) {
        return;
    }
    struct buf out;
    buf_init(&out, worker->out, sizeof(worker->out));
    sip_ack_write(&out, sent, msg);
    if (!out.is_full) {
        send_to(worker, &txn->flow, buf_done(&out));
    }
}

/* The branch of a call that is over: what still comes is ended. */
static void on_orphan(struct edge_worker *worker, struct edge_txn *txn, const struct sip_msg *msg)
{
    if (msg->status < 200) {
        txn->has_provisional = true;
        branch_cancel(worker, txn);
    } else if (msg->status < 300) {
        uint64_t key = 0;
        if (token_branch_key(worker->edge, msg->via.branch, &key)) {
            leg_end(worker, msg, &txn->flow, key, "call-over");
        }
    }
}

static void on_branch_response(struct edge_worker *worker, struct edge_txn *txn,
                               const struct sip_msg *msg)
{
    unsigned todo = txn_step(worker, txn, TXN_EV_RESPONSE, msg->status);
    if ((todo & TXN_DO_ACK) != 0) {
        send_ack(worker, txn, msg);
    }
    if (msg->status >= 200 && msg->status < 300 && txn->give_up_us != 0) {
        txn->give_up_us = 0; /* from here on it has its own end, timer M */
        txn_arm(worker, txn);
    }
    struct call *call = call_at(worker, txn->call, txn->call_generation);
    if ((todo & TXN_DO_PASS) == 0) {
        return;
    }
    if (call == NULL) {
        on_orphan(worker, txn, msg);
        if ((todo & TXN_DO_END) != 0) {
            txn_drop(worker, txn);
        }
        return;
    }
    call->heard_us = worker->now.mono_us;
    if (msg->status < 200) {
        if (call->state == CALL_TRYING || call->state == CALL_RINGING) {
            on_provisional(worker, call, txn, msg);
        } else {
            txn->has_provisional = true;
            if (txn->is_cancelled) {
                branch_cancel(worker, txn);
            }
        }
    } else if (msg->status < 300) {
        on_2xx(worker, call, txn, msg);
    } else if ((msg->status != 401 && msg->status != 407) ||
               !branch_authenticate(worker, call, txn, msg)) {
        branch_failed(worker, call, txn, msg->status, msg);
    }
}

/* ACK to a failure of an INVITE that is not kept any more. The server knows it by its branch, not
 * by its URI (RFC 3261 17.2.3). */
static void ack_stray(struct edge_worker *worker, const struct sip_msg *msg,
                      const struct reg_flow *to)
{
    char branch[56];
    char text[160];
    struct buf via;
    struct buf out;
    if (!slice_copy_text(msg->via.branch, branch, sizeof(branch))) {
        return;
    }
    buf_init(&via, text, sizeof(text));
    via_write(worker, to, branch, &via);
    struct sip_request ack = {.method = SLICE("ACK"),
                              .uri = msg->to.uri_text,
                              .via = buf_done(&via),
                              .from = sip_msg_value(msg, SIP_H_FROM),
                              .to = sip_msg_value(msg, SIP_H_TO),
                              .call_id = msg->call_id,
                              .cseq = msg->cseq,
                              .max_forwards = 70};
    buf_init(&out, worker->out, sizeof(worker->out));
    sip_request_write(&out, &ack);
    if (!out.is_full) {
        send_to(worker, to, buf_done(&out));
    }
}

/* No transaction knows it: after a restart a phone may repeat its 2xx until the caller's ACK
 * passes, or its failure until we ACK that. Our MAC in the branch shows that it answers a request
 * of ours; anything else is dropped. */
static void on_stray(struct edge_worker *worker, const struct sip_msg *msg,
                     const struct reg_flow *from)
{
    uint64_t key;
    worker_count(worker, EDGE_STRAYS);
    bool is_final_to_invite = msg->status >= 200 && msg->cseq_method == SIP_INVITE;
    if (!is_final_to_invite || !token_branch_key(worker->edge, msg->via.branch, &key)) {
        return;
    }
    if (msg->status >= 300) {
        ack_stray(worker, msg, from);
        return;
    }
    struct call *call = call_by_key(worker, key);
    if (call == NULL) {
        return;
    }
    if (call->state != CALL_ANSWERED || leg_of(worker, call, msg->to.tag) == NULL) {
        leg_end(worker, msg, from, key, "call-over");
        return;
    }
    int header = msg->first[SIP_H_VIA];
    struct slice rest = {NULL, 0};
    struct slice value;
    struct sip_via next;
    struct reg_flow to = flow_of_call(&call->sides[SIDE_A].flow);
    bool has_own = sip_msg_list_next(msg, &header, &rest, &value);
    bool has_next =
        has_own && sip_msg_list_next(msg, &header, &rest, &value) && sip_via_parse(value, &next);
    if (has_next) {
        send_to(worker, &to,
                forward_response(worker, msg, key, SIDE_A, call->sides[SIDE_B].invite_offset,
                                 (struct slice){NULL, 0}));
    }
}

void on_response(struct edge_worker *worker, const struct sip_msg *msg, const struct reg_flow *from)
{
    struct edge_txn *txn =
        txn_find(worker, txn_client_key(worker, msg->via.branch, msg->cseq_method));
    if (txn == NULL || !txn->is_client) {
        on_stray(worker, msg, from);
        return;
    }
    /* What is passed on must be for the one who asked: another Call-ID, or no Via but ours, and he
     * would never know that his call was answered. */
    bool is_passed_on = txn->purpose == PURPOSE_INVITE || txn->purpose == PURPOSE_RELAY;
    const struct call *call = call_at(worker, txn->call, txn->call_generation);
    if (is_passed_on && (msg->via_count < 2 ||
                         (call != NULL && !slice_equal(pool_slice(call->call_id), msg->call_id)))) {
        worker_count(worker, EDGE_STRAYS);
        return;
    }
    if (txn->purpose == PURPOSE_INVITE) {
        on_branch_response(worker, txn, msg);
        return;
    }
    if (txn->purpose == PURPOSE_RELAY) {
        on_relay_response(worker, txn, msg, from);
        return;
    }
    bool is_asked_again = own_authenticate(worker, txn, msg);
    unsigned todo = txn_step(worker, txn, TXN_EV_RESPONSE, msg->status);
    if ((todo & TXN_DO_PASS) != 0 && msg->status >= 200 && !is_asked_again) {
        on_own_response(worker, txn, msg->status);
    }
    if ((todo & TXN_DO_END) != 0) {
        txn_drop(worker, txn);
    }
}
