#include "guard/nap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SECOND_US 1000000

struct day { /* messages that come evenly, and a worker that looks as nap.h says */
    struct nap nap;
    int64_t now_us, next_us;
    int64_t looks, naps, empty_naps, longest_us;
};

static struct day morning(void)
{
    return (struct day){.now_us = 50 * (int64_t)SECOND_US, .next_us = 50 * (int64_t)SECOND_US};
}

static int take(struct day *day, int64_t gap_us)
{
    int count = 0;
    while (day->next_us <= day->now_us) {
        day->next_us += gap_us;
        count++;
    }
    return count;
}

static void pass(struct day *day, int64_t gap_us, int64_t span_us)
{
    int64_t until_us = day->now_us + span_us;
    while (day->now_us < until_us) {
        int64_t slice_us = nap_slice_us(&day->nap);
        if (slice_us > 0) {
            day->naps++;
            day->now_us += slice_us;
        } else if (day->next_us > day->now_us) {
            day->now_us = day->next_us;
        }
        day->longest_us = slice_us > day->longest_us ? slice_us : day->longest_us;
        int count = take(day, gap_us);
        day->empty_naps += slice_us > 0 && count == 0 ? 1 : 0;
        day->looks++;
        day->now_us += 5 * count;
        nap_note(&day->nap, count, day->now_us);
    }
}

static void a_steady_stream_is_taken_by_the_handful(void **state)
{
    (void)state;
    struct day day = morning();
    pass(&day, 400, SECOND_US); /* 2,500 a second */
    assert_in_range(day.looks, 250, 450);
    assert_true(day.naps > 200);
    assert_true(day.longest_us <= NAP_MAX_US);
}

static void a_few_messages_a_second_are_served_at_once(void **state)
{
    (void)state;
    struct day day = morning();
    pass(&day, 2000, SECOND_US);
    assert_int_equal(day.naps, 0);
    pass(&day, 200000, 10 * (int64_t)SECOND_US);
    assert_int_equal(day.naps, 0);
}

static void a_flood_is_served_at_once(void **state)
{
    (void)state;
    struct day day = morning();
    pass(&day, 100, SECOND_US);
    assert_int_equal(day.naps, 0);
    pass(&day, 10, SECOND_US);
    assert_int_equal(day.naps, 0);
}

static void the_faster_they_come_the_shorter_the_nap(void **state)
{
    (void)state;
    struct day slow = morning();
    struct day fast = morning();
    pass(&slow, 800, SECOND_US);
    pass(&fast, 200, SECOND_US);
    assert_int_equal(slow.longest_us, NAP_MAX_US);
    assert_true(fast.naps > 0);
    assert_true(fast.longest_us < 2000);
}

static void when_the_stream_ends_one_nap_is_in_vain(void **state)
{
    (void)state;
    struct day day = morning();
    pass(&day, 400, SECOND_US);
    assert_int_equal(day.empty_naps, 0);
    day.next_us = day.now_us + 3 * (int64_t)SECOND_US;
    pass(&day, 200000, 5 * (int64_t)SECOND_US);
    assert_in_range(day.empty_naps, 0, 1);
}

/* The first call after a silence must not pay for the load of before. */
static void after_a_silence_nobody_waits(void **state)
{
    (void)state;
    struct day day = morning();
    pass(&day, 400, SECOND_US);
    day.now_us += 60 * (int64_t)SECOND_US;
    nap_note(&day.nap, 0, day.now_us);
    assert_int_equal(nap_slice_us(&day.nap), 0);
    nap_note(&day.nap, 1, day.now_us + SECOND_US);
    assert_int_equal(nap_slice_us(&day.nap), 0);
}

/* So many that send again when they are answered, some 100 us later. */
static int64_t converse(struct nap *nap, int64_t *now_us, int count_of_senders, int64_t span_us)
{
    int64_t ready_us[64] = {0};
    int64_t until_us = *now_us + span_us;
    int64_t naps = 0;
    while (*now_us < until_us) {
        int64_t slice_us = nap_slice_us(nap);
        naps += slice_us > 0 ? 1 : 0;
        *now_us += slice_us > 0 ? slice_us : 20;
        int count = 0;
        for (int i = 0; i < count_of_senders; i++) {
            if (ready_us[i] <= *now_us) {
                count++;
                *now_us += 5;
                ready_us[i] = *now_us + 100 + 7 * i;
            }
        }
        nap_note(nap, count, *now_us);
    }
    return naps;
}

static void who_sends_again_once_answered_is_not_slowed_for_long(void **state)
{
    (void)state;
    for (int senders = 4; senders <= 64; senders *= 2) {
        struct day day = morning();
        pass(&day, 400, SECOND_US);
        (void)converse(&day.nap, &day.now_us, senders, SECOND_US / 2);
        assert_int_equal(converse(&day.nap, &day.now_us, senders, 2 * (int64_t)SECOND_US), 0);
    }
}

static void a_full_hand_is_followed_by_the_next_look(void **state)
{
    (void)state;
    struct day day = morning();
    pass(&day, 400, SECOND_US);
    nap_note(&day.nap, NAP_FULL - 1, day.now_us);
    assert_true(nap_slice_us(&day.nap) > 0);
    nap_note(&day.nap, NAP_FULL, day.now_us);
    assert_int_equal(nap_slice_us(&day.nap), 0);
    nap_note(&day.nap, 0, day.now_us);
    assert_int_equal(nap_slice_us(&day.nap), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_steady_stream_is_taken_by_the_handful),
        cmocka_unit_test(a_few_messages_a_second_are_served_at_once),
        cmocka_unit_test(a_flood_is_served_at_once),
        cmocka_unit_test(the_faster_they_come_the_shorter_the_nap),
        cmocka_unit_test(when_the_stream_ends_one_nap_is_in_vain),
        cmocka_unit_test(after_a_silence_nobody_waits),
        cmocka_unit_test(who_sends_again_once_answered_is_not_slowed_for_long),
        cmocka_unit_test(a_full_hand_is_followed_by_the_next_look),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
