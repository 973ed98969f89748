/* The week windows of a price are read in the zone of the account that pays. */
#include "routing/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PAYER 8
#define DECK 1
#define EIGHT_IN_BERLIN 1783317600 /* Monday, 2026-07-06 08:00 there, 06:00 in UTC */
#define DAY_NANO 90000000
#define NIGHT_NANO 50000000

static struct epoch epoch;
static struct directory *directory;
static struct deck_set *decks;
static struct deck_build build;

/* In summer, at all times. */
static const struct zone berlin = {
    .name = "Europe/Berlin", .change_count = 1, .changes = {{INT64_MIN, 7200, 0}}};

static void put_payer(const char *zone)
{
    struct account row = {
        .id = PAYER, .version = 100, .name = "acme", .currency = "EUR", .sell_deck = DECK};
    snprintf(row.time_zone, sizeof(row.time_zone), "%s", zone);
    assert_true(directory_put_account(directory, &row));
}

static int64_t price_at(int64_t wall_s)
{
    static const struct endpoint alice = {.id = 1, .account_id = PAYER, .user = "alice"};
    struct route_settings settings = {.on_net_rate = rate_free("EUR")};
    struct route_request request = {
        .dialled = SLICE("4930"), .wall_s = wall_s, .random = 1, .endpoint = &alice};
    struct route_plan plan;
    route_plan(directory, decks, &settings, &request, &plan);
    return plan.price.nano_per_min;
}

static void release(struct deck *deck)
{
    deck_close(deck);
}

static int set_up(void **state)
{
    static const char csv[] = "prefix,rate,window\n49,0.05,\n49,0.09,mon-fri 08:00-20:00\n";
    const struct deck_terms terms = {.id = DECK, .version = 1, .currency = "EUR"};
    struct directory_limits limits = {10, 10, 10, 1};
    (void)state;
    epoch_init(&epoch);
    directory = directory_new(&limits, &epoch);
    decks = deck_set_new(&epoch);
    assert_true(deck_compile(slice_from_text(csv), &terms, &build));
    assert_true(deck_set_put(decks, deck_open(build.object, build.object_size), release));
    directory_set_loaded(directory);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    directory_free(directory);
    deck_set_free(decks);
    deck_build_done(&build);
    epoch_done(&epoch);
    return 0;
}

static void a_day_begins_where_the_account_is(void **state)
{
    (void)state;
    assert_true(deck_set_put_zone(decks, &berlin));
    assert_true(deck_set_put_zone(decks, &berlin)); /* again: it is there */
    put_payer("Europe/Berlin");
    assert_int_equal(price_at(EIGHT_IN_BERLIN - 1), NIGHT_NANO);
    assert_int_equal(price_at(EIGHT_IN_BERLIN), DAY_NANO);
    put_payer("");
    assert_int_equal(price_at(EIGHT_IN_BERLIN), NIGHT_NANO);
    assert_int_equal(price_at(EIGHT_IN_BERLIN + 7200), DAY_NANO);
}

static void a_zone_that_is_not_here_leaves_the_decks_own(void **state)
{
    (void)state;
    put_payer("Europe/Berlin");
    assert_null(deck_set_zone(decks, "Europe/Berlin"));
    assert_int_equal(price_at(EIGHT_IN_BERLIN), NIGHT_NANO);
    assert_int_equal(price_at(EIGHT_IN_BERLIN + 7200), DAY_NANO);
}

static void more_zones_than_there_are_find_no_room(void **state)
{
    struct zone zone = berlin;
    (void)state;
    for (int i = 0; i < DECK_SET_ZONES_MAX; i++) {
        snprintf(zone.name, sizeof(zone.name), "Made/Up%d", i);
        assert_true(deck_set_put_zone(decks, &zone));
    }
    assert_false(deck_set_put_zone(decks, &berlin));
    assert_non_null(deck_set_zone(decks, "Made/Up7"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_day_begins_where_the_account_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_zone_that_is_not_here_leaves_the_decks_own, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(more_zones_than_there_are_find_no_room, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
