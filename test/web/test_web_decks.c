/* test_web_decks.c - what the last week's calls would cost by another version of their deck. */
#include "fixture.h"

#include "base/money.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define DECK_ID 1
#define DAY_US (INT64_C(86400) * 1000000)
#define HOUR_US (INT64_C(3600) * 1000000)
#define MINUTE_US (INT64_C(60) * 1000000)

static struct usage make_call(uint64_t sequence, const char *callee, int64_t ago_us)
{
    int64_t wall_us = (int64_t)time(NULL) * 1000000 - ago_us;
    struct usage usage = {.sequence = sequence,
                          .account_id = web->acme,
                          .charge_micro = 1,
                          .ended_micro = (int64_t)sequence,
                          .rate = rate_free("EUR"),
                          .wall_start_us = wall_us - MINUTE_US,
                          .wall_answer_us = wall_us - MINUTE_US,
                          .wall_end_us = wall_us,
                          .talk_to_us = MINUTE_US,
                          .status = 200,
                          .flags = USAGE_ANSWERED,
                          .end = USAGE_END_CALLER};
    usage.rate.deck_id = DECK_ID;
    usage.rate.deck_version = 1;
    usage.rate.at_s = usage.wall_start_us / 1000000;
    snprintf(usage.callee, sizeof(usage.callee), "%s", callee);
    return usage;
}

static void settle(struct store *store)
{
    static const char nonce[] = "0123456789abcdef0123456789abcdef";
    uint64_t incarnation = 0, session = 0, high_water = 0;
    struct usage calls[] = {
        make_call(1, "4930123", 2 * MINUTE_US), make_call(2, "33123", 6 * DAY_US),
        make_call(3, "4930123", HOUR_US),       make_call(4, "4930123", HOUR_US),
        make_call(5, "4930123", 8 * DAY_US),    make_call(6, "4930123", HOUR_US),
        make_call(7, "4930123", HOUR_US),
    };
    calls[2].part = 1; /* the second hour of a call: one minute of it */
    calls[2].talk_from_us = HOUR_US;
    calls[2].talk_to_us = HOUR_US + MINUTE_US;
    calls[3].flags = 0;               /* never answered */
    calls[5].rate.deck_id = 77;       /* of another deck */
    calls[6].rate = rate_free("EUR"); /* what it cost us is by this one */
    calls[6].has_cost = true;
    calls[6].cost_rate = calls[0].rate;
    int count = (int)(sizeof(calls) / sizeof(calls[0]));
    assert_int_equal(ledger_register(store, "node", nonce, &incarnation), STORE_OK);
    assert_int_equal(ledger_open(store, incarnation, nonce, 0, &session, &high_water), STORE_OK);
    assert_int_equal(ledger_settle(store, incarnation, session, calls, count, &high_water),
                     STORE_OK);
    assert_int_equal(high_water, count);
}

static struct answer send_deck(const char *path, const char *csv)
{
    return ask_web(
        web, (struct question){"POST", path, web->operator_key, csv, {"Content-Type: text/csv"}});
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
    return 0;
}

static void expect_money(const json_t *object, const char *name, const char *amount)
{
    int64_t micro = -1, expected = 0;
    const char *text = json_string_value(json_object_get(object, name));
    assert_non_null(text);
    assert_true(money_parse(slice_from_text(text), &micro));
    assert_true(money_parse(slice_from_text(amount), &expected));
    assert_int_equal(micro, expected);
}

static void the_last_weeks_calls_are_priced_by_both_versions(void **state)
{
    (void)state;
    struct answer answer = send_deck("/v1/decks?name=retail", "prefix,rate\n49,0.10\n33,0.20\n");
    assert_int_equal(json_integer_value(json_object_get(answer.json, "id")), DECK_ID);
    answer_done(&answer);
    answer = send_deck("/v1/decks?name=retail&dry_run=true", "prefix,rate\n49,0.25\n44,1\n");
    assert_int_equal(answer.status, 200);
    const json_t *traffic = json_object_get(answer.json, "traffic");
    /* Two calls to 49 (one by its cost), a minute of a long one, and one to 33. */
    assert_int_equal(json_integer_value(json_object_get(traffic, "calls")), 3);
    assert_int_equal(json_integer_value(json_object_get(traffic, "talk_us")), 4 * MINUTE_US);
    expect_money(traffic, "before", "0.50");
    expect_money(traffic, "after", "0.75");
    expect_money(traffic, "difference", "0.25");
    assert_int_equal(json_integer_value(json_object_get(traffic, "unpriced")), 1);
    assert_true(json_is_false(json_object_get(traffic, "is_partial")));
    answer_done(&answer);
}

/* A version that begins later changes nothing today, and all of it then. */
static void a_date_to_come_can_be_asked_for(void **state)
{
    (void)state;
    const char *csv = "prefix,rate,effective\n49,0.10,\n33,0.20,\n49,0.30,2100-01-01\n";
    struct answer answer = send_deck("/v1/decks?name=retail&dry_run=true", csv);
    expect_money(json_object_get(answer.json, "traffic"), "difference", "0.00");
    answer_done(&answer);
    answer = send_deck("/v1/decks?name=retail&dry_run=true&at=2100-01-01T00:00:00Z", csv);
    expect_money(json_object_get(answer.json, "traffic"), "difference", "0.60");
    answer_done(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_weeks_calls_are_priced_by_both_versions),
        cmocka_unit_test(a_date_to_come_can_be_asked_for),
    };
    return cmocka_run_group_tests(tests, start, web_stop);
}
