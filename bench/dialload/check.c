#include "dialload/check.h"

#include "dialload/compose.h"

#define TEXT_MAX 512

static bool is_call_id_ours(const struct load *load, const struct job *job, struct slice value)
{
    char data[TEXT_MAX];
    struct buf text;
    buf_init(&text, data, sizeof(data));
    compose_call_id(load, &text, job);
    return slice_equal(value, buf_done(&text));
}

static bool is_party(const struct load *load, const struct job *job, enum side side, bool has_tag,
                     struct slice value)
{
    char data[TEXT_MAX];
    struct buf text;
    buf_init(&text, data, sizeof(data));
    compose_party(load, &text, job, side, has_tag);
    return slice_equal(value, buf_done(&text));
}

static bool is_contact_of(const struct load *load, uint32_t phone, struct slice uri)
{
    char data[TEXT_MAX];
    struct buf text;
    buf_init(&text, data, sizeof(data));
    compose_contact_uri(load, &text, phone);
    return slice_equal(uri, buf_done(&text));
}

static bool is_body_of(const struct load *load, uint32_t phone, struct slice body)
{
    char data[TEXT_MAX];
    struct buf text;
    buf_init(&text, data, sizeof(data));
    compose_body(load, &text, phone);
    return slice_equal(body, buf_done(&text));
}

/* "SIP/2.0/UDP host:port;..." */
static bool is_sent_by(struct slice via, const char *address)
{
    struct slice sent_by = slice_head(via, slice_find(via, ';'));
    struct slice protocol = SLICE("SIP/2.0/UDP ");
    return slice_starts_with_nocase(sent_by, protocol) &&
           slice_equal(slice_trim(slice_skip(sent_by, protocol.size)), slice_from_text(address));
}

/* A proxy may change its own value on the way back (RFC 3261 16.7 step 8): as many values, as long,
 * the same up to their parameters. */
static bool is_joined_equal(const struct reader_list *list, const char *text, size_t size)
{
    char data[JOB_ROUTE_MAX];
    struct buf joined;
    buf_init(&joined, data, sizeof(data));
    for (uint32_t i = 0; i < list->count; i++) {
        buf_text(&joined, i > 0 ? ", " : "");
        buf_slice(&joined, list->items[i]);
    }
    if (joined.is_full || joined.size != size) {
        return false;
    }
    bool is_parameter = false;
    for (size_t i = 0; i < size; i++) {
        is_parameter = (is_parameter || text[i] == ';') && text[i] != '>';
        if (!is_parameter && text[i] != data[i]) {
            return false;
        }
    }
    return true;
}

/* The tag may only be missing in a 100; the rest of To is as it was sent (RFC 3261 8.2.6.2). */
static enum flaw check_to(const struct load *load, const struct job *job,
                          const struct message *message, enum side other)
{
    if (job->method == METHOD_BYE) {
        return is_party(load, job, other, true, message->to) ? FLAW_NONE : FLAW_TO;
    }
    struct slice bare = slice_head(message->to, slice_find(message->to, ';'));
    struct slice tag;
    if (!is_party(load, job, other, false, bare)) {
        return FLAW_TO;
    }
    bool has_tag = reader_param(message->to, SLICE("tag"), &tag) && tag.size > 0;
    return has_tag || message->status == 100 ? FLAW_NONE : FLAW_TO_TAG;
}

/* 180 and 200 to INVITE are the callee's words: nothing of them may change but the Via. */
static enum flaw check_callee_words(const struct load *load, const struct job *job,
                                    const struct message *message)
{
    if (!is_party(load, job, SIDE_CALLEE, true, message->to)) {
        return FLAW_TO_TAG;
    }
    if (message->contact.count != 1 ||
        !is_contact_of(load, job->callee, reader_uri(message->contact.items[0]))) {
        return FLAW_CONTACT;
    }
    if (!is_joined_equal(&message->record_route, job->record_route, job->record_route_size)) {
        return FLAW_RECORD_ROUTE;
    }
    bool is_body_right = message->status == 200 ? is_body_of(load, job->callee, message->body)
                                                : message->body.size == 0;
    return is_body_right ? FLAW_NONE : FLAW_BODY;
}

static enum flaw check_own_via(const struct load *load, const struct message *message,
                               uint32_t socket_index)
{
    const struct net_socket *s = &load->net.sockets[socket_index];
    struct slice rport;
    uint64_t port = 0;
    if (message->via.count != 1 || !is_sent_by(message->via.items[0], s->address) ||
        !reader_param(message->via.items[0], SLICE("rport"), &rport) ||
        !slice_to_u64(rport, UINT16_MAX, &port) || port != s->port) {
        return FLAW_VIA;
    }
    return FLAW_NONE;
}

enum flaw check_response(const struct load *load, const struct job *job,
                         const struct message *message, uint32_t socket_index)
{
    enum side other = job->sender == SIDE_CALLER ? SIDE_CALLEE : SIDE_CALLER;
    if (socket_index != load_phone_socket(load, load_job_phone(job, job->sender))) {
        return FLAW_SOCKET;
    }
    enum flaw flaw = check_own_via(load, message, socket_index);
    if (flaw != FLAW_NONE) {
        return flaw;
    }
    if (!is_call_id_ours(load, job, message->call_id)) {
        return FLAW_CALL_ID;
    }
    if (message->cseq != job->cseq ||
        !slice_equal(message->method, slice_from_text(method_name(job->method)))) {
        return FLAW_CSEQ;
    }
    if (!is_party(load, job, job->sender, true, message->from)) {
        return FLAW_FROM;
    }
    flaw = check_to(load, job, message, other);
    if (flaw == FLAW_NONE && job->method == METHOD_INVITE &&
        (message->status == 180 || message->status == 200)) {
        flaw = check_callee_words(load, job, message);
    }
    return flaw;
}

enum flaw check_bindings(const struct load *load, const struct job *job,
                         const struct message *message)
{
    if (message->contact.count != 1 ||
        !is_contact_of(load, job->caller, reader_uri(message->contact.items[0]))) {
        return FLAW_BINDING;
    }
    struct slice text;
    uint64_t life_s = message->expires_s;
    if (reader_param(message->contact.items[0], SLICE("expires"), &text) &&
        !slice_to_u64(text, UINT32_MAX, &life_s)) {
        return FLAW_BINDING;
    }
    return life_s > 0 && life_s <= load->step->expires_s ? FLAW_NONE : FLAW_BINDING;
}

/* The server's Via on top, the sender's own (with its branch) at the bottom. */
static bool are_relayed_vias(const struct load *load, const struct job *job,
                             const struct message *message, uint8_t transaction)
{
    uint32_t sender_socket = load_phone_socket(load, load_job_phone(job, job->sender));
    struct slice own = message->via.items[message->via.count - 1];
    struct slice branch;
    uint8_t byte = 0;
    return message->via.count >= 2 && is_sent_by(message->via.items[0], load->net.target) &&
           is_sent_by(own, load->net.sockets[sender_socket].address) &&
           reader_param(own, SLICE("branch"), &branch) && branch.size > 2 &&
           slice_from_hex(slice_skip(branch, branch.size - 2), &byte, 1) && byte == transaction;
}

static enum flaw check_relayed_invite(const struct load *load, const struct job *job,
                                      const struct message *message)
{
    struct slice value;
    struct slice last;
    if (message->contact.count != 1 ||
        !is_contact_of(load, job->caller, reader_uri(message->contact.items[0]))) {
        return FLAW_CONTACT;
    }
    if (!is_body_of(load, job->caller, message->body)) {
        return FLAW_BODY;
    }
    if (message->record_route.count == 0) {
        return FLAW_RECORD_ROUTE;
    }
    for (uint32_t i = 0; i < message->record_route.count; i++) {
        last = reader_uri(message->record_route.items[i]);
        if (!reader_param(last, SLICE("lr"), &value)) {
            return FLAW_RECORD_ROUTE;
        }
    }
    return FLAW_NONE;
}

enum flaw check_relayed(const struct load *load, const struct job *job, enum method method,
                        const struct message *message, uint32_t socket_index)
{
    enum side other = job->sender == SIDE_CALLER ? SIDE_CALLEE : SIDE_CALLER;
    uint32_t receiver = load_job_phone(job, other);
    if (socket_index != load_phone_socket(load, receiver)) {
        return FLAW_SOCKET;
    }
    if (!is_contact_of(load, receiver, message->uri)) {
        return FLAW_REQUEST_URI;
    }
    if (!are_relayed_vias(load, job, message, job->transaction)) {
        return FLAW_RELAYED_VIA;
    }
    if (message->max_forwards >= 70) {
        return FLAW_MAX_FORWARDS;
    }
    if (message->route.count > 0) {
        return FLAW_ROUTE_LEFT;
    }
    if (!is_call_id_ours(load, job, message->call_id)) {
        return FLAW_CALL_ID;
    }
    if (message->cseq != job->cseq) {
        return FLAW_CSEQ;
    }
    if (!is_party(load, job, job->sender, true, message->from)) {
        return FLAW_FROM;
    }
    if (!is_party(load, job, other, method != METHOD_INVITE, message->to)) {
        return FLAW_TO;
    }
    return method == METHOD_INVITE ? check_relayed_invite(load, job, message) : FLAW_NONE;
}
