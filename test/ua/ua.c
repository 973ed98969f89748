#include "ua_internal.h"

#include <stdlib.h>
#include <string.h>

#define TRANSACTIONS_EACH 4 /* a call has rarely more under way */

const char *ua_event_name(enum ua_event_kind kind)
{
    static const char *const names[] = {[UA_EV_REGISTERED] = "registered",
                                        [UA_EV_REGISTER_FAILED] = "registration failed",
                                        [UA_EV_UNREGISTERED] = "unregistered",
                                        [UA_EV_INCOMING] = "incoming call",
                                        [UA_EV_PROGRESS] = "progress",
                                        [UA_EV_ANSWERED] = "answered",
                                        [UA_EV_REFUSED] = "refused",
                                        [UA_EV_MISSED] = "missed",
                                        [UA_EV_ENDED] = "ended",
                                        [UA_EV_REQUEST] = "request",
                                        [UA_EV_RESPONSE] = "response"};
    return names[kind];
}

static bool has_memory(const struct ua *ua)
{
    return ua->calls != NULL && ua->clients != NULL && ua->servers != NULL && ua->digest != NULL;
}

struct ua *ua_new(const struct ua_config *config)
{
    struct ua *ua = calloc(1, sizeof(*ua));
    if (ua == NULL) {
        return NULL;
    }
    ua->config = *config;
    ua->call_count = config->call_count_max > 0 ? config->call_count_max : 4;
    ua->client_count = ua->call_count * TRANSACTIONS_EACH + 8;
    ua->server_count = ua->client_count;
    ua->calls = calloc((size_t)ua->call_count, sizeof(*ua->calls));
    ua->clients = calloc((size_t)ua->client_count, sizeof(*ua->clients));
    ua->servers = calloc((size_t)ua->server_count, sizeof(*ua->servers));
    ua->digest = digest_context_new();
    if (!has_memory(ua)) {
        ua_free(ua);
        return NULL;
    }
    rng_init(&ua->rng, config->seed);
    for (size_t i = 0; i < sizeof(ua->keys.current); i++) {
        ua->keys.current[i] = (uint8_t)rng_u64(&ua->rng);
    }
    memcpy(ua->keys.previous, ua->keys.current, sizeof(ua->keys.previous));
    ua->register_at_us = UA_NEVER;
    ua_token_make(ua, ua->register_call_id, sizeof(ua->register_call_id));
    ua_token_make(ua, ua->register_tag, sizeof(ua->register_tag));
    return ua;
}

void ua_free(struct ua *ua)
{
    if (ua == NULL) {
        return;
    }
    for (int i = 0; ua->calls != NULL && i < ua->call_count; i++) {
        ua_text_drop(&ua->calls[i].invite);
        ua_text_drop(&ua->calls[i].answer);
        ua_text_drop(&ua->calls[i].ack);
    }
    for (int i = 0; ua->clients != NULL && i < ua->client_count; i++) {
        ua_text_drop(&ua->clients[i].sent);
    }
    for (int i = 0; ua->servers != NULL && i < ua->server_count; i++) {
        ua_text_drop(&ua->servers[i].sent);
    }
    digest_context_free(ua->digest);
    free(ua->calls);
    free(ua->clients);
    free(ua->servers);
    free(ua);
}

void ua_set_rules(struct ua *ua, const struct ua_rule *rules, int rule_count)
{
    ua->rule_count = rule_count < UA_RULES_MAX ? rule_count : UA_RULES_MAX;
    memcpy(ua->rules, rules, (size_t)ua->rule_count * sizeof(*rules));
}

void ua_effects_clear(struct ua_effects *out)
{
    out->count = 0;
    out->used_size = 0;
    out->is_full = false;
}

/* 401 or 407: the same request again with credentials (RFC 3261 22.2). */
static bool try_again(struct ua *ua, struct ua_client *client, const struct sip_msg *msg)
{
    if ((msg->status != 401 && msg->status != 407) || client->auth_tries >= UA_AUTH_TRIES_MAX ||
        !ua_challenge_keep(ua, msg)) {
        return false;
    }
    bool is_register = client->method == SIP_REGISTER;
    struct ua_call *call = is_register ? NULL : &ua->calls[client->call];
    uint32_t cseq = is_register ? ++ua->register_cseq : ++call->local_cseq;
    char block[UA_MESSAGE_SIZE_MAX];
    struct buf out;
    buf_init(&out, block, sizeof(block));
    ua->stats.register_challenged += is_register;
    if (!ua_again_write(ua, slice_make(client->sent.data, client->sent.size), cseq, &out)) {
        return false;
    }
    struct ua_client *again =
        ua_client_start(ua, buf_done(&out), client->method, &client->to, cseq, client->call);
    if (again == NULL) {
        return false;
    }
    again->auth_tries = client->auth_tries + 1;
    if (client->method == SIP_INVITE) {
        call->invite_cseq = cseq;
        call->has_provisional = false;
        ua_text_set(&call->invite, buf_done(&out));
    }
    return true;
}

static void dialog_response(struct ua *ua, struct ua_client *client, struct ua_call *call,
                            const struct sip_msg *msg)
{
    bool is_fine = msg->status < 300;
    ua->stats.ok[client->method] += is_fine;
    ua->stats.failed[client->method] += !is_fine;
    if (client->method == SIP_BYE) {
        ua->stats.bye_refused += !is_fine;
        return;
    }
    if (client->method == SIP_UPDATE && is_fine) {
        ua_target_learn(call, msg);
        ua_media_learn(call, msg);
    }
    if (client->method == SIP_CANCEL) {
        return;
    }
    struct ua_event event = {.kind = UA_EV_RESPONSE,
                             .call = client->call,
                             .method = client->method,
                             .status = msg->status};
    ua_reasons_copy(ua, msg, &event);
    ua_tell(ua, &event);
    if ((msg->status == 481 || msg->status == 408) && call->state == UA_TALKING) {
        ua_bye_send(ua, call); /* RFC 3261 12.2.1.2 */
        ua_call_ended(ua, call, true, msg);
    }
}

static void response_pass(struct ua *ua, struct ua_client *client, const struct sip_msg *msg)
{
    int index = client->call;
    bool has_call = index >= 0 && ua->calls[index].generation == client->generation &&
                    ua->calls[index].state != UA_FREE;
    if (msg->status >= 200 && (client->method == SIP_REGISTER || has_call) &&
        try_again(ua, client, msg)) {
        return;
    }
    if (client->method == SIP_REGISTER) {
        if (msg->status >= 200) {
            ua_register_response(ua, msg);
        }
    } else if (client->method == SIP_INVITE && has_call) {
        ua_invite_response(ua, client, index, msg);
    } else if (has_call && msg->status >= 200) {
        dialog_response(ua, client, &ua->calls[index], msg);
    }
}

static void response(struct ua *ua, const struct sip_msg *msg)
{
    struct ua_client *client = ua_client_find(ua, msg);
    if (client == NULL) {
        int index = ua_call_find(ua, msg, false);
        if (msg->cseq_method == SIP_INVITE && msg->status / 100 == 2 && index >= 0) {
            ua_invite_response(ua, NULL, index, msg);
        } else {
            ua->stats.strays++;
        }
        return;
    }
    unsigned todo = txn_feed(&client->txn, TXN_EV_RESPONSE, msg->status, ua->now_us);
    if (todo & TXN_DO_ACK) {
        struct sip_msg *sent = malloc(sizeof(*sent));
        char block[UA_MESSAGE_SIZE_MAX];
        struct buf out;
        buf_init(&out, block, sizeof(block));
        if (sent != NULL &&
            sip_msg_parse(slice_make(client->sent.data, client->sent.size), sent) == SIP_OK) {
            sip_ack_write(&out, sent, msg);
            ua_send_bytes(ua, buf_done(&out), &client->to, 0);
        }
        free(sent);
    }
    if (todo & TXN_DO_PASS) {
        response_pass(ua, client, msg);
    }
    if (todo & TXN_DO_END) {
        ua_client_end(client);
    }
}

void ua_feed(struct ua *ua, struct slice bytes, const struct ua_address *from, uint64_t flow,
             int64_t now_us, struct ua_effects *out)
{
    ua->now_us = now_us;
    ua->out = out;
    struct sip_msg *msg = malloc(sizeof(*msg));
    if (msg == NULL) {
        return;
    }
    enum sip_parse result = sip_msg_parse(bytes, msg);
    if (result == SIP_OK && msg->is_request) {
        ua_request(ua, msg, from, flow);
    } else if (result == SIP_OK) {
        response(ua, msg);
    } else if (result != SIP_EMPTY) {
        ua->stats.bad_messages++;
    }
    free(msg);
}

int64_t ua_deadline(const struct ua *ua)
{
    int64_t deadline_us = ua_txn_deadline(ua);
    if (ua->register_at_us < deadline_us) {
        deadline_us = ua->register_at_us;
    }
    for (int i = 0; i < ua->call_count; i++) {
        if (ua->calls[i].state != UA_FREE) {
            int64_t at_us = ua_call_deadline(&ua->calls[i]);
            deadline_us = at_us < deadline_us ? at_us : deadline_us;
        }
    }
    return deadline_us;
}

void ua_tick(struct ua *ua, int64_t now_us, struct ua_effects *out)
{
    ua->now_us = now_us;
    ua->out = out;
    ua_txn_tick(ua);
    ua_register_tick(ua);
    for (int i = 0; i < ua->call_count; i++) {
        struct ua_call *call = &ua->calls[i];
        if (call->state != UA_FREE && ua_call_deadline(call) <= now_us) {
            ua_call_tick(ua, call);
        }
    }
}

int ua_calls_open(const struct ua *ua)
{
    int count = 0;
    for (int i = 0; i < ua->call_count; i++) {
        count += ua->calls[i].state != UA_FREE && ua->calls[i].state != UA_OVER;
    }
    return count;
}

int ua_calls_talking(const struct ua *ua)
{
    int count = 0;
    for (int i = 0; i < ua->call_count; i++) {
        count += ua->calls[i].state == UA_TALKING;
    }
    return count;
}

int ua_call_first(const struct ua *ua, int from)
{
    for (int i = from; i < ua->call_count; i++) {
        if (ua->calls[i].state == UA_TALKING) {
            return i;
        }
    }
    return -1;
}

bool ua_is_idle(const struct ua *ua)
{
    for (int i = 0; i < ua->client_used; i++) {
        const struct ua_client *client = &ua->clients[i];
        if (client->is_used &&
            (client->txn.state == TXN_CALLING || client->txn.state == TXN_TRYING ||
             client->txn.state == TXN_PROCEEDING)) {
            return false;
        }
    }
    return ua_calls_open(ua) == 0;
}

bool ua_call_media(const struct ua *ua, int index, struct ua_media *out)
{
    if (index < 0 || index >= ua->call_count) {
        return false;
    }
    const struct ua_call *call = &ua->calls[index];
    if (call->state != UA_TALKING || call->rtp_port == 0) {
        return false;
    }
    memcpy(out->host, call->rtp_host, sizeof(out->host));
    out->port = call->rtp_port;
    out->is_sending = !call->is_hold && !call->is_peer_hold;
    return true;
}

const struct ua_stats *ua_stats(const struct ua *ua)
{
    return &ua->stats;
}

const struct ua_config *ua_config(const struct ua *ua)
{
    return &ua->config;
}

int64_t ua_talk_us(const struct ua *ua, bool is_out, int64_t now_us)
{
    int64_t sum_us = is_out ? ua->stats.talk_out_us : ua->stats.talk_in_us;
    for (int i = 0; i < ua->call_count; i++) {
        const struct ua_call *call = &ua->calls[i];
        if (call->state == UA_TALKING && call->is_caller == is_out && call->talk_at_us > 0) {
            sum_us += now_us - call->talk_at_us;
        }
    }
    return sum_us;
}
