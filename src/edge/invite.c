#include "edge/worker.h"

#include <stdio.h>
#include <string.h>

struct call *call_at(struct edge_worker *worker, uint32_t index, uint32_t generation)
{
    return index == SLAB_NONE ? NULL : slab_at_generation(&worker->calls, index, generation);
}

struct call *call_by_key(struct edge_worker *worker, uint64_t key)
{
    struct map_cursor cursor;
    uint32_t index = map_first(&worker->call_by_key, key, &cursor);
    return index == MAP_NONE ? NULL : slab_at(&worker->calls, index);
}

struct edge_txn *call_invite_txn(struct edge_worker *worker, const struct call *call)
{
    return txn_at(worker, call->invite_txn, call->invite_generation);
}

struct call *call_new(struct edge_worker *worker, struct slice call_id)
{
    uint32_t index;
    struct call *call = slab_take(&worker->calls, &index);
    if (call == NULL) {
        worker_count(worker, EDGE_FULL);
        return NULL;
    }
    call->index = index;
    call->generation = slab_generation(&worker->calls, index);
    call->call_id = pool_copy(&worker->pool, call_id);
    call->call_id_hash = call_id_hash(worker->edge, call_id);
    do {
        call->key = rng_u64(&worker->rng);
    } while (call->key == 0 || call_by_key(worker, call->key) != NULL);
    call->invite_txn = SLAB_NONE;
    call->timer.kind = TIMER_CALL;
    call->timer.index = index;
    call->meter.worker = (uint16_t)worker->index;
    call->meter.call = index;
    call->meter.call_generation = call->generation;
    call->wait_at_us = call->step_at_us = call->ring_at_us = call->renew_at_us = INT64_MAX;
    call->ack_at_us = call->probe_at_us = call->partial_at_us = INT64_MAX;
    call->limit_at_us = call->gone_at_us = INT64_MAX;
    call->started_us = call->heard_us = worker->now.mono_us;
    call->wall_start_us = worker->now.wall_us;
    bool is_known =
        call->call_id != NULL && map_add(&worker->call_by_id, call->call_id_hash, index);
    if (!is_known || !map_add(&worker->call_by_key, call->key, index)) {
        if (is_known) {
            map_remove(&worker->call_by_id, call->call_id_hash, index);
        }
        pool_give(&worker->pool, call->call_id);
        slab_give(&worker->calls, index);
        worker_count(worker, EDGE_FULL);
        return NULL;
    }
    atomic_fetch_add_explicit(&worker->calls_open, 1, memory_order_relaxed);
    return call;
}

static void channel_count(struct edge_worker *worker, uint64_t trunk_id, int change)
{
    if (trunk_id != 0 && trunk_id < EDGE_TRUNK_IDS) {
        atomic_fetch_add_explicit(&worker->edge->trunk_calls[trunk_id], change,
                                  memory_order_relaxed);
    }
}

void call_channel(struct edge_worker *worker, struct call *call, uint64_t trunk_id)
{
    if (trunk_id != call->channel_id) {
        channel_count(worker, call->channel_id, -1);
        channel_count(worker, trunk_id, 1);
        call->channel_id = trunk_id;
    }
}

void call_ring_done(struct edge_worker *worker, struct call *call)
{
    pool_give(&worker->pool, call->steps_block);
    pool_give(&worker->pool, call->best);
    pool_give(&worker->pool, call->sent);
    call->steps_block = call->best = call->sent = NULL;
    call->steps = NULL;
    call->wait_at_us = call->step_at_us = call->ring_at_us = INT64_MAX;
}

void call_forget(struct edge_worker *worker, struct call *call)
{
    wheel_stop(&worker->wheel, &call->timer);
    call_ring_done(worker, call);
    map_remove(&worker->call_by_id, call->call_id_hash, call->index);
    map_remove(&worker->call_by_key, call->key, call->index);
    call_side_done(&worker->pool, &call->sides[SIDE_A]);
    call_side_done(&worker->pool, &call->sides[SIDE_B]);
    pool_give(&worker->pool, call->call_id);
    slab_give(&worker->calls, call->index);
}

void call_arm(struct edge_worker *worker, struct call *call)
{
    const int64_t times[] = {call->wait_at_us,    call->step_at_us,  call->ring_at_us,
                             call->renew_at_us,   call->ack_at_us,   call->probe_at_us,
                             call->partial_at_us, call->limit_at_us, call->gone_at_us};
    int64_t first_us = INT64_MAX;
    for (size_t i = 0; i < ARRAY_COUNT(times); i++) {
        first_us = times[i] < first_us ? times[i] : first_us;
    }
    if (first_us == INT64_MAX) {
        wheel_stop(&worker->wheel, &call->timer);
    } else {
        wheel_start(&worker->wheel, &call->timer, first_us);
    }
}

void call_journal(struct edge_worker *worker, struct call *call)
{
    struct buf record;
    buf_init(&record, worker->scratch, sizeof(worker->scratch));
    call_encode(&record, call, worker->now.wall_us, worker->now.mono_us);
    if (!record.is_full) {
        worker->edge->journal.append(worker->edge->journal.ctx, JOURNAL_CALL, buf_done(&record));
    }
}

void call_event(struct edge_worker *worker, const struct call *call, const char *kind)
{
    struct buf json;
    if (!has_listener(worker)) {
        return;
    }
    buf_init(&json, worker->event, sizeof(worker->event));
    buf_printf(&json, "{\"key\":\"%016llx\"", (unsigned long long)call->key);
    buf_json_i64(&json, "wall_us", worker->now.wall_us);
    buf_json_text(&json, "caller", slice_from_text(call->caller));
    buf_json_text(&json, "callee", slice_from_text(call->callee));
    buf_json_i64(&json, "account_id", (int64_t)call->account_id);
    buf_json_i64(&json, "trunk_id", (int64_t)call->trunk_id);
    buf_json_text(&json, "state", slice_from_text(call_state_name(call->state)));
    if (call->status != 0) {
        buf_json_i64(&json, "status", call->status);
    }
    if (call->reason[0] != '\0') {
        buf_json_text(&json, "reason", slice_from_text(call->reason));
    }
    buf_char(&json, '}');
    worker->shell.event(worker->shell.ctx, kind, buf_done(&json));
}

/* Our own Vias in a request: it was here before. A spiral (the Request-URI changed on the way, a
 * call to a forwarded number, say) is legal a few times; a loop is not (RFC 3261 16.3 step 4). */
static bool is_loop(struct edge_worker *worker, const struct sip_msg *msg)
{
    int own_count = 0;
    int header = msg->first[SIP_H_VIA];
    struct slice rest = {NULL, 0};
    struct slice value;
    while (sip_msg_list_next(msg, &header, &rest, &value)) {
        struct sip_via via;
        uint64_t key;
        if (!sip_via_parse(value, &via) || !token_branch_key(worker->edge, via.branch, &key)) {
            continue;
        }
        own_count++;
        struct call *call = call_by_key(worker, key);
        struct edge_txn *first = call == NULL ? NULL : call_invite_txn(worker, call);
        const struct sip_msg *before = first == NULL ? NULL : txn_parsed(worker, first->request);
        if (before != NULL && slice_equal(before->uri_text, msg->uri_text)) {
            return true;
        }
    }
    return own_count > OWN_VIAS_MAX;
}

/* What RFC 3261 16.3 asks before anything is done with a request. True: it may go on. */
static bool is_valid(struct edge_worker *worker, const struct sip_msg *msg,
                     const struct reg_flow *from)
{
    if (msg->max_forwards == 0) {
        reply_stateless(worker, msg, from, 483, NULL, (struct slice){NULL, 0});
        return false;
    }
    /* What is kept of a call must fit into its record. */
    if (msg->call_id.size > CALL_ID_SIZE_MAX || msg->from.text.size > CALL_TEXT_SIZE_MAX ||
        sip_msg_value(msg, SIP_H_CONTACT).size > CALL_TEXT_SIZE_MAX) {
        reply_stateless(worker, msg, from, 513, NULL, (struct slice){NULL, 0});
        return false;
    }
    if (!require_check(worker, msg, from, false)) {
        return false;
    }
    if (msg->via_count > 1 && is_loop(worker, msg)) {
        reply_stateless(worker, msg, from, 482, NULL, (struct slice){NULL, 0});
        return false;
    }
    return true;
}

static void refuse(struct edge_worker *worker, const struct sip_msg *msg,
                   const struct reg_flow *from, const struct refusal *refusal,
                   enum edge_count count, const struct caller *caller)
{
    char dialled[ENDPOINT_USER_SIZE];
    if (!sip_uri_user(&msg->uri, dialled, sizeof(dialled))) {
        dialled[0] = '\0';
    }
    uint64_t account_id =
        caller->is_trunk ? caller->trunk->account_id : caller->endpoint.account_id;
    worker_count(worker, count);
    refuse_stateless(worker, msg, from, refusal);
    refusal_event(worker, msg, refusal, account_id,
                  caller->is_trunk ? caller->trunk->name : caller->user, dialled);
}

static enum edge_count count_of_refusal(enum route_refusal refusal)
{
    switch (refusal) {
    case ROUTE_UNKNOWN:
        return EDGE_REFUSED_UNKNOWN;
    case ROUTE_SUSPENDED:
        return EDGE_REFUSED_STATE;
    case ROUTE_CLOSED:
    case ROUTE_TOO_DEAR:
        return EDGE_REFUSED_LIMIT;
    case ROUTE_OK:
    case ROUTE_NO_SUCH_NUMBER:
    case ROUTE_BAD_NUMBER:
    case ROUTE_NO_ROUTE:
    case ROUTE_NO_RATE:
    case ROUTE_NOT_PERMITTED:
    case ROUTE_BAD_MARGIN:
        break;
    }
    return EDGE_REFUSED_ROUTE;
}

/* Trust, then route: worker->plan is filled. False: the request was answered. */
static bool plan_call(struct edge_worker *worker, const struct sip_msg *msg,
                      const struct reg_flow *from, struct caller *caller,
                      char identity[NUMBER_SIZE])
{
    if (!trust_caller(worker, msg, from, false, caller)) {
        return false;
    }
    /* An emergency call is not refused for its From: its own number is presented. */
    if (!trust_identity(msg, caller, worker->edge, identity) &&
        !is_emergency_call(worker->edge, msg)) {
        struct refusal refusal = {.status = 403,
                                  .token = "not-your-identity",
                                  .why = "From or P-Asserted-Identity is not one of the caller's"};
        refuse(worker, msg, from, &refusal, EDGE_REFUSED_STATE, caller);
        return false;
    }
    char dialled[ENDPOINT_USER_SIZE];
    bool is_ours = msg->uri.scheme == SIP_SCHEME_TEL || is_own_uri(worker->edge, &msg->uri);
    if (!is_ours || !sip_uri_user(&msg->uri, dialled, sizeof(dialled)) || dialled[0] == '\0') {
        struct refusal refusal = {
            .status = is_ours ? 484 : 404,
            .token = is_ours ? "bad-number" : "not-our-domain",
            .why = is_ours ? "the Request-URI names no user or number"
                           : "the Request-URI names neither the domain nor an address of this edge",
        };
        refuse(worker, msg, from, &refusal, EDGE_REFUSED_ROUTE, caller);
        return false;
    }
    struct route_request request = {
        .endpoint = caller->is_trunk ? NULL : &caller->endpoint,
        .trunk = caller->is_trunk ? caller->trunk : NULL,
        .dialled = slice_from_text(dialled),
        .wall_s = worker->now.wall_us / 1000000,
        .random = rng_u64(&worker->rng),
        .quality = worker->edge->trunk_quality,
        .quality_count = EDGE_TRUNK_IDS,
        .is_not_told = true,
    };
    struct route_plan *plan = &worker->plan;
    route_plan(worker->edge->directory, worker->edge->decks, &worker->edge->settings.routing,
               &request, plan);
    if (plan->refusal != ROUTE_OK) {
        int status = route_refusal_status(plan->refusal);
        struct refusal refusal = {.status = status,
                                  .token = route_refusal_name(plan->refusal),
                                  .why = plan->why,
                                  .version = plan->evidence_version,
                                  .retry_after_s = status == 503 ? 5 : 0};
        fraud_note_refusal(worker, plan);
        refuse(worker, msg, from, &refusal, count_of_refusal(plan->refusal), caller);
        return false;
    }
    return true;
}

static bool copy_steps(struct edge_worker *worker, struct call *call, const struct route_plan *plan)
{
    if (plan->step_count == 0) {
        return true;
    }
    call->steps_block =
        pool_take(&worker->pool, (size_t)plan->step_count * sizeof(struct call_step));
    if (call->steps_block == NULL) {
        return false;
    }
    call->steps = (struct call_step *)(void *)call->steps_block->data;
    call->step_count = plan->step_count;
    for (int i = 0; i < plan->step_count; i++) {
        struct call_step *step = &call->steps[i];
        memset(step, 0, sizeof(*step));
        step->trunk_id = plan->steps[i].trunk_id;
        step->has_cost = plan->steps[i].has_cost;
        step->cost = plan->steps[i].cost;
        text_copy(step->number, sizeof(step->number), plan->steps[i].number);
    }
    return true;
}

static bool set_caller_side(struct edge_worker *worker, struct call *call,
                            const struct sip_msg *msg, const struct reg_flow *from)
{
    char routes[4096];
    struct buf buf;
    buf_init(&buf, routes, sizeof(routes));
    struct sip_address contact;
    struct slice target = msg->from.uri_text;
    struct slice value = sip_msg_value(msg, SIP_H_CONTACT);
    if (value.size > 0 && sip_address_parse(value, &contact)) {
        target = contact.uri_text;
    }
    struct call_side *side = &call->sides[SIDE_A];
    side->flow = flow_to_call(from);
    return routes_from_records(worker->edge, msg, false, &buf) &&
           call_side_set(&worker->pool, side, sip_msg_value(msg, SIP_H_FROM), msg->from.tag, target,
                         buf_done(&buf));
}

static void name_parties(struct call *call, const struct sip_msg *msg, const struct caller *caller,
                         const struct route_plan *plan)
{
    if (caller->is_trunk) {
        char user[ENDPOINT_USER_SIZE];
        bool is_named = sip_uri_user(&msg->from.uri, user, sizeof(user)) && user[0] != '\0';
        text_copy(call->caller, sizeof(call->caller), is_named ? user : caller->trunk->name);
    } else {
        text_copy(call->caller, sizeof(call->caller), caller->user);
    }
    text_copy(call->callee, sizeof(call->callee),
              plan->number[0] != '\0' ? plan->number : plan->user);
    text_copy(call->user, sizeof(call->user), plan->user);
}

/* The call and its server transaction; 100 is sent. NULL: full, and answered so. */
static struct call *make_call(struct edge_worker *worker, const struct sip_msg *msg,
                              const struct reg_flow *from, const struct caller *caller,
                              const char *identity)
{
    const struct route_plan *plan = &worker->plan;
    struct call *call = call_new(worker, msg->call_id);
    struct edge_txn *txn = call == NULL ? NULL : txn_server_new(worker, msg, from, PURPOSE_INVITE);
    if (txn == NULL || !copy_steps(worker, call, plan) ||
        !set_caller_side(worker, call, msg, from)) {
        if (txn != NULL) {
            txn_drop(worker, txn);
        }
        if (call != NULL) {
            atomic_fetch_sub_explicit(&worker->calls_open, 1, memory_order_relaxed);
            call_forget(worker, call);
        }
        struct refusal refusal = {.status = 503, .token = "edge-full", .retry_after_s = 10};
        refuse(worker, msg, from, &refusal, EDGE_FULL, caller);
        return NULL;
    }
    txn->call = call->index;
    txn->call_generation = call->generation;
    txn->side = SIDE_A;
    call->invite_txn = txn->index;
    call->invite_generation = slab_generation(&worker->txns, txn->index);
    call->state = CALL_WAITING;
    call->is_emergency = plan->is_emergency;
    call->is_inbound = plan->is_inbound;
    call->is_on_net = plan->kind == ROUTE_TO_ENDPOINT && !plan->is_inbound;
    call->is_unmetered = plan->payer_account_id == 0;
    call->account_id = call->is_unmetered ? plan->owner_account_id : plan->payer_account_id;
    call->meter.rate = plan->price;
    call->sides[SIDE_A].trunk_id = caller->is_trunk ? caller->trunk->id : 0;
    call->sides[SIDE_A].is_reachable_by_uri = caller->is_trunk;
    call->trunk_id = caller->is_trunk ? caller->trunk->id : 0;
    text_copy(call->identity, sizeof(call->identity), identity);
    name_parties(call, msg, caller, plan);
    reply_txn(worker, txn, 100, NULL, (struct slice){NULL, 0});
    return call;
}

/* A CANCEL that overtook this INVITE waits for it: both are answered now. */
static bool is_cancelled_before(struct edge_worker *worker, const struct sip_msg *msg,
                                const struct reg_flow *from)
{
    struct edge_txn *parked = worker->parked_count == 0
                                  ? NULL
                                  : txn_find(worker, txn_server_key(worker, msg, SIP_CANCEL));
    if (parked == NULL || parked->purpose != PURPOSE_PARKED) {
        return false;
    }
    parked->purpose = PURPOSE_NONE;
    worker->parked_count--;
    parked->give_up_us = 0;
    reply_txn(worker, parked, 200, NULL, (struct slice){NULL, 0});
    reply_stateless(worker, msg, from, 487, NULL, (struct slice){NULL, 0});
    return true;
}

static bool is_at_limit(const struct edge_worker *worker)
{
    uint32_t most = worker->edge->settings.calls_open_max;
    return most != 0 && atomic_load_explicit(&worker->calls_open, memory_order_relaxed) >= most;
}

void on_invite(struct edge_worker *worker, const struct sip_msg *msg, const struct reg_flow *from)
{
    struct edge_txn *repeated = txn_find(worker, txn_server_key(worker, msg, SIP_INVITE));
    if (repeated != NULL) {
        worker_count(worker, EDGE_RETRANSMITS_IN);
        if ((txn_step(worker, repeated, TXN_EV_REQUEST, 0) & TXN_DO_END) != 0) {
            txn_drop(worker, repeated);
        }
        return;
    }
    worker_count(worker, EDGE_INVITES);
    if (token_tag_is_ours(worker->edge, msg) || is_cancelled_before(worker, msg, from)) {
        return;
    }
    bool is_emergency = is_emergency_call(worker->edge, msg);
    if (atomic_load_explicit(&worker->edge->is_draining, memory_order_relaxed) && !is_emergency) {
        struct refusal refusal = {.status = 503, .token = "draining", .retry_after_s = 10};
        refuse_stateless(worker, msg, from, &refusal);
        return;
    }
    if (is_at_limit(worker) && !is_emergency) { /* room is kept for emergencies */
        struct refusal refusal = {.status = 503, .token = "edge-full", .retry_after_s = 10};
        worker_count(worker, EDGE_FULL);
        refuse_stateless(worker, msg, from, &refusal);
        return;
    }
    struct caller caller;
    char identity[NUMBER_SIZE];
    if (!is_valid(worker, msg, from) || !plan_call(worker, msg, from, &caller, identity)) {
        return;
    }
    struct call *call = make_call(worker, msg, from, &caller, identity);
    if (call == NULL) {
        return;
    }
    worker_count(worker, EDGE_CALLS_STARTED);
    if (call->is_emergency) {
        worker_count(worker, EDGE_EMERGENCIES);
    }
    call->ring_at_us = call->started_us + worker->edge->settings.ring_max_us;
    call->is_hot = worker->plan.is_hot;
    /* The plan's copy is of this moment; a call that waits for the ledger asks for another later.
     */
    bool is_of_plan = worker->plan.payer_account_id == call->account_id;
    call_try_meter(worker, call, is_of_plan ? &worker->plan.payer : NULL, false);
}
