#include "edge/worker.h"

#include "base/address.h"

#include <string.h>

bool flow_is_ipv6(const struct reg_flow *flow)
{
    return !address_is_ipv4(flow->address);
}

bool flow_is_stream(const struct reg_flow *flow)
{
    return flow->transport != REG_UDP;
}

bool flow_equal(const struct reg_flow *a, const struct reg_flow *b)
{
    return a->port == b->port && a->transport == b->transport && a->connection == b->connection &&
           memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

/* Where the response to a request goes: back where it came from, at the port that the Via asks for
 * (RFC 3261 18.2.2, RFC 3581 4). */
void reply_flow(const struct sip_msg *request, const struct reg_flow *from, struct reg_flow *out)
{
    *out = *from;
    if (flow_is_stream(from) || request->via.rport.size > 0) {
        return;
    }
    out->port = request->via.port != 0 ? request->via.port : 5060;
}

void send_to(struct edge_worker *worker, const struct reg_flow *to, struct slice message)
{
    if (message.size == 0) {
        return;
    }
    worker_count(worker, EDGE_OUT);
    worker->shell.send(worker->shell.ctx, to, message);
}

static struct slice write_reply(struct edge_worker *worker, const struct sip_msg *request,
                                const struct reg_flow *from, int status, const char *phrase,
                                struct slice lines)
{
    char tag[TOKEN_TAG_SIZE];
    char host[ADDRESS_TEXT_SIZE];
    struct sip_response response = {
        .status = status,
        .reason = slice_from_text(phrase),
        .lines = lines,
        .source_host = address_write(from->address, host),
        .source_port = from->port,
    };
    if (status > 100 && request->to.tag.size == 0) {
        token_tag_write(worker->edge, request->via.branch, request->call_id, request->from.tag,
                        request->cseq, tag);
        response.to_tag = slice_make(tag, sizeof(tag));
    }
    struct buf out;
    buf_init(&out, worker->out, sizeof(worker->out));
    sip_response_write(&out, request, &response);
    return out.is_full ? (struct slice){NULL, 0} : buf_done(&out);
}

void reply_stateless(struct edge_worker *worker, const struct sip_msg *request,
                     const struct reg_flow *from, int status, const char *phrase,
                     struct slice lines)
{
    if (request->method == SIP_ACK) {
        return;
    }
    struct reg_flow to;
    reply_flow(request, from, &to);
    send_to(worker, &to, write_reply(worker, request, from, status, phrase, lines));
}

void reply_txn(struct edge_worker *worker, struct edge_txn *txn, int status, const char *phrase,
               struct slice lines)
{
    const struct sip_msg *request = txn_parsed(worker, txn->request);
    if (request == NULL) {
        return;
    }
    txn_send_response(worker, txn, status,
                      write_reply(worker, request, &txn->source, status, phrase, lines));
}

void refusal_lines(struct buf *out, const struct refusal *refusal)
{
    if (refusal->retry_after_s > 0) {
        buf_text(out, "Retry-After: ");
        buf_i64(out, refusal->retry_after_s);
        buf_text(out, "\r\n");
    }
    /* RFC 3326; X-Reason is for programs: a token, and the evidence's version. */
    buf_text(out, "Reason: SIP;cause=");
    buf_i64(out, refusal->status);
    buf_text(out, ";text=\"");
    buf_text(out, refusal->token);
    buf_text(out, "\"\r\nX-Reason: ");
    buf_text(out, refusal->token);
    if (refusal->version != 0) {
        buf_text(out, ";version=");
        buf_u64(out, refusal->version);
    }
    buf_text(out, "\r\n");
}

void reply_why(struct edge_worker *worker, const struct sip_msg *request,
               const struct reg_flow *from, int status, const char *phrase, const char *token,
               struct slice more)
{
    const struct refusal refusal = {.status = status, .token = token};
    struct buf lines;
    buf_init(&lines, worker->scratch, sizeof(worker->scratch));
    refusal_lines(&lines, &refusal);
    buf_slice(&lines, more);
    reply_stateless(worker, request, from, status, phrase, buf_done(&lines));
}

void refuse_stateless(struct edge_worker *worker, const struct sip_msg *request,
                      const struct reg_flow *from, const struct refusal *refusal)
{
    struct buf lines;
    buf_init(&lines, worker->scratch, sizeof(worker->scratch));
    refusal_lines(&lines, refusal);
    reply_stateless(worker, request, from, refusal->status, NULL, buf_done(&lines));
}

void refusal_event(struct edge_worker *worker, const struct sip_msg *request,
                   const struct refusal *refusal, uint64_t account_id, const char *caller,
                   const char *callee)
{
    struct buf json;
    buf_init(&json, worker->event, sizeof(worker->event));
    buf_char(&json, '{');
    buf_json_i64(&json, "wall_us", worker->now.wall_us);
    buf_json_i64(&json, "account_id", (int64_t)account_id);
    buf_json_text(&json, "caller", slice_from_text(caller));
    buf_json_text(&json, "callee", slice_from_text(callee));
    buf_json_text(&json, "call_id", slice_head(request->call_id, 256));
    buf_json_i64(&json, "status", refusal->status);
    buf_json_text(&json, "reason", slice_from_text(refusal->token));
    if (refusal->why != NULL && refusal->why[0] != '\0') {
        buf_json_text(&json, "why", slice_from_text(refusal->why));
    }
    if (refusal->version != 0) {
        buf_json_i64(&json, "version", (int64_t)refusal->version);
    }
    buf_char(&json, '}');
    worker->shell.event(worker->shell.ctx, "refusal", buf_done(&json));
}
