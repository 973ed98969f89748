/* When a call may be paid: leases, silence, grace, evidence. */
#include "metering_fixture.h"

static void the_first_call_of_an_account_waits_for_a_refill_and_then_goes(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 20 * COIN);
    struct meter meter = {.rate = rate_per_second(10000), .worker = 3, .call = 5};
    assert_int_equal(world_open(&world, &meter, false), METER_WAIT);
    assert_true(meter_has_asks(world.table, world.now_us));
    assert_int_equal(world_exchange(&world), 1);
    struct meter_wakeup wakeup;
    assert_int_equal(meter_wakeups_take(world.table, &wakeup, 1), 1);
    assert_int_equal(wakeup.worker, 3);
    assert_int_equal(wakeup.call, 5);
    assert_int_equal(world_open(&world, &meter, false), METER_OK);
    assert_int_equal(meter.covers_us, 30 * SECOND);
    assert_int_equal(world_close(&world, &meter, -1), 0);
    world_done(&world);
}

static void ten_minutes_of_its_rate_are_asked_for_the_first_call(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 20 * COIN);
    struct meter meter = {.rate = rate_per_second(10000)};
    assert_int_equal(world_open_served(&world, &meter), METER_OK);
    assert_int_equal(world.granted_micro, 6 * COIN);
    assert_int_equal(world.grant_count, 1);
    world_done(&world);
}

static void a_silent_ledger_is_not_an_empty_account(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 0);
    struct meter meter = {.rate = rate_per_second(10000)};
    assert_int_equal(world_open(&world, &meter, false), METER_WAIT);
    world.now_us += METER_PATIENCE_US;
    assert_int_equal(world_open(&world, &meter, true), METER_UNKNOWN);
    assert_false(meter.is_waiting);
    assert_int_equal(meter.slot, 0);
    world_done(&world);
}

static void a_pending_refill_is_neither_grace_nor_refusal(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 0);
    world.account.class_ = ACCOUNT_VERIFIED;
    struct meter meter = {.rate = rate_per_second(10000)};
    assert_int_equal(world_open(&world, &meter, false), METER_WAIT);
    world.now_us += METER_PATIENCE_US - 1;
    assert_int_equal(world_open(&world, &meter, false), METER_WAIT);
    world.now_us += 1;
    assert_int_equal(world_open(&world, &meter, false), METER_OK_ON_GRACE);
    assert_true(meter.is_on_grace);
    world_done(&world);
}

static void grace_depends_on_the_class_of_the_account(void **state)
{
    (void)state;
    static const struct {
        enum account_class class_;
        int64_t own_micro;
        enum meter_verdict verdict;
    } rows[] = {
        {ACCOUNT_NEW, -1, METER_UNKNOWN},     {ACCOUNT_VERIFIED, -1, METER_OK_ON_GRACE},
        {ACCOUNT_FLAGGED, -1, METER_UNKNOWN}, {ACCOUNT_NEW, COIN, METER_OK_ON_GRACE},
        {ACCOUNT_VERIFIED, 0, METER_UNKNOWN},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct world world;
        world_init(&world, 0);
        world.account.class_ = (uint8_t)rows[i].class_;
        world.account.grace_micro = rows[i].own_micro;
        struct meter meter = {.rate = rate_per_second(10000)};
        assert_int_equal(world_open(&world, &meter, false), METER_WAIT);
        world.now_us += METER_PATIENCE_US;
        assert_int_equal(world_open(&world, &meter, true), rows[i].verdict);
        world_done(&world);
    }
}

static void grace_needs_a_numbered_incarnation(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 0);
    world.account.class_ = ACCOUNT_VERIFIED;
    meter_set_registered(world.table, false);
    struct meter meter = {.rate = rate_per_second(10000)};
    assert_int_equal(world_open(&world, &meter, false), METER_WAIT);
    world.now_us += METER_PATIENCE_US;
    assert_int_equal(world_open(&world, &meter, true), METER_UNKNOWN);
    world_done(&world);
}

static void grace_of_one_account_ends_at_its_sum(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 0);
    world.account.class_ = ACCOUNT_VERIFIED;
    struct meter meters[8];
    int good_count = 0;
    world.now_us += SECOND;
    for (int i = 0; i < 8; i++) { /* each needs 0.10 at least; 0.50 are there */
        meters[i] = (struct meter){.rate = rate_per_second(COIN / 10)};
        enum meter_verdict verdict = world_open(&world, &meters[i], true);
        good_count += verdict == METER_OK_ON_GRACE ? 1 : 0;
    }
    assert_int_equal(good_count, 5);
    assert_int_equal(world_look(&world).grace_used_micro, COIN / 2);
    world_done(&world);
}

static void all_accounts_of_a_currency_together_stop_at_the_total(void **state)
{
    (void)state;
    struct world world;
    struct meter_terms terms = world_terms();
    terms.grace_total_micro = COIN;
    world_init(&world, 0);
    meter_table_free(world.table);
    world.table = meter_table_new(&terms, (struct journal){&world, world_append});
    meter_set_registered(world.table, true);
    struct meter meters[6] = {0};
    int euro_count = 0;
    int dollar_count = 0;
    for (uint64_t i = 0; i < 6; i++) {
        struct account account = world_account(i + 1);
        account.class_ = ACCOUNT_VERIFIED;
        memcpy(account.currency, i == 5 ? "USD" : "EUR", 4);
        meters[i].rate = rate_per_second(COIN / 2);
        enum meter_verdict verdict =
            meter_open(world.table, &meters[i], &account, world.now_us, true);
        int *count = i == 5 ? &dollar_count : &euro_count;
        *count += verdict == METER_OK_ON_GRACE ? 1 : 0;
    }
    assert_int_equal(euro_count, 2);
    assert_int_equal(dollar_count, 1);
    world_close(&world, &meters[0], -1);
    struct account again = world_account(9);
    again.class_ = ACCOUNT_VERIFIED;
    struct meter meter = {.rate = rate_per_second(COIN / 2)};
    assert_int_equal(meter_open(world.table, &meter, &again, world.now_us, true),
                     METER_OK_ON_GRACE);
    world_done(&world);
}

static void no_credit_needs_the_ledgers_own_answer_and_cites_its_version(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 0);
    world.version = 41;
    struct meter meter = {.rate = rate_per_second(10000)};
    assert_int_equal(world_open_served(&world, &meter), METER_NO_CREDIT);
    assert_int_equal(meter.evidence_version, 41);
    world_done(&world);
}

static void no_credit_by_a_lock_says_so_until_the_ledger_says_otherwise(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 0);
    world.is_locked = true;
    struct meter meter = {.rate = rate_per_second(10000)};
    assert_int_equal(world_open_served(&world, &meter), METER_NO_CREDIT);
    assert_true(meter.is_evidence_lock);
    assert_true(world_look(&world).is_locked);
    world.is_locked = false;
    world.now_us += METER_FRESH_US + 1;
    assert_int_equal(world_open_served(&world, &meter), METER_NO_CREDIT);
    assert_false(meter.is_evidence_lock);
    world_done(&world);
}

static void a_no_more_serves_for_a_second_and_not_longer(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 0);
    struct meter meter = {.rate = rate_per_second(10000)};
    assert_int_equal(world_open_served(&world, &meter), METER_NO_CREDIT);
    world.now_us += METER_FRESH_US;
    struct meter soon = {.rate = rate_per_second(10000)};
    assert_int_equal(world_open(&world, &soon, false), METER_NO_CREDIT);
    assert_int_equal(world.ask_count, 1);
    world.now_us += 1;
    struct meter later = {.rate = rate_per_second(10000)};
    assert_int_equal(world_open(&world, &later, false), METER_WAIT);
    world.funds_micro = COIN; /* a top-up */
    assert_int_equal(world_exchange(&world), 1);
    assert_int_equal(world_open(&world, &later, false), METER_OK);
    world_done(&world);
}

static void a_no_more_from_before_the_shortage_refuses_nobody(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, COIN / 4);
    struct meter first = {.rate = rate_per_second(COIN / 4)};
    assert_int_equal(world_open_served(&world, &first), METER_OK); /* all granted: ABSENT */
    assert_int_equal(world_look(&world).more.is, TRI_ABSENT);
    world.now_us += 1000;
    struct meter second = {.rate = rate_per_second(COIN / 4)};
    assert_int_equal(world_open(&world, &second, false), METER_WAIT);
    assert_int_equal(world_exchange(&world), 1);
    assert_int_equal(world_open(&world, &second, false), METER_NO_CREDIT);
    world_done(&world);
}

static void a_failed_ask_is_no_answer_and_is_asked_again(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, COIN);
    struct meter meter = {.rate = rate_per_second(10000)};
    assert_int_equal(world_open(&world, &meter, false), METER_WAIT);
    struct lease_ask ask;
    assert_int_equal(meter_asks_take(world.table, &ask, 1, world.now_us), 1);
    meter_asks_failed(world.table, &ask, 1, world.now_us + 100000);
    assert_int_equal(world_exchange(&world), 0);
    assert_true(meter_asks_deadline(world.table) <= world.now_us + 101000);
    world.now_us += 101000;
    assert_int_equal(world_exchange(&world), 1);
    assert_int_equal(world_open(&world, &meter, false), METER_OK);
    world_done(&world);
}

static void an_idle_accounts_retry_after_an_outage_is_spread_over_ten_seconds(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 0);
    struct lease_ask asks[32];
    for (uint64_t id = 1; id <= 32; id++) {
        struct account account = world_account(id);
        meter_presence(world.table, &account, 1, world.now_us);
    }
    assert_int_equal(meter_asks_take(world.table, asks, 32, world.now_us), 32);
    world.now_us += 60 * SECOND;
    meter_asks_failed(world.table, asks, 32, world.now_us);
    int early_count = meter_asks_take(world.table, asks, 32, world.now_us + 5 * SECOND);
    assert_in_range(early_count, 6, 26);
    int late_count = meter_asks_take(world.table, asks, 32, world.now_us + 10 * SECOND + 1000);
    assert_int_equal(early_count + late_count, 32);
    world_done(&world);
}

static void values_that_go_back_are_ignored(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 20 * COIN);
    struct meter meter = {.rate = rate_per_second(10000)};
    assert_int_equal(world_open_served(&world, &meter), METER_OK);
    struct lease_answer old = {
        .account_id = 1, .ask_number = 1, .granted_micro = COIN, .more = {TRI_ABSENT}};
    meter_ask_answered(world.table, &old, world.now_us);
    assert_int_equal(world_look(&world).granted_micro, 6 * COIN);
    assert_int_equal(world_look(&world).more.is, TRI_PRESENT);
    world_done(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_call_of_an_account_waits_for_a_refill_and_then_goes),
        cmocka_unit_test(ten_minutes_of_its_rate_are_asked_for_the_first_call),
        cmocka_unit_test(a_silent_ledger_is_not_an_empty_account),
        cmocka_unit_test(a_pending_refill_is_neither_grace_nor_refusal),
        cmocka_unit_test(grace_depends_on_the_class_of_the_account),
        cmocka_unit_test(grace_needs_a_numbered_incarnation),
        cmocka_unit_test(grace_of_one_account_ends_at_its_sum),
        cmocka_unit_test(all_accounts_of_a_currency_together_stop_at_the_total),
        cmocka_unit_test(no_credit_needs_the_ledgers_own_answer_and_cites_its_version),
        cmocka_unit_test(no_credit_by_a_lock_says_so_until_the_ledger_says_otherwise),
        cmocka_unit_test(a_no_more_serves_for_a_second_and_not_longer),
        cmocka_unit_test(a_no_more_from_before_the_shortage_refuses_nobody),
        cmocka_unit_test(a_failed_ask_is_no_answer_and_is_asked_again),
        cmocka_unit_test(an_idle_accounts_retry_after_an_outage_is_spread_over_ten_seconds),
        cmocka_unit_test(values_that_go_back_are_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
