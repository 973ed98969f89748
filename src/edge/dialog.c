#include "edge/worker.h"

#include <string.h>

struct found { /* which call a request within a dialog belongs to, and from which side it comes */
    struct call *call;
    enum call_side_name from;
    struct edge_txn *branch; /* an early dialog's branch, or NULL */
};

static bool is_early(struct edge_worker *worker, struct call *call, struct slice theirs,
                     struct found *out)
{
    for (int i = 0; i < call->branch_count; i++) {
        struct edge_txn *branch = branch_at(worker, call, i);
        if (branch != NULL && branch_has_early_tag(branch, theirs)) {
            out->branch = branch;
            return true;
        }
    }
    return false;
}

/* Has one of our Record-Routes of this call, so the sender saw the call's messages. */
static bool has_route_token(struct edge_worker *worker, const struct call *call,
                            const struct sip_msg *msg)
{
    uint64_t key = 0;
    enum call_side_name named;
    bool is_found = token_route_read(worker->edge, &msg->uri, &key, &named);
    int header = msg->first[SIP_H_ROUTE];
    struct slice rest = {NULL, 0};
    struct slice value;
    while (!is_found && sip_msg_list_next(msg, &header, &rest, &value)) {
        struct sip_address route;
        is_found = sip_address_parse(value, &route) &&
                   token_route_read(worker->edge, &route.uri, &key, &named);
    }
    if (!is_found) {
        return false;
    }
    /* A second leg's messages carry the key of the call that it was forked from. */
    const struct call *named_call = call_by_key(worker, key);
    return key == call->key ||
           (named_call != NULL && named_call->call_id_hash == call->call_id_hash);
}

/* Tags and Call-ID can be guessed where a phone makes them badly. A request counts as the side's
 * if it proves by its Route that it knows the call, or comes from where the side is. */
static bool is_from_side(struct edge_worker *worker, const struct found *found,
                         const struct sip_msg *msg, const struct reg_flow *from)
{
    const struct call_side *side = &found->call->sides[found->from];
    struct reg_flow flow = found->branch != NULL && found->from == SIDE_B
                               ? found->branch->flow
                               : flow_of_call(&side->flow);
    if (memcmp(flow.address, from->address, sizeof(flow.address)) == 0 ||
        has_route_token(worker, found->call, msg)) {
        return true;
    }
    const struct trunk *trunk = NULL;
    bool is_trunk_side =
        side->is_reachable_by_uri ||
        (found->branch != NULL && found->from == SIDE_B && found->branch->step >= 0);
    return is_trunk_side &&
           directory_trunk_by_source(worker->edge->directory, from->address, &trunk).is ==
               TRI_PRESENT;
}

static bool find(struct edge_worker *worker, const struct sip_msg *msg, const struct reg_flow *from,
                 struct found *out)
{
    struct map_cursor cursor;
    uint64_t hash = call_id_hash(worker->edge, msg->call_id);
    for (uint32_t i = map_first(&worker->call_by_id, hash, &cursor); i != MAP_NONE;
         i = map_next(&worker->call_by_id, &cursor)) {
        struct call *call = slab_at(&worker->calls, i);
        if (call == NULL || !slice_equal(pool_slice(call->call_id), msg->call_id)) {
            continue;
        }
        struct slice a = call->sides[SIDE_A].tag;
        struct slice b = call->sides[SIDE_B].tag;
        bool is_from_a = slice_equal(msg->from.tag, a);
        bool is_from_b = slice_equal(msg->to.tag, a);
        if (!is_from_a && !is_from_b) {
            continue;
        }
        struct slice other = is_from_a ? msg->to.tag : msg->from.tag;
        *out = (struct found){.call = call, .from = is_from_a ? SIDE_A : SIDE_B};
        bool is_known = b.size > 0 ? slice_equal(other, b) : is_early(worker, call, other, out);
        if (is_known && is_from_side(worker, out, msg, from)) {
            return true;
        }
    }
    return false;
}

/* Where a request to this side goes: a trunk may live at several addresses and is followed by the
 * route set and target that it gave us; a phone is reached by the flow it came from, whatever its
 * Contact says (NAT). What the request itself names is never followed: a customer's phone could
 * have us send to anybody. */
static struct reg_flow flow_to_side(struct edge_worker *worker, const struct found *found)
{
    enum call_side_name to = found->from == SIDE_A ? SIDE_B : SIDE_A;
    const struct call_side *side = &found->call->sides[to];
    struct reg_flow flow =
        found->branch != NULL && to == SIDE_B ? found->branch->flow : flow_of_call(&side->flow);
    if (!side->is_reachable_by_uri || flow_is_stream(&flow)) {
        return flow;
    }
    struct slice rest = side->routes;
    struct slice value;
    struct sip_address route;
    struct sip_uri target;
    struct reg_flow by_uri;
    bool is_named = false;
    if (sip_list_next(&rest, &value) && sip_address_parse(value, &route)) {
        target = route.uri;
        is_named = true;
    } else {
        is_named = sip_uri_parse(side->target, &target);
    }
    bool is_followed = is_named && !is_own_uri(worker->edge, &target) &&
                       flow_from_uri(worker->edge, &target, flow.transport, &by_uri);
    return is_followed ? by_uri : flow;
}

static struct slice forward_within(struct edge_worker *worker, const struct found *found,
                                   const struct sip_msg *msg, const struct reg_flow *from,
                                   const struct reg_flow *to, const char *branch,
                                   struct slice lines)
{
    enum call_side_name to_name = found->from == SIDE_A ? SIDE_B : SIDE_A;
    struct call_side *side = &found->call->sides[to_name];
    uint32_t add =
        found->branch != NULL && to_name == SIDE_B ? found->branch->cseq_offset : side->cseq_offset;
    if (msg->method == SIP_ACK && found->branch == NULL) {
        add = side->invite_offset; /* of the INVITE that it belongs to */
    }
    struct forward forward = {.from = from,
                              .to = to,
                              .branch = branch,
                              .has_record_route = msg->method == SIP_INVITE,
                              .call_key = found->call->key,
                              .cseq_add = add,
                              .lines = lines,
                              .is_from_endpoint = found->call->sides[found->from].trunk_id == 0};
    if (found->branch == NULL) { /* its own route set, whatever the request says */
        forward.routes = side->routes;
        forward.replaces_routes = true;
    }
    if (msg->method == SIP_INVITE) {
        side->invite_offset = add;
    }
    uint64_t key;
    enum call_side_name named;
    if (token_route_read(worker->edge, &msg->uri, &key, &named)) {
        /* A strict router put us into the Request-URI (RFC 3261 16.4): we know the target. */
        forward.uri = side->target;
    }
    if (msg->cseq + add > side->cseq_sent) {
        side->cseq_sent = msg->cseq + add;
    }
    return forward_request(worker, msg, &forward);
}

static void heard(struct edge_worker *worker, struct call *call, enum call_side_name side)
{
    call->heard_us = worker->now.mono_us;
    call->probe_failures[side] = 0;
    if (call->state == CALL_ANSWERED) {
        call->probe_at_us = worker->now.mono_us + worker->edge->settings.probe_after_us;
    }
}

void on_ack(struct edge_worker *worker, const struct sip_msg *msg, const struct reg_flow *from)
{
    struct edge_txn *txn = txn_find(worker, txn_server_key(worker, msg, SIP_INVITE));
    if (txn != NULL && !txn->is_client && txn->machine.state != TXN_ACCEPTED) {
        if ((txn_step(worker, txn, TXN_EV_ACK, 0) & TXN_DO_END) != 0) {
            txn_drop(worker, txn);
        }
        return;
    }
    struct found found;
    if (msg->to.tag.size == 0 || token_tag_is_ours(worker->edge, msg) ||
        !find(worker, msg, from, &found) || msg->max_forwards == 0) {
        return;
    }
    char branch[56];
    token_branch(worker, found.call->key, branch);
    struct reg_flow to = flow_to_side(worker, &found);
    send_to(worker, &to, forward_within(worker, &found, msg, from, &to, branch, (struct slice){0}));
    found.call->has_ack = true;
    found.call->ack_at_us = INT64_MAX;
    heard(worker, found.call, found.from);
    call_arm(worker, found.call);
}

static void answer_ended(struct edge_worker *worker, const struct sip_msg *msg,
                         const struct reg_flow *from)
{
    /* A BYE that crosses ours has what it wants (RFC 3261 15.1.2). */
    if (msg->method == SIP_BYE) {
        reply_stateless(worker, msg, from, 200, NULL, (struct slice){NULL, 0});
    } else {
        reply_why(worker, msg, from, 481, NULL, "no-dialog", (struct slice){NULL, 0});
    }
}

/* No room for transactions. A BYE must get through all the same, or one side talks on unpaid: it is
 * answered for and passed on without them. */
static void relay_stateless(struct edge_worker *worker, const struct found *found,
                            const struct sip_msg *msg, const struct reg_flow *from)
{
    if (msg->method != SIP_BYE) {
        reply_stateless(worker, msg, from, 503, NULL, SLICE("Retry-After: 2\r\n"));
        return;
    }
    char branch[56];
    token_branch(worker, found->call->key, branch);
    struct reg_flow to = flow_to_side(worker, found);
    send_to(worker, &to, forward_within(worker, found, msg, from, &to, branch, (struct slice){0}));
    reply_stateless(worker, msg, from, 200, NULL, (struct slice){NULL, 0});
}

/* The request to the other side, written and sent; `lines` are added to it. NULL: no room. */
static struct edge_txn *relay_send(struct edge_worker *worker, const struct found *found,
                                   const struct sip_msg *msg, const struct reg_flow *from,
                                   struct edge_txn *server, struct slice lines)
{
    struct call *call = found->call;
    uint32_t server_generation = slab_generation(&worker->txns, server->index);
    enum call_side_name to_side = found->from == SIDE_A ? SIDE_B : SIDE_A;
    bool is_early = found->branch != NULL && to_side == SIDE_B;
    char branch[56];
    token_branch(worker, call->key, branch);
    struct reg_flow to = flow_to_side(worker, found);
    uint32_t offset = is_early ? found->branch->cseq_offset : call->sides[to_side].cseq_offset;
    struct slice request = forward_within(worker, found, msg, from, &to, branch, lines);
    struct edge_txn *client =
        txn_client_new(worker, msg->method, branch, &to, request, PURPOSE_RELAY);
    if (client == NULL) {
        return NULL;
    }
    if (msg->method == SIP_INVITE) {
        client->give_up_us = worker->now.mono_us + worker->edge->settings.ring_max_us;
        txn_arm(worker, client);
    }
    client->call = call->index;
    client->call_generation = call->generation;
    client->side = (uint8_t)to_side;
    client->trunk_id = is_early ? found->branch->trunk_id : call->sides[to_side].trunk_id;
    client->cseq_offset = offset;
    client->peer = server->index;
    client->peer_generation = server_generation;
    server->peer = client->index;
    server->peer_generation = slab_generation(&worker->txns, client->index);
    return client;
}

/* A carrier's challenge of a request within the dialog is ours to answer: the phone has no
 * credentials for it. The request goes out again with a CSeq number of its own (RFC 3261 22.2), and
 * this transaction is nobody's any more. */
static void relay_authenticate(struct edge_worker *worker, struct edge_txn *client,
                               const struct sip_msg *response)
{
    struct edge_txn *server = txn_at(worker, client->peer, client->peer_generation);
    char auth[1024];
    struct buf lines;
    buf_init(&lines, auth, sizeof(auth));
    struct sip_msg *request = &worker->sent;
    struct found found;
    if (client->has_tried_auth || client->is_cancelled || server == NULL ||
        server->request == NULL || !trunk_answer_write(worker, client, response, &lines) ||
        sip_msg_parse(pool_slice(server->request), request) != SIP_OK ||
        !find(worker, request, &server->source, &found)) {
        return;
    }
    uint32_t *offset = found.branch != NULL && found.from == SIDE_A
                           ? &found.branch->cseq_offset
                           : &found.call->sides[client->side].cseq_offset;
    *offset += 1;
    struct edge_txn *again =
        relay_send(worker, &found, request, &server->source, server, buf_done(&lines));
    if (again == NULL) {
        *offset -= 1;
        return;
    }
    again->has_tried_auth = true;
    client->peer = SLAB_NONE;
    client->call = SLAB_NONE;
}

static void relay(struct edge_worker *worker, const struct found *found, const struct sip_msg *msg,
                  const struct reg_flow *from)
{
    struct call *call = found->call;
    struct edge_txn *server = txn_server_new(worker, msg, from, PURPOSE_RELAY);
    if (server == NULL) {
        relay_stateless(worker, found, msg, from);
        return;
    }
    server->call = call->index;
    server->call_generation = call->generation;
    server->side = (uint8_t)found->from;
    if (msg->method == SIP_INVITE) {
        reply_txn(worker, server, 100, NULL, (struct slice){NULL, 0});
    }
    struct edge_txn *client = relay_send(worker, found, msg, from, server, (struct slice){NULL, 0});
    if (client == NULL && msg->method == SIP_BYE) {
        txn_drop(worker, server);
        relay_stateless(worker, found, msg, from);
        return;
    }
    if (client == NULL) {
        reply_txn(worker, server, 500, NULL, (struct slice){NULL, 0});
    }
}

void on_in_dialog(struct edge_worker *worker, const struct sip_msg *msg,
                  const struct reg_flow *from)
{
    struct edge_txn *repeated = txn_find(worker, txn_server_key(worker, msg, msg->method));
    if (repeated != NULL) {
        worker_count(worker, EDGE_RETRANSMITS_IN);
        if ((txn_step(worker, repeated, TXN_EV_REQUEST, 0) & TXN_DO_END) != 0) {
            txn_drop(worker, repeated);
        }
        return;
    }
    if (msg->max_forwards == 0) {
        reply_stateless(worker, msg, from, 483, NULL, (struct slice){NULL, 0});
        return;
    }
    struct found found;
    if (!find(worker, msg, from, &found)) {
        worker_count(worker, EDGE_STRAYS);
        reply_why(worker, msg, from, 481, NULL, "no-dialog", (struct slice){NULL, 0});
        return;
    }
    struct call *call = found.call;
    if (call->state == CALL_ENDING || call->state == CALL_OVER) {
        answer_ended(worker, msg, from);
        return;
    }
    heard(worker, call, found.from);
    relay(worker, &found, msg, from);
    if (msg->method == SIP_BYE && call->state == CALL_ANSWERED) {
        call_record(worker, call, found.from == SIDE_A ? USAGE_END_CALLER : USAGE_END_CALLEE,
                    "normal", worker->now.mono_us, false);
        /* Known until the other side has agreed. */
        call->gone_at_us = worker->now.mono_us + CANCEL_WAIT_US + over_us(worker);
        call_arm(worker, call);
    } else {
        call_arm(worker, call);
    }
}

/* Target refresh (RFC 3261 12.2): both ends of a re-INVITE or UPDATE that was accepted. */
static void refresh_targets(struct edge_worker *worker, struct call *call, struct edge_txn *client,
                            struct edge_txn *server, const struct sip_msg *response)
{
    struct sip_address contact;
    struct slice value = sip_msg_value(response, SIP_H_CONTACT);
    struct call_side *answerer = &call->sides[client->side];
    struct call_side *asker = &call->sides[client->side == SIDE_A ? SIDE_B : SIDE_A];
    bool is_changed = false;
    if (value.size > 0 && sip_address_parse(value, &contact) &&
        !slice_equal(contact.uri_text, answerer->target)) {
        is_changed = call_side_set(&worker->pool, answerer, answerer->address, answerer->tag,
                                   contact.uri_text, answerer->routes);
    }
    const struct sip_msg *request = txn_parsed(worker, server->request);
    value = request == NULL ? (struct slice){NULL, 0} : sip_msg_value(request, SIP_H_CONTACT);
    if (value.size > 0 && sip_address_parse(value, &contact) &&
        !slice_equal(contact.uri_text, asker->target)) {
        is_changed = call_side_set(&worker->pool, asker, asker->address, asker->tag,
                                   contact.uri_text, asker->routes) ||
                     is_changed;
    }
    if (!asker->is_reachable_by_uri) {
        asker->flow = flow_to_call(&server->source); /* its NAT may have moved it */
        is_changed = true;
    }
    if (is_changed) {
        call_journal(worker, call);
    }
}

static void note_relay_response(struct edge_worker *worker, struct edge_txn *txn, int status)
{
    if (txn->method != SIP_INVITE) {
        return;
    }
    if (status < 200) {
        txn->has_provisional = true;
        if (txn->is_cancelled) {
            branch_cancel(worker, txn); /* it was owed */
        }
    } else if (txn->give_up_us != 0) {
        txn->give_up_us = 0;
        txn_arm(worker, txn);
    }
}

/* The other side's word on a BYE. Where it refuses (an extension that it does not know, a CSeq out
 * of order), it would talk on although the call is recorded: it gets a BYE that it can understand.
 */
static void bye_answered(struct edge_worker *worker, struct call *call, const struct edge_txn *txn,
                         const struct sip_msg *msg)
{
    int status = msg->status;
    bool is_over = status < 300 || status == 408 || status == 481;
    if (!is_over && call->state == CALL_OVER) {
        call->state = CALL_ENDING;
        (void)send_own(worker, call, (enum call_side_name)txn->side, SIP_BYE,
                       (struct slice){NULL, 0});
    }
    if (status < 300 && call->state == CALL_ANSWERED && txn->side == SIDE_B &&
        slice_equal(msg->to.tag, call->sides[SIDE_B].tag)) {
        /* The caller sent it in the early dialog (15: it may), and it crossed the answer. */
        call_record(worker, call, USAGE_END_CALLER, "normal", worker->now.mono_us, false);
    }
    if (call->state == CALL_OVER || call->state == CALL_ENDING) {
        call->gone_at_us = worker->now.mono_us + over_us(worker);
        call_arm(worker, call);
    }
}

/* A final answer other than 2xx to an INVITE of ours is acknowledged by us (RFC 3261 17.1.1.3). */
static void ack_failure(struct edge_worker *worker, const struct edge_txn *txn,
                        const struct sip_msg *msg)
{
    const struct sip_msg *sent = txn_parsed(worker, txn->message);
    struct buf out;
    buf_init(&out, worker->out, sizeof(worker->out));
    if (sent != NULL) {
        sip_ack_write(&out, sent, msg);
        send_to(worker, &txn->flow, buf_done(&out));
    }
}

static void pass_relay_response(struct edge_worker *worker, struct edge_txn *txn,
                                struct edge_txn *server, const struct sip_msg *msg)
{
    struct call *call = call_at(worker, txn->call, txn->call_generation);
    bool is_challenge = txn->trunk_id != 0 && (msg->status == 401 || msg->status == 407);
    bool is_2xx = msg->status >= 200 && msg->status < 300;
    bool is_refresh = txn->method == SIP_INVITE || txn->method == SIP_UPDATE;
    if (call != NULL && call->state == CALL_ANSWERED) {
        heard(worker, call, (enum call_side_name)txn->side);
        if (is_2xx && is_refresh) {
            refresh_targets(worker, call, txn, server, msg);
        }
    }
    enum call_side_name to = txn->side == SIDE_A ? SIDE_B : SIDE_A;
    uint64_t key = call == NULL ? 0 : call->key;
    if (call == NULL) { /* it is over and forgotten: the branch still says which it was */
        (void)token_branch_key(worker->edge, msg->via.branch, &key);
    }
    struct slice response =
        forward_response(worker, msg, key, to, txn->cseq_offset, (struct slice){NULL, 0});
    if (is_2xx && server->machine.state == TXN_ACCEPTED) {
        send_to(worker, &server->flow, response);
    } else if (msg->status >= 200 && (response.size == 0 || is_challenge)) {
        /* It does not fit; or a carrier's challenge, which is no business of the phone's. */
        reply_txn(worker, server, 500, NULL, (struct slice){NULL, 0});
    } else {
        txn_send_response(worker, server, msg->status, response);
    }
}

void on_relay_response(struct edge_worker *worker, struct edge_txn *txn, const struct sip_msg *msg,
                       const struct reg_flow *from)
{
    (void)from;
    if (txn->trunk_id != 0 && (msg->status == 401 || msg->status == 407)) {
        relay_authenticate(worker, txn, msg);
    }
    unsigned todo = txn_step(worker, txn, TXN_EV_RESPONSE, msg->status);
    note_relay_response(worker, txn, msg->status);
    if ((todo & TXN_DO_ACK) != 0) {
        ack_failure(worker, txn, msg);
    }
    struct edge_txn *server = txn_at(worker, txn->peer, txn->peer_generation);
    struct call *call = call_at(worker, txn->call, txn->call_generation);
    if ((todo & TXN_DO_PASS) != 0 && server != NULL && msg->status != 100) {
        pass_relay_response(worker, txn, server, msg);
    }
    if (txn->method == SIP_BYE && (todo & TXN_DO_PASS) != 0 && msg->status >= 200 && call != NULL) {
        bye_answered(worker, call, txn, msg);
    }
    if ((todo & TXN_DO_END) != 0) {
        txn_drop(worker, txn);
    }
}

/* No final response: an INVITE is told so; for the rest, the sender's own timer has fired by now
 * and nothing is said (RFC 4320 4.2), unless it failed at once. */
void relay_failed(struct edge_worker *worker, struct edge_txn *txn, int status)
{
    struct edge_txn *server = txn_at(worker, txn->peer, txn->peer_generation);
    if (server == NULL) {
        return;
    }
    if (status != 503 && server->method != SIP_INVITE) {
        txn_drop(worker, server);
        return;
    }
    reply_txn(worker, server, status == 503 ? 500 : status, NULL, (struct slice){NULL, 0});
}

static void cancel_call(struct edge_worker *worker, struct call *call, struct edge_txn *invite)
{
    call->is_cancelled = true;
    if (call->state == CALL_WAITING) {
        meter_wait_cancel(worker->edge->meters, &call->meter);
    }
    bool has_provisional = false;
    for (int i = 0; i < call->branch_count; i++) {
        const struct edge_txn *branch = branch_at(worker, call, i);
        has_provisional = has_provisional || (branch != NULL && branch->has_provisional);
    }
    branches_cancel(worker, call, SLAB_NONE);
    if (has_provisional) {
        return; /* the branches' 487 will be passed on */
    }
    /* Nobody has said a word: the caller need not wait for them. */
    (void)invite;
    struct refusal refusal = {.status = 487, .token = "cancelled"};
    call_refuse(worker, call, &refusal, USAGE_END_CALLER);
}

void on_cancel(struct edge_worker *worker, const struct sip_msg *msg, const struct reg_flow *from)
{
    struct edge_txn *repeated = txn_find(worker, txn_server_key(worker, msg, SIP_CANCEL));
    if (repeated != NULL) {
        if (repeated->purpose != PURPOSE_PARKED) {
            (void)txn_step(worker, repeated, TXN_EV_REQUEST, 0);
        }
        return;
    }
    struct edge_txn *invite = txn_find(worker, txn_server_key(worker, msg, SIP_INVITE));
    bool has_room = worker->parked_count < PARKED_CANCELS_MAX && msg->raw.size <= PARKED_SIZE_MAX;
    if (invite == NULL && !has_room) {
        reply_why(worker, msg, from, 481, NULL, "no-transaction", (struct slice){NULL, 0});
        return;
    }
    struct edge_txn *cancel =
        txn_server_new(worker, msg, from, invite == NULL ? PURPOSE_PARKED : PURPOSE_NONE);
    if (cancel == NULL) {
        return;
    }
    if (invite == NULL) {
        cancel->give_up_us = worker->now.mono_us + PARKED_CANCEL_US;
        txn_arm(worker, cancel);
        return;
    }
    reply_txn(worker, cancel, 200, NULL, (struct slice){NULL, 0});
    struct call *call = call_at(worker, invite->call, invite->call_generation);
    if (invite->purpose == PURPOSE_RELAY) { /* a re-INVITE */
        struct edge_txn *client = txn_at(worker, invite->peer, invite->peer_generation);
        bool is_open = client != NULL && (client->machine.state == TXN_CALLING ||
                                          client->machine.state == TXN_PROCEEDING);
        if (is_open && !client->is_cancelled) {
            branch_cancel(worker, client);
        }
        return;
    }
    bool is_unanswered =
        call != NULL &&
        (call->state == CALL_WAITING || call->state == CALL_TRYING || call->state == CALL_RINGING);
    if (is_unanswered && !call->is_cancelled) {
        cancel_call(worker, call, invite);
    }
}
