#include "base/epoch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static int freed_count;

static void count_freed(void *object)
{
    free(object);
    freed_count++;
}

static struct epoch *epoch_made(void)
{
    struct epoch *epoch = aligned_alloc(_Alignof(struct epoch), sizeof(*epoch));
    assert_non_null(epoch);
    epoch_init(epoch);
    freed_count = 0;
    return epoch;
}

static void retire_one(struct epoch *epoch)
{
    assert_true(epoch_retire(epoch, malloc(1), count_freed));
}

static void an_object_that_nobody_can_hold_is_freed_at_once(void **state)
{
    (void)state;
    struct epoch *epoch = epoch_made();
    retire_one(epoch);
    epoch_reclaim(epoch);
    assert_int_equal(freed_count, 1);
    epoch_done(epoch);
    free(epoch);
}

static void an_object_stays_while_a_reader_from_before_is_online(void **state)
{
    (void)state;
    struct epoch *epoch = epoch_made();
    epoch_online(epoch, 3);
    retire_one(epoch);
    epoch_reclaim(epoch);
    assert_int_equal(freed_count, 0);
    epoch_offline(epoch, 3);
    epoch_reclaim(epoch);
    assert_int_equal(freed_count, 1);
    epoch_done(epoch);
    free(epoch);
}

static void a_reader_that_came_later_does_not_keep_it(void **state)
{
    (void)state;
    struct epoch *epoch = epoch_made();
    retire_one(epoch);
    epoch_online(epoch, 0);
    epoch_reclaim(epoch);
    assert_int_equal(freed_count, 1);
    epoch_done(epoch);
    free(epoch);
}

static void going_online_again_says_that_nothing_is_held(void **state)
{
    (void)state;
    struct epoch *epoch = epoch_made();
    epoch_online(epoch, 0);
    retire_one(epoch);
    epoch_online(epoch, 0);
    retire_one(epoch);
    epoch_reclaim(epoch);
    assert_int_equal(freed_count, 1); /* the second is newer than the reader's last word */
    assert_int_equal(epoch->retired_count, 1);
    epoch_done(epoch);
    assert_int_equal(freed_count, 2);
    free(epoch);
}

static void the_oldest_of_many_readers_decides(void **state)
{
    (void)state;
    struct epoch *epoch = epoch_made();
    for (int reader = 0; reader < EPOCH_READERS_MAX; reader++) {
        epoch_online(epoch, reader);
        retire_one(epoch);
    }
    for (int reader = 0; reader < EPOCH_READERS_MAX; reader++) {
        epoch_reclaim(epoch);
        assert_int_equal(freed_count, reader);
        epoch_offline(epoch, reader);
    }
    epoch_reclaim(epoch);
    assert_int_equal(freed_count, EPOCH_READERS_MAX);
    epoch_done(epoch);
    free(epoch);
}

static void a_full_list_refuses_and_takes_again_after_reclaim(void **state)
{
    (void)state;
    struct epoch *epoch = epoch_made();
    for (int i = 0; i < EPOCH_RETIRED_MAX; i++) {
        retire_one(epoch);
    }
    void *object = malloc(1);
    assert_false(epoch_retire(epoch, object, count_freed));
    epoch_reclaim(epoch);
    assert_int_equal(freed_count, EPOCH_RETIRED_MAX);
    assert_true(epoch_retire(epoch, object, count_freed));
    epoch_done(epoch);
    assert_int_equal(freed_count, EPOCH_RETIRED_MAX + 1);
    free(epoch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_that_nobody_can_hold_is_freed_at_once),
        cmocka_unit_test(an_object_stays_while_a_reader_from_before_is_online),
        cmocka_unit_test(a_reader_that_came_later_does_not_keep_it),
        cmocka_unit_test(going_online_again_says_that_nothing_is_held),
        cmocka_unit_test(the_oldest_of_many_readers_decides),
        cmocka_unit_test(a_full_list_refuses_and_takes_again_after_reclaim),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
