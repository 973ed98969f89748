#include "guard/shed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

/* One server with a FIFO queue in virtual time: a piece of work takes service_us if admitted and
 * refuse_us if not. Work arrives evenly, from `source_count` sources in turn, of which the first
 * sends half if is_uneven. */
struct world {
    int64_t service_us, refuse_us, apart_us;
    int queue_max;
    int level;
    bool is_uneven;
    int source_count;
    /* results, of the time after 5 s */
    uint64_t admitted, refused, lost, late; /* late: admitted after more than 100 ms */
    uint64_t admitted_of[8], came_of[8];
};

#define PLAY_US INT64_C(30000000)
#define WARM_US INT64_C(5000000)
#define QUEUE_MAX 8192

static void play(struct world *world, struct shed *shed, int64_t from_us)
{
    static int64_t arrived_us[QUEUE_MAX];
    static int sources[QUEUE_MAX];
    struct rng rng;
    uint64_t head = 0, tail = 0, number = 0;
    int64_t now_us = from_us, next_us = from_us;
    rng_init(&rng, 7);
    while (now_us < from_us + PLAY_US) {
        bool is_counted = now_us > from_us + WARM_US;
        for (; next_us <= now_us; next_us += world->apart_us, number++) {
            int source = world->is_uneven && number % 2 == 0
                             ? 0
                             : (int)(number / 2 % (uint64_t)world->source_count);
            if (head - tail >= (uint64_t)world->queue_max) {
                world->lost += is_counted;
                continue;
            }
            world->came_of[source] += is_counted;
            arrived_us[head % QUEUE_MAX] = next_us;
            sources[head++ % QUEUE_MAX] = source;
        }
        if (head == tail) {
            now_us = next_us;
            continue;
        }
        int64_t sojourn_us = now_us - arrived_us[tail % QUEUE_MAX];
        int source = sources[tail++ % QUEUE_MAX];
        if (shed_is_calm(shed, sojourn_us, now_us) ||
            shed_admit(shed, world->level, (uint64_t)source, sojourn_us, rng_u64(&rng))) {
            world->admitted += is_counted;
            world->late += is_counted && sojourn_us > 100000;
            world->admitted_of[source] += is_counted;
            now_us += world->service_us;
        } else {
            world->refused += is_counted;
            now_us += world->refuse_us;
        }
    }
}

static struct world world_of(int64_t apart_us)
{
    return (struct world){.service_us = 1000,
                          .refuse_us = 5,
                          .apart_us = apart_us,
                          .queue_max = 4000,
                          .source_count = 4};
}

static struct shed shed_new(void)
{
    struct shed shed;
    struct shed_terms terms = shed_terms_default();
    shed_init(&shed, &terms);
    return shed;
}

static void what_can_be_done_is_never_shed(void **state)
{
    (void)state;
    struct shed shed = shed_new();
    struct world world = world_of(1010);
    play(&world, &shed, 1);
    assert_int_equal(world.refused, 0);
    assert_int_equal(world.lost, 0);
    assert_false(shed_is_active(&shed));
}

static void under_any_load_as_much_is_done_as_can_be(void **state)
{
    (void)state;
    static const struct {
        int64_t apart_us;
        uint64_t least_percent;
    } loads[] = {{667, 98}, {333, 97}, {200, 96}, {100, 93}};
    for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
        struct shed shed = shed_new();
        struct world world = world_of(loads[i].apart_us);
        play(&world, &shed, 1);
        uint64_t capacity = (uint64_t)((PLAY_US - WARM_US) / world.service_us);
        assert_true(world.admitted * 100 >= capacity * loads[i].least_percent);
        assert_true(world.late * 100 <= world.admitted); /* 99 % wait 100 ms at most */
        assert_true(world.lost * 100 <= world.refused);  /* refused, not lost in silence */
    }
}

static void after_the_load_nothing_is_refused_any_more(void **state)
{
    (void)state;
    struct shed shed = shed_new();
    struct world world = world_of(100);
    play(&world, &shed, 1);
    assert_true(world.refused > 0);
    struct world after = world_of(1200);
    play(&after, &shed, PLAY_US); /* counted from 5 s after the load's end */
    assert_int_equal(after.refused, 0);
    assert_int_equal(after.lost, 0);
}

static void a_stall_is_no_overload(void **state)
{
    (void)state;
    struct shed shed = shed_new();
    int64_t now_us = 1;
    for (; now_us < 2000000; now_us += 1000) {
        assert_true(shed_is_calm(&shed, 50, now_us));
    }
    /* The process stood still for 600 ms; what waited is done within 60 ms. */
    for (int i = 0; i < 60; i++) {
        int64_t sojourn_us = 600000 - i * 10000;
        assert_true(shed_is_calm(&shed, sojourn_us, now_us + 600000 + i * 1000) ||
                    shed_admit(&shed, 0, 1, sojourn_us, 0));
    }
    assert_true(shed_is_calm(&shed, 50, now_us + 700000));
}

static void who_has_most_is_shed_first(void **state)
{
    (void)state;
    struct shed shed = shed_new();
    struct world world = world_of(500); /* twice what can be done; half of it from source 0 */
    world.is_uneven = true;
    world.source_count = 4;
    play(&world, &shed, 1);
    /* Source 0 has 5/8 of all, each other 1/8 of twice the capacity: a quarter of what can be
     * done, which is the equal share. They lose next to nothing. */
    for (int i = 1; i < 4; i++) {
        assert_true(world.admitted_of[i] * 100 >= world.came_of[i] * 85);
    }
    assert_true(world.admitted_of[0] * 100 <= world.came_of[0] * 55);
}

static void the_lower_level_is_shed_before_the_higher_one(void **state)
{
    (void)state;
    struct shed shed = shed_new();
    int64_t now_us = 1;
    uint64_t admitted[SHED_LEVELS] = {0};
    /* A queue that stays 40 ms long, for two seconds. */
    for (int i = 0; i < 2000; i++, now_us += 1000) {
        for (int level = 0; level < SHED_LEVELS; level++) {
            if (shed_is_calm(&shed, 40000, now_us) ||
                shed_admit(&shed, level, 1, 40000, (uint64_t)i * 7919)) {
                admitted[level]++;
            }
        }
    }
    assert_true(admitted[0] < 1200);
    assert_true(admitted[1] > 1000 && admitted[1] > admitted[0]);
    assert_int_equal(admitted[2], 2000);
}

static void the_longer_work_of_a_standing_queue_waited_the_likelier_it_is_shed(void **state)
{
    (void)state;
    struct shed shed = shed_new();
    int64_t now_us = 1;
    for (int i = 0; i < 150; i++, now_us += 1000) {
        for (int level = 0; level < SHED_LEVELS; level += 2) {
            if (!shed_is_calm(&shed, 30000, now_us)) {
                assert_true(shed_admit(&shed, level, 1, 30000, SHED_PARTS - 1));
            }
        }
    }
    assert_true(shed.is_standing);
    static const struct {
        int level;
        int64_t sojourn_us;
        uint64_t random;
        bool is_admitted;
    } cases[] = {{0, 60000, SHED_PARTS - 1, true},
                 {0, 60000, 0, false},
                 {0, 80001, SHED_PARTS - 1, false},
                 {1, 79999, 0, true},
                 {1, 199999, SHED_PARTS - 1, true},
                 {1, 200001, SHED_PARTS - 1, false},
                 /* A refresh that waited as long as the flood it came with does not pay for it. */
                 {2, 199999, 0, true},
                 {2, 300000, SHED_PARTS - 1, true},
                 {2, 300000, 0, false},
                 {2, 400001, SHED_PARTS - 1, false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_false(shed_is_calm(&shed, cases[i].sojourn_us, now_us));
        assert_int_equal(shed_admit(&shed, cases[i].level, 1, cases[i].sojourn_us, cases[i].random),
                         cases[i].is_admitted);
    }
    shed.lowest = 2; /* nothing else comes: it is the lowest */
    assert_false(shed_admit(&shed, 2, 1, 80001, SHED_PARTS - 1));
}

/* A buffer does not hold what comes in a whole interval at five times what can be done. */
static void a_queue_whose_waits_grow_is_standing_before_its_buffer_overflows(void **state)
{
    (void)state;
    struct shed growing = shed_new();
    struct shed falling = shed_new();
    int64_t now_us = 1;
    for (int i = 0; i < 40; i++, now_us += 1000) {
        assert_true(shed_is_calm(&growing, 500 * i, now_us));
        assert_true(shed_is_calm(&falling, 0, now_us));
    }
    for (int i = 0; i < 50; i++, now_us += 1000) { /* behind a pause of 70 ms */
        int64_t sojourn_us = 20001 + 800 * i;
        assert_true(shed_is_calm(&growing, sojourn_us, now_us) ||
                    shed_admit(&growing, 0, 1, sojourn_us, SHED_PARTS - 1));
        sojourn_us = 70000 - 900 * i;
        assert_true(shed_is_calm(&falling, sojourn_us, now_us) ||
                    shed_admit(&falling, 0, 1, sojourn_us, 0));
    }
    assert_true(growing.is_standing);
    assert_false(shed_is_calm(&growing, 60000, now_us));
    assert_false(shed_admit(&growing, 0, 1, 60000, 0));
    assert_false(falling.is_standing);
}

static void a_few_long_pauses_are_no_standing_queue(void **state)
{
    (void)state;
    struct shed shed = shed_new();
    int64_t now_us = 1;
    for (int i = 0; i < 5; i++, now_us += 150000) {
        for (int work = 0; work < 200; work++) { /* in two turns behind each pause */
            assert_true(shed_is_calm(&shed, 150000, now_us + (work / 100) * 2000) ||
                        shed_admit(&shed, 0, 1, 150000, 0));
        }
    }
}

static void those_refused_come_back_spread_over_what_they_need(void **state)
{
    (void)state;
    struct shed shed = shed_new();
    for (uint64_t i = 0; i < 100; i++) {
        assert_int_equal(shed_retry_s(&shed, i), 5);
    }
    shed.admitted_lately = 14000; /* 1,000 a second */
    shed.refused_lately = 20000;
    int most = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        int retry_s = shed_retry_s(&shed, i);
        assert_in_range(retry_s, 5, 31);
        most = retry_s > most ? retry_s : most;
    }
    assert_in_range(most, 29, 31);
    shed.admitted_lately = 0;
    assert_in_range(shed_retry_s(&shed, UINT64_MAX), 5, 120);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_can_be_done_is_never_shed),
        cmocka_unit_test(under_any_load_as_much_is_done_as_can_be),
        cmocka_unit_test(after_the_load_nothing_is_refused_any_more),
        cmocka_unit_test(a_stall_is_no_overload),
        cmocka_unit_test(who_has_most_is_shed_first),
        cmocka_unit_test(the_lower_level_is_shed_before_the_higher_one),
        cmocka_unit_test(the_longer_work_of_a_standing_queue_waited_the_likelier_it_is_shed),
        cmocka_unit_test(a_queue_whose_waits_grow_is_standing_before_its_buffer_overflows),
        cmocka_unit_test(a_few_long_pauses_are_no_standing_queue),
        cmocka_unit_test(those_refused_come_back_spread_over_what_they_need),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
