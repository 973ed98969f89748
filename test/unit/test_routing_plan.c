#include "routing/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    ALICE = 1,     /* account with endpoints alice (id 1) and bob; sell deck 1 */
    SUSPENDED = 2, /* account of endpoint sue */
    DECKLESS = 3,  /* account of endpoint dan: no sell deck */
    PBX = 4,       /* account of the customer's trunk 40; inbound deck 5 */
    DOLLARS = 5,   /* account of endpoint dora, in USD with the EUR deck */
    LOST_DECK = 6, /* account of endpoint lou: its deck is not here */
    SUSPENDED_PAYS_INBOUND = 7,
};

#define DECK_COUNT 6
#define CARRIER 10
#define CARRIER_PRICED 11
#define CARRIER_DEAR 12
#define CARRIER_DISABLED 13
#define CARRIER_NO_HOST 14
#define CARRIER_DOLLARS 15
#define CARRIER_OTHER 16
#define CARRIER_SOS 17
#define PBX_TRUNK 40

static const char *const deck_csv[DECK_COUNT] = {
    /* 1 sell */ "prefix,rate,connection_fee,first_increment,next_increment\n"
                 "49,0.06,0,1,1\n4917,0.2,0,1,1\n33,0.06,0,1,1\n34,0.06,0,1,1\n35,0.06,0,1,1\n"
                 "36,0.06,0,1,1\n39,0.06,0,1,1\n37,0.06,0,60,1\n38,0.06,0,60,60\n",
    /* 2 cost */
    "prefix,rate,connection_fee,first_increment,next_increment\n"
    "49,0.02,0,1,1\n36,0.06,0,60,60\n37,0.06,0,60,60\n38,0.020,0,60,60\n",
    /* 3 dear */
    "prefix,rate,connection_fee,first_increment,next_increment\n49,0.07,0,1,1\n"
    "34,0.07,0,1,1\n36,0.01,1,1,1\n38,0.021,0,1,1\n",
    /* 4 USD  */ "prefix,rate\n49,9\n35,9\n",
    /* 5 in   */ "prefix,rate\n4930,0.012\n",
    /* 6 USD sell */ "prefix,rate\n49,0.06\n",
};

static struct epoch epoch;
static struct directory *directory;
static struct deck_set *decks;
static struct deck_build builds[DECK_COUNT];
static struct route_settings settings;

static void release(struct deck *deck)
{
    deck_close(deck);
}

static void put_account(uint64_t id, const char *currency, uint32_t sell, uint32_t inbound,
                        bool is_suspended)
{
    struct account row = {.id = id,
                          .version = 100 + id,
                          .sell_deck = sell,
                          .inbound_deck = inbound,
                          .is_suspended = is_suspended,
                          .suspended_by = "ops",
                          .suspended_why = "unpaid",
                          .country_code = "49",
                          .national_prefix = "0",
                          .international_prefix = "00"};
    snprintf(row.name, sizeof(row.name), "account-%d", (int)id);
    snprintf(row.currency, sizeof(row.currency), "%s", currency);
    assert_true(directory_put_account(directory, &row));
}

static void put_endpoint(uint64_t id, const char *user, uint64_t account_id, bool is_disabled)
{
    struct endpoint row = {
        .id = id, .version = 200 + id, .account_id = account_id, .is_disabled = is_disabled};
    snprintf(row.user, sizeof(row.user), "%s", user);
    assert_true(directory_put_endpoint(directory, &row));
}

static void put_number(uint64_t id, const char *digits, uint64_t account_id, const char *user,
                       uint64_t trunk_id)
{
    struct number row = {.id = id,
                         .version = 300 + id,
                         .account_id = account_id,
                         .target = trunk_id != 0 ? NUMBER_TO_TRUNK : NUMBER_TO_ENDPOINT,
                         .trunk_id = trunk_id};
    snprintf(row.digits, sizeof(row.digits), "%s", digits);
    snprintf(row.endpoint_user, sizeof(row.endpoint_user), "%s", user);
    assert_true(directory_put_number(directory, &row));
}

static const struct trunk trunks[] = {
    {.id = CARRIER, .version = 1, .name = "carrier", .host = "192.0.2.1", .sends_plus = true},
    {.id = CARRIER_PRICED, .host = "192.0.2.2", .cost_deck = 2, .tech_prefix = "77"},
    {.id = CARRIER_DEAR, .host = "192.0.2.3", .cost_deck = 3},
    {.id = CARRIER_DISABLED, .host = "192.0.2.4", .is_disabled = true, .takes_emergency = true},
    {.id = CARRIER_NO_HOST},
    {.id = CARRIER_DOLLARS, .host = "192.0.2.5", .cost_deck = 4},
    {.id = CARRIER_OTHER, .host = "192.0.2.6"},
    {.id = CARRIER_SOS, .host = "192.0.2.7", .takes_emergency = true},
    {.id = PBX_TRUNK, .version = 5, .name = "pbx", .host = "192.0.2.40", .account_id = PBX},
};

static const struct route_row routes[] = {
    {.id = 1, .prefix = "49", .trunk_id = CARRIER, .priority = 5, .weight = 1},
    {.id = 2, .prefix = "49", .trunk_id = CARRIER_PRICED, .priority = 5, .weight = 1},
    {.id = 3, .prefix = "49", .trunk_id = CARRIER_DEAR, .priority = 1, .weight = 1},
    {.id = 4, .prefix = "4917", .trunk_id = CARRIER_OTHER, .priority = 9, .weight = 1},
    {.id = 5, .prefix = "4918", .trunk_id = CARRIER_DISABLED, .priority = 1, .weight = 1},
    {.id = 6, .prefix = "33", .trunk_id = CARRIER, .priority = 1, .weight = 3},
    {.id = 7, .prefix = "33", .trunk_id = CARRIER_OTHER, .priority = 1, .weight = 1},
    {.id = 8, .prefix = "34", .trunk_id = CARRIER_DEAR, .priority = 1, .weight = 1},
    {.id = 9, .prefix = "35", .trunk_id = CARRIER_DOLLARS, .priority = 1, .weight = 1},
    {.id = 10, .prefix = "36", .trunk_id = CARRIER_DEAR, .priority = 1, .weight = 1},
    {.id = 11, .prefix = "36", .trunk_id = CARRIER_PRICED, .priority = 2, .weight = 1},
    {.id = 12, .prefix = "39", .trunk_id = CARRIER_PRICED, .priority = 1, .weight = 1},
    {.id = 13, .prefix = "44", .trunk_id = CARRIER, .priority = 1, .weight = 1},
    {.id = 14, .prefix = "48", .trunk_id = CARRIER_NO_HOST, .priority = 1, .weight = 1},
    {.id = 15, .prefix = "49", .trunk_id = PBX_TRUNK, .priority = 9, .weight = 1},
    {.id = 16, .prefix = "37", .trunk_id = CARRIER_PRICED, .priority = 1, .weight = 1},
    {.id = 17, .prefix = "38", .trunk_id = CARRIER_PRICED, .priority = 1, .weight = 1},
    {.id = 18, .prefix = "38", .trunk_id = CARRIER_DEAR, .priority = 1, .weight = 1},
};

static int set_up(void **state)
{
    (void)state;
    epoch_init(&epoch);
    struct directory_limits limits = {100, 100, 100, 1};
    directory = directory_new(&limits, &epoch);
    decks = deck_set_new(&epoch);
    for (uint32_t i = 0; i < DECK_COUNT; i++) {
        struct deck_terms terms = {
            .id = i + 1, .version = 50 + i, .currency = "EUR", .rounding = MONEY_HALF_UP};
        memcpy(terms.currency, i == 3 || i == 5 ? "USD" : "EUR", sizeof(terms.currency));
        assert_true(deck_compile(slice_from_text(deck_csv[i]), &terms, &builds[i]));
        struct deck *deck = deck_open(builds[i].object, builds[i].object_size);
        assert_true(deck != NULL && deck_set_put(decks, deck, release));
    }
    put_account(ALICE, "EUR", 1, 0, false);
    put_account(SUSPENDED, "EUR", 1, 0, true);
    put_account(DECKLESS, "EUR", 0, 0, false);
    put_account(PBX, "EUR", 1, 5, false);
    put_account(DOLLARS, "USD", 1, 0, false);
    put_account(LOST_DECK, "EUR", 99, 0, false);
    put_account(SUSPENDED_PAYS_INBOUND, "EUR", 1, 5, true);
    put_endpoint(1, "alice", ALICE, false);
    put_endpoint(2, "bob", ALICE, false);
    put_endpoint(3, "sue", SUSPENDED, false);
    put_endpoint(4, "dan", DECKLESS, false);
    put_endpoint(5, "dora", DOLLARS, false);
    put_endpoint(6, "lou", LOST_DECK, false);
    put_endpoint(7, "off", ALICE, true);
    put_endpoint(8, "1001", DECKLESS, false);
    put_endpoint(9, "orphan", 999, false);
    put_number(1, "4930100", ALICE, "alice", 0);
    put_number(2, "4930200", PBX, "", PBX_TRUNK);
    put_number(3, "4930300", SUSPENDED, "sue", 0);
    put_number(4, "4930400", ALICE, "nobody", 0);
    put_number(5, "4930500", 999, "alice", 0);
    put_number(6, "4931600", PBX, "", PBX_TRUNK); /* not in the inbound deck */
    put_number(7, "4930700", SUSPENDED_PAYS_INBOUND, "alice", 0);
    put_number(8, "4930800", ALICE, "", CARRIER_NO_HOST);
    assert_true(
        directory_swap_trunks(directory, trunks, ARRAY_COUNT(trunks), routes, ARRAY_COUNT(routes)));
    directory_set_loaded(directory);
    settings = (struct route_settings){
        .on_net_rate = rate_free("EUR"), .emergency_count = 2, .emergency = {"112", "911"}};
    settings.on_net_rate.nano_per_min = 10000000;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    directory_free(directory);
    deck_set_free(decks);
    epoch_done(&epoch);
    for (int i = 0; i < DECK_COUNT; i++) {
        deck_build_done(&builds[i]);
    }
    return 0;
}

/* `from`: an endpoint's user, or "trunk:ID". */
static _Atomic uint64_t quality[100]; /* by trunk id */

static struct route_plan plan_at(const char *from, const char *dialled, uint64_t random)
{
    struct route_request request = {
        .dialled = slice_from_text(dialled), .wall_s = 1000, .random = random};
    request.quality = quality;
    request.quality_count = ARRAY_COUNT(quality);
    struct endpoint endpoint = {.id = 0};
    if (strncmp(from, "trunk:", 6) == 0) {
        request.trunk = trunk_set_by_id(directory_trunks(directory), strtoull(from + 6, NULL, 10));
        assert_non_null(request.trunk);
    } else {
        struct tri found = directory_endpoint(directory, slice_from_text(from), &endpoint);
        assert_int_equal(found.is, TRI_PRESENT);
        request.endpoint = &endpoint;
    }
    struct route_plan plan;
    memset(&plan, 0xa5, sizeof(plan));
    route_plan(directory, decks, &settings, &request, &plan);
    assert_true(plan.why[0] != '\0' && strlen(plan.why) < sizeof(plan.why));
    if (plan.refusal != ROUTE_OK) {
        assert_int_equal(plan.kind, ROUTE_NOWHERE);
        assert_int_equal(plan.step_count, 0);
    }
    return plan;
}

static struct route_plan plan_of(const char *from, const char *dialled)
{
    return plan_at(from, dialled, 1);
}

static void every_refusal_has_its_reason(void **state)
{
    (void)state;
    static const struct {
        const char *from, *dialled;
        enum route_refusal refusal;
        uint64_t version; /* of the row it rests on; 0: none */
    } table[] = {
        {"sue", "4940", ROUTE_SUSPENDED, 102},
        {"sue", "alice", ROUTE_SUSPENDED, 102},
        {"alice", "nobody", ROUTE_NO_SUCH_NUMBER, 0},
        {"alice", "49nobody", ROUTE_NO_SUCH_NUMBER, 0},
        {"alice", "", ROUTE_BAD_NUMBER, 0},
        {"alice", "+", ROUTE_BAD_NUMBER, 0},
        {"alice", "+;npdi", ROUTE_BAD_NUMBER, 0},
        {"alice", "4912345678901234567890123456", ROUTE_BAD_NUMBER, 0},
        {"alice", "off", ROUTE_NO_SUCH_NUMBER, 207},
        {"alice", "77123", ROUTE_NO_ROUTE, 0},
        {"alice", "48123", ROUTE_NO_ROUTE, 0},  /* its trunk has no host */
        {"alice", "39123", ROUTE_NO_ROUTE, 0},  /* its trunk has no price for it */
        {"alice", "44123", ROUTE_NO_RATE, 101}, /* a route, but no sell price */
        {"dan", "4940", ROUTE_NO_RATE, 103},
        {"dora", "4940", ROUTE_NO_RATE, 105},  /* a EUR deck for a USD account */
        {"dora", "alice", ROUTE_NO_RATE, 105}, /* and a EUR price on-net */
        {"lou", "4940", ROUTE_UNKNOWN, 0},     /* its deck is not here: an incomplete copy */
        {"orphan", "4940", ROUTE_UNKNOWN, 0},  /* nor is its account */
        {"alice", "34123", ROUTE_BAD_MARGIN, 0},
        {"alice", "36123", ROUTE_BAD_MARGIN, 0}, /* by its first increment, or its fee */
        {"alice", "4930400", ROUTE_NO_SUCH_NUMBER, 304},
        {"alice", "4930800", ROUTE_NO_ROUTE, 0},
        {"trunk:10", "4930999", ROUTE_NOT_PERMITTED, 1},
        {"trunk:10", "77123", ROUTE_NO_SUCH_NUMBER, 0},
        {"trunk:10", "alice", ROUTE_NO_SUCH_NUMBER, 0},
        {"trunk:10", "#", ROUTE_BAD_NUMBER, 0},
        {"trunk:10", "4930400", ROUTE_NO_SUCH_NUMBER, 304},
        {"trunk:10", "4930500", ROUTE_UNKNOWN, 0},
        {"trunk:10", "4931600", ROUTE_NO_RATE, 104},
        {"trunk:10", "4930700", ROUTE_SUSPENDED, 107},
        {"trunk:10", "112", ROUTE_NO_SUCH_NUMBER, 0}, /* no customer's source gets no route */
        {"trunk:40", "4930200", ROUTE_NO_ROUTE, 5},   /* its own number: not back to itself */
    };
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        struct route_plan plan = plan_of(table[i].from, table[i].dialled);
        if (plan.refusal != table[i].refusal || plan.evidence_version != table[i].version) {
            fail_msg("%s calls %s: %s by version %d: %s", table[i].from, table[i].dialled,
                     route_refusal_name(plan.refusal), (int)plan.evidence_version, plan.why);
        }
    }
}

static void a_call_between_endpoints_rings_there_and_the_caller_pays(void **state)
{
    (void)state;
    struct route_plan plan = plan_of("alice", "1001");
    assert_int_equal(plan.refusal, ROUTE_OK);
    assert_int_equal(plan.kind, ROUTE_TO_ENDPOINT);
    assert_string_equal(plan.user, "1001");
    assert_string_equal(plan.number, "");
    assert_int_equal(plan.payer_account_id, ALICE);
    assert_int_equal(plan.payer.id, ALICE);
    assert_int_equal(plan.callee_account_id, DECKLESS);
    assert_int_equal(plan.price.nano_per_min, 10000000);
    assert_string_equal(plan.price.currency, "EUR");
    /* An account without a deck may still call on-net. */
    assert_int_equal(plan_of("dan", "alice").refusal, ROUTE_OK);
    /* Nothing is nothing in every currency. */
    settings.on_net_rate.nano_per_min = 0;
    plan = plan_of("dora", "alice");
    assert_int_equal(plan.refusal, ROUTE_OK);
    assert_string_equal(plan.price.currency, "USD");
}

static void the_on_net_deck_prices_our_own_numbers(void **state)
{
    (void)state;
    settings.on_net_deck = 5;
    assert_int_equal(plan_of("alice", "+4930200").price.nano_per_min, 12000000);
    assert_int_equal(plan_of("alice", "bob").price.nano_per_min, 10000000); /* not in the deck */
    settings.on_net_deck = 98;
    assert_int_equal(plan_of("alice", "bob").refusal, ROUTE_UNKNOWN);
}

static void a_number_of_ours_is_reached_on_net_however_it_is_dialled(void **state)
{
    (void)state;
    static const char *const dialled[] = {"4930100", "+49 30 100", "030100", "004930100"};
    for (size_t i = 0; i < ARRAY_COUNT(dialled); i++) {
        struct route_plan plan = plan_of("bob", dialled[i]);
        assert_int_equal(plan.refusal, ROUTE_OK);
        assert_int_equal(plan.kind, ROUTE_TO_ENDPOINT);
        assert_string_equal(plan.user, "alice");
        assert_string_equal(plan.number, "4930100");
        assert_int_equal(plan.price.nano_per_min, 10000000);
        assert_false(plan.is_inbound);
    }
    struct route_plan plan = plan_of("bob", "4930200");
    assert_int_equal(plan.kind, ROUTE_TO_TRUNKS);
    assert_int_equal(plan.step_count, 1);
    assert_int_equal(plan.steps[0].trunk_id, PBX_TRUNK);
    assert_string_equal(plan.steps[0].number, "4930200");
    assert_int_equal(plan.payer_account_id, ALICE);
}

static void assert_steps(const struct route_plan *plan, const uint64_t *expected, int count)
{
    bool is_same = plan->refusal == ROUTE_OK && plan->step_count == count;
    for (int i = 0; is_same && i < count; i++) {
        is_same = plan->steps[i].trunk_id == expected[i];
    }
    if (!is_same) {
        fail_msg("%s: steps %d, first %d: %s", route_refusal_name(plan->refusal), plan->step_count,
                 (int)plan->steps[0].trunk_id, plan->why);
    }
}

static void trunks_are_tried_by_priority_then_cost_and_dear_ones_are_left_out(void **state)
{
    (void)state;
    struct route_plan plan = plan_of("alice", "4940123");
    static const uint64_t expected[] = {CARRIER_PRICED, CARRIER, PBX_TRUNK};
    assert_steps(&plan, expected, ARRAY_COUNT(expected));
    assert_int_equal(plan.kind, ROUTE_TO_TRUNKS);
    assert_int_equal(plan.price.nano_per_min, 60000000);
    assert_string_equal(plan.price.prefix, "49");
    assert_true(plan.steps[0].has_cost);
    assert_int_equal(plan.steps[0].cost.nano_per_min, 20000000);
    assert_string_equal(plan.steps[0].number, "774940123"); /* tech prefix */
    assert_false(plan.steps[1].has_cost);
    assert_string_equal(plan.steps[1].number, "+4940123");
    assert_non_null(strstr(plan.why, "too dear: 1"));
    /* The customer's trunk is not sent its own call. */
    plan = plan_of("trunk:40", "4940123");
    assert_steps(&plan, expected, 2);
    assert_int_equal(plan.payer_account_id, PBX);
    /* By name the operator may sell below cost. */
    settings.allow_negative_margin = true;
    plan = plan_of("alice", "4940123");
    static const uint64_t with_dear[] = {CARRIER_DEAR, CARRIER_PRICED, CARRIER, PBX_TRUNK};
    assert_steps(&plan, with_dear, ARRAY_COUNT(with_dear));
}

static void shorter_prefixes_come_after_the_longest(void **state)
{
    (void)state;
    struct route_plan plan = plan_of("alice", "4917123");
    static const uint64_t expected[] = {CARRIER_OTHER, CARRIER_DEAR, CARRIER_PRICED, CARRIER,
                                        PBX_TRUNK};
    assert_steps(&plan, expected, ARRAY_COUNT(expected));
    /* The longest has only a disabled trunk: the next one counts. */
    plan = plan_of("alice", "4918123");
    assert_steps(&plan, expected + 2, 3);
}

static void equal_trunks_share_calls_by_their_weight(void **state)
{
    (void)state;
    int first_count = 0;
    for (uint64_t random = 0; random < 4000; random++) {
        struct route_plan plan = plan_at("alice", "33123", random * 0x9e3779b97f4a7c15u);
        assert_int_equal(plan.step_count, 2);
        assert_int_not_equal(plan.steps[0].trunk_id, plan.steps[1].trunk_id);
        first_count += plan.steps[0].trunk_id == CARRIER ? 1 : 0;
    }
    assert_in_range(first_count, 2850, 3150); /* three of four */
}

/* The same price a minute and for the first one, but from the 61st second on each costs sixty. */
static void the_margin_is_compared_over_further_increments_too(void **state)
{
    (void)state;
    assert_int_equal(plan_of("alice", "37123").refusal, ROUTE_BAD_MARGIN);
    settings.allow_negative_margin = true;
    assert_int_equal(plan_of("alice", "37123").refusal, ROUTE_OK);
}

static void the_cheapest_is_so_by_what_a_call_costs_and_not_by_its_minute(void **state)
{
    (void)state;
    struct route_plan plan = plan_of("alice", "38123");
    static const uint64_t expected[] = {CARRIER_DEAR, CARRIER_PRICED}; /* 0.021 1/1, 0.020 60/60 */
    assert_steps(&plan, expected, 2);
}

static void of_equal_trunks_the_one_that_answers_is_tried_first(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        quality_note(&quality[CARRIER], i % 4 == 0, 500); /* 25 % answered, others 60 % */
        quality_note(&quality[CARRIER_OTHER], i % 5 < 3, 500);
        quality_note(&quality[CARRIER_PRICED], i % 100 == 0, 500);
    }
    int first_count = 0;
    for (uint64_t random = 0; random < 3200; random++) {
        struct route_plan plan = plan_at("alice", "33123", random * 0x9e3779b97f4a7c15u);
        assert_int_equal(plan.step_count, 2); /* last, but not left out */
        first_count += plan.steps[0].trunk_id == CARRIER ? 1 : 0;
    }
    assert_in_range(first_count, 40, 110); /* three of four of the one in 32 that does not look */
    /* Quality never passes price: this one is poor and the cheapest. */
    struct route_plan plan = plan_of("alice", "4940123");
    assert_int_equal(plan.steps[0].trunk_id, CARRIER_PRICED);
    for (size_t i = 0; i < ARRAY_COUNT(quality); i++) {
        atomic_store(&quality[i], 0);
    }
}

static void few_calls_and_small_differences_are_no_evidence(void **state)
{
    (void)state;
    const struct quality good = {100, 60, 100, 800};
    const struct {
        struct quality quality;
        bool is_poor;
    } table[] = {
        {{0, 0, 0, 0}, false},        {{19, 0, 19, 9000}, false},   {{20, 0, 0, 0}, true},
        {{100, 30, 100, 800}, false}, {{100, 29, 100, 800}, true},  {{100, 60, 100, 2600}, false},
        {{100, 60, 100, 2601}, true}, {{100, 100, 100, 10}, false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        assert_int_equal(quality_is_poor(&table[i].quality, &good, 1), table[i].is_poor);
    }
    const struct quality fresh = {10, 10, 10, 1};
    assert_false(quality_is_poor(&good, &fresh, 1));
    _Atomic uint64_t word = 0;
    for (int i = 0; i < 100000; i++) {
        quality_note(&word, i >= 98000, i >= 98000 ? 200 : 300000);
        struct quality now = quality_read(word);
        assert_true(now.call_count < 512 && now.answered_count <= now.call_count &&
                    now.delay_count <= now.call_count && now.delay_ms <= 120000);
    }
    /* What was long ago is forgotten. */
    assert_true(quality_read(word).answered_count * 100 > quality_read(word).call_count * 95);
}

static void sums_that_are_kept_elsewhere_come_back_as_they_were(void **state)
{
    (void)state;
    _Atomic uint64_t word = 0, other = 0;
    for (int i = 0; i < 100; i++) {
        quality_note(&word, i % 4 == 0, 500);
    }
    quality_note(&other, true, -1);
    struct quality_sums sums = quality_sums(word);
    assert_int_equal(sums.calls, 100);
    assert_int_equal(sums.answered, 25);
    assert_int_equal(sums.delay_sum_ms, 50000);
    assert_true(quality_word(&sums) == word);
    struct quality both = quality_read(quality_merge(word, other));
    assert_int_equal(both.call_count, 101);
    assert_int_equal(both.answered_count, 26);
    assert_int_equal(both.delay_count, 100);
    quality_add(&word, word);
    assert_int_equal(quality_read(word).call_count, 200);
    /* Whatever a database holds. */
    struct quality_sums odd = {INT64_MAX, INT64_MAX, 1, INT64_MAX};
    struct quality shown = quality_read(quality_word(&odd));
    assert_true(shown.call_count < 512 && shown.answered_count < 512);
    odd = (struct quality_sums){-1, -1, -1, -1};
    assert_true(quality_word(&odd) == 0);
}

static void a_cost_in_another_currency_is_not_compared_and_said(void **state)
{
    (void)state;
    struct route_plan plan = plan_of("alice", "35123");
    static const uint64_t expected[] = {CARRIER_DOLLARS};
    assert_steps(&plan, expected, 1);
    assert_non_null(strstr(plan.why, "another currency"));
    assert_string_equal(plan.steps[0].cost.currency, "USD");
}

static void an_emergency_call_is_free_and_passes_every_state(void **state)
{
    (void)state;
    /* The trunk for emergencies first, then every carrier that calls can be sent to. */
    static const uint64_t expected[] = {CARRIER_SOS,     CARRIER_DEAR,   CARRIER,
                                        CARRIER_DOLLARS, CARRIER_PRICED, CARRIER_OTHER};
    static const char *const callers[] = {"alice", "sue",    "dan",     "dora",
                                          "lou",   "orphan", "trunk:40"};
    for (size_t i = 0; i < ARRAY_COUNT(callers); i++) {
        struct route_plan plan = plan_of(callers[i], i % 2 == 0 ? "112" : "911");
        assert_int_equal(plan.refusal, ROUTE_OK);
        assert_true(plan.is_emergency);
        assert_int_equal(plan.kind, ROUTE_TO_TRUNKS);
        assert_int_equal(plan.payer_account_id, 0);
        assert_int_equal(plan.price.nano_per_min, 0);
        assert_int_equal(plan.step_count, ARRAY_COUNT(expected));
        assert_int_equal(plan.steps[0].trunk_id, CARRIER_SOS);
        for (int step = 0; step < plan.step_count; step++) {
            bool is_expected = false;
            for (size_t j = 0; j < ARRAY_COUNT(expected); j++) {
                is_expected = is_expected || plan.steps[step].trunk_id == expected[j];
            }
            assert_true(is_expected);
        }
    }
    assert_string_equal(plan_of("alice", "112").steps[2].number, "112"); /* never with a plus */
    assert_false(plan_of("alice", "0112").is_emergency);
}

static void a_carriers_call_is_paid_by_the_owner_of_the_number_or_by_nobody(void **state)
{
    (void)state;
    struct route_plan plan = plan_of("trunk:10", "+4930100");
    assert_int_equal(plan.refusal, ROUTE_OK);
    assert_true(plan.is_inbound);
    assert_int_equal(plan.kind, ROUTE_TO_ENDPOINT);
    assert_string_equal(plan.user, "alice");
    assert_int_equal(plan.payer_account_id, 0);
    assert_int_equal(plan.price.nano_per_min, 0);
    assert_int_equal(plan.callee_account_id, ALICE);

    plan = plan_of("trunk:10", "4930200");
    assert_int_equal(plan.refusal, ROUTE_OK);
    assert_int_equal(plan.payer_account_id, PBX);
    assert_int_equal(plan.price.nano_per_min, 12000000);
    assert_int_equal(plan.step_count, 1);

    /* Free costs a suspended owner nothing: never a refusal. */
    plan = plan_of("trunk:10", "4930300");
    assert_int_equal(plan.refusal, ROUTE_OK);
    assert_string_equal(plan.user, "sue");
}

static void before_the_load_is_complete_nothing_is_a_no(void **state)
{
    (void)state;
    struct directory *full = directory;
    struct directory_limits limits = {10, 10, 10, 1};
    directory = directory_new(&limits, &epoch);
    static const char *const dialled[] = {"4940", "bob", "nobody", "112"};
    const struct endpoint caller = {.id = 1, .account_id = ALICE};
    const struct trunk carrier = {.id = CARRIER};
    for (size_t i = 0; i < ARRAY_COUNT(dialled); i++) {
        struct route_request request = {.endpoint = &caller,
                                        .dialled = slice_from_text(dialled[i])};
        struct route_plan plan;
        route_plan(directory, decks, &settings, &request, &plan);
        assert_int_equal(plan.refusal, ROUTE_UNKNOWN);
        if (i == 1) {
            put_account(ALICE, "EUR", 1, 0, false); /* a part has arrived */
        }
    }
    struct route_request request = {.trunk = &carrier, .dialled = SLICE("4930100")};
    struct route_plan plan;
    route_plan(directory, decks, &settings, &request, &plan);
    assert_int_equal(plan.refusal, ROUTE_UNKNOWN);
    assert_int_equal(route_refusal_status(plan.refusal), 503);
    /* An emergency call takes the trunks that are there already. */
    assert_true(directory_swap_trunks(directory, trunks, 1, NULL, 0));
    request = (struct route_request){.endpoint = &caller, .dialled = SLICE("112")};
    route_plan(directory, decks, &settings, &request, &plan);
    assert_int_equal(plan.refusal, ROUTE_OK);
    directory_free(directory);
    directory = full;
}

static void at_most_eight_trunks_are_tried(void **state)
{
    (void)state;
    struct trunk many[100];
    struct route_row rows[100];
    memset(many, 0, sizeof(many));
    memset(rows, 0, sizeof(rows));
    for (int i = 0; i < 100; i++) {
        many[i] = (struct trunk){.id = (uint64_t)i + 1, .host = "h"};
        rows[i] = (struct route_row){.id = (uint64_t)i + 1,
                                     .prefix = "49",
                                     .trunk_id = (uint64_t)i + 1,
                                     .priority = 100 - i,
                                     .weight = 1};
    }
    assert_true(directory_swap_trunks(directory, many, 100, rows, 100));
    struct route_plan plan = plan_of("alice", "4940");
    assert_int_equal(plan.step_count, ROUTE_STEPS_MAX);
    assert_int_equal(plan.steps[0].trunk_id, 100);
    assert_int_equal(plan.steps[7].trunk_id, 93);
}

static void the_plan_is_written_as_json(void **state)
{
    (void)state;
    char text[4096];
    struct buf out;
    struct route_plan plan = plan_of("alice", "4940123");
    buf_init(&out, text, sizeof(text) - 1);
    buf_char(&out, '{');
    route_plan_write_json(&out, &plan);
    buf_char(&out, '}');
    assert_false(out.is_full);
    text[out.size] = '\0';
    static const char *const parts[] = {"{\"result\":\"ok\"",
                                        "\"payer\":{\"account\":1,\"name\":\"account-1\"",
                                        "\"number\":\"4940123\"",
                                        "\"destination\":{\"kind\":\"trunks\"}",
                                        "\"price\":{\"per_minute\":\"0.06\"",
                                        "\"steps\":[{\"trunk\":11,\"number\":\"774940123\"",
                                        "\"cost\":{\"per_minute\":\"0.02\"",
                                        "},{\"trunk\":10,"};
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        if (strstr(text, parts[i]) == NULL) {
            fail_msg("%s is not in %s", parts[i], text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_refusal_has_its_reason, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_call_between_endpoints_rings_there_and_the_caller_pays,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_on_net_deck_prices_our_own_numbers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_number_of_ours_is_reached_on_net_however_it_is_dialled,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            trunks_are_tried_by_priority_then_cost_and_dear_ones_are_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(shorter_prefixes_come_after_the_longest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(equal_trunks_share_calls_by_their_weight, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_margin_is_compared_over_further_increments_too, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            the_cheapest_is_so_by_what_a_call_costs_and_not_by_its_minute, set_up, tear_down),
        cmocka_unit_test_setup_teardown(of_equal_trunks_the_one_that_answers_is_tried_first, set_up,
                                        tear_down),
        cmocka_unit_test(few_calls_and_small_differences_are_no_evidence),
        cmocka_unit_test(sums_that_are_kept_elsewhere_come_back_as_they_were),
        cmocka_unit_test_setup_teardown(a_cost_in_another_currency_is_not_compared_and_said, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_emergency_call_is_free_and_passes_every_state, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            a_carriers_call_is_paid_by_the_owner_of_the_number_or_by_nobody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(before_the_load_is_complete_nothing_is_a_no, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(at_most_eight_trunks_are_tried, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_plan_is_written_as_json, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
