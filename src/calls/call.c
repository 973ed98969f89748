#include "calls/call.h"

#include <stdio.h>
#include <string.h>

const char *call_state_name(enum call_state state)
{
    switch (state) {
    case CALL_FREE:
        return "free";
    case CALL_WAITING:
        return "waiting";
    case CALL_TRYING:
        return "trying";
    case CALL_RINGING:
        return "ringing";
    case CALL_ANSWERED:
        return "answered";
    case CALL_ENDING:
        return "ending";
    case CALL_OVER:
        return "over";
    }
    return "?";
}

static struct slice append(char **at, struct slice s)
{
    if (s.size > 0) {
        memcpy(*at, s.data, s.size);
    }
    struct slice copy = slice_make(*at, s.size);
    *at += s.size;
    return copy;
}

bool call_side_set(struct pool *pool, struct call_side *side, struct slice address,
                   struct slice tag, struct slice target, struct slice routes)
{
    size_t size = address.size + tag.size + target.size + routes.size;
    struct pool_block *texts = size > CALL_SIDE_SIZE_MAX ? NULL : pool_take(pool, size);
    if (texts == NULL) {
        return false;
    }
    char *at = texts->data;
    side->address = append(&at, address);
    side->tag = append(&at, tag);
    side->target = append(&at, target);
    side->routes = append(&at, routes);
    pool_give(pool, side->texts); /* after the copies: they may come from it */
    side->texts = texts;
    return true;
}

void call_side_done(struct pool *pool, struct call_side *side)
{
    pool_give(pool, side->texts);
    memset(side, 0, sizeof(*side));
}

int64_t call_talk_us(const struct call *call, int64_t now_us)
{
    if (call->answered_us == 0 || now_us < call->answered_us) {
        return 0;
    }
    return now_us - call->answered_us;
}

void call_usage(const struct call *call, int64_t wall_end_us, struct usage *out)
{
    memset(out, 0, sizeof(*out));
    out->account_id = call->account_id;
    out->rate = call->meter.rate;
    out->trunk_id = call->trunk_id;
    out->has_cost = call->has_cost;
    out->cost_rate = call->cost;
    out->wall_start_us = call->wall_start_us;
    out->wall_answer_us = call->wall_answer_us;
    out->wall_end_us = wall_end_us;
    if (call->first_ring_us > call->started_us) {
        out->pdd_ms = (uint32_t)((call->first_ring_us - call->started_us) / 1000);
    }
    out->status = call->status;
    out->end = call->end;
    out->call_slot = call->index;
    out->call_key = call->key;
    out->part = call->partial_count;
    unsigned flags = 0;
    flags |= call->is_emergency ? USAGE_EMERGENCY : 0u;
    flags |= call->is_inbound ? USAGE_INBOUND : 0u;
    flags |= call->is_on_net ? USAGE_ON_NET : 0u;
    flags |= call->meter.is_on_grace ? USAGE_ON_GRACE : 0u;
    flags |= call->answered_us != 0 ? USAGE_ANSWERED : 0u;
    out->flags = (uint16_t)flags;
    struct slice call_id = slice_head(pool_slice(call->call_id), sizeof(out->call_id) - 1);
    memcpy(out->call_id, call_id.data, call_id.size);
    memcpy(out->caller, call->caller, sizeof(out->caller));
    memcpy(out->callee, call->callee, sizeof(out->callee));
    text_copy(out->reason, sizeof(out->reason), call->reason);
}

struct __attribute__((packed)) flow_packed { /* as it is written */
    uint8_t address[16];
    uint16_t port;
    uint8_t transport, listener;
    uint64_t connection;
};

static struct flow_packed flow_pack(const struct call_flow *flow)
{
    struct flow_packed packed = {.port = flow->port,
                                 .transport = flow->transport,
                                 .listener = flow->listener,
                                 .connection = flow->connection};
    memcpy(packed.address, flow->address, sizeof(packed.address));
    return packed;
}

static void flow_encode(struct buf *out, const struct call_flow *flow)
{
    struct flow_packed packed = flow_pack(flow);
    WIRE_PUT_ALL(out, packed);
}

static void flow_decode(struct wire_reader *in, struct call_flow *flow)
{
    wire_get(in, flow->address, sizeof(flow->address));
    flow->port = wire_get_u16(in);
    flow->transport = wire_get_u8(in);
    flow->listener = wire_get_u8(in);
    flow->connection = wire_get_u64(in);
}

#define FLOW_ENCODED_SIZE sizeof(struct flow_packed)

bool call_sent_add(struct pool *pool, struct call *call, const struct call_flow *to,
                   struct slice request)
{
    struct slice before = pool_slice(call->sent);
    size_t size = before.size + FLOW_ENCODED_SIZE + 2 + request.size;
    struct pool_block *block = pool_take(pool, size);
    if (block == NULL) {
        return false;
    }
    struct buf out;
    buf_init(&out, block->data, size);
    buf_slice(&out, before);
    flow_encode(&out, to);
    wire_put_slice(&out, request);
    if (out.is_full) {
        pool_give(pool, block);
        return false;
    }
    pool_give(pool, call->sent);
    call->sent = block;
    return true;
}

bool call_sent_next(struct slice *rest, struct call_flow *to, struct slice *request)
{
    if (rest->size == 0) {
        return false;
    }
    struct wire_reader in = {.rest = *rest};
    flow_decode(&in, to);
    *request = wire_get_slice(&in);
    *rest = in.rest;
    return !in.is_bad;
}

static void side_encode(struct buf *out, const struct call_side *side)
{
    wire_put_slice(out, side->address);
    wire_put_slice(out, side->tag);
    wire_put_slice(out, side->target);
    wire_put_slice(out, side->routes);
    const struct __attribute__((packed)) {
        struct flow_packed flow;
        uint32_t cseq_sent, cseq_offset;
        uint64_t trunk_id;
        uint8_t is_reachable_by_uri;
    } numbers = {flow_pack(&side->flow), side->cseq_sent, side->cseq_offset, side->trunk_id,
                 side->is_reachable_by_uri};
    WIRE_PUT_ALL(out, numbers);
}

static bool side_decode(struct wire_reader *in, struct pool *pool, struct call_side *side)
{
    struct slice address = wire_get_slice(in);
    struct slice tag = wire_get_slice(in);
    struct slice target = wire_get_slice(in);
    struct slice routes = wire_get_slice(in);
    flow_decode(in, &side->flow);
    side->cseq_sent = wire_get_u32(in);
    side->cseq_offset = side->invite_offset = wire_get_u32(in);
    side->trunk_id = wire_get_u64(in);
    side->is_reachable_by_uri = wire_get_u8(in) != 0;
    return !in->is_bad && call_side_set(pool, side, address, tag, target, routes);
}

void call_encode(struct buf *out, const struct call *call, int64_t wall_now_us, int64_t now_us)
{
    wire_put_u64(out, call->key);
    wire_put_u8(out, call->state);
    wire_put_u8(out, (uint8_t)(call->is_emergency | call->is_inbound << 1 | call->is_on_net << 2 |
                               call->has_ack << 3 | call->has_cost << 4 | call->is_unmetered << 5));
    wire_put_slice(out, pool_slice(call->call_id));
    side_encode(out, &call->sides[SIDE_A]);
    side_encode(out, &call->sides[SIDE_B]);
    wire_put_u64(out, call->account_id);
    rate_encode(out, &call->meter.rate);
    wire_put_i64(out, call->meter.charged_micro);
    rate_encode(out, &call->cost);
    wire_put_u64(out, call->trunk_id);
    wire_put_slice(out, slice_from_text(call->caller));
    wire_put_slice(out, slice_from_text(call->callee));
    wire_put_slice(out, slice_from_text(call->user));
    const struct __attribute__((packed)) {
        uint16_t status, partial_count;
        int64_t partial_talk_us, wall_start_us, wall_answer_us;
        int64_t wall_answered_us; /* on the monotonic clock, as seen from the wall clock of now */
        int64_t pdd_us, wall_heard_us;
    } numbers = {.status = call->status,
                 .partial_count = call->partial_count,
                 .partial_talk_us = call->partial_talk_us,
                 .wall_start_us = call->wall_start_us,
                 .wall_answer_us = call->wall_answer_us,
                 .wall_answered_us =
                     call->answered_us == 0 ? 0 : wall_now_us - (now_us - call->answered_us),
                 .pdd_us = call->first_ring_us == 0 ? 0 : call->first_ring_us - call->started_us,
                 .wall_heard_us = wall_now_us - (now_us - call->heard_us)};
    WIRE_PUT_ALL(out, numbers);
    wire_put_slice(out, pool_slice(call->sent));
    wire_put_i64(out, wall_now_us);
    wire_put_i64(out, now_us);
}

/* What the wall clock would show now if nobody had set it since the record was written. While the
 * machine runs, the monotonic clock tells; one that shows less than the record began anew with a
 * reboot, and then there is only the wall clock. One that has passed the record after a reboot
 * makes talk look shorter than it was, never longer. Older records do not say. */
static int64_t wall_now_unset(struct wire_reader *in, int64_t wall_now_us, int64_t now_us)
{
    if (in->rest.size == 0) {
        return wall_now_us;
    }
    int64_t wall_then_us = wire_get_i64(in);
    int64_t then_us = wire_get_i64(in);
    return now_us >= then_us ? wall_then_us + (now_us - then_us) : wall_now_us;
}

static int64_t to_mono(int64_t wall_us, int64_t wall_now_us, int64_t now_us)
{
    if (wall_us == 0) {
        return 0;
    }
    int64_t ago_us = wall_now_us - wall_us;
    if (ago_us < 0) { /* the wall clock was set back meanwhile */
        ago_us = 0;
    }
    /* Before the monotonic clock began (a reboot) is fine: times may be negative, but 0 means
     * "not answered". */
    return now_us - ago_us == 0 ? 1 : now_us - ago_us;
}

bool call_decode(struct slice record, struct pool *pool, struct call *call, int64_t wall_now_us,
                 int64_t now_us)
{
    struct wire_reader in = {.rest = record};
    call->key = wire_get_u64(&in);
    call->state = wire_get_u8(&in);
    uint8_t flags = wire_get_u8(&in);
    call->is_emergency = (flags & 1) != 0;
    call->is_inbound = (flags & 2) != 0;
    call->is_on_net = (flags & 4) != 0;
    call->has_ack = (flags & 8) != 0;
    call->has_cost = (flags & 16) != 0;
    call->is_unmetered = (flags & 32) != 0;
    struct slice call_id = wire_get_slice(&in);
    call->call_id = pool_copy(pool, call_id);
    bool is_whole = call->call_id != NULL && side_decode(&in, pool, &call->sides[SIDE_A]) &&
                    side_decode(&in, pool, &call->sides[SIDE_B]);
    call->account_id = wire_get_u64(&in);
    rate_decode(&in, &call->meter.rate);
    call->meter.charged_micro = wire_get_i64(&in);
    rate_decode(&in, &call->cost);
    call->trunk_id = wire_get_u64(&in);
    wire_get_text(&in, call->caller, sizeof(call->caller));
    wire_get_text(&in, call->callee, sizeof(call->callee));
    wire_get_text(&in, call->user, sizeof(call->user));
    call->status = wire_get_u16(&in);
    call->partial_count = wire_get_u16(&in);
    call->partial_talk_us = wire_get_i64(&in);
    call->wall_start_us = wire_get_i64(&in);
    call->wall_answer_us = wire_get_i64(&in);
    int64_t answered_wall_us = wire_get_i64(&in);
    int64_t pdd_us = wire_get_i64(&in);
    int64_t heard_wall_us = wire_get_i64(&in);
    struct slice sent = wire_get_slice(&in);
    int64_t wall_us = wall_now_unset(&in, wall_now_us, now_us);
    call->answered_us = to_mono(answered_wall_us, wall_us, now_us);
    call->started_us = to_mono(call->wall_start_us, wall_us, now_us);
    call->first_ring_us = pdd_us == 0 ? 0 : call->started_us + pdd_us;
    call->heard_us = to_mono(heard_wall_us, wall_us, now_us);
    if (sent.size > 0) {
        call->sent = pool_copy(pool, sent);
    }
    is_whole =
        is_whole && !in.is_bad && call->key != 0 &&
        (call->state == CALL_ANSWERED || call->state == CALL_TRYING || call->state == CALL_RINGING);
    if (!is_whole) {
        pool_give(pool, call->call_id);
        call_side_done(pool, &call->sides[SIDE_A]);
        call_side_done(pool, &call->sides[SIDE_B]);
        pool_give(pool, call->sent);
        memset(call, 0, sizeof(*call));
    }
    return is_whole;
}

bool call_record_key(struct slice record, uint64_t *key)
{
    struct wire_reader in = {.rest = record};
    uint64_t value = wire_get_u64(&in);
    if (in.is_bad || value == 0) {
        return false;
    }
    *key = value;
    return true;
}
