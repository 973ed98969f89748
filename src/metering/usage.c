#include "metering/usage.h"

#define USAGE_FORMAT 1

static void times_encode(struct buf *out, const struct usage *usage)
{
    wire_put_i64(out, usage->talk_from_us);
    wire_put_i64(out, usage->talk_to_us);
    wire_put_i64(out, usage->wall_start_us);
    wire_put_i64(out, usage->wall_answer_us);
    wire_put_i64(out, usage->wall_end_us);
    wire_put_u32(out, usage->pdd_ms);
}

static void times_decode(struct wire_reader *in, struct usage *usage)
{
    usage->talk_from_us = wire_get_i64(in);
    usage->talk_to_us = wire_get_i64(in);
    usage->wall_start_us = wire_get_i64(in);
    usage->wall_answer_us = wire_get_i64(in);
    usage->wall_end_us = wire_get_i64(in);
    usage->pdd_ms = wire_get_u32(in);
}

void usage_encode(struct buf *out, const struct usage *usage)
{
    wire_put_u8(out, USAGE_FORMAT);
    wire_put_u64(out, usage->sequence);
    wire_put_u64(out, usage->account_id);
    wire_put_i64(out, usage->charge_micro);
    wire_put_i64(out, usage->ended_micro);
    rate_encode(out, &usage->rate);
    wire_put_u64(out, usage->trunk_id);
    wire_put_u8(out, usage->has_cost ? 1 : 0);
    if (usage->has_cost) {
        rate_encode(out, &usage->cost_rate);
    }
    wire_put_i64(out, usage->cost_micro);
    times_encode(out, usage);
    wire_put_u16(out, usage->status);
    wire_put_u16(out, usage->flags);
    wire_put_u8(out, usage->end);
    wire_put_u32(out, usage->call_slot);
    wire_put_u64(out, usage->call_key);
    wire_put_u16(out, usage->part);
    wire_put_slice(out, slice_from_text(usage->call_id));
    wire_put_slice(out, slice_from_text(usage->caller));
    wire_put_slice(out, slice_from_text(usage->callee));
    wire_put_slice(out, slice_from_text(usage->reason));
}

bool usage_decode(struct slice record, struct usage *out)
{
    struct wire_reader in = {.rest = record};
    struct usage usage = {0};
    if (wire_get_u8(&in) != USAGE_FORMAT) {
        return false;
    }
    usage.sequence = wire_get_u64(&in);
    usage.account_id = wire_get_u64(&in);
    usage.charge_micro = wire_get_i64(&in);
    usage.ended_micro = wire_get_i64(&in);
    rate_decode(&in, &usage.rate);
    usage.trunk_id = wire_get_u64(&in);
    usage.has_cost = wire_get_u8(&in) != 0;
    if (usage.has_cost) {
        rate_decode(&in, &usage.cost_rate);
    }
    usage.cost_micro = wire_get_i64(&in);
    times_decode(&in, &usage);
    usage.status = wire_get_u16(&in);
    usage.flags = wire_get_u16(&in);
    usage.end = wire_get_u8(&in);
    usage.call_slot = wire_get_u32(&in);
    usage.call_key = wire_get_u64(&in);
    usage.part = wire_get_u16(&in);
    wire_get_text(&in, usage.call_id, sizeof(usage.call_id));
    wire_get_text(&in, usage.caller, sizeof(usage.caller));
    wire_get_text(&in, usage.callee, sizeof(usage.callee));
    wire_get_text(&in, usage.reason, sizeof(usage.reason));
    if (in.is_bad || in.rest.size != 0 || usage.end > USAGE_END_RESTART) {
        return false;
    }
    *out = usage;
    return true;
}

const char *usage_end_name(enum usage_end end)
{
    switch (end) {
    case USAGE_END_UNKNOWN:
        return "unknown";
    case USAGE_END_CALLER:
        return "caller";
    case USAGE_END_CALLEE:
        return "callee";
    case USAGE_END_CREDIT:
        return "credit";
    case USAGE_END_OPERATOR:
        return "operator";
    case USAGE_END_DURATION:
        return "duration";
    case USAGE_END_TIMEOUT:
        return "timeout";
    case USAGE_END_FAILED:
        return "failed";
    case USAGE_END_RESTART:
        return "restart";
    }
    return "unknown";
}
