/* test_web_promotion.c - credit that expires, over HTTP: given, shown, taken back. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static struct answer post(const char *what, const char *key, const char *body)
{
    char path[64], header[64];
    snprintf(path, sizeof(path), "/v1/accounts/acme/%s", what);
    snprintf(header, sizeof(header), "Idempotency-Key: %s", key);
    return ask_web(web, (struct question){"POST", path, web->operator_key, body, {header}});
}

static struct answer get(const char *what)
{
    char path[96];
    snprintf(path, sizeof(path), "/v1/accounts/acme/%s", what);
    return ask_web(web, (struct question){"GET", path, web->customer_key, NULL, {NULL}});
}

static const char *text(const json_t *object, const char *name)
{
    const char *found = json_string_value(json_object_get(object, name));
    return found == NULL ? "" : found;
}

static void what_cannot_expire_is_refused_by_name(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{\"amount\":\"1\",\"expires_at\":\"2001-01-01T00:00:00Z\"}",
        "{\"amount\":\"1\",\"expires_at\":\"soon\"}",
        "{\"amount\":\"1\",\"expires_at\":4000000000000000}",
        "{\"amount\":\"1\",\"expires_at\":null}",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        expect(post("bonuses", "bad", bad[i]), 422, "bad-field");
    }
    expect(post("topups", "bad", "{\"amount\":\"1\",\"expires_at\":\"2096-10-02\"}"), 422,
           "bad-field");
}

static void credit_that_expires_is_shown_with_its_end(void **state)
{
    (void)state;
    static const char body[] = "{\"amount\":\"5.00\",\"expires_at\":\"2096-10-02T07:06:40Z\"}";
    expect(post("bonuses", "spring", body), 201, "");
    expect(post("bonuses", "spring", body), 200, "");
    /* The same key for another time is another request. */
    expect(post("bonuses", "spring", "{\"amount\":\"5.00\",\"expires_at\":\"2096-10-03\"}"), 409,
           "idempotency-key-reused");
    struct answer answer = get("balance");
    assert_string_equal(text_of(&answer, "promotional"), "5.000000");
    const json_t *one = json_array_get(json_object_get(answer.json, "promotions"), 0);
    assert_string_equal(text(one, "left"), "5.000000");
    assert_true(json_integer_value(json_object_get(one, "wall_expires_us")) == 4000000000000000);
    answer_done(&answer);
    answer = ask_statement("json");
    one = json_array_get(json_object_get(answer.json, "promotions"), 0);
    assert_string_equal(text(one, "amount"), "5.000000");
    answer_done(&answer);
    answer = ask_statement("csv");
    assert_non_null(strstr(answer.body, ",2096-10-02T07:06:40Z,expires,,5.000000,"));
    answer_done(&answer);
    answer = ask_statement("pdf");
    assert_memory_equal(answer.body, "%PDF-", 5);
    answer_done(&answer);
}

static void what_is_left_is_taken_back_by_itself(void **state)
{
    (void)state;
    /* As if the clock were at its end. */
    fixture_sql(web, "UPDATE promotion SET wall_ends_us = 1, wall_look_us = 1");
    fixture_web_stop(web);
    fixture_web_start(web); /* it looks as it starts, and every ten seconds */
    bool is_taken = false;
    for (int i = 0; i < 200 && !is_taken; i++) {
        struct answer answer = get("balance");
        is_taken = strcmp(text_of(&answer, "promotional"), "0.000000") == 0;
        answer_done(&answer);
        if (!is_taken) {
            nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        }
    }
    assert_true(is_taken);
    struct answer answer = get("transfers");
    const json_t *entry = json_array_get(json_object_get(answer.json, "items"), 0);
    assert_string_equal(text(entry, "kind"), "expiry");
    assert_string_equal(text(entry, "amount"), "-5.000000");
    assert_string_equal(text(entry, "reason"), "expired");
    assert_true(json_is_integer(json_object_get(entry, "linked")));
    answer_done(&answer);
    answer = ask_statement("json");
    const json_t *sums = json_object_get(json_object_get(answer.json, "sums"), "expiry");
    assert_string_equal(text(sums, "amount"), "-5.000000");
    answer_done(&answer);
    answer = ask_statement("pdf");
    assert_memory_equal(answer.body, "%PDF-", 5);
    answer_done(&answer);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_expire_is_refused_by_name),
        cmocka_unit_test(credit_that_expires_is_shown_with_its_end),
        cmocka_unit_test(what_is_left_is_taken_back_by_itself),
    };
    return cmocka_run_group_tests(tests, web_start, web_stop);
}
