#include "virtual_inside.h"

#include "calls/call.h"
#include "proc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EFFECTS_MAX 4096
#define BLOCK_SIZE (8 << 20)
#define SECOND_US 1000000
#define SETTLE_US 30000000

static int64_t world_now_us(void *ctx)
{
    return ((struct virtual *)ctx)->now_us;
}

static struct ua *world_agent(void *ctx, int index)
{
    return ((struct virtual *)ctx)->agents[index].ua;
}

static struct ua_effects *world_out(void *ctx)
{
    return &((struct virtual *)ctx)->out;
}

static void world_flush(void *ctx, int index)
{
    virtual_agent_flush(ctx, index);
}

static void second(struct virtual *virtual)
{
    if (virtual->is_edge_up) {
        virtual->alive_wall_us = virtual_time(virtual).wall_us;
        meter_set_day(virtual->edge->meters, virtual->alive_wall_us / INT64_C(86400000000));
        (void)virtual_config_load(virtual);
        virtual_edge_second(virtual);
    }
    (void)virtual_post(virtual, virtual->now_us + SECOND_US, VIRTUAL_SECOND);
}

static void to_agent(struct virtual *virtual, const struct virtual_event *event)
{
    static const char *const hosts[2] = {"10.1.0.1", "fd00::1"};
    struct virtual_agent *agent = &virtual->agents[event->agent];
    struct ua_address from = {.port = 5060, .is_tcp = event->flow.transport == REG_TCP};
    snprintf(from.host, sizeof(from.host), "%s", hosts[strchr(agent->address.host, ':') != NULL]);
    if (virtual->scn->agents[event->agent].is_dead ||
        (from.is_tcp && event->flow.connection != agent->connection)) {
        return;
    }
    ua_feed(agent->ua, slice_make(event->data, event->size), &from, 0, virtual->now_us,
            &virtual->out);
    virtual_agent_flush(virtual, event->agent);
}

static void to_edge(struct virtual *virtual, const struct virtual_event *event)
{
    bool is_stream = event->flow.transport == REG_TCP;
    if (is_stream && event->flow.connection != virtual->agents[event->agent].connection) {
        return;
    }
    if (virtual->is_edge_up) {
        virtual_edge_feed(virtual, &event->flow, slice_make(event->data, event->size));
    } else if (!is_stream) { /* waits in the socket that the supervisor holds */
        struct virtual_event *later =
            virtual_post(virtual, virtual->now_us + 50000, VIRTUAL_TO_EDGE);
        later->agent = event->agent;
        later->flow = event->flow;
        later->size = event->size;
        later->data = malloc(event->size + 1);
        if (later->data == NULL) {
            abort();
        }
        memcpy(later->data, event->data, event->size);
    }
}

/* SCENARIO_VERBOSE=2 shows the first line of every message, 3 all of it. */
static void show(const struct virtual *virtual, const struct virtual_event *event)
{
    const char *level = getenv("SCENARIO_VERBOSE");
    if (level == NULL || level[0] < '2' || event->agent < 0 || event->data == NULL) {
        return;
    }
    struct slice rest = slice_make(event->data, event->size);
    struct slice line = level[0] == '2' ? slice_trim(slice_split(&rest, '\n')) : rest;
    fprintf(stderr, "%10.3f %-10s %s " SLICE_FMT "\n", (double)virtual->now_us / 1e6,
            virtual->scn->agents[event->agent].name, event->kind == VIRTUAL_TO_EDGE ? "->" : "<-",
            SLICE_ARG(line));
}

static void happen(struct virtual *virtual, const struct virtual_event *event)
{
    show(virtual, event);
    virtual_trace(virtual, (int)event->kind, event->data, event->size);
    switch (event->kind) {
    case VIRTUAL_TO_EDGE:
        to_edge(virtual, event);
        break;
    case VIRTUAL_TO_AGENT:
        to_agent(virtual, event);
        break;
    case VIRTUAL_UNREACHABLE:
        if (virtual->is_edge_up) {
            virtual_edge_unreachable(virtual, &event->flow);
        }
        break;
    case VIRTUAL_FLOW_LOST:
        ua_flow_lost(virtual->agents[event->agent].ua, virtual->now_us, &virtual->out);
        virtual_agent_flush(virtual, event->agent);
        break;
    case VIRTUAL_EDGE_START:
        if (!virtual_edge_start(virtual)) {
            abort();
        }
        break;
    case VIRTUAL_REFILL_DONE:
        if (virtual->is_edge_up) {
            virtual_refill_done(virtual);
        }
        break;
    case VIRTUAL_SETTLE_DONE:
        virtual_settle_done(virtual);
        break;
    case VIRTUAL_SECOND:
        second(virtual);
        break;
    }
}

static int64_t earliest_us(struct virtual *virtual, int64_t until_us, int *agent)
{
    const struct virtual_event *event = virtual_next(virtual);
    int64_t at_us = until_us;
    *agent = -1;
    if (event != NULL && event->at_us < at_us) {
        at_us = event->at_us;
    }
    for (int i = 0; i < virtual->scn->agent_count; i++) {
        if (virtual->agents[i].deadline_us < at_us) {
            at_us = virtual->agents[i].deadline_us;
            *agent = i;
        }
    }
    if (virtual->is_edge_up) {
        int64_t edge_us = virtual_edge_deadline(virtual);
        int64_t ledger_us = virtual_ledger_deadline(virtual);
        edge_us = edge_us < ledger_us ? edge_us : ledger_us;
        if (edge_us < at_us) {
            at_us = edge_us;
            *agent = -1;
        }
    }
    return at_us;
}

static void world_advance(void *ctx, int64_t until_us)
{
    struct virtual *virtual = ctx;
    for (;;) {
        int agent;
        int64_t at_us = earliest_us(virtual, until_us, &agent);
        virtual->now_us = at_us > virtual->now_us ? at_us : virtual->now_us;
        if (virtual->now_us >= until_us) {
            return;
        }
        struct virtual_event *event = virtual_next(virtual);
        if (agent >= 0) {
            ua_tick(virtual->agents[agent].ua, virtual->now_us, &virtual->out);
            virtual_agent_flush(virtual, agent);
        } else if (event != NULL && event->at_us <= virtual->now_us) {
            struct virtual_event taken = *event;
            event->data = NULL;
            virtual_pop(virtual);
            happen(virtual, &taken);
            free(taken.data);
        }
        if (virtual->is_edge_up) {
            virtual_edge_tick(virtual);
            virtual_ledger_turn(virtual);
        }
    }
}

static struct tri world_balance(void *ctx, int account, int64_t *out_micro)
{
    return books_balance(&((struct virtual *)ctx)->books, account, out_micro);
}

static struct tri world_cdrs(void *ctx, int account, int64_t *out_count)
{
    return books_cdrs(&((struct virtual *)ctx)->books, account, out_count);
}

static void audit_say(void *ctx, const char *text)
{
    snprintf(ctx, SCN_WHY_SIZE, "%s", text);
}

static struct tri world_alerted(void *ctx, int account, int64_t *out_us)
{
    const struct virtual *virtual = ctx;
    *out_us = virtual->alerted_us[account];
    return (struct tri){*out_us > 0 ? TRI_PRESENT : TRI_ABSENT};
}

static struct tri world_audit(void *ctx, char why[SCN_WHY_SIZE])
{
    struct virtual *virtual = ctx;
    uint64_t transfers = 0, wrong = 0;
    enum store_result result =
        ledger_audit(virtual->books.store, audit_say, why, &transfers, &wrong);
    if (result != STORE_OK) {
        snprintf(why, SCN_WHY_SIZE, "%s", store_error(virtual->books.store));
        return (struct tri){TRI_UNKNOWN};
    }
    return (struct tri){wrong == 0 ? TRI_PRESENT : TRI_ABSENT};
}

static int64_t world_back_us(void *ctx)
{
    const struct virtual *virtual = ctx;
    return virtual->is_edge_up && virtual->back_us > 0 ? virtual->back_us : -1;
}

void virtual_world(struct virtual *virtual, struct scn_world *out)
{
    *out = (struct scn_world){.ctx = virtual,
                              .settle_us = SETTLE_US,
                              .now_us = world_now_us,
                              .agent = world_agent,
                              .out = world_out,
                              .flush = world_flush,
                              .advance = world_advance,
                              .act = virtual_act,
                              .balance = world_balance,
                              .cdrs = world_cdrs,
                              .alerted = world_alerted,
                              .audit = world_audit,
                              .back_us = world_back_us};
}

static bool agents_make(struct virtual *virtual)
{
    for (int i = 0; i < virtual->scn->agent_count; i++) {
        const struct scn_agent *from = &virtual->scn->agents[i];
        struct virtual_agent *agent = &virtual->agents[i];
        struct ua_config config;
        scn_agent_config(virtual->scn, i, &config);
        snprintf(config.domain, sizeof(config.domain), SCN_DOMAIN);
        snprintf(config.local.host, sizeof(config.local.host),
                 from->is_ipv6 ? "fd00::2:%d" : "10.2.0.%d", i + 1);
        config.local.port = 5060;
        config.local.is_tcp = from->is_tcp;
        snprintf(config.proxy.host, sizeof(config.proxy.host), "%s",
                 from->is_ipv6 ? "fd00::1" : "10.1.0.1");
        config.proxy.port = 5060;
        config.proxy.is_tcp = from->is_tcp;
        config.seed = rng_u64(&virtual->rng);
        config.rtp_port = 9;
        agent->ua = ua_new(&config);
        if (agent->ua == NULL) {
            return false;
        }
        agent->address = config.local;
        agent->deadline_us = UA_NEVER;
        virtual_ip(agent->address.host, agent->ip);
        virtual->books.addresses[i] = config.local;
        if (from->is_dead) {
            virtual->books.addresses[i].port = 1;
        }
    }
    return true;
}

static bool folder_make(struct virtual *virtual)
{
    /* In memory, where there is such a file system: the ledger syncs often. */
    snprintf(virtual->dir, sizeof(virtual->dir), "%s/dialtone-sim-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    return mkdtemp(virtual->dir) != NULL;
}

struct virtual *virtual_new(const struct scn *scn, uint64_t seed, char why[SCN_WHY_SIZE])
{
    struct virtual *virtual = calloc(1, sizeof(*virtual));
    snprintf(why, SCN_WHY_SIZE, "no memory or folder");
    if (virtual == NULL) {
        return NULL;
    }
    virtual->scn = virtual->books.scn = scn;
    virtual->now_us = SECOND_US;
    virtual->fault = SCN_START;
    rng_init(&virtual->rng, seed);
    snprintf(virtual->ledger.nonce, sizeof(virtual->ledger.nonce), "%032lx", (unsigned long)seed);
    virtual->out = (struct ua_effects){.list = calloc(EFFECTS_MAX, sizeof(struct ua_effect)),
                                       .count_max = EFFECTS_MAX,
                                       .block = malloc(BLOCK_SIZE),
                                       .block_size = BLOCK_SIZE};
    bool is_fine = virtual->out.list != NULL && virtual->out.block != NULL &&
                   folder_make(virtual) && agents_make(virtual) &&
                   virtual_store_open(virtual, why) && books_provision(&virtual->books, why);
    if (is_fine && !virtual_edge_start(virtual)) {
        snprintf(why, SCN_WHY_SIZE, "the edge does not start: %s",
                 store_error(virtual->books.store));
        is_fine = false;
    }
    if (!is_fine) {
        virtual_free(virtual);
        return NULL;
    }
    (void)virtual_post(virtual, virtual->now_us + SECOND_US, VIRTUAL_SECOND);
    return virtual;
}

void virtual_free(struct virtual *virtual)
{
    if (virtual == NULL) {
        return;
    }
    virtual_edge_free(virtual);
    virtual_net_done(virtual);
    for (int i = 0; i < virtual->scn->agent_count; i++) {
        ua_free(virtual->agents[i].ua);
    }
    for (int i = 0; i < virtual->record_count; i++) {
        free(virtual->records[i].data);
    }
    free(virtual->records);
    for (int i = 0; i < virtual->object_count; i++) {
        free(virtual->objects[i]);
    }
    free(virtual->out.list);
    free(virtual->out.block);
    store_free(virtual->books.store);
    if (virtual->dir[0] != 0) {
        proc_remove_all(virtual->dir);
    }
    free(virtual);
}

void virtual_sum(const struct virtual *virtual, struct virtual_totals *out)
{
    *out = virtual->totals;
    out->virtual_us = virtual->now_us;
    out->records = virtual->sequence;
    for (int i = 0; virtual->is_edge_up && i < VIRTUAL_WORKERS; i++) {
        struct edge_totals totals;
        edge_sum(virtual->workers[i], &totals);
        out->calls_started += totals.counts[EDGE_CALLS_STARTED];
        out->calls_answered += totals.counts[EDGE_CALLS_ANSWERED];
    }
}

void virtual_mutate(struct virtual *virtual, enum virtual_mutation mutation)
{
    virtual->mutation = mutation;
}

void virtual_listen(struct virtual *virtual,
                    void (*each)(void *ctx, int agent, const struct ua_event *event), void *ctx)
{
    virtual->each = each;
    virtual->each_ctx = ctx;
}

struct books *virtual_books(struct virtual *virtual)
{
    return &virtual->books;
}

/* Is the end of that call on disk: one final record, or a note that it leaves none? */
static int ends_count(const struct virtual *virtual, uint64_t key)
{
    int count = 0;
    for (int i = 0; i < virtual->record_count; i++) {
        const struct virtual_record *record = &virtual->records[i];
        struct slice bytes = slice_make(record->data, record->size);
        struct usage usage;
        uint64_t other = 0;
        if (record->kind == JOURNAL_USAGE && usage_decode(bytes, &usage)) {
            count += usage.call_key == key && !(usage.flags & USAGE_PARTIAL);
        } else if (record->kind == JOURNAL_CALL_GONE && call_record_key(bytes, &other)) {
            count += other == key;
        }
    }
    return count;
}

static void calls_check(const struct virtual *virtual, char why[SCN_WHY_SIZE])
{
    for (int i = 0; i < virtual->record_count; i++) {
        const struct virtual_record *record = &virtual->records[i];
        uint64_t key;
        if (record->kind != JOURNAL_CALL ||
            !call_record_key(slice_make(record->data, record->size), &key)) {
            continue;
        }
        int count = ends_count(virtual, key);
        if (count != 1) {
            snprintf(why, SCN_WHY_SIZE, "call %016lx has %d final records", (unsigned long)key,
                     count);
        }
    }
}

void virtual_leftovers(const struct virtual *virtual, char why[SCN_WHY_SIZE])
{
    why[0] = 0;
    calls_check(virtual, why);
    for (int i = 0; virtual->is_edge_up && i < VIRTUAL_WORKERS; i++) {
        struct edge_totals totals;
        edge_sum(virtual->workers[i], &totals);
        if (totals.calls_open > 0) {
            snprintf(why, SCN_WHY_SIZE, "%u calls are open for ever", totals.calls_open);
        }
    }
    if (virtual->ledger.high_water < virtual->sequence) {
        snprintf(why, SCN_WHY_SIZE, "the outbox keeps %lu records",
                 (unsigned long)(virtual->sequence - virtual->ledger.high_water));
    }
}

enum scn_verdict virtual_play(const struct scn *scn, uint64_t seed, struct virtual_totals *totals,
                              char why[SCN_WHY_SIZE])
{
    struct virtual *virtual = virtual_new(scn, seed, why);
    if (virtual == NULL) {
        return SCN_FAIL;
    }
    struct scn_world world;
    virtual_world(virtual, &world);
    enum scn_verdict verdict = scn_run(scn, &world, why);
    virtual_sum(virtual, totals);
    virtual_free(virtual);
    return verdict;
}
