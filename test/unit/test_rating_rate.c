#include "base/rng.h"
#include "rating/rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define S INT64_C(1000000)

static struct rate rate_of(int64_t nano, int64_t fee, uint16_t first, uint16_t next,
                           enum money_rounding rounding)
{
    return (struct rate){.nano_per_min = nano,
                         .fee_micro = fee,
                         .first_s = first,
                         .next_s = next,
                         .rounding = (uint8_t)rounding};
}

static void a_price_is_whole_increments_and_the_fee(void **state)
{
    (void)state;
    static const struct {
        int64_t nano, fee;
        uint16_t first, next;
        int64_t talk_us, price_micro;
    } table[] = {
        {1000000000, 0, 1, 1, 60 * S, 1000000},
        {1000000000, 0, 1, 1, 1 * S, 16667},
        {1000000000, 0, 1, 1, 1 * S + 1, 33333},
        {60000000, 0, 60, 60, 0, 60000}, /* answered: the first increment */
        {60000000, 0, 60, 60, 60 * S, 60000},
        {60000000, 0, 60, 60, 60 * S + 1, 120000},
        {60000000, 0, 30, 6, 31 * S, 36000},
        {60000000, 50000, 30, 6, 30 * S, 80000},
        {0, 50000, 1, 1, 3600 * S, 50000},
        {0, 0, 1, 1, 3600 * S, 0},
        {1, 0, 1, 1, 60 * S, 0}, /* 0.001 micro-units */
        {-5, -7, 1, 1, 60 * S, 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        struct rate rate =
            rate_of(table[i].nano, table[i].fee, table[i].first, table[i].next, MONEY_HALF_UP);
        assert_int_equal(rate_price(&rate, table[i].talk_us), table[i].price_micro);
    }
}

static void the_rounding_of_the_deck_decides_about_halves(void **state)
{
    (void)state;
    static const struct {
        enum money_rounding rounding;
        int64_t nano, price_micro;
    } table[] = {
        {MONEY_HALF_UP, 2500, 3},   {MONEY_HALF_UP, 2499, 2}, {MONEY_HALF_EVEN, 2500, 2},
        {MONEY_HALF_EVEN, 3500, 4}, {MONEY_UP, 2001, 3},      {MONEY_UP, 2000, 2},
    };
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        struct rate rate = rate_of(table[i].nano, 0, 60, 60, table[i].rounding);
        assert_int_equal(rate_price(&rate, 60 * S), table[i].price_micro);
    }
}

/* The definition, increment by increment. */
static int64_t covers_by_steps(const struct rate *rate, int64_t money)
{
    int64_t talk_us = rate->first_s * S;
    if (rate_price(rate, talk_us) > money) {
        return 0;
    }
    while (rate_price(rate, talk_us + rate->next_s * S) <= money) {
        talk_us += rate->next_s * S;
    }
    return talk_us;
}

static void what_money_covers_is_the_exact_inverse_of_the_price(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 11);
    for (int i = 0; i < 20000; i++) {
        int64_t nano = 1 + (int64_t)rng_below(&rng, rng_chance(&rng, 500000) ? 90000 : 3000000000);
        /* Every second rate is one whose prices are often exactly half a unit off. */
        nano = i % 2 == 0 ? nano : 500 * (1 + (int64_t)rng_below(&rng, 400));
        struct rate rate =
            rate_of(nano, (int64_t)rng_below(&rng, 3) * 7001, (uint16_t)(1 + rng_below(&rng, 70)),
                    (uint16_t)(1 + rng_below(&rng, 70)), (enum money_rounding)rng_below(&rng, 3));
        /* Money for some hundred increments, and often exactly a price or one unit beside it. */
        int64_t talk_us = (int64_t)rng_below(&rng, 200) * rate.next_s * S;
        int64_t money = rate_price(&rate, talk_us) + (int64_t)rng_below(&rng, 5) - 2;
        if (rate_price(&rate, INT64_C(100000) * S) <= money + 3) {
            continue; /* too cheap to count by steps */
        }
        assert_int_equal(rate_covers_us(&rate, money), covers_by_steps(&rate, money));
    }
}

static void covered_talk_is_paid_and_one_increment_more_is_not(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 12);
    for (int i = 0; i < 200000; i++) {
        struct rate rate = rate_of(1 + (int64_t)(rng_u64(&rng) >> (1 + rng_below(&rng, 62))),
                                   (int64_t)(rng_u64(&rng) >> (1 + rng_below(&rng, 62))),
                                   (uint16_t)(1 + rng_below(&rng, UINT16_MAX)),
                                   (uint16_t)(1 + rng_below(&rng, UINT16_MAX)),
                                   (enum money_rounding)rng_below(&rng, 3));
        int64_t money = (int64_t)(rng_u64(&rng) >> (1 + rng_below(&rng, 62)));
        int64_t talk_us = rate_covers_us(&rate, money);
        if (talk_us == 0) {
            assert_true(rate_price(&rate, 0) > money);
        } else {
            assert_true(rate_price(&rate, talk_us) <= money);
            assert_int_equal(rate_increment_end_us(&rate, talk_us), talk_us);
            bool is_last = talk_us > INT64_MAX - (int64_t)UINT16_MAX * S;
            assert_true(is_last || rate_price(&rate, talk_us + 1) > money);
        }
    }
}

static void money_that_pays_for_ever_says_so(void **state)
{
    (void)state;
    struct rate free_call = rate_free("EUR");
    struct rate fee_only = rate_of(0, 100, 1, 1, MONEY_UP);
    struct rate dearest = rate_of(INT64_MAX, INT64_MAX, UINT16_MAX, UINT16_MAX, MONEY_UP);
    assert_int_equal(rate_covers_us(&free_call, 0), INT64_MAX);
    assert_int_equal(rate_covers_us(&free_call, -1), 0);
    assert_int_equal(rate_covers_us(&fee_only, 99), 0);
    assert_int_equal(rate_covers_us(&fee_only, 100), INT64_MAX);
    assert_int_equal(rate_price(&dearest, INT64_MAX), INT64_MAX);
    assert_int_equal(rate_covers_us(&dearest, INT64_MAX - 1), 0);
    assert_string_equal(free_call.currency, "EUR");
}

static void an_increment_ends_where_the_next_is_not_yet_charged(void **state)
{
    (void)state;
    struct rate rate = rate_of(1, 0, 30, 6, MONEY_UP);
    static const int64_t table[][2] = {{-1, 30 * S},     {0, 30 * S},           {1, 30 * S},
                                       {30 * S, 30 * S}, {30 * S + 1, 36 * S},  {36 * S, 36 * S},
                                       {37 * S, 42 * S}, {INT64_MAX, INT64_MAX}};
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        assert_int_equal(rate_increment_end_us(&rate, table[i][0]), table[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_price_is_whole_increments_and_the_fee),
        cmocka_unit_test(the_rounding_of_the_deck_decides_about_halves),
        cmocka_unit_test(what_money_covers_is_the_exact_inverse_of_the_price),
        cmocka_unit_test(covered_talk_is_paid_and_one_increment_more_is_not),
        cmocka_unit_test(money_that_pays_for_ever_says_so),
        cmocka_unit_test(an_increment_ends_where_the_next_is_not_yet_charged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
