/* Decks over the API: in, out, compared, put back, and refused. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void a_deck_goes_in_and_out_as_csv(void **state)
{
    (void)state;
    const char *path = "/v1/decks?name=retail&currency=EUR&rounding=up";
    const char *csv = "prefix,description,rate\n49,Germany,0.01\n4930,Berlin,0.02\n";
    struct answer made = ask_web(
        web, (struct question){"POST", path, web->operator_key, csv, {"Content-Type: text/csv"}});
    assert_int_equal(made.status, 201);
    assert_int_equal(json_integer_value(json_object_get(made.json, "prefix_count")), 2);
    answer_done(&made);
    struct answer out = ask_operator("GET", "/v1/decks/retail/csv", NULL);
    assert_int_equal(out.status, 200);
    assert_non_null(strstr(out.body, "4930,Berlin,0.02"));
    answer_done(&out);
    struct answer bad = ask_web(web, (struct question){"POST",
                                                       path,
                                                       web->operator_key,
                                                       "prefix,rate\n49,0.01\nabc,0.02\n50,free\n",
                                                       {"Content-Type: text/csv"}});
    assert_int_equal(bad.status, 422);
    assert_string_equal(text_of(&bad, "code"), "bad-deck");
    json_t *problems = json_object_get(bad.json, "problems");
    assert_int_equal(json_array_size(problems), 2);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(problems, 0), "line")), 3);
    answer_done(&bad);
    expect(ask_web(
               web,
               (struct question){
                   "POST", "/v1/decks?name=9", web->operator_key, csv, {"Content-Type: text/csv"}}),
           422, "bad-field");
    expect(ask_operator("POST", path, "{}"), 415, "bad-media-type");
    expect(ask_operator("PATCH", "/v1/accounts/acme", "{\"sell_deck\":\"retail\"}"), 200, "");
}

static void import(const char *path, int status)
{
    struct answer made = ask_web(
        web,
        (struct question){
            "POST", path, web->operator_key, "prefix,rate\n49,0.01\n", {"Content-Type: text/csv"}});
    assert_int_equal(made.status, status);
    if (status == 422) {
        assert_string_equal(text_of(&made, "field"), "currency");
    }
    answer_done(&made);
}

static struct answer send_deck(const char *path, const char *csv)
{
    return ask_web(
        web, (struct question){"POST", path, web->operator_key, csv, {"Content-Type: text/csv"}});
}

static int64_t count_of(const json_t *object, const char *member)
{
    return json_integer_value(json_object_get(json_object_get(object, "counts"), member));
}

static void a_dry_run_says_what_changes_and_changes_nothing(void **state)
{
    (void)state;
    struct answer made = send_deck("/v1/decks?name=trial", "prefix,rate\n49,0.02\n44,0.01\n");
    assert_int_equal(made.status, 201);
    answer_done(&made);
    struct answer dry = send_deck("/v1/decks?name=trial&dry_run=true",
                                  "prefix,rate,effective\n49,0.03,\n33,1,\n33,2,2100-01-01\n");
    assert_int_equal(dry.status, 200);
    assert_int_equal(count_of(dry.json, "up"), 1);
    assert_int_equal(count_of(dry.json, "new"), 1);
    assert_int_equal(count_of(dry.json, "gone"), 1);
    json_t *later = json_object_get(dry.json, "later");
    assert_int_equal(json_array_size(later), 1);
    assert_int_equal(count_of(json_array_get(later, 0), "new"), 1);
    assert_int_equal(json_integer_value(json_object_get(dry.json, "to")), 2);
    answer_done(&dry);
    dry = send_deck("/v1/decks?name=trial&dry_run=true", "prefix,rate\n49,x\n");
    assert_int_equal(dry.status, 422);
    answer_done(&dry);
    struct answer live = ask_operator("GET", "/v1/decks/trial", NULL);
    assert_int_equal(json_integer_value(json_object_get(live.json, "deck_version")), 1);
    answer_done(&live);
}

static void an_old_version_is_compared_and_put_in_force_again(void **state)
{
    (void)state;
    static const char *const versions[] = {"prefix,rate\n49,0.01\n", "prefix,rate\n49,0.05\n",
                                           "prefix,rate\n49,0.04\n"};
    for (size_t i = 0; i < 3; i++) {
        struct answer made =
            send_deck(i == 0 ? "/v1/decks?name=back&currency=USD&rounding=up&time_zone="
                               "Europe/Berlin"
                             : "/v1/decks?name=back",
                      versions[i]);
        assert_int_equal(made.status, 201);
        /* What is left out stays as it was. */
        assert_string_equal(text_of(&made, "currency"), "USD");
        assert_string_equal(text_of(&made, "rounding"), "up");
        assert_string_equal(text_of(&made, "time_zone"), "Europe/Berlin");
        answer_done(&made);
    }
    struct answer diff = ask_operator("GET", "/v1/decks/back/diff", NULL);
    assert_int_equal(count_of(diff.json, "down"), 1);
    answer_done(&diff);
    diff = ask_operator("GET", "/v1/decks/back/diff?from=1&to=2", NULL);
    assert_int_equal(count_of(diff.json, "up"), 1);
    answer_done(&diff);
    expect(ask_operator("GET", "/v1/decks/back/diff?from=9", NULL), 404, "not-found");
    struct answer used = ask_operator("POST", "/v1/decks/back/rollback", NULL);
    assert_int_equal(used.status, 200);
    assert_int_equal(json_integer_value(json_object_get(used.json, "deck_version")), 2);
    answer_done(&used);
    used = ask_operator("POST", "/v1/decks/back/rollback?version=3", NULL);
    assert_int_equal(json_integer_value(json_object_get(used.json, "deck_version")), 3);
    answer_done(&used);
    used = ask_operator("POST", "/v1/decks/back/rollback?version=1", NULL);
    assert_int_equal(used.status, 200);
    answer_done(&used);
    struct answer csv = ask_operator("GET", "/v1/decks/back/csv", NULL);
    assert_non_null(strstr(csv.body, "49,,0.01"));
    answer_done(&csv);
    csv = ask_operator("GET", "/v1/decks/back/csv?version=3", NULL);
    assert_non_null(strstr(csv.body, "49,,0.04"));
    answer_done(&csv);
    expect(ask_operator("POST", "/v1/decks/back/rollback?version=7", NULL), 404, "not-found");
    expect(ask_operator("POST", "/v1/decks/back/rollback", NULL), 422,
           "refused"); /* nothing before it */
    struct answer list = ask_operator("GET", "/v1/decks/back/versions", NULL);
    json_t *items = json_object_get(list.json, "items");
    assert_int_equal(json_array_size(items), 3);
    assert_true(json_is_true(json_object_get(json_array_get(items, 2), "is_live")));
    answer_done(&list);
}

static void a_deck_of_messages_prices_no_calls(void **state)
{
    (void)state;
    struct answer made =
        send_deck("/v1/decks?name=sms&prices_of=messages", "mcc,mnc,rate\n262,01,0.05\n");
    assert_int_equal(made.status, 201);
    answer_done(&made);
    expect(ask_operator("PATCH", "/v1/accounts/acme", "{\"sell_deck\":\"sms\"}"), 422, "bad-field");
    made = send_deck("/v1/decks?name=sms&prices_of=calls", "prefix,rate\n49,0.05\n");
    assert_int_equal(made.status, 422);
    assert_string_equal(text_of(&made, "field"), "prices_of");
    answer_done(&made);
    made = send_deck("/v1/decks?name=zone&time_zone=Europe/Nowhere", "prefix,rate\n49,0.05\n");
    assert_int_equal(made.status, 422);
    assert_string_equal(text_of(&made, "field"), "time_zone");
    answer_done(&made);
    made = send_deck("/v1/decks?name=zone&time_zone=../../etc/passwd", "prefix,rate\n49,0.05\n");
    assert_int_equal(made.status, 422);
    answer_done(&made);
}

/* Either would refuse every call of the account, for want of a price in its currency. */
static void a_deck_in_another_currency_is_refused_before_it_refuses_calls(void **state)
{
    (void)state;
    import("/v1/decks?name=dollars&currency=USD", 201);
    import("/v1/decks?name=dollars&currency=USD", 201);
    import("/v1/decks?name=dollars&currency=EUR", 422);
    expect(ask_operator("PATCH", "/v1/accounts/acme", "{\"sell_deck\":\"dollars\"}"), 422,
           "bad-field");
    expect(ask_operator("PATCH", "/v1/accounts/acme", "{\"inbound_deck\":\"dollars\"}"), 422,
           "bad-field");
    expect(ask_operator("PATCH", "/v1/accounts/acme", "{\"channels_max\":9}"), 200, "");
    struct answer nobody = ask_operator("PATCH", "/v1/accounts/acme", "{\"sell_deck\":\"nix\"}");
    assert_int_equal(nobody.status, 422);
    assert_string_equal(text_of(&nobody, "detail"), "\"sell_deck\": there is no deck nix.");
    answer_done(&nobody);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deck_goes_in_and_out_as_csv),
        cmocka_unit_test(a_dry_run_says_what_changes_and_changes_nothing),
        cmocka_unit_test(an_old_version_is_compared_and_put_in_force_again),
        cmocka_unit_test(a_deck_of_messages_prices_no_calls),
        cmocka_unit_test(a_deck_in_another_currency_is_refused_before_it_refuses_calls),
    };
    return cmocka_run_group_tests(tests, web_start, web_stop);
}
