#include "ua_internal.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

void ua_text_set(struct ua_text *text, struct slice bytes)
{
    char *data = malloc(bytes.size + 1);
    if (data != NULL) {
        memcpy(data, bytes.data, bytes.size);
        data[bytes.size] = 0;
    }
    free(text->data);
    text->data = data;
    text->size = data != NULL ? bytes.size : 0;
}

void ua_text_drop(struct ua_text *text)
{
    free(text->data);
    *text = (struct ua_text){0};
}

static struct ua_effect *effect_take(struct ua *ua)
{
    struct ua_effects *out = ua->out;
    if (out->count == out->count_max) {
        out->is_full = true;
        return NULL;
    }
    struct ua_effect *effect = &out->list[out->count++];
    *effect = (struct ua_effect){.kind = UA_DO_SEND};
    return effect;
}

void ua_send_bytes(struct ua *ua, struct slice bytes, const struct ua_address *to, uint64_t flow)
{
    struct ua_effects *out = ua->out;
    if (bytes.size == 0 || out->block_size - out->used_size < bytes.size) {
        out->is_full = out->is_full || bytes.size > 0;
        return;
    }
    struct ua_effect *effect = effect_take(ua);
    if (effect == NULL) {
        return;
    }
    char *copy = out->block + out->used_size;
    memcpy(copy, bytes.data, bytes.size);
    out->used_size += bytes.size;
    effect->bytes = slice_make(copy, bytes.size);
    effect->to = *to;
    effect->flow = flow;
}

void ua_tell(struct ua *ua, const struct ua_event *event)
{
    struct ua_effect *effect = effect_take(ua);
    if (effect != NULL) {
        effect->kind = UA_DO_TELL;
        effect->event = *event;
    }
}

struct ua_client *ua_client_start(struct ua *ua, struct slice bytes, enum sip_method method,
                                  const struct ua_address *to, uint32_t cseq, int call)
{
    struct sip_msg *msg = malloc(sizeof(*msg));
    struct ua_client *client = NULL;
    for (int i = 0; i < ua->client_count && client == NULL; i++) {
        if (!ua->clients[i].is_used) {
            client = &ua->clients[i];
            ua->client_used = i + 1 > ua->client_used ? i + 1 : ua->client_used;
        }
    }
    if (msg == NULL || client == NULL || sip_msg_parse(bytes, msg) != SIP_OK) {
        free(msg);
        ua->out->is_full = true;
        return NULL;
    }
    *client = (struct ua_client){
        .is_used = true, .method = method, .to = *to, .cseq = cseq, .call = call};
    ua_copy(client->branch, sizeof(client->branch), msg->via.branch);
    free(msg);
    if (call >= 0) {
        client->generation = ua->calls[call].generation;
    }
    ua_text_set(&client->sent, bytes);
    txn_init(&client->txn, method == SIP_INVITE ? TXN_INVITE_CLIENT : TXN_CLIENT, to->is_tcp,
             ua->now_us);
    ua_send_bytes(ua, bytes, to, 0);
    return client;
}

struct ua_client *ua_client_find(struct ua *ua, const struct sip_msg *msg)
{
    for (int i = 0; i < ua->client_used; i++) {
        struct ua_client *client = &ua->clients[i];
        if (client->is_used && client->method == msg->cseq_method &&
            slice_equal(msg->via.branch, slice_from_text(client->branch))) {
            return client;
        }
    }
    return NULL;
}

void ua_client_end(struct ua_client *client)
{
    ua_text_drop(&client->sent);
    *client = (struct ua_client){0};
}

/* RFC 3261 17.2.3: branch, sent-by and method, where ACK matches the INVITE. */
static uint64_t server_key(const struct sip_msg *msg, enum sip_method method)
{
    uint64_t key = hash_slice(1, msg->via.branch);
    key = hash_u64(key, hash_slice(msg->via.port, msg->via.host));
    return hash_u64(key, method == SIP_ACK ? SIP_INVITE : method);
}

struct ua_server *ua_server_find(struct ua *ua, const struct sip_msg *msg)
{
    uint64_t key = server_key(msg, msg->method);
    for (int i = 0; i < ua->server_used; i++) {
        if (ua->servers[i].is_used && ua->servers[i].key == key) {
            return &ua->servers[i];
        }
    }
    return NULL;
}

struct ua_server *ua_server_start(struct ua *ua, const struct sip_msg *msg,
                                  const struct ua_address *from, uint64_t flow)
{
    struct ua_server *server = NULL;
    for (int i = 0; i < ua->server_count && server == NULL; i++) {
        if (!ua->servers[i].is_used) {
            server = &ua->servers[i];
            ua->server_used = i + 1 > ua->server_used ? i + 1 : ua->server_used;
        }
    }
    if (server == NULL) {
        ua->out->is_full = true;
        return NULL;
    }
    *server = (struct ua_server){.is_used = true,
                                 .method = msg->method,
                                 .key = server_key(msg, msg->method),
                                 .to = *from,
                                 .flow = flow,
                                 .call = -1};
    txn_init(&server->txn, msg->method == SIP_INVITE ? TXN_INVITE_SERVER : TXN_SERVER, from->is_tcp,
             ua->now_us);
    return server;
}

void ua_server_send(struct ua *ua, struct ua_server *server, struct slice bytes, int status)
{
    unsigned todo = txn_feed(&server->txn, TXN_EV_SEND, status, ua->now_us);
    if (todo & TXN_DO_SEND) {
        ua_text_set(&server->sent, bytes);
        ua_send_bytes(ua, bytes, &server->to, server->flow);
    }
    if (todo & TXN_DO_END) {
        ua_server_end(server);
    }
}

void ua_server_end(struct ua_server *server)
{
    ua_text_drop(&server->sent);
    *server = (struct ua_server){0};
}

static void client_lost(struct ua *ua, struct ua_client *client, int status)
{
    bool has_call = client->call >= 0 && ua->calls[client->call].generation == client->generation;
    enum sip_method method = client->method;
    int call = client->call;
    if (method == SIP_REGISTER) {
        ua_register_failed(ua, status, -1);
    } else if (method == SIP_INVITE && has_call) {
        ua_invite_failed(ua, client, call, status, NULL);
    } else if (has_call) {
        ua->stats.failed[method]++;
        ua->stats.bye_refused += method == SIP_BYE;
        ua_tell(ua, &(struct ua_event){
                        .kind = UA_EV_RESPONSE, .call = call, .method = method, .status = status});
    }
}

void ua_flow_lost(struct ua *ua, int64_t now_us, struct ua_effects *out)
{
    ua->now_us = now_us;
    ua->out = out;
    for (int i = 0; i < ua->client_used; i++) {
        struct ua_client *client = &ua->clients[i];
        if (!client->is_used || !client->to.is_tcp) {
            continue;
        }
        unsigned todo = txn_feed(&client->txn, TXN_EV_TRANSPORT_ERROR, 0, now_us);
        if (todo & TXN_DO_FAILED) {
            client_lost(ua, client, 503);
        }
        if (todo & TXN_DO_END) {
            ua_client_end(client);
        }
    }
    if (ua->registration == UA_REG_ON && !ua->is_register_pending) {
        ua->register_at_us = now_us + 100000 + (int64_t)rng_below(&ua->rng, 900000);
    }
}

static void client_tick(struct ua *ua, struct ua_client *client)
{
    unsigned todo = txn_feed(&client->txn, TXN_EV_TIMER, 0, ua->now_us);
    if (todo & TXN_DO_RETRANSMIT) {
        ua_send_bytes(ua, slice_make(client->sent.data, client->sent.size), &client->to, 0);
    }
    if (todo & (TXN_DO_TIMEOUT | TXN_DO_FAILED)) {
        client_lost(ua, client, 408);
    }
    if (todo & TXN_DO_END) {
        ua_client_end(client);
    }
}

static void server_tick(struct ua *ua, struct ua_server *server)
{
    unsigned todo = txn_feed(&server->txn, TXN_EV_TIMER, 0, ua->now_us);
    if (todo & TXN_DO_RETRANSMIT) {
        ua_send_bytes(ua, slice_make(server->sent.data, server->sent.size), &server->to,
                      server->flow);
    }
    if (todo & TXN_DO_END) {
        ua_server_end(server);
    }
}

void ua_txn_tick(struct ua *ua)
{
    for (int i = 0; i < ua->client_used; i++) {
        if (ua->clients[i].is_used && ua->clients[i].txn.deadline_us <= ua->now_us) {
            client_tick(ua, &ua->clients[i]);
        }
    }
    for (int i = 0; i < ua->server_used; i++) {
        if (ua->servers[i].is_used && ua->servers[i].txn.deadline_us <= ua->now_us) {
            server_tick(ua, &ua->servers[i]);
        }
    }
}

int64_t ua_txn_deadline(const struct ua *ua)
{
    int64_t deadline_us = UA_NEVER;
    for (int i = 0; i < ua->client_used; i++) {
        const struct ua_client *client = &ua->clients[i];
        if (client->is_used && client->txn.deadline_us < deadline_us) {
            deadline_us = client->txn.deadline_us;
        }
    }
    for (int i = 0; i < ua->server_used; i++) {
        const struct ua_server *server = &ua->servers[i];
        if (server->is_used && server->txn.deadline_us < deadline_us) {
            deadline_us = server->txn.deadline_us;
        }
    }
    return deadline_us;
}
