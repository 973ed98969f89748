#include "dialload/compose.h"

#include <assert.h>

static const struct slice line_end = {"\r\n", 2};

/* Slot, generation and, in a branch, the transaction. */
static void put_id(struct buf *out, const struct job *job)
{
    uint8_t bytes[JOB_ID_SIZE / 2];
    size_t size = 0;
    for (int shift = 16; shift >= 0; shift -= 8) {
        bytes[size++] = (uint8_t)(job->slot >> shift);
    }
    for (int shift = 24; shift >= 0; shift -= 8) {
        bytes[size++] = (uint8_t)(job->generation >> shift);
    }
    buf_hex(out, bytes, size);
}

void compose_user(struct buf *out, uint32_t phone)
{
    char text[8] = "u0000000";
    for (int i = 7; i > 0; i--) {
        text[i] = (char)('0' + phone % 10);
        phone /= 10;
    }
    buf_put(out, text, sizeof(text));
}

void compose_contact_uri(const struct load *load, struct buf *out, uint32_t phone)
{
    buf_text(out, "sip:");
    compose_user(out, phone);
    buf_char(out, '@');
    buf_text(out, load->net.sockets[load_phone_socket(load, phone)].address);
}

/* A phone registers under one Call-ID as long as it runs (RFC 3261 10.2). */
void compose_call_id(const struct load *load, struct buf *out, const struct job *job)
{
    if (job->method == METHOD_REGISTER) {
        buf_char(out, 'r');
        compose_user(out, job->caller);
        buf_char(out, '-');
        buf_text(out, load->auth.cnonce);
    } else {
        buf_char(out, 'c');
        put_id(out, job);
    }
}

void compose_tag(struct buf *out, const struct job *job, enum side side)
{
    buf_char(out, side == SIDE_CALLER ? 'f' : 't');
    put_id(out, job);
}

void compose_party(const struct load *load, struct buf *out, const struct job *job, enum side side,
                   bool has_tag)
{
    buf_text(out, "<sip:");
    /* OPTIONS is for the server itself: no user. REGISTER is for the caller's own address. */
    if (side == SIDE_CALLER || job->method != METHOD_OPTIONS) {
        compose_user(out, job->method == METHOD_REGISTER ? job->caller : load_job_phone(job, side));
        buf_char(out, '@');
    }
    buf_text(out, load->options->domain);
    buf_char(out, '>');
    if (has_tag) {
        buf_text(out, ";tag=");
        compose_tag(out, job, side);
    }
}

void compose_body(const struct load *load, struct buf *out, uint32_t phone)
{
    const char *address = load->net.is_ipv6 ? "IP6 ::1\r\n" : "IP4 127.0.0.1\r\n";
    buf_text(out, "v=0\r\no=- ");
    buf_u64(out, 1000000 + phone);
    buf_text(out, " 1 IN ");
    buf_text(out, address);
    buf_text(out, "s=-\r\nc=IN ");
    buf_text(out, address);
    buf_text(out, "t=0 0\r\nm=audio 40000 RTP/AVP 8 0 101\r\n"
                  "a=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n");
}

static void put_via(const struct load *load, const struct job *job, uint8_t transaction,
                    struct buf *out)
{
    uint32_t socket_index = load_phone_socket(load, load_job_phone(job, job->sender));
    buf_text(out, "Via: SIP/2.0/UDP ");
    buf_text(out, load->net.sockets[socket_index].address);
    buf_text(out, ";rport;branch=z9hG4bK");
    put_id(out, job);
    buf_hex(out, &transaction, 1);
    buf_slice(out, line_end);
}

/* The caller's route set is the Record-Route list turned round (RFC 3261 12.1.2), the callee's is
 * the list as it stands (12.1.1). */
static void put_route(const struct job *job, struct buf *out)
{
    struct slice text = slice_make(job->record_route, job->record_route_size);
    if (job->sender == SIDE_CALLEE) {
        buf_text(out, "Route: ");
        buf_slice(out, text);
        buf_slice(out, line_end);
        return;
    }
    struct reader_list list = {.count = 0};
    bool is_read = reader_list_add(&list, text);
    assert(is_read);
    for (uint32_t i = list.count; i-- > 0;) {
        buf_text(out, "Route: ");
        buf_slice(out, list.items[i]);
        buf_slice(out, line_end);
    }
}

static void put_request_uri(const struct load *load, const struct job *job, struct buf *out)
{
    bool is_in_dialog = job->method == METHOD_ACK || job->method == METHOD_BYE;
    if (is_in_dialog) {
        enum side other = job->sender == SIDE_CALLER ? SIDE_CALLEE : SIDE_CALLER;
        compose_contact_uri(load, out, load_job_phone(job, other));
        return;
    }
    buf_text(out, "sip:");
    if (job->method == METHOD_INVITE) {
        compose_user(out, job->callee);
        buf_char(out, '@');
    }
    buf_text(out, load->options->domain);
}

static void put_cseq(struct buf *out, uint32_t cseq, struct slice method)
{
    buf_text(out, "\r\nCSeq: ");
    buf_u64(out, cseq);
    buf_char(out, ' ');
    buf_slice(out, method);
    buf_slice(out, line_end);
}

static void put_contact(const struct load *load, struct buf *out, uint32_t phone)
{
    buf_text(out, "Contact: <");
    compose_contact_uri(load, out, phone);
    buf_text(out, ">\r\n");
}

static void put_credentials(struct load *load, struct job *job, struct buf *out)
{
    char user_data[16];
    char uri_data[96];
    struct buf user;
    struct buf uri;
    buf_init(&user, user_data, sizeof(user_data));
    buf_init(&uri, uri_data, sizeof(uri_data));
    compose_user(&user, job->caller);
    put_request_uri(load, job, &uri);
    assert(!uri.is_full);
    struct phone *phone = &load->phones[job->caller];
    auth_write(&load->auth,
               job->method == METHOD_INVITE ? &phone->call_nonce : &phone->registrar_nonce,
               buf_done(&user), slice_from_text(method_name(job->method)), buf_done(&uri), out);
}

static void put_length_and_body(const struct load *load, struct buf *out, bool has_body,
                                uint32_t phone)
{
    if (!has_body) {
        buf_text(out, "Content-Length: 0\r\n\r\n");
        return;
    }
    char data[384];
    struct buf body;
    buf_init(&body, data, sizeof(data));
    compose_body(load, &body, phone);
    assert(!body.is_full);
    buf_text(out, "Content-Type: application/sdp\r\nContent-Length: ");
    buf_u64(out, body.size);
    buf_text(out, "\r\n\r\n");
    buf_slice(out, buf_done(&body));
}

void compose_request(struct load *load, struct job *job)
{
    struct buf out;
    bool is_in_dialog = job->method == METHOD_ACK || job->method == METHOD_BYE;
    enum side other = job->sender == SIDE_CALLER ? SIDE_CALLEE : SIDE_CALLER;
    struct slice method = slice_from_text(method_name(job->method));
    buf_init(&out, job->sent, sizeof(job->sent));
    buf_slice(&out, method);
    buf_char(&out, ' ');
    put_request_uri(load, job, &out);
    buf_text(&out, " SIP/2.0\r\n");
    put_via(load, job, job->transaction, &out);
    if (is_in_dialog) {
        put_route(job, &out);
    }
    buf_text(&out, "Max-Forwards: 70\r\nFrom: ");
    compose_party(load, &out, job, job->sender, true);
    buf_text(&out, "\r\nTo: ");
    compose_party(load, &out, job, other, is_in_dialog);
    buf_text(&out, "\r\nCall-ID: ");
    compose_call_id(load, &out, job);
    put_cseq(&out, job->cseq, method);
    if (job->method == METHOD_INVITE || job->method == METHOD_REGISTER) {
        put_contact(load, &out, job->caller);
    }
    if (job->method == METHOD_REGISTER) {
        buf_text(&out, "Expires: ");
        buf_u64(&out, load->step->expires_s);
        buf_slice(&out, line_end);
    }
    if (job->has_credentials && !is_in_dialog) {
        put_credentials(load, job, &out);
    }
    buf_text(&out, "User-Agent: dialload\r\n");
    put_length_and_body(load, &out, job->method == METHOD_INVITE, job->caller);
    assert(!out.is_full);
    job->sent_size = (uint16_t)out.size;
}

struct slice compose_refusal_ack(const struct load *load, const struct job *job,
                                 const struct message *refusal, char *data, size_t size)
{
    struct buf out;
    struct slice branch;
    uint8_t transaction = job->invite_transaction;
    /* A refusal that comes again after its INVITE was repeated with credentials is acknowledged
     * with its own branch, whose last two digits are the transaction. */
    if (reader_param(refusal->via.items[0], SLICE("branch"), &branch) && branch.size > 2) {
        uint8_t byte = 0;
        if (slice_from_hex(slice_skip(branch, branch.size - 2), &byte, 1)) {
            transaction = byte;
        }
    }
    buf_init(&out, data, size);
    buf_text(&out, "ACK sip:");
    compose_user(&out, job->callee);
    buf_char(&out, '@');
    buf_text(&out, load->options->domain);
    buf_text(&out, " SIP/2.0\r\n");
    put_via(load, job, transaction, &out);
    buf_text(&out, "Max-Forwards: 70\r\nFrom: ");
    compose_party(load, &out, job, SIDE_CALLER, true);
    buf_text(&out, "\r\nTo: ");
    buf_slice(&out, refusal->to);
    buf_text(&out, "\r\nCall-ID: ");
    compose_call_id(load, &out, job);
    put_cseq(&out, refusal->cseq, SLICE("ACK"));
    buf_text(&out, "User-Agent: dialload\r\nContent-Length: 0\r\n\r\n");
    assert(!out.is_full);
    return buf_done(&out);
}

static const char *reason_of(int status)
{
    switch (status) {
    case 180:
        return "Ringing";
    case 200:
        return "OK";
    case 481:
        return "Call/Transaction Does Not Exist";
    default:
        return "Not Implemented";
    }
}

/* The top Via's rport is filled in where the server asked for it (RFC 3581 4). */
static void put_answer_via(const struct load *load, struct buf *out, struct slice via, bool is_top)
{
    struct slice value;
    buf_text(out, "Via: ");
    size_t at = 0;
    while (at < via.size && !slice_starts_with_nocase(slice_skip(via, at), SLICE(";rport"))) {
        at++;
    }
    if (is_top && at < via.size && reader_param(via, SLICE("rport"), &value) && value.size == 0) {
        buf_slice(out, slice_head(via, at + 6));
        buf_char(out, '=');
        buf_u64(out, load->net.target_port);
        buf_slice(out, slice_skip(via, at + 6));
    } else {
        buf_slice(out, via);
    }
    buf_slice(out, line_end);
}

struct slice compose_answer_write(const struct load *load, const struct compose_answer *answer,
                                  char *data, size_t size)
{
    const struct message *request = answer->request;
    struct slice tag;
    struct buf out;
    buf_init(&out, data, size);
    buf_text(&out, "SIP/2.0 ");
    buf_u64(&out, (uint64_t)answer->status);
    buf_char(&out, ' ');
    buf_text(&out, reason_of(answer->status));
    buf_slice(&out, line_end);
    for (uint32_t i = 0; i < request->via.count; i++) {
        put_answer_via(load, &out, request->via.items[i], i == 0);
    }
    for (uint32_t i = 0; answer->makes_dialog && i < request->record_route.count; i++) {
        buf_text(&out, "Record-Route: ");
        buf_slice(&out, request->record_route.items[i]);
        buf_slice(&out, line_end);
    }
    buf_text(&out, "From: ");
    buf_slice(&out, request->from);
    buf_text(&out, "\r\nTo: ");
    buf_slice(&out, request->to);
    if (!reader_param(request->to, SLICE("tag"), &tag)) {
        buf_text(&out, ";tag=");
        buf_slice(&out, answer->tag);
    }
    buf_text(&out, "\r\nCall-ID: ");
    buf_slice(&out, request->call_id);
    put_cseq(&out, request->cseq, request->method);
    if (answer->makes_dialog) {
        put_contact(load, &out, answer->phone);
    }
    buf_text(&out, "User-Agent: dialload\r\n");
    put_length_and_body(load, &out, answer->has_body, answer->phone);
    return out.is_full ? (struct slice){NULL, 0} : buf_done(&out);
}
