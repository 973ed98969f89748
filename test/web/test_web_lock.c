/* test_web_lock.c - the lock of a balance over HTTP. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static const char path[] = "/v1/accounts/acme/lock";

static struct answer put(const char *key, const char *body)
{
    return ask_web(web, (struct question){"PUT", path, key, body, {NULL}});
}

static void a_lock_is_shown_with_who_why_and_until_when(void **state)
{
    (void)state;
    struct answer answer = ask_web(
        web,
        (struct question){"GET", "/v1/accounts/acme/balance", web->customer_key, NULL, {NULL}});
    assert_string_equal(text_of(&answer, "locked"), "0.000000");
    assert_true(json_is_null(json_object_get(answer.json, "lock")));
    answer_done(&answer);
    answer = put(web->operator_key, "{\"amount\":\"2.00\",\"why\":\"invoice 17\",\"for_s\":60}");
    assert_int_equal(answer.status, 200);
    assert_string_equal(text_of(&answer, "locked"), "2.000000");
    const json_t *lock = json_object_get(answer.json, "lock");
    assert_string_equal(json_string_value(json_object_get(lock, "by")), "key:admin");
    assert_string_equal(json_string_value(json_object_get(lock, "why")), "invoice 17");
    assert_true(json_is_integer(json_object_get(lock, "wall_until_us")));
    answer_done(&answer);
    answer = put(web->operator_key, "{\"amount\":\"0\",\"why\":\"paid\"}");
    assert_string_equal(text_of(&answer, "locked"), "0.000000");
    answer_done(&answer);
}

static bool is_low(void)
{
    struct answer answer = ask_operator("GET", "/v1/accounts/acme/balance", NULL);
    bool is_below = json_is_true(json_object_get(answer.json, "is_low"));
    assert_int_equal(answer.status, 200);
    answer_done(&answer);
    return is_below;
}

/* False: not in time. */
static bool becomes_low(bool wanted)
{
    for (int i = 0; i < 500 && is_low() != wanted; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    return is_low() == wanted;
}

static void the_end_of_a_lock_is_noticed_by_itself(void **state)
{
    (void)state;
    expect(ask_web(web, (struct question){"POST",
                                          "/v1/accounts/acme/topups",
                                          web->operator_key,
                                          "{\"amount\":\"10\"}",
                                          {"Idempotency-Key: lock"}}),
           201, "");
    expect(ask_operator("PATCH", "/v1/accounts/acme", "{\"low_balance\":\"1.00\"}"), 200, "");
    expect(put(web->operator_key, "{\"amount\":\"1000\",\"why\":\"dispute\",\"for_s\":60}"), 200,
           "");
    assert_true(becomes_low(true));
    /* As if the clock were at its end. */
    fixture_sql(web, "UPDATE book SET wall_locked_until_us = 1 WHERE locked <> 0");
    fixture_web_stop(web);
    fixture_web_start(web); /* it looks as it starts, and every ten seconds */
    assert_true(becomes_low(false));
}

static void a_lock_that_cannot_be_is_refused_by_name(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{}",
        "{\"amount\":\"1\"}",
        "{\"amount\":1,\"why\":\"w\"}",
        "{\"amount\":\"-1\",\"why\":\"w\"}",
        "{\"amount\":\"1\",\"why\":\"\"}",
        "{\"amount\":\"1\",\"why\":\"w\",\"for_s\":0}",
        "{\"amount\":\"0\",\"why\":\"w\",\"for_s\":5}",
        "{\"amount\":\"1\",\"why\":\"w\",\"by\":\"me\"}",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        expect(put(web->operator_key, bad[i]), 422, "bad-field");
    }
    expect(put(web->customer_key, "{\"amount\":\"1\",\"why\":\"w\"}"), 403, "forbidden");
    expect(ask_web(web, (struct question){"PUT",
                                          "/v1/accounts/none/lock",
                                          web->operator_key,
                                          "{\"amount\":\"1\",\"why\":\"w\"}",
                                          {NULL}}),
           404, "not-found");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lock_is_shown_with_who_why_and_until_when),
        cmocka_unit_test(the_end_of_a_lock_is_noticed_by_itself),
        cmocka_unit_test(a_lock_that_cannot_be_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, web_start, web_stop);
}
