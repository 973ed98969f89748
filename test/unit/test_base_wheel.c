#include "base/attr.h"
#include "base/rng.h"
#include "base/wheel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#define MS INT64_C(1000)
#define S INT64_C(1000000)
#define YEAR (365 * 24 * 3600 * S)

static struct wheel wheel;

static void a_timer_fires_at_its_time_and_never_before(void **state)
{
    (void)state;
    static const int64_t delays_us[] = {
        1,      999,        1000,     1001,      255 * MS,        256 * MS,  257 * MS,  500 * MS,
        32 * S, 65536 * MS, 3600 * S, 86400 * S, 400 * 86400 * S, 34 * YEAR, 100 * YEAR};
    static const int64_t starts_us[] = {0, 1, 999, 255 * MS, 256 * MS - 1, 123456789, 40 * YEAR};
    for (size_t i = 0; i < ARRAY_COUNT(delays_us); i++) {
        for (size_t j = 0; j < ARRAY_COUNT(starts_us); j++) {
            struct wheel_timer timer = {.kind = 3, .index = 9};
            int64_t at_us = starts_us[j] + delays_us[i];
            wheel_init(&wheel, starts_us[j]);
            wheel_start(&wheel, &timer, at_us);
            assert_true(wheel_is_started(&timer));
            assert_null(wheel_expire(&wheel, at_us - 1));
            assert_ptr_equal(wheel_expire(&wheel, at_us + MS - 1), &timer);
            assert_false(wheel_is_started(&timer));
            assert_null(wheel_expire(&wheel, at_us + MS));
            assert_true(wheel.count == 0);
        }
    }
}

static void following_the_deadline_misses_nothing(void **state)
{
    (void)state;
    static const int64_t delays_us[] = {1,         5 * MS,    300 * MS,  70 * S,
                                        86400 * S, 34 * YEAR, 100 * YEAR};
    for (size_t i = 0; i < ARRAY_COUNT(delays_us); i++) {
        struct wheel_timer timer = {0};
        int64_t now_us = 77777;
        int64_t at_us = now_us + delays_us[i];
        int wakes = 0;
        wheel_init(&wheel, now_us);
        assert_true(wheel_deadline(&wheel) == INT64_MAX);
        wheel_start(&wheel, &timer, at_us);
        while (wheel_expire(&wheel, now_us) == NULL) {
            int64_t deadline_us = wheel_deadline(&wheel);
            assert_true(deadline_us > now_us);
            assert_true(deadline_us < at_us + MS);
            now_us = deadline_us;
            assert_true(++wakes <= WHEEL_LEVELS + 8);
        }
        assert_true(now_us >= at_us && now_us < at_us + MS);
        assert_true(wheel_deadline(&wheel) == INT64_MAX);
    }
}

static void equal_deadlines_fire_in_the_order_of_their_start(void **state)
{
    (void)state;
    /* The first waits on a higher level from far away, the last is started when the time is near:
     * on a wheel that places by distance the last would overtake it. */
    struct wheel_timer timers[4] = {0};
    static const int64_t starts_us[] = {0, 200 * MS, 256 * MS, 299 * MS};
    wheel_init(&wheel, 0);
    for (size_t i = 0; i < ARRAY_COUNT(timers); i++) {
        assert_null(wheel_expire(&wheel, starts_us[i]));
        wheel_start(&wheel, &timers[i], 300 * MS);
    }
    for (size_t i = 0; i < ARRAY_COUNT(timers); i++) {
        assert_ptr_equal(wheel_expire(&wheel, 300 * MS), &timers[i]);
    }
    assert_null(wheel_expire(&wheel, 300 * MS));
}

static void a_timer_of_the_past_is_due_at_once(void **state)
{
    (void)state;
    struct wheel_timer timer = {0};
    wheel_init(&wheel, 10 * S);
    wheel_start(&wheel, &timer, 3 * S);
    assert_true(wheel_deadline(&wheel) <= 10 * S);
    assert_ptr_equal(wheel_expire(&wheel, 10 * S), &timer);
    wheel_start(&wheel, &timer, -5);
    assert_ptr_equal(wheel_expire(&wheel, 10 * S), &timer);
}

static void a_stopped_timer_does_not_fire_even_when_it_was_due(void **state)
{
    (void)state;
    struct wheel_timer timers[3] = {0};
    wheel_init(&wheel, 0);
    for (size_t i = 0; i < ARRAY_COUNT(timers); i++) {
        wheel_start(&wheel, &timers[i], 5 * MS);
    }
    assert_ptr_equal(wheel_expire(&wheel, 5 * MS), &timers[0]);
    wheel_stop(&wheel, &timers[1]);
    wheel_stop(&wheel, &timers[1]);
    assert_ptr_equal(wheel_expire(&wheel, 5 * MS), &timers[2]);
    assert_null(wheel_expire(&wheel, 5 * MS));
    wheel_start(&wheel, &timers[0], 900 * MS);
    wheel_stop(&wheel, &timers[0]);
    assert_true(wheel_deadline(&wheel) == INT64_MAX);
}

static void starting_again_moves_the_timer(void **state)
{
    (void)state;
    struct wheel_timer timer = {0};
    wheel_init(&wheel, 0);
    wheel_start(&wheel, &timer, 5 * MS);
    wheel_start(&wheel, &timer, 50 * MS);
    assert_true(wheel.count == 1);
    assert_null(wheel_expire(&wheel, 49 * MS));
    assert_ptr_equal(wheel_expire(&wheel, 50 * MS), &timer);
}

static void a_timer_started_while_others_fire_takes_its_place_among_them(void **state)
{
    (void)state;
    struct wheel_timer first = {0}, last = {0}, between = {0};
    wheel_init(&wheel, 0);
    wheel_start(&wheel, &first, 10 * MS);
    wheel_start(&wheel, &last, 30 * MS);
    assert_ptr_equal(wheel_expire(&wheel, 100 * MS), &first);
    wheel_start(&wheel, &between, 20 * MS);
    assert_ptr_equal(wheel_expire(&wheel, 100 * MS), &between);
    assert_ptr_equal(wheel_expire(&wheel, 100 * MS), &last);
}

static void a_clock_that_steps_back_fires_nothing_new(void **state)
{
    (void)state;
    struct wheel_timer timer = {0};
    wheel_init(&wheel, 10 * S);
    wheel_start(&wheel, &timer, 11 * S);
    assert_null(wheel_expire(&wheel, 9 * S));
    assert_null(wheel_expire(&wheel, 11 * S - 1));
    assert_ptr_equal(wheel_expire(&wheel, 11 * S), &timer);
}

#define TIMERS 300

/* The same story told to the wheel and to a plain list: both must fire the same timers in the same
 * order. */
struct model_timer {
    bool is_started;
    int64_t at_us;
    uint64_t order;
};

static int64_t model_tick(int64_t at_us)
{
    return (at_us + MS - 1) / MS;
}

static size_t model_expire(struct model_timer model[TIMERS], const int64_t ticks[TIMERS],
                           int64_t now_us)
{
    size_t best = TIMERS;
    for (size_t i = 0; i < TIMERS; i++) {
        if (!model[i].is_started || ticks[i] > now_us / MS) {
            continue;
        }
        if (best == TIMERS || ticks[i] < ticks[best] ||
            (ticks[i] == ticks[best] && model[i].order < model[best].order)) {
            best = i;
        }
    }
    if (best != TIMERS) {
        model[best].is_started = false;
    }
    return best;
}

static int64_t random_delay_us(struct rng *rng)
{
    return (int64_t)(rng_u64(rng) >> (64 - (1 + rng_below(rng, 38)))) / (MS / 4) * (MS / 4);
}

static void any_story_fires_as_a_sorted_list_would(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct wheel_timer timers[TIMERS] = {0};
        struct model_timer model[TIMERS] = {0};
        int64_t ticks[TIMERS] = {0};
        struct rng rng;
        uint64_t order = 0;
        rng_init(&rng, seed);
        int64_t now_us = (int64_t)(rng_u64(&rng) >> 20);
        wheel_init(&wheel, now_us);
        for (int turn = 0; turn < 2000; turn++) {
            size_t which = rng_below(&rng, TIMERS);
            if (rng_chance(&rng, 200000)) {
                wheel_stop(&wheel, &timers[which]);
                model[which].is_started = false;
            } else {
                int64_t at_us = now_us + random_delay_us(&rng);
                wheel_start(&wheel, &timers[which], at_us);
                model[which] = (struct model_timer){true, at_us, order++};
                /* What is already due stands behind all that is due. */
                ticks[which] = model_tick(at_us) < now_us / MS ? now_us / MS : model_tick(at_us);
            }
            if (!rng_chance(&rng, 300000)) {
                continue;
            }
            now_us += random_delay_us(&rng);
            for (;;) {
                struct wheel_timer *fired = wheel_expire(&wheel, now_us);
                size_t expected = model_expire(model, ticks, now_us);
                assert_ptr_equal(fired, expected == TIMERS ? NULL : &timers[expected]);
                if (fired == NULL) {
                    break;
                }
            }
            assert_true(wheel_deadline(&wheel) > now_us);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_fires_at_its_time_and_never_before),
        cmocka_unit_test(following_the_deadline_misses_nothing),
        cmocka_unit_test(equal_deadlines_fire_in_the_order_of_their_start),
        cmocka_unit_test(a_timer_of_the_past_is_due_at_once),
        cmocka_unit_test(a_stopped_timer_does_not_fire_even_when_it_was_due),
        cmocka_unit_test(starting_again_moves_the_timer),
        cmocka_unit_test(a_timer_started_while_others_fire_takes_its_place_among_them),
        cmocka_unit_test(a_clock_that_steps_back_fires_nothing_new),
        cmocka_unit_test(any_story_fires_as_a_sorted_list_would),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
