/* Bans: what leads to one, how long it holds, which doors stay open. */
#include "base/address.h"
#include "guard/ban.h"
#include "guard/known.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define S INT64_C(1000000)
#define WALL_US (INT64_C(1800000000) * S)

static struct ban_now at(int64_t mono_us)
{
    return (struct ban_now){mono_us, WALL_US + mono_us};
}

static void v4(uint8_t address[16], uint32_t number)
{
    uint32_t four = htonl(number);
    address_from_ipv4(address, &four);
}

static struct ban_table *table_new(void)
{
    struct ban_terms terms = ban_terms_default();
    struct ban_table *table = ban_table_new(&terms, 7);
    assert_non_null(table);
    return table;
}

/* How much evidence of that kind, each time another, leads to a ban. */
static int needed(struct ban_table *table, const uint8_t address[16], enum ban_evidence evidence,
                  bool is_marked, struct ban_now now)
{
    struct ban ban;
    for (uint32_t i = 1; i <= 1000; i++) {
        if (ban_blame(table, address, evidence, i << 4, is_marked, now, &ban) != BAN_NOTED) {
            assert_true(ban_holds(table, address, now));
            return (int)i;
        }
    }
    return 0;
}

static void a_guesser_is_banned_within_twenty_requests(void **state)
{
    (void)state;
    struct ban_table *table = table_new();
    uint8_t address[16];
    int count = 0;
    for (int evidence = BAN_TRIED_USER; evidence <= BAN_PROBE; evidence++) {
        v4(address, 1 + (uint32_t)evidence);
        assert_false(ban_holds(table, address, at(S)));
        count = needed(table, address, (enum ban_evidence)evidence, false, at(S));
        assert_in_range(count, 5, 20);
        v4(address, 100 + (uint32_t)evidence);
        assert_in_range(needed(table, address, (enum ban_evidence)evidence, true, at(S)),
                        (count + 1) / 2, (count + 1) / 2);
    }
    ban_table_free(table);
}

static void the_same_again_is_a_repeat_and_no_more_evidence(void **state)
{
    (void)state;
    struct ban_table *table = table_new();
    uint8_t address[16];
    struct ban ban;
    v4(address, 1);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(ban_blame(table, address, BAN_WRONG, 77, true, at(S), &ban), BAN_NOTED);
    }
    ban_table_free(table);
}

static void points_wear_off(void **state)
{
    (void)state;
    struct ban_table *table = table_new();
    uint8_t address[16];
    struct ban ban;
    v4(address, 1);
    /* A phone with a wrong password that asks each minute is never banned. */
    for (uint32_t i = 1; i < 2000; i++) {
        assert_int_equal(ban_blame(table, address, BAN_WRONG, i << 4, false, at(i * 60 * S), &ban),
                         BAN_NOTED);
    }
    ban_table_free(table);
}

static void each_ban_is_twice_as_long_up_to_a_limit_and_ends_by_itself(void **state)
{
    (void)state;
    struct ban_table *table = table_new();
    struct ban_terms terms = ban_terms_default();
    uint8_t address[16];
    struct ban ban;
    v4(address, 1);
    int64_t now_us = S;
    int64_t expected_us = terms.first_us;
    for (int i = 0; i < 14; i++) {
        uint32_t what = (uint32_t)i << 16;
        while (ban_blame(table, address, BAN_WRONG, what += 2, false, at(now_us), &ban) ==
               BAN_NOTED) {
        }
        assert_int_equal(ban.wall_until_us - ban.wall_since_us, expected_us);
        assert_true(ban_holds(table, address, at(now_us + expected_us - 1)));
        assert_false(ban_sweep(table, at(now_us + expected_us - 1), &ban));
        now_us += expected_us;
        assert_false(ban_holds(table, address, at(now_us)));
        assert_true(ban_sweep(table, at(now_us), &ban));
        assert_int_equal(ban_count(table), 0);
        expected_us = expected_us * 2 < terms.last_us ? expected_us * 2 : terms.last_us;
    }
    now_us += terms.forget_us + S;
    (void)needed(table, address, BAN_WRONG, false, at(now_us));
    uint32_t row = 0;
    assert_int_equal(ban_list(table, &row, &ban, 1, at(now_us)), 1);
    assert_int_equal(ban.wall_until_us - ban.wall_since_us, terms.first_us);
    ban_table_free(table);
}

static void an_office_that_boots_is_no_guesser(void **state)
{
    (void)state;
    struct ban_table *table = table_new();
    uint8_t address[16];
    struct ban ban;
    v4(address, 1);
    /* A hundred phones in turn, each challenged, then right. */
    for (uint32_t i = 1; i <= 100; i++) {
        assert_int_equal(ban_blame(table, address, BAN_TRIED_USER, i << 4, false, at(S), &ban),
                         BAN_NOTED);
        assert_false(ban_praise(table, address, i << 4, at(S), &ban));
    }
    /* Twenty at once: a ban begins, and ends when half of them have answered. */
    bool is_lifted = false;
    int banned_at = needed(table, address, BAN_TRIED_USER, false, at(2 * S));
    assert_in_range(banned_at, 10, 20);
    for (uint32_t i = 1; i <= (uint32_t)banned_at && !is_lifted; i++) {
        assert_true(ban_door(table, address, BAN_ASKS_CREDENTIALS, at(2 * S)));
        is_lifted = ban_praise(table, address, i << 4, at(2 * S), &ban);
    }
    assert_true(is_lifted);
    assert_false(ban_holds(table, address, at(2 * S)));
    ban_table_free(table);
}

static void doors_open_so_often_only(void **state)
{
    (void)state;
    struct ban_table *table = table_new();
    uint8_t address[16];
    v4(address, 1);
    assert_true(ban_door(table, address, BAN_ASKS_NOTHING, at(S))); /* it is not banned */
    (void)needed(table, address, BAN_WRONG, false, at(S));
    static const struct {
        enum ban_asks asks;
        int count;
    } rows[] = {{BAN_ASKS_NOTHING, 0},
                {BAN_ASKS_CREDENTIALS, 10},
                {BAN_ASKS_KNOWN, 60},
                {BAN_ASKS_EMERGENCY, 30}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        int passed = 0;
        for (int n = 0; n < 1000; n++) {
            passed += ban_door(table, address, rows[i].asks, at(S)) ? 1 : 0;
        }
        assert_int_equal(passed, rows[i].count);
    }
    /* One that was quiet may ask; one that is not, may not. */
    for (int n = 1; n < 30; n++) {
        assert_false(ban_door(table, address, BAN_ASKS_NOTHING, at((1 + n) * S)));
    }
    assert_true(ban_door(table, address, BAN_ASKS_NOTHING, at(60 * S)));
    ban_table_free(table);
}

static void an_operator_bans_and_lifts(void **state)
{
    (void)state;
    struct ban_table *table = table_new();
    uint8_t address[16];
    uint8_t source[16];
    struct ban ban;
    assert_true(ban_source_parse(SLICE("2001:db8::7"), source));
    memcpy(address, source, sizeof(address));
    address[15] = 99;
    ban_put(table, source, 600 * S, "noise", "cli:op", at(S), &ban);
    assert_true(ban_holds(table, address, at(2 * S))); /* all of the /64 */
    assert_int_equal(ban_count(table), 1);
    assert_true(ban.is_manual);
    assert_int_equal(ban.wall_until_us, WALL_US + 601 * S);
    /* Right credentials do not end it, nor does more evidence shorten it. */
    assert_false(ban_praise(table, address, 5, at(2 * S), &ban));
    for (uint32_t i = 1; i < 100; i++) {
        assert_int_equal(ban_blame(table, address, BAN_WRONG, i << 4, false, at(2 * S), &ban),
                         BAN_NOTED);
    }
    assert_true(ban_lift(table, source, at(3 * S), &ban));
    assert_string_equal(ban.actor, "cli:op");
    assert_int_equal(ban.wall_until_us, 0);
    assert_false(ban_holds(table, address, at(3 * S)));
    assert_false(ban_lift(table, source, at(3 * S), &ban));
    /* What was held against it is forgotten with it. */
    assert_int_equal(ban_blame(table, address, BAN_WRONG, 1, false, at(3 * S), &ban), BAN_NOTED);
    ban_table_free(table);
}

static void sources_are_addresses_or_networks_of_64_bits(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {{"192.0.2.1", "192.0.2.1"},
                {"192.0.2.1/32", "192.0.2.1"},
                {"192.0.2.0/24", NULL},
                {"2001:db8::1", "2001:db8::/64"},
                {"2001:db8::/64", "2001:db8::/64"},
                {"2001:db8::/48", NULL},
                {"", NULL},
                {"host", NULL},
                {"192.0.2.1/", NULL},
                {"[2001:db8::1]", "2001:db8::/64"},
                {"[192.0.2.1]", NULL}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint8_t source[16];
        char text[64];
        struct buf out;
        buf_init(&out, text, sizeof(text));
        bool is_good = ban_source_parse(slice_from_text(rows[i].in), source);
        assert_int_equal(is_good, rows[i].out != NULL);
        if (is_good) {
            ban_source_write(&out, source);
            assert_true(slice_equal(buf_done(&out), slice_from_text(rows[i].out)));
        }
    }
}

static void a_restart_keeps_a_ban_and_its_end(void **state)
{
    (void)state;
    struct ban_table *table = table_new();
    uint8_t address[16];
    struct ban ban, read;
    char record[256];
    struct buf out;
    uint32_t row = 0;
    v4(address, 9);
    (void)needed(table, address, BAN_WRONG, false, at(S));
    assert_int_equal(ban_list(table, &row, &ban, 1, at(S)), 1);
    ban_table_free(table);
    buf_init(&out, record, sizeof(record));
    ban_encode(&out, &ban);
    for (size_t size = 0; size < out.size; size++) {
        assert_false(ban_decode(slice_make(record, size), &read));
    }
    assert_true(ban_decode(buf_done(&out), &read));
    /* The monotonic clock begins again. */
    struct ban_now later = {5 * S, WALL_US + 40 * S};
    table = table_new();
    ban_replay(table, &read, later);
    assert_true(ban_holds(table, address, later));
    later.mono_us += 21 * S;
    later.wall_us += 21 * S;
    assert_false(ban_holds(table, address, later));
    /* It counts for the next one's length. */
    while (ban_blame(table, address, BAN_WRONG, row += 2, false, later, &ban) == BAN_NOTED) {
    }
    assert_int_equal(ban.wall_until_us - ban.wall_since_us, 2 * ban_terms_default().first_us);
    /* One that was lifted does not come back; nor one that is over. */
    read.wall_until_us = 0;
    ban_replay(table, &read, later);
    assert_false(ban_holds(table, address, later));
    read.wall_until_us = later.wall_us - S;
    ban_replay(table, &read, later);
    assert_false(ban_holds(table, address, later));
    assert_int_equal(ban_count(table), 0);
    ban_table_free(table);
}

static void a_full_table_forgets_and_takes_nobody_for_another(void **state)
{
    (void)state;
    struct ban_table *table = table_new();
    uint8_t address[16];
    struct ban ban;
    for (uint32_t i = 0; i < 100000; i++) {
        v4(address, 0x0a000000 + i);
        (void)ban_blame(table, address, BAN_WRONG, 16, false, at(S), &ban);
    }
    assert_int_equal(ban_count(table), 0);
    for (uint32_t i = 0; i < BAN_ROWS_MAX + 500; i++) {
        uint8_t source[16];
        v4(address, 0x0b000000 + i);
        ban_source_of(address, source);
        ban_put(table, source, (1000 + i) * S, "x", "y", at(S), &ban);
    }
    assert_int_equal(ban_count(table), BAN_ROWS_MAX);
    int held = 0;
    for (uint32_t i = 0; i < BAN_ROWS_MAX + 500; i++) {
        v4(address, 0x0b000000 + i);
        held += ban_holds(table, address, at(2 * S)) ? 1 : 0;
        v4(address, 0x0c000000 + i);
        assert_false(ban_holds(table, address, at(2 * S)));
    }
    assert_int_equal(held, BAN_ROWS_MAX);
    v4(address, 0x0b000000 + BAN_ROWS_MAX + 499); /* the last one in is there */
    assert_true(ban_holds(table, address, at(2 * S)));
    int listed = 0;
    struct ban page[100];
    for (uint32_t row = 0; row != UINT32_MAX;) {
        listed += ban_list(table, &row, page, 100, at(2 * S));
    }
    assert_int_equal(listed, BAN_ROWS_MAX);
    ban_table_free(table);
}

static void bans_that_we_found_leave_those_of_operators(void **state)
{
    (void)state;
    struct ban_table *table = table_new();
    uint8_t address[16], source[16];
    struct ban ban = {0};
    v4(address, 0x0d000001);
    ban_source_of(address, source);
    ban_put(table, source, 60 * S, "x", "y", at(S), &ban); /* shorter than all that follow */
    for (uint32_t i = 0; i < BAN_ROWS_MAX + 500; i++) {
        uint8_t other[16];
        struct ban found = {.wall_since_us = WALL_US, .wall_until_us = WALL_US + (1000 + i) * S};
        v4(other, 0x0b000000 + i);
        ban_source_of(other, found.source);
        ban_replay(table, &found, at(S));
    }
    assert_int_equal(ban_count(table), BAN_ROWS_MAX);
    assert_true(ban_holds(table, address, at(2 * S)));

    /* With nothing but an operator's, more evidence makes no ban, and theirs stay. */
    for (uint32_t i = 0; i < BAN_ROWS_MAX; i++) {
        v4(address, 0x0e000000 + i);
        ban_source_of(address, source);
        ban_put(table, source, 600 * S, "x", "y", at(S), &ban);
    }
    v4(address, 0x0f000001);
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal(ban_blame(table, address, BAN_WRONG, i, false, at(S), &ban), BAN_NOTED);
    }
    assert_false(ban_holds(table, address, at(2 * S)));
    v4(address, 0x0e000000 + BAN_ROWS_MAX - 1);
    assert_true(ban_holds(table, address, at(2 * S)));
    ban_table_free(table);
}

static void broken_messages_are_answered_at_a_rate_and_never_banned(void **state)
{
    (void)state;
    struct ban_table *table = table_new();
    uint8_t address[16];
    v4(address, 1);
    int answered = 0;
    for (int i = 0; i < 10000; i++) {
        answered += ban_may_answer_broken(table, address, at(S + i * 1000)) ? 1 : 0;
    }
    assert_in_range(answered, 150, 210); /* a hundred, then ten a second, for ten seconds */
    assert_false(ban_holds(table, address, at(20 * S)));
    ban_table_free(table);
}

static void guesses_at_one_user_from_many_places_are_told(void **state)
{
    (void)state;
    struct ban_table *table = table_new();
    int told = 0;
    for (int i = 0; i < 500; i++) {
        told += ban_blame_user(table, 4711, at(S + i * 10)) ? 1 : 0;
    }
    assert_int_equal(told, 10);
    told = 0;
    for (int i = 0; i < 500; i++) { /* one phone with a wrong password */
        told += ban_blame_user(table, 4712, at(S + i * 30 * S)) ? 1 : 0;
    }
    assert_int_equal(told, 0);
    ban_table_free(table);
}

static void a_known_set_knows_what_was_put_in(void **state)
{
    (void)state;
    struct known_set *set = known_set_new(100000);
    assert_non_null(set);
    uint64_t hash = 88172645463325252u;
    int lost = 0, wrong = 0;
    for (int round = 0; round < 3; round++) {
        hash = 88172645463325252u;
        for (int i = 0; i < 200000; i++) {
            hash ^= hash << 13;
            hash ^= hash >> 7;
            hash ^= hash << 17;
            if (round == 0 && i < 100000) {
                known_set_add(set, hash * 0x9e3779b97f4a7c15u);
            } else if (round == 1) {
                bool is_in = known_set_has(set, hash * 0x9e3779b97f4a7c15u);
                lost += i < 100000 && !is_in ? 1 : 0;
                wrong += i >= 100000 && is_in ? 1 : 0;
            }
        }
    }
    assert_in_range(lost, 0, 2000);
    assert_in_range(wrong, 0, 100);
    known_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guesser_is_banned_within_twenty_requests),
        cmocka_unit_test(the_same_again_is_a_repeat_and_no_more_evidence),
        cmocka_unit_test(points_wear_off),
        cmocka_unit_test(each_ban_is_twice_as_long_up_to_a_limit_and_ends_by_itself),
        cmocka_unit_test(an_office_that_boots_is_no_guesser),
        cmocka_unit_test(doors_open_so_often_only),
        cmocka_unit_test(an_operator_bans_and_lifts),
        cmocka_unit_test(sources_are_addresses_or_networks_of_64_bits),
        cmocka_unit_test(a_restart_keeps_a_ban_and_its_end),
        cmocka_unit_test(a_full_table_forgets_and_takes_nobody_for_another),
        cmocka_unit_test(bans_that_we_found_leave_those_of_operators),
        cmocka_unit_test(broken_messages_are_answered_at_a_rate_and_never_banned),
        cmocka_unit_test(guesses_at_one_user_from_many_places_are_told),
        cmocka_unit_test(a_known_set_knows_what_was_put_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
