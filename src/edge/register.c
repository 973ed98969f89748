#include "edge/worker.h"

#include <string.h>

static void presence(struct edge_worker *worker, uint64_t account_id, int change)
{
    struct account account;
    struct tri known = directory_account(worker->edge->directory, account_id, &account);
    if (known.is == TRI_PRESENT) {
        meter_presence(worker->edge->meters, &account, change, worker->now.mono_us);
    }
}

static void answer(struct edge_worker *worker, const struct sip_msg *msg,
                   const struct reg_flow *from, enum reg_result result, struct slice lines)
{
    char text[64];
    struct buf buf;
    buf_init(&buf, text, sizeof(text));
    switch (result) {
    case REG_DONE:
    case REG_REPEATED:
        worker_count(worker, EDGE_REGISTER_OK);
        reply_stateless(worker, msg, from, 200, NULL, lines);
        return;
    case REG_OUT_OF_ORDER:
        reply_stateless(worker, msg, from, 500, "Out Of Order", (struct slice){NULL, 0});
        break;
    case REG_TOO_BRIEF:
        reply_stateless(worker, msg, from, 423, NULL, lines);
        break;
    case REG_TOO_MANY: {
        struct refusal refusal = {.status = 403, .token = "too-many-contacts"};
        refuse_stateless(worker, msg, from, &refusal);
        break;
    }
    case REG_BAD_CONTACT:
        reply_why(worker, msg, from, 400, "Bad Contact", "bad-contact", (struct slice){NULL, 0});
        break;
    case REG_FULL:
    case REG_UNKNOWN: {
        struct refusal refusal = {.status = 503, .token = "registrar-full", .retry_after_s = 30};
        refuse_stateless(worker, msg, from, &refusal);
        break;
    }
    }
    worker_count(worker, EDGE_REGISTER_REFUSED);
}

void on_register(struct edge_worker *worker, const struct sip_msg *msg, const struct reg_flow *from)
{
    struct caller caller;
    /* A To of an unknown scheme is nobody's address here, whoever asks (RFC 3261 10.3 step 5). */
    if (!is_own_uri(worker->edge, &msg->uri) || msg->to.uri.scheme == SIP_SCHEME_OTHER) {
        struct refusal refusal = {.status = 404,
                                  .token = "not-our-domain",
                                  .why = "the Request-URI names neither the domain nor an address "
                                         "of this edge"};
        admit_probe(worker, msg, from, BAN_PROBE);
        refuse_stateless(worker, msg, from, &refusal);
        return;
    }
    if (!require_check(worker, msg, from, true) ||
        !trust_caller(worker, msg, from, true, &caller)) {
        return;
    }
    char user[ENDPOINT_USER_SIZE];
    if (!sip_uri_user(&msg->to.uri, user, sizeof(user)) ||
        !is_own_uri(worker->edge, &msg->to.uri) || strcmp(user, caller.user) != 0) {
        struct refusal refusal = {.status = 403, .token = "not-your-address"};
        worker_count(worker, EDGE_REGISTER_REFUSED);
        refuse_stateless(worker, msg, from, &refusal);
        return;
    }
    struct buf lines;
    char block[8192];
    buf_init(&lines, block, sizeof(block));
    struct reg_now now = {worker->now.mono_us, worker->now.wall_us};
    struct reg_answer changed;
    memset(&changed, 0, sizeof(changed));
    enum reg_result result = registrar_register(worker->edge->registrar, slice_from_text(user),
                                                caller.endpoint.account_id, msg, from, now,
                                                rng_u64(&worker->rng), &lines, &changed);
    if (result == REG_TOO_BRIEF && lines.size == 0) {
        buf_text(&lines, "Min-Expires: ");
        buf_i64(&lines, worker->edge->settings.expires_min_s);
        buf_text(&lines, "\r\n");
    }
    answer(worker, msg, from, result, buf_done(&lines));
    if (result == REG_DONE && changed.refresh_only == 0) { /* else it is known by this flow */
        edge_know(worker->edge, slice_from_text(user), from);
    }
    if (changed.change != 0) {
        presence(worker, caller.endpoint.account_id, changed.change);
    }
    if (changed.change != 0 && has_listener(worker)) {
        struct buf json;
        buf_init(&json, worker->event, sizeof(worker->event));
        buf_char(&json, '{');
        buf_json_text(&json, "user", slice_from_text(user));
        buf_json_i64(&json, "account_id", (int64_t)caller.endpoint.account_id);
        buf_json_i64(&json, "bindings", changed.contact_count);
        buf_char(&json, '}');
        worker->shell.event(worker->shell.ctx, changed.change > 0 ? "registered" : "unregistered",
                            buf_done(&json));
    }
}
