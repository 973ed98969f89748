/* Slices, cut-off to the second, limits, idle leases, restarts. */
#include "metering_fixture.h"

#include "base/rng.h"
#include "metering/usage.h"

#define TICK_US 10000

/* Answered calls until the money is gone: what the call's worker does, in steps of 10 ms. */
struct talk {
    struct meter meter;
    int64_t again_us;
    bool is_talking;
    int64_t talked_us;
    int64_t charged_micro;
};

static void talk_end(struct world *world, struct talk *talk)
{
    talk->talked_us = meter_talk_us(&talk->meter, world->now_us);
    talk->charged_micro = world_close(world, &talk->meter, talk->talked_us);
    talk->is_talking = false;
}

static void talk_step(struct world *world, struct talk *talk)
{
    if (world->now_us < talk->again_us) {
        return;
    }
    enum meter_verdict verdict =
        meter_renew(world->table, &talk->meter, world->now_us, &talk->again_us);
    assert_int_not_equal(verdict, METER_UNKNOWN);
    assert_true(talk->again_us <= meter_paid_until(world->table, &talk->meter));
    if (world->now_us >= meter_paid_until(world->table, &talk->meter)) {
        talk_end(world, talk);
    }
}

static void wake_all(struct world *world, struct talk *talks)
{
    struct meter_wakeup wakeups[16];
    int count = 0;
    do {
        count = meter_wakeups_take(world->table, wakeups, 16);
        for (int i = 0; i < count; i++) {
            talks[wakeups[i].call].again_us = world->now_us;
        }
    } while (count > 0);
}

static int64_t talk_together(int call_count, int64_t funds_micro, int64_t micro_per_second)
{
    struct world world;
    world_init(&world, funds_micro);
    struct talk *talks = calloc((size_t)call_count, sizeof(*talks));
    assert_non_null(talks);
    for (int i = 0; i < call_count; i++) {
        talks[i].meter.rate = rate_per_second(micro_per_second);
        talks[i].meter.call = (uint32_t)i;
        talks[i].is_talking = world_open_served(&world, &talks[i].meter) == METER_OK;
    }
    for (int i = 0; i < call_count; i++) {
        if (talks[i].is_talking) {
            meter_answer(world.table, &talks[i].meter, world.now_us);
            talks[i].again_us = meter_renew_at(&talks[i].meter);
        }
    }
    int talking_count = 0;
    do {
        world.now_us += TICK_US;
        talking_count = 0;
        for (int i = 0; i < call_count; i++) {
            if (talks[i].is_talking) {
                talk_step(&world, &talks[i]);
                talking_count += talks[i].is_talking ? 1 : 0;
            }
        }
        world_exchange(&world);
        wake_all(&world, talks);
    } while (talking_count > 0);
    int64_t talked_us = 0;
    int64_t charged_micro = 0;
    for (int i = 0; i < call_count; i++) {
        talked_us += talks[i].talked_us;
        charged_micro += talks[i].charged_micro;
    }
    assert_true(charged_micro <= funds_micro);
    assert_int_equal(world_look(&world).ended_micro, charged_micro);
    assert_int_equal(world_look(&world).covered_micro, 0);
    free(talks);
    world_done(&world);
    return talked_us;
}

static void twenty_coins_at_one_a_second_are_twenty_seconds_however_many_calls(void **state)
{
    (void)state;
    static const int counts[] = {1, 2, 3, 7, 10, 19, 20, 21, 100};
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        int64_t talked_us = talk_together(counts[i], 20 * COIN, COIN);
        int open_count = counts[i] < 20 ? counts[i] : 20;
        assert_true(talked_us <= 20 * SECOND);
        assert_true(talked_us >= (20 - open_count + 1) * SECOND);
        if (counts[i] >= 20 || counts[i] == 1) {
            assert_int_equal(talked_us, 20 * SECOND);
        }
    }
}

static void slices_leave_most_of_the_lease_to_others(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 20 * COIN);
    struct meter meters[3];
    static const int64_t seconds[] = {5, 3, 3};
    for (int i = 0; i < 3; i++) {
        meters[i] = (struct meter){.rate = rate_per_second(COIN)};
        assert_int_equal(world_open_served(&world, &meters[i]), METER_OK);
        assert_int_equal(meters[i].covers_us, seconds[i] * SECOND);
    }
    world_done(&world);
}

static void a_slice_covers_the_fee_and_whole_increments(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 100 * COIN);
    struct meter meter = {.rate = rate_per_second(10000)};
    meter.rate.fee_micro = COIN;
    meter.rate.first_s = 60;
    meter.rate.next_s = 60;
    assert_int_equal(world_open_served(&world, &meter), METER_OK);
    assert_int_equal(meter.covers_us, 60 * SECOND);
    assert_int_equal(meter.covered_micro, COIN + 600000);
    meter_answer(world.table, &meter, world.now_us);
    assert_int_equal(meter_renew_at(&meter), world.now_us + 55 * SECOND);
    world_done(&world);
}

static void a_slice_is_renewed_before_it_is_used(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 100 * COIN);
    struct meter meter = {.rate = rate_per_second(10000)};
    assert_int_equal(world_open_served(&world, &meter), METER_OK);
    assert_int_equal(meter_renew_at(&meter), INT64_MAX); /* ringing */
    int64_t answered_us = world.now_us;
    meter_answer(world.table, &meter, answered_us);
    assert_int_equal(meter_renew_at(&meter), answered_us + 25 * SECOND);
    assert_int_equal(meter_paid_until(world.table, &meter), answered_us + 30 * SECOND);
    int64_t again_us = 0;
    world.now_us += 10 * SECOND; /* too early: nothing changes */
    assert_int_equal(meter_renew(world.table, &meter, world.now_us, &again_us), METER_OK);
    assert_int_equal(again_us, answered_us + 25 * SECOND);
    world.now_us += 15 * SECOND;
    assert_int_equal(meter_renew(world.table, &meter, world.now_us, &again_us), METER_OK);
    assert_int_equal(again_us, answered_us + 55 * SECOND);
    assert_int_equal(meter_paid_until(world.table, &meter), answered_us + 60 * SECOND);
    assert_int_equal(world_close(&world, &meter, 26 * SECOND), 260000);
    assert_int_equal(world_look(&world).covered_micro, 0);
    world_done(&world);
}

static void slices_of_other_calls_are_cut_back_before_a_call_is_refused(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 4 * COIN);
    struct meter first = {.rate = rate_per_second(COIN), .call = 1};
    struct meter second = {.rate = rate_per_second(COIN), .call = 2};
    struct meter third = {.rate = rate_per_second(COIN), .call = 3};
    assert_int_equal(world_open_served(&world, &first), METER_OK);
    meter_answer(world.table, &first, world.now_us);
    int64_t again_us = 0;
    world.now_us += SECOND / 2;
    meter_renew(world.table, &first, world.now_us, &again_us);
    world.now_us += SECOND;
    meter_renew(world.table, &first, world.now_us, &again_us);
    assert_int_equal(first.covers_us, 3 * SECOND);
    world_exchange(&world);
    assert_int_equal(world_open_served(&world, &second), METER_OK);
    assert_int_equal(world_look(&world).covered_micro, 4 * COIN);
    assert_int_equal(world_open_served(&world, &third), METER_OK);
    assert_int_equal(first.covers_us, 2 * SECOND); /* it was in its second second */
    struct meter_wakeup wakeup;
    bool is_first_woken = false;
    while (meter_wakeups_take(world.table, &wakeup, 1) == 1) {
        is_first_woken |= wakeup.call == 1;
    }
    assert_true(is_first_woken);
    world_done(&world);
}

static void free_calls_ask_nobody_and_still_count_as_channels(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 0);
    world.account.channels_max = 1;
    struct meter meter = {.rate = rate_free("EUR")};
    assert_int_equal(world_open(&world, &meter, false), METER_OK);
    meter_answer(world.table, &meter, world.now_us);
    assert_int_equal(meter_renew_at(&meter), INT64_MAX);
    assert_int_equal(meter_paid_until(world.table, &meter), INT64_MAX);
    struct meter other = {.rate = rate_free("EUR")};
    assert_int_equal(world_open(&world, &other, false), METER_NO_CHANNEL);
    meter_open_free(&other); /* an emergency */
    meter_answer(world.table, &other, world.now_us);
    assert_int_equal(world_close(&world, &other, SECOND), 0);
    assert_int_equal(world_close(&world, &meter, 1000 * SECOND), 0);
    assert_int_equal(world_open(&world, &other, false), METER_OK);
    world_done(&world);
}

static void a_price_that_does_not_rise_is_paid_once(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, COIN);
    struct meter meter = {.rate = rate_free("EUR")};
    meter.rate.fee_micro = 70000;
    assert_int_equal(world_open_served(&world, &meter), METER_OK);
    meter_answer(world.table, &meter, world.now_us);
    assert_int_equal(meter.covered_micro, 70000);
    assert_int_equal(meter_paid_until(world.table, &meter), INT64_MAX);
    assert_int_equal(world_close(&world, &meter, 5000 * SECOND), 70000);
    world_done(&world);
}

static void channels_are_given_back_by_every_way_out(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 0);
    world.account.channels_max = 1;
    struct meter meter = {.rate = rate_per_second(10000)};
    assert_int_equal(world_open(&world, &meter, false), METER_WAIT);
    struct meter other = {.rate = rate_per_second(10000)};
    assert_int_equal(world_open(&world, &other, false), METER_NO_CHANNEL);
    meter_wait_cancel(world.table, &meter);
    assert_int_equal(world_open(&world, &other, false), METER_WAIT);
    assert_int_equal(world_exchange(&world), 1);
    assert_int_equal(world_open(&world, &other, false), METER_NO_CREDIT);
    assert_int_equal(world_open(&world, &meter, false), METER_NO_CREDIT);
    world_done(&world);
}

static void calls_a_second_are_counted_once_a_call(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 100 * COIN);
    world.account.cps_max = 2;
    struct meter meters[4];
    for (int i = 0; i < 4; i++) {
        meters[i] = (struct meter){.rate = rate_per_second(1000)};
    }
    assert_int_equal(world_open_served(&world, &meters[0]), METER_OK); /* two tries, one start */
    assert_int_equal(world_open(&world, &meters[1], false), METER_OK);
    assert_int_equal(world_open(&world, &meters[2], false), METER_TOO_FAST);
    world.now_us += SECOND / 2;
    assert_int_equal(world_open(&world, &meters[2], false), METER_OK);
    assert_int_equal(world_open(&world, &meters[3], false), METER_TOO_FAST);
    world_done(&world);
}

static void the_daily_spend_begins_anew_with_the_day(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 100 * COIN);
    world.account.spend_day_micro = 2 * COIN;
    meter_set_day(world.table, 20000);
    struct meter meter = {.rate = rate_per_second(COIN)};
    assert_int_equal(world_open_served(&world, &meter), METER_OK);
    meter_answer(world.table, &meter, world.now_us);
    assert_int_equal(world_close(&world, &meter, SECOND), COIN);
    assert_int_equal(world_open(&world, &meter, false), METER_OK);
    meter_answer(world.table, &meter, world.now_us);
    assert_int_equal(world_close(&world, &meter, SECOND), COIN);
    assert_int_equal(world_open(&world, &meter, false), METER_DAY_LIMIT);
    meter_set_day(world.table, 20001);
    assert_int_equal(world_open(&world, &meter, false), METER_OK);
    world_done(&world);
}

static void an_idle_lease_shrinks_to_a_slice_and_to_nothing_without_registration(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 100 * COIN);
    meter_presence(world.table, &world.account, 1, world.now_us);
    assert_int_equal(world_exchange(&world), 1);
    assert_int_equal(world_look(&world).granted_micro, COIN / 2);
    struct meter meter = {.rate = rate_per_second(10000)};
    assert_int_equal(world_open(&world, &meter, false), METER_OK); /* nobody is waited for */
    world_exchange(&world);
    assert_true(world_look(&world).granted_micro > COIN);
    world_close(&world, &meter, -1);
    world.now_us += 121 * SECOND;
    world_exchange(&world);
    struct meter_view view = world_look(&world);
    assert_int_equal(view.granted_micro - view.returned_micro, COIN / 2);
    assert_int_equal(world.granted_micro - world.returned_micro, COIN / 2);
    meter_presence(world.table, &world.account, -1, world.now_us);
    world_exchange(&world);
    assert_int_equal(world.granted_micro, world.returned_micro);
    world_done(&world);
}

static void a_wanted_account_gives_back_all_that_is_not_held(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 100 * COIN);
    struct meter meter = {.rate = rate_per_second(10000)};
    assert_int_equal(world_open_served(&world, &meter), METER_OK);
    meter_wanted(world.table, 1, world.now_us);
    struct meter_view view = world_look(&world);
    assert_int_equal(view.granted_micro - view.returned_micro, view.covered_micro);
    assert_int_equal(world_exchange(&world), 1);
    assert_int_equal(world.returned_micro, view.returned_micro);
    world_done(&world);
}

static void used_money_only_rises_and_is_what_calls_would_cost_now(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 100 * COIN);
    struct meter meter = {.rate = rate_per_second(10000)};
    assert_int_equal(world_open_served(&world, &meter), METER_OK);
    assert_int_equal(world_look(&world).used_micro, 0);
    meter_answer(world.table, &meter, world.now_us);
    world.now_us += 10 * SECOND;
    assert_int_equal(world_look(&world).used_micro, 100000);
    world.now_us += 50 * SECOND; /* past the paid second: no further than what is covered */
    assert_int_equal(world_look(&world).used_micro, 300000);
    int64_t ended_micro = 0;
    struct meter_writer keep = {&ended_micro, world_keep_ended};
    assert_int_equal(meter_partial(world.table, &meter, 20 * SECOND, &keep), 200000);
    assert_int_equal(ended_micro, 200000);
    assert_int_equal(world_look(&world).covered_micro, 100000);
    assert_int_equal(meter_close(world.table, &meter, 30 * SECOND, &keep), 100000);
    assert_int_equal(ended_micro, 300000);
    world_done(&world);
}

static void replay(struct world *from, struct world *into, size_t log_size)
{
    for (size_t at = 0; at < log_size;) {
        uint16_t size = 0;
        memcpy(&size, from->log + at, 2);
        assert_true(meter_replay_lease(into->table, slice_make(from->log + at + 2, size)));
        at += size + 2U;
    }
}

static void leases_come_back_after_a_restart_without_the_ledger(void **state)
{
    (void)state;
    struct world before;
    world_init(&before, 100 * COIN);
    struct meter meter = {.rate = rate_per_second(10000)};
    assert_int_equal(world_open_served(&before, &meter), METER_OK);
    int64_t answered_us = before.now_us;
    struct world after;
    world_init(&after, 0);
    replay(&before, &after, before.log_size);
    meter_replay_ended(after.table, 1, COIN);
    after.now_us += 100 * SECOND;
    struct meter again = {.rate = rate_per_second(10000)};
    meter_restore(after.table, &again, &after.account, answered_us, 0, after.now_us);
    struct meter_view view = world_look(&after);
    assert_int_equal(view.granted_micro, 6 * COIN);
    assert_int_equal(view.ended_micro, COIN);
    assert_int_equal(view.covered_micro, COIN); /* 100 s that nobody counted */
    int64_t again_us = 0;
    assert_int_equal(meter_renew(after.table, &again, after.now_us, &again_us), METER_OK);
    assert_true(again_us > after.now_us);
    assert_int_equal(world_close(&after, &again, 100 * SECOND), COIN);
    world_done(&before);
    world_done(&after);
}

static void talk_beyond_the_lease_is_a_debt_that_the_next_refill_pays(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 100 * COIN);
    struct meter meter = {.rate = rate_per_second(10000)};
    meter_restore(world.table, &meter, &world.account, world.now_us - 300 * SECOND, 0,
                  world.now_us);
    assert_int_equal(world_look(&world).grace_used_micro, 3 * COIN);
    assert_int_equal(world_exchange(&world), 1);
    assert_int_equal(world_look(&world).grace_used_micro, 0);
    assert_true(world.granted_micro >= 3 * COIN);
    world_done(&world);
}

static void a_damaged_lease_record_is_refused(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 100 * COIN);
    struct meter meter = {.rate = rate_per_second(10000)};
    assert_int_equal(world_open_served(&world, &meter), METER_OK);
    uint16_t size = 0;
    memcpy(&size, world.log, 2);
    for (uint16_t cut = 0; cut < size; cut++) {
        assert_false(meter_replay_lease(world.table, slice_make(world.log + 2, cut)));
    }
    world.log[2] = 9; /* a format of the future */
    assert_false(meter_replay_lease(world.table, slice_make(world.log + 2, size)));
    world_done(&world);
}

static void a_new_incarnation_starts_at_nothing_and_covers_open_calls(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 100 * COIN);
    struct meter meter = {.rate = rate_per_second(10000)};
    assert_int_equal(world_open_served(&world, &meter), METER_OK);
    meter_answer(world.table, &meter, world.now_us);
    world.now_us += 10 * SECOND;
    int64_t ended_micro = 0;
    struct meter_writer keep = {&ended_micro, world_keep_ended};
    meter_partial(world.table, &meter, 10 * SECOND, &keep);
    struct lease_ask late;
    meter_wanted(world.table, 1, world.now_us);
    assert_int_equal(meter_asks_take(world.table, &late, 1, world.now_us), 1);
    struct lease_answer answer = world_answer_to(&world, &late);
    meter_start_incarnation(world.table, world.now_us);
    meter_ask_answered(world.table, &answer, world.now_us); /* of the dead one */
    struct meter_view view = world_look(&world);
    assert_int_equal(view.granted_micro, 0);
    assert_int_equal(view.ended_micro, 0);
    assert_int_equal(view.covered_micro, 0);
    world.granted_micro = world.returned_micro = world.used_micro = 0;
    assert_int_equal(world_exchange(&world), 1);
    int64_t again_us = 0;
    assert_int_equal(meter_renew(world.table, &meter, world.now_us, &again_us), METER_OK);
    assert_int_equal(meter_close(world.table, &meter, 20 * SECOND, &keep), 100000);
    assert_int_equal(ended_micro, 100000);
    world_done(&world);
}

static void a_minute_has_its_limit_and_a_flood_closes_the_next(void **state)
{
    (void)state;
    struct world world = {0};
    world_init(&world, 100 * COIN);
    world.account.spend_minute_micro = COIN;
    struct meter meter = {.rate = rate_per_second(20000)}; /* 0.60 for the first slice */
    struct meter other = {.rate = rate_per_second(20000)};
    assert_int_equal(world_open_served(&world, &meter), METER_OK);
    meter_answer(world.table, &meter, world.now_us);
    world.now_us += 10 * SECOND;
    world_close(&world, &meter, 10 * SECOND); /* what it did not use came back */
    assert_int_equal(world_open_served(&world, &meter), METER_OK);
    meter_answer(world.table, &meter, world.now_us);
    world.now_us += 45 * SECOND;
    world_close(&world, &meter, meter_talk_us(&meter, world.now_us));
    struct meter_view view = world_look(&world);
    assert_true(view.ended_micro <= COIN);
    int refused = 0;
    for (int i = 0; i < 80; i++) {
        enum meter_verdict verdict = world_open_served(&world, &other);
        if (verdict == METER_MINUTE_LIMIT) {
            refused++;
            continue;
        }
        assert_int_equal(verdict, METER_OK);
        meter_answer(world.table, &other, world.now_us);
        world_close(&world, &other, SECOND);
    }
    assert_true(refused > 2);
    world.now_us += 10 * SECOND; /* the next minute, after one that was asked for twice its limit */
    assert_int_equal(world_open_served(&world, &other), METER_MINUTE_LIMIT);
    world.now_us += 61 * SECOND; /* one that nobody flooded is followed by an open one */
    assert_int_equal(world_open_served(&world, &other), METER_OK);
    world_close(&world, &other, -1);
    world_done(&world);
}

static void snapshots_hold_every_account(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 1000 * COIN);
    for (uint64_t id = 1; id <= 5; id++) {
        meter_replay_ended(world.table, id, (int64_t)id * COIN);
    }
    world.log_size = 0;
    uint32_t at = 0;
    int turns = 1;
    while (meter_snapshot(world.table, &at, 2)) {
        turns++;
    }
    assert_int_equal(turns, 3);
    struct world copy;
    world_init(&copy, 0);
    replay(&world, &copy, world.log_size);
    struct meter_totals totals;
    meter_sum(copy.table, copy.now_us, &totals);
    assert_int_equal(totals.account_count, 5);
    assert_int_equal(totals.outstanding_micro, -15 * COIN);
    world_done(&world);
    world_done(&copy);
}

static void a_full_table_is_an_answer(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 0);
    for (uint64_t id = 1; id <= 64; id++) {
        meter_replay_ended(world.table, id, 1);
    }
    struct account account = world_account(65);
    struct meter meter = {.rate = rate_per_second(1)};
    assert_int_equal(meter_open(world.table, &meter, &account, world.now_us, false), METER_FULL);
    struct meter_view view;
    assert_int_equal(meter_look(world.table, 65, world.now_us, &view).is, TRI_ABSENT);
    world_done(&world);
}

static void the_largest_prices_do_not_overflow(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, INT64_MAX);
    struct meter meters[3];
    for (int i = 0; i < 3; i++) {
        meters[i] = (struct meter){.rate = rate_per_second(COIN)};
        meters[i].rate.nano_per_min = INT64_MAX;
        meters[i].rate.fee_micro = INT64_MAX / 2;
        enum meter_verdict verdict = world_open_served(&world, &meters[i]);
        assert_true(verdict == METER_OK || verdict == METER_NO_CREDIT);
    }
    world_done(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twenty_coins_at_one_a_second_are_twenty_seconds_however_many_calls),
        cmocka_unit_test(slices_leave_most_of_the_lease_to_others),
        cmocka_unit_test(a_slice_covers_the_fee_and_whole_increments),
        cmocka_unit_test(a_slice_is_renewed_before_it_is_used),
        cmocka_unit_test(slices_of_other_calls_are_cut_back_before_a_call_is_refused),
        cmocka_unit_test(free_calls_ask_nobody_and_still_count_as_channels),
        cmocka_unit_test(a_price_that_does_not_rise_is_paid_once),
        cmocka_unit_test(channels_are_given_back_by_every_way_out),
        cmocka_unit_test(calls_a_second_are_counted_once_a_call),
        cmocka_unit_test(the_daily_spend_begins_anew_with_the_day),
        cmocka_unit_test(an_idle_lease_shrinks_to_a_slice_and_to_nothing_without_registration),
        cmocka_unit_test(a_wanted_account_gives_back_all_that_is_not_held),
        cmocka_unit_test(used_money_only_rises_and_is_what_calls_would_cost_now),
        cmocka_unit_test(leases_come_back_after_a_restart_without_the_ledger),
        cmocka_unit_test(talk_beyond_the_lease_is_a_debt_that_the_next_refill_pays),
        cmocka_unit_test(a_damaged_lease_record_is_refused),
        cmocka_unit_test(a_new_incarnation_starts_at_nothing_and_covers_open_calls),
        cmocka_unit_test(a_minute_has_its_limit_and_a_flood_closes_the_next),
        cmocka_unit_test(snapshots_hold_every_account),
        cmocka_unit_test(a_full_table_is_an_answer),
        cmocka_unit_test(the_largest_prices_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
