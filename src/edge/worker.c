#include "edge/worker.h"

#include "sip/glance.h"

#include <stdlib.h>
#include <string.h>

const char *edge_count_name(enum edge_count count)
{
    static const char *const names[EDGE_COUNT_COUNT] = {
        [EDGE_IN] = "messages_in",
        [EDGE_IN_BAD] = "messages_bad",
        [EDGE_OUT] = "messages_out",
        [EDGE_REGISTER_OK] = "register_ok",
        [EDGE_REGISTER_REFUSED] = "register_refused",
        [EDGE_CHALLENGES] = "challenges",
        [EDGE_AUTH_FAILED] = "auth_failed",
        [EDGE_STALE] = "auth_stale",
        [EDGE_INVITES] = "invites",
        [EDGE_CALLS_STARTED] = "calls_started",
        [EDGE_CALLS_ANSWERED] = "calls_answered",
        [EDGE_CALLS_ENDED] = "calls_ended",
        [EDGE_CALLS_CUT] = "calls_cut",
        [EDGE_REFUSED_MONEY] = "refused_money",
        [EDGE_REFUSED_UNKNOWN] = "refused_unknown",
        [EDGE_REFUSED_LIMIT] = "refused_limit",
        [EDGE_REFUSED_STATE] = "refused_state",
        [EDGE_REFUSED_ROUTE] = "refused_route",
        [EDGE_FULL] = "refused_full",
        [EDGE_RETRANSMITS_IN] = "retransmits_in",
        [EDGE_RETRANSMITS_OUT] = "retransmits_out",
        [EDGE_STRAYS] = "strays",
        [EDGE_TRUNK_FAILOVERS] = "trunk_failovers",
        [EDGE_TRUNK_LIMITED] = "trunk_limited",
        [EDGE_DESTINATION_BUSY] = "destination_busy",
        [EDGE_ESTIMATED] = "calls_estimated",
        [EDGE_EMERGENCIES] = "emergency_calls",
        [EDGE_BANS] = "bans",
        [EDGE_BANNED] = "dropped_banned",
        [EDGE_BROKEN_UNANSWERED] = "broken_unanswered",
    };
    return names[count];
}

/* One thread writes, others read: no read-modify-write is needed. */
void worker_count(struct edge_worker *worker, enum edge_count count)
{
    uint64_t value = atomic_load_explicit(&worker->counts[count], memory_order_relaxed);
    atomic_store_explicit(&worker->counts[count], value + 1, memory_order_relaxed);
}

uint64_t edge_counted(const struct edge_worker *worker, enum edge_count count)
{
    return atomic_load_explicit(&worker->counts[count], memory_order_relaxed);
}

bool has_listener(const struct edge_worker *worker)
{
    return worker->shell.has_listener == NULL || worker->shell.has_listener(worker->shell.ctx);
}

struct edge_worker *edge_worker_new(struct edge *edge, int index, const struct edge_shell *shell,
                                    uint64_t seed, int64_t now_us)
{
    struct edge_worker *worker = calloc(1, sizeof(*worker));
    if (worker == NULL) {
        return NULL;
    }
    const struct edge_settings *settings = &edge->settings;
    worker->edge = edge;
    worker->index = index;
    worker->shell = *shell;
    worker->now.mono_us = now_us;
    rng_init(&worker->rng, seed);
    wheel_init(&worker->wheel, now_us);
    pool_init(&worker->pool, settings->memory_max);
    worker->digest = digest_context_new();
    struct window_terms windows = window_terms_default();
    worker->windows = window_table_new(&windows, WINDOW_COUNT_MAX);
    bool is_whole = worker->digest != NULL && worker->windows != NULL &&
                    slab_init(&worker->txns, sizeof(struct edge_txn), settings->txn_count_max) &&
                    slab_init(&worker->calls, sizeof(struct call), settings->call_count_max) &&
                    map_init(&worker->txn_by_key, settings->txn_count_max) &&
                    map_init(&worker->txn_by_flow, settings->txn_count_max) &&
                    map_init(&worker->call_by_id, settings->call_count_max) &&
                    map_init(&worker->call_by_key, settings->call_count_max);
    if (!is_whole) {
        edge_worker_free(worker);
        return NULL;
    }
    return worker;
}

void edge_worker_free(struct edge_worker *worker)
{
    if (worker == NULL) {
        return;
    }
    digest_context_free(worker->digest);
    window_table_free(worker->windows);
    slab_done(&worker->txns);
    slab_done(&worker->calls);
    map_done(&worker->txn_by_key);
    map_done(&worker->txn_by_flow);
    map_done(&worker->call_by_id);
    map_done(&worker->call_by_key);
    pool_done(&worker->pool);
    free(worker);
}

uint64_t call_id_hash(const struct edge *edge, struct slice call_id)
{
    return hash_slice(edge->settings.hash_seed, call_id) | 1;
}

static int owner_of(const struct edge *edge, struct slice call_id)
{
    uint64_t hash = call_id_hash(edge, call_id);
    return (int)((hash >> 8) % (uint64_t)edge->settings.worker_count);
}

int edge_owner(const struct edge *edge, const struct sip_msg *msg)
{
    if (edge->settings.worker_count <= 1) {
        return EDGE_ANY;
    }
    if (msg->is_request && msg->to.tag.size == 0 &&
        (msg->method == SIP_REGISTER || msg->method == SIP_OPTIONS)) {
        return EDGE_ANY;
    }
    return owner_of(edge, msg->call_id);
}

int edge_owner_early(const struct edge *edge, struct slice bytes)
{
    if (edge->settings.worker_count <= 1 || slice_starts_with(bytes, SLICE("REGISTER")) ||
        slice_starts_with(bytes, SLICE("OPTIONS"))) {
        return EDGE_ANY;
    }
    struct slice call_id = sip_glance_call_id(bytes);
    return call_id.size == 0 ? EDGE_ANY : owner_of(edge, call_id);
}

static void answer_broken(struct edge_worker *worker, const struct sip_msg *msg,
                          enum sip_parse result, const struct reg_flow *from)
{
    worker_count(worker, EDGE_IN_BAD);
    if (!msg->is_answerable || !msg->is_request || msg->method == SIP_ACK) {
        return;
    }
    if (!admit_may_answer_broken(worker, from)) {
        return;
    }
    int status = 400;
    const char *phrase = sip_parse_phrase(result);
    const char *token = "malformed";
    if (result == SIP_BAD_VERSION) {
        status = 505;
        phrase = NULL;
        token = "sip-version";
    } else if (result == SIP_BAD_SCHEME) {
        status = 416;
        phrase = NULL;
        token = "uri-scheme";
    }
    reply_why(worker, msg, from, status, phrase, token, (struct slice){NULL, 0});
}

static void on_options(struct edge_worker *worker, const struct sip_msg *msg,
                       const struct reg_flow *from)
{
    if (!require_check(worker, msg, from, true)) {
        return;
    }
    if (msg->max_forwards == 0 ||
        (is_own_uri(worker->edge, &msg->uri) && msg->uri.user.size == 0)) {
        admit_probe(worker, msg, from, BAN_PING);
        reply_stateless(
            worker, msg, from, 200, NULL,
            SLICE("Accept: application/sdp\r\nAllow: INVITE, ACK, CANCEL, BYE, OPTIONS, "
                  "REGISTER, PRACK, UPDATE, INFO, REFER, NOTIFY, MESSAGE\r\n"));
        return;
    }
    admit_probe(worker, msg, from, BAN_PROBE);
    reply_why(worker, msg, from, 405, NULL, "method-not-served",
              SLICE("Allow: INVITE, ACK, CANCEL, BYE\r\n"));
}

/* Default deny: a method that nothing below serves is refused. */
static void on_request(struct edge_worker *worker, const struct sip_msg *msg,
                       const struct reg_flow *from)
{
    bool is_in_dialog = msg->to.tag.size > 0;
    switch (msg->method) {
    case SIP_ACK:
        on_ack(worker, msg, from);
        return;
    case SIP_CANCEL:
        on_cancel(worker, msg, from);
        return;
    case SIP_REGISTER:
        on_register(worker, msg, from);
        return;
    case SIP_INVITE:
        if (is_in_dialog) {
            on_in_dialog(worker, msg, from);
        } else {
            on_invite(worker, msg, from);
        }
        return;
    case SIP_OPTIONS:
        if (is_in_dialog) {
            on_in_dialog(worker, msg, from);
        } else {
            on_options(worker, msg, from);
        }
        return;
    case SIP_BYE:
    case SIP_INFO:
    case SIP_MESSAGE:
    case SIP_NOTIFY:
    case SIP_PRACK:
    case SIP_REFER:
    case SIP_SUBSCRIBE:
    case SIP_UPDATE:
    case SIP_PUBLISH:
    case SIP_METHOD_OTHER:
        break;
    }
    if (is_in_dialog) {
        on_in_dialog(worker, msg, from);
        return;
    }
    if (msg->method == SIP_BYE || msg->method == SIP_PRACK || msg->method == SIP_UPDATE) {
        reply_why(worker, msg, from, 481, NULL, "no-dialog", (struct slice){NULL, 0});
        return;
    }
    admit_probe(worker, msg, from, BAN_PROBE);
    reply_why(worker, msg, from, msg->method == SIP_METHOD_OTHER ? 501 : 405, NULL,
              "method-not-served",
              SLICE("Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, PRACK, UPDATE, INFO, "
                    "REFER, NOTIFY, MESSAGE\r\n"));
}

void edge_message(struct edge_worker *worker, const struct sip_msg *msg, enum sip_parse result,
                  const struct reg_flow *from, const struct edge_time *now)
{
    worker->now = *now;
    worker_count(worker, EDGE_IN);
    if (result == SIP_EMPTY) {
        return;
    }
    if (result != SIP_OK) {
        answer_broken(worker, msg, result, from);
    } else if (msg->is_request) {
        on_request(worker, msg, from);
    } else {
        on_response(worker, msg, from);
    }
    worker->kept_block = NULL;
    worker->named_msg = NULL;
}

void edge_tick(struct edge_worker *worker, const struct edge_time *now)
{
    worker->now = *now;
    struct wheel_timer *timer;
    while ((timer = wheel_expire(&worker->wheel, now->mono_us)) != NULL) {
        if (timer->kind == TIMER_TXN) {
            struct edge_txn *txn = slab_at(&worker->txns, timer->index);
            if (txn != NULL) {
                txn_timer(worker, txn);
            }
        } else {
            struct call *call = slab_at(&worker->calls, timer->index);
            if (call != NULL) {
                call_timer(worker, call);
            }
        }
    }
    atomic_store_explicit(&worker->txn_count, worker->txns.count, memory_order_relaxed);
    atomic_store_explicit(&worker->memory_size, worker->pool.memory_size, memory_order_relaxed);
}

int64_t edge_deadline(const struct edge_worker *worker)
{
    return wheel_deadline(&worker->wheel);
}

void edge_wake(struct edge_worker *worker, uint32_t index, uint32_t generation,
               const struct edge_time *now)
{
    worker->now = *now;
    struct call *call = call_at(worker, index, generation);
    if (call == NULL) {
        return;
    }
    if (call->state == CALL_WAITING) {
        call_try_meter(worker, call, NULL, false);
    } else if (call->state == CALL_ANSWERED) {
        call_renew(worker, call);
    }
}

#define UNREACHABLE_MAX 256 /* at a turn: the others' own timers end them */

static void fail_txn(struct edge_worker *worker, struct edge_txn *txn)
{
    unsigned todo = txn_step(worker, txn, TXN_EV_TRANSPORT_ERROR, 0);
    struct call *call = call_at(worker, txn->call, txn->call_generation);
    if (txn->purpose == PURPOSE_INVITE && call != NULL) {
        branch_failed(worker, call, txn, 503, NULL);
        return;
    }
    if (txn->purpose == PURPOSE_RELAY) {
        relay_failed(worker, txn, 503);
    } else if (txn->purpose != PURPOSE_INVITE) {
        on_own_response(worker, txn, 408); /* a closed port is no proof of life */
    }
    if ((todo & TXN_DO_END) != 0) {
        txn_drop(worker, txn);
    }
}

void edge_unreachable(struct edge_worker *worker, const struct reg_flow *to,
                      const struct edge_time *now)
{
    worker->now = *now;
    uint32_t found[UNREACHABLE_MAX];
    uint32_t generations[UNREACHABLE_MAX];
    int count = 0;
    struct map_cursor cursor;
    uint32_t first = map_first(&worker->txn_by_flow, txn_flow_hash(worker, to), &cursor);
    for (uint32_t i = first; i != SLAB_NONE && count < UNREACHABLE_MAX;) {
        const struct edge_txn *txn = slab_at(&worker->txns, i);
        if (flow_equal(&txn->flow, to)) {
            found[count] = i;
            generations[count++] = slab_generation(&worker->txns, i);
        }
        i = txn->flow_next;
    }
    for (int i = 0; i < count; i++) {
        struct edge_txn *txn = txn_at(worker, found[i], generations[i]);
        if (txn != NULL) { /* the failure of another may have ended it */
            fail_txn(worker, txn);
        }
    }
}

struct tri edge_end_call(struct edge_worker *worker, uint64_t key, const char *actor,
                         const struct edge_time *now)
{
    worker->now = *now;
    struct call *call = call_by_key(worker, key);
    if (call == NULL || call->state == CALL_ENDING || call->state == CALL_OVER) {
        return (struct tri){TRI_ABSENT};
    }
    (void)actor;
    call_end(worker, call, USAGE_END_OPERATOR, 480, "ended-by-operator", "Ended by the operator");
    return (struct tri){TRI_PRESENT};
}
