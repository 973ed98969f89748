#include "edge/worker.h"

#include "routing/country.h"

#include <string.h>

#define MINUTE_US INT64_C(60000000)

static bool is_in_progress(const struct call *call)
{
    return call->state == CALL_WAITING || call->state == CALL_TRYING ||
           call->state == CALL_RINGING || call->state == CALL_ANSWERED;
}

static void call_json(struct edge_worker *worker, struct call *call, const struct edge_time *now,
                      struct buf *out)
{
    int64_t talk_us = call_talk_us(call, now->mono_us);
    const struct rate *rate = &call->meter.rate;
    buf_printf(out, "{\"key\":\"%016llx\"", (unsigned long long)call->key);
    buf_json_text(out, "state", slice_from_text(call_state_name(call->state)));
    buf_json_text(out, "call_id", pool_slice(call->call_id));
    buf_json_text(out, "caller", slice_from_text(call->caller));
    buf_json_text(out, "callee", slice_from_text(call->callee));
    buf_json_i64(out, "account_id", (int64_t)call->account_id);
    buf_json_i64(out, "trunk_id", (int64_t)call->trunk_id);
    buf_json_i64(out, "wall_start_us", call->wall_start_us);
    buf_json_i64(out, "wall_answer_us", call->wall_answer_us);
    buf_json_i64(out, "talk_us", talk_us);
    char price[MONEY_TEXT_SIZE];
    struct buf text;
    buf_init(&text, price, sizeof(price));
    money_write_nano(&text, rate->nano_per_min);
    buf_json_text(out, "price_per_min", buf_done(&text));
    buf_json_text(out, "currency", slice_from_text(rate->currency));
    int64_t cost_micro = call->answered_us == 0 ? 0 : rate_price(rate, talk_us);
    buf_json_money(out, "cost", cost_micro);
    int64_t until_us = meter_paid_until(worker->edge->meters, &call->meter);
    bool is_paid_by_time = call->state == CALL_ANSWERED && !call->meter.is_free;
    buf_json_money(out, "held", meter_held(worker->edge->meters, &call->meter, now->mono_us));
    struct meter_view lease;
    if (call->account_id != 0 && !call->is_unmetered &&
        meter_look(worker->edge->meters, call->account_id, now->mono_us, &lease).is ==
            TRI_PRESENT) {
        buf_json_money(out, "left", lease.granted_micro - lease.returned_micro - lease.used_micro);
    }
    if (is_paid_by_time) {
        buf_json_i64(out, "paid_until_us", until_us == INT64_MAX ? -1 : until_us - now->mono_us);
    }
    buf_json_bool(out, "is_emergency", call->is_emergency);
    buf_json_bool(out, "is_inbound", call->is_inbound);
    buf_json_bool(out, "is_on_net", call->is_on_net);
    buf_char(out, '}');
}

bool edge_calls_json(struct edge_worker *worker, uint32_t *at, uint64_t account_id,
                     const struct edge_time *now, struct buf *out)
{
    for (uint32_t i = slab_next(&worker->calls, *at); i != SLAB_NONE;
         i = slab_next(&worker->calls, i + 1)) {
        struct call *call = slab_at(&worker->calls, i);
        if (!is_in_progress(call) || (account_id != 0 && call->account_id != account_id)) {
            *at = i + 1;
            continue;
        }
        size_t before = out->size;
        if (before > 0) {
            buf_char(out, ',');
        }
        call_json(worker, call, now, out);
        if (out->is_full) {
            out->size = before;
            out->is_full = false;
            *at = i;
            return true;
        }
        *at = i + 1;
    }
    return false;
}

static void exposure_of(struct edge_worker *worker, const struct call *call,
                        const struct edge_time *now, struct exposure_call *out)
{
    const struct rate *rate = &call->meter.rate;
    memset(out, 0, sizeof(*out));
    out->account_id = call->account_id;
    out->trunk_id = call->trunk_id;
    out->is_answered = call->state == CALL_ANSWERED;
    out->held_micro = meter_held(worker->edge->meters, &call->meter, now->mono_us);
    if (out->is_answered) {
        int64_t talk_us = call_talk_us(call, now->mono_us);
        out->cost_micro = rate_price(rate, talk_us);
        out->minute_micro = rate_price(rate, talk_us + MINUTE_US) - out->cost_micro;
    }
    memcpy(out->currency, rate->currency, sizeof(out->currency));
    memcpy(out->prefix, rate->prefix, sizeof(out->prefix));
    struct slice number = slice_from_text(call->callee);
    const struct country *country =
        country_of(slice_starts_with(number, SLICE("+")) ? slice_skip(number, 1) : number);
    if (country != NULL && !call->is_on_net) {
        memcpy(out->region, country->region, strlen(country->region));
    }
}

int edge_exposure(struct edge_worker *worker, uint32_t *at, const struct edge_time *now,
                  struct exposure_call *out, int max)
{
    int count = 0;
    for (uint32_t i = slab_next(&worker->calls, *at); i != SLAB_NONE && count < max;
         i = slab_next(&worker->calls, i + 1)) {
        const struct call *call = slab_at(&worker->calls, i);
        if (is_in_progress(call)) {
            exposure_of(worker, call, now, &out[count++]);
        }
        *at = i + 1;
    }
    return count;
}

void edge_sum(const struct edge_worker *worker, struct edge_totals *out)
{
    for (int i = 0; i < EDGE_COUNT_COUNT; i++) {
        out->counts[i] = atomic_load_explicit(&worker->counts[i], memory_order_relaxed);
    }
    out->calls_open = atomic_load_explicit(&worker->calls_open, memory_order_relaxed);
    out->calls_answered = atomic_load_explicit(&worker->calls_answered, memory_order_relaxed);
    out->txns = atomic_load_explicit(&worker->txn_count, memory_order_relaxed);
    out->memory_size = atomic_load_explicit(&worker->memory_size, memory_order_relaxed);
}
