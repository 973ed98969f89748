/* The arithmetic of rates against a model that is too slow and too plain to be wrong: it bills one
 * second after the other, and tries one length of talk after the other. */
#include "base/rng.h"
#include "rating/rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define S INT64_C(1000000)
#define PARTS INT64_C(60000) /* of a micro-unit: nano a minute x seconds */

static int64_t model_seconds(const struct rate *rate, int64_t talk_us)
{
    int64_t billed_s = rate->first_s;
    while (billed_s * S < talk_us) {
        billed_s += rate->next_s;
    }
    return billed_s;
}

static int64_t model_second(const struct rate *rate, int64_t second)
{
    int64_t nano = rate->nano_per_min;
    for (int i = 0; i < rate->step_count; i++) {
        nano = second >= (int64_t)rate->step_from_s[i] ? rate->step_nano[i] : nano;
    }
    return second < rate->free_s ? 0 : nano;
}

/* In parts, before the rounding; fee and minimum are not in it. */
static int64_t model_talk(const struct rate *rate, int64_t talk_us)
{
    int64_t parts = 0;
    int64_t billed_s = model_seconds(rate, talk_us);
    for (int64_t second = 0; second < billed_s; second++) {
        parts += model_second(rate, second);
    }
    return parts;
}

static int64_t model_price(const struct rate *rate, int64_t talk_us)
{
    int64_t parts = model_talk(rate, talk_us);
    int64_t micro = parts / PARTS;
    int64_t rest = parts - micro * PARTS;
    bool is_half = rest * 2 == PARTS;
    switch ((enum money_rounding)rate->rounding) {
    case MONEY_UP:
        micro += rest > 0;
        break;
    case MONEY_HALF_UP:
        micro += is_half || rest * 2 > PARTS;
        break;
    case MONEY_HALF_EVEN:
        micro += (is_half && micro % 2 == 1) || rest * 2 > PARTS;
        break;
    }
    micro += rate->fee_micro;
    return micro < rate->minimum_micro ? rate->minimum_micro : micro;
}

static int64_t model_exact(const struct rate *rate, int64_t talk_us)
{
    int64_t sum = model_talk(rate, talk_us) + rate->fee_micro * PARTS;
    int64_t least = rate->minimum_micro * PARTS;
    return sum < least ? least : sum;
}

/* Few different values, so that rates meet, are equal, and have prices on a half. */
static struct rate random_rate(struct rng *rng, int64_t unit)
{
    static const uint16_t increments[] = {1, 1, 6, 7, 10, 30, 60};
    struct rate rate = {.nano_per_min = (int64_t)rng_below(rng, 40) * unit,
                        .fee_micro = rng_chance(rng, 300000) ? (int64_t)rng_below(rng, 300) : 0,
                        .first_s = increments[rng_below(rng, ARRAY_COUNT(increments))],
                        .next_s = increments[rng_below(rng, ARRAY_COUNT(increments))],
                        .rounding = (uint8_t)rng_below(rng, 3)};
    rate.minimum_micro = rng_chance(rng, 300000) ? (int64_t)rng_below(rng, 40) : 0;
    rate.free_s = rng_chance(rng, 300000) ? (uint16_t)rng_below(rng, 90) : 0;
    rate.step_count = rng_chance(rng, 500000) ? (uint8_t)rng_below(rng, RATE_STEPS_MAX + 1) : 0;
    uint32_t from_s = 0;
    for (int i = 0; i < rate.step_count; i++) {
        from_s += 1 + (uint32_t)rng_below(rng, 100);
        rate.step_from_s[i] = from_s;
        rate.step_nano[i] = (int64_t)rng_below(rng, 40) * unit;
    }
    return rate;
}

static void a_price_is_what_second_after_second_adds_up_to(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 41);
    for (int i = 0; i < 20000; i++) {
        struct rate rate = random_rate(&rng, 500);
        int64_t talk_us = (int64_t)rng_below(&rng, 400) * S + (int64_t)rng_below(&rng, 3) - 1;
        talk_us = talk_us < 0 ? 0 : talk_us;
        assert_int_equal(rate_price(&rate, talk_us), model_price(&rate, talk_us));
    }
}

static void what_money_covers_is_the_longest_talk_that_it_pays(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 42);
    for (int i = 0; i < 20000; i++) {
        struct rate rate = random_rate(&rng, 500);
        int64_t money =
            model_price(&rate, (int64_t)rng_below(&rng, 400) * S) + (int64_t)rng_below(&rng, 3) - 1;
        int64_t covers_us = rate_covers_us(&rate, money);
        if (covers_us == 0) {
            assert_true(model_price(&rate, 0) > money);
        } else if (covers_us == INT64_MAX) {
            assert_int_equal(model_second(&rate, 1000000), 0);
            assert_true(model_price(&rate, 2000 * S) <= money);
        } else if (covers_us < 3000 * S) {
            assert_true(model_price(&rate, covers_us) <= money);
            assert_true(model_price(&rate, covers_us + 1) > money);
            assert_int_equal(rate_increment_end_us(&rate, covers_us), covers_us);
        }
    }
}

/* Looks at each increment of both for half an hour, which is longer than any pattern here: the
 * slowest rate reaches the highest minimum after 1,200 seconds. */
static bool model_is_dearer(const struct rate *cost, const struct rate *price)
{
    for (int64_t second = 0; second < 1800; second++) {
        if (model_exact(cost, second * S) > model_exact(price, second * S) ||
            model_exact(cost, second * S + 1) > model_exact(price, second * S + 1)) {
            return true;
        }
    }
    return model_second(cost, 1000000) > model_second(price, 1000000);
}

static void the_margin_is_lost_where_some_call_costs_more_than_it_sells_for(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 43);
    int dearer_count = 0;
    int same_slope_count = 0;
    for (int i = 0; i < 200; i++) {
        struct rate cost = random_rate(&rng, 2000);
        struct rate price = random_rate(&rng, 2000);
        /* Most pairs would be decided by the price of a minute alone. */
        price.nano_per_min += (int64_t)rng_below(&rng, 3) * 20000;
        if (rng_chance(&rng, 400000)) {
            price.nano_per_min = cost.nano_per_min;
            price.step_count = cost.step_count;
            for (int step = 0; step < RATE_STEPS_MAX; step++) {
                price.step_nano[step] = cost.step_nano[step];
                price.step_from_s[step] = cost.step_from_s[step];
            }
            same_slope_count++;
        }
        bool is_dearer = model_is_dearer(&cost, &price);
        assert_int_equal(rate_is_dearer(&cost, &price), is_dearer);
        dearer_count += is_dearer;
    }
    assert_in_range(dearer_count, 30, 170);
    assert_true(same_slope_count > 30);
}

static void a_message_costs_its_segments_and_at_least_one(void **state)
{
    (void)state;
    struct rate rate = {.nano_per_min = 45500500, .rounding = MONEY_HALF_UP};
    assert_int_equal(rate_price_message(&rate, 0), 45501);
    assert_int_equal(rate_price_message(&rate, 1), 45501);
    assert_int_equal(rate_price_message(&rate, 3), 136502);
    rate.rounding = MONEY_HALF_EVEN;
    assert_int_equal(rate_price_message(&rate, 1), 45500);
    rate.minimum_micro = 100000;
    assert_int_equal(rate_price_message(&rate, 1), 100000);
    assert_int_equal(rate_price_message(&rate, 3), 136502);
    rate.nano_per_min = INT64_MAX;
    assert_int_equal(rate_price_message(&rate, UINT32_MAX), INT64_MAX);
}

static void a_rate_comes_back_from_its_record_whole(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 44);
    for (int i = 0; i < 200; i++) {
        struct rate rate = random_rate(&rng, 500);
        rate.at_s = 1800000000 + i;
        rate.deck_id = 7;
        rate.deck_version = 9;
        memcpy(rate.prefix, "4930", 5);
        memcpy(rate.currency, "EUR", 4);
        char block[256];
        struct buf out;
        buf_init(&out, block, sizeof(block));
        rate_encode(&out, &rate);
        struct wire_reader in = {.rest = buf_done(&out)};
        struct rate again;
        memset(&again, 0xa5, sizeof(again));
        rate_decode(&in, &again);
        assert_false(in.is_bad);
        assert_int_equal(in.rest.size, 0);
        assert_string_equal(again.prefix, "4930");
        assert_int_equal(again.at_s, rate.at_s);
        assert_int_equal(again.minimum_micro, rate.minimum_micro);
        assert_int_equal(again.free_s, rate.free_s);
        assert_int_equal(again.step_count, rate.step_count);
        for (int64_t second = 0; second < 400; second += 13) {
            assert_int_equal(rate_price(&again, second * S), rate_price(&rate, second * S));
        }
        for (size_t size = 0; size < out.size; size++) {
            struct wire_reader cut = {.rest = slice_make(block, size)};
            rate_decode(&cut, &again);
            assert_true(cut.is_bad);
        }
    }
}

/* As a record of the first format has it: nothing behind the currency. */
static void a_rate_of_an_older_record_is_read_as_it_was(void **state)
{
    (void)state;
    char block[256];
    struct buf out;
    buf_init(&out, block, sizeof(block));
    wire_put_i64(&out, 60000000);
    wire_put_i64(&out, 150000);
    wire_put_u16(&out, 30);
    wire_put_u16(&out, 6);
    wire_put_u8(&out, MONEY_UP);
    wire_put_u32(&out, 3);
    wire_put_u32(&out, 4);
    wire_put_slice(&out, SLICE("49"));
    wire_put_slice(&out, SLICE("EUR"));
    wire_put_u64(&out, 77); /* the next field of the record */
    struct wire_reader in = {.rest = buf_done(&out)};
    struct rate rate;
    rate_decode(&in, &rate);
    assert_false(in.is_bad);
    assert_int_equal(wire_get_u64(&in), 77);
    assert_int_equal(rate_price(&rate, 31 * S), 150000 + 36000);
    assert_int_equal(rate.at_s, 0);
}

static void steps_that_do_not_rise_are_a_damaged_record(void **state)
{
    (void)state;
    struct rate rate = {.first_s = 1, .next_s = 1, .step_count = 2, .step_from_s = {60, 60}};
    char block[256];
    struct buf out;
    buf_init(&out, block, sizeof(block));
    rate_encode(&out, &rate);
    struct wire_reader in = {.rest = buf_done(&out)};
    rate_decode(&in, &rate);
    assert_true(in.is_bad);
}

static void a_rate_is_free_only_if_no_second_of_it_costs(void **state)
{
    (void)state;
    struct rate rate = rate_free("EUR");
    assert_true(rate_is_free(&rate));
    rate.minimum_micro = 1;
    assert_false(rate_is_free(&rate));
    rate.minimum_micro = 0;
    rate.step_count = 1;
    rate.step_from_s[0] = 3600;
    rate.step_nano[0] = 1;
    assert_false(rate_is_free(&rate));
    assert_int_equal(rate_highest_nano(&rate), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_price_is_what_second_after_second_adds_up_to),
        cmocka_unit_test(what_money_covers_is_the_longest_talk_that_it_pays),
        cmocka_unit_test(the_margin_is_lost_where_some_call_costs_more_than_it_sells_for),
        cmocka_unit_test(a_message_costs_its_segments_and_at_least_one),
        cmocka_unit_test(a_rate_comes_back_from_its_record_whole),
        cmocka_unit_test(a_rate_of_an_older_record_is_read_as_it_was),
        cmocka_unit_test(steps_that_do_not_rise_are_a_damaged_record),
        cmocka_unit_test(a_rate_is_free_only_if_no_second_of_it_costs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
