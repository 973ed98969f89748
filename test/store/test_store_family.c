/* Sub-accounts: one level, one currency, and money that moves between them once. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

static enum store_result put_parent(struct store *store, uint64_t id, uint64_t parent_id)
{
    struct account row;
    assert_ok(config_get_account(store, id, &row));
    row.parent_id = parent_id;
    return config_put_account(store, &row, "eve");
}

static struct money_request move(uint64_t from, uint64_t to, int64_t amount_micro, const char *key)
{
    struct money_request made = {.account_id = from,
                                 .to_account_id = to,
                                 .amount_micro = amount_micro,
                                 .kind = "transfer",
                                 .request_hash = "h1",
                                 .actor = "eve",
                                 .reason = "for the shop"};
    snprintf(made.key, sizeof(made.key), "%s", key);
    return made;
}

static void there_is_one_level_and_one_currency(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t parent = make_account(store, "parent", 0), child = make_account(store, "child", 0);
    uint64_t other = make_account(store, "other", 0);
    struct account row;
    assert_ok(put_parent(store, child, parent));
    assert_result(put_parent(store, parent, parent), STORE_REFUSED);
    assert_result(put_parent(store, parent, child), STORE_REFUSED); /* a cycle */
    assert_result(put_parent(store, other, child), STORE_REFUSED);  /* two levels */
    assert_non_null(strstr(store_error(store), "account child is a sub-account itself"));
    assert_result(put_parent(store, parent, other), STORE_REFUSED); /* the same from above */
    assert_non_null(strstr(store_error(store), "has a sub-account, child"));
    assert_result(put_parent(store, other, 99), STORE_REFUSED);
    assert_ok(config_get_account(store, parent, &row));
    snprintf(row.currency, sizeof(row.currency), "USD");
    assert_result(config_put_account(store, &row, "eve"), STORE_REFUSED);
    assert_ok(config_get_account(store, child, &row));
    snprintf(row.currency, sizeof(row.currency), "USD");
    assert_result(config_put_account(store, &row, "eve"), STORE_REFUSED);
    assert_ok(config_get_account(store, other, &row));
    assert_int_equal(row.parent_id, 0);
    assert_ok(put_parent(store, child, 0)); /* and it may leave */
    assert_ok(put_parent(store, parent, other));
}

static void a_parent_stays_while_it_has_sub_accounts(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t parent = make_account(store, "parent", 0), child = make_account(store, "child", 0);
    assert_ok(put_parent(store, child, parent));
    assert_result(config_remove_account(store, parent, "eve"), STORE_CONFLICT);
    assert_non_null(strstr(store_error(store), "child"));
    assert_ok(config_remove_account(store, child, "eve"));
    assert_ok(config_remove_account(store, parent, "eve"));
}

static void money_moves_both_ways_once_a_key_as_linked_entries(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t parent = make_account(store, "parent", 0), child = make_account(store, "child", 0);
    assert_ok(put_parent(store, child, parent));
    top_up(store, parent, EUROS(10));
    struct money_request down = move(parent, child, EUROS(4), "k1");
    struct money_answer first, again;
    assert_ok(ledger_money(store, &down, &first));
    assert_int_equal(first.balance_micro, EUROS(6));
    assert_ok(ledger_money(store, &down, &again));
    assert_true(again.is_repeat);
    assert_int_equal(again.transfer, first.transfer);
    assert_int_equal(balance_of(store, child).balance_micro, EUROS(4));
    struct money_request up = move(child, parent, EUROS(1), "k2");
    assert_ok(ledger_money(store, &up, &again));
    assert_int_equal(balance_of(store, parent).balance_micro, EUROS(7));
    struct transfer_row rows[4];
    int count = 0;
    assert_ok(ledger_transfers(store, child, 0, rows, 4, &count));
    assert_int_equal(count, 2);
    assert_int_equal(rows[1].amount_micro, EUROS(4));
    assert_int_equal(rows[1].linked, first.transfer);
    assert_int_equal(rows[0].amount_micro, -EUROS(1));
    assert_string_equal(rows[1].kind, "transfer");
    assert_string_equal(rows[1].actor, "eve");
    struct account_child children[2];
    assert_ok(config_page_child(store, parent, 0, children, 2, &count));
    assert_int_equal(count, 1);
    assert_string_equal(children[0].name, "child");
    assert_int_equal(children[0].balance_micro, EUROS(3));
    assert_clean(store);
}

static void only_available_money_of_the_family_moves(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t session = 0, parent = make_account(store, "parent", 0);
    uint64_t child = make_account(store, "child", 0), other = make_account(store, "other", 0);
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    struct balance_lock lock = {.amount_micro = EUROS(3), .actor = "eve", .why = "invoice"};
    struct money_answer answer;
    assert_ok(put_parent(store, child, parent));
    assert_ok(put_parent(store, other, parent));
    top_up(store, parent, EUROS(10));
    (void)ask(store, incarnation, session, parent, 0, 0, EUROS(2));
    assert_ok(ledger_lock(store, parent, &lock));
    struct money_request bad[] = {
        move(parent, child, EUROS(5) + 1, "k1"), /* 2 at an edge, 3 locked */
        move(parent, child, 0, "k2"),
        move(parent, child, -EUROS(1), "k3"),
        move(parent, parent, EUROS(1), "k4"),
        move(parent, 0, EUROS(1), "k5"),
        move(child, other, 1, "k6"),  /* no siblings */
        move(child, parent, 1, "k7"), /* has nothing */
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        assert_result(ledger_money(store, &bad[i], &answer), STORE_REFUSED);
    }
    struct money_request absent = move(parent, 99, EUROS(1), "k8");
    assert_result(ledger_money(store, &absent, &answer), STORE_ABSENT);
    struct money_request topup = move(parent, child, EUROS(1), "k9");
    snprintf(topup.kind, sizeof(topup.kind), "topup");
    assert_result(ledger_money(store, &topup, &answer), STORE_REFUSED);
    struct money_request good = move(parent, child, EUROS(5), "k1");
    assert_ok(ledger_money(store, &good, &answer));
    assert_int_equal(balance_of(store, parent).available_micro, 0);
    assert_clean(store);
}

static void the_audit_names_a_transfer_with_one_side(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    char text[2048];
    uint64_t parent = make_account(store, "parent", 0), child = make_account(store, "child", 0);
    struct money_request down = move(parent, child, EUROS(4), "k1");
    struct money_answer answer;
    assert_ok(put_parent(store, child, parent));
    top_up(store, parent, EUROS(10));
    assert_ok(ledger_money(store, &down, &answer));
    fixture_sql(fixture, "UPDATE book SET balance = 4000000 WHERE kind = 'transfer'");
    assert_true(audit(store, text, sizeof(text)) >= 1);
    assert_non_null(strstr(text, "one entry of a transfer has no other"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    static const struct CMUnitTest tests[] = {
        TEST(there_is_one_level_and_one_currency),
        TEST(a_parent_stays_while_it_has_sub_accounts),
        TEST(money_moves_both_ways_once_a_key_as_linked_entries),
        TEST(only_available_money_of_the_family_moves),
        TEST(the_audit_names_a_transfer_with_one_side),
    };
    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
