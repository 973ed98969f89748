/* The record of an open call: its times hold whatever was done to the wall clock. */
#include "calls/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define S INT64_C(1000000)
#define HOUR (3600 * S)
#define NOON (INT64_C(1795262400) * S)
#define MONO (5000 * S) /* of the monotonic clock when the record is written */

struct fixture {
    struct pool pool;
    char data[2048];
    struct buf record;
};

/* A call that was answered 20 s before its record was written, and heard of 5 s before. */
static void write_record(struct fixture *f)
{
    struct call call;
    memset(&call, 0, sizeof(call));
    pool_init(&f->pool, 1 << 20);
    call.key = 77;
    call.state = CALL_ANSWERED;
    call.call_id = pool_copy(&f->pool, SLICE("one"));
    call.meter.rate = rate_free("EUR");
    call.cost = rate_free("EUR");
    call.wall_start_us = NOON - 22 * S;
    call.wall_answer_us = NOON - 20 * S;
    call.answered_us = MONO - 20 * S;
    call.heard_us = MONO - 5 * S;
    for (int i = 0; i < 2; i++) {
        assert_true(call_side_set(&f->pool, &call.sides[i], SLICE("<sip:a@b>;tag=1"), SLICE("1"),
                                  SLICE("sip:a@b"), SLICE("")));
    }
    buf_init(&f->record, f->data, sizeof(f->data));
    call_encode(&f->record, &call, NOON, MONO);
    assert_false(f->record.is_full);
    pool_give(&f->pool, call.call_id);
    call_side_done(&f->pool, &call.sides[SIDE_A]);
    call_side_done(&f->pool, &call.sides[SIDE_B]);
}

/* How long ago the call was answered, as it is read at that time. */
static int64_t talk_read(struct fixture *f, struct slice record, int64_t wall_us, int64_t mono_us)
{
    struct call call;
    memset(&call, 0, sizeof(call));
    assert_true(call_decode(record, &f->pool, &call, wall_us, mono_us));
    int64_t talk_us = mono_us - call.answered_us;
    assert_int_equal(mono_us - call.heard_us, talk_us < 15 * S ? 0 : talk_us - 15 * S);
    pool_give(&f->pool, call.call_id);
    call_side_done(&f->pool, &call.sides[SIDE_A]);
    call_side_done(&f->pool, &call.sides[SIDE_B]);
    return talk_us;
}

static void a_wall_clock_that_steps_changes_no_talk(void **state)
{
    struct fixture f;
    (void)state;
    write_record(&f);
    struct slice record = buf_done(&f.record);
    assert_int_equal(talk_read(&f, record, NOON + 10 * S, MONO + 10 * S), 30 * S);
    assert_int_equal(talk_read(&f, record, NOON + 10 * S + HOUR, MONO + 10 * S), 30 * S);
    assert_int_equal(talk_read(&f, record, NOON + 10 * S - HOUR, MONO + 10 * S), 30 * S);
    pool_done(&f.pool);
}

static void after_a_reboot_there_is_only_the_wall_clock(void **state)
{
    struct fixture f;
    (void)state;
    write_record(&f);
    assert_int_equal(talk_read(&f, buf_done(&f.record), NOON + 60 * S, 30 * S), 80 * S);
    pool_done(&f.pool);
}

/* Written by a program that did not note the two clocks yet. */
static void an_older_record_is_read_by_the_wall_clock(void **state)
{
    struct fixture f;
    (void)state;
    write_record(&f);
    struct slice older = slice_make(f.data, f.record.size - 2 * sizeof(int64_t));
    assert_int_equal(talk_read(&f, older, NOON + 10 * S, MONO + 10 * S), 30 * S);
    pool_done(&f.pool);
}

static void half_a_record_is_damaged(void **state)
{
    struct fixture f;
    struct call call;
    (void)state;
    write_record(&f);
    memset(&call, 0, sizeof(call));
    assert_false(call_decode(slice_make(f.data, f.record.size - 3), &f.pool, &call, NOON, MONO));
    assert_false(call_decode(slice_make(f.data, f.record.size / 2), &f.pool, &call, NOON, MONO));
    pool_done(&f.pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wall_clock_that_steps_changes_no_talk),
        cmocka_unit_test(after_a_reboot_there_is_only_the_wall_clock),
        cmocka_unit_test(an_older_record_is_read_by_the_wall_clock),
        cmocka_unit_test(half_a_record_is_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
