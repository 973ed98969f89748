/* The examples of docs/decks.md: each CSV is compiled, and each line of the table below it is a
 * call or more that must cost just that. */
#include "rating/deck.h"
#include "rating/deck_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_SIZE_MAX 65536
#define EXAMPLE_INDENT 4

static char file[FILE_SIZE_MAX];
static char csv[FILE_SIZE_MAX];
static struct deck_build build;

static bool is_example(struct slice line)
{
    return slice_starts_with(line, SLICE("    ")) && slice_find_text(line, SLICE("rate")) != NULL &&
           slice_find(line, ',') != line.size && slice_find_text(line, SLICE(" sum ")) == NULL &&
           slice_find_text(line, SLICE("max(")) == NULL;
}

/* The indented lines from here on; the rest begins behind them. */
static struct slice take_example(struct slice *rest)
{
    struct buf out;
    buf_init(&out, csv, sizeof(csv));
    while (slice_starts_with(*rest, SLICE("    "))) {
        buf_slice(&out, slice_skip(slice_split(rest, '\n'), EXAMPLE_INDENT));
        buf_char(&out, '\n');
    }
    return buf_done(&out);
}

static struct deck *compile(struct slice text)
{
    bool is_messages = slice_starts_with(text, SLICE("prefix,mcc"));
    const struct deck_terms terms = {
        .id = 1, .version = 1, .currency = "EUR", .kind = is_messages ? DECK_MESSAGES : DECK_CALLS};
    if (!deck_compile(text, &terms, &build)) {
        fail_msg("line %u of an example: %s", build.problems[0].line, build.problems[0].text);
    }
    struct deck *deck = deck_open(build.object, build.object_size);
    assert_non_null(deck);
    return deck;
}

static struct slice take_cell(struct slice *line)
{
    return slice_trim(slice_split(line, '|'));
}

static void check_call(const struct deck *deck, struct slice line)
{
    struct slice rest = slice_skip(line, 1);
    struct slice number = take_cell(&rest);
    struct slice when = take_cell(&rest);
    uint64_t talk_s = 0;
    int64_t wall_s = 0;
    int64_t micro = 0;
    struct rate rate;
    assert_true(deck_time_parse(when, &wall_s));
    assert_true(slice_to_u64(take_cell(&rest), 100000, &talk_s));
    struct slice costs = take_cell(&rest);
    enum tri_is found = deck_lookup(deck, number, wall_s, &rate).is;
    if (slice_equal(costs, SLICE("no price"))) {
        assert_int_equal(found, TRI_ABSENT);
        return;
    }
    assert_int_equal(found, TRI_PRESENT);
    assert_true(money_parse(costs, &micro));
    if (rate_price(&rate, (int64_t)talk_s * 1000000) != micro) {
        char text[MONEY_TEXT_SIZE];
        fail_msg(SLICE_FMT " costs %s", SLICE_ARG(line),
                 money_text(text, rate_price(&rate, (int64_t)talk_s * 1000000)));
    }
}

static void what_the_examples_say_is_what_a_call_costs(void **state)
{
    (void)state;
    FILE *in = fopen(SOURCE_DIR "/docs/decks.md", "rb");
    assert_non_null(in);
    struct slice rest = slice_make(file, fread(file, 1, sizeof(file), in));
    fclose(in);
    struct deck *deck = NULL;
    int example_count = 0;
    int call_count = 0;
    bool is_table = false;
    while (rest.size > 0) {
        struct slice ahead = rest;
        struct slice line = slice_split(&ahead, '\n');
        if (is_example(line)) {
            deck_close(deck);
            deck_build_done(&build);
            deck = compile(take_example(&rest));
            example_count++;
            continue;
        }
        rest = ahead;
        bool is_row =
            line.size > 2 && line.data[0] == '|' && line.data[2] >= '0' && line.data[2] <= '9';
        is_table = slice_starts_with(line, SLICE("| number")) ||
                   (is_table && line.size > 0 && line.data[0] == '|');
        if (is_table && is_row) {
            assert_non_null(deck);
            check_call(deck, line);
            call_count++;
        }
    }
    deck_close(deck);
    deck_build_done(&build);
    assert_int_equal(example_count, 4);
    assert_int_equal(call_count, 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_examples_say_is_what_a_call_costs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
