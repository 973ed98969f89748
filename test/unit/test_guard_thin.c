#include "guard/thin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* A worker that can do CAPACITY pieces of work an interval, in virtual time; to refuse one costs a
 * tenth of one. What the thinning lets through arrives, what cannot be looked at is lost. */
#define CAPACITY 500
#define INTERVAL_US 50000
#define REFUSAL_PART 10

struct world {
    struct thin thin;
    int64_t now_us;
    uint64_t admitted, refused, changes;
};

static void world_init(struct world *world)
{
    struct thin_terms terms = thin_terms_default();
    memset(world, 0, sizeof(*world));
    world->now_us = 1;
    thin_init(&world->thin, &terms);
}

static void play(struct world *world, uint64_t offered, int intervals)
{
    world->admitted = world->refused = world->changes = 0;
    for (int i = 0; i < intervals; i++) {
        struct thin *thin = &world->thin;
        uint64_t passed = offered * thin->unproven_parts / THIN_PARTS;
        uint64_t admitted = passed;
        uint64_t refused = 0;
        if (passed > CAPACITY) { /* admitted + refused / REFUSAL_PART = CAPACITY */
            refused = (passed - CAPACITY) * REFUSAL_PART / (REFUSAL_PART - 1);
            refused = refused > 8 * CAPACITY ? 8 * CAPACITY : refused;
            admitted = CAPACITY - refused / REFUSAL_PART;
        }
        thin->admitted += admitted;
        thin->refused += refused;
        thin->lost += offered - admitted - refused;
        thin->idle_us +=
            refused == 0 ? INTERVAL_US - INTERVAL_US * (int64_t)admitted / CAPACITY : 0;
        world->now_us += INTERVAL_US;
        world->admitted += admitted;
        world->refused += refused;
        assert_true(thin_is_due(thin, world->now_us));
        world->changes += thin_step(thin, passed > CAPACITY, world->now_us);
        assert_in_range(thin->unproven_parts, THIN_PARTS / 100, THIN_PARTS);
    }
}

/* One interval of which the test says what happened in it: something waited too long. */
static bool play_one(struct world *world, uint64_t admitted, uint64_t refused, uint64_t lost)
{
    world->thin.admitted = admitted;
    world->thin.refused = refused;
    world->thin.lost = lost;
    world->now_us += INTERVAL_US;
    return thin_step(&world->thin, true, world->now_us);
}

static void what_can_be_refused_is_never_thinned(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    play(&world, CAPACITY / 2, 100);
    play(&world, CAPACITY * 2, 100);
    assert_int_equal(world.changes, 0);
    assert_false(thin_is_active(&world.thin));
}

static void under_ten_times_the_load_most_is_still_done(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    play(&world, CAPACITY / 2, 100);
    play(&world, CAPACITY * 10, 10); /* half a second to find the measure */
    assert_true(thin_is_active(&world.thin));
    play(&world, CAPACITY * 10, 100);
    assert_true(world.admitted >= 100 * CAPACITY * 85 / 100);
    /* One for one and 4,000 a second, and a fourth of that again before it is cut. */
    assert_true(world.refused <= 100 * (CAPACITY + 200) * 5 / 4);
    assert_int_equal(world.thin.proven_parts, THIN_PARTS);
    assert_true(world.changes <= 10); /* it holds: each change lets in those who have waited */
}

static void behind_the_load_all_is_let_through_within_seconds(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    play(&world, CAPACITY / 2, 20);
    play(&world, CAPACITY * 20, 100);
    assert_true(thin_is_active(&world.thin));
    play(&world, CAPACITY / 2, 80); /* 4 s */
    assert_false(thin_is_active(&world.thin));
}

static void those_without_proof_go_first(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    play(&world, CAPACITY / 2, 20);
    world.thin.unproven_parts = world.thin.terms.floor_parts;
    assert_true(play_one(&world, CAPACITY, 100 * CAPACITY, 0));
    assert_true(world.thin.proven_parts < THIN_PARTS);
    assert_int_equal(world.thin.unproven_parts, world.thin.terms.floor_parts);
}

static void after_a_long_silence_it_starts_anew(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    play(&world, CAPACITY / 2, 20);
    play(&world, CAPACITY * 20, 100);
    world.now_us += 2000000;
    world.thin.idle_us = 1900000;
    assert_true(thin_step(&world.thin, false, world.now_us));
    assert_false(thin_is_active(&world.thin));
}

static void who_was_kept_out_and_may_have_waited_is_told_for_a_while(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.thin.terms.tell_us = 4000000;
    play(&world, CAPACITY / 2, 20);
    play(&world, CAPACITY * 20, 100);
    uint32_t parts = world.thin.unproven_parts;
    assert_true(parts < THIN_PARTS / 2);
    assert_false(thin_is_telling(&world.thin, world.now_us)); /* nobody was let in */
    play(&world, CAPACITY / 2, 12);
    assert_false(thin_is_active(&world.thin)); /* what came tells how little is offered */
    assert_true(thin_is_telling(&world.thin, world.now_us));
    assert_true(world.thin.told_from_parts >= parts && world.thin.told_from_parts < THIN_PARTS);
    play(&world, CAPACITY / 2, 79);
    assert_true(thin_is_telling(&world.thin, world.now_us - 2 * INTERVAL_US));
    assert_false(thin_is_telling(&world.thin, world.now_us));
}

static void while_some_are_told_no_more_are_let_in(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.thin.terms.tell_us = 4000000;
    play(&world, CAPACITY / 2, 20);
    world.thin.unproven_parts = THIN_PARTS / 64; /* cut too far: the worker idles */
    play(&world, CAPACITY * 4, 80);
    uint32_t parts = world.thin.unproven_parts;
    assert_true(parts > THIN_PARTS / 64 && parts <= THIN_PARTS / 16);
    assert_int_equal(world.thin.told_from_parts, THIN_PARTS / 64);
    assert_int_equal(world.changes, 1);
    play(&world, CAPACITY * 4, 200); /* ten seconds later all is done that can be */
    assert_true(world.thin.unproven_parts > parts);
    assert_true(world.changes <= 3);
    play(&world, CAPACITY * 4, 20);
    assert_true(world.admitted >= 20 * CAPACITY * 85 / 100);
}

static void one_quiet_interval_opens_nothing(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    play(&world, CAPACITY / 2, 20);
    play(&world, CAPACITY * 10, 100);
    uint32_t parts = world.thin.unproven_parts;
    play(&world, CAPACITY / 4, 1); /* who offers it had to pause */
    play(&world, CAPACITY * 10, 5);
    assert_true(world.thin.unproven_parts <= parts + parts / 4);
}

/* Its sender had paused, or the worker: more came at once than the buffer holds. */
static void a_burst_that_is_lost_cuts_nobody(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    play(&world, CAPACITY / 2, 20);
    for (int i = 0; i < 10; i++) {
        assert_false(play_one(&world, CAPACITY, 0, 20 * CAPACITY));
        assert_false(play_one(&world, CAPACITY, 0, 20 * CAPACITY));
        play(&world, CAPACITY / 2, 1);
    }
    assert_false(thin_is_active(&world.thin));
    play_one(&world, CAPACITY, 0, 20 * CAPACITY);
    play_one(&world, CAPACITY, 0, 20 * CAPACITY);
    assert_true(play_one(&world, CAPACITY, 0, 20 * CAPACITY)); /* no burst is that long */
    assert_true(thin_is_active(&world.thin));
}

/* Three intervals lost as much as four times what can be done: the first cut. */
static uint32_t cut_once(struct world *world)
{
    world_init(world);
    world->thin.terms.settle_us = 1000000;
    play(world, CAPACITY, 20);
    for (int i = 0; i < 3; i++) {
        play_one(world, CAPACITY, 0, 3 * CAPACITY);
    }
    assert_true(thin_is_active(&world->thin));
    return world->thin.unproven_parts;
}

/* What was lost before the cut comes again, what waited is refused: no more callers than before. */
static void behind_a_cut_the_next_one_waits_until_that_has_settled(void **state)
{
    (void)state;
    struct world world;
    uint32_t parts = cut_once(&world);
    for (int i = 0; i < 4; i++) { /* the queue of before: next to all of it is refused */
        assert_false(play_one(&world, CAPACITY / 8, 7 * CAPACITY, 3 * CAPACITY));
    }
    for (int i = 0; i < 17; i++) {
        assert_false(play_one(&world, CAPACITY, 2 * CAPACITY, 3 * CAPACITY));
    }
    assert_int_equal(world.thin.unproven_parts, parts);
    assert_true(play_one(&world, CAPACITY, 2 * CAPACITY, 3 * CAPACITY));
    assert_true(world.thin.unproven_parts < parts);
    assert_true(world.thin.unproven_parts > parts / 4); /* of what came then: 3,562 and 1,500 */
}

static void a_flood_behind_a_cut_does_not_wait_for_that(void **state)
{
    (void)state;
    struct world world;
    uint32_t parts = cut_once(&world);
    for (int i = 0; i < 6; i++) { /* two of them are of before */
        assert_false(play_one(&world, CAPACITY, 10 * CAPACITY, 30 * CAPACITY));
    }
    assert_true(play_one(&world, CAPACITY, 10 * CAPACITY, 30 * CAPACITY));
    assert_in_range(world.thin.unproven_parts, parts / 5, parts / 4); /* 1,200 of 5,500 */
}

/* They are counted among nobody: what comes beside them is of the part that was let in before. */
static void while_some_are_told_the_rest_is_not_taken_for_all(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.thin.terms.tell_us = 4000000;
    play(&world, CAPACITY, 20);
    world.thin.unproven_parts = THIN_PARTS / 4;
    world.thin.told_from_parts = THIN_PARTS / 20;
    world.thin.told_until_us = world.now_us + 4000000;
    for (int i = 0; i < 40; i++) { /* ten times what can be done is offered */
        world.thin.admitted = CAPACITY / 2;
        world.thin.lost = 9 * CAPACITY;
        world.now_us += INTERVAL_US;
        assert_false(thin_step(&world.thin, false, world.now_us));
    }
    assert_int_equal(world.thin.unproven_parts, THIN_PARTS / 4);
}

/* A little is lost all the time, and no reason to cut: it must not hide a flood. */
static void what_was_no_reason_to_cut_is_forgotten(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    play(&world, CAPACITY, 20);
    for (int i = 0; i < 400; i++) {
        assert_false(play_one(&world, CAPACITY, CAPACITY / 2, CAPACITY / 50));
    }
    int intervals = 1;
    while (!play_one(&world, CAPACITY, 8 * CAPACITY, CAPACITY)) {
        assert_true(++intervals <= 3);
    }
    assert_true(world.thin.unproven_parts < THIN_PARTS / 2); /* two of the three may be of before */
}

static void a_machine_that_stood_still_opens_nothing(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    play(&world, CAPACITY, 20);
    for (int i = 0; i < 2; i++) {
        play_one(&world, CAPACITY, 0, 9 * CAPACITY);
    }
    world.now_us += 1500000;
    assert_false(play_one(&world, CAPACITY, 0, 9 * CAPACITY));
    assert_false(play_one(&world, CAPACITY, 0, 9 * CAPACITY)); /* the first one in a row again */
    play(&world, CAPACITY * 20, 100);
    uint32_t parts = world.thin.unproven_parts;
    assert_true(parts < THIN_PARTS / 5);
    world.now_us += 1500000;
    assert_false(thin_step(&world.thin, true, world.now_us));
    assert_int_equal(world.thin.unproven_parts, parts);
}

/* Who waited too long is refused, so that for a moment next to nobody is admitted. It is no measure
 * of what can be. */
static void a_cut_leaves_what_could_be_done_before(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    play(&world, CAPACITY, 20);
    for (int i = 0; i < 6; i++) {
        play_one(&world, CAPACITY / 8, 7 * CAPACITY, 0);
    }
    /* CAPACITY admitted, as many refused, and 200 of an interval in any case. */
    uint64_t wanted = 2 * CAPACITY + 200;
    uint64_t came = CAPACITY / 8 + 7 * CAPACITY;
    assert_true(world.thin.unproven_parts < THIN_PARTS);
    assert_true(world.thin.unproven_parts >= THIN_PARTS * wanted / came * 3 / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_can_be_refused_is_never_thinned),
        cmocka_unit_test(under_ten_times_the_load_most_is_still_done),
        cmocka_unit_test(behind_the_load_all_is_let_through_within_seconds),
        cmocka_unit_test(those_without_proof_go_first),
        cmocka_unit_test(after_a_long_silence_it_starts_anew),
        cmocka_unit_test(who_was_kept_out_and_may_have_waited_is_told_for_a_while),
        cmocka_unit_test(while_some_are_told_no_more_are_let_in),
        cmocka_unit_test(one_quiet_interval_opens_nothing),
        cmocka_unit_test(a_burst_that_is_lost_cuts_nobody),
        cmocka_unit_test(behind_a_cut_the_next_one_waits_until_that_has_settled),
        cmocka_unit_test(a_flood_behind_a_cut_does_not_wait_for_that),
        cmocka_unit_test(while_some_are_told_the_rest_is_not_taken_for_all),
        cmocka_unit_test(what_was_no_reason_to_cut_is_forgotten),
        cmocka_unit_test(a_machine_that_stood_still_opens_nothing),
        cmocka_unit_test(a_cut_leaves_what_could_be_done_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
