/* Money requests, statements, records; what the audit finds; conservation under random work. */
#include "fixture.h"

#include "base/rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct money_request request(uint64_t account_id, const char *kind, int64_t amount_micro,
                                    const char *key)
{
    struct money_request made = {
        .account_id = account_id,
        .amount_micro = amount_micro,
        .actor = "eve",
        .reason = "because",
        .request_hash = "h1",
    };
    snprintf(made.kind, sizeof(made.kind), "%s", kind);
    snprintf(made.key, sizeof(made.key), "%s", key);
    return made;
}

static void a_key_moves_money_once(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t id = make_account(store, "a", 0);
    struct money_request topup = request(id, "topup", EUROS(10), "k1");
    struct money_answer first, again;
    assert_ok(ledger_money(store, &topup, &first));
    assert_false(first.is_repeat);
    assert_int_equal(first.balance_micro, EUROS(10));
    top_up(store, id, EUROS(1));
    assert_ok(ledger_money(store, &topup, &again));
    assert_true(again.is_repeat);
    assert_int_equal(again.transfer, first.transfer);
    assert_int_equal(again.balance_micro, first.balance_micro);
    assert_int_equal(balance_of(store, id).balance_micro, EUROS(11));
    snprintf(topup.request_hash, sizeof(topup.request_hash), "h2");
    assert_result(ledger_money(store, &topup, &again), STORE_CONFLICT);
    assert_clean(store);
}

static void bad_requests_are_refused(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t id = make_account(store, "a", 0);
    struct money_answer answer;
    static const struct {
        const char *kind;
        int64_t amount_micro;
        const char *key;
    } cases[] = {
        {"topup", 0, "k"},       {"topup", -1, "k"}, {"bonus", -1, "k"},
        {"gift", 1, "k"},        {"topup", 1, ""},   {"topup", INT64_MAX, "k"},
        {"adjustment", -1, "k"},                     /* more than is available */
        {"adjustment", 0, "k"},  {"refund", 1, "k"}, /* of nothing */
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct money_request bad = request(id, cases[i].kind, cases[i].amount_micro, cases[i].key);
        assert_result(ledger_money(store, &bad, &answer), STORE_REFUSED);
    }
    struct money_request absent = request(99, "topup", 1, "k");
    assert_result(ledger_money(store, &absent, &answer), STORE_ABSENT);
    assert_int_equal(balance_of(store, id).balance_micro, 0);
}

static void a_refund_gives_back_at_most_what_was_taken(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t session = 0;
    uint64_t id = make_account(store, "a", 0), other = make_account(store, "b", 0);
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    (void)settle_one(store, incarnation, session, make_usage(1, id, EUROS(3), EUROS(3)));
    struct transfer_row rows[4];
    int count = 0;
    assert_ok(ledger_transfers(store, id, 0, rows, 4, &count));
    assert_int_equal(count, 1);
    struct money_answer answer;
    struct money_request refund = request(id, "refund", EUROS(2), "r1");
    refund.linked_transfer = rows[0].number;
    assert_ok(ledger_money(store, &refund, &answer));
    refund = request(id, "refund", EUROS(2), "r2");
    refund.linked_transfer = rows[0].number;
    assert_result(ledger_money(store, &refund, &answer), STORE_REFUSED);
    refund = request(other, "refund", EUROS(1), "r3");
    refund.linked_transfer = rows[0].number;
    assert_result(ledger_money(store, &refund, &answer), STORE_REFUSED);
    assert_int_equal(balance_of(store, id).balance_micro, -EUROS(1));
    assert_clean(store);
}

static void a_statement_is_read_newest_first_in_pages(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t session = 0;
    uint64_t id = make_account(store, "a", 0), other = make_account(store, "b", 0);
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    top_up(store, id, EUROS(10));
    top_up(store, other, EUROS(10));
    (void)ask(store, incarnation, session, id, 0, 0, EUROS(5));
    (void)settle_one(store, incarnation, session, make_usage(1, id, EUROS(1), EUROS(1)));
    (void)settle_one(store, incarnation, session, make_usage(2, id, EUROS(2), EUROS(3)));
    struct transfer_row rows[2];
    int count = 0;
    assert_ok(ledger_transfers(store, id, 0, rows, 2, &count));
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].amount_micro, -EUROS(2));
    assert_int_equal(rows[1].amount_micro, -EUROS(1));
    assert_string_equal(rows[1].kind, "usage");
    assert_ok(ledger_transfers(store, id, rows[1].number, rows, 2, &count));
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].amount_micro, EUROS(10));
    assert_string_equal(rows[0].actor, "test");
    assert_ok(ledger_transfers(store, id, rows[0].number, rows, 2, &count));
    assert_int_equal(count, 0);
}

static void call_records_are_filtered_and_paged(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t session = 0, mark = 0;
    uint64_t a = make_account(store, "a", 0), b = make_account(store, "b", 0);
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    static struct usage usages[20];
    for (uint64_t i = 0; i < 20; i++) {
        usages[i] = make_usage(i + 1, i % 2 == 0 ? a : b, EUROS(1), 0);
    }
    memcpy(usages[4].callee, "4940777", 8);
    assert_ok(ledger_settle(store, incarnation, session, usages, 20, &mark));
    static struct cdr_row rows[20];
    int count = 0;
    struct cdr_filter filter = {.account_id = a};
    assert_ok(cdr_page(store, &filter, rows, 6, &count));
    assert_int_equal(count, 6);
    assert_int_equal(rows[0].usage.sequence, 19);
    assert_int_equal(rows[0].incarnation, incarnation);
    filter.before = rows[5].row;
    assert_ok(cdr_page(store, &filter, rows, 6, &count));
    assert_int_equal(count, 4);
    assert_memory_equal(&rows[3].usage, &usages[0], sizeof(usages[0]));
    filter = (struct cdr_filter){.number = "4940777"};
    assert_ok(cdr_page(store, &filter, rows, 20, &count));
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].usage.sequence, 5);
    filter = (struct cdr_filter){.call_id = "call-7@example.org"};
    assert_ok(cdr_page(store, &filter, rows, 20, &count));
    assert_int_equal(count, 1);
    filter = (struct cdr_filter){.wall_from_us = usages[9].wall_end_us,
                                 .wall_to_us = usages[14].wall_end_us};
    assert_ok(cdr_page(store, &filter, rows, 20, &count));
    assert_int_equal(count, 5);
    assert_true(rows[0].row < (UINT64_C(1) << 53));
}

static void old_records_and_events_go_in_bounded_steps(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    uint64_t session = 0, mark = 0;
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    static struct usage usages[3000];
    for (uint64_t i = 0; i < 3000; i++) {
        usages[i] = make_usage(i + 1, 0, 0, 0);
        usages[i].wall_end_us = INT64_C(1700000000000000) + (int64_t)(i / 100) * 1000000;
    }
    assert_ok(ledger_settle(store, incarnation, session, usages, 3000, &mark));
    struct event_row events[3] = {{.wall_us = 10, .kind = "refusal", .text = "{}"},
                                  {.wall_us = 20, .kind = "refusal", .text = "{}"},
                                  {.wall_us = 30, .kind = "refusal", .text = "{}"}};
    assert_ok(event_put(store, events, 3));
    bool more = true;
    int calls = 0;
    while (more) {
        assert_ok(store_expire(store, INT64_C(1700000029000000), 25, &more));
        calls++;
    }
    assert_true(calls >= 2);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM cdr"), 100);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM event WHERE wall_us < 100"), 1);
    assert_clean(store);
}

static void events_are_found_by_kind_and_account(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    struct event_row rows[3] = {
        {.wall_us = 1, .kind = "refusal", .account_id = 7, .text = "{\"n\":1}"},
        {.wall_us = 2, .kind = "alarm", .account_id = 7, .text = "{\"n\":2}"},
        {.wall_us = 3, .kind = "refusal", .account_id = 8, .text = "{\"n\":3}"}};
    assert_ok(event_put(store, rows, 3));
    struct event_row found[4];
    int count = 0;
    assert_ok(event_page(store, "refusal", 0, 0, found, 4, &count));
    assert_int_equal(count, 2);
    assert_string_equal(found[0].text, "{\"n\":3}");
    assert_ok(event_page(store, NULL, 7, 0, found, 4, &count));
    assert_int_equal(count, 2);
    assert_ok(event_page(store, "alarm", 7, 0, found, 4, &count));
    assert_int_equal(count, 1);
    assert_ok(event_page(store, "", 0, found[0].row, found, 4, &count));
    assert_int_equal(count, 1);
}

static void make_history(struct store *store)
{
    uint64_t session = 0, mark = 0;
    uint64_t a = make_account(store, "a", 0), b = make_account(store, "b", 0);
    top_up(store, a, EUROS(20));
    top_up(store, b, EUROS(20));
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    (void)ask(store, incarnation, session, a, 0, 0, EUROS(5));
    (void)ask(store, incarnation, session, b, 0, 0, EUROS(5));
    struct usage usages[3] = {make_usage(1, a, EUROS(1), EUROS(1)),
                              make_usage(2, b, EUROS(2), EUROS(2)),
                              make_usage(3, a, EUROS(3), EUROS(4))};
    assert_ok(ledger_settle(store, incarnation, session, usages, 3, &mark));
}

static void the_audit_names_each_row_that_was_tampered_with(void **state)
{
    static const struct {
        const char *sql;
        const char *says;
    } cases[] = {
        {"UPDATE book SET balance = balance + 1 WHERE id = 2", "book 2 "},
        {"UPDATE book SET leased = leased + 1 WHERE id = 1", "book 1 "},
        {"UPDATE book SET excess = 5 WHERE id = 1", "book 1 "},
        {"UPDATE book SET last_transfer = 1 WHERE id = 1", "book 1 "},
        {"UPDATE book SET balance = balance - 1 WHERE kind = 'revenue'", "revenue EUR"},
        {"DELETE FROM book WHERE kind = 'revenue'", "is missing"},
        {"UPDATE lease SET granted = granted + 1 WHERE account = 2", "account 2: granted"},
        {"UPDATE lease SET settled = 0 WHERE account = 1", "account 1: settled"},
        {"UPDATE lease SET used_known = 0 WHERE account = 1", "account 1"},
        {"DELETE FROM lease WHERE account = 2", "account 2 is missing"},
        {"UPDATE transfer SET amount = amount + 1 WHERE number = 6", "transfer 6 "},
        {"UPDATE transfer SET reason = 'x' WHERE number = 1", "transfer 1 "},
        {"UPDATE transfer SET account = 2 WHERE number = 5", "transfer 5 "},
        {"UPDATE transfer SET row_check = 1 WHERE number = 4", "transfer 4 "},
        {"DELETE FROM transfer WHERE number = 6", "transfer 6 is missing"},
        {"DELETE FROM transfer WHERE number = 7", "transfer 7 is missing"},
        {"INSERT INTO transfer SELECT number + 10, wall_us, kind, debit, credit, amount, account,"
         " incarnation, sequence, previous, linked, actor, reason, row_check FROM transfer"
         " WHERE number = 7",
         "transfer 17 is in no link"},
        {"UPDATE link SET hash = zeroblob(32) WHERE first = 3", "transfers 3 to 3"},
        {"DELETE FROM link WHERE first = 5", "chain 1"},
        {"DELETE FROM link WHERE first = 2", "their link is missing"},
        {"UPDATE chain SET head = zeroblob(32) WHERE id = 0", "chain 0"},
        {"UPDATE incarnation SET high_water = 2", "above its mark"},
        {"UPDATE counter SET value = value + 5 WHERE name = 'transfer'", "counter transfer"},
        {"UPDATE cdr SET transfer = 5 WHERE sequence = 2", "CDR "},
        {"UPDATE cdr SET usage = zeroblob(1) WHERE sequence = 2", "is damaged"},
    };
    struct fixture *fixture = *state;
    make_history(fixture->store);
    assert_clean(fixture->store);
    fixture_keep(fixture);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[4096];
        fixture_sql(fixture, cases[i].sql);
        uint64_t wrong_count = audit(fixture->store, text, sizeof(text));
        if (wrong_count == 0 || strstr(text, cases[i].says) == NULL) {
            fail_msg("after %s the audit said: %s", cases[i].sql, text);
        }
        fixture_put_back(fixture);
        assert_clean(fixture->store);
    }
}

/* The counter in a record's row came round since the second in which the call ended. */
static void a_late_record_takes_the_next_free_row(void **state)
{
    struct fixture *fixture = *state;
    uint64_t session = 0, mark = 0;
    uint64_t account = make_account(fixture->store, "a", EUROS(10));
    uint64_t incarnation = make_incarnation(fixture->store, 'a', &session);
    struct usage usages[4];
    for (uint64_t i = 0; i < 4; i++) {
        usages[i] = make_usage(i + 1, account, EUROS(1), (int64_t)(i + 1) * EUROS(1));
        usages[i].wall_end_us = INT64_C(1700000060000000);
    }
    assert_ok(ledger_settle(fixture->store, incarnation, session, usages, 2, &mark));
    fixture_sql(fixture, "UPDATE counter SET value = 0 WHERE name = 'cdr'");
    assert_ok(ledger_settle(fixture->store, incarnation, session, &usages[2], 2, &mark));
    assert_int_equal(mark, 4);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM cdr"), 4);
    assert_int_equal(fixture_number(fixture, "SELECT count(DISTINCT transfer) FROM cdr"), 4);
    assert_clean(fixture->store);
}

/* The counter comes round in the middle of a batch, onto rows of the same second; and records of
 * more seconds than are looked at one by one. */
static void a_batch_over_the_counters_end_and_many_seconds_is_kept_whole(void **state)
{
    enum { COUNT = 40 };
    struct fixture *fixture = *state;
    uint64_t session = 0, mark = 0;
    uint64_t account = make_account(fixture->store, "a", EUROS(100));
    uint64_t incarnation = make_incarnation(fixture->store, 'a', &session);
    struct usage usages[2 * COUNT];
    for (uint64_t i = 0; i < 2 * COUNT; i++) {
        usages[i] = make_usage(i + 1, account, EUROS(1), (int64_t)(i + 1) * EUROS(1));
        usages[i].wall_end_us =
            INT64_C(1700000060000000) + (i < COUNT ? 0 : (int64_t)(i % COUNT) * INT64_C(1000000));
    }
    assert_ok(ledger_settle(fixture->store, incarnation, session, usages, 10, &mark));
    fixture_sql(fixture, "UPDATE counter SET value = 1048576 - 5 WHERE name = 'cdr'");
    assert_ok(ledger_settle(fixture->store, incarnation, session, &usages[10], COUNT - 10, &mark));
    assert_ok(ledger_settle(fixture->store, incarnation, session, &usages[COUNT], COUNT, &mark));
    assert_int_equal(mark, 2 * COUNT);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM cdr"), 2 * COUNT);
    assert_int_equal(fixture_number(fixture, "SELECT count(DISTINCT transfer) FROM cdr"),
                     2 * COUNT);
    assert_clean(fixture->store);
}

/* A change of an entry that also mends its check is still caught, by the chain. */
static void the_chain_holds_where_the_row_check_was_mended(void **state)
{
    struct fixture *fixture = *state;
    char text[4096];
    make_history(fixture->store);
    fixture_sql(fixture, "UPDATE transfer SET (reason, row_check) ="
                         " (SELECT reason, row_check FROM transfer t WHERE t.number = 3),"
                         " number = number WHERE number = 4");
    assert_true(audit(fixture->store, text, sizeof(text)) > 0);
    fixture_sql(fixture, "UPDATE chain SET link_count = 1 WHERE id = 0");
    assert_true(audit(fixture->store, text, sizeof(text)) > 1);
    assert_non_null(strstr(text, "chain 0"));
}

enum { ACCOUNTS = 5, EDGES = 3, STEPS = 1500 };

struct edge { /* what one edge knows, as in the protocol: all of it cumulative */
    uint64_t incarnation, session, sequence;
    char nonce_digit;
    int64_t granted[ACCOUNTS], returned[ACCOUNTS], used[ACCOUNTS];
};

static void random_refill(struct rng *rng, struct store *store, struct edge *edge,
                          const uint64_t accounts[ACCOUNTS])
{
    size_t i = (size_t)rng_below(rng, ACCOUNTS);
    int64_t left = edge->granted[i] - edge->returned[i] - edge->used[i];
    if (left > 0 && rng_below(rng, 3) == 0) {
        edge->returned[i] += (int64_t)rng_below(rng, (uint64_t)left + 1);
    }
    struct lease_answer answer =
        ask(store, edge->incarnation, edge->session, accounts[i], edge->used[i], edge->returned[i],
            (int64_t)rng_below(rng, (uint64_t)EUROS(3)));
    assert_true(answer.granted_micro >= edge->granted[i]);
    if (answer.granted_micro > edge->granted[i]) {
        assert_true(balance_of(store, accounts[i]).available_micro >= 0);
    }
    edge->granted[i] = answer.granted_micro;
}

static void random_settle(struct rng *rng, struct store *store, struct edge *edge,
                          const uint64_t accounts[ACCOUNTS])
{
    struct usage usages[8];
    uint64_t mark = 0;
    int count = 1 + (int)rng_below(rng, 8);
    for (int n = 0; n < count; n++) {
        size_t i = (size_t)rng_below(rng, ACCOUNTS);
        int64_t left = edge->granted[i] - edge->returned[i] - edge->used[i];
        int64_t charge = (int64_t)rng_below(rng, (uint64_t)MONEY_MICRO);
        charge = charge > left + EUROS(1) / 2 ? 0 : charge; /* lease and grace */
        edge->used[i] += charge;
        usages[n] = make_usage(++edge->sequence, accounts[i], charge, edge->used[i]);
    }
    assert_ok(ledger_settle(store, edge->incarnation, edge->session, usages, count, &mark));
    assert_int_equal(mark, edge->sequence);
    if (rng_below(rng, 4) == 0) { /* sent again */
        assert_ok(ledger_settle(store, edge->incarnation, edge->session, usages, count, &mark));
        assert_int_equal(mark, edge->sequence);
    }
}

static void random_death(struct store *store, struct edge *edge, int step)
{
    char nonce[33];
    assert_ok(ledger_fence(store, edge->incarnation, "eve", "drill"));
    struct edge fresh = {0};
    snprintf(nonce, sizeof(nonce), "%032d", step);
    uint64_t mark = 0;
    assert_ok(ledger_register(store, "node", nonce, &fresh.incarnation));
    assert_ok(ledger_open(store, fresh.incarnation, nonce, 0, &fresh.session, &mark));
    *edge = fresh;
}

static void money_is_neither_made_nor_lost(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    const char *seed_text = getenv("DIALTONE_TEST_SEED");
    uint64_t seed = seed_text != NULL ? strtoull(seed_text, NULL, 10) : (uint64_t)time(NULL);
    print_message("seed %llu\n", (unsigned long long)seed);
    struct rng rng;
    rng_init(&rng, seed);
    uint64_t accounts[ACCOUNTS];
    struct edge edges[EDGES] = {0};
    for (int i = 0; i < ACCOUNTS; i++) {
        char name[32];
        snprintf(name, sizeof(name), "account%d", i);
        accounts[i] = make_account(store, name, i == 0 ? EUROS(5) : 0);
    }
    for (int i = 0; i < EDGES; i++) {
        edges[i].incarnation = make_incarnation(store, (char)('a' + i), &edges[i].session);
    }
    for (int step = 0; step < STEPS; step++) {
        struct edge *edge = &edges[rng_below(&rng, EDGES)];
        uint64_t what = rng_below(&rng, 100);
        if (what < 5) {
            top_up(store, accounts[rng_below(&rng, ACCOUNTS)],
                   1 + (int64_t)rng_below(&rng, (uint64_t)EUROS(10)));
        } else if (what < 50) {
            random_refill(&rng, store, edge, accounts);
        } else if (what < 99) {
            random_settle(&rng, store, edge, accounts);
        } else {
            random_death(store, edge, step);
        }
        if (step % 100 == 99) {
            assert_clean(store);
            assert_int_equal(fixture_number(fixture, "SELECT sum(balance) FROM book"), 0);
        }
    }
    assert_clean(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(a_key_moves_money_once),
        TEST(bad_requests_are_refused),
        TEST(a_refund_gives_back_at_most_what_was_taken),
        TEST(a_statement_is_read_newest_first_in_pages),
        TEST(call_records_are_filtered_and_paged),
        TEST(old_records_and_events_go_in_bounded_steps),
        TEST(events_are_found_by_kind_and_account),
        TEST(a_late_record_takes_the_next_free_row),
        TEST(a_batch_over_the_counters_end_and_many_seconds_is_kept_whole),
        TEST(the_audit_names_each_row_that_was_tampered_with),
        TEST(the_chain_holds_where_the_row_check_was_mended),
        TEST(money_is_neither_made_nor_lost),
    };
    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
