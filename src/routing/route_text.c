#include "routing/route.h"

#include <stdio.h>

int route_hot_default(char hot[ROUTE_HOT_MAX][ROUTE_HOT_SIZE])
{
    /* Satellites and international networks, international premium rate, premium rate in 1. */
    static const char *const prefixes[] = {"881", "882", "883", "979", "1900"};
    for (size_t i = 0; i < ARRAY_COUNT(prefixes); i++) {
        snprintf(hot[i], ROUTE_HOT_SIZE, "%s", prefixes[i]);
    }
    return (int)ARRAY_COUNT(prefixes);
}

int route_refusal_status(enum route_refusal refusal)
{
    switch (refusal) {
    case ROUTE_OK:
        return 200;
    case ROUTE_UNKNOWN:
    case ROUTE_BAD_MARGIN:
        return 503;
    case ROUTE_NO_SUCH_NUMBER:
    case ROUTE_NO_ROUTE:
        return 404;
    case ROUTE_BAD_NUMBER:
        return 484;
    case ROUTE_NO_RATE:
    case ROUTE_SUSPENDED:
    case ROUTE_NOT_PERMITTED:
    case ROUTE_CLOSED:
    case ROUTE_TOO_DEAR:
        return 403;
    }
    return 500;
}

const char *route_refusal_name(enum route_refusal refusal)
{
    switch (refusal) {
    case ROUTE_OK:
        return "ok";
    case ROUTE_UNKNOWN:
        return "unknown";
    case ROUTE_NO_SUCH_NUMBER:
        return "no-such-number";
    case ROUTE_BAD_NUMBER:
        return "bad-number";
    case ROUTE_NO_ROUTE:
        return "no-route";
    case ROUTE_NO_RATE:
        return "no-rate";
    case ROUTE_SUSPENDED:
        return "suspended";
    case ROUTE_NOT_PERMITTED:
        return "not-permitted";
    case ROUTE_BAD_MARGIN:
        return "bad-margin";
    case ROUTE_CLOSED:
        return "destination-closed";
    case ROUTE_TOO_DEAR:
        return "price-ceiling";
    }
    return "unknown";
}

static const char *kind_name(enum route_kind kind)
{
    switch (kind) {
    case ROUTE_NOWHERE:
        return "nowhere";
    case ROUTE_TO_ENDPOINT:
        return "endpoint";
    case ROUTE_TO_TRUNKS:
        return "trunks";
    }
    return "nowhere";
}

static void write_text(struct buf *out, const char *name, const char *text)
{
    buf_json_text(out, name, slice_from_text(text));
}

static void write_rate_steps(struct buf *out, const struct rate *rate)
{
    buf_json_key(out, "steps");
    buf_char(out, '[');
    for (int i = 0; i < rate->step_count; i++) {
        char text[MONEY_TEXT_SIZE];
        struct buf per_minute;
        buf_init(&per_minute, text, sizeof(text));
        money_write_nano(&per_minute, rate->step_nano[i]);
        buf_text(out, i > 0 ? ",{" : "{");
        buf_json_i64(out, "from_second", rate->step_from_s[i]);
        buf_json_text(out, "per_minute", buf_done(&per_minute));
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

static void write_rate(struct buf *out, const char *name, const struct rate *rate)
{
    char text[MONEY_TEXT_SIZE];
    struct buf per_minute;
    buf_init(&per_minute, text, sizeof(text));
    money_write_nano(&per_minute, rate->nano_per_min);
    buf_json_key(out, name);
    buf_char(out, '{');
    buf_json_text(out, "per_minute", buf_done(&per_minute));
    buf_json_money(out, "connection_fee", rate->fee_micro);
    write_text(out, "currency", rate->currency);
    buf_json_i64(out, "first_increment", rate->first_s);
    buf_json_i64(out, "next_increment", rate->next_s);
    buf_json_money(out, "minimum_charge", rate->minimum_micro);
    buf_json_i64(out, "free_seconds", rate->free_s);
    write_rate_steps(out, rate);
    buf_json_i64(out, "deck", rate->deck_id);
    buf_json_i64(out, "deck_version", rate->deck_version);
    write_text(out, "prefix", rate->prefix);
    buf_char(out, '}');
}

static void write_destination(struct buf *out, const struct route_plan *plan)
{
    buf_json_key(out, "destination");
    buf_char(out, '{');
    write_text(out, "kind", kind_name(plan->kind));
    if (plan->kind == ROUTE_TO_ENDPOINT) {
        write_text(out, "user", plan->user);
        buf_json_i64(out, "account", (int64_t)plan->callee_account_id);
    }
    buf_char(out, '}');
}

static void write_steps(struct buf *out, const struct route_plan *plan)
{
    buf_json_key(out, "steps");
    buf_char(out, '[');
    for (int i = 0; i < plan->step_count; i++) {
        const struct route_step *step = &plan->steps[i];
        buf_text(out, i > 0 ? ",{" : "{");
        buf_json_i64(out, "trunk", (int64_t)step->trunk_id);
        write_text(out, "number", step->number);
        if (step->has_cost) {
            write_rate(out, "cost", &step->cost);
        }
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

void route_plan_write_json(struct buf *out, const struct route_plan *plan)
{
    write_text(out, "result", route_refusal_name(plan->refusal));
    write_text(out, "why", plan->why);
    if (plan->refusal != ROUTE_OK) {
        buf_json_i64(out, "status", route_refusal_status(plan->refusal));
        buf_json_i64(out, "evidence_version", (int64_t)plan->evidence_version);
    }
    buf_json_bool(out, "is_emergency", plan->is_emergency);
    buf_json_bool(out, "is_inbound", plan->is_inbound);
    if (plan->payer_account_id != 0) {
        buf_json_key(out, "payer");
        buf_char(out, '{');
        buf_json_i64(out, "account", (int64_t)plan->payer_account_id);
        write_text(out, "name", plan->payer.name);
        write_text(out, "currency", plan->payer.currency);
        buf_char(out, '}');
    }
    write_text(out, "number", plan->number);
    write_destination(out, plan);
    if (plan->refusal == ROUTE_OK) {
        write_rate(out, "price", &plan->price);
    }
    write_steps(out, plan);
}
