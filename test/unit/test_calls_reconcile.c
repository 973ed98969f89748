/* Our records of calls against a carrier's. */
#include "calls/reconcile_csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define S INT64_C(1000000)
#define NOON_S INT64_C(1795262400) /* 2026-11-21 12:00:00 UTC */

static const struct reconcile_terms terms = {
    .window_us = 60 * S, .talk_slack_us = S, .cost_slack_micro = 100};

static void add(struct reconcile_calls *list, const char *number, int64_t at_s, int64_t talk_s,
                int64_t cost_micro, const char *call_id)
{
    struct reconcile_call call = {.ref = list->count + 1,
                                  .wall_answer_us = (NOON_S + at_s) * S,
                                  .talk_us = talk_s * S,
                                  .cost_micro = cost_micro,
                                  .has_cost = cost_micro >= 0};
    snprintf(call.number, sizeof(call.number), "%s", number);
    snprintf(call.call_id, sizeof(call.call_id), "%s", call_id);
    assert_true(reconcile_calls_add(list, &call));
}

struct both {
    struct reconcile_calls ours, theirs;
    struct reconcile_result result;
};

static void match(struct both *b, size_t wanted)
{
    assert_true(reconcile_match(&b->ours, &b->theirs, &terms, &b->result));
    assert_int_equal(b->result.pair_count, wanted);
}

static void done(struct both *b)
{
    reconcile_done(&b->result);
    reconcile_calls_done(&b->ours);
    reconcile_calls_done(&b->theirs);
}

static void a_call_id_says_which_call_it_is_whatever_else_differs(void **state)
{
    (void)state;
    struct both b = {0};
    add(&b.ours, "4930111", 0, 10, 1000, "a@x");
    add(&b.ours, "4930111", 5, 10, 1000, "b@x");
    add(&b.theirs, "4930111", 5000, 10, 1000, "b@x");
    add(&b.theirs, "30111", 6, 14, 2000, "a@x");
    match(&b, 2);
    assert_int_equal(b.result.pairs[0].ours, 1);
    assert_false(b.result.pairs[0].is_talk_different || b.result.pairs[0].is_cost_different);
    assert_int_equal(b.result.pairs[1].ours, 0);
    assert_true(b.result.pairs[1].is_talk_different && b.result.pairs[1].is_cost_different);
    done(&b);
}

static void without_one_the_number_and_the_time_do(void **state)
{
    (void)state;
    struct both b = {0};
    add(&b.ours, "4930123456", 0, 10, 1000, "a@x");
    add(&b.ours, "4930123456", 300, 20, 1000, "b@x");
    add(&b.ours, "4930999999", 0, 10, 1000, "c@x");
    add(&b.theirs, "030123456", 302, 20, -1, ""); /* another prefix: not the end of ours */
    add(&b.theirs, "30123456", 301, 21, -1, "");
    add(&b.theirs, "994930123456", 2, 10, 1000, "");
    add(&b.theirs, "4930999999", 61, 10, 1000, ""); /* too late */
    match(&b, 2);
    assert_int_equal(b.result.pairs[0].ours, 1);
    assert_int_equal(b.result.pairs[0].theirs, 1);
    assert_false(b.result.pairs[0].is_talk_different); /* a second is slack */
    assert_false(b.result.pairs[0].is_cost_different); /* they have none */
    assert_int_equal(b.result.pairs[1].ours, 0);
    assert_false(b.result.is_our_matched[2] || b.result.is_their_matched[0] ||
                 b.result.is_their_matched[3]);
    done(&b);
}

static void of_several_the_nearest_in_time_and_duration_is_taken_and_each_once(void **state)
{
    (void)state;
    struct both b = {0};
    for (int i = 0; i < 10; i++) {
        add(&b.ours, "4930123456", i * 3, 10 + i, 1000, "");
    }
    for (int i = 9; i >= 0; i--) {
        add(&b.theirs, "4930123456", i * 3 + 1, 10 + i, 1000, "");
    }
    add(&b.theirs, "4930123456", 4, 100, 1000, ""); /* charged and never carried */
    match(&b, 10);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(b.result.pairs[i].ours, 9 - i);
        assert_false(b.result.pairs[i].is_talk_different);
    }
    assert_false(b.result.is_their_matched[10]);
    done(&b);
}

static void short_numbers_are_the_same_only_as_a_whole(void **state)
{
    (void)state;
    struct both b = {0};
    add(&b.ours, "118", 0, 10, 1000, "");
    add(&b.ours, "112", 0, 10, 1000, "");
    add(&b.theirs, "49118", 0, 10, 1000, "");
    add(&b.theirs, "112", 0, 10, 1000, "");
    match(&b, 1);
    assert_int_equal(b.result.pairs[0].ours, 1);
    done(&b);
}

static void times_are_read_as_carriers_write_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int32_t offset_s;
        int64_t at_us; /* since noon */
        bool is_good;
    } rows[] = {{"2026-11-21 12:00:00", 0, 0, true},
                {"2026-11-21T12:00:05Z", 3600, 5 * S, true},
                {"2026-11-21 13:00:00", 3600, 0, true},
                {"2026-11-21 12:00:00.250", 0, S / 4, true},
                {"2026-11-21T14:00:00+02:00", 0, 0, true},
                {"2026-11-21 12:01", 0, 60 * S, true},
                {"1795262400", 0, 0, true},
                {"1795262400.5", 3600, S / 2, true},
                {"1795262400123", 0, 123000, true},
                {"1795262400123456", 0, 123456, true},
                {"21.11.2026 12:00:00", 0, 0, false},
                {"11/21/2026 12:00:00", 0, 0, false},
                {"2026-13-21 12:00:00", 0, 0, false},
                {"2026-11-21", 0, 0, false},
                {"2026-11-21 12:00:00.", 0, 0, false},
                {"12", 0, 0, false},
                {"", 0, 0, false}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        int64_t wall_us = 0;
        bool is_good = reconcile_time(slice_from_text(rows[i].text), rows[i].offset_s, &wall_us);
        assert_int_equal(is_good, rows[i].is_good);
        if (is_good) {
            assert_int_equal(wall_us, NOON_S * S + rows[i].at_us);
        }
    }
}

static void durations_are_seconds_or_hours_minutes_and_seconds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t us; /* -1: refused */
    } rows[] = {{"75", 75 * S},
                {"75.25", 75250000},
                {"1:15", 75 * S},
                {"0:01:15", 75 * S},
                {"01:00:00", 3600 * S},
                {"1:75", -1},
                {"1:2:3:4", -1},
                {"-5", -1},
                {"5s", -1},
                {"", -1},
                {"1:", -1},
                {".5", -1}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        int64_t us = 0;
        bool is_good = reconcile_duration(slice_from_text(rows[i].text), &us);
        assert_int_equal(is_good, rows[i].us >= 0);
        if (is_good) {
            assert_int_equal(us, rows[i].us);
        }
    }
}

static bool read_csv(const char *text, const struct reconcile_form *form,
                     struct reconcile_calls *out, uint32_t *silent, struct reconcile_faults *faults,
                     char error[200])
{
    struct reconcile_form usual = {0};
    return reconcile_csv_read(slice_from_text(text), form == NULL ? &usual : form, out, silent,
                              faults, error);
}

static void rows_that_cannot_be_read_are_named_by_line_and_the_others_taken(void **state)
{
    (void)state;
    struct reconcile_calls calls = {0};
    struct reconcile_faults faults;
    uint32_t silent;
    char error[200];
    assert_true(read_csv("Answer Time,Called_Number,Duration,BillSec,Cost,Call-ID\n"
                         "2026-11-21 12:00:00,+49 30 123456,99,12,0.0123456789,a@x\n"
                         "yesterday,4930123456,99,12,0.01,\n"
                         "2026-11-21 12:00:01,nobody,99,12,0.01,\n"
                         "2026-11-21 12:00:02,4930123456,99,long,0.01,\n"
                         "2026-11-21 12:00:03,4930123456,99,12,much,\n"
                         "2026-11-21 12:00:04,0049301,20,0,0,\n"
                         "2026-11-21 12:00:05,4930123456\n"
                         "2026-11-21 12:00:06,4930123456,99,7,,\n",
                         NULL, &calls, &silent, &faults, error));
    assert_int_equal(calls.count, 2);
    assert_string_equal(calls.calls[0].number, "4930123456");
    assert_int_equal(calls.calls[0].talk_us, 12 * S); /* what is billed, not what it lasted */
    assert_int_equal(calls.calls[0].cost_micro, 12345);
    assert_string_equal(calls.calls[0].call_id, "a@x");
    assert_int_equal(calls.calls[1].ref, 9);
    assert_false(calls.calls[1].has_cost);
    assert_int_equal(silent, 1);
    assert_int_equal(faults.count, 5);
    static const uint32_t lines[] = {3, 4, 5, 6, 8};
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        assert_int_equal(faults.rows[i].line, lines[i]);
    }
    assert_string_equal(faults.rows[1].why, "this is no number: \"nobody\"");
    reconcile_calls_done(&calls);
}

static void columns_are_found_by_name_or_told_what_is_missing(void **state)
{
    (void)state;
    struct reconcile_calls calls = {0};
    struct reconcile_faults faults;
    uint32_t silent;
    char error[200];
    assert_false(read_csv("", NULL, &calls, &silent, &faults, error));
    assert_string_equal(error, "the file is empty");
    assert_false(read_csv("when,callee,seconds\n", NULL, &calls, &silent, &faults, error));
    assert_string_equal(error,
                        "line 1: no column looks like the time: name it, --columns time=NAME");
    struct reconcile_form form = {
        .names = {[RECONCILE_TIME] = SLICE("When"), [RECONCILE_COST] = SLICE("sum")}};
    assert_false(read_csv("when,callee,seconds\n", &form, &calls, &silent, &faults, error));
    assert_string_equal(error, "line 1: no column is called \"sum\"");
    assert_true(read_csv("when,callee,seconds,sum,cost\n1795262400,4930,5,0.5,9\n", &form, &calls,
                         &silent, &faults, error));
    assert_int_equal(calls.count, 1);
    assert_int_equal(calls.calls[0].cost_micro, 500000);
    reconcile_calls_done(&calls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_id_says_which_call_it_is_whatever_else_differs),
        cmocka_unit_test(without_one_the_number_and_the_time_do),
        cmocka_unit_test(of_several_the_nearest_in_time_and_duration_is_taken_and_each_once),
        cmocka_unit_test(short_numbers_are_the_same_only_as_a_whole),
        cmocka_unit_test(times_are_read_as_carriers_write_them),
        cmocka_unit_test(durations_are_seconds_or_hours_minutes_and_seconds),
        cmocka_unit_test(rows_that_cannot_be_read_are_named_by_line_and_the_others_taken),
        cmocka_unit_test(columns_are_found_by_name_or_told_what_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
