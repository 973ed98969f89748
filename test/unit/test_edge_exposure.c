/* The calls in progress as value at risk. */
#include "edge_harness.h"

#include "routing/country.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define OUT_URI "sip:+4989555@" H_DOMAIN

static struct exposure_call one(uint64_t account, const char *currency, int64_t minute_micro)
{
    struct exposure_call call = {.account_id = account,
                                 .trunk_id = 7,
                                 .is_answered = minute_micro > 0,
                                 .cost_micro = 10,
                                 .minute_micro = minute_micro,
                                 .held_micro = 3};
    snprintf(call.currency, sizeof(call.currency), "%s", currency);
    snprintf(call.prefix, sizeof(call.prefix), "49%d", (int)account);
    snprintf(call.region, sizeof(call.region), "DE");
    return call;
}

static void add(struct exposure *exposure, struct exposure_call call)
{
    exposure_add(exposure, &call);
}

static void calls_are_summed_by_what_was_asked_for_and_never_across_currencies(void **state)
{
    (void)state;
    static const uint32_t rows_by[] = {3, 2, 3, 2};
    for (int by = 0; by < EXPOSURE_BY_COUNT; by++) {
        struct exposure exposure;
        assert_true(exposure_init(&exposure, (enum exposure_by)by, 8));
        add(&exposure, one(1, "EUR", 100));
        add(&exposure, one(1, "EUR", 200));
        add(&exposure, one(1, "USD", 900));
        add(&exposure, one(2, "EUR", 0));
        exposure_sort(&exposure);
        assert_int_equal(exposure.row_count, rows_by[by]);
        assert_string_equal(exposure.rows[0].currency, "USD");
        assert_int_equal(exposure.rows[1].minute_micro, 300);
        bool is_apart = by == EXPOSURE_BY_ACCOUNT || by == EXPOSURE_BY_DESTINATION;
        assert_int_equal(exposure.rows[1].calls, is_apart ? 2 : 3);
        assert_int_equal(exposure.rows[1].answered, 2);
        assert_int_equal(exposure.rows[1].cost_micro, is_apart ? 20 : 30);
        exposure_done(&exposure);
    }
}

static void what_finds_no_row_is_counted(void **state)
{
    (void)state;
    struct exposure exposure;
    assert_true(exposure_init(&exposure, EXPOSURE_BY_ACCOUNT, 2));
    for (uint64_t account = 1; account <= 5; account++) {
        add(&exposure, one(account, "EUR", INT64_MAX));
        add(&exposure, one(account, "EUR", INT64_MAX));
    }
    assert_int_equal(exposure.row_count, 2);
    assert_int_equal(exposure.calls_left_out, 6);
    assert_int_equal(exposure.rows[0].minute_micro, INT64_MAX); /* clamped */
    exposure_done(&exposure);
}

static void names_of_sums_are_read_and_others_refused(void **state)
{
    (void)state;
    enum exposure_by by;
    for (int i = 0; i < EXPOSURE_BY_COUNT; i++) {
        assert_true(exposure_by_parse(slice_from_text(exposure_by_name((enum exposure_by)i)), &by));
        assert_int_equal(by, i);
    }
    assert_false(exposure_by_parse(SLICE("accounts"), &by));
    assert_false(exposure_by_parse(SLICE(""), &by));
}

static void a_call_in_progress_is_told_with_its_cost_and_its_next_minute(void **state)
{
    (void)state;
    struct harness *h = h_new();
    struct exposure_call calls[4];
    uint32_t at = 0;
    h_register(h, ALICE);
    h_invite(h, ALICE, OUT_URI, "c1");
    assert_true(h_take_request(h, TRUNK1, SIP_INVITE));
    assert_int_equal(edge_exposure(h->worker, &at, &h->now, calls, 4), 1);
    assert_false(calls[0].is_answered);
    assert_int_equal(calls[0].minute_micro, 0);
    assert_true(calls[0].held_micro > 0);
    h_reply(h, TRUNK1, 200, "t1", NULL);
    h_pass(h, 10 * H_S);
    at = 0;
    assert_int_equal(edge_exposure(h->worker, &at, &h->now, calls, 1), 1); /* perhaps more */
    assert_int_equal(edge_exposure(h->worker, &at, &h->now, calls + 1, 1), 0);
    assert_true(calls[0].is_answered && calls[0].account_id != 0 && calls[0].trunk_id != 0);
    assert_true(calls[0].cost_micro > 0);
    assert_true(calls[0].minute_micro > calls[0].cost_micro); /* sixty seconds, not ten */
    assert_string_equal(calls[0].region, "DE");
    assert_string_equal(calls[0].prefix, "49");
    h_free(h);
}

static void a_country_is_found_by_its_longest_code(void **state)
{
    (void)state;
    static const struct {
        const char *digits, *region;
    } rows[] = {{"4989555", "DE"},      {"12025550100", "US"},
                {"16135550100", "CA"},  {"12425550100", "BS"},
                {"441534123", "JE"},    {"442071234567", "GB"},
                {"77011234567", "KZ"},  {"74951234567", "RU"},
                {"88213", "001"},       {"39066555", "IT"},
                {"3906698123", "VA"},   {"262639123456", "YT"},
                {"262262123456", "RE"}, {"6", NULL},
                {"210123", NULL},       {"", NULL},
                {"alice", NULL},        {"+49", NULL}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct country *country = country_of(slice_from_text(rows[i].digits));
        if (rows[i].region == NULL) {
            assert_null(country);
        } else {
            assert_non_null(country);
            assert_string_equal(country->region, rows[i].region);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_are_summed_by_what_was_asked_for_and_never_across_currencies),
        cmocka_unit_test(what_finds_no_row_is_counted),
        cmocka_unit_test(names_of_sums_are_read_and_others_refused),
        cmocka_unit_test(a_call_in_progress_is_told_with_its_cost_and_its_next_minute),
        cmocka_unit_test(a_country_is_found_by_its_longest_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
