/* What belongs to calls that ended at a restart: answers that no transaction waits for, and BYEs
 * that did not go out. */
#include "edge_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Alice calls bob, whose phone rings when the edge is killed. h->msg: bob's INVITE. */
static struct harness *ringing_at_restart(void)
{
    struct harness *h = h_new();
    assert_true(h_call_rings(h, "c1"));
    static char copy[SIP_MESSAGE_SIZE_MAX];
    size_t size = h->msg.raw.size;
    memcpy(copy, h->msg.raw.data, size);
    h_reply(h, BOB, 180, "b1", NULL);
    h_restart(h);
    assert_true(h_take_status(h, ALICE, 500));
    assert_true(h_take_request(h, BOB, SIP_CANCEL));
    assert_int_equal(sip_msg_parse(slice_make(copy, size), &h->msg), SIP_OK);
    return h;
}

static void a_phone_that_rang_at_the_restart_gets_an_ack_for_its_487(void **state)
{
    (void)state;
    struct harness *h = ringing_at_restart();
    char branch[64];
    assert_true(slice_copy_text(h->msg.via.branch, branch, sizeof(branch)));
    struct sip_msg invite = h->msg;
    for (int i = 0; i < 2; i++) { /* and for its repetition */
        h->msg = invite;
        h_reply(h, BOB, 487, "b1", NULL);
        assert_true(h_take_request(h, BOB, SIP_ACK));
        assert_true(slice_equal(h->msg.via.branch, slice_from_text(branch)));
        assert_true(slice_equal(h->msg.to.tag, SLICE("b1")));
        assert_int_equal(h->msg.cseq, invite.cseq);
    }
    h_pass(h, 400 * H_S);
    assert_true(h_is_empty(h));
    h_free(h);
}

static void a_failure_that_no_invite_of_ours_asked_for_gets_no_ack(void **state)
{
    (void)state;
    struct harness *h = ringing_at_restart();
    char text[SIP_MESSAGE_SIZE_MAX];
    size_t size = h->msg.raw.size;
    memcpy(text, h->msg.raw.data, size);
    size_t at = (size_t)(h->msg.via.branch.data - h->msg.raw.data);
    text[at + 20] = text[at + 20] == '0' ? '1' : '0';
    assert_int_equal(sip_msg_parse(slice_make(text, size), &h->msg), SIP_OK);
    h_reply(h, BOB, 487, "b1", NULL);
    assert_false(h_take_request(h, BOB, SIP_ACK));
    h_free(h);
}

static void alice_hangs_up(struct harness *h, const char *branch)
{
    struct h_request bye = {.method = "BYE",
                            .uri = "sip:bob@10.2.0.2:5060",
                            .to = "<sip:bob@example.com>;tag=b1",
                            .branch = branch,
                            .cseq = 2};
    h_ask(h, ALICE, &bye);
}

/* Alice has talked to bob and hung up; the record of it is written, and nothing that was to be sent
 * from then on went out. */
static struct harness *ended_unheard(void)
{
    struct harness *h = h_new();
    assert_true(h_call_up(h, "c1"));
    h_pass(h, 3 * H_S);
    alice_hangs_up(h, "z9hG4bKbye");
    assert_int_equal(h_record_count(h, JOURNAL_USAGE), 1);
    h_forget(h);
    return h;
}

static void a_bye_that_died_with_the_edge_still_ends_both_sides(void **state)
{
    (void)state;
    struct harness *h = ended_unheard();
    h_restart(h);
    assert_true(h_take_request(h, BOB, SIP_BYE));
    assert_true(slice_equal(h->msg.to.tag, SLICE("b1")));
    h_reply(h, BOB, 200, NULL, NULL);
    alice_hangs_up(h, "z9hG4bKbye");
    assert_true(h_take_status(h, ALICE, 200));
    assert_false(h_take_request(h, ALICE, SIP_BYE));
    h_restart(h); /* twice is no harm */
    assert_int_equal(atomic_load(&h->worker->calls_open), 0);
    h_pass(h, 400 * H_S);
    assert_int_equal(h_record_count(h, JOURNAL_USAGE), 1);
    assert_true(h_is_empty(h));
    h_free(h);
}

static void who_was_cut_off_by_us_at_the_restart_gets_a_bye_on_both_sides(void **state)
{
    (void)state;
    struct harness *h = h_new();
    assert_true(h_call_rings(h, "c1"));
    h_reply(h, BOB, 200, "b1", NULL);
    struct call *call = slab_at(&h->worker->calls, slab_next(&h->worker->calls, 0));
    assert_int_equal(edge_end_call(h->worker, call->key, "op", &h->now).is, TRI_PRESENT);
    h_forget(h);
    h_restart(h);
    assert_true(h_take_request(h, ALICE, SIP_BYE));
    assert_true(h_take_request(h, BOB, SIP_BYE));
    h_pass(h, 400 * H_S);
    assert_int_equal(h_record_count(h, JOURNAL_USAGE), 1);
    assert_true(h_is_empty(h));
    h_free(h);
}

static void a_call_that_ended_long_before_a_restart_is_left_alone(void **state)
{
    (void)state;
    struct harness *h = ended_unheard();
    h_pass(h, 2 * H_S); /* its BYE is known to be out, and its repetitions are still answered */
    h_forget(h);
    h_restart(h);
    assert_false(h_take_request(h, BOB, SIP_BYE));
    alice_hangs_up(h, "z9hG4bKbye");
    assert_true(h_take_status(h, ALICE, 200));
    h_pass(h, 60 * H_S);
    h_restart(h);
    assert_true(h_is_empty(h));
    h_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_phone_that_rang_at_the_restart_gets_an_ack_for_its_487),
        cmocka_unit_test(a_failure_that_no_invite_of_ours_asked_for_gets_no_ack),
        cmocka_unit_test(a_bye_that_died_with_the_edge_still_ends_both_sides),
        cmocka_unit_test(who_was_cut_off_by_us_at_the_restart_gets_a_bye_on_both_sides),
        cmocka_unit_test(a_call_that_ended_long_before_a_restart_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
