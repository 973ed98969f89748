/* What is reported before a version of a deck is made live. */
#include "rating/deck_diff.h"
#include "rating/deck_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TOLD_MAX 64

struct told {
    char text[TOLD_MAX][32];
    int count;
};

static struct deck *deck_of(const char *csv, enum deck_kind kind, struct deck_build *build)
{
    const struct deck_terms terms = {.id = 1, .version = 1, .currency = "EUR", .kind = kind};
    if (!deck_compile(slice_from_text(csv), &terms, build)) {
        fail_msg("line %u: %s", build->problems[0].line, build->problems[0].text);
    }
    struct deck *deck = deck_open(build->object, build->object_size);
    assert_non_null(deck);
    return deck;
}

static void tell(void *ctx, const struct deck_difference *difference)
{
    struct told *told = ctx;
    assert_in_range(told->count, 0, TOLD_MAX - 1);
    snprintf(told->text[told->count++], sizeof(told->text[0]), SLICE_FMT " %s",
             SLICE_ARG(difference->digits), deck_change_name(difference->change));
}

/* Compares two decks; `says` is each change in its order, parted by commas. */
static void compare(const char *before_csv, const char *after_csv, enum deck_kind kind,
                    int64_t wall_s, const char *says)
{
    static struct deck_build builds[2];
    struct told told = {.count = 0};
    struct deck *before = before_csv == NULL ? NULL : deck_of(before_csv, kind, &builds[0]);
    struct deck *after = deck_of(after_csv, kind, &builds[1]);
    struct deck_diff diff = {
        .before = before, .after = after, .wall_s = wall_s, .tell = tell, .ctx = &told};
    deck_compare(&diff);
    char all[TOLD_MAX * 32] = "";
    uint32_t count = 0;
    for (int i = 0; i < told.count; i++) {
        snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i > 0 ? "," : "",
                 told.text[i]);
    }
    for (int i = DECK_SAME + 1; i < DECK_CHANGE_COUNT; i++) {
        count += diff.counts[i];
    }
    assert_int_equal(count, told.count);
    assert_string_equal(all, says);
    deck_close(before);
    deck_close(after);
    deck_build_done(&builds[0]);
    deck_build_done(&builds[1]);
}

static void up_down_new_and_gone_are_told_by_prefix(void **state)
{
    (void)state;
    compare("prefix,rate\n49,1\n44,1\n43,1\n41,1\n", "prefix,rate\n49,2\n44,0.5\n43,1\n33,1\n",
            DECK_CALLS, 0, "33 new,44 down,49 up,41 gone");
    compare(NULL, "prefix,rate\n49,2\n", DECK_CALLS, 0, "49 new");
    compare("prefix,rate,description\n49,1,a\n", "prefix,rate,description\n49,1,b\n", DECK_CALLS, 0,
            "");
}

static void what_a_shorter_prefix_gives_is_what_a_prefix_costs(void **state)
{
    (void)state;
    /* The same price under another prefix is no change; a lost longer one may be. */
    compare("prefix,rate\n49,1\n", "prefix,rate\n49,1\n4930,1\n4940,3\n", DECK_CALLS, 0, "4940 up");
    compare("prefix,rate\n49,1\n4930,5\n4931,1\n", "prefix,rate\n49,1\n", DECK_CALLS, 0,
            "4930 down");
}

static void other_increments_and_fees_change_the_price_too(void **state)
{
    (void)state;
    static const char columns[] = "prefix,rate,connection_fee,first_increment,next_increment,"
                                  "minimum_charge,free_seconds,steps\n";
    static const struct {
        const char *before, *after, *says;
    } table[] = {
        {"49,1,,1,1,,,\n", "49,1,,60,60,,,\n", "49 up"},
        {"49,1,,60,60,,,\n", "49,1,,60,1,,,\n", "49 down"},
        {"49,1,,60,60,,,\n", "49,1.2,,1,1,,,\n", "49 mixed"},
        {"49,1,,1,1,,,\n", "49,1,0.1,1,1,,,\n", "49 up"},
        {"49,1,,1,1,,,\n", "49,1,,1,1,0.5,,\n", "49 up"},
        {"49,1,,1,1,,,\n", "49,1,,1,1,,30,\n", "49 down"},
        {"49,1,,1,1,,,\n", "49,1,,1,1,,,3600:2\n", "49 up"},
        {"49,1,,1,1,,,\n", "49,1,,1,1,,,600:1\n", ""},
    };
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        char before[256], after[256];
        snprintf(before, sizeof(before), "%s%s", columns, table[i].before);
        snprintf(after, sizeof(after), "%s%s", columns, table[i].after);
        compare(before, after, DECK_CALLS, 0, table[i].says);
    }
}

/* The accident of uploading next month's rows alone. */
static void rows_that_have_not_begun_do_not_hide_what_is_lost_today(void **state)
{
    (void)state;
    int64_t begins_s = 0;
    assert_true(deck_time_parse(SLICE("2027-01-01"), &begins_s));
    static const char before[] = "prefix,rate\n49,1\n";
    static const char after[] = "prefix,rate,effective\n49,2,2027-01-01\n";
    compare(before, after, DECK_CALLS, begins_s - 1, "49 gone");
    compare(before, after, DECK_CALLS, begins_s, "49 up");
    static struct deck_build build;
    struct deck *deck = deck_of(after, DECK_CALLS, &build);
    assert_true(deck_next_date(deck, 0) == begins_s);
    assert_true(deck_next_date(deck, begins_s) == INT64_MAX);
    deck_close(deck);
    deck_build_done(&build);
}

static void each_hour_that_a_window_tells_apart_is_compared(void **state)
{
    (void)state;
    static const char flat[] = "prefix,rate\n49,1\n";
    compare(flat, "prefix,rate,window\n49,1,\n49,2,mon 08:00-09:00\n", DECK_CALLS, 0, "49 up");
    compare(flat, "prefix,rate,window\n49,1,\n49,0.5,sun\n", DECK_CALLS, 0, "49 down");
    compare(flat, "prefix,rate,window\n49,2,mon-fri\n49,0.5,sat-sun\n", DECK_CALLS, 0, "49 mixed");
    compare(flat, "prefix,rate,window\n49,1,mon-fri\n49,1,sat-sun\n", DECK_CALLS, 0, "");
    compare(flat, "prefix,rate,window\n49,1,mon-fri\n", DECK_CALLS, 0, "49 mixed");
}

static void networks_are_compared_as_prefixes_are(void **state)
{
    (void)state;
    compare("mcc,mnc,rate,minimum_charge\n262,01,0.05,\n262,02,0.05,\n262,03,0.05,0.06\n",
            "mcc,mnc,rate,minimum_charge\n262,01,0.06,\n262,,0.05,\n262,03,0.06,0.06\n",
            DECK_MESSAGES, 0, "0262 new,0262201 up,0262203 up");
}

static void an_old_call_is_priced_again_in_the_hours_of_its_day(void **state)
{
    (void)state;
    static struct deck_build build;
    struct deck *deck = deck_of("prefix,rate,effective,window\n49,1,,\n49,3,2027-01-01,\n"
                                "49,6,2027-01-01,sun\n",
                                DECK_CALLS, &build);
    int64_t begins_s = 0, monday_s = 0, sunday_s = 0, micro = 0;
    assert_true(deck_time_parse(SLICE("2027-01-01"), &begins_s));
    assert_true(deck_time_parse(SLICE("2026-11-23T12:00:00Z"), &monday_s));
    assert_true(deck_time_parse(SLICE("2026-11-22T12:00:00Z"), &sunday_s));
    const struct {
        int64_t wall_s, call_s, from_us, to_us, micro;
    } table[] = {
        {monday_s, monday_s, 0, 60000000, 1000000},
        {begins_s, monday_s, 0, 60000000, 3000000},
        {begins_s, sunday_s, 0, 60000000, 6000000},
        {begins_s, sunday_s, 60000000, 120000000, 6000000}, /* the second hour's part of a call */
    };
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        assert_true(deck_price_again(deck, SLICE("4930"), table[i].wall_s, table[i].call_s,
                                     table[i].from_us, table[i].to_us, &micro));
        assert_int_equal(micro, table[i].micro);
    }
    assert_false(deck_price_again(deck, SLICE("44"), begins_s, begins_s, 0, 1, &micro));
    deck_close(deck);
    deck_build_done(&build);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(up_down_new_and_gone_are_told_by_prefix),
        cmocka_unit_test(what_a_shorter_prefix_gives_is_what_a_prefix_costs),
        cmocka_unit_test(other_increments_and_fees_change_the_price_too),
        cmocka_unit_test(rows_that_have_not_begun_do_not_hide_what_is_lost_today),
        cmocka_unit_test(each_hour_that_a_window_tells_apart_is_compared),
        cmocka_unit_test(networks_are_compared_as_prefixes_are),
        cmocka_unit_test(an_old_call_is_priced_again_in_the_hours_of_its_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
