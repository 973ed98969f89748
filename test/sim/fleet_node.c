/* A node: the edge engine, made from its journal at each start. */
#include "fleet.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define READER 0
#define WAKEUPS_MAX 64

static struct edge_time node_time(const struct sim_edge *edge)
{
    int64_t now_us = edge->world->now_us;
    return (struct edge_time){now_us, FLEET_WALL_US + now_us + edge->clock_us};
}

static int64_t json_number(const char *json, const char *name)
{
    char key[32];
    snprintf(key, sizeof(key), "\"%s\":", name);
    const char *at = strstr(json, key);
    return at != NULL ? strtoll(at + strlen(key), NULL, 10) : 0;
}

/* I6, I7: what a caller is told of money must be so. */
static void refusal_check(struct sim_edge *edge, const char *json)
{
    int account = (int)json_number(json, "account_id") - 1;
    if (json_number(json, "status") != 402 || account < 0) {
        return;
    }
    if (account == 0) {
        world_violation(edge->world, "I7: the rich account was refused for money");
    }
    check_evidence(edge, account, (uint64_t)json_number(json, "version"));
}

static void event(void *ctx, const char *kind, struct slice json)
{
    struct fleet_node *node = ctx;
    struct sim_edge *edge = node->owner;
    char text[2048];
    if (strcmp(kind, "refusal") == 0 && slice_copy_text(json, text, sizeof(text))) {
        refusal_check(edge, text);
    }
}

static bool has_listener(void *ctx)
{
    (void)ctx;
    return false;
}

static struct tri resolve(void *ctx, const struct edge_host *host, struct target out[TARGETS_MAX],
                          int *count)
{
    (void)ctx;
    (void)host;
    (void)out;
    (void)count;
    return (struct tri){TRI_UNKNOWN};
}

static void settings_fill(const struct sim_edge *edge, struct edge_settings *settings)
{
    struct reg_flow flow = fleet_flow(1, edge->index);
    *settings = (struct edge_settings){.domain = FLEET_DOMAIN,
                                       .listener_count = 1,
                                       .worker_count = 1,
                                       .call_count_max = 600,
                                       .txn_count_max = 2400,
                                       .memory_max = 16 << 20,
                                       .hash_seed = 11,
                                       .nonce_age_s = 600,
                                       .trunk_silence_us = 3 * SECOND,
                                       .ring_max_us = 60 * SECOND,
                                       .call_max_us = 3600 * SECOND,
                                       .probe_after_us = 60 * SECOND,
                                       .partial_every_us = 30 * SECOND};
    memset(settings->mac_key, 7 + edge->index, sizeof(settings->mac_key));
    memset(settings->nonce_keys.current, 9, sizeof(settings->nonce_keys.current));
    struct edge_listener *listener = &settings->listeners[0];
    memcpy(listener->address, flow.address, sizeof(listener->address));
    listener->port = flow.port;
    listener->transport = flow.transport;
    snprintf(listener->advertised, sizeof(listener->advertised), "10.1.0.%d:5060", edge->index + 1);
    settings->routing.on_net_rate = (struct rate){
        .nano_per_min = 600000000, .first_s = 1, .next_s = 1, .deck_id = 1, .currency = "EUR"};
    settings->routing.emergency_count = 1;
    snprintf(settings->routing.emergency[0], sizeof(settings->routing.emergency[0]), "112");
}

static void trunks_put(struct sim_edge *edge, struct directory *directory)
{
    struct trunk trunks[SIM_NODES_MAX + 1];
    struct route_row routes[SIM_NODES_MAX + 1];
    uint32_t count = 0;
    memset(trunks, 0, sizeof(trunks));
    memset(routes, 0, sizeof(routes));
    for (int i = 0; i <= SIM_NODES_MAX; i++) {
        bool is_carrier = i == SIM_NODES_MAX;
        if (i == edge->index) {
            continue;
        }
        struct trunk *trunk = &trunks[count];
        *trunk = (struct trunk){.id = (uint64_t)i + 1,
                                .port = 5060,
                                .takes_emergency = is_carrier,
                                .acl_count = 1,
                                .channels_max = NO_LIMIT,
                                .cps_max = NO_LIMIT};
        snprintf(trunk->name, sizeof(trunk->name), "t%d", i);
        snprintf(trunk->host, sizeof(trunk->host), is_carrier ? "10.3.0.1" : "10.1.0.%d", i + 1);
        bool is_parsed = trunk_acl_parse(slice_from_text(trunk->host), &trunk->acl[0]);
        assert(is_parsed);
        routes[count] = (struct route_row){
            .id = (uint64_t)i + 1, .trunk_id = trunk->id, .priority = 1, .weight = 1};
        snprintf(routes[count].prefix, sizeof(routes[count].prefix), is_carrier ? "44" : "49%d",
                 10 + i);
        count++;
    }
    bool is_put = directory_swap_trunks(directory, trunks, count, routes, count);
    assert(is_put);
}

static void directory_fill(struct sim_edge *edge, struct directory *directory)
{
    struct fleet *fleet = edge->world->fleet;
    bool is_put = true;
    for (int i = 0; i < FLEET_ACCOUNTS; i++) {
        is_put = directory_put_account(directory, &edge->world->accounts[i]) && is_put;
    }
    for (int i = 0; i < fleet->phone_count; i++) {
        const struct fleet_phone *phone = &fleet->phones[i];
        if (phone->home != edge->index) {
            continue;
        }
        struct number number = {.id = (uint64_t)i + 1, .account_id = (uint64_t)phone->account + 1};
        snprintf(number.digits, sizeof(number.digits), "%s", phone->number);
        snprintf(number.endpoint_user, sizeof(number.endpoint_user), "%s", phone->user);
        is_put = directory_put_endpoint(directory, &fleet->endpoints[i]) &&
                 directory_put_number(directory, &number) && is_put;
    }
    assert(is_put);
    trunks_put(edge, directory);
    directory_set_loaded(directory);
}

static void deck_free(struct deck *deck)
{
    deck_close(deck);
}

static void parts_make(struct sim_edge *edge, struct fleet_node *node)
{
    struct fleet *fleet = edge->world->fleet;
    struct directory_limits limits = {.account_count_max = FLEET_ACCOUNTS,
                                      .endpoint_count_max = FLEET_PHONES,
                                      .number_count_max = FLEET_PHONES,
                                      .hash_seed = 3};
    struct registrar_settings registrar = {.aor_count_max = FLEET_PHONES,
                                           .memory_max = 8 << 20,
                                           .contacts_max = 10,
                                           .expires_min_s = 60,
                                           .expires_max_s = 3600,
                                           .expires_default_s = 600,
                                           .hash_seed = 5};
    struct meter_terms meters = {.account_count_max = FLEET_ACCOUNTS,
                                 .hash_seed = 6,
                                 .grace_verified_micro = GRACE_MICRO,
                                 .grace_total_micro = 500 * COIN,
                                 .idle_us = 60 * SECOND,
                                 .slice_default_micro = COIN / 2};
    epoch_init(&node->epoch);
    node->edge = calloc(1, sizeof(*node->edge));
    assert(node->edge != NULL);
    settings_fill(edge, &node->edge->settings);
    node->edge->journal = (struct journal){edge, edge_journal};
    node->edge->directory = directory_new(&limits, &node->epoch);
    node->edge->decks = deck_set_new(&node->epoch);
    node->edge->registrar = registrar_new(&registrar, node->edge->journal);
    node->edge->meters = edge->table = meter_table_new(&meters, node->edge->journal);
    assert(node->edge->directory != NULL && node->edge->decks != NULL &&
           node->edge->registrar != NULL && node->edge->meters != NULL);
    directory_fill(edge, node->edge->directory);
    for (size_t i = 0; i < ARRAY_COUNT(fleet->decks); i++) {
        struct deck *deck = deck_open(fleet->decks[i].object, fleet->decks[i].object_size);
        bool is_put = deck != NULL && deck_set_put(node->edge->decks, deck, deck_free);
        assert(is_put);
    }
}

static void present(void *ctx, struct slice user, uint64_t account_id)
{
    struct sim_edge *edge = ctx;
    (void)user;
    meter_presence(edge->table, &edge->world->accounts[account_id - 1], 1, edge->world->now_us);
}

static void gone(void *ctx, struct slice user, uint64_t account_id)
{
    struct sim_edge *edge = ctx;
    (void)user;
    meter_presence(edge->table, &edge->world->accounts[account_id - 1], -1, edge->world->now_us);
}

static struct slice bytes_of(const struct sim_record *record)
{
    return slice_make(record->bytes, record->size);
}

static void replay(struct sim_edge *edge, struct fleet_node *node)
{
    struct edge_time now = node_time(edge);
    int count = edge->log_count;
    edge_replay_leases(edge);
    for (int i = 0; i < count; i++) {
        const struct sim_record *record = &edge->log[i];
        if (record->kind == JOURNAL_BINDING || record->kind == JOURNAL_NONCE) {
            (void)!registrar_replay(node->edge->registrar, record->kind, bytes_of(record),
                                    (struct reg_now){now.mono_us, now.wall_us});
        }
    }
    for (int i = 0; i < count && edge->world->mutation != SIM_CALLS_FORGOTTEN; i++) {
        struct sim_record record = edge->log[i]; /* the log may move */
        if (record.kind == JOURNAL_CALL || record.kind == JOURNAL_CALL_GONE ||
            record.kind == JOURNAL_USAGE) {
            edge_replay(node->worker, record.kind, bytes_of(&record), &now);
        }
    }
    registrar_set_loaded(node->edge->registrar);
    registrar_each(node->edge->registrar, present, edge);
    edge_replay_done(node->worker, FLEET_WALL_US + edge->last_alive_us + edge->clock_us, &now);
}

static void rest(struct fleet_node *node)
{
    node->deadline_us = edge_deadline(node->worker);
    epoch_offline(&node->epoch, READER);
}

void node_start(struct sim_edge *edge)
{
    struct fleet_node *node = &edge->world->fleet->nodes[edge->index];
    struct edge_shell shell = {.ctx = node,
                               .send = fleet_send,
                               .event = event,
                               .has_listener = has_listener,
                               .resolve = resolve};
    node->owner = edge;
    edge->node = node;
    parts_make(edge, node);
    meter_set_registered(edge->table, edge_life(edge)->number != 0);
    node->worker = edge_worker_new(node->edge, 0, &shell, rng_u64(&edge->world->fleet->rng),
                                   edge->world->now_us);
    assert(node->worker != NULL);
    epoch_online(&node->epoch, READER);
    replay(edge, node);
    rest(node);
}

void node_stop(struct sim_edge *edge)
{
    struct fleet_node *node = edge->node;
    edge_worker_free(node->worker);
    registrar_free(node->edge->registrar);
    meter_table_free(node->edge->meters);
    deck_set_free(node->edge->decks);
    directory_free(node->edge->directory);
    epoch_done(&node->epoch);
    free(node->edge);
    node->edge = NULL;
    node->worker = NULL;
    node->deadline_us = INT64_MAX;
    edge->table = NULL;
}

static void wake(struct fleet_node *node, const struct edge_time *now)
{
    struct meter_wakeup wakeups[WAKEUPS_MAX];
    int count;
    while ((count = meter_wakeups_take(node->edge->meters, wakeups, WAKEUPS_MAX)) > 0) {
        for (int i = 0; i < count; i++) {
            edge_wake(node->worker, wakeups[i].call, wakeups[i].call_generation, now);
        }
    }
}

void node_feed(struct fleet_node *node, const struct reg_flow *from, struct slice bytes)
{
    struct sip_msg *msg = &node->owner->world->fleet->in;
    if (node->edge == NULL) {
        return; /* it is down */
    }
    struct edge_time now = node_time(node->owner);
    epoch_online(&node->epoch, READER);
    edge_message(node->worker, msg, sip_msg_parse(bytes, msg), from, &now);
    wake(node, &now);
    rest(node);
}

void node_tick(struct fleet_node *node)
{
    struct edge_time now = node_time(node->owner);
    epoch_online(&node->epoch, READER);
    edge_tick(node->worker, &now);
    wake(node, &now);
    rest(node);
}

/* Each step of the world: what the ledger's answers woke, disks that are full, bindings that end.
 */
void node_step(struct sim_edge *edge)
{
    struct fleet_node *node = edge->node;
    struct edge_time now = node_time(edge);
    bool is_full = edge->world->now_us < edge->disk_full_until_us;
    atomic_store(&node->edge->is_paid_work_off, is_full);
    epoch_online(&node->epoch, READER);
    wake(node, &now);
    if (edge->world->now_us >= edge->expire_us) {
        struct reg_now reg_now = {now.mono_us, now.wall_us};
        edge->expire_us = edge->world->now_us + 5 * SECOND;
        (void)registrar_expire(node->edge->registrar, reg_now, 100, gone, edge);
    }
    rest(node);
}

void node_close_life(struct sim_edge *edge)
{
    struct edge_time now = node_time(edge);
    epoch_online(&edge->node->epoch, READER);
    edge_close_incarnation(edge->node->worker, &now);
    rest(edge->node);
}
