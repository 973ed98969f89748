/* The slab and the map, which together find an object by its key. */
#include "base/crc32c.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/rng.h"
#include "base/slab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

struct thing {
    char text[40];
};

static void a_slab_gives_zeroed_objects_until_it_is_full(void **state)
{
    (void)state;
    struct slab slab;
    uint32_t index[4] = {77, 77, 77, 77};
    assert_true(slab_init(&slab, sizeof(struct thing), 3));
    for (size_t i = 0; i < 3; i++) {
        struct thing *thing = slab_take(&slab, &index[i]);
        assert_non_null(thing);
        assert_int_equal((uintptr_t)thing % 16, 0);
        assert_ptr_equal(slab_at(&slab, index[i]), thing);
        strcpy(thing->text, "used");
    }
    assert_null(slab_take(&slab, &index[3]));
    assert_int_equal(index[3], 77);
    slab_give(&slab, index[1]);
    assert_int_equal(slab.count, 2);
    struct thing *again = slab_take(&slab, &index[3]);
    assert_int_equal(index[3], index[1]);
    assert_string_equal(again->text, "");
    slab_done(&slab);
    slab_done(&slab);
    slab_done(NULL);
}

static void an_old_generation_finds_nothing(void **state)
{
    (void)state;
    struct slab slab;
    uint32_t index = 0;
    assert_true(slab_init(&slab, 8, 10));
    assert_null(slab_at(&slab, 0));
    assert_null(slab_at(&slab, 99));
    void *first = slab_take(&slab, &index);
    uint32_t generation = slab_generation(&slab, index);
    assert_ptr_equal(slab_at_generation(&slab, index, generation), first);
    slab_give(&slab, index);
    assert_null(slab_at(&slab, index));
    assert_null(slab_at_generation(&slab, index, generation));
    assert_null(slab_at_generation(&slab, index, slab_generation(&slab, index)));
    assert_non_null(slab_take(&slab, &index));
    assert_null(slab_at_generation(&slab, index, generation));
    slab_done(&slab);
}

static void a_walk_meets_each_taken_slot_once(void **state)
{
    (void)state;
    struct slab slab;
    uint32_t index = 0;
    assert_true(slab_init(&slab, 8, 100));
    for (int i = 0; i < 10; i++) {
        assert_non_null(slab_take(&slab, &index));
    }
    slab_give(&slab, 0);
    slab_give(&slab, 4);
    uint32_t seen = 0;
    for (uint32_t at = slab_next(&slab, 0); at != SLAB_NONE; at = slab_next(&slab, at + 1)) {
        seen |= 1U << at;
    }
    assert_int_equal(seen, 0x3EE);
    slab_done(&slab);
}

static void a_large_capacity_costs_nothing_until_it_is_used(void **state)
{
    (void)state;
    struct slab slab;
    struct map map;
    uint32_t index = 0;
    assert_true(slab_init(&slab, 4096, 100000000)); /* 400 GB of addresses */
    assert_true(map_init(&map, 100000000));
    assert_non_null(slab_take(&slab, &index));
    assert_true(map_add(&map, 1, index));
    map_done(&map);
    map_done(NULL);
    slab_done(&slab);
    assert_false(slab_init(&slab, SIZE_MAX / 2, 1000));
}

static void a_map_keeps_several_values_of_one_hash_in_order(void **state)
{
    (void)state;
    struct map map;
    struct map_cursor cursor;
    assert_true(map_init(&map, 10));
    for (uint32_t value = 0; value < 4; value++) {
        assert_true(map_add(&map, 42, value));
        assert_true(map_add(&map, 43, 100 + value)); /* in the way */
    }
    assert_true(map_remove(&map, 42, 1));
    assert_false(map_remove(&map, 42, 1));
    assert_true(map_replace(&map, 42, 2, 22));
    assert_false(map_replace(&map, 42, 2, 23));
    static const uint32_t expected[] = {0, 22, 3, MAP_NONE};
    uint32_t value = map_first(&map, 42, &cursor);
    for (size_t i = 0; i < ARRAY_COUNT(expected); i++) {
        assert_int_equal(value, expected[i]);
        value = map_next(&map, &cursor);
    }
    assert_int_equal(map_first(&map, 44, &cursor), MAP_NONE);
    map_done(&map);
}

static void a_hash_of_zero_is_a_hash_like_others(void **state)
{
    (void)state;
    struct map map;
    struct map_cursor cursor;
    assert_true(map_init(&map, 2));
    assert_int_equal(map_first(&map, 0, &cursor), MAP_NONE);
    assert_true(map_add(&map, 0, 5));
    assert_int_equal(map_first(&map, 0, &cursor), 5);
    assert_true(map_remove(&map, 0, 5));
    assert_int_equal(map_first(&map, 0, &cursor), MAP_NONE);
    map_done(&map);
}

static void a_full_map_refuses(void **state)
{
    (void)state;
    for (size_t count_max = 0; count_max < 40; count_max++) {
        struct map map;
        struct map_cursor cursor;
        assert_true(map_init(&map, count_max));
        for (uint32_t i = 0; i < count_max; i++) {
            assert_true(map_add(&map, i, i));
        }
        assert_false(map_add(&map, 7777, 1));
        assert_int_equal(map_first(&map, 7777, &cursor), MAP_NONE);
        map_done(&map);
    }
}

#define KEYS 400

static void any_story_leaves_the_map_as_a_plain_list(void **state)
{
    (void)state;
    struct rng rng;
    struct map map;
    bool is_there[KEYS] = {false};
    rng_init(&rng, 3);
    assert_true(map_init(&map, KEYS));
    for (int turn = 0; turn < 50000; turn++) {
        uint32_t key = (uint32_t)rng_below(&rng, KEYS);
        uint64_t hash = key % 64 * 7; /* crowded on purpose: long runs, wraps, shared hashes */
        if (is_there[key]) {
            assert_true(map_remove(&map, hash, key));
        } else {
            assert_true(map_add(&map, hash, key));
        }
        is_there[key] = !is_there[key];
        uint32_t asked = (uint32_t)rng_below(&rng, KEYS);
        struct map_cursor cursor;
        bool is_found = false;
        for (uint32_t value = map_first(&map, asked % 64 * 7, &cursor); value != MAP_NONE;
             value = map_next(&map, &cursor)) {
            is_found = is_found || value == asked;
        }
        assert_int_equal(is_found, is_there[asked]);
    }
    size_t at = 0, count = 0;
    for (uint32_t value = map_each(&map, &at); value != MAP_NONE; value = map_each(&map, &at)) {
        assert_true(is_there[value]);
        count++;
    }
    assert_int_equal(count, map.count);
    map_done(&map);
}

static void a_map_that_grows_keeps_every_value_and_the_order_of_one_hash(void **state)
{
    (void)state;
    enum { COUNT = 30000 };
    struct rng rng;
    struct map map;
    struct map_cursor cursor;
    rng_init(&rng, 5);
    assert_true(map_init(&map, 3 * COUNT));
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_true(map_add(&map, hash_u64(7, i), i));
        assert_true(map_add(&map, hash_u64(7, i), COUNT + i));
        assert_true(map_add(&map, i % 50, 2 * COUNT + i % 50)); /* runs across the end too */
        assert_true(map_remove(&map, i % 50, 2 * COUNT + i % 50));
        uint32_t asked = (uint32_t)rng_below(&rng, i + 1);
        assert_int_equal(map_first(&map, hash_u64(7, asked), &cursor), asked);
        assert_int_equal(map_next(&map, &cursor), COUNT + asked);
        assert_int_equal(map_next(&map, &cursor), MAP_NONE);
    }
    assert_int_equal(map.count, 2 * COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_true(map_remove(&map, hash_u64(7, i), COUNT + i));
        assert_true(map_remove(&map, hash_u64(7, i), i));
    }
    assert_int_equal(map.count, 0);
    size_t at = 0;
    assert_int_equal(map_each(&map, &at), MAP_NONE);
    map_done(&map);
}

static void a_hash_depends_on_its_seed(void **state)
{
    (void)state;
    assert_true(hash_slice(1, SLICE("alice")) == hash_bytes(1, "alice", 5));
    assert_true(hash_slice(1, SLICE("alice")) != hash_slice(2, SLICE("alice")));
    assert_true(hash_slice(1, SLICE("alice")) != hash_slice(1, SLICE("alicf")));
    assert_true(hash_u64(1, 5) != hash_u64(2, 5));
    assert_true(hash_u64(1, 5) != hash_u64(1, 6));
    assert_true(hash_slice(1, (struct slice){NULL, 0}) == hash_slice(1, SLICE("")));
}

static void crc32c_is_the_standard_one_in_both_ways(void **state)
{
    (void)state;
    /* RFC 3720 B.4 */
    uint8_t zeros[32] = {0}, ones[32], rising[32];
    memset(ones, 0xFF, sizeof(ones));
    for (uint8_t i = 0; i < 32; i++) {
        rising[i] = i;
    }
    assert_int_equal(crc32c(0, "123456789", 9), 0xE3069283);
    assert_int_equal(crc32c(0, zeros, 32), 0x8A9136AA);
    assert_int_equal(crc32c(0, ones, 32), 0x62A8AB43);
    assert_int_equal(crc32c(0, rising, 32), 0x46DD794E);
    assert_int_equal(crc32c(0, "", 0), 0);

    struct rng rng;
    uint8_t data[100];
    rng_init(&rng, 9);
    for (int i = 0; i < 2000; i++) {
        size_t size = rng_below(&rng, sizeof(data));
        for (size_t j = 0; j < size; j++) {
            data[j] = (uint8_t)rng_u64(&rng);
        }
        size_t cut = rng_below(&rng, size + 1);
        uint32_t whole = crc32c(0, data, size);
        assert_int_equal(whole, crc32c_table(0, data, size));
        assert_int_equal(whole, crc32c(crc32c(0, data, cut), data + cut, size - cut));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slab_gives_zeroed_objects_until_it_is_full),
        cmocka_unit_test(an_old_generation_finds_nothing),
        cmocka_unit_test(a_walk_meets_each_taken_slot_once),
        cmocka_unit_test(a_large_capacity_costs_nothing_until_it_is_used),
        cmocka_unit_test(a_map_keeps_several_values_of_one_hash_in_order),
        cmocka_unit_test(a_hash_of_zero_is_a_hash_like_others),
        cmocka_unit_test(a_full_map_refuses),
        cmocka_unit_test(any_story_leaves_the_map_as_a_plain_list),
        cmocka_unit_test(a_map_that_grows_keeps_every_value_and_the_order_of_one_hash),
        cmocka_unit_test(a_hash_depends_on_its_seed),
        cmocka_unit_test(crc32c_is_the_standard_one_in_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
