/* An account's statement with its balances; the export of call records by sequence. */
#include "fixture.h"

#include <string.h>

static void a_statement_has_the_balance_after_each_entry_and_its_call(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t session = 0;
    uint64_t id = make_account(store, "a", 0);
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    top_up(store, id, EUROS(10));
    (void)ask(store, incarnation, session, id, 0, 0, EUROS(4)); /* a grant: no line */
    (void)settle_one(store, incarnation, session, make_usage(1, id, EUROS(3), EUROS(3)));
    top_up(store, id, EUROS(1));

    struct statement_cursor cursor = {0};
    struct statement_row rows[8];
    int count = 0;
    assert_ok(ledger_statement(store, id, &cursor, rows, 8, &count));
    assert_int_equal(count, 3);
    assert_int_equal(cursor.next, 0);
    assert_int_equal(cursor.balance_micro, 0); /* before the first entry */
    assert_int_equal(rows[0].balance_micro, EUROS(8));
    assert_int_equal(rows[1].balance_micro, EUROS(7));
    assert_int_equal(rows[1].transfer.amount_micro, -EUROS(3));
    assert_true(rows[1].has_usage);
    assert_int_equal(rows[1].usage.sequence, 1);
    assert_int_equal(rows[2].balance_micro, EUROS(10));
    assert_false(rows[2].has_usage);
}

static void a_statement_in_pages_is_the_same_one(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t id = make_account(store, "a", 0), other = make_account(store, "b", 0);
    for (int i = 0; i < 23; i++) {
        top_up(store, id, EUROS(1));
        top_up(store, other, EUROS(5));
    }
    struct statement_cursor cursor = {0};
    int64_t expected_micro = EUROS(23);
    for (int page = 0; page < 8; page++) {
        struct statement_row rows[3];
        int count = 0;
        assert_ok(ledger_statement(store, id, &cursor, rows, 3, &count));
        assert_int_equal(count, page < 7 ? 3 : 2);
        for (int i = 0; i < count; i++, expected_micro -= EUROS(1)) {
            assert_int_equal(rows[i].balance_micro, expected_micro);
        }
    }
    assert_int_equal(cursor.next, 0);
    assert_int_equal(expected_micro, 0);
}

static void a_missing_entry_is_unknown_and_not_a_short_statement(void **state)
{
    struct fixture *fixture = *state;
    uint64_t id = make_account(fixture->store, "a", 0);
    for (int i = 0; i < 3; i++) {
        top_up(fixture->store, id, EUROS(1));
    }
    fixture_sql(fixture, "DELETE FROM transfer WHERE number = 2");
    struct statement_cursor cursor = {0};
    struct statement_row rows[8];
    int count = 0;
    assert_ok(ledger_statement(fixture->store, id, &cursor, rows, 8, &count));
    assert_int_equal(count, 1);
    assert_int_equal(cursor.next, 2);
    assert_result(ledger_statement(fixture->store, id, &cursor, rows, 8, &count), STORE_UNKNOWN);
    cursor = (struct statement_cursor){0};
    assert_result(ledger_statement(fixture->store, 99, &cursor, rows, 8, &count), STORE_ABSENT);
}

struct exported {
    struct usage_marks marks;
    struct cdr_row rows[16];
    int count;
    bool has_more;
};

static void export_more(struct store *store, uint64_t account_id, int max,
                        struct exported *exported)
{
    assert_ok(cdr_export(store, account_id, &exported->marks, exported->rows, max, &exported->count,
                         &exported->has_more));
}

static void the_export_goes_on_where_it_ended(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t session[2] = {0};
    uint64_t id = make_account(store, "a", 0);
    uint64_t first = make_incarnation(store, 'a', &session[0]);
    uint64_t second = make_incarnation(store, 'b', &session[1]);
    for (uint64_t i = 1; i <= 5; i++) {
        (void)settle_one(store, first, session[0], make_usage(i, id, 10, (int64_t)i * 10));
    }
    (void)settle_one(store, second, session[1], make_usage(1, id, 10, 10));

    static struct exported exported;
    exported = (struct exported){0};
    export_more(store, 0, 4, &exported);
    assert_int_equal(exported.count, 4);
    assert_true(exported.has_more);
    assert_int_equal(exported.rows[3].usage.sequence, 4);
    export_more(store, 0, 16, &exported);
    assert_int_equal(exported.count, 2);
    assert_false(exported.has_more);
    assert_int_equal(exported.rows[0].usage.sequence, 5);
    assert_int_equal(exported.rows[1].incarnation, second);

    /* Settled late, by the incarnation that was read first: it is not passed over. */
    (void)settle_one(store, first, session[0], make_usage(6, id, 10, 60));
    export_more(store, 0, 16, &exported);
    assert_int_equal(exported.count, 1);
    assert_int_equal(exported.rows[0].incarnation, first);
    assert_int_equal(exported.rows[0].usage.sequence, 6);
    export_more(store, 0, 16, &exported);
    assert_int_equal(exported.count, 0);
}

static void the_export_of_one_account_passes_over_the_others(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t session = 0;
    uint64_t id = make_account(store, "a", 0), other = make_account(store, "b", 0);
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    (void)settle_one(store, incarnation, session, make_usage(1, other, 10, 10));
    (void)settle_one(store, incarnation, session, make_usage(2, id, 10, 10));
    (void)settle_one(store, incarnation, session, make_usage(3, other, 10, 20));
    static struct exported exported;
    exported = (struct exported){0};
    export_more(store, id, 16, &exported);
    assert_int_equal(exported.count, 1);
    assert_int_equal(exported.rows[0].usage.sequence, 2);
    assert_int_equal(exported.marks.count, 1);
    assert_int_equal(exported.marks.marks[0].sequence, 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    static const struct CMUnitTest tests[] = {
        TEST(a_statement_has_the_balance_after_each_entry_and_its_call),
        TEST(a_statement_in_pages_is_the_same_one),
        TEST(a_missing_entry_is_unknown_and_not_a_short_statement),
        TEST(the_export_goes_on_where_it_ended),
        TEST(the_export_of_one_account_passes_over_the_others),
    };
    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
