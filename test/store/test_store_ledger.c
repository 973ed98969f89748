/* The ledger's protocol: register, open, refill, settle, fence, as docs/money.md says. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

static const char nonce_a[33] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

static void a_nonce_has_one_number(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t first = 0, again = 0, other = 0;
    assert_ok(ledger_register(store, "pop1", nonce_a, &first));
    assert_ok(ledger_register(store, "pop1", nonce_a, &again));
    assert_ok(ledger_register(store, "pop1", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", &other));
    assert_int_equal(first, again);
    assert_int_not_equal(first, other);
    assert_result(ledger_register(store, "pop1", "short", &other), STORE_REFUSED);
}

static void only_the_newest_session_is_served(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t first = 0, second = 0, mark = 9;
    uint64_t incarnation = make_incarnation(store, 'a', &first);
    assert_ok(ledger_open(store, incarnation, nonce_a, 0, &second, &mark));
    assert_true(second > first);
    struct lease_ask one = {.account_id = 1};
    struct lease_answer answer;
    struct usage usage = make_usage(1, 0, 0, 0);
    assert_result(ledger_refill(store, incarnation, first, &one, 1, &answer), STORE_OLD_SESSION);
    assert_result(ledger_settle(store, incarnation, first, &usage, 1, &mark), STORE_OLD_SESSION);
    assert_ok(ledger_settle(store, incarnation, second, &usage, 1, &mark));
    /* A session from the future: this ledger was put back to an older state. */
    assert_result(ledger_settle(store, incarnation, second + 1, &usage, 1, &mark), STORE_UNKNOWN);
}

static void an_incarnation_that_was_never_registered_is_absent(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t session = 0, mark = 0;
    struct usage usage = make_usage(1, 0, 0, 0);
    assert_result(ledger_open(store, 99, nonce_a, 0, &session, &mark), STORE_ABSENT);
    assert_result(ledger_settle(store, 99, 1, &usage, 1, &mark), STORE_ABSENT);
    assert_result(ledger_fence(store, 99, "eve", "gone"), STORE_ABSENT);
}

static void a_grant_is_the_room_that_lacks_up_to_what_is_available(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    static const struct {
        int64_t balance, limit, used, want, granted;
        enum tri_is more;
    } cases[] = {
        {20, 0, 0, 5, 5, TRI_PRESENT},  {20, 0, 0, 20, 20, TRI_ABSENT},
        {20, 0, 0, 50, 20, TRI_ABSENT}, {0, 0, 0, 5, 0, TRI_ABSENT},
        {0, 10, 0, 4, 4, TRI_PRESENT},  {20, 0, 0, 0, 0, TRI_PRESENT},
        {20, 0, 3, 5, 8, TRI_PRESENT}, /* what was used beyond the lease is filled first */
        {20, 0, 0, -5, 0, TRI_PRESENT},
    };
    uint64_t session = 0;
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char name[16];
        snprintf(name, sizeof(name), "account%zu", i);
        uint64_t account = make_account(store, name, EUROS(cases[i].limit));
        if (cases[i].balance > 0) {
            top_up(store, account, EUROS(cases[i].balance));
        }
        struct lease_answer answer = ask(store, incarnation, session, account, EUROS(cases[i].used),
                                         0, EUROS(cases[i].want));
        assert_int_equal(answer.granted_micro, EUROS(cases[i].granted));
        assert_int_equal(answer.more.is, cases[i].more);
        assert_true(answer.version > 0);
    }
    assert_clean(store);
}

static void a_repeated_refill_grants_nothing_twice(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t session = 0;
    uint64_t account = make_account(store, "a", 0);
    top_up(store, account, EUROS(20));
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    struct lease_answer first = ask(store, incarnation, session, account, 0, 0, EUROS(5));
    struct lease_answer again = ask(store, incarnation, session, account, 0, 0, EUROS(5));
    assert_int_equal(again.granted_micro, first.granted_micro);
    assert_int_equal(again.version, first.version);
    assert_int_equal(balance_of(store, account).available_micro, EUROS(15));
}

static void an_account_without_a_book_is_unknown_not_poor(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t session = 0;
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    struct lease_answer answer = ask(store, incarnation, session, 4711, 0, 0, EUROS(5));
    assert_int_equal(answer.more.is, TRI_UNKNOWN);
    assert_int_equal(answer.granted_micro, 0);
}

static void two_edges_never_share_a_cent(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t session_a = 0, session_b = 0;
    uint64_t account = make_account(store, "a", 0);
    top_up(store, account, EUROS(20));
    uint64_t a = make_incarnation(store, 'a', &session_a);
    uint64_t b = make_incarnation(store, 'b', &session_b);
    assert_int_equal(ask(store, a, session_a, account, 0, 0, EUROS(15)).granted_micro, EUROS(15));
    struct lease_answer answer = ask(store, b, session_b, account, 0, 0, EUROS(15));
    assert_int_equal(answer.granted_micro, EUROS(5));
    assert_int_equal(answer.more.is, TRI_ABSENT);
    assert_clean(store);
}

static void idle_money_is_wanted_from_others_and_comes_back(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t session_a = 0, session_b = 0;
    uint64_t account = make_account(store, "a", 0);
    top_up(store, account, EUROS(20));
    uint64_t a = make_incarnation(store, 'a', &session_a);
    uint64_t b = make_incarnation(store, 'b', &session_b);
    uint64_t wanted[4];
    int count = 9;
    (void)ask(store, a, session_a, account, 0, 0, EUROS(20));
    assert_ok(ledger_wanted(store, a, 0, wanted, 4, &count));
    assert_int_equal(count, 0);
    assert_int_equal(ask(store, b, session_b, account, 0, 0, EUROS(5)).granted_micro, 0);
    assert_ok(ledger_wanted(store, a, 0, wanted, 4, &count));
    assert_int_equal(count, 1);
    assert_int_equal(wanted[0], account);
    assert_ok(ledger_wanted(store, b, 0, wanted, 4, &count));
    assert_int_equal(count, 0);
    /* It hears so, then gives back what it does not hold. */
    assert_true(ask(store, a, session_a, account, EUROS(2), 0, 0).is_wanted);
    assert_false(ask(store, a, session_a, account, EUROS(2), EUROS(18), 0).is_wanted);
    assert_ok(ledger_wanted(store, a, 0, wanted, 4, &count));
    assert_int_equal(count, 0);
    assert_int_equal(ask(store, b, session_b, account, 0, 0, EUROS(5)).granted_micro, EUROS(5));
    assert_clean(store);
}

static void a_return_is_absolute_and_never_more_than_was_granted(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t session = 0;
    uint64_t account = make_account(store, "a", 0);
    top_up(store, account, EUROS(20));
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    (void)ask(store, incarnation, session, account, 0, 0, EUROS(8));
    assert_int_equal(ask(store, incarnation, session, account, 0, EUROS(3), 0).returned_micro,
                     EUROS(3));
    assert_int_equal(ask(store, incarnation, session, account, 0, EUROS(3), 0).returned_micro,
                     EUROS(3));
    assert_int_equal(ask(store, incarnation, session, account, 0, EUROS(1), 0).returned_micro,
                     EUROS(3));
    assert_int_equal(ask(store, incarnation, session, account, 0, EUROS(99), 0).returned_micro,
                     EUROS(8));
    assert_int_equal(balance_of(store, account).available_micro, EUROS(20));
    assert_clean(store);
}

static void a_usage_is_charged_once_however_often_it_comes(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t session = 0, mark = 0;
    uint64_t account = make_account(store, "a", 0);
    top_up(store, account, EUROS(20));
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    (void)ask(store, incarnation, session, account, 0, 0, EUROS(10));
    struct usage usages[3] = {make_usage(1, account, EUROS(1), EUROS(1)),
                              make_usage(2, account, EUROS(2), EUROS(3)),
                              make_usage(3, account, EUROS(3), EUROS(6))};
    assert_ok(ledger_settle(store, incarnation, session, usages, 2, &mark));
    assert_int_equal(mark, 2);
    assert_ok(ledger_settle(store, incarnation, session, usages, 2, &mark));
    assert_int_equal(mark, 2);
    assert_ok(ledger_settle(store, incarnation, session, usages, 3, &mark));
    assert_int_equal(mark, 3);
    struct balance balance = balance_of(store, account);
    assert_int_equal(balance.balance_micro, EUROS(14));
    assert_int_equal(balance.leased_micro, EUROS(4));
    assert_int_equal(balance.available_micro, EUROS(10));
    assert_clean(store);
}

static void a_gap_stops_the_settlement_before_it(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t session = 0, mark = 77;
    uint64_t account = make_account(store, "a", 0);
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    struct usage early = make_usage(2, account, EUROS(1), EUROS(1));
    assert_ok(ledger_settle(store, incarnation, session, &early, 1, &mark));
    assert_int_equal(mark, 0);
    struct usage usages[3] = {make_usage(1, account, EUROS(1), EUROS(1)),
                              make_usage(2, account, EUROS(1), EUROS(2)),
                              make_usage(4, account, EUROS(1), EUROS(4))};
    assert_ok(ledger_settle(store, incarnation, session, usages, 3, &mark));
    assert_int_equal(mark, 2);
    assert_int_equal(balance_of(store, account).balance_micro, -EUROS(2));
    assert_clean(store);
}

static void nothing_to_settle_answers_the_mark(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t session = 0, mark = 77;
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    assert_ok(ledger_settle(store, incarnation, session, NULL, 0, &mark));
    assert_int_equal(mark, 0);
}

static void talk_on_grace_is_charged_below_zero(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t session = 0;
    uint64_t account = make_account(store, "a", 0);
    top_up(store, account, EUROS(1));
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    (void)ask(store, incarnation, session, account, 0, 0, EUROS(1));
    (void)settle_one(store, incarnation, session, make_usage(1, account, EUROS(3), EUROS(3)));
    assert_int_equal(balance_of(store, account).balance_micro, -EUROS(2));
    assert_int_equal(balance_of(store, account).available_micro, -EUROS(2));
    struct lease_answer answer = ask(store, incarnation, session, account, EUROS(3), 0, EUROS(5));
    assert_int_equal(answer.granted_micro, EUROS(1));
    assert_int_equal(answer.more.is, TRI_ABSENT);
    top_up(store, account, EUROS(10));
    (void)ask(store, incarnation, session, account, EUROS(3), 0, EUROS(5));
    assert_clean(store);
}

static void free_and_unpaid_calls_leave_a_record_and_no_entry(void **state)
{
    struct fixture *fixture = *state;
    uint64_t session = 0, mark = 0;
    uint64_t account = make_account(fixture->store, "a", 0);
    uint64_t incarnation = make_incarnation(fixture->store, 'a', &session);
    struct usage usages[2] = {make_usage(1, 0, 0, 0), make_usage(2, account, 0, 0)};
    assert_ok(ledger_settle(fixture->store, incarnation, session, usages, 2, &mark));
    assert_int_equal(mark, 2);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM transfer"), 0);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM cdr"), 2);
    assert_clean(fixture->store);
}

static void a_usage_that_cannot_be_charged_raises_an_alarm_and_blocks_nothing(void **state)
{
    struct fixture *fixture = *state;
    uint64_t session = 0, mark = 0;
    uint64_t account = make_account(fixture->store, "a", 0);
    uint64_t incarnation = make_incarnation(fixture->store, 'a', &session);
    struct usage usages[4] = {
        make_usage(1, 4711, EUROS(1), EUROS(1)), make_usage(2, account, -EUROS(1), 0),
        make_usage(3, account, INT64_MAX, 0), make_usage(4, account, EUROS(1), EUROS(1))};
    assert_ok(ledger_settle(fixture->store, incarnation, session, usages, 4, &mark));
    assert_int_equal(mark, 4);
    assert_int_equal(balance_of(fixture->store, account).balance_micro, -EUROS(1));
    struct event_row event;
    int count = 0;
    assert_ok(event_page(fixture->store, "alarm", 0, 0, &event, 1, &count));
    assert_int_equal(count, 1);
    assert_non_null(strstr(event.text, "\"count\":3"));
    assert_clean(fixture->store);
}

static void what_carriers_charge_is_booked_by_currency(void **state)
{
    struct fixture *fixture = *state;
    uint64_t session = 0, mark = 0;
    uint64_t account = make_account(fixture->store, "a", 0);
    uint64_t incarnation = make_incarnation(fixture->store, 'a', &session);
    struct usage usages[3] = {make_usage(1, account, EUROS(2), EUROS(2)),
                              make_usage(2, account, EUROS(2), EUROS(4)),
                              make_usage(3, account, EUROS(2), EUROS(6))};
    for (int i = 0; i < 3; i++) {
        usages[i].has_cost = true;
        usages[i].cost_micro = EUROS(1);
        usages[i].cost_rate = rate_free("EUR");
    }
    memcpy(usages[2].cost_rate.currency, "USD", 4);
    assert_ok(ledger_settle(fixture->store, incarnation, session, usages, 3, &mark));
    assert_int_equal(fixture_number(fixture, "SELECT balance FROM book WHERE kind = 'cost' AND"
                                             " currency = 'EUR'"),
                     EUROS(2));
    assert_int_equal(fixture_number(fixture, "SELECT balance FROM book WHERE kind = 'cost' AND"
                                             " currency = 'USD'"),
                     EUROS(1));
    assert_int_equal(fixture_number(fixture, "SELECT balance FROM book WHERE kind = 'revenue' AND"
                                             " currency = 'EUR'"),
                     EUROS(4));
    assert_clean(fixture->store);
}

static void a_death_verdict_frees_the_lease_and_late_usage_is_still_charged(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    uint64_t session = 0, mark = 0;
    uint64_t account = make_account(store, "a", 0);
    top_up(store, account, EUROS(20));
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    (void)ask(store, incarnation, session, account, EUROS(4), 0, EUROS(8));
    (void)settle_one(store, incarnation, session, make_usage(1, account, EUROS(1), EUROS(1)));
    assert_int_equal(balance_of(store, account).available_micro, EUROS(8));
    assert_result(ledger_fence(store, incarnation, "", "no actor"), STORE_REFUSED);
    assert_ok(ledger_fence(store, incarnation, "eve", "the machine burnt"));
    assert_int_equal(balance_of(store, account).available_micro, EUROS(19));
    assert_int_equal(fixture_number(fixture, "SELECT verdict FROM lease"), EUROS(11));
    assert_ok(ledger_fence(store, incarnation, "eve", "again"));
    struct ledger_exposure exposures[2];
    int exposure_count = 0;
    assert_ok(ledger_exposures(store, 0, exposures, 2, &exposure_count));
    assert_int_equal(exposure_count, 1);
    assert_true(exposures[0].is_dead);
    assert_string_equal(exposures[0].currency, "EUR");
    assert_int_equal(exposures[0].leased_micro, 0);
    assert_int_equal(exposures[0].verdict_micro, EUROS(11));
    assert_int_equal(fixture_number(fixture, "SELECT verdict FROM lease"), EUROS(11));

    struct lease_ask one = {.account_id = account};
    struct lease_answer answer;
    uint64_t again = 0;
    assert_result(ledger_refill(store, incarnation, session, &one, 1, &answer), STORE_FENCED);
    assert_result(ledger_register(store, "pop1", nonce_a, &again), STORE_FENCED);
    (void)settle_one(store, incarnation, session, make_usage(2, account, EUROS(3), EUROS(4)));
    assert_int_equal(balance_of(store, account).balance_micro, EUROS(16));
    assert_int_equal(balance_of(store, account).available_micro, EUROS(16));
    /* A restarted edge that is dead learns so, and may still settle. */
    assert_result(ledger_open(store, incarnation, nonce_a, 5, &session, &mark), STORE_FENCED);
    assert_int_equal(mark, 2);
    (void)settle_one(store, incarnation, session, make_usage(3, account, EUROS(30), EUROS(34)));
    assert_int_equal(balance_of(store, account).balance_micro, -EUROS(14));
    assert_clean(store);
}

static void a_copied_disk_is_fenced(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t session = 0, other = 0, mark = 0;
    uint64_t account = make_account(store, "a", 0);
    top_up(store, account, EUROS(20));
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    (void)ask(store, incarnation, session, account, 0, 0, EUROS(8));
    (void)settle_one(store, incarnation, session, make_usage(1, account, EUROS(1), EUROS(1)));
    assert_result(ledger_open(store, incarnation, nonce_a, 0, &other, &mark), STORE_FENCED);
    assert_int_equal(other, 0);
    assert_int_equal(balance_of(store, account).available_micro, EUROS(19));
    /* The one that was copied still settles what it has. */
    assert_int_equal(
        settle_one(store, incarnation, session, make_usage(2, account, EUROS(1), EUROS(2))), 2);
    assert_clean(store);
}

static struct ledger_disk disk_at(uint64_t session, uint64_t position, uint64_t sequence)
{
    struct ledger_disk disk = {.session = session, .position = position, .sequence = sequence};
    snprintf(disk.nonce, sizeof(disk.nonce), "%s", nonce_a);
    return disk;
}

/* Opens a new incarnation for a disk that is at 500 and knows of no session. */
static struct ledger_disk open_first(struct store *store, uint64_t *incarnation,
                                     struct ledger_opened *opened)
{
    struct ledger_disk disk = disk_at(0, 500, 0);
    assert_ok(ledger_register(store, "pop1", nonce_a, incarnation));
    assert_ok(ledger_open_disk(store, *incarnation, &disk, opened));
    return disk;
}

/* Asks for money in that session, as the disk is then. */
static void ask_from(struct store *store, uint64_t incarnation, uint64_t account,
                     const struct ledger_disk *disk)
{
    ledger_tell(store, disk);
    (void)ask(store, incarnation, disk->session, account, 0, 0, EUROS(8));
    ledger_tell(store, NULL);
}

/* Nothing was settled since, but something was asked for. */
static void a_disk_from_before_the_last_ask_is_fenced(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t incarnation = 0;
    struct ledger_opened opened = {0};
    uint64_t account = make_account(store, "a", 0);
    top_up(store, account, EUROS(20));
    struct ledger_disk disk = open_first(store, &incarnation, &opened);
    disk = disk_at(opened.session, 900, 0);
    ask_from(store, incarnation, account, &disk);
    assert_ok(ledger_open_disk(store, incarnation, &disk, &opened)); /* as far as it was told */
    assert_int_equal(opened.session, 2);
    disk.position = 899;
    assert_result(ledger_open_disk(store, incarnation, &disk, &opened), STORE_FENCED);
    assert_true(opened.is_copy);
    assert_int_equal(opened.session, 2);
    assert_int_equal(balance_of(store, account).available_micro, EUROS(20));
    assert_clean(store);
}

static void a_disk_that_does_not_know_the_session_used_last_is_fenced(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t incarnation = 0;
    struct ledger_opened opened = {0};
    uint64_t account = make_account(store, "a", 0);
    struct ledger_disk disk = open_first(store, &incarnation, &opened);
    assert_ok(ledger_open_disk(store, incarnation, &disk, &opened)); /* the answer was lost */
    struct ledger_disk told = disk_at(opened.session, 600, 0);
    ask_from(store, incarnation, account, &told);
    disk.position = 10000; /* however much it wrote since */
    assert_result(ledger_open_disk(store, incarnation, &disk, &opened), STORE_FENCED);
    assert_true(opened.is_copy);
}

static void a_start_that_was_let_in_is_its_incarnations_for_ever(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    static const char start[33] = "dddddddddddddddddddddddddddddddd";
    uint64_t incarnation = 0, found = 0;
    struct ledger_opened opened = {0};
    assert_ok(ledger_register(store, "pop1", nonce_a, &incarnation));
    struct ledger_disk disk = disk_at(0, 500, 0);
    disk.start_count = 1;
    memcpy(disk.starts[0], start, sizeof(start));
    assert_ok(ledger_open_disk(store, incarnation, &disk, &opened));
    assert_result(ledger_register(store, "pop1", start, &found), STORE_EXISTS);
    assert_int_equal(found, incarnation);
}

static void a_ledger_that_forgot_a_session_or_gave_the_number_to_another_is_unknown(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t incarnation = 0;
    struct ledger_opened opened = {0};
    uint64_t account = make_account(store, "a", 0);
    assert_ok(ledger_register(store, "pop1", nonce_a, &incarnation));
    struct ledger_disk disk = disk_at(3, 500, 0);
    assert_result(ledger_open_disk(store, incarnation, &disk, &opened), STORE_UNKNOWN);
    assert_true(store_is_foreign(store));
    disk.session = 0;
    assert_ok(ledger_open_disk(store, incarnation, &disk, &opened));
    snprintf(disk.nonce, sizeof(disk.nonce), "%032d", 7);
    ledger_tell(store, &disk);
    struct lease_ask one = {.account_id = account};
    struct lease_answer answer;
    assert_result(ledger_refill(store, incarnation, opened.session, &one, 1, &answer),
                  STORE_UNKNOWN);
    assert_true(store_is_foreign(store));
}

/* A database that was put back and has gone on: its numbers are higher, its past is another. */
static void a_past_that_was_changed_is_unknown_whatever_its_numbers(void **state)
{
    struct fixture *fixture = *state;
    struct store_known known;
    struct balance balance;
    uint64_t account = make_account(fixture->store, "a", 0);
    top_up(fixture->store, account, EUROS(1));
    fixture_keep(fixture);
    top_up(fixture->store, account, EUROS(2));
    store_known(fixture->store, &known);
    fixture_put_back(fixture);
    for (int i = 0; i < 5; i++) {
        top_up(fixture->store, account, EUROS(3));
    }
    store_expect(fixture->store, &known);
    assert_result(ledger_balance(fixture->store, account, &balance), STORE_UNKNOWN);
    assert_true(store_is_foreign(fixture->store));
}

static void another_timeline_is_unknown_until_it_is_taken(void **state)
{
    struct fixture *fixture = *state;
    struct balance balance;
    uint64_t account = make_account(fixture->store, "a", 0);
    struct store *other = fixture_open(fixture, FIXTURE_PATIENCE_US, false);
    assert_ok(ledger_balance(other, account, &balance));
    assert_ok(store_renew_timeline(fixture->store));
    assert_ok(ledger_balance(fixture->store, account, &balance));
    assert_result(ledger_balance(other, account, &balance), STORE_UNKNOWN);
    assert_true(store_is_foreign(other));
    store_free(other);
    other = fixture_open(fixture, FIXTURE_PATIENCE_US, false); /* the directory was told */
    assert_ok(ledger_balance(other, account, &balance));
    store_free(other);
}

static void another_nonce_is_not_this_incarnation(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    uint64_t session = 0, mark = 0;
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    assert_result(
        ledger_open(store, incarnation, "cccccccccccccccccccccccccccccccc", 0, &session, &mark),
        STORE_FENCED);
    assert_ok(ledger_open(store, incarnation, nonce_a, 0, &session, &mark));
}

static void many_of_both_go_in_chunks(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    enum { USAGES = 9000, ASKS = 1200 };
    static struct usage usages[USAGES];
    static struct lease_ask asks[ASKS];
    static struct lease_answer answers[ASKS];
    uint64_t session = 0, mark = 0;
    uint64_t account = make_account(store, "a", 0);
    top_up(store, account, EUROS(10000));
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    for (int i = 0; i < ASKS; i++) {
        asks[i] = (struct lease_ask){.account_id = account, .want_micro = EUROS(i + 1)};
    }
    assert_ok(ledger_refill(store, incarnation, session, asks, ASKS, answers));
    assert_int_equal(answers[ASKS - 1].granted_micro, EUROS(ASKS));
    for (int i = 0; i < USAGES; i++) {
        usages[i] = make_usage((uint64_t)i + 1, account, EUROS(1), EUROS(i + 1));
    }
    assert_ok(ledger_settle(store, incarnation, session, usages, USAGES, &mark));
    assert_int_equal(mark, USAGES);
    assert_int_equal(balance_of(store, account).balance_micro, EUROS(1000));
    assert_clean(store);
}

/* Rows of one kind are gathered before they are written: none may stay behind, whatever their
 * number, and none of a settlement that comes to nothing. */
static void each_size_of_a_settlement_leaves_each_record_and_entry(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    static const int sizes[] = {1, 31, 32, 33, 64, 95};
    static struct usage usages[95];
    static struct cdr_row rows[100];
    uint64_t session = 0, mark = 0, accounts[3];
    int64_t paid_micro[3] = {0};
    for (size_t i = 0; i < ARRAY_COUNT(accounts); i++) {
        char name[2] = {(char)('a' + i), '\0'};
        accounts[i] = make_account(store, name, 0);
    }
    uint64_t incarnation = make_incarnation(store, 'a', &session);
    for (size_t size = 0; size < ARRAY_COUNT(sizes); size++) {
        for (int i = 0; i < sizes[size]; i++) {
            size_t at = (size_t)(i * 7) % ARRAY_COUNT(accounts);
            paid_micro[at] += i + 1;
            usages[i] = make_usage(mark + (uint64_t)i + 1, accounts[at], i + 1, paid_micro[at]);
            snprintf(usages[i].call_id, sizeof(usages[i].call_id), "call-%d", i);
        }
        uint64_t before = mark;
        assert_result(ledger_settle(store, incarnation, session + 1, usages, sizes[size], &mark),
                      STORE_UNKNOWN);
        assert_ok(ledger_settle(store, incarnation, session, usages, sizes[size], &mark));
        assert_int_equal(mark, before + (uint64_t)sizes[size]);
    }
    int found = 0;
    for (size_t i = 0; i < ARRAY_COUNT(accounts); i++) {
        int count = 0;
        struct cdr_filter filter = {.account_id = accounts[i]};
        assert_int_equal(balance_of(store, accounts[i]).balance_micro, -paid_micro[i]);
        assert_ok(cdr_page(store, &filter, rows, ARRAY_COUNT(rows), &count));
        for (int row = 0; row < count; row++) {
            char call_id[sizeof(rows[0].usage.call_id)];
            int number = (int)rows[row].usage.charge_micro - 1;
            snprintf(call_id, sizeof(call_id), "call-%d", number);
            assert_string_equal(rows[row].usage.call_id, call_id);
        }
        found += count;
    }
    assert_int_equal(found, mark);
    assert_clean(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(a_nonce_has_one_number),
        TEST(only_the_newest_session_is_served),
        TEST(an_incarnation_that_was_never_registered_is_absent),
        TEST(a_grant_is_the_room_that_lacks_up_to_what_is_available),
        TEST(a_repeated_refill_grants_nothing_twice),
        TEST(an_account_without_a_book_is_unknown_not_poor),
        TEST(two_edges_never_share_a_cent),
        TEST(idle_money_is_wanted_from_others_and_comes_back),
        TEST(a_return_is_absolute_and_never_more_than_was_granted),
        TEST(a_usage_is_charged_once_however_often_it_comes),
        TEST(a_gap_stops_the_settlement_before_it),
        TEST(nothing_to_settle_answers_the_mark),
        TEST(talk_on_grace_is_charged_below_zero),
        TEST(free_and_unpaid_calls_leave_a_record_and_no_entry),
        TEST(a_usage_that_cannot_be_charged_raises_an_alarm_and_blocks_nothing),
        TEST(what_carriers_charge_is_booked_by_currency),
        TEST(a_death_verdict_frees_the_lease_and_late_usage_is_still_charged),
        TEST(a_copied_disk_is_fenced),
        TEST(a_disk_from_before_the_last_ask_is_fenced),
        TEST(a_disk_that_does_not_know_the_session_used_last_is_fenced),
        TEST(a_start_that_was_let_in_is_its_incarnations_for_ever),
        TEST(a_ledger_that_forgot_a_session_or_gave_the_number_to_another_is_unknown),
        TEST(a_past_that_was_changed_is_unknown_whatever_its_numbers),
        TEST(another_timeline_is_unknown_until_it_is_taken),
        TEST(another_nonce_is_not_this_incarnation),
        TEST(many_of_both_go_in_chunks),
        TEST(each_size_of_a_settlement_leaves_each_record_and_entry),
    };
    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
