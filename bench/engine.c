/* engine.c - what the edge's engine costs without a kernel under it: the messages of refreshes,
 * challenged registrations and challenged, metered calls go into one worker, in this thread, with
 * the real registrar, meter and journal; answers are made by a few lines here. Time is of the
 * engine alone (parsing included), so two builds can be compared on a noisy machine; and under
 *
 *     valgrind --tool=callgrind --toggle-collect=engine_serve build/bench/bench-engine call 2000
 *
 * it counts instructions, which do not depend on the machine's mood at all.
 */
#include "edge/worker.h"
#include "sip/write.h"
#include "store/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DOMAIN "bench.test"
#define PHONE_COUNT 2000
#define SENT_MAX 8
#define SECOND_US INT64_C(1000000)

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "bench-engine: line %d: %s\n", __LINE__, #condition);                  \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

struct sent {
    struct reg_flow to;
    size_t size;
    char data[4096];
};

struct bench {
    struct epoch epoch;
    struct edge edge;
    struct edge_worker *worker;
    struct digest_context *digest;
    struct deck_build deck;
    struct edge_time now;
    struct journal_file *journal;
    struct sent sent[SENT_MAX]; /* by the message under way */
    int sent_count;
    int64_t spent_ns;
    uint32_t random;
    char nonces[PHONE_COUNT][2][512]; /* challenge lines held, of the registrar and of calls */
    uint32_t counts[PHONE_COUNT];
    struct sip_msg in, reader;
};

static struct reg_flow flow_of(int phone)
{
    struct reg_flow flow = {.port = (uint16_t)(20000 + phone), .transport = REG_UDP};
    flow.address[10] = flow.address[11] = 0xff;
    flow.address[12] = 127;
    flow.address[15] = 1;
    return flow;
}

static void take_sent(void *ctx, const struct reg_flow *to, struct slice message)
{
    struct bench *bench = ctx;
    CHECK(bench->sent_count < SENT_MAX && message.size < sizeof(bench->sent[0].data));
    struct sent *sent = &bench->sent[bench->sent_count++];
    sent->to = *to;
    sent->size = message.size;
    memcpy(sent->data, message.data, message.size);
}

static void take_event(void *ctx, const char *kind, struct slice json)
{
    (void)ctx;
    (void)kind;
    (void)json;
}

static bool has_no_listener(void *ctx)
{
    (void)ctx;
    return false;
}

static struct tri resolve_nothing(void *ctx, const struct edge_host *host,
                                  struct target out[TARGETS_MAX], int *count)
{
    (void)ctx;
    (void)host;
    (void)out;
    (void)count;
    return (struct tri){TRI_UNKNOWN};
}

static void make_rows(struct bench *bench)
{
    for (int i = 0; i < PHONE_COUNT; i++) {
        struct account account = {.id = (uint64_t)i / 100 + 1,
                                  .version = 1,
                                  .currency = "EUR",
                                  .class_ = ACCOUNT_VERIFIED,
                                  .channels_max = NO_LIMIT,
                                  .cps_max = NO_LIMIT,
                                  .spend_day_micro = NO_LIMIT,
                                  .sell_deck = 7};
        struct endpoint endpoint = {
            .id = (uint64_t)i + 1, .version = 1, .account_id = account.id, .identity_count = 0};
        struct digest_ha1 ha1;
        char password[64];
        snprintf(account.name, sizeof(account.name), "account%d", (int)account.id);
        CHECK(directory_put_account(bench->edge.directory, &account));
        snprintf(endpoint.user, sizeof(endpoint.user), "u%07d", i);
        snprintf(password, sizeof(password), "pw-u%07d", i);
        digest_ha1_make(bench->digest, slice_from_text(endpoint.user), SLICE(DOMAIN),
                        slice_from_text(password), &ha1);
        memcpy(endpoint.ha1_md5, ha1.md5, sizeof(ha1.md5));
        memcpy(endpoint.ha1_sha256, ha1.sha256, sizeof(ha1.sha256));
        CHECK(directory_put_endpoint(bench->edge.directory, &endpoint));
    }
    directory_set_loaded(bench->edge.directory);
}

static void make_settings(struct edge_settings *settings)
{
    *settings = (struct edge_settings){.domain = DOMAIN,
                                       .listener_count = 1,
                                       .worker_count = 1,
                                       .call_count_max = 200000,
                                       .txn_count_max = 800000,
                                       .memory_max = UINT64_C(4) << 30,
                                       .hash_seed = 11,
                                       .nonce_age_s = 600,
                                       .trunk_silence_us = 3 * SECOND_US,
                                       .ring_max_us = 180 * SECOND_US,
                                       .call_max_us = 43200 * SECOND_US,
                                       .probe_after_us = 600 * SECOND_US,
                                       .partial_every_us = 3600 * SECOND_US,
                                       .server = "dialtone"};
    memset(settings->mac_key, 7, sizeof(settings->mac_key));
    memset(settings->nonce_keys.current, 9, sizeof(settings->nonce_keys.current));
    struct edge_listener *listener = &settings->listeners[0];
    listener->address[10] = listener->address[11] = 0xff;
    listener->address[12] = 127;
    listener->address[15] = 1;
    listener->port = 5060;
    snprintf(listener->advertised, sizeof(listener->advertised), "127.0.0.1:5060");
    snprintf(settings->routing.on_net_rate.currency, sizeof(settings->routing.on_net_rate.currency),
             "EUR");
    settings->routing.on_net_rate =
        (struct rate){.nano_per_min = 10000000, .first_s = 1, .next_s = 1, .currency = "EUR"};
}

static void start(struct bench *bench, const char *dir)
{
    struct directory_limits limits = {.account_count_max = PHONE_COUNT,
                                      .endpoint_count_max = PHONE_COUNT,
                                      .number_count_max = 10,
                                      .hash_seed = 3};
    struct registrar_settings registrar = {.aor_count_max = PHONE_COUNT,
                                           .memory_max = 64 << 20,
                                           .contacts_max = 10,
                                           .expires_min_s = 60,
                                           .expires_max_s = 7200,
                                           .expires_default_s = 7200,
                                           .jitter_percent = 10,
                                           .hash_seed = 5};
    struct meter_terms meters = {
        .account_count_max = PHONE_COUNT, .hash_seed = 6, .idle_us = 60 * SECOND_US};
    struct edge_shell shell = {.ctx = bench,
                               .send = take_sent,
                               .event = take_event,
                               .has_listener = has_no_listener,
                               .resolve = resolve_nothing};
    struct journal_file_options options = {.dir = dir, .ahead_count = 4};
    struct deck_terms terms = {.id = 7, .version = 1, .currency = "EUR"};
    char error[JOURNAL_ERROR_SIZE];
    bench->now = (struct edge_time){100 * SECOND_US, INT64_C(1800000000) * SECOND_US};
    bench->digest = digest_context_new();
    bench->journal = journal_file_open(&options, error);
    CHECK(bench->digest != NULL && bench->journal != NULL);
    CHECK(deck_compile(SLICE("prefix,rate\n49,60\n"), &terms, &bench->deck));
    epoch_init(&bench->epoch);
    make_settings(&bench->edge.settings);
    bench->edge.journal = journal_file_as_journal(bench->journal);
    bench->edge.directory = directory_new(&limits, &bench->epoch);
    bench->edge.decks = deck_set_new(&bench->epoch);
    bench->edge.registrar = registrar_new(&registrar, bench->edge.journal);
    bench->edge.meters = meter_table_new(&meters, bench->edge.journal);
    CHECK(bench->edge.directory != NULL && bench->edge.decks != NULL &&
          bench->edge.registrar != NULL && bench->edge.meters != NULL);
    make_rows(bench);
    CHECK(deck_set_put(bench->edge.decks, deck_open(bench->deck.object, bench->deck.object_size),
                       deck_close));
    registrar_set_loaded(bench->edge.registrar);
    meter_set_registered(bench->edge.meters, true);
    bench->worker = edge_worker_new(&bench->edge, 0, &shell, 99, bench->now.mono_us);
    CHECK(bench->worker != NULL);
    epoch_online(&bench->epoch, 0);
}

static void stop(struct bench *bench)
{
    epoch_offline(&bench->epoch, 0);
    edge_worker_free(bench->worker);
    registrar_free(bench->edge.registrar);
    meter_table_free(bench->edge.meters);
    deck_set_free(bench->edge.decks);
    directory_free(bench->edge.directory);
    epoch_done(&bench->epoch);
    journal_file_close(bench->journal);
    deck_build_done(&bench->deck);
    digest_context_free(bench->digest);
}

/* The ledger gives what is asked. */
static void grant(struct bench *bench)
{
    struct lease_ask asks[64];
    struct meter_wakeup wakeups[64];
    int64_t now_us = bench->now.mono_us;
    while (meter_has_asks(bench->edge.meters, now_us)) {
        int count = meter_asks_take(bench->edge.meters, asks, 64, now_us);
        for (int i = 0; i < count; i++) {
            struct lease_answer answer = {.account_id = asks[i].account_id,
                                          .ask_number = asks[i].ask_number,
                                          .returned_micro = asks[i].returned_micro,
                                          .granted_micro = asks[i].returned_micro +
                                                           asks[i].used_micro + asks[i].want_micro +
                                                           100000000,
                                          .more = {TRI_PRESENT},
                                          .version = 1};
            meter_ask_answered(bench->edge.meters, &answer, now_us);
        }
    }
    for (int count; (count = meter_wakeups_take(bench->edge.meters, wakeups, 64)) > 0;) {
        for (int i = 0; i < count; i++) {
            edge_wake(bench->worker, wakeups[i].call, wakeups[i].call_generation, &bench->now);
        }
    }
}

/* What is measured. It has a name so that callgrind can find it. */
void engine_serve(struct bench *bench, struct slice bytes, const struct reg_flow *from);
__attribute__((noinline)) void engine_serve(struct bench *bench, struct slice bytes,
                                            const struct reg_flow *from)
{
    enum sip_parse result = sip_msg_parse(bytes, &bench->in);
    edge_message(bench->worker, &bench->in, result, from, &bench->now);
}

void engine_tick(struct bench *bench);
__attribute__((noinline)) void engine_tick(struct bench *bench)
{
    edge_tick(bench->worker, &bench->now);
}

static int64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void feed(struct bench *bench, int phone, struct slice message)
{
    struct reg_flow from = flow_of(phone);
    bench->sent_count = 0;
    bench->now.mono_us += 20;
    bench->now.wall_us += 20;
    int64_t begun_ns = clock_ns();
    engine_serve(bench, message, &from);
    if ((bench->random & 31) == 0) {
        engine_tick(bench);
    }
    bench->spent_ns += clock_ns() - begun_ns;
    grant(bench);
}

/* ---- messages ---- */

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
    feed(bench, request->caller, buf_done(&out));
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

static void register_phone(struct bench *bench, int phone, uint32_t cseq, bool is_challenged)
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
    feed(bench, callee, buf_done(&out));
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
static void call(struct bench *bench, int caller, int callee, uint32_t number)
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

/* ---- a restart with many bindings: the log is read, checked and taken back ---- */

static struct registrar *make_registrar(uint32_t count, struct journal journal)
{
    struct registrar_settings settings = {.aor_count_max = count,
                                          .memory_max = UINT64_C(8) << 30,
                                          .contacts_max = 10,
                                          .expires_min_s = 60,
                                          .expires_max_s = 7200,
                                          .expires_default_s = 7200,
                                          .hash_seed = 5};
    struct registrar *registrar = registrar_new(&settings, journal);
    CHECK(registrar != NULL);
    return registrar;
}

struct restart {
    struct registrar *registrar;
    struct reg_now now;
};

static bool replay_one(void *ctx, const struct journal_entry *entry)
{
    struct restart *restart = ctx;
    return registrar_replay(restart->registrar, entry->kind, entry->record, restart->now);
}

static void bind_many(struct registrar *registrar, uint32_t count, struct reg_now now)
{
    static struct sip_msg msg;
    char text[1024];
    char lines_text[1024];
    char user[16];
    for (uint32_t i = 0; i < count; i++) {
        struct buf buf;
        struct buf lines;
        struct reg_answer answer;
        struct reg_flow flow = flow_of((int)(i % 40000));
        snprintf(user, sizeof(user), "u%07u", i);
        buf_init(&buf, text, sizeof(text));
        buf_init(&lines, lines_text, sizeof(lines_text));
        buf_printf(&buf,
                   "REGISTER sip:" DOMAIN " SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;rport;"
                   "branch=z9hG4bK%08x\r\nFrom: <sip:%s@" DOMAIN ">;tag=f\r\nTo: <sip:%s@" DOMAIN
                   ">\r\nCall-ID: r%s-0123456789abcdef\r\nCSeq: 1 REGISTER\r\n"
                   "Contact: <sip:%s@127.0.0.1:%d>\r\nExpires: 3600\r\nUser-Agent: bench-engine\r\n"
                   "Content-Length: 0\r\n\r\n",
                   flow.port, i, user, user, user, user, flow.port);
        CHECK(!buf.is_full && sip_msg_parse(buf_done(&buf), &msg) == SIP_OK);
        CHECK(registrar_nc_take(registrar, slice_from_text(user), i | 1, 1, false, now));
        CHECK(registrar_register(registrar, slice_from_text(user), 1, &msg, &flow, now, i, &lines,
                                 &answer) == REG_DONE);
    }
}

static double seconds_since(int64_t begun_ns)
{
    return (double)(clock_ns() - begun_ns) / 1e9;
}

static void measure_restart(const char *dir, uint32_t count)
{
    char error[JOURNAL_ERROR_SIZE];
    struct journal_file_options options = {.dir = dir, .ahead_count = 16};
    struct restart restart = {.now = {100 * SECOND_US, INT64_C(1800000000) * SECOND_US}};
    struct journal_file *file = journal_file_open(&options, error);
    CHECK(file != NULL);
    restart.registrar = make_registrar(count, journal_file_as_journal(file));
    bind_many(restart.registrar, count, restart.now);
    uint64_t bytes = registrar_count(restart.registrar).memory_size;
    registrar_free(restart.registrar);
    journal_file_close(file);

    int64_t begun_ns = clock_ns();
    file = journal_file_open(&options, error);
    CHECK(file != NULL);
    double open_s = seconds_since(begun_ns);
    restart.registrar = make_registrar(count, journal_file_as_journal(file));
    begun_ns = clock_ns();
    CHECK(journal_file_replay(file, replay_one, &restart, error));
    double replay_s = seconds_since(begun_ns);
    CHECK(registrar_count(restart.registrar).bindings == count);
    printf(
        "restart: %u bindings, %.0f bytes each; log opened and checked %.2f s, taken back %.2f s\n",
        count, (double)bytes / count, open_s, replay_s);
    registrar_free(restart.registrar);
    journal_file_close(file);
}

static bool remove_dir(const char *dir)
{
    char command[64];
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command) == 0;
}

int main(int argc, char **argv)
{
    char dir[] = "/tmp/bench-engine.XXXXXX";
    uint64_t count = 0;
    bool is_known = argc == 3 && slice_to_u64(slice_from_text(argv[2]), 10000000, &count);
    if (!is_known) {
        fprintf(stderr, "usage: bench-engine refresh|register|call|restart COUNT\n");
        return 2;
    }
    struct bench *bench = calloc(1, sizeof(*bench));
    CHECK(bench != NULL && mkdtemp(dir) != NULL);
    if (strcmp(argv[1], "restart") == 0 && count > 0) {
        measure_restart(dir, (uint32_t)count);
        free(bench);
        return remove_dir(dir) ? 0 : 1;
    }
    start(bench, dir);
    for (int i = 0; i < PHONE_COUNT; i++) {
        register_phone(bench, i, 1, true);
    }
    int64_t first_ns = bench->spent_ns;
    bench->spent_ns = 0;
    for (uint32_t i = 0; i < count; i++) {
        int phone = (int)(i * 7919u % PHONE_COUNT);
        if (strcmp(argv[1], "refresh") == 0) {
            register_phone(bench, phone, 10 + i, false);
        } else if (strcmp(argv[1], "register") == 0) {
            register_phone(bench, phone, 10 + 2 * i, true);
        } else {
            call(bench, phone, (phone + 1) % PHONE_COUNT, i);
        }
    }
    printf("%s: %.0f ns each; %.0f ns a first registration\n", argv[1],
           count == 0 ? 0.0 : (double)bench->spent_ns / (double)count,
           (double)first_ns / PHONE_COUNT);
    stop(bench);
    free(bench);
    return remove_dir(dir) ? 0 : 1;
}
