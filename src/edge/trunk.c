#include "edge/worker.h"

#include "base/address.h"

#include <stdio.h>
#include <string.h>

/* The targets of a trunk in the order that this call tries them: what is written as an address is
 * one. Returns their count. */
static int trunk_targets(struct edge_worker *worker, const struct call *call,
                         const struct trunk *trunk, struct target out[TARGETS_MAX])
{
    memset(&out[0], 0, sizeof(out[0]));
    out[0].port = trunk->port == 0 ? 5060 : trunk->port;
    if (address_parse(slice_from_text(trunk->host), out[0].address)) {
        return 1;
    }
    int count = 0;
    struct edge_host ask = {.name = trunk->host,
                            .port = trunk->port,
                            .is_tcp = trunk->transport == TRUNK_TCP,
                            .seed = call->key};
    struct tri found = worker->shell.resolve(worker->shell.ctx, &ask, out, &count);
    return found.is == TRI_PRESENT ? count : 0;
}

/* The call's next target of that trunk that a listener of ours reaches. False: none is left. */
static bool next_target(struct edge_worker *worker, struct call *call, const struct trunk *trunk,
                        struct reg_flow *out)
{
    struct target targets[TARGETS_MAX];
    int count = trunk_targets(worker, call, trunk, targets);
    while (call->target_at < count) {
        const struct target *target = &targets[call->target_at++];
        struct reg_flow flow = {.port = target->port,
                                .transport = trunk->transport == TRUNK_TCP ? REG_TCP : REG_UDP};
        memcpy(flow.address, target->address, sizeof(flow.address));
        int listener = listener_for(worker->edge, &flow);
        if (listener >= 0) {
            flow.listener = (uint8_t)listener;
            *out = flow;
            return true;
        }
    }
    return false;
}

static bool has_channel(struct edge_worker *worker, const struct call *call,
                        const struct trunk *trunk)
{
    if (call->is_emergency || call->channel_id == trunk->id || trunk->channels_max == NO_LIMIT ||
        trunk->id >= EDGE_TRUNK_IDS) {
        return true;
    }
    return atomic_load_explicit(&worker->edge->trunk_calls[trunk->id], memory_order_relaxed) <
           trunk->channels_max;
}

/* The number to present: in P-Asserted-Identity, since the carrier trusts us (RFC 3325). */
static void identity_line(struct edge_worker *worker, const struct call *call,
                          const struct trunk *trunk, struct buf *out)
{
    const char *number = call->identity[0] != '\0' ? call->identity : trunk->identity;
    if (number[0] == '\0') {
        return;
    }
    buf_text(out, "P-Asserted-Identity: <sip:+");
    buf_text(out, number);
    buf_char(out, '@');
    buf_text(out, worker->edge->settings.domain);
    buf_text(out, ">\r\n");
}

/* Sends the call to one trunk; `auth` holds credentials for it after a challenge, or is empty. */
static bool try_trunk(struct edge_worker *worker, struct call *call, const struct trunk *trunk,
                      const struct reg_flow *to, int step, struct slice auth)
{
    struct edge_txn *invite = call_invite_txn(worker, call);
    const struct sip_msg *msg = invite == NULL ? NULL : txn_parsed(worker, invite->request);
    if (msg == NULL) {
        return false;
    }
    char host[ADDRESS_TEXT_SIZE];
    char uri[256];
    struct buf target;
    buf_init(&target, uri, sizeof(uri));
    buf_text(&target, "sip:");
    buf_text(&target, call->steps[step].number);
    buf_char(&target, '@');
    struct slice host_text = address_write(to->address, host);
    if (flow_is_ipv6(to)) {
        buf_char(&target, '[');
    }
    buf_slice(&target, host_text);
    if (flow_is_ipv6(to)) {
        buf_char(&target, ']');
    }
    buf_char(&target, ':');
    buf_u64(&target, to->port);
    if (to->transport == REG_TCP) {
        buf_text(&target, ";transport=tcp");
    }
    char lines[2048];
    struct buf extra;
    buf_init(&extra, lines, sizeof(lines));
    identity_line(worker, call, trunk, &extra);
    buf_slice(&extra, auth);
    char branch[56];
    token_branch(worker, call->key, branch);
    struct forward forward = {.uri = buf_done(&target),
                              .from = &invite->source,
                              .to = to,
                              .branch = branch,
                              .has_record_route = true,
                              .call_key = call->key,
                              .cseq_add = call->sides[SIDE_B].cseq_offset,
                              .lines = buf_done(&extra),
                              .is_from_endpoint = call->sides[SIDE_A].trunk_id == 0,
                              .replaces_routes = true};
    struct outgoing out = {0};
    if (target.is_full || extra.is_full || !branch_write(worker, call, msg, &forward, &out)) {
        return false;
    }
    call->state = CALL_TRYING;
    call_journal(worker, call);
    struct edge_txn *txn = branch_send(worker, call, &out, step);
    if (txn == NULL) {
        return false;
    }
    call_channel(worker, call, trunk->id); /* ringing takes one as well as talking */
    txn->trunk_id = trunk->id;
    txn->has_tried_auth = auth.size > 0;
    call->step_at_us = worker->now.mono_us + worker->edge->settings.trunk_silence_us;
    return true;
}

static void leave_step(struct call *call)
{
    call->step_at++;
    call->target_at = 0;
    call->has_start = false;
}

/* One call a second of the trunk for all of its targets that this call tries. */
static bool takes_start(struct edge_worker *worker, struct call *call, const struct trunk *trunk)
{
    call->has_start = call->has_start || trunk_start_take(worker, call, trunk);
    return call->has_start;
}

bool trunk_next(struct edge_worker *worker, struct call *call, struct refusal *why)
{
    const struct trunk_set *set = directory_trunks(worker->edge->directory);
    while (call->step_at < call->step_count) {
        int step = call->step_at;
        const struct trunk *trunk = trunk_set_by_id(set, call->steps[step].trunk_id);
        struct reg_flow to;
        if (trunk == NULL || trunk->is_disabled || !next_target(worker, call, trunk, &to)) {
            leave_step(call);
            continue;
        }
        if (!destination_takes(worker, call, &to)) {
            *why = (struct refusal){500, "destination-busy", NULL, 0, DESTINATION_BUSY_S};
            continue;
        }
        if (!has_channel(worker, call, trunk) || !takes_start(worker, call, trunk)) {
            worker_count(worker, EDGE_TRUNK_LIMITED);
            *why = (struct refusal){503, "trunk-limit", NULL, trunk->version, 1};
            leave_step(call);
            continue;
        }
        call->sides[SIDE_B].cseq_offset = 0;
        if (try_trunk(worker, call, trunk, &to, step, (struct slice){NULL, 0})) {
            return true;
        }
    }
    return false;
}

bool trunk_answer_write(struct edge_worker *worker, const struct edge_txn *txn,
                        const struct sip_msg *response, struct buf *out)
{
    const struct trunk *trunk =
        trunk_set_by_id(directory_trunks(worker->edge->directory), txn->trunk_id);
    if (trunk == NULL || trunk->auth_user[0] == '\0' || txn->message == NULL) {
        return false;
    }
    const char *at = pool_slice(txn->message).data;
    struct slice line = pool_slice(txn->message);
    const char *uri = memchr(at, ' ', line.size);
    const char *end = uri == NULL ? NULL : memchr(uri + 1, ' ', line.size - (size_t)(uri + 1 - at));
    if (end == NULL) {
        return false;
    }
    char cnonce[17];
    snprintf(cnonce, sizeof(cnonce), "%016llx", (unsigned long long)rng_u64(&worker->rng));
    struct slice method = slice_from_text(sip_method_name((enum sip_method)txn->method));
    return digest_answer_write(worker->digest, out, response, slice_from_text(trunk->auth_user),
                               slice_from_text(trunk->auth_password), method,
                               slice_make(uri + 1, (size_t)(end - uri - 1)), 1,
                               slice_make(cnonce, 16)) &&
           !out->is_full;
}

/* A carrier that wants digest gets it: the same INVITE with CSeq + 1, an offset from now on. */
bool branch_authenticate(struct edge_worker *worker, struct call *call, struct edge_txn *txn,
                         const struct sip_msg *response)
{
    char auth[1024];
    struct buf out;
    buf_init(&out, auth, sizeof(auth));
    const struct trunk *trunk =
        txn->step < 0 ? NULL
                      : trunk_set_by_id(directory_trunks(worker->edge->directory), txn->trunk_id);
    if (trunk == NULL || txn->has_tried_auth || txn->is_cancelled ||
        !trunk_answer_write(worker, txn, response, &out)) {
        return false;
    }
    struct reg_flow to = txn->flow;
    int step = txn->step;
    call->sides[SIDE_B].cseq_offset++;
    if (!try_trunk(worker, call, trunk, &to, step, buf_done(&out))) {
        call->sides[SIDE_B].cseq_offset--;
        return false;
    }
    branch_detach(worker, call, txn);
    call_arm(worker, call);
    return true;
}

/* A call that somebody gave up says nothing of the trunk. The delay is known of the first trunk
 * that a call tried: what came before it is none of the later ones'. */
void trunk_note(struct edge_worker *worker, const struct call *call, const struct edge_txn *txn,
                bool is_answered)
{
    if (txn->step < 0 || txn->is_cancelled || txn->trunk_id >= EDGE_TRUNK_IDS) {
        return;
    }
    bool has_delay = txn->step == 0 && call->first_ring_us != 0;
    int64_t delay_us = call->first_ring_us - call->started_us;
    int64_t delay_ms = has_delay ? delay_us / 1000 : -1;
    quality_note(&worker->edge->trunk_quality[txn->trunk_id], is_answered, delay_ms);
    quality_note(&worker->edge->trunk_news[txn->trunk_id], is_answered, delay_ms);
}
