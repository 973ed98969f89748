/* Dialogs that nobody would have thought of: the bytes choose who sends what, in what order and how
 * broken, who answers, how much time passes, what fails and what is configured anew, with one
 * worker or two. Whatever happened, in the end every call is over, with one final record if it was
 * answered, and nothing of it is left. */
#include "../unit/edge_harness.h"
#include "fuzz.h"
#include "fuzz_pages.h"

#define STEPS_MAX 200
#define END_US (3000 * H_S)

struct input {
    const uint8_t *data;
    size_t size;
};

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
    int changes = next(input) % 4;
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

static void fault(struct harness *h, uint8_t what)
{
    struct edge_worker *worker = NULL;
    const struct call *call = any_call(h, &worker);
    switch (what % 8) {
    case 0:
        h->ledger = H_SILENT;
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

/* A row changes while calls are up: an account is suspended or goes, an endpoint is disabled, a
 * number gets another owner, trunks get a limit or another transport, the edge drains. */
static void change(struct harness *h, uint8_t what)
{
    struct directory *directory = h->edge->directory;
    uint64_t id = (what & 8) != 0 ? 1 : 2;
    struct account account;
    struct endpoint endpoint;
    switch (what % 8) {
    case 0:
    case 1:
        if (directory_account(directory, id, &account).is == TRI_PRESENT) {
            account.version++;
            account.is_suspended = what % 8 == 0;
            account.channels_max = (what & 16) != 0 ? 1 : NO_LIMIT;
            account.cps_max = (what & 32) != 0 ? 1 : NO_LIMIT;
            account.spend_day_micro = (what & 64) != 0 ? 500000 : NO_LIMIT;
            H_CHECK(directory_put_account(directory, &account));
        }
        return;
    case 2:
        directory_remove_account(directory, id);
        return;
    case 3:
        if (directory_endpoint(directory, slice_from_text(h_users[what / 8 % 3]), &endpoint).is ==
            TRI_PRESENT) {
            endpoint.version++;
            endpoint.is_disabled = !endpoint.is_disabled;
            H_CHECK(directory_put_endpoint(directory, &endpoint));
        }
        return;
    case 4:
        h_rows(h);
        return;
    case 5:
        h_trunks(h, (what & 8) != 0 ? 1 : NO_LIMIT, (what & 16) != 0 ? TRUNK_TCP : TRUNK_UDP);
        return;
    case 6:
        atomic_store(&h->edge->is_draining, (what & 8) != 0);
        return;
    default:
        directory_remove_number(directory, 1);
        return;
    }
}

/* An answered call has one final record, no call has two. */
static void check_records(const struct harness *h)
{
    static uint64_t finals[H_RECORDS_MAX];
    int count = 0;
    for (int i = 0; i < h->record_count; i++) {
        struct usage usage;
        const struct h_record *record = &h->records[i];
        if (record->kind != JOURNAL_USAGE) {
            continue;
        }
        FUZZ_CHECK(usage_decode(slice_make(record->data, record->size), &usage));
        FUZZ_CHECK(usage.charge_micro >= 0);
        for (int j = 0; j < count; j++) {
            FUZZ_CHECK(finals[j] != usage.call_key);
        }
        if ((usage.flags & USAGE_PARTIAL) == 0) {
            finals[count++] = usage.call_key;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    uint8_t first = next(&input);
    struct harness *h = h_new_with((first & 2) != 0 ? 2 : 1);
    h_register(h, BOB);
    if (first % 2 != 0) {
        h_register(h, BOB2);
    }
    for (int i = 0; i < STEPS_MAX && input.size > 0; i++) {
        uint8_t what = next(&input);
        switch (what % 8) {
        case 0:
        case 1:
        case 2:
            ask(h, &input);
            break;
        case 3:
        case 4:
            answer(h, &input);
            break;
        case 5:
            reflect(h, &input);
            break;
        case 6:
            h_pass(h, (int64_t)next(&input) * next(&input) * 1000);
            break;
        default:
            if (what >= 192) {
                change(h, next(&input));
            } else {
                fault(h, next(&input));
            }
            break;
        }
    }
    h->ledger = H_GRANTS;
    h_pass(h, END_US);
    FUZZ_CHECK(h->record_count == H_RECORDS_MAX || h_is_empty(h));
    check_records(h);
    h_free(h);
    return 0;
}
