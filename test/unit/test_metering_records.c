/* A usage record as bytes: what was written reads back, and nothing else does. */
#include "base/rng.h"
#include "metering/usage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000)

static struct usage usage_sample(void)
{
    return (struct usage){.sequence = 7,
                          .account_id = 3,
                          .charge_micro = 12345,
                          .ended_micro = 99999,
                          .rate = {.nano_per_min = 5,
                                   .fee_micro = 6,
                                   .first_s = 60,
                                   .next_s = 1,
                                   .rounding = MONEY_UP,
                                   .deck_id = 4,
                                   .deck_version = 2,
                                   .prefix = "4930",
                                   .currency = "EUR"},
                          .talk_to_us = 61 * SECOND,
                          .trunk_id = 8,
                          .has_cost = true,
                          .cost_rate = {.nano_per_min = 3, .first_s = 1, .next_s = 1},
                          .cost_micro = 777,
                          .wall_start_us = 1,
                          .wall_answer_us = 2,
                          .wall_end_us = 3,
                          .pdd_ms = 1500,
                          .status = 200,
                          .flags = USAGE_ANSWERED | USAGE_ESTIMATED,
                          .end = USAGE_END_CREDIT,
                          .call_slot = 11,
                          .call_key = 0xfedcba9876543210,
                          .part = 2,
                          .call_id = "a84b4c76e66710@pc33.example.com",
                          .caller = "alice",
                          .callee = "4930123456",
                          .reason = "no-credit"};
}

static void a_usage_record_reads_back_as_written_and_not_when_damaged(void **state)
{
    (void)state;
    struct usage usage = usage_sample();
    char block[USAGE_ENCODED_MAX];
    struct buf buf;
    buf_init(&buf, block, sizeof(block));
    usage_encode(&buf, &usage);
    assert_false(buf.is_full);
    struct usage copy;
    memset(&copy, 0, sizeof(copy));
    assert_true(usage_decode(buf_done(&buf), &copy));
    assert_int_equal(copy.call_key, usage.call_key);
    assert_int_equal(copy.charge_micro, usage.charge_micro);
    assert_int_equal(copy.rate.nano_per_min, 5);
    assert_int_equal(copy.rate.rounding, MONEY_UP);
    assert_string_equal(copy.rate.prefix, "4930");
    assert_true(copy.has_cost);
    assert_int_equal(copy.cost_rate.nano_per_min, 3);
    assert_int_equal(copy.talk_to_us, 61 * SECOND);
    assert_int_equal(copy.end, USAGE_END_CREDIT);
    assert_int_equal(copy.part, 2);
    assert_string_equal(copy.call_id, usage.call_id);
    assert_string_equal(copy.reason, "no-credit");
    for (size_t size = 0; size < buf.size; size++) {
        assert_false(usage_decode(slice_make(block, size), &copy));
    }
}

static void the_longest_texts_fit_into_a_usage_record(void **state)
{
    (void)state;
    struct usage usage = usage_sample();
    memset(usage.call_id, 'c', sizeof(usage.call_id) - 1);
    memset(usage.caller, 'a', sizeof(usage.caller) - 1);
    memset(usage.callee, 'b', sizeof(usage.callee) - 1);
    memset(usage.reason, 'r', sizeof(usage.reason) - 1);
    memset(usage.rate.prefix, '1', sizeof(usage.rate.prefix) - 1);
    memset(usage.cost_rate.prefix, '2', sizeof(usage.cost_rate.prefix) - 1);
    char block[USAGE_ENCODED_MAX];
    struct buf buf;
    buf_init(&buf, block, sizeof(block));
    usage_encode(&buf, &usage);
    assert_false(buf.is_full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_usage_record_reads_back_as_written_and_not_when_damaged),
        cmocka_unit_test(the_longest_texts_fit_into_a_usage_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
