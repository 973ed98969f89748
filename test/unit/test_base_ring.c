#include "base/ring.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

static struct ring ring;

static void write_message(size_t size, uint8_t fill)
{
    void *place = ring_reserve(&ring, size);
    assert_non_null(place);
    memset(place, fill, size);
    ring_push(&ring);
}

static void read_message(size_t expected_size, uint8_t fill)
{
    size_t size = 0;
    const uint8_t *message = ring_peek(&ring, &size);
    assert_non_null(message);
    assert_int_equal(size, expected_size);
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(message[i], fill);
    }
    ring_pop(&ring);
}

static void messages_come_out_whole_and_in_order(void **state)
{
    (void)state;
    size_t size = 4711;
    assert_true(ring_init(&ring, 5000));
    assert_int_equal(ring.block_size, 8192);
    assert_null(ring_peek(&ring, &size));
    assert_int_equal(size, 4711);
    write_message(100, 1);
    write_message(0, 2);
    write_message(333, 3);
    read_message(100, 1);
    read_message(0, 2);
    read_message(333, 3);
    assert_null(ring_peek(&ring, &size));
    ring_pop(&ring);
    ring_done(&ring);
    ring_done(NULL);
}

static void what_is_reserved_is_not_seen_until_it_is_pushed(void **state)
{
    (void)state;
    size_t size = 0;
    assert_true(ring_init(&ring, 4096));
    assert_non_null(ring_reserve(&ring, 64));
    assert_null(ring_peek(&ring, &size));
    write_message(8, 7); /* reserving again forgets the first place */
    read_message(8, 7);
    assert_null(ring_peek(&ring, &size));
    ring_done(&ring);
}

static void a_full_ring_refuses_and_takes_again_after_a_read(void **state)
{
    (void)state;
    assert_true(ring_init(&ring, 4096));
    assert_null(ring_reserve(&ring, 4096));
    assert_null(ring_reserve(&ring, SIZE_MAX));
    int count = 0;
    while (ring_reserve(&ring, 240) != NULL) {
        write_message(240, (uint8_t)count++);
    }
    assert_int_equal(count, 16);
    assert_null(ring_reserve(&ring, 1));
    read_message(240, 0);
    write_message(240, 99);
    assert_null(ring_reserve(&ring, 1));
    for (int i = 1; i < 16; i++) {
        read_message(240, (uint8_t)i);
    }
    read_message(240, 99);
    ring_done(&ring);
}

static void a_message_that_would_cross_the_end_stands_at_the_start(void **state)
{
    (void)state;
    struct rng rng;
    uint8_t written = 0, read = 0;
    size_t sizes[256];
    rng_init(&rng, 4);
    assert_true(ring_init(&ring, 4096));
    for (int turn = 0; turn < 20000; turn++) {
        if (rng_chance(&rng, 500000)) {
            size_t size = rng_below(&rng, 900);
            void *place = ring_reserve(&ring, size);
            if (place != NULL) {
                assert_true((char *)place + size <= ring.block + ring.block_size);
                assert_int_equal((uintptr_t)place % 16, 0);
                memset(place, written, size);
                sizes[written++] = size;
                ring_push(&ring);
            }
        } else if (read != written) {
            read_message(sizes[read], read);
            read++;
        }
    }
    ring_done(&ring);
}

static void the_largest_safe_message_fits_wherever_the_ring_stands(void **state)
{
    (void)state;
    assert_true(ring_init(&ring, 4096));
    for (int i = 0; i < 1000; i++) {
        write_message((size_t)(i % 50), 1);
        read_message((size_t)(i % 50), 1);
        write_message(4096 / 2 - 16, 2);
        read_message(4096 / 2 - 16, 2);
    }
    ring_done(&ring);
}

#define CROSSING 200000U

static void *write_many(void *unused)
{
    (void)unused;
    for (uint32_t i = 0; i < CROSSING; i++) {
        size_t size = sizeof(i) * (1 + i % 97);
        uint32_t *place = ring_reserve(&ring, size);
        if (place == NULL) {
            sched_yield();
            i--;
            continue;
        }
        place[0] = i;
        place[i % 97] = i;
        ring_push(&ring);
    }
    return NULL;
}

static void two_threads_lose_nothing_between_them(void **state)
{
    (void)state;
    pthread_t writer;
    assert_true(ring_init(&ring, 16384));
    assert_int_equal(pthread_create(&writer, NULL, write_many, NULL), 0);
    for (uint32_t i = 0; i < CROSSING; i++) {
        size_t size = 0;
        const uint32_t *message = ring_peek(&ring, &size);
        if (message == NULL) {
            sched_yield();
            i--;
            continue;
        }
        assert_int_equal(size, sizeof(i) * (1 + i % 97));
        assert_int_equal(message[0], i);
        assert_int_equal(message[i % 97], i);
        ring_pop(&ring);
    }
    pthread_join(writer, NULL);
    ring_done(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_out_whole_and_in_order),
        cmocka_unit_test(what_is_reserved_is_not_seen_until_it_is_pushed),
        cmocka_unit_test(a_full_ring_refuses_and_takes_again_after_a_read),
        cmocka_unit_test(a_message_that_would_cross_the_end_stands_at_the_start),
        cmocka_unit_test(the_largest_safe_message_fits_wherever_the_ring_stands),
        cmocka_unit_test(two_threads_lose_nothing_between_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
