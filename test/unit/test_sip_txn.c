/* Each row feeds one event at a time after the start and says what must come of it. */
#include "sip/txn.h"

#include "base/attr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MS INT64_C(1000)
#define START_US INT64_C(7000000000)
#define NEVER INT64_C(-1)

struct step {
    int64_t at_ms;
    enum txn_event event;
    int status;
    unsigned todo;
    enum txn_state state;
    int64_t deadline_ms; /* NEVER: none */
};

static void run(enum txn_kind kind, bool is_reliable, const struct step *steps, size_t count)
{
    struct txn txn;
    txn_init(&txn, kind, is_reliable, START_US);
    for (size_t i = 0; i < count; i++) {
        const struct step *step = &steps[i];
        unsigned todo = txn_feed(&txn, step->event, step->status, START_US + step->at_ms * MS);
        print_message("step %zu: %s, todo %#x\n", i, txn_state_name((enum txn_state)txn.state),
                      todo);
        assert_int_equal(todo, step->todo);
        assert_int_equal(txn.state, step->state);
        int64_t deadline_us =
            step->deadline_ms == NEVER ? INT64_MAX : START_US + step->deadline_ms * MS;
        assert_int_equal(txn.deadline_us, deadline_us);
    }
}

#define RUN(kind, is_reliable, steps) run(kind, is_reliable, steps, ARRAY_COUNT(steps))

#define RETRANSMIT TXN_DO_RETRANSMIT
#define END TXN_DO_END
#define PASS TXN_DO_PASS
#define SEND TXN_DO_SEND

static void an_unanswered_invite_is_repeated_at_doubling_gaps_until_timer_b(void **state)
{
    (void)state;
    const struct step steps[] = {
        {499, TXN_EV_TIMER, 0, 0, TXN_CALLING, 500},
        {500, TXN_EV_TIMER, 0, RETRANSMIT, TXN_CALLING, 1500},
        {1500, TXN_EV_TIMER, 0, RETRANSMIT, TXN_CALLING, 3500},
        {3500, TXN_EV_TIMER, 0, RETRANSMIT, TXN_CALLING, 7500},
        {7500, TXN_EV_TIMER, 0, RETRANSMIT, TXN_CALLING, 15500},
        {15500, TXN_EV_TIMER, 0, RETRANSMIT, TXN_CALLING, 31500},
        {31500, TXN_EV_TIMER, 0, RETRANSMIT, TXN_CALLING, 32000},
        {32000, TXN_EV_TIMER, 0, TXN_DO_TIMEOUT | END, TXN_TERMINATED, NEVER},
        {32001, TXN_EV_RESPONSE, 200, 0, TXN_TERMINATED, NEVER},
    };
    RUN(TXN_INVITE_CLIENT, false, steps);
}

static void an_invite_over_tcp_is_never_repeated_but_times_out(void **state)
{
    (void)state;
    const struct step steps[] = {
        {500, TXN_EV_TIMER, 0, 0, TXN_CALLING, 32000},
        {32000, TXN_EV_TIMER, 0, TXN_DO_TIMEOUT | END, TXN_TERMINATED, NEVER},
    };
    RUN(TXN_INVITE_CLIENT, true, steps);
}

static void a_ringing_invite_has_no_timer_of_its_own(void **state)
{
    (void)state;
    const struct step steps[] = {
        {100, TXN_EV_RESPONSE, 100, PASS, TXN_PROCEEDING, NEVER},
        {200, TXN_EV_RESPONSE, 180, PASS, TXN_PROCEEDING, NEVER},
        {32000, TXN_EV_TIMER, 0, 0, TXN_PROCEEDING, NEVER},
        {40000, TXN_EV_TRANSPORT_ERROR, 0, 0, TXN_PROCEEDING, NEVER},
        {50000, TXN_EV_RESPONSE, 486, TXN_DO_ACK | PASS, TXN_COMPLETED, 82000},
        {50500, TXN_EV_RESPONSE, 486, TXN_DO_ACK, TXN_COMPLETED, 82000},
        {50600, TXN_EV_RESPONSE, 180, 0, TXN_COMPLETED, 82000},
        {50700, TXN_EV_RESPONSE, 200, 0, TXN_COMPLETED, 82000},
        {82000, TXN_EV_TIMER, 0, END, TXN_TERMINATED, NEVER}, /* D */
    };
    RUN(TXN_INVITE_CLIENT, false, steps);
}

static void a_refused_invite_over_tcp_ends_at_once(void **state)
{
    (void)state;
    const struct step steps[] = {
        {100, TXN_EV_RESPONSE, 404, TXN_DO_ACK | PASS | END, TXN_TERMINATED, NEVER},
    };
    RUN(TXN_INVITE_CLIENT, true, steps);
}

static void each_2xx_is_passed_on_until_timer_m(void **state)
{
    (void)state;
    const struct step steps[] = {
        {100, TXN_EV_RESPONSE, 200, PASS, TXN_ACCEPTED, 32100},
        {600, TXN_EV_RESPONSE, 200, PASS, TXN_ACCEPTED, 32100}, /* a fork, or the same again */
        {700, TXN_EV_RESPONSE, 180, 0, TXN_ACCEPTED, 32100},
        {700, TXN_EV_RESPONSE, 486, 0, TXN_ACCEPTED, 32100},
        {800, TXN_EV_TRANSPORT_ERROR, 0, 0, TXN_ACCEPTED, 32100},
        {32099, TXN_EV_TIMER, 0, 0, TXN_ACCEPTED, 32100},
        {32100, TXN_EV_TIMER, 0, END, TXN_TERMINATED, NEVER},
    };
    RUN(TXN_INVITE_CLIENT, false, steps);
    RUN(TXN_INVITE_CLIENT, true, steps);
}

static void a_request_that_cannot_be_sent_has_failed(void **state)
{
    (void)state;
    const struct step failed[] = {
        {1, TXN_EV_TRANSPORT_ERROR, 0, TXN_DO_FAILED | END, TXN_TERMINATED, NEVER},
    };
    RUN(TXN_INVITE_CLIENT, false, failed);
    RUN(TXN_CLIENT, false, failed);
    const struct step ack_failed[] = {
        {1, TXN_EV_RESPONSE, 500, TXN_DO_ACK | PASS, TXN_COMPLETED, 32001},
        {2, TXN_EV_TRANSPORT_ERROR, 0, TXN_DO_FAILED | END, TXN_TERMINATED, NEVER},
    };
    RUN(TXN_INVITE_CLIENT, false, ack_failed);
}

static void another_request_is_repeated_with_a_cap_of_t2_until_timer_f(void **state)
{
    (void)state;
    const struct step steps[] = {
        {500, TXN_EV_TIMER, 0, RETRANSMIT, TXN_TRYING, 1500},
        {1500, TXN_EV_TIMER, 0, RETRANSMIT, TXN_TRYING, 3500},
        {3500, TXN_EV_TIMER, 0, RETRANSMIT, TXN_TRYING, 7500},
        {7500, TXN_EV_TIMER, 0, RETRANSMIT, TXN_TRYING, 11500},
        {11500, TXN_EV_TIMER, 0, RETRANSMIT, TXN_TRYING, 15500},
        {30000, TXN_EV_TIMER, 0, RETRANSMIT, TXN_TRYING, 32000}, /* held up: one, not four */
        {32000, TXN_EV_TIMER, 0, TXN_DO_TIMEOUT | END, TXN_TERMINATED, NEVER},
    };
    RUN(TXN_CLIENT, false, steps);
}

static void a_provisional_answer_slows_the_repeats_to_t2(void **state)
{
    (void)state;
    const struct step steps[] = {
        {100, TXN_EV_RESPONSE, 100, PASS, TXN_PROCEEDING, 500},
        {500, TXN_EV_TIMER, 0, RETRANSMIT, TXN_PROCEEDING, 4500},
        {4500, TXN_EV_TIMER, 0, RETRANSMIT, TXN_PROCEEDING, 8500},
        {5000, TXN_EV_RESPONSE, 200, PASS, TXN_COMPLETED, 10000}, /* K */
        {5100, TXN_EV_RESPONSE, 200, 0, TXN_COMPLETED, 10000},
        {5200, TXN_EV_TRANSPORT_ERROR, 0, 0, TXN_COMPLETED, 10000},
        {10000, TXN_EV_TIMER, 0, END, TXN_TERMINATED, NEVER},
    };
    RUN(TXN_CLIENT, false, steps);
    const struct step reliable[] = {
        {100, TXN_EV_RESPONSE, 100, PASS, TXN_PROCEEDING, 32000},
        {500, TXN_EV_RESPONSE, 404, PASS | END, TXN_TERMINATED, NEVER},
    };
    RUN(TXN_CLIENT, true, reliable);
}

static void a_refusal_is_repeated_until_the_ack_comes(void **state)
{
    (void)state;
    const struct step steps[] = {
        {0, TXN_EV_REQUEST, 0, 0, TXN_PROCEEDING, NEVER}, /* nothing to repeat yet */
        {1, TXN_EV_SEND, 100, SEND, TXN_PROCEEDING, NEVER},
        {500, TXN_EV_REQUEST, 0, RETRANSMIT, TXN_PROCEEDING, NEVER},
        {600, TXN_EV_ACK, 0, 0, TXN_PROCEEDING, NEVER},
        {1000, TXN_EV_SEND, 486, SEND, TXN_COMPLETED, 1500},
        {1100, TXN_EV_REQUEST, 0, RETRANSMIT, TXN_COMPLETED, 1500},
        {1100, TXN_EV_SEND, 200, 0, TXN_COMPLETED, 1500},
        {1500, TXN_EV_TIMER, 0, RETRANSMIT, TXN_COMPLETED, 2500}, /* G */
        {2500, TXN_EV_TIMER, 0, RETRANSMIT, TXN_COMPLETED, 4500},
        {4500, TXN_EV_TIMER, 0, RETRANSMIT, TXN_COMPLETED, 8500},
        {8500, TXN_EV_TIMER, 0, RETRANSMIT, TXN_COMPLETED, 12500},
        {9000, TXN_EV_ACK, 0, 0, TXN_CONFIRMED, 14000}, /* I */
        {9100, TXN_EV_ACK, 0, 0, TXN_CONFIRMED, 14000},
        {9200, TXN_EV_REQUEST, 0, 0, TXN_CONFIRMED, 14000},
        {14000, TXN_EV_TIMER, 0, END, TXN_TERMINATED, NEVER},
    };
    RUN(TXN_INVITE_SERVER, false, steps);
}

static void a_refusal_without_an_ack_ends_at_timer_h(void **state)
{
    (void)state;
    const struct step reliable[] = {
        {0, TXN_EV_SEND, 503, SEND, TXN_COMPLETED, 32000},
        {500, TXN_EV_TIMER, 0, 0, TXN_COMPLETED, 32000},
        {32000, TXN_EV_TIMER, 0, TXN_DO_TIMEOUT | END, TXN_TERMINATED, NEVER},
    };
    RUN(TXN_INVITE_SERVER, true, reliable);
    const struct step acked[] = {
        {0, TXN_EV_SEND, 503, SEND, TXN_COMPLETED, 32000},
        {10, TXN_EV_ACK, 0, END, TXN_TERMINATED, NEVER},
    };
    RUN(TXN_INVITE_SERVER, true, acked);
}

static void an_accepted_invite_swallows_repeats_until_timer_l(void **state)
{
    (void)state;
    const struct step steps[] = {
        {0, TXN_EV_SEND, 180, SEND, TXN_PROCEEDING, NEVER},
        {1000, TXN_EV_SEND, 200, SEND, TXN_ACCEPTED, 33000},
        {1100, TXN_EV_REQUEST, 0, 0, TXN_ACCEPTED, 33000},
        {1200, TXN_EV_SEND, 200, SEND, TXN_ACCEPTED, 33000}, /* the TU repeats it */
        {1300, TXN_EV_SEND, 500, 0, TXN_ACCEPTED, 33000},
        {1400, TXN_EV_ACK, 0, 0, TXN_ACCEPTED, 33000},
        {1500, TXN_EV_TRANSPORT_ERROR, 0, TXN_DO_FAILED, TXN_ACCEPTED, 33000},
        {33000, TXN_EV_TIMER, 0, END, TXN_TERMINATED, NEVER},
    };
    RUN(TXN_INVITE_SERVER, false, steps);
    RUN(TXN_INVITE_SERVER, true, steps);
}

static void another_request_is_answered_again_until_timer_j(void **state)
{
    (void)state;
    const struct step steps[] = {
        {0, TXN_EV_REQUEST, 0, 0, TXN_TRYING, NEVER},
        {1, TXN_EV_SEND, 100, SEND, TXN_PROCEEDING, NEVER},
        {2, TXN_EV_REQUEST, 0, RETRANSMIT, TXN_PROCEEDING, NEVER},
        {1000, TXN_EV_SEND, 200, SEND, TXN_COMPLETED, 33000},
        {1100, TXN_EV_REQUEST, 0, RETRANSMIT, TXN_COMPLETED, 33000},
        {1200, TXN_EV_SEND, 500, 0, TXN_COMPLETED, 33000},
        {33000, TXN_EV_TIMER, 0, END, TXN_TERMINATED, NEVER},
    };
    RUN(TXN_SERVER, false, steps);
    const struct step reliable[] = {
        {1000, TXN_EV_SEND, 200, SEND | END, TXN_TERMINATED, NEVER},
    };
    RUN(TXN_SERVER, true, reliable);
}

static void a_response_that_cannot_be_sent_ends_the_transaction(void **state)
{
    (void)state;
    const struct step steps[] = {
        {0, TXN_EV_SEND, 486, SEND, TXN_COMPLETED, 500},
        {1, TXN_EV_TRANSPORT_ERROR, 0, TXN_DO_FAILED | END, TXN_TERMINATED, NEVER},
    };
    RUN(TXN_INVITE_SERVER, false, steps);
    const struct step early[] = {
        {1, TXN_EV_TRANSPORT_ERROR, 0, TXN_DO_FAILED | END, TXN_TERMINATED, NEVER},
    };
    RUN(TXN_INVITE_SERVER, false, early);
    RUN(TXN_SERVER, false, early);
    const struct step other[] = {
        {0, TXN_EV_SEND, 200, SEND, TXN_COMPLETED, 32000},
        {1, TXN_EV_TRANSPORT_ERROR, 0, TXN_DO_FAILED | END, TXN_TERMINATED, NEVER},
    };
    RUN(TXN_SERVER, false, other);
}

static void a_finished_one_can_leave_early_and_no_other(void **state)
{
    (void)state;
    struct txn txn;
    txn_init(&txn, TXN_SERVER, false, 0);
    (void)txn_feed(&txn, TXN_EV_SEND, 200, 0);
    txn_shorten(&txn, TXN_T4_US, 1000);
    assert_int_equal(txn.deadline_us, 1000 + TXN_T4_US);
    assert_int_equal(txn_feed(&txn, TXN_EV_REQUEST, 0, 2000), TXN_DO_RETRANSMIT);
    txn_shorten(&txn, 2 * TXN_T4_US, 2000); /* never later than it was */
    assert_int_equal(txn.deadline_us, 1000 + TXN_T4_US);
    txn_init(&txn, TXN_INVITE_SERVER, false, 0);
    (void)txn_feed(&txn, TXN_EV_SEND, 486, 0);
    int64_t deadline_us = txn.deadline_us;
    txn_shorten(&txn, TXN_T4_US, 1000); /* it awaits its ACK, and repeats its response until then */
    assert_int_equal(txn.deadline_us, deadline_us);
    assert_int_equal(txn.give_up_at_us, 32000000);
    txn_init(&txn, TXN_CLIENT, false, 0);
    txn_shorten(&txn, TXN_T4_US, 1000);
    assert_int_equal(txn.give_up_at_us, 32000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unanswered_invite_is_repeated_at_doubling_gaps_until_timer_b),
        cmocka_unit_test(an_invite_over_tcp_is_never_repeated_but_times_out),
        cmocka_unit_test(a_ringing_invite_has_no_timer_of_its_own),
        cmocka_unit_test(a_refused_invite_over_tcp_ends_at_once),
        cmocka_unit_test(each_2xx_is_passed_on_until_timer_m),
        cmocka_unit_test(a_request_that_cannot_be_sent_has_failed),
        cmocka_unit_test(another_request_is_repeated_with_a_cap_of_t2_until_timer_f),
        cmocka_unit_test(a_provisional_answer_slows_the_repeats_to_t2),
        cmocka_unit_test(a_refusal_is_repeated_until_the_ack_comes),
        cmocka_unit_test(a_refusal_without_an_ack_ends_at_timer_h),
        cmocka_unit_test(an_accepted_invite_swallows_repeats_until_timer_l),
        cmocka_unit_test(another_request_is_answered_again_until_timer_j),
        cmocka_unit_test(a_response_that_cannot_be_sent_ends_the_transaction),
        cmocka_unit_test(a_finished_one_can_leave_early_and_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
