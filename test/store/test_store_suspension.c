/* Suspensions by rules: evidence, an end, and a cap over all of them (I14). */
#include "fixture.h"

#include "account/suspension.h"

#include <stdio.h>
#include <string.h>

static enum suspension_made suspend(struct store *store, uint64_t id, const char *rule)
{
    struct rule_suspension asked = {
        .account_id = id, .evidence = "300 calls in 10 s", .lasts_us = 60000000};
    struct account account;
    enum suspension_made made = SUSPENSION_LEFT;
    snprintf(asked.rule, sizeof(asked.rule), "%s", rule);
    assert_ok(config_suspend_by_rule(store, &asked, &account, &made));
    return made;
}

static bool is_suspended(struct store *store, uint64_t id)
{
    struct account account;
    assert_ok(config_get_account(store, id, &account));
    return account.is_suspended;
}

static uint64_t make_numbered(struct store *store, int number)
{
    char name[16];
    snprintf(name, sizeof(name), "a%d", number);
    return make_account(store, name, 0);
}

static void rules_together_suspend_no_more_than_the_cap_in_ten_minutes(void **state)
{
    struct fixture *fixture = *state;
    uint64_t ids[8];
    for (int i = 0; i < 8; i++) {
        ids[i] = make_numbered(fixture->store, i);
    }
    for (int i = 0; i < 5; i++) {
        assert_int_equal(suspend(fixture->store, ids[i], i % 2 == 0 ? "one" : "other"),
                         SUSPENSION_MADE);
    }
    assert_int_equal(suspend(fixture->store, ids[5], "one"), SUSPENSION_HELD_BACK);
    assert_false(is_suspended(fixture->store, ids[5]));
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM event WHERE kind = 'alarm'"), 1);
    /* What stands is renewed all the same: that suspends nobody. */
    assert_int_equal(suspend(fixture->store, ids[0], "one"), SUSPENSION_RENEWED);
    /* To lift one makes no room: it was made within these ten minutes. */
    fixture_sql(fixture, "UPDATE account SET wall_suspended_until_us = 1 WHERE name = 'a1'");
    uint64_t lifted = 0;
    assert_ok(config_lift_suspension(fixture->store, &lifted));
    assert_int_equal(lifted, ids[1]);
    assert_int_equal(suspend(fixture->store, ids[6], "one"), SUSPENSION_HELD_BACK);
    /* Ten minutes later. */
    fixture_sql(fixture, "UPDATE event SET wall_us = wall_us - 600000001");
    assert_int_equal(suspend(fixture->store, ids[6], "one"), SUSPENSION_MADE);
}

static void the_cap_is_one_percent_of_many_accounts(void **state)
{
    struct fixture *fixture = *state;
    uint64_t ids[8];
    for (int i = 0; i < 8; i++) {
        ids[i] = make_numbered(fixture->store, i);
    }
    for (int i = 8; i < 600; i++) {
        (void)make_numbered(fixture->store, i);
    }
    for (int i = 0; i < 6; i++) {
        assert_int_equal(suspend(fixture->store, ids[i], "one"), SUSPENSION_MADE);
    }
    assert_int_equal(suspend(fixture->store, ids[6], "one"), SUSPENSION_HELD_BACK);
}

static void a_suspension_by_a_rule_lifts_when_its_time_is_over(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    uint64_t id = make_numbered(store, 0), other = make_numbered(store, 1), lifted = 1;
    assert_int_equal(suspend(store, id, "one"), SUSPENSION_MADE);
    assert_ok(config_lift_suspension(store, &lifted));
    assert_int_equal(lifted, 0); /* not yet */
    fixture_sql(fixture, "UPDATE account SET is_suspended = 1, suspended_by = 'joan',"
                         " suspended_why = 'because' WHERE name = 'a1'");
    fixture_sql(fixture, "UPDATE account SET wall_suspended_until_us = 1 WHERE name = 'a0'");
    assert_ok(config_lift_suspension(store, &lifted));
    assert_int_equal(lifted, id);
    assert_false(is_suspended(store, id));
    assert_ok(config_lift_suspension(store, &lifted));
    assert_int_equal(lifted, 0);
    assert_true(is_suspended(store, other)); /* by a person: stays */
}

static void what_a_person_or_another_rule_suspended_is_left(void **state)
{
    struct fixture *fixture = *state;
    uint64_t id = make_numbered(fixture->store, 0);
    assert_int_equal(suspend(fixture->store, id, "one"), SUSPENSION_MADE);
    assert_int_equal(suspend(fixture->store, id, "other"), SUSPENSION_LEFT);
    struct account account;
    assert_ok(config_get_account(fixture->store, id, &account));
    assert_string_equal(account.suspended_by, "rule:one");
}

static void a_rule_without_a_name_evidence_or_end_is_refused(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t id = make_numbered(store, 0);
    static const struct rule_suspension bad[] = {
        {.rule = "", .evidence = "e", .lasts_us = 1},
        {.rule = "r", .evidence = "", .lasts_us = 1},
        {.rule = "r", .evidence = "e", .lasts_us = 0},
        {.rule = "r", .evidence = "e", .lasts_us = SUSPENSION_LASTS_MAX_US + 1},
    };
    struct account account;
    enum suspension_made made;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct rule_suspension asked = bad[i];
        asked.account_id = id;
        assert_result(config_suspend_by_rule(store, &asked, &account, &made), STORE_REFUSED);
    }
    struct rule_suspension absent = {.account_id = 99, .rule = "r", .evidence = "e", .lasts_us = 1};
    assert_result(config_suspend_by_rule(store, &absent, &account, &made), STORE_ABSENT);
    assert_false(is_suspended(store, id));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    static const struct CMUnitTest tests[] = {
        TEST(rules_together_suspend_no_more_than_the_cap_in_ten_minutes),
        TEST(the_cap_is_one_percent_of_many_accounts),
        TEST(a_suspension_by_a_rule_lifts_when_its_time_is_over),
        TEST(what_a_person_or_another_rule_suspended_is_left),
        TEST(a_rule_without_a_name_evidence_or_end_is_refused),
    };
    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
