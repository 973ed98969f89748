#include "rating/deck.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COLUMNS "prefix,description,rate,connection_fee,first_increment,next_increment,effective\n"

static const struct deck_terms terms = {.id = 4, .version = 9, .currency = "EUR"};
static struct deck_build build;

static bool compile(const char *csv)
{
    return deck_compile(slice_from_text(csv), &terms, &build);
}

static void each_bad_row_is_named_by_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *csv;
        uint32_t line;
        const char *says;
    } table[] = {
        {COLUMNS "49,Germany,0.01,0,1,1,\n+44,UK,0.01,0,1,1,\n", 3, "prefix \"+44\""},
        {COLUMNS "4a,Germany,0.01,0,1,1,\n", 2, "1 to 15 digits"},
        {COLUMNS ",Germany,0.01,0,1,1,\n", 2, "prefix \"\""},
        {COLUMNS "1234567890123456,Far,0.01,0,1,1,\n", 2, "1 to 15 digits"},
        {COLUMNS "49,Germany,cheap,0,1,1,\n", 2, "rate \"cheap\""},
        {COLUMNS "49,Germany,,0,1,1,\n", 2, "rate \"\""},
        {COLUMNS "49,Germany,-0.01,0,1,1,\n", 2, "must not be negative"},
        {COLUMNS "49,Germany,0.0000000001,0,1,1,\n", 2, "at most 9 decimals"},
        {COLUMNS "49,Germany,99999999999,0,1,1,\n", 2, "rate"},
        {COLUMNS "49,Germany,0.01,-1,1,1,\n", 2, "connection_fee"},
        {COLUMNS "49,Germany,0.01,0.0000001,1,1,\n", 2, "at most 6 decimals"},
        {COLUMNS "49,Germany,0.01,0,0,1,\n", 2, "first_increment \"0\""},
        {COLUMNS "49,Germany,0.01,0,1,65536,\n", 2, "next_increment \"65536\""},
        {COLUMNS "49,Germany,0.01,0,1,1,2025-02-29\n", 2, "effective \"2025-02-29\""},
        {COLUMNS "49,Germany,0.01,0,1,1,2025-13-01\n", 2, "effective"},
        {COLUMNS "49,Germany,0.01,0,1,1,01.02.2025\n", 2, "effective"},
        {COLUMNS "49,Germany,0.01,0,1,1,2025-01-01T10:00:00\n", 2, "effective"},
        {COLUMNS "49,Germany,0.01,0,1,1,2025-01-01T24:00:00Z\n", 2, "effective"},
        {COLUMNS "49,a,0.01,0,1,1,\n44,b,1,0,1,1,\n49,c,0.02,0,1,1,\n", 4, "in line 2"},
        {COLUMNS "49,a,1,0,1,1,2025-01-01\n49,c,2,0,1,1,2025-01-01T00:00:00Z\n", 3, "in line 2"},
        {COLUMNS "49,Germany,0.01\n", 2, "has 3 columns where the header has 7"},
        {COLUMNS "49,Germany, Berlin,0.01,0,1,1,\n", 2, "has 8 columns"},
        {COLUMNS "49,\"Germany,0.01,0,1,1,\n", 2, "quoted field"},
        {COLUMNS "49,\"Germany\" Berlin,0.01,0,1,1,\n", 2, "quoted field"},
        {COLUMNS "49,\"a\nb\",0.01,0,1,1,\n48,x,y,0,1,1,\n", 4, "rate \"y\""},
        {"prefix,price\n49,1\n", 1, "column \"price\""},
        {"prefix,description\n49,Germany\n", 1, "column \"rate\" is missing"},
        {"rate,description\n1,Germany\n", 1, "column \"prefix\" is missing"},
        {"prefix,rate,rate\n49,1,1\n", 1, "stands twice"},
        {"prefix,rate\n", 1, "no row"},
        {"prefix,rate,minimum_charge\n49,1,-1\n", 2, "minimum_charge \"-1\""},
        {"prefix,rate,free_seconds\n49,1,70000\n", 2, "free_seconds \"70000\""},
        {"prefix,rate,steps\n49,1,60\n", 2, "steps \"60\""},
        {"prefix,rate,steps\n49,1,60:0.5;60:0.4\n", 2, "rising"},
        {"prefix,rate,steps\n49,1,0:0.5\n", 2, "rising"},
        {"prefix,rate,steps\n49,1,1:1;2:1;3:1;4:1\n", 2, "at most 3"},
        {"prefix,rate,steps\n49,1,60:-0.5\n", 2, "steps"},
        {"prefix,rate,window\n49,1,someday\n", 2, "window \"someday\""},
        {"prefix,rate,window\n49,1,mon\n49,2,sun-mon 23:00-24:00\n", 3, "in line 2"},
        {"prefix,rate,window\n49,1,\n49,2,sun\n49,3,\n", 4, "in line 2"},
        {"prefix,rate,mcc\n49,1,\n", 1, "not for a deck of prices of calls"},
        {"", 1, "empty"},
        {"\n\n", 1, "empty"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        assert_false(compile(table[i].csv));
        assert_null(build.object);
        bool is_named = false;
        for (uint32_t p = 0; p < build.problem_count; p++) {
            is_named = is_named || (build.problems[p].line == table[i].line &&
                                    strstr(build.problems[p].text, table[i].says) != NULL);
        }
        if (!is_named) {
            fail_msg("row %zu: line %u says \"%s\", not \"%s\"", i, build.problems[0].line,
                     build.problems[0].text, table[i].says);
        }
    }
}

static void each_bad_row_of_a_message_deck_is_named_by_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *csv;
        uint32_t line;
        const char *says;
    } table[] = {
        {"mcc,mnc,rate\n262,01,0.05\n26,01,0.05\n", 3, "mcc \"26\""},
        {"mcc,mnc,rate\n262,1,0.05\n", 2, "mnc \"1\""},
        {"mcc,mnc,rate\n,01,0.05\n", 2, "mcc \"\""},
        {"prefix,mcc,mnc,rate\n49,262,01,0.05\n", 2, "not both"},
        {"prefix,mcc,rate\n049,,0.05\n", 2, "not 0"},
        {"prefix,mcc,rate\n,,0.05\n", 2, "prefix \"\""},
        {"mcc,mnc,rate\n262,01,0.05\n262,01,0.06\n", 3, "in line 2"},
        {"mcc,rate,first_increment\n262,1,60\n", 1, "not for a deck of prices of messages"},
        {"mnc,rate\n01,1\n", 1, "column \"mcc\" is missing"},
    };
    const struct deck_terms messages = {.id = 4, .currency = "EUR", .kind = DECK_MESSAGES};
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        assert_false(deck_compile(slice_from_text(table[i].csv), &messages, &build));
        if (build.problems[0].line != table[i].line ||
            strstr(build.problems[0].text, table[i].says) == NULL) {
            fail_msg("row %zu: line %u says \"%s\", not \"%s\"", i, build.problems[0].line,
                     build.problems[0].text, table[i].says);
        }
    }
}

static void more_rows_of_one_date_than_a_look_up_walks_are_refused(void **state)
{
    (void)state;
    static char csv[4096];
    size_t size = (size_t)sprintf(csv, "prefix,rate,window\n");
    for (int i = 0; i <= DECK_WINDOWS_MAX; i++) {
        size += (size_t)sprintf(csv + size, "49,1,mon %02d:00-%02d:30\n", i, i);
    }
    assert_false(compile(csv));
    assert_int_equal(build.problem_count, 1);
    assert_int_equal(build.problems[0].line, DECK_WINDOWS_MAX + 2);
    assert_non_null(strstr(build.problems[0].text, "more than 16 rows"));
}

static void all_problems_are_counted_and_the_first_hundred_kept(void **state)
{
    (void)state;
    static char csv[16384];
    size_t size = (size_t)sprintf(csv, "prefix,rate\n");
    for (int i = 0; i < 150; i++) {
        size += (size_t)sprintf(csv + size, "%d,none\n", i);
    }
    assert_false(compile(csv));
    assert_int_equal(build.problem_count, 150);
    assert_int_equal(build.problems[DECK_PROBLEMS_MAX - 1].line, 101);
}

/* What a spreadsheet writes is taken as it is. */
static void line_ends_quotes_spaces_and_a_byte_order_mark_are_accepted(void **state)
{
    (void)state;
    assert_true(compile("\xef\xbb\xbfPrefix, Rate ,Description,effective\r\n"
                        "\"49\",\"0.02\",\"Germany, \"\"all\"\"\",2025-01-01\r\n"
                        "\r\n"
                        " 44 , 0.03 ,  UK  ,2025-01-01T01:00:00+01:00"));
    struct deck *deck = deck_open(build.object, build.object_size);
    assert_non_null(deck);
    struct rate rate;
    int64_t day_s = INT64_C(1735689600); /* 2025-01-01T00:00:00Z */
    assert_int_equal(deck_lookup(deck, SLICE("4930"), day_s, &rate).is, TRI_PRESENT);
    assert_int_equal(rate.nano_per_min, 20000000);
    assert_int_equal(rate.first_s, 1);
    assert_int_equal(rate.next_s, 1);
    assert_true(
        slice_equal(deck_description(deck, SLICE("4930"), day_s), SLICE("Germany, \"all\"")));
    assert_true(slice_equal(deck_description(deck, SLICE("44"), day_s), SLICE("UK")));
    assert_int_equal(deck_lookup(deck, SLICE("44"), day_s - 1, &rate).is, TRI_ABSENT);
    deck_close(deck);
    deck_build_done(&build);
}

static void the_sample_deck_compiles_and_comes_back_as_it_was(void **state)
{
    (void)state;
    static char csv[8192];
    static char written[8192];
    char path[512];
    snprintf(path, sizeof(path), "%.*s/../data/deck-small.csv",
             (int)(strrchr(__FILE__, '/') - __FILE__), __FILE__);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t size = fread(csv, 1, sizeof(csv), file);
    fclose(file);
    assert_true(deck_compile(slice_make(csv, size), &terms, &build));
    assert_int_equal(build.row_count, 13);
    assert_int_equal(build.prefix_count, 12);
    struct deck *deck = deck_open(build.object, build.object_size);
    assert_non_null(deck);
    struct buf out;
    buf_init(&out, written, sizeof(written));
    assert_true(deck_write_csv(deck, &out));
    deck_close(deck);
    deck_build_done(&build);

    /* Compiled again it is written in the same way: nothing was lost. */
    static char again[8192];
    assert_true(deck_compile(buf_done(&out), &terms, &build));
    deck = deck_open(build.object, build.object_size);
    assert_non_null(deck);
    struct buf out_again;
    buf_init(&out_again, again, sizeof(again));
    assert_true(deck_write_csv(deck, &out_again));
    assert_true(slice_equal(buf_done(&out), buf_done(&out_again)));
    assert_non_null(strstr(written, "49900,\"Germany \"\"premium\"\"\",1.20,0.25,60,60,\n"));
    assert_non_null(strstr(written, "8835,International networks,3.50,0.10,60,60,"
                                    "2025-06-01T12:00:00Z\n"));
    struct buf small;
    buf_init(&small, again, 100);
    assert_false(deck_write_csv(deck, &small));
    deck_close(deck);
    deck_build_done(&build);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_bad_row_is_named_by_its_line),
        cmocka_unit_test(each_bad_row_of_a_message_deck_is_named_by_its_line),
        cmocka_unit_test(more_rows_of_one_date_than_a_look_up_walks_are_refused),
        cmocka_unit_test(all_problems_are_counted_and_the_first_hundred_kept),
        cmocka_unit_test(line_ends_quotes_spaces_and_a_byte_order_mark_are_accepted),
        cmocka_unit_test(the_sample_deck_compiles_and_comes_back_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
