/* edge_harness.h - one edge worker with a small world around it, in virtual time.
 *
 * Two accounts, three endpoints (alice and carol of account 1, bob of 2), two carrier trunks (the
 * first has credentials), a number of bob's, a deck (1.00 a second for 49...), a registrar that
 * real REGISTERs fill, a ledger that grants what is asked. What the edge sends, tells and writes
 * down is kept. Also for the fuzzer: nothing here depends on a test framework.
 */
#ifndef DT_TEST_EDGE_HARNESS_H
#define DT_TEST_EDGE_HARNESS_H

#include "base/address.h"
#include "edge/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define H_S INT64_C(1000000)
#define H_SENT_MAX 512
#define H_RECORDS_MAX 4096
#define H_WORKERS_MAX 2
#define H_DOMAIN "example.com"
#define BOB_URI "sip:bob@" H_DOMAIN
#define H_WALL_US (INT64_C(1800000000) * H_S)

#define H_CHECK(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

enum h_who { ALICE = 0, BOB, CAROL, TRUNK1, TRUNK2, STRANGER, BOB2, WHO_COUNT };

struct h_sent {
    enum h_who to; /* WHO_COUNT: to nobody that is known */
    struct reg_flow flow;
    char *data;
    size_t size;
    bool is_taken;
};

struct h_record {
    enum journal_kind kind;
    char *data;
    size_t size;
};

enum h_ledger { H_GRANTS = 0, H_SILENT, H_POOR, H_FAILS }; /* poor: a quarter, and no more */

struct harness {
    struct epoch epoch;
    struct edge *edge;
    struct edge_worker *worker; /* the first, or the one that was fed last */
    struct edge_worker *workers[H_WORKERS_MAX];
    int worker_count;
    struct digest_context *digest;
    struct deck_build deck;
    struct edge_time now;
    struct h_sent sent[H_SENT_MAX];
    int sent_count;
    struct h_record records[H_RECORDS_MAX];
    int record_count;
    uint64_t sequence;
    char last_event[64];
    char last_json[4096];
    enum h_ledger ledger;
    uint64_t granted_version;
    int64_t granted_micro[3]; /* by account id: the ledger's largest answer */
    uint32_t random;
    uint32_t nonce;
    uint32_t start_count;
    uint8_t transport[WHO_COUNT]; /* enum reg_transport */
    uint16_t port[WHO_COUNT];     /* 0: 5060 */
    struct sip_msg msg;           /* the last message taken */
    struct sip_msg in;
    char text[SIP_MESSAGE_SIZE_MAX + 1];
};

static const char *const h_users[WHO_COUNT] = {"alice",  "bob",     "carol", "trunk1",
                                               "trunk2", "mallory", "bob"};
static const uint8_t h_hosts[WHO_COUNT][4] = {{10, 2, 0, 1}, {10, 2, 0, 2}, {10, 2, 0, 3},
                                              {10, 3, 0, 1}, {10, 3, 0, 2}, {10, 9, 0, 1},
                                              {10, 2, 0, 4}};

static inline struct reg_flow h_flow(const struct harness *h, enum h_who who)
{
    struct reg_flow flow = {.port = h->port[who] == 0 ? 5060 : h->port[who],
                            .transport = h->transport[who]};
    address_from_ipv4(flow.address, h_hosts[who]);
    flow.listener = flow.transport == REG_TCP ? 1 : 0;
    flow.connection = flow.transport == REG_TCP ? 1000 + (uint64_t)who : 0;
    return flow;
}

static inline const char *h_host(enum h_who who)
{
    static char texts[WHO_COUNT][16];
    snprintf(texts[who], sizeof(texts[who]), "%d.%d.%d.%d", h_hosts[who][0], h_hosts[who][1],
             h_hosts[who][2], h_hosts[who][3]);
    return texts[who];
}

static inline void h_sent_clear(struct harness *h)
{
    for (int i = 0; i < h->sent_count; i++) {
        free(h->sent[i].data);
    }
    h->sent_count = 0;
}

static inline void h_send(void *ctx, const struct reg_flow *to, struct slice message)
{
    struct harness *h = ctx;
    H_CHECK(message.size > 0);
    if (h->sent_count == H_SENT_MAX) {
        h_sent_clear(h);
    }
    struct h_sent *sent = &h->sent[h->sent_count++];
    *sent = (struct h_sent){.to = WHO_COUNT, .flow = *to, .size = message.size};
    for (int i = 0; i < WHO_COUNT; i++) {
        if (memcmp(to->address + 12, h_hosts[i], 4) == 0) {
            sent->to = (enum h_who)i;
        }
    }
    sent->data = malloc(message.size);
    H_CHECK(sent->data != NULL);
    memcpy(sent->data, message.data, message.size);
}

static inline void h_event(void *ctx, const char *kind, struct slice json)
{
    struct harness *h = ctx;
    H_CHECK(json.size > 1 && json.data[0] == '{' && json.data[json.size - 1] == '}');
    snprintf(h->last_event, sizeof(h->last_event), "%s", kind);
    snprintf(h->last_json, sizeof(h->last_json), SLICE_FMT, SLICE_ARG(json));
}

static inline struct tri h_resolve(void *ctx, const struct edge_host *host,
                                   struct target out[TARGETS_MAX], int *count)
{
    (void)ctx;
    (void)host;
    (void)out;
    (void)count;
    return (struct tri){TRI_UNKNOWN};
}

static inline uint64_t h_append(void *ctx, enum journal_kind kind, struct slice record)
{
    struct harness *h = ctx;
    H_CHECK(record.size <= 65535);
    if (h->record_count < H_RECORDS_MAX) {
        struct h_record *kept = &h->records[h->record_count++];
        *kept =
            (struct h_record){.kind = kind, .size = record.size, .data = malloc(record.size + 1)};
        H_CHECK(kept->data != NULL);
        memcpy(kept->data, record.data, record.size);
    }
    return kind == JOURNAL_USAGE ? ++h->sequence : 0;
}

static inline void h_deck_release(struct deck *deck)
{
    deck_close(deck);
}

static inline void h_rows(struct harness *h)
{
    struct directory *directory = h->edge->directory;
    for (uint64_t id = 1; id <= 2; id++) {
        struct account account = {.id = id,
                                  .version = 10 + id,
                                  .currency = "EUR",
                                  .class_ = ACCOUNT_VERIFIED,
                                  .grace_micro = 0,
                                  .channels_max = NO_LIMIT,
                                  .cps_max = NO_LIMIT,
                                  .spend_day_micro = NO_LIMIT,
                                  .sell_deck = 7};
        snprintf(account.name, sizeof(account.name), "account%d", (int)id);
        H_CHECK(directory_put_account(directory, &account));
    }
    for (int who = ALICE; who <= CAROL; who++) {
        struct endpoint endpoint = {.id = (uint64_t)who + 1,
                                    .version = 20,
                                    .account_id = who == BOB ? 2 : 1,
                                    .identity_count = 1};
        struct digest_ha1 ha1;
        char password[64];
        snprintf(endpoint.user, sizeof(endpoint.user), "%s", h_users[who]);
        snprintf(endpoint.identities[0], NUMBER_SIZE, "4930%d", 100 + who);
        snprintf(password, sizeof(password), "pw-%s", h_users[who]);
        digest_ha1_make(h->digest, slice_from_text(h_users[who]), SLICE(H_DOMAIN),
                        slice_from_text(password), &ha1);
        memcpy(endpoint.ha1_md5, ha1.md5, sizeof(ha1.md5));
        memcpy(endpoint.ha1_sha256, ha1.sha256, sizeof(ha1.sha256));
        H_CHECK(directory_put_endpoint(directory, &endpoint));
    }
    struct number number = {
        .id = 1, .account_id = 2, .digits = "493012345", .endpoint_user = "bob"};
    H_CHECK(directory_put_number(directory, &number));
}

static inline void h_trunks(struct harness *h, int32_t channels_max, enum trunk_transport transport)
{
    struct trunk trunks[2];
    struct route_row routes[2];
    memset(trunks, 0, sizeof(trunks));
    memset(routes, 0, sizeof(routes));
    for (int i = 0; i < 2; i++) {
        trunks[i] = (struct trunk){.id = (uint64_t)i + 1,
                                   .version = 30,
                                   .port = 5060,
                                   .transport = (uint8_t)transport,
                                   .takes_emergency = true,
                                   .acl_count = 1,
                                   .channels_max = channels_max,
                                   .cps_max = NO_LIMIT};
        snprintf(trunks[i].name, sizeof(trunks[i].name), "trunk%d", i + 1);
        snprintf(trunks[i].host, sizeof(trunks[i].host), "%s", h_host(i == 0 ? TRUNK1 : TRUNK2));
        H_CHECK(trunk_acl_parse(slice_from_text(trunks[i].host), &trunks[i].acl[0]));
        routes[i] = (struct route_row){
            .id = (uint64_t)i + 1, .trunk_id = (uint64_t)i + 1, .priority = i, .weight = 1};
    }
    snprintf(trunks[0].auth_user, sizeof(trunks[0].auth_user), "us");
    snprintf(trunks[0].auth_password, sizeof(trunks[0].auth_password), "secret");
    H_CHECK(directory_swap_trunks(h->edge->directory, trunks, 2, routes, 2));
}

static inline void h_settings(struct edge_settings *settings)
{
    *settings = (struct edge_settings){.domain = H_DOMAIN,
                                       .listener_count = 2,
                                       .worker_count = 1,
                                       .call_count_max = 64,
                                       .txn_count_max = 512,
                                       .memory_max = 8 << 20,
                                       .hash_seed = 11,
                                       .nonce_age_s = 600,
                                       .trunk_silence_us = 3 * H_S,
                                       .ring_max_us = 180 * H_S,
                                       .call_max_us = 43200 * H_S,
                                       .probe_after_us = 600 * H_S,
                                       .partial_every_us = 3600 * H_S};
    memset(settings->mac_key, 7, sizeof(settings->mac_key));
    memset(settings->nonce_keys.current, 9, sizeof(settings->nonce_keys.current));
    for (int i = 0; i < 2; i++) {
        struct edge_listener *listener = &settings->listeners[i];
        static const uint8_t address[16] = {[10] = 0xff, [11] = 0xff, [12] = 10, 1, 0, 1};
        memcpy(listener->address, address, sizeof(address));
        listener->port = 5060;
        listener->transport = i == 0 ? REG_UDP : REG_TCP;
        snprintf(listener->advertised, sizeof(listener->advertised), "10.1.0.1:5060");
    }
    settings->routing.on_net_rate = rate_free("EUR");
    settings->routing.emergency_count = 1;
    snprintf(settings->routing.emergency[0], NUMBER_SIZE, "112");
}

/* The edge alone: its journal (`records`) stays, so that a new one can be started from it. */
static inline void h_edge_start(struct harness *h)
{
    struct directory_limits limits = {
        .account_count_max = 10, .endpoint_count_max = 10, .number_count_max = 10, .hash_seed = 3};
    struct registrar_settings registrar = {.aor_count_max = 10,
                                           .memory_max = 1 << 20,
                                           .contacts_max = 10,
                                           .expires_min_s = 60,
                                           .expires_max_s = 7200,
                                           .expires_default_s = 7200,
                                           .hash_seed = 5};
    struct meter_terms meters = {
        .account_count_max = 10, .hash_seed = 6, .grace_total_micro = 0, .idle_us = 60 * H_S};
    struct edge_shell shell = {.ctx = h, .send = h_send, .event = h_event, .resolve = h_resolve};
    epoch_init(&h->epoch);
    h->edge = calloc(1, sizeof(*h->edge));
    H_CHECK(h->edge != NULL);
    h_settings(&h->edge->settings);
    h->edge->journal = (struct journal){.ctx = h, .append = h_append};
    h->edge->directory = directory_new(&limits, &h->epoch);
    h->edge->decks = deck_set_new(&h->epoch);
    h->edge->registrar = registrar_new(&registrar, h->edge->journal);
    h->edge->meters = meter_table_new(&meters, h->edge->journal);
    H_CHECK(h->edge->directory != NULL && h->edge->decks != NULL && h->edge->registrar != NULL &&
            h->edge->meters != NULL);
    h_rows(h);
    h_trunks(h, NO_LIMIT, TRUNK_UDP);
    H_CHECK(deck_set_put(h->edge->decks, deck_open(h->deck.object, h->deck.object_size),
                         h_deck_release));
    directory_set_loaded(h->edge->directory);
    registrar_set_loaded(h->edge->registrar);
    meter_set_registered(h->edge->meters, true);
    h->edge->settings.worker_count = h->worker_count;
    for (int i = 0; i < h->worker_count; i++) {
        h->workers[i] = edge_worker_new(h->edge, i, &shell, 99 + h->start_count++, h->now.mono_us);
        H_CHECK(h->workers[i] != NULL);
    }
    h->worker = h->workers[0];
    epoch_online(&h->epoch, 0);
}

static inline void h_edge_stop(struct harness *h)
{
    epoch_offline(&h->epoch, 0);
    for (int i = 0; i < h->worker_count; i++) {
        edge_worker_free(h->workers[i]);
    }
    ban_table_free(h->edge->bans);
    known_set_free(h->edge->known);
    registrar_free(h->edge->registrar);
    meter_table_free(h->edge->meters);
    deck_set_free(h->edge->decks);
    directory_free(h->edge->directory);
    epoch_done(&h->epoch);
    free(h->edge);
}

static inline struct harness *h_new_with(int worker_count)
{
    struct harness *h = calloc(1, sizeof(*h));
    struct deck_terms terms = {.id = 7, .version = 1, .currency = "EUR"};
    H_CHECK(h != NULL);
    h->digest = digest_context_new();
    h->now = (struct edge_time){100 * H_S, H_WALL_US};
    H_CHECK(h->digest != NULL && deck_compile(SLICE("prefix,rate\n49,60\n"), &terms, &h->deck));
    h->worker_count = worker_count;
    h_edge_start(h);
    return h;
}

static inline struct harness *h_new(void)
{
    return h_new_with(1);
}

static inline void h_free(struct harness *h)
{
    h_edge_stop(h);
    h_sent_clear(h);
    for (int i = 0; i < h->record_count; i++) {
        free(h->records[i].data);
    }
    deck_build_done(&h->deck);
    digest_context_free(h->digest);
    free(h);
}

/* kill -9 and the next start: memory is gone, the journal is replayed. */
static inline void h_restart(struct harness *h)
{
    h_edge_stop(h);
    h_edge_start(h);
    struct reg_now now = {h->now.mono_us, h->now.wall_us};
    int count = h->record_count;
    for (int i = 0; i < count; i++) {
        struct slice record = slice_make(h->records[i].data, h->records[i].size);
        if (h->records[i].kind == JOURNAL_BINDING) {
            H_CHECK(registrar_replay(h->edge->registrar, JOURNAL_BINDING, record, now));
        } else if (h->records[i].kind == JOURNAL_LEASE) {
            H_CHECK(meter_replay_lease(h->edge->meters, record));
        }
        for (int j = 0; j < h->worker_count; j++) {
            edge_replay(h->workers[j], h->records[i].kind, record, &h->now);
        }
    }
    for (int i = 0; i < h->worker_count; i++) {
        edge_replay_done(h->workers[i], h->now.wall_us, &h->now);
    }
}

/* Who has no book gets an answer that says nothing, and who asks for more than there is on earth.
 */
static inline void h_ledger_answer(struct harness *h, const struct lease_ask *ask)
{
    const int64_t most_micro = INT64_MAX / 4;
    bool is_absurd = ask->returned_micro > most_micro || ask->used_micro > most_micro ||
                     ask->want_micro > most_micro;
    if (is_absurd || ask->account_id >= ARRAY_COUNT(h->granted_micro)) {
        struct lease_answer nothing = {.account_id = ask->account_id,
                                       .ask_number = ask->ask_number};
        meter_ask_answered(h->edge->meters, &nothing, h->now.mono_us);
        return;
    }
    bool is_poor = h->ledger == H_POOR;
    struct lease_answer answer = {.account_id = ask->account_id,
                                  .ask_number = ask->ask_number,
                                  .returned_micro = ask->returned_micro,
                                  .more = {is_poor ? TRI_ABSENT : TRI_PRESENT},
                                  .version = ++h->granted_version};
    answer.granted_micro =
        ask->returned_micro + ask->used_micro + (is_poor ? ask->want_micro / 4 : ask->want_micro);
    if (h->granted_micro[ask->account_id] < answer.granted_micro) {
        h->granted_micro[ask->account_id] = answer.granted_micro;
    }
    meter_ask_answered(h->edge->meters, &answer, h->now.mono_us);
}

static inline void h_ledger_turn(struct harness *h)
{
    struct lease_ask asks[8];
    if (h->ledger == H_SILENT || !meter_has_asks(h->edge->meters, h->now.mono_us)) {
        return;
    }
    int count = meter_asks_take(h->edge->meters, asks, 8, h->now.mono_us);
    if (h->ledger == H_FAILS) {
        meter_asks_failed(h->edge->meters, asks, count, h->now.mono_us + H_S);
        return;
    }
    for (int i = 0; i < count; i++) {
        h_ledger_answer(h, &asks[i]);
    }
}

static inline void h_turn(struct harness *h)
{
    struct meter_wakeup wakeups[16];
    h_ledger_turn(h);
    for (int count; (count = meter_wakeups_take(h->edge->meters, wakeups, 16)) > 0;) {
        for (int i = 0; i < count; i++) {
            edge_wake(h->workers[wakeups[i].worker], wakeups[i].call, wakeups[i].call_generation,
                      &h->now);
        }
    }
}

static inline int64_t h_deadline(const struct harness *h)
{
    int64_t first_us = INT64_MAX;
    for (int i = 0; i < h->worker_count; i++) {
        int64_t at_us = edge_deadline(h->workers[i]);
        first_us = at_us < first_us ? at_us : first_us;
    }
    return first_us;
}

/* Time goes on; timers fire when they are due. */
static inline void h_pass(struct harness *h, int64_t us)
{
    int64_t until_us = h->now.mono_us + us;
    h_turn(h);
    while (h_deadline(h) <= until_us) {
        int64_t at_us = h_deadline(h);
        if (at_us > h->now.mono_us) {
            h->now.wall_us += at_us - h->now.mono_us;
            h->now.mono_us = at_us;
        }
        for (int i = 0; i < h->worker_count; i++) {
            edge_tick(h->workers[i], &h->now);
        }
        h_turn(h);
    }
    h->now.wall_us += until_us - h->now.mono_us;
    h->now.mono_us = until_us;
}

static inline void h_feed(struct harness *h, enum h_who who, struct slice bytes)
{
    struct reg_flow from = h_flow(h, who);
    char *copy = malloc(bytes.size + 1); /* its own block, so that a sanitizer sees who keeps it */
    H_CHECK(copy != NULL);
    memcpy(copy, bytes.data, bytes.size);
    enum sip_parse result = SIP_EMPTY;
    if (!edge_is_unwanted(h->worker, slice_make(copy, bytes.size), &from, &h->now)) {
        result = sip_msg_parse(slice_make(copy, bytes.size), &h->in);
    }
    if (h->worker_count > 1) { /* as the shell does: its call's worker, or whoever received it */
        int owner = result == SIP_OK ? edge_owner(h->edge, &h->in) : EDGE_ANY;
        h->worker = h->workers[owner == EDGE_ANY ? (int)who % h->worker_count : owner];
    }
    if (result != SIP_EMPTY && result != SIP_NOT_SIP) {
        edge_message(h->worker, &h->in, result, &from, &h->now);
    }
    memset(copy, 0x5a, bytes.size);
    free(copy);
    h_turn(h);
}

struct h_request { /* NULL or 0: what is usual */
    const char *method, *uri, *call_id, *from_user, *from_tag, *to, *branch, *extra, *body;
    uint32_t cseq;
    bool is_authorized;
    int max_forwards; /* -1: none */
    bool has_no_contact;
};

static inline void h_credentials(struct harness *h, enum h_who who, const char *method,
                                 const char *uri, bool is_proxy, struct buf *out)
{
    static struct sip_msg challenge;
    char text[2048];
    char password[64];
    char cnonce[16];
    struct buf buf;
    buf_init(&buf, text, sizeof(text));
    buf_printf(&buf,
               "SIP/2.0 %d X\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\n"
               "To: <sip:a@b>;tag=2\r\nCall-ID: c\r\nCSeq: 1 %s\r\n",
               is_proxy ? 407 : 401, method);
    digest_challenge_write(h->digest, &buf, is_proxy, SLICE(H_DOMAIN),
                           &h->edge->settings.nonce_keys, h->now.wall_us / H_S, ++h->nonce, false,
                           DIGEST_OFFER_MD5_FIRST);
    buf_text(&buf, "Content-Length: 0\r\n\r\n");
    H_CHECK(sip_msg_parse(buf_done(&buf), &challenge) == SIP_OK);
    snprintf(password, sizeof(password), "pw-%s", h_users[who]);
    snprintf(cnonce, sizeof(cnonce), "c%u", h->nonce);
    H_CHECK(digest_answer_write(h->digest, out, &challenge, slice_from_text(h_users[who]),
                                slice_from_text(password), slice_from_text(method),
                                slice_from_text(uri), 1, slice_from_text(cnonce)));
}

static inline struct slice h_write(struct harness *h, enum h_who who, const struct h_request *r)
{
    static char branch[64];
    const char *uri = r->uri != NULL ? r->uri : "sip:bob@" H_DOMAIN;
    const char *body = r->body != NULL ? r->body : "";
    struct buf out;
    buf_init(&out, h->text, sizeof(h->text));
    if (r->branch == NULL) {
        snprintf(branch, sizeof(branch), "z9hG4bKh%u", ++h->random);
    }
    buf_printf(&out, "%s %s SIP/2.0\r\n", r->method, uri);
    buf_printf(&out, "Via: SIP/2.0/%s %s:5060;rport;branch=%s\r\n",
               h->transport[who] == REG_TCP ? "TCP" : "UDP", h_host(who),
               r->branch != NULL ? r->branch : branch);
    if (r->max_forwards >= 0) {
        buf_printf(&out, "Max-Forwards: %d\r\n", r->max_forwards == 0 ? 70 : r->max_forwards);
    }
    buf_printf(&out, "From: <sip:%s@" H_DOMAIN ">;tag=%s\r\n",
               r->from_user != NULL ? r->from_user : h_users[who],
               r->from_tag != NULL ? r->from_tag : h_users[who]);
    if (r->to != NULL) {
        buf_printf(&out, "To: %s\r\n", r->to);
    } else {
        buf_printf(&out, "To: <%s>\r\n", uri);
    }
    buf_printf(&out, "Call-ID: %s\r\nCSeq: %u %s\r\n", r->call_id != NULL ? r->call_id : "c1",
               r->cseq != 0 ? r->cseq : 1, r->method);
    if (!r->has_no_contact) {
        buf_printf(&out, "Contact: <sip:%s@%s:5060>\r\n", h_users[who], h_host(who));
    }
    if (r->is_authorized) {
        h_credentials(h, who, r->method, uri, strcmp(r->method, "REGISTER") != 0, &out);
    }
    buf_text(&out, r->extra != NULL ? r->extra : "");
    buf_printf(&out, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
    H_CHECK(!out.is_full);
    return buf_done(&out);
}

static inline void h_ask(struct harness *h, enum h_who who, const struct h_request *request)
{
    h_feed(h, who, h_write(h, who, request));
}

/* The next message to `who` that was not taken yet, parsed into h->msg. False: there is none. */
static inline bool h_take(struct harness *h, enum h_who who)
{
    for (int i = 0; i < h->sent_count; i++) {
        struct h_sent *sent = &h->sent[i];
        if (!sent->is_taken && sent->to == who) {
            sent->is_taken = true;
            H_CHECK(sip_msg_parse(slice_make(sent->data, sent->size), &h->msg) == SIP_OK);
            return true;
        }
    }
    return false;
}

/* The Route line that the Record-Route of the message taken last asks for. */
static inline void h_route_write(const struct harness *h, char *line, size_t line_size)
{
    int size = snprintf(line, line_size, "Route: " SLICE_FMT "\r\n",
                        SLICE_ARG(sip_msg_value(&h->msg, SIP_H_RECORD_ROUTE)));
    H_CHECK(size > 0 && (size_t)size < line_size);
}

/* Takes messages to `who` until one is a request of that method, or a response of that status. */
static inline bool h_take_request(struct harness *h, enum h_who who, enum sip_method method)
{
    while (h_take(h, who)) {
        if (h->msg.is_request && h->msg.method == method) {
            return true;
        }
    }
    return false;
}

static inline bool h_take_status(struct harness *h, enum h_who who, int status)
{
    while (h_take(h, who)) {
        if (!h->msg.is_request && h->msg.status == status) {
            return true;
        }
    }
    return false;
}

static inline int h_count(struct harness *h, enum h_who who)
{
    int count = 0;
    for (int i = 0; i < h->sent_count; i++) {
        count += !h->sent[i].is_taken && h->sent[i].to == who ? 1 : 0;
    }
    return count;
}

static inline void h_forget(struct harness *h)
{
    h_sent_clear(h);
}

/* `who` answers the request in h->msg. */
static inline void h_reply(struct harness *h, enum h_who who, int status, const char *to_tag,
                           const char *lines)
{
    static struct sip_msg request;
    static char copy[SIP_MESSAGE_SIZE_MAX];
    static char text[SIP_MESSAGE_SIZE_MAX];
    char contact[16384];
    memcpy(copy, h->msg.raw.data, h->msg.raw.size);
    H_CHECK(sip_msg_parse(slice_make(copy, h->msg.raw.size), &request) == SIP_OK);
    snprintf(contact, sizeof(contact), "%sContact: <sip:%s@%s:5060>\r\n",
             lines != NULL ? lines : "", h_users[who], h_host(who));
    struct sip_response response = {
        .status = status, .to_tag = slice_from_text(to_tag), .lines = slice_from_text(contact)};
    struct buf out;
    buf_init(&out, text, sizeof(text));
    sip_response_write(&out, &request, &response);
    H_CHECK(!out.is_full);
    h_feed(h, who, buf_done(&out));
}

static inline void h_register(struct harness *h, enum h_who who)
{
    char to[64];
    char call_id[32];
    snprintf(to, sizeof(to), "<sip:%s@" H_DOMAIN ">", h_users[who]);
    snprintf(call_id, sizeof(call_id), "reg-%d", (int)who);
    struct h_request request = {.method = "REGISTER",
                                .uri = "sip:" H_DOMAIN,
                                .to = to,
                                .call_id = call_id,
                                .extra = "Expires: 7200\r\n",
                                .is_authorized = true};
    h_ask(h, who, &request);
    H_CHECK(h_take_status(h, who, 200));
}

static inline void h_invite(struct harness *h, enum h_who who, const char *uri, const char *call_id)
{
    struct h_request request = {.method = "INVITE",
                                .uri = uri,
                                .call_id = call_id,
                                .branch = NULL,
                                .is_authorized = who <= CAROL};
    h_ask(h, who, &request);
}

/* Alice calls Bob, who registers for it and has the INVITE now, the last message taken. */
static inline bool h_call_rings(struct harness *h, const char *call_id)
{
    h_register(h, BOB);
    h_invite(h, ALICE, BOB_URI, call_id);
    return h_take_request(h, BOB, SIP_INVITE);
}

/* The same, and he answers it as b1. */
static inline bool h_call_up(struct harness *h, const char *call_id)
{
    if (!h_call_rings(h, call_id)) {
        return false;
    }
    h_reply(h, BOB, 200, "b1", NULL);
    return h_take_status(h, ALICE, 200);
}

static inline int h_record_count(const struct harness *h, enum journal_kind kind)
{
    int count = 0;
    for (int i = 0; i < h->record_count; i++) {
        count += h->records[i].kind == kind ? 1 : 0;
    }
    return count;
}

static inline bool h_last_usage(const struct harness *h, struct usage *out)
{
    for (int i = h->record_count - 1; i >= 0; i--) {
        if (h->records[i].kind == JOURNAL_USAGE) {
            return usage_decode(slice_make(h->records[i].data, h->records[i].size), out);
        }
    }
    return false;
}

/* From here on sources are banned; nobody is known yet. */
static inline void h_bans_on(struct harness *h)
{
    struct ban_terms terms = ban_terms_default();
    h->edge->bans = ban_table_new(&terms, 1);
    h->edge->known = known_set_new(1000);
    H_CHECK(h->edge->bans != NULL && h->edge->known != NULL);
    atomic_store(&h->edge->is_known_loaded, true);
}

/* What must be true when all is over: nothing is open, nothing held, nothing left behind. */
static inline bool h_is_worker_empty(const struct edge_worker *worker)
{
    struct edge_totals totals;
    edge_sum(worker, &totals);
    bool is_empty = totals.calls_open == 0 && totals.calls_answered == 0 &&
                    worker->txns.count == 0 && worker->calls.count == 0 &&
                    worker->txn_by_key.count == 0 && worker->call_by_id.count == 0 &&
                    worker->call_by_key.count == 0;
    if (!is_empty) {
        fprintf(stderr, "left over: %u open, %u answered, %u transactions, %u calls\n",
                totals.calls_open, totals.calls_answered, worker->txns.count, worker->calls.count);
    }
    return is_empty;
}

static inline bool h_is_empty(struct harness *h)
{
    struct meter_totals money;
    meter_sum(h->edge->meters, h->now.mono_us, &money);
    int32_t trunk_calls = 0;
    for (int i = 0; i < 8; i++) {
        trunk_calls += abs(atomic_load(&h->edge->trunk_calls[i]));
    }
    bool is_empty = money.open_count == 0 && trunk_calls == 0;
    if (!is_empty) {
        fprintf(stderr, "left over: %u meters, %d trunk calls\n", money.open_count, trunk_calls);
    }
    for (int i = 0; i < h->worker_count; i++) {
        is_empty = h_is_worker_empty(h->workers[i]) && is_empty;
    }
    return is_empty;
}

#endif
