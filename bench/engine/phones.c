/* phones.c - what phones send and answer. */
#include "engine/engine.h"

#include "sip/write.h"

struct request {
    const char *method, *uri, *to_tag, *routes, *call_id;
    int caller, callee; /* the same for REGISTER */
    uint32_t cseq;
    int nonce; /* which challenge to answer; -1: without credentials */
    bool has_body;
};

static const char sdp[] = "v=0\r\no=- 1000001 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n"
                          "t=0 0\r\nm=audio 40000 RTP/AVP 8 0 101\r\n"
                          "a=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n";

static void write_credentials(struct bench *bench, const struct request *request, struct buf *out)
{
    char user[16];
    char password[32];
    char cnonce[16];
    uint32_t nc = request->nonce == 0 ? ++bench->counts[request->caller] : 1;
    const char *text = bench->nonces[request->caller][request->nonce];
    CHECK(sip_msg_parse(slice_from_text(text), &bench->reader) == SIP_OK);
    snprintf(user, sizeof(user), "u%07d", request->caller);
    snprintf(password, sizeof(password), "pw-u%07d", request->caller);
    snprintf(cnonce, sizeof(cnonce), "%08x", 0x5eed);
    CHECK(digest_answer_write(bench->digest, out, &bench->reader, slice_from_text(user),
                              slice_from_text(password), slice_from_text(request->method),
                              slice_from_text(request->uri), nc, slice_from_text(cnonce)));
}

static void send_request(struct bench *bench, const struct request *request)
{
    char data[4096];
    struct buf out;
    buf_init(&out, data, sizeof(data));
    ++bench->random;
    buf_printf(&out, "%s %s SIP/2.0\r\n", request->method, request->uri);
    buf_printf(&out, "Via: SIP/2.0/UDP 127.0.0.1:%d;rport;branch=z9hG4bK%08x%06x\r\n",
               20000 + request->caller, bench->random, request->caller);
    if (request->routes != NULL) {
        buf_printf(&out, "Route: %s\r\n", request->routes);
    }
    buf_printf(&out, "Max-Forwards: 70\r\nFrom: <sip:u%07d@" DOMAIN ">;tag=f%s\r\n",
               request->caller, request->call_id);
    buf_printf(&out, "To: <sip:u%07d@" DOMAIN ">", request->callee);
    if (request->to_tag != NULL) {
        buf_printf(&out, ";tag=%s", request->to_tag);
    }
    buf_printf(&out, "\r\nCall-ID: %s\r\nCSeq: %u %s\r\n", request->call_id, request->cseq,
               request->method);
    if (request->to_tag == NULL) {
        buf_printf(&out, "Contact: <sip:u%07d@127.0.0.1:%d>\r\n", request->caller,
                   20000 + request->caller);
    }
    if (strcmp(request->method, "REGISTER") == 0) {
        buf_text(&out, "Expires: 3600\r\n");
    }
    if (request->nonce >= 0) {
        write_credentials(bench, request, &out);
    }
    buf_text(&out, "User-Agent: bench-engine\r\n");
    if (request->has_body) {
        buf_printf(&out, "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
                   sizeof(sdp) - 1, sdp);
    } else {
        buf_text(&out, "Content-Length: 0\r\n\r\n");
    }
    CHECK(!out.is_full);
    bench_feed(bench, request->caller, buf_done(&out));
}

/* Parses what was sent as the number `index` answer to the last message. */
static const struct sip_msg *read_sent(struct bench *bench, int index)
{
    CHECK(index < bench->sent_count);
    struct slice bytes = slice_make(bench->sent[index].data, bench->sent[index].size);
    CHECK(sip_msg_parse(bytes, &bench->reader) == SIP_OK);
    return &bench->reader;
}

static void keep_challenge(struct bench *bench, int phone, int nonce)
{
    char *text = bench->nonces[phone][nonce];
    const struct sip_msg *msg = read_sent(bench, 0);
    CHECK(msg->status == (nonce == 0 ? 401 : 407) && msg->raw.size < 512 + 400);
    struct slice line =
        msg->headers[msg->first[nonce == 0 ? SIP_H_WWW_AUTHENTICATE : SIP_H_PROXY_AUTHENTICATE]]
            .line;
    struct buf out;
    buf_init(&out, text, 512 - 1);
    buf_printf(&out,
               "SIP/2.0 %d X\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\n"
               "To: <sip:a@b>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n" SLICE_FMT
               "\r\nContent-Length: 0\r\n\r\n",
               msg->status, SLICE_ARG(line));
    CHECK(!out.is_full);
    text[out.size] = '\0';
    if (nonce == 0) {
        bench->counts[phone] = 0;
    }
}

void bench_register(struct bench *bench, int phone, uint32_t cseq, bool is_challenged)
{
    char call_id[32];
    snprintf(call_id, sizeof(call_id), "ru%07d-0123456789abcdef", phone);
    struct request request = {.method = "REGISTER",
                              .uri = "sip:" DOMAIN,
                              .call_id = call_id,
                              .caller = phone,
                              .callee = phone,
                              .cseq = cseq,
                              .nonce = -1};
    if (is_challenged) {
        send_request(bench, &request);
        keep_challenge(bench, phone, 0);
        request.cseq++;
    }
    request.nonce = 0;
    send_request(bench, &request);
    CHECK(read_sent(bench, 0)->status == 200);
}

/* The callee answers what was sent to it. */
static void answer(struct bench *bench, int callee, struct slice invite, int status)
{
    char data[4096];
    char contact[128];
    static struct sip_msg request;
    struct buf out;
    CHECK(sip_msg_parse(invite, &request) == SIP_OK);
    snprintf(contact, sizeof(contact),
             "Contact: <sip:u%07d@127.0.0.1:%d>\r\nUser-Agent: bench-engine\r\n", callee,
             20000 + callee);
    struct sip_response response = {
        .status = status, .to_tag = SLICE("t0123456789"), .lines = slice_from_text(contact)};
    if (status == 200 && request.method == SIP_INVITE) {
        response.content_type = SLICE("application/sdp");
        response.body = SLICE(sdp);
    }
    buf_init(&out, data, sizeof(data));
    sip_response_write(&out, &request, &response);
    bench_feed(bench, callee, buf_done(&out));
}

static void reverse_routes(const struct sip_msg *msg, char *text, size_t size)
{
    struct buf out;
    struct slice values[8];
    int count = 0;
    int header = msg->first[SIP_H_RECORD_ROUTE];
    struct slice rest = {NULL, 0};
    buf_init(&out, text, size - 1);
    while (count < 8 && sip_msg_list_next(msg, &header, &rest, &values[count])) {
        count++;
    }
    while (count-- > 0) {
        buf_slice(&out, values[count]);
        buf_text(&out, count > 0 ? ", " : "");
    }
    text[out.size] = '\0';
}

/* INVITE, 407, ACK, INVITE, 100, 180, 200, ACK, BYE, 200. */
void bench_call(struct bench *bench, int caller, int callee, uint32_t number)
{
    char call_id[32];
    char uri[64];
    char target[64];
    char routes[512];
    char invite[4096];
    char tag[32];
    snprintf(call_id, sizeof(call_id), "c%06x%08x", caller, number);
    snprintf(uri, sizeof(uri), "sip:u%07d@" DOMAIN, callee);
    struct request request = {.method = "INVITE",
                              .uri = uri,
                              .call_id = call_id,
                              .caller = caller,
                              .callee = callee,
                              .cseq = 1,
                              .nonce = -1,
                              .has_body = true};
    send_request(bench, &request);
    keep_challenge(bench, caller, 1);
    CHECK(slice_copy_text(read_sent(bench, 0)->to.tag, tag, sizeof(tag)));
    struct request ack = {.method = "ACK",
                          .uri = uri,
                          .to_tag = tag,
                          .call_id = call_id,
                          .caller = caller,
                          .callee = callee,
                          .cseq = 1,
                          .nonce = -1};
    bench->random--;
    send_request(bench, &ack);
    CHECK(bench->sent_count == 0);
    request.nonce = 1;
    request.cseq = 2;
    send_request(bench, &request);
    CHECK(bench->sent_count == 2);
    size_t size = bench->sent[1].size;
    memcpy(invite, bench->sent[1].data, size);
    answer(bench, callee, slice_make(invite, size), 180);
    answer(bench, callee, slice_make(invite, size), 200);
    const struct sip_msg *ok = read_sent(bench, 0);
    CHECK(ok->status == 200);
    reverse_routes(ok, routes, sizeof(routes));
    snprintf(target, sizeof(target), "sip:u%07d@127.0.0.1:%d", callee, 20000 + callee);
    ack = (struct request){.method = "ACK",
                           .uri = target,
                           .to_tag = "t0123456789",
                           .routes = routes,
                           .call_id = call_id,
                           .caller = caller,
                           .callee = callee,
                           .cseq = 2,
                           .nonce = -1};
    send_request(bench, &ack);
    CHECK(bench->sent_count == 1);
    ack.method = "BYE";
    ack.cseq = 3;
    send_request(bench, &ack);
    CHECK(bench->sent_count == 1);
    memcpy(invite, bench->sent[0].data, bench->sent[0].size);
    answer(bench, callee, slice_make(invite, bench->sent[0].size), 200);
    CHECK(read_sent(bench, 0)->status == 200);
}
