#include "base/rng.h"
#include "rating/deck.h"
#include "rating/deck_object.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct deck_terms terms = {
    .id = 7, .version = 3, .currency = "USD", .rounding = MONEY_UP};
static struct deck_build build;

static struct deck *deck_of(const char *csv)
{
    bool is_made = deck_compile(slice_from_text(csv), &terms, &build);
    if (!is_made) {
        fail_msg("line %u: %s", build.problems[0].line, build.problems[0].text);
    }
    struct deck *deck = deck_open(build.object, build.object_size);
    assert_non_null(deck);
    return deck;
}

static void done(struct deck *deck)
{
    deck_close(deck);
    deck_build_done(&build);
}

static void the_longest_prefix_counts(void **state)
{
    (void)state;
    struct deck *deck = deck_of("prefix,rate,connection_fee,first_increment,next_increment\n"
                                "49,0.01,0,1,1\n4,0.5,0,1,1\n4930,0.009,0.02,60,30\n"
                                "123456789012345,2,0,1,1\n");
    static const struct {
        const char *digits, *prefix;
        int64_t nano;
    } table[] = {
        {"4930123", "4930", 9000000},
        {"4930", "4930", 9000000},
        {"493", "49", 10000000},
        {"4940", "49", 10000000},
        {"48", "4", 500000000},
        {"4", "4", 500000000},
        {"49x30", "49", 10000000},
        {"12345678901234599", "123456789012345", 2000000000},
        {"12345678901234", NULL, 0},
        {"5", NULL, 0},
        {"", NULL, 0},
        {"+49", NULL, 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        struct rate rate = {.nano_per_min = -1};
        struct tri found = deck_lookup(deck, slice_from_text(table[i].digits), 0, &rate);
        assert_int_equal(found.is, table[i].prefix == NULL ? TRI_ABSENT : TRI_PRESENT);
        if (table[i].prefix == NULL) {
            assert_int_equal(rate.nano_per_min, -1); /* untouched */
            continue;
        }
        assert_string_equal(rate.prefix, table[i].prefix);
        assert_int_equal(rate.nano_per_min, table[i].nano);
    }
    struct rate rate;
    assert_int_equal(deck_lookup(deck, SLICE("4930"), 0, &rate).is, TRI_PRESENT);
    assert_int_equal(rate.fee_micro, 20000);
    assert_int_equal(rate.first_s, 60);
    assert_int_equal(rate.next_s, 30);
    assert_int_equal(rate.rounding, MONEY_UP);
    assert_int_equal(rate.deck_id, 7);
    assert_int_equal(rate.deck_version, 3);
    assert_string_equal(rate.currency, "USD");
    assert_int_equal(deck_id(deck), 7);
    assert_int_equal(deck_version(deck), 3);
    assert_int_equal(deck_prefix_count(deck), 4);
    assert_string_equal(deck_currency(deck), "USD");
    done(deck);
}

static void the_newest_rate_that_has_begun_counts(void **state)
{
    (void)state;
    struct deck *deck = deck_of("prefix,rate,effective\n"
                                "49,3,1970-01-03\n49,1,\n49,2,1970-01-02\n"
                                "4930,9,1970-01-03\n");
    static const struct {
        int64_t wall_s, nano;
    } table[] = {
        {-5, 1}, {86399, 1}, {86400, 2}, {172799, 2}, {172800, 3}, {INT64_MAX, 3},
    };
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        struct rate rate;
        assert_int_equal(deck_lookup(deck, SLICE("49"), table[i].wall_s, &rate).is, TRI_PRESENT);
        assert_int_equal(rate.nano_per_min, table[i].nano * 1000000000);
    }
    done(deck);
}

static void a_prefix_that_has_not_begun_leaves_the_call_to_a_shorter_one(void **state)
{
    (void)state;
    struct deck *deck = deck_of("prefix,rate,effective\n"
                                "4,4,\n49,1,1970-01-02\n4930,9,1970-01-03\n493012,5,1970-01-04\n");
    static const struct {
        int64_t wall_s;
        const char *prefix;
    } table[] = {{0, "4"}, {86400, "49"}, {172800, "4930"}, {259200, "493012"}};
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        struct rate rate;
        assert_int_equal(deck_lookup(deck, SLICE("4930123"), table[i].wall_s, &rate).is,
                         TRI_PRESENT);
        assert_string_equal(rate.prefix, table[i].prefix);
    }
    done(deck);
}

/* Keeps every prefix in a set of strings and looks the long way. */
static void every_lookup_agrees_with_a_search_of_all_prefixes(void **state)
{
    (void)state;
    static const uint32_t counts[] = {1, 500, 12000}; /* both sizes of the direct table */
    for (size_t c = 0; c < ARRAY_COUNT(counts); c++) {
        struct rng rng;
        rng_init(&rng, counts[c]);
        uint64_t span = counts[c] * 4;
        int32_t *rates = malloc(7 * span * sizeof(*rates)); /* by length - 1 and number */
        char *csv = malloc(counts[c] * 64 + 64);
        assert_true(rates != NULL && csv != NULL);
        memset(rates, 0xff, 7 * span * sizeof(*rates));
        size_t size = (size_t)sprintf(csv, "prefix,rate\n");
        for (uint32_t i = 0; i < counts[c]; i++) {
            int length = 1 + (int)rng_below(&rng, 7);
            uint64_t power = 1;
            for (int digit = 0; digit < length; digit++) {
                power *= 10;
            }
            uint64_t number = rng_below(&rng, power < span ? power : span);
            int32_t *rate = &rates[(uint64_t)(length - 1) * span + number];
            if (*rate < 0) {
                *rate = (int32_t)rng_below(&rng, 1000);
                size += (size_t)sprintf(csv + size, "%0*llu,0.%03d\n", length,
                                        (unsigned long long)number, *rate);
            }
        }
        struct deck *deck = deck_of(csv);
        for (int i = 0; i < 30000; i++) {
            char digits[16];
            int shift = (int)rng_below(&rng, 3);
            sprintf(digits, "%0*llu", 9 - shift,
                    (unsigned long long)rng_below(&rng, span * (shift == 0 ? 100 : 1)));
            int32_t expected = -1;
            for (int length = 7; length > 0 && expected < 0; length--) {
                char head[8] = {0};
                memcpy(head, digits, (size_t)length);
                uint64_t number = strtoull(head, NULL, 10);
                expected = number < span ? rates[(uint64_t)(length - 1) * span + number] : -1;
            }
            struct rate rate;
            struct tri found = deck_lookup(deck, slice_from_text(digits), 0, &rate);
            assert_int_equal(found.is, expected < 0 ? TRI_ABSENT : TRI_PRESENT);
            if (expected >= 0) {
                assert_int_equal(rate.nano_per_min, (int64_t)expected * 1000000);
            }
        }
        done(deck);
        free(rates);
        free(csv);
    }
}

static void no_changed_byte_passes_for_a_deck(void **state)
{
    (void)state;
    struct deck *deck = deck_of("prefix,rate,description\n49,1,Germany\n4930,2,Berlin\n");
    deck_close(deck);
    for (size_t i = 0; i < build.object_size; i++) {
        build.object[i] ^= 0x41;
        assert_null(deck_open(build.object, build.object_size));
        build.object[i] ^= 0x41;
    }
    for (size_t size = 0; size < build.object_size; size++) {
        assert_null(deck_open(build.object, size));
    }
    assert_null(deck_open(NULL, 0));
    deck = deck_open(build.object, build.object_size);
    assert_non_null(deck);
    done(deck);
}

/* Somebody who can make a checksum too: whatever is opened can be used (under the sanitizer). */
static void what_is_opened_can_be_looked_up_whatever_its_bytes_are(void **state)
{
    (void)state;
    struct deck *deck = deck_of("prefix,rate,description,effective\n49,1,Germany,\n"
                                "4930,2,Berlin,2020-01-01\n4930,3,Berlin,2021-01-01\n1,1,US,\n");
    deck_close(deck);
    struct rng rng;
    rng_init(&rng, 5);
    int opened_count = 0;
    for (size_t i = 0; i < build.object_size * 16; i++) {
        size_t at = i / 16;
        uint8_t before = build.object[at];
        build.object[at] = (uint8_t)rng_below(&rng, 256);
        struct deck_header header;
        memcpy(&header, build.object, sizeof(header));
        header.checksum = deck_checksum(build.object, build.object_size);
        memcpy(build.object, &header, sizeof(header));
        deck = deck_open(build.object, build.object_size);
        if (deck != NULL) {
            static char csv[4096];
            struct buf out;
            struct rate rate;
            buf_init(&out, csv, sizeof(csv));
            bool is_written = deck_write_csv(deck, &out);
            (void)is_written;
            struct tri found = deck_lookup(deck, SLICE("4930123456789012345"), 1, &rate);
            assert_int_not_equal(found.is, TRI_UNKNOWN);
            assert_true(deck_description(deck, SLICE("1"), 1).size < build.object_size);
            deck_close(deck);
            opened_count++;
        }
        build.object[at] = before;
    }
    assert_true(opened_count > 0);
    deck_build_done(&build);
}

static void equal_descriptions_and_rates_are_stored_once(void **state)
{
    (void)state;
    static char csv[400000];
    size_t size = (size_t)sprintf(csv, "prefix,rate,description\n");
    for (int i = 0; i < 10000; i++) {
        size += (size_t)sprintf(csv + size, "%05d,0.%d,Country %d\n", i * 10, i / 1000, i / 1000);
    }
    struct deck *deck = deck_of(csv);
    struct deck_header header;
    memcpy(&header, build.object, sizeof(header));
    assert_int_equal(header.rate_count, 10);
    assert_int_equal(header.entry_count, 10);
    assert_int_equal(header.text_size, 10 * sizeof("Country 0"));
    assert_int_equal(header.row_count, 10000);
    done(deck);
}

static void every_term_of_a_row_reaches_the_rate(void **state)
{
    (void)state;
    struct deck *deck = deck_of(
        "prefix,rate,connection_fee,first_increment,next_increment,minimum_charge,free_seconds,"
        "steps\n49,0.60,0.1,30,6,0.5,60,600:0.30; 3600:0\n44,1,,,,,,\n");
    struct rate rate;
    assert_int_equal(deck_lookup(deck, SLICE("4930"), 5, &rate).is, TRI_PRESENT);
    assert_int_equal(rate.minimum_micro, 500000);
    assert_int_equal(rate.free_s, 60);
    assert_int_equal(rate.step_count, 2);
    assert_int_equal(rate.at_s, 5);
    /* 0.10 + 9 minutes at 0.60 + 50 minutes at 0.30, and nothing beyond the hour. */
    assert_int_equal(rate_price(&rate, INT64_C(7200000000)), 20500000);
    assert_int_equal(rate_price(&rate, 0), 500000);
    assert_int_equal(deck_lookup(deck, SLICE("44"), 5, &rate).is, TRI_PRESENT);
    assert_int_equal(rate.minimum_micro + rate.free_s + rate.step_count, 0);
    done(deck);
}

static void a_message_is_priced_by_network_then_country_then_number(void **state)
{
    (void)state;
    const struct deck_terms messages = {
        .id = 2, .version = 1, .currency = "EUR", .kind = DECK_MESSAGES};
    const char *csv = "prefix,mcc,mnc,description,rate\n,262,,Germany,0.07\n"
                      ",262,01,Telekom,0.06\n,310,410,AT&T,0.02\n,310,41,other,0.03\n"
                      "49,,,by number,0.09\n";
    assert_true(deck_compile(slice_from_text(csv), &messages, &build));
    struct deck *deck = deck_open(build.object, build.object_size);
    assert_non_null(deck);
    static const struct {
        const char *mcc, *mnc, *number, *prefix;
        int64_t milli;
    } table[] = {
        {"262", "01", "491511", "0262201", 60}, {"262", "02", "491511", "0262", 70},
        {"262", "", "491511", "0262", 70},      {"262", "001", "491511", "0262", 70},
        {"310", "410", "1212", "03103410", 20}, {"310", "41", "1212", "0310241", 30},
        {"310", "411", "1212", NULL, 0},        {"", "", "491511", "49", 90},
        {"99", "01", "491511", "49", 90},       {"234", "10", "447700", NULL, 0},
        {"", "", "0262201", NULL, 0},           {"", "", "", NULL, 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        struct rate rate = {.nano_per_min = -1};
        struct deck_network network = {.mcc = slice_from_text(table[i].mcc),
                                       .mnc = slice_from_text(table[i].mnc)};
        struct tri found =
            deck_lookup_message(deck, &network, slice_from_text(table[i].number), 0, &rate);
        assert_int_equal(found.is, table[i].prefix == NULL ? TRI_ABSENT : TRI_PRESENT);
        if (table[i].prefix != NULL) {
            assert_string_equal(rate.prefix, table[i].prefix);
            assert_int_equal(rate_price_message(&rate, 2), table[i].milli * 2000);
        }
    }
    struct rate rate;
    assert_int_equal(deck_lookup(deck, SLICE("491511"), 0, &rate).is, TRI_ABSENT); /* a call */
    char text[512];
    struct buf out;
    buf_init(&out, text, sizeof(text));
    assert_true(deck_write_csv(deck, &out));
    deck_close(deck);
    deck_build_done(&build);
    assert_true(slice_equal(
        buf_done(&out), SLICE("prefix,mcc,mnc,description,rate,effective\n,262,,Germany,0.07,\n"
                              ",262,01,Telekom,0.06,\n,310,41,other,0.03,\n,310,410,AT&T,0.02,\n"
                              "49,,,by number,0.09,\n")));
    deck = deck_of("prefix,rate\n49,1\n");
    struct deck_network network = {.mcc = SLICE("262"), .mnc = SLICE("01")};
    assert_int_equal(deck_lookup_message(deck, &network, SLICE("49"), 0, &rate).is, TRI_ABSENT);
    done(deck);
}

/* Objects that an older dialtone compiled lie in databases and on edges. */
static void an_object_of_the_first_format_opens(void **state)
{
    (void)state;
    struct deck *deck = deck_of("prefix,rate,effective\n49,0.01,\n49,0.02,2027-01-01\n4930,3,\n");
    deck_close(deck);
    const size_t first_size = offsetof(struct deck_header, kind);
    size_t size = build.object_size - (sizeof(struct deck_header) - first_size);
    uint8_t *object = malloc(size);
    assert_non_null(object);
    struct deck_header header;
    memcpy(&header, build.object, sizeof(header));
    memcpy(header.magic, DECK_MAGIC_FIRST, sizeof(header.magic));
    header.object_size = size;
    memcpy(object, &header, first_size);
    memcpy(object + first_size, build.object + sizeof(header), size - first_size);
    header.checksum = deck_checksum(object, size);
    memcpy(object, &header, first_size);
    deck = deck_open(object, size);
    assert_non_null(deck);
    struct rate rate;
    assert_int_equal(deck_lookup(deck, SLICE("4940"), 0, &rate).is, TRI_PRESENT);
    assert_int_equal(rate.nano_per_min, 10000000);
    assert_int_equal(deck_lookup(deck, SLICE("4930"), 0, &rate).is, TRI_PRESENT);
    assert_int_equal(rate_price(&rate, 60000000), 3000000);
    assert_int_equal(deck_kind(deck), DECK_CALLS);
    done(deck);
    free(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_prefix_counts),
        cmocka_unit_test(the_newest_rate_that_has_begun_counts),
        cmocka_unit_test(a_prefix_that_has_not_begun_leaves_the_call_to_a_shorter_one),
        cmocka_unit_test(every_lookup_agrees_with_a_search_of_all_prefixes),
        cmocka_unit_test(no_changed_byte_passes_for_a_deck),
        cmocka_unit_test(what_is_opened_can_be_looked_up_whatever_its_bytes_are),
        cmocka_unit_test(equal_descriptions_and_rates_are_stored_once),
        cmocka_unit_test(every_term_of_a_row_reaches_the_rate),
        cmocka_unit_test(a_message_is_priced_by_network_then_country_then_number),
        cmocka_unit_test(an_object_of_the_first_format_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
