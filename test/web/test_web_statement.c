/* test_web_statement.c - the month of an account as JSON, CSV and PDF; the export of usage. */
#include "fixture.h"

#include "base/money.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static char month[8]; /* the present one, in which all is booked */
static char next_month[8];

static struct usage make_call(uint64_t sequence, const char *callee, const char *prefix,
                              int64_t charge_micro, int64_t ended_micro)
{
    struct usage usage = {
        .sequence = sequence,
        .account_id = web->acme,
        .charge_micro = charge_micro,
        .ended_micro = ended_micro,
        .rate = rate_free("EUR"),
        .wall_start_us = INT64_C(1700000000000000),
        .wall_answer_us = INT64_C(1700000005000000),
        .wall_end_us = INT64_C(1700000065000000) + (int64_t)sequence * 1000000,
        .talk_to_us = 60000000,
        .status = 200,
        .flags = USAGE_ANSWERED,
        .end = USAGE_END_CALLER,
        .caller = "=1+1", /* a phone may send it; a spreadsheet would compute it */
        .call_id = "call@example.org",
        .reason = "normal",
    };
    snprintf(usage.callee, sizeof(usage.callee), "%s", callee);
    snprintf(usage.rate.prefix, sizeof(usage.rate.prefix), "%s", prefix);
    return usage;
}

static void settle(struct store *store)
{
    static const char nonce[] = "0123456789abcdef0123456789abcdef";
    uint64_t incarnation = 0, session = 0, high_water = 0;
    struct usage calls[3] = {
        make_call(1, "4930123456", "49", 1000000, 1000000),
        make_call(2, "4930123457", "49", 500000, 1500000),
        make_call(3, "33140000000", "33", 2000000, 3500000),
    };
    assert_int_equal(ledger_register(store, "node", nonce, &incarnation), STORE_OK);
    assert_int_equal(ledger_open(store, incarnation, nonce, 0, &session, &high_water), STORE_OK);
    assert_int_equal(ledger_settle(store, incarnation, session, calls, 3, &high_water), STORE_OK);
    assert_int_equal(high_water, 3);
}

static void write_month(char text[8], int more)
{
    time_t now = time(NULL);
    struct tm tm;
    gmtime_r(&now, &tm);
    tm.tm_mday = 1;
    tm.tm_mon += more;
    (void)timegm(&tm);
    strftime(text, 8, "%Y-%m", &tm);
}

static int start(void **state)
{
    if (web_start(state) != 0) {
        return 1;
    }
    struct store_options options = {.dir = web->dir, .deadline_us = 2000000};
    struct store *store = store_new(&options);
    settle(store);
    store_free(store);
    write_month(month, 0);
    write_month(next_month, 1);
    return 0;
}

static struct answer get(const char *key, const char *path)
{
    return ask_web(web, (struct question){"GET", path, key, NULL, {NULL}});
}

static struct answer statement(const char *of, const char *format)
{
    char path[160];
    snprintf(path, sizeof(path), "/v1/accounts/acme/statement?month=%s&format=%s", of, format);
    return get(web->customer_key, path);
}

static void refuse(const char *path, long status)
{
    struct answer answer = get(web->customer_key, path);
    assert_int_equal(answer.status, status);
    answer_done(&answer);
}

static int64_t money_of(const json_t *object, const char *name)
{
    int64_t micro = INT64_MIN;
    assert_true(
        money_parse(slice_from_text(json_string_value(json_object_get(object, name))), &micro));
    return micro;
}

static void a_month_adds_up_and_the_next_begins_where_it_ends(void **state)
{
    (void)state;
    struct answer answer = statement(month, "json");
    assert_int_equal(answer.status, 200);
    const json_t *lines = json_object_get(answer.json, "lines");
    const json_t *usage = json_object_get(json_object_get(answer.json, "sums"), "usage");
    assert_int_equal(money_of(usage, "amount"), -3500000);
    assert_int_equal(json_integer_value(json_object_get(usage, "count")), 3);
    int64_t balance_micro = money_of(answer.json, "opening");
    assert_int_equal(balance_micro, 0);
    size_t index;
    json_t *line;
    json_array_foreach((json_t *)(unsigned long)lines, index, line)
    {
        balance_micro += money_of(line, "amount");
        assert_int_equal(money_of(line, "balance"), balance_micro);
    }
    assert_int_equal(money_of(answer.json, "closing"), balance_micro);
    assert_true(json_is_false(json_object_get(answer.json, "is_final")));
    const json_t *dearest = json_array_get(json_object_get(answer.json, "destinations"), 0);
    assert_string_equal(json_string_value(json_object_get(dearest, "prefix")), "33");
    answer_done(&answer);

    answer = statement(next_month, "json");
    assert_int_equal(money_of(answer.json, "opening"), balance_micro);
    assert_int_equal(money_of(answer.json, "closing"), balance_micro);
    assert_int_equal(json_array_size(json_object_get(answer.json, "lines")), 0);
    answer_done(&answer);
    answer = statement("2001-01", "json"); /* before anything was booked */
    assert_int_equal(money_of(answer.json, "closing"), 0);
    assert_int_equal(money_of(answer.json, "opening"), 0);
    answer_done(&answer);
}

static void a_spreadsheet_gets_no_formula_from_a_phone(void **state)
{
    (void)state;
    struct answer answer = statement(month, "csv");
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.headers, "text/csv"));
    assert_non_null(strstr(answer.body, ",opening,,0.000000,"));
    assert_non_null(strstr(answer.body, ",usage,-2.000000,"));
    assert_non_null(strstr(answer.body, "\"'=1+1\",\"33140000000\",33,60.000000,"));
    answer_done(&answer);
}

static void a_statement_is_a_pdf(void **state)
{
    (void)state;
    struct answer answer = statement(month, "pdf");
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.headers, "application/pdf"));
    assert_true(answer.size > 1000);
    assert_memory_equal(answer.body, "%PDF-", 5);
    assert_non_null(memmem(answer.body, answer.size, "%%EOF", 5));
    answer_done(&answer);
}

static void a_statement_is_of_a_month_in_a_known_form_of_an_own_account(void **state)
{
    (void)state;
    refuse("/v1/accounts/acme/statement", 422);
    refuse("/v1/accounts/acme/statement?month=2026-13", 422);
    refuse("/v1/accounts/acme/statement?month=2026-1", 422);
    refuse("/v1/accounts/acme/statement?month=2026-11-01", 422);
    refuse("/v1/accounts/acme/statement?month=2026-11&format=docx", 422);
    refuse("/v1/accounts/bravo/statement?month=2026-11", 404);
}

static void usage_is_exported_on_and_on(void **state)
{
    (void)state;
    struct answer answer = get(web->operator_key, "/v1/usage?max=2");
    assert_int_equal(json_array_size(json_object_get(answer.json, "items")), 2);
    assert_true(json_is_true(json_object_get(answer.json, "has_more")));
    assert_string_equal(text_of(&answer, "next"), "1:2");
    answer_done(&answer);
    answer = get(web->operator_key, "/v1/usage?after=1:2");
    const json_t *item = json_array_get(json_object_get(answer.json, "items"), 0);
    assert_int_equal(json_integer_value(json_object_get(item, "sequence")), 3);
    assert_true(json_is_false(json_object_get(answer.json, "has_more")));
    assert_string_equal(text_of(&answer, "next"), "1:3");
    answer_done(&answer);
    answer = get(web->customer_key, "/v1/usage");
    item = json_array_get(json_object_get(answer.json, "items"), 0);
    assert_null(json_object_get(item, "cost")); /* is ours to know */
    answer_done(&answer);
    refuse("/v1/usage?after=1", 422);
    refuse("/v1/usage?after=,1:2", 422);
    refuse("/v1/usage?after=1:-2", 422);
    refuse("/v1/usage?account=bravo", 404);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_month_adds_up_and_the_next_begins_where_it_ends),
        cmocka_unit_test(a_spreadsheet_gets_no_formula_from_a_phone),
        cmocka_unit_test(a_statement_is_a_pdf),
        cmocka_unit_test(a_statement_is_of_a_month_in_a_known_form_of_an_own_account),
        cmocka_unit_test(usage_is_exported_on_and_on),
    };
    return cmocka_run_group_tests(tests, start, web_stop);
}
