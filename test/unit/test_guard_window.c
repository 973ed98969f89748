/* A window of unanswered requests for each destination. */
#include "guard/window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000)
#define PBX UINT64_C(0x1234567890)
#define OTHER UINT64_C(0x9876543210)

static struct window_table *small(void)
{
    struct window_terms terms = {.start_count = 4,
                                 .count_min = 2,
                                 .count_max = 8,
                                 .suspect_us = 2 * SECOND,
                                 .probe_us = SECOND};
    struct window_table *table = window_table_new(&terms, 64);
    assert_non_null(table);
    return table;
}

static void send_some(struct window_table *table, uint64_t key, int count, int64_t now_us)
{
    for (int i = 0; i < count; i++) {
        assert_true(window_sent(table, key, now_us));
    }
}

static void a_full_window_takes_no_more_and_others_are_not_touched(void **state)
{
    (void)state;
    struct window_table *table = small();
    send_some(table, PBX, 4, SECOND);
    assert_int_equal(window_ask(table, PBX, SECOND), WINDOW_FULL);
    assert_int_equal(window_ask(table, OTHER, SECOND), WINDOW_OPEN);
    window_answered(table, PBX, 1, SECOND);
    assert_int_equal(window_ask(table, PBX, SECOND), WINDOW_OPEN);
    window_table_free(table);
}

static void repeats_count_and_go_with_their_request(void **state)
{
    (void)state;
    struct window_table *table = small();
    send_some(table, PBX, 1, SECOND);
    send_some(table, PBX, 3, SECOND + 500000); /* its repeats */
    assert_int_equal(window_ask(table, PBX, 2 * SECOND), WINDOW_FULL);
    window_answered(table, PBX, 4, 2 * SECOND);
    struct window_view view;
    assert_true(window_look(table, PBX, 2 * SECOND, &view));
    assert_int_equal(view.open_count, 0);
    window_table_free(table);
}

static void it_grows_with_answers_and_shrinks_with_silence(void **state)
{
    (void)state;
    struct window_table *table = small();
    struct window_view view;
    for (int i = 0; i < 20; i++) {
        send_some(table, PBX, 4, SECOND);
        window_answered(table, PBX, 4, SECOND);
    }
    assert_true(window_look(table, PBX, SECOND, &view));
    assert_int_equal(view.room_count, 8);
    send_some(table, PBX, 8, 2 * SECOND);
    for (int i = 0; i < 8; i++) { /* one silence, though eight were lost in it */
        window_silent(table, PBX, 1, 3 * SECOND);
    }
    assert_true(window_look(table, PBX, 3 * SECOND, &view));
    assert_int_equal(view.room_count, 4);
    for (int64_t i = 0; i < 5; i++) {
        window_silent(table, PBX, 0, (4 + i) * SECOND);
    }
    assert_true(window_look(table, PBX, 9 * SECOND, &view));
    assert_int_equal(view.room_count, 2);
    window_table_free(table);
}

static void two_seconds_of_silence_make_a_suspect_that_is_probed_once_a_second(void **state)
{
    (void)state;
    struct window_table *table = small();
    send_some(table, PBX, 1, SECOND);
    assert_int_equal(window_ask(table, PBX, 2 * SECOND), WINDOW_OPEN);
    int probe_count = 0;
    for (int64_t now_us = 3 * SECOND; now_us < 13 * SECOND; now_us += SECOND / 100) {
        enum window_verdict verdict = window_ask(table, PBX, now_us);
        assert_true(verdict == WINDOW_PROBE || verdict == WINDOW_SUSPECT);
        probe_count += verdict == WINDOW_PROBE;
    }
    assert_int_equal(probe_count, 10);
    window_silent(table, PBX, 1, 13 * SECOND); /* giving up is not being answered */
    assert_int_equal(window_ask(table, PBX, 13 * SECOND), WINDOW_PROBE);
    window_answered(table, PBX, 0, 14 * SECOND); /* a late word on what was given up */
    assert_int_equal(window_ask(table, PBX, 14 * SECOND), WINDOW_OPEN);
    window_table_free(table);
}

static void one_answer_lifts_the_suspicion_though_more_is_out(void **state)
{
    (void)state;
    struct window_table *table = small();
    send_some(table, PBX, 3, SECOND);
    assert_int_equal(window_ask(table, PBX, 4 * SECOND), WINDOW_PROBE);
    window_answered(table, PBX, 1, 4 * SECOND);
    assert_int_equal(window_ask(table, PBX, 4 * SECOND), WINDOW_OPEN);
    assert_int_equal(window_ask(table, PBX, 6 * SECOND), WINDOW_PROBE); /* silent again */
    window_table_free(table);
}

static void what_we_take_back_ourselves_says_nothing(void **state)
{
    (void)state;
    struct window_table *table = small();
    struct window_view view;
    send_some(table, PBX, 4, SECOND);
    window_withdrawn(table, PBX, 4, SECOND);
    assert_true(window_look(table, PBX, SECOND, &view));
    assert_int_equal(view.room_count, 4);
    assert_int_equal(view.open_count, 0);
    assert_int_equal(window_ask(table, PBX, 60 * SECOND), WINDOW_OPEN); /* it was not silent */
    send_some(table, PBX, 1, 60 * SECOND);
    window_withdrawn(table, PBX, 1, 63 * SECOND); /* it was */
    assert_int_equal(window_ask(table, PBX, 63 * SECOND), WINDOW_PROBE);
    window_table_free(table);
}

static void a_full_table_forgets_the_quiet_and_keeps_the_suspects(void **state)
{
    (void)state;
    struct window_table *table = small();
    assert_true(window_sent(table, PBX, SECOND));
    int uncounted = 0;
    for (uint64_t key = 1; key <= 1000; key++) {
        uint64_t spread = key * UINT64_C(0x9e3779b97f4a7c15) | 1;
        if (window_sent(table, spread, 5 * SECOND)) {
            window_answered(table, spread, 1, 5 * SECOND);
        } else {
            uncounted++;
        }
    }
    struct window_view view;
    assert_true(window_look(table, PBX, 5 * SECOND, &view));
    assert_true(view.is_suspect);
    assert_int_equal(view.open_count, 1);
    assert_int_equal(uncounted, 0);
    window_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_window_takes_no_more_and_others_are_not_touched),
        cmocka_unit_test(repeats_count_and_go_with_their_request),
        cmocka_unit_test(it_grows_with_answers_and_shrinks_with_silence),
        cmocka_unit_test(two_seconds_of_silence_make_a_suspect_that_is_probed_once_a_second),
        cmocka_unit_test(one_answer_lifts_the_suspicion_though_more_is_out),
        cmocka_unit_test(what_we_take_back_ourselves_says_nothing),
        cmocka_unit_test(a_full_table_forgets_the_quiet_and_keeps_the_suspects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
