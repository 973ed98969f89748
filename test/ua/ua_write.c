#include "ua_internal.h"

#include <stdlib.h>
#include <string.h>

void ua_copy(char *field, size_t field_size, struct slice s)
{
    size_t size = s.size < field_size - 1 ? s.size : field_size - 1;
    if (size > 0) {
        memcpy(field, s.data, size);
    }
    field[size] = 0;
}

void ua_token_make(struct ua *ua, char *token, size_t size)
{
    uint64_t value = rng_u64(&ua->rng);
    struct buf buf;
    buf_init(&buf, token, size - 1);
    buf_hex(&buf, (const uint8_t *)&value, sizeof(value));
    token[buf.size] = 0;
}

void ua_branch_make(struct ua *ua, char *branch, size_t size)
{
    memcpy(branch, "z9hG4bK", 7); /* RFC 3261 8.1.1.7 */
    ua_token_make(ua, branch + 7, size - 7);
}

static void host_write(struct buf *out, const char *host)
{
    bool is_v6 = strchr(host, ':') != NULL;
    buf_printf(out, is_v6 ? "[%s]" : "%s", host);
}

void ua_via_write(struct ua *ua, struct buf *out, const char *branch)
{
    buf_printf(out, "SIP/2.0/%s ", ua->config.local.is_tcp ? "TCP" : "UDP");
    host_write(out, ua->config.local.host);
    buf_printf(out, ":%u;branch=%s;rport", ua->config.local.port, branch);
}

void ua_contact_uri_write(const struct ua *ua, struct buf *out)
{
    buf_printf(out, "<sip:%s@", ua->config.user);
    host_write(out, ua->config.local.host);
    buf_printf(out, ":%u%s>", ua->config.local.port,
               ua->config.local.is_tcp ? ";transport=tcp" : "");
}

void ua_contact_write(const struct ua *ua, struct buf *out)
{
    buf_text(out, "Contact: ");
    ua_contact_uri_write(ua, out);
    buf_text(out, "\r\n");
}

void ua_sdp_write(const struct ua *ua, struct ua_call *call, struct buf *out)
{
    enum sdp_direction direction = SDP_SENDRECV;
    if (call->is_hold) {
        direction = SDP_SENDONLY;
    } else if (call->is_peer_hold) {
        direction = SDP_RECVONLY;
    }
    call->sdp_version++;
    sdp_write(out, slice_from_text(ua->config.local.host), ua->config.rtp_port,
              call->generation + 1000, call->sdp_version, direction);
}

static void challenge_answer(struct ua *ua, struct ua_challenge *challenge, struct buf *out,
                             enum sip_method method, struct slice uri)
{
    struct sip_msg *msg = malloc(sizeof(*msg));
    if (challenge->size == 0 || msg == NULL ||
        sip_msg_parse(slice_make(challenge->data, challenge->size), msg) != SIP_OK) {
        free(msg);
        return;
    }
    const char *user = ua->config.auth_user[0] ? ua->config.auth_user : ua->config.user;
    char cnonce[24];
    ua_token_make(ua, cnonce, sizeof(cnonce));
    size_t before = out->size;
    if (!digest_answer_write(ua->digest, out, msg, slice_from_text(user),
                             slice_from_text(ua->config.password),
                             slice_from_text(sip_method_name(method)), uri, ++challenge->nc,
                             slice_from_text(cnonce))) {
        out->size = before;
    }
    free(msg);
}

void ua_authorize(struct ua *ua, struct buf *out, enum sip_method method, struct slice uri)
{
    if (ua->config.password[0] == 0) {
        return;
    }
    if (method != SIP_REGISTER) {
        challenge_answer(ua, &ua->proxy, out, method, uri);
    }
    challenge_answer(ua, &ua->www, out, method, uri);
}

bool ua_challenge_keep(struct ua *ua, const struct sip_msg *response)
{
    struct ua_challenge *challenge = response->status == 407 ? &ua->proxy : &ua->www;
    if (ua->config.password[0] == 0 || response->raw.size > sizeof(challenge->data)) {
        return false;
    }
    memcpy(challenge->data, response->raw.data, response->raw.size);
    challenge->size = response->raw.size;
    challenge->nc = 0;
    return true;
}

/* A name is not looked up here: the proxy knows the way. */
static bool is_ip(struct slice host)
{
    for (size_t i = 0; i < host.size; i++) {
        if (host.data[0] != '[' && host.data[i] != '.' &&
            (host.data[i] < '0' || host.data[i] > '9')) {
            return false;
        }
    }
    return host.size > 0;
}

static bool uri_address(struct slice text, struct ua_address *to)
{
    struct sip_uri uri;
    if (!sip_uri_parse(text, &uri) || !is_ip(uri.host)) {
        return false;
    }
    struct slice host = uri.host;
    if (host.data[0] == '[' && host.size > 2) {
        host = slice_make(host.data + 1, host.size - 2);
    }
    ua_copy(to->host, sizeof(to->host), host);
    to->port = uri.port != 0 ? uri.port : 5060;
    struct slice transport;
    to->is_tcp = sip_param_get(uri.params, "transport", &transport) &&
                 slice_equal_nocase(transport, SLICE("tcp"));
    return true;
}

/* RFC 3261 8.1.2: the first route, else the remote target. */
void ua_next_hop(const struct ua *ua, const struct ua_call *call, struct ua_address *to)
{
    *to = ua->config.proxy;
    struct slice rest = slice_from_text(call->routes);
    struct slice value;
    struct sip_address route;
    struct ua_address found;
    if (call->remote_tag[0] == 0) { /* not yet a dialog */
        return;
    }
    if (sip_list_next(&rest, &value) && sip_address_parse(value, &route)) {
        if (uri_address(route.uri_text, &found)) {
            *to = found;
        }
    } else if (uri_address(slice_from_text(call->remote_target), &found)) {
        *to = found;
    }
}

bool ua_dialog_write(struct ua *ua, const struct ua_call *call, enum sip_method method,
                     uint32_t cseq, struct slice lines, struct slice content_type,
                     struct slice body, struct buf *out, struct ua_address *to)
{
    char branch[40], via_text[200], from_text[500], to_text[500], more_text[3000];
    struct buf via, from, to_value, more;
    ua_branch_make(ua, branch, sizeof(branch));
    buf_init(&via, via_text, sizeof(via_text));
    ua_via_write(ua, &via, branch);
    buf_init(&from, from_text, sizeof(from_text));
    buf_printf(&from, "%s;tag=%s", call->local_uri, call->local_tag);
    buf_init(&to_value, to_text, sizeof(to_text));
    buf_text(&to_value, call->remote_uri);
    if (call->remote_tag[0]) {
        buf_printf(&to_value, ";tag=%s", call->remote_tag);
    }
    buf_init(&more, more_text, sizeof(more_text));
    ua_contact_write(ua, &more);
    if (method != SIP_ACK) {
        ua_authorize(ua, &more, method, slice_from_text(call->remote_target));
    }
    buf_text(&more, "User-Agent: dialtone-phone\r\n");
    buf_slice(&more, lines);
    ua_next_hop(ua, call, to);
    sip_request_write(out, &(struct sip_request){.method = slice_from_text(sip_method_name(method)),
                                                 .uri = slice_from_text(call->remote_target),
                                                 .via = buf_done(&via),
                                                 .routes = slice_from_text(call->routes),
                                                 .from = buf_done(&from),
                                                 .to = buf_done(&to_value),
                                                 .call_id = slice_from_text(call->call_id),
                                                 .cseq = cseq,
                                                 .max_forwards = 70,
                                                 .lines = buf_done(&more),
                                                 .content_type = content_type,
                                                 .body = body});
    return !out->is_full && !via.is_full && !from.is_full && !to_value.is_full && !more.is_full;
}

bool ua_again_write(struct ua *ua, struct slice sent, uint32_t cseq, struct buf *out)
{
    struct sip_msg *msg = malloc(sizeof(*msg));
    if (msg == NULL || sip_msg_parse(sent, msg) != SIP_OK) {
        free(msg);
        return false;
    }
    char branch[40], via_text[220], cseq_text[64], auth_text[2000];
    struct buf via, cseq_line, auth;
    ua_branch_make(ua, branch, sizeof(branch));
    buf_init(&via, via_text, sizeof(via_text));
    buf_text(&via, "Via: ");
    ua_via_write(ua, &via, branch);
    buf_text(&via, "\r\n");
    buf_init(&cseq_line, cseq_text, sizeof(cseq_text));
    buf_printf(&cseq_line, "CSeq: %u %s\r\n", cseq, sip_method_name(msg->method));
    buf_init(&auth, auth_text, sizeof(auth_text));
    ua_authorize(ua, &auth, msg->method, msg->uri_text);

    struct sip_rewrite rewrite = {.bottom = buf_done(&auth)};
    sip_rewrite_drop_all(&rewrite, msg, SIP_H_AUTHORIZATION);
    sip_rewrite_drop_all(&rewrite, msg, SIP_H_PROXY_AUTHORIZATION);
    bool is_fine = sip_rewrite_replace(&rewrite, msg->first[SIP_H_VIA], buf_done(&via)) &&
                   sip_rewrite_replace(&rewrite, msg->first[SIP_H_CSEQ], buf_done(&cseq_line));
    sip_forward_write(out, msg, &rewrite);
    free(msg);
    return is_fine && !out->is_full && !via.is_full && !auth.is_full;
}

void ua_respond(struct ua *ua, struct ua_server *server, const struct sip_msg *request, int status,
                const char *to_tag, struct slice lines, struct slice body)
{
    char block[UA_MESSAGE_SIZE_MAX], more_text[1200];
    struct buf out, more;
    buf_init(&out, block, sizeof(block));
    buf_init(&more, more_text, sizeof(more_text));
    if (status > 100 && status < 300) {
        ua_contact_write(ua, &more);
        buf_text(&more, "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, INFO, PRACK, REFER, "
                        "MESSAGE, NOTIFY\r\n");
    }
    buf_slice(&more, lines);
    struct sip_response response = {.status = status,
                                    .to_tag = slice_from_text(to_tag),
                                    .lines = buf_done(&more),
                                    .source_host = slice_from_text(server->to.host),
                                    .source_port = server->to.port};
    if (body.size > 0) {
        response.content_type = SLICE("application/sdp");
        response.body = body;
    }
    sip_response_write(&out, request, &response);
    if (out.is_full || more.is_full) {
        ua->out->is_full = true;
        return;
    }
    ua_server_send(ua, server, buf_done(&out), status);
}

void ua_reasons_copy(struct ua *ua, const struct sip_msg *msg, struct ua_event *event)
{
    if (msg == NULL) {
        return;
    }
    ua_copy(event->reason, sizeof(event->reason), sip_msg_value(msg, SIP_H_REASON));
    ua_copy(event->x_reason, sizeof(event->x_reason), sip_msg_value(msg, SIP_H_X_REASON));
    if (event->reason[0]) {
        memcpy(ua->stats.last_reason, event->reason, sizeof(event->reason));
    }
    if (event->x_reason[0]) {
        memcpy(ua->stats.last_x_reason, event->x_reason, sizeof(event->x_reason));
    }
}
