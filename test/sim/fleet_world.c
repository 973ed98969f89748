/* A fleet of one seed: phones, prices, money; and what must hold of its calls in the end. */
#include "fleet.h"

#include "base/hash.h"
#include "rating/deck.h"
#include "sip/digest.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define CALL_EVERY_US (SECOND / 5)     /* of a thousand phones */
#define CALL_EVERY_MAX_US (SECOND / 2) /* of the smallest fleet */
#define START_US (5 * SECOND)          /* phones register within so long */

static void decks_make(struct fleet *fleet)
{
    static const struct slice csv[2] = {SLICE("prefix,rate\n49,1.20\n44,3\n"),
                                        SLICE("prefix,rate\n49,0.30\n")};
    for (uint32_t i = 0; i < 2; i++) {
        struct deck_terms terms = {.id = i + 1, .version = 1, .currency = "EUR"};
        bool is_made = deck_compile(csv[i], &terms, &fleet->decks[i]);
        assert(is_made);
    }
}

static void phone_make(struct fleet *fleet, int index)
{
    struct fleet_phone *phone = &fleet->phones[index];
    int edge_count = fleet->world->edge_count;
    bool is_line = index >= FLEET_PHONES;
    phone->index = index;
    phone->refresh_us = phone->timer_us = phone->act_us = INT64_MAX;
    phone->flow = fleet_flow(is_line ? 3 : 2, is_line ? 0 : index);
    if (is_line) {
        snprintf(phone->user, sizeof(phone->user), "line%d", index - FLEET_PHONES);
        return;
    }
    phone->home = phone->node = index % edge_count;
    phone->account = index / edge_count % FLEET_ACCOUNTS;
    snprintf(phone->user, sizeof(phone->user), "p%d", index);
    snprintf(phone->password, sizeof(phone->password), "pw-p%d", index);
    snprintf(phone->number, sizeof(phone->number), "49%d%05u", 10 + phone->home % 10,
             (unsigned)index % 100000);
    struct digest_ha1 ha1;
    struct endpoint *endpoint = &fleet->endpoints[index];
    digest_ha1_make(fleet->digest, slice_from_text(phone->user), SLICE(FLEET_DOMAIN),
                    slice_from_text(phone->password), &ha1);
    endpoint->id = (uint64_t)index + 1;
    endpoint->account_id = (uint64_t)phone->account + 1;
    snprintf(endpoint->user, sizeof(endpoint->user), "%s", phone->user);
    memcpy(endpoint->ha1_md5, ha1.md5, sizeof(ha1.md5));
    memcpy(endpoint->ha1_sha256, ha1.sha256, sizeof(ha1.sha256));
    phone->refresh_us = fleet->world->now_us + (int64_t)rng_below(&fleet->rng, START_US);
    phone_watch(fleet, phone);
}

static void accounts_make(struct world *world)
{
    for (int i = 0; i < FLEET_ACCOUNTS; i++) {
        struct account *account = &world->accounts[i];
        bool is_verified = world_chance(world, 800000);
        *account = (struct account){.id = (uint64_t)i + 1,
                                    .currency = "EUR",
                                    .class_ = is_verified ? ACCOUNT_VERIFIED : ACCOUNT_NEW,
                                    .grace_micro = is_verified ? GRACE_MICRO : 0,
                                    .limit_micro = i % 8 == 7 ? 3 * COIN : 0,
                                    .channels_max = NO_LIMIT,
                                    .cps_max = NO_LIMIT,
                                    .spend_day_micro = NO_LIMIT,
                                    .sell_deck = 1,
                                    .inbound_deck = i % 3 == 1 ? 2 : 0};
        snprintf(account->name, sizeof(account->name), "a%d", i);
        world->live.accounts[i].limit_micro = account->limit_micro;
        world->slice_micro[i] = 2 * COIN; /* 30 s of the dearest, and some */
    }
    for (int i = 0; i < FLEET_ACCOUNTS; i++) {
        /* The first is rich: whatever happens, it is never refused for money. */
        int64_t most = world_chance(world, 300000) ? 30 : 3000;
        world_top_up(world, i, i == 0 ? 1000000 * COIN : world_between(world, 1, most * COIN));
    }
}

/* Small fleets are quick, and their accounts are not many: most seeds are small. */
static int phones_draw(struct world *world)
{
    static const int counts[] = {60, 60, 120, 120, 120, 300, 300, FLEET_PHONES};
    int count = counts[rng_below(&world->rng, ARRAY_COUNT(counts))];
    int wanted = world->plan->phone_count;
    count = wanted > 0 && wanted <= FLEET_PHONES ? wanted : count;
    count -= count % world->edge_count;
    return count > 0 ? count : world->edge_count;
}

static void fleet_make(struct world *world)
{
    struct fleet *fleet = world->fleet;
    fleet->world = world;
    fleet->phone_count = phones_draw(world);
    world->result->phone_count = fleet->phone_count;
    fleet->call_every_us = CALL_EVERY_US * FLEET_PHONES / fleet->phone_count;
    if (fleet->call_every_us > CALL_EVERY_MAX_US) {
        fleet->call_every_us = CALL_EVERY_MAX_US;
    }
    fleet->digest = digest_context_new();
    fleet->phones = calloc(FLEET_PHONES + FLEET_LINES, sizeof(*fleet->phones));
    assert(fleet->digest != NULL && fleet->phones != NULL);
    rng_init(&fleet->rng, world->plan->seed ^ UINT64_C(0x666c656574));
    world->live.account_count = FLEET_ACCOUNTS;
    for (int i = 0; i < world->edge_count; i++) {
        fleet->nodes[i].calls = calloc(FLEET_CALLS, sizeof(struct fleet_call));
        assert(fleet->nodes[i].calls != NULL);
    }
    decks_make(fleet);
    accounts_make(world);
    for (int i = 0; i < FLEET_PHONES + FLEET_LINES; i++) {
        if (i < fleet->phone_count || i >= FLEET_PHONES) {
            phone_make(fleet, i);
        }
    }
    fleet_post(fleet, world->now_us + SECOND, FLEET_ARRIVAL, 0);
}

static void fleet_look(struct sim_edge *edge, int account, const struct meter_view *view)
{
    edge->open_micro[account] = view->used_micro - view->ended_micro;
    edge->has_presence[account] = true; /* its phones stay registered */
}

static struct fleet_call *call_find(struct sim_edge *edge, uint64_t key)
{
    struct fleet_call *calls = edge->node->calls;
    uint64_t at = hash_u64(3, key) % FLEET_CALLS;
    while (calls[at].key != 0 && calls[at].key != key) {
        at = (at + 1) % FLEET_CALLS;
    }
    return &calls[at];
}

static void call_begun(struct sim_edge *edge, uint64_t key)
{
    struct fleet_call *call = call_find(edge, key);
    if (call->key == 0) {
        *call = (struct fleet_call){key, edge->world->now_us};
    }
}

/* I10: no more talk than there was since the INVITE, and the price of it. */
static void usage_check(struct sim_edge *edge, const struct usage *usage)
{
    const struct fleet_call *call = call_find(edge, usage->call_key);
    int64_t price_micro = 0;
    if ((usage->flags & USAGE_ANSWERED) != 0) {
        price_micro = rate_price(&usage->rate, usage->talk_to_us);
        price_micro -= usage->part > 0 ? rate_price(&usage->rate, usage->talk_from_us) : 0;
    }
    if (usage->account_id != 0 && usage->charge_micro != price_micro) {
        world_violation(edge->world, "I10: a record charges %lld, rated again %lld",
                        (long long)usage->charge_micro, (long long)price_micro);
    }
    int64_t since_us = edge->world->now_us - call->begun_us;
    if (call->key != 0 && usage->talk_to_us > since_us) {
        world_violation(edge->world, "I10: %lld us of talk charged, %lld us after the INVITE",
                        (long long)usage->talk_to_us, (long long)since_us);
    }
    if ((usage->flags & USAGE_EMERGENCY) != 0 && usage->charge_micro != 0) {
        world_violation(edge->world, "I13: an emergency call was charged");
    }
}

struct end { /* of a call, in a journal */
    uint64_t key;
    int kind; /* 0: it began, 1: it ended */
};

static int compare(const void *left, const void *right)
{
    const struct end *a = left;
    const struct end *b = right;
    if (a->key != b->key) {
        return a->key < b->key ? -1 : 1;
    }
    return a->kind - b->kind;
}

/* I9: each call in a node's journal ends there, once. */
static void calls_check(struct sim_edge *edge)
{
    struct end *ends = calloc((size_t)edge->log_count + 1, sizeof(*ends));
    assert(ends != NULL);
    size_t count = 0;
    for (int i = 0; i < edge->log_count; i++) {
        const struct sim_record *record = &edge->log[i];
        bool is_end = (record->kind == JOURNAL_USAGE && record->is_final) ||
                      record->kind == JOURNAL_CALL_GONE;
        if (is_end || record->kind == JOURNAL_CALL) {
            ends[count++] = (struct end){record->key, is_end};
        }
    }
    qsort(ends, count, sizeof(*ends), compare);
    for (size_t i = 0; i < count;) {
        size_t next = i;
        int end_count = 0;
        bool has_begun = false;
        for (; next < count && ends[next].key == ends[i].key; next++) {
            end_count += ends[next].kind;
            has_begun = has_begun || ends[next].kind == 0;
        }
        if (end_count > 1 || (has_begun && end_count == 0)) {
            world_violation(edge->world, "I9: call %016llx of node %d has %d final records",
                            (unsigned long long)ends[i].key, edge->index, end_count);
        }
        i = next;
    }
    free(ends);
}

static void fleet_check(struct world *world)
{
    for (int i = 0; i < world->edge_count; i++) {
        calls_check(&world->edges[i]);
    }
}

static const struct sim_traffic fleet_traffic = {.usage = usage_check,
                                                 .begun = call_begun,
                                                 .make = fleet_make,
                                                 .advance = fleet_advance,
                                                 .start = node_start,
                                                 .stop = node_stop,
                                                 .step = node_step,
                                                 .close_life = node_close_life,
                                                 .look = fleet_look,
                                                 .check = fleet_check,
                                                 .accounts_at_once = 4,
                                                 .tick_us = 50000};

static void fleet_free(struct fleet *fleet)
{
    fleet_net_done(fleet);
    for (size_t i = 0; i < ARRAY_COUNT(fleet->decks); i++) {
        deck_build_done(&fleet->decks[i]);
    }
    digest_context_free(fleet->digest);
    for (int i = 0; i < SIM_NODES_MAX; i++) {
        free(fleet->nodes[i].calls);
    }
    free(fleet->phones);
    free(fleet);
}

int fleet_world_run(const struct sim_plan *plan, struct sim_result *out)
{
    struct world *world = calloc(1, sizeof(*world));
    struct fleet *fleet = calloc(1, sizeof(*fleet));
    struct sim_plan fleets = *plan;
    assert(world != NULL && fleet != NULL);
    fleets.node_count = plan->node_count > 0 ? plan->node_count : SIM_NODES_MAX;
    world->traffic = &fleet_traffic;
    world->fleet = fleet;
    int status = world_play(world, &fleets, out);
    fleet_free(fleet);
    return status;
}
