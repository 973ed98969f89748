/* test_web_family.c - sub-accounts over HTTP: who sees whom, and money between them. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct answer parent(const char *path) /* the key is acme's */
{
    return ask_web(web, (struct question){"GET", path, web->customer_key, NULL, {NULL}});
}

static struct answer move(const char *from, const char *key, const char *body)
{
    char header[128];
    char path[128];
    snprintf(header, sizeof(header), "Idempotency-Key: %s", key);
    snprintf(path, sizeof(path), "/v1/accounts/%s/transfers", from);
    return ask_web(web, (struct question){"POST", path, web->operator_key, body, {header}});
}

static size_t count_of(struct answer answer)
{
    size_t count = json_array_size(json_object_get(answer.json, "items"));
    assert_int_equal(answer.status, 200);
    answer_done(&answer);
    return count;
}

static int start(void **state)
{
    if (web_start(state) != 0) {
        return 1;
    }
    expect(ask_operator("POST", "/v1/accounts",
                        "{\"name\":\"shop\",\"currency\":\"EUR\",\"parent\":\"acme\"}"),
           201, "");
    struct question topup = {"POST",
                             "/v1/accounts/acme/topups",
                             web->operator_key,
                             "{\"amount\":\"10\"}",
                             {"Idempotency-Key: family"}};
    expect(ask_web(web, topup), 201, "");
    return 0;
}

static void a_parent_sees_its_sub_accounts_and_nobody_looks_up(void **state)
{
    (void)state;
    assert_int_equal(count_of(parent("/v1/accounts")), 2);
    assert_int_equal(count_of(parent("/v1/accounts?parent=acme")), 1);
    assert_int_equal(count_of(ask_operator("GET", "/v1/accounts?parent=acme", NULL)), 1);
    expect(parent("/v1/accounts/shop"), 200, "");
    expect(parent("/v1/accounts/shop/balance"), 200, "");
    expect(parent("/v1/accounts/shop/transfers"), 200, "");
    expect(parent("/v1/cdrs?account=shop"), 200, "");
    expect(parent("/v1/usage?account=shop"), 200, "");
    expect(parent("/v1/endpoints?account=shop"), 200, "");
    expect(parent("/v1/accounts/bravo/balance"), 404, "not-found");
    expect(parent("/v1/accounts?parent=bravo"), 404, "not-found");

    struct answer made = ask_operator(
        "POST", "/v1/keys", "{\"name\":\"shop\",\"role\":\"customer\",\"account\":\"shop\"}");
    char key[128];
    snprintf(key, sizeof(key), "%s", text_of(&made, "key"));
    assert_int_equal(made.status, 201);
    answer_done(&made);
    struct question up = {"GET", "/v1/accounts/acme/balance", key, NULL, {NULL}};
    expect(ask_web(web, up), 404, "not-found");
    up.path = "/v1/cdrs?account=acme";
    expect(ask_web(web, up), 404, "not-found");
    up.path = "/v1/accounts";
    assert_int_equal(count_of(ask_web(web, up)), 1);
}

static void a_parent_finds_the_devices_of_a_sub_account(void **state)
{
    (void)state;
    expect(
        ask_operator("POST", "/v1/endpoints",
                     "{\"user\":\"till\",\"account\":\"shop\",\"password\":\"0123456789abcdef\"}"),
        201, "");
    assert_int_equal(count_of(parent("/v1/endpoints?account=shop")), 1);
    expect(parent("/v1/endpoints/till"), 200, "");
    expect(parent("/v1/endpoints/carol"), 404, "not-found"); /* bravo's */
}

/* The device is found, but whose sub-account it belongs to cannot be read. */
static void a_parent_that_cannot_be_looked_up_is_unknown_and_not_absent(void **state)
{
    (void)state;
    fixture_sql(web, "PRAGMA legacy_alter_table = on; ALTER TABLE account RENAME TO away");
    struct answer device = parent("/v1/endpoints/till");
    struct answer bindings = parent("/v1/endpoints/till/bindings");
    fixture_sql(web, "PRAGMA legacy_alter_table = on; ALTER TABLE away RENAME TO account");
    expect(device, 503, "unknown");
    expect(bindings, 503, "unknown");
}

static void a_family_that_cannot_be_is_refused_by_name(void **state)
{
    (void)state;
    expect(ask_operator("PATCH", "/v1/accounts/acme", "{\"parent\":\"shop\"}"), 422, "refused");
    expect(ask_operator("PATCH", "/v1/accounts/bravo", "{\"parent\":\"shop\"}"), 422, "refused");
    expect(ask_operator("PATCH", "/v1/accounts/bravo", "{\"parent\":\"nobody\"}"), 422,
           "bad-field");
    expect(ask_operator("DELETE", "/v1/accounts/acme", NULL), 409, "conflict");
    expect(ask_operator("PATCH", "/v1/accounts/bravo", "{\"parent\":\"acme\"}"), 200, "");
    expect(ask_operator("PATCH", "/v1/accounts/bravo", "{\"parent\":null}"), 200, "");
}

static void money_moves_once_and_stands_in_both_statements(void **state)
{
    (void)state;
    static const char two[] = "{\"amount\":\"2.00\",\"to\":\"shop\",\"reason\":\"for the shop\"}";
    expect(move("acme", "m1", two), 201, "");
    expect(move("acme", "m1", two), 200, "");
    expect(move("acme", "m1", "{\"amount\":\"2.00\",\"to\":\"bravo\"}"), 409,
           "idempotency-key-reused");
    struct answer balance = parent("/v1/accounts/shop/balance");
    assert_string_equal(text_of(&balance, "balance"), "2.000000");
    answer_done(&balance);
    expect(move("acme", "m2", "{\"amount\":\"1\"}"), 422, "bad-field");
    expect(move("acme", "m2", "{\"amount\":\"1\",\"to\":\"nobody\"}"), 422, "bad-field");
    expect(move("acme", "m3", "{\"amount\":\"1\",\"to\":\"bravo\"}"), 422, "refused");
    expect(move("shop", "m4", "{\"amount\":\"2.01\",\"to\":\"acme\"}"), 422, "refused");
    expect(move("shop", "m5", "{\"amount\":\"0.50\",\"to\":\"acme\"}"), 201, "");

    struct answer statement = ask_statement("json");
    const json_t *sums = json_object_get(json_object_get(statement.json, "sums"), "transfer");
    assert_int_equal(json_integer_value(json_object_get(sums, "count")), 2);
    assert_string_equal(json_string_value(json_object_get(sums, "amount")), "-1.500000");
    const json_t *child = json_array_get(json_object_get(statement.json, "sub_accounts"), 0);
    assert_string_equal(json_string_value(json_object_get(child, "name")), "shop");
    assert_string_equal(json_string_value(json_object_get(child, "balance_now")), "1.500000");
    assert_true(json_is_true(json_object_get(statement.json, "has_all_sub_accounts")));
    answer_done(&statement);
    statement = ask_statement("csv");
    assert_non_null(strstr(statement.body, ",sub-account,,1.500000,,,,,,\"shop\"\n"));
    answer_done(&statement);
    statement = ask_statement("pdf");
    assert_int_equal(statement.status, 200);
    assert_memory_equal(statement.body, "%PDF-", 5);
    answer_done(&statement);
}

/* The list ends somewhere, and says so in each form. */
static void a_statement_says_that_it_leaves_sub_accounts_out(void **state)
{
    (void)state;
    fixture_sql(
        web,
        "PRAGMA foreign_keys = off; WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
        " WHERE i < 1001) INSERT INTO account (id, version, name, currency, kind, class,"
        " is_suspended, suspended_by, suspended_why, limit_micro, grace_micro, channels_max,"
        " cps_max, spend_day_micro, country_code, national_prefix, international_prefix, parent_id)"
        " SELECT 9000 + i, 1, 'many-' || i, 'EUR', 0, 0, 0, '', '', 0, 0, 0, 0, 0, '', '', '',"
        " (SELECT id FROM account WHERE name = 'acme') FROM n;"
        "INSERT INTO book (id, kind, currency) SELECT id, 'customer', 'EUR' FROM account"
        " WHERE id > 9000");
    struct answer statement = ask_statement("json");
    assert_int_equal(json_array_size(json_object_get(statement.json, "sub_accounts")), 1000);
    assert_true(json_is_false(json_object_get(statement.json, "has_all_sub_accounts")));
    answer_done(&statement);
    statement = ask_statement("csv");
    assert_non_null(strstr(statement.body, ",,sub-account,,,,,,,,\"and more\"\n"));
    answer_done(&statement);
    statement = ask_statement("pdf");
    assert_int_equal(statement.status, 200);
    assert_true(statement.size > 10000); /* a thousand lines of them */
    answer_done(&statement);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_parent_sees_its_sub_accounts_and_nobody_looks_up),
        cmocka_unit_test(a_parent_finds_the_devices_of_a_sub_account),
        cmocka_unit_test(a_parent_that_cannot_be_looked_up_is_unknown_and_not_absent),
        cmocka_unit_test(a_family_that_cannot_be_is_refused_by_name),
        cmocka_unit_test(money_moves_once_and_stands_in_both_statements),
        cmocka_unit_test(a_statement_says_that_it_leaves_sub_accounts_out),
    };
    return cmocka_run_group_tests(tests, start, web_stop);
}
