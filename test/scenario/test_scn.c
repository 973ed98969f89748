#include "scn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <string.h>

static struct scn scn;

static void parse_fine(const char *text)
{
    char error[300] = "";
    bool is_fine = scn_parse(slice_from_text(text), &scn, error, sizeof(error));
    assert_string_equal(error, "");
    assert_true(is_fine);
}

static void the_whole_language_is_read(void **state)
{
    (void)state;
    parse_fine("title \"a title\"\n"
               "account a balance 20.00 channels 2 cps 3 grace 0.50 day 4.00\n"
               "phone alice account a identity 4930111 tcp ipv6 answers after 250ms # comment\n"
               "phones caller 1..3 account a busy\n"
               "phone desk account a user alice rings only\n"
               "carrier acme prefix 49 priority 2 challenges u p early media reliably\n"
               "rule acme to 99 refuses 503 after 2s\n"
               "number 4930555 account a to alice\n"
               "price 1.00 per second fee 0.10 increments 60/1\n"
               "price 0.60 per minute prefix 4930\n"
               "at 10s store slow 500ms\n"
               "at 1s call caller 49895550 for 5s times 2 cancel after 1s\n"
               "at 2s send alice refer caller1\n"
               "at 12s edge kill\n"
               "run 1m\n"
               "expect talk caller at least 20s tolerance 1s\n"
               "expect code 486 3\n"
               "expect reason alice \"no credit\"\n"
               "expect balance a 1.50 tolerance 0.10\n"
               "expect audit clean\n");
    assert_int_equal(scn.agent_count, 6);
    assert_int_equal(scn.accounts[0].balance_micro, 20000000);
    assert_int_equal(scn.agents[0].rules[0].answer_after_us, 250000);
    assert_string_equal(scn.agents[2].name, "caller2");
    assert_string_equal(scn.agents[4].user, "alice");
    assert_int_equal(scn.agents[5].rules[1].status, 503);
    assert_int_equal(scn.prices[0].nano_per_min, INT64_C(60000000000));
    assert_int_equal(scn.steps[0].verb, SCN_CALL); /* by time, whatever the order of the lines */
    assert_int_equal(scn.steps[0].who.first, 1);
    assert_int_equal(scn.steps[0].who.count, 3);
    assert_int_equal(scn.steps[2].latency_us, 500000);
    assert_int_equal(scn.run_us, 60000000);
    assert_int_equal(scn.expects[0].compare, SCN_AT_LEAST);
    assert_int_equal(scn.expects[3].value, 1500000);
}

static void a_price_without_prefix_prices_every_number(void **state)
{
    (void)state;
    char text[4000];
    struct buf buf;
    parse_fine("account a\nprice 1.00 per minute\nexpect audit clean\n");
    buf_init(&buf, text, sizeof(text) - 1);
    scn_deck_csv(&scn, SCN_DECK_SELL, &buf);
    text[buf.size] = 0;
    assert_non_null(strstr(text, "\n0,1.00,0.000000,1,1\n"));
    assert_non_null(strstr(text, "\n9,1.00,0.000000,1,1\n"));
    buf_init(&buf, text, sizeof(text));
    scn_deck_csv(&scn, SCN_DECK_INBOUND, &buf);
    assert_int_equal(buf.size, 0);
}

static void an_error_names_the_line_and_the_word(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *names;
    } cases[] = {
        {"acount a\n", "line 1: \"acount\""},
        {"account a blance 3\n", "line 1: \"blance\""},
        {"account a balance many\n", "line 1: \"many\""},
        {"account a\nphone alice\n", "line 2: \"end of line\""},
        {"account a\nphone alice account b\n", "line 2: \"b\""},
        {"account a\nphones x 3..1 account a\n", "line 2: \"3..1\""},
        {"account a\n\nat soon call x y\n", "line 3: \"soon\""},
        {"account a\nphone x account a\nat 1s jump x\n", "line 3: \"jump\""},
        {"account a\nphone x account a answers soon\n", "line 2: \"soon\""},
        {"account a\nphone x account a refuses 200\n", "line 2: \"200\""},
        {"at 1s call nobody 1\n", "line 1: \"nobody\""},
        {"at 1s store explode\n", "line 1: \"explode\""},
        {"price 1.00 per hour\n", "line 1: \"hour\""},
        {"expect wealth 1\n", "line 1: \"wealth\""},
        {"expect talk 20\n", "line 1: \"20\""},
        {"expect audit dirty\n", "line 1: \"dirty\""},
        {"expect open 0 please\n", "line 1: \"please\""},
        {"network loss many\n", "line 1: \"many\""},
        {"title \"no end\n", "line 1: too many words"},
        {"account a\n", "expects nothing"},
        {"at 9s web kill\nrun 2s\nexpect open 0\n", "after the end"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char error[300] = "";
        assert_false(scn_parse(slice_from_text(cases[i].text), &scn, error, sizeof(error)));
        if (strstr(error, cases[i].names) == NULL) {
            fail_msg("%s: said \"%s\"", cases[i].names, error);
        }
    }
}

static void everything_has_a_limit(void **state)
{
    (void)state;
    char error[300];
    static char text[200000];
    struct buf buf;
    buf_init(&buf, text, sizeof(text) - 1);
    for (int i = 0; i <= SCN_STEPS_MAX; i++) {
        buf_text(&buf, "at 1s web kill\n");
    }
    assert_false(scn_parse(buf_done(&buf), &scn, error, sizeof(error)));
    assert_false(scn_parse(SLICE("account a\nphones x 1..256 account a\nphone y account a\n"), &scn,
                           error, sizeof(error)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_language_is_read),
        cmocka_unit_test(a_price_without_prefix_prices_every_number),
        cmocka_unit_test(an_error_names_the_line_and_the_word),
        cmocka_unit_test(everything_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
