/* The pool and the epoch: memory that is used again, and when it may be. */
#include "base/epoch.h"
#include "base/pool.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define MEBIBYTE ((uint64_t)1 << 20)

static void a_pool_gives_back_what_was_put_into_it(void **state)
{
    (void)state;
    struct pool pool;
    pool_init(&pool, MEBIBYTE);
    struct pool_block *block = pool_copy(&pool, SLICE("INVITE"));
    assert_true(slice_equal(pool_slice(block), SLICE("INVITE")));
    assert_int_equal(pool_slice(NULL).size, 0);
    assert_int_equal(pool_slice(pool_copy(&pool, (struct slice){NULL, 0})).size, 0);
    pool_give(&pool, block);
    pool_give(&pool, NULL);
    assert_ptr_equal(pool_take(&pool, 3), block);
    pool_done(&pool);
}

static void a_full_pool_refuses_and_takes_again_after_a_block_came_back(void **state)
{
    (void)state;
    struct pool pool;
    pool_init(&pool, MEBIBYTE);
    struct pool_block *last = NULL;
    for (struct pool_block *block; (block = pool_take(&pool, 1000)) != NULL; last = block) {
        memset(block->data, 'x', 1000);
    }
    assert_non_null(last);
    assert_true(pool.memory_size <= MEBIBYTE);
    pool_give(&pool, last);
    assert_ptr_equal(pool_take(&pool, 1000), last);
    assert_null(pool_take(&pool, 100000)); /* above the largest size it keeps */
    pool_done(&pool);
}

#define BLOCKS 64

static void blocks_in_use_never_overlap(void **state)
{
    (void)state;
    struct pool pool;
    struct pool_block *blocks[BLOCKS] = {NULL};
    struct rng rng;
    rng_init(&rng, 5);
    pool_init(&pool, 64 * MEBIBYTE);
    for (int turn = 0; turn < 5000; turn++) {
        size_t at = rng_below(&rng, BLOCKS);
        struct slice old = pool_slice(blocks[at]);
        for (size_t i = 0; i < old.size; i++) {
            assert_int_equal(old.data[i], (char)at);
        }
        pool_give(&pool, blocks[at]);
        size_t size = rng_below(&rng, 3000);
        blocks[at] = pool_take(&pool, size);
        assert_non_null(blocks[at]);
        memset(blocks[at]->data, (int)at, size);
    }
    pool_done(&pool);
}

static int freed_count;

static void count_freed(void *object)
{
    (void)object;
    freed_count++;
}

static void an_object_waits_for_each_reader_that_may_hold_it(void **state)
{
    (void)state;
    static struct epoch epoch;
    int object = 0;
    freed_count = 0;
    epoch_init(&epoch);
    epoch_online(&epoch, 0);
    epoch_online(&epoch, 1);
    assert_true(epoch_retire(&epoch, &object, count_freed));
    epoch_reclaim(&epoch);
    assert_int_equal(freed_count, 0);
    epoch_online(&epoch, 0); /* has passed a point where it held nothing */
    epoch_reclaim(&epoch);
    assert_int_equal(freed_count, 0);
    epoch_offline(&epoch, 1);
    epoch_reclaim(&epoch);
    assert_int_equal(freed_count, 1);
    epoch_done(&epoch);
    assert_int_equal(freed_count, 1);
}

static void too_many_retired_objects_are_refused_and_none_is_lost(void **state)
{
    (void)state;
    static struct epoch epoch;
    int object = 0;
    freed_count = 0;
    epoch_init(&epoch);
    epoch_online(&epoch, 3);
    for (int i = 0; i < EPOCH_RETIRED_MAX; i++) {
        assert_true(epoch_retire(&epoch, &object, count_freed));
    }
    assert_false(epoch_retire(&epoch, &object, count_freed));
    epoch_offline(&epoch, 3);
    epoch_done(&epoch);
    assert_int_equal(freed_count, EPOCH_RETIRED_MAX);
    epoch_done(NULL);
}

#define SWAPS 20000

static struct epoch shared_epoch;
static _Atomic(int *) shared_value;
static _Atomic bool is_over;
static _Atomic int seen_poisoned;

static void poison(void *object)
{
    *(int *)object = -1; /* beside the sanitizers, the test sees by itself what is read too late */
    free(object);
}

static void *read_shared(void *reader)
{
    int index = (int)(intptr_t)reader;
    while (!atomic_load(&is_over)) {
        epoch_online(&shared_epoch, index);
        const int *value = atomic_load(&shared_value);
        for (int i = 0; i < 10; i++) {
            if (*(const volatile int *)value < 0) {
                atomic_fetch_add(&seen_poisoned, 1);
            }
        }
        epoch_offline(&shared_epoch, index);
    }
    return NULL;
}

static void readers_never_see_a_freed_object(void **state)
{
    (void)state;
    pthread_t readers[2];
    epoch_init(&shared_epoch);
    atomic_store(&shared_value, calloc(1, sizeof(int)));
    for (intptr_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&readers[i], NULL, read_shared, (void *)i), 0);
    }
    for (int i = 1; i <= SWAPS; i++) {
        int *value = malloc(sizeof(*value));
        assert_non_null(value);
        *value = i;
        int *old = atomic_exchange(&shared_value, value);
        while (!epoch_retire(&shared_epoch, old, poison)) {
            epoch_reclaim(&shared_epoch);
            sched_yield();
        }
        epoch_reclaim(&shared_epoch);
    }
    atomic_store(&is_over, true);
    for (int i = 0; i < 2; i++) {
        pthread_join(readers[i], NULL);
    }
    epoch_done(&shared_epoch);
    free(atomic_load(&shared_value));
    assert_int_equal(atomic_load(&seen_poisoned), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pool_gives_back_what_was_put_into_it),
        cmocka_unit_test(a_full_pool_refuses_and_takes_again_after_a_block_came_back),
        cmocka_unit_test(blocks_in_use_never_overlap),
        cmocka_unit_test(an_object_waits_for_each_reader_that_may_hold_it),
        cmocka_unit_test(too_many_retired_objects_are_refused_and_none_is_lost),
        cmocka_unit_test(readers_never_see_a_freed_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
