#include "base/money.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void amounts_parse_exactly_or_not_at_all(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_money;
        int64_t micro;
    } rows[] = {
        {"12", true, 12000000},
        {"12.34", true, 12340000},
        {"-0.000001", true, -1},
        {"0.000001", true, 1},
        {"0", true, 0},
        {"-0", true, 0},
        {"00012.5", true, 12500000},
        {"1.5000000000", true, 1500000},
        {"1.0000001", false, 0},
        {"9223372036854.775807", true, INT64_MAX},
        {"9223372036854.775808", false, 0},
        {"-9223372036854.775808", true, INT64_MIN},
        {"-9223372036854.775809", false, 0},
        {"99999999999999999999999999", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {".5", false, 0},
        {"5.", false, 0},
        {"1.2.3", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1e3", false, 0},
        {"5O", false, 0},
        {"1,5", false, 0},
        {"--1", false, 0},
        {"1.-5", false, 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        int64_t micro = 4711;
        bool is_money = money_parse(slice_from_text(rows[i].text), &micro);
        assert_int_equal(is_money, rows[i].is_money);
        assert_true(micro == (is_money ? rows[i].micro : 4711));
    }
}

static void rates_have_nine_decimals(void **state)
{
    (void)state;
    int64_t nano = 0;
    assert_true(money_parse_nano(SLICE("0.000000001"), &nano));
    assert_true(nano == 1);
    assert_true(money_parse_nano(SLICE("0.0125"), &nano));
    assert_true(nano == 12500000);
    assert_false(money_parse_nano(SLICE("0.0000000001"), &nano));
    assert_false(money_parse_nano(SLICE("9223372036.854775808"), &nano));
}

static void amounts_are_written_as_people_and_programs_want_them(void **state)
{
    (void)state;
    static const struct {
        int64_t micro;
        const char *full;
        const char *brief;
    } rows[] = {
        {12340000, "12.340000", "12.34"},
        {12500, "0.012500", "0.0125"},
        {0, "0.000000", "0.00"},
        {-1, "-0.000001", "-0.000001"},
        {-20000000, "-20.000000", "-20.00"},
        {INT64_MAX, "9223372036854.775807", "9223372036854.775807"},
        {INT64_MIN, "-9223372036854.775808", "-9223372036854.775808"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char data[MONEY_TEXT_SIZE];
        struct buf buf;
        buf_init(&buf, data, sizeof(data));
        money_write(&buf, rows[i].micro);
        assert_true(slice_equal(buf_done(&buf), slice_from_text(rows[i].full)));
        assert_string_equal(money_text(data, rows[i].micro), rows[i].brief);
    }
    char data[MONEY_TEXT_SIZE];
    struct buf buf;
    buf_init(&buf, data, sizeof(data));
    money_write_nano(&buf, -12500001);
    assert_true(slice_equal(buf_done(&buf), SLICE("-0.012500001")));
}

static void what_is_written_parses_back_to_the_same_amount(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 1);
    for (int i = 0; i < 10000; i++) {
        int64_t micro = (int64_t)rng_u64(&rng) >> rng_below(&rng, 63);
        int64_t back = 0;
        char text[MONEY_TEXT_SIZE];
        assert_true(money_parse(slice_from_text(money_text(text, micro)), &back));
        assert_true(back == micro);
    }
}

static void sums_do_not_wrap(void **state)
{
    (void)state;
    int64_t sum = 4711;
    assert_false(money_add(INT64_MAX, 1, &sum));
    assert_false(money_add(INT64_MIN, -1, &sum));
    assert_true(sum == 4711);
    assert_true(money_add(INT64_MAX, INT64_MIN, &sum));
    assert_true(sum == -1);
    assert_true(money_add_clamped(INT64_MAX, 1) == INT64_MAX);
    assert_true(money_add_clamped(INT64_MIN, -1) == INT64_MIN);
    assert_true(money_add_clamped(2, 3) == 5);
}

static void quotients_are_rounded_by_the_rule(void **state)
{
    (void)state;
    static const struct {
        int64_t value, numerator, denominator;
        int64_t half_up, half_even, up;
    } rows[] = {
        {5, 1, 2, 3, 2, 3},
        {7, 1, 2, 4, 4, 4},
        {-5, 1, 2, -3, -2, -3},
        {5, -1, 2, -3, -2, -3},
        {-5, -1, 2, 3, 2, 3},
        {1, 1, 3, 0, 0, 1},
        {2, 1, 3, 1, 1, 1},
        {6, 1, 3, 2, 2, 2},
        {0, 5, 3, 0, 0, 0},
        {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX},
        {INT64_MAX, 2, 1, INT64_MAX, INT64_MAX, INT64_MAX},
        {INT64_MIN, 2, 1, INT64_MIN, INT64_MIN, INT64_MIN},
        {INT64_MIN, INT64_MIN, 1, INT64_MAX, INT64_MAX, INT64_MAX},
        {INT64_MIN, 1, 1, INT64_MIN, INT64_MIN, INT64_MIN},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        int64_t v = rows[i].value, n = rows[i].numerator, d = rows[i].denominator;
        assert_true(money_mul_div(v, n, d, MONEY_HALF_UP) == rows[i].half_up);
        assert_true(money_mul_div(v, n, d, MONEY_HALF_EVEN) == rows[i].half_even);
        assert_true(money_mul_div(v, n, d, MONEY_UP) == rows[i].up);
    }
}

static void rounding_rules_have_names(void **state)
{
    (void)state;
    enum money_rounding rounding = MONEY_HALF_UP;
    assert_true(money_rounding_parse(SLICE("half-even"), &rounding));
    assert_int_equal(rounding, MONEY_HALF_EVEN);
    assert_true(money_rounding_parse(SLICE("up"), &rounding));
    assert_int_equal(rounding, MONEY_UP);
    assert_false(money_rounding_parse(SLICE("down"), &rounding));
    assert_int_equal(rounding, MONEY_UP);
    assert_string_equal(money_rounding_name(MONEY_HALF_UP), "half-up");
}

static void the_same_seed_draws_the_same_numbers(void **state)
{
    (void)state;
    struct rng a, b, c;
    rng_init(&a, 7);
    rng_init(&b, 7);
    rng_init(&c, 8);
    bool is_different = false;
    for (int i = 0; i < 1000; i++) {
        uint64_t drawn = rng_u64(&a);
        assert_true(drawn == rng_u64(&b));
        is_different = is_different || drawn != rng_u64(&c);
    }
    assert_true(is_different);
}

static void draws_below_a_limit_are_even(void **state)
{
    (void)state;
    struct rng rng;
    unsigned seen[6] = {0};
    rng_init(&rng, 0);
    for (int i = 0; i < 60000; i++) {
        seen[rng_below(&rng, 6)]++;
    }
    for (size_t i = 0; i < ARRAY_COUNT(seen); i++) {
        assert_in_range(seen[i], 9500, 10500);
    }
    assert_int_equal(rng_below(&rng, 1), 0);
    unsigned hits = 0;
    for (int i = 0; i < 10000; i++) {
        hits += rng_chance(&rng, 100000) ? 1U : 0U;
        assert_false(rng_chance(&rng, 0));
        assert_true(rng_chance(&rng, 1000000));
    }
    assert_in_range(hits, 850, 1150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amounts_parse_exactly_or_not_at_all),
        cmocka_unit_test(rates_have_nine_decimals),
        cmocka_unit_test(amounts_are_written_as_people_and_programs_want_them),
        cmocka_unit_test(what_is_written_parses_back_to_the_same_amount),
        cmocka_unit_test(sums_do_not_wrap),
        cmocka_unit_test(quotients_are_rounded_by_the_rule),
        cmocka_unit_test(rounding_rules_have_names),
        cmocka_unit_test(the_same_seed_draws_the_same_numbers),
        cmocka_unit_test(draws_below_a_limit_are_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
