/* test_web_api.c - the API as its users see it: every request over real HTTP. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static struct answer customer(const char *method, const char *path, const char *body)
{
    return ask_web(web, (struct question){method, path, web->customer_key, body, {NULL}});
}

static struct answer topup(const char *path, const char *key, const char *body)
{
    char header[128];
    snprintf(header, sizeof(header), "Idempotency-Key: %s", key);
    return ask_web(web, (struct question){"POST", path, web->operator_key, body, {header}});
}

/* Checks and drops an answer. */
static void an_account_is_made_read_changed_and_removed(void **state)
{
    (void)state;
    struct answer made =
        ask_operator("POST", "/v1/accounts",
                     "{\"name\":\"delta\",\"currency\":\"EUR\",\"class\":\"verified\","
                     "\"channels_max\":5,\"grace\":\"0.50\"}");
    assert_int_equal(made.status, 201);
    assert_string_equal(text_of(&made, "name"), "delta");
    assert_string_equal(text_of(&made, "grace"), "0.500000");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(made.json, "balance"), "balance")),
        "0.000000");
    answer_done(&made);
    expect(ask_operator("PATCH", "/v1/accounts/delta",
                        "{\"channels_max\":null,\"class\":\"flagged\"}"),
           200, "");
    struct answer read = ask_operator("GET", "/v1/accounts/delta", NULL);
    assert_true(json_is_null(json_object_get(read.json, "channels_max")));
    assert_string_equal(text_of(&read, "class"), "flagged");
    assert_non_null(strstr(read.headers, "ETag"));
    answer_done(&read);
    expect(ask_operator("DELETE", "/v1/accounts/delta", NULL), 204, "");
    expect(ask_operator("GET", "/v1/accounts/delta", NULL), 404, "not-found");
}

static void a_value_that_cannot_be_used_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *path, *body, *field;
    } bad[] = {
        {"/v1/accounts", "{\"name\":\"x\"}", "currency"},
        {"/v1/accounts", "{\"name\":\"7up\",\"currency\":\"EUR\"}", "name"},
        {"/v1/accounts", "{\"name\":\"x\",\"currency\":\"euro\"}", "currency"},
        {"/v1/accounts", "{\"name\":\"x\",\"currency\":\"EUR\",\"colour\":1}", "colour"},
        {"/v1/accounts", "{\"name\":\"x\",\"currency\":\"EUR\",\"id\":1}", "id"},
        {"/v1/accounts", "{\"name\":\"x\",\"currency\":\"EUR\",\"limit\":\"-1\"}", "limit"},
        {"/v1/accounts", "{\"name\":\"x\",\"currency\":\"EUR\",\"limit\":1}", "limit"},
        {"/v1/accounts", "{\"name\":\"x\",\"currency\":\"EUR\",\"limit\":\"1.0000001\"}", "limit"},
        {"/v1/accounts", "{\"name\":\"x\",\"currency\":\"EUR\",\"cps_max\":-2}", "cps_max"},
        {"/v1/accounts", "{\"name\":\"x\",\"currency\":\"EUR\",\"spend_minute_max\":\"-1\"}",
         "spend_minute_max"},
        {"/v1/accounts", "{\"name\":\"x\",\"currency\":\"EUR\",\"price_max\":\"-1\"}", "price_max"},
        {"/v1/accounts", "{\"name\":\"x\",\"currency\":\"EUR\",\"hot_open\":\"882 883\"}",
         "hot_open"},
        {"/v1/accounts", "{\"name\":\"x\",\"currency\":\"EUR\",\"time_zone\":\"Europe/Nowhere\"}",
         "time_zone"},
        {"/v1/accounts",
         "{\"name\":\"x\",\"currency\":\"EUR\",\"time_zone\":\"../../../etc/passwd\"}",
         "time_zone"},
        {"/v1/accounts", "{\"name\":\"x\",\"currency\":\"EUR\",\"sell_deck\":\"none\"}",
         "sell_deck"},
        {"/v1/endpoints", "{\"user\":\"a b\",\"account\":\"acme\",\"password\":\"secret\"}",
         "user"},
        {"/v1/endpoints", "{\"user\":\"ab\",\"account\":\"acme\",\"password\":\"short\"}",
         "password"},
        {"/v1/endpoints", "{\"user\":\"ab\",\"account\":\"nobody\",\"password\":\"secret\"}",
         "account"},
        {"/v1/endpoints",
         "{\"user\":\"ab\",\"account\":\"acme\",\"password\":\"secret\",\"identities\":[\"x\"]}",
         "identities"},
        {"/v1/trunks", "{\"name\":\"t\",\"acl\":[\"300.1.1.1\"]}", "acl"},
        {"/v1/trunks", "{\"name\":\"t\",\"host\":\"a host\"}", "host"},
        {"/v1/trunks", "{\"name\":\"t\",\"port\":70000}", "port"},
        {"/v1/numbers", "{\"digits\":\"49x\",\"account\":\"acme\",\"endpoint\":\"al\"}", "digits"},
        {"/v1/numbers", "{\"digits\":\"4930\",\"account\":\"acme\"}", "endpoint"},
        {"/v1/numbers", "{\"digits\":\"4930\",\"account\":\"acme\",\"endpoint\":\"nobody\"}",
         "endpoint"},
        {"/v1/routes", "{\"prefix\":\"49\",\"trunk\":\"none\"}", "trunk"},
        {"/v1/keys", "{\"name\":\"k\",\"role\":\"king\"}", "role"},
        {"/v1/keys", "{\"name\":\"k\",\"role\":\"customer\"}", "account"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct answer answer = ask_operator("POST", bad[i].path, bad[i].body);
        if (answer.status != 422 || strcmp(text_of(&answer, "field"), bad[i].field) != 0) {
            print_error("%s: %ld %s\n", bad[i].body, answer.status, answer.body);
        }
        assert_int_equal(answer.status, 422);
        assert_string_equal(text_of(&answer, "field"), bad[i].field);
        assert_non_null(strstr(answer.headers, "application/problem+json"));
        answer_done(&answer);
    }
}

static void a_body_that_is_not_one_clear_object_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "{",
                                      "[]",
                                      "{\"name\":\"a\",\"name\":\"b\"}",
                                      "{} {}",
                                      "null",
                                      "{\"name\":\"\\u0000\"}"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        expect(ask_operator("POST", "/v1/accounts", bad[i]), 400, "bad-json");
    }
    expect(
        ask_web(web,
                (struct question){
                    "POST", "/v1/accounts", web->operator_key, "{}", {"Content-Type: text/plain"}}),
        415, "bad-media-type");
    /* Sent whole and thrown away; and 3 MB, for which the client asks first. */
    static const size_t sizes[] = {199999, 1000000, 3000000};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char *long_body = malloc(sizes[i] + 1);
        assert_non_null(long_body);
        memset(long_body, ' ', sizes[i]);
        long_body[sizes[i]] = '\0';
        expect(ask_operator("POST", "/v1/accounts", long_body), 413, "");
        free(long_body);
    }
}

static void paths_and_methods_that_are_not_there_say_so(void **state)
{
    (void)state;
    expect(ask_operator("GET", "/v1/nothing", NULL), 404, "not-found");
    expect(ask_operator("GET", "/v1/accounts/", NULL), 404, "not-found");
    struct answer answer = ask_operator("PUT", "/v1/accounts", "{}");
    assert_int_equal(answer.status, 405);
    assert_non_null(strstr(answer.headers, "Allow: GET, POST"));
    answer_done(&answer);
    expect(ask_operator("GET", "/v1/accounts/nobody", NULL), 404, "not-found");
    expect(ask_operator("POST", "/v1/accounts", "{\"name\":\"acme\",\"currency\":\"EUR\"}"), 409,
           "exists");
}

static void a_change_of_what_was_changed_meanwhile_is_refused(void **state)
{
    (void)state;
    expect(ask_web(web, (struct question){"PATCH",
                                          "/v1/accounts/bravo",
                                          web->operator_key,
                                          "{\"cps_max\":3}",
                                          {"If-Match: \"999999\""}}),
           412, "changed");
}

static void a_topup_counts_once(void **state)
{
    (void)state;
    const char *path = "/v1/accounts/acme/topups";
    expect(ask_operator("POST", path, "{\"amount\":\"10.00\"}"), 400, "idempotency-key-missing");
    struct answer first = topup(path, "k1", "{\"amount\":\"10.00\",\"reason\":\"cash\"}");
    assert_int_equal(first.status, 201);
    assert_string_equal(text_of(&first, "balance"), "10.000000");
    struct answer again = topup(path, "k1", "{ \"reason\":\"cash\", \"amount\":\"10\" }");
    assert_int_equal(again.status, 200);
    assert_true(json_is_true(json_object_get(again.json, "is_repeat")));
    assert_int_equal(json_integer_value(json_object_get(again.json, "transfer")),
                     json_integer_value(json_object_get(first.json, "transfer")));
    answer_done(&first);
    answer_done(&again);
    expect(topup(path, "k1", "{\"amount\":\"11.00\",\"reason\":\"cash\"}"), 409,
           "idempotency-key-reused");
    static const char *const bad[] = {"{}",
                                      "{\"amount\":10}",
                                      "{\"amount\":\"0\"}",
                                      "{\"amount\":\"-1\"}",
                                      "{\"amount\":\"1e3\"}",
                                      "{\"amount\":\"9999999999999999\"}",
                                      "{\"amount\":\"1\",\"transfer\":3}"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        expect(topup(path, "k-bad", bad[i]), 422, "bad-field");
    }
    expect(topup("/v1/accounts/nobody/topups", "k2", "{\"amount\":\"1\"}"), 404, "not-found");
    struct answer balance = ask_operator("GET", "/v1/accounts/acme/balance", NULL);
    assert_string_equal(text_of(&balance, "balance"), "10.000000");
    answer_done(&balance);
}

static void an_adjustment_says_why_and_takes_no_more_than_there_is(void **state)
{
    (void)state;
    const char *path = "/v1/accounts/bravo/adjustments";
    (void)state;
    struct answer up = topup("/v1/accounts/bravo/topups", "b1", "{\"amount\":\"5\"}");
    assert_int_equal(up.status, 201);
    answer_done(&up);
    expect(topup(path, "b2", "{\"amount\":\"-1\"}"), 422, "bad-field");
    expect(topup(path, "b3", "{\"amount\":\"-6\",\"reason\":\"error\"}"), 422, "refused");
    struct answer less = topup(path, "b4", "{\"amount\":\"-2\",\"reason\":\"error\"}");
    assert_int_equal(less.status, 201);
    assert_string_equal(text_of(&less, "balance"), "3.000000");
    answer_done(&less);
    expect(topup("/v1/accounts/bravo/refunds", "b5", "{\"amount\":\"1\",\"transfer\":1}"), 422,
           "refused");
    struct answer list = ask_operator("GET", "/v1/accounts/bravo/transfers?max=1", NULL);
    assert_int_equal(json_array_size(json_object_get(list.json, "items")), 1);
    assert_true(json_is_string(json_object_get(list.json, "next")));
    answer_done(&list);
}

static void a_money_request_is_on_disk_before_the_ledger_is_asked(void **state)
{
    (void)state;
    char path[300];
    char text[8192] = "";
    struct answer up = topup("/v1/accounts/acme/bonuses", "on-disk", "{\"amount\":\"0.5\"}");
    assert_int_equal(up.status, 201);
    answer_done(&up);
    snprintf(path, sizeof(path), "%s/web/money.journal", web->dir);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t size = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    assert_true(size > 0);
    assert_non_null(strstr(text, "\"key\":\"on-disk\""));
    assert_non_null(strstr(text, "\"amount_micro\":500000"));
}

static void an_endpoint_keeps_no_password(void **state)
{
    (void)state;
    struct answer made =
        ask_operator("POST", "/v1/endpoints",
                     "{\"user\":\"alice\",\"account\":\"acme\",\"password\":\"pw-alice\","
                     "\"identities\":[\"+4930111\"]}");
    assert_int_equal(made.status, 201);
    assert_null(strstr(made.body, "pw-alice"));
    assert_null(json_object_get(made.json, "password"));
    answer_done(&made);
    struct store_options options = {.dir = web->dir, .deadline_us = 2000000};
    struct store *store = store_new(&options);
    struct endpoint row;
    assert_int_equal(config_endpoint_by_user(store, "alice", &row), STORE_OK);
    store_free(store);
    char hex[33] = "";
    slice_hex(hex, row.ha1_md5, 16);
    /* md5 of "alice:example.test:pw-alice" */
    assert_string_equal(hex, "b41a89fa9fb53709a1f0f8f4bb617b38");
    expect(ask_operator("PATCH", "/v1/endpoints/alice", "{\"user\":\"bob\"}"), 422, "bad-field");
    expect(ask_operator("POST", "/v1/numbers",
                        "{\"digits\":\"+4930111\",\"account\":\"acme\",\"endpoint\":\"alice\"}"),
           201, "");
    struct answer bindings = ask_operator("GET", "/v1/endpoints/alice/bindings", NULL);
    assert_int_equal(json_array_size(json_object_get(bindings.json, "items")), 1);
    answer_done(&bindings);
}

static void a_trunk_and_a_route_to_it(void **state)
{
    (void)state;
    struct answer made =
        ask_operator("POST", "/v1/trunks",
                     "{\"name\":\"carrier\",\"host\":\"127.0.0.2\",\"port\":5080,"
                     "\"acl\":[\"127.0.0.2/32\",\"2001:db8::/32\"],\"auth_user\":\"me\","
                     "\"auth_password\":\"hidden\"}");
    assert_int_equal(made.status, 201);
    assert_null(strstr(made.body, "hidden"));
    answer_done(&made);
    struct answer route = ask_operator("POST", "/v1/routes",
                                       "{\"prefix\":\"49\",\"trunk\":\"carrier\",\"weight\":5}");
    assert_int_equal(route.status, 201);
    json_int_t id = json_integer_value(json_object_get(route.json, "id"));
    answer_done(&route);
    expect(ask_operator("DELETE", "/v1/trunks/carrier", NULL), 409, "conflict");
    char path[64];
    snprintf(path, sizeof(path), "/v1/routes/%lld", (long long)id);
    expect(ask_operator("DELETE", path, NULL), 204, "");
    expect(ask_operator("DELETE", "/v1/trunks/carrier", NULL), 204, "");
}

static void a_customer_sees_its_own_account_only(void **state)
{
    (void)state;
    struct answer list = customer("GET", "/v1/accounts", NULL);
    assert_int_equal(json_array_size(json_object_get(list.json, "items")), 0 + 1);
    answer_done(&list);
    expect(customer("GET", "/v1/accounts/acme/balance", NULL), 200, "");
    expect(customer("GET", "/v1/accounts/bravo/balance", NULL), 404, "not-found");
    expect(customer("GET", "/v1/cdrs?account=bravo", NULL), 404, "not-found");
    expect(customer("POST", "/v1/accounts/acme/topups", "{\"amount\":\"1\"}"), 403, "forbidden");
    expect(customer("DELETE", "/v1/calls/0000000000000001", NULL), 403, "forbidden");
    expect(customer("GET", "/v1/status", NULL), 403, "forbidden");
    expect(customer("GET", "/v1/alerts", NULL), 403, "forbidden");
    struct answer calls = customer("GET", "/v1/calls", NULL);
    assert_int_equal(json_array_size(json_object_get(calls.json, "items")), 1);
    answer_done(&calls);
    struct answer refusals = customer("GET", "/v1/refusals", NULL);
    assert_int_equal(json_array_size(json_object_get(refusals.json, "items")), 1);
    answer_done(&refusals);
}

static void who_has_no_key_gets_nothing(void **state)
{
    (void)state;
    expect(ask_web(web, (struct question){"GET", "/v1/accounts", NULL, NULL, {NULL}}), 401,
           "unauthorized");
    expect(ask_web(web, (struct question){"GET", "/v1/accounts", "dt_wrong", NULL, {NULL}}), 401,
           "unauthorized");
    expect(
        ask_web(web,
                (struct question){"GET", "/metrics", NULL, NULL, {"X-Forwarded-For: 192.0.2.1"}}),
        401, "unauthorized");
    struct answer open = ask_web(web, (struct question){"GET", "/metrics", NULL, NULL, {NULL}});
    assert_int_equal(open.status, 200);
    assert_non_null(strstr(open.body, "dialtone_edge_up 1"));
    assert_non_null(strstr(open.body, "dialtone_edge_invites_total 7"));
    answer_done(&open);
}

static void a_key_is_shown_once_and_dies_when_revoked(void **state)
{
    (void)state;
    struct answer made =
        ask_operator("POST", "/v1/keys", "{\"name\":\"bot\",\"role\":\"operator\"}");
    assert_int_equal(made.status, 201);
    char key[64];
    snprintf(key, sizeof(key), "%s", text_of(&made, "key"));
    json_int_t id = json_integer_value(json_object_get(made.json, "id"));
    answer_done(&made);
    expect(ask_web(web, (struct question){"GET", "/v1/accounts", key, NULL, {NULL}}), 200, "");
    struct answer list = ask_operator("GET", "/v1/keys", NULL);
    assert_null(strstr(list.body, key));
    answer_done(&list);
    char path[64];
    snprintf(path, sizeof(path), "/v1/keys/%lld", (long long)id);
    expect(ask_operator("DELETE", path, NULL), 204, "");
    expect(ask_web(web, (struct question){"GET", "/v1/accounts", key, NULL, {NULL}}), 401,
           "unauthorized");
    expect(ask_operator("DELETE", "/v1/keys/99999", NULL), 404, "not-found");
    expect(ask_operator("DELETE", "/v1/keys/1", NULL), 409, "conflict"); /* the one that asks */
}

static void a_suspension_names_who_and_why(void **state)
{
    (void)state;
    expect(ask_operator("PUT", "/v1/accounts/bravo/suspension", "{}"), 422, "bad-field");
    struct answer put =
        ask_operator("PUT", "/v1/accounts/bravo/suspension", "{\"why\":\"fraud report 17\"}");
    assert_int_equal(put.status, 200);
    assert_string_equal(text_of(&put, "suspended_by"), "key:admin");
    assert_string_equal(text_of(&put, "suspended_why"), "fraud report 17");
    answer_done(&put);
    expect(ask_operator("PATCH", "/v1/accounts/bravo", "{\"is_suspended\":false}"), 422,
           "bad-field");
    struct answer gone = ask_operator("DELETE", "/v1/accounts/bravo/suspension", NULL);
    assert_true(json_is_false(json_object_get(gone.json, "is_suspended")));
    answer_done(&gone);
}

static void a_rule_suspends_for_a_time_and_leaves_what_a_person_did(void **state)
{
    (void)state;
    static const char path[] = "/v1/accounts/bravo/suspension";
    expect(ask_operator("PUT", path, "{\"why\":\"w\",\"rule\":\"velocity\"}"), 422, "bad-field");
    expect(ask_operator("PUT", path, "{\"why\":\"w\",\"for_s\":60}"), 422, "bad-field");
    expect(ask_operator("PUT", path, "{\"rule\":\"velocity\",\"for_s\":60}"), 422, "bad-field");
    expect(ask_operator("PUT", path, "{\"why\":\"w\",\"rule\":\"velocity\",\"for_s\":86401}"), 422,
           "bad-field");
    static const char by_rule[] =
        "{\"why\":\"300 calls to 882 in 10 s\",\"rule\":\"velocity\",\"for_s\":3600}";
    struct answer put = ask_operator("PUT", path, by_rule);
    assert_int_equal(put.status, 200);
    assert_string_equal(text_of(&put, "suspended_by"), "rule:velocity");
    assert_true(json_is_integer(json_object_get(put.json, "wall_suspended_until_us")));
    answer_done(&put);
    expect(ask_operator("PATCH", "/v1/accounts/bravo", "{\"channels_max\":7}"), 200, "");

    struct answer taken = ask_operator("PUT", path, "{\"why\":\"a person agrees\"}");
    assert_true(json_is_null(json_object_get(taken.json, "wall_suspended_until_us")));
    answer_done(&taken);
    struct answer left = ask_operator("PUT", path, by_rule);
    assert_string_equal(text_of(&left, "suspended_by"), "key:admin");
    answer_done(&left);
    expect(ask_operator("DELETE", path, NULL), 200, "");
}

static void a_suspension_by_a_rule_ends_by_itself(void **state)
{
    (void)state;
    expect(ask_operator("PUT", "/v1/accounts/bravo/suspension",
                        "{\"why\":\"evidence\",\"rule\":\"velocity\",\"for_s\":1}"),
           200, "");
    bool is_over = false;
    for (int i = 0; i < 300 && !is_over; i++) { /* 30 s: it is looked for every ten */
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
        struct answer answer = ask_operator("GET", "/v1/accounts/bravo", NULL);
        is_over = json_is_false(json_object_get(answer.json, "is_suspended"));
        answer_done(&answer);
    }
    assert_true(is_over);
}

static void calls_are_listed_and_ended_by_key(void **state)
{
    (void)state;
    struct answer calls = ask_operator("GET", "/v1/calls?max=1", NULL);
    assert_int_equal(json_array_size(json_object_get(calls.json, "items")), 1);
    assert_int_equal(json_integer_value(json_object_get(calls.json, "total")), 2);
    answer_done(&calls);
    expect(ask_operator("DELETE", "/v1/calls/ffffffffffffffff", NULL), 404, "not-found");
    expect(ask_operator("DELETE", "/v1/calls/0000000000000002", NULL), 204, "");
    assert_string_equal(web->play.ended, "0000000000000002");
    assert_string_equal(web->play.ended_by, "key:admin");
    calls = ask_operator("GET", "/v1/calls", NULL);
    assert_int_equal(json_array_size(json_object_get(calls.json, "items")), 1);
    answer_done(&calls);
}

static void calls_are_summed_up_as_value_at_risk(void **state)
{
    (void)state;
    struct answer answer = ask_operator("GET", "/v1/exposure", NULL);
    json_t *row = json_array_get(json_object_get(answer.json, "items"), 0);
    struct answer balance = ask_operator("GET", "/v1/accounts/acme/balance", NULL);
    int64_t left_micro, available_micro;
    assert_int_equal(answer.status, 200);
    assert_int_equal(json_integer_value(json_object_get(row, "calls")), 3);
    assert_true(money_parse(slice_from_text(json_string_value(json_object_get(row, "money_left"))),
                            &left_micro));
    assert_true(money_parse(slice_from_text(text_of(&balance, "available")), &available_micro));
    assert_true(left_micro >= available_micro);
    /* at two a minute */
    assert_int_equal(json_integer_value(json_object_get(row, "seconds_left")),
                     left_micro * 60 / 2000000);
    answer_done(&balance);
    answer_done(&answer);
    answer = ask_operator("GET", "/v1/exposure?by=destination&max=5", NULL);
    row = json_array_get(json_object_get(answer.json, "items"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "prefix")), "49");
    assert_null(json_object_get(row, "seconds_left"));
    answer_done(&answer);
    expect(ask_operator("GET", "/v1/exposure?by=moon", NULL), 422, "bad-field");
    expect(customer("GET", "/v1/exposure", NULL), 403, "forbidden");
}

static void explain_asks_the_edge(void **state)
{
    (void)state;
    struct answer answer = ask_operator("GET", "/v1/explain?account=acme&number=4930", NULL);
    assert_string_equal(text_of(&answer, "would"), "connect");
    answer_done(&answer);
    expect(ask_operator("GET", "/v1/explain?number=4930", NULL), 422, "bad-field");
    expect(ask_operator("GET", "/v1/explain?account=acme", NULL), 422, "bad-field");
    expect(ask_operator("GET", "/v1/explain?account=none&number=1", NULL), 404, "not-found");
}

static void call_records_are_filtered_by_time(void **state)
{
    (void)state;
    expect(
        ask_operator("GET", "/v1/cdrs?from=2026-11-21T10:00:00Z&to=2026-11-22&account=acme", NULL),
        200, "");
    expect(ask_operator("GET", "/v1/cdrs?from=yesterday", NULL), 422, "bad-field");
    expect(ask_operator("GET", "/v1/cdrs?max=5000", NULL), 422, "bad-field");
    expect(ask_operator("GET", "/v1/history?kind=config", NULL), 200, "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_account_is_made_read_changed_and_removed),
        cmocka_unit_test(a_value_that_cannot_be_used_is_named),
        cmocka_unit_test(a_body_that_is_not_one_clear_object_is_refused),
        cmocka_unit_test(paths_and_methods_that_are_not_there_say_so),
        cmocka_unit_test(a_change_of_what_was_changed_meanwhile_is_refused),
        cmocka_unit_test(a_topup_counts_once),
        cmocka_unit_test(an_adjustment_says_why_and_takes_no_more_than_there_is),
        cmocka_unit_test(a_money_request_is_on_disk_before_the_ledger_is_asked),
        cmocka_unit_test(an_endpoint_keeps_no_password),
        cmocka_unit_test(a_trunk_and_a_route_to_it),
        cmocka_unit_test(a_customer_sees_its_own_account_only),
        cmocka_unit_test(who_has_no_key_gets_nothing),
        cmocka_unit_test(a_key_is_shown_once_and_dies_when_revoked),
        cmocka_unit_test(a_suspension_names_who_and_why),
        cmocka_unit_test(a_rule_suspends_for_a_time_and_leaves_what_a_person_did),
        cmocka_unit_test(a_suspension_by_a_rule_ends_by_itself),
        cmocka_unit_test(calls_are_listed_and_ended_by_key),
        cmocka_unit_test(calls_are_summed_up_as_value_at_risk),
        cmocka_unit_test(explain_asks_the_edge),
        cmocka_unit_test(call_records_are_filtered_by_time),
    };
    return cmocka_run_group_tests(tests, web_start, web_stop);
}
