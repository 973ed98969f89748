#include "rating/deck_set.h"
#include "rating/deck_view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int released_count;
static struct epoch epoch;

static struct deck *deck_made(uint32_t id, uint32_t version)
{
    static struct deck_build build;
    struct deck_terms terms = {.id = id, .version = version, .currency = "EUR"};
    assert_true(deck_compile(SLICE("prefix,rate\n49,1\n"), &terms, &build));
    return deck_open(build.object, build.object_size);
}

/* The object is found again by its first section, which stands behind the header. */
static void release(struct deck *deck)
{
    uintptr_t rates = (uintptr_t)deck->rates;
    free((void *)(rates - sizeof(struct deck_header)));
    deck_close(deck);
    released_count++;
}

static void set_up(struct deck_set **set)
{
    epoch_init(&epoch);
    released_count = 0;
    *set = deck_set_new(&epoch);
    assert_non_null(*set);
}

static void a_deck_is_found_by_its_id_and_no_other(void **state)
{
    (void)state;
    struct deck_set *set = NULL;
    set_up(&set);
    static const uint32_t ids[] = {5, 1, 9, 3};
    for (size_t i = 0; i < ARRAY_COUNT(ids); i++) {
        assert_true(deck_set_put(set, deck_made(ids[i], 1), release));
    }
    for (uint32_t id = 0; id < 12; id++) {
        const struct deck *deck = deck_set_find(set, id);
        bool is_there = id == 5 || id == 1 || id == 9 || id == 3;
        assert_true((deck != NULL) == is_there);
        assert_true(deck == NULL || deck_id(deck) == id);
    }
    deck_set_remove(set, 5);
    deck_set_remove(set, 6);
    assert_null(deck_set_find(set, 5));
    assert_non_null(deck_set_find(set, 9));
    deck_set_free(set);
    epoch_done(&epoch);
    assert_int_equal(released_count, ARRAY_COUNT(ids));
}

static void a_replaced_deck_lives_while_a_reader_may_hold_it(void **state)
{
    (void)state;
    struct deck_set *set = NULL;
    set_up(&set);
    assert_true(deck_set_put(set, deck_made(1, 1), release));
    epoch_online(&epoch, 0);
    const struct deck *held = deck_set_find(set, 1);
    assert_true(deck_set_put(set, deck_made(1, 2), release));
    assert_int_equal(deck_version(deck_set_find(set, 1)), 2);
    epoch_reclaim(&epoch);
    assert_int_equal(released_count, 0);
    assert_int_equal(deck_version(held), 1);
    epoch_offline(&epoch, 0);
    epoch_reclaim(&epoch);
    assert_int_equal(released_count, 1);
    deck_set_free(set);
    epoch_done(&epoch);
    assert_int_equal(released_count, 2);
}

static void a_full_set_refuses_another_deck_but_takes_a_new_version(void **state)
{
    (void)state;
    struct deck_set *set = NULL;
    set_up(&set);
    for (uint32_t id = 1; id <= DECK_SET_MAX; id++) {
        assert_true(deck_set_put(set, deck_made(id, 1), release));
    }
    struct deck *extra = deck_made(DECK_SET_MAX + 1, 1);
    assert_false(deck_set_put(set, extra, release));
    release(extra);
    assert_true(deck_set_put(set, deck_made(7, 2), release));
    deck_set_free(set);
    epoch_done(&epoch);
    assert_int_equal(released_count, DECK_SET_MAX + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deck_is_found_by_its_id_and_no_other),
        cmocka_unit_test(a_replaced_deck_lives_while_a_reader_may_hold_it),
        cmocka_unit_test(a_full_set_refuses_another_deck_but_takes_a_new_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
