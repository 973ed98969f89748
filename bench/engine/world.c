/* world.c - the worker, its tables and its ledger. */
#include "engine/engine.h"

#include <time.h>

struct reg_flow bench_flow_of(int phone)
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

void bench_start(struct bench *bench, const char *dir)
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

void bench_stop(struct bench *bench)
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

int64_t bench_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

void bench_feed(struct bench *bench, int phone, struct slice message)
{
    struct reg_flow from = bench_flow_of(phone);
    bench->sent_count = 0;
    bench->now.mono_us += 20;
    bench->now.wall_us += 20;
    int64_t begun_ns = bench_clock_ns();
    engine_serve(bench, message, &from);
    if ((bench->random & 31) == 0) {
        engine_tick(bench);
    }
    bench->spent_ns += bench_clock_ns() - begun_ns;
    grant(bench);
}
