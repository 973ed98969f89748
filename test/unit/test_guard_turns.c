#include "guard/turns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Serves for a second of busy time in steps of 1 ms; rank 0 always has more work if is_flooded. */
static void serve(struct turns *turns, bool is_flooded, int64_t served_us[3])
{
    for (int64_t at_us = 0; at_us < 1000000;) {
        bool is_higher_waiting = false;
        for (int rank = 0; rank < 3; rank++) {
            if (turns_may(turns, rank, is_higher_waiting)) {
                turns_add(turns, rank, 1000);
                served_us[rank] += 1000;
                at_us += 1000;
            }
            is_higher_waiting = is_higher_waiting || (is_flooded && rank == 0);
        }
    }
}

static void a_flooded_rank_leaves_the_others_five_percent_each(void **state)
{
    (void)state;
    struct turns turns = {{0}, 0};
    int64_t served_us[3] = {0};
    serve(&turns, true, served_us);
    assert_in_range(served_us[1], 40000, 70000);
    assert_in_range(served_us[2], 40000, 70000);
    assert_true(served_us[0] >= 860000);
}

static void without_a_flood_everybody_is_served(void **state)
{
    (void)state;
    struct turns turns = {{0}, 0};
    int64_t served_us[3] = {0};
    serve(&turns, false, served_us);
    assert_in_range(served_us[0], 300000, 350000);
    assert_in_range(served_us[2], 300000, 350000);
}

static void who_had_much_before_is_not_owed_more_now(void **state)
{
    (void)state;
    struct turns turns = {{0}, 0};
    turns_add(&turns, 2, 500000);
    assert_false(turns_may(&turns, 2, true));
    assert_true(turns_may(&turns, 1, true));
    assert_true(turns_may(&turns, 2, false));
    for (int i = 0; i < 2000; i++) {
        turns_add(&turns, 0, 1000);
    }
    assert_true(turns_may(&turns, 2, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flooded_rank_leaves_the_others_five_percent_each),
        cmocka_unit_test(without_a_flood_everybody_is_served),
        cmocka_unit_test(who_had_much_before_is_not_owed_more_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
