#include "ua_internal.h"

#include "base/hash.h"

#include <stdio.h>
#include <string.h>

int ua_call_index(const struct ua *ua, const struct ua_call *call)
{
    return (int)(call - ua->calls);
}

static void call_reset(struct ua *ua, struct ua_call *call)
{
    uint32_t generation = call->generation + 1;
    ua_text_drop(&call->invite);
    ua_text_drop(&call->answer);
    ua_text_drop(&call->ack);
    *call = (struct ua_call){.generation = generation,
                             .server = -1,
                             .refer_call = -1,
                             .started_at_us = ua->now_us,
                             .ring_at_us = UA_NEVER,
                             .answer_at_us = UA_NEVER,
                             .hangup_at_us = UA_NEVER,
                             .cancel_at_us = UA_NEVER,
                             .reinvite_at_us = UA_NEVER,
                             .resend_at_us = UA_NEVER,
                             .give_up_at_us = UA_NEVER,
                             .over_at_us = UA_NEVER};
}

/* A free slot, else the one that ended first. */
struct ua_call *ua_call_take(struct ua *ua, int *index)
{
    int best = -1;
    for (int i = 0; i < ua->call_count; i++) {
        if (ua->calls[i].state == UA_FREE) {
            best = i;
            break;
        }
        if (ua->calls[i].state == UA_OVER &&
            (best < 0 || ua->calls[i].over_at_us < ua->calls[best].over_at_us)) {
            best = i;
        }
    }
    if (best < 0) {
        return NULL;
    }
    call_reset(ua, &ua->calls[best]);
    *index = best;
    return &ua->calls[best];
}

int ua_call_find(struct ua *ua, const struct sip_msg *msg, bool is_request)
{
    struct slice local = is_request ? msg->to.tag : msg->from.tag;
    struct slice remote = is_request ? msg->from.tag : msg->to.tag;
    for (int i = 0; i < ua->call_count; i++) {
        const struct ua_call *call = &ua->calls[i];
        if (call->state == UA_FREE || !slice_equal(msg->call_id, slice_from_text(call->call_id)) ||
            !slice_equal(local, slice_from_text(call->local_tag))) {
            continue;
        }
        if (!is_request || slice_equal(remote, slice_from_text(call->remote_tag))) {
            return i;
        }
    }
    return -1;
}

void ua_call_over(struct ua *ua, struct ua_call *call)
{
    call->state = UA_OVER;
    call->over_at_us = ua->now_us + UA_LINGER_US;
    ua_text_drop(&call->answer);
}

void ua_call_ended(struct ua *ua, struct ua_call *call, bool is_by_us, const struct sip_msg *why)
{
    struct ua_event event = {
        .kind = UA_EV_ENDED, .call = ua_call_index(ua, call), .is_by_us = is_by_us};
    ua_reasons_copy(ua, why, &event);
    memcpy(event.peer, call->peer, sizeof(event.peer));
    if (call->talk_at_us > 0) {
        event.talk_us = ua->now_us - call->talk_at_us;
    }
    int64_t *sum_us = call->is_caller ? &ua->stats.talk_out_us : &ua->stats.talk_in_us;
    *sum_us += event.talk_us;
    ua_call_over(ua, call);
    ua_tell(ua, &event);
}

void ua_target_learn(struct ua_call *call, const struct sip_msg *msg)
{
    int header = msg->first[SIP_H_CONTACT];
    struct slice rest = {0}, value;
    struct sip_address contact;
    if (header >= 0 && sip_msg_list_next(msg, &header, &rest, &value) &&
        sip_address_parse(value, &contact)) {
        ua_copy(call->remote_target, sizeof(call->remote_target), contact.uri_text);
    }
}

void ua_media_learn(struct ua_call *call, const struct sip_msg *msg)
{
    struct sdp sdp;
    if (msg->body.size == 0 || !sdp_parse(msg->body, &sdp)) {
        return;
    }
    ua_copy(call->rtp_host, sizeof(call->rtp_host), sdp.host);
    call->rtp_port = sdp.port;
    call->is_peer_hold = sdp.direction == SDP_SENDONLY || sdp.direction == SDP_INACTIVE;
}

/* The dialog as this response describes it (RFC 3261 12.1.2). */
static void dialog_learn(struct ua_call *call, const struct sip_msg *msg)
{
    char routes[UA_ROUTES_SIZE] = "";
    int header = msg->first[SIP_H_RECORD_ROUTE];
    struct slice rest = {0}, value;
    while (header >= 0 && sip_msg_list_next(msg, &header, &rest, &value)) {
        char longer[UA_ROUTES_SIZE];
        int size = snprintf(longer, sizeof(longer), SLICE_FMT "%s%s", SLICE_ARG(value),
                            routes[0] ? ", " : "", routes);
        if (size < (int)sizeof(longer)) {
            memcpy(routes, longer, sizeof(routes));
        }
    }
    memcpy(call->routes, routes, sizeof(routes));
    ua_copy(call->remote_tag, sizeof(call->remote_tag), msg->to.tag);
    ua_target_learn(call, msg);
}

void ua_dialog_send(struct ua *ua, struct ua_call *call, enum sip_method method, struct slice lines,
                    struct slice content_type, struct slice body)
{
    char block[UA_MESSAGE_SIZE_MAX];
    struct buf out;
    struct ua_address to;
    buf_init(&out, block, sizeof(block));
    call->local_cseq++;
    if (!ua_dialog_write(ua, call, method, call->local_cseq, lines, content_type, body, &out,
                         &to)) {
        ua->out->is_full = true;
        return;
    }
    if (method == SIP_INVITE) {
        call->invite_cseq = call->local_cseq;
        call->is_invite_pending = true;
        ua_text_set(&call->invite, buf_done(&out));
    }
    (void)ua_client_start(ua, buf_done(&out), method, &to, call->local_cseq,
                          ua_call_index(ua, call));
}

void ua_bye_send(struct ua *ua, struct ua_call *call)
{
    ua->stats.bye_out++;
    ua_dialog_send(ua, call, SIP_BYE, SLICE("Reason: Q.850;cause=16;text=\"Normal\"\r\n"),
                   (struct slice){0}, (struct slice){0});
}

static void ack_send(struct ua *ua, struct ua_call *call, uint32_t cseq)
{
    char block[UA_MESSAGE_SIZE_MAX];
    struct buf out;
    struct ua_address to;
    buf_init(&out, block, sizeof(block));
    if (ua_dialog_write(ua, call, SIP_ACK, cseq, (struct slice){0}, (struct slice){0},
                        (struct slice){0}, &out, &to)) {
        ua_send_bytes(ua, buf_done(&out), &to, 0);
        ua_text_set(&call->ack, buf_done(&out));
        call->ack_cseq = cseq;
    }
}

void ua_offer_send(struct ua *ua, struct ua_call *call)
{
    char text[1000];
    struct buf body;
    buf_init(&body, text, sizeof(text));
    ua_sdp_write(ua, call, &body);
    ua_dialog_send(ua, call, SIP_INVITE, (struct slice){0}, SLICE("application/sdp"),
                   buf_done(&body));
}

int ua_call(struct ua *ua, const struct ua_call_options *options, int64_t now_us,
            struct ua_effects *out)
{
    int index;
    ua->now_us = now_us;
    ua->out = out;
    struct ua_call *call = ua_call_take(ua, &index);
    if (call == NULL) {
        return -1;
    }
    const char *from = options->from_user != NULL ? options->from_user : ua->config.user;
    call->state = UA_CALLING;
    call->is_caller = true;
    ua_token_make(ua, call->call_id, sizeof(call->call_id));
    ua_token_make(ua, call->local_tag, sizeof(call->local_tag));
    snprintf(call->local_uri, sizeof(call->local_uri), "<sip:%s@%s>", from, ua->config.domain);
    snprintf(call->remote_uri, sizeof(call->remote_uri), "<sip:%s@%s>", options->to,
             ua->config.domain);
    snprintf(call->remote_target, sizeof(call->remote_target), "sip:%s@%s", options->to,
             ua->config.domain);
    snprintf(call->peer, sizeof(call->peer), "%s", options->to);
    call->hangup_after_us = options->hangup_after_us;
    if (options->cancel_after_us > 0) {
        call->cancel_at_us = now_us + options->cancel_after_us;
    }
    char text[1000], line_text[300];
    struct buf body, lines;
    buf_init(&body, text, sizeof(text));
    ua_sdp_write(ua, call, &body);
    buf_init(&lines, line_text, sizeof(line_text));
    if (ua->config.has_100rel) {
        buf_text(&lines, "Supported: 100rel\r\n");
    }
    if (options->asserted != NULL) {
        buf_printf(&lines, "P-Asserted-Identity: <sip:%s@%s>\r\n", options->asserted,
                   ua->config.domain);
    }
    ua->stats.placed++;
    ua_dialog_send(ua, call, SIP_INVITE, buf_done(&lines), SLICE("application/sdp"),
                   buf_done(&body));
    return index;
}

void ua_cancel_send(struct ua *ua, struct ua_call *call)
{
    call->cancel_at_us = UA_NEVER;
    call->wants_cancel = true;
    if (!call->has_provisional || call->has_cancelled) { /* RFC 3261 9.1 */
        return;
    }
    static _Thread_local struct sip_msg sent; /* too large for a stack frame */
    char block[UA_MESSAGE_SIZE_MAX];
    struct buf out;
    buf_init(&out, block, sizeof(block));
    if (sip_msg_parse(slice_make(call->invite.data, call->invite.size), &sent) != SIP_OK) {
        return;
    }
    call->has_cancelled = true;
    sip_cancel_write(&out, &sent, SLICE("Reason: SIP;cause=487;text=\"Cancelled\"\r\n"));
    if (!out.is_full) {
        (void)ua_client_start(ua, buf_done(&out), SIP_CANCEL, &ua->config.proxy, call->invite_cseq,
                              ua_call_index(ua, call));
    }
    call->give_up_at_us = ua->now_us + UA_LINGER_US;
}

static void pdd_note(struct ua *ua, struct ua_call *call)
{
    if (call->pdd_at_us == 0) {
        call->pdd_at_us = ua->now_us;
        int64_t pdd_us = ua->now_us - call->started_at_us;
        ua->stats.pdd_sum_us += pdd_us;
        ua->stats.pdd_count++;
        if (pdd_us > ua->stats.pdd_max_us) {
            ua->stats.pdd_max_us = pdd_us;
        }
    }
}

/* RFC 3262 4: PRACK within the early dialog of this very response, once for each RSeq. */
static void prack_send(struct ua *ua, struct ua_call *call, const struct sip_msg *msg)
{
    uint64_t rseq;
    if (!sip_msg_has_token(msg, SIP_H_REQUIRE, "100rel") ||
        !slice_to_u64(sip_msg_value(msg, SIP_H_RSEQ), UINT32_MAX, &rseq) ||
        (slice_equal(msg->to.tag, slice_from_text(call->prack_tag)) && rseq <= call->prack_rseq)) {
        return;
    }
    ua_copy(call->prack_tag, sizeof(call->prack_tag), msg->to.tag);
    call->prack_rseq = (uint32_t)rseq;
    char line[80];
    snprintf(line, sizeof(line), "RAck: %u %u INVITE\r\n", (unsigned)rseq, msg->cseq);
    struct ua_call early = *call;
    dialog_learn(&early, msg);
    char block[UA_MESSAGE_SIZE_MAX];
    struct buf out;
    struct ua_address to;
    buf_init(&out, block, sizeof(block));
    call->local_cseq++;
    if (ua_dialog_write(ua, &early, SIP_PRACK, call->local_cseq, slice_from_text(line),
                        (struct slice){0}, (struct slice){0}, &out, &to)) {
        (void)ua_client_start(ua, buf_done(&out), SIP_PRACK, &to, call->local_cseq,
                              ua_call_index(ua, call));
    }
}

static void provisional(struct ua *ua, struct ua_call *call, const struct sip_msg *msg)
{
    call->has_provisional = true;
    if (msg->status > 100) {
        pdd_note(ua, call);
        ua_media_learn(call, msg);
        prack_send(ua, call, msg);
        ua_tell(ua, &(struct ua_event){.kind = UA_EV_PROGRESS,
                                       .call = ua_call_index(ua, call),
                                       .status = msg->status});
    }
    if (call->wants_cancel) {
        ua_cancel_send(ua, call);
    }
}

/* Another branch answered as well: its dialog is ACKed and ended (RFC 3261 13.2.2.4). */
static void extra_answer(struct ua *ua, struct ua_call *call, const struct sip_msg *msg)
{
    struct ua_call other = *call;
    other.ack = other.invite = other.answer = (struct ua_text){0};
    dialog_learn(&other, msg);
    ack_send(ua, &other, msg->cseq);
    ua_text_drop(&other.ack);
    uint64_t hash = hash_slice(7, msg->to.tag);
    for (size_t i = 0; i < ARRAY_COUNT(call->extra_tags); i++) {
        if (call->extra_tags[i] == hash) {
            return;
        }
        if (call->extra_tags[i] == 0) {
            call->extra_tags[i] = hash;
            break;
        }
    }
    ua->stats.extra_2xx++;
    char block[UA_MESSAGE_SIZE_MAX];
    struct buf out;
    struct ua_address to;
    buf_init(&out, block, sizeof(block));
    ua->stats.bye_out++;
    if (ua_dialog_write(ua, &other, SIP_BYE, msg->cseq + 1000, (struct slice){0}, (struct slice){0},
                        (struct slice){0}, &out, &to)) {
        (void)ua_client_start(ua, buf_done(&out), SIP_BYE, &to, msg->cseq + 1000,
                              ua_call_index(ua, call));
    }
}

static void answered(struct ua *ua, struct ua_call *call, const struct sip_msg *msg)
{
    bool is_late = call->state == UA_OVER;
    dialog_learn(call, msg);
    ua_media_learn(call, msg);
    ack_send(ua, call, msg->cseq);
    call->is_invite_pending = false;
    if (is_late) { /* we had given it up */
        ua_bye_send(ua, call);
        return;
    }
    pdd_note(ua, call);
    call->state = UA_TALKING;
    call->is_acked = true;
    call->talk_at_us = ua->now_us;
    call->cancel_at_us = call->give_up_at_us = UA_NEVER;
    if (call->hangup_after_us > 0) {
        call->hangup_at_us = ua->now_us + call->hangup_after_us;
    }
    ua->stats.answered_out++;
    ua->stats.finals[msg->status]++;
    struct ua_event event = {
        .kind = UA_EV_ANSWERED, .call = ua_call_index(ua, call), .status = msg->status};
    memcpy(event.peer, call->peer, sizeof(event.peer));
    ua_tell(ua, &event);
    ua_refer_tell(ua, call, msg->status, true);
    if (call->wants_cancel) { /* the CANCEL and the answer crossed */
        ua_bye_send(ua, call);
        ua_call_ended(ua, call, true, NULL);
    }
}

static void success(struct ua *ua, struct ua_call *call, const struct sip_msg *msg)
{
    bool is_same = slice_equal(msg->to.tag, slice_from_text(call->remote_tag));
    if (call->remote_tag[0] == 0) {
        answered(ua, call, msg);
    } else if (!is_same) {
        extra_answer(ua, call, msg);
    } else if (msg->cseq == call->ack_cseq) {
        ua->stats.repeated_2xx++;
        ua_send_bytes(ua, slice_make(call->ack.data, call->ack.size), &call->answer_to, 0);
    } else if (call->is_invite_pending && msg->cseq == call->invite_cseq) {
        call->is_invite_pending = false;
        ua_target_learn(call, msg);
        ua_media_learn(call, msg);
        ack_send(ua, call, msg->cseq);
        ua->stats.ok[SIP_INVITE]++;
        ua_tell(ua, &(struct ua_event){.kind = UA_EV_RESPONSE,
                                       .call = ua_call_index(ua, call),
                                       .method = SIP_INVITE,
                                       .status = msg->status});
    }
    ua_next_hop(ua, call, &call->answer_to); /* where a repeated 2xx is ACKed */
}

void ua_invite_response(struct ua *ua, struct ua_client *client, int index,
                        const struct sip_msg *msg)
{
    struct ua_call *call = &ua->calls[index];
    if (msg->status < 200) {
        if (call->state == UA_CALLING) {
            provisional(ua, call, msg);
        }
    } else if (msg->status < 300) {
        success(ua, call, msg);
    } else {
        ua_invite_failed(ua, client, index, msg->status, msg);
    }
}

static void reinvite_failed(struct ua *ua, struct ua_call *call, int status,
                            const struct sip_msg *msg)
{
    call->is_invite_pending = false;
    if (status == 491) { /* RFC 3261 14.1: the owner of the Call-ID waits longer */
        int64_t wait_us = call->is_caller ? 2100000 + (int64_t)rng_below(&ua->rng, 1900000)
                                          : (int64_t)rng_below(&ua->rng, 2000000);
        call->reinvite_at_us = ua->now_us + wait_us;
        return;
    }
    ua->stats.failed[SIP_INVITE]++;
    ua_tell(ua, &(struct ua_event){.kind = UA_EV_RESPONSE,
                                   .call = ua_call_index(ua, call),
                                   .method = SIP_INVITE,
                                   .status = status});
    if (status == 481 || status == 408) {
        ua_bye_send(ua, call);
        ua_call_ended(ua, call, true, msg);
    }
}

void ua_invite_failed(struct ua *ua, struct ua_client *client, int index, int status,
                      const struct sip_msg *msg)
{
    struct ua_call *call = &ua->calls[index];
    if (client != NULL && client->cseq != call->invite_cseq) {
        return;
    }
    if (call->state == UA_TALKING && call->is_invite_pending) {
        reinvite_failed(ua, call, status, msg);
        return;
    }
    if (call->state != UA_CALLING) {
        return;
    }
    pdd_note(ua, call);
    ua->stats.refused_out++;
    ua->stats.finals[status < 700 ? status : 699]++;
    ua->stats.ended_by_timeout += msg == NULL;
    struct ua_event event = {
        .kind = UA_EV_REFUSED, .call = index, .status = status, .is_unheard = msg == NULL};
    ua_reasons_copy(ua, msg, &event);
    memcpy(event.peer, call->peer, sizeof(event.peer));
    ua_call_over(ua, call);
    ua_tell(ua, &event);
    ua_refer_tell(ua, call, status, true);
}

void ua_call_release(struct ua *ua, struct ua_call *call)
{
    call->hangup_at_us = UA_NEVER;
    if (!call->is_acked) {
        call->is_hangup_due = true;
        return;
    }
    ua_bye_send(ua, call);
    ua_call_ended(ua, call, true, NULL);
}

void ua_hangup(struct ua *ua, int index, int64_t now_us, struct ua_effects *out)
{
    struct ua_call *call = &ua->calls[index];
    ua->now_us = now_us;
    ua->out = out;
    switch (call->state) {
    case UA_CALLING:
        ua_cancel_send(ua, call);
        break;
    case UA_INCOMING:
        ua_incoming_refuse(ua, call, 486);
        break;
    case UA_TALKING:
        ua_call_release(ua, call);
        break;
    case UA_FREE:
    case UA_OVER:
        break;
    }
}

void ua_hangup_all(struct ua *ua, int64_t now_us, struct ua_effects *out)
{
    for (int i = 0; i < ua->call_count; i++) {
        ua_hangup(ua, i, now_us, out);
    }
}

bool ua_send(struct ua *ua, int index, enum sip_method method, const char *argument, int64_t now_us,
             struct ua_effects *out)
{
    ua->now_us = now_us;
    ua->out = out;
    if (index < 0 || index >= ua->call_count || ua->calls[index].state != UA_TALKING) {
        return false;
    }
    struct ua_call *call = &ua->calls[index];
    char text[1000];
    struct buf body;
    struct slice lines = {0}, type = {0};
    buf_init(&body, text, sizeof(text));
    char line_text[600];
    if (method == SIP_INFO) {
        type = SLICE("application/dtmf-relay");
        buf_text(&body, "Signal=5\r\nDuration=160\r\n");
    } else if (method == SIP_MESSAGE) {
        type = SLICE("text/plain");
        buf_text(&body, argument != NULL && argument[0] ? argument : "hello");
    } else if (method == SIP_UPDATE) {
        type = SLICE("application/sdp");
        ua_sdp_write(ua, call, &body);
    } else if (method == SIP_REFER) {
        snprintf(line_text, sizeof(line_text), "Refer-To: <sip:%s@%s>\r\nReferred-By: %s\r\n",
                 argument, ua->config.domain, call->local_uri);
        lines = slice_from_text(line_text);
    }
    ua_dialog_send(ua, call, method, lines, type, buf_done(&body));
    return true;
}

bool ua_reinvite(struct ua *ua, int index, bool is_hold, int64_t now_us, struct ua_effects *out)
{
    ua->now_us = now_us;
    ua->out = out;
    if (index < 0 || index >= ua->call_count || ua->calls[index].state != UA_TALKING) {
        return false;
    }
    ua->calls[index].is_hold = is_hold;
    if (ua->calls[index].is_invite_pending || !ua->calls[index].is_acked) {
        ua->calls[index].reinvite_at_us = now_us + 200000;
    } else {
        ua_offer_send(ua, &ua->calls[index]);
    }
    return true;
}

static void earliest(int64_t *deadline_us, int64_t at_us)
{
    *deadline_us = at_us < *deadline_us ? at_us : *deadline_us;
}

int64_t ua_call_deadline(const struct ua_call *call)
{
    int64_t deadline_us = call->over_at_us;
    if (call->state == UA_OVER) {
        return deadline_us;
    }
    earliest(&deadline_us, call->ring_at_us);
    earliest(&deadline_us, call->answer_at_us);
    earliest(&deadline_us, call->hangup_at_us);
    earliest(&deadline_us, call->cancel_at_us);
    earliest(&deadline_us, call->reinvite_at_us);
    earliest(&deadline_us, call->resend_at_us);
    earliest(&deadline_us, call->give_up_at_us);
    return deadline_us;
}

void ua_call_tick(struct ua *ua, struct ua_call *call)
{
    if (call->state == UA_OVER) {
        if (call->over_at_us <= ua->now_us) {
            call_reset(ua, call);
        }
        return;
    }
    if (call->cancel_at_us <= ua->now_us) {
        ua_cancel_send(ua, call);
    }
    if (call->state == UA_CALLING && call->give_up_at_us <= ua->now_us) {
        ua_invite_failed(ua, NULL, ua_call_index(ua, call), 408, NULL);
        return;
    }
    ua_incoming_tick(ua, call);
    if (call->state == UA_TALKING && call->hangup_at_us <= ua->now_us) {
        ua_call_release(ua, call);
        return;
    }
    if (call->state == UA_TALKING && call->reinvite_at_us <= ua->now_us) {
        call->reinvite_at_us = UA_NEVER;
        ua_offer_send(ua, call);
    }
}
