#include "edge/worker.h"

/* What keeps one bad destination from taking everybody's room: windows of unanswered INVITEs, and
 * the calls a second that a trunk agreed to. Emergency calls pass both. */

bool destination_takes(struct edge_worker *worker, const struct call *call,
                       const struct reg_flow *to)
{
    if (call->is_emergency) {
        return true;
    }
    switch (window_ask(worker->windows, txn_flow_hash(worker, to), worker->now.mono_us)) {
    case WINDOW_OPEN:
    case WINDOW_PROBE:
        return true;
    case WINDOW_FULL:
    case WINDOW_SUSPECT:
        break;
    }
    worker_count(worker, EDGE_DESTINATION_BUSY);
    return false;
}

void destination_sent(struct edge_worker *worker, struct edge_txn *txn)
{
    uint64_t key = txn->window_key != 0 ? txn->window_key : txn_flow_hash(worker, &txn->flow);
    txn->window_key = key;
    if (window_sent(worker->windows, key, worker->now.mono_us)) {
        txn->window_count++;
    }
}

/* To a suspect only one message goes in a second, a repeat as well as a new call. */
bool destination_takes_repeat(struct edge_worker *worker, const struct edge_txn *txn)
{
    if (txn->window_key == 0) {
        return true;
    }
    switch (window_ask(worker->windows, txn->window_key, worker->now.mono_us)) {
    case WINDOW_OPEN:
    case WINDOW_PROBE:
    case WINDOW_FULL: /* it has its place there */
        return true;
    case WINDOW_SUSPECT:
        break;
    }
    return false;
}

void destination_heard(struct edge_worker *worker, struct edge_txn *txn)
{
    if (txn->window_key != 0) {
        window_answered(worker->windows, txn->window_key, txn->window_count, worker->now.mono_us);
        txn->window_count = 0;
    }
}

void destination_left(struct edge_worker *worker, struct edge_txn *txn, bool is_silent)
{
    if (txn->window_count == 0) {
        return;
    }
    if (is_silent) {
        window_silent(worker->windows, txn->window_key, txn->window_count, worker->now.mono_us);
    } else {
        window_withdrawn(worker->windows, txn->window_key, txn->window_count, worker->now.mono_us);
    }
    txn->window_count = 0;
}

/* A bucket that holds one second's worth of calls and drains steadily; all workers share it. */
static bool bucket_take(_Atomic int64_t *full_until_us, int32_t cps_max, int64_t now_us)
{
    const int64_t second_us = 1000000;
    if (cps_max <= 0) {
        return cps_max < 0;
    }
    int64_t step_us = second_us / cps_max;
    int64_t before_us = atomic_load_explicit(full_until_us, memory_order_relaxed);
    int64_t after_us;
    do {
        after_us = (before_us > now_us ? before_us : now_us) + step_us;
        if (after_us > now_us + second_us) {
            return false;
        }
    } while (!atomic_compare_exchange_weak_explicit(full_until_us, &before_us, after_us,
                                                    memory_order_relaxed, memory_order_relaxed));
    return true;
}

bool trunk_start_take(struct edge_worker *worker, const struct call *call,
                      const struct trunk *trunk)
{
    if (call->is_emergency || trunk->id >= EDGE_TRUNK_IDS) {
        return true;
    }
    return bucket_take(&worker->edge->trunk_starts_us[trunk->id], trunk->cps_max,
                       worker->now.mono_us);
}
