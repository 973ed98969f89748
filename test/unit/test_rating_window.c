/* Windows of the week in a time zone, and what a deck makes of them. */
#include "rating/deck.h"
#include "rating/deck_time.h"
#include "rating/window.h"
#include "rating/zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct deck_build build;

static int64_t at(const char *text)
{
    int64_t wall_s = 0;
    assert_true(deck_time_parse(slice_from_text(text), &wall_s));
    return wall_s;
}

static void read_zone(const char *name, struct zone *out)
{
    static char block[65536];
    char path[128];
    snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(block, 1, sizeof(block), file);
    fclose(file);
    memset(out, 0, sizeof(*out));
    snprintf(out->name, sizeof(out->name), "%s", name);
    if (!zone_read(slice_make(block, size), out)) {
        fail_msg("%s cannot be read", name);
    }
}

static void a_zone_has_its_offset_before_and_after_each_change(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *at;
        int32_t offset_s;
    } table[] = {
        {"Europe/Berlin", "2026-03-29T00:59:59Z", 3600},
        {"Europe/Berlin", "2026-03-29T01:00:00Z", 7200},
        {"Europe/Berlin", "2026-10-25T00:59:59Z", 7200},
        {"Europe/Berlin", "2026-10-25T01:00:00Z", 3600},
        {"Europe/Berlin", "2099-07-01T00:00:00Z", 7200}, /* by the rule behind the tables */
        {"Europe/Berlin", "2099-12-01T00:00:00Z", 3600},
        {"America/New_York", "2027-03-14T06:59:59Z", -5 * 3600},
        {"America/New_York", "2027-03-14T07:00:00Z", -4 * 3600},
        {"Australia/Sydney", "2060-01-01T00:00:00Z", 11 * 3600},
        {"Australia/Sydney", "2060-07-01T00:00:00Z", 10 * 3600},
        {"Asia/Kolkata", "2026-01-01T00:00:00Z", 19800},
        {"Asia/Kathmandu", "2090-01-01T00:00:00Z", 20700},
        {"America/St_Johns", "2026-07-01T00:00:00Z", -9000},
        {"Etc/UTC", "2026-01-01T00:00:00Z", 0},
    };
    static struct zone zone;
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        read_zone(table[i].zone, &zone);
        assert_string_equal(zone.name, table[i].zone);
        assert_int_equal(zone_offset_s(zone.changes, zone.change_count, at(table[i].at)),
                         table[i].offset_s);
    }
}

/* One rule "for ever", as slim files have it, without any listed change. */
static size_t slim_file(char *out, const char *rule)
{
    static const char header[44] = "TZif2";
    char second[44] = "TZif2";
    second[39] = 1; /* one type */
    second[43] = 4; /* four bytes of names */
    memcpy(out, header, 44);
    memcpy(out + 44, second, 44);
    memset(out + 88, 0, 6 + 4);
    return 98 + (size_t)sprintf(out + 98, "\n%s\n", rule);
}

static void rules_for_ever_are_read_in_all_their_forms(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *at;
        int32_t offset_s;
    } table[] = {
        {"<+0330>-3:30", "2026-07-01T00:00:00Z", 0}, /* without changes the types hold */
        {"EST5EDT,M3.2.0,M11.1.0", "2030-07-01T00:00:00Z", -4 * 3600},
        {"EST5EDT,M3.2.0,M11.1.0", "2030-12-01T00:00:00Z", -5 * 3600},
        {"IST-2IDT,M3.4.4/26,M10.5.0", "2031-03-28T00:00:01Z", 3 * 3600},
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2031-03-30T01:00:01Z", -3600},
        {"AAA0BBB-1:30:30,J60/0,300/0", "2028-03-01T00:00:00Z", 5430},
        {"AAA0BBB-1:30:30,J60/0,300/0", "2028-02-29T23:59:59Z", 0},
        {"AAA0BBB,10/0,20/0", "2028-01-11T00:00:00Z", 3600},
    };
    static struct zone zone;
    char file[256];
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        size_t size = slim_file(file, table[i].rule);
        assert_true(zone_read(slice_make(file, size), &zone));
        assert_int_equal(zone_offset_s(zone.changes, zone.change_count, at(table[i].at)),
                         table[i].offset_s);
    }
    static const char *const bad[] = {"C1",
                                      "CET",
                                      "CET-1CEST",
                                      "CET-1CEST,M13.5.0,M10.5.0",
                                      "CET-1CEST,M3.5.0",
                                      "CET-1CEST,M3.5.0,M10.5.0x",
                                      "<CET-1",
                                      "CET-999CEST,M3.5.0,M10.5.0"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        assert_false(zone_read(slice_make(file, slim_file(file, bad[i])), &zone));
    }
}

static void a_damaged_zone_file_is_refused(void **state)
{
    (void)state;
    static struct zone zone;
    char file[256];
    size_t size = slim_file(file, "CET-1");
    for (size_t cut = 0; cut < size - 7; cut++) {
        assert_false(zone_read(slice_make(file, cut), &zone));
    }
    file[44 + 32] = (char)0xff; /* four thousand million changes */
    assert_false(zone_read(slice_make(file, size), &zone));
    assert_false(zone_is_name(""));
    assert_false(zone_is_name("../etc/passwd"));
    assert_false(zone_is_name("/etc/passwd"));
    assert_false(zone_is_name("Europe//Berlin"));
    assert_false(zone_is_name("Europe/"));
    assert_false(zone_is_name("Europe/Berlin\n"));
    assert_true(zone_is_name("America/Argentina/Buenos_Aires"));
    assert_true(zone_is_name("Etc/GMT+5"));
}

static void a_window_is_the_minutes_that_it_names(void **state)
{
    (void)state;
    static const struct {
        const char *text, *written;
    } table[] = {
        {"mon-fri 08:00-20:00", "mon 08:00-20:00; tue 08:00-20:00; wed 08:00-20:00; "
                                "thu 08:00-20:00; fri 08:00-20:00"},
        {"SAT,sun", "sat; sun"},
        {"fri-mon 00:00-24:00", "mon; fri; sat; sun"},
        {"sun 22:00-06:00", "mon 00:00-06:00; sun 22:00-24:00"},
        {"mon 22:00-06:00;tue 05:00-07:00", "mon 22:00-24:00; tue 00:00-07:00"},
        {" mon 08:00-09:00 ; mon 09:00-10:00", "mon 08:00-10:00"},
        {"12:00-13:30", "mon 12:00-13:30; tue 12:00-13:30; wed 12:00-13:30; thu 12:00-13:30; "
                        "fri 12:00-13:30; sat 12:00-13:30; sun 12:00-13:30"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        struct window_span spans[WINDOW_SPANS_MAX + 1];
        uint32_t count = 0;
        assert_true(window_parse(slice_from_text(table[i].text), spans, &count));
        spans[count] = (struct window_span){WINDOW_END, WINDOW_END};
        char text[256];
        struct buf out;
        buf_init(&out, text, sizeof(text));
        window_write(&out, spans);
        assert_true(slice_equal(buf_done(&out), slice_from_text(table[i].written)));
    }
    static const char *const bad[] = {"",
                                      ";",
                                      "mon-",
                                      "mon 8:00-20:00",
                                      "mon 08:00",
                                      "mon 08:00-08:00",
                                      "mon 24:00-02:00",
                                      "mon 08:00-24:01",
                                      "mo",
                                      "monday",
                                      "mon08:00-20:00",
                                      "mon 08:00-20:00 x",
                                      "mon,",
                                      "08:60-09:00",
                                      "mon 08:00-20:00;;"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct window_span spans[WINDOW_SPANS_MAX];
        uint32_t count = 0;
        if (window_parse(slice_from_text(bad[i]), spans, &count)) {
            fail_msg("\"%s\" is taken for a window", bad[i]);
        }
    }
}

static struct deck *deck_of(const char *csv, const struct zone *zone)
{
    const struct deck_terms terms = {.id = 1, .version = 1, .currency = "EUR", .zone = zone};
    if (!deck_compile(slice_from_text(csv), &terms, &build)) {
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

/* Whether the zone is the deck's or the customer's makes no difference to what is evening. */
static void check_windows(const struct zone *own, const struct zone *customers)
{
    struct deck *deck = deck_of("prefix,rate,window,effective\n"
                                "49,0.05,,\n"
                                "49,0.09,mon-fri 08:00-20:00,\n"
                                "49,0.04,sun,\n"
                                "4930,0.02,sat,\n"
                                "49,0.5,,2027-01-01\n"
                                "49,0.9,mon-fri 08:00-20:00,2027-01-01\n",
                                own);
    static const struct {
        const char *at, *digits;
        int64_t milli;
    } table[] = {
        {"2026-11-23T06:59:59Z", "491", 50}, /* Monday, 07:59:59 in winter */
        {"2026-11-23T07:00:00Z", "491", 90},
        {"2026-11-23T18:59:59Z", "491", 90},
        {"2026-11-23T19:00:00Z", "491", 50},
        {"2026-07-06T05:59:59Z", "491", 50}, /* Monday, 07:59:59 in summer */
        {"2026-07-06T06:00:00Z", "491", 90},
        {"2026-03-28T22:59:59Z", "491", 50}, /* Saturday, before the night of the change */
        {"2026-03-28T23:00:00Z", "491", 40},
        {"2026-03-29T21:59:59Z", "491", 40}, /* that Sunday has 23 hours */
        {"2026-03-29T22:00:00Z", "491", 50},
        {"2026-11-21T12:00:00Z", "4930", 20},
        {"2026-11-22T12:00:00Z", "4930", 40}, /* outside its hours the shorter prefix counts */
        {"2027-01-04T12:00:00Z", "491", 900}, /* the rows of one date belong together */
        {"2027-01-03T12:00:00Z", "491", 500},
    };
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        struct rate rate;
        int64_t wall_s = at(table[i].at);
        assert_int_equal(
            deck_lookup_in_zone(deck, slice_from_text(table[i].digits), wall_s, customers, &rate)
                .is,
            TRI_PRESENT);
        if (rate.nano_per_min != table[i].milli * 1000000) {
            fail_msg("%s %s", table[i].at, table[i].digits);
        }
        assert_int_equal(rate.at_s, wall_s);
    }
    assert_string_equal(deck_time_zone(deck), own == NULL ? "UTC" : own->name);
    done(deck);
}

static void the_row_whose_window_holds_the_local_time_counts(void **state)
{
    (void)state;
    static struct zone berlin;
    read_zone("Europe/Berlin", &berlin);
    check_windows(&berlin, NULL);
}

static void a_customers_own_zone_counts_before_the_decks(void **state)
{
    (void)state;
    static struct zone berlin, tokyo;
    read_zone("Europe/Berlin", &berlin);
    read_zone("Asia/Tokyo", &tokyo);
    check_windows(NULL, &berlin);
    check_windows(&tokyo, &berlin);
}

/* Rating the stored inputs again: the deck, the number and the time give the same rate. */
static void windows_without_a_zone_are_in_utc(void **state)
{
    (void)state;
    struct deck *deck = deck_of("prefix,rate,window\n49,1,08:00-20:00\n", NULL);
    struct rate rate;
    assert_int_equal(deck_lookup(deck, SLICE("49"), at("2026-07-06T08:00:00Z"), &rate).is,
                     TRI_PRESENT);
    assert_int_equal(deck_lookup(deck, SLICE("49"), at("2026-07-06T07:59:59Z"), &rate).is,
                     TRI_ABSENT);
    assert_int_equal(deck_lookup(deck, SLICE("49"), INT64_MIN, &rate).is, TRI_PRESENT);
    assert_string_equal(deck_time_zone(deck), "UTC");
    done(deck);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zone_has_its_offset_before_and_after_each_change),
        cmocka_unit_test(rules_for_ever_are_read_in_all_their_forms),
        cmocka_unit_test(a_damaged_zone_file_is_refused),
        cmocka_unit_test(a_window_is_the_minutes_that_it_names),
        cmocka_unit_test(the_row_whose_window_holds_the_local_time_counts),
        cmocka_unit_test(a_customers_own_zone_counts_before_the_decks),
        cmocka_unit_test(windows_without_a_zone_are_in_utc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
