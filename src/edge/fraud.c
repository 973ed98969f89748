#include "edge/worker.h"

#define MINUTE_US INT64_C(60000000)

/* Calls out, as evidence of fraud: counted by account where they are let go or refused by a limit;
 * told to people by edge_fraud_check. Nothing is refused for what is found here. */

void fraud_note_call(struct edge_worker *worker, const struct call *call, bool is_refused)
{
    struct velocity_table *table = worker->edge->velocity;
    if (table == NULL || call->step_count == 0 || call->is_inbound) {
        return;
    }
    struct velocity_call note = {.account_id = call->account_id,
                                 .number = call->callee,
                                 .is_hot = call->is_hot,
                                 .is_refused = is_refused,
                                 .price_micro = rate_price(&call->meter.rate, MINUTE_US)};
    velocity_note(table, &note, worker->now.mono_us);
}

void fraud_note_refusal(struct edge_worker *worker, const struct route_plan *plan)
{
    bool is_by_guard = plan->refusal == ROUTE_CLOSED || plan->refusal == ROUTE_TOO_DEAR;
    if (worker->edge->velocity == NULL || !is_by_guard) {
        return;
    }
    struct velocity_call note = {.account_id = plan->payer_account_id,
                                 .number = plan->number,
                                 .is_hot = plan->is_hot,
                                 .is_refused = true,
                                 .price_micro = rate_price(&plan->price, MINUTE_US)};
    velocity_note(worker->edge->velocity, &note, worker->now.mono_us);
}

static void suspect_json(struct edge *edge, const struct velocity_suspect *suspect,
                         const struct edge_time *now, struct buf *out)
{
    struct account account;
    buf_text(out, "{\"alert\":\"fraud.suspected\",\"severity\":\"critical\"");
    buf_json_i64(out, "account_id", (int64_t)suspect->account_id);
    if (directory_account(edge->directory, suspect->account_id, &account).is == TRI_PRESENT) {
        buf_json_text(out, "account", slice_from_text(account.name));
        buf_json_text(out, "currency", slice_from_text(account.currency));
    }
    buf_json_i64(out, "since_wall_us", now->wall_us - (now->mono_us - suspect->since_us));
    buf_json_bool(out, "is_at_limits", (suspect->why & VELOCITY_LIMITS) != 0);
    buf_json_bool(out, "is_hot", (suspect->why & VELOCITY_HOT) != 0);
    buf_json_bool(out, "is_sudden", (suspect->why & VELOCITY_SUDDEN) != 0);
    buf_json_i64(out, "calls_in_10s", suspect->call_count);
    buf_json_i64(out, "refused_in_10s", suspect->refused_count);
    buf_json_money(out, "money_a_minute", suspect->money_micro);
    buf_text(out, ",\"destinations\":[");
    for (int i = 0; i < suspect->prefix_count; i++) {
        buf_text(out, i == 0 ? "{" : ",{");
        buf_printf(out, "\"prefix\":\"%s\"", suspect->prefixes[i]);
        buf_json_i64(out, "calls", suspect->prefix_calls[i]);
        buf_char(out, '}');
    }
    buf_text(out, "]}");
}

static bool is_told(const struct fraud_told *told, uint64_t id)
{
    for (int i = 0; i < told->count; i++) {
        if (told->account_ids[i] == id) {
            return true;
        }
    }
    return false;
}

static void tell_over(uint64_t account_id, const struct edge_shell *shell)
{
    char text[64];
    struct buf json;
    buf_init(&json, text, sizeof(text));
    buf_printf(&json, "{\"account_id\":%llu}", (unsigned long long)account_id);
    shell->event(shell->ctx, "fraud.over", buf_done(&json));
}

void edge_fraud_check(struct edge *edge, struct fraud_told *told, const struct edge_time *now,
                      const struct edge_shell *shell)
{
    struct velocity_suspect suspects[FRAUD_ALERTS_MAX];
    struct fraud_told before = *told;
    if (edge->velocity == NULL) {
        return;
    }
    int count = velocity_suspects(edge->velocity, suspects, FRAUD_ALERTS_MAX, now->mono_us);
    told->count = 0;
    for (int i = 0; i < before.count; i++) {
        /* It may be one without being among so many that are listed. */
        if (velocity_is_suspect(edge->velocity, before.account_ids[i])) {
            told->account_ids[told->count++] = before.account_ids[i];
        } else {
            tell_over(before.account_ids[i], shell);
        }
    }
    for (int i = 0; i < count && told->count < FRAUD_ALERTS_MAX; i++) {
        char text[1024];
        struct buf json;
        if (!is_told(told, suspects[i].account_id)) {
            buf_init(&json, text, sizeof(text));
            suspect_json(edge, &suspects[i], now, &json);
            shell->event(shell->ctx, "fraud.suspected", buf_done(&json));
            told->account_ids[told->count++] = suspects[i].account_id;
        }
    }
}

void edge_alerts_json(struct edge *edge, const struct edge_time *now, struct buf *out)
{
    struct velocity_suspect suspects[FRAUD_ALERTS_MAX];
    int count = edge->velocity == NULL
                    ? 0
                    : velocity_suspects(edge->velocity, suspects, FRAUD_ALERTS_MAX, now->mono_us);
    buf_char(out, '[');
    for (int i = 0; i < count; i++) {
        if (i > 0) {
            buf_char(out, ',');
        }
        suspect_json(edge, &suspects[i], now, out);
    }
    buf_char(out, ']');
}
