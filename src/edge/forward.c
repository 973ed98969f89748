#include "edge/worker.h"

#include "base/address.h"

#include <string.h>

#define ROUTE_TOKEN_SIZE 36

static const char *const transport_names[] = {"UDP", "TCP", "TLS", "WS", "WSS"};

/* The listening address that a message to there leaves from: the flow's own where it is of that
 * transport and family, else the first that is. -1: we listen on none. */
int listener_for(const struct edge *edge, const struct reg_flow *to)
{
    const struct edge_settings *settings = &edge->settings;
    bool is_ipv6 = flow_is_ipv6(to);
    if (to->listener < settings->listener_count &&
        settings->listeners[to->listener].transport == to->transport &&
        settings->listeners[to->listener].is_ipv6 == is_ipv6) {
        return to->listener;
    }
    for (int i = 0; i < settings->listener_count; i++) {
        if (settings->listeners[i].transport == to->transport &&
            settings->listeners[i].is_ipv6 == is_ipv6) {
            return i;
        }
    }
    return -1;
}

void via_write(struct edge_worker *worker, const struct reg_flow *to, const char *branch,
               struct buf *out)
{
    int listener = listener_for(worker->edge, to);
    buf_text(out, "SIP/2.0/");
    buf_text(out, transport_names[to->transport]);
    buf_char(out, ' ');
    buf_text(out, worker->edge->settings.listeners[listener < 0 ? 0 : listener].advertised);
    buf_text(out, ";rport;branch=");
    buf_text(out, branch);
}

static void record_route_line(struct edge_worker *worker, int listener, uint64_t call_key,
                              struct buf *out)
{
    const struct edge_listener *address = &worker->edge->settings.listeners[listener];
    buf_text(out, "Record-Route: <sip:");
    buf_text(out, address->advertised);
    if (address->transport == REG_TCP) {
        buf_text(out, ";transport=tcp");
    }
    buf_text(out, ";lr;");
    token_route(worker->edge, call_key, SIDE_B, out);
    buf_text(out, ">\r\n");
}

/* Twice where transport or family changes (RFC 5658): each side sees an address that it can reach.
 */
static void record_routes(struct edge_worker *worker, const struct forward *forward,
                          struct buf *out)
{
    int outbound = listener_for(worker->edge, forward->to);
    int inbound = forward->from == NULL ? outbound : listener_for(worker->edge, forward->from);
    record_route_line(worker, outbound < 0 ? 0 : outbound, forward->call_key, out);
    if (inbound >= 0 && inbound != outbound) {
        record_route_line(worker, inbound, forward->call_key, out);
    }
}

bool is_own_uri(const struct edge *edge, const struct sip_uri *uri)
{
    if (slice_equal_nocase(uri->host, slice_from_text(edge->settings.domain))) {
        return true;
    }
    char text[96];
    struct buf buf;
    buf_init(&buf, text, sizeof(text));
    buf_slice(&buf, uri->host);
    buf_char(&buf, ':');
    buf_u64(&buf, uri->port == 0 ? 5060 : uri->port);
    if (buf.is_full) {
        return false;
    }
    for (int i = 0; i < edge->settings.listener_count; i++) {
        if (slice_equal_nocase(buf_done(&buf),
                               slice_from_text(edge->settings.listeners[i].advertised))) {
            return true;
        }
    }
    return false;
}

bool flow_from_uri(const struct edge *edge, const struct sip_uri *uri, uint8_t transport,
                   struct reg_flow *out)
{
    struct reg_flow flow = {.port = uri->port == 0 ? 5060 : uri->port, .transport = transport};
    struct slice named;
    if (sip_param_get(uri->params, "transport", &named)) {
        flow.transport = slice_equal_nocase(named, SLICE("tcp")) ? REG_TCP : REG_UDP;
    }
    int listener = address_parse(uri->host, flow.address) ? listener_for(edge, &flow) : -1;
    if (listener < 0) {
        return false;
    }
    flow.listener = (uint8_t)listener;
    *out = flow;
    return true;
}

struct work { /* one rewriting: replacement lines are written one after another into scratch */
    struct sip_rewrite rewrite;
    struct buf lines;
    bool has_failed;
};

static struct slice work_since(struct work *work, size_t start)
{
    return slice_make(work->lines.data + start, work->lines.size - start);
}

static void work_replace(struct work *work, int header, size_t start)
{
    if (!sip_rewrite_replace(&work->rewrite, header, work_since(work, start))) {
        work->has_failed = true;
    }
}

/* What the parties of a trust domain tell each other about a call and who pays for it (RFC 7315,
 * 5502, 5503, 6050, 8496), and who it was for before. */
static bool is_internal(struct slice name, bool is_from_endpoint)
{
    static const char *const names[] = {
        "P-Charging-Vector",  "P-Charging-Function-Addresses", "P-Charge-Info", "Charge-Info",
        "P-Asserted-Service", "P-Preferred-Service",           "P-Served-User", "P-Profile-Key",
        "P-User-Database",    "P-Visited-Network-ID"};
    static const char billing[] = "P-DCS-";
    if ((name.data[0] | 0x20) == 'h') {
        return is_from_endpoint && slice_equal_nocase(name, SLICE("History-Info"));
    }
    if ((name.data[0] | 0x20) != 'p' && (name.data[0] | 0x20) != 'c') {
        return false;
    }
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (slice_equal_nocase(name, slice_from_text(names[i]))) {
            return true;
        }
    }
    return slice_starts_with_nocase(name, slice_from_text(billing));
}

/* Nothing of what others say about identities and charges goes on: we say it ourselves (`lines`).
 * A carrier may say who was called before, an endpoint not: nobody could check it. */
static void drop_internal(struct work *work, const struct sip_msg *msg, bool is_from_endpoint)
{
    sip_rewrite_drop_all(&work->rewrite, msg, SIP_H_P_ASSERTED_IDENTITY);
    sip_rewrite_drop_all(&work->rewrite, msg, SIP_H_P_PREFERRED_IDENTITY);
    sip_rewrite_drop_all(&work->rewrite, msg, SIP_H_REMOTE_PARTY_ID);
    sip_rewrite_drop_all(&work->rewrite, msg, SIP_H_X_REASON);
    if (is_from_endpoint) {
        sip_rewrite_drop_all(&work->rewrite, msg, SIP_H_DIVERSION);
    }
    for (int i = 0; i < msg->header_count; i++) {
        if (msg->headers[i].id == SIP_H_OTHER &&
            is_internal(msg->headers[i].name, is_from_endpoint)) {
            sip_rewrite_drop(&work->rewrite, i);
        }
    }
}

/* Credentials for our realm are ours: they go no further. */
static void drop_own_credentials(struct edge_worker *worker, struct work *work,
                                 const struct sip_msg *msg)
{
    struct slice realm = slice_from_text(worker->edge->settings.domain);
    static const enum sip_header_id ids[] = {SIP_H_PROXY_AUTHORIZATION, SIP_H_AUTHORIZATION};
    for (size_t i = 0; i < ARRAY_COUNT(ids); i++) {
        for (int at = msg->first[ids[i]]; at >= 0; at = sip_msg_next(msg, at)) {
            if (slice_find_text(msg->headers[at].value, realm) != NULL) {
                sip_rewrite_drop(&work->rewrite, at);
            }
        }
    }
}

static void write_routes(struct edge_worker *worker, struct work *work, const struct sip_msg *msg,
                         const struct forward *forward)
{
    size_t start = work->lines.size;
    buf_text(&work->lines, "Route: ");
    size_t values = work->lines.size;
    buf_slice(&work->lines, forward->routes);
    int header = forward->replaces_routes ? -1 : msg->first[SIP_H_ROUTE];
    struct slice rest = {NULL, 0};
    struct slice value;
    while (sip_msg_list_next(msg, &header, &rest, &value)) {
        struct sip_address address;
        if (sip_address_parse(value, &address) && is_own_uri(worker->edge, &address.uri)) {
            continue;
        }
        if (work->lines.size > values) {
            buf_text(&work->lines, ", ");
        }
        buf_slice(&work->lines, value);
    }
    sip_rewrite_drop_all(&work->rewrite, msg, SIP_H_ROUTE);
    if (work->lines.size == values) {
        work->lines.size = start;
        return;
    }
    buf_text(&work->lines, "\r\n");
}

static void write_cseq(struct work *work, const struct sip_msg *msg, uint32_t cseq)
{
    size_t start = work->lines.size;
    buf_text(&work->lines, "CSeq: ");
    buf_u64(&work->lines, cseq);
    buf_char(&work->lines, ' ');
    buf_slice(&work->lines, msg->cseq_method_text);
    buf_text(&work->lines, "\r\n");
    work_replace(work, msg->first[SIP_H_CSEQ], start);
}

/* PRACK names the CSeq of the INVITE that it acknowledges (RFC 3262 7.2): it moves with the offset.
 */
static void shift_rack(struct work *work, const struct sip_msg *msg, uint32_t add)
{
    int header = msg->first[SIP_H_RACK];
    if (header < 0) {
        return;
    }
    struct slice rest = msg->headers[header].value;
    struct slice number = slice_split(&rest, ' ');
    rest = slice_trim(rest);
    struct slice cseq = slice_split(&rest, ' ');
    uint64_t value;
    if (!slice_to_u64(cseq, SIP_CSEQ_MAX, &value)) {
        return;
    }
    size_t start = work->lines.size;
    buf_text(&work->lines, "RAck: ");
    buf_slice(&work->lines, number);
    buf_char(&work->lines, ' ');
    buf_u64(&work->lines, value + add);
    buf_char(&work->lines, ' ');
    buf_slice(&work->lines, slice_trim(rest));
    buf_text(&work->lines, "\r\n");
    work_replace(work, header, start);
}

static void write_max_forwards(struct work *work, const struct sip_msg *msg)
{
    size_t start = work->lines.size;
    buf_text(&work->lines, "Max-Forwards: ");
    buf_i64(&work->lines, msg->max_forwards < 0 ? 70 : msg->max_forwards - 1);
    buf_text(&work->lines, "\r\n");
    if (msg->first[SIP_H_MAX_FORWARDS] >= 0) {
        work_replace(work, msg->first[SIP_H_MAX_FORWARDS], start);
    }
}

struct slice forward_request(struct edge_worker *worker, const struct sip_msg *msg,
                             const struct forward *forward)
{
    struct work work = {.rewrite = {.request_uri = forward->uri}};
    buf_init(&work.lines, worker->scratch, sizeof(worker->scratch));

    buf_text(&work.lines, "Via: ");
    via_write(worker, forward->to, forward->branch, &work.lines);
    buf_text(&work.lines, "\r\n");
    if (forward->has_record_route) {
        record_routes(worker, forward, &work.lines);
    }
    write_routes(worker, &work, msg, forward);
    if (msg->first[SIP_H_MAX_FORWARDS] < 0) {
        write_max_forwards(&work, msg);
    }
    work.rewrite.top = buf_done(&work.lines);

    if (forward->from != NULL) {
        char host[ADDRESS_TEXT_SIZE];
        size_t start = work.lines.size;
        sip_via_received_write(&work.lines, msg, address_write(forward->from->address, host),
                               forward->from->port);
        work_replace(&work, msg->first[SIP_H_VIA], start);
    }
    if (msg->first[SIP_H_MAX_FORWARDS] >= 0) {
        write_max_forwards(&work, msg);
    }
    if (forward->cseq_add != 0) {
        write_cseq(&work, msg, msg->cseq + forward->cseq_add);
        shift_rack(&work, msg, forward->cseq_add);
    }
    drop_own_credentials(worker, &work, msg);
    drop_internal(&work, msg, forward->is_from_endpoint);
    work.rewrite.bottom = forward->lines;

    struct buf out;
    buf_init(&out, worker->out, sizeof(worker->out));
    sip_forward_write(&out, msg, &work.rewrite);
    bool is_lost = work.has_failed || work.lines.is_full || out.is_full;
    return is_lost ? (struct slice){NULL, 0} : buf_done(&out);
}

/* Each side's Record-Route names that side, so that a request tells by its MAC where it comes from.
 * The token has one length for both: it is changed in place. */
static void patch_record_routes(struct edge_worker *worker, struct work *work,
                                const struct sip_msg *msg, uint64_t call_key,
                                enum call_side_name to_side)
{
    if (to_side == SIDE_B) {
        return;
    }
    char theirs[ROUTE_TOKEN_SIZE];
    char ours[ROUTE_TOKEN_SIZE];
    struct buf token;
    buf_init(&token, theirs, sizeof(theirs));
    token_route(worker->edge, call_key, SIDE_B, &token);
    struct slice wanted = slice_make(theirs, sizeof(theirs));
    buf_init(&token, ours, sizeof(ours));
    token_route(worker->edge, call_key, SIDE_A, &token);
    for (int at = msg->first[SIP_H_RECORD_ROUTE]; at >= 0; at = sip_msg_next(msg, at)) {
        struct slice line = msg->headers[at].line;
        if (slice_find_text(line, wanted) == NULL) {
            continue;
        }
        size_t start = work->lines.size;
        buf_slice(&work->lines, line);
        buf_text(&work->lines, "\r\n");
        if (work->lines.is_full) {
            work->has_failed = true;
            return;
        }
        char *from = work->lines.data + start;
        size_t left = work->lines.size - start;
        const char *hit;
        while ((hit = slice_find_text(slice_make(from, left), wanted)) != NULL) {
            memcpy(from + (hit - from), ours, sizeof(ours));
        }
        work_replace(work, at, start);
    }
}

struct slice forward_response(struct edge_worker *worker, const struct sip_msg *msg,
                              uint64_t call_key, enum call_side_name to_side, uint32_t cseq_sub,
                              struct slice lines)
{
    struct work work = {.rewrite = {.bottom = lines}};
    buf_init(&work.lines, worker->scratch, sizeof(worker->scratch));
    if (!sip_rewrite_pop_via(&work.rewrite, msg, &work.lines)) {
        return (struct slice){NULL, 0};
    }
    if (msg->first[SIP_H_RECORD_ROUTE] >= 0) {
        patch_record_routes(worker, &work, msg, call_key, to_side);
    }
    if (cseq_sub != 0) {
        write_cseq(&work, msg, msg->cseq - cseq_sub);
    }
    drop_internal(&work, msg, false);

    struct buf out;
    buf_init(&out, worker->out, sizeof(worker->out));
    sip_forward_write(&out, msg, &work.rewrite);
    bool is_lost = work.has_failed || work.lines.is_full || out.is_full;
    return is_lost ? (struct slice){NULL, 0} : buf_done(&out);
}
