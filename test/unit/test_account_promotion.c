/* Promotional credit that ends: what calls used of it, and what is taken back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those first. */
#include <cmocka.h>

#include "account/promotion.h"

#define MUCH 1000000

static struct promotions make(int count, const int64_t *left_micro)
{
    struct promotions all = {.count = count};
    for (int i = 0; i < count; i++) {
        all.rows[i] = (struct promotion){.number = (uint64_t)i + 1,
                                         .amount_micro = left_micro[i],
                                         .left_micro = left_micro[i],
                                         .wall_ends_us = 100 * (i + 1)};
    }
    return all;
}

static void follow(struct promotions *all, int64_t used_micro, int64_t returned_micro)
{
    struct promotion_money money = {
        .used_micro = used_micro, .returned_micro = returned_micro, .spendable_micro = MUCH};
    promotions_follow(all, &money);
}

static void what_ends_first_is_used_first(void **state)
{
    (void)state;
    struct promotions all = make(2, (int64_t[]){10, 20});
    follow(&all, 4, 0);
    assert_int_equal(all.rows[0].left_micro, 6);
    assert_int_equal(all.rows[1].left_micro, 20);
    follow(&all, 4, 0); /* nothing was used since */
    assert_int_equal(promotions_left(&all), 26);
    follow(&all, 15, 0);
    assert_int_equal(all.rows[0].left_micro, 0);
    assert_int_equal(all.rows[1].left_micro, 15);
    follow(&all, 500, 0); /* the rest was paid money */
    assert_int_equal(promotions_left(&all), 0);
}

/* A death verdict takes back what an edge had used and not charged: that was counted once. */
static void a_sum_that_falls_is_not_counted_again_when_it_rises(void **state)
{
    (void)state;
    struct promotions all = make(1, (int64_t[]){10});
    follow(&all, 6, 0);
    follow(&all, 2, 0);
    assert_int_equal(promotions_left(&all), 4);
    follow(&all, 6, 0); /* its records came after all */
    assert_int_equal(promotions_left(&all), 4);
    follow(&all, 7, 0);
    assert_int_equal(promotions_left(&all), 3);
}

static void before_its_end_nothing_is_due(void **state)
{
    (void)state;
    struct promotions all = make(2, (int64_t[]){10, 20});
    promotions_end(&all, 0, 99);
    assert_int_equal(promotions_due(&all), 0);
    promotions_end(&all, 0, 100);
    assert_int_equal(promotions_due(&all), 10);
    promotion_take(&all.rows[0], 10);
    assert_int_equal(promotions_due(&all), 0);
    assert_int_equal(all.rows[0].taken_micro, 10);
    assert_int_equal(promotions_left(&all), 20);
}

static void what_edges_hold_at_the_end_is_not_due_until_it_came_back(void **state)
{
    (void)state;
    struct promotions all = make(1, (int64_t[]){10});
    promotions_end(&all, 4, 100);
    assert_int_equal(promotions_due(&all), 6);
    promotion_take(&all.rows[0], 6);
    follow(&all, 0, 3); /* three came back */
    assert_int_equal(promotions_due(&all), 3);
    follow(&all, 1, 3); /* one was talked away */
    assert_int_equal(promotions_due(&all), 3);
    promotion_take(&all.rows[0], 3);
    assert_int_equal(promotions_left(&all), 0);
    assert_int_equal(all.rows[0].taken_micro, 9);
}

/* What edges are granted afterwards is other money. */
static void after_the_end_no_more_is_used_than_edges_held_then(void **state)
{
    (void)state;
    struct promotions all = make(2, (int64_t[]){10, 20});
    promotions_end(&all, 4, 100);
    follow(&all, 9, 0);
    assert_int_equal(all.rows[0].left_micro, 6); /* four of the nine */
    assert_int_equal(all.rows[1].left_micro, 15);
    assert_int_equal(promotions_due(&all), 6);
    follow(&all, 12, 0);
    assert_int_equal(all.rows[0].left_micro, 6);
}

static void no_more_credit_is_left_than_there_is_money(void **state)
{
    (void)state;
    struct promotions all = make(2, (int64_t[]){10, 20});
    struct promotion_money money = {.spendable_micro = 12};
    promotions_follow(&all, &money);
    assert_int_equal(promotions_left(&all), 12);
    money.spendable_micro = -5;
    promotions_follow(&all, &money);
    assert_int_equal(promotions_left(&all), 0);
}

static void one_that_waits_is_looked_at_more_and_more_seldom(void **state)
{
    (void)state;
    struct promotions all = make(1, (int64_t[]){10});
    assert_int_equal(promotion_next_look(&all.rows[0], 5), 100);
    promotions_end(&all, 4, 100);
    assert_int_equal(promotion_next_look(&all.rows[0], 100), 1000100);
    assert_int_equal(promotion_next_look(&all.rows[0], 40000100), 50000100);
    assert_int_equal(promotion_next_look(&all.rows[0], INT64_C(9000000000)), 9060000000);
    assert_int_equal(promotion_next_look(&all.rows[0], 0), 1000000); /* a clock that was set back */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_ends_first_is_used_first),
        cmocka_unit_test(a_sum_that_falls_is_not_counted_again_when_it_rises),
        cmocka_unit_test(before_its_end_nothing_is_due),
        cmocka_unit_test(what_edges_hold_at_the_end_is_not_due_until_it_came_back),
        cmocka_unit_test(after_the_end_no_more_is_used_than_edges_held_then),
        cmocka_unit_test(no_more_credit_is_left_than_there_is_money),
        cmocka_unit_test(one_that_waits_is_looked_at_more_and_more_seldom),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
