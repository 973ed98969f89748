#include "edge/refuse.h"

#include "base/address.h"
#include "edge/worker.h"

#include <string.h>

static bool has_own_route(const struct edge *edge, const struct sip_glance *glance)
{
    struct slice rest = glance->route;
    struct slice value;
    struct sip_address address;
    uint64_t key;
    enum call_side_name side;
    return sip_list_next(&rest, &value) && sip_address_parse(value, &address) &&
           token_route_read(edge, &address.uri, &key, &side);
}

static bool is_invite_known(const struct edge *edge, const struct sip_glance *glance)
{
    struct txn_name name = {.branch = glance->branch,
                            .host = glance->via_host,
                            .port = glance->via_port,
                            .call_id = glance->call_id,
                            .from_tag = glance->from_tag,
                            .cseq = glance->cseq};
    return invite_is_seen(edge, txn_name_key(edge, &name, SIP_INVITE));
}

static bool is_emergency(const struct edge *edge, const struct sip_glance *glance)
{
    struct sip_uri uri;
    /* One that the glance's author does not understand is for the parser, not for a refusal. */
    return !sip_uri_parse(glance->uri_text, &uri) || is_emergency_uri(edge, &uri);
}

static enum edge_rank rank_of_credentials(const struct edge *edge, const struct sip_glance *glance,
                                          int64_t wall_us)
{
    const struct edge_settings *settings = &edge->settings;
    if (glance->credentials.size == 0) {
        return EDGE_RANK_FIRST;
    }
    struct slice nonce = sip_glance_credential(glance->credentials, SLICE("nonce"));
    if (!digest_nonce_is_good(nonce, &settings->nonce_keys, wall_us / 1000000,
                              settings->nonce_age_s)) {
        return EDGE_RANK_FIRST;
    }
    struct slice nc = sip_glance_credential(glance->credentials, SLICE("nc"));
    bool is_first_use = nc.size == 0 || slice_equal(nc, SLICE("00000001"));
    return glance->method == SIP_REGISTER && !is_first_use ? EDGE_RANK_REFRESH : EDGE_RANK_ANSWER;
}

static bool is_tag_ours(const struct edge *edge, const struct sip_glance *glance)
{
    char tag[TOKEN_TAG_SIZE];
    token_tag_write(edge, glance->branch, glance->call_id, glance->from_tag, glance->cseq, tag);
    return slice_equal(glance->to_tag, slice_make(tag, sizeof(tag)));
}

enum edge_rank edge_rank_of(const struct edge *edge, const struct sip_glance *glance,
                            int64_t wall_us)
{
    switch (glance->method) {
    case SIP_ACK:
        if (is_tag_ours(edge, glance)) {
            return EDGE_RANK_SETTLED;
        }
        return has_own_route(edge, glance) || is_invite_known(edge, glance) ? EDGE_RANK_KEEP
                                                                            : EDGE_RANK_STRAY;
    case SIP_CANCEL:
        return is_invite_known(edge, glance) ? EDGE_RANK_KEEP : EDGE_RANK_STRAY;
    case SIP_INVITE:
        if (glance->to_tag.size > 0 && has_own_route(edge, glance)) {
            return EDGE_RANK_KEEP;
        }
        return is_invite_known(edge, glance) || is_emergency(edge, glance)
                   ? EDGE_RANK_KEEP
                   : rank_of_credentials(edge, glance, wall_us);
    case SIP_REGISTER:
        return rank_of_credentials(edge, glance, wall_us);
    case SIP_METHOD_OTHER:
    case SIP_BYE:
    case SIP_INFO:
    case SIP_MESSAGE:
    case SIP_NOTIFY:
    case SIP_OPTIONS:
    case SIP_PRACK:
    case SIP_PUBLISH:
    case SIP_REFER:
    case SIP_SUBSCRIBE:
    case SIP_UPDATE:
        break;
    }
    if (glance->to_tag.size == 0) {
        return EDGE_RANK_OTHER;
    }
    return has_own_route(edge, glance) ? EDGE_RANK_KEEP : EDGE_RANK_STRAY;
}

bool edge_is_emergency_start(const struct edge *edge, struct slice bytes)
{
    struct slice rest = bytes;
    struct slice line = slice_split(&rest, '\n');
    struct slice method = slice_split(&line, ' ');
    struct sip_uri uri;
    return slice_equal(method, SLICE("INVITE")) && sip_uri_parse(slice_split(&line, ' '), &uri) &&
           is_emergency_uri(edge, &uri);
}

bool edge_branch_is_ours(const struct edge *edge, struct slice branch)
{
    uint64_t key;
    return token_branch_key(edge, branch, &key);
}

/* The top Via as the parser's way writes it (RFC 3261 18.2.1, RFC 3581 4). */
static void via_write_received(const struct sip_glance *glance, const struct reg_flow *from,
                               struct buf *out)
{
    static const struct slice asked = {";rport", 6};
    char host[ADDRESS_TEXT_SIZE];
    struct slice source = address_write(from->address, host);
    struct slice line = glance->vias[0];
    bool is_same_host = slice_equal(glance->via_host, source);
    if (!glance->is_rport_wanted) {
        buf_slice(out, line);
    } else { /* without the empty rport: the value comes at the end */
        for (size_t at = 0; at < line.size;) {
            struct slice rest = slice_skip(line, at);
            bool is_here = slice_starts_with_nocase(rest, asked) &&
                           (rest.size == asked.size || rest.data[asked.size] == ';' ||
                            rest.data[asked.size] == '=');
            if (is_here) {
                at += asked.size + (rest.size > asked.size && rest.data[asked.size] == '=');
                continue;
            }
            size_t size = 1 + slice_find(slice_skip(rest, 1), ';');
            buf_slice(out, slice_head(rest, size));
            at += size;
        }
    }
    if (glance->is_rport_wanted || !is_same_host) {
        buf_text(out, ";received=");
        buf_slice(out, source);
    }
    if (glance->is_rport_wanted) {
        buf_text(out, ";rport=");
        buf_u64(out, from->port);
    }
    buf_text(out, "\r\n");
}

static void line_copy(struct slice line, struct buf *out)
{
    buf_slice(out, line);
    buf_put(out, "\r\n", 2);
}

void edge_refuse(const struct edge *edge, const struct sip_glance *glance,
                 const struct reg_flow *from, int status, int retry_after_s, struct buf *out,
                 struct reg_flow *to)
{
    static const struct slice start_500 = {"SIP/2.0 500 Server Overloaded\r\n", 31};
    static const struct slice start_503 = {"SIP/2.0 503 Service Unavailable\r\n", 33};
    buf_slice(out, status == 503 ? start_503 : start_500);
    via_write_received(glance, from, out);
    for (int i = 1; i < glance->via_count; i++) {
        line_copy(glance->vias[i], out);
    }
    line_copy(glance->from, out);
    buf_slice(out, glance->to);
    if (glance->to_tag.size == 0) {
        char tag[TOKEN_TAG_SIZE];
        token_tag_write(edge, glance->branch, glance->call_id, glance->from_tag, glance->cseq, tag);
        buf_put(out, ";tag=", 5);
        buf_put(out, tag, sizeof(tag));
    }
    buf_put(out, "\r\n", 2);
    line_copy(glance->call_id_line, out);
    line_copy(glance->cseq_line, out);
    if (retry_after_s > 0) {
        buf_text(out, "Retry-After: ");
        buf_u64(out, (uint64_t)retry_after_s);
        buf_put(out, "\r\n", 2);
    }
    buf_text(out, status == 503 ? "Reason: SIP;cause=503;text=\"overload\"\r\n"
                                : "Reason: SIP;cause=500;text=\"overload\"\r\n");
    buf_text(out, "X-Reason: overload\r\nContent-Length: 0\r\n\r\n");
    *to = *from;
    if (!flow_is_stream(from) && !glance->is_rport_wanted) {
        to->port = glance->via_port != 0 ? glance->via_port : 5060;
    }
}
