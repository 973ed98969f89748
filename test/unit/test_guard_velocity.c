/* Evidence of fraud: found within seconds, told with its numbers, and gone when it is over. */
#include "guard/velocity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000)
#define START (1000 * SECOND)

static struct velocity_table *table_made(void)
{
    struct velocity_terms terms = velocity_terms_default();
    struct velocity_table *table = velocity_table_new(&terms, 64, START);
    assert_non_null(table);
    return table;
}

/* So many calls a second for so many seconds; returns when they end. */
static int64_t call_on(struct velocity_table *table, struct velocity_call call, int per_second,
                       int seconds, int64_t from_us)
{
    for (int i = 0; i < per_second * seconds; i++) {
        velocity_note(table, &call, from_us + i * SECOND / per_second);
    }
    return from_us + seconds * SECOND;
}

static void calls_to_hot_destinations_are_told_within_a_second(void **state)
{
    (void)state;
    struct velocity_table *table = table_made();
    struct velocity_suspect found[4];
    struct velocity_call call = {
        .account_id = 7, .number = "88213456", .is_hot = true, .price_micro = 2000000};
    int64_t now_us = call_on(table, call, 100, 1, START);
    assert_int_equal(velocity_suspects(table, found, 4, now_us - 1), 1);
    assert_int_equal(found[0].account_id, 7);
    assert_int_equal(found[0].why, VELOCITY_HOT);
    assert_int_equal(found[0].call_count, 100);
    assert_int_equal(found[0].money_micro, 200000000);
    assert_int_equal(found[0].prefix_count, 1);
    assert_string_equal(found[0].prefixes[0], "8821");
    velocity_table_free(table);
}

static void running_into_limits_is_evidence_and_costs_nothing(void **state)
{
    (void)state;
    struct velocity_table *table = table_made();
    struct velocity_suspect found[4];
    struct velocity_call call = {
        .account_id = 7, .number = "4989", .is_refused = true, .price_micro = 2000000};
    (void)call_on(table, call, 19, 1, START);
    assert_int_equal(velocity_suspects(table, found, 4, START + SECOND), 0);
    velocity_note(table, &call, START + SECOND);
    assert_int_equal(velocity_suspects(table, found, 4, START + SECOND), 1);
    assert_int_equal(found[0].why, VELOCITY_LIMITS);
    assert_int_equal(found[0].refused_count, 20);
    assert_int_equal(found[0].money_micro, 0);
    velocity_table_free(table);
}

static void it_lifts_by_itself_a_minute_after_the_evidence_is_gone(void **state)
{
    (void)state;
    struct velocity_table *table = table_made();
    struct velocity_suspect found[4];
    struct velocity_call call = {.account_id = 7, .number = "882", .is_hot = true};
    int64_t now_us = call_on(table, call, 100, 2, START);
    assert_int_equal(velocity_suspects(table, found, 4, now_us), 1);
    for (int i = 0; i < 60; i++) {
        now_us += SECOND;
        assert_int_equal(velocity_suspects(table, found, 4, now_us), 1);
    }
    for (int i = 0; i < 15; i++) {
        now_us += SECOND;
        (void)velocity_suspects(table, found, 4, now_us);
    }
    assert_int_equal(velocity_suspects(table, found, 4, now_us), 0);
    velocity_table_free(table);
}

static void a_busy_account_is_not_sudden_and_a_quiet_one_that_wakes_is(void **state)
{
    (void)state;
    struct velocity_table *table = table_made();
    struct velocity_suspect found[4];
    struct velocity_call busy = {.account_id = 7, .number = "4989"};
    int64_t now_us = START;
    for (int i = 0; i < 900; i++) { /* not within the first ten minutes, and not later */
        now_us = call_on(table, busy, 20, 1, now_us);
        assert_int_equal(velocity_suspects(table, found, 4, now_us), 0);
    }
    struct velocity_call quiet = {.account_id = 8, .number = "5351"};
    now_us = call_on(table, quiet, 20, 5, now_us);
    assert_int_equal(velocity_suspects(table, found, 4, now_us), 1);
    assert_int_equal(found[0].account_id, 8);
    assert_int_equal(found[0].why, VELOCITY_SUDDEN);
    velocity_table_free(table);
}

static void the_most_called_prefixes_are_kept(void **state)
{
    (void)state;
    struct velocity_table *table = table_made();
    struct velocity_suspect found[4];
    for (int i = 0; i < 400; i++) {
        char number[8] = "1000999";
        number[3] = (char)('0' + i % 10);
        struct velocity_call call = {
            .account_id = 7, .number = i % 2 == 0 ? "8829" : number, .is_hot = true};
        velocity_note(table, &call, START);
    }
    assert_int_equal(velocity_suspects(table, found, 4, START), 1);
    assert_string_equal(found[0].prefixes[0], "8829");
    assert_int_equal(found[0].prefix_count, VELOCITY_PREFIXES);
    velocity_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_to_hot_destinations_are_told_within_a_second),
        cmocka_unit_test(running_into_limits_is_evidence_and_costs_nothing),
        cmocka_unit_test(it_lifts_by_itself_a_minute_after_the_evidence_is_gone),
        cmocka_unit_test(a_busy_account_is_not_sudden_and_a_quiet_one_that_wakes_is),
        cmocka_unit_test(the_most_called_prefixes_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
