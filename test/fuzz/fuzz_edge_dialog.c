/* Dialogs that nobody would have thought of: the bytes choose who sends what, in what order and how
 * broken, who answers, how much time passes, what fails and what is configured anew, with one
 * worker or two. Whatever happened, in the end every call is over, with one final record if it was
 * answered, and nothing of it is left. */
#include "edge_harness.h"
#include "fuzz.h"
#include "fuzz_edge_world.h"
#include "fuzz_pages.h"

#define STEPS_MAX 200
#define END_US (3000 * H_S)

struct input {
    const uint8_t *data;
    size_t size;
};

static struct {
    enum h_who who;
    size_t size;
    char data[SIP_MESSAGE_SIZE_MAX];
} last, last_invite; /* what was sent last, before it was damaged */

static uint8_t next(struct input *input)
{
    if (input->size == 0) {
        return 0;
    }
    input->size--;
    return *input->data++;
}

static const char *const methods[] = {"INVITE", "ACK",  "BYE",   "CANCEL", "OPTIONS", "PRACK",
                                      "UPDATE", "INFO", "REFER", "NOTIFY", "MESSAGE", "SUBSCRIBE",
                                      "INVITE", "ACK",  "BYE",   "FOO"};
static const char *const uris[] = {"sip:bob@" H_DOMAIN,       "sip:alice@" H_DOMAIN,
                                   "sip:+4989555@" H_DOMAIN,  "sip:112@" H_DOMAIN,
                                   "sip:bob@10.2.0.2:5060",   "sip:alice@10.2.0.1:5060",
                                   "sip:493012345@" H_DOMAIN, "sip:x@10.1.0.1:5060;dt=1"};
static const char *const call_ids[] = {"c1", "c2", "c3", "c4"};
static const char *const tags[] = {"alice", "b1", "b2", "t1", "t2", "", "bob", "carol"};
static const char *const branches[] = {NULL, "z9hG4bKa", "z9hG4bKb", "z9hG4bKc"};
static const char *const extras[] = {
    NULL,
    "Require: 100rel\r\nRAck: 1 1 INVITE\r\n",
    "Route: <sip:10.1.0.1:5060;lr>, <sip:10.9.0.1;lr>\r\n",
    "Record-Route: <sip:10.9.9.9;lr>\r\nP-Asserted-Identity:\r\n <sip:x@y>\r\n",
    "P-Asserted-Identity: <sip:4930100@example.com>\r\nX-Reason: mine\r\n",
    "Via: SIP/2.0/UDP 10.1.0.1:5060;branch=z9hG4bKold\r\n",
    "Proxy-Require: x\r\n",
    "Max-Breadth: 1\r\nContact: <sip:other@10.9.0.1>\r\n"};
static const int statuses[] = {100, 180, 183, 200, 200, 202, 302, 401, 407, 408,
                               486, 487, 500, 503, 603, 481, 200, 180, 699, 199};

/* Some bytes of the message are changed, in a way that often still parses. */
static void send_mutated(struct harness *h, enum h_who who, struct slice message,
                         struct input *input)
{
    static char copy[SIP_MESSAGE_SIZE_MAX];
    memcpy(copy, message.data, message.size);
    memcpy(last.data, message.data, message.size);
    last.size = message.size;
    last.who = who;
    if (slice_starts_with(message, SLICE("INVITE "))) {
        memcpy(last_invite.data, message.data, message.size);
        last_invite.size = message.size;
        last_invite.who = who;
    }
    uint8_t damage = next(input);
    int changes = damage < 160 ? 0 : damage % 4; /* most arrive as they were sent */
    for (int i = 0; i < changes; i++) {
        size_t at = ((size_t)next(input) << 8 | next(input)) % message.size;
        copy[at] = (char)next(input);
    }
    h_feed(h, who, slice_make(copy, message.size));
}

static void ask(struct harness *h, struct input *input)
{
    char to[128];
    enum h_who who = (enum h_who)(next(input) % WHO_COUNT);
    uint8_t what = next(input);
    uint8_t more = next(input);
    const char *uri = uris[what >> 4 & 7];
    const char *to_tag = tags[more & 7];
    snprintf(to, sizeof(to), to_tag[0] != '\0' ? "<%s>;tag=%s" : "<%s>%s", uri, to_tag);
    struct h_request request = {.method = methods[what & 15],
                                .uri = uri,
                                .to = to,
                                .from_tag = (more & 8) != 0 ? tags[more >> 4 & 7] : NULL,
                                .call_id = call_ids[next(input) & 3],
                                .branch = branches[next(input) & 3],
                                .extra = extras[next(input) & 7],
                                .cseq = next(input),
                                .is_authorized = who <= CAROL && (what & 128) != 0,
                                .max_forwards = (more & 128) != 0 ? (int)(more & 3) - 1 : 0};
    if (request.from_tag != NULL && request.from_tag[0] == '\0') {
        request.from_tag = NULL;
    }
    send_mutated(h, who, h_write(h, who, &request), input);
}

/* Somebody answers one of the last messages that the edge sent to him. */
static void answer(struct harness *h, struct input *input)
{
    static char copy[SIP_MESSAGE_SIZE_MAX];
    static char text[SIP_MESSAGE_SIZE_MAX + 4096];
    static struct sip_msg request;
    if (h->sent_count == 0) {
        return;
    }
    struct h_sent *sent = &h->sent[h->sent_count - 1 - next(input) % h->sent_count];
    memcpy(copy, sent->data, sent->size);
    if (sent->to == WHO_COUNT || sip_msg_parse(slice_make(copy, sent->size), &request) != SIP_OK ||
        !request.is_request) {
        return;
    }
    enum h_who who = sent->to;
    int status = statuses[next(input) % (sizeof(statuses) / sizeof(statuses[0]))];
    char lines[512];
    struct buf extra;
    buf_init(&extra, lines, sizeof(lines));
    buf_printf(&extra, "Contact: <sip:%s@%s:5060>\r\nRSeq: 1\r\n", h_users[who], h_host(who));
    if (status == 401 || status == 407) {
        buf_printf(&extra, "%s: Digest realm=\"t\", nonce=\"1\", algorithm=MD5, qop=\"auth\"\r\n",
                   status == 401 ? "WWW-Authenticate" : "Proxy-Authenticate");
    }
    struct sip_response response = {.status = status,
                                    .to_tag = slice_from_text(tags[next(input) & 7]),
                                    .lines = buf_done(&extra)};
    struct buf out;
    buf_init(&out, text, sizeof(text));
    sip_response_write(&out, &request, &response);
    if (!out.is_full && out.size <= SIP_MESSAGE_SIZE_MAX) {
        send_mutated(h, who, buf_done(&out), input);
    }
}

/* The values of Record-Route, in their order or from the last to the first. */
static void write_routes(const struct sip_msg *msg, bool is_reversed, struct buf *out)
{
    struct slice values[8];
    int count = 0;
    int header = msg->first[SIP_H_RECORD_ROUTE];
    struct slice rest = {NULL, 0};
    while (count < 8 && sip_msg_list_next(msg, &header, &rest, &values[count])) {
        count++;
    }
    for (int i = 0; i < count; i++) {
        struct slice value = values[is_reversed ? count - 1 - i : i];
        buf_printf(out, "Route: " SLICE_FMT "\r\n", SLICE_ARG(value));
    }
}

/* Somebody goes on with the dialog that a message to him belongs to, as RFC 3261 12.2.1.1 has it:
 * its tags, its route set, its target. */
static void go_on(struct harness *h, struct input *input)
{
    static char copy[SIP_MESSAGE_SIZE_MAX];
    static char text[SIP_MESSAGE_SIZE_MAX];
    static struct sip_msg msg;
    struct sip_address target;
    if (h->sent_count == 0) {
        return;
    }
    const struct h_sent *sent = &h->sent[h->sent_count - 1 - next(input) % h->sent_count];
    memcpy(copy, sent->data, sent->size);
    if (sent->to == WHO_COUNT || sip_msg_parse(slice_make(copy, sent->size), &msg) != SIP_OK) {
        return;
    }
    uint8_t what = next(input);
    const char *method = methods[what & 15];
    const char *own_tag = msg.is_request && msg.to.tag.size == 0 ? tags[what >> 4 & 3] : "";
    bool is_target_there = sip_address_parse(sip_msg_value(&msg, SIP_H_CONTACT), &target);
    uint32_t cseq = (what & 128) != 0 ? msg.cseq : msg.cseq + 1 + next(input) % 4;
    struct buf out;
    buf_init(&out, text, sizeof(text));
    buf_printf(&out,
               "%s " SLICE_FMT " SIP/2.0\r\nVia: SIP/2.0/%s %s:5060;rport;branch=z9hG4bKg%u\r\n",
               method, SLICE_ARG(is_target_there ? target.uri_text : SLICE("sip:bob@" H_DOMAIN)),
               h->transport[sent->to] == REG_TCP ? "TCP" : "UDP", h_host(sent->to), ++h->random);
    const struct sip_address *local = msg.is_request ? &msg.to : &msg.from;
    const struct sip_address *remote = msg.is_request ? &msg.from : &msg.to;
    buf_printf(&out, "Max-Forwards: 70\r\nFrom: " SLICE_FMT "%s%s\r\nTo: " SLICE_FMT "\r\n",
               SLICE_ARG(local->text), own_tag[0] != '\0' ? ";tag=" : "", own_tag,
               SLICE_ARG(remote->text));
    buf_printf(&out, "Call-ID: " SLICE_FMT "\r\nCSeq: %u %s\r\nContact: <sip:%s@%s:5060>\r\n",
               SLICE_ARG(msg.call_id), cseq, method, h_users[sent->to], h_host(sent->to));
    write_routes(&msg, !msg.is_request, &out);
    buf_printf(&out, "%sContent-Length: 0\r\n\r\n",
               strcmp(method, "PRACK") == 0 ? "RAck: 1 1 INVITE\r\n" : "");
    if (!out.is_full) {
        send_mutated(h, sent->to, buf_done(&out), input);
    }
}

/* Somebody takes an INVITE back, or says ACK to its refusal: with the branch that it had. */
static void follow_up(struct harness *h, struct input *input)
{
    static char copy[SIP_MESSAGE_SIZE_MAX];
    static char text[SIP_MESSAGE_SIZE_MAX];
    static struct sip_msg msg;
    memcpy(copy, last_invite.data, last_invite.size);
    if (sip_msg_parse(slice_make(copy, last_invite.size), &msg) != SIP_OK) {
        return;
    }
    struct buf out;
    buf_init(&out, text, sizeof(text));
    sip_cancel_write(&out, &msg, slice_make(NULL, 0));
    if (!out.is_full) {
        send_mutated(h, last_invite.who, buf_done(&out), input);
    }
}

/* The message sent last comes once more. */
static void repeat(struct harness *h)
{
    if (last.size > 0) {
        h_feed(h, last.who, slice_make(last.data, last.size));
    }
}

/* A phone registers, or takes its binding back, from where it is now. */
static void register_again(struct harness *h, struct input *input)
{
    char to[64];
    static const char *const lines[] = {"Expires: 7200\r\n", "Expires: 0\r\n", "Expires: 60\r\n",
                                        "Contact: *\r\nExpires: 0\r\n"};
    static const enum h_who phones[] = {BOB, ALICE, BOB2, CAROL};
    uint8_t what = next(input);
    enum h_who who = phones[what & 3];
    snprintf(to, sizeof(to), "<sip:%s@" H_DOMAIN ">", h_users[who]);
    struct h_request request = {.method = "REGISTER",
                                .uri = "sip:" H_DOMAIN,
                                .to = to,
                                .call_id = (what & 16) != 0 ? "reg-x" : "reg-1",
                                .cseq = 2 + h->random,
                                .extra = lines[what >> 2 & 3],
                                .has_no_contact = (what >> 2 & 3) == 3,
                                .is_authorized = (what & 32) == 0};
    send_mutated(h, who, h_write(h, who, &request), input);
}

/* What was sent to somebody goes to somebody else, or back. */
static void reflect(struct harness *h, struct input *input)
{
    static char copy[SIP_MESSAGE_SIZE_MAX];
    if (h->sent_count == 0) {
        return;
    }
    const struct h_sent *sent = &h->sent[h->sent_count - 1 - next(input) % h->sent_count];
    size_t size = sent->size;
    memcpy(copy, sent->data, size);
    send_mutated(h, (enum h_who)(next(input) % WHO_COUNT), slice_make(copy, size), input);
}

/* Which worker has a call in progress: the first one found. */
static const struct call *any_call(const struct harness *h, struct edge_worker **worker)
{
    for (int i = 0; i < h->worker_count; i++) {
        uint32_t at = slab_next(&h->workers[i]->calls, 0);
        if (at != SLAB_NONE) {
            *worker = h->workers[i];
            return slab_at(&h->workers[i]->calls, at);
        }
    }
    return NULL;
}

static void lose_flow(struct harness *h, enum h_who who)
{
    struct reg_flow flow = h_flow(h, who);
    if (flow.connection != 0) {
        registrar_flow_lost(h->edge->registrar, flow.connection);
    }
    for (int i = 0; i < h->worker_count; i++) {
        edge_unreachable(h->workers[i], &flow, &h->now);
    }
}

/* The ledger is silent, has no more or fails; connections break, an operator ends a call, the edge
 * starts again or hands its incarnation back. */
static void fault(struct harness *h, uint8_t what)
{
    struct edge_worker *worker = NULL;
    const struct call *call = any_call(h, &worker);
    switch (what % 8) {
    case 0:
        h->ledger = (enum h_ledger)(1 + what / 8 % 3);
        return;
    case 1:
        h->ledger = H_GRANTS;
        return;
    case 2:
        lose_flow(h, (enum h_who)(what / 8 % WHO_COUNT));
        return;
    case 3:
        if (call != NULL) {
            (void)edge_end_call(worker, call->key, "fuzz", &h->now);
        }
        return;
    case 4:
        h_restart(h);
        return;
    case 5:
        h->transport[what / 8 % WHO_COUNT] ^= REG_TCP;
        return;
    case 6:
        atomic_store(&h->edge->is_paid_work_off, (what & 8) != 0);
        return;
    default:
        for (int i = 0; i < h->worker_count; i++) {
            edge_close_incarnation(h->workers[i], &h->now);
        }
        return;
    }
}

/* An answered call has one final record, no call has two; nobody spent what was not granted. */
static void check_records(const struct harness *h)
{
    static uint64_t finals[H_RECORDS_MAX];
    int64_t spent_micro[ARRAY_COUNT(h->granted_micro)] = {0};
    int count = 0;
    for (int i = 0; i < h->record_count; i++) {
        struct usage usage;
        const struct h_record *record = &h->records[i];
        if (record->kind != JOURNAL_USAGE) {
            continue;
        }
        FUZZ_CHECK(usage_decode(slice_make(record->data, record->size), &usage));
        FUZZ_CHECK(usage.charge_micro >= 0 && usage.account_id < ARRAY_COUNT(spent_micro));
        spent_micro[usage.account_id] += usage.charge_micro;
        for (int j = 0; j < count; j++) {
            FUZZ_CHECK(finals[j] != usage.call_key);
        }
        if ((usage.flags & USAGE_PARTIAL) == 0) {
            finals[count++] = usage.call_key;
        }
    }
    for (size_t id = 0; id < ARRAY_COUNT(spent_micro); id++) {
        FUZZ_CHECK(spent_micro[id] <= h->granted_micro[id]);
    }
}

/* The low bits say what happens: mostly messages, now and then something that breaks or changes. */
static void step(struct harness *h, struct input *input, uint8_t what)
{
    switch (what % 8) {
    case 0:
    case 1:
        ask(h, input);
        return;
    case 2:
        go_on(h, input);
        return;
    case 3:
    case 4:
        answer(h, input);
        return;
    case 5:
        switch (what >> 6) {
        case 0:
            reflect(h, input);
            return;
        case 1:
            follow_up(h, input);
            return;
        case 2:
            repeat(h);
            return;
        default:
            register_again(h, input);
            return;
        }
    case 6:
        h_pass(h, (int64_t)next(input) * next(input) * 1000);
        return;
    default:
        if (what >= 128) {
            world_change(h, next(input));
        } else {
            fault(h, next(input));
        }
        return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    uint8_t first = next(&input);
    last.size = last_invite.size = 0;
    struct harness *h = h_new_with((first & 2) != 0 ? 2 : 1);
    h_register(h, BOB);
    if (first % 2 != 0) {
        h_register(h, BOB2);
    }
    for (int i = 0; i < STEPS_MAX && input.size > 0; i++) {
        step(h, &input, next(&input));
    }
    h->ledger = H_GRANTS;
    h_pass(h, END_US);
    FUZZ_CHECK(h->record_count == H_RECORDS_MAX || h_is_empty(h));
    check_records(h);
    h_free(h);
    return 0;
}
