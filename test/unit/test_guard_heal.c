#include "guard/heal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define S INT64_C(1000000)
#define MS INT64_C(1000)

struct world {
    struct heal heal;
    struct heal_terms terms;
    int64_t now_us;
};

static struct heal_effect feed(struct world *world, enum heal_event event)
{
    return heal_feed(&world->heal, &world->terms, event, world->now_us);
}

static struct world ready_role(void)
{
    struct world world = {.terms = heal_terms_default(), .now_us = 1000 * S};
    assert_int_equal(feed(&world, HEAL_EVENT_WANTED).act, HEAL_ACT_START);
    assert_int_equal(world.heal.state, HEAL_STARTING);
    feed(&world, HEAL_EVENT_CAME_UP);
    assert_int_equal(world.heal.state, HEAL_READY);
    return world;
}

static void a_role_that_died_starts_at_once_five_times_a_minute(void **state)
{
    (void)state;
    struct world world = ready_role();
    for (int i = 0; i < 5; i++) {
        struct heal_effect effect = feed(&world, HEAL_EVENT_DIED);
        assert_int_equal(effect.act, HEAL_ACT_START);
        assert_false(effect.is_alarm_raised);
        world.now_us += S;
    }
    struct heal_effect sixth = feed(&world, HEAL_EVENT_DIED);
    assert_int_equal(sixth.act, HEAL_ACT_NONE);
    assert_true(sixth.is_alarm_raised);
    assert_int_equal(world.heal.state, HEAL_WAITING);
}

static void after_that_it_waits_up_to_five_seconds_for_ever(void **state)
{
    (void)state;
    static const int64_t waits_us[] = {250 * MS, 500 * MS, S, 2 * S, 4 * S, 5 * S, 5 * S};
    struct world world = ready_role();
    int alarms = 0;
    for (int i = 0; i < 5; i++) {
        feed(&world, HEAL_EVENT_DIED);
    }
    for (size_t i = 0; i < 10000; i++) {
        struct heal_effect effect = feed(&world, HEAL_EVENT_DIED);
        alarms += effect.is_alarm_raised ? 1 : 0;
        int64_t wait_us = heal_deadline(&world.heal, &world.terms) - world.now_us;
        assert_true(wait_us == waits_us[i < ARRAY_COUNT(waits_us) ? i : ARRAY_COUNT(waits_us) - 1]);
        world.now_us += wait_us - 1;
        assert_int_equal(feed(&world, HEAL_EVENT_TIME).act, HEAL_ACT_NONE);
        world.now_us++;
        assert_int_equal(feed(&world, HEAL_EVENT_TIME).act, HEAL_ACT_START);
    }
    assert_int_equal(alarms, 1);
    assert_int_equal(world.heal.start_count, 1 + 5 + 10000);
}

static void deaths_far_apart_never_wait(void **state)
{
    (void)state;
    struct world world = ready_role();
    for (int i = 0; i < 1000; i++) {
        world.now_us += 12 * S;
        assert_int_equal(feed(&world, HEAL_EVENT_DIED).act, HEAL_ACT_START);
        feed(&world, HEAL_EVENT_CAME_UP);
    }
}

static void the_alarm_ends_after_two_calm_minutes(void **state)
{
    (void)state;
    struct world world = ready_role();
    for (int i = 0; i < 6; i++) {
        feed(&world, HEAL_EVENT_DIED);
    }
    world.now_us += S;
    feed(&world, HEAL_EVENT_TIME);
    feed(&world, HEAL_EVENT_CAME_UP);
    int64_t ready_us = world.now_us;
    for (;;) {
        world.now_us += 5 * S;
        if (feed(&world, HEAL_EVENT_CHECK_GOOD).is_alarm_over) {
            break;
        }
        assert_true(world.now_us - ready_us < 120 * S);
    }
    assert_true(world.now_us - ready_us == 120 * S);
    assert_false(feed(&world, HEAL_EVENT_CHECK_GOOD).is_alarm_over);
}

static void three_bad_checks_in_a_row_kill_and_two_do_not(void **state)
{
    (void)state;
    struct world world = ready_role();
    for (int i = 0; i < 30; i++) {
        assert_int_equal(feed(&world, HEAL_EVENT_CHECK_BAD).act, HEAL_ACT_NONE);
        assert_int_equal(feed(&world, HEAL_EVENT_CHECK_BAD).act, HEAL_ACT_NONE);
        assert_int_equal(world.heal.state, HEAL_SUSPECT);
        feed(&world, HEAL_EVENT_CHECK_GOOD);
        assert_int_equal(world.heal.state, HEAL_READY);
    }
    feed(&world, HEAL_EVENT_CHECK_BAD);
    feed(&world, HEAL_EVENT_CHECK_BAD);
    struct heal_effect third = feed(&world, HEAL_EVENT_CHECK_BAD);
    assert_int_equal(third.act, HEAL_ACT_KILL);
    assert_true(third.is_alarm_raised);
    assert_int_equal(feed(&world, HEAL_EVENT_CHECK_BAD).act, HEAL_ACT_NONE);
    assert_int_equal(feed(&world, HEAL_EVENT_DIED).act, HEAL_ACT_START);
    assert_int_equal(world.heal.deaths.count, 0);
}

static void kills_are_three_in_ten_minutes_and_three_hundred_seconds_apart(void **state)
{
    (void)state;
    struct world world = ready_role();
    int64_t killed_us[100];
    size_t kills = 0;
    /* It comes up each time and never answers: two hours of that. */
    for (int i = 0; i < 7200 / 5; i++) {
        world.now_us += 5 * S;
        if (feed(&world, HEAL_EVENT_CHECK_BAD).act == HEAL_ACT_KILL) {
            killed_us[kills++] = world.now_us;
            feed(&world, HEAL_EVENT_DIED);
            feed(&world, HEAL_EVENT_CAME_UP);
        }
    }
    assert_in_range(kills, 20, 25); /* it is tried for ever, */
    for (size_t i = 1; i < kills; i++) {
        assert_true(killed_us[i] - killed_us[i - 1] >= 300 * S); /* but never often */
    }

    world = ready_role();
    world.terms.kill_gap_us = 0;
    kills = 0;
    for (int i = 0; i < 600 / 5; i++) {
        world.now_us += 5 * S;
        if (feed(&world, HEAL_EVENT_CHECK_BAD).act == HEAL_ACT_KILL) {
            kills++;
            feed(&world, HEAL_EVENT_DIED);
            feed(&world, HEAL_EVENT_CAME_UP);
        }
    }
    assert_int_equal(kills, 3);
}

static void nothing_is_killed_while_other_roles_are_ill_too(void **state)
{
    (void)state;
    struct world edge = ready_role(), web = ready_role();
    const struct heal *const roles[] = {&edge.heal, &web.heal};
    assert_false(heal_is_common(roles, 2, &edge.heal, &edge.terms, edge.now_us));
    feed(&web, HEAL_EVENT_CHECK_BAD);
    assert_false(heal_is_common(roles, 2, &web.heal, &edge.terms, edge.now_us));
    assert_false(heal_is_common(roles, 2, NULL, &edge.terms, edge.now_us));
    assert_true(heal_is_common(roles, 2, &edge.heal, &edge.terms, edge.now_us));
    int alarms = 0;
    for (int i = 0; i < 50; i++) {
        struct heal_effect effect = feed(&edge, HEAL_EVENT_CHECK_BAD_EVERYWHERE);
        assert_int_equal(effect.act, HEAL_ACT_NONE);
        alarms += effect.is_alarm_raised ? 1 : 0;
    }
    assert_int_equal(alarms, 1);
    edge.now_us += 61 * S;
    assert_false(heal_is_common(roles, 2, &edge.heal, &edge.terms, edge.now_us));
    assert_int_equal(feed(&edge, HEAL_EVENT_CHECK_BAD).act, HEAL_ACT_KILL);
}

static void a_role_slow_to_start_is_told_and_left_alone(void **state)
{
    (void)state;
    struct world world = {.terms = heal_terms_default(), .now_us = 5 * S};
    feed(&world, HEAL_EVENT_WANTED);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(feed(&world, HEAL_EVENT_CHECK_BAD).act, HEAL_ACT_NONE);
    }
    world.now_us = heal_deadline(&world.heal, &world.terms);
    struct heal_effect effect = feed(&world, HEAL_EVENT_TIME);
    assert_int_equal(effect.act, HEAL_ACT_NONE);
    assert_true(effect.is_alarm_raised);
    assert_true(heal_deadline(&world.heal, &world.terms) == INT64_MAX);
    assert_int_equal(world.heal.state, HEAL_STARTING);
}

static void a_role_asked_to_stop_stops_and_is_killed_when_it_does_not(void **state)
{
    (void)state;
    struct world world = ready_role();
    assert_int_equal(feed(&world, HEAL_EVENT_UNWANTED).act, HEAL_ACT_STOP);
    assert_true(heal_deadline(&world.heal, &world.terms) == world.now_us + 4 * S);
    assert_int_equal(feed(&world, HEAL_EVENT_TIME).act, HEAL_ACT_NONE);
    world.now_us += 4 * S;
    assert_int_equal(feed(&world, HEAL_EVENT_TIME).act, HEAL_ACT_KILL);
    assert_int_equal(feed(&world, HEAL_EVENT_DIED).act, HEAL_ACT_NONE);
    assert_int_equal(world.heal.state, HEAL_STOPPED);
    assert_int_equal(feed(&world, HEAL_EVENT_DIED).act, HEAL_ACT_NONE);
    assert_true(heal_deadline(&world.heal, &world.terms) == INT64_MAX);
}

static void a_role_wanted_again_while_it_stops_starts_when_it_has(void **state)
{
    (void)state;
    struct world world = ready_role();
    feed(&world, HEAL_EVENT_UNWANTED);
    assert_int_equal(feed(&world, HEAL_EVENT_WANTED).act, HEAL_ACT_NONE);
    assert_int_equal(feed(&world, HEAL_EVENT_DIED).act, HEAL_ACT_START);
    assert_int_equal(world.heal.deaths.count, 0);

    for (int i = 0; i < 6; i++) {
        feed(&world, HEAL_EVENT_DIED);
    }
    assert_int_equal(world.heal.state, HEAL_WAITING);
    feed(&world, HEAL_EVENT_UNWANTED);
    assert_int_equal(world.heal.state, HEAL_STOPPED);
    world.now_us += 60 * S;
    assert_int_equal(feed(&world, HEAL_EVENT_TIME).act, HEAL_ACT_NONE);
}

static void every_state_survives_every_event(void **state)
{
    (void)state;
    for (int in = HEAL_STOPPED; in <= HEAL_STOPPING; in++) {
        for (int event = HEAL_EVENT_WANTED; event <= HEAL_EVENT_TIME; event++) {
            struct world world = ready_role();
            world.heal.state = (enum heal_state)in;
            struct heal_effect effect = feed(&world, (enum heal_event)event);
            assert_true(effect.act == HEAL_ACT_NONE || effect.why != NULL);
            /* What is running is never started a second time. */
            bool was_down = in == HEAL_STOPPED || in == HEAL_WAITING || event == HEAL_EVENT_DIED;
            assert_true(effect.act != HEAL_ACT_START || was_down);
            assert_string_not_equal(heal_state_name(world.heal.state), "");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_role_that_died_starts_at_once_five_times_a_minute),
        cmocka_unit_test(after_that_it_waits_up_to_five_seconds_for_ever),
        cmocka_unit_test(deaths_far_apart_never_wait),
        cmocka_unit_test(the_alarm_ends_after_two_calm_minutes),
        cmocka_unit_test(three_bad_checks_in_a_row_kill_and_two_do_not),
        cmocka_unit_test(kills_are_three_in_ten_minutes_and_three_hundred_seconds_apart),
        cmocka_unit_test(nothing_is_killed_while_other_roles_are_ill_too),
        cmocka_unit_test(a_role_slow_to_start_is_told_and_left_alone),
        cmocka_unit_test(a_role_asked_to_stop_stops_and_is_killed_when_it_does_not),
        cmocka_unit_test(a_role_wanted_again_while_it_stops_starts_when_it_has),
        cmocka_unit_test(every_state_survives_every_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
