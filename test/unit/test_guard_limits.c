#include "base/rng.h"
#include "guard/budget.h"
#include "guard/limiter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define S INT64_C(1000000)
#define MS INT64_C(1000)

static void a_rate_lets_its_burst_and_then_exactly_its_rate_through(void **state)
{
    (void)state;
    static const struct limiter_rate_terms rows[] = {{1, 1},   {3, 1},      {3, 5},     {7, 0},
                                                     {50, 10}, {1000, 100}, {999983, 1}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct limiter_rate limiter = {0};
        uint32_t burst = rows[i].burst_count == 0 ? 1 : rows[i].burst_count;
        int64_t passed = 0;
        for (int64_t now_us = 0; now_us < 10 * S; now_us += 97) {
            while (limiter_rate_take(&limiter, &rows[i], now_us)) {
                passed++;
                assert_true(passed <= burst + now_us * rows[i].per_second / S);
            }
            assert_true(limiter_rate_wait_us(&limiter, &rows[i], now_us) > 0);
        }
        /* Where more than one falls between two looks, a burst of 1 loses the rest. */
        int64_t full = burst + 10 * (int64_t)rows[i].per_second;
        assert_true(passed <= full);
        assert_true(rows[i].per_second > 1000 || passed >= full - 1);
    }
}

static void the_wait_it_names_is_the_shortest_that_suffices(void **state)
{
    (void)state;
    const struct limiter_rate_terms terms = {3, 2};
    struct limiter_rate limiter = {0};
    int64_t now_us = 5 * S;
    for (int i = 0; i < 100; i++) {
        int64_t wait_us = limiter_rate_wait_us(&limiter, &terms, now_us);
        if (wait_us > 0) {
            assert_false(limiter_rate_take(&limiter, &terms, now_us + wait_us - 1));
        }
        now_us += wait_us;
        assert_true(limiter_rate_take(&limiter, &terms, now_us));
    }
}

static void no_limit_is_no_limit_and_ends_when_one_is_set(void **state)
{
    (void)state;
    const struct limiter_rate_terms none = {0, 0};
    const struct limiter_rate_terms one = {1, 1};
    struct limiter_rate limiter = {0};
    for (int i = 0; i < 1000; i++) {
        assert_true(limiter_rate_take(&limiter, &none, S));
    }
    assert_int_equal(limiter_rate_wait_us(&limiter, &none, S), 0);
    assert_true(limiter_rate_take(&limiter, &one, S));
    assert_false(limiter_rate_take(&limiter, &one, S));
    assert_true(limiter_rate_take(&limiter, &one, INT64_MAX));
}

static void a_clock_that_steps_back_neither_fills_nor_empties(void **state)
{
    (void)state;
    const struct limiter_rate_terms one = {1, 1};
    struct limiter_rate limiter = {0};
    assert_true(limiter_rate_take(&limiter, &one, 10 * S));
    assert_false(limiter_rate_take(&limiter, &one, 2 * S));
    assert_false(limiter_rate_take(&limiter, &one, 11 * S - 1));
    assert_true(limiter_rate_take(&limiter, &one, 11 * S));
}

static void retries_are_a_tenth_of_attempts_plus_one_a_second(void **state)
{
    (void)state;
    const struct budget_terms terms = budget_terms_default();
    struct budget budget = {0};
    int retries = 0;
    /* 100 attempts a second for 20 s, all of which fail and would like to be retried. */
    for (int i = 0; i < 2000; i++) {
        int64_t now_us = 50 * S + i * 10 * MS;
        budget_earn(&budget, &terms, now_us);
        retries += budget_take(&budget, &terms, now_us) ? 1 : 0;
    }
    assert_in_range(retries, 200 + 19 + 9, 200 + 20 + 10);
}

static void a_quiet_caller_may_still_retry(void **state)
{
    (void)state;
    const struct budget_terms terms = budget_terms_default();
    struct budget budget = {0};
    for (int i = 0; i < 10; i++) {
        assert_true(budget_take(&budget, &terms, S));
    }
    assert_false(budget_take(&budget, &terms, S));
    assert_false(budget_take(&budget, &terms, 2 * S - 1));
    assert_true(budget_take(&budget, &terms, 2 * S));
    assert_false(budget_take(&budget, &terms, 2 * S));
    for (int i = 0; i < 10; i++) { /* a long rest saves up the burst and no more */
        assert_true(budget_take(&budget, &terms, 9999 * S));
    }
    assert_false(budget_take(&budget, &terms, 9999 * S));
}

/* A dependency that serves `servers` at once, each in 10 ms, and queues the rest: the response time
 * of one more request among in_flight. */
static int64_t served_in_us(uint32_t in_flight, uint32_t servers)
{
    return 10 * MS * (in_flight <= servers ? 1 : in_flight) / (in_flight <= servers ? 1 : servers);
}

static void run_full(struct limiter_load *limiter, const struct limiter_load_terms *terms,
                     uint32_t servers, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        while (limiter_load_take(limiter, terms)) {
        }
        uint32_t count = limiter->in_flight;
        for (uint32_t j = 0; j < count; j++) {
            limiter_load_give(limiter, terms, served_in_us(count, servers), false);
        }
    }
}

static void the_load_limit_grows_while_answers_stay_quick(void **state)
{
    (void)state;
    const struct limiter_load_terms terms = limiter_load_terms_default();
    struct limiter_load limiter = {0};
    assert_int_equal(limiter_load_limit(&limiter, &terms), 20);
    run_full(&limiter, &terms, 100000, 40);
    assert_in_range(limiter_load_limit(&limiter, &terms), 100, 1000);
}

static void the_load_limit_falls_when_answers_grow_slow(void **state)
{
    (void)state;
    const struct limiter_load_terms terms = {.start_count = 20, .count_min = 2, .count_max = 100};
    struct limiter_load limiter = {0};
    run_full(&limiter, &terms, 100, 20);
    assert_int_equal(limiter_load_limit(&limiter, &terms), 100);
    run_full(&limiter, &terms, 5, 1); /* all but five servers are gone */
    assert_in_range(limiter_load_limit(&limiter, &terms), 2, 30);
}

static void dropped_requests_bring_it_down_to_its_least_and_never_below(void **state)
{
    (void)state;
    const struct limiter_load_terms terms = limiter_load_terms_default();
    struct limiter_load limiter = {0};
    for (int i = 0; i < 1000; i++) {
        assert_true(limiter_load_take(&limiter, &terms));
        limiter_load_give(&limiter, &terms, 0, true);
    }
    assert_int_equal(limiter_load_limit(&limiter, &terms), 2);
    assert_true(limiter_load_take(&limiter, &terms));
    assert_true(limiter_load_take(&limiter, &terms));
    assert_false(limiter_load_take(&limiter, &terms));
}

static void an_idle_dependency_does_not_raise_its_limit(void **state)
{
    (void)state;
    const struct limiter_load_terms terms = limiter_load_terms_default();
    struct limiter_load limiter = {0};
    for (int i = 0; i < 1000; i++) {
        assert_true(limiter_load_take(&limiter, &terms));
        limiter_load_give(&limiter, &terms, 10 * MS, false);
    }
    assert_int_equal(limiter_load_limit(&limiter, &terms), 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rate_lets_its_burst_and_then_exactly_its_rate_through),
        cmocka_unit_test(the_wait_it_names_is_the_shortest_that_suffices),
        cmocka_unit_test(no_limit_is_no_limit_and_ends_when_one_is_set),
        cmocka_unit_test(a_clock_that_steps_back_neither_fills_nor_empties),
        cmocka_unit_test(retries_are_a_tenth_of_attempts_plus_one_a_second),
        cmocka_unit_test(a_quiet_caller_may_still_retry),
        cmocka_unit_test(the_load_limit_grows_while_answers_stay_quick),
        cmocka_unit_test(the_load_limit_falls_when_answers_grow_slow),
        cmocka_unit_test(dropped_requests_bring_it_down_to_its_least_and_never_below),
        cmocka_unit_test(an_idle_dependency_does_not_raise_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
