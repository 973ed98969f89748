/* The clocks: what waits by them must not mind that the wall clock is set. */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

static int64_t us_of(struct timespec at)
{
    return (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

static void a_moment_to_come_is_a_valid_time(void **state)
{
    (void)state;
    static const int64_t waits_us[] = {0, 1, 999999, 1000000, 1000001, INT64_C(3600999999)};
    for (size_t i = 0; i < sizeof(waits_us) / sizeof(waits_us[0]); i++) {
        int64_t before_us = clock_mono_us();
        struct timespec at = clock_mono_after(waits_us[i]);
        assert_true(at.tv_nsec >= 0 && at.tv_nsec < 1000000000);
        assert_true(us_of(at) >= before_us + waits_us[i]);
        assert_true(us_of(at) <= clock_mono_us() + waits_us[i]);
    }
}

/* By the wall clock the moment would be long past, and by a wall clock set back an hour to come. */
static void a_condition_waits_by_the_monotonic_clock(void **state)
{
    (void)state;
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t cond;
    clock_cond_init(&cond);
    int64_t from_us = clock_mono_us();
    struct timespec until = clock_mono_after(20000);
    int status = 0;
    pthread_mutex_lock(&lock);
    while (status == 0) {
        status = pthread_cond_timedwait(&cond, &lock, &until);
    }
    pthread_mutex_unlock(&lock);
    assert_int_equal(status, ETIMEDOUT);
    assert_true(clock_mono_us() >= from_us + 20000);
    pthread_cond_destroy(&cond);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_moment_to_come_is_a_valid_time),
        cmocka_unit_test(a_condition_waits_by_the_monotonic_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
