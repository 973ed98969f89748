#include "edge/worker.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* One key for a request, its repeats, its ACK and its CANCEL (RFC 3261 17.2.3): branch and sent-by,
 * with Call-ID, CSeq and From tag for senders of RFC 2543 that give no branch of worth. */
static uint64_t name_hash(const struct edge *edge, const struct txn_name *name)
{
    uint64_t hash = hash_slice(edge->settings.hash_seed, name->branch);
    hash = hash_slice(hash, name->host);
    hash = hash_slice(hash, name->call_id);
    hash = hash_slice(hash, name->from_tag);
    return hash_u64(hash, (uint64_t)name->cseq << 32 | name->port);
}

static uint64_t key_of_hash(uint64_t hash, enum sip_method method)
{
    return hash_u64(hash, method == SIP_ACK ? (uint64_t)SIP_INVITE : (uint64_t)method) | 1;
}

uint64_t txn_name_key(const struct edge *edge, const struct txn_name *name, enum sip_method method)
{
    return key_of_hash(name_hash(edge, name), method);
}

uint64_t txn_server_key(struct edge_worker *worker, const struct sip_msg *msg,
                        enum sip_method method)
{
    if (msg == worker->named_msg) {
        return key_of_hash(worker->named_hash, method);
    }
    struct txn_name name = {.branch = msg->via.branch,
                            .host = msg->via.host,
                            .port = msg->via.port,
                            .call_id = msg->call_id,
                            .from_tag = msg->from.tag,
                            .cseq = msg->cseq};
    uint64_t hash = name_hash(worker->edge, &name);
    if (msg != &worker->parsed) { /* that one may be another message next time */
        worker->named_msg = msg;
        worker->named_hash = hash;
    }
    return key_of_hash(hash, method);
}

/* Any worker may receive a repeat of what another one has under way; it must not be refused. */
static void invite_see(struct edge *edge, uint64_t key)
{
    atomic_store_explicit(&edge->seen_invites[key >> 8 & (EDGE_SEEN_COUNT - 1)], key,
                          memory_order_relaxed);
}

bool invite_is_seen(const struct edge *edge, uint64_t key)
{
    return atomic_load_explicit(&edge->seen_invites[key >> 8 & (EDGE_SEEN_COUNT - 1)],
                                memory_order_relaxed) == key;
}

uint64_t txn_client_key(const struct edge_worker *worker, struct slice branch,
                        enum sip_method method)
{
    return (hash_slice(worker->edge->settings.hash_seed ^ 0x5bd1e995u, branch) +
            ((uint64_t)method << 1)) |
           1;
}

uint64_t txn_flow_hash(const struct edge_worker *worker, const struct reg_flow *flow)
{
    uint64_t seed = worker->edge->settings.hash_seed;
    uint64_t hash = hash_bytes(seed, flow->address, sizeof(flow->address));
    return hash_u64(hash ^ flow->connection, (uint64_t)flow->port << 8 | flow->transport) | 1;
}

struct edge_txn *txn_find(struct edge_worker *worker, uint64_t key)
{
    struct map_cursor cursor;
    uint32_t index = map_first(&worker->txn_by_key, key, &cursor);
    return index == MAP_NONE ? NULL : slab_at(&worker->txns, index);
}

struct edge_txn *txn_at(struct edge_worker *worker, uint32_t index, uint32_t generation)
{
    return index == SLAB_NONE ? NULL : slab_at_generation(&worker->txns, index, generation);
}

const struct sip_msg *txn_parsed(struct edge_worker *worker, struct pool_block *block)
{
    if (block != NULL && block == worker->kept_block) {
        return worker->kept_msg;
    }
    if (block == NULL || sip_msg_parse(pool_slice(block), &worker->parsed) != SIP_OK) {
        return NULL;
    }
    return &worker->parsed;
}

static struct edge_txn *txn_new(struct edge_worker *worker, uint64_t key, enum txn_kind kind,
                                const struct reg_flow *flow, enum txn_purpose purpose)
{
    uint32_t index;
    struct edge_txn *txn = slab_take(&worker->txns, &index);
    if (txn == NULL) {
        worker_count(worker, EDGE_FULL);
        return NULL;
    }
    if (!map_add(&worker->txn_by_key, key, index)) {
        slab_give(&worker->txns, index);
        worker_count(worker, EDGE_FULL);
        return NULL;
    }
    txn->key = key;
    txn->index = index;
    txn->call = SLAB_NONE;
    txn->peer = SLAB_NONE;
    txn->purpose = (uint8_t)purpose;
    txn->flow = *flow;
    txn->step = -1;
    txn->timer.kind = TIMER_TXN;
    txn->timer.index = index;
    txn_init(&txn->machine, kind, flow_is_stream(flow), worker->now.mono_us);
    return txn;
}

/* Those that await an answer from one destination are a list, so that a busy trunk costs the map
 * one slot, and an ICMP error finds them. */
static void flow_link(struct edge_worker *worker, struct edge_txn *txn)
{
    uint64_t hash = txn_flow_hash(worker, &txn->flow);
    struct map_cursor cursor;
    uint32_t first = map_first(&worker->txn_by_flow, hash, &cursor);
    bool is_linked = first == MAP_NONE ? map_add(&worker->txn_by_flow, hash, txn->index)
                                       : map_replace(&worker->txn_by_flow, hash, first, txn->index);
    if (!is_linked) {
        return; /* its own timers end it all the same */
    }
    txn->flow_hash = hash;
    txn->flow_previous = SLAB_NONE;
    txn->flow_next = first == MAP_NONE ? SLAB_NONE : first;
    if (txn->flow_next != SLAB_NONE) {
        struct edge_txn *next = slab_at(&worker->txns, txn->flow_next);
        next->flow_previous = txn->index;
    }
}

static void flow_unlink(struct edge_worker *worker, struct edge_txn *txn)
{
    if (txn->flow_hash == 0) {
        return;
    }
    if (txn->flow_next != SLAB_NONE) {
        struct edge_txn *next = slab_at(&worker->txns, txn->flow_next);
        next->flow_previous = txn->flow_previous;
    }
    if (txn->flow_previous != SLAB_NONE) {
        struct edge_txn *previous = slab_at(&worker->txns, txn->flow_previous);
        previous->flow_next = txn->flow_next;
    } else if (txn->flow_next != SLAB_NONE) {
        map_replace(&worker->txn_by_flow, txn->flow_hash, txn->index, txn->flow_next);
    } else {
        map_remove(&worker->txn_by_flow, txn->flow_hash, txn->index);
    }
    txn->flow_hash = 0;
}

struct edge_txn *txn_server_new(struct edge_worker *worker, const struct sip_msg *msg,
                                const struct reg_flow *from, enum txn_purpose purpose)
{
    enum txn_kind kind = msg->method == SIP_INVITE ? TXN_INVITE_SERVER : TXN_SERVER;
    struct reg_flow back;
    reply_flow(msg, from, &back);
    struct pool_block *request = pool_copy(&worker->pool, msg->raw);
    if (request == NULL) {
        worker_count(worker, EDGE_FULL);
        return NULL;
    }
    struct edge_txn *txn =
        txn_new(worker, txn_server_key(worker, msg, msg->method), kind, &back, purpose);
    if (txn == NULL) {
        pool_give(&worker->pool, request);
        return NULL;
    }
    if (msg->method == SIP_INVITE) {
        invite_see(worker->edge, txn->key);
    }
    txn->request = request;
    worker->kept_block = request;
    worker->kept_msg = msg;
    txn->source = *from;
    txn->method = (uint8_t)msg->method;
    worker->parked_count += purpose == PURPOSE_PARKED ? 1 : 0;
    txn_arm(worker, txn);
    return txn;
}

struct edge_txn *txn_client_new(struct edge_worker *worker, enum sip_method method,
                                const char *branch, const struct reg_flow *to, struct slice request,
                                enum txn_purpose purpose)
{
    if (request.size == 0) {
        return NULL;
    }
    struct pool_block *message = pool_copy(&worker->pool, request);
    if (message == NULL) {
        worker_count(worker, EDGE_FULL);
        return NULL;
    }
    return txn_client_take(worker, method, branch, to, message, purpose);
}

struct edge_txn *txn_client_take(struct edge_worker *worker, enum sip_method method,
                                 const char *branch, const struct reg_flow *to,
                                 struct pool_block *message, enum txn_purpose purpose)
{
    enum txn_kind kind = method == SIP_INVITE ? TXN_INVITE_CLIENT : TXN_CLIENT;
    uint64_t key = txn_client_key(worker, slice_from_text(branch), method);
    struct edge_txn *txn = txn_new(worker, key, kind, to, purpose);
    if (txn == NULL) {
        pool_give(&worker->pool, message);
        return NULL;
    }
    txn->is_client = true;
    txn->method = (uint8_t)method;
    txn->message = message;
    flow_link(worker, txn);
    bool is_named = slice_copy_text(slice_from_text(branch), txn->branch, sizeof(txn->branch));
    assert(is_named);
    txn_arm(worker, txn);
    send_to(worker, to, pool_slice(message));
    return txn;
}

static void request_give(struct edge_worker *worker, struct edge_txn *txn)
{
    if (worker->kept_block == txn->request) {
        worker->kept_block = NULL;
    }
    pool_give(&worker->pool, txn->request);
    txn->request = NULL;
}

static void message_give(struct edge_worker *worker, struct edge_txn *txn)
{
    pool_give(&worker->pool, txn->message);
    txn->message = NULL;
}

void txn_drop(struct edge_worker *worker, struct edge_txn *txn)
{
    if (txn->purpose == PURPOSE_PARKED) {
        worker->parked_count--;
    }
    wheel_stop(&worker->wheel, &txn->timer);
    destination_left(worker, txn, txn->machine.state == TXN_TERMINATED);
    map_remove(&worker->txn_by_key, txn->key, txn->index);
    flow_unlink(worker, txn);
    message_give(worker, txn);
    request_give(worker, txn);
    pool_give(&worker->pool, txn->early_tag);
    slab_give(&worker->txns, txn->index);
}

void txn_arm(struct edge_worker *worker, struct edge_txn *txn)
{
    int64_t at_us = txn->machine.deadline_us;
    if (txn->give_up_us != 0 && txn->give_up_us < at_us) {
        at_us = txn->give_up_us;
    }
    if (at_us == INT64_MAX) {
        wheel_stop(&worker->wheel, &txn->timer);
    } else {
        wheel_start(&worker->wheel, &txn->timer, at_us);
    }
}

unsigned txn_step(struct edge_worker *worker, struct edge_txn *txn, enum txn_event event,
                  int status)
{
    unsigned todo = txn_feed(&txn->machine, event, status, worker->now.mono_us);
    bool is_step_on = event == TXN_EV_RESPONSE || event == TXN_EV_SEND;
    uint32_t quarter = worker->txns.count_max / 4;
    if (is_step_on && worker->txns.count > quarter) {
        /* What comes later than that finds its way by the call (on_stray, answer_ended). */
        int64_t left_us = worker->txns.count > 2 * quarter ? 2 * TXN_T1_US : TXN_T4_US;
        txn_shorten(&txn->machine, left_us, worker->now.mono_us);
    }
    if (event == TXN_EV_RESPONSE) {
        flow_unlink(worker, txn);
        destination_heard(worker, txn);
        /* Answered; only a refused INVITE needs its request once more, for the ACK. */
        bool is_spent = txn->machine.state == TXN_ACCEPTED ||
                        (txn->machine.state == TXN_COMPLETED && txn->method != SIP_INVITE);
        if (is_spent) {
            message_give(worker, txn);
        }
    }
    /* An INVITE that is not wanted any more is not repeated: it must not ring a phone yet. */
    bool is_unwanted = txn->is_client && txn->method == SIP_INVITE && txn->is_cancelled;
    if ((todo & TXN_DO_RETRANSMIT) != 0 && txn->message != NULL && !is_unwanted &&
        destination_takes_repeat(worker, txn)) {
        worker_count(worker, EDGE_RETRANSMITS_OUT);
        if (txn->window_key != 0) {
            destination_sent(worker, txn);
        }
        send_to(worker, &txn->flow, pool_slice(txn->message));
    }
    if ((todo & TXN_DO_END) == 0) {
        txn_arm(worker, txn);
    }
    return todo;
}

void txn_send_response(struct edge_worker *worker, struct edge_txn *txn, int status,
                       struct slice response)
{
    if (response.size == 0) {
        return;
    }
    bool is_invite_2xx = txn->method == SIP_INVITE && status >= 200 && status < 300;
    struct pool_block *message = NULL;
    if (!is_invite_2xx) {
        /* A 2xx to INVITE is repeated by the phone that sent it, not by us (RFC 6026 7.1). */
        message = pool_copy(&worker->pool, response);
    }
    message_give(worker, txn);
    txn->message = message;
    send_to(worker, &txn->flow, response);
    unsigned todo = txn_step(worker, txn, TXN_EV_SEND, status);
    if (status >= 200) {
        request_give(worker, txn);
    }
    if ((todo & TXN_DO_END) != 0) {
        txn_drop(worker, txn);
    }
}

static bool is_given_up(const struct edge_worker *worker, const struct edge_txn *txn)
{
    return txn->give_up_us != 0 && worker->now.mono_us >= txn->give_up_us;
}

static void branch_timer(struct edge_worker *worker, struct edge_txn *txn, unsigned todo)
{
    struct call *call = call_at(worker, txn->call, txn->call_generation);
    bool has_given_up = is_given_up(worker, txn);
    if (call == NULL || txn->has_answered) {
        /* It stays until its own end: what still comes must be cancelled, or ACKed and ended. */
        if ((todo & TXN_DO_END) != 0 || has_given_up) {
            txn_drop(worker, txn);
        }
        return;
    }
    if ((todo & (TXN_DO_TIMEOUT | TXN_DO_FAILED)) != 0 || has_given_up) {
        branch_failed(worker, call, txn, (todo & TXN_DO_FAILED) != 0 ? 503 : 408, NULL);
    } else if ((todo & TXN_DO_END) != 0) {
        txn_drop(worker, txn);
    }
}

/* A re-INVITE may ring as long as an INVITE may (timer C, RFC 3261 16.8): then it is cancelled, and
 * given up where even that is not answered. */
static void relay_timer(struct edge_worker *worker, struct edge_txn *txn, unsigned todo)
{
    if ((todo & (TXN_DO_TIMEOUT | TXN_DO_FAILED)) != 0) {
        relay_failed(worker, txn, (todo & TXN_DO_FAILED) != 0 ? 503 : 408);
    } else if (is_given_up(worker, txn)) {
        if (!txn->is_cancelled) {
            txn->give_up_us = 0;
            branch_cancel(worker, txn);
            return;
        }
        relay_failed(worker, txn, 408);
        txn_drop(worker, txn);
        return;
    }
    if ((todo & TXN_DO_END) != 0) {
        txn_drop(worker, txn);
    }
}

static void client_timer(struct edge_worker *worker, struct edge_txn *txn, unsigned todo)
{
    bool has_failed = (todo & (TXN_DO_TIMEOUT | TXN_DO_FAILED)) != 0;
    switch ((enum txn_purpose)txn->purpose) {
    case PURPOSE_INVITE:
        branch_timer(worker, txn, todo);
        return;
    case PURPOSE_RELAY:
        relay_timer(worker, txn, todo);
        return;
    case PURPOSE_OWN_BYE:
    case PURPOSE_PROBE:
    case PURPOSE_OWN_CANCEL:
        if (has_failed) {
            on_own_response(worker, txn, 408);
        }
        break;
    case PURPOSE_NONE:
    case PURPOSE_PARKED:
        break;
    }
    if ((todo & TXN_DO_END) != 0) {
        txn_drop(worker, txn);
    }
}

static void server_timer(struct edge_worker *worker, struct edge_txn *txn, unsigned todo)
{
    if (txn->purpose == PURPOSE_PARKED) { /* its INVITE did not come */
        const struct sip_msg *request = txn_parsed(worker, txn->request);
        if (request != NULL) {
            reply_why(worker, request, &txn->source, 481, NULL, "no-transaction",
                      (struct slice){NULL, 0});
        }
        txn_drop(worker, txn);
        return;
    }
    if ((todo & TXN_DO_END) != 0) {
        txn_drop(worker, txn);
    }
}

void txn_timer(struct edge_worker *worker, struct edge_txn *txn)
{
    unsigned todo = 0;
    if (worker->now.mono_us >= txn->machine.deadline_us) {
        todo = txn_step(worker, txn, TXN_EV_TIMER, 0);
    } else if (!is_given_up(worker, txn)) {
        txn_arm(worker, txn);
        return;
    }
    if (txn->is_client) {
        client_timer(worker, txn, todo);
    } else {
        server_timer(worker, txn, todo);
    }
}
