/* A sub-account is suspended with its parent; what is not known of the parent refuses nobody. */
#include "routing/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PARENT 7
#define CHILD 8

static struct epoch epoch;
static struct directory *directory;
static struct deck_set *decks;

static void put(uint64_t id, uint64_t parent_id, bool is_suspended)
{
    struct account row = {.id = id,
                          .version = 100 + id,
                          .parent_id = parent_id,
                          .currency = "EUR",
                          .is_suspended = is_suspended,
                          .suspended_by = "ops",
                          .suspended_why = "unpaid"};
    snprintf(row.name, sizeof(row.name), "account-%d", (int)id);
    assert_true(directory_put_account(directory, &row));
}

static struct route_plan plan_of(const char *dialled)
{
    static const struct endpoint alice = {.id = 1, .account_id = CHILD, .user = "alice"};
    struct route_settings settings = {
        .on_net_rate = rate_free("EUR"), .emergency_count = 1, .emergency = {"112"}};
    struct route_request request = {
        .dialled = slice_from_text(dialled), .wall_s = 1000, .random = 1, .endpoint = &alice};
    struct route_plan plan;
    route_plan(directory, decks, &settings, &request, &plan);
    return plan;
}

static int set_up(void **state)
{
    (void)state;
    epoch_init(&epoch);
    struct directory_limits limits = {10, 10, 10, 1};
    static const struct endpoint bob = {.id = 2, .account_id = CHILD, .user = "bob"};
    directory = directory_new(&limits, &epoch);
    decks = deck_set_new(&epoch);
    put(CHILD, PARENT, false);
    assert_true(directory_put_endpoint(directory, &bob));
    directory_set_loaded(directory);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    directory_free(directory);
    deck_set_free(decks);
    epoch_done(&epoch);
    return 0;
}

static void a_sub_account_is_suspended_with_its_parent(void **state)
{
    (void)state;
    put(PARENT, 0, true);
    struct route_plan plan = plan_of("bob");
    assert_int_equal(plan.refusal, ROUTE_SUSPENDED);
    assert_int_equal(plan.evidence_version, 100 + PARENT);
    assert_string_equal(plan.why,
                        "Account account-7, the parent of account-8, is suspended by ops: unpaid");
    put(PARENT, 0, false);
    assert_int_equal(plan_of("bob").refusal, ROUTE_OK);
}

static void a_parent_that_is_not_here_refuses_nobody(void **state)
{
    (void)state;
    assert_int_equal(plan_of("bob").refusal, ROUTE_OK);
}

static void an_emergency_call_passes_a_suspended_parent(void **state)
{
    (void)state;
    put(PARENT, 0, true);
    assert_int_not_equal(plan_of("112").refusal, ROUTE_SUSPENDED);
    assert_true(plan_of("112").is_emergency);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_sub_account_is_suspended_with_its_parent, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_parent_that_is_not_here_refuses_nobody, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_emergency_call_passes_a_suspended_parent, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
