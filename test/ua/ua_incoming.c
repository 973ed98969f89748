#include "ua_internal.h"

#include "base/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RING_AT_ONCE_US 0
#define ANSWER_AFTER_US 1000000

static struct ua_rule rule_for(const struct ua *ua, struct slice user)
{
    struct ua_rule best = {.ring_after_us = RING_AT_ONCE_US, .answer_after_us = ANSWER_AFTER_US};
    size_t best_size = 0;
    bool has_best = false;
    for (int i = 0; i < ua->rule_count; i++) {
        struct slice suffix = slice_from_text(ua->rules[i].suffix);
        if (suffix.size > user.size || (has_best && suffix.size < best_size) ||
            !slice_equal(slice_skip(user, user.size - suffix.size), suffix)) {
            continue;
        }
        best = ua->rules[i];
        best_size = suffix.size;
        has_best = true;
    }
    return best;
}

/* The kept INVITE, parsed again. One at a time: the engine runs on one thread at a time. */
static const struct sip_msg *invite_of(const struct ua_call *call)
{
    static _Thread_local struct sip_msg msg;
    if (call->invite.size == 0 ||
        sip_msg_parse(slice_make(call->invite.data, call->invite.size), &msg) != SIP_OK) {
        return NULL;
    }
    return &msg;
}

static struct ua_server *server_of(struct ua *ua, const struct ua_call *call)
{
    if (call->server < 0) {
        return NULL;
    }
    struct ua_server *server = &ua->servers[call->server];
    return server->is_used && server->call == ua_call_index(ua, call) &&
                   server->generation == call->generation
               ? server
               : NULL;
}

/* Sends a response to the call's INVITE; one that must be sent again until it is acknowledged
 * (a 2xx, RFC 3261 13.3.1.4; a reliable 18x, RFC 3262 3) is kept. */
static void invite_answer(struct ua *ua, struct ua_call *call, int status, bool has_sdp,
                          bool is_reliable)
{
    const struct sip_msg *invite = invite_of(call);
    struct ua_server *server = server_of(ua, call);
    if (invite == NULL || server == NULL) {
        return;
    }
    char text[1000], line_text[100];
    struct buf body, lines;
    buf_init(&body, text, sizeof(text));
    buf_init(&lines, line_text, sizeof(line_text));
    if (has_sdp) {
        ua_sdp_write(ua, call, &body);
    }
    if (is_reliable) {
        call->rseq++;
        buf_printf(&lines, "Require: 100rel\r\nRSeq: %u\r\n", call->rseq);
    }
    ua_respond(ua, server, invite, status, call->local_tag, buf_done(&lines), buf_done(&body));
    if (status / 100 == 2 || is_reliable) {
        ua_text_set(&call->answer, slice_make(server->sent.data, server->sent.size));
        call->answer_to = server->to;
        call->answer_flow = server->flow;
        call->is_reliable_pending = is_reliable;
        call->resend_interval_us = TXN_T1_US;
        call->resend_at_us = ua->now_us + TXN_T1_US;
        call->give_up_at_us = ua->now_us + 64 * TXN_T1_US;
    }
}

void ua_incoming_answer(struct ua *ua, struct ua_call *call)
{
    call->ring_at_us = call->answer_at_us = UA_NEVER;
    if (call->is_reliable_pending) { /* RFC 3262 3: the offer's answer must be settled first */
        call->is_answer_due = true;
        return;
    }
    call->state = UA_TALKING;
    ua->stats.answered_in++;
    invite_answer(ua, call, 200, true, false);
    struct ua_event event = {
        .kind = UA_EV_ANSWERED, .call = ua_call_index(ua, call), .is_by_us = true, .status = 200};
    memcpy(event.peer, call->peer, sizeof(event.peer));
    ua_tell(ua, &event);
}

void ua_incoming_refuse(struct ua *ua, struct ua_call *call, int status)
{
    invite_answer(ua, call, status, false, false);
    ua->stats.missed++;
    struct ua_event event = {
        .kind = UA_EV_MISSED, .call = ua_call_index(ua, call), .status = status};
    memcpy(event.peer, call->peer, sizeof(event.peer));
    ua_call_over(ua, call);
    ua_tell(ua, &event);
}

static void resend(struct ua *ua, struct ua_call *call)
{
    if (call->give_up_at_us <= ua->now_us) {
        call->resend_at_us = call->give_up_at_us = UA_NEVER;
        if (call->is_reliable_pending) {
            call->is_reliable_pending = false;
            ua_incoming_refuse(ua, call, 504);
        } else if (call->state == UA_TALKING) { /* never ACKed */
            ua->stats.unacked++;
            ua_bye_send(ua, call);
            ua_call_ended(ua, call, true, NULL);
        }
        return;
    }
    ua_send_bytes(ua, slice_make(call->answer.data, call->answer.size), &call->answer_to,
                  call->answer_flow);
    call->resend_interval_us *= 2;
    if (call->resend_interval_us > TXN_T2_US) {
        call->resend_interval_us = TXN_T2_US;
    }
    call->resend_at_us = ua->now_us + call->resend_interval_us;
}

void ua_incoming_tick(struct ua *ua, struct ua_call *call)
{
    if (call->is_caller && call->state != UA_TALKING) {
        return;
    }
    if (call->resend_at_us <= ua->now_us || call->give_up_at_us <= ua->now_us) {
        resend(ua, call);
    }
    if (call->state != UA_INCOMING) {
        return;
    }
    if (call->ring_at_us <= ua->now_us) {
        call->ring_at_us = UA_NEVER;
        const struct sip_msg *invite = invite_of(call);
        bool is_reliable = call->rule.is_reliable && invite != NULL &&
                           (sip_msg_has_token(invite, SIP_H_SUPPORTED, "100rel") ||
                            sip_msg_has_token(invite, SIP_H_REQUIRE, "100rel"));
        invite_answer(ua, call, call->rule.has_early_media ? 183 : 180, call->rule.has_early_media,
                      is_reliable);
    }
    if (call->answer_at_us <= ua->now_us) {
        call->answer_at_us = UA_NEVER;
        if (call->rule.how == UA_REJECT) {
            ua_incoming_refuse(ua, call, call->rule.status);
        } else if (call->rule.how == UA_ANSWER) {
            ua_incoming_answer(ua, call);
        }
    }
}

/* A response without a dialog or with one that needs nothing kept. */
static void respond(struct ua *ua, const struct sip_msg *msg, const struct ua_address *from,
                    uint64_t flow, int status, const char *tag, struct slice lines,
                    struct slice body)
{
    struct ua_server *server = ua_server_start(ua, msg, from, flow);
    if (server != NULL) {
        ua_respond(ua, server, msg, status, tag, lines, body);
    }
}

static void user_copy(char *field, size_t size, const struct sip_address *address)
{
    ua_copy(field, size, address->uri.user);
}

/* 407 unless the credentials that this gateway wants are there. True: it was answered. */
static bool challenged(struct ua *ua, const struct sip_msg *msg, const struct ua_address *from,
                       uint64_t flow)
{
    if (ua->config.wants_user[0] == 0) {
        return false;
    }
    struct slice realm = slice_from_text(ua->config.domain);
    struct digest_credentials credentials;
    struct digest_ha1 ha1;
    struct digest_window window = {0};
    int64_t now_s = ua->now_us / 1000000;
    digest_ha1_make(ua->digest, slice_from_text(ua->config.wants_user), realm,
                    slice_from_text(ua->config.wants_password), &ha1);
    enum digest_verdict verdict = digest_credentials_find(msg, true, realm, &credentials);
    if (verdict == DIGEST_OK &&
        slice_equal(credentials.username, slice_from_text(ua->config.wants_user))) {
        verdict = digest_verify(ua->digest, &credentials, &ha1, msg->method_text, &ua->keys, now_s,
                                3600, &window);
        if (verdict == DIGEST_OK) {
            return false;
        }
    }
    char text[900];
    struct buf lines;
    buf_init(&lines, text, sizeof(text));
    digest_challenge_write(ua->digest, &lines, true, realm, &ua->keys, now_s, rng_u64(&ua->rng),
                           verdict == DIGEST_STALE, DIGEST_OFFER_MD5_FIRST);
    respond(ua, msg, from, flow, 407, "challenge", buf_done(&lines), (struct slice){0});
    return true;
}

/* The dialog as the INVITE describes it (RFC 3261 12.1.1). */
static void dialog_from_invite(struct ua *ua, struct ua_call *call, const struct sip_msg *msg)
{
    ua_copy(call->call_id, sizeof(call->call_id), msg->call_id);
    ua_copy(call->remote_tag, sizeof(call->remote_tag), msg->from.tag);
    ua_token_make(ua, call->local_tag, sizeof(call->local_tag));
    snprintf(call->local_uri, sizeof(call->local_uri), "<" SLICE_FMT ">",
             SLICE_ARG(msg->to.uri_text));
    snprintf(call->remote_uri, sizeof(call->remote_uri), "<" SLICE_FMT ">",
             SLICE_ARG(msg->from.uri_text));
    struct buf routes;
    buf_init(&routes, call->routes, sizeof(call->routes) - 1);
    int header = msg->first[SIP_H_RECORD_ROUTE];
    struct slice rest = {0}, value;
    while (header >= 0 && sip_msg_list_next(msg, &header, &rest, &value)) {
        if (routes.size > 0) {
            buf_text(&routes, ", ");
        }
        buf_slice(&routes, value);
    }
    call->routes[routes.size] = 0;
    ua_target_learn(call, msg);
    ua_media_learn(call, msg);
    user_copy(call->peer, sizeof(call->peer), &msg->from);
    call->remote_cseq = msg->cseq;
    call->local_cseq = (uint32_t)rng_below(&ua->rng, 10000);
}

static void invite_notes(struct ua *ua, const struct sip_msg *msg)
{
    user_copy(ua->stats.last_from, sizeof(ua->stats.last_from), &msg->from);
    ua_copy(ua->stats.last_to, sizeof(ua->stats.last_to), msg->uri.user);
    ua_copy(ua->stats.last_asserted, sizeof(ua->stats.last_asserted),
            sip_msg_value(msg, SIP_H_P_ASSERTED_IDENTITY));
}

static void invite_new(struct ua *ua, const struct sip_msg *msg, const struct ua_address *from,
                       uint64_t flow)
{
    struct slice none = {0};
    if (!ua->config.is_any_user && !slice_equal(msg->uri.user, slice_from_text(ua->config.user))) {
        respond(ua, msg, from, flow, 404, "nobody", none, none);
        return;
    }
    if (challenged(ua, msg, from, flow)) {
        return;
    }
    invite_notes(ua, msg);
    ua->stats.incoming++;
    ua->stats.got[SIP_INVITE]++;
    struct ua_rule rule = rule_for(ua, msg->uri.user);
    if (rule.how == UA_SILENT) {
        return;
    }
    int index;
    struct ua_call *call = ua_call_take(ua, &index);
    struct ua_server *server = call != NULL ? ua_server_start(ua, msg, from, flow) : NULL;
    if (server == NULL) {
        respond(ua, msg, from, flow, 486, "full", none, none);
        return;
    }
    server->call = index;
    server->generation = call->generation;
    call->server = (int)(server - ua->servers);
    call->state = UA_INCOMING;
    call->rule = rule;
    call->hangup_after_us = rule.hangup_after_us;
    dialog_from_invite(ua, call, msg);
    ua_text_set(&call->invite, msg->raw);
    ua_respond(ua, server, msg, 100, "", none, none);
    if (rule.how != UA_REJECT) {
        call->ring_at_us =
            rule.ring_after_us == UA_NEVER ? UA_NEVER : ua->now_us + rule.ring_after_us;
    }
    call->answer_at_us = ua->now_us + rule.answer_after_us;
    struct ua_event event = {.kind = UA_EV_INCOMING, .call = index};
    memcpy(event.peer, call->peer, sizeof(event.peer));
    ua_tell(ua, &event);
    ua_incoming_tick(ua, call);
}

static void reinvite(struct ua *ua, const struct sip_msg *msg, struct ua_call *call,
                     const struct ua_address *from, uint64_t flow)
{
    struct slice none = {0};
    if (call->is_invite_pending) { /* RFC 3261 14.2: glare */
        respond(ua, msg, from, flow, 491, "", none, none);
        return;
    }
    if (call->state != UA_TALKING) {
        respond(ua, msg, from, flow, 500, "", none, none);
        return;
    }
    struct ua_server *server = ua_server_start(ua, msg, from, flow);
    if (server == NULL) {
        return;
    }
    ua->stats.got[SIP_INVITE]++;
    server->call = ua_call_index(ua, call);
    server->generation = call->generation;
    call->server = (int)(server - ua->servers);
    ua_target_learn(call, msg);
    ua_media_learn(call, msg);
    ua_text_set(&call->invite, msg->raw);
    invite_answer(ua, call, 200, true, false);
}

static void ack(struct ua *ua, const struct sip_msg *msg)
{
    struct ua_server *server = ua_server_find(ua, msg);
    if (server != NULL && server->txn.status >= 300) {
        if (txn_feed(&server->txn, TXN_EV_ACK, 0, ua->now_us) & TXN_DO_END) {
            ua_server_end(server);
        }
        return;
    }
    int index = ua_call_find(ua, msg, true);
    if (index < 0) {
        ua->stats.strays++;
        return;
    }
    struct ua_call *call = &ua->calls[index];
    ua->stats.acked++;
    ua_media_learn(call, msg);
    call->resend_at_us = call->give_up_at_us = UA_NEVER;
    ua_text_drop(&call->answer);
    if (call->state != UA_TALKING || call->is_acked) {
        return;
    }
    call->is_acked = true;
    call->talk_at_us = ua->now_us;
    if (call->hangup_after_us > 0) {
        call->hangup_at_us = ua->now_us + call->hangup_after_us;
    }
    if (call->is_hangup_due) {
        ua_call_release(ua, call);
    }
}

static void cancel(struct ua *ua, const struct sip_msg *msg, const struct ua_address *from,
                   uint64_t flow)
{
    struct slice none = {0};
    struct sip_msg *as_invite = malloc(sizeof(*as_invite));
    if (as_invite == NULL) {
        return;
    }
    *as_invite = *msg;
    as_invite->method = SIP_INVITE;
    struct ua_server *server = ua_server_find(ua, as_invite);
    free(as_invite);
    if (server == NULL) {
        respond(ua, msg, from, flow, 481, "gone", none, none);
        return;
    }
    ua->stats.got[SIP_CANCEL]++;
    struct ua_call *call = server->call >= 0 ? &ua->calls[server->call] : NULL;
    respond(ua, msg, from, flow, 200, call != NULL ? call->local_tag : "", none, none);
    if (call == NULL || call->generation != server->generation || call->state != UA_INCOMING) {
        return;
    }
    struct ua_event event = {0};
    ua_reasons_copy(ua, msg, &event);
    if (call->rule.is_deaf_to_cancel) {
        ua_incoming_answer(ua, call);
    } else {
        ua_incoming_refuse(ua, call, 487);
    }
}

void ua_refer_tell(struct ua *ua, struct ua_call *call, int status, bool is_last)
{
    if (call->refer_call < 0) {
        return;
    }
    struct ua_call *told = &ua->calls[call->refer_call];
    if (told->generation != call->refer_generation || told->state != UA_TALKING) {
        return;
    }
    char body[80], lines[200];
    snprintf(body, sizeof(body), "SIP/2.0 %d %s\r\n", status, sip_status_phrase(status));
    snprintf(lines, sizeof(lines), "Event: refer\r\nSubscription-State: %s\r\n",
             is_last ? "terminated;reason=noresource" : "active;expires=60");
    ua_dialog_send(ua, told, SIP_NOTIFY, slice_from_text(lines),
                   SLICE("message/sipfrag;version=2.0"), slice_from_text(body));
}

/* RFC 3515: 202, then the new call, then what became of it. */
static void refer(struct ua *ua, const struct sip_msg *msg, struct ua_call *call,
                  const struct ua_address *from, uint64_t flow)
{
    struct slice none = {0};
    struct sip_address target;
    if (!sip_address_parse(sip_msg_value(msg, SIP_H_REFER_TO), &target)) {
        respond(ua, msg, from, flow, 400, "", none, none);
        return;
    }
    respond(ua, msg, from, flow, 202, "", none, none);
    if (!ua->config.follows_refer) {
        return;
    }
    char user[UA_NAME_SIZE];
    user_copy(user, sizeof(user), &target);
    int index = ua_call(ua, &(struct ua_call_options){.to = user}, ua->now_us, ua->out);
    if (index < 0) {
        return;
    }
    ua->calls[index].refer_call = ua_call_index(ua, call);
    ua->calls[index].refer_generation = call->generation;
    ua_refer_tell(ua, &ua->calls[index], 100, false);
}

static void prack(struct ua *ua, const struct sip_msg *msg, struct ua_call *call,
                  const struct ua_address *from, uint64_t flow)
{
    struct slice none = {0};
    struct slice rest = sip_msg_value(msg, SIP_H_RACK);
    uint64_t rseq;
    if (!slice_to_u64(slice_split(&rest, ' '), UINT32_MAX, &rseq) || rseq != call->rseq ||
        !call->is_reliable_pending) {
        respond(ua, msg, from, flow, 481, "", none, none);
        return;
    }
    call->is_reliable_pending = false;
    call->resend_at_us = call->give_up_at_us = UA_NEVER;
    respond(ua, msg, from, flow, 200, "", none, none);
    if (call->is_answer_due) {
        ua_incoming_answer(ua, call);
    }
}

static void bye(struct ua *ua, const struct sip_msg *msg, struct ua_call *call,
                const struct ua_address *from, uint64_t flow)
{
    struct slice none = {0};
    respond(ua, msg, from, flow, 200, "", none, none);
    ua->stats.bye_in++;
    if (call->state == UA_TALKING) {
        ua_call_ended(ua, call, false, msg);
    } else if (call->state == UA_INCOMING) {
        ua_incoming_refuse(ua, call, 487); /* RFC 3261 15.1.2 */
    }
}

static void in_dialog(struct ua *ua, const struct sip_msg *msg, struct ua_call *call,
                      const struct ua_address *from, uint64_t flow)
{
    struct slice none = {0};
    char text[1000];
    struct buf body;
    buf_init(&body, text, sizeof(text));
    if (msg->cseq <= call->remote_cseq) { /* RFC 3261 12.2.2: out of order */
        respond(ua, msg, from, flow, 500, "", none, none);
        return;
    }
    call->remote_cseq = msg->cseq;
    if (msg->method == SIP_INVITE) {
        reinvite(ua, msg, call, from, flow);
        return;
    }
    ua->stats.got[msg->method]++;
    if (msg->method != SIP_BYE) {
        ua_tell(ua, &(struct ua_event){.kind = UA_EV_REQUEST,
                                       .call = ua_call_index(ua, call),
                                       .method = msg->method});
    }
    if (msg->method == SIP_BYE) {
        bye(ua, msg, call, from, flow);
    } else if (msg->method == SIP_PRACK) {
        prack(ua, msg, call, from, flow);
    } else if (msg->method == SIP_REFER) {
        refer(ua, msg, call, from, flow);
    } else {
        if (msg->method == SIP_UPDATE && msg->body.size > 0) {
            ua_target_learn(call, msg);
            ua_media_learn(call, msg);
            ua_sdp_write(ua, call, &body);
        }
        respond(ua, msg, from, flow, 200, "", none, buf_done(&body));
    }
}

static void outside_dialog(struct ua *ua, const struct sip_msg *msg, const struct ua_address *from,
                           uint64_t flow)
{
    struct slice none = {0};
    if (msg->method == SIP_INVITE) {
        invite_new(ua, msg, from, flow);
        return;
    }
    ua->stats.got[msg->method]++;
    bool is_fine = msg->method == SIP_OPTIONS || msg->method == SIP_MESSAGE;
    respond(ua, msg, from, flow, is_fine ? 200 : 405, "outside", none, none);
}

void ua_request(struct ua *ua, const struct sip_msg *msg, const struct ua_address *from,
                uint64_t flow)
{
    struct slice none = {0};
    if (msg->method == SIP_ACK) {
        ack(ua, msg);
        return;
    }
    struct ua_server *server = ua_server_find(ua, msg);
    if (server != NULL) { /* a repeat */
        if (txn_feed(&server->txn, TXN_EV_REQUEST, 0, ua->now_us) & TXN_DO_RETRANSMIT) {
            ua_send_bytes(ua, slice_make(server->sent.data, server->sent.size), &server->to,
                          server->flow);
        }
        return;
    }
    if (msg->method == SIP_CANCEL) {
        cancel(ua, msg, from, flow);
        return;
    }
    if (msg->to.tag.size == 0) {
        outside_dialog(ua, msg, from, flow);
        return;
    }
    int index = ua_call_find(ua, msg, true);
    bool is_gone = index < 0 || (ua->calls[index].state == UA_OVER);
    if (is_gone) {
        respond(ua, msg, from, flow, index >= 0 && msg->method == SIP_BYE ? 200 : 481, "", none,
                none);
        return;
    }
    in_dialog(ua, msg, &ua->calls[index], from, flow);
}
