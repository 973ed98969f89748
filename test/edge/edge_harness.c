/* edge_harness.c - the edge and what is around it. */
#include "edge_harness.h"

#include "base/address.h"

#include <string.h>

const char *const h_users[WHO_COUNT] = {"alice",  "bob",     "carol", "trunk1",
                                        "trunk2", "mallory", "bob"};
static const uint8_t h_hosts[WHO_COUNT][4] = {{10, 2, 0, 1}, {10, 2, 0, 2}, {10, 2, 0, 3},
                                              {10, 3, 0, 1}, {10, 3, 0, 2}, {10, 9, 0, 1},
                                              {10, 2, 0, 4}};

struct reg_flow h_flow(const struct harness *h, enum h_who who)
{
    struct reg_flow flow = {.port = h->port[who] == 0 ? 5060 : h->port[who],
                            .transport = h->transport[who]};
    address_from_ipv4(flow.address, h_hosts[who]);
    flow.listener = flow.transport == REG_TCP ? 1 : 0;
    flow.connection = flow.transport == REG_TCP ? 1000 + (uint64_t)who : 0;
    return flow;
}

const char *h_host(enum h_who who)
{
    static char texts[WHO_COUNT][16];
    snprintf(texts[who], sizeof(texts[who]), "%d.%d.%d.%d", h_hosts[who][0], h_hosts[who][1],
             h_hosts[who][2], h_hosts[who][3]);
    return texts[who];
}

void h_sent_clear(struct harness *h)
{
    for (int i = 0; i < h->sent_count; i++) {
        free(h->sent[i].data);
    }
    h->sent_count = 0;
}

static void h_send(void *ctx, const struct reg_flow *to, struct slice message)
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

static void h_event(void *ctx, const char *kind, struct slice json)
{
    struct harness *h = ctx;
    H_CHECK(json.size > 1 && json.data[0] == '{' && json.data[json.size - 1] == '}');
    snprintf(h->last_event, sizeof(h->last_event), "%s", kind);
    snprintf(h->last_json, sizeof(h->last_json), SLICE_FMT, SLICE_ARG(json));
}

static struct tri h_resolve(void *ctx, const struct edge_host *host, struct target out[TARGETS_MAX],
                            int *count)
{
    (void)ctx;
    (void)host;
    (void)out;
    (void)count;
    return (struct tri){TRI_UNKNOWN};
}

static uint64_t h_append(void *ctx, enum journal_kind kind, struct slice record)
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

void h_deck_release(struct deck *deck)
{
    deck_close(deck);
}

void h_rows(struct harness *h)
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

void h_trunks(struct harness *h, int32_t channels_max, enum trunk_transport transport)
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

static void h_settings(struct edge_settings *settings)
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
static void h_edge_start(struct harness *h)
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

static void h_edge_stop(struct harness *h)
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

struct harness *h_new_with(int worker_count)
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

struct harness *h_new(void)
{
    return h_new_with(1);
}

void h_free(struct harness *h)
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

void h_restart(struct harness *h)
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
static void h_ledger_answer(struct harness *h, const struct lease_ask *ask)
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

static void h_ledger_turn(struct harness *h)
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

void h_turn(struct harness *h)
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

static int64_t h_deadline(const struct harness *h)
{
    int64_t first_us = INT64_MAX;
    for (int i = 0; i < h->worker_count; i++) {
        int64_t at_us = edge_deadline(h->workers[i]);
        first_us = at_us < first_us ? at_us : first_us;
    }
    return first_us;
}

void h_pass(struct harness *h, int64_t us)
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
