/* The command line taken apart. */
#include "node/args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct args_known known[] = {
    ARG("--max", "COUNT", "rows"),
    ARG("--json", NULL, "JSON"),
    ARG("--listen", "ADDR", "where"),
    ARG(NULL, NULL, NULL),
};

static bool parse(int count, const char *const words[], struct args *args, char error[256])
{
    error[0] = '\0';
    return args_parse(count, (char **)(uintptr_t)words, known, args, error, 256);
}

static void words_and_options_stand_in_any_order(void **state)
{
    (void)state;
    struct args args;
    char error[256];
    assert_true(
        parse(5, (const char *const[]){"acme", "--max", "5", "--json", "25.00"}, &args, error));
    assert_int_equal(args.word_count, 2);
    assert_string_equal(args_word(&args, 0), "acme");
    assert_string_equal(args_word(&args, 1), "25.00");
    assert_null(args_word(&args, 2));
    assert_string_equal(args_value(&args, "--max"), "5");
    assert_true(args_has(&args, "--json"));
    assert_false(args_has(&args, "--listen"));
}

static void a_value_may_follow_an_equals_sign(void **state)
{
    (void)state;
    struct args args;
    char error[256];
    assert_true(parse(1, (const char *const[]){"--max=7"}, &args, error));
    assert_string_equal(args_value(&args, "--max"), "7");
}

static void an_amount_below_zero_is_no_option(void **state)
{
    (void)state;
    struct args args;
    char error[256];
    assert_true(parse(2, (const char *const[]){"-3.50", "-.5"}, &args, error));
    assert_int_equal(args.word_count, 2);
}

static void after_two_dashes_everything_is_a_word(void **state)
{
    (void)state;
    struct args args;
    char error[256];
    assert_true(parse(3, (const char *const[]){"--", "--max", "-x"}, &args, error));
    assert_int_equal(args.word_count, 2);
    assert_int_equal(args.option_count, 0);
}

static void the_last_of_an_option_counts_and_all_are_kept(void **state)
{
    (void)state;
    struct args args;
    char error[256];
    assert_true(parse(4, (const char *const[]){"--listen", "a", "--listen", "b"}, &args, error));
    assert_int_equal(args.option_count, 2);
    assert_string_equal(args_value(&args, "--listen"), "b");
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *words[2];
        int count;
        const char *error;
    } rows[] = {
        {{"--mx", "5"}, 2, "there is no option --mx here: did you mean --max?"},
        {{"--elephant", NULL}, 1, "there is no option --elephant here"},
        {{"-j", NULL}, 1, "there is no option -j here"},
        {{"--max", NULL}, 1, "--max needs a value: --max COUNT"},
        {{"--json=yes", NULL}, 1, "--json takes no value"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct args args = {.word_count = 77};
        char error[256];
        assert_false(parse(rows[i].count, rows[i].words, &args, error));
        assert_string_equal(error, rows[i].error);
        assert_int_equal(args.word_count, 77); /* untouched */
    }
}

static void distance_counts_letters(void **state)
{
    (void)state;
    assert_int_equal(args_distance("account", "account"), 0);
    assert_int_equal(args_distance("acount", "account"), 1);
    assert_int_equal(args_distance("", "abc"), 3);
    assert_int_equal(args_distance("kitten", "sitting"), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_and_options_stand_in_any_order),
        cmocka_unit_test(a_value_may_follow_an_equals_sign),
        cmocka_unit_test(an_amount_below_zero_is_no_option),
        cmocka_unit_test(after_two_dashes_everything_is_a_word),
        cmocka_unit_test(the_last_of_an_option_counts_and_all_are_kept),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(distance_counts_letters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
