/* Low balances: one crossing each time, not one more; and what becomes of it. */
#include "fixture.h"

#include "store/low_balance.h"

#include <stdio.h>
#include <string.h>

#define HOUR_US INT64_C(3600000000)

static uint64_t make_watched(struct store *store, const char *name, int64_t below_micro)
{
    struct account row = {.currency = "EUR", .low_balance_micro = below_micro};
    snprintf(row.name, sizeof(row.name), "%s", name);
    assert_ok(config_put_account(store, &row, "test"));
    return row.id;
}

static void set_threshold(struct store *store, uint64_t id, int64_t below_micro)
{
    struct account row;
    assert_ok(config_get_account(store, id, &row));
    row.low_balance_micro = below_micro;
    assert_ok(config_put_account(store, &row, "test"));
}

/* How many crossings a look finds; the last one in *last. */
static int look(struct store *store, struct crossing *last)
{
    struct crossing found[8];
    int sum = 0, count = 0;
    bool more = true;
    while (more) {
        assert_ok(low_balance_look(store, true, found, 8, &count, &more));
        if (count > 0) {
            *last = found[count - 1];
        }
        sum += count;
    }
    return sum;
}

static int looks(struct store *store)
{
    struct crossing ignored;
    return look(store, &ignored);
}

static struct crossing claim(struct store *store, int64_t wall_us, int64_t until_us)
{
    struct crossing found;
    assert_ok(crossing_claim(store, wall_us, until_us, &found));
    return found;
}

/* An account that fell from 10 to 4, below 5. */
static struct crossing make_crossing(struct store *store, const char *name)
{
    struct crossing crossing = {0};
    uint64_t session = 0, id = make_watched(store, name, EUROS(5));
    uint64_t incarnation = make_incarnation(store, name[0], &session);
    top_up(store, id, EUROS(10));
    assert_int_equal(looks(store), 0);
    (void)settle_one(store, incarnation, session, make_usage(1, id, EUROS(6), EUROS(6)));
    assert_int_equal(look(store, &crossing), 1);
    return crossing;
}

static void it_is_noticed_once_and_again_only_after_it_rose(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    struct crossing crossing;
    uint64_t session = 0, id = make_watched(store, "a", EUROS(5));
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    assert_int_equal(looks(store), 0); /* a new account has nothing, and nobody is told */
    top_up(store, id, EUROS(2));
    assert_int_equal(looks(store), 0); /* it never was above */
    top_up(store, id, EUROS(8));
    assert_int_equal(looks(store), 0);
    (void)settle_one(store, incarnation, session, make_usage(1, id, EUROS(5), EUROS(5)));
    assert_int_equal(looks(store), 0); /* 5 is not below 5 */
    (void)settle_one(store, incarnation, session, make_usage(2, id, 1, EUROS(5) + 1));
    assert_int_equal(look(store, &crossing), 1);
    assert_int_equal(crossing.account_id, id);
    assert_int_equal(crossing.left_micro, EUROS(5) - 1);
    assert_int_equal(crossing.below_micro, EUROS(5));
    (void)settle_one(store, incarnation, session,
                     make_usage(3, id, EUROS(1), EUROS(6) + 1)); /* still below */
    struct store *other =
        fixture_open(fixture, FIXTURE_PATIENCE_US, false); /* as after a restart */
    assert_int_equal(looks(other), 0);
    store_free(other);
    top_up(store, id, EUROS(1) + 1); /* at 5 again */
    assert_int_equal(looks(store), 0);
    (void)settle_one(store, incarnation, session, make_usage(4, id, EUROS(1), EUROS(7) + 1));
    assert_int_equal(look(store, &crossing), 1);
    assert_int_equal(
        fixture_number(fixture, "SELECT count(*) FROM event WHERE kind = 'balance.low'"), 2);
    assert_clean(store);
}

static void what_open_calls_cost_counts_before_it_is_charged(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    struct crossing crossing;
    uint64_t session = 0, id = make_watched(store, "a", EUROS(5));
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    top_up(store, id, EUROS(10));
    (void)ask(store, incarnation, session, id, 0, 0, EUROS(10));
    assert_int_equal(looks(store), 0); /* all of it is at the edge, and still the customer's */
    (void)ask(store, incarnation, session, id, EUROS(4), 0, EUROS(10));
    assert_int_equal(looks(store), 0);
    (void)ask(store, incarnation, session, id, EUROS(6), 0, EUROS(10)); /* and nothing to grant */
    assert_int_equal(look(store, &crossing), 1);
    assert_int_equal(crossing.left_micro, EUROS(4));
    (void)settle_one(store, incarnation, session, make_usage(1, id, EUROS(6), EUROS(6)));
    assert_int_equal(looks(store), 0); /* the same money */
}

static void a_credit_limit_is_left_to_spend(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t session = 0;
    struct account row = {.name = "p",
                          .currency = "EUR",
                          .kind = ACCOUNT_POSTPAID,
                          .limit_micro = EUROS(20),
                          .low_balance_micro = EUROS(5)};
    struct crossing crossing;
    assert_ok(config_put_account(store, &row, "test"));
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    (void)settle_one(store, incarnation, session, make_usage(1, row.id, EUROS(15), EUROS(15)));
    assert_int_equal(looks(store), 0);
    (void)settle_one(store, incarnation, session, make_usage(2, row.id, EUROS(1), EUROS(16)));
    assert_int_equal(look(store, &crossing), 1);
    assert_int_equal(crossing.left_micro, EUROS(4));
}

static void what_is_locked_is_not_left_to_spend(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t id = make_watched(store, "a", EUROS(5));
    struct crossing crossing;
    top_up(store, id, EUROS(10));
    assert_int_equal(looks(store), 0);
    struct balance_lock lock = {.amount_micro = EUROS(7), .actor = "joan", .why = "dispute"};
    assert_ok(ledger_lock(store, id, &lock));
    assert_int_equal(look(store, &crossing), 1);
    assert_int_equal(crossing.left_micro, EUROS(3));
}

/* From the end of a lock on the account is not low, though no money moved: what takes it below
 * after that is told of. */
static void the_end_of_a_lock_is_a_rise(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    uint64_t session = 0, ended = 0, id = make_watched(store, "a", EUROS(5));
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    int64_t below_micro = 0;
    bool is_low = false;
    struct crossing crossing;
    struct balance_lock lock = {
        .amount_micro = EUROS(7), .wall_until_us = INT64_MAX, .actor = "joan", .why = "dispute"};
    top_up(store, id, EUROS(10));
    assert_int_equal(looks(store), 0);
    assert_ok(ledger_lock(store, id, &lock));
    assert_int_equal(looks(store), 1);
    fixture_sql(fixture, "UPDATE book SET wall_locked_until_us = 1 WHERE locked <> 0");
    assert_ok(ledger_lock_end(store, &ended));
    assert_int_equal(ended, id);
    assert_int_equal(looks(store), 0);
    assert_ok(low_balance_read(store, id, &below_micro, &is_low));
    assert_false(is_low);
    (void)settle_one(store, incarnation, session, make_usage(1, id, EUROS(6), EUROS(6)));
    assert_int_equal(look(store, &crossing), 1);
    assert_int_equal(crossing.left_micro, EUROS(4));
}

static void a_threshold_above_the_balance_is_told_of_at_once(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t id = make_watched(store, "a", 0);
    top_up(store, id, EUROS(3));
    assert_int_equal(looks(store), 0);
    set_threshold(store, id, EUROS(5));
    assert_int_equal(looks(store), 1);
    set_threshold(store, id, 0);
    assert_int_equal(looks(store), 0);
    struct account row;
    assert_ok(config_get_account(store, id, &row));
    row.low_balance_micro = -2;
    assert_result(config_put_account(store, &row, "test"), STORE_REFUSED);
}

static void apply_defaults(struct store *store, const struct low_default *defaults, int count)
{
    bool more = true;
    for (int i = 0; more; i++) {
        assert_true(i < 20);
        assert_ok(low_balance_defaults(store, defaults, count, &more));
    }
}

static int64_t threshold_of(struct store *store, uint64_t id)
{
    int64_t below_micro = 0;
    bool is_low = false;
    assert_ok(low_balance_read(store, id, &below_micro, &is_low));
    return below_micro;
}

static void a_default_is_for_those_without_a_threshold_of_their_own(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    uint64_t session = 0, low = make_watched(store, "low", -1), high = make_watched(store, "h", -1);
    uint64_t own = make_watched(store, "own", EUROS(7)), none = make_watched(store, "none", 0);
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    const struct low_default five[] = {{"EUR", EUROS(5)}}, usd[] = {{"USD", EUROS(1)}};
    top_up(store, low, EUROS(1));
    top_up(store, high, EUROS(10));
    apply_defaults(store, five, 1);
    assert_int_equal(threshold_of(store, low), EUROS(5));
    assert_int_equal(threshold_of(store, own), EUROS(7));
    assert_int_equal(threshold_of(store, none), 0);
    assert_int_equal(threshold_of(store, make_watched(store, "new", -1)), EUROS(5));
    assert_int_equal(looks(store), 0); /* who is below already is not told of */
    (void)settle_one(store, incarnation, session, make_usage(1, low, 1, 1));
    assert_int_equal(looks(store), 0);
    (void)settle_one(store, incarnation, session, make_usage(2, high, EUROS(6), EUROS(6)));
    assert_int_equal(looks(store), 1);
    int64_t version = fixture_number(fixture, "SELECT count(*) FROM low_default WHERE after = -1");
    assert_int_equal(version, 1);
    apply_defaults(store, usd, 1); /* no default for EUR any more */
    assert_int_equal(threshold_of(store, low), 0);
    assert_int_equal(threshold_of(store, own), EUROS(7));
    assert_result(low_balance_read(store, 99, &version, &(bool){false}), STORE_ABSENT);
}

static void a_crossing_is_claimed_by_one_and_comes_back_until_it_was_heard(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    struct crossing made = make_crossing(store, "a");
    int64_t now_us = made.wall_us;
    struct crossing first = claim(store, now_us, now_us + 60000000);
    assert_int_equal(first.id, made.id);
    assert_int_equal(first.attempts, 1);
    assert_string_equal(first.account, "a");
    assert_string_equal(first.currency, "EUR");
    assert_string_equal(first.key, made.key);
    assert_int_equal(claim(store, now_us, now_us + 1).id, 0); /* it is being told */
    struct crossing again = claim(store, now_us + 60000000, now_us + 120000000);
    assert_int_equal(again.id, made.id); /* whoever claimed it died */
    assert_int_equal(again.attempts, 2);
    assert_string_equal(again.key, made.key);
    assert_ok(crossing_later(store, made.id, now_us + HOUR_US));
    assert_int_equal(claim(store, now_us + HOUR_US - 1, now_us).id, 0);
    /* A clock that was set back by more than a day does not make it wait for ever. */
    assert_int_equal(claim(store, now_us - 24 * HOUR_US, now_us + HOUR_US).id, made.id);
    assert_ok(crossing_end(store, made.id, CROSSING_TOLD, 0, ""));
    assert_int_equal(claim(store, now_us + 2 * HOUR_US, now_us).id, 0);
}

static void a_threshold_that_is_taken_away_leaves_nobody_low(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    struct crossing made = make_crossing(store, "a");
    struct low_default none = {.currency = "EUR", .below_micro = EUROS(5)};
    int64_t below_micro = 0;
    bool is_low = false, more = true;
    assert_ok(low_balance_read(store, made.account_id, &below_micro, &is_low));
    assert_true(is_low);
    set_threshold(store, made.account_id, 0);
    assert_ok(low_balance_read(store, made.account_id, &below_micro, &is_low));
    assert_int_equal(below_micro, 0);
    assert_false(is_low);
    /* The same with a default, and a balance that is below zero. */
    uint64_t session = 0, id = make_account(store, "b", 0);
    struct account row;
    assert_ok(config_get_account(store, id, &row));
    row.low_balance_micro = -1;
    assert_ok(config_put_account(store, &row, "test"));
    uint64_t incarnation = make_incarnation(store, 'b', &session);
    (void)settle_one(store, incarnation, session, make_usage(1, id, EUROS(1), EUROS(1)));
    for (int count = 1; count >= 0; count--) {
        for (more = true; more;) {
            assert_ok(low_balance_defaults(store, &none, count, &more));
        }
        assert_ok(low_balance_read(store, id, &below_micro, &is_low));
        assert_int_equal(is_low, count);
    }
}

/* A sender that was slow comes back after another took its place. */
static void what_is_ended_or_answered_stands(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    struct crossing made = make_crossing(store, "a"), rows[2];
    int count = 0;
    assert_ok(crossing_answer(store, made.id, EUROS(3), EUROS(50), "order 1"));
    assert_result(crossing_answer(store, made.id, EUROS(4), EUROS(50), "order 2"), STORE_CONFLICT);
    assert_ok(crossing_end(store, made.id, CROSSING_TOPPED_UP, 7, "order 1"));
    assert_result(crossing_answer(store, made.id, EUROS(3), EUROS(50), "order 1"), STORE_CONFLICT);
    assert_result(crossing_end(store, made.id, CROSSING_GIVEN_UP, 0, "late"), STORE_CONFLICT);
    assert_result(crossing_end(store, made.id, CROSSING_OPEN, 0, ""), STORE_CONFLICT);
    assert_ok(crossing_page(store, made.account_id, 0, rows, 2, &count));
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].state, CROSSING_TOPPED_UP);
    assert_int_equal(rows[0].topup_micro, EUROS(3));
    assert_int_equal(rows[0].transfer, 7);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM event WHERE kind = 'alarm'"), 0);
}

static void what_answers_name_within_a_day_is_bounded(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    struct crossing first = make_crossing(store, "a");
    assert_ok(crossing_answer(store, first.id, EUROS(30), EUROS(50), "order 1"));
    assert_ok(crossing_answer(store, first.id, EUROS(30), EUROS(50), "order 1")); /* counts once */
    assert_ok(crossing_end(store, first.id, CROSSING_TOPPED_UP, 7, "order 1"));
    uint64_t id = first.account_id, session = 0;
    top_up(store, id, EUROS(10));
    assert_int_equal(looks(store), 0);
    uint64_t incarnation = make_incarnation(store, 'b', &session);
    (void)settle_one(store, incarnation, session, make_usage(1, id, EUROS(12), EUROS(12)));
    struct crossing second;
    assert_int_equal(look(store, &second), 1);
    assert_result(crossing_answer(store, second.id, EUROS(21), EUROS(50), "order 2"),
                  STORE_REFUSED);
    assert_ok(crossing_end(store, second.id, CROSSING_REFUSED, 0, "more \"than\" a day's"));
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM event WHERE kind = 'alarm'"), 1);
    struct crossing rows[4];
    int count = 0;
    assert_ok(crossing_page(store, id, 0, rows, 4, &count));
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].id, second.id);
    assert_int_equal(rows[0].state, CROSSING_REFUSED);
    assert_int_equal(rows[1].state, CROSSING_TOPPED_UP);
    assert_int_equal(rows[1].transfer, 7);
    assert_string_equal(rows[1].note, "order 1");
    assert_ok(crossing_page(store, 0, second.id, rows, 4, &count));
    assert_int_equal(count, 1);
}

static void what_is_done_goes_with_the_events(void **state)
{
    struct fixture *fixture = *state;
    struct crossing done = make_crossing(fixture->store, "a");
    struct crossing open = make_crossing(fixture->store, "b");
    bool more = false;
    assert_ok(crossing_end(fixture->store, done.id, CROSSING_TOLD, 0, ""));
    assert_ok(store_expire(fixture->store, 0, open.wall_us + 1, &more));
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM crossing"), 1);
    assert_int_equal(claim(fixture->store, open.wall_us, open.wall_us).id, open.id);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    static const struct CMUnitTest tests[] = {
        TEST(it_is_noticed_once_and_again_only_after_it_rose),
        TEST(what_open_calls_cost_counts_before_it_is_charged),
        TEST(a_credit_limit_is_left_to_spend),
        TEST(what_is_locked_is_not_left_to_spend),
        TEST(the_end_of_a_lock_is_a_rise),
        TEST(a_threshold_above_the_balance_is_told_of_at_once),
        TEST(a_default_is_for_those_without_a_threshold_of_their_own),
        TEST(a_crossing_is_claimed_by_one_and_comes_back_until_it_was_heard),
        TEST(what_is_ended_or_answered_stands),
        TEST(a_threshold_that_is_taken_away_leaves_nobody_low),
        TEST(what_answers_name_within_a_day_is_bounded),
        TEST(what_is_done_goes_with_the_events),
    };
    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
