/* How good trunks have been lately, as it is kept for all edges. */
#include "fixture.h"

#include "store/trunk_quality.h"

#include <stdio.h>

static uint64_t make_trunk(struct store *store, const char *name)
{
    struct trunk row = {.channels_max = -1, .cps_max = -1};
    snprintf(row.name, sizeof(row.name), "%s", name);
    snprintf(row.host, sizeof(row.host), "192.0.2.1");
    assert_ok(config_put_trunk(store, &row, "test"));
    return row.id;
}

static struct trunk_quality calls(uint64_t trunk_id, int64_t count, int64_t answered)
{
    return (struct trunk_quality){.trunk_id = trunk_id,
                                  .calls = count,
                                  .answered = answered,
                                  .delays = count,
                                  .delay_sum_ms = 700 * count};
}

static void what_edges_count_is_added_up_by_trunk(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t first = make_trunk(store, "one"), second = make_trunk(store, "two");
    struct trunk_quality rows[4];
    int count = 0;
    assert_ok(trunk_quality_page(store, 0, rows, 4, &count));
    assert_int_equal(count, 0);
    struct trunk_quality news[] = {calls(first, 10, 4), calls(second, 3, 3), calls(999, 1, 1)};
    assert_ok(trunk_quality_add(store, news, 3)); /* 999 was removed meanwhile */
    assert_ok(trunk_quality_add(store, news, 1));
    assert_ok(trunk_quality_page(store, 0, rows, 4, &count));
    assert_int_equal(count, 2);
    assert_string_equal(rows[0].trunk, "one");
    assert_int_equal(rows[0].calls, 20);
    assert_int_equal(rows[0].answered, 8);
    assert_int_equal(rows[0].delay_sum_ms, 14000);
    assert_true(rows[0].wall_us > 0);
    assert_ok(trunk_quality_page(store, first, rows, 4, &count));
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].trunk_id, second);
}

static void what_was_long_ago_is_forgotten_by_halves(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    struct trunk_quality row, news = calls(make_trunk(store, "one"), 511, 511);
    int count = 0;
    assert_ok(trunk_quality_add(store, &news, 1));
    news.answered = 0;
    for (int i = 0; i < 8; i++) {
        assert_ok(trunk_quality_add(store, &news, 1));
        assert_ok(trunk_quality_page(store, 0, &row, 1, &count));
        assert_in_range(row.calls, 256, TRUNK_QUALITY_FULL - 1);
        assert_int_equal(row.answered, 511 >> (i + 1));
        assert_int_equal(row.delay_sum_ms / row.delays, 700);
    }
}

static void a_trunk_that_is_removed_is_shown_no_more(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    struct trunk_quality row, news = calls(make_trunk(store, "one"), 5, 5);
    int count = 1;
    assert_ok(trunk_quality_add(store, &news, 1));
    assert_ok(config_remove_trunk(store, news.trunk_id, "test"));
    assert_ok(trunk_quality_page(store, 0, &row, 1, &count));
    assert_int_equal(count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    static const struct CMUnitTest tests[] = {
        TEST(what_edges_count_is_added_up_by_trunk),
        TEST(what_was_long_ago_is_forgotten_by_halves),
        TEST(a_trunk_that_is_removed_is_shown_no_more),
    };
    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
