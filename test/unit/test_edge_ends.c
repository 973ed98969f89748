/* Whatever happens to a call, in the end nothing of it is left: no transaction, no hold, no count.
 */
#include "edge_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LONG_US (400 * H_S)
#define OUT_URI "sip:+4989555@" H_DOMAIN

/* Alice's request within the dialog that was set up by `answered`. */
static void ask_alice(struct harness *h, const char *method, uint32_t cseq, const char *extra)
{
    struct h_request request = {.method = method,
                                .uri = "sip:bob@10.2.0.2:5060",
                                .to = "<sip:bob@example.com>;tag=b1",
                                .cseq = cseq,
                                .extra = extra};
    h_ask(h, ALICE, &request);
}

static void ask_bob(struct harness *h, const char *method, uint32_t cseq, const char *extra)
{
    struct h_request request = {.method = method,
                                .uri = "sip:alice@10.2.0.1:5060",
                                .from_tag = "b1",
                                .to = "<sip:alice@example.com>;tag=alice",
                                .cseq = cseq,
                                .extra = extra};
    h_ask(h, BOB, &request);
}

/* Alice has called bob, he answered, and the ACK went through. */
static struct harness *answered(void)
{
    struct harness *h = h_new();
    assert_true(h_call_up(h, "c1"));
    ask_alice(h, "ACK", 1, NULL);
    assert_true(h_take_request(h, BOB, SIP_ACK));
    return h;
}

static void over(struct harness *h)
{
    h_pass(h, LONG_US);
    assert_true(h_is_empty(h));
    h_free(h);
}

static void a_call_that_is_hung_up_leaves_nothing(void **state)
{
    (void)state;
    struct harness *h = answered();
    h_pass(h, 10 * H_S);
    ask_alice(h, "BYE", 2, NULL);
    assert_true(h_take_request(h, BOB, SIP_BYE));
    h_reply(h, BOB, 200, NULL, NULL);
    assert_true(h_take_status(h, ALICE, 200));
    struct usage usage;
    assert_true(h_last_usage(h, &usage));
    assert_int_equal(usage.talk_to_us, 10 * H_S);
    assert_int_equal(h_record_count(h, JOURNAL_USAGE), 1);
    over(h);
}

static void a_bye_that_nobody_answers_leaves_nothing(void **state)
{
    (void)state;
    struct harness *h = answered();
    ask_alice(h, "BYE", 2, NULL);
    assert_true(h_take_request(h, BOB, SIP_BYE));
    over(h);
}

static void an_info_that_nobody_answers_leaves_nothing(void **state)
{
    (void)state;
    struct harness *h = answered();
    ask_alice(h, "INFO", 2, NULL);
    h_pass(h, 40 * H_S);
    ask_alice(h, "BYE", 3, NULL);
    over(h);
}

static void a_reinvite_that_only_gets_100_ends_and_leaves_nothing(void **state)
{
    (void)state;
    struct harness *h = answered();
    ask_alice(h, "INVITE", 2, NULL);
    assert_true(h_take_request(h, BOB, SIP_INVITE));
    h_reply(h, BOB, 100, NULL, NULL);
    h_pass(h, 200 * H_S);
    assert_true(h_take_request(h, BOB, SIP_CANCEL));
    h_pass(h, 60 * H_S);
    assert_true(h_take_status(h, ALICE, 408));
    ask_alice(h, "BYE", 3, NULL);
    over(h);
}

static void a_cancelled_reinvite_leaves_nothing(void **state)
{
    (void)state;
    struct harness *h = answered();
    struct h_request request = {.method = "INVITE",
                                .uri = "sip:bob@10.2.0.2:5060",
                                .to = "<sip:bob@example.com>;tag=b1",
                                .cseq = 2,
                                .branch = "z9hG4bKre"};
    h_ask(h, ALICE, &request);
    assert_true(h_take_request(h, BOB, SIP_INVITE));
    request.method = "CANCEL"; /* before any provisional response: it is owed */
    h_ask(h, ALICE, &request);
    assert_false(h_take_request(h, BOB, SIP_CANCEL));
    for (int i = 0; i < h->sent_count; i++) {
        h->sent[i].is_taken = false;
    }
    bool is_found = false;
    while (!is_found && h_take_request(h, BOB, SIP_INVITE)) {
        is_found = h->msg.cseq == 2;
    }
    assert_true(is_found);
    h_reply(h, BOB, 180, NULL, NULL);
    assert_true(h_take_request(h, BOB, SIP_CANCEL));
    h_pass(h, 40 * H_S);
    assert_true(h_take_status(h, ALICE, 408)); /* bob never said more */
    ask_alice(h, "BYE", 3, NULL);
    over(h);
}

static void a_contact_whose_flow_was_lost_and_that_answers_leaves_nothing(void **state)
{
    (void)state;
    struct harness *h = h_new();
    h->transport[BOB] = REG_TCP;
    h_register(h, BOB);
    registrar_flow_lost(h->edge->registrar, h_flow(h, BOB).connection);
    h_invite(h, ALICE, BOB_URI, "c1");
    assert_true(h_take_request(h, BOB, SIP_INVITE));
    h_reply(h, BOB, 200, "b1", NULL);
    ask_alice(h, "ACK", 1, NULL);
    h_pass(h, 5 * H_S);
    ask_alice(h, "BYE", 2, NULL);
    over(h);
}

static void a_cancel_that_crosses_the_answer_leaves_nothing(void **state)
{
    (void)state;
    struct harness *h = h_new();
    h_register(h, BOB);
    struct h_request request = {
        .method = "INVITE", .uri = BOB_URI, .branch = "z9hG4bKx", .is_authorized = true};
    h_ask(h, ALICE, &request);
    assert_true(h_take_request(h, BOB, SIP_INVITE));
    h_reply(h, BOB, 180, "b1", NULL);
    struct sip_msg ringing = h->msg;
    request.method = "CANCEL";
    request.is_authorized = false;
    h_ask(h, ALICE, &request);
    h->msg = ringing;
    h_reply(h, BOB, 200, "b1", NULL);
    assert_true(h_take_status(h, ALICE, 200)); /* to CANCEL */
    assert_true(h_take_status(h, ALICE, 200)); /* to INVITE: it was too late */
    ask_alice(h, "ACK", 1, NULL);
    ask_alice(h, "BYE", 2, NULL);
    assert_int_equal(h_record_count(h, JOURNAL_USAGE), 1);
    over(h);
}

static void a_trunk_that_wakes_up_late_is_cancelled_and_leaves_nothing(void **state)
{
    (void)state;
    struct harness *h = h_new();
    h_invite(h, ALICE, OUT_URI, "c1");
    h_pass(h, 1 * H_S);
    assert_true(h_take_request(h, TRUNK1, SIP_INVITE));
    struct sip_msg first = h->msg;
    h_pass(h, 3 * H_S);
    assert_true(h_take_request(h, TRUNK2, SIP_INVITE));
    h_reply(h, TRUNK2, 180, "t2", NULL);
    int repeats = h_count(h, TRUNK1);
    h_pass(h, 5 * H_S);
    assert_int_equal(h_count(h, TRUNK1), repeats); /* it is left alone */
    h->msg = first;
    h_reply(h, TRUNK1, 180, "t1", NULL);
    assert_true(h_take_request(h, TRUNK1, SIP_CANCEL));
    h->msg = first;
    h_reply(h, TRUNK1, 200, "t1", NULL); /* the CANCEL came too late */
    assert_true(h_take_request(h, TRUNK1, SIP_ACK));
    assert_true(h_take_request(h, TRUNK1, SIP_BYE));
    assert_false(h_take_status(h, ALICE, 200));
    over(h);
}

static void a_late_trunk_does_not_answer_a_call_that_another_has(void **state)
{
    (void)state;
    struct harness *h = h_new();
    h_invite(h, ALICE, OUT_URI, "c1");
    assert_true(h_take_request(h, TRUNK1, SIP_INVITE));
    struct sip_msg first = h->msg;
    h_pass(h, 3 * H_S);
    assert_true(h_take_request(h, TRUNK2, SIP_INVITE));
    h_reply(h, TRUNK2, 200, "t2", NULL);
    assert_true(h_take_status(h, ALICE, 200));
    h_pass(h, 20 * H_S);
    h->msg = first;
    h_reply(h, TRUNK1, 200, "t1", NULL);
    assert_true(h_take_request(h, TRUNK1, SIP_ACK));
    assert_true(h_take_request(h, TRUNK1, SIP_BYE));
    assert_false(h_take_status(h, ALICE, 200));
    over(h);
}

static void a_repeated_unwanted_answer_is_acked_and_ended_once(void **state)
{
    (void)state;
    struct harness *h = h_new();
    h_invite(h, ALICE, OUT_URI, "c1");
    assert_true(h_take_request(h, TRUNK1, SIP_INVITE));
    struct sip_msg first = h->msg;
    h_pass(h, 3 * H_S);
    assert_true(h_take_request(h, TRUNK2, SIP_INVITE));
    h_reply(h, TRUNK2, 486, "t2", NULL);
    for (int i = 0; i < 50; i++) {
        h->msg = first;
        h_reply(h, TRUNK1, 200, "t1", NULL);
    }
    int acks = 0;
    int byes = 0;
    while (h_take(h, TRUNK1)) {
        acks += h->msg.is_request && h->msg.method == SIP_ACK ? 1 : 0;
        byes += h->msg.is_request && h->msg.method == SIP_BYE ? 1 : 0;
    }
    assert_int_equal(acks, 50);
    assert_int_equal(byes, 1);
    over(h);
}

static void a_call_refused_for_lack_of_disk_while_it_waits_leaves_the_meter(void **state)
{
    (void)state;
    struct harness *h = h_new();
    h->ledger = H_SILENT;
    h_invite(h, ALICE, OUT_URI, "c1");
    assert_true(h_take_status(h, ALICE, 100));
    atomic_store(&h->edge->is_paid_work_off, true);
    h_pass(h, 1 * H_S);
    assert_true(h_take_status(h, ALICE, 503));
    h_pass(h, 60 * H_S);
    atomic_store(&h->edge->is_paid_work_off, false);
    for (int i = 0; i < 20; i++) { /* the slot is used again */
        char call_id[16];
        snprintf(call_id, sizeof(call_id), "again%d", i);
        h_invite(h, ALICE, OUT_URI, call_id);
        h_pass(h, 10 * H_S);
    }
    struct meter_view view;
    assert_int_equal(meter_look(h->edge->meters, 1, h->now.mono_us, &view).is, TRI_PRESENT);
    assert_int_equal(view.open_count, 0);
    h->ledger = H_GRANTS;
    h_pass(h, 10 * H_S);
    over(h);
}

static void a_cancel_of_nothing_is_answered_481_and_leaves_nothing_at_once(void **state)
{
    (void)state;
    struct harness *h = h_new();
    struct h_request request = {.method = "CANCEL", .uri = BOB_URI};
    h_ask(h, STRANGER, &request);
    assert_int_equal(h_count(h, STRANGER), 0);
    h_pass(h, 600000);
    assert_true(h_take_status(h, STRANGER, 481));
    assert_int_equal(h->worker->txns.count, 0);
    h_free(h);
}

static void a_flood_of_cancels_does_not_fill_the_transactions(void **state)
{
    (void)state;
    struct harness *h = h_new();
    for (int i = 0; i < 2000; i++) {
        struct h_request request = {.method = "CANCEL", .uri = BOB_URI};
        h_ask(h, STRANGER, &request);
    }
    assert_true(h->worker->txns.count <= 512 / 4);
    assert_true(h_call_rings(h, "c1"));
    h_free(h);
}

static void a_cancel_that_overtakes_its_invite_ends_it(void **state)
{
    (void)state;
    struct harness *h = h_new();
    h_register(h, BOB);
    struct h_request request = {.method = "CANCEL", .uri = BOB_URI, .branch = "z9hG4bKx"};
    h_ask(h, ALICE, &request);
    h_pass(h, 100000);
    request.method = "INVITE";
    request.is_authorized = true;
    h_ask(h, ALICE, &request);
    assert_true(h_take_status(h, ALICE, 200));
    assert_true(h_take_status(h, ALICE, 487));
    assert_false(h_take_request(h, BOB, SIP_INVITE));
    over(h);
}

static void a_silent_contact_does_not_hold_up_the_caller_s_487(void **state)
{
    (void)state;
    struct harness *h = h_new();
    h_register(h, BOB);
    h_register(h, BOB2);
    struct h_request request = {
        .method = "INVITE", .uri = BOB_URI, .branch = "z9hG4bKx", .is_authorized = true};
    h_ask(h, ALICE, &request);
    assert_true(h_take_request(h, BOB, SIP_INVITE));
    struct sip_msg invite = h->msg;
    h_reply(h, BOB, 180, "b1", NULL);
    request.method = "CANCEL";
    request.is_authorized = false;
    h_ask(h, ALICE, &request);
    h->msg = invite;
    h_reply(h, BOB, 487, "b1", NULL);
    assert_true(h_take_status(h, ALICE, 487)); /* though bob's other phone has not said a word */
    over(h);
}

static void a_probe_finds_one_dead_side_although_the_other_answers(void **state)
{
    (void)state;
    struct harness *h = answered();
    for (int i = 0; i < 1000 && h_record_count(h, JOURNAL_USAGE) == 0; i++) {
        h_pass(h, 1 * H_S);
        while (h_take_request(h, ALICE, SIP_OPTIONS)) {
            h_reply(h, ALICE, 200, NULL, NULL);
        }
        h_forget(h);
    }
    struct usage usage;
    assert_true(h_last_usage(h, &usage));
    assert_true((usage.flags & USAGE_ESTIMATED) != 0);
    assert_true(usage.talk_to_us < 10 * H_S); /* what it was last heard of */
    over(h);
}

static void one_probe_that_neither_side_answers_ends_no_call(void **state)
{
    (void)state;
    struct harness *h = answered();
    h_pass(h, 633 * H_S);
    assert_int_equal(h_record_count(h, JOURNAL_USAGE), 0);
    h_pass(h, 60 * H_S); /* the second one does */
    assert_int_equal(h_record_count(h, JOURNAL_USAGE), 1);
    over(h);
}

static void a_closed_port_is_no_proof_of_life(void **state)
{
    (void)state;
    struct harness *h = answered();
    for (int i = 0; i < 700 && h_record_count(h, JOURNAL_USAGE) == 0; i++) {
        h_pass(h, 1 * H_S);
        struct reg_flow to = h_flow(h, BOB);
        edge_unreachable(h->worker, &to, &h->now);
    }
    assert_int_equal(h_record_count(h, JOURNAL_USAGE), 1);
    over(h);
}

static void a_bye_that_the_other_side_refuses_is_sent_again_by_us(void **state)
{
    (void)state;
    struct harness *h = answered();
    ask_alice(h, "BYE", 2, "Require: something-odd\r\n");
    assert_true(h_take_request(h, BOB, SIP_BYE));
    h_pass(h, 10 * H_S);
    h_reply(h, BOB, 420, NULL, NULL);
    do { /* else he would talk on, unpaid */
        assert_true(h_take_request(h, BOB, SIP_BYE));
    } while (h->msg.cseq == 2);
    assert_false(sip_msg_has(&h->msg, SIP_H_REQUIRE));
    h_reply(h, BOB, 200, NULL, NULL);
    over(h);
}

static void a_bye_for_which_there_is_no_room_still_ends_both_sides(void **state)
{
    (void)state;
    struct harness *h = answered();
    uint32_t index;
    while (slab_take(&h->worker->txns, &index) != NULL) {
    }
    h_forget(h);
    ask_alice(h, "BYE", 2, NULL);
    assert_true(h_take_request(h, BOB, SIP_BYE));
    assert_true(h_take_status(h, ALICE, 200));
    assert_int_equal(h_record_count(h, JOURNAL_USAGE), 1);
    h_free(h);
}

static void crossing_byes_both_get_200(void **state)
{
    (void)state;
    struct harness *h = answered();
    ask_alice(h, "BYE", 2, NULL);
    ask_bob(h, "BYE", 1, NULL);
    assert_true(h_take_status(h, BOB, 200));
    assert_int_equal(h_record_count(h, JOURNAL_USAGE), 1);
    over(h);
}

/* Alice has called bob, and hangs up with a BYE while he rings (RFC 3261 15: the caller may). */
static struct harness *hung_up_early(struct sip_msg *invite)
{
    struct harness *h = h_new();
    assert_true(h_call_rings(h, "c1"));
    *invite = h->msg;
    h_reply(h, BOB, 180, "b1", NULL);
    assert_true(h_take_status(h, ALICE, 180));
    ask_alice(h, "BYE", 2, NULL);
    assert_true(h_take_request(h, BOB, SIP_BYE));
    return h;
}

static void a_bye_before_the_answer_leaves_the_end_to_the_invite(void **state)
{
    (void)state;
    struct sip_msg invite;
    struct harness *h = hung_up_early(&invite);
    h_reply(h, BOB, 200, NULL, NULL);
    assert_true(h_take_status(h, ALICE, 200));
    h_pass(h, 60 * H_S); /* longer than a call that is over is kept */
    h->msg = invite;
    h_reply(h, BOB, 487, "b1", NULL);
    assert_true(h_take_status(h, ALICE, 487));
    assert_int_equal(h_record_count(h, JOURNAL_USAGE), 1);
    over(h);
}

static void a_bye_before_the_answer_of_a_phone_that_rings_on_leaves_nothing(void **state)
{
    (void)state;
    struct sip_msg invite;
    struct harness *h = hung_up_early(&invite);
    h_reply(h, BOB, 200, NULL, NULL);
    over(h); /* the ringing timed out */
}

static void a_bye_that_crosses_the_answer_ends_the_call(void **state)
{
    (void)state;
    struct sip_msg invite;
    struct harness *h = hung_up_early(&invite);
    struct sip_msg bye = h->msg;
    h->msg = invite;
    h_reply(h, BOB, 200, "b1", NULL);
    assert_true(h_take_status(h, ALICE, 200));
    h_pass(h, H_S);
    h->msg = bye;
    h_reply(h, BOB, 200, NULL, NULL);
    struct usage usage;
    assert_true(h_last_usage(h, &usage));
    assert_int_equal(usage.end, USAGE_END_CALLER);
    over(h);
}

static void trunk_channels_are_taken_from_the_start(void **state)
{
    (void)state;
    struct harness *h = h_new();
    h_trunks(h, 1, TRUNK_UDP);
    h_invite(h, ALICE, OUT_URI, "c1");
    assert_true(h_take_request(h, TRUNK1, SIP_INVITE));
    h_reply(h, TRUNK1, 180, "t1", NULL);
    h_invite(h, CAROL, OUT_URI, "c2");
    assert_true(h_take_request(h, TRUNK2, SIP_INVITE));
    h_reply(h, TRUNK2, 486, "t2", NULL);
    assert_true(h_take_status(h, CAROL, 486));
    assert_int_equal(atomic_load(&h->edge->trunk_calls[2]), 0);
    assert_int_equal(atomic_load(&h->edge->trunk_calls[1]), 1);
    over(h);
}

static void an_answered_trunk_call_counts_once(void **state)
{
    (void)state;
    struct harness *h = h_new();
    h_invite(h, ALICE, OUT_URI, "c1");
    assert_true(h_take_request(h, TRUNK1, SIP_INVITE));
    h_reply(h, TRUNK1, 503, "t1", NULL);
    assert_true(h_take_request(h, TRUNK2, SIP_INVITE));
    h_reply(h, TRUNK2, 200, "t2", NULL);
    assert_int_equal(atomic_load(&h->edge->trunk_calls[1]), 0);
    assert_int_equal(atomic_load(&h->edge->trunk_calls[2]), 1);
    h_restart(h);
    assert_int_equal(atomic_load(&h->edge->trunk_calls[2]), 1);
    over(h); /* nobody sent an ACK, and no probe is answered */
}

static void an_operator_may_end_a_call_in_each_state(void **state)
{
    (void)state;
    for (int stage = 0; stage < 4; stage++) {
        struct harness *h = h_new();
        h->ledger = stage == 0 ? H_SILENT : H_GRANTS;
        h_invite(h, ALICE, OUT_URI, "c1");
        if (stage > 0) {
            assert_true(h_take_request(h, TRUNK1, SIP_INVITE));
        }
        struct sip_msg invite = h->msg;
        if (stage > 1) {
            h_reply(h, TRUNK1, 180, "t1", NULL);
        }
        if (stage > 2) {
            h->msg = invite;
            h_reply(h, TRUNK1, 200, "t1", NULL);
        }
        uint32_t i = slab_next(&h->worker->calls, 0);
        struct call *call = slab_at(&h->worker->calls, i);
        assert_int_equal(edge_end_call(h->worker, call->key, "op", &h->now).is, TRI_PRESENT);
        assert_int_equal(edge_end_call(h->worker, call->key, "op", &h->now).is, TRI_ABSENT);
        assert_true(stage < 3 ? h_take_status(h, ALICE, 480) : h_take_request(h, ALICE, SIP_BYE));
        h_pass(h, 10 * H_S);
        h->ledger = H_GRANTS;
        over(h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_that_is_hung_up_leaves_nothing),
        cmocka_unit_test(a_bye_that_nobody_answers_leaves_nothing),
        cmocka_unit_test(an_info_that_nobody_answers_leaves_nothing),
        cmocka_unit_test(a_reinvite_that_only_gets_100_ends_and_leaves_nothing),
        cmocka_unit_test(a_cancelled_reinvite_leaves_nothing),
        cmocka_unit_test(a_contact_whose_flow_was_lost_and_that_answers_leaves_nothing),
        cmocka_unit_test(a_cancel_that_crosses_the_answer_leaves_nothing),
        cmocka_unit_test(a_trunk_that_wakes_up_late_is_cancelled_and_leaves_nothing),
        cmocka_unit_test(a_late_trunk_does_not_answer_a_call_that_another_has),
        cmocka_unit_test(a_repeated_unwanted_answer_is_acked_and_ended_once),
        cmocka_unit_test(a_call_refused_for_lack_of_disk_while_it_waits_leaves_the_meter),
        cmocka_unit_test(a_cancel_of_nothing_is_answered_481_and_leaves_nothing_at_once),
        cmocka_unit_test(a_flood_of_cancels_does_not_fill_the_transactions),
        cmocka_unit_test(a_cancel_that_overtakes_its_invite_ends_it),
        cmocka_unit_test(a_silent_contact_does_not_hold_up_the_caller_s_487),
        cmocka_unit_test(a_probe_finds_one_dead_side_although_the_other_answers),
        cmocka_unit_test(one_probe_that_neither_side_answers_ends_no_call),
        cmocka_unit_test(a_closed_port_is_no_proof_of_life),
        cmocka_unit_test(a_bye_that_the_other_side_refuses_is_sent_again_by_us),
        cmocka_unit_test(a_bye_for_which_there_is_no_room_still_ends_both_sides),
        cmocka_unit_test(crossing_byes_both_get_200),
        cmocka_unit_test(a_bye_before_the_answer_leaves_the_end_to_the_invite),
        cmocka_unit_test(a_bye_before_the_answer_of_a_phone_that_rings_on_leaves_nothing),
        cmocka_unit_test(a_bye_that_crosses_the_answer_ends_the_call),
        cmocka_unit_test(trunk_channels_are_taken_from_the_start),
        cmocka_unit_test(an_answered_trunk_call_counts_once),
        cmocka_unit_test(an_operator_may_end_a_call_in_each_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
