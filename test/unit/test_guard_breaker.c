#include "guard/breaker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define S INT64_C(1000000)
#define QUICK_US 1000
#define SLOW_US (S / 5)

struct world {
    struct breaker breaker;
    struct breaker_terms terms;
    struct rng rng;
    int64_t now_us;
};

static struct world world_make(void)
{
    struct world world = {.terms = breaker_terms_default(SLOW_US), .now_us = 1000 * S};
    rng_init(&world.rng, 1);
    return world;
}

static bool ask(struct world *world, bool is_good, int64_t took_us)
{
    uint32_t ticket = 0;
    if (!breaker_try(&world->breaker, &world->terms, world->now_us, &ticket)) {
        return false;
    }
    breaker_report(&world->breaker, &world->terms, ticket, is_good, took_us, world->now_us,
                   &world->rng);
    return true;
}

static void break_it(struct world *world)
{
    while (ask(world, false, QUICK_US)) {
    }
    assert_int_equal(world->breaker.state, BREAKER_OPEN);
}

static void zeroed_memory_is_a_closed_breaker(void **state)
{
    (void)state;
    struct world world = world_make();
    assert_true(ask(&world, true, QUICK_US));
    assert_string_equal(breaker_state_name(world.breaker.state), "closed");
}

static void half_of_twenty_bad_answers_open_it_and_less_do_not(void **state)
{
    (void)state;
    struct world world = world_make();
    for (int i = 0; i < 200; i++) {
        world.now_us += S / 50;
        assert_true(ask(&world, i % 5 < 3, QUICK_US)); /* two in five are bad */
    }
    assert_int_equal(world.breaker.state, BREAKER_CLOSED);

    world = world_make();
    for (int i = 0; i < 19; i++) {
        assert_true(ask(&world, i % 2 == 1, QUICK_US));
    }
    assert_int_equal(world.breaker.state, BREAKER_CLOSED);
    assert_true(ask(&world, false, QUICK_US));
    assert_int_equal(world.breaker.state, BREAKER_OPEN);
    assert_false(ask(&world, true, QUICK_US));
}

static void five_bad_answers_in_a_row_open_it_however_seldom_they_come(void **state)
{
    (void)state;
    struct world world = world_make();
    for (int i = 0; i < 5; i++) {
        assert_int_equal(world.breaker.state, BREAKER_CLOSED);
        world.now_us += 60 * S;
        assert_true(ask(&world, false, QUICK_US));
    }
    assert_int_equal(world.breaker.state, BREAKER_OPEN);
}

static void a_slow_answer_is_a_bad_one(void **state)
{
    (void)state;
    struct world world = world_make();
    for (int i = 0; i < 5; i++) {
        assert_true(ask(&world, true, SLOW_US));
    }
    assert_int_equal(world.breaker.state, BREAKER_OPEN);

    world = world_make();
    world.terms.slow_us = 0;
    for (int i = 0; i < 50; i++) {
        assert_true(ask(&world, true, 100 * S));
    }
}

static void old_answers_are_forgotten(void **state)
{
    (void)state;
    struct world world = world_make();
    for (int i = 0; i < 19; i++) {
        assert_true(ask(&world, i % 2 == 1, QUICK_US));
    }
    world.now_us += world.terms.window_us + S / 5;
    assert_true(ask(&world, false, QUICK_US));
    assert_int_equal(world.breaker.state, BREAKER_CLOSED);
}

static void it_rests_longer_each_time_and_at_random(void **state)
{
    (void)state;
    struct world world = world_make();
    int64_t most_us = S;
    bool is_varied = false;
    break_it(&world);
    for (int i = 0; i < 10; i++) {
        int64_t rest_us = world.breaker.open_until_us - world.now_us;
        assert_in_range(rest_us, S / 10, most_us);
        is_varied = is_varied || (rest_us != S / 10 && rest_us != most_us);
        world.now_us = world.breaker.open_until_us - 1;
        assert_false(ask(&world, true, QUICK_US));
        world.now_us++;
        assert_true(ask(&world, false, QUICK_US)); /* the probe is bad */
        assert_int_equal(world.breaker.state, BREAKER_OPEN);
        most_us = most_us * 2 < 30 * S ? most_us * 2 : 30 * S;
    }
    assert_true(is_varied);
}

static void three_good_probes_and_no_more_are_sent_before_the_ramp(void **state)
{
    (void)state;
    struct world world = world_make();
    uint32_t tickets[3] = {0}, none = 4711;
    break_it(&world);
    world.now_us = world.breaker.open_until_us;
    for (int i = 0; i < 3; i++) {
        assert_true(breaker_try(&world.breaker, &world.terms, world.now_us, &tickets[i]));
    }
    assert_false(breaker_try(&world.breaker, &world.terms, world.now_us, &none));
    assert_int_equal(none, 4711);
    assert_int_equal(world.breaker.state, BREAKER_HALF_OPEN);
    for (int i = 0; i < 3; i++) {
        breaker_report(&world.breaker, &world.terms, tickets[i], true, QUICK_US, world.now_us,
                       &world.rng);
    }
    assert_int_equal(world.breaker.state, BREAKER_RAMP);
}

static void mend(struct world *world)
{
    break_it(world);
    world->now_us = world->breaker.open_until_us;
    for (int i = 0; i < 3; i++) {
        assert_true(ask(world, true, QUICK_US));
    }
    assert_int_equal(world->breaker.state, BREAKER_RAMP);
}

static void the_ramp_lets_ten_then_twentyfive_then_fifty_percent_through(void **state)
{
    (void)state;
    static const int passed[] = {10, 25, 50, 100};
    struct world world = world_make();
    mend(&world);
    for (size_t step = 0; step < ARRAY_COUNT(passed); step++) {
        int count = 0;
        for (int i = 0; i < 100; i++) {
            count += ask(&world, true, QUICK_US) ? 1 : 0;
        }
        assert_in_range(count, passed[step] - 1, passed[step]);
        world.now_us += S;
    }
    assert_int_equal(world.breaker.state, BREAKER_CLOSED);
    assert_int_equal(world.breaker.trips_in_a_row, 0);
}

static void without_a_ramp_good_probes_let_all_through(void **state)
{
    (void)state;
    struct world world = world_make();
    world.terms.ramp_step_us = 0;
    mend(&world);
    for (int i = 0; i < 10; i++) {
        assert_true(ask(&world, true, QUICK_US));
    }
    assert_int_equal(world.breaker.state, BREAKER_CLOSED);
}

static void a_fall_back_on_the_ramp_opens_it_for_longer(void **state)
{
    (void)state;
    struct world world = world_make();
    mend(&world);
    for (int i = 0; i < 1000 && world.breaker.state == BREAKER_RAMP; i++) {
        (void)!ask(&world, false, QUICK_US);
    }
    assert_int_equal(world.breaker.state, BREAKER_OPEN);
    assert_int_equal(world.breaker.trips_in_a_row, 2);
}

static void an_answer_from_before_the_trip_is_not_a_probe(void **state)
{
    (void)state;
    struct world world = world_make();
    uint32_t early = 0, probe = 0;
    assert_true(breaker_try(&world.breaker, &world.terms, world.now_us, &early));
    break_it(&world);
    world.now_us = world.breaker.open_until_us;
    assert_true(breaker_try(&world.breaker, &world.terms, world.now_us, &probe));
    breaker_report(&world.breaker, &world.terms, early, false, 2 * S, world.now_us, &world.rng);
    assert_int_equal(world.breaker.state, BREAKER_HALF_OPEN);
}

static void probes_that_nobody_reports_do_not_close_the_way_for_ever(void **state)
{
    (void)state;
    struct world world = world_make();
    uint32_t ticket = 0;
    break_it(&world);
    world.now_us = world.breaker.open_until_us;
    while (breaker_try(&world.breaker, &world.terms, world.now_us, &ticket)) {
    }
    world.now_us += world.terms.probe_patience_us;
    assert_true(breaker_try(&world.breaker, &world.terms, world.now_us, &ticket));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeroed_memory_is_a_closed_breaker),
        cmocka_unit_test(half_of_twenty_bad_answers_open_it_and_less_do_not),
        cmocka_unit_test(five_bad_answers_in_a_row_open_it_however_seldom_they_come),
        cmocka_unit_test(a_slow_answer_is_a_bad_one),
        cmocka_unit_test(old_answers_are_forgotten),
        cmocka_unit_test(it_rests_longer_each_time_and_at_random),
        cmocka_unit_test(three_good_probes_and_no_more_are_sent_before_the_ramp),
        cmocka_unit_test(the_ramp_lets_ten_then_twentyfive_then_fifty_percent_through),
        cmocka_unit_test(without_a_ramp_good_probes_let_all_through),
        cmocka_unit_test(a_fall_back_on_the_ramp_opens_it_for_longer),
        cmocka_unit_test(an_answer_from_before_the_trip_is_not_a_probe),
        cmocka_unit_test(probes_that_nobody_reports_do_not_close_the_way_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
