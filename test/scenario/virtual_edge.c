#include "virtual_inside.h"

#include "base/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESTART_US 200000 /* the supervisor starts it again; the sockets are kept */
#define READER 0

static const char *const addresses[VIRTUAL_LISTENERS] = {"10.1.0.1", "10.1.0.1", "fd00::1",
                                                         "fd00::1"};

struct edge_time virtual_time(const struct virtual *virtual)
{
    return (struct edge_time){virtual->now_us, VIRTUAL_WALL_US + virtual->now_us};
}

static uint64_t append(void *ctx, enum journal_kind kind, struct slice record)
{
    struct virtual *virtual = ctx;
    if (virtual->record_count == virtual->record_max) {
        virtual->record_max = virtual->record_max * 2 + 256;
        virtual->records = realloc(virtual->records,
                                   (size_t) virtual->record_max * sizeof(*virtual->records));
    }
    struct virtual_record *kept = virtual->records != NULL
                                      ? &virtual->records[virtual->record_count++]
                                      : NULL;
    if (kept == NULL || (kept->data = malloc(record.size + 1)) == NULL) {
        abort();
    }
    memcpy(kept->data, record.data, record.size);
    kept->size = record.size;
    kept->kind = kind;
    kept->sequence = kind == JOURNAL_USAGE ? ++virtual->sequence : 0;
    return kept->sequence;
}

static void note_suspect(struct virtual *virtual, struct slice json)
{
    char name[SCN_NAME_SIZE + 16];
    for (int i = 0; i < virtual->scn->account_count; i++) {
        snprintf(name, sizeof(name), "\"account\":\"%s\"", virtual->scn->accounts[i].name);
        if (virtual->alerted_us[i] == 0 && memmem(json.data, json.size, name, strlen(name))) {
            virtual->alerted_us[i] = virtual->now_us;
        }
    }
}

static void event(void *ctx, const char *kind, struct slice json)
{
    struct virtual *virtual = ctx;
    virtual_trace(virtual, 200, kind, strlen(kind));
    if (getenv("SCENARIO_VERBOSE") != NULL) {
        fprintf(stderr, "%10.3f edge       %s " SLICE_FMT "\n", (double)virtual->now_us / 1e6, kind,
                SLICE_ARG(json));
    }
    if (strcmp(kind, "fraud.suspected") == 0) {
        note_suspect(virtual, json);
    }
}

void virtual_edge_second(struct virtual *virtual)
{
    struct edge_shell shell = {.ctx = virtual, .event = event};
    struct edge_time now = virtual_time(virtual);
    edge_fraud_check(virtual->edge, &virtual->fraud_told, &now, &shell);
}

/* Scenarios name addresses, but for carriers that have several: theirs, in the order of the file.
 */
static struct tri resolve(void *ctx, const struct edge_host *host, struct target out[TARGETS_MAX],
                          int *count)
{
    const struct virtual *virtual = ctx;
    const struct scn *scn = virtual->scn;
    size_t head = strlen(SCN_NAMED);
    int found = 0;
    for (int i = 0; i < scn->agent_count && found < TARGETS_MAX; i++) {
        const struct scn_agent *agent = &scn->agents[i];
        const struct scn_agent *owner =
            agent->target_of >= 0 ? &scn->agents[agent->target_of] : agent;
        if (strncmp(host->name, SCN_NAMED, head) == 0 && owner->is_named &&
            strcmp(host->name + head, owner->name) == 0) {
            memcpy(out[found].address, virtual->agents[i].ip, 16);
            out[found++].port = virtual->agents[i].address.port;
        }
    }
    *count = found;
    return (struct tri){found > 0 ? TRI_PRESENT : TRI_ABSENT};
}

static void settings_fill(const struct virtual *virtual, struct edge_settings *settings)
{
    *settings = (struct edge_settings){.listener_count = VIRTUAL_LISTENERS,
                                       .worker_count = VIRTUAL_WORKERS,
                                       .call_count_max = 1000,
                                       .txn_count_max = 4000,
                                       .memory_max = 64 << 20,
                                       .hash_seed = 11,
                                       .nonce_age_s = 600,
                                       .trunk_silence_us = 3000000,
                                       .ring_max_us = 180000000,
                                       .call_max_us = INT64_C(43200000000),
                                       .probe_after_us = 600000000,
                                       .partial_every_us = INT64_C(3600000000)};
    snprintf(settings->domain, sizeof(settings->domain), SCN_DOMAIN);
    memset(settings->mac_key, 7, sizeof(settings->mac_key));
    memset(settings->nonce_keys.current, 9, sizeof(settings->nonce_keys.current));
    for (int i = 0; i < VIRTUAL_LISTENERS; i++) {
        struct edge_listener *listener = &settings->listeners[i];
        bool is_ipv6 = i >= 2;
        virtual_ip(addresses[i], listener->address);
        listener->port = 5060;
        listener->transport = i % 2 ? REG_TCP : REG_UDP;
        listener->is_ipv6 = is_ipv6;
        snprintf(listener->advertised, sizeof(listener->advertised),
                 is_ipv6 ? "[%s]:5060" : "%s:5060", addresses[i]);
    }
    const struct scn_price *on_net = &virtual->scn->on_net;
    settings->routing.on_net_rate = rate_free("EUR");
    if (on_net->nano_per_min > 0) {
        settings->routing.on_net_rate.nano_per_min = on_net->nano_per_min;
        settings->routing.on_net_rate.fee_micro = on_net->fee_micro;
        settings->routing.on_net_rate.first_s = (uint16_t)on_net->first_s;
        settings->routing.on_net_rate.next_s = (uint16_t)on_net->next_s;
    }
    settings->routing.hot_count = route_hot_default(settings->routing.hot);
    if (virtual->scn->emergency[0]) {
        settings->routing.emergency_count = 1;
        memcpy(settings->routing.emergency[0], virtual->scn->emergency,
               sizeof(settings->routing.emergency[0]));
    }
}

static bool parts_make(struct virtual *virtual)
{
    struct edge *edge = virtual->edge;
    struct directory_limits limits = {.account_count_max = 1000,
                                      .endpoint_count_max = 1000,
                                      .number_count_max = 1000,
                                      .hash_seed = 3};
    struct registrar_settings registrar = {.aor_count_max = 1000,
                                           .memory_max = 16 << 20,
                                           .contacts_max = 10,
                                           .expires_min_s = 60,
                                           .expires_max_s = 3600,
                                           .expires_default_s = 3600,
                                           .jitter_percent = 10,
                                           .hash_seed = 5};
    struct meter_terms meters = {.account_count_max = 1000,
                                 .hash_seed = 6,
                                 .grace_verified_micro = 500000,
                                 .grace_total_micro = 500000000,
                                 .idle_us = 60000000};
    edge->journal = (struct journal){.ctx = virtual, .append = append};
    edge->directory = directory_new(&limits, &virtual->epoch);
    edge->decks = deck_set_new(&virtual->epoch);
    edge->registrar = registrar_new(&registrar, edge->journal);
    edge->meters = meter_table_new(&meters, edge->journal);
    struct velocity_terms velocity = velocity_terms_default();
    edge->velocity = velocity_table_new(&velocity, FRAUD_ACCOUNTS_MAX, virtual->now_us);
    return edge->directory != NULL && edge->decks != NULL && edge->registrar != NULL &&
           edge->meters != NULL && edge->velocity != NULL;
}

static void present(void *ctx, struct slice user, uint64_t account_id)
{
    struct virtual *virtual = ctx;
    struct account account;
    (void)user;
    if (directory_account(virtual->edge->directory, account_id, &account).is == TRI_PRESENT) {
        meter_presence(virtual->edge->meters, &account, 1, virtual->now_us);
    }
}

static void gone(void *ctx, struct slice user, uint64_t account_id)
{
    struct virtual *virtual = ctx;
    struct account account;
    (void)user;
    if (directory_account(virtual->edge->directory, account_id, &account).is == TRI_PRESENT) {
        meter_presence(virtual->edge->meters, &account, -1, virtual->now_us);
    }
}

/* Bindings and leases first: calls are metered again from them. */
static void replay(struct virtual *virtual)
{
    struct edge_time now = virtual_time(virtual);
    struct edge *edge = virtual->edge;
    int count = virtual->record_count; /* what replay itself appends is new */
    for (int i = 0; i < count; i++) {
        struct virtual_record *record = &virtual->records[i];
        struct slice bytes = slice_make(record->data, record->size);
        struct usage usage;
        if (record->kind == JOURNAL_BINDING || record->kind == JOURNAL_NONCE) {
            (void)!registrar_replay(edge->registrar, record->kind, bytes,
                                    (struct reg_now){now.mono_us, now.wall_us});
        } else if (record->kind == JOURNAL_LEASE) {
            (void)!meter_replay_lease(edge->meters, bytes);
        } else if (record->kind == JOURNAL_USAGE && usage_decode(bytes, &usage)) {
            meter_replay_ended(edge->meters, usage.account_id, usage.ended_micro);
        }
    }
    for (int i = 0; i < count; i++) {
        for (int w = 0; w < VIRTUAL_WORKERS; w++) {
            struct virtual_record *record = &virtual->records[i];
            edge_replay(virtual->workers[w], record->kind, slice_make(record->data, record->size),
                        &now);
        }
    }
    registrar_set_loaded(edge->registrar);
    registrar_each(edge->registrar, present, virtual);
    for (int w = 0; w < VIRTUAL_WORKERS; w++) {
        edge_replay_done(virtual->workers[w], virtual->alive_wall_us, &now);
    }
}

bool virtual_edge_start(struct virtual *virtual)
{
    struct edge_shell shell = {
        .ctx = virtual, .send = virtual_send, .event = event, .resolve = resolve};
    epoch_init(&virtual->epoch);
    virtual->edge = calloc(1, sizeof(*virtual->edge));
    if (virtual->edge == NULL) {
        return false;
    }
    settings_fill(virtual, &virtual->edge->settings);
    virtual->config_seen = 0;
    if (!parts_make(virtual)) {
        return false;
    }
    for (int i = 0; i < VIRTUAL_WORKERS; i++) {
        virtual->workers[i] = edge_worker_new(virtual->edge, i, &shell, rng_u64(&virtual->rng),
                                              virtual->now_us);
        if (virtual->workers[i] == NULL) {
            return false;
        }
    }
    /* The snapshot on its disk is as new as the ledger was when it could last be read. */
    enum scn_fault fault = virtual->fault;
    virtual->fault = SCN_START;
    bool is_loaded = virtual_config_load(virtual);
    virtual->fault = fault;
    directory_set_loaded(virtual->edge->directory);
    virtual->is_edge_up = true;
    bool was_registered = virtual->ledger.incarnation != 0;
    virtual->ledger.is_open = virtual->ledger.is_refilling = virtual->ledger.is_settling = false;
    virtual->ledger.retry_at_us = virtual->now_us;
    meter_set_registered(virtual->edge->meters, was_registered);
    meter_set_day(virtual->edge->meters, virtual_time(virtual).wall_us / INT64_C(86400000000));
    epoch_online(&virtual->epoch, READER);
    replay(virtual);
    epoch_offline(&virtual->epoch, READER);
    if (virtual->killed_at_us > 0) {
        int64_t gap_us = virtual->now_us - virtual->killed_at_us;
        virtual->back_us = gap_us > virtual->back_us ? gap_us : virtual->back_us;
    }
    return is_loaded;
}

void virtual_edge_free(struct virtual *virtual)
{
    if (virtual->edge == NULL) {
        return;
    }
    for (int i = 0; i < VIRTUAL_WORKERS; i++) {
        struct edge_totals totals;
        if (virtual->workers[i] == NULL) {
            continue;
        }
        edge_sum(virtual->workers[i], &totals);
        virtual->totals.calls_started += totals.counts[EDGE_CALLS_STARTED];
        virtual->totals.calls_answered += totals.counts[EDGE_CALLS_ANSWERED];
        edge_worker_free(virtual->workers[i]);
        virtual->workers[i] = NULL;
    }
    registrar_free(virtual->edge->registrar);
    velocity_table_free(virtual->edge->velocity);
    meter_table_free(virtual->edge->meters);
    deck_set_free(virtual->edge->decks);
    directory_free(virtual->edge->directory);
    epoch_done(&virtual->epoch);
    free(virtual->edge);
    virtual->edge = NULL;
    virtual->is_edge_up = false;
}

/* kill -9: memory is gone, streams break, datagrams wait in the supervisor's sockets. */
void virtual_edge_kill(struct virtual *virtual)
{
    if (!virtual->is_edge_up) {
        return;
    }
    virtual_edge_free(virtual);
    virtual->killed_at_us = virtual->now_us;
    for (int i = 0; i < virtual->scn->agent_count; i++) {
        struct virtual_agent *agent = &virtual->agents[i];
        if (agent->connection != 0) {
            agent->connection = 0;
            virtual_post(virtual, virtual->now_us + 1000, VIRTUAL_FLOW_LOST)->agent = i;
        }
    }
    virtual_post(virtual, virtual->now_us + RESTART_US, VIRTUAL_EDGE_START);
}

static void wake(struct virtual *virtual)
{
    struct meter_wakeup wakeups[64];
    struct edge_time now = virtual_time(virtual);
    int count = meter_wakeups_take(virtual->edge->meters, wakeups, 64);
    while (count > 0) {
        for (int i = 0; i < count; i++) {
            edge_wake(virtual->workers[wakeups[i].worker], wakeups[i].call,
                      wakeups[i].call_generation, &now);
        }
        count = meter_wakeups_take(virtual->edge->meters, wakeups, 64);
    }
}

void virtual_edge_feed(struct virtual *virtual, const struct reg_flow *from, struct slice bytes)
{
    struct edge_time now = virtual_time(virtual);
    epoch_online(&virtual->epoch, READER);
    enum sip_parse result = sip_msg_parse(bytes, &virtual->parsed);
    if (result != SIP_EMPTY && result != SIP_NOT_SIP) {
        int owner = result == SIP_OK ? edge_owner(virtual->edge, &virtual->parsed) : EDGE_ANY;
        edge_message(virtual->workers[owner == EDGE_ANY ? 0 : owner], &virtual->parsed, result,
                     from, &now);
    }
    wake(virtual);
    epoch_offline(&virtual->epoch, READER);
}

void virtual_edge_unreachable(struct virtual *virtual, const struct reg_flow *to)
{
    struct edge_time now = virtual_time(virtual);
    epoch_online(&virtual->epoch, READER);
    for (int i = 0; i < VIRTUAL_WORKERS; i++) {
        edge_unreachable(virtual->workers[i], to, &now);
    }
    wake(virtual);
    epoch_offline(&virtual->epoch, READER);
}

void virtual_edge_tick(struct virtual *virtual)
{
    struct edge_time now = virtual_time(virtual);
    epoch_online(&virtual->epoch, READER);
    for (int i = 0; i < VIRTUAL_WORKERS; i++) {
        if (edge_deadline(virtual->workers[i]) <= virtual->now_us) {
            edge_tick(virtual->workers[i], &now);
        }
    }
    wake(virtual);
    struct reg_now reg_now = {now.mono_us, now.wall_us};
    (void)registrar_expire(virtual->edge->registrar, reg_now, 100, gone, virtual);
    epoch_offline(&virtual->epoch, READER);
}

int64_t virtual_edge_deadline(const struct virtual *virtual)
{
    int64_t deadline_us = INT64_MAX;
    for (int i = 0; i < VIRTUAL_WORKERS; i++) {
        int64_t at_us = edge_deadline(virtual->workers[i]);
        deadline_us = at_us < deadline_us ? at_us : deadline_us;
    }
    return deadline_us;
}

bool virtual_end_calls(struct virtual *virtual)
{
    static char json[1 << 20];
    struct edge_time now = virtual_time(virtual);
    int ended = 0;
    epoch_online(&virtual->epoch, READER);
    for (int w = 0; w < VIRTUAL_WORKERS; w++) {
        struct buf buf;
        uint32_t at = 0;
        buf_init(&buf, json, sizeof(json) - 1);
        (void)edge_calls_json(virtual->workers[w], &at, 0, &now, &buf);
        json[buf.size] = 0;
        for (char *key = strstr(json, "\"key\":\""); key != NULL;
             key = strstr(key + 1, "\"key\":\"")) {
            uint64_t value = strtoull(key + 7, NULL, 16);
            ended += edge_end_call(virtual->workers[w], value, "scenario", &now).is == TRI_PRESENT;
        }
    }
    wake(virtual);
    epoch_offline(&virtual->epoch, READER);
    return ended > 0;
}
