#include "dialstorm/write.h"

#include "dialstorm/scan.h"

#include <assert.h>
#include <string.h>

static const char *const method_names[] = {"REGISTER", "INVITE", "ACK", "CANCEL", "BYE", "INFO"};

static void put_id(struct buf *out, const struct op *op)
{
    uint8_t bytes[OP_ID_SIZE / 2] = {(uint8_t)(op->slot >> 16),
                                     (uint8_t)(op->slot >> 8),
                                     (uint8_t)op->slot,
                                     (uint8_t)(op->generation >> 24),
                                     (uint8_t)(op->generation >> 16),
                                     (uint8_t)(op->generation >> 8),
                                     (uint8_t)op->generation};
    buf_hex(out, bytes, sizeof(bytes));
}

static void put_user(struct buf *out, uint32_t phone)
{
    char text[8] = "u0000000";
    for (int i = 7; i > 0; i--) {
        text[i] = (char)('0' + phone % 10);
        phone /= 10;
    }
    buf_put(out, text, sizeof(text));
}

static void put_contact_uri(const struct storm *storm, struct buf *out, uint32_t phone)
{
    buf_slice(out, SLICE("sip:"));
    put_user(out, phone);
    buf_char(out, '@');
    buf_text(out, storm->net.sockets[phone_socket(storm, phone)].address);
}

static void put_via(const struct storm *storm, const struct op *op, struct buf *out)
{
    bool is_invites =
        op->method == METHOD_CANCEL; /* RFC 3261 9.1: CANCEL has the INVITE's branch */
    uint8_t transaction = is_invites ? op->invite_transaction : op->transaction;
    buf_slice(out, SLICE("Via: SIP/2.0/UDP "));
    buf_text(out, storm->net.sockets[phone_socket(storm, op->caller)].address);
    buf_slice(out, SLICE(";rport;branch=z9hG4bK"));
    put_id(out, op);
    buf_hex(out, &transaction, 1);
    buf_slice(out, SLICE("\r\n"));
}

/* The route set of a caller is the Record-Route list turned round (RFC 3261 12.1.2). */
static void put_route(struct storm *storm, const struct op *op, struct buf *out)
{
    struct reader_list list = {.count = 0};
    bool is_read = reader_list_add(&list, slice_make(op_text(storm, op)->route, op->route_size));
    assert(is_read);
    for (uint32_t i = list.count; i-- > 0;) {
        if (list.items[i].size > 0) {
            buf_slice(out, SLICE("Route: "));
            buf_slice(out, list.items[i]);
            buf_slice(out, SLICE("\r\n"));
        }
    }
}

static void put_request_uri(const struct storm *storm, const struct op *op, bool is_in_dialog,
                            struct buf *out)
{
    if (is_in_dialog) {
        put_contact_uri(storm, out, op->callee);
        return;
    }
    buf_slice(out, SLICE("sip:"));
    if (op->method != METHOD_REGISTER) {
        put_user(out, op->callee);
        buf_char(out, '@');
    }
    buf_text(out, storm->plan->net.domain);
}

static void md5_hex(struct storm *storm, const struct buf *input, char *hex)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    assert(!input->is_full);
    int is_hashed =
        EVP_DigestInit_ex2(storm->auth.context, storm->auth.algorithms[AUTH_MD5], NULL) == 1 &&
        EVP_DigestUpdate(storm->auth.context, input->data, input->size) == 1 &&
        EVP_DigestFinal_ex(storm->auth.context, digest, &size) == 1;
    assert(is_hashed && size == 16);
    slice_hex(hex, digest, size);
}

static void find_ha1(struct storm *storm, const struct op *op, const struct held_nonce *held)
{
    struct phone *phone = &storm->phones[op->caller];
    char data[512];
    struct buf input;
    if (phone->has_ha1) {
        return;
    }
    buf_init(&input, data, sizeof(data));
    put_user(&input, op->caller);
    buf_char(&input, ':');
    buf_text(&input, held->realm);
    buf_slice(&input, SLICE(":pw-"));
    put_user(&input, op->caller);
    md5_hex(storm, &input, phone->ha1);
    phone->has_ha1 = true;
}

static void find_ha2(struct storm *storm, const struct op *op, char *ha2)
{
    struct phone *phone = &storm->phones[op->caller];
    char data[512];
    struct buf input;
    bool is_call = op->method == METHOD_INVITE;
    if (!is_call || phone->ha2_callee != op->callee + 1) {
        buf_init(&input, data, sizeof(data));
        buf_text(&input, method_names[op->method]);
        buf_char(&input, ':');
        put_request_uri(storm, op, false, &input);
        md5_hex(storm, &input, ha2);
        if (is_call) {
            memcpy(phone->ha2, ha2, sizeof(phone->ha2));
            phone->ha2_callee = op->callee + 1;
        }
        return;
    }
    memcpy(ha2, phone->ha2, sizeof(phone->ha2));
}

/* RFC 7616 3.4.1 with MD5; all hashes that stay the same are made once. */
static void find_digest(struct storm *storm, struct op *op, const struct held_nonce *held,
                        struct slice nc)
{
    char data[512];
    char ha2[32];
    struct buf input;
    find_ha1(storm, op, held);
    find_ha2(storm, op, ha2);
    buf_init(&input, data, sizeof(data));
    buf_put(&input, storm->phones[op->caller].ha1, sizeof(storm->phones[op->caller].ha1));
    buf_char(&input, ':');
    buf_text(&input, held->nonce);
    buf_char(&input, ':');
    buf_slice(&input, nc);
    buf_char(&input, ':');
    buf_text(&input, storm->auth.cnonce);
    buf_slice(&input, SLICE(":auth:"));
    buf_put(&input, ha2, sizeof(ha2));
    md5_hex(storm, &input, op->digest);
}

static void put_credentials(struct storm *storm, struct op *op, struct buf *out)
{
    struct phone *phone = &storm->phones[op->caller];
    bool is_call = op->method == METHOD_INVITE;
    struct held_nonce *held = is_call ? &phone->call_nonce : &phone->registrar_nonce;
    uint8_t version = phone->nonce_version[is_call];
    bool is_new = op->nc == 0 || op->nonce_version != version;
    if (is_new) {
        op->nc = ++held->nc;
        op->nonce_version = version;
    }
    uint8_t nc_bytes[4] = {(uint8_t)(op->nc >> 24), (uint8_t)(op->nc >> 16), (uint8_t)(op->nc >> 8),
                           (uint8_t)op->nc};
    char nc_hex[8];
    slice_hex(nc_hex, nc_bytes, sizeof(nc_bytes));
    struct slice nc = slice_make(nc_hex, sizeof(nc_hex));
    if (is_new) {
        find_digest(storm, op, held, nc);
    }
    buf_text(out, held->is_proxy ? "Proxy-Authorization: Digest username=\""
                                 : "Authorization: Digest username=\"");
    put_user(out, op->caller);
    buf_slice(out, SLICE("\", realm=\""));
    buf_text(out, held->realm);
    buf_slice(out, SLICE("\", nonce=\""));
    buf_text(out, held->nonce);
    buf_slice(out, SLICE("\", uri=\""));
    put_request_uri(storm, op, false, out);
    buf_slice(out, SLICE("\", response=\""));
    buf_put(out, op->digest, sizeof(op->digest));
    buf_slice(out, SLICE("\", algorithm=MD5, cnonce=\""));
    buf_text(out, storm->auth.cnonce);
    buf_slice(out, SLICE("\", qop=auth, nc="));
    buf_slice(out, nc);
    if (held->has_opaque) {
        buf_slice(out, SLICE(", opaque=\""));
        buf_text(out, held->opaque);
        buf_char(out, '"');
    }
    buf_slice(out, SLICE("\r\n"));
}

static void put_body(struct buf *out, uint32_t phone)
{
    char data[256];
    struct buf body;
    buf_init(&body, data, sizeof(data));
    buf_slice(&body, SLICE("v=0\r\no=- "));
    buf_u64(&body, 1000000 + phone);
    buf_slice(&body, SLICE(" 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                           "m=audio 40000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
                           "a=sendrecv\r\n"));
    assert(!body.is_full);
    buf_slice(out, SLICE("Content-Type: application/sdp\r\nContent-Length: "));
    buf_u64(out, body.size);
    buf_slice(out, SLICE("\r\n\r\n"));
    buf_slice(out, buf_done(&body));
}

static void put_tag(struct buf *out, const struct op *op, char side)
{
    buf_slice(out, SLICE(";tag="));
    buf_char(out, side);
    put_id(out, op);
}

/* A phone registers under one Call-ID while it runs (RFC 3261 10.2); the phones of a flood have
 * just begun to run. */
static void put_call_id(const struct storm *storm, const struct op *op, struct buf *out)
{
    buf_slice(out, SLICE("\r\nCall-ID: "));
    if (op->method == METHOD_REGISTER && op->kind != WORK_REGISTER) {
        buf_char(out, 'r');
        put_user(out, op->caller);
        buf_char(out, '-');
        buf_text(out, storm->auth.cnonce);
    } else {
        buf_char(out, 'c');
        put_id(out, op);
    }
}

struct slice write_request(struct storm *storm, struct op *op, char *data, size_t size)
{
    struct buf out;
    bool is_register = op->method == METHOD_REGISTER;
    bool is_in_dialog =
        op->method == METHOD_ACK || op->method == METHOD_BYE || op->method == METHOD_INFO;
    buf_init(&out, data, size);
    buf_text(&out, method_names[op->method]);
    buf_char(&out, ' ');
    put_request_uri(storm, op, is_in_dialog, &out);
    buf_slice(&out, SLICE(" SIP/2.0\r\n"));
    put_via(storm, op, &out);
    if (is_in_dialog) {
        put_route(storm, op, &out);
    }
    buf_slice(&out, SLICE("Max-Forwards: 70\r\nFrom: <sip:"));
    put_user(&out, op->caller);
    buf_char(&out, '@');
    buf_text(&out, storm->plan->net.domain);
    buf_char(&out, '>');
    put_tag(&out, op, 'f');
    buf_slice(&out, SLICE("\r\nTo: <sip:"));
    put_user(&out, is_register ? op->caller : op->callee);
    buf_char(&out, '@');
    buf_text(&out, storm->plan->net.domain);
    buf_char(&out, '>');
    if (is_in_dialog) {
        put_tag(&out, op, 't');
    }
    put_call_id(storm, op, &out);
    buf_slice(&out, SLICE("\r\nCSeq: "));
    buf_u64(&out, op->method == METHOD_CANCEL ? op->invite_cseq : op->cseq);
    buf_char(&out, ' ');
    buf_text(&out, method_names[op->method]);
    buf_slice(&out, SLICE("\r\n"));
    if (is_register || op->method == METHOD_INVITE) {
        buf_slice(&out, SLICE("Contact: <"));
        put_contact_uri(storm, &out, op->caller);
        buf_text(&out, is_register ? ">\r\nExpires: 3600\r\n" : ">\r\n");
        if (op->has_credentials) {
            put_credentials(storm, op, &out);
        }
    }
    buf_slice(&out, SLICE("User-Agent: dialstorm\r\n"));
    if (op->method == METHOD_INVITE) {
        put_body(&out, op->caller);
    } else {
        buf_slice(&out, SLICE("Content-Length: 0\r\n\r\n"));
    }
    assert(!out.is_full);
    return buf_done(&out);
}

struct slice write_refusal_ack(const struct storm *storm, const struct message *refusal,
                               uint32_t socket_index, char *data, size_t size)
{
    struct buf out;
    buf_init(&out, data, size);
    buf_slice(&out, SLICE("ACK "));
    buf_slice(&out, reader_uri(refusal->to));
    buf_slice(&out, SLICE(" SIP/2.0\r\nVia: SIP/2.0/UDP "));
    buf_text(&out, storm->net.sockets[socket_index].address);
    buf_slice(&out, SLICE(";rport;branch="));
    buf_slice(&out, scan_branch(refusal->via.items[0]));
    buf_slice(&out, SLICE("\r\nMax-Forwards: 70\r\nFrom: "));
    buf_slice(&out, refusal->from);
    buf_slice(&out, SLICE("\r\nTo: "));
    buf_slice(&out, refusal->to);
    buf_slice(&out, SLICE("\r\nCall-ID: "));
    buf_slice(&out, refusal->call_id);
    buf_slice(&out, SLICE("\r\nCSeq: "));
    buf_u64(&out, refusal->cseq);
    buf_slice(&out, SLICE(" ACK\r\nUser-Agent: dialstorm\r\nContent-Length: 0\r\n\r\n"));
    return out.is_full ? (struct slice){NULL, 0} : buf_done(&out);
}

/* The top Via's rport is filled in where the server asked for it (RFC 3581 4). */
static void put_answer_via(const struct storm *storm, struct slice via, bool is_top,
                           struct buf *out)
{
    struct slice value;
    buf_slice(out, SLICE("Via: "));
    buf_slice(out, via);
    if (is_top && via.size >= 6 && reader_param(via, SLICE("rport"), &value) && value.size == 0) {
        const char *at = memmem(via.data, via.size, ";rport", 6);
        if (at != NULL && at + 6 == via.data + via.size) {
            buf_char(out, '=');
            buf_u64(out, storm->net.target_port);
        }
    }
    buf_slice(out, SLICE("\r\n"));
}

struct slice write_answer(const struct storm *storm, const struct op *op,
                          const struct message *request, int status, char *data, size_t size)
{
    struct buf out;
    struct slice tag;
    buf_init(&out, data, size);
    buf_slice(&out, SLICE("SIP/2.0 "));
    buf_u64(&out, (uint64_t)status);
    buf_text(&out, status == 200 ? " OK\r\n" : status == 180 ? " Ringing\r\n" : " No\r\n");
    for (uint32_t i = 0; i < request->via.count; i++) {
        put_answer_via(storm, request->via.items[i], i == 0, &out);
    }
    for (uint32_t i = 0; op != NULL && i < request->record_route.count; i++) {
        buf_slice(&out, SLICE("Record-Route: "));
        buf_slice(&out, request->record_route.items[i]);
        buf_slice(&out, SLICE("\r\n"));
    }
    buf_slice(&out, SLICE("From: "));
    buf_slice(&out, request->from);
    buf_slice(&out, SLICE("\r\nTo: "));
    buf_slice(&out, request->to);
    if (!reader_param(request->to, SLICE("tag"), &tag)) {
        if (op != NULL) {
            put_tag(&out, op, 't');
        } else {
            buf_slice(&out, SLICE(";tag=none"));
        }
    }
    buf_slice(&out, SLICE("\r\nCall-ID: "));
    buf_slice(&out, request->call_id);
    buf_slice(&out, SLICE("\r\nCSeq: "));
    buf_u64(&out, request->cseq);
    buf_char(&out, ' ');
    buf_slice(&out, request->method);
    buf_slice(&out, SLICE("\r\n"));
    if (op != NULL) {
        buf_slice(&out, SLICE("Contact: <"));
        put_contact_uri(storm, &out, op->callee);
        buf_slice(&out, SLICE(">\r\n"));
    }
    if (op != NULL && status == 200) {
        put_body(&out, op->callee);
    } else {
        buf_slice(&out, SLICE("Content-Length: 0\r\n\r\n"));
    }
    return out.is_full ? (struct slice){NULL, 0} : buf_done(&out);
}
