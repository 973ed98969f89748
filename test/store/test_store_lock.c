/* Balance locks: what is locked is not promised, what is idle comes back, and nothing is bent. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

static const struct balance_lock unlocked = {.actor = "eve", .why = "settled"};

static enum store_result lock_for(struct store *store, uint64_t id, int64_t amount_micro,
                                  int64_t wall_until_us)
{
    struct balance_lock lock = {.amount_micro = amount_micro,
                                .wall_until_us = wall_until_us,
                                .actor = "eve",
                                .why = "invoice 17"};
    return ledger_lock(store, id, &lock);
}

static void what_is_locked_is_not_granted_and_the_answer_says_so(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t session = 0, id = make_account(store, "a", 0);
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    top_up(store, id, EUROS(10));
    uint64_t version = balance_of(store, id).version;
    assert_ok(lock_for(store, id, EUROS(7), 0));
    struct balance balance = balance_of(store, id);
    assert_int_equal(balance.balance_micro, EUROS(10));
    assert_int_equal(balance.available_micro, EUROS(3));
    assert_int_equal(balance.locked_micro, EUROS(7));
    assert_string_equal(balance.locked_by, "eve");
    assert_string_equal(balance.locked_why, "invoice 17");
    assert_true(balance.version > version); /* a refusal cites it */
    struct lease_answer answer = ask(store, incarnation, session, id, 0, 0, EUROS(5));
    assert_int_equal(answer.granted_micro, EUROS(3));
    assert_int_equal(answer.more.is, TRI_ABSENT);
    assert_true(answer.is_locked);
    assert_ok(ledger_lock(store, id, &unlocked));
    assert_int_equal(balance_of(store, id).locked_micro, 0);
    answer = ask(store, incarnation, session, id, 0, 0, EUROS(12));
    assert_int_equal(answer.granted_micro, EUROS(10));
    assert_int_equal(answer.more.is, TRI_ABSENT);
    assert_false(answer.is_locked); /* there is no more, lock or not */
    assert_clean(store);
}

static void a_lock_wants_idle_money_back_and_spends_none(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t session_a = 0, session_b = 0, wanted[4];
    int count = 0;
    uint64_t id = make_account(store, "a", 0);
    uint64_t a = make_incarnation(store, 'a', &session_a);
    uint64_t b = make_incarnation(store, 'b', &session_b);
    top_up(store, id, EUROS(10));
    (void)ask(store, a, session_a, id, 0, 0, EUROS(6));
    (void)ask(store, b, session_b, id, 0, 0, EUROS(4));
    assert_ok(lock_for(store, id, EUROS(8), 0));
    assert_int_equal(balance_of(store, id).available_micro, -EUROS(8));
    assert_ok(ledger_wanted(store, a, 0, wanted, 4, &count));
    assert_int_equal(count, 1);
    assert_ok(ledger_wanted(store, b, 0, wanted, 4, &count));
    assert_int_equal(count, 1);
    top_up(store, id, 1); /* not enough to end that */
    assert_ok(ledger_wanted(store, a, 0, wanted, 4, &count));
    assert_int_equal(count, 1);
    struct money_request back = {.account_id = id,
                                 .amount_micro = -1,
                                 .kind = "adjustment",
                                 .key = "back",
                                 .request_hash = "h",
                                 .actor = "eve"};
    struct money_answer answered;
    assert_result(ledger_money(store, &back, &answered), STORE_REFUSED);
    /* a used 1 and gives 5 back, b all of it: 1 of the 2 that are not locked is left. */
    struct lease_answer answer = ask(store, a, session_a, id, EUROS(1), EUROS(5), 0);
    assert_false(answer.is_wanted);
    answer = ask(store, b, session_b, id, 0, EUROS(4), EUROS(3));
    assert_int_equal(answer.granted_micro, EUROS(5) + 1);
    assert_true(answer.is_locked);
    assert_int_equal(balance_of(store, id).balance_micro, EUROS(10) + 1);
    (void)settle_one(store, a, session_a, make_usage(1, id, EUROS(1), EUROS(1)));
    assert_int_equal(balance_of(store, id).balance_micro, EUROS(9) + 1);
    assert_int_equal(balance_of(store, id).available_micro, 0);
    assert_clean(store);
}

/* An open call holds the rest: when it ends, that is to come back too. */
static void part_of_what_a_lock_wants_does_not_end_the_wish(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t session = 0, id = make_account(store, "a", 0), wanted[4];
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    int count = 0;
    top_up(store, id, EUROS(10));
    (void)ask(store, incarnation, session, id, 0, 0, EUROS(10));
    assert_ok(lock_for(store, id, EUROS(8), 0));
    assert_true(ask(store, incarnation, session, id, 0, EUROS(4), 0).is_wanted);
    assert_ok(ledger_wanted(store, incarnation, 0, wanted, 4, &count));
    assert_int_equal(count, 1);
    assert_false(ask(store, incarnation, session, id, 0, EUROS(8), 0).is_wanted);
    assert_int_equal(balance_of(store, id).available_micro, 0);
    assert_clean(store);
}

/* However many there are, and whichever stay wanted: all are named, page by page. */
static void wanted_accounts_are_named_in_their_order(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t session = 0, ids[3], wanted[2];
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    int count = 0;
    for (int i = 0; i < 3; i++) {
        char name[2] = {(char)('a' + i), '\0'};
        ids[i] = make_account(store, name, 0);
        top_up(store, ids[i], EUROS(1));
        (void)ask(store, incarnation, session, ids[i], 0, 0, EUROS(1));
        assert_ok(lock_for(store, ids[i], EUROS(1), 0));
    }
    assert_ok(ledger_wanted(store, incarnation, 0, wanted, 2, &count));
    assert_int_equal(count, 2);
    assert_int_equal(wanted[1], ids[1]);
    assert_ok(ledger_wanted(store, incarnation, wanted[1], wanted, 2, &count));
    assert_int_equal(count, 1);
    assert_int_equal(wanted[0], ids[2]);
}

static void an_adjustment_takes_nothing_that_is_locked(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t id = make_account(store, "a", 0);
    struct money_request taken = {.account_id = id,
                                  .amount_micro = -EUROS(4),
                                  .kind = "adjustment",
                                  .key = "k",
                                  .request_hash = "h",
                                  .actor = "eve",
                                  .reason = "because"};
    struct money_answer answer;
    top_up(store, id, EUROS(10));
    assert_ok(lock_for(store, id, EUROS(7), 0));
    assert_result(ledger_money(store, &taken, &answer), STORE_REFUSED);
    assert_ok(lock_for(store, id, EUROS(6), 0)); /* replaces the one before */
    assert_ok(ledger_money(store, &taken, &answer));
    assert_int_equal(balance_of(store, id).available_micro, 0);
    assert_clean(store);
}

static void a_lock_ends_by_itself(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    uint64_t id = make_account(store, "a", 0);
    top_up(store, id, EUROS(10));
    assert_ok(lock_for(store, id, EUROS(7), INT64_MAX));
    assert_int_equal(balance_of(store, id).available_micro, EUROS(3));
    assert_int_equal(balance_of(store, id).wall_locked_until_us, INT64_MAX);
    fixture_sql(fixture, "UPDATE book SET wall_locked_until_us = 1 WHERE locked <> 0");
    assert_int_equal(balance_of(store, id).available_micro, EUROS(10));
    assert_int_equal(balance_of(store, id).locked_micro, 0);
}

static uint64_t end_one(struct store *store)
{
    uint64_t id = 99;
    assert_ok(ledger_lock_end(store, &id));
    return id;
}

static void the_end_of_a_lock_is_written_down_once(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    uint64_t session = 0, first = make_account(store, "a", 0), second = make_account(store, "b", 0);
    uint64_t incarnation = make_incarnation(store, 'a', &session), wanted[2];
    int count = 0;
    assert_int_equal(end_one(store), 0);
    top_up(store, second, EUROS(10));
    (void)ask(store, incarnation, session, second, 0, 0, EUROS(6));
    assert_ok(lock_for(store, first, EUROS(1), INT64_MAX));
    assert_ok(lock_for(store, second, EUROS(10), INT64_MAX));
    assert_int_equal(end_one(store), 0); /* neither is over */
    fixture_sql(fixture, "UPDATE book SET wall_locked_until_us = 10 - id WHERE locked <> 0");
    int64_t version = fixture_number(fixture, "SELECT max(number) FROM change");
    assert_int_equal(end_one(store), second); /* it ended first */
    assert_true(fixture_number(fixture, "SELECT max(number) FROM change") > version);
    assert_int_equal(end_one(store), first);
    assert_int_equal(end_one(store), 0);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM book WHERE locked <> 0"
                                             " OR wall_locked_until_us <> 0"),
                     0);
    assert_int_equal(balance_of(store, second).available_micro, EUROS(4));
    assert_ok(ledger_wanted(store, incarnation, 0, wanted, 2, &count));
    assert_int_equal(count, 0); /* nobody lacks what the edge holds any more */
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM event WHERE text LIKE"
                                             " '%rule:lock-end%its time is over%'"),
                     2);
    assert_ok(lock_for(store, first, EUROS(1), 0)); /* until somebody ends it */
    assert_int_equal(end_one(store), 0);
    assert_int_equal(balance_of(store, first).locked_micro, EUROS(1));
    assert_clean(store);
}

static void a_lock_names_who_and_why_and_what_it_may_be(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    uint64_t id = make_account(store, "a", 0);
    static const struct balance_lock bad[] = {
        {.amount_micro = 1, .actor = "", .why = "w"},
        {.amount_micro = 1, .actor = "a", .why = ""},
        {.amount_micro = -1, .actor = "a", .why = "w"},
        {.amount_micro = INT64_MAX, .actor = "a", .why = "w"},
        {.amount_micro = 1, .actor = "a", .why = "w", .wall_until_us = 1},
        {.amount_micro = 0, .actor = "a", .why = "w", .wall_until_us = INT64_MAX},
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        assert_result(ledger_lock(store, id, &bad[i]), STORE_REFUSED);
    }
    assert_result(ledger_lock(store, 99, &unlocked), STORE_ABSENT);
    assert_int_equal(balance_of(store, id).locked_micro, 0);
    assert_ok(lock_for(store, id, EUROS(1), 0)); /* more than there is */
    assert_int_equal(balance_of(store, id).available_micro, -EUROS(1));
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM event WHERE text LIKE"
                                             " '%1.00 of the balance locked: invoice 17%'"),
                     1);
}

static void the_audit_names_a_lock_that_nobody_made(void **state)
{
    struct fixture *fixture = *state;
    char text[512];
    (void)make_account(fixture->store, "a", 0);
    fixture_sql(fixture, "UPDATE book SET locked = 5 WHERE id > 0");
    assert_int_equal(audit(fixture->store, text, sizeof(text)), 1);
    assert_non_null(strstr(text, "(customer EUR, account): its lock is"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    static const struct CMUnitTest tests[] = {
        TEST(what_is_locked_is_not_granted_and_the_answer_says_so),
        TEST(a_lock_wants_idle_money_back_and_spends_none),
        TEST(part_of_what_a_lock_wants_does_not_end_the_wish),
        TEST(wanted_accounts_are_named_in_their_order),
        TEST(an_adjustment_takes_nothing_that_is_locked),
        TEST(a_lock_ends_by_itself),
        TEST(the_end_of_a_lock_is_written_down_once),
        TEST(a_lock_names_who_and_why_and_what_it_may_be),
        TEST(the_audit_names_a_lock_that_nobody_made),
    };
    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
