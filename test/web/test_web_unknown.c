/* test_web_unknown.c - a database or an edge that does not answer: nothing becomes a "no". */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static struct answer ask_key(const char *method, const char *path, const char *key,
                             const char *body, const char *header)
{
    return ask_web(web, (struct question){method, path, key, body, {header}});
}

static struct answer op(const char *method, const char *path)
{
    return ask_key(method, path, web->operator_key, NULL, NULL);
}

static bool is_stale(const struct answer *answer)
{
    return json_is_true(json_object_get(answer->json, "is_stale"));
}

/* The fault layer looks at its file with whatever comes more than 10 ms after its last look. */
static void break_store(const char *faults)
{
    char path[300];
    snprintf(path, sizeof(path), "%s/drill.faults", web->dir);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(faults, file);
    fclose(file);
    usleep(50000);
}

static bool is_answered(const char *path, long status, bool wanted_stale)
{
    struct answer answer = op("GET", path);
    bool is_good = answer.status == status && is_stale(&answer) == wanted_stale;
    answer_done(&answer);
    return is_good;
}

static void wait_for(const char *path, long status, bool wanted_stale)
{
    for (int i = 0; i < 300; i++) {
        if (is_answered(path, status, wanted_stale)) {
            return;
        }
        usleep(50000);
    }
    fail_msg("%s did not become %ld in 15 s", path, status);
}

static void mend_store(void)
{
    char path[300];
    snprintf(path, sizeof(path), "%s/drill.faults", web->dir);
    unlink(path);
    wait_for("/v1/accounts/acme/balance", 200, false);
}

static void a_silent_database_leaves_the_last_balances_with_their_age(void **state)
{
    (void)state;
    struct answer up = ask_key("POST", "/v1/accounts/acme/topups", web->operator_key,
                               "{\"amount\":\"7\"}", "Idempotency-Key: u1");
    assert_int_equal(up.status, 201);
    answer_done(&up);
    wait_for("/v1/accounts/acme/balance", 200, false);
    break_store("fail all\n");
    struct answer balance = op("GET", "/v1/accounts/acme/balance");
    assert_int_equal(balance.status, 200);
    assert_true(is_stale(&balance));
    assert_string_equal(text_of(&balance, "balance"), "7.000000");
    assert_true(json_integer_value(json_object_get(balance.json, "as_of_wall_us")) > 0);
    answer_done(&balance);
    struct answer list = op("GET", "/v1/accounts");
    assert_int_equal(list.status, 200);
    assert_true(is_stale(&list));
    assert_int_equal(json_array_size(json_object_get(list.json, "items")), 2);
    answer_done(&list);
    mend_store();
}

static void what_was_never_read_is_unknown_and_not_absent(void **state)
{
    (void)state;
    break_store("fail all\n");
    struct answer trunk = op("GET", "/v1/trunks/nobody");
    assert_int_equal(trunk.status, 503);
    assert_string_equal(text_of(&trunk, "code"), "unknown");
    assert_string_equal(text_of(&trunk, "where"), "store");
    assert_non_null(strstr(trunk.headers, "Retry-After"));
    answer_done(&trunk);
    expect(op("GET", "/v1/cdrs"), 503, "unknown");
    /* A key that nobody could look up may be a good one. */
    expect(ask_key("GET", "/v1/accounts", "dt_never-seen", NULL, NULL), 503, "unknown");
    mend_store();
    expect(ask_key("GET", "/v1/accounts", "dt_never-seen", NULL, NULL), 401, "unauthorized");
}

static void money_of_an_unclear_answer_counts_once_when_repeated(void **state)
{
    (void)state;
    const char *path = "/v1/accounts/bravo/topups";
    break_store("fail write\n");
    struct answer first =
        ask_key("POST", path, web->operator_key, "{\"amount\":\"3\"}", "Idempotency-Key: u2");
    assert_int_equal(first.status, 503);
    answer_done(&first);
    mend_store();
    int good_count = 0;
    for (int i = 0; i < 100 && good_count < 3; i++) {
        struct answer again =
            ask_key("POST", path, web->operator_key, "{\"amount\":\"3\"}", "Idempotency-Key: u2");
        assert_true(again.status == 201 || again.status == 200 || again.status == 503);
        good_count += again.status != 503;
        answer_done(&again);
        usleep(20000);
    }
    assert_int_equal(good_count, 3);
    struct answer balance = op("GET", "/v1/accounts/bravo/balance");
    assert_string_equal(text_of(&balance, "balance"), "3.000000");
    answer_done(&balance);
}

static void many_who_ask_a_slow_database_do_not_wait_for_ever(void **state)
{
    (void)state;
    break_store("fail all\n");
    struct timespec from;
    struct timespec to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int i = 0; i < 20; i++) {
        expect(op("GET", "/v1/trunks/nobody"), 503, "unknown");
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    assert_true(to.tv_sec - from.tv_sec < 15); /* the breaker answers for the store */
    mend_store();
}

static void an_edge_that_is_down_leaves_its_last_calls_with_their_age(void **state)
{
    (void)state;
    wait_for("/v1/calls", 200, false);
    wait_for("/v1/exposure", 200, false);
    fixture_edge_down(web);
    usleep(400000); /* nothing is waited for: an age that can be told from none */
    struct answer exposure = op("GET", "/v1/exposure");
    assert_int_equal(exposure.status, 200);
    assert_true(is_stale(&exposure));
    assert_in_range(json_integer_value(json_object_get(exposure.json, "age_us")), 400000, 60000000);
    answer_done(&exposure);
    expect(op("GET", "/v1/exposure?by=trunk"), 503, "unknown"); /* never asked before */
    struct answer calls = op("GET", "/v1/calls");
    assert_int_equal(calls.status, 200);
    assert_true(is_stale(&calls));
    assert_int_equal(json_array_size(json_object_get(calls.json, "items")), 2);
    answer_done(&calls);
    expect(op("DELETE", "/v1/calls/0000000000000001"), 503, "unknown");
    expect(op("GET", "/v1/explain?endpoint=alice&number=1"), 503, "unknown");
    struct answer refusals = op("GET", "/v1/refusals");
    assert_int_equal(refusals.status, 200);
    assert_true(is_stale(&refusals));
    answer_done(&refusals);
    struct answer status = op("GET", "/v1/status");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(status.json, "edge"), "state")),
        "unknown");
    answer_done(&status);
    struct answer metrics = op("GET", "/metrics");
    assert_non_null(strstr(metrics.body, "dialtone_edge_up 0"));
    assert_null(strstr(metrics.body, "dialtone_calls_open"));
    answer_done(&metrics);
    fixture_edge_up(web);
    wait_for("/v1/calls", 200, false);
}

static void the_last_good_copy_survives_a_restart_without_the_database(void **state)
{
    (void)state;
    wait_for("/v1/accounts", 200, false);
    fixture_web_stop(web); /* writes its copy */
    break_store("fail all\n");
    fixture_web_start(web);
    /* No key was looked up by this process, so nobody may ask: but it says "unknown". */
    expect(op("GET", "/v1/accounts"), 503, "unknown");
    mend_store();
    char path[300];
    snprintf(path, sizeof(path), "%s/web/accounts.json", web->dir);
    json_t *file = json_load_file(path, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(file, "accounts")), 2);
    json_decref(file);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_database_leaves_the_last_balances_with_their_age),
        cmocka_unit_test(what_was_never_read_is_unknown_and_not_absent),
        cmocka_unit_test(money_of_an_unclear_answer_counts_once_when_repeated),
        cmocka_unit_test(many_who_ask_a_slow_database_do_not_wait_for_ever),
        cmocka_unit_test(an_edge_that_is_down_leaves_its_last_calls_with_their_age),
        cmocka_unit_test(the_last_good_copy_survives_a_restart_without_the_database),
    };
    return cmocka_run_group_tests(tests, web_start, web_stop);
}
